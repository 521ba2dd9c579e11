/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-pipeline.h"

#include "rh-crash-point.h"
#include "rh-link.h"
#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-pg.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* A call in flight for longer makes its connection the last choice for others. */
#define SLOW_US G_USEC_PER_SEC
#define SLOW_LOAD 1000000

/* The loop gets its turn back after this much work on results. */
#define SLICE_US 4000

static const RhStatement set_workspace = { "royal.workspace", "select set_config ('royal.workspace', $1, true)", 1,
                                           FALSE };

typedef struct {
  GSource source;
  RhPipeline *pipeline; /* NULL once it is gone */
} PipelineSource;

struct _RhPipeline {
  guint n_refs;       /* its owner's, and that of a dispatch: what is called there may free it */
  RhLink *link;       /* NULL once it is freed */
  PGconn *connection; /* NULL while away */
  GSource *source;
  gpointer fd_tag;
  GIOCondition wanted;
  GQueue unsent;        /* RhCall */
  GQueue sent;          /* RhCall, in the order of the answers */
  GHashTable *prepared; /* names (static) that the server knows in this generation */
  guint generation;     /* of prepared statements' names */
  gboolean unnamed;     /* a pooler stands between that does not keep prepared statements */
  RhPipelineChanged changed;
  gpointer owner;
};

static void
drop_calls (GQueue *calls, const GError *error)
{
  RhCall *call;

  while ((call = g_queue_pop_head (calls)) != NULL)
    rh_call_return_error (call, g_error_copy (error));
}

static void
close_connection (RhPipeline *self)
{
  if (self->source != NULL)
    {
      ((PipelineSource *)self->source)->pipeline = NULL;
      g_source_destroy (self->source);
    }
  g_clear_pointer (&self->source, g_source_unref);
  rh_pg_abandon (g_steal_pointer (&self->connection));
  g_hash_table_remove_all (self->prepared);
}

/* Ends with @error (transfer full) what is in flight. The connection is made again. */
static void
lose (RhPipeline *self, GError *error)
{
  g_autoptr (GError) owned = error;
  GQueue sent = self->sent;
  GQueue unsent = self->unsent;

  rh_log (RH_LOG_WARNING, "store.lost", "a connection to the database ended", "error", error->message, NULL);
  g_queue_init (&self->sent);
  g_queue_init (&self->unsent);
  close_connection (self);
  self->changed (self, FALSE, self->owner);
  if (self->link != NULL)
    rh_link_connect (self->link);
  drop_calls (&sent, error);
  drop_calls (&unsent, error);
}

/* @name has room for what PostgreSQL keeps of a name. */
static void
statement_name (RhPipeline *self, const RhStatement *statement, char name[64])
{
  if (self->generation == 0)
    g_strlcpy (name, statement->name, 64);
  else
    g_snprintf (name, 64, "%u %s", self->generation, statement->name);
}

/* @ret_prepared_at: the number of the call's result that tells whether the server knows the statement now;
 * untouched when it knew it before. */
static gboolean
send_statement (RhPipeline *self,
                const RhStatement *statement,
                const char *const *params,
                guint *n_sent,
                guint *ret_prepared_at)
{
  char name[64];
  int n = (int)statement->n_params;

  if (self->unnamed)
    {
      (*n_sent)++;
      return PQsendQueryParams (self->connection, statement->sql, n, NULL, params, NULL, NULL, 0);
    }
  statement_name (self, statement, name);
  if (g_hash_table_add (self->prepared, (gpointer)statement->name))
    {
      *ret_prepared_at = (*n_sent)++;
      if (!PQsendPrepare (self->connection, name, statement->sql, 0, NULL))
        return FALSE;
    }
  (*n_sent)++;
  return PQsendQueryPrepared (self->connection, name, n, params, NULL, NULL, 0);
}

static gboolean
send_sync (RhPipeline *self)
{
#ifdef HAVE_PQSENDPIPELINESYNC
  return PQsendPipelineSync (self->connection);
#else
  return PQpipelineSync (self->connection);
#endif
}

static gboolean
send_call (RhPipeline *self, RhCall *call)
{
  const char *workspace[] = { call->workspace };
  guint n_sent = 0;

  call->n_results = 0;
  call->set_workspace_at = call->prepared_at = G_MAXUINT;
  /* It holds for one transaction: without it there is none. */
  return (*call->workspace == '\0' ||
          send_statement (self, &set_workspace, workspace, &n_sent, &call->set_workspace_at)) &&
         send_statement (self, call->statement, (const char *const *)call->params, &n_sent, &call->prepared_at) &&
         send_sync (self);
}

void
rh_pipeline_flush_now (RhPipeline *self)
{
  gint64 deadline_us = g_get_monotonic_time () + G_USEC_PER_SEC;

  while (self->connection != NULL && PQflush (self->connection) == 1 && g_get_monotonic_time () < deadline_us)
    {
      struct pollfd fd = { .fd = PQsocket (self->connection), .events = POLLOUT };

      if (poll (&fd, 1, 100) < 0 && errno != EINTR)
        return;
    }
}

static void
send_unsent (RhPipeline *self)
{
  RhCall *call;

  while (self->connection != NULL && (call = g_queue_pop_head (&self->unsent)) != NULL)
    {
      if (call->task == NULL) /* cancelled before it was sent */
        {
          rh_call_free (call);
          continue;
        }
      if (call->statement->writes == RH_WRITES && rh_crash_point_before (call->statement->name))
        {
          rh_pipeline_flush_now (self);
          rh_crash_point_die ();
        }
      rh_metric_add (RH_METRIC_STORE_CALLS, call->statement->name, 1);
      g_queue_push_tail (&self->sent, call);
      if (!send_call (self, call))
        lose (self, rh_pg_error_lost (self->connection));
    }
}

static gboolean
has_state (const PGresult *result, const char *state)
{
  return g_strcmp0 (PQresultErrorField (result, PG_DIAG_SQLSTATE), state) == 0;
}

/* A statement that was never executed because the server does not know it (any more) under its name goes again. */
static gboolean
wants_retry (RhPipeline *self, RhCall *call)
{
  const PGresult *result = call->result;

  if (call->retried || self->unnamed || PQresultStatus (result) != PGRES_FATAL_ERROR)
    return FALSE;
  if (has_state (result, "0A000") && strstr (PQresultErrorMessage (result), "cached plan") != NULL)
    {
      self->generation++;
      g_hash_table_remove_all (self->prepared);
      return TRUE;
    }
  if (!has_state (result, "26000") && !has_state (result, "42P05"))
    return FALSE;
  /* Unless its own preparation has failed a moment ago, a pooler hands us other servers' sessions. */
  self->unnamed = g_hash_table_contains (self->prepared, call->statement->name);
  return TRUE;
}

static gboolean
has_written (const RhCall *call)
{
  if (call->statement->writes == RH_READS || PQresultStatus (call->result) == PGRES_FATAL_ERROR)
    return FALSE;
  return call->statement->writes == RH_WRITES || PQntuples (call->result) > 0;
}

static void
complete_head (RhPipeline *self)
{
  RhCall *call = g_queue_pop_head (&self->sent);

  if (wants_retry (self, call))
    {
      g_clear_pointer (&call->result, PQclear);
      call->retried = TRUE;
      g_queue_push_tail (&self->unsent, call);
      return;
    }
  if (has_written (call))
    rh_crash_point_after (call->statement->name);
  rh_call_return_result (call);
}

/* The results of a call: of its preparations, of setting the workspace, of the statement, of the sync. */
static void
take_result (RhPipeline *self, PGresult *result)
{
  RhCall *call = g_queue_peek_head (&self->sent);
  ExecStatusType status = PQresultStatus (result);

  if (status == PGRES_PIPELINE_SYNC)
    {
      PQclear (result);
      complete_head (self);
      return;
    }
  if (status != PGRES_COMMAND_OK && call->n_results == call->set_workspace_at)
    g_hash_table_remove (self->prepared, set_workspace.name);
  if (status != PGRES_COMMAND_OK && call->n_results == call->prepared_at)
    g_hash_table_remove (self->prepared, call->statement->name);
  call->n_results++;
  /* The first failure is the reason; what follows it was skipped. */
  if (call->result != NULL && PQresultStatus (call->result) == PGRES_FATAL_ERROR)
    {
      PQclear (result);
      return;
    }
  g_clear_pointer (&call->result, PQclear);
  call->result = result;
}

/* FALSE when there is more to do in the next turn. */
static gboolean
take_results (RhPipeline *self)
{
  gint64 until_us = g_get_monotonic_time () + SLICE_US;
  gboolean was_null = FALSE;

  while (self->connection != NULL && !g_queue_is_empty (&self->sent) && !PQisBusy (self->connection))
    {
      PGresult *result = PQgetResult (self->connection);

      /* One NULL ends each statement's results; a second one says that libpq expects nothing more. */
      if (result == NULL && was_null)
        {
          lose (self, rh_pg_error_lost (self->connection));
          return TRUE;
        }
      was_null = result == NULL;
      if (result != NULL)
        take_result (self, result);
      if (g_get_monotonic_time () > until_us)
        return FALSE;
    }
  return TRUE;
}

static void
check_deadline (RhPipeline *self)
{
  RhCall *call = g_queue_peek_head (&self->sent);

  if (call == NULL || g_get_monotonic_time () < call->deadline_us)
    return;
  g_queue_pop_head (&self->sent);
  /* The connection goes first: the server still works on this call. */
  lose (self, g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "a statement before this one did not end in time"));
  rh_call_return_error (call, g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "%s: the database did not answer in time",
                                           call->statement->name));
}

static void
flush (RhPipeline *self)
{
  int left = PQflush (self->connection);
  GIOCondition wanted = G_IO_IN | (left == 1 ? G_IO_OUT : 0);

  if (left < 0)
    {
      lose (self, rh_pg_error_lost (self->connection));
      return;
    }
  if (wanted != self->wanted)
    g_source_modify_unix_fd (self->source, self->fd_tag, wanted);
  self->wanted = wanted;
}

static gboolean
pipeline_prepare (GSource *source, gint *timeout_ms)
{
  RhPipeline *self = ((PipelineSource *)source)->pipeline;

  *timeout_ms = -1;
  return self != NULL && !g_queue_is_empty (&self->unsent);
}

static void
pipeline_unref (RhPipeline *self)
{
  if (--self->n_refs > 0)
    return;
  g_hash_table_unref (self->prepared);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhPipeline, pipeline_unref)

static RhPipeline *
pipeline_ref (RhPipeline *self)
{
  self->n_refs++;
  return self;
}

static gboolean
pipeline_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  PipelineSource *pipeline_source = (PipelineSource *)source;
  RhPipeline *self = pipeline_source->pipeline;
  g_autoptr (RhPipeline) keep = self != NULL ? pipeline_ref (self) : NULL;
  g_autoptr (GObject) keep_owner = self != NULL ? g_object_ref (self->owner) : NULL;
  gboolean is_drained;

  /* What is called here may lose the connection, and with it this source. */
  if (self == NULL)
    return G_SOURCE_REMOVE;
  send_unsent (self);
  if (pipeline_source->pipeline == NULL)
    return G_SOURCE_REMOVE;
  if ((g_source_query_unix_fd (source, self->fd_tag) & ~G_IO_OUT) != 0 && !PQconsumeInput (self->connection))
    {
      /* The server's last words, if any, belong to the first call in flight. */
      take_results (self);
      if (pipeline_source->pipeline != NULL)
        lose (self, rh_pg_error_lost (self->connection));
      return G_SOURCE_REMOVE;
    }
  is_drained = take_results (self);
  if (pipeline_source->pipeline != NULL)
    check_deadline (self);
  if (pipeline_source->pipeline != NULL)
    flush (self);
  if (pipeline_source->pipeline != NULL)
    {
      RhCall *head = g_queue_peek_head (&self->sent);

      g_source_set_ready_time (source, !is_drained ? 0 : head != NULL ? head->deadline_us : -1);
    }
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs pipeline_funcs = { .prepare = pipeline_prepare, .dispatch = pipeline_dispatch };

static void
link_up (PGconn *connection, gpointer data)
{
  RhPipeline *self = data;

  self->connection = connection;
  if (!PQenterPipelineMode (connection))
    {
      g_clear_pointer (&self->connection, PQfinish);
      rh_link_connect (self->link);
      return;
    }
  self->generation = 0;
  self->source = g_source_new (&pipeline_funcs, sizeof (PipelineSource));
  ((PipelineSource *)self->source)->pipeline = self;
  g_source_set_static_name (self->source, "database");
  self->wanted = G_IO_IN;
  self->fd_tag = g_source_add_unix_fd (self->source, PQsocket (connection), self->wanted);
  g_source_attach (self->source, NULL);
  self->changed (self, TRUE, self->owner);
}

RhPipeline *
rh_pipeline_new (const char *conninfo, const char *role, RhPipelineChanged changed, gpointer owner)
{
  RhPipeline *self = g_new0 (RhPipeline, 1);

  self->n_refs = 1;
  self->prepared = g_hash_table_new (g_str_hash, g_str_equal);
  self->changed = changed;
  self->owner = owner;
  self->link = rh_link_new (conninfo, role, link_up, self);
  rh_link_connect (self->link);
  return self;
}

void
rh_pipeline_free (RhPipeline *self)
{
  g_autoptr (GError) error = NULL;

  if (self == NULL)
    return;
  error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the store was closed");
  g_clear_pointer (&self->link, rh_link_free);
  close_connection (self);
  drop_calls (&self->sent, error);
  drop_calls (&self->unsent, error);
  pipeline_unref (self);
}

gboolean
rh_pipeline_is_usable (RhPipeline *self)
{
  return self->connection != NULL;
}

guint
rh_pipeline_load (RhPipeline *self, gint64 now_us)
{
  const RhCall *head = g_queue_peek_head (&self->sent);

  return self->sent.length + self->unsent.length + (head != NULL && now_us - head->start_us > SLOW_US ? SLOW_LOAD : 0);
}

void
rh_pipeline_push (RhPipeline *self, RhCall *call)
{
  g_queue_push_tail (&self->unsent, call);
}
