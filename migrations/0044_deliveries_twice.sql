-- SPDX-License-Identifier: Apache-2.0
-- A delivery that comes twice within one call. PL/pgSQL reads `select … into ids[i]` as a subscript of what is selected: all of the call
-- failed, and its deliveries went one by one.
create or replace function trigger_take (t triggers, p_firings jsonb) returns table (started text, fresh boolean)
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
      ids[i] := (select o.started from trigger_firings o
                 where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = same[i]);
    end if;
    -- One by one: by an array of keys the planner goes through all of the trigger's.
    for k in select jsonb_array_elements_text (p_firings->(i - 1)->'keys') loop
      update trigger_firings o set started = ids[i]
      where o.workspace_id = t.workspace_id and o.trigger = t.name and o.key = k and o.started is null;
    end loop;
  end loop;
  return query select u.id, u.is_new from unnest (ids, new) with ordinality u (id, is_new, i) order by u.i;
end $$;
