/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"
#include "rh-work.h"

G_BEGIN_DECLS

/* The effects that this host holds, as the database knows it: taken over, claimed, kept, handed back. What is done with
 * them is the executor's.
 *
 * The signal "taken" hands over an RhWork that was not in hand: it is held from then on, until rh_leases_drop();
 * "released" tells of one that was handed back, and is to be dropped.
 * "progress" is emitted when something durable was written, and "changed" when a call came back: it is time to look
 * whether more can be done. */
#define RH_TYPE_LEASES (rh_leases_get_type ())
G_DECLARE_FINAL_TYPE (RhLeases, rh_leases, RH, LEASES, GObject)

#define RH_LEASES_S 30

RhLeases *rh_leases_new (RhStore *store, RhConnectors *connectors, const char *host_id) G_GNUC_WARN_UNUSED_RESULT;

/* First takes over what this host held when it died: until that is in hand nothing is claimed. */
void rh_leases_start (RhLeases *self);
/* Takes nothing more. What is held is still kept, until rh_leases_close(). */
void rh_leases_stop (RhLeases *self);
void rh_leases_close (RhLeases *self);

/* What this host held when it died is in hand. */
gboolean rh_leases_has_own (RhLeases *self);
gboolean rh_leases_may_claim (RhLeases *self);
/* A call is under way that may bring something, or hand something back. */
gboolean rh_leases_is_busy (RhLeases *self);

/* Claims up to @room; @skip: see effect_claim() in SQL. The signal "claimed" (guint n, gboolean more) tells what came.
 */
void rh_leases_claim (RhLeases *self, guint room, const char *skip);

/* Takes @work in hand, which a call sent at @sent_us (monotonic) has started. */
void rh_leases_take (RhLeases *self, RhWork *work, gint64 sent_us);

/* What this host holds: id -> RhWork. */
GHashTable *rh_leases_works (RhLeases *self);
gboolean rh_leases_holds (RhLeases *self, RhWork *work);
/* Whether this host may still act for @work; by its own clock too, which goes on while the host is frozen. */
gboolean rh_leases_may_act (RhLeases *self, RhWork *work);
void rh_leases_drop (RhLeases *self, RhWork *work);

/* May @work be attempted now? It is under a new lease when it may. Withdrawn: its agent is not granted it any more. */
typedef enum { RH_LEASES_GO, RH_LEASES_STOPPED, RH_LEASES_WITHDRAWN, RH_LEASES_LOST } RhLeasesAnswer;
void rh_leases_ask_async (RhLeases *self, RhWork *work, GAsyncReadyCallback callback, gpointer data);
/* While the database is away the answer is %RH_LEASES_STOPPED. */
RhLeasesAnswer rh_leases_ask_finish (RhLeases *self, GAsyncResult *result);

/* Hands @works (transfer none) back for @wait_ms. "released" tells of those that were handed back, or lost; when the
 * database cannot be told, "taken" hands each over again. */
void rh_leases_park (RhLeases *self, GPtrArray *works, guint wait_ms);

G_END_DECLS
