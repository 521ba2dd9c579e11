/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-verdict.h"

static const char *const risk_names[] = { "low", "medium", "high" };
static const char *const decision_names[RH_N_DECISIONS] = { "auto", "notify", "approve", "deny" };
static const char *const decision_phrases[RH_N_DECISIONS] = {
  [RH_DECISION_AUTO] = "lets it pass",
  [RH_DECISION_NOTIFY] = "lets it pass and tells people",
  [RH_DECISION_APPROVE] = "asks a person",
  [RH_DECISION_DENY] = "denies it",
};

const char *
rh_risk_name (RhRisk risk)
{
  g_return_val_if_fail ((guint)risk < G_N_ELEMENTS (risk_names), "high");

  return risk_names[risk];
}

const char *
rh_decision_name (RhDecision decision)
{
  g_return_val_if_fail ((guint)decision < RH_N_DECISIONS, "deny");

  return decision_names[decision];
}

const char *
rh_decision_phrase (RhDecision decision)
{
  g_return_val_if_fail ((guint)decision < RH_N_DECISIONS, "denies it");

  return decision_phrases[decision];
}

static guint
index_of (const char *name, const char *const *names, guint n)
{
  for (guint i = 0; i < n; i++)
    if (g_strcmp0 (names[i], name) == 0)
      return i;
  return n - 1;
}

RhRisk
rh_risk_from_name (const char *name)
{
  return (RhRisk)index_of (name, risk_names, G_N_ELEMENTS (risk_names));
}

RhDecision
rh_decision_from_name (const char *name)
{
  return (RhDecision)index_of (name, decision_names, RH_N_DECISIONS);
}

void
rh_verdict_free (RhVerdict *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->rules);
  g_free (self->reason);
  g_free (self->envelope);
  g_clear_pointer (&self->asks, json_node_unref);
  g_clear_pointer (&self->limits, json_node_unref);
  g_clear_pointer (&self->explanation, json_node_unref);
  g_free (self);
}
