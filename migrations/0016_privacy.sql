-- SPDX-License-Identifier: Apache-2.0
-- Personal data: what a schema marks as such is kept sealed, with a key for each person (or, where none is named, for each
-- field). The keys are here, sealed by the host with one that is not. Who is to be forgotten loses the key: what it sealed
-- stays where it is, the audit's chain with it, and opens for nobody.

create table privacy_keys (
  workspace_id bigint not null references workspaces,
  id text not null check (length (id) = 32),
  -- Whose: a person as the schemas name one, or field:SCOPE/POINTER. Gone with the key.
  subject text check (length (subject) between 1 and 300),
  key_id text check (length (key_id) = 16),
  sealed bytea check (length (sealed) between 41 and 200),
  created_at timestamptz not null default now (),
  erased_at timestamptz,
  primary key (workspace_id, id),
  check ((erased_at is null) = (sealed is not null and key_id is not null and subject is not null)));
create unique index privacy_keys_subject on privacy_keys (workspace_id, subject) where subject is not null;
call royal_protect ('privacy_keys', 'select');

-- The keys of subjects; of those that have none yet, the one that is offered: [{ "subject", "id", "sealed" (hexadecimal) }], by
-- p_key, subjects in order, so that two hosts do not wait for one another.
create function privacy_take (p_offers jsonb, p_key text)
returns table (subject text, id text, key_id text, sealed bytea)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  insert into privacy_keys (workspace_id, id, subject, key_id, sealed)
  select royal_workspace (), o->>'id', o->>'subject', p_key, decode (o->>'sealed', 'hex')
  from jsonb_array_elements (p_offers) o
  where not exists (select from privacy_keys k where k.workspace_id = royal_workspace () and k.subject = o->>'subject')
  order by o->>'subject'
  on conflict (workspace_id, subject) where subject is not null do nothing;
  return query
  select k.subject, k.id, k.key_id, k.sealed from privacy_keys k
  where k.workspace_id = royal_workspace ()
    and k.subject in (select o->>'subject' from jsonb_array_elements (p_offers) o);
end $$;

-- Those of p_ids that are not erased.
create function privacy_find (p_ids text[]) returns table (subject text, id text, key_id text, sealed bytea)
language sql stable as $$
  select k.subject, k.id, k.key_id, k.sealed from privacy_keys k
  where k.workspace_id = royal_workspace () and k.id = any (p_ids) and k.erased_at is null;
$$;

create function privacy_key_of (p_subject text) returns privacy_keys
language plpgsql stable as $$
declare k privacy_keys;
begin
  select * into k from privacy_keys o where o.workspace_id = royal_workspace () and o.subject = p_subject;
  if not found then
    raise exception 'nothing is held of %', p_subject using errcode = 'RY404';
  end if;
  return k;
end $$;

-- Everything that was sealed with the key of a subject, as it is kept. It reads every row of the workspace.
create function privacy_held (p_subject text, p_max int) returns table (place text, ident text, at text, data jsonb)
language plpgsql stable as $$
declare
  k privacy_keys := privacy_key_of (p_subject);
  mark constant text := '%' || k.id || '%';
begin
  return query
  select h.place, h.ident, iso_time (h.at), h.data from (
    select 'proposal' as place, p.uid::text as ident, p.created_at as at,
           jsonb_build_object ('action', p.action, 'target', p.target, 'parameters', p.parameters, 'before', p.before,
                               'facts', p.facts, 'preview', p.preview) as data
    from proposals p where p.workspace_id = k.workspace_id
    union all
    select 'item', p.uid || '/' || i.item, p.created_at,
           jsonb_build_object ('target', i.target, 'parameters', i.parameters, 'before', i.before, 'facts', i.facts,
                               'preview', i.preview)
    from proposal_items i join proposals p on p.workspace_id = i.workspace_id and p.id = i.proposal
    where i.workspace_id = k.workspace_id
    union all
    select 'answer', p.uid::text, a.at, a.data
    from approvals a join proposals p on p.workspace_id = a.workspace_id and p.id = a.proposal
    where a.workspace_id = k.workspace_id and a.data is not null
    union all
    select 'effect', e.key, e.started_at, e.receipt from effects e
    where e.workspace_id = k.workspace_id and e.receipt is not null
    union all
    select 'job', j.uid::text, j.created_at, j.input from jobs j where j.workspace_id = k.workspace_id
    union all
    select 'simulation', n.simulation::text, null, n.note from simulation_notes n where n.workspace_id = k.workspace_id
    union all
    select 'event', t.id::text, t.at, t.data from told_events t where t.workspace_id = k.workspace_id
    union all
    select 'audit', a.seq::text, a.at, a.record::jsonb->'data' from audit a
    where a.workspace_id = k.workspace_id and a.record like mark) h
  where h.data::text like mark
  order by h.at, h.place, h.ident limit p_max;
end $$;

-- Forgets a subject: the key goes, and with it the name. That it went is told by the key's id alone.
create function privacy_erase (p_subject text, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare k privacy_keys;
begin
  update privacy_keys o set subject = null, key_id = null, sealed = null, erased_at = now ()
  where o.workspace_id = royal_workspace () and o.subject = p_subject returning * into k;
  if not found then
    raise exception 'nothing is held of %', p_subject using errcode = 'RY404';
  end if;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (k.workspace_id, 'privacy.erased', k.id, p_actor, jsonb_build_object ('made_at', iso_time (k.created_at)));
  return jsonb_build_object ('key', k.id, 'erased_at', iso_time (k.erased_at));
end $$;

-- That somebody was shown what is held of a person is a record too.
create function privacy_exported (p_subject text, p_n int, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare k privacy_keys := privacy_key_of (p_subject);
begin
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (k.workspace_id, 'privacy.exported', k.id, p_actor, jsonb_build_object ('records', p_n));
  return jsonb_build_object ('key', k.id, 'created_at', iso_time (k.created_at));
end $$;

-- --- Another key ------------------------------------------------------------------------------------------------------
-- The keys of persons are sealed as secrets are, under the name privacy:ID, which is no secret's.

create or replace function secret_stale (p_key text, p_after text, p_batch int)
returns table (name text, key_id text, sealed bytea)
language sql stable as $$
  select o.name, o.key_id, o.sealed from (
    select s.name, s.key_id, s.sealed from secrets s where s.workspace_id = royal_workspace ()
    union all
    select 'privacy:' || k.id, k.key_id, k.sealed from privacy_keys k
    where k.workspace_id = royal_workspace () and k.erased_at is null) o
  where o.key_id <> p_key and o.name > p_after
  order by o.name limit p_batch;
$$;

create or replace function secret_rewrap (p_key text, p_rows jsonb) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  n int;
  m int;
begin
  update secrets s set key_id = p_key, sealed = decode (r->>'sealed', 'hex')
  from jsonb_array_elements (p_rows) r
  where s.workspace_id = royal_workspace () and s.name = r->>'name' and s.sealed = decode (r->>'before', 'hex');
  get diagnostics n = row_count;
  update privacy_keys k set key_id = p_key, sealed = decode (r->>'sealed', 'hex')
  from jsonb_array_elements (p_rows) r
  where k.workspace_id = royal_workspace () and 'privacy:' || k.id = r->>'name' and k.sealed = decode (r->>'before', 'hex');
  get diagnostics m = row_count;
  return n + m;
end $$;
