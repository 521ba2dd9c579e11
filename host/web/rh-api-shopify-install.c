/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-cookie.h"
#include "rh-routes.h"
#include "rh-shopify-installer.h"

#include "royal-json.h"

/* Shopify's authorization code grant. Who comes from Shopify's page is another site's: a browser then keeps the
 * session's cookie (SameSite=Strict) to itself. So the browser that opens the link gets a cookie for this alone, which
 * comes back with it. */

#define COOKIE "royal_install"
#define PATH "/oauth/shopify"

/* (nullable): NULL when it was answered. */
static RhShopifyInstaller *
find_installer (RhRequest *request)
{
  RhShopifyInstaller *installer = rh_request_context (request)->installer;

  if (installer == NULL)
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "this host has no shops");
  return installer;
}

static void
set_cookie (RhRequest *request, const char *value, guint seconds)
{
  g_autofree char *text = g_strdup_printf (COOKIE "=%s; HttpOnly; SameSite=Lax; Path=" PATH "; Max-Age=%u%s", value,
                                           seconds, rh_request_client (request)->is_secure ? "; Secure" : "");

  rh_request_set_header (request, "Set-Cookie", text);
}

/* What looks ahead at a link does not open it, and what its address holds is told to no other page. */
static gboolean
is_browser (RhRequest *request)
{
  rh_request_set_header (request, "Referrer-Policy", "no-referrer");
  if (g_strcmp0 (soup_server_message_get_method (rh_request_message (request)), SOUP_METHOD_GET) == 0)
    return TRUE;
  rh_request_refuse (request, RH_PROBLEM_METHOD, NULL, "only GET here");
  return FALSE;
}

static void
on_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *answer = rh_shopify_installer_begin_finish (result, &error);

  if (answer == NULL)
    rh_request_fail (request, error);
  else
    rh_request_reply (request, SOUP_STATUS_CREATED, answer);
}

void
rh_api_shop_install (RhRequest *request)
{
  RhShopifyInstaller *installer = find_installer (request);

  if (installer != NULL)
    rh_shopify_installer_begin_async (installer, rh_request_workspace (request), rh_request_parameter (request),
                                      rh_request_caller (request)->name, on_begun, rh_request_ref (request));
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *browser = NULL;
  g_autofree char *url = rh_shopify_installer_open_finish (result, &browser, &error);

  if (url == NULL)
    {
      rh_request_fail (request, error);
      return;
    }
  set_cookie (request, browser, RH_SHOPIFY_INSTALL_S);
  rh_request_set_header (request, "Location", url);
  rh_request_reply_text (request, SOUP_STATUS_FOUND, "text/plain", g_strdup (""));
}

void
rh_api_install_begin (RhRequest *request)
{
  const char *state = rh_request_query (request, "state");
  RhShopifyInstaller *installer;

  if (!is_browser (request))
    return;
  if (state == NULL)
    rh_request_refuse (request, RH_PROBLEM_UNAUTHENTICATED, NULL, "the query's state: expected one, found none");
  else if ((installer = find_installer (request)) != NULL)
    rh_shopify_installer_open_async (installer, state, on_opened, rh_request_ref (request));
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = rh_shopify_installer_end_finish (result, &error);

  if (answer == NULL)
    {
      rh_request_fail (request, error);
      return;
    }
  set_cookie (request, "", 0);
  rh_request_reply_text (request, SOUP_STATUS_OK, "text/plain; charset=utf-8",
                         g_strdup_printf ("The app is installed in %s. This page can be closed.\n",
                                          royal_json_string (json_node_get_object (answer), "domain", "")));
}

void
rh_api_install_end (RhRequest *request)
{
  const char *query;
  g_autofree char *browser = NULL;
  RhShopifyInstaller *installer;

  if (!is_browser (request))
    return;
  query = g_uri_get_query (soup_server_message_get_uri (rh_request_message (request)));
  browser = rh_cookie_get (request, COOKIE);
  if (query == NULL)
    rh_request_refuse (request, RH_PROBLEM_UNAUTHENTICATED, NULL, "the query's hmac: expected one, found none");
  else if ((installer = find_installer (request)) != NULL)
    rh_shopify_installer_end_async (installer, query, browser, on_ended, rh_request_ref (request));
}
