-- SPDX-License-Identifier: Apache-2.0
-- What holds an agent back, or lets it go further: limits that accumulate, pauses and the emergency stop.

-- --- Limits -----------------------------------------------------------------------------------------------------------
-- A limit is an amount over a window of time, of what is settled within it and of all that is reserved. What is reserved
-- is decided and not ended: it counts however old it is. What is settled counts from the time at which it happened.

-- A window's row is the lock under which it is looked at and added to; what stands in it is for people to see.
create table limit_windows (
  workspace_id bigint not null,
  name text not null,
  owner text not null,
  max numeric not null,
  window_s bigint not null,
  since timestamptz,
  decision text not null,
  reserved_at timestamptz not null default clock_timestamp (),
  primary key (workspace_id, name, owner));
call royal_protect ('limit_windows', 'select');

create table reservations (
  workspace_id bigint not null,
  id bigint generated always as identity,
  name text not null,
  owner text not null,
  proposal uuid not null,
  amount numeric not null check (amount >= 0),
  settled boolean not null default false,
  at timestamptz not null default clock_timestamp (),
  primary key (workspace_id, id))
with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
create index reservations_window on reservations (workspace_id, name, owner, settled, at) include (amount);
create index reservations_proposal on reservations (proposal);
call royal_protect ('reservations', 'select');

-- In order of restriction.
create function decision_rank (d text) returns int
language sql immutable parallel safe
return array_position (array['auto', 'notify', 'approve', 'deny'], d);

-- What counts in a window now: one that is as long as it says, or one of the calendar, which began at a time.
create function limit_used (p_workspace bigint, p_name text, p_owner text, p_window_s bigint, p_since timestamptz,
  out reserved numeric, out used numeric)
language plpgsql volatile security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  select coalesce (sum (r.amount), 0) into reserved from reservations r
  where r.workspace_id = p_workspace and r.name = p_name and r.owner = p_owner and not r.settled;
  select coalesce (sum (r.amount), 0) into used from reservations r
  where r.workspace_id = p_workspace and r.name = p_name and r.owner = p_owner and r.settled
    and r.at >= coalesce (p_since, clock_timestamp () - p_window_s * interval '1 second');
end $$;
revoke execute on function limit_used (bigint, text, text, bigint, timestamptz) from public;

-- Takes the locks of all windows that a list of limits names, in the order of their keys: whoever takes several takes them
-- in the same order, so that no two can wait for each other.
create function limits_lock (p_workspace bigint, p_limits jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into limit_windows (workspace_id, name, owner, max, window_s, decision)
  select distinct on (l.name, l.key) p_workspace, l.name, l.key, coalesce (l.max, 0), coalesce (l.window_s, 0),
    coalesce (l.decision, 'deny')
  from jsonb_to_recordset (p_limits) as l (name text, key text, max numeric, window_s bigint, decision text)
  order by l.name, l.key
  on conflict do nothing;
  perform from limit_windows w
  where w.workspace_id = p_workspace
    and (w.name, w.owner) in (select l.name, l.key from jsonb_to_recordset (p_limits) as l (name text, key text))
  order by w.name, w.owner for update;
end $$;
revoke execute on function limits_lock (bigint, jsonb) from public;

-- Reserves what a proposal takes of its limits, [{ "name", "key", "amount", "max", "window_s", "decision", "risk" }], under
-- the locks of limits_lock(). Null when it fits in all; else the strictest of those in which it does not, with "used" and
-- "reserved" before it. Then it is reserved all the same, for a person may approve it, unless that one denies. An amount or
-- a bound that is missing fits in nothing, and none frees room by being negative.
create function limits_reserve (p_workspace bigint, p_proposal uuid, p_limits jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  l record;
  now_in record;
  over jsonb;
begin
  for l in
    select e.entry, e.entry->>'name' as name, e.entry->>'key' as owner, coalesce (e.entry->>'decision', 'deny') as decision,
      greatest ((e.entry->>'amount')::numeric, case when e.entry->>'amount' is not null then 0 end) as amount,
      (e.entry->>'max')::numeric as max, coalesce ((e.entry->>'window_s')::bigint, 0) as window_s,
      (e.entry->>'since')::timestamptz as since
    from jsonb_array_elements (p_limits) as e (entry)
  loop
    select * into now_in from limit_used (p_workspace, l.name, l.owner, l.window_s, l.since);
    if not coalesce (now_in.reserved + now_in.used + l.amount <= l.max, false)
       and (over is null or decision_rank (l.decision) > decision_rank (over->>'decision')) then
      over := l.entry || jsonb_build_object ('decision', l.decision, 'used', now_in.used, 'reserved', now_in.reserved);
    end if;
  end loop;
  if over->>'decision' = 'deny' then
    return over;
  end if;

  insert into reservations (workspace_id, name, owner, proposal, amount)
  select p_workspace, e.name, e.key, p_proposal, greatest (e.amount, 0)
  from jsonb_to_recordset (p_limits) as e (name text, key text, amount numeric);
  update limit_windows w set max = coalesce (e.max, 0), window_s = coalesce (e.window_s, 0), decision = coalesce (e.decision, 'deny'),
    since = e.since, reserved_at = clock_timestamp ()
  from jsonb_to_recordset (p_limits) as e (name text, key text, max numeric, window_s bigint, since timestamptz, decision text)
  where w.workspace_id = p_workspace and w.name = e.name and w.owner = e.key;
  -- What no window reaches back to any more, a little at a time.
  delete from reservations r using (
    select o.workspace_id, o.id
    from jsonb_to_recordset (p_limits) as e (name text, key text, window_s bigint)
    cross join lateral (
      select o.workspace_id, o.id from reservations o
      where o.workspace_id = p_workspace and o.name = e.name and o.owner = e.key and o.settled
        and o.at < clock_timestamp () - greatest (e.window_s, 40 * 86400) * interval '1 second'
      order by o.at limit 50) o) old
  where r.workspace_id = old.workspace_id and r.id = old.id;
  return over;
end $$;
revoke execute on function limits_reserve (bigint, uuid, jsonb) from public;

-- Settles or releases what proposals have reserved, by how they ended (two lists, place by place). What was executed, wholly
-- or in part, and what may have been, keeps its amounts, from now on; all else gives them back. Nothing else is locked, so
-- this may come in any order: whoever adds to a window meanwhile sees the amount before or after, and it counts or is gone.
create function limits_settle (p_workspace bigint, p_proposals uuid[], p_states text[]) returns void
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  update reservations r set settled = true, at = clock_timestamp ()
  from unnest (p_proposals, p_states) as e (proposal, state)
  where r.proposal = e.proposal and r.workspace_id = p_workspace and not r.settled
    and (e.state in ('executed', 'unknown', 'undone')
         or e.state = 'failed' and exists (
           select from proposals p join effects f on f.workspace_id = p.workspace_id and f.proposal = p.id
           where p.uid = e.proposal and p.workspace_id = p_workspace and f.state = 'executed'));
  delete from reservations r
  using unnest (p_proposals, p_states) as e (proposal, state)
  where r.proposal = e.proposal and r.workspace_id = p_workspace
    and e.state in ('failed', 'stale', 'rejected', 'expired', 'superseded', 'denied', 'cancelled')
    and not (e.state = 'failed' and exists (
      select from proposals p join effects f on f.workspace_id = p.workspace_id and f.proposal = p.id
      where p.uid = e.proposal and p.workspace_id = p_workspace and f.state = 'executed'));
end $$;
revoke execute on function limits_settle (bigint, uuid[], text[]) from public;

-- Releases what was reserved for proposals that were not made after all.
create function limits_release_unmade (p_workspace bigint, uids uuid[]) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  delete from reservations r
  where r.proposal = any (uids) and r.workspace_id = p_workspace
    and not exists (select from proposals p where p.uid = r.proposal and p.workspace_id = p_workspace);
$$;
revoke execute on function limits_release_unmade (bigint, uuid[]) from public;

-- However a proposal ends, and whatever ends it, what it reserved is settled or released in that transaction.
create function proposal_settled () returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform limits_settle (new.workspace_id, array[new.uid], array[new.state]);
  return null;
end $$;
create trigger proposals_settle after update of state on proposals for each row
  when (new.limits <> '[]' and old.state <> new.state and new.state not in ('pending', 'approved', 'executing'))
  execute function proposal_settled ();

-- The windows as they stand: when the next amount leaves one (frees_at), and when all of it has (clear_at).
create function limits_list () returns table ("limit" jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query
  select jsonb_build_object ('name', w.name, 'key', w.owner, 'max', w.max, 'window_s', w.window_s, 'decision', w.decision,
    'used', s.used, 'reserved', s.reserved, 'left', greatest (w.max - s.used - s.reserved, 0),
    'since', iso_time (w.since), 'frees_at', case when w.since is null then iso_time (s.first + w.window_s * interval '1 second') end,
    'clear_at', case when w.since is null then iso_time (s.last + w.window_s * interval '1 second') end, 'reserved_at', iso_time (w.reserved_at))
  from limit_windows w
  cross join lateral (
    select coalesce (sum (r.amount) filter (where r.settled), 0) as used,
      coalesce (sum (r.amount) filter (where not r.settled), 0) as reserved,
      min (r.at) filter (where r.settled) as first, max (r.at) filter (where r.settled) as last
    from reservations r
    where r.workspace_id = w.workspace_id and r.name = w.name and r.owner = w.owner
      and (not r.settled or r.at >= coalesce (w.since, clock_timestamp () - w.window_s * interval '1 second'))) s
  where w.workspace_id = royal_workspace ()
  order by w.name, w.owner limit 1000;
end $$;

-- --- The breaker of autonomy --------------------------------------------------------------------------------------------

-- An agent whose effects fail, are undone or are rejected too often asks for everything, until a person restores it.
create table breakers (
  workspace_id bigint not null,
  agent text not null,
  failed int not null default 5 check (failed > 0),
  undone int not null default 3 check (undone > 0),
  rejected int not null default 5 check (rejected > 0),
  window_s bigint not null default 86400 check (window_s > 0),
  opened_at timestamptz,
  reason text,
  restored_at timestamptz,
  primary key (workspace_id, agent));
create index breakers_open on breakers (workspace_id) where opened_at is not null;
call royal_protect ('breakers', 'select');

-- What counts against an agent, for as long as its window reaches back.
create table breaker_faults (
  workspace_id bigint not null,
  id bigint generated always as identity,
  agent text not null,
  kind text not null check (kind in ('failed', 'undone', 'rejected')),
  proposal uuid not null,
  at timestamptz not null default clock_timestamp (),
  primary key (workspace_id, id));
create index breaker_faults_agent on breaker_faults (workspace_id, agent, kind, at);
call royal_protect ('breaker_faults', 'select');

-- Counts one fault, and opens the breaker when it is one too many.
create function breaker_count (p_workspace bigint, p_agent text, p_kind text, p_proposal uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  b breakers;
  n int;
begin
  insert into breakers (workspace_id, agent) values (p_workspace, p_agent) on conflict do nothing;
  -- Also the lock under which faults are counted.
  select * into b from breakers where workspace_id = p_workspace and agent = p_agent for update;
  delete from breaker_faults f where f.workspace_id = p_workspace and f.agent = p_agent
    and f.at < clock_timestamp () - b.window_s * interval '1 second';
  insert into breaker_faults (workspace_id, agent, kind, proposal) values (p_workspace, p_agent, p_kind, p_proposal);
  select count (*) into n from breaker_faults f
  where f.workspace_id = p_workspace and f.agent = p_agent and f.kind = p_kind
    and f.at > coalesce (b.restored_at, '-infinity');
  if b.opened_at is null and n >= (case p_kind when 'failed' then b.failed when 'undone' then b.undone else b.rejected end) then
    update breakers set opened_at = clock_timestamp (), reason = format ('%s of its proposals were %s within %s s', n, p_kind, b.window_s)
    where workspace_id = p_workspace and agent = p_agent returning * into b;
    insert into outbox (workspace_id, kind, subject, actor, data)
    values (p_workspace, 'breaker.opened', p_agent, 'host', jsonb_build_object ('reason', b.reason, 'kind', p_kind, 'n', n));
  end if;
end $$;
revoke execute on function breaker_count (bigint, text, text, uuid) from public;

-- Takes the thresholds of an operator's manifest, { "failed", "undone", "rejected", "window_s" }. It opens and closes nothing.
create function breaker_configure (p_agent text, p_breaker jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into breakers as b (workspace_id, agent, failed, undone, rejected, window_s)
  select royal_workspace (), p_agent, t.failed, t.undone, t.rejected, t.window_s
  from jsonb_to_record (p_breaker) as t (failed int, undone int, rejected int, window_s bigint)
  on conflict (workspace_id, agent) do update set failed = excluded.failed, undone = excluded.undone, rejected = excluded.rejected,
    window_s = excluded.window_s
  where (b.failed, b.undone, b.rejected, b.window_s) is distinct from (excluded.failed, excluded.undone, excluded.rejected, excluded.window_s);
  if found then
    perform outbox_put ('breaker.configured', p_agent, 'host', p_breaker);
  end if;
end $$;

create function proposal_faulted () returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  -- What ends when it was to end was no mistake.
  if new.state = 'undone' and exists (
       select from proposals u where u.workspace_id = new.workspace_id and u.undoes = new.id and u.state = 'executed'
       and u.created_by = 'schedule' and u.via is null) then
    return null;
  end if;
  perform breaker_count (new.workspace_id, new.agent, new.state, new.uid);
  return null;
end $$;
create trigger proposals_fault after update of state on proposals for each row
  when (old.state <> new.state and new.state in ('failed', 'undone', 'rejected') and new.kind = 'apply' and new.agent_sha256 <> '')
  execute function proposal_faulted ();

create function breaker_list () returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce (jsonb_agg (jsonb_build_object ('agent', b.agent, 'reason', b.reason, 'at', iso_time (b.opened_at)) order by b.agent), '[]')
  from breakers b where b.workspace_id = royal_workspace () and b.opened_at is not null;
$$;

-- --- What the submit transaction adds to a decision ---------------------------------------------------------------------

-- A decision made stricter: never more permissive than it was. Who is asked for such a reason is not answered for by silence.
create function decision_tighten (entry jsonb, p_decision text, p_risk text, p_rule text, p_reason text) returns jsonb
language plpgsql immutable set search_path = public, pg_temp as $$
declare
  stricter constant boolean := decision_rank (p_decision) > decision_rank (entry->>'decision');
  risks constant text[] := array['low', 'medium', 'high'];
begin
  if p_decision = 'approve' and entry->'asks'->>'at_deadline' = 'approve' then
    entry := jsonb_set (entry, '{asks,at_deadline}', '"expire"');
  end if;
  return entry || jsonb_build_object (
    'decision', case when stricter then p_decision else entry->>'decision' end,
    'risk', case when array_position (risks, p_risk) > array_position (risks, entry->>'risk') then p_risk else entry->>'risk' end,
    'rules', case when entry->'rules' @> to_jsonb (p_rule) then entry->'rules' else entry->'rules' || to_jsonb (p_rule) end,
    'reason', case when stricter then p_reason else entry->>'reason' || '; ' || p_reason end);
end $$;

create function limit_reason (over jsonb) returns text
language sql immutable set search_path = public, pg_temp
return format ('limit %s of %s: this takes %s, %s are used and %s reserved of %s within %s s, which %s', over->>'name',
  over->>'key', coalesce (over->>'amount', 'an unknown amount'), trim_scale ((over->>'used')::numeric),
  trim_scale ((over->>'reserved')::numeric), coalesce (over->>'max', 'an unknown bound'), over->>'window_s',
  case over->>'decision' when 'deny' then 'denies it' when 'approve' then 'asks a person' else 'tells people' end);

-- Makes decisions stricter that rest on what is not in force any more: the policy that decided, what the agent is granted. Both
-- stay as they are until this transaction has ended. Null when all is as it was.
create function control_standing (p_workspace bigint, batch jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  version text;
  e record;
  changed boolean := false;
begin
  perform from grants g
  where g.workspace_id = p_workspace and g.agent in (select a #>> '{}' from jsonb_path_query (batch, '$[*].agent') a)
  order by g.agent for share;
  select p.version into version from policies p where p.workspace_id = p_workspace and p.in_force for share;
  if not found then
    -- There is none; or another was put in force while this waited for the lock.
    select p.version into version from policies p where p.workspace_id = p_workspace and p.in_force for share;
  end if;

  for e in
    select g.pos, w.gone, version is not null and g.policy_version is distinct from version as old, g.agent, g.action, g.policy_version
    from rows from (jsonb_to_recordset (batch) as (kind text, agent text, agent_sha256 text, action text, decision text, policy_version text))
      with ordinality as g (kind, agent, agent_sha256, action, decision, policy_version, pos)
    cross join lateral (
      select g.kind = 'apply' and g.agent_sha256 <> '' and exists (
        select from grants t where t.workspace_id = p_workspace and t.agent = g.agent
        and not t.grants->'writes' @> jsonb_build_array (jsonb_build_object ('action', g.action))) as gone) w
    where g.decision <> 'deny' and (w.gone or version is not null and g.policy_version is distinct from version)
  loop
    changed := true;
    batch := jsonb_set (batch, array[(e.pos - 1)::text], case
      when e.gone then decision_tighten (batch->(e.pos::int - 1), 'deny', 'high', 'grant',
        format ('agent %s is not granted %s any more', e.agent, e.action))
      else decision_tighten (batch->(e.pos::int - 1), 'approve', 'medium', 'policy',
        'another policy was put in force before this was recorded, which asks a person') end);
  end loop;
  return case when changed then batch end;
end $$;
revoke execute on function control_standing (bigint, jsonb) from public;

-- Reserves what proposals of a batch take of their limits, in their order, and makes decisions stricter where one does not
-- fit. One whose key is there already takes nothing: it stands as it was decided.
create function control_review (p_workspace bigint, batch jsonb, uids uuid[]) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  e record;
  entry jsonb;
  over jsonb;
begin
  perform limits_lock (p_workspace, (
    select coalesce (jsonb_agg (l), '[]') from jsonb_array_elements (batch) g
    cross join lateral jsonb_array_elements (coalesce (nullif (g->'limits', 'null'), '[]')) l));
  -- A revision takes the place of what it supersedes.
  delete from reservations r using jsonb_array_elements (batch) g
  where g->>'supersedes' is not null and r.workspace_id = p_workspace and r.proposal = (g->>'supersedes')::uuid;
  -- An envelope that lets something pass is looked at under a lock that its revocation waits for.
  perform from envelopes v
  where v.workspace_id = p_workspace
    and v.id in (select jsonb_array_elements_text (g->'envelopes') from jsonb_array_elements (batch) g where g ? 'envelopes')
  order by v.id for share;
  for e in select g.entry, g.pos, b.reason as broken, coalesce (nullif (g.entry->'limits', 'null'), '[]') as limits,
             (select i.id from jsonb_array_elements_text (coalesce (g.entry->'envelopes', '[]')) i (id)
              where not exists (select from envelopes v where v.workspace_id = p_workspace and v.id = i.id and v.revoked_at is null
                                and v.until > clock_timestamp ()) limit 1) as revoked
           from jsonb_array_elements (batch) with ordinality as g (entry, pos)
           left join breakers b on b.workspace_id = p_workspace and b.agent = g.entry->>'agent' and b.opened_at is not null
           where g.entry->>'decision' <> 'deny'
             and (b.agent is not null or g.entry ? 'envelopes' or coalesce (nullif (g.entry->'limits', 'null'), '[]') <> '[]')
           order by g.pos loop
    continue when e.entry->>'key' is not null and exists (
      select from proposals p where p.workspace_id = p_workspace and p.key = e.entry->>'key');
    entry := e.entry;
    if e.broken is not null then
      entry := decision_tighten (entry, 'approve', 'medium', 'breaker',
                                 format ('the breaker of agent %s is open (%s), which asks a person', entry->>'agent', e.broken));
    end if;
    if e.revoked is not null then
      entry := decision_tighten (entry, 'approve', 'medium', 'envelope:' || e.revoked,
                                 format ('envelope %s is not in force any more, which asks a person', e.revoked));
    end if;
    over := limits_reserve (p_workspace, uids[e.pos], e.limits);
    if over is not null then
      entry := decision_tighten (entry, over->>'decision', over->>'risk', over->>'name', limit_reason (over));
    end if;
    batch := jsonb_set (batch, array[(e.pos - 1)::text], entry);
  end loop;
  return batch;
end $$;
revoke execute on function control_review (bigint, jsonb, uuid[]) from public;

-- --- Pauses and the emergency stop --------------------------------------------------------------------------------------

create table pauses (
  workspace_id bigint not null,
  kind text not null check (kind in ('agent', 'action')),
  name text not null check (length (name) between 1 and 128),
  reason text not null,
  paused_by text not null,
  paused_at timestamptz not null default now (),
  primary key (workspace_id, kind, name));
call royal_protect ('pauses', 'select');

-- The same in the row that whoever starts an effect locks: what is read under that lock is what holds. Actions are patterns
-- of LIKE. `halts` rises with each stop and pause.
alter table workspaces
  add paused_agents text[] not null default '{}',
  add paused_actions text[] not null default '{}',
  add halts bigint not null default 0;

-- A host that has heard of a stop or pause and begins nothing on an older word.
create table halt_confirmations (
  workspace_id bigint not null,
  host text not null,
  halts bigint not null,
  at timestamptz not null default clock_timestamp (),
  primary key (workspace_id, host));
call royal_protect ('halt_confirmations', 'select');

-- Tells every host of a stop or pause whose row lock this transaction holds, and returns what its caller waits for: the hosts
-- that hold effects which were started before, { "halts", "hosts" }.
create function halt_tell (p_workspace bigint) returns jsonb
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare n bigint;
begin
  update workspaces w set halts = w.halts + 1 where w.workspace_id = p_workspace returning w.halts into n;
  perform pg_notify ('royal_halt', p_workspace || ' ' || n);
  return jsonb_build_object ('halts', n, 'hosts', coalesce ((
    select jsonb_agg (distinct e.owner) from effects e
    where e.state = 'executing' and e.workspace_id = p_workspace and e.owner <> ''), '[]'));
end $$;
revoke execute on function halt_tell (bigint) from public;

create function halt_confirm (p_workspace bigint, p_host text, p_halts bigint) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  insert into halt_confirmations as c (workspace_id, host, halts) values (p_workspace, p_host, p_halts)
  on conflict (workspace_id, host) do update set halts = greatest (c.halts, excluded.halts), at = clock_timestamp ();
$$;

-- The hosts of a list that may still begin what was started before a stop or pause: those that have not confirmed it and hold
-- an effect.
create function halt_open (p_halts bigint, p_hosts text[]) returns table (host text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return query
  select h.host from unnest (p_hosts) as h (host)
  where not exists (select from halt_confirmations c
                    where c.workspace_id = royal_workspace () and c.host = h.host and c.halts >= p_halts)
    and exists (select from effects e
                where e.state = 'executing' and e.workspace_id = royal_workspace () and e.owner = h.host);
end $$;

-- The hosts that could begin something on a word older than the last stop or pause, for want of their confirmation; a host that was
-- asked for one begins nothing later than two seconds after, though it confirm nothing.
create function halt_unconfirmed () returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce ((
    select jsonb_agg (o.host) from workspaces w
    cross join lateral halt_open (w.halts, array (
      select distinct e.owner from effects e
      where e.state = 'executing' and e.workspace_id = w.workspace_id and e.owner <> '')) o
    where w.workspace_id = royal_workspace ()
      and (w.stopped_at is not null or w.paused_agents <> '{}' or w.paused_actions <> '{}')), '[]');
$$;

drop function control_stop (text, text);
-- Emergency stop. No effect is started by a transaction that ends after this one; see halt_open() for what was started before.
create function control_stop (p_reason text, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update workspaces set stopped_at = coalesce (stopped_at, now ()), stopped_by = p_actor, stop_reason = p_reason
  where workspace_id = royal_workspace ();
  perform outbox_put ('control.stopped', null, p_actor, jsonb_build_object ('reason', p_reason));
  return halt_tell (royal_workspace ());
end $$;

-- Holds an agent's jobs and effects, or an action's effects (`*` stands for anything), until control_unpause().
create function control_pause (p_kind text, p_name text, p_reason text, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare pattern constant text := replace (replace (replace (replace (p_name, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%');
begin
  if p_kind not in ('agent', 'action') or coalesce (length (p_name), 0) not between 1 and 128 then
    raise exception 'expected an agent or an action to pause, found % `%`', p_kind, p_name using errcode = 'RY400';
  end if;
  update workspaces set
    paused_agents = case when p_kind = 'agent' then array_append (array_remove (paused_agents, p_name), p_name) else paused_agents end,
    paused_actions = case when p_kind = 'action' then array_append (array_remove (paused_actions, pattern), pattern) else paused_actions end
  where workspace_id = royal_workspace ();
  insert into pauses (workspace_id, kind, name, reason, paused_by) values (royal_workspace (), p_kind, p_name, p_reason, p_actor)
  on conflict (workspace_id, kind, name) do update set reason = excluded.reason, paused_by = excluded.paused_by;
  perform outbox_put ('control.paused', p_name, p_actor, jsonb_build_object ('kind', p_kind, 'reason', p_reason));
  return halt_tell (royal_workspace ());
end $$;

create function control_unpause (p_kind text, p_name text, p_actor text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare pattern constant text := replace (replace (replace (replace (p_name, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%');
begin
  update workspaces set
    paused_agents = case when p_kind = 'agent' then array_remove (paused_agents, p_name) else paused_agents end,
    paused_actions = case when p_kind = 'action' then array_remove (paused_actions, pattern) else paused_actions end
  where workspace_id = royal_workspace ();
  delete from pauses where workspace_id = royal_workspace () and kind = p_kind and name = p_name;
  if not found then
    raise exception 'no % named `%` is paused', p_kind, p_name using errcode = 'RY404';
  end if;
  perform outbox_put ('control.unpaused', p_name, p_actor, jsonb_build_object ('kind', p_kind));
  perform pg_notify ('royal_effects', '');
  perform pg_notify ('royal_jobs', '');
end $$;

create function pause_list () returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce (jsonb_agg (jsonb_build_object ('kind', p.kind, 'name', p.name, 'reason', p.reason, 'by', p.paused_by,
                                                  'at', iso_time (p.paused_at)) order by p.kind, p.name), '[]')
  from pauses p where p.workspace_id = royal_workspace ();
$$;

-- Whether effects may start at once in this workspace, whichever they are. A stop or pause waits for the end of a transaction
-- that was told so. While something is paused each waits for its turn, where it is looked at by itself.
create or replace function workspace_may_start () returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform from workspaces w
  where w.workspace_id = royal_workspace () and w.stopped_at is null and w.paused_agents = '{}' and w.paused_actions = '{}' for share;
  return found;
end $$;

-- --- What is changed through the gate alone -----------------------------------------------------------------------------
-- The policy in force, what agents were granted the last time, envelopes and trusted keys. Hosts are told on royal_policy.

alter table policies
  add in_force boolean not null default false,
  add since timestamptz,
  add changed_by text,
  add proposal uuid;
create unique index policies_in_force on policies (workspace_id) where in_force;

-- A grant's serial rises when it is widened: a one-shot grant that is given again counts anew.
create table grants (
  workspace_id bigint not null,
  agent text not null,
  grants jsonb not null,
  serial int not null default 1,
  since timestamptz not null default now (),
  changed_by text not null,
  proposal uuid,
  primary key (workspace_id, agent));
call royal_protect ('grants', 'select');
create trigger grants_withdrawn after insert or update on grants for each row execute function proposal_withdraw ();

create table envelopes (
  workspace_id bigint not null,
  id text not null check (id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$'),
  document jsonb not null,
  until timestamptz not null,
  granted_at timestamptz not null default now (),
  granted_by text not null,
  proposal uuid not null,
  revoked_at timestamptz,
  revoked_by text,
  primary key (workspace_id, id));
call royal_protect ('envelopes', 'select');

create table trusted_keys (
  workspace_id bigint not null,
  name text not null check (length (name) between 1 and 128),
  public_key text not null check (length (public_key) = 64 and public_key !~ '[^0-9a-f]'),
  since timestamptz not null default now (),
  changed_by text not null,
  proposal uuid not null,
  primary key (workspace_id, name));
call royal_protect ('trusted_keys', 'select');

-- What the connector did, once each.
create table control_changes (
  workspace_id bigint not null,
  key text not null,
  action text not null,
  target text not null,
  receipt jsonb not null,
  at timestamptz not null default now (),
  primary key (workspace_id, key));
call royal_protect ('control_changes', 'select');

-- What a host has asked for by itself, for a file that says something else than what is in force.
create table control_requests (
  workspace_id bigint not null,
  action text not null,
  target text not null,
  digest text not null,
  n int not null,
  proposal uuid not null,
  primary key (workspace_id, action, target, digest, n));
call royal_protect ('control_requests', 'select');

-- What stands in every workspace, for a host to adopt.
create function standing_load ()
returns table (workspace_id bigint, workspace text, version text, policy jsonb, envelopes jsonb, grants jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select w.workspace_id, w.name, p.version, p.document,
    coalesce ((select jsonb_agg (e.document order by e.id) from envelopes e
               where e.workspace_id = w.workspace_id and e.revoked_at is null and e.until > now ()), '[]'),
    coalesce ((select jsonb_object_agg (g.agent, jsonb_build_object ('grants', g.grants, 'serial', g.serial)) from grants g
               where g.workspace_id = w.workspace_id), '{}')
  from workspaces w
  left join policies p on p.workspace_id = w.workspace_id and p.in_force
  order by w.workspace_id;
$$;

create function standing_tell (p_workspace bigint) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  select pg_notify ('royal_policy', p_workspace::text);
$$;
revoke execute on function standing_tell (bigint) from public;

create function policy_put (p_workspace bigint, p_version text, p_document jsonb, p_actor text, p_proposal uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into policies (workspace_id, version, document) values (p_workspace, p_version, p_document) on conflict do nothing;
  update policies set in_force = false where workspace_id = p_workspace and in_force;
  update policies set in_force = true, since = now (), changed_by = p_actor, proposal = p_proposal
  where workspace_id = p_workspace and version = p_version;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (p_workspace, 'policy.changed', p_version, p_actor, jsonb_build_object ('proposal', p_proposal));
  perform standing_tell (p_workspace);
end $$;
revoke execute on function policy_put (bigint, text, jsonb, text, uuid) from public;

-- The first policy of a workspace that has none is adopted from the operator's file. Returns the version in force then.
create function policy_adopt (p_version text, p_document jsonb, p_actor text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare now_in text;
begin
  perform from workspaces w where w.workspace_id = royal_workspace () for no key update;
  select p.version into now_in from policies p where p.workspace_id = royal_workspace () and p.in_force;
  if now_in is null then
    perform policy_put (royal_workspace (), p_version, p_document, p_actor, null);
    return p_version;
  end if;
  return now_in;
end $$;

-- The first grants of an agent are adopted from the operator's file, and fewer at once: what is given is what both have, so this
-- widens nothing that stands. p_narrower was made from the grants of p_serial.
create function grants_adopt (p_agent text, p_grants jsonb, p_serial int, p_actor text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare n int;
begin
  if p_serial = 0 then
    insert into grants (workspace_id, agent, grants, changed_by) values (royal_workspace (), p_agent, p_grants, p_actor)
    on conflict do nothing;
  else
    update grants set grants = p_grants, since = now (), changed_by = p_actor
    where workspace_id = royal_workspace () and agent = p_agent and serial = p_serial and grants <> p_grants;
  end if;
  get diagnostics n = row_count;
  if n > 0 then
    perform outbox_put (case p_serial when 0 then 'grant.adopted' else 'grant.narrowed' end, p_agent, p_actor,
                        jsonb_build_object ('grants', p_grants));
    perform standing_tell (royal_workspace ());
  end if;
  return n > 0;
end $$;

-- Whether a host should ask for a change that a file wants: null while the same was asked for and waits or was refused, else how
-- often it was asked for before.
create function control_should_ask (p_action text, p_target text, p_digest text) returns int
language sql stable security definer set search_path = public, pg_temp as $$
  select case when r.n is null then 0
              when p.state in ('pending', 'approved', 'executing', 'rejected', 'denied') then null
              else r.n + 1 end
  from (select) one
  left join lateral (
    select * from control_requests r
    where r.workspace_id = royal_workspace () and r.action = p_action and r.target = p_target and r.digest = p_digest
    order by r.n desc limit 1) r on true
  left join proposals p on p.uid = r.proposal and p.workspace_id = royal_workspace ();
$$;

create function control_asked (p_action text, p_target text, p_digest text, p_n int, p_proposal uuid) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  insert into control_requests (workspace_id, action, target, digest, n, proposal)
  values (royal_workspace (), p_action, p_target, p_digest, p_n, p_proposal) on conflict do nothing;
$$;

-- --- The connector `control` ---------------------------------------------------------------------------------------------

create function control_text (v jsonb) returns text
language sql immutable
return case when v is null or v = 'null' then null when length (v::text) > 400 then left (v::text, 397) || '…' else v::text end;

-- What differs between two policies, entry by entry: each list of entries with names.
create function policy_difference (a jsonb, b jsonb) returns table (label text, before jsonb, after jsonb)
language sql immutable set search_path = public, pg_temp as $$
  with entries as (
    select d.side, l.key || ' ' || coalesce (e->>'name', e::text) as label, e
    from (values (0, coalesce (a, '{}')), (1, coalesce (b, '{}'))) as d (side, document),
    jsonb_each (d.document) l, jsonb_array_elements (case when jsonb_typeof (l.value) = 'array' then l.value else '[]' end) e)
  select coalesce (o.label, n.label), o.e, n.e
  from (select * from entries where side = 0) o full join (select * from entries where side = 1) n on n.label = o.label
  where o.e is distinct from n.e
  order by 1;
$$;

create function grants_difference (a jsonb, b jsonb) returns table (label text, before jsonb, after jsonb)
language sql immutable set search_path = public, pg_temp as $$
  with entries as (
    select d.side, 'read ' || r as label, to_jsonb (r) as e
    from (values (0, coalesce (nullif (a, 'null'), '{}')), (1, coalesce (nullif (b, 'null'), '{}'))) as d (side, g),
    jsonb_array_elements_text (coalesce (d.g->'reads', '[]')) r
    union all
    select d.side, 'write ' || (w->>'action'), w
    from (values (0, coalesce (nullif (a, 'null'), '{}')), (1, coalesce (nullif (b, 'null'), '{}'))) as d (side, g),
    jsonb_array_elements (coalesce (d.g->'writes', '[]')) w)
  select coalesce (o.label, n.label), o.e, n.e
  from (select * from entries where side = 0) o full join (select * from entries where side = 1) n on n.label = o.label
  where o.e is distinct from n.e
  order by 1;
$$;

-- What stands where an action would change it: the state that applying demands to find again.
create function control_before (p_action text, p_target text) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare ws constant bigint := royal_workspace ();
begin
  return case p_action
    when 'policy.change' then jsonb_build_object ('version', (select p.version from policies p where p.workspace_id = ws and p.in_force))
    when 'grant.change' then jsonb_build_object ('grants', (select g.grants from grants g where g.workspace_id = ws and g.agent = p_target))
    when 'breaker.restore' then jsonb_build_object ('opened_at', (
      select iso_time (b.opened_at) from breakers b where b.workspace_id = ws and b.agent = p_target))
    when 'key.trust' then jsonb_build_object ('public_key', (
      select k.public_key from trusted_keys k where k.workspace_id = ws and k.name = p_target))
    else jsonb_build_object ('state', coalesce ((
      select case when e.revoked_at is null then 'granted' else 'revoked' end from envelopes e
      where e.workspace_id = ws and e.id = p_target), 'none')) end;
end $$;

-- Observes what an action, or with a receipt its inverse, would change: { "before", "facts", "preview" }.
create function control_assess (p_action text, p_target text, p_parameters jsonb, p_receipt jsonb) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  was constant jsonb := control_before (p_action, p_target);
  old jsonb;
  new jsonb;
  facts jsonb := '{}';
  changes jsonb;
  summary text;
begin
  if p_action = 'policy.change' then
    select p.document into old from policies p where p.workspace_id = ws and p.in_force;
    if p_receipt is null then
      new := p_parameters->'document';
    else
      select p.document into new from policies p where p.workspace_id = ws and p.version = p_receipt->>'from';
    end if;
    select jsonb_agg (jsonb_build_object ('label', d.label, 'before', control_text (d.before), 'after', control_text (d.after))),
      jsonb_build_object ('entries_added', count (*) filter (where d.before is null),
        'entries_removed', count (*) filter (where d.after is null),
        'entries_changed', count (*) filter (where d.before is not null and d.after is not null))
    into changes, facts from policy_difference (old, new) d;
    summary := 'Another policy is put in force';
  elsif p_action = 'grant.change' then
    old := was->'grants';
    new := case when p_receipt is null then p_parameters->'grants' else p_receipt->'from' end;
    select jsonb_agg (jsonb_build_object ('label', d.label, 'before', control_text (d.before), 'after', control_text (d.after))),
      jsonb_build_object ('added', count (*) filter (where d.before is null), 'removed', count (*) filter (where d.after is null),
                          'changed', count (*) filter (where d.before is not null and d.after is not null))
    into changes, facts from grants_difference (old, new) d;
    summary := format ('Agent %s is granted something else', p_target);
  elsif p_action in ('envelope.grant', 'envelope.revoke') then
    new := case when p_action = 'envelope.grant' then p_parameters->'envelope'
           else (select e.document from envelopes e where e.workspace_id = ws and e.id = p_target) end;
    if p_action = 'envelope.revoke' and was->>'state' = 'none' then
      raise exception 'no envelope is named %', p_target using errcode = 'RY404';
    end if;
    facts := jsonb_build_object ('state', was->'state', 'max', coalesce (new->'max', '0'),
      'days', round (extract (epoch from (new->>'until')::timestamptz - now ()) / 86400, 2));
    changes := jsonb_build_array (jsonb_build_object ('label', 'envelope ' || p_target, 'before', was->>'state',
                                                      'after', control_text (new)));
    summary := case when (p_action = 'envelope.grant') = (p_receipt is null) then 'An agent may do more by itself, within bounds'
                    else 'An envelope is revoked' end;
  elsif p_action = 'breaker.restore' then
    if was->>'opened_at' is null then
      raise exception 'the breaker of agent % is not open', p_target using errcode = 'RY409';
    end if;
    select jsonb_build_object ('failed', count (*) filter (where f.kind = 'failed'), 'undone', count (*) filter (where f.kind = 'undone'),
                               'rejected', count (*) filter (where f.kind = 'rejected'))
    into facts from breaker_faults f where f.workspace_id = ws and f.agent = p_target;
    changes := (select jsonb_build_array (jsonb_build_object ('label', 'breaker', 'before', 'open: ' || b.reason, 'after', 'closed'))
                from breakers b where b.workspace_id = ws and b.agent = p_target);
    summary := format ('Agent %s gets back what it may do by itself', p_target);
  else
    new := case when p_receipt is null then p_parameters->'public_key' else p_receipt->'from' end;
    changes := jsonb_build_array (jsonb_build_object ('label', 'key ' || p_target, 'before', was->>'public_key', 'after', new #>> '{}'));
    facts := jsonb_build_object ('known', was->'public_key' <> 'null');
    summary := format ('Key %s is trusted, or is not any more', p_target);
  end if;
  return jsonb_build_object ('before', was, 'facts', facts,
    'preview', jsonb_build_object ('summary', summary, 'changes', coalesce (changes, '[]')));
end $$;

-- Does, once for a key, what a person has approved: without an approval of the proposal whose key it is nothing is done.
create function control_apply (p_key text, p_action text, p_target text, p_parameters jsonb, p_version text, p_before jsonb, p_receipt jsonb)
returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  inverse constant boolean := p_receipt is not null;
  done jsonb;
  was jsonb;
  who text;
  new jsonb;
begin
  select c.receipt into done from control_changes c where c.workspace_id = ws and c.key = p_key;
  if found then
    return done;
  end if;
  -- One change at a time in a workspace.
  perform from workspaces w where w.workspace_id = ws for no key update;
  select p.decided_by into who from proposals p
  where p.uid = p_key::uuid and p.workspace_id = ws and p.action = p_action and p.target = p_target and p.state = 'executing'
    and p.decided_by is distinct from 'deadline'
    and exists (select from approvals a where a.workspace_id = ws and a.proposal = p.id and a.answer = 'approve');
  if not found then
    raise exception 'nobody has approved %: %', p_action, p_key using errcode = 'RY403';
  end if;
  was := control_before (p_action, p_target);
  if was is distinct from p_before then
    raise exception 'what stands is not what was seen: % on % was changed meanwhile', p_action, p_target using errcode = 'RY409';
  end if;

  if p_action = 'policy.change' then
    if inverse then
      select p.document into new from policies p where p.workspace_id = ws and p.version = p_receipt->>'from';
      perform policy_put (ws, p_receipt->>'from', new, who, p_key::uuid);
      done := jsonb_build_object ('from', was->'version', 'to', p_receipt->'from');
    else
      perform policy_put (ws, p_version, p_parameters->'document', who, p_key::uuid);
      done := jsonb_build_object ('from', was->'version', 'to', p_version);
    end if;
  elsif p_action = 'grant.change' then
    new := case when inverse then p_receipt->'from' else p_parameters->'grants' end;
    insert into grants as g (workspace_id, agent, grants, changed_by, proposal)
    values (ws, p_target, coalesce (nullif (new, 'null'), '{"reads": [], "writes": []}'), who, p_key::uuid)
    on conflict (workspace_id, agent) do update set grants = excluded.grants, serial = g.serial + 1, since = now (),
      changed_by = excluded.changed_by, proposal = excluded.proposal;
    done := jsonb_build_object ('from', was->'grants', 'to', new);
    perform outbox_put ('grant.changed', p_target, who, done);
  elsif p_action in ('envelope.grant', 'envelope.revoke') then
    if (p_action = 'envelope.grant') = inverse then
      update envelopes set revoked_at = now (), revoked_by = who where workspace_id = ws and id = p_target;
    elsif inverse then
      update envelopes set revoked_at = null, revoked_by = null where workspace_id = ws and id = p_target;
    elsif was->>'state' = 'none' then
      insert into envelopes (workspace_id, id, document, until, granted_by, proposal)
      values (ws, p_target, p_parameters->'envelope', (p_parameters->'envelope'->>'until')::timestamptz, who, p_key::uuid);
    else
      raise exception 'envelope % is % already: a new one needs a name of its own', p_target, was->>'state' using errcode = 'RY409';
    end if;
    done := jsonb_build_object ('from', was->'state');
    perform outbox_put (case when (p_action = 'envelope.grant') = inverse then 'envelope.revoked' else 'envelope.granted' end, p_target, who,
      (select jsonb_build_object ('envelope', e.document) from envelopes e where e.workspace_id = ws and e.id = p_target));
  elsif p_action = 'breaker.restore' then
    update breakers set opened_at = null, reason = null, restored_at = clock_timestamp () where workspace_id = ws and agent = p_target;
    done := was;
    perform outbox_put ('breaker.restored', p_target, who, done);
  else
    new := case when inverse then p_receipt->'from' else p_parameters->'public_key' end;
    if coalesce (new, 'null') = 'null' then
      delete from trusted_keys where workspace_id = ws and name = p_target;
    else
      insert into trusted_keys (workspace_id, name, public_key, changed_by, proposal) values (ws, p_target, new #>> '{}', who, p_key::uuid)
      on conflict (workspace_id, name) do update set public_key = excluded.public_key, since = now (), changed_by = excluded.changed_by,
        proposal = excluded.proposal;
    end if;
    done := jsonb_build_object ('from', was->'public_key', 'to', new);
    perform outbox_put ('key.changed', p_target, who, done);
  end if;
  insert into control_changes (workspace_id, key, action, target, receipt) values (ws, p_key, p_action, p_target, done);
  perform standing_tell (ws);
  return done;
end $$;

create function control_verify (p_key text) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select c.receipt from control_changes c where c.workspace_id = royal_workspace () and c.key = p_key;
$$;

-- Takes away at once what an envelope gave; to give it back is a proposal.
create function envelope_revoke (p_id text, p_actor text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update envelopes set revoked_at = now (), revoked_by = p_actor
  where workspace_id = royal_workspace () and id = p_id and revoked_at is null;
  if not found then
    raise exception 'no envelope % is in force', p_id using errcode = 'RY404';
  end if;
  perform outbox_put ('envelope.revoked', p_id, p_actor, '{}');
  perform standing_tell (royal_workspace ());
end $$;

create function envelope_list () returns table (envelope jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object ('id', e.id, 'document', e.document, 'until', iso_time (e.until), 'granted_at', iso_time (e.granted_at),
    'granted_by', e.granted_by, 'proposal', e.proposal, 'revoked_at', iso_time (e.revoked_at), 'revoked_by', e.revoked_by,
    'state', case when e.revoked_at is not null then 'revoked' when e.until <= now () then 'over' else 'in force' end,
    'used', (select coalesce (sum (r.amount), 0) from reservations r
             where r.workspace_id = e.workspace_id and r.name = 'envelope:' || e.id and r.owner = 'envelope:' || e.id))
  from envelopes e where e.workspace_id = royal_workspace () order by e.granted_at desc limit 500;
$$;

create function policy_history () returns table (policy jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object ('version', p.version, 'in_force', p.in_force, 'since', iso_time (p.since), 'by', p.changed_by,
                             'proposal', p.proposal, 'loaded_at', iso_time (p.loaded_at),
                             'entries', (select sum (jsonb_array_length (l.value)) from jsonb_each (p.document) l
                                         where jsonb_typeof (l.value) = 'array'))
  from policies p where p.workspace_id = royal_workspace () order by p.since desc nulls last, p.loaded_at desc limit 200;
$$;
