/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-link.h"

#include <royal/run.h>

G_BEGIN_DECLS

/**
 * royal_run_new:
 * @link: (transfer none): outlives the run
 * @request: (transfer none): the frame of RUN
 *
 * Returns: (transfer full): the run; NULL with %ROYAL_ERROR_PROTOCOL when the request is malformed.
 */
RoyalRun *royal_run_new (RoyalLink *link, const RoyalFrame *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void royal_run_free (RoyalRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalRun, royal_run_free)

/* (transfer none): the job's input. */
JsonObject *royal_run_input (const RoyalRun *self);

/* Ends the run towards the host. One of @result and @error (both transfer none) is set. */
gboolean royal_run_finish (RoyalRun      *self,
                           JsonNode      *result,
                           const GError  *failure,
                           GError       **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
