/* SPDX-License-Identifier: Apache-2.0 */
#include "sync-catalog.h"

#include "sync-product.h"
#include "sync-text.h"

#include <royal/error.h>
#include <string.h>

static void
entry_free (gpointer data)
{
  SyncEntry *entry = data;

  sync_fields_free (entry->fields);
  g_free (entry->product);
  g_free (entry);
}

GHashTable *
sync_catalog_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, entry_free);
}

const SyncFields *
sync_catalog_fields (GHashTable *catalog, const char *handle)
{
  const SyncEntry *entry = g_hash_table_lookup (catalog, handle);

  return entry != NULL ? entry->fields : NULL;
}

void
sync_change_free (SyncChange *self)
{
  if (self == NULL)
    return;
  g_free (self->handle);
  sync_fields_free (self->after);
  g_free (self);
}

void
sync_question_free (SyncQuestion *self)
{
  if (self == NULL)
    return;
  g_free (self->handle);
  sync_conflict_free (self->conflict);
  g_free (self);
}

/* The places of string columns, by their names. */
static gboolean
find_columns (const RoyalTable *table,
              const char *resource,
              const char *const *names,
              gint *ret_columns,
              GError **error)
{
  for (guint i = 0; names[i] != NULL; i++)
    {
      ret_columns[i] = royal_table_find (table, names[i]);
      if (ret_columns[i] >= 0 && royal_table_column_type (table, (guint)ret_columns[i]) == ROYAL_COLUMN_STRING)
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected a column %s of strings", resource, names[i]);
      return FALSE;
    }
  return TRUE;
}

static SyncEntry *
entry_of (GHashTable *catalog, const char *handle)
{
  SyncEntry *entry = g_hash_table_lookup (catalog, handle);

  if (entry == NULL)
    {
      entry = g_new0 (SyncEntry, 1);
      g_hash_table_insert (catalog, g_strdup (handle), entry);
    }
  return entry;
}

/* --- Files -------------------------------------------------------------------------------------------------------- */

/* (transfer full) (nullable): the handle of a file directly in @folder; @ret_html: which of the two it is. */
static char *
handle_of (const char *path, gsize length, const char *folder, gboolean *ret_html)
{
  g_autofree char *text = g_strndup (path, length);
  g_autofree char *handle = NULL;
  gsize n = strlen (folder);

  if (strncmp (text, folder, n) != 0 || text[n] != '/')
    return NULL;
  *ret_html = g_str_has_suffix (text, ".html");
  if (!*ret_html && !g_str_has_suffix (text, ".json"))
    return NULL;
  handle = g_strndup (text + n + 1, length - n - 1 - strlen (".json"));
  return sync_handle_check (handle) ? g_steal_pointer (&handle) : NULL;
}

static void
read_entry (const char *folder, const char *handle, SyncEntry *entry, GPtrArray *faults)
{
  g_autoptr (GError) fault = NULL;

  if (entry->fields != NULL)
    return;
  if (entry->json == NULL)
    g_ptr_array_add (faults, g_strdup_printf ("%s/%s.json: expected beside %s.html, as UTF-8", folder, handle, handle));
  else
    entry->fields = sync_product_from_files (entry->json, entry->json_length, entry->html, entry->html_length, &fault);
  if (fault != NULL)
    g_ptr_array_add (faults, g_strdup_printf ("%s/%s.json: %s", folder, handle, fault->message));
}

gboolean
sync_catalog_add_files (GHashTable *catalog,
                        const RoyalTable *table,
                        const char *folder,
                        GHashTable *only,
                        GPtrArray *faults,
                        GError **error)
{
  static const char *const names[] = { "path", "content", NULL };
  g_autoptr (GHashTable) added = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer handle;
  gint columns[2];

  g_return_val_if_fail (catalog != NULL && table != NULL && folder != NULL && faults != NULL, FALSE);

  if (!find_columns (table, "git.files", names, columns, error))
    return FALSE;
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      gsize length = 0;
      const char *path = royal_table_string (table, (guint)columns[0], row, &length);
      gboolean html = FALSE;
      g_autofree char *name = path != NULL ? handle_of (path, length, folder, &html) : NULL;
      SyncEntry *entry;

      if (name == NULL || (only != NULL && !g_hash_table_contains (only, name)))
        continue;
      entry = entry_of (catalog, name);
      if (html)
        entry->html = royal_table_string (table, (guint)columns[1], row, &entry->html_length);
      else
        entry->json = royal_table_string (table, (guint)columns[1], row, &entry->json_length);
      g_hash_table_add (added, g_steal_pointer (&name));
    }
  g_hash_table_iter_init (&iter, added);
  while (g_hash_table_iter_next (&iter, &handle, NULL))
    read_entry (folder, handle, g_hash_table_lookup (catalog, handle), faults);
  return TRUE;
}

/* --- The shop ----------------------------------------------------------------------------------------------------- */

static void
add_product (GHashTable *catalog, const char *product, const char *handle, const char *text, gsize n, GPtrArray *faults)
{
  g_autoptr (GError) fault = NULL;
  g_autoptr (JsonNode) node = NULL;
  SyncEntry *entry;

  if (!sync_handle_check (handle))
    {
      g_ptr_array_add (faults, g_strdup_printf ("%s: the handle can not be the name of a file", product));
      return;
    }
  entry = entry_of (catalog, handle);
  g_free (entry->product);
  entry->product = g_strdup (product);
  node = text != NULL ? sync_text_read (text, n, &fault) : NULL;
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    entry->fields = sync_product_from_document (json_node_get_object (node), &fault);
  else if (fault == NULL)
    fault = g_error_new_literal (ROYAL_ERROR, ROYAL_ERROR_INVALID, "/: expected an object");
  if (fault != NULL)
    g_ptr_array_add (faults, g_strdup_printf ("shopify.products: %s: %s", product, fault->message));
}

gboolean
sync_catalog_add_products (GHashTable *catalog,
                           const RoyalTable *table,
                           const char *shop,
                           GPtrArray *faults,
                           GError **error)
{
  static const char *const names[] = { "product", "handle", "document", NULL };
  g_autofree char *prefix = g_strconcat (shop, "/", NULL);
  gint columns[3];

  g_return_val_if_fail (catalog != NULL && table != NULL && faults != NULL, FALSE);

  if (!find_columns (table, "shopify.products", names, columns, error))
    return FALSE;
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      gsize n[3] = { 0, 0, 0 };
      const char *cell[3];
      g_autofree char *product = NULL;
      g_autofree char *handle = NULL;

      for (guint i = 0; i < 3; i++)
        cell[i] = royal_table_string (table, (guint)columns[i], row, &n[i]);
      product = cell[0] != NULL ? g_strndup (cell[0], n[0]) : g_strdup ("");
      handle = cell[1] != NULL ? g_strndup (cell[1], n[1]) : g_strdup ("");
      if (g_str_has_prefix (product, prefix))
        add_product (catalog, product, handle, cell[2], n[2], faults);
    }
  return TRUE;
}

/* --- Both --------------------------------------------------------------------------------------------------------- */

static int
compare_handles (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
sync_catalog_handles (GHashTable *a, GHashTable *b, GHashTable *c)
{
  GHashTable *const catalogs[] = { a, b, c };
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *handles = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer handle;

  for (guint i = 0; i < G_N_ELEMENTS (catalogs); i++)
    {
      if (catalogs[i] == NULL)
        continue;
      g_hash_table_iter_init (&iter, catalogs[i]);
      while (g_hash_table_iter_next (&iter, &handle, NULL))
        if (g_hash_table_add (seen, handle))
          g_ptr_array_add (handles, handle);
    }
  g_ptr_array_sort (handles, compare_handles);
  return handles;
}

void
sync_catalog_settle (GHashTable *base, const char *handle, const SyncFields *loser, const char *path)
{
  SyncEntry *entry = entry_of (base, handle);

  sync_settle (&entry->fields, loser, path);
  /* Without fields it would be one that cannot be read. */
  if (entry->fields == NULL)
    g_hash_table_remove (base, handle);
}

/* What can not be read is left alone. */
static gboolean
is_readable (GHashTable *catalog, const char *handle)
{
  const SyncEntry *entry = g_hash_table_lookup (catalog, handle);

  return entry == NULL || entry->fields != NULL;
}

static void
add_questions (GPtrArray *questions, const char *handle, GPtrArray *conflicts)
{
  for (guint i = 0; questions != NULL && i < conflicts->len; i++)
    {
      SyncQuestion *question = g_new0 (SyncQuestion, 1);

      question->handle = g_strdup (handle);
      question->conflict = g_steal_pointer (&conflicts->pdata[i]);
      g_ptr_array_add (questions, question);
    }
}

GPtrArray *
sync_catalog_plan (GHashTable *base, GHashTable *ours, GHashTable *theirs, GPtrArray *questions)
{
  g_autoptr (GPtrArray) handles = sync_catalog_handles (ours, theirs, NULL);
  GPtrArray *changes = g_ptr_array_new_with_free_func ((GDestroyNotify)sync_change_free);

  for (guint i = 0; i < handles->len; i++)
    {
      const char *handle = handles->pdata[i];
      g_autoptr (GPtrArray) conflicts = g_ptr_array_new_with_free_func ((GDestroyNotify)sync_conflict_free);
      const SyncFields *our = sync_catalog_fields (ours, handle);
      const SyncFields *their = sync_catalog_fields (theirs, handle);
      g_autoptr (SyncFields) merged = NULL;
      SyncChange *change;

      if (!is_readable (base, handle) || !is_readable (ours, handle) || !is_readable (theirs, handle) ||
          sync_fields_equal (our, their))
        continue;
      merged = sync_merge (sync_catalog_fields (base, handle), our, their, conflicts);
      add_questions (questions, handle, conflicts);
      if (sync_fields_equal (merged, our))
        continue;
      change = g_new0 (SyncChange, 1);
      change->handle = g_strdup (handle);
      change->entry = g_hash_table_lookup (ours, handle);
      change->after = g_steal_pointer (&merged);
      g_ptr_array_add (changes, change);
    }
  return changes;
}
