/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-http.h"

#include "rh-connector-task.h"
#include "rh-http-call.h"
#include "rh-http-preview.h"
#include "rh-http-resources.h"
#include "royal-json.h"

#include <string.h>

#define REQUEST "http.request"
#define KEEP_MAX 16384 /* of an answer, in a receipt */
#define MARGIN_MS 5000 /* beyond its own timeout, until the executor gives an operation up */

struct _RhHttp {
  GObject parent_instance;
  RhSecrets *secrets;
  GHashTable *endpoints; /* name -> RhHttpEndpoint */
  GPtrArray *names;      /* of the secrets that it needs */
};

static void rh_http_connector_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RhHttp,
                               rh_http,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, rh_http_connector_init))

static const RhAction actions[] = {
  { REQUEST, "Send a request to an endpoint", "/royal/schema/action-http-request.schema.json", .reversible = TRUE },
  { NULL },
};

/* An operation: the request that is applied or undone, and what has to be asked before or after. */
typedef struct {
  RhEffect effect; /* its members are the caller's */
  const RhHttpEndpoint *endpoint;
  JsonObject *request; /* { "method", "path", "body"?, "undo"? }: the effect's, or the inverse in its receipt */
  guint timer_id;
} Operation;

static const char *
rh_http_name (RhConnector *connector)
{
  return "http";
}

static const RhAction *
rh_http_actions (RhConnector *connector)
{
  return actions;
}

static const char *const *
rh_http_secrets (RhConnector *connector)
{
  return (const char *const *)RH_HTTP (connector)->names->pdata;
}

static RoyalSchema *
rh_http_classes (RhConnector *connector, const char *action, const char *target)
{
  const RhHttpEndpoint *endpoint = g_hash_table_lookup (RH_HTTP (connector)->endpoints, target);

  return endpoint != NULL ? endpoint->classes : NULL;
}

static char *
rh_http_lane (RhConnector *connector, const char *action, const char *target, RhLaneLimits *limits)
{
  const RhHttpEndpoint *endpoint = g_hash_table_lookup (RH_HTTP (connector)->endpoints, target);

  if (endpoint == NULL)
    return NULL;
  limits->in_flight = endpoint->in_flight;
  limits->deadline_ms = 2 * endpoint->timeout_ms + endpoint->settle_ms + MARGIN_MS;
  limits->rate = endpoint->rate;
  limits->burst = endpoint->burst;
  return g_strdup (endpoint->origin);
}

static const RhHttpEndpoint *
find_endpoint (RhHttp *self, const char *target, GError **error)
{
  const RhHttpEndpoint *endpoint = g_hash_table_lookup (self->endpoints, target);
  g_autoptr (GList) known = NULL;
  g_autoptr (GString) names = NULL;

  if (endpoint != NULL)
    return endpoint;
  known = g_list_sort (g_hash_table_get_keys (self->endpoints), (GCompareFunc)strcmp);
  names = g_string_new (NULL);
  for (GList *l = known; l != NULL; l = l->next)
    g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", (const char *)l->data);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/target: expected an endpoint (%s), found %s",
               names->len > 0 ? names->str : "none is configured", target);
  return NULL;
}

static gboolean
check_request (const RhHttpEndpoint *endpoint, JsonObject *request, GError **error)
{
  g_autofree char *text = NULL;

  g_assert (endpoint != NULL);
  if (!rh_http_endpoint_check ((RhHttpEndpoint *)endpoint, royal_json_string (request, "method", ""),
                               royal_json_string (request, "path", ""), error))
    return FALSE;
  if (json_object_has_member (request, "body"))
    text = royal_json_to_string (json_object_get_member (request, "body"));
  if (text == NULL || strlen (text) <= endpoint->max_body)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/body: %s takes %" G_GSIZE_FORMAT " bytes at most",
               endpoint->name, endpoint->max_body);
  return FALSE;
}

/* The inverse's path, with what stands for a member of the answer. It is checked with a stand-in: what an answer holds
 * is escaped, so that it cannot change which path that is. */
static gboolean
check_undo (const RhHttpEndpoint *endpoint, JsonObject *undo, GError **error)
{
  g_autoptr (GRegex) regex = g_regex_new ("\\{answer\\.[A-Za-z0-9_]+\\}", 0, 0, NULL);
  g_autofree char *path = g_regex_replace_literal (regex, royal_json_string (undo, "path", ""), -1, 0, "x", 0, NULL);
  g_autoptr (JsonObject) plain = json_object_new ();

  json_object_set_string_member (plain, "method", royal_json_string (undo, "method", ""));
  json_object_set_string_member (plain, "path", path);
  if (json_object_has_member (undo, "body"))
    json_object_set_member (plain, "body", json_object_dup_member (undo, "body"));
  if (check_request (endpoint, plain, error))
    return TRUE;
  g_prefix_error (error, "/undo: ");
  return FALSE;
}

static gboolean
rh_http_validate (RhConnector *connector,
                  const char *action,
                  const char *target,
                  JsonObject *parameters,
                  GError **error)
{
  const RhHttpEndpoint *endpoint = find_endpoint (RH_HTTP (connector), target, error);
  JsonObject *undo = royal_json_object (parameters, "undo");

  return endpoint != NULL && check_request (endpoint, parameters, error) &&
         (undo == NULL || check_undo (endpoint, undo, error));
}

/* --- Operations --------------------------------------------------------------------------------------------------- */

static void
operation_free (gpointer data)
{
  Operation *self = data;

  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_free (self);
}

/* (transfer full) (nullable): NULL when it could not begin, which has been answered. For an inverse the request is the
 * one in the receipt. */
static GTask *
begin (RhConnector *connector,
       const RhEffect *effect,
       gboolean inverse,
       gpointer tag,
       GAsyncReadyCallback callback,
       gpointer data)
{
  g_autoptr (GTask) task = g_task_new (connector, NULL, callback, data);
  GError *error = NULL;
  Operation *self = g_new0 (Operation, 1);

  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, self, operation_free);
  self->effect = *effect;
  self->endpoint = find_endpoint (RH_HTTP (connector), effect->target, &error);
  self->request = inverse ? royal_json_object (effect->receipt, "undo") : effect->parameters;
  if (self->endpoint != NULL && self->request == NULL)
    g_set_error (&error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "the request did not say what undoes it");
  if (error == NULL && (!inverse || check_request (self->endpoint, self->request, &error)))
    return g_steal_pointer (&task);
  g_task_return_error (task, error);
  return NULL;
}

static void
call (GTask *task, const RhHttpRequest *request, GCancellable *cancellable, GAsyncReadyCallback callback)
{
  RhHttp *self = g_task_get_source_object (task);
  const Operation *operation = g_task_get_task_data (task);
  RhHttpRequest full = *request;

  full.workspace = operation->effect.workspace;
  rh_http_call_async (operation->endpoint, self->secrets, &full, cancellable, callback, g_object_ref (task));
}

static void
call_observe (GTask *task, GCancellable *cancellable, GAsyncReadyCallback callback)
{
  const Operation *operation = g_task_get_task_data (task);
  g_autofree char *path =
      rh_http_template (operation->endpoint->observe, royal_json_string (operation->request, "path", "/"), NULL);
  RhHttpRequest request = { .method = "GET", .path = path };

  call (task, &request, cancellable, callback);
}

/* --- Assess ------------------------------------------------------------------------------------------------------- */

/* (transfer full): what apply will demand to find again. */
static JsonNode *
observed_state (const RhHttpAnswer *answer)
{
  g_autoptr (JsonObject) state = json_object_new ();

  json_object_set_int_member (state, "status", answer->status);
  json_object_set_string_member (state, "sha256", answer->sha256);
  if (answer->tag != NULL)
    json_object_set_string_member (state, "tag", answer->tag);
  return json_node_init_object (json_node_alloc (), state);
}

/* Whether an observation tells anything: it is there, or it is not. */
static gboolean
is_observation (const RhHttpAnswer *answer)
{
  return (answer->status >= 200 && answer->status < 300) || answer->status == 404;
}

static void
assess (GTask *task, const RhHttpAnswer *observed)
{
  const Operation *operation = g_task_get_task_data (task);
  RhAssessment *assessment = g_new0 (RhAssessment, 1);

  assessment->before = observed != NULL ? observed_state (observed) : json_node_new (JSON_NODE_NULL);
  assessment->facts = rh_http_facts (operation->endpoint, operation->request, observed);
  assessment->preview = rh_http_preview (operation->endpoint, operation->request, observed);
  g_task_return_pointer (task, assessment, (GDestroyNotify)rh_assessment_free);
}

static void
on_assess_observed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Operation *operation = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhHttpAnswer) answer = rh_http_call_finish (result, NULL, &error);

  if (answer == NULL)
    g_task_return_error (task, error);
  else if (!is_observation (answer))
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s: what is there now cannot be seen: %u",
                             operation->endpoint->name, answer->status);
  else
    assess (task, answer);
}

static void
rh_http_assess_async (RhConnector *connector,
                      const RhEffect *effect,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  g_autoptr (GTask) task = begin (connector, effect, effect->receipt != NULL, rh_http_assess_async, callback, data);
  const Operation *operation;

  if (task == NULL)
    return;
  operation = g_task_get_task_data (task);
  if (operation->endpoint->observe != NULL)
    call_observe (task, cancellable, on_assess_observed);
  else
    assess (task, NULL);
}

/* --- Apply and undo ----------------------------------------------------------------------------------------------- */

/* (transfer full) (nullable): the inverse that the request stated, with what the answer holds; NULL when it lacks that.
 */
static JsonNode *
resolve_undo (JsonObject *undo, const RhHttpAnswer *answer)
{
  g_autoptr (GRegex) regex = g_regex_new ("\\{answer\\.([A-Za-z0-9_]+)\\}", 0, 0, NULL);
  g_autoptr (GString) path = g_string_new (royal_json_string (undo, "path", ""));
  JsonObject *body =
      answer->json != NULL && JSON_NODE_HOLDS_OBJECT (answer->json) ? json_node_get_object (answer->json) : NULL;
  g_autoptr (GMatchInfo) match = NULL;
  JsonNode *resolved = json_node_new (JSON_NODE_OBJECT);

  while (g_regex_match (regex, path->str, 0, &match))
    {
      g_autofree char *whole = g_match_info_fetch (match, 0);
      g_autofree char *name = g_match_info_fetch (match, 1);
      JsonNode *member = body != NULL ? json_object_get_member (body, name) : NULL;
      g_autofree char *text = member != NULL && JSON_NODE_HOLDS_VALUE (member) ? royal_json_to_string (member) : NULL;
      g_autofree char *escaped = NULL;

      g_clear_pointer (&match, g_match_info_unref);
      if (text == NULL)
        {
          json_node_unref (resolved);
          return NULL;
        }
      escaped = g_uri_escape_string (
          json_node_get_value_type (member) == G_TYPE_STRING ? json_node_get_string (member) : text, NULL, FALSE);
      g_string_replace (path, whole, escaped, 1);
    }
  json_node_take_object (resolved, json_object_new ());
  json_object_set_string_member (json_node_get_object (resolved), "method", royal_json_string (undo, "method", ""));
  json_object_set_string_member (json_node_get_object (resolved), "path", path->str);
  if (json_object_has_member (undo, "body"))
    json_object_set_member (json_node_get_object (resolved), "body", json_object_dup_member (undo, "body"));
  return resolved;
}

/* (transfer full) */
static JsonNode *
make_receipt (const Operation *operation, const RhHttpAnswer *answer)
{
  g_autoptr (JsonObject) receipt = json_object_new ();
  JsonObject *undo = royal_json_object (operation->request, "undo");
  JsonNode *inverse = undo != NULL ? resolve_undo (undo, answer) : NULL;

  json_object_set_string_member (receipt, "endpoint", operation->endpoint->name);
  json_object_set_int_member (receipt, "status", answer->status);
  json_object_set_string_member (receipt, "sha256", answer->sha256);
  if (answer->json != NULL && answer->length <= KEEP_MAX)
    json_object_set_member (receipt, "answer", json_node_copy (answer->json));
  if (inverse != NULL)
    json_object_set_member (receipt, "undo", inverse);
  return json_node_init_object (json_node_alloc (), receipt);
}

/* What a status that is no success means for whether it happened. */
static RoyalError
meaning_of (const RhHttpEndpoint *endpoint, guint status)
{
  switch (status)
    {
    case 412:
      return ROYAL_ERROR_CONFLICT;
    case 429:
      return ROYAL_ERROR_LIMIT;
    case 409: /* perhaps the same key, on its way still */
      return ROYAL_ERROR_PROTOCOL;
    case 408:
    case 425:
    case 500:
    case 502:
    case 503: /* also of a proxy that has sent it on */
    case 504:
      return endpoint->idempotent && endpoint->observe == NULL ? ROYAL_ERROR_UNAVAILABLE : ROYAL_ERROR_PROTOCOL;
    default:
      return status >= 500 ? ROYAL_ERROR_PROTOCOL : ROYAL_ERROR_FAILED;
    }
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Operation *operation = g_task_get_task_data (task);
  const RhHttpEndpoint *endpoint = operation->endpoint;
  gboolean sent = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhHttpAnswer) answer = rh_http_call_finish (result, &sent, &error);

  if (answer == NULL)
    {
      /* What was sent may have arrived. To a peer that does the same key once it may be sent again. */
      if (sent && (!endpoint->idempotent || endpoint->observe != NULL))
        g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "%s", error->message);
      else if (sent || royal_error_is_timeout (error))
        g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s", error->message);
      else
        g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (answer->status >= 200 && answer->status < 300)
    {
      g_task_return_pointer (task, make_receipt (operation, answer), (GDestroyNotify)json_node_unref);
      return;
    }
  if (answer->retry_after_ms > 0 && (answer->status == 429 || answer->status == 503))
    rh_effect_retry_after (&operation->effect, answer->retry_after_ms);
  g_task_return_new_error (task, ROYAL_ERROR, (int)meaning_of (endpoint, answer->status), "%s answered %u",
                           endpoint->name, answer->status);
}

static void
send_request (GTask *task)
{
  const Operation *operation = g_task_get_task_data (task);
  JsonNode *before = operation->effect.before;
  JsonObject *state = before != NULL && JSON_NODE_HOLDS_OBJECT (before) ? json_node_get_object (before) : NULL;
  RhHttpRequest request = {
    .method = royal_json_string (operation->request, "method", ""),
    .path = royal_json_string (operation->request, "path", "/"),
    .body = json_object_get_member (operation->request, "body"),
    .key = operation->effect.key,
    .match = royal_json_string (state, "tag", NULL),
  };

  call (task, &request, operation->effect.cancellable, on_applied);
}

/* The world as it was observed, or it is not sent. */
static void
on_apply_observed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Operation *operation = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhHttpAnswer) answer = rh_http_call_finish (result, NULL, &error);
  g_autoptr (JsonNode) now = NULL;

  if (answer == NULL || !is_observation (answer))
    {
      /* Nothing was sent. */
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s: what is there now cannot be seen",
                               operation->endpoint->name);
      g_clear_error (&error);
      return;
    }
  now = observed_state (answer);
  if (operation->effect.before != NULL && json_node_equal (now, operation->effect.before))
    send_request (task);
  else
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "%s is not as it was observed",
                             royal_json_string (operation->request, "path", ""));
}

static void
apply (GTask *task)
{
  const Operation *operation = g_task_get_task_data (task);

  if (operation->endpoint->observe != NULL)
    call_observe (task, operation->effect.cancellable, on_apply_observed);
  else
    send_request (task);
}

static void
rh_http_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = begin (connector, effect, FALSE, rh_http_apply_async, callback, data);

  if (task != NULL)
    apply (task);
}

static void
rh_http_undo_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = begin (connector, effect, TRUE, rh_http_undo_async, callback, data);

  if (task != NULL)
    apply (task);
}

/* --- Verify ------------------------------------------------------------------------------------------------------- */

static void
on_verified (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Operation *operation = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhHttpAnswer) answer = rh_http_call_finish (result, NULL, &error);

  if (answer == NULL)
    g_task_return_error (task, error);
  else if (answer->status >= 200 && answer->status < 300)
    g_task_return_pointer (task, make_receipt (operation, answer), (GDestroyNotify)json_node_unref);
  else if (answer->status == 404)
    g_task_return_pointer (task, NULL, NULL);
  else
    {
      if (answer->retry_after_ms > 0)
        rh_effect_retry_after (&operation->effect, answer->retry_after_ms);
      g_task_return_new_error (task, ROYAL_ERROR, answer->status == 429 ? ROYAL_ERROR_LIMIT : ROYAL_ERROR_UNAVAILABLE,
                               "%s answered %u when it was asked whether it was done", operation->endpoint->name,
                               answer->status);
    }
}

static gboolean
ask (gpointer data)
{
  GTask *task = data;
  Operation *operation = g_task_get_task_data (task);
  g_autofree char *path = rh_http_template (operation->endpoint->verify, NULL, operation->effect.key);
  RhHttpRequest request = { .method = "GET", .path = path };

  operation->timer_id = 0;
  call (task, &request, operation->effect.cancellable, on_verified);
  return G_SOURCE_REMOVE;
}

/* With a verify path the peer is asked. Without one a peer that does the same key once may be sent it again, as if it
 * had not been; of any other nobody can tell. */
static void
rh_http_verify_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = begin (connector, effect, effect->receipt != NULL, rh_http_verify_async, callback, data);
  Operation *operation;

  if (task == NULL)
    return;
  operation = g_task_get_task_data (task);
  if (operation->endpoint->verify == NULL && operation->endpoint->idempotent)
    g_task_return_pointer (task, NULL, NULL);
  else if (operation->endpoint->verify == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s cannot be asked", operation->endpoint->name);
  else if (operation->endpoint->idempotent || operation->endpoint->settle_ms == 0)
    ask (task);
  else
    operation->timer_id = g_timeout_add_full (G_PRIORITY_DEFAULT, operation->endpoint->settle_ms, ask,
                                              g_object_ref (task), g_object_unref);
}

static RhVerify
rh_http_verify_finish (RhConnector *connector, GAsyncResult *result, JsonNode **ret_receipt, GError **error)
{
  const Operation *operation;

  g_return_val_if_fail (g_task_is_valid (result, connector), RH_VERIFY_UNKNOWN);

  operation = g_task_get_task_data (G_TASK (result));
  return rh_connector_task_verify (
      connector, result, operation->endpoint->verify != NULL ? RH_VERIFY_ABSENT : RH_VERIFY_AGAIN, ret_receipt, error);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static void
rh_http_finalize (GObject *object)
{
  RhHttp *self = RH_HTTP (object);

  g_clear_object (&self->secrets);
  g_hash_table_unref (self->endpoints);
  g_ptr_array_unref (self->names);
  G_OBJECT_CLASS (rh_http_parent_class)->finalize (object);
}

static void
rh_http_class_init (RhHttpClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_http_finalize;
  (void)rh_http_resources_get_resource (); /* or the linker would leave the schemas out of a program */
}

static void
rh_http_init (RhHttp *self)
{
  self->names = g_ptr_array_new ();
}

static void
rh_http_connector_init (RhConnectorInterface *iface)
{
  iface->name = rh_http_name;
  iface->actions = rh_http_actions;
  iface->secrets = rh_http_secrets;
  iface->lane = rh_http_lane;
  iface->classes = rh_http_classes;
  iface->validate = rh_http_validate;
  iface->assess_async = rh_http_assess_async;
  iface->assess_finish = rh_connector_task_assessment;
  iface->apply_async = rh_http_apply_async;
  iface->apply_finish = rh_connector_task_node;
  iface->verify_async = rh_http_verify_async;
  iface->verify_finish = rh_http_verify_finish;
  iface->undo_async = rh_http_undo_async;
  iface->undo_finish = rh_connector_task_node;
}

static void
collect_names (RhHttp *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->endpoints);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const RhHttpEndpoint *endpoint = value;

      for (guint i = 0; i < endpoint->secrets->len; i++)
        g_ptr_array_add (self->names, ((RhHttpSecret *)endpoint->secrets->pdata[i])->secret);
    }
  g_ptr_array_add (self->names, NULL);
}

RhHttp *
rh_http_new (const char *file, RhSecrets *secrets, GError **error)
{
  GHashTable *endpoints;
  RhHttp *self;

  g_return_val_if_fail (file != NULL, NULL);

  endpoints = rh_http_endpoints_load (file, error);
  if (endpoints == NULL)
    return NULL;
  self = g_object_new (RH_TYPE_HTTP, NULL);
  self->endpoints = endpoints;
  self->secrets = secrets != NULL ? g_object_ref (secrets) : NULL;
  collect_names (self);
  return self;
}
