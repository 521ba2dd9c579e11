/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-json.h"

#include <royal/proposal.h>

static JsonNode *
parameters_of (int value)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "value", value);
  json_node_take_object (node, object);
  return node;
}

static void
assert_json (RoyalProposal *proposal, const char *wanted)
{
  g_autoptr (JsonNode) node = royal_proposal_to_json (proposal);
  g_autofree char *found = royal_json_canonical (node);

  g_assert_cmpstr (found, ==, wanted);
}

/* A batch: items in the order in which they were added, and no target of its own. */
static void
test_items (void)
{
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("price.set");

  royal_proposal_add_item (proposal, "sku-1", parameters_of (5));
  royal_proposal_add_item (proposal, "sku-2", parameters_of (6));
  royal_proposal_set_title (proposal, "Two prices");
  assert_json (proposal, "{\"action\":\"price.set\",\"items\":[{\"parameters\":{\"value\":5},\"target\":\"sku-1\"},"
                         "{\"parameters\":{\"value\":6},\"target\":\"sku-2\"}],\"parameters\":{},"
                         "\"title\":\"Two prices\"}");
}

static void
test_revert (void)
{
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("price.set");

  royal_proposal_set_target (proposal, "sku-1");
  royal_proposal_set_int (proposal, "value", 5);
  royal_proposal_set_revert (proposal, 3600);
  assert_json (proposal, "{\"action\":\"price.set\",\"parameters\":{\"value\":5},\"revert_after_s\":3600,"
                         "\"target\":\"sku-1\"}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdk-proposal/items", test_items);
  g_test_add_func ("/sdk-proposal/revert", test_revert);
  return g_test_run ();
}
