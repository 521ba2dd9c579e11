/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-store-private.h"

#include "rh-bulk.h"
#include "rh-listener.h"
#include "rh-metrics.h"
#include "rh-pipeline.h"

#define CLOSE_POLL_MS 5

struct _RhStore {
  GObject parent_instance;

  char *conninfo;
  char *role;
  GPtrArray *pipelines; /* RhPipeline */
  guint n_usable;
  guint next;           /* whose turn it is among equal loads */
  RhListener *listener; /* NULL until something is listened for */
  RhBulk *bulk;
  GTask *close;
  gint64 close_until_us;
  gboolean is_closed;
};

G_DEFINE_FINAL_TYPE (RhStore, rh_store, G_TYPE_OBJECT)

static guint available_signal;

static void
drop_connections (RhStore *self)
{
  self->is_closed = TRUE;
  g_clear_pointer (&self->listener, rh_listener_free);
  g_clear_pointer (&self->bulk, rh_bulk_free);
  g_clear_pointer (&self->pipelines, g_ptr_array_unref);
  rh_metric_add (RH_METRIC_STORE_CONNECTIONS, NULL, -(double)self->n_usable);
  self->n_usable = 0;
}

static void
rh_store_dispose (GObject *object)
{
  drop_connections (RH_STORE (object));
  G_OBJECT_CLASS (rh_store_parent_class)->dispose (object);
}

static void
rh_store_finalize (GObject *object)
{
  RhStore *self = RH_STORE (object);

  g_free (self->conninfo);
  g_free (self->role);
  G_OBJECT_CLASS (rh_store_parent_class)->finalize (object);
}

static void
rh_store_class_init (RhStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rh_store_dispose;
  G_OBJECT_CLASS (klass)->finalize = rh_store_finalize;
  available_signal =
      g_signal_new ("available", RH_TYPE_STORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
rh_store_init (RhStore *self)
{
  self->pipelines = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_pipeline_free);
}

static void
pipeline_changed (RhPipeline *pipeline, gboolean usable, gpointer owner)
{
  g_autoptr (RhStore) self = g_object_ref (owner);

  self->n_usable += usable ? 1 : -1;
  rh_metric_add (RH_METRIC_STORE_CONNECTIONS, NULL, usable ? 1 : -1);
  if (self->n_usable == (usable ? 1 : 0))
    g_signal_emit (self, available_signal, 0, usable);
}

RhStore *
rh_store_new (const char *conninfo, const char *role, guint n_connections)
{
  RhStore *self;

  g_return_val_if_fail (conninfo != NULL && n_connections > 0, NULL);

  self = g_object_new (RH_TYPE_STORE, NULL);
  self->conninfo = g_strdup (conninfo);
  self->role = g_strdup (role);
  self->bulk = rh_bulk_new (conninfo, role);
  for (guint i = 0; i < n_connections; i++)
    g_ptr_array_add (self->pipelines, rh_pipeline_new (conninfo, role, pipeline_changed, self));
  return self;
}

gboolean
rh_store_is_available (RhStore *self)
{
  g_return_val_if_fail (RH_IS_STORE (self), FALSE);

  return self->n_usable > 0 && !self->is_closed;
}

const char *
rh_store_get_conninfo (RhStore *self)
{
  return self->conninfo;
}

const char *
rh_store_get_role (RhStore *self)
{
  return self->role;
}

/* The first that is idle, whose session's plans and caches are the warmest. When none is, equal loads take turns:
 * commits that are under way at the same time on several connections share their flush. */
static RhPipeline *
least_loaded (RhStore *self)
{
  gint64 now_us = g_get_monotonic_time ();
  RhPipeline *best = NULL;
  guint best_load = G_MAXUINT, best_turn = 0;

  self->next++;
  for (guint i = 0; i < self->pipelines->len && best_load > 0; i++)
    {
      RhPipeline *pipeline = g_ptr_array_index (self->pipelines, i);
      guint load = rh_pipeline_is_usable (pipeline) ? rh_pipeline_load (pipeline, now_us) : G_MAXUINT;
      guint turn = (i + self->next) % self->pipelines->len;

      if (load < best_load || (load == best_load && turn > best_turn))
        {
          best = load < G_MAXUINT ? pipeline : best;
          best_load = load;
          best_turn = turn;
        }
    }
  return best;
}

gboolean
rh_store_refuse (RhStore *self, GTask *task)
{
  if (self->is_closed || self->close != NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the store was closed");
  else if (self->n_usable == 0)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the database is away");
  else
    return FALSE;
  return TRUE;
}

void
rh_store_call_async (RhStore *self,
                     const RhStatement *statement,
                     gint64 workspace,
                     const char *const *params,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (RH_IS_STORE (self) && statement != NULL);
  g_return_if_fail (statement->n_params == 0 || params != NULL);

  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, rh_store_call_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (rh_store_refuse (self, task))
    {
      rh_metric_add (RH_METRIC_STORE_ERRORS, statement->name, 1);
      return;
    }
  rh_pipeline_push (least_loaded (self), rh_call_new (task, statement, workspace, params));
}

RhRows *
rh_store_call_finish (RhStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rh_store_read_table_async (RhStore *self,
                           const RhTableQuery *query,
                           gint64 workspace,
                           const char *const *args,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (RH_IS_STORE (self) && query != NULL);

  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, rh_store_read_table_async);
  g_task_set_check_cancellable (task, FALSE); /* a descriptor that nobody takes would stay open */
  if (!g_task_return_error_if_cancelled (task) && !rh_store_refuse (self, task))
    rh_bulk_read (self->bulk, task, query, workspace, args);
}

int
rh_store_read_table_finish (RhStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  return (int)g_task_propagate_int (G_TASK (result), error);
}

void
rh_store_listen (RhStore *self, const char *channel, RhStoreNotify callback, gpointer data)
{
  g_return_if_fail (RH_IS_STORE (self) && channel != NULL && callback != NULL && !self->is_closed);

  if (self->listener == NULL)
    self->listener = rh_listener_new (self->conninfo, self->role, self);
  rh_listener_add (self->listener, channel, callback, data);
}

void
rh_store_unlisten (RhStore *self, gpointer data)
{
  g_return_if_fail (RH_IS_STORE (self));

  if (self->listener != NULL)
    rh_listener_remove (self->listener, data);
}

static gboolean
is_idle (RhStore *self)
{
  for (guint i = 0; i < self->pipelines->len; i++)
    if (rh_pipeline_load (g_ptr_array_index (self->pipelines, i), 0) > 0)
      return FALSE;
  return rh_bulk_is_idle (self->bulk);
}

static gboolean
try_close (gpointer data)
{
  RhStore *self = data;
  g_autoptr (GTask) task = NULL;

  if (!is_idle (self) && g_get_monotonic_time () < self->close_until_us)
    return G_SOURCE_CONTINUE;
  task = g_steal_pointer (&self->close);
  drop_connections (self);
  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

void
rh_store_close_async (RhStore *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (RH_IS_STORE (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_store_close_async);
  if (self->is_closed || self->close != NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  self->close = g_object_ref (task);
  self->close_until_us = g_get_monotonic_time () + timeout_ms * G_GINT64_CONSTANT (1000);
  if (try_close (self))
    g_timeout_add (CLOSE_POLL_MS, try_close, self); /* self lives: the task holds it */
}

gboolean
rh_store_close_finish (RhStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
