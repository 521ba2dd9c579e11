/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-firings.h"

#include "royal-json.h"

#include <string.h>

/* What one call takes at most: both bound how long a trigger is locked. */
#define TOGETHER_MAX 256
#define BYTES_MAX (2 * 1024 * 1024)

static const RhStatement trigger_fire_all = { "trigger.fire-all", "select * from trigger_fire_all ($1::jsonb)", 1,
                                              TRUE };

typedef struct {
  GTask *task;
  char *text; /* as trigger_fire_all() takes one */
} Put;

struct _RhFirings {
  RhStore *store;
  gint64 workspace;
  GQueue waiting;   /* Put */
  GPtrArray *going; /* (nullable) (element-type Put) */
  guint singly;     /* how many of those at the head go by themselves: together they failed */
};

static void
put_free (gpointer data)
{
  Put *self = data;

  g_clear_object (&self->task);
  g_free (self->text);
  g_free (self);
}

static void send_waiting (RhFirings *self);

static JsonObject *
answer_of (RhRows *rows, guint row)
{
  JsonObject *answer = json_object_new ();
  const char *started = rh_rows_string (rows, row, "started");

  json_object_set_string_member (answer, "started", started != NULL ? started : "");
  json_object_set_boolean_member (answer, "fresh", rh_rows_boolean (rows, row, "fresh"));
  return answer;
}

static void
put_back (RhFirings *self, GPtrArray *puts)
{
  self->singly = puts->len;
  while (puts->len > 0)
    g_queue_push_head (&self->waiting, g_ptr_array_steal_index (puts, puts->len - 1));
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  RhFirings *self = data;
  g_autoptr (GPtrArray) puts = g_steal_pointer (&self->going);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  /* What is to be answered goes last: whoever has this object may go with it. */
  g_autoptr (GObject) owner = g_object_ref (g_task_get_source_object (((Put *)puts->pdata[0])->task));

  /* One that cannot be is no reason to refuse the others. */
  if (rows == NULL && puts->len > 1 && !royal_error_is_unavailable (error))
    put_back (self, puts);
  send_waiting (self);
  for (guint i = 0; i < puts->len; i++)
    {
      Put *put = puts->pdata[i];

      if (rows != NULL)
        g_task_return_pointer (put->task, answer_of (rows, i), (GDestroyNotify)json_object_unref);
      else
        g_task_return_error (put->task, g_error_copy (error));
    }
}

static void
send_waiting (RhFirings *self)
{
  guint most = self->singly > 0 ? 1 : TOGETHER_MAX;
  g_autoptr (GString) text = NULL;

  if (self->going != NULL || g_queue_is_empty (&self->waiting))
    return;
  self->singly -= MIN (self->singly, 1);
  self->going = g_ptr_array_new_with_free_func (put_free);
  text = g_string_new ("[");
  do
    {
      Put *put = g_queue_pop_head (&self->waiting);

      g_string_append_printf (text, "%s%s", self->going->len > 0 ? "," : "", put->text);
      g_ptr_array_add (self->going, put);
  } while (self->going->len < most && !g_queue_is_empty (&self->waiting) && text->len < BYTES_MAX);
  g_string_append_c (text, ']');
  rh_store_call_async (self->store, &trigger_fire_all, self->workspace, (const char *const[]){ text->str }, NULL,
                       on_sent, self);
}

void
rh_firings_put (RhFirings *self, GTask *task, const RhFiring *firing, JsonNode *request)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;
  JsonArray *keys;
  Put *put;

  g_return_if_fail (self != NULL && G_IS_TASK (task) && firing != NULL && request != NULL);

  object = json_object_new ();
  keys = json_array_new ();
  json_array_add_string_element (keys, firing->key);
  for (guint i = 0; firing->others != NULL && firing->others[i] != NULL; i++)
    json_array_add_string_element (keys, firing->others[i]);
  json_object_set_string_member (object, "name", rh_trigger_name (firing->trigger));
  json_object_set_string_member (object, "version", rh_trigger_version (firing->trigger));
  json_object_set_array_member (object, "keys", keys);
  json_object_set_member (object, "request", json_node_copy (request));
  if (firing->trace != NULL)
    json_object_set_string_member (object, "trace", firing->trace);
  if (firing->remember_s > 0)
    json_object_set_int_member (object, "remember_s", firing->remember_s);
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (node, object);
  put = g_new0 (Put, 1);
  put->task = task;
  put->text = royal_json_to_string (node);
  g_queue_push_tail (&self->waiting, put);
  send_waiting (self);
}

RhFirings *
rh_firings_new (RhStore *store, gint64 workspace)
{
  RhFirings *self = g_new0 (RhFirings, 1);

  self->store = g_object_ref (store);
  self->workspace = workspace;
  g_queue_init (&self->waiting);
  return self;
}

void
rh_firings_free (RhFirings *self)
{
  if (self == NULL)
    return;
  g_assert (self->going == NULL && g_queue_is_empty (&self->waiting));
  g_object_unref (self->store);
  g_free (self);
}
