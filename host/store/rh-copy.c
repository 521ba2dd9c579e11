/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-copy.h"

#include "rh-call.h"
#include "rh-crash-point.h"
#include "rh-metrics.h"
#include "rh-pg.h"
#include "rh-rows-private.h"
#include "rh-session.h"
#include "rh-store-private.h"

/* In order. SETUP repeats for each statement. */
typedef enum { CONNECTING, BEGIN, WORKSPACE, SETUP, START, DATA, END, STATEMENT, COMMIT, DONE } Step;

struct _RhCopy {
  GObject parent_instance;

  RhStore *store;
  const RhCopyTarget *target;
  char workspace[24];
  GCancellable *connecting;
  RhSession *session;
  Step step;
  guint n_setup;     /* statements of the setup that were sent */
  GTask *write;      /* waits until its chunk has gone out */
  gboolean is_taken; /* libpq has that chunk */
  GTask *end;
  const RhStatement *statement;
  char **params;
  guint n_params;
  PGresult *rows; /* of the statement, kept until the commit */
  GError *error;  /* why it is over */
};

G_DEFINE_FINAL_TYPE (RhCopy, rh_copy, G_TYPE_OBJECT)

static void
rh_copy_dispose (GObject *object)
{
  RhCopy *self = RH_COPY (object);

  if (self->connecting != NULL)
    g_cancellable_cancel (self->connecting);
  g_clear_object (&self->connecting);
  g_clear_pointer (&self->session, rh_session_free);
  rh_params_free (g_steal_pointer (&self->params), self->n_params);
  g_clear_pointer (&self->rows, PQclear);
  g_clear_error (&self->error);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (rh_copy_parent_class)->dispose (object);
}

static void
rh_copy_class_init (RhCopyClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rh_copy_dispose;
}

static void
rh_copy_init (RhCopy *self)
{
}

/* Closing the connection rolls back. Takes @error. */
static RhSessionNext
fail (RhCopy *self, GError *error)
{
  g_autoptr (GTask) write = g_steal_pointer (&self->write);
  g_autoptr (GTask) end = g_steal_pointer (&self->end);

  g_clear_pointer (&self->session, rh_session_free);
  self->step = DONE;
  self->error = error;
  rh_metric_add (RH_METRIC_STORE_ERRORS, self->target->name, 1);
  if (write != NULL)
    g_task_return_error (write, g_error_copy (error));
  if (end != NULL)
    g_task_return_error (end, g_error_copy (error));
  return RH_SESSION_GONE;
}

static RhSessionNext
succeed (RhCopy *self)
{
  g_autoptr (GTask) end = g_steal_pointer (&self->end);

  if (self->statement->writes)
    rh_crash_point_after (self->statement->name);
  g_clear_pointer (&self->session, rh_session_free);
  self->step = DONE;
  self->error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: the copy has ended", self->target->name);
  g_task_return_pointer (end, rh_rows_new (g_steal_pointer (&self->rows)), (GDestroyNotify)rh_rows_free);
  return RH_SESSION_GONE;
}

static gboolean
send_params (RhCopy *self, const char *sql, guint n, const char *const *params)
{
  return PQsendQueryParams (rh_session_connection (self->session), sql, (int)n, NULL, params, NULL, NULL, 0);
}

static gboolean
send_commit (RhCopy *self)
{
  if (self->statement->writes && rh_crash_point_before (self->statement->name))
    rh_crash_point_die ();
  return PQsendQuery (rh_session_connection (self->session), "commit");
}

static gboolean
begin_step (RhCopy *self, Step step)
{
  PGconn *connection = rh_session_connection (self->session);
  const char *workspace[] = { self->workspace };

  if (step == SETUP && (self->target->setup == NULL || self->target->setup[self->n_setup] == NULL))
    step = START;
  self->step = step;
  switch (step)
    {
    case BEGIN:
      return PQsendQuery (connection, "begin");
    case WORKSPACE:
      return send_params (self, "select set_config ('royal.workspace', $1, true)", 1, workspace);
    case SETUP:
      return PQsendQuery (connection, self->target->setup[self->n_setup++]);
    case START:
      return PQsendQuery (connection, self->target->copy);
    case END:
      return PQputCopyEnd (connection, NULL) > 0;
    case STATEMENT:
      return send_params (self, self->statement->sql, self->statement->n_params, (const char *const *)self->params);
    case COMMIT:
      return send_commit (self);
    default:
      g_assert_not_reached ();
    }
}

static RhSessionNext
go_to (RhCopy *self, Step step)
{
  if (!begin_step (self, step))
    return fail (self, rh_pg_error_lost (rh_session_connection (self->session)));
  return RH_SESSION_WAIT;
}

/* Hands the chunk in hand to libpq, and asks for the next when it has gone out. */
static RhSessionNext
move_data (RhCopy *self)
{
  PGconn *connection = rh_session_connection (self->session);
  int left = 0;

  if (self->write != NULL)
    {
      GBytes *chunk = g_task_get_task_data (self->write);

      if (!self->is_taken && g_bytes_get_size (chunk) > 0 &&
          PQputCopyData (connection, g_bytes_get_data (chunk, NULL), (int)g_bytes_get_size (chunk)) != 1)
        return fail (self, rh_pg_error_lost (connection));
      self->is_taken = TRUE;
      left = PQflush (connection);
      if (left < 0)
        return fail (self, rh_pg_error_lost (connection));
    }
  if (left == 0 && self->write != NULL)
    {
      g_autoptr (GTask) write = g_steal_pointer (&self->write);

      g_task_return_boolean (write, TRUE);
    }
  if (self->session == NULL) /* that call ended it */
    return RH_SESSION_GONE;
  if (self->write == NULL && self->end != NULL)
    return go_to (self, END);
  if (left > 0)
    return RH_SESSION_FLUSH;
  return self->write != NULL ? RH_SESSION_AGAIN : RH_SESSION_REST;
}

static RhSessionNext
step_ended (RhCopy *self)
{
  if (self->step == COMMIT)
    return succeed (self);
  return go_to (self, self->step == SETUP ? SETUP : self->step + 1);
}

/* Takes @result. */
static RhSessionNext
take_result (RhCopy *self, PGresult *result)
{
  ExecStatusType status = PQresultStatus (result);
  GError *error = status == PGRES_FATAL_ERROR ? rh_pg_error (result) : NULL;

  if (self->step == STATEMENT && error == NULL)
    {
      g_clear_pointer (&self->rows, PQclear);
      self->rows = result;
      return RH_SESSION_WAIT;
    }
  PQclear (result);
  if (error != NULL)
    return fail (self, error);
  if (self->step != START)
    return RH_SESSION_WAIT;
  if (status != PGRES_COPY_IN)
    return fail (self, g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s is no COPY FROM STDIN", self->target->name));
  self->step = DATA;
  return move_data (self);
}

static RhSessionNext
session_step (RhSession *session, const GError *error, gpointer data)
{
  g_autoptr (RhCopy) self = g_object_ref (data);
  GTask *waiting = self->end != NULL ? self->end : self->write;
  RhSessionNext next = RH_SESSION_WAIT;

  if (error != NULL)
    return fail (self, g_error_copy (error));
  if (waiting != NULL && g_cancellable_is_cancelled (g_task_get_cancellable (waiting)))
    return fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled"));
  while (self->step != DATA && next == RH_SESSION_WAIT && !PQisBusy (rh_session_connection (session)))
    {
      PGresult *result = PQgetResult (rh_session_connection (session));

      next = result != NULL ? take_result (self, result) : step_ended (self);
    }
  return self->step == DATA && next == RH_SESSION_WAIT ? move_data (self) : next;
}

typedef struct {
  RhCopy *copy; /* not held: dropping it cancels */
  GCancellable *cancellable;
} Connecting;

static void
connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Connecting *connecting = data;
  g_autoptr (GCancellable) cancellable = connecting->cancellable;
  g_autoptr (RhCopy) keep = NULL;
  RhCopy *self = connecting->copy;
  GError *error = NULL;
  PGconn *connection = rh_pg_connect_finish (result, &error);

  if (g_cancellable_is_cancelled (cancellable)) /* the copy is gone */
    {
      g_clear_pointer (&connection, PQfinish);
      g_clear_error (&error);
      return;
    }
  keep = g_object_ref (self);
  g_clear_object (&self->connecting);
  if (connection == NULL)
    {
      fail (self, error);
      return;
    }
  self->session = rh_session_new (connection, session_step, self);
  go_to (self, BEGIN);
  if (self->session != NULL)
    rh_session_wake (self->session);
}

RhCopy *
rh_copy_new (RhStore *store, const RhCopyTarget *target, gint64 workspace)
{
  RhCopy *self;
  Connecting *connecting;

  g_return_val_if_fail (RH_IS_STORE (store) && target != NULL && target->copy != NULL, NULL);

  self = g_object_new (RH_TYPE_COPY, NULL);
  self->store = g_object_ref (store);
  self->target = target;
  g_snprintf (self->workspace, sizeof self->workspace, "%" G_GINT64_FORMAT, workspace);
  self->connecting = g_cancellable_new ();
  rh_metric_add (RH_METRIC_STORE_CALLS, target->name, 1);
  connecting = g_new0 (Connecting, 1);
  connecting->copy = self;
  connecting->cancellable = g_object_ref (self->connecting);
  rh_pg_connect_async (rh_store_get_conninfo (store), rh_store_get_role (store), self->connecting, connected,
                       connecting);
  return self;
}

/* TRUE when @task was answered: the copy is over, or another call has not finished. */
static gboolean
refuse (RhCopy *self, GTask *task)
{
  if (self->error != NULL)
    g_task_return_error (task, g_error_copy (self->error));
  else if (self->write != NULL || self->end != NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "%s: the call before has not finished",
                             self->target->name);
  else
    return FALSE;
  return TRUE;
}

void
rh_copy_write_async (RhCopy *self,
                     GBytes *chunk,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (RH_IS_COPY (self) && chunk != NULL && g_bytes_get_size (chunk) <= G_MAXINT);

  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, rh_copy_write_async);
  g_task_set_task_data (task, g_bytes_ref (chunk), (GDestroyNotify)g_bytes_unref);
  if (refuse (self, task))
    return;
  self->write = g_steal_pointer (&task);
  self->is_taken = FALSE;
  if (self->session != NULL)
    rh_session_wake (self->session);
}

gboolean
rh_copy_write_finish (RhCopy *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rh_copy_end_async (RhCopy *self,
                   const RhStatement *statement,
                   const char *const *params,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (RH_IS_COPY (self) && statement != NULL);
  g_return_if_fail (statement->n_params == 0 || params != NULL);

  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, rh_copy_end_async);
  if (refuse (self, task))
    return;
  self->statement = statement;
  self->params = rh_params_copy (params, statement->n_params);
  self->n_params = statement->n_params;
  self->end = g_steal_pointer (&task);
  if (self->session != NULL)
    rh_session_wake (self->session);
}

RhRows *
rh_copy_end_finish (RhCopy *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
