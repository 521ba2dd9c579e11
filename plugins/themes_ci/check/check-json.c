/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-context.h"

#include <string.h>

ThemeJson *
theme_context_json (ThemeContext *self, const ThemeFile *file, gsize start, gsize end)
{
  g_autoptr (GArray) problems = NULL;
  ThemeJson *json = theme_json_parse (file->text + start, end - start, start, &problems);

  for (guint i = 0; i < problems->len; i++)
    {
      const ThemeJsonProblem *problem = &g_array_index (problems, ThemeJsonProblem, i);

      switch (problem->kind)
        {
        case THEME_JSON_SYNTAX:
          theme_report_add (self->report, THEME_CHECK_JSON_SYNTAX, file, problem->offset, "%s", problem->message);
          break;
        case THEME_JSON_DUPLICATE:
          theme_report_add (self->report, THEME_CHECK_JSON_DUPLICATE, file, problem->offset,
                            "the key \"%s\" is there twice; only the last one counts", problem->message);
          break;
        default:
          theme_report_add (self->report, THEME_CHECK_JSON_COMMA, file, problem->offset, "expected none: %s",
                            problem->message);
        }
    }
  return json;
}

const ThemeJson *
theme_json_at (const ThemeJson *json, const char *key, gsize length)
{
  const char *end = key + length;

  while (json != NULL && key < end)
    {
      const char *point = memchr (key, '.', (gsize)(end - key));
      g_autofree char *part = g_strndup (key, (gsize)((point != NULL ? point : end) - key));

      json = theme_json_get (json, part);
      key = point != NULL ? point + 1 : end;
    }
  return json;
}

/* An order and what it orders: each names the other's, once. */
static void
check_order (ThemeContext *self,
             const ThemeFile *file,
             ThemeCheck check,
             const char *what,
             const ThemeJson *order,
             const ThemeJson *things)
{
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) named = g_hash_table_new (g_str_hash, g_str_equal);

  for (const ThemeJson *thing = things->first; thing != NULL; thing = thing->next)
    g_hash_table_add (known, thing->key);
  for (const ThemeJson *item = order->first; item != NULL; item = item->next)
    {
      if (item->kind != THEME_JSON_STRING)
        {
          theme_report_add (self->report, check, file, item->start, "expected the id of a %s, in quotes", what);
          continue;
        }
      if (!g_hash_table_contains (known, item->text))
        theme_report_add (self->report, check, file, item->start, "there is no %s '%s'; expected one of `%ss`", what,
                          item->text, what);
      if (!g_hash_table_add (named, item->text))
        theme_report_add (self->report, check, file, item->start, "the %s '%s' is there twice; expected once", what,
                          item->text);
    }
  for (const ThemeJson *thing = things->first; thing != NULL; thing = thing->next)
    if (!g_hash_table_contains (named, thing->key) && theme_json_get (thing, "static") == NULL)
      theme_report_add (self->report, check, file, thing->key_start,
                        "the %s '%s' is not in the order, so it is not shown", what, thing->key);
}

/* Whether @settings declares the setting @id. */
static gboolean
declares (const ThemeJson *settings, const char *id)
{
  for (const ThemeJson *setting = settings != NULL ? settings->first : NULL; setting != NULL; setting = setting->next)
    if (g_strcmp0 (theme_json_get_string (setting, "id"), id) == 0)
      return TRUE;
  return FALSE;
}

static void
check_values (ThemeContext *self,
              const ThemeFile *file,
              const ThemeJson *thing,
              const ThemeJson *schema,
              const char *of)
{
  const ThemeJson *values = theme_json_get_kind (thing, "settings", THEME_JSON_OBJECT);
  const ThemeJson *settings = theme_json_get_kind (schema, "settings", THEME_JSON_ARRAY);

  for (const ThemeJson *value = values != NULL ? values->first : NULL; value != NULL; value = value->next)
    if (!declares (settings, value->key))
      theme_report_add (self->report, THEME_CHECK_JSON_SETTING, file, value->key_start, "'%s' has no setting '%s'", of,
                        value->key);
}

/* The schema's own block of that type, or NULL; @ret_any tells whether theme blocks or those of apps are taken. */
static const ThemeJson *
find_block (const ThemeJson *schema, const char *type, gboolean *ret_any)
{
  const ThemeJson *blocks = theme_json_get_kind (schema, "blocks", THEME_JSON_ARRAY);
  const ThemeJson *found = NULL;

  *ret_any = FALSE;
  for (const ThemeJson *block = blocks != NULL ? blocks->first : NULL; block != NULL; block = block->next)
    {
      const char *name = theme_json_get_string (block, "type");

      *ret_any |= g_strcmp0 (name, "@theme") == 0;
      if (g_strcmp0 (name, type) == 0)
        found = block;
    }
  return found;
}

static void
check_block (ThemeContext *self,
             const ThemeFile *file,
             const ThemeJson *block,
             const ThemeJson *schema,
             const char *section)
{
  const ThemeJson *type = theme_json_get_kind (block, "type", THEME_JSON_STRING);
  const ThemeFile *theme_block;
  const ThemeJson *found;
  gboolean any;

  if (type == NULL)
    {
      theme_report_add (self->report, THEME_CHECK_SCHEMA, file, block->start, "expected a block with a \"type\"");
      return;
    }
  if (type->text[0] == '@' || g_str_has_prefix (type->text, "shopify://"))
    return;
  theme_block = theme_files_named (self->files, "blocks/", type->text, strlen (type->text), ".liquid");
  found = find_block (schema, type->text, &any);
  if (found != NULL && theme_json_get (found, "name") != NULL)
    check_values (self, file, block, found, type->text);
  else if (theme_block == NULL)
    theme_report_add (self->report, THEME_CHECK_JSON_MISSING_BLOCK, file, type->start,
                      "there is no block '%s' in '%s', and no 'blocks/%s.liquid'", type->text, section, type->text);
  else if (found == NULL && !any && theme_json_get (block, "static") == NULL)
    theme_report_add (self->report, THEME_CHECK_JSON_MISSING_BLOCK, file, type->start, "'%s' does not take blocks '%s'",
                      section, type->text);
}

static void
check_section (ThemeContext *self, const ThemeFile *file, const ThemeJson *section)
{
  const ThemeJson *type = theme_json_get_kind (section, "type", THEME_JSON_STRING);
  const ThemeJson *blocks = theme_json_get_kind (section, "blocks", THEME_JSON_OBJECT);
  const ThemeJson *order = theme_json_get_kind (section, "block_order", THEME_JSON_ARRAY);
  g_autofree char *path = NULL;
  const ThemeSchema *schema;

  if (type == NULL)
    {
      theme_report_add (self->report, THEME_CHECK_SCHEMA, file, section->start, "expected a section with a \"type\"");
      return;
    }
  if (blocks != NULL && order != NULL)
    check_order (self, file, THEME_CHECK_BLOCK_ORDER, "block", order, blocks);
  if (strcmp (type->text, "apps") == 0 || strcmp (type->text, "_blocks") == 0)
    return;
  path = g_strdup_printf ("sections/%s.liquid", type->text);
  if (theme_files_get (self->files, path) == NULL)
    {
      theme_report_add (self->report, THEME_CHECK_JSON_MISSING_SECTION, file, type->start, "'%s' does not exist", path);
      return;
    }
  schema = g_hash_table_lookup (self->schemas, path);
  if (schema == NULL || schema->json == NULL)
    return;
  check_values (self, file, section, schema->json, path);
  for (const ThemeJson *block = blocks != NULL ? blocks->first : NULL; block != NULL; block = block->next)
    check_block (self, file, block, schema->json, path);
}

void
theme_check_template (ThemeContext *self, const ThemeFile *file)
{
  g_autoptr (ThemeJson) json = theme_context_json (self, file, 0, file->length);
  const ThemeJson *sections = theme_json_get_kind (json, "sections", THEME_JSON_OBJECT);
  const ThemeJson *order = theme_json_get_kind (json, "order", THEME_JSON_ARRAY);
  const char *layout = theme_json_get_string (json, "layout");

  if (json == NULL)
    return;
  if (sections == NULL || order == NULL)
    {
      theme_report_add (self->report, THEME_CHECK_SCHEMA, file, json->start,
                        "expected an object with \"sections\", an object, and \"order\", an array");
      return;
    }
  if (file->dir == THEME_DIR_SECTIONS &&
      (theme_json_get_string (json, "type") == NULL || theme_json_get_string (json, "name") == NULL))
    theme_report_add (self->report, THEME_CHECK_SCHEMA, file, json->start,
                      "expected a section group with a \"type\" and a \"name\"");
  if (layout != NULL && theme_files_named (self->files, "layout/", layout, strlen (layout), ".liquid") == NULL)
    theme_report_add (self->report, THEME_CHECK_LAYOUT, file, theme_json_get (json, "layout")->start,
                      "the layout 'layout/%s.liquid' does not exist", layout);
  check_order (self, file, THEME_CHECK_ORDER, "section", order, sections);
  for (const ThemeJson *section = sections->first; section != NULL; section = section->next)
    check_section (self, file, section);
}
