-- SPDX-License-Identifier: Apache-2.0
-- Receivers are told of workflows that failed, too: the topic `workflows`. What is not of that is as it was (0033_notices.sql).

-- What a receiver may want of an event.
create or replace function notice_topics (p_kind text, p_data jsonb) returns text[]
language sql immutable
return case p_kind
  when 'approval.required' then array['approvals']
  when 'approval.escalated' then array['deadlines']
  when 'control.stopped' then array['stops']
  when 'control.resumed' then array['stops']
  when 'breaker.opened' then array['agents']
  when 'job.failed' then case p_data->>'state' when 'quarantined' then array['agents', 'jobs'] when 'dead' then array['jobs'] else '{}' end
  when 'workflow.failed' then array['workflows']
  else '{}' end;

-- What is told of an event: no parameters, no reasons that an agent gives, nothing of a person.
create or replace function notice_event (p_event jsonb) returns jsonb
language sql immutable
return jsonb_strip_nulls (jsonb_build_object ('id', p_event->'id', 'at', p_event->'at', 'kind', p_event->'kind',
  'subject', p_event->'subject', 'action', p_event#>'{data,action}', 'target', to_jsonb (left (p_event#>>'{data,target}', 200)),
  'agent', p_event#>'{data,agent}', 'workflow', p_event#>'{data,workflow}', 'task', p_event#>'{data,task}', 'risk', p_event#>'{data,risk}',
  'state', p_event#>'{data,state}', 'expires_at', p_event#>'{data,expires_at}', 'items', p_event#>'{data,n_items}',
  'roles', p_event#>'{data,roles}', 'error', p_event#>'{data,error,code}',
  'by', case when p_event->>'kind' like 'control.%' then p_event->'actor' end));

-- Makes what is to be sent of the events after each receiver's cursor, of at most p_batch. More than five of a kind that come together
-- are told together. Beyond what a receiver may have in a minute, or while a thousand wait for it, its cursor stays. How many were made.
create or replace function notice_make (p_batch int) returns int
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
        'control.resumed', 'breaker.opened', 'job.failed', 'workflow.failed'], p_batch) e),
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
