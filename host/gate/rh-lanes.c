/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-lanes.h"

#include "royal-json.h"

#include <string.h>

#define PARK_MS 2000 /* what must wait longer waits in the database */

/* Targets that are known to lead into some lane: past this many the database is not told of more, and hands out what
 * has to be handed back. */
#define PLACES_MAX 1024

struct _RhLanes {
  RhConnectors *connectors;
  const RhLanesHandler *handler;
  gpointer data;
  GHashTable *lanes;  /* name -> RhLane */
  GHashTable *places; /* `action` or `action target` -> RhLane */
  gboolean running;
  guint timer_id; /* when the first lane that waits for time may go on */
  gint64 timer_us;
};

RhLanes *
rh_lanes_new (RhConnectors *connectors, const RhLanesHandler *handler, gpointer data)
{
  RhLanes *self;

  g_return_val_if_fail (RH_IS_CONNECTORS (connectors) && handler != NULL, NULL);

  self = g_new0 (RhLanes, 1);
  self->connectors = g_object_ref (connectors);
  self->handler = handler;
  self->data = data;
  self->lanes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)rh_lane_free);
  self->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
rh_lanes_free (RhLanes *self)
{
  GHashTableIter iter;
  gpointer lane;
  RhWork *work;

  if (self == NULL)
    return;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_hash_table_iter_init (&iter, self->lanes);
  while (g_hash_table_iter_next (&iter, NULL, &lane))
    while ((work = rh_lane_pop (lane)) != NULL)
      rh_work_unref (work);
  g_hash_table_unref (self->places);
  g_hash_table_unref (self->lanes);
  g_object_unref (self->connectors);
  g_free (self);
}

RhLane *
rh_lanes_get (RhLanes *self, const char *action, const char *target)
{
  RhLaneLimits limits = rh_lane_limits_default;
  g_autofree char *origin = NULL;
  g_autofree char *place = NULL;
  RhConnectorInterface *iface;
  RhConnector *connector;
  RhLane *lane, *known;

  g_return_val_if_fail (self != NULL && action != NULL && target != NULL, NULL);

  connector = rh_connectors_for_action (self->connectors, action, NULL);
  if (connector == NULL)
    return NULL;
  iface = RH_CONNECTOR_GET_IFACE (connector);
  place = iface->lane != NULL ? g_strconcat (action, " ", target, NULL) : g_strdup (action);
  lane = g_hash_table_lookup (self->places, place);
  if (lane != NULL)
    return lane;
  if (iface->lane != NULL)
    origin = iface->lane (connector, action, target, &limits);
  lane = rh_lane_new (iface->name (connector), origin, &limits);
  known = g_hash_table_lookup (self->lanes, rh_lane_name (lane));
  if (known != NULL)
    {
      rh_lane_free (lane);
      lane = known;
    }
  else
    g_hash_table_insert (self->lanes, (gpointer)rh_lane_name (lane), lane);
  if (g_hash_table_size (self->places) < PLACES_MAX)
    g_hash_table_insert (self->places, g_steal_pointer (&place), lane);
  return lane;
}

/* --- What moves --------------------------------------------------------------------------------------------------- */

static GList *
all_lanes (RhLanes *self)
{
  return g_hash_table_get_values (self->lanes);
}

static void
park (RhLanes *self, RhLane *lane, guint wait_ms)
{
  g_autoptr (GPtrArray) works = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_work_unref);
  RhWork *work;

  while ((work = rh_lane_pop (lane)) != NULL)
    g_ptr_array_add (works, work);
  if (works->len > 0)
    self->handler->park (works, wait_ms, self->data);
}

static gboolean
on_timer (gpointer data)
{
  RhLanes *self = data;
  g_autoptr (GList) lanes = all_lanes (self);

  self->timer_id = 0;
  for (GList *l = lanes; l != NULL; l = l->next)
    rh_lanes_pump (self, l->data);
  self->handler->look (self->data);
  return G_SOURCE_REMOVE;
}

void
rh_lanes_wake (RhLanes *self, guint wait_ms)
{
  gint64 due_us = g_get_monotonic_time () + (gint64)wait_ms * 1000;

  g_return_if_fail (self != NULL);

  if (!self->running || (self->timer_id != 0 && self->timer_us <= due_us))
    return;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  self->timer_us = due_us;
  self->timer_id = g_timeout_add (wait_ms, on_timer, self);
}

void
rh_lanes_pump (RhLanes *self, RhLane *lane)
{
  RhWork *next;
  gboolean probe;
  guint wait_ms;

  g_return_if_fail (self != NULL && lane != NULL);

  while (self->running && (next = rh_lane_next (lane, &probe, g_get_monotonic_time ())) != NULL)
    {
      g_autoptr (RhWork) work = next;

      work->probe = probe;
      self->handler->pass (work, self->data);
    }
  wait_ms = self->running ? rh_lane_wait_ms (lane, g_get_monotonic_time ()) : 0;
  if (wait_ms > 0)
    rh_lanes_wake (self, wait_ms + 1);
  if (wait_ms >= PARK_MS)
    park (self, lane, wait_ms);
}

void
rh_lanes_enter (RhLanes *self, RhWork *work)
{
  g_return_if_fail (self != NULL && work->lane != NULL);

  rh_lane_push (work->lane, rh_work_ref (work));
  rh_lanes_pump (self, work->lane);
}

void
rh_lanes_over (RhLanes *self, RhWork *work, RhLaneOutcome outcome)
{
  g_return_if_fail (self != NULL && work->lane != NULL);

  g_clear_handle_id (&work->deadline_id, g_source_remove);
  rh_lane_done (work->lane, outcome, outcome == RH_LANE_NOTHING ? NULL : &work->throttle, g_get_monotonic_time ());
}

void
rh_lanes_start (RhLanes *self)
{
  self->running = TRUE;
}

void
rh_lanes_stop (RhLanes *self)
{
  g_autoptr (GList) lanes = all_lanes (self);

  self->running = FALSE;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  for (GList *l = lanes; l != NULL; l = l->next)
    park (self, l->data, 0);
}

/* --- Room --------------------------------------------------------------------------------------------------------- */

guint
rh_lanes_room (RhLanes *self, guint most, char **ret_skip)
{
  g_autoptr (JsonNode) skip = json_node_new (JSON_NODE_ARRAY);
  gint64 now_us = g_get_monotonic_time ();
  guint room = most;
  GHashTableIter iter;
  gpointer place, value;

  g_return_val_if_fail (self != NULL, 0);

  json_node_take_array (skip, json_array_new ());
  g_hash_table_iter_init (&iter, self->places);
  while (g_hash_table_iter_next (&iter, &place, &value))
    if (rh_lane_is_busy (value, now_us))
      json_array_add_string_element (json_node_get_array (skip), place);
    else
      room = MIN (room, most - MIN (rh_lane_held (value), most));
  if (ret_skip != NULL)
    *ret_skip = royal_json_to_string (skip);
  return room;
}

static int
compare_lanes (gconstpointer a, gconstpointer b)
{
  return strcmp (rh_lane_name (a), rh_lane_name (b));
}

JsonNode *
rh_lanes_json (RhLanes *self)
{
  g_autoptr (GList) all = g_list_sort (all_lanes (self), compare_lanes);
  gint64 now_us = g_get_monotonic_time ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, json_array_new ());
  for (GList *l = all; l != NULL; l = l->next)
    json_array_add_element (json_node_get_array (node), rh_lane_json (l->data, now_us));
  return node;
}
