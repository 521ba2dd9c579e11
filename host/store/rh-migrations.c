/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-migrations-private.h"

#include "royal-resources.h"

#include <royal/error.h>
#include <string.h>

#define FOLDER "/royal/migrations"

typedef struct {
  char *conninfo;
  gboolean check_only;
  RhMigrationState state;
} Run;

void
rh_migration_free (RhMigration *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->sql);
  g_free (self->checksum);
  g_free (self);
}

RhMigration *
rh_migration_new (const char *file_name, const char *sql, GError **error)
{
  RhMigration *self;

  g_return_val_if_fail (file_name != NULL && sql != NULL, NULL);

  if (!g_regex_match_simple ("^[0-9]{4}_[a-z0-9_]+\\.sql$", file_name, 0, 0))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "migration \"%s\" is not named NNNN_name.sql", file_name);
      return NULL;
    }
  self = g_new0 (RhMigration, 1);
  self->version = (guint)g_ascii_strtoull (file_name, NULL, 10);
  self->name = g_strndup (file_name, strlen (file_name) - strlen (".sql"));
  self->sql = g_strdup (sql);
  self->checksum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, sql, -1);
  return self;
}

static gint
compare_versions (gconstpointer a, gconstpointer b)
{
  return (gint)(*(const RhMigration *const *)a)->version - (gint)(*(const RhMigration *const *)b)->version;
}

GPtrArray *
rh_migrations_embedded (GError **error)
{
  GResource *resource = royal_resources_get_resource ();
  g_autoptr (GPtrArray) known = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_migration_free);
  g_auto (GStrv) names = g_resource_enumerate_children (resource, FOLDER, G_RESOURCE_LOOKUP_FLAGS_NONE, error);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf (FOLDER "/%s", names[i]);
      g_autoptr (GBytes) bytes = g_resource_lookup_data (resource, path, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
      g_autofree char *sql =
          bytes != NULL ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) : NULL;
      RhMigration *migration = sql != NULL ? rh_migration_new (names[i], sql, error) : NULL;

      if (migration == NULL)
        return NULL;
      g_ptr_array_add (known, migration);
    }
  g_ptr_array_sort (known, compare_versions);
  return names != NULL ? g_steal_pointer (&known) : NULL;
}

static void
run_free (gpointer data)
{
  Run *self = data;

  g_free (self->conninfo);
  g_free (self);
}

static void
run_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Run *self = data;
  GError *error = NULL;
  g_autoptr (GPtrArray) known = rh_migrations_embedded (&error);

  if (known != NULL && rh_migrations_run (self->conninfo, known, self->check_only, cancellable, &self->state, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
rh_migrations_run_async (const char *conninfo,
                         gboolean check_only,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  g_autoptr (GTask) task = NULL;
  Run *self;

  g_return_if_fail (conninfo != NULL);

  self = g_new0 (Run, 1);
  self->conninfo = g_strdup (conninfo);
  self->check_only = check_only;
  task = g_task_new (NULL, cancellable, callback, data);
  g_task_set_source_tag (task, rh_migrations_run_async);
  g_task_set_task_data (task, self, run_free);
  g_task_run_in_thread (task, run_thread);
}

gboolean
rh_migrations_run_finish (GAsyncResult *result, RhMigrationState *ret_state, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  if (ret_state != NULL)
    *ret_state = ((Run *)g_task_get_task_data (G_TASK (result)))->state;
  return TRUE;
}
