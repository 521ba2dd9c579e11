/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-control.h"

#include "rh-connector-task.h"
#include "rh-policy.h"
#include "royal-json.h"

#include <string.h>

struct _RhControl {
  GObject parent_instance;

  RhStore *store;
};

static void rh_control_connector_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RhControl,
                               rh_control,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, rh_control_connector_init))

/* Each yields one row with one jsonb named `result`. */
static const RhStatement statement_assess = { "control.assess",
                                              "select control_assess ($1, $2, $3::jsonb, $4::jsonb) as result", 4,
                                              FALSE };
static const RhStatement statement_apply = {
  "control.apply", "select control_apply ($1, $2, $3, $4::jsonb, $5, $6::jsonb, $7::jsonb) as result", 7, TRUE
};
static const RhStatement statement_verify = { "control.verify", "select control_verify ($1) as result", 1, FALSE };

/* --- What may be asked for ---------------------------------------------------------------------------------------- */

static gboolean
check_policy (const char *target, JsonNode *value, GError **error)
{
  g_autoptr (RhPolicy) policy = NULL;

  if (strcmp (target, "policy") != 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "proposal: /target: expected `policy`, found %s", target);
      return FALSE;
    }
  policy = rh_policy_new (value, "proposal: /parameters/document", error);
  return policy != NULL;
}

static gboolean
check_envelope (const char *target, JsonNode *value, GError **error)
{
  g_autoptr (RhEnvelope) envelope = rh_envelope_new (value, "proposal: /parameters/envelope", error);

  if (envelope != NULL && strcmp (rh_envelope_id (envelope), target) != 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "proposal: /target: expected %s, the envelope's id, found %s", rh_envelope_id (envelope), target);
      return FALSE;
    }
  return envelope != NULL;
}

static gboolean
check_grants (const char *target, JsonNode *value, GError **error)
{
  JsonObject *grants = JSON_NODE_HOLDS_OBJECT (value) ? json_node_get_object (value) : NULL;
  JsonArray *reads = royal_json_array (grants, "reads");
  JsonArray *writes = royal_json_array (grants, "writes");
  gboolean fine = reads != NULL && writes != NULL && json_object_get_size (grants) == 2;

  for (guint i = 0; fine && i < json_array_get_length (reads); i++)
    fine = json_node_get_value_type (json_array_get_element (reads, i)) == G_TYPE_STRING;
  for (guint i = 0; fine && i < json_array_get_length (writes); i++)
    fine = JSON_NODE_HOLDS_OBJECT (json_array_get_element (writes, i)) &&
           royal_json_string (json_array_get_object_element (writes, i), "action", NULL) != NULL;
  if (!fine)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                 "proposal: /parameters/grants: expected { \"reads\": [resource], \"writes\": [{ \"action\" }] }");
  return fine;
}

/* Of the bounds of docs/schema/operator.schema.json. */
static gboolean
check_breaker (const char *target, JsonNode *value, GError **error)
{
  static const struct {
    const char *name;
    gint64 max;
  } members[] = { { "failed", 1000000 }, { "undone", 1000000 }, { "rejected", 1000000 }, { "window_s", 31622400 } };
  JsonObject *breaker = JSON_NODE_HOLDS_OBJECT (value) ? json_node_get_object (value) : NULL;
  gboolean fine = breaker != NULL && json_object_get_size (breaker) == G_N_ELEMENTS (members);

  for (guint i = 0; fine && i < G_N_ELEMENTS (members); i++)
    {
      gint64 number = royal_json_int (breaker, members[i].name, 0);

      fine = number >= 1 && number <= members[i].max;
    }
  if (!fine)
    g_set_error (
        error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
        "proposal: /parameters/breaker: expected { \"failed\", \"undone\", \"rejected\", \"window_s\" }, each a whole "
        "number of at least 1");
  return fine;
}

static gboolean
check_key (const char *target, JsonNode *value, GError **error)
{
  const char *text = JSON_NODE_HOLDS_VALUE (value) ? json_node_get_string (value) : NULL;

  if (JSON_NODE_HOLDS_NULL (value) || (text != NULL && strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
               "proposal: /parameters/public_key: expected 64 lower-case hexadecimal digits, or null");
  return FALSE;
}

static const RhAction actions[] = {
  { .name = "policy.change", .title = "Change the policy", .reversible = TRUE, .always_asks = TRUE },
  { .name = "grant.change", .title = "Change what an agent is granted", .reversible = TRUE, .always_asks = TRUE },
  { .name = "envelope.grant",
    .title = "Let an agent do more by itself for a while",
    .reversible = TRUE,
    .always_asks = TRUE },
  { .name = "envelope.revoke", .title = "Take an envelope away", .reversible = TRUE, .always_asks = TRUE },
  { .name = "breaker.restore", .title = "Give an agent its autonomy back", .always_asks = TRUE },
  { .name = "breaker.change",
    .title = "Change when an agent loses its autonomy",
    .reversible = TRUE,
    .always_asks = TRUE },
  { .name = "key.trust", .title = "Trust a key, or not any more", .reversible = TRUE, .always_asks = TRUE },
  { .name = NULL },
};

/* The one parameter of each, and what it has to be; NULL: none. In the order of the actions. */
static const struct {
  const char *parameter;
  gboolean (*check) (const char *target, JsonNode *value, GError **error);
} shapes[] = {
  { "document", check_policy },
  { "grants", check_grants },
  { "envelope", check_envelope },
  { NULL, NULL },
  { NULL, NULL },
  { "breaker", check_breaker },
  { "public_key", check_key },
};
G_STATIC_ASSERT (G_N_ELEMENTS (shapes) + 1 == G_N_ELEMENTS (actions));

static const char *
rh_control_name (RhConnector *connector)
{
  return "control";
}

static const RhAction *
rh_control_actions (RhConnector *connector)
{
  return actions;
}

/* It is in the host's own database: when that is away nothing else goes on either, so no breaker. */
static char *
rh_control_lane (RhConnector *connector, const char *action, const char *target, RhLaneLimits *limits)
{
  limits->breaker.window_ms = 0;
  return NULL;
}

static gboolean
rh_control_validate (RhConnector *connector,
                     const char *action,
                     const char *target,
                     JsonObject *parameters,
                     GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      const char *wanted = shapes[i].parameter;
      JsonNode *value;

      if (strcmp (actions[i].name, action) != 0)
        continue;
      value = wanted != NULL ? json_object_get_member (parameters, wanted) : NULL;
      if ((wanted != NULL) == (value != NULL) && json_object_get_size (parameters) == (wanted != NULL))
        return wanted == NULL || shapes[i].check (target, value, error);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "proposal: /parameters: expected %s%s",
                   wanted != NULL ? "the one member " : "none", wanted != NULL ? wanted : "");
      return FALSE;
    }
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "control: no action `%s`", action);
  return FALSE;
}

/* --- One statement, whose `result` is what the task returns ------------------------------------------------------- */

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, rh_rows_is_null (rows, 0, "result") ? NULL : rh_rows_json (rows, 0, "result"),
                           (GDestroyNotify)json_node_unref);
}

static void
call (RhConnector *connector, const RhStatement *statement, gint64 workspace, const char *const *params, GTask *task)
{
  rh_store_call_async (RH_CONTROL (connector)->store, statement, workspace, params, g_task_get_cancellable (task),
                       on_called, task);
}

/* (nullable) */
static char *
object_text (JsonObject *object)
{
  g_autoptr (JsonNode) node = object != NULL ? json_node_init_object (json_node_alloc (), object) : NULL;

  return node != NULL ? royal_json_to_string (node) : NULL;
}

static void
rh_control_assess_async (RhConnector *connector,
                         const RhEffect *effect,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  GTask *task = g_task_new (connector, cancellable, callback, data);
  g_autofree char *parameters = object_text (effect->parameters);
  g_autofree char *receipt = object_text (effect->receipt);

  g_task_set_source_tag (task, rh_control_assess_async);
  call (connector, &statement_assess, effect->workspace,
        (const char *const[]){ effect->action, effect->target, parameters, receipt }, task);
}

/* Undo is the same call with the receipt. */
static void
rh_control_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (connector, NULL, callback, data);
  JsonNode *document = json_object_get_member (effect->parameters, "document");
  g_autofree char *version = document != NULL ? royal_json_digest (document) : NULL;
  g_autofree char *parameters = object_text (effect->parameters);
  g_autofree char *before = royal_json_to_string (effect->before);
  g_autofree char *receipt = object_text (effect->receipt);

  g_task_set_source_tag (task, rh_control_apply_async);
  call (connector, &statement_apply, effect->workspace,
        (const char *const[]){ effect->key, effect->action, effect->target, parameters, version, before, receipt },
        task);
}

static void
rh_control_verify_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (connector, NULL, callback, data);

  g_task_set_source_tag (task, rh_control_verify_async);
  call (connector, &statement_verify, effect->workspace, (const char *const[]){ effect->key }, task);
}

static RhVerify
rh_control_verify_finish (RhConnector *connector, GAsyncResult *result, JsonNode **ret_receipt, GError **error)
{
  return rh_connector_task_verify (connector, result, RH_VERIFY_ABSENT, ret_receipt, error);
}

static void
rh_control_dispose (GObject *object)
{
  g_clear_object (&RH_CONTROL (object)->store);
  G_OBJECT_CLASS (rh_control_parent_class)->dispose (object);
}

static void
rh_control_class_init (RhControlClass *class)
{
  G_OBJECT_CLASS (class)->dispose = rh_control_dispose;
}

static void
rh_control_init (RhControl *self)
{
}

static void
rh_control_connector_init (RhConnectorInterface *iface)
{
  iface->name = rh_control_name;
  iface->actions = rh_control_actions;
  iface->validate = rh_control_validate;
  iface->lane = rh_control_lane;
  iface->assess_async = rh_control_assess_async;
  iface->assess_finish = rh_connector_task_document;
  iface->apply_async = rh_control_apply_async;
  iface->apply_finish = rh_connector_task_node;
  iface->verify_async = rh_control_verify_async;
  iface->verify_finish = rh_control_verify_finish;
  iface->undo_async = rh_control_apply_async;
  iface->undo_finish = rh_connector_task_node;
}

RhControl *
rh_control_new (RhStore *store)
{
  RhControl *self;

  g_return_val_if_fail (RH_IS_STORE (store), NULL);

  self = g_object_new (RH_TYPE_CONTROL, NULL);
  self->store = g_object_ref (store);
  return self;
}
