/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"

#include <string.h>

/* One workspace's rows are nothing to another: every table, from the catalogue, so that a new one without its policy
 * fails. */

static char *
value_as (const char *role, const char *sql)
{
  g_autofree char *info = rh_cluster_conninfo (royal_test_cluster (), role);

  return royal_test_sql_value (info, sql);
}

static void
assert_none (const char *what, const char *sql)
{
  g_autofree char *found = value_as ("royal_owner", sql);

  if (*found != '\0')
    g_error ("%s: %s", what, found);
}

/* A row in every table that has a workspace_id, for each of two workspaces: made up by type, so that a new table is
 * filled too. Constraints are not what is tested here; they go. */
static const char fill[] =
    "create function made_up (t text, ws bigint) returns text language sql as $$"
    " select case"
    "  when t in ('bigint', 'integer', 'smallint', 'numeric', 'double precision', 'real') then ws::text"
    "  when t like 'numeric%' then ws::text"
    "  when t = 'text' then quote_literal ('v' || ws)"
    "  when t = 'boolean' then 'false'"
    "  when t = 'uuid' then 'gen_random_uuid ()'"
    "  when t in ('jsonb', 'json') then quote_literal ('{}')"
    "  when t = 'bytea' then quote_literal ('\\x0' || ws)"
    "  when t like 'timestamp%' then 'now ()'"
    "  when t = 'date' then 'current_date + ' || ws"
    "  when t like '%[]' then quote_literal ('{}')"
    " end $$;"
    "do $$ declare c record; t record; ws bigint; names text; vals text; begin"
    " for c in select conrelid::regclass as rel, conname from pg_constraint n join pg_class k on k.oid = n.conrelid"
    "  where n.connamespace = 'public'::regnamespace and contype in ('c', 'f') and not k.relispartition loop"
    "   execute format ('alter table %s drop constraint if exists %I', c.rel, c.conname); end loop;"
    " for t in select k.oid, k.oid::regclass as rel from pg_class k join pg_attribute a on a.attrelid = k.oid"
    "  where k.relnamespace = 'public'::regnamespace and k.relkind in ('r', 'p') and not k.relispartition"
    "   and a.attname = 'workspace_id' and k.relname <> 'workspaces' loop"
    "  for ws in select workspace_id from workspaces where name in ('rls-a', 'rls-b') loop"
    "   select string_agg (quote_ident (attname), ','),"
    "    string_agg (case when attname = 'workspace_id' then ws::text"
    "     else coalesce (made_up (format_type (atttypid, atttypmod), ws), 'no value for ' || attname) end, ',')"
    "   into names, vals from pg_attribute where attrelid = t.oid and attnum > 0 and not attisdropped"
    "    and attidentity = '' and attgenerated = '' and (attnotnull or attname = 'workspace_id');"
    "   execute format ('insert into %s (%s) values (%s)', t.rel, names, vals);"
    "  end loop; end loop; end $$;";

/* What a session of workspace rls-a tries on every table; it is told of what it should not have been able to do. */
static const char attack[] =
    "create or replace function pg_temp.attack () returns text language plpgsql as $$"
    " declare t record; n bigint; told text := ''; a bigint := current_setting ('royal.workspace')::bigint;"
    "  b bigint := current_setting ('test.other')::bigint; begin"
    " for t in select k.oid, k.oid::regclass as rel, has_table_privilege (k.oid, 'select') as readable,"
    " (select attname from pg_attribute where attrelid = k.oid and attnum > 0 and not attisdropped and attidentity = ''"
    "   and attgenerated = '' order by attnum limit 1) as col"
    "  from pg_class k join pg_attribute c on c.attrelid = k.oid"
    "  where k.relnamespace = 'public'::regnamespace and k.relkind in ('r', 'p', 'v', 'm') and c.attname = "
    "'workspace_id'"
    "   and not c.attisdropped loop"
    "  begin execute format ('select count(*) from %s where workspace_id <> %s', t.rel, a) into n;"
    "   if n > 0 then told := told || format (' %s shows %s rows of others;', t.rel, n); end if;"
    "   execute format ('select count(*) from %s where workspace_id = %s', t.rel, a) into n;"
    "   if n = 0 then told := told || format (' %s shows nothing of its own;', t.rel); end if;"
    "  exception when insufficient_privilege or object_not_in_prerequisite_state then end;"
    "  begin execute format ('update %s set %I = %I where workspace_id <> %s', t.rel, t.col, t.col, a);"
    "   get diagnostics n = row_count;"
    "   if n > 0 then told := told || format (' %s lets others'' rows be changed;', t.rel); end if;"
    "  exception when insufficient_privilege or object_not_in_prerequisite_state then end;"
    "  begin execute format ('delete from %s where workspace_id <> %s', t.rel, a);"
    "   get diagnostics n = row_count;"
    "   if n > 0 then told := told || format (' %s lets others'' rows be deleted;', t.rel); end if;"
    "  exception when insufficient_privilege or object_not_in_prerequisite_state then end;"
    "  begin execute format ('update %s set workspace_id = %s where workspace_id = %s', t.rel, b, a);"
    "   get diagnostics n = row_count;"
    "   if n > 0 then told := told || format (' %s lets a row be given away;', t.rel); end if;"
    "  exception when insufficient_privilege or generated_always or object_not_in_prerequisite_state then end;"
    "  if t.readable then"
    "  begin execute format ('insert into %s overriding system value select (jsonb_populate_record (x, "
    "jsonb_build_object (''workspace_id'', %s))).* from %s x limit 1', t.rel, b, t.rel);"
    "   get diagnostics n = row_count;"
    "   if n > 0 then told := told || format (' %s lets a row be planted;', t.rel); end if;"
    "  exception when insufficient_privilege or object_not_in_prerequisite_state then end; end if;"
    " end loop; return told; end $$;";

static const char digest[] =
    "create function everything () returns text language plpgsql as $$ declare t record; d text; whole text := ''; "
    "begin"
    " for t in select k.oid::regclass as rel from pg_class k join pg_attribute c on c.attrelid = k.oid"
    "  where k.relnamespace = 'public'::regnamespace and k.relkind in ('r', 'p') and c.attname = 'workspace_id'"
    "   order by k.relname loop"
    "  execute format ('select md5 (string_agg (x::text, '','' order by x::text)) from %s x', t.rel) into d;"
    "  whole := whole || coalesce (d, '-'); end loop; return md5 (whole); end $$;";

static void
test_isolation (void)
{
  g_autofree char *owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *sql = NULL;
  g_autofree char *told = NULL;
  g_autofree char *tables = NULL;

  royal_test_migrate ();
  a = royal_test_sql_value (owner, "select workspace_id from workspace_open ('rls-a', true)");
  b = royal_test_sql_value (owner, "select workspace_id from workspace_open ('rls-b', true)");
  royal_test_sql (owner, fill);
  royal_test_sql (owner, digest);
  tables = royal_test_sql_value (owner, "select count(distinct attrelid) > 15 from pg_attribute a join pg_class k on"
                                        " k.oid = attrelid where attname = 'workspace_id' and relkind in ('r', 'p')"
                                        " and relnamespace = 'public'::regnamespace");
  g_assert_cmpstr (tables, ==, "t");
  before = royal_test_sql_value (owner, "select everything ()");

  sql =
      g_strdup_printf ("%s set royal.workspace = '%s'; set test.other = '%s'; select pg_temp.attack ()", attack, a, b);
  told = value_as ("royal_host", sql);
  g_assert_cmpstr (told, ==, "");

  after = royal_test_sql_value (owner, "select everything ()");
  g_assert_cmpstr (after, ==, before);
}

/* With no workspace set, nothing is shown at all but which migrations are in. */
static void
test_no_workspace (void)
{
  g_autofree char *told =
      value_as ("royal_host",
                "create function pg_temp.look () returns text language plpgsql as $$ declare t record; n bigint; told "
                "text := ''; begin"
                " for t in select k.oid::regclass as rel from pg_class k where k.relname <> 'schema_migrations' and "
                "k.relnamespace = 'public'::regnamespace"
                "  and k.relkind in ('r', 'p', 'v', 'm') and has_table_privilege (k.oid, 'select') loop"
                "  begin execute format ('select count(*) from %s', t.rel) into n;"
                "  if n > 0 then told := told || format (' %s shows %s rows', t.rel, n); end if;"
                "  exception when sqlstate 'RY404' then end;"
                " end loop; return told; end $$; select pg_temp.look ()");

  g_assert_cmpstr (told, ==, "");
}

static void
test_catalogue (void)
{
  assert_none ("tables without row-level security, enabled and forced",
               "select string_agg (relname, ', ') from pg_class where relnamespace = 'public'::regnamespace"
               " and relkind in ('r', 'p') and not (relrowsecurity and relforcerowsecurity)"
               " and relname <> 'schema_migrations'");
  assert_none (
      "what royal_host may do to the list of migrations but read it",
      "select 'write' where has_table_privilege ('royal_host', 'schema_migrations', 'insert, update, delete')");
  assert_none (
      "tables that have workspace_id and not in front of the primary key",
      "select string_agg (k.relname, ', ') from pg_class k join pg_attribute a on a.attrelid = k.oid"
      " left join pg_index i on i.indrelid = k.oid and i.indisprimary"
      " where k.relnamespace = 'public'::regnamespace and k.relkind in ('r', 'p') and a.attname = 'workspace_id'"
      " and i.indkey[0] is distinct from a.attnum"
      /* a heap that rows pass through, read by the journal alone, for all workspaces */
      " and k.relname <> 'outbox'");
  assert_none ("views that look with their owner's eyes",
               "select string_agg (relname, ', ') from pg_class where relnamespace = 'public'::regnamespace"
               " and (relkind = 'm' or (relkind = 'v'"
               " and not coalesce (reloptions::text[] && '{security_invoker=true,security_invoker=on}', false)))");
  assert_none (
      "definer functions without a fixed search_path",
      "select string_agg (proname, ', ') from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"
      " and not exists (select from unnest (proconfig) c where c = 'search_path=public, pg_temp')");
  assert_none ("roles that could pass by it",
               "select string_agg (rolname, ', ') from pg_roles where rolname = 'royal_host'"
               " and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)");
  assert_none ("things that royal_host owns",
               "select string_agg (relname, ', ') from pg_class where relowner = 'royal_host'::regrole");
  assert_none ("functions that royal_host owns",
               "select string_agg (proname, ', ') from pg_proc where proowner = 'royal_host'::regrole");
  assert_none ("roles that royal_host can become",
               "select string_agg (rolname, ', ') from pg_roles where rolname <> 'royal_host'"
               " and rolname !~ '^pg_' and pg_has_role ('royal_host', oid, 'member')");
  assert_none ("where royal_host can make functions of its own, in the path of others",
               "select 'public' where has_schema_privilege ('royal_host', 'public', 'create')");
}

/* The host's own statements change nothing: what is written is written by a transition. */
static void
test_writes (void)
{
  static const char *const forged[] = {
    "insert into outbox (workspace_id, kind, actor, data) values (royal_workspace (), 'approval.decided', 'ceo', '{}')",
    "select outbox_put ('approval.decided', null, 'ceo', '{}')",
    "update proposals set state = 'approved'",
    "update effects set state = 'executing'",
    "insert into approvals (workspace_id, proposal, answer, actor, via) values (royal_workspace (), 1, 'approve', "
    "'ceo', "
    "'x')",
    "update tokens set role = 'admin'",
    "update jobs set input = '{}'",
    "delete from agent_state",
    "update retail_markdowns set state = 'reverted'",
    "update workspaces set stopped_at = null",
  };
  g_autofree char *host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");

  assert_none ("tables that royal_host writes to by itself",
               "select string_agg (relname, ', ') from pg_class where relnamespace = 'public'::regnamespace"
               " and relkind in ('r', 'p', 'v') and has_table_privilege ('royal_host', oid,"
               " 'insert, update, delete, truncate, references, trigger')");
  for (guint i = 0; i < G_N_ELEMENTS (forged); i++)
    {
      g_autofree char *sql = g_strdup_printf (
          "create function pg_temp.forge () returns text language plpgsql as $$ begin"
          " perform set_config ('royal.workspace', (select min (workspace_id)::text from workspace_list ()), true);"
          " execute $f$%s$f$; return 'done'; exception when insufficient_privilege then return 'refused'; end $$;"
          " select pg_temp.forge ()",
          forged[i]);
      g_autofree char *told = royal_test_sql_value (host, sql);

      if (!g_str_equal (told, "refused"))
        g_error ("%s: %s", forged[i], told);
    }
}

/* What the functions of the owner do for a session of one workspace, they do not do to another's rows. */
static void
test_functions (void)
{
  static const char *const foreign[][2] = {
    { "token_revoke (%s, 'x')", "select quote_literal (uid) from tokens" },
    { "job_cancel (%s, 'x')", "select quote_literal (uid) from jobs" },
    { "job_get (%s)", "select quote_literal (uid) from jobs" },
    { "job_fail ('v2', %s, 1, '{}', false, false)", "select l.id || ',' || l.jobs[1] from job_leases l" },
    { "job_return ('v2', %s, 1, true)", "select l.id || ',' || l.jobs[1] from job_leases l" },
    { "dead_retry (array[%s]::uuid[], null, 'x')", "select quote_literal (uid) from jobs" },
    { "dead_discard (array[%s]::uuid[], null, 'x')", "select quote_literal (uid) from jobs" },
    { "dead_edit (%s, '{}', 'x')", "select quote_literal (uid) from jobs" },
    { "proposal_get (%s)", "select quote_literal (uid) from proposals" },
    { "proposal_answer (%s, 'reject', null, 'x', 'x', 'no')", "select quote_literal (uid) from proposals" },
    { "proposal_whole (%s)", "select quote_literal (uid) from proposals" },
    { "proposal_items_page (%s, null, 10)", "select quote_literal (uid) from proposals" },
    { "proposal_revisions (%s)", "select quote_literal (uid) from proposals" },
    { "proposal_amendable (%s, 'x', 'x', 'admin')", "select quote_literal (uid) from proposals" },
    { "proposal_rerun (%s, 'x', '{}', '{}', 'x', 'x', null, 'admin')", "select quote_literal (uid) from proposals" },
    { "proposal_again_failed (%s, 'x', true)", "select quote_literal (uid) from proposals" },
    { "proposal_keep (%s, 'x', 'x', 'x', 'admin')", "select quote_literal (uid) from proposals" },
    { "delegation_revoke (%s, 'x', 'admin')", "select quote_literal (uid) from delegations" },
    { "workflow_get (%s)", "select quote_literal (uid) from workflow_runs" },
    { "workflow_cancel (%s, true, 'x')", "select quote_literal (uid) from workflow_runs" },
    { "workflow_retry (%s, 'x')", "select quote_literal (uid) from workflow_runs" },
    { "workflow_choose (%s, 'v2', 'x', null, 'x', 'admin')", "select quote_literal (uid) from workflow_runs" },
    { "simulation_get (%s)", "select quote_literal (uid) from workflow_runs" },
    { "retail_season (%s, null)", "select quote_literal (uid) from retail_seasons" },
    { "retail_apply_markdown ('k', %s, 0.1, '{}')", "select quote_literal (uid) from retail_seasons" },
    { "retail_revert_markdown ('k', %s)",
      "select quote_literal (jsonb_build_object ('markdown', uid)) from retail_markdowns" },
    { "retail_import ('actuals', %s, false, 'x')",
      "select quote_literal (jsonb_build_object ('season', uid)) from retail_seasons" },
    { "retail_plan (%s)", "select quote_literal (uid) from retail_seasons" },
    { "retail_variance (%s, null)", "select quote_literal (uid) from retail_seasons" },
  };
  g_autofree char *owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  g_autofree char *a = royal_test_sql_value (owner, "select workspace_id from workspaces where name = 'rls-a'");
  g_autofree char *b = royal_test_sql_value (owner, "select workspace_id from workspaces where name = 'rls-b'");
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  /* Each would succeed for its own workspace. */
  royal_test_sql (owner,
                  "update jobs set state = 'queued', attempt = 0;"
                  "update job_leases l set owner = 'v2', open = 1, limited = false, jobs = array (select j.id"
                  " from jobs j where j.workspace_id = l.workspace_id limit 1);"
                  "update dead_letters d set job = (select j.id from jobs j where j.workspace_id = d.workspace_id"
                  " limit 1);"
                  "update proposals set state = 'pending', expires_at = now () + interval '1 day'");
  before = royal_test_sql_value (owner, "select everything ()");

  for (guint i = 0; i < G_N_ELEMENTS (foreign); i++)
    {
      g_autofree char *find = g_strdup_printf ("%s where workspace_id = %s limit 1", foreign[i][1], b);
      g_autofree char *found = royal_test_sql_value (owner, find);
      g_auto (GStrv) around = g_strsplit (foreign[i][0], "%s", 2);
      g_autofree char *sql = g_strdup_printf (
          "create function pg_temp.reach () returns text language plpgsql as $$ begin perform %s%s%s; return 'done';"
          " exception when others then return sqlstate; end $$; set royal.workspace = '%s'; select pg_temp.reach ()",
          around[0], found, around[1], a);
      g_autofree char *told = value_as ("royal_host", sql);

      /* A run that is not there is one that is not held. */
      if (!g_str_equal (told, strstr (foreign[i][1], "from job_leases") != NULL ? "RY409" : "RY404"))
        g_error ("%s: %s", foreign[i][0], told);
    }
  after = royal_test_sql_value (owner, "select everything ()");
  g_assert_cmpstr (after, ==, before);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/rls/isolation", test_isolation);
  g_test_add_func ("/rls/no-workspace", test_no_workspace);
  g_test_add_func ("/rls/catalogue", test_catalogue);
  g_test_add_func ("/rls/writes", test_writes);
  g_test_add_func ("/rls/functions", test_functions);
  return royal_test_run ();
}
