/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include <sodium.h>

/* Names go out, values only come in. */

static const RhStatement secret_list = { "web.secrets", "select secret from secret_list ()", 0, FALSE };
static const RhStatement secret_delete = { "web.secret-delete", "select secret_delete ($1, $2) as secret", 2, TRUE };

static void
on_list (RhRequest *request, RhRows *rows)
{
  JsonArray *items = rh_secrets_list_local (rh_request_context (request)->secrets, rh_request_workspace (request));
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  for (guint i = 0; i < rh_rows_n (rows); i++)
    json_array_add_element (items, rh_rows_json (rows, i, "secret"));
  json_object_set_array_member (object, "items", items);
  json_object_set_null_member (object, "next");
  json_node_take_object (node, object);
  rh_request_reply (request, SOUP_STATUS_OK, node);
}

void
rh_api_secrets (RhRequest *request)
{
  rh_request_call (request, &secret_list, NULL, on_list);
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *secret = rh_secrets_set_finish (RH_SECRETS (source), result, &error);

  if (secret == NULL)
    rh_request_fail (request, error);
  else
    rh_request_reply (request, SOUP_STATUS_OK, secret);
}

void
rh_api_secret_set (RhRequest *request)
{
  g_autoptr (GBytes) bytes = rh_request_take_bytes (request);
  gsize length;
  gconstpointer value = g_bytes_get_data (bytes, &length);
  g_autoptr (RhSecret) secret = rh_secret_new (value, length);

  /* Nobody else has these bytes. */
  if (length > 0)
    sodium_memzero ((gpointer)value, length);
  rh_secrets_set_async (rh_request_context (request)->secrets, rh_request_workspace (request),
                        rh_request_parameter (request), secret, rh_request_actor (request)->name, on_set,
                        rh_request_ref (request));
}

static void
on_deleted (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "secret");
}

void
rh_api_secret_delete (RhRequest *request)
{
  rh_request_call (request, &secret_delete,
                   (const char *const[]){ rh_request_parameter (request), rh_request_actor (request)->name },
                   on_deleted);
}

static void
on_rotated (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *answer = rh_secrets_rotate_finish (RH_SECRETS (source), result, &error);

  if (answer == NULL)
    rh_request_fail (request, error);
  else
    rh_request_reply (request, SOUP_STATUS_OK, answer);
}

void
rh_api_secrets_rotate (RhRequest *request)
{
  rh_secrets_rotate_async (rh_request_context (request)->secrets, rh_request_workspace (request),
                           rh_request_actor (request)->name, on_rotated, rh_request_ref (request));
}
