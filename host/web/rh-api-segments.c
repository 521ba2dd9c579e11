/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-routes.h"

#include "rh-export.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

/* The audit for those who have no database, and its segments. */

static const RhStatement segment_list = { "web.segments", "select cursor, entry from audit_segment_list ()", 0, FALSE };
static const RhStatement next_segment = {
  "web.next_segment", "select workspace, segment, first, last, prev, hash, at from audit_next_segment ($1::bigint)", 1,
  FALSE
};
static const RhStatement seal = {
  "audit.seal", "select audit_seal ($1::bigint, $2::bigint, $3::bigint, $4, $5, $6, $7, $8) as segment", 8, TRUE
};
static const RhStatement drop = { "audit.drop", "select audit_drop ($1::bigint, $2, $3) as segment", 3, TRUE };

/* --- export ------------------------------------------------------------------------------------------------------- */

typedef struct {
  RhExport *export;
  gboolean begun; /* something was sent */
} Sending;

static void
sending_free (gpointer data)
{
  Sending *self = data;

  g_object_unref (self->export);
  g_free (self);
}

static void export_page (RhRequest *request, gpointer data);

static void
on_export_page (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  char *text = rh_export_next_finish (RH_EXPORT (source), result, &error);

  if (error != NULL)
    {
      /* Some of it was sent: only the connection's end can tell that this is not all. */
      rh_connection_abort (rh_request_connection (request));
      rh_request_resume (request);
      return;
    }
  rh_request_stream_page (request, text);
}

static void
export_page (RhRequest *request, gpointer data)
{
  const Sending *sending = data;

  rh_request_pause (request);
  rh_export_next_async (sending->export, on_export_page, rh_request_ref (request));
}

/* The first lines tell whether there is anything to send. */
static void
on_export_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  char *text = rh_export_next_finish (RH_EXPORT (source), result, &error);
  Sending *sending;

  if (text == NULL)
    {
      rh_request_fail (request, error);
      return;
    }
  sending = g_new0 (Sending, 1);
  sending->export = RH_EXPORT (g_object_ref (source));
  rh_request_stream (request, "application/jsonl", export_page, sending, sending_free);
  rh_request_stream_page (request, text);
}

void
rh_api_audit_export (RhRequest *request)
{
  const RhServerContext *context = rh_request_context (request);
  g_autoptr (RhExport) export = NULL;
  gint64 after, segment;

  if (!rh_request_number (request, "after", 0, G_MAXINT64, 0, &after) ||
      !rh_request_number (request, "segment", 1, G_MAXINT64, 0, &segment))
    return;
  export = rh_export_new (context->store, rh_request_workspace (request), context->checkpoints, after, segment);
  rh_export_next_async (export, on_export_begun, rh_request_ref (request));
}

void
rh_api_audit_key (RhRequest *request)
{
  RhCheckpoints *checkpoints = rh_request_context (request)->checkpoints;
  JsonNode *node;
  JsonObject *object;

  if (checkpoints == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_UNAVAILABLE, NULL, "this host has no key to sign with");
      return;
    }
  object = json_object_new ();
  node = json_node_new (JSON_NODE_OBJECT);
  json_object_set_string_member (object, "key", rh_signer_id (rh_checkpoints_signer (checkpoints)));
  json_object_set_string_member (object, "public", rh_signer_public (rh_checkpoints_signer (checkpoints)));
  json_node_take_object (node, object);
  rh_request_reply (request, SOUP_STATUS_OK, node);
}

/* --- segments ----------------------------------------------------------------------------------------------------- */

static void
on_segments (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "entry", "cursor", 0);
}

void
rh_api_segments (RhRequest *request)
{
  rh_request_call (request, &segment_list, NULL, on_segments);
}

static void
on_sealed (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  rh_request_reply_row (request, SOUP_STATUS_CREATED, rows, "segment");
}

static void
on_next_segment (RhRequest *request, RhRows *rows)
{
  static const char *const numbers[] = { "segment", "first", "last" }, *const texts[] = { "workspace", "prev", "hash",
                                                                                          "at" };
  g_autoptr (JsonObject) members = json_object_new ();
  g_autofree char *statement = NULL, *signature = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    json_object_set_int_member (members, numbers[i], rh_rows_int64 (rows, 0, numbers[i]));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    json_object_set_string_member (members, texts[i], rh_rows_string (rows, 0, texts[i]));
  statement = rh_checkpoints_sign (rh_request_context (request)->checkpoints, "royal-segment-1", members, &signature);
  rh_request_call (request, &seal,
                   (const char *const[]){ rh_rows_string (rows, 0, "segment"), rh_rows_string (rows, 0, "first"),
                                          rh_rows_string (rows, 0, "last"), rh_rows_string (rows, 0, "prev"),
                                          rh_rows_string (rows, 0, "hash"), statement, signature,
                                          rh_request_caller (request)->name },
                   on_sealed);
}

void
rh_api_segment_seal (RhRequest *request)
{
  gint64 upto = royal_json_int (rh_request_body (request), "upto", 0);
  g_autofree char *text = upto > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, upto) : NULL;

  if (rh_request_context (request)->checkpoints == NULL)
    rh_request_refuse (request, RH_PROBLEM_UNAVAILABLE, NULL, "this host has no key to sign with");
  else
    rh_request_call (request, &next_segment, (const char *const[]){ text }, on_next_segment);
}

static void
on_dropped (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "segment");
}

static void
on_digest (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *digest = rh_export_digest_finish (RH_EXPORT (source), result, &error);
  const char *claimed = royal_json_string (rh_request_body (request), "sha256", "");

  if (digest == NULL)
    rh_request_fail (request, error);
  else if (strcmp (digest, claimed) != 0)
    rh_request_refuse (request, RH_PROBLEM_CONFLICT, "/sha256",
                       "the export of the segment has another SHA-256: export it again, and keep that");
  else
    rh_request_call (request, &drop,
                     (const char *const[]){ rh_request_parameter (request), digest, rh_request_caller (request)->name },
                     on_dropped);
}

/* Only for one who shows that he has the export. */
void
rh_api_segment_drop (RhRequest *request)
{
  const RhServerContext *context = rh_request_context (request);
  gint64 segment = 0;

  if (!g_ascii_string_to_signed (rh_request_parameter (request), 10, 1, G_MAXINT64, &segment, NULL))
    {
      g_autoptr (GError) error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "no segment is named so");

      rh_request_fail (request, error);
      return;
    }
  g_autoptr (RhExport) export =
      rh_export_new (context->store, rh_request_workspace (request), context->checkpoints, 0, segment);
  rh_export_digest_async (export, on_digest, rh_request_ref (request));
}
