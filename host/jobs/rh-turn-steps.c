/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-turn.h"

#include "royal-json.h"

#include <string.h>

#define DEPTH_MAX 8

/* (transfer full): the step's `input` with its references filled; NULL when the row has failed of it. */
static JsonNode *
fill_input (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  JsonNode *wanted = json_object_get_member (row->step->body, "input");
  g_autoptr (GError) error = NULL;
  JsonNode *input;

  if (wanted == NULL)
    {
      input = json_node_new (JSON_NODE_OBJECT);
      json_node_take_object (input, json_object_new ());
      return input;
    }
  input = rh_turn_fill (turn, scope, wanted, &error);
  if (input == NULL)
    rh_turn_fail (turn, row, rh_turn_error_of (error));
  return input;
}

/* --- task --------------------------------------------------------------------------------------------------------- */

/* In a simulation a step may be given its end instead of being run. */
static gboolean
assume_end (RhTurn *turn, RhTurnRow *row)
{
  JsonObject *given = royal_json_object (royal_json_object (turn->assume, "steps"), row->step->id);
  JsonObject *error = royal_json_object (given, "error");
  JsonNode *result = given != NULL ? json_object_get_member (given, "result") : NULL;

  if (given == NULL || *row->path == '~')
    return FALSE;
  if (error != NULL && row->attempt <= royal_json_int (given, "times", G_MAXINT64))
    rh_turn_fail (turn, row,
                  rh_turn_error (royal_json_string (error, "code", "failed"), "%s",
                                 royal_json_string (error, "message", "as the scenario has it")));
  else if (result != NULL)
    rh_turn_complete (turn, row, json_node_copy (result));
  else
    return FALSE;
  return TRUE;
}

static void
begin_task (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  g_autoptr (JsonObject) request = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *input, *job;
  JsonNode *priority = json_object_get_member (row->step->body, "priority");

  if (assume_end (turn, row))
    return;
  input = fill_input (turn, row, scope);
  if (input == NULL)
    return;
  request = json_object_new ();
  json_object_set_member (request, "agent", json_object_dup_member (row->step->body, "agent"));
  json_object_set_member (request, "task", json_object_dup_member (row->step->body, "task"));
  json_object_set_member (request, "input", input);
  if (priority != NULL)
    json_object_set_member (request, "priority", json_node_ref (priority));
  job = turn->host->check_job (request, turn->host->data, &error);
  if (job == NULL)
    rh_turn_fail (turn, row, rh_turn_error_of (error));
  else
    rh_turn_row_set (row, &row->request, job);
}

const RhTurnKind rh_turn_task = { .begin = begin_task };

/* --- call --------------------------------------------------------------------------------------------------------- */

static void
begin_call (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  const char *name = royal_json_string (row->step->body, "workflow", "");
  RhWorkflow *workflow;
  g_autoptr (GError) error = NULL;
  JsonObject *child;
  JsonNode *input;

  if (assume_end (turn, row))
    return;
  workflow = turn->host->find (name, turn->host->data);
  if (workflow == NULL)
    {
      rh_turn_fail (turn, row, rh_turn_error ("not-found", "no workflow is named `%s`", name));
      return;
    }
  if (royal_json_int (turn->run, "depth", 0) >= DEPTH_MAX)
    {
      rh_turn_fail (turn, row, rh_turn_error ("limit", "calls are at most %d deep", DEPTH_MAX));
      return;
    }
  input = fill_input (turn, row, scope);
  if (input == NULL)
    return;
  if (!rh_workflow_check_input (workflow, input, &error))
    {
      json_node_unref (input);
      rh_turn_fail (turn, row, rh_turn_error_of (error));
      return;
    }
  child = json_object_new ();
  json_object_set_string_member (child, "name", rh_workflow_name (workflow));
  json_object_set_string_member (child, "hash", rh_workflow_hash (workflow));
  json_object_set_member (child, "document", json_node_ref (rh_workflow_document (workflow)));
  json_object_set_member (child, "input", input);
  rh_turn_row_set (row, &row->child_request, json_node_init_object (json_node_alloc (), child));
  json_object_unref (child);
}

const RhTurnKind rh_turn_call = { .begin = begin_call };

/* --- end ---------------------------------------------------------------------------------------------------------- */

static void
begin_end (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  gboolean fails = strcmp (royal_json_string (row->step->body, "state", ""), "failed") == 0;
  JsonNode *wanted = json_object_get_member (row->step->body, fails ? "message" : "result");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = wanted != NULL ? rh_turn_fill (turn, scope, wanted, &error) : NULL;

  turn->over = TRUE;
  turn->end = row;
  if (error != NULL)
    rh_turn_fail (turn, row, rh_turn_error_of (error));
  else if (!fails)
    rh_turn_complete (turn, row, g_steal_pointer (&value));
  else
    rh_turn_fail (turn, row,
                  rh_turn_error ("failed", "%s",
                                 value != NULL && JSON_NODE_HOLDS_VALUE (value) && json_node_get_string (value) != NULL
                                     ? json_node_get_string (value)
                                     : "the workflow ended so"));
  if (row->state == RH_ROW_FAILED)
    turn->failed = row;
}

const RhTurnKind rh_turn_end = { .begin = begin_end };
