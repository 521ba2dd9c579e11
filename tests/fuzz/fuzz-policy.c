/* SPDX-License-Identifier: Apache-2.0 */
/* A policy over facts and claims, given as [policy, facts, claims]: rules decide alike in any order, and no rule is
 * overruled by one that allows more. */
#include "fuzz.h"
#include "rh-policy.h"
#include "royal-json.h"

typedef struct {
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
  if (verdict->rules[0] != NULL &&
      g_strcmp0 (royal_json_string (json_array_get_object_element (self->rules, i), "decision", ""), "notify") != 0)
    g_assert_cmpint (all->decision, >=, verdict->decision);
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
  for (guint i = 0; i < json_array_get_length (self->rules); i++)
    check_alone (self, all, i);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  g_autoptr (JsonNode) node = royal_json_parse ((const char *)data, (gssize)length, "input", NULL);
  g_autoptr (RhPolicy) policy = NULL;
  Case self = { .subject = { "demo", "product", "pricing", "price.set", NULL, NULL } };
  JsonArray *parts;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node) || json_array_get_length (json_node_get_array (node)) != 3)
    return 0;
  parts = json_node_get_array (node);
  for (guint i = 0; i < 3; i++)
    if (!JSON_NODE_HOLDS_OBJECT (json_array_get_element (parts, i)))
      return 0;
  policy = rh_policy_new (json_array_get_element (parts, 0), "input", NULL);
  if (policy == NULL)
    return 0;
  self.rules = royal_json_array (json_array_get_object_element (parts, 0), "rules");
  self.subject.facts = json_array_get_object_element (parts, 1);
  self.subject.claims = json_array_get_object_element (parts, 2);
  check (&self);
  return 0;
}
