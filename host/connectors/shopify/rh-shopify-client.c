/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-client.h"

#include "rh-http-call.h"
#include "rh-log.h"
#include "royal-json.h"

#include <math.h>
#include <royal/error.h>
#include <string.h>

#define PATH "/admin/api/" RH_SHOPIFY_API "/graphql.json"
#define COST 12           /* points: an operation that changes something costs 10, each that reads here less than 12 */
#define THROTTLED_MS 1000 /* when it is not said how many points there are */
#define AGAIN_MAX 5       /* how often what only reads is sent again */
#define AGAIN_MS 100u     /* before the first time; doubled each time */
#define DENIED_MAX 3      /* how often what came with a token that another has replaced meanwhile is sent again */
#define DENIED_MS 1000u   /* before the first time; doubled each time */
#define WORDS_MAX 300

typedef struct {
  RhShopifyPlace *place;
  RhSecrets *secrets;
  gint64 workspace;
  char *root;
  JsonNode *body;
  GCancellable *cancellable;
  RhThrottle throttle;
  double cost;
  guint again;
  guint denied;
} Call;

static void
call_free (gpointer data)
{
  Call *self = data;

  g_clear_object (&self->secrets);
  g_clear_object (&self->cancellable);
  g_free (self->root);
  json_node_unref (self->body);
  g_free (self);
}

static void send_when_there_are_points (GTask *task);

static gboolean
on_again (gpointer data)
{
  send_when_there_are_points (data);
  return G_SOURCE_REMOVE;
}

static void
wait_ms (GTask *task, guint ms)
{
  g_timeout_add_full (G_PRIORITY_DEFAULT, ms, on_again, g_object_ref (task), g_object_unref);
}

/* What only reads is sent again when that may help: a batch is not to be given up for one answer out of hundreds. */
static void
fail (GTask *task, RoyalError code, const char *words)
{
  Call *self = g_task_get_task_data (task);

  if (self->root == NULL && (code == ROYAL_ERROR_UNAVAILABLE || code == ROYAL_ERROR_LIMIT) && self->again < AGAIN_MAX &&
      !g_cancellable_is_cancelled (self->cancellable))
    {
      wait_ms (task, MAX (self->throttle.retry_after_ms, AGAIN_MS << self->again));
      self->again++;
    }
  else
    g_task_return_new_error (task, ROYAL_ERROR, (int)code, "%s: Shopify: %.*s", self->place->name, WORDS_MAX, words);
}

/* It cannot be told what became of what was sent: of one that only reads that does not matter. */
static RoyalError
in_doubt (const Call *self)
{
  return self->root != NULL ? ROYAL_ERROR_PROTOCOL : ROYAL_ERROR_UNAVAILABLE;
}

static RoyalError
meaning_of_status (const Call *self, guint status)
{
  switch (status)
    {
    case 401:
    case 402: /* the shop is frozen */
    case 403:
    case 423: /* the shop is locked */
      return ROYAL_ERROR_DENIED;
    case 404:
      return ROYAL_ERROR_NOT_FOUND;
    case 429:
    case 430:
      return ROYAL_ERROR_LIMIT;
    default:
      return status >= 500 ? in_doubt (self) : ROYAL_ERROR_FAILED;
    }
}

typedef struct {
  const char *code;
  RoyalError error;
} Meaning;

static const Meaning meanings[] = {
  { "ACCESS_DENIED", ROYAL_ERROR_DENIED },
  { "SHOP_INACTIVE", ROYAL_ERROR_DENIED },
  { "THROTTLED", ROYAL_ERROR_LIMIT },
  { "MAX_COST_EXCEEDED", ROYAL_ERROR_FAILED },
  { "INTERNAL_SERVER_ERROR", ROYAL_ERROR_PROTOCOL },
  { "TIMEOUT", ROYAL_ERROR_PROTOCOL },
  /* Of userErrors. */
  { "CHANGE_FROM_QUANTITY_STALE", ROYAL_ERROR_CONFLICT },
  { "COMPARE_QUANTITY_STALE", ROYAL_ERROR_CONFLICT },
  { "STALE_OBJECT", ROYAL_ERROR_CONFLICT },
  { "IDEMPOTENCY_CONCURRENT_REQUEST", ROYAL_ERROR_PROTOCOL },
  { "INVALID_COMPARE_DIGEST", ROYAL_ERROR_CONFLICT },
  { "HANDLE_NOT_UNIQUE", ROYAL_ERROR_CONFLICT },
  { "THEME_FILES_CONFLICT", ROYAL_ERROR_PROTOCOL },
  { "CANNOT_PUBLISH_THEME_DURING_INSTALL", ROYAL_ERROR_UNAVAILABLE },
  { "OPERATION_IN_PROGRESS", ROYAL_ERROR_LIMIT },
  { "LIMIT_REACHED", ROYAL_ERROR_LIMIT },
  { "INTERNAL_ERROR", ROYAL_ERROR_PROTOCOL },
  { "NOT_FOUND", ROYAL_ERROR_NOT_FOUND },
  { "PRODUCT_DOES_NOT_EXIST", ROYAL_ERROR_NOT_FOUND },
  { "PRODUCT_VARIANT_DOES_NOT_EXIST", ROYAL_ERROR_NOT_FOUND },
};

static RoyalError
meaning_of_code (const Call *self, const char *code, RoyalError otherwise)
{
  for (guint i = 0; i < G_N_ELEMENTS (meanings); i++)
    if (strcmp (meanings[i].code, code) == 0)
      return meanings[i].error == ROYAL_ERROR_PROTOCOL ? in_doubt (self) : meanings[i].error;
  return otherwise;
}

/* (nullable): the first object of a list. */
static JsonObject *
first_of (JsonArray *list)
{
  JsonNode *node = list != NULL && json_array_get_length (list) > 0 ? json_array_get_element (list, 0) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* --- Points ------------------------------------------------------------------------------------------------------- */

/* What the answer says of the points of the shop: its plan's own figures, and what is left. */
static void
learn (Call *self, JsonObject *answer)
{
  JsonObject *cost = royal_json_object (royal_json_object (answer, "extensions"), "cost");
  JsonObject *status = royal_json_object (cost, "throttleStatus");
  double left = royal_json_double (status, "currentlyAvailable", -1);
  double burst = royal_json_double (status, "maximumAvailable", 0);
  double rate = royal_json_double (status, "restoreRate", 0);

  if (left < 0 || burst < 1 || rate <= 0)
    return;
  self->place->bucket.burst = burst;
  self->place->bucket.rate = rate;
  rh_bucket_set_level (&self->place->bucket, left, g_get_monotonic_time ());
  self->throttle.left = left;
  self->throttle.has_left = TRUE;
}

/* Nothing was done. */
static void
throttled (GTask *task, JsonObject *answer)
{
  Call *self = g_task_get_task_data (task);
  JsonObject *cost = royal_json_object (royal_json_object (answer, "extensions"), "cost");
  double wanted = royal_json_double (cost, "requestedQueryCost", self->cost);
  gint64 now = g_get_monotonic_time ();

  if (self->throttle.has_left)
    self->throttle.retry_after_ms = MAX (rh_bucket_wait_ms (&self->place->bucket, wanted, now), 1);
  else if (self->throttle.retry_after_ms == 0)
    self->throttle.retry_after_ms = THROTTLED_MS;
  rh_bucket_close (&self->place->bucket, self->throttle.retry_after_ms, now);
  fail (task, ROYAL_ERROR_LIMIT, "throttled");
}

/* --- Answers ------------------------------------------------------------------------------------------------------ */

/* An error of the whole request. By the GraphQL specification (October 2021, 7.1) there is no `data` in an answer of
 * what failed before it was executed. */
static void
refused (GTask *task, JsonObject *answer, JsonArray *errors)
{
  const Call *self = g_task_get_task_data (task);
  JsonObject *first = first_of (errors);
  const char *code = royal_json_string (royal_json_object (first, "extensions"), "code", "");
  g_autofree char *words = g_strdup_printf ("%.200s%s%s%s", royal_json_string (first, "message", "an error"),
                                            *code != '\0' ? " (" : "", code, *code != '\0' ? ")" : "");
  JsonObject *data = royal_json_object (answer, "data");
  gboolean was_executed = self->root != NULL && data != NULL && royal_json_object (data, self->root) != NULL;

  if (strcmp (code, "THROTTLED") == 0)
    throttled (task, answer);
  else
    fail (task,
          was_executed ? ROYAL_ERROR_PROTOCOL
                       : meaning_of_code (self, code, data != NULL ? in_doubt (self) : ROYAL_ERROR_FAILED),
          words);
}

/* (transfer full): `input.price`, of the path of a field. */
static char *
field_of (JsonObject *fault)
{
  JsonArray *path = royal_json_array (fault, "field");
  GString *text = g_string_new (NULL);

  for (guint i = 0; path != NULL && i < json_array_get_length (path); i++)
    if (json_node_get_value_type (json_array_get_element (path, i)) == G_TYPE_STRING)
      g_string_append_printf (text, "%s%.64s", i > 0 ? "." : "", json_array_get_string_element (path, i));
  return g_string_free (text, FALSE);
}

static void
refused_by_user_error (GTask *task, JsonObject *fault)
{
  const Call *self = g_task_get_task_data (task);
  g_autofree char *field = field_of (fault);
  const char *code = royal_json_string (fault, "code", "");
  g_autofree char *words =
      g_strdup_printf ("%s%s%.200s%s%s%s", field, *field != '\0' ? ": " : "", royal_json_string (fault, "message", ""),
                       *code != '\0' ? " (" : "", code, *code != '\0' ? ")" : "");

  fail (task, meaning_of_code (self, code, ROYAL_ERROR_FAILED), words);
}

static void
take (GTask *task, JsonObject *answer)
{
  Call *self = g_task_get_task_data (task);
  JsonArray *errors = royal_json_array (answer, "errors");
  JsonObject *data = royal_json_object (answer, "data");
  JsonObject *payload = data != NULL && self->root != NULL ? royal_json_object (data, self->root) : NULL;
  JsonObject *fault = first_of (royal_json_array (payload, "userErrors"));

  learn (self, answer);
  if (errors != NULL && json_array_get_length (errors) > 0)
    refused (task, answer, errors);
  else if (data == NULL || (self->root != NULL && payload == NULL))
    fail (task, in_doubt (self), "the answer has no data");
  else if (fault != NULL)
    refused_by_user_error (task, fault);
  else
    g_task_return_pointer (task, json_object_dup_member (answer, "data"), (GDestroyNotify)json_node_unref);
}

/* Once a shop: it is said with every answer. */
static void
surface (RhShopifyPlace *place, const char *reason)
{
  if (reason == NULL || place->told)
    return;
  place->told = TRUE;
  rh_log (RH_LOG_WARNING, "shopify.deprecated", "what is asked of Shopify is going to end", "shop", place->shop, "api",
          RH_SHOPIFY_API, "reason", reason, NULL);
}

/* Nothing was done. The token may be one that was renewed while the request was on its way: each one takes the one
 * before it away. */
static gboolean
may_be_renewed (const Call *self, guint status)
{
  const RhShopifyApp *app = self->place->app;

  return status == 401 && app != NULL && app->refresh != NULL && self->denied < DENIED_MAX;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *self = g_task_get_task_data (task);
  gboolean sent = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhHttpAnswer) answer = rh_http_call_finish (result, &sent, &error);
  g_autofree char *words = NULL;

  if (answer == NULL)
    {
      if (sent || royal_error_is_timeout (error) || royal_error_is_unavailable (error))
        fail (task, sent ? in_doubt (self) : ROYAL_ERROR_UNAVAILABLE, error->message);
      else
        g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  surface (self->place, answer->deprecated);
  self->throttle.retry_after_ms = answer->retry_after_ms;
  if (answer->status == 200 && answer->json != NULL && JSON_NODE_HOLDS_OBJECT (answer->json))
    take (task, json_node_get_object (answer->json));
  else if (answer->status == 200)
    fail (task, in_doubt (self), "the answer is no JSON object");
  else if (meaning_of_status (self, answer->status) == ROYAL_ERROR_LIMIT)
    throttled (task, NULL);
  else if (may_be_renewed (self, answer->status))
    wait_ms (task, DENIED_MS << self->denied++);
  else
    {
      words = g_strdup_printf ("answered %u", answer->status);
      fail (task, meaning_of_status (self, answer->status), words);
    }
}

static void
send_when_there_are_points (GTask *task)
{
  Call *self = g_task_get_task_data (task);
  RhHttpRequest request = {
    .workspace = self->workspace, .method = "POST", .path = PATH, .body = self->body, .safe = self->root == NULL
  };
  guint ms = rh_bucket_wait_ms (&self->place->bucket, self->cost, g_get_monotonic_time ());

  if (g_cancellable_is_cancelled (self->cancellable))
    fail (task, ROYAL_ERROR_UNAVAILABLE, "given up before it was sent");
  else if (!rh_bucket_take (&self->place->bucket, self->cost, g_get_monotonic_time ()))
    wait_ms (task, MAX (ms, 1));
  else
    rh_http_call_async (self->place->endpoint, self->secrets, &request, self->cancellable, on_answer,
                        g_object_ref (task));
}

/* (transfer full) */
static JsonNode *
make_body (const RhShopifyRequest *request)
{
  g_autofree char *path = g_strdup_printf ("/royal/shopify/%s.graphql", request->operation);
  g_autoptr (GBytes) bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *body = json_object_new ();

  g_assert (bytes != NULL); /* a resource of the program's own, which ends with a zero */
  json_object_set_string_member (body, "query", g_bytes_get_data (bytes, NULL));
  json_object_set_object_member (body, "variables", json_object_ref (request->variables));
  json_node_take_object (node, body);
  return node;
}

void
rh_shopify_call_async (RhShopifyPlace *place,
                       RhSecrets *secrets,
                       const RhShopifyRequest *request,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  Call *self;

  g_return_if_fail (place != NULL && request != NULL && request->operation != NULL && request->variables != NULL);

  g_task_set_source_tag (task, rh_shopify_call_async);
  self = g_new0 (Call, 1);
  self->place = place;
  self->secrets = secrets != NULL ? g_object_ref (secrets) : NULL;
  self->workspace = request->workspace;
  self->root = g_strdup (request->root);
  self->cost = request->cost > 0 ? request->cost : COST;
  self->body = make_body (request);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  g_task_set_task_data (task, self, call_free);
  send_when_there_are_points (task);
}

JsonNode *
rh_shopify_call_finish (GAsyncResult *result, RhThrottle *throttle, GError **error)
{
  const Call *self;

  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  self = g_task_get_task_data (G_TASK (result));
  if (throttle != NULL)
    *throttle = self->throttle;
  return g_task_propagate_pointer (G_TASK (result), error);
}
