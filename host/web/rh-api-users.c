/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-etag.h"
#include "rh-list.h"
#include "rh-password.h"
#include "rh-routes.h"
#include "royal-json.h"

#include <sodium.h>
#include <string.h>

/* What an administrator does about the users of a workspace. */

static const RhStatement user_list = { "web.users", "select item from user_list ()", 0, FALSE };
static const RhStatement user_get = { "web.user", "select user_get ($1) as item", 1, FALSE };
static const RhStatement user_add = { "user.add",
                                      "select user_add ($1, $2, $3, $4::text[], $5, $6::boolean, $7) as item", 7,
                                      TRUE };
static const RhStatement user_change = {
  "user.change",
  "select m.tag, case when m.holds then user_change ($1, $2, $3, $4::text[], $5::boolean, $6::boolean, $7, $8::boolean,"
  " $9::boolean, $10) end as item from user_match ($1, $11) m",
  11,
  TRUE,
};
static const RhStatement user_remove = {
  "user.remove",
  "select m.tag, case when m.holds then user_remove ($1, $2::boolean, $3) end as item from user_match ($1, $4) m",
  4,
  TRUE,
};
static const RhStatement user_revoke = { "user.revoke", "select user_revoke ($1, $2::boolean, $3) as item", 3, TRUE };

/* Whether the caller runs the host: what a user is in other workspaces is his to change too. */
static const char *
is_local (RhRequest *request)
{
  const RhCaller *caller = rh_request_caller (request);

  return caller->token == NULL ? "true" : "false";
}

static void
on_list (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "item", "item", 0);
}

void
rh_api_users (RhRequest *request)
{
  rh_request_call (request, &user_list, NULL, on_list);
}

static void
on_user (RhRequest *request, RhRows *rows)
{
  rh_etag_reply_row (request, rows, "item");
}

void
rh_api_user (RhRequest *request)
{
  rh_request_call (request, &user_get, (const char *const[]){ rh_request_parameter (request) }, on_user);
}

static void
on_changed (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "item");
}

static void
on_matched (RhRequest *request, RhRows *rows)
{
  if (rh_etag_held (request, rows, "item"))
    on_changed (request, rows);
}

void
rh_api_user_remove (RhRequest *request)
{
  g_autofree char *match = NULL;

  if (rh_etag_read_match (request, &match))
    rh_request_call (request, &user_remove,
                     (const char *const[]){ rh_request_parameter (request), is_local (request),
                                            rh_request_caller (request)->name, match },
                     on_matched);
}

void
rh_api_user_revoke (RhRequest *request)
{
  rh_request_call (
      request, &user_revoke,
      (const char *const[]){ rh_request_parameter (request), is_local (request), rh_request_caller (request)->name },
      on_changed);
}

/* --- with a password ---------------------------------------------------------------------------------------------- */

/* A user who is made, or who gets a password that he has to change. */
typedef struct {
  RhRequest *request;
  char *match; /* (nullable) */
  char *password;
} Give;

static void
give_free (Give *self)
{
  rh_request_unref (self->request);
  g_free (self->match);
  sodium_memzero (self->password, strlen (self->password));
  g_free (self->password);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Give, give_free)

static gboolean
is_new (RhRequest *request)
{
  return strcmp (rh_request_route (request)->method, "POST") == 0;
}

/* (transfer full) (nullable): the body's roles, as PostgreSQL writes an array; the schema knows the names. */
static char *
roles_of (JsonObject *body)
{
  JsonArray *roles = royal_json_array (body, "roles");
  g_autoptr (GString) text = g_string_new ("{");

  if (roles == NULL)
    return NULL;
  for (guint i = 0; i < json_array_get_length (roles); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "", json_array_get_string_element (roles, i));
  g_string_append_c (text, '}');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* (nullable): a boolean of the body */
static const char *
flag_of (JsonObject *body, const char *name)
{
  if (!json_object_has_member (body, name))
    return NULL;
  return royal_json_boolean (body, name, FALSE) ? "true" : "false";
}

static void
on_given (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Give) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  JsonNode *user;

  if (rows == NULL)
    {
      rh_request_fail (self->request, error);
      return;
    }
  if (!is_new (self->request) && !rh_etag_held (self->request, rows, "item"))
    return;
  rh_gate_kick (rh_request_context (self->request)->gate);
  user = rh_rows_json (rows, 0, "item");
  /* Shown here, once; the database keeps its hash. Who was there before keeps what he had. */
  if (!royal_json_boolean (json_node_get_object (user), "joined", FALSE))
    json_object_set_string_member (json_node_get_object (user), "password", self->password);
  rh_request_reply (self->request, is_new (self->request) ? SOUP_STATUS_CREATED : SOUP_STATUS_OK, user);
}

static void
add (Give *self, const char *hash)
{
  JsonObject *body = rh_request_body (self->request);
  g_autofree char *roles = roles_of (body);
  const char *params[] = { royal_json_string (body, "user", ""),
                           royal_json_string (body, "name", NULL),
                           royal_json_string (body, "email", NULL),
                           roles,
                           hash,
                           is_local (self->request),
                           rh_request_caller (self->request)->name };

  rh_store_call_async (rh_request_context (self->request)->store, &user_add, rh_request_workspace (self->request),
                       params, NULL, on_given, self);
}

/* @then gets @data; @match and @hash are (nullable). */
static void
change (RhRequest *request, const char *match, const char *hash, GAsyncReadyCallback then, gpointer data)
{
  JsonObject *body = rh_request_body (request);
  g_autofree char *roles = roles_of (body);
  const char *params[] = { rh_request_parameter (request),
                           royal_json_string (body, "name", NULL),
                           royal_json_string (body, "email", NULL),
                           roles,
                           flag_of (body, "disabled"),
                           flag_of (body, "unlock"),
                           hash,
                           flag_of (body, "reset_totp"),
                           is_local (request),
                           rh_request_caller (request)->name,
                           match };

  rh_store_call_async (rh_request_context (request)->store, &user_change, rh_request_workspace (request), params, NULL,
                       then, data);
}

static void
on_hashed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Give) self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *hash = rh_password_hash_finish (result, &error);
  RhRequest *request = self->request;
  const char *match = self->match;

  if (hash == NULL)
    rh_request_fail (request, error);
  else if (is_new (request))
    add (g_steal_pointer (&self), hash);
  else
    change (request, match, hash, on_given, g_steal_pointer (&self));
}

/* @match: (transfer full) (nullable) */
static void
give (RhRequest *request, char *match)
{
  Give *self = g_new (Give, 1);

  *self = (Give){ .request = rh_request_ref (request), .match = match, .password = rh_password_make () };
  rh_password_hash_async (self->password, on_hashed, self);
}

void
rh_api_user_create (RhRequest *request)
{
  give (request, NULL);
}

static void
on_plain_change (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    rh_request_fail (request, error);
  else
    on_matched (request, rows);
}

void
rh_api_user_change (RhRequest *request)
{
  g_autofree char *match = NULL;

  if (!rh_etag_read_match (request, &match))
    return;
  if (royal_json_boolean (rh_request_body (request), "reset_password", FALSE))
    give (request, g_steal_pointer (&match));
  else
    change (request, match, NULL, on_plain_change, rh_request_ref (request));
}
