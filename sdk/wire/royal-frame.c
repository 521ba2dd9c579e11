/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-frame.h"

#include "royal-frame-header.h"
#include "royal-json.h"
#include "royal-memfd.h"

#include <errno.h>
#include <royal/error.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* One more than a packet may carry, so that a second descriptor is seen, and closed. */
#define FDS_MAX 2

void
royal_frame_free (RoyalFrame *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->body, json_object_unref);
  if (self->table_fd >= 0)
    close (self->table_fd);
  g_free (self);
}

void
royal_frame_header_write (const RoyalFrameHeader *self, guint8 bytes[ROYAL_FRAME_HEADER])
{
  guint32 magic = GUINT32_TO_LE (ROYAL_FRAME_MAGIC), body = GUINT32_TO_LE (self->body);
  guint16 type = GUINT16_TO_LE (self->type), flags = GUINT16_TO_LE (self->flags);
  guint64 id = GUINT64_TO_LE (self->id);

  memcpy (bytes, &magic, 4);
  memcpy (bytes + 4, &type, 2);
  memcpy (bytes + 6, &flags, 2);
  memcpy (bytes + 8, &id, 8);
  memcpy (bytes + 16, &body, 4);
  memset (bytes + 20, 0, 4);
}

static gboolean
malformed (GError **error, const char *expected, guint64 found)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "malformed packet: %s, found %" G_GUINT64_FORMAT, expected,
               found);
  return FALSE;
}

static gboolean
check_lengths (const RoyalFrameHeader *self, gsize length, GError **error)
{
  gsize inline_length = length - ROYAL_FRAME_HEADER;

  if (self->flags & ROYAL_FRAME_FLAG_MEMFD)
    {
      if (self->body == 0 || self->body > ROYAL_FRAME_BODY_MAX)
        return malformed (error, "expected a body of 1 to 16777216 bytes", self->body);
      if (inline_length != 0)
        return malformed (error, "expected no inline body beside a memfd", inline_length);
      return TRUE;
    }
  if (self->body != inline_length)
    return malformed (error, "expected the body's length to be the packet's", self->body);
  if ((self->flags & ROYAL_FRAME_FLAG_MORE) && self->body == 0)
    return malformed (error, "expected a piece that is not empty", 0);
  return TRUE;
}

gboolean
royal_frame_header_read (RoyalFrameHeader *self, const guint8 *packet, gsize length, GError **error)
{
  guint32 magic, zero;

  if (length < ROYAL_FRAME_HEADER || length > ROYAL_FRAME_MAX)
    return malformed (error, "expected 24 to 65536 bytes", length);
  memcpy (&magic, packet, 4);
  memcpy (&self->type, packet + 4, 2);
  memcpy (&self->flags, packet + 6, 2);
  memcpy (&self->id, packet + 8, 8);
  memcpy (&self->body, packet + 16, 4);
  memcpy (&zero, packet + 20, 4);
  self->type = GUINT16_FROM_LE (self->type);
  self->flags = GUINT16_FROM_LE (self->flags);
  self->id = GUINT64_FROM_LE (self->id);
  self->body = GUINT32_FROM_LE (self->body);
  if (GUINT32_FROM_LE (magic) != ROYAL_FRAME_MAGIC)
    return malformed (error, "expected the magic", GUINT32_FROM_LE (magic));
  if (self->type < ROYAL_FRAME_INIT || self->type > ROYAL_FRAME_SHUTDOWN)
    return malformed (error, "expected a known type", self->type);
  /* At most one flag: they exclude each other. */
  if (self->flags > ROYAL_FRAME_FLAG_MORE || (self->flags & (self->flags - 1)) != 0)
    return malformed (error, "expected known flags", self->flags);
  if (zero != 0)
    return malformed (error, "expected zero at offset 20", zero);
  return check_lengths (self, length, error);
}

RoyalFrame *
royal_frame_new_from_text (const RoyalFrameHeader *header, const char *text, gsize length, int table_fd, GError **error)
{
  g_autoptr (RoyalFrame) self = g_new0 (RoyalFrame, 1);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) local = NULL;

  self->type = header->type;
  self->id = header->id;
  self->table_fd = table_fd;
  if (length == 0)
    return g_steal_pointer (&self);
  node = royal_json_parse (text, (gssize)length, "packet", &local);
  if (node == NULL)
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, local->message);
      return NULL;
    }
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "malformed packet: expected the body to be an object");
      return NULL;
    }
  self->body = json_node_dup_object (node);
  return g_steal_pointer (&self);
}

static RoyalFrame *
parse_memfd_body (const RoyalFrameHeader *header, int fd, GError **error)
{
  gsize size;
  const guint8 *map = royal_memfd_map (fd, header->body, &size, error);
  RoyalFrame *self;

  if (map == NULL)
    return NULL;
  self = royal_frame_new_from_text (header, (const char *)map, header->body, -1, error);
  munmap ((void *)map, size);
  return self;
}

/* Owns nothing: the caller closes @fds, except for a table, which *@ret_taken says. */
static RoyalFrame *
parse (const guint8 *packet, gsize length, const int *fds, guint n_fds, gboolean *ret_taken, GError **error)
{
  RoyalFrameHeader header;
  guint expected;

  if (!royal_frame_header_read (&header, packet, length, error))
    return NULL;
  expected = header.flags & (ROYAL_FRAME_FLAG_MEMFD | ROYAL_FRAME_FLAG_TABLE) ? 1 : 0;
  if (header.flags & ROYAL_FRAME_FLAG_MORE)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "malformed packet: a piece, in the wrong direction");
      return NULL;
    }
  if (n_fds != expected)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "malformed packet: expected %u descriptors, found %u",
                   expected, n_fds);
      return NULL;
    }
  if (header.flags & ROYAL_FRAME_FLAG_MEMFD)
    return parse_memfd_body (&header, fds[0], error);
  if (header.flags & ROYAL_FRAME_FLAG_TABLE)
    {
      gsize size;
      const guint8 *map = royal_memfd_map (fds[0], 1, &size, error);

      if (map == NULL)
        return NULL;
      munmap ((void *)map, size);
      *ret_taken = TRUE;
    }
  return royal_frame_new_from_text (&header, (const char *)packet + ROYAL_FRAME_HEADER, header.body,
                                    *ret_taken ? fds[0] : -1, error);
}

RoyalFrame *
royal_frame_parse (const guint8 *packet, gsize length, const int *fds, guint n_fds, GError **error)
{
  gboolean taken = FALSE;
  RoyalFrame *self;

  g_return_val_if_fail (packet != NULL, NULL);
  g_return_val_if_fail (fds != NULL || n_fds == 0, NULL);

  self = parse (packet, length, fds, n_fds, &taken, error);
  for (guint i = taken ? 1 : 0; i < n_fds; i++)
    close (fds[i]);
  return self;
}

static void
set_io_error (GError **error, const char *what)
{
  if (errno == EPIPE || errno == ECONNRESET)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "%s: the other end is gone", what);
  else
    g_set_error (error, G_IO_ERROR, (gint)g_io_error_from_errno (errno), "%s: %s", what, g_strerror (errno));
}

static gboolean
send_packet (int fd, const RoyalFrameHeader *header, const char *text, gsize length, int passed_fd, GError **error)
{
  guint8 bytes[ROYAL_FRAME_HEADER];
  struct iovec iov[2] = { { bytes, sizeof bytes }, { (void *)text, length } };
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  struct msghdr message = { .msg_iov = iov, .msg_iovlen = length > 0 ? 2 : 1 };

  royal_frame_header_write (header, bytes);
  if (passed_fd >= 0)
    {
      struct cmsghdr *cmsg;

      message.msg_control = &control;
      message.msg_controllen = sizeof control;
      cmsg = CMSG_FIRSTHDR (&message);
      cmsg->cmsg_level = SOL_SOCKET;
      cmsg->cmsg_type = SCM_RIGHTS;
      cmsg->cmsg_len = CMSG_LEN (sizeof (int));
      memcpy (CMSG_DATA (cmsg), &passed_fd, sizeof (int));
    }
  while (sendmsg (fd, &message, MSG_NOSIGNAL) < 0)
    {
      if (errno == EINTR)
        continue;
      set_io_error (error, "send");
      return FALSE;
    }
  return TRUE;
}

void
royal_frame_append (GByteArray *packet, RoyalFrameType type, guint64 id, const char *text, gsize length)
{
  RoyalFrameHeader header = { .type = (guint16)type, .id = id, .body = (guint32)length };
  guint8 bytes[ROYAL_FRAME_HEADER];

  g_return_if_fail (packet != NULL && packet->len + sizeof bytes + length <= ROYAL_FRAME_MAX);

  royal_frame_header_write (&header, bytes);
  g_byte_array_append (packet, bytes, sizeof bytes);
  g_byte_array_append (packet, (const guint8 *)text, (guint)length);
}

gboolean
royal_frame_send_packet (int fd, const GByteArray *packet, GError **error)
{
  g_return_val_if_fail (fd >= 0 && packet != NULL && packet->len >= ROYAL_FRAME_HEADER, FALSE);

  struct iovec iov = { packet->data, packet->len };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

  while (sendmsg (fd, &message, MSG_NOSIGNAL) < 0)
    {
      if (errno == EINTR)
        continue;
      set_io_error (error, "send");
      return FALSE;
    }
  return TRUE;
}

gsize
royal_frame_first (const guint8 *packet, gsize length)
{
  guint16 type, flags;
  guint32 body;

  g_return_val_if_fail (packet != NULL, length);

  if (length < ROYAL_FRAME_HEADER)
    return length;
  memcpy (&type, packet + 4, 2);
  memcpy (&flags, packet + 6, 2);
  memcpy (&body, packet + 16, 4);
  type = GUINT16_FROM_LE (type);
  body = GUINT32_FROM_LE (body);
  if (flags != 0 || (type != ROYAL_FRAME_RUN && type != ROYAL_FRAME_DONE) || body > length - ROYAL_FRAME_HEADER)
    return length;
  return ROYAL_FRAME_HEADER + body;
}

static gboolean
write_all (int fd, const char *text, gsize length, GError **error)
{
  while (length > 0)
    {
      gssize n = write (fd, text, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot fill a memfd: %s", g_strerror (errno));
          return FALSE;
        }
      text += n;
      length -= (gsize)n;
    }
  return TRUE;
}

static gboolean
send_in_memfd (int fd, RoyalFrameHeader *header, const char *text, gsize length, GError **error)
{
  int memfd = royal_memfd_new ("royal-body", error);
  gboolean sent;

  if (memfd < 0)
    return FALSE;
  header->flags = ROYAL_FRAME_FLAG_MEMFD;
  sent = write_all (memfd, text, length, error) && royal_memfd_seal (memfd, error) &&
         send_packet (fd, header, NULL, 0, memfd, error);
  close (memfd);
  return sent;
}

static gboolean
check_length (gsize length, GError **error)
{
  if (length <= ROYAL_FRAME_BODY_MAX)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "a message of %zu bytes is longer than 16 MiB", length);
  return FALSE;
}

gboolean
royal_frame_send_text (int fd,
                       RoyalFrameType type,
                       guint64 id,
                       const char *text,
                       gsize length,
                       int table_fd,
                       GError **error)
{
  RoyalFrameHeader header = { .type = (guint16)type, .id = id, .body = (guint32)length };

  g_return_val_if_fail (fd >= 0, FALSE);
  g_return_val_if_fail (text != NULL || length == 0, FALSE);
  g_return_val_if_fail (table_fd < 0 || length <= ROYAL_FRAME_INLINE_MAX, FALSE);

  if (!check_length (length, error))
    return FALSE;
  if (length > ROYAL_FRAME_INLINE_MAX)
    return send_in_memfd (fd, &header, text, length, error);
  header.flags = table_fd >= 0 ? ROYAL_FRAME_FLAG_TABLE : 0;
  return send_packet (fd, &header, text, length, table_fd, error);
}

gboolean
royal_frame_send_pieces (int fd, RoyalFrameType type, guint64 id, const char *text, gsize length, GError **error)
{
  RoyalFrameHeader header = { .type = (guint16)type, .id = id };

  g_return_val_if_fail (fd >= 0, FALSE);
  g_return_val_if_fail (text != NULL || length == 0, FALSE);

  if (!check_length (length, error))
    return FALSE;
  do
    {
      gsize piece = MIN (length, ROYAL_FRAME_INLINE_MAX);

      header.body = (guint32)piece;
      header.flags = piece < length ? ROYAL_FRAME_FLAG_MORE : 0;
      if (!send_packet (fd, &header, text, piece, -1, error))
        return FALSE;
      text += piece;
      length -= piece;
  } while (length > 0);
  return TRUE;
}

gboolean
royal_frame_send (int fd, RoyalFrameType type, guint64 id, JsonObject *body, int table_fd, GError **error)
{
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;

  if (body != NULL)
    {
      node = json_node_init_object (json_node_alloc (), body);
      text = royal_json_to_string (node);
    }
  return royal_frame_send_text (fd, type, id, text, text != NULL ? strlen (text) : 0, table_fd, error);
}

/* The descriptors of a control message; those beyond @fds have no room and were never installed. */
static guint
take_descriptors (struct msghdr *message, int fds[FDS_MAX])
{
  guint n = 0;

  for (struct cmsghdr *cmsg = CMSG_FIRSTHDR (message); cmsg != NULL; cmsg = CMSG_NXTHDR (message, cmsg))
    {
      gsize length = cmsg->cmsg_len - CMSG_LEN (0);

      if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
        continue;
      g_assert (length <= FDS_MAX * sizeof (int));
      memcpy (fds, CMSG_DATA (cmsg), length);
      n = (guint)(length / sizeof (int));
    }
  return n;
}

/* One packet, with its descriptors checked for number; 0 with @error set. */
static gsize
receive_packet (int fd, guint8 packet[ROYAL_FRAME_MAX], int fds[FDS_MAX], guint *ret_n_fds, GError **error)
{
  struct iovec iov = { packet, ROYAL_FRAME_MAX };
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE (FDS_MAX * sizeof (int))];
  } control;
  struct msghdr message = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  gssize length;
  guint n_fds;

  do
    length = recvmsg (fd, &message, MSG_CMSG_CLOEXEC);
  while (length < 0 && errno == EINTR);
  if (length < 0)
    {
      set_io_error (error, "receive");
      return 0;
    }
  n_fds = take_descriptors (&message, fds);
  if (length == 0 && n_fds == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "receive: the other end is gone");
      return 0;
    }
  if (length == 0 || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
    {
      for (guint i = 0; i < n_fds; i++)
        close (fds[i]);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "malformed packet: %s",
                   length == 0                     ? "empty"
                   : message.msg_flags & MSG_TRUNC ? "longer than 64 KiB"
                                                   : "too many descriptors");
      return 0;
    }
  *ret_n_fds = n_fds;
  return (gsize)length;
}

RoyalFrame *
royal_frame_receive (int fd, GError **error)
{
  guint8 packet[ROYAL_FRAME_MAX];
  int fds[FDS_MAX] = { -1, -1 };
  guint n_fds = 0;
  gsize length;

  g_return_val_if_fail (fd >= 0, NULL);

  length = receive_packet (fd, packet, fds, &n_fds, error);
  return length > 0 ? royal_frame_parse (packet, length, fds, n_fds, error) : NULL;
}

gboolean
royal_frame_receive_all (int fd, GQueue *frames, GError **error)
{
  guint8 packet[ROYAL_FRAME_MAX];
  int fds[FDS_MAX] = { -1, -1 };
  guint n_fds = 0;
  gsize length;

  g_return_val_if_fail (fd >= 0 && frames != NULL, FALSE);

  length = receive_packet (fd, packet, fds, &n_fds, error);
  if (length == 0)
    return FALSE;
  for (gsize at = 0, first; at < length; at += first)
    {
      RoyalFrame *frame;

      first = royal_frame_first (packet + at, length - at);
      frame = royal_frame_parse (packet + at, first, fds, n_fds, error);
      if (frame == NULL)
        return FALSE;
      g_queue_push_tail (frames, frame);
      n_fds = 0;
    }
  return TRUE;
}
