/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-connector.h"

G_DEFINE_INTERFACE (RhConnector, rh_connector, G_TYPE_OBJECT)

const RhLaneLimits rh_lane_limits_default = {
  .in_flight = 128,
  .deadline_ms = 60000,
  .cost = 1,
  .breaker = { .window_ms = 30000, .calls_min = 10, .failure_rate = 0.5, .open_ms = 5000, .open_max_ms = 60000 },
};

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

void
rh_effect_retry_after (const RhEffect *effect, guint ms)
{
  g_return_if_fail (effect != NULL);

  if (effect->throttle != NULL)
    effect->throttle->retry_after_ms = MAX (effect->throttle->retry_after_ms, ms);
}

void
rh_effect_left (const RhEffect *effect, double tokens)
{
  g_return_if_fail (effect != NULL);

  if (effect->throttle == NULL)
    return;
  effect->throttle->left = tokens;
  effect->throttle->has_left = TRUE;
}
