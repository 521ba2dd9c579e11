/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-connector.h"

G_DEFINE_INTERFACE (RhConnector, rh_connector, G_TYPE_OBJECT)

static void
rh_connector_default_init (RhConnectorInterface *iface)
{
}

void
rh_assessment_free (RhAssessment *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->before, json_node_unref);
  g_clear_pointer (&self->facts, json_node_unref);
  g_clear_pointer (&self->preview, json_node_unref);
  g_free (self);
}
