/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-login.h"
#include "rh-routes.h"
#include "rh-totp.h"
#include "royal-json.h"

#include <sodium.h>
#include <string.h>

/* The second factor of the user who is in the session. */

static const RhStatement totp_enroll = { "totp.enroll", "select user_totp_enroll ($1::uuid, $2, $3)", 3, TRUE };
static const RhStatement totp_find = { "totp.find", "select * from user_totp ($1::uuid)", 1, TRUE };
static const RhStatement totp_confirm = { "totp.confirm", "select user_totp_confirm ($1::uuid, $2::bigint) as user", 2,
                                          TRUE };
static const RhStatement totp_disable = { "totp.disable", "select user_totp_disable ($1::uuid, $2::bigint) as user", 2,
                                          TRUE };

static char *
name_of (const char *user)
{
  return g_strconcat ("totp:", user, NULL);
}

RhSecret *
rh_login_totp_key (RhRequest *request, const char *user, const char *key_id, const char *sealed, GError **error)
{
  g_autofree char *name = name_of (user);

  return rh_secrets_open (rh_request_context (request)->secrets, RH_NO_WORKSPACE, name, key_id, sealed, error);
}

/* --- a new key ---------------------------------------------------------------------------------------------------- */

typedef struct {
  RhRequest *request;
  guint8 key[RH_TOTP_BYTES];
} Enroll;

static void
enroll_free (Enroll *self)
{
  rh_request_unref (self->request);
  sodium_memzero (self->key, sizeof self->key);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Enroll, enroll_free)

static void
on_enrolled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Enroll) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autofree char *text = rh_totp_base32 (self->key, sizeof self->key);
  g_autofree char *uri = NULL;
  JsonObject *object;
  JsonNode *node;

  if (rows == NULL)
    {
      rh_request_fail (self->request, error);
      return;
    }
  uri =
      g_strdup_printf ("otpauth://totp/Royal:%s?secret=%s&issuer=Royal", rh_request_caller (self->request)->name, text);
  object = json_object_new ();
  node = json_node_new (JSON_NODE_OBJECT);
  json_object_set_string_member (object, "secret", text);
  json_object_set_string_member (object, "uri", uri);
  json_node_take_object (node, object);
  rh_request_reply (self->request, SOUP_STATUS_OK, node);
}

void
rh_api_totp_enroll (RhRequest *request)
{
  const char *user = rh_request_caller (request)->user;
  g_autofree char *name = NULL;
  g_autofree char *key_id = NULL;
  g_autofree char *sealed = NULL;
  g_autoptr (RhSecret) secret = NULL;
  g_autoptr (Enroll) self = NULL;
  g_autoptr (GError) error = NULL;

  if (!rh_login_check_person (request))
    return;
  self = g_new0 (Enroll, 1);
  self->request = rh_request_ref (request);
  randombytes_buf (self->key, sizeof self->key);
  secret = rh_secret_new (self->key, sizeof self->key);
  name = name_of (user);
  sealed = rh_secrets_seal (rh_request_context (request)->secrets, RH_NO_WORKSPACE, name, secret, &key_id, &error);
  if (sealed == NULL)
    {
      rh_request_fail (request, error);
      return;
    }
  rh_store_call_async (rh_request_context (request)->store, &totp_enroll, rh_request_workspace (request),
                       (const char *const[]){ user, key_id, sealed }, NULL, on_enrolled, g_steal_pointer (&self));
}

/* --- with a code -------------------------------------------------------------------------------------------------- */

static void
on_done (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  rh_api_me (request);
}

static void
on_found (RhRequest *request, RhRows *rows)
{
  gboolean confirms = g_str_has_suffix (rh_request_route (request)->path, "confirm");
  const char *user = rh_request_caller (request)->user;
  const char *code = royal_json_string (rh_request_body (request), "code", "");
  g_autoptr (GError) error = NULL;
  g_autoptr (RhSecret) key = NULL;
  g_autofree char *step_text = NULL;
  gint64 step;

  if (rh_rows_int64 (rows, 0, "wait_s") > 0)
    {
      rh_login_wait (request, rh_rows_int64 (rows, 0, "wait_s"));
      return;
    }
  if (rh_rows_is_null (rows, 0, "sealed"))
    {
      rh_request_refuse (request, RH_PROBLEM_CONFLICT, NULL, "there is no second factor; enroll one first");
      return;
    }
  key =
      rh_login_totp_key (request, user, rh_rows_string (rows, 0, "key_id"), rh_rows_string (rows, 0, "sealed"), &error);
  if (key == NULL)
    {
      rh_request_fail (request, error);
      return;
    }
  if (!rh_totp_check ((const guint8 *)rh_secret_bytes (key), rh_secret_length (key), code,
                      g_get_real_time () / G_USEC_PER_SEC, &step))
    {
      rh_request_refuse (request, RH_PROBLEM_DENIED, "/code", "the code is another");
      return;
    }
  step_text = g_strdup_printf ("%" G_GINT64_FORMAT, step);
  rh_request_call (request, confirms ? &totp_confirm : &totp_disable, (const char *const[]){ user, step_text },
                   on_done);
}

static void
look_at_code (RhRequest *request)
{
  if (rh_login_check_person (request))
    rh_request_call (request, &totp_find, (const char *const[]){ rh_request_caller (request)->user }, on_found);
}

void
rh_api_totp_confirm (RhRequest *request)
{
  look_at_code (request);
}

void
rh_api_totp_disable (RhRequest *request)
{
  look_at_code (request);
}
