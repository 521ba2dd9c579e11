/* SPDX-License-Identifier: Apache-2.0 */

/* A fake of Shopify's side of the authorization code grant, in a process of its own; prints its port. */

#include "shopify-oauth.h"

#include <stdio.h>

int
main (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  ShopifyOauth *oauth = shopify_oauth_new ();

  printf ("%u\n", shopify_oauth_port (oauth));
  fflush (stdout);
  g_main_loop_run (loop);
  shopify_oauth_free (oauth);
  return 0;
}
