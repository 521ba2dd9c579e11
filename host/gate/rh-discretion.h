/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-classes.h"
#include "rh-proposal.h"
#include "rh-vault.h"

G_BEGIN_DECLS

/* What is personal in a proposal: in the open while it is checked and the world is observed, sealed before anybody decides
 * or records anything. So a policy sees none of it, and neither does whoever reads the database, the events or the audit. */

/* Opens what a proposal that was made from a recorded one has of it. @vault may be NULL: then nothing is sealed. */
void rh_discretion_open_async (RhVault *vault, RhProposal *proposal, GAsyncReadyCallback callback, gpointer data);
gboolean rh_discretion_open_finish (GAsyncResult *result, GError **error);

/**
 * rh_discretion_known:
 *
 * Finds what is personal in the parameters, and masks it in what the agent wrote beside them.
 *
 * Returns: (transfer full): it; NULL with %ROYAL_ERROR_INVALID when a target, which is told everywhere, holds it.
 */
RhPersonal *rh_discretion_known (RhProposal *proposal, RhConnector *connector, const RhAction *action, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Seals what is personal in the parameters, in what a person changed and in what was observed of each item. @vault may be NULL: then
 * it fails with %ROYAL_ERROR_CONFLICT where something is. */
void rh_discretion_seal_async (RhVault *vault, RhProposal *proposal, RhConnector *connector, const RhAction *action,
                               GAsyncReadyCallback callback, gpointer data);
gboolean rh_discretion_seal_finish (GAsyncResult *result, GError **error);

G_END_DECLS
