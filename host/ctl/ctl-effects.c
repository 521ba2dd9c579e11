/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>

static char *state, *cursor, *happened, *note;
static gboolean did_not_happen, again;
static int item;

static const GOptionEntry list_entries[] = {
  { "state", 0, 0, G_OPTION_ARG_STRING, &state, "unknown (the default), all, or states separated by commas", "STATES" },
  { "cursor", 0, 0, G_OPTION_ARG_STRING, &cursor, "The page after this one", "CURSOR" },
  { NULL },
};
static const GOptionEntry settle_entries[] = {
  { "happened", 0, 0, G_OPTION_ARG_FILENAME, &happened, "It happened; the receipt that an undo needs ({} for none)",
    "RECEIPT.json" },
  { "did-not-happen", 0, 0, G_OPTION_ARG_NONE, &did_not_happen, "It did not happen", NULL },
  { "retry", 0, 0, G_OPTION_ARG_NONE, &again, "… and is to be tried again", NULL },
  { "item", 0, 0, G_OPTION_ARG_INT, &item, "Of a batch: which item", "N" },
  { "note", 0, 0, G_OPTION_ARG_STRING, &note, "A note for the audit", "TEXT" },
  { NULL },
};

static const char *const effect_columns[] = { "proposal", "proposal", "item",   "item",   "state",
                                              "state",    "action",   "action", "target", "target",
                                              "attempt",  "attempt",  "error",  "error",  NULL };
static const char *const lane_columns[] = { "lane",    "lane",    "breaker",   "breaker", "in flight", "in_flight",
                                            "waiting", "waiting", "closed ms", "wait_ms", NULL };

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autoptr (GString) path = g_string_new ("/effects?state=");
  g_autoptr (JsonNode) answer = NULL;
  int status;

  g_string_append_uri_escaped (path, state != NULL ? state : "unknown", NULL, TRUE);
  if (cursor != NULL)
    g_string_append_uri_escaped (g_string_append (path, "&cursor="), cursor, NULL, TRUE);
  status = ctl_call (options, "GET", path->str, NULL, &answer);
  return status == CTL_OK ? ctl_print_list (options, answer, effect_columns) : status;
}

static JsonNode *
read_receipt (GError **error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (g_strcmp0 (happened, "{}") == 0)
    return royal_json_parse ("{}", -1, "receipt", error);
  if (!g_file_get_contents (happened, &text, &length, error))
    return NULL;
  return royal_json_parse (text, (gssize)length, happened, error);
}

static int
run_settle (const CtlOptions *options, char **arguments)
{
  g_autofree char *escaped = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/effects/", escaped, "/settle", NULL);
  g_autoptr (JsonNode) receipt = NULL;
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *body;
  int status;

  if ((happened != NULL) == did_not_happen)
    return ctl_fail (CTL_USAGE, "give either --happened RECEIPT.json or --did-not-happen");
  if (again && !did_not_happen)
    return ctl_fail (CTL_USAGE, "--retry is for what did not happen");
  if (happened != NULL && (receipt = read_receipt (&error)) == NULL)
    return ctl_fail (CTL_FAILED, "%s", error->message);
  if (receipt != NULL && !JSON_NODE_HOLDS_OBJECT (receipt))
    return ctl_fail (CTL_FAILED, "%s: expected an object", happened);
  body = ctl_body ("answer", happened != NULL ? "happened" : again ? "retry" : "absent", "note", note, NULL);
  if (item > 0)
    json_object_set_int_member (json_node_get_object (body), "item", item);
  if (receipt != NULL)
    json_object_set_member (json_node_get_object (body), "receipt", g_steal_pointer (&receipt));
  status = ctl_call (options, "POST", path, body, &answer);
  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (answer);
  else
    printf ("proposal %s is %s\n", arguments[0], royal_json_string (json_node_get_object (answer), "state", "-"));
  return CTL_OK;
}

static int
run_connectors (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/connectors", NULL, &answer);

  return status == CTL_OK ? ctl_print_list (options, answer, lane_columns) : status;
}

const CtlCommand ctl_effects_commands[] = {
  { "effect", "list", NULL, "Effects of which nobody can tell whether they happened", 0, 0, list_entries, run_list },
  { "effect", "settle", "ID", "Say what became of one", 1, 1, settle_entries, run_settle },
  { "connectors", "list", NULL, "The ways to the outside, and which are closed for now", 0, 0, NULL, run_connectors },
  { NULL },
};
