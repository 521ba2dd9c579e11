/* SPDX-License-Identifier: Apache-2.0 */
#include "web-host.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

#define UNSET 0xffff

/* A client of the feed: it connects, notes every id in order, and knows how it ended. */
typedef struct {
  WebHost *host;
  SoupWebsocketConnection *socket;
  char *topics;
  gint64 after; /* -1 = begin now */
  gint64 hello;
  gint64 target;
  GArray *ids;
  guint close_code;
  gboolean connecting;
} Client;

static void
on_message (SoupWebsocketConnection *socket, int type, GBytes *message, gpointer data)
{
  Client *self = data;
  gsize length;
  const char *text = g_bytes_get_data (message, &length);
  g_autoptr (JsonNode) node = royal_json_parse (text, (gssize)length, "message", NULL);
  JsonObject *told = json_node_get_object (node);
  JsonArray *events;

  if (strcmp (royal_json_string (told, "type", ""), "hello") == 0)
    {
      self->hello = royal_json_int (told, "last", -1);
      return;
    }
  g_assert_cmpstr (royal_json_string (told, "type", ""), ==, "events");
  events = royal_json_array (told, "events");
  g_assert_cmpuint (json_array_get_length (events), >, 0);
  for (guint i = 0; i < json_array_get_length (events); i++)
    {
      gint64 id = royal_json_int (json_array_get_object_element (events, i), "id", -1);

      /* The order is that of ids: nothing comes twice. */
      g_assert_cmpint (id, >, self->after);
      self->after = id;
      g_array_append_val (self->ids, id);
    }
}

static void
on_closed (SoupWebsocketConnection *socket, gpointer data)
{
  Client *self = data;

  self->close_code = soup_websocket_connection_get_close_code (socket);
  g_signal_handlers_disconnect_by_data (socket, self);
  g_clear_object (&self->socket);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  Client *self = data;
  g_autoptr (GError) error = NULL;

  self->socket = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);
  g_assert_no_error (error);
  self->connecting = FALSE;
  g_signal_connect (self->socket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (on_closed), self);
}

static void
client_connect (Client *self, const char *token)
{
  g_autoptr (GString) uri = g_string_new (NULL);
  g_autoptr (SoupMessage) message = NULL;
  g_autofree char *offered = token != NULL ? g_strconcat ("royal.token.", token, NULL) : NULL;
  char *protocols[] = { (char *)"royal.v1", offered, NULL };

  g_string_printf (uri, "http://%s/api/v1/events?topics=%s", token == NULL ? "localhost" : "127.0.0.1",
                   self->topics != NULL ? self->topics : "");
  if (token != NULL)
    g_string_printf (uri, "http://127.0.0.1:%u/api/v1/events?topics=%s", self->host->port,
                     self->topics != NULL ? self->topics : "");
  if (self->after >= 0)
    g_string_append_printf (uri, "&after=%" G_GINT64_FORMAT, self->after);
  message = soup_message_new ("GET", uri->str);
  self->connecting = TRUE;
  self->close_code = UNSET;
  soup_session_websocket_connect_async (token == NULL ? self->host->unix_session : self->host->tcp_session, message,
                                        NULL, protocols, G_PRIORITY_DEFAULT, NULL, on_connected, self);
}

static Client *
client_new (WebHost *host, const char *token, gint64 after, const char *topics)
{
  Client *self = g_new0 (Client, 1);

  self->host = host;
  self->after = after;
  self->hello = -1;
  self->topics = g_strdup (topics);
  self->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  client_connect (self, token);
  return self;
}

static gboolean
is_settled (gpointer data)
{
  return !((Client *)data)->connecting;
}

static void
client_free (Client *self)
{
  royal_test_wait_until (is_settled, self, 5000);
  if (self->socket != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->socket, self);
      soup_websocket_connection_close (self->socket, 1000, NULL);
      g_object_unref (self->socket);
    }
  g_array_unref (self->ids);
  g_free (self->topics);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)

static gboolean
has_hello (gpointer data)
{
  return ((Client *)data)->hello >= 0;
}

static gboolean
is_closed (gpointer data)
{
  return ((Client *)data)->close_code != UNSET;
}

static gint64
newest (WebHost *host)
{
  g_autofree char *text = royal_test_sql_value (host->owner, "select last_event from journal");

  return g_ascii_strtoll (text, NULL, 10);
}

static gboolean
has_target (gpointer data)
{
  return ((Client *)data)->after >= ((Client *)data)->target;
}

static void
wait_for_newest (Client *self)
{
  self->target = newest (self->host);
  royal_test_wait_until (has_target, self, 20000);
}

static void
test_live (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *viewer = web_token (host, "viewer");
  gint64 before = newest (host);
  g_autoptr (Client) live = client_new (host, NULL, -1, NULL);
  g_autoptr (Client) token = client_new (host, viewer, -1, "effect,nothing.");
  g_autoptr (Client) past = NULL;

  royal_test_wait_until (has_hello, live, 3000);
  royal_test_wait_until (has_hello, token, 3000);
  g_assert_cmpint (live->hello, ==, before);
  web_events (host, 500, 10);
  wait_for_newest (live);
  royal_test_spin (50);
  g_assert_cmpuint (live->ids->len, ==, 500);
  g_assert_cmpuint (token->ids->len, ==, 250);
  past = client_new (host, NULL, before, NULL);
  wait_for_newest (past);
  g_assert_cmpuint (past->ids->len, ==, 500);
}

static void
test_refusals (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (Client) beyond = client_new (host, NULL, newest (host) + 1000000, NULL);
  g_autoptr (WebAnswer) topics = web_expect (host, 422, NULL, "GET", "/api/v1/events?topics=%27", NULL);
  g_autoptr (WebAnswer) page = web_expect (host, 200, NULL, "GET", "/api/v1/events?limit=2&after=0&topics=job", NULL);

  royal_test_wait_until (is_closed, beyond, 3000);
  g_assert_cmpuint (beyond->close_code, ==, 4400);
  g_assert_nonnull (strstr (page->text, "\"items\""));
  g_assert_cmpuint (topics->status, ==, 422);
}

/* A revoked token loses its feed too, at once. */
static void
test_revoked (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *viewer = web_token (host, "viewer");
  g_autoptr (Client) client = client_new (host, viewer, -1, NULL);
  const char *tell =
      "with t as (update tokens set revoked_at = now () where role = 'viewer' returning uid, workspace_id),"
      " j as (update journal set last_event = last_event + (select count (*) from t)"
      "  returning last_event - (select count (*) from t) as base)"
      " insert into told_events (workspace_id, id, at, kind, subject, data)"
      " select t.workspace_id, j.base + row_number () over (), now (), 'token.revoked', t.uid::text, '{}'"
      " from j, t; select pg_notify ('royal_events', '')";

  royal_test_wait_until (has_hello, client, 3000);
  royal_test_sql (host->owner, tell);
  royal_test_wait_until (is_closed, client, 3000);
  g_assert_cmpuint (client->close_code, ==, 4401);
}

/* Cut again and again while events come, a client that resumes has every one, once. */
static void
test_resume (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  gint64 first = newest (host);
  g_autoptr (Client) client = client_new (host, NULL, first, NULL);
  guint cuts = 0;

  for (guint round = 0; round < 60; round++)
    {
      web_events (host, (guint)g_test_rand_int_range (1, 120), 200);
      royal_test_spin ((guint)g_test_rand_int_range (0, 15));
      if (client->socket != NULL && g_test_rand_bit ())
        {
          GIOStream *stream = soup_websocket_connection_get_io_stream (client->socket);

          /* Without a word, as a network does it. */
          g_signal_handlers_disconnect_by_data (client->socket, client);
          (void)g_io_stream_close (stream, NULL, NULL);
          g_clear_object (&client->socket);
          cuts++;
        }
      if (client->socket == NULL && !client->connecting)
        client_connect (client, NULL);
    }
  if (client->socket == NULL && !client->connecting)
    client_connect (client, NULL);
  wait_for_newest (client);
  g_assert_cmpuint (cuts, >, 5);
  g_assert_cmpint (client->ids->len, ==, newest (host) - first);
  for (guint i = 0; i < client->ids->len; i++)
    g_assert_cmpint (g_array_index (client->ids, gint64, i), ==, first + 1 + i);
}

static glong
resident_kb (void)
{
  g_autofree char *text = NULL;
  const char *resident;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  resident = strchr (text, ' ');
  g_assert_nonnull (resident);
  return (glong)g_ascii_strtoll (resident, NULL, 10) * 4;
}

static gboolean
has_no_clients (gpointer data)
{
  g_autoptr (WebAnswer) answer = web_expect (data, 200, NULL, "GET", "/metrics", NULL);

  return strstr (answer->text, "\nroyal_feed_clients 0\n") != NULL;
}

/* A client that takes nothing is dropped, costs little until then, and hinders no other. */
static void
test_slow (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *viewer = web_token (host, "viewer");
  gint64 first = newest (host);
  g_autofree char *request =
      g_strdup_printf ("GET /api/v1/events?after=%" G_GINT64_FORMAT " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n",
                       first, viewer);
  g_autoptr (GSocket) deaf = web_socket (host);
  Client *quick = client_new (host, NULL, first, NULL);
  gint64 since_us = g_get_monotonic_time ();
  glong before_kb, most_kb = 0;

  g_assert_cmpint (g_socket_send (deaf, request, strlen (request), NULL, NULL), ==, strlen (request));
  royal_test_wait_until (has_hello, quick, 3000);
  web_events (host, 2000, 4000);
  wait_for_newest (quick);
  before_kb = resident_kb ();
  for (guint i = 0; i < 4; i++)
    {
      web_events (host, 2000, 4000);
      wait_for_newest (quick);
      most_kb = MAX (most_kb, resident_kb ());
    }
  g_assert_cmpuint (quick->ids->len, ==, 10000);
  g_test_message ("32 MB of events: resident %ld kB, then at most %ld kB", before_kb, most_kb);
  g_assert_cmpint (most_kb - before_kb, <, 16 * 1024);
  client_free (quick);
  royal_test_wait_until (has_no_clients, host, 20000);
  g_test_message ("dropped after %.1f s", (double)(g_get_monotonic_time () - since_us) / G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/feed/live", test_live);
  g_test_add_func ("/feed/refusals", test_refusals);
  g_test_add_func ("/feed/revoked", test_revoked);
  g_test_add_func ("/feed/resume", test_resume);
  g_test_add_func ("/feed/slow", test_slow);
  return royal_test_run ();
}
