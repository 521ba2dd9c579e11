/* SPDX-License-Identifier: Apache-2.0 */

/* Who may do what, on every route of docs/openapi.json: by role, by what a caller shows, and by workspace; and whether
 * each answer is one that the document describes. */

#include "access-table.h"
#include "web-host.h"

#include "rh-auth.h"
#include "rh-routes.h"
#include "royal-json.h"

#include <string.h>

#define NOBODY_ID "00000000-0000-7000-8000-000000000000"

static const char *const role_names[] = { "viewer", "approver", "operator", "developer", "admin" };
static const char role_letters[] = "vpoda";

/* What a caller shows: a token, else a cookie and what goes with it. */
typedef struct {
  char *token;
  char *cookie;
  char *csrf;
} Caller;

static void
caller_clear (Caller *self)
{
  g_free (self->token);
  g_free (self->cookie);
  g_free (self->csrf);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Caller, caller_clear)

static Caller
by_token (WebHost *host, const char *role)
{
  return (Caller){ .token = web_token (host, role) };
}

static Caller
by_session (WebHost *host, const char *role)
{
  Caller self = { .token = g_strdup ("") };

  self.cookie = web_session (host, "default", role, FALSE, &self.csrf);
  return self;
}

static const char *
method_of (const AccessRow *row, char **ret_path)
{
  g_auto (GStrv) parts = g_strsplit (row->operation, " ", 2);

  *ret_path = g_strdup (parts[1]);
  return g_intern_string (parts[0]);
}

/* The row's path with @id for its first parameter; NULL: with what is not there. */
static char *
path_of (const AccessRow *row, const char *id)
{
  g_autofree char *template = NULL;
  g_autoptr (GString) path = NULL;

  (void)method_of (row, &template);
  path = g_string_new (template);
  g_string_replace (path, "{id}", id != NULL ? id : NOBODY_ID, 1);
  g_string_replace (path, "{name}", id != NULL ? id : "nothing", 1);
  g_string_replace (path, "{kind}", "stores", 1);
  g_string_replace (path, "{week}", "1", 1);
  g_string_replace (path, "{workspace}", "default", 1);
  return g_string_free (g_steal_pointer (&path), FALSE);
}

static char *
body_of (const AccessRow *row, const char *id)
{
  g_autoptr (GString) body = g_string_new (row->body);

  if (row->body == NULL)
    return NULL;
  g_string_replace (body, "%s", id, 0);
  g_string_replace (body, "'", "\"", 0);
  return g_string_free (g_steal_pointer (&body), FALSE);
}

/* --- as it is described ------------------------------------------------------------------------------------------- */

/* (transfer none): the document, whose schemas stand under $defs of every schema in it. */
static JsonObject *
described (void)
{
  static JsonNode *document;

  if (document == NULL)
    {
      gsize length;
      const char *bytes = g_bytes_get_data (rh_routes_document (), &length);
      g_autoptr (GString) text = g_string_new_len (bytes, (gssize)length);
      g_autoptr (GError) error = NULL;

      g_string_replace (text, "#/components/schemas/", "#/$defs/", 0);
      document = royal_json_parse (text->str, -1, "openapi.json", &error);
      g_assert_no_error (error);
    }
  return json_node_get_object (document);
}

/* What the document says of @status: of the status itself, else of every other. */
static JsonObject *
response_of (const AccessRow *row, guint status)
{
  g_autofree char *path = NULL;
  g_autofree char *method = g_ascii_strdown (method_of (row, &path), -1);
  g_autofree char *number = g_strdup_printf ("%u", status);
  JsonObject *operation =
      royal_json_object (royal_json_object (royal_json_object (described (), "paths"), path), method);
  JsonObject *responses = royal_json_object (operation, "responses");
  JsonObject *response = royal_json_object (responses, number);

  const char *other;

  if (response != NULL || status < 400)
    return response;
  response = royal_json_object (responses, "default");
  other = royal_json_string (response, "$ref", NULL);
  if (other == NULL)
    return response;
  responses = royal_json_object (royal_json_object (described (), "components"), "responses");
  return royal_json_object (responses, strrchr (other, '/') + 1);
}

/* (transfer none) (nullable): the schema of what is of @type in @response. */
static RoyalSchema *
schema_of (JsonObject *response, const char *type)
{
  static GHashTable *schemas;
  JsonObject *content = royal_json_object (royal_json_object (response, "content"), type);
  JsonObject *defs = royal_json_object (royal_json_object (described (), "components"), "schemas");
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (JsonObject) root = NULL;
  g_autoptr (JsonArray) all = NULL;
  g_autoptr (GError) error = NULL;
  RoyalSchema *schema;

  if (content == NULL)
    return NULL;
  if (schemas == NULL)
    schemas = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)royal_schema_free);
  schema = g_hash_table_lookup (schemas, content);
  if (schema != NULL)
    return schema;
  root = json_object_new ();
  all = json_array_new ();
  json_array_add_element (all, json_node_copy (json_object_get_member (content, "schema")));
  json_object_set_array_member (root, "allOf", g_steal_pointer (&all));
  json_object_set_object_member (root, "$defs", json_object_ref (defs));
  node = json_node_init_object (json_node_alloc (), root);
  schema = royal_schema_new (node, "openapi.json", &error);
  g_assert_no_error (error);
  g_hash_table_insert (schemas, content, schema);
  return schema;
}

/* Each answer, whatever it says, is one that the document describes. */
static void
check_described (const AccessRow *row, WebAnswer *answer)
{
  JsonObject *response = response_of (row, answer->status);
  gboolean is_json =
      g_strcmp0 (answer->type, "application/json") == 0 || g_strcmp0 (answer->type, "application/problem+json") == 0;
  RoyalSchema *schema = response != NULL && is_json ? schema_of (response, answer->type) : NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;

  if (response == NULL || (is_json && schema == NULL))
    g_error ("%s: openapi.json describes no answer %u of type %s", row->operation, answer->status, answer->type);
  if (schema == NULL)
    return;
  node = royal_json_read (answer->text, "answer", &error);
  if (node == NULL || !royal_schema_validate (schema, node, "answer", &error))
    g_error ("%s: %u: %s: %s", row->operation, answer->status, error->message, answer->text);
}

/* --- who asks ----------------------------------------------------------------------------------------------------- */

/* @workspace may be NULL: then none is named. */
static WebAnswer *
ask (WebHost *host, const Caller *caller, const AccessRow *row, const char *id, const char *workspace)
{
  const char *headers[9] = { NULL };
  WebAnswer *answer;
  guint n = 0;
  g_autofree char *template = NULL;
  const char *method = method_of (row, &template);
  g_autofree char *path = path_of (row, id);
  g_autofree char *body = id != NULL ? body_of (row, id) : NULL;
  const struct {
    const char *name;
    const char *value;
  } extra[] = {
    { "Cookie", caller != NULL ? caller->cookie : NULL },
    { "X-CSRF-Token", caller != NULL ? caller->csrf : NULL },
    { "X-Royal-Workspace", workspace },
    { "Content-Type", body != NULL && *body == '-' ? "multipart/form-data; boundary=edge" : NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (extra); i++)
    if (extra[i].value != NULL)
      {
        headers[n++] = extra[i].name;
        headers[n++] = extra[i].value;
      }
  answer = web_call (host, caller != NULL ? caller->token : NULL, method, path, body, headers);
  check_described (row, answer);
  return answer;
}

static gboolean
is_problem (WebAnswer *answer, const char *kind)
{
  g_autofree char *type = g_strconcat ("urn:royal:problem:", kind, NULL);

  return answer->json != NULL && JSON_NODE_HOLDS_OBJECT (answer->json) &&
         strcmp (royal_json_string (json_node_get_object (answer->json), "type", ""), type) == 0;
}

/* Whether the row is for those alone of whom it is known who they are; "~" asks in its own way. */
static gboolean
is_closed (const AccessRow *row)
{
  return *row->roles != '\0' && strchr ("*~", *row->roles) == NULL;
}

static const AccessRow *
find_row (const char *operation)
{
  for (const AccessRow *row = access_rows (); row->operation != NULL; row++)
    if (strcmp (row->operation, operation) == 0)
      return row;
  return NULL;
}

/* "vpoda" of the document's roles, in the order of role_names. */
static char *
letters_of (JsonObject *operation)
{
  JsonArray *roles = royal_json_array (operation, "x-royal-roles");
  g_autoptr (GString) letters = g_string_new (NULL);

  for (guint r = 0; r < G_N_ELEMENTS (role_names); r++)
    for (guint i = 0; roles != NULL && i < json_array_get_length (roles); i++)
      if (strcmp (json_array_get_string_element (roles, i), role_names[r]) == 0)
        g_string_append_c (letters, role_letters[r]);
  return g_string_free (g_steal_pointer (&letters), FALSE);
}

/* Each operation of the document has its row, and each row its operation. */
static void
test_complete (void)
{
  gsize length;
  const char *text = g_bytes_get_data (rh_routes_document (), &length);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = royal_json_parse (text, (gssize)length, "openapi.json", &error);
  JsonObjectIter paths, methods;
  const char *path, *method;
  JsonNode *item, *operation;
  guint n = 0, rows = 0;

  g_assert_no_error (error);
  json_object_iter_init (&paths, royal_json_object (json_node_get_object (node), "paths"));
  while (json_object_iter_next (&paths, &path, &item))
    {
      json_object_iter_init (&methods, json_node_get_object (item));
      for (; json_object_iter_next (&methods, &method, &operation); n++)
        {
          g_autofree char *upper = g_ascii_strup (method, -1);
          g_autofree char *name = g_strdup_printf ("%s %s", upper, path);
          g_autofree char *letters = letters_of (json_node_get_object (operation));
          const AccessRow *row = find_row (name);

          if (row == NULL)
            g_error ("%s: tests/integration/access-table.c is to say who may", name);
          if (strcmp (is_closed (row) ? row->roles : "", letters) != 0)
            g_error ("%s: openapi.json says %s, the table of access %s", name, letters, row->roles);
          /* Agents and actions are the host's own, not a workspace's. */
          if (strstr (path, "{id}") != NULL && strstr (path, "/agents/") == NULL && strstr (path, "/actions/") == NULL)
            g_assert_nonnull (row->other);
        }
    }
  while (access_rows ()[rows].operation != NULL)
    rows++;
  g_assert_cmpuint (rows, ==, n);
}

static void
check_role (WebHost *host, const Caller *caller, guint r, const AccessRow *row)
{
  gboolean allowed = !is_closed (row) || strchr (row->roles, role_letters[r]) != NULL;
  g_autoptr (WebAnswer) answer = ask (host, caller, row, NULL, NULL);
  gboolean refused = answer->status == 401 || answer->status == 403;

  if (*row->roles == '~')
    return;
  if (allowed == refused || answer->status == 500 || (!allowed && !is_problem (answer, "denied")))
    g_error ("%s by a %s of a %s: found %u: %s", row->operation, caller->cookie != NULL ? "session" : "token",
             role_names[r], answer->status, answer->text);
}

static void
test_roles (void)
{
  g_autoptr (WebHost) host = web_host_new ();

  for (guint r = 0; r < G_N_ELEMENTS (role_names); r++)
    {
      g_auto (Caller) token = by_token (host, role_names[r]);
      g_auto (Caller) session = by_session (host, role_names[r]);

      for (const AccessRow *row = access_rows (); row->operation != NULL; row++)
        {
          check_role (host, &token, r, row);
          if (*row->roles == '\0')
            continue;
          check_role (host, &session, r, row);
          /* This one is over. */
          if (g_str_has_suffix (row->operation, "/auth/logout"))
            {
              caller_clear (&session);
              session = by_session (host, role_names[r]);
            }
        }
    }
}

/* What takes nobody is the console, the login, and what a signature opens. */
static void
test_nobody (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_auto (Caller) nobody = { .token = g_strdup ("") };
  g_auto (Caller) odd = { .token = g_strdup ("rt_odd") };
  g_auto (Caller) over = by_session (host, "admin");
  g_auto (Caller) revoked = by_token (host, "admin");

  for (const AccessRow *row = access_rows (); row->operation != NULL; row++)
    {
      g_autoptr (WebAnswer) without = ask (host, &nobody, row, NULL, NULL);
      g_autoptr (WebAnswer) mistaken = ask (host, &odd, row, NULL, NULL);

      gboolean refused = is_closed (row) || *row->roles == '~';

      if ((without->status == 401) != refused || (mistaken->status == 401) != refused)
        g_error ("%s by nobody: found %u and %u", row->operation, without->status, mistaken->status);
    }
  royal_test_sql (host->owner, "update sessions set revoked_at = now (); update tokens set revoked_at = now ()");
  for (const AccessRow *row = access_rows (); row->operation != NULL; row++)
    {
      const Caller *gone[] = { &over, &revoked };

      for (guint i = 0; i < G_N_ELEMENTS (gone) && is_closed (row); i++)
        {
          g_autoptr (WebAnswer) answer = ask (host, gone[i], row, NULL, NULL);

          /* After some tries nothing is looked up any more. */
          if (answer->status != 401 && answer->status != 429)
            g_error ("%s by one that is over: found %u", row->operation, answer->status);
        }
    }
}

/* A page of another origin, and a session whose first password is not changed, come to nothing. */
static void
test_sessions (void)
{
  static const char *const early[] = { "POST /api/v1/auth/logout", "GET /api/v1/auth/me", "POST /api/v1/auth/password",
                                       NULL };
  g_autoptr (WebHost) host = web_host_new ();
  g_auto (Caller) first = { .token = g_strdup ("") };
  g_auto (Caller) forged = by_session (host, "admin");

  g_clear_pointer (&forged.csrf, g_free);
  first.cookie = web_session (host, "default", "admin", TRUE, &first.csrf);
  for (const AccessRow *row = access_rows (); row->operation != NULL; row++)
    {
      g_autoptr (WebAnswer) answer = NULL;
      g_autoptr (WebAnswer) blind = NULL;
      gboolean reads = g_str_has_prefix (row->operation, "GET ");

      if (!is_closed (row))
        continue;
      blind = ask (host, &forged, row, NULL, NULL);
      if (is_problem (blind, "csrf") == reads)
        g_error ("%s without a CSRF token: found %u", row->operation, blind->status);
      if (g_str_has_suffix (row->operation, "/auth/logout"))
        continue;
      answer = ask (host, &first, row, NULL, NULL);
      if (is_problem (answer, "denied") == g_strv_contains (early, row->operation))
        g_error ("%s before the first password is changed: found %u", row->operation, answer->status);
    }
}

/* --- the other workspace ------------------------------------------------------------------------------------------ */

/* (transfer full): name → id */
static GHashTable *
fill_other (WebHost *host)
{
  GHashTable *ids = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_autofree char *number = royal_test_sql_value (host->owner, "select workspace_id from workspaces"
                                                               " where name = 'other'");

  for (const AccessThing *thing = access_things (); thing->name != NULL; thing++)
    {
      g_autoptr (GString) sql = g_string_new (NULL);

      g_string_printf (sql, "select set_config ('royal.workspace', '%s', false); %s", number, thing->sql);
      g_string_replace (sql, "¤", number, 0);
      g_hash_table_insert (ids, (gpointer)thing->name, royal_test_sql_value (host->owner, sql->str));
    }
  return ids;
}

/* (transfer full): a hash of every row of the other workspace, and of its user. */
static char *
state_of_other (WebHost *host)
{
  return royal_test_sql_value (
      host->owner,
      "select string_agg (t || ' ' || h, E'\\n' order by t) from ("
      " select c.table_name as t, (xpath ('/row/h/text()', query_to_xml (format ("
      "   'select count (*) || '' '' || coalesce (md5 (string_agg (x::text, '''' order by x::text)), '''') as h"
      "    from %I x where workspace_id = (select workspace_id from workspaces where name = ''other'')',"
      "   c.table_name), false, true, '')))[1]::text as h"
      " from information_schema.columns c join information_schema.tables b using (table_schema, table_name)"
      " where c.table_schema = 'public' and c.column_name = 'workspace_id' and b.table_type = 'BASE TABLE') s"
      " where h is not null");
}

/* The things are there to be seen, or all that follows would show nothing. */
static void
check_shown (WebHost *host, GHashTable *ids)
{
  for (const AccessRow *row = access_rows (); row->operation != NULL; row++)
    {
      const char *id = row->other != NULL ? g_hash_table_lookup (ids, row->other) : NULL;
      g_autoptr (WebAnswer) answer = NULL;

      if (!row->shows)
        continue;
      answer = ask (host, NULL, row, id, "other");
      if (answer->status != 200 || strstr (answer->text, ACCESS_CANARY) == NULL)
        g_error ("%s in its own workspace: found %u: %s", row->operation, answer->status, answer->text);
    }
}

/* Every route with what is the other workspace's, asked by one who may do anything in the first. */
static void
test_other_workspace (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (GHashTable) ids = fill_other (host);
  g_auto (Caller) token = by_token (host, "admin");
  g_auto (Caller) session = by_session (host, "admin");
  const Caller *callers[] = { &token, &session };
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  check_shown (host, ids);
  before = state_of_other (host);
  g_assert_nonnull (strstr (before, "proposals 2 "));
  for (guint i = 0; i < G_N_ELEMENTS (callers); i++)
    for (const AccessRow *row = access_rows (); row->operation != NULL; row++)
      {
        const char *id = row->other != NULL ? g_hash_table_lookup (ids, row->other) : NULL;
        g_autoptr (WebAnswer) answer = NULL;

        /* The first would end the session; only a session has others beside it. */
        if (g_str_has_suffix (row->operation, "/auth/logout") ||
            (callers[i]->cookie == NULL && g_str_has_suffix (row->operation, "/auth/sessions/{id}")))
          continue;
        answer = ask (host, callers[i], row, id, NULL);
        if (row->other != NULL && answer->status != row->answer)
          g_error ("%s with the other workspace's %s: expected %u, found %u: %s", row->operation, row->other,
                   row->answer, answer->status, answer->text);
        /* What was asked for may be named; nothing else of the other's may. */
        if (strstr (answer->text, ACCESS_CANARY) != NULL && (id == NULL || strstr (id, ACCESS_CANARY) == NULL))
          g_error ("%s tells of the other workspace: %s", row->operation, answer->text);
      }
  after = state_of_other (host);
  g_assert_cmpstr (before, ==, after);
}

/* Naming the other workspace is refused everywhere. */
static void
test_named_workspace (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_auto (Caller) token = by_token (host, "admin");
  g_auto (Caller) session = by_session (host, "admin");
  const Caller *callers[] = { &token, &session };

  for (guint i = 0; i < G_N_ELEMENTS (callers); i++)
    for (const AccessRow *row = access_rows (); row->operation != NULL; row++)
      {
        g_autoptr (WebAnswer) answer = NULL;

        if (!is_closed (row))
          continue;
        answer = ask (host, callers[i], row, NULL, "other");
        if (!is_problem (answer, "denied"))
          g_error ("%s in the other workspace's name: found %u", row->operation, answer->status);
      }
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/access/complete", test_complete);
  g_test_add_func ("/access/roles", test_roles);
  g_test_add_func ("/access/nobody", test_nobody);
  g_test_add_func ("/access/sessions", test_sessions);
  g_test_add_func ("/access/named-workspace", test_named_workspace);
  g_test_add_func ("/access/other-workspace", test_other_workspace);
  return royal_test_run ();
}
