-- SPDX-License-Identifier: Apache-2.0
-- The gate's state machine: proposals, approvals, effects, policies, agent versions, agent state.

-- Every policy and agent version that ever decided or proposed something.
create table policies (
  workspace_id bigint not null references workspaces,
  version text not null check (length (version) = 64 and version !~ '[^0-9a-f]'),
  document jsonb not null,
  loaded_at timestamptz not null default now (),
  primary key (workspace_id, version));
call royal_protect ('policies', 'select, insert');

create function policy_loaded (p_version text, p_document jsonb, p_actor text) returns void
language plpgsql as $$
begin
  insert into policies (workspace_id, version, document) values (royal_workspace (), p_version, p_document)
  on conflict do nothing;
  perform outbox_put ('policy.changed', p_version, p_actor, '{}');
end $$;

create table agent_versions (
  workspace_id bigint not null references workspaces,
  agent text not null,
  sha256 text not null,
  version text not null,
  manifest jsonb not null,
  operator jsonb not null,
  loaded_at timestamptz not null default now (),
  primary key (workspace_id, agent, sha256));
call royal_protect ('agent_versions', 'select, insert, update');

create function agent_loaded (p_agent text, p_version text, p_sha256 text, p_manifest jsonb, p_operator jsonb)
returns void
language plpgsql as $$
declare known agent_versions;
begin
  select * into known from agent_versions
  where workspace_id = royal_workspace () and agent = p_agent and sha256 = p_sha256;
  insert into agent_versions (workspace_id, agent, sha256, version, manifest, operator)
  values (royal_workspace (), p_agent, p_sha256, p_version, p_manifest, p_operator)
  on conflict (workspace_id, agent, sha256) do update
    set version = excluded.version, manifest = excluded.manifest, operator = excluded.operator, loaded_at = now ();
  perform outbox_put ('agent.loaded', p_agent, 'host',
    jsonb_build_object ('version', p_version, 'sha256', p_sha256, 'grants', p_operator->'grants',
                        'grants_changed', known.operator->'grants' is distinct from p_operator->'grants'));
end $$;

create table proposals (
  workspace_id bigint not null references workspaces,
  id bigint generated always as identity,
  uid uuid not null default uuid_v7 (),
  state text not null check (state in ('denied', 'pending', 'approved', 'executing', 'executed', 'failed', 'undone',
                                       'rejected', 'expired', 'superseded', 'stale', 'unknown')),
  kind text not null default 'apply' check (kind in ('apply', 'undo')),
  undoes bigint,
  action text not null,
  target text not null,
  agent text not null,
  agent_version text not null,
  agent_sha256 text not null,
  cluster text not null,
  run uuid,
  key text check (length (key) = 64 and key !~ '[^0-9a-f]'),
  parameters jsonb not null,
  words jsonb not null,
  claims jsonb not null,
  before jsonb not null,
  facts jsonb not null,
  preview jsonb not null,
  risk text not null check (risk in ('low', 'medium', 'high')),
  decision text not null check (decision in ('auto', 'notify', 'approve', 'deny')),
  rules text[] not null,
  reason text not null,
  policy_version text not null,
  digest text not null check (length (digest) = 64 and digest !~ '[^0-9a-f]'),
  revision int not null default 1,
  priority text not null default 'normal' check (priority in ('low', 'normal', 'high', 'critical')),
  created_by text not null,
  created_at timestamptz not null default now (),
  expires_at timestamptz not null,
  decided_at timestamptz,
  decided_by text,
  finished_at timestamptz,
  primary key (workspace_id, id),
  -- Not the other way round: an index that begins with the workspace is as good as the primary key's to a planner without
  -- statistics, and reads all of the workspace's rows to find one.
  unique (uid, workspace_id))
with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);
create unique index proposals_once on proposals (workspace_id, key) where key is not null;
create index proposals_approved on proposals (id) where state = 'approved';
create index proposals_pending on proposals (expires_at) where state = 'pending';
create unique index proposals_one_undo on proposals (workspace_id, undoes)
  where undoes is not null and state in ('pending', 'approved', 'executing', 'executed', 'unknown');
call royal_protect ('proposals', 'select, insert, update');

create table approvals (
  workspace_id bigint not null,
  id bigint generated always as identity,
  proposal bigint not null,
  answer text not null check (answer in ('approve', 'reject')),
  actor text not null,
  via text not null,
  digest text,
  note text,
  at timestamptz not null default now (),
  primary key (workspace_id, id),
  foreign key (workspace_id, proposal) references proposals);
create index approvals_proposal on approvals (workspace_id, proposal);
call royal_protect ('approvals', 'select, insert');

-- An effect's row is its intent: committed before anything is sent. There is one of a proposal, and its key is the
-- proposal's uid. It is made of the proposal's row in the same statement, and proposals are never deleted: a foreign key
-- would tell nothing, and lock each proposal once more.
create table effects (
  workspace_id bigint not null,
  proposal bigint not null,
  key text not null,
  state text not null default 'executing' check (state in ('executing', 'executed', 'failed', 'stale', 'unknown')),
  attempt int not null default 1,
  owner text not null,
  lease_until timestamptz not null,
  receipt jsonb,
  error text,
  started_at timestamptz not null default now (),
  finished_at timestamptz,
  primary key (workspace_id, proposal))
with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);
create index effects_executing on effects (lease_until) where state = 'executing';
call royal_protect ('effects', 'select, insert, update');

create function proposal_json (p proposals) returns jsonb
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
      from effects e where e.workspace_id = p.workspace_id and e.proposal = p.id));
$$;

-- The proposal with that id in this workspace, locked.
create function proposal_lock (p_uid uuid) returns proposals
language plpgsql as $$
declare p proposals;
begin
  select * into p from proposals where workspace_id = royal_workspace () and uid = p_uid for update;
  if not found then
    raise exception 'no proposal %', p_uid using errcode = 'RY404';
  end if;
  return p;
end $$;

create function proposal_get (p_uid uuid) returns jsonb
language plpgsql stable as $$
declare p proposals;
begin
  select * into p from proposals where workspace_id = royal_workspace () and uid = p_uid;
  if not found then
    raise exception 'no proposal %', p_uid using errcode = 'RY404';
  end if;
  return proposal_json (p);
end $$;

-- Newest first; before_id is the `cursor` of the last row seen, or null. states is null or a list.
create function proposal_list (states text[], before_id bigint, batch int)
returns table (cursor bigint, proposal jsonb)
language sql stable as $$
  select p.id, proposal_json (p) from proposals p
  where p.workspace_id = royal_workspace () and (states is null or p.state = any (states))
    and (before_id is null or p.id < before_id)
  order by p.id desc limit batch;
$$;

-- The proposal that is to be undone, locked: refused unless it was executed and nobody is undoing it.
create function proposal_lock_undo (p_uid uuid) returns bigint
language plpgsql as $$
declare original proposals := proposal_lock (p_uid);
begin
  if original.state <> 'executed' or original.kind <> 'apply' then
    raise exception 'proposal % is % (%), only an executed change can be undone', p_uid, original.state, original.kind
      using errcode = 'RY409';
  end if;
  if exists (select from proposals u where u.workspace_id = original.workspace_id and u.undoes = original.id
             and u.state in ('pending', 'approved', 'executing', 'executed', 'unknown')) then
    raise exception 'proposal % is being undone already', p_uid using errcode = 'RY409';
  end if;
  return original.id;
end $$;

-- Whether effects may start in this workspace. A stop waits for the end of a transaction that was told so.
create function workspace_may_start () returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform from workspaces w where w.workspace_id = royal_workspace () and w.stopped_at is null for share;
  return found;
end $$;

-- batch is a list of what the gate assessed and decided (see gate/rh-proposal.h). The state follows from the decision. With an
-- owner, up to p_room of those that are approved at once are started at once: their intent is committed with the decision, as
-- effect_claim() would commit it after. Returns an outcome for each, by its place in the list from 1, with the effect where
-- one was started. What is approved and not started is told to every executor, once a batch.
create function proposal_submit (batch jsonb, p_owner text, p_lease_s int, p_room int)
returns table (pos bigint, outcome jsonb, effect bigint)
language plpgsql as $$
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
        digest text, priority text, created_by text, expires_at timestamptz))
      with ordinality as g (kind, undoes, action, target, agent, agent_version, agent_sha256, cluster, run, key,
        parameters, words, claims, before, facts, preview, risk, decision, rules, reason, policy_version, digest, priority,
        created_by, expires_at, pos)),
  made as (
    insert into proposals as p (workspace_id, uid, state, kind, undoes, action, target, agent, agent_version,
      agent_sha256, cluster, run, key, parameters, words, claims, before, facts, preview, risk, decision, rules, reason,
      policy_version, digest, priority, created_by, expires_at, decided_at, decided_by)
    select ws, g.uid, g.state, g.kind, case when g.undoes is not null then proposal_lock_undo (g.undoes) end, g.action,
      g.target, g.agent, g.agent_version, g.agent_sha256, g.cluster, g.run, g.key, g.parameters, g.words, g.claims,
      coalesce (g.before, 'null'), g.facts, coalesce (g.preview, 'null'), g.risk, g.decision, g.rules, g.reason, g.policy_version, g.digest,
      coalesce (g.priority, 'normal'), g.created_by, g.expires_at, case when g.decision <> 'approve' then now () end,
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

-- A person's answer. An approval holds for the digest that the person saw and before the deadline, by this clock.
create function proposal_answer (p_uid uuid, p_answer text, p_digest text, p_actor text, p_via text, p_note text)
returns jsonb
language plpgsql as $$
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
create function proposal_expire () returns int
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

-- What the executor needs of an effect that it holds.
create type effect_work as (
  workspace_id bigint, effect bigint, proposal uuid, key text, kind text, attempt int, action text, target text,
  parameters jsonb, before jsonb, receipt jsonb);

-- Starts up to `batch` approved proposals: the intent of each is committed with this transaction. Not in a workspace that
-- is stopped: the stop takes the same row's lock, so nothing starts after it has returned.
create function effect_claim (p_owner text, p_lease_s int, batch int) returns setof effect_work
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
          where s.undoes is not null and u.workspace_id = s.workspace_id and u.proposal = s.undoes)
  from started s;
end $$;

-- Takes over effects whose lease has run out, and those of this host that it does not know of: not among p_held and their
-- lease p_age_s old, when the answer that told of them must have come long ago; at any age when p_age_s is null, after it
-- died. They must be verified before anything is applied.
create function effect_take_over (p_owner text, p_lease_s int, p_held bigint[], p_age_s int, batch int)
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
          where k.undoes is not null and u.workspace_id = k.workspace_id and u.proposal = k.undoes)
  from known k;
end $$;

-- Keeps the leases of effects in hand: two lists, place by place. Returns those that are still held.
create function effect_renew (p_owner text, p_workspaces bigint[], p_effects bigint[], p_lease_s int)
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
create function effect_retry (p_workspace bigint, p_effect bigint, p_owner text, p_lease_s int) returns text
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
create function effect_finish (p_owner text, entries jsonb) returns table (effect bigint)
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

-- Emergency stop and its end. When it returns, nothing more starts.
create function control_stop (p_reason text, p_actor text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update workspaces set stopped_at = coalesce (stopped_at, now ()), stopped_by = p_actor, stop_reason = p_reason
  where workspace_id = royal_workspace ();
  perform outbox_put ('control.stopped', null, p_actor, jsonb_build_object ('reason', p_reason));
end $$;

create function control_resume (p_actor text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update workspaces set stopped_at = null, stopped_by = null, stop_reason = null
  where workspace_id = royal_workspace ();
  perform outbox_put ('control.resumed', null, p_actor, '{}');
  perform pg_notify ('royal_effects', '');
end $$;

-- An agent's small state: versioned, bounded.
create table agent_state (
  workspace_id bigint not null references workspaces,
  agent text not null,
  key text not null check (octet_length (key) between 1 and 128),
  value jsonb not null check (octet_length (value::text) <= 65536),
  version bigint not null default 1,
  primary key (workspace_id, agent, key));
call royal_protect ('agent_state', 'select, insert, update, delete');

create function state_get (p_agent text, p_key text) returns table (value jsonb, version bigint)
language sql stable as $$
  select s.value, s.version from agent_state s
  where s.workspace_id = royal_workspace () and s.agent = p_agent and s.key = p_key;
$$;

-- Returns the new version. A JSON null removes the key (version 0).
create function state_put (p_agent text, p_key text, p_value jsonb, p_version bigint) returns bigint
language plpgsql as $$
declare
  current bigint;
  quota constant int := 256;
begin
  select s.version into current from agent_state s
  where s.workspace_id = royal_workspace () and s.agent = p_agent and s.key = p_key for update;
  if coalesce (current, 0) <> p_version then
    raise exception 'state `%` is at version %, not %', p_key, coalesce (current, 0), p_version using errcode = 'RY409';
  end if;
  if jsonb_typeof (p_value) = 'null' then
    delete from agent_state s where s.workspace_id = royal_workspace () and s.agent = p_agent and s.key = p_key;
    return 0;
  end if;
  if current is null
     and (select count (*) from agent_state s where s.workspace_id = royal_workspace () and s.agent = p_agent) >= quota then
    raise exception 'agent % holds % keys already', p_agent, quota using errcode = 'RY429';
  end if;
  insert into agent_state as s (workspace_id, agent, key, value) values (royal_workspace (), p_agent, p_key, p_value)
  on conflict (workspace_id, agent, key) do update set value = excluded.value, version = s.version + 1
    where s.version = p_version
  returning s.version into current;
  if not found then
    raise exception 'state `%` was changed meanwhile', p_key using errcode = 'RY409';
  end if;
  return current;
end $$;
