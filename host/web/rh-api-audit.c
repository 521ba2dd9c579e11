/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-audit.h"
#include "rh-feed.h"
#include "rh-list.h"
#include "rh-routes.h"

#include "royal-json.h"

#include <string.h>

/* Events and audit: what happened, and the proof of it. */

static const RhStatement event_page = { "web.events",
                                        "select id, event from events_after ($1::bigint, $2::text[], $3::int)", 3,
                                        FALSE };
static const RhStatement audit_page = {
  "web.audit",
  "select seq, jsonb_build_object ('seq', seq, 'at', at, 'kind', kind, 'subject', subject, 'actor', actor,"
  " 'record', record, 'hash', hash) as entry, record, hash from audit_page ($1::bigint, $2::int)",
  2, FALSE
};

static void
on_events (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "event", "id", rh_list_limit (request));
}

void
rh_api_events (RhRequest *request)
{
  g_autoptr (RhFeedWish) wish = rh_feed_wish_new (rh_request_query (request, "topics"), NULL);
  g_autofree char *kinds = NULL;
  g_autofree char *batch = NULL;
  const char *after = rh_request_query (request, "after");
  const char *params[3];
  gint64 limit, from;

  if (!rh_request_number (request, "limit", 1, RH_LIST_MAX, RH_LIST_DEFAULT, &limit) ||
      !rh_request_number (request, "after", 0, G_MAXINT64, 0, &from))
    return;
  if (wish == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "a topic is made of a-z, 0-9, `_`, `-` and `.`");
      return;
    }
  batch = g_strdup_printf ("%" G_GINT64_FORMAT, limit);
  kinds = rh_feed_wish_kinds (wish);
  params[0] = after != NULL ? after : "0";
  params[1] = kinds;
  params[2] = batch;
  rh_request_call (request, &event_page, params, on_events);
}

static void
on_audit (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "entry", "seq", rh_list_limit (request));
}

void
rh_api_audit (RhRequest *request)
{
  g_autofree char *batch = NULL;
  const char *after = rh_request_query (request, "after");
  const char *params[2];
  gint64 limit, from;

  if (!rh_request_number (request, "limit", 1, RH_LIST_MAX, RH_LIST_DEFAULT, &limit) ||
      !rh_request_number (request, "after", 0, G_MAXINT64, 0, &from))
    return;
  batch = g_strdup_printf ("%" G_GINT64_FORMAT, limit);
  params[0] = after != NULL ? after : "0";
  params[1] = batch;
  rh_request_call (request, &audit_page, params, on_audit);
}

/* --- verify ------------------------------------------------------------------------------------------------------- */

static JsonNode *
verification (JsonObject *verdict)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonObject *fault = royal_json_object (verdict, "fault");

  json_object_set_boolean_member (object, "valid", royal_json_boolean (verdict, "ok", FALSE));
  json_object_set_int_member (object, "records", royal_json_int (verdict, "rows", 0));
  json_object_set_int_member (object, "pending", royal_json_int (verdict, "pending", 0));
  json_object_set_string_member (object, "head", royal_json_string (royal_json_object (verdict, "head"), "hash", ""));
  json_object_set_int_member (object, "checkpoints", royal_json_int (verdict, "checkpoints", 0));
  json_object_set_int_member (object, "foreign_checkpoints", royal_json_int (verdict, "foreign", 0));
  json_object_set_int_member (object, "dropped", royal_json_int (verdict, "dropped", 0));
  if (fault != NULL)
    {
      json_object_set_int_member (object, "broken_at", royal_json_int (fault, "seq", 0));
      json_object_set_string_member (object, "reason", royal_json_string (fault, "reason", ""));
    }
  return json_node_init_object (json_node_alloc (), object);
}

static void
on_verified (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) verdict = rh_audit_verify_finish (result, &error);

  if (verdict == NULL)
    rh_request_fail (request, error);
  else
    rh_request_reply (request, SOUP_STATUS_OK, verification (json_node_get_object (verdict)));
}

/* SEQ:HASH; FALSE when it is neither that nor nothing. */
static gboolean
read_anchor (RhRequest *request, RhAuditAnchor *anchor, gboolean *ret_given)
{
  const char *text = rh_request_query (request, "anchor");
  char *end = NULL;

  *ret_given = text != NULL;
  if (text == NULL)
    return TRUE;
  anchor->seq = g_ascii_strtoll (text, &end, 10);
  anchor->hash = end + 1;
  return g_ascii_isdigit (*text) && *end == ':' && anchor->seq > 0 && strlen (end + 1) == 64 &&
         strspn (end + 1, "0123456789abcdef") == 64;
}

void
rh_api_audit_verify (RhRequest *request)
{
  RhAuditAnchor anchor = { 0, NULL };
  gboolean given;

  if (!read_anchor (request, &anchor, &given))
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "anchor: expected SEQ:HASH, with 64 hexadecimal digits");
      return;
    }
  rh_audit_verify_async (rh_request_context (request)->store, rh_request_workspace (request),
                         rh_request_context (request)->checkpoints, given ? &anchor : NULL, NULL, on_verified,
                         rh_request_ref (request));
}
