/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-handshakes.h"

#include "rh-log.h"

#define DEADLINE_S 10
/* That go on at a time, in all and with one peer; the others wait for their turn within their deadline. */
#define THREADS_MAX 16
#define THREADS_OF_PEER 4

struct _RhHandshakes {
  GTlsCertificate *certificate;
  RhAccepted secured;
  gpointer data;
  GQueue waiting;      /* RhConnection, owned: the peer has spoken */
  GHashTable *silent;  /* RhConnection, owned -> GSource */
  GHashTable *running; /* peer -> how many */
  guint n_running;
  gboolean closed;
};

static void begin_next (RhHandshakes *self);

static guint
running_of (RhHandshakes *self, RhConnection *connection)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->running, rh_connection_peer (connection)));
}

static void
count (RhHandshakes *self, RhConnection *connection, int by)
{
  const char *peer = rh_connection_peer (connection);
  guint n = running_of (self, connection) + (guint)by;

  self->n_running += (guint)by;
  if (n > 0)
    g_hash_table_replace (self->running, g_strdup (peer), GUINT_TO_POINTER (n));
  else
    g_hash_table_remove (self->running, peer);
}

static void
handshakes_clear (gpointer data)
{
  RhHandshakes *self = data;

  g_clear_object (&self->certificate);
  g_queue_clear_full (&self->waiting, g_object_unref);
  g_hash_table_unref (self->silent);
  g_hash_table_unref (self->running);
}

static void
on_secured (GObject *source, GAsyncResult *result, gpointer data)
{
  RhHandshakes *self = data;
  g_autoptr (RhConnection) connection = RH_CONNECTION (g_object_ref (source));
  g_autoptr (GError) error = NULL;
  gboolean good = rh_connection_secure_finish (connection, result, &error);

  count (self, connection, -1);
  if (!good)
    {
      rh_log (RH_LOG_DEBUG, "web.tls", "a TLS handshake failed", "peer", rh_connection_peer (connection), "error",
              error->message, NULL);
      rh_connection_set_deadline (connection, 0);
    }
  else if (!self->closed)
    self->secured (connection, self->data);
  if (!self->closed)
    begin_next (self);
  g_rc_box_release_full (self, handshakes_clear);
}

/* The first of those that wait whose peer has not its share already. */
static RhConnection *
next_of (RhHandshakes *self)
{
  for (GList *l = self->waiting.head; l != NULL; l = l->next)
    if (running_of (self, l->data) < THREADS_OF_PEER)
      {
        RhConnection *connection = l->data;

        g_queue_delete_link (&self->waiting, l);
        return connection;
      }
  return NULL;
}

static void
begin_next (RhHandshakes *self)
{
  while (self->n_running < THREADS_MAX)
    {
      g_autoptr (RhConnection) connection = next_of (self);

      if (connection == NULL)
        return;
      count (self, connection, 1);
      rh_connection_secure_async (connection, self->certificate, on_secured, g_rc_box_acquire (self));
    }
}

typedef struct {
  RhHandshakes *handshakes;
  RhConnection *connection;
} Silent;

static gboolean
on_spoken (GSocket *socket, GIOCondition condition, gpointer data)
{
  Silent *silent = data;
  RhHandshakes *self = silent->handshakes;

  g_queue_push_tail (&self->waiting, g_object_ref (silent->connection));
  g_hash_table_remove (self->silent, silent->connection);
  begin_next (self);
  return G_SOURCE_REMOVE;
}

static void
source_end (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

RhHandshakes *
rh_handshakes_new (RhAccepted secured, gpointer data)
{
  RhHandshakes *self;

  g_return_val_if_fail (secured != NULL, NULL);

  self = g_rc_box_new0 (RhHandshakes);
  self->secured = secured;
  self->data = data;
  self->silent = g_hash_table_new_full (NULL, NULL, g_object_unref, source_end);
  self->running = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
rh_handshakes_free (RhHandshakes *self)
{
  if (self == NULL)
    return;
  self->closed = TRUE;
  g_hash_table_remove_all (self->silent);
  g_queue_clear_full (&self->waiting, g_object_unref);
  g_rc_box_release_full (self, handshakes_clear);
}

void
rh_handshakes_set_certificate (RhHandshakes *self, GTlsCertificate *certificate)
{
  g_return_if_fail (self != NULL && G_IS_TLS_CERTIFICATE (certificate));

  g_set_object (&self->certificate, certificate);
}

void
rh_handshakes_begin (RhHandshakes *self, RhConnection *connection)
{
  GSource *source;
  Silent *silent;

  g_return_if_fail (self != NULL && self->certificate != NULL && RH_IS_CONNECTION (connection));

  rh_connection_set_deadline (connection, DEADLINE_S);
  source = g_socket_create_source (g_socket_connection_get_socket (G_SOCKET_CONNECTION (connection)), G_IO_IN, NULL);
  silent = g_new (Silent, 1);
  *silent = (Silent){ self, connection };
  g_source_set_callback (source, G_SOURCE_FUNC (on_spoken), silent, g_free);
  g_source_attach (source, NULL);
  g_hash_table_replace (self->silent, g_object_ref (connection), source);
}
