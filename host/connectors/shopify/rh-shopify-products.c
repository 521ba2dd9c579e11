/* SPDX-License-Identifier: Apache-2.0 */

/* Products, page by page in the order of their numbers: what is in the mirror between two pages' ends and not in the
 * page is no more. And those that Shopify said changed, one by one. */

#include "rh-shopify-catalog.h"
#include "rh-shopify-pull.h"
#include "royal-json.h"

#define PAGE_COST 950

/* A page whose products are completed one after the other. */
typedef struct {
  JsonArray *nodes;
  guint at;
  gboolean last;
  JsonArray *rows;
  GArray *kept;
  gint64 upto;
} Page;

static void
page_free (gpointer data)
{
  Page *self = data;

  json_array_unref (self->nodes);
  json_array_unref (self->rows);
  g_array_unref (self->kept);
  g_free (self);
}

static Page *
page_of (GTask *task)
{
  return g_object_get_data (G_OBJECT (task), "page");
}

static void ask_page (GTask *task);

static void
on_put (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhShopifyPull *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  const Page *page = page_of (task);

  if (rows == NULL)
    g_task_return_error (task, error);
  else if (page->last)
    g_task_return_boolean (task, TRUE);
  else
    {
      self->after = page->upto;
      ask_page (task);
    }
}

static void complete (GTask *task);

static void
on_complete (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const RhShopifyPull *self = g_task_get_task_data (task);
  Page *page = page_of (task);
  g_autoptr (GError) error = NULL;
  JsonObject *whole = rh_shopify_complete_finish (result, &error);

  /* One that went away meanwhile is none of them. */
  if (whole == NULL && !royal_error_is_not_found (error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (whole != NULL)
    {
      gint64 number = rh_shopify_number (royal_json_string (whole, "id", NULL));

      json_array_add_object_element (page->rows, rh_shopify_product_row (self->place->name, whole));
      g_array_append_val (page->kept, number);
      json_object_unref (whole);
    }
  page->at++;
  complete (task);
}

static void
complete (GTask *task)
{
  RhShopifyPull *self = g_task_get_task_data (task);
  const Page *page = page_of (task);

  if (page->at < json_array_get_length (page->nodes))
    rh_shopify_complete_async (self, "product", json_array_get_object_element (page->nodes, page->at), on_complete,
                               g_object_ref (task));
  else
    rh_shopify_pull_put (self, page->rows, page->kept, page->last ? 0 : page->upto, on_put, g_object_ref (task));
}

/* Whether a page is what was asked for: numbers that go up from where the last one ended. */
static gboolean
is_in_order (const RhShopifyPull *self, JsonArray *nodes, gint64 *ret_upto)
{
  gint64 last = self->after;

  for (guint i = 0; i < json_array_get_length (nodes); i++)
    {
      gint64 number = rh_shopify_number (royal_json_string (json_array_get_object_element (nodes, i), "id", NULL));

      if (number <= last)
        return FALSE;
      last = number;
    }
  *ret_upto = last;
  return TRUE;
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhShopifyPull *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) answer = rh_shopify_call_finish (result, NULL, &error);
  JsonObject *products = answer != NULL ? royal_json_object (json_node_get_object (answer), "products") : NULL;
  JsonArray *nodes = royal_json_array (products, "nodes");
  gint64 upto = 0;
  Page *page;

  if (answer == NULL)
    g_task_return_error (task, error);
  else if (nodes == NULL || !is_in_order (self, nodes, &upto))
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_FAILED,
                             "%s: Shopify: expected products in the order of their ids", self->place->name);
  else
    {
      g_free (self->cursor);
      self->cursor = rh_shopify_next_of (products);
      page = g_new0 (Page, 1);
      page->nodes = json_array_ref (nodes);
      page->rows = json_array_new ();
      page->kept = g_array_new (FALSE, FALSE, sizeof (gint64));
      page->upto = upto;
      page->last = self->cursor == NULL;
      g_object_set_data_full (G_OBJECT (task), "page", page, page_free);
      complete (task);
    }
}

static void
ask_page (GTask *task)
{
  RhShopifyPull *self = g_task_get_task_data (task);
  JsonObject *variables = json_object_new ();

  royal_json_set_text (variables, "after", self->cursor);
  rh_shopify_pull_call (self, "catalog-page", NULL, variables, PAGE_COST, on_page, g_object_ref (task));
}

static void
on_count (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const RhShopifyPull *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) answer = rh_shopify_call_finish (result, NULL, &error);
  JsonObject *count = answer != NULL ? royal_json_object (json_node_get_object (answer), "productsCount") : NULL;

  if (answer == NULL)
    g_task_return_error (task, error);
  else if (royal_json_int (count, "count", 0) >= (gint64)self->place->bulk_from)
    rh_shopify_pull_bulk (task);
  else
    ask_page (task);
}

void
rh_shopify_pull_products (GTask *task)
{
  RhShopifyPull *self = g_task_get_task_data (task);

  if (self->bulk != NULL)
    rh_shopify_pull_bulk (task);
  else if (self->cursor != NULL)
    ask_page (task);
  else
    rh_shopify_pull_call (self, "catalog-count", NULL, json_object_new (), 0, on_count, g_object_ref (task));
}

/* --- Those that changed ------------------------------------------------------------------------------------------- */

static const RhStatement next_notes = { "shopify.notes", "select product, times from shopify_notes_next ($1)", 1,
                                        FALSE };
static const RhStatement note_put = { "shopify.note_put",
                                      "select shopify_note_put ($1, $2, $3::bigint, $4::bigint, $5::jsonb)", 5, TRUE };

typedef struct {
  RhRows *rows;
  guint at;
} Notes;

static void
notes_free (gpointer data)
{
  Notes *self = data;

  rh_rows_free (self->rows);
  g_free (self);
}

static void ask_note (GTask *task);

static void
on_note_put (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  Notes *notes = g_object_get_data (G_OBJECT (task), "notes");

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  notes->at++;
  ask_note (task);
}

static void
on_noted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const RhShopifyPull *self = g_task_get_task_data (task);
  const Notes *notes = g_object_get_data (G_OBJECT (task), "notes");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) whole = rh_shopify_complete_finish (result, &error);
  g_autoptr (JsonArray) rows = json_array_new ();
  g_autofree char *text = NULL;

  if (whole == NULL && !royal_error_is_not_found (error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (whole != NULL)
    json_array_add_object_element (rows, rh_shopify_product_row (self->place->name, whole));
  text = rh_shopify_pull_text (rows);
  rh_store_call_async (self->store, &note_put, self->workspace,
                       (const char *const[]){ self->place->name, self->holder,
                                              rh_rows_string (notes->rows, notes->at, "product"),
                                              rh_rows_string (notes->rows, notes->at, "times"), text },
                       NULL, on_note_put, g_object_ref (task));
}

static void
ask_note (GTask *task)
{
  RhShopifyPull *self = g_task_get_task_data (task);
  const Notes *notes = g_object_get_data (G_OBJECT (task), "notes");
  g_autoptr (JsonObject) known = NULL;
  g_autofree char *id = NULL;

  if (notes->at >= rh_rows_n (notes->rows))
    {
      rh_shopify_pull_notes (task);
      return;
    }
  known = json_object_new ();
  id = g_strconcat ("gid://shopify/Product/", rh_rows_string (notes->rows, notes->at, "product"), NULL);
  json_object_set_string_member (known, "id", id);
  rh_shopify_complete_async (self, "product", known, on_noted, g_object_ref (task));
}

static void
on_notes (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  RhRows *rows = rh_store_call_finish (RH_STORE (source), result, &error);
  Notes *notes;

  if (rows == NULL)
    g_task_return_error (task, error);
  else if (rh_rows_n (rows) == 0)
    {
      rh_rows_free (rows);
      g_task_return_boolean (task, TRUE);
    }
  else
    {
      notes = g_new0 (Notes, 1);
      notes->rows = rows;
      g_object_set_data_full (G_OBJECT (task), "notes", notes, notes_free);
      ask_note (task);
    }
}

void
rh_shopify_pull_notes (GTask *task)
{
  const RhShopifyPull *self = g_task_get_task_data (task);

  rh_store_call_async (self->store, &next_notes, self->workspace, (const char *const[]){ self->place->name }, NULL,
                       on_notes, g_object_ref (task));
}
