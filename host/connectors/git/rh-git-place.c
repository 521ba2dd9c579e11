/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-git-place.h"

#include "rh-connector-file.h"
#include "rh-git-resources.h"
#include "royal-json.h"

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
  g_free (self->agent_key);
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
  self->agent_key = g_strdup (royal_json_string (document, "agent_key", NULL));
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
  if (self->agent_key != NULL && self->signing_key != NULL)
    return "/agent_key: expected none beside signing_key";
  return NULL;
}

GHashTable *
rh_git_places_load (const char *file, char **ret_ca, GError **error)
{
  g_autoptr (GHashTable) places =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)rh_git_place_free);
  g_autoptr (JsonNode) document = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  g_return_val_if_fail (file != NULL && ret_ca != NULL, NULL);

  if (!rh_connector_file_load (file, rh_git_resources_get_resource (), SCHEMA, &document, error))
    return NULL;
  if (document == NULL)
    return g_steal_pointer (&places);
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
