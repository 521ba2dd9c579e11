/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-run-feed.h"

#include "rh-log.h"
#include "rh-words.h"

#include <math.h>

#define PROGRESS_INTERVAL_US (G_USEC_PER_SEC / 2)
#define PROGRESS_MESSAGE_MAX 500
#define LOG_LINE_MAX 2000
/* A bucket of lines: so many at once, so many a second. */
#define LOG_BURST 100
#define LOG_PER_S 20

struct _RhRunFeed {
  RhStore *store;
  RhGate *gate;
  gint64 workspace;
  char *agent;
  char *run;
  char *job; /* (nullable) */
  gboolean pending;
  double fraction;
  char *message;
  gint64 sent_us;
  guint source;
  double lines;
  gint64 lines_us;
  guint dropped;
  const RhPersonal *personal; /* (nullable) */
};

static const RhStatement run_progress = {
  "run.progress",
  "select run_progress ($1::uuid, $2::uuid, $3::float8, $4)",
  4,
  TRUE,
};

RhRunFeed *
rh_run_feed_new (RhStore *store,
                 RhGate *gate,
                 gint64 workspace,
                 const char *agent,
                 const char *run,
                 const char *job,
                 const RhPersonal *personal)
{
  RhRunFeed *self;

  g_return_val_if_fail (agent != NULL && run != NULL, NULL);

  self = g_new0 (RhRunFeed, 1);
  self->store = store != NULL ? g_object_ref (store) : NULL;
  self->gate = gate != NULL ? g_object_ref (gate) : NULL;
  self->workspace = workspace;
  self->agent = g_strdup (agent);
  self->run = g_strdup (run);
  self->job = g_strdup (job);
  self->personal = personal;
  self->lines = LOG_BURST;
  self->lines_us = g_get_monotonic_time ();
  return self;
}

void
rh_run_feed_free (RhRunFeed *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->source, g_source_remove);
  g_clear_object (&self->store);
  g_clear_object (&self->gate);
  g_free (self->agent);
  g_free (self->run);
  g_free (self->job);
  g_free (self->message);
  g_free (self);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhGate) gate = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    rh_log (RH_LOG_DEBUG, "run.progress-lost", "a report of progress was lost", "error", error->message, NULL);
  else if (gate != NULL)
    rh_gate_kick (gate);
}

static void
send_progress (RhRunFeed *self)
{
  char fraction[G_ASCII_DTOSTR_BUF_SIZE];
  const char *params[] = { self->run, self->job, fraction, self->message };

  self->pending = FALSE;
  self->sent_us = g_get_monotonic_time ();
  if (self->store == NULL)
    return;
  g_ascii_dtostr (fraction, sizeof fraction, self->fraction);
  rh_store_call_async (self->store, &run_progress, self->workspace, params, NULL, on_sent,
                       self->gate != NULL ? g_object_ref (self->gate) : NULL);
}

static gboolean
on_interval (gpointer data)
{
  RhRunFeed *self = data;

  self->source = 0;
  if (self->pending)
    send_progress (self);
  return G_SOURCE_REMOVE;
}

void
rh_run_feed_progress (RhRunFeed *self, double fraction, const char *message)
{
  g_autofree char *masked = NULL;
  gint64 wait_us;

  g_return_if_fail (self != NULL);

  self->fraction = isfinite (fraction) ? CLAMP (fraction, 0.0, 1.0) : 0.0;
  g_free (self->message);
  masked = rh_personal_mask (self->personal, message);
  self->message = masked != NULL ? rh_words_clean (masked, PROGRESS_MESSAGE_MAX) : NULL;
  self->pending = TRUE;
  wait_us = self->sent_us == 0 ? 0 : self->sent_us + PROGRESS_INTERVAL_US - g_get_monotonic_time ();
  if (wait_us <= 0)
    send_progress (self);
  else if (self->source == 0)
    self->source = g_timeout_add (wait_us / 1000 + 1, on_interval, self);
}

void
rh_run_feed_log (RhRunFeed *self, const char *message)
{
  g_autofree char *masked = NULL;
  g_autofree char *line = NULL;
  gint64 now_us = g_get_monotonic_time ();

  g_return_if_fail (self != NULL && message != NULL);

  self->lines = MIN (LOG_BURST, self->lines + (now_us - self->lines_us) * (LOG_PER_S / (double)G_USEC_PER_SEC));
  self->lines_us = now_us;
  if (self->lines < 1)
    {
      self->dropped++;
      return;
    }
  self->lines--;
  masked = rh_personal_mask (self->personal, message);
  line = rh_words_clean (masked, LOG_LINE_MAX);
  rh_log (RH_LOG_INFO, "run.log", line, "agent", self->agent, "run", self->run, NULL);
}

void
rh_run_feed_flush (RhRunFeed *self)
{
  g_return_if_fail (self != NULL);

  g_clear_handle_id (&self->source, g_source_remove);
  if (self->pending)
    send_progress (self);
  if (self->dropped > 0)
    {
      g_autofree char *dropped = g_strdup_printf ("%u", self->dropped);

      rh_log (RH_LOG_NOTICE, "run.log-dropped", "the run logged faster than its lines are taken", "agent", self->agent,
              "run", self->run, "lines", dropped, NULL);
      self->dropped = 0;
    }
}
