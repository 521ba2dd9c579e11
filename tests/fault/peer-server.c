/* SPDX-License-Identifier: Apache-2.0 */
#include "peer-server.h"

#include <json-glib/json-glib.h>
#include <royal-json.h>
#include <string.h>

struct _PeerServer {
  SoupServer *server;
  GRand *rand;
  GHashTable *counts;  /* key -> how many effects */
  GHashTable *answers; /* key -> text */
  GHashTable *things;  /* name -> text */
  GPtrArray *kinds;
  GQueue plan;
  double share;
  guint late_ms;
  guint effects;
  guint requests;
};

/* A request whose effect or whose answer is late. */
typedef struct {
  PeerServer *peer;
  SoupServerMessage *message; /* NULL: nobody waits for the answer */
  char *key;
  char *path;
  char *body;
} Late;

static void
late_free (Late *self)
{
  g_clear_object (&self->message);
  g_free (self->key);
  g_free (self->path);
  g_free (self->body);
  g_free (self);
}

static void
respond (SoupServerMessage *message, guint status, const char *text)
{
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, text, strlen (text));
  soup_server_message_set_status (message, status, NULL);
}

/* The effect, once for each key on /once, each time on /plain; returns the answer. */
static const char *
act (PeerServer *self, const char *key, const char *path, const char *body)
{
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, key));
  const char *name = strchr (path + 1, '/');
  g_autofree char *answer = NULL;

  if (count > 0 && g_str_has_prefix (path, "/once/"))
    return g_hash_table_lookup (self->answers, key);
  self->effects++;
  g_hash_table_insert (self->counts, g_strdup (key), GUINT_TO_POINTER (count + 1));
  if (name != NULL && *body == '\0')
    g_hash_table_remove (self->things, name + 1);
  else if (name != NULL)
    g_hash_table_insert (self->things, g_strdup (name + 1), g_strdup (body));
  answer = g_strdup_printf ("{\"id\":%u}", self->effects);
  g_hash_table_insert (self->answers, g_strdup (key), g_steal_pointer (&answer));
  return g_hash_table_lookup (self->answers, key);
}

static gboolean
on_late (gpointer data)
{
  Late *late = data;

  (void)act (late->peer, late->key, late->path, late->body);
  late_free (late);
  return G_SOURCE_REMOVE;
}

static gboolean
on_slow (gpointer data)
{
  Late *late = data;
  const char *answer = g_hash_table_lookup (late->peer->answers, late->key);

  respond (late->message, 200, answer != NULL ? answer : "{}");
  soup_server_message_unpause (late->message);
  late_free (late);
  return G_SOURCE_REMOVE;
}

/* Ends the connection, after @text if there is any. */
static void
cut (SoupServerMessage *message, const char *text)
{
  GSocket *connection = soup_server_message_get_socket (message);

  if (text != NULL)
    (void)g_socket_send (connection, text, strlen (text), NULL, NULL);
  g_socket_shutdown (connection, TRUE, TRUE, NULL);
  respond (message, 500, "{}"); /* nobody will see it */
}

static char *
next_kind (PeerServer *self)
{
  if (self->plan.length > 0)
    return g_queue_pop_head (&self->plan);
  if (self->kinds->len == 0 || g_rand_double (self->rand) >= self->share)
    return g_strdup ("none");
  return g_strdup (self->kinds->pdata[g_rand_int_range (self->rand, 0, (gint32)self->kinds->len)]);
}

static Late *
late_new (PeerServer *self, SoupServerMessage *message, const char *key, const char *path, const char *body)
{
  Late *late = g_new0 (Late, 1);

  late->peer = self;
  late->message = message != NULL ? g_object_ref (message) : NULL;
  late->key = g_strdup (key);
  late->path = g_strdup (path);
  late->body = g_strdup (body);
  return late;
}

static void
on_effect (PeerServer *self, SoupServerMessage *message, const char *path, const char *body)
{
  g_autofree char *kind = next_kind (self);
  const char *header =
      soup_message_headers_get_one (soup_server_message_get_request_headers (message), "Idempotency-Key");
  g_autofree char *key = header != NULL ? g_strdup (header) : g_strdup_printf ("none-%u", self->requests);

  self->requests++;
  if (strcmp (kind, "slow") == 0)
    {
      (void)act (self, key, path, body);
      g_timeout_add (self->late_ms, on_slow, late_new (self, message, key, path, body));
      soup_server_message_pause (message);
    }
  else if (strcmp (kind, "late") == 0)
    {
      g_timeout_add (self->late_ms, on_late, late_new (self, NULL, key, path, body));
      cut (message, NULL);
    }
  else if (strcmp (kind, "cut") == 0)
    {
      (void)act (self, key, path, body);
      cut (message, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
    }
  else if (strcmp (kind, "before") == 0)
    cut (message, NULL);
  else if (strcmp (kind, "busy") == 0)
    {
      soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", "1");
      respond (message, 429, "{}");
    }
  else if (strcmp (kind, "unavailable") == 0)
    respond (message, 503, "{}");
  else if (strcmp (kind, "error") == 0)
    {
      (void)act (self, key, path, body);
      respond (message, 500, "{}");
    }
  else
    respond (message, 200, act (self, key, path, body));
}

static void
on_counts (PeerServer *self, SoupServerMessage *message)
{
  GHashTableIter iter;
  gpointer count;
  guint doubled = 0;
  g_autofree char *text = NULL;

  g_hash_table_iter_init (&iter, self->counts);
  while (g_hash_table_iter_next (&iter, NULL, &count))
    doubled += GPOINTER_TO_UINT (count) > 1 ? 1 : 0;
  text = g_strdup_printf ("{\"effects\":%u,\"keys\":%u,\"doubled\":%u,\"requests\":%u}", self->effects,
                          g_hash_table_size (self->counts), doubled, self->requests);
  respond (message, 200, text);
}

static void
on_keys (PeerServer *self, SoupServerMessage *message)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GHashTableIter iter;
  gpointer key, count;

  g_hash_table_iter_init (&iter, self->counts);
  while (g_hash_table_iter_next (&iter, &key, &count))
    g_string_append_printf (text, "%u %s\n", GPOINTER_TO_UINT (count), (const char *)key);
  respond (message, 200, text->str);
}

static void
on_faults (PeerServer *self, SoupServerMessage *message, const char *body)
{
  g_autoptr (JsonNode) node = royal_json_parse (body, -1, "faults", NULL);
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonArray *kinds = royal_json_array (object, "kinds");

  self->share = royal_json_double (object, "share", 0);
  self->late_ms = (guint)royal_json_int (object, "late_ms", self->late_ms);
  g_ptr_array_set_size (self->kinds, 0);
  for (guint i = 0; kinds != NULL && i < json_array_get_length (kinds); i++)
    g_ptr_array_add (self->kinds, g_strdup (json_array_get_string_element (kinds, i)));
  respond (message, 200, "{}");
}

static void
on_echo (SoupServerMessage *message)
{
  g_autoptr (GString) text = g_string_new ("{");
  SoupMessageHeadersIter iter;
  const char *name, *value;

  soup_message_headers_iter_init (&iter, soup_server_message_get_request_headers (message));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    {
      g_autofree char *lower = g_ascii_strdown (name, -1);
      g_autofree char *escaped = g_strescape (value, NULL);

      g_string_append_printf (text, "%s\"%s\":\"%s\"", text->len > 1 ? "," : "", lower, escaped);
    }
  g_string_append_c (text, '}');
  respond (message, 200, text->str);
}

static void
on_get (PeerServer *self, SoupServerMessage *message, const char *path)
{
  const char *found = NULL;

  if (strcmp (path, "/counts") == 0)
    on_counts (self, message);
  else if (strcmp (path, "/keys") == 0)
    on_keys (self, message);
  else
    {
      if (g_str_has_prefix (path, "/done/"))
        found = g_hash_table_lookup (self->answers, path + strlen ("/done/"));
      else if (g_str_has_prefix (path, "/thing/"))
        found = g_hash_table_lookup (self->things, path + strlen ("/thing/"));
      respond (message, found != NULL ? 200 : 404, found != NULL ? found : "{}");
    }
}

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  PeerServer *self = data;
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  g_autofree char *text = g_strndup (body->data != NULL ? body->data : "", (gsize)body->length);

  if (strcmp (path, "/faults") == 0)
    on_faults (self, message, text);
  else if (strcmp (path, "/redirect") == 0)
    soup_server_message_set_redirect (message, 307, "/once/elsewhere");
  else if (strcmp (path, "/large") == 0)
    {
      g_autofree char *large = g_strnfill (100000, 'x');

      respond (message, 200, large);
    }
  else if (strcmp (path, "/echo") == 0)
    on_echo (message);
  else if (strcmp (soup_server_message_get_method (message), "GET") == 0)
    on_get (self, message, path);
  else
    on_effect (self, message, path, text);
}

PeerServer *
peer_server_new (guint32 seed)
{
  PeerServer *self = g_new0 (PeerServer, 1);

  self->server = soup_server_new ("server-header", "peer", NULL);
  self->rand = g_rand_new_with_seed (seed);
  self->counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->things = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->kinds = g_ptr_array_new_with_free_func (g_free);
  g_queue_init (&self->plan);
  self->late_ms = 300;
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  return self;
}

void
peer_server_free (PeerServer *self)
{
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_rand_free (self->rand);
  g_hash_table_unref (self->counts);
  g_hash_table_unref (self->answers);
  g_hash_table_unref (self->things);
  g_ptr_array_unref (self->kinds);
  g_queue_clear_full (&self->plan, g_free);
  g_free (self);
}

guint
peer_server_listen (PeerServer *self, guint port, GTlsCertificate *certificate, GError **error)
{
  g_autoslist (GUri) uris = NULL;

  if (certificate != NULL)
    soup_server_set_tls_certificate (self->server, certificate);
  if (!soup_server_listen_local (self->server, port,
                                 SOUP_SERVER_LISTEN_IPV4_ONLY | (certificate != NULL ? SOUP_SERVER_LISTEN_HTTPS : 0),
                                 error))
    return 0;
  uris = soup_server_get_uris (self->server);
  return (guint)g_uri_get_port (uris->data);
}

void
peer_server_plan (PeerServer *self, const char *kinds)
{
  g_auto (GStrv) words = g_strsplit (kinds, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    g_queue_push_tail (&self->plan, g_strdup (words[i]));
}

guint
peer_server_count (PeerServer *self, const char *key)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, key));
}

guint
peer_server_requests (PeerServer *self)
{
  return self->requests;
}
