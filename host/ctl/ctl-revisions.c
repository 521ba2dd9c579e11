/* SPDX-License-Identifier: Apache-2.0 */
/* What a proposal is made of, what it was before, and what is asked for instead. */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

static char *parameters, *items, *inputs, *digest, *note, *reason, *cursor;

static const GOptionEntry items_entries[] = {
  { "cursor", 0, 0, G_OPTION_ARG_STRING, &cursor, "The page after this one", "CURSOR" },
  { NULL },
};
static const GOptionEntry modify_entries[] = {
  { "parameters", 0, 0, G_OPTION_ARG_STRING, &parameters, "The action's parameters, all of them", "JSON" },
  { "items", 0, 0, G_OPTION_ARG_STRING, &items, "Of a batch: [{\"item\":N,\"parameters\":…}]; the others stay",
    "JSON" },
  { "inputs", 0, 0, G_OPTION_ARG_STRING, &inputs, "Other inputs of the job, which runs again", "JSON" },
  { "digest", 0, 0, G_OPTION_ARG_STRING, &digest, "Only if this is still the digest", "DIGEST" },
  { "note", 0, 0, G_OPTION_ARG_STRING, &note, "Why, for the audit", "TEXT" },
  { NULL },
};
static const GOptionEntry reason_entries[] = {
  { "reason", 0, 0, G_OPTION_ARG_STRING, &reason, "Why, for the audit", "TEXT" },
  { NULL },
};

static const char *const item_columns[] = { "item", "item", "target", "target", "left out", "excluded", NULL };

static char *
path_of (const char *id, const char *verb)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, TRUE);

  return g_strconcat ("/approvals/", escaped, verb, NULL);
}

static int
run_items (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = path_of (arguments[0], "/items?limit=200");
  g_autofree char *page = cursor != NULL ? g_strconcat (path, "&cursor=", cursor, NULL) : g_strdup (path);
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", page, NULL, &answer);

  return status == CTL_OK ? ctl_print_list (options, answer, item_columns) : status;
}

/* A value as JSON on one line, without what a terminal would obey. */
static char *
short_json (JsonObject *object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);
  g_autofree char *text = node != NULL ? royal_json_to_string (node) : g_strdup ("nothing");
  g_autofree char *clean = ctl_clean (text);

  return g_utf8_strlen (clean, -1) > 60 ? g_utf8_substring (clean, 0, 60) : g_steal_pointer (&clean);
}

static void
print_revision (JsonObject *revision)
{
  JsonArray *changes = royal_json_array (revision, "changes");
  JsonArray *answers = royal_json_array (revision, "answers");

  printf ("%" G_GINT64_FORMAT "  %s  %s, by %s\n", royal_json_int (revision, "revision", 0),
          royal_json_string (revision, "id", "-"), royal_json_string (revision, "state", "-"),
          royal_json_string (revision, "created_by", "-"));
  for (guint i = 0; changes != NULL && i < json_array_get_length (changes); i++)
    {
      JsonObject *change = json_array_get_object_element (changes, i);
      g_autofree char *name = ctl_text (change, "name");
      g_autofree char *was = short_json (change, "was");
      g_autofree char *is = short_json (change, "is");

      printf ("     %s: %s → %s\n", name, was, is);
    }
  for (guint i = 0; answers != NULL && i < json_array_get_length (answers); i++)
    {
      JsonObject *answer = json_array_get_object_element (answers, i);
      g_autofree char *actor = ctl_text (answer, "actor");
      g_autofree char *said = ctl_text (answer, "note");

      printf ("     %s: %s%s%s\n", actor, royal_json_string (answer, "answer", "-"), *said != '\0' ? ": " : "", said);
    }
}

static int
run_revisions (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = path_of (arguments[0], "/revisions");
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", path, NULL, &answer);
  JsonArray *list;

  if (status != CTL_OK)
    return status;
  list = royal_json_array (json_node_get_object (answer), "items");
  if (options->json)
    ctl_print_json (answer);
  else
    for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
      print_revision (json_array_get_object_element (list, i));
  return CTL_OK;
}

/* What is asked for instead, as the API takes it; NULL: it was said what is wrong. */
static JsonNode *
change_of (int *ret_status)
{
  const struct {
    const char *name, *text;
  } kinds[] = { { "parameters", parameters }, { "items", items }, { "inputs", inputs } };
  g_autoptr (JsonNode) body = ctl_body ("note", note, NULL);
  guint n = 0;

  *ret_status = CTL_OK;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].text != NULL)
      {
        g_autofree char *what = g_strconcat ("--", kinds[i].name, NULL);
        g_autoptr (GError) error = NULL;
        JsonNode *value = royal_json_parse (kinds[i].text, -1, what, &error);

        if (value == NULL)
          {
            *ret_status = ctl_fail (CTL_USAGE, "%s", error->message);
            return NULL;
          }
        json_object_set_member (json_node_get_object (body), kinds[i].name, value);
        n++;
      }
  if (n == 1)
    return g_steal_pointer (&body);
  *ret_status = ctl_fail (CTL_USAGE, "give one of --parameters, --items and --inputs");
  return NULL;
}

/* Without a digest what is there now is modified. */
static int
add_digest (const CtlOptions *options, const char *id, JsonNode *body)
{
  g_autofree char *path = path_of (id, NULL);
  g_autoptr (JsonNode) seen = NULL;
  int status = CTL_OK;

  if (digest == NULL)
    status = ctl_call (options, "GET", path, NULL, &seen);
  if (status == CTL_OK)
    json_object_set_string_member (json_node_get_object (body), "digest",
                                   digest != NULL ? digest
                                                  : royal_json_string (json_node_get_object (seen), "digest", ""));
  return status;
}

static int
run_modify (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = path_of (arguments[0], "/modify");
  g_autoptr (JsonNode) answer = NULL;
  int status;
  g_autoptr (JsonNode) body = change_of (&status);
  JsonObject *proposal;
  const char *job;

  if (body != NULL)
    status = add_digest (options, arguments[0], body);
  if (status == CTL_OK)
    status = ctl_call (options, "POST", path, g_steal_pointer (&body), &answer);
  if (status != CTL_OK)
    return status;
  proposal = json_node_get_object (answer);
  job = royal_json_string (proposal, "revising", NULL);
  if (options->json)
    ctl_print_json (answer);
  else if (job != NULL)
    printf ("job %s runs with other inputs; proposal %s waits for it\n", job, arguments[0]);
  else
    printf ("proposal %s stands for it now, and is %s\n", royal_json_string (proposal, "id", "-"),
            royal_json_string (proposal, "state", "-"));
  return CTL_OK;
}

static int
run_keep (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = path_of (arguments[0], "/keep");
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "POST", path, ctl_body ("reason", reason, NULL), &answer);

  if (status == CTL_OK && options->json)
    ctl_print_json (answer);
  else if (status == CTL_OK)
    printf ("the effect of proposal %s stays\n", arguments[0]);
  return status;
}

const CtlCommand ctl_revisions_commands[] = {
  { "approvals", "items", "ID", "The items of a batch", 1, 1, items_entries, run_items },
  { "approvals", "revisions", "ID", "What it was before, and what differs", 1, 1, NULL, run_revisions },
  { "approvals", "modify", "ID", "Ask for something else instead", 1, 1, modify_entries, run_modify },
  { "approvals", "keep", "ID", "Let an effect stay that was to end", 1, 1, reason_entries, run_keep },
  { NULL },
};
