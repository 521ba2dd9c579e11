/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "theme-shop.h"

G_BEGIN_DECLS

/**
 * ThemeSource:
 * @repository: of connectors/git.json
 * @folder: where the theme is in it; "": at its root
 * @keep: (nullable): patterns of paths that are the shop's and not the repository's
 *
 * Where themes come from, by the agent's configuration.
 */
typedef struct {
  const char *repository;
  const char *shop;
  const char *folder;
  JsonArray *keep;
} ThemeSource;

/* FALSE with %ROYAL_ERROR_INVALID: the configuration names none. What @ret_source points to is the run's. */
gboolean theme_source_of (RoyalRun *run, ThemeSource *ret_source, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): the commit where @branch is ("": the default branch), and its name. */
char *theme_source_head (const ThemeSource *self,
                         RoyalRun *run,
                         const char *branch,
                         char **ret_branch,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * ThemeDifference:
 * @wanted: of each file that the theme has otherwise what is to be in it, as shopify.theme.files takes it; null: it is to go
 * @files: how many the commit has
 * @kept: how many of its files are left as the theme has them
 * @digest: of the theme's files as they are
 */
typedef struct {
  JsonObject *wanted;
  guint files;
  guint kept;
  char *digest;
} ThemeDifference;

void theme_difference_free (ThemeDifference *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ThemeDifference, theme_difference_free)

/**
 * theme_source_compare:
 * @theme: SHOP/NUMBER
 *
 * Compares the files of @commit with those of the theme, as the host's mirror has them. A JSON file is compared by what it says, for
 * Shopify puts a comment before it.
 *
 * Returns: (transfer full): NULL with %ROYAL_ERROR_INVALID (there is no theme in the commit, or a file that Shopify has no place for)
 *   or %ROYAL_ERROR_LIMIT (one is too large), which name the file.
 */
ThemeDifference *theme_source_compare (const ThemeSource *self,
                                       RoyalRun *run,
                                       const char *commit,
                                       const char *theme,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
