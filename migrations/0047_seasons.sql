-- SPDX-License-Identifier: Apache-2.0
-- Seasons: the weeks of a category begin on the same day in all of its stores, and receivers of notifications are told when sales are
-- more than 20 % off their forecast.

-- What is summed up by week would have no weeks else. The day is that of what is known already, else of the file's first row of the category.
create function retail_history_day_faults (out faults jsonb, out n_faults bigint)
language plpgsql as $$
begin
  with firsts as (
    select distinct on (r.category) r.category, r.week from pg_temp.retail_rows r order by r.category, r.line),
  known as (
    select c.code, min (h.week) as week from retail_history h
    join retail_categories c on c.workspace_id = h.workspace_id and c.id = h.category
    where h.workspace_id = royal_workspace () and c.code in (select f.category from firsts f) group by 1),
  days as (
    select f.category, coalesce (k.week, f.week) as week from firsts f left join known k on k.code = f.category),
  e as (
    select r.line, r.week, r.category, d.week as was from pg_temp.retail_rows r join days d on d.category = r.category
    where (r.week - d.week) % 7 <> 0),
  numbered as (select e.*, row_number () over (order by line) as n from e)
  select jsonb_agg (jsonb_build_object ('line', line, 'column', 'week_start_date', 'message', format (
           'the week of %s begins on a %s, those of category %s on a %s', week, to_char (week, 'FMDay'), category,
           to_char (was, 'FMDay'))) order by n) filter (where n <= 20), count (*)
    into faults, n_faults from numbered;
end $$;

-- As in 0018, with that.
create or replace function retail_import_history (p jsonb, p_dry_run boolean, p_actor text) returns jsonb
language plpgsql as $$
declare
  f record;
  missing bigint;
  months bigint;
  n record;
  ws constant bigint := royal_workspace ();
  result jsonb;
begin
  select * into f from retail_history_row_faults ();
  if f.n_faults = 0 then
    select * into f from retail_history_week_faults (coalesce (p->>'gaps', '') = 'keep');
    missing := f.n_missing;
  end if;
  if f.n_faults = 0 then
    select * into f from retail_history_day_faults ();
  end if;
  if f.n_faults = 0 then
    select * into f from retail_history_span_faults ();
    months := f.months;
  end if;
  if f.n_faults > 0 then
    return jsonb_build_object ('errors', f.faults, 'faults', f.n_faults);
  end if;

  if not p_dry_run then
    insert into retail_categories (workspace_id, code, name)
    select distinct ws, r.category, r.category from pg_temp.retail_rows r on conflict (workspace_id, code) do nothing;
  end if;
  select count (*) filter (where h.units is null) as added,
         count (*) filter (where h.units is not null
                             and (h.units <> r.units or h.price is distinct from coalesce (r.price, h.price))) as changed
    into n
  from pg_temp.retail_rows r
  join retail_stores t on t.workspace_id = ws and t.code = r.store
  left join retail_categories c on c.workspace_id = ws and c.code = r.category
  left join retail_history h on h.workspace_id = ws and h.category = c.id and h.store = t.id and h.week = r.week;
  if not p_dry_run and n.added + n.changed > 0 then
    insert into retail_history as o (workspace_id, category, store, week, units, price)
    select ws, c.id, t.id, r.week, r.units, r.price from pg_temp.retail_rows r
    join retail_stores t on t.workspace_id = ws and t.code = r.store
    join retail_categories c on c.workspace_id = ws and c.code = r.category
    order by c.id, t.id, r.week
    on conflict (workspace_id, category, store, week) do update
      set units = excluded.units, price = coalesce (excluded.price, o.price)
      where o.units <> excluded.units or o.price is distinct from coalesce (excluded.price, o.price);
  end if;
  result := retail_history_summary ();
  return retail_imported (result || jsonb_build_object ('added', n.added, 'changed', n.changed, 'removed', 0,
    'unchanged', (result->>'rows')::bigint - n.added - n.changed, 'months', months, 'missing_weeks', missing,
    'warnings', case when missing > 0 then
      jsonb_build_array (format ('%s weeks of stores are missing: they count as not known', missing)) else '[]'::jsonb end),
    p_dry_run, p_actor);
end $$;

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
  when 'retail.variance' then array['seasons']
  else '{}' end;

-- What is told of an event: as in 0043, and of a season the host's own figures.
create or replace function notice_event (p_event jsonb) returns jsonb
language sql immutable
return jsonb_strip_nulls (jsonb_build_object ('id', p_event->'id', 'at', p_event->'at', 'kind', p_event->'kind',
  'subject', p_event->'subject', 'action', p_event#>'{data,action}', 'target', to_jsonb (left (p_event#>>'{data,target}', 200)),
  'agent', p_event#>'{data,agent}', 'workflow', p_event#>'{data,workflow}', 'task', p_event#>'{data,task}', 'risk', p_event#>'{data,risk}',
  'state', p_event#>'{data,state}', 'expires_at', p_event#>'{data,expires_at}', 'items', p_event#>'{data,n_items}',
  'roles', p_event#>'{data,roles}', 'error', p_event#>'{data,error,code}',
  'digest', case when p_event->>'kind' = 'approval.required' then p_event#>'{data,digest}' end,
  'season', case when p_event->>'kind' = 'retail.variance' then p_event#>'{data,code}' end,
  'figures', case when p_event->>'kind' = 'retail.variance' then p_event#>'{data,reason}' end,
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
        'control.resumed', 'breaker.opened', 'job.failed', 'workflow.failed', 'retail.variance'], p_batch) e),
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
