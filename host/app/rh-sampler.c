/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-sampler.h"

#include "rh-alerts.h"
#include "rh-metrics.h"
#include "rh-usage.h"
#include "royal-json.h"

#include <sys/statvfs.h>
#include <unistd.h>

#define INTERVAL_S 10

struct _RhSampler {
  GObject parent;
  RhStore *store;
  RhRegistry *registry;
  RhWorkers *workers;
  char *data_dir;
  RhAlertWatch *watch;
  GHashTable *agents; /* ids whose memory is told */
  gboolean asking;
  guint timer;
};

G_DEFINE_FINAL_TYPE (RhSampler, rh_sampler, G_TYPE_OBJECT)

static const RhStatement sample = { "metrics.sample", "select metric, label, value from metrics_sample ()", 0, FALSE };

static const struct {
  const char *name;
  RhMetric metric;
} metrics[] = {
  { "jobs", RH_METRIC_JOBS },
  { "queue_age", RH_METRIC_QUEUE_AGE },
  { "proposals", RH_METRIC_PROPOSALS },
  { "pending_age", RH_METRIC_PENDING_AGE },
  { "database_size", RH_METRIC_DATABASE_SIZE },
  { "controls", RH_METRIC_CONTROLS },
  { "notices", RH_METRIC_NOTICES },
  { "notice_age", RH_METRIC_NOTICE_AGE },
};

static void
rh_sampler_finalize (GObject *object)
{
  RhSampler *self = RH_SAMPLER (object);

  rh_sampler_stop (self);
  rh_alert_watch_free (self->watch);
  g_hash_table_unref (self->agents);
  g_object_unref (self->workers);
  g_object_unref (self->registry);
  g_object_unref (self->store);
  g_free (self->data_dir);
  G_OBJECT_CLASS (rh_sampler_parent_class)->finalize (object);
}

static void
rh_sampler_class_init (RhSamplerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_sampler_finalize;
}

static void
rh_sampler_init (RhSampler *self)
{
  self->watch = rh_alert_watch_new ();
  self->agents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

RhSampler *
rh_sampler_new (RhStore *store, RhRegistry *registry, RhWorkers *workers, const char *data_dir)
{
  RhSampler *self;

  g_return_val_if_fail (RH_IS_STORE (store) && RH_IS_REGISTRY (registry) && RH_IS_WORKERS (workers), NULL);
  g_return_val_if_fail (data_dir != NULL, NULL);

  self = g_object_new (RH_TYPE_SAMPLER, NULL);
  self->store = g_object_ref (store);
  self->registry = g_object_ref (registry);
  self->workers = g_object_ref (workers);
  self->data_dir = g_strdup (data_dir);
  return self;
}

static guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n > 0 ? n - 1 : 0; /* its own */
}

static void
look_at_host (RhSampler *self)
{
  struct statvfs disk;

  if (statvfs (self->data_dir, &disk) == 0 && disk.f_blocks > 0)
    rh_metric_set (RH_METRIC_DISK_FREE, NULL, (double)disk.f_bavail / (double)disk.f_blocks);
  rh_metric_set (RH_METRIC_MEMORY, NULL, rh_usage_rss_kb (getpid ()) * 1024.0);
  rh_metric_set (RH_METRIC_DESCRIPTORS, NULL, count_descriptors ());
}

static double
workers_bytes (JsonNode *status)
{
  JsonArray *workers = royal_json_array (json_node_get_object (status), "workers");
  double bytes = 0;

  for (guint i = 0; workers != NULL && i < json_array_get_length (workers); i++)
    bytes += (double)royal_json_int (json_array_get_object_element (workers, i), "rss_kb", 0) * 1024;
  return bytes;
}

/* Of those that have workers: an agent that is scaled to zero costs nothing here either. */
static void
look_at_workers (RhSampler *self)
{
  g_autoptr (GPtrArray) agents = rh_registry_list (self->registry);

  for (guint i = 0; i < agents->len; i++)
    {
      const char *id = rh_agent_id (agents->pdata[i]);
      g_autoptr (JsonNode) status = NULL;

      if (rh_metric_value (RH_METRIC_WORKERS, id) > 0)
        {
          status = rh_workers_status (self->workers, id);
          rh_metric_set (RH_METRIC_WORKER_MEMORY, id, workers_bytes (status));
          g_hash_table_add (self->agents, g_strdup (id));
        }
      else if (g_hash_table_remove (self->agents, id))
        rh_metric_forget (RH_METRIC_WORKER_MEMORY, id);
    }
}

static void
take_row (RhRows *rows, guint row)
{
  const char *name = rh_rows_string (rows, row, "metric");
  const char *label = rh_rows_is_null (rows, row, "label") ? NULL : rh_rows_string (rows, row, "label");
  double value = g_ascii_strtod (rh_rows_string (rows, row, "value"), NULL);

  for (guint i = 0; i < G_N_ELEMENTS (metrics); i++)
    if (g_strcmp0 (name, metrics[i].name) == 0)
      rh_metric_set (metrics[i].metric, label, value);
}

static void
on_sample (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhSampler) self = data;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);

  self->asking = FALSE;
  for (guint i = 0; rows != NULL && i < rh_rows_n (rows); i++)
    take_row (rows, i);
  if (self->timer != 0)
    rh_alert_watch_look (self->watch, g_get_monotonic_time ());
}

static gboolean
on_timer (gpointer data)
{
  RhSampler *self = data;

  look_at_host (self);
  look_at_workers (self);
  if (!self->asking)
    {
      self->asking = TRUE;
      rh_store_call_async (self->store, &sample, RH_NO_WORKSPACE, NULL, NULL, on_sample, g_object_ref (self));
    }
  return G_SOURCE_CONTINUE;
}

void
rh_sampler_start (RhSampler *self)
{
  g_return_if_fail (RH_IS_SAMPLER (self) && self->timer == 0);

  self->timer = g_timeout_add_seconds (INTERVAL_S, on_timer, self);
  on_timer (self);
}

void
rh_sampler_stop (RhSampler *self)
{
  g_return_if_fail (RH_IS_SAMPLER (self));

  g_clear_handle_id (&self->timer, g_source_remove);
}

JsonNode *
rh_sampler_alerts (RhSampler *self)
{
  g_return_val_if_fail (RH_IS_SAMPLER (self), NULL);

  return rh_alert_watch_firing (self->watch);
}
