/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-catalog.h"

#include "rh-catalog-resources.h"
#include "royal-json.h"

#include <string.h>

#define PRODUCT_MAX 100 /* characters */

struct _RhCatalog {
  RhConnectorStore parent_instance;
};

G_DEFINE_FINAL_TYPE (RhCatalog, rh_catalog, RH_TYPE_CONNECTOR_STORE)

static const RhAction actions[] = {
  { "product.opportunity.open", "Look into a product", "/royal/schema/action-product-opportunity-open.schema.json",
    .reversible = TRUE },
  { NULL },
};

static const RhStoreEffects effects = {
  .assess = { "catalog.assess", "select catalog_assess ($1, $2::jsonb) as result", 2, FALSE },
  .apply = { "catalog.apply", "select catalog_apply ($1, $2, $3::jsonb, $4::jsonb) as result", 4, TRUE },
  .verify = { "catalog.verify", "select catalog_verify ($1) as result", 1, FALSE },
  .assess_undo = { "catalog.assess_undo", "select catalog_assess_undo ($1::jsonb) as result", 1, FALSE },
  .revert = { "catalog.revert", "select catalog_revert ($1, $2::jsonb, $3::jsonb) as result", 3, TRUE },
};

static const RhStatement statement_opportunities = { "catalog.opportunities",
                                                     "select catalog_opportunity_list () as result", 0, FALSE };
static const RhStatement statement_signals = { "catalog.ceo_signals", "select ceo_signals () as result", 0, FALSE };
static const RhStatement statement_goals = { "catalog.goals", "select goal_list () as result", 0, FALSE };

static const struct RhTableColumn feed_columns[] = {
  { "product", ROYAL_COLUMN_STRING },       { "title", ROYAL_COLUMN_STRING },  { "supplier", ROYAL_COLUMN_STRING },
  { "price", ROYAL_COLUMN_STRING },         { "cost", ROYAL_COLUMN_STRING },   { "shipping", ROYAL_COLUMN_STRING },
  { "shipping_days", ROYAL_COLUMN_DOUBLE }, { "rating", ROYAL_COLUMN_DOUBLE }, { "reviews", ROYAL_COLUMN_INT64 },
  { "sold", ROYAL_COLUMN_DOUBLE },
};
static const RhTableQuery query_feed = {
  "catalog.feed",
  "copy (select product, title, supplier, price, cost, shipping, shipping_days, rating, reviews, sold from "
  "catalog_feed)"
  " to stdout (format binary)",
  feed_columns,
  G_N_ELEMENTS (feed_columns),
};

static const struct RhTableColumn signal_columns[] = {
  { "product", ROYAL_COLUMN_STRING },
  { "week", ROYAL_COLUMN_INT64 },
  { "value", ROYAL_COLUMN_DOUBLE },
};
static const RhTableQuery query_signals = {
  "catalog.signals",
  "copy (select product, week, value from catalog_signals) to stdout (format binary)",
  signal_columns,
  G_N_ELEMENTS (signal_columns),
};

static const struct RhTableColumn price_columns[] = {
  { "variant", ROYAL_COLUMN_STRING },
  { "competitor", ROYAL_COLUMN_STRING },
  { "price", ROYAL_COLUMN_STRING },
};
static const RhTableQuery query_prices = {
  "market.prices",
  "copy (select variant, competitor, price from market_prices) to stdout (format binary)",
  price_columns,
  G_N_ELEMENTS (price_columns),
};

static const struct RhTableColumn supplier_columns[] = {
  { "supplier", ROYAL_COLUMN_STRING }, { "orders", ROYAL_COLUMN_INT64 },         { "late", ROYAL_COLUMN_INT64 },
  { "failed", ROYAL_COLUMN_INT64 },    { "shipping_days", ROYAL_COLUMN_DOUBLE }, { "rating", ROYAL_COLUMN_DOUBLE },
  { "reviews", ROYAL_COLUMN_INT64 },   { "messages", ROYAL_COLUMN_INT64 },       { "answered", ROYAL_COLUMN_INT64 },
};
static const RhTableQuery query_suppliers = {
  "suppliers.records",
  "copy (select supplier, orders, late, failed, shipping_days, rating, reviews, messages, answered"
  " from suppliers_records) to stdout (format binary)",
  supplier_columns,
  G_N_ELEMENTS (supplier_columns),
};

static const RhResource resources[] = {
  { "catalog.feed", "The suppliers' listings", TRUE },
  { "catalog.opportunities", "The products that are looked into", FALSE },
  { "catalog.signals", "How products are asked for, by week", TRUE },
  { "ceo.goals", "What the workspace aims at", FALSE },
  { "ceo.signals", "How it goes: revenue and traffic by week, launches", FALSE },
  { "market.prices", "What others ask for what we sell", TRUE },
  { "suppliers.records", "How suppliers did", TRUE },
  { NULL },
};

static const RhStoreRead reads[] = {
  { .query = &query_feed },          { .statement = &statement_opportunities }, { .query = &query_signals },
  { .statement = &statement_goals }, { .statement = &statement_signals },       { .query = &query_prices },
  { .query = &query_suppliers },
};
G_STATIC_ASSERT (G_N_ELEMENTS (reads) == G_N_ELEMENTS (resources) - 1);

/* More than the schema says: that there is something to earn at all is policy, not validity. */
static gboolean
rh_catalog_validate (RhConnector *connector,
                     const char *action,
                     const char *target,
                     JsonObject *parameters,
                     GError **error)
{
  static const char *const amounts[] = { "price", "cost" };

  if (target == NULL || *target == '\0' || g_utf8_strlen (target, -1) > PRODUCT_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "target: expected a product of the catalog, 1 to %d characters", PRODUCT_MAX);
      return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (amounts); i++)
    {
      const char *text = royal_json_string (parameters, amounts[i], "");

      if (g_regex_match_simple ("^(?=.*[1-9])[0-9]{1,9}(\\.[0-9]{1,2})?$", text, G_REGEX_DOLLAR_ENDONLY, 0))
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "/%s: expected an amount above 0 as text, such as \"89.90\", found `%.40s`", amounts[i], text);
      return FALSE;
    }
  return TRUE;
}

static void
rh_catalog_class_init (RhCatalogClass *class)
{
  RhConnectorStoreClass *store_class = RH_CONNECTOR_STORE_CLASS (class);

  store_class->name = "catalog";
  store_class->actions = actions;
  store_class->resources = resources;
  store_class->effects = &effects;
  store_class->reads = reads;
  store_class->validate = rh_catalog_validate;
  /* Named here, or the linker would leave the schemas out of a program. */
  (void)rh_catalog_resources_get_resource ();
}

static void
rh_catalog_init (RhCatalog *self)
{
}

RhCatalog *
rh_catalog_new (RhStore *store)
{
  return rh_connector_store_new (RH_TYPE_CATALOG, store);
}
