-- SPDX-License-Identifier: Apache-2.0
-- What starts jobs and workflows by itself: schedules, webhooks, events, notifications, files, messages.
--
-- What is declared in a manifest is put here when it is loaded, and this is what every host goes by. A firing is a row, so that
-- however many hosts see the same tick, delivery, event, file or message, one of them starts something.

create table triggers (
  workspace_id bigint not null references workspaces,
  name text not null check (length (name) between 3 and 136),
  source text not null,
  kind text not null check (kind in ('schedule', 'webhook', 'event', 'database', 'file', 'email')),
  target jsonb not null check (target ? 'workflow' or target ?& array['agent', 'task']),
  definition jsonb not null,
  version text not null,
  next_at timestamptz,
  cursor bigint,
  owner text,
  owned_until timestamptz,
  paused_at timestamptz,
  paused_by text,
  fired bigint not null default 0,
  missed bigint not null default 0,
  failed bigint not null default 0,
  fired_at timestamptz,
  started text,
  error text,
  error_at timestamptz,
  created_at timestamptz not null default now (),
  primary key (workspace_id, name));
call royal_protect ('triggers', 'select');

-- What has been seen: key is the tick, the event's id, or a hash of the delivery, the file, the message. `started` is the job or the
-- workflow's run.
create table trigger_firings (
  workspace_id bigint not null references workspaces,
  trigger text not null,
  key text not null check (length (key) between 1 and 40),
  at timestamptz not null default now (),
  times int not null default 1,
  started text,
  primary key (workspace_id, trigger, key));
create index trigger_firings_at on trigger_firings (workspace_id, trigger, at);
call royal_protect ('trigger_firings', 'select');

create function trigger_json (t triggers) returns jsonb
language sql stable as $$
  select jsonb_build_object (
    'name', t.name, 'kind', t.kind, 'target', t.target, 'definition', t.definition, 'next_at', iso_time (t.next_at),
    'paused_at', iso_time (t.paused_at), 'paused_by', t.paused_by, 'fired', t.fired, 'missed', t.missed,
    'failed', t.failed, 'fired_at', iso_time (t.fired_at), 'started', t.started, 'error', t.error,
    'error_at', iso_time (t.error_at));
$$;

create function trigger_list (p_kinds text[], p_after text, p_batch int) returns table (cursor text, trigger jsonb)
language sql stable as $$
  select t.name, trigger_json (t) from triggers t
  where t.workspace_id = royal_workspace () and (p_kinds is null or t.kind = any (p_kinds))
    and (p_after is null or t.name > p_after)
  order by t.name limit p_batch;
$$;

create function trigger_get (p_name text) returns jsonb
language plpgsql stable as $$
declare t triggers;
begin
  select * into t from triggers where workspace_id = royal_workspace () and name = p_name;
  if not found then
    raise exception 'no trigger %', p_name using errcode = 'RY404';
  end if;
  return trigger_json (t);
end $$;

-- What the hosts go by.
create function trigger_load () returns table (name text, source text, target jsonb, definition jsonb, version text, paused boolean)
language sql stable as $$
  select t.name, t.source, t.target, t.definition, t.version, t.paused_at is not null
  from triggers t where t.workspace_id = royal_workspace () order by t.name;
$$;

-- All that the documents p_sources declare now: [{ name, source, kind, target, definition, version }]. What they declare no more
-- goes; what is changed keeps its state, but for a schedule whose times are others.
create function trigger_sync (p_sources text[], p_triggers jsonb) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  n int;
begin
  perform from workspaces w where w.workspace_id = royal_workspace () for no key update;
  with gone as (
    delete from triggers t
    where t.workspace_id = royal_workspace () and t.source = any (p_sources)
      and not exists (select from jsonb_array_elements (p_triggers) d where d->>'name' = t.name)
    returning t.name),
  put as (
    insert into triggers as t (workspace_id, name, source, kind, target, definition, version, cursor)
    select royal_workspace (), d->>'name', d->>'source', d->>'kind', d->'target', d->'definition', d->>'version',
           case when d->>'kind' = 'event' then (select last_event from journal) end
    from jsonb_array_elements (p_triggers) d where d->>'source' = any (p_sources)
    on conflict (workspace_id, name) do update set
      source = excluded.source, kind = excluded.kind, target = excluded.target, definition = excluded.definition,
      version = excluded.version, error = null, error_at = null,
      next_at = case when t.definition->'schedule' = excluded.definition->'schedule' then t.next_at end,
      cursor = case when excluded.kind = t.kind then t.cursor else excluded.cursor end
    where t.version <> excluded.version
    returning t.name)
  select (select count (*) from gone) + (select count (*) from put) into n;
  delete from trigger_firings f where f.workspace_id = royal_workspace () and f.at < now () - interval '31 days';
  if n > 0 then
    perform pg_notify ('royal_triggers', '');
  end if;
  return n;
end $$;

-- Starts what t starts, once for each key. p_request is a job's request without key and context, or a workflow's
-- { workflow, input }; p_trace travels with it. A key that was seen longer than p_remember_s ago counts as new.
create function trigger_start (t triggers, p_key text, p_request jsonb, p_trace text, p_remember_s int,
                               out started text, out fresh boolean)
language plpgsql as $$
declare
  f trigger_firings;
  actor constant text := 'trigger:' || t.name;
  once text;
  context jsonb;
  j jobs;
begin
  insert into trigger_firings as o (workspace_id, trigger, key) values (t.workspace_id, t.name, p_key)
  on conflict (workspace_id, trigger, key) do update set at = now (), times = o.times + 1
  where p_remember_s is not null and o.at < now () - p_remember_s * interval '1 second'
  returning * into f;
  fresh := found;
  if not fresh then
    select o.started into started from trigger_firings o
    where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = p_key;
    -- A file that is still there has to be known still.
    update trigger_firings o set at = now ()
    where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = p_key and t.kind = 'file';
    return;
  end if;
  -- What may come again for another start is told apart by when it came, also when it was forgotten here meanwhile.
  once := t.name || '/' || p_key
    || case when p_remember_s is not null then '/' || (extract (epoch from f.at) * 1000000)::bigint else '' end;
  context := jsonb_strip_nulls (jsonb_build_object ('by', t.name, 'trace', p_trace));
  if p_request ? 'workflow' then
    started := (workflow_add (t.workspace_id, p_request->>'workflow', p_request->'input', actor, once, context)).uid::text;
  else
    select * into j from job_add (t.workspace_id, jsonb_build_array (p_request
      || jsonb_build_object ('idempotency_key', once, 'context', context)), actor);
    started := j.uid::text;
  end if;
  update trigger_firings o set started = trigger_start.started
  where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = p_key;
  -- A host that is never reloaded forgets too, some at a time.
  if t.kind <> 'file' and random () < 0.01 then
    delete from trigger_firings o where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = any (array (
      select x.key from trigger_firings x where x.workspace_id = t.workspace_id and x.trigger = t.name
        and x.at < now () - interval '31 days' order by x.at limit 1000));
  end if;
  update triggers o set fired = o.fired + 1, fired_at = now (), started = trigger_start.started, error = null, error_at = null
  where o.workspace_id = t.workspace_id and o.name = t.name;
end $$;
revoke execute on function trigger_start (triggers, text, jsonb, text, int) from public;

-- The trigger, locked, when it is still that version and not paused.
create function trigger_hold (p_name text, p_version text) returns triggers
language plpgsql as $$
declare t triggers;
begin
  select * into t from triggers where workspace_id = royal_workspace () and name = p_name for no key update;
  if not found then
    raise exception 'no trigger %', p_name using errcode = 'RY404';
  end if;
  if t.version <> p_version then
    raise exception 'trigger % was changed', p_name using errcode = 'RY409';
  end if;
  if t.paused_at is not null then
    raise exception 'trigger % is paused', p_name using errcode = 'RY503';
  end if;
  return t;
end $$;
revoke execute on function trigger_hold (text, text) from public;

-- A delivery, a notification, a file, a message. With p_owner only when that host listens for it (database).
create function trigger_fire (p_name text, p_version text, p_key text, p_request jsonb, p_trace text, p_remember_s int,
                              p_owner text)
returns table (started text, fresh boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
declare t triggers;
begin
  t := trigger_hold (p_name, p_version);
  if p_owner is not null and (t.owner is distinct from p_owner or t.owned_until <= now ()) then
    raise exception 'trigger % is listened for by another host', p_name using errcode = 'RY409';
  end if;
  return query select s.started, s.fresh from trigger_start (t, p_key, p_request, p_trace, p_remember_s) s;
end $$;

-- What went wrong when it should have fired. Told of once for each message.
create function trigger_fail (p_name text, p_error text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare before text;
begin
  select t.error into before from triggers t where t.workspace_id = royal_workspace () and t.name = p_name for no key update;
  if not found then
    return;
  end if;
  update triggers t set failed = t.failed + 1, error = left (p_error, 2000), error_at = now ()
  where t.workspace_id = royal_workspace () and t.name = p_name;
  if before is distinct from left (p_error, 2000) then
    insert into outbox (workspace_id, kind, subject, actor, data, audited)
    values (royal_workspace (), 'trigger.failed', p_name, 'host', jsonb_build_object ('error', left (p_error, 2000)), false);
  end if;
end $$;

-- Schedules that are due, or whose next time is not known yet.
create function trigger_due () returns table (name text, version text, next_s bigint, now_s bigint)
language sql stable as $$
  select t.name, t.version, extract (epoch from t.next_at)::bigint, floor (extract (epoch from now ()))::bigint
  from triggers t
  where t.workspace_id = royal_workspace () and t.kind = 'schedule' and t.paused_at is null
    and (t.next_at is null or t.next_at <= now ())
  order by t.next_at nulls first;
$$;

-- Milliseconds until the next schedule is due; null when there is none.
create function trigger_wait () returns bigint
language sql stable as $$
  select ceil (extract (epoch from min (t.next_at) - now ()) * 1000)::bigint from triggers t
  where t.workspace_id = royal_workspace () and t.kind = 'schedule' and t.paused_at is null;
$$;

-- The same for one of several: what cannot be started is the trigger's error, and does not hold up the others. A queue that is full
-- does: it is tried again.
create function trigger_try (t triggers, p_key text, p_request jsonb) returns int
language plpgsql as $$
begin
  return (select s.fresh::int from trigger_start (t, p_key, p_request, null, null) s);
exception when sqlstate 'RY400' or sqlstate 'RY404' or sqlstate 'RY409' then
  perform trigger_fail (t.name, sqlerrm);
  return 0;
end $$;
revoke execute on function trigger_try (triggers, text, jsonb) from public;

-- A schedule moves on from p_expected_s (null: its next time was not known) to p_next_s, and fires for each of
-- [{ key, request }], which are the times that were due. Nothing, when another host was first or when it is too early by the
-- database's clock. Returns how many were started, null when nothing was done.
create function trigger_tick (p_name text, p_version text, p_expected_s bigint, p_next_s bigint, p_firings jsonb, p_missed int)
returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  t triggers;
  f jsonb;
  n int := 0;
begin
  t := trigger_hold (p_name, p_version);
  if t.kind <> 'schedule' or t.next_at is distinct from to_timestamp (p_expected_s) or t.next_at > now () then
    return null;
  end if;
  for f in select * from jsonb_array_elements (p_firings) loop
    n := n + trigger_try (t, f->>'key', f->'request');
  end loop;
  update triggers o set next_at = to_timestamp (p_next_s), missed = o.missed + p_missed
  where o.workspace_id = t.workspace_id and o.name = t.name;
  if p_missed > 0 then
    insert into outbox (workspace_id, kind, subject, actor, data, audited)
    values (t.workspace_id, 'trigger.missed', t.name, 'host', jsonb_build_object ('missed', p_missed, 'started', n), false);
  end if;
  return n;
end $$;

-- For each trigger of events: those after its cursor that fit, oldest first, as many as it may have this minute; upto is where
-- its cursor may go. What an agent's own jobs tell does not start that agent again, what a simulation tells starts nothing.
create function trigger_events (p_batch int)
returns table (name text, version text, seen bigint, upto bigint, events jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  t triggers;
  last bigint;
  most int;
  n int;
  n_fit int;
  looked bigint;
  fitted bigint;
begin
  select j.last_event into last from journal j;
  for t in select * from triggers o where o.workspace_id = royal_workspace () and o.kind = 'event' and o.paused_at is null
             and o.cursor < last order by o.name loop
    most := least (p_batch, (t.definition->'event'->>'per_minute')::int - (
      select count (*) from trigger_firings f where f.workspace_id = t.workspace_id and f.trigger = t.name
        and f.at > now () - interval '1 minute'));
    continue when most <= 0;
    name := t.name; version := t.version; seen := t.cursor;
    with found as (
      select e.id, e.event from events_after (
        t.cursor, (select array_agg (k) from jsonb_array_elements_text (t.definition->'event'->'kinds') k), p_batch) e),
    fit as (
      select f.id, f.event from found f
      where f.event->'data' @> (t.definition->'event'->'match')
        and not (f.event->>'kind' ~ '^(job|jobs|agent)\.' and t.target ? 'agent'
                 and f.event->'data'->>'agent' = t.target->>'agent')
        and not event_is_simulated (t.workspace_id, f.event->>'kind', f.event->>'subject', f.event->'data')
      order by f.id limit most)
    select (select count (*) from found), (select max (f.id) from found f), count (*), max (f.id),
           coalesce (jsonb_agg (f.event order by f.id), '[]')
    into n, looked, n_fit, fitted, events
    from fit f;
    upto := case when n_fit = most then fitted when n = p_batch then looked else last end;
    -- What does not fit need not be noted each time.
    continue when events = '[]' and upto - t.cursor < 1000;
    return next;
  end loop;
end $$;

-- Its cursor moves on, and it fires for each of [{ key, request }] or tells of [{ key, error }]. Nothing, when another host was
-- first. Returns how many were started, null when nothing was done.
create function trigger_advance (p_name text, p_version text, p_seen bigint, p_upto bigint, p_firings jsonb) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  t triggers;
  f jsonb;
  n int := 0;
begin
  t := trigger_hold (p_name, p_version);
  if t.kind <> 'event' or t.cursor <> p_seen then
    return null;
  end if;
  for f in select * from jsonb_array_elements (p_firings) loop
    if f ? 'error' then
      perform trigger_fail (t.name, f->>'error');
    else
      n := n + trigger_try (t, f->>'key', f->'request');
    end if;
  end loop;
  update triggers o set cursor = p_upto where o.workspace_id = t.workspace_id and o.name = t.name;
  return n;
end $$;

-- One host listens for notifications. Returns those that p_owner listens for from now on; `taken`: it did not until now.
create function trigger_own (p_owner text, p_lease_s int) returns table (name text, taken boolean)
language sql volatile security definer set search_path = public, pg_temp as $$
  update triggers t set owner = p_owner, owned_until = now () + p_lease_s * interval '1 second'
  from (select o.name, (o.owner is distinct from p_owner or o.owned_until <= now ()) as taken from triggers o
        where o.workspace_id = royal_workspace () and o.kind = 'database'
          and (o.owner is null or o.owner = p_owner or o.owned_until <= now ()) order by o.name for no key update) held
  where t.workspace_id = royal_workspace () and t.name = held.name
  returning t.name, held.taken;
$$;

-- A host that stops leaves them to others at once.
create function trigger_disown (p_owner text) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  update triggers t set owner = null, owned_until = null where t.workspace_id = royal_workspace () and t.owner = p_owner;
$$;

-- Pausing. What happens while it is paused is passed over: a schedule's times are not missed, events are not made up for.
create function trigger_pause (p_name text, p_paused boolean, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare t triggers;
begin
  select * into t from triggers where workspace_id = royal_workspace () and name = p_name for no key update;
  if not found then
    raise exception 'no trigger %', p_name using errcode = 'RY404';
  end if;
  if (t.paused_at is not null) = p_paused then
    return trigger_json (t);
  end if;
  update triggers set paused_at = case when p_paused then now () end, paused_by = case when p_paused then p_actor end,
    next_at = null, cursor = case when t.kind = 'event' then (select last_event from journal) end
  where workspace_id = t.workspace_id and name = t.name returning * into t;
  insert into outbox (workspace_id, kind, subject, actor, data)
  values (t.workspace_id, case when p_paused then 'trigger.paused' else 'trigger.resumed' end, t.name, p_actor, '{}');
  perform pg_notify ('royal_triggers', '');
  return trigger_json (t);
end $$;
