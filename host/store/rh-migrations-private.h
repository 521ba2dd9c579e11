/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-migrations.h"

G_BEGIN_DECLS

typedef struct {
  guint version;
  char *name; /* "0001_foundation" */
  char *sql;
  char *checksum; /* hexadecimal SHA-256 of @sql */
} RhMigration;

void rh_migration_free (RhMigration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhMigration, rh_migration_free)

/* @file_name: "0001_foundation.sql". NULL with @error set when it does not have that form. */
RhMigration *rh_migration_new (const char *file_name, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Applies @known (RhMigration, by rising version). Blocks. */
gboolean rh_migrations_run (const char       *conninfo,
                            GPtrArray        *known,
                            gboolean          check_only,
                            GCancellable     *cancellable,
                            RhMigrationState *ret_state,
                            GError          **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full) (element-type RhMigration): those inside this program. */
GPtrArray *rh_migrations_embedded (GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
