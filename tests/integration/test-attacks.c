/* SPDX-License-Identifier: Apache-2.0 */

/* What is sent to do harm: in text, in paths, in bodies, by time. Who may do what is test-access.c's, logins and
 * sessions are test-auth.c's. */

#include "web-host.h"

#include "rh-auth.h"
#include "rh-routes.h"
#include "royal-json.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Under AddressSanitizer what is freed stays for a while. */
#if defined(__SANITIZE_ADDRESS__)
#define GROWTH_MAX_KB (1024 * 1024)
#else
#define GROWTH_MAX_KB (64 * 1024)
#endif

#define NOBODY_ID "00000000-0000-7000-8000-000000000000"

/* --- text --------------------------------------------------------------------------------------------------------- */

/* Each is short enough for most fields, and would do something where it were taken for more than text. */
static const char *const texts[] = {
  "'",
  "'; drop table jobs; --",
  "' or '1'='1",
  "\\'; select 1; --",
  "$1 %s %n {0}",
  "%' union select 1--",
  "\xef\xbc\x87 or 1=1",
  "<script>alert(1)</script>",
  "\"><img src=x onerror=alert(1)>",
  "javascript:alert(1)//",
  "\r\nSet-Cookie: a=b",
  "\342\200\256cod.exe",
};

/* A value that fits @schema as far as that goes, with @text for every string of no given form. */
static JsonNode *
value_of (JsonObject *schema, const char *text, gboolean whole)
{
  const char *type = royal_json_string (schema, "type", "string");
  JsonArray *values = royal_json_array (schema, "enum");
  JsonNode *node = json_node_alloc ();

  if (values != NULL)
    {
      json_node_unref (node);
      return json_node_copy (json_array_get_element (values, 0));
    }
  if (strcmp (type, "object") == 0)
    {
      JsonObject *properties = royal_json_object (schema, "properties");
      JsonArray *required = royal_json_array (schema, "required");
      g_autoptr (JsonObject) object = json_object_new ();
      JsonObjectIter iter;
      const char *name;
      JsonNode *member;

      if (properties == NULL)
        json_object_set_string_member (object, text, text);
      else
        json_object_iter_init (&iter, properties);
      while (properties != NULL && json_object_iter_next (&iter, &name, &member))
        {
          gboolean wanted = whole;

          for (guint i = 0; required != NULL && i < json_array_get_length (required); i++)
            wanted |= strcmp (json_array_get_string_element (required, i), name) == 0;
          if (wanted)
            json_object_set_member (object, name, value_of (json_node_get_object (member), text, whole));
        }
      return json_node_init_object (node, object);
    }
  if (strcmp (type, "array") == 0)
    {
      JsonObject *items = royal_json_object (schema, "items");
      g_autoptr (JsonArray) array = json_array_new ();

      if (items != NULL)
        json_array_add_element (array, value_of (items, text, whole));
      return json_node_init_array (node, array);
    }
  if (strcmp (type, "integer") == 0 || strcmp (type, "number") == 0)
    return json_node_init_int (node, MAX (1, royal_json_int (schema, "minimum", 1)));
  if (strcmp (type, "boolean") == 0)
    return json_node_init_boolean (node, TRUE);
  if (strstr (royal_json_string (schema, "pattern", ""), "{64}") != NULL)
    text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  return json_node_init_string (node, text);
}

/* (transfer full): the path with @text for each of its parameters, and for each name of the query. */
static char *
path_with (const RhRoute *route, JsonObject *operation, const char *text, gboolean whole)
{
  g_autofree char *escaped = g_uri_escape_string (text, NULL, FALSE);
  g_auto (GStrv) steps = g_strsplit (route->path, "/", -1);
  JsonArray *parameters = royal_json_array (operation, "parameters");
  g_autoptr (GString) path = NULL;
  g_autofree char *joined = NULL;

  for (guint i = 0; steps[i] != NULL; i++)
    if (*steps[i] == '{')
      {
        g_free (steps[i]);
        steps[i] = g_strdup (escaped);
      }
  joined = g_strjoinv ("/", steps);
  path = g_string_new (joined);
  for (guint i = 0; whole && parameters != NULL && i < json_array_get_length (parameters); i++)
    {
      JsonObject *parameter = json_array_get_object_element (parameters, i);

      if (strcmp (royal_json_string (parameter, "in", ""), "query") == 0)
        g_string_append_printf (path, "%c%s=%s", strchr (path->str, '?') == NULL ? '?' : '&',
                                royal_json_string (parameter, "name", ""), escaped);
    }
  return g_string_free (g_steal_pointer (&path), FALSE);
}

static gboolean
is_harmless_type (const char *type)
{
  static const char *const types[] = { "application/json", "application/problem+json", "application/jsonl",
                                       "text/plain", NULL };

  return type == NULL || g_strv_contains (types, type);
}

/* Refused or taken, an answer is data, says so, and tells nothing of what lies below. */
static void
check_answer (const RhRoute *route, const char *text, WebAnswer *answer)
{
  static const char *const below[] = { "syntax error", "unterminated",         "SQLSTATE", "relation \"",
                                       "column \"",    "invalid input syntax", "/host/",   NULL };

  if (answer->status >= 500 && answer->status != 503)
    g_error ("%s %s with `%s`: found %u: %s", route->method, route->path, text, answer->status, answer->text);
  if (!is_harmless_type (answer->type) || !answer->nosniff)
    g_error ("%s %s with `%s`: of type %s, nosniff %d", route->method, route->path, text, answer->type,
             answer->nosniff);
  if (answer->cookie != NULL && strstr (answer->cookie, "a=b") != NULL)
    g_error ("%s %s with `%s`: sets a cookie", route->method, route->path, text);
  for (guint i = 0; below[i] != NULL; i++)
    if (answer->status >= 400 && strstr (answer->text, below[i]) != NULL)
      g_error ("%s %s with `%s`: tells %s", route->method, route->path, text, answer->text);
}

static void
try_text (WebHost *host, const RhRoute *route, JsonObject *operation, const char *text, gboolean whole)
{
  g_autofree char *path = path_with (route, operation, text, whole);
  JsonObject *content = royal_json_object (royal_json_object (operation, "requestBody"), "content");
  JsonObject *schema = royal_json_object (royal_json_object (content, "application/json"), "schema");
  g_autoptr (JsonNode) body = schema != NULL ? value_of (schema, text, whole) : NULL;
  g_autofree char *sent = body != NULL ? royal_json_to_string (body) : NULL;
  const char *const keyed[] = { "Idempotency-Key", "'; drop table jobs; --", "X-Request-Id", "'\"<b>", NULL };
  g_autoptr (WebAnswer) answer = NULL;

  /* No more than the console itself is text of another kind. */
  if (!g_str_has_prefix (route->path, "/api") && route->roles == 0)
    return;
  answer = web_call (host, NULL, route->method, path, sent, keyed);
  check_answer (route, text, answer);
}

/* Everywhere that text can be put, through the document's own description of it. */
static void
test_text (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  gsize length;
  const char *document = g_bytes_get_data (rh_routes_document (), &length);
  g_autoptr (JsonNode) node = royal_json_parse (document, (gssize)length, "openapi.json", NULL);
  JsonObject *paths = royal_json_object (json_node_get_object (node), "paths");
  g_autofree char *tables = royal_test_sql_value (host->owner, "select count(*) from pg_class where relkind = 'r'");
  g_autofree char *after = NULL;

  for (const RhRoute *route = rh_routes (); route->method != NULL; route++)
    {
      g_autofree char *method = g_ascii_strdown (route->method, -1);
      JsonObject *operation = royal_json_object (royal_json_object (paths, route->path), method);

      for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
        {
          try_text (host, route, operation, texts[i], FALSE);
          try_text (host, route, operation, texts[i], TRUE);
        }
    }
  after = royal_test_sql_value (host->owner, "select count(*) from pg_class where relkind = 'r'");
  g_assert_cmpstr (tables, ==, after);
}

/* --- what is secret ----------------------------------------------------------------------------------------------- */

#define SECRET "canary-of-a-secret-4711"

/* Every answer to a question, to the one who may ask most, in a host that keeps each kind of secret. */
static void
test_secrets (void)
{
  static const char *const bytes[] = { "Content-Type", "application/octet-stream", NULL };
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) kept = web_call (host, NULL, "PUT", "/api/v1/secrets/canary", SECRET, bytes);
  g_autoptr (WebAnswer) refused = web_call (host, NULL, "PUT", "/api/v1/secrets/No", SECRET, bytes);
  g_autofree char *token = web_token (host, "admin");
  g_autofree char *hash = rh_token_hash (token);
  g_autofree char *csrf = NULL;
  g_autofree char *cookie = web_session (host, "default", "admin", FALSE, &csrf);
  g_autoptr (WebAnswer) used = web_expect (host, 200, token, "GET", "/api/v1/status", NULL);
  const char *const hidden[] = { SECRET, token, strchr (cookie, '=') + 1, csrf, hash + 2, "$argon2id$" };

  g_assert_cmpuint (kept->status, ==, 200);
  g_assert_cmpuint (refused->status, ==, 422);
  for (const RhRoute *route = rh_routes (); route->method != NULL; route++)
    {
      g_autoptr (GString) path = g_string_new (route->path);
      g_autoptr (WebAnswer) answer = NULL;

      if (strcmp (route->method, "GET") != 0)
        continue;
      g_string_replace (path, "{id}", strstr (route->path, "/users/") != NULL ? "admin-1" : NOBODY_ID, 0);
      g_string_replace (path, "{name}", "canary", 0);
      g_string_replace (path, "{week}", "1", 0);
      answer = web_call (host, NULL, "GET", path->str, NULL, NULL);
      for (guint i = 0; i < G_N_ELEMENTS (hidden); i++)
        if (strstr (answer->text, hidden[i]) != NULL)
          g_error ("%s holds the secret %u: %s", path->str, i, answer->text);
    }
  for (guint i = 0; i < G_N_ELEMENTS (hidden); i++)
    g_assert_true (strstr (kept->text, hidden[i]) == NULL && strstr (refused->text, hidden[i]) == NULL);
}

/* --- paths -------------------------------------------------------------------------------------------------------- */

static void
test_paths (void)
{
  static const char *const ways[] = {
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cetc%5cpasswd",
    "%2fetc%2fpasswd",
    "%252e%252e%252fetc%252fpasswd",
    "index.html%00.js",
    "..%c0%af..%c0%afetc/passwd",
    "....//....//etc/passwd",
    "../../../../etc/passwd",
    "./../etc/passwd",
    "/etc/passwd",
    "file:%2f%2f%2fetc%2fpasswd",
  };
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *token = web_token (host, "admin");

  for (const RhRoute *route = rh_routes (); route->method != NULL; route++)
    for (guint i = 0; strchr (route->path, '{') != NULL && i < G_N_ELEMENTS (ways); i++)
      {
        g_auto (GStrv) parts = g_strsplit (route->path, "{", 2);
        const char *rest = strchr (parts[1], '}') + 1;
        g_autoptr (GString) request = g_string_new (route->method);
        g_autofree char *answer = NULL;

        g_string_append_printf (request,
                                " %s%s%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                                "Connection: close\r\n\r\n",
                                parts[0], ways[i], rest, token);
        answer = web_raw (host, request->str, request->len, 2000);
        if (!g_str_has_prefix (answer, "HTTP/1.1 4") || strstr (answer, "root:") != NULL)
          g_error ("%s %s with %s: %s", route->method, route->path, ways[i], answer);
      }
}

/* --- heads and bodies --------------------------------------------------------------------------------------------- */

static glong
resident_kb (void)
{
  g_autofree char *text = NULL;
  const char *resident;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  resident = strchr (text, ' ');
  g_assert_nonnull (resident);
  return (glong)g_ascii_strtoll (resident, NULL, 10) * (sysconf (_SC_PAGESIZE) / 1024);
}

static void
append_many (GString *text, const char *what, guint n)
{
  for (guint i = 0; i < n; i++)
    g_string_append (text, what);
}

/* Nothing of them is answered as if it were asked for, and none costs what it weighs. */
static void
test_heads (void)
{
  static const struct {
    const char *start;
    const char *often;
    guint n;
    const char *end;
  } heads[] = {
    { "GET /healthz HTTP/1.1\r\nHost: a\r\n", "X-A: b\r\n", 200000, "\r\n" },
    { "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: ", "b", 2000000, "\r\n\r\n" },
    { "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b", "\r\n b", 400000, "\r\n\r\n" },
    { "GET /api/v1/jobs?state=", "a", 2000000, " HTTP/1.1\r\nHost: a\r\n\r\n" },
    { "GET /", "a/", 1000000, " HTTP/1.1\r\nHost: a\r\n\r\n" },
    { "GET /api/v1/status HTTP/1.1\r\nHost: a\r\nCookie: ", "royal_session=x; ", 200000, "\r\n\r\n" },
    { "", "\r\n", 1000000, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" },
  };
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) alive = NULL;
  glong before_kb = resident_kb ();

  for (guint round = 0; round < 3; round++)
    for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
      {
        g_autoptr (GString) text = g_string_new (heads[i].start);
        g_autofree char *answer = NULL;

        append_many (text, heads[i].often, heads[i].n);
        g_string_append (text, heads[i].end);
        answer = web_raw (host, text->str, text->len, 300);
        if (strstr (answer, " 200 ") != NULL)
          g_error ("head %u is answered: %s", i, answer);
      }
  alive = web_expect (host, 200, NULL, "GET", "/healthz", NULL);
  g_test_message ("resident %ld kB, then %ld kB", before_kb, resident_kb ());
  g_assert_cmpint (resident_kb () - before_kb, <, GROWTH_MAX_KB);
}

/* Two readings of where a request ends are one too many. */
static void
test_smuggling (void)
{
  static const char *const requests[] = {
    "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
    "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "Content-Length: +2\r\n\r\n{}",
    "Content-Length: 0x2\r\n\r\n{}",
    "Content-Length: 99999999999999999999\r\n\r\n{}",
    "Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}\r\n0\r\n\r\n",
  };
  static const char next[] = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";
  g_autoptr (WebHost) host = web_host_new ();

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autofree char *request =
          g_strconcat ("POST /api/v1/control/resume HTTP/1.1\r\nHost: a\r\n", requests[i], next, NULL);
      g_autofree char *answer = web_raw (host, request, strlen (request), 200);

      if (strstr (answer, "\"openapi\"") != NULL)
        g_error ("%s: what follows is answered", requests[i]);
    }
}

/* (transfer full): @n times @open, @middle, @n times @close */
static char *
nested (const char *open, const char *middle, const char *close, guint n)
{
  g_autoptr (GString) text = g_string_new (NULL);

  append_many (text, open, n);
  g_string_append (text, middle);
  append_many (text, close, n);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

#define JOB(input) "{\"agent\":\"a\",\"task\":\"t\",\"input\":" input "}"

/* The job's input is what it was, when it is made and when it is asked for. */
static void
check_input (WebHost *host, WebAnswer *made, const char *wanted)
{
  g_autofree char *path =
      g_strconcat ("/api/v1/jobs/", royal_json_string (json_node_get_object (made->json), "id", ""), NULL);
  g_autoptr (WebAnswer) got = web_expect (host, 200, NULL, "GET", path, NULL);
  WebAnswer *answers[] = { made, got };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (JsonNode) node = royal_json_parse (answers[i]->text, -1, "answer", NULL);
      g_autofree char *input = NULL;

      g_assert_nonnull (node);
      input = royal_json_canonical (json_object_get_member (json_node_get_object (node), "input"));
      g_assert_cmpstr (input, ==, wanted);
    }
}

/* Refused where it is no JSON or says two things, else kept as it is. */
static void
test_json (void)
{
  static const struct {
    guint status;
    const char *body;
    const char *back; /* the input as it comes back, canonical */
  } bodies[] = {
    { 400, JOB ("{\"a\":1,\"a\":2}") },
    { 400, JOB ("{\"a\":1e999999}") },
    { 400, JOB ("{\"a\":NaN}") },
    { 400, JOB ("{\"a\":Infinity}") },
    { 400, JOB ("{\"a\":\"\\ud800\"}") },
    { 400, JOB ("{\"a\":\"\xff\"}") },
    { 400, JOB ("{}") "{}" },
    { 400, "\xef\xbb\xbf\xff" JOB ("{}") },
    { 400, JOB ("{'a':1}") },
    { 400, JOB ("{\"a\":/* */1}") },
    { 400, JOB ("{\"a\":\"\\u0000\"}") },
    { 400, JOB ("{\"a\\u0000b\":1}") },
    { 201, JOB ("{\"a\":123456789012345678901234567890}"), "{\"a\":1.2345678901234568e+29}" },
    { 201, JOB ("{\"a\":-9223372036854775809}"), "{\"a\":-9223372036854776000}" },
    { 201, JOB ("{\"a\":1e308}"), "{\"a\":1e+308}" },
    { 201, JOB ("{\"a\":4.9e-324}"), "{\"a\":5e-324}" },
    { 201, JOB ("{\"__proto__\":{\"a\":1}}"), "{\"__proto__\":{\"a\":1}}" },
    { 400, "{\"agent\":\"a\\u0000b\",\"task\":\"t\"}" },
  };
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *deep = nested ("[", "", "]", 200000);
  g_autofree char *objects = nested ("{\"a\":", "1", "}", 100000);
  g_autofree char *open = nested ("[", "", "", 500000);
  g_autofree char *wide = nested ("1,", "1", "", 300000);
  g_autofree char *list = g_strdup_printf ("{\"agent\":\"a\",\"task\":\"t\",\"input\":{\"a\":[%s]}}", wide);
  const char *const bombs[] = { deep, objects, open };
  g_autoptr (WebAnswer) many = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (WebAnswer) answer = web_call (host, NULL, "POST", "/api/v1/jobs", bodies[i].body, NULL);

      if (answer->status != bodies[i].status)
        g_error ("%s: expected %u, found %u: %s", bodies[i].body, bodies[i].status, answer->status, answer->text);
      if (bodies[i].back != NULL)
        check_input (host, answer, bodies[i].back);
    }
  many = web_call (host, NULL, "POST", "/api/v1/jobs", list, NULL);
  g_assert_cmpuint (many->status, <, 500);
  for (guint i = 0; i < G_N_ELEMENTS (bombs); i++)
    {
      g_autoptr (WebAnswer) answer = web_call (host, NULL, "POST", "/api/v1/jobs", bombs[i], NULL);

      if (answer->status < 400 || answer->status >= 500)
        g_error ("bomb %u: found %u: %s", i, answer->status, answer->text);
    }
}

/* --- time --------------------------------------------------------------------------------------------------------- */

typedef struct {
  GPtrArray *sockets;
  const char *drip; /* what each sends again and again; NULL nothing */
} Slow;

static gboolean
is_over (GSocket *socket)
{
  char byte;

  return (g_socket_condition_check (socket, G_IO_ERR | G_IO_HUP) & (G_IO_ERR | G_IO_HUP)) != 0 ||
         (g_socket_condition_check (socket, G_IO_IN) != 0 && recv (g_socket_get_fd (socket), &byte, 1, MSG_PEEK) == 0);
}

static gboolean
are_over (gpointer data)
{
  Slow *self = data;
  gboolean over = TRUE;

  for (guint i = 0; i < self->sockets->len; i++)
    {
      over = over && is_over (self->sockets->pdata[i]);
      if (self->drip != NULL)
        (void)g_socket_send (self->sockets->pdata[i], self->drip, strlen (self->drip), NULL, NULL);
    }
  return over;
}

/* @n connections that begin with @start, go on with @drip and read nothing are ended, and hinder nobody until then. */
static void
check_slow (WebHost *host, const char *start, const char *drip, guint n)
{
  Slow slow = { .sockets = g_ptr_array_new_with_free_func (g_object_unref), .drip = drip };
  g_autoptr (WebAnswer) answer = NULL;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GSocket) socket = web_socket (host);

      (void)g_socket_send (socket, start, strlen (start), NULL, NULL);
      g_ptr_array_add (slow.sockets, g_steal_pointer (&socket));
      royal_test_spin (1);
    }
  answer = web_expect (host, 200, "", "GET", "/healthz", NULL);
  g_test_message ("%.40s", start);
  royal_test_wait_until (are_over, &slow, 20000);
  g_ptr_array_unref (slow.sockets);
}

static void
test_slow (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *token = web_token (host, "admin");
  g_autofree char *body = g_strdup_printf ("POST /api/v1/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                                           "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{",
                                           token);
  g_autofree char *chunks = g_strdup_printf ("POST /api/v1/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                                             "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
                                             token);

  rh_server_set_patience (host->server, 1);
  check_slow (host, "", NULL, 100);
  check_slow (host, "GET /healthz HT", NULL, 100);
  check_slow (host, "GET /healthz HTTP/1.1\r\nHost: a\r\n", "X-A: b\r\n", 100);
  check_slow (host, body, " ", 100);
  check_slow (host, chunks, "1\r\n \r\n", 100);
}

/* A client that asks for much and reads none of it is ended too. */
static void
test_deaf (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (GString) requests = g_string_new (NULL);

  rh_server_set_patience (host->server, 1);
  append_many (requests, "GET /api/v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n", 200);
  check_slow (host, requests->str, NULL, 20);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/attacks/text", test_text);
  g_test_add_func ("/attacks/secrets", test_secrets);
  g_test_add_func ("/attacks/paths", test_paths);
  g_test_add_func ("/attacks/heads", test_heads);
  g_test_add_func ("/attacks/smuggling", test_smuggling);
  g_test_add_func ("/attacks/json", test_json);
  g_test_add_func ("/attacks/slow", test_slow);
  g_test_add_func ("/attacks/deaf", test_deaf);
  return royal_test_run ();
}
