/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-frame-reader.h"

#include "royal-frame-header.h"

#include <errno.h>
#include <royal/error.h>
#include <sys/socket.h>

struct _RoyalFrameReader {
  GByteArray *pieces; /* NULL: none */
  RoyalFrameHeader first;
  GByteArray *rest; /* of a packet that holds several messages; NULL: none */
  gsize rest_at;
};

RoyalFrameReader *
royal_frame_reader_new (void)
{
  return g_new0 (RoyalFrameReader, 1);
}

void
royal_frame_reader_free (RoyalFrameReader *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->pieces, g_byte_array_unref);
  g_clear_pointer (&self->rest, g_byte_array_unref);
  g_free (self);
}

static gboolean
refuse (GError **error, const char *message)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "malformed packet: %s", message);
  return FALSE;
}

/* Adds one piece. Only what can rightly be long may come in pieces. */
static gboolean
add_piece (RoyalFrameReader *self, const RoyalFrameHeader *header, const guint8 *body, GError **error)
{
  if (header->type != ROYAL_FRAME_DONE && header->type != ROYAL_FRAME_CALL)
    return refuse (error, "this type does not come in pieces");
  if (self->pieces == NULL)
    {
      self->pieces = g_byte_array_new ();
      self->first = *header;
    }
  if (header->type != self->first.type || header->id != self->first.id)
    return refuse (error, "another message between the pieces of one");
  if (self->pieces->len + header->body > ROYAL_FRAME_BODY_MAX)
    return refuse (error, "the pieces are longer than 16 MiB");
  g_byte_array_append (self->pieces, body, header->body);
  return TRUE;
}

gboolean
royal_frame_reader_parse (RoyalFrameReader *self,
                          const guint8 *packet,
                          gsize length,
                          RoyalFrame **ret_frame,
                          GError **error)
{
  RoyalFrameHeader header;
  const guint8 *body = packet + ROYAL_FRAME_HEADER;
  gsize body_length;
  RoyalFrame *frame;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (packet != NULL, FALSE);
  g_return_val_if_fail (ret_frame != NULL, FALSE);

  if (!royal_frame_header_read (&header, packet, length, error))
    return FALSE;
  if (header.flags & ~ROYAL_FRAME_FLAG_MORE)
    return refuse (error, "a descriptor, in the wrong direction");
  body_length = header.body;
  if (header.flags & ROYAL_FRAME_FLAG_MORE || self->pieces != NULL)
    {
      if (!add_piece (self, &header, body, error))
        return FALSE;
      body = self->pieces->data;
      body_length = self->pieces->len;
    }
  if (header.flags & ROYAL_FRAME_FLAG_MORE)
    {
      *ret_frame = NULL;
      return TRUE;
    }
  frame = royal_frame_new_from_text (&header, (const char *)body, body_length, -1, error);
  g_clear_pointer (&self->pieces, g_byte_array_unref);
  if (frame == NULL)
    return FALSE;
  *ret_frame = frame;
  return TRUE;
}

gboolean
royal_frame_reader_has_more (RoyalFrameReader *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->rest != NULL;
}

static gboolean
take_rest (RoyalFrameReader *self, RoyalFrame **ret_frame, gsize *ret_bytes, GError **error)
{
  const guint8 *packet = self->rest->data + self->rest_at;
  gboolean taken;

  *ret_bytes = royal_frame_first (packet, self->rest->len - self->rest_at);
  self->rest_at += *ret_bytes;
  taken = royal_frame_reader_parse (self, packet, *ret_bytes, ret_frame, error);
  if (self->rest_at >= self->rest->len)
    g_clear_pointer (&self->rest, g_byte_array_unref);
  return taken;
}

gboolean
royal_frame_reader_take (RoyalFrameReader *self, int fd, RoyalFrame **ret_frame, gsize *ret_bytes, GError **error)
{
  guint8 packet[ROYAL_FRAME_MAX];
  struct iovec iov = { packet, sizeof packet };
  /* No room for descriptors: the kernel closes what a worker sends along and says so. */
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
  gssize length;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (ret_frame != NULL, FALSE);
  g_return_val_if_fail (ret_bytes != NULL, FALSE);

  if (self->rest != NULL)
    return take_rest (self, ret_frame, ret_bytes, error);
  do
    length = recvmsg (fd, &message, 0);
  while (length < 0 && errno == EINTR);
  if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "receive: nothing to take");
      return FALSE;
    }
  /* A peer that ended with packets unread gives ECONNRESET once, before what it had sent itself. */
  if (length < 0 && errno == ECONNRESET)
    return royal_frame_reader_take (self, fd, ret_frame, ret_bytes, error);
  if (message.msg_flags & MSG_CTRUNC)
    return refuse (error, "a descriptor, in the wrong direction");
  if (length <= 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "receive: the other end is gone");
      return FALSE;
    }
  if (message.msg_flags & MSG_TRUNC)
    return refuse (error, "longer than 64 KiB");
  *ret_bytes = royal_frame_first (packet, (gsize)length);
  if (*ret_bytes < (gsize)length)
    {
      self->rest = g_byte_array_new ();
      self->rest_at = 0;
      g_byte_array_append (self->rest, packet + *ret_bytes, (guint)((gsize)length - *ret_bytes));
    }
  return royal_frame_reader_parse (self, packet, *ret_bytes, ret_frame, error);
}
