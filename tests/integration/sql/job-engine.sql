-- SPDX-License-Identifier: Apache-2.0
-- The job engine against a model, and its rules one by one; test-job-engine.c calls these.

create function engine_ws (p_name text) returns bigint language sql as $$
  select workspace_id from workspace_open (p_name, true);
$$;

create function engine_reset () returns void language plpgsql as $$
begin
  delete from jobs; delete from runs; delete from job_queue; delete from job_later; delete from job_parked;
  delete from job_leases; delete from dead_letters; delete from job_rates; delete from job_bounds;
  delete from workflow_inbox;
end $$;

-- n requests for agent x, each with what `more` says.
create function engine_put (p_ws bigint, n int, more jsonb default '{}') returns bigint[] language sql as $$
  select array_agg (j.id) from job_add (p_ws, (
    select jsonb_agg ('{"agent":"x","task":"t","backoff_ms":0}'::jsonb || more) from generate_series (1, n)), 'me') j;
$$;

-- What a host leases of agent x, in order.
create function engine_lease (p_host text, n int, p_limits jsonb default null, p_turn bigint default 0) returns bigint[]
language sql as $$
  select array_agg (l.job) from job_lease (p_host, '{x}', array[n], array[p_turn],
    case when p_limits is not null then jsonb_build_object ('x', p_limits) end, 3600) l;
$$;

-- Ends successfully all that a host has.
create function engine_complete (p_host text) returns int[] language sql as $$
  select job_complete (p_host, array_agg (l.workspace_id), array_agg (l.id), array_agg (j.id), array_agg (j.attempt + 1),
    jsonb_agg (null::int))
  from job_leases l cross join lateral unnest (l.jobs) u (id)
  join jobs j on j.workspace_id = l.workspace_id and j.id = u.id and j.state = 'queued'
  where l.owner = p_host;
$$;

create function engine_is (what text, is_so boolean) returns void language plpgsql as $$
begin
  if is_so is not true then
    raise exception 'not so: %', what;
  end if;
end $$;

-- Every job is where the model says, and nowhere else.
create function engine_check (step int) returns void language plpgsql as $$
declare wrong text;
begin
  select string_agg (format ('%s is %s, not %s', m.id, job_state (j), m.st), '; ') into wrong
  from m join jobs j on j.id = m.id where job_state (j) <> m.st;
  perform engine_is (format ('step %s: states (%s)', step, wrong), wrong is null);
  select string_agg (m.id::text, ' ') into wrong from m
  where (select count (*) from job_queue q where q.job = m.id) + (select count (*) from job_later q where q.job = m.id)
        + (select count (*) from job_parked q where q.job = m.id) <> (m.st = 'queued')::int;
  perform engine_is (format ('step %s: places of %s', step, wrong), wrong is null);
  perform engine_is (format ('step %s: open leases', step),
    (select coalesce (sum (open), 0) from job_leases) = (select count (*) from m where st = 'leased'));
  perform engine_is (format ('step %s: dead letters', step),
    (select count (*) from dead_letters) = (select count (*) from m where st in ('dead', 'quarantined')));
end $$;

create procedure engine_model (steps int, seed numeric) language plpgsql as $$
declare
  ws constant bigint := engine_ws ('test');
  op double precision;
  h text;
  r record;
  q record;
  expected text;
  crashed boolean;
  again boolean;
  refused int[];
begin
  perform engine_reset ();
  perform set_config ('royal.workspace', ws::text, false);
  perform setseed (seed::double precision);
  create temp table m (id bigint primary key, uid uuid, st text, host text, lease bigint, attempt int, crashes int, most int,
                       cancelled boolean default false);
  for step in 1 .. steps loop
    op := random ();
    h := case when random () < 0.5 then 'A' else 'B' end;
    select * into q from m where st = 'leased' order by random () limit 1;
    if op < 0.2 then
      for r in select * from job_add (ws, (
        select jsonb_agg (jsonb_build_object ('agent', 'x', 'task', 't', 'backoff_ms', 0, 'max_attempts', 1 + (random () * 2)::int,
          'priority', (array['low', 'normal', 'high', 'critical'])[1 + (random () * 3)::int]))
        from generate_series (1, 1 + (random () * 4)::int)), 'me') loop
        insert into m values (r.id, r.uid, 'queued', null, null, 0, 0, r.max_attempts);
      end loop;
    elsif op < 0.45 then
      for r in select * from job_lease (h, '{x}', array[1 + (random () * 5)::int], '{0}', null, 3600) loop
        perform engine_is (format ('job %s may be leased', r.job),
          (select st = 'queued' and attempt + 1 = r.attempt from m where id = r.job));
        update m set st = 'leased', host = h, lease = r.lease where id = r.job;
      end loop;
    elsif op < 0.65 and q.id is not null then
      -- Some of them are another host's: those are refused.
      create temp table c as select row_number () over () - 1 as place, x.* from (
        select * from m where st = 'leased' order by random () limit 4) x;
      select job_complete (h, array_agg (ws), array_agg (lease order by place), array_agg (id order by place),
        array_agg (attempt + 1 order by place), jsonb_agg (id order by place)) into refused from c;
      perform engine_is ('refused are the other host''s', coalesce (refused, '{}') =
        (select coalesce (array_agg (place::int order by place), '{}') from c where host <> h));
      update m set st = 'completed', attempt = m.attempt + 1 from c where m.id = c.id and c.host = h;
      drop table c;
    elsif op < 0.8 and q.id is not null then
      crashed := random () < 0.3;
      again := random () < 0.7;
      expected := case when q.cancelled then 'cancelled' when crashed and q.crashes >= 2 then 'quarantined'
                       when crashed or (again and q.attempt + 1 < q.most) then 'queued' else 'dead' end;
      perform engine_is ('the failure is taken as ' || expected,
        job_fail (q.host, q.lease, q.id, q.attempt + 1, '{"code":"failed"}', crashed, again) = expected);
      update m set st = expected, attempt = attempt + 1, crashes = crashes + crashed::int where id = q.id;
    elsif op < 0.85 and q.id is not null then
      perform job_return (q.host, q.lease, q.id, q.attempt + 1, random () < 0.5);
      update m set st = case when q.cancelled then 'cancelled' else 'queued' end where id = q.id;
    elsif op < 0.9 then
      select * into q from m where st in ('queued', 'leased') order by random () limit 1;
      if found then
        perform job_cancel (q.uid, 'me');
        update m set cancelled = true, st = case st when 'queued' then 'cancelled' else st end where id = q.id;
      end if;
    elsif op < 0.93 then
      perform job_take_back (h, true);
      update m set st = case when cancelled then 'cancelled' else 'queued' end, attempt = attempt + 1, most = most + 1
      where st = 'leased' and host = h;
    elsif op < 0.97 then
      select * into q from m where st in ('dead', 'quarantined') order by random () limit 1;
      if found and random () < 0.7 then
        perform engine_is ('one is retried', dead_retry (array[q.uid], null, 'me') = 1);
        update m set st = 'queued', attempt = 0, crashes = 0, cancelled = false where id = q.id;
      elsif found then
        perform engine_is ('one is discarded', dead_discard (array[q.uid], null, 'me') = 1);
        update m set st = 'discarded' where id = q.id;
      end if;
    elsif q.id is not null then
      begin
        perform job_fail (h || 'x', q.lease, q.id, q.attempt + 1, '{}', false, false);
        perform engine_is ('a stranger''s report is refused', false);
      exception when sqlstate 'RY409' then
      end;
    end if;
    commit;
    if step % 20 = 0 then
      perform engine_check (step);
    end if;
  end loop;
  perform engine_check (steps);
  drop table m;
end $$;

-- Leases and ends until nothing is left; what is leased twice breaks the table's key.
create table engine_done (workspace_id bigint not null, job bigint not null, host text not null, primary key (workspace_id, job));
create procedure engine_race (p_host text) language plpgsql as $$
declare
  n int;
  idle int := 0;
begin
  while idle < 50 loop
    insert into engine_done select l.workspace_id, l.job, p_host from job_lease (p_host, '{x}', '{17}', '{0}', null, 3600) l;
    get diagnostics n = row_count;
    commit;
    if n > 0 then
      perform engine_is ('all are held', engine_complete (p_host) is null);
      idle := 0;
    else
      idle := idle + 1;
      perform pg_sleep (0.005);
    end if;
    commit;
  end loop;
end $$;

create function engine_fair () returns void language plpgsql as $$
declare
  a constant bigint := engine_ws ('test');
  b constant bigint := engine_ws ('small');
  n int := 0;
  turn bigint := 0;
begin
  perform engine_reset ();
  perform engine_put (a, 10000);
  perform engine_put (b, 10);
  -- One worker: the workspaces take turns.
  for i in 1 .. 20 loop
    perform engine_is ('one at a time', cardinality (engine_lease ('A', 1, null, turn)) = 1);
    select workspace_id into turn from job_leases where owner = 'A';
    n := n + (turn = b)::int;
    perform engine_complete ('A');
  end loop;
  perform engine_is (format ('the small workspace had %s of 20', n), n = 10);
  -- Room for many: equal shares, and what one does not need is the other's.
  perform engine_put (b, 10);
  perform engine_is ('all room is used', cardinality (engine_lease ('A', 100)) = 100);
  perform engine_is ('the small one has all its jobs', (select sum (open) from job_leases where workspace_id = b) = 10);
end $$;

create function engine_age () returns void language plpgsql as $$
declare
  ws constant bigint := engine_ws ('test');
  low bigint[];
  old bigint[];
  critical bigint[];
  got bigint[];
begin
  perform engine_reset ();
  low := engine_put (ws, 1, '{"priority":"low"}');
  old := engine_put (ws, 1, jsonb_build_object ('priority', 'low', 'run_at', now () - interval '7 hours'));
  critical := engine_put (ws, 1, '{"priority":"critical"}');
  got := engine_lease ('A', 3);
  perform engine_is ('what has waited long goes first, then what is urgent', got = old || critical || low);
end $$;

create function engine_keys () returns void language plpgsql as $$
declare
  ws constant bigint := engine_ws ('test');
  first bigint[];
begin
  perform engine_reset ();
  first := engine_put (ws, 5, '{"concurrency_key":"k"}');
  perform engine_put (ws, 3);
  perform engine_is ('one of the key, and the others', cardinality (engine_lease ('A', 100)) = 4);
  perform engine_is ('no more of the key, whoever asks', engine_lease ('B', 100) is null);
  for i in 2 .. 5 loop
    perform engine_complete (case when i % 2 = 0 then 'A' else 'B' end);
    perform engine_is (format ('number %s of the key', i),
                       engine_lease (case when i % 2 = 0 then 'B' else 'A' end, 100) = array[first[i]]);
  end loop;
  perform engine_complete ('A');
  perform engine_complete ('B');
  -- The agent's own bound.
  perform engine_put (ws, 10);
  perform engine_is ('three run', cardinality (engine_lease ('A', 100, '{"concurrency":3}')) = 3);
  perform engine_is ('no more', engine_lease ('B', 100, '{"concurrency":3}') is null);
  perform engine_complete ('A');
  perform engine_is ('three more', cardinality (engine_lease ('B', 100, '{"concurrency":3}')) = 3);
  perform engine_is ('one waits nowhere twice', (select count (*) from job_queue) + (select count (*) from job_parked) = 4);
  -- Cancelling what is parked.
  perform set_config ('royal.workspace', ws::text, true);
  perform job_cancel (j.uid, 'me') from jobs j join job_parked p on p.job = j.id;
  perform engine_is ('none is parked', not exists (select from job_parked));
end $$;

create function engine_rates () returns void language plpgsql as $$
declare
  ws constant bigint := engine_ws ('test');
begin
  perform engine_reset ();
  perform engine_put (ws, 6, '{"rate_key":"r"}');
  perform engine_put (ws, 1);
  perform engine_is ('two at once, and the one without a key',
                     cardinality (engine_lease ('A', 100, '{"key_rate":{"runs":2,"per_s":3600}}')) = 3);
  perform engine_is ('the others have their times',
    (select array_agg (round (extract (epoch from run_at - now ()) / 1800)::int order by run_at) from job_later) = '{1,2,3,4}');
  update job_later set run_at = now ();
  perform engine_is ('whose time was set aside does not pay again',
                     cardinality (engine_lease ('B', 100, '{"key_rate":{"runs":2,"per_s":3600}}')) = 4);
end $$;

create function engine_bound () returns void language plpgsql as $$
declare
  ws constant bigint := engine_ws ('test');
begin
  perform engine_reset ();
  insert into job_bounds (workspace_id, bound) values (ws, 5);
  perform engine_put (ws, 5);
  begin
    perform engine_put (ws, 6);
    perform engine_is ('too many are refused', false);
  exception when sqlstate 'RY429' then
    perform engine_is ('the bound is named: ' || sqlerrm, sqlerrm like '%5 jobs%');
  end;
  perform engine_is ('none was put in', (select count (*) from jobs) = 5);
end $$;

-- A place that one may not take because of its key goes to another.
create function engine_places () returns void language plpgsql as $$
declare
  ws constant bigint := engine_ws ('test');
  more constant jsonb := '{"concurrency":2}';
begin
  perform engine_reset ();
  perform engine_put (ws, 1, '{"concurrency_key":"k"}');
  perform engine_is ('one of the key', cardinality (engine_lease ('A', 1, more)) = 1);
  perform engine_put (ws, 1, '{"concurrency_key":"m"}');
  perform engine_is ('one of another', cardinality (engine_lease ('B', 1, more)) = 1);
  perform engine_put (ws, 1, '{"concurrency_key":"k"}');
  perform engine_put (ws, 1);
  perform engine_is ('no place for others', engine_lease ('B', 5, more) is null);
  perform engine_complete ('B');
  perform engine_is ('its key is in use', coalesce (cardinality (engine_lease ('B', 5, more)), 0) <= 1);
  perform engine_lease ('B', 5, more);
  perform engine_is ('the other has the place', (select count (*) from job_leases where owner = 'B') = 1);
end $$;

-- A queue that is full takes no more, however few at a time.
create function engine_full () returns void language plpgsql as $$
declare
  ws constant bigint := engine_ws ('test');
begin
  perform engine_reset ();
  insert into job_bounds (workspace_id, bound) values (ws, 50);
  for i in 1 .. 200 loop
    begin
      perform engine_put (ws, 1);
    exception when sqlstate 'RY429' then null;
    end;
  end loop;
  perform engine_is ('it is bounded: ' || (select count (*) from job_queue), (select count (*) from job_queue) < 120);
  delete from job_queue;
  perform pg_sleep (1.1);
  perform engine_is ('there is room again', cardinality (engine_put (ws, 1)) = 1 and cardinality (engine_put (ws, 1)) = 1);
end $$;

create function engine_dead () returns void language plpgsql as $$
declare
  ws constant bigint := engine_ws ('test');
  l record;
  n int;
  edited jsonb;
begin
  perform engine_reset ();
  perform set_config ('royal.workspace', ws::text, true);
  perform engine_put (ws, 5, '{"max_attempts":1,"input":{"a":1},"context":{"step":7}}');
  for l in select * from job_lease ('A', '{x}', '{5}', '{0}', null, 3600) loop
    perform job_fail ('A', l.lease, l.job, 1, '{"code":"invalid","message":"no"}', false, true);
  end loop;
  perform engine_is ('they can be inspected', (select count (*) = 5 and bool_and (d.job->'input' = '{"a":1}' and
    d.job->'error'->>'code' = 'invalid' and d.job->>'state' = 'dead') from dead_list ('x', null, 50) d));
  perform engine_is ('the workflow is told', (select count (*) = 5 and bool_and (data->>'state' = 'dead') from workflow_inbox));
  perform engine_is ('one is retried', dead_retry (array[(select uid from jobs order by id limit 1)], null, 'me') = 1);
  perform engine_is ('one is edited', (select dead_edit (uid, '{"a":2}', 'me')->'input' = '{"a":2}'
    from jobs where state = 'dead' order by id limit 1));
  perform engine_is ('the others are discarded', dead_discard (null, 'x', 'me') = 3);
  perform engine_is ('none is left', not exists (select from dead_letters));
  perform engine_is ('what is to run', (select string_agg (state || (input->>'a'), ' ' order by id) from jobs)
                     = 'queued1 discarded1 discarded1 discarded1 discarded1 queued2');
  n := cardinality (engine_lease ('A', 10));
  perform engine_is (format ('%s of 2 run', n), n = 2);
end $$;

-- What a host with room for n puts in: how many it is told of, and the jobs that it is handed with that.
create function engine_turn (p_ws bigint, n int, requests jsonb, p_limits jsonb default null, out docs jsonb, out handed bigint[])
language sql as $$
  select (array_agg (t.put) filter (where t.put is not null))[1], array_agg (t.job) filter (where t.job is not null)
  from job_turn ('A', '{}', '{}', '{}', '{}', '[]', p_ws, 'me', requests, '{x}', array[n], '{0}',
    case when p_limits is not null then jsonb_build_object ('x', p_limits) end, 3600) t;
$$;

-- What is put in by a host that has room starts there at once, unless something speaks against it; it is the same job either way.
create function engine_at_once () returns void language plpgsql as $$
declare
  ws constant bigint := engine_ws ('test');
  one constant jsonb := '[{"agent":"x","task":"t","input":{"a":1}}]';
  t record;
  waiting bigint[];
begin
  perform engine_reset ();
  t := engine_turn (ws, 1, one);
  perform engine_is ('it is told of as it came', t.docs->0->>'state' = 'queued' and t.docs->0->'input' = '{"a":1}');
  perform engine_is ('it is handed over', cardinality (t.handed) = 1 and job_state (j) = 'leased') from jobs j;
  perform engine_is ('it waits nowhere', not exists (select from job_queue));
  perform engine_is ('both are told', (select array_agg (kind order by id desc) from (
    select kind, id from outbox order by id desc limit 2) o) = '{agent.started,job.created}');
  perform engine_is ('it is held', engine_complete ('A') is null);
  perform engine_is ('it ends like any other', (select state from jobs) = 'completed');

  perform engine_is ('not without room', (engine_turn (ws, 0, one)).handed is null);
  waiting := (select array_agg (job) from job_queue);
  perform engine_is ('who waits goes first', (engine_turn (ws, 1, one)).handed = waiting);
  perform engine_is ('the other waits', (select count (*) from job_queue) = 1);
  perform engine_is ('room for all is for all', cardinality ((engine_turn (ws, 5, one || one)).handed) = 3);

  perform engine_reset ();
  t := engine_turn (ws, 5, one, '{"concurrency":1}');
  perform engine_is ('a limit counts it', cardinality (t.handed) = 1 and (select limited from job_leases));
  perform engine_is ('and holds the next', (engine_turn (ws, 5, one, '{"concurrency":1}')).handed is null);

  perform engine_reset ();
  perform engine_turn (ws, 5, one || '[{"agent":"x","task":"t","idempotency_key":"k"}]');
  t := engine_turn (ws, 5, '[{"agent":"x","task":"t","idempotency_key":"k"}]');
  perform engine_is ('what is there is not handed out twice', t.handed is null and t.docs->0->>'state' = 'leased');
  perform engine_is ('later is later', (engine_turn (ws, 5, jsonb_build_array (
    one->0 || jsonb_build_object ('run_at', now () + interval '1 hour')))).handed is null);

  perform engine_reset ();
  update workspaces set paused_agents = '{x}' where workspace_id = ws;
  perform engine_is ('not while it is paused', (engine_turn (ws, 5, one)).handed is null);
  perform engine_is ('it waits', exists (select from job_queue));
  update workspaces set paused_agents = '{}' where workspace_id = ws;
end $$;
