-- SPDX-License-Identifier: Apache-2.0
-- Season planning, what it rests on: the sales of the years before, imports by COPY, the variance of a season's sales.

-- Sales before the season, by week. A week that is not there is not known, which is not the same as nothing sold. Without
-- references to its category and store: a file has hundreds of thousands of rows, each of which would look them up again
-- after retail_import_history has; nothing else writes here, and neither of the two is ever deleted.
create table retail_history (
  workspace_id bigint not null,
  category bigint not null,
  store bigint not null,
  week date not null,
  units bigint not null check (units between 0 and 1000000000),
  price numeric(14, 2) check (price > 0),
  primary key (workspace_id, category, store, week));
call royal_protect ('retail_history', 'select');

-- The first figures of a week that were more than 20 % off: what one re-forecast a week rests on. A correction of the same
-- week asks for no second one.
create table retail_variances (
  workspace_id bigint not null,
  season bigint not null,
  week int not null check (week >= 1),
  sold bigint not null,
  forecast bigint not null,
  variance numeric(14, 4) not null,
  told_at timestamptz not null default now (),
  primary key (workspace_id, season, week),
  foreign key (workspace_id, season) references retail_seasons);
call royal_protect ('retail_variances', 'select');

-- Cumulative, over the weeks up to p_week (null: all that have sales): |sold - forecast| / forecast. Compared as whole
-- numbers, so that exactly 20 % is not above it.
create function retail_variance (s retail_seasons, p_week int) returns jsonb
language sql stable as $$
  select jsonb_build_object ('season', s.uid, 'code', s.code, 'week', f.week, 'weeks_left', s.weeks - f.week,
    'sold', f.sold, 'forecast', f.forecast_to_date,
    'variance', round (abs (f.sold - f.forecast_to_date)::numeric / nullif (f.forecast_to_date, 0), 4),
    'threshold', 0.2, 'above', abs (f.sold - f.forecast_to_date) * 5 > f.forecast_to_date)
  from retail_figures (s, p_week) f;
$$;

create function retail_variance (p_ident text, p_week int) returns jsonb
language plpgsql stable as $$
begin
  return retail_variance (retail_find (p_ident), p_week);
end $$;

-- After sales came in. reforecast: these are the figures that ask for a new forecast, and weeks are left for it.
create function retail_check_variance (s retail_seasons, p_actor text) returns jsonb
language plpgsql as $$
declare
  v jsonb := retail_variance (s, null);
  told retail_variances;
begin
  if (v->>'above')::boolean then
    insert into retail_variances (workspace_id, season, week, sold, forecast, variance)
    values (s.workspace_id, s.id, (v->>'week')::int, (v->>'sold')::bigint, (v->>'forecast')::bigint,
            coalesce ((v->>'variance')::numeric, 0))
    on conflict do nothing returning * into told;
    if found then
      perform outbox_put ('retail.variance', s.uid::text, p_actor, v || jsonb_build_object ('reason', format (
        'after week %s, %s units are sold where %s were expected', v->>'week', v->>'sold', v->>'forecast')));
    else
      select * into told from retail_variances
      where workspace_id = s.workspace_id and season = s.id and week = (v->>'week')::int;
    end if;
  end if;
  return v || jsonb_build_object ('reforecast', (v->>'above')::boolean and told.sold = (v->>'sold')::bigint
    and told.forecast = (v->>'forecast')::bigint and (v->>'weeks_left')::int > 0);
end $$;

-- The week's workflow, once for what is sold by then. Null where the workspace has none. replenish: the next week has not been
-- sent anything, and something is held back for it.
create function retail_start_week (s retail_seasons, p_variance jsonb, p_actor text) returns uuid
language plpgsql as $$
declare
  k record;
  replenish boolean;
begin
  if not exists (select from workflow_definitions
                 where workspace_id = s.workspace_id and name = 'season_week' and in_force) then
    return null;
  end if;
  select * into k from retail_stock (s);
  replenish := k.holdback > 0 and (p_variance->>'weeks_left')::int > 0 and not exists (
    select from retail_effects e where e.workspace_id = s.workspace_id and e.season = s.id
      and e.action = 'replenishment.ship' and e.state = 'active'
      and (e.parameters->>'week')::int = (p_variance->>'week')::int + 1);
  return (workflow_add (s.workspace_id, 'season_week', jsonb_build_object ('season', s.uid,
    'week', p_variance->'week', 'variance', coalesce (p_variance->'variance', '0'), 'sold', p_variance->'sold',
    'forecast', p_variance->'forecast', 'weeks_left', p_variance->'weeks_left', 'reforecast', p_variance->'reforecast',
    'made', k.made, 'replenish', replenish),
    p_actor, format ('%s/%s/%s', s.uid, p_variance->>'week', p_variance->>'sold'), null)).uid;
end $$;

-- Rows come in by COPY into a table of this transaction, made by the owner: its columns are the kind's, in their order. A
-- table that the session has made itself is refused by retail_staged(), because what it would do when it is read is not
-- known.
create function retail_stage (p_kind text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if p_kind = 'stores' then
    create temp table retail_rows (line int, store text, name text, size_sqft bigint, tier text, median_income bigint,
      format text, region text, fashion_tier text, avg_weekly_sales bigint) on commit drop;
  elsif p_kind = 'history' then
    create temp table retail_rows (line int, store text, category text, week date, units bigint, price numeric)
      on commit drop;
  else
    create temp table retail_rows (line int, store text, week int, units bigint) on commit drop;
  end if;
  grant insert on pg_temp.retail_rows to royal_host;
end $$;

create function retail_staged () returns void
language plpgsql as $$
begin
  if not exists (select from pg_class where oid = to_regclass ('pg_temp.retail_rows') and relkind = 'r'
                   and relowner = current_user::regrole) then
    raise exception 'no rows are staged' using errcode = 'RY400';
  end if;
  analyze pg_temp.retail_rows;
end $$;

-- Faults of single rows, and of one row with another: { line, pos, column, message }.
create function retail_history_row_faults (out faults jsonb, out n_faults bigint)
language plpgsql as $$
begin
  with r as (
    select r.line, r.store, r.category, r.week, t.id, lag (r.line) over w as earlier
    from pg_temp.retail_rows r
    left join retail_stores t on t.workspace_id = royal_workspace () and t.code = r.store
    window w as (partition by r.store, r.category, r.week order by r.line)),
  e as (
    select line, 1 as pos, 'store_id' as "column", format ('no store is `%s`', store) as message from r where id is null
    union all
    select line, 2, 'week_start_date', format ('store %s, category %s, week of %s stands on line %s already', store, category,
                                               week, earlier)
    from r where earlier is not null),
  numbered as (select e.*, row_number () over (order by line, pos) as n from e)
  select jsonb_agg (jsonb_build_object ('line', line, 'column', "column", 'message', message) order by n)
           filter (where n <= 20), count (*)
    into faults, n_faults from numbered;
end $$;

-- Weeks of one store and category follow each other: what is known already counts as there. p_gaps: a week may be missing.
-- n_missing is how many are.
create function retail_history_week_faults (p_gaps boolean, out faults jsonb, out n_faults bigint, out n_missing bigint)
language plpgsql as $$
begin
  with series as (select distinct r.store, r.category from pg_temp.retail_rows r),
  there as (
    select r.store, r.category, r.week, r.line from pg_temp.retail_rows r
    union all
    select x.store, x.category, h.week, null from series x
    join retail_stores t on t.workspace_id = royal_workspace () and t.code = x.store
    join retail_categories c on c.workspace_id = royal_workspace () and c.code = x.category
    join retail_history h on h.workspace_id = royal_workspace () and h.category = c.id and h.store = t.id),
  steps as (
    select x.*, x.week - lag (x.week) over w as days, lag (x.week) over w as was, lag (x.line) over w as was_line
    from there x window w as (partition by x.store, x.category order by x.week, x.line)),
  e as (
    select coalesce (line, was_line) as line, store, category, week, was, days from steps
    where days > 0 and days <> 7 and (days % 7 <> 0 or not p_gaps)),
  numbered as (select e.*, row_number () over (order by line nulls last, store, category, week) as n from e)
  select jsonb_agg (jsonb_strip_nulls (jsonb_build_object ('line', line, 'column', 'week_start_date', 'message', case
             when days < 7 then format ('store %s, category %s: the week of %s overlaps the week of %s', store, category, week,
                                        was)
             when days % 7 <> 0 then format ('store %s, category %s: the week of %s does not begin whole weeks after %s', store,
                                             category, week, was)
             when days = 14 then format ('store %s, category %s has no row for the week of %s', store, category, was + 7)
             else format ('store %s, category %s has no rows for the weeks from %s to %s', store, category, was + 7,
                          week - 7) end)) order by n) filter (where n <= 20), count (*),
         (select coalesce (sum (days / 7 - 1), 0) from steps where days > 7)
    into faults, n_faults, n_missing from numbered;
end $$;

-- A season's shape is told from two years of it at least. 52 weeks count as twelve months.
create function retail_history_span_faults (out faults jsonb, out n_faults bigint, out months bigint)
language plpgsql as $$
begin
  with there as (
    select r.category, min (r.week) as first, max (r.week) as last from pg_temp.retail_rows r group by 1
    union all
    select c.code, min (h.week), max (h.week) from retail_history h
    join retail_categories c on c.workspace_id = h.workspace_id and c.id = h.category
    where h.workspace_id = royal_workspace () and c.code in (select r.category from pg_temp.retail_rows r) group by 1),
  spans as (
    select category, ((max (last) - min (first)) / 7 + 1) * 12 / 52 as n from there group by 1),
  numbered as (select *, row_number () over (order by category) as i from spans where n < 24)
  select jsonb_agg (jsonb_build_object ('column', 'week_start_date', 'message', format (
           'category %s: Insufficient historical data: need 24+ months, found %s months', category, numbered.n)) order by i)
           filter (where i <= 20), count (*), (select min (spans.n) from spans)
    into faults, n_faults, months from numbered;
end $$;

-- What the rows are, without what they change.
create function retail_history_summary () returns jsonb
language plpgsql as $$
begin
  return (select jsonb_build_object ('kind', 'history', 'rows', count (*), 'stores', count (distinct store),
            'categories', count (distinct category), 'dates', jsonb_build_array (min (week), max (week)),
            'units', sum (units)) from pg_temp.retail_rows);
end $$;

create function retail_import_history (p jsonb, p_dry_run boolean, p_actor text) returns jsonb
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

create function retail_import_weeks (p_kind text, p jsonb, p_dry_run boolean, p_actor text) returns jsonb
language plpgsql as $$
declare
  r record;
  s retail_seasons;
  result jsonb;
  v jsonb;
begin
  select array_agg (line order by line) as lines, array_agg (store order by line) as stores,
         array_agg (week order by line) as weeks, array_agg (units order by line) as units
    into r from pg_temp.retail_rows;
  if p_kind = 'forecast' then
    result := retail_import_forecast (p, r.lines, r.stores, r.weeks, r.units, p_dry_run, p_actor);
    if not p_dry_run and (result->>'changed')::bigint + (result->>'added')::bigint + (result->>'removed')::bigint > 0 then
      perform retail_forecast_replaced (retail_find (p->>'code'));
    end if;
    return result;
  end if;
  result := retail_import_actuals (p->>'season', r.lines, r.stores, r.weeks, r.units, p_dry_run, p_actor);
  if result ? 'errors' then
    return result;
  end if;
  s := retail_find (p->>'season');
  result := result || jsonb_build_object ('dates', jsonb_build_array (
    s.starts_on + ((result->'weeks'->>0)::int - 1) * 7, s.starts_on + (result->'weeks'->>1)::int * 7 - 1));
  if p_dry_run then
    return result;
  end if;
  v := retail_check_variance (s, p_actor);
  return result || jsonb_build_object ('variance', v, 'workflow', retail_start_week (s, v, p_actor));
end $$;

create function retail_import_staged_stores (p_dry_run boolean, p_actor text) returns jsonb
language plpgsql as $$
declare r record;
begin
  select array_agg (line order by line) as lines, array_agg (store order by line) as stores,
         array_agg (name order by line) as names, array_agg (size_sqft order by line) as sizes,
         array_agg (tier order by line) as tiers, array_agg (median_income order by line) as incomes,
         array_agg (format order by line) as formats, array_agg (region order by line) as regions,
         array_agg (fashion_tier order by line) as fashion, array_agg (avg_weekly_sales order by line) as sales
    into r from pg_temp.retail_rows;
  return retail_import_stores (r.lines, r.stores, r.names, r.sizes, r.tiers, r.incomes, r.formats, r.regions, r.fashion,
                               r.sales, p_dry_run, p_actor);
end $$;

-- The end of an import: takes what was staged, all of it or nothing. p is what is said of the file: the season, or
-- { "gaps": "keep" } of history.
create function retail_import (p_kind text, p jsonb, p_dry_run boolean, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp set enable_nestloop = off as $$
begin
  perform pg_advisory_xact_lock (hashtext ('retail_import'), royal_workspace ()::int);
  if p_kind = 'actuals' then
    perform retail_lock (p->>'season');
  end if;
  perform retail_staged ();
  return case p_kind when 'history' then retail_import_history (p, p_dry_run, p_actor)
                     when 'stores' then retail_import_staged_stores (p_dry_run, p_actor)
                     else retail_import_weeks (p_kind, p, p_dry_run, p_actor) end;
end $$;

-- The owner's own: a session reaches them through retail_import() alone.
do $$
declare f regprocedure;
begin
  for f in select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace and proname in
      ('retail_import_stores', 'retail_import_forecast', 'retail_import_actuals') loop
    execute format ('alter function %s security invoker reset search_path', f);
    execute format ('revoke execute on function %s from public', f);
  end loop;
end $$;

-- A season to plan, without a forecast so far.
create function retail_season_put (p jsonb, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  was retail_seasons;
  s retail_seasons;
begin
  select * into was from retail_seasons where workspace_id = royal_workspace () and code = p->>'code' for update;
  if was.id is not null and (was.starts_on, was.weeks) is distinct from ((p->>'start')::date, (p->>'weeks')::int)
     and exists (select from retail_forecast f where f.workspace_id = was.workspace_id and f.season = was.id) then
    raise exception 'season % has a forecast: its weeks can not change', was.code using errcode = 'RY409';
  end if;
  s := retail_put_season (p);
  if was is distinct from s then
    perform outbox_put ('retail.season.set', s.uid::text, p_actor, p);
  end if;
  return retail_season_json (s, null);
end $$;

-- The table read `retail.history` of the season royal.arg.season: its category's sales before it, then its own so far. week
-- is the first day of the week, as days since 1970-01-01.
create view retail_past with (security_invoker = true) as
  with s as (select * from retail_seasons x
             where x.workspace_id = royal_workspace () and x.id = retail_find_arg ())
  select t.code as store, (h.week - date '1970-01-01')::bigint as week, h.units as units, h.price::double precision as price
  from s join retail_history h on h.workspace_id = s.workspace_id and h.category = s.category and h.week < s.starts_on
  join retail_stores t on t.workspace_id = h.workspace_id and t.id = h.store
  union all
  select t.code, (s.starts_on + (a.week - 1) * 7 - date '1970-01-01')::bigint, a.units, null
  from s join retail_actuals a on a.workspace_id = s.workspace_id and a.season = s.id
  join retail_stores t on t.workspace_id = a.workspace_id and t.id = a.store
  order by 1, 2;
grant select on retail_past to royal_host;

-- The stores of a plan: those of its forecast, else those that have sold its category, else all.
create function retail_plan_stores (s retail_seasons) returns setof retail_stores
language plpgsql stable as $$
begin
  return query select t.* from retail_stores t where t.workspace_id = s.workspace_id and exists (
    select from retail_forecast f where f.workspace_id = s.workspace_id and f.season = s.id and f.store = t.id);
  if not found then
    return query select t.* from retail_stores t where t.workspace_id = s.workspace_id and exists (
      select from retail_history h where h.workspace_id = s.workspace_id and h.category = s.category and h.store = t.id
        and h.week < s.starts_on);
  end if;
  if not found then
    return query select t.* from retail_stores t where t.workspace_id = s.workspace_id;
  end if;
end $$;

-- The document read `retail.plan`. Average weekly sales are those of the 52 weeks before the season where the store's own
-- figure is not known; any other attribute that is not known is null.
create function retail_plan (p_ident text) returns jsonb
language plpgsql stable as $$
declare
  s retail_seasons := retail_find (p_ident);
  stores jsonb;
  past jsonb;
begin
  with year as (
    select h.store, round (sum (h.units) / 52.0)::bigint as units from retail_history h
    where h.workspace_id = s.workspace_id and h.category = s.category and h.week < s.starts_on
      and h.week >= s.starts_on - 364 group by 1)
  select coalesce (jsonb_agg (jsonb_build_object ('store', t.code, 'name', t.name, 'size_sqft', t.size_sqft, 'tier', t.tier,
           'median_income', t.median_income, 'format', t.format, 'region', t.region, 'fashion_tier', t.fashion_tier,
           'avg_weekly_sales', coalesce (t.avg_weekly_sales, y.units)) order by t.code), '[]') into stores
  from retail_plan_stores (s) t left join year y on y.store = t.id;
  select jsonb_build_object ('first', min (h.week), 'last', max (h.week), 'rows', count (*),
           'weeks', coalesce ((max (h.week) - min (h.week)) / 7 + 1, 0), 'units', coalesce (sum (h.units), 0)) into past
  from retail_history h where h.workspace_id = s.workspace_id and h.category = s.category and h.week < s.starts_on;
  return (select jsonb_build_object ('id', s.uid, 'code', s.code, 'name', s.name, 'category', c.code, 'category_name', c.name,
            'start', s.starts_on, 'start_day', s.starts_on - date '1970-01-01', 'weeks', s.weeks,
            'week', (retail_figures (s, null)).week, 'archetype', s.archetype, 'currency', s.currency,
            'list_price', s.list_price::text, 'unit_cost', s.unit_cost::text, 'history', past,
            'history_months', (past->>'weeks')::bigint * 12 / 52, 'stores', stores)
          from retail_categories c where c.workspace_id = s.workspace_id and c.id = s.category);
end $$;
