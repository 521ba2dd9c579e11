/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-connector-store.h"

#include "rh-connector-task.h"
#include "royal-json.h"

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, rh_rows_json (rows, 0, "result"), (GDestroyNotify)json_node_unref);
}

void
rh_connector_store_call (RhConnector *connector,
                         RhStore *store,
                         const RhStatement *statement,
                         gint64 workspace,
                         const char *const *params,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data,
                         gpointer tag)
{
  GTask *task = g_task_new (connector, cancellable, callback, data);

  g_task_set_source_tag (task, tag);
  rh_store_call_async (store, statement, workspace, params, cancellable, on_called, task);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  int fd = rh_store_read_table_finish (RH_STORE (source), result, &error);

  if (fd < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, fd);
}

void
rh_connector_store_read (RhConnector *connector,
                         RhStore *store,
                         const RhTableQuery *query,
                         gint64 workspace,
                         const char *const *args,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data,
                         gpointer tag)
{
  GTask *task = g_task_new (connector, cancellable, callback, data);

  g_task_set_source_tag (task, tag);
  /* A descriptor that was read is handed over, cancelled or not: the reader closes it. */
  g_task_set_check_cancellable (task, FALSE);
  rh_store_read_table_async (store, query, workspace, args, cancellable, on_read, task);
}

int
rh_connector_store_read_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, connector), -1);

  return (int)g_task_propagate_int (G_TASK (result), error);
}

RhVerify
rh_connector_store_verify (RhConnector *connector, GAsyncResult *result, JsonNode **ret_receipt, GError **error)
{
  g_autoptr (JsonNode) node = rh_connector_task_node (connector, result, error);

  if (node == NULL)
    return RH_VERIFY_UNKNOWN;
  if (!royal_json_boolean (json_node_get_object (node), "applied", FALSE))
    return RH_VERIFY_ABSENT;
  if (ret_receipt != NULL)
    *ret_receipt = json_object_dup_member (json_node_get_object (node), "receipt");
  return RH_VERIFY_APPLIED;
}

char *
rh_connector_store_lane (RhConnector *connector, const char *action, const char *target, RhLaneLimits *limits)
{
  limits->in_flight = 512;
  limits->breaker.window_ms = 0;
  return NULL;
}

char *
rh_connector_store_text (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);

  return royal_json_canonical (node);
}
