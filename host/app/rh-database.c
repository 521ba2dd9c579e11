/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-database.h"

#include "rh-log.h"

/* A database that is there answers at once; one that does not within this time is reported. */
#define AVAILABLE_TIMEOUT_S 30

struct _RhDatabase {
  GObject parent;
  char *url;
  guint connections;
  RhCluster *cluster; /* NULL with a url */
  RhStore *store;
  gboolean check_only;
  gulong available_handler;
  guint timeout;
};

G_DEFINE_FINAL_TYPE (RhDatabase, rh_database, G_TYPE_OBJECT)

static void
rh_database_finalize (GObject *object)
{
  RhDatabase *self = RH_DATABASE (object);

  g_free (self->url);
  g_clear_object (&self->store);
  g_clear_object (&self->cluster);
  G_OBJECT_CLASS (rh_database_parent_class)->finalize (object);
}

static void
rh_database_class_init (RhDatabaseClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_database_finalize;
}

static void
rh_database_init (RhDatabase *self)
{
}

RhDatabase *
rh_database_new (const char *url, const char *data_dir, guint connections)
{
  g_return_val_if_fail (data_dir != NULL && connections > 0, NULL);

  RhDatabase *self = g_object_new (RH_TYPE_DATABASE, NULL);

  self->connections = connections;
  if (url != NULL && *url != '\0')
    self->url = g_strdup (url);
  else
    self->cluster = rh_cluster_new (data_dir);
  return self;
}

static char *
conninfo (RhDatabase *self, const char *role)
{
  return self->cluster != NULL ? rh_cluster_conninfo (self->cluster, role) : g_strdup (self->url);
}

/* Migrating */

static void
on_migrated (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autofree RhMigrationState *state = g_new0 (RhMigrationState, 1);
  GError *error = NULL;

  if (!rh_migrations_run_finish (result, state, &error))
    {
      g_prefix_error (&error, "migrating the database: ");
      g_task_return_error (task, error);
      return;
    }
  g_task_return_pointer (task, g_steal_pointer (&state), g_free);
}

static void
migrate (GTask *task)
{
  RhDatabase *self = g_task_get_source_object (task);
  g_autofree char *owner = conninfo (self, "royal_owner");

  rh_migrations_run_async (owner, self->check_only, NULL, on_migrated, task);
}

static void
on_cluster_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (!rh_cluster_start_finish (RH_CLUSTER (source), result, &error))
    {
      g_prefix_error (&error, "starting the embedded database: ");
      g_task_return_error (task, error);
      return;
    }
  migrate (g_steal_pointer (&task));
}

void
rh_database_migrate_async (RhDatabase *self, gboolean check_only, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (RH_IS_DATABASE (self));

  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, rh_database_migrate_async);
  self->check_only = check_only;
  if (self->cluster != NULL)
    rh_cluster_start_async (self->cluster, NULL, on_cluster_started, task);
  else
    migrate (task);
}

gboolean
rh_database_migrate_finish (RhDatabase *self, GAsyncResult *result, RhMigrationState *ret_state, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  g_autofree RhMigrationState *state = g_task_propagate_pointer (G_TASK (result), error);

  if (state != NULL && ret_state != NULL)
    *ret_state = *state;
  return state != NULL;
}

/* Opening */

static void
end_waiting (RhDatabase *self)
{
  g_clear_signal_handler (&self->available_handler, self->store);
  g_clear_handle_id (&self->timeout, g_source_remove);
}

static void
on_available (RhStore *store, gboolean available, gpointer data)
{
  GTask *task = data;

  if (!available)
    return;
  end_waiting (g_task_get_source_object (task));
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static gboolean
on_not_available (gpointer data)
{
  g_autoptr (GTask) task = data;
  RhDatabase *self = g_task_get_source_object (task);

  self->timeout = 0;
  end_waiting (self);
  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE,
                           "the database did not accept a connection within %d s", AVAILABLE_TIMEOUT_S);
  return G_SOURCE_REMOVE;
}

static void
on_open_migrated (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhDatabase *self = RH_DATABASE (source);
  g_autofree char *host = conninfo (self, "royal_host");
  GError *error = NULL;

  if (!rh_database_migrate_finish (self, result, NULL, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  self->store = rh_store_new (host, self->cluster != NULL ? NULL : "royal_host", self->connections);
  self->available_handler = g_signal_connect (self->store, "available", G_CALLBACK (on_available), task);
  self->timeout = g_timeout_add_seconds (AVAILABLE_TIMEOUT_S, on_not_available, g_steal_pointer (&task));
}

void
rh_database_open_async (RhDatabase *self, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (RH_IS_DATABASE (self) && self->store == NULL);

  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, rh_database_open_async);
  rh_database_migrate_async (self, FALSE, on_open_migrated, task);
}

RhStore *
rh_database_open_finish (RhDatabase *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_boolean (G_TASK (result), error) ? self->store : NULL;
}

/* Closing */

static void
on_cluster_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;

  if (!rh_cluster_stop_finish (RH_CLUSTER (source), result, &error))
    rh_log (RH_LOG_WARNING, "database.stop", "the embedded database did not stop cleanly", "error", error->message,
            NULL);
  g_task_return_boolean (task, TRUE);
}

static void
stop_cluster (GTask *task)
{
  RhDatabase *self = g_task_get_source_object (task);

  if (self->cluster != NULL)
    {
      rh_cluster_stop_async (self->cluster, GPOINTER_TO_UINT (g_task_get_task_data (task)), on_cluster_stopped, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_store_closed (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  RhDatabase *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  if (!rh_store_close_finish (RH_STORE (source), result, &error))
    rh_log (RH_LOG_WARNING, "database.close", "the database was left with calls in flight", "error", error->message,
            NULL);
  g_clear_object (&self->store);
  stop_cluster (task);
}

void
rh_database_close_async (RhDatabase *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (RH_IS_DATABASE (self));

  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, rh_database_close_async);
  g_task_set_task_data (task, GUINT_TO_POINTER (timeout_ms), NULL);
  if (self->store != NULL)
    rh_store_close_async (self->store, timeout_ms, on_store_closed, task);
  else
    stop_cluster (task);
}

void
rh_database_close_finish (RhDatabase *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  (void)g_task_propagate_boolean (G_TASK (result), NULL);
}
