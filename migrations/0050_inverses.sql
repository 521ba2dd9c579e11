-- SPDX-License-Identifier: Apache-2.0
-- What an approver left out of an inverse stands: the effect is undone when nothing of it stands any more, and until then
-- the rest can be undone. As in 0006 but for that.

drop index proposals_one_undo;
create unique index proposals_one_undo on proposals (workspace_id, undoes)
  where undoes is not null and state in ('pending', 'approved', 'executing', 'unknown');

create or replace function proposal_lock_undo (p_uid uuid, p_due boolean) returns bigint
language plpgsql as $$
declare original proposals := proposal_lock (p_uid);
begin
  if original.kind <> 'apply' or original.state <> 'executed'
     and (original.state <> 'failed' or not exists (
            select from effects e where e.workspace_id = original.workspace_id and e.proposal = original.id
            and e.item > 0 and e.state = 'executed')) then
    raise exception 'proposal % is % (%), only an executed change can be undone', p_uid, original.state, original.kind
      using errcode = 'RY409';
  end if;
  if exists (select from proposals u where u.workspace_id = original.workspace_id and u.undoes = original.id
             and u.state in ('pending', 'approved', 'executing', 'unknown')) then
    raise exception 'proposal % is being undone already', p_uid using errcode = 'RY409';
  end if;
  if p_due and original.kept_by is not null then
    raise exception 'proposal % is kept, by %', p_uid, original.kept_by using errcode = 'RY409';
  end if;
  return original.id;
end $$;

-- Whether something of a batch was executed and not undone since.
create function proposal_stands (p_workspace bigint, p_proposal bigint) returns boolean
language sql stable set search_path = public, pg_temp as $$
  select exists (
    select from effects e where e.workspace_id = p_workspace and e.proposal = p_proposal and e.state = 'executed'
    and not proposal_item_undone (p_workspace, p_proposal, e.item));
$$;

create or replace function effect_close (p_workspace bigint, p_proposals bigint[]) returns void
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare ended bigint[];
begin
  with closed as (
    update proposals p set state = s.state, finished_at = now ()
    from (select id, effect_batch_state (p_workspace, id) as state from unnest (p_proposals) as id) s
    where p.workspace_id = p_workspace and p.id = s.id and s.state is not null and p.state in ('executing', 'unknown')
    returning p.id, p.uid, p.kind, p.undoes, p.action, p.target, p.digest, p.root, p.state),
  undone as (
    update proposals o set state = 'undone' from closed c
    where c.kind = 'undo' and c.state = 'executed' and o.workspace_id = p_workspace and o.id = c.undoes
      and not proposal_stands (p_workspace, o.id)),
  told as (
    insert into outbox (workspace_id, kind, subject, actor, data)
    select p_workspace, case when c.kind = 'undo' and c.state = 'executed' then 'effect.undone' else 'effect.' || c.state end,
      c.uid::text, 'host',
      jsonb_build_object ('action', c.action, 'target', c.target, 'kind', c.kind, 'digest', c.digest, 'root', c.root,
        'items', (select jsonb_object_agg (n.state, n.n)
                  from (select e.state, count (*) as n from effects e
                        where e.workspace_id = p_workspace and e.proposal = c.id group by e.state) n),
        'undoes', (select u.uid from proposals u
                   where c.undoes is not null and u.workspace_id = p_workspace and u.id = c.undoes))
    from closed c order by c.id)
  select array_agg (c.id) filter (where c.state <> 'stale') into ended from closed c;
  if ended is not null then
    perform proposal_ended (p_workspace, ended);
  end if;
end $$;

-- As in 0006, but that an end waits, uncounted, while an inverse is under way, and is left when a person has rejected it or
-- left something out of it.
create or replace function proposal_again (batch int) returns table (workspace bigint, why text, proposal jsonb)
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  p proposals;
  most constant int := 5;
begin
  for p in
    with stale as (
      select s.workspace_id, s.id from proposals s
      where s.state = 'stale' and s.again_tries < 9 and (s.again_at is null or s.again_at <= now ())
      order by s.id limit batch for no key update skip locked),
    ending as (
      select e.workspace_id, e.id from proposals e
      where e.state in ('executed', 'failed') and e.reverts_at is not null and e.kept_by is null and e.again_tries < 9
        and coalesce (e.again_at, e.reverts_at) <= now () and proposal_has_effect (e)
        and not exists (
          select from proposals u where u.workspace_id = e.workspace_id and u.undoes = e.id
          and u.state in ('pending', 'approved', 'executing', 'unknown'))
      order by coalesce (e.again_at, e.reverts_at) limit batch for no key update skip locked)
    update proposals o set again_tries = o.again_tries + 1, again_at = now () + 30 * power (2, o.again_tries) * interval '1 second'
    from (select * from stale union all select * from ending) d
    where o.workspace_id = d.workspace_id and o.id = d.id
    returning o.*
  loop
    if p.state <> 'stale' and exists (
      select from proposals u where u.workspace_id = p.workspace_id and u.undoes = p.id and u.state in ('rejected', 'executed')
      and u.created_by = 'schedule' and u.via is null) then
      perform proposal_leave (p, 'a person has answered that it stays');
    elsif p.again_tries > most then
      perform proposal_leave (p, 'it could not be brought before the gate again');
    elsif p.state = 'stale' and (select count (*) from proposal_chain (p.workspace_id, p.id) c where c.state = 'stale') > most then
      perform proposal_leave (p, format ('the world moved each time, %s times in all', most + 1));
    else
      workspace := p.workspace_id;
      why := case p.state when 'stale' then 'stale' else 'end' end;
      proposal := proposal_whole_of (p);
      return next;
    end if;
  end loop;
end $$;

-- As in 0006, but that nothing is approved by silence when its own end has come (an agent that proposes a short one would
-- shorten what the rule waits for a person), when its agent has lost its autonomy, or when another policy is in force.
create or replace function proposal_silence_approves (p proposals) returns boolean
language plpgsql volatile as $$
begin
  return p.asks->>'at_deadline' = 'approve' and coalesce (p.reverts_at > now (), true) and proposal_rerun_of (p) is null
    and not proposal_hold_grant (p)
    and not exists (select from breakers b where b.workspace_id = p.workspace_id and b.agent = p.agent and b.opened_at is not null)
    and not exists (select from policies o where o.workspace_id = p.workspace_id and o.in_force and o.version <> p.policy_version)
    and (p.n_items = 0 or exists (
      select from proposal_items i where i.workspace_id = p.workspace_id and i.proposal = p.id
      and not exists (select from approvals a where a.workspace_id = p.workspace_id and a.proposal = p.id
                      and a.answer = 'approve' and i.item = any (a.excluded))));
end $$;
