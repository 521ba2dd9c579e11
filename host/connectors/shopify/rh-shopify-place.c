/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-place.h"

#include "rh-connector-file.h"
#include "rh-shopify-resources.h"
#include "royal-json.h"

#include <royal/error.h>

#define SCHEMA "/royal/schema/shopify-shops.schema.json"
#define ANSWER_MAX (4 * 1024 * 1024)
#define FILES "https://storage.googleapis.com" /* where Shopify puts files, unless the operator knows better */
#define BULK_FROM 250
#define SETTLE_MS 30000

static void
app_free (RhShopifyApp *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->secret);
  g_free (self->callback);
  g_strfreev (self->scopes);
  g_free (self->refresh);
  g_clear_pointer (&self->endpoint, rh_http_endpoint_free);
  g_free (self);
}

void
rh_shopify_place_free (RhShopifyPlace *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->shop);
  g_free (self->token);
  g_clear_pointer (&self->endpoint, rh_http_endpoint_free);
  g_clear_pointer (&self->files, rh_http_endpoint_free);
  g_strfreev (self->parts);
  app_free (self->app);
  g_free (self);
}

static const char *const passed_on[] = { "insecure", "private", "timeout_ms", "ca" };

/* The document of an endpoint of http.request: the shop, with no token. */
static JsonObject *
describe (JsonObject *document)
{
  g_autofree char *origin = g_strconcat ("https://", royal_json_string (document, "shop", ""), NULL);
  JsonObject *endpoint = json_object_new ();

  json_object_set_string_member (endpoint, "origin", royal_json_string (document, "origin", origin));
  json_object_set_int_member (endpoint, "max_answer_bytes", ANSWER_MAX);
  for (guint i = 0; i < G_N_ELEMENTS (passed_on); i++)
    if (json_object_has_member (document, passed_on[i]))
      json_object_set_member (endpoint, passed_on[i], json_object_dup_member (document, passed_on[i]));
  return endpoint;
}

/* One that does what Shopify wants of each request to the Admin API. */
static RhHttpEndpoint *
endpoint_of (const char *name, JsonObject *document, GError **error)
{
  g_autoptr (JsonObject) endpoint = describe (document);
  JsonObject *secrets = json_object_new ();
  JsonObject *token = json_object_new ();

  json_object_set_string_member (token, "name", royal_json_string (document, "token", ""));
  json_object_set_object_member (secrets, "X-Shopify-Access-Token", token);
  json_object_set_object_member (endpoint, "secrets", secrets);
  return rh_http_endpoint_new (name, endpoint, error);
}

static RhHttpEndpoint *
files_of (const char *name, JsonObject *document, GError **error)
{
  g_autoptr (JsonObject) endpoint = json_object_new ();
  RhHttpEndpoint *files;

  json_object_set_string_member (endpoint, "origin", royal_json_string (document, "files_origin", FILES));
  for (guint i = 0; i < G_N_ELEMENTS (passed_on); i++)
    if (json_object_has_member (document, passed_on[i]))
      json_object_set_member (endpoint, passed_on[i], json_object_dup_member (document, passed_on[i]));
  files = rh_http_endpoint_new (name, endpoint, error);
  if (files == NULL)
    g_prefix_error (error, "/files_origin: ");
  return files;
}

/* (transfer full): orders are what a shop must be told to show. */
static GStrv
parts_of (JsonObject *document)
{
  JsonArray *list = royal_json_array (document, "pull");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (list == NULL)
    g_strv_builder_add_many (builder, "products", "themes", NULL);
  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    g_strv_builder_add (builder, json_array_get_string_element (list, i));
  return g_strv_builder_end (builder);
}

/* (transfer full) (nullable): NULL without @error when there is none. */
static RhShopifyApp *
app_of (const char *name, JsonObject *document, GError **error)
{
  JsonObject *app = royal_json_object (document, "app");
  JsonArray *scopes = app != NULL ? royal_json_array (app, "scopes") : NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (JsonObject) described = NULL;
  RhHttpEndpoint *endpoint;
  RhShopifyApp *self;

  if (app == NULL)
    return NULL;
  described = describe (document);
  endpoint = rh_http_endpoint_new (name, described, error);
  if (endpoint == NULL)
    return NULL;
  for (guint i = 0; i < json_array_get_length (scopes); i++)
    g_strv_builder_add (builder, json_array_get_string_element (scopes, i));
  self = g_new0 (RhShopifyApp, 1);
  self->id = g_strdup (royal_json_string (app, "id", ""));
  self->secret = g_strdup (royal_json_string (app, "secret", ""));
  self->callback = g_strdup (royal_json_string (app, "callback", ""));
  self->scopes = g_strv_builder_end (builder);
  self->refresh = g_strdup (royal_json_string (app, "refresh", NULL));
  self->endpoint = endpoint;
  return self;
}

static RhShopifyPlace *
place_new (const char *name, JsonObject *document, GError **error)
{
  RhHttpEndpoint *endpoint = endpoint_of (name, document, error);
  RhHttpEndpoint *files = endpoint != NULL ? files_of (name, document, error) : NULL;
  RhShopifyPlace *self;

  if (files == NULL)
    {
      g_clear_pointer (&endpoint, rh_http_endpoint_free);
      return NULL;
    }
  self = g_new0 (RhShopifyPlace, 1);
  self->name = g_strdup (name);
  self->shop = g_strdup (royal_json_string (document, "shop", ""));
  self->token = g_strdup (royal_json_string (document, "token", ""));
  self->margin_min_pct = royal_json_double (document, "margin_min_pct", 0);
  self->endpoint = endpoint;
  self->files = files;
  self->app = app_of (name, document, NULL); /* what could be wrong with its endpoint is right in the other one */
  self->settle_ms = (guint)royal_json_int (document, "settle_ms", SETTLE_MS);
  self->parts = parts_of (document);
  self->every_s = (guint)royal_json_int (document, "pull_every_s", 0);
  self->bulk_from = (guint)royal_json_int (document, "bulk_from", BULK_FROM);
  rh_bucket_init (&self->bucket, royal_json_double (document, "points_per_s", 100),
                  royal_json_double (document, "points", 2000), g_get_monotonic_time ());
  return self;
}

/* An answer of Shopify's names the shop by its domain: that has to lead to one place. */
static gboolean
check_apps (GHashTable *places, GError **error)
{
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, places);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      RhShopifyPlace *place = value;

      if (place->app == NULL || g_hash_table_add (known, place->shop))
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "/shops/%s/app: expected an app at one of those whose shop is %s, found two", place->name,
                   place->shop);
      return FALSE;
    }
  return TRUE;
}

GHashTable *
rh_shopify_places_load (const char *file, GError **error)
{
  g_autoptr (GHashTable) places =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)rh_shopify_place_free);
  g_autoptr (JsonNode) document = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  g_return_val_if_fail (file != NULL, NULL);

  if (!rh_connector_file_load (file, rh_shopify_resources_get_resource (), SCHEMA, &document, error))
    return NULL;
  if (document == NULL)
    return g_steal_pointer (&places);
  json_object_iter_init (&iter, royal_json_object (json_node_get_object (document), "shops"));
  while (json_object_iter_next (&iter, &name, &node))
    {
      RhShopifyPlace *place = place_new (name, json_node_get_object (node), error);

      if (place == NULL)
        {
          g_prefix_error (error, "%s: /shops/%s", file, name);
          return NULL;
        }
      g_hash_table_insert (places, place->name, place);
    }
  if (!check_apps (places, error))
    {
      g_prefix_error (error, "%s: ", file);
      return NULL;
    }
  return g_steal_pointer (&places);
}
