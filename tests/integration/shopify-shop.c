/* SPDX-License-Identifier: Apache-2.0 */
#include "shopify-catalog.h"
#include "shopify-made.h"
#include "shopify-object.h"
#include "shopify-shop-state.h"

#include <royal-json.h>
#include <string.h>

ShopifyShop *
shopify_shop_new (void)
{
  ShopifyShop *self = g_new0 (ShopifyShop, 1);

  self->themes = shopify_shop_themes_new ();
  self->numbers = 100;
  self->live = 1;
  self->slow = 3;
  self->dress = shopify_object ("{'id':'gid://shopify/Product/1','title':'Dress','descriptionHtml':'','vendor':'Acme',"
                                "'productType':'','tags':['a','b'],'status':'DRAFT','totalInventory':7}");
  self->products = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_object_unref);
  self->members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->metafields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_object_unref);
  self->webhooks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
shopify_shop_free (ShopifyShop *self)
{
  g_ptr_array_unref (self->themes);
  json_object_unref (self->dress);
  g_hash_table_unref (self->products);
  g_hash_table_unref (self->members);
  g_hash_table_unref (self->metafields);
  g_hash_table_unref (self->webhooks);
  g_free (self);
}

static const char *
text_of (JsonObject *variables, const char *member)
{
  return royal_json_string (variables, member, "");
}

/* --- Products ----------------------------------------------------------------------------------------------------- */

JsonObject *
shopify_shop_product (ShopifyShop *self, const char *handle)
{
  return royal_json_object (g_hash_table_lookup (self->products, handle), "input");
}

/* (transfer full): what the queries of a product ask of one that was made here. */
static JsonObject *
shown_product (JsonObject *product)
{
  static const char *const fields[] = { "title", "descriptionHtml", "vendor", "productType", "status" };
  JsonObject *input = royal_json_object (product, "input");
  JsonObject *shown = shopify_object ("{'tags':[],'totalInventory':0}");

  json_object_set_string_member (shown, "id", text_of (product, "id"));
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    json_object_set_string_member (shown, fields[i], text_of (input, fields[i]));
  if (json_object_has_member (input, "tags"))
    json_object_set_member (shown, "tags", json_object_dup_member (input, "tags"));
  return shown;
}

JsonObject *
shopify_shop_product_of_handle (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *product = g_hash_table_lookup (self->products, text_of (variables, "id"));
  JsonObject *data = shopify_object ("{'shop':{'currencyCode':'EUR'},'product':null}");

  if (product != NULL)
    json_object_set_object_member (data, "product", shown_product (product));
  return data;
}

static gboolean
has_id (gpointer handle, gpointer product, gpointer id)
{
  return strcmp (text_of (product, "id"), id) == 0;
}

JsonObject *
shopify_shop_product_of_id (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *product = g_hash_table_find (self->products, has_id, (gpointer)text_of (variables, "id"));
  JsonObject *data = shopify_object ("{'product':null}");

  if (has_id (NULL, self->dress, (gpointer)text_of (variables, "id")))
    json_object_set_object_member (data, "product", json_object_ref (self->dress));
  else if (product != NULL)
    json_object_set_object_member (data, "product", shown_product (product));
  return data;
}

/* (transfer full): the variants of one that was made here: what is asked of each, of a hundred at most. */
static JsonObject *
offered (JsonObject *product)
{
  JsonArray *variants = product != NULL ? royal_json_array (royal_json_object (product, "input"), "variants") : NULL;
  guint n = variants != NULL ? json_array_get_length (variants) : 0;
  JsonObject *offers = shopify_object ("{'pageInfo':{'hasNextPage':%s},'nodes':[]}", n > 100 ? "true" : "false");

  for (guint i = 0; i < MIN (n, 100); i++)
    {
      JsonObject *variant = json_array_get_object_element (variants, i);

      json_array_add_object_element (royal_json_array (offers, "nodes"),
                                     shopify_object ("{'sku':'%s','price':'%s'}",
                                                     text_of (royal_json_object (variant, "inventoryItem"), "sku"),
                                                     text_of (variant, "price")));
    }
  return offers;
}

JsonObject *
shopify_shop_product_offers (ShopifyShop *self, JsonObject *variables)
{
  const char *id = text_of (variables, "id");
  JsonObject *product = g_hash_table_find (self->products, has_id, (gpointer)id);
  JsonObject *data = shopify_object ("{'shop':{'currencyCode':'EUR'},'product':null}");
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  if (product != NULL)
    json_object_set_object_member (data, "product", shown_product (product));
  else if (has_id (NULL, self->dress, (gpointer)id))
    {
      json_node_set_object (node, self->dress);
      text = royal_json_to_string (node);
      json_object_set_member (data, "product", royal_json_parse (text, -1, "shop", NULL));
    }
  if (royal_json_object (data, "product") != NULL)
    json_object_set_object_member (royal_json_object (data, "product"), "variants", offered (product));
  return data;
}

/* A product joins or leaves collections. */
static void
join (ShopifyShop *self, JsonObject *product)
{
  static const char *const members[] = { "collectionsToJoin", "collectionsToLeave" };

  for (guint i = 0; i < 2; i++)
    {
      JsonArray *ids = royal_json_array (product, members[i]);

      for (guint n = 0; ids != NULL && n < json_array_get_length (ids); n++)
        {
          g_autofree char *key =
              g_strdup_printf ("%s %s", text_of (product, "id"), json_array_get_string_element (ids, n));

          if (g_str_has_suffix (key, "/9")) /* its rules say what is in it */
            continue;
          if (i == 0)
            g_hash_table_add (self->members, g_steal_pointer (&key));
          else
            g_hash_table_remove (self->members, key);
        }
    }
}

JsonObject *
shopify_shop_product_update (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *changes = royal_json_object (variables, "product");
  JsonObject *product = g_hash_table_find (self->products, has_id, (gpointer)text_of (changes, "id"));
  JsonObject *input = product != NULL ? royal_json_object (product, "input") : self->dress;
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  join (self, changes);
  json_object_iter_init (&iter, changes);
  while (json_object_iter_next (&iter, &name, &value))
    if (strcmp (name, "id") != 0)
      json_object_set_member (input, name, json_node_copy (value));
  return shopify_object ("{'productUpdate':{'product':{'id':'%s','status':'%s'},'userErrors':[]}}",
                         text_of (changes, "id"), text_of (input, "status"));
}

static int
by_id (gconstpointer a, gconstpointer b)
{
  return strcmp (text_of (*(JsonObject *const *)a, "id"), text_of (*(JsonObject *const *)b, "id"));
}

#define PARTS SHOPIFY_MADE_PARTS

static const char *const part_names[PARTS] = { "variants", "media", "metafields", "collections" };

/* (transfer full): a product as a pull asks for it, in pages of @first variants, and so on; @variables (nullable) say
 * where each begins. */
static JsonObject *
pulled_product (JsonObject *product, const guint first[PARTS], JsonObject *variables)
{
  JsonObject *input = royal_json_object (product, "input");
  const char *id = text_of (product, "id");
  JsonObject *pulled = shopify_made_product (id, input);

  for (guint i = 0; i < PARTS; i++)
    json_object_set_object_member (pulled, part_names[i],
                                   shopify_catalog_connection (shopify_made_part (id, input, i), first[i],
                                                               royal_json_string (variables, part_names[i], NULL)));
  return pulled;
}

/* (transfer full): those that were made, in the order of their ids. */
static JsonArray *
pulled_products (ShopifyShop *self)
{
  static const guint first[PARTS] = { 20, 10, 15, 5 };
  g_autoptr (GPtrArray) products = g_ptr_array_new ();
  JsonArray *nodes = json_array_new ();
  GHashTableIter iter;
  gpointer handle, product;

  g_hash_table_iter_init (&iter, self->products);
  while (g_hash_table_iter_next (&iter, &handle, &product))
    g_ptr_array_add (products, pulled_product (product, first, NULL));
  g_ptr_array_sort (products, by_id);
  for (guint i = 0; i < products->len; i++)
    json_array_add_object_element (nodes, products->pdata[i]);
  return nodes;
}

JsonObject *
shopify_shop_page (ShopifyShop *self, JsonObject *variables, JsonObject *data)
{
  JsonObject *products = royal_json_object (data, "products");
  JsonArray *sold = royal_json_array (products, "nodes");
  JsonArray *nodes;

  if (royal_json_string (variables, "after", NULL) != NULL)
    return data;
  nodes = pulled_products (self);
  for (guint i = 0; i < json_array_get_length (sold); i++)
    json_array_add_element (nodes, json_array_dup_element (sold, i));
  json_object_set_array_member (products, "nodes", nodes);
  return data;
}

JsonObject *
shopify_shop_count (ShopifyShop *self, JsonObject *data)
{
  JsonObject *count = royal_json_object (data, "productsCount");

  json_object_set_int_member (count, "count", royal_json_int (count, "count", 0) + g_hash_table_size (self->products));
  return data;
}

JsonObject *
shopify_shop_pulled (ShopifyShop *self, JsonObject *variables)
{
  static const guint first[PARTS] = { 100, 50, 100, 50 };
  JsonObject *product = g_hash_table_find (self->products, has_id, (gpointer)text_of (variables, "id"));
  JsonObject *data = product != NULL ? json_object_new () : NULL;

  if (product != NULL)
    json_object_set_object_member (data, "product", pulled_product (product, first, variables));
  return data;
}

char *
shopify_shop_lines (ShopifyShop *self, char *lines)
{
  GString *text = g_string_new (lines);
  GHashTableIter iter;
  gpointer handle, product;

  g_hash_table_iter_init (&iter, self->products);
  while (g_hash_table_iter_next (&iter, &handle, &product))
    {
      JsonObject *input = royal_json_object (product, "input");
      const char *id = text_of (product, "id");

      shopify_catalog_line (text, shopify_made_product (id, input), NULL);
      for (guint i = 0; i < PARTS; i++)
        {
          g_autoptr (JsonArray) part = shopify_made_part (id, input, i);

          for (guint n = 0; n < json_array_get_length (part); n++)
            shopify_catalog_line (text, json_object_ref (json_array_get_object_element (part, n)), id);
        }
    }
  g_free (lines);
  return g_string_free (text, FALSE);
}

static char *
statuses (ShopifyShop *self)
{
  g_autoptr (JsonArray) products = pulled_products (self);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *statuses = json_object_new ();

  for (guint i = 0; i < json_array_get_length (products); i++)
    {
      JsonObject *product = json_array_get_object_element (products, i);

      json_object_set_string_member (statuses, text_of (product, "handle"), text_of (product, "status"));
    }
  json_node_take_object (node, statuses);
  return royal_json_to_string (node);
}

static char *
made (ShopifyShop *self)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *made = json_object_new ();
  GHashTableIter iter;
  gpointer handle, product;

  g_hash_table_iter_init (&iter, self->products);
  while (g_hash_table_iter_next (&iter, &handle, &product))
    json_object_set_object_member (made, handle, json_object_ref (royal_json_object (product, "input")));
  json_node_take_object (node, made);
  return royal_json_to_string (node);
}

char *
shopify_shop_told (ShopifyShop *self, const char *path)
{
  static const struct {
    const char *path;
    char *(*tell) (ShopifyShop *self);
  } tellings[] = { { "/products", statuses }, { "/made", made }, { "/themes", shopify_shop_shown } };

  for (guint i = 0; i < G_N_ELEMENTS (tellings); i++)
    if (strcmp (tellings[i].path, path) == 0)
      return tellings[i].tell (self);
  return NULL;
}

/* Without an identifier it is a new one, whose handle nobody has. */
JsonObject *
shopify_shop_product_create (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *input = royal_json_object (variables, "input");
  const char *handle = text_of (input, "handle");
  JsonObject *product;

  if (g_hash_table_contains (self->products, handle))
    return shopify_object (
        "{'productSet':{'product':null,'userErrors':[{'code':'HANDLE_NOT_UNIQUE','field':['input','handle'],"
        "'message':'Handle is taken.'}]}}");
  product = shopify_object ("{'id':'gid://shopify/Product/%u'}", ++self->numbers);
  json_object_set_object_member (product, "input", json_object_ref (input));
  g_hash_table_insert (self->products, g_strdup (handle), product);
  return shopify_object ("{'productSet':{'product':{'id':'%s','status':'%s'},'userErrors':[]}}",
                         text_of (product, "id"), text_of (input, "status"));
}

JsonObject *
shopify_shop_product_delete (ShopifyShop *self, JsonObject *variables)
{
  const char *id = text_of (variables, "id");

  g_assert_cmpuint (g_hash_table_foreach_remove (self->products, has_id, (gpointer)id), ==, 1);
  return shopify_object ("{'productDelete':{'deletedProductId':'%s','userErrors':[]}}", id);
}

JsonObject *
shopify_shop_in_collection (ShopifyShop *self, JsonObject *variables)
{
  const char *product = text_of (variables, "id");
  const char *collection = text_of (variables, "collection");
  guint number = (guint)g_ascii_strtoull (strrchr (collection, '/') + 1, NULL, 10);
  g_autofree char *key = g_strdup_printf ("%s %s", product, collection);
  JsonObject *data = shopify_object ("{'product':null,'collection':null}");

  if (g_str_has_suffix (product, "/1"))
    json_object_set_object_member (data, "product",
                                   shopify_object ("{'id':'%s','title':'Dress','status':'ACTIVE','inCollection':%s}",
                                                   product,
                                                   g_hash_table_contains (self->members, key) ? "true" : "false"));
  if (number <= 3 || number == 9)
    json_object_set_object_member (data, "collection", shopify_object ("{'id':'%s','title':'All'}", collection));
  return data;
}

/* --- Metafields --------------------------------------------------------------------------------------------------- */

static char *
key_of (JsonObject *names, const char *owner)
{
  return g_strdup_printf ("%s %s %s", text_of (names, owner), text_of (names, "namespace"), text_of (names, "key"));
}

static char *
digest_of (JsonObject *field)
{
  return g_compute_checksum_for_string (G_CHECKSUM_MD5, text_of (field, "value"), -1);
}

JsonObject *
shopify_shop_metafield (ShopifyShop *self, JsonObject *variables)
{
  g_autofree char *key = key_of (variables, "id");
  JsonObject *field = g_hash_table_lookup (self->metafields, key);
  JsonObject *data = shopify_object ("{'node':null}");
  JsonObject *node;
  g_autofree char *digest = digest_of (field);

  if (!g_str_has_suffix (text_of (variables, "id"), "/1"))
    return data;
  node = shopify_object ("{'__typename':'Product','id':'%s','metafield':null}", text_of (variables, "id"));
  if (field != NULL)
    {
      JsonObject *shown = shopify_object ("{'type':'%s','compareDigest':'%s'}", text_of (field, "type"), digest);

      json_object_set_string_member (shown, "value", text_of (field, "value"));
      json_object_set_object_member (node, "metafield", shown);
    }
  json_object_set_object_member (data, "node", node);
  return data;
}

/* It is compared: a digest that is null wants that there is none. */
JsonObject *
shopify_shop_metafield_set (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *input = json_array_get_object_element (royal_json_array (variables, "metafields"), 0);
  g_autofree char *key = key_of (input, "ownerId");
  JsonObject *field = g_hash_table_lookup (self->metafields, key);
  g_autofree char *digest = field != NULL ? digest_of (field) : NULL;

  g_assert_true (json_object_has_member (input, "compareDigest"));
  if (g_strcmp0 (royal_json_string (input, "compareDigest", NULL), digest) != 0)
    return shopify_object (
        "{'metafieldsSet':{'metafields':null,'userErrors':[{'code':'STALE_OBJECT','field':['metafields','0'],"
        "'message':'The resource has been updated.'}]}}");
  g_hash_table_replace (self->metafields, g_strdup (key), json_object_ref (input));
  return shopify_object ("{'metafieldsSet':{'metafields':[{'id':'gid://shopify/Metafield/1'}],'userErrors':[]}}");
}

JsonObject *
shopify_shop_metafield_delete (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *input = json_array_get_object_element (royal_json_array (variables, "metafields"), 0);
  g_autofree char *key = key_of (input, "ownerId");

  g_hash_table_remove (self->metafields, key);
  return shopify_object ("{'metafieldsDelete':{'deletedMetafields':[{'key':'%s'}],'userErrors':[]}}",
                         text_of (input, "key"));
}

/* --- Webhooks ----------------------------------------------------------------------------------------------------- */

JsonObject *
shopify_shop_webhook (ShopifyShop *self, JsonObject *variables)
{
  g_autofree char *key = g_strdup_printf ("%s %s", text_of (variables, "id"), text_of (variables, "uri"));
  const char *id = g_hash_table_lookup (self->webhooks, key);

  return id != NULL ? shopify_object ("{'webhookSubscriptions':{'nodes':[{'id':'%s'}]}}", id)
                    : shopify_object ("{'webhookSubscriptions':{'nodes':[]}}");
}

JsonObject *
shopify_shop_webhook_create (ShopifyShop *self, JsonObject *variables)
{
  g_autofree char *key = g_strdup_printf ("%s %s", text_of (variables, "topic"),
                                          text_of (royal_json_object (variables, "subscription"), "uri"));
  char *id;

  if (g_hash_table_contains (self->webhooks, key))
    return shopify_object (
        "{'webhookSubscriptionCreate':{'webhookSubscription':null,'userErrors':[{'field':["
        "'webhookSubscription','uri'],'message':'Address for this topic has already been taken'}]}}");
  id = g_strdup_printf ("gid://shopify/WebhookSubscription/%u", ++self->numbers);
  g_hash_table_insert (self->webhooks, g_steal_pointer (&key), id);
  return shopify_object ("{'webhookSubscriptionCreate':{'webhookSubscription':{'id':'%s'},'userErrors':[]}}", id);
}

static gboolean
is_subscription (gpointer key, gpointer id, gpointer wanted)
{
  return strcmp (id, wanted) == 0;
}

JsonObject *
shopify_shop_webhook_delete (ShopifyShop *self, JsonObject *variables)
{
  const char *id = text_of (variables, "id");

  g_assert_cmpuint (g_hash_table_foreach_remove (self->webhooks, is_subscription, (gpointer)id), ==, 1);
  return shopify_object ("{'webhookSubscriptionDelete':{'deletedWebhookSubscriptionId':'%s','userErrors':[]}}", id);
}
