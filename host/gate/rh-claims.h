/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-lanes.h"
#include "rh-leases.h"

G_BEGIN_DECLS

/* When this host asks the database for more effects, and for how many: as many as its lanes have room for, and none that
 * lead where nothing may be sent now. */
typedef struct _RhClaims RhClaims;

/* Both outlive it. */
RhClaims *rh_claims_new (RhLeases *leases, RhLanes *lanes) G_GNUC_WARN_UNUSED_RESULT;
void rh_claims_free (RhClaims *self);

void rh_claims_start (RhClaims *self);
void rh_claims_stop (RhClaims *self);

/* There may be something to claim. */
void rh_claims_kick (RhClaims *self);
/* What was left out may be claimed now, at the next rh_claims_go_on(). */
void rh_claims_room_made (RhClaims *self);
/* Something has changed: claims if there may be something still. */
void rh_claims_go_on (RhClaims *self);

/* See rh_executor_reserve(). */
guint rh_claims_reserve (RhClaims *self, guint wanted);
void rh_claims_release (RhClaims *self, guint reserved);
gboolean rh_claims_has_reserved (RhClaims *self);

G_END_DECLS
