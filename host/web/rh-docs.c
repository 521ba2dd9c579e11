/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-docs.h"

#include "rh-console.h"
#include "rh-routes.h"
#include "royal-json.h"

#include <string.h>

#define API "/api/v1/"
#define REF "#/components/responses/"

/* The page's own, which the policy names by its hash: no other style is taken, and no script at all. */
#define STYLE                                                                                                          \
  ":root{color-scheme:light dark}"                                                                                     \
  "body{font:14px/1.5 system-ui,sans-serif;max-width:1000px;margin:0 auto;padding:16px;overflow-wrap:anywhere}"        \
  "nav a{display:inline-block;padding:4px 8px}section{border-top:1px solid #8888;padding-bottom:8px}"                  \
  "h3{margin:12px 0 4px}summary{padding:4px 0}pre{overflow:auto;font-size:12px;margin:0}"                              \
  "table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:2px 12px 2px 0}"                    \
  "a{color:LinkText}a:focus-visible,summary:focus-visible,pre:focus-visible{outline:2px solid}"

#define POLICY "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* What stands between backticks is code. */
static void
append_prose (GString *out, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "`", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_autofree char *escaped = g_markup_escape_text (parts[i], -1);

      g_string_append_printf (out, (i & 1) != 0 ? "<code>%s</code>" : "%s", escaped);
    }
}

static void
append_paragraph (GString *out, const char *text)
{
  if (text == NULL)
    return;
  g_string_append (out, "<p>");
  append_prose (out, text);
  g_string_append (out, "</p>\n");
}

static void
append_json (GString *out, JsonNode *node)
{
  g_autofree char *text = json_to_string (node, TRUE);
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  g_string_append_printf (out, "<pre tabindex=\"0\">%s</pre>\n", escaped);
}

/* @content: of a body or an answer, its schema by type; NULL appends nothing. */
static void
append_content (GString *out, JsonObject *content)
{
  JsonObjectIter iter;
  const char *type;
  JsonNode *node;

  if (content == NULL)
    return;
  json_object_iter_init_ordered (&iter, content);
  while (json_object_iter_next_ordered (&iter, &type, &node))
    {
      JsonObject *media = json_node_get_object (node);

      g_string_append (out, "<details><summary>");
      append_prose (out, type);
      g_string_append (out, "</summary>");
      if (json_object_has_member (media, "schema"))
        append_json (out, json_object_get_member (media, "schema"));
      g_string_append (out, "</details>\n");
    }
}

static void
append_roles (GString *out, JsonObject *operation)
{
  JsonArray *roles = royal_json_array (operation, "x-royal-roles");

  if (roles == NULL)
    return;
  g_string_append (out, "<p>Roles: ");
  for (guint i = 0; i < json_array_get_length (roles); i++)
    {
      if (i > 0)
        g_string_append (out, ", ");
      append_prose (out, json_array_get_string_element (roles, i));
    }
  g_string_append (out, "</p>\n");
}

static void
append_parameters (GString *out, JsonObject *operation)
{
  JsonArray *parameters = royal_json_array (operation, "parameters");

  if (parameters == NULL)
    return;
  g_string_append (out, "<table><tr><th>Parameter</th><th>In</th><th>Meaning</th><th>Schema</th></tr>\n");
  for (guint i = 0; i < json_array_get_length (parameters); i++)
    {
      JsonObject *one = json_array_get_object_element (parameters, i);
      JsonNode *schema = json_object_get_member (one, "schema");
      g_autofree char *text = schema != NULL ? royal_json_to_string (schema) : g_strdup ("");
      g_autofree char *escaped = g_markup_escape_text (text, -1);

      g_string_append (out, "<tr><td><code>");
      append_prose (out, royal_json_string (one, "name", ""));
      g_string_append (out, "</code></td><td>");
      append_prose (out, royal_json_string (one, "in", ""));
      g_string_append (out, "</td><td>");
      append_prose (out, royal_json_string (one, "description", ""));
      g_string_append_printf (out, "</td><td><code>%s</code></td></tr>\n", escaped);
    }
  g_string_append (out, "</table>\n");
}

static void
append_answers (GString *out, JsonObject *document, JsonObject *operation)
{
  JsonObject *shared = royal_json_object (royal_json_object (document, "components"), "responses");
  JsonObjectIter iter;
  const char *status;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, royal_json_object (operation, "responses"));
  while (json_object_iter_next_ordered (&iter, &status, &node))
    {
      JsonObject *answer = json_node_get_object (node);
      const char *ref = royal_json_string (answer, "$ref", NULL);

      if (ref != NULL && g_str_has_prefix (ref, REF))
        answer = royal_json_object (shared, ref + strlen (REF));
      g_string_append_printf (out, "<p><strong>%s</strong> ", status);
      append_prose (out, royal_json_string (answer, "description", ""));
      g_string_append (out, "</p>\n");
      if (ref == NULL)
        append_content (out, royal_json_object (answer, "content"));
    }
}

static void
append_operation (GString *out, JsonObject *document, const char *path, const char *method, JsonObject *operation)
{
  g_autofree char *upper = g_ascii_strup (method, -1);
  JsonObject *body = royal_json_object (operation, "requestBody");

  g_string_append_printf (out, "<section id=\"%s\"><h3><code>%s %s</code></h3>\n",
                          royal_json_string (operation, "operationId", ""), upper, path);
  append_paragraph (out, royal_json_string (operation, "summary", NULL));
  append_paragraph (out, royal_json_string (operation, "description", NULL));
  append_roles (out, operation);
  append_parameters (out, operation);
  if (body != NULL)
    {
      g_string_append (out, "<p><strong>Body</strong></p>\n");
      append_content (out, royal_json_object (body, "content"));
    }
  append_answers (out, document, operation);
  g_string_append (out, "</section>\n");
}

/* (transfer full): the first word of a path, after what all of the API's begin with; "host" of what has none. */
static char *
group_of (const char *path)
{
  const char *start = g_str_has_prefix (path, API) ? path + strlen (API) : path + 1;
  gsize length = strcspn (start, "/.");

  return length > 0 && g_str_has_prefix (path, API) ? g_strndup (start, length) : g_strdup ("host");
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  g_autofree char *first = group_of (a);
  g_autofree char *second = group_of (b);
  int order = strcmp (first, second);

  return order != 0 ? order : strcmp (a, b);
}

/* One list for both: @out gets the operations, @nav where each group begins. */
static void
append_paths (GString *out, GString *nav, JsonObject *document)
{
  JsonObject *paths = royal_json_object (document, "paths");
  g_autoptr (GList) names = g_list_sort (json_object_get_members (paths), compare_paths);
  g_autofree char *last = NULL;

  for (GList *at = names; at != NULL; at = at->next)
    {
      JsonObject *operations = royal_json_object (paths, at->data);
      g_autofree char *group = group_of (at->data);
      JsonObjectIter iter;
      const char *method;
      JsonNode *node;

      if (g_strcmp0 (group, last) != 0)
        {
          g_string_append_printf (out, "<h2 id=\"group-%s\">%s</h2>\n", group, group);
          g_string_append_printf (nav, "<a href=\"#group-%s\">%s</a>\n", group, group);
          g_free (last);
          last = g_strdup (group);
        }
      json_object_iter_init_ordered (&iter, operations);
      while (json_object_iter_next_ordered (&iter, &method, &node))
        append_operation (out, document, at->data, method, json_node_get_object (node));
    }
}

static void
append_schemas (GString *out, JsonObject *document)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  g_string_append (out, "<h2 id=\"group-schemas\">Schemas</h2>\n");
  json_object_iter_init_ordered (&iter, royal_json_object (royal_json_object (document, "components"), "schemas"));
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      g_string_append_printf (out, "<section id=\"schema-%s\"><h3><code>%s</code></h3>\n", name, name);
      append_json (out, node);
      g_string_append (out, "</section>\n");
    }
}

static GBytes *
make_page (void)
{
  gsize length;
  const char *text = g_bytes_get_data (rh_routes_document (), &length);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = royal_json_parse (text, (gssize)length, "openapi.json", &error);
  g_autoptr (GString) body = g_string_new (NULL);
  g_autoptr (GString) nav = g_string_new (NULL);
  GString *page = g_string_new ("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                                "<meta name=\"viewport\" content=\"width=device-width\"><title>Royal's API</title>"
                                "<style>" STYLE "</style></head>\n<body><main><h1>Royal's API</h1>\n");
  JsonObject *document;

  if (node == NULL)
    g_error ("%s", error->message);
  document = json_node_get_object (node);
  append_paragraph (page, royal_json_string (royal_json_object (document, "info"), "description", NULL));
  g_string_append (page, "<p>For programs: <a href=\"/api/v1/openapi.json\">openapi.json</a>.</p>\n");
  append_paths (body, nav, document);
  append_schemas (body, document);
  g_string_append_printf (page, "<nav aria-label=\"Groups\">%s<a href=\"#group-schemas\">schemas</a></nav>\n%s",
                          nav->str, body->str);
  g_string_append (page, "</main></body></html>\n");
  return g_string_free_to_bytes (page);
}

GBytes *
rh_docs_bytes (void)
{
  static GBytes *bytes;

  if (bytes == NULL)
    bytes = make_page ();
  return bytes;
}

/* (transfer full) */
static char *
make_policy (void)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;
  g_autofree char *encoded = NULL;

  g_checksum_update (checksum, (const guchar *)STYLE, strlen (STYLE));
  g_checksum_get_digest (checksum, digest, &length);
  encoded = g_base64_encode (digest, length);
  return g_strdup_printf (POLICY, encoded);
}

void
rh_docs_page (RhRequest *request)
{
  static char *policy;

  if (policy == NULL)
    policy = make_policy ();
  rh_console_reply (request, rh_docs_bytes (), "text/html; charset=utf-8", policy, "private, no-cache");
}
