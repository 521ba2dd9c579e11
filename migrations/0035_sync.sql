-- SPDX-License-Identifier: Apache-2.0
-- What both sides of a sync, a shop and a repository, have had alike, what is asked of people, and how the runs went. A sync's name
-- is its target: REPOSITORY/SHOP. All of it is written by the effect `sync.record`, and read by the agent that proposes it.

-- A revision: a commit of the default branch at which products came to be the same on both sides. Counted from 1.
create table sync_revisions (
  workspace_id bigint not null references workspaces,
  id bigint generated always as identity,
  target text not null check (length (target) between 3 and 201),
  revision bigint not null check (revision > 0),
  commit_id text not null check (commit_id ~ '^[0-9a-f]{40}$'),
  products bigint not null check (products >= 0),
  held bigint not null check (held >= 0),
  at timestamptz not null default now (),
  primary key (workspace_id, id),
  unique (workspace_id, target, revision));
call royal_protect ('sync_revisions', 'select');

-- The last revision at which a product was the same on both sides, where that is not the last one of all; 0: at none yet.
create table sync_held (
  workspace_id bigint not null references workspaces,
  target text not null,
  handle text not null check (length (handle) between 1 and 255),
  revision bigint not null check (revision >= 0),
  primary key (workspace_id, target, handle));
call royal_protect ('sync_held', 'select');

-- A run of the agent; key is the effect's that recorded it.
create table sync_runs (
  workspace_id bigint not null references workspaces,
  id bigint generated always as identity,
  uid uuid not null default uuid_v7 (),
  target text not null,
  task text not null check (task in ('export', 'import', 'rollback')),
  revision bigint not null check (revision >= 0),
  head text,
  branch text,
  figures jsonb not null,
  proposals jsonb not null,
  unread jsonb not null,
  key text not null check (length (key) between 1 and 200),
  parameters text not null,
  receipt jsonb,
  at timestamptz not null default now (),
  primary key (workspace_id, id),
  unique (workspace_id, uid),
  unique (workspace_id, key));
create index sync_runs_target on sync_runs (workspace_id, target, id);
call royal_protect ('sync_runs', 'select');

-- What both sides changed, and not alike. An answer, `take`, holds for the values that were seen (digest) and for nothing else:
-- with others it is another conflict. One that the last run did not find is gone.
create table sync_conflicts (
  workspace_id bigint not null references workspaces,
  id bigint generated always as identity,
  uid uuid not null default uuid_v7 (),
  target text not null,
  handle text not null check (length (handle) between 1 and 255),
  field text not null,
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  base text,
  shop text,
  repository text,
  state text not null default 'open' check (state in ('open', 'answered', 'gone')),
  take text check (take in ('shop', 'repository')),
  answered_by text,
  answered_at timestamptz,
  first_at timestamptz not null default now (),
  last_at timestamptz not null default now (),
  primary key (workspace_id, id),
  unique (workspace_id, uid),
  check (state <> 'answered' or take is not null));
create unique index sync_conflicts_there on sync_conflicts (workspace_id, target, handle, field) where state <> 'gone';
create index sync_conflicts_open on sync_conflicts (workspace_id, id) where state = 'open';
call royal_protect ('sync_conflicts', 'select');

create function sync_revision_last (p_target text) returns bigint
language sql stable as $$
  select coalesce (max (r.revision), 0) from sync_revisions r where r.workspace_id = royal_workspace () and r.target = p_target;
$$;

create function sync_commit (p_target text, p_revision bigint) returns text
language sql stable as $$
  select r.commit_id from sync_revisions r
  where r.workspace_id = royal_workspace () and r.target = p_target and r.revision = p_revision;
$$;

-- The read `sync.state`: { revision, commit, held: { handle: commit | null }, answers: [{ handle, field, digest, take }], at }. `at`
-- is the commit of p_revision, null when there is none.
create function sync_state (p_target text, p_revision bigint) returns jsonb
language sql stable as $$
  select jsonb_build_object ('revision', l.revision, 'commit', sync_commit (p_target, l.revision),
    'held', (select coalesce (jsonb_object_agg (h.handle, sync_commit (p_target, h.revision)), '{}')
             from sync_held h where h.workspace_id = royal_workspace () and h.target = p_target),
    'answers', (select coalesce (jsonb_agg (jsonb_build_object ('handle', c.handle, 'field', c.field, 'digest', c.digest,
                                                                'take', c.take) order by c.id), '[]')
                from sync_conflicts c
                where c.workspace_id = royal_workspace () and c.target = p_target and c.state = 'answered'),
    'at', sync_commit (p_target, p_revision))
  from (select sync_revision_last (p_target) as revision) l;
$$;

-- { before, facts, preview }. What a run saw must be what is recorded still.
create function sync_assess (p_target text, p jsonb) returns jsonb
language plpgsql stable as $$
declare
  last constant bigint := sync_revision_last (p_target);
  next constant bigint := last + (p ? 'commit')::int;
begin
  if last <> (p->>'after')::bigint then
    perform retail_refuse ('the last revision of %s is %s, expected %s', p_target, last::text, p->>'after');
  end if;
  return jsonb_build_object ('before', jsonb_build_object ('revision', last),
    'facts', (p->'figures') || jsonb_build_object ('task', p->>'task', 'revision', next,
               'conflicts', jsonb_array_length (p->'conflicts') + (p->>'more')::int, 'held',
               case when p ? 'commit' then jsonb_array_length (p->'held') else 0 end),
    'preview', jsonb_build_object ('summary', format ('Record a run of %s: %s', p_target, p->>'task'),
      'changes', retail_change ('Revision', last::text, next::text)));
end $$;

-- A new revision, and which products stay at an older one.
create function sync_put_revision (p_target text, p jsonb) returns void
language plpgsql as $$
declare
  held jsonb;
begin
  insert into sync_revisions (workspace_id, target, revision, commit_id, products, held)
  values (royal_workspace (), p_target, (p->>'after')::bigint + 1, p->>'commit', (p #>> '{figures,products}')::bigint,
          jsonb_array_length (p->'held'));
  -- What is held was the same at what it was held at before, or at the last revision.
  select coalesce (jsonb_object_agg (e.handle, coalesce (h.revision, (p->>'after')::bigint)), '{}') into held
  from jsonb_array_elements_text (p->'held') as e (handle)
  left join sync_held h on h.workspace_id = royal_workspace () and h.target = p_target and h.handle = e.handle;
  delete from sync_held h where h.workspace_id = royal_workspace () and h.target = p_target;
  insert into sync_held (workspace_id, target, handle, revision)
  select royal_workspace (), p_target, n.key, n.value::bigint from jsonb_each_text (held) n order by n.key;
end $$;
revoke execute on function sync_put_revision (text, jsonb) from public;

-- The conflicts of a run. When not all of them were told (`more`), those that were not told stay.
create function sync_put_conflicts (p_target text, p jsonb) returns void
language plpgsql as $$
begin
  update sync_conflicts c set state = 'gone', last_at = now ()
  where c.workspace_id = royal_workspace () and c.target = p_target and c.state <> 'gone'
    and not exists (select from jsonb_to_recordset (p->'conflicts') as n (handle text, field text, digest text)
                    where n.handle = c.handle and n.field = c.field and n.digest = c.digest)
    and ((p->>'more')::int = 0
         or exists (select from jsonb_to_recordset (p->'conflicts') as n (handle text, field text)
                    where n.handle = c.handle and n.field = c.field));
  update sync_conflicts c set last_at = now ()
  from jsonb_to_recordset (p->'conflicts') as n (handle text, field text)
  where c.workspace_id = royal_workspace () and c.target = p_target and c.state <> 'gone' and n.handle = c.handle and n.field = c.field;
  insert into sync_conflicts (workspace_id, target, handle, field, digest, base, shop, repository)
  select royal_workspace (), p_target, n.handle, n.field, n.digest, n.base, n.shop, n.repository
  from jsonb_to_recordset (p->'conflicts')
    as n (handle text, field text, digest text, base text, shop text, repository text)
  order by n.handle, n.field on conflict do nothing;
end $$;
revoke execute on function sync_put_conflicts (text, jsonb) from public;

-- Once for each key: the same key returns the same receipt.
create function sync_apply (p_key text, p_target text, p jsonb, p_before jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  digest constant text := encode (sha256 (convert_to (p::text, 'UTF8')), 'hex');
  r sync_runs;
begin
  perform pg_advisory_xact_lock (hashtext ('sync_apply'), hashtext (ws || '/' || p_target));
  select * into r from sync_runs where workspace_id = ws and key = p_key;
  if found then
    if r.target <> p_target or r.parameters <> digest then
      perform retail_refuse ('the key %s belongs to another effect', p_key);
    end if;
    return r.receipt;
  end if;
  if sync_revision_last (p_target) <> (p_before->>'revision')::bigint then
    perform retail_refuse ('%s is no longer as it was assessed', p_target);
  end if;
  perform sync_assess (p_target, p);
  if p ? 'commit' then
    perform sync_put_revision (p_target, p);
  end if;
  perform sync_put_conflicts (p_target, p);
  insert into sync_runs (workspace_id, target, task, revision, head, branch, figures, proposals, unread, key, parameters)
  values (ws, p_target, p->>'task', sync_revision_last (p_target), p->>'head', p->>'branch',
          p->'figures' || jsonb_build_object ('conflicts', jsonb_array_length (p->'conflicts') + (p->>'more')::int),
          p->'proposals', p->'unread', p_key, digest) returning * into r;
  update sync_runs set receipt = jsonb_build_object ('run', r.uid, 'revision', r.revision, 'recorded_at', iso_time (r.at))
  where workspace_id = ws and id = r.id returning * into r;
  perform outbox_put ('sync.recorded', r.uid::text, 'host',
                      r.receipt || jsonb_build_object ('sync', p_target, 'task', r.task, 'figures', r.figures, 'key', p_key));
  return r.receipt;
end $$;

create function sync_verify (p_key text) returns jsonb
language sql stable as $$
  select coalesce ((select jsonb_build_object ('applied', true, 'receipt', r.receipt) from sync_runs r
                    where r.workspace_id = royal_workspace () and r.key = p_key),
                   jsonb_build_object ('applied', false));
$$;

-- Lists, the latest first.

create function sync_run_list (p_target text, before_cursor bigint, batch int) returns table (cursor bigint, item jsonb)
language sql stable as $$
  select r.id, jsonb_build_object ('id', r.uid, 'sync', r.target, 'task', r.task, 'revision', r.revision, 'head', r.head,
    'branch', r.branch, 'figures', r.figures, 'proposals', r.proposals, 'unread', r.unread, 'at', iso_time (r.at))
  from sync_runs r
  where r.workspace_id = royal_workspace () and (p_target is null or r.target = p_target)
    and (before_cursor is null or r.id < before_cursor)
  order by r.id desc limit batch;
$$;

create function sync_revision_list (p_target text, before_cursor bigint, batch int) returns table (cursor bigint, item jsonb)
language sql stable as $$
  select r.id, jsonb_build_object ('sync', r.target, 'revision', r.revision, 'commit', r.commit_id, 'products', r.products,
    'held', r.held, 'at', iso_time (r.at))
  from sync_revisions r
  where r.workspace_id = royal_workspace () and (p_target is null or r.target = p_target)
    and (before_cursor is null or r.id < before_cursor)
  order by r.id desc limit batch;
$$;

create function sync_conflict_json (c sync_conflicts) returns jsonb
language sql stable as $$
  select jsonb_build_object ('id', c.uid, 'sync', c.target, 'handle', c.handle, 'field', c.field, 'digest', c.digest,
    'base', c.base, 'shop', c.shop, 'repository', c.repository, 'state', c.state, 'take', c.take,
    'answered_by', c.answered_by, 'answered_at', iso_time (c.answered_at), 'first_at', iso_time (c.first_at),
    'last_at', iso_time (c.last_at));
$$;

create function sync_conflict_list (states text[], before_cursor bigint, batch int) returns table (cursor bigint, item jsonb)
language sql stable as $$
  select c.id, sync_conflict_json (c) from sync_conflicts c
  where c.workspace_id = royal_workspace () and (states is null or c.state = any (states))
    and (before_cursor is null or c.id < before_cursor)
  order by c.id desc limit batch;
$$;

create function sync_conflict_get (p_uid text) returns jsonb
language plpgsql stable as $$
declare c sync_conflicts;
begin
  select * into c from sync_conflicts o where o.workspace_id = royal_workspace () and o.uid::text = p_uid;
  if not found then
    raise exception 'no conflict is `%`', p_uid using errcode = 'RY404';
  end if;
  return sync_conflict_json (c);
end $$;

-- A person's answer: which side's value counts. It can be changed until the conflict is gone.
create function sync_conflict_answer (p_uid text, p_digest text, p_take text, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  c sync_conflicts;
begin
  select * into c from sync_conflicts o
  where o.workspace_id = royal_workspace () and o.uid::text = p_uid for update;
  if not found then
    raise exception 'no conflict is `%`', p_uid using errcode = 'RY404';
  elsif c.state = 'gone' then
    perform retail_refuse ('the conflict of %s is gone', c.handle);
  elsif c.digest <> p_digest then
    perform retail_refuse ('the values of %s are not those that were shown', c.handle);
  end if;
  update sync_conflicts o set state = 'answered', take = p_take, answered_by = p_actor, answered_at = now ()
  where o.workspace_id = c.workspace_id and o.id = c.id returning * into c;
  perform outbox_put ('sync.conflict.answered', c.uid::text, p_actor,
                      jsonb_build_object ('sync', c.target, 'handle', c.handle, 'field', c.field, 'take', c.take,
                                          'digest', c.digest));
  return sync_conflict_json (c);
end $$;
