-- SPDX-License-Identifier: Apache-2.0
-- A breaker's numbers stand in the operator's manifest; a file may lower what an agent gets away with, and only a person raises it.

-- Whether a manifest has said anything yet: a breaker is made at the first fault too.
alter table breakers add configured boolean not null default false;
update breakers set configured = true;

-- (null): there is none.
create function breaker_bounds (p_workspace bigint, p_agent text) returns jsonb
language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object ('failed', b.failed, 'undone', b.undone, 'rejected', b.rejected, 'window_s', b.window_s)
  from breakers b where b.workspace_id = p_workspace and b.agent = p_agent;
$$;
revoke execute on function breaker_bounds (bigint, text) from public;

-- It opens and closes nothing.
create function breaker_put (p_workspace bigint, p_agent text, p_breaker jsonb) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  insert into breakers as b (workspace_id, agent, failed, undone, rejected, window_s, configured)
  select p_workspace, p_agent, t.failed, t.undone, t.rejected, t.window_s, true
  from jsonb_to_record (p_breaker) as t (failed int, undone int, rejected int, window_s bigint)
  on conflict (workspace_id, agent) do update set failed = excluded.failed, undone = excluded.undone, rejected = excluded.rejected,
    window_s = excluded.window_s, configured = true;
$$;
revoke execute on function breaker_put (bigint, text, jsonb) from public;

drop function breaker_configure (text, jsonb);

-- Takes of an operator's manifest, { "failed", "undone", "rejected", "window_s" }, what is stricter than what stands: fewer faults,
-- within a longer time. What it says first stands. Returns whether it asks for more than stands then.
create function breaker_narrow (p_agent text, p_breaker jsonb) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  b breakers;
  was jsonb;
  new jsonb := p_breaker;
begin
  select * into b from breakers where workspace_id = ws and agent = p_agent for update;
  was := breaker_bounds (ws, p_agent);
  if b.configured then
    new := jsonb_build_object ('failed', least (b.failed, (p_breaker->>'failed')::int),
      'undone', least (b.undone, (p_breaker->>'undone')::int), 'rejected', least (b.rejected, (p_breaker->>'rejected')::int),
      'window_s', greatest (b.window_s, (p_breaker->>'window_s')::bigint));
  end if;
  if b.configured is distinct from true or new <> was then
    perform breaker_put (ws, p_agent, new);
  end if;
  if new is distinct from was then
    perform outbox_put ('breaker.configured', p_agent, 'host', new);
  end if;
  return new <> p_breaker;
end $$;

-- --- The change of it is one of control, as before with `breaker.change` beside the others ------------------------------

create or replace function control_before (p_action text, p_target text) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare ws constant bigint := royal_workspace ();
begin
  return case p_action
    when 'policy.change' then jsonb_build_object ('version', (select p.version from policies p where p.workspace_id = ws and p.in_force))
    when 'grant.change' then jsonb_build_object ('grants', (select g.grants from grants g where g.workspace_id = ws and g.agent = p_target))
    when 'breaker.restore' then jsonb_build_object ('opened_at', (
      select iso_time (b.opened_at) from breakers b where b.workspace_id = ws and b.agent = p_target))
    when 'breaker.change' then jsonb_build_object ('breaker', breaker_bounds (ws, p_target))
    when 'key.trust' then jsonb_build_object ('public_key', (
      select k.public_key from trusted_keys k where k.workspace_id = ws and k.name = p_target))
    else jsonb_build_object ('state', coalesce ((
      select case when e.revoked_at is null then 'granted' else 'revoked' end from envelopes e
      where e.workspace_id = ws and e.id = p_target), 'none')) end;
end $$;

create or replace function control_assess (p_action text, p_target text, p_parameters jsonb, p_receipt jsonb) returns jsonb
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  was constant jsonb := control_before (p_action, p_target);
  old jsonb;
  new jsonb;
  facts jsonb := '{}';
  changes jsonb;
  summary text;
begin
  if p_action = 'policy.change' then
    select p.document into old from policies p where p.workspace_id = ws and p.in_force;
    if p_receipt is null then
      new := p_parameters->'document';
    else
      select p.document into new from policies p where p.workspace_id = ws and p.version = p_receipt->>'from';
    end if;
    select jsonb_agg (jsonb_build_object ('label', d.label, 'before', control_text (d.before), 'after', control_text (d.after))),
      jsonb_build_object ('entries_added', count (*) filter (where d.before is null),
        'entries_removed', count (*) filter (where d.after is null),
        'entries_changed', count (*) filter (where d.before is not null and d.after is not null))
    into changes, facts from policy_difference (old, new) d;
    summary := 'Another policy is put in force';
  elsif p_action = 'grant.change' then
    old := was->'grants';
    new := case when p_receipt is null then p_parameters->'grants' else p_receipt->'from' end;
    select jsonb_agg (jsonb_build_object ('label', d.label, 'before', control_text (d.before), 'after', control_text (d.after))),
      jsonb_build_object ('added', count (*) filter (where d.before is null), 'removed', count (*) filter (where d.after is null),
                          'changed', count (*) filter (where d.before is not null and d.after is not null))
    into changes, facts from grants_difference (old, new) d;
    summary := format ('Agent %s is granted something else', p_target);
  elsif p_action in ('envelope.grant', 'envelope.revoke') then
    new := case when p_action = 'envelope.grant' then p_parameters->'envelope'
           else (select e.document from envelopes e where e.workspace_id = ws and e.id = p_target) end;
    if p_action = 'envelope.revoke' and was->>'state' = 'none' then
      raise exception 'no envelope is named %', p_target using errcode = 'RY404';
    end if;
    facts := jsonb_build_object ('state', was->'state', 'max', coalesce (new->'max', '0'),
      'days', round (extract (epoch from (new->>'until')::timestamptz - now ()) / 86400, 2));
    changes := jsonb_build_array (jsonb_build_object ('label', 'envelope ' || p_target, 'before', was->>'state',
                                                      'after', control_text (new)));
    summary := case when (p_action = 'envelope.grant') = (p_receipt is null) then 'An agent may do more by itself, within bounds'
                    else 'An envelope is revoked' end;
  elsif p_action = 'breaker.change' then
    old := was->'breaker';
    new := case when p_receipt is null then p_parameters->'breaker' else p_receipt->'from' end;
    select jsonb_agg (jsonb_build_object ('label', 'breaker ' || n.key, 'before', old->>n.key, 'after', n.value) order by n.key),
      jsonb_build_object ('changed', count (*))
    into changes, facts from jsonb_each_text (new) n where n.value is distinct from old->>n.key;
    summary := format ('Agent %s loses its autonomy at other numbers', p_target);
  elsif p_action = 'breaker.restore' then
    if was->>'opened_at' is null then
      raise exception 'the breaker of agent % is not open', p_target using errcode = 'RY409';
    end if;
    select jsonb_build_object ('failed', count (*) filter (where f.kind = 'failed'), 'undone', count (*) filter (where f.kind = 'undone'),
                               'rejected', count (*) filter (where f.kind = 'rejected'))
    into facts from breaker_faults f where f.workspace_id = ws and f.agent = p_target;
    changes := (select jsonb_build_array (jsonb_build_object ('label', 'breaker', 'before', 'open: ' || b.reason, 'after', 'closed'))
                from breakers b where b.workspace_id = ws and b.agent = p_target);
    summary := format ('Agent %s gets back what it may do by itself', p_target);
  else
    new := case when p_receipt is null then p_parameters->'public_key' else p_receipt->'from' end;
    changes := jsonb_build_array (jsonb_build_object ('label', 'key ' || p_target, 'before', was->>'public_key', 'after', new #>> '{}'));
    facts := jsonb_build_object ('known', was->'public_key' <> 'null');
    summary := format ('Key %s is trusted, or is not any more', p_target);
  end if;
  return jsonb_build_object ('before', was, 'facts', facts,
    'preview', jsonb_build_object ('summary', summary, 'changes', coalesce (changes, '[]')));
end $$;

create or replace function control_apply (p_key text, p_action text, p_target text, p_parameters jsonb, p_version text, p_before jsonb, p_receipt jsonb)
returns jsonb
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ws constant bigint := royal_workspace ();
  inverse constant boolean := p_receipt is not null;
  done jsonb;
  was jsonb;
  who text;
  new jsonb;
begin
  select c.receipt into done from control_changes c where c.workspace_id = ws and c.key = p_key;
  if found then
    return done;
  end if;
  -- One change at a time in a workspace.
  perform from workspaces w where w.workspace_id = ws for no key update;
  select p.decided_by into who from proposals p
  where p.uid = p_key::uuid and p.workspace_id = ws and p.action = p_action and p.target = p_target and p.state = 'executing'
    and p.decided_by is distinct from 'deadline'
    and exists (select from approvals a where a.workspace_id = ws and a.proposal = p.id and a.answer = 'approve');
  if not found then
    raise exception 'nobody has approved %: %', p_action, p_key using errcode = 'RY403';
  end if;
  was := control_before (p_action, p_target);
  if was is distinct from p_before then
    raise exception 'what stands is not what was seen: % on % was changed meanwhile', p_action, p_target using errcode = 'RY409';
  end if;

  if p_action = 'policy.change' then
    if inverse then
      select p.document into new from policies p where p.workspace_id = ws and p.version = p_receipt->>'from';
      perform policy_put (ws, p_receipt->>'from', new, who, p_key::uuid);
      done := jsonb_build_object ('from', was->'version', 'to', p_receipt->'from');
    else
      perform policy_put (ws, p_version, p_parameters->'document', who, p_key::uuid);
      done := jsonb_build_object ('from', was->'version', 'to', p_version);
    end if;
  elsif p_action = 'grant.change' then
    new := case when inverse then p_receipt->'from' else p_parameters->'grants' end;
    insert into grants as g (workspace_id, agent, grants, changed_by, proposal)
    values (ws, p_target, coalesce (nullif (new, 'null'), '{"reads": [], "writes": []}'), who, p_key::uuid)
    on conflict (workspace_id, agent) do update set grants = excluded.grants, serial = g.serial + 1, since = now (),
      changed_by = excluded.changed_by, proposal = excluded.proposal;
    done := jsonb_build_object ('from', was->'grants', 'to', new);
    perform outbox_put ('grant.changed', p_target, who, done);
  elsif p_action in ('envelope.grant', 'envelope.revoke') then
    if (p_action = 'envelope.grant') = inverse then
      update envelopes set revoked_at = now (), revoked_by = who where workspace_id = ws and id = p_target;
    elsif inverse then
      update envelopes set revoked_at = null, revoked_by = null where workspace_id = ws and id = p_target;
    elsif was->>'state' = 'none' then
      insert into envelopes (workspace_id, id, document, until, granted_by, proposal)
      values (ws, p_target, p_parameters->'envelope', (p_parameters->'envelope'->>'until')::timestamptz, who, p_key::uuid);
    else
      raise exception 'envelope % is % already: a new one needs a name of its own', p_target, was->>'state' using errcode = 'RY409';
    end if;
    done := jsonb_build_object ('from', was->'state');
    perform outbox_put (case when (p_action = 'envelope.grant') = inverse then 'envelope.revoked' else 'envelope.granted' end, p_target, who,
      (select jsonb_build_object ('envelope', e.document) from envelopes e where e.workspace_id = ws and e.id = p_target));
  elsif p_action = 'breaker.change' then
    new := case when inverse then p_receipt->'from' else p_parameters->'breaker' end;
    perform breaker_put (ws, p_target, new);
    done := jsonb_build_object ('from', was->'breaker', 'to', new);
    perform outbox_put ('breaker.configured', p_target, who, new);
  elsif p_action = 'breaker.restore' then
    update breakers set opened_at = null, reason = null, restored_at = clock_timestamp () where workspace_id = ws and agent = p_target;
    done := was;
    perform outbox_put ('breaker.restored', p_target, who, done);
  else
    new := case when inverse then p_receipt->'from' else p_parameters->'public_key' end;
    if coalesce (new, 'null') = 'null' then
      delete from trusted_keys where workspace_id = ws and name = p_target;
    else
      insert into trusted_keys (workspace_id, name, public_key, changed_by, proposal) values (ws, p_target, new #>> '{}', who, p_key::uuid)
      on conflict (workspace_id, name) do update set public_key = excluded.public_key, since = now (), changed_by = excluded.changed_by,
        proposal = excluded.proposal;
    end if;
    done := jsonb_build_object ('from', was->'public_key', 'to', new);
    perform outbox_put ('key.changed', p_target, who, done);
  end if;
  insert into control_changes (workspace_id, key, action, target, receipt) values (ws, p_key, p_action, p_target, done);
  perform standing_tell (ws);
  return done;
end $$;
