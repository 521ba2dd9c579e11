/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-connection.h"

#include "rh-input.h"

#include <gio/gunixsocketaddress.h>

/* How long a peer may take to hear that its connection ends. */
#define PARTING_S 5

/* Of an answer's headers, at most so much is held until its body comes. */
#define HELD_MAX 4096

/* A filter that counts what its base stream takes, and sends an answer's headers together with the first of its body,
 * which libsoup writes one after the other. */
#define RH_TYPE_COUNTER (rh_counter_get_type ())
G_DECLARE_FINAL_TYPE (RhCounter, rh_counter, RH, COUNTER, GFilterOutputStream)

struct _RhCounter {
  GFilterOutputStream parent_instance;
  RhConnection *connection; /* not owned: it owns this stream */
  gboolean holds;           /* the next write, if it is short, until the one after it */
  GByteArray *held;         /* that was taken and is not written yet */
};

struct _RhConnection {
  GSocketConnection parent_instance;
  GIOStream *tls; /* (nullable): over a stream of its own on the same socket */
  RhInput *input;
  RhCounter *output;
  gboolean is_unix;
  gboolean is_local;
  uid_t uid;
  char *peer;
  guint64 written;
  gint64 deadline_us; /* 0: none */
  guint timer;        /* that looks after it; may be early, never late */
  gint64 timer_us;    /* when it does */
  guint patience_s;
};

#define PATIENCE_S 60

enum { SIGNAL_WROTE, N_SIGNALS };

static guint signals[N_SIGNALS];

static void rh_counter_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RhCounter,
                               rh_counter,
                               G_TYPE_FILTER_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, rh_counter_pollable_init))
G_DEFINE_FINAL_TYPE (RhConnection, rh_connection, G_TYPE_SOCKET_CONNECTION)

static GPollableOutputStream *
counter_base (gpointer self)
{
  return G_POLLABLE_OUTPUT_STREAM (g_filter_output_stream_get_base_stream (self));
}

static void
counter_add (RhCounter *self, gssize n)
{
  if (n <= 0 || self->connection == NULL)
    return;
  self->connection->written += (guint64)n;
  g_signal_emit (self->connection, signals[SIGNAL_WROTE], 0);
}

static gssize
rh_counter_write (GOutputStream *stream, const void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  RhCounter *self = RH_COUNTER (stream);
  GOutputStream *base = G_OUTPUT_STREAM (counter_base (stream));
  gsize n_held = 0;
  gssize n;

  if (self->held->len > 0)
    {
      gboolean good = g_output_stream_write_all (base, self->held->data, self->held->len, &n_held, cancellable, error);

      counter_add (self, (gssize)n_held);
      g_byte_array_remove_range (self->held, 0, (guint)n_held);
      if (!good)
        return -1;
    }
  n = g_output_stream_write (base, buffer, count, cancellable, error);
  counter_add (RH_COUNTER (stream), n);
  return n;
}

/* Whether @count bytes of @buffer are kept for the next write. */
static gboolean
hold (RhCounter *self, const void *buffer, gsize count)
{
  gboolean holds = self->holds && self->held->len == 0 && count <= HELD_MAX;

  self->holds = FALSE;
  if (holds)
    g_byte_array_append (self->held, buffer, (guint)count);
  return holds;
}

/* What is held, and then @buffer, of which the number of bytes that were taken is returned. */
static gssize
write_held (RhCounter *self, const void *buffer, gsize count, GError **error)
{
  const GOutputVector vectors[] = { { self->held->data, self->held->len }, { buffer, count } };
  gsize n = 0, of_held;

  if (g_pollable_output_stream_writev_nonblocking (counter_base (self), vectors, G_N_ELEMENTS (vectors), &n, NULL,
                                                   error) == G_POLLABLE_RETURN_FAILED)
    return -1;
  of_held = MIN (n, self->held->len);
  g_byte_array_remove_range (self->held, 0, (guint)of_held);
  counter_add (self, (gssize)n);
  if (n > of_held)
    return (gssize)(n - of_held);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "nothing more is taken for now");
  return -1;
}

static gssize
rh_counter_write_nonblocking (GPollableOutputStream *stream, const void *buffer, gsize count, GError **error)
{
  gssize n;

  if (hold (RH_COUNTER (stream), buffer, count))
    return (gssize)count;
  if (RH_COUNTER (stream)->held->len > 0)
    return write_held (RH_COUNTER (stream), buffer, count, error);
  n = g_pollable_output_stream_write_nonblocking (counter_base (stream), buffer, count, NULL, error);
  counter_add (RH_COUNTER (stream), n);
  return n;
}

static gboolean
rh_counter_is_writable (GPollableOutputStream *stream)
{
  return g_pollable_output_stream_is_writable (counter_base (stream));
}

static GSource *
rh_counter_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) base = g_pollable_output_stream_create_source (counter_base (stream), NULL);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static void
rh_counter_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = rh_counter_is_writable;
  iface->create_source = rh_counter_create_source;
  iface->write_nonblocking = rh_counter_write_nonblocking;
}

static void
rh_counter_finalize (GObject *object)
{
  g_byte_array_unref (RH_COUNTER (object)->held);
  G_OBJECT_CLASS (rh_counter_parent_class)->finalize (object);
}

static void
rh_counter_class_init (RhCounterClass *class)
{
  G_OBJECT_CLASS (class)->finalize = rh_counter_finalize;
  G_OUTPUT_STREAM_CLASS (class)->write_fn = rh_counter_write;
}

static void
rh_counter_init (RhCounter *self)
{
  self->held = g_byte_array_new ();
}

/* What is counted and watched stands above TLS: it is what libsoup writes and reads. */
static GOutputStream *
rh_connection_get_output_stream (GIOStream *stream)
{
  RhConnection *self = RH_CONNECTION (stream);

  if (self->output == NULL)
    {
      GOutputStream *base = self->tls != NULL
                                ? g_io_stream_get_output_stream (self->tls)
                                : G_IO_STREAM_CLASS (rh_connection_parent_class)->get_output_stream (stream);

      self->output = g_object_new (RH_TYPE_COUNTER, "base-stream", base, "close-base-stream", TRUE, NULL);
      self->output->connection = self;
    }
  return G_OUTPUT_STREAM (self->output);
}

static GInputStream *
rh_connection_get_input_stream (GIOStream *stream)
{
  RhConnection *self = RH_CONNECTION (stream);

  if (self->input == NULL)
    self->input =
        rh_input_new (self->tls != NULL ? g_io_stream_get_input_stream (self->tls)
                                        : G_IO_STREAM_CLASS (rh_connection_parent_class)->get_input_stream (stream));
  return G_INPUT_STREAM (self->input);
}

static gboolean
on_parted (gpointer socket)
{
  (void)g_socket_shutdown (socket, TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

static void
on_tls_closed (GObject *tls, GAsyncResult *result, gpointer parting)
{
  (void)g_io_stream_close_finish (G_IO_STREAM (tls), result, NULL);
  g_source_destroy (parting);
  g_source_unref (parting);
}

/* The peer is told (close_notify) without waiting for it here; the socket closes after that, or when it takes too long.
 */
static void
part_from (GIOStream *tls, GSocket *socket)
{
  GSource *parting = g_timeout_source_new_seconds (PARTING_S);

  g_source_set_callback (parting, on_parted, g_object_ref (socket), g_object_unref);
  g_source_attach (parting, NULL);
  g_io_stream_close_async (tls, G_PRIORITY_DEFAULT, NULL, on_tls_closed, parting);
}

static gboolean
rh_connection_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  RhConnection *self = RH_CONNECTION (stream);

  if (self->tls == NULL)
    return G_IO_STREAM_CLASS (rh_connection_parent_class)->close_fn (stream, cancellable, error);
  part_from (self->tls, g_socket_connection_get_socket (G_SOCKET_CONNECTION (self)));
  return TRUE;
}

static void
rh_connection_dispose (GObject *object)
{
  RhConnection *self = RH_CONNECTION (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->output != NULL)
    self->output->connection = NULL;
  G_OBJECT_CLASS (rh_connection_parent_class)->dispose (object);
}

static void
rh_connection_finalize (GObject *object)
{
  RhConnection *self = RH_CONNECTION (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_object (&self->tls);
  g_free (self->peer);
  G_OBJECT_CLASS (rh_connection_parent_class)->finalize (object);
}

static void
rh_connection_class_init (RhConnectionClass *class)
{
  G_OBJECT_CLASS (class)->dispose = rh_connection_dispose;
  G_OBJECT_CLASS (class)->finalize = rh_connection_finalize;
  G_IO_STREAM_CLASS (class)->get_input_stream = rh_connection_get_input_stream;
  G_IO_STREAM_CLASS (class)->get_output_stream = rh_connection_get_output_stream;
  G_IO_STREAM_CLASS (class)->close_fn = rh_connection_close;

  signals[SIGNAL_WROTE] =
      g_signal_new ("wrote", RH_TYPE_CONNECTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
rh_connection_init (RhConnection *self)
{
  self->patience_s = PATIENCE_S;
  self->uid = (uid_t)-1;
}

static gboolean
identify (RhConnection *self, GSocket *socket, GError **error)
{
  g_autoptr (GSocketAddress) remote = NULL;

  self->is_unix = g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX;
  if (self->is_unix)
    {
      g_autoptr (GCredentials) credentials = g_socket_get_credentials (socket, error);

      self->uid = credentials != NULL ? g_credentials_get_unix_user (credentials, error) : (uid_t)-1;
      self->peer = g_strdup_printf ("unix:%u", (guint)self->uid);
      self->is_local = TRUE;
      return self->uid != (uid_t)-1;
    }
  remote = g_socket_get_remote_address (socket, error);
  if (remote == NULL)
    return FALSE;
  if (G_IS_INET_SOCKET_ADDRESS (remote))
    {
      GInetAddress *address = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote));

      self->peer = g_inet_address_to_string (address);
      self->is_local = g_inet_address_get_is_loopback (address);
    }
  return self->peer != NULL;
}

RhConnection *
rh_connection_new (GSocket *socket, GError **error)
{
  g_autoptr (RhConnection) self = NULL;

  g_return_val_if_fail (G_IS_SOCKET (socket), NULL);

  self = g_object_new (RH_TYPE_CONNECTION, "socket", socket, NULL);
  return identify (self, socket, error) ? g_steal_pointer (&self) : NULL;
}

static void
on_handshake (GObject *tls, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (tls), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
rh_connection_secure_async (RhConnection *self,
                            GTlsCertificate *certificate,
                            GAsyncReadyCallback callback,
                            gpointer data)
{
  g_autoptr (GSocketConnection) base = NULL;
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (RH_IS_CONNECTION (self) && self->tls == NULL && self->input == NULL && self->output == NULL);
  g_return_if_fail (G_IS_TLS_CERTIFICATE (certificate));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_connection_secure_async);
  base = g_socket_connection_factory_create_connection (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self)));
  self->tls = g_tls_server_connection_new (G_IO_STREAM (base), certificate, &error);
  if (self->tls == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  /* A body's end is told by its length: that the peer says no good-bye hides nothing. */
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (self->tls), FALSE);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->tls), G_PRIORITY_DEFAULT, NULL, on_handshake,
                                    g_steal_pointer (&task));
}

gboolean
rh_connection_secure_finish (RhConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
rh_connection_is_secure (RhConnection *self)
{
  g_return_val_if_fail (RH_IS_CONNECTION (self), FALSE);
  return self->tls != NULL;
}

gboolean
rh_connection_is_unix (RhConnection *self)
{
  g_return_val_if_fail (RH_IS_CONNECTION (self), FALSE);
  return self->is_unix;
}

uid_t
rh_connection_uid (RhConnection *self)
{
  g_return_val_if_fail (RH_IS_CONNECTION (self), (uid_t)-1);
  return self->uid;
}

gboolean
rh_connection_is_local (RhConnection *self)
{
  g_return_val_if_fail (RH_IS_CONNECTION (self), FALSE);
  return self->is_local;
}

const char *
rh_connection_peer (RhConnection *self)
{
  g_return_val_if_fail (RH_IS_CONNECTION (self), NULL);
  return self->peer;
}

guint64
rh_connection_written (RhConnection *self)
{
  g_return_val_if_fail (RH_IS_CONNECTION (self), 0);
  return self->written;
}

void
rh_connection_hold_headers (RhConnection *self)
{
  g_return_if_fail (RH_IS_CONNECTION (self));

  if (self->output != NULL)
    self->output->holds = TRUE;
}

void
rh_connection_set_idle (RhConnection *self, gboolean idle)
{
  g_return_if_fail (RH_IS_CONNECTION (self));

  if (self->input != NULL)
    rh_input_set_idle (self->input, idle);
}

static void watch_deadline (RhConnection *self);

static gboolean
on_deadline (gpointer data)
{
  RhConnection *self = data;

  self->timer = 0;
  if (self->deadline_us != 0 && g_get_monotonic_time () >= self->deadline_us)
    rh_connection_abort (self);
  else if (self->deadline_us != 0)
    watch_deadline (self);
  return G_SOURCE_REMOVE;
}

/* A deadline is set several times for each request: a timer that is early anyway is left alone. */
static void
watch_deadline (RhConnection *self)
{
  gint64 left_us = self->deadline_us - g_get_monotonic_time ();

  if (self->timer != 0 && self->timer_us <= self->deadline_us)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer_us = self->deadline_us;
  self->timer = g_timeout_add ((guint)(MAX (left_us, 0) / 1000) + 1, on_deadline, self);
}

void
rh_connection_set_deadline (RhConnection *self, guint seconds)
{
  g_return_if_fail (RH_IS_CONNECTION (self));

  self->deadline_us = seconds > 0 ? g_get_monotonic_time () + (gint64)seconds * G_USEC_PER_SEC : 0;
  if (seconds > 0)
    watch_deadline (self);
}

void
rh_connection_await (RhConnection *self)
{
  g_return_if_fail (RH_IS_CONNECTION (self));
  rh_connection_set_deadline (self, self->patience_s);
}

void
rh_connection_set_patience (RhConnection *self, guint seconds)
{
  g_return_if_fail (RH_IS_CONNECTION (self) && seconds > 0);
  self->patience_s = seconds;
}

void
rh_connection_abort (RhConnection *self)
{
  g_return_if_fail (RH_IS_CONNECTION (self));

  /* Shut down, not closed: the descriptor stays libsoup's until it has seen the end. */
  (void)g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self)), TRUE, TRUE, NULL);
}

GSocketAddress *
rh_connection_make_address (RhConnection *self)
{
  GSocketAddress *address;

  g_return_val_if_fail (RH_IS_CONNECTION (self), NULL);

  address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_object_set_data_full (G_OBJECT (address), "rh-connection", g_object_ref (self), g_object_unref);
  return address;
}

RhConnection *
rh_connection_of_address (GSocketAddress *address)
{
  return address != NULL ? g_object_get_data (G_OBJECT (address), "rh-connection") : NULL;
}
