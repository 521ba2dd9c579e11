/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* A mapping: how files of another make become Royal's stores and history; docs/schema/season-mapping.schema.json. */
typedef struct _CtlMapping CtlMapping;

/* Returns: (transfer full): NULL with @error set, which names the file and the place. @folder is where its files are. */
CtlMapping *ctl_mapping_new (const char *path, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ctl_mapping_free (CtlMapping *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlMapping, ctl_mapping_free)

/* (transfer full) (nullable): the stores as CSV; NULL with @error set, or without it when the mapping says nothing of them. */
GBytes *ctl_mapping_stores (CtlMapping *self, GError **error);

/**
 * ctl_mapping_history:
 * @first, @last: the first days of the weeks that are wanted, in days since 1970-01-01; both inclusive
 * @category: (nullable): only this one
 * @ret_skipped: (out): how many categories were left out because they have less than two years
 *
 * Returns: (transfer full): the sales by store, category and week, as CSV in that order; NULL with @error set.
 */
GBytes *ctl_mapping_history (CtlMapping *self, gint64 first, gint64 last, const char *category, guint *ret_skipped,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * ctl_mapping_actuals:
 * @start: the season's first day, in days since 1970-01-01
 * @stores: (element-type utf8): those that the season plans for; of others nothing is said
 *
 * Returns: (transfer full): what @category sold in weeks 1 to @weeks of the season, as CSV; a store without a row sold
 *   nothing. NULL with @error set.
 */
GBytes *ctl_mapping_actuals (CtlMapping *self, const char *category, gint64 start, guint weeks, GHashTable *stores,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether weeks that are missing are kept so: the import's `gaps`. */
gboolean ctl_mapping_keeps_gaps (const CtlMapping *self);

/* "2025-03-01" → days since 1970-01-01; FALSE when it is no day of the calendar. */
gboolean ctl_parse_day (const char *text, gint64 *ret_day);

G_END_DECLS
