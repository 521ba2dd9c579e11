/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-frame.h"

G_BEGIN_DECLS

/* The worker's end of the channel, over all of its runs.
 *
 * @fd: the channel
 * @own_cpu: the worker has a CPU on which the host does not run: waiting awake costs nobody anything
 * @last_call: the id of the last CALL
 * @shutdown: the host asked for the end
 * @lost: the host is gone
 */
typedef struct {
  int fd;
  gboolean own_cpu;
  guint64 last_call;
  gboolean shutdown;
  gboolean lost;
  guint asleep; /* calls yet to be waited for asleep */
  guint missed; /* answers in a row that did not come while waiting awake */
} RoyalLink;

/* The next frame from the host, as royal_frame_receive(). An answer that comes within microseconds is waited for awake,
 * because waking a sleeping CPU costs more than the call; after answers that did not, fewer are. */
RoyalFrame *royal_link_receive (RoyalLink *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
