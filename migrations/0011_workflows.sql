-- SPDX-License-Identifier: Apache-2.0
-- Workflows: definitions by their hash, runs, steps; simulations.
--
-- A run's rows are its whole state. A host reads what has something to do (workflow_work), works out the next turn from the
-- definition and those rows alone, and commits it (workflow_commit) if nobody else has meanwhile: each run has a version,
-- and a turn names the one that it was made from. So any number of hosts may race, and each turn happens once.

create table workflow_definitions (
  workspace_id bigint not null references workspaces,
  hash text not null check (length (hash) = 64 and hash !~ '[^0-9a-f]'),
  name text not null,
  document jsonb not null,
  in_force boolean not null default false,
  created_at timestamptz not null default now (),
  primary key (workspace_id, hash));
create unique index workflow_definitions_in_force on workflow_definitions (workspace_id, name) where in_force;
call royal_protect ('workflow_definitions', 'select');

create table workflow_runs (
  workspace_id bigint not null references workspaces,
  id bigint generated always as identity,
  uid uuid not null default uuid_v7 (),
  workflow text not null,
  hash text not null,
  state text not null default 'running' check (state in ('running', 'waiting', 'compensating', 'completed', 'failed',
                                                         'cancelled')),
  version int not null default 1,
  input jsonb not null default '{}',
  key text check (length (key) between 1 and 200),
  parent bigint,          -- the step of another run that called it
  depth int not null default 0,
  simulate jsonb,         -- null: it is real; else what the simulation assumes
  context jsonb,          -- what travels on with its jobs
  stop jsonb,             -- a person's wish that it ends: { by, compensate }
  result jsonb,
  error jsonb,
  due_at timestamptz,     -- when it has something to do by itself
  held_until timestamptz, -- a turn could not be committed
  since_event bigint not null default 0,
  created_by text not null,
  created_at timestamptz not null default now (),
  finished_at timestamptz,
  primary key (workspace_id, id),
  unique (uid, workspace_id));
create unique index workflow_runs_once on workflow_runs (workspace_id, workflow, key) where key is not null;
create index workflow_runs_due on workflow_runs (due_at) where due_at is not null;
create index workflow_runs_state on workflow_runs (workspace_id, state, id);
call royal_protect ('workflow_runs', 'select');

-- A step of a run. `path` names it: its id, below each map that it stands in as `map[3].id`; what compensates it has `~` in
-- front. A step that is retried is superseded by a row of its own.
create table workflow_steps (
  workspace_id bigint not null,
  id bigint generated always as identity,
  run bigint not null,
  path text not null,
  kind text not null,
  state text not null check (state in ('running', 'waiting', 'completed', 'failed', 'skipped', 'cancelled')),
  attempt int not null default 1,
  superseded boolean not null default false,
  job uuid,
  child uuid,
  waits_for jsonb,
  data jsonb,
  result jsonb,
  error jsonb,
  due_at timestamptz,
  started_at timestamptz not null default clock_timestamp (),
  ended_at timestamptz,
  primary key (workspace_id, id));
create unique index workflow_steps_path on workflow_steps (workspace_id, run, path) where not superseded;
create index workflow_steps_run on workflow_steps (workspace_id, run);
call royal_protect ('workflow_steps', 'select');

-- Besides jobs and proposals a step is told of events, of the end of the run that it called, and of a person's choice.
alter table workflow_inbox drop constraint workflow_inbox_kind_check;
alter table workflow_inbox add constraint workflow_inbox_kind_check
  check (kind in ('job', 'proposal', 'event', 'run', 'choice'));
create index workflow_inbox_order on workflow_inbox (id);
create index workflow_inbox_step on workflow_inbox (workspace_id, step);

create index proposals_step on proposals (workspace_id, ((context->>'step')::bigint)) where context ? 'step';

-- Steps that wait for an event; `seen` is how far the events were compared with them, under its lock.
create table workflow_waits (
  workspace_id bigint not null,
  step bigint not null,
  kind text not null,
  subject text,
  after_event bigint not null,
  primary key (workspace_id, step));
create index workflow_waits_kind on workflow_waits (workspace_id, kind, subject);
call royal_protect ('workflow_waits', 'select');

create table workflow_cursor (
  single boolean primary key default true check (single),
  seen bigint not null default 0);
insert into workflow_cursor default values;
alter table workflow_cursor enable row level security;
alter table workflow_cursor force row level security;
create policy owner on workflow_cursor to current_user using (true) with check (true);

-- What a simulated run would have proposed, as it was assessed and decided.
create table simulation_notes (
  workspace_id bigint not null,
  id bigint generated always as identity,
  simulation uuid not null,
  step bigint,
  key text,
  note jsonb not null,
  at timestamptz not null default clock_timestamp (),
  primary key (workspace_id, id));
create unique index simulation_notes_once on simulation_notes (workspace_id, simulation, key) where key is not null;
create index simulation_notes_order on simulation_notes (workspace_id, simulation, id);
create index simulation_notes_step on simulation_notes (workspace_id, step);
call royal_protect ('simulation_notes', 'select');

create function workflow_is_over (p_state text) returns boolean
language sql immutable parallel safe
return p_state in ('completed', 'failed', 'cancelled');

-- The last event that was told of; what comes after it is news to a run.
create function workflow_last_event () returns bigint
language sql stable security definer set search_path = public, pg_temp
return (select last_event from journal);

create function workflow_step_json (s workflow_steps) returns jsonb
language sql stable as $$
  select jsonb_strip_nulls (jsonb_build_object (
    'path', s.path, 'kind', s.kind, 'state', s.state, 'attempt', s.attempt, 'superseded', nullif (s.superseded, false),
    'job', s.job, 'run', s.child, 'waits_for', s.waits_for, 'until', iso_time (s.due_at), 'started_at', iso_time (s.started_at),
    'ended_at', iso_time (s.ended_at))) || jsonb_build_object ('result', s.result, 'error', s.error);
$$;

-- A run as lists have it: what it does now, since when, and what it waits for.
create function workflow_run_brief (r workflow_runs) returns jsonb
language sql stable as $$
  select jsonb_build_object (
    'id', r.uid, 'workflow', r.workflow, 'hash', r.hash, 'state', r.state, 'simulated', r.simulate is not null,
    'parent', (select p.uid from workflow_steps s join workflow_runs p on p.workspace_id = s.workspace_id and p.id = s.run
               where s.workspace_id = r.workspace_id and s.id = r.parent),
    'error', r.error, 'created_by', r.created_by, 'created_at', iso_time (r.created_at),
    'finished_at', iso_time (r.finished_at),
    'now', coalesce ((
      select jsonb_agg (jsonb_strip_nulls (jsonb_build_object ('step', s.path, 'kind', s.kind, 'state', s.state,
               'since', iso_time (s.started_at), 'waits_for', s.waits_for, 'until', iso_time (s.due_at), 'job', s.job,
               'run', s.child)) order by s.id)
      from (select * from workflow_steps s where s.workspace_id = r.workspace_id and s.run = r.id and not s.superseded
              and s.state in ('running', 'waiting') and s.kind not in ('parallel', 'map', 'branch') order by s.id limit 20) s),
      '[]'));
$$;

create function workflow_run_json (r workflow_runs) returns jsonb
language sql stable as $$
  select workflow_run_brief (r) || jsonb_build_object (
    'input', r.input, 'result', r.result,
    'progress', (
      select jsonb_build_object ('ended', count (*) filter (where s.state not in ('running', 'waiting')), 'begun', count (*))
      from workflow_steps s where s.workspace_id = r.workspace_id and s.run = r.id and not s.superseded),
    'steps', coalesce ((
      select jsonb_agg (workflow_step_json (s) order by s.id)
      from (select * from workflow_steps s where s.workspace_id = r.workspace_id and s.run = r.id order by s.id limit 2000) s),
      '[]'),
    'definition', (select d.document from workflow_definitions d where d.workspace_id = r.workspace_id and d.hash = r.hash));
$$;

create function workflow_get (p_uid uuid) returns jsonb
language plpgsql stable as $$
declare r workflow_runs;
begin
  select * into r from workflow_runs where workspace_id = royal_workspace () and uid = p_uid;
  if not found then
    raise exception 'no run % of a workflow', p_uid using errcode = 'RY404';
  end if;
  return workflow_run_json (r);
end $$;

-- Newest first; simulations are not among them.
create function workflow_list (states text[], before_id bigint, batch int)
returns table (cursor bigint, run jsonb)
language sql stable as $$
  select r.id, workflow_run_brief (r) from workflow_runs r
  where r.workspace_id = royal_workspace () and (states is null or r.state = any (states)) and r.simulate is null
    and (before_id is null or r.id < before_id)
  order by r.id desc limit batch;
$$;

-- The definitions that new runs follow in this workspace: [{ name, hash, document }]. What is told of is what is new.
create function workflow_loaded (p_definitions jsonb, p_actor text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare ws constant bigint := royal_workspace ();
begin
  perform pg_advisory_xact_lock (hashtext ('workflow_loaded'), ws::int);
  with given as (select * from jsonb_to_recordset (p_definitions) as g (name text, hash text, document jsonb)),
  old as (
    update workflow_definitions d set in_force = false
    where d.workspace_id = ws and d.in_force and not exists (select from given g where g.hash = d.hash))
  insert into outbox (workspace_id, kind, subject, actor, data)
  select ws, 'workflow.loaded', g.name, p_actor, jsonb_build_object ('hash', g.hash)
  from given g
  where not exists (select from workflow_definitions d where d.workspace_id = ws and d.hash = g.hash and d.in_force);
  insert into workflow_definitions (workspace_id, hash, name, document, in_force)
  select ws, g.hash, g.name, g.document, true
  from jsonb_to_recordset (p_definitions) as g (name text, hash text, document jsonb)
  on conflict (workspace_id, hash) do update set in_force = true where not workflow_definitions.in_force;
end $$;

-- Makes a run; its first turn is due at once.
create function workflow_begin (p_workspace bigint, p_name text, p_hash text, p_document jsonb, p_input jsonb, p_actor text,
  p_key text, p_simulate jsonb, p_context jsonb, p_parent bigint, p_depth int) returns workflow_runs
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare r workflow_runs;
begin
  insert into workflow_definitions (workspace_id, hash, name, document) values (p_workspace, p_hash, p_name, p_document)
  on conflict do nothing;
  insert into workflow_runs (workspace_id, workflow, hash, input, key, parent, depth, simulate, context, due_at, since_event,
    created_by)
  values (p_workspace, p_name, p_hash, coalesce (p_input, '{}'), p_key, p_parent, p_depth, p_simulate, p_context, now (),
    workflow_last_event (), p_actor)
  on conflict (workspace_id, workflow, key) where key is not null do nothing
  returning * into r;
  if not found then
    select * into r from workflow_runs where workspace_id = p_workspace and workflow = p_name and key = p_key;
    return r;
  end if;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (p_workspace, 'workflow.started', r.uid::text, p_actor,
          jsonb_build_object ('workflow', p_name, 'hash', p_hash, 'simulated', p_simulate is not null));
  perform pg_notify ('royal_workflows', '');
  return r;
end $$;

-- The same key starts the same run.
create function workflow_start (p_name text, p_hash text, p_document jsonb, p_input jsonb, p_actor text, p_key text,
  p_simulate jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return workflow_run_json (workflow_begin (royal_workspace (), p_name, p_hash, p_document, p_input, p_actor, p_key,
                                            p_simulate, null, null, 0));
end $$;

-- For use inside other transitions: starts what is in force under that name. p_context travels on with its jobs.
create function workflow_add (p_workspace bigint, p_name text, p_input jsonb, p_actor text, p_key text, p_context jsonb)
returns workflow_runs
language plpgsql security definer set search_path = public, pg_temp as $$
declare d workflow_definitions;
begin
  select * into d from workflow_definitions where workspace_id = p_workspace and name = p_name and in_force;
  if not found then
    raise exception 'no workflow is named %', p_name using errcode = 'RY404';
  end if;
  return workflow_begin (p_workspace, d.name, d.hash, d.document, p_input, p_actor, p_key, null, p_context, null, 0);
end $$;

-- Of a simulation, what became of its proposals: people approve, and what is approved works.
create function workflow_assumed (r workflow_runs) returns jsonb
language sql stable as $$
  select coalesce (jsonb_agg (jsonb_build_object ('step', s.id, 'id', n.id::text,
           'state', case n.note->>'decision' when 'deny' then 'denied' else 'executed' end) order by n.id), '[]')
  from workflow_steps s join simulation_notes n on n.workspace_id = s.workspace_id and n.step = s.id
  where s.workspace_id = r.workspace_id and s.run = r.id;
$$;

-- What a turn is made from. The definition is left out where the host knows it.
create function workflow_snapshot (r workflow_runs, p_known text[]) returns jsonb
language sql stable as $$
  select jsonb_build_object (
    'ws', r.workspace_id, 'id', r.id, 'uid', r.uid, 'workflow', r.workflow, 'hash', r.hash, 'state', r.state,
    'version', r.version, 'input', r.input, 'depth', r.depth, 'simulate', r.simulate, 'stop', r.stop, 'error', r.error,
    'created_at', iso_time (r.created_at), 'created_by', r.created_by,
    'now_us', floor (extract (epoch from clock_timestamp ()) * 1000000)::bigint,
    'document', case when r.hash <> all (p_known) then (
      select d.document from workflow_definitions d where d.workspace_id = r.workspace_id and d.hash = r.hash) end,
    'steps', coalesce ((
      select jsonb_agg (jsonb_build_object ('id', s.id, 'path', s.path, 'kind', s.kind, 'state', s.state,
               'attempt', s.attempt, 'job', s.job, 'child', s.child, 'waits_for', s.waits_for, 'data', s.data, 'result', s.result,
               'error', s.error, 'due_us', floor (extract (epoch from s.due_at) * 1000000)::bigint,
               'order', s.row_number, 'size', octet_length (s.result::text)) order by s.id)
      from (select *, row_number () over (order by s.ended_at, s.id) from workflow_steps s
            where s.workspace_id = r.workspace_id and s.run = r.id and not s.superseded) s), '[]'),
    'attempts', coalesce ((
      select jsonb_object_agg (s.path, s.n) from (
        select s.path, count (*) as n from workflow_steps s
        where s.workspace_id = r.workspace_id and s.run = r.id and s.superseded group by s.path) s), '{}'),
    'inbox', coalesce ((
      select jsonb_agg (jsonb_build_object ('id', i.id, 'step', i.step, 'kind', i.kind, 'data', i.data) order by i.id)
      from workflow_steps s join workflow_inbox i on i.workspace_id = s.workspace_id and i.step = s.id
      where s.workspace_id = r.workspace_id and s.run = r.id), '[]'),
    'proposals', case when r.simulate is not null then workflow_assumed (r) else coalesce ((
      select jsonb_agg (jsonb_build_object ('step', s.id, 'id', p.uid, 'state', p.state,
        'supersedes', (select o.uid from proposals o where o.workspace_id = p.workspace_id and o.id = p.supersedes),
        'followed', exists (select from proposals n where n.workspace_id = p.workspace_id and n.supersedes = p.id),
        'revising', p.state in ('superseded', 'pending') and exists (
          select from jobs j where j.workspace_id = p.workspace_id and j.context->>'revises' = p.uid::text
            and j.state in ('queued', 'leased'))) order by p.id)
      from workflow_steps s
      join proposals p on p.workspace_id = s.workspace_id and (p.context->>'step')::bigint = s.id
      where s.workspace_id = r.workspace_id and s.run = r.id and p.context ? 'step' and p.kind = 'apply'), '[]') end);
$$;

-- Runs that have something to do: told of something, or due. What was told to a run that is over is thrown away.
create function workflow_work (p_known text[], p_batch int) returns table (snapshot jsonb)
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
begin
  delete from workflow_inbox i using (
    select o.workspace_id, o.id
    from (select * from workflow_inbox order by id limit 1000 for update skip locked) o
    left join workflow_steps s on s.workspace_id = o.workspace_id and s.id = o.step
    left join workflow_runs r on r.workspace_id = s.workspace_id and r.id = s.run
    where r.id is null or workflow_is_over (r.state)) gone
  where i.workspace_id = gone.workspace_id and i.id = gone.id;
  return query
  with told as (
    select distinct s.workspace_id, s.run
    from (select i.workspace_id, i.step from workflow_inbox i order by i.id limit 1000) i
    join workflow_steps s on s.workspace_id = i.workspace_id and s.id = i.step),
  due as (
    select r.workspace_id, r.id from workflow_runs r where r.due_at <= now () order by r.due_at limit p_batch)
  select workflow_snapshot (r, p_known)
  from (select workspace_id, run as id from told union select workspace_id, id from due) c
  join workflow_runs r on r.workspace_id = c.workspace_id and r.id = c.id
  where (r.held_until is null or r.held_until <= now ()) and not workflow_is_over (r.state)
  order by r.workspace_id, r.id limit p_batch;
end $$;

-- Milliseconds until a run is due; null when none is.
create function workflow_next () returns bigint
language sql stable security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
  select greatest (ceil (extract (epoch from r.due_at - now ()) * 1000), 0)::bigint
  from workflow_runs r where r.due_at is not null order by r.due_at limit 1;
$$;

-- Whether an event tells of a simulation alone: nothing real is to follow from that.
create function event_is_simulated (p_workspace bigint, p_kind text, p_subject text, p_data jsonb) returns boolean
language plpgsql stable as $$
declare
  told constant jsonb := case when p_kind ~ '^jobs\.' then p_data->'jobs'
                              else jsonb_build_array (coalesce (p_data->>'job', p_subject)) end;
  uids constant uuid[] := array (
    select u::uuid from jsonb_array_elements_text (case jsonb_typeof (told) when 'array' then told else '[]' end) u
    where u ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
begin
  return case
    when uids = '{}' then false
    when p_kind ~ '^workflow\.' then exists (
      select from workflow_runs r where r.uid = uids[1] and r.workspace_id = p_workspace and r.simulate is not null)
    when p_kind ~ '^(job|jobs|agent)\.' then not exists (
      select from unnest (uids) u where not exists (
        select from jobs j where j.uid = u and j.workspace_id = p_workspace and j.context ? 'simulate'))
    else false end;
end $$;

-- An event that a step waits for from now on, or since its run began.
create function workflow_listen (p_workspace bigint, p_step bigint, p_wait jsonb, p_since bigint) returns void
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  last constant bigint := workflow_last_event ();
  after constant bigint := case when p_wait->>'since' = 'start' then p_since else last end;
  seen_to bigint;
begin
  select c.seen into seen_to from workflow_cursor c for update;
  if not exists (select from workflow_waits) then
    update workflow_cursor set seen = last;
    seen_to := last;
  end if;
  insert into workflow_waits (workspace_id, step, kind, subject, after_event)
  values (p_workspace, p_step, p_wait->>'kind', p_wait->>'subject', after)
  on conflict (workspace_id, step) do update set kind = excluded.kind, subject = excluded.subject,
    after_event = excluded.after_event;
  insert into workflow_inbox (workspace_id, step, kind, data)
  select p_workspace, p_step, 'event', jsonb_build_object ('id', e.id, 'kind', e.kind, 'subject', e.subject, 'actor', e.actor,
                                                          'at', iso_time (e.at), 'data', e.data)
  from events e
  where e.workspace_id = p_workspace and e.id > after and e.id <= seen_to and e.kind = p_wait->>'kind'
    and (p_wait->>'subject' is null or e.subject = p_wait->>'subject')
    and not event_is_simulated (e.workspace_id, e.kind, e.subject, e.data)
  order by e.id limit 1000;
  perform pg_notify ('royal_workflows', 'events');
end $$;

-- Tells steps of the events that they wait for. Returns whether any waits for one.
create function workflow_match () returns boolean
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  seen_from bigint;
  seen_to bigint;
  n int;
begin
  if not exists (select from workflow_waits) then
    return false;
  end if;
  select c.seen into seen_from from workflow_cursor c for update;
  select least (j.last_event, seen_from + 10000) into seen_to from journal j;
  if seen_to <= seen_from then
    return true;
  end if;
  insert into workflow_inbox (workspace_id, step, kind, data)
  select w.workspace_id, w.step, 'event', jsonb_build_object ('id', e.id, 'kind', e.kind, 'subject', e.subject, 'actor', e.actor,
                                                             'at', iso_time (e.at), 'data', e.data)
  from workspaces x
  cross join lateral (
    select * from events e where e.workspace_id = x.workspace_id and e.id > seen_from and e.id <= seen_to) e
  join workflow_waits w on w.workspace_id = e.workspace_id and w.kind = e.kind and e.id > w.after_event
    and (w.subject is null or w.subject = e.subject)
  where exists (select from workflow_waits w where w.workspace_id = x.workspace_id)
    and not event_is_simulated (e.workspace_id, e.kind, e.subject, e.data)
  order by e.id;
  get diagnostics n = row_count;
  update workflow_cursor set seen = seen_to;
  if n > 0 or seen_to = seen_from + 10000 then
    perform pg_notify ('royal_workflows', case when n > 0 then '' else 'events' end);
  end if;
  return true;
end $$;

-- Asks a run to end. Its next turn does it.
create function workflow_stop (p_workspace bigint, p_uid uuid, p_actor text, p_compensate boolean) returns workflow_runs
language plpgsql security definer set search_path = public, pg_temp as $$
declare r workflow_runs;
begin
  update workflow_runs w set version = w.version + 1, due_at = now (), held_until = null,
    stop = jsonb_build_object ('by', p_actor, 'compensate', p_compensate)
  where w.workspace_id = p_workspace and w.uid = p_uid and not workflow_is_over (w.state) and w.stop is null
  returning * into r;
  if not found then
    select * into r from workflow_runs w where w.workspace_id = p_workspace and w.uid = p_uid;
  else
    perform pg_notify ('royal_workflows', '');
  end if;
  return r;
end $$;

create function workflow_cancel (p_uid uuid, p_compensate boolean, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare r workflow_runs;
begin
  select * into r from workflow_runs w where w.workspace_id = royal_workspace () and w.uid = p_uid;
  if not found then
    raise exception 'no run % of a workflow', p_uid using errcode = 'RY404';
  end if;
  if workflow_is_over (r.state) then
    raise exception 'run % is % already', p_uid, r.state using errcode = 'RY409';
  end if;
  r := workflow_stop (r.workspace_id, p_uid, p_actor, p_compensate);
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (r.workspace_id, 'workflow.cancel', p_uid::text, p_actor, jsonb_build_object ('compensate', p_compensate));
  return workflow_run_json (r);
end $$;

-- A run that failed goes on at what failed: those steps begin anew, what was completed stays so. Not once it was
-- compensated: then what had been done is undone.
create function workflow_retry (p_uid uuid, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare r workflow_runs;
begin
  select * into r from workflow_runs w where w.workspace_id = royal_workspace () and w.uid = p_uid for update;
  if not found then
    raise exception 'no run % of a workflow', p_uid using errcode = 'RY404';
  end if;
  if r.state <> 'failed' then
    raise exception 'run % is %, only a failed one can be retried', p_uid, r.state using errcode = 'RY409';
  end if;
  if r.parent is not null then
    raise exception 'run % was called by another one: retry that one', p_uid using errcode = 'RY409';
  end if;
  if exists (select from workflow_steps s where s.workspace_id = r.workspace_id and s.run = r.id and starts_with (s.path, '~')) then
    raise exception 'run % was compensated: start it anew', p_uid using errcode = 'RY409';
  end if;
  update workflow_steps s set superseded = true
  where s.workspace_id = r.workspace_id and s.run = r.id and not s.superseded and s.state in ('failed', 'cancelled')
    and s.kind not in ('parallel', 'map', 'branch');
  update workflow_steps s set state = 'running', ended_at = null, error = null
  where s.workspace_id = r.workspace_id and s.run = r.id and not s.superseded and s.state in ('failed', 'cancelled');
  update workflow_runs w set version = w.version + 1, state = 'running', error = null, finished_at = null, due_at = now ()
  where w.workspace_id = r.workspace_id and w.id = r.id returning * into r;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (r.workspace_id, 'workflow.retried', p_uid::text, p_actor, '{}');
  perform pg_notify ('royal_workflows', '');
  return workflow_run_json (r);
end $$;

-- A person's choice, for a step that asks for one. p_role is the role that the person has.
create function workflow_choose (p_uid uuid, p_step text, p_choice text, p_note text, p_actor text, p_role text)
returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r workflow_runs;
  s workflow_steps;
begin
  select * into r from workflow_runs w where w.workspace_id = royal_workspace () and w.uid = p_uid for update;
  if not found then
    raise exception 'no run % of a workflow', p_uid using errcode = 'RY404';
  end if;
  select * into s from workflow_steps k
  where k.workspace_id = r.workspace_id and k.run = r.id and k.path = p_step and not k.superseded;
  if not found or s.kind <> 'decide' or s.state <> 'waiting' or workflow_is_over (r.state) then
    raise exception 'no step % of run % waits for a choice', p_step, p_uid using errcode = 'RY409';
  end if;
  if s.due_at <= clock_timestamp () then
    raise exception 'step % was to be decided before %', p_step, iso_time (s.due_at) using errcode = 'RY409';
  end if;
  if exists (select from workflow_inbox i where i.workspace_id = s.workspace_id and i.step = s.id and i.kind = 'choice') then
    raise exception 'step % is decided already', p_step using errcode = 'RY409';
  end if;
  if not coalesce (s.waits_for->'options' ? p_choice, false) then
    raise exception 'step % has no option %', p_step, p_choice using errcode = 'RY400';
  end if;
  if p_role <> 'admin' and not coalesce (s.waits_for->'roles' ? p_role, true) then
    raise exception 'step % is not for the role % to decide', p_step, p_role using errcode = 'RY403';
  end if;
  insert into workflow_inbox (workspace_id, step, kind, data)
  values (r.workspace_id, s.id, 'choice', jsonb_build_object ('choice', p_choice, 'note', p_note, 'by', p_actor));
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (r.workspace_id, 'workflow.decided', p_uid::text, p_actor,
          jsonb_build_object ('step', p_step, 'choice', p_choice, 'note', p_note));
  perform pg_notify ('royal_workflows', '');
  return workflow_run_json (r);
end $$;

-- Ends jobs that are not wanted any more; those that have ended meanwhile have.
create function workflow_cancel_jobs (p_workspace bigint, p_jobs jsonb, p_actor text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare j uuid;
begin
  perform set_config ('royal.workspace', p_workspace::text, true);
  for j in select value::uuid from jsonb_array_elements_text (p_jobs) loop
    begin
      perform job_cancel (j, p_actor);
    exception when sqlstate 'RY404' or sqlstate 'RY409' then
    end;
  end loop;
end $$;

-- What one turn's steps ask for: jobs, runs of other workflows, events.
create function workflow_ask (r workflow_runs, p_steps jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  actor constant text := 'workflow:' || r.workflow;
  requests jsonb;
  wish record;
  child workflow_runs;
begin
  select jsonb_agg (g.job || jsonb_build_object ('context', coalesce (r.context, '{}') || jsonb_build_object ('step', s.id)
           || case when r.simulate is null then '{}' else jsonb_build_object ('simulate', r.simulate->>'id') end) order by s.id)
  into requests
  from jsonb_to_recordset (p_steps) as g (path text, job jsonb)
  join workflow_steps s on s.workspace_id = r.workspace_id and s.run = r.id and s.path = g.path and not s.superseded
  where g.job is not null;
  if requests is not null then
    with added as (select * from job_add (r.workspace_id, requests, actor))
    update workflow_steps s set job = a.uid from added a
    where s.workspace_id = r.workspace_id and s.id = (a.context->>'step')::bigint;
  end if;
  for wish in
    select s.id, g.child, g.wait
    from jsonb_to_recordset (p_steps) as g (path text, child jsonb, wait jsonb)
    join workflow_steps s on s.workspace_id = r.workspace_id and s.run = r.id and s.path = g.path and not s.superseded
    where g.child is not null or g.wait is not null
  loop
    if wish.child is not null then
      child := workflow_begin (r.workspace_id, wish.child->>'name', wish.child->>'hash', wish.child->'document', wish.child->'input',
                               actor, null, r.simulate, r.context, wish.id, r.depth + 1);
      update workflow_steps s set child = child.uid where s.workspace_id = r.workspace_id and s.id = wish.id;
    else
      perform workflow_listen (r.workspace_id, wish.id, wish.wait, r.since_event);
    end if;
  end loop;
end $$;

-- Commits one turn of one run: false when the run has moved on since the turn was made.
create function workflow_apply (c jsonb) returns boolean
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  ws constant bigint := (c->>'ws')::bigint;
  over constant boolean := workflow_is_over (c->>'state');
  r workflow_runs;
  child uuid;
begin
  update workflow_runs w set version = w.version + 1, state = c->>'state', result = c->'result', error = c->'error',
    due_at = case when not over then to_timestamp ((c->>'due_us')::numeric / 1000000) end, held_until = null,
    finished_at = case when over then now () end
  where w.workspace_id = ws and w.id = (c->>'id')::bigint and w.version = (c->>'version')::int
    and not workflow_is_over (w.state)
  returning * into r;
  if not found then
    return false;
  end if;

  delete from workflow_inbox i
  where i.workspace_id = ws and i.id in (select value::bigint from jsonb_array_elements_text (c->'consumed'));

  insert into workflow_steps as s (workspace_id, run, path, kind, state, attempt, waits_for, data, result, error, due_at,
    ended_at)
  select ws, r.id, g.path, g.kind, g.state, g.attempt, g.waits_for, g.data, g.result, g.error,
    to_timestamp (g.due_us::numeric / 1000000),
    case when g.state not in ('running', 'waiting') then clock_timestamp () end
  from jsonb_array_elements (c->'steps') with ordinality as e (step, pos)
  cross join lateral jsonb_to_record (e.step) as g (path text, kind text, state text, attempt int, waits_for jsonb,
    data jsonb, result jsonb, error jsonb, due_us bigint)
  order by e.pos
  on conflict (workspace_id, run, path) where not superseded do update
    set state = excluded.state, waits_for = excluded.waits_for, data = excluded.data, result = excluded.result,
        error = excluded.error, due_at = excluded.due_at, ended_at = coalesce (s.ended_at, excluded.ended_at);
  perform workflow_ask (r, c->'steps');

  delete from workflow_waits w using workflow_steps s, jsonb_to_recordset (c->'steps') as g (path text, state text)
  where s.workspace_id = ws and s.run = r.id and s.path = g.path and g.state not in ('running', 'waiting')
    and w.workspace_id = ws and w.step = s.id;
  if jsonb_array_length (c->'cancel_jobs') > 0 then
    perform workflow_cancel_jobs (ws, c->'cancel_jobs', 'workflow:' || r.workflow);
  end if;
  for child in select value::uuid from jsonb_array_elements_text (c->'cancel_runs') loop
    perform workflow_stop (ws, child, 'workflow:' || r.workflow, (c->>'compensate_runs')::boolean);
  end loop;

  insert into outbox (workspace_id, kind, subject, actor, data, audited)
  select ws, e->>'kind', r.uid::text, 'workflow:' || r.workflow, e->'data', coalesce ((e->>'audited')::boolean, false)
  from jsonb_array_elements (c->'events') e;
  if over and r.parent is not null then
    insert into workflow_inbox (workspace_id, step, kind, data)
    values (ws, r.parent, 'run', jsonb_build_object ('run', r.uid, 'state', r.state, 'result', r.result, 'error', r.error));
    perform pg_notify ('royal_workflows', '');
  end if;
  return true;
end $$;

-- Commits turns of several runs, each by itself: done, lost (another host was first), or why it could not be done, which
-- holds the run for a while. Nothing of such a turn has happened.
create function workflow_commit (p_turns jsonb) returns table (run bigint, outcome text)
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare c jsonb;
begin
  for c in select * from jsonb_array_elements (p_turns) loop
    run := (c->>'id')::bigint;
    begin
      outcome := case when workflow_apply (c) then 'done' else 'lost' end;
    exception when others then
      outcome := sqlerrm;
      update workflow_runs w set held_until = now () + interval '5 seconds', due_at = now () + interval '5 seconds'
      where w.workspace_id = (c->>'ws')::bigint and w.id = (c->>'id')::bigint;
    end;
    return next;
  end loop;
end $$;

-- Records what a simulated run would have proposed, as proposal_submit() takes it; the first of a key stands.
create function simulation_note (p_simulation uuid, p_note jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into simulation_notes (workspace_id, simulation, step, key, note)
  values (royal_workspace (), p_simulation, (p_note->'context'->>'step')::bigint, p_note->>'key', p_note - array['key', 'agent_sha256', 'run', 'context', 'job'])
  on conflict do nothing;
  return jsonb_build_object ('proposal', null, 'state', 'simulated', 'decision', p_note->'decision', 'risk', p_note->'risk',
                             'rules', p_note->'rules', 'reason', p_note->'reason');
end $$;

-- A simulation: the run, and what would follow from it.
create function simulation_get (p_uid uuid) returns jsonb
language plpgsql stable as $$
declare r workflow_runs;
begin
  select * into r from workflow_runs where workspace_id = royal_workspace () and uid = p_uid and simulate is not null;
  if not found then
    raise exception 'no simulation %', p_uid using errcode = 'RY404';
  end if;
  return workflow_run_json (r) || jsonb_build_object ('effects', coalesce ((
    select jsonb_agg (n.note order by n.id) from simulation_notes n
    where n.workspace_id = r.workspace_id and n.simulation = (r.simulate->>'id')::uuid), '[]'));
end $$;

-- What a simulated run is to read instead of the world; null where it is to look at the world.
create function simulation_read (p_simulation uuid, p_resource text) returns jsonb
language sql stable as $$
  select r.simulate->'reads'->p_resource from workflow_runs r
  where r.workspace_id = royal_workspace () and r.simulate->>'id' = p_simulation::text and r.parent is null limit 1;
$$;
create unique index workflow_runs_simulation on workflow_runs (workspace_id, (simulate->>'id'))
  where simulate is not null and parent is null;

-- Only within transitions.
revoke execute on function workflow_begin (bigint, text, text, jsonb, jsonb, text, text, jsonb, jsonb, bigint, int),
  workflow_add (bigint, text, jsonb, text, text, jsonb), workflow_listen (bigint, bigint, jsonb, bigint),
  workflow_stop (bigint, uuid, text, boolean), workflow_cancel_jobs (bigint, jsonb, text),
  workflow_ask (workflow_runs, jsonb), workflow_apply (jsonb) from public;
