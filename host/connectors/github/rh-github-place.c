/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-github-place.h"

#include "rh-connector-file.h"
#include "rh-github-resources.h"
#include "royal-json.h"

#include <royal/error.h>

#define SCHEMA "/royal/schema/github-repositories.schema.json"
#define ORIGIN "https://api.github.com"
#define ANSWER_MAX (4 * 1024 * 1024)

void
rh_github_place_free (RhGithubPlace *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->repository);
  g_free (self->secret);
  g_free (self->account);
  g_clear_pointer (&self->app, rh_github_app_unref);
  g_clear_pointer (&self->endpoint, rh_http_endpoint_free);
  g_free (self);
}

static const char *const passed_on[] = { "insecure", "private", "timeout_ms", "ca" };

/* The document of an endpoint of http.request that does what GitHub wants of each request. */
static JsonObject *
describe (JsonObject *document)
{
  JsonObject *endpoint = json_object_new ();
  JsonObject *headers = json_object_new ();
  const char *token = royal_json_string (document, "token", NULL);

  json_object_set_string_member (headers, "User-Agent", "royal");
  json_object_set_string_member (headers, "X-GitHub-Api-Version", "2022-11-28");
  json_object_set_string_member (endpoint, "origin", royal_json_string (document, "origin", ORIGIN));
  json_object_set_int_member (endpoint, "max_answer_bytes", ANSWER_MAX);
  json_object_set_object_member (endpoint, "headers", headers);
  if (token != NULL)
    {
      JsonObject *secrets = json_object_new ();
      JsonObject *secret = json_object_new ();

      json_object_set_string_member (secret, "name", token);
      json_object_set_string_member (secret, "prefix", "Bearer ");
      json_object_set_object_member (secrets, "Authorization", secret);
      json_object_set_object_member (endpoint, "secrets", secrets);
    }
  for (guint i = 0; i < G_N_ELEMENTS (passed_on); i++)
    if (json_object_has_member (document, passed_on[i]))
      json_object_set_member (endpoint, passed_on[i], json_object_dup_member (document, passed_on[i]));
  return endpoint;
}

/* (transfer full): the installation, of which there is one for each server; NULL with an error. */
static RhGithubApp *
app_of (const char *name, JsonObject *document, JsonObject *app, GHashTable *apps, GError **error)
{
  const char *issuer = royal_json_string (app, "id", "");
  const char *key = royal_json_string (app, "key", "");
  gint64 installation = royal_json_int (app, "installation", 0);
  g_autofree char *id = g_strdup_printf ("%s %s %" G_GINT64_FORMAT " %s",
                                         royal_json_string (document, "origin", ORIGIN), issuer, installation, key);
  RhGithubApp *found = g_hash_table_lookup (apps, id);
  g_autoptr (JsonObject) described = NULL;
  RhHttpEndpoint *endpoint;

  if (found != NULL)
    return rh_github_app_ref (found);
  described = describe (document);
  endpoint = rh_http_endpoint_new (name, described, error);
  if (endpoint == NULL)
    return NULL;
  found = rh_github_app_new (issuer, installation, key, endpoint);
  g_hash_table_insert (apps, g_steal_pointer (&id), rh_github_app_ref (found));
  return found;
}

static RhGithubPlace *
place_new (const char *name, JsonObject *document, GHashTable *apps, GError **error)
{
  g_autoptr (JsonObject) described = describe (document);
  g_autoptr (RhGithubPlace) self = g_new0 (RhGithubPlace, 1);
  JsonObject *app = royal_json_object (document, "app");

  if (json_object_has_member (document, "token") == (app != NULL))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, ": expected one of token and app, found %s",
                   app != NULL ? "both" : "none");
      return NULL;
    }
  self->endpoint = rh_http_endpoint_new (name, described, error);
  if (self->endpoint == NULL)
    return NULL;
  if (app != NULL && (self->app = app_of (name, document, app, apps, error)) == NULL)
    return NULL;
  self->name = g_strdup (name);
  self->repository = g_strdup (royal_json_string (document, "repository", ""));
  self->secret =
      g_strdup (app != NULL ? royal_json_string (app, "key", "") : royal_json_string (document, "token", ""));
  self->account = app != NULL ? g_strdup_printf ("App %s/%" G_GINT64_FORMAT, royal_json_string (app, "id", ""),
                                                 royal_json_int (app, "installation", 0))
                              : g_strdup (self->secret);
  return g_steal_pointer (&self);
}

GHashTable *
rh_github_places_load (const char *file, GError **error)
{
  g_autoptr (GHashTable) places =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)rh_github_place_free);
  g_autoptr (GHashTable) apps =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)rh_github_app_unref);
  g_autoptr (JsonNode) document = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  g_return_val_if_fail (file != NULL, NULL);

  if (!rh_connector_file_load (file, rh_github_resources_get_resource (), SCHEMA, &document, error))
    return NULL;
  if (document == NULL)
    return g_steal_pointer (&places);
  json_object_iter_init (&iter, royal_json_object (json_node_get_object (document), "repositories"));
  while (json_object_iter_next (&iter, &name, &node))
    {
      RhGithubPlace *place = place_new (name, json_node_get_object (node), apps, error);

      if (place == NULL)
        {
          g_prefix_error (error, "%s: /repositories/%s", file, name);
          return NULL;
        }
      g_hash_table_insert (places, place->name, place);
    }
  return g_steal_pointer (&places);
}
