-- SPDX-License-Identifier: Apache-2.0
-- Reading proposals: what is planned once a session, not once a call; and nothing is looked for that cannot be there.

create or replace function proposal_rerun_of (p proposals) returns uuid
language plpgsql stable as $$
begin
  return (
    select j.uid from approvals a join jobs j on j.workspace_id = a.workspace_id and j.uid = (a.data->>'job')::uuid
    where a.workspace_id = p.workspace_id and a.proposal = p.id and a.answer = 'modify' and a.data ? 'job'
      and j.state in ('queued', 'leased')
    order by a.id desc limit 1);
end $$;

-- Its answers, in their order.
create function proposal_answers (p proposals) returns jsonb
language plpgsql stable as $$
begin
  return (
    select jsonb_agg (jsonb_build_object ('answer', a.answer, 'actor', a.actor, 'via', a.via, 'note', a.note,
                                          'role', a.role, 'on_behalf', a.on_behalf, 'excluded', to_jsonb (a.excluded),
                                          'change', a.data, 'at', iso_time (a.at)) order by a.id)
    from approvals a where a.workspace_id = p.workspace_id and a.proposal = p.id);
end $$;

-- Of a single proposal its effect, of a batch how many are in which state.
create function proposal_effect (p proposals) returns jsonb
language plpgsql stable as $$
begin
  if p.n_items > 0 then
    return (
      select jsonb_object_agg (c.state, c.n) from (
        select e.state, count (*) as n from effects e where e.workspace_id = p.workspace_id and e.proposal = p.id
        group by e.state) c);
  end if;
  return (
    select jsonb_build_object ('key', e.key, 'state', e.state, 'attempt', e.attempt, 'receipt', e.receipt,
                               'error', e.error, 'started_at', iso_time (e.started_at),
                               'finished_at', iso_time (e.finished_at))
    from effects e where e.workspace_id = p.workspace_id and e.proposal = p.id and e.item = 0);
end $$;

create or replace function proposal_json (p proposals) returns jsonb
language plpgsql stable as $$
declare
  workspace text;
  undoes uuid;
  supersedes uuid;
  superseded_by uuid;
  revising uuid;
  answers jsonb;
  effect jsonb;
begin
  select w.name into workspace from workspaces w where w.workspace_id = p.workspace_id;
  if p.undoes is not null then
    select u.uid into undoes from proposals u where u.workspace_id = p.workspace_id and u.id = p.undoes;
  end if;
  if p.supersedes is not null then
    select s.uid into supersedes from proposals s where s.workspace_id = p.workspace_id and s.id = p.supersedes;
  end if;
  select s.uid into superseded_by from proposals s where s.workspace_id = p.workspace_id and s.supersedes = p.id
  order by s.id desc limit 1;
  answers := proposal_answers (p);
  if p.state = 'pending' and answers is not null then
    revising := proposal_rerun_of (p);
  end if;
  if p.state not in ('pending', 'denied', 'rejected', 'expired') then
    effect := proposal_effect (p);
  end if;
  return jsonb_build_object (
    'id', p.uid, 'state', p.state, 'kind', p.kind, 'workspace', workspace, 'cluster', p.cluster, 'undoes', undoes,
    'action', p.action, 'target', p.target,
    'agent', p.agent, 'agent_version', p.agent_version, 'agent_sha256', p.agent_sha256, 'run', p.run,
    'parameters', p.parameters, 'words', p.words, 'claims', p.claims, 'facts', p.facts, 'before', p.before,
    'preview', p.preview, 'risk', p.risk, 'decision', p.decision, 'rules', to_jsonb (p.rules), 'reason', p.reason,
    'policy_version', p.policy_version, 'digest', p.digest, 'revision', p.revision, 'priority', p.priority,
    'job', p.job, 'trace', p.context->>'trace', 'asks', p.asks, 'limits', p.limits, 'explanation', p.explanation)
  || jsonb_build_object (
    'n_items', p.n_items, 'root', p.root, 'via', p.via, 'revert_after_s', p.revert_after_s,
    'reverts_at', iso_time (p.reverts_at), 'kept_by', p.kept_by, 'escalated', p.escalated,
    'supersedes', supersedes, 'superseded_by', superseded_by, 'revising', revising,
    'created_by', p.created_by, 'created_at', iso_time (p.created_at), 'expires_at', iso_time (p.expires_at),
    'decided_at', iso_time (p.decided_at), 'decided_by', p.decided_by, 'finished_at', iso_time (p.finished_at),
    'approvals', coalesce (answers, '[]'),
    'effects', case when p.n_items > 0 then effect end,
    'effect', case when p.n_items = 0 then effect end);
end $$;
