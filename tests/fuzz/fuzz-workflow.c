/* SPDX-License-Identifier: Apache-2.0 */
/* A workflow's file, and the first turns of a run of it: what is taken can be run, and says the same when it is read
 * again. */
#include "fuzz.h"
#include "rh-workflow-turn.h"
#include "royal-json.h"

#include <string.h>

#define TURNS 4

static JsonNode *
check_job (JsonObject *request, gpointer data, GError **error)
{
  return json_node_init_object (json_node_alloc (), request);
}

static RhWorkflow *
find (const char *name, gpointer data)
{
  return strcmp (name, rh_workflow_name (data)) == 0 ? data : NULL;
}

/* The rows as the database would have them after @turn: tasks end at once with what they were given. */
static void
apply (JsonObject *run, JsonObject *turn, gint64 *last_id)
{
  JsonArray *rows = royal_json_array (run, "steps");
  JsonArray *steps = royal_json_array (turn, "steps");
  JsonArray *inbox = json_array_new ();

  for (guint i = 0; i < json_array_get_length (steps); i++)
    {
      JsonObject *step = json_array_get_object_element (steps, i);
      g_autoptr (JsonObject) job =
          royal_json_object (step, "job") != NULL ? json_object_ref (royal_json_object (step, "job")) : NULL;
      gboolean known = FALSE;

      for (guint k = 0; k < json_array_get_length (rows); k++)
        if (strcmp (royal_json_string (json_array_get_object_element (rows, k), "path", ""),
                    royal_json_string (step, "path", "-")) == 0)
          {
            json_object_set_int_member (step, "id", royal_json_int (json_array_get_object_element (rows, k), "id", 0));
            json_array_remove_element (rows, k);
            known = TRUE;
            break;
          }
      if (!known)
        json_object_set_int_member (step, "id", ++*last_id);
      if (job != NULL)
        {
          JsonObject *told = json_object_new (), *data = json_object_new ();

          json_object_set_string_member (step, "job", "j");
          json_object_set_string_member (data, "job", "j");
          json_object_set_string_member (data, "state", "completed");
          if (json_object_has_member (job, "input"))
            json_object_set_member (data, "result", json_object_dup_member (job, "input"));
          json_object_set_int_member (told, "id", *last_id);
          json_object_set_int_member (told, "step", royal_json_int (step, "id", 0));
          json_object_set_string_member (told, "kind", "job");
          json_object_set_object_member (told, "data", data);
          json_array_add_object_element (inbox, told);
        }
      json_array_add_object_element (rows, json_object_ref (step));
    }
  json_object_set_array_member (run, "inbox", inbox);
  json_object_set_string_member (run, "state", royal_json_string (turn, "state", ""));
}

static void
run_workflow (RhWorkflow *workflow)
{
  const RhTurnHost host = { check_job, find, workflow };
  g_autoptr (JsonObject) run = json_object_new ();
  JsonObject *input = json_object_new ();
  gint64 last_id = 0;

  json_object_set_int_member (input, "n", 3);
  json_object_set_object_member (run, "input", input);
  json_object_set_string_member (run, "state", "running");
  json_object_set_array_member (run, "steps", json_array_new ());
  for (guint i = 0; i < TURNS; i++)
    {
      g_autoptr (JsonNode) turn = NULL;
      const char *state;

      json_object_set_int_member (run, "now_us", 1000000000000000 + i * (gint64)31622400 * G_USEC_PER_SEC);
      turn = rh_workflow_turn (workflow, run, &host);
      g_assert_true (JSON_NODE_HOLDS_OBJECT (turn));
      state = royal_json_string (json_node_get_object (turn), "state", "");
      if (strcmp (state, "completed") == 0 || strcmp (state, "failed") == 0)
        return;
      apply (run, json_node_get_object (turn), &last_id);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  g_autoptr (JsonNode) node = royal_json_parse ((const char *)data, (gssize)length, "input", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhWorkflow) workflow = node != NULL ? rh_workflow_new (node, "input", &error) : NULL;
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) again = NULL;
  g_autoptr (RhWorkflow) same = NULL;

  if (workflow == NULL)
    {
      g_assert_true (node == NULL || g_str_has_prefix (error->message, "input: "));
      return 0;
    }
  text = royal_json_to_string (rh_workflow_document (workflow));
  again = royal_json_parse (text, -1, "again", NULL);
  g_assert_nonnull (again);
  same = rh_workflow_new (again, "again", NULL);
  g_assert_nonnull (same);
  g_assert_cmpstr (rh_workflow_hash (same), ==, rh_workflow_hash (workflow));
  run_workflow (workflow);
  return 0;
}
