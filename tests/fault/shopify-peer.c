/* SPDX-License-Identifier: Apache-2.0 */

/* shopify-peer SHARE [SEED KIND…]: a fake of a shop, in a process of its own, of whose requests a share goes wrong;
 * prints its port. With ROYAL_SHOPIFY_WEEKS it sells eight products, and did for so many weeks; with
 * ROYAL_SHOPIFY_THEMES its own themes are pulled, and for so many looks it makes a copy. GET /fake/variants tells what
 * became of the prices, PUT /fake/reset makes them what they were. */

#include "shopify-fake.h"

#include <stdio.h>

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  ShopifyFake *fake = shopify_fake_new ();
  g_autofree char *kinds = argc > 3 ? g_strjoinv (" ", argv + 3) : NULL;

  if (g_getenv ("ROYAL_SHOPIFY_WEEKS") != NULL)
    {
      shopify_catalog_set (shopify_fake_catalog (fake), 8, 0);
      shopify_catalog_weeks (shopify_fake_catalog (fake),
                             (guint)g_ascii_strtoull (g_getenv ("ROYAL_SHOPIFY_WEEKS"), NULL, 10), 8);
    }
  if (g_getenv ("ROYAL_SHOPIFY_THEMES") != NULL)
    {
      shopify_fake_own_themes (fake);
      shopify_shop_slow (shopify_fake_shop (fake),
                         (guint)g_ascii_strtoull (g_getenv ("ROYAL_SHOPIFY_THEMES"), NULL, 10));
    }
  if (kinds != NULL)
    shopify_fake_storm (fake, g_ascii_strtod (argv[1], NULL), kinds, (guint32)g_ascii_strtoull (argv[2], NULL, 10));
  printf ("%u\n", shopify_fake_port (fake));
  fflush (stdout);
  g_main_loop_run (loop);
  shopify_fake_free (fake);
  return 0;
}
