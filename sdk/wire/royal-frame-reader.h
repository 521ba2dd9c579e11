/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-frame.h"

G_BEGIN_DECLS

/* The host's way to receive: joins the pieces of a long body, and takes no descriptor at all. */
typedef struct _RoyalFrameReader RoyalFrameReader;

RoyalFrameReader *royal_frame_reader_new (void) G_GNUC_WARN_UNUSED_RESULT;
void royal_frame_reader_free (RoyalFrameReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalFrameReader, royal_frame_reader_free)

/* TRUE when the packet that was taken last holds more. */
gboolean royal_frame_reader_has_more (RoyalFrameReader *self);

/**
 * royal_frame_reader_take:
 * @ret_frame: (out) (transfer full): the frame; NULL when the packet was a piece of a longer one
 * @ret_bytes: (out): the message's length in bytes
 *
 * Takes one message: the next of a packet that holds several, or the first of the next packet.
 *
 * Returns: TRUE; FALSE with the errors of royal_frame_receive().
 */
gboolean royal_frame_reader_take (RoyalFrameReader  *self,
                                  int                fd,
                                  RoyalFrame       **ret_frame,
                                  gsize             *ret_bytes,
                                  GError           **error) G_GNUC_WARN_UNUSED_RESULT;

/* The checks alone, for tests and fuzzing. */
gboolean royal_frame_reader_parse (RoyalFrameReader  *self,
                                   const guint8      *packet,
                                   gsize              length,
                                   RoyalFrame       **ret_frame,
                                   GError           **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
