-- SPDX-License-Identifier: Apache-2.0
-- Less to do for each of many proposals, and of many jobs.

-- As before, of random tails and a counter that begins at random (RFC 9562, 6.2, method 1): in order within a call, up to 3,072.
create or replace function uuid_v7_list (n int) returns uuid[]
language plpgsql as $$
declare
  ms constant text := lpad (to_hex (floor (extract (epoch from clock_timestamp ()) * 1000)::bigint), 12, '0');
  first constant int := (random () * 1023)::int;
  tails constant text[] := array (select substr (replace (gen_random_uuid ()::text, '-', ''), 17)
                                  from generate_series (0, (n - 1) / 3072));
begin
  return array (select (ms || '7' || lpad (to_hex (first + i % 3072), 3, '0') || tails[1 + i / 3072])::uuid
                from generate_series (0, n - 1) i);
end $$;

-- As before, by a look at all of them first.
create or replace function control_standing (p_workspace bigint, batch jsonb) returns jsonb
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  version text;
  e record;
  changed boolean := false;
begin
  perform from grants g
  where g.workspace_id = p_workspace and g.agent in (select a #>> '{}' from jsonb_path_query (batch, '$[*].agent') a)
  order by g.agent for share;
  select p.version into version from policies p where p.workspace_id = p_workspace and p.in_force for share;
  if not found then
    -- There is none; or another was put in force while this waited for the lock.
    select p.version into version from policies p where p.workspace_id = p_workspace and p.in_force for share;
  end if;

  -- Nearly always all of them stand: that is seen without taking each apart.
  if not (version is not null and jsonb_path_exists (batch, '$[*] ? (!(@.policy_version == $version))',
                                                     jsonb_build_object ('version', version)))
     and not exists (
       select from (select distinct g->>'agent' as agent, g->>'action' as action from jsonb_array_elements (batch) g
                    where g->>'kind' = 'apply' and g->>'agent_sha256' <> '') d
       join grants t on t.workspace_id = p_workspace and t.agent = d.agent
       where not t.grants->'writes' @> jsonb_build_array (jsonb_build_object ('action', d.action))) then
    return null;
  end if;
  for e in
    select g.pos, w.gone, version is not null and g.policy_version is distinct from version as old, g.agent, g.action, g.policy_version
    from rows from (jsonb_to_recordset (batch) as (kind text, agent text, agent_sha256 text, action text, decision text, policy_version text))
      with ordinality as g (kind, agent, agent_sha256, action, decision, policy_version, pos)
    cross join lateral (
      select g.kind = 'apply' and g.agent_sha256 <> '' and exists (
        select from grants t where t.workspace_id = p_workspace and t.agent = g.agent
        and not t.grants->'writes' @> jsonb_build_array (jsonb_build_object ('action', g.action))) as gone) w
    where g.decision <> 'deny' and (w.gone or version is not null and g.policy_version is distinct from version)
  loop
    changed := true;
    batch := jsonb_set (batch, array[(e.pos - 1)::text], case
      when e.gone then decision_tighten (batch->(e.pos::int - 1), 'deny', 'high', 'grant',
        format ('agent %s is not granted %s any more', e.agent, e.action))
      else decision_tighten (batch->(e.pos::int - 1), 'approve', 'medium', 'policy',
        'another policy was put in force before this was recorded, which asks a person') end);
  end loop;
  return case when changed then batch end;
end $$;

-- As before; what is looked for in all of them is looked for once.
create or replace function proposal_submit (batch jsonb, p_owner text, p_lease_s int, p_room int, p_told text[] default null)
returns table (pos bigint, outcome jsonb, effect bigint, uid uuid, state text)
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  ws constant bigint := royal_workspace ();
  n constant int := jsonb_array_length (batch);
  uids constant uuid[] := uuid_v7_list (n);
  room int := 0;
  n_made int;
  n_known int := 0;
  -- Whether each stands for itself and holds nothing but itself, so that nothing has to be looked for in them.
  plain constant boolean := not jsonb_path_exists (batch, '$[*] ? (exists (@.supersedes) || exists (@.context) || exists (@.limits)
    || exists (@.envelopes) || exists (@.items) || exists (@.undoes))');
  old proposals;
  reviewed jsonb;
begin
  -- What takes the place of another comes alone (gate/rh-intake.c), and once.
  if not plain and jsonb_path_exists (batch, '$[*] ? (exists (@.supersedes) || exists (@.context.revises))') then
    if n <> 1 then
      raise exception 'a proposal that takes the place of another is submitted alone' using errcode = 'RY400';
    end if;
    if not exists (select from proposals p where p.workspace_id = ws and p.key = batch->0->>'key') then
      old := proposal_succeed (batch->0, uids[1]);
      batch := jsonb_build_array (batch->0 || jsonb_build_object ('context', nullif (
        coalesce (old.context, '{}') || coalesce (nullif (batch->0->'context', 'null'), '{}') - 'revises', '{}')));
    end if;
  end if;
  if p_owner is not null and p_room > 0 and workspace_may_start () then
    room := p_room;
  end if;
  -- What was decided by what is not in force any more, or for an agent that may not do it any more.
  reviewed := control_standing (ws, batch);
  if reviewed is not null then
    batch := reviewed;
    p_told := null;
  end if;
  -- What accumulates is reserved here, and where autonomy was taken away a person is asked: decisions get stricter, never more permissive.
  if not plain and jsonb_path_exists (batch, '$[*] ? (exists (@.limits[*]) || exists (@.envelopes[*]))')
     or exists (select from breakers b where b.workspace_id = ws and b.opened_at is not null) then
    reviewed := control_review (ws, batch, uids);
    if reviewed <> batch then
      batch := reviewed;
      p_told := null;
    end if;
  end if;

  -- Nothing is joined with what was made: it has all that follows from it.
  return query
  with made as (
    insert into proposals as p (workspace_id, uid, state, kind, undoes, action, target, agent, agent_version,
      agent_sha256, cluster, run, key, parameters, words, claims, before, facts, preview, risk, decision, rules, reason,
      policy_version, digest, priority, created_by, expires_at, job, context, asks, limits, explanation, n_items, root, via,
      revert_after_s, reverts_at, supersedes, revision, decided_at, decided_by)
    select ws, uids[g.pos],
      case g.decision when 'deny' then 'denied' when 'approve' then 'pending'
        else case when g.kind = 'apply' and g.n_items is null and g.pos <= room then 'executing' else 'approved' end end,
      g.kind, case when g.undoes is not null then proposal_lock_undo (g.undoes, g.created_by = 'schedule' and g.via is null) end, g.action,
      g.target, g.agent, g.agent_version, g.agent_sha256, g.cluster, g.run, g.key, g.parameters, g.words, g.claims,
      coalesce (g.before, 'null'), g.facts, coalesce (g.preview, 'null'), g.risk, g.decision, g.rules, g.reason, g.policy_version, g.digest,
      coalesce (g.priority, 'normal'), g.created_by, g.expires_at, g.job, g.context, coalesce (g.asks, '{}'),
      coalesce (g.limits, '[]'), g.explanation, coalesce (g.n_items, 0), g.root, g.via, g.revert_after_s, g.reverts_at, old.id,
      coalesce (old.revision, 0) + 1, case when g.decision <> 'approve' then now () end,
      case when g.decision <> 'approve' then 'policy' end
    from rows from (jsonb_to_recordset (batch) as (kind text, undoes uuid, action text, target text, agent text,
        agent_version text, agent_sha256 text, cluster text, run uuid, key text, parameters jsonb, words jsonb, claims jsonb,
        before jsonb, facts jsonb, preview jsonb, risk text, decision text, rules text[], reason text, policy_version text,
        digest text, priority text, created_by text, expires_at timestamptz, job uuid, context jsonb, asks jsonb,
        limits jsonb, explanation jsonb, n_items int, root text, via text, revert_after_s int, reverts_at timestamptz))
      with ordinality as g (kind, undoes, action, target, agent, agent_version, agent_sha256, cluster, run, key,
        parameters, words, claims, before, facts, preview, risk, decision, rules, reason, policy_version, digest, priority,
        created_by, expires_at, job, context, asks, limits, explanation, n_items, root, via, revert_after_s, reverts_at, pos)
    on conflict (workspace_id, key) where key is not null do nothing
    returning p.*, array_position (uids, p.uid) as pos),
  started as (
    insert into effects (workspace_id, proposal, key, owner, lease_until)
    select ws, m.id, m.uid::text, p_owner, now () + p_lease_s * interval '1 second'
    from made m where m.state = 'executing'),
  told as (
    -- `started` is the key of the effect whose intent is committed with the decision.
    insert into outbox (workspace_id, kind, subject, actor, body, data)
    select ws, case m.state when 'denied' then 'proposal.denied' when 'pending' then 'approval.required'
                            else 'proposal.approved' end, m.uid::text, m.created_by,
      case when m.short then
        p_told[m.pos] || case when m.state = 'executing' then ',"started":"' || m.uid || '"' else '' end
          || ',"target":' || to_json (m.target) || ',"undoes":' || coalesce ('"' || (batch->(m.pos - 1)->>'undoes') || '"', 'null')
          || '}' end,
      case when not m.short then
        jsonb_build_object ('action', m.action, 'target', m.target, 'kind', m.kind, 'agent', m.agent,
          'agent_version', m.agent_version, 'agent_sha256', m.agent_sha256, 'run', m.run,
          'undoes', batch->(m.pos - 1)->'undoes', 'parameters', m.parameters, 'claims', m.claims, 'before', m.before,
          'facts', m.facts, 'risk', m.risk, 'decision', m.decision, 'rules', to_jsonb (m.rules), 'reason', m.reason,
          'policy_version', m.policy_version, 'digest', m.digest, 'expires_at', iso_time (m.expires_at))
        || jsonb_strip_nulls (jsonb_build_object ('started', case when m.state = 'executing' then m.uid end,
             'n_items', nullif (m.n_items, 0), 'root', m.root, 'via', m.via, 'asks', nullif (m.asks, '{}'),
             'supersedes', old.uid, 'revert_after_s', m.revert_after_s, 'reverts_at', iso_time (m.reverts_at))) end
    from (
      select x.*, p_told[x.pos] is not null and x.n_items = 0 and x.via is null and x.asks = '{}' and x.supersedes is null
                  and x.revert_after_s is null and x.reverts_at is null as short
      from made x) m)
  select m.pos::bigint,
    case when p_told is null then
      jsonb_build_object ('proposal', m.uid, 'decision', m.decision, 'risk', m.risk,
                          'state', case m.state when 'executing' then 'approved' else m.state end,
                          'rules', to_jsonb (m.rules), 'reason', m.reason) end,
    case when m.state = 'executing' then m.id end, m.uid, case m.state when 'executing' then 'approved' else m.state end
  from made m;
  get diagnostics n_made = row_count;

  -- An attempt of the same job that was lost has proposed it already: the first one stands.
  if n_made < n then
    return query
    select g.pos, jsonb_build_object ('proposal', p.uid, 'state', p.state, 'decision', p.decision, 'risk', p.risk,
                                      'rules', to_jsonb (p.rules), 'reason', p.reason), null::bigint, p.uid, p.state
    from rows from (jsonb_to_recordset (batch) as (key text)) with ordinality as g (key, pos)
    cross join lateral (
      select * from proposals p where p.workspace_id = ws and p.key = g.key and p.uid <> uids[g.pos] limit 1) p;
    get diagnostics n_known = row_count;
    -- It was there only after this one had reserved: nothing of this one is kept.
    perform limits_release_unmade (ws, uids);
  end if;
  if n_made + n_known <> n then
    raise exception 'another attempt of the job is proposing the same' using errcode = 'RY503';
  end if;
  if not plain and jsonb_path_exists (batch, '$[*] ? (exists (@.items) || @.decision == "deny" && (exists (@.context.step) || exists (@.limits)))')
  then
    perform proposal_complete (ws, batch, uids);
  end if;

  if not (plain and room >= n) and exists (select from jsonb_array_elements (batch) e
             where (room < n or e->>'kind' = 'undo' or e ? 'n_items') and e->>'decision' in ('auto', 'notify')) then
    perform pg_notify ('royal_effects', '');
  end if;
end $$;

-- As before; whose chains grew is known without counting.
create or replace function journal_move (batch int) returns table (moved int, lag_s double precision)
language plpgsql security definer set search_path = public, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
declare
  base bigint;
  grown bigint[];
begin
  select j.last_event into base from journal j for update;

  with gone as (
    delete from outbox where ctid = any (array (select o.ctid from outbox o order by o.id limit batch))
    returning workspace_id, id, at, kind, subject, actor, data, audited, body),
  numbered as materialized (
    select g.*, base + row_number () over (order by g.id) as event from gone g),
  plain as (
    insert into told_events (workspace_id, id, at, kind, subject, actor, data)
    select n.workspace_id, n.event, n.at, n.kind, n.subject, n.actor, coalesce (n.data, n.body::jsonb, '{}')
    from numbered n where not n.audited order by n.event),
  owners as materialized (
    select w.workspace_id, to_json (w.name)::text as name, coalesce (h.seq, 0) as seq,
      coalesce (h.hash, repeat ('0', 64)) as hash
    from (select distinct n.workspace_id from numbered n where n.audited) d
    cross join lateral (select * from workspaces w where w.workspace_id = d.workspace_id limit 1) w
    left join lateral (select * from audit_heads h where h.workspace_id = d.workspace_id limit 1) h on true),
  texts as (
    select n.workspace_id, n.id, n.event, n.at, n.kind, n.subject, n.actor, o.hash as origin,
      o.seq + row_number () over w as seq,
      '{"actor":' || coalesce (to_json (n.actor)::text, 'null') || ',"at":"' || iso_time (n.at) || '","data":'
        || coalesce (n.body, royal_canonical (n.data), '{}') || ',"kind":' || to_json (n.kind) || ',"prev":"' as head,
      '","seq":' || o.seq + row_number () over w || ',"subject":' || coalesce (to_json (n.subject)::text, 'null')
        || ',"workspace":' || o.name || '}' as tail
    from numbered n join owners o using (workspace_id) where n.audited
    window w as (partition by n.workspace_id order by n.id)),
  linked as (
    select t.*, royal_link (t.origin, t.head, t.tail) over (partition by t.workspace_id order by t.id) as link from texts t),
  chained as (
    insert into audit (workspace_id, seq, at, kind, subject, actor, record, hash, event)
    select l.workspace_id, l.seq, l.at, l.kind, l.subject, l.actor, l.head || left (l.link, 64) || l.tail, substr (l.link, 65),
           l.event
    from linked l)
  select count (*), extract (epoch from clock_timestamp () - min (n.at)), (select array_agg (o.workspace_id) from owners o)
  into moved, lag_s, grown from numbered n;

  if moved > 0 then
    insert into audit_heads as h (workspace_id, seq, hash)
    select a.workspace_id, a.seq, a.hash from unnest (grown) g (w)
    cross join lateral (select * from audit a where a.workspace_id = g.w order by a.seq desc limit 1) a
    on conflict (workspace_id) do update set seq = excluded.seq, hash = excluded.hash;
    update journal set last_event = base + moved;
    perform pg_notify ('royal_events', (base + moved)::text);
    return next;
  end if;
end $$;

-- As before; the identifiers are made together.
create or replace function job_put_bulk (p_workspace bigint, requests jsonb, p_actor text) returns table (n bigint, id bigint, uid uuid)
language plpgsql as $$
#variable_conflict use_column
declare
  uids constant uuid[] := uuid_v7_list (jsonb_array_length (requests));
begin
  return query
  with made as (
    insert into jobs (workspace_id, uid, agent, task, input, priority, run_at, max_attempts, backoff_ms, backoff_max_ms,
      created_by, context, concurrency_key, rate_key)
    select p_workspace,
      uids[r.pos],
      r.agent, r.task, coalesce (r.input, '{}'),
      case r.priority when 'low' then 0 when 'high' then 2 when 'critical' then 3 else 1 end,
      coalesce (r.run_at, now ()), coalesce (r.max_attempts, 3), coalesce (r.backoff_ms, 1000),
      coalesce (r.backoff_max_ms, 60000), p_actor, r.context, r.concurrency_key, r.rate_key
    from rows from (jsonb_to_recordset (requests) as (agent text, task text, input jsonb, priority text, run_at timestamptz,
        max_attempts int, backoff_ms int, backoff_max_ms int, context jsonb, concurrency_key text, rate_key text))
      with ordinality as r (agent, task, input, priority, run_at, max_attempts, backoff_ms, backoff_max_ms, context,
        concurrency_key, rate_key, pos)
    returning id, uid, agent, task, priority, run_at, concurrency_key, rate_key),
  ready as (
    insert into job_queue
    select p_workspace, m.agent, job_rank (m.priority, m.run_at), m.id,
           (m.concurrency_key is not null or m.rate_key is not null)::int
    from made m where m.run_at <= now ()),
  later as (
    insert into job_later select p_workspace, m.id, m.run_at from made m where m.run_at > now ()),
  told as (
    insert into outbox (workspace_id, kind, actor, data)
    select p_workspace, 'jobs.created', p_actor,
           jsonb_build_object ('agent', g.agent, 'task', g.task, 'n', g.n, 'jobs', g.uids[1:100])
    from (select m.agent, m.task, count (*) as n, array_agg (m.uid) as uids from made m group by m.agent, m.task) g)
  select row_number () over (), m.id, m.uid from made m;
end $$;
