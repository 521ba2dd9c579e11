/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-intake.h"

#include "rh-log.h"
#include "royal-json.h"

#define BATCH_MAX 200

static const RhStatement submit = { "gate.submit", "select pos, outcome from proposal_submit ($1::jsonb)", 1, TRUE };

struct _RhIntake {
  GObject parent;

  RhStore *store;
  GPtrArray *waiting; /* GTask, each with its Entry */
  guint flush_id;
};

G_DEFINE_FINAL_TYPE (RhIntake, rh_intake, G_TYPE_OBJECT)

typedef struct {
  gint64 workspace;
  JsonNode *row;
  gboolean alone; /* what it says can make the whole call fail */
} Entry;

/* One call. */
typedef struct {
  RhIntake *intake;
  gint64 workspace;
  GPtrArray *tasks;
} Batch;

static void
entry_free (gpointer data)
{
  Entry *self = data;

  json_node_unref (self->row);
  g_free (self);
}

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
  g_object_unref (self->store);
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
}

RhIntake *
rh_intake_new (RhStore *store)
{
  RhIntake *self = g_object_new (RH_TYPE_INTAKE, NULL);

  self->store = g_object_ref (store);
  return self;
}

static void send_batch (RhIntake *self, gint64 workspace, GPtrArray *tasks);

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

static void
on_submitted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Batch) batch = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL && batch->tasks->len > 1 && !royal_error_is_unavailable (error))
    {
      send_one_by_one (batch);
      return;
    }
  if (rows != NULL && rh_rows_n (rows) != batch->tasks->len)
    {
      rh_bug ("proposal_submit() answered for another number of proposals");
      g_set_error (&error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "the database answered for %u of %u proposals",
                   rh_rows_n (rows), batch->tasks->len);
    }
  for (guint i = 0; i < batch->tasks->len; i++)
    if (error != NULL)
      g_task_return_error (batch->tasks->pdata[i], g_error_copy (error));
    else
      g_task_return_pointer (batch->tasks->pdata[rh_rows_int64 (rows, i, "pos") - 1], rh_rows_json (rows, i, "outcome"),
                             (GDestroyNotify)json_node_unref);
}

static void
send_batch (RhIntake *self, gint64 workspace, GPtrArray *tasks)
{
  g_autoptr (JsonNode) list = json_node_new (JSON_NODE_ARRAY);
  g_autofree char *text = NULL;
  Batch *batch = g_new0 (Batch, 1);

  json_node_take_array (list, json_array_sized_new (tasks->len));
  for (guint i = 0; i < tasks->len; i++)
    json_array_add_element (json_node_get_array (list),
                            json_node_ref (((Entry *)g_task_get_task_data (tasks->pdata[i]))->row));
  text = royal_json_to_string (list);

  batch->intake = g_object_ref (self);
  batch->workspace = workspace;
  batch->tasks = g_ptr_array_ref (tasks);
  rh_store_call_async (self->store, &submit, workspace, (const char *const[]){ text }, NULL, on_submitted, batch);
}

static gboolean
flush (gpointer data)
{
  g_autoptr (RhIntake) self = g_object_ref (data);

  self->flush_id = 0;
  while (self->waiting->len > 0)
    {
      const Entry *first = g_task_get_task_data (self->waiting->pdata[0]);
      g_autoptr (GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
      gint64 workspace = first->workspace;

      for (guint i = 0; i < self->waiting->len && tasks->len < BATCH_MAX;)
        {
          const Entry *entry = g_task_get_task_data (self->waiting->pdata[i]);

          if (entry->workspace != workspace || (entry->alone && tasks->len > 0))
            i++;
          else
            {
              g_ptr_array_add (tasks, g_ptr_array_steal_index (self->waiting, i));
              if (entry->alone)
                break;
            }
        }
      send_batch (self, workspace, tasks);
    }
  return G_SOURCE_REMOVE;
}

void
rh_intake_submit_async (RhIntake *self, gint64 workspace, JsonNode *row, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;
  Entry *entry;

  g_return_if_fail (RH_IS_INTAKE (self));
  g_return_if_fail (row != NULL && JSON_NODE_HOLDS_OBJECT (row));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_intake_submit_async);
  entry = g_new0 (Entry, 1);
  entry->workspace = workspace;
  entry->row = json_node_ref (row);
  entry->alone = royal_json_string (json_node_get_object (row), "undoes", NULL) != NULL;
  g_task_set_task_data (task, entry, entry_free);
  g_ptr_array_add (self->waiting, task);
  if (self->flush_id == 0)
    self->flush_id = g_idle_add_full (G_PRIORITY_DEFAULT, flush, self, NULL);
}

JsonNode *
rh_intake_submit_finish (RhIntake *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
