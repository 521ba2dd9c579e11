/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-http-endpoint.h"

#include "rh-connector-file.h"
#include "rh-http-resources.h"
#include "royal-json.h"
#include "royal-schema.h"

#include <royal/error.h>
#include <string.h>

#define SCHEMA "/royal/schema/http-endpoints.schema.json"
#define IDLE_S 30

static const char *const all_methods[] = { "POST", "PUT", "PATCH", "DELETE", NULL };

static void
secret_free (gpointer data)
{
  RhHttpSecret *self = data;

  g_free (self->header);
  g_free (self->secret);
  g_free (self->prefix);
  g_free (self);
}

void
rh_http_endpoint_free (RhHttpEndpoint *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->title);
  g_free (self->origin);
  g_strfreev (self->methods);
  g_strfreev (self->paths);
  g_ptr_array_unref (self->headers);
  g_ptr_array_unref (self->secrets);
  g_free (self->key_header);
  g_free (self->verify);
  g_free (self->observe);
  royal_schema_free (self->classes);
  g_clear_object (&self->session);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhHttpEndpoint, rh_http_endpoint_free)

/* (transfer full): the origin in one way of writing it. */
static char *
read_origin (const char *text, gboolean insecure, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  gboolean known = strcmp (scheme, "https") == 0 || (strcmp (scheme, "http") == 0 && insecure);

  if (!known || host == NULL || *host == '\0' || g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL ||
      g_uri_get_fragment (uri) != NULL || (g_uri_get_path (uri)[0] != '\0' && strcmp (g_uri_get_path (uri), "/") != 0))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/origin: expected %shttps://HOST[:PORT], found %s",
                   insecure ? "http:// or " : "", text);
      return NULL;
    }
  if (g_uri_get_port (uri) <= 0 || (strcmp (scheme, "https") == 0 && g_uri_get_port (uri) == 443) ||
      (strcmp (scheme, "http") == 0 && g_uri_get_port (uri) == 80))
    return g_strdup_printf (strchr (host, ':') != NULL ? "%s://[%s]" : "%s://%s", scheme, host);
  return g_strdup_printf (strchr (host, ':') != NULL ? "%s://[%s]:%d" : "%s://%s:%d", scheme, host,
                          g_uri_get_port (uri));
}

static GStrv
read_list (JsonObject *document, const char *member)
{
  JsonArray *list = royal_json_array (document, member);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (list == NULL)
    return NULL;
  for (guint i = 0; i < json_array_get_length (list); i++)
    g_strv_builder_add (builder, json_array_get_string_element (list, i));
  return g_strv_builder_end (builder);
}

static void
read_headers (RhHttpEndpoint *self, JsonObject *document)
{
  JsonObject *headers = royal_json_object (document, "headers"), *secrets = royal_json_object (document, "secrets");
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  self->headers = g_ptr_array_new_with_free_func (g_free);
  self->secrets = g_ptr_array_new_with_free_func (secret_free);
  if (headers != NULL)
    {
      json_object_iter_init (&iter, headers);
      while (json_object_iter_next (&iter, &name, &node))
        {
          g_ptr_array_add (self->headers, g_strdup (name));
          g_ptr_array_add (self->headers, g_strdup (json_node_get_string (node)));
        }
    }
  if (secrets != NULL)
    {
      json_object_iter_init (&iter, secrets);
      while (json_object_iter_next (&iter, &name, &node))
        {
          RhHttpSecret *secret = g_new0 (RhHttpSecret, 1);

          secret->header = g_strdup (name);
          secret->secret = g_strdup (royal_json_string (json_node_get_object (node), "name", ""));
          secret->prefix = g_strdup (royal_json_string (json_node_get_object (node), "prefix", ""));
          g_ptr_array_add (self->secrets, secret);
        }
    }
}

static gboolean
make_session (RhHttpEndpoint *self, const char *ca, GError **error)
{
  g_autoptr (GTlsDatabase) authorities = NULL;

  if (ca != NULL)
    {
      authorities = g_tls_file_database_new (ca, error);
      if (authorities == NULL)
        {
          g_prefix_error (error, "/ca: %s cannot be read: ", ca);
          return FALSE;
        }
    }
  self->session =
      soup_session_new_with_options ("user-agent", "royal", "timeout", 0, "idle-timeout", IDLE_S, "max-conns",
                                     (int)self->in_flight + 4, "max-conns-per-host", (int)self->in_flight + 4, NULL);
  /* The address that is connected to is the origin's own: it is looked at (see rh-http-call.c). */
  soup_session_set_proxy_resolver (self->session, NULL);
  if (authorities != NULL)
    soup_session_set_tls_database (self->session, authorities);
  return TRUE;
}

static gboolean
read_classes (RhHttpEndpoint *self, JsonObject *document, GError **error)
{
  JsonNode *classes = json_object_get_member (document, "classes");
  g_autoptr (GError) fault = NULL;

  if (classes == NULL)
    return TRUE;
  self->classes = royal_schema_new (classes, "/classes", &fault);
  if (self->classes == NULL)
    g_propagate_error (error, g_steal_pointer (&fault));
  else if (!royal_schema_has_classes (self->classes))
    g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/classes: expected an x-royal-class in it");
  return self->classes != NULL && royal_schema_has_classes (self->classes);
}

static gboolean
check_templates (RhHttpEndpoint *self, GError **error)
{
  if (self->verify != NULL && (self->verify[0] != '/' || strstr (self->verify, "{key}") == NULL))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/verify: expected a path with {key} in it, found %s",
                 self->verify);
  else if (self->observe != NULL && self->observe[0] != '/' && !g_str_has_prefix (self->observe, "{path}"))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/observe: expected a path, found %s", self->observe);
  else if (self->observe != NULL && self->verify == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                 "/observe: without verify nobody could tell a request's own change from another's");
  else
    return TRUE;
  return FALSE;
}

RhHttpEndpoint *
rh_http_endpoint_new (const char *name, JsonObject *document, GError **error)
{
  g_autoptr (RhHttpEndpoint) self = g_new0 (RhHttpEndpoint, 1);

  g_return_val_if_fail (name != NULL && document != NULL, NULL);

  read_headers (self, document);
  self->name = g_strdup (name);
  self->title = g_strdup (royal_json_string (document, "title", name));
  self->origin =
      read_origin (royal_json_string (document, "origin", ""), royal_json_boolean (document, "insecure", FALSE), error);
  self->methods = read_list (document, "methods");
  if (self->methods == NULL)
    self->methods = g_strdupv ((char **)all_methods);
  self->paths = read_list (document, "paths");
  self->key_header = g_strdup (royal_json_string (document, "key_header", "Idempotency-Key"));
  self->verify = g_strdup (royal_json_string (document, "verify", NULL));
  self->observe = g_strdup (royal_json_string (document, "observe", NULL));
  self->idempotent = royal_json_boolean (document, "idempotent", FALSE);
  self->allow_private = royal_json_boolean (document, "private", FALSE);
  self->settle_ms = (guint)royal_json_int (document, "settle_ms", 5000);
  self->timeout_ms = (guint)royal_json_int (document, "timeout_ms", 30000);
  self->max_body = (gsize)royal_json_int (document, "max_body_bytes", 262144);
  self->max_answer = (gsize)royal_json_int (document, "max_answer_bytes", 1048576);
  self->in_flight = (guint)royal_json_int (document, "in_flight", 8);
  self->rate = royal_json_double (document, "rate_per_s", 0);
  self->burst = royal_json_double (document, "burst", 1);
  if (self->origin == NULL || !check_templates (self, error) || !read_classes (self, document, error) ||
      !make_session (self, royal_json_string (document, "ca", NULL), error))
    return NULL;
  return g_steal_pointer (&self);
}

/* A path as it stands in a request line: no scheme, no host, no way up, nothing that has to be escaped. */
static gboolean
is_path (const char *path)
{
  static const char allowed[] = "-._~!$&'()*+,;=:@/?%";

  if (path[0] != '/' || path[1] == '/')
    return FALSE;
  for (const char *p = path; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr (allowed, *p) == NULL)
      return FALSE;
  return strstr (path, "/../") == NULL && strstr (path, "/./") == NULL && !g_str_has_suffix (path, "/..") &&
         strcasestr (path, "%2e") == NULL && strcasestr (path, "%2f") == NULL && strcasestr (path, "%5c") == NULL &&
         strstr (path, "/..?") == NULL;
}

/* A query is no part of a path: it can not make another path fit, but for a pattern that speaks of it. */
static gboolean
is_of_pattern (const char *pattern, const char *path)
{
  g_autofree char *plain = strchr (pattern, '?') != NULL ? g_strdup (path) : g_strndup (path, strcspn (path, "?"));

  return g_pattern_match_simple (pattern, plain);
}

gboolean
rh_http_endpoint_check (RhHttpEndpoint *self, const char *method, const char *path, GError **error)
{
  gboolean matches;

  g_return_val_if_fail (self != NULL && method != NULL && path != NULL, FALSE);

  if (!g_strv_contains ((const char *const *)self->methods, method))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/method: %s does not take %s", self->name, method);
      return FALSE;
    }
  if (!is_path (path))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "/path: expected an escaped path that begins with one /, found %.80s", path);
      return FALSE;
    }
  matches = self->paths == NULL;
  for (guint i = 0; !matches && self->paths[i] != NULL; i++)
    matches = is_of_pattern (self->paths[i], path);
  if (!matches)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/path: %s does not take %.80s", self->name, path);
  return matches;
}

char *
rh_http_template (const char *template, const char *path, const char *key)
{
  g_autoptr (GString) text = g_string_new (template);
  g_autofree char *escaped = g_uri_escape_string (key != NULL ? key : "", NULL, FALSE);

  g_string_replace (text, "{key}", escaped, 0);
  g_string_replace (text, "{path}", path != NULL ? path : "", 0);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

GHashTable *
rh_http_endpoints_load (const char *file, GError **error)
{
  g_autoptr (GHashTable) endpoints =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)rh_http_endpoint_free);
  g_autoptr (GString) faults = g_string_new (NULL);
  g_autoptr (JsonNode) document = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  g_return_val_if_fail (file != NULL, NULL);

  if (!rh_connector_file_load (file, rh_http_resources_get_resource (), SCHEMA, &document, error))
    return NULL;
  if (document == NULL)
    return g_steal_pointer (&endpoints);
  json_object_iter_init (&iter, royal_json_object (json_node_get_object (document), "endpoints"));
  while (json_object_iter_next (&iter, &name, &node))
    {
      g_autoptr (GError) fault = NULL;
      RhHttpEndpoint *endpoint = rh_http_endpoint_new (name, json_node_get_object (node), &fault);

      if (endpoint != NULL)
        g_hash_table_insert (endpoints, endpoint->name, endpoint);
      else
        g_string_append_printf (faults, "%s%s: /endpoints/%s%s", faults->len > 0 ? "\n" : "", file, name,
                                fault != NULL ? fault->message : "");
    }
  if (faults->len == 0)
    return g_steal_pointer (&endpoints);
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, faults->str);
  return NULL;
}
