/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"

G_BEGIN_DECLS

/* Moves the outbox into the events and the audit chain, in batches, one under way at a time. Any number of hosts may do so: the
 * database lets one win. */
#define RH_TYPE_JOURNAL (rh_journal_get_type ())
G_DECLARE_FINAL_TYPE (RhJournal, rh_journal, RH, JOURNAL, GObject)

RhJournal *rh_journal_new (RhStore *store) G_GNUC_WARN_UNUSED_RESULT;

void rh_journal_start (RhJournal *self);

/* Something durable was written: move the outbox soon. */
void rh_journal_kick (RhJournal *self);

/* Moves what is there now, then finishes; %ROYAL_ERROR_TIMEOUT after @timeout_ms. */
void rh_journal_stop_async (RhJournal *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data);
gboolean rh_journal_stop_finish (RhJournal *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
