-- SPDX-License-Identifier: Apache-2.0
-- What /metrics and the alerts tell of the whole database. Counts stop at 100,000: nobody's alarm needs the next digit, and a
-- scrape must stay cheap.

create function metrics_sample () returns table (metric text, label text, value double precision)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  return query
  select 'jobs', 'queued', count (*)::double precision from (select from job_queue limit 100000) q
  union all select 'jobs', 'later', count (*) from (select from job_later limit 100000) q
  union all select 'jobs', 'parked', count (*) from (select from job_parked limit 100000) q
  union all select 'jobs', 'leased', coalesce (sum (l.open), 0)::double precision from job_leases l
  union all select 'jobs', 'dead', count (*) from (select from dead_letters limit 100000) q
  union all
  select 'queue_age', null, coalesce (extract (epoch from now () - min (j.run_at)), 0)::double precision
  from (select distinct on (workspace_id, agent) workspace_id, job from job_queue order by workspace_id, agent, rank limit 1000) q
  join jobs j on j.workspace_id = q.workspace_id and j.id = q.job
  union all select 'proposals', 'pending', count (*) from (select from proposals where state = 'pending' limit 100000) q
  union all select 'proposals', 'approved', count (*) from (select from proposals where state = 'approved' limit 100000) q
  union all
  select 'proposals', 'executing', count (*) from (select from effects where state = 'executing' limit 100000) q
  union all
  select 'proposals', 'unknown', count (*) from (select from effects where state = 'unknown' limit 100000) q
  union all
  select 'pending_age', null, coalesce (extract (epoch from now () - min (created_at)), 0)::double precision
  from proposals where state = 'pending'
  union all select 'controls', 'stop', count (*) from workspaces where stopped_at is not null
  union all select 'controls', 'pause', count (*) from pauses
  union all select 'controls', 'breaker', count (*) from breakers where opened_at is not null
  union all select 'controls', 'envelope', count (*) from envelopes where revoked_at is null and until > now ()
  union all select 'database_size', null, pg_database_size (current_database ())::double precision;
end $$;

create index effects_unknown on effects (workspace_id, proposal) where state = 'unknown';
