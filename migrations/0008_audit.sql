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
