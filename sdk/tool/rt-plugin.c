/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-plugin.h"

#include "royal-elf.h"
#include "royal-json.h"
#include "royal-schema.h"
#include "royal-suggest.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <royal/error.h>

static gboolean
make_copy (RtPlugin *self, GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (self->bytes, &length);

  self->folder = g_dir_make_tmp ("royal-agent-XXXXXX", error);
  if (self->folder == NULL)
    return FALSE;
  self->copy = g_build_filename (self->folder, "agent.so", NULL);
  if (!g_file_set_contents_full (self->copy, data, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0444, error))
    return FALSE;
  if (g_chmod (self->copy, 0444) == 0 && g_chmod (self->folder, 0755) == 0)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot open %s to the worker: %s", self->folder,
               g_strerror (errno));
  return FALSE;
}

RtPlugin *
rt_plugin_load (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (RtPlugin) self = g_new0 (RtPlugin, 1);

  self->path = g_canonicalize_filename (path, NULL);
  self->bytes = royal_elf_read (path, error);
  if (self->bytes == NULL)
    return NULL;
  self->sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, self->bytes);
  self->manifest = royal_manifest_read_bytes (self->bytes, path, error);
  if (self->manifest == NULL || !make_copy (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
rt_plugin_free (RtPlugin *self)
{
  if (self == NULL)
    return;
  if (self->copy != NULL)
    (void)g_unlink (self->copy);
  if (self->folder != NULL)
    (void)g_rmdir (self->folder);
  g_clear_pointer (&self->manifest, royal_manifest_unref);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->sha256);
  g_free (self->path);
  g_free (self->folder);
  g_free (self->copy);
  g_free (self);
}

/* Schemas of a manifest that was read are sound. */
static RoyalSchema *
compile (JsonObject *schema)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), schema);
  g_autoptr (GError) error = NULL;
  RoyalSchema *compiled = royal_schema_new (node, "manifest", &error);

  g_assert_no_error (error);
  return compiled;
}

JsonNode *
rt_plugin_config (RtPlugin *self, JsonNode *given, const char *what, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (what != NULL, NULL);

  JsonObject *schema = royal_manifest_config_schema (self->manifest);
  g_autofree char *text = given != NULL ? royal_json_to_string (given) : g_strdup ("{}");
  g_autoptr (JsonNode) config = royal_json_parse (text, -1, what, error);

  if (config == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (config))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected an object", what);
      return NULL;
    }
  if (schema != NULL)
    {
      g_autoptr (RoyalSchema) compiled = compile (schema);
      royal_schema_fill_defaults (compiled, config);
      return royal_schema_validate (compiled, config, what, error) ? g_steal_pointer (&config) : NULL;
    }
  if (json_object_get_size (json_node_get_object (config)) == 0)
    return g_steal_pointer (&config);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
               "%s: expected no members: the manifest has no schema of a configuration", what);
  return NULL;
}

gboolean
rt_plugin_check_input (RtPlugin *self, const char *task, JsonNode *input, const char *what, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (task != NULL, FALSE);
  g_return_val_if_fail (input != NULL, FALSE);

  const char *const *tasks = royal_manifest_tasks (self->manifest);

  if (!g_strv_contains (tasks, task))
    {
      g_autofree char *all = g_strjoinv (", ", (char **)tasks);
      const char *near = royal_suggest (task, tasks);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "agent %s has no task `%s`%s%s%s (it has: %s)",
                   royal_manifest_id (self->manifest), task, near ? "; did you mean `" : "", near ? near : "",
                   near ? "`?" : "", all);
      return FALSE;
    }
  if (!JSON_NODE_HOLDS_OBJECT (input))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected an object", what);
      return FALSE;
    }
  JsonObject *schema = royal_manifest_task_input (self->manifest, task);
  if (schema == NULL)
    return TRUE;
  g_autoptr (RoyalSchema) compiled = compile (schema);
  return royal_schema_validate (compiled, input, what, error);
}
