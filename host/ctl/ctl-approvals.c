/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *state, *cursor, *digest, *note, *reason, *exclude;
static gboolean yes;

static const GOptionEntry list_entries[] = {
  { "state", 0, 0, G_OPTION_ARG_STRING, &state, "pending (the default), all, or states separated by commas", "STATES" },
  { "cursor", 0, 0, G_OPTION_ARG_STRING, &cursor, "The page after this one", "CURSOR" },
  { NULL },
};
static const GOptionEntry approve_entries[] = {
  { "digest", 0, 0, G_OPTION_ARG_STRING, &digest, "Approve only if this is still the digest", "DIGEST" },
  { "exclude", 0, 0, G_OPTION_ARG_STRING, &exclude, "Items of a batch that are left out, such as 3,7", "ITEMS" },
  { "note", 0, 0, G_OPTION_ARG_STRING, &note, "A note for the audit", "TEXT" },
  { "yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "Approve what is shown without asking", NULL },
  { NULL },
};
static const GOptionEntry reason_entries[] = {
  { "reason", 0, 0, G_OPTION_ARG_STRING, &reason, "Why, for the audit", "TEXT" },
  { NULL },
};

static const char *const columns[] = { "id",    "id",     "state",    "state",      "risk",
                                       "risk",  "action", "action",   "target",     "target",
                                       "agent", "agent",  "deadline", "expires_at", NULL };

static char *
path_of (const char *id, const char *verb)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, TRUE);

  return g_strconcat ("/approvals/", escaped, verb, NULL);
}

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autoptr (GString) path = g_string_new ("/approvals?state=");
  g_autoptr (JsonNode) answer = NULL;
  int status;

  g_string_append_uri_escaped (path, state != NULL ? state : "pending", NULL, TRUE);
  if (cursor != NULL)
    g_string_append_uri_escaped (g_string_append (path, "&cursor="), cursor, NULL, TRUE);
  status = ctl_call (options, "GET", path->str, NULL, &answer);
  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

static void
print_changes (JsonObject *preview)
{
  JsonArray *changes = royal_json_array (preview, "changes");
  const char *summary = royal_json_string (preview, "summary", NULL);

  if (summary != NULL)
    ctl_print_field ("change", summary);
  for (guint i = 0; changes != NULL && i < json_array_get_length (changes); i++)
    {
      JsonNode *element = json_array_get_element (changes, i);
      JsonObject *change = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;
      g_autofree char *label = ctl_text (change, "label");
      g_autofree char *before = ctl_text (change, "before");
      g_autofree char *after = ctl_text (change, "after");

      printf ("  %-24s %s → %s\n", label, before, after);
    }
}

static void
print_rules (JsonObject *proposal)
{
  JsonArray *rules = royal_json_array (proposal, "rules");
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; rules != NULL && i < json_array_get_length (rules); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", json_array_get_string_element (rules, i));
  ctl_print_field ("rules", names->len > 0 ? names->str : "-");
}

/* What an answer takes, and what it covers beyond the change itself; where there is such a thing. */
static void
print_terms (JsonObject *proposal)
{
  static const char *const fields[] = { "supersedes", "supersedes", "superseded by", "superseded_by", "revising",
                                        "revising",   "ends",       "reverts_at",    "kept by",       "kept_by",
                                        NULL };
  gint64 n_items = royal_json_int (proposal, "n_items", 0);
  gint64 after_s = royal_json_int (proposal, "revert_after_s", 0);

  for (guint i = 0; fields[i] != NULL; i += 2)
    if (royal_json_string (proposal, fields[i + 1], NULL) != NULL)
      ctl_print_field (fields[i], royal_json_string (proposal, fields[i + 1], ""));
  if (after_s > 0 && royal_json_string (proposal, "reverts_at", NULL) == NULL)
    {
      g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT " s after it is done", after_s);

      ctl_print_field ("ends", text);
    }
  if (n_items > 0)
    {
      g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT " (see: approvals items)", n_items);

      ctl_print_field ("items", text);
    }
  if (royal_json_object (proposal, "asks") != NULL && json_object_get_size (royal_json_object (proposal, "asks")) > 0)
    ctl_print_object ("asks", royal_json_object (proposal, "asks"));
}

/* What a person must see to answer: the change, the host's facts apart from the agent's words, the rule that asks. */
static void
print_proposal (JsonObject *proposal)
{
  static const char *const fields[] = { "id",       "id",       "state",  "state",  "action", "action",
                                        "target",   "target",   "agent",  "agent",  "risk",   "risk",
                                        "decision", "decision", "reason", "reason", NULL };
  const char *expires = royal_json_string (proposal, "expires_at", NULL);

  for (guint i = 0; fields[i] != NULL; i += 2)
    ctl_print_field (fields[i], royal_json_string (proposal, fields[i + 1], "-"));
  print_rules (proposal);
  if (strcmp (royal_json_string (proposal, "state", ""), "pending") == 0)
    {
      g_autofree char *when = ctl_when (expires);
      g_autofree char *deadline = g_strdup_printf ("%s (%s)", when, expires);

      ctl_print_field ("deadline", deadline);
    }
  else
    ctl_print_field ("decided by", royal_json_string (proposal, "decided_by", "-"));
  print_terms (proposal);
  print_changes (royal_json_object (proposal, "preview"));
  ctl_print_object ("parameters", royal_json_object (proposal, "parameters"));
  ctl_print_object ("facts (observed by the host)", royal_json_object (proposal, "facts"));
  ctl_print_object ("claims (of the agent, unchecked)", royal_json_object (proposal, "claims"));
  ctl_print_object ("words (of the agent)", royal_json_object (proposal, "words"));
  ctl_print_object ("effect", royal_json_object (proposal, "effect"));
  printf ("\n");
  ctl_print_field ("digest", royal_json_string (proposal, "digest", "-"));
}

static int
show_answer (const CtlOptions *options, JsonNode *answer)
{
  if (options->json)
    ctl_print_json (answer);
  else
    print_proposal (json_node_get_object (answer));
  return CTL_OK;
}

static int
run_show (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = path_of (arguments[0], NULL);
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", path, NULL, &answer);

  return status == CTL_OK ? show_answer (options, answer) : status;
}

static int
say_state (const CtlOptions *options, const char *verb, const char *id, JsonNode *body)
{
  g_autofree char *path = path_of (id, verb);
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "POST", path, body, &answer);
  JsonObject *proposal;

  if (status != CTL_OK)
    return status;
  proposal = json_node_get_object (answer);
  if (options->json)
    ctl_print_json (answer);
  else
    printf ("proposal %s is %s\n", royal_json_string (proposal, "id", id), royal_json_string (proposal, "state", "-"));
  return CTL_OK;
}

static gboolean
ask (void)
{
  char line[16];

  printf ("\nApprove this? [y/N] ");
  fflush (stdout);
  return fgets (line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

/* NULL: it was said what is wrong. */
static JsonNode *
approval (const char *seen)
{
  JsonNode *body = ctl_body ("digest", seen, "note", note, NULL);
  g_auto (GStrv) numbers = exclude != NULL ? g_strsplit (exclude, ",", 1001) : NULL;
  JsonArray *list = json_array_new ();

  for (guint i = 0; numbers != NULL && numbers[i] != NULL; i++)
    {
      guint64 item;

      if (!g_ascii_string_to_unsigned (numbers[i], 10, 1, 1000, &item, NULL))
        {
          ctl_fail (CTL_USAGE, "--exclude: expected numbers of items, found %s", numbers[i]);
          json_array_unref (list);
          json_node_unref (body);
          return NULL;
        }
      json_array_add_int_element (list, (gint64)item);
    }
  if (exclude != NULL)
    json_object_set_array_member (json_node_get_object (body), "exclude", list);
  else
    json_array_unref (list);
  return body;
}

static int
send_approval (const CtlOptions *options, const char *id, const char *seen)
{
  JsonNode *body = approval (seen);

  return body != NULL ? say_state (options, "/approve", id, body) : CTL_USAGE;
}

/* Without a digest the person is shown what would be approved, and approves exactly that. */
static int
run_approve (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = path_of (arguments[0], NULL);
  g_autoptr (JsonNode) seen = NULL;
  int status;

  if (digest != NULL)
    return send_approval (options, arguments[0], digest);
  if (!yes && (!isatty (STDIN_FILENO) || options->json))
    return ctl_fail (CTL_USAGE, "give --digest, or --yes to approve what is there now");
  status = ctl_call (options, "GET", path, NULL, &seen);
  if (status != CTL_OK)
    return status;
  if (!options->json)
    print_proposal (json_node_get_object (seen));
  if (!yes && !ask ())
    return ctl_fail (CTL_FAILED, "not approved");
  return send_approval (options, arguments[0], royal_json_string (json_node_get_object (seen), "digest", ""));
}

static int
run_reject (const CtlOptions *options, char **arguments)
{
  if (reason == NULL)
    return ctl_fail (CTL_USAGE, "a rejection needs --reason");
  return say_state (options, "/reject", arguments[0], ctl_body ("reason", reason, NULL));
}

static int
run_undo (const CtlOptions *options, char **arguments)
{
  return say_state (options, "/undo", arguments[0], ctl_body ("reason", reason, NULL));
}

const CtlCommand ctl_approvals_commands[] = {
  { "approvals", "list", NULL, "Proposals that wait for an answer", 0, 0, list_entries, run_list },
  { "approvals", "show", "ID", "What changes, why, and what the host observed", 1, 1, NULL, run_show },
  { "approvals", "approve", "ID", "Approve exactly what is shown", 1, 1, approve_entries, run_approve },
  { "approvals", "reject", "ID", "Reject, with a reason", 1, 1, reason_entries, run_reject },
  { "approvals", "undo", "ID", "Propose the inverse of an executed one", 1, 1, reason_entries, run_undo },
  { NULL },
};
