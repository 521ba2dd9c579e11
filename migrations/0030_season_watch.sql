-- SPDX-License-Identifier: Apache-2.0
-- A season that is marked down is watched, week by week.

-- As in 0018. marked_down: the season has a markdown, so that its sales are watched beside their variance.
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
    'week', p_variance->'week', 'variance', coalesce (p_variance->'variance', '0'), 'sold', p_variance->'sold',
    'forecast', p_variance->'forecast', 'weeks_left', p_variance->'weeks_left', 'reforecast', p_variance->'reforecast',
    'made', k.made, 'replenish', replenish, 'marked_down', (retail_figures (s, null)).markdowns > 0),
    p_actor, format ('%s/%s/%s', s.uid, p_variance->>'week', p_variance->>'sold'), null)).uid;
end $$;
