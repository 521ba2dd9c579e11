/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"

#include <libsoup/soup.h>
#include <rh-trace-export.h>
#include <rh-trace.h>
#include <royal-json.h>
#include <royal/error.h>
#include <string.h>

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static GPtrArray *ended;

static void
keep (RhSpan *span)
{
  g_ptr_array_add (ended, span);
}

static void
record (double ratio)
{
  ended = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_span_free);
  rh_trace_configure (keep, ratio);
}

static void
record_no_more (void)
{
  rh_trace_configure (NULL, 0);
  g_clear_pointer (&ended, g_ptr_array_unref);
}

static void
test_traceparent (void)
{
  static const char *const bad[] = {
    NULL,
    "",
    "00",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
    PARENT "-more",
    "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
  };

  g_assert_true (rh_traceparent_is_valid (PARENT));
  g_assert_true (rh_traceparent_is_valid ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    if (rh_traceparent_is_valid (bad[i]))
      g_error ("taken for a traceparent: %s", bad[i]);
}

static void
test_parent_and_child (void)
{
  RhSpan *root, *child;

  record (1);
  root = rh_span_start ("job", RH_SPAN_PRODUCER, NULL);
  g_assert_true (rh_traceparent_is_valid (rh_span_traceparent (root, NULL)));
  child = rh_span_start ("run", RH_SPAN_CONSUMER, rh_span_traceparent (root, NULL));
  rh_span_set (child, "agent", "pricing");
  rh_span_set (child, "nothing", NULL);
  rh_span_end (child, "it failed");
  rh_span_end (root, NULL);
  g_assert_cmpuint (ended->len, ==, 2);
  child = ended->pdata[0];
  root = ended->pdata[1];
  g_assert_cmpstr (child->trace, ==, root->trace);
  g_assert_cmpstr (child->parent, ==, root->id);
  g_assert_cmpstr (child->id, !=, root->id);
  g_assert_cmpstr (root->parent, ==, "");
  g_assert_cmpuint (child->notes->len, ==, 1);
  g_assert_cmpstr (child->error, ==, "it failed");
  g_assert_cmpint (child->end_us, >=, child->start_us);
  record_no_more ();
}

/* The caller's word about recording counts, and its trace goes on either way. */
static void
test_sampling (void)
{
  const char *unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
  RhSpan *span;

  record (0);
  g_assert_null (rh_span_start ("x", RH_SPAN_SERVER, NULL));
  g_assert_null (rh_span_start ("x", RH_SPAN_SERVER, unsampled));
  g_assert_cmpstr (rh_span_traceparent (NULL, unsampled), ==, unsampled);
  g_assert_null (rh_span_traceparent (NULL, "rubbish"));
  span = rh_span_start ("x", RH_SPAN_SERVER, PARENT);
  g_assert_nonnull (span);
  rh_span_end (span, NULL);
  record_no_more ();
  g_assert_null (rh_span_start ("x", RH_SPAN_SERVER, PARENT));
  rh_span_set (NULL, "key", "value");
  rh_span_end (NULL, NULL);
}

static void
test_hostile_notes (void)
{
  g_autofree char *long_text = g_strnfill (5000, 'x');
  RhSpan *span;

  record (1);
  span = rh_span_start ("x", RH_SPAN_INTERNAL, NULL);
  rh_span_set (span, "bytes", "a\xff\xfe");
  for (guint i = 0; i < 100; i++)
    rh_span_set (span, "long", long_text);
  g_assert_cmpuint (span->notes->len, ==, 16);
  g_assert_cmpuint (strlen (g_array_index (span->notes, RhSpanNote, 1).value), ==, 256);
  g_assert_true (g_utf8_validate (g_array_index (span->notes, RhSpanNote, 0).value, -1, NULL));
  rh_span_end (span, NULL);
  record_no_more ();
}

/* A collector that keeps what it is sent; this is the tests' own. */
typedef struct {
  SoupServer *server;
  char *url;
  guint refuse; /* so many requests */
  GPtrArray *requests;
} Collector;

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  Collector *self = data;
  SoupMessageBody *body = soup_server_message_get_request_body (message);

  g_assert_cmpstr (path, ==, "/v1/traces");
  if (self->refuse > 0)
    {
      self->refuse--;
      soup_server_message_set_status (message, 503, NULL);
      return;
    }
  g_ptr_array_add (self->requests, royal_json_parse (body->data, body->length, "request", NULL));
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_STATIC, "{}", 2);
  soup_server_message_set_status (message, 200, NULL);
}

static void
collector_start (Collector *self)
{
  g_autoptr (GError) error = NULL;
  GSList *uris;

  self->server = soup_server_new (NULL, NULL);
  self->requests = g_ptr_array_new_with_free_func ((GDestroyNotify)json_node_unref);
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  soup_server_listen_local (self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error);
  g_assert_no_error (error);
  uris = soup_server_get_uris (self->server);
  self->url = g_uri_to_string (uris->data);
  g_slist_free_full (uris, (GDestroyNotify)g_uri_unref);
}

static void
collector_stop (Collector *self)
{
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_ptr_array_unref (self->requests);
  g_free (self->url);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  rh_trace_export_stop_finish (result);
  *(gboolean *)data = TRUE;
}

static void
stop_export (guint timeout_ms)
{
  gboolean stopped = FALSE;

  rh_trace_export_stop_async (timeout_ms, on_stopped, &stopped);
  while (!stopped)
    g_main_context_iteration (NULL, TRUE);
}

static JsonObject *
first_span (JsonNode *request)
{
  JsonObject *resource =
      json_array_get_object_element (royal_json_array (json_node_get_object (request), "resourceSpans"), 0);
  JsonObject *scope = json_array_get_object_element (royal_json_array (resource, "scopeSpans"), 0);

  return json_array_get_object_element (royal_json_array (scope, "spans"), 0);
}

static void
test_export (void)
{
  Collector collector = { 0 };
  g_autoptr (GError) error = NULL;
  JsonObject *span, *attribute;
  RhSpan *made;

  collector_start (&collector);
  g_assert_true (rh_trace_export_start (collector.url, 1, "host-1", &error));
  g_assert_no_error (error);
  made = rh_span_start ("run pricing", RH_SPAN_CONSUMER, PARENT);
  rh_span_set (made, "royal.agent", "pricing");
  rh_span_end (made, "broken");
  stop_export (5000);
  g_assert_cmpuint (collector.requests->len, ==, 1);
  span = first_span (collector.requests->pdata[0]);
  g_assert_cmpstr (royal_json_string (span, "traceId", ""), ==, "0af7651916cd43dd8448eb211c80319c");
  g_assert_cmpstr (royal_json_string (span, "parentSpanId", ""), ==, "b7ad6b7169203331");
  g_assert_cmpuint (strlen (royal_json_string (span, "spanId", "")), ==, 16);
  g_assert_cmpint (royal_json_int (span, "kind", 0), ==, 5);
  g_assert_cmpuint (strlen (royal_json_string (span, "startTimeUnixNano", "")), ==, 19);
  g_assert_cmpint (royal_json_int (royal_json_object (span, "status"), "code", 0), ==, 2);
  attribute = json_array_get_object_element (royal_json_array (span, "attributes"), 0);
  g_assert_cmpstr (royal_json_string (attribute, "key", ""), ==, "royal.agent");
  g_assert_cmpstr (royal_json_string (royal_json_object (attribute, "value"), "stringValue", ""), ==, "pricing");
  collector_stop (&collector);
}

/* A collector that is away for a moment gets the spans later; one that stays away holds nothing up. */
static void
test_export_again (void)
{
  Collector collector = { .refuse = 1 };

  collector_start (&collector);
  g_assert_true (rh_trace_export_start (collector.url, 1, "host-1", NULL));
  rh_span_end (rh_span_start ("x", RH_SPAN_INTERNAL, NULL), NULL);
  while (collector.requests->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (collector.refuse, ==, 0);
  stop_export (1000);
  collector_stop (&collector);

  g_assert_true (rh_trace_export_start ("http://127.0.0.1:1", 1, "host-1", NULL));
  for (guint i = 0; i < 10000; i++)
    rh_span_end (rh_span_start ("x", RH_SPAN_INTERNAL, NULL), NULL);
  stop_export (2000);
}

static void
test_endpoint (void)
{
  static const char *const bad[] = { "", "127.0.0.1:4318", "ftp://127.0.0.1/", "http://", "http:///v1/traces" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      if (rh_trace_export_check (bad[i], &error))
        g_error ("taken for an endpoint: `%s`", bad[i]);
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
    }
  g_assert_true (rh_trace_export_check ("https://collector.example", NULL));
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/trace/traceparent", test_traceparent);
  g_test_add_func ("/trace/parent-and-child", test_parent_and_child);
  g_test_add_func ("/trace/sampling", test_sampling);
  g_test_add_func ("/trace/hostile-notes", test_hostile_notes);
  g_test_add_func ("/trace/export", test_export);
  g_test_add_func ("/trace/export-again", test_export_again);
  g_test_add_func ("/trace/endpoint", test_endpoint);
  return royal_test_run ();
}
