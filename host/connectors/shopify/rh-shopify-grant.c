/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-grant.h"

#include "royal-json.h"

#include <royal/error.h>
#include <sodium.h>
#include <string.h>

#define AUTHORIZE "/admin/oauth/authorize"
#define TOKEN_MAX 1024u
#define WORD_MAX 64u

static const char lower[] = "abcdefghijklmnopqrstuvwxyz_";

/* What is read from files may end with a newline. */
static char *
text_of (const RhSecret *secret)
{
  return g_strchomp (g_strdup (rh_secret_bytes (secret)));
}

JsonNode *
rh_shopify_grant_request (const RhSecret *id, const RhSecret *secret, const char *code)
{
  JsonObject *body;
  char *plain;

  g_return_val_if_fail (id != NULL && secret != NULL && code != NULL, NULL);

  body = json_object_new ();
  plain = text_of (secret);
  json_object_set_string_member (body, "client_secret", plain);
  sodium_memzero (plain, strlen (plain));
  g_free (plain);
  plain = text_of (id);
  json_object_set_string_member (body, "client_id", plain);
  g_free (plain);
  json_object_set_string_member (body, "code", code);
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

static gboolean
check_scopes (const RhShopifyApp *app, JsonArray *scopes, GError **error)
{
  g_autoptr (GString) missing = g_string_new (NULL);

  for (guint i = 0; app->scopes[i] != NULL; i++)
    if (!is_granted (scopes, app->scopes[i]))
      g_string_append_printf (missing, "%s%s", missing->len > 0 ? ", " : "", app->scopes[i]);
  if (missing->len > 0)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED, "expected also the access scope %s to be granted",
                 missing->str);
  return missing->len == 0;
}

static void
fail (const RhHttpAnswer *answer, JsonObject *body, GError **error)
{
  const char *word = body != NULL ? royal_json_string (body, "error", "") : "";
  RoyalError code = answer->status == 429   ? ROYAL_ERROR_LIMIT
                    : answer->status >= 500 ? ROYAL_ERROR_UNAVAILABLE
                                            : ROYAL_ERROR_DENIED;

  g_set_error (error, ROYAL_ERROR, (int)code, "expected Shopify to take the code, it answered %u%s%s", answer->status,
               is_word (word) ? ": " : "", is_word (word) ? word : "");
}

/* One that ends would have to be renewed, which nothing here does: it is not asked for, and not taken. */
static gboolean
lasts (JsonObject *body)
{
  return !json_object_has_member (body, "expires_in") && !json_object_has_member (body, "associated_user");
}

RhSecret *
rh_shopify_grant_take (const RhShopifyApp *app, const RhHttpAnswer *answer, JsonArray **ret_scopes, GError **error)
{
  JsonObject *body;
  const char *token;

  g_return_val_if_fail (app != NULL && answer != NULL && ret_scopes != NULL, NULL);

  body = answer->json != NULL && JSON_NODE_HOLDS_OBJECT (answer->json) ? json_node_get_object (answer->json) : NULL;
  if (answer->status != 200)
    {
      fail (answer, body, error);
      return NULL;
    }
  token = body != NULL ? royal_json_string (body, "access_token", "") : "";
  if (*token == '\0' || strlen (token) > TOKEN_MAX || strpbrk (token, " \t\r\n") != NULL)
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_DENIED,
                           "expected a token in Shopify's answer, there is none");
      return NULL;
    }
  *ret_scopes = scopes_of (body);
  if (!lasts (body))
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_DENIED,
                           "expected an offline token that does not end, Shopify gave one that does");
      return NULL;
    }
  return check_scopes (app, *ret_scopes, error) ? rh_secret_new (token, strlen (token)) : NULL;
}
