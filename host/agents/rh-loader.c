/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-loader.h"

#include "rh-agent-private.h"
#include "rh-modules.h"
#include "rh-operator-resource.h"
#include "royal-elf.h"
#include "royal-json.h"
#include "royal-schema.h"
#include "royal-suggest.h"

#include <royal/error.h>
#include <royal/version.h>
#include <string.h>

#define SCHEMA_PATH "/royal/schema/operator.schema.json"
#define MANIFEST_SIZE_MAX (1024u * 1024)

/* One manifest on its way to an agent. */
typedef struct {
  const RhLoader *loader;
  const char *path;
  JsonNode *document;
  JsonObject *root;
  char *module; /* where the original lies */
  GBytes *bytes;
  char *sha256;
  RoyalManifest *manifest;
  JsonNode *config;
  JsonObject *signature;
  guint faults_before;
} Load;

static void
load_clear (Load *self)
{
  g_clear_pointer (&self->document, json_node_unref);
  g_clear_pointer (&self->module, g_free);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->sha256, g_free);
  g_clear_pointer (&self->manifest, royal_manifest_unref);
  g_clear_pointer (&self->config, json_node_unref);
  g_clear_pointer (&self->signature, json_object_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Load, load_clear)

static void add_fault (const Load *self, const char *pointer, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
add_fault (const Load *self, const char *pointer, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (self->loader->faults, g_strdup_printf ("%s: %s: %s", self->path, pointer, text));
}

/* Takes @error, which names its place itself. */
static void
take_fault (const Load *self, GError *error)
{
  g_ptr_array_add (self->loader->faults, g_strdup (error->message));
  g_error_free (error);
}

static gboolean
is_sound (const Load *self)
{
  return self->loader->faults->len == self->faults_before;
}

static RoyalSchema *
operator_schema (void)
{
  static RoyalSchema *schema;

  if (schema == NULL)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = g_resource_lookup_data (rh_operator_get_resource (), SCHEMA_PATH, 0, &error);
      g_assert_no_error (error);

      gsize length;
      const char *data = g_bytes_get_data (bytes, &length);
      g_autoptr (JsonNode) node = royal_json_parse (data, (gssize)length, "operator.schema.json", &error);
      g_assert_no_error (error);
      schema = royal_schema_new (node, "operator.schema.json", &error);
      g_assert_no_error (error);
    }
  return schema;
}

static gboolean
read_document (Load *self, GError **error)
{
  g_autoptr (GBytes) bytes = royal_elf_read (self->path, error);
  if (bytes == NULL)
    return FALSE;

  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  if (length > MANIFEST_SIZE_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected at most 1 MiB", self->path);
      return FALSE;
    }
  self->document = royal_json_parse (data != NULL ? data : "", (gssize)length, self->path, error);
  if (self->document == NULL || !royal_schema_validate (operator_schema (), self->document, self->path, error))
    return FALSE;
  royal_schema_fill_defaults (operator_schema (), self->document);
  self->root = json_node_get_object (self->document);
  return TRUE;
}

static void
find_module (Load *self)
{
  const char *name = royal_json_string (self->root, "module", "");

  if (g_path_is_absolute (name))
    {
      self->module = g_strdup (name);
      return;
    }
  for (const char *const *folder = self->loader->plugin_path; *folder != NULL; folder++)
    {
      g_autofree char *path = g_build_filename (*folder, name, NULL);
      if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
        {
          self->module = g_steal_pointer (&path);
          return;
        }
    }
  g_autofree char *folders = g_strjoinv (":", (char **)self->loader->plugin_path);
  add_fault (self, "/module", "expected a file in %s, found no \"%s\" there", folders, name);
}

/* The bytes are read once; everything from here on is said about those, and they are what is copied. */
static void
read_module (Load *self)
{
  g_autoptr (GError) error = NULL;

  self->bytes = royal_elf_read (self->module, &error);
  if (self->bytes == NULL)
    {
      add_fault (self, "/module", "expected a module that can be read: %s", error->message);
      return;
    }
  self->sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, self->bytes);
  const char *wanted = royal_json_string (self->root, "sha256", NULL);
  if (wanted != NULL && g_strcmp0 (wanted, self->sha256) != 0)
    add_fault (self, "/sha256", "expected the hash of %s, which is %s, found %s", self->module, self->sha256, wanted);

  self->manifest = royal_manifest_read_bytes (self->bytes, self->module, &error);
  if (self->manifest == NULL)
    {
      add_fault (self, "/module", "expected a plugin: %s", error->message);
      return;
    }
  if (royal_manifest_abi (self->manifest) > ROYAL_ABI)
    add_fault (self, "/module",
               "expected a plugin for ABI %u or older, found one for ABI %u: the host is older than its SDK", ROYAL_ABI,
               royal_manifest_abi (self->manifest));
}

/* Of the bytes that were read, as all else. */
static gboolean
is_signed (Load *self)
{
  g_autoptr (GError) error = NULL;

  if (rh_keys_check (self->loader->keys, self->bytes, self->module, &self->signature, &error))
    return TRUE;
  g_ptr_array_add (self->loader->refused, g_strdup_printf ("%s: /module: %s", self->path, error->message));
  return FALSE;
}

static void
check_id (const Load *self)
{
  const char *id = royal_json_string (self->root, "agent", "");

  if (!g_str_equal (id, royal_manifest_id (self->manifest)))
    add_fault (self, "/agent", "expected \"%s\", the id in %s, found \"%s\"", royal_manifest_id (self->manifest),
               self->module, id);
}

/* @name has to be one of @asked. */
static void
check_asked (const Load *self, const char *name, const char *const *asked, const char *kind, const char *pointer)
{
  if (g_strv_contains (asked, name))
    return;

  const char *near = royal_suggest (name, asked);
  g_autofree char *all = g_strjoinv (", ", (char **)asked);
  add_fault (self, pointer, "expected %s of the agent's manifest (%s), found \"%s\"%s%s%s", kind,
             asked[0] != NULL ? all : "it names none", name, near != NULL ? "; did you mean \"" : "",
             near != NULL ? near : "", near != NULL ? "\"?" : "");
}

static void
check_names (const Load *self, JsonArray *names, const char *const *asked, const char *kind, const char *at)
{
  for (guint i = 0; names != NULL && i < json_array_get_length (names); i++)
    {
      g_autofree char *pointer = g_strdup_printf ("%s/%u", at, i);
      check_asked (self, json_array_get_string_element (names, i), asked, kind, pointer);
    }
}

static void
check_bounds (const Load *self, JsonObject *limits, guint index)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *bound;

  json_object_iter_init_ordered (&iter, limits);
  while (json_object_iter_next_ordered (&iter, &name, &bound))
    {
      double min = royal_json_double (json_node_get_object (bound), "min", -G_MAXDOUBLE);
      double max = royal_json_double (json_node_get_object (bound), "max", G_MAXDOUBLE);
      g_autofree char *pointer = g_strdup_printf ("/grants/writes/%u/limits/%s", index, name);

      if (min > max)
        add_fault (self, pointer, "expected a min that is at most the max %.15g, found %.15g", max, min);
    }
}

static void
check_writes (const Load *self, JsonArray *writes)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < json_array_get_length (writes); i++)
    {
      const char *action = royal_json_string (json_array_get_object_element (writes, i), "action", "");
      g_autofree char *pointer = g_strdup_printf ("/grants/writes/%u/action", i);

      check_asked (self, action, royal_manifest_writes (self->manifest), "an action", pointer);
      if (!g_hash_table_add (seen, (gpointer)action))
        add_fault (self, pointer, "expected each action once, found \"%s\" again", action);
      check_bounds (self, json_object_get_object_member (json_array_get_object_element (writes, i), "limits"), i);
    }
}

static void
check_grants (const Load *self)
{
  JsonObject *grants = json_object_get_object_member (self->root, "grants");

  check_names (self, royal_json_array (self->root, "tasks"), royal_manifest_tasks (self->manifest), "a task", "/tasks");
  check_names (self, royal_json_array (grants, "reads"), royal_manifest_reads (self->manifest), "a resource",
               "/grants/reads");
  check_writes (self, royal_json_array (grants, "writes"));
}

static void
check_config (Load *self)
{
  JsonObject *wanted = royal_manifest_config_schema (self->manifest);
  JsonNode *config = json_object_get_member (self->root, "config");
  GError *error = NULL;

  /* Not changed in place: the operator's manifest stays as it was written. */
  g_autofree char *text = royal_json_to_string (config);
  self->config = royal_json_parse (text, -1, self->path, &error);
  if (self->config == NULL)
    {
      take_fault (self, error);
      return;
    }
  if (wanted == NULL)
    {
      if (json_object_get_size (json_node_get_object (config)) > 0)
        add_fault (self, "/config", "expected no members: the agent takes no configuration");
      return;
    }
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), wanted);
  g_autoptr (RoyalSchema) schema = royal_schema_new_at (node, self->module, "/config", &error);
  if (schema != NULL)
    royal_schema_fill_defaults (schema, self->config);
  if (schema == NULL || !royal_schema_validate_at (schema, self->config, self->path, "/config", &error))
    take_fault (self, error);
}

static void
check_limits (const Load *self)
{
  JsonObject *limits = json_object_get_object_member (self->root, "limits");
  JsonObject *retry = json_object_get_object_member (self->root, "retry");

  if (royal_json_double (limits, "warm", 0) > royal_json_double (limits, "workers", 0))
    add_fault (self, "/limits/warm", "expected at most %.0f, the number of workers, found %.0f",
               royal_json_double (limits, "workers", 0), royal_json_double (limits, "warm", 0));
  if (royal_json_double (retry, "backoff_ms", 0) > royal_json_double (retry, "backoff_max_ms", 0))
    add_fault (self, "/retry/backoff_ms", "expected at most %.0f, the longest wait, found %.0f",
               royal_json_double (retry, "backoff_max_ms", 0), royal_json_double (retry, "backoff_ms", 0));
}

/* Takes @error: "/schedule/cron: expected …", or of an input "input: /week: expected …". */
static void
take_trigger_fault (const Load *self, const char *name, GError *error)
{
  const char *text = error->message;
  const char *below = "";

  if (g_str_has_prefix (text, "input: "))
    {
      text += strlen ("input: ");
      below = *text == '/' ? "/input" : "/input: ";
    }
  g_ptr_array_add (self->loader->faults, g_strdup_printf ("%s: /triggers/%s%s%s", self->path, name, below, text));
  g_error_free (error);
}

static void
check_trigger (const Load *self, RhAgent *agent, const char *name, JsonObject *definition, GPtrArray *triggers)
{
  const char *task = royal_json_string (definition, "task", NULL);
  const char *workflow = royal_json_string (definition, "workflow", NULL);
  g_autofree char *pointer = g_strdup_printf ("/triggers/%s%s", name, task != NULL && workflow == NULL ? "/task" : "");
  g_autoptr (JsonObject) target = json_object_new ();
  GError *error = NULL;

  if ((task != NULL) == (workflow != NULL))
    {
      add_fault (self, pointer, "expected one of task and workflow, found %s", task != NULL ? "both" : "none");
      return;
    }
  if (task != NULL)
    json_object_set_string_member (target, "agent", rh_agent_id (agent));
  json_object_set_string_member (target, task != NULL ? "task" : "workflow", task != NULL ? task : workflow);
  RhTrigger *trigger = rh_trigger_new (rh_agent_id (agent), name, target, definition, NULL, &error);
  if (trigger == NULL)
    {
      take_trigger_fault (self, name, error);
      return;
    }
  g_ptr_array_add (triggers, trigger);
  /* Which workflows there are is another folder's; one that is not there is told of when it fires. */
  if (task == NULL)
    return;
  check_asked (self, task, royal_manifest_tasks (self->manifest), "a task", pointer);
  if (!is_sound (self))
    return;
  if (!rh_agent_has_task (agent, task))
    add_fault (self, pointer, "expected one of the tasks that may be run, found \"%s\"", task);
  else if (rh_trigger_input_is_fixed (trigger) &&
           !rh_agent_check_input (agent, task, json_object_get_member (definition, "input"), &error))
    take_trigger_fault (self, name, error);
}

static void
check_triggers (const Load *self, RhAgent *agent)
{
  GPtrArray *triggers = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_trigger_unref);
  JsonObjectIter iter;
  const char *name;
  JsonNode *definition;

  json_object_iter_init_ordered (&iter, json_object_get_object_member (self->root, "triggers"));
  while (json_object_iter_next_ordered (&iter, &name, &definition))
    if (royal_json_boolean (json_node_get_object (definition), "enabled", TRUE))
      check_trigger (self, agent, name, json_node_get_object (definition), triggers);
  rh_agent_set_triggers (agent, triggers);
}

static RhAgent *
make_agent (Load *self)
{
  GError *error = NULL;
  g_autofree char *copy = rh_modules_keep (self->loader->module_dir, self->bytes, self->sha256, &error);

  if (copy == NULL)
    {
      take_fault (self, error);
      return NULL;
    }
  g_autoptr (RhAgent) agent = rh_agent_new (self->manifest, self->document, self->config, copy, self->sha256);
  rh_agent_set_signature (agent, self->signature);
  check_triggers (self, agent);
  return is_sound (self) ? g_steal_pointer (&agent) : NULL;
}

RhAgent *
rh_loader_load (const RhLoader *self, const char *path)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (path != NULL, NULL);

  g_auto (Load) load = { .loader = self, .path = path, .faults_before = self->faults->len };
  GError *error = NULL;

  if (!read_document (&load, &error))
    {
      take_fault (&load, error);
      return NULL;
    }
  if (!royal_json_boolean (load.root, "enabled", TRUE))
    return NULL;
  check_limits (&load);
  find_module (&load);
  if (load.module != NULL)
    read_module (&load);
  if (load.manifest == NULL)
    return NULL;
  check_id (&load);
  check_grants (&load);
  check_config (&load);
  return is_sound (&load) && is_signed (&load) ? make_agent (&load) : NULL;
}
