/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "vetting-score.h"

#include <royal/agent.h>

G_BEGIN_DECLS

/* What is kept of suppliers, as it was read. */
typedef struct {
  guint n;
  GPtrArray *names;       /* of n texts */
  VettingRecord *records; /* of n */
} VettingRecords;

/**
 * vetting_records_read:
 *
 * Reads `suppliers.records`; README.md gives its columns.
 *
 * Returns: (transfer full): the records, or NULL with @error set: %ROYAL_ERROR_INVALID when a cell or column is not
 * what was expected, and what royal_run_read() says.
 */
VettingRecords *vetting_records_read (RoyalRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vetting_records_free (VettingRecords *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VettingRecords, vetting_records_free)

/* The record of a supplier; nothing is known of one that has none. */
VettingRecord vetting_records_find (const VettingRecords *self, const char *supplier);

G_END_DECLS
