/* SPDX-License-Identifier: Apache-2.0 */
#include "publisher-handle.h"

#include <string.h>
#include <trade-table.h>

#define PRODUCTS "shopify.products"
#define WAIT_S 604800
#define SEO_TITLE_MAX 70 /* characters, beyond which a search engine cuts it off */

enum { PRODUCT, HANDLE, DOCUMENT, N_COLUMNS };

static const TradeColumn columns[N_COLUMNS] = {
  [PRODUCT] = { "product", ROYAL_COLUMN_STRING, TRUE },
  [HANDLE] = { "handle", ROYAL_COLUMN_STRING, TRUE },
  [DOCUMENT] = { "document", ROYAL_COLUMN_STRING, TRUE },
};

/* What the shop has of a handle, as it was pulled; both NULL when it has nothing. */
typedef struct {
  char *product; /* SHOP/NUMBER */
  char *status;
} Found;

static void
found_clear (Found *found)
{
  g_clear_pointer (&found->product, g_free);
  g_clear_pointer (&found->status, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Found, found_clear)

static const char *
shop_of (RoyalRun *run)
{
  return json_object_get_string_member_with_default (royal_run_config (run), "shop", "main");
}

/* (transfer full): the member `status` of a product's document. */
static char *
status_of (const char *document)
{
  g_autoptr (JsonNode) node = json_from_string (document, NULL);

  return g_strdup (node != NULL && JSON_NODE_HOLDS_OBJECT (node)
                       ? json_object_get_string_member_with_default (json_node_get_object (node), "status", "")
                       : "");
}

static gboolean
find (RoyalRun *run, const char *handle, Found *found, GError **error)
{
  g_autoptr (JsonObject) parameters = json_object_new ();
  g_autoptr (RoyalTable) table = NULL;
  gint places[N_COLUMNS];

  json_object_set_string_member (parameters, "shop", shop_of (run));
  table = trade_table_read (run, PRODUCTS, parameters, columns, N_COLUMNS, places, error);
  if (table == NULL)
    return FALSE;
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    if (trade_table_is (table, places[HANDLE], row, handle))
      {
        g_autofree char *document = trade_table_text (table, places[DOCUMENT], row);

        found->product = trade_table_text (table, places[PRODUCT], row);
        found->status = status_of (document);
        break;
      }
  return TRUE;
}

static const char *
text_of (JsonObject *input, const char *name)
{
  return json_object_get_string_member_with_default (input, name, "");
}

/* What the input says of why, and how sure that is: the words and claims of a proposal. */
static void
add_words (RoyalProposal *proposal, JsonObject *input)
{
  if (*text_of (input, "reason") != '\0')
    royal_proposal_set_reasoning (proposal, text_of (input, "reason"));
  if (json_object_has_member (input, "confidence"))
    royal_proposal_set_confidence (proposal, json_object_get_double_member (input, "confidence"));
  royal_proposal_set_deadline (proposal, WAIT_S);
}

/* (transfer full): the gate's answer with what it is about. */
static JsonNode *
propose (RoyalRun *run, RoyalProposal *proposal, const char *handle, const char *target, GError **error)
{
  JsonNode *outcome = royal_run_propose (run, proposal, error);
  JsonObject *result;

  if (outcome == NULL)
    return NULL;
  result = json_object_new ();
  json_object_set_boolean_member (result, "proposed", TRUE);
  json_object_set_string_member (result, "handle", handle);
  json_object_set_string_member (result, "target", target);
  json_object_set_member (result, "outcome", outcome);
  return trade_node (result);
}

static JsonNode *
left (const char *handle, const char *reason)
{
  JsonObject *result = json_object_new ();

  json_object_set_boolean_member (result, "proposed", FALSE);
  json_object_set_string_member (result, "handle", handle);
  json_object_set_string_member (result, "reason", reason);
  return trade_node (result);
}

/* --- A draft ------------------------------------------------------------------------------------------------------ */

/* Of one variant its price, and where it is known what it costs. */
static void
set_variants (RoyalProposal *proposal, JsonObject *input)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *variants = json_array_new ();
  JsonObject *variant = json_object_new ();

  json_object_set_string_member (variant, "price", text_of (input, "price"));
  if (*text_of (input, "cost") != '\0')
    json_object_set_string_member (variant, "cost", text_of (input, "cost"));
  json_object_set_string_member (variant, "sku", text_of (input, "product"));
  json_array_add_object_element (variants, variant);
  json_node_take_array (node, variants);
  royal_proposal_set_node (proposal, "variants", node);
}

/* What search engines show: what the input says, else the title as far as they show it. */
static void
set_seo (RoyalProposal *proposal, JsonObject *input)
{
  JsonObject *seo;
  const char *title = text_of (input, "title");

  if (json_object_has_member (input, "seo"))
    {
      royal_proposal_set_node (proposal, "seo", json_object_dup_member (input, "seo"));
      return;
    }
  seo = json_object_new ();
  if (g_utf8_strlen (title, -1) > SEO_TITLE_MAX)
    {
      g_autofree char *cut = g_utf8_substring (title, 0, SEO_TITLE_MAX);

      json_object_set_string_member (seo, "title", cut);
    }
  else
    json_object_set_string_member (seo, "title", title);
  royal_proposal_set_node (proposal, "seo", trade_node (seo));
}

static void
set_parameters (RoyalProposal *proposal, JsonObject *input, JsonObject *config)
{
  static const char *const as_given[] = { "description_html", "product_type", "images" };
  static const char *const configured[] = { "tags", "collections", "vendor" };

  royal_proposal_set_string (proposal, "title", text_of (input, "title"));
  set_variants (proposal, input);
  set_seo (proposal, input);
  for (guint i = 0; i < G_N_ELEMENTS (as_given); i++)
    if (json_object_has_member (input, as_given[i]))
      royal_proposal_set_node (proposal, as_given[i], json_object_dup_member (input, as_given[i]));
  for (guint i = 0; i < G_N_ELEMENTS (configured); i++)
    {
      JsonObject *from = json_object_has_member (input, configured[i]) ? input : config;

      if (json_object_has_member (from, configured[i]))
        royal_proposal_set_node (proposal, configured[i], json_object_dup_member (from, configured[i]));
    }
}

static gboolean
check_prices (JsonObject *input, GError **error)
{
  gint64 price = 0;
  gint64 cost = 0;

  if (!trade_input_cents (input, "price", &price, error) ||
      (*text_of (input, "cost") != '\0' && !trade_input_cents (input, "cost", &cost, error)))
    return FALSE;
  if (price > cost)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/price: expected more than the cost, %s, found %s",
               text_of (input, "cost"), text_of (input, "price"));
  return FALSE;
}

static JsonNode *
draft (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("shopify.product.create");
  g_autofree char *handle = publisher_handle (text_of (input, "title"), text_of (input, "product"));
  g_autofree char *target = g_strdup_printf ("%s/%s", shop_of (run), handle);
  g_autofree char *title =
      g_strdup_printf ("Make %s as a draft, at %s", text_of (input, "title"), text_of (input, "price"));
  g_auto (Found) found = { 0 };

  if (!check_prices (input, error) || !find (run, handle, &found, error))
    return NULL;
  if (found.product != NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                   "/title: expected one whose handle no product has, found `%s`, that of %s", handle, found.product);
      return NULL;
    }
  royal_proposal_set_target (proposal, target);
  royal_proposal_set_title (proposal, title);
  set_parameters (proposal, input, royal_run_config (run));
  add_words (proposal, input);
  royal_proposal_add_source (proposal, PRODUCTS);
  royal_proposal_add_risk (proposal, "Its texts and images are the supplier's, and nobody has read them yet.");
  return propose (run, proposal, handle, target, error);
}

/* --- Live, and back ----------------------------------------------------------------------------------------------- */

static JsonNode *
publish (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("shopify.product.publish");
  const char *handle = text_of (input, "handle");
  g_autofree char *title =
      g_strdup_printf ("Publish %s", *text_of (input, "title") != '\0' ? text_of (input, "title") : handle);
  g_auto (Found) found = { 0 };

  if (!find (run, handle, &found, error))
    return NULL;
  if (found.product == NULL)
    {
      /* It comes with the next pull, or with what a webhook tells: tried again. */
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE,
                   "the shop %s has no product `%s` yet, as far as it was pulled", shop_of (run), handle);
      return NULL;
    }
  if (strcmp (found.status, "ACTIVE") == 0)
    return left (handle, "it is live");
  royal_proposal_set_target (proposal, found.product);
  royal_proposal_set_title (proposal, title);
  add_words (proposal, input);
  royal_proposal_add_source (proposal, PRODUCTS);
  royal_proposal_add_risk (proposal, "Every visitor of the shop sees it at once.");
  return propose (run, proposal, handle, found.product, error);
}

static JsonNode *
withdraw (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("shopify.product.archive");
  const char *handle = text_of (input, "handle");
  g_autofree char *title = g_strdup_printf ("Take %s out of the shop", handle);
  g_auto (Found) found = { 0 };

  if (!find (run, handle, &found, error))
    return NULL;
  if (found.product == NULL)
    return left (handle, "the shop has no such product, as far as it was pulled");
  if (strcmp (found.status, "ARCHIVED") == 0)
    return left (handle, "it is archived");
  royal_proposal_set_target (proposal, found.product);
  royal_proposal_set_title (proposal, title);
  add_words (proposal, input);
  royal_proposal_add_source (proposal, PRODUCTS);
  return propose (run, proposal, handle, found.product, error);
}

ROYAL_AGENT (ROYAL_TASK ("draft", draft), ROYAL_TASK ("publish", publish), ROYAL_TASK ("withdraw", withdraw))
