/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-query.h"

#include <royal/error.h>
#include <string.h>

/* As Shopify's documentation published it, with the secret `hush`. */
#define PUBLISHED                                                                                                      \
  "code=0907a61c0c8d55e99db179b68161bc00&hmac=700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"        \
  "&shop=some-shop.myshopify.com&state=0.6784241404160823&timestamp=1337178173"

static gboolean
is_signed (const char *text, const char *key)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhShopifyQuery) query = rh_shopify_query_parse (text, &error);
  g_autoptr (RhSecret) secret = rh_secret_new (key, strlen (key));

  g_assert_no_error (error);
  return rh_shopify_query_is_signed (query, secret);
}

/* (transfer full): the published one with something in it in place of something else. */
static char *
altered (const char *from, const char *to)
{
  g_autoptr (GString) text = g_string_new (PUBLISHED);

  g_assert_cmpuint (g_string_replace (text, from, to, 1), ==, 1);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_published (void)
{
  g_assert_true (is_signed (PUBLISHED, "hush"));
  g_assert_false (is_signed (PUBLISHED, "husk"));
  g_assert_false (is_signed (PUBLISHED, "hush "));
}

static void
test_altered (void)
{
  static const char *const changes[][2] = {
    { "code=0907", "code=0908" },
    { "hmac=700e", "hmac=700f" },
    { "fc4bf&", "fc4be&" },
    { "some-shop", "some-shot" },
    { "0823", "0824" },
    { "8173", "8174" },
    { "&timestamp", "&embedded=1&timestamp" },
    { "code=", "a=b&code=" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree char *text = altered (changes[i][0], changes[i][1]);

      g_assert_false (is_signed (text, "hush"));
    }
}

/* What is the same when it is read is the same: in any order, however it is escaped. */
static void
test_same (void)
{
  g_autofree char *escaped = altered ("some-shop.my", "some%2Dshop%2emy");

  g_assert_true (is_signed (escaped, "hush"));
  g_assert_true (is_signed ("timestamp=1337178173&state=0.6784241404160823&shop=some-shop.myshopify.com"
                            "&hmac=700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"
                            "&code=0907a61c0c8d55e99db179b68161bc00",
                            "hush"));
}

static void
test_refused (void)
{
  static const struct {
    const char *from;
    const char *to;
    const char *words;
  } cases[] = {
    { "code=0907a61c0c8d55e99db179b68161bc00&", "", "code: expected" },
    { "code=0907a61c0c8d55e99db179b68161bc00", "code=", "code: expected" },
    { "code=0907", "code=09%2707", "code: expected" },
    { "&state=0.6784241404160823", "", "state: expected" },
    { "state=0", "state=%20", "state: expected" },
    { "hmac=700e", "hmac=700E", "hmac: expected" },
    { "hmac=700e", "hmac=00e", "hmac: expected" },
    { "&hmac=", "&hma=", "hmac: expected" },
    { "timestamp=1", "timestamp=-1", "timestamp: expected" },
    { "code=0907", "code=1&code=0907", "twice" },
    { "code=0907", "code=1&c%6Fde=0907", "twice" },
    { "code=0907", "code&x=0907", "NAME=VALUE" },
    { "code=0907", "=1&code=0907", "NAME=VALUE" },
    { "code=0907", "a=%00&code=0907", "NAME=VALUE" },
    { "code=0907", "a=%zz&code=0907", "NAME=VALUE" },
    { "code=0907", "a=%ff&code=0907", "NAME=VALUE" },
    { "some-shop.myshopify.com", "evil.example", "shop: expected NAME.myshopify.com" },
    { "some-shop.myshopify.com", "some-shop.myshopify.com.evil.example", "shop: expected" },
    { "some-shop.myshopify.com", "evil.example/some-shop.myshopify.com", "shop: expected" },
    { "some-shop.myshopify.com", "evil.example%23.myshopify.com", "shop: expected" },
    { "some-shop.myshopify.com", "a@some-shop.myshopify.com", "shop: expected" },
    { "some-shop.myshopify.com", "some-shop.myshopify.com%0a", "shop: expected" },
    { "some-shop.myshopify.com", "-shop.myshopify.com", "shop: expected" },
    { "some-shop.myshopify.com", ".myshopify.com", "shop: expected" },
    { "some-shop.myshopify.com", "a.b.myshopify.com", "shop: expected" },
    { "some-shop.myshopify.com", "Some-shop.myshopify.com", "shop: expected" },
    { "some-shop.myshopify.com", "some-shop.myshopify.com:8443", "shop: expected" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = altered (cases[i].from, cases[i].to);
      g_autoptr (GError) error = NULL;

      g_assert_null (rh_shopify_query_parse (text, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      if (strstr (error->message, cases[i].words) == NULL)
        g_error ("%s: expected %s, found %s", text, cases[i].words, error->message);
    }
}

static void
test_long (void)
{
  g_autofree char *blanks = g_strnfill (5000, 'x');
  g_autofree char *many = g_strnfill (40, '&');
  g_autofree char *text = g_strconcat (PUBLISHED "&a=", blanks, NULL);
  g_autofree char *pairs = g_strconcat (PUBLISHED, many, NULL);

  g_assert_null (rh_shopify_query_parse (text, NULL));
  g_assert_null (rh_shopify_query_parse (pairs, NULL));
  g_assert_null (rh_shopify_query_parse ("", NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shopify-query/published", test_published);
  g_test_add_func ("/shopify-query/altered", test_altered);
  g_test_add_func ("/shopify-query/same", test_same);
  g_test_add_func ("/shopify-query/refused", test_refused);
  g_test_add_func ("/shopify-query/long", test_long);
  return g_test_run ();
}
