-- SPDX-License-Identifier: Apache-2.0
-- What every effect passes through.

-- By lease_until all effects of a batch had one key, in an index that as many leave again.
drop index effects_executing;
create index effects_executing on effects (proposal, item) where state = 'executing';

-- Afterwards, and only where there is an end: a trigger before an update has the row locked, written and logged, first.
drop trigger proposal_set_end on proposals;
create or replace function proposal_set_end () returns trigger
language plpgsql as $$
begin
  update proposals set reverts_at = now () + new.revert_after_s * interval '1 second'
  where workspace_id = new.workspace_id and id = new.id;
  return null;
end $$;
create trigger proposal_set_end after update on proposals for each row
  when ((new.state = 'executed' or new.state = 'failed' and new.n_items > 0) and new.reverts_at is null
        and new.revert_after_s is not null)
  execute function proposal_set_end ();

-- A record is `head` || hash of the one before || `tail`; the state is both hashes: of the one before, and its own.
create function royal_link_step (state text, origin text, head text, tail text) returns text
language plpgsql immutable parallel safe as $$
declare
  before constant text := coalesce (substr (state, 65), origin);
begin
  return before || encode (sha256 (convert_to (head || before || tail, 'UTF8')), 'hex');
end $$;
create aggregate royal_link (text, text, text) (sfunc = royal_link_step, stype = text);

-- As before, in fewer passes over what is moved.
create or replace function journal_move (batch int) returns table (moved int, lag_s double precision)
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
declare
  base bigint;
  grown bigint[];
begin
  select j.last_event into base from journal j for update;

  with gone as (
    delete from outbox where ctid = any (array (select o.ctid from outbox o order by o.id limit batch))
    returning workspace_id, id, at, kind, subject, actor, data, audited, body),
  numbered as materialized (
    select g.*, base + row_number () over (order by g.id) as event from gone g),
  plain as (
    insert into told_events (workspace_id, id, at, kind, subject, actor, data)
    select n.workspace_id, n.event, n.at, n.kind, n.subject, n.actor, coalesce (n.data, n.body::jsonb, '{}')
    from numbered n where not n.audited order by n.event),
  owners as materialized (
    select w.workspace_id, to_json (w.name)::text as name, coalesce (h.seq, 0) as seq,
      coalesce (h.hash, repeat ('0', 64)) as hash
    from (select distinct n.workspace_id from numbered n where n.audited) d
    cross join lateral (select * from workspaces w where w.workspace_id = d.workspace_id limit 1) w
    left join lateral (select * from audit_heads h where h.workspace_id = d.workspace_id limit 1) h on true),
  texts as (
    select n.workspace_id, n.id, n.event, n.at, n.kind, n.subject, n.actor, o.hash as origin,
      o.seq + row_number () over w as seq,
      '{"actor":' || coalesce (to_json (n.actor)::text, 'null') || ',"at":"' || iso_time (n.at) || '","data":'
        || coalesce (n.body, royal_canonical (n.data), '{}') || ',"kind":' || to_json (n.kind) || ',"prev":"' as head,
      '","seq":' || o.seq + row_number () over w || ',"subject":' || coalesce (to_json (n.subject)::text, 'null')
        || ',"workspace":' || o.name || '}' as tail
    from numbered n join owners o using (workspace_id) where n.audited
    window w as (partition by n.workspace_id order by n.id)),
  linked as (
    select t.*, royal_link (t.origin, t.head, t.tail) over (partition by t.workspace_id order by t.id) as link from texts t),
  chained as (
    insert into audit (workspace_id, seq, at, kind, subject, actor, record, hash, event)
    select l.workspace_id, l.seq, l.at, l.kind, l.subject, l.actor, l.head || left (l.link, 64) || l.tail, substr (l.link, 65),
           l.event
    from linked l)
  select count (*), extract (epoch from clock_timestamp () - min (n.at)),
         array_agg (distinct n.workspace_id) filter (where n.audited)
  into moved, lag_s, grown from numbered n;

  if moved > 0 then
    insert into audit_heads as h (workspace_id, seq, hash)
    select a.workspace_id, a.seq, a.hash from unnest (grown) g (w)
    cross join lateral (select * from audit a where a.workspace_id = g.w order by a.seq desc limit 1) a
    on conflict (workspace_id) do update set seq = excluded.seq, hash = excluded.hash;
    update journal set last_event = base + moved;
    perform pg_notify ('royal_events', (base + moved)::text);
    return next;
  end if;
end $$;
drop aggregate royal_chain (text, text, text);
drop function royal_chain_step (text, text, text, text);
