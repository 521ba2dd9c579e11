-- SPDX-License-Identifier: Apache-2.0
-- Seasons of thousands of stores, and of categories that someone has heard of.

-- The table read `retail.history`, as in 0018. Store by store in the order of their codes, each found by the table's key: the
-- order is then there, and hundreds of thousands of rows need no sort that goes to disk.
create or replace view retail_past with (security_invoker = true) as
  select t.code as store, p.week, p.units, p.price
  from retail_seasons s join retail_stores t on t.workspace_id = s.workspace_id
  cross join lateral (
    select (h.week - date '1970-01-01')::bigint as week, h.units, h.price::double precision as price
    from retail_history h
    where h.workspace_id = s.workspace_id and h.category = s.category and h.store = t.id and h.week < s.starts_on
    union all
    select (s.starts_on + (a.week - 1) * 7 - date '1970-01-01')::bigint, a.units, null
    from retail_actuals a where a.workspace_id = s.workspace_id and a.season = s.id and a.store = t.id
    order by 1) p
  where s.workspace_id = royal_workspace () and s.id = retail_find_arg ()
  order by t.code, p.week;

-- As in 0019. The codes are looked up as a list: joined to the document, each of thousands of stores would carry a copy of its
-- whole cluster along.
create or replace function retail_record_forecast (s retail_seasons, e retail_effects, p jsonb) returns void
language plpgsql as $$
declare
  from_week constant int := coalesce ((p->>'from_week')::int, 1);
  codes constant text[] := array (
    select x->>'store' from jsonb_array_elements (p->'clusters') c, jsonb_array_elements (c->'stores') x);
begin
  insert into retail_forecast_was (workspace_id, effect, store, week, units)
  select workspace_id, e.id, store, week, units from retail_forecast where workspace_id = s.workspace_id and season = s.id;
  delete from retail_forecast f
  where f.workspace_id = s.workspace_id and f.season = s.id and f.store in (
    select t.id from retail_stores t where t.workspace_id = s.workspace_id and t.code <> all (codes));
  update retail_forecast f set units = a.units from retail_actuals a
  where f.workspace_id = s.workspace_id and f.season = s.id and a.workspace_id = f.workspace_id and a.season = f.season
    and a.store = f.store and a.week = f.week and f.week < from_week;
  perform retail_share_out (s, p);
end $$;

-- A season to plan rests on the sales of its category: a code that nothing was loaded under is a mistake, unless the category is
-- given its name.
create function retail_check_category (p jsonb) returns void
language plpgsql stable as $$
declare
  known text;
  n bigint;
begin
  if nullif (p->>'category_name', '') is not null or exists (
      select from retail_categories c where c.workspace_id = royal_workspace () and c.code = p->>'category') then
    return;
  end if;
  select string_agg (c.code, ', ' order by c.code) filter (where c.i <= 20), count (*) into known, n
  from (select code, row_number () over (order by code) as i from retail_categories
        where workspace_id = royal_workspace ()) c;
  raise exception 'season: /category: no category is `%`; %: a new one needs its name (category_name, --category-name)',
    p->>'category', case when n = 0 then 'there is none so far' when n <= 20 then format ('there are: %s', known)
                         else format ('there are: %s and %s more', known, n - 20) end
    using errcode = 'RY400';
end $$;

create or replace function retail_season_put (p jsonb, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  was retail_seasons;
  s retail_seasons;
begin
  perform retail_check_category (p);
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
