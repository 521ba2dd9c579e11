/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-reveal.h"

#include "rh-gate.h"
#include "royal-json.h"

#include <string.h>

typedef struct {
  RhRequest *request;
  guint status;
  JsonNode *body;
} Reveal;

/* Whatever is sealed still is not for the caller. */
static void
reply (RhRequest *request, guint status, JsonNode *body)
{
  rh_vault_mask (body);
  rh_request_reply (request, status, body);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Reveal *self = data;
  g_autoptr (RhRequest) request = self->request;
  g_autoptr (GError) error = NULL;

  /* Without its key a host shows what it has, masked. */
  if (!rh_vault_open_finish (RH_VAULT (source), result, &error) && royal_error_is_unavailable (error))
    {
      json_node_unref (self->body);
      rh_request_fail (request, error);
    }
  else
    reply (request, self->status, self->body);
}

void
rh_reveal (RhRequest *request, guint status, guint roles, JsonNode *body)
{
  g_autoptr (GPtrArray) documents = g_ptr_array_new ();
  RhVault *vault;
  Reveal *self;

  g_return_if_fail (request != NULL && body != NULL);

  vault = rh_gate_vault (rh_request_context (request)->gate);
  if (vault == NULL || (rh_request_caller (request)->roles & roles) == 0 || !rh_personal_has_token (body))
    {
      reply (request, status, body);
      return;
    }
  self = g_new0 (Reveal, 1);
  self->request = rh_request_ref (request);
  self->status = status;
  self->body = body;
  g_ptr_array_add (documents, body);
  rh_vault_open_async (vault, rh_request_workspace (request), documents, RH_VAULT_PERSON, NULL, on_opened, self);
}

gboolean
rh_reveal_is_sealed (const char *text)
{
  g_return_val_if_fail (text != NULL, TRUE);

  return strstr (text, "\"sealed\"") != NULL;
}

void
rh_reveal_text (RhRequest *request, guint status, guint roles, char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *body;

  g_return_if_fail (request != NULL && text != NULL);

  if (!rh_reveal_is_sealed (text))
    {
      rh_request_reply_text (request, status, "application/json", text);
      return;
    }
  body = royal_json_parse (text, -1, "answer", &error);
  g_free (text);
  if (body == NULL)
    rh_request_fail (request, error);
  else
    rh_reveal (request, status, roles, body);
}

void
rh_reveal_row (RhRequest *request, guint status, guint roles, RhRows *rows, const char *column)
{
  g_return_if_fail (request != NULL && rows != NULL && column != NULL);

  if (rh_rows_n (rows) == 0 || rh_rows_is_null (rows, 0, column))
    rh_request_reply_row (request, status, rows, column);
  else
    rh_reveal_text (request, status, roles, g_strdup (rh_rows_string (rows, 0, column)));
}

void
rh_reveal_answered (GObject *gate, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *proposal = rh_gate_answer_finish (RH_GATE (gate), result, &error);

  if (proposal == NULL)
    rh_request_fail (request, error);
  else
    rh_reveal (request, SOUP_STATUS_OK, RH_REVEAL_PROPOSALS_TO, proposal);
}
