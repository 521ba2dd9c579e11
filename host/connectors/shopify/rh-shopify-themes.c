/* SPDX-License-Identifier: Apache-2.0 */

/* Themes, and of their files those whose checksum is not the mirror's. */

#include "rh-shopify-catalog.h"
#include "rh-shopify-pull.h"
#include "royal-json.h"

#define LIST_COST 260
#define BODIES_COST 110
#define BODIES_MAX 50              /* file names that may be asked for at a time */
#define BODIES_BYTES (1024 * 1024) /* of one answer, about */

static const RhStatement differ = { "shopify.files_differ",
                                    "select path, size from shopify_theme_files_differ ($1, $2, $3::bigint, $4::jsonb)",
                                    4, TRUE };
static const RhStatement put_files = { "shopify.files_put",
                                       "select shopify_theme_files_put ($1, $2, $3::bigint, $4::jsonb)", 4, TRUE };

typedef struct {
  JsonArray *rows; /* of themes */
  guint at;
  char *id;         /* of the theme whose files are being pulled */
  JsonArray *files; /* of it: { path, checksum, size } */
  RhRows *wanted;   /* of them, those that are not as they were */
  guint next;
} Themes;

static void
themes_free (gpointer data)
{
  Themes *self = data;

  json_array_unref (self->rows);
  g_free (self->id);
  g_clear_pointer (&self->files, json_array_unref);
  g_clear_pointer (&self->wanted, rh_rows_free);
  g_free (self);
}

static Themes *
themes_of (GTask *task)
{
  return g_object_get_data (G_OBJECT (task), "themes");
}

/* (transfer full): the number of the theme at hand. */
static char *
theme_text (const Themes *self)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, rh_shopify_number (self->id));
}

static void next_theme (GTask *task);

/* --- What is in the files ----------------------------------------------------------------------------------------- */

static void ask_bodies (GTask *task);

static void
on_files_put (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else
    ask_bodies (task);
}

static JsonObject *
file_row (JsonObject *node)
{
  JsonObject *row = json_object_new ();

  json_object_set_string_member (row, "path", royal_json_string (node, "filename", ""));
  json_object_set_string_member (row, "checksum", royal_json_string (node, "checksumMd5", ""));
  json_object_set_int_member (row, "size", g_ascii_strtoll (royal_json_string (node, "size", "0"), NULL, 10));
  return row;
}

static void
on_bodies (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const RhShopifyPull *self = g_task_get_task_data (task);
  const Themes *themes = themes_of (task);
  GError *error = NULL;
  g_autoptr (JsonNode) answer = rh_shopify_call_finish (result, NULL, &error);
  JsonObject *theme = answer != NULL ? royal_json_object (json_node_get_object (answer), "theme") : NULL;
  JsonArray *nodes = royal_json_array (royal_json_object (theme, "files"), "nodes");
  g_autoptr (JsonArray) rows = json_array_new ();
  g_autofree char *text = NULL;
  g_autofree char *number = theme_text (themes);

  if (answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; nodes != NULL && i < json_array_get_length (nodes); i++)
    {
      JsonObject *node = json_array_get_object_element (nodes, i);
      JsonObject *row = file_row (node);

      json_object_set_string_member (row, "content",
                                     royal_json_string (royal_json_object (node, "body"), "content", ""));
      json_array_add_object_element (rows, row);
    }
  text = rh_shopify_pull_text (rows);
  rh_store_call_async (self->store, &put_files, self->workspace,
                       (const char *const[]){ self->place->name, self->holder, number, text }, NULL, on_files_put,
                       g_object_ref (task));
}

static void
ask_bodies (GTask *task)
{
  RhShopifyPull *self = g_task_get_task_data (task);
  Themes *themes = themes_of (task);
  JsonArray *names;
  JsonObject *variables;
  gint64 bytes = 0;

  if (themes->next >= rh_rows_n (themes->wanted))
    {
      themes->at++;
      next_theme (task);
      return;
    }
  names = json_array_new ();
  while (themes->next < rh_rows_n (themes->wanted) && json_array_get_length (names) < BODIES_MAX &&
         (bytes == 0 || bytes + rh_rows_int64 (themes->wanted, themes->next, "size") <= BODIES_BYTES))
    {
      bytes += MAX (rh_rows_int64 (themes->wanted, themes->next, "size"), 1);
      json_array_add_string_element (names, rh_rows_string (themes->wanted, themes->next, "path"));
      themes->next++;
    }
  variables = json_object_new ();
  json_object_set_string_member (variables, "id", themes->id);
  json_object_set_array_member (variables, "names", names);
  rh_shopify_pull_call (self, "theme-bodies", NULL, variables, BODIES_COST, on_bodies, g_object_ref (task));
}

/* --- Which files there are ---------------------------------------------------------------------------------------- */

static void
on_differ (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Themes *themes = themes_of (task);
  GError *error = NULL;
  RhRows *rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_clear_pointer (&themes->wanted, rh_rows_free);
  themes->wanted = rows;
  themes->next = 0;
  ask_bodies (task);
}

static void ask_list (GTask *task, const char *after);

static void
on_list (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const RhShopifyPull *self = g_task_get_task_data (task);
  Themes *themes = themes_of (task);
  GError *error = NULL;
  g_autoptr (JsonNode) answer = rh_shopify_call_finish (result, NULL, &error);
  JsonObject *theme = answer != NULL ? royal_json_object (json_node_get_object (answer), "theme") : NULL;
  JsonObject *files = royal_json_object (theme, "files");
  JsonArray *nodes = royal_json_array (files, "nodes");
  g_autofree char *next = files != NULL ? rh_shopify_next_of (files) : NULL;
  g_autofree char *number = theme_text (themes);
  g_autofree char *text = NULL;

  if (answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; nodes != NULL && i < json_array_get_length (nodes); i++)
    json_array_add_object_element (themes->files, file_row (json_array_get_object_element (nodes, i)));
  if (theme == NULL) /* it went away meanwhile */
    {
      themes->at++;
      next_theme (task);
    }
  else if (next != NULL)
    ask_list (task, next);
  else
    {
      text = rh_shopify_pull_text (themes->files);
      rh_store_call_async (self->store, &differ, self->workspace,
                           (const char *const[]){ self->place->name, self->holder, number, text }, NULL, on_differ,
                           g_object_ref (task));
    }
}

static void
ask_list (GTask *task, const char *after)
{
  RhShopifyPull *self = g_task_get_task_data (task);
  JsonObject *variables = json_object_new ();

  json_object_set_string_member (variables, "id", themes_of (task)->id);
  royal_json_set_text (variables, "after", after);
  rh_shopify_pull_call (self, "theme-list", NULL, variables, LIST_COST, on_list, g_object_ref (task));
}

/* --- Which themes there are --------------------------------------------------------------------------------------- */

/* One that Shopify is still making has not all of its files. */
static void
next_theme (GTask *task)
{
  Themes *themes = themes_of (task);
  JsonObject *row;

  while (themes->at < json_array_get_length (themes->rows) &&
         royal_json_boolean (json_array_get_object_element (themes->rows, themes->at), "processing", FALSE))
    themes->at++;
  if (themes->at >= json_array_get_length (themes->rows))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  row = json_array_get_object_element (themes->rows, themes->at);
  g_free (themes->id);
  themes->id = g_strdup_printf ("gid://shopify/OnlineStoreTheme/%" G_GINT64_FORMAT, royal_json_int (row, "theme", 0));
  g_clear_pointer (&themes->files, json_array_unref);
  themes->files = json_array_new ();
  ask_list (task, NULL);
}

static void
on_themes_put (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else
    next_theme (task);
}

static void ask_themes (GTask *task, const char *after);

static void
on_themes (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhShopifyPull *self = g_task_get_task_data (task);
  const Themes *themes = themes_of (task);
  GError *error = NULL;
  g_autoptr (JsonNode) answer = rh_shopify_call_finish (result, NULL, &error);
  JsonObject *page = answer != NULL ? royal_json_object (json_node_get_object (answer), "themes") : NULL;
  JsonArray *nodes = royal_json_array (page, "nodes");
  g_autofree char *next = page != NULL ? rh_shopify_next_of (page) : NULL;
  g_autoptr (GArray) kept = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; nodes != NULL && i < json_array_get_length (nodes); i++)
    json_array_add_object_element (themes->rows, rh_shopify_theme_row (json_array_get_object_element (nodes, i)));
  if (next != NULL)
    {
      ask_themes (task, next);
      return;
    }
  for (guint i = 0; i < json_array_get_length (themes->rows); i++)
    {
      gint64 number = royal_json_int (json_array_get_object_element (themes->rows, i), "theme", 0);

      g_array_append_val (kept, number);
    }
  rh_shopify_pull_put (self, themes->rows, kept, 0, on_themes_put, g_object_ref (task));
}

static void
ask_themes (GTask *task, const char *after)
{
  RhShopifyPull *self = g_task_get_task_data (task);
  JsonObject *variables = json_object_new ();

  royal_json_set_text (variables, "after", after);
  rh_shopify_pull_call (self, "themes", NULL, variables, 0, on_themes, g_object_ref (task));
}

void
rh_shopify_pull_themes (GTask *task)
{
  Themes *themes = g_new0 (Themes, 1);

  themes->rows = json_array_new ();
  g_object_set_data_full (G_OBJECT (task), "themes", themes, themes_free);
  ask_themes (task, NULL);
}
