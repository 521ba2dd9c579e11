/* SPDX-License-Identifier: Apache-2.0 */
#include "web-host.h"

#include "rh-routes.h"
#include "royal-json.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define NOBODY_ID "00000000-0000-7000-8000-000000000000"

static const char *const role_names[] = { "viewer", "approver", "operator", "developer", "admin" };

static const char *
member (WebAnswer *answer, const char *name)
{
  g_assert_nonnull (answer->json);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (answer->json));
  return royal_json_string (json_node_get_object (answer->json), name, "");
}

static void
assert_problem (WebAnswer *answer, const char *kind)
{
  g_autofree char *type = g_strconcat ("urn:royal:problem:", kind, NULL);

  g_assert_cmpstr (answer->type, ==, "application/problem+json");
  g_assert_cmpstr (member (answer, "type"), ==, type);
  g_assert_cmpint (royal_json_int (json_node_get_object (answer->json), "status", 0), ==, answer->status);
  g_assert_cmpstr (member (answer, "detail"), !=, "");
  g_assert_cmpstr (member (answer, "request_id"), ==, answer->id);
}

/* A path of the route: its parameter is something that is not there. */
static char *
path_of (const RhRoute *route)
{
  g_autoptr (GString) path = g_string_new (route->path);

  g_string_replace (path, "{id}", NOBODY_ID, 0);
  g_string_replace (path, "{kind}", "stores", 0);
  return g_string_free (g_steal_pointer (&path), FALSE);
}

static void
test_health (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) health = web_expect (host, 200, NULL, "GET", "/healthz", NULL);
  g_autoptr (WebAnswer) ready = web_expect (host, 200, "", "GET", "/readyz", NULL);
  g_autoptr (WebAnswer) metrics = web_expect (host, 200, "", "GET", "/metrics", NULL);
  g_autoptr (WebAnswer) document = web_expect (host, 200, "", "GET", "/api/v1/openapi.json", NULL);
  g_autoptr (WebAnswer) unready = NULL;
  struct stat st;

  g_assert_cmpstr (member (health, "status"), ==, "ok");
  g_assert_nonnull (ready->json);
  g_assert_nonnull (strstr (metrics->text, "# TYPE royal_"));
  g_assert_cmpstr (member (document, "openapi"), ==, "3.1.0");
  host->ready = FALSE;
  unready = web_expect (host, 503, NULL, "GET", "/readyz", NULL);
  g_assert_nonnull (strstr (unready->text, "\"database\""));
  g_assert_cmpint (g_stat (host->socket, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0660);
}

/* The console lies in the binary, for anyone; nothing else is given out beside it. */
static void
test_console (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) page = web_expect (host, 200, "", "GET", "/", NULL);
  g_autoptr (WebAnswer) head = web_expect (host, 200, "", "HEAD", "/", NULL);
  g_autoptr (WebAnswer) current = web_call (host, "", "GET", "/", NULL, (const char *[]){ "If-None-Match", "*", NULL });
  g_autoptr (WebAnswer) changed =
      web_call (host, "", "GET", "/", NULL, (const char *[]){ "If-None-Match", "\"no\"", NULL });
  g_autoptr (WebAnswer) icon = web_expect (host, 200, "", "GET", "/assets/icon.svg", NULL);
  g_autoptr (WebAnswer) above = web_expect (host, 404, "", "GET", "/assets/..%2findex.html", NULL);
  g_autoptr (WebAnswer) packed = web_expect (host, 404, "", "GET", "/assets/icon.svg.gz", NULL);
  g_autoptr (WebAnswer) nothing = web_expect (host, 404, "", "GET", "/assets/app-.js", NULL);
  g_autoptr (WebAnswer) method = web_expect (host, 405, "", "POST", "/", NULL);
  const char *name = strstr (page->text, "assets/app-");
  g_autofree char *path = NULL;
  g_autoptr (WebAnswer) asset = NULL;

  g_assert_cmpstr (page->type, ==, "text/html");
  g_assert_cmpstr (head->text, ==, "");
  g_assert_cmpuint (current->status, ==, 304);
  g_assert_cmpstr (current->text, ==, "");
  g_assert_cmpuint (changed->status, ==, 200);
  g_assert_cmpstr (icon->type, ==, "image/svg+xml");
  g_assert_null (strstr (page->text, "<script>"));
  g_assert_nonnull (name);
  path = g_strdup_printf ("/%.*s", (int)strcspn (name, "\""), name);
  asset = web_expect (host, 200, "", "GET", path, NULL);
  g_assert_cmpuint (strlen (asset->text), >, 1000);
}

static void
test_identity (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *viewer = web_token (host, "viewer");
  g_autofree char *expected = g_strdup_printf ("unix:%u", (guint)getuid ());
  g_autoptr (WebAnswer) own = web_expect (host, 200, NULL, "GET", "/api/v1/status", NULL);
  g_autoptr (WebAnswer) token = web_expect (host, 200, viewer, "GET", "/api/v1/status", NULL);
  g_autoptr (WebAnswer) none = web_expect (host, 401, "", "GET", "/api/v1/status", NULL);
  g_autoptr (WebAnswer) wrong = web_expect (host, 401, "rt_no", "GET", "/api/v1/status", NULL);
  g_autoptr (WebAnswer) nowhere =
      web_call (host, NULL, "GET", "/api/v1/status", NULL, (const char *[]){ "X-Royal-Workspace", "nowhere", NULL });
  g_autoptr (WebAnswer) other =
      web_call (host, NULL, "GET", "/api/v1/status", NULL, (const char *[]){ "X-Royal-Workspace", "other", NULL });
  g_autoptr (WebAnswer) named =
      web_call (host, NULL, "GET", "/healthz", NULL, (const char *[]){ "X-Request-Id", "mine-1", NULL });
  g_autoptr (WebAnswer) unnamed =
      web_call (host, NULL, "GET", "/healthz", NULL, (const char *[]){ "X-Request-Id", "no good", NULL });

  g_assert_cmpstr (royal_json_string (royal_json_object (json_node_get_object (own->json), "caller"), "name", ""), ==,
                   expected);
  g_assert_cmpstr (royal_json_string (royal_json_object (json_node_get_object (token->json), "caller"), "name", ""), ==,
                   "viewer");
  assert_problem (none, "unauthenticated");
  assert_problem (wrong, "unauthenticated");
  g_assert_cmpuint (nowhere->status, ==, 404);
  g_assert_cmpuint (other->status, ==, 200);
  g_assert_cmpstr (royal_json_string (royal_json_object (json_node_get_object (other->json), "workspace"), "name", ""),
                   ==, "other");
  g_assert_cmpstr (named->id, ==, "mine-1");
  g_assert_true (g_uuid_string_is_valid (unnamed->id));
}

/* After so many failures even the database is not asked. */
static void
test_throttle (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  guint refused = 0;

  for (guint i = 0; i < 40; i++)
    {
      g_autofree char *token = rh_token_make ();
      g_autoptr (WebAnswer) answer = web_call (host, token, "GET", "/api/v1/status", NULL, NULL);

      g_assert_true (answer->status == 401 || answer->status == 429);
      refused += answer->status == 429;
    }
  g_assert_cmpuint (refused, ==, 10);
}

/* Who guesses from an address must not lock out who has a token and shares it, be it a proxy's. */
static void
test_no_lockout (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *used = web_token (host, "viewer");
  g_autofree char *fresh = web_token (host, "viewer");
  g_autoptr (WebAnswer) before = web_expect (host, 200, used, "GET", "/api/v1/status", NULL);
  g_autoptr (WebAnswer) first = NULL;
  g_autoptr (WebAnswer) after = NULL;
  g_autoptr (WebAnswer) guess = NULL;
  g_autofree char *wrong = rh_token_make ();

  /* What costs no look into the database counts for nothing. */
  for (guint i = 0; i < 40; i++)
    {
      g_autoptr (WebAnswer) none = web_expect (host, 401, i % 2 == 0 ? "" : "rt_no", "GET", "/api/v1/status", NULL);
    }
  first = web_expect (host, 200, fresh, "GET", "/api/v1/status", NULL);
  for (guint i = 0; i < 40; i++)
    {
      g_autofree char *token = rh_token_make ();
      g_autoptr (WebAnswer) answer = web_call (host, token, "GET", "/api/v1/status", NULL, NULL);
    }
  after = web_expect (host, 200, used, "GET", "/api/v1/status", NULL);
  guess = web_expect (host, 429, wrong, "GET", "/api/v1/status", NULL);
  assert_problem (guess, "limit");
}

/* Whoever can connect may hold every place there is for it: the operator's Unix socket has places of its own. */
static void
test_places (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (WebAnswer) answer = NULL;
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = MIN (4096, limit.rlim_max);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (guint i = 0; i < 600; i++)
    {
      g_ptr_array_add (held, web_socket (host));
      /* The backlog is shorter than this. */
      if (i % 20 == 19)
        royal_test_spin (20);
    }
  answer = web_expect (host, 200, NULL, "GET", "/api/v1/status", NULL);
}

/* A token is of one workspace. Who names another one is mistaken, and must not act on the wrong one. */
static void
test_other_workspace (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *token = web_token (host, "admin");
  g_autoptr (WebAnswer) own =
      web_call (host, token, "GET", "/api/v1/status", NULL, (const char *[]){ "X-Royal-Workspace", "default", NULL });
  g_autoptr (WebAnswer) other =
      web_call (host, token, "GET", "/api/v1/status", NULL, (const char *[]){ "X-Royal-Workspace", "other", NULL });

  g_assert_cmpuint (own->status, ==, 200);
  g_assert_cmpuint (other->status, ==, 403);
  assert_problem (other, "denied");
}

/* What is no text is refused before it comes to the database or into an answer. */
static void
test_not_utf8 (void)
{
  static const char *const requests[] = {
    "GET /api/v1/jobs?%ff=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n",
    "GET /api/v1/jobs?state=%ff HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n",
    "GET /api/v1/events?after=0&topics=%c0%80 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nConnection: "
    "close\r\n\r\n",
    "GET /api/v1/status HTTP/1.1\r\nHost: a\r\nX-Royal-Workspace: \xff\r\nAuthorization: Bearer %s\r\nConnection: "
    "close\r\n\r\n",
  };
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *token = web_token (host, "admin");

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_auto (GStrv) around = g_strsplit (requests[i], "%s", 2);
      g_autofree char *request = g_strconcat (around[0], token, around[1], NULL);
      g_autofree char *answer = web_raw (host, request, strlen (request), 2000);

      g_test_message ("%s", answer);
      g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 4"));
      g_assert_true (g_utf8_validate (answer, -1, NULL));
    }
}

/* Every role on every route: the table is what is enforced. */
static void
test_roles (void)
{
  g_autoptr (WebHost) host = web_host_new ();

  for (guint r = 0; r < G_N_ELEMENTS (role_names); r++)
    {
      g_autofree char *token = web_token (host, role_names[r]);

      for (const RhRoute *route = rh_routes (); route->method != NULL; route++)
        {
          g_autofree char *path = path_of (route);
          gboolean allowed = route->roles == 0 || (route->roles & rh_role_from_name (role_names[r])) != 0;
          g_autoptr (WebAnswer) answer = web_call (host, token, route->method, path, NULL, NULL);

          /* The handler tells who asks. */
          if (!route->open && allowed == (answer->status == 401 || answer->status == 403))
            g_error ("%s on %s %s: found %u", role_names[r], route->method, path, answer->status);
          if (!route->open && !allowed)
            assert_problem (answer, "denied");
        }
    }
  for (const RhRoute *route = rh_routes (); route->method != NULL; route++)
    {
      g_autofree char *path = path_of (route);
      g_autoptr (WebAnswer) answer = web_call (host, "", route->method, path, NULL, NULL);

      /* A login is asked for by nobody yet; this one lacks its body. */
      if (g_str_has_suffix (route->path, "/auth/login"))
        g_assert_cmpuint (answer->status, ==, 422);
      else /* what may be read by anyone is the console alone */
        g_assert_cmpint (answer->status == 401, ==,
                         route->roles != 0 ||
                             (route->open && (strcmp (route->method, "GET") != 0 || *route->query != '\0')));
    }
}

static void
check_roles_of (JsonObject *operation, const RhRoute *route)
{
  JsonArray *roles = royal_json_array (operation, "x-royal-roles");
  guint mask = 0;

  for (guint i = 0; roles != NULL && i < json_array_get_length (roles); i++)
    mask |= rh_role_from_name (json_array_get_string_element (roles, i));
  g_assert_cmpuint (mask, ==, route->roles);
}

static void
check_query_of (JsonObject *operation, const RhRoute *route)
{
  JsonArray *parameters = royal_json_array (operation, "parameters");
  g_auto (GStrv) known = g_strsplit (route->query, " ", -1);
  gboolean any = strcmp (route->query, RH_QUERY_ANY) == 0;
  guint n = 0;

  for (guint i = 0; parameters != NULL && i < json_array_get_length (parameters); i++)
    {
      JsonObject *parameter = json_array_get_object_element (parameters, i);

      if (strcmp (royal_json_string (parameter, "in", ""), "query") != 0)
        continue;
      g_assert_true (any || g_strv_contains ((const char *const *)known, royal_json_string (parameter, "name", "")));
      n++;
    }
  if (!any)
    g_assert_cmpuint (n, ==, *route->query != '\0' ? g_strv_length (known) : 0);
}

/* The document and the table name the same routes, roles, query names and bodies. */
static void
test_document (void)
{
  gsize length;
  const char *text = g_bytes_get_data (rh_routes_document (), &length);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = royal_json_parse (text, (gssize)length, "openapi.json", &error);
  JsonObject *paths;
  g_autoptr (GList) names = NULL;
  guint described = 0, routes = 0;

  g_assert_no_error (error);
  paths = royal_json_object (json_node_get_object (node), "paths");
  for (const RhRoute *route = rh_routes (); route->method != NULL; route++, routes++)
    {
      g_autofree char *method = g_ascii_strdown (route->method, -1);
      JsonObject *operation = royal_json_object (royal_json_object (paths, route->path), method);
      JsonObject *content;

      if (operation == NULL)
        g_error ("openapi.json lacks %s %s", route->method, route->path);
      check_roles_of (operation, route);
      check_query_of (operation, route);
      content = royal_json_object (royal_json_object (operation, "requestBody"), "content");
      g_assert_cmpint (content != NULL && json_object_has_member (content, "application/json"), ==,
                       route->body == RH_BODY_JSON);
      g_assert_cmpint (content != NULL && json_object_has_member (content, "text/csv"), ==, route->body == RH_BODY_CSV);
      g_assert_cmpint (content != NULL && json_object_has_member (content, "multipart/form-data"), ==,
                       route->body == RH_BODY_UPLOAD);
      g_assert_true ((route->body == RH_BODY_JSON) == (rh_routes_schema (route) != NULL));
    }
  names = json_object_get_members (paths);
  for (GList *at = names; at != NULL; at = at->next)
    described += json_object_get_size (royal_json_object (paths, at->data));
  g_assert_cmpuint (described, ==, routes);
}

/* Every operation is on the page, what is written in the document stays text, and a browser that has it asks for no
 * more. */
static void
test_docs (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *viewer = web_token (host, "viewer");
  g_autoptr (WebAnswer) page = web_expect (host, 200, viewer, "GET", "/docs", NULL);
  static const char *const paths[] = { "/docs", "/api/v1/openapi.json" };

  g_assert_true (g_str_has_prefix (page->type, "text/html"));
  for (const RhRoute *route = rh_routes (); route->method != NULL; route++)
    {
      g_autofree char *heading = g_strdup_printf ("<code>%s %s</code>", route->method, route->path);

      if (strstr (page->text, heading) == NULL)
        g_error ("/docs lacks %s", heading);
    }
  g_assert_nonnull (strstr (page->text, "<code>If-None-Match</code>"));
  g_assert_nonnull (strstr (page->text, "&quot;$ref&quot;"));
  g_assert_null (strstr (page->text, "<script"));
  g_assert_null (strstr (page->text, "style=\""));
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (WebAnswer) first = web_expect (host, 200, viewer, "GET", paths[i], NULL);
      g_autoptr (WebAnswer) again =
          web_call (host, viewer, "GET", paths[i], NULL, (const char *[]){ "If-None-Match", first->etag, NULL });
      g_autoptr (WebAnswer) other =
          web_call (host, viewer, "GET", paths[i], NULL, (const char *[]){ "If-None-Match", "\"another\"", NULL });

      g_assert_cmpuint (again->status, ==, 304);
      g_assert_cmpstr (again->text, ==, "");
      g_assert_cmpuint (other->status, ==, 200);
    }
}

static void
test_paths (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) nothing = web_expect (host, 404, NULL, "GET", "/api/v1/nothing", NULL);
  g_autoptr (WebAnswer) method = web_expect (host, 405, NULL, "DELETE", "/api/v1/jobs", NULL);
  g_autoptr (WebAnswer) query = web_expect (host, 422, NULL, "GET", "/api/v1/jobs?color=red", NULL);
  g_autoptr (WebAnswer) limit = web_expect (host, 422, NULL, "GET", "/api/v1/jobs?limit=0", NULL);
  g_autoptr (WebAnswer) state = web_expect (host, 422, NULL, "GET", "/api/v1/jobs?state=odd", NULL);
  g_autoptr (WebAnswer) id = web_expect (host, 404, NULL, "GET", "/api/v1/jobs/x", NULL);
  g_autoptr (WebAnswer) head = web_expect (host, 200, NULL, "HEAD", "/api/v1/status", NULL);
  g_autoptr (WebAnswer) agent = web_expect (host, 404, NULL, "GET", "/api/v1/agents/none", NULL);
  g_autoptr (WebAnswer) agents = web_expect (host, 200, NULL, "GET", "/api/v1/agents", NULL);
  g_autoptr (WebAnswer) sandbox = web_expect (host, 200, NULL, "GET", "/api/v1/sandbox", NULL);
  g_autoptr (WebAnswer) action = web_expect (host, 200, NULL, "GET", "/api/v1/actions/test.set", NULL);
  g_autoptr (WebAnswer) no_action = web_expect (host, 404, NULL, "GET", "/api/v1/actions/test.none", NULL);

  assert_problem (nothing, "not-found");
  assert_problem (method, "method");
  assert_problem (query, "invalid");
  assert_problem (limit, "invalid");
  assert_problem (state, "invalid");
  assert_problem (id, "not-found");
  assert_problem (agent, "not-found");
  assert_problem (no_action, "not-found");
  g_assert_nonnull (strstr (action->text, "\"schema\""));
  g_assert_cmpstr (head->text, ==, "");
  g_assert_nonnull (strstr (agents->text, "\"items\""));
  g_assert_nonnull (strstr (sandbox->text, "landlock"));
}

static void
test_jobs (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *token = web_token (host, "operator");
  const char *body = "{\"agent\":\"markdown\",\"task\":\"week\",\"input\":{\"week\":4}}";
  g_autoptr (WebAnswer) made =
      web_call (host, token, "POST", "/api/v1/jobs", body, (const char *[]){ "Idempotency-Key", "k1", NULL });
  g_autoptr (WebAnswer) again =
      web_call (host, token, "POST", "/api/v1/jobs", body, (const char *[]){ "Idempotency-Key", "k1", NULL });
  g_autofree char *path = g_strconcat ("/api/v1/jobs/", member (made, "id"), NULL);
  g_autofree char *cancel = g_strconcat (path, "/cancel", NULL);
  g_autoptr (WebAnswer) got = web_expect (host, 200, token, "GET", path, NULL);
  g_autoptr (WebAnswer) cancelled = web_expect (host, 200, token, "POST", cancel, NULL);
  g_autoptr (WebAnswer) twice = web_expect (host, 409, token, "POST", cancel, NULL);
  g_autoptr (WebAnswer) page = web_expect (host, 200, token, "GET", "/api/v1/jobs?limit=1&state=cancelled", NULL);
  g_autofree char *rest = NULL;
  g_autoptr (WebAnswer) last = NULL;

  g_assert_cmpuint (made->status, ==, 201);
  g_assert_cmpuint (again->status, ==, 201);
  g_assert_cmpstr (member (made, "id"), ==, member (again, "id"));
  g_assert_cmpstr (member (got, "created_by"), ==, "operator");
  g_assert_cmpstr (member (cancelled, "state"), ==, "cancelled");
  assert_problem (twice, "conflict");
  rest = g_strconcat ("/api/v1/jobs?limit=1&cursor=", member (page, "next"), NULL);
  last = web_expect (host, 200, token, "GET", rest, NULL);
  g_assert_nonnull (strstr (last->text, "\"items\":[]"));
}

static void
test_approvals (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *id = web_proposal (host);
  g_autofree char *other = web_proposal (host);
  g_autofree char *token = web_token (host, "approver");
  g_autofree char *path = g_strconcat ("/api/v1/approvals/", id, NULL);
  g_autofree char *approve = g_strconcat (path, "/approve", NULL);
  g_autofree char *undo = g_strconcat (path, "/undo", NULL);
  g_autofree char *reject = g_strconcat ("/api/v1/approvals/", other, "/reject", NULL);
  g_autoptr (WebAnswer) list = web_expect (host, 200, token, "GET", "/api/v1/approvals?state=pending", NULL);
  g_autoptr (WebAnswer) got = web_expect (host, 200, token, "GET", path, NULL);
  g_autoptr (WebAnswer) none = web_expect (host, 422, token, "POST", approve, "{}");
  g_autoptr (WebAnswer) stale = web_expect (host, 409, token, "POST", approve, "{\"digest\":\"" DIGEST_B "\"}");
  g_autoptr (WebAnswer) done = web_expect (host, 200, token, "POST", approve, "{\"digest\":\"" DIGEST_A "\"}");
  g_autoptr (WebAnswer) twice = web_expect (host, 409, token, "POST", approve, "{\"digest\":\"" DIGEST_A "\"}");
  g_autoptr (WebAnswer) why = web_expect (host, 422, token, "POST", reject, "{\"reason\":\"\"}");
  g_autoptr (WebAnswer) no = web_expect (host, 200, token, "POST", reject, "{\"reason\":\"too much\"}");
  g_autoptr (WebAnswer) undone = web_expect (host, 409, token, "POST", undo, NULL);

  g_assert_nonnull (strstr (list->text, id));
  g_assert_cmpstr (member (got, "digest"), ==, DIGEST_A);
  g_assert_cmpstr (member (stale, "type"), ==, "urn:royal:problem:conflict");
  g_assert_cmpstr (member (done, "state"), ==, "approved");
  g_assert_cmpstr (member (done, "decided_by"), ==, "approver");
  g_assert_cmpstr (member (no, "state"), ==, "rejected");
  assert_problem (none, "invalid");
  assert_problem (twice, "conflict");
  assert_problem (why, "invalid");
  g_assert_cmpstr (member (why, "pointer"), ==, "/reason");
  assert_problem (undone, "conflict");
}

static void
test_control (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) bare G_GNUC_UNUSED = web_expect (host, 422, NULL, "POST", "/api/v1/control/stop", NULL);
  g_autoptr (WebAnswer) stopped =
      web_expect (host, 200, NULL, "POST", "/api/v1/control/stop", "{\"reason\":\"wrong prices\"}");
  g_autoptr (WebAnswer) resumed = web_expect (host, 200, NULL, "POST", "/api/v1/control/resume", NULL);
  g_autoptr (WebAnswer) reloaded G_GNUC_UNUSED = web_expect (host, 200, NULL, "POST", "/api/v1/control/reload", NULL);
  g_autoptr (WebAnswer) faulty = NULL;

  g_assert_nonnull (strstr (stopped->text, "wrong prices"));
  g_assert_null (strstr (resumed->text, "wrong prices"));
  host->reload_fails = TRUE;
  faulty = web_expect (host, 422, NULL, "POST", "/api/v1/control/reload", NULL);
  g_assert_nonnull (strstr (member (faulty, "detail"), "manifests/a.json"));
}

/* (transfer full): how often its use was told. That does not hold up the answer to it. */
static char *
token_uses (WebHost *host, const char *id)
{
  g_autofree char *sql =
      g_strdup_printf ("select (select count (*) from outbox where kind = 'token.used' and subject = '%s')"
                       " + (select count (*) from audit where kind = 'token.used' and subject = '%s')",
                       id, id);

  royal_test_spin (200);
  return royal_test_sql_value (host->owner, sql);
}

static void
test_tokens (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) made =
      web_expect (host, 201, NULL, "POST", "/api/v1/tokens", "{\"name\":\"ci\",\"role\":\"viewer\",\"expires_s\":60}");
  g_autoptr (WebAnswer) odd =
      web_expect (host, 422, NULL, "POST", "/api/v1/tokens", "{\"name\":\"x\",\"role\":\"god\"}");
  g_autofree char *secret = g_strdup (member (made, "token"));
  g_autofree char *path = g_strconcat ("/api/v1/tokens/", member (made, "id"), NULL);
  g_autoptr (WebAnswer) list = web_expect (host, 200, NULL, "GET", "/api/v1/tokens", NULL);
  g_autoptr (WebAnswer) works = web_expect (host, 200, secret, "GET", "/api/v1/status", NULL);
  g_autoptr (WebAnswer) again = web_expect (host, 200, secret, "GET", "/api/v1/status", NULL);
  g_autofree char *used = token_uses (host, member (made, "id"));
  g_autoptr (WebAnswer) revoked = web_expect (host, 200, NULL, "DELETE", path, NULL);
  g_autoptr (WebAnswer) refused = web_expect (host, 401, secret, "GET", "/api/v1/status", NULL);
  g_autoptr (WebAnswer) unknown = web_expect (host, 404, NULL, "DELETE", "/api/v1/tokens/" NOBODY_ID, NULL);

  g_assert_cmpuint (strlen (secret), ==, RH_TOKEN_LENGTH);
  g_assert_null (strstr (list->text, secret));
  g_assert_nonnull (strstr (list->text, "\"ci\""));
  g_assert_cmpstr (member (revoked, "revoked_at"), !=, "");
  assert_problem (odd, "invalid");
  assert_problem (refused, "unauthenticated");
  assert_problem (unknown, "not-found");
  g_assert_cmpstr (works->type, ==, "application/json");
  g_assert_cmpstr (again->type, ==, "application/json");
  g_assert_cmpstr (used, ==, "1");
}

static void
test_bodies (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) broken = web_expect (host, 400, NULL, "POST", "/api/v1/jobs", "{\"agent\":");
  g_autoptr (WebAnswer) twice =
      web_expect (host, 400, NULL, "POST", "/api/v1/jobs", "{\"agent\":\"a\",\"agent\":\"b\"}");
  g_autoptr (WebAnswer) unknown =
      web_expect (host, 422, NULL, "POST", "/api/v1/jobs", "{\"agent\":\"a\",\"task\":\"t\",\"colour\":1}");
  g_autoptr (WebAnswer) wrong = web_expect (host, 422, NULL, "POST", "/api/v1/jobs", "{\"agent\":3,\"task\":\"t\"}");
  g_autoptr (WebAnswer) list = web_expect (host, 422, NULL, "POST", "/api/v1/jobs", "[]");
  g_autoptr (WebAnswer) type =
      web_call (host, NULL, "POST", "/api/v1/jobs", "{}", (const char *[]){ "Content-Type", "text/plain", NULL });
  g_autoptr (WebAnswer) none = web_expect (host, 422, NULL, "POST", "/api/v1/control/resume", "{\"a\":1}");

  assert_problem (broken, "malformed");
  assert_problem (twice, "malformed");
  assert_problem (unknown, "invalid");
  assert_problem (wrong, "invalid");
  g_assert_cmpstr (member (wrong, "pointer"), ==, "/agent");
  assert_problem (list, "invalid");
  assert_problem (none, "invalid");
  g_assert_cmpuint (type->status, ==, 415);
}

/* Announced or not, too much is refused before it is read. */
static void
test_too_large (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *token = web_token (host, "operator");
  g_autofree char *announced = g_strdup_printf ("POST /api/v1/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                                                "Content-Type: application/json\r\nContent-Length: 1048577\r\n\r\n",
                                                token);
  g_autofree char *head = g_strdup_printf ("POST /api/v1/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                                           "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
                                           token);
  g_autofree char *unasked = g_strdup ("POST /api/v1/data/stores HTTP/1.1\r\nHost: a\r\n"
                                       "Content-Type: text/csv\r\nContent-Length: 60000000\r\n\r\n");
  g_autoptr (GString) chunked = g_string_new (head);
  g_autoptr (GString) headers = g_string_new ("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Big: ");
  g_autofree char *first = web_raw (host, announced, strlen (announced), 2000);
  g_autofree char *second = NULL;
  g_autofree char *third = web_raw (host, unasked, strlen (unasked), 2000);
  g_autofree char *fourth = NULL;
  g_autoptr (WebAnswer) alive = NULL;

  for (guint i = 0; i < 20; i++)
    {
      g_string_append (chunked, "10000\r\n");
      g_string_set_size (chunked, chunked->len + 0x10000);
      memset (chunked->str + chunked->len - 0x10000, ' ', 0x10000);
      g_string_append (chunked, "\r\n");
    }
  second = web_raw (host, chunked->str, chunked->len, 3000);
  for (guint i = 0; i < 200; i++)
    g_string_append_printf (headers, "%01024d", 0);
  fourth = web_raw (host, headers->str, headers->len, 2000);
  g_assert_true (g_str_has_prefix (first, "HTTP/1.1 413"));
  g_assert_nonnull (strstr (first, "urn:royal:problem:too-large"));
  g_assert_true (g_str_has_prefix (second, "HTTP/1.1 413"));
  g_assert_true (g_str_has_prefix (third, "HTTP/1.1 401"));
  g_assert_null (strstr (fourth, " 200 "));
  alive = web_expect (host, 200, NULL, "GET", "/healthz", NULL);
}

/* A client that goes while its answer is being made harms nobody. */
static void
test_disconnect (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *id = web_proposal (host);
  g_autofree char *token = web_token (host, "approver");
  g_autofree char *request = g_strdup_printf ("POST /api/v1/approvals/%s/approve HTTP/1.1\r\nHost: a\r\n"
                                              "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                                              "Content-Length: 77\r\n\r\n{\"digest\":\"" DIGEST_A "\"}",
                                              id, token);
  g_autofree char *path = g_strconcat ("/api/v1/approvals/", id, NULL);
  g_autofree char *partial = g_strndup (request, 60);
  g_autofree char *answer = NULL;
  g_autofree char *nothing = NULL;
  g_autoptr (WebAnswer) got = NULL;

  web_gate_hold (host->gate);
  answer = web_raw (host, request, strlen (request), 500);
  g_assert_cmpstr (answer, ==, "");
  g_assert_cmpuint (web_gate_waiting (host->gate), ==, 1);
  royal_test_spin (50);
  web_gate_release (host->gate);
  royal_test_spin (100);
  nothing = web_raw (host, partial, strlen (partial), 50);
  royal_test_spin (50);
  got = web_expect (host, 200, NULL, "GET", path, NULL);
  g_assert_cmpstr (member (got, "state"), ==, "approved");
}

/* Old and odd requests, over the Unix socket too. */
/* A peer that has its answer goes, and leaves nothing behind, however many of them come. */
static void
test_short_lived (void)
{
  static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  g_autoptr (WebHost) host = web_host_new ();

  for (guint i = 0; i < 600; i++)
    {
      g_autoptr (GSocket) socket = web_socket (host);
      char answer[1024];

      g_assert_cmpint (g_socket_send (socket, request, sizeof request - 1, NULL, NULL), ==, sizeof request - 1);
      for (guint turns = 0; g_socket_receive (socket, answer, sizeof answer, NULL, NULL) <= 0; turns++)
        {
          g_assert_cmpuint (turns, <, 1000);
          royal_test_spin (1);
        }
      g_socket_close (socket, NULL);
    }
}

static void
test_malformed (void)
{
  static const char *const requests[] = {
    "GET /healthz HTTP/1.0\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n\r\n",
    "\r\n\r\n\r\n",
    "GET\r\n\r\n",
    "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /api/v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "GET /api/v1/events HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
  };
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) alive = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autofree char *answer = web_raw (host, requests[i], strlen (requests[i]), 200);

      g_assert_true (*answer == '\0' || g_str_has_prefix (answer, "HTTP/1."));
    }
  alive = web_expect (host, 200, NULL, "GET", "/healthz", NULL);
}

/* A connection serves one request after another. */
static void
test_keep_alive (void)
{
  static const char requests[] = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *answer = web_raw (host, requests, strlen (requests), 300);
  g_auto (GStrv) parts = g_strsplit (answer, "HTTP/1.1 200 OK", -1);

  g_assert_cmpuint (g_strv_length (parts), ==, 3);
}

static void
test_listeners (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (rh_server_listen_tcp (host->server, "0.0.0.0", 0, FALSE, &error), ==, 0);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_cmpuint (rh_server_listen_tcp (host->server, "localhost", 0, FALSE, &error), ==, 0);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/web/document", test_document);
  g_test_add_func ("/web/docs", test_docs);
  g_test_add_func ("/web/health", test_health);
  g_test_add_func ("/web/console", test_console);
  g_test_add_func ("/web/identity", test_identity);
  g_test_add_func ("/web/throttle", test_throttle);
  g_test_add_func ("/web/no-lockout", test_no_lockout);
  g_test_add_func ("/web/places", test_places);
  g_test_add_func ("/web/other-workspace", test_other_workspace);
  g_test_add_func ("/web/not-utf8", test_not_utf8);
  g_test_add_func ("/web/roles", test_roles);
  g_test_add_func ("/web/paths", test_paths);
  g_test_add_func ("/web/jobs", test_jobs);
  g_test_add_func ("/web/approvals", test_approvals);
  g_test_add_func ("/web/control", test_control);
  g_test_add_func ("/web/tokens", test_tokens);
  g_test_add_func ("/web/bodies", test_bodies);
  g_test_add_func ("/web/too-large", test_too_large);
  g_test_add_func ("/web/disconnect", test_disconnect);
  g_test_add_func ("/web/short-lived", test_short_lived);
  g_test_add_func ("/web/malformed", test_malformed);
  g_test_add_func ("/web/keep-alive", test_keep_alive);
  g_test_add_func ("/web/listeners", test_listeners);
  return royal_test_run ();
}
