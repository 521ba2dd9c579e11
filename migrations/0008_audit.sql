-- SPDX-License-Identifier: Apache-2.0
-- The audit, whole: the journal inside the database, checkpoints, segments.

-- --- The journal -----------------------------------------------------------------------------------------------------
-- What is told lives in the outbox for milliseconds, and then in one place: an audited row in the audit, whose records are
-- events too, and any other in told_events. `events` is both.

-- body is what data is, as canonical JSON (RFC 8785), from whoever has it at hand; it goes before data.
alter table outbox add body text;
alter table outbox alter data drop not null;
-- Only the journal looks for rows here, the oldest first: no other index is worth what it costs each row.
alter table outbox drop constraint outbox_pkey;
alter table outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

alter table events rename to told_events;
alter table events_rest rename to told_events_rest;

create or replace function events_partitions () returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  m timestamptz;
  part text;
begin
  for m in select date_trunc ('month', now ()) + i * interval '1 month' from generate_series (0, 1) i loop
    part := 'events_' || to_char (m, 'YYYYMM');
    if to_regclass (part) is null then
      execute format ('create table %I partition of told_events for values from (%L) to (%L)', part, m, m + interval '1 month');
      execute format ('alter table %I enable row level security', part);
      execute format ('alter table %I force row level security', part);
      execute format ('create policy owner on %I to current_user using (true) with check (true)', part);
    end if;
  end loop;
end $$;

-- The number that a record has among the events; null for those from before this migration, which are in told_events too.
alter table audit add event bigint;
create index audit_event on audit (workspace_id, event);
-- The hash is made where the row is made, by journal_move(); nobody looks for a subject in the whole of the audit.
alter table audit drop constraint audit_hash_check;
drop index audit_subject;

create view events with (security_invoker = true) as
  select workspace_id, id, at, kind, subject, actor, data from told_events
  union all
  select workspace_id, event, at, kind, subject, actor, record::jsonb->'data' from audit where event is not null;
grant select on events to royal_host;

create or replace function events_after (after bigint, kinds text[], batch int)
returns table (id bigint, event jsonb)
language sql stable as $$
  select e.id, jsonb_build_object ('id', e.id, 'at', iso_time (e.at), 'kind', e.kind, 'subject', e.subject,
                                   'actor', e.actor, 'data', e.data)
  from (
    (select t.id, t.at, t.kind, t.subject, t.actor, t.data from told_events t
     where t.workspace_id = royal_workspace () and t.id > after
       and (kinds is null or exists (select from unnest (kinds) k where starts_with (t.kind, k)))
     order by t.id limit batch)
    union all
    (select a.event, a.at, a.kind, a.subject, a.actor, a.record::jsonb->'data' from audit a
     where a.workspace_id = royal_workspace () and a.event > after
       and (kinds is null or exists (select from unnest (kinds) k where starts_with (a.kind, k)))
     order by a.event limit batch)) e
  order by e.id limit batch;
$$;

-- A number as ECMAScript prints it; a whole one that fits 64 bits with all its digits, where RFC 8785 has none.
create function royal_canonical_number (n numeric) returns text
language plpgsql immutable strict parallel safe as $$
declare
  parts text[];
  digits text;
  point int;
  sign text := case when n < 0 then '-' else '' end;
begin
  if n = trunc (n) and n between -9223372036854775808 and 9223372036854775807 then
    return trunc (n)::text;
  end if;
  parts := regexp_match (abs (n::float8)::text, '^([0-9]+)(?:\.([0-9]+))?(?:e([+-][0-9]+))?$');
  point := length (parts[1]) + coalesce (parts[3]::int, 0);
  digits := parts[1] || coalesce (parts[2], '');
  point := point - (length (digits) - length (ltrim (digits, '0')));
  digits := rtrim (ltrim (digits, '0'), '0');
  return case
    when digits = '' then '0'
    when length (digits) <= point and point <= 21 then sign || digits || repeat ('0', point - length (digits))
    when 0 < point and point <= 21 then sign || left (digits, point) || '.' || substr (digits, point + 1)
    when -6 < point and point <= 0 then sign || '0.' || repeat ('0', -point) || digits
    else sign || left (digits, 1) || case when length (digits) > 1 then '.' || substr (digits, 2) else '' end || 'e'
         || case when point > 0 then '+' else '-' end || abs (point - 1) end;
exception when numeric_value_out_of_range then
  return to_json (n::text)::text;
end $$;

-- The UTF-16 code units of a name: what RFC 8785 sorts by.
create function royal_utf16 (name text) returns int[]
language sql immutable strict parallel safe as $$
  select coalesce (array_agg (u.unit order by c.pos, u.part), '{}')
  from regexp_split_to_table (name, '') with ordinality as c (ch, pos)
  cross join lateral (select case when c.ch = '' then 0 else ascii (c.ch) end as code) p
  cross join lateral (
    select 1 as part, case when p.code < 65536 then p.code else 55296 + (p.code - 65536) / 1024 end as unit
    union all
    select 2, 56320 + (p.code - 65536) % 1024 where p.code >= 65536) u
  where c.ch <> '';
$$;

-- Canonical JSON (RFC 8785). What lies deeper than verifiers read is kept as text.
create function royal_canonical (v jsonb, depth int default 0) returns text
language plpgsql immutable strict parallel safe as $$
declare
  kind constant text := jsonb_typeof (v);
  members text;
begin
  if kind = 'object' and depth < 28 then
    if v::text !~ '[\uE000-\U0010FFFF]' then
      select string_agg (to_json (e.key)::text || ':' || royal_canonical (e.value, depth + 1), ',' order by e.key collate "C")
      into members from jsonb_each (v) e;
    else
      select string_agg (to_json (e.key)::text || ':' || royal_canonical (e.value, depth + 1), ','
                         order by royal_utf16 (e.key))
      into members from jsonb_each (v) e;
    end if;
    return '{' || coalesce (members, '') || '}';
  elsif kind = 'array' and depth < 28 then
    select string_agg (royal_canonical (e.value, depth + 1), ',' order by e.pos) into members
    from jsonb_array_elements (v) with ordinality as e (value, pos);
    return '[' || coalesce (members, '') || ']';
  elsif kind = 'number' then
    return royal_canonical_number (v::numeric);
  elsif kind = 'object' or kind = 'array' then
    return to_json (v::text)::text;
  end if;
  return v::text;
end $$;

-- A record is `head` || hash of the one before || `tail`; the state is the hash of the last one.
create function royal_chain_step (state text, origin text, head text, tail text) returns text
language plpgsql immutable parallel safe as $$
begin
  return encode (sha256 (convert_to (head || coalesce (state, origin) || tail, 'UTF8')), 'hex');
end $$;
create aggregate royal_chain (text, text, text) (sfunc = royal_chain_step, stype = text);

-- Moves the oldest rows of the outbox that are committed to where they stay: hands out their numbers, chains the audited
-- ones, notifies once. One at a time, by the journal's lock. No row when there is nothing to move.
create function journal_move (batch int) returns table (moved int, lag_s double precision)
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
declare
  base bigint;
begin
  select j.last_event into base from journal j for update;

  with oldest as materialized (
    select o.ctid as place, o.workspace_id, o.id, o.at, o.kind, o.subject, o.actor, o.audited,
      case when o.audited then coalesce (o.body, royal_canonical (o.data), '{}') end as body,
      case when not o.audited then coalesce (o.data, o.body::jsonb, '{}') end as data
    from outbox o order by o.id limit batch),
  gone as (
    delete from outbox o using oldest x where o.ctid = x.place),
  numbered as materialized (
    select x.*, base + row_number () over (order by x.id) as event from oldest x),
  plain as (
    insert into told_events (workspace_id, id, at, kind, subject, actor, data)
    select n.workspace_id, n.event, n.at, n.kind, n.subject, n.actor, n.data
    from numbered n where not n.audited order by n.event),
  owners as materialized (
    select w.workspace_id, to_json (w.name)::text as name, coalesce (h.seq, 0) as seq,
      coalesce (h.hash, repeat ('0', 64)) as hash
    from (select distinct n.workspace_id from numbered n where n.audited) d
    cross join lateral (select * from workspaces w where w.workspace_id = d.workspace_id limit 1) w
    left join lateral (select * from audit_heads h where h.workspace_id = d.workspace_id limit 1) h on true),
  texts as (
    select n.*, o.hash as origin, o.seq + row_number () over w as seq,
      '{"actor":' || coalesce (to_json (n.actor)::text, 'null') || ',"at":"' || iso_time (n.at) || '","data":' || n.body
        || ',"kind":' || to_json (n.kind) || ',"prev":"' as head,
      '","seq":' || o.seq + row_number () over w || ',"subject":' || coalesce (to_json (n.subject)::text, 'null')
        || ',"workspace":' || o.name || '}' as tail
    from numbered n join owners o using (workspace_id) where n.audited
    window w as (partition by n.workspace_id order by n.id)),
  hashed as (
    select t.*, royal_chain (t.origin, t.head, t.tail) over w as hash from texts t
    window w as (partition by t.workspace_id order by t.id)),
  chained as (
    insert into audit as a (workspace_id, seq, at, kind, subject, actor, record, hash, event)
    select h.workspace_id, h.seq, h.at, h.kind, h.subject, h.actor,
      h.head || coalesce (lag (h.hash) over w, h.origin) || h.tail, h.hash, h.event
    from hashed h window w as (partition by h.workspace_id order by h.id)
    returning a.workspace_id, a.seq, a.hash),
  heads as (
    insert into audit_heads as h (workspace_id, seq, hash)
    select distinct on (c.workspace_id) c.workspace_id, c.seq, c.hash from chained c order by c.workspace_id, c.seq desc
    on conflict (workspace_id) do update set seq = excluded.seq, hash = excluded.hash)
  select count (*), extract (epoch from clock_timestamp () - min (n.at)) into moved, lag_s from numbered n;

  if moved > 0 then
    update journal set last_event = base + moved;
    perform pg_notify ('royal_events', (base + moved)::text);
    return next;
  end if;
end $$;

drop function journal_append (text, text, text, text, text, int);
drop function journal_pending (int);

-- --- Checkpoints -----------------------------------------------------------------------------------------------------
-- What a host has signed of a chain: statement is canonical JSON { "at", "hash", "key", "seq", "type", "workspace" }, signature
-- its Ed25519 signature in hexadecimal, by the key whose id is in it. A host may write them to a file outside too.
create table audit_checkpoints (
  workspace_id bigint not null,
  seq bigint not null,
  at timestamptz not null default now (),
  statement text not null,
  signature text not null,
  primary key (workspace_id, seq));
call royal_protect ('audit_checkpoints', 'select');

-- The chains that have grown by so many records since they were signed last, or at all since so long.
create function audit_due (p_records bigint, p_seconds int)
returns table (workspace_id bigint, workspace text, seq bigint, hash text, at text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
  select h.workspace_id, w.name, h.seq, h.hash, iso_time (now ())
  from audit_heads h join workspaces w using (workspace_id)
  left join lateral (
    select c.seq, c.at from audit_checkpoints c where c.workspace_id = h.workspace_id order by c.seq desc limit 1) c on true
  where h.seq > coalesce (c.seq, 0)
    and (h.seq - coalesce (c.seq, 0) >= p_records or c.at is null or c.at <= now () - p_seconds * interval '1 second')
  order by h.workspace_id limit 1000;
end $$;

-- Keeps a checkpoint. Returns whether it is new; refused (RY409) when the chain has another record there.
create function audit_checkpoint (p_workspace bigint, p_seq bigint, p_hash text, p_statement text, p_signature text)
returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (select from audit a where a.workspace_id = p_workspace and a.seq = p_seq and a.hash = p_hash) then
    raise exception 'record % of the audit is not the one that was signed', p_seq using errcode = 'RY409';
  end if;
  insert into audit_checkpoints (workspace_id, seq, statement, signature)
  values (p_workspace, p_seq, p_statement, p_signature) on conflict do nothing;
  return found;
end $$;
revoke execute on function audit_due (bigint, int), audit_checkpoint (bigint, bigint, text, text, text) from public;
grant execute on function audit_due (bigint, int), audit_checkpoint (bigint, bigint, text, text, text) to royal_host;

-- A page of the audit, oldest first, with what was signed of each record.
drop function audit_page (bigint, int);
create function audit_page (after bigint, batch int, upto bigint default 9223372036854775807)
returns table (seq bigint, at text, kind text, subject text, actor text, record text, hash text, statement text,
               signature text)
language sql stable as $$
  select a.seq, iso_time (a.at), a.kind, a.subject, a.actor, a.record, a.hash, c.statement, c.signature
  from audit a left join audit_checkpoints c on c.workspace_id = a.workspace_id and c.seq = a.seq
  where a.workspace_id = royal_workspace () and a.seq > after and a.seq <= upto order by a.seq limit batch;
$$;

-- The end of the chain, how many audited rows are not chained yet, and the last that was signed.
drop function audit_head ();
create function audit_head ()
returns table (seq bigint, hash text, pending bigint, statement text, signature text, workspace text)
language sql stable as $$
  select coalesce (h.seq, 0), coalesce (h.hash, repeat ('0', 64)),
         (select count (*) from outbox o where o.workspace_id = royal_workspace () and o.audited), c.statement, c.signature,
         (select w.name from workspaces w where w.workspace_id = royal_workspace ())
  from (select) one left join audit_heads h on h.workspace_id = royal_workspace ()
  left join lateral (
    select c.statement, c.signature from audit_checkpoints c where c.workspace_id = royal_workspace ()
    order by c.seq desc limit 1) c on true;
$$;

-- --- Segments --------------------------------------------------------------------------------------------------------
-- A stretch of a chain that is signed as a whole: statement is canonical JSON { "at", "first", "hash", "key", "last", "prev",
-- "segment", "type", "workspace" }: the numbers of its first and last record, the hash before the first and that of the last.
-- Its records may be dropped once they were exported; the segment stays, and the chain is still whole.
create table audit_segments (
  workspace_id bigint not null,
  segment bigint not null,
  first bigint not null,
  last bigint not null,
  prev text not null,
  hash text not null,
  sealed_at timestamptz not null default now (),
  sealed_by text not null,
  statement text not null,
  signature text not null,
  -- Of the export after which the records were dropped.
  sha256 text,
  dropped_at timestamptz,
  dropped_by text,
  primary key (workspace_id, segment));
call royal_protect ('audit_segments', 'select');

-- Records go only with their segment.
create or replace function audit_refuse () returns trigger
language plpgsql as $$
begin
  if tg_op = 'DELETE' and tg_level = 'ROW' and exists (
       select from audit_segments s where s.workspace_id = old.workspace_id and s.dropped_at = now ()
       and old.seq between s.first and s.last) then
    return old;
  end if;
  raise exception 'the audit is append-only: % refused', tg_op using errcode = 'RY403';
end $$;

create function audit_segment_json (s audit_segments) returns jsonb
language sql stable as $$
  select jsonb_build_object ('segment', s.segment, 'first', s.first, 'last', s.last, 'hash', s.hash,
    'sealed_at', iso_time (s.sealed_at), 'sealed_by', s.sealed_by, 'statement', s.statement, 'signature', s.signature,
    'sha256', s.sha256, 'dropped_at', iso_time (s.dropped_at), 'dropped_by', s.dropped_by);
$$;

create function audit_segment_list () returns table (cursor bigint, entry jsonb)
language sql stable as $$
  select s.segment, audit_segment_json (s) from audit_segments s
  where s.workspace_id = royal_workspace () order by s.segment;
$$;

-- What the next segment would be, up to a record or, null, to the end. Refused (RY409) when there is none.
create function audit_next_segment (p_upto bigint)
returns table (workspace text, segment bigint, first bigint, last bigint, prev text, hash text, at text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
  select w.name, coalesce (s.segment, 0) + 1, coalesce (s.last, 0) + 1, a.seq, coalesce (s.hash, repeat ('0', 64)), a.hash,
         iso_time (now ())
  from workspaces w
  left join lateral (
    select * from audit_segments s where s.workspace_id = w.workspace_id order by s.segment desc limit 1) s on true
  join lateral (
    select a.seq, a.hash from audit a
    where a.workspace_id = w.workspace_id and a.seq > coalesce (s.last, 0) and (p_upto is null or a.seq <= p_upto)
    order by a.seq desc limit 1) a on true
  where w.workspace_id = royal_workspace ();
  if not found then
    raise exception 'there are no records to seal' using errcode = 'RY409';
  end if;
end $$;

-- Keeps a segment as audit_next_segment() told it, signed; refused (RY409) when another was first.
create function audit_seal (p_segment bigint, p_first bigint, p_last bigint, p_prev text, p_hash text, p_statement text,
  p_signature text, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare s audit_segments;
begin
  perform from audit_heads h where h.workspace_id = royal_workspace () for update;
  if not exists (select from audit_next_segment (p_last) n where n.segment = p_segment and n.first = p_first
                 and n.last = p_last and n.prev = p_prev and n.hash = p_hash) then
    raise exception 'the audit is not as it was signed' using errcode = 'RY409';
  end if;
  insert into audit_segments (workspace_id, segment, first, last, prev, hash, sealed_by, statement, signature)
  values (royal_workspace (), p_segment, p_first, p_last, p_prev, p_hash, p_actor, p_statement, p_signature)
  returning * into s;
  perform outbox_put ('audit.sealed', null, p_actor,
    jsonb_build_object ('segment', p_segment, 'first', p_first, 'last', p_last, 'hash', p_hash));
  return audit_segment_json (s);
end $$;

create function audit_segment (p_segment bigint)
returns table (first bigint, last bigint, statement text, signature text, dropped boolean)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query select s.first, s.last, s.statement, s.signature, s.dropped_at is not null from audit_segments s
  where s.workspace_id = royal_workspace () and s.segment = p_segment;
  if not found then
    raise exception 'no segment %', p_segment using errcode = 'RY404';
  end if;
end $$;

-- Drops the records of a segment whose export has this SHA-256; the oldest that has any first.
create function audit_drop (p_segment bigint, p_sha256 text, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare s audit_segments;
begin
  select * into s from audit_segments t where t.workspace_id = royal_workspace () and t.segment = p_segment for update;
  if not found then
    raise exception 'no segment %', p_segment using errcode = 'RY404';
  end if;
  if s.dropped_at is not null then
    raise exception 'the records of segment % were dropped at %', p_segment, iso_time (s.dropped_at) using errcode = 'RY409';
  end if;
  if exists (select from audit_segments t where t.workspace_id = s.workspace_id and t.segment < p_segment
             and t.dropped_at is null) then
    raise exception 'segment % is not the oldest that has its records', p_segment using errcode = 'RY409';
  end if;
  update audit_segments t set dropped_at = now (), dropped_by = p_actor, sha256 = p_sha256
  where t.workspace_id = s.workspace_id and t.segment = p_segment returning * into s;
  delete from audit a where a.workspace_id = s.workspace_id and a.seq between s.first and s.last;
  perform outbox_put ('audit.dropped', null, p_actor,
    jsonb_build_object ('segment', p_segment, 'first', s.first, 'last', s.last, 'hash', s.hash, 'sha256', p_sha256));
  return audit_segment_json (s);
end $$;

-- --- Tokens ----------------------------------------------------------------------------------------------------------
-- That a token is used is a record once an hour; what is done by it names it.
alter table tokens add used_at timestamptz;

drop function token_lookup (bytea);
-- Who a secret belongs to: no row when it is unknown, expired or revoked; due when its use is to be told.
create function token_lookup (p_hash bytea)
returns table (workspace_id bigint, workspace text, uid uuid, name text, role text, due boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select t.workspace_id, w.name, t.uid, t.name, t.role, t.used_at is null or t.used_at < now () - interval '1 hour'
  from tokens t join workspaces w using (workspace_id)
  where t.hash = p_hash and t.revoked_at is null and (t.expires_at is null or t.expires_at > now ());
$$;

create function token_used (p_uid uuid, p_from text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare t tokens;
begin
  update tokens o set used_at = now ()
  where o.workspace_id = royal_workspace () and o.uid = p_uid
    and (o.used_at is null or o.used_at < now () - interval '1 hour')
  returning * into t;
  if found then
    perform outbox_put ('token.used', p_uid::text, t.name, jsonb_build_object ('role', t.role, 'from', p_from));
  end if;
end $$;
