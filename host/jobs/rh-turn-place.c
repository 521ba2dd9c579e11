/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-turn-place.h"

#include <string.h>

static void
place_free (gpointer data)
{
  RhTurnPlace *self = data;

  g_free (self->prefix);
  g_free (self);
}

GPtrArray *
rh_turn_places (RhTurn *self, const char *path)
{
  GPtrArray *places = g_ptr_array_new_with_free_func (place_free);
  const RhScope *outer;
  RhTurnPlace *place = g_new0 (RhTurnPlace, 1);

  place->prefix = g_strdup ("");
  place->scope.prefix = place->prefix;
  g_ptr_array_add (places, place);
  outer = &place->scope;
  for (const char *dot = strchr (path, '.'); dot != NULL; dot = strchr (dot + 1, '.'))
    {
      g_autofree char *prefix = g_strndup (path, (gsize)(dot + 1 - path));
      const char *bracket = strrchr (prefix, '[');
      g_autofree char *map = bracket != NULL ? g_strndup (prefix, (gsize)(bracket - prefix)) : NULL;
      RhTurnRow *row = map != NULL ? g_hash_table_lookup (self->rows, map) : NULL;
      gint64 index = bracket != NULL ? g_ascii_strtoll (bracket + 1, NULL, 10) : 0;

      if (row == NULL || row->data == NULL || !JSON_NODE_HOLDS_ARRAY (row->data) ||
          index >= json_array_get_length (json_node_get_array (row->data)))
        break;
      place = g_new0 (RhTurnPlace, 1);
      place->prefix = g_steal_pointer (&prefix);
      place->scope = (RhScope){ outer, place->prefix,
                                json_array_get_element (json_node_get_array (row->data), (guint)index), index };
      g_ptr_array_add (places, place);
      outer = &place->scope;
    }
  return places;
}
