/* SPDX-License-Identifier: Apache-2.0 */
/* What the retail agents can be asked for, and configured with: what is out of bounds is refused by its name before
 * they run. */
#include <royal-json.h>
#include <royal-manifest.h>
#include <royal-schema.h>
#include <royal/error.h>

typedef struct {
  const char *agent;
  const char *task; /* NULL: its configuration */
  const char *text; /* with ' for " */
  const char *message;
} Case;

#define S "{'season':'SS25',"

static const Case refused[] = {
  { "inventory", "plan", "{}", "x: expected a member `season`, found none" },
  { "inventory", "plan", S "'safety_stock':-0.1}", "x: /safety_stock: expected at least 0, found -0.1" },
  { "inventory", "plan", S "'safety_stock':1.01}", "x: /safety_stock: expected at most 1, found 1.01" },
  { "inventory", "plan", S "'safety_stock':1e308}", "x: /safety_stock: expected at most 1, found 1e+308" },
  { "inventory", "plan", S "'safety_stock':'NaN'}", "x: /safety_stock: expected a number, found \"NaN\"" },
  { "inventory", "plan", S "'safety_stock':null}", "x: /safety_stock: expected a number, found null" },
  { "inventory", "plan", S "'initial_share':-1}", "x: /initial_share: expected at least 0, found -1" },
  { "inventory", "plan", S "'initial_share':1.5}", "x: /initial_share: expected at most 1, found 1.5" },
  { "inventory", "plan", S "'cover_weeks':3}", "x: unknown member `cover_weeks`" },
  { "inventory", "reallocate", S "'count_store_stock':1}", "x: /count_store_stock: expected true or false, found 1" },
  { "inventory", "guard", S "'holdback':-1}", "x: /holdback: expected at least 0, found -1" },
  { "inventory", "guard", S "'holdback':9223372036854775807}",
    "x: /holdback: expected at most 1000000000, found 9223372036854775807" },
  { "inventory", "guard", S "'counts':[{'store':'S1','shop':-1}]}",
    "x: /counts/0/shop: expected at least 0, found -1" },
  { "inventory", "guard", S "'counts':[{'store':'S1','supplier':1.5}]}",
    "x: /counts/0/supplier: expected an integer, found 1.5" },
  { "inventory", NULL, "{'safety_stock':2}", "x: /safety_stock: expected at most 1, found 2" },
  { "inventory", NULL, "{'initial_share':-0.55}", "x: /initial_share: expected at least 0, found -0.55" },
  { "inventory", NULL, "{'cover_weeks':105}", "x: /cover_weeks: expected at most 104, found 105" },
  { "inventory", NULL, "{'drift':-0.05}", "x: /drift: expected at least 0, found -0.05" },
  { "inventory", NULL, "{'buffer':-1}", "x: /buffer: expected at least 0, found -1" },
  { "inventory", NULL, "{'low_stock':1000001}", "x: /low_stock: expected at most 1000000, found 1000001" },
  { "inventory", NULL, "{'overstock':1.2}", "x: /overstock: expected at most 1, found 1.2" },
  { "markdown", "checkpoint", S "'elasticity':0}", "x: /elasticity: expected more than 0, found 0" },
  { "markdown", "checkpoint", S "'elasticity':-2}", "x: /elasticity: expected more than 0, found -2" },
  { "markdown", "checkpoint", S "'elasticity':1e9}", "x: /elasticity: expected at most 10, found 1000000000.0" },
  { "markdown", "checkpoint", S "'elasticity':'NaN'}", "x: /elasticity: expected a number, found \"NaN\"" },
  { "markdown", "checkpoint", S "'elastic':2}", "x: unknown member `elastic`; did you mean `elasticity`?" },
  { "markdown", NULL, "{'target':0}", "x: /target: expected more than 0, found 0" },
  { "markdown", NULL, "{'target':1.1}", "x: /target: expected at most 1, found 1.1" },
  { "markdown", NULL, "{'cap':0.41}", "x: /cap: expected at most 0.4, found 0.41" },
  { "markdown", NULL, "{'week':0}", "x: /week: expected at least 1, found 0" },
  { "markdown", NULL, "{'variance':-0.2}", "x: /variance: expected at least 0, found -0.2" },
  { "demand", "forecast", S "'method':''}", "x: /method: expected at least 1 character, found 0" },
  { "demand", "forecast", S "'methd':'theta'}", "x: unknown member `methd`; did you mean `method`?" },
  { "demand", "reforecast", S "'variance':-1}", "x: /variance: expected at least 0, found -1" },
  { "demand", NULL, "{'max_total':0}", "x: /max_total: expected at least 1, found 0" },
  { "demand", NULL, "{'max_total':1000000001}", "x: /max_total: expected at most 1000000000, found 1000000001" },
  { "demand", NULL, "{'country':'Atlantis'}",
    "x: /country: expected one of \"\", \"US\", \"GB\" or \"DE\", found \"Atlantis\"" },
  { "demand", NULL, "{'seed':-1}", "x: /seed: expected at least 0, found -1" },
};

static const Case taken[] = {
  { "inventory", "plan", S "'safety_stock':0,'initial_share':1}", NULL },
  { "inventory", "guard", S "'holdback':0,'counts':[]}", NULL },
  { "markdown", "checkpoint", S "'elasticity':1.8}", NULL },
  { "markdown", NULL, "{'cap':0.4,'target':1,'variance':0}", NULL },
  { "demand", "reforecast",
    S "'reason':'variance above 20 %','week':4,'variance':0.2549,'actual':3200,'forecast':2550,'remaining_weeks':8}",
    NULL },
  { "demand", NULL, "{'method':'auto','country':'','max_total':1,'seed':4294967295}", NULL },
};

static gboolean
validate (const Case *c, GError **error)
{
  g_autofree char *name =
      g_build_filename (g_getenv ("G_TEST_SRCDIR"), "..", "..", "plugins", c->agent, "manifest.json", NULL);
  g_autofree char *text = g_strdelimit (g_strdup (c->text), "'", '"');
  g_autoptr (RoyalManifest) manifest = royal_manifest_read_file (name, NULL);
  g_autoptr (JsonNode) document = royal_json_parse (text, -1, "x", NULL);
  g_autoptr (JsonNode) rules = json_node_alloc ();
  g_autoptr (RoyalSchema) schema = NULL;

  g_assert_nonnull (manifest);
  g_assert_nonnull (document);
  json_node_init_object (rules, c->task != NULL ? royal_manifest_task_input (manifest, c->task)
                                                : royal_manifest_config_schema (manifest));
  schema = royal_schema_new (rules, "rules", NULL);
  return royal_schema_validate (schema, document, "x", error);
}

static void
test_refused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (validate (&refused[i], &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, refused[i].message);
    }
}

static void
test_taken (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (taken); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", taken[i].text);
      g_assert_true (validate (&taken[i], &error));
      g_assert_no_error (error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/parameters/refused", test_refused);
  g_test_add_func ("/parameters/taken", test_taken);
  return g_test_run ();
}
