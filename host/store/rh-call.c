/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-call.h"

#include "rh-metrics.h"
#include "rh-pg.h"
#include "rh-rows-private.h"

static gint64 timeout_us = 30 * G_USEC_PER_SEC;

void
rh_call_set_timeout (guint timeout_ms)
{
  timeout_us = timeout_ms * G_GINT64_CONSTANT (1000);
}

char **
rh_params_copy (const char *const *params, guint n)
{
  char **copy = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++)
    copy[i] = g_strdup (params[i]);
  return copy;
}

void
rh_params_free (char **params, guint n)
{
  for (guint i = 0; params != NULL && i < n; i++)
    g_free (params[i]);
  g_free (params);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  RhCall *self = data;
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

RhCall *
rh_call_new (GTask *task, const RhStatement *statement, gint64 workspace, const char *const *params)
{
  RhCall *self = g_new0 (RhCall, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->task = g_object_ref (task);
  self->statement = statement;
  if (workspace != RH_NO_WORKSPACE)
    g_snprintf (self->workspace, sizeof self->workspace, "%" G_GINT64_FORMAT, workspace);
  self->params = rh_params_copy (params, statement->n_params);
  self->start_us = g_get_monotonic_time ();
  self->deadline_us = self->start_us + timeout_us;
  if (cancellable != NULL)
    {
      self->cancel = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancel, G_SOURCE_FUNC (on_cancelled), self, NULL);
      g_source_attach (self->cancel, g_task_get_context (task));
    }
  return self;
}

void
rh_call_free (RhCall *self)
{
  if (self == NULL)
    return;
  if (self->cancel != NULL)
    g_source_destroy (self->cancel);
  g_clear_pointer (&self->cancel, g_source_unref);
  rh_params_free (self->params, self->statement->n_params);
  g_clear_pointer (&self->result, PQclear);
  g_clear_object (&self->task);
  g_free (self);
}

void
rh_call_return_error (RhCall *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  rh_metric_add (RH_METRIC_STORE_ERRORS, self->statement->name, 1);
  rh_call_free (self);
  if (task != NULL)
    g_task_return_error (task, error);
  else
    g_error_free (error);
}

void
rh_call_return_result (RhCall *self)
{
  ExecStatusType status = PQresultStatus (self->result);
  g_autoptr (GTask) task = NULL;
  RhRows *rows;

  rh_metric_observe (RH_METRIC_STORE_SECONDS, (g_get_monotonic_time () - self->start_us) / 1e6);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    {
      rh_call_return_error (self, rh_pg_error (self->result));
      return;
    }
  task = g_steal_pointer (&self->task);
  rows = task != NULL ? rh_rows_new (g_steal_pointer (&self->result)) : NULL;
  rh_call_free (self);
  if (task != NULL)
    g_task_return_pointer (task, rows, (GDestroyNotify)rh_rows_free);
}
