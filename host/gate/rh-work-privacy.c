/* SPDX-License-Identifier: Apache-2.0 */

/* What is personal in an effect: opened for its connector, just before it is called, and sealed again in what comes of
 * it. */

#include "rh-classes.h"
#include "rh-work.h"
#include "royal-json.h"

#include <royal/error.h>

static const RhAction *
action_of (const RhWork *self)
{
  const RhAction *actions =
      self->connector != NULL ? RH_CONNECTOR_GET_IFACE (self->connector)->actions (self->connector) : NULL;

  for (; actions != NULL && actions->name != NULL; actions++)
    if (g_strcmp0 (actions->name, self->effect.action) == 0)
      return actions;
  return NULL;
}

static gboolean
holds_token (JsonObject *object)
{
  g_autoptr (JsonNode) node = object != NULL ? json_node_init_object (json_node_alloc (), object) : NULL;

  return rh_personal_has_token (node);
}

gboolean
rh_work_is_sealed (const RhWork *self)
{
  const RhAction *action;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->personal != NULL)
    return FALSE;
  action = action_of (self);
  /* What is in a class may be another thing by now than it was when it was sealed. */
  return action != NULL &&
         (rh_classes_apply (self->connector, action, self->effect.target) || holds_token (self->effect.parameters) ||
          holds_token (self->effect.receipt) || rh_personal_has_token (self->effect.before));
}

/* (transfer full): copies, since others may hold what the work has. */
static JsonNode *
document_of (const RhWork *self)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = NULL;

  json_object_set_object_member (object, "parameters",
                                 self->effect.parameters != NULL ? json_object_ref (self->effect.parameters)
                                                                 : json_object_new ());
  if (self->effect.receipt != NULL)
    json_object_set_object_member (object, "receipt", json_object_ref (self->effect.receipt));
  if (self->effect.before != NULL)
    json_object_set_member (object, "before", json_node_ref (self->effect.before));
  node = json_node_init_object (json_node_alloc (), object);
  return royal_json_copy (node);
}

static void
take_opened (RhWork *self, JsonObject *opened)
{
  g_clear_pointer (&self->effect.parameters, json_object_unref);
  self->effect.parameters = json_object_ref (royal_json_object (opened, "parameters"));
  if (self->effect.receipt != NULL)
    {
      json_object_unref (self->effect.receipt);
      self->effect.receipt = json_object_ref (royal_json_object (opened, "receipt"));
    }
  if (self->effect.before != NULL)
    {
      json_node_unref (self->effect.before);
      self->effect.before = json_object_dup_member (opened, "before");
    }
}

typedef struct {
  RhWork *work;
  JsonNode *document;
} Job;

static void
job_free (gpointer data)
{
  Job *self = data;

  rh_work_unref (self->work);
  json_node_unref (self->document);
  g_free (self);
}

static GTask *
task_new (RhWork *self, JsonNode *document, gpointer tag, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Job *job = g_new0 (Job, 1);

  g_task_set_source_tag (task, tag);
  job->work = rh_work_ref (self);
  job->document = document;
  g_task_set_task_data (task, job, job_free);
  return task;
}

/* All of @document is in the open: what of it is personal is known from now on. */
static void
open_work (GTask *task)
{
  const Job *job = g_task_get_task_data (task);
  RhWork *self = job->work;
  g_autoptr (RhPersonal) personal = rh_personal_new (self->effect.action);
  GError *error = NULL;

  if (!rh_classes_add (personal, self->connector, action_of (self), self->effect.target, job->document, FALSE, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  take_opened (self, json_node_get_object (job->document));
  rh_personal_free (self->personal);
  self->personal = g_steal_pointer (&personal);
  g_task_return_boolean (task, TRUE);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (rh_vault_open_finish (RH_VAULT (source), result, &error))
    open_work (task);
  else
    g_task_return_error (task, error);
}

void
rh_work_open_async (RhWork *self, RhVault *vault, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GPtrArray) documents = g_ptr_array_new ();
  g_autoptr (GTask) task = NULL;
  const Job *job;

  g_return_if_fail (self != NULL && rh_work_is_sealed (self));

  task = task_new (self, document_of (self), rh_work_open_async, callback, data);
  job = g_task_get_task_data (task);
  g_ptr_array_add (documents, job->document);
  if (vault != NULL)
    rh_vault_open_async (vault, self->effect.workspace, documents, RH_VAULT_CONNECTOR, NULL, on_opened,
                         g_steal_pointer (&task));
  else if (rh_personal_has_token (job->document))
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "nothing here can open the personal data in it");
  else
    open_work (task);
}

gboolean
rh_work_open_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- What comes of it --------------------------------------------------------------------------------------------- */

static void
return_receipt (GTask *task)
{
  const Job *job = g_task_get_task_data (task);

  g_task_return_pointer (task, json_object_dup_member (json_node_get_object (job->document), "receipt"),
                         (GDestroyNotify)json_node_unref);
}

static void
on_sealed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (rh_vault_seal_finish (RH_VAULT (source), result, &error))
    return_receipt (task);
  else
    g_task_return_error (task, error);
}

void
rh_work_seal_async (RhWork *self, RhVault *vault, JsonNode *receipt, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (GTask) task = NULL;
  const Job *job;
  GError *error = NULL;

  g_return_if_fail (self != NULL && self->personal != NULL && receipt != NULL);

  json_object_set_member (object, "receipt", royal_json_copy (receipt));
  task = task_new (self, json_node_init_object (json_node_alloc (), object), rh_work_seal_async, callback, data);
  job = g_task_get_task_data (task);
  rh_personal_forget_documents (self->personal);
  if (!rh_classes_add (self->personal, self->connector, action_of (self), self->effect.target, job->document, TRUE,
                       &error))
    g_task_return_error (task, error);
  else if (rh_personal_is_empty (self->personal))
    return_receipt (task);
  else if (vault == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "nothing here can seal the personal data in it");
  else
    rh_vault_seal_async (vault, self->effect.workspace, self->personal, on_sealed, g_steal_pointer (&task));
}

JsonNode *
rh_work_seal_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
