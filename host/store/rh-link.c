/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-link.h"

#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-pg.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 5000

/* A connection that lived this long counts as sound: the backoff starts anew. */
#define SOUND_US (2 * G_USEC_PER_SEC)

struct _RhLink {
  char *conninfo;
  char *role;
  RhLinkUp up;
  gpointer data;
  GCancellable *cancellable; /* set while an attempt runs */
  guint timer_id;
  guint backoff_ms;
  gint64 up_since_us;
  gboolean was_up;
};

static void attempt (RhLink *self);

RhLink *
rh_link_new (const char *conninfo, const char *role, RhLinkUp up, gpointer data)
{
  RhLink *self;

  g_return_val_if_fail (conninfo != NULL && up != NULL, NULL);

  self = g_new0 (RhLink, 1);
  self->conninfo = g_strdup (conninfo);
  self->role = g_strdup (role);
  self->up = up;
  self->data = data;
  return self;
}

void
rh_link_free (RhLink *self)
{
  if (self == NULL)
    return;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_free (self->conninfo);
  g_free (self->role);
  g_free (self);
}

static gboolean
pause_is_over (gpointer data)
{
  RhLink *self = data;

  self->timer_id = 0;
  attempt (self);
  return G_SOURCE_REMOVE;
}

static void
pause_then_attempt (RhLink *self)
{
  guint pause_ms = (guint)g_random_int_range (0, (gint32)self->backoff_ms + 1);

  self->backoff_ms = MIN (self->backoff_ms * 2, BACKOFF_MAX_MS);
  self->timer_id = g_timeout_add (pause_ms, pause_is_over, self);
}

typedef struct {
  RhLink *link;
  GCancellable *cancellable;
} Attempt;

static void
connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Attempt *attempt_data = data;
  g_autoptr (GCancellable) cancellable = attempt_data->cancellable;
  RhLink *self = attempt_data->link;
  g_autoptr (GError) error = NULL;
  PGconn *connection = rh_pg_connect_finish (result, &error);

  if (g_cancellable_is_cancelled (cancellable)) /* the link is gone */
    {
      g_clear_pointer (&connection, PQfinish);
      return;
    }
  g_clear_object (&self->cancellable);
  if (connection == NULL)
    {
      rh_log (RH_LOG_WARNING, "store.connect", "the database cannot be reached", "error", error->message, NULL);
      pause_then_attempt (self);
      return;
    }
  if (self->was_up)
    rh_metric_add (RH_METRIC_STORE_RECONNECTS, NULL, 1);
  self->was_up = TRUE;
  self->up_since_us = g_get_monotonic_time ();
  self->up (connection, self->data);
}

static void
attempt (RhLink *self)
{
  Attempt *data = g_new0 (Attempt, 1);

  self->cancellable = g_cancellable_new ();
  data->link = self;
  data->cancellable = g_object_ref (self->cancellable);
  rh_pg_connect_async (self->conninfo, self->role, self->cancellable, connected, data);
}

void
rh_link_connect (RhLink *self)
{
  g_return_if_fail (self != NULL && self->cancellable == NULL && self->timer_id == 0);

  if (self->backoff_ms == 0 || g_get_monotonic_time () - self->up_since_us > SOUND_US)
    self->backoff_ms = BACKOFF_FIRST_MS;
  if (self->was_up)
    pause_then_attempt (self);
  else
    attempt (self);
}
