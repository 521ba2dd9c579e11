/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-feed-wish.h"
#include "rh-request.h"

G_BEGIN_DECLS

/* The live feed: one reader per workspace turns notifications into pages of events and fans them out. A client that
 * lags, or begins in the past, reads pages of its own until it has caught up; so none is lost and none comes twice. Who wants
 * the events of one workflow alone is told first how it stands, and is done when its end was told. */
typedef struct _RhFeed RhFeed;

/* Codes with which the feed closes a connection; 1000 when there is nothing more to tell. */
#define RH_FEED_CLOSE_GOING_AWAY 1001
#define RH_FEED_CLOSE_INVALID 4400
#define RH_FEED_CLOSE_REVOKED 4401
#define RH_FEED_CLOSE_SLOW 4008
#define RH_FEED_CLOSE_UNAVAILABLE 4503

RhFeed *rh_feed_new (RhStore *store) G_GNUC_WARN_UNUSED_RESULT;
/* Ends every client with 1001. */
void rh_feed_close (RhFeed *self);
/* After this no callback of the store reaches it. */
void rh_feed_unref (RhFeed *self);

/**
 * rh_feed_add:
 * @after: the last event that the client has, -1 = begin now
 * @wish: (transfer full)
 * @connection: the connection that @socket runs over
 */
void rh_feed_add (RhFeed *self, const RhCaller *caller, SoupWebsocketConnection *socket, RhConnection *connection,
                  gint64 after, RhFeedWish *wish);

guint rh_feed_n_clients (RhFeed *self);

G_END_DECLS
