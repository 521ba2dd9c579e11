/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-bulk.h"

#include "rh-copy-binary.h"
#include "rh-metrics.h"
#include "rh-pg.h"
#include "rh-session.h"

#define N_SLOTS 2

/* Rows are taken for so long before other sources of the loop get their turn. */
#define SLICE_US 2000

typedef struct {
  GTask *task;
  const RhTableQuery *query;
  char workspace[24];
  char **args;
  gint64 start_us;
  RoyalTableBuilder *builder;
  RhCopyBinary *parser;
} Read;

typedef enum { IDLE, SETTINGS, COPY, COMMIT } Step;

typedef struct {
  RhBulk *bulk;
  RhSession *session;        /* NULL while there is no connection */
  GCancellable *cancellable; /* set while it connects */
  Read *read;                /* what it works on */
  Step step;
} Slot;

struct _RhBulk {
  char *conninfo;
  char *role;
  GQueue waiting; /* Read */
  Slot slots[N_SLOTS];
};

static void start_next (Slot *slot);

static void
read_free (Read *self)
{
  g_clear_pointer (&self->parser, rh_copy_binary_free);
  g_clear_pointer (&self->builder, royal_table_builder_free);
  g_strfreev (self->args);
  g_clear_object (&self->task);
  g_free (self);
}

static void
read_fail (Read *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  rh_metric_add (RH_METRIC_STORE_ERRORS, self->query->name, 1);
  read_free (self);
  g_task_return_error (task, error);
}

/* After a failure the connection is closed: whatever it was in the middle of ends with it. */
static RhSessionNext
slot_fail (Slot *slot, GError *error)
{
  Read *read = g_steal_pointer (&slot->read);

  g_clear_pointer (&slot->session, rh_session_free);
  slot->step = IDLE;
  start_next (slot);
  if (read != NULL)
    read_fail (read, error);
  else
    g_error_free (error);
  return RH_SESSION_GONE;
}

static RhSessionNext
slot_done (Slot *slot)
{
  Read *read = g_steal_pointer (&slot->read);
  g_autoptr (GTask) task = g_steal_pointer (&read->task);
  RhSessionNext next;
  GError *error = NULL;
  int fd = royal_table_builder_seal (read->builder, &error);

  rh_metric_observe (RH_METRIC_STORE_SECONDS, (g_get_monotonic_time () - read->start_us) / 1e6);
  read_free (read);
  slot->step = IDLE;
  start_next (slot);
  next = slot->read == NULL ? RH_SESSION_REST : RH_SESSION_WAIT;
  /* Last: what this calls may close the store. */
  if (fd < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, fd);
  return next;
}

static gboolean
send_statement (PGconn *connection, const char *sql, const char *first, const char *second)
{
  const char *params[] = { first, second };

  return PQsendQueryParams (connection, sql, (first != NULL) + (second != NULL), NULL, params, NULL, NULL, 0);
}

/* The transaction, its workspace and its arguments go out together. */
static gboolean
send_settings (PGconn *connection, const Read *read)
{
  gboolean ok = PQenterPipelineMode (connection) && send_statement (connection, "begin read only", NULL, NULL) &&
                send_statement (connection, "select set_config ('royal.workspace', $1, true)", read->workspace, NULL);

  for (guint i = 0; ok && read->args != NULL && read->args[i] != NULL && read->args[i + 1] != NULL; i += 2)
    ok = send_statement (connection, "select set_config ('royal.arg.' || $1, $2, true)", read->args[i],
                         read->args[i + 1]);
  return ok && PQpipelineSync (connection);
}

static gboolean
begin_step (Slot *slot, Step step)
{
  PGconn *connection = rh_session_connection (slot->session);

  slot->step = step;
  switch (step)
    {
    case SETTINGS:
      return send_settings (connection, slot->read);
    case COPY:
      return PQexitPipelineMode (connection) && PQsendQuery (connection, slot->read->query->sql);
    case COMMIT:
      return PQsendQuery (connection, "commit");
    default:
      g_assert_not_reached ();
    }
}

/* TRUE when COPY has handed out everything; FALSE with @ret_next set. */
static gboolean
take_rows (Slot *slot, RhSessionNext *ret_next)
{
  PGconn *connection = rh_session_connection (slot->session);
  gint64 until_us = g_get_monotonic_time () + SLICE_US;
  GError *error = NULL;
  char *bytes;
  int n;

  for (guint i = 0; (n = PQgetCopyData (connection, &bytes, TRUE)) > 0; i++)
    {
      gboolean ok = rh_copy_binary_feed (slot->read->parser, (const guint8 *)bytes, (gsize)n, &error);

      PQfreemem (bytes);
      if (!ok)
        {
          *ret_next = slot_fail (slot, error);
          return FALSE;
        }
      if (i % 64 == 63 && g_get_monotonic_time () > until_us)
        {
          *ret_next = RH_SESSION_AGAIN;
          return FALSE;
        }
    }
  if (n == -1 && rh_copy_binary_end (slot->read->parser, &error))
    return TRUE;
  if (n < 0)
    *ret_next = slot_fail (slot, error != NULL ? error : rh_pg_error_lost (connection));
  else
    *ret_next = RH_SESSION_WAIT;
  return FALSE;
}

/* The end of a step: the next one. */
static RhSessionNext
step_ended (Slot *slot)
{
  if (slot->step == COMMIT)
    return slot_done (slot);
  if (!begin_step (slot, slot->step + 1))
    return slot_fail (slot, rh_pg_error_lost (rh_session_connection (slot->session)));
  return RH_SESSION_WAIT;
}

static RhSessionNext
take_results (Slot *slot)
{
  PGconn *connection = rh_session_connection (slot->session);
  gboolean was_null = FALSE;
  RhSessionNext next;

  while (!PQisBusy (connection))
    {
      PGresult *result = PQgetResult (connection);
      ExecStatusType status = PQresultStatus (result);
      GError *error = status == PGRES_FATAL_ERROR && result != NULL ? rh_pg_error (result) : NULL;
      /* In the pipeline NULL ends each statement; after it, the one that was sent. */
      gboolean is_end = slot->step == SETTINGS ? status == PGRES_PIPELINE_SYNC : result == NULL;

      PQclear (result);
      if (error == NULL && result == NULL && was_null)
        error = rh_pg_error_lost (connection);
      was_null = result == NULL;
      if (error != NULL)
        return slot_fail (slot, error);
      if (is_end)
        return step_ended (slot);
      if (status == PGRES_COPY_OUT && !take_rows (slot, &next))
        return next;
      if (slot->step == COPY && status == PGRES_TUPLES_OK)
        return slot_fail (
            slot, g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s is no COPY TO STDOUT", slot->read->query->name));
    }
  return RH_SESSION_WAIT;
}

static RhSessionNext
session_step (RhSession *session, const GError *error, gpointer data)
{
  Slot *slot = data;
  g_autoptr (GObject) keep = slot->read != NULL ? g_object_ref (g_task_get_source_object (slot->read->task)) : NULL;
  GCancellable *cancellable = slot->read != NULL ? g_task_get_cancellable (slot->read->task) : NULL;

  if (error != NULL)
    return slot_fail (slot, g_error_copy (error));
  if (slot->read == NULL)
    return RH_SESSION_REST;
  if (g_cancellable_is_cancelled (cancellable))
    return slot_fail (slot, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled"));
  return take_results (slot);
}

static void
begin_read (Slot *slot)
{
  /* Should this fail, the first step finds nothing to wait for. */
  (void)begin_step (slot, SETTINGS);
  rh_session_wake (slot->session);
}

typedef struct {
  Slot *slot;
  GCancellable *cancellable;
} Connecting;

static void
connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Connecting *connecting = data;
  g_autoptr (GCancellable) cancellable = connecting->cancellable;
  Slot *slot = connecting->slot;
  GError *error = NULL;
  PGconn *connection = rh_pg_connect_finish (result, &error);

  if (g_cancellable_is_cancelled (cancellable)) /* the slot is gone */
    {
      g_clear_pointer (&connection, PQfinish);
      g_clear_error (&error);
      return;
    }
  g_clear_object (&slot->cancellable);
  if (connection == NULL)
    {
      slot_fail (slot, error);
      return;
    }
  slot->session = rh_session_new (connection, session_step, slot);
  begin_read (slot);
}

static void
start_next (Slot *slot)
{
  Connecting *connecting;

  if (slot->read != NULL || (slot->read = g_queue_pop_head (&slot->bulk->waiting)) == NULL)
    return;
  rh_metric_add (RH_METRIC_STORE_CALLS, slot->read->query->name, 1);
  if (slot->session != NULL)
    {
      begin_read (slot);
      return;
    }
  slot->cancellable = g_cancellable_new ();
  connecting = g_new0 (Connecting, 1);
  connecting->slot = slot;
  connecting->cancellable = g_object_ref (slot->cancellable);
  rh_pg_connect_async (slot->bulk->conninfo, slot->bulk->role, slot->cancellable, connected, connecting);
}

RhBulk *
rh_bulk_new (const char *conninfo, const char *role)
{
  RhBulk *self = g_new0 (RhBulk, 1);

  self->conninfo = g_strdup (conninfo);
  self->role = g_strdup (role);
  for (guint i = 0; i < N_SLOTS; i++)
    self->slots[i].bulk = self;
  return self;
}

void
rh_bulk_free (RhBulk *self)
{
  GQueue unanswered = G_QUEUE_INIT;
  Read *read;

  if (self == NULL)
    return;
  for (guint i = 0; i < N_SLOTS; i++)
    {
      Slot *slot = &self->slots[i];

      if (slot->cancellable != NULL)
        g_cancellable_cancel (slot->cancellable);
      g_clear_object (&slot->cancellable);
      g_clear_pointer (&slot->session, rh_session_free);
      if (slot->read != NULL)
        g_queue_push_tail (&unanswered, slot->read);
    }
  while ((read = g_queue_pop_head (&self->waiting)) != NULL)
    g_queue_push_tail (&unanswered, read);
  g_free (self->conninfo);
  g_free (self->role);
  g_free (self);
  while ((read = g_queue_pop_head (&unanswered)) != NULL)
    read_fail (read, g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the store was closed"));
}

void
rh_bulk_read (RhBulk *self, GTask *task, const RhTableQuery *query, gint64 workspace, const char *const *args)
{
  g_autofree RoyalColumn *columns = g_new0 (RoyalColumn, query->n_columns);
  Read *read = g_new0 (Read, 1);

  for (guint i = 0; i < query->n_columns; i++)
    columns[i] = (RoyalColumn){ query->columns[i].name, query->columns[i].type };
  read->task = g_object_ref (task);
  read->query = query;
  g_snprintf (read->workspace, sizeof read->workspace, "%" G_GINT64_FORMAT, workspace);
  read->args = g_strdupv ((char **)args);
  read->start_us = g_get_monotonic_time ();
  read->builder = royal_table_builder_new (columns, query->n_columns);
  read->parser = rh_copy_binary_new (query, read->builder);
  g_queue_push_tail (&self->waiting, read);
  for (guint i = 0; i < N_SLOTS && !g_queue_is_empty (&self->waiting); i++)
    start_next (&self->slots[i]);
}

gboolean
rh_bulk_is_idle (RhBulk *self)
{
  for (guint i = 0; i < N_SLOTS; i++)
    if (self->slots[i].read != NULL)
      return FALSE;
  return g_queue_is_empty (&self->waiting);
}
