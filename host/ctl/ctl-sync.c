/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

static char *state, *cursor, *take;

static const GOptionEntry page_entries[] = {
  { "cursor", 0, 0, G_OPTION_ARG_STRING, &cursor, "The page after this one", "CURSOR" },
  { NULL },
};
static const GOptionEntry conflict_entries[] = {
  { "state", 0, 0, G_OPTION_ARG_STRING, &state, "open (the default), answered, gone or all", "STATES" },
  { "cursor", 0, 0, G_OPTION_ARG_STRING, &cursor, "The page after this one", "CURSOR" },
  { NULL },
};
static const GOptionEntry answer_entries[] = {
  { "take", 0, 0, G_OPTION_ARG_STRING, &take, "Whose value counts: shop or repository", "SIDE" },
  { NULL },
};

static const char *const run_columns[] = { "at",       "at",     "sync",   "sync", "task", "task", "revision",
                                           "revision", "branch", "branch", "id",   "id",   NULL };
static const char *const revision_columns[] = { "revision", "revision", "sync", "sync", "commit", "commit", "products",
                                                "products", "held",     "held", "at",   "at",     NULL };
static const char *const conflict_columns[] = { "id",     "id",    "state",      "state",      "handle",
                                                "handle", "field", "field",      "base",       "base",
                                                "shop",   "shop",  "repository", "repository", NULL };

static int
list (const CtlOptions *options, const char *path, const char *states, const char *const *columns)
{
  g_autoptr (GString) whole = g_string_new (path);
  g_autoptr (JsonNode) answer = NULL;
  int status;

  if (states != NULL)
    g_string_append_uri_escaped (g_string_append (whole, "?state="), states, NULL, TRUE);
  if (cursor != NULL)
    g_string_append_uri_escaped (g_string_append (whole, states != NULL ? "&cursor=" : "?cursor="), cursor, NULL, TRUE);
  status = ctl_call (options, "GET", whole->str, NULL, &answer);
  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

static int
run_runs (const CtlOptions *options, char **arguments)
{
  return list (options, "/sync/runs", NULL, run_columns);
}

static int
run_revisions (const CtlOptions *options, char **arguments)
{
  return list (options, "/sync/revisions", NULL, revision_columns);
}

static int
run_conflicts (const CtlOptions *options, char **arguments)
{
  return list (options, "/sync/conflicts", state != NULL ? state : "open", conflict_columns);
}

/* The answer holds for the values that the conflict has now. */
static int
run_answer (const CtlOptions *options, char **arguments)
{
  g_autofree char *escaped = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *shown = g_strconcat ("/sync/conflicts/", escaped, NULL);
  g_autofree char *path = g_strconcat (shown, "/answer", NULL);
  g_autoptr (JsonNode) conflict = NULL;
  g_autoptr (JsonNode) answer = NULL;
  JsonObject *object;
  int status;

  if (take == NULL || (strcmp (take, "shop") != 0 && strcmp (take, "repository") != 0))
    return ctl_fail (CTL_USAGE, "give --take shop or --take repository");
  status = ctl_call (options, "GET", shown, NULL, &conflict);
  if (status != CTL_OK)
    return status;
  object = json_node_get_object (conflict);
  status = ctl_call (options, "POST", path,
                     ctl_body ("digest", royal_json_string (object, "digest", ""), "take", take, NULL), &answer);
  if (status != CTL_OK)
    return status;
  object = json_node_get_object (answer);
  if (options->json)
    ctl_print_json (answer);
  else
    printf ("%s of %s: what the %s has counts from the next run on\n", royal_json_string (object, "field", "-"),
            royal_json_string (object, "handle", "-"), take);
  return CTL_OK;
}

const CtlCommand ctl_sync_commands[] = {
  { "sync", "runs", NULL, "How the syncs of shops with repositories went", 0, 0, page_entries, run_runs },
  { "sync", "revisions", NULL, "What both sides have had alike, the latest first", 0, 0, page_entries, run_revisions },
  { "sync", "conflicts", NULL, "What both sides changed, and not alike", 0, 0, conflict_entries, run_conflicts },
  { "sync", "answer", "ID", "Say whose value of a conflict counts", 1, 1, answer_entries, run_answer },
  { NULL },
};
