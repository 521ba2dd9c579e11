/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Framing: one packet of the channel, coded and checked. Described in docs/wire.md. */

#define ROYAL_FRAME_MAGIC 0x314c5952u
#define ROYAL_FRAME_HEADER 24
#define ROYAL_FRAME_MAX 65536
#define ROYAL_FRAME_INLINE_MAX (ROYAL_FRAME_MAX - ROYAL_FRAME_HEADER)
#define ROYAL_FRAME_BODY_MAX (16u * 1024 * 1024)
#define ROYAL_CHANNEL_FD 3

typedef enum {
  ROYAL_FRAME_INIT = 1,
  ROYAL_FRAME_READY,
  ROYAL_FRAME_FAILED,
  ROYAL_FRAME_RUN,
  ROYAL_FRAME_DONE,
  ROYAL_FRAME_CALL,
  ROYAL_FRAME_REPLY,
  ROYAL_FRAME_LOG,
  ROYAL_FRAME_PROGRESS,
  ROYAL_FRAME_CANCEL,
  ROYAL_FRAME_SHUTDOWN,
} RoyalFrameType;

typedef enum {
  ROYAL_FRAME_FLAG_MEMFD = 1,
  ROYAL_FRAME_FLAG_TABLE = 2,
  ROYAL_FRAME_FLAG_MORE = 4,
} RoyalFrameFlags;

/**
 * RoyalFrame:
 * @body: (nullable): the JSON object, NULL when the body is empty
 * @table_fd: a checked, sealed memfd that holds a table, or -1
 */
typedef struct {
  RoyalFrameType type;
  guint64 id;
  JsonObject *body;
  int table_fd;
} RoyalFrame;

void royal_frame_free (RoyalFrame *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalFrame, royal_frame_free)

/**
 * royal_frame_send:
 * @fd: a SOCK_SEQPACKET socket
 * @body: (nullable): the JSON object; one that is too long for a packet travels in a sealed memfd
 * @table_fd: a sealed memfd with a table, or -1; it stays the caller's
 *
 * Blocks on a blocking socket. On a non-blocking one that is full: G_IO_ERROR_WOULD_BLOCK.
 */
gboolean royal_frame_send (int              fd,
                           RoyalFrameType   type,
                           guint64          id,
                           JsonObject      *body,
                           int              table_fd,
                           GError         **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same with a body that is JSON text already: one object, or nothing. */
gboolean royal_frame_send_text (int              fd,
                                RoyalFrameType   type,
                                guint64          id,
                                const char      *text,
                                gsize            length,
                                int              table_fd,
                                GError         **error) G_GNUC_WARN_UNUSED_RESULT;

/* The worker's way to send: a body that is too long for a packet travels in pieces, so that the sandbox need
 * not let it make memory files. */
gboolean royal_frame_send_pieces (int              fd,
                                  RoyalFrameType   type,
                                  guint64          id,
                                  const char      *text,
                                  gsize            length,
                                  GError         **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_frame_receive:
 * @fd: a SOCK_SEQPACKET socket
 *
 * The worker's way to receive; the host's is royal-frame-reader.h. Takes one packet and checks everything in it; every descriptor that came along is closed unless it is
 * handed out in the frame.
 *
 * Returns: (transfer full): the frame; NULL with %ROYAL_ERROR_PROTOCOL for a malformed one,
 *   G_IO_ERROR_CLOSED at the end, G_IO_ERROR_WOULD_BLOCK on a non-blocking socket with nothing to take.
 */
RoyalFrame *royal_frame_receive (int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_frame_receive_all:
 * @frames: (element-type RoyalFrame): where what the packet holds is put, in order (transfer full)
 *
 * The same for a packet that may hold several RUNs.
 */
gboolean royal_frame_receive_all (int fd, GQueue *frames, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends a message to @packet, which may hold several of RUN or of DONE, and at most ROYAL_FRAME_MAX bytes. */
void royal_frame_append (GByteArray *packet, RoyalFrameType type, guint64 id, const char *text, gsize length);

/* Sends @packet as it is. */
gboolean royal_frame_send_packet (int fd, const GByteArray *packet, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The length of the first message of a packet: all of it, unless several stand one behind the other. */
gsize royal_frame_first (const guint8 *packet, gsize length);

/**
 * royal_frame_parse:
 * @fds: descriptors that came with the packet; all are consumed
 *
 * The checks of royal_frame_receive() alone, for tests and fuzzing.
 */
RoyalFrame *royal_frame_parse (const guint8  *packet,
                               gsize          length,
                               const int     *fds,
                               guint          n_fds,
                               GError       **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
