/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>

static gint64 after = -1;
static gint64 limit = 50;
static char *topics;
static gboolean follow;

static const GOptionEntry page_entries[] = {
  { "after", 0, 0, G_OPTION_ARG_INT64, &after, "Only what comes after this number", "N" },
  { "limit", 0, 0, G_OPTION_ARG_INT64, &limit, "How many (50)", "N" },
  { NULL },
};
static const GOptionEntry event_entries[] = {
  { "after", 0, 0, G_OPTION_ARG_INT64, &after, "Only what comes after this id", "ID" },
  { "limit", 0, 0, G_OPTION_ARG_INT64, &limit, "How many (50)", "N" },
  { "topics", 0, 0, G_OPTION_ARG_STRING, &topics, "Beginnings of kinds, such as approval,effect", "TOPICS" },
  { "follow", 'f', 0, G_OPTION_ARG_NONE, &follow, "Go on as they happen", NULL },
  { NULL },
};

static const char *const audit_columns[] = { "seq",     "seq",     "at",    "at",    "kind", "kind",
                                             "subject", "subject", "actor", "actor", NULL };
static const char *const event_columns[] = { "id",      "id",      "at",    "at",    "kind", "kind",
                                             "subject", "subject", "actor", "actor", NULL };

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autofree char *path =
      g_strdup_printf ("/audit?after=%" G_GINT64_FORMAT "&limit=%" G_GINT64_FORMAT, MAX (after, 0), limit);
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", path, NULL, &answer);

  return status == CTL_OK ? ctl_print_list (options, answer, audit_columns) : status;
}

static int
run_verify (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/audit/verify", NULL, &answer);
  JsonObject *object;

  if (status != CTL_OK)
    return status;
  object = json_node_get_object (answer);
  if (options->json)
    ctl_print_json (answer);
  if (!royal_json_boolean (object, "valid", FALSE))
    return ctl_fail (CTL_FAILED, "the audit does not hold at record %" G_GINT64_FORMAT ": %s",
                     royal_json_int (object, "broken_at", 0), royal_json_string (object, "reason", "-"));
  if (!options->json)
    printf ("the audit holds: %" G_GINT64_FORMAT " records, %" G_GINT64_FORMAT " not chained yet, head %s\n",
            royal_json_int (object, "records", 0), royal_json_int (object, "pending", 0),
            royal_json_string (object, "head", "-"));
  return CTL_OK;
}

static int
run_export (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = g_strdup_printf ("/audit/export?after=%" G_GINT64_FORMAT, MAX (after, 0));

  return ctl_copy (options, path);
}

static void
print_event (JsonObject *event)
{
  g_autofree char *at = ctl_text (event, "at");
  g_autofree char *kind = ctl_text (event, "kind");
  g_autofree char *subject = ctl_text (event, "subject");
  g_autofree char *actor = ctl_text (event, "actor");

  printf ("%-8" G_GINT64_FORMAT " %.19s  %-20s %-36s %s\n", royal_json_int (event, "id", 0), at, kind, subject, actor);
}

static int
run_events (const CtlOptions *options, char **arguments)
{
  g_autoptr (GString) path = g_string_new (NULL);
  g_autoptr (JsonNode) answer = NULL;
  int status;

  if (follow)
    return ctl_follow (options, topics, after, print_event);
  g_string_printf (path, "/events?after=%" G_GINT64_FORMAT "&limit=%" G_GINT64_FORMAT "&topics=", MAX (after, 0),
                   limit);
  g_string_append_uri_escaped (path, topics != NULL ? topics : "", NULL, TRUE);
  status = ctl_call (options, "GET", path->str, NULL, &answer);
  return status == CTL_OK ? ctl_print_list (options, answer, event_columns) : status;
}

const CtlCommand ctl_audit_commands[] = {
  { "audit", "list", NULL, "The audit chain, oldest first", 0, 0, page_entries, run_list },
  { "audit", "verify", NULL, "Check every record and the chain", 0, 0, NULL, run_verify },
  { "audit", "export", NULL, "The chain as JSON lines", 0, 0, page_entries, run_export },
  { "events", NULL, NULL, "What happened; --follow: as it happens", 0, 0, event_entries, run_events },
  { NULL },
};
