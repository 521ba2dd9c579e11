/* SPDX-License-Identifier: Apache-2.0 */
#include "workflow-fixture.h"

#include "royal-json.h"
#include "royal-test.h"

#include <string.h>

#define WAIT_MS 15000

static JsonNode *
parse (const char *text)
{
  g_autoptr (GString) quoted = g_string_new (text);
  g_autoptr (GError) error = NULL;
  JsonNode *node;

  g_string_replace (quoted, "'", "\"", 0);
  node = royal_json_parse (quoted->str, -1, "the test's JSON", &error);
  g_assert_no_error (error);
  return node;
}

RhWorkflows *
workflow_engine (HostFixture *f)
{
  RhWorkflows *engine;

  if (rh_registry_find (f->registry, "good") == NULL)
    {
      host_fixture_enable (f, "good", "good", "'limits':{'workers':1,'warm':0}");
      host_fixture_load (f);
    }
  engine = rh_workflows_new (f->store, f->registry, NULL);
  rh_workflows_start (engine);
  return engine;
}

void
workflow_engine_stop (RhWorkflows *engine)
{
  rh_workflows_stop (engine);
  royal_test_spin (20);
  g_object_unref (engine);
}

RhWorkflow *
workflow_define (const char *text)
{
  g_autoptr (JsonNode) document = parse (text);
  g_autoptr (GError) error = NULL;
  RhWorkflow *workflow = rh_workflow_new (document, "test.json", &error);

  g_assert_no_error (error);
  return workflow;
}

void
workflow_load (HostFixture *f, RhWorkflows *engine, const char *text)
{
  g_autoptr (RhWorkflow) workflow = workflow_define (text);
  g_autoptr (GPtrArray) others = rh_workflow_set_list (rh_workflows_get (engine));
  RhWorkflowSet *set = rh_workflow_set_new ();

  for (guint i = 0; i < others->len; i++)
    rh_workflow_set_add (set, others->pdata[i]);
  rh_workflow_set_add (set, workflow);
  rh_workflows_set (engine, set, f->workspace);
}

char *
workflow_run (HostFixture *f, RhWorkflows *engine, const char *name, const char *input)
{
  g_autoptr (JsonNode) node = parse (input);
  const RhWorkflowStart start = { .workflow = rh_workflow_set_find (rh_workflows_get (engine), name), .input = node };
  const RhActor actor = { .workspace = f->workspace, .name = "test", .via = "unix:0" };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) run = NULL;

  rh_workflows_begin_async (engine, &actor, &start, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  run = rh_workflows_begin_finish (engine, result, &error);
  g_assert_no_error (error);
  return g_strdup (royal_json_string (json_node_get_object (run), "id", ""));
}

static char *
sql_of (const char *run, const char *path, const char *what)
{
  if (path == NULL)
    return g_strdup_printf ("select %s from workflow_runs r where r.uid = '%s'", what, run);
  return g_strdup_printf ("select %s from workflow_runs r join workflow_steps s on s.workspace_id = r.workspace_id "
                          "and s.run = r.id and s.path = '%s' and not s.superseded where r.uid = '%s'",
                          what, path, run);
}

typedef struct {
  const char *sql;
  const char *value;
} Wanted;

static gboolean
is_so (gpointer data)
{
  Wanted *wanted = data;
  g_autofree char *list = g_strconcat ("select coalesce ((", wanted->sql, ")::text, '-')", NULL);
  g_autofree char *found = host_fixture_value (list);

  return strcmp (found, wanted->value) == 0;
}

void
workflow_wait_step (const char *run, const char *path, const char *what, const char *value)
{
  g_autofree char *sql = sql_of (run, path, what);
  Wanted wanted = { sql, value };

  g_test_message ("waiting until %s of %s is %s", what, path != NULL ? path : "the run", value);
  royal_test_wait_until (is_so, &wanted, WAIT_MS);
}

void
workflow_wait (const char *run, const char *what, const char *value)
{
  workflow_wait_step (run, NULL, what, value);
}

void
workflow_expect_step (const char *run, const char *path, const char *what, const char *value)
{
  g_autofree char *sql = sql_of (run, path, what);
  g_autofree char *list = g_strconcat ("select coalesce ((", sql, ")::text, '-')", NULL);
  g_autofree char *found = host_fixture_value (list);

  g_assert_cmpstr (found, ==, value);
}

void
workflow_expect (const char *run, const char *what, const char *value)
{
  workflow_expect_step (run, NULL, what, value);
}

void
workflow_end_job (const char *run, const char *path, const char *state, const char *value)
{
  g_autoptr (GString) quoted = g_string_new (value);
  g_autofree char *sql = NULL;

  workflow_wait_step (run, path, "s.job is not null", "true");
  g_string_replace (quoted, "'", "\"", 0);
  sql = g_strdup_printf (
      "with s as (select s.* from workflow_runs r join workflow_steps s on s.workspace_id = r.workspace_id and s.run = "
      "r.id "
      "  where r.uid = '%s' and s.path = '%s' and not s.superseded),"
      "j as (update jobs j set state = '%s', %s = '%s', finished_at = now () from s where j.uid = s.job returning j.*) "
      "insert into workflow_inbox (workspace_id, step, kind, data) "
      "select s.workspace_id, s.id, 'job', jsonb_build_object ('job', j.uid, 'state', j.state, 'result', j.result, "
      "'error', j.error) from s, j; notify royal_workflows",
      run, path, state, strcmp (state, "completed") == 0 ? "result" : "error", quoted->str);
  host_fixture_sql (sql);
}

char *
workflow_story (const char *run)
{
  g_autofree char *sql =
      g_strdup_printf ("select string_agg (s.path || ' ' || s.state, ', ' order by s.id) from workflow_runs r "
                       "join workflow_steps s on s.workspace_id = r.workspace_id and s.run = r.id where r.uid = '%s'",
                       run);

  return host_fixture_value (sql);
}

void
workflow_expect_story (const char *run, const char *story)
{
  g_autofree char *found = workflow_story (run);

  g_assert_cmpstr (found, ==, story);
}
