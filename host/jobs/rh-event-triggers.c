/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-watch.h"
#include "royal-json.h"

#define BATCH "100"
#define BATCH_N 100
/* Events come in batches of their own; a few of these are looked at together. */
#define SOON_MS 10

static const RhStatement trigger_events = { "trigger.events", "select * from trigger_events ($1::int)", 1, FALSE };
static const RhStatement trigger_advance = {
  "trigger.advance",
  "select trigger_advance ($1, $2, $3::bigint, $4::bigint, $5::jsonb) as n",
  5,
  TRUE,
};

/* Events: each trigger has its place in the feed, in the database; who moves it on has fired for what is between. */
typedef struct {
  RhTriggers *triggers;
  guint soon;
  guint pending; /* statements under way */
  gboolean again;
  gboolean stopped;
} RhEventTriggers;

static void look (gpointer data);

static void
event_triggers_clear (gpointer data)
{
  RhEventTriggers *self = data;

  g_object_unref (self->triggers);
}

static void
event_triggers_unref (RhEventTriggers *self)
{
  g_rc_box_release_full (self, event_triggers_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhEventTriggers, event_triggers_unref)

static void
end_round (RhEventTriggers *self)
{
  if (!self->stopped && self->pending == 0 && self->again)
    look (self);
}

static void
on_advanced (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhEventTriggers) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->pending--;
  if (rows != NULL)
    rh_metric_add (RH_METRIC_TRIGGERS, "event", (double)rh_rows_int64 (rows, 0, "n"));
  if (rows == NULL && !royal_error_is_unavailable (error) &&
      !g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT))
    rh_log (RH_LOG_ERROR, "trigger.advance", "a trigger of events could not be moved on", "error", error->message,
            NULL);
  /* Tried again when something is told, or in a while. */
  if (rows == NULL)
    self->again = FALSE;
  end_round (self);
}

/* (transfer full): { key, request }, or { key, error } when the event makes no input. */
static JsonObject *
firing (RhEventTriggers *self, RhTrigger *trigger, JsonNode *event)
{
  g_autofree char *key = g_strdup_printf ("%" G_GINT64_FORMAT, royal_json_int (json_node_get_object (event), "id", 0));
  g_autoptr (GError) error = NULL;
  JsonNode *request = rh_triggers_request (self->triggers, trigger, event, &error);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "key", key);
  if (request != NULL)
    json_object_set_member (object, "request", request);
  else
    json_object_set_string_member (object, "error", error->message);
  return object;
}

static void
advance (RhEventTriggers *self, RhTrigger *trigger, RhRows *rows, guint row)
{
  g_autoptr (JsonNode) events = rh_rows_json (rows, row, "events");
  JsonArray *list = json_node_get_array (events);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *firings = json_array_new ();
  g_autofree char *text = NULL;

  for (guint i = 0; i < json_array_get_length (list); i++)
    json_array_add_object_element (firings, firing (self, trigger, json_array_get_element (list, i)));
  if (json_array_get_length (list) == BATCH_N)
    self->again = TRUE;
  json_node_take_array (node, firings);
  text = royal_json_to_string (node);
  self->pending++;
  rh_store_call_async (rh_triggers_store (self->triggers), &trigger_advance, rh_triggers_workspace (self->triggers),
                       (const char *const[]){ rh_trigger_name (trigger), rh_trigger_version (trigger),
                                              rh_rows_string (rows, row, "seen"), rh_rows_string (rows, row, "upto"),
                                              text },
                       NULL, on_advanced, g_rc_box_acquire (self));
}

static void
on_events (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhEventTriggers) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autoptr (GPtrArray) own = NULL;

  self->pending--;
  if (self->stopped)
    return;
  if (rows == NULL)
    {
      rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "trigger.events",
              "events could not be read", "error", error->message, NULL);
      return;
    }
  own = rh_triggers_list (self->triggers, RH_TRIGGER_EVENT);
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      RhTrigger *trigger = rh_triggers_find (self->triggers, rh_rows_string (rows, i, "name"), NULL);

      if (trigger != NULL && g_ptr_array_find (own, trigger, NULL) &&
          g_strcmp0 (rh_trigger_version (trigger), rh_rows_string (rows, i, "version")) == 0)
        advance (self, trigger, rows, i);
    }
  end_round (self);
}

static gboolean
on_soon (gpointer data)
{
  RhEventTriggers *self = data;
  g_autoptr (GPtrArray) own = rh_triggers_list (self->triggers, RH_TRIGGER_EVENT);

  self->soon = 0;
  self->again = FALSE;
  if (own->len == 0)
    return G_SOURCE_REMOVE;
  self->pending++;
  rh_store_call_async (rh_triggers_store (self->triggers), &trigger_events, rh_triggers_workspace (self->triggers),
                       (const char *const[]){ BATCH }, NULL, on_events, g_rc_box_acquire (self));
  return G_SOURCE_REMOVE;
}

static void
look (gpointer data)
{
  RhEventTriggers *self = data;

  if (self->pending > 0)
    self->again = TRUE;
  else if (self->soon == 0 && !self->stopped)
    self->soon = g_timeout_add (SOON_MS, on_soon, self);
}

static gpointer
start (RhTriggers *triggers)
{
  RhEventTriggers *self = g_rc_box_new0 (RhEventTriggers);

  /* Not a circle: it ends with stop(). */
  self->triggers = g_object_ref (triggers);
  return self;
}

static void
stop (gpointer data)
{
  RhEventTriggers *self = data;

  self->stopped = TRUE;
  g_clear_handle_id (&self->soon, g_source_remove);
  event_triggers_unref (self);
}

const RhWatchKind rh_event_watch = { "royal_events", start, look, stop };
