/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <string.h>

static gboolean dry_run;

static const GOptionEntry upload_entries[] = {
  { "dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "Check everything, change nothing", NULL },
  { NULL },
};

static const char *const opportunity_columns[] = { "product", "product", "title",  "title",     "supplier", "supplier",
                                                   "price",   "price",   "cost",   "cost",      "margin",   "margin",
                                                   "state",   "state",   "opened", "opened_at", NULL };

static int
run_upload (const CtlOptions *options, char **arguments)
{
  g_autofree char *kind = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/data/", kind, dry_run ? "?dry_run=1" : "", NULL);
  static const char *const kinds[] = { "catalog", "signals", "prices", "suppliers", "traffic", NULL };
  g_autoptr (GBytes) csv = NULL;
  int status;

  if (!g_strv_contains (kinds, arguments[0]))
    return ctl_fail (CTL_USAGE, "what can be uploaded is catalog, signals, prices, suppliers and traffic");
  csv = ctl_read_bytes (arguments[1], &status);
  return csv != NULL ? ctl_send_csv (options, arguments[0], path, csv, NULL) : status;
}

static int
run_opportunities (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/catalog/opportunities", NULL, &answer);

  return status == CTL_OK ? ctl_print_list (options, answer, opportunity_columns) : status;
}

/* Reads "margin=0.4" or "margin=" into @goals. */
static gboolean
read_goal (JsonObject *goals, const char *text)
{
  const char *is = strchr (text, '=');
  g_autofree char *name = is != NULL ? g_strndup (text, (gsize)(is - text)) : NULL;
  char *end;
  double value;

  if (is == NULL || is == text)
    return FALSE;
  if (is[1] == '\0')
    {
      json_object_set_null_member (goals, name);
      return TRUE;
    }
  value = g_ascii_strtod (is + 1, &end);
  if (*end != '\0')
    return FALSE;
  json_object_set_double_member (goals, name, value);
  return TRUE;
}

static int
run_goals (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) body = ctl_body (NULL, NULL);
  g_autoptr (JsonNode) answer = NULL;
  int status;

  for (guint i = 0; arguments[i] != NULL; i++)
    if (!read_goal (json_node_get_object (body), arguments[i]))
      return ctl_fail (CTL_USAGE, "expected NAME=NUMBER, or NAME= to forget it, found `%s`", arguments[i]);
  if (arguments[0] == NULL)
    status = ctl_call (options, "GET", "/goals", NULL, &answer);
  else
    status = ctl_call (options, "PUT", "/goals", g_steal_pointer (&body), &answer);
  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (answer);
  else
    ctl_print_object ("goals", royal_json_object (json_node_get_object (answer), "goals"));
  return CTL_OK;
}

const CtlCommand ctl_catalog_commands[] = {
  { "catalog", "upload", "KIND FILE", "Load a feed from CSV: catalog, signals, prices, suppliers or traffic", 2, 2,
    upload_entries, run_upload },
  { "catalog", "opportunities", NULL, "The products that are looked into", 0, 0, NULL, run_opportunities },
  { "goals", NULL, "[NAME=NUMBER]...", "What is aimed at: margin, revenue, conversion; sets it", 0, 3, NULL,
    run_goals },
  { NULL },
};
