-- SPDX-License-Identifier: Apache-2.0
-- The host's role writes through functions alone: no row of the gate, the queue, the outbox or retail can be put in or
-- changed but by a transition, whatever statement reaches the database. Row-level security does not hold back a function
-- of the owner: each of these names the workspace in every statement, and tests/integration/test-rls.c tries them.

do $$
declare
  f regprocedure;
  t regclass;
  transitions constant text[] := array[
    'token_create', 'token_revoke', 'policy_loaded', 'agent_loaded', 'proposal_submit', 'proposal_answer', 'state_put',
    'job_enqueue', 'job_complete', 'job_fail', 'job_return', 'job_cancel', 'run_progress', 'retail_apply_markdown',
    'retail_revert_markdown', 'retail_import_stores', 'retail_import_forecast', 'retail_import_actuals'];
begin
  for f in select oid::regprocedure from pg_proc
           where pronamespace = 'public'::regnamespace and proname = any (transitions) loop
    execute format ('alter function %s security definer set search_path = public, pg_temp', f);
  end loop;
  for t in select oid::regclass from pg_class
           where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname <> 'schema_migrations' loop
    execute format ('revoke insert, update, delete, truncate, references, trigger on %s from royal_host', t);
  end loop;
end $$;

-- Only a transition tells.
revoke execute on function outbox_put (text, text, text, jsonb, boolean) from public;
