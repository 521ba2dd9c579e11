/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-git-place.h"

#include "rh-git-resources.h"
#include "royal-json.h"
#include "royal-schema.h"

#include <royal/error.h>
#include <string.h>

#define SCHEMA "/royal/schema/git-repositories.schema.json"

void
rh_git_place_free (RhGitPlace *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->url);
  g_free (self->user);
  g_free (self->token);
  g_free (self->ssh_key);
  g_free (self->signing_key);
  g_free (self->host_key);
  g_free (self->author);
  g_free (self->email);
  g_free (self);
}

static RhGitPlace *
place_new (const char *name, JsonObject *document)
{
  RhGitPlace *self = g_new0 (RhGitPlace, 1);
  const char *url = royal_json_string (document, "url", "");

  self->name = g_strdup (name);
  self->url = g_strdup (url);
  self->user =
      g_strdup (royal_json_string (document, "user", g_str_has_prefix (url, "ssh:") ? "git" : "x-access-token"));
  self->token = g_strdup (royal_json_string (document, "token", NULL));
  self->ssh_key = g_strdup (royal_json_string (document, "ssh_key", NULL));
  self->signing_key = g_strdup (royal_json_string (document, "signing_key", NULL));
  self->host_key = g_strdup (royal_json_string (document, "host_key", NULL));
  self->author = g_strdup (royal_json_string (document, "author", "Royal"));
  self->email = g_strdup (royal_json_string (document, "email", "royal@localhost"));
  return self;
}

static const char *
fault_of (const RhGitPlace *self)
{
  const char *authority = strstr (self->url, "://") + 3;
  g_autofree char *host = g_strndup (authority, strcspn (authority, "/"));

  if (strchr (host, '@') != NULL)
    return "/url: expected no user in it: `user`, and the name of a secret as `token` or `ssh_key`";
  if (g_str_has_prefix (self->url, "ssh:") && self->host_key == NULL)
    return "/host_key: expected the SHA-256 of the server's key, as the url is one of ssh";
  return NULL;
}

static gboolean
check_document (JsonNode *document, const char *file, GError **error)
{
  g_autoptr (GBytes) bytes = g_resource_lookup_data (rh_git_resources_get_resource (), SCHEMA, 0, NULL);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (RoyalSchema) schema = NULL;
  gsize length;
  const char *text;

  g_assert (bytes != NULL);
  text = g_bytes_get_data (bytes, &length);
  node = royal_json_parse (text, (gssize)length, SCHEMA, error);
  schema = node != NULL ? royal_schema_new (node, SCHEMA, error) : NULL;
  return schema != NULL && royal_schema_validate (schema, document, file, error);
}

GHashTable *
rh_git_places_load (const char *file, char **ret_ca, GError **error)
{
  g_autoptr (GHashTable) places =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)rh_git_place_free);
  g_autoptr (JsonNode) document = NULL;
  g_autofree char *text = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;
  gsize length;

  g_return_val_if_fail (file != NULL && ret_ca != NULL, NULL);

  if (!g_file_test (file, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&places);
  if (!g_file_get_contents (file, &text, &length, error))
    return NULL;
  document = royal_json_parse (text, (gssize)length, file, error);
  if (document == NULL || !check_document (document, file, error))
    return NULL;
  json_object_iter_init (&iter, royal_json_object (json_node_get_object (document), "repositories"));
  while (json_object_iter_next (&iter, &name, &node))
    {
      RhGitPlace *place = place_new (name, json_node_get_object (node));
      const char *fault = fault_of (place);

      g_hash_table_insert (places, place->name, place);
      if (fault == NULL)
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: /repositories/%s%s", file, name, fault);
      return NULL;
    }
  *ret_ca = g_strdup (royal_json_string (json_node_get_object (document), "ca", NULL));
  return g_steal_pointer (&places);
}
