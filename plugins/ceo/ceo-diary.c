/* SPDX-License-Identifier: Apache-2.0 */
#include "ceo-diary.h"

#include <string.h>

#define STATE "decisions"
#define TRIES 5 /* when another run of the agent writes at the same time */

/* (transfer full): what is kept; an empty list when nothing is. */
static JsonArray *
read_diary (RoyalRun *run, gint64 *version, GError **error)
{
  g_autoptr (JsonNode) node = royal_run_state_get (run, STATE, version, error);

  if (node == NULL)
    return NULL;
  return JSON_NODE_HOLDS_ARRAY (node) ? json_node_dup_array (node) : json_array_new ();
}

static gint64
at_of (JsonObject *entry)
{
  return json_object_get_int_member_with_default (entry, "at", 0);
}

static gboolean
is_of (JsonObject *entry, const char *id)
{
  return strcmp (json_object_get_string_member_with_default (entry, "run", ""), id) == 0;
}

static gboolean
try_put (RoyalRun *run, JsonObject *entry, GError **error)
{
  gint64 version = 0;
  g_autoptr (JsonArray) was = read_diary (run, &version, error);
  g_autoptr (JsonNode) node = NULL;
  JsonArray *diary;
  guint n;

  if (was == NULL)
    return FALSE;
  n = json_array_get_length (was);
  diary = json_array_new ();
  for (guint i = n >= CEO_DIARY_MAX ? n - CEO_DIARY_MAX + 1 : 0; i < n; i++)
    {
      JsonObject *one = json_array_get_object_element (was, i);

      if (!is_of (one, json_object_get_string_member (entry, "run")))
        json_array_add_object_element (diary, json_object_ref (one));
    }
  json_array_add_object_element (diary, json_object_ref (entry));
  node = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (node, diary);
  return royal_run_state_put (run, STATE, node, version, error);
}

gboolean
ceo_diary_put (RoyalRun *run, JsonObject *entry, GError **error)
{
  g_autoptr (JsonObject) owned = entry;

  json_object_set_string_member (entry, "run", royal_run_id (run));
  json_object_set_int_member (entry, "at", g_get_real_time () / 1000);
  for (guint i = 1; i < TRIES; i++)
    {
      g_autoptr (GError) local = NULL;

      if (try_put (run, owned, &local))
        return TRUE;
      if (!royal_error_is_conflict (local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  return try_put (run, owned, error);
}

JsonArray *
ceo_diary_since (RoyalRun *run, gint64 since, GError **error)
{
  gint64 version = 0;
  g_autoptr (JsonArray) all = read_diary (run, &version, error);
  JsonArray *some;

  if (all == NULL)
    return NULL;
  some = json_array_new ();
  for (guint i = 0; i < json_array_get_length (all); i++)
    if (at_of (json_array_get_object_element (all, i)) >= since)
      json_array_add_object_element (some, json_object_ref (json_array_get_object_element (all, i)));
  return some;
}
