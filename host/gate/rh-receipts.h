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

/* @work (transfer none) has ended. */
void rh_receipts_add (RhReceipts *self, RhWork *work);

G_END_DECLS
