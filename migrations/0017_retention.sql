-- SPDX-License-Identifier: Apache-2.0
-- What has ended is removed after a time that the operator sets, in small batches, by one host at a time; never what something
-- that goes on still refers to, nor what waits for a person. Proposals, their answers and effects stay, and the audit has a
-- way of its own (segments).

-- How far each table was looked through. What cannot go yet must not hold up what comes after it, and no index is made for
-- this on tables whose updates live of having few: rows are looked through in the order in which they came, up to the first page
-- of which some are too young.
create table retention_marks (
  workspace_id bigint not null references workspaces,
  place text not null,
  after bigint not null,
  primary key (workspace_id, place));
call royal_protect ('retention_marks', 'select');

-- A person may change the inputs of the job that made a proposal, and it runs again.
create index proposals_open_job on proposals (job)
  where job is not null and state in ('pending', 'approved', 'executing', 'unknown', 'stale');

-- Moves a mark behind the last of the rows that were looked at; to the start when all that is old enough was.
create function retention_mark (p_workspace bigint, p_place text, p_last bigint, p_whole boolean) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  insert into retention_marks as m (workspace_id, place, after)
  values (p_workspace, p_place, case when p_whole then coalesce (p_last, 0) else 0 end)
  on conflict (workspace_id, place) do update set after = excluded.after;
$$;

create function retention_after (p_workspace bigint, p_place text) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce ((select m.after from retention_marks m where m.workspace_id = p_workspace and m.place = p_place), 0);
$$;

-- Jobs that have ended well, or were given up by a person, with their runs. A step that has not ended, an open proposal and a
-- dead letter keep theirs.
create function retention_jobs (p_workspace bigint, p_until timestamptz, p_batch int, out looked int, out removed int)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  seen bigint;
  ids bigint[];
begin
  with page as (
    select j.id, j.uid, j.state, j.context, j.created_at, coalesce (j.finished_at, j.created_at) as at from jobs j
    where j.workspace_id = p_workspace and j.id > retention_after (p_workspace, 'jobs') order by j.id limit p_batch),
  old as (select * from page g where g.created_at < p_until)
  select count (*), max (o.id), array_agg (o.id) filter (
    where o.state in ('completed', 'cancelled', 'discarded') and o.at < p_until
      and not exists (select from proposals p where p.workspace_id = p_workspace and p.job = o.uid
                      and p.state in ('pending', 'approved', 'executing', 'unknown', 'stale'))
      and not exists (select from dead_letters d where d.workspace_id = p_workspace and d.job = o.id)
      and not exists (select from workflow_steps s join workflow_runs r on r.workspace_id = s.workspace_id and r.id = s.run
                      where s.workspace_id = p_workspace and s.id = (o.context->>'step')::bigint
                        and not workflow_is_over (r.state)))
  into looked, seen, ids from old o;
  delete from runs r where r.workspace_id = p_workspace and r.job = any (ids);
  delete from jobs j where j.workspace_id = p_workspace and j.id = any (ids);
  get diagnostics removed = row_count;
  perform retention_mark (p_workspace, 'jobs', seen, looked = p_batch);
end $$;

-- Workflows' runs that are over, with their steps; not below one that goes on, nor with a proposal that is open.
create function retention_workflows (p_workspace bigint, p_until timestamptz, p_batch int, out looked int, out removed int)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  seen bigint;
  ids bigint[];
  steps bigint[];
begin
  with page as (
    select r.id, r.state, r.parent, r.created_at, r.finished_at from workflow_runs r
    where r.workspace_id = p_workspace and r.id > retention_after (p_workspace, 'workflow_runs') order by r.id limit p_batch),
  old as (select * from page g where g.created_at < p_until)
  select count (*), max (o.id), array_agg (o.id) filter (
    where workflow_is_over (o.state) and o.finished_at < p_until
      and not exists (select from workflow_steps s join workflow_runs r on r.workspace_id = s.workspace_id and r.id = s.run
                      where s.workspace_id = p_workspace and s.id = o.parent and not workflow_is_over (r.state))
      and not exists (select from workflow_steps s join proposals p on p.workspace_id = s.workspace_id
                        and (p.context->>'step')::bigint = s.id and p.context ? 'step'
                      where s.workspace_id = p_workspace and s.run = o.id
                        and p.state in ('pending', 'approved', 'executing', 'unknown', 'stale')))
  into looked, seen, ids from old o;
  select array_agg (s.id) into steps from workflow_steps s where s.workspace_id = p_workspace and s.run = any (ids);
  delete from workflow_waits w where w.workspace_id = p_workspace and w.step = any (steps);
  delete from workflow_inbox i where i.workspace_id = p_workspace and i.step = any (steps);
  delete from workflow_steps s where s.workspace_id = p_workspace and s.run = any (ids);
  delete from workflow_runs r where r.workspace_id = p_workspace and r.id = any (ids);
  get diagnostics removed = row_count;
  perform retention_mark (p_workspace, 'workflow_runs', seen, looked = p_batch);
end $$;

-- Events that are no records of the audit; not what a trigger, or a workflow that goes on, may still look at.
create function retention_events (p_workspace bigint, p_until timestamptz, p_batch int, out looked int, out removed int)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  upto constant bigint := least (
    (select min (t.cursor) from triggers t where t.workspace_id = p_workspace and t.kind = 'event' and t.paused_at is null),
    (select min (r.since_event) from workflow_runs r where r.workspace_id = p_workspace and not workflow_is_over (r.state)),
    (select c.seen from workflow_cursor c where exists (select from workflow_waits w where w.workspace_id = p_workspace)));
begin
  with page as (
    select t.id, t.at from told_events t
    where t.workspace_id = p_workspace and (upto is null or t.id <= upto) order by t.id limit p_batch)
  delete from told_events t using page o where t.workspace_id = p_workspace and t.id = o.id and t.at = o.at and o.at < p_until;
  get diagnostics removed = row_count;
  looked := removed;
end $$;

-- What simulations would have proposed.
create function retention_simulations (p_workspace bigint, p_until timestamptz, p_batch int, out looked int, out removed int)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  with page as (
    select n.id, n.at from simulation_notes n where n.workspace_id = p_workspace order by n.id limit p_batch)
  delete from simulation_notes n using page o where n.workspace_id = p_workspace and n.id = o.id and o.at < p_until;
  get diagnostics removed = row_count;
  looked := removed;
end $$;

-- Tokens that nobody can use any more.
create function retention_tokens (p_workspace bigint, p_until timestamptz, p_batch int, out looked int, out removed int)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  with old as (
    select t.uid from tokens t
    where t.workspace_id = p_workspace and least (t.revoked_at, t.expires_at) < p_until limit p_batch)
  delete from tokens t using old o where t.workspace_id = p_workspace and t.uid = o.uid;
  get diagnostics removed = row_count;
  looked := removed;
end $$;

-- Removes a batch of each of p_days, { "jobs", "workflows", "events", "simulations", "tokens" }: so many days after its end; what is
-- not named, or 0, stays. Returns what was removed, and whether there may be more, of each where that is something; nothing while
-- another host is at it.
create function retention_sweep (p_days jsonb, p_batch int) returns table (place text, removed bigint, more boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  w bigint;
  days int;
  n_looked int;
  n_removed int;
begin
  if not pg_try_advisory_xact_lock (hashtext ('royal.retention')) then
    return;
  end if;
  foreach place in array array['jobs', 'workflows', 'events', 'simulations', 'tokens'] loop
    days := coalesce ((p_days->>place)::int, 0);
    continue when days <= 0;
    removed := 0;
    more := false;
    for w in select o.workspace_id from workspaces o order by o.workspace_id loop
      execute format ('select looked, removed from %I ($1, now () - $2 * interval ''1 day'', $3)', 'retention_' || place)
        into n_looked, n_removed using w, days, p_batch;
      removed := removed + n_removed;
      more := more or n_looked = p_batch;
    end loop;
    if removed > 0 or more then
      return next;
    end if;
  end loop;
end $$;
revoke execute on function retention_mark (bigint, text, bigint, boolean), retention_after (bigint, text),
  retention_jobs (bigint, timestamptz, int), retention_workflows (bigint, timestamptz, int),
  retention_events (bigint, timestamptz, int), retention_simulations (bigint, timestamptz, int),
  retention_tokens (bigint, timestamptz, int), retention_sweep (jsonb, int) from public;
grant execute on function retention_sweep (jsonb, int) to royal_host;
