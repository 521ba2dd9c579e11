/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-stage.h"

#include "theme-source.h"

#include <string.h>

#define WAIT_S 604800
#define COPY_MAX 50 /* characters that Shopify takes */
#define SHA_SHOWN 10
#define FILES_MAX 50 /* of one proposal */
#define BYTES_MAX ((gsize)2 * 1024 * 1024)

/* --- The copy ----------------------------------------------------------------------------------------------------- */

/* The same commit of the same branch, the same name: a run that comes again finds its copy. */
static char *
copy_name (const char *branch, const char *sha)
{
  gsize room = COPY_MAX - strlen ("royal  ") - SHA_SHOWN;
  g_autofree char *shown = g_strndup (branch, room);

  for (char *p = shown; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._()#-", *p) == NULL)
      *p = '-';
  return g_strdup_printf ("royal %s %.*s", shown, SHA_SHOWN, sha);
}

static JsonObject *
origin_of (const ThemeSource *source, const char *branch, const char *sha)
{
  JsonObject *result = json_object_new ();

  json_object_set_string_member (result, "shop", source->shop);
  json_object_set_string_member (result, "repository", source->repository);
  json_object_set_string_member (result, "branch", branch);
  json_object_set_string_member (result, "sha", sha);
  json_object_set_boolean_member (result, "proposed", FALSE);
  return result;
}

static gboolean
duplicate (RoyalRun *run, const ThemeShop *shop, const char *name, JsonObject *result, GError **error)
{
  g_autoptr (RoyalProposal) proposal = royal_proposal_new ("shopify.theme.duplicate");
  g_autofree char *live = theme_shop_id (shop, shop->live);
  g_autofree char *of = theme_shop_name (shop, shop->live);
  g_autofree char *title = g_strdup_printf ("Copy the theme %s as %s", of, name);
  g_autofree char *why =
      g_strdup_printf ("The commit %s of the branch %s is to be tried on a copy of what is live.",
                       json_object_get_string_member (result, "sha"), json_object_get_string_member (result, "branch"));

  royal_proposal_set_target (proposal, live);
  royal_proposal_set_string (proposal, "name", name);
  royal_proposal_set_title (proposal, title);
  royal_proposal_set_reasoning (proposal, why);
  royal_proposal_add_source (proposal, "git.branch");
  royal_proposal_add_source (proposal, "shopify.themes");
  royal_proposal_set_deadline (proposal, WAIT_S);
  return theme_propose (run, proposal, result, error);
}

/* A push tells of any branch, and of tags: one is staged. (nullable) */
static const char *
why_not (const char *ref, const char *branch)
{
  if (ref == NULL)
    return NULL;
  if (!g_str_has_prefix (ref, "refs/heads/") || strcmp (ref + strlen ("refs/heads/"), branch) != 0)
    return "it is not the branch that is staged";
  return NULL;
}

JsonNode *
theme_stage (RoyalRun *run, JsonObject *input, GError **error)
{
  const char *ref = json_object_get_string_member_with_default (input, "ref", NULL);
  const char *wanted = json_object_get_string_member_with_default (royal_run_config (run), "branch", "");
  ThemeSource source = { 0 };
  g_autoptr (ThemeShop) shop = NULL;
  g_autoptr (JsonObject) result = NULL;
  g_autofree char *branch = NULL;
  g_autofree char *sha = NULL;
  g_autofree char *name = NULL;
  g_autofree char *copy = NULL;
  gint64 row;

  if (!theme_source_of (run, &source, error))
    return NULL;
  sha = theme_source_head (&source, run, json_object_get_string_member_with_default (input, "branch", wanted), &branch,
                           error);
  if (sha == NULL)
    return NULL;
  result = origin_of (&source, branch, sha);
  if (why_not (ref, branch) != NULL)
    {
      json_object_set_string_member (result, "reason", why_not (ref, branch));
      return theme_take (g_steal_pointer (&result));
    }
  shop = theme_shop_read (run, NULL, source.shop, error);
  if (shop == NULL || !theme_shop_has_live (shop, error))
    return NULL;
  name = copy_name (branch, sha);
  copy = g_strconcat (shop->shop, "/", name, NULL);
  json_object_set_string_member (result, "name", name);
  json_object_set_string_member (result, "copy", copy);
  row = theme_shop_find_name (shop, name);
  if (row < 0 && !duplicate (run, shop, name, result, error))
    return NULL;
  if (row >= 0)
    {
      g_autofree char *id = theme_shop_id (shop, row);

      json_object_set_string_member (result, "theme", id);
    }
  return theme_take (g_steal_pointer (&result));
}

/* --- Its files ---------------------------------------------------------------------------------------------------- */

typedef struct {
  RoyalRun *run;
  const char *theme;
  const char *name;
  JsonObject *result;
  JsonArray *proposals;
  JsonObject *files; /* (nullable): of the next proposal */
  gsize bytes;
} Filling;

static gboolean
flush (Filling *self, GError **error)
{
  g_autoptr (RoyalProposal) proposal = NULL;
  g_autofree char *title = NULL;
  JsonNode *files;

  if (self->files == NULL)
    return TRUE;
  proposal = royal_proposal_new ("shopify.theme.files");
  title = g_strdup_printf ("Bring %u files of %s into the theme %s", json_object_get_size (self->files),
                           json_object_get_string_member (self->result, "branch"), self->name);
  files = theme_take (g_steal_pointer (&self->files));
  self->bytes = 0;
  royal_proposal_set_target (proposal, self->theme);
  royal_proposal_set_node (proposal, "files", files);
  royal_proposal_set_title (proposal, title);
  royal_proposal_add_source (proposal, "git.files");
  royal_proposal_add_source (proposal, "shopify.theme_files");
  royal_proposal_set_deadline (proposal, WAIT_S);
  if (!theme_propose (self->run, proposal, self->result, error))
    return FALSE;
  json_array_add_string_element (self->proposals,
                                 json_object_get_string_member_with_default (
                                     json_object_get_object_member (self->result, "outcome"), "proposal", "?"));
  return TRUE;
}

static gsize
size_of (JsonNode *content)
{
  if (JSON_NODE_HOLDS_OBJECT (content))
    return strlen (json_object_get_string_member (json_node_get_object (content), "base64"));
  return JSON_NODE_HOLDS_VALUE (content) ? strlen (json_node_get_string (content)) : 0;
}

/* What names other files comes after them, and what is to go when nothing names it any more: Shopify refuses a template
 * with a section that is not there. */
static gboolean
is_late (const char *path, JsonNode *content)
{
  return JSON_NODE_HOLDS_NULL (content) || (g_str_has_suffix (path, ".json") && !g_str_has_prefix (path, "locales/") &&
                                            strcmp (path, "config/settings_schema.json") != 0);
}

static gboolean
fill (Filling *self, JsonObject *wanted, gboolean late, GError **error)
{
  JsonObjectIter iter;
  const char *path;
  JsonNode *content;
  guint written = 0, removed = 0;

  json_object_iter_init_ordered (&iter, wanted);
  while (json_object_iter_next_ordered (&iter, &path, &content))
    {
      if (is_late (path, content) != late)
        continue;
      if (self->files != NULL &&
          (json_object_get_size (self->files) == FILES_MAX || self->bytes + size_of (content) > BYTES_MAX) &&
          !flush (self, error))
        return FALSE;
      if (self->files == NULL)
        self->files = json_object_new ();
      json_object_set_member (self->files, path, json_node_copy (content));
      self->bytes += size_of (content);
      if (JSON_NODE_HOLDS_NULL (content))
        removed++;
      else
        written++;
    }
  json_object_set_int_member (self->result, "written", written);
  json_object_set_int_member (self->result, "removed", removed);
  return flush (self, error);
}

/* (nullable) (transfer full): the copy of that name, when it can be written to. */
static char *
find_copy (const ThemeShop *shop, const char *name, GError **error)
{
  gint64 row = theme_shop_find_name (shop, name);

  if (row >= 0 && row == shop->live)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected a copy that is not live: its files stay", name);
  else if (row >= 0 && !theme_shop_is_processing (shop, row))
    return theme_shop_id (shop, row);
  else
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "shopify.themes: expected the copy %s of the shop %s%s",
                 name, shop->shop, row >= 0 ? ", which Shopify is still making" : "; it was not pulled yet");
  return NULL;
}

JsonNode *
theme_stage_fill (RoyalRun *run, JsonObject *input, GError **error)
{
  const char *name = json_object_get_string_member (input, "name");
  const char *sha = json_object_get_string_member (input, "sha");
  ThemeSource source = { 0 };
  g_autoptr (ThemeShop) shop = NULL;
  g_autoptr (ThemeDifference) difference = NULL;
  g_autoptr (JsonObject) result = NULL;
  g_autoptr (JsonObject) files = NULL;
  g_autofree char *theme = NULL;
  Filling filling = { .run = run, .name = name };
  gboolean is_done;

  if (!theme_source_of (run, &source, error))
    return NULL;
  shop = theme_shop_read (run, NULL, source.shop, error);
  filling.theme = theme = shop != NULL ? find_copy (shop, name, error) : NULL;
  if (theme == NULL)
    return NULL;
  difference = theme_source_compare (&source, run, sha, theme, error);
  if (difference == NULL)
    return NULL;
  filling.result = result = origin_of (&source, json_object_get_string_member (input, "branch"), sha);
  filling.proposals = json_array_new ();
  json_object_set_string_member (result, "name", name);
  json_object_set_string_member (result, "theme", theme);
  json_object_set_int_member (result, "files", difference->files);
  json_object_set_int_member (result, "kept", difference->kept);
  json_object_set_array_member (result, "proposals", filling.proposals);
  is_done =
      fill (&filling, difference->wanted, strcmp (json_object_get_string_member (input, "part"), "rest") == 0, error);
  files = filling.files;
  return is_done ? theme_take (g_steal_pointer (&result)) : NULL;
}

/* --- Whether it is the commit's ----------------------------------------------------------------------------------- */

static char *
first_of (JsonObject *wanted)
{
  JsonObjectIter iter;
  const char *path = "";

  json_object_iter_init_ordered (&iter, wanted);
  (void)json_object_iter_next_ordered (&iter, &path, NULL);
  return g_strdup (path);
}

JsonNode *
theme_stage_staged (RoyalRun *run, JsonObject *input, GError **error)
{
  const char *theme = json_object_get_string_member (input, "theme");
  const char *sha = json_object_get_string_member (input, "sha");
  ThemeSource source = { 0 };
  g_autoptr (ThemeShop) shop = NULL;
  g_autoptr (ThemeDifference) difference = NULL;
  g_autofree char *name = NULL;
  JsonObject *result;
  guint n;

  if (!theme_source_of (run, &source, error))
    return NULL;
  shop = theme_shop_read (run, theme, NULL, error);
  difference = shop != NULL ? theme_source_compare (&source, run, sha, theme, error) : NULL;
  if (difference == NULL)
    return NULL;
  n = json_object_get_size (difference->wanted);
  if (n > 0)
    {
      g_autofree char *path = first_of (difference->wanted);

      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE,
                   "the theme %s: expected the files of the commit %s, found %u others, such as %s", theme, sha, n,
                   path);
      return NULL;
    }
  name = theme_shop_name (shop, shop->row);
  result = origin_of (&source, json_object_get_string_member (input, "branch"), sha);
  json_object_set_string_member (result, "name", name);
  json_object_set_string_member (result, "theme", theme);
  json_object_set_int_member (result, "files", difference->files);
  json_object_set_int_member (result, "kept", difference->kept);
  json_object_set_string_member (result, "digest", difference->digest);
  return theme_take (result);
}
