/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* How many faults an import reports. */
#define RH_RETAIL_FAULTS_MAX 20u

typedef enum { RH_RETAIL_STORES, RH_RETAIL_FORECAST, RH_RETAIL_ACTUALS, RH_RETAIL_N_KINDS } RhRetailKind;

/* FALSE for an unknown name. */
gboolean rh_retail_kind_from_name (const char *name, RhRetailKind *ret_kind);
const char *rh_retail_kind_name (RhRetailKind kind);

/**
 * RhRetailRows:
 * @arrays: (array length=n_arrays): SQL array literals of equal length: the rows' lines, then each column of the kind
 *
 * The rows of a CSV file, checked cell by cell.
 */
typedef struct {
  char **arrays;
  guint n_arrays;
  guint n_rows;
} RhRetailRows;

void rh_retail_rows_free (RhRetailRows *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhRetailRows, rh_retail_rows_free)

/**
 * rh_retail_rows_parse:
 *
 * Returns: (transfer full): the rows; NULL with %ROYAL_ERROR_INVALID and a line for each of the first
 *   RH_RETAIL_FAULTS_MAX faults.
 */
RhRetailRows *rh_retail_rows_parse (RhRetailKind kind, GBytes *csv, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
