-- SPDX-License-Identifier: Apache-2.0
-- Notifications: what happened is told to receivers outside, a webhook or an address of mail. Each receiver has a cursor over the
-- events, whose order is that in which they were committed; what it wants of them becomes a row, which is sent until that is
-- confirmed, or until its deadline.

create table notice_receivers (
  workspace_id bigint not null references workspaces,
  name text not null check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  kind text not null check (kind in ('webhook', 'email')),
  address text not null,
  topics text[] not null,
  deadline_s int not null check (deadline_s > 0),
  per_minute int not null check (per_minute > 0),
  cursor bigint not null,
  sent bigint not null default 0,
  failed bigint not null default 0,
  dead bigint not null default 0,
  last_at timestamptz,
  last_error text,
  primary key (workspace_id, name));
call royal_protect ('notice_receivers', 'select');

-- `events` are those that it tells of, at most ten of `n`; `event` is the last of them, null for a test. While it is being sent
-- `due_at` is when its holder has lost it.
create table notices (
  workspace_id bigint not null,
  id uuid not null default uuid_v7 (),
  receiver text not null,
  event bigint,
  kind text not null,
  n int not null default 1,
  events jsonb not null,
  state text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'dead')),
  attempt int not null default 0,
  made_at timestamptz not null default now (),
  due_at timestamptz not null default now (),
  deadline_at timestamptz not null,
  holder text,
  ended_at timestamptz,
  error text,
  primary key (workspace_id, id),
  unique (workspace_id, receiver, event),
  foreign key (workspace_id, receiver) references notice_receivers on delete cascade);
create index notices_due on notices (workspace_id, due_at) where state in ('waiting', 'sending');
create index notices_made on notices (workspace_id, receiver, made_at);
create index notices_dead on notices (ended_at) where state = 'dead';
call royal_protect ('notices', 'select');

-- What a receiver may want of an event.
create function notice_topics (p_kind text, p_data jsonb) returns text[]
language sql immutable
return case p_kind
  when 'approval.required' then array['approvals']
  when 'approval.escalated' then array['deadlines']
  when 'control.stopped' then array['stops']
  when 'control.resumed' then array['stops']
  when 'breaker.opened' then array['agents']
  when 'job.failed' then case p_data->>'state' when 'quarantined' then array['agents', 'jobs'] when 'dead' then array['jobs'] else '{}' end
  else '{}' end;

-- What is told of an event: no parameters, no reasons that an agent gives, nothing of a person.
create function notice_event (p_event jsonb) returns jsonb
language sql immutable
return jsonb_strip_nulls (jsonb_build_object ('id', p_event->'id', 'at', p_event->'at', 'kind', p_event->'kind',
  'subject', p_event->'subject', 'action', p_event#>'{data,action}', 'target', to_jsonb (left (p_event#>>'{data,target}', 200)),
  'agent', p_event#>'{data,agent}', 'task', p_event#>'{data,task}', 'risk', p_event#>'{data,risk}',
  'state', p_event#>'{data,state}', 'expires_at', p_event#>'{data,expires_at}', 'items', p_event#>'{data,n_items}',
  'roles', p_event#>'{data,roles}', 'error', p_event#>'{data,error,code}',
  'by', case when p_event->>'kind' like 'control.%' then p_event->'actor' end));

-- The receivers that the operator names: [{ name, kind, address, topics, deadline_s, per_minute }]. A new one is told of what
-- happens from now on; one that is named no more is forgotten, with what waits for it. What p_holder had when it ended is due.
create function notice_receivers_set (p_receivers jsonb, p_holder text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
begin
  delete from notice_receivers o
  where o.workspace_id = ws and not exists (select from jsonb_array_elements (p_receivers) r where r->>'name' = o.name);
  insert into notice_receivers as o (workspace_id, name, kind, address, topics, deadline_s, per_minute, cursor)
  select ws, r->>'name', r->>'kind', r->>'address', array (select jsonb_array_elements_text (r->'topics')),
         (r->>'deadline_s')::int, (r->>'per_minute')::int, j.last_event
  from jsonb_array_elements (p_receivers) r, journal j order by 2
  on conflict (workspace_id, name) do update
    set kind = excluded.kind, address = excluded.address, topics = excluded.topics, deadline_s = excluded.deadline_s,
        per_minute = excluded.per_minute
    where (o.kind, o.address, o.topics, o.deadline_s, o.per_minute) is distinct from
          (excluded.kind, excluded.address, excluded.topics, excluded.deadline_s, excluded.per_minute);
  update notices o set due_at = now () where o.workspace_id = ws and o.state = 'sending' and o.holder = p_holder;
end $$;

-- Makes what is to be sent of the events after each receiver's cursor, of at most p_batch. More than five of a kind that come together
-- are told together. Beyond what a receiver may have in a minute, or while a thousand wait for it, its cursor stays. How many were made.
create function notice_make (p_batch int) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  r notice_receivers;
  last bigint;
  looked bigint;
  upto bigint;
  n_found int;
  n_made int;
  n int := 0;
begin
  -- The journal numbers events under its lock: what is numbered up to this one is committed.
  select j.last_event into last from journal j;
  for r in select * from notice_receivers o where o.workspace_id = ws and o.cursor < last order by o.name for update skip locked loop
    continue when r.cursor >= last
      or r.per_minute <= (select count (*) from notices o where o.workspace_id = ws and o.receiver = r.name
                            and o.made_at > now () - interval '1 minute')
      or 1000 <= (select count (*) from (select from notices o where o.workspace_id = ws and o.receiver = r.name
                                           and o.state in ('waiting', 'sending') limit 1000) w);
    with found as materialized (
      select e.id, e.event from events_after (r.cursor, array['approval.required', 'approval.escalated', 'control.stopped',
        'control.resumed', 'breaker.opened', 'job.failed'], p_batch) e),
    fit as materialized (
      select f.id, f.event->>'kind' as kind, notice_event (f.event) as event,
        count (*) over (partition by f.event->>'kind') as n, row_number () over (partition by f.event->>'kind' order by f.id) as place
      from found f
      where notice_topics (f.event->>'kind', f.event->'data') && r.topics
        and not event_is_simulated (ws, f.event->>'kind', f.event->>'subject', f.event->'data')),
    made as (
      insert into notices (workspace_id, receiver, event, kind, n, events, deadline_at)
      select ws, r.name, max (f.id), f.kind, count (*), jsonb_agg (f.event order by f.id) filter (where f.place <= 10),
             now () + r.deadline_s * interval '1 second'
      from fit f group by f.kind, case when f.n <= 5 then f.id end
      order by 3
      on conflict (workspace_id, receiver, event) do nothing returning 1)
    select (select count (*) from found), (select max (f.id) from found f), (select count (*) from made)
    into n_found, looked, n_made;
    upto := case when n_found = p_batch then looked else greatest (last, looked) end;
    n := n + n_made;
    -- What nobody wants need not be noted each time.
    if n_made > 0 or upto - r.cursor >= 1000 then
      update notice_receivers o set cursor = upto where o.workspace_id = ws and o.name = r.name;
    end if;
  end loop;
  if random () < 0.01 then
    delete from notices o where o.workspace_id = ws and o.id = any (array (
      select x.id from notices x where x.workspace_id = ws and x.ended_at < now () - interval '31 days' limit 10000));
  end if;
  return n;
end $$;

-- It is sent no more: p_error says why.
create function notice_bury (p_notice notices, p_error text) returns void
language plpgsql as $$
begin
  update notices o set state = 'dead', ended_at = now (), holder = null, error = p_error
  where o.workspace_id = p_notice.workspace_id and o.id = p_notice.id;
  update notice_receivers o set dead = o.dead + 1, last_at = now (), last_error = p_error
  where o.workspace_id = p_notice.workspace_id and o.name = p_notice.receiver;
  perform outbox_put ('notification.dead', p_notice.receiver, 'host',
    jsonb_build_object ('notification', p_notice.id, 'kind', p_notice.kind, 'attempts', p_notice.attempt, 'error', p_error), false);
end $$;
revoke execute on function notice_bury (notices, text) from public;

-- Takes one that is due, for p_lease_s, of one of p_names, of which at most two are under way at a time. No row: there is none.
create function notice_claim (p_holder text, p_lease_s int, p_names text[])
returns table (id uuid, receiver text, kind text, n int, events jsonb, attempt int, made_s bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  o notices;
begin
  perform pg_advisory_xact_lock (hashtext ('notice_claim'), ws::int);
  for o in select * from notices d where d.workspace_id = ws and d.state in ('waiting', 'sending') and d.due_at <= now ()
             and d.deadline_at <= now () order by d.due_at limit 100 for update skip locked loop
    perform notice_bury (o, coalesce (o.error, case o.state when 'sending' then 'the host was lost while it was sent'
                                                            else 'nobody sent it before its deadline' end));
  end loop;
  select * into o from notices d
  where d.workspace_id = ws and d.state in ('waiting', 'sending') and d.due_at <= now () and d.receiver = any (p_names)
    and 2 > (select count (*) from notices s where s.workspace_id = ws and s.receiver = d.receiver and s.state = 'sending'
               and s.due_at > now ())
  order by d.due_at, d.id limit 1 for update skip locked;
  if not found then
    return;
  end if;
  update notices d set state = 'sending', holder = p_holder, attempt = d.attempt + 1, due_at = now () + p_lease_s * interval '1 second'
  where d.workspace_id = ws and d.id = o.id;
  return query select o.id, o.receiver, o.kind, o.n, o.events, o.attempt + 1, extract (epoch from o.made_at)::bigint;
end $$;

-- The end of an attempt. With an error it waits, by exponential back-off with full jitter and for p_after_ms at least, or it is dead
-- when that is after its deadline, or when it is of no use (null p_after_ms). Returns its state.
create function notice_end (p_id uuid, p_holder text, p_attempt int, p_error text, p_after_ms bigint) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  o notices;
  due timestamptz;
begin
  select * into o from notices d
  where d.workspace_id = ws and d.id = p_id and d.state = 'sending' and d.holder = p_holder and d.attempt = p_attempt for update;
  if not found then
    raise exception 'the notification % is another''s', p_id using errcode = 'RY409';
  end if;
  if p_error is null then
    update notices d set state = 'sent', ended_at = now (), holder = null, error = null where d.workspace_id = ws and d.id = p_id;
    update notice_receivers d set sent = d.sent + 1, last_at = now (), last_error = null
    where d.workspace_id = ws and d.name = o.receiver;
    return 'sent';
  end if;
  -- One second, two, four … a quarter of an hour.
  due := now () + greatest (p_after_ms, random () * least (900000, 1000 * 2 ^ least (o.attempt - 1, 20))) * interval '1 millisecond';
  update notice_receivers d set failed = d.failed + 1 where d.workspace_id = ws and d.name = o.receiver;
  if p_after_ms is null or due >= o.deadline_at then
    perform notice_bury (o, p_error);
    return 'dead';
  end if;
  update notices d set state = 'waiting', holder = null, due_at = due, error = p_error where d.workspace_id = ws and d.id = p_id;
  update notice_receivers d set last_at = now (), last_error = p_error where d.workspace_id = ws and d.name = o.receiver;
  return 'waiting';
end $$;

create function notice_row (p notices) returns jsonb
language sql stable
return jsonb_build_object ('id', p.id, 'kind', p.kind, 'events', p.n, 'state', p.state, 'attempt', p.attempt,
  'made_at', iso_time (p.made_at), 'due_at', case p.state when 'waiting' then iso_time (p.due_at) end,
  'ended_at', iso_time (p.ended_at), 'error', p.error);

-- The receivers, each with the last of what was made for it: { items: [{ name, kind, address, topics, … notifications: […] }] }
create function notice_list () returns jsonb
language sql stable as $$
  select jsonb_build_object ('items', coalesce (jsonb_agg (jsonb_build_object (
      'name', r.name, 'kind', r.kind, 'address', r.address, 'topics', r.topics, 'sent', r.sent, 'failed', r.failed, 'dead', r.dead,
      'waiting', (select count (*) from notices o where o.workspace_id = r.workspace_id and o.receiver = r.name
                  and o.state in ('waiting', 'sending')),
      'last_at', iso_time (r.last_at), 'last_error', r.last_error,
      'notifications', (select coalesce (jsonb_agg (notice_row (o) order by o.made_at desc, o.id desc), '[]') from (
                          select * from notices o where o.workspace_id = r.workspace_id and o.receiver = r.name
                          order by o.made_at desc, o.id desc limit 20) o))
    order by r.name), '[]'), 'next', null)
  from notice_receivers r where r.workspace_id = royal_workspace ();
$$;

-- Makes a test for a receiver, at most six a minute; it is dead after two minutes.
create function notice_test (p_name text, p_actor text) returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  o notices;
begin
  perform from notice_receivers r where r.workspace_id = ws and r.name = p_name for update;
  if not found then
    raise exception 'no receiver is `%`', coalesce (p_name, '') using errcode = 'RY404';
  end if;
  if 6 <= (select count (*) from notices d where d.workspace_id = ws and d.receiver = p_name and d.event is null
             and d.made_at > now () - interval '1 minute') then
    raise exception 'more than six tests of % in a minute', p_name using errcode = 'RY429';
  end if;
  insert into notices (workspace_id, receiver, kind, events, deadline_at)
  values (ws, p_name, 'notification.test', jsonb_build_array (jsonb_build_object ('kind', 'notification.test', 'by', p_actor,
    'at', iso_time (now ()))), now () + interval '2 minutes') returning * into o;
  perform outbox_put ('notification.tested', p_name, p_actor, jsonb_build_object ('notification', o.id));
  perform pg_notify ('royal_notices', '');
  return notice_row (o);
end $$;

-- As before, and what waits to be told; the dead of the last day.
create or replace function metrics_sample () returns table (metric text, label text, value double precision)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
  select 'jobs', 'queued', count (*)::double precision from (select from job_queue limit 100000) q
  union all select 'jobs', 'later', count (*) from (select from job_later limit 100000) q
  union all select 'jobs', 'parked', count (*) from (select from job_parked limit 100000) q
  union all select 'jobs', 'leased', coalesce (sum (l.open), 0)::double precision from job_leases l
  union all select 'jobs', 'dead', count (*) from (select from dead_letters limit 100000) q
  union all
  select 'queue_age', null, coalesce (extract (epoch from now () - min (j.run_at)), 0)::double precision
  from (select distinct on (workspace_id, agent) workspace_id, job from job_queue order by workspace_id, agent, rank limit 1000) q
  join jobs j on j.workspace_id = q.workspace_id and j.id = q.job
  union all select 'proposals', 'pending', count (*) from (select from proposals where state = 'pending' limit 100000) q
  union all select 'proposals', 'approved', count (*) from (select from proposals where state = 'approved' limit 100000) q
  union all
  select 'proposals', 'executing', count (*) from (select from effects where state = 'executing' limit 100000) q
  union all
  select 'proposals', 'unknown', count (*) from (select from effects where state = 'unknown' limit 100000) q
  union all
  select 'pending_age', null, coalesce (extract (epoch from now () - min (created_at)), 0)::double precision
  from proposals where state = 'pending'
  union all select 'controls', 'stop', count (*) from workspaces where stopped_at is not null
  union all select 'controls', 'pause', count (*) from pauses
  union all select 'controls', 'breaker', count (*) from breakers where opened_at is not null
  union all select 'controls', 'envelope', count (*) from envelopes where revoked_at is null and until > now ()
  union all
  select 'notices', 'waiting', count (*) from (select from notices where state in ('waiting', 'sending') limit 100000) q
  union all
  select 'notices', 'dead', count (*) from (
    select from notices where state = 'dead' and ended_at > now () - interval '1 day' limit 100000) q
  union all
  select 'notice_age', null, coalesce (extract (epoch from now () - min (made_at)), 0)::double precision
  from notices where state in ('waiting', 'sending')
  union all select 'database_size', null, pg_database_size (current_database ())::double precision;
end $$;
