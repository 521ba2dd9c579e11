/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-chain.h"
#include "rh-feed.h"
#include "rh-list.h"
#include "rh-routes.h"

#include "royal-json.h"

/* Events and audit: what happened, and the proof of it. */

#define PAGE 500

static const RhStatement event_page = { "web.events",
                                        "select id, event from events_after ($1::bigint, $2::text[], $3::int)", 3,
                                        FALSE };
static const RhStatement audit_page = {
  "web.audit",
  "select seq, jsonb_build_object ('seq', seq, 'at', at, 'kind', kind, 'subject', subject, 'actor', actor,"
  " 'record', record, 'hash', hash) as entry, record, hash from audit_page ($1::bigint, $2::int)",
  2, FALSE
};
static const RhStatement audit_head = { "web.head", "select seq, hash from audit_head ()", 0, FALSE };

static void
on_events (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "event", "id", rh_list_limit (request));
}

void
rh_api_events (RhRequest *request)
{
  g_auto (GStrv) topics = NULL;
  g_autofree char *kinds = NULL;
  g_autofree char *batch = NULL;
  const char *after = rh_request_query (request, "after");
  const char *params[3];
  gint64 limit, from;

  if (!rh_request_number (request, "limit", 1, RH_LIST_MAX, RH_LIST_DEFAULT, &limit) ||
      !rh_request_number (request, "after", 0, G_MAXINT64, 0, &from))
    return;
  if (!rh_feed_parse_topics (rh_request_query (request, "topics"), &topics))
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "a topic is made of a-z, 0-9, `_`, `-` and `.`");
      return;
    }
  batch = g_strdup_printf ("%" G_GINT64_FORMAT, limit);
  kinds = rh_feed_topics_sql ((const char *const *)topics);
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

/* The head is read first: what is chained while the check runs is checked too, and does not look like too much. */
typedef struct {
  RhRequest *request;
  RhChain chain;
  gint64 seq;
  char *hash;
} Verify;

static void
verify_free (Verify *self)
{
  rh_request_unref (self->request);
  g_free (self->hash);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Verify, verify_free)

static void verify_page (Verify *self);

static void
verify_reply (Verify *self)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  gboolean holds = rh_chain_end (&self->chain, self->seq, self->hash);

  json_object_set_boolean_member (object, "valid", holds);
  json_object_set_int_member (object, "records", self->chain.seq);
  json_object_set_string_member (object, "head", self->chain.hash);
  if (!holds)
    {
      json_object_set_int_member (object, "broken_at", self->chain.broken);
      json_object_set_string_member (object, "reason", self->chain.why);
    }
  json_node_take_object (node, object);
  rh_request_reply (self->request, SOUP_STATUS_OK, node);
}

static void
on_verify_page (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Verify) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  guint n;

  if (rows == NULL)
    {
      rh_request_fail (self->request, error);
      return;
    }
  n = rh_rows_n (rows);
  for (guint i = 0; i < n; i++)
    if (!rh_chain_add (&self->chain, rh_rows_int64 (rows, i, "seq"), rh_rows_string (rows, i, "record"),
                       rh_rows_string (rows, i, "hash")))
      break;
  if (n < PAGE || self->chain.why != NULL)
    verify_reply (self);
  else if (!rh_request_is_over (self->request))
    verify_page (g_steal_pointer (&self));
}

static void
verify_page (Verify *self)
{
  g_autofree char *after = g_strdup_printf ("%" G_GINT64_FORMAT, self->chain.seq);
  const char *params[] = { after, G_STRINGIFY (PAGE) };

  rh_store_call_async (rh_request_context (self->request)->store, &audit_page, rh_request_workspace (self->request),
                       params, NULL, on_verify_page, self);
}

static void
on_head (RhRequest *request, RhRows *rows)
{
  Verify *self = g_new0 (Verify, 1);
  gboolean empty = rh_rows_n (rows) == 0;

  self->request = rh_request_ref (request);
  rh_chain_begin (&self->chain);
  self->seq = empty ? 0 : rh_rows_int64 (rows, 0, "seq");
  self->hash = g_strdup (empty ? self->chain.hash : rh_rows_string (rows, 0, "hash"));
  verify_page (self);
}

void
rh_api_audit_verify (RhRequest *request)
{
  rh_request_call (request, &audit_head, NULL, on_head);
}

/* --- export ------------------------------------------------------------------------------------------------------- */

typedef struct {
  gint64 after;
  gboolean ended;
} Export;

static void
on_export_page (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  Export *export = rh_request_stream_data (request);
  GString *text;
  guint n;

  if (rows == NULL)
    {
      /* Some of it was sent: only the connection's end can tell that this is not all. */
      rh_connection_abort (rh_request_connection (request));
      rh_request_resume (request);
      return;
    }
  n = rh_rows_n (rows);
  export->ended = n < PAGE;
  if (n == 0)
    {
      rh_request_stream_page (request, NULL);
      return;
    }
  text = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    {
      g_string_append (text, rh_rows_string (rows, i, "entry"));
      g_string_append_c (text, '\n');
    }
  export->after = rh_rows_int64 (rows, n - 1, "seq");
  rh_request_stream_page (request, g_string_free (text, FALSE));
}

static void
export_page (RhRequest *request, gpointer data)
{
  Export *export = data;
  g_autofree char *after = g_strdup_printf ("%" G_GINT64_FORMAT, export->after);
  const char *params[] = { after, G_STRINGIFY (PAGE) };

  if (export->ended)
    {
      rh_request_stream_page (request, NULL);
      return;
    }
  rh_request_pause (request);
  rh_store_call_async (rh_request_context (request)->store, &audit_page, rh_request_workspace (request), params, NULL,
                       on_export_page, rh_request_ref (request));
}

void
rh_api_audit_export (RhRequest *request)
{
  g_autofree Export *export = g_new0 (Export, 1);

  if (!rh_request_number (request, "after", 0, G_MAXINT64, 0, &export->after))
    return;
  rh_request_stream (request, "application/jsonl", export_page, export, g_free);
  export_page (request, g_steal_pointer (&export));
}
