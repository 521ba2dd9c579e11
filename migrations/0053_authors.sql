-- SPDX-License-Identifier: Apache-2.0
-- Who gave a job other inputs has a hand in all that it proposes, also in what does not take the place of the first.
create or replace function proposal_authors (p proposals) returns text[]
language sql stable as $$
  select array (
    select c.created_by from proposal_chain (p.workspace_id, p.id) c
    union
    select who from proposal_chain (p.workspace_id, p.id) c
    left join jobs j on j.workspace_id = c.workspace_id and j.uid = c.job
    left join proposals o on o.workspace_id = j.workspace_id and o.uid = (j.context->>'revises')::uuid
    join approvals a on a.workspace_id = c.workspace_id and a.proposal = any (array[c.id, o.id]) and a.answer = 'modify'
      and (a.proposal = c.id or a.data->>'job' = j.uid::text)
    cross join lateral unnest (array[a.actor, a.on_behalf]) who where who is not null);
$$;
