-- SPDX-License-Identifier: Apache-2.0
-- Workspaces, row-level security, the outbox, events, the audit chain, tokens.
--
-- Two roles: the owner (who runs migrations and owns SECURITY DEFINER functions) and royal_host (who is neither owner
-- nor superuser and sees one workspace a transaction). Errors carry SQLSTATEs that the host maps: RY400 invalid,
-- RY403 denied, RY404 not found, RY409 conflict, RY429 limit, RY503 unavailable.

grant usage on schema public to royal_host;

-- The workspace of this transaction; null (which matches no row) when none is set.
create function royal_workspace () returns bigint
language sql stable parallel safe
return nullif (current_setting ('royal.workspace', true), '')::bigint;

-- An argument of a bulk read, set for its transaction.
create function royal_arg (name text) returns text
language sql stable parallel safe
return current_setting ('royal.arg.' || name, true);

-- UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then random.
create function uuid_v7 () returns uuid
language sql volatile parallel safe
return encode (set_bit (set_bit (overlay (uuid_send (gen_random_uuid ())
         placing substring (int8send (floor (extract (epoch from clock_timestamp ()) * 1000)::bigint) from 3)
         from 1 for 6), 52, 1), 53, 1), 'hex')::uuid;

create function iso_time (t timestamptz) returns text
language sql stable parallel safe
return to_char (t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- Row-level security, forced, for a table that has workspace_id: the owner (the definer functions) passes, the host
-- sees its workspace. `privileges` is what the host may do with it by itself.
create procedure royal_protect (t regclass, privileges text)
language plpgsql as $$
begin
  execute format ('alter table %s enable row level security', t);
  execute format ('alter table %s force row level security', t);
  execute format ('create policy owner on %s to current_user using (true) with check (true)', t);
  execute format ('create policy workspace on %s to royal_host using (workspace_id = royal_workspace ())'
                  ' with check (workspace_id = royal_workspace ())', t);
  execute format ('grant %s on %s to royal_host', privileges, t);
end $$;

create table workspaces (
  workspace_id bigint generated always as identity primary key,
  uid uuid not null unique default uuid_v7 (),
  name text not null unique check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  currency text not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),
  stopped_at timestamptz,
  stopped_by text,
  stop_reason text,
  created_at timestamptz not null default now ());
call royal_protect ('workspaces', 'select');

-- What a transition tells the world, written in the transition's own transaction.
-- No reference to workspaces: whatever is told of has one, and a row lives for milliseconds.
create table outbox (
  workspace_id bigint not null,
  id bigint generated always as identity,
  at timestamptz not null default clock_timestamp (),
  kind text not null,
  subject text,
  actor text,
  data jsonb not null default '{}',
  audited boolean not null default true,
  primary key (workspace_id, id))
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
      autovacuum_vacuum_insert_threshold = -1);
create index outbox_order on outbox (id);
call royal_protect ('outbox', 'select, insert');

create function outbox_put (kind text, subject text, actor text, data jsonb, audited boolean default true) returns void
language sql volatile as $$
  insert into outbox (workspace_id, kind, subject, actor, data, audited)
  values (royal_workspace (), kind, subject, actor, coalesce (data, '{}'), audited);
$$;

-- The live feed. Ids are handed out by the journal under its lock, so id order is commit order.
create table events (
  workspace_id bigint not null,
  id bigint not null,
  at timestamptz not null,
  kind text not null,
  subject text,
  actor text,
  data jsonb not null,
  primary key (workspace_id, id, at)) partition by range (at);
create table events_rest partition of events default;
call royal_protect ('events', 'select');
alter table events_rest enable row level security;
alter table events_rest force row level security;
create policy owner on events_rest to current_user using (true) with check (true);

-- Makes the partitions of this month and the next.
create function events_partitions () returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  m timestamptz;
  part text;
begin
  for m in select date_trunc ('month', now ()) + i * interval '1 month' from generate_series (0, 1) i loop
    part := 'events_' || to_char (m, 'YYYYMM');
    if to_regclass (part) is null then
      execute format ('create table %I partition of events for values from (%L) to (%L)', part, m, m + interval '1 month');
      execute format ('alter table %I enable row level security', part);
      execute format ('alter table %I force row level security', part);
      execute format ('create policy owner on %I to current_user using (true) with check (true)', part);
    end if;
  end loop;
end $$;
do $$ begin perform events_partitions (); end $$;

-- The audit chain: record is canonical JSON (RFC 8785) and holds the hash of the record before it; hash is the SHA-256
-- of record.
create table audit (
  workspace_id bigint not null,
  seq bigint not null,
  at timestamptz not null,
  kind text not null,
  subject text,
  actor text,
  record text not null,
  hash text not null check (length (hash) = 64 and hash !~ '[^0-9a-f]'),
  primary key (workspace_id, seq));
create index audit_subject on audit (workspace_id, subject);
call royal_protect ('audit', 'select');

create function audit_refuse () returns trigger
language plpgsql as $$
begin
  raise exception 'the audit is append-only: % refused', tg_op using errcode = 'RY403';
end $$;
create trigger audit_append_only before update or delete on audit for each row execute function audit_refuse ();
create trigger audit_no_truncate before truncate on audit for each statement execute function audit_refuse ();

create table audit_heads (
  workspace_id bigint primary key references workspaces,
  seq bigint not null,
  hash text not null);
call royal_protect ('audit_heads', 'select');

-- One row: the lock under which event ids are handed out.
create table journal (
  single boolean primary key default true check (single),
  last_event bigint not null default 0);
insert into journal default values;
alter table journal enable row level security;
alter table journal force row level security;
create policy owner on journal to current_user using (true) with check (true);

-- Functions of the hot paths find each row by index, whatever the statistics were when their plans were made: over a table
-- that has just been made everything else looks cheaper, and the plan is kept while the table grows. They are in plpgsql, which
-- keeps plans; a function in SQL is parsed and planned in every statement that calls it.

-- The oldest outbox rows that are committed, with the head of each workspace's chain.
create function journal_pending (batch int)
returns table (workspace_id bigint, id bigint, at timestamptz, at_text text, age_s double precision, kind text,
               subject text, actor text, data jsonb, audited boolean, head_seq bigint, head_hash text, workspace text)
language plpgsql stable security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
begin
  return query
  select o.workspace_id, o.id, o.at, iso_time (o.at), extract (epoch from clock_timestamp () - o.at)::double precision, o.kind,
         o.subject, o.actor, o.data, o.audited, coalesce (h.seq, 0), coalesce (h.hash, repeat ('0', 64)), w.name
  from (select * from outbox order by id limit batch) o
  cross join lateral (select w.name from workspaces w where w.workspace_id = o.workspace_id limit 1) w
  left join lateral (select h.seq, h.hash from audit_heads h where h.workspace_id = o.workspace_id limit 1) h on true
  order by o.id;
end $$;

-- Moves a batch: texts of one line a row, in the order of the outbox; seq, hash and record are empty where a row is not
-- audited. Refused (RY409) when another host has moved a row or a head meanwhile. Notifies once. Returns what is pending
-- then, as journal_pending().
create function journal_append (workspaces text, ids text, seqs text, hashes text, records text, batch int)
returns table (workspace_id bigint, id bigint, at timestamptz, at_text text, age_s double precision, kind text,
               subject text, actor text, data jsonb, audited boolean, head_seq bigint, head_hash text, workspace text)
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  p_workspaces constant bigint[] := string_to_array (workspaces, E'\n')::bigint[];
  p_ids constant bigint[] := string_to_array (ids, E'\n')::bigint[];
  p_seqs constant bigint[] := string_to_array (seqs, E'\n', '')::bigint[];
  p_hashes constant text[] := string_to_array (hashes, E'\n', '');
  p_records constant text[] := string_to_array (records, E'\n', '');
  base bigint;
  n int;
begin
  select j.last_event into base from journal j for update;

  -- Each record names the one before it and is what was hashed. The text around `prev` is as canonical JSON has it.
  if exists (
    select from (
      select b.ws, b.seq, b.record, b.hash, lag (b.hash) over w as before, lag (b.seq) over w as seq_before
      from unnest (p_workspaces, p_seqs, p_hashes, p_records) with ordinality as b (ws, seq, hash, record, pos)
      where b.record is not null
      window w as (partition by b.ws order by b.pos)) c
    left join audit_heads h on h.workspace_id = c.ws
    where c.seq <> coalesce (c.seq_before, h.seq, 0) + 1
       or strpos (c.record, '"prev":"' || coalesce (c.before, h.hash, repeat ('0', 64)) || '","seq":' || c.seq || ',') = 0
       or c.hash <> encode (sha256 (convert_to (c.record, 'UTF8')), 'hex')) then
    raise exception 'the audit chain moved on' using errcode = 'RY409';
  end if;

  with gone as (
    delete from outbox o
    using unnest (p_workspaces, p_ids, p_seqs, p_hashes, p_records) with ordinality as b (ws, id, seq, hash, record, pos)
    where o.workspace_id = b.ws and o.id = b.id
    returning o.*, b.pos, b.seq, b.hash, b.record),
  chained as (
    insert into audit (workspace_id, seq, at, kind, subject, actor, record, hash)
    select g.workspace_id, g.seq, g.at, g.kind, g.subject, g.actor, g.record, g.hash from gone g where g.audited
    order by g.pos),
  told as (
    insert into events (workspace_id, id, at, kind, subject, actor, data)
    select g.workspace_id, base + g.pos, now (), g.kind, g.subject, g.actor, g.data from gone g order by g.pos)
  select count (*) filter (where g.audited = (g.record is not null)) into n from gone g;
  if n <> cardinality (p_ids) then
    raise exception 'the outbox moved on' using errcode = 'RY409';
  end if;

  insert into audit_heads as h (workspace_id, seq, hash)
  select distinct on (b.ws) b.ws, b.seq, b.hash
  from unnest (p_workspaces, p_seqs, p_hashes) with ordinality as b (ws, seq, hash, pos) where b.hash is not null
  order by b.ws, b.pos desc
  on conflict (workspace_id) do update set seq = excluded.seq, hash = excluded.hash;

  update journal set last_event = base + n;
  perform pg_notify ('royal_events', (base + n)::text);
  return query select * from journal_pending (batch);
end $$;

-- Events after an id, oldest first; kinds is null or a list of prefixes.
create function events_after (after bigint, kinds text[], batch int)
returns table (id bigint, event jsonb)
language sql stable as $$
  select e.id, jsonb_build_object ('id', e.id, 'at', iso_time (e.at), 'kind', e.kind, 'subject', e.subject,
                                   'actor', e.actor, 'data', e.data)
  from events e
  where e.workspace_id = royal_workspace () and e.id > after
    and (kinds is null or exists (select from unnest (kinds) k where starts_with (e.kind, k)))
  order by e.id limit batch;
$$;

-- Where the feed stands now, for a client that begins without an id.
create function events_last () returns bigint
language sql stable security definer set search_path = public, pg_temp
return (select last_event from journal);

-- A page of the audit, oldest first.
create function audit_page (after bigint, batch int)
returns table (seq bigint, at text, kind text, subject text, actor text, record text, hash text)
language sql stable as $$
  select a.seq, iso_time (a.at), a.kind, a.subject, a.actor, a.record, a.hash
  from audit a where a.workspace_id = royal_workspace () and a.seq > after order by a.seq limit batch;
$$;

-- The end of the chain, and how many audited rows are not chained yet.
create function audit_head () returns table (seq bigint, hash text, pending bigint)
language sql stable as $$
  select coalesce (h.seq, 0), coalesce (h.hash, repeat ('0', 64)),
         (select count (*) from outbox o where o.workspace_id = royal_workspace () and o.audited)
  from (select) one left join audit_heads h on h.workspace_id = royal_workspace ();
$$;

-- Finds a workspace by its name, making it when it may be made.
create function workspace_open (p_name text, p_create boolean) returns table (workspace_id bigint, uid uuid)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if p_create then
    insert into workspaces (name) values (p_name) on conflict (name) do nothing;
  end if;
  return query select w.workspace_id, w.uid from workspaces w where w.name = p_name;
  if not found then
    raise exception 'no workspace is named %', p_name using errcode = 'RY404';
  end if;
end $$;

create function workspace_list () returns table (workspace_id bigint, name text)
language sql stable security definer set search_path = public, pg_temp as $$
  select workspace_id, name from workspaces order by workspace_id;
$$;

-- API tokens: only the SHA-256 of the secret is kept.
create table tokens (
  workspace_id bigint not null references workspaces,
  uid uuid not null default uuid_v7 (),
  name text not null check (length (name) between 1 and 200),
  role text not null check (role in ('viewer', 'approver', 'operator', 'developer', 'admin')),
  hash bytea not null unique check (length (hash) = 32),
  created_at timestamptz not null default now (),
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  primary key (workspace_id, uid));
call royal_protect ('tokens', 'select, insert, update');

create function token_json (t tokens) returns jsonb
language sql stable as $$
  select jsonb_build_object ('id', t.uid, 'name', t.name, 'role', t.role, 'created_at', iso_time (t.created_at),
    'created_by', t.created_by, 'expires_at', iso_time (t.expires_at), 'revoked_at', iso_time (t.revoked_at));
$$;

create function token_create (p_name text, p_role text, p_hash bytea, p_expires_s bigint, p_actor text) returns jsonb
language plpgsql as $$
declare t tokens;
begin
  insert into tokens (workspace_id, name, role, hash, created_by, expires_at)
  values (royal_workspace (), p_name, p_role, p_hash, p_actor, now () + p_expires_s * interval '1 second')
  returning * into t;
  perform outbox_put ('token.created', t.uid::text, p_actor, jsonb_build_object ('name', p_name, 'role', p_role));
  return token_json (t);
end $$;

create function token_revoke (p_uid uuid, p_actor text) returns jsonb
language plpgsql as $$
declare t tokens;
begin
  update tokens set revoked_at = coalesce (revoked_at, now ())
  where workspace_id = royal_workspace () and uid = p_uid returning * into t;
  if not found then
    raise exception 'no token %', p_uid using errcode = 'RY404';
  end if;
  perform outbox_put ('token.revoked', p_uid::text, p_actor, '{}');
  return token_json (t);
end $$;

create function token_list () returns table (token jsonb)
language sql stable as $$
  select token_json (t) from tokens t where t.workspace_id = royal_workspace () order by t.created_at;
$$;

-- Who a secret belongs to: no row when it is unknown, expired or revoked.
create function token_lookup (p_hash bytea)
returns table (workspace_id bigint, workspace text, uid uuid, name text, role text)
language sql stable security definer set search_path = public, pg_temp as $$
  select t.workspace_id, w.name, t.uid, t.name, t.role from tokens t join workspaces w using (workspace_id)
  where t.hash = p_hash and t.revoked_at is null and (t.expires_at is null or t.expires_at > now ());
$$;
