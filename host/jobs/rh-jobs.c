/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-jobs-private.h"
#include "rh-log.h"

#include <string.h>

#define LEASE_S 30
#define RENEW_MS (LEASE_S * 1000 / 3)
#define SWEEP_MS 1000
/* Every so many sweeps the leases of dead hosts are looked for. */
#define TAKE_BACK_SWEEPS 5
/* After the runs were cancelled: how long their ends and reports are waited for. */
#define RETURN_MS 5000
/* The journal is woken for the queue's events at most so often. */
#define KICK_MS 20

/* A lease in this host's hands, for as long as one of its jobs is. */
typedef struct {
  gint64 id;
  gint64 workspace;
  guint n_hands;
} Lease;

G_DEFINE_FINAL_TYPE (RhJobs, rh_jobs, G_TYPE_OBJECT)

static const RhStatement job_take_back = {
  "job.take-back",
  "select job_take_back ($1, $2::boolean) as n",
  2,
  TRUE,
};
static const RhStatement job_next = {
  "job.next",
  "select job_next () as wait_ms",
  0,
  FALSE,
};
static const RhStatement job_renew = {
  "job.renew",
  "select * from job_renew ($1, $2::bigint[], $3::bigint[], $4::int)",
  4,
  TRUE,
};

static gboolean
on_turn_idle (gpointer data)
{
  RhJobs *self = data;

  self->turn_idle = 0;
  rh_jobs_take_turn (self);
  return G_SOURCE_REMOVE;
}

void
rh_jobs_turn_soon (RhJobs *self)
{
  if (self->turn_idle == 0 && self->started)
    self->turn_idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_turn_idle, self, NULL);
}

static gboolean
on_kick (gpointer data)
{
  RhJobs *self = data;

  self->kick_timer = 0;
  rh_gate_kick (self->gate);
  return G_SOURCE_REMOVE;
}

void
rh_jobs_kick (RhJobs *self)
{
  if (self->gate != NULL && self->kick_timer == 0)
    self->kick_timer = g_timeout_add (KICK_MS, on_kick, self);
}

static void
end_stop (RhJobs *self)
{
  g_autoptr (GTask) stop = g_steal_pointer (&self->stop);

  self->started = FALSE;
  g_clear_handle_id (&self->stop_timer, g_source_remove);
  g_clear_handle_id (&self->renew_timer, g_source_remove);
  g_clear_handle_id (&self->sweep, g_source_remove);
  g_clear_handle_id (&self->turn_idle, g_source_remove);
  if (self->kick_timer != 0)
    {
      g_clear_handle_id (&self->kick_timer, g_source_remove);
      rh_gate_kick (self->gate);
    }
  g_task_return_boolean (stop, TRUE);
}

static void
check_stopped (RhJobs *self)
{
  if (self->stop != NULL && self->turn == NULL && g_hash_table_size (self->hands) == 0)
    end_stop (self);
}

static void
on_hand_ran (RhHand *hand, gpointer data)
{
  rh_jobs_turn_soon (data);
}

static void
on_hand_completed (RhHand *hand, gpointer data)
{
  RhJobs *self = data;

  g_ptr_array_add (self->completed, hand);
  rh_jobs_turn_soon (self);
}

static void
on_hand_done (RhHand *hand, gpointer data)
{
  g_autoptr (RhJobs) self = g_object_ref (data);
  const RhHandIds *ids = rh_hand_ids (hand);
  Lease *lease = g_hash_table_lookup (self->leases, &ids->lease);

  if (lease != NULL && --lease->n_hands == 0)
    g_hash_table_remove (self->leases, &ids->lease);
  g_hash_table_remove (self->hands, hand);
  if (g_hash_table_size (self->hands) == 0)
    g_object_unref (self);
  check_stopped (self);
}

static const RhHandEvents hand_events = {
  .ran = on_hand_ran,
  .completed = on_hand_completed,
  .done = on_hand_done,
};

static gboolean
on_next (gpointer data)
{
  RhJobs *self = data;

  self->next_timer = 0;
  self->resting = FALSE;
  rh_jobs_take_turn (self);
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

static void
add_room (RhJobs *self, RhRound *turn)
{
  g_autoptr (GPtrArray) enabled = rh_registry_list (self->registry);

  for (guint i = 0; i < enabled->len; i++)
    {
      const char *id = rh_agent_id (enabled->pdata[i]);
      guint n = rh_workers_capacity (self->workers, id);
      gint64 *last = n > 0 ? g_hash_table_lookup (self->turns, id) : NULL;

      if (n > 0)
        rh_round_add_room (turn, id, n, last != NULL ? *last : 0, rh_agent_job_limits (enabled->pdata[i]));
    }
}

static void
hold (RhJobs *self, RhHand *hand, const char *agent)
{
  const RhHandIds *ids = rh_hand_ids (hand);
  Lease *lease = g_hash_table_lookup (self->leases, &ids->lease);

  if (lease == NULL)
    {
      lease = g_new0 (Lease, 1);
      lease->id = ids->lease;
      lease->workspace = ids->workspace;
      g_hash_table_insert (self->leases, &lease->id, lease);
      g_hash_table_insert (self->turns, g_strdup (agent), g_memdup2 (&ids->workspace, sizeof ids->workspace));
    }
  lease->n_hands++;
  /* The hands call back. */
  if (g_hash_table_size (self->hands) == 0)
    g_object_ref (self);
  g_hash_table_add (self->hands, hand);
}

static void
start (RhJobs *self, RhHand *hand)
{
  if (self->stop != NULL)
    rh_hand_return (hand);
  else
    rh_hand_start (hand);
}

/* Returns: how many jobs were leased. */
static guint
take_rows (RhJobs *self, RhRows *rows)
{
  g_autoptr (GPtrArray) leased = g_ptr_array_new ();

  for (guint i = 0; i < rh_rows_n (rows); i++)
    if (!rh_rows_is_null (rows, i, "job"))
      {
        RhHand *hand = rh_hand_new (&self->context, rows, i, &hand_events, self);

        hold (self, hand, rh_rows_string (rows, i, "agent"));
        g_ptr_array_add (leased, hand);
      }
  for (guint i = 0; i < leased->len; i++)
    start (self, leased->pdata[i]);
  return leased->len;
}

/* What the database made of the results: it took all but those that it names. */
static void
settle (RhJobs *self, RhRound *turn, RhRows *rows)
{
  g_autoptr (GError) lost = g_error_new_literal (ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "the job is not held any more");
  GPtrArray *hands = rh_round_hands (turn);
  g_autofree gboolean *refused = rh_round_refused (turn, rows);

  for (guint i = 0; i < hands->len; i++)
    if (refused[i])
      rh_hand_refuse (hands->pdata[i], lost);
    else
      rh_hand_accept (hands->pdata[i]);
}

/* A result that the database cannot read must not hold up others: each goes by itself, and nothing is leased with it,
 * then the one that it was fails. */
static void
fail_turn (RhJobs *self, RhRound *turn, const GError *error)
{
  GPtrArray *hands = rh_round_hands (turn);

  if (rh_round_puts (turn)->len > 0)
    return;
  rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "job.turn-failed",
          "jobs could not be reported and leased", "error", error->message, NULL);
  if (hands->len == 1 && rh_round_room (turn) == 0 && !royal_error_is_unavailable (error))
    {
      rh_hand_refuse (hands->pdata[0], error);
      return;
    }
  for (guint i = 0; i < hands->len; i++)
    g_ptr_array_add (self->completed, hands->pdata[i]);
  if (hands->len > 0 && !royal_error_is_unavailable (error))
    self->singly += hands->len;
}

static void
on_turn (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhJobs) self = data;
  g_autoptr (RhRound) turn = g_steal_pointer (&self->turn);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  guint n_leased = 0;

  if (rows == NULL)
    fail_turn (self, turn, error);
  else
    {
      settle (self, turn, rows);
      n_leased = take_rows (self, rows);
      if (n_leased > 0 || rh_round_hands (turn)->len > 0 || rh_round_puts (turn)->len > 0)
        rh_jobs_kick (self);
    }
  rh_jobs_end_puts (self, turn, rows, error);
  if (rh_round_room (turn) > 0)
    self->resting = rows != NULL && n_leased == 0;
  check_stopped (self);
  if (!self->started || royal_error_is_unavailable (error))
    return;
  if (self->turn_again || self->completed->len > 0)
    rh_jobs_turn_soon (self);
  else if (rows != NULL && self->stop == NULL && n_leased < rh_round_room (turn))
    rh_store_call_async (self->store, &job_next, RH_NO_WORKSPACE, NULL, NULL, on_next_known, g_object_ref (self));
}

/* One call at a time: what ends meanwhile goes together with the next. What is asked for goes with what has ended in no
 * call: when it is refused, so is all of the call. */
void
rh_jobs_take_turn (RhJobs *self)
{
  g_autoptr (RhRound) turn = NULL;
  gboolean alone = self->singly > 0;

  if (self->turn != NULL)
    self->turn_again = TRUE;
  if (self->turn != NULL || !self->started || !rh_store_is_available (self->store))
    return;
  self->turn_again = FALSE;
  turn = rh_round_new (self->host_id, LEASE_S);
  rh_round_take_results (turn, self->completed, alone ? 1 : G_MAXUINT);
  self->singly -= MIN (self->singly, rh_round_hands (turn)->len);
  if (self->taken_back && self->stop == NULL && !alone)
    add_room (self, turn);
  if (rh_round_hands (turn)->len == 0 && self->puts_singly == 0)
    rh_round_take_puts (turn, &self->puts, G_MAXUINT);
  if (rh_round_is_empty (turn))
    return;
  self->resting = FALSE;
  self->turn = g_steal_pointer (&turn);
  rh_round_send (self->turn, self->store, on_turn, g_object_ref (self));
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
  rh_jobs_turn_soon (self);
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
  else if (!self->resting || self->completed->len > 0)
    rh_jobs_take_turn (self);
  return G_SOURCE_CONTINUE;
}

/* One call of job_renew() on its way. */
typedef struct {
  RhJobs *jobs;
  GArray *leases; /* gint64 */
} Renewal;

/* {1,2} → each of them. */
static void
cancel_jobs (RhJobs *self, const char *jobs)
{
  g_auto (GStrv) ids = g_strsplit_set (jobs, "{,}", -1);

  for (guint i = 0; ids[i] != NULL; i++)
    {
      g_autoptr (GList) hands = *ids[i] != '\0' ? g_hash_table_get_values (self->hands) : NULL;
      gint64 id = g_ascii_strtoll (ids[i], NULL, 10);

      for (GList *l = hands; l != NULL; l = l->next)
        if (rh_hand_ids (l->data)->job == id)
          rh_hand_cancel (l->data);
    }
}

static void
lose_lease (RhJobs *self, gint64 lease)
{
  g_autoptr (GList) hands = g_hash_table_get_values (self->hands);

  for (GList *l = hands; l != NULL; l = l->next)
    if (rh_hand_ids (l->data)->lease == lease)
      rh_hand_lose (l->data);
}

static void
apply_renewal (RhJobs *self, GArray *leases, RhRows *rows)
{
  g_autoptr (GHashTable) held = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      gint64 id = rh_rows_int64 (rows, i, "lease");

      g_hash_table_add (held, g_memdup2 (&id, sizeof id));
      if (!rh_rows_is_null (rows, i, "cancel"))
        cancel_jobs (self, rh_rows_string (rows, i, "cancel"));
    }
  for (guint i = 0; i < leases->len; i++)
    if (!g_hash_table_contains (held, &g_array_index (leases, gint64, i)))
      lose_lease (self, g_array_index (leases, gint64, i));
}

static void
on_renewed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Renewal *call = data;
  g_autoptr (RhJobs) self = call->jobs;
  g_autoptr (GArray) leases = call->leases;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->renewing = FALSE;
  if (rows != NULL)
    apply_renewal (self, leases, rows);
  else
    rh_log (RH_LOG_WARNING, "job.renew-failed", "leases could not be renewed", "error", error->message, NULL);
  if (self->renew_again)
    rh_jobs_renew (self);
}

void
rh_jobs_renew (RhJobs *self)
{
  g_autoptr (GString) workspaces = g_string_new ("{");
  g_autoptr (GString) ids = g_string_new ("{");
  const char *params[] = { self->host_id, NULL, NULL, G_STRINGIFY (LEASE_S) };
  GHashTableIter iter;
  gpointer lease;
  Renewal *call;

  if (self->renewing)
    self->renew_again = TRUE;
  if (self->renewing || !rh_store_is_available (self->store) || g_hash_table_size (self->leases) == 0)
    return;
  self->renew_again = FALSE;
  call = g_new0 (Renewal, 1);
  call->jobs = g_object_ref (self);
  call->leases = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_hash_table_iter_init (&iter, self->leases);
  while (g_hash_table_iter_next (&iter, NULL, &lease))
    {
      const char *comma = call->leases->len > 0 ? "," : "";

      g_string_append_printf (workspaces, "%s%" G_GINT64_FORMAT, comma, ((Lease *)lease)->workspace);
      g_string_append_printf (ids, "%s%" G_GINT64_FORMAT, comma, ((Lease *)lease)->id);
      g_array_append_val (call->leases, ((Lease *)lease)->id);
    }
  params[1] = g_string_append_c (workspaces, '}')->str;
  params[2] = g_string_append_c (ids, '}')->str;
  self->renewing = TRUE;
  rh_store_call_async (self->store, &job_renew, RH_NO_WORKSPACE, params, NULL, on_renewed, call);
}

static gboolean
on_renew_timer (gpointer data)
{
  rh_jobs_renew (data);
  return G_SOURCE_CONTINUE;
}

static void
on_notify (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  g_autoptr (RhJobs) self = g_object_ref (data);

  if (!self->started)
    return;
  if (payload == NULL || strcmp (payload, "cancel") == 0)
    rh_jobs_renew (self);
  if (payload == NULL && !self->taken_back)
    take_back (self);
  rh_jobs_turn_soon (self);
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
  rh_jobs_turn_soon (self);
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

void
rh_jobs_start (RhJobs *self)
{
  g_return_if_fail (RH_IS_JOBS (self) && !self->started);

  self->started = TRUE;
  rh_store_listen (self->store, "royal_jobs", on_notify, self);
  self->available = g_signal_connect (self->store, "available", G_CALLBACK (on_available), self);
  self->capacity = g_signal_connect_swapped (self->workers, "capacity", G_CALLBACK (rh_jobs_turn_soon), self);
  self->sweep = g_timeout_add (SWEEP_MS, on_sweep, self);
  self->renew_timer = g_timeout_add (RENEW_MS, on_renew_timer, self);
  take_back (self);
}

/* What only waits for the database to be told is left to it. */
static gboolean
is_left (gpointer key, gpointer hand, gpointer data)
{
  RhJobs *self = data;

  return rh_hand_is_waiting (hand) || g_ptr_array_remove (self->completed, hand);
}

static gboolean
on_stop_late (gpointer data)
{
  RhJobs *self = data;
  g_autofree char *n = g_strdup_printf ("%u", g_hash_table_size (self->hands));
  gboolean had_hands = g_hash_table_size (self->hands) > 0;

  self->stop_timer = 0;
  rh_log (RH_LOG_WARNING, "job.left", "jobs could not be handed back; their leases will run out", "jobs", n, NULL);
  g_hash_table_foreach_remove (self->hands, is_left, self);
  end_stop (self);
  if (had_hands && g_hash_table_size (self->hands) == 0)
    g_object_unref (self);
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

static void
rh_jobs_finalize (GObject *object)
{
  RhJobs *self = RH_JOBS (object);

  g_clear_handle_id (&self->turn_idle, g_source_remove);
  g_clear_handle_id (&self->put_idle, g_source_remove);
  g_clear_handle_id (&self->kick_timer, g_source_remove);
  g_clear_handle_id (&self->next_timer, g_source_remove);
  g_clear_handle_id (&self->sweep, g_source_remove);
  g_clear_handle_id (&self->renew_timer, g_source_remove);
  rh_store_unlisten (self->store, self);
  g_clear_signal_handler (&self->available, self->store);
  g_clear_signal_handler (&self->capacity, self->workers);
  g_clear_pointer (&self->completed, g_ptr_array_unref);
  g_clear_pointer (&self->hands, g_hash_table_unref);
  g_clear_pointer (&self->leases, g_hash_table_unref);
  g_clear_pointer (&self->turns, g_hash_table_unref);
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
  self->completed = g_ptr_array_new ();
  self->hands = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)rh_hand_free);
  self->leases = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  self->turns = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}
