/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <royal-csv.h>

G_BEGIN_DECLS

/**
 * real_data:
 * @name: of a file below ../shared/data, seen from the project's root
 *
 * Returns: (transfer full) (nullable): its bytes, unpacked; NULL when it is not there, and then the test is skipped.
 */
GBytes *real_data (const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* Reads a file of real_data(), whose columns that are not named are passed over; aborts when it cannot be read. */
RoyalCsv *real_csv (GBytes *text, const char *name, const RoyalCsvColumn *columns, guint n_columns)
    G_GNUC_WARN_UNUSED_RESULT;

/* The number of @name, in the order in which names first come; it is added to @names when it is new. */
guint real_number (GHashTable *numbers, GPtrArray *names, const char *name);

/* `2010-12-01 08:26:00` as days since 1970-01-01. */
gint64 real_day (const char *text);

G_END_DECLS
