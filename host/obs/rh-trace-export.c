/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-trace-export.h"

#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-trace.h"
#include "royal-json.h"

#include <libsoup/soup.h>
#include <royal/error.h>
#include <string.h>

#define WAITING_MAX 4096
#define BATCH_MAX 512
#define FLUSH_MS 2000
#define TIMEOUT_S 10
#define TRIES_MAX 2

/* One exporter a process, as there is one set of metrics. */
static struct {
  char *url;
  char *host_id;
  SoupSession *session;
  GQueue waiting; /* RhSpan */
  gboolean sending;
  guint flush_id;
  GTask *stop;
  guint stop_id;
} exporter;

typedef struct {
  GBytes *body;
  guint n;
  guint tries;
} Batch;

static void
batch_free (Batch *self)
{
  g_bytes_unref (self->body);
  g_free (self);
}

static void flush (void);
static void send_batch (Batch *batch);

/* { "key": …, "value": { "stringValue": … } } */
static void
add_attribute (JsonArray *list, const char *key, const char *value)
{
  JsonObject *attribute = json_object_new ();
  JsonObject *held = json_object_new ();

  json_object_set_string_member (held, "stringValue", value);
  json_object_set_string_member (attribute, "key", key);
  json_object_set_object_member (attribute, "value", held);
  json_array_add_object_element (list, attribute);
}

/* OTLP's JSON has 64-bit integers as text. */
static void
set_time (JsonObject *object, const char *name, gint64 us)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT "000", us);

  json_object_set_string_member (object, name, text);
}

static JsonObject *
span_json (const RhSpan *span)
{
  JsonObject *object = json_object_new ();
  JsonArray *attributes = json_array_new ();
  JsonObject *status = json_object_new ();

  json_object_set_string_member (object, "traceId", span->trace);
  json_object_set_string_member (object, "spanId", span->id);
  if (*span->parent != '\0')
    json_object_set_string_member (object, "parentSpanId", span->parent);
  json_object_set_string_member (object, "name", span->name);
  json_object_set_int_member (object, "kind", span->kind);
  set_time (object, "startTimeUnixNano", span->start_us);
  set_time (object, "endTimeUnixNano", span->end_us);
  for (guint i = 0; span->notes != NULL && i < span->notes->len; i++)
    {
      const RhSpanNote *note = &g_array_index (span->notes, RhSpanNote, i);

      add_attribute (attributes, note->key, note->value);
    }
  json_object_set_array_member (object, "attributes", attributes);
  if (span->error != NULL)
    {
      json_object_set_int_member (status, "code", 2);
      json_object_set_string_member (status, "message", span->error);
    }
  json_object_set_object_member (object, "status", status);
  return object;
}

/* The request around a list of spans. @spans is (transfer full). */
static GBytes *
request_body (JsonArray *spans)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *request = json_object_new ();
  JsonArray *resources = json_array_new ();
  JsonObject *resource_spans = json_object_new ();
  JsonObject *resource = json_object_new ();
  JsonArray *about = json_array_new ();
  JsonArray *scopes = json_array_new ();
  JsonObject *scope_spans = json_object_new ();
  JsonObject *scope = json_object_new ();
  char *text;

  json_node_take_object (root, request);
  add_attribute (about, "service.name", "royald");
  add_attribute (about, "service.version", ROYAL_VERSION);
  add_attribute (about, "service.instance.id", exporter.host_id);
  json_object_set_array_member (resource, "attributes", about);
  json_object_set_string_member (scope, "name", "royal");
  json_object_set_object_member (scope_spans, "scope", scope);
  json_object_set_array_member (scope_spans, "spans", spans);
  json_array_add_object_element (scopes, scope_spans);
  json_object_set_object_member (resource_spans, "resource", resource);
  json_object_set_array_member (resource_spans, "scopeSpans", scopes);
  json_array_add_object_element (resources, resource_spans);
  json_object_set_array_member (request, "resourceSpans", resources);
  text = royal_json_to_string (root);
  return g_bytes_new_take (text, strlen (text));
}

static gboolean
on_stop_timeout (gpointer data)
{
  g_autoptr (GTask) stop = g_steal_pointer (&exporter.stop);

  exporter.stop_id = 0;
  g_task_return_boolean (stop, TRUE);
  return G_SOURCE_REMOVE;
}

static void
check_stopped (void)
{
  g_autoptr (GTask) stop = NULL;

  if (exporter.stop == NULL || exporter.sending || exporter.waiting.length > 0)
    return;
  stop = g_steal_pointer (&exporter.stop);
  g_clear_handle_id (&exporter.stop_id, g_source_remove);
  g_task_return_boolean (stop, TRUE);
}

static gboolean
on_flush (gpointer data)
{
  exporter.flush_id = 0;
  flush ();
  return G_SOURCE_REMOVE;
}

static void
flush_later (void)
{
  if (exporter.flush_id == 0 && exporter.session != NULL)
    exporter.flush_id = g_timeout_add (FLUSH_MS, on_flush, NULL);
}

static gboolean
on_retry (gpointer data)
{
  send_batch (data);
  return G_SOURCE_REMOVE;
}

static void
batch_done (Batch *batch, const char *outcome)
{
  rh_metric_add (RH_METRIC_SPANS, outcome, batch->n);
  batch_free (batch);
  exporter.sending = FALSE;
  if (exporter.waiting.length >= BATCH_MAX || exporter.stop != NULL)
    flush ();
  else if (exporter.waiting.length > 0)
    flush_later ();
  check_stopped ();
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  Batch *batch = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) answer = soup_session_send_and_read_finish (SOUP_SESSION (source), result, &error);
  SoupMessage *message = soup_session_get_async_result_message (SOUP_SESSION (source), result);
  guint status = answer != NULL ? soup_message_get_status (message) : 0;
  char text[16];

  if (status >= 200 && status < 300)
    {
      batch_done (batch, "exported");
      return;
    }
  if (++batch->tries < TRIES_MAX && exporter.stop == NULL && (status == 0 || status == 429 || status >= 502))
    {
      g_timeout_add (FLUSH_MS + (guint)g_random_int_range (0, FLUSH_MS), on_retry, batch);
      return;
    }
  g_snprintf (text, sizeof text, "%u", status);
  rh_log (RH_LOG_WARNING, "trace.dropped", "spans were not taken by the collector and are dropped", "endpoint",
          exporter.url, "status", text, "error", error != NULL ? error->message : NULL, NULL);
  batch_done (batch, "dropped");
}

static void
send_batch (Batch *batch)
{
  g_autoptr (SoupMessage) message = NULL;

  if (exporter.session == NULL)
    {
      batch_free (batch);
      return;
    }
  message = soup_message_new ("POST", exporter.url);
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  soup_message_set_request_body_from_bytes (message, "application/json", batch->body);
  soup_session_send_and_read_async (exporter.session, message, G_PRIORITY_LOW, NULL, on_sent, batch);
}

static void
flush (void)
{
  JsonArray *spans;
  Batch *batch;

  if (exporter.sending || exporter.waiting.length == 0 || exporter.session == NULL)
    return;
  g_clear_handle_id (&exporter.flush_id, g_source_remove);
  spans = json_array_new ();
  batch = g_new0 (Batch, 1);
  for (; batch->n < BATCH_MAX && exporter.waiting.length > 0; batch->n++)
    {
      g_autoptr (RhSpan) span = g_queue_pop_head (&exporter.waiting);

      json_array_add_object_element (spans, span_json (span));
    }
  batch->body = request_body (spans);
  exporter.sending = TRUE;
  send_batch (batch);
}

static void
on_span_ended (RhSpan *span)
{
  if (exporter.waiting.length >= WAITING_MAX)
    {
      rh_metric_add (RH_METRIC_SPANS, "dropped", 1);
      rh_span_free (span);
      return;
    }
  g_queue_push_tail (&exporter.waiting, span);
  if (exporter.waiting.length >= BATCH_MAX)
    flush ();
  else
    flush_later ();
}

/* (transfer full): the URL that spans go to; NULL with @error set. */
static char *
traces_url (const char *endpoint, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (endpoint, SOUP_HTTP_URI_FLAGS, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  const char *path;

  if (host == NULL || *host == '\0' || (strcmp (scheme, "http") != 0 && strcmp (scheme, "https") != 0))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected an http or https URL of a collector, found `%s`",
                   endpoint);
      return NULL;
    }
  path = g_uri_get_path (uri);
  if (strcmp (path, "/") != 0 && *path != '\0')
    return g_strdup (endpoint);
  return g_strdup_printf ("%s%sv1/traces", endpoint, g_str_has_suffix (endpoint, "/") ? "" : "/");
}

gboolean
rh_trace_export_check (const char *endpoint, GError **error)
{
  g_autofree char *url = NULL;

  g_return_val_if_fail (endpoint != NULL, FALSE);

  url = traces_url (endpoint, error);
  return url != NULL;
}

gboolean
rh_trace_export_start (const char *endpoint, double ratio, const char *host_id, GError **error)
{
  char *url;

  g_return_val_if_fail (endpoint != NULL && host_id != NULL && exporter.session == NULL, FALSE);

  url = traces_url (endpoint, error);
  if (url == NULL)
    return FALSE;
  exporter.url = url;
  exporter.host_id = g_strdup (host_id);
  exporter.session = soup_session_new_with_options ("timeout", TIMEOUT_S, "max-conns", 1, NULL);
  rh_trace_configure (on_span_ended, ratio);
  return TRUE;
}

void
rh_trace_export_stop_async (guint timeout_ms, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);

  g_return_if_fail (exporter.stop == NULL);

  g_task_set_source_tag (task, rh_trace_export_stop_async);
  rh_trace_configure (NULL, 0);
  exporter.stop = task;
  exporter.stop_id = g_timeout_add (timeout_ms, on_stop_timeout, NULL);
  flush ();
  check_stopped ();
}

void
rh_trace_export_stop_finish (GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, NULL));

  (void)g_task_propagate_boolean (G_TASK (result), NULL);
  g_clear_handle_id (&exporter.flush_id, g_source_remove);
  g_queue_clear_full (&exporter.waiting, (GDestroyNotify)rh_span_free);
  if (exporter.session != NULL)
    soup_session_abort (exporter.session);
  g_clear_object (&exporter.session);
  g_clear_pointer (&exporter.url, g_free);
  g_clear_pointer (&exporter.host_id, g_free);
}
