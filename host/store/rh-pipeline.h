/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-call.h"

G_BEGIN_DECLS

/* One connection in pipeline mode with many calls in flight. Calls that arrive in one turn of the loop are sent in
 * the next; each is a transaction of its own. */
typedef struct _RhPipeline RhPipeline;

/* @usable: whether calls can be pushed from now on. */
typedef void (*RhPipelineChanged) (RhPipeline *self, gboolean usable, gpointer owner);

/* @owner: a GObject that is kept alive while the pipeline calls back. */
RhPipeline *rh_pipeline_new (const char        *conninfo,
                             const char        *role,
                             RhPipelineChanged  changed,
                             gpointer           owner) G_GNUC_WARN_UNUSED_RESULT;

/* Fails the calls in flight with unavailable. */
void rh_pipeline_free (RhPipeline *self);

gboolean rh_pipeline_is_usable (RhPipeline *self);

/* How badly a further call would do here: calls in flight, and much more when the first of them waits for long. */
guint rh_pipeline_load (RhPipeline *self, gint64 now_us);

/* Takes @call over. */
void rh_pipeline_push (RhPipeline *self, RhCall *call);

/* Sends what libpq still holds, blocking for at most a second: only for a crash point. */
void rh_pipeline_flush_now (RhPipeline *self);

G_END_DECLS
