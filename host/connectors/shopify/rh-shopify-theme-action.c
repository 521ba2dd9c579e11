/* SPDX-License-Identifier: Apache-2.0 */

/* Themes: the one that is live, copies of them, and their files. */

#include "rh-shopify-action.h"

#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

/* --- Which one is live -------------------------------------------------------------------------------------------- */

static JsonObject *
theme_asked (const char *id, JsonObject *parameters)
{
  return rh_shopify_one ("live", id);
}

/* { "live": the id of the theme that is } */
static JsonNode *
theme_state (JsonObject *data, JsonObject *wanted)
{
  JsonObject *live = rh_shopify_only (royal_json_array (royal_json_object (data, "themes"), "nodes"));
  JsonObject *state;

  if (royal_json_object (data, "theme") == NULL || live == NULL)
    return NULL;
  state = json_object_new ();
  rh_shopify_copy (live, "id", state, "live");
  return royal_json_take_object (state);
}

static void
theme_facts (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts)
{
  JsonObject *theme = royal_json_object (data, "theme");

  rh_shopify_copy (theme, "name", facts, "theme");
  rh_shopify_copy (theme, "role", facts, "role");
  rh_shopify_copy (theme, "processing", facts, "processing");
  json_object_set_boolean_member (facts, "live", strcmp (royal_json_string (theme, "role", ""), "MAIN") == 0);
}

static gboolean
theme_is_done (JsonObject *wanted, JsonObject *state)
{
  return g_strcmp0 (royal_json_string (wanted, "live", NULL), royal_json_string (state, "live", NULL)) == 0;
}

static JsonObject *
theme_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  JsonObject *variables = json_object_new ();

  rh_shopify_copy (wanted, "live", variables, "id");
  return variables;
}

/* One that Shopify is still making is neither published nor changed. */
static gboolean
is_in_the_making (JsonObject *theme, GError **error)
{
  if (!royal_json_boolean (theme, "processing", FALSE))
    return FALSE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s: Shopify is still making the theme",
               royal_json_string (theme, "id", ""));
  return TRUE;
}

static gboolean
is_live (JsonObject *theme)
{
  return strcmp (royal_json_string (theme, "role", ""), "MAIN") == 0;
}

static gboolean
theme_refuses (RhOperationKind kind, JsonObject *data, JsonObject *wanted, GError **error)
{
  return kind != RH_OPERATION_ASSESS && is_in_the_making (royal_json_object (data, "theme"), error);
}

/* --- A copy ------------------------------------------------------------------------------------------------------- */

/* (nullable): the theme of the name that is wanted. */
static JsonObject *
find_named (JsonObject *data, JsonObject *wanted)
{
  JsonArray *nodes = royal_json_array (royal_json_object (data, "themes"), "nodes");
  const char *name = royal_json_string (wanted, "name", "");

  for (guint i = 0; nodes != NULL && i < json_array_get_length (nodes); i++)
    {
      JsonObject *theme = json_array_get_object_element (nodes, i);

      if (strcmp (royal_json_string (theme, "name", ""), name) == 0)
        return theme;
    }
  return NULL;
}

static void
duplicate_observed_of (JsonObject *wanted, JsonObject *variables)
{
  rh_shopify_copy (wanted, "name", variables, "name");
}

/* An inverse wants no theme. */
static gboolean
wants_none (JsonObject *wanted)
{
  return json_object_has_member (wanted, "theme");
}

/* { "name", "theme": the id of the one that has it, or null } */
static JsonNode *
duplicate_state (JsonObject *data, JsonObject *wanted)
{
  JsonObject *state;

  if (royal_json_object (data, "theme") == NULL && !wants_none (wanted))
    return NULL;
  state = json_object_new ();
  rh_shopify_copy (wanted, "name", state, "name");
  royal_json_set_text (state, "theme", royal_json_string (find_named (data, wanted), "id", NULL));
  return royal_json_take_object (state);
}

/* A copy is not live, whatever it is of. */
static void
duplicate_facts (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts)
{
  theme_facts (place, data, wanted, facts);
  rh_shopify_copy (wanted, "name", facts, "name");
  json_object_set_boolean_member (facts, "live", wants_none (wanted) && is_live (find_named (data, wanted)));
}

static gboolean
duplicate_is_done (JsonObject *wanted, JsonObject *state)
{
  return wants_none (wanted) == (royal_json_string (state, "theme", NULL) == NULL);
}

static gboolean
duplicate_refuses (RhOperationKind kind, JsonObject *data, JsonObject *wanted, GError **error)
{
  JsonObject *named = find_named (data, wanted);

  if (!wants_none (wanted) && named != NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/name: expected one that no theme has, found that of %s",
                 royal_json_string (named, "id", ""));
  else if (wants_none (wanted) && is_live (named))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: the theme is live now, and stays",
                 royal_json_string (named, "id", ""));
  else
    return !wants_none (wanted) && kind != RH_OPERATION_ASSESS &&
           is_in_the_making (royal_json_object (data, "theme"), error);
  return TRUE;
}

static JsonObject *
duplicate_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  JsonObject *variables = rh_shopify_one ("id", id);

  rh_shopify_copy (wanted, "name", variables, "name");
  return variables;
}

static JsonObject *
delete_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  JsonObject *variables = json_object_new ();

  rh_shopify_copy (state, "theme", variables, "id");
  return variables;
}

/* --- Files -------------------------------------------------------------------------------------------------------- */

/* path -> what is to be in it: a text, { "base64" }, or null: nothing is to be there. The state is like it. */
static JsonObject *
files_asked (const char *id, JsonObject *parameters)
{
  return json_object_ref (royal_json_object (parameters, "files"));
}

static void
files_observed_of (JsonObject *wanted, JsonObject *variables)
{
  g_autoptr (GList) paths = json_object_get_members (wanted);
  JsonArray *names = json_array_new ();

  for (GList *l = paths; l != NULL; l = l->next)
    json_array_add_string_element (names, l->data);
  json_object_set_array_member (variables, "names", names);
}

/* (transfer full): what is in a file; of one that Shopify shows by an address alone its checksum. */
static JsonNode *
content_of (JsonObject *file)
{
  JsonObject *body = royal_json_object (file, "body");
  const char *text = royal_json_string (body, "content", NULL);
  const char *base64 = royal_json_string (body, "contentBase64", NULL);

  if (text != NULL)
    return json_node_init_string (json_node_alloc (), text);
  return royal_json_take_object (base64 != NULL ? rh_shopify_one ("base64", base64)
                                                : rh_shopify_one ("md5", royal_json_string (file, "checksumMd5", "")));
}

static JsonNode *
files_state (JsonObject *data, JsonObject *wanted)
{
  JsonObject *theme = royal_json_object (data, "theme");
  JsonArray *nodes = royal_json_array (royal_json_object (theme, "files"), "nodes");
  g_autoptr (GList) paths = json_object_get_members (wanted);
  JsonObject *state;

  if (theme == NULL)
    return NULL;
  state = json_object_new ();
  for (GList *l = paths; l != NULL; l = l->next)
    json_object_set_null_member (state, l->data);
  for (guint i = 0; nodes != NULL && i < json_array_get_length (nodes); i++)
    {
      JsonObject *file = json_array_get_object_element (nodes, i);
      const char *path = royal_json_string (file, "filename", "");

      if (json_object_has_member (wanted, path))
        json_object_set_member (state, path, content_of (file));
    }
  return royal_json_take_object (state);
}

static void
files_facts (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts)
{
  JsonObjectIter iter;
  const char *path;
  JsonNode *content;
  gint64 removed = 0, bytes = 0;

  theme_facts (place, data, wanted, facts);
  json_object_iter_init (&iter, wanted);
  while (json_object_iter_next (&iter, &path, &content))
    if (JSON_NODE_HOLDS_NULL (content))
      removed++;
    else if (JSON_NODE_HOLDS_OBJECT (content))
      bytes += (gint64)strlen (royal_json_string (json_node_get_object (content), "base64", "")) / 4 * 3;
    else
      bytes += (gint64)strlen (json_node_get_string (content));
  json_object_set_int_member (facts, "files", json_object_get_size (wanted));
  json_object_set_int_member (facts, "files_removed", removed);
  json_object_set_int_member (facts, "bytes", bytes);
}

/* (nullable) (transfer full): what a JSON file says, without the comment that Shopify puts before it. */
static JsonNode *
said_by (const char *path, JsonNode *content)
{
  const char *text = JSON_NODE_HOLDS_VALUE (content) ? json_node_get_string (content) : NULL;
  const char *end;

  if (text == NULL || !g_str_has_suffix (path, ".json"))
    return NULL;
  text += strspn (text, " \t\r\n");
  end = g_str_has_prefix (text, "/*") ? strstr (text, "*/") : NULL;
  return royal_json_parse (end != NULL ? end + 2 : text, -1, path, NULL);
}

static gboolean
is_same_content (const char *path, JsonNode *wanted, JsonNode *is)
{
  g_autoptr (JsonNode) said = NULL;
  g_autoptr (JsonNode) asked = NULL;

  if (is == NULL || json_node_equal (wanted, is))
    return is != NULL;
  asked = said_by (path, wanted);
  said = asked != NULL ? said_by (path, is) : NULL;
  return said != NULL && json_node_equal (asked, said);
}

static gboolean
files_is_done (JsonObject *wanted, JsonObject *state)
{
  JsonObjectIter iter;
  const char *path;
  JsonNode *content;

  json_object_iter_init (&iter, wanted);
  while (json_object_iter_next (&iter, &path, &content))
    if (!is_same_content (path, content, json_object_get_member (state, path)))
      return FALSE;
  return TRUE;
}

/* The rules decide on what is live; but it is not edited even where they would let it be. */
static gboolean
files_refuses (RhOperationKind kind, JsonObject *data, JsonObject *wanted, GError **error)
{
  JsonObject *theme = royal_json_object (data, "theme");
  JsonObjectIter iter;
  const char *path;
  JsonNode *content;

  json_object_iter_init (&iter, wanted);
  while (json_object_iter_next (&iter, &path, &content))
    if (JSON_NODE_HOLDS_OBJECT (content) && json_object_has_member (json_node_get_object (content), "md5"))
      {
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: what was in it was too large to be kept", path);
        return TRUE;
      }
  if (kind == RH_OPERATION_ASSESS || !is_live (theme))
    return is_in_the_making (theme, error);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected a theme that is not live",
               royal_json_string (theme, "id", ""));
  return TRUE;
}

/* (transfer full) */
static JsonObject *
file_input (const char *path, JsonNode *content)
{
  JsonObject *input = rh_shopify_one ("filename", path);
  gboolean is_binary = JSON_NODE_HOLDS_OBJECT (content);
  JsonObject *body = rh_shopify_one ("type", is_binary ? "BASE64" : "TEXT");

  json_object_set_string_member (body, "value",
                                 is_binary ? royal_json_string (json_node_get_object (content), "base64", "")
                                           : json_node_get_string (content));
  json_object_set_object_member (input, "body", body);
  return input;
}

/* (nullable) (transfer full): of the files that are to be there, or of those that are not. */
static JsonObject *
files_variables (const char *id, JsonObject *wanted, JsonObject *state, gboolean removed)
{
  g_autoptr (JsonArray) files = json_array_new ();
  JsonObject *variables;
  JsonObjectIter iter;
  const char *path;
  JsonNode *content;

  json_object_iter_init (&iter, wanted);
  while (json_object_iter_next (&iter, &path, &content))
    if (JSON_NODE_HOLDS_NULL (content) != removed ||
        is_same_content (path, content, json_object_get_member (state, path)))
      continue;
    else if (removed)
      json_array_add_string_element (files, path);
    else
      json_array_add_object_element (files, file_input (path, content));
  if (json_array_get_length (files) == 0)
    return NULL;
  variables = rh_shopify_one ("id", id);
  json_object_set_array_member (variables, "files", g_steal_pointer (&files));
  return variables;
}

static JsonObject *
upsert_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  return files_variables (id, wanted, state, FALSE);
}

static JsonObject *
remove_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  return files_variables (id, wanted, state, TRUE);
}

#define COST_FILES 60 /* points: fifty files with what is in them */

const RhShopifyAction rh_shopify_theme_publish = { .name = "shopify.theme.publish",
                                                   .kind = "OnlineStoreTheme",
                                                   .scope = "write_themes",
                                                   .asked = theme_asked,
                                                   .observe = "theme",
                                                   .state = theme_state,
                                                   .facts = theme_facts,
                                                   .is_done = theme_is_done,
                                                   .refuses = theme_refuses,
                                                   .changes = { { "theme-publish", "themePublish", theme_variables } },
                                                   .inverse = rh_shopify_as_it_was };
const RhShopifyAction rh_shopify_theme_duplicate = { .name = "shopify.theme.duplicate",
                                                     .kind = "OnlineStoreTheme",
                                                     .scope = "write_themes",
                                                     .observe = "theme-named",
                                                     .observed_of = duplicate_observed_of,
                                                     .state = duplicate_state,
                                                     .facts = duplicate_facts,
                                                     .is_done = duplicate_is_done,
                                                     .refuses = duplicate_refuses,
                                                     .changes = { { "theme-duplicate", "themeDuplicate",
                                                                    duplicate_variables } },
                                                     .undo = { { "theme-delete", "themeDelete", delete_variables } },
                                                     .inverse = rh_shopify_as_it_was,
                                                     .settles = TRUE };
const RhShopifyAction rh_shopify_theme_files = { .name = "shopify.theme.files",
                                                 .kind = "OnlineStoreTheme",
                                                 .scope = "write_themes",
                                                 .asked = files_asked,
                                                 .observe = "theme-content",
                                                 .cost = COST_FILES,
                                                 .observed_of = files_observed_of,
                                                 .state = files_state,
                                                 .facts = files_facts,
                                                 .is_done = files_is_done,
                                                 .refuses = files_refuses,
                                                 .changes = { { "theme-files", "themeFilesUpsert", upsert_variables },
                                                              { "theme-files-delete", "themeFilesDelete",
                                                                remove_variables } },
                                                 .inverse = rh_shopify_as_it_was,
                                                 .confirms = TRUE };
