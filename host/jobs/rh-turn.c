/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-turn.h"

#include "royal-json.h"

#include <string.h>

/* What a run may keep: its steps' results are read whole in each of its turns. */
#define RESULT_MAX (256 * 1024)
#define CONTEXT_MAX (1024 * 1024)

/* --- references --------------------------------------------------------------------------------------------------- */

static JsonNode *
text_node (const char *text)
{
  return text != NULL ? json_node_init_string (json_node_alloc (), text) : NULL;
}

/* The row of the step @id as it is seen from @scope. */
static RhTurnRow *
find_row (RhTurn *self, const RhScope *scope, const char *id)
{
  for (; scope != NULL; scope = scope->outer)
    {
      g_autofree char *path = g_strconcat (scope->prefix, id, NULL);
      RhTurnRow *row = g_hash_table_lookup (self->rows, path);

      if (row != NULL)
        return row;
    }
  return NULL;
}

static JsonNode *
lookup_step (RhTurnView *view, const char *const *parts, guint *ret_used)
{
  RhTurnRow *row = parts[1] != NULL && parts[2] != NULL ? find_row (view->turn, view->scope, parts[1]) : NULL;
  JsonNode *node;

  *ret_used = 3;
  if (row == NULL)
    return NULL;
  if (strcmp (parts[2], "state") == 0)
    return text_node (rh_turn_row_state_name (row));
  node = strcmp (parts[2], "error") == 0 ? row->error : row->result;
  return node != NULL ? json_node_ref (node) : NULL;
}

static JsonNode *
lookup_run (RhTurnView *view, const char *const *parts, guint *ret_used)
{
  static const struct {
    const char *name;
    const char *member;
  } members[] = {
    { "id", "uid" }, { "workflow", "workflow" }, { "started_at", "created_at" }, { "started_by", "created_by" }
  };

  *ret_used = 2;
  for (guint i = 0; parts[1] != NULL && i < G_N_ELEMENTS (members); i++)
    if (strcmp (members[i].name, parts[1]) == 0)
      return text_node (royal_json_string (view->turn->run, members[i].member, NULL));
  return NULL;
}

JsonNode *
rh_turn_lookup (const char *const *parts, guint *ret_used, gpointer data)
{
  RhTurnView *view = data;
  const RhScope *scope = view->scope;

  if (strcmp (parts[0], "steps") == 0)
    return lookup_step (view, parts, ret_used);
  if (strcmp (parts[0], "run") == 0)
    return lookup_run (view, parts, ret_used);
  *ret_used = 1;
  if (strcmp (parts[0], "input") == 0)
    return json_object_dup_member (view->turn->run, "input");
  if (strcmp (parts[0], "event") == 0)
    return view->event != NULL ? json_node_ref (view->event) : NULL;
  if (strcmp (parts[0], "item") == 0)
    return scope->item != NULL ? json_node_ref (scope->item) : NULL;
  if (strcmp (parts[0], "index") == 0 && scope->item != NULL)
    return json_node_init_int (json_node_alloc (), scope->index);
  return NULL;
}

JsonNode *
rh_turn_fill (RhTurn *self, const RhScope *scope, JsonNode *value, GError **error)
{
  RhTurnView view = { self, scope, NULL };
  g_autoptr (JsonNode) filled = rh_reference_fill (value, rh_turn_lookup, &view, error);

  if (filled == NULL || !royal_json_check (filled, "the value", error))
    return NULL;
  return g_steal_pointer (&filled);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

JsonNode *
rh_turn_error (const char *code, const char *format, ...)
{
  g_autoptr (JsonObject) error = json_object_new ();
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  json_object_set_string_member (error, "code", code);
  json_object_set_string_member (error, "message", message);
  return json_node_init_object (json_node_alloc (), error);
}

JsonNode *
rh_turn_error_of (const GError *error)
{
  return rh_turn_error (royal_error_code_name (error->domain == ROYAL_ERROR ? error->code : ROYAL_ERROR_FAILED), "%s",
                        error->message);
}

void
rh_turn_tell (RhTurn *self, const char *kind, JsonObject *data, gboolean audited)
{
  JsonObject *event = json_object_new ();

  if (data == NULL)
    data = json_object_new ();
  json_object_set_string_member (data, "workflow", rh_workflow_name (self->workflow));
  json_object_set_string_member (event, "kind", kind);
  json_object_set_object_member (event, "data", data);
  json_object_set_boolean_member (event, "audited", audited);
  json_array_add_object_element (self->events, event);
}

static JsonObject *
row_event (RhTurnRow *row)
{
  JsonObject *data = json_object_new ();

  json_object_set_string_member (data, "step", row->path);
  json_object_set_string_member (data, "kind", rh_step_kind_name (row->step->kind));
  json_object_set_string_member (data, "state", rh_turn_row_state_name (row));
  if (row->error != NULL)
    json_object_set_member (data, "error", json_node_ref (row->error));
  return data;
}

RhTurnRow *
rh_turn_begin (RhTurn *self, const char *path, const RhWorkflowStep *step)
{
  RhTurnRow *row = rh_turn_row_new (path, step);

  row->attempt = royal_json_int (royal_json_object (self->run, "attempts"), path, 0) + 1;
  if (step->timeout_s > 0)
    row->due_us = self->now_us + step->timeout_s * G_USEC_PER_SEC;
  g_hash_table_replace (self->rows, row->path, row);
  g_ptr_array_add (self->order, row);
  return row;
}

static void
end_row (RhTurn *self, RhTurnRow *row, RhRowState state)
{
  row->state = state;
  row->changed = TRUE;
  /* After all that had ended before. */
  if (row->order != G_MAXINT64)
    row->order = G_MAXINT64 - 1;
  g_clear_pointer (&row->request, json_node_unref);
  g_clear_pointer (&row->child_request, json_node_unref);
  g_clear_pointer (&row->event, json_node_unref);
  rh_turn_tell (self, "workflow.step.ended", row_event (row), FALSE);
}

void
rh_turn_complete (RhTurn *self, RhTurnRow *row, JsonNode *result)
{
  g_autofree char *text = result != NULL ? royal_json_to_string (result) : NULL;
  gsize size = text != NULL ? strlen (text) : 0;

  if (size > RESULT_MAX || self->size + size > CONTEXT_MAX)
    {
      json_node_unref (result);
      rh_turn_fail (self, row,
                    rh_turn_error ("limit", "the result is %zu bytes of JSON; a step keeps at most %d, a run %d in all",
                                   size, RESULT_MAX, CONTEXT_MAX));
      return;
    }
  self->size += size;
  rh_turn_row_set (row, &row->result, result);
  end_row (self, row, RH_ROW_COMPLETED);
}

void
rh_turn_fail (RhTurn *self, RhTurnRow *row, JsonNode *error)
{
  rh_turn_row_set (row, &row->error, error);
  end_row (self, row, RH_ROW_FAILED);
}

void
rh_turn_cancel (RhTurn *self, RhTurnRow *row)
{
  if (row->job != NULL)
    json_array_add_string_element (self->cancel_jobs, row->job);
  if (row->child != NULL)
    json_array_add_string_element (self->cancel_runs, row->child);
  end_row (self, row, RH_ROW_CANCELLED);
}

void
rh_turn_wait (RhTurn *self, RhTurnRow *row, JsonObject *what)
{
  gboolean first = row->state != RH_ROW_WAITING;
  JsonObject *data;

  row->state = RH_ROW_WAITING;
  rh_turn_row_set (row, &row->waits_for, json_node_init_object (json_node_alloc (), what));
  if (first)
    {
      data = row_event (row);
      json_object_set_member (data, "waits_for", json_node_ref (row->waits_for));
      rh_turn_tell (self, "workflow.waiting", data, FALSE);
    }
  json_object_unref (what);
}

void
rh_turn_cancel_within (RhTurn *self, const RhWorkflowStep *step, const char *prefix)
{
  for (guint i = 0; i < self->order->len; i++)
    {
      RhTurnRow *row = self->order->pdata[i];

      if (rh_turn_row_is_active (row) && *row->path != '~' && g_str_has_prefix (row->path, prefix) &&
          (step == NULL || (row->step != step && rh_workflow_step_is_within (row->step, step))))
        rh_turn_cancel (self, row);
    }
}
