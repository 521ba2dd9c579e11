-- SPDX-License-Identifier: Apache-2.0
-- Seasons: figures that were wrong, and what was let through.

-- As in 0019. The interval of a new forecast is of its own weeks: an index below zero would count from its end.
create or replace function retail_weeks (p_ident text) returns jsonb
language plpgsql stable as $$
declare
  s retail_seasons := retail_find (p_ident);
  from_week int;
  bounds jsonb;
begin
  select coalesce ((e.parameters->>'from_week')::int, 1), (select i from jsonb_array_elements (e.parameters->'intervals') i
                                                           where (i->>'level')::numeric = 0.8 limit 1)
    into from_week, bounds
  from retail_effects e where e.workspace_id = s.workspace_id and e.season = s.id and e.action = 'forecast.record'
    and e.state = 'active';
  if jsonb_array_length (bounds->'lower') = s.weeks then
    from_week := 1;
  end if;
  return (
    with f as (select week, sum (units) as units from retail_forecast
               where workspace_id = s.workspace_id and season = s.id group by 1),
    a as (select week, sum (units) as units from retail_actuals
          where workspace_id = s.workspace_id and season = s.id group by 1)
    select jsonb_build_object ('next', null, 'items', coalesce (jsonb_agg (jsonb_build_object ('week', w.week,
             'start', s.starts_on + (w.week - 1) * 7, 'forecast', coalesce (f.units, 0), 'sold', a.units,
             'lower', case when w.week >= from_week then bounds->'lower'->(w.week - from_week) end,
             'upper', case when w.week >= from_week then bounds->'upper'->(w.week - from_week) end)
             order by w.week), '[]'))
    from generate_series (1, s.weeks) as w (week) left join f using (week) left join a using (week));
end $$;

-- As in 0019. A forecast that something was ordered by stays, also where it took the place of another one; one that came after the
-- order may go.
create or replace function retail_check_revert (s retail_seasons, e retail_effects) returns void
language plpgsql stable as $$
declare
  k record;
  week constant int := (retail_figures (s, null)).week;
  ordered bigint;
begin
  select * into k from retail_stock (s);
  select sum (o.quantity) into ordered from retail_orders o
  join retail_effects x on x.workspace_id = o.workspace_id and x.id = o.effect and x.state = 'active'
  where o.workspace_id = s.workspace_id and o.season = s.id and o.effect > e.id;
  if e.state <> 'active' then
    perform retail_refuse ('%s on season %s is %s already', e.action, s.code, e.state);
  elsif e.action = 'forecast.record' and ordered > 0 then
    perform retail_refuse ('season %s: %s units are ordered by this forecast', s.code, ordered::text);
  elsif e.action = 'forecast.record' and week > 0 and not exists (
      select from retail_forecast_was w where w.workspace_id = e.workspace_id and w.effect = e.id) then
    perform retail_refuse ('season %s has sales: it can not be without a forecast', s.code);
  elsif e.action = 'manufacturing.order' and (week > 0 or exists (
      select from retail_effects o where o.workspace_id = s.workspace_id and o.season = s.id and o.state = 'active'
        and o.action in ('replenishment.ship', 'reallocation.order'))) then
    perform retail_refuse ('season %s: what was ordered is sold or sent on already', s.code);
  elsif e.action = 'reallocation.order' and k.holdback < (e.parameters->>'quantity')::bigint then
    perform retail_refuse ('season %s: what was ordered is sent to stores already', s.code);
  elsif e.action = 'replenishment.ship' and (e.parameters->>'week')::int <= week then
    perform retail_refuse ('week %s of season %s is over', e.parameters->>'week', s.code);
  end if;
end $$;

-- As in 0019. Once there are sales a forecast of the whole season would put what was expected without them in the place of what was sold.
create or replace function retail_assess_forecast (s retail_seasons, p jsonb) returns jsonb
language plpgsql stable as $$
declare
  f record;
  codes text[];
  total constant bigint := (p->>'total')::bigint;
  from_week constant int := coalesce ((p->>'from_week')::int, 1);
  n constant int := jsonb_array_length (p->'curve');
  was text;
begin
  select * into f from retail_figures (s, null);
  if from_week <> f.week + 1 then
    perform retail_refuse ('season %s has sales up to week %s: a new forecast begins with week %s', s.code, f.week::text,
                           (f.week + 1)::text);
  end if;
  if n <> s.weeks - from_week + 1 then
    perform retail_refuse ('season %s: the curve is to have %s weeks, not %s', s.code, (s.weeks - from_week + 1)::text,
                           n::text);
  end if;
  if p ? 'from_week' and total <> f.sold + (select sum (u::bigint) from jsonb_array_elements_text (p->'curve') u) then
    perform retail_refuse ('season %s: %s units are sold: with the weeks of the curve they are not the total of %s', s.code,
                           f.sold::text, total::text);
  end if;
  codes := array (select x->>'store' from jsonb_array_elements (p->'clusters') c, jsonb_array_elements (c->'stores') x);
  perform retail_check_stores (s, codes, from_week > 1);
  select min (t.code) into was from retail_actuals a
  join retail_stores t on t.workspace_id = a.workspace_id and t.id = a.store
  where a.workspace_id = s.workspace_id and a.season = s.id and t.code <> all (codes);
  if was is not null then
    perform retail_refuse ('store %s has actual sales in season %s, but no place in the forecast', was, s.code);
  end if;
  was := case when f.forecast_total > 0 then f.forecast_total || ' units' end;
  return jsonb_build_object ('facts', jsonb_strip_nulls (jsonb_build_object ('total', total, 'method', p->>'method',
      'total_before', f.forecast_total,
      'change_pct', round (abs (total - f.forecast_total)::numeric / nullif (f.forecast_total, 0), 4),
      'weeks', n, 'from_week', from_week, 'week', f.week, 'sold', f.sold, 'stores', cardinality (codes),
      'clusters', jsonb_array_length (p->'clusters'))),
    'summary', format ('%s: a forecast of %s units for weeks %s to %s in %s stores, by %s', s.name, total, from_week,
                       s.weeks, cardinality (codes), p->>'method'),
    'changes', retail_change ('Forecast', was, total || ' units'));
end $$;

-- As in 0018. Average weekly sales are of the weeks that are known, so that a store that opened late counts for what it sells; and they
-- are no whole numbers: stores that sell less than one in two weeks are not all the same.
create or replace function retail_plan (p_ident text) returns jsonb
language plpgsql stable as $$
declare
  s retail_seasons := retail_find (p_ident);
  stores jsonb;
  past jsonb;
begin
  with year as (
    select h.store, round (avg (h.units), 4) as units from retail_history h
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

-- As in 0030. Where nothing was expected there is no variance, and JSON's null is a value: the run is told 0.
create or replace function retail_start_week (s retail_seasons, p_variance jsonb, p_actor text) returns uuid
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
    'week', p_variance->'week', 'variance', coalesce ((p_variance->>'variance')::numeric, 0), 'sold', p_variance->'sold',
    'forecast', p_variance->'forecast', 'weeks_left', p_variance->'weeks_left', 'reforecast', p_variance->'reforecast',
    'made', k.made, 'replenish', replenish, 'marked_down', (retail_figures (s, null)).markdowns > 0),
    p_actor, format ('%s/%s/%s', s.uid, p_variance->>'week', p_variance->>'sold'), null)).uid;
end $$;

-- As in 0018: the stores of a plan are those of its forecast, else those that have sold its category, else all. One that has no sales of
-- the last 52 weeks in which any store has is shut.
create or replace function retail_plan_stores (s retail_seasons) returns setof retail_stores
language plpgsql stable as $$
declare last date;
begin
  return query select t.* from retail_stores t where t.workspace_id = s.workspace_id and exists (
    select from retail_forecast f where f.workspace_id = s.workspace_id and f.season = s.id and f.store = t.id);
  if not found then
    select max (h.week) into last from retail_history h
    where h.workspace_id = s.workspace_id and h.category = s.category and h.week < s.starts_on;
    return query select t.* from retail_stores t where t.workspace_id = s.workspace_id and exists (
      select from retail_history h where h.workspace_id = s.workspace_id and h.category = s.category and h.store = t.id
        and h.week < s.starts_on and h.week > last - 364);
  end if;
  if not found then
    return query select t.* from retail_stores t where t.workspace_id = s.workspace_id;
  end if;
end $$;
