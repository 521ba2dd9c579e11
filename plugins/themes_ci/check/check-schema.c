/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-context.h"

#include <string.h>

#define SETTINGS_MAX 40
#define NAME_MAX_CHARACTERS 25

static gboolean
is_setting_type (const char *type)
{
  static const char *const types[] = {
    "article",
    "article_list",
    "blog",
    "checkbox",
    "collection",
    "collection_list",
    "color",
    "color_background",
    "color_palette",
    "color_scheme",
    "color_scheme_group",
    "font_picker",
    "header",
    "html",
    "image_picker",
    "inline_richtext",
    "link_list",
    "liquid",
    "metaobject",
    "metaobject_list",
    "number",
    "page",
    "paragraph",
    "product",
    "product_list",
    "radio",
    "range",
    "richtext",
    "select",
    "text",
    "text_alignment",
    "textarea",
    "url",
    "video",
    "video_url",
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (types[i], type) == 0)
      return TRUE;
  return FALSE;
}

static double
number (const ThemeJson *setting, const char *name, double otherwise)
{
  const ThemeJson *value = theme_json_get_kind (setting, name, THEME_JSON_NUMBER);

  return value != NULL ? g_ascii_strtod (value->text, NULL) : otherwise;
}

static void
check_range (ThemeContext *self, const ThemeFile *file, const ThemeJson *setting)
{
  double min = number (setting, "min", 0);
  double max = number (setting, "max", 0);
  double step = number (setting, "step", 1);
  double otherwise = number (setting, "default", min);

  if (theme_json_get (setting, "min") == NULL || theme_json_get (setting, "max") == NULL ||
      theme_json_get (setting, "default") == NULL)
    theme_report_add (self->report, THEME_CHECK_SCHEMA, file, setting->start,
                      "expected a range with \"min\", \"max\" and \"default\"");
  else if (min >= max || step <= 0 || otherwise < min || otherwise > max)
    theme_report_add (self->report, THEME_CHECK_SCHEMA, file, setting->start,
                      "expected a range whose min is below its max, with its default between them");
}

static void
check_options (ThemeContext *self, const ThemeFile *file, const ThemeJson *setting)
{
  const ThemeJson *options = theme_json_get_kind (setting, "options", THEME_JSON_ARRAY);
  const char *otherwise = theme_json_get_string (setting, "default");
  gboolean is_found = otherwise == NULL;

  if (options == NULL || options->n == 0)
    {
      theme_report_add (self->report, THEME_CHECK_SCHEMA, file, setting->start,
                        "expected \"options\", a list that is not empty");
      return;
    }
  for (const ThemeJson *option = options->first; option != NULL; option = option->next)
    {
      const char *value = theme_json_get_string (option, "value");

      if (value == NULL || theme_json_get (option, "label") == NULL)
        theme_report_add (self->report, THEME_CHECK_SCHEMA, file, option->start,
                          "expected an option with \"value\", in quotes, and \"label\"");
      is_found |= g_strcmp0 (value, otherwise) == 0;
    }
  if (!is_found)
    theme_report_add (self->report, THEME_CHECK_SCHEMA, file, theme_json_get (setting, "default")->start,
                      "the default '%s' is none of the options", otherwise);
}

static void
check_id (ThemeContext *self, const ThemeFile *file, const ThemeJson *setting, const char *type, GHashTable *ids)
{
  const ThemeJson *id = theme_json_get (setting, "id");

  if (strcmp (type, "header") == 0 || strcmp (type, "paragraph") == 0)
    return;
  if (id == NULL || id->kind != THEME_JSON_STRING)
    theme_report_add (self->report, THEME_CHECK_SCHEMA, file, setting->start,
                      "expected a setting with an \"id\", in quotes");
  else if (!g_hash_table_add (ids, g_strdup (id->text)))
    theme_report_add (self->report, THEME_CHECK_UNIQUE_SETTING_ID, file, id->key_start,
                      "Duplicate setting id found: \"%s\"", id->text);
}

void
theme_check_settings (ThemeContext *self, const ThemeFile *file, const ThemeJson *settings, GHashTable *ids)
{
  for (const ThemeJson *setting = settings != NULL ? settings->first : NULL; setting != NULL; setting = setting->next)
    {
      const ThemeJson *type = theme_json_get_kind (setting, "type", THEME_JSON_STRING);

      if (type == NULL)
        {
          theme_report_add (self->report, THEME_CHECK_SCHEMA, file, setting->start,
                            "expected a setting with a \"type\"");
          continue;
        }
      if (!is_setting_type (type->text))
        {
          theme_report_add (self->report, THEME_CHECK_SCHEMA, file, type->start, "there is no type of settings '%s'",
                            type->text);
          continue;
        }
      check_id (self, file, setting, type->text, ids);
      if (strcmp (type->text, "range") == 0)
        check_range (self, file, setting);
      else if (strcmp (type->text, "select") == 0 || strcmp (type->text, "radio") == 0)
        check_options (self, file, setting);
    }
}

/* Every `t:` has its translation. */
static void
check_translations (ThemeContext *self, const ThemeFile *file, const ThemeJson *json)
{
  if (json->kind == THEME_JSON_STRING && g_str_has_prefix (json->text, "t:") &&
      theme_json_at (self->schema_locale, json->text + 2, strlen (json->text + 2)) == NULL)
    theme_report_add (self->report, THEME_CHECK_SCHEMA_TRANSLATIONS, file, json->start,
                      "'%s' does not have a matching entry in '%s'", json->text,
                      self->schema_locale_file != NULL ? self->schema_locale_file->path
                                                       : "locales/….default.schema.json");
  for (const ThemeJson *child = json->first; child != NULL; child = child->next)
    check_translations (self, file, child);
}

static void
check_name (ThemeContext *self, const ThemeFile *file, const ThemeJson *schema)
{
  const ThemeJson *name = theme_json_get_kind (schema, "name", THEME_JSON_STRING);
  const char *text;

  if (name == NULL)
    return;
  text = name->text;
  if (g_str_has_prefix (text, "t:"))
    {
      const ThemeJson *found = theme_json_at (self->schema_locale, text + 2, strlen (text + 2));

      text = found != NULL && found->kind == THEME_JSON_STRING ? found->text : "";
    }
  if (g_utf8_strlen (text, -1) > NAME_MAX_CHARACTERS)
    theme_report_add (self->report, THEME_CHECK_SCHEMA_NAME, file, name->start,
                      "the schema's name '%s' is too long; expected at most %d characters", text, NAME_MAX_CHARACTERS);
}

static gboolean
declares (const ThemeJson *settings, const char *id)
{
  for (const ThemeJson *setting = settings != NULL ? settings->first : NULL; setting != NULL; setting = setting->next)
    if (g_strcmp0 (theme_json_get_string (setting, "id"), id) == 0)
      return TRUE;
  return FALSE;
}

/* A preset or default sets only what the schema declares. */
static void
check_values (ThemeContext *self, const ThemeFile *file, const ThemeJson *schema, const ThemeJson *preset)
{
  const ThemeJson *values = theme_json_get_kind (preset, "settings", THEME_JSON_OBJECT);

  for (const ThemeJson *value = values != NULL ? values->first : NULL; value != NULL; value = value->next)
    if (!declares (theme_json_get_kind (schema, "settings", THEME_JSON_ARRAY), value->key))
      theme_report_add (self->report, THEME_CHECK_SETTINGS_KEY, file, value->key_start,
                        "Setting '%s' does not exist in schema", value->key);
}

/* What a section's schema may have. @max: of a number, whose least is 1.
 * https://shopify.dev/docs/storefronts/themes/architecture/sections/section-schema */
static const struct {
  const char *name;
  ThemeJsonKind kind;
  guint max;
} members[] = {
  { "blocks", THEME_JSON_ARRAY, 0 },       { "class", THEME_JSON_STRING, 0 },       { "default", THEME_JSON_OBJECT, 0 },
  { "disabled_on", THEME_JSON_OBJECT, 0 }, { "enabled_on", THEME_JSON_OBJECT, 0 },  { "limit", THEME_JSON_NUMBER, 2 },
  { "locales", THEME_JSON_OBJECT, 0 },     { "max_blocks", THEME_JSON_NUMBER, 50 }, { "name", THEME_JSON_STRING, 0 },
  { "presets", THEME_JSON_ARRAY, 0 },      { "settings", THEME_JSON_ARRAY, 0 },     { "tag", THEME_JSON_STRING, 0 },
};

static const char *
kind_name (ThemeJsonKind kind)
{
  static const char *const names[] = { "null", "a boolean", "a number", "a string", "an array", "an object" };

  return names[kind];
}

static void
check_member (ThemeContext *self, const ThemeFile *file, const ThemeJson *member)
{
  guint i = 0;

  while (i < G_N_ELEMENTS (members) && strcmp (members[i].name, member->key) != 0)
    i++;
  if (i == G_N_ELEMENTS (members))
    theme_report_add (self->report, THEME_CHECK_SCHEMA, file, member->key_start, "a section's schema has no \"%s\"",
                      member->key);
  else if (members[i].kind != member->kind)
    theme_report_add (self->report, THEME_CHECK_SCHEMA, file, member->start, "expected \"%s\" to be %s, found %s",
                      member->key, kind_name (members[i].kind), kind_name (member->kind));
  else if (members[i].max > 0)
    {
      double n = g_ascii_strtod (member->text, NULL);

      if (!(n >= 1 && n <= members[i].max) || strpbrk (member->text, ".eE") != NULL)
        theme_report_add (self->report, THEME_CHECK_SCHEMA, file, member->start,
                          "expected \"%s\" to be a whole number of 1 to %u, found %s", member->key, members[i].max,
                          member->text);
    }
}

/* What only a section's schema has: a block's is another. */
static void
check_section (ThemeContext *self, const ThemeFile *file, const ThemeJson *schema)
{
  static const char *const tags[] = { "article", "aside", "div", "footer", "header", "section", NULL };
  const ThemeJson *tag = theme_json_get_kind (schema, "tag", THEME_JSON_STRING);

  for (const ThemeJson *member = schema->first; member != NULL; member = member->next)
    check_member (self, file, member);
  if (tag != NULL && !g_strv_contains (tags, tag->text))
    theme_report_add (self->report, THEME_CHECK_SCHEMA, file, tag->start,
                      "expected \"tag\" to be article, aside, div, footer, header or section, found '%s'", tag->text);
}

void
theme_check_schema (ThemeContext *self, const ThemeFile *file, const ThemeJson *schema, gsize start)
{
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const ThemeJson *settings = theme_json_get_kind (schema, "settings", THEME_JSON_ARRAY);
  const ThemeJson *blocks = theme_json_get_kind (schema, "blocks", THEME_JSON_ARRAY);
  const ThemeJson *presets = theme_json_get_kind (schema, "presets", THEME_JSON_ARRAY);
  guint n = 0;

  if (schema->kind != THEME_JSON_OBJECT)
    {
      theme_report_add (self->report, THEME_CHECK_SCHEMA, file, schema->start, "expected an object");
      return;
    }
  if (file->dir == THEME_DIR_SECTIONS)
    check_section (self, file, schema);
  check_name (self, file, schema);
  check_translations (self, file, schema);
  theme_check_settings (self, file, settings, ids);
  for (const ThemeJson *setting = settings != NULL ? settings->first : NULL; setting != NULL; setting = setting->next)
    n += theme_json_get (setting, "id") != NULL;
  if (n > SETTINGS_MAX)
    theme_report_add (self->report, THEME_CHECK_EXCESSIVE_SETTINGS, file, start, "%u settings; expected at most %d", n,
                      SETTINGS_MAX);
  for (const ThemeJson *block = blocks != NULL ? blocks->first : NULL; block != NULL; block = block->next)
    {
      g_autoptr (GHashTable) own = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

      if (theme_json_get_string (block, "type") == NULL)
        theme_report_add (self->report, THEME_CHECK_SCHEMA, file, block->start, "expected a block with a \"type\"");
      theme_check_settings (self, file, theme_json_get_kind (block, "settings", THEME_JSON_ARRAY), own);
    }
  for (const ThemeJson *preset = presets != NULL ? presets->first : NULL; preset != NULL; preset = preset->next)
    check_values (self, file, schema, preset);
  check_values (self, file, schema, theme_json_get (schema, "default"));
}

/* What settings_data.json sets, against the ids that settings_schema.json declares. */
static void
check_data (ThemeContext *self, const ThemeFile *file, GHashTable *ids)
{
  g_autoptr (ThemeJson) data = theme_context_json (self, file, 0, file->length);
  const ThemeJson *current = theme_json_get (data, "current");
  const ThemeJson *presets = theme_json_get (data, "presets");
  const ThemeJson *values = current;

  if (data == NULL)
    return;
  if (current == NULL || (current->kind != THEME_JSON_STRING && current->kind != THEME_JSON_OBJECT))
    {
      theme_report_add (self->report, THEME_CHECK_SCHEMA, file, data->start,
                        "expected \"current\", the name of a preset or an object of settings");
      return;
    }
  if (current->kind == THEME_JSON_STRING)
    {
      values = theme_json_get (presets, current->text);
      if (values == NULL)
        theme_report_add (self->report, THEME_CHECK_SETTINGS_DATA, file, current->start, "there is no preset '%s'",
                          current->text);
    }
  for (const ThemeJson *value = values != NULL ? values->first : NULL; value != NULL; value = value->next)
    if (value->key != NULL && value->kind < THEME_JSON_ARRAY && !g_hash_table_contains (ids, value->key))
      theme_report_add (self->report, THEME_CHECK_SETTINGS_DATA, file, value->key_start,
                        "'config/settings_schema.json' has no setting '%s'", value->key);
}

void
theme_check_config (ThemeContext *self)
{
  const ThemeFile *file = theme_files_get (self->files, "config/settings_schema.json");
  const ThemeFile *data = theme_files_get (self->files, "config/settings_data.json");
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (ThemeJson) schema = NULL;

  if (file != NULL && file->text != NULL)
    schema = theme_context_json (self, file, 0, file->length);
  if (schema != NULL && schema->kind != THEME_JSON_ARRAY)
    theme_report_add (self->report, THEME_CHECK_SCHEMA, file, schema->start, "expected an array of groups of settings");
  else if (schema != NULL)
    {
      for (const ThemeJson *group = schema->first; group != NULL; group = group->next)
        theme_check_settings (self, file, theme_json_get_kind (group, "settings", THEME_JSON_ARRAY), ids);
      check_translations (self, file, schema);
    }
  if (data != NULL && data->text != NULL && schema != NULL)
    check_data (self, data, ids);
}
