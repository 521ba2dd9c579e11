/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-catalog.h"

#include "rh-catalog-resources.h"
#include "rh-connector-store.h"
#include "rh-connector-task.h"
#include "royal-json.h"

#include <string.h>

#define PRODUCT_MAX 100 /* characters */

struct _RhCatalog {
  GObject parent_instance;
  RhStore *store;
};

static void rh_catalog_connector_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RhCatalog,
                               rh_catalog,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, rh_catalog_connector_init))

static const RhAction actions[] = {
  { "product.opportunity.open", "Look into a product", "/royal/schema/action-product-opportunity-open.schema.json",
    .reversible = TRUE },
  { NULL },
};

/* Each yields one row with one jsonb named `result`. */
static const RhStatement statement_assess = { "catalog.assess", "select catalog_assess ($1, $2::jsonb) as result", 2,
                                              FALSE };
static const RhStatement statement_assess_undo = { "catalog.assess_undo",
                                                   "select catalog_assess_undo ($1::jsonb) as result", 1, FALSE };
static const RhStatement statement_apply = { "catalog.apply",
                                             "select catalog_apply ($1, $2, $3::jsonb, $4::jsonb) as result", 4, TRUE };
static const RhStatement statement_verify = { "catalog.verify", "select catalog_verify ($1) as result", 1, FALSE };
static const RhStatement statement_revert = { "catalog.revert", "select catalog_revert ($1, $2::jsonb) as result", 2,
                                              TRUE };
static const RhStatement statement_opportunities = { "catalog.opportunities",
                                                     "select catalog_opportunity_list () as result", 0, FALSE };
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
  { "market.prices", "What others ask for what we sell", TRUE },
  { "suppliers.records", "How suppliers did", TRUE },
  { NULL },
};

/* How each resource is read: a statement or a query. */
typedef struct {
  const char *name;
  const RhStatement *statement;
  const RhTableQuery *query;
} Read;

static const Read reads[] = {
  { "catalog.feed", NULL, &query_feed },       { "catalog.opportunities", &statement_opportunities, NULL },
  { "catalog.signals", NULL, &query_signals }, { "ceo.goals", &statement_goals, NULL },
  { "market.prices", NULL, &query_prices },    { "suppliers.records", NULL, &query_suppliers },
};

static const char *
rh_catalog_name (RhConnector *connector)
{
  return "catalog";
}

static const RhAction *
rh_catalog_actions (RhConnector *connector)
{
  return actions;
}

static const RhResource *
rh_catalog_resources (RhConnector *connector)
{
  return resources;
}

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
call (RhConnector *connector,
      const RhStatement *statement,
      gint64 workspace,
      const char *const *params,
      GCancellable *cancellable,
      GAsyncReadyCallback callback,
      gpointer data,
      gpointer tag)
{
  rh_connector_store_call (connector, RH_CATALOG (connector)->store, statement, workspace, params, cancellable,
                           callback, data, tag);
}

static void
rh_catalog_assess_async (RhConnector *connector,
                         const RhEffect *effect,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  gboolean undo = effect->receipt != NULL;
  g_autofree char *text = rh_connector_store_text (undo ? effect->receipt : effect->parameters);
  const char *const params[] = { effect->target, text };

  call (connector, undo ? &statement_assess_undo : &statement_assess, effect->workspace, undo ? params + 1 : params,
        cancellable, callback, data, rh_catalog_assess_async);
}

static void
rh_catalog_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  g_autofree char *parameters = rh_connector_store_text (effect->parameters);
  g_autofree char *before = royal_json_to_string (effect->before);
  const char *const params[] = { effect->key, effect->target, parameters, before };

  call (connector, &statement_apply, effect->workspace, params, NULL, callback, data, rh_catalog_apply_async);
}

static void
rh_catalog_verify_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  const char *const params[] = { effect->key };

  call (connector, &statement_verify, effect->workspace, params, NULL, callback, data, rh_catalog_verify_async);
}

static void
rh_catalog_undo_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  g_autofree char *receipt = rh_connector_store_text (effect->receipt);
  const char *const params[] = { effect->key, receipt };

  call (connector, &statement_revert, effect->workspace, params, NULL, callback, data, rh_catalog_undo_async);
}

/* The read of that name; NULL with @error set when parameters are given: none takes any. */
static const Read *
find_read (const char *resource, JsonObject *parameters, GError **error)
{
  if (parameters != NULL && json_object_get_size (parameters) > 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: takes no parameters", resource);
      return NULL;
    }
  for (guint i = 0; i < G_N_ELEMENTS (reads); i++)
    if (g_str_equal (reads[i].name, resource))
      return &reads[i];
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "catalog: no resource `%s`", resource);
  return NULL;
}

static void
rh_catalog_get_async (RhConnector *connector,
                      gint64 workspace,
                      const char *resource,
                      JsonObject *parameters,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  GError *error = NULL;
  const Read *read = find_read (resource, parameters, &error);

  if (read == NULL)
    g_task_report_error (connector, callback, data, rh_catalog_get_async, error);
  else
    call (connector, read->statement, workspace, NULL, cancellable, callback, data, rh_catalog_get_async);
}

static void
rh_catalog_read_async (RhConnector *connector,
                       gint64 workspace,
                       const char *resource,
                       JsonObject *parameters,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  GError *error = NULL;
  const Read *read = find_read (resource, parameters, &error);

  if (read == NULL)
    g_task_report_error (connector, callback, data, rh_catalog_read_async, error);
  else
    rh_connector_store_read (connector, RH_CATALOG (connector)->store, read->query, workspace, NULL, cancellable,
                             callback, data, rh_catalog_read_async);
}

static void
rh_catalog_dispose (GObject *object)
{
  g_clear_object (&RH_CATALOG (object)->store);
  G_OBJECT_CLASS (rh_catalog_parent_class)->dispose (object);
}

static void
rh_catalog_class_init (RhCatalogClass *class)
{
  G_OBJECT_CLASS (class)->dispose = rh_catalog_dispose;
  /* Named here, or the linker would leave the schemas out of a program. */
  (void)rh_catalog_resources_get_resource ();
}

static void
rh_catalog_init (RhCatalog *self)
{
}

static void
rh_catalog_connector_init (RhConnectorInterface *iface)
{
  iface->name = rh_catalog_name;
  iface->actions = rh_catalog_actions;
  iface->resources = rh_catalog_resources;
  iface->validate = rh_catalog_validate;
  iface->lane = rh_connector_store_lane;
  iface->assess_async = rh_catalog_assess_async;
  iface->assess_finish = rh_connector_task_document;
  iface->apply_async = rh_catalog_apply_async;
  iface->apply_finish = rh_connector_task_node;
  iface->verify_async = rh_catalog_verify_async;
  iface->verify_finish = rh_connector_store_verify;
  iface->undo_async = rh_catalog_undo_async;
  iface->undo_finish = rh_connector_task_node;
  iface->get_async = rh_catalog_get_async;
  iface->get_finish = rh_connector_task_node;
  iface->read_async = rh_catalog_read_async;
  iface->read_finish = rh_connector_store_read_finish;
}

RhCatalog *
rh_catalog_new (RhStore *store)
{
  RhCatalog *self;

  g_return_val_if_fail (RH_IS_STORE (store), NULL);

  self = g_object_new (RH_TYPE_CATALOG, NULL);
  self->store = g_object_ref (store);
  return self;
}
