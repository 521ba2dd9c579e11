/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-view.h"

#include <string.h>

static const char *const names[RH_N_SOURCES] = { "facts", "claims", "parameters" };

const char *
rh_source_name (RhSource source)
{
  g_return_val_if_fail ((guint)source < RH_N_SOURCES, "");

  return names[source];
}

gboolean
rh_source_parse (const char *path, RhSource *ret_source, const char **ret_name)
{
  const char *dot = strchr (path, '.');

  for (guint i = 0; dot != NULL && dot[1] != '\0' && i < RH_N_SOURCES; i++)
    if (strlen (names[i]) == (gsize)(dot - path) && strncmp (path, names[i], (gsize)(dot - path)) == 0)
      {
        *ret_source = (RhSource)i;
        *ret_name = dot + 1;
        return TRUE;
      }
  return FALSE;
}

JsonNode *
rh_view_get (const RhView *self, RhSource source, const char *name)
{
  JsonObject *object = self->objects[source];
  JsonNode *node;

  for (guint i = 0; i < self->n_changes; i++)
    if (self->changes[i].source == source && strcmp (self->changes[i].name, name) == 0)
      return self->changes[i].value;
  node = object != NULL ? json_object_get_member (object, name) : NULL;
  return node != NULL && !JSON_NODE_HOLDS_NULL (node) ? node : NULL;
}
