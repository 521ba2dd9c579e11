/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-put.h"

#include <string.h>

RhPut *
rh_put_new (GTask *task, const RhActor *actor, const char *request)
{
  RhPut *self = g_new0 (RhPut, 1);

  self->task = task;
  self->workspace = actor->workspace;
  self->actor = g_strdup (actor->name);
  self->request = g_strdup (request);
  return self;
}

gboolean
rh_put_is_alike (const RhPut *self, const RhPut *other)
{
  return self->workspace == other->workspace && strcmp (self->actor, other->actor) == 0;
}

void
rh_put_free (RhPut *self)
{
  if (self == NULL)
    return;
  g_object_unref (self->task);
  g_free (self->actor);
  g_free (self->request);
  g_free (self);
}

void
rh_put_end (RhPut *self, JsonNode *job, const GError *error)
{
  g_return_if_fail (self != NULL && (job != NULL || error != NULL));

  if (error != NULL)
    g_task_return_error (self->task, g_error_copy (error));
  else
    g_task_return_pointer (self->task, json_node_ref (job), (GDestroyNotify)json_node_unref);
  rh_put_free (self);
}
