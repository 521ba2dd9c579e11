/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-gate.h"

G_BEGIN_DECLS

/* What a run tells while it works: progress into the live feed (at most two a second, the last one always) and lines
 * into the host's log (rate-limited). Both are a plugin's words: cut to size and cleaned of control characters. */
typedef struct _RhRunFeed RhRunFeed;

/* @job: (nullable): whose run it is; @personal: (nullable): what is masked in it; outlives it */
RhRunFeed *rh_run_feed_new (RhStore    *store,
                            RhGate     *gate,
                            gint64      workspace,
                            const char *agent,
                            const char *run,
                            const char *job,
                            const RhPersonal *personal) G_GNUC_WARN_UNUSED_RESULT;
void rh_run_feed_free (RhRunFeed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhRunFeed, rh_run_feed_free)

void rh_run_feed_progress (RhRunFeed *self, double fraction, const char *message);
void rh_run_feed_log (RhRunFeed *self, const char *message);
/* The run ends: what is held back goes out now. */
void rh_run_feed_flush (RhRunFeed *self);

G_END_DECLS
