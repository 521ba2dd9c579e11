/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-reads.h"

#include "royal-json.h"

#include <string.h>

const RhResource rh_shopify_resources[] = {
  { "shopify.products", "The shops' products, as documents", TRUE },
  { "shopify.sales", "What the shops sold of each variant by week", TRUE },
  { "shopify.theme_files", "The files of the shops' themes", TRUE },
  { "shopify.themes", "The shops' themes", TRUE },
  { "shopify.variants", "The variants of the shops' products: prices, costs, stock", TRUE },
  { NULL },
};

static const struct RhTableColumn products_columns[] = {
  { "product", ROYAL_COLUMN_STRING },
  { "handle", ROYAL_COLUMN_STRING },
  { "updated", ROYAL_COLUMN_INT64 },
  { "document", ROYAL_COLUMN_STRING },
};
static const struct RhTableColumn sales_columns[] = {
  { "variant", ROYAL_COLUMN_STRING },
  { "week", ROYAL_COLUMN_INT64 },
  { "units", ROYAL_COLUMN_INT64 },
  { "price", ROYAL_COLUMN_DOUBLE },
};
static const struct RhTableColumn theme_files_columns[] = {
  { "theme", ROYAL_COLUMN_STRING }, { "path", ROYAL_COLUMN_STRING },    { "checksum", ROYAL_COLUMN_STRING },
  { "size", ROYAL_COLUMN_INT64 },   { "content", ROYAL_COLUMN_STRING },
};
static const struct RhTableColumn themes_columns[] = {
  { "theme", ROYAL_COLUMN_STRING },     { "name", ROYAL_COLUMN_STRING },   { "role", ROYAL_COLUMN_STRING },
  { "processing", ROYAL_COLUMN_INT64 }, { "updated", ROYAL_COLUMN_INT64 },
};
static const struct RhTableColumn variants_columns[] = {
  { "variant", ROYAL_COLUMN_STRING }, { "title", ROYAL_COLUMN_STRING },      { "price", ROYAL_COLUMN_STRING },
  { "cost", ROYAL_COLUMN_STRING },    { "compare_at", ROYAL_COLUMN_STRING }, { "product", ROYAL_COLUMN_STRING },
  { "sku", ROYAL_COLUMN_STRING },     { "inventory", ROYAL_COLUMN_INT64 },
};

/* In the order of the resources. */
static const RhTableQuery queries[] = {
  { "shopify.products",
    "copy (select product, handle, updated, document from shopify_products_read) to stdout (format binary)",
    products_columns, G_N_ELEMENTS (products_columns) },
  { "shopify.sales", "copy (select variant, week, units, price from shopify_sales_read) to stdout (format binary)",
    sales_columns, G_N_ELEMENTS (sales_columns) },
  { "shopify.theme_files",
    "copy (select theme, path, checksum, size, content from shopify_theme_files_read) to stdout (format binary)",
    theme_files_columns, G_N_ELEMENTS (theme_files_columns) },
  { "shopify.themes",
    "copy (select theme, name, role, processing, updated from shopify_themes_read) to stdout (format binary)",
    themes_columns, G_N_ELEMENTS (themes_columns) },
  { "shopify.variants",
    "copy (select variant, title, price, cost, compare_at, product, sku, inventory from shopify_variants_read)"
    " to stdout (format binary)",
    variants_columns, G_N_ELEMENTS (variants_columns) },
};

static const RhTableQuery *
find_query (const char *resource)
{
  for (guint i = 0; i < G_N_ELEMENTS (queries); i++)
    if (strcmp (queries[i].name, resource) == 0)
      return &queries[i];
  g_return_val_if_reached (NULL);
}

static gboolean
check (const char *resource, JsonObject *parameters, GError **error)
{
  g_autoptr (GList) names = parameters != NULL ? json_object_get_members (parameters) : NULL;

  for (GList *l = names; l != NULL; l = l->next)
    {
      gboolean known = strcmp (l->data, "shop") == 0 ||
                       (strcmp (l->data, "theme") == 0 && strcmp (resource, "shopify.theme_files") == 0);

      if (!known)
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: no parameter is named `%s`", resource,
                     (char *)l->data);
      else if (royal_json_string (parameters, l->data, NULL) == NULL)
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: /%s: expected a text", resource, (char *)l->data);
      else
        continue;
      return FALSE;
    }
  return TRUE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  int fd = rh_store_read_table_finish (RH_STORE (source), result, &error);

  if (fd < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, fd);
}

void
rh_shopify_read_async (GObject *source,
                       RhStore *store,
                       gint64 workspace,
                       const char *resource,
                       JsonObject *parameters,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  const RhTableQuery *query = find_query (resource);
  GError *error = NULL;
  GTask *task;

  g_return_if_fail (query != NULL && RH_IS_STORE (store));

  if (!check (resource, parameters, &error))
    {
      g_task_report_error (source, callback, data, rh_shopify_read_async, error);
      return;
    }
  task = g_task_new (source, cancellable, callback, data);
  g_task_set_source_tag (task, rh_shopify_read_async);
  /* A descriptor that was read is handed over, cancelled or not: the reader closes it. */
  g_task_set_check_cancellable (task, FALSE);
  rh_store_read_table_async (store, query, workspace,
                             (const char *const[]){ "shop", royal_json_string (parameters, "shop", ""), "theme",
                                                    royal_json_string (parameters, "theme", ""), NULL },
                             cancellable, on_read, task);
}

int
rh_shopify_read_finish (GObject *source, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, source), -1);

  return (int)g_task_propagate_int (G_TASK (result), error);
}
