-- SPDX-License-Identifier: Apache-2.0
-- What was proposed under a key is answered also where the same could not be proposed any more.

create function proposal_recall (p_key text) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object ('proposal', p.uid, 'state', case p.state when 'executing' then 'approved' else p.state end,
                             'decision', p.decision, 'risk', p.risk, 'rules', to_jsonb (p.rules), 'reason', p.reason)
  from proposals p where p.workspace_id = royal_workspace () and p.key = p_key
$$;
