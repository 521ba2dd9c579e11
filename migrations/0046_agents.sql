-- SPDX-License-Identifier: Apache-2.0
-- Events by the run of a workflow that they are of; agents that are restarted, and how they are; a job that is tried again.

-- As before, with the job.
drop function run_progress (uuid, double precision, text);
create function run_progress (p_run uuid, p_job uuid, p_fraction double precision, p_message text) returns void
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform outbox_put ('agent.progress', p_run::text, 'agent',
                      jsonb_build_object ('job', p_job, 'fraction', p_fraction, 'message', p_message), false);
end $$;

-- Null when it is none.
create function royal_uuid (p_text text) returns uuid
language sql immutable strict parallel safe
return substring (p_text from '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$')::uuid;

-- The run of a workflow that these jobs are steps of; null when they are of none, or not all of the same.
create function jobs_workflow (p_jobs jsonb) returns uuid
language sql stable as $$
  select case when count (distinct r.uid) = 1 and count (r.uid) = count (*) then min (r.uid::text)::uuid end
  from jsonb_array_elements_text (p_jobs) n (job)
  left join jobs j on j.workspace_id = royal_workspace () and j.uid = royal_uuid (n.job)
  left join workflow_steps s on s.workspace_id = j.workspace_id and s.id = (j.context->>'step')::bigint
  left join workflow_runs r on r.workspace_id = s.workspace_id and r.id = s.run;
$$;

-- The run of a workflow that an event is of: its own, those of its steps' jobs, and those of what they proposed. What is told of
-- several jobs at once is of a run when all of them are, and all are named. Whenever it is asked, it is the same.
create function event_workflow (p_event jsonb) returns uuid
language plpgsql stable as $$
declare
  topic constant text := split_part (p_event->>'kind', '.', 1);
  subject constant uuid := royal_uuid (p_event->>'subject');
  several constant jsonb := p_event#>'{data,jobs}';
begin
  if topic = 'workflow' then
    return subject;
  elsif topic = 'job' and subject is not null then
    return jobs_workflow (jsonb_build_array (subject));
  elsif topic = 'agent' and p_event->'data' ? 'job' then
    return jobs_workflow (jsonb_build_array (p_event#>'{data,job}'));
  elsif topic = 'jobs' and jsonb_typeof (several) = 'array' and jsonb_array_length (several)::text = p_event#>>'{data,n}' then
    return jobs_workflow (several);
  elsif topic in ('approval', 'proposal', 'effect') and subject is not null then
    return (
      select r.uid from proposals p
      join workflow_steps s on s.workspace_id = p.workspace_id and s.id = (p.context->>'step')::bigint
      join workflow_runs r on r.workspace_id = s.workspace_id and r.id = s.run
      where p.workspace_id = royal_workspace () and p.uid = subject);
  end if;
  return null;
end $$;

-- As events_after(), with the runs that they are of.
create function events_of_workflows (after bigint, kinds text[], batch int) returns table (id bigint, event jsonb, workflow uuid)
language sql stable as $$
  select e.id, e.event, event_workflow (e.event) from events_after (after, kinds, batch) e order by e.id;
$$;

-- A run as it is, the event that was told last by then, the one that was when the run began, and whether the run's end is among
-- what was told.
create function workflow_look (p_uid uuid) returns table (id bigint, first bigint, run jsonb, over boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select workflow_last_event (), r.since_event, workflow_get (p_uid),
         workflow_is_over (r.state) and not exists (
           select from outbox o where o.workspace_id = r.workspace_id and o.subject = r.uid::text and o.kind = 'workflow.' || r.state)
  from (select) one
  left join workflow_runs r on r.workspace_id = royal_workspace () and r.uid = p_uid;
$$;

-- Somebody restarts the workers of an agent on the host that is asked.
create function agent_restarted (p_agent text, p_now boolean, p_reason text, p_actor text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform outbox_put ('agent.restarted', p_agent, p_actor, jsonb_build_object ('now', p_now, 'reason', p_reason));
end $$;

-- A job that ended without success, tried again as dead_retry() does it.
create function job_retry (p_uid uuid, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare j jobs;
begin
  select * into j from jobs where workspace_id = royal_workspace () and uid = p_uid for update;
  if not found then
    raise exception 'no job %', p_uid using errcode = 'RY404';
  end if;
  if j.state not in ('dead', 'quarantined') then
    raise exception 'job % is %, only one that ended without success can be tried again', p_uid, job_state (j)
      using errcode = 'RY409';
  end if;
  perform dead_retry (array[p_uid], null, p_actor);
  select * into j from jobs where workspace_id = royal_workspace () and uid = p_uid;
  return job_json (j);
end $$;

-- What holds each of these agents back, and what waits for it. Counts stop at 10,000.
create function agents_held (p_agents text[]) returns table (agent text, held jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.agent, jsonb_build_object (
    'paused', exists (select from pauses p where p.workspace_id = royal_workspace () and p.kind = 'agent' and p.name = a.agent),
    'breaker', exists (
      select from breakers b where b.workspace_id = royal_workspace () and b.agent = a.agent and b.opened_at is not null),
    'queued', (select count (*) from (
      select from job_queue q where q.workspace_id = royal_workspace () and q.agent = a.agent limit 10000) n),
    'dead', (select count (*) from (
      select from dead_letters d where d.workspace_id = royal_workspace () and d.agent = a.agent limit 10000) n))
  from unnest (p_agents) a (agent) order by a.agent;
$$;

-- The least identifier of what is made from that time on: they begin with their time, in milliseconds.
create function uuid_floor (p_at timestamptz) returns uuid
language sql immutable parallel safe
return (lpad (to_hex (floor (extract (epoch from p_at) * 1000)::bigint), 12, '0') || repeat ('0', 20))::uuid;

-- What each of these agents has done since midnight (UTC), and as the last row, without an agent, all of them together.
create function agents_today (p_agents text[]) returns table (agent text, figures jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  with today as (
    select j.agent, j.state, extract (epoch from j.finished_at - j.started_at)::float8 as run_s
    from jobs j
    where j.workspace_id = royal_workspace () and j.agent = any (p_agents)
      and j.uid >= uuid_floor (date_trunc ('day', now (), 'UTC'))),
  waiting as (
    select p.agent from proposals p
    where p.workspace_id = royal_workspace () and p.state = 'pending' and p.agent = any (p_agents))
  select a.agent, jsonb_build_object (
    'jobs', count (t.state), 'completed', count (*) filter (where t.state = 'completed'),
    'failed', count (*) filter (where t.state in ('dead', 'quarantined', 'discarded')),
    'cancelled', count (*) filter (where t.state = 'cancelled'), 'under_way', count (*) filter (where t.state = 'queued'),
    'run_s', jsonb_build_object ('mean', round (avg (t.run_s)::numeric, 3), 'max', round (max (t.run_s)::numeric, 3),
      'p95', round (percentile_cont (0.95) within group (order by t.run_s)::numeric, 3)),
    'proposals_waiting', (select count (*) from waiting w where a.agent is null or w.agent = a.agent))
  from unnest (p_agents) a (agent) left join today t on t.agent = a.agent
  group by grouping sets ((a.agent), ()) order by a.agent nulls last;
$$;
