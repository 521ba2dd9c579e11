/* SPDX-License-Identifier: Apache-2.0 */
#include "web-host.h"

#include "rh-totp.h"
#include "royal-json.h"

#include <string.h>

#define LOGIN "/api/v1/auth/login"
#define NEW_PASSWORD "a new and longer one"

/* A browser's view: the cookie that it sends, and what its pages were told to send with it. */
typedef struct {
  WebHost *host;
  char *cookie;
  char *csrf;
} Browser;

static void
browser_clear (Browser *self)
{
  g_free (self->cookie);
  g_free (self->csrf);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Browser, browser_clear)

static const char *
member (WebAnswer *answer, const char *name)
{
  g_assert_nonnull (answer->json);
  return royal_json_string (json_node_get_object (answer->json), name, "");
}

static void
assert_problem (WebAnswer *answer, const char *type)
{
  g_autofree char *wanted = g_strconcat ("urn:royal:problem:", type, NULL);

  if (strcmp (member (answer, "type"), wanted) != 0)
    g_error ("expected %s, found %s", type, answer->text);
}

/* (transfer full): the one-time password of a new user of the workspace. */
static char *
make_user (WebHost *host, const char *workspace, const char *name, const char *role)
{
  g_autofree char *body = g_strdup_printf ("{\"user\":\"%s\",\"roles\":[\"%s\"]}", name, role);
  const char *headers[] = { "X-Royal-Workspace", workspace, NULL };
  g_autoptr (WebAnswer) answer = web_call (host, NULL, "POST", "/api/v1/auth/users", body, headers);

  if (answer->status != 201)
    g_error ("%s", answer->text);
  return g_strdup (member (answer, "password"));
}

static WebAnswer *
try_login (WebHost *host, const char *name, const char *password)
{
  g_autofree char *body = g_strdup_printf ("{\"user\":\"%s\",\"password\":\"%s\"}", name, password);

  return web_call (host, "", "POST", LOGIN, body, NULL);
}

static Browser
login (WebHost *host, const char *name, const char *password)
{
  g_autoptr (WebAnswer) answer = try_login (host, name, password);

  if (answer->status != 200)
    g_error ("%s: %s", name, answer->text);
  g_assert_nonnull (answer->cookie);
  return (Browser){ .host = host,
                    .cookie = g_strndup (answer->cookie, strcspn (answer->cookie, ";")),
                    .csrf = g_strdup (member (answer, "csrf")) };
}

/* @csrf and @origin may be NULL: then they are not sent. */
static WebAnswer *
send (Browser *self, const char *method, const char *path, const char *body, const char *csrf, const char *origin)
{
  const char *headers[7] = { "Cookie", self->cookie };
  guint n = 2;

  if (csrf != NULL)
    {
      headers[n++] = "X-CSRF-Token";
      headers[n++] = csrf;
    }
  if (origin != NULL)
    {
      headers[n++] = "Origin";
      headers[n++] = origin;
    }
  return web_call (self->host, "", method, path, body, headers);
}

static void
expect (Browser *self, guint status, const char *method, const char *path, const char *body)
{
  g_autoptr (WebAnswer) answer = send (self, method, path, body, self->csrf, NULL);

  if (answer->status != status)
    g_error ("%s %s: expected %u, found %u: %s", method, path, status, answer->status, answer->text);
}

/* The session of a new user who has changed the first password. */
static Browser
enter (WebHost *host, const char *name, const char *role)
{
  g_autofree char *first = make_user (host, "default", name, role);
  g_autofree char *body = g_strdup_printf ("{\"password\":\"%s\",\"new\":\"" NEW_PASSWORD "\"}", first);
  Browser browser = login (host, name, first);

  expect (&browser, 200, "POST", "/api/v1/auth/password", body);
  return browser;
}

static void
test_first_password (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *first = make_user (host, "default", "first", "operator");
  g_autofree char *body = g_strdup_printf ("{\"password\":\"%s\",\"new\":\"" NEW_PASSWORD "\"}", first);
  g_auto (Browser) browser = login (host, "first", first);
  g_auto (Browser) other = login (host, "first", first);
  g_autoptr (WebAnswer) me = send (&browser, "GET", "/api/v1/auth/me", NULL, NULL, NULL);

  g_assert_cmpstr (member (me, "user"), ==, "first");
  g_assert_cmpstr (member (me, "workspace"), ==, "default");
  g_assert_cmpstr (member (me, "csrf"), ==, browser.csrf);
  g_assert_true (royal_json_boolean (json_node_get_object (me->json), "must_change_password", FALSE));
  expect (&browser, 403, "GET", "/api/v1/jobs", NULL);
  expect (&browser, 422, "POST", "/api/v1/auth/password", "{\"password\":\"x\",\"new\":\"short\"}");
  expect (&browser, 403, "POST", "/api/v1/auth/password", "{\"password\":\"x\",\"new\":\"" NEW_PASSWORD "\"}");
  expect (&browser, 200, "POST", "/api/v1/auth/password", body);
  expect (&browser, 200, "GET", "/api/v1/jobs", NULL);
  expect (&browser, 403, "GET", "/api/v1/auth/users", NULL);
  /* What was open with the old password is over. */
  expect (&other, 401, "GET", "/api/v1/auth/me", NULL);
  expect (&browser, 200, "POST", "/api/v1/auth/logout", NULL);
  expect (&browser, 401, "GET", "/api/v1/auth/me", NULL);
}

static void
test_cookie (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *first = make_user (host, "default", "cookie", "viewer");
  g_autofree char *body = g_strdup_printf ("{\"user\":\"cookie\",\"password\":\"%s\"}", first);
  const char *const proxied[] = { "X-Forwarded-Proto", "https", NULL };
  const char *const forwarded[] = { "X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https", NULL };
  const char *const planted[] = { "Cookie", "royal_session=rs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL };
  const char *const foreign[] = { "Origin", "https://evil.example", NULL };
  g_autoptr (WebAnswer) plain = web_call (host, "", "POST", LOGIN, body, planted);
  g_autoptr (WebAnswer) claimed = web_call (host, "", "POST", LOGIN, body, proxied);
  g_autoptr (WebAnswer) secure = NULL;
  g_autoptr (WebAnswer) evil = web_call (host, "", "POST", LOGIN, body, foreign);
  g_autoptr (WebAnswer) fixed = web_call (host, "", "GET", "/api/v1/auth/me", NULL, planted);
  g_autofree char *kept = NULL;

  g_assert_cmpuint (plain->status, ==, 200);
  g_assert_true (g_str_has_prefix (plain->cookie, "royal_session=rs_"));
  g_assert_true (g_str_has_suffix (plain->cookie, "; HttpOnly; SameSite=Strict; Path=/"));
  /* Anyone may claim that it came over TLS; a proxy of ours is believed. */
  g_assert_true (g_str_has_suffix (claimed->cookie, "; Path=/"));
  g_assert_true (rh_server_trust_proxies (host->server, "127.0.0.0/8", NULL));
  secure = web_call (host, "", "POST", LOGIN, body, forwarded);
  g_assert_true (g_str_has_suffix (secure->cookie, "; Secure"));
  /* The secret is new each time; one that was planted before a login is nobody's after it. */
  g_assert_null (strstr (plain->cookie, "AAAAAAAA"));
  g_assert_cmpstr (plain->cookie, !=, secure->cookie);
  g_assert_cmpuint (fixed->status, ==, 401);
  g_assert_cmpuint (evil->status, ==, 403);
  assert_problem (evil, "csrf");
  g_assert_null (evil->cookie);
  /* No secret is in the database, nor the password. */
  kept = royal_test_sql_value (host->owner, "select count (*) from sessions s where s::text like '%rs_%'");
  g_assert_cmpstr (kept, ==, "0");
}

static void
test_csrf (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_auto (Browser) browser = enter (host, "csrf", "admin");
  g_auto (Browser) other = login (host, "csrf", NEW_PASSWORD);
  g_autofree char *origin = g_strdup_printf ("http://127.0.0.1:%u", host->port);
  static const char path[] = "/api/v1/control/resume";
  g_autoptr (WebAnswer) without = send (&browser, "POST", path, NULL, NULL, NULL);
  g_autoptr (WebAnswer) wrong = send (&browser, "POST", path, NULL, "x", NULL);
  g_autoptr (WebAnswer) others = send (&browser, "POST", path, NULL, other.csrf, NULL);
  g_autoptr (WebAnswer) foreign = send (&browser, "POST", path, NULL, browser.csrf, "http://127.0.0.1:1");
  g_autoptr (WebAnswer) opaque = send (&browser, "POST", path, NULL, browser.csrf, "null");
  g_autoptr (WebAnswer) own = send (&browser, "POST", path, NULL, browser.csrf, origin);
  const char *const upgrade[] = { "Cookie",  browser.cookie, "Origin", "http://evil.example",
                                  "Upgrade", "websocket",    NULL };
  const char *const cross[] = { "Cookie", browser.cookie, "X-CSRF-Token", browser.csrf, "Sec-Fetch-Site", "same-site",
                                NULL };
  g_autoptr (WebAnswer) feed = web_call (host, "", "GET", "/api/v1/events", NULL, upgrade);
  g_autoptr (WebAnswer) site = web_call (host, "", "POST", path, NULL, cross);

  assert_problem (without, "csrf");
  assert_problem (wrong, "csrf");
  assert_problem (others, "csrf");
  assert_problem (foreign, "csrf");
  assert_problem (opaque, "csrf");
  assert_problem (feed, "csrf");
  assert_problem (site, "csrf");
  g_assert_cmpuint (without->status, ==, 403);
  g_assert_cmpuint (own->status, ==, 200);
}

/* The n-th wrong password locks, for a user that there is and for one that there is not, with the same words. */
static void
test_lockout (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_auto (Browser) browser = enter (host, "lock", "viewer");
  static const char *const names[] = { "lock", "nobody" };
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      guint tries = 0;
      g_autoptr (WebAnswer) answer = try_login (host, names[i], "wrong");

      g_ptr_array_add (texts, g_strdup (member (answer, "detail")));
      while (answer->status == 401 && ++tries < 20)
        {
          g_clear_pointer (&answer, web_answer_free);
          answer = try_login (host, names[i], "wrong");
        }
      g_assert_cmpuint (answer->status, ==, 429);
      g_assert_cmpuint (tries, ==, 6);
      g_ptr_array_add (texts, g_strdup (member (answer, "type")));
    }
  /* A name that nobody has is answered as one that somebody has. */
  g_assert_cmpstr (texts->pdata[0], ==, texts->pdata[2]);
  g_assert_cmpstr (texts->pdata[1], ==, texts->pdata[3]);
  royal_test_sql (host->owner, "update login_attempts set locked_until = now () + interval '10 minutes'"
                               " where key = 'user:lock'");
  {
    g_autoptr (WebAnswer) right = try_login (host, "lock", NEW_PASSWORD);
    g_autoptr (WebAnswer) unlocked =
        web_expect (host, 200, NULL, "PATCH", "/api/v1/auth/users/lock", "{\"unlock\":true}");
    g_autoptr (WebAnswer) again = try_login (host, "lock", NEW_PASSWORD);

    g_assert_cmpuint (right->status, ==, 429);
    g_assert_cmpuint (again->status, ==, 200);
  }
  /* Whoever is in stays in. */
  expect (&browser, 200, "GET", "/api/v1/auth/me", NULL);
  royal_test_sql (host->owner, "delete from login_attempts");
}

static void
test_users (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_auto (Browser) admin = enter (host, "boss", "admin");
  g_auto (Browser) worker = enter (host, "worker", "operator");
  g_autofree char *elsewhere = make_user (host, "other", "elsewhere", "admin");
  const char *const other[] = { "X-Royal-Workspace", "other", NULL };
  g_autoptr (WebAnswer) taken = NULL;

  expect (&admin, 409, "POST", "/api/v1/auth/users", "{\"user\":\"worker\",\"roles\":[\"viewer\"]}");
  expect (&admin, 422, "POST", "/api/v1/auth/users", "{\"user\":\"unix:0\",\"roles\":[\"viewer\"]}");
  expect (&admin, 422, "POST", "/api/v1/auth/users", "{\"user\":\"x\",\"roles\":[\"king\"]}");
  /* Another workspace's users are nobody here; they cannot be taken in either. */
  expect (&admin, 404, "GET", "/api/v1/auth/users/elsewhere", NULL);
  expect (&admin, 404, "PATCH", "/api/v1/auth/users/elsewhere", "{\"reset_password\":true}");
  expect (&admin, 409, "POST", "/api/v1/auth/users", "{\"user\":\"elsewhere\",\"roles\":[\"viewer\"]}");
  /* Who is in two workspaces is not one's to reset: that would open the other. */
  taken = web_call (host, NULL, "POST", "/api/v1/auth/users", "{\"user\":\"worker\",\"roles\":[\"admin\"]}", other);
  g_assert_cmpuint (taken->status, ==, 201);
  expect (&admin, 403, "PATCH", "/api/v1/auth/users/worker", "{\"reset_password\":true}");
  expect (&admin, 403, "PATCH", "/api/v1/auth/users/worker", "{\"disabled\":true}");
  /* Roles are looked at anew with each request. */
  expect (&worker, 200, "POST", "/api/v1/control/resume", NULL);
  expect (&admin, 200, "PATCH", "/api/v1/auth/users/worker", "{\"roles\":[\"viewer\"]}");
  expect (&worker, 403, "POST", "/api/v1/control/resume", NULL);
  expect (&admin, 200, "DELETE", "/api/v1/auth/users/worker/sessions", NULL);
  expect (&worker, 401, "GET", "/api/v1/auth/me", NULL);
  expect (&admin, 200, "DELETE", "/api/v1/auth/users/worker", NULL);
  expect (&admin, 404, "GET", "/api/v1/auth/users/worker", NULL);
}

static void
test_disabled (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_auto (Browser) browser = enter (host, "leaver", "viewer");
  g_autoptr (WebAnswer) disabled =
      web_expect (host, 200, NULL, "PATCH", "/api/v1/auth/users/leaver", "{\"disabled\":true}");
  g_autoptr (WebAnswer) refused = try_login (host, "leaver", NEW_PASSWORD);

  expect (&browser, 401, "GET", "/api/v1/auth/me", NULL);
  g_assert_cmpuint (refused->status, ==, 401);
  g_assert_true (royal_json_boolean (json_node_get_object (disabled->json), "disabled", FALSE));
}

/* A decision names the person. */
static void
test_actor (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_auto (Browser) browser = enter (host, "anna", "approver");
  g_autofree char *proposal = web_proposal (host);
  g_autofree char *path = g_strdup_printf ("/api/v1/approvals/%s/approve", proposal);
  g_autofree char *who = NULL;

  expect (&browser, 200, "POST", path,
          "{\"digest\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}");
  who = royal_test_sql_value (host->owner, "select actor || ' ' || (via like 'user:%') || ' ' || role from approvals"
                                           " order by at desc limit 1");
  g_assert_cmpstr (who, ==, "anna true approver");
}

/* RFC 6238, appendix B: the last six of the eight digits. */
static void
test_totp_vectors (void)
{
  static const struct {
    gint64 at;
    const char *code;
  } vectors[] = { { 59, "287082" },         { 1111111109, "081804" }, { 1111111111, "050471" },
                  { 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" } };
  const guint8 *key = (const guint8 *)"12345678901234567890";
  g_autofree char *text = rh_totp_base32 ((const guint8 *)"foobar", 6);
  gint64 step = 0;

  g_assert_cmpstr (text, ==, "MZXW6YTBOI");
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *code = rh_totp_code (key, 20, (guint64)vectors[i].at / 30);

      g_assert_cmpstr (code, ==, vectors[i].code);
      for (gint64 off = -90; off <= 90; off += 30)
        {
          gboolean right = rh_totp_check (key, 20, code, MAX (vectors[i].at + off, 30), &step);

          if (vectors[i].at > 120)
            g_assert_cmpint (right, ==, ABS (off) <= 30);
          if (right)
            g_assert_cmpint (step, ==, vectors[i].at / 30);
        }
    }
  g_assert_false (rh_totp_check (key, 20, "28708", 59, &step));
}

static GBytes *
from_base32 (const char *text)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint held = 0, bits = 0;

  for (; *text != '\0'; text++)
    {
      guint8 byte;

      held = held << 5 | (guint)(*text >= 'A' ? *text - 'A' : *text - '2' + 26);
      bits += 5;
      if (bits < 8)
        continue;
      byte = (guint8)(held >> (bits - 8));
      g_byte_array_append (bytes, &byte, 1);
      bits -= 8;
      held &= (1u << bits) - 1;
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

/* A login with the code of @off steps from now. */
static WebAnswer *
login_with (WebHost *host, GBytes *key, gint64 off)
{
  guint64 step = (guint64)(g_get_real_time () / G_USEC_PER_SEC / RH_TOTP_STEP_S + off);
  g_autofree char *code = rh_totp_code (g_bytes_get_data (key, NULL), g_bytes_get_size (key), step);
  g_autofree char *body =
      g_strdup_printf ("{\"user\":\"second\",\"password\":\"" NEW_PASSWORD "\",\"code\":\"%s\"}", code);

  return web_call (host, "", "POST", LOGIN, body, NULL);
}

static void
test_totp (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_auto (Browser) browser = enter (host, "second", "viewer");
  g_autoptr (WebAnswer) enrolled = send (&browser, "POST", "/api/v1/auth/totp/enroll", NULL, browser.csrf, NULL);
  g_autoptr (GBytes) key = from_base32 (member (enrolled, "secret"));
  g_autofree char *code = NULL;
  g_autofree char *body = NULL;
  g_autoptr (WebAnswer) early = try_login (host, "second", NEW_PASSWORD);
  g_autoptr (WebAnswer) without = NULL;
  g_autoptr (WebAnswer) wrong = NULL;
  g_autoptr (WebAnswer) right = NULL;
  g_autoptr (WebAnswer) again = NULL;

  g_assert_cmpuint (g_bytes_get_size (key), ==, RH_TOTP_BYTES);
  /* Until it is confirmed it does not count. */
  g_assert_cmpuint (early->status, ==, 200);
  expect (&browser, 403, "POST", "/api/v1/auth/totp/confirm", "{\"code\":\"abcdef\"}");
  code = rh_totp_code (g_bytes_get_data (key, NULL), RH_TOTP_BYTES,
                       (guint64)(g_get_real_time () / G_USEC_PER_SEC / RH_TOTP_STEP_S));
  body = g_strdup_printf ("{\"code\":\"%s\"}", code);
  expect (&browser, 200, "POST", "/api/v1/auth/totp/confirm", body);
  expect (&browser, 409, "POST", "/api/v1/auth/totp/enroll", NULL);
  without = try_login (host, "second", NEW_PASSWORD);
  g_assert_cmpuint (without->status, ==, 401);
  g_assert_cmpstr (member (without, "pointer"), ==, "/code");
  wrong = login_with (host, key, 40);
  g_assert_cmpuint (wrong->status, ==, 401);
  right = login_with (host, key, 1);
  g_assert_cmpuint (right->status, ==, 200);
  again = login_with (host, key, 1);
  g_assert_cmpuint (again->status, ==, 401);
  g_assert_null (again->cookie);
  {
    g_autoptr (WebAnswer) reset =
        web_expect (host, 200, NULL, "PATCH", "/api/v1/auth/users/second", "{\"reset_totp\":true}");
    g_autoptr (WebAnswer) plain = try_login (host, "second", NEW_PASSWORD);

    g_assert_cmpuint (plain->status, ==, 200);
  }
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/auth/first-password", test_first_password);
  g_test_add_func ("/auth/cookie", test_cookie);
  g_test_add_func ("/auth/csrf", test_csrf);
  g_test_add_func ("/auth/lockout", test_lockout);
  g_test_add_func ("/auth/users", test_users);
  g_test_add_func ("/auth/disabled", test_disabled);
  g_test_add_func ("/auth/actor", test_actor);
  g_test_add_func ("/auth/totp-vectors", test_totp_vectors);
  g_test_add_func ("/auth/totp", test_totp);
  return royal_test_run ();
}
