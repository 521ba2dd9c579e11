/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-frame.h"

G_BEGIN_DECLS

/* The header of a packet, as both ends code and check it. */
typedef struct {
  guint16 type;
  guint16 flags;
  guint64 id;
  guint32 body;
} RoyalFrameHeader;

void royal_frame_header_write (const RoyalFrameHeader *self, guint8 bytes[ROYAL_FRAME_HEADER]);

/* Checks all that the header alone can tell: magic, type, flags, and the body's length against @length, the
 * packet's. FALSE with %ROYAL_ERROR_PROTOCOL. */
gboolean royal_frame_header_read (RoyalFrameHeader  *self,
                                  const guint8      *packet,
                                  gsize              length,
                                  GError           **error) G_GNUC_WARN_UNUSED_RESULT;

/* A frame of @header with the body parsed from @text; consumes @table_fd. */
RoyalFrame *royal_frame_new_from_text (const RoyalFrameHeader  *header,
                                       const char              *text,
                                       gsize                    length,
                                       int                      table_fd,
                                       GError                 **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
