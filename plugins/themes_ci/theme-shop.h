/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <royal/agent.h>
#include <theme-check.h>

G_BEGIN_DECLS

/**
 * ThemeShop:
 * @row: the theme's, and @live: that of the one that is live, -1: there is none
 *
 * A shop's themes, as the host's mirror has them, and the one that is spoken of.
 */
typedef struct {
  RoyalTable *table;
  char *shop;
  gint columns[5];
  gint64 row;
  gint64 live;
} ThemeShop;

/**
 * theme_shop_read:
 * @theme: (nullable): SHOP/NUMBER; NULL: none is spoken of
 * @shop: (nullable): which shop, where @theme is NULL
 */
ThemeShop *
theme_shop_read (RoyalRun *run, const char *theme, const char *shop, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void theme_shop_free (ThemeShop *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ThemeShop, theme_shop_free)

/* The row of the theme SHOP/NUMBER; -1 when there is none. */
gint64 theme_shop_find (const ThemeShop *self, const char *theme);

/* FALSE with %ROYAL_ERROR_UNAVAILABLE: no live theme was pulled. */
gboolean theme_shop_has_live (const ThemeShop *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The row of a theme of that name; -1 when there is none. */
gint64 theme_shop_find_name (const ThemeShop *self, const char *name);

/* (transfer full): of the theme in @row: SHOP/NUMBER, and its name. */
char *theme_shop_id (const ThemeShop *self, gint64 row);
char *theme_shop_name (const ThemeShop *self, gint64 row);

/* Shopify is still making it: its files are not all there. */
gboolean theme_shop_is_processing (const ThemeShop *self, gint64 row);

/* { theme, name, role, updated }. */
JsonObject *theme_shop_to_json (const ThemeShop *self, gint64 row) G_GNUC_WARN_UNUSED_RESULT;

/**
 * theme_shop_check:
 * @ret_green: (out): there is no error, and nothing that could not be read
 *
 * Reads the files of the theme that is spoken of, and checks them.
 *
 * Returns: (transfer full): theme_shop_to_json() with `green`, `files`, `digest` (over all paths and checksums: the
 * same files, the same digest), `unread` (files that are text and are not at hand) and the members of
 * theme_report_to_json().
 */
JsonObject *
theme_shop_check (const ThemeShop *self, RoyalRun *run, gboolean *ret_green, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * theme_shop_read_files:
 * @theme: SHOP/NUMBER
 * @columns: (out): of path, checksum, size and content
 * @ret_digest: (out) (transfer full): over all paths and checksums
 *
 * Returns: (transfer full): the files of a theme; NULL with %ROYAL_ERROR_UNAVAILABLE when none was pulled.
 */
RoyalTable *theme_shop_read_files (RoyalRun *run,
                                   const char *theme,
                                   gint *columns,
                                   char **ret_digest,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Finds @names in @table. @numbers: bit i is set when names[i] is to hold whole numbers; the others hold text. */
gboolean theme_find_columns (const RoyalTable *table,
                             const char *resource,
                             const char *const *names,
                             guint n,
                             guint numbers,
                             gint *columns,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): a task's result, which takes @object; (transfer none) @result gets `proposed` and `outcome`. */
JsonNode *theme_take (JsonObject *object) G_GNUC_WARN_UNUSED_RESULT;
gboolean theme_propose (RoyalRun *run, RoyalProposal *proposal, JsonObject *result, GError **error);

G_END_DECLS
