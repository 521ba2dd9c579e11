/* SPDX-License-Identifier: Apache-2.0 */

/* The shopify connector against a fake on loopback that keeps state. */

#include "connector-conformance.h"
#include "royal-test.h"
#include "shopify-fake.h"

#include <rh-shopify.h>
#include <royal-json.h>
#include <royal/error.h>
#include <string.h>

typedef struct {
  ShopifyFake *fake;
  char *dir;
  RhSecrets *secrets;
  RhShopify *shopify;
  RhConnectorInterface *iface;
} World;

static void
write_file (const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

#define PLACE                                                                                                          \
  "{'shop':'acme.myshopify.com','token':'%s','origin':'http://127.0.0.1:%u','insecure':true,'private':true,"           \
  "'margin_min_pct':50,'timeout_ms':2000,'settle_ms':20"
#define APP                                                                                                            \
  ",'app':{'id':'id','secret':'secret','callback':'http://127.0.0.1/oauth/shopify/callback',"                          \
  "'scopes':['read_products'],'refresh':'refresh'}"

static World *
world_new (void)
{
  World *self = g_new0 (World, 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *file = NULL;
  RhSecretsConfig config;
  guint port;

  self->fake = shopify_fake_new ();
  self->dir = g_dir_make_tmp ("royal-shopify-XXXXXX", NULL);
  port = shopify_fake_port (self->fake);
  text = g_strdup_printf ("{'shops':{'main':" PLACE "},'bad':" PLACE "},'renewed':" PLACE APP "}}}", "good", port,
                          "bad", port, "good", port);
  write_file (self->dir, "good", "good-token\n");
  write_file (self->dir, "bad", "bad-token\n");
  write_file (self->dir, "shopify.json", g_strdelimit (text, "'", '"'));
  file = g_build_filename (self->dir, "shopify.json", NULL);
  config = (RhSecretsConfig){ .folder = self->dir };
  self->secrets = rh_secrets_new (NULL, &config, RH_NO_WORKSPACE, &error);
  g_assert_no_error (error);
  self->shopify = rh_shopify_new (file, NULL, self->secrets, &error);
  g_assert_no_error (error);
  self->iface = RH_CONNECTOR_GET_IFACE (self->shopify);
  return self;
}

static void
world_free (World *self)
{
  g_autofree char *remove = g_strdup_printf ("rm -rf '%s'", self->dir);

  g_object_unref (self->shopify);
  g_object_unref (self->secrets);
  royal_test_spin (20);
  shopify_fake_free (self->fake);
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
  g_free (self->dir);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

static JsonNode *
json (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  JsonNode *node = royal_json_parse (quoted, -1, "parameters", NULL);

  g_assert_nonnull (node);
  return node;
}

#define PRICE "shopify.price.update"

static RhAssessment *
assess (World *self, const char *action, const char *target, const char *parameters, GError **error)
{
  g_autoptr (JsonNode) node = json (parameters);
  RhEffect effect = { .action = action, .target = target, .parameters = json_node_get_object (node) };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  self->iface->assess_async (RH_CONNECTOR (self->shopify), &effect, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  return self->iface->assess_finish (RH_CONNECTOR (self->shopify), done, error);
}

static JsonNode *
apply (World *self,
       const char *action,
       const char *target,
       const char *parameters,
       RhThrottle *throttle,
       GError **error)
{
  g_autoptr (JsonNode) node = json (parameters);
  RhEffect effect = {
    .action = action, .target = target, .key = "k", .parameters = json_node_get_object (node), .throttle = throttle
  };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  self->iface->apply_async (RH_CONNECTOR (self->shopify), &effect, royal_test_result, &result);
  done = royal_test_wait (&result);
  return self->iface->apply_finish (RH_CONNECTOR (self->shopify), done, error);
}

static const struct {
  const char *action;
  const char *target;
  const char *parameters[2];
  gboolean observes;
} conforming[] = {
  { PRICE, "main/1", { "{'price':'90'}", "{'price':'80.50','compare_at_price':'100.00'}" }, TRUE },
  { "shopify.inventory.set", "main/1", { "{'location':1,'quantity':9}", "{'location':1,'quantity':8}" }, TRUE },
  { "shopify.product.update",
    "main/1",
    { "{'title':'A','tags':['c','b']}", "{'title':'B','description_html':'<p>b</p>','tags':[]}" },
    TRUE },
  { "shopify.product.publish", "main/1", { "{}", "{}" }, FALSE },
  { "shopify.product.archive", "main/1", { "{}", "{}" }, FALSE },
  { "shopify.theme.publish", "main/2", { "{}", "{}" }, FALSE },
  { "shopify.product.create",
    "main/red-dress",
    { "{'title':'Red dress','tags':['b','a'],'variants':[{'price':'90.00','cost':'40','sku':'R'}]}",
      "{'title':'Other','variants':[{'price':'1'}]}" },
    TRUE },
  { "shopify.theme.duplicate", "main/1", { "{'name':'Staging'}", "{'name':'Other'}" }, TRUE },
  { "shopify.theme.files",
    "main/2",
    { "{'files':{'layout/theme.liquid':'a','templates/index.json':'{}','assets/a.png':{'base64':'AAAA'}}}",
      "{'files':{'layout/theme.liquid':null,'templates/index.json':'[]','assets/a.png':null}}" },
    TRUE },
  { "shopify.collection.set",
    "main/1",
    { "{'collection':2,'member':true}", "{'collection':2,'member':false}" },
    FALSE },
  { "shopify.metafield.set",
    "main/1",
    { "{'namespace':'custom','key':'season','type':'single_line_text_field','value':'A'}",
      "{'namespace':'custom','key':'season','type':'single_line_text_field','value':'B'}" },
    TRUE },
  { "shopify.webhook.subscribe",
    "main/products/update",
    { "{'uri':'https://royal.example/webhooks/shopify'}", "{'uri':'https://royal.example/webhooks/shopify'}" },
    FALSE },
};

static void
test_conforms (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (conforming); i++)
    {
      g_autoptr (World) world = world_new ();
      Conformance of = { .connector = RH_CONNECTOR (world->shopify),
                         .action = conforming[i].action,
                         .target = conforming[i].target,
                         .parameters = { conforming[i].parameters[0], conforming[i].parameters[1] },
                         .prefix = "c-",
                         .observes = conforming[i].observes };

      g_test_message ("%s", of.action);
      connector_conformance (&of);
    }
}

static void
test_targets (void)
{
  static const char *const wrong[] = { "main",    "nowhere/1", "main/",  "main/x",
                                       "main/1x", "main/01",   "main/0", "main/12345678901234567890",
                                       "main/1/2" };
  g_autoptr (World) world = world_new ();
  g_autoptr (JsonNode) node = json ("{'price':'1'}");

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (
          world->iface->validate (RH_CONNECTOR (world->shopify), PRICE, wrong[i], json_node_get_object (node), &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, wrong[i]));
    }
}

/* What a target has after the shop's name, where it is no number. */
static void
test_other_targets (void)
{
  static const struct {
    const char *action;
    const char *target;
    gboolean valid;
  } table[] = {
    { "shopify.product.create", "main/red-dress-2", TRUE },
    { "shopify.product.create", "main/Red", FALSE },
    { "shopify.product.create", "main/-red", FALSE },
    { "shopify.product.create", "main/", FALSE },
    { "shopify.webhook.subscribe", "main/inventory_levels/update", TRUE },
    { "shopify.webhook.subscribe", "main/products", FALSE },
    { "shopify.webhook.subscribe", "main/products/up/date", FALSE },
    { "shopify.metafield.set", "main/1", TRUE },
    { "shopify.metafield.set", "main/x", FALSE },
  };
  g_autoptr (World) world = world_new ();
  g_autoptr (JsonNode) node = json ("{}");

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (world->iface->validate (RH_CONNECTOR (world->shopify), table[i].action, table[i].target,
                                               json_node_get_object (node), &error),
                       ==, table[i].valid);
      if (!table[i].valid)
        g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
    }
}

/* What rules decide on: of a price that was 100.00 and a cost of 40.00, with a least margin of 50 %. */
static void
test_price_facts (void)
{
  static const struct {
    const char *target;
    const char *parameters;
    double change_pct;
    double margin_after;
    gboolean cost_known;
    gboolean below_floor;
  } table[] = {
    { "main/1", "{'price':'75'}", -25, 35, TRUE, FALSE },         { "main/1", "{'price':'60'}", -40, 20, TRUE, FALSE },
    { "main/1", "{'price':'59.99'}", -40.01, 19.99, TRUE, TRUE }, { "main/1", "{'price':'39'}", -61, -1, TRUE, TRUE },
    { "main/950", "{'price':'120'}", 20, 0, FALSE, FALSE },
  };
  g_autoptr (World) world = world_new ();

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RhAssessment) assessment = assess (world, PRICE, table[i].target, table[i].parameters, &error);
      JsonObject *facts;

      g_assert_no_error (error);
      facts = json_node_get_object (assessment->facts);
      g_assert_cmpfloat_with_epsilon (royal_json_double (facts, "change_pct", 0), table[i].change_pct, 1e-9);
      g_assert_cmpint (royal_json_boolean (facts, "cost_known", FALSE), ==, table[i].cost_known);
      g_assert_cmpint (json_object_has_member (facts, "margin_after"), ==, table[i].cost_known);
      g_assert_cmpfloat_with_epsilon (royal_json_double (facts, "margin_after", 0), table[i].margin_after, 1e-9);
      g_assert_cmpint (royal_json_boolean (facts, "below_floor", FALSE), ==, table[i].below_floor);
      g_assert_cmpstr (royal_json_string (facts, "status", NULL), ==, "ACTIVE");
      g_assert_cmpint (royal_json_int (facts, "inventory", 0), ==, 7);
    }
  g_assert_cmpuint (shopify_fake_changes (world->fake), ==, 0);
  g_assert_cmpuint (shopify_fake_connections (world->fake), ==, 1); /* what only reads keeps its connection */
}

/* What a change that goes wrong means: `plan` is of the observation and of the change. */
static void
test_fails (void)
{
  static const struct {
    const char *target;
    const char *plan;
    RoyalError code;
    const char *part;
    guint changes;
    gboolean waits;
  } table[] = {
    { "bad/1", "none", ROYAL_ERROR_DENIED, "401", 0, FALSE },
    { "main/5000", "none", ROYAL_ERROR_NOT_FOUND, "gid://shopify/ProductVariant/5000", 0, FALSE },
    { "main/1", "denied", ROYAL_ERROR_DENIED, "read_products", 0, FALSE },
    { "main/1", "none throttled", ROYAL_ERROR_LIMIT, "throttled", 0, TRUE },
    { "main/2", "none 429", ROYAL_ERROR_LIMIT, "throttled", 0, TRUE },
    { "main/3", "none before", ROYAL_ERROR_PROTOCOL, "main", 0, FALSE },
    { "main/3", "none 500", ROYAL_ERROR_PROTOCOL, "500", 0, FALSE },
    { "main/3", "none late-500", ROYAL_ERROR_PROTOCOL, "500", 1, FALSE },
    { "main/4", "none half", ROYAL_ERROR_PROTOCOL, "main", 1, FALSE },
    { "main/5", "none lost", ROYAL_ERROR_PROTOCOL, "main", 1, FALSE },
    { "main/6", "none broken", ROYAL_ERROR_PROTOCOL, "INTERNAL_SERVER_ERROR", 1, FALSE },
  };
  g_autoptr (World) world = world_new ();
  guint changes = 0;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) receipt = NULL;
      RhThrottle throttle = { 0 };

      g_test_message ("%s %s", table[i].target, table[i].plan);
      if (strcmp (table[i].plan, "none") != 0)
        shopify_fake_plan (world->fake, table[i].plan);
      receipt = apply (world, PRICE, table[i].target, "{'price':'90.00'}", &throttle, &error);
      g_assert_null (receipt);
      g_assert_error (error, ROYAL_ERROR, (gint)table[i].code);
      g_assert_nonnull (strstr (error->message, table[i].part));
      g_assert_null (strstr (error->message, "token"));
      g_assert_cmpint (throttle.retry_after_ms > 0, ==, table[i].waits);
      changes += table[i].changes;
      g_assert_cmpuint (shopify_fake_changes (world->fake), ==, changes);
    }
}

/* What only reads is sent again; what was done though nobody said so is found, and not done again. */
static void
test_again (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) lost = NULL;
  g_autoptr (JsonNode) found = NULL;

  shopify_fake_plan (world->fake, "500 half throttled lost none lost");
  lost = apply (world, PRICE, "main/1", "{'price':'90.00'}", NULL, &error);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL);
  g_assert_cmpuint (shopify_fake_requests (world->fake), ==, 6);
  g_assert_cmpuint (shopify_fake_changes (world->fake), ==, 1);
  g_clear_error (&error);
  found = apply (world, PRICE, "main/1", "{'price':'90.00'}", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (shopify_fake_changes (world->fake), ==, 1);
}

/* A token that ends may have been renewed while a request was on its way, of one that changes something too: it is sent
 * again, by the one that is there now. One that does not end is not waited for. */
static void
test_renewed (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) done = NULL;
  g_autoptr (JsonNode) refused = NULL;

  shopify_fake_plan (world->fake, "401 none 401 none");
  done = apply (world, PRICE, "renewed/1", "{'price':'90.00'}", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (shopify_fake_requests (world->fake), ==, 4);
  g_assert_cmpuint (shopify_fake_changes (world->fake), ==, 1);
  shopify_fake_plan (world->fake, "401");
  refused = apply (world, PRICE, "main/2", "{'price':'90.00'}", NULL, &error);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED);
  g_assert_cmpuint (shopify_fake_requests (world->fake), ==, 5);
}

/* A shop with few points is not asked for more than it has: nothing is ever refused. */
static void
test_points (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  guint requests = 0;

  shopify_fake_points (world->fake, 40, 200);
  for (guint i = 1; i <= 20; i++)
    {
      g_autofree char *target = g_strdup_printf ("main/%u", i);
      RhThrottle throttle = { 0 };
      g_autoptr (JsonNode) receipt = apply (world, PRICE, target, "{'price':'90.00'}", &throttle, &error);

      g_assert_no_error (error);
      g_assert_true (throttle.has_left);
      requests += 2;
    }
  g_assert_cmpuint (shopify_fake_requests (world->fake), ==, requests);
}

static JsonNode *
set_stock (World *self, const char *key, JsonNode *before, GError **error)
{
  g_autoptr (JsonNode) node = json ("{'location':1,'quantity':9}");
  RhEffect effect = { .action = "shopify.inventory.set",
                      .target = "main/1",
                      .key = key,
                      .before = before,
                      .parameters = json_node_get_object (node) };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  self->iface->apply_async (RH_CONNECTOR (self->shopify), &effect, royal_test_result, &result);
  done = royal_test_wait (&result);
  return self->iface->apply_finish (RH_CONNECTOR (self->shopify), done, error);
}

/* An answer is lost, and one is sold before it is sent again: what is set is not set anew. */
static void
test_stock (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) before = json ("{'location':1,'quantity':5}");
  g_autoptr (JsonNode) lost = NULL;
  g_autoptr (JsonNode) found = NULL;
  g_autoptr (JsonNode) late = NULL;

  shopify_fake_plan (world->fake, "lost");
  lost = set_stock (world, "k", before, &error);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL);
  g_clear_error (&error);
  g_assert_cmpint (shopify_fake_stock (world->fake), ==, 9);
  shopify_fake_set_stock (world->fake, 8);
  found = set_stock (world, "k", before, &error);
  g_assert_no_error (error);
  g_assert_cmpint (shopify_fake_stock (world->fake), ==, 8);
  late = set_stock (world, "other", before, &error);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_assert_cmpint (shopify_fake_stock (world->fake), ==, 8);
}

/* A product that is not there, a place that does not have it, a theme that is not there. */
static void
test_absent (void)
{
  static const char *const table[][3] = {
    { "shopify.inventory.set", "main/2", "{'location':1,'quantity':9}" },
    { "shopify.inventory.set", "main/1", "{'location':2,'quantity':9}" },
    { "shopify.product.publish", "main/2", "{}" },
    { "shopify.theme.publish", "main/3", "{}" },
    { "shopify.theme.duplicate", "main/3", "{'name':'S'}" },
    { "shopify.theme.files", "main/3", "{'files':{'layout/theme.liquid':null}}" },
    { "shopify.collection.set", "main/2", "{'collection':1,'member':true}" },
    { "shopify.collection.set", "main/1", "{'collection':4,'member':true}" },
    { "shopify.metafield.set", "main/2", "{'namespace':'custom','key':'k','value':'v'}" },
  };
  g_autoptr (World) world = world_new ();

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (assess (world, table[i][0], table[i][1], table[i][2], &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
    }
}

static const char *
text_fact (RhAssessment *assessment, const char *name)
{
  return royal_json_string (json_node_get_object (assessment->facts), name, NULL);
}

/* What is made of a product, and that a handle which is taken is not taken again. */
static void
test_create (void)
{
#define DRESS                                                                                                          \
  "{'title':'Dress','description_html':'<p>d</p>','seo':{'title':'S'},'collections':[2],"                              \
  "'options':[{'name':'Size','values':['M','L']}],'variants':[{'options':{'Size':'M'},'price':'90.00','cost':'40'},"   \
  "{'options':{'Size':'L'},'price':'95.50','sku':'L1'}],'images':[{'url':'https://x.example/1.jpg','alt':'front'}],"   \
  "'metafields':[{'namespace':'custom','key':'season','type':'single_line_text_field','value':'A'}]}"
  static const char expected[] =
      "{\"title\":\"Dress\",\"descriptionHtml\":\"<p>d</p>\",\"status\":\"DRAFT\",\"handle\":\"dress\","
      "\"seo\":{\"title\":\"S\"},\"metafields\":[{\"namespace\":\"custom\",\"key\":\"season\","
      "\"type\":\"single_line_text_field\",\"value\":\"A\"}],\"productOptions\":[{\"name\":\"Size\",\"values\":"
      "[{\"name\":\"M\"},{\"name\":\"L\"}]}],\"variants\":[{\"optionValues\":[{\"optionName\":\"Size\","
      "\"name\":\"M\"}],\"price\":\"90.00\",\"inventoryItem\":{\"cost\":\"40\"}},{\"optionValues\":[{"
      "\"optionName\":\"Size\",\"name\":\"L\"}],\"price\":\"95.50\",\"inventoryItem\":{\"sku\":\"L1\"}}],"
      "\"files\":[{\"contentType\":\"IMAGE\",\"originalSource\":\"https://x.example/1.jpg\",\"alt\":\"front\"}],"
      "\"collections\":[\"gid://shopify/Collection/2\"]}";
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) assessment = assess (world, "shopify.product.create", "main/dress", DRESS, &error);
  g_autoptr (JsonNode) receipt = NULL;
  g_autoptr (JsonNode) made = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (text_fact (assessment, "handle"), ==, "dress");
  g_assert_cmpint (royal_json_int (json_node_get_object (assessment->facts), "variants", 0), ==, 2);
  g_assert_cmpfloat (royal_json_double (json_node_get_object (assessment->facts), "price_max", 0), ==, 95.5);
  receipt = apply (world, "shopify.product.create", "main/dress", DRESS, NULL, &error);
  g_assert_no_error (error);
  json_node_set_object (made, shopify_shop_product (shopify_fake_shop (world->fake), "dress"));
  text = royal_json_to_string (made);
  g_assert_cmpstr (text, ==, expected);
  g_assert_null (assess (world, "shopify.product.create", "main/dress", DRESS, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (
      apply (world, "shopify.product.create", "main/dress", "{'title':'B','variants':[{'price':'1'}]}", NULL, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
}

/* A copy is made once, though the answer was lost; it is in the making for a while, and until then nothing is done to
 * it. */
static void
test_staging (void)
{
  g_autoptr (World) world = world_new ();
  ShopifyShop *shop = shopify_fake_shop (world->fake);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) receipt = NULL;

  shopify_fake_plan (world->fake, "none lost");
  g_assert_null (apply (world, "shopify.theme.duplicate", "main/1", "{'name':'Staging'}", NULL, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL);
  g_clear_error (&error);
  receipt = apply (world, "shopify.theme.duplicate", "main/1", "{'name':'Staging'}", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (shopify_shop_themes (shop), ==, 3);
  g_assert_null (apply (world, "shopify.theme.publish", "main/101", "{}", NULL, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_null (
          apply (world, "shopify.theme.files", "main/101", "{'files':{'layout/theme.liquid':'b'}}", NULL, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE);
      g_clear_error (&error);
    }
  g_clear_pointer (&receipt, json_node_unref);
  receipt = apply (world, "shopify.theme.files", "main/101",
                   "{'files':{'layout/theme.liquid':'b','templates/index.json':'{}'}}", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (shopify_shop_file (shop, 101, "layout/theme.liquid"), ==, "b");
  g_assert_cmpstr (shopify_shop_file (shop, 1, "layout/theme.liquid"), ==, "{{ content_for_layout }}");
  g_assert_true (g_str_has_suffix (shopify_shop_file (shop, 101, "templates/index.json"), "{}"));
}

/* Nothing is written into a theme that is live, whatever was approved; rules see that it is. */
static void
test_live (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) assessment =
      assess (world, "shopify.theme.files", "main/1", "{'files':{'layout/theme.liquid':'b'}}", &error);

  g_assert_no_error (error);
  g_assert_true (royal_json_boolean (json_node_get_object (assessment->facts), "live", FALSE));
  g_assert_null (apply (world, "shopify.theme.files", "main/1", "{'files':{'layout/theme.liquid':'b'}}", NULL, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_cmpuint (shopify_fake_changes (world->fake), ==, 0);
}

/* What the token may not is said before anybody is asked to approve it, with the scope's name. */
static void
test_scopes (void)
{
  static const struct {
    const char *action;
    const char *target;
    const char *parameters;
    const char *scopes;
    const char *missing; /* NULL: none */
  } table[] = {
    { PRICE, "main/1", "{'price':'90'}", "read_products", "write_products" },
    { PRICE, "main/1", "{'price':'90'}", "write_products", "read_products" },
    { PRICE, "main/1", "{'price':'90'}", "read_products write_products", NULL },
    { "shopify.inventory.set", "main/1", "{'location':1,'quantity':9}", "read_inventory write_products",
      "write_inventory" },
    { "shopify.theme.duplicate", "main/1", "{'name':'S'}", "read_themes", "write_themes" },
    { "shopify.theme.duplicate", "main/1", "{'name':'S'}", "read_products", "read_themes" },
    { "shopify.webhook.subscribe", "main/products/update", "{'uri':'https://r.example/w'}", "read_products", NULL },
  };
  g_autoptr (World) world = world_new ();

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RhAssessment) assessment = NULL;

      shopify_fake_scopes (world->fake, table[i].scopes);
      assessment = assess (world, table[i].action, table[i].target, table[i].parameters, &error);
      if (table[i].missing == NULL)
        {
          g_assert_no_error (error);
          continue;
        }
      g_assert_null (assessment);
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED);
      g_assert_nonnull (strstr (error->message, table[i].missing));
    }
}

/* Three of ten requests go wrong, in any way: in the end each price is set, and none twice. */
static void
test_storm (void)
{
  g_autoptr (World) world = world_new ();

  shopify_fake_storm (world->fake, 0.3, "500 late-500 half lost before broken", 11);
  for (guint i = 1; i <= 40; i++)
    {
      g_autofree char *target = g_strdup_printf ("main/%u", i);
      g_autoptr (JsonNode) receipt = NULL;

      for (guint try = 0; receipt == NULL; try++)
        {
          g_autoptr (GError) error = NULL;

          g_assert_cmpuint (try, <, 50);
          receipt = apply (world, PRICE, target, "{'price':'90.00'}", NULL, &error);
          if (receipt == NULL)
            g_assert_true (g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL) ||
                           g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE));
        }
    }
  g_assert_cmpuint (shopify_fake_changes (world->fake), ==, 40);
}

/* No file: no shop. A file that is not as its schema has it: the place of the fault. */
static void
test_files (void)
{
  static const struct {
    const char *text;
    const char *part;
  } wrong[] = {
    { "{'shops':{'main':{'shop':'acme.example','token':'t'}}}", "shop" },
    { "{'shops':{'main':{'shop':'acme.myshopify.com'}}}", "token" },
    { "{'shops':{'main':{'shop':'acme.myshopify.com','token':'t','origin':'http://acme.example'}}}", "/shops/main" },
  };
  g_autoptr (World) world = world_new ();
  g_autofree char *file = g_build_filename (world->dir, "other.json", NULL);
  g_autoptr (RhShopify) none = rh_shopify_new (file, NULL, NULL, NULL);

  g_assert_nonnull (none);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *text = g_strdelimit (g_strdup (wrong[i].text), "'", '"');
      g_autoptr (GError) error = NULL;

      write_file (world->dir, "other.json", text);
      g_assert_null (rh_shopify_new (file, NULL, NULL, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, wrong[i].part));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shopify/conforms", test_conforms);
  g_test_add_func ("/shopify/targets", test_targets);
  g_test_add_func ("/shopify/other-targets", test_other_targets);
  g_test_add_func ("/shopify/create", test_create);
  g_test_add_func ("/shopify/staging", test_staging);
  g_test_add_func ("/shopify/live", test_live);
  g_test_add_func ("/shopify/scopes", test_scopes);
  g_test_add_func ("/shopify/price-facts", test_price_facts);
  g_test_add_func ("/shopify/fails", test_fails);
  g_test_add_func ("/shopify/again", test_again);
  g_test_add_func ("/shopify/renewed", test_renewed);
  g_test_add_func ("/shopify/points", test_points);
  g_test_add_func ("/shopify/storm", test_storm);
  g_test_add_func ("/shopify/stock", test_stock);
  g_test_add_func ("/shopify/absent", test_absent);
  g_test_add_func ("/shopify/files", test_files);
  return g_test_run ();
}
