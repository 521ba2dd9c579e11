/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-request-private.h"

#include "rh-auth.h"
#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-routes.h"
#include "royal-json.h"

#include <errno.h>
#include <royal/error.h>
#include <string.h>

#define REQUEST_DATA "rh-request"
#define ID_MAX 128
#define SPAN_NAME_MAX 128
#define KEY_MAX 200

void
rh_caller_clear (RhCaller *self)
{
  g_free (self->workspace_name);
  g_free (self->name);
  g_free (self->via);
  g_free (self->token);
  g_free (self->user);
  g_free (self->csrf);
  g_free (self->me);
  *self = (RhCaller){ 0 };
}

RhServerContext *
rh_server_context_share (const RhServerContext *context)
{
  RhServerContext *shared;

  g_return_val_if_fail (context != NULL, NULL);

  shared = g_rc_box_new (RhServerContext);
  *shared = *context;
  g_object_ref (shared->store);
  g_object_ref (shared->registry);
  g_object_ref (shared->workers);
  g_object_ref (shared->jobs);
  g_object_ref (shared->workflows);
  g_object_ref (shared->triggers);
  g_object_ref (shared->secrets);
  g_object_ref (shared->gate);
  if (shared->installer != NULL)
    g_object_ref (shared->installer);
  shared->link_key = g_strdup (context->link_key);
  return shared;
}

static void
context_clear (gpointer data)
{
  RhServerContext *self = data;

  g_object_unref (self->store);
  g_object_unref (self->registry);
  g_object_unref (self->workers);
  g_object_unref (self->jobs);
  g_object_unref (self->workflows);
  g_object_unref (self->triggers);
  g_object_unref (self->secrets);
  g_object_unref (self->gate);
  g_clear_object (&self->installer);
  g_free ((char *)self->link_key);
}

void
rh_server_context_unshare (RhServerContext *context)
{
  if (context != NULL)
    g_rc_box_release_full (context, context_clear);
}

static void
request_clear (gpointer data)
{
  RhRequest *self = data;

  g_assert (self->message == NULL);
  rh_server_context_unshare (self->context);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->query, g_hash_table_unref);
  g_clear_pointer (&self->parameters, g_strfreev);
  g_clear_pointer (&self->body, json_node_unref);
  g_clear_pointer (&self->spool, rh_spool_free);
  if (self->more_free != NULL)
    self->more_free (self->more_data);
  rh_caller_clear (&self->caller);
  rh_span_free (self->span);
  rh_client_clear (&self->client);
  g_free (self->id);
}

RhRequest *
rh_request_ref (RhRequest *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_rc_box_acquire (self);
}

void
rh_request_unref (RhRequest *self)
{
  if (self != NULL)
    g_rc_box_release_full (self, request_clear);
}

static void
log_end (RhRequest *self)
{
  gint64 took_us = g_get_monotonic_time () - self->since_us;
  char class[4] = { (char)('0' + MIN (self->status / 100, 9)), 'x', 'x', '\0' };
  char status[16], took_ms[24];

  g_snprintf (status, sizeof status, "%u", self->status);
  g_snprintf (took_ms, sizeof took_ms, "%" G_GINT64_FORMAT, took_us / 1000);
  rh_metric_add (RH_METRIC_HTTP_REQUESTS, class, 1);
  rh_span_set (self->span, "http.response.status_code", status);
  rh_span_end (g_steal_pointer (&self->span), self->status >= 500 ? "the request failed" : NULL);
  rh_metric_observe (RH_METRIC_HTTP_SECONDS, (double)took_us / G_USEC_PER_SEC);
  rh_log (RH_LOG_DEBUG, "web.request", "request answered", "request", self->id, "method",
          soup_server_message_get_method (self->message), "path",
          g_uri_get_path (soup_server_message_get_uri (self->message)), "status", status, "ms", took_ms, "peer",
          self->client.peer, "caller", self->caller.name, NULL);
}

void
rh_request_detach (RhRequest *self)
{
  g_autoptr (SoupServerMessage) message = g_steal_pointer (&self->message);

  if (message == NULL)
    return;
  self->message = message;
  log_end (self);
  self->message = NULL;
  self->paused = FALSE;
  g_signal_handlers_disconnect_by_data (message, self);
  g_object_set_data (G_OBJECT (message), REQUEST_DATA, NULL);
}

static void
on_over (SoupServerMessage *message, gpointer data)
{
  rh_request_detach (data);
}

/* What a client may choose as the id: it ends up in logs. */
static gboolean
is_sane_id (const char *id)
{
  gsize length = id != NULL ? strlen (id) : 0;

  return length > 0 && length <= ID_MAX &&
         strspn (id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == length;
}

RhRequest *
rh_request_new (RhServerContext *context,
                SoupServerMessage *message,
                RhConnection *connection,
                RhClient *client,
                GHashTable *query)
{
  RhRequest *self;
  const char *id;

  g_return_val_if_fail (context != NULL && SOUP_IS_SERVER_MESSAGE (message) && RH_IS_CONNECTION (connection), NULL);

  self = g_rc_box_new0 (RhRequest);
  id = soup_message_headers_get_one (soup_server_message_get_request_headers (message), "X-Request-Id");
  self->context = g_rc_box_acquire (context);
  self->message = g_object_ref (message);
  self->connection = g_object_ref (connection);
  self->client = *client;
  *client = (RhClient){ 0 };
  self->query = query != NULL ? g_hash_table_ref (query) : NULL;
  self->id = is_sane_id (id) ? g_strdup (id) : g_uuid_string_random ();
  self->since_us = g_get_monotonic_time ();
  g_object_set_data_full (G_OBJECT (message), REQUEST_DATA, rh_request_ref (self), (GDestroyNotify)rh_request_unref);
  g_signal_connect (message, "finished", G_CALLBACK (on_over), self);
  g_signal_connect (message, "disconnected", G_CALLBACK (on_over), self);
  return self;
}

RhRequest *
rh_request_of_message (SoupServerMessage *message)
{
  return g_object_get_data (G_OBJECT (message), REQUEST_DATA);
}

const RhServerContext *
rh_request_context (RhRequest *self)
{
  return self->context;
}

RhConnection *
rh_request_connection (RhRequest *self)
{
  return self->connection;
}

const RhClient *
rh_request_client (RhRequest *self)
{
  return &self->client;
}

const char *
rh_request_peer (RhRequest *self)
{
  return self->client.peer;
}

const char *
rh_request_network (RhRequest *self)
{
  return self->client.network;
}

SoupServerMessage *
rh_request_message (RhRequest *self)
{
  return self->message;
}

const char *
rh_request_id (RhRequest *self)
{
  return self->id;
}

RhCaller *
rh_request_caller (RhRequest *self)
{
  return &self->caller;
}

/* What the caller says of its trace; the message is there. */
static const char *
traceparent_of (RhRequest *self)
{
  return soup_message_headers_get_one (soup_server_message_get_request_headers (self->message), "traceparent");
}

/* Under the route's name, which is one of few; what asks for health and metrics is not worth a span. */
static void
start_span (RhRequest *self)
{
  char name[SPAN_NAME_MAX];

  g_snprintf (name, sizeof name, "%s %s", self->route->method, self->route->path);
  g_clear_pointer (&self->span, rh_span_free);
  self->span = rh_span_start (name, RH_SPAN_SERVER, traceparent_of (self));
  if (self->span == NULL)
    return;
  rh_span_set (self->span, "http.request.method", self->route->method);
  rh_span_set (self->span, "http.route", self->route->path);
  rh_span_set (self->span, "royal.request", self->id);
}

const RhActor *
rh_request_actor (RhRequest *self)
{
  self->actor =
      (RhActor){ .workspace = self->caller.workspace,
                 .name = self->caller.name,
                 .via = self->caller.via,
                 .role = rh_role_acting (self->caller.roles),
                 .trace = rh_span_traceparent (self->span, self->message != NULL ? traceparent_of (self) : NULL) };
  return &self->actor;
}

gint64
rh_request_workspace (RhRequest *self)
{
  return self->caller.workspace;
}

const RhRoute *
rh_request_route (RhRequest *self)
{
  return self->route;
}

void
rh_request_set_route (RhRequest *self, const RhRoute *route, GStrv parameters)
{
  self->route = route;
  g_strfreev (self->parameters);
  self->parameters = parameters;
  if (self->message != NULL && route->roles != 0)
    start_span (self);
}

gboolean
rh_request_is_answered (RhRequest *self)
{
  return self->answered;
}

gboolean
rh_request_is_over (RhRequest *self)
{
  return self->answered || self->message == NULL;
}

const char *
rh_request_parameter (RhRequest *self)
{
  g_return_val_if_fail (self->parameters != NULL && self->parameters[0] != NULL, "");
  return self->parameters[0];
}

const char *
rh_request_parameter_at (RhRequest *self, guint n)
{
  g_return_val_if_fail (self->parameters != NULL && n < g_strv_length (self->parameters), "");
  return self->parameters[n];
}

const char *
rh_request_query (RhRequest *self, const char *name)
{
  return self->query != NULL ? g_hash_table_lookup (self->query, name) : NULL;
}

GHashTable *
rh_request_query_table (RhRequest *self)
{
  return self->query;
}

const char *
rh_request_header (RhRequest *self, const char *name)
{
  if (self->message == NULL)
    return NULL;
  return soup_message_headers_get_one (soup_server_message_get_request_headers (self->message), name);
}

JsonObject *
rh_request_body (RhRequest *self)
{
  return self->body != NULL && JSON_NODE_HOLDS_OBJECT (self->body) ? json_node_get_object (self->body) : NULL;
}

void
rh_request_set_body (RhRequest *self, JsonNode *body)
{
  g_clear_pointer (&self->body, json_node_unref);
  self->body = body;
}

/* The spool that @chunk goes to; the message keeps nothing of what was spooled. */
gboolean
rh_request_spool (RhRequest *self, GBytes *chunk, goffset *ret_length)
{
  g_autoptr (GError) error = NULL;

  if (self->spool == NULL)
    self->spool = rh_spool_new (&error);
  if (self->spool == NULL || !rh_spool_write (self->spool, chunk, &error))
    {
      rh_request_fail (self, error);
      return FALSE;
    }
  *ret_length = rh_spool_length (self->spool);
  return TRUE;
}

GBytes *
rh_request_take_bytes (RhRequest *self)
{
  GBytes *bytes;

  if (self->spool != NULL)
    {
      g_autoptr (RhSpool) spool = g_steal_pointer (&self->spool);
      g_autoptr (GError) error = NULL;

      bytes = rh_spool_bytes (spool, &error);
      if (bytes == NULL)
        rh_log (RH_LOG_ERROR, "web.spool", error->message, "request", self->id, NULL);
      return bytes != NULL ? bytes : g_bytes_new_static ("", 0);
    }
  /* What is not accumulated and not spooled either never came. */
  if (self->message == NULL || !soup_message_body_get_accumulate (soup_server_message_get_request_body (self->message)))
    return g_bytes_new_static ("", 0);
  bytes = soup_message_body_flatten (soup_server_message_get_request_body (self->message));
  soup_message_body_truncate (soup_server_message_get_request_body (self->message));
  return bytes;
}

gboolean
rh_request_number (RhRequest *self, const char *name, gint64 least, gint64 most, gint64 otherwise, gint64 *ret_value)
{
  const char *text = rh_request_query (self, name);

  if (text == NULL)
    {
      *ret_value = otherwise;
      return TRUE;
    }
  if (g_ascii_string_to_signed (text, 10, least, most, ret_value, NULL))
    return TRUE;
  rh_request_refuse (self, RH_PROBLEM_INVALID, NULL,
                     "the query's %s is to be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, name,
                     least, most);
  return FALSE;
}

gboolean
rh_request_key (RhRequest *self, const char *member, const char **ret_key)
{
  const char *key = rh_request_header (self, "Idempotency-Key");
  const char *own = member != NULL ? royal_json_string (rh_request_body (self), member, NULL) : NULL;
  g_autofree char *pointer = member != NULL ? g_strconcat ("/", member, NULL) : NULL;

  if (key == NULL || (*key != '\0' && g_utf8_validate (key, -1, NULL) && g_utf8_strlen (key, -1) <= KEY_MAX &&
                      (own == NULL || strcmp (own, key) == 0)))
    {
      *ret_key = key != NULL ? key : own;
      return TRUE;
    }
  rh_request_refuse (self, RH_PROBLEM_INVALID, pointer, "Idempotency-Key is to be 1 to %d characters%s", KEY_MAX,
                     member != NULL ? ", and the body's key if there is one" : "");
  return FALSE;
}

gboolean
rh_request_own_key (RhRequest *self, const char *kind, char **ret_key)
{
  const char *key;
  g_autofree char *text = NULL;

  if (!rh_request_key (self, NULL, &key))
    return FALSE;
  text = key != NULL ? g_strjoin ("\n", kind, self->caller.via, key, NULL) : NULL;
  *ret_key = text != NULL ? g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1) : NULL;
  return TRUE;
}

void
rh_request_pause (RhRequest *self)
{
  if (self->message == NULL || self->paused)
    return;
  self->paused = TRUE;
  soup_server_message_pause (self->message);
}

void
rh_request_resume (RhRequest *self)
{
  if (self->message == NULL || !self->paused)
    return;
  self->paused = FALSE;
  soup_server_message_unpause (self->message);
}

void
rh_request_set_reading (RhRequest *self, gboolean reading)
{
  self->reading = reading;
}
