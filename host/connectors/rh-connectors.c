/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-connector.h"

#include <string.h>

/* What one name leads to: the connector, and its entry in the connector's static table. */
typedef struct {
  RhConnector *connector;
  const void *entry;
} Place;

struct _RhConnectors {
  GObject parent;

  GHashTable *actions;   /* name -> Place */
  GHashTable *resources; /* name -> Place */
  GPtrArray *all;        /* RhConnector */
};

G_DEFINE_FINAL_TYPE (RhConnectors, rh_connectors, G_TYPE_OBJECT)

static void
place_free (gpointer data)
{
  Place *self = data;

  g_object_unref (self->connector);
  g_free (self);
}

static void
rh_connectors_finalize (GObject *object)
{
  RhConnectors *self = RH_CONNECTORS (object);

  g_hash_table_unref (self->actions);
  g_hash_table_unref (self->resources);
  g_ptr_array_unref (self->all);
  G_OBJECT_CLASS (rh_connectors_parent_class)->finalize (object);
}

static void
rh_connectors_class_init (RhConnectorsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_connectors_finalize;
}

static void
rh_connectors_init (RhConnectors *self)
{
  self->actions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, place_free);
  self->resources = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, place_free);
  self->all = g_ptr_array_new_with_free_func (g_object_unref);
}

RhConnectors *
rh_connectors_new (void)
{
  return g_object_new (RH_TYPE_CONNECTORS, NULL);
}

static void
put (GHashTable *places, const char *name, RhConnector *connector, const void *entry)
{
  Place *place = g_new0 (Place, 1);

  if (g_hash_table_contains (places, name))
    g_error ("two connectors answer for %s", name);
  place->connector = g_object_ref (connector);
  place->entry = entry;
  g_hash_table_insert (places, (gpointer)name, place);
}

void
rh_connectors_add (RhConnectors *self, RhConnector *connector)
{
  RhConnectorInterface *iface;

  g_return_if_fail (RH_IS_CONNECTORS (self));
  g_return_if_fail (RH_IS_CONNECTOR (connector));

  iface = RH_CONNECTOR_GET_IFACE (connector);
  g_ptr_array_add (self->all, g_object_ref (connector));
  if (iface->actions != NULL)
    for (const RhAction *action = iface->actions (connector); action->name != NULL; action++)
      put (self->actions, action->name, connector, action);
  if (iface->resources != NULL)
    for (const RhResource *resource = iface->resources (connector); resource->name != NULL; resource++)
      put (self->resources, resource->name, connector, resource);
}

RhConnector *
rh_connectors_for_action (RhConnectors *self, const char *action, const RhAction **ret_action)
{
  Place *place;

  g_return_val_if_fail (RH_IS_CONNECTORS (self), NULL);
  g_return_val_if_fail (action != NULL, NULL);

  place = g_hash_table_lookup (self->actions, action);
  if (place == NULL)
    return NULL;
  if (ret_action != NULL)
    *ret_action = place->entry;
  return place->connector;
}

RhConnector *
rh_connectors_for_resource (RhConnectors *self, const char *resource, const RhResource **ret_resource)
{
  Place *place;

  g_return_val_if_fail (RH_IS_CONNECTORS (self), NULL);
  g_return_val_if_fail (resource != NULL, NULL);

  place = g_hash_table_lookup (self->resources, resource);
  if (place == NULL)
    return NULL;
  if (ret_resource != NULL)
    *ret_resource = place->entry;
  return place->connector;
}

GPtrArray *
rh_connectors_list (RhConnectors *self)
{
  g_return_val_if_fail (RH_IS_CONNECTORS (self), NULL);

  return g_ptr_array_copy (self->all, (GCopyFunc)(void *)g_object_ref, NULL);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
rh_connectors_actions (RhConnectors *self)
{
  GPtrArray *names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  g_return_val_if_fail (RH_IS_CONNECTORS (self), names);

  g_hash_table_iter_init (&iter, self->actions);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, name);
  g_ptr_array_sort (names, compare_names);
  return names;
}
