-- SPDX-License-Identifier: Apache-2.0
-- What was approved, and waited until its own end had come (a stop, a pause, a system that is left alone), is not begun any more: it
-- expires.

create index proposals_late on proposals (reverts_at) where state = 'approved' and reverts_at is not null;

-- As in 0027 but for that.
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
      and p.workspace_id = any (open) and coalesce (p.reverts_at > now (), true)
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

-- As in 0006 but for that.
create or replace function proposal_expire () returns int
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  n int;
  w record;
  silent boolean;
begin
  for w in
    with waiting as (
      select workspace_id, id from proposals where state = 'pending' and expires_at <= now ()
      order by expires_at limit 1000 for update skip locked),
    approved as (
      select workspace_id, id from proposals where state = 'approved' and reverts_at <= now ()
      order by reverts_at limit 1000 for update skip locked),
    late as (select * from waiting union all select * from approved),
    ended as (
      update proposals p set decided_at = case p.state when 'pending' then now () else p.decided_at end,
        decided_by = case p.state when 'pending' then 'deadline' else p.decided_by end,
        state = case when p.state = 'pending' and proposal_silence_approves (p) then 'approved' else 'expired' end
      from late where p.workspace_id = late.workspace_id and p.id = late.id
      returning p.*),
    -- What any of those who did answer left out is left out.
    left_out as (
      update proposal_items i set excluded = true
      from ended e join approvals a on a.workspace_id = e.workspace_id and a.proposal = e.id and a.answer = 'approve'
      where e.state = 'approved' and i.workspace_id = e.workspace_id and i.proposal = e.id and i.item = any (a.excluded)),
    told as (
      insert into outbox (workspace_id, kind, subject, actor, data)
      select workspace_id, 'approval.decided', uid::text, 'host',
             jsonb_build_object ('answer', state, 'action', action, 'target', target, 'digest', digest)
      from ended order by id)
    select e.workspace_id, count (*) as n, bool_or (e.state = 'approved') as silent,
           array_agg (e.id) filter (where e.state = 'expired' and (e.context ? 'step' or e.limits <> '[]')) as tell
    from ended e group by e.workspace_id
  loop
    n := coalesce (n, 0) + w.n;
    silent := coalesce (silent, false) or w.silent;
    if w.tell is not null then
      perform proposal_ended (w.workspace_id, w.tell);
    end if;
  end loop;
  if silent then
    perform pg_notify ('royal_effects', '');
  end if;
  return coalesce (n, 0) + proposal_escalate ();
end $$;
