/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-agent-private.h"

#include "rh-grants.h"
#include "royal-json.h"
#include "royal-schema.h"

#include <royal/error.h>

struct _RhAgent {
  GObject parent_instance;

  RoyalManifest *manifest;
  JsonNode *granted;
  JsonNode *config;
  char *module;
  char *sha256;
  JsonObject *signature;
  JsonObject *grants; /* that hold: what the operator's manifest says, or less */
  RhAgentLimits limits;
  RhAgentRetry retry;
  char *job_limits;
  GHashTable *tasks;   /* name → RoyalSchema of its input, or NULL */
  GHashTable *reads;   /* set of names */
  GHashTable *writes;  /* action → its grant, borrowed from grants */
  GPtrArray *triggers; /* RhTrigger */
};

G_DEFINE_FINAL_TYPE (RhAgent, rh_agent, G_TYPE_OBJECT)

static void
rh_agent_finalize (GObject *object)
{
  RhAgent *self = RH_AGENT (object);

  g_clear_pointer (&self->tasks, g_hash_table_unref);
  g_clear_pointer (&self->reads, g_hash_table_unref);
  g_clear_pointer (&self->writes, g_hash_table_unref);
  g_clear_pointer (&self->triggers, g_ptr_array_unref);
  g_clear_pointer (&self->manifest, royal_manifest_unref);
  g_clear_pointer (&self->granted, json_node_unref);
  g_clear_pointer (&self->grants, json_object_unref);
  g_clear_pointer (&self->config, json_node_unref);
  g_clear_pointer (&self->module, g_free);
  g_clear_pointer (&self->sha256, g_free);
  g_clear_pointer (&self->signature, json_object_unref);
  g_free (self->job_limits);
  G_OBJECT_CLASS (rh_agent_parent_class)->finalize (object);
}

static void
rh_agent_class_init (RhAgentClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_agent_finalize;
}

static void
rh_agent_init (RhAgent *self)
{
  self->tasks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)(void *)royal_schema_free);
  self->reads = g_hash_table_new (g_str_hash, g_str_equal);
  self->writes = g_hash_table_new (g_str_hash, g_str_equal);
  self->triggers = g_ptr_array_new ();
}

/* An integer of a valid document; 512.0 is one too. */
static guint
number (JsonObject *object, const char *member)
{
  return (guint)CLAMP (royal_json_double (object, member, 0), 0, G_MAXUINT);
}

static gboolean
is_chosen (JsonArray *chosen, const char *task)
{
  for (guint i = 0; chosen != NULL && i < json_array_get_length (chosen); i++)
    if (g_str_equal (json_array_get_string_element (chosen, i), task))
      return TRUE;
  return chosen == NULL;
}

static void
add_task (RhAgent *self, const char *task)
{
  JsonObject *input = royal_manifest_task_input (self->manifest, task);
  RoyalSchema *schema = NULL;

  if (input != NULL)
    {
      g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), input);
      g_autoptr (GError) error = NULL;

      schema = royal_schema_new (node, "manifest", &error);
      /* The manifest was refused if one of its schemas is none. */
      g_assert_no_error (error);
    }
  g_hash_table_insert (self->tasks, g_strdup (task), schema);
}

static char *
job_limits_text (JsonObject *limits)
{
  static const char *const names[] = { "concurrency", "key_concurrency", "rate", "key_rate" };
  g_autoptr (JsonObject) found = json_object_new ();
  g_autoptr (JsonNode) node = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (json_object_has_member (limits, names[i]))
      json_object_set_member (found, names[i], json_object_dup_member (limits, names[i]));
  if (json_object_get_size (found) == 0)
    return NULL;
  node = json_node_init_object (json_node_alloc (), found);
  return royal_json_to_string (node);
}

/* @grants is (transfer full). */
static void
read_grants (RhAgent *self, JsonObject *grants)
{
  JsonArray *reads = json_object_get_array_member (grants, "reads");
  JsonArray *writes = json_object_get_array_member (grants, "writes");

  g_hash_table_remove_all (self->reads);
  g_hash_table_remove_all (self->writes);
  g_clear_pointer (&self->grants, json_object_unref);
  self->grants = grants;
  for (guint i = 0; i < json_array_get_length (reads); i++)
    g_hash_table_add (self->reads, (gpointer)json_array_get_string_element (reads, i));
  for (guint i = 0; i < json_array_get_length (writes); i++)
    {
      JsonObject *grant = json_array_get_object_element (writes, i);
      g_hash_table_insert (self->writes, (gpointer)json_object_get_string_member (grant, "action"), grant);
    }
}

RhAgent *
rh_agent_new (RoyalManifest *manifest, JsonNode *granted, JsonNode *config, const char *module, const char *sha256)
{
  g_return_val_if_fail (manifest != NULL, NULL);
  g_return_val_if_fail (granted != NULL && JSON_NODE_HOLDS_OBJECT (granted), NULL);
  g_return_val_if_fail (config != NULL && JSON_NODE_HOLDS_OBJECT (config), NULL);
  g_return_val_if_fail (module != NULL && sha256 != NULL, NULL);

  RhAgent *self = g_object_new (RH_TYPE_AGENT, NULL);
  JsonObject *document = json_node_get_object (granted);
  JsonObject *limits = json_object_get_object_member (document, "limits");
  JsonObject *retry = json_object_get_object_member (document, "retry");

  self->manifest = royal_manifest_ref (manifest);
  self->granted = json_node_ref (granted);
  self->config = json_node_ref (config);
  self->module = g_strdup (module);
  self->sha256 = g_strdup (sha256);
  self->limits = (RhAgentLimits){
    .memory_mb = number (limits, "memory_mb"),
    .cpu_s = number (limits, "cpu_s"),
    .wall_s = number (limits, "wall_s"),
    .workers = number (limits, "workers"),
    .warm = MIN (number (limits, "warm"), number (limits, "workers")),
  };
  self->job_limits = job_limits_text (limits);
  self->retry = (RhAgentRetry){
    .attempts = number (retry, "attempts"),
    .backoff_ms = number (retry, "backoff_ms"),
    .backoff_max_ms = number (retry, "backoff_max_ms"),
  };
  for (const char *const *task = royal_manifest_tasks (manifest); *task != NULL; task++)
    if (is_chosen (royal_json_array (document, "tasks"), *task))
      add_task (self, *task);
  read_grants (self, rh_grants_normal (json_object_get_object_member (document, "grants")));
  return self;
}

void
rh_agent_set_standing (RhAgent *self, JsonObject *standing, guint serial)
{
  JsonArray *writes;

  g_return_if_fail (RH_IS_AGENT (self) && standing != NULL);

  read_grants (
      self, rh_grants_both (json_object_get_object_member (json_node_get_object (self->granted), "grants"), standing));
  writes = json_object_get_array_member (self->grants, "writes");
  for (guint i = 0; i < json_array_get_length (writes); i++)
    json_object_set_int_member (json_array_get_object_element (writes, i), "serial", serial);
}

JsonObject *
rh_agent_grants (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return self->grants;
}

const char *
rh_agent_id (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return royal_manifest_id (self->manifest);
}

const char *
rh_agent_version (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return royal_manifest_version (self->manifest);
}

const char *
rh_agent_cluster (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return royal_json_string (json_node_get_object (self->granted), "cluster", royal_manifest_cluster (self->manifest));
}

const char *
rh_agent_module (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return self->module;
}

const char *
rh_agent_sha256 (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return self->sha256;
}

void
rh_agent_set_signature (RhAgent *self, JsonObject *signature)
{
  g_return_if_fail (RH_IS_AGENT (self) && signature != NULL && self->signature == NULL);

  self->signature = json_object_ref (signature);
}

JsonObject *
rh_agent_signature (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return self->signature;
}

RoyalManifest *
rh_agent_manifest (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return self->manifest;
}

JsonObject *
rh_agent_operator_manifest (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return json_node_get_object (self->granted);
}

JsonObject *
rh_agent_config (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return json_node_get_object (self->config);
}

const RhAgentLimits *
rh_agent_limits (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return &self->limits;
}

const char *
rh_agent_job_limits (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return self->job_limits;
}

const RhAgentRetry *
rh_agent_retry (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return &self->retry;
}

GPtrArray *
rh_agent_triggers (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);

  return self->triggers;
}

void
rh_agent_set_triggers (RhAgent *self, GPtrArray *triggers)
{
  g_return_if_fail (RH_IS_AGENT (self) && triggers != NULL);

  g_ptr_array_unref (self->triggers);
  self->triggers = triggers;
}

gboolean
rh_agent_is_manual (RhAgent *self)
{
  g_return_val_if_fail (RH_IS_AGENT (self), FALSE);

  return royal_json_boolean (json_node_get_object (self->granted), "manual", TRUE);
}

gboolean
rh_agent_has_task (RhAgent *self, const char *task)
{
  g_return_val_if_fail (RH_IS_AGENT (self), FALSE);
  g_return_val_if_fail (task != NULL, FALSE);

  return g_hash_table_contains (self->tasks, task);
}

gboolean
rh_agent_may_read (RhAgent *self, const char *resource)
{
  g_return_val_if_fail (RH_IS_AGENT (self), FALSE);
  g_return_val_if_fail (resource != NULL, FALSE);

  return g_hash_table_contains (self->reads, resource);
}

JsonObject *
rh_agent_may_write (RhAgent *self, const char *action)
{
  g_return_val_if_fail (RH_IS_AGENT (self), NULL);
  g_return_val_if_fail (action != NULL, NULL);

  return g_hash_table_lookup (self->writes, action);
}

gboolean
rh_agent_has_input_schema (RhAgent *self, const char *task)
{
  g_return_val_if_fail (RH_IS_AGENT (self) && task != NULL, FALSE);
  return g_hash_table_lookup (self->tasks, task) != NULL;
}

RoyalSchema *
rh_agent_input_classes (RhAgent *self, const char *task)
{
  RoyalSchema *schema;

  g_return_val_if_fail (RH_IS_AGENT (self) && task != NULL, NULL);

  schema = g_hash_table_lookup (self->tasks, task);
  return schema != NULL && royal_schema_has_classes (schema) ? schema : NULL;
}

gboolean
rh_agent_check_input (RhAgent *self, const char *task, JsonNode *input, GError **error)
{
  g_return_val_if_fail (RH_IS_AGENT (self), FALSE);
  g_return_val_if_fail (task != NULL, FALSE);
  g_return_val_if_fail (input != NULL, FALSE);

  gpointer schema;

  if (!g_hash_table_lookup_extended (self->tasks, task, NULL, &schema))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "agent %s has no task `%s`", rh_agent_id (self), task);
      return FALSE;
    }
  if (!JSON_NODE_HOLDS_OBJECT (input))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "input: expected an object");
      return FALSE;
    }
  return schema == NULL || royal_schema_validate (schema, input, "input", error);
}
