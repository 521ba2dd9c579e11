/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <royal/agent.h>

G_BEGIN_DECLS

/* What was decided, the latest last: kept in the agent's state, for the digest. */

#define CEO_DIARY_MAX 200u /* decisions that are kept */

/* Keeps a decision under the run's id, so that a run that is tried again is kept once; takes @entry. */
gboolean ceo_diary_put (RoyalRun *run, JsonObject *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer full): the decisions since @since, in ms since 1970. */
JsonArray *ceo_diary_since (RoyalRun *run, gint64 since, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
