/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-connector-operation.h"

#include "royal-json.h"

#include <royal/error.h>

static void
operation_free (gpointer data)
{
  RhOperation *self = data;

  if (self->klass->clear != NULL)
    self->klass->clear (self);
  g_free (self->subject);
  g_clear_pointer (&self->wanted, json_object_unref);
  g_clear_pointer (&self->state, json_node_unref);
  g_free (self);
}

gpointer
rh_operation_new (const RhOperationClass *klass,
                  const RhEffect *effect,
                  RhOperationKind kind,
                  char *subject,
                  JsonObject *wanted)
{
  RhOperation *self;

  g_return_val_if_fail (klass != NULL && klass->size >= sizeof (RhOperation), NULL);
  g_return_val_if_fail (effect != NULL && wanted != NULL, NULL);

  self = g_malloc0 (klass->size);
  self->klass = klass;
  self->effect = *effect;
  self->kind = kind;
  self->subject = subject;
  self->wanted = wanted;
  return self;
}

GTask *
rh_operation_task (RhConnector *connector, gpointer operation, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (connector, NULL, callback, data);

  g_task_set_source_tag (task, rh_operation_task);
  g_task_set_task_data (task, operation, operation_free);
  return task;
}

static JsonNode *
make_facts (const RhOperation *self)
{
  JsonObject *facts = json_object_new ();

  self->klass->facts (self, facts);
  return royal_json_take_object (facts);
}

/* (transfer full): null when it is absent. */
static JsonNode *
copy_of (JsonNode *node)
{
  return node != NULL ? json_node_copy (node) : json_node_new (JSON_NODE_NULL);
}

/* What is wanted, each beside what is there. */
static JsonNode *
make_preview (const RhOperation *self)
{
  JsonObject *state = json_node_get_object (self->state);
  JsonObject *preview = json_object_new ();
  JsonArray *changes = json_array_new ();
  g_autofree char *summary =
      g_strdup_printf ("%s%s %s", self->effect.receipt != NULL ? "Undo " : "", self->effect.action, self->subject);
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init (&iter, self->wanted);
  while (json_object_iter_next (&iter, &name, &value))
    {
      JsonObject *change = json_object_new ();

      json_object_set_string_member (change, "label", name);
      json_object_set_member (change, "before", copy_of (json_object_get_member (state, name)));
      json_object_set_member (change, "after", json_node_copy (value));
      json_array_add_object_element (changes, change);
    }
  json_object_set_string_member (preview, "summary", summary);
  json_object_set_array_member (preview, "changes", changes);
  return royal_json_take_object (preview);
}

static RhAssessment *
make_assessment (const RhOperation *self)
{
  RhAssessment *assessment = g_new0 (RhAssessment, 1);

  assessment->before = json_node_copy (self->state);
  assessment->facts = make_facts (self);
  assessment->preview = make_preview (self);
  return assessment;
}

static gboolean
refuses (const RhOperation *self, GError **error)
{
  return self->klass->refuses != NULL && self->klass->refuses (self, error);
}

void
rh_operation_return (GTask *task)
{
  const RhOperation *self = g_task_get_task_data (task);

  g_task_return_pointer (task, self->klass->receipt (self), (GDestroyNotify)json_node_unref);
}

void
rh_operation_decide (GTask *task, JsonNode *state)
{
  RhOperation *self = g_task_get_task_data (task);
  gboolean is_assessed = self->kind == RH_OPERATION_ASSESS;
  GError *error = NULL;

  g_return_if_fail (state != NULL && JSON_NODE_HOLDS_OBJECT (state));

  g_clear_pointer (&self->state, json_node_unref);
  self->state = state;
  if (!is_assessed && self->klass->is_done (self))
    rh_operation_return (task);
  else if (self->kind == RH_OPERATION_VERIFY)
    g_task_return_pointer (task, NULL, NULL);
  else if (!is_assessed && self->effect.before != NULL && !json_node_equal (self->effect.before, self->state))
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "%s: it is not as it was observed",
                             self->effect.target);
  else if (refuses (self, &error))
    g_task_return_error (task, error);
  else if (is_assessed)
    g_task_return_pointer (task, make_assessment (self), (GDestroyNotify)rh_assessment_free);
  else
    self->klass->change (task);
}
