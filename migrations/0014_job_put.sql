-- SPDX-License-Identifier: Apache-2.0
-- Jobs are put in, and leased where there is room for them, in one transaction. What is called for each job or each turn is in
-- plpgsql, which keeps its plans: a function in SQL that is not inlined is planned each time that it is called.

create or replace function outbox_put (kind text, subject text, actor text, data jsonb, audited boolean default true) returns void
language plpgsql volatile as $$
begin
  insert into outbox (workspace_id, kind, subject, actor, data, audited)
  values (royal_workspace (), kind, subject, actor, coalesce (data, '{}'), audited);
end $$;

create or replace function job_run (p_job uuid, p_lease bigint) returns uuid
language plpgsql immutable as $$
declare
  h constant text := lpad (to_hex (p_lease), 12, '0');
begin
  return overlay (overlay (p_job::text placing substr (h, 1, 8) || '-' || substr (h, 9, 4) from 1 for 13)
                  placing '8' from 15 for 1)::uuid;
end $$;

create or replace function job_state (j jobs) returns text
language plpgsql stable as $$
begin
  return case when j.state = 'queued' and exists (
    select from job_leases l where l.workspace_id = j.workspace_id and j.id = any (l.jobs)) then 'leased' else j.state end;
end $$;

create or replace function job_runs (j jobs) returns jsonb
language plpgsql stable as $$
begin
  return (
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
      from job_leases l where j.state = 'queued' and l.workspace_id = j.workspace_id and j.id = any (l.jobs)) r);
end $$;

-- A job as people see it, of which state and runs are known.
create function job_json (j jobs, p_state text, p_runs jsonb) returns jsonb
language plpgsql stable as $$
begin
  return jsonb_build_object (
    'id', j.uid, 'agent', j.agent, 'task', j.task, 'input', j.input,
    'priority', (array['low', 'normal', 'high', 'critical'])[j.priority + 1], 'state', p_state,
    'run_at', iso_time (j.run_at), 'attempt', j.attempt + (p_state = 'leased')::int, 'max_attempts', j.max_attempts,
    'idempotency_key', j.idempotency_key, 'concurrency_key', j.concurrency_key, 'rate_key', j.rate_key,
    'result', j.result, 'error', j.error, 'created_by', j.created_by,
    'created_at', iso_time (j.created_at), 'finished_at', iso_time (j.finished_at),
    'runs', p_runs);
end $$;

create or replace function job_json (j jobs) returns jsonb
language plpgsql stable as $$
begin
  return job_json (j, job_state (j), job_runs (j));
end $$;

create or replace function job_queue_up (p_workspace bigint, p_jobs bigint[]) returns void
language plpgsql volatile as $$
begin
  with j as (
    select id, agent, priority, run_at, (concurrency_key is not null or rate_key is not null)::int as flags
    from jobs where workspace_id = p_workspace and id = any (p_jobs)),
  ready as (
    insert into job_queue select p_workspace, j.agent, job_rank (j.priority, j.run_at), j.id, j.flags
    from j where j.run_at <= now ())
  insert into job_later select p_workspace, j.id, j.run_at from j where j.run_at > now ();
end $$;

create or replace function job_mutex (p_workspace bigint, p_agent text) returns void
language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock (hashtextextended ('royal.jobs ' || p_workspace || ' ' || p_agent, 0));
end $$;

create or replace function job_promote () returns void
language plpgsql volatile as $$
begin
  if not exists (select from job_later where run_at <= now ()) then
    return;
  end if;
  with due as (
    delete from job_later where ctid = any (array (
      select ctid from job_later where run_at <= now () order by run_at limit 1000 for update skip locked))
    returning *)
  insert into job_queue
  select j.workspace_id, j.agent, job_rank (j.priority, j.run_at), j.id,
         (j.concurrency_key is not null or j.rate_key is not null)::int + case when d.paid then 2 else 0 end
  from due d
  cross join lateral (select * from jobs o where o.workspace_id = d.workspace_id and o.id = d.job limit 1) j;
end $$;

-- Putting jobs in. Who puts them in tells the listeners of royal_jobs: in its own way, because a transaction that tells holds
-- up all others that do until it is on the disk.

drop function job_put (bigint, jsonb, text), job_put_once (bigint, jsonb, text);

-- One of job_put()'s requests. `fresh` is false for a job that was there under its idempotency key. Without p_wait a new one is
-- left out of the queue.
create function job_put_one (p_workspace bigint, r jsonb, p_actor text, p_wait boolean, out j jobs, out fresh boolean)
language plpgsql as $$
begin
  loop
    insert into jobs (workspace_id, agent, task, input, priority, run_at, max_attempts, backoff_ms, backoff_max_ms,
      created_by, context, concurrency_key, rate_key, idempotency_key)
    values (p_workspace, r->>'agent', r->>'task', coalesce (nullif (r->'input', 'null'), '{}'),
      case r->>'priority' when 'low' then 0 when 'high' then 2 when 'critical' then 3 else 1 end,
      coalesce ((r->>'run_at')::timestamptz, now ()), coalesce ((r->>'max_attempts')::int, 3),
      coalesce ((r->>'backoff_ms')::int, 1000), coalesce ((r->>'backoff_max_ms')::int, 60000), p_actor,
      nullif (r->'context', 'null'), r->>'concurrency_key', r->>'rate_key', r->>'idempotency_key')
    on conflict (workspace_id, agent, task, idempotency_key) where idempotency_key is not null do nothing
    returning * into j;
    fresh := found;
    exit when fresh;
    select * into j from jobs o where o.workspace_id = p_workspace and o.agent = r->>'agent' and o.task = r->>'task'
      and o.idempotency_key = r->>'idempotency_key';
    exit when found;
  end loop;
  if not fresh or not p_wait then
    return;
  end if;
  if j.run_at <= now () then
    insert into job_queue
    values (p_workspace, j.agent, job_rank (j.priority, j.run_at), j.id,
            (j.concurrency_key is not null or j.rate_key is not null)::int);
  else
    insert into job_later values (p_workspace, j.id, j.run_at);
  end if;
end $$;

-- Tells of new jobs: of one by its name, of many by agent and task.
create function job_tell_put (p_workspace bigint, p_jobs bigint[], p_actor text) returns void
language plpgsql as $$
begin
  if cardinality (p_jobs) = 1 then
    insert into outbox (workspace_id, kind, subject, actor, data)
    select p_workspace, 'job.created', j.uid::text, p_actor, jsonb_build_object ('agent', j.agent, 'task', j.task)
    from jobs j where j.workspace_id = p_workspace and j.id = p_jobs[1];
  elsif cardinality (p_jobs) > 1 then
    insert into outbox (workspace_id, kind, subject, actor, data)
    select p_workspace, case g.n when 1 then 'job.created' else 'jobs.created' end, case g.n when 1 then g.uids[1]::text end,
           p_actor, jsonb_build_object ('agent', g.agent, 'task', g.task)
             || case g.n when 1 then '{}' else jsonb_build_object ('n', g.n, 'jobs', g.uids[1:100]) end
    from (
      select j.agent, j.task, count (*) as n, array_agg (j.uid) as uids
      from unnest (p_jobs) u (id)
      cross join lateral (select * from jobs o where o.workspace_id = p_workspace and o.id = u.id limit 1) j
      group by j.agent, j.task) g;
  end if;
end $$;

-- requests is an array of { agent, task, input?, priority?, run_at?, idempotency_key?, concurrency_key?, rate_key?,
-- max_attempts?, backoff_ms?, backoff_max_ms?, context? }. `n` is the place in it; `doc`, with p_docs, what job_json() tells.
-- A few go one by one: a statement for all of them at once costs as much as ten jobs before it has put in the first.
create function job_put (p_workspace bigint, requests jsonb, p_actor text, p_docs boolean default false)
returns table (n bigint, id bigint, uid uuid, fresh boolean, doc jsonb)
language plpgsql security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  count_all constant int := jsonb_array_length (requests);
  one record;
  made bigint[] := '{}';
begin
  if count_all = 0 then
    return;
  end if;
  perform job_bound (p_workspace, count_all);
  if count_all > 8 and not p_docs and not requests @? '$[*].idempotency_key ? (@ <> null)' then
    return query select b.n, b.id, b.uid, true, null::jsonb from job_put_bulk (p_workspace, requests, p_actor) b;
    return;
  end if;
  for i in 1 .. count_all loop
    one := job_put_one (p_workspace, requests->(i - 1), p_actor, true);
    if one.fresh then
      made := made || (one.j).id;
    end if;
    n := i;
    id := (one.j).id;
    uid := (one.j).uid;
    fresh := one.fresh;
    doc := case when p_docs and one.fresh then job_json (one.j, 'queued', '[]') when p_docs then job_json (one.j) end;
    return next;
  end loop;
  perform job_tell_put (p_workspace, made, p_actor);
end $$;

-- job_put() of many that have no idempotency key.
create function job_put_bulk (p_workspace bigint, requests jsonb, p_actor text) returns table (n bigint, id bigint, uid uuid)
language plpgsql as $$
#variable_conflict use_column
declare
  head constant bytea := substring (int8send (floor (extract (epoch from clock_timestamp ()) * 1000)::bigint) from 3);
begin
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
    insert into outbox (workspace_id, kind, actor, data)
    select p_workspace, 'jobs.created', p_actor,
           jsonb_build_object ('agent', g.agent, 'task', g.task, 'n', g.n, 'jobs', g.uids[1:100])
    from (select m.agent, m.task, count (*) as n, array_agg (m.uid) as uids from made m group by m.agent, m.task) g)
  select row_number () over (), m.id, m.uid from made m;
end $$;
revoke execute on function job_put_one (bigint, jsonb, text, boolean), job_put (bigint, jsonb, text, boolean),
  job_put_bulk (bigint, jsonb, text), job_tell_put (bigint, bigint[], text) from public;

create or replace function job_add (p_workspace bigint, requests jsonb, p_actor text) returns setof jobs
language plpgsql as $$
declare
  ids bigint[];
begin
  select array_agg (p.id order by p.n) into ids from job_put (p_workspace, requests, p_actor) p;
  perform pg_notify ('royal_jobs', '');
  return query
  select j.* from unnest (ids) with ordinality u (id, n)
  cross join lateral (select * from jobs o where o.workspace_id = p_workspace and o.id = u.id limit 1) j order by u.n;
end $$;

create or replace function job_enqueue (request jsonb, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  j jobs;
begin
  select * into j from job_add (royal_workspace (), jsonb_build_array (request), p_actor);
  return job_json (j);
end $$;

create or replace function job_enqueue_many (requests jsonb, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform pg_notify ('royal_jobs', '');
  return (select coalesce (jsonb_agg (p.uid order by p.n), '[]') from job_put (royal_workspace (), requests, p_actor) p);
end $$;

-- Leasing.

-- Hands jobs that are in no queue to a host: under one lease, which is told.
create function job_hand (p_workspace bigint, p_agent text, p_owner text, p_jobs bigint[], p_limited boolean, p_lease_s int)
returns table (lease bigint, job bigint, uid uuid, agent text, task text, input jsonb, attempt int, context jsonb)
language plpgsql as $$
#variable_conflict use_column
declare
  held bigint;
begin
  insert into job_leases (workspace_id, agent, owner, until, limited, open, jobs)
  values (p_workspace, p_agent, p_owner, now () + p_lease_s * interval '1 second', p_limited, cardinality (p_jobs), p_jobs)
  returning id into held;
  if cardinality (p_jobs) = 1 then
    select held, o.id, o.uid, o.agent, o.task, o.input, o.attempt + 1, o.context
    into lease, job, uid, agent, task, input, attempt, context
    from jobs o where o.workspace_id = p_workspace and o.id = p_jobs[1];
    insert into outbox (workspace_id, kind, subject, actor, data, audited)
    values (p_workspace, 'agent.started', job_run (uid, held)::text, 'host',
            jsonb_build_object ('agent', agent, 'task', task, 'job', uid, 'attempt', attempt), false);
    return next;
    return;
  end if;
  insert into outbox (workspace_id, kind, actor, data, audited)
  select p_workspace, 'jobs.started', 'host',
         jsonb_build_object ('agent', p_agent, 'n', cardinality (p_jobs), 'jobs', array_agg (j.uid)), false
  from unnest (p_jobs[1:100]) u (id)
  cross join lateral (select * from jobs o where o.workspace_id = p_workspace and o.id = u.id limit 1) j;
  return query
  select held, j.id, j.uid, j.agent, j.task, j.input, j.attempt + 1, j.context
  from unnest (p_jobs) u (id)
  cross join lateral (select * from jobs o where o.workspace_id = p_workspace and o.id = u.id limit 1) j;
end $$;
revoke execute on function job_hand (bigint, text, text, bigint[], boolean, int) from public;

-- Leases up to p_capacities jobs of p_agents (same order), the highest rank first, workspaces taking turns: each has its
-- equal share, what one does not need goes to the others, and the odd one goes to the first after p_turns. An agent that is
-- paused there has none. p_limits holds the limits of the agents that have any, by name, as job_admit() takes them.
create or replace function job_lease (p_owner text, p_agents text[], p_capacities int[], p_turns bigint[], p_limits jsonb, p_lease_s int)
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
    return query
    select p.w, p.name, h.* from job_hand (p.w, p.agent, p_owner, ids, limited, p_lease_s) h;
  end loop;
end $$;

-- The workspace's name when a request need not wait there: nobody does, its agent has room where it came in, and nothing limits
-- it. Null when it must.
create function job_at_once (p_workspace bigint, r jsonb, p_agents text[], p_capacities int[], p_limits jsonb) returns text
language plpgsql stable set enable_seqscan = off as $$
declare
  a constant text := r->>'agent';
begin
  if p_capacities[array_position (p_agents, a)] > 0 and not coalesce (p_limits ? a, false)
    and coalesce (r->>'run_at', r->>'idempotency_key', r->>'concurrency_key', r->>'rate_key') is null
    and not exists (select from job_queue)
  then
    return (select s.name from workspaces s where s.workspace_id = p_workspace and not a = any (s.paused_agents));
  end if;
  return null;
end $$;

-- Ends what has ended, puts in what is asked for, then leases, in one transaction: first one row with `refused` when some of the
-- ended were not held; one with `put` when jobs are put in, what job_json() tells of each before any is leased; then those of
-- job_lease(). Other hosts are told of what was put in unless this one leased all of it.
drop function job_turn (text, bigint[], bigint[], bigint[], int[], jsonb, text[], int[], bigint[], jsonb, int);
create function job_turn (p_owner text, p_workspaces bigint[], p_leases bigint[], p_jobs bigint[], p_attempts int[],
  p_results jsonb, p_workspace bigint, p_actor text, p_requests jsonb, p_agents text[], p_capacities int[], p_turns bigint[],
  p_limits jsonb, p_lease_s int)
returns table (refused int[], put jsonb, workspace_id bigint, workspace text, lease bigint, job bigint, uid uuid, agent text,
               task text, input jsonb, attempt int, context jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  made bigint[];
  at_once text;
  one record;
  j jobs;
  leased bigint[] := '{}';
begin
  if cardinality (p_jobs) > 0 then
    refused := job_complete (p_owner, p_workspaces, p_leases, p_jobs, p_attempts, p_results);
    if refused is not null then
      return next;
      refused := null;
    end if;
  end if;
  if p_requests is null then
    if cardinality (p_agents) > 0 then
      return query
      select null::int[], null::jsonb, l.* from job_lease (p_owner, p_agents, p_capacities, p_turns, p_limits, p_lease_s) l;
    end if;
    return;
  end if;
  if jsonb_array_length (p_requests) = 1 then
    at_once := job_at_once (p_workspace, p_requests->0, p_agents, p_capacities, p_limits);
  end if;
  if at_once is not null then
    one := job_put_one (p_workspace, p_requests->0, p_actor, false);
    j := one.j;
    put := jsonb_build_array (job_json (j, 'queued', '[]'));
    return next;
    put := null;
    insert into job_leases (workspace_id, agent, owner, until, limited, open, jobs)
    values (p_workspace, j.agent, p_owner, now () + p_lease_s * interval '1 second', false, 1, array[j.id])
    returning id into lease;
    insert into outbox (workspace_id, kind, subject, actor, data, audited)
    values (p_workspace, 'job.created', j.uid::text, p_actor, jsonb_build_object ('agent', j.agent, 'task', j.task), true),
           (p_workspace, 'agent.started', job_run (j.uid, lease)::text, 'host',
            jsonb_build_object ('agent', j.agent, 'task', j.task, 'job', j.uid, 'attempt', 1), false);
    workspace_id := p_workspace;
    workspace := at_once;
    job := j.id;
    uid := j.uid;
    agent := j.agent;
    task := j.task;
    input := j.input;
    attempt := 1;
    context := j.context;
    return next;
    return;
  end if;
  select jsonb_agg (p.doc order by p.n), array_agg (p.id) into put, made
  from job_put (p_workspace, p_requests, p_actor, true) p;
  return next;
  put := null;
  if cardinality (p_agents) > 0 then
    for workspace_id, workspace, lease, job, uid, agent, task, input, attempt, context in
      select * from job_lease (p_owner, p_agents, p_capacities, p_turns, p_limits, p_lease_s)
    loop
      leased := leased || job;
      return next;
    end loop;
  end if;
  if not made <@ leased then
    perform pg_notify ('royal_jobs', '');
  end if;
end $$;
