/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

static char *code, *category, *name, *start, *weeks, *archetype, *currency, *list_price, *unit_cost;
static char *stores, *forecast, *actuals;
static gboolean dry_run;

static const GOptionEntry load_entries[] = {
  { "code", 0, 0, G_OPTION_ARG_STRING, &code, "The season's code; made of its name and start otherwise", "CODE" },
  { "category", 0, 0, G_OPTION_ARG_STRING, &category, "The category's code", "CODE" },
  { "name", 0, 0, G_OPTION_ARG_STRING, &name, "The season's name", "NAME" },
  { "start", 0, 0, G_OPTION_ARG_STRING, &start, "Its first day", "YYYY-MM-DD" },
  { "weeks", 0, 0, G_OPTION_ARG_STRING, &weeks, "How many weeks", "N" },
  { "archetype", 0, 0, G_OPTION_ARG_STRING, &archetype, "Its archetype", "ARCHETYPE" },
  { "currency", 0, 0, G_OPTION_ARG_STRING, &currency, "Its currency", "CODE" },
  { "list-price", 0, 0, G_OPTION_ARG_STRING, &list_price, "The list price, such as 89.90", "PRICE" },
  { "unit-cost", 0, 0, G_OPTION_ARG_STRING, &unit_cost, "What a unit costs", "PRICE" },
  { "stores", 0, 0, G_OPTION_ARG_FILENAME, &stores, "The stores", "CSV" },
  { "forecast", 0, 0, G_OPTION_ARG_FILENAME, &forecast, "The forecast, by store and week", "CSV" },
  { "actuals", 0, 0, G_OPTION_ARG_FILENAME, &actuals, "What was sold, by store and week", "CSV" },
  { "dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "Check everything, change nothing", NULL },
  { NULL },
};

static const char *const columns[] = { "id",   "id",   "code", "code",     "name",
                                       "name", "week", "week", "markdown", "current_markdown_pct",
                                       NULL };

/* "Women's Dresses", 2025-03-01 → women-s-dresses-2025-03-01 */
static char *
default_code (void)
{
  g_autofree char *text = g_strconcat (name, "-", start, NULL);
  g_autofree char *lower = g_ascii_strdown (text, -1);
  GString *out = g_string_new (NULL);

  for (const char *at = lower; *at != '\0'; at++)
    if (g_ascii_isalnum (*at))
      g_string_append_c (out, *at);
    else if (out->len > 0 && out->str[out->len - 1] != '-')
      g_string_append_c (out, '-');
  return g_string_free (out, FALSE);
}

static void
add_query (GString *path, const char *query, const char *value)
{
  if (value == NULL)
    return;
  g_string_append_printf (path, "%c%s=", strchr (path->str, '?') != NULL ? '&' : '?', query);
  g_string_append_uri_escaped (path, value, NULL, FALSE);
}

static int
import (const CtlOptions *options, JsonObject *all, const char *kind, const char *file, GString *path)
{
  g_autofree char *text = NULL;
  g_autofree char *answer = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *summary;
  char *csv;
  gsize length;
  int status;

  if (!g_file_get_contents (file, &csv, &length, &error))
    return ctl_fail (CTL_FAILED, "%s", error->message);
  body = g_bytes_new_take (csv, length);
  add_query (path, "dry_run", dry_run ? "1" : NULL);
  status = ctl_call_text (options, "POST", path->str, "text/csv", body, &answer);
  if (status != CTL_OK)
    return status;
  summary = royal_json_parse (answer, -1, "answer", &error);
  if (summary == NULL)
    return ctl_fail (CTL_FAILED, "%s", error->message);
  if (!options->json)
    {
      text = royal_json_to_string (summary);
      ctl_print_field (kind, text);
    }
  json_object_set_member (all, kind, summary);
  return CTL_OK;
}

static int
load_forecast (const CtlOptions *options, JsonObject *all, const char *season)
{
  g_autoptr (GString) path = g_string_new ("/data/forecast");
  const char *const values[] = { "season",   season,   "category",   category,   "name",      name,
                                 "start",    start,    "weeks",      weeks,      "archetype", archetype,
                                 "currency", currency, "list_price", list_price, "unit_cost", unit_cost };

  for (guint i = 0; i < G_N_ELEMENTS (values); i += 2)
    add_query (path, values[i], values[i + 1]);
  return import (options, all, "forecast", forecast, path);
}

static int
run_load (const CtlOptions *options, char **arguments)
{
  JsonNode *node = ctl_body (NULL, NULL);
  g_autoptr (JsonNode) owned G_GNUC_UNUSED = node;
  JsonObject *all = json_node_get_object (node);
  g_autofree char *season = code != NULL ? g_strdup (code) : name != NULL && start != NULL ? default_code () : NULL;
  int status = CTL_OK;

  if (stores == NULL && forecast == NULL && actuals == NULL)
    return ctl_fail (CTL_USAGE, "give --stores, --forecast or --actuals");
  if ((forecast != NULL || actuals != NULL) && season == NULL)
    return ctl_fail (CTL_USAGE, "give --code, or --name and --start");
  if (stores != NULL)
    {
      g_autoptr (GString) path = g_string_new ("/data/stores");

      status = import (options, all, "stores", stores, path);
    }
  if (status == CTL_OK && forecast != NULL)
    status = load_forecast (options, all, season);
  if (status == CTL_OK && actuals != NULL)
    {
      g_autoptr (GString) path = g_string_new ("/data/actuals");

      add_query (path, "season", season);
      status = import (options, all, "actuals", actuals, path);
    }
  if (status == CTL_OK && options->json)
    {
      const char *id =
          royal_json_string (royal_json_object (all, forecast != NULL ? "forecast" : "actuals"), "season", season);

      if (id != NULL)
        json_object_set_string_member (all, "season", id);
      ctl_print_json (node);
    }
  return status;
}

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/retail/seasons", NULL, &answer);

  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

static int
run_show (const CtlOptions *options, char **arguments)
{
  g_autofree char *id = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/retail/seasons/", id, NULL);
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", path, NULL, &answer);

  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (answer);
  else
    ctl_print_object (royal_json_string (json_node_get_object (answer), "name", "season"),
                      json_node_get_object (answer));
  return CTL_OK;
}

const CtlCommand ctl_season_commands[] = {
  { "season", "list", NULL, "The seasons", 0, 0, NULL, run_list },
  { "season", "show", "ID", "One season", 1, 1, NULL, run_show },
  { "season", "load", NULL, "Load stores, a forecast and what was sold, from CSV", 0, 0, load_entries, run_load },
  { NULL },
};
