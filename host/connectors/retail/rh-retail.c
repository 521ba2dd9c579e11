/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-retail.h"

#include "rh-connector-store.h"
#include "rh-connector-task.h"
#include "rh-retail-checks.h"
#include "rh-retail-resources.h"
#include "royal-json.h"

#include <string.h>

struct _RhRetail {
  GObject parent_instance;
  RhStore *store;
};

static void rh_retail_connector_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RhRetail,
                               rh_retail,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, rh_retail_connector_init))

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

/* Each yields one row with one jsonb named `result`. */
static const RhStatement statement_assess = { "retail.assess", "select retail_assess ($1, $2, $3::jsonb) as result", 3,
                                              FALSE };
static const RhStatement statement_assess_undo = { "retail.assess_undo",
                                                   "select retail_assess_undo ($1::jsonb) as result", 1, FALSE };
static const RhStatement statement_apply = { "retail.apply",
                                             "select retail_apply ($1, $2, $3, $4::jsonb, $5::jsonb) as result", 5,
                                             TRUE };
static const RhStatement statement_verify = { "retail.verify", "select retail_verify_effect ($1) as result", 1, FALSE };
static const RhStatement statement_revert = { "retail.revert", "select retail_revert ($1, $2::jsonb) as result", 2,
                                              TRUE };
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

/* How each resource is read: a statement or a query; what parameters it takes. */
typedef struct {
  const char *name;
  const RhStatement *statement;
  const RhTableQuery *query;
  gboolean has_season;
  gboolean has_week;
} Read;

static const Read reads[] = {
  { "retail.forecast", &statement_forecast, NULL, TRUE, FALSE },
  { "retail.history", NULL, &query_history, TRUE, FALSE },
  { "retail.inventory", &statement_inventory, NULL, TRUE, FALSE },
  { "retail.plan", &statement_plan, NULL, TRUE, FALSE },
  { "retail.sales", NULL, &query_sales, TRUE, FALSE },
  { "retail.season", &statement_season, NULL, TRUE, TRUE },
  { "retail.seasons", &statement_seasons, NULL, FALSE, FALSE },
};

static const char *
rh_retail_name (RhConnector *connector)
{
  return "retail";
}

static const RhAction *
rh_retail_actions (RhConnector *connector)
{
  return actions;
}

static const RhResource *
rh_retail_resources (RhConnector *connector)
{
  return resources;
}

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
  rh_connector_store_call (connector, RH_RETAIL (connector)->store, statement, workspace, params, cancellable, callback,
                           data, tag);
}

static void
rh_retail_assess_async (RhConnector *connector,
                        const RhEffect *effect,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  if (effect->receipt != NULL)
    {
      g_autofree char *receipt = rh_connector_store_text (effect->receipt);
      const char *const params[] = { receipt };

      call (connector, &statement_assess_undo, effect->workspace, params, cancellable, callback, data,
            rh_retail_assess_async);
    }
  else
    {
      g_autofree char *parameters = rh_connector_store_text (effect->parameters);
      const char *const params[] = { effect->action, effect->target, parameters };

      call (connector, &statement_assess, effect->workspace, params, cancellable, callback, data,
            rh_retail_assess_async);
    }
}

static void
rh_retail_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  g_autofree char *parameters = rh_connector_store_text (effect->parameters);
  g_autofree char *before = royal_json_to_string (effect->before);
  const char *const params[] = { effect->action, effect->key, effect->target, parameters, before };

  call (connector, &statement_apply, effect->workspace, params, NULL, callback, data, rh_retail_apply_async);
}

static void
rh_retail_verify_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  const char *const params[] = { effect->key };

  call (connector, &statement_verify, effect->workspace, params, NULL, callback, data, rh_retail_verify_async);
}

static void
rh_retail_undo_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  g_autofree char *receipt = rh_connector_store_text (effect->receipt);
  const char *const params[] = { effect->key, receipt };

  call (connector, &statement_revert, effect->workspace, params, NULL, callback, data, rh_retail_undo_async);
}

/* Reads. */

static const Read *
find_read (const char *resource)
{
  for (guint i = 0; i < G_N_ELEMENTS (reads); i++)
    if (g_str_equal (reads[i].name, resource))
      return &reads[i];
  g_return_val_if_reached (NULL);
}

/* The members that a resource takes; `season` is asked for when the resource has one. */
static gboolean
check_read (const Read *read, JsonObject *parameters, GError **error)
{
  g_autoptr (GList) names = parameters != NULL ? json_object_get_members (parameters) : NULL;

  for (GList *l = names; l != NULL; l = l->next)
    if (!(read->has_season && g_str_equal (l->data, "season")) && !(read->has_week && g_str_equal (l->data, "week")))
      {
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: no parameter is named `%s`", read->name,
                     (char *)l->data);
        return FALSE;
      }
  if (read->has_season && royal_json_string (parameters, "season", NULL) == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: /season: expected a season's id or code", read->name);
      return FALSE;
    }
  if (parameters != NULL && json_object_has_member (parameters, "week") &&
      (royal_json_int (parameters, "week", 0) < 1 || royal_json_int (parameters, "week", 0) > 104))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: /week: expected a week from 1 to 104", read->name);
      return FALSE;
    }
  return TRUE;
}

static void
rh_retail_get_async (RhConnector *connector,
                     gint64 workspace,
                     const char *resource,
                     JsonObject *parameters,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  const Read *read = find_read (resource);
  gint64 week = royal_json_int (parameters, "week", 0);
  g_autofree char *text = week > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, week) : NULL;
  const char *const params[] = { royal_json_string (parameters, "season", NULL), text };
  g_autoptr (GError) error = NULL;

  g_return_if_fail (read != NULL && read->statement != NULL);

  if (!check_read (read, parameters, &error))
    g_task_report_error (connector, callback, data, rh_retail_get_async, g_steal_pointer (&error));
  else
    call (connector, read->statement, workspace, params, cancellable, callback, data, rh_retail_get_async);
}

static void
rh_retail_read_async (RhConnector *connector,
                      gint64 workspace,
                      const char *resource,
                      JsonObject *parameters,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  const Read *read = find_read (resource);
  GError *error = NULL;

  g_return_if_fail (read != NULL && read->query != NULL);

  if (!check_read (read, parameters, &error))
    g_task_report_error (connector, callback, data, rh_retail_read_async, error);
  else
    rh_connector_store_read (connector, RH_RETAIL (connector)->store, read->query, workspace,
                             (const char *const[]){ "season", royal_json_string (parameters, "season", NULL), NULL },
                             cancellable, callback, data, rh_retail_read_async);
}

static void
rh_retail_dispose (GObject *object)
{
  g_clear_object (&RH_RETAIL (object)->store);
  G_OBJECT_CLASS (rh_retail_parent_class)->dispose (object);
}

static void
rh_retail_class_init (RhRetailClass *class)
{
  G_OBJECT_CLASS (class)->dispose = rh_retail_dispose;
  /* Named here, or the linker would leave the schemas out of a program. */
  (void)rh_retail_resources_get_resource ();
}

static void
rh_retail_init (RhRetail *self)
{
}

static void
rh_retail_connector_init (RhConnectorInterface *iface)
{
  iface->name = rh_retail_name;
  iface->actions = rh_retail_actions;
  iface->resources = rh_retail_resources;
  iface->validate = rh_retail_validate;
  iface->lane = rh_connector_store_lane;
  iface->assess_async = rh_retail_assess_async;
  iface->assess_finish = rh_connector_task_document;
  iface->apply_async = rh_retail_apply_async;
  iface->apply_finish = rh_connector_task_node;
  iface->verify_async = rh_retail_verify_async;
  iface->verify_finish = rh_connector_store_verify;
  iface->undo_async = rh_retail_undo_async;
  iface->undo_finish = rh_connector_task_node;
  iface->get_async = rh_retail_get_async;
  iface->get_finish = rh_connector_task_node;
  iface->read_async = rh_retail_read_async;
  iface->read_finish = rh_connector_store_read_finish;
}

RhRetail *
rh_retail_new (RhStore *store)
{
  RhRetail *self;

  g_return_val_if_fail (RH_IS_STORE (store), NULL);

  self = g_object_new (RH_TYPE_RETAIL, NULL);
  self->store = g_object_ref (store);
  return self;
}
