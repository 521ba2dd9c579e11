/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-retail.h"

#include "rh-retail-checks.h"
#include "rh-retail-resources.h"
#include "royal-json.h"

#include <string.h>

struct _RhRetail {
  RhConnectorStore parent_instance;
};

G_DEFINE_FINAL_TYPE (RhRetail, rh_retail, RH_TYPE_CONNECTOR_STORE)

static const RhAction actions[] = {
  { "forecast.record", "Record a season's forecast", "/royal/schema/action-forecast-record.schema.json",
    .reversible = TRUE },
  { "manufacturing.order", "Order a season's goods", "/royal/schema/action-manufacturing-order.schema.json",
    .reversible = TRUE },
  { "markdown.apply", "Mark a season down", "/royal/schema/action-markdown-apply.schema.json", .reversible = TRUE },
  { "reallocation.order", "Order what a season is short of", "/royal/schema/action-reallocation-order.schema.json",
    .reversible = TRUE },
  { "replenishment.ship", "Send units to stores", "/royal/schema/action-replenishment-ship.schema.json",
    .reversible = TRUE },
  { NULL },
};

/* In the order of the actions. */
static gboolean (*const checks[]) (JsonObject *parameters, GError **error) = {
  rh_retail_check_forecast,     rh_retail_check_order,    rh_retail_check_markdown,
  rh_retail_check_reallocation, rh_retail_check_shipment,
};

static const RhStoreEffects effects = {
  .assess = { "retail.assess", "select retail_assess ($1, $2, $3::jsonb) as result", 3, FALSE },
  .apply = { "retail.apply", "select retail_apply ($1, $2, $3, $4::jsonb, $5::jsonb) as result", 5, TRUE },
  .verify = { "retail.verify", "select retail_verify_effect ($1) as result", 1, FALSE },
  .assess_undo = { "retail.assess_undo", "select retail_assess_undo ($1::jsonb) as result", 1, FALSE },
  .revert = { "retail.revert", "select retail_revert ($1, $2::jsonb, $3::jsonb) as result", 3, TRUE },
};

static const RhStatement statement_season = { "retail.season", "select retail_season ($1, $2::int) as result", 2,
                                              FALSE };
static const RhStatement statement_seasons = { "retail.seasons", "select retail_season_list () as result", 0, FALSE };
static const RhStatement statement_plan = { "retail.plan", "select retail_plan ($1) as result", 1, FALSE };
static const RhStatement statement_forecast = { "retail.forecast", "select retail_forecast_get ($1) as result", 1,
                                                FALSE };
static const RhStatement statement_inventory = { "retail.inventory", "select retail_inventory ($1) as result", 1,
                                                 FALSE };

static const struct RhTableColumn sales_columns[] = {
  { "season_id", ROYAL_COLUMN_STRING }, { "store", ROYAL_COLUMN_STRING },    { "week", ROYAL_COLUMN_INT64 },
  { "units", ROYAL_COLUMN_INT64 },      { "forecast", ROYAL_COLUMN_DOUBLE },
};
static const RhTableQuery query_sales = {
  "retail.sales",
  "copy (select season_id, store, week, units, forecast from retail_sales) to stdout (format binary)",
  sales_columns,
  G_N_ELEMENTS (sales_columns),
};

static const struct RhTableColumn history_columns[] = {
  { "store", ROYAL_COLUMN_STRING },
  { "week", ROYAL_COLUMN_INT64 },
  { "units", ROYAL_COLUMN_INT64 },
  { "price", ROYAL_COLUMN_DOUBLE },
};
static const RhTableQuery query_history = {
  "retail.history",
  "copy (select store, week, units, price from retail_past) to stdout (format binary)",
  history_columns,
  G_N_ELEMENTS (history_columns),
};

static const RhResource resources[] = {
  { "retail.forecast", "A season's recorded forecast", FALSE },
  { "retail.history", "What a season's category has sold by store and week", TRUE },
  { "retail.inventory", "A season's stock", FALSE },
  { "retail.plan", "A season to plan: its weeks, stores and history", FALSE },
  { "retail.sales", "A season's forecast and sales by store and week", TRUE },
  { "retail.season", "A season's figures", FALSE },
  { "retail.seasons", "The seasons", FALSE },
  { NULL },
};

static const RhStoreRead reads[] = {
  { .statement = &statement_forecast }, { .query = &query_history }, { .statement = &statement_inventory },
  { .statement = &statement_plan },     { .query = &query_sales },   { .statement = &statement_season },
  { .statement = &statement_seasons },
};
G_STATIC_ASSERT (G_N_ELEMENTS (reads) == G_N_ELEMENTS (resources) - 1);

static gboolean
rh_retail_validate (RhConnector *connector,
                    const char *action,
                    const char *target,
                    JsonObject *parameters,
                    GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    if (g_strcmp0 (actions[i].name, action) == 0)
      {
        if (target != NULL && *target != '\0' && strlen (target) <= 63)
          return checks[i](parameters, error);
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "target: expected a season's id or code");
        return FALSE;
      }
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "retail: no action `%s`", action);
  return FALSE;
}

/* `season` is asked for by every read but that of them all; `week` is taken by retail.season alone. */
static gboolean
check_read (const RhResource *resource, gboolean has_season, JsonObject *parameters, GError **error)
{
  gboolean has_week = g_str_equal (resource->name, "retail.season");
  g_autoptr (GList) names = parameters != NULL ? json_object_get_members (parameters) : NULL;

  for (GList *l = names; l != NULL; l = l->next)
    if (!(has_season && g_str_equal (l->data, "season")) && !(has_week && g_str_equal (l->data, "week")))
      {
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: no parameter is named `%s`", resource->name,
                     (char *)l->data);
        return FALSE;
      }
  if (has_season && royal_json_string (parameters, "season", NULL) == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: /season: expected a season's id or code",
                   resource->name);
      return FALSE;
    }
  if (parameters != NULL && json_object_has_member (parameters, "week") &&
      (royal_json_int (parameters, "week", 0) < 1 || royal_json_int (parameters, "week", 0) > 104))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: /week: expected a week from 1 to 104", resource->name);
      return FALSE;
    }
  return TRUE;
}

static GStrv
rh_retail_bind (const RhResource *resource, JsonObject *parameters, GError **error)
{
  gboolean has_season = !g_str_equal (resource->name, "retail.seasons");
  gint64 week = royal_json_int (parameters, "week", 0);
  g_autoptr (GPtrArray) params = NULL;

  if (!check_read (resource, has_season, parameters, error))
    return NULL;
  params = g_ptr_array_new_with_free_func (g_free);
  if (resource->table)
    g_ptr_array_add (params, g_strdup ("season"));
  if (has_season)
    g_ptr_array_add (params, g_strdup (royal_json_string (parameters, "season", NULL)));
  /* Without a week: null. */
  if (week > 0)
    g_ptr_array_add (params, g_strdup_printf ("%" G_GINT64_FORMAT, week));
  for (guint i = 0; i < 2; i++)
    g_ptr_array_add (params, NULL);
  return (GStrv)g_ptr_array_steal (params, NULL);
}

static void
rh_retail_class_init (RhRetailClass *class)
{
  RhConnectorStoreClass *store_class = RH_CONNECTOR_STORE_CLASS (class);

  store_class->name = "retail";
  store_class->actions = actions;
  store_class->resources = resources;
  store_class->effects = &effects;
  store_class->per_action = TRUE;
  store_class->reads = reads;
  store_class->validate = rh_retail_validate;
  store_class->bind = rh_retail_bind;
  /* Named here, or the linker would leave the schemas out of a program. */
  (void)rh_retail_resources_get_resource ();
}

static void
rh_retail_init (RhRetail *self)
{
}

RhRetail *
rh_retail_new (RhStore *store)
{
  return rh_connector_store_new (RH_TYPE_RETAIL, store);
}
