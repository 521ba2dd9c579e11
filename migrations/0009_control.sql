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

-- What counts in a window now.
create function limit_used (p_workspace bigint, p_name text, p_owner text, p_window_s bigint, out reserved numeric, out used numeric)
language plpgsql volatile security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  select coalesce (sum (r.amount), 0) into reserved from reservations r
  where r.workspace_id = p_workspace and r.name = p_name and r.owner = p_owner and not r.settled;
  select coalesce (sum (r.amount), 0) into used from reservations r
  where r.workspace_id = p_workspace and r.name = p_name and r.owner = p_owner and r.settled
    and r.at > clock_timestamp () - p_window_s * interval '1 second';
end $$;
revoke execute on function limit_used (bigint, text, text, bigint) from public;

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
      (e.entry->>'max')::numeric as max, coalesce ((e.entry->>'window_s')::bigint, 0) as window_s
    from jsonb_array_elements (p_limits) as e (entry)
  loop
    select * into now_in from limit_used (p_workspace, l.name, l.owner, l.window_s);
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
    reserved_at = clock_timestamp ()
  from jsonb_to_recordset (p_limits) as e (name text, key text, max numeric, window_s bigint, decision text)
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
    'frees_at', iso_time (s.first + w.window_s * interval '1 second'),
    'clear_at', iso_time (s.last + w.window_s * interval '1 second'), 'reserved_at', iso_time (w.reserved_at))
  from limit_windows w
  cross join lateral (
    select coalesce (sum (r.amount) filter (where r.settled), 0) as used,
      coalesce (sum (r.amount) filter (where not r.settled), 0) as reserved,
      min (r.at) filter (where r.settled) as first, max (r.at) filter (where r.settled) as last
    from reservations r
    where r.workspace_id = w.workspace_id and r.name = w.name and r.owner = w.owner
      and (not r.settled or r.at > clock_timestamp () - w.window_s * interval '1 second')) s
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

create function proposal_faulted () returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
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

-- A decision made stricter: never more permissive than it was.
create function decision_tighten (entry jsonb, p_decision text, p_risk text, p_rule text, p_reason text) returns jsonb
language plpgsql immutable set search_path = public, pg_temp as $$
declare
  stricter constant boolean := decision_rank (p_decision) > decision_rank (entry->>'decision');
  risks constant text[] := array['low', 'medium', 'high'];
begin
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
  for e in select g.entry, g.pos, b.reason as broken, coalesce (nullif (g.entry->'limits', 'null'), '[]') as limits
           from jsonb_array_elements (batch) with ordinality as g (entry, pos)
           left join breakers b on b.workspace_id = p_workspace and b.agent = g.entry->>'agent' and b.opened_at is not null
           where g.entry->>'decision' <> 'deny' and (b.agent is not null or coalesce (nullif (g.entry->'limits', 'null'), '[]') <> '[]')
           order by g.pos loop
    continue when e.entry->>'key' is not null and exists (
      select from proposals p where p.workspace_id = p_workspace and p.key = e.entry->>'key');
    entry := e.entry;
    if e.broken is not null then
      entry := decision_tighten (entry, 'approve', 'medium', 'breaker',
                                 format ('the breaker of agent %s is open (%s), which asks a person', entry->>'agent', e.broken));
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
