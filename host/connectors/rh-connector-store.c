/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-connector-store.h"

#include "rh-connector-task.h"
#include "royal-json.h"

typedef struct {
  RhStore *store;
} RhConnectorStorePrivate;

static void rh_connector_store_connector_init (RhConnectorInterface *iface);

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (RhConnectorStore,
                                  rh_connector_store,
                                  G_TYPE_OBJECT,
                                  G_ADD_PRIVATE (RhConnectorStore)
                                      G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, rh_connector_store_connector_init))

static const RhConnectorStoreClass *
class_of (RhConnector *connector)
{
  return RH_CONNECTOR_STORE_GET_CLASS (connector);
}

static RhStore *
store_of (RhConnector *connector)
{
  RhConnectorStorePrivate *priv = rh_connector_store_get_instance_private (RH_CONNECTOR_STORE (connector));

  return priv->store;
}

static const char *
rh_connector_store_name (RhConnector *connector)
{
  return class_of (connector)->name;
}

static const RhAction *
rh_connector_store_actions (RhConnector *connector)
{
  return class_of (connector)->actions;
}

static const RhResource *
rh_connector_store_resources (RhConnector *connector)
{
  return class_of (connector)->resources;
}

static gboolean
rh_connector_store_validate (RhConnector *connector,
                             const char *action,
                             const char *target,
                             JsonObject *parameters,
                             GError **error)
{
  return class_of (connector)->validate (connector, action, target, parameters, error);
}

/* When the host's database is away nothing else goes on either, so no breaker. */
static char *
rh_connector_store_lane (RhConnector *connector, const char *action, const char *target, RhLaneLimits *limits)
{
  limits->in_flight = 512;
  limits->breaker.window_ms = 0;
  return NULL;
}

/* Effects. */

static char *
text_of (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);

  return royal_json_canonical (node);
}

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
rh_connector_store_call (GTask *task,
                         RhStore *store,
                         const RhStatement *statement,
                         gint64 workspace,
                         const char *const *params)
{
  rh_store_call_async (store, statement, workspace, params, g_task_get_cancellable (task), on_called, task);
}

static void
call (GTask *task, const RhStatement *statement, gint64 workspace, const char *const *params)
{
  rh_connector_store_call (task, store_of (g_task_get_source_object (task)), statement, workspace, params);
}

static void
rh_connector_store_assess_async (RhConnector *connector,
                                 const RhEffect *effect,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer data)
{
  const RhConnectorStoreClass *class = class_of (connector);
  gboolean undo = effect->receipt != NULL;
  g_autofree char *text = text_of (undo ? effect->receipt : effect->parameters);
  const char *const params[] = { effect->action, effect->target, text };
  GTask *task = g_task_new (connector, cancellable, callback, data);

  g_task_set_source_tag (task, rh_connector_store_assess_async);
  if (undo)
    call (task, &class->effects->assess_undo, effect->workspace, params + 2);
  else
    call (task, &class->effects->assess, effect->workspace, class->per_action ? params : params + 1);
}

static void
rh_connector_store_apply_async (RhConnector *connector,
                                const RhEffect *effect,
                                GAsyncReadyCallback callback,
                                gpointer data)
{
  const RhConnectorStoreClass *class = class_of (connector);
  g_autofree char *parameters = text_of (effect->parameters);
  g_autofree char *before = royal_json_to_string (effect->before);
  const char *const params[] = { effect->action, effect->key, effect->target, parameters, before };
  GTask *task = g_task_new (connector, NULL, callback, data);

  g_task_set_source_tag (task, rh_connector_store_apply_async);
  call (task, &class->effects->apply, effect->workspace, class->per_action ? params : params + 1);
}

static void
rh_connector_store_verify_async (RhConnector *connector,
                                 const RhEffect *effect,
                                 GAsyncReadyCallback callback,
                                 gpointer data)
{
  GTask *task = g_task_new (connector, NULL, callback, data);

  g_task_set_source_tag (task, rh_connector_store_verify_async);
  call (task, &class_of (connector)->effects->verify, effect->workspace, (const char *const[]){ effect->key });
}

static RhVerify
rh_connector_store_verify_finish (RhConnector *connector, GAsyncResult *result, JsonNode **ret_receipt, GError **error)
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

static void
rh_connector_store_undo_async (RhConnector *connector,
                               const RhEffect *effect,
                               GAsyncReadyCallback callback,
                               gpointer data)
{
  g_autofree char *receipt = text_of (effect->receipt);
  g_autofree char *before = royal_json_to_string (effect->before);
  GTask *task = g_task_new (connector, NULL, callback, data);

  g_task_set_source_tag (task, rh_connector_store_undo_async);
  call (task, &class_of (connector)->effects->revert, effect->workspace,
        (const char *const[]){ effect->key, receipt, before });
}

/* Reads. */

static GStrv
bind_none (const RhResource *resource, JsonObject *parameters, GError **error)
{
  if (parameters == NULL || json_object_get_size (parameters) == 0)
    return g_new0 (char *, 1);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: takes no parameters", resource->name);
  return NULL;
}

/* How @resource is read and with what; NULL with @error set. */
static const RhStoreRead *
find_read (RhConnector *connector, const char *resource, JsonObject *parameters, GStrv *ret_params, GError **error)
{
  const RhConnectorStoreClass *class = class_of (connector);
  guint i = 0;

  while (class->resources[i].name != NULL && !g_str_equal (class->resources[i].name, resource))
    i++;
  if (class->resources[i].name == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "%s: no resource `%s`", class->name, resource);
      return NULL;
    }
  *ret_params = (class->bind != NULL ? class->bind : bind_none) (&class->resources[i], parameters, error);
  return *ret_params != NULL ? &class->reads[i] : NULL;
}

static void
rh_connector_store_get_async (RhConnector *connector,
                              gint64 workspace,
                              const char *resource,
                              JsonObject *parameters,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data)
{
  g_auto (GStrv) params = NULL;
  GError *error = NULL;
  GTask *task = g_task_new (connector, cancellable, callback, data);
  const RhStoreRead *read = find_read (connector, resource, parameters, &params, &error);

  g_task_set_source_tag (task, rh_connector_store_get_async);
  if (read != NULL)
    {
      call (task, read->statement, workspace, (const char *const *)params);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
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

static void
rh_connector_store_read_async (RhConnector *connector,
                               gint64 workspace,
                               const char *resource,
                               JsonObject *parameters,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer data)
{
  g_auto (GStrv) params = NULL;
  GError *error = NULL;
  GTask *task = g_task_new (connector, cancellable, callback, data);
  const RhStoreRead *read = find_read (connector, resource, parameters, &params, &error);

  g_task_set_source_tag (task, rh_connector_store_read_async);
  /* A descriptor that was read is handed over, cancelled or not: the reader closes it. */
  g_task_set_check_cancellable (task, FALSE);
  if (read != NULL)
    {
      rh_store_read_table_async (store_of (connector), read->query, workspace, (const char *const *)params, cancellable,
                                 on_read, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static int
rh_connector_store_read_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, connector), -1);

  return (int)g_task_propagate_int (G_TASK (result), error);
}

static void
rh_connector_store_dispose (GObject *object)
{
  RhConnectorStorePrivate *priv = rh_connector_store_get_instance_private (RH_CONNECTOR_STORE (object));

  g_clear_object (&priv->store);
  G_OBJECT_CLASS (rh_connector_store_parent_class)->dispose (object);
}

static void
rh_connector_store_class_init (RhConnectorStoreClass *class)
{
  G_OBJECT_CLASS (class)->dispose = rh_connector_store_dispose;
}

static void
rh_connector_store_init (RhConnectorStore *self)
{
}

static void
rh_connector_store_connector_init (RhConnectorInterface *iface)
{
  iface->name = rh_connector_store_name;
  iface->actions = rh_connector_store_actions;
  iface->resources = rh_connector_store_resources;
  iface->validate = rh_connector_store_validate;
  iface->lane = rh_connector_store_lane;
  iface->assess_async = rh_connector_store_assess_async;
  iface->assess_finish = rh_connector_task_document;
  iface->apply_async = rh_connector_store_apply_async;
  iface->apply_finish = rh_connector_task_node;
  iface->verify_async = rh_connector_store_verify_async;
  iface->verify_finish = rh_connector_store_verify_finish;
  iface->undo_async = rh_connector_store_undo_async;
  iface->undo_finish = rh_connector_task_node;
  iface->get_async = rh_connector_store_get_async;
  iface->get_finish = rh_connector_task_node;
  iface->read_async = rh_connector_store_read_async;
  iface->read_finish = rh_connector_store_read_finish;
}

gpointer
rh_connector_store_new (GType type, RhStore *store)
{
  RhConnectorStore *self;
  RhConnectorStorePrivate *priv;

  g_return_val_if_fail (g_type_is_a (type, RH_TYPE_CONNECTOR_STORE), NULL);
  g_return_val_if_fail (RH_IS_STORE (store), NULL);

  self = g_object_new (type, NULL);
  priv = rh_connector_store_get_instance_private (self);
  priv->store = g_object_ref (store);
  return self;
}
