/* SPDX-License-Identifier: Apache-2.0 */
#include "null-connector.h"

struct _NullConnector {
  GObject parent;
};

static void null_connector_iface_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (NullConnector,
                               null_connector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, null_connector_iface_init))

static void
null_connector_class_init (NullConnectorClass *klass)
{
}

static void
null_connector_init (NullConnector *self)
{
}

static const RhAction *
null_actions (RhConnector *connector)
{
  static const RhAction actions[] = { { "null.write", "Write to nothing", NULL, FALSE }, { 0 } };

  return actions;
}

/* { "value": 1 } */
static JsonNode *
small_object (void)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "value", 1);
  json_node_take_object (node, object);
  return node;
}

static void
null_assess_async (RhConnector *connector,
                   const RhEffect *effect,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  g_autoptr (GTask) task = g_task_new (connector, NULL, callback, data);
  RhAssessment *assessment = g_new0 (RhAssessment, 1);

  assessment->before = small_object ();
  assessment->facts = small_object ();
  g_task_return_pointer (task, assessment, (GDestroyNotify)rh_assessment_free);
}

static RhAssessment *
null_assess_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
null_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (connector, NULL, callback, data);

  g_task_return_pointer (task, small_object (), (GDestroyNotify)json_node_unref);
}

static JsonNode *
null_apply_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
null_connector_iface_init (RhConnectorInterface *iface)
{
  iface->actions = null_actions;
  iface->assess_async = null_assess_async;
  iface->assess_finish = null_assess_finish;
  iface->apply_async = null_apply_async;
  iface->apply_finish = null_apply_finish;
}
