/* SPDX-License-Identifier: Apache-2.0 */

/* The mirror of a shop, pulled from a fake on loopback: what is there, what changed, what is no more, and what was
 * interrupted. */

#include "royal-test.h"
#include "shopify-fake.h"

#include <rh-shopify-file.h>
#include <rh-shopify.h>
#include <rh-store.h>
#include <royal-json.h>
#include <string.h>

typedef struct {
  ShopifyFake *fake;
  char *dir;
  RhStore *store;
  RhSecrets *secrets;
  RhShopify *shopify;
  gint64 workspace;
} World;

static void
write_file (const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static char *
value (const char *sql)
{
  g_autofree char *owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");

  return royal_test_sql_value (owner, sql);
}

static gboolean
is_available (gpointer data)
{
  return rh_store_is_available (((World *)data)->store);
}

static void
load (World *self, const char *rest)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_build_filename (self->dir, "shopify.json", NULL);
  g_autofree char *text =
      g_strdup_printf ("{'shops':{'main':{'shop':'acme.myshopify.com','token':'good','origin':'http://127.0.0.1:%u',"
                       "'files_origin':'http://127.0.0.1:%u','insecure':true,'private':true,'timeout_ms':2000%s}}}",
                       shopify_fake_port (self->fake), shopify_fake_port (self->fake), rest);

  write_file (self->dir, "shopify.json", g_strdelimit (text, "'", '"'));
  self->shopify = rh_shopify_new (file, self->store, self->secrets, &error);
  g_assert_no_error (error);
}

static World *
world_new (const char *rest)
{
  static guint n;
  World *self = g_new0 (World, 1);
  g_autofree char *host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autofree char *sql = g_strdup_printf ("select workspace_id from workspace_open ('shop-%u', true)", ++n);
  g_autofree char *id = value (sql);
  g_autoptr (GError) error = NULL;
  RhSecretsConfig config;

  self->workspace = g_ascii_strtoll (id, NULL, 10);
  self->fake = shopify_fake_new ();
  self->dir = g_dir_make_tmp ("royal-shopify-XXXXXX", NULL);
  self->store = rh_store_new (host, NULL, 2);
  royal_test_wait_until (is_available, self, 10000);
  write_file (self->dir, "good", "good-token\n");
  config = (RhSecretsConfig){ .folder = self->dir };
  self->secrets = rh_secrets_new (NULL, &config, self->workspace, &error);
  g_assert_no_error (error);
  load (self, rest);
  return self;
}

static void
world_free (World *self)
{
  g_autofree char *remove = g_strdup_printf ("rm -rf '%s'", self->dir);
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;

  rh_shopify_stop (self->shopify);
  royal_test_spin (50);
  g_object_unref (self->shopify);
  rh_store_close_async (self->store, 1000, royal_test_result, &result);
  done = royal_test_wait (&result);
  g_assert_true (rh_store_close_finish (self->store, done, NULL));
  g_object_unref (self->store);
  g_object_unref (self->secrets);
  royal_test_spin (20);
  shopify_fake_free (self->fake);
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
  g_free (self->dir);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

/* In the world's workspace. */
static char *
value_here (World *self, const char *sql)
{
  g_autofree char *text = g_strdup_printf ("set royal.workspace = '%" G_GINT64_FORMAT "'; %s", self->workspace, sql);

  return value (text);
}

typedef struct {
  World *world;
  const char *sql;
  const char *expected;
} Wait;

static gboolean
is_so (gpointer data)
{
  const Wait *wait = data;
  g_autofree char *found = value_here (wait->world, wait->sql);

  return g_str_equal (found, wait->expected);
}

static void
wait_for (World *self, const char *sql, const char *expected)
{
  Wait wait = { self, sql, expected };

  royal_test_wait_until (is_so, &wait, 30000);
}

#define HERE " where workspace_id = royal_workspace ()"

static void
ask (World *self)
{
  g_free (value_here (self, "select shopify_pull_ask ('main', null, 'test')"));
}

static void
pull (World *self)
{
  ask (self);
  wait_for (self, "select count (*) from shopify_pulls" HERE " and state in ('asked', 'running')", "0");
}

static void
assert_here (World *self, const char *sql, const char *expected)
{
  g_autofree char *found = value_here (self, sql);

  g_assert_cmpstr (found, ==, expected);
}

#define COUNTS                                                                                                         \
  "select state || ' ' || seen || ' ' || changed || ' ' || removed || coalesce (' ' || error, '') from "               \
  "shopify_pulls" HERE " and part = "

static void
pulls (const char *rest, gboolean bulk)
{
  g_autoptr (World) world = world_new (rest);

  shopify_catalog_set (shopify_fake_catalog (world->fake), 35, 0);
  rh_shopify_start (world->shopify, world->workspace, "host");
  wait_for (world, "select count (*) from shopify_shops" HERE, "1");
  pull (world);
  assert_here (world, COUNTS "'products'", "done 35 35 0");
  assert_here (world, "select count (*) from shopify_variants" HERE, "110"); /* three have 25 more */
  assert_here (world, "select shopify_variants_read::text from shopify_variants_read where variant = 'main/1'",
               "(main/1,\"Dress / M\",100.00,40.0,\"\",main/100001,SKU-1-0,7)");
  assert_here (world,
               "select document::jsonb->>'handle' || (document::jsonb->'tags')::text || (document::jsonb#>>"
               "'{variants,0,inventory_item}') || (document::jsonb#>>'{images,1,url}') || (document::jsonb#>>"
               "'{metafields,0,value}') || (document::jsonb->'collections')::text from shopify_products" HERE
               " and product = 100003",
               "dress-3[\"a\", \"b\"]main/200300https://cdn.shopify.com/3-2.jpg3[\"all\"]");

  /* Nothing is written of what is as it was. */
  g_free (value_here (world, "update shopify_products set pulled_at = '2020-01-01'" HERE));
  pull (world);
  assert_here (world, COUNTS "'products'", "done 35 0 0");
  assert_here (world, "select count (*) from shopify_products" HERE " and pulled_at > '2020-01-02'", "0");

  shopify_catalog_title (shopify_fake_catalog (world->fake), 3, "Gown");
  shopify_catalog_title (shopify_fake_catalog (world->fake), 20, NULL);
  shopify_catalog_title (shopify_fake_catalog (world->fake), 35, NULL);
  shopify_fake_set_price (world->fake, 5, "80.00");
  pull (world);
  assert_here (world, COUNTS "'products'", "done 33 2 2");
  assert_here (world, "select title from shopify_variants" HERE " and variant = 3", "Gown / M");
  assert_here (world, "select price from shopify_variants" HERE " and variant = 5", "80.00");
  assert_here (world, "select count (*) from shopify_variants" HERE, "83");
  g_assert_cmpuint (shopify_fake_bulks (world->fake), ==, bulk ? 3 : 0);
}

static void
test_pages (void)
{
  pulls (",'pull':['products']", FALSE);
}

static void
test_bulk (void)
{
  pulls (",'pull':['products'],'bulk_from':10", TRUE);
}

/* The two ways see the same shop. */
static void
test_same (void)
{
  static const char *const rest[] = { ",'pull':['products']", ",'pull':['products'],'bulk_from':10" };
  g_auto (GStrv) digests = g_new0 (char *, 3);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (World) world = world_new (rest[i]);

      shopify_catalog_set (shopify_fake_catalog (world->fake), 35, 0);
      rh_shopify_start (world->shopify, world->workspace, "host");
      wait_for (world, "select count (*) from shopify_shops" HERE, "1");
      pull (world);
      digests[i] =
          value_here (world, "select md5 (string_agg (document, ',' order by product)) from shopify_products" HERE);
    }
  g_assert_cmpstr (digests[0], ==, digests[1]);
}

/* What Shopify lets fail in between is asked for again; a file that ends early is read anew, by the same operation. */
static void
test_faults (void)
{
  g_autoptr (World) world = world_new (",'pull':['products'],'bulk_from':10");

  shopify_catalog_set (shopify_fake_catalog (world->fake), 35, 0);
  shopify_fake_plan (world->fake, "500 none none throttled none none half");
  rh_shopify_start (world->shopify, world->workspace, "host");
  wait_for (world, "select count (*) from shopify_shops" HERE, "1");
  ask (world);
  wait_for (world,
            "select count (*) from shopify_pulls" HERE
            " and state = 'asked' and error like '%file%' and bulk is not null",
            "1");
  g_free (value_here (world, "update shopify_pulls set due_at = now ()" HERE " and part = 'products'"));
  pull (world);
  assert_here (world, "select count (*) from shopify_products" HERE, "35");
  g_assert_cmpuint (shopify_fake_bulks (world->fake), ==, 1);
}

static gboolean
has_asked (gpointer data)
{
  return shopify_fake_requests (((World *)data)->fake) >= 6;
}

/* A host that ends in between: the next one goes on with the page that is missing. */
static void
test_resumes (void)
{
  g_autoptr (World) world = world_new (",'pull':['products']");
  g_autofree char *cursor = NULL;
  guint requests;

  shopify_catalog_set (shopify_fake_catalog (world->fake), 80, 0);
  shopify_fake_points (world->fake, 250, 400);
  rh_shopify_start (world->shopify, world->workspace, "host");
  wait_for (world, "select count (*) from shopify_shops" HERE, "1");
  ask (world);
  royal_test_wait_until (has_asked, world, 20000);
  rh_shopify_stop (world->shopify);
  royal_test_spin (100);
  assert_here (world, "select state from shopify_pulls" HERE " and part = 'products'", "running");
  cursor = value_here (world, "select cursor from shopify_pulls" HERE " and part = 'products'");
  g_assert_cmpuint (g_ascii_strtoull (cursor, NULL, 10), >, 0);
  g_object_unref (world->shopify);

  shopify_fake_points (world->fake, 20000, 1000);
  requests = shopify_fake_requests (world->fake);
  load (world, ",'pull':['products']");
  rh_shopify_start (world->shopify, world->workspace, "host");
  wait_for (world, "select state from shopify_pulls" HERE " and part = 'products'", "done");
  assert_here (world, "select count (*) from shopify_products" HERE, "80");
  assert_here (world, "select seen || ' ' || removed from shopify_pulls" HERE " and part = 'products'", "80 0");
  g_assert_cmpuint (shopify_fake_requests (world->fake) - requests, <, 18); /* ten pages and eight products of more */
}

static void
test_themes (void)
{
  g_autoptr (World) world = world_new (",'pull':['themes']");
  guint requests;

  rh_shopify_start (world->shopify, world->workspace, "host");
  wait_for (world, "select count (*) from shopify_shops" HERE, "1");
  pull (world);
  assert_here (world, COUNTS "'themes'", "done 62 62 0");
  assert_here (world,
               "select string_agg (theme || name || role || processing, ' ' order by theme) from shopify_themes_read",
               "main/1TMAIN0 main/2UUNPUBLISHED1");
  assert_here (world, "select count (*) || min (theme) from shopify_theme_files_read", "60main/1");
  assert_here (world, "select content || size from shopify_theme_files_read where path = 'snippets/07.liquid'",
               "file 76");
  requests = shopify_fake_requests (world->fake);
  pull (world);
  assert_here (world, COUNTS "'themes'", "done 62 0 0");
  g_assert_cmpuint (shopify_fake_requests (world->fake), ==, requests + 2);
  shopify_catalog_file (shopify_fake_catalog (world->fake), 7, "other");
  pull (world);
  assert_here (world, COUNTS "'themes'", "done 62 1 0");
  assert_here (world, "select content from shopify_theme_files_read where path = 'snippets/07.liquid'", "other");
}

static void
test_orders (void)
{
  g_autoptr (World) world = world_new (",'pull':['orders']");

  shopify_catalog_set (shopify_fake_catalog (world->fake), 0, 30);
  rh_shopify_start (world->shopify, world->workspace, "host");
  wait_for (world, "select count (*) from shopify_shops" HERE, "1");
  pull (world);
  assert_here (world, COUNTS "'orders'", "done 105 105 0");
  /* 2026-11-02 is a Monday, 20759 days since 1970. Three orders have 25 lines more for the first variant. */
  assert_here (world, "select week || ' ' || units || ' ' || price from shopify_sales_read where variant = 'main/1'",
               "20759 152 90");
  assert_here (world, "select count (*) from shopify_sales_read", "26"); /* four were cancelled */
  pull (world);
  assert_here (world, COUNTS "'orders'", "done 105 0 0");
}

/* What a webhook says is fetched alone; one that is gone goes. */
static void
test_notes (void)
{
  g_autoptr (World) world = world_new (",'pull':['products']");
  guint requests;

  shopify_catalog_set (shopify_fake_catalog (world->fake), 12, 0);
  rh_shopify_start (world->shopify, world->workspace, "host");
  wait_for (world, "select count (*) from shopify_shops" HERE, "1");
  pull (world);
  requests = shopify_fake_requests (world->fake);
  shopify_catalog_title (shopify_fake_catalog (world->fake), 10, "Gown");
  shopify_catalog_title (shopify_fake_catalog (world->fake), 11, NULL);
  assert_here (world, "select shopify_told ('acme.myshopify.com', 'products/update', 100010)", "t");
  assert_here (world, "select shopify_told ('acme.myshopify.com', 'products/delete', 100011)", "t");
  assert_here (world, "select shopify_told ('other.myshopify.com', 'products/delete', 100011)", "f");
  assert_here (world, "select shopify_told ('acme.myshopify.com', 'app/uninstalled', 1)", "f");
  assert_here (world, "select shopify_told ('acme.myshopify.com', 'inventory_levels/update', 200500)", "t");
  wait_for (world, "select count (*) from shopify_notes" HERE, "0");
  wait_for (world, "select state from shopify_pulls" HERE " and part = 'notes'", "done");
  assert_here (world, "select count (*) from shopify_products" HERE, "11");
  assert_here (world, "select min (title) || count (*) from shopify_variants" HERE " and product = 100010",
               "Gown / L26");
  g_assert_cmpuint (shopify_fake_requests (world->fake), ==, requests + 3);
}

static void
tell (World *self, const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (JsonNode) happened = royal_json_parse (quoted, -1, "happened", NULL);

  g_assert_nonnull (happened);
  rh_shopify_told (self->shopify, json_node_get_object (happened));
}

/* The same, as a delivery has it; what names no product, or none of a shop here, is nothing. */
static void
test_told (void)
{
  g_autoptr (World) world = world_new (",'pull':['products']");

  shopify_catalog_set (shopify_fake_catalog (world->fake), 12, 0);
  rh_shopify_start (world->shopify, world->workspace, "host");
  wait_for (world, "select count (*) from shopify_shops" HERE, "1");
  pull (world);
  shopify_catalog_title (shopify_fake_catalog (world->fake), 10, "Gown");
  shopify_fake_set_price (world->fake, 5, "80.00");
  tell (world, "{'service':'shopify','event':'products/update','source':'acme.myshopify.com','body':{'title':'x'}}");
  tell (world, "{'service':'shopify','event':'products/update','source':'other.myshopify.com','body':{'id':100003}}");
  tell (world, "{'service':'shopify','event':'products/update','source':'acme.myshopify.com','body':{'id':100010}}");
  tell (world, "{'service':'shopify','event':'inventory_levels/update','source':'acme.myshopify.com',"
               "'body':{'inventory_item_id':200500,'available':1}}");
  wait_for (world, "select seen || ' ' || changed from shopify_pulls" HERE " and part = 'notes' and state = 'done'",
            "2 2");
  assert_here (world, "select title from shopify_variants" HERE " and variant = 10", "Gown / M");
  assert_here (world, "select price from shopify_variants" HERE " and variant = 5", "80.00");
}

/* What the token may not see is said, with the scope's name. */
static void
test_scopes (void)
{
  g_autoptr (World) world = world_new (",'pull':['orders']");

  shopify_catalog_set (shopify_fake_catalog (world->fake), 0, 3);
  shopify_fake_scopes (world->fake, "read_products");
  rh_shopify_start (world->shopify, world->workspace, "host");
  wait_for (world, "select count (*) from shopify_shops" HERE, "1");
  pull (world);
  assert_here (world, "select state || (error like '%read_orders%') from shopify_pulls" HERE " and part = 'orders'",
               "failedtrue");
}

/* A shop that the operator names no more is forgotten. */
static void
test_forgets (void)
{
  g_autoptr (World) world = world_new (",'pull':['products']");

  shopify_catalog_set (shopify_fake_catalog (world->fake), 3, 0);
  rh_shopify_start (world->shopify, world->workspace, "host");
  wait_for (world, "select count (*) from shopify_shops" HERE, "1");
  pull (world);
  g_free (value_here (world, "select shopify_shops_set ('[]')"));
  assert_here (world, "select count (*) from shopify_products" HERE, "0");
  assert_here (world, "select count (*) from shopify_pulls" HERE, "0");
}

/* Makes a product as a proposal would; a number is its. */
static void
make (World *self, const char *handle, const char *parameters)
{
  g_autofree char *target = g_strconcat ("main/", handle, NULL);
  g_autofree char *text = g_strdelimit (g_strdup (parameters), "'", '"');
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "parameters", NULL);
  const RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (self->shopify);
  const RhEffect effect = { .workspace = self->workspace,
                            .action = "shopify.product.create",
                            .target = target,
                            .key = handle,
                            .parameters = json_node_get_object (node) };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (JsonNode) receipt = NULL;
  g_autoptr (GError) error = NULL;

  iface->apply_async (RH_CONNECTOR (self->shopify), &effect, royal_test_result, &result);
  done = royal_test_wait (&result);
  receipt = iface->apply_finish (RH_CONNECTOR (self->shopify), done, &error);
  g_assert_no_error (error);
}

/* What is made is pulled as it was asked for, and read like any other: in pages, in a file, and when a webhook tells.
 */
static void
makes (const char *rest, guint bulks)
{
  static const char expected[] =
      "{\"collections\":[\"collection-2\"],\"description_html\":\"<p>d</"
      "p>\",\"handle\":\"dress\",\"images\":[{\"alt\":\"front\","
      "\"url\":\"https://cdn.shopify.com/101/1.jpg\"}],\"metafields\":[{\"key\":\"season\",\"namespace\":\"custom\","
      "\"type\":\"single_line_text_field\",\"value\":\"A\"}],\"options\":[{\"name\":\"Size\",\"values\":[\"M\",\"L\"]}]"
      ","
      "\"product_type\":\"\",\"seo\":{\"description\":\"\",\"title\":\"S\"},\"status\":\"DRAFT\",\"tags\":[\"a\",\"b\"]"
      ","
      "\"title\":\"Dress \\\"A\\\"\",\"variants\":[{\"barcode\":\"\",\"compare_at_price\":\"\","
      "\"inventory_item\":\"main/801000\",\"options\":[\"M\"],\"price\":\"90.00\",\"sku\":\"\",\"title\":\"M\"},"
      "{\"barcode\":\"\",\"compare_at_price\":\"\",\"inventory_item\":\"main/801001\",\"options\":[\"L\"],"
      "\"price\":\"95.50\",\"sku\":\"L1\",\"title\":\"L\"}],\"vendor\":\"\"}";
  g_autoptr (World) world = world_new (rest);

  shopify_catalog_set (shopify_fake_catalog (world->fake), 9, 0);
  rh_shopify_start (world->shopify, world->workspace, "host");
  wait_for (world, "select count (*) from shopify_shops" HERE, "1");
  make (
      world, "dress",
      "{'title':'Dress "
      "\\u0022A\\u0022','description_html':'<p>d</p>','seo':{'title':'S'},'collections':[2],'tags':['b','a'],"
      "'options':[{'name':'Size','values':['M','L']}],'variants':[{'options':{'Size':'M'},'price':'90','cost':'40'},"
      "{'options':{'Size':'L'},'price':'95.50','sku':'L1'}],'images':[{'url':'https://x.example/1.jpg','alt':'front'}],"
      "'metafields':[{'namespace':'custom','key':'season','type':'single_line_text_field','value':'A'}]}");
  pull (world);
  g_assert_cmpuint (shopify_fake_bulks (world->fake), ==, bulks);
  assert_here (world, COUNTS "'products'", "done 10 10 0");
  assert_here (world, "select document from shopify_products" HERE " and handle = 'dress'", expected);
  assert_here (world,
               "select string_agg (concat_ws (' ', title, price, cost, sku), ', ' order by variant) from "
               "shopify_variants_read where product = 'main/101'",
               "Dress \"A\" / M 90.00 40.00 , Dress \"A\" / L 95.50  L1");
  make (world, "lamp", "{'title':'Lamp','variants':[{'price':'5.00','sku':'LAMP'}]}");
  assert_here (world, "select shopify_told ('acme.myshopify.com', 'products/create', 102)", "t");
  wait_for (world, "select count (*) from shopify_notes" HERE, "0");
  wait_for (world, "select state from shopify_pulls" HERE " and part = 'notes'", "done");
  assert_here (world, "select title || ' ' || price || ' ' || sku from shopify_variants" HERE " and product = 102",
               "Lamp 5.00 LAMP");
}

static void
test_made (void)
{
  makes (",'pull':['products']", 0);
}

static void
test_made_bulk (void)
{
  makes (",'pull':['products'],'bulk_from':10", 1);
}

/* --- The file of a bulk operation --------------------------------------------------------------------------------- */

static void
test_file (void)
{
  static const char text[] = "{\"id\":\"gid://shopify/Product/1\"}\n"
                             "{\"id\":\"gid://shopify/ProductVariant/1\",\"__parentId\":\"gid://shopify/Product/1\"}\n"
                             "{\"id\":\"gid://shopify/Video/1\",\"__parentId\":\"gid://shopify/Product/1\"}\n"
                             "{\"id\":\"gid://shopify/Product/2\"}";

  for (gsize piece = 1; piece < sizeof text; piece++)
    {
      g_autoptr (RhShopifyFile) file = rh_shopify_file_new ();
      g_autoptr (GPtrArray) things = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);

      for (gsize at = 0; at < sizeof text - 1; at += piece)
        {
          g_autoptr (GBytes) bytes = g_bytes_new (text + at, MIN (piece, sizeof text - 1 - at));

          g_assert_true (rh_shopify_file_push (file, bytes, things, NULL));
        }
      g_assert_true (rh_shopify_file_push (file, NULL, things, NULL));
      g_assert_cmpuint (things->len, ==, 2);
      g_assert_cmpuint (json_object_get_size (things->pdata[0]), ==, 3);
    }
}

static void
test_bad_file (void)
{
  static const char *const bad[][2] = {
    { "{\"id\":\"gid://shopify/ProductVariant/1\",\"__parentId\":\"gid://shopify/Product/1\"}\n",
      "line 1: expected it after" },
    { "{\"id\":\"gid://shopify/Product/1\"}\n{\"id\":\"a\",\"__parentId\":\"gid://shopify/Product/2\"}\n",
      "line 2: expected it" },
    { "{}\n[]\n", "line 2: expected an object" },
    { "{}\n{\"a\":\n", "line 2: " },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (RhShopifyFile) file = rh_shopify_file_new ();
      g_autoptr (GPtrArray) things = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
      g_autoptr (GBytes) bytes = g_bytes_new_static (bad[i][0], strlen (bad[i][0]));
      g_autoptr (GError) error = NULL;

      g_assert_false (rh_shopify_file_push (file, bytes, things, &error));
      g_assert_nonnull (strstr (error->message, bad[i][1]));
    }
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  royal_test_migrate ();
  g_test_add_func ("/shopify-pull/file", test_file);
  g_test_add_func ("/shopify-pull/bad-file", test_bad_file);
  g_test_add_func ("/shopify-pull/pages", test_pages);
  g_test_add_func ("/shopify-pull/bulk", test_bulk);
  g_test_add_func ("/shopify-pull/same", test_same);
  g_test_add_func ("/shopify-pull/faults", test_faults);
  g_test_add_func ("/shopify-pull/resumes", test_resumes);
  g_test_add_func ("/shopify-pull/themes", test_themes);
  g_test_add_func ("/shopify-pull/orders", test_orders);
  g_test_add_func ("/shopify-pull/notes", test_notes);
  g_test_add_func ("/shopify-pull/told", test_told);
  g_test_add_func ("/shopify-pull/scopes", test_scopes);
  g_test_add_func ("/shopify-pull/forgets", test_forgets);
  g_test_add_func ("/shopify-pull/made", test_made);
  g_test_add_func ("/shopify-pull/made-bulk", test_made_bulk);
  return royal_test_run ();
}
