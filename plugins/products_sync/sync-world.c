/* SPDX-License-Identifier: Apache-2.0 */
#include "sync-world.h"

#include <string.h>

/* What one record can say; an older base asks of more than it must, and loses nothing. */
#define HELD_MAX 50000

void
sync_world_free (SyncWorld *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->state, json_object_unref);
  g_free (self->head);
  g_free (self->default_branch);
  g_clear_pointer (&self->base, g_hash_table_unref);
  g_clear_pointer (&self->repository, g_hash_table_unref);
  g_clear_pointer (&self->shop, g_hash_table_unref);
  g_clear_pointer (&self->held, g_ptr_array_unref);
  g_clear_pointer (&self->commits, g_hash_table_unref);
  g_clear_pointer (&self->tables, g_ptr_array_unref);
  g_clear_pointer (&self->faults, g_ptr_array_unref);
  g_free (self);
}

static JsonObject *
asks (const SyncWorld *self, const char *name, const char *value)
{
  JsonObject *parameters = json_object_new ();

  json_object_set_string_member (parameters, "repository", json_object_get_string_member (self->config, "repository"));
  if (name != NULL)
    json_object_set_string_member (parameters, name, value);
  return parameters;
}

char *
sync_world_branch (SyncWorld *self, RoyalRun *run, const char *branch, char **ret_default, GError **error)
{
  g_autoptr (JsonObject) parameters = asks (self, branch != NULL ? "branch" : NULL, branch);
  g_autoptr (JsonNode) node = royal_run_get (run, "git.branch", parameters, error);
  JsonObject *found;

  if (node == NULL)
    return NULL;
  found = json_node_get_object (node);
  if (ret_default != NULL)
    *ret_default = g_strdup (json_object_get_string_member_with_default (found, "default_branch", NULL));
  return g_strdup (json_object_get_string_member_with_default (found, "head", NULL));
}

gboolean
sync_world_files (SyncWorld *self,
                  RoyalRun *run,
                  const char *commit,
                  GHashTable *only,
                  GHashTable *catalog,
                  GError **error)
{
  const char *folder = json_object_get_string_member_with_default (self->config, "folder", "products");
  g_autoptr (JsonObject) parameters = asks (self, "commit", commit);
  g_autoptr (GPtrArray) past = g_ptr_array_new_with_free_func (g_free);
  RoyalTable *table = g_hash_table_lookup (self->commits, commit);

  json_object_set_string_member (parameters, "under", folder);
  if (table == NULL)
    {
      table = royal_run_read (run, "git.files", parameters, error);
      if (table == NULL)
        return FALSE;
      g_ptr_array_add (self->tables, table);
      g_hash_table_insert (self->commits, g_strdup (commit), table);
    }
  /* What cannot be read is told of once: where it is now. */
  return sync_catalog_add_files (catalog, table, folder, only, catalog == self->repository ? self->faults : past,
                                 error);
}

/* --- What is kept ------------------------------------------------------------------------------------------------- */

static gboolean
read_state (SyncWorld *self, RoyalRun *run, gint64 revision, GError **error)
{
  g_autoptr (JsonObject) parameters = asks (self, "shop", json_object_get_string_member (self->config, "shop"));
  g_autoptr (JsonNode) node = NULL;

  if (revision > 0)
    json_object_set_int_member (parameters, "revision", revision);
  node = royal_run_get (run, "sync.state", parameters, error);
  if (node == NULL)
    return FALSE;
  self->state = json_node_dup_object (node);
  self->after = sync_world_revision (self);
  return TRUE;
}

gint64
sync_world_revision (const SyncWorld *self)
{
  return json_object_get_int_member (self->state, "revision");
}

const char *
sync_world_commit (const SyncWorld *self)
{
  return json_object_get_string_member_with_default (self->state, "at", NULL);
}

static const char *
last_commit (const SyncWorld *self)
{
  return json_object_get_string_member_with_default (self->state, "commit", NULL);
}

/* The base: the last revision's commit for all that is not held, and each held one at its own. */
static gboolean
read_base (SyncWorld *self, RoyalRun *run, GError **error)
{
  const char *commit = last_commit (self);
  JsonObject *held = json_object_get_object_member (self->state, "held");
  g_autoptr (GList) names = json_object_get_members (held);
  g_autoptr (GHashTable) commits =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_hash_table_unref);
  GHashTableIter iter;
  gpointer at, only;

  if (commit != NULL && !sync_world_files (self, run, commit, NULL, self->base, error))
    return FALSE;
  for (GList *l = names; l != NULL; l = l->next)
    {
      const char *of = json_object_get_string_member_with_default (held, l->data, NULL);

      g_hash_table_remove (self->base, l->data);
      if (of == NULL)
        continue;
      if (!g_hash_table_contains (commits, of))
        g_hash_table_insert (commits, (gpointer)of, g_hash_table_new (g_str_hash, g_str_equal));
      g_hash_table_add (g_hash_table_lookup (commits, of), l->data);
    }
  g_hash_table_iter_init (&iter, commits);
  while (g_hash_table_iter_next (&iter, &at, &only))
    if (!sync_world_files (self, run, at, only, self->base, error))
      return FALSE;
  return TRUE;
}

/* What a product that is not the same on both sides keeps as its base, at a new revision. */
static void
hold (const SyncWorld *self, JsonObject *held, const char *handle)
{
  JsonObject *was = json_object_get_object_member (self->state, "held");
  const char *last = last_commit (self);

  if (json_object_has_member (was, handle))
    json_object_set_member (held, handle, json_node_copy (json_object_get_member (was, handle)));
  else if (last != NULL)
    json_object_set_string_member (held, handle, last);
  else
    json_object_set_null_member (held, handle);
}

static gboolean
is_unreadable (GHashTable *catalog, const char *handle)
{
  const SyncEntry *entry = g_hash_table_lookup (catalog, handle);

  return entry != NULL && entry->fields == NULL;
}

/* Whether the base of @handle is to be the repository's: both sides are the same there. @ret_holds: it is to stay what
 * it was, where the new revision's commit has something else. */
static gboolean
comes_together (const SyncWorld *self, const char *handle, gboolean *ret_holds)
{
  const SyncFields *now = sync_catalog_fields (self->repository, handle);
  gboolean unread = is_unreadable (self->repository, handle) || is_unreadable (self->shop, handle);

  *ret_holds = FALSE;
  if (!unread && sync_fields_equal (sync_catalog_fields (self->base, handle), now))
    return FALSE;
  if (!unread && sync_fields_equal (now, sync_catalog_fields (self->shop, handle)))
    return TRUE;
  *ret_holds = TRUE;
  return FALSE;
}

/* Where both sides are the same, that is what both have seen: a new revision. Where nothing came to be so, there is
 * none. */
static gboolean
find_revision (SyncWorld *self, RoyalRun *run, GError **error)
{
  g_autoptr (GPtrArray) handles = sync_catalog_handles (self->repository, self->shop, self->base);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (JsonObject) held = json_object_new ();
  guint same = 0;

  for (guint i = 0; i < handles->len; i++)
    {
      gboolean holds;

      same += comes_together (self, handles->pdata[i], &holds);
      if (!holds)
        continue;
      hold (self, held, handles->pdata[i]);
      g_ptr_array_add (names, g_strdup (handles->pdata[i]));
    }
  if (same == 0 || self->head == NULL)
    return TRUE;
  if (names->len > HELD_MAX)
    {
      royal_run_log (run, "%u products differ: no revision is recorded until they are fewer", names->len);
      return TRUE;
    }
  json_object_set_int_member (self->state, "revision", self->after + 1);
  json_object_set_string_member (self->state, "commit", self->head);
  json_object_set_object_member (self->state, "held", g_steal_pointer (&held));
  self->held = g_steal_pointer (&names);
  g_hash_table_remove_all (self->base);
  return read_base (self, run, error);
}

/* --- What people answered ----------------------------------------------------------------------------------------- */

char *
sync_world_digest (const SyncConflict *conflict, gboolean shop_is_ours)
{
  const SyncConflict of_shop = { conflict->path, conflict->base, shop_is_ours ? conflict->ours : conflict->theirs,
                                 shop_is_ours ? conflict->theirs : conflict->ours };

  return sync_conflict_digest (&of_shop);
}

/* (transfer full): digest and handle → which side's value counts. */
static GHashTable *
read_answers (const SyncWorld *self)
{
  GHashTable *answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  JsonArray *array = json_object_get_array_member (self->state, "answers");

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonObject *answer = json_array_get_object_element (array, i);

      g_hash_table_insert (answers,
                           g_strconcat (json_object_get_string_member (answer, "digest"), " ",
                                        json_object_get_string_member (answer, "handle"), NULL),
                           (gpointer)json_object_get_string_member (answer, "take"));
    }
  return answers;
}

guint
sync_world_settle (SyncWorld *self, GPtrArray *conflicts, gboolean shop_is_ours)
{
  g_autoptr (GHashTable) answers = read_answers (self);
  guint settled = 0;

  for (guint i = 0; i < conflicts->len && g_hash_table_size (answers) > 0; i++)
    {
      const SyncQuestion *question = conflicts->pdata[i];
      g_autofree char *digest = sync_world_digest (question->conflict, shop_is_ours);
      g_autofree char *key = g_strconcat (digest, " ", question->handle, NULL);
      const char *take = g_hash_table_lookup (answers, key);

      if (take == NULL)
        continue;
      sync_catalog_settle (
          self->base, question->handle,
          sync_catalog_fields (strcmp (take, "shop") == 0 ? self->repository : self->shop, question->handle),
          question->conflict->path);
      settled++;
    }
  return settled;
}

/* --- Both sides --------------------------------------------------------------------------------------------------- */

static gboolean
read_shop (SyncWorld *self, RoyalRun *run, GError **error)
{
  const char *shop = json_object_get_string_member (self->config, "shop");
  g_autoptr (JsonObject) parameters = json_object_new ();
  RoyalTable *table;

  json_object_set_string_member (parameters, "shop", shop);
  table = royal_run_read (run, "shopify.products", parameters, error);
  if (table == NULL)
    return FALSE;
  g_ptr_array_add (self->tables, table);
  if (!sync_catalog_add_products (self->shop, table, shop, self->faults, error))
    return FALSE;
  if (g_hash_table_size (self->shop) > 0 || g_hash_table_size (self->base) == 0)
    return TRUE;
  /* Rather a catalogue that was not brought in than one that was deleted at once. */
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE,
               "shopify.products: expected products of the shop %s, of which %u were known", shop,
               g_hash_table_size (self->base));
  return FALSE;
}

SyncWorld *
sync_world_read (RoyalRun *run, gint64 revision, GError **error)
{
  g_autoptr (SyncWorld) self = g_new0 (SyncWorld, 1);
  g_autoptr (GError) fault = NULL;

  self->config = royal_run_config (run);
  self->tables = g_ptr_array_new_with_free_func ((GDestroyNotify)royal_table_free);
  self->commits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->faults = g_ptr_array_new_with_free_func (g_free);
  self->base = sync_catalog_new ();
  self->repository = sync_catalog_new ();
  self->shop = sync_catalog_new ();
  if (!read_state (self, run, revision, error))
    return NULL;
  self->head = sync_world_branch (self, run, NULL, &self->default_branch, &fault);
  if (fault != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&fault));
      return NULL;
    }
  royal_run_progress (run, 0.1, "reading both sides");
  if ((self->head != NULL && !sync_world_files (self, run, self->head, NULL, self->repository, error)) ||
      !read_base (self, run, error) || !read_shop (self, run, error) || !find_revision (self, run, error))
    return NULL;
  royal_run_progress (run, 0.6, "comparing");
  return g_steal_pointer (&self);
}
