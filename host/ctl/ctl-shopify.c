/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>

static char **parts;

static const GOptionEntry pull_entries[] = {
  { "part", 0, 0, G_OPTION_ARG_STRING_ARRAY, &parts, "products, themes or orders; several times for several", "PART" },
  { NULL },
};

static const char *const shop_columns[] = { "shop",      "shop",      "domain",   "domain",  "products",
                                            "products",  "variants",  "variants", "themes",  "themes",
                                            "connected", "connected", "missing",  "missing", NULL };
static const char *const pull_columns[] = { "part",  "part",     "state",   "state",   "seen",
                                            "seen",  "changed",  "changed", "removed", "removed",
                                            "ended", "ended_at", "error",   "error",   NULL };

/* (transfer full): what a list of pulls is printed from. */
static JsonNode *
listed (JsonNode *answer)
{
  JsonObject *list = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_member (list, "items", json_object_dup_member (json_node_get_object (answer), "pulls"));
  json_object_set_null_member (list, "next");
  json_node_take_object (node, list);
  return node;
}

/* In a table: when its app was installed, and which access scopes are missing since. */
static void
add_connection (JsonObject *shop)
{
  JsonObject *install = royal_json_object (shop, "install");
  JsonObject *connected = royal_json_object (install, "connected");
  JsonArray *missing =
      royal_json_array (connected != NULL ? connected : install, connected != NULL ? "missing" : "scopes");
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; missing != NULL && i < json_array_get_length (missing); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", json_array_get_string_element (missing, i));
  royal_json_set_text (shop, "connected", royal_json_string (connected, "at", NULL));
  royal_json_set_text (shop, "missing", text->len > 0 ? text->str : NULL);
}

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/shopify/shops", NULL, &answer);
  JsonArray *items = status == CTL_OK ? royal_json_array (json_node_get_object (answer), "items") : NULL;

  for (guint i = 0; !options->json && items != NULL && i < json_array_get_length (items); i++)
    add_connection (json_array_get_object_element (items, i));
  return status == CTL_OK ? ctl_print_list (options, answer, shop_columns) : status;
}

static int
run_show (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/shopify/shops", NULL, &answer);
  JsonArray *items = status == CTL_OK ? royal_json_array (json_node_get_object (answer), "items") : NULL;

  for (guint i = 0; items != NULL && i < json_array_get_length (items); i++)
    if (g_strcmp0 (royal_json_string (json_array_get_object_element (items, i), "shop", NULL), arguments[0]) == 0)
      {
        g_autoptr (JsonNode) pulls = listed (json_array_get_element (items, i));

        return ctl_print_list (options, pulls, pull_columns);
      }
  return status == CTL_OK ? ctl_fail (CTL_FAILED, "no shop is `%s`", arguments[0]) : status;
}

static int
run_pull (const CtlOptions *options, char **arguments)
{
  g_autofree char *escaped = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/shopify/shops/", escaped, "/pull", NULL);
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (JsonNode) pulls = NULL;
  JsonObject *body = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  int status;

  if (parts != NULL)
    json_object_set_array_member (body, "parts", royal_json_strings ((const char *const *)parts));
  json_node_take_object (node, body);
  status = ctl_call (options, "POST", path, node, &answer);
  if (status != CTL_OK)
    return status;
  pulls = listed (answer);
  return ctl_print_list (options, pulls, pull_columns);
}

static int
run_install (const CtlOptions *options, char **arguments)
{
  g_autofree char *escaped = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/shopify/shops/", escaped, "/install", NULL);
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "POST", path, NULL, &answer);
  JsonObject *install;

  if (status != CTL_OK)
    return status;
  if (options->json)
    {
      ctl_print_json (answer);
      return CTL_OK;
    }
  install = json_node_get_object (answer);
  printf ("open this in a browser, once, before %s:\n%s\n", royal_json_string (install, "ends_at", ""),
          royal_json_string (install, "url", ""));
  return CTL_OK;
}

const CtlCommand ctl_shopify_commands[] = {
  { "shopify", "list", NULL, "The shops, with what is mirrored of each", 0, 0, NULL, run_list },
  { "shopify", "show", "SHOP", "How the last pulls of a shop went", 1, 1, NULL, run_show },
  { "shopify", "pull", "SHOP", "Pull a shop's products, themes and orders into the mirror", 1, 1, pull_entries,
    run_pull },
  { "shopify", "install", "SHOP", "Get a shop's token: prints the link by which its owner installs the app", 1, 1, NULL,
    run_install },
  { NULL },
};
