-- SPDX-License-Identifier: Apache-2.0
-- One order of locks: a workspace before its proposals, a workflow's run before what it has proposed. Transitions that meet wait
-- for each other then; before, the database rolled one of them back.

-- The workspaces of what may be started now, up to `batch` of each kind. They are locked: none of them is stopped, paused, or
-- changed in what is granted before this transaction has ended, and whoever changes it wants its proposals next.
create function effect_open (p_skip text[], batch int) returns bigint[]
language plpgsql volatile
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  return (select array_agg (l.workspace_id) from (
    select w.workspace_id from workspaces w
    where w.stopped_at is null and w.workspace_id in (
      (select p.workspace_id from proposals p
       where p.state = 'approved' and p.action <> all (p_skip) and p.action || ' ' || p.target <> all (p_skip)
         and not exists (select from workspaces w where w.workspace_id = p.workspace_id and (w.stopped_at is not null
                           or p.agent = any (w.paused_agents) or p.action like any (w.paused_actions)))
       order by p.id limit batch)
      union all
      (select e.workspace_id from effects e
       join proposals p on p.workspace_id = e.workspace_id and p.id = e.proposal
       left join proposal_items i on i.workspace_id = e.workspace_id and i.proposal = e.proposal and i.item = e.item
       where e.state = 'executing' and e.owner = '' and e.lease_until <= now ()
         and p.action <> all (p_skip) and p.action || ' ' || coalesce (i.target, p.target) <> all (p_skip)
         and not exists (select from workspaces w where w.workspace_id = e.workspace_id and (w.stopped_at is not null
                           or p.agent = any (w.paused_agents) or p.action like any (w.paused_actions)))
       order by e.lease_until, e.proposal, e.item limit batch))
    order by w.workspace_id for share) l);
end $$;
revoke execute on function effect_open (text[], int) from public;

-- As before, in the workspaces that effect_open() has locked.
create or replace function effect_claim (p_owner text, p_lease_s int, batch int, p_skip jsonb default '[]') returns setof effect_work
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  n int;
  skip constant text[] := array (select jsonb_array_elements_text (p_skip));
  open constant bigint[] := effect_open (skip, batch);
begin
  return query
  with chosen as materialized (
    select p.workspace_id, p.id from proposals p
    where p.state = 'approved' and p.action <> all (skip) and p.action || ' ' || p.target <> all (skip)
      and p.workspace_id = any (open)
      and not exists (select from workspaces w where w.workspace_id = p.workspace_id and (w.stopped_at is not null
                        or p.agent = any (w.paused_agents) or p.action like any (w.paused_actions)))
    order by p.id limit batch for no key update skip locked),
  started as (
    update proposals p set state = 'executing' from chosen c
    where p.workspace_id = c.workspace_id and p.id = c.id and p.state = 'approved'
    returning p.workspace_id, p.id, p.uid, p.kind, p.undoes, p.action, p.target, p.parameters, p.before, p.digest, p.n_items,
              p.root, p.context->>'trace' as trace),
  intent as (
    insert into effects (workspace_id, proposal, key, owner, lease_until)
    select s.workspace_id, s.id, s.uid::text, p_owner, now () + p_lease_s * interval '1 second' from started s
    where s.n_items = 0),
  intents as (
    insert into effects (workspace_id, proposal, item, key, owner, lease_until, clean)
    select s.workspace_id, s.id, i.item, s.uid || '/' || i.item, '', now (), true
    from started s join proposal_items i on i.workspace_id = s.workspace_id and i.proposal = s.id
    where s.n_items > 0 and not i.excluded),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select s.workspace_id, 'effect.started', s.uid::text, 'host',
           jsonb_build_object ('action', s.action, 'target', s.target, 'kind', s.kind, 'key', s.uid::text,
                               'digest', s.digest)
           || case when s.n_items > 0 then jsonb_build_object ('n_items', s.n_items, 'root', s.root) else '{}' end
    from started s order by s.id)
  select s.workspace_id, s.id, s.uid, s.uid::text, s.kind, 1, s.action, s.target, s.parameters, s.before,
         (select u.receipt from effects u
          where s.undoes is not null and u.workspace_id = s.workspace_id and u.proposal = s.undoes and u.item = 0), 0, true,
         0::bigint, s.trace
  from started s where s.n_items = 0;
  get diagnostics n = row_count;

  return query
  with due as materialized (
    select e.workspace_id, e.proposal, e.item, e.clean, p.context->>'trace' as trace, p.uid, p.kind, p.undoes, p.action,
           coalesce (i.target, p.target) as target, coalesce (i.parameters, p.parameters) as parameters,
           coalesce (i.before, p.before) as before
    from effects e
    join proposals p on p.workspace_id = e.workspace_id and p.id = e.proposal
    left join proposal_items i on i.workspace_id = e.workspace_id and i.proposal = e.proposal and i.item = e.item
    where e.state = 'executing' and e.owner = '' and e.lease_until <= now ()
      and p.action <> all (skip) and p.action || ' ' || coalesce (i.target, p.target) <> all (skip)
      and e.workspace_id = any (open)
      and not exists (select from workspaces w where w.workspace_id = e.workspace_id and (w.stopped_at is not null
                        or p.agent = any (w.paused_agents) or p.action like any (w.paused_actions)))
    order by e.lease_until, e.proposal, e.item limit greatest (batch - n, (batch + 3) / 4) for no key update of e skip locked),
  taken as (
    update effects e set owner = p_owner, lease_until = now () + p_lease_s * interval '1 second', clean = false
    from due d
    where e.workspace_id = d.workspace_id and e.proposal = d.proposal and e.item = d.item
      and e.state = 'executing' and e.owner = ''
    returning e.workspace_id, e.proposal, e.item, e.key, e.attempt, e.started_at)
  select t.workspace_id, t.proposal, d.uid, t.key, d.kind, t.attempt, d.action, d.target, d.parameters, d.before,
         (select u.receipt from effects u
          where d.undoes is not null and u.workspace_id = t.workspace_id and u.proposal = d.undoes and u.item = t.item),
         t.item, d.clean, extract (epoch from now () - t.started_at)::bigint, d.trace
  from taken t join due d using (workspace_id, proposal, item);
end $$;

-- As before; and the run that the predecessor is a step of is locked first.
create or replace function proposal_predecessor (p_row jsonb) returns proposals
language plpgsql as $$
declare
  revises constant text := p_row#>>'{context,revises}';
  p proposals;
begin
  -- The run that it is a step of, before the proposal: workflow_stop() comes in that order too.
  perform from proposals o
  join workflow_steps s on s.workspace_id = o.workspace_id and s.id = (o.context->>'step')::bigint
  join workflow_runs w on w.workspace_id = s.workspace_id and w.id = s.run
  where o.workspace_id = royal_workspace () and o.uid = coalesce (p_row->>'supersedes', revises)::uuid and o.context ? 'step'
  for share of w;

  if p_row ? 'supersedes' then
    p := proposal_lock ((p_row->>'supersedes')::uuid);
  elsif revises is not null then
    p := proposal_lock (revises::uuid);
    -- Those of one job stand near each other.
    if p.action <> p_row->>'action' or p.kind <> p_row->>'kind'
       or p.n_items = 0 and p.target <> p_row->>'target'
          and exists (select from proposals o where o.workspace_id = p.workspace_id and o.id between p.id - 5000 and p.id + 5000
                      and o.id <> p.id and o.job = p.job) then
      return null;
    end if;
  end if;
  return p;
end $$;
