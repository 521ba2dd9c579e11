/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-acceptor.h"

#include "rh-log.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <royal/error.h>
#include <sys/stat.h>

#define BACKLOG 256
/* Accepts of one turn of the loop, so that a flood of connections starves nothing. */
#define BATCH 16
/* Without descriptors the socket stays readable: look again a little later. */
#define PAUSE_MS 200

struct _RhAcceptor {
  GSocket *socket;
  RhAccepted accepted;
  gpointer data;
  GSource *source;
  guint paused;
};

static void watch (RhAcceptor *self);

static gboolean
on_pause_over (gpointer data)
{
  RhAcceptor *self = data;

  self->paused = 0;
  watch (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer data)
{
  RhAcceptor *self = data;

  for (guint i = 0; i < BATCH; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocket) peer = g_socket_accept (socket, NULL, &error);
      g_autoptr (RhConnection) connection = NULL;

      if (peer == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        break;
      if (peer == NULL)
        {
          rh_log (RH_LOG_WARNING, "web.accept", "cannot accept a connection", "error", error->message, NULL);
          self->paused = g_timeout_add (PAUSE_MS, on_pause_over, self);
          g_clear_pointer (&self->source, g_source_unref);
          return G_SOURCE_REMOVE;
        }
      if (g_socket_get_family (peer) != G_SOCKET_FAMILY_UNIX)
        g_socket_set_option (peer, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
      connection = rh_connection_new (peer, &error);
      if (connection != NULL)
        self->accepted (connection, self->data);
    }
  return G_SOURCE_CONTINUE;
}

static void
watch (RhAcceptor *self)
{
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, NULL);
}

RhAcceptor *
rh_acceptor_new (GSocket *socket, RhAccepted accepted, gpointer data)
{
  RhAcceptor *self;

  g_return_val_if_fail (G_IS_SOCKET (socket) && accepted != NULL, NULL);

  self = g_new0 (RhAcceptor, 1);
  self->socket = g_object_ref (socket);
  self->accepted = accepted;
  self->data = data;
  g_socket_set_blocking (socket, FALSE);
  watch (self);
  return self;
}

void
rh_acceptor_free (RhAcceptor *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->paused, g_source_remove);
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  (void)g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_free (self);
}

/* Whether a server answers at @address. */
static gboolean
is_live (GSocketAddress *address)
{
  g_autoptr (GSocket) probe =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);

  return probe != NULL && g_socket_connect (probe, address, NULL, NULL);
}

GSocket *
rh_acceptor_bind_unix (const char *path, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  struct stat st;
  mode_t mask;
  gboolean bound;

  g_return_val_if_fail (path != NULL, NULL);

  if (strlen (path) >= 108)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected a socket path of at most 107 bytes", path);
      return NULL;
    }
  address = g_unix_socket_address_new (path);
  if (g_lstat (path, &st) == 0)
    {
      if (!S_ISSOCK (st.st_mode) || is_live (address))
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "%s: %s", path,
                       S_ISSOCK (st.st_mode) ? "another host listens there" : "there is something else than a socket");
          return NULL;
        }
      g_unlink (path);
    }
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (socket == NULL)
    return NULL;
  /* Nobody connects before the mode is right. */
  mask = umask (0117);
  bound = g_socket_bind (socket, address, FALSE, error);
  umask (mask);
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!bound || !g_socket_listen (socket, error))
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  return g_steal_pointer (&socket);
}

GSocket *
rh_acceptor_bind_tcp (const char *address, guint16 port, gboolean insecure, guint16 *ret_port, GError **error)
{
  g_autoptr (GInetAddress) inet = NULL;
  g_autoptr (GSocketAddress) wanted = NULL;
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSocket) socket = NULL;

  g_return_val_if_fail (address != NULL && ret_port != NULL, NULL);

  inet = g_inet_address_new_from_string (address);
  if (inet == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected an IPv4 or IPv6 address", address);
      return NULL;
    }
  if (!insecure && !g_inet_address_get_is_loopback (inet))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED,
                   "%s: without tls-certificate the host listens on loopback only, unless --insecure-http is given",
                   address);
      return NULL;
    }
  wanted = g_inet_socket_address_new (inet, port);
  socket = g_socket_new (g_inet_address_get_family (inet), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (socket == NULL)
    return NULL;
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, wanted, TRUE, error) || !g_socket_listen (socket, error))
    {
      g_prefix_error (error, "%s:%u: ", address, port);
      return NULL;
    }
  bound = g_socket_get_local_address (socket, error);
  if (bound == NULL)
    return NULL;
  *ret_port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return g_steal_pointer (&socket);
}
