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
  guint renewals;
  guint refresh; /* the number of the one that renews; the one before it does as well, until it was used itself */
  guint used;    /* the greatest number of one that did */
};

static void
answer (SoupServerMessage *message, guint status, const char *text)
{
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, text, strlen (text));
}

static const char *
member (JsonObject *body, const char *name)
{
  return json_object_get_string_member_with_default (body, name, "");
}

/* (transfer full) (nullable): NULL when it is not the app that asks */
static JsonObject *
body_of (const char *text)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *body;

  if (!json_parser_load_from_data (parser, text, -1, NULL) || !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    return NULL;
  body = json_node_get_object (json_parser_get_root (parser));
  if (strcmp (member (body, "client_id"), SHOPIFY_OAUTH_ID) != 0 ||
      strcmp (member (body, "client_secret"), SHOPIFY_OAUTH_SECRET) != 0)
    return NULL;
  return json_object_ref (body);
}

/* (transfer full): of a token that ends. */
static char *
pair (ShopifyOauth *self, const char *token, const char *scopes)
{
  return g_strdup_printf (
      "{\"access_token\":\"%s\",\"scope\":\"%s\",\"expires_in\":3600,\"refresh_token\":\"" SHOPIFY_OAUTH_REFRESH
      "\",\"refresh_token_expires_in\":7776000}",
      token, scopes, ++self->refresh);
}

/* (transfer full) (nullable): what is answered to what a code is exchanged by, which it is once. */
static char *
exchange (ShopifyOauth *self, JsonObject *body, const char *fault)
{
  char *stolen = NULL;
  g_autofree char *code = NULL;
  g_autofree char *scopes = NULL;
  gboolean ends = strcmp (member (body, "expiring"), "1") == 0;

  g_hash_table_steal_extended (self->codes, member (body, "code"), (gpointer *)&code, (gpointer *)&stolen);
  scopes = stolen;
  if (scopes == NULL)
    return NULL;
  self->tokens++;
  if (ends && g_strcmp0 (fault, "lasting") != 0)
    return pair (self, SHOPIFY_OAUTH_TOKEN, scopes);
  return g_strdup_printf ("{\"access_token\":\"" SHOPIFY_OAUTH_TOKEN "\",\"scope\":\"%s\"%s}", scopes,
                          g_strcmp0 (fault, "expiring") == 0 ? ",\"expires_in\":3600" : "");
}

/* (transfer full) (nullable) */
static char *
renew (ShopifyOauth *self, JsonObject *body)
{
  const char *given = member (body, "refresh_token");
  g_autofree char *token = NULL;
  guint number = 0;

  for (guint i = MAX (self->used, 1); i <= self->refresh; i++)
    {
      g_autofree char *known = g_strdup_printf (SHOPIFY_OAUTH_REFRESH, i);

      if (strcmp (given, known) == 0)
        number = i;
    }
  if (number == 0)
    return NULL;
  self->used = number;
  token = g_strdup_printf (SHOPIFY_OAUTH_RENEWED, ++self->renewals);
  return pair (self, token, self->scopes != NULL ? self->scopes : "read_products");
}

static void
on_token (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  ShopifyOauth *self = data;
  SoupMessageBody *sent = soup_server_message_get_request_body (message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (sent);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_autofree char *fault = g_steal_pointer (&self->fault);
  g_autoptr (JsonObject) body = body_of (text);
  gboolean is_renewal = body != NULL && strcmp (member (body, "grant_type"), "refresh_token") == 0;
  gboolean refuses = body == NULL || g_strcmp0 (fault, "denied") == 0 ||
                     strcmp (soup_server_message_get_method (message), "POST") != 0;
  g_autofree char *reply = NULL;

  self->asked++;
  if (g_strcmp0 (fault, "500") == 0)
    answer (message, 500, "{\"errors\":\"Internal Server Error\"}");
  else if (g_strcmp0 (fault, "lost") == 0)
    {
      if (is_renewal)
        reply = renew (self, body);
      g_socket_shutdown (soup_server_message_get_socket (message), TRUE, TRUE, NULL);
      answer (message, 500, "{}"); /* nobody will see it */
    }
  else if (refuses || (reply = is_renewal ? renew (self, body) : exchange (self, body, fault)) == NULL)
    {
      g_autofree char *escaped = g_strescape (text, NULL);
      g_autofree char *words = g_strdup_printf ("{\"error\":\"%s\",\"error_description\":\"%s\"}",
                                                is_renewal ? "invalid_grant" : "invalid_request", escaped);

      answer (message, 400, words);
    }
  else
    answer (message, 200, g_strcmp0 (fault, "empty") == 0 ? "{}" : reply);
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
shopify_oauth_renewals (ShopifyOauth *self)
{
  return self->renewals;
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
