/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"
#include "rh-work.h"

G_BEGIN_DECLS

/* Tells the database how effects ended: what ends in one turn of the loop is one transaction. Nothing is given up while the
 * database is away.
 *
 * The signal "recorded" (gpointer RhWork, gboolean held) is emitted for each; @held is FALSE when the effect was another host's
 * by then, or when the database refused it. */
#define RH_TYPE_RECEIPTS (rh_receipts_get_type ())
G_DECLARE_FINAL_TYPE (RhReceipts, rh_receipts, RH, RECEIPTS, GObject)

RhReceipts *rh_receipts_new (RhStore *store, const char *host_id) G_GNUC_WARN_UNUSED_RESULT;

/* What seals the personal data in receipts. */
void rh_receipts_set_vault (RhReceipts *self, RhVault *vault);

/**
 * rh_receipts_end:
 * @work: (transfer none): what has ended, as rh_work_end() says
 * @receipt: (nullable) (transfer full): what is personal in it is sealed first
 */
void rh_receipts_end (RhReceipts *self, RhWork *work, const char *outcome, JsonNode *receipt, const char *error);

G_END_DECLS
