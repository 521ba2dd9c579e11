-- SPDX-License-Identifier: Apache-2.0
-- The job engine: a narrow queue from which jobs are leased in batches, one row for each batch in hand, one update for each
-- job that ends. A job that is queued or leased has the state `queued` in its row; whether it is leased is told by
-- job_leases. The last attempt lives in the job's own row (host, lease, started_at, finished_at); `runs` holds the attempts
-- that were not the last word.
--
-- Locks are taken in this order: leases, then the mutex of a limited agent, then jobs, then the queue.

drop function job_json (jobs), job_get (uuid), job_list (text[], bigint, int), job_enqueue (jsonb, text),
  job_lease (text, text[], int[], int), run_hold (uuid, text), job_complete (uuid, text, jsonb),
  job_fail (uuid, text, jsonb, boolean, boolean), job_renew (text, uuid[], int), job_next (text[]),
  job_take_back (text, boolean), job_return (uuid, text), job_cancel (uuid, text), job_counts () cascade;
drop function if exists job_add (bigint, jsonb, text);

-- What is checked here is checked by the functions that write; foreign keys and lists of states cost each row of a batch.
alter table runs drop constraint runs_workspace_id_job_fkey, drop constraint runs_workspace_id_uid_key;
drop index runs_running;
drop index jobs_queued, jobs_due, jobs_leased;
alter table jobs drop constraint jobs_workspace_id_fkey, drop constraint jobs_workspace_id_uid_key,
  drop constraint jobs_state_check, drop constraint jobs_max_attempts_check,
  drop column owner, drop column lease_until,
  add column host text, add column lease bigint, add column started_at timestamptz,
  add column concurrency_key text, add column rate_key text,
  add unique (uid, workspace_id),
  add constraint jobs_state_check
    check (state in ('queued', 'completed', 'dead', 'quarantined', 'cancelled', 'discarded')) not valid;
update runs set state = 'lost', finished_at = now () where state = 'running';
update jobs set state = 'queued', run_at = now () where state = 'leased';
alter table jobs validate constraint jobs_state_check;
-- Room on the page for the row's end: the update then touches no index.
alter table jobs set (fillfactor = 55, autovacuum_vacuum_insert_scale_factor = 0.5);

-- Jobs whose time has come. `rank` is when the job came, less what its priority is worth, so that what waits grows in rank.
create table job_queue (
  workspace_id bigint not null,
  agent text collate "C" not null,
  rank bigint not null,
  job bigint not null,
  flags smallint not null, -- 1: it has a key; 2: its share of a rate is paid
  primary key (workspace_id, agent, rank, job))
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
      autovacuum_vacuum_insert_threshold = -1);
call royal_protect ('job_queue', 'select');

-- Jobs whose time has not come. `paid`: their share of a rate was set aside for that time.
create table job_later (
  workspace_id bigint not null,
  job bigint not null,
  run_at timestamptz not null,
  paid boolean not null default false,
  primary key (workspace_id, job))
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create index job_later_due on job_later (run_at);
call royal_protect ('job_later', 'select');

-- Jobs that wait until one of the same key (or, with an empty key, of the same agent) has ended.
create table job_parked (
  workspace_id bigint not null,
  agent text collate "C" not null,
  key text not null,
  rank bigint not null,
  job bigint not null,
  paid boolean not null,
  primary key (workspace_id, agent, key, rank, job));
call royal_protect ('job_parked', 'select');

-- A batch in a host's hands. `open` counts those of `jobs` that have not ended; the row goes with the last.
create table job_leases (
  workspace_id bigint not null,
  id bigint generated always as identity,
  agent text not null,
  owner text not null,
  until timestamptz not null,
  started_at timestamptz not null default now (),
  limited boolean not null,
  open int not null,
  jobs bigint[] not null,
  primary key (workspace_id, id))
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0,
      fillfactor = 50);
alter table job_leases alter column jobs set storage external;
call royal_protect ('job_leases', 'select');

-- Jobs that ended without success and wait for a person.
create table dead_letters (
  workspace_id bigint not null,
  job bigint not null,
  agent text not null,
  at timestamptz not null default now (),
  primary key (workspace_id, job));
call royal_protect ('dead_letters', 'select');

-- When the next run of a rate may begin, were the rate used up evenly (the generic cell rate algorithm).
create table job_rates (
  workspace_id bigint not null,
  agent text not null,
  key text not null,
  next_at timestamptz not null,
  primary key (workspace_id, agent, key));
call royal_protect ('job_rates', 'select');

-- How many jobs may wait in a workspace, and since when there are too many.
create table job_bounds (
  workspace_id bigint primary key,
  bound int not null default 1000000 check (bound > 0),
  full_since timestamptz);
call royal_protect ('job_bounds', 'select');

create function job_rank (p_priority smallint, p_run_at timestamptz) returns bigint
language plpgsql immutable as $$
begin
  -- What a priority is worth, in seconds of waiting: none, ten minutes, an hour, six hours.
  return (extract (epoch from p_run_at) * 1000000)::bigint - (array[0, 600, 3600, 21600])[p_priority + 1] * 1000000::bigint;
end $$;

-- The id of the run of a job under a lease: the job's, with the lease in place of its time.
create function job_run (p_job uuid, p_lease bigint) returns uuid
language sql immutable as $$
  select overlay (overlay (p_job::text placing substr (h, 1, 8) || '-' || substr (h, 9, 4) from 1 for 13)
                  placing '8' from 15 for 1)::uuid
  from lpad (to_hex (p_lease), 12, '0') h;
$$;

-- What was queued before this migration.
insert into job_queue select workspace_id, agent, job_rank (priority, run_at), id, 0 from jobs
  where state = 'queued' and run_at <= now ();
insert into job_later select workspace_id, id, run_at from jobs where state = 'queued' and run_at > now ();
insert into dead_letters select workspace_id, id, agent, finished_at from jobs where state in ('dead', 'quarantined');

-- Reading.

create function job_state (j jobs) returns text
language sql stable as $$
  select case when j.state = 'queued' and exists (
    select from job_leases l where l.workspace_id = j.workspace_id and j.id = any (l.jobs)) then 'leased' else j.state end;
$$;

create function job_runs (j jobs) returns jsonb
language sql stable as $$
  select coalesce (jsonb_agg (jsonb_build_object ('id', r.uid, 'attempt', r.attempt, 'state', r.state, 'host', r.host,
    'error', r.error, 'started_at', iso_time (r.started_at), 'finished_at', iso_time (r.finished_at)) order by r.pos), '[]')
  from (
    select r.id as pos, r.uid, r.attempt, r.state, r.host, r.error, r.started_at, r.finished_at from runs r
    where r.workspace_id = j.workspace_id and r.job = j.id
    union all
    select 9223372036854775807, job_run (j.uid, j.lease), j.attempt,
           case j.state when 'completed' then 'completed' when 'quarantined' then 'crashed' when 'cancelled' then 'cancelled'
                        else 'failed' end,
           j.host, j.error, j.started_at, j.finished_at
    where j.lease is not null
    union all
    select 9223372036854775807, job_run (j.uid, l.id), j.attempt + 1, 'running', l.owner, null, l.started_at, null
    from job_leases l where j.state = 'queued' and l.workspace_id = j.workspace_id and j.id = any (l.jobs)) r;
$$;

create function job_json (j jobs) returns jsonb
language sql stable as $$
  select jsonb_build_object (
    'id', j.uid, 'agent', j.agent, 'task', j.task, 'input', j.input,
    'priority', (array['low', 'normal', 'high', 'critical'])[j.priority + 1], 'state', s.state,
    'run_at', iso_time (j.run_at), 'attempt', j.attempt + (s.state = 'leased')::int, 'max_attempts', j.max_attempts,
    'idempotency_key', j.idempotency_key, 'concurrency_key', j.concurrency_key, 'rate_key', j.rate_key,
    'result', j.result, 'error', j.error, 'created_by', j.created_by,
    'created_at', iso_time (j.created_at), 'finished_at', iso_time (j.finished_at),
    'runs', job_runs (j))
  from job_state (j) s (state);
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

-- A page of jobs, newest first. What is long is left out: job_get() has it.
create function job_list (states text[], before_id bigint, batch int)
returns table (cursor bigint, job jsonb)
language sql stable as $$
  select j.id, job_json (j) - array_remove (array[
           case when octet_length (j.input::text) > 65536 then 'input' end,
           case when octet_length (j.result::text) > 65536 then 'result' end], null)
  from jobs j
  where j.workspace_id = royal_workspace () and (before_id is null or j.id < before_id)
    and (states is null or j.state = any (states) or (j.state = 'queued' and 'leased' = any (states)))
    and (states is null or j.state <> 'queued' or job_state (j) = any (states))
  order by j.id desc limit batch;
$$;

-- Counts for /metrics and status.
create function job_counts () returns table (state text, n bigint)
language sql stable as $$
  with held as materialized (
    select coalesce (sum (open), 0)::bigint as n from job_leases where workspace_id = royal_workspace ())
  select c.state, c.n - case when c.state = 'queued' then h.n else 0 end
  from (select j.state, count (*) as n from jobs j where j.workspace_id = royal_workspace () group by j.state) c, held h
  union all
  select 'leased', h.n from held h where h.n > 0;
$$;

-- Putting jobs in.

-- Refuses when too many wait. Counting them is left to one call in as many as ten thousand jobs make; a workspace found full
-- is looked at again by whoever comes a second later. What is refused leaves no trace, so the call that finds it full is let
-- in to say so: one a second, until there are a tenth too many.
create function job_bound (p_workspace bigint, p_n int) returns void
language plpgsql as $$
declare
  b job_bounds;
  n bigint;
  sampled boolean;
begin
  select * into b from job_bounds where workspace_id = p_workspace;
  b.bound := coalesce (b.bound, 1000000);
  sampled := p_n < b.bound and p_n::bigint * greatest (1, 100000 / b.bound) < 10000;
  if b.full_since is null and sampled and random () * 10000 >= p_n * greatest (1, 100000 / b.bound) then
    return;
  end if;
  if b.full_since is null or b.full_since < clock_timestamp () - interval '1 second' then
    select count (*) into n from (
      select from job_queue where workspace_id = p_workspace limit b.bound::bigint + b.bound / 10 + 1) q;
    if n + p_n <= b.bound then
      update job_bounds set full_since = null where workspace_id = p_workspace and full_since is not null;
      return;
    end if;
    if sampled and (b.full_since is null or n + p_n <= b.bound::bigint + b.bound / 10) then
      insert into job_bounds (workspace_id, bound, full_since) values (p_workspace, b.bound, clock_timestamp ())
      on conflict (workspace_id) do update set full_since = excluded.full_since;
      return;
    end if;
  end if;
  raise exception 'the queue holds % jobs already, or would', b.bound using errcode = 'RY429',
    hint = 'enqueue again when fewer wait, or raise the bound';
end $$;

-- requests is an array of { agent, task, input?, priority?, run_at?, idempotency_key?, concurrency_key?, rate_key?,
-- max_attempts?, backoff_ms?, backoff_max_ms?, context? }. `n` is the place in it; `fresh` is false for a job that was there
-- under its idempotency key. Listeners of royal_jobs are told, once.
create function job_put (p_workspace bigint, requests jsonb, p_actor text)
returns table (n bigint, id bigint, uid uuid, fresh boolean)
language plpgsql security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  first_id bigint;
  count_all constant int := jsonb_array_length (requests);
  once constant boolean := requests @? '$[*].idempotency_key ? (@ <> null)';
  head constant bytea := substring (int8send (floor (extract (epoch from clock_timestamp ()) * 1000)::bigint) from 3);
begin
  if count_all = 0 then
    return;
  end if;
  perform job_bound (p_workspace, count_all);
  if not once then
    return query
    with made as (
      insert into jobs (workspace_id, uid, agent, task, input, priority, run_at, max_attempts, backoff_ms, backoff_max_ms,
        created_by, context, concurrency_key, rate_key)
      select p_workspace,
        encode (set_bit (set_bit (overlay (uuid_send (gen_random_uuid ()) placing head from 1 for 6), 52, 1), 53, 1),
                'hex')::uuid,
        r.agent, r.task, coalesce (r.input, '{}'),
        case r.priority when 'low' then 0 when 'high' then 2 when 'critical' then 3 else 1 end,
        coalesce (r.run_at, now ()), coalesce (r.max_attempts, 3), coalesce (r.backoff_ms, 1000),
        coalesce (r.backoff_max_ms, 60000), p_actor, r.context, r.concurrency_key, r.rate_key
      from jsonb_to_recordset (requests) as r (agent text, task text, input jsonb, priority text, run_at timestamptz,
        max_attempts int, backoff_ms int, backoff_max_ms int, context jsonb, concurrency_key text, rate_key text)
      returning id, uid, agent, task, priority, run_at, concurrency_key, rate_key),
    ready as (
      insert into job_queue
      select p_workspace, m.agent, job_rank (m.priority, m.run_at), m.id,
             (m.concurrency_key is not null or m.rate_key is not null)::int
      from made m where m.run_at <= now ()),
    later as (
      insert into job_later select p_workspace, m.id, m.run_at from made m where m.run_at > now ()),
    told as (
      insert into outbox (workspace_id, kind, subject, actor, data)
      select p_workspace, case g.n when 1 then 'job.created' else 'jobs.created' end, case g.n when 1 then g.uids[1]::text end,
             p_actor, jsonb_build_object ('agent', g.agent, 'task', g.task)
               || case g.n when 1 then '{}' else jsonb_build_object ('n', g.n, 'jobs', g.uids[1:100]) end
      from (select m.agent, m.task, count (*) as n, array_agg (m.uid) as uids from made m group by m.agent, m.task) g)
    select row_number () over (), m.id, m.uid, true from made m;
  else
    return query select * from job_put_once (p_workspace, requests, p_actor);
  end if;
  perform pg_notify ('royal_jobs', '');
end $$;

-- Puts jobs into the queue, or among those whose time has not come.
create function job_queue_up (p_workspace bigint, p_jobs bigint[]) returns void
language sql volatile as $$
  with j as (
    select id, agent, priority, run_at, (concurrency_key is not null or rate_key is not null)::int as flags
    from jobs where workspace_id = p_workspace and id = any (p_jobs)),
  ready as (
    insert into job_queue select p_workspace, j.agent, job_rank (j.priority, j.run_at), j.id, j.flags
    from j where j.run_at <= now ())
  insert into job_later select p_workspace, j.id, j.run_at from j where j.run_at > now ();
$$;

-- Takes a job out of wherever it waits. False: it does not wait, it is in a host's hands.
create function job_unqueue (j jobs) returns boolean
language plpgsql as $$
begin
  -- Twice: meanwhile it may have gone from where it was looked for later to where it had been looked for already.
  for i in 1 .. 2 loop
    delete from job_queue where workspace_id = j.workspace_id and agent = j.agent
      and rank = job_rank (j.priority, j.run_at) and job = j.id;
    if not found then
      delete from job_later where workspace_id = j.workspace_id and job = j.id;
    end if;
    if not found then
      delete from job_parked where workspace_id = j.workspace_id and agent = j.agent and job = j.id;
    end if;
    if found then
      return true;
    end if;
  end loop;
  return false;
end $$;

-- job_put() where some carry an idempotency key.
create function job_put_once (p_workspace bigint, requests jsonb, p_actor text)
returns table (n bigint, id bigint, uid uuid, fresh boolean)
language plpgsql as $$
#variable_conflict use_column
declare
  uids uuid[];
  made bigint[];
begin
  select array_agg (uuid_v7 ()) into uids from generate_series (1, jsonb_array_length (requests));
  with m as (
    insert into jobs (workspace_id, uid, agent, task, input, priority, run_at, max_attempts, backoff_ms, backoff_max_ms,
      created_by, context, concurrency_key, rate_key, idempotency_key)
    select p_workspace, uids[r.ord], r.agent, r.task, coalesce (r.input, '{}'),
      case r.priority when 'low' then 0 when 'high' then 2 when 'critical' then 3 else 1 end,
      coalesce (r.run_at, now ()), coalesce (r.max_attempts, 3), coalesce (r.backoff_ms, 1000),
      coalesce (r.backoff_max_ms, 60000), p_actor, r.context, r.concurrency_key, r.rate_key, r.idempotency_key
    from rows from (jsonb_to_recordset (requests) as (agent text, task text, input jsonb, priority text,
      run_at timestamptz, max_attempts int, backoff_ms int, backoff_max_ms int, context jsonb, concurrency_key text,
      rate_key text, idempotency_key text)) with ordinality as r (agent, task, input, priority, run_at, max_attempts,
      backoff_ms, backoff_max_ms, context, concurrency_key, rate_key, idempotency_key, ord)
    on conflict (workspace_id, agent, task, idempotency_key) where idempotency_key is not null do nothing
    returning id, uid, agent, task),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select p_workspace, case g.n when 1 then 'job.created' else 'jobs.created' end, case g.n when 1 then g.uids[1]::text end,
           p_actor, jsonb_build_object ('agent', g.agent, 'task', g.task)
             || case g.n when 1 then '{}' else jsonb_build_object ('n', g.n, 'jobs', g.uids[1:100]) end
    from (select m.agent, m.task, count (*) as n, array_agg (m.uid) as uids from m group by m.agent, m.task) g)
  select coalesce (array_agg (m.id), '{}') into made from m;
  perform job_queue_up (p_workspace, made);
  return query
  select r.n, j.id, j.uid, j.uid = uids[r.n]
  from jsonb_array_elements (requests) with ordinality as r (request, n)
  join lateral (
    select o.id, o.uid from jobs o where o.workspace_id = p_workspace and o.uid = uids[r.n]
    union all
    select o.id, o.uid from jobs o where o.workspace_id = p_workspace and o.agent = r.request->>'agent'
      and o.task = r.request->>'task' and o.idempotency_key = r.request->>'idempotency_key'
    limit 1) j on true
  order by r.n;
end $$;

-- For use inside other transitions.
create function job_add (p_workspace bigint, requests jsonb, p_actor text) returns setof jobs
language plpgsql as $$
declare
  ids bigint[];
begin
  select array_agg (p.id order by p.n) into ids from job_put (p_workspace, requests, p_actor) p;
  return query
  select j.* from unnest (ids) with ordinality u (id, n)
  cross join lateral (select * from jobs o where o.workspace_id = p_workspace and o.id = u.id limit 1) j order by u.n;
end $$;

create function job_enqueue (request jsonb, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  j jobs;
  p record;
begin
  select * into p from job_put (royal_workspace (), jsonb_build_array (request), p_actor);
  select * into j from jobs where workspace_id = royal_workspace () and id = p.id;
  return job_json (j);
end $$;

-- Thousands in one call. Returns their ids, in order.
create function job_enqueue_many (requests jsonb, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return (select coalesce (jsonb_agg (p.uid order by p.n), '[]') from job_put (royal_workspace (), requests, p_actor) p);
end $$;

-- Limits of agents and keys.

-- One transition at a time weighs the limits of an agent in a workspace. Who waits for several takes them in the order of their
-- workspaces and agents.
create function job_mutex (p_workspace bigint, p_agent text) returns void
language sql volatile as $$
  select pg_advisory_xact_lock (hashtextextended ('royal.jobs ' || p_workspace || ' ' || p_agent, 0));
$$;

create function job_mutex_try (p_workspace bigint, p_agent text) returns boolean
language sql volatile as $$
  select pg_try_advisory_xact_lock (hashtextextended ('royal.jobs ' || p_workspace || ' ' || p_agent, 0));
$$;

-- Sets aside the next place in a rate of `runs` in `per_s` seconds; when it is.
create function job_rate_take (p_workspace bigint, p_agent text, p_key text, p_rate jsonb) returns timestamptz
language plpgsql as $$
declare
  per_s constant double precision := (p_rate->>'per_s')::double precision;
  each constant interval := per_s / (p_rate->>'runs')::double precision * interval '1 second';
  at timestamptz;
begin
  insert into job_rates as r (workspace_id, agent, key, next_at)
  values (p_workspace, p_agent, p_key, clock_timestamp () + each)
  on conflict (workspace_id, agent, key) do update set next_at = greatest (r.next_at, clock_timestamp ()) + each
  returning next_at - per_s * interval '1 second' into at;
  return at;
end $$;

-- Of the jobs that were taken from the queue those that the limits let run now. The others are parked or put off.
-- p_limits is { concurrency?, key_concurrency?, rate?: { runs, per_s }, key_rate?: { runs, per_s } }. A concurrency key
-- without a limit lets one run at a time.
-- Nobody waits here, who may hold other agents' already: while another transition weighs these limits, they are put off.
create function job_admit (p_workspace bigint, p_agent text, p_jobs bigint[], p_paid bigint[], p_limits jsonb) returns bigint[]
language plpgsql as $$
declare
  most constant int := (p_limits->>'concurrency')::int;
  most_key constant int := coalesce ((p_limits->>'key_concurrency')::int, 1);
  running int;
  used jsonb;
  j record;
  admitted bigint[] := '{}';
  passed int := 0;
  at timestamptz;
  paid boolean;
begin
  if not job_mutex_try (p_workspace, p_agent) then
    insert into job_later select p_workspace, u.id, clock_timestamp () + interval '10 milliseconds',
      coalesce (u.id = any (p_paid), false) from unnest (p_jobs) u (id);
    return '{}';
  end if;
  select coalesce (sum (k.n), 0), coalesce (jsonb_object_agg (k.key, k.n) filter (where k.key is not null), '{}')
  into running, used
  from (
    select h.concurrency_key as key, count (*) as n
    from job_leases l cross join lateral unnest (l.jobs) u (id)
    cross join lateral (
      select o.concurrency_key from jobs o where o.workspace_id = l.workspace_id and o.id = u.id and o.state = 'queued'
      limit 1) h
    where l.workspace_id = p_workspace and l.agent = p_agent
    group by h.concurrency_key) k;
  for j in
    select o.id, o.concurrency_key, o.rate_key, job_rank (o.priority, o.run_at) as rank
    from unnest (p_jobs) with ordinality u (id, n)
    cross join lateral (select * from jobs o where o.workspace_id = p_workspace and o.id = u.id limit 1) o order by u.n
  loop
    paid := coalesce (j.id = any (p_paid), false);
    if running >= most then
      insert into job_parked values (p_workspace, p_agent, '', j.rank, j.id, paid);
      continue;
    end if;
    if coalesce ((used->>j.concurrency_key)::int, 0) >= most_key then
      insert into job_parked values (p_workspace, p_agent, j.concurrency_key, j.rank, j.id, paid);
      passed := passed + 1;
      continue;
    end if;
    at := case when not paid then greatest (
      case when p_limits ? 'rate' then job_rate_take (p_workspace, p_agent, '', p_limits->'rate') end,
      case when p_limits ? 'key_rate' and j.rate_key is not null
           then job_rate_take (p_workspace, p_agent, j.rate_key, p_limits->'key_rate') end) end;
    if at > clock_timestamp () then
      insert into job_later values (p_workspace, j.id, at, true);
      passed := passed + 1;
      continue;
    end if;
    admitted := admitted || j.id;
    running := running + 1;
    if j.concurrency_key is not null then
      used := jsonb_set (used, array[j.concurrency_key],
                         to_jsonb (coalesce ((used->>j.concurrency_key)::int, 0) + 1));
    end if;
  end loop;
  -- The agent's places that these could not take are for others.
  if least (passed, most - running) > 0 then
    perform job_unpark (p_workspace, p_agent, array_fill (''::text, array[least (passed, most - running)]));
  end if;
  return admitted;
end $$;

-- Lets as many as have ended of each key (and, as '', of the agent) into the queue again, where they are weighed anew.
create function job_unpark (p_workspace bigint, p_agent text, p_keys text[]) returns void
language plpgsql as $$
begin
  with gone as (
    delete from job_parked where ctid = any (array (
      select c.ctid from (select k as key, count (*) as n from unnest (p_keys) k where k is not null group by k) f
      cross join lateral (
        select p.ctid from job_parked p where p.workspace_id = p_workspace and p.agent = p_agent and p.key = f.key
        order by p.rank, p.job limit f.n) c))
    returning *)
  insert into job_queue select workspace_id, agent, rank, job, case when paid then 3 else 1 end from gone;
  if found then
    perform pg_notify ('royal_jobs', '');
  end if;
end $$;

-- Leasing.

-- Jobs whose time has come.
create function job_promote () returns void
language sql volatile as $$
  with due as (
    delete from job_later where ctid = any (array (
      select ctid from job_later where run_at <= now () order by run_at limit 1000 for update skip locked))
    returning *)
  insert into job_queue
  select j.workspace_id, j.agent, job_rank (j.priority, j.run_at), j.id,
         (j.concurrency_key is not null or j.rate_key is not null)::int + case when d.paid then 2 else 0 end
  from due d
  cross join lateral (select * from jobs o where o.workspace_id = d.workspace_id and o.id = d.job limit 1) j;
$$;

-- Leases up to p_capacities jobs of p_agents (same order), the highest rank first, workspaces taking turns: each has its
-- equal share, what one does not need goes to the others, and the odd one goes to the first after p_turns. An agent that is
-- paused there has none. p_limits holds
-- the limits of the agents that have any, by name, as job_admit() takes them.
create function job_lease (p_owner text, p_agents text[], p_capacities int[], p_turns bigint[], p_limits jsonb, p_lease_s int)
returns table (workspace_id bigint, workspace text, lease bigint, job bigint, uid uuid, agent text, task text, input jsonb,
               attempt int, context jsonb)
language plpgsql security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off as $$
#variable_conflict use_column
declare
  room int[] := p_capacities;
  w bigint := 0;
  a text collate "C" := '';
  at int;
  ready_ws bigint[] := '{}';
  ready_at int[] := '{}';
  p record;
  quota int;
  ids bigint[];
  paid bigint[];
  limited boolean;
  held bigint;
begin
  perform job_promote ();
  loop
    select q.workspace_id, q.agent into w, a from job_queue q
    where (q.workspace_id, q.agent) > (w, a) order by q.workspace_id, q.agent limit 1;
    exit when not found;
    at := array_position (p_agents, a);
    if at is not null then
      ready_ws := ready_ws || w;
      ready_at := ready_at || at;
    end if;
  end loop;
  for p in
    select r.w, r.at, s.name, p_agents[r.at] as agent, p_limits->p_agents[r.at] as limits, pass, count (*) over same as n,
           row_number () over (partition by r.at, pass order by r.w > p_turns[r.at] desc, r.w) as turn
    from generate_series (1, 2) pass, unnest (ready_ws, ready_at) r (w, at), workspaces s
    where s.workspace_id = r.w and not p_agents[r.at] = any (s.paused_agents)
    window same as (partition by r.at, pass)
    order by pass, r.at, turn
  loop
    continue when p.pass = 2 and p.n = 1;
    quota := least (room[p.at], case p.pass when 1 then p_capacities[p.at] / p.n
                                 + (p.turn <= p_capacities[p.at] % p.n)::int else room[p.at] end);
    continue when quota <= 0;
    with gone as (
      delete from job_queue q where q.ctid = any (array (
        select c.ctid from job_queue c where c.workspace_id = p.w and c.agent = p.agent
        order by c.rank, c.job limit quota for update skip locked))
      returning q.job, q.rank, q.flags)
    select array_agg (g.job order by g.rank, g.job), coalesce (bool_or (g.flags > 0), false),
           array_agg (g.job) filter (where g.flags > 1)
    into ids, limited, paid from gone g;
    limited := limited or p.limits is not null;
    if limited and ids is not null then
      ids := job_admit (p.w, p.agent, ids, paid, p.limits);
    end if;
    continue when ids is null or cardinality (ids) = 0;
    room[p.at] := room[p.at] - cardinality (ids);
    insert into job_leases (workspace_id, agent, owner, until, limited, open, jobs)
    values (p.w, p.agent, p_owner, now () + p_lease_s * interval '1 second', limited, cardinality (ids), ids)
    returning id into held;
    insert into outbox (workspace_id, kind, subject, actor, data, audited)
    select p.w, case cardinality (ids) when 1 then 'agent.started' else 'jobs.started' end,
           case cardinality (ids) when 1 then job_run (min (j.uid::text)::uuid, held)::text end, 'host',
           case cardinality (ids) when 1
           then jsonb_build_object ('agent', p.agent, 'task', min (j.task), 'job', min (j.uid::text), 'attempt',
                                    min (j.attempt) + 1)
           else jsonb_build_object ('agent', p.agent, 'n', cardinality (ids), 'jobs', array_agg (j.uid)) end, false
    from unnest (ids[1:100]) u (id)
    cross join lateral (select * from jobs o where o.workspace_id = p.w and o.id = u.id limit 1) j;
    return query
    select p.w, p.name, held, j.id, j.uid, j.agent, j.task, j.input, j.attempt + 1, j.context
    from unnest (ids) u (id)
    cross join lateral (select * from jobs o where o.workspace_id = p.w and o.id = u.id limit 1) j;
  end loop;
end $$;

-- Milliseconds until the next job is due; null when there is none.
create function job_next () returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select ceil (extract (epoch from run_at - clock_timestamp ()) * 1000)::bigint from job_later order by run_at limit 1;
$$;

-- Ends.

-- Tells the workflows whose step these jobs were.
create function job_tell (p_workspace bigint, p_jobs bigint[]) returns void
language plpgsql as $$
begin
  insert into workflow_inbox (workspace_id, step, kind, data)
  select j.workspace_id, (j.context->>'step')::bigint, 'job',
         jsonb_build_object ('job', j.uid, 'state', j.state, 'result', j.result, 'error', j.error)
  from unnest (p_jobs) u (id)
  cross join lateral (select * from jobs o where o.workspace_id = p_workspace and o.id = u.id limit 1) j
  where j.context->>'step' is not null;
  if found then
    perform pg_notify ('royal_workflows', '');
  end if;
end $$;

-- Ends successfully what is under leases of p_owner: parallel arrays, p_results a JSON array. Returns the places of those that
-- are not held any more.
create function job_complete (p_owner text, p_workspaces bigint[], p_leases bigint[], p_jobs bigint[], p_attempts int[],
  p_results jsonb) returns int[]
language plpgsql security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off as $$
#variable_conflict use_column
declare
  l record;
  n int;
  stepped bigint[];
  refused int[];
begin
  -- The leases stand still until this is committed.
  for l in
    select h.workspace_id, h.agent, h.limited
    from (select distinct r.w, r.lease from unnest (p_workspaces, p_leases) r (w, lease)) d
    join job_leases h on h.workspace_id = d.w and h.id = d.lease and h.owner = p_owner
    order by h.workspace_id, h.agent, h.id for update of h
  loop
    if l.limited then
      perform job_mutex (l.workspace_id, l.agent);
    end if;
  end loop;

  with ended as (
    update jobs j set state = 'completed', attempt = r.attempt, result = r.result, error = null, host = p_owner,
      lease = r.lease, started_at = h.started_at, finished_at = now ()
    from rows from (unnest (p_workspaces, p_leases, p_jobs, p_attempts), jsonb_array_elements (p_results))
         as r (w, lease, job, attempt, result)
    join job_leases h on h.workspace_id = r.w and h.id = r.lease and h.owner = p_owner
    where j.workspace_id = r.w and j.id = r.job and j.state = 'queued' and j.attempt = r.attempt - 1
    returning j.workspace_id, j.id, j.uid, j.agent, j.task, r.lease, j.context is not null as has_context,
              case when h.limited then coalesce (j.concurrency_key, '') end as key),
  counted as (
    select e.workspace_id, e.lease, count (*)::int as n from ended e group by e.workspace_id, e.lease),
  reduced as (
    update job_leases h set open = h.open - c.n from counted c
    where h.workspace_id = c.workspace_id and h.id = c.lease and h.open > c.n),
  gone as (
    delete from job_leases h using counted c where h.workspace_id = c.workspace_id and h.id = c.lease and h.open <= c.n),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data, audited)
    select g.workspace_id, case g.n when 1 then 'job.completed' else 'jobs.completed' end,
           case g.n when 1 then g.uids[1]::text end, 'host',
           jsonb_build_object ('agent', g.agent, 'task', g.task)
             || case g.n when 1 then jsonb_build_object ('run', job_run (g.uids[1], g.lease))
                         else jsonb_build_object ('n', g.n, 'jobs', g.uids[1:100]) end, false
    from (select e.workspace_id, e.agent, e.task, count (*) as n, array_agg (e.uid) as uids, min (e.lease) as lease
          from ended e group by e.workspace_id, e.agent, e.task) g),
  freed as (
    select e.workspace_id, e.agent, array_agg (e.key) || array_agg (''::text) as keys
    from ended e where e.key is not null group by e.workspace_id, e.agent)
  select (select count (*) from ended), (select array_agg (e.id) from ended e where e.has_context),
         (select count (job_unpark (f.workspace_id, f.agent, f.keys)) from freed f)
  into n, stepped;
  if stepped is not null then
    perform job_tell (w, stepped) from (select distinct w from unnest (p_workspaces) w) d;
  end if;
  if n = cardinality (p_jobs) then
    return null;
  end if;
  select array_agg (r.place - 1 order by r.place) into refused
  from unnest (p_workspaces, p_leases, p_jobs) with ordinality r (w, lease, job, place)
  where not exists (
    select from jobs j where j.workspace_id = r.w and j.id = r.job and j.state = 'completed' and j.lease = r.lease);
  return refused;
end $$;

-- Ends what has ended, then leases anew, in one transaction: first one row with `refused` when some were, then those of
-- job_lease().
create function job_turn (p_owner text, p_workspaces bigint[], p_leases bigint[], p_jobs bigint[], p_attempts int[],
  p_results jsonb, p_agents text[], p_capacities int[], p_turns bigint[], p_limits jsonb, p_lease_s int)
returns table (refused int[], workspace_id bigint, workspace text, lease bigint, job bigint, uid uuid, agent text, task text,
               input jsonb, attempt int, context jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  not_held int[];
begin
  if cardinality (p_jobs) > 0 then
    not_held := job_complete (p_owner, p_workspaces, p_leases, p_jobs, p_attempts, p_results);
    if not_held is not null then
      return query select not_held, null::bigint, null::text, null::bigint, null::bigint, null::uuid, null::text, null::text,
                          null::jsonb, null::int, null::jsonb;
    end if;
  end if;
  if cardinality (p_agents) > 0 then
    return query select null::int[], l.* from job_lease (p_owner, p_agents, p_capacities, p_turns, p_limits, p_lease_s) l;
  end if;
end $$;

-- Takes one job out of the lease that holds it, locked.
create function job_hold (p_owner text, p_lease bigint, p_job bigint, p_attempt int, out j jobs, out l job_leases)
language plpgsql as $$
begin
  select * into l from job_leases where workspace_id = royal_workspace () and id = p_lease for update;
  if l.limited then
    perform job_mutex (l.workspace_id, l.agent);
  end if;
  select * into j from jobs where workspace_id = royal_workspace () and id = p_job for update;
  if l.id is null or l.owner <> p_owner or not p_job = any (l.jobs) or j.state <> 'queued' or j.attempt <> p_attempt - 1 then
    raise exception 'job % is not held by % under lease %', coalesce (j.uid::text, p_job::text), p_owner, p_lease
      using errcode = 'RY409';
  end if;
  if l.open > 1 then
    update job_leases set open = open - 1, jobs = array_remove (jobs, p_job) where workspace_id = l.workspace_id and id = l.id;
  else
    delete from job_leases where workspace_id = l.workspace_id and id = l.id;
  end if;
  if l.limited then
    perform job_unpark (l.workspace_id, l.agent, array[j.concurrency_key, '']);
  end if;
end $$;

create function job_keep_run (j jobs, l job_leases, p_state text, p_error jsonb) returns void
language sql volatile as $$
  insert into runs (workspace_id, uid, job, attempt, host, state, error, started_at, finished_at)
  values (j.workspace_id, job_run (j.uid, l.id), j.id, j.attempt + 1, l.owner, p_state, p_error, l.started_at, now ());
$$;

-- p_error is { code, message }. A crash counts towards quarantine (three on one job). A failure that may be retried goes
-- back into the queue with exponential backoff and full jitter until its attempts are used up. Returns the new state.
create function job_fail (p_owner text, p_lease bigint, p_job bigint, p_attempt int, p_error jsonb, p_crashed boolean,
  p_retry boolean) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  h record;
  j jobs;
  poison constant int := 3;
  next_state text;
  wait_ms double precision;
begin
  select * into h from job_hold (p_owner, p_lease, p_job, p_attempt);
  j := h.j;
  next_state := case
    when j.cancel_requested then 'cancelled'
    when p_crashed and j.crashes + 1 >= poison then 'quarantined'
    when p_crashed or (p_retry and p_attempt < j.max_attempts) then 'queued'
    else 'dead' end;
  if next_state = 'queued' then
    wait_ms := random () * least (j.backoff_max_ms, j.backoff_ms * power (2, least (p_attempt - 1, 30)));
    perform job_keep_run (j, h.l, case when p_crashed then 'crashed' else 'failed' end, p_error);
    update jobs set error = p_error, attempt = p_attempt, crashes = crashes + p_crashed::int,
      run_at = clock_timestamp () + wait_ms * interval '1 millisecond'
    where workspace_id = j.workspace_id and id = j.id returning run_at into j.run_at;
    insert into job_later values (j.workspace_id, j.id, j.run_at, false);
    perform pg_notify ('royal_jobs', '');
  else
    update jobs set state = next_state, error = p_error, attempt = p_attempt, crashes = crashes + p_crashed::int,
      host = p_owner, lease = p_lease, started_at = (h.l).started_at, finished_at = now ()
    where workspace_id = j.workspace_id and id = j.id;
    if next_state <> 'cancelled' then
      insert into dead_letters values (j.workspace_id, j.id, j.agent);
    end if;
    perform job_tell (j.workspace_id, array[j.id]);
  end if;
  perform outbox_put (case next_state when 'queued' then 'job.retry' when 'cancelled' then 'job.cancelled'
                                      else 'job.failed' end, j.uid::text, 'host',
    jsonb_build_object ('agent', j.agent, 'task', j.task, 'run', job_run (j.uid, p_lease), 'state', next_state,
                        'error', p_error));
  return next_state;
end $$;

-- A job that its host gives back, as if it had never had it; p_begun keeps a trace of the run that was stopped.
create function job_return (p_owner text, p_lease bigint, p_job bigint, p_attempt int, p_begun boolean) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  h record;
begin
  select * into h from job_hold (p_owner, p_lease, p_job, p_attempt);
  if p_begun then
    perform job_keep_run (h.j, h.l, 'returned', null);
  end if;
  if (h.j).cancel_requested then
    update jobs set state = 'cancelled', finished_at = now () where workspace_id = (h.j).workspace_id and id = p_job;
    perform job_tell ((h.j).workspace_id, array[p_job]);
    return;
  end if;
  perform job_queue_up ((h.j).workspace_id, array[p_job]);
  perform pg_notify ('royal_jobs', '');
end $$;

-- Renews the leases in hand. One that is not among the rows is not held any more; `cancel`: these jobs are to be cancelled.
create function job_renew (p_owner text, p_workspaces bigint[], p_leases bigint[], p_lease_s int)
returns table (lease bigint, cancel bigint[])
language sql volatile security definer set search_path = public, pg_temp as $$
  with held as materialized (
    select o.workspace_id, o.id from job_leases o join unnest (p_workspaces, p_leases) r (w, id)
      on o.workspace_id = r.w and o.id = r.id
    where o.owner = p_owner order by o.workspace_id, o.agent, o.id for update of o)
  update job_leases l set until = now () + p_lease_s * interval '1 second'
  from held h where l.workspace_id = h.workspace_id and l.id = h.id
  returning l.id, (
    select array_agg (j.id) from jobs j
    where j.workspace_id = l.workspace_id and j.id = any (l.jobs) and j.state = 'queued' and j.cancel_requested);
$$;

-- Puts back jobs whose lease has run out; with p_own also those that this host held when it died. A run that was lost with
-- its host does not count as an attempt. Returns how many.
create function job_take_back (p_owner text, p_own boolean) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  l job_leases;
  p record;
  n int := 0;
  back bigint[];
  over bigint[];
begin
  for l in
    select * from job_leases where until <= now () or (p_own and owner = p_owner)
    order by workspace_id, agent, id limit 1000 for update skip locked
  loop
    if l.limited then
      perform job_mutex (l.workspace_id, l.agent);
    end if;
    delete from job_leases where workspace_id = l.workspace_id and id = l.id;
    with lost as (
      select * from jobs where workspace_id = l.workspace_id and id = any (l.jobs) and state = 'queued'
      order by id for update),
    kept as (
      insert into runs (workspace_id, uid, job, attempt, host, state, started_at, finished_at)
      select j.workspace_id, job_run (j.uid, l.id), j.id, j.attempt + 1, l.owner, 'lost', l.started_at, now () from lost j),
    changed as (
      update jobs j set state = case when j.cancel_requested then 'cancelled' else 'queued' end, attempt = j.attempt + 1,
        max_attempts = j.max_attempts + 1, run_at = now (),
        finished_at = case when j.cancel_requested then now () end
      from lost o where j.workspace_id = o.workspace_id and j.id = o.id returning j.id, j.uid, j.state),
    told as (
      insert into outbox (workspace_id, kind, subject, actor, data, audited)
      select l.workspace_id, case count (*) when 1 then 'job.retry' else 'jobs.retry' end,
             case count (*) when 1 then min (c.uid::text) end, 'host',
             jsonb_build_object ('agent', l.agent, 'reason', 'host lost')
               || case count (*) when 1 then '{}'
                  else jsonb_build_object ('n', count (*), 'jobs', (array_agg (c.uid))[1:100]) end, false
      from changed c having count (*) > 0)
    select coalesce (array_agg (c.id) filter (where c.state = 'queued'), '{}'),
           coalesce (array_agg (c.id) filter (where c.state = 'cancelled'), '{}') into back, over from changed c;
    perform job_queue_up (l.workspace_id, back);
    perform job_tell (l.workspace_id, over);
    n := n + cardinality (back);
  end loop;
  -- Whatever became of those they waited for.
  for p in select distinct workspace_id, agent, key from job_parked limit 1000 loop
    perform job_unpark (p.workspace_id, p.agent, array[p.key]);
  end loop;
  if n > 0 then
    perform pg_notify ('royal_jobs', '');
  end if;
  return n;
end $$;

-- A job that waits is cancelled at once, a running one as soon as its worker notices.
create function job_cancel (p_uid uuid, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare j jobs;
begin
  select * into j from jobs where workspace_id = royal_workspace () and uid = p_uid for update;
  if not found then
    raise exception 'no job %', p_uid using errcode = 'RY404';
  end if;
  if j.state <> 'queued' then
    raise exception 'job % is % already', p_uid, j.state using errcode = 'RY409';
  end if;
  if job_unqueue (j) then
    update jobs set cancel_requested = true, state = 'cancelled', finished_at = now ()
    where workspace_id = j.workspace_id and id = j.id returning * into j;
    perform job_tell (j.workspace_id, array[j.id]);
  else
    update jobs set cancel_requested = true where workspace_id = j.workspace_id and id = j.id returning * into j;
    perform pg_notify ('royal_jobs', 'cancel');
  end if;
  perform outbox_put ('job.cancelled', j.uid::text, p_actor, jsonb_build_object ('state', job_state (j)));
  return job_json (j);
end $$;

-- Dead letters.

create function dead_list (p_agent text, before_id bigint, batch int) returns table (cursor bigint, job jsonb)
language sql stable as $$
  select d.job, job_json (j) - case when octet_length (j.input::text) > 65536 then 'input' else '' end
  from dead_letters d join jobs j on j.workspace_id = d.workspace_id and j.id = d.job
  where d.workspace_id = royal_workspace () and (p_agent is null or d.agent = p_agent)
    and (before_id is null or d.job < before_id)
  order by d.job desc limit batch;
$$;

-- The dead letters named, or with null all those of an agent, or with that null too simply all; ten thousand at most. Locked.
create function dead_take (p_jobs uuid[], p_agent text) returns bigint[]
language plpgsql as $$
declare
  found_jobs bigint[];
begin
  select array_agg (t.id) into found_jobs from (
    select j.id from dead_letters d join jobs j on j.workspace_id = d.workspace_id and j.id = d.job
    where d.workspace_id = royal_workspace () and (p_agent is null or d.agent = p_agent)
      and (p_jobs is null or j.uid = any (p_jobs))
    order by j.id limit 10000 for update) t;
  if p_jobs is not null and cardinality (p_jobs) = 1 and found_jobs is null then
    raise exception 'job % is not a dead letter', p_jobs[1] using errcode = 'RY404';
  end if;
  delete from dead_letters where workspace_id = royal_workspace () and job = any (found_jobs);
  return coalesce (found_jobs, '{}');
end $$;

-- Gives dead letters as many attempts as they had. Returns how many.
create function dead_retry (p_jobs uuid[], p_agent text, p_actor text) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ids constant bigint[] := dead_take (p_jobs, p_agent);
begin
  -- The attempt that was the last word is so no more.
  insert into runs (workspace_id, uid, job, attempt, host, state, error, started_at, finished_at)
  select workspace_id, job_run (uid, lease), id, attempt, host, case state when 'quarantined' then 'crashed' else 'failed' end,
         error, started_at, finished_at
  from jobs where workspace_id = royal_workspace () and id = any (ids) and lease is not null;
  update jobs set state = 'queued', run_at = now (), crashes = 0, attempt = 0,
    host = null, lease = null, started_at = null, finished_at = null, cancel_requested = false
  where workspace_id = royal_workspace () and id = any (ids);
  perform job_queue_up (royal_workspace (), ids);
  insert into outbox (workspace_id, kind, subject, actor, data)
  select royal_workspace (), case count (*) when 1 then 'job.retried' else 'jobs.retried' end,
         case count (*) when 1 then min (uid::text) end, p_actor,
         jsonb_build_object ('n', count (*), 'jobs', (array_agg (uid))[1:100])
  from jobs where workspace_id = royal_workspace () and id = any (ids) having count (*) > 0;
  perform pg_notify ('royal_jobs', '');
  return cardinality (ids);
end $$;

create function dead_discard (p_jobs uuid[], p_agent text, p_actor text) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ids constant bigint[] := dead_take (p_jobs, p_agent);
begin
  update jobs set state = 'discarded' where workspace_id = royal_workspace () and id = any (ids);
  insert into outbox (workspace_id, kind, subject, actor, data)
  select royal_workspace (), case count (*) when 1 then 'job.discarded' else 'jobs.discarded' end,
         case count (*) when 1 then min (uid::text) end, p_actor,
         jsonb_build_object ('n', count (*), 'jobs', (array_agg (uid))[1:100])
  from jobs where workspace_id = royal_workspace () and id = any (ids) having count (*) > 0;
  return cardinality (ids);
end $$;

-- A dead letter's work with another input, as a new job: what the old one proposed stays the old one's. The old is discarded.
create function dead_edit (p_job uuid, p_input jsonb, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ids constant bigint[] := dead_take (array[p_job], null);
  old jobs;
  j jobs;
begin
  update jobs set state = 'discarded' where workspace_id = royal_workspace () and id = ids[1] returning * into old;
  select * into j from job_add (old.workspace_id, jsonb_build_array (jsonb_strip_nulls (jsonb_build_object (
    'agent', old.agent, 'task', old.task, 'priority', (array['low', 'normal', 'high', 'critical'])[old.priority + 1],
    'max_attempts', old.max_attempts, 'backoff_ms', old.backoff_ms, 'backoff_max_ms', old.backoff_max_ms,
    'concurrency_key', old.concurrency_key, 'rate_key', old.rate_key, 'context', old.context))
    || jsonb_build_object ('input', p_input)), p_actor);
  perform outbox_put ('job.edited', old.uid::text, p_actor, jsonb_build_object ('job', j.uid));
  return job_json (j);
end $$;

revoke execute on function job_put (bigint, jsonb, text), job_add (bigint, jsonb, text), job_complete (text, bigint[], bigint[],
  bigint[], int[], jsonb) from public;
