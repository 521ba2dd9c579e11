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
