/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-scenario.h"

#include "royal-elf.h"
#include "royal-json.h"
#include "royal-match.h"
#include "royal-schema.h"
#include "rt-resource.h"
#include "rt-session.h"

#include <royal/error.h>

#define TIMEOUT_S 60

static RoyalSchema *
scenario_schema (void)
{
  static RoyalSchema *schema;

  if (schema == NULL)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes =
          g_resource_lookup_data (rt_get_resource (), "/royal/schema/scenario.schema.json", 0, &error);
      g_assert_no_error (error);

      gsize length;
      const char *data = g_bytes_get_data (bytes, &length);
      g_autoptr (JsonNode) node = royal_json_parse (data, (gssize)length, "scenario.schema.json", &error);
      g_assert_no_error (error);
      schema = royal_schema_new (node, "scenario.schema.json", &error);
      g_assert_no_error (error);
    }
  return schema;
}

RtScenario *
rt_scenario_load (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (RtScenario) self = g_new0 (RtScenario, 1);
  g_autoptr (GBytes) bytes = royal_elf_read (path, error);
  gsize length;

  self->path = g_strdup (path);
  if (bytes == NULL)
    return NULL;
  const char *text = g_bytes_get_data (bytes, &length);
  self->document = royal_json_parse (text != NULL ? text : "", (gssize)length, path, error);
  if (self->document == NULL || !royal_schema_validate (scenario_schema (), self->document, path, error))
    return NULL;
  royal_schema_fill_defaults (scenario_schema (), self->document);
  return g_steal_pointer (&self);
}

void
rt_scenario_free (RtScenario *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->document, json_node_unref);
  g_free (self->path);
  g_free (self);
}

static JsonObject *
root (RtScenario *self)
{
  return json_node_get_object (self->document);
}

const char *
rt_scenario_name (RtScenario *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return royal_json_string (root (self), "name", self->path);
}

/* (nullable): a path in the file, relative to it. */
static char *
relative (RtScenario *self, const char *member)
{
  const char *name = royal_json_string (root (self), member, NULL);
  g_autofree char *folder = g_path_get_dirname (self->path);

  return name != NULL ? g_canonicalize_filename (name, g_path_is_absolute (folder) ? folder : NULL) : NULL;
}

char *
rt_scenario_plugin (RtScenario *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return relative (self, "plugin");
}

static gboolean
unexpected (GError **error, const char *what, const char *difference)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: %s", what, difference);
  return FALSE;
}

static gboolean
check_match (JsonNode *expected, JsonNode *found, const char *what, GError **error)
{
  g_autofree char *difference = expected != NULL ? royal_match (expected, found) : NULL;

  return difference == NULL || unexpected (error, what, difference);
}

static gboolean
check_error (JsonNode *expected, const GError *got, GError **error)
{
  if (expected == NULL && got == NULL)
    return TRUE;
  if (expected == NULL)
    return unexpected (error, "the task failed", got->message);
  if (got == NULL)
    return unexpected (error, "error", "expected one, found none");

  g_autoptr (JsonNode) code = json_node_new (JSON_NODE_VALUE);
  g_autoptr (JsonNode) found = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  const char *name = royal_error_code_name (got->domain == ROYAL_ERROR ? got->code : ROYAL_ERROR_FAILED);

  json_node_set_string (code, name);
  json_object_set_string_member (object, "code", name);
  json_object_set_string_member (object, "message", got->message);
  json_node_take_object (found, object);
  return check_match (expected, JSON_NODE_HOLDS_OBJECT (expected) ? found : code, "error", error);
}

static gboolean
check_outcome (RtScenario *self, RtOutcome *outcome, RtFixtures *fixtures, GError **error)
{
  JsonObject *expect = json_object_get_object_member (root (self), "expect");
  JsonArray *made = json_array_new ();
  g_autoptr (JsonNode) proposals = json_node_new (JSON_NODE_ARRAY);
  g_autoptr (JsonNode) state = rt_fixtures_state (fixtures);

  for (guint i = 0; i < outcome->proposals->len; i++)
    json_array_add_element (made, json_node_copy (g_ptr_array_index (outcome->proposals, i)));
  json_node_take_array (proposals, made);

  if (!check_error (json_object_get_member (expect, "error"), outcome->error, error))
    return FALSE;
  if (!check_match (json_object_get_member (expect, "proposals"), proposals, "proposals", error))
    return FALSE;
  if (outcome->result != NULL &&
      !check_match (json_object_get_member (expect, "result"), outcome->result, "result", error))
    return FALSE;
  return check_match (json_object_get_member (expect, "state"), state, "state", error);
}

gboolean
rt_scenario_run (RtScenario *self, RtPlugin *plugin, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (plugin != NULL, FALSE);

  const char *task = royal_json_string (root (self), "task", "");
  JsonNode *input = json_object_get_member (root (self), "input");
  g_autofree char *folder = relative (self, "fixtures");
  g_autoptr (JsonNode) config =
      rt_plugin_config (plugin, json_object_get_member (root (self), "config"), "config", error);

  if (config == NULL || !rt_plugin_check_input (plugin, task, input, "input", error))
    return FALSE;

  g_autoptr (RtFixtures) fixtures = rt_fixtures_new (folder, royal_json_object (root (self), "reads"),
                                                     royal_json_object (root (self), "state"), error);
  const RtSession session = {
    .plugin = plugin,
    .task = task,
    .input = input,
    .config = config,
    .fixtures = fixtures,
    .answer = royal_json_string (root (self), "answer", "pending"),
    .sandbox = TRUE,
    .timeout_s = TIMEOUT_S,
  };
  g_autoptr (RtOutcome) outcome = fixtures != NULL ? rt_session_run (&session, error) : NULL;
  return outcome != NULL && check_outcome (self, outcome, fixtures, error);
}
