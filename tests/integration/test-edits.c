/* SPDX-License-Identifier: Apache-2.0 */
#include "web-host.h"

#include "rh-routes.h"
#include "royal-json.h"

#include <libpq-fe.h>
#include <string.h>

/* What is edited is read with its state, and written only while it is in that state; what is made with a key is made
 * once. */

#define ANNA "/api/v1/auth/users/anna"
#define GOALS "/api/v1/goals"
#define WAIT_MS 10000

static const char *
member (WebAnswer *answer, const char *name)
{
  g_assert_nonnull (answer->json);
  return royal_json_string (json_node_get_object (answer->json), name, "");
}

static WebAnswer *
ask (WebHost *host,
     guint status,
     const char *method,
     const char *path,
     const char *body,
     const char *header,
     const char *value)
{
  WebAnswer *answer = web_call (host, NULL, method, path, body, (const char *[]){ header, value, NULL });

  if (answer->status != status)
    g_error ("%s %s, %s: %s: expected %u, found %u: %s", method, path, header, value, status, answer->status,
             answer->text);
  return answer;
}

static void
expect (WebHost *host,
        guint status,
        const char *method,
        const char *path,
        const char *body,
        const char *header,
        const char *value)
{
  g_autoptr (WebAnswer) answer = ask (host, status, method, path, body, header, value);
}

/* (transfer full): what @path answers now */
static WebAnswer *
read_now (WebHost *host, const char *path)
{
  WebAnswer *answer = web_expect (host, 200, NULL, "GET", path, NULL);

  g_assert_nonnull (answer->etag);
  g_assert_cmpuint (strlen (answer->etag), ==, 34);
  return answer;
}

static WebHost *
host_with_anna (void)
{
  WebHost *host = web_host_new ();
  g_autoptr (WebAnswer) made = NULL;

  royal_test_sql (host->owner, "delete from users where name = 'anna'; delete from workspace_goals");
  made = web_expect (host, 201, NULL, "POST", "/api/v1/auth/users", "{\"user\":\"anna\",\"roles\":[\"viewer\"]}");
  return host;
}

static void
test_read (void)
{
  static const char *const paths[] = { ANNA, GOALS };
  g_autoptr (WebHost) host = host_with_anna ();

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (WebAnswer) first = read_now (host, paths[i]);
      g_autoptr (WebAnswer) again = read_now (host, paths[i]);
      g_autofree char *weak = g_strconcat ("\"other\", W/", first->etag, NULL);
      g_autoptr (WebAnswer) known = ask (host, 304, "GET", paths[i], NULL, "If-None-Match", first->etag);

      g_assert_cmpstr (first->etag, ==, again->etag);
      g_assert_cmpstr (known->text, ==, "");
      g_assert_cmpstr (known->etag, ==, first->etag);
      expect (host, 304, "GET", paths[i], NULL, "If-None-Match", weak);
      expect (host, 304, "HEAD", paths[i], NULL, "If-None-Match", "*");
      expect (host, 200, "GET", paths[i], NULL, "If-None-Match", "\"other\"");
      expect (host, 400, "GET", paths[i], NULL, "If-None-Match", "other");
    }
  expect (host, 404, "GET", "/api/v1/auth/users/nobody", NULL, "If-None-Match", "*");
}

/* @write changes what @path answers, @method being the way to; @same is what must not have been changed by what is
 * refused. */
static void
check_writes (WebHost *host, const char *method, const char *path, const char *write, const char *other)
{
  static const char *const malformed[] = { "no", "\"a\" \"b\"", "\"a", "*, \"a\"", "", "\"a\", b" };
  static const char *const names_none[] = { "\"other\"", "\"aa\\\"", "\"aa,*\"", "\"*\"", "\"{*}\"" };
  g_autoptr (WebAnswer) seen = read_now (host, path);
  g_autofree char *weak = g_strconcat ("W/", seen->etag, NULL);
  g_autofree char *many = g_strconcat ("\"other\" ,, ", seen->etag, NULL);
  g_autoptr (WebAnswer) changed = NULL;
  g_autoptr (WebAnswer) stale = NULL;
  g_autoptr (WebAnswer) still = NULL;
  g_autoptr (WebAnswer) last = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (malformed); i++)
    expect (host, 400, method, path, write, "If-Match", malformed[i]);
  for (guint i = 0; i < G_N_ELEMENTS (names_none); i++)
    expect (host, 412, method, path, write, "If-Match", names_none[i]);
  expect (host, 412, method, path, write, "If-Match", weak);
  changed = read_now (host, path);
  g_assert_cmpstr (changed->text, ==, seen->text);

  expect (host, 200, method, path, write, "If-Match", many);
  g_clear_pointer (&changed, web_answer_free);
  changed = read_now (host, path);
  g_assert_cmpstr (changed->etag, !=, seen->etag);
  stale = ask (host, 412, method, path, other, "If-Match", seen->etag);
  g_assert_cmpstr (stale->type, ==, "application/problem+json");
  g_assert_cmpstr (member (stale, "type"), ==, "urn:royal:problem:precondition");
  g_assert_nonnull (strstr (member (stale, "detail"), "read it again"));
  g_assert_cmpstr (stale->etag, ==, changed->etag);
  still = read_now (host, path);
  g_assert_cmpstr (still->text, ==, changed->text);

  expect (host, 200, method, path, other, "If-Match", stale->etag);
  expect (host, 200, method, path, write, "If-Match", "*");
  last = web_expect (host, 200, NULL, method, path, other);
}

static void
test_user (void)
{
  g_autoptr (WebHost) host = host_with_anna ();
  g_autoptr (WebAnswer) seen = NULL;
  g_autoptr (WebAnswer) gone = NULL;

  check_writes (host, "PATCH", ANNA, "{\"roles\":[\"operator\"]}", "{\"roles\":[\"approver\"]}");
  seen = read_now (host, ANNA);
  expect (host, 412, "PATCH", ANNA, "{\"reset_password\":true}", "If-Match", "\"other\"");
  expect (host, 412, "DELETE", ANNA, NULL, "If-Match", "\"other\"");
  expect (host, 400, "DELETE", ANNA, NULL, "If-Match", "other");
  gone = read_now (host, ANNA);
  g_assert_cmpstr (gone->text, ==, seen->text);
  expect (host, 200, "PATCH", ANNA, "{\"reset_password\":true,\"name\":\"Anna\"}", "If-Match", seen->etag);
  expect (host, 412, "DELETE", ANNA, NULL, "If-Match", seen->etag);
  expect (host, 200, "DELETE", ANNA, NULL, "If-Match", "*");
  expect (host, 404, "DELETE", ANNA, NULL, "If-Match", "*");
}

/* Each may be what another looks at: a goal that somebody else has set meanwhile is none that was seen. */
static void
test_goals (void)
{
  g_autoptr (WebHost) host = host_with_anna ();

  check_writes (host, "PUT", GOALS, "{\"margin\":0.4}", "{\"margin\":0.5,\"revenue\":1000}");
}

/* Another workspace's tag is of its own things. */
static void
test_workspaces (void)
{
  g_autoptr (WebHost) host = host_with_anna ();
  g_autoptr (WebAnswer) set = web_expect (host, 200, NULL, "PUT", GOALS, "{\"margin\":0.4}");
  g_autoptr (WebAnswer) seen = read_now (host, GOALS);
  g_autoptr (WebAnswer) other =
      web_call (host, NULL, "PUT", GOALS, "{\"margin\":0.9}",
                (const char *[]){ "X-Royal-Workspace", "other", "If-Match", seen->etag, NULL });

  g_assert_cmpuint (other->status, ==, 412);
}

/* --- The document ------------------------------------------------------------------------------------------------- */

static gboolean
takes_header (JsonObject *operation, const char *name)
{
  JsonArray *parameters = royal_json_array (operation, "parameters");

  for (guint i = 0; parameters != NULL && i < json_array_get_length (parameters); i++)
    {
      JsonObject *parameter = json_array_get_object_element (parameters, i);

      if (strcmp (royal_json_string (parameter, "name", ""), name) == 0)
        {
          g_assert_cmpstr (royal_json_string (parameter, "in", ""), ==, "header");
          return TRUE;
        }
    }
  return FALSE;
}

static void
check_read_described (JsonObject *read)
{
  JsonObject *responses = royal_json_object (read, "responses");
  JsonObject *ok = royal_json_object (responses, "200");

  g_assert_true (takes_header (read, "If-None-Match"));
  g_assert_nonnull (royal_json_object (royal_json_object (ok, "headers"), "ETag"));
  g_assert_nonnull (royal_json_object (responses, "304"));
}

/* What is written with `If-Match` is read with an ETag, at the same path; and that is so of what is tested above. */
static void
test_document (void)
{
  gsize length;
  const char *text = g_bytes_get_data (rh_routes_document (), &length);
  g_autoptr (JsonNode) node = royal_json_parse (text, (gssize)length, "openapi.json", NULL);
  JsonObject *root = json_node_get_object (node);
  JsonObject *changed =
      royal_json_object (royal_json_object (royal_json_object (root, "components"), "responses"), "Changed");
  g_autoptr (GString) found = g_string_new (NULL);

  g_assert_nonnull (royal_json_object (royal_json_object (changed, "headers"), "ETag"));
  g_assert_nonnull (royal_json_object (royal_json_object (changed, "content"), "application/problem+json"));
  for (const RhRoute *route = rh_routes (); route->method != NULL; route++)
    {
      g_autofree char *method = g_ascii_strdown (route->method, -1);
      JsonObject *path = royal_json_object (royal_json_object (root, "paths"), route->path);
      JsonObject *operation = royal_json_object (path, method);
      JsonObject *refused = royal_json_object (royal_json_object (operation, "responses"), "412");

      g_assert_cmpint (takes_header (operation, "If-Match"), ==, refused != NULL);
      if (refused == NULL)
        continue;
      g_assert_cmpstr (royal_json_string (refused, "$ref", ""), ==, "#/components/responses/Changed");
      check_read_described (royal_json_object (path, "get"));
      g_string_append_printf (found, "%s %s\n", route->method, route->path);
    }
  g_assert_cmpstr (found->str, ==,
                   "PATCH /api/v1/auth/users/{id}\nDELETE /api/v1/auth/users/{id}\nPUT /api/v1/goals\n");
}

/* --- Two at once -------------------------------------------------------------------------------------------------- */

typedef struct {
  SoupMessage *message;
  GAsyncResult *result;
} Sent;

static void
send_match (WebHost *host, Sent *sent, const char *method, const char *path, const char *body, const char *etag)
{
  g_autofree char *uri = g_strconcat ("http://localhost", path, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));

  *sent = (Sent){ .message = soup_message_new (method, uri) };
  soup_message_set_request_body_from_bytes (sent->message, "application/json", bytes);
  soup_message_headers_replace (soup_message_get_request_headers (sent->message), "If-Match", etag);
  soup_session_send_and_read_async (host->unix_session, sent->message, G_PRIORITY_DEFAULT, NULL, royal_test_result,
                                    &sent->result);
}

static guint
status_of (WebHost *host, Sent *sent)
{
  g_autoptr (SoupMessage) message = sent->message;
  g_autoptr (GAsyncResult) done = royal_test_wait (&sent->result);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = soup_session_send_and_read_finish (host->unix_session, done, &error);

  g_assert_no_error (error);
  g_assert_nonnull (bytes);
  return soup_message_get_status (message);
}

static gboolean
two_wait (gpointer owner)
{
  g_autofree char *n = royal_test_sql_value (
      owner, "select count (*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ '_match '");

  return strcmp (n, "2") == 0;
}

static void
run (PGconn *connection, const char *sql)
{
  PGresult *result = PQexec (connection, sql);

  if (PQresultStatus (result) != PGRES_COMMAND_OK && PQresultStatus (result) != PGRES_TUPLES_OK)
    g_error ("%s: %s", sql, PQerrorMessage (connection));
  PQclear (result);
}

/* Both are in the database before either may go on: exactly one has seen what is there. */
static void
check_race (WebHost *host, const char *lock, const char *method, const char *path, const char *a, const char *b)
{
  PGconn *holder = PQconnectdb (host->owner);
  g_autoptr (WebAnswer) seen = read_now (host, path);
  g_autoptr (WebAnswer) now = NULL;
  Sent first, second;
  guint one, two;

  run (holder, "begin");
  run (holder, lock);
  send_match (host, &first, method, path, a, seen->etag);
  send_match (host, &second, method, path, b, seen->etag);
  royal_test_wait_until (two_wait, host->owner, WAIT_MS);
  run (holder, "commit");
  PQfinish (holder);
  one = status_of (host, &first);
  two = status_of (host, &second);
  g_assert_cmpuint (MIN (one, two), ==, 200);
  g_assert_cmpuint (MAX (one, two), ==, 412);
  now = read_now (host, path);
  g_assert_cmpstr (now->etag, !=, seen->etag);
}

static void
test_race (void)
{
  g_autoptr (WebHost) host = host_with_anna ();

  check_race (host, "select from users where name = 'anna' for update", "PATCH", ANNA, "{\"roles\":[\"operator\"]}",
              "{\"roles\":[\"approver\"]}");
  check_race (host, "select from workspaces where name = 'default' for no key update", "PUT", GOALS, "{\"margin\":0.4}",
              "{\"margin\":0.5}");
}

/* --- What is made once, and of what it was made ------------------------------------------------------------------- */

/* (transfer full): the member @name of what a POST with that key makes. */
static char *
made_once (WebHost *host, const char *token, const char *path, const char *body, const char *key, const char *name)
{
  g_autoptr (WebAnswer) made =
      web_call (host, token, "POST", path, body, (const char *[]){ "Idempotency-Key", key, NULL });

  if (made->status != 201)
    g_error ("POST %s: %u: %s", path, made->status, made->text);
  return g_strdup (member (made, name));
}

/* What is made with a key is made once; a key is one caller's, of one kind of thing. */
static void
test_once (void)
{
  static const struct {
    const char *path;
    const char *body;
    const char *name; /* what tells one from another */
  } cases[] = {
    { "/api/v1/simulations", "{\"definition\":{\"name\":\"w\",\"steps\":[{\"id\":\"a\",\"wait\":{\"for_s\":1}}]}}",
      "id" },
    { "/api/v1/control/changes", "{\"action\":\"envelope.revoke\",\"target\":\"e\",\"parameters\":{}}", "key" },
  };
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *one = web_token (host, "operator");
  g_autofree char *two = web_token (host, "operator");
  g_autofree char *longest = g_strnfill (200, 'k');
  g_autofree char *too_long = g_strnfill (201, 'k');
  const char *bad[] = { "", too_long };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *path = cases[i].path, *body = cases[i].body, *name = cases[i].name;
      g_autofree char *first = made_once (host, one, path, body, longest, name);
      g_autofree char *again = made_once (host, one, path, body, longest, name);
      g_autofree char *other = made_once (host, one, path, body, "k2", name);
      g_autofree char *others = made_once (host, two, path, body, longest, name);

      g_assert_cmpuint (strlen (first), >, 0);
      g_assert_cmpstr (first, ==, again);
      g_assert_cmpstr (first, !=, other);
      g_assert_cmpstr (first, !=, others);
      for (guint b = 0; b < G_N_ELEMENTS (bad); b++)
        {
          g_autoptr (WebAnswer) refused =
              web_call (host, one, "POST", path, body, (const char *[]){ "Idempotency-Key", bad[b], NULL });

          if (refused->status != 422)
            g_error ("POST %s, key %u: %u", path, b, refused->status);
          g_assert_cmpstr (member (refused, "type"), ==, "urn:royal:problem:invalid");
        }
    }
}

/* A job's key may stand in its body too: then it is the same one. */
static void
test_two_keys (void)
{
  static const char body[] = "{\"agent\":\"markdown\",\"task\":\"week\",\"idempotency_key\":\"k3\"}";
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *token = web_token (host, "operator");
  g_autofree char *same = made_once (host, token, "/api/v1/jobs", body, "k3", "id");
  g_autoptr (WebAnswer) alone = web_expect (host, 201, token, "POST", "/api/v1/jobs", body);
  g_autoptr (WebAnswer) other =
      web_call (host, token, "POST", "/api/v1/jobs", body, (const char *[]){ "Idempotency-Key", "k4", NULL });

  g_assert_cmpstr (member (alone, "id"), ==, same);
  g_assert_cmpuint (other->status, ==, 422);
  g_assert_cmpstr (member (other, "pointer"), ==, "/idempotency_key");
}

/* What a change was made of goes to the gate with it. */
static void
test_change (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) made = web_expect (host, 201, NULL, "POST", "/api/v1/control/changes",
                                           "{\"action\":\"envelope.revoke\",\"target\":\"e\",\"parameters\":{},"
                                           "\"seen\":{\"state\":\"granted\"}}");

  g_assert_cmpstr (member (made, "reason"), ==, "{\"state\":\"granted\"}");
  g_assert_cmpstr (member (made, "key"), ==, "");
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/edits/read", test_read);
  g_test_add_func ("/edits/user", test_user);
  g_test_add_func ("/edits/goals", test_goals);
  g_test_add_func ("/edits/workspaces", test_workspaces);
  g_test_add_func ("/edits/document", test_document);
  g_test_add_func ("/edits/race", test_race);
  g_test_add_func ("/edits/once", test_once);
  g_test_add_func ("/edits/two-keys", test_two_keys);
  g_test_add_func ("/edits/change", test_change);
  return royal_test_run ();
}
