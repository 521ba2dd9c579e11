-- SPDX-License-Identifier: Apache-2.0
-- Reading proposals, and who asks, by fewer steps. What PostgreSQL 15 does not take into the query that calls it, a function in
-- the language SQL, is planned at each call; plpgsql keeps its plans. And a list's documents are written once, as text, instead
-- of being made as jsonb first.

-- A proposal as it is told: each column is a member of that name. The one place that says what they are; it is a query of its
-- own, so that who selects from it has it planned within his.
create function proposal_told (p proposals)
returns table (id uuid, state text, kind text, workspace text, cluster text, undoes uuid, action text, target text, agent text,
  agent_version text, agent_sha256 text, run uuid, parameters jsonb, words jsonb, claims jsonb, facts jsonb, before jsonb,
  preview jsonb, risk text, decision text, rules text[], reason text, policy_version text, digest text, revision int,
  priority text, job uuid, trace text, asks jsonb, limits jsonb, explanation jsonb, n_items int, root text, via text,
  revert_after_s int, reverts_at text, kept_by text, escalated int, supersedes uuid, superseded_by uuid, revising uuid,
  created_by text, created_at text, expires_at text, decided_at text, decided_by text, finished_at text, approvals jsonb,
  effects jsonb, effect jsonb)
language sql stable as $$
  select p.uid, p.state, p.kind, (select w.name from workspaces w where w.workspace_id = p.workspace_id), p.cluster,
    case when p.undoes is not null then
      (select u.uid from proposals u where u.workspace_id = p.workspace_id and u.id = p.undoes) end,
    p.action, p.target, p.agent, p.agent_version, p.agent_sha256, p.run, p.parameters, p.words, p.claims, p.facts, p.before,
    p.preview, p.risk, p.decision, p.rules, p.reason, p.policy_version, p.digest, p.revision, p.priority, p.job,
    p.context->>'trace', p.asks, p.limits, p.explanation, p.n_items, p.root, p.via, p.revert_after_s, iso_time (p.reverts_at),
    p.kept_by, p.escalated,
    case when p.supersedes is not null then
      (select s.uid from proposals s where s.workspace_id = p.workspace_id and s.id = p.supersedes) end,
    (select s.uid from proposals s where s.workspace_id = p.workspace_id and s.supersedes = p.id order by s.id desc limit 1),
    case when p.state = 'pending' and a.answers is not null then proposal_rerun_of (p) end,
    p.created_by, iso_time (p.created_at), iso_time (p.expires_at), iso_time (p.decided_at), p.decided_by,
    iso_time (p.finished_at), coalesce (a.answers, '[]'),
    case when p.n_items > 0 and p.state not in ('pending', 'denied', 'rejected', 'expired') then proposal_effect (p) end,
    case when p.n_items = 0 and p.state not in ('pending', 'denied', 'rejected', 'expired') then proposal_effect (p) end
  from (select (
    select jsonb_agg (jsonb_build_object ('answer', a.answer, 'actor', a.actor, 'via', a.via, 'note', a.note,
                                          'role', a.role, 'on_behalf', a.on_behalf, 'excluded', to_jsonb (a.excluded),
                                          'change', a.data, 'at', iso_time (a.at)) order by a.id)
    from approvals a where a.workspace_id = p.workspace_id and a.proposal = p.id) as answers offset 0) a;
$$;

create or replace function proposal_json (p proposals) returns jsonb
language plpgsql stable as $$
begin
  return (select to_jsonb (t) from proposal_told (p) t);
end $$;

drop function proposal_answers (proposals);

drop function proposal_list (text[], bigint, int);
-- Newest first; before_id is the `cursor` of the last row seen, or null. states is null or a list.
create function proposal_list (states text[], before_id bigint, batch int)
returns table (cursor bigint, proposal json)
language sql stable as $$
  select p.id, row_to_json (t)
  from (
    select * from proposals o
    where o.workspace_id = royal_workspace () and (states is null or o.state = any (states))
      and (before_id is null or o.id < before_id)
    order by o.id desc limit batch) p
  cross join lateral proposal_told (p) t
  order by p.id desc;
$$;

-- Who a secret belongs to: no row when it is unknown, expired or revoked; due when its use is to be told.
create or replace function token_lookup (p_hash bytea)
returns table (workspace_id bigint, workspace text, uid uuid, name text, role text, due boolean)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select t.workspace_id, w.name, t.uid, t.name, t.role, t.used_at is null or t.used_at < now () - interval '1 hour'
    from tokens t join workspaces w using (workspace_id)
    where t.hash = p_hash and t.revoked_at is null and (t.expires_at is null or t.expires_at > now ());
end $$;

create or replace function user_workspaces (p_user uuid) returns jsonb
language plpgsql stable as $$
begin
  return (
    select coalesce (jsonb_agg (w.name order by w.name), '[]') from memberships m join workspaces w using (workspace_id)
    where m.user_uid = p_user);
end $$;

-- What a person is told of who he is.
create or replace function session_me (s sessions) returns jsonb
language plpgsql stable as $$
begin
  return (
    select jsonb_build_object ('user', u.name, 'name', case when u.full_name = '' then u.name else u.full_name end,
      'workspace', w.name, 'workspaces', user_workspaces (u.uid), 'roles', m.roles, 'expires_at', iso_time (s.expires_at),
      'must_change_password', u.must_change)
    from users u, memberships m join workspaces w using (workspace_id)
    where u.uid = s.user_uid and m.workspace_id = s.workspace_id and m.user_uid = s.user_uid);
end $$;

-- Whose a secret is: no row when it is unknown, expired or revoked, or when the user is disabled or no more in the workspace; due
-- when its use is to be noted.
create or replace function session_lookup (p_hash bytea)
returns table (workspace_id bigint, workspace text, uid uuid, user_uid uuid, name text, roles text, must_change boolean, due boolean,
  me jsonb)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select s.workspace_id, w.name, s.uid, u.uid, u.name, array_to_string (m.roles, ' '), u.must_change,
      s.seen_at < now () - interval '1 minute', session_me (s)
    from sessions s join workspaces w using (workspace_id) join users u on u.uid = s.user_uid
    join memberships m on m.workspace_id = s.workspace_id and m.user_uid = s.user_uid
    where s.hash = p_hash and session_alive (s) and u.disabled_at is null;
end $$;

-- --- How long what was decided waits until its effect begins ------------------------------------------------------------

-- Of an effect that this transaction has begun: the seconds since its proposal was decided, by this database's clock; null of one
-- that began before. Of a batch, those items that begin with it.
create function effect_waited (p_workspace bigint, p_proposal bigint, p_item int) returns double precision
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  return (
    select greatest (extract (epoch from clock_timestamp () - p.decided_at), 0)
    from effects e join proposals p on p.workspace_id = e.workspace_id and p.id = e.proposal
    where e.workspace_id = p_workspace and e.proposal = p_proposal and e.item = p_item and e.started_at = now ());
end $$;
