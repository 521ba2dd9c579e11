/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include "royal-json.h"

/* What is held of a person, and its end. Whom it is about stands in the body: addresses of requests are logged. */

#define RECORDS_MAX 10000
#define RECORDS_MAX_TEXT "10000"

static const RhStatement held = { "privacy.held", "select place, ident, at, data from privacy_held ($1, $2::int)", 2,
                                  FALSE };
static const RhStatement exported = { "privacy.exported", "select privacy_exported ($1, $2::int, $3) as key", 3, TRUE };
static const RhStatement erase = { "privacy.erase", "select privacy_erase ($1, $2) as answer", 2, TRUE };

static const char *
subject_of (RhRequest *request)
{
  return royal_json_string (rh_request_body (request), "subject", "");
}

/* --- Export ------------------------------------------------------------------------------------------------------- */

typedef struct {
  RhRequest *request;
  JsonNode *answer; /* { "subject", "records", "complete", "key", "created_at" } */
} Export;

static void
export_free (Export *self)
{
  rh_request_unref (self->request);
  json_node_unref (self->answer);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Export, export_free)

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Export) self = data;
  g_autoptr (GError) error = NULL;

  if (rh_vault_open_finish (RH_VAULT (source), result, &error))
    rh_request_reply (self->request, SOUP_STATUS_OK, json_node_ref (self->answer));
  else
    rh_request_fail (self->request, error);
}

static void
on_exported (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Export) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) documents = g_ptr_array_new ();
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autoptr (JsonNode) key = rows != NULL ? rh_rows_json (rows, 0, "key") : NULL;
  RhVault *vault = rh_gate_vault (rh_request_context (self->request)->gate);
  JsonObject *object = json_node_get_object (self->answer);
  const char *id;

  if (key == NULL)
    {
      rh_request_fail (self->request, error);
      return;
    }
  rh_gate_kick (rh_request_context (self->request)->gate);
  id = royal_json_string (json_node_get_object (key), "key", "");
  json_object_set_string_member (object, "key", id);
  json_object_set_member (object, "created_at", json_object_dup_member (json_node_get_object (key), "created_at"));
  g_ptr_array_add (documents, self->answer);
  rh_vault_open_async (vault, rh_request_workspace (self->request), documents, RH_VAULT_PERSON, id, on_opened, self);
  (void)g_steal_pointer (&self);
}

static void
on_held (RhRequest *request, RhRows *rows)
{
  JsonArray *records = json_array_new ();
  JsonObject *object = json_object_new ();
  Export *self = g_new0 (Export, 1);
  char n[16];

  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      JsonObject *record = json_object_new ();

      json_object_set_string_member (record, "in", rh_rows_string (rows, i, "place"));
      json_object_set_string_member (record, "id", rh_rows_string (rows, i, "ident"));
      if (!rh_rows_is_null (rows, i, "at"))
        json_object_set_string_member (record, "at", rh_rows_string (rows, i, "at"));
      json_object_set_member (record, "data", rh_rows_json (rows, i, "data"));
      json_array_add_object_element (records, record);
    }
  json_object_set_string_member (object, "subject", subject_of (request));
  json_object_set_array_member (object, "records", records);
  json_object_set_boolean_member (object, "complete", rh_rows_n (rows) < RECORDS_MAX);
  self->request = rh_request_ref (request);
  self->answer = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (self->answer, object);
  g_snprintf (n, sizeof n, "%u", rh_rows_n (rows));
  rh_store_call_async (rh_request_context (request)->store, &exported, rh_request_workspace (request),
                       (const char *const[]){ subject_of (request), n, rh_request_actor (request)->name }, NULL,
                       on_exported, self);
}

void
rh_api_privacy_export (RhRequest *request)
{
  const char *params[] = { subject_of (request), RECORDS_MAX_TEXT };

  if (rh_gate_vault (rh_request_context (request)->gate) == NULL)
    rh_request_refuse (request, RH_PROBLEM_CONFLICT, NULL, "nothing here can open personal data");
  else
    rh_request_call (request, &held, params, on_held);
}

/* --- Erasure ------------------------------------------------------------------------------------------------------ */

static void
on_erased (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "answer");
}

void
rh_api_privacy_erase (RhRequest *request)
{
  const char *params[] = { subject_of (request), rh_request_actor (request)->name };

  rh_request_call (request, &erase, params, on_erased);
}
