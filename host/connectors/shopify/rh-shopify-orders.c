/* SPDX-License-Identifier: Apache-2.0 */

/* What was sold: the lines of the orders that changed since the last pull, without who bought them. */

#include "rh-shopify-catalog.h"
#include "rh-shopify-pull.h"
#include "royal-json.h"

#define PAGE_COST 700

typedef struct {
  JsonArray *nodes;
  guint at;
  JsonArray *rows;
} Orders;

static void
orders_free (gpointer data)
{
  Orders *self = data;

  json_array_unref (self->nodes);
  json_array_unref (self->rows);
  g_free (self);
}

static void
on_put (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const RhShopifyPull *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else if (self->cursor == NULL)
    g_task_return_boolean (task, TRUE);
  else
    rh_shopify_pull_orders (task);
}

static void complete (GTask *task);

static void
on_complete (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Orders *orders = g_object_get_data (G_OBJECT (task), "orders");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) whole = rh_shopify_complete_finish (result, &error);

  if (whole == NULL && !royal_error_is_not_found (error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (whole != NULL)
    rh_shopify_order_rows (whole, orders->rows);
  orders->at++;
  complete (task);
}

static void
complete (GTask *task)
{
  RhShopifyPull *self = g_task_get_task_data (task);
  const Orders *orders = g_object_get_data (G_OBJECT (task), "orders");

  if (orders->at < json_array_get_length (orders->nodes))
    rh_shopify_complete_async (self, "order", json_array_get_object_element (orders->nodes, orders->at), on_complete,
                               g_object_ref (task));
  else
    rh_shopify_pull_put (self, orders->rows, NULL, 0, on_put, g_object_ref (task));
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhShopifyPull *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) answer = rh_shopify_call_finish (result, NULL, &error);
  JsonObject *page = answer != NULL ? royal_json_object (json_node_get_object (answer), "orders") : NULL;
  JsonArray *nodes = royal_json_array (page, "nodes");
  Orders *orders;

  if (answer == NULL)
    g_task_return_error (task, error);
  else if (nodes == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: Shopify: expected orders", self->place->name);
  else
    {
      g_free (self->cursor);
      self->cursor = rh_shopify_next_of (page);
      orders = g_new0 (Orders, 1);
      orders->nodes = json_array_ref (nodes);
      orders->rows = json_array_new ();
      g_object_set_data_full (G_OBJECT (task), "orders", orders, orders_free);
      complete (task);
    }
}

void
rh_shopify_pull_orders (GTask *task)
{
  RhShopifyPull *self = g_task_get_task_data (task);
  JsonObject *variables = json_object_new ();
  g_autofree char *query = self->since != NULL ? g_strdup_printf ("updated_at:>='%s'", self->since) : NULL;

  royal_json_set_text (variables, "after", self->cursor);
  royal_json_set_text (variables, "query", query);
  rh_shopify_pull_call (self, "orders", NULL, variables, PAGE_COST, on_page, g_object_ref (task));
}
