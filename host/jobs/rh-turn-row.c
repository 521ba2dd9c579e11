/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-turn-row.h"

#include "royal-json.h"

#include <string.h>

static const char *const state_names[] = { "running", "waiting", "completed", "failed", "skipped", "cancelled" };

RhTurnRow *
rh_turn_row_new (const char *path, const RhWorkflowStep *step)
{
  RhTurnRow *self;

  g_return_val_if_fail (path != NULL && step != NULL, NULL);

  self = g_new0 (RhTurnRow, 1);
  self->path = g_strdup (path);
  self->step = step;
  self->attempt = 1;
  self->order = G_MAXINT64;
  self->changed = TRUE;
  return self;
}

/* (transfer full) (nullable) */
static JsonNode *
member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && !JSON_NODE_HOLDS_NULL (node) ? json_node_ref (node) : NULL;
}

RhTurnRow *
rh_turn_row_read (JsonObject *object, const RhWorkflowStep *step)
{
  const char *state;
  RhTurnRow *self;

  g_return_val_if_fail (object != NULL && step != NULL, NULL);

  self = rh_turn_row_new (royal_json_string (object, "path", ""), step);
  state = royal_json_string (object, "state", "");
  self->state = RH_ROW_CANCELLED;
  for (guint i = 0; i < G_N_ELEMENTS (state_names); i++)
    if (strcmp (state_names[i], state) == 0)
      self->state = i;
  self->id = royal_json_int (object, "id", 0);
  self->attempt = royal_json_int (object, "attempt", 1);
  self->order = royal_json_int (object, "order", 0);
  self->due_us = royal_json_int (object, "due_us", 0);
  self->size = (gsize)royal_json_int (object, "size", 0);
  self->job = g_strdup (royal_json_string (object, "job", NULL));
  self->child = g_strdup (royal_json_string (object, "child", NULL));
  self->waits_for = member (object, "waits_for");
  self->data = member (object, "data");
  self->result = member (object, "result");
  self->error = member (object, "error");
  self->changed = FALSE;
  return self;
}

void
rh_turn_row_free (RhTurnRow *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->job);
  g_free (self->child);
  g_clear_pointer (&self->waits_for, json_node_unref);
  g_clear_pointer (&self->data, json_node_unref);
  g_clear_pointer (&self->result, json_node_unref);
  g_clear_pointer (&self->error, json_node_unref);
  g_clear_pointer (&self->request, json_node_unref);
  g_clear_pointer (&self->child_request, json_node_unref);
  g_clear_pointer (&self->event, json_node_unref);
  g_free (self);
}

gboolean
rh_turn_row_is_active (const RhTurnRow *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->state == RH_ROW_RUNNING || self->state == RH_ROW_WAITING;
}

const char *
rh_turn_row_state_name (const RhTurnRow *self)
{
  g_return_val_if_fail (self != NULL, "");
  return state_names[self->state];
}

void
rh_turn_row_set (RhTurnRow *self, JsonNode **place, JsonNode *value)
{
  g_return_if_fail (self != NULL && place != NULL);

  g_clear_pointer (place, json_node_unref);
  *place = value;
  self->changed = TRUE;
}

static void
write_node (JsonObject *object, const char *name, JsonNode *node)
{
  if (node != NULL)
    json_object_set_member (object, name, json_node_ref (node));
}

JsonObject *
rh_turn_row_write (RhTurnRow *self)
{
  JsonObject *object = json_object_new ();

  g_return_val_if_fail (self != NULL, object);

  json_object_set_string_member (object, "path", self->path);
  json_object_set_string_member (object, "kind", rh_step_kind_name (self->step->kind));
  json_object_set_string_member (object, "state", rh_turn_row_state_name (self));
  json_object_set_int_member (object, "attempt", self->attempt);
  if (self->due_us > 0 && rh_turn_row_is_active (self))
    json_object_set_int_member (object, "due_us", self->due_us);
  if (rh_turn_row_is_active (self))
    write_node (object, "waits_for", self->waits_for);
  write_node (object, "data", self->data);
  write_node (object, "result", self->result);
  write_node (object, "error", self->error);
  write_node (object, "job", self->request);
  write_node (object, "child", self->child_request);
  write_node (object, "wait", self->event);
  return object;
}
