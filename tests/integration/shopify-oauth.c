/* SPDX-License-Identifier: Apache-2.0 */
#include "shopify-oauth.h"

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>
#include <string.h>

struct _ShopifyOauth {
  SoupServer *server;
  guint port;
  GHashTable *codes; /* code → what was granted; each goes when it is exchanged */
  char *scopes;      /* (nullable) */
  char *fault;       /* (nullable) */
  guint n_codes;
  guint tokens;
  guint asked;
};

static void
answer (SoupServerMessage *message, guint status, const char *text)
{
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, text, strlen (text));
}

/* (transfer full) (nullable): what the code of a request grants, which it does once; NULL when it is not the app that
 * asks. */
static char *
take_code (ShopifyOauth *self, const char *text)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *body;
  char *scopes = NULL;
  g_autofree char *code = NULL;

  if (!json_parser_load_from_data (parser, text, -1, NULL) || !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    return NULL;
  body = json_node_get_object (json_parser_get_root (parser));
  if (g_strcmp0 (json_object_get_string_member_with_default (body, "client_id", ""), SHOPIFY_OAUTH_ID) != 0 ||
      g_strcmp0 (json_object_get_string_member_with_default (body, "client_secret", ""), SHOPIFY_OAUTH_SECRET) != 0)
    return NULL;
  g_hash_table_steal_extended (self->codes, json_object_get_string_member_with_default (body, "code", ""),
                               (gpointer *)&code, (gpointer *)&scopes);
  return scopes;
}

static void
on_token (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  ShopifyOauth *self = data;
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_autofree char *fault = g_steal_pointer (&self->fault);
  g_autofree char *scopes = NULL;
  g_autofree char *reply = NULL;

  self->asked++;
  if (g_strcmp0 (fault, "500") == 0)
    answer (message, 500, "{\"errors\":\"Internal Server Error\"}");
  else if (g_strcmp0 (fault, "lost") == 0)
    {
      g_socket_shutdown (soup_server_message_get_socket (message), TRUE, TRUE, NULL);
      answer (message, 500, "{}"); /* nobody will see it */
    }
  else if (g_strcmp0 (soup_server_message_get_method (message), "POST") != 0 || g_strcmp0 (fault, "denied") == 0 ||
           (scopes = take_code (self, text)) == NULL)
    {
      g_autofree char *escaped = g_strescape (text, NULL);

      reply = g_strdup_printf ("{\"error\":\"invalid_request\",\"error_description\":\"%s\"}", escaped);
      answer (message, 400, reply);
    }
  else if (g_strcmp0 (fault, "empty") == 0)
    answer (message, 200, "{}");
  else
    {
      self->tokens++;
      reply = g_strdup_printf ("{\"access_token\":\"" SHOPIFY_OAUTH_TOKEN "\",\"scope\":\"%s\"%s}", scopes,
                               g_strcmp0 (fault, "expiring") == 0 ? ",\"expires_in\":3600" : "");
      answer (message, 200, reply);
    }
}

/* Its page: the owner of the shop grants what is asked, and the browser goes back. */
static void
on_authorize (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  g_autofree char *url = g_uri_to_string (soup_server_message_get_uri (message));
  const char *asked = query != NULL ? g_hash_table_lookup (query, "redirect_uri") : NULL;
  const char *callback = asked != NULL ? asked : "";
  g_autofree char *signed_query = shopify_oauth_grant (data, url, callback, SHOPIFY_OAUTH_SHOP);
  g_autofree char *back = g_strconcat (callback, "?", signed_query, NULL);

  soup_server_message_set_redirect (message, 302, back);
}

ShopifyOauth *
shopify_oauth_new (void)
{
  ShopifyOauth *self = g_new0 (ShopifyOauth, 1);
  GSList *uris;

  self->codes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (self->server, "/admin/oauth/access_token", on_token, self, NULL);
  soup_server_add_handler (self->server, "/admin/oauth/authorize", on_authorize, self, NULL);
  g_assert_true (soup_server_listen_local (self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, NULL));
  uris = soup_server_get_uris (self->server);
  self->port = (guint)g_uri_get_port (uris->data);
  g_slist_free_full (uris, (GDestroyNotify)g_uri_unref);
  return self;
}

void
shopify_oauth_free (ShopifyOauth *self)
{
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_hash_table_unref (self->codes);
  g_free (self->scopes);
  g_free (self->fault);
  g_free (self);
}

guint
shopify_oauth_port (ShopifyOauth *self)
{
  return self->port;
}

guint
shopify_oauth_tokens (ShopifyOauth *self)
{
  return self->tokens;
}

guint
shopify_oauth_asked (ShopifyOauth *self)
{
  return self->asked;
}

void
shopify_oauth_scopes (ShopifyOauth *self, const char *scopes)
{
  g_free (self->scopes);
  self->scopes = g_strdup (scopes);
}

void
shopify_oauth_fault (ShopifyOauth *self, const char *kind)
{
  g_free (self->fault);
  self->fault = g_strdup (kind);
}

char *
shopify_oauth_sign (const char *query)
{
  g_autofree char *mac = g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *)SHOPIFY_OAUTH_SECRET,
                                                    strlen (SHOPIFY_OAUTH_SECRET), query, -1);

  return g_strdup_printf ("%s&hmac=%s", query, mac);
}

char *
shopify_oauth_grant (ShopifyOauth *self, const char *url, const char *callback, const char *shop)
{
  g_autofree char *origin = g_strdup_printf ("http://127.0.0.1:%u/admin/oauth/authorize?", self->port);
  g_autoptr (GHashTable) asked = NULL;
  g_autofree char *code = NULL;
  g_autofree char *query = NULL;
  const char *scopes;

  g_assert_true (g_str_has_prefix (url, origin));
  asked = g_uri_parse_params (url + strlen (origin), -1, "&", G_URI_PARAMS_NONE, NULL);
  g_assert_nonnull (asked);
  g_assert_cmpstr (g_hash_table_lookup (asked, "client_id"), ==, SHOPIFY_OAUTH_ID);
  g_assert_cmpstr (g_hash_table_lookup (asked, "redirect_uri"), ==, callback);
  g_assert_cmpuint (strlen (g_hash_table_lookup (asked, "state")), ==, 43);
  scopes = g_hash_table_lookup (asked, "scope");
  g_assert_nonnull (scopes);
  code = g_strdup_printf ("c0de%028u", ++self->n_codes);
  g_hash_table_insert (self->codes, g_strdup (code), g_strdup (self->scopes != NULL ? self->scopes : scopes));
  query = g_strdup_printf (
      "code=%s&host=YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvYWNtZQ%%3D%%3D&shop=%s&state=%s&timestamp=%" G_GINT64_FORMAT, code,
      shop, (const char *)g_hash_table_lookup (asked, "state"), g_get_real_time () / G_USEC_PER_SEC);
  return shopify_oauth_sign (query);
}
