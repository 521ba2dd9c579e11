/* SPDX-License-Identifier: Apache-2.0 */

#include "null-connector.h"

#include <royal/error.h>

struct _NullConnector {
  GObject parent;
};

static void connector_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (NullConnector,
                               null_connector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, connector_init))

static void
null_connector_class_init (NullConnectorClass *klass)
{
}

static void
null_connector_init (NullConnector *self)
{
}

RhConnector *
null_connector_new (void)
{
  return g_object_new (NULL_TYPE_CONNECTOR, NULL);
}

static const char *
name (RhConnector *self)
{
  return "null";
}

static const RhAction *
actions (RhConnector *self)
{
  static const RhAction table[] = { { "bench.null", "Do nothing" }, { NULL } };

  return table;
}

static const RhResource *
resources (RhConnector *self)
{
  static const RhResource table[] = { { NULL } };

  return table;
}

static gboolean
validate (RhConnector *self, const char *action, const char *target, JsonObject *parameters, GError **error)
{
  return TRUE;
}

/* As much as is wanted: it measures the gate. */
static char *
lane (RhConnector *self, const char *action, const char *target, RhLaneLimits *limits)
{
  limits->in_flight = 512;
  return NULL;
}

static JsonNode *
empty_object (void)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, json_object_new ());
  return node;
}

static void
answer (RhConnector *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_return_pointer (task, empty_object (), (GDestroyNotify)json_node_unref);
}

static JsonNode *
answer_finish (RhConnector *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
assess_async (RhConnector *self,
              const RhEffect *effect,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer data)
{
  answer (self, callback, data);
}

static RhAssessment *
assess_finish (RhConnector *self, GAsyncResult *result, GError **error)
{
  RhAssessment *assessment = g_new0 (RhAssessment, 1);

  assessment->before = answer_finish (self, result, error);
  assessment->facts = empty_object ();
  assessment->preview = empty_object ();
  return assessment;
}

static void
act_async (RhConnector *self, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  answer (self, callback, data);
}

static RhVerify
verify_finish (RhConnector *self, GAsyncResult *result, JsonNode **ret_receipt, GError **error)
{
  *ret_receipt = answer_finish (self, result, error);
  return RH_VERIFY_APPLIED;
}

static void
get_async (RhConnector *self,
           gint64 workspace,
           const char *resource,
           JsonObject *parameters,
           GCancellable *cancellable,
           GAsyncReadyCallback callback,
           gpointer data)
{
  answer (self, callback, data);
}

static int
read_finish (RhConnector *self, GAsyncResult *result, GError **error)
{
  g_autoptr (JsonNode) ignored = answer_finish (self, result, NULL);

  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "the null connector has no tables");
  return -1;
}

static void
connector_init (RhConnectorInterface *iface)
{
  iface->name = name;
  iface->actions = actions;
  iface->resources = resources;
  iface->validate = validate;
  iface->lane = lane;
  iface->assess_async = assess_async;
  iface->assess_finish = assess_finish;
  iface->apply_async = act_async;
  iface->apply_finish = answer_finish;
  iface->verify_async = act_async;
  iface->verify_finish = verify_finish;
  iface->undo_async = act_async;
  iface->undo_finish = answer_finish;
  iface->get_async = get_async;
  iface->get_finish = answer_finish;
  iface->read_async = get_async;
  iface->read_finish = read_finish;
}
