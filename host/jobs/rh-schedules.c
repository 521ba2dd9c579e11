/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-watch.h"
#include "royal-json.h"

#include <string.h>

/* Looked at again at the latest: the database's clock may have been set. */
#define WAIT_MAX_MS 30000
/* What is due still, after all was moved on that could be: another host's, or the queue was full. */
#define STILL_MS 500
/* What was missed longer ago is not counted. */
#define BACK_MAX_S ((gint64)366 * 86400)

static const RhStatement trigger_due = { "trigger.due", "select * from trigger_due ()", 0, FALSE };
static const RhStatement trigger_wait = { "trigger.wait", "select trigger_wait () as wait_ms", 0, FALSE };
static const RhStatement trigger_tick = {
  "trigger.tick",
  "select trigger_tick ($1, $2, $3::bigint, $4::bigint, $5::jsonb, $6::int) as n,"
  " extract (epoch from clock_timestamp ()) - $3::bigint as late_s",
  6,
  TRUE,
};

/* Times. The database says by its clock which are due; the first host to move a schedule on has fired it. */
typedef struct {
  RhTriggers *triggers;
  guint timer;
  guint pending; /* statements under way */
  gboolean again;
  gboolean stopped;
} RhSchedules;

static void look (gpointer data);

static void
schedules_clear (gpointer data)
{
  RhSchedules *self = data;

  g_object_unref (self->triggers);
}

static void
schedules_unref (RhSchedules *self)
{
  g_rc_box_release_full (self, schedules_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhSchedules, schedules_unref)

static gboolean
on_timer (gpointer data)
{
  RhSchedules *self = data;

  self->timer = 0;
  look (self);
  return G_SOURCE_REMOVE;
}

static void
on_wait_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhSchedules) self = data;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);
  gint64 wait_ms;

  self->pending--;
  if (self->stopped || rows == NULL || rh_rows_is_null (rows, 0, "wait_ms"))
    return;
  wait_ms = rh_rows_int64 (rows, 0, "wait_ms");
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (wait_ms > 0 ? (guint)MIN (wait_ms + 1, WAIT_MAX_MS) : STILL_MS, on_timer, self);
}

/* When all that was due has been moved on. */
static void
end_round (RhSchedules *self)
{
  if (self->stopped || self->pending > 0)
    return;
  if (self->again)
    {
      look (self);
      return;
    }
  self->pending++;
  rh_store_call_async (rh_triggers_store (self->triggers), &trigger_wait, rh_triggers_workspace (self->triggers), NULL,
                       NULL, on_wait_known, g_rc_box_acquire (self));
}

static void
on_ticked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhSchedules) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->pending--;
  if (rows != NULL)
    rh_metric_add (RH_METRIC_TRIGGERS, "schedule", (double)rh_rows_int64 (rows, 0, "n"));
  if (rows != NULL && rh_rows_int64 (rows, 0, "n") > 0 && !rh_rows_is_null (rows, 0, "late_s"))
    rh_metric_observe (RH_METRIC_SCHEDULE_SECONDS, MAX (g_ascii_strtod (rh_rows_string (rows, 0, "late_s"), NULL), 0));
  /* Paused, changed or gone meanwhile: it is looked at again when that is told. */
  if (rows == NULL && !royal_error_is_unavailable (error) &&
      !g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT))
    rh_log (RH_LOG_ERROR, "trigger.tick", "a schedule could not be moved on", "error", error->message, NULL);
  end_round (self);
}

static char *
iso_time (gint64 at, guint ms)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (at);
  g_autofree char *text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");

  return ms > 0 ? g_strdup_printf ("%s.%03uZ", text, ms) : g_strconcat (text, "Z", NULL);
}

/* The same on every host. */
static void
add_jitter (RhTrigger *trigger, gint64 at, const char *key, JsonObject *request)
{
  gint64 most_ms = royal_json_int (rh_trigger_options (trigger), "jitter_s", 0) * 1000;
  g_autofree char *seed = g_strconcat (rh_trigger_name (trigger), "/", key, NULL);
  g_autofree char *hash = rh_trigger_key (seed, strlen (seed));
  g_autofree char *run_at = NULL;
  gint64 wait_ms;

  if (most_ms <= 0)
    return;
  hash[8] = '\0';
  wait_ms = (gint64)g_ascii_strtoull (hash, NULL, 16) % (most_ms + 1);
  run_at = iso_time (at + wait_ms / 1000, (guint)(wait_ms % 1000));
  json_object_set_string_member (request, "run_at", run_at);
}

/* (transfer full): { key, request }; NULL when what it starts cannot be asked for that, which was told. */
static JsonObject *
firing (RhSchedules *self, RhTrigger *trigger, gint64 at, guint n_due)
{
  g_autofree char *key = iso_time (at, 0);
  g_autoptr (JsonNode) happened = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (GError) error = NULL;
  JsonObject *what = json_object_new ();
  JsonNode *request;
  JsonObject *object;

  json_object_set_string_member (what, "at", key);
  json_object_set_int_member (what, "due", n_due);
  json_node_take_object (happened, what);
  request = rh_triggers_request (self->triggers, trigger, happened, &error);
  if (request == NULL)
    {
      rh_triggers_fail (self->triggers, trigger, error->message);
      return NULL;
    }
  add_jitter (trigger, at, key, json_node_get_object (request));
  object = json_object_new ();
  json_object_set_string_member (object, "key", key);
  json_object_set_member (object, "request", request);
  return object;
}

/* Drops what is not to be fired of the times that were due, the earliest first. */
static void
apply_missed (RhTrigger *trigger, GArray *due, gint64 now)
{
  JsonObject *options = rh_trigger_options (trigger);
  const char *missed = royal_json_string (options, "missed", "once");
  gint64 late_s = royal_json_int (options, "late_s", 60);
  guint n_late = 0;

  if (strcmp (missed, "all") == 0)
    return;
  while (n_late < due->len && now - g_array_index (due, gint64, n_late) > late_s)
    n_late++;
  /* The last stands for all of them, when none is on time. */
  if (strcmp (missed, "once") == 0 && n_late > 0 && n_late == due->len)
    n_late--;
  if (n_late > 0)
    g_array_remove_range (due, 0, n_late);
}

static void
tick (RhSchedules *self, RhTrigger *trigger, RhRows *rows, guint row)
{
  gboolean is_known = !rh_rows_is_null (rows, row, "next_s");
  gint64 next_s = rh_rows_int64 (rows, row, "next_s"), now_s = rh_rows_int64 (rows, row, "now_s");
  gint64 most = royal_json_int (rh_trigger_options (trigger), "most", 100);
  gint64 from = is_known ? MAX (next_s - 1, now_s - BACK_MAX_S) : now_s;
  guint n = 0;
  g_autoptr (GArray) due =
      rh_cron_between (rh_trigger_cron (trigger), rh_trigger_zone (trigger), from, now_s, (guint)most, &n);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *firings = json_array_new ();
  g_autofree char *text = NULL;
  g_autofree char *next =
      g_strdup_printf ("%" G_GINT64_FORMAT, rh_cron_next (rh_trigger_cron (trigger), rh_trigger_zone (trigger), now_s));
  g_autofree char *missed = NULL;

  apply_missed (trigger, due, now_s);
  missed = g_strdup_printf ("%u", n - due->len);
  for (guint i = 0; i < due->len; i++)
    {
      JsonObject *one = firing (self, trigger, g_array_index (due, gint64, i), n);

      if (one != NULL)
        json_array_add_object_element (firings, one);
    }
  json_node_take_array (node, firings);
  text = royal_json_to_string (node);
  self->pending++;
  rh_store_call_async (rh_triggers_store (self->triggers), &trigger_tick, rh_triggers_workspace (self->triggers),
                       (const char *const[]){ rh_trigger_name (trigger), rh_trigger_version (trigger),
                                              is_known ? rh_rows_string (rows, row, "next_s") : NULL, next, text,
                                              missed },
                       NULL, on_ticked, g_rc_box_acquire (self));
}

static void
on_due (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhSchedules) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autoptr (GPtrArray) own = NULL;

  self->pending--;
  if (self->stopped)
    return;
  if (rows == NULL)
    {
      rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "trigger.due",
              "schedules could not be read", "error", error->message, NULL);
      return;
    }
  own = rh_triggers_list (self->triggers, RH_TRIGGER_SCHEDULE);
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      RhTrigger *trigger = rh_triggers_find (self->triggers, rh_rows_string (rows, i, "name"), NULL);

      /* What this host does not know, or knows otherwise, is another's. */
      if (trigger != NULL && g_ptr_array_find (own, trigger, NULL) &&
          g_strcmp0 (rh_trigger_version (trigger), rh_rows_string (rows, i, "version")) == 0)
        tick (self, trigger, rows, i);
    }
  end_round (self);
}

static void
look (gpointer data)
{
  RhSchedules *self = data;

  self->again = self->pending > 0;
  if (self->again || self->stopped)
    return;
  self->pending++;
  rh_store_call_async (rh_triggers_store (self->triggers), &trigger_due, rh_triggers_workspace (self->triggers), NULL,
                       NULL, on_due, g_rc_box_acquire (self));
}

static gpointer
start (RhTriggers *triggers)
{
  RhSchedules *self = g_rc_box_new0 (RhSchedules);

  /* Not a circle: it ends with stop(). */
  self->triggers = g_object_ref (triggers);
  return self;
}

static void
stop (gpointer data)
{
  RhSchedules *self = data;

  self->stopped = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  schedules_unref (self);
}

const RhWatchKind rh_schedules_watch = { NULL, start, look, stop };
