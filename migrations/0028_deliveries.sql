-- SPDX-License-Identifier: Apache-2.0
-- Deliveries of services such as GitHub and Shopify: known by any of several keys, and taken many at once.

-- Starts what t starts, unless one of p_keys was seen within p_remember_s (null: ever): then `started` is what that one started,
-- and the others count as seen too. t is locked. The trigger's own counts are the caller's business.
create function trigger_take (t triggers, p_keys text[], p_request jsonb, p_trace text, p_remember_s int,
                              out started text, out fresh boolean)
language plpgsql as $$
declare
  actor constant text := 'trigger:' || t.name;
  once text;
  context jsonb;
begin
  select o.started into started from trigger_firings o
  where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = any (p_keys)
    and (p_remember_s is null or o.at >= now () - p_remember_s * interval '1 second')
  order by o.at limit 1;
  fresh := not found;
  if not fresh then
    insert into trigger_firings as o (workspace_id, trigger, key, started)
    select t.workspace_id, t.name, k, trigger_take.started from unnest (p_keys) k
    on conflict (workspace_id, trigger, key) do nothing;
    -- A file that is still there has to be known still.
    update trigger_firings o set at = now ()
    where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = any (p_keys) and t.kind = 'file';
    return;
  end if;
  insert into trigger_firings as o (workspace_id, trigger, key)
  select t.workspace_id, t.name, k from unnest (p_keys) k group by k
  on conflict (workspace_id, trigger, key) do update set at = now (), times = o.times + 1;
  -- What may come again for another start is told apart by when it came, also when it was forgotten here meanwhile.
  once := t.name || '/' || p_keys[1]
    || case when p_remember_s is not null then '/' || (extract (epoch from now ()) * 1000000)::bigint else '' end;
  context := jsonb_strip_nulls (jsonb_build_object ('by', t.name, 'trace', p_trace));
  if p_request ? 'workflow' then
    started := (workflow_add (t.workspace_id, p_request->>'workflow', p_request->'input', actor, once, context)).uid::text;
  else
    select j.uid::text into started from job_add (t.workspace_id, jsonb_build_array (p_request
      || jsonb_build_object ('idempotency_key', once, 'context', context)), actor) j;
  end if;
  update trigger_firings o set started = trigger_take.started
  where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = any (p_keys);
  -- A host that is never reloaded forgets too, some at a time.
  if t.kind <> 'file' and random () < 0.01 then
    delete from trigger_firings o where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = any (array (
      select x.key from trigger_firings x where x.workspace_id = t.workspace_id and x.trigger = t.name
        and x.at < now () - interval '31 days' order by x.at limit 1000));
  end if;
end $$;
revoke execute on function trigger_take (triggers, text[], jsonb, text, int) from public;

create or replace function trigger_start (t triggers, p_key text, p_request jsonb, p_trace text, p_remember_s int,
                                          out started text, out fresh boolean)
language plpgsql as $$
begin
  select s.started, s.fresh into started, fresh from trigger_take (t, array[p_key], p_request, p_trace, p_remember_s) s;
  if fresh then
    update triggers o set fired = o.fired + 1, fired_at = now (), started = trigger_start.started, error = null, error_at = null
    where o.workspace_id = t.workspace_id and o.name = t.name;
  end if;
end $$;

-- Deliveries that came together: [{ name, version, keys, request, trace, remember_s }]. A row for each, in order; all or none.
create function trigger_fire_all (p_firings jsonb) returns table (started text, fresh boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  t triggers;
  f jsonb;
  names text[] := '{}';
  ids text[] := '{}';
begin
  -- In one order, so that no two hosts wait for each other.
  perform from triggers o
  where o.workspace_id = royal_workspace () and o.name in (select e->>'name' from jsonb_array_elements (p_firings) e)
  order by o.name for no key update;
  for f in select * from jsonb_array_elements (p_firings) loop
    if t.name is distinct from f->>'name' or t.version is distinct from f->>'version' then
      t := trigger_hold (f->>'name', f->>'version');
    end if;
    select s.started, s.fresh into started, fresh
    from trigger_take (t, array (select jsonb_array_elements_text (f->'keys')), f->'request', f->>'trace',
                       (f->>'remember_s')::int) s;
    if fresh then
      names := names || t.name;
      ids := ids || started;
    end if;
    return next;
  end loop;
  update triggers o set fired = o.fired + g.n, fired_at = now (), started = g.last, error = null, error_at = null
  from (select u.name, count (*) as n, (array_agg (u.id order by u.i desc))[1] as last
        from unnest (names, ids) with ordinality u (name, id, i) group by u.name) g
  where o.workspace_id = royal_workspace () and o.name = g.name;
end $$;
