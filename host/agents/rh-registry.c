/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-registry.h"

#include "rh-loader.h"
#include "rh-log.h"
#include "rh-modules.h"

#include <royal/error.h>
#include <string.h>

struct _RhRegistry {
  GObject parent_instance;

  char *manifest_dir;
  char **plugin_path;
  char *module_dir;
  RhKeys *keys;
  GPtrArray *agents;  /* of RhAgent, sorted by id */
  GPtrArray *refused; /* of char *, by the last read */
  guint generation;
};

enum { SIGNAL_CHANGED, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RhRegistry, rh_registry, G_TYPE_OBJECT)

static void
rh_registry_finalize (GObject *object)
{
  RhRegistry *self = RH_REGISTRY (object);

  g_clear_pointer (&self->manifest_dir, g_free);
  g_clear_pointer (&self->plugin_path, g_strfreev);
  g_clear_pointer (&self->module_dir, g_free);
  g_clear_pointer (&self->agents, g_ptr_array_unref);
  g_clear_pointer (&self->refused, g_ptr_array_unref);
  g_clear_pointer (&self->keys, rh_keys_free);
  G_OBJECT_CLASS (rh_registry_parent_class)->finalize (object);
}

static void
rh_registry_class_init (RhRegistryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_registry_finalize;

  /**
   * RhRegistry::changed:
   *
   * A new set serves.
   */
  signals[SIGNAL_CHANGED] =
      g_signal_new ("changed", RH_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
rh_registry_init (RhRegistry *self)
{
  self->agents = g_ptr_array_new_with_free_func (g_object_unref);
  self->refused = g_ptr_array_new_with_free_func (g_free);
  self->keys = rh_keys_new (RH_SIGNATURES_OFF, "");
}

RhRegistry *
rh_registry_new (const char *manifest_dir, const char *plugin_path, const char *module_dir)
{
  g_return_val_if_fail (manifest_dir != NULL, NULL);
  g_return_val_if_fail (plugin_path != NULL, NULL);
  g_return_val_if_fail (module_dir != NULL, NULL);

  RhRegistry *self = g_object_new (RH_TYPE_REGISTRY, NULL);
  g_autoptr (GStrvBuilder) folders = g_strv_builder_new ();
  g_auto (GStrv) parts = g_strsplit (plugin_path, ":", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    if (parts[i][0] != '\0')
      g_strv_builder_add (folders, parts[i]);
  self->manifest_dir = g_strdup (manifest_dir);
  self->plugin_path = g_strv_builder_end (folders);
  self->module_dir = g_strdup (module_dir);
  return self;
}

void
rh_registry_set_keys (RhRegistry *self, RhKeys *keys)
{
  g_return_if_fail (RH_IS_REGISTRY (self) && keys != NULL);

  rh_keys_free (self->keys);
  self->keys = keys;
}

RhKeys *
rh_registry_keys (RhRegistry *self)
{
  g_return_val_if_fail (RH_IS_REGISTRY (self), NULL);

  return self->keys;
}

GPtrArray *
rh_registry_refused (RhRegistry *self)
{
  g_return_val_if_fail (RH_IS_REGISTRY (self), NULL);

  return self->refused;
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that messages come in the same order each time. */
static GPtrArray *
list_files (RhRegistry *self, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (self->manifest_dir, 0, NULL);
  const char *name;

  if (dir == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "%s: expected a folder of manifests that can be read",
                   self->manifest_dir);
      return NULL;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->manifest_dir, name, NULL);
      if (name[0] != '.' && g_str_has_suffix (name, ".json") && !g_str_equal (name, "policy.json") &&
          !g_file_test (path, G_FILE_TEST_IS_DIR))
        g_ptr_array_add (files, g_steal_pointer (&path));
    }
  g_ptr_array_sort (files, compare_texts);
  return g_steal_pointer (&files);
}

static GPtrArray *
load_all (RhRegistry *self, GPtrArray *files, GPtrArray *faults)
{
  const RhLoader loader = { (const char *const *)self->plugin_path, self->module_dir, self->keys, faults,
                            self->refused };
  GPtrArray *agents = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < files->len; i++)
    {
      const char *path = g_ptr_array_index (files, i);
      RhAgent *agent = rh_loader_load (&loader, path);
      if (agent == NULL)
        continue;

      const char *other = g_hash_table_lookup (seen, rh_agent_id (agent));
      if (other != NULL)
        g_ptr_array_add (faults, g_strdup_printf ("%s: /agent: expected an agent that no other manifest enables, found "
                                                  "\"%s\", which %s enables",
                                                  path, rh_agent_id (agent), other));
      g_ptr_array_add (agents, agent);
      g_hash_table_insert (seen, (gpointer)rh_agent_id (agent), (gpointer)path);
    }
  return agents;
}

static int
compare_agents (gconstpointer a, gconstpointer b)
{
  return strcmp (rh_agent_id (*(RhAgent *const *)a), rh_agent_id (*(RhAgent *const *)b));
}

/* Once, before anything runs: later a worker may still start from a copy that no manifest names any more. */
static void
prune_copies (RhRegistry *self)
{
  g_autoptr (GHashTable) wanted = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->agents->len; i++)
    g_hash_table_add (wanted, (gpointer)rh_agent_sha256 (g_ptr_array_index (self->agents, i)));
  rh_modules_prune (self->module_dir, wanted);
}

static void
fail_with (GPtrArray *faults, GError **error)
{
  g_ptr_array_add (faults, NULL);
  g_autofree char *text = g_strjoinv ("\n", (char **)faults->pdata);
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, text);
}

GPtrArray *
rh_registry_read (RhRegistry *self, GError **error)
{
  g_return_val_if_fail (RH_IS_REGISTRY (self), NULL);

  g_autoptr (GPtrArray) files = list_files (self, error);
  if (files == NULL)
    return NULL;

  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_set_size (self->refused, 0);
  g_autoptr (GPtrArray) agents = load_all (self, files, faults);
  if (faults->len > 0)
    {
      fail_with (faults, error);
      return NULL;
    }
  for (guint i = 0; i < self->refused->len; i++)
    rh_log (RH_LOG_ERROR, "agents.refused", "an agent is left out: its plugin's signature is not good enough", "detail",
            self->refused->pdata[i], NULL);
  g_ptr_array_sort (agents, compare_agents);
  return g_steal_pointer (&agents);
}

void
rh_registry_take (RhRegistry *self, GPtrArray *agents)
{
  g_return_if_fail (RH_IS_REGISTRY (self) && agents != NULL);

  g_ptr_array_unref (self->agents);
  self->agents = agents;
  if (self->generation++ == 0)
    prune_copies (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

gboolean
rh_registry_load (RhRegistry *self, GError **error)
{
  g_return_val_if_fail (RH_IS_REGISTRY (self), FALSE);

  GPtrArray *agents = rh_registry_read (self, error);

  if (agents != NULL)
    rh_registry_take (self, agents);
  return agents != NULL;
}

RhAgent *
rh_registry_find (RhRegistry *self, const char *id)
{
  g_return_val_if_fail (RH_IS_REGISTRY (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  for (guint i = 0; i < self->agents->len; i++)
    if (g_str_equal (rh_agent_id (g_ptr_array_index (self->agents, i)), id))
      return g_ptr_array_index (self->agents, i);
  return NULL;
}

GPtrArray *
rh_registry_list (RhRegistry *self)
{
  g_return_val_if_fail (RH_IS_REGISTRY (self), NULL);

  return g_ptr_array_copy (self->agents, (GCopyFunc)(void *)g_object_ref, NULL);
}

guint
rh_registry_generation (RhRegistry *self)
{
  g_return_val_if_fail (RH_IS_REGISTRY (self), 0);

  return self->generation;
}
