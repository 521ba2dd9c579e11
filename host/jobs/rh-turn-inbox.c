/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-turn-place.h"

#include "royal-json.h"

#include <string.h>

/* (transfer full): { code, message } of what was told. */
static JsonNode *
told_error (JsonObject *data, const char *what)
{
  JsonObject *error = royal_json_object (data, "error");
  const char *state = royal_json_string (data, "state", "failed");

  if (error != NULL && json_object_has_member (error, "message"))
    return json_node_init_object (json_node_alloc (), error);
  return rh_turn_error (strcmp (state, "cancelled") == 0 ? "cancelled" : "failed", "%s is %s", what, state);
}

/* (transfer full) (nullable) */
static JsonNode *
told_result (JsonObject *data)
{
  JsonNode *result = json_object_get_member (data, "result");

  return result != NULL && !JSON_NODE_HOLDS_NULL (result) ? json_node_copy (result) : NULL;
}

static void
take_job (RhTurn *turn, RhTurnRow *row, JsonObject *data)
{
  gboolean completed = strcmp (royal_json_string (data, "state", ""), "completed") == 0;
  gboolean own = g_strcmp0 (royal_json_string (data, "job", NULL), row->job) == 0;

  if (rh_turn_row_is_active (row) && own && completed)
    rh_turn_complete (turn, row, told_result (data));
  else if (rh_turn_row_is_active (row) && own)
    rh_turn_fail (turn, row, told_error (data, "the job"));
  else if (row->state == RH_ROW_COMPLETED && !own && completed)
    /* A person changed what the agent was asked: the answer to that is the step's result from now on. */
    rh_turn_row_set (row, &row->result, told_result (data));
}

static void
take_run (RhTurn *turn, RhTurnRow *row, JsonObject *data)
{
  if (!rh_turn_row_is_active (row) || g_strcmp0 (royal_json_string (data, "run", NULL), row->child) != 0)
    return;
  if (strcmp (royal_json_string (data, "state", ""), "completed") == 0)
    rh_turn_complete (turn, row, told_result (data));
  else
    rh_turn_fail (turn, row, told_error (data, "the run that it called"));
}

/* A stale proposal that nothing will follow. */
static void
take_proposal (RhTurn *turn, RhTurnRow *row, JsonObject *data)
{
  JsonObject *kept;
  JsonArray *stale;

  if (strcmp (royal_json_string (data, "state", ""), "stale") != 0)
    return;
  kept = json_object_new ();
  stale = json_array_new ();
  if (row->data != NULL && JSON_NODE_HOLDS_OBJECT (row->data))
    {
      JsonArray *before = royal_json_array (json_node_get_object (row->data), "stale");

      for (guint i = 0; before != NULL && i < json_array_get_length (before); i++)
        json_array_add_string_element (stale, json_array_get_string_element (before, i));
    }
  json_array_add_string_element (stale, royal_json_string (data, "proposal", ""));
  json_object_set_array_member (kept, "stale", stale);
  rh_turn_row_set (row, &row->data, json_node_init_object (json_node_alloc (), kept));
  json_object_unref (kept);
}

static void
take_event (RhTurn *turn, RhTurnRow *row, JsonObject *data)
{
  const RhStepCase *where = row->step->cases->len > 0 ? row->step->cases->pdata[0] : NULL;
  g_autoptr (JsonNode) event = json_node_init_object (json_node_alloc (), data);
  g_autoptr (GPtrArray) places = rh_turn_places (turn, row->path);
  const RhTurnPlace *place = places->pdata[places->len - 1];
  RhTurnView view = { turn, &place->scope, event };
  g_autofree char *fault = NULL;

  if (row->state != RH_ROW_WAITING || row->step->kind != RH_STEP_WAIT)
    return;
  if (where != NULL && rh_workflow_condition_test (where->when, rh_turn_lookup, &view, &fault) != RH_TRUTH_YES)
    return;
  rh_turn_complete (turn, row, g_steal_pointer (&event));
}

static void
take_choice (RhTurn *turn, RhTurnRow *row, JsonObject *data)
{
  if (row->state == RH_ROW_WAITING && row->step->kind == RH_STEP_DECIDE)
    rh_turn_complete (turn, row, json_node_init_object (json_node_alloc (), data));
}

void
rh_turn_take_inbox (RhTurn *self)
{
  static const struct {
    const char *kind;
    void (*take) (RhTurn *turn, RhTurnRow *row, JsonObject *data);
  } takers[] = { { "job", take_job },
                 { "run", take_run },
                 { "proposal", take_proposal },
                 { "event", take_event },
                 { "choice", take_choice } };
  JsonArray *inbox = royal_json_array (self->run, "inbox");

  for (guint i = 0; inbox != NULL && i < json_array_get_length (inbox); i++)
    {
      JsonObject *told = json_array_get_object_element (inbox, i);
      JsonObject *data = royal_json_object (told, "data");
      gint64 id = royal_json_int (told, "step", 0);
      RhTurnRow *row = g_hash_table_lookup (self->by_id, &id);

      json_array_add_int_element (self->consumed, royal_json_int (told, "id", 0));
      for (guint k = 0; row != NULL && data != NULL && k < G_N_ELEMENTS (takers); k++)
        if (strcmp (takers[k].kind, royal_json_string (told, "kind", "")) == 0)
          takers[k].take (self, row, data);
    }
}
