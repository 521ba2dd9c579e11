/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "ctl-resources.h"
#include "royal-json.h"
#include "royal-match.h"
#include "royal-schema.h"

#include <stdio.h>
#include <string.h>

#define SCENARIO "/royal/ctl/workflow-scenario.schema.json"

static char *workflow_file, *workflow_name, *input;

static const GOptionEntry simulate_entries[] = {
  { "workflow", 0, 0, G_OPTION_ARG_FILENAME, &workflow_file, "A workflow's file, which the host need not know",
    "FILE" },
  { "name", 0, 0, G_OPTION_ARG_STRING, &workflow_name, "A workflow of the host", "NAME" },
  { "input", 0, 0, G_OPTION_ARG_STRING, &input, "The input, when it is no argument", "JSON" },
  { NULL },
};

static void
print_effect (JsonObject *effect)
{
  JsonArray *rules = royal_json_array (effect, "rules");
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; rules != NULL && i < json_array_get_length (rules); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", json_array_get_string_element (rules, i));
  printf ("\n");
  ctl_print_field ("action", royal_json_string (effect, "action", "-"));
  ctl_print_field ("target", royal_json_string (effect, "target", "-"));
  ctl_print_field ("decision", royal_json_string (effect, "decision", "-"));
  ctl_print_field ("risk", royal_json_string (effect, "risk", "-"));
  ctl_print_field ("rules", names->str);
  ctl_print_field ("reason", royal_json_string (effect, "reason", "-"));
  ctl_print_object ("parameters", royal_json_object (effect, "parameters"));
  ctl_print_object ("facts", royal_json_object (effect, "facts"));
}

static int
print_simulation (const CtlOptions *options, JsonNode *simulation)
{
  JsonArray *effects = royal_json_array (json_node_get_object (simulation), "effects");

  ctl_print_run (options, simulation);
  if (options->json)
    return CTL_OK;
  printf ("\n%u effects would be proposed\n", effects != NULL ? json_array_get_length (effects) : 0);
  for (guint i = 0; effects != NULL && i < json_array_get_length (effects); i++)
    print_effect (json_array_get_object_element (effects, i));
  return CTL_OK;
}

/* Takes @body. Waits for the simulation's end. */
static int
simulate (const CtlOptions *options, JsonNode *body, JsonNode **ret_simulation)
{
  g_autofree char *path = NULL;
  int status = ctl_call (options, "POST", "/simulations", body, ret_simulation);

  if (status != CTL_OK)
    return status;
  path = g_strconcat ("/simulations/", royal_json_string (json_node_get_object (*ret_simulation), "id", ""), NULL);
  status = ctl_wait_run (options, path, ret_simulation);
  if (status != CTL_OK)
    return status;
  /* With its effects, whatever state the first answer told. */
  g_clear_pointer (ret_simulation, json_node_unref);
  return ctl_call (options, "GET", path, NULL, ret_simulation);
}

static int
run_simulate (const CtlOptions *options, char **arguments)
{
  guint n = g_strv_length (arguments);
  gboolean task = workflow_file == NULL && workflow_name == NULL;
  const char *given = task && n == 3 ? arguments[2] : !task && n == 1 ? arguments[0] : input;
  g_autoptr (JsonNode) simulation = NULL;
  JsonNode *body, *definition;
  int status = CTL_OK;

  if (task ? n < 2 : n > 1)
    return ctl_fail (CTL_USAGE, "usage: royalctl simulate AGENT TASK [INPUT], or --workflow FILE, or --name NAME");
  body = ctl_body ("agent", task ? arguments[0] : NULL, NULL);
  if (task)
    {
      json_object_set_string_member (json_node_get_object (body), "agent", arguments[0]);
      json_object_set_string_member (json_node_get_object (body), "task", arguments[1]);
    }
  else if (workflow_file != NULL)
    {
      definition = ctl_read_json (workflow_file, &status);
      if (definition != NULL)
        json_object_set_member (json_node_get_object (body), "definition", definition);
    }
  else
    json_object_set_string_member (json_node_get_object (body), "workflow", workflow_name);
  if (status == CTL_OK)
    status = ctl_set_json (body, "input", given, "INPUT");
  if (status != CTL_OK)
    {
      json_node_unref (body);
      return status;
    }
  status = simulate (options, body, &simulation);
  if (status != CTL_OK)
    return status;
  print_simulation (options, simulation);
  return strcmp (royal_json_string (json_node_get_object (simulation), "state", ""), "completed") == 0 ? CTL_OK
                                                                                                       : CTL_FAILED;
}

/* --- scenarios ---------------------------------------------------------------------------------------------------- */

static RoyalSchema *
scenario_schema (void)
{
  static RoyalSchema *schema;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;

  if (schema != NULL)
    return schema;
  bytes = g_resource_lookup_data (ctl_get_resource (), SCENARIO, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);
  g_assert_no_error (error);
  node = royal_json_parse (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), SCENARIO, &error);
  g_assert_no_error (error);
  schema = royal_schema_new (node, SCENARIO, &error);
  g_assert_no_error (error);
  return schema;
}

/* Adds the faults of a kind to what the simulation assumes of it. */
static void
add_faults (JsonObject *assume, const char *kind, JsonObject *faults)
{
  JsonObject *of = royal_json_object (faults, kind);
  JsonObject *known = royal_json_object (assume, kind);
  JsonObjectIter iter;
  const char *name;
  JsonNode *error;

  if (of == NULL)
    return;
  if (known == NULL)
    {
      known = json_object_new ();
      json_object_set_object_member (assume, kind, known);
    }
  json_object_iter_init_ordered (&iter, of);
  while (json_object_iter_next_ordered (&iter, &name, &error))
    {
      JsonObject *fault = json_object_new ();

      json_object_set_member (fault, "error", json_node_ref (error));
      json_object_set_object_member (known, name, fault);
    }
}

/* (transfer full): what is asked of the host; NULL when the workflow's file cannot be read. */
static JsonNode *
request_of (JsonObject *scenario, const char *file, int *ret_status)
{
  static const char *const handed_on[] = { "workflow", "agent", "task", "input" };
  static const char *const assumed[] = { "reads", "steps", "choices", "events" };
  const char *definition = royal_json_string (scenario, "file", NULL);
  JsonNode *body = ctl_body ("workflow", NULL, NULL);
  JsonObject *object = json_node_get_object (body);
  JsonObject *assume = json_object_new ();

  *ret_status = CTL_OK;
  for (guint i = 0; i < G_N_ELEMENTS (handed_on); i++)
    if (json_object_has_member (scenario, handed_on[i]))
      json_object_set_member (object, handed_on[i], json_object_dup_member (scenario, handed_on[i]));
  for (guint i = 0; i < G_N_ELEMENTS (assumed); i++)
    if (json_object_has_member (scenario, assumed[i]))
      json_object_set_member (assume, assumed[i], json_object_dup_member (scenario, assumed[i]));
  add_faults (assume, "reads", royal_json_object (scenario, "faults"));
  add_faults (assume, "steps", royal_json_object (scenario, "faults"));
  json_object_set_object_member (object, "assume", assume);
  if (definition != NULL)
    {
      g_autofree char *folder = g_path_get_dirname (file);
      g_autofree char *path = g_canonicalize_filename (definition, g_path_is_absolute (folder) ? folder : NULL);
      g_autofree char *below = g_build_filename (folder, definition, NULL);
      JsonNode *node = ctl_read_json (g_path_is_absolute (folder) ? path : below, ret_status);

      if (node != NULL)
        json_object_set_member (object, "definition", node);
    }
  return body;
}

/* (transfer full): the run's steps by their paths. */
static JsonNode *
steps_by_path (JsonObject *simulation)
{
  JsonArray *steps = royal_json_array (simulation, "steps");
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  for (guint i = 0; steps != NULL && i < json_array_get_length (steps); i++)
    {
      JsonObject *step = json_array_get_object_element (steps, i);

      json_object_set_object_member (object, royal_json_string (step, "path", ""), json_object_ref (step));
    }
  json_node_take_object (node, object);
  return node;
}

/* (transfer full) (nullable): the first difference from what is expected. */
static char *
compare (JsonObject *expect, JsonObject *simulation)
{
  static const char *const members[] = { "state", "result", "error", "effects" };
  JsonNode *steps = json_object_get_member (expect, "steps");

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      JsonNode *wanted = json_object_get_member (expect, members[i]);
      JsonNode *found = json_object_get_member (simulation, members[i]);
      g_autoptr (JsonNode) none = json_node_new (JSON_NODE_NULL);
      g_autofree char *difference = wanted != NULL ? royal_match (wanted, found != NULL ? found : none) : NULL;

      if (difference != NULL)
        return g_strdup_printf ("%s: %s", members[i], difference);
    }
  if (steps != NULL)
    {
      g_autoptr (JsonNode) found = steps_by_path (simulation);
      g_autofree char *difference = royal_match (steps, found);

      return difference != NULL ? g_strdup_printf ("steps%s", difference) : NULL;
    }
  return NULL;
}

static int
run_scenario (const CtlOptions *options, const char *file)
{
  int status;
  g_autoptr (JsonNode) scenario = ctl_read_json (file, &status);
  g_autoptr (JsonNode) simulation = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *difference = NULL;
  JsonObject *object;
  JsonNode *body;

  if (scenario == NULL)
    return status;
  if (!royal_schema_validate (scenario_schema (), scenario, file, &error))
    return ctl_fail (CTL_FAILED, "%s", error->message);
  royal_schema_fill_defaults (scenario_schema (), scenario);
  object = json_node_get_object (scenario);
  body = request_of (object, file, &status);
  if (status != CTL_OK)
    {
      json_node_unref (body);
      return status;
    }
  status = simulate (options, body, &simulation);
  if (status != CTL_OK)
    return status;
  difference = compare (royal_json_object (object, "expect"), json_node_get_object (simulation));
  if (options->json)
    ctl_print_json (simulation);
  else
    printf ("%s %s\n", difference == NULL ? "ok    " : "not ok", royal_json_string (object, "name", file));
  return difference == NULL ? CTL_OK : ctl_fail (CTL_FAILED, "%s: %s", file, difference);
}

static int
run_scenarios (const CtlOptions *options, char **arguments)
{
  int worst = CTL_OK;

  for (guint i = 0; arguments[i] != NULL; i++)
    worst = MAX (worst, run_scenario (options, arguments[i]));
  return worst;
}

const CtlCommand ctl_simulate_commands[] = {
  { "simulate", NULL, "[AGENT TASK] [INPUT]",
    "Run an agent or a workflow without effects, and list those that would follow", 0, 3, simulate_entries,
    run_simulate },
  { "scenario", "run", "FILE...", "Simulate what files say, and compare with what they expect", 1, 10000, NULL,
    run_scenarios },
  { NULL },
};
