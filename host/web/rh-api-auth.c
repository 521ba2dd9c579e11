/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-cookie.h"
#include "rh-list.h"
#include "rh-login.h"
#include "rh-password.h"
#include "rh-routes.h"
#include "royal-json.h"

#include <string.h>

/* What a person does about himself. */

static const RhStatement session_list = { "web.sessions", "select session from session_list ($1::uuid)", 1, FALSE };
static const RhStatement session_revoke = {
  "session.revoke", "select $1::uuid as uid, session_revoke ($1::uuid, $2::uuid, $3) as session", 3, TRUE
};
static const RhStatement user_password = { "user.password", "select * from user_password ($1::uuid, $2)", 2, TRUE };
static const RhStatement set_password = { "user.set-password",
                                          "select user_set_password ($1::uuid, $2, $3, $4::uuid) as me", 4, TRUE };

static void
reply_me (RhRequest *request, JsonNode *me)
{
  json_object_set_string_member (json_node_get_object (me), "csrf", rh_request_caller (request)->csrf);
  rh_request_reply (request, SOUP_STATUS_OK, me);
}

static JsonArray *
array_of_one (const char *text)
{
  JsonArray *array = json_array_new ();

  json_array_add_string_element (array, text);
  return array;
}

void
rh_api_me (RhRequest *request)
{
  const RhCaller *caller = rh_request_caller (request);
  JsonObject *object;
  JsonNode *node;

  if (caller->me != NULL)
    {
      reply_me (request, royal_json_read (caller->me, "me", NULL));
      return;
    }
  object = json_object_new ();
  node = json_node_new (JSON_NODE_OBJECT);
  json_object_set_string_member (object, "user", caller->name);
  json_object_set_string_member (object, "name", caller->name);
  json_object_set_string_member (object, "workspace", caller->workspace_name);
  json_object_set_array_member (object, "workspaces", array_of_one (caller->workspace_name));
  json_object_set_array_member (object, "roles", array_of_one (rh_role_acting (caller->roles)));
  json_object_set_null_member (object, "expires_at");
  json_object_set_boolean_member (object, "must_change_password", FALSE);
  json_node_take_object (node, object);
  rh_request_reply (request, SOUP_STATUS_OK, node);
}

static void
on_revoked (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  if (g_strcmp0 (rh_rows_string (rows, 0, "uid"), rh_request_caller (request)->token) == 0)
    rh_cookie_set (request, NULL);
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "session");
}

static void
revoke_session (RhRequest *request, const char *uid)
{
  const RhCaller *caller = rh_request_caller (request);

  rh_request_call (request, &session_revoke, (const char *const[]){ uid, caller->user, caller->name }, on_revoked);
}

void
rh_api_logout (RhRequest *request)
{
  if (!rh_login_check_person (request))
    return;
  rh_cookie_set (request, NULL);
  revoke_session (request, rh_request_caller (request)->token);
}

void
rh_api_session_revoke (RhRequest *request)
{
  const char *uid = rh_request_parameter (request);

  if (!rh_login_check_person (request))
    return;
  if (!g_uuid_string_is_valid (uid))
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no session %s", uid);
  else
    revoke_session (request, uid);
}

static void
on_sessions (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "session", "session", 0);
}

void
rh_api_sessions (RhRequest *request)
{
  if (rh_login_check_person (request))
    rh_request_call (request, &session_list, (const char *const[]){ rh_request_caller (request)->user }, on_sessions);
}

/* --- another password --------------------------------------------------------------------------------------------- */

typedef struct {
  RhRequest *request;
  char *before; /* the hash that was looked at */
} Change;

static void
change_free (Change *self)
{
  rh_request_unref (self->request);
  g_free (self->before);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

static void
on_set (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  reply_me (request, rh_rows_json (rows, 0, "me"));
}

static void
on_hashed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Change) self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *hash = rh_password_hash_finish (result, &error);
  const RhCaller *caller = rh_request_caller (self->request);

  if (hash == NULL)
    rh_request_fail (self->request, error);
  else
    rh_request_call (self->request, &set_password,
                     (const char *const[]){ caller->user, self->before, hash, caller->token }, on_set);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Change) self = data;
  g_autoptr (GError) error = NULL;
  const char *new = royal_json_string (rh_request_body (self->request), "new", "");
  gboolean right;

  if (!rh_password_check_finish (result, &right, &error))
    rh_request_fail (self->request, error);
  else if (!right)
    rh_request_refuse (self->request, RH_PROBLEM_DENIED, "/password", "the present password is another");
  else
    rh_password_hash_async (new, on_hashed, g_steal_pointer (&self));
}

static void
on_password (RhRequest *request, RhRows *rows)
{
  Change *change;

  if (rh_rows_int64 (rows, 0, "wait_s") > 0)
    {
      rh_login_wait (request, rh_rows_int64 (rows, 0, "wait_s"));
      return;
    }
  change = g_new (Change, 1);
  *change = (Change){ .request = rh_request_ref (request), .before = g_strdup (rh_rows_string (rows, 0, "password")) };
  rh_password_check_async (change->before, royal_json_string (rh_request_body (request), "password", ""), on_checked,
                           change);
}

void
rh_api_password (RhRequest *request)
{
  const char *old = royal_json_string (rh_request_body (request), "password", "");
  const char *new = royal_json_string (rh_request_body (request), "new", "");

  if (!rh_login_check_person (request))
    return;
  if (strcmp (old, new) == 0)
    rh_request_refuse (request, RH_PROBLEM_INVALID, "/new", "the new password is to be another one");
  else
    rh_request_call (request, &user_password,
                     (const char *const[]){ rh_request_caller (request)->user, rh_request_peer (request) },
                     on_password);
}

/* --- the roles ---------------------------------------------------------------------------------------------------- */

static JsonArray *
names_of (guint roles)
{
  JsonArray *array = json_array_new ();

  for (guint bit = RH_ROLE_VIEWER; bit <= RH_ROLE_ADMIN; bit <<= 1)
    if ((roles & bit) != 0)
      json_array_add_string_element (array, rh_role_name (bit));
  return array;
}

void
rh_api_roles (RhRequest *request)
{
  JsonArray *items = json_array_new ();
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  for (const RhRoute *route = rh_routes (); route->method != NULL; route++)
    {
      JsonObject *item = json_object_new ();

      json_object_set_string_member (item, "method", route->method);
      json_object_set_string_member (item, "path", route->path);
      json_object_set_boolean_member (item, "public", route->roles == 0);
      json_object_set_array_member (item, "roles", names_of (route->roles));
      json_array_add_object_element (items, item);
    }
  json_object_set_array_member (object, "roles", names_of (RH_ROLE_ANY));
  json_object_set_array_member (object, "items", items);
  json_object_set_null_member (object, "next");
  json_node_take_object (node, object);
  rh_request_reply (request, SOUP_STATUS_OK, node);
}
