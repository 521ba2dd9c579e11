-- SPDX-License-Identifier: Apache-2.0
-- The weeks of a category begin on the same day in all of its stores: what is summed up by week would have no weeks else.

-- The day is that of what is known already, else of the file's first row of the category.
create function retail_history_day_faults (out faults jsonb, out n_faults bigint)
language plpgsql as $$
begin
  with firsts as (
    select distinct on (r.category) r.category, r.week from pg_temp.retail_rows r order by r.category, r.line),
  known as (
    select c.code, min (h.week) as week from retail_history h
    join retail_categories c on c.workspace_id = h.workspace_id and c.id = h.category
    where h.workspace_id = royal_workspace () and c.code in (select f.category from firsts f) group by 1),
  days as (
    select f.category, coalesce (k.week, f.week) as week from firsts f left join known k on k.code = f.category),
  e as (
    select r.line, r.week, r.category, d.week as was from pg_temp.retail_rows r join days d on d.category = r.category
    where (r.week - d.week) % 7 <> 0),
  numbered as (select e.*, row_number () over (order by line) as n from e)
  select jsonb_agg (jsonb_build_object ('line', line, 'column', 'week_start_date', 'message', format (
           'the week of %s begins on a %s, those of category %s on a %s', week, to_char (week, 'FMDay'), category,
           to_char (was, 'FMDay'))) order by n) filter (where n <= 20), count (*)
    into faults, n_faults from numbered;
end $$;

-- As in 0018, with that.
create or replace function retail_import_history (p jsonb, p_dry_run boolean, p_actor text) returns jsonb
language plpgsql as $$
declare
  f record;
  missing bigint;
  months bigint;
  n record;
  ws constant bigint := royal_workspace ();
  result jsonb;
begin
  select * into f from retail_history_row_faults ();
  if f.n_faults = 0 then
    select * into f from retail_history_week_faults (coalesce (p->>'gaps', '') = 'keep');
    missing := f.n_missing;
  end if;
  if f.n_faults = 0 then
    select * into f from retail_history_day_faults ();
  end if;
  if f.n_faults = 0 then
    select * into f from retail_history_span_faults ();
    months := f.months;
  end if;
  if f.n_faults > 0 then
    return jsonb_build_object ('errors', f.faults, 'faults', f.n_faults);
  end if;

  if not p_dry_run then
    insert into retail_categories (workspace_id, code, name)
    select distinct ws, r.category, r.category from pg_temp.retail_rows r on conflict (workspace_id, code) do nothing;
  end if;
  select count (*) filter (where h.units is null) as added,
         count (*) filter (where h.units is not null
                             and (h.units <> r.units or h.price is distinct from coalesce (r.price, h.price))) as changed
    into n
  from pg_temp.retail_rows r
  join retail_stores t on t.workspace_id = ws and t.code = r.store
  left join retail_categories c on c.workspace_id = ws and c.code = r.category
  left join retail_history h on h.workspace_id = ws and h.category = c.id and h.store = t.id and h.week = r.week;
  if not p_dry_run and n.added + n.changed > 0 then
    insert into retail_history as o (workspace_id, category, store, week, units, price)
    select ws, c.id, t.id, r.week, r.units, r.price from pg_temp.retail_rows r
    join retail_stores t on t.workspace_id = ws and t.code = r.store
    join retail_categories c on c.workspace_id = ws and c.code = r.category
    order by c.id, t.id, r.week
    on conflict (workspace_id, category, store, week) do update
      set units = excluded.units, price = coalesce (excluded.price, o.price)
      where o.units <> excluded.units or o.price is distinct from coalesce (excluded.price, o.price);
  end if;
  result := retail_history_summary ();
  return retail_imported (result || jsonb_build_object ('added', n.added, 'changed', n.changed, 'removed', 0,
    'unchanged', (result->>'rows')::bigint - n.added - n.changed, 'months', months, 'missing_weeks', missing,
    'warnings', case when missing > 0 then
      jsonb_build_array (format ('%s weeks of stores are missing: they count as not known', missing)) else '[]'::jsonb end),
    p_dry_run, p_actor);
end $$;
