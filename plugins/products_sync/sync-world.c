/* SPDX-License-Identifier: Apache-2.0 */
#include "sync-world.h"

#include <string.h>

/* In bytes; the host keeps 64 KiB. An older base asks of more than it must, and loses nothing. */
#define STATE_MAX 60000

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
  RoyalTable *table;

  json_object_set_string_member (parameters, "under", folder);
  table = royal_run_read (run, "git.files", parameters, error);
  if (table == NULL)
    return FALSE;
  g_ptr_array_add (self->tables, table);
  /* What cannot be read is told of once: where it is now. */
  return sync_catalog_add_files (catalog, table, folder, only, catalog == self->repository ? self->faults : past,
                                 error);
}

/* --- What is kept --------------------------------------------------------------------------------------------------
 */

static char *
state_key (const SyncWorld *self)
{
  g_autofree char *both = g_strconcat (json_object_get_string_member (self->config, "repository"), "\n",
                                       json_object_get_string_member (self->config, "shop"), NULL);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, both, -1);
}

static gboolean
read_state (SyncWorld *self, RoyalRun *run, GError **error)
{
  g_autofree char *key = state_key (self);
  g_autoptr (JsonNode) node = royal_run_state_get (run, key, &self->version, error);

  if (node == NULL)
    return FALSE;
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      self->state = json_node_dup_object (node);
      return TRUE;
    }
  self->state = json_object_new ();
  json_object_set_array_member (self->state, "revisions", json_array_new ());
  json_object_set_int_member (self->state, "first", 1);
  json_object_set_object_member (self->state, "held", json_object_new ());
  return TRUE;
}

gint64
sync_world_revision (const SyncWorld *self)
{
  return json_object_get_int_member (self->state, "first") - 1 +
         json_array_get_length (json_object_get_array_member (self->state, "revisions"));
}

const char *
sync_world_commit (const SyncWorld *self, gint64 revision)
{
  gint64 first = json_object_get_int_member (self->state, "first");

  return revision >= first && revision <= sync_world_revision (self)
             ? json_array_get_string_element (json_object_get_array_member (self->state, "revisions"),
                                              (guint)(revision - first))
             : NULL;
}

/* The base: the last revision's commit for all that is not held, and each held one at its own. */
static gboolean
read_base (SyncWorld *self, RoyalRun *run, GError **error)
{
  const char *commit = sync_world_commit (self, sync_world_revision (self));
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
  const char *last = sync_world_commit (self, sync_world_revision (self));

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

/* The state at a new revision: (transfer full). */
static JsonObject *
next_state (const SyncWorld *self, JsonObject *held)
{
  JsonObject *state = json_object_new ();
  JsonArray *was = json_object_get_array_member (self->state, "revisions");
  JsonArray *revisions = json_array_new ();
  guint n = json_array_get_length (was);
  guint gone = n >= SYNC_REVISIONS_MAX ? n - SYNC_REVISIONS_MAX + 1 : 0;

  for (guint i = gone; i < n; i++)
    json_array_add_string_element (revisions, json_array_get_string_element (was, i));
  json_array_add_string_element (revisions, self->head);
  json_object_set_array_member (state, "revisions", revisions);
  json_object_set_int_member (state, "first", json_object_get_int_member (self->state, "first") + gone);
  json_object_set_object_member (state, "held", json_object_ref (held));
  return state;
}

/* Where both sides are the same, that is what both have seen. Where nothing came to be so, nothing is recorded. */
static gboolean
record (SyncWorld *self, RoyalRun *run, GError **error)
{
  g_autoptr (GPtrArray) handles = sync_catalog_handles (self->repository, self->shop, self->base);
  g_autoptr (JsonObject) held = json_object_new ();
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *key = state_key (self);
  g_autoptr (JsonObject) state = NULL;
  g_autofree char *text = NULL;
  guint same = 0;

  for (guint i = 0; i < handles->len; i++)
    {
      gboolean holds;

      same += comes_together (self, handles->pdata[i], &holds);
      if (holds)
        hold (self, held, handles->pdata[i]);
    }
  if (same == 0 || self->head == NULL)
    return TRUE;
  state = next_state (self, held);
  node = json_node_init_object (json_node_alloc (), state);
  text = json_to_string (node, FALSE);
  if (strlen (text) > STATE_MAX)
    {
      royal_run_log (run, "%u products differ: no revision is recorded until they are fewer",
                     json_object_get_size (held));
      return TRUE;
    }
  if (!royal_run_state_put (run, key, node, self->version, error))
    return FALSE;
  json_object_unref (self->state);
  self->state = g_steal_pointer (&state);
  self->version++;
  g_hash_table_remove_all (self->base);
  return read_base (self, run, error);
}

/* --- Both sides ----------------------------------------------------------------------------------------------------
 */

static gboolean
read_shop (SyncWorld *self, RoyalRun *run, GError **error)
{
  const char *shop = json_object_get_string_member (self->config, "shop");
  RoyalTable *table = royal_run_read (run, "shopify.products", NULL, error);

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
sync_world_read (RoyalRun *run, GError **error)
{
  g_autoptr (SyncWorld) self = g_new0 (SyncWorld, 1);
  g_autoptr (GError) fault = NULL;

  self->config = royal_run_config (run);
  self->tables = g_ptr_array_new_with_free_func ((GDestroyNotify)royal_table_free);
  self->faults = g_ptr_array_new_with_free_func (g_free);
  self->base = sync_catalog_new ();
  self->repository = sync_catalog_new ();
  self->shop = sync_catalog_new ();
  if (!read_state (self, run, error))
    return NULL;
  self->head = sync_world_branch (self, run, NULL, &self->default_branch, &fault);
  if (fault != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&fault));
      return NULL;
    }
  royal_run_progress (run, 0.1, "reading both sides");
  if ((self->head != NULL && !sync_world_files (self, run, self->head, NULL, self->repository, error)) ||
      !read_base (self, run, error) || !read_shop (self, run, error) || !record (self, run, error))
    return NULL;
  royal_run_progress (run, 0.6, "comparing");
  return g_steal_pointer (&self);
}
