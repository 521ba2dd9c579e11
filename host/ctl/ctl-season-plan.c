/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "ctl-mapping.h"
#include "royal-json.h"

#include <stdio.h>
#include <string.h>

/* Planning a season: what it is, the workflow that plans it, how it stands, files that come in. */

static char *category, *category_name, *name, *start, *archetype, *currency, *list_price, *unit_cost;
static gint weeks;
static gboolean only_season, wait_for;
static char *season, *gaps;
static gboolean history, dry_run;
static char *mapping, *data, *until, *since, *only_category, *actuals;
static gint up_to;

static const GOptionEntry plan_entries[] = {
  { "category", 0, 0, G_OPTION_ARG_STRING, &category, "Makes or changes the season: its category's code", "CODE" },
  { "category-name", 0, 0, G_OPTION_ARG_STRING, &category_name, "The category's name, when it is new", "NAME" },
  { "name", 0, 0, G_OPTION_ARG_STRING, &name, "The season's name", "NAME" },
  { "start", 0, 0, G_OPTION_ARG_STRING, &start, "Its first day", "YYYY-MM-DD" },
  { "weeks", 0, 0, G_OPTION_ARG_INT, &weeks, "How many weeks", "N" },
  { "archetype", 0, 0, G_OPTION_ARG_STRING, &archetype, "Its archetype", "ARCHETYPE" },
  { "currency", 0, 0, G_OPTION_ARG_STRING, &currency, "Its currency", "CODE" },
  { "list-price", 0, 0, G_OPTION_ARG_STRING, &list_price, "The list price, such as 89.90", "PRICE" },
  { "unit-cost", 0, 0, G_OPTION_ARG_STRING, &unit_cost, "What a unit costs", "PRICE" },
  { "only-season", 0, 0, G_OPTION_ARG_NONE, &only_season, "Make the season, start nothing", NULL },
  { "wait", 0, 0, G_OPTION_ARG_NONE, &wait_for, "Wait for the end of the workflow", NULL },
  { NULL },
};
static const GOptionEntry upload_entries[] = {
  { "season", 0, 0, G_OPTION_ARG_STRING, &season, "What the season has sold: store_id,week_number,units_sold", "ID" },
  { "history", 0, 0, G_OPTION_ARG_NONE, &history, "The years before: store_id,category_id,week_start_date,units_sold",
    NULL },
  { "gaps", 0, 0, G_OPTION_ARG_STRING, &gaps, "history: refuse (the default) or keep weeks that are missing", "WORD" },
  { "dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "Check everything, change nothing", NULL },
  { NULL },
};
static const GOptionEntry import_entries[] = {
  { "mapping", 0, 0, G_OPTION_ARG_FILENAME, &mapping, "How the files become stores and history", "FILE" },
  { "data", 0, 0, G_OPTION_ARG_FILENAME, &data, "Where the files are; this folder otherwise", "DIR" },
  { "since", 0, 0, G_OPTION_ARG_STRING, &since, "Only weeks that begin on that day or later", "YYYY-MM-DD" },
  { "until", 0, 0, G_OPTION_ARG_STRING, &until, "Only weeks that begin before that day", "YYYY-MM-DD" },
  { "category", 0, 0, G_OPTION_ARG_STRING, &only_category, "Only this category", "CODE" },
  { "actuals", 0, 0, G_OPTION_ARG_STRING, &actuals, "Not the history: what this season sold", "ID" },
  { "up-to", 0, 0, G_OPTION_ARG_INT, &up_to, "actuals: the last week", "N" },
  { "dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "Check everything, change nothing", NULL },
  { NULL },
};

/* (transfer full): what is asked of a season. */
static char *
season_path (const char *id, const char *what)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, TRUE);

  return g_strconcat ("/retail/seasons/", escaped, what, NULL);
}

static void
add_query (GString *path, const char *query, const char *value)
{
  if (value == NULL)
    return;
  g_string_append_printf (path, "%c%s=", strchr (path->str, '?') != NULL ? '&' : '?', query);
  g_string_append_uri_escaped (path, value, NULL, FALSE);
}

/* Makes or changes the season where something is said of it; its id is in @ret_season. */
static int
find_season (const CtlOptions *options, const char *code, JsonNode **ret_season)
{
  g_autofree char *path = season_path (code, "");
  JsonNode *body;

  if (category == NULL && name == NULL && start == NULL && weeks == 0)
    return ctl_call (options, "GET", path, NULL, ret_season);
  if (category == NULL || name == NULL || start == NULL || weeks == 0)
    return ctl_fail (CTL_USAGE, "a season is made of --category, --name, --start and --weeks");
  body =
      ctl_body ("code", code, "category", category, "category_name", category_name, "name", name, "start", start,
                "archetype", archetype, "currency", currency, "list_price", list_price, "unit_cost", unit_cost, NULL);
  json_object_set_int_member (json_node_get_object (body), "weeks", weeks);
  return ctl_call (options, "POST", "/retail/seasons", body, ret_season);
}

static int
start_plan (const CtlOptions *options, JsonNode *found, JsonNode **ret_run)
{
  JsonNode *body = ctl_body (NULL, NULL);
  JsonObject *input = json_object_new ();

  json_object_set_string_member (input, "season", royal_json_string (json_node_get_object (found), "id", ""));
  json_object_set_object_member (json_node_get_object (body), "input", input);
  return ctl_call (options, "POST", "/workflows/season_plan", body, ret_run);
}

static int
run_plan (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) found = NULL;
  g_autoptr (JsonNode) run = NULL;
  g_autofree char *path = NULL;
  int status = find_season (options, arguments[0], &found);

  if (status == CTL_OK && only_season && options->json)
    ctl_print_json (found);
  if (status != CTL_OK || only_season)
    return status;
  status = start_plan (options, found, &run);
  if (status != CTL_OK)
    return status;
  path = g_strconcat ("/workflows/", royal_json_string (json_node_get_object (run), "id", ""), NULL);
  if (wait_for)
    status = ctl_wait_run (options, path, &run);
  if (status == CTL_OK)
    status = ctl_print_run (options, run);
  if (status == CTL_OK && wait_for &&
      strcmp (royal_json_string (json_node_get_object (run), "state", ""), "completed") != 0)
    status = CTL_FAILED;
  return status;
}

/* What is known of the season beside its figures; what is not there yet is left out. */
static int
get_all (const CtlOptions *options, const char *id, JsonObject *all)
{
  static const char *const parts[][2] = {
    { "season", "" },
    { "weeks", "/weeks" },
    { "inventory", "/inventory" },
    { "watch", "/watch" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *path = season_path (id, parts[i][1]);
      JsonNode *answer = NULL;
      int status = ctl_call (options, "GET", path, NULL, &answer);

      if (status != CTL_OK)
        return status;
      json_object_set_member (all, parts[i][0], answer);
    }
  return CTL_OK;
}

static char *
share (JsonObject *object, const char *member)
{
  if (!json_object_has_member (object, member) || json_object_get_null_member (object, member))
    return g_strdup ("-");
  return g_strdup_printf ("%.1f %%", 100 * royal_json_double (object, member, 0));
}

/* What agents saw of it, as far as they looked. */
static void
print_watch (JsonObject *watch)
{
  static const struct {
    const char *verdict;
    const char *words;
  } verdicts[] = {
    { "too_early", "too early to say" },
    { "as_expected", "as expected" },
    { "below", "less than expected" },
    { "above", "more than expected" },
  };
  JsonObject *guard = royal_json_object (watch, "guard");
  JsonObject *markdown = royal_json_object (watch, "markdown");
  g_autofree char *reason = guard != NULL ? ctl_clean (royal_json_string (guard, "reason", "")) : NULL;

  if (guard != NULL)
    printf ("stock after week %" G_GINT64_FORMAT ": %s\n", royal_json_int (guard, "week", 0), reason);
  for (guint i = 0; markdown != NULL && i < G_N_ELEMENTS (verdicts); i++)
    if (g_str_equal (royal_json_string (markdown, "verdict", ""), verdicts[i].verdict))
      printf ("since the markdown: sold %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT ", %s\n",
              royal_json_int (markdown, "sold", 0), royal_json_int (markdown, "expected", 0), verdicts[i].words);
}

static void
print_status (JsonObject *all)
{
  JsonObject *figures = royal_json_object (all, "season");
  JsonObject *stock = royal_json_object (all, "inventory");
  g_autofree char *sold = share (figures, "sell_through");
  g_autofree char *variance = share (figures, "variance");
  g_autofree char *title = ctl_clean (royal_json_string (figures, "name", ""));

  printf ("%s (%s), week %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " stores\n", title,
          royal_json_string (figures, "code", ""), royal_json_int (figures, "week", 0),
          royal_json_int (figures, "weeks", 0), royal_json_int (figures, "stores", 0));
  printf ("forecast %" G_GINT64_FORMAT ", to date %" G_GINT64_FORMAT ", sold %" G_GINT64_FORMAT
          " (%s), variance %s%s\n",
          royal_json_int (figures, "forecast_total", 0), royal_json_int (figures, "forecast_to_date", 0),
          royal_json_int (figures, "sold", 0), sold, variance,
          royal_json_double (figures, "variance", 0) > 0.2 ? ", above 20 %" : "");
  printf ("made %" G_GINT64_FORMAT ", held back %" G_GINT64_FORMAT ", in stores %" G_GINT64_FORMAT
          ", markdown %.0f %%\n",
          royal_json_int (stock, "made", 0), royal_json_int (stock, "holdback", 0),
          royal_json_int (stock, "in_stores", 0), 100 * royal_json_double (figures, "current_markdown_pct", 0));
  print_watch (royal_json_object (all, "watch"));
  ctl_print_weeks (royal_json_array (royal_json_object (all, "weeks"), "items"));
}

static int
run_status (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) node = ctl_body (NULL, NULL);
  int status = get_all (options, arguments[0], json_node_get_object (node));

  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (node);
  else
    print_status (json_node_get_object (node));
  return CTL_OK;
}

/* One file to a route of /data; prints what came of it. */
static int
send_csv (const CtlOptions *options, const char *what, const char *path, GBytes *csv)
{
  g_autoptr (JsonNode) summary = NULL;
  JsonObject *variance;
  int status = ctl_send_csv (options, what, path, csv, &summary);

  if (status != CTL_OK || options->json)
    return status;
  variance = royal_json_object (json_node_get_object (summary), "variance");
  if (variance != NULL)
    {
      g_autofree char *text = share (variance, "variance");

      printf ("variance %s%s\n", text,
              royal_json_boolean (variance, "reforecast", FALSE) ? ": the season is forecast anew" : "");
    }
  return CTL_OK;
}

static int
run_upload (const CtlOptions *options, char **arguments)
{
  g_autoptr (GString) path = g_string_new (history ? "/data/history" : "/data/actuals");
  g_autoptr (GBytes) csv = NULL;
  int status;

  if (history == (season != NULL))
    return ctl_fail (CTL_USAGE, "give --season or --history");
  csv = ctl_read_bytes (arguments[0], &status);
  if (csv == NULL)
    return status;
  add_query (path, "season", season);
  add_query (path, "gaps", gaps);
  add_query (path, "dry_run", dry_run ? "1" : NULL);
  return send_csv (options, history ? "history" : "actuals", path->str, csv);
}

static gboolean
read_bound (const char *text, gint64 otherwise, gint64 *ret_day)
{
  *ret_day = otherwise;
  return text == NULL || ctl_parse_day (text, ret_day);
}

static int
import_history (const CtlOptions *options, CtlMapping *map)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) stores = ctl_mapping_stores (map, &error);
  g_autoptr (GBytes) csv = NULL;
  g_autoptr (GString) path = g_string_new ("/data/history");
  gint64 first, last;
  guint skipped = 0;
  int status = CTL_OK;

  if (error != NULL)
    return ctl_fail (CTL_FAILED, "%s", error->message);
  if (!read_bound (since, G_MININT64, &first) || !read_bound (until, G_MAXINT64, &last))
    return ctl_fail (CTL_USAGE, "expected a day, YYYY-MM-DD");
  csv = ctl_mapping_history (map, first, until != NULL ? last - 1 : last, only_category, &skipped, &error);
  if (csv == NULL)
    return ctl_fail (CTL_FAILED, "%s", error->message);
  if (stores != NULL)
    status = send_csv (options, "stores", dry_run ? "/data/stores?dry_run=1" : "/data/stores", stores);
  if (status != CTL_OK)
    return status;
  if (skipped > 0 && !options->json)
    printf ("%u categories have less than two years and are left out\n", skipped);
  add_query (path, "gaps", ctl_mapping_keeps_gaps (map) ? "keep" : NULL);
  add_query (path, "dry_run", dry_run ? "1" : NULL);
  return send_csv (options, "history", path->str, csv);
}

/* The stores of the season's forecast. (transfer full) */
static GHashTable *
stores_of (JsonObject *inventory)
{
  GHashTable *stores = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  JsonArray *list = royal_json_array (inventory, "stores");

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    g_hash_table_add (stores, g_strdup (royal_json_string (json_array_get_object_element (list, i), "store", "")));
  return stores;
}

static int
import_actuals (const CtlOptions *options, CtlMapping *map)
{
  g_autoptr (JsonNode) node = ctl_body (NULL, NULL);
  g_autoptr (GHashTable) stores = NULL;
  g_autoptr (GBytes) csv = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) path = g_string_new ("/data/actuals");
  JsonObject *figures;
  gint64 first;
  int status = get_all (options, actuals, json_node_get_object (node));

  if (status != CTL_OK)
    return status;
  figures = royal_json_object (json_node_get_object (node), "season");
  stores = stores_of (royal_json_object (json_node_get_object (node), "inventory"));
  if (g_hash_table_size (stores) == 0)
    return ctl_fail (CTL_FAILED, "season %s has no forecast: its stores are not known", actuals);
  if (!ctl_parse_day (royal_json_string (figures, "start", ""), &first))
    return ctl_fail (CTL_FAILED, "season %s has no start", actuals);
  csv = ctl_mapping_actuals (map, royal_json_string (figures, "category", ""), first,
                             up_to > 0 ? (guint)up_to : (guint)royal_json_int (figures, "weeks", 0), stores, &error);
  if (csv == NULL)
    return ctl_fail (CTL_FAILED, "%s", error->message);
  add_query (path, "season", actuals);
  add_query (path, "dry_run", dry_run ? "1" : NULL);
  return send_csv (options, "actuals", path->str, csv);
}

static int
run_import (const CtlOptions *options, char **arguments)
{
  g_autoptr (CtlMapping) map = NULL;
  g_autoptr (GError) error = NULL;

  if (mapping == NULL)
    return ctl_fail (CTL_USAGE, "give --mapping");
  map = ctl_mapping_new (mapping, data != NULL ? data : ".", &error);
  if (map == NULL)
    return ctl_fail (CTL_FAILED, "%s", error->message);
  return actuals != NULL ? import_actuals (options, map) : import_history (options, map);
}

const CtlCommand ctl_plan_commands[] = {
  { "season", "plan", "CODE", "Plan a season: forecast, order, allocation", 1, 1, plan_entries, run_plan },
  { "season", "status", "ID", "How a season stands, with a chart of its weeks", 1, 1, NULL, run_status },
  { "season", "upload", "FILE", "Load sales from CSV", 1, 1, upload_entries, run_upload },
  { "season", "import", NULL, "Load files of another make by a mapping", 0, 0, import_entries, run_import },
  { NULL },
};
