/* SPDX-License-Identifier: Apache-2.0 */

/* What the host knows of a product that is to be made or published: what is left of its price, by the catalog and the
 * goals, whatever an agent says it costs. */

#include "retail-fixture.h"
#include "shopify-fake.h"

#include <rh-shopify.h>

#define FEED                                                                                                           \
  "product,supplier,title,price,cost,shipping,shipping_days,rating,reviews,sold\n"                                     \
  "LAMP,Acme,Desk lamp,50.00,20.00,5.00,7,4.5,120,30\n"                                                                \
  "LAMP,Best,Desk lamp,50.00,1.00,,,,,\n"                                                                              \
  "MUG,Acme,Mug,10.00,4.00,,,,,\n"
#define CREATE "shopify.product.create"
#define PUBLISH "shopify.product.publish"

static ShopifyFake *fake;
static RhSecrets *secrets;
static char *dir;

static void
write_file (const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
use_shopify (void)
{
  g_autofree char *text =
      g_strdup_printf ("{'shops':{'main':{'shop':'acme.myshopify.com','token':'good','origin':'http://127.0.0.1:%u',"
                       "'insecure':true,'private':true}}}",
                       shopify_fake_port (fake));
  g_autofree char *file = g_build_filename (dir, "shopify.json", NULL);
  g_autoptr (GError) error = NULL;
  RhSecretsConfig config = { .folder = dir };

  write_file ("shopify.json", g_strdelimit (text, "'", '"'));
  write_file ("good", "good-token\n");
  g_clear_object (&secrets);
  secrets = rh_secrets_new (NULL, &config, retail_workspace, &error);
  g_assert_no_error (error);
  g_clear_object (&retail_connector);
  retail_connector = RH_CONNECTOR (rh_shopify_new (file, retail_store, secrets, &error));
  g_assert_no_error (error);
}

static void
in_workspace (const char *sql)
{
  g_autofree char *text = g_strdup_printf ("set royal.workspace = '%" G_GINT64_FORMAT "'; %s", retail_workspace, sql);

  g_free (retail_value (text));
}

static void
open_opportunity (const char *product, const char *supplier)
{
  g_autofree char *sql = g_strdup_printf (
      "insert into catalog_opportunities (workspace_id, product, supplier, title, price, cost, key, parameters)"
      " values (royal_workspace (), '%s', '%s', 'L', 50, 1, '%s', '{}')",
      product, supplier, product);

  in_workspace (sql);
}

/* (transfer full): the facts of an action. */
static JsonObject *
facts_of (const char *action, const char *target, const char *parameters)
{
  g_autofree char *text = g_strdelimit (g_strdup (parameters), "'", '"');
  g_autoptr (JsonNode) node = retail_json (text);
  const RhEffect effect = {
    .workspace = retail_workspace, .action = action, .target = target, .key = "k", .parameters = retail_object (node)
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) found = retail_assess (&effect, &error);

  g_assert_no_error (error);
  return json_object_ref (retail_object (found->facts));
}

/* @target: 1 above, 0 below, -1 not known. */
static void
assert_facts (JsonObject *facts, double price, double cost, double margin, int target)
{
  g_assert_true (royal_json_boolean (facts, "margin_known", FALSE));
  g_assert_cmpfloat_with_epsilon (royal_json_double (facts, "price", 0), price, 1e-9);
  g_assert_cmpfloat_with_epsilon (royal_json_double (facts, "cost", 0), cost, 1e-9);
  g_assert_cmpfloat_with_epsilon (royal_json_double (facts, "margin", 0), margin, 1e-9);
  g_assert_cmpint (json_object_has_member (facts, "margin_above_target"), ==, target >= 0);
  g_assert_cmpint (json_object_has_member (facts, "margin_goal"), ==, target >= 0);
  if (target >= 0)
    g_assert_cmpint (royal_json_boolean (facts, "margin_above_target", target == 0), ==, target == 1);
}

/* Nothing of it is told where something is not known. */
static void
assert_unknown (const char *action, const char *target, const char *parameters)
{
  static const char *const names[] = { "price", "cost", "margin", "margin_goal", "margin_above_target" };
  g_autoptr (JsonObject) facts = facts_of (action, target, parameters);

  g_assert_false (royal_json_boolean (facts, "margin_known", TRUE));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_false (json_object_has_member (facts, names[i]));
}

static void
assert_create (const char *variants, double price, double cost, double margin, int target)
{
  g_autofree char *parameters = g_strdup_printf ("{'title':'L','variants':[%s]}", variants);
  g_autoptr (JsonObject) facts = facts_of (CREATE, "main/lamp", parameters);

  assert_facts (facts, price, cost, margin, target);
}

#define LAMP(price) "{'sku':'LAMP','price':'" price "','cost':'0.01'}"
#define MUG(price) "{'sku':'MUG','price':'" price "'}"
#define ONE(variant) "{'title':'L','variants':[" variant "]}"

static void
test_create (void)
{
  use_shopify ();
  retail_import_ok ("catalog", NULL, FEED, FALSE, 3, 0, 0);
  assert_unknown (CREATE, "main/lamp", ONE (LAMP ("50"))); /* it is in the catalog, but nobody looks into it */
  open_opportunity ("LAMP", "Acme");
  assert_create (LAMP ("50"), 50, 25, 0.5, -1);
  in_workspace ("select goal_set ('{\"margin\":0.5}', 'test')");
  assert_create (LAMP ("50"), 50, 25, 0.5, 1);
  assert_create (LAMP ("49.99"), 49.99, 25, 0.4999, 0);
  assert_create (LAMP ("20"), 20, 25, -0.25, 0);
  /* Of several the one that leaves least; of what is not known of one nothing is told. */
  assert_unknown (CREATE, "main/lamp", ONE (LAMP ("50") "," MUG ("5")));
  open_opportunity ("MUG", "Acme");
  assert_create (LAMP ("50") "," MUG ("5"), 5, 4, 0.2, 0);
  assert_unknown (CREATE, "main/lamp", ONE (LAMP ("50") ",{'price':'5'}"));
  assert_unknown (CREATE, "main/lamp", ONE (LAMP ("0")));
  /* Another currency cannot be compared. */
  in_workspace ("update workspaces set currency = 'USD' where workspace_id = royal_workspace ()");
  assert_unknown (CREATE, "main/lamp", ONE (LAMP ("50")));
}

static void
make (const char *handle, const char *variants)
{
  g_autofree char *target = g_strdup_printf ("main/%s", handle);
  g_autofree char *text = g_strdup_printf ("{'title':'L','variants':[%s]}", variants);
  g_autoptr (JsonNode) node = retail_json (g_strdelimit (text, "'", '"'));
  const RhEffect effect = {
    .workspace = retail_workspace, .action = CREATE, .target = target, .key = handle, .parameters = retail_object (node)
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) receipt = retail_act (&effect, FALSE, &error);

  g_assert_no_error (error);
}

/* (transfer full): what a proposal to publish it would name. */
static char *
target_of (const char *handle)
{
  g_autoptr (JsonObject) variables = json_object_new ();
  g_autoptr (JsonObject) data = NULL;
  const char *id;

  json_object_set_string_member (variables, "id", handle);
  data = shopify_shop_product_of_handle (shopify_fake_shop (fake), variables);
  id = royal_json_string (royal_json_object (data, "product"), "id", "");
  g_assert_true (g_str_has_prefix (id, "gid://shopify/Product/"));
  return g_strconcat ("main", strrchr (id, '/'), NULL);
}

/* What is published costs what the shop asks for it, not what anybody says. */
static void
test_publish (void)
{
  g_autofree char *lamp = NULL;
  g_autofree char *other = NULL;
  g_autofree char *many = NULL;
  g_autoptr (JsonObject) facts = NULL;
  g_autoptr (GString) variants = g_string_new (LAMP ("50"));

  use_shopify ();
  retail_import_ok ("catalog", NULL, FEED, FALSE, 3, 0, 0);
  open_opportunity ("LAMP", "Acme");
  in_workspace ("select goal_set ('{\"margin\":0.5}', 'test')");
  make ("publish-lamp", LAMP ("62.50"));
  make ("publish-other", "{'sku':'SOFA','price':'62.50'}");
  for (guint i = 1; i <= 100; i++)
    g_string_append (variants, "," LAMP ("50"));
  make ("publish-many", variants->str);
  lamp = target_of ("publish-lamp");
  other = target_of ("publish-other");
  many = target_of ("publish-many");
  facts = facts_of (PUBLISH, lamp, "{}");
  assert_facts (facts, 62.5, 25, 0.6, 1);
  g_assert_cmpstr (royal_json_string (facts, "status", ""), ==, "DRAFT");
  assert_unknown (PUBLISH, other, "{}");
  assert_unknown (PUBLISH, many, "{}"); /* more than are looked at */
  in_workspace ("update catalog_opportunities set state = 'withdrawn' where workspace_id = royal_workspace ()");
  assert_unknown (PUBLISH, lamp, "{}");
}

/* Of what takes one back nothing of it is asked. */
static void
test_undo (void)
{
  g_autofree char *target = NULL;
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) receipt = NULL;
  g_autoptr (RhAssessment) found = NULL;
  g_autoptr (GError) error = NULL;
  RhEffect effect = { .workspace = retail_workspace, .action = PUBLISH, .key = "k" };

  use_shopify ();
  make ("undo-lamp", LAMP ("50"));
  target = target_of ("undo-lamp");
  text = g_strdup_printf ("{\"shop\":\"acme.myshopify.com\",\"id\":\"gid://shopify/Product%s\","
                          "\"before\":{\"status\":\"DRAFT\"}}",
                          strchr (target, '/'));
  receipt = retail_json (text);
  effect.target = target;
  effect.receipt = retail_object (receipt);
  found = retail_assess (&effect, &error);
  g_assert_no_error (error);
  g_assert_false (json_object_has_member (retail_object (found->facts), "margin_known"));
}

static const RetailCase cases[] = {
  { "/product-facts/create", test_create },
  { "/product-facts/publish", test_publish },
  { "/product-facts/undo", test_undo },
};

int
main (int argc, char **argv)
{
  g_autofree char *remove = NULL;
  int code;

  royal_test_init (&argc, &argv);
  royal_test_migrate ();
  fake = shopify_fake_new ();
  dir = g_dir_make_tmp ("royal-facts-XXXXXX", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].path, &cases[i], retail_run);
  code = royal_test_run ();
  g_clear_object (&secrets);
  shopify_fake_free (fake);
  remove = g_strdup_printf ("rm -rf '%s'", dir);
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
  g_free (dir);
  return code;
}
