/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-grant.h"

#include "royal-json.h"

#include <royal/error.h>
#include <sodium.h>
#include <string.h>

#define AUTHORIZE "/admin/oauth/authorize"
#define TOKEN_MAX 1024u
#define WORD_MAX 64u
#define ENDS_MAX ((gint64)400 * 24 * 3600)

static const char lower[] = "abcdefghijklmnopqrstuvwxyz_";

/* What is read from files may end with a newline. */
static char *
text_of (const RhSecret *secret)
{
  return g_strchomp (g_strdup (rh_secret_bytes (secret)));
}

static void
set_secret (JsonObject *body, const char *name, const RhSecret *secret)
{
  char *plain = text_of (secret);

  json_object_set_string_member (body, name, plain);
  sodium_memzero (plain, strlen (plain));
  g_free (plain);
}

JsonNode *
rh_shopify_grant_request (const RhShopifyApp *app, const RhSecret *id, const RhSecret *secret, const char *code)
{
  JsonObject *body;

  g_return_val_if_fail (app != NULL && id != NULL && secret != NULL && code != NULL, NULL);

  body = json_object_new ();
  set_secret (body, "client_id", id);
  set_secret (body, "client_secret", secret);
  json_object_set_string_member (body, "code", code);
  if (app->refresh != NULL)
    json_object_set_string_member (body, "expiring", "1");
  return royal_json_take_object (body);
}

JsonNode *
rh_shopify_grant_renewal (const RhSecret *id, const RhSecret *secret, const RhSecret *refresh)
{
  JsonObject *body;

  g_return_val_if_fail (id != NULL && secret != NULL && refresh != NULL, NULL);

  body = json_object_new ();
  set_secret (body, "client_id", id);
  set_secret (body, "client_secret", secret);
  json_object_set_string_member (body, "grant_type", "refresh_token"); /* RFC 6749, 6 */
  set_secret (body, "refresh_token", refresh);
  return royal_json_take_object (body);
}

char *
rh_shopify_grant_path (const RhShopifyApp *app, const RhSecret *id, const char *state)
{
  g_autofree char *scopes = NULL;
  g_autofree char *plain = NULL;
  g_autofree char *client = NULL;
  g_autofree char *scope = NULL;
  g_autofree char *callback = NULL;

  g_return_val_if_fail (app != NULL && id != NULL && state != NULL, NULL);

  scopes = g_strjoinv (",", app->scopes);
  plain = text_of (id);
  client = g_uri_escape_string (plain, NULL, FALSE);
  scope = g_uri_escape_string (scopes, NULL, FALSE);
  callback = g_uri_escape_string (app->callback, NULL, FALSE);
  return g_strconcat (AUTHORIZE "?client_id=", client, "&scope=", scope, "&redirect_uri=", callback, "&state=", state,
                      NULL);
}

/* Whether @text is a word that Shopify's names are made of: nothing else of its answers is told. */
static gboolean
is_word (const char *text)
{
  gsize length = strlen (text);

  return length > 0 && length <= WORD_MAX && strspn (text, lower) == length;
}

/* (transfer full) */
static JsonArray *
scopes_of (JsonObject *body)
{
  g_auto (GStrv) words = g_strsplit (royal_json_string (body, "scope", ""), ",", 256);
  JsonArray *scopes = json_array_new ();

  for (guint i = 0; words[i] != NULL; i++)
    if (is_word (g_strstrip (words[i])))
      json_array_add_string_element (scopes, words[i]);
  return scopes;
}

static gboolean
has (JsonArray *scopes, const char *wanted)
{
  for (guint i = 0; i < json_array_get_length (scopes); i++)
    if (strcmp (json_array_get_string_element (scopes, i), wanted) == 0)
      return TRUE;
  return FALSE;
}

/* A scope to write has the one to read in it, which Shopify then does not name. */
static gboolean
is_granted (JsonArray *scopes, const char *wanted)
{
  gboolean reads = g_str_has_prefix (wanted, "read_") || strstr (wanted, "_read_") != NULL;
  g_autoptr (GString) write = g_string_new (wanted);

  if (has (scopes, wanted))
    return TRUE;
  if (!reads)
    return FALSE;
  g_string_replace (write, "read_", "write_", 1);
  return has (scopes, write->str);
}

gboolean
rh_shopify_grant_covers (const RhShopifyGrant *grant, const RhShopifyApp *app, GError **error)
{
  g_autoptr (GString) missing = NULL;

  g_return_val_if_fail (grant != NULL && grant->scopes != NULL && app != NULL, FALSE);

  missing = g_string_new (NULL);
  for (guint i = 0; app->scopes[i] != NULL; i++)
    if (!is_granted (grant->scopes, app->scopes[i]))
      g_string_append_printf (missing, "%s%s", missing->len > 0 ? ", " : "", app->scopes[i]);
  if (missing->len > 0)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED, "expected also the access scope %s to be granted",
                 missing->str);
  return missing->len == 0;
}

static gboolean
fail (const RhHttpAnswer *answer, JsonObject *body, const char *wanted, GError **error)
{
  const char *word = body != NULL ? royal_json_string (body, "error", "") : "";
  RoyalError code = answer->status == 429   ? ROYAL_ERROR_LIMIT
                    : answer->status >= 500 ? ROYAL_ERROR_UNAVAILABLE
                                            : ROYAL_ERROR_DENIED;

  g_set_error (error, ROYAL_ERROR, (int)code, "expected Shopify to %s, it answered %u%s%s", wanted, answer->status,
               is_word (word) ? ": " : "", is_word (word) ? word : "");
  return FALSE;
}

static gboolean
deny (GError **error, const char *words)
{
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_DENIED, words);
  return FALSE;
}

/* (transfer full) (nullable) */
static RhSecret *
secret_of (JsonObject *body, const char *name)
{
  const char *text = royal_json_string (body, name, "");

  if (*text == '\0' || strlen (text) > TOKEN_MAX || strpbrk (text, " \t\r\n") != NULL)
    return NULL;
  return rh_secret_new (text, strlen (text));
}

/* One that ends without being renewed is of no use, and one of a user's session is not the shop's. */
static gboolean
take_end (const RhShopifyApp *app, JsonObject *body, RhShopifyGrant *grant, GError **error)
{
  gint64 ends_s = royal_json_int (body, "expires_in", 0);

  if (json_object_has_member (body, "associated_user"))
    return deny (error, "expected an offline token, Shopify gave one of a user");
  if (app->refresh == NULL)
    return !json_object_has_member (body, "expires_in") ||
           deny (error, "expected an offline token that does not end, Shopify gave one that does: the app needs "
                        "`refresh`");
  grant->refresh = secret_of (body, "refresh_token");
  if (grant->refresh == NULL || ends_s <= 0 || ends_s > ENDS_MAX)
    return deny (error, "expected an offline token that ends and what renews it, Shopify gave another");
  grant->ends_s = ends_s;
  grant->refresh_ends_s = CLAMP (royal_json_int (body, "refresh_token_expires_in", 0), 0, ENDS_MAX);
  return TRUE;
}

gboolean
rh_shopify_grant_take (const RhShopifyApp *app,
                       const RhHttpAnswer *answer,
                       const char *wanted,
                       RhShopifyGrant *grant,
                       GError **error)
{
  JsonObject *body;

  g_return_val_if_fail (app != NULL && answer != NULL && wanted != NULL && grant != NULL, FALSE);

  *grant = (RhShopifyGrant){ 0 };
  body = answer->json != NULL && JSON_NODE_HOLDS_OBJECT (answer->json) ? json_node_get_object (answer->json) : NULL;
  if (answer->status != 200)
    return fail (answer, body, wanted, error);
  grant->token = body != NULL ? secret_of (body, "access_token") : NULL;
  if (grant->token == NULL)
    return deny (error, "expected a token in Shopify's answer, there is none");
  grant->scopes = scopes_of (body);
  return take_end (app, body, grant, error);
}

void
rh_shopify_grant_clear (RhShopifyGrant *self)
{
  g_clear_pointer (&self->token, rh_secret_unref);
  g_clear_pointer (&self->refresh, rh_secret_unref);
  g_clear_pointer (&self->scopes, json_array_unref);
}
