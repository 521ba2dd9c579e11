/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scout-score.h"

#include <royal/agent.h>

G_BEGIN_DECLS

/* The catalog as it was read. */
typedef struct {
  guint n;
  ScoutProduct *products; /* their texts belong to @texts */
  GStringChunk *texts;
} ScoutCatalog;

/**
 * scout_catalog_read:
 *
 * Reads `catalog.feed` and, where it is granted and there is one, `catalog.signals`; README.md gives their columns.
 *
 * Returns: (transfer full): the catalog, or NULL with @error set: %ROYAL_ERROR_INVALID when a table is not what was
 *   expected, and what royal_run_read() says.
 */
ScoutCatalog *scout_catalog_read (RoyalRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void scout_catalog_free (ScoutCatalog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ScoutCatalog, scout_catalog_free)

G_END_DECLS
