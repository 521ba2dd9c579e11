-- SPDX-License-Identifier: Apache-2.0
-- The gate, whole: what a proposal carries (batches, revisions, what it asks of people, what it reserves), effects by item,
-- and what travels with a job through its run into its proposals.

-- { "step": a workflow's step, "revises": a proposal, "trace": a traceparent, "simulate": a simulation, "by": a trigger },
-- each where there is one; the host's own word, never the API's or an agent's.
alter table jobs add context jsonb check (jsonb_typeof (context) = 'object');

-- What waits to be told to a workflow's step: the end of a job or of a proposal that was made for it.
create table workflow_inbox (
  workspace_id bigint not null,
  id bigint generated always as identity,
  step bigint not null,
  kind text not null check (kind in ('job', 'proposal')),
  data jsonb not null,
  at timestamptz not null default clock_timestamp (),
  primary key (workspace_id, id));
call royal_protect ('workflow_inbox', 'select');

alter table proposals
  add job uuid,
  add context jsonb,
  -- Of people: { "roles", "quorum", "four_eyes", "at_deadline", "escalate", "notify" }, each where a rule says so.
  add asks jsonb not null default '{}',
  -- What is reserved while it is decided and settled when it ends: [{ "name", "key", "amount", "max", "window_s", "decision", "risk" }].
  add limits jsonb not null default '[]',
  add explanation jsonb,
  add n_items int not null default 0 check (n_items between 0 and 1000),
  add root text check (length (root) = 64),
  add supersedes bigint,
  add reverts_at timestamptz;
create index proposals_supersedes on proposals (workspace_id, supersedes) where supersedes is not null;

-- The items of a batch, from 1; a single proposal has none.
create table proposal_items (
  workspace_id bigint not null,
  proposal bigint not null,
  item int not null check (item between 1 and 1000),
  target text not null,
  parameters jsonb not null,
  before jsonb not null,
  facts jsonb not null,
  preview jsonb not null,
  excluded boolean not null default false,
  primary key (workspace_id, proposal, item));
call royal_protect ('proposal_items', 'select');

-- 0 for a single proposal. An item's key is <proposal>/<item>.
alter table effects add item int not null default 0;
alter table effects drop constraint effects_pkey;
alter table effects add primary key (workspace_id, proposal, item);

-- Whether effects may start in this workspace. A stop waits for the end of a transaction that was told so.
create or replace function workspace_may_start () returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform from workspaces w where w.workspace_id = royal_workspace () and w.stopped_at is null for share;
  return found;
end $$;

create or replace function proposal_json (p proposals) returns jsonb
language sql stable as $$
  select jsonb_build_object (
    'id', p.uid, 'state', p.state, 'kind', p.kind,
    'workspace', (select w.name from workspaces w where w.workspace_id = p.workspace_id), 'cluster', p.cluster,
    'undoes', (select u.uid from proposals u where u.workspace_id = p.workspace_id and u.id = p.undoes),
    'action', p.action, 'target', p.target,
    'agent', p.agent, 'agent_version', p.agent_version, 'agent_sha256', p.agent_sha256, 'run', p.run,
    'parameters', p.parameters, 'words', p.words, 'claims', p.claims, 'facts', p.facts, 'before', p.before,
    'preview', p.preview, 'risk', p.risk, 'decision', p.decision, 'rules', to_jsonb (p.rules), 'reason', p.reason,
    'policy_version', p.policy_version, 'digest', p.digest, 'revision', p.revision, 'priority', p.priority,
    'job', p.job, 'trace', p.context->>'trace', 'asks', p.asks, 'limits', p.limits, 'explanation', p.explanation,
    'n_items', p.n_items, 'root', p.root, 'reverts_at', iso_time (p.reverts_at),
    'supersedes', (select s.uid from proposals s where s.workspace_id = p.workspace_id and s.id = p.supersedes),
    'created_by', p.created_by, 'created_at', iso_time (p.created_at), 'expires_at', iso_time (p.expires_at),
    'decided_at', iso_time (p.decided_at), 'decided_by', p.decided_by, 'finished_at', iso_time (p.finished_at),
    'approvals', coalesce ((
      select jsonb_agg (jsonb_build_object ('answer', a.answer, 'actor', a.actor, 'via', a.via, 'note', a.note,
                                            'at', iso_time (a.at)) order by a.id)
      from approvals a where a.workspace_id = p.workspace_id and a.proposal = p.id), '[]'),
    'effect', (
      select jsonb_build_object ('key', e.key, 'state', e.state, 'attempt', e.attempt, 'receipt', e.receipt,
                                 'error', e.error, 'started_at', iso_time (e.started_at),
                                 'finished_at', iso_time (e.finished_at))
      from effects e where e.workspace_id = p.workspace_id and e.proposal = p.id and e.item = 0));
$$;

-- batch is a list of what the gate assessed and decided (see gate/rh-proposal.h). The state follows from the decision. With an
-- owner, up to p_room of those that are approved at once are started at once: their intent is committed with the decision, as
-- effect_claim() would commit it after. Returns an outcome for each, by its place in the list from 1, with the effect where
-- one was started. What is approved and not started is told to every executor, once a batch.
create or replace function proposal_submit (batch jsonb, p_owner text, p_lease_s int, p_room int)
returns table (pos bigint, outcome jsonb, effect bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  n constant int := jsonb_array_length (batch);
  uids constant uuid[] := array (select uuid_v7 () from generate_series (1, n));
  room int := 0;
  n_made int;
  n_known int := 0;
begin
  if p_owner is not null and p_room > 0 and workspace_may_start () then
    room := p_room;
  end if;

  return query
  with given as materialized (
    select g.*, uids[g.pos] as uid,
      case g.decision when 'deny' then 'denied' when 'approve' then 'pending'
        else case when g.kind = 'apply' and count (*) filter (where g.kind = 'apply' and g.decision in ('auto', 'notify'))
                                            over (order by g.pos) <= room then 'executing' else 'approved' end end as state
    from rows from (jsonb_to_recordset (batch) as (kind text, undoes uuid, action text, target text, agent text,
        agent_version text, agent_sha256 text, cluster text, run uuid, key text, parameters jsonb, words jsonb, claims jsonb,
        before jsonb, facts jsonb, preview jsonb, risk text, decision text, rules text[], reason text, policy_version text,
        digest text, priority text, created_by text, expires_at timestamptz, job uuid, context jsonb, asks jsonb,
        limits jsonb, explanation jsonb))
      with ordinality as g (kind, undoes, action, target, agent, agent_version, agent_sha256, cluster, run, key,
        parameters, words, claims, before, facts, preview, risk, decision, rules, reason, policy_version, digest, priority,
        created_by, expires_at, job, context, asks, limits, explanation, pos)),
  made as (
    insert into proposals as p (workspace_id, uid, state, kind, undoes, action, target, agent, agent_version,
      agent_sha256, cluster, run, key, parameters, words, claims, before, facts, preview, risk, decision, rules, reason,
      policy_version, digest, priority, created_by, expires_at, job, context, asks, limits, explanation, decided_at, decided_by)
    select ws, g.uid, g.state, g.kind, case when g.undoes is not null then proposal_lock_undo (g.undoes) end, g.action,
      g.target, g.agent, g.agent_version, g.agent_sha256, g.cluster, g.run, g.key, g.parameters, g.words, g.claims,
      coalesce (g.before, 'null'), g.facts, coalesce (g.preview, 'null'), g.risk, g.decision, g.rules, g.reason, g.policy_version, g.digest,
      coalesce (g.priority, 'normal'), g.created_by, g.expires_at, g.job, g.context, coalesce (g.asks, '{}'),
      coalesce (g.limits, '[]'), g.explanation, case when g.decision <> 'approve' then now () end,
      case when g.decision <> 'approve' then 'policy' end
    from given g order by g.pos
    on conflict (workspace_id, key) where key is not null do nothing
    returning p.id, p.uid),
  started as (
    insert into effects (workspace_id, proposal, key, owner, lease_until)
    select ws, m.id, m.uid::text, p_owner, now () + p_lease_s * interval '1 second'
    from given g join made m using (uid) where g.state = 'executing'),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select ws, t.kind, g.uid::text, t.actor, t.data
    from given g join made m using (uid),
    lateral (
      select 1, case g.state when 'denied' then 'proposal.denied' when 'pending' then 'approval.required'
                             else 'proposal.approved' end, g.created_by,
        jsonb_build_object ('action', g.action, 'target', g.target, 'kind', g.kind, 'agent', g.agent,
          'agent_version', g.agent_version, 'agent_sha256', g.agent_sha256, 'run', g.run, 'undoes', g.undoes,
          'parameters', g.parameters, 'claims', g.claims, 'before', g.before, 'facts', g.facts, 'risk', g.risk,
          'decision', g.decision, 'rules', to_jsonb (g.rules), 'reason', g.reason, 'policy_version', g.policy_version,
          'digest', g.digest, 'expires_at', iso_time (g.expires_at))
      union all
      select 2, 'effect.started', 'host', jsonb_build_object ('action', g.action, 'target', g.target, 'kind', g.kind,
                                                              'key', g.uid::text, 'digest', g.digest)
      where g.state = 'executing') as t (step, kind, actor, data)
    order by g.pos, t.step)
  select g.pos, jsonb_build_object ('proposal', g.uid, 'decision', g.decision, 'risk', g.risk,
                                    'state', case g.state when 'executing' then 'approved' else g.state end,
                                    'rules', to_jsonb (g.rules), 'reason', g.reason),
         case when g.state = 'executing' then m.id end
  from given g join made m using (uid) order by g.pos;
  get diagnostics n_made = row_count;

  -- An attempt of the same job that was lost has proposed it already: the first one stands.
  if n_made < n then
    return query
    select g.pos, jsonb_build_object ('proposal', p.uid, 'state', p.state, 'decision', p.decision, 'risk', p.risk,
                                      'rules', to_jsonb (p.rules), 'reason', p.reason), null::bigint
    from rows from (jsonb_to_recordset (batch) as (key text)) with ordinality as g (key, pos)
    cross join lateral (
      select * from proposals p where p.workspace_id = ws and p.key = g.key and p.uid <> uids[g.pos] limit 1) p;
    get diagnostics n_known = row_count;
  end if;
  if n_made + n_known <> n then
    raise exception 'another attempt of the job is proposing the same' using errcode = 'RY503';
  end if;

  if exists (select from jsonb_array_elements (batch) e
             where (room < n or e->>'kind' = 'undo') and e->>'decision' in ('auto', 'notify')) then
    perform pg_notify ('royal_effects', '');
  end if;
end $$;

drop function proposal_answer (uuid, text, text, text, text, text);
-- A person's answer, with the role that the person has. An approval holds for the digest that the person saw and before the deadline, by this clock.
create or replace function proposal_answer (p_uid uuid, p_answer text, p_digest text, p_actor text, p_via text, p_note text,
  p_role text default null)
returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare p proposals := proposal_lock (p_uid);
begin
  if p.state <> 'pending' then
    raise exception 'proposal % is %, not pending', p_uid, p.state using errcode = 'RY409';
  end if;
  if p.expires_at <= clock_timestamp () then
    raise exception 'proposal % expired at %', p_uid, iso_time (p.expires_at) using errcode = 'RY409';
  end if;
  if p_answer = 'approve' and p_digest is distinct from p.digest then
    raise exception 'the digest is not that of proposal %: it is % now', p_uid, p.digest using errcode = 'RY409';
  end if;
  if p_answer = 'reject' and coalesce (btrim (p_note), '') = '' then
    raise exception 'a rejection needs a reason' using errcode = 'RY400';
  end if;
  insert into approvals (workspace_id, proposal, answer, actor, via, digest, note)
  values (p.workspace_id, p.id, p_answer, p_actor, p_via, p_digest, p_note);
  update proposals set state = case p_answer when 'approve' then 'approved' else 'rejected' end,
    decided_at = now (), decided_by = p_actor
  where workspace_id = p.workspace_id and id = p.id returning * into p;
  perform outbox_put ('approval.decided', p_uid::text, p_actor,
    jsonb_build_object ('answer', p_answer, 'digest', p.digest, 'via', p_via, 'note', p_note, 'action', p.action,
                        'target', p.target));
  if p_answer = 'approve' then
    perform pg_notify ('royal_effects', '');
  end if;
  return proposal_json (p);
end $$;

-- Pending proposals past their deadline, in every workspace. Returns how many.
create or replace function proposal_expire () returns int
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare n int;
begin
  with late as (
    select workspace_id, id from proposals where state = 'pending' and expires_at <= now ()
    order by expires_at limit 1000 for update skip locked),
  ended as (
    update proposals p set state = 'expired', decided_at = now (), decided_by = 'deadline'
    from late where p.workspace_id = late.workspace_id and p.id = late.id
    returning p.workspace_id, p.uid, p.action, p.target),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select workspace_id, 'approval.decided', uid::text, 'host',
           jsonb_build_object ('answer', 'expired', 'action', action, 'target', target) from ended)
  select count (*) into n from ended;
  return n;
end $$;

alter type effect_work add attribute item int;

-- Starts up to `batch` approved proposals: the intent of each is committed with this transaction. Not in a workspace that
-- is stopped: the stop takes the same row's lock, so nothing starts after it has returned.
create or replace function effect_claim (p_owner text, p_lease_s int, batch int) returns setof effect_work
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  return query
  with chosen as materialized (
    select p.workspace_id, p.id from proposals p
    where p.state = 'approved'
      and not exists (select from workspaces w where w.workspace_id = p.workspace_id and w.stopped_at is not null)
    order by p.id limit batch for no key update skip locked),
  free as materialized (
    select w.workspace_id from workspaces w
    where w.workspace_id in (select c.workspace_id from chosen c) and w.stopped_at is null for share),
  started as (
    update proposals p set state = 'executing' from chosen c join free using (workspace_id)
    where p.workspace_id = c.workspace_id and p.id = c.id and p.state = 'approved'
    returning p.workspace_id, p.id, p.uid, p.kind, p.undoes, p.action, p.target, p.parameters, p.before, p.digest),
  intent as (
    insert into effects (workspace_id, proposal, key, owner, lease_until)
    select s.workspace_id, s.id, s.uid::text, p_owner, now () + p_lease_s * interval '1 second' from started s),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select s.workspace_id, 'effect.started', s.uid::text, 'host',
           jsonb_build_object ('action', s.action, 'target', s.target, 'kind', s.kind, 'key', s.uid::text,
                               'digest', s.digest)
    from started s order by s.id)
  select s.workspace_id, s.id, s.uid, s.uid::text, s.kind, 1, s.action, s.target, s.parameters, s.before,
         (select u.receipt from effects u
          where s.undoes is not null and u.workspace_id = s.workspace_id and u.proposal = s.undoes and u.item = 0), 0
  from started s;
end $$;

-- Takes over effects whose lease has run out, and those of this host that it does not know of: not among p_held and their
-- lease p_age_s old, when the answer that told of them must have come long ago; at any age when p_age_s is null, after it
-- died. They must be verified before anything is applied.
create or replace function effect_take_over (p_owner text, p_lease_s int, p_held bigint[], p_age_s int, batch int)
returns setof effect_work
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  return query
  with chosen as materialized (
    select e.workspace_id, e.proposal from effects e
    where e.state = 'executing'
      and (e.lease_until <= now ()
           or e.owner = p_owner and e.proposal <> all (p_held)
              and (p_age_s is null or e.lease_until <= now () + (p_lease_s - p_age_s) * interval '1 second'))
    order by e.proposal limit batch for update skip locked),
  taken as (
    update effects e set owner = p_owner, lease_until = now () + p_lease_s * interval '1 second', attempt = e.attempt + 1
    from chosen c where e.workspace_id = c.workspace_id and e.proposal = c.proposal returning e.*),
  known as materialized (
    select t.attempt, t.key as effect_key, p.*
    from taken t cross join lateral (
      select * from proposals p where p.workspace_id = t.workspace_id and p.id = t.proposal limit 1) p),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select k.workspace_id, 'effect.taken_over', k.uid::text, 'host', jsonb_build_object ('attempt', k.attempt)
    from known k order by k.id)
  select k.workspace_id, k.id, k.uid, k.effect_key, k.kind, k.attempt, k.action, k.target, k.parameters, k.before,
         (select u.receipt from effects u
          where k.undoes is not null and u.workspace_id = k.workspace_id and u.proposal = k.undoes and u.item = 0), 0
  from known k;
end $$;

-- Keeps the leases of effects in hand: two lists, place by place. Returns those that are still held.
create or replace function effect_renew (p_owner text, p_workspaces bigint[], p_effects bigint[], p_lease_s int)
returns table (effect bigint)
language sql volatile security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
  update effects e set lease_until = now () + p_lease_s * interval '1 second'
  from unnest (p_workspaces, p_effects) as h (ws, id)
  where e.workspace_id = h.ws and e.proposal = h.id and e.owner = p_owner and e.state = 'executing'
  returning e.proposal;
$$;

-- One more attempt at an effect in hand, under a new lease: `go`, or `stopped` while its workspace is stopped (the stop takes
-- the same row's lock), or `lost` when it is not held any more.
create or replace function effect_retry (p_workspace bigint, p_effect bigint, p_owner text, p_lease_s int) returns text
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare stopped boolean;
begin
  select w.stopped_at is not null into stopped from workspaces w where w.workspace_id = p_workspace for share;
  update effects e set lease_until = now () + p_lease_s * interval '1 second', attempt = e.attempt + (not stopped)::int
  where e.workspace_id = p_workspace and e.proposal = p_effect and e.owner = p_owner and e.state = 'executing';
  return case when not found then 'lost' when stopped then 'stopped' else 'go' end;
end $$;

-- Ends effects in hand: entries is [{ "ws", "effect", "outcome", "receipt"?, "error"? }], an outcome is executed (with its
-- receipt), failed, stale or unknown (with an error). Returns those that were held; one that was ended so before counts.
create or replace function effect_finish (p_owner text, entries jsonb) returns table (effect bigint)
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  n int;
begin
  return query
  with given as materialized (
    select * from jsonb_to_recordset (entries) as g (ws bigint, effect bigint, outcome text, receipt jsonb, error text)),
  ended as (
    update effects e set state = g.outcome, receipt = g.receipt, error = g.error, finished_at = now ()
    from given g
    where e.workspace_id = g.ws and e.proposal = g.effect and e.owner = p_owner and e.state = 'executing'
    returning e.workspace_id, e.proposal, e.key, e.state, e.attempt, e.receipt, e.error),
  closed as (
    update proposals p set state = e.state, finished_at = now ()
    from ended e where p.workspace_id = e.workspace_id and p.id = e.proposal
    returning p.workspace_id, p.id, p.uid, p.kind, p.undoes, p.action, p.target, p.digest,
              e.key, e.state, e.attempt, e.receipt, e.error),
  undone as (
    update proposals o set state = 'undone' from closed c
    where c.kind = 'undo' and c.state = 'executed' and o.workspace_id = c.workspace_id and o.id = c.undoes),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select c.workspace_id,
      case when c.kind = 'undo' and c.state = 'executed' then 'effect.undone' else 'effect.' || c.state end,
      c.uid::text, 'host',
      jsonb_build_object ('action', c.action, 'target', c.target, 'kind', c.kind, 'key', c.key, 'attempt', c.attempt,
        'digest', c.digest, 'receipt', c.receipt, 'error', c.error,
        'undoes', (select u.uid from proposals u
                   where c.undoes is not null and u.workspace_id = c.workspace_id and u.id = c.undoes))
    from closed c order by c.id)
  select c.id from closed c;
  get diagnostics n = row_count;

  -- What was ended so before counts as held: the answer that said so was lost.
  if n < jsonb_array_length (entries) then
    return query
    select e.proposal
    from jsonb_to_recordset (entries) as g (ws bigint, effect bigint, outcome text)
    cross join lateral (
      select * from effects e where e.workspace_id = g.ws and e.proposal = g.effect limit 1) e
    where e.owner = p_owner and e.state = g.outcome;
  end if;
end $$;

-- Puts jobs into the queue inside another transition: requests is a list of what job_enqueue() takes, each of which may have a
-- context. Returns what is new and what the idempotency keys knew already.
create function job_add (p_workspace bigint, requests jsonb, p_actor text) returns setof jobs
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r jsonb;
  j jobs;
begin
  for r in select * from jsonb_array_elements (requests) loop
    insert into jobs (workspace_id, agent, task, input, priority, run_at, idempotency_key, max_attempts, backoff_ms,
      backoff_max_ms, created_by, context)
    values (p_workspace, r->>'agent', r->>'task', coalesce (r->'input', '{}'),
      job_priority (coalesce (r->>'priority', 'normal')), coalesce ((r->>'run_at')::timestamptz, now ()),
      r->>'idempotency_key', coalesce ((r->>'max_attempts')::int, 3), coalesce ((r->>'backoff_ms')::int, 1000),
      coalesce ((r->>'backoff_max_ms')::int, 60000), p_actor, nullif (r->'context', 'null'))
    on conflict (workspace_id, agent, task, idempotency_key) where idempotency_key is not null do nothing
    returning * into j;
    if found then
      insert into outbox (workspace_id, kind, subject, actor, data)
      values (p_workspace, 'job.created', j.uid::text, p_actor, jsonb_build_object ('agent', j.agent, 'task', j.task));
    else
      select * into j from jobs k where k.workspace_id = p_workspace and k.agent = r->>'agent' and k.task = r->>'task'
        and k.idempotency_key = r->>'idempotency_key';
    end if;
    return next j;
  end loop;
  perform pg_notify ('royal_jobs', '');
end $$;
revoke execute on function job_add (bigint, jsonb, text) from public;

-- As before, with the job's context.
drop function job_lease (text, text[], int[], int);
-- Leases what `agents` have room for (capacities, same order), most urgent first, and opens a run for each.
create function job_lease (p_owner text, agents text[], capacities int[], p_lease_s int)
returns table (workspace_id bigint, workspace text, job uuid, run uuid, agent text, task text, input jsonb,
               attempt int, context jsonb)
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
  select l.workspace_id, w.name, l.uid, o.uid, l.agent, l.task, l.input, l.attempt, l.context
  from leased l join opened o on o.workspace_id = l.workspace_id and o.job = l.id
  join workspaces w on w.workspace_id = l.workspace_id;
end $$;
