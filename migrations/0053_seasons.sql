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
