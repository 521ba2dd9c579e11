/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-query.h"

#include <royal/error.h>
#include <sodium.h>
#include <string.h>

#define BYTES_MAX 4096u
#define PAIRS_MAX 32u
#define FRESH_S 90 /* as Shopify's own library has it */
#define DOMAIN ".myshopify.com"
#define LABEL_MAX 63u /* RFC 1035 */

struct _RhShopifyQuery {
  GHashTable *values;
};

static const char digits[] = "0123456789";
static const char hex[] = "0123456789abcdef";
static const char token[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.~";

/* What has to be there; of the shop no letters stand here, its form is a stricter one. */
static const struct {
  const char *name;
  const char *letters; /* (nullable) */
  gsize least;
  gsize most;
  const char *expected;
} wanted[] = {
  { "code", token, 1, 255, "1 to 255 letters, digits, -, _, . and ~" },
  { "hmac", hex, 64, 64, "64 hexadecimal digits in lower case" },
  { "shop", NULL, 1, 255, "NAME" DOMAIN },
  { "state", token, 1, 64, "the 1 to 64 characters that the install was begun with" },
  { "timestamp", digits, 1, 12, "seconds since 1970" },
};

gboolean
rh_shopify_is_domain (const char *text)
{
  gsize label;

  g_return_val_if_fail (text != NULL, FALSE);

  label = strspn (text, "0123456789abcdefghijklmnopqrstuvwxyz-");
  return label > 0 && label <= LABEL_MAX && text[0] != '-' && strcmp (text + label, DOMAIN) == 0;
}

static gboolean
has_form (guint i, const char *value)
{
  gsize length = strlen (value);

  if (length < wanted[i].least || length > wanted[i].most)
    return FALSE;
  return wanted[i].letters != NULL ? strspn (value, wanted[i].letters) == length : rh_shopify_is_domain (value);
}

static gboolean
fail (GError **error, const char *words)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "the query: %s", words);
  return FALSE;
}

/* (transfer full) (nullable) */
static char *
unescape (const char *text, gsize length)
{
  g_autofree char *plain = g_strndup (text, length);
  g_autofree char *value = g_uri_unescape_string (g_strdelimit (plain, "+", ' '), NULL);

  return value != NULL && g_utf8_validate (value, -1, NULL) ? g_steal_pointer (&value) : NULL;
}

static gboolean
take_pair (RhShopifyQuery *self, const char *pair, GError **error)
{
  const char *equals = strchr (pair, '=');
  g_autofree char *name = equals != NULL ? unescape (pair, (gsize)(equals - pair)) : NULL;
  g_autofree char *value = equals != NULL ? unescape (equals + 1, strlen (equals + 1)) : NULL;

  if (name == NULL || value == NULL || *name == '\0')
    return fail (error, "expected NAME=VALUE&…, escaped UTF-8");
  if (g_hash_table_contains (self->values, name))
    return fail (error, "expected nothing in it twice");
  g_hash_table_insert (self->values, g_steal_pointer (&name), g_steal_pointer (&value));
  return TRUE;
}

static gboolean
check (RhShopifyQuery *self, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    {
      const char *value = g_hash_table_lookup (self->values, wanted[i].name);

      if (value != NULL && has_form (i, value))
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "the query's %s: expected %s, found %s", wanted[i].name,
                   wanted[i].expected, value == NULL ? "none" : "another text");
      return FALSE;
    }
  return TRUE;
}

static void
wipe (gpointer value)
{
  sodium_memzero (value, strlen (value));
  g_free (value);
}

RhShopifyQuery *
rh_shopify_query_parse (const char *text, GError **error)
{
  g_autoptr (RhShopifyQuery) self = NULL;
  g_auto (GStrv) pairs = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  if (strlen (text) > BYTES_MAX)
    {
      fail (error, "expected at most 4096 bytes");
      return NULL;
    }
  self = g_new0 (RhShopifyQuery, 1);
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, wipe);
  pairs = g_strsplit (text, "&", PAIRS_MAX + 1);
  if (g_strv_length (pairs) > PAIRS_MAX)
    {
      fail (error, "expected at most 32 parameters");
      return NULL;
    }
  for (guint i = 0; pairs[i] != NULL; i++)
    if (!take_pair (self, pairs[i], error))
      return NULL;
  return check (self, error) ? g_steal_pointer (&self) : NULL;
}

void
rh_shopify_query_free (RhShopifyQuery *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->values);
  g_free (self);
}

const char *
rh_shopify_query_get (RhShopifyQuery *self, const char *name)
{
  g_return_val_if_fail (self != NULL && name != NULL, NULL);

  return g_hash_table_lookup (self->values, name);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

/* (transfer full): as the URL standard writes forms, but for blanks: `*` stays, `~` does not. */
static char *
escape (const char *text)
{
  g_autofree char *escaped = g_uri_escape_string (text, "*", FALSE);
  g_auto (GStrv) parts = g_strsplit (escaped, "~", -1);

  return g_strjoinv ("%7E", parts);
}

/* (transfer full) */
static char *
message_of (RhShopifyQuery *self)
{
  GString *text = g_string_new (NULL);
  GList *names = g_list_sort (g_hash_table_get_keys (self->values), compare);

  for (GList *at = names; at != NULL; at = at->next)
    {
      g_autofree char *name = escape (at->data);
      g_autofree char *value = escape (g_hash_table_lookup (self->values, at->data));

      if (strcmp (at->data, "hmac") != 0)
        g_string_append_printf (text, "%s%s=%s", text->len > 0 ? "&" : "", name, value);
    }
  g_list_free (names);
  return g_string_free (text, FALSE);
}

gboolean
rh_shopify_query_is_signed (RhShopifyQuery *self, const RhSecret *secret)
{
  g_autofree char *message = NULL;
  guint8 mac[crypto_auth_hmacsha256_BYTES];
  char text[2 * sizeof mac + 1];
  crypto_auth_hmacsha256_state state;

  g_return_val_if_fail (self != NULL && secret != NULL, FALSE);

  message = message_of (self);
  crypto_auth_hmacsha256_init (&state, (const guint8 *)rh_secret_bytes (secret), rh_secret_length (secret));
  crypto_auth_hmacsha256_update (&state, (const guint8 *)message, strlen (message));
  crypto_auth_hmacsha256_final (&state, mac);
  sodium_memzero (&state, sizeof state);
  sodium_bin2hex (text, sizeof text, mac, sizeof mac);
  /* Both are as long: the form of `hmac` was checked. */
  return sodium_memcmp (text, rh_shopify_query_get (self, "hmac"), sizeof text - 1) == 0;
}

gboolean
rh_shopify_query_is_fresh (RhShopifyQuery *self, gint64 now_s)
{
  gint64 at;

  g_return_val_if_fail (self != NULL, FALSE);

  at = g_ascii_strtoll (rh_shopify_query_get (self, "timestamp"), NULL, 10);
  return ABS (now_s - at) <= FRESH_S;
}
