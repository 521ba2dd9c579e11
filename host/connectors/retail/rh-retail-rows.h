/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* How many faults an import reports. */
#define RH_RETAIL_FAULTS_MAX 20u

typedef enum {
  RH_RETAIL_STORES,
  RH_RETAIL_FORECAST,
  RH_RETAIL_ACTUALS,
  RH_RETAIL_HISTORY,
  RH_RETAIL_CATALOG,
  RH_RETAIL_SIGNALS,
  RH_RETAIL_PRICES,
  RH_RETAIL_SUPPLIERS,
  RH_RETAIL_TRAFFIC,
  RH_RETAIL_N_KINDS
} RhRetailKind;

/* FALSE for an unknown name. */
gboolean rh_retail_kind_from_name (const char *name, RhRetailKind *ret_kind);
const char *rh_retail_kind_name (RhRetailKind kind);

/* The rows of a CSV file, checked cell by cell, as text for COPY: the row's line, then each column of the kind. */
typedef struct _RhRetailRows RhRetailRows;

/**
 * rh_retail_rows_new:
 *
 * Returns: (transfer full): a reader before the first row; NULL with %ROYAL_ERROR_INVALID.
 */
RhRetailRows *rh_retail_rows_new (RhRetailKind kind, GBytes *csv, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_retail_rows_free (RhRetailRows *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhRetailRows, rh_retail_rows_free)

/**
 * rh_retail_rows_take:
 * @least: a chunk ends with the row that reaches so many bytes
 *
 * The next rows. After a fault it goes on to the end of the file, to report more than one.
 *
 * Returns: (transfer full): text of COPY; NULL at the end, with @error set to %ROYAL_ERROR_INVALID and a line for each of
 *   the first RH_RETAIL_FAULTS_MAX faults, or when there was no row.
 */
GBytes *rh_retail_rows_take (RhRetailRows *self, gsize least, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
