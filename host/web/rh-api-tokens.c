/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-routes.h"

#include "royal-json.h"

#include <sodium.h>

static const RhStatement token_list = { "web.tokens", "select token from token_list ()", 0, FALSE };
static const RhStatement token_create = { "token.create",
                                          "select token_create ($1, $2, $3::bytea, $4::bigint, $5) as token", 5, TRUE };
static const RhStatement token_revoke = { "token.revoke", "select token_revoke ($1::uuid, $2) as token", 2, TRUE };

static void
on_list (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "token", "token", 0);
}

void
rh_api_tokens (RhRequest *request)
{
  rh_request_call (request, &token_list, NULL, on_list);
}

typedef struct {
  RhRequest *request;
  char *secret;
} Create;

static void
create_free (Create *self)
{
  sodium_memzero (self->secret, strlen (self->secret));
  g_free (self->secret);
  rh_request_unref (self->request);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Create, create_free)

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Create) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  JsonNode *token;

  if (rows == NULL)
    {
      rh_request_fail (self->request, error);
      return;
    }
  rh_gate_kick (rh_request_context (self->request)->gate);
  token = rh_rows_json (rows, 0, "token");
  /* Shown here, once; the database keeps its hash. */
  json_object_set_string_member (json_node_get_object (token), "token", self->secret);
  rh_request_reply (self->request, SOUP_STATUS_CREATED, token);
}

void
rh_api_token_create (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  gint64 expires_s = royal_json_int (body, "expires_s", 0);
  Create *create = g_new (Create, 1);
  g_autofree char *expires = expires_s > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, expires_s) : NULL;
  g_autofree char *hash = NULL;
  const char *params[5];

  *create = (Create){ .request = rh_request_ref (request), .secret = rh_token_make () };
  hash = rh_token_hash (create->secret);
  params[0] = royal_json_string (body, "name", "");
  params[1] = royal_json_string (body, "role", "");
  params[2] = hash;
  params[3] = expires;
  params[4] = rh_request_caller (request)->name;
  rh_store_call_async (rh_request_context (request)->store, &token_create, rh_request_workspace (request), params, NULL,
                       on_created, create);
}

static void
on_revoked (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "token");
}

void
rh_api_token_revoke (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request), rh_request_caller (request)->name };

  if (!g_uuid_string_is_valid (params[0]))
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no token %s", params[0]);
  else
    rh_request_call (request, &token_revoke, params, on_revoked);
}
