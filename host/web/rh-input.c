/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-input.h"

struct _RhInput {
  GFilterInputStream parent_instance;
  gboolean idle;
};

static void rh_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RhInput,
                               rh_input,
                               G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, rh_input_pollable_init))

static GPollableInputStream *
base_of (gpointer self)
{
  return G_POLLABLE_INPUT_STREAM (g_filter_input_stream_get_base_stream (self));
}

/* What becomes of a read that brought @n bytes. */
static gssize
look_at (RhInput *self, char *buffer, gssize n)
{
  if (n < 0)
    return n;
  if (n == 0 && self->idle)
    {
      *buffer = '\0';
      n = 1;
    }
  self->idle = FALSE;
  return n;
}

static gssize
rh_input_read (GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  gssize n = g_input_stream_read (G_INPUT_STREAM (base_of (stream)), buffer, count, cancellable, error);

  return count > 0 ? look_at (RH_INPUT (stream), buffer, n) : n;
}

static gssize
rh_input_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
  gssize n = g_pollable_input_stream_read_nonblocking (base_of (stream), buffer, count, NULL, error);

  return count > 0 ? look_at (RH_INPUT (stream), buffer, n) : n;
}

static gboolean
rh_input_is_readable (GPollableInputStream *stream)
{
  return g_pollable_input_stream_is_readable (base_of (stream));
}

static GSource *
rh_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) base = g_pollable_input_stream_create_source (base_of (stream), NULL);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static void
rh_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = rh_input_is_readable;
  iface->create_source = rh_input_create_source;
  iface->read_nonblocking = rh_input_read_nonblocking;
}

static void
rh_input_class_init (RhInputClass *class)
{
  G_INPUT_STREAM_CLASS (class)->read_fn = rh_input_read;
}

static void
rh_input_init (RhInput *self)
{
}

RhInput *
rh_input_new (GInputStream *base)
{
  g_return_val_if_fail (G_IS_POLLABLE_INPUT_STREAM (base), NULL);

  return g_object_new (RH_TYPE_INPUT, "base-stream", base, "close-base-stream", TRUE, NULL);
}

void
rh_input_set_idle (RhInput *self, gboolean idle)
{
  g_return_if_fail (RH_IS_INPUT (self));

  self->idle = idle;
}
