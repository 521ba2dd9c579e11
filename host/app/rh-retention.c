/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-retention.h"

#include "rh-log.h"
#include "rh-metrics.h"
#include "royal-json.h"

#define FIRST_S 5      /* a start has other things to do */
#define INTERVAL_S 600 /* between two looks */
#define BUSY_S 1       /* between two batches, when there may be more */
#define BATCH "500"

static const RhStatement sweep = { "retention.sweep",
                                   "select place, removed, more from retention_sweep ($1::jsonb, $2::int)", 2,
                                   RH_WRITES_ROWS };

/* In the order of their settings. */
static const struct {
  const char *place;
  RhSetting setting;
} places[] = {
  { "jobs", RH_SETTING_RETENTION_JOBS },     { "workflows", RH_SETTING_RETENTION_WORKFLOWS },
  { "events", RH_SETTING_RETENTION_EVENTS }, { "simulations", RH_SETTING_RETENTION_SIMULATIONS },
  { "tokens", RH_SETTING_RETENTION_TOKENS },
};

struct _RhRetention {
  GObject parent_instance;

  RhStore *store;
  char *days; /* { place: days }, JSON */
  guint timer;
  gboolean running;
};

G_DEFINE_FINAL_TYPE (RhRetention, rh_retention, G_TYPE_OBJECT)

static void
rh_retention_finalize (GObject *object)
{
  RhRetention *self = RH_RETENTION (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_object (&self->store);
  g_free (self->days);
  G_OBJECT_CLASS (rh_retention_parent_class)->finalize (object);
}

static void
rh_retention_class_init (RhRetentionClass *class)
{
  G_OBJECT_CLASS (class)->finalize = rh_retention_finalize;
}

static void
rh_retention_init (RhRetention *self)
{
}

RhRetention *
rh_retention_new (RhStore *store, RhConfig *config)
{
  g_autoptr (JsonObject) days = json_object_new ();
  g_autoptr (JsonNode) node = NULL;
  RhRetention *self;

  g_return_val_if_fail (RH_IS_STORE (store) && config != NULL, NULL);

  self = g_object_new (RH_TYPE_RETENTION, NULL);
  self->store = g_object_ref (store);
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    json_object_set_int_member (days, places[i].place, rh_config_uint (config, places[i].setting));
  node = json_node_init_object (json_node_alloc (), days);
  self->days = royal_json_to_string (node);
  return self;
}

static void look_in (RhRetention *self, guint seconds);

static void
on_swept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRetention) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  gboolean more = FALSE;

  if (rows == NULL)
    rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "retention.failed",
            "what has ended could not be removed", "error", error->message, NULL);
  for (guint i = 0; rows != NULL && i < rh_rows_n (rows); i++)
    {
      rh_metric_add (RH_METRIC_REMOVED, rh_rows_string (rows, i, "place"), (double)rh_rows_int64 (rows, i, "removed"));
      more = more || rh_rows_boolean (rows, i, "more");
    }
  if (self->running)
    look_in (self, more ? BUSY_S : INTERVAL_S);
}

static gboolean
on_timer (gpointer data)
{
  RhRetention *self = data;

  self->timer = 0;
  rh_store_call_async (self->store, &sweep, RH_NO_WORKSPACE, (const char *const[]){ self->days, BATCH }, NULL, on_swept,
                       g_object_ref (self));
  return G_SOURCE_REMOVE;
}

static void
look_in (RhRetention *self, guint seconds)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add_seconds (seconds, on_timer, self);
}

void
rh_retention_start (RhRetention *self)
{
  g_return_if_fail (RH_IS_RETENTION (self) && !self->running);

  self->running = TRUE;
  look_in (self, FIRST_S);
}

void
rh_retention_stop (RhRetention *self)
{
  g_return_if_fail (RH_IS_RETENTION (self));

  self->running = FALSE;
  g_clear_handle_id (&self->timer, g_source_remove);
}
