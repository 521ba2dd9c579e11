/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which titles are of the same product. */

/**
 * scout_titles_group:
 * @titles: (array length=n): UTF-8
 * @similarity: least share of words in common (Jaccard's index of their sets), in basis points, 1 to 10,000
 * @ret_groups: (array length=n): the least index of each title's group
 *
 * Two titles belong together when they are similar enough, or when a chain of such titles joins them. Words are compared
 * without case and accents, in any order. A title without words is alone. Every pair that is similar enough is found
 * (prefix filtering: Chaudhuri, Ganti and Kaushik, 2006), so the groups do not depend on the order of the titles.
 */
void scout_titles_group (const char *const *titles, guint n, guint similarity, guint *ret_groups);

G_END_DECLS
