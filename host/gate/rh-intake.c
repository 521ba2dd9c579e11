/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-intake.h"

#include "rh-log.h"
#include "rh-work.h"
#include "royal-json.h"

#define BATCH_MAX 64
#define CALLS_MAX 2 /* at a time, in one workspace: while they are under way the next batch grows */

static const RhStatement submit = {
  "gate.submit",
  "select pos, outcome, effect, uid, state"
  " from proposal_submit ($1::jsonb, $2, $3::int, $4::int, string_to_array ($5, E'\\n'))",
  5, TRUE
};

static const RhStatement note = { "simulation.note", "select simulation_note ($1::uuid, $2::jsonb) as outcome", 2,
                                  TRUE };

struct _RhIntake {
  GObject parent;

  RhStore *store;
  char *host_id;
  RhExecutor *executor;
  GPtrArray *waiting; /* GTask, each with its RhRecord */
  GHashTable *calls;  /* workspace -> how many calls are under way; none = not there */
  guint flush_id;
};

G_DEFINE_FINAL_TYPE (RhIntake, rh_intake, G_TYPE_OBJECT)

/* One call. */
typedef struct {
  RhIntake *intake;
  gint64 workspace;
  GPtrArray *tasks;
  guint reserved; /* room for effects, with the executor */
  gint64 sent_us;
} Batch;

static void
batch_free (Batch *self)
{
  g_object_unref (self->intake);
  g_ptr_array_unref (self->tasks);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Batch, batch_free)

static void
rh_intake_finalize (GObject *object)
{
  RhIntake *self = RH_INTAKE (object);

  g_clear_handle_id (&self->flush_id, g_source_remove);
  g_ptr_array_unref (self->waiting);
  g_hash_table_unref (self->calls);
  g_object_unref (self->executor);
  g_object_unref (self->store);
  g_free (self->host_id);
  G_OBJECT_CLASS (rh_intake_parent_class)->finalize (object);
}

static void
rh_intake_class_init (RhIntakeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_intake_finalize;
}

static void
rh_intake_init (RhIntake *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->calls = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

RhIntake *
rh_intake_new (RhStore *store, const char *host_id, RhExecutor *executor)
{
  RhIntake *self = g_object_new (RH_TYPE_INTAKE, NULL);

  self->store = g_object_ref (store);
  self->host_id = g_strdup (host_id);
  self->executor = g_object_ref (executor);
  return self;
}

static void send_batch (RhIntake *self, gint64 workspace, GPtrArray *tasks);
static void flush_soon (RhIntake *self);

static guint
calls_of (RhIntake *self, gint64 workspace)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->calls, &workspace));
}

static void
count_call (RhIntake *self, gint64 workspace, int change)
{
  guint n = calls_of (self, workspace) + (guint)change;

  if (n == 0)
    g_hash_table_remove (self->calls, &workspace);
  else
    g_hash_table_insert (self->calls, g_memdup2 (&workspace, sizeof workspace), GUINT_TO_POINTER (n));
}

/* The database refused one of many: each is tried by itself, so that only that one fails. */
static void
send_one_by_one (Batch *batch)
{
  for (guint i = 0; i < batch->tasks->len; i++)
    {
      g_autoptr (GPtrArray) one = g_ptr_array_new_with_free_func (g_object_unref);

      g_ptr_array_add (one, g_object_ref (batch->tasks->pdata[i]));
      send_batch (batch->intake, batch->workspace, one);
    }
}

static const RhRecord *
record_of (GPtrArray *tasks, guint i)
{
  return g_task_get_task_data (tasks->pdata[i]);
}

/* What a row of the answer is about. */
static const RhRecord *
answered (const Batch *batch, RhRows *rows, guint row)
{
  return record_of (batch->tasks, (guint)rh_rows_int64 (rows, row, "pos") - 1);
}

/* Hands what the call has started to the executor. */
static void
start_effects (const Batch *batch, RhRows *rows)
{
  RhExecutor *executor = batch->intake->executor;
  g_autoptr (GPtrArray) works = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_work_unref);

  for (guint i = 0; rows != NULL && i < rh_rows_n (rows); i++)
    if (!rh_rows_is_null (rows, i, "effect"))
      g_ptr_array_add (works, rh_work_new_started (rh_rows_int64 (rows, i, "effect"), rh_rows_string (rows, i, "uid"),
                                                   answered (batch, rows, i)->proposal,
                                                   rh_executor_get_connectors (executor)));
  rh_executor_take (executor, batch->reserved, works, batch->sent_us);
}

/* (transfer full): as the database has it, or as it was handed in where that is the same. */
static JsonNode *
outcome_of (const Batch *batch, RhRows *rows, guint row)
{
  if (!rh_rows_is_null (rows, row, "outcome"))
    return rh_rows_json (rows, row, "outcome");
  return rh_record_outcome (answered (batch, rows, row), rh_rows_string (rows, row, "uid"),
                            rh_rows_string (rows, row, "state"));
}

static void
answer (const Batch *batch, RhRows *rows, const GError *error)
{
  for (guint i = 0; i < batch->tasks->len; i++)
    if (rows == NULL)
      g_task_return_error (batch->tasks->pdata[i], g_error_copy (error));
    else
      g_task_return_pointer (batch->tasks->pdata[rh_rows_int64 (rows, i, "pos") - 1], outcome_of (batch, rows, i),
                             (GDestroyNotify)json_node_unref);
}

static void
on_submitted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Batch) batch = data;
  RhIntake *self = batch->intake;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  count_call (self, batch->workspace, -1);
  if (self->waiting->len > 0)
    flush_soon (self);
  if (rows != NULL && rh_rows_n (rows) != batch->tasks->len)
    {
      rh_bug ("proposal_submit() answered for another number of proposals");
      g_set_error (&error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "the database answered for %u of %u proposals",
                   rh_rows_n (rows), batch->tasks->len);
      g_clear_pointer (&rows, rh_rows_free);
    }
  start_effects (batch, rows);
  if (rows == NULL && batch->tasks->len > 1 && !royal_error_is_unavailable (error))
    send_one_by_one (batch);
  else
    answer (batch, rows, error);
}

/* How many of them may start at once: none when one leads where nothing may be sent now. */
static guint
room_for (RhIntake *self, GPtrArray *tasks)
{
  for (guint i = 0; i < tasks->len; i++)
    {
      const RhProposal *proposal = record_of (tasks, i)->proposal;

      if (!rh_executor_is_open (self->executor, proposal->action, proposal->target))
        return 0;
    }
  return rh_executor_reserve (self->executor, tasks->len);
}

static void
send_batch (RhIntake *self, gint64 workspace, GPtrArray *tasks)
{
  g_autoptr (GString) rows = g_string_new ("[");
  g_autoptr (GString) told = g_string_new (NULL);
  Batch *batch = g_new0 (Batch, 1);
  char room[16];

  for (guint i = 0; i < tasks->len; i++)
    {
      const RhRecord *record = record_of (tasks, i);

      g_string_append (rows, i > 0 ? "," : "");
      g_string_append (rows, record->row);
      g_string_append (told, i > 0 ? "\n" : "");
      g_string_append (told, record->told);
    }
  g_string_append_c (rows, ']');

  batch->intake = g_object_ref (self);
  batch->workspace = workspace;
  batch->tasks = g_ptr_array_ref (tasks);
  batch->reserved = room_for (self, tasks);
  batch->sent_us = g_get_monotonic_time ();
  g_snprintf (room, sizeof room, "%u", batch->reserved);
  count_call (self, workspace, 1);
  rh_store_call_async (
      self->store, &submit, workspace,
      (const char *const[]){ rows->str, self->host_id, G_STRINGIFY (RH_EXECUTOR_LEASE_S), room, told->str }, NULL,
      on_submitted, batch);
}

/* What takes back or takes the place of another depends on what became of that one meanwhile: it can make a whole call
 * fail. */
static gboolean
is_alone (const RhProposal *proposal)
{
  return proposal->undoes != NULL || proposal->supersedes != NULL ||
         royal_json_string (proposal->context, "revises", NULL) != NULL;
}

/* (transfer full) (nullable): what the next call takes of what waits, in order: of one workspace that has a call to
 * spare. What can make a whole call fail goes alone. */
static GPtrArray *
next_batch (RhIntake *self, gint64 *ret_workspace)
{
  g_autoptr (GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->waiting->len && tasks->len < BATCH_MAX;)
    {
      const RhProposal *proposal = record_of (self->waiting, i)->proposal;
      gboolean alone = is_alone (proposal);
      gboolean fits = tasks->len == 0 ? calls_of (self, proposal->workspace) < CALLS_MAX
                                      : proposal->workspace == *ret_workspace && !alone;

      if (!fits)
        {
          i++;
          continue;
        }
      *ret_workspace = proposal->workspace;
      g_ptr_array_add (tasks, g_ptr_array_steal_index (self->waiting, i));
      if (alone)
        break;
    }
  return tasks->len > 0 ? g_steal_pointer (&tasks) : NULL;
}

static gboolean
flush (gpointer data)
{
  g_autoptr (RhIntake) self = g_object_ref (data);
  g_autoptr (GPtrArray) tasks = NULL;
  gint64 workspace = RH_NO_WORKSPACE;

  self->flush_id = 0;
  while ((tasks = next_batch (self, &workspace)) != NULL)
    {
      send_batch (self, workspace, tasks);
      g_clear_pointer (&tasks, g_ptr_array_unref);
    }
  return G_SOURCE_REMOVE;
}

static void
flush_soon (RhIntake *self)
{
  if (self->flush_id == 0)
    self->flush_id = g_idle_add_full (G_PRIORITY_DEFAULT, flush, self, NULL);
}

static void
on_noted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, rh_rows_json (rows, 0, "outcome"), (GDestroyNotify)json_node_unref);
}

/* Takes @task: of what a simulation would propose there is a note, and nothing else. */
static void
take_note (RhIntake *self, GTask *task, const char *simulation)
{
  const RhRecord *record = g_task_get_task_data (task);
  const char *params[] = { simulation, record->row };

  rh_store_call_async (self->store, &note, record->proposal->workspace, params, NULL, on_noted, task);
}

void
rh_intake_submit_async (RhIntake *self, RhRecord *record, GAsyncReadyCallback callback, gpointer data)
{
  const char *simulation;
  GTask *task;

  g_return_if_fail (RH_IS_INTAKE (self) && record != NULL);

  simulation = royal_json_string (record->proposal->context, "simulate", NULL);
  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_intake_submit_async);
  g_task_set_task_data (task, record, (GDestroyNotify)rh_record_free);
  if (simulation != NULL)
    {
      take_note (self, task, simulation);
      return;
    }
  g_ptr_array_add (self->waiting, task);
  flush_soon (self);
}

JsonNode *
rh_intake_submit_finish (RhIntake *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
