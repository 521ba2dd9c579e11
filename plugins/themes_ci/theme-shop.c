/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-shop.h"

#include <string.h>

enum { THEME, NAME, ROLE, PROCESSING, UPDATED };
enum { PATH, CHECKSUM, SIZE, CONTENT };

gboolean
theme_find_columns (const RoyalTable *table,
                    const char *resource,
                    const char *const *names,
                    guint n,
                    guint numbers,
                    gint *columns,
                    GError **error)
{
  for (guint i = 0; i < n; i++)
    {
      RoyalColumnType type = (numbers >> i) & 1 ? ROYAL_COLUMN_INT64 : ROYAL_COLUMN_STRING;

      columns[i] = royal_table_find (table, names[i]);
      if (columns[i] >= 0 && royal_table_column_type (table, (guint)columns[i]) == type)
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected a column `%s` of %s", resource, names[i],
                   type == ROYAL_COLUMN_INT64 ? "whole numbers" : "text");
      return FALSE;
    }
  return TRUE;
}

static gboolean
is (const RoyalTable *table, gint column, guint64 row, const char *text)
{
  gsize length;
  const char *cell = royal_table_string (table, (guint)column, row, &length);

  return cell != NULL && length == strlen (text) && memcmp (cell, text, length) == 0;
}

static char *
text_of (const RoyalTable *table, gint column, guint64 row)
{
  gsize length;
  const char *cell = royal_table_string (table, (guint)column, row, &length);

  return cell != NULL ? g_utf8_make_valid (cell, (gssize)length) : g_strdup ("");
}

JsonNode *
theme_take (JsonObject *object)
{
  JsonNode *node = json_node_init (json_node_alloc (), JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

gboolean
theme_propose (RoyalRun *run, RoyalProposal *proposal, JsonObject *result, GError **error)
{
  JsonNode *outcome = royal_run_propose (run, proposal, error);

  if (outcome == NULL)
    return FALSE;
  json_object_set_boolean_member (result, "proposed", TRUE);
  json_object_set_member (result, "outcome", outcome);
  return TRUE;
}

void
theme_shop_free (ThemeShop *self)
{
  if (self == NULL)
    return;
  royal_table_free (self->table);
  g_free (self->shop);
  g_free (self);
}

gint64
theme_shop_find_name (const ThemeShop *self, const char *name)
{
  for (guint64 row = 0; row < royal_table_n_rows (self->table); row++)
    if (is (self->table, self->columns[NAME], row, name))
      return (gint64)row;
  return -1;
}

gint64
theme_shop_find (const ThemeShop *self, const char *theme)
{
  for (guint64 row = 0; row < royal_table_n_rows (self->table); row++)
    if (is (self->table, self->columns[THEME], row, theme))
      return (gint64)row;
  return -1;
}

char *
theme_shop_id (const ThemeShop *self, gint64 row)
{
  return text_of (self->table, self->columns[THEME], (guint64)row);
}

char *
theme_shop_name (const ThemeShop *self, gint64 row)
{
  return text_of (self->table, self->columns[NAME], (guint64)row);
}

gboolean
theme_shop_is_processing (const ThemeShop *self, gint64 row)
{
  return royal_table_int64 (self->table, (guint)self->columns[PROCESSING])[row] != 0;
}

gboolean
theme_shop_has_live (const ThemeShop *shop, GError **error)
{
  if (shop->live >= 0)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE,
               "shopify.themes: expected a theme of the shop %s that is live; none was pulled", shop->shop);
  return FALSE;
}

ThemeShop *
theme_shop_read (RoyalRun *run, const char *theme, const char *shop, GError **error)
{
  static const char *const names[] = { "theme", "name", "role", "processing", "updated" };
  g_autoptr (ThemeShop) self = g_new0 (ThemeShop, 1);
  g_autoptr (JsonObject) parameters = json_object_new ();
  const char *slash = theme != NULL ? strrchr (theme, '/') : NULL;

  self->shop = slash != NULL ? g_strndup (theme, (gsize)(slash - theme)) : g_strdup (shop);
  self->row = self->live = -1;
  json_object_set_string_member (parameters, "shop", self->shop);
  self->table = royal_run_read (run, "shopify.themes", parameters, error);
  if (self->table == NULL || !theme_find_columns (self->table, "shopify.themes", names, G_N_ELEMENTS (names),
                                                  1 << PROCESSING | 1 << UPDATED, self->columns, error))
    return NULL;
  for (guint64 row = 0; row < royal_table_n_rows (self->table); row++)
    if (is (self->table, self->columns[ROLE], row, "MAIN"))
      self->live = (gint64)row;
  if (theme != NULL && (self->row = theme_shop_find (self, theme)) < 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND,
                   "there is no theme %s; expected one of the %" G_GUINT64_FORMAT
                   " that were pulled of the shop %s (royalctl shopify pull %s)",
                   theme, royal_table_n_rows (self->table), self->shop, self->shop);
      return NULL;
    }
  return g_steal_pointer (&self);
}

JsonObject *
theme_shop_to_json (const ThemeShop *self, gint64 row)
{
  JsonObject *told = json_object_new ();
  g_autofree char *id = theme_shop_id (self, row);
  g_autofree char *name = theme_shop_name (self, row);
  g_autofree char *role = text_of (self->table, self->columns[ROLE], (guint64)row);

  json_object_set_string_member (told, "theme", id);
  json_object_set_string_member (told, "name", name);
  json_object_set_string_member (told, "role", role);
  json_object_set_int_member (told, "updated", royal_table_int64 (self->table, (guint)self->columns[UPDATED])[row]);
  return told;
}

/* --- Its files ---------------------------------------------------------------------------------------------------- */

typedef struct {
  ThemeFiles *files;
  JsonArray *unread;
} Read;

/* What the mirror has of one file: of a file that is no text, only the size. */
static void
add_file (Read *self, const RoyalTable *table, const gint *columns, guint64 row)
{
  g_autofree char *path = text_of (table, columns[PATH], row);
  gint64 size = MAX (royal_table_int64 (table, (guint)columns[SIZE])[row], 0);
  gboolean is_text = g_str_has_suffix (path, ".liquid") || g_str_has_suffix (path, ".json");
  gsize length = 0;
  const char *content = royal_table_string (table, (guint)columns[CONTENT], row, &length);
  gboolean is_there = content != NULL && (length > 0 || size == 0);

  theme_files_add (self->files, path, is_there ? content : NULL, is_there ? length : 0, (guint64)size);
  if (is_text && !is_there)
    json_array_add_string_element (self->unread, path);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* @sums: of each file PATH, a blank and CHECKSUM. */
static char *
digest (GPtrArray *sums)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  g_ptr_array_sort (sums, compare);
  for (guint i = 0; i < sums->len; i++)
    g_checksum_update (checksum, sums->pdata[i], -1);
  return g_strdup (g_checksum_get_string (checksum));
}

RoyalTable *
theme_shop_read_files (RoyalRun *run, const char *theme, gint *columns, char **ret_digest, GError **error)
{
  static const char *const names[] = { "path", "checksum", "size", "content" };
  g_autoptr (JsonObject) parameters = json_object_new ();
  g_autoptr (GPtrArray) sums = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (RoyalTable) table = NULL;

  json_object_set_string_member (parameters, "theme", theme);
  table = royal_run_read (run, "shopify.theme_files", parameters, error);
  if (table == NULL ||
      !theme_find_columns (table, "shopify.theme_files", names, G_N_ELEMENTS (names), 1 << SIZE, columns, error))
    return NULL;
  if (royal_table_n_rows (table) == 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE,
                   "shopify.theme_files: expected files of the theme %s; none was pulled", theme);
      return NULL;
    }
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      g_autofree char *path = text_of (table, columns[PATH], row);
      g_autofree char *sum = text_of (table, columns[CHECKSUM], row);

      g_ptr_array_add (sums, g_strdup_printf ("%s %s\n", path, sum));
    }
  *ret_digest = digest (sums);
  return g_steal_pointer (&table);
}

/* What the operator lets scripts and styles have together, 0: any. */
static guint64
budget_of (RoyalRun *run, const char *name)
{
  return (guint64)MAX (json_object_get_int_member_with_default (royal_run_config (run), name, 0), 0) * 1024;
}

JsonObject *
theme_shop_check (const ThemeShop *self, RoyalRun *run, gboolean *ret_green, GError **error)
{
  ThemeBudget budget = { budget_of (run, "scripts_kb"), budget_of (run, "styles_kb") };
  guint told = (guint)json_object_get_int_member_with_default (royal_run_config (run), "max_offences", 200);
  g_autofree char *id = theme_shop_id (self, self->row);
  g_autoptr (RoyalTable) table = NULL;
  g_autoptr (ThemeFiles) files = theme_files_new ();
  g_autoptr (ThemeReport) report = NULL;
  g_autoptr (JsonObject) found = NULL;
  g_autoptr (GList) members = NULL;
  g_autofree char *sum = NULL;
  Read read = { files, NULL };
  JsonObject *result;
  gint columns[4];

  if (theme_shop_is_processing (self, self->row))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE,
                   "the theme %s is being made by Shopify; expected one that is done", id);
      return NULL;
    }
  table = theme_shop_read_files (run, id, columns, &sum, error);
  if (table == NULL)
    return NULL;
  royal_run_progress (run, 0.3, "checking");
  read.unread = json_array_new ();
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    add_file (&read, table, columns, row);
  report = theme_check (files, &budget);
  found = theme_report_to_json (report, told);
  *ret_green = theme_report_count (report, THEME_ERROR) == 0 && json_array_get_length (read.unread) == 0;

  result = theme_shop_to_json (self, self->row);
  json_object_set_boolean_member (result, "green", *ret_green);
  json_object_set_int_member (result, "files", theme_files_n (files));
  json_object_set_string_member (result, "digest", sum);
  json_object_set_array_member (result, "unread", read.unread);
  members = json_object_get_members (found);
  for (GList *l = members; l != NULL; l = l->next)
    json_object_set_member (result, l->data, json_node_copy (json_object_get_member (found, l->data)));
  return result;
}
