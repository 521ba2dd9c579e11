/* SPDX-License-Identifier: Apache-2.0 */
/* A policy over facts and claims, given as [policy, facts, claims, parameters?, at_s?]: rules decide alike in any
 * order, no rule is overruled by one that allows more, two items pass no sooner than one, and what is said to change a
 * decision is found. */
#include "fuzz.h"
#include "rh-policy.h"
#include "royal-json.h"

#include <string.h>

typedef struct {
  JsonObject *document;
  JsonArray *rules;
  RhPolicySubject subject;
} Case;

/* (nullable): the verdict of these rules; NULL when they are no policy. */
static RhVerdict *
decide (const Case *self, JsonArray *rules)
{
  g_autoptr (JsonNode) document = json_node_alloc ();
  g_autoptr (RhPolicy) policy = NULL;
  JsonObject *object = json_object_new ();

  for (RhRuleKind kind = RH_RULE_LIMIT; kind < RH_N_RULE_KINDS; kind++)
    if (json_object_has_member (self->document, rh_rule_kind_member (kind)))
      json_object_set_member (object, rh_rule_kind_member (kind),
                              json_object_dup_member (self->document, rh_rule_kind_member (kind)));
  json_object_set_array_member (object, "rules", rules);
  json_node_init_object (document, object);
  json_object_unref (object);
  policy = rh_policy_new (document, "input", NULL);
  return policy != NULL ? rh_policy_decide (policy, &self->subject) : NULL;
}

static void
check_reversed (const Case *self, const RhVerdict *all)
{
  JsonArray *reversed = json_array_new ();
  g_autoptr (RhVerdict) verdict = NULL;

  for (guint i = json_array_get_length (self->rules); i > 0; i--)
    json_array_add_element (reversed, json_array_dup_element (self->rules, i - 1));
  verdict = decide (self, reversed);
  g_assert_nonnull (verdict);
  g_assert_cmpint (verdict->decision, ==, all->decision);
  g_assert_cmpint (verdict->risk, ==, all->risk);
}

/* A rule that notifies may refuse by itself what it lets pass beside another, so it is left out. */
static void
check_alone (const Case *self, const RhVerdict *all, guint i)
{
  JsonArray *one = json_array_new ();
  g_autoptr (RhVerdict) verdict = NULL;

  json_array_add_element (one, json_array_dup_element (self->rules, i));
  verdict = decide (self, one);
  g_assert_nonnull (verdict);
  if (strstr (verdict->reason, "no rule matches") == NULL &&
      g_strcmp0 (royal_json_string (json_array_get_object_element (self->rules, i), "decision", ""), "notify") != 0)
    g_assert_cmpint (all->decision, >=, verdict->decision);
}

static void
check_items (const Case *self, const RhVerdict *all)
{
  g_autoptr (JsonNode) document = json_node_alloc ();
  g_autoptr (RhPolicy) policy = NULL;
  g_autoptr (RhVerdict) both = NULL;
  RhPolicySubject items[] = { self->subject, self->subject };
  g_autoptr (JsonNode) explanation = NULL;

  json_node_init_object (document, self->document);
  policy = rh_policy_new (document, "input", NULL);
  both = rh_policy_decide_items (policy, items, G_N_ELEMENTS (items));
  g_assert_cmpint (both->decision, >=, all->decision);
  g_assert_cmpint (rh_policy_decision (policy, &self->subject), ==, all->decision);
  explanation = rh_policy_explain (policy, &self->subject);
  g_assert_cmpstr (royal_json_string (json_node_get_object (explanation), "decision", ""), ==,
                   rh_decision_name (all->decision));
}

static void
check (const Case *self)
{
  g_autoptr (RhVerdict) all = decide (self, json_array_ref (self->rules));

  if (all == NULL)
    return;
  if (all->rules[0] == NULL)
    g_assert_cmpint (all->decision, ==, RH_DECISION_DENY);
  check_reversed (self, all);
  check_items (self, all);
  for (guint i = 0; i < json_array_get_length (self->rules); i++)
    check_alone (self, all, i);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  g_autoptr (JsonNode) node = royal_json_parse ((const char *)data, (gssize)length, "input", NULL);
  g_autoptr (RhPolicy) policy = NULL;
  Case self = { .subject = { "demo", "product", "pricing", "price.set", NULL, NULL, .target = "de-7" } };
  JsonArray *parts;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node) || json_array_get_length (json_node_get_array (node)) < 3)
    return 0;
  parts = json_node_get_array (node);
  for (guint i = 0; i < MIN (json_array_get_length (parts), 4); i++)
    if (!JSON_NODE_HOLDS_OBJECT (json_array_get_element (parts, i)))
      return 0;
  policy = rh_policy_new (json_array_get_element (parts, 0), "input", NULL);
  if (policy == NULL)
    return 0;
  self.document = json_array_get_object_element (parts, 0);
  self.rules = royal_json_array (json_array_get_object_element (parts, 0), "rules");
  self.subject.facts = json_array_get_object_element (parts, 1);
  self.subject.claims = json_array_get_object_element (parts, 2);
  if (json_array_get_length (parts) > 3)
    self.subject.parameters = json_array_get_object_element (parts, 3);
  if (json_array_get_length (parts) > 4 && JSON_NODE_HOLDS_VALUE (json_array_get_element (parts, 4)))
    self.subject.at_s = json_array_get_int_element (parts, 4);
  check (&self);
  return 0;
}
