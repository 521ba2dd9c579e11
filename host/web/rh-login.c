/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-login.h"
#include "rh-auth.h"
#include "rh-cookie.h"
#include "rh-log.h"
#include "rh-password.h"
#include "rh-routes.h"
#include "rh-totp.h"
#include "royal-json.h"

#include <sodium.h>
#include <string.h>

static const RhStatement login_begin = { "login.begin", "select * from login_begin ($1, $2)", 2, TRUE };
static const RhStatement session_open = { "session.open",
                                          "select session_open ($1::uuid, $2, $3, $4::bytea, $5, $6::bigint, $7) as me",
                                          7, TRUE };

/* One login. Whatever is wrong is answered with the same sentence, after the same work. */
typedef struct {
  RhRequest *request;
  char *uid;    /* NULL: there is no such user */
  char *hash;   /* of the password */
  char *key_id; /* of the second factor; NULL without one */
  char *sealed;
  char *step;   /* of its code, once that was right */
  char *secret; /* the new session's */
} Login;

static void
login_free (Login *self)
{
  rh_request_unref (self->request);
  g_free (self->uid);
  g_free (self->hash);
  g_free (self->key_id);
  g_free (self->sealed);
  g_free (self->step);
  if (self->secret != NULL)
    sodium_memzero (self->secret, strlen (self->secret));
  g_free (self->secret);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Login, login_free)

static const char *
peer_of (Login *self)
{
  return rh_request_peer (self->request);
}

static const char *
member_of (Login *self, const char *name)
{
  return royal_json_string (rh_request_body (self->request), name, NULL);
}

static void
refuse_login (Login *self)
{
  rh_log (RH_LOG_NOTICE, "login.refused", "a login was refused", "request", rh_request_id (self->request), "peer",
          peer_of (self), "user", member_of (self, "user"), NULL);
  rh_request_refuse (self->request, RH_PROBLEM_UNAUTHENTICATED, NULL, "the user or the password is wrong");
}

gboolean
rh_login_check_person (RhRequest *request)
{
  if (rh_request_caller (request)->user != NULL)
    return TRUE;
  rh_request_refuse (request, RH_PROBLEM_CONFLICT, NULL, "this is for a user who has logged in");
  return FALSE;
}

void
rh_login_wait (RhRequest *request, gint64 seconds)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, seconds);

  rh_request_refuse_until (request, text, "too many attempts; wait %s seconds", text);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Login) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL && g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_DENIED))
    refuse_login (self);
  else if (rows == NULL)
    rh_request_fail (self->request, error);
  else
    {
      g_autofree char *csrf = rh_cookie_csrf (self->secret);
      JsonNode *me = rh_rows_json (rows, 0, "me");

      rh_gate_kick (rh_request_context (self->request)->gate);
      json_object_set_string_member (json_node_get_object (me), "csrf", csrf);
      rh_cookie_set (self->request, self->secret);
      rh_request_reply (self->request, SOUP_STATUS_OK, me);
    }
}

/* A new secret for each session: whatever cookie the browser had before means nothing in it. */
static void
open_session (Login *self)
{
  g_autofree char *hash = NULL;
  const char *params[7];

  self->secret = rh_session_make ();
  hash = rh_session_hash (self->secret);
  params[0] = self->uid;
  params[1] = self->hash;
  params[2] = member_of (self, "workspace");
  params[3] = hash;
  params[4] = rh_request_peer (self->request);
  params[5] = self->step;
  params[6] = rh_request_network (self->request);
  rh_store_call_async (rh_request_context (self->request)->store, &session_open, RH_NO_WORKSPACE, params, NULL,
                       on_opened, self);
}

/* Whether the second factor, if there is one, is right; else it was answered. The password was right: what is missing
 * may be named. */
static gboolean
check_code (Login *self)
{
  const char *code = member_of (self, "code");
  g_autoptr (RhSecret) key = NULL;
  g_autoptr (GError) error = NULL;
  gint64 step;

  if (self->sealed == NULL)
    return TRUE;
  if (code == NULL)
    {
      rh_request_refuse (self->request, RH_PROBLEM_UNAUTHENTICATED, "/code",
                         "this takes the code of the second factor");
      return FALSE;
    }
  key = rh_login_totp_key (self->request, self->uid, self->key_id, self->sealed, &error);
  if (key == NULL)
    {
      rh_request_fail (self->request, error);
      return FALSE;
    }
  if (!rh_totp_check ((const guint8 *)rh_secret_bytes (key), rh_secret_length (key), code,
                      g_get_real_time () / G_USEC_PER_SEC, &step))
    {
      rh_request_refuse (self->request, RH_PROBLEM_UNAUTHENTICATED, "/code", "the code is wrong");
      return FALSE;
    }
  self->step = g_strdup_printf ("%" G_GINT64_FORMAT, step);
  return TRUE;
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Login) self = data;
  g_autoptr (GError) error = NULL;
  gboolean right;

  if (!rh_password_check_finish (result, &right, &error))
    rh_request_fail (self->request, error);
  else if (!right)
    refuse_login (self);
  else if (check_code (self))
    open_session (g_steal_pointer (&self));
}

static void
on_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Login) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  const char *hash, *password;

  if (rows == NULL)
    {
      rh_request_fail (self->request, error);
      return;
    }
  if (rh_rows_int64 (rows, 0, "wait_s") > 0)
    {
      rh_login_wait (self->request, rh_rows_int64 (rows, 0, "wait_s"));
      return;
    }
  self->uid = g_strdup (rh_rows_string (rows, 0, "uid"));
  self->hash = g_strdup (rh_rows_string (rows, 0, "password"));
  self->key_id = g_strdup (rh_rows_string (rows, 0, "key_id"));
  self->sealed = g_strdup (rh_rows_string (rows, 0, "sealed"));
  hash = self->hash;
  password = member_of (self, "password");
  rh_password_check_async (hash, password, on_checked, g_steal_pointer (&self));
}

void
rh_api_login (RhRequest *request)
{
  Login *self;
  const char *params[2];

  if (!rh_cookie_is_same_origin (request))
    {
      rh_request_refuse (request, RH_PROBLEM_CSRF, NULL, "a login comes from a page of this host only");
      return;
    }
  self = g_new0 (Login, 1);
  self->request = rh_request_ref (request);
  params[0] = member_of (self, "user");
  params[1] = rh_request_network (request);
  rh_store_call_async (rh_request_context (request)->store, &login_begin, RH_NO_WORKSPACE, params, NULL, on_begun,
                       self);
}
