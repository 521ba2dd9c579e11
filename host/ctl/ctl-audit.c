/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>

static gint64 after = -1;
static gint64 limit = 50;
static char *topics;
static gboolean follow;
static gint64 segment;
static gint64 upto;
static char *anchor;

static const GOptionEntry page_entries[] = {
  { "after", 0, 0, G_OPTION_ARG_INT64, &after, "Only what comes after this number", "N" },
  { "limit", 0, 0, G_OPTION_ARG_INT64, &limit, "How many (50)", "N" },
  { NULL },
};
static const GOptionEntry verify_entries[] = {
  { "anchor", 0, 0, G_OPTION_ARG_STRING, &anchor, "A record that is known from elsewhere", "SEQ:HASH" },
  { NULL },
};
static const GOptionEntry export_entries[] = {
  { "after", 0, 0, G_OPTION_ARG_INT64, &after, "Only what comes after this number", "N" },
  { "segment", 0, 0, G_OPTION_ARG_INT64, &segment, "Only this sealed segment", "N" },
  { NULL },
};
static const GOptionEntry seal_entries[] = {
  { "upto", 0, 0, G_OPTION_ARG_INT64, &upto, "Its last record (all there are)", "N" },
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
static const char *const segment_columns[] = { "segment",   "segment",   "first",      "first",      "last", "last",
                                               "sealed_at", "sealed_at", "dropped_at", "dropped_at", NULL };
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
  g_autoptr (GString) path = g_string_new ("/audit/verify");
  g_autoptr (JsonNode) answer = NULL;
  JsonObject *object;
  int status;

  if (anchor != NULL)
    g_string_append_uri_escaped (g_string_append (path, "?anchor="), anchor, NULL, TRUE);
  status = ctl_call (options, "GET", path->str, NULL, &answer);

  if (status != CTL_OK)
    return status;
  object = json_node_get_object (answer);
  if (options->json)
    ctl_print_json (answer);
  if (!royal_json_boolean (object, "valid", FALSE))
    return ctl_fail (CTL_FAILED, "the audit does not hold at record %" G_GINT64_FORMAT ": %s",
                     royal_json_int (object, "broken_at", 0), royal_json_string (object, "reason", "-"));
  if (!options->json)
    printf ("the audit holds: %" G_GINT64_FORMAT " records (%" G_GINT64_FORMAT " of them dropped), %" G_GINT64_FORMAT
            " checkpoints, %" G_GINT64_FORMAT " not chained yet, head %s\n",
            royal_json_int (object, "records", 0), royal_json_int (object, "dropped", 0),
            royal_json_int (object, "checkpoints", 0), royal_json_int (object, "pending", 0),
            royal_json_string (object, "head", "-"));
  return CTL_OK;
}

static int
run_export (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = segment > 0 ? g_strdup_printf ("/audit/export?segment=%" G_GINT64_FORMAT, segment)
                                      : g_strdup_printf ("/audit/export?after=%" G_GINT64_FORMAT, MAX (after, 0));

  return ctl_copy (options, path);
}

static int
run_key (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/audit/key", NULL, &answer);

  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (answer);
  else
    printf ("%s\n", royal_json_string (json_node_get_object (answer), "public", "-"));
  return CTL_OK;
}

static int
run_segments (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/audit/segments", NULL, &answer);

  return status == CTL_OK ? ctl_print_list (options, answer, segment_columns) : status;
}

static int
print_segment (const CtlOptions *options, JsonNode *answer, const char *what)
{
  JsonObject *object = json_node_get_object (answer);

  if (options->json)
    ctl_print_json (answer);
  else
    printf ("%s segment %" G_GINT64_FORMAT ": records %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "\n", what,
            royal_json_int (object, "segment", 0), royal_json_int (object, "first", 0),
            royal_json_int (object, "last", 0));
  return CTL_OK;
}

static int
run_seal (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) body = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (JsonNode) answer = NULL;
  JsonObject *object = json_object_new ();
  int status;

  if (upto > 0)
    json_object_set_int_member (object, "upto", upto);
  json_node_take_object (body, object);
  status = ctl_call (options, "POST", "/audit/segments", body, &answer);
  return status == CTL_OK ? print_segment (options, answer, "sealed") : status;
}

/* The file shows that what is dropped is kept elsewhere. */
static int
run_retain (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = g_strdup_printf ("/audit/segments/%s/drop", arguments[0]);
  g_autoptr (GMappedFile) file = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) body = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (JsonNode) answer = NULL;
  g_autofree char *digest = NULL;
  JsonObject *object = json_object_new ();
  int status;

  json_node_take_object (body, object);
  file = g_mapped_file_new (arguments[1], FALSE, &error);
  if (file == NULL)
    return ctl_fail (CTL_USAGE, "%s", error->message);
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)g_mapped_file_get_contents (file),
                                        g_mapped_file_get_length (file));
  json_object_set_string_member (object, "sha256", digest);
  status = ctl_call (options, "POST", path, body, &answer);
  return status == CTL_OK ? print_segment (options, answer, "dropped") : status;
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
  g_autoptr (GString) path = g_string_new ("/events?topics=");
  g_autoptr (JsonNode) answer = NULL;
  int status;

  g_string_append_uri_escaped (path, topics != NULL ? topics : "", NULL, TRUE);
  if (follow)
    return ctl_follow (options, &(CtlFeed){ .path = path->str, .after = after, .print = print_event });
  g_string_append_printf (path, "&after=%" G_GINT64_FORMAT "&limit=%" G_GINT64_FORMAT, MAX (after, 0), limit);
  status = ctl_call (options, "GET", path->str, NULL, &answer);
  return status == CTL_OK ? ctl_print_list (options, answer, event_columns) : status;
}

const CtlCommand ctl_audit_commands[] = {
  { "audit", "list", NULL, "The audit chain, oldest first", 0, 0, page_entries, run_list },
  { "audit", "verify", NULL, "Check every record, the chain and what was signed", 0, 0, verify_entries, run_verify },
  { "audit", "export", NULL, "The chain as JSON lines, for royal-audit-verify(1)", 0, 0, export_entries, run_export },
  { "audit", "key", NULL, "The public key by which this host signs", 0, 0, NULL, run_key },
  { "audit", "segments", NULL, "The stretches of the chain that were sealed", 0, 0, NULL, run_segments },
  { "audit", "seal", NULL, "Sign a stretch of the chain as a whole", 0, 0, seal_entries, run_seal },
  { "audit", "retain", "SEGMENT FILE", "Drop the records of a sealed segment, of which FILE is the export", 2, 2, NULL,
    run_retain },
  { "events", NULL, NULL, "What happened; --follow: as it happens", 0, 0, event_entries, run_events },
  { NULL },
};
