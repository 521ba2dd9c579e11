-- SPDX-License-Identifier: Apache-2.0
-- The durable queue: jobs and their runs.

create table jobs (
  workspace_id bigint not null references workspaces,
  id bigint generated always as identity,
  uid uuid not null default uuid_v7 (),
  agent text not null,
  task text not null,
  input jsonb not null default '{}',
  priority smallint not null default 1 check (priority between 0 and 3),
  run_at timestamptz not null default now (),
  idempotency_key text check (length (idempotency_key) between 1 and 200),
  state text not null default 'queued' check (state in ('queued', 'leased', 'completed', 'dead', 'quarantined',
                                                        'cancelled')),
  attempt int not null default 0,
  max_attempts int not null default 3 check (max_attempts between 1 and 100),
  backoff_ms int not null default 1000 check (backoff_ms >= 0),
  backoff_max_ms int not null default 60000 check (backoff_max_ms >= 0),
  crashes int not null default 0,
  owner text,
  lease_until timestamptz,
  cancel_requested boolean not null default false,
  result jsonb,
  error jsonb,
  created_by text not null,
  created_at timestamptz not null default now (),
  finished_at timestamptz,
  primary key (workspace_id, id),
  unique (workspace_id, uid));
create unique index jobs_once on jobs (workspace_id, agent, task, idempotency_key) where idempotency_key is not null;
create index jobs_queued on jobs (agent, priority desc, run_at, id) where state = 'queued';
create index jobs_due on jobs (run_at) where state = 'queued';
create index jobs_leased on jobs (lease_until) where state = 'leased';
call royal_protect ('jobs', 'select, insert, update');

create table runs (
  workspace_id bigint not null,
  id bigint generated always as identity,
  uid uuid not null default uuid_v7 (),
  job bigint not null,
  attempt int not null,
  host text not null,
  state text not null default 'running' check (state in ('running', 'completed', 'failed', 'crashed', 'lost',
                                                         'cancelled', 'returned')),
  result jsonb,
  error jsonb,
  started_at timestamptz not null default now (),
  finished_at timestamptz,
  primary key (workspace_id, id),
  unique (workspace_id, uid),
  foreign key (workspace_id, job) references jobs);
create index runs_job on runs (workspace_id, job);
create index runs_running on runs (workspace_id, job) where state = 'running';
call royal_protect ('runs', 'select, insert, update');

create function job_priority (p_name text) returns smallint
language plpgsql immutable as $$
begin
  return case p_name when 'low' then 0 when 'normal' then 1 when 'high' then 2 when 'critical' then 3 end;
end $$;

create function job_json (j jobs) returns jsonb
language sql stable as $$
  select jsonb_build_object (
    'id', j.uid, 'agent', j.agent, 'task', j.task, 'input', j.input,
    'priority', (array['low', 'normal', 'high', 'critical'])[j.priority + 1], 'state', j.state,
    'run_at', iso_time (j.run_at), 'attempt', j.attempt, 'max_attempts', j.max_attempts,
    'idempotency_key', j.idempotency_key, 'result', j.result, 'error', j.error, 'created_by', j.created_by,
    'created_at', iso_time (j.created_at), 'finished_at', iso_time (j.finished_at),
    'runs', coalesce ((
      select jsonb_agg (jsonb_build_object ('id', r.uid, 'attempt', r.attempt, 'state', r.state, 'host', r.host,
                                            'error', r.error, 'started_at', iso_time (r.started_at),
                                            'finished_at', iso_time (r.finished_at)) order by r.id)
      from runs r where r.workspace_id = j.workspace_id and r.job = j.id), '[]'));
$$;

create function job_get (p_uid uuid) returns jsonb
language plpgsql stable as $$
declare j jobs;
begin
  select * into j from jobs where workspace_id = royal_workspace () and uid = p_uid;
  if not found then
    raise exception 'no job %', p_uid using errcode = 'RY404';
  end if;
  return job_json (j);
end $$;

-- A page of the queue, newest first. What is long is left out: job_get() has it.
create function job_list (states text[], before_id bigint, batch int)
returns table (cursor bigint, job jsonb)
language sql stable as $$
  select j.id, job_json (j) - array_remove (array[
           case when octet_length (j.input::text) > 65536 then 'input' end,
           case when octet_length (j.result::text) > 65536 then 'result' end], null)
  from jobs j
  where j.workspace_id = royal_workspace () and (states is null or j.state = any (states))
    and (before_id is null or j.id < before_id)
  order by j.id desc limit batch;
$$;

-- request is { agent, task, input?, priority?, run_at?, idempotency_key?, max_attempts?, backoff_ms?, backoff_max_ms? }.
-- The same idempotency key returns the same job. Listeners of royal_jobs are told.
create function job_enqueue (request jsonb, p_actor text) returns jsonb
language plpgsql as $$
declare
  j jobs;
  bound constant int := 100000;
begin
  if (select count (*) from (select from jobs where workspace_id = royal_workspace () and state = 'queued' limit bound) q)
     >= bound then
    raise exception 'the queue holds % jobs already', bound using errcode = 'RY429';
  end if;
  insert into jobs (workspace_id, agent, task, input, priority, run_at, idempotency_key, max_attempts, backoff_ms,
    backoff_max_ms, created_by)
  values (royal_workspace (), request->>'agent', request->>'task', coalesce (request->'input', '{}'),
    job_priority (coalesce (request->>'priority', 'normal')), coalesce ((request->>'run_at')::timestamptz, now ()),
    request->>'idempotency_key', coalesce ((request->>'max_attempts')::int, 3),
    coalesce ((request->>'backoff_ms')::int, 1000), coalesce ((request->>'backoff_max_ms')::int, 60000), p_actor)
  on conflict (workspace_id, agent, task, idempotency_key) where idempotency_key is not null do nothing
  returning * into j;
  if not found then
    select * into j from jobs where workspace_id = royal_workspace () and agent = request->>'agent'
      and task = request->>'task' and idempotency_key = request->>'idempotency_key';
    return job_json (j);
  end if;
  perform outbox_put ('job.created', j.uid::text, p_actor, jsonb_build_object ('agent', j.agent, 'task', j.task));
  perform pg_notify ('royal_jobs', '');
  return job_json (j);
end $$;

-- Leases what `agents` have room for (capacities, same order), most urgent first, and opens a run for each.
create function job_lease (p_owner text, agents text[], capacities int[], p_lease_s int)
returns table (workspace_id bigint, workspace text, job uuid, run uuid, agent text, task text, input jsonb,
               attempt int)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query
  with chosen as (
    select c.workspace_id, c.id
    from unnest (agents, capacities) as a (agent, capacity),
    lateral (
      select j.workspace_id, j.id from jobs j
      where j.state = 'queued' and j.agent = a.agent and j.run_at <= now ()
      order by j.priority desc, j.run_at, j.id limit a.capacity for update skip locked) c),
  leased as (
    update jobs j set state = 'leased', owner = p_owner, lease_until = now () + p_lease_s * interval '1 second',
      attempt = j.attempt + 1
    from chosen c where j.workspace_id = c.workspace_id and j.id = c.id returning j.*),
  opened as (
    insert into runs (workspace_id, job, attempt, host)
    select l.workspace_id, l.id, l.attempt, p_owner from leased l returning *),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data, audited)
    select l.workspace_id, 'agent.started', o.uid::text, 'host',
           jsonb_build_object ('agent', l.agent, 'task', l.task, 'job', l.uid, 'attempt', l.attempt), false
    from leased l join opened o on o.workspace_id = l.workspace_id and o.job = l.id)
  select l.workspace_id, w.name, l.uid, o.uid, l.agent, l.task, l.input, l.attempt
  from leased l join opened o on o.workspace_id = l.workspace_id and o.job = l.id
  join workspaces w on w.workspace_id = l.workspace_id;
end $$;

-- The open run with that id, held by that host; its job is locked.
create function run_hold (p_run uuid, p_owner text, out r runs, out j jobs)
language plpgsql as $$
begin
  select * into r from runs where workspace_id = royal_workspace () and uid = p_run;
  select * into j from jobs where workspace_id = r.workspace_id and id = r.job for update;
  if r.uid is null or r.state <> 'running' or j.state <> 'leased' or j.owner is distinct from p_owner
     or j.attempt <> r.attempt then
    raise exception 'run % is not held by %', p_run, p_owner using errcode = 'RY409';
  end if;
end $$;

create function job_complete (p_run uuid, p_owner text, p_result jsonb) returns void
language plpgsql as $$
declare
  h record;
begin
  select * into h from run_hold (p_run, p_owner);
  update runs set state = 'completed', result = p_result, finished_at = now ()
  where workspace_id = (h.r).workspace_id and id = (h.r).id;
  update jobs set state = 'completed', result = p_result, error = null, finished_at = now (), owner = null,
    lease_until = null
  where workspace_id = (h.j).workspace_id and id = (h.j).id;
  perform outbox_put ('job.completed', (h.j).uid::text, 'host',
    jsonb_build_object ('agent', (h.j).agent, 'task', (h.j).task, 'run', p_run), false);
end $$;

-- p_error is { code, message }. A crash counts towards quarantine (three on one job). A failure that may be retried goes
-- back into the queue with exponential backoff and full jitter until its attempts are used up. Returns the new state.
create function job_fail (p_run uuid, p_owner text, p_error jsonb, p_crashed boolean, p_retry boolean) returns text
language plpgsql as $$
declare
  h record;
  poison constant int := 3;
  next_state text;
  wait_ms double precision;
begin
  select * into h from run_hold (p_run, p_owner);
  next_state := case
    when (h.j).cancel_requested then 'cancelled'
    when p_crashed and (h.j).crashes + 1 >= poison then 'quarantined'
    when p_crashed or (p_retry and (h.j).attempt < (h.j).max_attempts) then 'queued'
    else 'dead' end;
  wait_ms := random () * least ((h.j).backoff_max_ms, (h.j).backoff_ms * power (2, least ((h.j).attempt - 1, 30)));
  update runs set state = case when next_state = 'cancelled' then 'cancelled' when p_crashed then 'crashed'
                               else 'failed' end, error = p_error, finished_at = now ()
  where workspace_id = (h.r).workspace_id and id = (h.r).id;
  update jobs set state = next_state, error = p_error, owner = null, lease_until = null,
    crashes = crashes + p_crashed::int,
    run_at = case when next_state = 'queued' then now () + wait_ms * interval '1 millisecond' else run_at end,
    finished_at = case when next_state = 'queued' then null else now () end
  where workspace_id = (h.j).workspace_id and id = (h.j).id;
  perform outbox_put (case next_state when 'queued' then 'job.retry' when 'cancelled' then 'job.cancelled'
                                      else 'job.failed' end, (h.j).uid::text, 'host',
    jsonb_build_object ('agent', (h.j).agent, 'task', (h.j).task, 'run', p_run, 'state', next_state, 'error', p_error));
  return next_state;
end $$;

-- Renews the leases of runs in hand. A run that is not among the rows is not held any more; `cancel`: its job is to be
-- cancelled.
create function job_renew (p_owner text, p_runs uuid[], p_lease_s int) returns table (run uuid, cancel boolean)
language sql volatile security definer set search_path = public, pg_temp as $$
  update jobs j set lease_until = now () + p_lease_s * interval '1 second'
  from runs r
  where r.uid = any (p_runs) and r.state = 'running' and j.workspace_id = r.workspace_id and j.id = r.job
    and j.state = 'leased' and j.owner = p_owner and j.attempt = r.attempt
  returning r.uid, j.cancel_requested;
$$;

-- Milliseconds until the next job of one of these agents is due, from those that are not due yet; null when there is none.
create function job_next (agents text[]) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select ceil (extract (epoch from j.run_at - now ()) * 1000)::bigint from jobs j
  where j.state = 'queued' and j.run_at > now () and j.agent = any (agents)
  order by j.run_at limit 1;
$$;

-- Puts back jobs whose lease has run out; with p_own also those that this host held when it died. A run that was lost with its
-- host does not count as an attempt. Returns how many.
create function job_take_back (p_owner text, p_own boolean) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare n int;
begin
  with lost as (
    select j.workspace_id, j.id from jobs j
    where j.state = 'leased' and (j.lease_until <= now () or (p_own and j.owner = p_owner))
    limit 10000 for update skip locked),
  ended as (
    update runs r set state = 'lost', finished_at = now ()
    from lost l where r.workspace_id = l.workspace_id and r.job = l.id and r.state = 'running'),
  queued as (
    update jobs j set state = case when j.cancel_requested then 'cancelled' else 'queued' end, owner = null,
      lease_until = null, run_at = now (), max_attempts = least (j.max_attempts + 1, 100)
    from lost l where j.workspace_id = l.workspace_id and j.id = l.id returning j.*),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data, audited)
    select workspace_id, 'job.retry', uid::text, 'host', jsonb_build_object ('agent', agent, 'reason', 'host lost'), false
    from queued)
  select count (*) into n from queued;
  return n;
end $$;

-- A run that its host gives back unfinished (shutdown).
create function job_return (p_run uuid, p_owner text) returns void
language plpgsql as $$
declare h record;
begin
  select * into h from run_hold (p_run, p_owner);
  update runs set state = 'returned', finished_at = now () where workspace_id = (h.r).workspace_id and id = (h.r).id;
  update jobs set state = 'queued', owner = null, lease_until = null, attempt = attempt - 1
  where workspace_id = (h.j).workspace_id and id = (h.j).id;
end $$;

-- A queued job is cancelled at once, a running one as soon as its worker notices.
create function job_cancel (p_uid uuid, p_actor text) returns jsonb
language plpgsql as $$
declare j jobs;
begin
  select * into j from jobs where workspace_id = royal_workspace () and uid = p_uid for update;
  if not found then
    raise exception 'no job %', p_uid using errcode = 'RY404';
  end if;
  if j.state not in ('queued', 'leased') then
    raise exception 'job % is % already', p_uid, j.state using errcode = 'RY409';
  end if;
  update jobs set cancel_requested = true,
    state = case when j.state = 'queued' then 'cancelled' else j.state end,
    finished_at = case when j.state = 'queued' then now () end
  where workspace_id = j.workspace_id and id = j.id returning * into j;
  perform outbox_put ('job.cancelled', j.uid::text, p_actor, jsonb_build_object ('state', j.state));
  perform pg_notify ('royal_jobs', 'cancel');
  return job_json (j);
end $$;

-- Counts for /metrics and status.
create function job_counts () returns table (state text, n bigint)
language sql stable as $$
  select j.state, count (*) from jobs j where j.workspace_id = royal_workspace () group by j.state;
$$;

-- Progress of a run, for the live feed.
create function run_progress (p_run uuid, p_fraction double precision, p_message text) returns void
language sql volatile as $$
  select outbox_put ('agent.progress', p_run::text, 'agent',
                     jsonb_build_object ('fraction', p_fraction, 'message', p_message), false);
$$;
