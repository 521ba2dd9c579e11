/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <gio/gunixsocketaddress.h>
#include <libsoup/soup.h>
#include <stdio.h>
#include <string.h>

#define API "/api/v1"
#define TIMEOUT_S 120
#define RESUME_S 1

static SoupSession *
open_session (const CtlOptions *options)
{
  g_autoptr (GSocketAddress) address = options->url == NULL ? g_unix_socket_address_new (options->socket) : NULL;

  return g_object_new (SOUP_TYPE_SESSION, "remote-connectable", address, "proxy-resolver", NULL, "timeout", TIMEOUT_S,
                       "user-agent", "royalctl/" ROYAL_VERSION, NULL);
}

static SoupMessage *
new_message (const CtlOptions *options, const char *method, const char *path)
{
  g_autofree char *uri = g_strconcat (options->url != NULL ? options->url : "http://royal", API, path, NULL);
  const char *token = g_getenv ("ROYAL_TOKEN");
  SoupMessage *message = soup_message_new (method, uri);
  SoupMessageHeaders *headers;

  if (message == NULL)
    return NULL;
  headers = soup_message_get_request_headers (message);
  if (token != NULL && *token != '\0')
    {
      g_autofree char *bearer = g_strconcat ("Bearer ", token, NULL);

      soup_message_headers_replace (headers, "Authorization", bearer);
    }
  if (options->workspace != NULL)
    soup_message_headers_replace (headers, "X-Royal-Workspace", options->workspace);
  return message;
}

static int
unreachable (const CtlOptions *options, const GError *error)
{
  return ctl_fail (CTL_UNREACHABLE, "the host cannot be reached at %s: %s",
                   options->url != NULL ? options->url : options->socket, error->message);
}

/* One sentence out of a problem document. */
static int
refused (SoupMessage *message, const char *text, gsize length)
{
  g_autoptr (JsonNode) node = royal_json_parse (text, (gssize)length, "answer", NULL);
  JsonObject *problem = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *detail = royal_json_string (problem, "detail", NULL);

  if (detail == NULL)
    return ctl_fail (CTL_FAILED, "the host answered %u", soup_message_get_status (message));
  return ctl_fail (CTL_FAILED, "%s", detail);
}

static int
send_message (const CtlOptions *options, SoupMessage *message, GBytes **ret_bytes)
{
  g_autoptr (SoupSession) session = open_session (options);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = soup_session_send_and_read (session, message, NULL, &error);
  gsize length;
  const char *text;

  if (bytes == NULL)
    return unreachable (options, error);
  text = g_bytes_get_data (bytes, &length);
  if (!SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (message)))
    return refused (message, text != NULL ? text : "", length);
  *ret_bytes = g_steal_pointer (&bytes);
  return CTL_OK;
}

int
ctl_call_text (const CtlOptions *options,
               const char *method,
               const char *path,
               const char *type,
               GBytes *body,
               char **ret_text)
{
  g_autoptr (SoupMessage) message = new_message (options, method, path);
  g_autoptr (GBytes) bytes = NULL;
  int status;

  if (message == NULL)
    return ctl_fail (CTL_USAGE, "%s: expected an address such as http://127.0.0.1:8080", options->url);
  if (body != NULL)
    soup_message_set_request_body_from_bytes (message, type, body);
  status = send_message (options, message, &bytes);
  if (status == CTL_OK)
    *ret_text =
        g_strndup (g_bytes_get_size (bytes) > 0 ? g_bytes_get_data (bytes, NULL) : "", g_bytes_get_size (bytes));
  return status;
}

/* An object, or what was wrong is printed. */
static int
read_answer (const char *text, JsonNode **ret_answer)
{
  g_autoptr (GError) error = NULL;

  *ret_answer = royal_json_parse (text, -1, "answer", &error);
  if (*ret_answer != NULL && JSON_NODE_HOLDS_OBJECT (*ret_answer))
    return CTL_OK;
  g_clear_pointer (ret_answer, json_node_unref);
  return ctl_fail (CTL_FAILED, "the host's answer is no JSON object");
}

int
ctl_call (const CtlOptions *options, const char *method, const char *path, JsonNode *body, JsonNode **ret_answer)
{
  g_autoptr (JsonNode) owned = body;
  g_autofree char *sent = owned != NULL ? royal_json_to_string (owned) : NULL;
  g_autoptr (GBytes) bytes = sent != NULL ? g_bytes_new (sent, strlen (sent)) : NULL;
  g_autofree char *text = NULL;
  int status = ctl_call_text (options, method, path, "application/json", bytes, &text);

  return status == CTL_OK ? read_answer (text, ret_answer) : status;
}

int
ctl_send_csv (const CtlOptions *options, const char *what, const char *path, GBytes *csv, JsonNode **ret_summary)
{
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) summary = NULL;
  int status = ctl_call_text (options, "POST", path, "text/csv", csv, &text);

  if (status == CTL_OK)
    status = read_answer (text, &summary);
  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (summary);
  else
    ctl_print_object (what, json_node_get_object (summary));
  if (ret_summary != NULL)
    *ret_summary = g_steal_pointer (&summary);
  return CTL_OK;
}

int
ctl_copy (const CtlOptions *options, const char *path)
{
  g_autoptr (SoupSession) session = open_session (options);
  g_autoptr (SoupMessage) message = new_message (options, "GET", path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) stream = message != NULL ? soup_session_send (session, message, NULL, &error) : NULL;
  char buffer[16384];
  gssize n;

  if (message == NULL)
    return ctl_fail (CTL_USAGE, "%s: expected an address such as http://127.0.0.1:8080", options->url);
  if (stream == NULL)
    return unreachable (options, error);
  if (soup_message_get_status (message) != SOUP_STATUS_OK)
    {
      n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, NULL);
      return refused (message, buffer, (gsize)MAX (n, 0));
    }
  while ((n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, &error)) > 0)
    if (fwrite (buffer, 1, (gsize)n, stdout) != (gsize)n)
      return ctl_fail (CTL_FAILED, "standard output was closed");
  if (n < 0)
    return ctl_fail (CTL_FAILED, "the export broke off: %s", error->message);
  return CTL_OK;
}

/* --- following the feed ------------------------------------------------------------------------------------------- */

typedef struct {
  const CtlOptions *options;
  const CtlFeed *feed;
  SoupSession *session;
  SoupWebsocketConnection *socket;
  GMainLoop *loop;
  gint64 after;
  gboolean connected; /* once at least */
  gboolean greeted;
  int status;
} Follow;

static gboolean connect_feed (gpointer data);

static void
print_event (Follow *self, JsonNode *node)
{
  JsonObject *event = json_node_get_object (node);

  self->after = royal_json_int (event, "id", self->after);
  if (self->feed->hear != NULL)
    self->feed->hear (event);
  if (self->options->json)
    {
      g_autofree char *text = royal_json_to_string (node);

      printf ("%s\n", text);
    }
  else
    self->feed->print (event);
}

static void
print_events (Follow *self, JsonArray *events)
{
  for (guint i = 0; events != NULL && i < json_array_get_length (events); i++)
    if (JSON_NODE_HOLDS_OBJECT (json_array_get_element (events, i)))
      print_event (self, json_array_get_element (events, i));
  fflush (stdout);
}

static void
greet (Follow *self, JsonObject *hello)
{
  gboolean first = !self->greeted;

  self->greeted = TRUE;
  self->after = royal_json_int (hello, "last", self->after);
  if (self->feed->greet != NULL)
    self->feed->greet (self->options, hello, first);
}

static void
on_message (SoupWebsocketConnection *socket, int type, GBytes *message, gpointer data)
{
  Follow *self = data;
  gsize length;
  const char *text = g_bytes_get_data (message, &length);
  g_autoptr (JsonNode) node = royal_json_parse (text != NULL ? text : "", (gssize)length, "event", NULL);
  JsonObject *event = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

  if (strcmp (royal_json_string (event, "type", ""), "hello") == 0)
    greet (self, event);
  else if (strcmp (royal_json_string (event, "type", ""), "events") == 0)
    print_events (self, royal_json_array (event, "events"));
}

static void
on_closed (SoupWebsocketConnection *socket, gpointer data)
{
  Follow *self = data;
  gushort code = soup_websocket_connection_get_close_code (socket);

  g_clear_object (&self->socket);
  if (code == SOUP_WEBSOCKET_CLOSE_NORMAL && self->feed->ends)
    {
      g_main_loop_quit (self->loop);
      return;
    }
  if (code == 4400 || code == 4401)
    {
      self->status = ctl_fail (CTL_FAILED, "%s",
                               code == 4401 ? "the token is expired or revoked"
                                            : "the id to resume from is beyond the last event");
      g_main_loop_quit (self->loop);
      return;
    }
  g_timeout_add_seconds (RESUME_S, connect_feed, self);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  Follow *self = data;
  g_autoptr (GError) error = NULL;

  self->socket = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);
  if (self->socket != NULL)
    {
      self->connected = TRUE;
      soup_websocket_connection_set_max_incoming_payload_size (self->socket, 0);
      g_signal_connect (self->socket, "message", G_CALLBACK (on_message), self);
      g_signal_connect (self->socket, "closed", G_CALLBACK (on_closed), self);
    }
  else if (self->connected)
    g_timeout_add_seconds (RESUME_S, connect_feed, self);
  else
    {
      self->status = g_error_matches (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_ERROR_NOT_WEBSOCKET)
                         ? ctl_fail (CTL_FAILED, "the host refused the feed: is the token valid?")
                         : unreachable (self->options, error);
      g_main_loop_quit (self->loop);
    }
}

static gboolean
connect_feed (gpointer data)
{
  Follow *self = data;
  char *protocols[] = { (char *)"royal.v1", NULL };
  g_autoptr (GString) path = g_string_new (self->feed->path);
  g_autoptr (SoupMessage) message = NULL;

  if (self->after >= 0)
    g_string_append_printf (path, "%cafter=%" G_GINT64_FORMAT, strchr (path->str, '?') != NULL ? '&' : '?',
                            self->after);
  message = new_message (self->options, "GET", path->str);
  soup_session_websocket_connect_async (self->session, message, NULL, protocols, G_PRIORITY_DEFAULT, NULL, on_connected,
                                        self);
  return G_SOURCE_REMOVE;
}

int
ctl_follow (const CtlOptions *options, const CtlFeed *feed)
{
  Follow self = { .options = options, .feed = feed, .after = feed->after };

  self.session = open_session (options);
  self.loop = g_main_loop_new (NULL, FALSE);
  connect_feed (&self);
  g_main_loop_run (self.loop);
  g_main_loop_unref (self.loop);
  g_object_unref (self.session);
  return self.status;
}
