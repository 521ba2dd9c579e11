/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-classes.h"

#include "rh-schemas.h"
#include "royal-json.h"

/* (nullable) (transfer none): of the parameters alone. */
static RoyalSchema *
of_parameters (const RhAction *action, GError **error)
{
  RoyalSchema *schema = action->schema != NULL ? rh_schemas_get (action->schema, error) : NULL;

  return schema != NULL && royal_schema_has_classes (schema) ? schema : NULL;
}

/* (nullable) (transfer none): of all that is known of an effect. */
static RoyalSchema *
of_all (RhConnector *connector, const RhAction *action, const char *target)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (connector);
  RoyalSchema *schema = iface->classes != NULL ? iface->classes (connector, action->name, target) : NULL;

  return schema != NULL && royal_schema_has_classes (schema) ? schema : NULL;
}

gboolean
rh_classes_apply (RhConnector *connector, const RhAction *action, const char *target)
{
  g_return_val_if_fail (connector != NULL && action != NULL && target != NULL, FALSE);

  return of_parameters (action, NULL) != NULL || of_all (connector, action, target) != NULL;
}

static gboolean
add (RhPersonal *personal, RoyalSchema *schema, JsonNode *document, gboolean keep, GError **error)
{
  return keep ? rh_personal_add (personal, schema, document, error)
              : rh_personal_know (personal, schema, document, error);
}

gboolean
rh_classes_add (RhPersonal *personal,
                RhConnector *connector,
                const RhAction *action,
                const char *target,
                JsonNode *document,
                gboolean keep,
                GError **error)
{
  g_autoptr (GError) fault = NULL;
  RoyalSchema *schema;
  JsonNode *parameters;

  g_return_val_if_fail (personal != NULL && document != NULL && JSON_NODE_HOLDS_OBJECT (document), FALSE);

  schema = of_parameters (action, &fault);
  if (fault != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&fault));
      return FALSE;
    }
  parameters = json_object_get_member (json_node_get_object (document), "parameters");
  if (schema != NULL && parameters != NULL && !add (personal, schema, parameters, keep, error))
    return FALSE;
  return add (personal, of_all (connector, action, target), document, keep, error);
}
