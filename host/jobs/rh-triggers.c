/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-triggers.h"

#include "rh-firings.h"
#include "rh-job-request.h"
#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-watch.h"
#include "royal-json.h"

#include <string.h>

#define SWEEP_MS 5000

static const RhStatement trigger_sync = { "trigger.sync", "select trigger_sync ($1::text[], $2::jsonb) as n", 2, TRUE };
static const RhStatement trigger_load = { "trigger.load", "select * from trigger_load ()", 0, FALSE };
static const RhStatement trigger_fire = { "trigger.fire",
                                          "select * from trigger_fire ($1, $2, $3, $4::jsonb, $5, $6::int, $7)", 7,
                                          TRUE };
static const RhStatement trigger_fail = { "trigger.fail", "select trigger_fail ($1, $2)", 2, TRUE };

static const RhWatchKind *const watches[] = { &rh_schedules_watch, &rh_event_watch, &rh_notify_watch, &rh_file_watch,
                                              &rh_mail_watch };

typedef struct {
  RhTrigger *trigger;
  gboolean paused;
} Known;

struct _RhTriggers {
  GObject parent_instance;
  RhStore *store;
  RhRegistry *registry;
  RhSecrets *secrets;
  gint64 workspace;
  char *workspace_name;
  char *host_id;
  RhFirings *firings;
  GHashTable *known;     /* name → Known: as the database has them */
  GHashTable *sources;   /* set: whose declarations this host has put there */
  GHashTable *declared;  /* source → GPtrArray of RhTrigger: of documents other than manifests */
  GHashTable *listening; /* set: channels, with who is called */
  RhTriggersTold told;   /* (nullable) */
  gpointer told_data;
  gpointer watching[G_N_ELEMENTS (watches)];
  gboolean started;
  gboolean sync_wanted;
  gboolean load_wanted;
  gboolean busy; /* with either */
  guint sweep;
  gulong changed;
  gulong available;
};

G_DEFINE_FINAL_TYPE (RhTriggers, rh_triggers, G_TYPE_OBJECT)

static void go_on (RhTriggers *self);

static void
known_free (gpointer data)
{
  Known *self = data;

  rh_trigger_unref (self->trigger);
  g_free (self);
}

static void
look (RhTriggers *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (watches); i++)
    if (self->watching[i] != NULL)
      watches[i]->look (self->watching[i]);
}

/* --- what is declared --------------------------------------------------------------------------------------------- */

static JsonObject *
describe (RhTrigger *trigger)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", rh_trigger_name (trigger));
  json_object_set_string_member (object, "source", rh_trigger_source (trigger));
  json_object_set_string_member (object, "kind", rh_trigger_kind_name (rh_trigger_kind (trigger)));
  json_object_set_object_member (object, "target", json_object_ref (rh_trigger_target (trigger)));
  json_object_set_object_member (object, "definition", json_object_ref (rh_trigger_definition (trigger)));
  json_object_set_string_member (object, "version", rh_trigger_version (trigger));
  return object;
}

static void
add_declared (JsonArray *all, GPtrArray *triggers)
{
  for (guint i = 0; i < triggers->len; i++)
    json_array_add_object_element (all, describe (triggers->pdata[i]));
}

/* (transfer full): all that is declared, and notes whose it is. A source that was there before and is not now declares
 * nothing any more. */
static char *
collect (RhTriggers *self)
{
  g_autoptr (GPtrArray) agents = rh_registry_list (self->registry);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *all = json_array_new ();
  GHashTableIter iter;
  gpointer source, triggers;

  for (guint i = 0; i < agents->len; i++)
    {
      g_hash_table_add (self->sources, g_strdup (rh_agent_id (agents->pdata[i])));
      add_declared (all, rh_agent_triggers (agents->pdata[i]));
    }
  g_hash_table_iter_init (&iter, self->declared);
  while (g_hash_table_iter_next (&iter, &source, &triggers))
    {
      g_hash_table_add (self->sources, g_strdup (source));
      add_declared (all, triggers);
    }
  json_node_take_array (node, all);
  return royal_json_to_string (node);
}

/* Names of sources hold no character that an array's text would have to escape. */
static char *
sources_text (RhTriggers *self)
{
  g_autofree gpointer *names = g_hash_table_get_keys_as_array (self->sources, NULL);
  g_autofree char *joined = g_strjoinv (",", (char **)names);

  return g_strdup_printf ("{%s}", joined);
}

static void
on_synced (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhTriggers) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->busy = FALSE;
  if (rows == NULL)
    {
      self->sync_wanted = TRUE;
      rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "trigger.sync",
              "triggers could not be declared", "error", error->message, NULL);
      return;
    }
  self->load_wanted = TRUE;
  go_on (self);
}

static void
sync_all (RhTriggers *self)
{
  g_autofree char *all = collect (self);
  g_autofree char *sources = sources_text (self);
  const char *params[] = { sources, all };

  self->busy = TRUE;
  self->sync_wanted = FALSE;
  rh_store_call_async (self->store, &trigger_sync, self->workspace, params, NULL, on_synced, g_object_ref (self));
}

/* --- what is in force --------------------------------------------------------------------------------------------- */

static void
take_row (RhTriggers *self, RhRows *rows, guint row)
{
  const char *name = rh_rows_string (rows, row, "name");
  const char *source = rh_rows_string (rows, row, "source");
  g_autoptr (JsonNode) target = rh_rows_json (rows, row, "target");
  g_autoptr (JsonNode) definition = rh_rows_json (rows, row, "definition");
  g_autoptr (GError) error = NULL;
  RhTrigger *trigger =
      rh_trigger_new (source, name + MIN (strlen (name), strlen (source) + 1), json_node_get_object (target),
                      json_node_get_object (definition), rh_rows_string (rows, row, "version"), &error);
  Known *known;

  if (trigger == NULL)
    {
      /* Of a host of another version. */
      rh_log (RH_LOG_WARNING, "trigger.load", "a trigger is not understood, and left to other hosts", "trigger", name,
              "error", error->message, NULL);
      return;
    }
  known = g_new0 (Known, 1);
  known->trigger = trigger;
  known->paused = rh_rows_boolean (rows, row, "paused");
  g_hash_table_insert (self->known, (char *)rh_trigger_name (trigger), known);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhTriggers) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->busy = FALSE;
  if (rows == NULL)
    {
      self->load_wanted = TRUE;
      rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "trigger.load",
              "triggers could not be read", "error", error->message, NULL);
      return;
    }
  g_hash_table_remove_all (self->known);
  for (guint i = 0; i < rh_rows_n (rows); i++)
    take_row (self, rows, i);
  if (self->started)
    look (self);
  go_on (self);
}

static void
load_all (RhTriggers *self)
{
  self->busy = TRUE;
  self->load_wanted = FALSE;
  rh_store_call_async (self->store, &trigger_load, self->workspace, NULL, NULL, on_loaded, g_object_ref (self));
}

static void
go_on (RhTriggers *self)
{
  if (self->busy || !self->started || !rh_store_is_available (self->store))
    return;
  if (self->sync_wanted)
    sync_all (self);
  else if (self->load_wanted)
    load_all (self);
}

static void
want_sync (RhTriggers *self)
{
  self->sync_wanted = TRUE;
  go_on (self);
}

static void
on_changed_there (RhTriggers *self, const char *channel, const char *payload)
{
  self->load_wanted = TRUE;
  go_on (self);
}

static void
on_something (RhTriggers *self, const char *channel, const char *payload)
{
  for (guint i = 0; i < G_N_ELEMENTS (watches); i++)
    if (self->watching[i] != NULL && g_strcmp0 (watches[i]->channel, channel) == 0)
      watches[i]->look (self->watching[i]);
}

typedef struct {
  RhTriggers *triggers;
  RhTriggersNotify notify;
} Listening;

static void
listening_free (gpointer data)
{
  Listening *self = data;

  rh_store_unlisten (self->triggers->store, self);
  g_free (self);
}

static void
on_notify (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  const Listening *listening = data;
  g_autoptr (RhTriggers) self = g_object_ref (listening->triggers);

  if (self->started)
    listening->notify (self, channel, payload);
}

void
rh_triggers_listen (RhTriggers *self, const char *channel, RhTriggersNotify notify)
{
  g_return_if_fail (RH_IS_TRIGGERS (self) && channel != NULL && notify != NULL);

  g_autofree char *name = g_strdup_printf ("%s %p", channel, (void *)notify);
  Listening *listening;

  if (g_hash_table_contains (self->listening, name))
    return;
  listening = g_new (Listening, 1);
  *listening = (Listening){ .triggers = self, .notify = notify };
  g_hash_table_insert (self->listening, g_steal_pointer (&name), listening);
  rh_store_listen (self->store, channel, on_notify, listening);
}

static void
on_available (RhStore *store, gboolean available, gpointer data)
{
  if (available)
    go_on (data);
}

static gboolean
on_sweep (gpointer data)
{
  RhTriggers *self = data;

  go_on (self);
  if (rh_store_is_available (self->store))
    look (self);
  return G_SOURCE_CONTINUE;
}

/* --- firing ------------------------------------------------------------------------------------------------------- */

static gboolean
can_start (RhTriggers *self, RhTrigger *trigger)
{
  JsonObject *target = rh_trigger_target (trigger);
  const char *id = royal_json_string (target, "agent", NULL);
  RhAgent *agent = id != NULL ? rh_registry_find (self->registry, id) : NULL;

  /* What a workflow is stands in the database. */
  return json_object_has_member (target, "workflow") ||
         (agent != NULL && rh_agent_has_task (agent, royal_json_string (target, "task", "")));
}

JsonNode *
rh_triggers_request (RhTriggers *self, RhTrigger *trigger, JsonNode *happened, GError **error)
{
  g_autoptr (JsonObject) request = NULL;

  g_return_val_if_fail (RH_IS_TRIGGERS (self) && trigger != NULL && happened != NULL, NULL);

  request = json_object_new ();
  if (json_object_has_member (rh_trigger_target (trigger), "workflow"))
    {
      json_object_set_string_member (request, "workflow",
                                     royal_json_string (rh_trigger_target (trigger), "workflow", ""));
      json_object_set_member (request, "input", rh_trigger_input (trigger, happened));
      return json_node_init_object (json_node_alloc (), request);
    }
  json_object_set_string_member (request, "agent", royal_json_string (rh_trigger_target (trigger), "agent", ""));
  json_object_set_string_member (request, "task", royal_json_string (rh_trigger_target (trigger), "task", ""));
  json_object_set_string_member (request, "priority",
                                 royal_json_string (rh_trigger_definition (trigger), "priority", "normal"));
  json_object_set_member (request, "input", rh_trigger_input (trigger, happened));
  return rh_job_request_check (self->registry, request, error);
}

static void
on_failed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhTriggers) self = data;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);
}

void
rh_triggers_fail (RhTriggers *self, RhTrigger *trigger, const char *message)
{
  g_return_if_fail (RH_IS_TRIGGERS (self) && trigger != NULL && message != NULL);

  const char *params[] = { rh_trigger_name (trigger), message };

  rh_metric_add (RH_METRIC_TRIGGER_ERRORS, rh_trigger_kind_name (rh_trigger_kind (trigger)), 1);
  rh_log (RH_LOG_WARNING, "trigger.failed", "a trigger could not start what it starts", "trigger",
          rh_trigger_name (trigger), "error", message, NULL);
  rh_store_call_async (self->store, &trigger_fail, self->workspace, params, NULL, on_failed, g_object_ref (self));
}

/* The trigger, told of what became of a firing. (transfer full): @answer { "started", "fresh" }, or @error. */
static void
end_firing (GTask *task, JsonObject *answer, GError *error)
{
  RhTriggers *self = g_task_get_source_object (task);
  RhTrigger *trigger = g_task_get_task_data (task);

  if (answer == NULL)
    {
      if (!royal_error_is_unavailable (error) && !g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT))
        rh_triggers_fail (self, trigger, error->message);
      g_task_return_error (task, error);
      return;
    }
  if (royal_json_boolean (answer, "fresh", FALSE))
    {
      rh_metric_add (RH_METRIC_TRIGGERS, rh_trigger_kind_name (rh_trigger_kind (trigger)), 1);
      rh_log (RH_LOG_INFO, "trigger.fired", "a trigger started something", "trigger", rh_trigger_name (trigger), "id",
              royal_json_string (answer, "started", ""), NULL);
    }
  g_task_return_pointer (task, answer, (GDestroyNotify)json_object_unref);
}

static void
on_put (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonObject *answer = g_task_propagate_pointer (G_TASK (result), &error);

  end_firing (task, answer, error);
}

static void
on_fired (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  JsonObject *answer = NULL;

  if (rows != NULL)
    {
      answer = json_object_new ();
      json_object_set_string_member (answer, "started",
                                     rh_rows_is_null (rows, 0, "started") ? "" : rh_rows_string (rows, 0, "started"));
      json_object_set_boolean_member (answer, "fresh", rh_rows_boolean (rows, 0, "fresh"));
    }
  end_firing (task, answer, error);
}

/* For a notification, which one host listens for: only when this is the one. */
static void
fire_owned (RhTriggers *self, const RhFiring *firing, JsonNode *request, GTask *task)
{
  g_autofree char *text = royal_json_to_string (request);
  g_autofree char *remember = firing->remember_s > 0 ? g_strdup_printf ("%u", firing->remember_s) : NULL;

  rh_store_call_async (self->store, &trigger_fire, self->workspace,
                       (const char *const[]){ rh_trigger_name (firing->trigger), rh_trigger_version (firing->trigger),
                                              firing->key, text, firing->trace, remember, self->host_id },
                       NULL, on_fired, task);
}

void
rh_triggers_fire_async (RhTriggers *self, const RhFiring *firing, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (JsonNode) request = NULL;
  GError *error = NULL;

  g_return_if_fail (RH_IS_TRIGGERS (self) && firing != NULL && firing->trigger != NULL && firing->key != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_triggers_fire_async);
  g_task_set_task_data (task, rh_trigger_ref (firing->trigger), (GDestroyNotify)rh_trigger_unref);
  request = rh_triggers_request (self, firing->trigger, firing->happened, &error);
  if (request == NULL)
    {
      g_assert (error != NULL);
      rh_triggers_fail (self, firing->trigger, error->message);
      g_task_return_error (task, error);
      return;
    }
  if (firing->owned)
    fire_owned (self, firing, request, g_steal_pointer (&task));
  else
    rh_firings_put (self->firings, g_task_new (self, NULL, on_put, g_steal_pointer (&task)), firing, request);
}

char *
rh_triggers_fire_finish (RhTriggers *self, GAsyncResult *result, gboolean *ret_fresh, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  g_autoptr (JsonObject) answer = g_task_propagate_pointer (G_TASK (result), error);

  if (answer == NULL)
    return NULL;
  if (ret_fresh != NULL)
    *ret_fresh = royal_json_boolean (answer, "fresh", FALSE);
  return g_strdup (royal_json_string (answer, "started", ""));
}

char *
rh_trigger_key (const char *bytes, gsize length)
{
  g_autofree char *hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)bytes, length);

  hash[40] = '\0';
  return g_steal_pointer (&hash);
}

/* --- the object --------------------------------------------------------------------------------------------------- */

RhTrigger *
rh_triggers_find (RhTriggers *self, const char *name, gboolean *ret_paused)
{
  g_return_val_if_fail (RH_IS_TRIGGERS (self) && name != NULL, NULL);

  const Known *known = g_hash_table_lookup (self->known, name);

  if (known != NULL && ret_paused != NULL)
    *ret_paused = known->paused;
  return known != NULL ? known->trigger : NULL;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (rh_trigger_name (*(RhTrigger *const *)a), rh_trigger_name (*(RhTrigger *const *)b));
}

GPtrArray *
rh_triggers_list (RhTriggers *self, RhTriggerKind kind)
{
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_trigger_unref);
  GHashTableIter iter;
  gpointer value;

  g_return_val_if_fail (RH_IS_TRIGGERS (self), found);

  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Known *known = value;

      if (rh_trigger_kind (known->trigger) == kind && !known->paused && can_start (self, known->trigger))
        g_ptr_array_add (found, rh_trigger_ref (known->trigger));
    }
  g_ptr_array_sort (found, compare_names);
  return found;
}

GPtrArray *
rh_triggers_of_service (RhTriggers *self, const char *service)
{
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_trigger_unref);
  GHashTableIter iter;
  gpointer value;

  g_return_val_if_fail (RH_IS_TRIGGERS (self) && service != NULL, found);

  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      RhTrigger *trigger = ((const Known *)value)->trigger;

      if (rh_trigger_kind (trigger) == RH_TRIGGER_WEBHOOK &&
          g_strcmp0 (royal_json_string (rh_trigger_options (trigger), "service", NULL), service) == 0)
        g_ptr_array_add (found, rh_trigger_ref (trigger));
    }
  g_ptr_array_sort (found, compare_names);
  return found;
}

void
rh_triggers_on_delivery (RhTriggers *self, RhTriggersTold told, gpointer data)
{
  g_return_if_fail (RH_IS_TRIGGERS (self));

  self->told = told;
  self->told_data = data;
}

void
rh_triggers_tell (RhTriggers *self, const char *service, JsonNode *happened)
{
  g_return_if_fail (RH_IS_TRIGGERS (self) && service != NULL);

  if (self->told != NULL)
    self->told (service, json_node_get_object (happened), self->told_data);
}

RhStore *
rh_triggers_store (RhTriggers *self)
{
  g_return_val_if_fail (RH_IS_TRIGGERS (self), NULL);
  return self->store;
}

RhSecrets *
rh_triggers_secrets (RhTriggers *self)
{
  g_return_val_if_fail (RH_IS_TRIGGERS (self), NULL);
  return self->secrets;
}

gint64
rh_triggers_workspace (RhTriggers *self)
{
  g_return_val_if_fail (RH_IS_TRIGGERS (self), RH_NO_WORKSPACE);
  return self->workspace;
}

const char *
rh_triggers_workspace_name (RhTriggers *self)
{
  g_return_val_if_fail (RH_IS_TRIGGERS (self), NULL);
  return self->workspace_name;
}

const char *
rh_triggers_host_id (RhTriggers *self)
{
  g_return_val_if_fail (RH_IS_TRIGGERS (self), NULL);
  return self->host_id;
}

void
rh_triggers_declare (RhTriggers *self, const char *const *sources, GPtrArray *triggers)
{
  g_return_if_fail (RH_IS_TRIGGERS (self) && sources != NULL && triggers != NULL);

  for (guint i = 0; sources[i] != NULL; i++)
    {
      GPtrArray *own = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_trigger_unref);

      for (guint t = 0; t < triggers->len; t++)
        if (strcmp (rh_trigger_source (triggers->pdata[t]), sources[i]) == 0)
          g_ptr_array_add (own, rh_trigger_ref (triggers->pdata[t]));
      g_hash_table_insert (self->declared, g_strdup (sources[i]), own);
    }
  want_sync (self);
}

RhTriggers *
rh_triggers_new (RhStore *store,
                 RhRegistry *registry,
                 RhSecrets *secrets,
                 gint64 workspace,
                 const char *workspace_name,
                 const char *host_id)
{
  RhTriggers *self;

  g_return_val_if_fail (RH_IS_STORE (store) && RH_IS_REGISTRY (registry) && RH_IS_SECRETS (secrets), NULL);
  g_return_val_if_fail (workspace_name != NULL && host_id != NULL, NULL);

  self = g_object_new (RH_TYPE_TRIGGERS, NULL);
  self->store = g_object_ref (store);
  self->registry = g_object_ref (registry);
  self->secrets = g_object_ref (secrets);
  self->workspace = workspace;
  self->firings = rh_firings_new (store, workspace);
  self->workspace_name = g_strdup (workspace_name);
  self->host_id = g_strdup (host_id);
  return self;
}

void
rh_triggers_start (RhTriggers *self)
{
  g_return_if_fail (RH_IS_TRIGGERS (self) && !self->started);

  self->started = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (watches); i++)
    self->watching[i] = watches[i]->start (self);
  self->changed = g_signal_connect_swapped (self->registry, "changed", G_CALLBACK (want_sync), self);
  self->available = g_signal_connect (self->store, "available", G_CALLBACK (on_available), self);
  self->sweep = g_timeout_add (SWEEP_MS, on_sweep, self);
  rh_triggers_listen (self, "royal_triggers", on_changed_there);
  for (guint i = 0; i < G_N_ELEMENTS (watches); i++)
    if (watches[i]->channel != NULL)
      rh_triggers_listen (self, watches[i]->channel, on_something);
  want_sync (self);
}

void
rh_triggers_stop (RhTriggers *self)
{
  g_return_if_fail (RH_IS_TRIGGERS (self));

  self->started = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (watches); i++)
    if (self->watching[i] != NULL)
      watches[i]->stop (g_steal_pointer (&self->watching[i]));
  g_clear_signal_handler (&self->changed, self->registry);
  g_clear_signal_handler (&self->available, self->store);
  g_clear_handle_id (&self->sweep, g_source_remove);
}

static void
rh_triggers_dispose (GObject *object)
{
  RhTriggers *self = RH_TRIGGERS (object);

  if (self->store != NULL)
    rh_triggers_stop (self);
  G_OBJECT_CLASS (rh_triggers_parent_class)->dispose (object);
}

static void
rh_triggers_finalize (GObject *object)
{
  RhTriggers *self = RH_TRIGGERS (object);

  g_clear_pointer (&self->firings, rh_firings_free);
  g_hash_table_unref (self->listening);
  g_clear_object (&self->store);
  g_clear_object (&self->registry);
  g_clear_object (&self->secrets);
  g_free (self->workspace_name);
  g_free (self->host_id);
  g_hash_table_unref (self->known);
  g_hash_table_unref (self->sources);
  g_hash_table_unref (self->declared);
  G_OBJECT_CLASS (rh_triggers_parent_class)->finalize (object);
}

static void
rh_triggers_class_init (RhTriggersClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rh_triggers_dispose;
  G_OBJECT_CLASS (klass)->finalize = rh_triggers_finalize;
}

static void
rh_triggers_init (RhTriggers *self)
{
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, known_free);
  self->sources = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->listening = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, listening_free);
  self->declared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
}
