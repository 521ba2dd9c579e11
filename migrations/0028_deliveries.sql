-- SPDX-License-Identifier: Apache-2.0
-- Deliveries of services such as GitHub and Shopify: known by any of several keys, and taken many at once.

-- Beginning with the time, so that it never seems as good as the primary key where all else is given.
drop index trigger_firings_at;
create index trigger_firings_at on trigger_firings (at, workspace_id, trigger);

-- What p_keys of t tell when any of them was seen within p_remember_s (null: ever). Else they are seen from now on, and `known` is
-- false. t is locked.
create function trigger_see (t triggers, p_keys text[], p_remember_s int, out known boolean, out key text, out started text)
language plpgsql as $$
begin
  select u.key, o.started into key, started from unnest (p_keys) with ordinality u (key, n)
  cross join lateral (select f.started from trigger_firings f
                      where f.workspace_id = t.workspace_id and f.trigger = t.name and f.key = u.key
                        and (p_remember_s is null or f.at >= now () - p_remember_s * interval '1 second') limit 1) o
  order by u.n limit 1;
  known := found;
  if known then
    insert into trigger_firings (workspace_id, trigger, key, started)
    select t.workspace_id, t.name, k, trigger_see.started from unnest (p_keys) k
    on conflict on constraint trigger_firings_pkey do nothing;
    return;
  end if;
  insert into trigger_firings as o (workspace_id, trigger, key)
  select distinct t.workspace_id, t.name, k from unnest (p_keys) k
  on conflict on constraint trigger_firings_pkey do update set at = now (), times = o.times + 1, started = null;
end $$;
revoke execute on function trigger_see (triggers, text[], int) from public;

-- Starts what t starts for each of [{ keys, request, trace, remember_s }] that is not known, jobs at once. A row for each, in order.
-- t is locked.
create function trigger_take (t triggers, p_firings jsonb) returns table (started text, fresh boolean)
language plpgsql as $$
declare
  actor constant text := 'trigger:' || t.name;
  n constant int := jsonb_array_length (p_firings);
  ids text[] := array_fill (null::text, array[n]);
  new boolean[] := array_fill (false, array[n]);
  same text[] := array_fill (null::text, array[n]);
  requests jsonb := '[]';
  places int[] := '{}';
  f jsonb;
  k text;
  s record;
  r record;
begin
  for i in 1 .. n loop
    f := p_firings->(i - 1);
    select * into s from trigger_see (t, array (select jsonb_array_elements_text (f->'keys')), (f->>'remember_s')::int);
    new[i] := not s.known;
    ids[i] := s.started;
    same[i] := s.key;
    continue when s.known;
    f := jsonb_set (f, '{request,context}', jsonb_strip_nulls (jsonb_build_object ('by', t.name, 'trace', f->>'trace')));
    if f->'request' ? 'workflow' then
      ids[i] := (workflow_add (t.workspace_id, f#>>'{request,workflow}', f#>'{request,input}', actor,
        t.name || '/' || (f#>>'{keys,0}') || '/' || (extract (epoch from now ()) * 1000000)::bigint, f#>'{request,context}')).uid::text;
    else
      requests := requests || (f->'request');
      places := places || i;
    end if;
  end loop;
  for r in select p.n, p.uid from job_put (t.workspace_id, requests, actor) p loop
    ids[places[r.n]] := r.uid::text;
  end loop;
  if cardinality (places) > 0 then
    perform pg_notify ('royal_jobs', '');
  end if;
  for i in 1 .. n loop
    -- The same as another among them.
    if ids[i] is null then
      select o.started into ids[i] from trigger_firings o
      where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = same[i];
    end if;
    -- One by one: by an array of keys the planner goes through all of the trigger's.
    for k in select jsonb_array_elements_text (p_firings->(i - 1)->'keys') loop
      update trigger_firings o set started = ids[i]
      where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = k and o.started is null;
    end loop;
  end loop;
  return query select u.id, u.is_new from unnest (ids, new) with ordinality u (id, is_new, i) order by u.i;
end $$;
revoke execute on function trigger_take (triggers, jsonb) from public;

-- Deliveries that came together: [{ name, version, keys, request, trace, remember_s }]. A row for each, in order; all or none.
create function trigger_fire_all (p_firings jsonb) returns table (started text, fresh boolean)
language plpgsql security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  n constant int := jsonb_array_length (p_firings);
  ids text[] := array_fill (null::text, array[n]);
  new boolean[] := array_fill (false, array[n]);
  t triggers;
  g record;
  r record;
begin
  -- In one order, so that no two hosts wait for each other.
  for g in select e.f->>'name' as name, e.f->>'version' as version, jsonb_agg (e.f order by e.i) as firings,
                  array_agg (e.i order by e.i) as places
           from jsonb_array_elements (p_firings) with ordinality e (f, i) group by 1, 2 order by 1, 2 loop
    t := trigger_hold (g.name, g.version);
    for r in select k.started, k.fresh, k.i from trigger_take (t, g.firings) with ordinality k (started, fresh, i) loop
      ids[g.places[r.i]] := r.started;
      new[g.places[r.i]] := r.fresh;
    end loop;
    update triggers o set fired = o.fired + c.n, fired_at = now (), started = c.last, error = null, error_at = null
    from (select count (*) as n, (array_agg (ids[p] order by p desc))[1] as last from unnest (g.places) p where new[p]) c
    where o.workspace_id = t.workspace_id and o.name = t.name and c.n > 0;
    -- A host that is never reloaded forgets too, some at a time.
    if random () < 0.01 then
      delete from trigger_firings o where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = any (array (
        select x.key from trigger_firings x where x.workspace_id = t.workspace_id and x.trigger = t.name
          and x.at < now () - interval '31 days' order by x.at limit 10000));
    end if;
  end loop;
  return query select u.id, u.is_new from unnest (ids, new) with ordinality u (id, is_new, i) order by u.i;
end $$;
