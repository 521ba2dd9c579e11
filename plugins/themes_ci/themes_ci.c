/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-shop.h"
#include "theme-stage.h"

#include <string.h>

#define WAIT_S 604800
#define RELEASES_MAX 50 /* kept of a shop */

/* 0 errors, 3 warnings in 166 files; and what people are to know besides. */
static char *
summary (JsonObject *result)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 disabled = json_object_get_int_member (result, "disabled");

  g_string_printf (text, "%" G_GINT64_FORMAT " errors, %" G_GINT64_FORMAT " warnings in %" G_GINT64_FORMAT " files",
                   json_object_get_int_member (result, "errors"), json_object_get_int_member (result, "warnings"),
                   json_object_get_int_member (result, "files"));
  if (json_array_get_length (json_object_get_array_member (result, "unread")) > 0)
    g_string_append (text, ", not all of which could be read");
  if (disabled > 0)
    g_string_append_printf (text, "; comments hide %" G_GINT64_FORMAT, disabled);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* --- The check ---------------------------------------------------------------------------------------------------- */

/* Tells GitHub, where the operator says where and the caller says of which commit. */
static gboolean
set_status (RoyalRun *run, const char *sha, gboolean is_green, JsonObject *result, GError **error)
{
  JsonObject *config = royal_run_config (run);
  const char *repository = json_object_get_string_member_with_default (config, "github", "");
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("github.status.set");
  g_autofree char *text = summary (result);
  g_autofree char *title = g_strdup_printf ("Tell GitHub of the theme: %s", text);

  if (*repository == '\0' || sha == NULL)
    return TRUE;
  royal_proposal_set_target (proposal, repository);
  royal_proposal_set_string (proposal, "sha", sha);
  royal_proposal_set_string (proposal, "state", is_green ? "success" : "failure");
  royal_proposal_set_string (proposal, "context",
                             json_object_get_string_member_with_default (config, "context", "royal/theme"));
  royal_proposal_set_string (proposal, "description", text);
  royal_proposal_set_title (proposal, title);
  royal_proposal_add_source (proposal, "shopify.theme_files");
  return theme_propose (run, proposal, result, error);
}

static JsonNode *
check (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (ThemeShop) shop = theme_shop_read (run, json_object_get_string_member (input, "theme"), NULL, error);
  g_autoptr (JsonObject) result = NULL;
  gboolean is_green = FALSE;

  if (shop == NULL)
    return NULL;
  result = theme_shop_check (shop, run, &is_green, error);
  if (result == NULL)
    return NULL;
  json_object_set_boolean_member (result, "proposed", FALSE);
  if (!set_status (run, json_object_get_string_member_with_default (input, "sha", NULL), is_green, result, error))
    return NULL;
  return theme_take (g_steal_pointer (&result));
}

/* --- What was published ------------------------------------------------------------------------------------------- */

/* Kept per shop: [{ theme, before }], the latest last: which theme was live when another was asked for. */
static JsonArray *
read_releases (RoyalRun *run, const char *key, gint64 *ret_version, GError **error)
{
  g_autoptr (JsonNode) node = royal_run_state_get (run, key, ret_version, error);

  if (node == NULL)
    return NULL;
  return JSON_NODE_HOLDS_ARRAY (node) ? json_node_dup_array (node) : json_array_new ();
}

static char *
state_key (const ThemeShop *shop)
{
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, shop->shop, -1);

  return g_strdup_printf ("releases.%s", sum);
}

static gboolean
record (RoyalRun *run, const ThemeShop *shop, GError **error)
{
  g_autofree char *key = state_key (shop);
  g_autofree char *theme = theme_shop_id (shop, shop->row);
  g_autofree char *before = theme_shop_id (shop, shop->live);
  gint64 version = 0;
  g_autoptr (JsonArray) was = read_releases (run, key, &version, error);
  g_autoptr (JsonNode) node = json_node_init (json_node_alloc (), JSON_NODE_ARRAY);
  JsonArray *releases;
  JsonObject *release;
  guint n;

  if (was == NULL)
    return FALSE;
  n = json_array_get_length (was);
  releases = json_array_new ();
  json_node_take_array (node, releases);
  for (guint i = 0; i < n; i++)
    {
      JsonObject *one = json_array_get_object_element (was, i);
      gboolean is_it = g_strcmp0 (json_object_get_string_member_with_default (one, "theme", NULL), theme) == 0;

      if (n - i < RELEASES_MAX && !is_it)
        json_array_add_object_element (releases, json_object_ref (one));
    }
  release = json_object_new ();
  json_object_set_string_member (release, "theme", theme);
  json_object_set_string_member (release, "before", before);
  json_array_add_object_element (releases, release);
  return royal_run_state_put (run, key, node, version, error);
}

/* The row of the theme that was live before the one that is; -1 with an error. */
static gint64
find_before (RoyalRun *run, const ThemeShop *shop, GError **error)
{
  g_autofree char *key = state_key (shop);
  g_autofree char *live = theme_shop_id (shop, shop->live);
  gint64 version = 0;
  g_autoptr (JsonArray) releases = read_releases (run, key, &version, error);

  if (releases == NULL)
    return -1;
  for (guint i = json_array_get_length (releases); i > 0; i--)
    {
      JsonObject *release = json_array_get_object_element (releases, i - 1);
      const char *before = json_object_get_string_member_with_default (release, "before", "");
      gint64 row;

      if (g_strcmp0 (json_object_get_string_member_with_default (release, "theme", NULL), live) != 0)
        continue;
      row = theme_shop_find (shop, before);
      if (row < 0)
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND,
                     "the theme %s, which was live before %s, is no more; expected /theme, the one to publish", before,
                     live);
      return row;
    }
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND,
               "nothing is known that was live before %s; expected /theme, the one to publish", live);
  return -1;
}

/* --- Publishing --------------------------------------------------------------------------------------------------- */

static gboolean
publish (RoyalRun *run, const ThemeShop *shop, gint64 row, const char *why, JsonObject *result, GError **error)
{
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("shopify.theme.publish");
  g_autofree char *id = theme_shop_id (shop, row);
  g_autofree char *name = theme_shop_name (shop, row);
  g_autofree char *live = theme_shop_name (shop, shop->live);
  g_autofree char *title = g_strdup_printf ("Publish the theme %s", name);
  g_autofree char *risk = g_strdup_printf ("Every visitor sees it at once, instead of %s.", live);

  royal_proposal_set_target (proposal, id);
  royal_proposal_set_title (proposal, title);
  royal_proposal_set_reasoning (proposal, why);
  royal_proposal_add_risk (proposal, risk);
  royal_proposal_add_source (proposal, "shopify.themes");
  royal_proposal_add_source (proposal, "shopify.theme_files");
  royal_proposal_set_deadline (proposal, WAIT_S);
  return theme_propose (run, proposal, result, error);
}

static JsonNode *
promote (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (ThemeShop) shop = theme_shop_read (run, json_object_get_string_member (input, "theme"), NULL, error);
  g_autoptr (JsonObject) result = NULL;
  g_autofree char *why = NULL;
  gboolean is_green = FALSE;

  if (shop == NULL || !theme_shop_has_live (shop, error))
    return NULL;
  result = theme_shop_check (shop, run, &is_green, error);
  if (result == NULL)
    return NULL;
  json_object_set_boolean_member (result, "proposed", FALSE);
  json_object_set_member (result, "before", theme_take (theme_shop_to_json (shop, shop->live)));
  why = summary (result);
  if (shop->row == shop->live)
    json_object_set_string_member (result, "reason", "it is live");
  else if (!is_green)
    json_object_set_string_member (result, "reason", why);
  else if (!record (run, shop, error) || !publish (run, shop, shop->row, why, result, error))
    return NULL;
  return theme_take (g_steal_pointer (&result));
}

static JsonNode *
rollback (RoyalRun *run, JsonObject *input, GError **error)
{
  const char *theme = json_object_get_string_member_with_default (input, "theme", NULL);
  const char *name = json_object_get_string_member_with_default (input, "shop", NULL);
  g_autoptr (ThemeShop) shop = NULL;
  g_autoptr (JsonObject) result = NULL;
  gint64 row;

  if ((theme == NULL) == (name == NULL))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected either /shop or /theme, the one to publish");
      return NULL;
    }
  shop = theme_shop_read (run, theme, name, error);
  if (shop == NULL || !theme_shop_has_live (shop, error))
    return NULL;
  row = theme != NULL ? shop->row : find_before (run, shop, error);
  if (row < 0)
    return NULL;
  result = theme_shop_to_json (shop, row);
  json_object_set_boolean_member (result, "proposed", FALSE);
  json_object_set_member (result, "before", theme_take (theme_shop_to_json (shop, shop->live)));
  if (row == shop->live)
    json_object_set_string_member (result, "reason", "it is live");
  else if (!publish (run, shop, row, "It was live before, and is to be so again.", result, error))
    return NULL;
  return theme_take (g_steal_pointer (&result));
}

ROYAL_AGENT (ROYAL_TASK ("check", check),
             ROYAL_TASK ("promote", promote),
             ROYAL_TASK ("rollback", rollback),
             ROYAL_TASK ("stage", theme_stage),
             ROYAL_TASK ("fill", theme_stage_fill),
             ROYAL_TASK ("staged", theme_stage_staged))
