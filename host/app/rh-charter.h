/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-gate.h"
#include "rh-registry.h"

G_BEGIN_DECLS

/* What people have put in force, out of the database: the policy and the envelopes of each workspace, and what agents
 * were granted the last time. The host adopts it at its start and whenever it changes; what the operator's files say is
 * compared with it: the first of its kind and what is less are adopted, what is more is proposed. */
#define RH_TYPE_CHARTER (rh_charter_get_type ())
G_DECLARE_FINAL_TYPE (RhCharter, rh_charter, RH, CHARTER, GObject)

/* @workspace, @name: whose files are compared. */
RhCharter *rh_charter_new (RhStore *store, RhGate *gate, RhRegistry *registry, gint64 workspace, const char *name)
    G_GNUC_WARN_UNUSED_RESULT;

/* Adopts what is in force, and from then on each change of it. */
void rh_charter_start_async (RhCharter *self, GAsyncReadyCallback callback, gpointer data);
gboolean rh_charter_start_finish (RhCharter *self, GAsyncResult *result, GError **error);

/**
 * rh_charter_compare:
 * @policy: (transfer none): a valid policy: what the operator's file says now
 *
 * The registry has loaded the operator's manifests. Until this returns nothing holds of what they grant.
 */
void rh_charter_compare (RhCharter *self, RhPolicy *policy);

G_END_DECLS
