/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-session.h"

#include "rh-pg.h"

#include <royal/error.h>

#define TIMEOUT_US (30 * G_USEC_PER_SEC)

typedef struct {
  GSource source;
  RhSession *session; /* NULL once it is gone */
} SessionSource;

struct _RhSession {
  PGconn *connection;
  GSource *source;
  gpointer fd_tag;
  GIOCondition wanted;
  gint64 deadline_us; /* G_MAXINT64 while resting */
  gboolean is_woken;  /* since the step in hand began */
  RhSessionStep step;
  gpointer data;
};

/* (transfer full) (nullable): why the connection is over. */
static GError *
take_input (RhSession *self, GIOCondition condition)
{
  if (PQflush (self->connection) < 0 || ((condition & ~G_IO_OUT) != 0 && !PQconsumeInput (self->connection)))
    return rh_pg_error_lost (self->connection);
  if (condition == 0 && g_get_monotonic_time () >= self->deadline_us)
    return g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "the database did not answer in time");
  return NULL;
}

/* What the step has sent may not have gone out whole. A failure shows again in the next turn. */
static void
watch (RhSession *self, RhSessionNext next)
{
  gboolean is_full = PQflush (self->connection) == 1;
  GIOCondition wanted = G_IO_IN | (is_full ? G_IO_OUT : 0);
  gint64 ready_us;

  /* It went out since the step looked: no event will tell. */
  if (next == RH_SESSION_FLUSH && !is_full)
    next = RH_SESSION_AGAIN;
  if (wanted != self->wanted)
    g_source_modify_unix_fd (self->source, self->fd_tag, wanted);
  self->wanted = wanted;
  self->deadline_us = next == RH_SESSION_REST ? G_MAXINT64 : g_get_monotonic_time () + TIMEOUT_US;
  if (self->is_woken || next == RH_SESSION_AGAIN)
    ready_us = 0;
  else
    ready_us = next == RH_SESSION_REST ? -1 : self->deadline_us;
  g_source_set_ready_time (self->source, ready_us);
}

static gboolean
session_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  RhSession *self = ((SessionSource *)source)->session;
  g_autoptr (GError) error = NULL;
  RhSessionNext next;

  if (self == NULL)
    return G_SOURCE_REMOVE;
  self->is_woken = FALSE;
  error = take_input (self, g_source_query_unix_fd (source, self->fd_tag));
  next = self->step (self, error, self->data);
  /* The step may have freed the session, also when it says otherwise: it ends in other people's callbacks. */
  if (((SessionSource *)source)->session == NULL)
    return G_SOURCE_REMOVE;
  watch (self, next);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs session_funcs = { .dispatch = session_dispatch };

RhSession *
rh_session_new (PGconn *connection, RhSessionStep step, gpointer data)
{
  RhSession *self = g_new0 (RhSession, 1);

  self->connection = connection;
  self->step = step;
  self->data = data;
  self->wanted = G_IO_IN;
  self->deadline_us = G_MAXINT64;
  self->source = g_source_new (&session_funcs, sizeof (SessionSource));
  ((SessionSource *)self->source)->session = self;
  self->fd_tag = g_source_add_unix_fd (self->source, PQsocket (connection), self->wanted);
  g_source_attach (self->source, NULL);
  return self;
}

void
rh_session_free (RhSession *self)
{
  if (self == NULL)
    return;
  ((SessionSource *)self->source)->session = NULL;
  g_source_destroy (self->source);
  g_source_unref (self->source);
  rh_pg_abandon (self->connection);
  g_free (self);
}

PGconn *
rh_session_connection (RhSession *self)
{
  return self->connection;
}

void
rh_session_wake (RhSession *self)
{
  self->is_woken = TRUE;
  self->deadline_us = g_get_monotonic_time () + TIMEOUT_US;
  g_source_set_ready_time (self->source, 0);
}
