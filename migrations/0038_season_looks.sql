-- SPDX-License-Identifier: Apache-2.0
-- What agents saw when they looked at a season that is on: the guard at its stores' stock, the watch at its sales after a markdown. A
-- look is a job; what it saw is the job's result, and nothing is kept twice.

-- Without the season: what an index holds of a document is of no use where rows are protected, and looks are few.
create index jobs_looks on jobs (workspace_id, agent, task, id)
  where agent in ('inventory', 'markdown') and task in ('guard', 'watch');

-- The last look at the season that came to an end: what it saw, with the job and its time; null where nobody looked.
create function retail_look (s retail_seasons, p_agent text, p_task text) returns jsonb
language sql stable as $$
  select j.result || jsonb_build_object ('job', j.uid, 'at', iso_time (j.finished_at)) from jobs j
  where j.workspace_id = s.workspace_id and j.agent = p_agent and j.task = p_task
    and j.agent in ('inventory', 'markdown') and j.task in ('guard', 'watch')
    and j.input ->> 'season' = any (array[s.uid::text, s.code]) and j.state = 'completed' and jsonb_typeof (j.result) = 'object'
    and (j.context is null or not j.context ? 'simulate')
  order by j.id desc limit 1;
$$;

-- The forecast by week that was in force when the markdown was applied: what a new one found, where one was recorded since.
create function retail_forecast_at (s retail_seasons, p_at timestamptz) returns table (week int, units bigint)
language sql stable as $$
  with since as (
    select e.id from retail_effects e
    where e.workspace_id = s.workspace_id and e.season = s.id and e.action = 'forecast.record' and e.state <> 'reverted'
      and e.applied_at > p_at order by e.applied_at, e.id limit 1)
  select w.week, sum (w.units)::bigint from retail_forecast_was w join since on w.effect = since.id
  where w.workspace_id = s.workspace_id group by 1
  union all
  select f.week, sum (f.units)::bigint from retail_forecast f
  where f.workspace_id = s.workspace_id and f.season = s.id and not exists (select from since) group by 1;
$$;

-- The markdown that holds, and the sales since: by week what was forecast, what is expected (the forecast, as it came true up to the
-- markdown, raised by the lift that the agent claims), and what is sold. Null where none holds. after_week is the last week that was
-- sold when it was decided; null, and no weeks, for one that did not come by the gate.
create function retail_markdown_watch (s retail_seasons) returns jsonb
language plpgsql stable as $$
declare
  m retail_markdowns;
  p proposals;
  after_week int;
  lift numeric;
  pace numeric;
  weeks jsonb;
  sold bigint;
  expected bigint;
begin
  select * into m from retail_markdowns where workspace_id = s.workspace_id and season = s.id and state = 'active';
  if not found then
    return null;
  end if;
  if m.key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/|$)' then
    select * into p from proposals o
    where o.workspace_id = s.workspace_id and o.uid = left (m.key, 36)::uuid and o.action = 'markdown.apply';
  end if;
  after_week := (p.before ->> 'week')::int;
  lift := case when jsonb_typeof (p.claims -> 'lift') = 'number' then least (greatest ((p.claims ->> 'lift')::numeric, 0), 10) end;
  select (p.before ->> 'sold')::numeric / nullif (sum (f.units), 0) into pace
  from retail_forecast_at (s, m.applied_at) f where f.week <= after_week;
  with a as (
    select r.week, sum (r.units)::bigint as units from retail_actuals r
    where r.workspace_id = s.workspace_id and r.season = s.id and r.week > after_week group by 1),
  w as (
    select f.week, f.units as forecast, round (f.units * coalesce (pace, 1) * (1 + coalesce (lift, 0)))::bigint as expected,
           a.units as sold
    from retail_forecast_at (s, m.applied_at) f left join a using (week) where f.week > after_week)
  select jsonb_agg (jsonb_build_object ('week', w.week, 'start', s.starts_on + (w.week - 1) * 7, 'forecast', w.forecast,
           'expected', w.expected, 'sold', w.sold) order by w.week),
         sum (w.sold), sum (w.expected) filter (where w.sold is not null)
    into weeks, sold, expected from w;
  return jsonb_build_object ('id', m.uid, 'proposal', p.uid, 'markdown_pct', trim_scale (m.pct), 'applied_at', iso_time (m.applied_at),
    'after_week', after_week, 'pace', round (pace, 4), 'lift', lift, 'weeks', coalesce (weeks, '[]'), 'sold', sold, 'expected', expected,
    'variance', round (abs (sold - expected)::numeric / nullif (expected, 0), 4), 'threshold', 0.2,
    'verdict', case when sold is null then 'too_early' when abs (sold - expected) * 5 <= expected then 'as_expected'
                    when sold < expected then 'below' else 'above' end,
    'watch', retail_look (s, 'markdown', 'watch'));
end $$;

create function retail_watch (p_ident text) returns jsonb
language plpgsql stable as $$
declare s retail_seasons := retail_find (p_ident);
begin
  return jsonb_build_object ('season', s.uid, 'code', s.code, 'week', (retail_figures (s, null)).week,
    'guard', retail_look (s, 'inventory', 'guard'), 'markdown', retail_markdown_watch (s));
end $$;
