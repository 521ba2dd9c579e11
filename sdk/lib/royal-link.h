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
 * @runs: (element-type RoyalFrame): runs that the host handed over and that are not begun
 * @unsent: (nullable): answers, as one packet
 */
typedef struct {
  int fd;
  gboolean own_cpu;
  guint64 last_call;
  gboolean shutdown;
  gboolean lost;
  GQueue runs;
  GByteArray *unsent;
  gint64 unsent_since_us;
  gint64 begun_us; /* the run in hand */
  guint asleep; /* calls yet to be waited for asleep */
  guint missed; /* answers in a row that did not come while waiting awake */
} RoyalLink;

/* The next run, or what else the host says between runs. */
RoyalFrame *royal_link_next (RoyalLink *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Answers run @id with the body @text of DONE. Answers of short runs behind which others wait go together. */
gboolean royal_link_answer (RoyalLink   *self,
                            guint64      id,
                            const char  *text,
                            GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/* Before anything else is said: the answers that have not gone out. */
gboolean royal_link_flush (RoyalLink *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The next frame from the host that is not a run: those are kept for later. As royal_frame_receive(). An answer that comes within microseconds is waited for awake,
 * because waking a sleeping CPU costs more than the call; after answers that did not, fewer are. */
RoyalFrame *royal_link_receive (RoyalLink *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
