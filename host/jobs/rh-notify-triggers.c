/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-log.h"
#include "rh-watch.h"
#include "royal-json.h"

#include <string.h>

#define LEASE_S "30"
#define STATE "rh-notify-triggers"
/* What is made up for at once is made up for together. */
#define MISSED_S 30

static const RhStatement trigger_own = { "trigger.own", "select * from trigger_own ($1, $2::int)", 2, RH_WRITES_ROWS };
static const RhStatement trigger_disown = { "trigger.disown", "select trigger_disown ($1)", 1, TRUE };

/* Notifications: every host hears them, one fires. It holds a lease, which the database looks at when it does. */
typedef struct {
  RhTriggers *triggers;
  GHashTable *owned; /* set of names */
  gboolean owning;
  gboolean stopped;
} RhNotifyTriggers;

static void
notify_triggers_clear (gpointer data)
{
  RhNotifyTriggers *self = data;

  g_hash_table_unref (self->owned);
  g_object_unref (self->triggers);
}

static void
notify_triggers_unref (RhNotifyTriggers *self)
{
  g_rc_box_release_full (self, notify_triggers_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhNotifyTriggers, notify_triggers_unref)

static void
on_fired (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *started = rh_triggers_fire_finish (RH_TRIGGERS (source), result, NULL, &error);

  if (started == NULL)
    rh_log (RH_LOG_DEBUG, "trigger.notified", "a notification started nothing", "error", error->message, NULL);
}

/* @payload: NULL: some may have been missed. */
static void
fire (RhNotifyTriggers *self, RhTrigger *trigger, const char *payload)
{
  g_autoptr (JsonNode) happened = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonNode *body = payload != NULL ? royal_json_parse (payload, -1, "payload", NULL) : NULL;
  g_autofree char *key =
      payload != NULL ? g_uuid_string_random ()
                      : g_strdup_printf ("missed %" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC / MISSED_S);

  json_object_set_string_member (object, "channel", royal_json_string (rh_trigger_options (trigger), "channel", ""));
  if (payload != NULL && g_utf8_validate (payload, -1, NULL))
    json_object_set_string_member (object, "payload", payload);
  if (body != NULL)
    json_object_set_member (object, "body", body);
  json_object_set_boolean_member (object, "missed", payload == NULL);
  json_node_take_object (happened, object);
  rh_triggers_fire_async (self->triggers,
                          &(RhFiring){ .trigger = trigger, .key = key, .happened = happened, .owned = TRUE }, on_fired,
                          NULL);
}

static gboolean
makes_up (RhTrigger *trigger)
{
  return strcmp (royal_json_string (rh_trigger_options (trigger), "missed", "skip"), "once") == 0;
}

static void
on_notified (RhTriggers *triggers, const char *channel, const char *payload)
{
  RhNotifyTriggers *self = g_object_get_data (G_OBJECT (triggers), STATE);
  g_autoptr (GPtrArray) all = NULL;

  if (self == NULL)
    return;
  all = rh_triggers_list (triggers, RH_TRIGGER_DATABASE);
  for (guint i = 0; i < all->len; i++)
    if (strcmp (royal_json_string (rh_trigger_options (all->pdata[i]), "channel", ""), channel) == 0 &&
        g_hash_table_contains (self->owned, rh_trigger_name (all->pdata[i])) &&
        (payload != NULL || makes_up (all->pdata[i])))
      fire (self, all->pdata[i], payload);
}

static void
on_owned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhNotifyTriggers) self = data;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);

  self->owning = FALSE;
  if (rows == NULL || self->stopped)
    return;
  g_hash_table_remove_all (self->owned);
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      const char *name = rh_rows_string (rows, i, "name");
      RhTrigger *trigger = rh_triggers_find (self->triggers, name, NULL);

      g_hash_table_add (self->owned, g_strdup (name));
      if (trigger != NULL && rh_rows_boolean (rows, i, "taken") && makes_up (trigger))
        fire (self, trigger, NULL);
    }
}

static void
look (gpointer data)
{
  RhNotifyTriggers *self = data;
  g_autoptr (GPtrArray) all = rh_triggers_list (self->triggers, RH_TRIGGER_DATABASE);

  for (guint i = 0; i < all->len; i++)
    rh_triggers_listen (self->triggers, royal_json_string (rh_trigger_options (all->pdata[i]), "channel", ""),
                        on_notified);
  if (all->len == 0 || self->owning || self->stopped)
    return;
  self->owning = TRUE;
  rh_store_call_async (rh_triggers_store (self->triggers), &trigger_own, rh_triggers_workspace (self->triggers),
                       (const char *const[]){ rh_triggers_host_id (self->triggers), LEASE_S }, NULL, on_owned,
                       g_rc_box_acquire (self));
}

static gpointer
start (RhTriggers *triggers)
{
  RhNotifyTriggers *self = g_rc_box_new0 (RhNotifyTriggers);

  self->triggers = g_object_ref (triggers);
  self->owned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_object_set_data (G_OBJECT (triggers), STATE, self);
  return self;
}

static void
on_disowned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);
}

static void
stop (gpointer data)
{
  RhNotifyTriggers *self = data;

  self->stopped = TRUE;
  g_object_set_data (G_OBJECT (self->triggers), STATE, NULL);
  if (g_hash_table_size (self->owned) > 0)
    rh_store_call_async (rh_triggers_store (self->triggers), &trigger_disown, rh_triggers_workspace (self->triggers),
                         (const char *const[]){ rh_triggers_host_id (self->triggers) }, NULL, on_disowned, NULL);
  notify_triggers_unref (self);
}

const RhWatchKind rh_notify_watch = { NULL, start, look, stop };
