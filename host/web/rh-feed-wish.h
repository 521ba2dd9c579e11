/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-rows.h"

G_BEGIN_DECLS

/* Which events a client of the feed wants. */
typedef struct _RhFeedWish RhFeedWish;

/**
 * rh_feed_wish_new:
 * @topics: (nullable): names of events, separated by commas; each means all that begin with it
 * @workflow: (nullable): only those of this run of a workflow
 *
 * Returns: (transfer full) (nullable): NULL when one of @topics cannot be one.
 */
RhFeedWish *rh_feed_wish_new (const char *topics, const char *workflow) G_GNUC_WARN_UNUSED_RESULT;
void rh_feed_wish_free (RhFeedWish *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhFeedWish, rh_feed_wish_free)

/* (transfer full) (nullable): the topics as an array in SQL; NULL = all. */
char *rh_feed_wish_kinds (const RhFeedWish *self) G_GNUC_WARN_UNUSED_RESULT;
/* (nullable) */
const char *rh_feed_wish_workflow (const RhFeedWish *self);
gboolean rh_feed_wish_is_all (const RhFeedWish *self);

/* Whether the event in a row, with the column `kind` and where there is a workflow `workflow`, is one of them. */
gboolean rh_feed_wish_has (const RhFeedWish *self, RhRows *rows, guint row);
/* Whether such a one is the end of the workflow's run. */
gboolean rh_feed_wish_ends_with (const RhFeedWish *self, RhRows *rows, guint row);

G_END_DECLS
