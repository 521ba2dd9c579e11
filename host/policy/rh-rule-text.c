/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-rule.h"

/* What a rule does, for the end of a sentence. */
static const char *const verbs[RH_N_DECISIONS] = {
  [RH_DECISION_AUTO] = "it passes",
  [RH_DECISION_NOTIFY] = "it passes and people are told",
  [RH_DECISION_APPROVE] = "a person is asked",
  [RH_DECISION_DENY] = "it is denied",
};

static void
append_match (const RhRule *self, GString *text)
{
  static const char *const words[RH_N_MATCHES] = {
    [RH_MATCH_WORKSPACE] = " in workspace ",
    [RH_MATCH_CLUSTER] = " of the cluster ",
    [RH_MATCH_AGENT] = " by ",
    [RH_MATCH_ACTION] = "",
    [RH_MATCH_TARGET] = " on ",
  };
  static const RhMatch order[] = { RH_MATCH_ACTION, RH_MATCH_TARGET, RH_MATCH_AGENT, RH_MATCH_CLUSTER,
                                   RH_MATCH_WORKSPACE };

  if (self->match[RH_MATCH_ACTION] == NULL)
    g_string_append (text, "any action");
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    if (self->match[order[i]] != NULL)
      {
        g_autofree char *globs = rh_globs_text (self->match[order[i]]);

        g_string_append_printf (text, "%s%s", words[order[i]], globs);
      }
}

static void
append_parts (const RhRule *self, GString *text)
{
  for (guint i = 0; self->windows != NULL && i < self->windows->len; i++)
    {
      const RhWindow *window = self->windows->pdata[i];

      g_string_append_printf (text, "%s%s %s", self->kind == RH_RULE ? "; " : ", ", rh_window_text (window),
                              verbs[rh_window_decision (window)]);
    }
  for (guint i = 0; self->budgets != NULL && i < self->budgets->len; i++)
    {
      const RhBudget *budget = self->budgets->pdata[i];

      g_string_append_printf (text, "%s%s: %s", self->kind == RH_RULE ? "; " : ", ", rh_budget_text (budget),
                              verbs[rh_budget_decision (budget)]);
    }
}

char *
rh_rule_sentence (const RhRule *self)
{
  g_autoptr (GString) text = g_string_new ("For ");

  g_return_val_if_fail (self != NULL, NULL);

  append_match (self, text);
  if (self->when != NULL)
    {
      g_string_append (text, " where ");
      rh_condition_sentence (self->when, text);
    }
  if (self->kind == RH_RULE)
    g_string_append_printf (text, ", %s", verbs[self->decision]);
  rh_asks_describe (&self->asks, text);
  append_parts (self, text);
  g_string_append_c (text, '.');
  return g_strdup (text->str);
}
