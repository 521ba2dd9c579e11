/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-needs.h"

#include <royal/error.h>

typedef struct {
  GPtrArray *connectors;
  RhSecrets *secrets;
  gint64 workspace;
  guint next;
  const char *current;
  GString *faults;
} Needs;

static void check_next (GTask *task);

static void
needs_free (gpointer data)
{
  Needs *self = data;

  g_ptr_array_unref (self->connectors);
  g_object_unref (self->secrets);
  g_string_free (self->faults, TRUE);
  g_free (self);
}

static void
on_required (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Needs *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!rh_secrets_require_finish (RH_SECRETS (source), result, &error))
    {
      g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);

      for (guint i = 0; lines[i] != NULL; i++)
        g_string_append_printf (self->faults, "%sconnector `%s`: %s", self->faults->len > 0 ? "\n" : "", self->current,
                                lines[i]);
    }
  check_next (task);
}

static void
check_next (GTask *task)
{
  Needs *self = g_task_get_task_data (task);

  while (self->next < self->connectors->len)
    {
      RhConnector *connector = self->connectors->pdata[self->next++];
      RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (connector);
      const char *const *names = iface->secrets != NULL ? iface->secrets (connector) : NULL;

      if (names == NULL || names[0] == NULL)
        continue;
      self->current = iface->name (connector);
      rh_secrets_require_async (self->secrets, self->workspace, names, on_required, task);
      return;
    }
  if (self->faults->len == 0)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "%s", self->faults->str);
  g_object_unref (task);
}

void
rh_needs_check_async (RhConnectors *connectors,
                      RhSecrets *secrets,
                      gint64 workspace,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  GTask *task;
  Needs *self;

  g_return_if_fail (RH_IS_CONNECTORS (connectors) && RH_IS_SECRETS (secrets));

  task = g_task_new (NULL, NULL, callback, data);
  g_task_set_source_tag (task, rh_needs_check_async);
  self = g_new0 (Needs, 1);
  self->connectors = rh_connectors_list (connectors);
  self->secrets = g_object_ref (secrets);
  self->workspace = workspace;
  self->faults = g_string_new (NULL);
  g_task_set_task_data (task, self, needs_free);
  check_next (task);
}

gboolean
rh_needs_check_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
