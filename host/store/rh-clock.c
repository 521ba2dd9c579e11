/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-clock.h"

#define MEASURE_S 60

static const RhStatement measure = { "clock.measure",
                                     "select (extract (epoch from clock_timestamp ()) * 1000000)::bigint as us", 0,
                                     FALSE };

struct _RhClock {
  GObject parent;

  RhStore *store;
  gint64 offset_us; /* what the database's clock is ahead of this host's monotonic one */
  gboolean known;
  guint timer_id;
};

G_DEFINE_FINAL_TYPE (RhClock, rh_clock, G_TYPE_OBJECT)

static void
rh_clock_finalize (GObject *object)
{
  RhClock *self = RH_CLOCK (object);

  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_object_unref (self->store);
  G_OBJECT_CLASS (rh_clock_parent_class)->finalize (object);
}

static void
rh_clock_class_init (RhClockClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_clock_finalize;
}

static void
rh_clock_init (RhClock *self)
{
}

static void
on_available (RhClock *self, gboolean available)
{
  if (!available)
    self->known = FALSE;
  else
    rh_clock_measure_async (self, NULL, NULL);
}

static gboolean
on_minute (gpointer data)
{
  RhClock *self = data;

  if (rh_store_is_available (self->store))
    rh_clock_measure_async (self, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

RhClock *
rh_clock_new (RhStore *store)
{
  RhClock *self;

  g_return_val_if_fail (RH_IS_STORE (store), NULL);

  self = g_object_new (RH_TYPE_CLOCK, NULL);
  self->store = g_object_ref (store);
  self->timer_id = g_timeout_add_seconds (MEASURE_S, on_minute, self);
  g_signal_connect_object (store, "available", G_CALLBACK (on_available), self, G_CONNECT_SWAPPED);
  return self;
}

gint64
rh_clock_now_us (RhClock *self)
{
  g_return_val_if_fail (RH_IS_CLOCK (self), 0);

  return self->known ? g_get_monotonic_time () + self->offset_us : 0;
}

static void
on_measured (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhClock *self = g_task_get_source_object (task);
  const gint64 *sent_us = g_task_get_task_data (task);
  gint64 now_us = g_get_monotonic_time ();
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self->offset_us = rh_rows_int64 (rows, 0, "us") - (*sent_us + (now_us - *sent_us) / 2);
  self->known = TRUE;
  g_task_return_boolean (task, TRUE);
}

void
rh_clock_measure_async (RhClock *self, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;
  gint64 now_us = g_get_monotonic_time ();

  g_return_if_fail (RH_IS_CLOCK (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_clock_measure_async);
  g_task_set_task_data (task, g_memdup2 (&now_us, sizeof now_us), g_free);
  rh_store_call_async (self->store, &measure, RH_NO_WORKSPACE, NULL, NULL, on_measured, task);
}

gboolean
rh_clock_measure_finish (RhClock *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

char *
rh_clock_text (gint64 us)
{
  g_autoptr (GDateTime) second = g_date_time_new_from_unix_utc (us / G_USEC_PER_SEC);
  g_autofree char *text = NULL;

  g_return_val_if_fail (us > 0 && second != NULL, NULL);

  text = g_date_time_format (second, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf ("%s.%06dZ", text, (int)(us % G_USEC_PER_SEC));
}
