-- SPDX-License-Identifier: Apache-2.0
-- What is not wanted any more: a cancelled run's open proposals, and what has not begun of an agent that lost its grant.

-- --- With a run that is cancelled goes what it has proposed and nobody has answered -------------------------------------

-- Ends pending proposals, which nothing follows. `reason` is what people are told.
create function proposal_drop (p_workspace bigint, p_ids bigint[], p_reason text, p_actor text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  with gone as (
    update proposals p set state = 'superseded', decided_at = now (), decided_by = p_actor
    where p.workspace_id = p_workspace and p.id = any (p_ids) and p.state = 'pending' returning p.*)
  insert into outbox (workspace_id, kind, subject, actor, data)
  select g.workspace_id, 'approval.withdrawn', g.uid::text, p_actor,
         jsonb_build_object ('action', g.action, 'target', g.target, 'digest', g.digest, 'reason', p_reason)
  from gone g order by g.id;
end $$;

-- Those of a run's steps, but not of what compensates them: that takes back what was done.
create function workflow_withdraw (p_workspace bigint, p_run bigint, p_uid uuid, p_actor text) returns void
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare ids bigint[];
begin
  select array_agg (p.id order by p.id) into ids
  from workflow_steps s
  join proposals p on p.workspace_id = s.workspace_id and p.context ? 'step' and (p.context->>'step')::bigint = s.id
  where s.workspace_id = p_workspace and s.run = p_run and not starts_with (s.path, '~') and p.state = 'pending';
  if ids is null then
    return;
  end if;
  perform proposal_drop (p_workspace, ids, 'its workflow run was cancelled', p_actor);
  insert into outbox (workspace_id, kind, subject, actor, data)
  select p_workspace, 'workflow.withdrawn', p_uid::text, p_actor,
         jsonb_build_object ('proposals', jsonb_agg (p.uid order by p.id))
  from proposals p where p.workspace_id = p_workspace and p.id = any (ids) and p.state = 'superseded';
end $$;

-- As before; and what its steps have proposed is withdrawn.
create or replace function workflow_stop (p_workspace bigint, p_uid uuid, p_actor text, p_compensate boolean) returns workflow_runs
language plpgsql security definer set search_path = public, pg_temp as $$
declare r workflow_runs;
begin
  update workflow_runs w set version = w.version + 1, due_at = now (), held_until = null,
    stop = jsonb_build_object ('by', p_actor, 'compensate', p_compensate)
  where w.workspace_id = p_workspace and w.uid = p_uid and not workflow_is_over (w.state) and w.stop is null
  returning * into r;
  if not found then
    select * into r from workflow_runs w where w.workspace_id = p_workspace and w.uid = p_uid;
  else
    perform workflow_withdraw (p_workspace, r.id, p_uid, p_actor);
    perform pg_notify ('royal_workflows', '');
  end if;
  return r;
end $$;

-- A worker that does not know yet that it is cancelled may propose still. The run's row is locked, so that one of both, this or the
-- stop, sees the other.
create function workflow_late () returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare r record;
begin
  select w.uid, w.stop->>'by' as stopped_by into r from workflow_steps s
  join workflow_runs w on w.workspace_id = s.workspace_id and w.id = s.run
  where s.workspace_id = new.workspace_id and s.id = (new.context->>'step')::bigint and not starts_with (s.path, '~')
  for share of w;
  if r.stopped_by is not null then
    perform proposal_drop (new.workspace_id, array[new.id], 'its workflow run was cancelled', r.stopped_by);
    insert into outbox (workspace_id, kind, subject, actor, data)
    values (new.workspace_id, 'workflow.withdrawn', r.uid::text, r.stopped_by,
            jsonb_build_object ('proposals', jsonb_build_array (new.uid)));
  end if;
  return null;
end $$;
create trigger proposals_late after insert on proposals for each row
  when (new.state = 'pending' and new.context ? 'step') execute function workflow_late ();

-- --- With the grant goes what has not begun -------------------------------------------------------------------------------

create function proposal_ungranted (p proposals) returns text
language sql stable as $$ select format ('agent %s is not granted %s any more', p.agent, p.action) $$;

-- What is approved and has not started goes stale, and so does what has started and waits for its turn, unsent. What hosts have in
-- hand they ask about before they begin it, once they have heard of this; see effect_retry().
create or replace function proposal_withdraw () returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare waiting jsonb;
begin
  with gone as (
    update proposals p set state = 'stale', finished_at = now ()
    where p.workspace_id = new.workspace_id and p.agent = new.agent and p.state = 'approved' and proposal_withdrawn (p)
    returning p.*)
  insert into outbox (workspace_id, kind, subject, actor, data)
  select g.workspace_id, 'effect.stale', g.uid::text, 'host',
         jsonb_build_object ('action', g.action, 'target', g.target, 'kind', g.kind, 'digest', g.digest,
           'error', proposal_ungranted (g))
  from gone g order by g.id;

  if exists (select from proposals p where p.workspace_id = new.workspace_id and p.agent = new.agent
             and p.state = 'executing' and proposal_withdrawn (p)) then
    -- Whoever ends an item has the batch locked, as in effect_finish(). One that is being claimed now is in hand.
    perform from proposals p where p.workspace_id = new.workspace_id and p.agent = new.agent and p.state = 'executing'
      and p.n_items > 0 and proposal_withdrawn (p) order by p.id for no key update;
    with free as (
      select e.workspace_id, e.proposal, e.item, proposal_ungranted (p) as why
      from proposals p join effects e on e.workspace_id = p.workspace_id and e.proposal = p.id
      where p.workspace_id = new.workspace_id and p.agent = new.agent and p.state = 'executing' and proposal_withdrawn (p)
        and e.state = 'executing' and e.owner = '' and e.clean
      for no key update of e skip locked)
    select jsonb_agg (jsonb_build_object ('ws', f.workspace_id, 'effect', f.proposal, 'item', f.item, 'outcome', 'stale',
                                          'error', f.why) order by f.proposal, f.item) into waiting from free f;
    if waiting is not null then
      perform effect_finish ('', waiting);
    end if;
    perform halt_tell (new.workspace_id);
  end if;
  return null;
end $$;

-- As before; and `withdrawn` for what its agent is not granted any more.
create or replace function effect_retry (p_workspace bigint, p_effect bigint, p_item int, p_owner text, p_lease_s int,
  p_again boolean) returns text
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  w record;
  p proposals;
  stopped boolean;
  withdrawn boolean;
begin
  select k.stopped_at, k.paused_agents, k.paused_actions into w from workspaces k where k.workspace_id = p_workspace for share;
  select * into p from proposals o where o.workspace_id = p_workspace and o.id = p_effect;
  withdrawn := proposal_withdrawn (p);
  stopped := not withdrawn and (w.stopped_at is not null or p.agent = any (w.paused_agents) or p.action like any (w.paused_actions));
  update effects e set lease_until = now () + p_lease_s * interval '1 second',
    attempt = e.attempt + (p_again and not stopped and not withdrawn)::int
  where e.workspace_id = p_workspace and e.proposal = p_effect and e.item = p_item and e.owner = p_owner
    and e.state = 'executing';
  return case when not found then 'lost' when withdrawn then 'withdrawn' when stopped then 'stopped' else 'go' end;
end $$;

-- Only within transitions.
revoke execute on function proposal_drop (bigint, bigint[], text, text), workflow_withdraw (bigint, bigint, uuid, text),
  workflow_late () from public;
