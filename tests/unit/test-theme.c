/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <theme-check.h>
#include <theme-json.h>

/* A theme in which nothing is wrong, of which each case changes a file. */
static const char *const sound[][2] = {
  { "layout/theme.liquid",
    "<html><head>{{ content_for_header }}</head>\n<body>{% sections 'group' %}{{ content_for_layout }}\n"
    "{% render 'price', product: product %}</body></html>\n" },
  { "snippets/price.liquid",
    "{%- liquid\n  assign a = product.price | money\n  if a != blank\n    echo a\n  endif\n-%}\n"
    "{{ 'cart.title' | t }}\n" },
  { "sections/main.liquid",
    "<div class=\"{% if a %}b{% endif %}\">{{ section.settings.size }}</div>\n{% schema %}\n"
    "{ \"name\": \"t:main.name\", \"settings\": [{ \"type\": \"range\", \"id\": \"size\", \"label\": \"s\",\n"
    "  \"min\": 1, \"max\": 9, \"default\": 2 }],\n"
    "  \"blocks\": [{ \"type\": \"text\", \"name\": \"x\" }] }\n{% endschema %}\n" },
  { "sections/group.json", "/* made by the editor */\n{ \"type\": \"header\", \"name\": \"Header\", \"sections\": { "
                           "\"a\": { \"type\": \"main\" } },\n"
                           "  \"order\": [\"a\"] }\n" },
  { "templates/index.json",
    "{ \"sections\": { \"m\": { \"type\": \"main\", \"settings\": { \"size\": 3 },\n"
    "  \"blocks\": { \"t\": { \"type\": \"text\" } }, \"block_order\": [\"t\"] } },\n  \"order\": [\"m\"] }\n" },
  { "locales/en.default.json", "{\n  \"cart\": { \"title\": \"Cart\" }\n}\n" },
  { "locales/fr.json", "{\n  \"cart\": { \"title\": \"Panier\" }\n}\n" },
  { "locales/en.default.schema.json", "{ \"main\": { \"name\": \"Main\" } }\n" },
  { "config/settings_schema.json",
    "[{ \"name\": \"Colors\", \"settings\": [\n  { \"type\": \"text\", \"id\": \"font\", \"label\": \"l\" }] }]\n" },
  { "config/settings_data.json",
    "{ \"current\": \"Default\",\n  \"presets\": { \"Default\": { \"font\": \"a\" } } }\n" },
};

/* @found: the check and its place, in the order of the report, with a blank between. */
typedef struct {
  const char *path;
  const char *text;
  const char *found;
} Case;

static const Case cases[] = {
  { "README.md", "", "" },
  /* Liquid's blocks and strings */
  { "snippets/price.liquid", "{% if a %}\nx{{ 'cart.title' | t }}\n", "LiquidHTMLSyntaxError:1" },
  { "snippets/price.liquid", "\n{% endif %}{{ 'cart.title' | t }}", "LiquidHTMLSyntaxError:2" },
  { "snippets/price.liquid", "{% for a in b %}\n{% if a %}\n{% endfor %}{{ 'cart.title' | t }}",
    "LiquidHTMLSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}{% comment %}{% comment %}{% endcomment %}\n{% endcomment %}", "" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}{% raw %}{% raw %}{% endraw %}\n{% endraw %}",
    "LiquidSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{{ a ", "LiquidHTMLSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% assign ", "LiquidHTMLSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% raw %}{{ ", "LiquidHTMLSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{{ 'a }}", "LiquidSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}{% liquid\n  if a\n    echo b\n%}\nx", "LiquidHTMLSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% iff a %}", "LiquidSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% if (a or b) and c %}{% endif %}", "LiquidSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% for a of b %}{% endfor %}", "LiquidSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% else %}", "LiquidSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{{ a | upcaze }}", "UnknownFilter:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{{ a | img_url: '2x' }}", "DeprecatedFilter:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% assign bigName = 1 %}{{ bigName }}", "VariableName:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% assign b = 1 %}", "UnusedAssign:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% paginate a by 300 %}{% endpaginate %}", "PaginationSize:2" },
  /* What comments keep from being told */
  { "snippets/price.liquid",
    "{{ 'cart.title' | t }}{% comment %}theme-check-disable UnknownFilter{% endcomment %}\n{{ a | upcaze }}\n"
    "{% comment %}theme-check-enable UnknownFilter{% endcomment %}{{ a | upcaze }}",
    "UnknownFilter:3" },
  { "snippets/price.liquid",
    "{{ 'cart.title' | t }}{% # theme-check-disable-next-line %}\n{{ a | upcaze }}\n{{ a | upcaze }}",
    "UnknownFilter:3" },
  /* What is not there */
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{{ 'cart.titel' | t }}", "TranslationKeyExists:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{{ 'a.js' | asset_url }}", "MissingAsset:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% render 'none' %}", "MissingTemplate:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% section 'none' %}", "MissingTemplate:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% include 'price' %}", "DeprecatedTag:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% sections 'none' %}", "MissingSectionGroup:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n{% layout 'none' %}", "MissingLayout:2" },
  { "snippets/price.liquid", "", "UnusedTranslation:2" },
  { "snippets/orphan.liquid", "x", "OrphanedSnippet:1" },
  /* HTML */
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n<img src=\"{{ a }}\" width=\"1\">", "ImgWidthAndHeight:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n<script src=\"{{ a }}\"></script>", "ParserBlockingScript:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n<script defer src=\"https://a.example/b.js\"></script>",
    "RemoteAsset:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n<a href=\"/cart\">x</a>", "HardcodedRoutes:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n<div><p></div>", "LiquidHTMLSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}\n<div>", "LiquidHTMLSyntaxError:2" },
  { "snippets/price.liquid", "{{ 'cart.title' | t }}{% if a %}<div>{% endif %}{% if a %}</div>{% endif %}", "" },
  { "layout/theme.liquid", "{{ content_for_header }}{% sections 'group' %}{% render 'price' %}",
    "RequiredLayoutThemeObject:1" },
  /* JSON */
  { "templates/index.json", "{ \"sections\": { \"m\": { \"type\": \"ghost\" } }, \"order\": [\"m\"] }",
    "JSONMissingSection:1" },
  { "templates/index.json", "{ \"sections\": { \"m\": { \"type\": \"main\" } },\n \"order\": [\"m\", \"n\"] }",
    "SectionOrder:2" },
  { "templates/index.json", "{ \"sections\": { \"m\": { \"type\": \"main\" } },\n \"order\": [] }", "SectionOrder:1" },
  { "templates/index.json",
    "{ \"sections\": { \"m\": { \"type\": \"main\", \"settings\": { \"z\": 1 } } },\n \"order\": [\"m\"] }",
    "JSONUnknownSetting:1" },
  { "templates/index.json",
    "{ \"sections\": { \"m\": { \"type\": \"main\", \"blocks\": { \"b\": { \"type\": \"c\" } },\n"
    "\"block_order\": [\"b\"] } }, \"order\": [\"m\"] }",
    "JSONMissingBlock:1" },
  { "templates/index.json", "{ \"sections\": }", "JSONSyntaxError:1" },
  { "templates/index.json", "[]", "ValidSchema:1" },
  { "locales/fr.json", "{\n  \"cart\": { \"title\": \"Panier\" },\n}\n", "JSONTrailingComma:2" },
  { "locales/fr.json", "{\n  \"cart\": { \"title\": \"a\",\n \"title\": \"b\" }\n}\n", "JSONDuplicateKey:3" },
  { "locales/fr.json", "{\n  \"cart\": { \"titre\": \"a\" }\n}\n", "MatchingTranslations:2 MatchingTranslations:2" },
  { "locales/de.default.json", "{}",
    "DefaultLocale:1 MatchingTranslations:2 MatchingTranslations:2 TranslationKeyExists:7" },
  { "config/settings_data.json", "{ \"current\": { \"fonts\": 1 } }", "SettingsData:1" },
  { "config/settings_data.json", "{ \"current\": \"None\" }", "SettingsData:1" },
  { "config/settings_schema.json",
    "[{ \"name\": \"a\", \"settings\": [{ \"type\": \"text\", \"id\": \"font\" },\n"
    "{ \"type\": \"text\", \"id\": \"font\" }] }]",
    "UniqueSettingId:2" },
  { "sections/main.liquid",
    "{% schema %}{ \"name\": \"n\", \"settings\": [{ \"type\": \"rang\", \"id\": \"size\" }],\n"
    "\"blocks\": [{ \"type\": \"text\", \"name\": \"x\" }] }{% endschema %}",
    "ValidSchema:1" },
  { "sections/other.liquid",
    "{% schema %}{ \"name\": \"n\", \"limit\": 3,\n\"max_blocks\": \"2\",\n\"tag\": \"p\",\n\"none\": 1 }{% endschema "
    "%}",
    "ValidSchema:1 ValidSchema:2 ValidSchema:3 ValidSchema:4" },
  { "sections/main.liquid",
    "{% schema %}{ \"name\": \"t:none\", \"settings\": [{ \"type\": \"text\", \"id\": \"size\" }],\n"
    "\"blocks\": [{ \"type\": \"text\", \"name\": \"x\" }] }{% endschema %}",
    "ValidSchemaTranslations:1" },
  { "sections/main.liquid",
    "{% schema %}{ \"name\": \"n\", \"settings\": [{ \"type\": \"text\", \"id\": \"size\" }],\n"
    "\"blocks\": [{ \"type\": \"text\", \"name\": \"x\" }] }{% endschema %}\n{% javascript %}{{ a }}{% endjavascript "
    "%}",
    "StaticStylesheetAndJavascriptTags:3" },
  { "snippets/price.liquid", "\xff", "UnusedTranslation:2 Encoding:1" },
};

static ThemeFiles *
theme_with (const char *path, const char *text)
{
  ThemeFiles *files = theme_files_new ();

  for (guint i = 0; i < G_N_ELEMENTS (sound); i++)
    theme_files_add (files, sound[i][0], sound[i][1], strlen (sound[i][1]), strlen (sound[i][1]));
  if (path != NULL)
    theme_files_add (files, path, text, strlen (text), strlen (text));
  return files;
}

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (ThemeFiles) files = theme_with (cases[i].path, cases[i].text);
      g_autoptr (ThemeReport) report = theme_check (files, NULL);
      g_autoptr (GString) found = g_string_new (NULL);

      for (guint j = 0; j < theme_report_n (report); j++)
        {
          const ThemeOffence *offence = theme_report_nth (report, j);

          g_string_append_printf (found, "%s%s:%u", j > 0 ? " " : "", theme_check_info (offence->check)->name,
                                  offence->line);
          g_test_message ("%s:%u:%u: %s", offence->path, offence->line, offence->column, offence->message);
        }
      g_test_message ("case %u: %s", i, cases[i].path);
      g_assert_cmpstr (found->str, ==, cases[i].found);
    }
}

static void
test_places (void)
{
  g_autoptr (ThemeFiles) files = theme_with ("snippets/price.liquid", "é{{ 'cart.title' | t }}\nöü {{ a | upcaze }}\n");
  g_autoptr (ThemeReport) report = theme_check (files, NULL);
  const ThemeOffence *offence = theme_report_nth (report, 0);

  g_assert_cmpuint (theme_report_n (report), ==, 1);
  g_assert_cmpstr (offence->path, ==, "snippets/price.liquid");
  g_assert_cmpuint (offence->line, ==, 2);
  g_assert_cmpuint (offence->column, ==, 11);
}

/* What is never closed, or only at the end, costs no more than it is long: no reading begins anew at each of them. */
static void
test_unclosed (void)
{
  static const char *const parts[][2] = { { "{% comment %}", "" }, { "{% comment %}", "{% endcomment %}" },
                                          { "{% raw %}", "" },     { "{% if a %}", "" },
                                          { "<div>", "" },         { "<!--", "" } };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (GString) text = g_string_new ("{{ 'cart.title' | t }}");
      g_autoptr (ThemeFiles) files = NULL;
      g_autoptr (ThemeReport) report = NULL;

      for (guint side = 0; side < 2; side++)
        for (guint n = 0; n < 60000; n++)
          g_string_append (text, parts[i][side]);
      files = theme_with ("snippets/price.liquid", text->str);
      report = theme_check (files, NULL);
      g_assert_cmpuint (theme_report_n (report), <=, THEME_OFFENCES_MAX);
    }
}

static void
test_sizes (void)
{
  g_autoptr (ThemeFiles) files = theme_with (NULL, NULL);
  g_autoptr (ThemeReport) report = NULL;
  g_autoptr (JsonObject) json = NULL;
  ThemeBudget budget = { .scripts = 1000 };

  theme_files_add (files, "assets/a.js", NULL, 0, 600);
  theme_files_add (files, "assets/b.js", NULL, 0, 401);
  theme_files_add (files, "assets/c.png", NULL, 0, 20 * 1024 * 1024 + 1);
  report = theme_check (files, &budget);
  json = theme_report_to_json (report, 1);
  g_assert_cmpint (json_object_get_int_member (json, "errors"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (json, "warnings"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (json, "left_out"), ==, 1);
  g_assert_cmpstr (json_object_get_string_member (
                       json_array_get_object_element (json_object_get_array_member (json, "offences"), 0), "check"),
                   ==, "MaxFileSize");
}

/* Every check has a name of its own and a meaning, and docs/themes.md has its row. */
static void
test_documented (void)
{
  g_autofree char *path = g_build_filename (g_test_get_dir (G_TEST_DIST), "..", "..", "docs", "themes.md", NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  for (guint i = 0; i < THEME_N_CHECKS; i++)
    {
      const ThemeCheckInfo *info = theme_check_info ((ThemeCheck)i);
      g_autofree char *row = NULL;

      g_assert_nonnull (info->name);
      row = g_strdup_printf ("| `%s` | %s | %s |\n", info->name, theme_severity_name (info->severity), info->meaning);
      g_test_message ("%s", row);
      g_assert_nonnull (strstr (text, row));
    }
}

static void
test_json (void)
{
  static const char text[] = " {\"a\": [1, true, \"\\u00e9\\ud83d\\ude00\"]}";
  g_autoptr (GArray) problems = NULL;
  g_autoptr (ThemeJson) json = theme_json_parse (text, strlen (text), 5, &problems);
  const ThemeJson *list = theme_json_get_kind (json, "a", THEME_JSON_ARRAY);

  g_assert_nonnull (list);
  g_assert_cmpuint (list->n, ==, 3);
  g_assert_cmpuint (list->start, ==, 5 + 7);
  g_assert_cmpstr (list->first->next->next->text, ==, "é😀");
  g_assert_cmpuint (problems->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/theme/cases", test_cases);
  g_test_add_func ("/theme/places", test_places);
  g_test_add_func ("/theme/unclosed", test_unclosed);
  g_test_add_func ("/theme/sizes", test_sizes);
  g_test_add_func ("/theme/documented", test_documented);
  g_test_add_func ("/theme/json", test_json);
  return g_test_run ();
}
