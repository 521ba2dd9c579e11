/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-policy.h"
#include "royal-json.h"

#include <string.h>

/* manifests/policy.json: a case for every cell of its table, at its edges. */

static JsonNode *
json (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (quoted, -1, "test", &error);

  g_assert_no_error (error);
  return node;
}

static RhPolicy *
shipped (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "..", "manifests", "policy.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) document = NULL;
  RhPolicy *policy;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  document = royal_json_parse (text, -1, "policy.json", &error);
  g_assert_no_error (error);
  policy = rh_policy_new (document, "policy.json", &error);
  g_assert_no_error (error);
  return policy;
}

typedef struct {
  const char *action;
  const char *facts;
  const char *claims;
  RhDecision decision;
  RhRisk risk;
} Cell;

#define AUTO RH_DECISION_AUTO, RH_RISK_LOW
#define NOTIFY RH_DECISION_NOTIFY, RH_RISK_MEDIUM
#define ASK RH_DECISION_APPROVE, RH_RISK_HIGH
#define ASK_MEDIUM RH_DECISION_APPROVE, RH_RISK_MEDIUM
#define DENY RH_DECISION_DENY, RH_RISK_HIGH

#define PRICE(change, margin, floor) "{'change_pct':" change ",'margin_after':" margin ",'below_floor':" floor "}"

static const Cell cells[] = {
  /* Budgets. */
  { "budget.change", "{'amount':99.99}", "{}", AUTO },
  { "budget.change", "{'amount':-99}", "{}", AUTO },
  { "budget.change", "{'amount':100}", "{}", NOTIFY },
  { "budget.change", "{'amount':1000}", "{}", NOTIFY },
  { "budget.change", "{'amount':-1000}", "{}", NOTIFY },
  { "budget.change", "{'amount':1000.01}", "{}", ASK },
  { "budget.change", "{'amount':-5000}", "{}", ASK },
  { "budget.change", "{}", "{}", ASK },
  /* Prices. */
  { "shopify.price.experiment", PRICE ("5", "3", "false"), "{}", AUTO },
  { "shopify.price.experiment", PRICE ("-5", "3", "false"), "{}", AUTO },
  { "shopify.price.experiment", PRICE ("5.1", "3", "false"), "{}", NOTIFY },
  { "shopify.price.experiment", PRICE ("-19.9", "3", "false"), "{}", NOTIFY },
  { "shopify.price.experiment", PRICE ("20", "3", "false"), "{}", ASK },
  { "shopify.price.update", PRICE ("5", "3", "false"), "{}", NOTIFY },
  { "shopify.price.update", PRICE ("19.99", "3", "false"), "{}", NOTIFY },
  { "shopify.price.update", PRICE ("-19.99", "3", "false"), "{}", NOTIFY },
  { "shopify.price.update", PRICE ("20", "3", "false"), "{}", ASK },
  { "shopify.price.update", PRICE ("-20", "3", "false"), "{}", ASK },
  { "shopify.price.update", PRICE ("1", "0", "true"), "{}", ASK },
  { "shopify.price.update", PRICE ("1", "-0.01", "true"), "{}", DENY },
  { "shopify.price.experiment", PRICE ("1", "-1", "true"), "{}", DENY },
  { "shopify.price.update", "{'change_pct':1,'below_floor':false}", "{}", DENY },
  { "shopify.price.update", "{'change_pct':1,'margin_after':3}", "{}", ASK },
  /* New products. */
  { "shopify.inventory.set", "{'quantity_change':1}", "{}", ASK },
  { "shopify.product.publish", "{'status':'DRAFT'}", "{'confidence':1}", ASK },
  { "shopify.product.update", "{'fields':1}", "{}", ASK },
  { "shopify.product.archive", "{'status':'ACTIVE'}", "{}", ASK },
  { "shopify.collection.set", "{'member_after':true}", "{}", ASK },
  { "shopify.metafield.set", "{'exists':false}", "{}", ASK },
  { "shopify.webhook.subscribe", "{'host':'royal.example'}", "{}", ASK },
  { "shopify.product.create", "{'margin_above_target':true}", "{'confidence':0.9}", NOTIFY },
  { "shopify.product.publish", "{'margin_above_target':true}", "{'confidence':0.9}", NOTIFY },
  { "product.opportunity.open", "{'margin_above_target':true}", "{'confidence':0.89}", ASK },
  { "shopify.product.create", "{'margin_above_target':false}", "{'confidence':1}", ASK },
  { "shopify.product.create", "{}", "{'confidence':1,'margin_above_target':true}", ASK },
  { "shopify.product.create", "{'margin_known':false}", "{'confidence':1}", ASK },
  { "shopify.product.publish", "{'margin_known':true,'margin':0.9}", "{'confidence':1}", ASK }, /* no goal is set */
  { "shopify.product.publish", "{'margin_above_target':true}", "{}", ASK },
  /* Campaigns, refunds, suppliers, expenses. */
  { "campaign.launch", "{'budget':500}", "{}", NOTIFY },
  { "campaign.launch", "{'budget':500.01}", "{}", ASK },
  { "campaign.update", "{}", "{}", ASK },
  { "refund.create", "{'amount':50}", "{}", AUTO },
  { "compensation.grant", "{'amount':0}", "{}", AUTO },
  { "refund.create", "{'amount':50.01}", "{}", ASK },
  { "refund.create", "{'amount':-1}", "{}", ASK },
  { "supplier.restock", "{'supplier_proven':true}", "{}", NOTIFY },
  { "supplier.restock", "{'supplier_proven':false}", "{}", ASK },
  { "supplier.restock", "{}", "{}", ASK },
  { "supplier.onboard", "{}", "{}", ASK },
  { "expense.create", "{'amount':1000}", "{}", ASK_MEDIUM },
  { "expense.create", "{'amount':1000.01}", "{}", ASK },
  { "expense.create", "{}", "{}", ASK },
  /* Orders, markdowns. */
  { "manufacturing.order", "{}", "{}", ASK },
  { "reallocation.order", "{}", "{}", ASK },
  { "replenishment.ship", "{}", "{}", NOTIFY },
  { "forecast.record", "{'total':100000}", "{}", AUTO },
  { "forecast.record", "{'total':100001}", "{}", DENY },
  { "forecast.record", "{'total':0}", "{}", DENY },
  { "forecast.record", "{}", "{}", DENY },
  { "markdown.apply", "{'max_percent':1}", "{}", ASK },
  /* Themes. */
  { "shopify.theme.create", "{'live':false}", "{}", NOTIFY },
  { "shopify.theme.duplicate", "{'live':false}", "{}", NOTIFY },
  { "shopify.theme.files", "{'live':false}", "{}", NOTIFY },
  { "shopify.theme.files", "{'live':true}", "{}", DENY },
  { "shopify.theme.files", "{}", "{}", DENY },
  { "shopify.theme.publish", "{}", "{}", ASK },
  /* git. */
  { "git.branch.push", "{'default_branch':false}", "{}", NOTIFY },
  { "git.branch.push", "{'default_branch':true}", "{}", ASK },
  { "sync.record", "{}", "{}", AUTO },
  { "git.branch.push", "{}", "{}", ASK },
  { "github.pull_request.open", "{}", "{}", NOTIFY },
  { "github.pull_request.update", "{}", "{}", NOTIFY },
  { "github.pull_request.merge", "{}", "{}", ASK },
  { "github.release.create", "{}", "{}", ASK },
  /* Strategy, control, and what nobody has thought of. */
  { "market.enter", "{}", "{}", ASK },
  { "strategy.change", "{}", "{}", ASK },
  { "policy.change", "{}", "{}", ASK },
  { "grant.change", "{}", "{}", ASK },
  { "envelope.grant", "{}", "{}", ASK },
  { "envelope.revoke", "{}", "{}", ASK },
  { "breaker.restore", "{}", "{}", ASK },
  { "breaker.change", "{}", "{}", ASK },
  { "key.trust", "{}", "{}", ASK },
  { "warehouse.burn", "{}", "{}", DENY },
};

static void
test_cells (void)
{
  g_autoptr (RhPolicy) policy = shipped ();

  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    {
      const Cell *cell = &cells[i];
      g_autoptr (JsonNode) facts = json (cell->facts);
      g_autoptr (JsonNode) claims = json (cell->claims);
      RhPolicySubject subject = { .workspace = "demo",
                                  .cluster = "product",
                                  .agent = "any",
                                  .action = cell->action,
                                  .target = "t",
                                  .facts = json_node_get_object (facts),
                                  .claims = json_node_get_object (claims),
                                  .at_s = 1795176000 };
      g_autoptr (RhVerdict) verdict = rh_policy_decide (policy, &subject);

      if (verdict->decision != cell->decision || verdict->risk != cell->risk)
        g_error ("cell %u, %s %s: %s, %s: %s", i, cell->action, cell->facts, rh_decision_name (verdict->decision),
                 rh_risk_name (verdict->risk), verdict->reason);
    }
}

/* Each rule decides at least one cell, so that none is there for nothing. */
static void
test_rules (void)
{
  g_autoptr (RhPolicy) policy = shipped ();
  g_autoptr (GHashTable) used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  JsonArray *rules = royal_json_array (json_node_get_object (rh_policy_document (policy)), "rules");

  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    {
      g_autoptr (JsonNode) facts = json (cells[i].facts);
      g_autoptr (JsonNode) claims = json (cells[i].claims);
      RhPolicySubject subject = { .action = cells[i].action,
                                  .agent = "any",
                                  .facts = json_node_get_object (facts),
                                  .claims = json_node_get_object (claims) };
      g_autoptr (RhVerdict) verdict = rh_policy_decide (policy, &subject);

      for (guint r = 0; verdict->rules[r] != NULL; r++)
        g_hash_table_add (used, g_strdup (verdict->rules[r]));
    }
  for (guint i = 0; i < json_array_get_length (rules); i++)
    {
      const char *name = royal_json_string (json_array_get_object_element (rules, i), "name", "");

      if (!g_hash_table_contains (used, name))
        g_error ("no cell is decided by %s", name);
    }
}

static void
test_asks (void)
{
  g_autoptr (RhPolicy) policy = shipped ();
  RhPolicySubject subject = { .agent = "any", .action = "policy.change" };
  RhPolicySubject markdown = { .agent = "markdown", .action = "markdown.apply" };
  g_autoptr (RhVerdict) control = rh_policy_decide (policy, &subject);
  g_autoptr (RhVerdict) usual = rh_policy_decide (policy, &markdown);
  g_autofree char *a = royal_json_canonical (control->asks);
  g_autofree char *b = royal_json_canonical (usual->asks);

  g_assert_cmpstr (a, ==, "{\"at_deadline\":\"expire\",\"four_eyes\":false,\"quorum\":1,\"roles\":[\"admin\"]}");
  g_assert_cmpstr (b, ==,
                   "{\"at_deadline\":\"expire\",\"four_eyes\":false,\"quorum\":1,\"roles\":[\"admin\",\"approver\"]}");
  g_assert_cmpuint (usual->deadline_s, ==, 86400);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy-shipped/cells", test_cells);
  g_test_add_func ("/policy-shipped/rules", test_rules);
  g_test_add_func ("/policy-shipped/asks", test_asks);
  return g_test_run ();
}
