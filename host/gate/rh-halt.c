/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-halt.h"

#include "rh-log.h"
#include "royal-json.h"

/* A host's clock may run a little slower than this one's. */
#define LAPSE_US ((RH_HALT_BEGIN_MS + RH_HALT_BEGIN_MS / 10) * G_GINT64_CONSTANT (1000))
#define ASK_FIRST_MS 5
#define ASK_MAX_MS 100

static const RhStatement stop = { "control.stop", "select control_stop ($1, $2) as told", 2, TRUE };
static const RhStatement pause_one = { "control.pause", "select control_pause ($3, $4, $1, $2) as told", 4, TRUE };
static const RhStatement still_open = { "halt.open", "select host from halt_open ($1::bigint, $2::text[])", 2, FALSE };

static const RhStatement confirm = { "halt.confirm", "select halt_confirm ($1::bigint, $2, $3::bigint)", 3, FALSE };

typedef struct {
  gint64 workspace;
  gint64 halts;
  char *hosts; /* as an array of SQL */
  gint64 lapse_us;
  guint wait_ms;
} Wait;

static void
wait_free (gpointer data)
{
  Wait *self = data;

  g_free (self->hosts);
  g_free (self);
}

/* Hosts' ids, quoted as SQL does it in an array. */
static char *
sql_array (JsonArray *names)
{
  GString *text = g_string_new ("{");

  for (guint i = 0; names != NULL && i < json_array_get_length (names); i++)
    {
      g_autofree char *escaped = g_strescape (json_array_get_string_element (names, i), NULL);

      g_string_append_printf (text, "%s\"%s\"", i > 0 ? "," : "", escaped);
    }
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

/* @rows (nullable): the hosts that have not confirmed. */
static void
answer (GTask *task, RhRows *rows)
{
  const Wait *self = g_task_get_task_data (task);
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *open = json_array_new ();

  for (guint i = 0; rows != NULL && i < rh_rows_n (rows); i++)
    {
      json_array_add_string_element (open, rh_rows_string (rows, i, "host"));
      rh_log (RH_LOG_WARNING, "control.unconfirmed",
              "a host did not confirm the stop; its time to begin anything is over", "host",
              rh_rows_string (rows, i, "host"), NULL);
    }
  json_object_set_int_member (object, "halts", self->halts);
  json_object_set_array_member (object, "unconfirmed", open);
  json_node_take_object (node, object);
  g_task_return_pointer (task, node, (GDestroyNotify)json_node_unref);
}

static void ask (GTask *task);

static gboolean
on_wait_over (gpointer data)
{
  ask (data);
  return G_SOURCE_REMOVE;
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Wait *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  gboolean lapsed = g_get_monotonic_time () >= self->lapse_us;

  if (rows == NULL && lapsed)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (rows != NULL && (lapsed || rh_rows_n (rows) == 0))
    answer (task, rows);
  else
    {
      g_timeout_add_full (G_PRIORITY_DEFAULT, self->wait_ms, on_wait_over, g_object_ref (task), g_object_unref);
      self->wait_ms = MIN (self->wait_ms * 2, ASK_MAX_MS);
    }
}

static void
ask (GTask *task)
{
  const Wait *self = g_task_get_task_data (task);
  g_autofree char *halts = g_strdup_printf ("%" G_GINT64_FORMAT, self->halts);

  rh_store_call_async (g_task_get_source_object (task), &still_open, self->workspace,
                       (const char *const[]){ halts, self->hosts }, NULL, on_asked, g_object_ref (task));
}

static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Wait *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autoptr (JsonNode) told = rows != NULL ? rh_rows_json (rows, 0, "told") : NULL;
  JsonArray *hosts;

  if (told == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  hosts = royal_json_array (json_node_get_object (told), "hosts");
  self->halts = royal_json_int (json_node_get_object (told), "halts", 0);
  self->lapse_us = g_get_monotonic_time () + LAPSE_US;
  if (hosts == NULL || json_array_get_length (hosts) == 0)
    {
      answer (task, NULL);
      return;
    }
  self->hosts = sql_array (hosts);
  ask (task);
}

void
rh_halt_async (RhStore *store, const RhHalt *halt, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;
  Wait *self;

  g_return_if_fail (RH_IS_STORE (store) && halt != NULL && halt->actor != NULL);
  g_return_if_fail ((halt->kind == NULL) == (halt->name == NULL));

  task = g_task_new (store, NULL, callback, data);
  g_task_set_source_tag (task, rh_halt_async);
  self = g_new0 (Wait, 1);
  self->workspace = halt->workspace;
  self->wait_ms = ASK_FIRST_MS;
  g_task_set_task_data (task, self, wait_free);
  rh_store_call_async (
      store, halt->kind != NULL ? &pause_one : &stop, halt->workspace,
      (const char *const[]){ halt->reason != NULL ? halt->reason : "", halt->actor, halt->kind, halt->name }, NULL,
      on_told, task);
}

JsonNode *
rh_halt_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result) && g_async_result_is_tagged (result, rh_halt_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_confirmed (GObject *source, GAsyncResult *result, gpointer data)
{
  /* Whoever stopped waits until this host could begin nothing any more when it does not hear. */
  rh_rows_free (rh_store_call_finish (RH_STORE (source), result, NULL));
}

void
rh_halt_confirm (RhStore *store, const char *workspace, const char *host, const char *halts)
{
  g_return_if_fail (RH_IS_STORE (store) && workspace != NULL && host != NULL && halts != NULL);

  rh_store_call_async (store, &confirm, RH_NO_WORKSPACE, (const char *const[]){ workspace, host, halts }, NULL,
                       on_confirmed, NULL);
}
