/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-turn.h"

#include "royal-json.h"

/* Steps that are made of steps. */

/* (transfer full): the error of the step in a group that failed, with its name. */
static JsonNode *
error_within (RhTurn *turn)
{
  g_autoptr (JsonObject) error = json_object_new ();
  JsonObject *of =
      turn->failed != NULL && turn->failed->error != NULL ? json_node_get_object (turn->failed->error) : NULL;

  json_object_set_string_member (error, "code", royal_json_string (of, "code", "failed"));
  json_object_set_string_member (error, "message", royal_json_string (of, "message", "a step in it failed"));
  if (turn->failed != NULL)
    json_object_set_string_member (error, "step", royal_json_string (of, "step", turn->failed->path));
  return json_node_init_object (json_node_alloc (), error);
}

static void
fail_group (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  rh_turn_cancel_within (turn, row->step, scope->prefix);
  rh_turn_fail (turn, row, error_within (turn));
}

static void
begin_group (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
}

/* --- parallel ----------------------------------------------------------------------------------------------------- */

static void
go_on_parallel (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  gboolean busy = FALSE;
  JsonObject *result;

  for (guint i = 0; i < row->step->cases->len; i++)
    {
      const RhStepCase *list = row->step->cases->pdata[i];
      RhTurnProgress progress = rh_turn_walk (turn, list->steps, scope);

      if (turn->over)
        return;
      if (progress == RH_TURN_FAILED)
        {
          fail_group (turn, row, scope);
          return;
        }
      busy = busy || progress == RH_TURN_BUSY;
    }
  if (busy)
    return;
  result = json_object_new ();
  for (guint i = 0; i < row->step->cases->len; i++)
    {
      const RhStepCase *list = row->step->cases->pdata[i];

      json_object_set_member (result, list->name, rh_turn_last_result (turn, list->steps, scope));
    }
  rh_turn_complete (turn, row, json_node_init_object (json_node_alloc (), result));
  json_object_unref (result);
}

const RhTurnKind rh_turn_parallel = { .begin = begin_group, .go_on = go_on_parallel };

/* --- map ---------------------------------------------------------------------------------------------------------- */

/* The items are kept as they were found. */
static void
begin_map (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  gint64 most = royal_json_int (row->step->body, "max_items", 100);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) items = rh_turn_fill (turn, scope, json_object_get_member (row->step->body, "over"), &error);

  if (items == NULL)
    rh_turn_fail (turn, row, rh_turn_error_of (error));
  else if (!JSON_NODE_HOLDS_ARRAY (items))
    rh_turn_fail (turn, row, rh_turn_error ("invalid", "over: expected an array"));
  else if (json_array_get_length (json_node_get_array (items)) > most)
    rh_turn_fail (turn, row,
                  rh_turn_error ("limit", "over: expected at most %" G_GINT64_FORMAT " items, found %u", most,
                                 json_array_get_length (json_node_get_array (items))));
  else
    rh_turn_row_set (row, &row->data, g_steal_pointer (&items));
}

static void
go_on_map (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  const RhStepCase *list = row->step->cases->pdata[0];
  JsonArray *items = json_node_get_array (row->data);
  gint64 room = royal_json_int (row->step->body, "at_once", 10);
  gboolean done = TRUE;
  JsonArray *results;
  g_autoptr (JsonNode) result = NULL;

  results = json_array_new ();
  result = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (result, results);
  for (guint i = 0; room > 0 && i < json_array_get_length (items); i++)
    {
      g_autofree char *prefix = g_strdup_printf ("%s%s[%u].", scope->prefix, row->step->id, i);
      const RhScope inner = { scope, prefix, json_array_get_element (items, i), i };
      RhTurnProgress progress = rh_turn_walk (turn, list->steps, &inner);

      if (turn->over)
        return;
      if (progress == RH_TURN_FAILED)
        {
          fail_group (turn, row, scope);
          return;
        }
      if (progress == RH_TURN_BUSY)
        {
          done = FALSE;
          room--;
        }
      else if (done)
        json_array_add_element (results, rh_turn_last_result (turn, list->steps, &inner));
    }
  if (done)
    rh_turn_complete (turn, row, g_steal_pointer (&result));
}

const RhTurnKind rh_turn_map = { .begin = begin_map, .go_on = go_on_map };

/* --- branch ------------------------------------------------------------------------------------------------------- */

/* Which case holds is decided once, and kept. -1: none. */
static void
begin_branch (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  RhTurnView view = { turn, scope, NULL };
  gint64 chosen = -1;

  for (guint i = 0; chosen < 0 && i < row->step->cases->len; i++)
    {
      const RhStepCase *branch = row->step->cases->pdata[i];
      g_autofree char *fault = NULL;
      RhTruth truth = branch->when != NULL ? rh_workflow_condition_test (branch->when, rh_turn_lookup, &view, &fault)
                                           : RH_TRUTH_YES;

      if (truth == RH_TRUTH_ERROR)
        {
          rh_turn_fail (turn, row, rh_turn_error ("invalid", "cases/%u: when: %s", i, fault));
          return;
        }
      if (truth == RH_TRUTH_YES)
        chosen = i;
    }
  rh_turn_row_set (row, &row->data, json_node_init_int (json_node_alloc (), chosen));
  if (chosen < 0)
    rh_turn_complete (turn, row, NULL);
}

static void
go_on_branch (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  guint chosen = (guint)json_node_get_int (row->data);
  const RhStepCase *branch = chosen < row->step->cases->len ? row->step->cases->pdata[chosen] : NULL;
  RhTurnProgress progress = branch != NULL ? rh_turn_walk (turn, branch->steps, scope) : RH_TURN_DONE;

  if (turn->over)
    return;
  if (progress == RH_TURN_FAILED)
    fail_group (turn, row, scope);
  else if (progress == RH_TURN_DONE)
    rh_turn_complete (turn, row, branch != NULL ? rh_turn_last_result (turn, branch->steps, scope) : NULL);
}

const RhTurnKind rh_turn_branch = { .begin = begin_branch, .go_on = go_on_branch };
