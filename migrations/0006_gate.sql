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

-- What only the host's functions write needs no look at each character, nor at the list of workspaces, which are never deleted.
alter table proposals drop constraint proposals_key_check, drop constraint proposals_digest_check,
  drop constraint proposals_workspace_id_fkey;

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
  -- From where a person submitted it.
  add via text,
  -- When the effect ends: so long after its execution, or at a time; reverts_at is set in any case once it was executed.
  add revert_after_s int check (revert_after_s between 1 and 31536000),
  add reverts_at timestamptz,
  add kept_by text,
  -- How many of what asks.escalate says have come about.
  add escalated int not null default 0,
  -- What the host has to come back to: a stale one is assessed anew, an effect that ends is undone.
  add again_tries smallint not null default 0,
  add again_at timestamptz;
create index proposals_supersedes on proposals (workspace_id, supersedes) where supersedes is not null;
create index proposals_undoes on proposals (workspace_id, undoes) where undoes is not null;
create index proposals_escalating on proposals (id) where state = 'pending' and asks ? 'escalate';
create index proposals_stale on proposals (id) where state = 'stale' and again_tries < 9;
create index proposals_ending on proposals ((coalesce (again_at, reverts_at)))
  where state in ('executed', 'failed') and reverts_at is not null and kept_by is null and again_tries < 9;
-- What went stale before this release stays as it is.
update proposals set again_tries = 9 where state = 'stale';

create function proposal_set_end () returns trigger
language plpgsql as $$
begin
  new.reverts_at := now () + new.revert_after_s * interval '1 second';
  return new;
end $$;
create trigger proposal_set_end before update on proposals for each row
  when ((new.state = 'executed' or new.state = 'failed' and new.n_items > 0) and new.reverts_at is null
        and new.revert_after_s is not null)
  execute function proposal_set_end ();

create function proposal_tell_stale () returns trigger
language plpgsql as $$
begin
  perform pg_notify ('royal_again', '');
  return null;
end $$;
create trigger proposal_tell_stale after update on proposals for each row
  when (new.state = 'stale' and old.state <> 'stale')
  execute function proposal_tell_stale ();

-- role, on_behalf: as what, and for whom. excluded: items of a batch that were left out. data: what a modification changes.
alter table approvals
  add role text,
  add on_behalf text,
  add excluded int[],
  add data jsonb,
  drop constraint approvals_answer_check,
  add constraint approvals_answer_check check (answer in ('approve', 'reject', 'modify'));

-- An approver's queue in another's hands, for a time.
create table delegations (
  workspace_id bigint not null references workspaces,
  uid uuid not null default uuid_v7 (),
  delegator text not null,
  via text not null,
  role text not null check (role in ('approver', 'operator', 'developer', 'admin')),
  delegate text not null check (length (delegate) between 1 and 200 and delegate <> delegator),
  note text,
  starts_at timestamptz not null default now (),
  ends_at timestamptz not null,
  revoked_at timestamptz,
  revoked_by text,
  primary key (workspace_id, uid));
create index delegations_delegate on delegations (workspace_id, delegate) where revoked_at is null;
call royal_protect ('delegations', 'select');

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

-- The job that runs again with other inputs because of a modification, while it lives.
create function proposal_rerun_of (p proposals) returns uuid
language sql stable as $$
  select j.uid from approvals a join jobs j on j.workspace_id = a.workspace_id and j.uid = (a.data->>'job')::uuid
  where a.workspace_id = p.workspace_id and a.proposal = p.id and a.answer = 'modify' and a.data ? 'job'
    and j.state in ('queued', 'leased')
  order by a.id desc limit 1;
$$;

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
    'n_items', p.n_items, 'root', p.root, 'via', p.via, 'revert_after_s', p.revert_after_s,
    'reverts_at', iso_time (p.reverts_at), 'kept_by', p.kept_by, 'escalated', p.escalated,
    'supersedes', (select s.uid from proposals s where s.workspace_id = p.workspace_id and s.id = p.supersedes),
    'superseded_by', (select s.uid from proposals s where s.workspace_id = p.workspace_id and s.supersedes = p.id
                      order by s.id desc limit 1),
    'revising', case when p.state = 'pending' then proposal_rerun_of (p) end,
    'created_by', p.created_by, 'created_at', iso_time (p.created_at), 'expires_at', iso_time (p.expires_at),
    'decided_at', iso_time (p.decided_at), 'decided_by', p.decided_by, 'finished_at', iso_time (p.finished_at),
    'approvals', coalesce ((
      select jsonb_agg (jsonb_build_object ('answer', a.answer, 'actor', a.actor, 'via', a.via, 'note', a.note,
                                            'role', a.role, 'on_behalf', a.on_behalf, 'excluded', to_jsonb (a.excluded),
                                            'change', a.data, 'at', iso_time (a.at)) order by a.id)
      from approvals a where a.workspace_id = p.workspace_id and a.proposal = p.id), '[]'),
    'effects', case when p.n_items > 0 then (
      select jsonb_object_agg (c.state, c.n) from (
        select e.state, count (*) as n from effects e where e.workspace_id = p.workspace_id and e.proposal = p.id
        group by e.state) c) end,
    'effect', (
      select jsonb_build_object ('key', e.key, 'state', e.state, 'attempt', e.attempt, 'receipt', e.receipt,
                                 'error', e.error, 'started_at', iso_time (e.started_at),
                                 'finished_at', iso_time (e.finished_at))
      from effects e where e.workspace_id = p.workspace_id and e.proposal = p.id and e.item = 0));
$$;

-- An item of a batch, with its effect where it has one.
create function proposal_item_json (i proposal_items) returns jsonb
language sql stable as $$
  select jsonb_build_object (
    'item', i.item, 'target', i.target, 'parameters', i.parameters, 'before', i.before, 'facts', i.facts,
    'preview', i.preview, 'excluded', i.excluded,
    'effect', (
      select jsonb_build_object ('key', e.key, 'state', e.state, 'attempt', e.attempt, 'receipt', e.receipt,
                                 'error', e.error, 'started_at', iso_time (e.started_at),
                                 'finished_at', iso_time (e.finished_at))
      from effects e where e.workspace_id = i.workspace_id and e.proposal = i.proposal and e.item = i.item));
$$;

-- A page of a batch's items, in their order; of a single proposal there are none.
create function proposal_items_page (p_uid uuid, after_item bigint, batch int) returns table (cursor bigint, item jsonb)
language plpgsql stable as $$
declare p proposals;
begin
  select * into p from proposals where workspace_id = royal_workspace () and uid = p_uid;
  if not found then
    raise exception 'no proposal %', p_uid using errcode = 'RY404';
  end if;
  return query
  select i.item::bigint, proposal_item_json (i) from proposal_items i
  where i.workspace_id = p.workspace_id and i.proposal = p.id and i.item > coalesce (after_item, 0)
  order by i.item limit batch;
end $$;

-- Whether an item of a batch was undone: an inverse that failed may have done so in part.
create function proposal_item_undone (p_workspace bigint, p_proposal bigint, p_item int) returns boolean
language sql stable as $$
  select exists (
    select from proposals u join effects f on f.workspace_id = u.workspace_id and f.proposal = u.id
    where u.workspace_id = p_workspace and u.undoes = p_proposal and f.item = p_item and f.state = 'executed');
$$;

-- A proposal with all its items; of an inverse also the receipts that it undoes.
create function proposal_whole_of (p proposals) returns jsonb
language sql stable as $$
  select proposal_json (p)
    || case when p.undoes is not null then jsonb_build_object ('receipt', (
         select e.receipt from effects e where e.workspace_id = p.workspace_id and e.proposal = p.undoes and e.item = 0))
       else '{}' end
    || case when p.n_items > 0 then jsonb_build_object ('items', (
         select jsonb_agg (proposal_item_json (i) || case when p.undoes is null then jsonb_build_object (
                  'undone', proposal_item_undone (p.workspace_id, p.id, i.item)) else jsonb_build_object (
                  'receipt', (select e.receipt from effects e where e.workspace_id = p.workspace_id
                              and e.proposal = p.undoes and e.item = i.item)) end order by i.item)
         from proposal_items i where i.workspace_id = p.workspace_id and i.proposal = p.id)) else '{}' end;
$$;

create function proposal_whole (p_uid uuid) returns jsonb
language plpgsql stable as $$
declare p proposals;
begin
  select * into p from proposals where workspace_id = royal_workspace () and uid = p_uid;
  if not found then
    raise exception 'no proposal %', p_uid using errcode = 'RY404';
  end if;
  return proposal_whole_of (p);
end $$;

-- The proposal that is to be undone, locked: refused unless it was executed (of a batch: any item) and nobody is undoing it.
-- p_due: because its time has come, which a person may have refused since.
drop function proposal_lock_undo (uuid);
create function proposal_lock_undo (p_uid uuid, p_due boolean) returns bigint
language plpgsql as $$
declare original proposals := proposal_lock (p_uid);
begin
  if original.kind <> 'apply' or original.state <> 'executed'
     and (original.state <> 'failed' or not exists (
            select from effects e where e.workspace_id = original.workspace_id and e.proposal = original.id
            and e.item > 0 and e.state = 'executed')) then
    raise exception 'proposal % is % (%), only an executed change can be undone', p_uid, original.state, original.kind
      using errcode = 'RY409';
  end if;
  if exists (select from proposals u where u.workspace_id = original.workspace_id and u.undoes = original.id
             and u.state in ('pending', 'approved', 'executing', 'executed', 'unknown')) then
    raise exception 'proposal % is being undone already', p_uid using errcode = 'RY409';
  end if;
  if p_due and original.kept_by is not null then
    raise exception 'proposal % is kept, by %', p_uid, original.kept_by using errcode = 'RY409';
  end if;
  return original.id;
end $$;

-- What an approval's digest covers, part by part.
create function proposal_terms (p proposals) returns table (part text, value jsonb)
language sql stable as $$
  select v.part, v.value from (values
    ('parameters', p.parameters), ('facts', p.facts),
    ('before', case jsonb_typeof (p.before) when 'object' then p.before else jsonb_build_object ('value', p.before) end),
    ('', jsonb_build_object ('action', p.action, 'target', p.target, 'policy_version', p.policy_version, 'agent', p.agent,
           'agent_version', p.agent_version, 'agent_sha256', p.agent_sha256, 'expires_at', iso_time (p.expires_at),
           'kind', p.kind, 'items', nullif (p.n_items, 0), 'root', p.root, 'revert_after_s', p.revert_after_s,
           'reverts_at', case when p.revert_after_s is null then iso_time (p.reverts_at) end))) as v (part, value)
  union all
  select 'item ' || i.item, jsonb_build_object ('target', i.target, 'parameters', i.parameters, 'before', i.before,
                                                'facts', i.facts)
  from proposal_items i where i.workspace_id = p.workspace_id and i.proposal = p.id;
$$;

-- What differs between two proposals in what a digest covers: [{ "name", "was", "is" }], the first hundred.
create function proposal_changes (a proposals, b proposals) returns jsonb
language sql stable as $$
  select coalesce (jsonb_agg (jsonb_build_object ('name', c.name, 'was', c.was, 'is', c.now) order by c.part, c.name), '[]')
  from (
    select coalesce (x.part, y.part) as part, concat_ws ('.', nullif (coalesce (x.part, y.part), ''), k.name) as name,
           x.value->k.name as was, y.value->k.name as now
    from proposal_terms (a) x full join proposal_terms (b) y using (part)
    cross join lateral (select jsonb_object_keys (x.value) union select jsonb_object_keys (y.value)) as k (name)
    where x.value->k.name is distinct from y.value->k.name
    order by 1, 2 limit 100) c;
$$;

-- The same as a sentence, for whoever answers to what is no longer there.
create function proposal_difference (a proposals, b proposals) returns text
language sql stable as $$
  select coalesce (string_agg (format ('%s was %s and is %s', c->>'name', left (coalesce (c->>'was', 'not there'), 100),
                                       left (coalesce (c->>'is', 'not there'), 100)), '; '), 'nothing that the digest covers')
  from (select c from jsonb_array_elements (proposal_changes (a, b)) c limit 20) c;
$$;

-- All revisions of a proposal, the first one first.
create function proposal_chain (p_workspace bigint, p_id bigint) returns setof proposals
language sql stable as $$
  with recursive before (id, supersedes) as (
    select p.id, p.supersedes from proposals p where p.workspace_id = p_workspace and p.id = p_id
    union all
    select p.id, p.supersedes from before b join proposals p on p.workspace_id = p_workspace and p.id = b.supersedes),
  chain (id) as (
    select min (id) from before
    union all
    select p.id from chain c join proposals p on p.workspace_id = p_workspace and p.supersedes = c.id)
  select p.* from chain c join proposals p on p.workspace_id = p_workspace and p.id = c.id order by p.id;
$$;

create function proposal_revisions (p_uid uuid) returns jsonb
language plpgsql stable as $$
declare
  p proposals;
  revisions jsonb;
begin
  select * into p from proposals where workspace_id = royal_workspace () and uid = p_uid;
  if not found then
    raise exception 'no proposal %', p_uid using errcode = 'RY404';
  end if;
  select jsonb_agg (jsonb_build_object (
      'id', c.uid, 'revision', c.revision, 'state', c.state, 'digest', c.digest, 'decision', c.decision, 'risk', c.risk,
      'reason', c.reason, 'parameters', c.parameters, 'facts', c.facts, 'root', c.root, 'created_by', c.created_by,
      'via', c.via, 'created_at', iso_time (c.created_at), 'decided_by', c.decided_by,
      'changes', case when o.id is not null then proposal_changes (o, c) else '[]' end,
      'answers', coalesce ((
        select jsonb_agg (jsonb_build_object ('answer', a.answer, 'actor', a.actor, 'on_behalf', a.on_behalf, 'note', a.note,
                                              'change', a.data, 'at', iso_time (a.at)) order by a.id)
        from approvals a where a.workspace_id = c.workspace_id and a.proposal = c.id), '[]')) order by c.id)
  into revisions
  from proposal_chain (p.workspace_id, p.id) c
  left join proposals o on o.workspace_id = c.workspace_id and o.id = c.supersedes;
  return jsonb_build_object ('items', revisions);
end $$;

-- What the end of proposals brings about: a workflow's step is told, and what they had reserved is settled.
create function proposal_ended (p_workspace bigint, p_ids bigint[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  uids uuid[];
  states text[];
begin
  insert into workflow_inbox (workspace_id, step, kind, data)
  select p.workspace_id, (p.context->>'step')::bigint, 'proposal',
         jsonb_build_object ('proposal', p.uid, 'state', p.state, 'reason', (
           select a.note from approvals a where a.workspace_id = p.workspace_id and a.proposal = p.id
           order by a.id desc limit 1))
  from proposals p
  where p.workspace_id = p_workspace and p.id = any (p_ids) and p.context ? 'step' and p.state <> 'superseded'
  order by p.id;
  if found then
    perform pg_notify ('royal_workflows', '');
  end if;

  select array_agg (p.uid order by p.id), array_agg (p.state order by p.id) into uids, states
  from proposals p where p.workspace_id = p_workspace and p.id = any (p_ids) and p.limits <> '[]';
  if uids is not null then
    perform limits_settle (p_workspace, uids, states);
  end if;
end $$;
revoke execute on function proposal_ended (bigint, bigint[]) from public;

-- Which proposal the one in `row` stands for from now on, locked: the one it names (a person modified it, or it is stale), or the
-- one that its job runs again for, when it is of the same action on the same target, or the only one of that job. Null for none.
create function proposal_predecessor (p_row jsonb) returns proposals
language plpgsql as $$
declare
  revises constant text := p_row#>>'{context,revises}';
  p proposals;
begin
  if p_row ? 'supersedes' then
    p := proposal_lock ((p_row->>'supersedes')::uuid);
  elsif revises is not null then
    p := proposal_lock (revises::uuid);
    -- Those of one job stand near each other.
    if p.action <> p_row->>'action' or p.kind <> p_row->>'kind'
       or p.n_items = 0 and p.target <> p_row->>'target'
          and exists (select from proposals o where o.workspace_id = p.workspace_id and o.id between p.id - 5000 and p.id + 5000
                      and o.id <> p.id and o.job = p.job) then
      return null;
    end if;
  end if;
  return p;
end $$;

-- The one in `row`, whose id will be p_uid, takes the place of another: a pending one is superseded, a stale one stays so. By a
-- person it takes what an answer takes, and is recorded as one. Returns the predecessor.
create function proposal_succeed (p_row jsonb, p_uid uuid) returns proposals
language plpgsql as $$
declare
  p proposals := proposal_predecessor (p_row);
  m constant jsonb := p_row->'modified';
  behalf text;
begin
  if p.id is null then
    return null;
  end if;
  if m is not null then
    perform proposal_check_open (p, m->>'digest');
    behalf := proposal_authority (p, m->>'actor', m->>'role', '{}');
    insert into approvals (workspace_id, proposal, answer, actor, via, digest, note, role, on_behalf, data)
    values (p.workspace_id, p.id, 'modify', m->>'actor', m->>'via', m->>'digest', m->>'note', m->>'role', behalf, m->'change');
  elsif p.state not in ('pending', 'stale') or p.again_tries = 9 then
    raise exception 'proposal % is % already: nothing can take its place', p.uid, p.state using errcode = 'RY409';
  elsif proposal_withdrawn (p) then
    raise exception 'agent % is not granted % any more', p.agent, p.action using errcode = 'RY403';
  end if;
  perform outbox_put ('approval.superseded', p.uid::text, coalesce (m->>'actor', 'host'),
    jsonb_strip_nulls (jsonb_build_object ('by', p_uid, 'state', p.state, 'action', p.action, 'target', p.target,
      'digest', p.digest, 'via', m->'via', 'on_behalf', behalf, 'note', m->'note', 'change', m->'change')));
  if p.state = 'stale' then
    update proposals set again_tries = 9 where workspace_id = p.workspace_id and id = p.id;
    if p.limits <> '[]' then
      perform limits_settle (p.workspace_id, array[p.uid], array['superseded']);
    end if;
    return p;
  end if;
  update proposals set state = 'superseded', decided_at = now (), decided_by = coalesce (m->>'actor', p_row->>'created_by')
  where workspace_id = p.workspace_id and id = p.id;
  if p.limits <> '[]' then
    perform proposal_ended (p.workspace_id, array[p.id]);
  end if;
  return p;
end $$;

-- The items of what proposal_submit() has made, and what follows at once from those that were denied.
create function proposal_complete (ws bigint, batch jsonb, uids uuid[]) returns void
language plpgsql as $$
declare denied bigint[];
begin
  insert into proposal_items (workspace_id, proposal, item, target, parameters, before, facts, preview)
  select ws, p.id, i.item, i.target, i.parameters, coalesce (i.before, 'null'), i.facts, coalesce (i.preview, 'null')
  from jsonb_array_elements (batch) with ordinality as b (doc, pos)
  cross join lateral (select p.id from proposals p where p.uid = uids[b.pos] and p.workspace_id = ws limit 1) p
  cross join lateral jsonb_to_recordset (b.doc->'items') as i (item int, target text, parameters jsonb, before jsonb,
    facts jsonb, preview jsonb)
  order by p.id, i.item;
  if jsonb_path_exists (batch, '$[*] ? (@.undoes != null)') and exists (
    select from proposals p join proposal_items i on i.workspace_id = p.workspace_id and i.proposal = p.id
    where p.workspace_id = ws and p.uid = any (uids) and p.undoes is not null and proposal_item_undone (ws, p.undoes, i.item)) then
    raise exception 'an item of it was undone meanwhile' using errcode = 'RY409';
  end if;
  select array_agg (p.id) into denied from proposals p
  where p.workspace_id = ws and p.uid = any (uids) and p.state = 'denied' and (p.context ? 'step' or p.limits <> '[]');
  if denied is not null then
    perform proposal_ended (ws, denied);
  end if;
end $$;

-- So many identifiers of now: UUID version 7 (RFC 9562).
create function uuid_v7_list (n int) returns uuid[]
language plpgsql volatile as $$
declare
  ms constant text := lpad (to_hex (floor (extract (epoch from clock_timestamp ()) * 1000)::bigint), 12, '0');
  head constant text := left (ms, 8) || '-' || right (ms, 4) || '-7';
begin
  return array (select (head || substr (gen_random_uuid ()::text, 16))::uuid from generate_series (1, n));
end $$;

-- batch is a list of what the gate assessed and decided (see gate/rh-proposal.h). The state follows from the decision. With an
-- owner, those among the first p_room that are approved at once are started at once: their intent is committed with the
-- decision, as effect_claim() would commit it after. Returns for each, by its place in the list from 1, its id and state, with
-- the effect where one was started, and an outcome where it is not what the list says. What is approved and not started is told
-- to every executor, once a batch.
-- p_told is what the audit is to hold of each, in the same order, as canonical JSON from whoever has it at hand (see
-- rh_proposal_told()), but for what is added here.
drop function proposal_submit (jsonb, text, int, int);
create function proposal_submit (batch jsonb, p_owner text, p_lease_s int, p_room int, p_told text[] default null)
returns table (pos bigint, outcome jsonb, effect bigint, uid uuid, state text)
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  ws constant bigint := royal_workspace ();
  n constant int := jsonb_array_length (batch);
  uids constant uuid[] := uuid_v7_list (n);
  room int := 0;
  n_made int;
  n_known int := 0;
  old proposals;
  reviewed jsonb;
begin
  -- What takes the place of another comes alone (gate/rh-intake.c), and once.
  if jsonb_path_exists (batch, '$[*] ? (exists (@.supersedes) || exists (@.context.revises))') then
    if n <> 1 then
      raise exception 'a proposal that takes the place of another is submitted alone' using errcode = 'RY400';
    end if;
    if not exists (select from proposals p where p.workspace_id = ws and p.key = batch->0->>'key') then
      old := proposal_succeed (batch->0, uids[1]);
      batch := jsonb_build_array (batch->0 || jsonb_build_object ('context', nullif (
        coalesce (old.context, '{}') || coalesce (nullif (batch->0->'context', 'null'), '{}') - 'revises', '{}')));
    end if;
  end if;
  if p_owner is not null and p_room > 0 and workspace_may_start () then
    room := p_room;
  end if;
  -- What was decided by what is not in force any more, or for an agent that may not do it any more.
  reviewed := control_standing (ws, batch);
  if reviewed is not null then
    batch := reviewed;
    p_told := null;
  end if;
  -- What accumulates is reserved here, and where autonomy was taken away a person is asked: decisions get stricter, never more permissive.
  if jsonb_path_exists (batch, '$[*] ? (exists (@.limits[*]) || exists (@.envelopes[*]))') or exists (select from breakers b where b.workspace_id = ws and b.opened_at is not null) then
    reviewed := control_review (ws, batch, uids);
    if reviewed <> batch then
      batch := reviewed;
      p_told := null;
    end if;
  end if;

  -- Nothing is joined with what was made: it has all that follows from it.
  return query
  with made as (
    insert into proposals as p (workspace_id, uid, state, kind, undoes, action, target, agent, agent_version,
      agent_sha256, cluster, run, key, parameters, words, claims, before, facts, preview, risk, decision, rules, reason,
      policy_version, digest, priority, created_by, expires_at, job, context, asks, limits, explanation, n_items, root, via,
      revert_after_s, reverts_at, supersedes, revision, decided_at, decided_by)
    select ws, uids[g.pos],
      case g.decision when 'deny' then 'denied' when 'approve' then 'pending'
        else case when g.kind = 'apply' and g.n_items is null and g.pos <= room then 'executing' else 'approved' end end,
      g.kind, case when g.undoes is not null then proposal_lock_undo (g.undoes, g.created_by = 'schedule' and g.via is null) end, g.action,
      g.target, g.agent, g.agent_version, g.agent_sha256, g.cluster, g.run, g.key, g.parameters, g.words, g.claims,
      coalesce (g.before, 'null'), g.facts, coalesce (g.preview, 'null'), g.risk, g.decision, g.rules, g.reason, g.policy_version, g.digest,
      coalesce (g.priority, 'normal'), g.created_by, g.expires_at, g.job, g.context, coalesce (g.asks, '{}'),
      coalesce (g.limits, '[]'), g.explanation, coalesce (g.n_items, 0), g.root, g.via, g.revert_after_s, g.reverts_at, old.id,
      coalesce (old.revision, 0) + 1, case when g.decision <> 'approve' then now () end,
      case when g.decision <> 'approve' then 'policy' end
    from rows from (jsonb_to_recordset (batch) as (kind text, undoes uuid, action text, target text, agent text,
        agent_version text, agent_sha256 text, cluster text, run uuid, key text, parameters jsonb, words jsonb, claims jsonb,
        before jsonb, facts jsonb, preview jsonb, risk text, decision text, rules text[], reason text, policy_version text,
        digest text, priority text, created_by text, expires_at timestamptz, job uuid, context jsonb, asks jsonb,
        limits jsonb, explanation jsonb, n_items int, root text, via text, revert_after_s int, reverts_at timestamptz))
      with ordinality as g (kind, undoes, action, target, agent, agent_version, agent_sha256, cluster, run, key,
        parameters, words, claims, before, facts, preview, risk, decision, rules, reason, policy_version, digest, priority,
        created_by, expires_at, job, context, asks, limits, explanation, n_items, root, via, revert_after_s, reverts_at, pos)
    on conflict (workspace_id, key) where key is not null do nothing
    returning p.*, array_position (uids, p.uid) as pos),
  started as (
    insert into effects (workspace_id, proposal, key, owner, lease_until)
    select ws, m.id, m.uid::text, p_owner, now () + p_lease_s * interval '1 second'
    from made m where m.state = 'executing'),
  told as (
    -- `started` is the key of the effect whose intent is committed with the decision.
    insert into outbox (workspace_id, kind, subject, actor, body, data)
    select ws, case m.state when 'denied' then 'proposal.denied' when 'pending' then 'approval.required'
                            else 'proposal.approved' end, m.uid::text, m.created_by,
      case when m.short then
        p_told[m.pos] || case when m.state = 'executing' then ',"started":"' || m.uid || '"' else '' end
          || ',"target":' || to_json (m.target) || ',"undoes":' || coalesce ('"' || (batch->(m.pos - 1)->>'undoes') || '"', 'null')
          || '}' end,
      case when not m.short then
        jsonb_build_object ('action', m.action, 'target', m.target, 'kind', m.kind, 'agent', m.agent,
          'agent_version', m.agent_version, 'agent_sha256', m.agent_sha256, 'run', m.run,
          'undoes', batch->(m.pos - 1)->'undoes', 'parameters', m.parameters, 'claims', m.claims, 'before', m.before,
          'facts', m.facts, 'risk', m.risk, 'decision', m.decision, 'rules', to_jsonb (m.rules), 'reason', m.reason,
          'policy_version', m.policy_version, 'digest', m.digest, 'expires_at', iso_time (m.expires_at))
        || jsonb_strip_nulls (jsonb_build_object ('started', case when m.state = 'executing' then m.uid end,
             'n_items', nullif (m.n_items, 0), 'root', m.root, 'via', m.via, 'asks', nullif (m.asks, '{}'),
             'supersedes', old.uid, 'revert_after_s', m.revert_after_s, 'reverts_at', iso_time (m.reverts_at))) end
    from (
      select x.*, p_told[x.pos] is not null and x.n_items = 0 and x.via is null and x.asks = '{}' and x.supersedes is null
                  and x.revert_after_s is null and x.reverts_at is null as short
      from made x) m)
  select m.pos::bigint,
    case when p_told is null then
      jsonb_build_object ('proposal', m.uid, 'decision', m.decision, 'risk', m.risk,
                          'state', case m.state when 'executing' then 'approved' else m.state end,
                          'rules', to_jsonb (m.rules), 'reason', m.reason) end,
    case when m.state = 'executing' then m.id end, m.uid, case m.state when 'executing' then 'approved' else m.state end
  from made m;
  get diagnostics n_made = row_count;

  -- An attempt of the same job that was lost has proposed it already: the first one stands.
  if n_made < n then
    return query
    select g.pos, jsonb_build_object ('proposal', p.uid, 'state', p.state, 'decision', p.decision, 'risk', p.risk,
                                      'rules', to_jsonb (p.rules), 'reason', p.reason), null::bigint, p.uid, p.state
    from rows from (jsonb_to_recordset (batch) as (key text)) with ordinality as g (key, pos)
    cross join lateral (
      select * from proposals p where p.workspace_id = ws and p.key = g.key and p.uid <> uids[g.pos] limit 1) p;
    get diagnostics n_known = row_count;
    -- It was there only after this one had reserved: nothing of this one is kept.
    perform limits_release_unmade (ws, uids);
  end if;
  if n_made + n_known <> n then
    raise exception 'another attempt of the job is proposing the same' using errcode = 'RY503';
  end if;
  if jsonb_path_exists (batch, '$[*] ? (exists (@.items) || @.decision == "deny" && (exists (@.context.step) || exists (@.limits)))')
  then
    perform proposal_complete (ws, batch, uids);
  end if;

  if exists (select from jsonb_array_elements (batch) e
             where (room < n or e->>'kind' = 'undo' or e ? 'n_items') and e->>'decision' in ('auto', 'notify')) then
    perform pg_notify ('royal_effects', '');
  end if;
end $$;

-- Whether the agent may not do any more what it has proposed; an inverse is not its own.
create function proposal_withdrawn (p proposals) returns boolean
language plpgsql stable as $$
begin
  return p.kind = 'apply' and p.agent_sha256 <> '' and exists (
    select from grants g where g.workspace_id = p.workspace_id and g.agent = p.agent
    and not g.grants->'writes' @> jsonb_build_array (jsonb_build_object ('action', p.action)));
end $$;

-- The same, of a grant that does not change until this transaction has ended: taking it away waits, and then finds what was
-- approved meanwhile.
create function proposal_hold_grant (p proposals) returns boolean
language plpgsql volatile as $$
begin
  perform from grants g where g.workspace_id = p.workspace_id and g.agent = p.agent for share;
  return proposal_withdrawn (p);
end $$;

-- With the grant goes what was approved and has not started: in the transaction that takes it away, so that nothing of it starts
-- after that.
create function proposal_withdraw () returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  with gone as (
    update proposals p set state = 'stale', finished_at = now ()
    where p.workspace_id = new.workspace_id and p.agent = new.agent and p.state = 'approved' and proposal_withdrawn (p)
    returning p.*)
  insert into outbox (workspace_id, kind, subject, actor, data)
  select g.workspace_id, 'effect.stale', g.uid::text, 'host',
         jsonb_build_object ('action', g.action, 'target', g.target, 'kind', g.kind, 'digest', g.digest,
           'error', format ('agent %s is not granted %s any more', g.agent, g.action))
  from gone g order by g.id;
  return null;
end $$;

-- --- People's answers ----------------------------------------------------------------------------------------------------------

-- Roles that may answer now: those that the rule asks for, and those that have been added by escalation since. An admin may.
create function proposal_roles (p proposals) returns text[]
language sql stable as $$
  select array (
    select jsonb_array_elements_text (coalesce (p.asks->'roles', '["approver"]'))
    union
    select jsonb_array_elements_text (coalesce (e->'roles', '[]'))
    from jsonb_array_elements (coalesce (p.asks->'escalate', '[]')) e
    where p.created_at + (e->>'after_s')::double precision * interval '1 second' <= clock_timestamp ()
    union
    select 'admin'
    order by 1);
$$;

-- Who has a hand in what a proposal asks for: whoever submitted or modified it, in any of its revisions.
create function proposal_authors (p proposals) returns text[]
language sql stable as $$
  select array (
    select c.created_by from proposal_chain (p.workspace_id, p.id) c
    union
    select who from proposal_chain (p.workspace_id, p.id) c
    join approvals a on a.workspace_id = c.workspace_id and a.proposal = c.id and a.answer = 'modify'
    cross join lateral unnest (array[a.actor, a.on_behalf]) who where who is not null);
$$;

-- Whether what a delegation stands on still holds: a token that was revoked, or changed its role, hands nothing on.
create function delegation_holds (d delegations) returns boolean
language sql stable as $$
  select d.revoked_at is null and d.starts_at <= clock_timestamp () and d.ends_at > clock_timestamp ()
     and (d.via not like 'token:%' or exists (
       select from tokens t where t.workspace_id = d.workspace_id and 'token:' || t.uid = d.via and t.role = d.role
       and t.revoked_at is null and (t.expires_at is null or t.expires_at > clock_timestamp ())));
$$;

-- For whom p_actor answers: null for himself. Refused (RY403) when neither his role nor a delegation allows it. authors: who
-- may not approve, when that takes four eyes.
create function proposal_authority (p proposals, p_actor text, p_role text, authors text[]) returns text
language plpgsql stable as $$
declare
  roles constant text[] := proposal_roles (p);
  behalf text;
begin
  if p_actor = any (authors) then
    raise exception 'proposal % takes four eyes: % has submitted or modified it', p.uid, p_actor using errcode = 'RY403';
  end if;
  if p_role = any (roles) then
    return null;
  end if;
  select d.delegator into behalf from delegations d
  where d.workspace_id = p.workspace_id and d.delegate = p_actor and (d.role = any (roles)) and delegation_holds (d)
    and d.delegator <> all (authors)
  order by d.starts_at limit 1;
  if behalf is null then
    raise exception 'proposal % is answered by one of: %; % is %', p.uid, array_to_string (roles, ', '), p_actor,
      coalesce (p_role, 'nothing') using errcode = 'RY403';
  end if;
  return behalf;
end $$;

-- What can be answered now, by this clock: the proposal is pending, in time, and its digest is the one that was seen. Whoever
-- saw something else is told what differs.
create function proposal_check_open (p proposals, p_digest text) returns void
language plpgsql stable as $$
declare
  other proposals;
begin
  if p.state <> 'pending' then
    select * into other from proposal_chain (p.workspace_id, p.id) c where c.id > p.id order by c.id desc limit 1;
    if other.id is not null then
      raise exception 'proposal % is %, not pending: % (%) stands for it now; %', p.uid, p.state, other.uid, other.state,
        proposal_difference (p, other) using errcode = 'RY409';
    end if;
    raise exception 'proposal % is %, not pending', p.uid, p.state using errcode = 'RY409';
  end if;
  if p.expires_at <= clock_timestamp () then
    raise exception 'proposal % expired at %', p.uid, iso_time (p.expires_at) using errcode = 'RY409';
  end if;
  if p_digest is distinct from p.digest then
    select * into other from proposal_chain (p.workspace_id, p.id) c where c.digest = p_digest limit 1;
    if other.id is not null then
      raise exception 'the digest is not that of proposal %, but of revision %: %', p.uid, other.revision,
        proposal_difference (other, p) using errcode = 'RY409';
    end if;
    raise exception 'the digest is not that of proposal %: it is % now', p.uid, p.digest using errcode = 'RY409';
  end if;
end $$;

-- The items that an approval leaves out, checked; null for none.
create function proposal_check_excluded (p proposals, p_excluded int[]) returns int[]
language plpgsql stable as $$
declare
  chosen constant int[] := array (select distinct e from unnest (p_excluded) e order by e);
begin
  if cardinality (chosen) = 0 then
    return null;
  end if;
  if (select count (*) from proposal_items i where i.workspace_id = p.workspace_id and i.proposal = p.id
      and i.item = any (chosen)) <> cardinality (chosen) then
    raise exception 'exclude: expected items of proposal %, which has %', p.uid, p.n_items using errcode = 'RY400';
  end if;
  return chosen;
end $$;

-- Counts an approval. Returns whether those that were asked for are there now; then what any of them left out is left out.
create function proposal_count_approval (p proposals, p_actor text, p_behalf text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  quorum constant int := coalesce ((p.asks->>'quorum')::int, 1);
  n int;
begin
  select count (*) into n from approvals a
  where a.workspace_id = p.workspace_id and a.proposal = p.id and a.answer = 'approve';
  if n < quorum then
    return false;
  end if;
  update proposal_items i set excluded = true
  where i.workspace_id = p.workspace_id and i.proposal = p.id and i.item in (
    select unnest (a.excluded) from approvals a
    where a.workspace_id = p.workspace_id and a.proposal = p.id and a.answer = 'approve');
  if p.n_items > 0 and not exists (select from proposal_items i where i.workspace_id = p.workspace_id
                                   and i.proposal = p.id and not i.excluded) then
    raise exception 'nothing of proposal % is left: reject it', p.uid using errcode = 'RY409';
  end if;
  return true;
end $$;
revoke execute on function proposal_count_approval (proposals, text, text) from public;

drop function proposal_answer (uuid, text, text, text, text, text);
-- A person's answer, with the role that the person has. An approval holds for the digest that the person saw and before the
-- deadline, by this clock; it counts when as many different people as the rule asks for have approved. p_exclude: the items of a
-- batch that are left out: what any approver leaves out is.
create function proposal_answer (p_uid uuid, p_answer text, p_digest text, p_actor text, p_via text, p_note text,
  p_role text default null, p_exclude int[] default null)
returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  p proposals := proposal_lock (p_uid);
  behalf text;
  excluded int[];
  complete boolean;
begin
  if p_answer not in ('approve', 'reject') then
    raise exception 'an answer is approve or reject' using errcode = 'RY400';
  end if;
  perform proposal_check_open (p, case p_answer when 'approve' then p_digest else p.digest end);
  if p_answer = 'reject' and coalesce (btrim (p_note), '') = '' then
    raise exception 'a rejection needs a reason' using errcode = 'RY400';
  end if;
  behalf := proposal_authority (p, p_actor, p_role,
    case when p_answer = 'approve' and (p.asks->>'four_eyes')::boolean then proposal_authors (p) else '{}' end);
  if p_answer = 'approve' then
    if proposal_hold_grant (p) then
      raise exception 'agent % is not granted % any more: proposal % can only be rejected', p.agent, p.action, p_uid
        using errcode = 'RY409';
    end if;
    if proposal_rerun_of (p) is not null then
      raise exception 'proposal % is being revised: job % runs with other inputs', p_uid, proposal_rerun_of (p)
        using errcode = 'RY409';
    end if;
    if exists (select from approvals a where a.workspace_id = p.workspace_id and a.proposal = p.id and a.answer = 'approve'
               and array[p_actor, behalf] && array[a.actor, a.on_behalf]) then
      raise exception '% has approved proposal % already', coalesce (behalf, p_actor), p_uid using errcode = 'RY409';
    end if;
    excluded := proposal_check_excluded (p, p_exclude);
  end if;

  insert into approvals (workspace_id, proposal, answer, actor, via, digest, note, role, on_behalf, excluded)
  values (p.workspace_id, p.id, p_answer, p_actor, p_via, p_digest, p_note, p_role, behalf, excluded);
  complete := p_answer <> 'approve' or proposal_count_approval (p, p_actor, behalf);
  if complete then
    update proposals set state = case p_answer when 'approve' then 'approved' else 'rejected' end,
      decided_at = now (), decided_by = p_actor
    where workspace_id = p.workspace_id and id = p.id returning * into p;
  end if;
  perform outbox_put (case when complete then 'approval.decided' else 'approval.given' end, p_uid::text, p_actor,
    jsonb_strip_nulls (jsonb_build_object ('answer', p_answer, 'digest', p.digest, 'via', p_via, 'role', p_role,
      'on_behalf', behalf, 'action', p.action, 'target', p.target, 'root', p.root, 'excluded', to_jsonb (excluded),
      'quorum', p.asks->'quorum')) || jsonb_build_object ('note', p_note));
  if complete and p_answer = 'approve' then
    perform pg_notify ('royal_effects', '');
  elsif complete and (p.context ? 'step' or p.limits <> '[]') then
    perform proposal_ended (p.workspace_id, array[p.id]);
  end if;
  return proposal_json (p);
end $$;

-- What escalation brings about in every workspace: more roles may answer, and channels are told. Returns how many.
create function proposal_escalate () returns int
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare n int;
begin
  with due as (
    select p.workspace_id, p.id, l.level from proposals p
    cross join lateral (
      select count (*)::int as level from jsonb_array_elements (p.asks->'escalate') e
      where p.created_at + (e->>'after_s')::double precision * interval '1 second' <= now ()) l
    where p.state = 'pending' and p.asks ? 'escalate' and l.level > p.escalated
    order by p.id limit 1000 for no key update of p skip locked),
  raised as (
    update proposals p set escalated = d.level from due d where p.workspace_id = d.workspace_id and p.id = d.id returning p.*),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select r.workspace_id, 'approval.escalated', r.uid::text, 'host',
           jsonb_build_object ('action', r.action, 'target', r.target, 'level', r.escalated,
             'roles', to_jsonb (proposal_roles (r)), 'notify', coalesce ((
               select jsonb_agg (c) from jsonb_array_elements (r.asks->'escalate') e,
               jsonb_array_elements (coalesce (e->'notify', '[]')) c
               where r.created_at + (e->>'after_s')::double precision * interval '1 second' <= now ()), '[]'))
    from raised r order by r.id)
  select count (*) into n from raised;
  return n;
end $$;

-- Whether silence approves it: as the rule says, and while nobody wants it otherwise.
create function proposal_silence_approves (p proposals) returns boolean
language plpgsql volatile as $$
begin
  return p.asks->>'at_deadline' = 'approve' and proposal_rerun_of (p) is null and not proposal_hold_grant (p)
    and (p.n_items = 0 or exists (
      select from proposal_items i where i.workspace_id = p.workspace_id and i.proposal = p.id
      and not exists (select from approvals a where a.workspace_id = p.workspace_id and a.proposal = p.id
                      and a.answer = 'approve' and i.item = any (a.excluded))));
end $$;

-- Pending proposals past their deadline, in every workspace: expired, or approved where the rule takes silence for that. What
-- escalates meanwhile does. Returns how many.
create or replace function proposal_expire () returns int
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  n int;
  w record;
  silent boolean;
begin
  for w in
    with late as (
      select workspace_id, id from proposals where state = 'pending' and expires_at <= now ()
      order by expires_at limit 1000 for update skip locked),
    ended as (
      update proposals p set decided_at = now (), decided_by = 'deadline',
        state = case when proposal_silence_approves (p) then 'approved' else 'expired' end
      from late where p.workspace_id = late.workspace_id and p.id = late.id
      returning p.*),
    -- What any of those who did answer left out is left out.
    left_out as (
      update proposal_items i set excluded = true
      from ended e join approvals a on a.workspace_id = e.workspace_id and a.proposal = e.id and a.answer = 'approve'
      where e.state = 'approved' and i.workspace_id = e.workspace_id and i.proposal = e.id and i.item = any (a.excluded)),
    told as (
      insert into outbox (workspace_id, kind, subject, actor, data)
      select workspace_id, 'approval.decided', uid::text, 'host',
             jsonb_build_object ('answer', state, 'action', action, 'target', target, 'digest', digest)
      from ended order by id)
    select e.workspace_id, count (*) as n, bool_or (e.state = 'approved') as silent,
           array_agg (e.id) filter (where e.state = 'expired' and (e.context ? 'step' or e.limits <> '[]')) as tell
    from ended e group by e.workspace_id
  loop
    n := coalesce (n, 0) + w.n;
    silent := coalesce (silent, false) or w.silent;
    if w.tell is not null then
      perform proposal_ended (w.workspace_id, w.tell);
    end if;
  end loop;
  if silent then
    perform pg_notify ('royal_effects', '');
  end if;
  return coalesce (n, 0) + proposal_escalate ();
end $$;

-- --- Modification, and what time brings about ----------------------------------------------------------------------------------

-- A proposal as a person is about to modify it, with the job that made it; refused as the modification would be.
create function proposal_amendable (p_uid uuid, p_digest text, p_actor text, p_role text) returns jsonb
language plpgsql stable as $$
declare p proposals;
begin
  select * into p from proposals where workspace_id = royal_workspace () and uid = p_uid;
  if not found then
    raise exception 'no proposal %', p_uid using errcode = 'RY404';
  end if;
  perform proposal_check_open (p, p_digest);
  perform proposal_authority (p, p_actor, p_role, '{}');
  return proposal_whole_of (p) || jsonb_build_object ('made_by', (
    select jsonb_build_object ('id', j.uid, 'agent', j.agent, 'task', j.task, 'input', j.input)
    from jobs j where j.workspace_id = p.workspace_id and j.uid = p.job));
end $$;

-- The job that made a proposal runs again, with p_input; p_inputs is what the person changed of it. What it proposes on the same
-- takes this one's place; until then this one waits. Returns the proposal, which names the job.
create function proposal_rerun (p_uid uuid, p_digest text, p_input jsonb, p_inputs jsonb, p_actor text, p_via text, p_note text,
  p_role text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  p proposals := proposal_lock (p_uid);
  behalf text;
  j jobs;
  again jobs;
begin
  perform proposal_check_open (p, p_digest);
  behalf := proposal_authority (p, p_actor, p_role, '{}');
  if proposal_rerun_of (p) is not null then
    raise exception 'proposal % is being revised already: job % runs with other inputs', p_uid, proposal_rerun_of (p)
      using errcode = 'RY409';
  end if;
  select * into j from jobs where workspace_id = p.workspace_id and uid = p.job;
  if not found then
    raise exception 'proposal % was not made by a job', p_uid using errcode = 'RY409';
  end if;
  select * into again from job_add (p.workspace_id, jsonb_build_array (jsonb_build_object (
    'agent', j.agent, 'task', j.task, 'input', p_input, 'priority', (array['low', 'normal', 'high', 'critical'])[j.priority + 1],
    'max_attempts', j.max_attempts, 'backoff_ms', j.backoff_ms, 'backoff_max_ms', j.backoff_max_ms,
    'context', coalesce (p.context, '{}') - 'step' || jsonb_build_object ('revises', p.uid))), p_actor);
  insert into approvals (workspace_id, proposal, answer, actor, via, digest, note, role, on_behalf, data)
  values (p.workspace_id, p.id, 'modify', p_actor, p_via, p_digest, p_note, p_role, behalf,
          jsonb_build_object ('inputs', p_inputs, 'job', again.uid));
  perform outbox_put ('approval.revising', p_uid::text, p_actor,
    jsonb_strip_nulls (jsonb_build_object ('job', again.uid, 'inputs', p_inputs, 'digest', p.digest, 'via', p_via,
      'role', p_role, 'on_behalf', behalf, 'note', p_note, 'action', p.action, 'target', p.target)));
  return proposal_json (p);
end $$;

-- Nothing more is done about a proposal that went stale, or about an effect that was to end; people and workflows are told.
create function proposal_leave (p proposals, p_reason text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update proposals set again_tries = 9 where workspace_id = p.workspace_id and id = p.id;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (p.workspace_id, case p.state when 'stale' then 'proposal.stale' else 'effect.not_ended' end, p.uid::text, 'host',
          jsonb_build_object ('action', p.action, 'target', p.target, 'digest', p.digest, 'reason', p_reason));
  if p.state = 'stale' and (p.context ? 'step' or p.limits <> '[]') then
    perform proposal_ended (p.workspace_id, array[p.id]);
  end if;
end $$;
revoke execute on function proposal_leave (proposals, text) from public;

-- Whether something of it was done: a batch that failed may have been executed in part.
create function proposal_has_effect (p proposals) returns boolean
language plpgsql stable as $$
begin
  return p.state = 'executed' or p.state = 'failed' and p.n_items > 0 and exists (
    select from effects e where e.workspace_id = p.workspace_id and e.proposal = p.id and e.state = 'executed');
end $$;

-- What is to be brought before the gate again, by this clock, in every workspace: `stale`, to be assessed anew, and `end`, an
-- effect that is to be undone now. Each is handed out for half a minute, and then for longer; five times at most.
create function proposal_again (batch int) returns table (workspace bigint, why text, proposal jsonb)
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  p proposals;
  most constant int := 5;
begin
  for p in
    with stale as (
      select s.workspace_id, s.id from proposals s
      where s.state = 'stale' and s.again_tries < 9 and (s.again_at is null or s.again_at <= now ())
      order by s.id limit batch for no key update skip locked),
    ending as (
      select e.workspace_id, e.id from proposals e
      where e.state in ('executed', 'failed') and e.reverts_at is not null and e.kept_by is null and e.again_tries < 9
        and coalesce (e.again_at, e.reverts_at) <= now () and proposal_has_effect (e)
      order by coalesce (e.again_at, e.reverts_at) limit batch for no key update skip locked)
    update proposals o set again_tries = o.again_tries + 1, again_at = now () + 30 * power (2, o.again_tries) * interval '1 second'
    from (select * from stale union all select * from ending) d
    where o.workspace_id = d.workspace_id and o.id = d.id
    returning o.*
  loop
    if p.again_tries > most then
      perform proposal_leave (p, 'it could not be brought before the gate again');
    elsif p.state = 'stale' and (select count (*) from proposal_chain (p.workspace_id, p.id) c where c.state = 'stale') > most then
      perform proposal_leave (p, format ('the world moved each time, %s times in all', most + 1));
    elsif p.state = 'stale' or not exists (
      select from proposals u where u.workspace_id = p.workspace_id and u.undoes = p.id
      and u.state in ('pending', 'approved', 'executing', 'executed', 'unknown')) then
      workspace := p.workspace_id;
      why := case p.state when 'stale' then 'stale' else 'end' end;
      proposal := proposal_whole_of (p);
      return next;
    end if;
  end loop;
end $$;

-- It could not be: p_final, it never will be.
create function proposal_again_failed (p_uid uuid, p_reason text, p_final boolean) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare p proposals := proposal_lock (p_uid);
begin
  if p_final and p.again_tries < 9 and p.state in ('stale', 'executed', 'failed') then
    perform proposal_leave (p, p_reason);
  end if;
end $$;

-- An effect that was to end stays.
create function proposal_keep (p_uid uuid, p_reason text, p_actor text, p_via text, p_role text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  p proposals := proposal_lock (p_uid);
  behalf text;
  inverse uuid;
begin
  if not proposal_has_effect (p) or p.reverts_at is null or p.kept_by is not null then
    raise exception 'proposal % is %, and nothing is to end it', p_uid, p.state using errcode = 'RY409';
  end if;
  select u.uid into inverse from proposals u where u.workspace_id = p.workspace_id and u.undoes = p.id
    and u.state in ('pending', 'approved', 'executing', 'unknown') limit 1;
  if found then
    raise exception 'proposal % ends already: % undoes it', p_uid, inverse using errcode = 'RY409';
  end if;
  behalf := proposal_authority (p, p_actor, p_role, '{}');
  update proposals set kept_by = p_actor where workspace_id = p.workspace_id and id = p.id returning * into p;
  perform outbox_put ('effect.kept', p_uid::text, p_actor,
    jsonb_strip_nulls (jsonb_build_object ('action', p.action, 'target', p.target, 'reverts_at', iso_time (p.reverts_at),
      'reason', p_reason, 'via', p_via, 'role', p_role, 'on_behalf', behalf)));
  return proposal_json (p);
end $$;

-- --- Delegation ----------------------------------------------------------------------------------------------------------------

create function delegation_json (d delegations) returns jsonb
language sql stable as $$
  select jsonb_build_object ('id', d.uid, 'from', d.delegator, 'role', d.role, 'to', d.delegate, 'note', d.note,
    'starts_at', iso_time (d.starts_at), 'ends_at', iso_time (d.ends_at), 'revoked_at', iso_time (d.revoked_at),
    'revoked_by', d.revoked_by, 'holds', delegation_holds (d));
$$;

create function delegation_list () returns table (delegation jsonb)
language sql stable as $$
  select delegation_json (d) from delegations d where d.workspace_id = royal_workspace ()
  order by d.starts_at desc, d.uid limit 1000;
$$;

-- p_actor hands what p_role may answer to another, for so many seconds.
create function delegation_add (p_delegate text, p_seconds int, p_note text, p_actor text, p_via text, p_role text)
returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  d delegations;
  most constant int := 90 * 86400;
begin
  if p_seconds not between 1 and most or coalesce (btrim (p_delegate), '') = '' or p_delegate = p_actor then
    raise exception 'a delegation is to somebody else, for 1 to % seconds', most using errcode = 'RY400';
  end if;
  insert into delegations (workspace_id, delegator, via, role, delegate, note, ends_at)
  values (royal_workspace (), p_actor, p_via, p_role, p_delegate, p_note, now () + p_seconds * interval '1 second')
  returning * into d;
  perform outbox_put ('delegation.made', d.uid::text, p_actor, delegation_json (d) || jsonb_build_object ('via', p_via));
  return delegation_json (d);
end $$;

-- By whoever made it, or by an admin.
create function delegation_revoke (p_uid uuid, p_actor text, p_role text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare d delegations;
begin
  select * into d from delegations where workspace_id = royal_workspace () and uid = p_uid for update;
  if not found then
    raise exception 'no delegation %', p_uid using errcode = 'RY404';
  end if;
  if p_actor <> d.delegator and p_role is distinct from 'admin' then
    raise exception 'delegation % is %''s to revoke', p_uid, d.delegator using errcode = 'RY403';
  end if;
  update delegations set revoked_at = coalesce (revoked_at, now ()), revoked_by = coalesce (revoked_by, p_actor)
  where workspace_id = d.workspace_id and uid = d.uid returning * into d;
  perform outbox_put ('delegation.revoked', p_uid::text, p_actor, delegation_json (d));
  return delegation_json (d);
end $$;

-- An effect that no host holds waits for its turn: owner '', lease_until when that is due. It may be applied as it is when it is
-- clean: nothing was sent, or whoever held it last knew that sending it again does no harm.
alter table effects add clean boolean not null default false;
create index effects_waiting on effects (lease_until) where state = 'executing' and owner = '';
alter type effect_work add attribute item int;
alter type effect_work add attribute clean boolean;
alter type effect_work add attribute age_s bigint;
alter type effect_work add attribute trace text;

-- Starts up to `batch` approved proposals, and as many effects that wait for their turn: the intent of each is committed with
-- this transaction. Not in a workspace that is stopped, and not what is paused: the stop and the pause take the same row's lock, so
-- nothing starts after they have returned. p_skip is a list of actions, or of `action target`, that lead where nothing may be sent now. The effects of a
-- batch's items are made with its start, and wait for their turn like any others.
drop function effect_claim (text, int, int);
create function effect_claim (p_owner text, p_lease_s int, batch int, p_skip jsonb default '[]') returns setof effect_work
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  n int;
  skip constant text[] := array (select jsonb_array_elements_text (p_skip));
begin
  return query
  with chosen as materialized (
    select p.workspace_id, p.id from proposals p
    where p.state = 'approved' and p.action <> all (skip) and p.action || ' ' || p.target <> all (skip)
      and not exists (select from workspaces w where w.workspace_id = p.workspace_id and (w.stopped_at is not null
                        or p.agent = any (w.paused_agents) or p.action like any (w.paused_actions)))
    order by p.id limit batch for no key update skip locked),
  free as materialized (
    select w.workspace_id, w.paused_agents, w.paused_actions from workspaces w
    where w.workspace_id in (select c.workspace_id from chosen c) and w.stopped_at is null for share),
  started as (
    update proposals p set state = 'executing' from chosen c join free using (workspace_id)
    where p.workspace_id = c.workspace_id and p.id = c.id and p.state = 'approved'
      and not (p.agent = any (free.paused_agents) or p.action like any (free.paused_actions))
    returning p.workspace_id, p.id, p.uid, p.kind, p.undoes, p.action, p.target, p.parameters, p.before, p.digest, p.n_items,
              p.root, p.context->>'trace' as trace),
  intent as (
    insert into effects (workspace_id, proposal, key, owner, lease_until)
    select s.workspace_id, s.id, s.uid::text, p_owner, now () + p_lease_s * interval '1 second' from started s
    where s.n_items = 0),
  intents as (
    insert into effects (workspace_id, proposal, item, key, owner, lease_until, clean)
    select s.workspace_id, s.id, i.item, s.uid || '/' || i.item, '', now (), true
    from started s join proposal_items i on i.workspace_id = s.workspace_id and i.proposal = s.id
    where s.n_items > 0 and not i.excluded),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select s.workspace_id, 'effect.started', s.uid::text, 'host',
           jsonb_build_object ('action', s.action, 'target', s.target, 'kind', s.kind, 'key', s.uid::text,
                               'digest', s.digest)
           || case when s.n_items > 0 then jsonb_build_object ('n_items', s.n_items, 'root', s.root) else '{}' end
    from started s order by s.id)
  select s.workspace_id, s.id, s.uid, s.uid::text, s.kind, 1, s.action, s.target, s.parameters, s.before,
         (select u.receipt from effects u
          where s.undoes is not null and u.workspace_id = s.workspace_id and u.proposal = s.undoes and u.item = 0), 0, true,
         0::bigint, s.trace
  from started s where s.n_items = 0;
  get diagnostics n = row_count;

  return query
  with due as materialized (
    select e.workspace_id, e.proposal, e.item, e.clean, p.context->>'trace' as trace, p.uid, p.kind, p.undoes, p.action, p.agent,
           coalesce (i.target, p.target) as target, coalesce (i.parameters, p.parameters) as parameters,
           coalesce (i.before, p.before) as before
    from effects e
    join proposals p on p.workspace_id = e.workspace_id and p.id = e.proposal
    left join proposal_items i on i.workspace_id = e.workspace_id and i.proposal = e.proposal and i.item = e.item
    where e.state = 'executing' and e.owner = '' and e.lease_until <= now ()
      and p.action <> all (skip) and p.action || ' ' || coalesce (i.target, p.target) <> all (skip)
      and not exists (select from workspaces w where w.workspace_id = e.workspace_id and (w.stopped_at is not null
                        or p.agent = any (w.paused_agents) or p.action like any (w.paused_actions)))
    order by e.lease_until, e.proposal, e.item limit greatest (batch - n, (batch + 3) / 4) for no key update of e skip locked),
  free as materialized (
    select w.workspace_id, w.paused_agents, w.paused_actions from workspaces w
    where w.workspace_id in (select d.workspace_id from due d) and w.stopped_at is null for share),
  taken as (
    update effects e set owner = p_owner, lease_until = now () + p_lease_s * interval '1 second', clean = false
    from due d join free using (workspace_id)
    where e.workspace_id = d.workspace_id and e.proposal = d.proposal and e.item = d.item
      and e.state = 'executing' and e.owner = ''
      and not (d.agent = any (free.paused_agents) or d.action like any (free.paused_actions))
    returning e.workspace_id, e.proposal, e.item, e.key, e.attempt, e.started_at)
  select t.workspace_id, t.proposal, d.uid, t.key, d.kind, t.attempt, d.action, d.target, d.parameters, d.before,
         (select u.receipt from effects u
          where d.undoes is not null and u.workspace_id = t.workspace_id and u.proposal = d.undoes and u.item = t.item),
         t.item, d.clean, extract (epoch from now () - t.started_at)::bigint, d.trace
  from taken t join due d using (workspace_id, proposal, item);
end $$;

-- Takes over effects whose lease has run out, and those of this host that it does not know of: not among p_held and their
-- lease p_age_s old, when the answer that told of them must have come long ago; at any age when p_age_s is null, after it
-- died. They must be verified before anything is applied.
drop function effect_take_over (text, int, bigint[], int, int);
create function effect_take_over (p_owner text, p_lease_s int, p_held jsonb, p_age_s int, batch int)
returns setof effect_work
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  return query
  with chosen as materialized (
    select e.workspace_id, e.proposal, e.item from effects e
    where e.state = 'executing' and e.owner <> ''
      and (e.lease_until <= now ()
           or e.owner = p_owner
              and (e.proposal, e.item) not in (select h.effect, h.item
                                               from jsonb_to_recordset (p_held) as h (effect bigint, item int))
              and (p_age_s is null or e.lease_until <= now () + (p_lease_s - p_age_s) * interval '1 second'))
    order by e.proposal, e.item limit batch for update skip locked),
  taken as (
    update effects e set owner = p_owner, lease_until = now () + p_lease_s * interval '1 second', attempt = e.attempt + 1,
      clean = false
    from chosen c where e.workspace_id = c.workspace_id and e.proposal = c.proposal and e.item = c.item returning e.*),
  known as materialized (
    select t.attempt, t.key as effect_key, t.item, t.started_at, p.*
    from taken t cross join lateral (
      select * from proposals p where p.workspace_id = t.workspace_id and p.id = t.proposal limit 1) p),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select k.workspace_id, 'effect.taken_over', k.uid::text, 'host',
      case when k.n_items = 0 then jsonb_build_object ('attempt', max (k.attempt))
           else jsonb_build_object ('items', jsonb_agg (k.item order by k.item)) end
    from known k group by k.workspace_id, k.id, k.uid, k.n_items order by k.id)
  select k.workspace_id, k.id, k.uid, k.effect_key, k.kind, k.attempt, k.action, coalesce (i.target, k.target),
         coalesce (i.parameters, k.parameters), coalesce (i.before, k.before),
         (select u.receipt from effects u
          where k.undoes is not null and u.workspace_id = k.workspace_id and u.proposal = k.undoes and u.item = k.item),
         k.item, false, extract (epoch from now () - k.started_at)::bigint, k.context->>'trace'
  from known k
  left join proposal_items i on i.workspace_id = k.workspace_id and i.proposal = k.id and i.item = k.item;
end $$;

-- Keeps the leases of effects in hand: entries is [{ "ws", "effect", "item" }]. Returns those that are still held.
drop function effect_renew (text, bigint[], bigint[], int);
create function effect_renew (p_owner text, entries jsonb, p_lease_s int)
returns table (effect bigint, item int)
language sql volatile security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
  update effects e set lease_until = now () + p_lease_s * interval '1 second'
  from jsonb_to_recordset (entries) as h (ws bigint, effect bigint, item int)
  where e.workspace_id = h.ws and e.proposal = h.effect and e.item = h.item and e.owner = p_owner and e.state = 'executing'
  returning e.proposal, e.item;
$$;

-- Whether an effect in hand may be attempted now, under a new lease: `go`, or `stopped` while its workspace is stopped or it is
-- paused (which takes the same row's lock), or `lost` when it is not held any more. p_again: it is not the first attempt.
drop function effect_retry (bigint, bigint, text, int);
create function effect_retry (p_workspace bigint, p_effect bigint, p_item int, p_owner text, p_lease_s int,
  p_again boolean) returns text
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  w record;
  stopped boolean;
begin
  select k.stopped_at, k.paused_agents, k.paused_actions into w from workspaces k where k.workspace_id = p_workspace for share;
  stopped := w.stopped_at is not null or exists (
    select from proposals p where p.workspace_id = p_workspace and p.id = p_effect
      and (p.agent = any (w.paused_agents) or p.action like any (w.paused_actions)));
  update effects e set lease_until = now () + p_lease_s * interval '1 second',
    attempt = e.attempt + (p_again and not stopped)::int
  where e.workspace_id = p_workspace and e.proposal = p_effect and e.item = p_item and e.owner = p_owner
    and e.state = 'executing';
  return case when not found then 'lost' when stopped then 'stopped' else 'go' end;
end $$;

-- Hands effects back that cannot be sent for now: entries is [{ "ws", "effect", "item", "clean" }]. They wait here, nobody's,
-- for p_wait_ms at least. Returns those that were held.
create function effect_park (p_owner text, entries jsonb, p_wait_ms int) returns table (effect bigint, item int)
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  return query
  update effects e set owner = '', lease_until = now () + p_wait_ms * interval '1 millisecond', clean = h.clean
  from jsonb_to_recordset (entries) as h (ws bigint, effect bigint, item int, clean boolean)
  where e.workspace_id = h.ws and e.proposal = h.effect and e.item = h.item and e.owner = p_owner and e.state = 'executing'
  returning e.proposal, e.item;
  if found and p_wait_ms = 0 then
    perform pg_notify ('royal_effects', '');
  end if;
end $$;

-- What a batch has come to, of how its items ended: null while some are under way.
create function effect_batch_state (p_workspace bigint, p_proposal bigint) returns text
language sql stable set search_path = public, pg_temp as $$
  select case when bool_or (e.state = 'executing') then null when bool_or (e.state = 'unknown') then 'unknown'
    when bool_or (e.state = 'failed') then 'failed' when bool_and (e.state = 'stale') then 'stale'
    when bool_or (e.state = 'stale') then 'failed' else 'executed' end
  from effects e where e.workspace_id = p_workspace and e.proposal = p_proposal;
$$;

revoke execute on function effect_batch_state (bigint, bigint) from public;

-- Ends batches all of whose items have ended: told once, with how many ended how. They are locked by the caller. What has gone
-- stale has not ended: it is assessed anew.
create function effect_close (p_workspace bigint, p_proposals bigint[]) returns void
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare ended bigint[];
begin
  with closed as (
    update proposals p set state = s.state, finished_at = now ()
    from (select id, effect_batch_state (p_workspace, id) as state from unnest (p_proposals) as id) s
    where p.workspace_id = p_workspace and p.id = s.id and s.state is not null and p.state in ('executing', 'unknown')
    returning p.id, p.uid, p.kind, p.undoes, p.action, p.target, p.digest, p.root, p.state),
  undone as (
    update proposals o set state = 'undone' from closed c
    where c.kind = 'undo' and c.state = 'executed' and o.workspace_id = p_workspace and o.id = c.undoes),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select p_workspace, case when c.kind = 'undo' and c.state = 'executed' then 'effect.undone' else 'effect.' || c.state end,
      c.uid::text, 'host',
      jsonb_build_object ('action', c.action, 'target', c.target, 'kind', c.kind, 'digest', c.digest, 'root', c.root,
        'items', (select jsonb_object_agg (n.state, n.n)
                  from (select e.state, count (*) as n from effects e
                        where e.workspace_id = p_workspace and e.proposal = c.id group by e.state) n),
        'undoes', (select u.uid from proposals u
                   where c.undoes is not null and u.workspace_id = p_workspace and u.id = c.undoes))
    from closed c order by c.id)
  select array_agg (c.id) filter (where c.state <> 'stale') into ended from closed c;
  if ended is not null then
    perform proposal_ended (p_workspace, ended);
  end if;
end $$;
revoke execute on function effect_close (bigint, bigint[]) from public;

-- Ends effects in hand: entries is [{ "ws", "effect", "item", "outcome", "receipt"?, "error"?, "canonical"? }], an outcome is
-- executed (with its receipt, and the same as canonical JSON from whoever has it at hand), failed, stale or unknown (with an
-- error). Returns those that were held; one that was ended so before counts.
-- A batch ends with the last of its items.
drop function effect_finish (text, jsonb);
create function effect_finish (p_owner text, entries jsonb) returns table (effect bigint, item int)
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  r record;
  ids bigint[];
  items int[];
  follow jsonb; -- workspace -> what else is to be done there, { "batches": [id], "others": [id] }
  batches constant boolean := exists (select from jsonb_array_elements (entries) g where (g->>'item')::int > 0);
begin
  -- Whoever ends the last item of a batch must see the ends of all others.
  if batches then
    perform from proposals p
    join (select distinct g.ws, g.effect from jsonb_to_recordset (entries) as g (ws bigint, effect bigint, item int)
          where g.item > 0) b on p.workspace_id = b.ws and p.id = b.effect
    order by p.workspace_id, p.id for no key update of p;
  end if;

  with given as materialized (
    select * from jsonb_to_recordset (entries)
      as g (ws bigint, effect bigint, item int, outcome text, receipt jsonb, error text, canonical text)
    -- A planner that expects few of them looks each up, whatever it thinks of the size of what it looks in.
    where g.ws > 0 and g.effect > 0 and g.outcome in ('executed', 'failed', 'stale', 'unknown')),
  ended as (
    update effects e set state = g.outcome, receipt = g.receipt, error = g.error, finished_at = now ()
    from given g
    -- Not `state = 'executing'`, which says the same: a planner without statistics reads all that are executing for each.
    where e.workspace_id = g.ws and e.proposal = g.effect and e.item = g.item and e.owner = p_owner
      and e.finished_at is null
    returning e.workspace_id, e.proposal, e.item, e.key, e.state, e.attempt, e.receipt, e.error, g.canonical),
  closed as (
    update proposals p set state = e.state, finished_at = now ()
    from ended e where e.item = 0 and p.workspace_id = e.workspace_id and p.id = e.proposal
    returning p.workspace_id, p.id, p.uid, p.kind, p.undoes, p.action, p.target, p.digest,
              e.key, e.state, e.attempt, e.receipt, e.error, e.canonical,
              e.state <> 'stale' and (p.context ? 'step' or p.limits <> '[]') as follows),
  undone as (
    update proposals o set state = 'undone' from closed c
    where c.kind = 'undo' and c.state = 'executed' and o.workspace_id = c.workspace_id and o.id = c.undoes),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, body, data)
    select c.workspace_id,
      case when c.kind = 'undo' and c.state = 'executed' then 'effect.undone' else 'effect.' || c.state end,
      c.uid::text, 'host',
      case when c.canonical is not null and c.undoes is null then
        '{"action":' || to_json (c.action) || ',"attempt":' || c.attempt || ',"digest":"' || c.digest || '","error":'
          || coalesce (to_json (c.error)::text, 'null') || ',"key":' || to_json (c.key) || ',"kind":"' || c.kind
          || '","receipt":' || c.canonical || ',"target":' || to_json (c.target) || ',"undoes":null}' end,
      case when c.canonical is null or c.undoes is not null then
        jsonb_build_object ('action', c.action, 'target', c.target, 'kind', c.kind, 'key', c.key, 'attempt', c.attempt,
          'digest', c.digest, 'receipt', c.receipt, 'error', c.error,
          'undoes', (select u.uid from proposals u
                     where c.undoes is not null and u.workspace_id = c.workspace_id and u.id = c.undoes)) end
    from closed c order by c.id),
  told_items as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select e.workspace_id, 'effect.items',
      (select p.uid from proposals p where p.workspace_id = e.workspace_id and p.id = e.proposal)::text, 'host',
      jsonb_build_object ('items', jsonb_agg (jsonb_build_object ('item', e.item, 'state', e.state, 'attempt', e.attempt,
        'receipt', e.receipt, 'error', e.error) order by e.item))
    from ended e where e.item > 0 group by e.workspace_id, e.proposal order by e.proposal)
  select array_agg (e.proposal), array_agg (e.item),
    (select jsonb_object_agg (f.workspace_id, f.ids)
     from (select t.workspace_id, jsonb_build_object ('batches', jsonb_agg (distinct t.id) filter (where t.batch),
                                                      'others', jsonb_agg (t.id) filter (where not t.batch)) as ids
           from (select c.workspace_id, c.id, false as batch from closed c where c.follows
                 union all
                 select i.workspace_id, i.proposal, true from ended i where i.item > 0) t group by t.workspace_id) f)
  into ids, items, follow from ended e;

  for r in select key::bigint as ws, array (select jsonb_array_elements_text (nullif (value->'batches', 'null'))::bigint) as batches,
                  array (select jsonb_array_elements_text (nullif (value->'others', 'null'))::bigint) as others
           from jsonb_each (follow) loop
    if r.batches <> '{}' then
      perform effect_close (r.ws, r.batches);
    end if;
    if r.others <> '{}' then
      perform proposal_ended (r.ws, r.others);
    end if;
  end loop;
  return query select * from unnest (ids, items);

  -- What was ended so before counts as held: the answer that said so was lost.
  if coalesce (cardinality (ids), 0) < jsonb_array_length (entries) then
    return query
    select e.proposal, e.item
    from jsonb_to_recordset (entries) as g (ws bigint, effect bigint, item int, outcome text)
    cross join lateral (
      select * from effects e where e.workspace_id = g.ws and e.proposal = g.effect and e.item = g.item limit 1) e
    where e.owner = p_owner and e.state = g.outcome and (e.proposal, e.item) not in (select * from unnest (ids, items));
  end if;
end $$;

-- A person says what became of an effect that nobody could tell of: it `happened` (with the receipt, if there is one to undo it
-- from), it did not and is `absent`, or it did not and is to be tried: `retry`. Returns the proposal.
create function effect_settle (p_uid uuid, p_item int, p_answer text, p_receipt jsonb, p_actor text, p_via text,
  p_note text)
returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  p proposals := proposal_lock (p_uid);
  e effects;
begin
  select * into e from effects f
  where f.workspace_id = p.workspace_id and f.proposal = p.id and f.item = p_item for update;
  if not found then
    raise exception 'proposal % has no effect %', p_uid, p_item using errcode = 'RY404';
  end if;
  if e.state <> 'unknown' then
    raise exception 'the effect is %, not unknown: there is nothing to settle', e.state using errcode = 'RY409';
  end if;
  if p_answer not in ('happened', 'absent', 'retry') then
    raise exception 'expected happened, absent or retry, found %', p_answer using errcode = 'RY400';
  end if;
  if p_receipt is not null and (p_answer <> 'happened' or jsonb_typeof (p_receipt) <> 'object') then
    raise exception 'a receipt is an object, of an effect that happened' using errcode = 'RY400';
  end if;

  update effects f set state = case p_answer when 'happened' then 'executed' when 'absent' then 'failed' else 'executing' end,
    receipt = case p_answer when 'happened' then coalesce (p_receipt, '{}') end,
    error = case p_answer when 'absent' then p_actor || ' found that it did not happen' end,
    owner = case p_answer when 'retry' then '' else f.owner end, lease_until = now (), clean = true,
    started_at = case p_answer when 'retry' then now () else f.started_at end,
    finished_at = case p_answer when 'retry' then null else now () end
  where f.workspace_id = p.workspace_id and f.proposal = p.id and f.item = p_item;
  perform outbox_put ('effect.settled', p_uid::text, p_actor,
    jsonb_build_object ('action', p.action, 'target', p.target, 'kind', p.kind, 'key', e.key, 'item', p_item,
                        'answer', p_answer, 'receipt', p_receipt, 'via', p_via, 'note', p_note, 'error', e.error));

  if effect_batch_state (p.workspace_id, p.id) is null then
    update proposals set state = 'executing', finished_at = null where workspace_id = p.workspace_id and id = p.id;
    perform pg_notify ('royal_effects', '');
  else
    perform effect_close (p.workspace_id, array[p.id]);
  end if;
  return proposal_get (p_uid);
end $$;

-- Newest first, an item each; before_cursor is the `cursor` of the last row seen, or null. states is null or a list.
create function effect_list (states text[], before_cursor bigint, batch int) returns table (cursor bigint, effect jsonb)
language sql stable as $$
  select e.proposal * 1024 + e.item, jsonb_build_object (
    'proposal', p.uid, 'item', e.item, 'key', e.key, 'kind', p.kind, 'action', p.action, 'target', coalesce (i.target, p.target),
    'agent', p.agent, 'state', e.state, 'waiting', e.state = 'executing' and e.owner = '', 'attempt', e.attempt,
    'receipt', e.receipt, 'error', e.error, 'started_at', iso_time (e.started_at), 'finished_at', iso_time (e.finished_at))
  from effects e
  join proposals p on p.workspace_id = e.workspace_id and p.id = e.proposal
  left join proposal_items i on i.workspace_id = e.workspace_id and i.proposal = e.proposal and i.item = e.item
  where e.workspace_id = royal_workspace () and (states is null or e.state = any (states))
    and (before_cursor is null or (e.proposal, e.item) < (before_cursor / 1024, (before_cursor % 1024)::int))
  order by e.proposal desc, e.item desc limit batch;
$$;

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
        and not exists (select from pauses z where z.workspace_id = j.workspace_id and z.kind = 'agent' and z.name = j.agent)
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
