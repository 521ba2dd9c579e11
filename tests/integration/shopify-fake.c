/* SPDX-License-Identifier: Apache-2.0 */
#include "shopify-fake.h"

#include "shopify-catalog.h"
#include "shopify-made.h"
#include "shopify-object.h"
#include "shopify-shop.h"

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>
#include <royal-json.h>
#include <stdio.h>
#include <string.h>

#define PATH "/admin/api/2026-07/graphql.json"
#define COST_READ 7
#define COST_CHANGE 10
#define COST_PAGE 100

typedef struct {
  char *price;
  char *compare_at;
  guint requests; /* that set the price */
  guint moves;    /* of which it became another */
} Variant;

struct _ShopifyFake {
  SoupServer *server;
  guint port;
  guint requests;
  guint changes;
  guint faults;
  GHashTable *variants; /* number -> Variant */
  GHashTable *ports;    /* of the clients' ends of connections */
  GHashTable *keys;     /* of inventory: key -> what it was asked for */
  gint64 stock;         /* of item 1 at location 1 */
  ShopifyShop *shop;
  gboolean own_themes;
  char *scopes; /* of the token, with blanks around each */
  ShopifyCatalog *catalog;
  char *lines;  /* (nullable): the file of the bulk operation */
  guint bulks;  /* how many there were */
  guint polls;  /* how often the last one was asked for */
  GQueue *plan; /* of kinds */
  double share;
  GStrv kinds;
  GRand *chance;
  double points, points_max, rate;
  gint64 at_us;
};

static void
variant_free (gpointer data)
{
  Variant *self = data;

  g_free (self->price);
  g_free (self->compare_at);
  g_free (self);
}

static guint
number_of (const char *id, const char *kind)
{
  g_autofree char *prefix = g_strdup_printf ("gid://shopify/%s/", kind);

  return g_str_has_prefix (id, prefix) ? (guint)g_ascii_strtoull (id + strlen (prefix), NULL, 10) : 0;
}

static Variant *
find_variant (ShopifyFake *self, guint number)
{
  Variant *variant = g_hash_table_lookup (self->variants, GUINT_TO_POINTER (number));

  if (variant == NULL && number >= 1 && number <= SHOPIFY_FAKE_VARIANTS)
    {
      variant = g_new0 (Variant, 1);
      variant->price = g_strdup ("100.00");
      g_hash_table_insert (self->variants, GUINT_TO_POINTER (number), variant);
    }
  return variant;
}

/* --- Operations --------------------------------------------------------------------------------------------------- */

static JsonObject *
read_variant (ShopifyFake *self, JsonObject *variables)
{
  guint number = number_of (royal_json_string (variables, "id", ""), "ProductVariant");
  const Variant *variant = find_variant (self, number);
  JsonObject *data =
      variant == NULL
          ? shopify_object ("{'shop':{'currencyCode':'EUR'},'productVariant':null}")
          : shopify_object ("{'shop':{'currencyCode':'EUR'},'productVariant':{'id':'gid://shopify/ProductVariant/%u',"
                            "'title':'M','sku':'SKU-%u','price':'%s','compareAtPrice':null,'inventoryQuantity':7,"
                            "'inventoryItem':{'id':'gid://shopify/InventoryItem/%u','unitCost':null},"
                            "'product':{'id':'gid://shopify/Product/%u','title':'Dress','status':'ACTIVE'}}}",
                            number, number, variant->price, 200000 + number, 100000 + number);
  JsonObject *shown = royal_json_object (data, "productVariant");

  if (variant != NULL)
    royal_json_set_text (shown, "compareAtPrice", variant->compare_at);
  if (variant != NULL && number <= 900)
    json_object_set_object_member (royal_json_object (shown, "inventoryItem"), "unitCost",
                                   shopify_object ("{'amount':'40.0','currencyCode':'EUR'}"));
  return data;
}

static JsonObject *
refuse (const char *root, const char *code, const char *field, const char *message)
{
  return shopify_object ("{'%s':{'userErrors':[{'code':'%s','field':[%s],'message':'%s'}]}}", root, code, field,
                         message);
}

static JsonObject *
change_price (ShopifyFake *self, JsonObject *variables)
{
  JsonObject *input = json_array_get_object_element (royal_json_array (variables, "variants"), 0);
  guint number = number_of (royal_json_string (input, "id", ""), "ProductVariant");
  guint product = number_of (royal_json_string (variables, "product", ""), "Product");
  Variant *variant = find_variant (self, number);
  g_autofree char *price = shopify_made_money (royal_json_string (input, "price", "0"));
  JsonObject *data;

  if (variant == NULL || product != 100000 + number)
    {
      data = refuse ("productVariantsBulkUpdate", "PRODUCT_VARIANT_DOES_NOT_EXIST", "'variants','0','id'",
                     "Product variant does not exist");
      json_object_set_null_member (royal_json_object (data, "productVariantsBulkUpdate"), "productVariants");
      return data;
    }
  variant->requests++;
  variant->moves += strcmp (variant->price, price) != 0;
  g_free (variant->price);
  variant->price = g_steal_pointer (&price);
  if (json_object_has_member (input, "compareAtPrice"))
    {
      g_free (variant->compare_at);
      variant->compare_at = royal_json_string (input, "compareAtPrice", NULL) != NULL
                                ? shopify_made_money (royal_json_string (input, "compareAtPrice", NULL))
                                : NULL;
    }
  data = shopify_object (
      "{'productVariantsBulkUpdate':{'productVariants':[{'id':'gid://shopify/ProductVariant/%u','price':'%s',"
      "'compareAtPrice':null}],'userErrors':[]}}",
      number, variant->price);
  self->changes++;
  return data;
}

static JsonObject *
read_inventory (ShopifyFake *self, JsonObject *variables)
{
  if (number_of (royal_json_string (variables, "id", ""), "InventoryItem") != 1)
    return shopify_object ("{'inventoryItem':null}");
  if (number_of (royal_json_string (variables, "location", ""), "Location") != 1)
    return shopify_object (
        "{'inventoryItem':{'id':'gid://shopify/InventoryItem/1','sku':'S','tracked':true,'inventoryLevel':null}}");
  return shopify_object (
      "{'inventoryItem':{'id':'gid://shopify/InventoryItem/1','sku':'S','tracked':true,'inventoryLevel':{"
      "'id':'gid://shopify/InventoryLevel/1','quantities':[{'name':'available','quantity':%" G_GINT64_FORMAT "}]}}}",
      self->stock);
}

#define REFUSED(code)                                                                                                  \
  "{'inventorySetQuantities':{'inventoryAdjustmentGroup':null,'userErrors':[{'code':'" code "','field':null,"          \
  "'message':'no'}]}}"

/* A key is done once, and what it was asked for is answered again. */
static JsonObject *
set_inventory (ShopifyFake *self, JsonObject *variables)
{
  JsonObject *input = royal_json_object (variables, "input");
  JsonObject *quantity = json_array_get_object_element (royal_json_array (input, "quantities"), 0);
  const char *key = royal_json_string (variables, "key", "");
  const char *was = g_hash_table_lookup (self->keys, key);
  g_autofree char *asked = royal_json_to_string (json_object_get_member (variables, "input"));

  if (was != NULL && strcmp (was, asked) != 0)
    return shopify_object (REFUSED ("IDEMPOTENCY_KEY_PARAMETER_MISMATCH"));
  if (was == NULL && royal_json_int (quantity, "changeFromQuantity", -1) != self->stock)
    return shopify_object (REFUSED ("CHANGE_FROM_QUANTITY_STALE"));
  if (was == NULL)
    {
      self->stock = royal_json_int (quantity, "quantity", 0);
      self->changes++;
      g_hash_table_insert (self->keys, g_strdup (key), g_steal_pointer (&asked));
    }
  return shopify_object (
      "{'inventorySetQuantities':{'inventoryAdjustmentGroup':{'id':'gid://shopify/InventoryAdjustmentGroup/1'},"
      "'userErrors':[]}}");
}

/* --- What else the shop keeps ------------------------------------------------------------------------------------- */

#define OF_SHOP(name)                                                                                                  \
  static JsonObject *name (ShopifyFake *self, JsonObject *variables)                                                   \
  {                                                                                                                    \
    return shopify_shop_##name (self->shop, variables);                                                                \
  }
/* The same, of one that changes something. */
#define CHANGES_SHOP(name)                                                                                             \
  static JsonObject *name (ShopifyFake *self, JsonObject *variables)                                                   \
  {                                                                                                                    \
    self->changes++;                                                                                                   \
    return shopify_shop_##name (self->shop, variables);                                                                \
  }
OF_SHOP (theme)
CHANGES_SHOP (publish)
OF_SHOP (theme_named)
CHANGES_SHOP (duplicate)
CHANGES_SHOP (theme_delete)
OF_SHOP (theme_content)
CHANGES_SHOP (theme_files)
CHANGES_SHOP (theme_files_delete)
OF_SHOP (product_of_handle)
OF_SHOP (product_of_id)
OF_SHOP (product_offers)
CHANGES_SHOP (product_update)
CHANGES_SHOP (product_create)
CHANGES_SHOP (product_delete)
OF_SHOP (in_collection)
OF_SHOP (metafield)
CHANGES_SHOP (metafield_set)
CHANGES_SHOP (metafield_delete)
OF_SHOP (webhook)
CHANGES_SHOP (webhook_create)
CHANGES_SHOP (webhook_delete)

/* --- Pulls -------------------------------------------------------------------------------------------------------- */

static const char *
price_of (gpointer data, guint variant)
{
  const Variant *found = find_variant (data, variant);

  return found != NULL ? found->price : "100.00";
}

/* One at a time, and what it yields is grouped, or it could not be read as it comes. */
static JsonObject *
run_bulk (ShopifyFake *self, JsonObject *variables)
{
  g_assert_nonnull (strstr (royal_json_string (variables, "query", ""), "metafields"));
  g_free (self->lines);
  self->lines = shopify_shop_lines (self->shop, shopify_catalog_lines (self->catalog));
  self->bulks++;
  self->polls = 0;
  return shopify_object (
      "{'bulkOperationRunQuery':{'bulkOperation':{'id':'gid://shopify/BulkOperation/%u','status':'CREATED'},"
      "'userErrors':[]}}",
      self->bulks);
}

static JsonObject *
read_bulk (ShopifyFake *self, JsonObject *variables)
{
  guint number = number_of (royal_json_string (variables, "id", ""), "BulkOperation");

  if (number == 0 || number != self->bulks)
    return shopify_object ("{'bulkOperation':null}");
  if (self->polls++ == 0)
    return shopify_object (
        "{'bulkOperation':{'id':'gid://shopify/BulkOperation/%u','status':'RUNNING','errorCode':null,"
        "'objectCount':'0','url':null}}",
        number);
  return shopify_object (
      "{'bulkOperation':{'id':'gid://shopify/BulkOperation/%u','status':'COMPLETED','errorCode':null,"
      "'objectCount':'1','url':'http://127.0.0.1:%u/files/%u.jsonl?signed=1'}}",
      number, self->port, number);
}

#define OF_CATALOG(name)                                                                                               \
  static JsonObject *name (ShopifyFake *self, JsonObject *variables)                                                   \
  {                                                                                                                    \
    return shopify_catalog_##name (self->catalog, variables);                                                          \
  }
OF_CATALOG (orders)
OF_CATALOG (order_lines)

/* Pulled are the themes that are changed here, or those of the catalog. */
#define OF_EITHER(name, ours)                                                                                          \
  static JsonObject *name (ShopifyFake *self, JsonObject *variables)                                                   \
  {                                                                                                                    \
    return self->own_themes ? shopify_shop_##ours (self->shop, variables)                                              \
                            : shopify_catalog_##name (self->catalog, variables);                                       \
  }
OF_EITHER (themes, themes_page)
OF_EITHER (theme_list, theme_list)
OF_EITHER (theme_bodies, theme_bodies)

static JsonObject *
count (ShopifyFake *self, JsonObject *variables)
{
  return shopify_shop_count (self->shop, shopify_catalog_count (self->catalog, variables));
}

static JsonObject *
product (ShopifyFake *self, JsonObject *variables)
{
  JsonObject *made = shopify_shop_pulled (self->shop, variables);

  return made != NULL ? made : shopify_catalog_product (self->catalog, variables);
}

static JsonObject *
page (ShopifyFake *self, JsonObject *variables)
{
  return shopify_shop_page (self->shop, variables, shopify_catalog_page (self->catalog, variables));
}

typedef struct {
  const char *operation;
  JsonObject *(*run) (ShopifyFake *self, JsonObject *variables);
  double cost;
  const char *scope;
} FakeOperation;

static const FakeOperation operations[] = {
  { "query RoyalVariant(", read_variant, COST_READ, "read_products" },
  { "mutation RoyalPriceUpdate(", change_price, COST_CHANGE, "write_products" },
  { "query RoyalInventory(", read_inventory, COST_READ, "read_inventory" },
  { "mutation RoyalInventorySet(", set_inventory, COST_CHANGE, "write_inventory" },
  { "query RoyalProduct(", product_of_id, COST_READ, "read_products" },
  { "query RoyalProductOffers(", product_offers, COST_READ, "read_products" },
  { "mutation RoyalProductUpdate(", product_update, COST_CHANGE, "write_products" },
  { "query RoyalProductOfHandle(", product_of_handle, COST_READ, "read_products" },
  { "mutation RoyalProductCreate(", product_create, COST_CHANGE, "write_products" },
  { "mutation RoyalProductDelete(", product_delete, COST_CHANGE, "write_products" },
  { "query RoyalProductInCollection(", in_collection, COST_READ, "read_products" },
  { "query RoyalMetafield(", metafield, COST_READ, "read_products" },
  { "mutation RoyalMetafieldSet(", metafield_set, COST_CHANGE, "write_products" },
  { "mutation RoyalMetafieldDelete(", metafield_delete, COST_CHANGE, "write_products" },
  { "query RoyalTheme(", theme, COST_READ, "read_themes" },
  { "mutation RoyalThemePublish(", publish, COST_CHANGE, "write_themes" },
  { "query RoyalThemeNamed(", theme_named, COST_READ, "read_themes" },
  { "mutation RoyalThemeDuplicate(", duplicate, COST_CHANGE, "write_themes" },
  { "mutation RoyalThemeDelete(", theme_delete, COST_CHANGE, "write_themes" },
  { "query RoyalThemeContent(", theme_content, COST_PAGE, "read_themes" },
  { "mutation RoyalThemeFiles(", theme_files, COST_CHANGE, "write_themes" },
  { "mutation RoyalThemeFilesDelete(", theme_files_delete, COST_CHANGE, "write_themes" },
  { "query RoyalWebhook(", webhook, COST_READ, "" },
  { "mutation RoyalWebhookCreate(", webhook_create, COST_CHANGE, "" },
  { "mutation RoyalWebhookDelete(", webhook_delete, COST_CHANGE, "" },
  { "query RoyalCatalogCount ", count, COST_READ, "read_products" },
  { "query RoyalCatalogPage(", page, COST_PAGE, "read_products" },
  { "query RoyalCatalogProduct(", product, COST_PAGE, "read_products" },
  { "mutation RoyalBulkRun(", run_bulk, COST_CHANGE, "read_products" },
  { "query RoyalBulk(", read_bulk, COST_READ, "read_products" },
  { "query RoyalThemes(", themes, COST_READ, "read_themes" },
  { "query RoyalThemeList(", theme_list, COST_PAGE, "read_themes" },
  { "query RoyalThemeBodies(", theme_bodies, COST_PAGE, "read_themes" },
  { "query RoyalOrders(", orders, COST_PAGE, "read_orders" },
  { "query RoyalOrderLines(", order_lines, COST_PAGE, "read_orders" },
};

/* --- Points ------------------------------------------------------------------------------------------------------- */

static gboolean
take_points (ShopifyFake *self, double cost)
{
  gint64 now = g_get_monotonic_time ();

  self->points = MIN (self->points_max, self->points + self->rate * (double)(now - self->at_us) / 1e6);
  self->at_us = now;
  if (self->points < cost)
    return FALSE;
  self->points -= cost;
  return TRUE;
}

static JsonObject *
extensions (const ShopifyFake *self, double cost, gboolean was_done)
{
  JsonObject *all = shopify_object (
      "{'cost':{'requestedQueryCost':%d,'actualQueryCost':null,'throttleStatus':{'maximumAvailable':%d.0,"
      "'currentlyAvailable':%d,'restoreRate':%d.0}}}",
      (int)cost, (int)self->points_max, (int)self->points, (int)self->rate);

  if (was_done)
    json_object_set_int_member (royal_json_object (all, "cost"), "actualQueryCost", (gint64)cost);
  return all;
}

/* --- Answers ------------------------------------------------------------------------------------------------------ */

static JsonObject *
error_answer (const char *code, const char *message)
{
  return shopify_object ("{'errors':[{'message':'%s','extensions':{'code':'%s'}}]}", message, code);
}

/* (transfer full): the kind of fault that this request has; `none`. */
static char *
next_kind (ShopifyFake *self)
{
  char *kind = g_queue_pop_head (self->plan);

  if (kind != NULL)
    return kind;
  if (self->kinds == NULL || g_rand_double (self->chance) >= self->share)
    return g_strdup ("none");
  self->faults++;
  return g_strdup (self->kinds[g_rand_int_range (self->chance, 0, (gint32)g_strv_length (self->kinds))]);
}

static void
answer_text (SoupServerMessage *message, guint status, char *text)
{
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_TAKE, text, strlen (text));
}

/* Ends the connection, after @text if there is any. */
static void
cut (SoupServerMessage *message, const char *text)
{
  GSocket *connection = soup_server_message_get_socket (message);

  if (text != NULL)
    (void)g_socket_send (connection, text, strlen (text), NULL, NULL);
  g_socket_shutdown (connection, TRUE, TRUE, NULL);
  answer_text (message, 500, g_strdup ("{}")); /* nobody will see it */
}

/* A line for each exchange that was executed: [request, answer]. */
static void
note (JsonNode *request, const char *answer)
{
  const char *name = g_getenv ("ROYAL_SHOPIFY_EXCHANGES");
  FILE *file = name != NULL ? fopen (name, "a") : NULL;
  g_autofree char *text = NULL;

  if (file == NULL)
    return;
  text = royal_json_to_string (request);
  fprintf (file, "[%s,%s]\n", text, answer);
  fclose (file);
}

static gboolean
has_scope (ShopifyFake *self, const char *scope)
{
  g_autofree char *word = g_strdup_printf (" %s ", scope);

  return *scope == '\0' || strstr (self->scopes, word) != NULL;
}

/* Which app asks, and what it may. */
static void
add_app (ShopifyFake *self, JsonObject *data)
{
  JsonObject *app = shopify_object ("{'accessScopes':[]}");
  g_auto (GStrv) scopes = g_strsplit (self->scopes, " ", -1);

  for (guint i = 0; scopes[i] != NULL; i++)
    if (*scopes[i] != '\0')
      json_array_add_object_element (royal_json_array (app, "accessScopes"),
                                     shopify_object ("{'handle':'%s'}", scopes[i]));
  json_object_set_object_member (data, "currentAppInstallation", app);
}

/* (transfer full) */
static JsonObject *
run (ShopifyFake *self, const FakeOperation *operation, JsonObject *request)
{
  g_autofree char *words =
      g_strdup_printf ("Access denied for a field. Required access: `%s` access scope.", operation->scope);
  gboolean has_points = take_points (self, operation->cost);
  gboolean is_let = has_points && has_scope (self, operation->scope);
  JsonObject *body = is_let       ? json_object_new ()
                     : has_points ? error_answer ("ACCESS_DENIED", words)
                                  : error_answer ("THROTTLED", "Throttled");

  if (is_let)
    {
      JsonObject *data = operation->run (self, royal_json_object (request, "variables"));

      if (strstr (royal_json_string (request, "query", ""), "currentAppInstallation") != NULL)
        add_app (self, data);
      json_object_set_object_member (body, "data", data);
    }
  json_object_set_object_member (body, "extensions", extensions (self, operation->cost, is_let));
  return body;
}

/* (transfer full): what the answer is when nothing goes wrong, or THROTTLED. */
static char *
execute (ShopifyFake *self, JsonNode *node)
{
  JsonObject *request = json_node_get_object (node);
  const char *query = royal_json_string (request, "query", "");
  g_autoptr (JsonNode) answer = json_node_new (JSON_NODE_OBJECT);
  JsonObject *body = NULL;
  char *text;

  for (guint i = 0; i < G_N_ELEMENTS (operations) && body == NULL; i++)
    if (strstr (query, operations[i].operation) != NULL)
      body = run (self, &operations[i], request);
  if (body == NULL)
    body = error_answer ("undefinedField", "no such operation");
  json_node_take_object (answer, body);
  text = royal_json_to_string (answer);
  note (node, text);
  return text;
}

static void
answer_error (SoupServerMessage *message, const char *code, const char *text)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, error_answer (code, text));
  answer_text (message, 200, royal_json_to_string (node));
}

/* What goes wrong before anything is done. */
static gboolean
fails_before (SoupServerMessage *message, const char *kind)
{
  if (strcmp (kind, "throttled") == 0)
    answer_error (message, "THROTTLED", "Throttled");
  else if (strcmp (kind, "denied") == 0)
    answer_error (message, "ACCESS_DENIED",
                  "Access denied for productVariant field. Required access: `read_products`.");
  else if (strcmp (kind, "before") == 0)
    cut (message, NULL);
  else if (strcmp (kind, "500") == 0 || strcmp (kind, "401") == 0)
    answer_text (message, (guint)g_ascii_strtoull (kind, NULL, 10), g_strdup ("{}"));
  else if (strcmp (kind, "429") == 0)
    {
      soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", "1");
      answer_text (message, 429, g_strdup ("{\"errors\":\"Exceeded\"}"));
    }
  else
    return FALSE;
  return TRUE;
}

static guint
port_of (SoupServerMessage *message)
{
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (soup_server_message_get_remote_address (message)));
}

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  ShopifyFake *self = data;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  SoupMessageBody *sent = soup_server_message_get_request_body (message);
  g_autoptr (JsonNode) node = royal_json_parse (sent->data, (gssize)sent->length, "body", NULL);
  g_autofree char *kind = NULL;
  g_autofree char *answer = NULL;

  self->requests++;
  g_hash_table_add (self->ports, GUINT_TO_POINTER (port_of (message)));
  if (strcmp (path, PATH) != 0 || strcmp (soup_server_message_get_method (message), "POST") != 0)
    answer_text (message, 404, g_strdup ("{\"errors\":\"Not Found\"}"));
  else if (g_strcmp0 (soup_message_headers_get_one (headers, "X-Shopify-Access-Token"), "good-token") != 0)
    answer_text (message, 401, g_strdup ("{\"errors\":\"[API] Invalid API key or access token\"}"));
  else if (node == NULL)
    answer_text (message, 400, g_strdup ("{\"errors\":{\"query\":\"Required parameter missing or invalid\"}}"));
  else if (kind = next_kind (self), !fails_before (message, kind))
    {
      answer = execute (self, node);
      if (strcmp (kind, "late-500") == 0)
        answer_text (message, 500, g_strdup ("{}"));
      else if (strcmp (kind, "lost") == 0)
        cut (message, NULL);
      else if (strcmp (kind, "half") == 0)
        cut (message, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"data\":");
      else if (strcmp (kind, "broken") == 0)
        answer_error (message, "INTERNAL_SERVER_ERROR", "Internal error. Looks like something went wrong on our end.");
      else
        answer_text (message, 200, g_steal_pointer (&answer));
      if (strcmp (kind, "deprecated") == 0)
        soup_message_headers_replace (soup_server_message_get_response_headers (message),
                                      "X-Shopify-API-Deprecated-Reason", "https://shopify.dev/api/usage/versioning");
    }
}

/* --- For who asks ------------------------------------------------------------------------------------------------- */

/* GET /fake/variants: [[number, price, requests, moves]] of those that were asked for. */
static void
on_variants (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  const ShopifyFake *self = data;
  GString *text = g_string_new ("[");
  GHashTableIter iter;
  gpointer number, value;

  g_hash_table_iter_init (&iter, self->variants);
  while (g_hash_table_iter_next (&iter, &number, &value))
    {
      const Variant *variant = value;

      g_string_append_printf (text, "%s[%u,\"%s\",%u,%u]", text->len > 1 ? "," : "", GPOINTER_TO_UINT (number),
                              variant->price, variant->requests, variant->moves);
    }
  g_string_append_c (text, ']');
  answer_text (message, 200, g_string_free (text, FALSE));
}

/* GET /fake/NAME: what the shop tells of itself. */
static void
on_told (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  char *text = shopify_shop_told (((const ShopifyFake *)data)->shop, path + strlen ("/fake"));

  answer_text (message, text != NULL ? 200 : 404, text != NULL ? text : g_strdup ("{}"));
}

/* GET /fake/faults: how many requests went wrong. */
static void
on_faults (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  answer_text (message, 200, g_strdup_printf ("%u", ((const ShopifyFake *)data)->faults));
}

/* GET /files/…: no token goes along. */
static void
on_file (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  ShopifyFake *self = data;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  g_autofree char *kind = next_kind (self);

  g_assert_null (soup_message_headers_get_one (headers, "X-Shopify-Access-Token"));
  if (fails_before (message, kind))
    return;
  if (self->lines == NULL || strcmp (kind, "half") != 0)
    answer_text (message, self->lines != NULL ? 200 : 404, g_strdup (self->lines != NULL ? self->lines : ""));
  else
    {
      g_autofree char *text = g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%.*s",
                                               strlen (self->lines), (int)(strlen (self->lines) / 2), self->lines);

      cut (message, text);
    }
}

ShopifyCatalog *
shopify_fake_catalog (ShopifyFake *self)
{
  return self->catalog;
}

ShopifyShop *
shopify_fake_shop (ShopifyFake *self)
{
  return self->shop;
}

void
shopify_fake_own_themes (ShopifyFake *self)
{
  self->own_themes = TRUE;
}

void
shopify_fake_scopes (ShopifyFake *self, const char *scopes)
{
  g_free (self->scopes);
  self->scopes = g_strdup_printf (" %s ", scopes);
}

guint
shopify_fake_bulks (ShopifyFake *self)
{
  return self->bulks;
}

ShopifyFake *
shopify_fake_new (void)
{
  ShopifyFake *self = g_new0 (ShopifyFake, 1);
  GSList *uris;

  self->server = soup_server_new (NULL, NULL);
  self->variants = g_hash_table_new_full (NULL, NULL, NULL, variant_free);
  self->ports = g_hash_table_new (NULL, NULL);
  self->keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->stock = 5;
  self->shop = shopify_shop_new ();
  shopify_fake_scopes (
      self, "read_products write_products read_inventory write_inventory read_themes write_themes read_orders");
  self->catalog = shopify_catalog_new (price_of, self);
  self->plan = g_queue_new ();
  shopify_fake_points (self, 20000, 1000);
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  soup_server_add_handler (self->server, "/files", on_file, self, NULL);
  soup_server_add_handler (self->server, "/fake/variants", on_variants, self, NULL);
  soup_server_add_handler (self->server, "/fake", on_told, self, NULL);
  soup_server_add_handler (self->server, "/fake/faults", on_faults, self, NULL);
  g_assert_true (soup_server_listen_local (self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, NULL));
  uris = soup_server_get_uris (self->server);
  self->port = (guint)g_uri_get_port (uris->data);
  g_slist_free_full (uris, (GDestroyNotify)g_uri_unref);
  return self;
}

void
shopify_fake_free (ShopifyFake *self)
{
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_hash_table_unref (self->variants);
  g_hash_table_unref (self->keys);
  g_hash_table_unref (self->ports);
  shopify_catalog_free (self->catalog);
  shopify_shop_free (self->shop);
  g_free (self->scopes);
  g_free (self->lines);
  g_queue_free_full (self->plan, g_free);
  g_strfreev (self->kinds);
  g_clear_pointer (&self->chance, g_rand_free);
  g_free (self);
}

guint
shopify_fake_port (ShopifyFake *self)
{
  return self->port;
}

guint
shopify_fake_changes (ShopifyFake *self)
{
  return self->changes;
}

guint
shopify_fake_requests (ShopifyFake *self)
{
  return self->requests;
}

guint
shopify_fake_connections (ShopifyFake *self)
{
  return g_hash_table_size (self->ports);
}

void
shopify_fake_set_price (ShopifyFake *self, guint variant, const char *price)
{
  Variant *found = find_variant (self, variant);

  g_free (found->price);
  found->price = g_strdup (price);
}

void
shopify_fake_set_stock (ShopifyFake *self, gint64 stock)
{
  self->stock = stock;
}

gint64
shopify_fake_stock (ShopifyFake *self)
{
  return self->stock;
}

void
shopify_fake_plan (ShopifyFake *self, const char *kinds)
{
  g_auto (GStrv) all = g_strsplit (kinds, " ", -1);

  for (guint i = 0; all[i] != NULL; i++)
    g_queue_push_tail (self->plan, g_strdup (all[i]));
}

void
shopify_fake_storm (ShopifyFake *self, double share, const char *kinds, guint32 seed)
{
  g_strfreev (self->kinds);
  g_clear_pointer (&self->chance, g_rand_free);
  self->share = share;
  self->kinds = g_strsplit (kinds, " ", -1);
  self->chance = g_rand_new_with_seed (seed);
}

void
shopify_fake_points (ShopifyFake *self, double points, double rate)
{
  self->points = self->points_max = points;
  self->rate = rate;
  self->at_us = g_get_monotonic_time ();
}
