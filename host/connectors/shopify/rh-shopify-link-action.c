/* SPDX-License-Identifier: Apache-2.0 */

/* What a product is in, what is noted on things, and what Shopify is to tell. */

#include "rh-shopify-action.h"

#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

/* --- Collections -------------------------------------------------------------------------------------------------- */

static char *
collection_of (JsonObject *wanted)
{
  return g_strdup_printf ("gid://shopify/Collection/%" G_GINT64_FORMAT, royal_json_int (wanted, "collection", 0));
}

static void
collection_observed_of (JsonObject *wanted, JsonObject *variables)
{
  g_autofree char *id = collection_of (wanted);

  json_object_set_string_member (variables, "collection", id);
}

/* { "collection": its number, "member" } */
static JsonNode *
collection_state (JsonObject *data, JsonObject *wanted)
{
  JsonObject *product = royal_json_object (data, "product");
  JsonObject *state;

  if (product == NULL || royal_json_object (data, "collection") == NULL)
    return NULL;
  state = json_object_new ();
  rh_shopify_copy (wanted, "collection", state, "collection");
  rh_shopify_copy (product, "inCollection", state, "member");
  return royal_json_take_object (state);
}

static void
collection_facts (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts)
{
  JsonObject *product = royal_json_object (data, "product");

  rh_shopify_copy (product, "title", facts, "product");
  rh_shopify_copy (product, "status", facts, "status");
  rh_shopify_copy (royal_json_object (data, "collection"), "title", facts, "collection");
  rh_shopify_copy (product, "inCollection", facts, "member_before");
  rh_shopify_copy (wanted, "member", facts, "member_after");
}

static gboolean
collection_is_done (JsonObject *wanted, JsonObject *state)
{
  return royal_json_boolean (wanted, "member", FALSE) == royal_json_boolean (state, "member", FALSE);
}

static JsonObject *
collection_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  JsonObject *variables = json_object_new ();
  JsonObject *product = rh_shopify_one ("id", id);
  JsonArray *ids = json_array_new ();
  g_autofree char *collection = collection_of (wanted);

  json_array_add_string_element (ids, collection);
  json_object_set_array_member (
      product, royal_json_boolean (wanted, "member", FALSE) ? "collectionsToJoin" : "collectionsToLeave", ids);
  json_object_set_object_member (variables, "product", product);
  return variables;
}

/* --- Metafields --------------------------------------------------------------------------------------------------- */

static const struct {
  const char *name;
  const char *kind;
} owners[] = { { "product", "Product" }, { "variant", "ProductVariant" }, { "collection", "Collection" } };

static char *
owner_of (const char *rest, JsonObject *parameters)
{
  const char *owner = royal_json_string (parameters, "owner", "product");
  gsize digits = strspn (rest, "0123456789");

  for (guint i = 0; i < G_N_ELEMENTS (owners) && digits > 0 && digits < 20 && rest[digits] == '\0' && rest[0] != '0';
       i++)
    if (strcmp (owners[i].name, owner) == 0)
      return g_strdup_printf ("gid://shopify/%s/%s", owners[i].kind, rest);
  return NULL;
}

static JsonObject *
metafield_asked (const char *id, JsonObject *parameters)
{
  static const char *const members[] = { "namespace", "key", "type", "value" };
  JsonObject *wanted = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    rh_shopify_copy (parameters, members[i], wanted, members[i]);
  return wanted;
}

static void
metafield_observed_of (JsonObject *wanted, JsonObject *variables)
{
  rh_shopify_copy (wanted, "namespace", variables, "namespace");
  rh_shopify_copy (wanted, "key", variables, "key");
}

/* { "namespace", "key", "type", "value": null when there is none, "digest": what Shopify compares } */
static JsonNode *
metafield_state (JsonObject *data, JsonObject *wanted)
{
  JsonObject *owner = royal_json_object (data, "node");
  JsonObject *field = royal_json_object (owner, "metafield");
  JsonObject *state;

  if (owner == NULL)
    return NULL;
  state = json_object_new ();
  metafield_observed_of (wanted, state);
  royal_json_set_text (state, "type", royal_json_string (field, "type", NULL));
  royal_json_set_text (state, "value", royal_json_string (field, "value", NULL));
  royal_json_set_text (state, "digest", royal_json_string (field, "compareDigest", NULL));
  return royal_json_take_object (state);
}

static void
metafield_facts (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts)
{
  metafield_observed_of (wanted, facts);
  rh_shopify_copy (royal_json_object (data, "node"), "__typename", facts, "owner");
  json_object_set_boolean_member (facts, "exists",
                                  royal_json_object (royal_json_object (data, "node"), "metafield") != NULL);
  json_object_set_boolean_member (facts, "removes", royal_json_string (wanted, "value", NULL) == NULL);
}

/* Shopify may write JSON in its own way. */
static gboolean
metafield_is_done (JsonObject *wanted, JsonObject *state)
{
  const char *value = royal_json_string (wanted, "value", NULL);
  const char *is = royal_json_string (state, "value", NULL);
  g_autoptr (JsonNode) asked = NULL;
  g_autoptr (JsonNode) said = NULL;

  if (value == NULL || is == NULL || strcmp (value, is) == 0)
    return value == NULL ? is == NULL : is != NULL;
  if (*value != '{' && *value != '[')
    return FALSE;
  asked = royal_json_parse (value, -1, "value", NULL);
  said = asked != NULL ? royal_json_parse (is, -1, "value", NULL) : NULL;
  return said != NULL && json_node_equal (asked, said);
}

/* (nullable) (transfer full): { @root: [what names the field] } */
static JsonObject *
metafield_input (const char *id, JsonObject *wanted, JsonObject *state, gboolean removes)
{
  JsonObject *variables;
  JsonObject *input;
  JsonArray *list;

  if ((royal_json_string (wanted, "value", NULL) == NULL) != removes)
    return NULL;
  variables = json_object_new ();
  input = rh_shopify_one ("ownerId", id);
  list = json_array_new ();
  metafield_observed_of (wanted, input);
  if (!removes)
    {
      rh_shopify_copy (wanted, "type", input, "type");
      rh_shopify_copy (wanted, "value", input, "value");
      rh_shopify_copy (state, "digest", input, "compareDigest");
    }
  json_array_add_object_element (list, input);
  json_object_set_array_member (variables, "metafields", list);
  return variables;
}

static JsonObject *
metafield_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  return metafield_input (id, wanted, state, FALSE);
}

static JsonObject *
metafield_removal (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  return metafield_input (id, wanted, state, TRUE);
}

static JsonObject *
metafield_inverse (JsonObject *before)
{
  return metafield_asked (NULL, before);
}

/* --- Webhooks ----------------------------------------------------------------------------------------------------- */

/* `products/update` is the enum's PRODUCTS_UPDATE. */
static char *
topic_of (const char *rest, JsonObject *parameters)
{
  gsize n = strspn (rest, "abcdefghijklmnopqrstuvwxyz_");
  gsize m = rest[n] == '/' ? strspn (rest + n + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
  char *topic;

  if (n == 0 || m == 0 || n + m > 100 || rest[n + 1 + m] != '\0')
    return NULL;
  topic = g_ascii_strup (rest, -1);
  topic[n] = '_';
  return topic;
}

static void
webhook_observed_of (JsonObject *wanted, JsonObject *variables)
{
  rh_shopify_copy (wanted, "uri", variables, "uri");
}

/* { "uri", "subscription": its id or null } */
static JsonNode *
webhook_state (JsonObject *data, JsonObject *wanted)
{
  JsonArray *nodes = royal_json_array (royal_json_object (data, "webhookSubscriptions"), "nodes");
  JsonObject *first =
      nodes != NULL && json_array_get_length (nodes) > 0 ? json_array_get_object_element (nodes, 0) : NULL;
  JsonObject *state = json_object_new ();

  rh_shopify_copy (wanted, "uri", state, "uri");
  royal_json_set_text (state, "subscription", royal_json_string (first, "id", NULL));
  return royal_json_take_object (state);
}

static void
webhook_facts (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts)
{
  const char *uri = royal_json_string (wanted, "uri", "");
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_NONE, NULL);

  json_object_set_string_member (facts, "uri", uri);
  royal_json_set_text (facts, "host", parsed != NULL ? g_uri_get_host (parsed) : NULL);
}

/* An inverse wants no subscription. */
static gboolean
webhook_is_done (JsonObject *wanted, JsonObject *state)
{
  return json_object_has_member (wanted, "subscription") == (royal_json_string (state, "subscription", NULL) == NULL);
}

static JsonObject *
webhook_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  JsonObject *variables = rh_shopify_one ("topic", id);
  JsonObject *subscription = json_object_new ();

  rh_shopify_copy (wanted, "uri", subscription, "uri");
  json_object_set_object_member (variables, "subscription", subscription);
  return variables;
}

static JsonObject *
webhook_removal (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  JsonObject *variables = json_object_new ();

  rh_shopify_copy (state, "subscription", variables, "id");
  return variables;
}

const RhShopifyAction rh_shopify_collection_set = { .name = "shopify.collection.set",
                                                    .kind = "Product",
                                                    .scope = "write_products",
                                                    .observe = "product-in-collection",
                                                    .observed_of = collection_observed_of,
                                                    .state = collection_state,
                                                    .facts = collection_facts,
                                                    .is_done = collection_is_done,
                                                    .changes = { { "product-update", "productUpdate",
                                                                   collection_variables } },
                                                    .inverse = rh_shopify_as_it_was,
                                                    .confirms = TRUE };
const RhShopifyAction rh_shopify_metafield_set = {
  .name = "shopify.metafield.set",
  .id_of = owner_of,
  .what = "NUMBER",
  .scope = "write_products",
  .asked = metafield_asked,
  .observe = "metafield",
  .observed_of = metafield_observed_of,
  .state = metafield_state,
  .facts = metafield_facts,
  .is_done = metafield_is_done,
  .changes = { { "metafield-set", "metafieldsSet", metafield_variables },
               { "metafield-delete", "metafieldsDelete", metafield_removal } },
  .inverse = metafield_inverse
};
const RhShopifyAction rh_shopify_webhook_subscribe = {
  .name = "shopify.webhook.subscribe",
  .id_of = topic_of,
  .what = "TOPIC, such as products/update",
  .observe = "webhook",
  .observed_of = webhook_observed_of,
  .state = webhook_state,
  .facts = webhook_facts,
  .is_done = webhook_is_done,
  .changes = { { "webhook-create", "webhookSubscriptionCreate", webhook_variables } },
  .undo = { { "webhook-delete", "webhookSubscriptionDelete", webhook_removal } },
  .inverse = rh_shopify_as_it_was,
  .settles = TRUE
};
