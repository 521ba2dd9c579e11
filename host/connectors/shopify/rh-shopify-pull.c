/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-pull.h"

#include "royal-json.h"

#include <string.h>

static const RhStatement put = {
  "shopify.put", "select shopify_pull_put ($1, $2, $3, $4::jsonb, $5::bigint[], $6::bigint, $7::bigint, $8)", 8, TRUE
};

void
rh_shopify_pull_free (RhShopifyPull *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->store);
  g_clear_object (&self->secrets);
  g_clear_object (&self->cancellable);
  g_free (self->holder);
  g_free (self->part);
  g_free (self->cursor);
  g_free (self->bulk);
  g_free (self->since);
  g_free (self);
}

void
rh_shopify_pull_async (RhShopifyPull *self, GAsyncReadyCallback callback, gpointer data)
{
  static const struct {
    const char *part;
    void (*run) (GTask *task);
  } parts[] = {
    { "notes", rh_shopify_pull_notes },
    { "orders", rh_shopify_pull_orders },
    { "products", rh_shopify_pull_products },
    { "themes", rh_shopify_pull_themes },
  };
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);

  g_return_if_fail (self != NULL && self->part != NULL);

  g_task_set_source_tag (task, rh_shopify_pull_async);
  g_task_set_task_data (task, self, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (strcmp (parts[i].part, self->part) == 0)
      {
        parts[i].run (task);
        return;
      }
  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_INVALID, "no part of a shop is `%s`", self->part);
}

gboolean
rh_shopify_pull_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rh_shopify_pull_call (RhShopifyPull *self,
                      const char *operation,
                      const char *root,
                      JsonObject *variables,
                      double cost,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  RhShopifyRequest request = {
    .workspace = self->workspace, .operation = operation, .root = root, .variables = variables, .cost = cost
  };

  rh_shopify_call_async (self->place, self->secrets, &request, self->cancellable, callback, data);
  json_object_unref (variables);
}

char *
rh_shopify_pull_text (JsonArray *rows)
{
  g_autoptr (JsonNode) node = json_node_init_array (json_node_alloc (), rows);

  return royal_json_to_string (node);
}

/* (transfer full) (nullable): as PostgreSQL writes an array. */
static char *
array_text (GArray *numbers)
{
  GString *text;

  if (numbers == NULL)
    return NULL;
  text = g_string_new ("{");
  for (guint i = 0; i < numbers->len; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", g_array_index (numbers, gint64, i));
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

void
rh_shopify_pull_put (RhShopifyPull *self,
                     JsonArray *rows,
                     GArray *kept,
                     gint64 upto,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  g_autofree char *text = rh_shopify_pull_text (rows);
  g_autofree char *all = array_text (kept);
  g_autofree char *after = g_strdup_printf ("%" G_GINT64_FORMAT, self->after);
  g_autofree char *end = upto > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, upto) : NULL;
  const char *const params[] = { self->place->name, self->part, self->holder, text, all, after, end, self->cursor };

  rh_store_call_async (self->store, &put, self->workspace, params, NULL, callback, data);
}

char *
rh_shopify_next_of (JsonObject *connection)
{
  JsonObject *info = royal_json_object (connection, "pageInfo");

  return royal_json_boolean (info, "hasNextPage", FALSE) ? g_strdup (royal_json_string (info, "endCursor", "")) : NULL;
}

/* --- What does not fit into a page -------------------------------------------------------------------------------- */

#define CONNECTIONS_MAX 4

typedef struct {
  const char *kind;
  const char *operation;
  double cost;
  /* The variable that says where to go on, and the connection. */
  struct {
    const char *variable;
    const char *connection;
  } of[CONNECTIONS_MAX];
} Kind;

static const Kind kinds[] = {
  { "product",
    "catalog-product",
    620,
    { { "variants", "variants" },
      { "media", "media" },
      { "metafields", "metafields" },
      { "collections", "collections" } } },
  { "order", "order-lines", 520, { { "after", "lineItems" } } },
};

typedef struct {
  RhShopifyPull *pull;
  const Kind *kind;
  JsonObject *thing;
} Completion;

static void
completion_free (gpointer data)
{
  Completion *self = data;

  json_object_unref (self->thing);
  g_free (self);
}

/* Adds to each connection that goes on what @more has of it. */
static void
merge (Completion *self, JsonObject *more)
{
  for (guint i = 0; i < CONNECTIONS_MAX && self->kind->of[i].connection != NULL; i++)
    {
      JsonObject *connection = royal_json_object (self->thing, self->kind->of[i].connection);
      JsonObject *next = royal_json_object (more, self->kind->of[i].connection);
      JsonArray *nodes = royal_json_array (connection, "nodes");
      JsonArray *added = royal_json_array (next, "nodes");
      g_autofree char *place = rh_shopify_next_of (connection);

      if (place == NULL || nodes == NULL || added == NULL)
        continue;
      for (guint n = 0; n < json_array_get_length (added); n++)
        json_array_add_element (nodes, json_array_dup_element (added, n));
      json_object_set_member (connection, "pageInfo", json_object_dup_member (next, "pageInfo"));
    }
}

static void complete_next (GTask *task);

static void
on_more (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Completion *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) answer = rh_shopify_call_finish (result, NULL, &error);
  JsonObject *more = answer != NULL ? royal_json_object (json_node_get_object (answer), self->kind->kind) : NULL;

  if (answer == NULL)
    {
      if (royal_error_is_not_found (error))
        error->code = ROYAL_ERROR_FAILED; /* it is the shop that is not there */
      g_task_return_error (task, error);
    }
  else if (more == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "%s: there is no %s", self->pull->place->name,
                             royal_json_string (self->thing, "id", ""));
  else
    {
      /* One of which nothing is known but its id. */
      if (json_object_get_size (self->thing) == 1)
        {
          json_object_unref (self->thing);
          self->thing = json_object_ref (more);
        }
      else
        merge (self, more);
      complete_next (task);
    }
}

static void
complete_next (GTask *task)
{
  Completion *self = g_task_get_task_data (task);
  JsonObject *variables = json_object_new ();
  gboolean more = json_object_get_size (self->thing) == 1;

  royal_json_set_text (variables, "id", royal_json_string (self->thing, "id", ""));
  for (guint i = 0; i < CONNECTIONS_MAX && self->kind->of[i].connection != NULL; i++)
    {
      JsonObject *connection = royal_json_object (self->thing, self->kind->of[i].connection);
      g_autofree char *place = rh_shopify_next_of (connection);

      more = more || place != NULL;
      royal_json_set_text (variables, self->kind->of[i].variable,
                           royal_json_string (royal_json_object (connection, "pageInfo"), "endCursor", NULL));
    }
  if (more)
    rh_shopify_pull_call (self->pull, self->kind->operation, NULL, variables, self->kind->cost, on_more,
                          g_object_ref (task));
  else
    {
      json_object_unref (variables);
      g_task_return_pointer (task, json_object_ref (self->thing), (GDestroyNotify)json_object_unref);
    }
}

void
rh_shopify_complete_async (RhShopifyPull *pull,
                           const char *kind,
                           JsonObject *thing,
                           GAsyncReadyCallback callback,
                           gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  Completion *self = g_new0 (Completion, 1);

  g_task_set_source_tag (task, rh_shopify_complete_async);
  self->pull = pull;
  self->thing = json_object_ref (thing);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (kinds[i].kind, kind) == 0)
      self->kind = &kinds[i];
  g_assert (self->kind != NULL);
  g_task_set_task_data (task, self, completion_free);
  complete_next (task);
}

JsonObject *
rh_shopify_complete_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
