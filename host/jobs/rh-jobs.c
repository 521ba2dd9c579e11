/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-jobs.h"

#include "rh-hand.h"
#include "rh-job-request.h"
#include "rh-log.h"
#include "royal-json.h"

#include <string.h>

#define LEASE_S 30
#define RENEW_MS (LEASE_S * 1000 / 3)
#define SWEEP_MS 1000
/* Every so many sweeps the leases of dead hosts are looked for. */
#define TAKE_BACK_SWEEPS 5
/* After the runs were cancelled: how long their ends and reports are waited for. */
#define RETURN_MS 5000

struct _RhJobs {
  GObject parent;
  RhStore *store;
  RhRegistry *registry;
  RhWorkers *workers;
  RhGate *gate;
  char *host_id;
  RhHandContext context;
  GHashTable *hands; /* run → RhHand */
  gboolean started;
  gboolean taken_back;
  gboolean taking_back;
  gboolean leasing;
  gboolean resting; /* there was nothing to lease: whatever comes is notified, or due when the timer says so */
  gboolean lease_again;
  gboolean renewing;
  gboolean renew_again;
  guint lease_idle;
  guint next_timer;
  guint sweep;
  guint sweeps;
  guint renew_timer;
  gulong available;
  gulong capacity;
  GTask *stop;
  guint stop_timer;
};

G_DEFINE_FINAL_TYPE (RhJobs, rh_jobs, G_TYPE_OBJECT)

static const RhStatement job_take_back = {
  "job.take-back",
  "select job_take_back ($1, $2::boolean) as n",
  2,
  TRUE,
};
static const RhStatement job_lease = {
  "job.lease",
  "select * from job_lease ($1, $2::text[], $3::int[], $4::int)",
  4,
  RH_WRITES_ROWS,
};
static const RhStatement job_next = {
  "job.next",
  "select job_next ($1::text[]) as wait_ms",
  1,
  FALSE,
};
static const RhStatement job_renew = {
  "job.renew",
  "select * from job_renew ($1, $2::uuid[], $3::int)",
  3,
  TRUE,
};
static const RhStatement job_enqueue = {
  "job.enqueue",
  "select job_enqueue ($1::jsonb, $2) as job",
  2,
  TRUE,
};
static const RhStatement job_cancel = {
  "job.cancel",
  "select job_cancel ($1::uuid, $2) as job",
  2,
  TRUE,
};

static void lease (RhJobs *self);
static void renew (RhJobs *self);

/* An SQL array's text. */
static char *
array_text (GPtrArray *items)
{
  GString *text = g_string_new ("{");

  for (guint i = 0; i < items->len; i++)
    {
      g_string_append (text, i > 0 ? ",\"" : "\"");
      for (const char *p = items->pdata[i]; *p != '\0'; p++)
        {
          if (*p == '"' || *p == '\\')
            g_string_append_c (text, '\\');
          g_string_append_c (text, *p);
        }
      g_string_append_c (text, '"');
    }
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static gboolean
on_lease_idle (gpointer data)
{
  RhJobs *self = data;

  self->lease_idle = 0;
  lease (self);
  return G_SOURCE_REMOVE;
}

/* Soon: what else happens in this turn of the loop is covered by the same call. */
static void
lease_soon (RhJobs *self)
{
  if (self->lease_idle == 0 && self->started && self->stop == NULL)
    self->lease_idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_lease_idle, self, NULL);
}

static void
end_stop (RhJobs *self)
{
  g_autoptr (GTask) stop = g_steal_pointer (&self->stop);

  self->started = FALSE;
  g_clear_handle_id (&self->stop_timer, g_source_remove);
  g_clear_handle_id (&self->renew_timer, g_source_remove);
  g_clear_handle_id (&self->sweep, g_source_remove);
  g_task_return_boolean (stop, TRUE);
}

static void
check_stopped (RhJobs *self)
{
  if (self->stop != NULL && !self->leasing && g_hash_table_size (self->hands) == 0)
    end_stop (self);
}

static void
on_hand_ran (RhHand *hand, gpointer data)
{
  lease_soon (data);
}

static void
on_hand_done (RhHand *hand, gpointer data)
{
  g_autoptr (RhJobs) self = g_object_ref (data);

  g_hash_table_remove (self->hands, rh_hand_run (hand));
  check_stopped (self);
  /* The hand's. */
  g_object_unref (self);
}

static const RhHandEvents hand_events = {
  .ran = on_hand_ran,
  .done = on_hand_done,
};

static gboolean
on_next (gpointer data)
{
  RhJobs *self = data;

  self->next_timer = 0;
  lease (self);
  return G_SOURCE_REMOVE;
}

static void
on_next_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhJobs) self = data;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);

  if (rows == NULL || rh_rows_n (rows) == 0 || rh_rows_is_null (rows, 0, "wait_ms") || self->stop != NULL)
    return;
  g_clear_handle_id (&self->next_timer, g_source_remove);
  /* Taking back, after which jobs are leased, covers what is further away. */
  if (rh_rows_int64 (rows, 0, "wait_ms") < SWEEP_MS * (TAKE_BACK_SWEEPS + 1))
    self->next_timer = g_timeout_add (MAX (rh_rows_int64 (rows, 0, "wait_ms"), 0) + 1, on_next, self);
}

/* The agents that have room now, and their room. */
static guint
find_room (RhJobs *self, GPtrArray *agents, GString *capacities)
{
  g_autoptr (GPtrArray) enabled = rh_registry_list (self->registry);
  guint room = 0;

  for (guint i = 0; i < enabled->len; i++)
    {
      const char *id = rh_agent_id (enabled->pdata[i]);
      guint n = rh_workers_capacity (self->workers, id);

      if (n == 0)
        continue;
      g_string_append_printf (capacities, "%c%u", agents->len > 0 ? ',' : '{', n);
      g_ptr_array_add (agents, g_strdup (id));
      room += n;
    }
  g_string_append (capacities, agents->len > 0 ? "}" : "{}");
  return room;
}

static void
take_rows (RhJobs *self, RhRows *rows)
{
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      RhHand *hand = rh_hand_new (&self->context, rows, i, &hand_events, g_object_ref (self));

      g_hash_table_insert (self->hands, (char *)rh_hand_run (hand), hand);
      if (self->stop != NULL)
        rh_hand_return (hand);
      else
        rh_hand_start (hand);
    }
  if (rh_rows_n (rows) > 0 && self->gate != NULL)
    rh_gate_kick (self->gate);
}

/* One call of job_lease() on its way. */
typedef struct {
  RhJobs *jobs;
  char *agents;
  guint room;
} Lease;

static void
on_leased (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Lease *call = data;
  g_autofree char *agents = call->agents;
  g_autoptr (RhJobs) self = call->jobs;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  const char *params[] = { agents };

  self->leasing = FALSE;
  self->resting = rows != NULL && rh_rows_n (rows) == 0;
  if (rows == NULL)
    rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "job.lease-failed",
            "jobs could not be leased", "error", error->message, NULL);
  else
    take_rows (self, rows);
  check_stopped (self);
  if (self->stop != NULL || !self->started)
    return;
  if (self->lease_again)
    lease_soon (self);
  else if (rows != NULL && rh_rows_n (rows) < call->room)
    rh_store_call_async (self->store, &job_next, RH_NO_WORKSPACE, params, NULL, on_next_known, g_object_ref (self));
}

static void
lease (RhJobs *self)
{
  g_autoptr (GPtrArray) agents = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) capacities = g_string_new (NULL);
  char seconds[] = G_STRINGIFY (LEASE_S);
  const char *params[] = { self->host_id, NULL, NULL, seconds };
  Lease *call;
  guint room;

  if (self->leasing)
    self->lease_again = TRUE;
  if (self->leasing || !self->taken_back || !self->started || self->stop != NULL ||
      !rh_store_is_available (self->store))
    return;
  self->lease_again = FALSE;
  self->resting = FALSE;
  room = find_room (self, agents, capacities);
  if (room == 0)
    return;
  call = g_new0 (Lease, 1);
  call->jobs = g_object_ref (self);
  call->agents = array_text (agents);
  call->room = room;
  params[1] = call->agents;
  params[2] = capacities->str;
  self->leasing = TRUE;
  rh_store_call_async (self->store, &job_lease, RH_NO_WORKSPACE, params, NULL, on_leased, call);
}

static void
on_taken_back (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhJobs) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->taking_back = FALSE;
  if (rows == NULL)
    {
      rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "job.take-back-failed",
              "lost jobs could not be taken back", "error", error->message, NULL);
      return;
    }
  if (rh_rows_int64 (rows, 0, "n") > 0)
    {
      rh_log (RH_LOG_NOTICE, "job.taken-back", "jobs of a lost host are queued again", "jobs",
              rh_rows_string (rows, 0, "n"), NULL);
      if (self->gate != NULL)
        rh_gate_kick (self->gate);
    }
  self->taken_back = TRUE;
  lease_soon (self);
}

/* Until it has succeeded once: also what this host held itself when it died. */
static void
take_back (RhJobs *self)
{
  const char *params[] = { self->host_id, self->taken_back ? "false" : "true" };

  if (self->taking_back || self->stop != NULL || !rh_store_is_available (self->store))
    return;
  self->taking_back = TRUE;
  rh_store_call_async (self->store, &job_take_back, RH_NO_WORKSPACE, params, NULL, on_taken_back, g_object_ref (self));
}

static void
retry_reports (RhJobs *self)
{
  g_autoptr (GList) hands = g_hash_table_get_values (self->hands);

  for (GList *l = hands; l != NULL; l = l->next)
    rh_hand_retry (l->data);
}

static gboolean
on_sweep (gpointer data)
{
  RhJobs *self = data;

  if (!rh_store_is_available (self->store))
    return G_SOURCE_CONTINUE;
  retry_reports (self);
  if (!self->taken_back || ++self->sweeps % TAKE_BACK_SWEEPS == 0)
    take_back (self); /* and lease */
  else if (!self->resting)
    lease (self);
  return G_SOURCE_CONTINUE;
}

/* One call of job_renew() on its way. */
typedef struct {
  RhJobs *jobs;
  GPtrArray *runs;
} Renewal;

static void
apply_renewal (RhJobs *self, GPtrArray *runs, RhRows *rows)
{
  g_autoptr (GHashTable) held = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      const char *run = rh_rows_string (rows, i, "run");
      RhHand *hand = g_hash_table_lookup (self->hands, run);

      g_hash_table_add (held, (char *)run);
      if (hand != NULL && rh_rows_boolean (rows, i, "cancel"))
        rh_hand_cancel (hand);
    }
  for (guint i = 0; i < runs->len; i++)
    {
      RhHand *hand = g_hash_table_lookup (self->hands, runs->pdata[i]);

      if (hand != NULL && !g_hash_table_contains (held, runs->pdata[i]))
        rh_hand_lose (hand);
    }
}

static void
on_renewed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Renewal *call = data;
  g_autoptr (RhJobs) self = call->jobs;
  g_autoptr (GPtrArray) runs = call->runs;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->renewing = FALSE;
  if (rows != NULL)
    apply_renewal (self, runs, rows);
  else
    rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "job.renew-failed",
            "leases could not be renewed", "error", error->message, NULL);
  if (self->renew_again)
    renew (self);
}

/* All leases in one call; it also tells which runs are to be cancelled. */
static void
renew (RhJobs *self)
{
  char seconds[] = G_STRINGIFY (LEASE_S);
  const char *params[] = { self->host_id, NULL, seconds };
  g_autofree char *text = NULL;
  GHashTableIter iter;
  gpointer run, hand;
  Renewal *call;

  if (self->renewing)
    self->renew_again = TRUE;
  if (self->renewing || !rh_store_is_available (self->store) || g_hash_table_size (self->hands) == 0)
    return;
  self->renew_again = FALSE;
  call = g_new0 (Renewal, 1);
  call->jobs = g_object_ref (self);
  call->runs = g_ptr_array_new_with_free_func (g_free);
  g_hash_table_iter_init (&iter, self->hands);
  while (g_hash_table_iter_next (&iter, &run, &hand))
    g_ptr_array_add (call->runs, g_strdup (run));
  text = array_text (call->runs);
  params[1] = text;
  self->renewing = TRUE;
  rh_store_call_async (self->store, &job_renew, RH_NO_WORKSPACE, params, NULL, on_renewed, call);
}

static gboolean
on_renew_timer (gpointer data)
{
  renew (data);
  return G_SOURCE_CONTINUE;
}

static void
on_notify (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  g_autoptr (RhJobs) self = g_weak_ref_get (data);

  if (self == NULL || !self->started)
    return;
  if (payload == NULL || strcmp (payload, "cancel") == 0)
    renew (self);
  if (payload == NULL && !self->taken_back)
    take_back (self);
  lease_soon (self);
}

static void
on_available (RhStore *store, gboolean available, gpointer data)
{
  RhJobs *self = data;

  if (!available)
    return;
  retry_reports (self);
  if (!self->taken_back)
    take_back (self);
  lease_soon (self);
}

RhJobs *
rh_jobs_new (RhStore *store, RhRegistry *registry, RhWorkers *workers, RhGate *gate, const char *host_id)
{
  RhJobs *self;

  g_return_val_if_fail (RH_IS_STORE (store) && RH_IS_REGISTRY (registry) && RH_IS_WORKERS (workers) && host_id != NULL,
                        NULL);

  self = g_object_new (RH_TYPE_JOBS, NULL);
  self->store = g_object_ref (store);
  self->registry = g_object_ref (registry);
  self->workers = g_object_ref (workers);
  self->gate = gate != NULL ? g_object_ref (gate) : NULL;
  self->host_id = g_strdup (host_id);
  self->context = (RhHandContext){ store, workers, gate, registry, self->host_id };
  return self;
}

static void
free_weak (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

void
rh_jobs_start (RhJobs *self)
{
  GWeakRef *weak;

  g_return_if_fail (RH_IS_JOBS (self) && !self->started);

  self->started = TRUE;
  weak = g_new0 (GWeakRef, 1);
  g_weak_ref_init (weak, self);
  /* The store listens for as long as it lives, which may be longer than this object. */
  g_object_weak_ref (G_OBJECT (self->store), (GWeakNotify)(void (*) (void))free_weak, weak);
  rh_store_listen (self->store, "royal_jobs", on_notify, weak);
  self->available = g_signal_connect (self->store, "available", G_CALLBACK (on_available), self);
  self->capacity = g_signal_connect_swapped (self->workers, "capacity", G_CALLBACK (lease_soon), self);
  self->sweep = g_timeout_add (SWEEP_MS, on_sweep, self);
  self->renew_timer = g_timeout_add (RENEW_MS, on_renew_timer, self);
  take_back (self);
}

static gboolean
on_stop_late (gpointer data)
{
  RhJobs *self = data;
  g_autofree char *n = g_strdup_printf ("%u", g_hash_table_size (self->hands));
  GHashTableIter iter;
  gpointer hand;

  self->stop_timer = 0;
  rh_log (RH_LOG_WARNING, "job.left", "jobs could not be handed back; their leases will run out", "jobs", n, NULL);
  g_hash_table_iter_init (&iter, self->hands);
  while (g_hash_table_iter_next (&iter, NULL, &hand))
    if (rh_hand_is_waiting (hand))
      {
        g_hash_table_iter_remove (&iter);
        g_object_unref (self);
      }
  end_stop (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_stop_timeout (gpointer data)
{
  g_autoptr (RhJobs) self = g_object_ref (data);
  g_autoptr (GList) hands = g_hash_table_get_values (self->hands);

  self->stop_timer = g_timeout_add (RETURN_MS, on_stop_late, self);
  for (GList *l = hands; l != NULL; l = l->next)
    rh_hand_return (l->data);
  return G_SOURCE_REMOVE;
}

void
rh_jobs_stop_async (RhJobs *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (RH_IS_JOBS (self) && self->stop == NULL);

  self->stop = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (self->stop, rh_jobs_stop_async);
  g_clear_handle_id (&self->lease_idle, g_source_remove);
  g_clear_handle_id (&self->next_timer, g_source_remove);
  g_clear_signal_handler (&self->capacity, self->workers);
  self->stop_timer = g_timeout_add (timeout_ms, on_stop_timeout, self);
  check_stopped (self);
}

gboolean
rh_jobs_stop_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* A call that returns one job. */
static void
on_job (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhJobs *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->gate != NULL)
    rh_gate_kick (self->gate);
  if (g_task_get_source_tag (task) == rh_jobs_cancel_async)
    renew (self);
  else
    lease_soon (self);
  g_task_return_pointer (task, rh_rows_json (rows, 0, "job"), (GDestroyNotify)json_node_unref);
}

/* The job's runs are children of the request. */
static void
add_trace (JsonObject *job, const char *trace)
{
  JsonObject *context;

  if (trace == NULL)
    return;
  context = json_object_new ();
  json_object_set_string_member (context, "trace", trace);
  json_object_set_object_member (job, "context", context);
}

static gboolean
check_manual (RhJobs *self, JsonNode *job, GError **error)
{
  const char *id = json_object_get_string_member (json_node_get_object (job), "agent");

  if (rh_agent_is_manual (rh_registry_find (self->registry, id)))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED,
               "/agent: agent `%s` is started by its triggers and by workflows alone (its manifest says manual: false)",
               id);
  return FALSE;
}

void
rh_jobs_enqueue_async (RhJobs *self,
                       const RhActor *actor,
                       JsonObject *request,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (JsonNode) job = NULL;
  g_autofree char *text = NULL;
  const char *params[2];
  GError *error = NULL;

  g_return_if_fail (RH_IS_JOBS (self) && actor != NULL && actor->name != NULL && request != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_jobs_enqueue_async);
  job = rh_job_request_check (self->registry, request, &error);
  if (job == NULL || !check_manual (self, job, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  add_trace (json_node_get_object (job), actor->trace);
  text = royal_json_to_string (job);
  params[0] = text;
  params[1] = actor->name;
  rh_store_call_async (self->store, &job_enqueue, actor->workspace, params, NULL, on_job, g_steal_pointer (&task));
}

JsonNode *
rh_jobs_enqueue_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rh_jobs_cancel_async (RhJobs *self, const RhActor *actor, const char *job, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  const char *params[2] = { job, NULL };

  g_return_if_fail (RH_IS_JOBS (self) && actor != NULL && actor->name != NULL && job != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_jobs_cancel_async);
  if (!g_uuid_string_is_valid (job))
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "no job `%.60s`", job);
      return;
    }
  params[1] = actor->name;
  rh_store_call_async (self->store, &job_cancel, actor->workspace, params, NULL, on_job, g_steal_pointer (&task));
}

JsonNode *
rh_jobs_cancel_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
rh_jobs_finalize (GObject *object)
{
  RhJobs *self = RH_JOBS (object);

  g_clear_handle_id (&self->lease_idle, g_source_remove);
  g_clear_handle_id (&self->next_timer, g_source_remove);
  g_clear_handle_id (&self->sweep, g_source_remove);
  g_clear_handle_id (&self->renew_timer, g_source_remove);
  g_clear_signal_handler (&self->available, self->store);
  g_clear_signal_handler (&self->capacity, self->workers);
  g_clear_pointer (&self->hands, g_hash_table_unref);
  g_clear_object (&self->store);
  g_clear_object (&self->registry);
  g_clear_object (&self->workers);
  g_clear_object (&self->gate);
  g_free (self->host_id);
  G_OBJECT_CLASS (rh_jobs_parent_class)->finalize (object);
}

static void
rh_jobs_class_init (RhJobsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_jobs_finalize;
}

static void
rh_jobs_init (RhJobs *self)
{
  self->hands = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)rh_hand_free);
}
