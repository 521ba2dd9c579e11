/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-auth.h"

#include "rh-cookie.h"
#include "rh-log.h"
#include "rh-reads.h"
#include "rh-routes.h"

#include <sodium.h>
#include <string.h>

/* So many failures of one network within a window, and it waits for the window's end. */
#define FAILURES_MAX 30
#define FAILURES_WINDOW_US (10 * G_USEC_PER_SEC)
#define FAILURES_PEERS_MAX 1024
/* Tokens that were good lately are looked up whatever others do at the same address, which may be a proxy's. */
#define GOOD_MAX 1024

#define TOKEN_BYTES 32
#define SUBPROTOCOL "royal.token."
#define WORKSPACE_HEADER "X-Royal-Workspace"
#define WORKSPACE_DEFAULT "default"

static const RhStatement token_lookup = { "token.lookup", "select * from token_lookup ($1::bytea)", 1, FALSE };
static const RhStatement token_used = { "token.used", "select token_used ($1::uuid, $2)", 2, FALSE };
static const RhStatement session_lookup = { "session.lookup", "select * from session_lookup ($1::bytea)", 1, FALSE };
static const RhStatement session_seen = { "session.seen", "select session_seen ($1::uuid)", 1, FALSE };
static const RhStatement workspace_open = { "workspace.find", "select * from workspace_open ($1, false)", 1, FALSE };

typedef struct {
  gint64 since_us;
  guint n;
} Failures;

struct _RhAuth {
  uid_t uid;
  GHashTable *failures; /* network → Failures */
  GHashTable *good;     /* set of hashes of tokens */
};

typedef struct {
  RhAuth *auth;
  RhRequest *request;
  char *hash; /* of the token or the session's secret; NULL without one */
  char *csrf; /* of a session */
  void (*then) (RhRequest *request);
} Identify;

static const struct {
  const char *name;
  RhRoles role;
} roles[] = {
  { "viewer", RH_ROLE_VIEWER },       { "approver", RH_ROLE_APPROVER }, { "operator", RH_ROLE_OPERATOR },
  { "developer", RH_ROLE_DEVELOPER }, { "admin", RH_ROLE_ADMIN },
};

RhRoles
rh_role_from_name (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++)
    if (g_strcmp0 (name, roles[i].name) == 0)
      return roles[i].role;
  return 0;
}

const char *
rh_role_name (RhRoles role)
{
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++)
    if (roles[i].role == role)
      return roles[i].name;
  return NULL;
}

const char *
rh_role_acting (RhRoles held)
{
  static const RhRoles order[] = { RH_ROLE_ADMIN, RH_ROLE_APPROVER, RH_ROLE_OPERATOR, RH_ROLE_DEVELOPER,
                                   RH_ROLE_VIEWER };

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    if ((held & order[i]) != 0)
      return rh_role_name (order[i]);
  return NULL;
}

RhRoles
rh_roles_from_names (const char *names)
{
  g_auto (GStrv) list = g_strsplit (names != NULL ? names : "", " ", -1);
  RhRoles held = 0;

  for (guint i = 0; list[i] != NULL; i++)
    held |= rh_role_from_name (list[i]);
  return held;
}

/* (transfer full) */
static char *
make_secret (const char *prefix)
{
  guint8 bytes[TOKEN_BYTES];
  char text[sodium_base64_ENCODED_LEN (TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];

  randombytes_buf (bytes, sizeof bytes);
  sodium_bin2base64 (text, sizeof text, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  sodium_memzero (bytes, sizeof bytes);
  return g_strconcat (prefix, text, NULL);
}

/* (transfer full) (nullable) */
static char *
hash_secret (const char *secret, const char *prefix)
{
  g_autofree char *hash = NULL;

  if (secret == NULL || strlen (secret) != RH_TOKEN_LENGTH || !g_str_has_prefix (secret, prefix))
    return NULL;
  hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, secret, -1);
  return g_strconcat ("\\x", hash, NULL);
}

char *
rh_token_make (void)
{
  return make_secret (RH_TOKEN_PREFIX);
}

char *
rh_token_hash (const char *token)
{
  return hash_secret (token, RH_TOKEN_PREFIX);
}

char *
rh_session_make (void)
{
  return make_secret (RH_SESSION_PREFIX);
}

char *
rh_session_hash (const char *secret)
{
  return hash_secret (secret, RH_SESSION_PREFIX);
}

RhAuth *
rh_auth_new (uid_t uid)
{
  RhAuth *self = g_rc_box_new0 (RhAuth);

  self->uid = uid;
  self->failures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->good = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

static void
auth_clear (gpointer data)
{
  RhAuth *self = data;

  g_hash_table_unref (self->failures);
  g_hash_table_unref (self->good);
}

void
rh_auth_free (RhAuth *self)
{
  if (self != NULL)
    g_rc_box_release_full (self, auth_clear);
}

static void
identify_free (Identify *self)
{
  rh_auth_free (self->auth);
  rh_request_unref (self->request);
  g_free (self->hash);
  g_free (self->csrf);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Identify, identify_free)

static Failures *
failures_of (RhAuth *self, const char *network)
{
  Failures *failures = g_hash_table_lookup (self->failures, network);

  if (failures != NULL && g_get_monotonic_time () - failures->since_us > FAILURES_WINDOW_US)
    *failures = (Failures){ .since_us = g_get_monotonic_time () };
  return failures;
}

static void
count_failure (RhAuth *self, const char *network)
{
  Failures *failures = failures_of (self, network);

  if (failures == NULL)
    {
      if (g_hash_table_size (self->failures) >= FAILURES_PEERS_MAX)
        g_hash_table_remove_all (self->failures);
      failures = g_new0 (Failures, 1);
      failures->since_us = g_get_monotonic_time ();
      g_hash_table_insert (self->failures, g_strdup (network), failures);
    }
  failures->n++;
}

static void
note_good (RhAuth *self, const char *hash)
{
  if (g_hash_table_size (self->good) >= GOOD_MAX)
    g_hash_table_remove_all (self->good);
  g_hash_table_add (self->good, g_strdup (hash));
}

static gboolean
is_throttled (RhAuth *self, const char *network, const char *hash)
{
  const Failures *failures = failures_of (self, network);

  return failures != NULL && failures->n >= FAILURES_MAX && !g_hash_table_contains (self->good, hash);
}

static void
refuse (RhRequest *request, const char *why)
{
  rh_log (RH_LOG_NOTICE, "web.refused", "caller not authenticated", "request", rh_request_id (request), "peer",
          rh_request_peer (request), "reason", why, NULL);
  rh_request_refuse (request, RH_PROBLEM_UNAUTHENTICATED, NULL, "%s", why);
}

static void
on_token (RhRows *rows, const GError *error, gpointer data)
{
  g_autoptr (Identify) self = data;
  RhStore *store = rh_request_context (self->request)->store;
  RhCaller *caller = rh_request_caller (self->request);
  const char *wanted = rh_request_header (self->request, WORKSPACE_HEADER);
  const char *uid;

  if (rows == NULL)
    {
      rh_request_fail (self->request, error);
      return;
    }
  if (rh_rows_n (rows) == 0)
    {
      g_hash_table_remove (self->auth->good, self->hash);
      count_failure (self->auth, rh_request_network (self->request));
      refuse (self->request, "the token is unknown, expired or revoked");
      return;
    }
  note_good (self->auth, self->hash);
  if (wanted != NULL && g_strcmp0 (wanted, rh_rows_string (rows, 0, "workspace")) != 0)
    {
      rh_request_refuse (self->request, RH_PROBLEM_DENIED, NULL,
                         "the token is of another workspace than " WORKSPACE_HEADER " names");
      return;
    }
  uid = rh_rows_string (rows, 0, "uid");
  if (rh_rows_boolean (rows, 0, "due"))
    rh_store_call_async (store, &token_used, rh_rows_int64 (rows, 0, "workspace_id"),
                         (const char *const[]){ uid, rh_request_peer (self->request) }, NULL, NULL, NULL);
  *caller = (RhCaller){
    .roles = rh_role_from_name (rh_rows_string (rows, 0, "role")),
    .workspace = rh_rows_int64 (rows, 0, "workspace_id"),
    .workspace_name = g_strdup (rh_rows_string (rows, 0, "workspace")),
    .name = g_strdup (rh_rows_string (rows, 0, "name")),
    .via = g_strconcat ("token:", uid, NULL),
    .token = g_strdup (uid),
  };
  self->then (self->request);
}

/* Whether what a session asks for may be asked for; else it was refused. */
static gboolean
check_session (RhRequest *request, RhRows *rows, const char *csrf)
{
  const RhRoute *route = rh_request_route (request);
  const char *sent = rh_request_header (request, "X-CSRF-Token");
  const char *wanted = rh_request_header (request, WORKSPACE_HEADER);
  gboolean reads = strcmp (route->method, "GET") == 0;
  gboolean opens = route->feed && rh_request_header (request, "Upgrade") != NULL;

  if ((!reads || opens) && !rh_cookie_is_same_origin (request))
    rh_request_refuse (request, RH_PROBLEM_CSRF, NULL, "a session acts through pages of this host only");
  else if (!reads && (sent == NULL || strlen (sent) != strlen (csrf) || sodium_memcmp (sent, csrf, strlen (csrf)) != 0))
    rh_request_refuse (request, RH_PROBLEM_CSRF, NULL, "in a session X-CSRF-Token is to be what login and me tell");
  else if (wanted != NULL && g_strcmp0 (wanted, rh_rows_string (rows, 0, "workspace")) != 0)
    rh_request_refuse (request, RH_PROBLEM_DENIED, NULL,
                       "the session is in another workspace than " WORKSPACE_HEADER " names");
  else if (rh_rows_boolean (rows, 0, "must_change") && !route->early)
    rh_request_refuse (request, RH_PROBLEM_DENIED, NULL, "the password is to be changed first");
  else
    return TRUE;
  return FALSE;
}

static void
on_session (RhRows *rows, const GError *error, gpointer data)
{
  g_autoptr (Identify) self = data;
  RhCaller *caller = rh_request_caller (self->request);
  const char *uid;

  if (rows == NULL)
    {
      rh_request_fail (self->request, error);
      return;
    }
  if (rh_rows_n (rows) == 0)
    {
      g_hash_table_remove (self->auth->good, self->hash);
      count_failure (self->auth, rh_request_network (self->request));
      refuse (self->request, "the session is over; log in");
      return;
    }
  note_good (self->auth, self->hash);
  if (!check_session (self->request, rows, self->csrf))
    return;
  uid = rh_rows_string (rows, 0, "uid");
  if (rh_rows_boolean (rows, 0, "due"))
    rh_store_call_async (rh_request_context (self->request)->store, &session_seen,
                         rh_rows_int64 (rows, 0, "workspace_id"), (const char *const[]){ uid }, NULL, NULL, NULL);
  *caller = (RhCaller){
    .roles = rh_roles_from_names (rh_rows_string (rows, 0, "roles")),
    .workspace = rh_rows_int64 (rows, 0, "workspace_id"),
    .workspace_name = g_strdup (rh_rows_string (rows, 0, "workspace")),
    .name = g_strdup (rh_rows_string (rows, 0, "name")),
    .via = g_strconcat ("user:", rh_rows_string (rows, 0, "user_uid"), NULL),
    .token = g_strdup (uid),
    .user = g_strdup (rh_rows_string (rows, 0, "user_uid")),
    .csrf = g_steal_pointer (&self->csrf),
    .me = g_strdup (rh_rows_string (rows, 0, "me")),
  };
  self->then (self->request);
}

static void
on_workspace (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Identify) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  RhCaller *caller = rh_request_caller (self->request);
  const char *peer = rh_request_peer (self->request);
  const char *name = rh_request_header (self->request, WORKSPACE_HEADER);

  if (rows == NULL || rh_rows_n (rows) == 0)
    {
      if (error != NULL)
        rh_request_fail (self->request, error);
      else
        rh_request_refuse (self->request, RH_PROBLEM_NOT_FOUND, NULL, "there is no such workspace");
      return;
    }
  *caller = (RhCaller){
    .roles = RH_ROLE_ADMIN,
    .workspace = rh_rows_int64 (rows, 0, "workspace_id"),
    .workspace_name = g_strdup (name != NULL ? name : WORKSPACE_DEFAULT),
    .name = g_strdup (peer),
    .via = g_strdup (peer),
  };
  self->then (self->request);
}

/* (transfer full) (nullable) */
static char *
token_of (RhRequest *request)
{
  const char *header = rh_request_header (request, "Authorization");
  const char *protocols = rh_request_header (request, "Sec-WebSocket-Protocol");
  g_auto (GStrv) offered = NULL;

  if (header != NULL)
    return g_strstrip (g_strdup (g_ascii_strncasecmp (header, "Bearer ", 7) == 0 ? header + 7 : ""));
  if (protocols == NULL)
    return NULL;
  offered = g_strsplit (protocols, ",", 8);
  for (guint i = 0; offered[i] != NULL; i++)
    if (g_str_has_prefix (g_strstrip (offered[i]), SUBPROTOCOL))
      return g_strdup (offered[i] + strlen (SUBPROTOCOL));
  return NULL;
}

static Identify *
identify_new (RhAuth *auth, RhRequest *request, const char *hash, void (*then) (RhRequest *request))
{
  Identify *self = g_new (Identify, 1);

  *self = (Identify){
    .auth = g_rc_box_acquire (auth), .request = rh_request_ref (request), .hash = g_strdup (hash), .then = then
  };
  return self;
}

static void
identify_peer (RhAuth *self, RhRequest *request, void (*then) (RhRequest *request))
{
  RhConnection *connection = rh_request_connection (request);
  const char *name = rh_request_header (request, WORKSPACE_HEADER);
  const char *params[] = { name != NULL ? name : WORKSPACE_DEFAULT };

  if (!rh_connection_is_unix (connection) ||
      (rh_connection_uid (connection) != 0 && rh_connection_uid (connection) != self->uid))
    {
      refuse (request, "send a token as `Authorization: Bearer rt_…`");
      return;
    }
  if (!g_utf8_validate (params[0], -1, NULL))
    {
      rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "there is no such workspace");
      return;
    }
  rh_store_call_async (rh_request_context (request)->store, &workspace_open, RH_NO_WORKSPACE, params, NULL,
                       on_workspace, identify_new (self, request, NULL, then));
}

void
rh_auth_identify (RhAuth *self, RhRequest *request, void (*then) (RhRequest *request))
{
  g_autofree char *token = NULL;
  g_autofree char *secret = NULL;
  g_autofree char *hash = NULL;
  const char *params[1];
  Identify *identify;

  g_return_if_fail (self != NULL && request != NULL && then != NULL);

  token = token_of (request);
  secret = token == NULL ? rh_cookie_of (request) : NULL;
  if (token == NULL && secret == NULL)
    {
      identify_peer (self, request, then);
      return;
    }
  hash = secret != NULL ? rh_session_hash (secret) : rh_token_hash (token);
  if (hash == NULL)
    {
      refuse (request,
              secret != NULL ? "the session is over; log in" : "the token is not of the form rt_ and 43 characters");
      return;
    }
  if (is_throttled (self, rh_request_network (request), hash))
    {
      rh_request_refuse (request, RH_PROBLEM_LIMIT, NULL, "too many failed attempts from here; wait a few seconds");
      return;
    }
  params[0] = hash;
  identify = identify_new (self, request, hash, then);
  if (secret != NULL)
    identify->csrf = rh_cookie_csrf (secret);
  rh_reads_call (rh_request_context (request)->store, secret != NULL ? &session_lookup : &token_lookup, RH_NO_WORKSPACE,
                 params, secret != NULL ? on_session : on_token, identify);
}
