/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-acceptor.h"
#include "rh-feed.h"
#include "rh-handshakes.h"
#include "rh-routes.h"

#include "rh-log.h"
#include "royal-json.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <royal/error.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 2048
/* Of these, kept for the Unix socket: who holds all the others does not keep the operator from stopping everything. */
#define CONNECTIONS_KEPT 64
#define JSON_MAX ((goffset)1024 * 1024)
#define UPLOAD_MAX ((goffset)512 * 1024 * 1024)
/* A large body may take that long. */
#define UPLOAD_S 300
#define FEED_MESSAGE_MAX 4096

struct _RhServer {
  GObject parent_instance;
  RhServerContext *context; /* shared */
  SoupServer *soup;
  RhAuth *auth;
  RhFeed *feed;
  RhClients *clients;
  RhHandshakes *handshakes; /* (nullable): without a certificate TCP is plain */
  GPtrArray *listeners;     /* RhAcceptor */
  GPtrArray *connections;   /* RhConnection, not owned */
  GSocket *quiet;           /* see keep_connections_alive() */
  char *socket_path;
  GTask *stopping;
  guint requests;
  guint stop_timeout;
  guint patience_s; /* 0: the connections' own */
};

G_DEFINE_FINAL_TYPE (RhServer, rh_server, G_TYPE_OBJECT)

static void on_chunk (SoupServerMessage *message, GBytes *chunk, gpointer data);
static void stop_if_idle (RhServer *self);

/* --- the headers -------------------------------------------------------------------------------------------------- */

static gboolean
has_body (SoupMessageHeaders *headers)
{
  SoupEncoding encoding = soup_message_headers_get_encoding (headers);

  return encoding == SOUP_ENCODING_CHUNKED ||
         (encoding == SOUP_ENCODING_CONTENT_LENGTH && soup_message_headers_get_content_length (headers) > 0);
}

static gboolean
is_upload (const RhRoute *route)
{
  return route->body == RH_BODY_CSV || route->body == RH_BODY_UPLOAD;
}

static goffset
body_max (const RhRoute *route)
{
  return is_upload (route) ? UPLOAD_MAX : JSON_MAX;
}

static gboolean
check_body_headers (RhRequest *request, SoupMessageHeaders *headers)
{
  const RhRoute *route = rh_request_route (request);
  static const char *const types[] = {
    [RH_BODY_NONE] = "application/json",      [RH_BODY_JSON] = "application/json",          [RH_BODY_CSV] = "text/csv",
    [RH_BODY_UPLOAD] = "multipart/form-data", [RH_BODY_BYTES] = "application/octet-stream", [RH_BODY_ANY] = NULL,
  };
  const char *wanted = types[route->body];
  const char *type = soup_message_headers_get_content_type (headers, NULL);

  if (!has_body (headers))
    return TRUE;
  if (soup_message_headers_get_content_length (headers) > body_max (route))
    {
      rh_request_refuse (request, RH_PROBLEM_TOO_LARGE, NULL, "the body is to be at most %" G_GOFFSET_FORMAT " bytes",
                         body_max (route));
      return FALSE;
    }
  if (wanted != NULL && g_strcmp0 (type, wanted) != 0)
    {
      rh_request_refuse (request, RH_PROBLEM_MEDIA_TYPE, NULL, "the body is to be of type %s", wanted);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_query (RhRequest *request)
{
  g_auto (GStrv) known = g_strsplit (rh_request_route (request)->query, " ", -1);
  GHashTable *query = rh_request_query_table (request);
  GHashTableIter iter;
  gpointer name, value;

  if (query == NULL)
    return TRUE;
  g_hash_table_iter_init (&iter, query);
  while (g_hash_table_iter_next (&iter, &name, &value))
    if (!g_utf8_validate (name, -1, NULL) || (value != NULL && !g_utf8_validate (value, -1, NULL)))
      {
        rh_request_refuse (request, RH_PROBLEM_MALFORMED, NULL, "the query is to be UTF-8");
        return FALSE;
      }
    else if (strcmp (known[0] != NULL ? known[0] : "", RH_QUERY_ANY) != 0 &&
             !g_strv_contains ((const char *const *)known, name))
      {
        rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "the query's %s is not known here", (char *)name);
        return FALSE;
      }
  return TRUE;
}

static gboolean
find_route (RhRequest *request, SoupServerMessage *message)
{
  const char *path = g_uri_get_path (soup_server_message_get_uri (message));
  g_autofree char *allow = NULL;
  GStrv parameters = NULL;
  const RhRoute *route = rh_routes_match (soup_server_message_get_method (message), path, &parameters, &allow);

  if (route != NULL)
    {
      rh_request_set_route (request, route, parameters);
      return TRUE;
    }
  if (allow != NULL)
    {
      rh_request_set_header (request, "Allow", allow);
      rh_request_refuse (request, RH_PROBLEM_METHOD, NULL, "only %s here", allow);
    }
  else
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "there is nothing at this path");
  return FALSE;
}

static gboolean
wants_feed (RhRequest *request)
{
  const char *upgrade = rh_request_header (request, "Upgrade");

  return rh_request_route (request)->feed && upgrade != NULL && g_ascii_strcasecmp (upgrade, "websocket") == 0;
}

/* Whether it is answered without asking who it is. */
static gboolean
is_anyones (RhRequest *request)
{
  const RhRoute *route = rh_request_route (request);

  return route->open || (route->roles == 0 && rh_request_client (request)->is_local);
}

/* Whether who it is is asked before anything more is read of it. What consists of headers alone is here whole: to ask
 * then is to pause once. */
static gboolean
is_early (RhRequest *request)
{
  return has_body (soup_server_message_get_request_headers (rh_request_message (request))) || wants_feed (request);
}

/* Whether the caller may ask this; else it was refused, or is no more there. */
static gboolean
check_role (RhRequest *request)
{
  const RhRoute *route = rh_request_route (request);

  if (rh_request_is_over (request))
    return FALSE;
  if (route->roles == 0 || (rh_request_caller (request)->roles & route->roles) != 0)
    return TRUE;
  rh_request_refuse (request, RH_PROBLEM_DENIED, NULL, "the caller's role does not allow this");
  return FALSE;
}

static void
on_identified (RhRequest *request)
{
  if (!check_role (request))
    return;
  if (wants_feed (request) && rh_request_route (request)->look != NULL)
    rh_request_route (request)->look (request);
  else
    rh_request_resume (request);
}

/* What others send when they have something to tell is signed, and comes as often as it happens. */
static gboolean
check_rate (RhServer *self, RhRequest *request)
{
  const RhRoute *route = rh_request_route (request);
  guint seconds =
      route->open && route->body == RH_BODY_ANY ? 0 : rh_clients_take (self->clients, rh_request_client (request));
  g_autofree char *later = NULL;

  if (seconds == 0)
    return TRUE;
  later = g_strdup_printf ("%u", seconds);
  rh_request_refuse_until (request, later, "too many requests from %s: ask again in %u s", rh_request_peer (request),
                           seconds);
  return FALSE;
}

static void
on_headers (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  RhServer *self = data;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  RhConnection *connection = rh_connection_of_address (soup_server_message_get_remote_address (message));
  g_autoptr (RhRequest) request = NULL;
  RhClient client;

  g_assert (connection != NULL);
  rh_clients_tell (self->clients, connection, headers, &client);
  request = rh_request_new (self->context, message, connection, &client, query);
  rh_request_set_reading (request, has_body (headers));
  if (has_body (headers))
    g_signal_connect (message, "got-chunk", G_CALLBACK (on_chunk), NULL);
  if (!find_route (request, message) || !check_rate (self, request) || !check_query (request) ||
      !check_body_headers (request, headers))
    return;
  if (is_upload (rh_request_route (request)))
    {
      soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
      rh_connection_set_deadline (connection, UPLOAD_S);
    }
  if (is_anyones (request) || !is_early (request))
    return;
  rh_request_pause (request);
  rh_auth_identify (self->auth, request, on_identified);
}

/* --- the body ----------------------------------------------------------------------------------------------------- */

static void
on_chunk (SoupServerMessage *message, GBytes *chunk, gpointer data)
{
  RhRequest *request = rh_request_of_message (message);
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  goffset most, length;

  if (request == NULL || rh_request_route (request) == NULL || rh_request_is_answered (request))
    return;
  most = body_max (rh_request_route (request));
  length = body->length;
  if (is_upload (rh_request_route (request)) && !rh_request_spool (request, chunk, &length))
    return;
  if (length > most)
    {
      soup_message_body_truncate (body);
      rh_request_refuse (request, RH_PROBLEM_TOO_LARGE, NULL, "the body is to be at most %" G_GOFFSET_FORMAT " bytes",
                         most);
    }
}

/* "body: /agent: expected …" → the pointer, for the problem's member of that name. */
static char *
pointer_of (const char *message)
{
  const char *start = strstr (message, ": /");
  const char *end = start != NULL ? strstr (start + 2, ": ") : NULL;

  return end != NULL ? g_strndup (start + 2, (gsize)(end - start - 2)) : NULL;
}

static gboolean
parse_body (RhRequest *request, GBytes *bytes)
{
  const RhRoute *route = rh_request_route (request);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *pointer = NULL;
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  node = royal_json_parse (length > 0 ? text : "{}", length > 0 ? (gssize)length : 2, "body", &error);
  if (node == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_MALFORMED, NULL, "%s", error->message);
      return FALSE;
    }
  if (route->body == RH_BODY_NONE)
    {
      if (JSON_NODE_HOLDS_OBJECT (node) && json_object_get_size (json_node_get_object (node)) == 0)
        return TRUE;
      rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "this takes no body");
      return FALSE;
    }
  if (!royal_schema_validate (rh_routes_schema (route), node, "body", &error))
    {
      pointer = pointer_of (error->message);
      rh_request_refuse (request, RH_PROBLEM_INVALID, pointer, "%s", error->message);
      return FALSE;
    }
  rh_request_set_body (request, g_steal_pointer (&node));
  return TRUE;
}

/* A feed of one thing is of the workflow's run that its path names. */
static RhFeedWish *
wish_of (RhRequest *request)
{
  gboolean of_one = rh_request_route (request)->look != NULL;

  return rh_feed_wish_new (rh_request_query (request, "topics"), of_one ? rh_request_parameter (request) : NULL);
}

static void
on_upgraded (SoupServerMessage *message, gpointer data)
{
  RhServer *self = data;
  RhRequest *request = rh_request_of_message (message);
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (SoupWebsocketConnection) socket = NULL;
  g_autoptr (RhRequest) held = NULL;
  RhFeedWish *wish;
  gint64 after = -1;

  if (request == NULL || soup_server_message_get_status (message) != SOUP_STATUS_SWITCHING_PROTOCOLS)
    return;
  held = rh_request_ref (request);
  (void)rh_request_number (request, "after", 0, G_MAXINT64, -1, &after);
  wish = wish_of (request);
  stream = soup_server_message_steal_connection (message);
  socket = soup_websocket_connection_new (
      stream, soup_server_message_get_uri (message), SOUP_WEBSOCKET_CONNECTION_SERVER, NULL,
      soup_message_headers_get_one (soup_server_message_get_response_headers (message), "Sec-WebSocket-Protocol"),
      NULL);
  soup_websocket_connection_set_max_incoming_payload_size (socket, FEED_MESSAGE_MAX);
  rh_connection_set_deadline (rh_request_connection (request), 0);
  g_socket_set_timeout (g_socket_connection_get_socket (G_SOCKET_CONNECTION (rh_request_connection (request))), 0);
  rh_feed_add (self->feed, rh_request_caller (request), socket, rh_request_connection (request), after, wish);
}

static void
upgrade (RhServer *self, RhRequest *request)
{
  char *protocols[] = { (char *)"royal.v1", NULL };
  SoupServerMessage *message = rh_request_message (request);
  g_autoptr (RhFeedWish) wish = wish_of (request);
  gint64 after;

  if (!rh_request_number (request, "after", 0, G_MAXINT64, -1, &after))
    return;
  if (wish == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "a topic is made of a-z, 0-9, `_`, `-` and `.`");
      return;
    }
  if (!soup_websocket_server_check_handshake (message, NULL, protocols, NULL, NULL))
    {
      rh_request_refuse (request, RH_PROBLEM_MALFORMED, NULL, "this is no WebSocket handshake that is served here");
      return;
    }
  if (soup_websocket_server_process_handshake (message, NULL, protocols, NULL, NULL))
    g_signal_connect_object (message, "wrote-informational", G_CALLBACK (on_upgraded), self, 0);
}

/* The caller may, and nothing more is to come. */
static void
handle (RhRequest *request)
{
  const RhRoute *route = rh_request_route (request);

  if (route->body == RH_BODY_NONE || route->body == RH_BODY_JSON)
    {
      g_autoptr (GBytes) bytes = rh_request_take_bytes (request);

      if (!parse_body (request, bytes))
        return;
    }
  rh_request_pause (request);
  rh_connection_set_deadline (rh_request_connection (request), 0);
  route->handle (request);
}

static void
on_identified_whole (RhRequest *request)
{
  if (check_role (request))
    handle (request);
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  RhServer *self = data;
  RhRequest *request = rh_request_of_message (message);
  g_autoptr (RhRequest) held = NULL;

  g_assert (request != NULL && rh_request_route (request) != NULL);
  held = rh_request_ref (request);
  rh_request_set_reading (request, FALSE);
  if (rh_request_is_answered (request))
    return;
  if (wants_feed (request))
    {
      upgrade (self, request);
      return;
    }
  if (is_anyones (request) || is_early (request))
    {
      handle (request);
      return;
    }
  rh_request_pause (request);
  rh_auth_identify (self->auth, request, on_identified_whole);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

static void
on_message_over (SoupServerMessage *message, gpointer data)
{
  RhServer *self = data;
  RhConnection *connection = rh_connection_of_address (soup_server_message_get_remote_address (message));

  g_signal_handlers_disconnect_by_func (message, on_message_over, self);
  self->requests--;
  if (connection != NULL)
    {
      rh_connection_await (connection);
      rh_connection_set_idle (connection, TRUE);
    }
  stop_if_idle (self);
}

static void
on_got_headers (SoupServerMessage *message, gpointer data)
{
  RhServer *self = data;

  /* From here on there is a request to answer, not merely an open connection. */
  self->requests++;
  g_signal_connect_object (message, "finished", G_CALLBACK (on_message_over), self, 0);
  g_signal_connect_object (message, "disconnected", G_CALLBACK (on_message_over), self, 0);
  if (self->stopping != NULL)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
}

static void
on_request_started (SoupServer *soup, SoupServerMessage *message, gpointer data)
{
  RhServer *self = data;
  RhConnection *connection = rh_connection_of_address (soup_server_message_get_remote_address (message));

  if (connection != NULL)
    {
      rh_connection_await (connection);
      rh_connection_set_idle (connection, FALSE);
    }
  g_signal_connect_object (message, "got-headers", G_CALLBACK (on_got_headers), self, 0);
}

static void
on_connection_gone (gpointer data, GObject *connection)
{
  RhServer *self = data;

  g_ptr_array_remove_fast (self->connections, connection);
}

static void
serve (RhConnection *connection, gpointer data)
{
  RhServer *self = data;
  g_autoptr (GSocketAddress) local = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) remote = rh_connection_make_address (connection);
  g_autoptr (GError) error = NULL;

  if (!soup_server_accept_iostream (self->soup, G_IO_STREAM (connection), local, remote, &error))
    rh_log (RH_LOG_WARNING, "web.accept", error->message, NULL);
}

static void
on_accepted (RhConnection *connection, gpointer data)
{
  RhServer *self = data;
  guint most;

  most = rh_connection_is_unix (connection) ? CONNECTIONS_MAX : CONNECTIONS_MAX - CONNECTIONS_KEPT;
  if (self->connections->len >= most)
    {
      rh_log (RH_LOG_WARNING, "web.full", "too many connections, one is refused", "peer",
              rh_connection_peer (connection), NULL);
      rh_connection_abort (connection);
      return;
    }
  if (self->patience_s > 0)
    rh_connection_set_patience (connection, self->patience_s);
  g_ptr_array_add (self->connections, connection);
  g_object_weak_ref (G_OBJECT (connection), on_connection_gone, self);
  if (self->handshakes != NULL && !rh_connection_is_unix (connection))
    rh_handshakes_begin (self->handshakes, connection);
  else
    serve (connection, self);
}

/* libsoup keeps a connection after a request only while it has a listener of its own: it gets one that never
 * accepts anything. (Its own listening would end for good when descriptors run out, and would not tell the peer.) */
static void
keep_connections_alive (RhServer *self)
{
  int fds[2];
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return;
  self->quiet = g_socket_new_from_fd (fds[0], NULL);
  socket = g_socket_new_from_fd (fds[1], NULL);
  if (!soup_server_listen_socket (self->soup, socket, 0, &error))
    rh_log (RH_LOG_WARNING, "web.keepalive", error->message, NULL);
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static void
rh_server_dispose (GObject *object)
{
  RhServer *self = RH_SERVER (object);

  g_clear_handle_id (&self->stop_timeout, g_source_remove);
  g_clear_pointer (&self->listeners, g_ptr_array_unref);
  g_clear_pointer (&self->handshakes, rh_handshakes_free);
  if (self->feed != NULL)
    rh_feed_close (self->feed);
  g_clear_pointer (&self->feed, rh_feed_unref);
  if (self->soup != NULL)
    {
      soup_server_disconnect (self->soup);
      g_signal_handlers_disconnect_by_data (self->soup, self);
    }
  g_clear_object (&self->soup);
  if (self->connections != NULL)
    for (guint i = 0; i < self->connections->len; i++)
      g_object_weak_unref (self->connections->pdata[i], on_connection_gone, self);
  g_clear_pointer (&self->connections, g_ptr_array_unref);
  g_clear_object (&self->quiet);
  G_OBJECT_CLASS (rh_server_parent_class)->dispose (object);
}

static void
rh_server_finalize (GObject *object)
{
  RhServer *self = RH_SERVER (object);

  if (self->socket_path != NULL)
    g_unlink (self->socket_path);
  g_free (self->socket_path);
  rh_auth_free (self->auth);
  rh_clients_free (self->clients);
  rh_server_context_unshare (self->context);
  G_OBJECT_CLASS (rh_server_parent_class)->finalize (object);
}

static void
rh_server_class_init (RhServerClass *class)
{
  G_OBJECT_CLASS (class)->dispose = rh_server_dispose;
  G_OBJECT_CLASS (class)->finalize = rh_server_finalize;
}

static void
rh_server_init (RhServer *self)
{
  self->soup = soup_server_new ("server-header", "royald", "raw-paths", TRUE, NULL);
  self->auth = rh_auth_new (geteuid ());
  self->clients = rh_clients_new ();
  self->listeners = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_acceptor_free);
  self->connections = g_ptr_array_new ();
  soup_server_add_early_handler (self->soup, NULL, on_headers, self, NULL);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
  g_signal_connect (self->soup, "request-started", G_CALLBACK (on_request_started), self);
  keep_connections_alive (self);
}

RhServer *
rh_server_new (const RhServerContext *context)
{
  RhServer *self;

  g_return_val_if_fail (context != NULL && RH_IS_STORE (context->store) && RH_IS_REGISTRY (context->registry), NULL);
  g_return_val_if_fail (RH_IS_WORKERS (context->workers) && RH_IS_JOBS (context->jobs), NULL);
  g_return_val_if_fail (RH_IS_TRIGGERS (context->triggers) && RH_IS_SECRETS (context->secrets), NULL);
  g_return_val_if_fail (RH_IS_GATE (context->gate) && context->reload != NULL && context->readiness != NULL, NULL);

  self = g_object_new (RH_TYPE_SERVER, NULL);
  self->context = rh_server_context_share (context);
  self->feed = rh_feed_new (context->store);
  return self;
}

void
rh_server_set_patience (RhServer *self, guint seconds)
{
  g_return_if_fail (RH_IS_SERVER (self));
  self->patience_s = seconds;
}

gboolean
rh_server_trust_proxies (RhServer *self, const char *proxies, GError **error)
{
  g_return_val_if_fail (RH_IS_SERVER (self) && proxies != NULL, FALSE);

  return rh_clients_trust (self->clients, proxies, error);
}

void
rh_server_limit_clients (RhServer *self, guint per_second)
{
  g_return_if_fail (RH_IS_SERVER (self));

  rh_clients_limit (self->clients, per_second);
}

void
rh_server_set_certificate (RhServer *self, GTlsCertificate *certificate)
{
  g_return_if_fail (RH_IS_SERVER (self) && G_IS_TLS_CERTIFICATE (certificate));

  if (self->handshakes == NULL)
    self->handshakes = rh_handshakes_new (serve, self);
  rh_handshakes_set_certificate (self->handshakes, certificate);
}

gboolean
rh_server_listen_unix (RhServer *self, const char *path, GError **error)
{
  g_autoptr (GSocket) socket = NULL;

  g_return_val_if_fail (RH_IS_SERVER (self) && path != NULL && self->socket_path == NULL, FALSE);

  socket = rh_acceptor_bind_unix (path, error);
  if (socket == NULL)
    return FALSE;
  self->socket_path = g_strdup (path);
  g_ptr_array_add (self->listeners, rh_acceptor_new (socket, on_accepted, self));
  return TRUE;
}

guint16
rh_server_listen_tcp (RhServer *self, const char *address, guint16 port, gboolean insecure, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  guint16 bound = 0;

  g_return_val_if_fail (RH_IS_SERVER (self) && address != NULL, 0);

  socket = rh_acceptor_bind_tcp (address, port, insecure || self->handshakes != NULL, &bound, error);
  if (socket == NULL)
    return 0;
  g_ptr_array_add (self->listeners, rh_acceptor_new (socket, on_accepted, self));
  return bound;
}

static void
finish_stop (RhServer *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stopping);

  g_clear_handle_id (&self->stop_timeout, g_source_remove);
  g_clear_pointer (&self->handshakes, rh_handshakes_free);
  soup_server_disconnect (self->soup);
  g_task_return_boolean (task, TRUE);
}

static gboolean
on_stop_idle (gpointer data)
{
  RhServer *self = data;

  if (self->stopping != NULL && self->requests == 0)
    finish_stop (self);
  return G_SOURCE_REMOVE;
}

/* From an idle: this may be libsoup's own callback for the last request. */
static void
stop_if_idle (RhServer *self)
{
  if (self->stopping != NULL && self->requests == 0)
    g_idle_add_full (G_PRIORITY_DEFAULT, on_stop_idle, g_object_ref (self), g_object_unref);
}

static gboolean
on_stop_timeout (gpointer data)
{
  RhServer *self = data;

  self->stop_timeout = 0;
  finish_stop (self);
  return G_SOURCE_REMOVE;
}

void
rh_server_stop_async (RhServer *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (RH_IS_SERVER (self) && self->stopping == NULL);

  self->stopping = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (self->stopping, rh_server_stop_async);
  g_ptr_array_set_size (self->listeners, 0);
  rh_feed_close (self->feed);
  self->stop_timeout = g_timeout_add (timeout_ms, on_stop_timeout, self);
  stop_if_idle (self);
}

gboolean
rh_server_stop_finish (RhServer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
