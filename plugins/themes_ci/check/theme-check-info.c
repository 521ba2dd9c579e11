/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-report.h"

#define THEIRS(name, severity, meaning)                                                                                \
  {                                                                                                                    \
    name, severity, FALSE, meaning                                                                                     \
  }
#define OURS(name, severity, meaning)                                                                                  \
  {                                                                                                                    \
    name, severity, TRUE, meaning                                                                                      \
  }

static const ThemeCheckInfo infos[THEME_N_CHECKS] = {
  [THEME_CHECK_ASSET_PRELOAD] = THEIRS ("AssetPreload", THEME_WARNING, "a `link` preloads what a filter can"),
  [THEME_CHECK_CDN_PRECONNECT] =
      THEIRS ("CdnPreconnect", THEME_ERROR, "a `link` connects to Shopify's CDN, which is connected"),
  [THEME_CHECK_CONTENT_FOR_HEADER] =
      THEIRS ("ContentForHeaderModification", THEME_ERROR, "`content_for_header` is changed, or kept in a variable"),
  [THEME_CHECK_DEPRECATED_FILTER] = THEIRS ("DeprecatedFilter", THEME_WARNING, "a filter that another one replaces"),
  [THEME_CHECK_DEPRECATED_TAG] = THEIRS ("DeprecatedTag", THEME_WARNING, "`include`, which `render` replaces"),
  [THEME_CHECK_DUPLICATE_ARGUMENTS] =
      THEIRS ("DuplicateRenderSnippetArguments", THEME_WARNING, "`render` is given an argument twice"),
  [THEME_CHECK_EXCESSIVE_SETTINGS] =
      THEIRS ("ExcessiveSettingsCount", THEME_WARNING, "a schema with more than 40 settings"),
  [THEME_CHECK_HARDCODED_ROUTES] =
      THEIRS ("HardcodedRoutes", THEME_WARNING, "a path for which there is a member of `routes`"),
  [THEME_CHECK_IMG_SIZE] = THEIRS ("ImgWidthAndHeight", THEME_ERROR, "an `img` without `width` or `height`"),
  [THEME_CHECK_JAVASCRIPT_ONCE] = THEIRS ("JavascriptOncePerFile", THEME_ERROR, "a second `javascript` in a file"),
  [THEME_CHECK_JAVASCRIPT_PLACE] =
      THEIRS ("JavascriptTagInWrongFile", THEME_ERROR, "`javascript` outside sections, blocks and snippets"),
  [THEME_CHECK_JSON_MISSING_BLOCK] =
      THEIRS ("JSONMissingBlock", THEME_ERROR, "a block of a type that its section does not have"),
  [THEME_CHECK_JSON_MISSING_SECTION] =
      THEIRS ("JSONMissingSection", THEME_ERROR, "a section of a type for which there is no file"),
  [THEME_CHECK_JSON_SYNTAX] = THEIRS ("JSONSyntaxError", THEME_ERROR, "no JSON"),
  [THEME_CHECK_HTML_SYNTAX] =
      THEIRS ("LiquidHTMLSyntaxError",
              THEME_ERROR,
              "a Liquid block or an HTML element that is not closed, or closed when it is not open"),
  [THEME_CHECK_NESTING] = THEIRS ("LiquidNestingDepth", THEME_WARNING, "more than 10 blocks within each other"),
  [THEME_CHECK_LIQUID_SYNTAX] =
      THEIRS ("LiquidSyntaxError", THEME_ERROR, "a tag that does not exist, or is not written as it must be"),
  [THEME_CHECK_MATCHING_TRANSLATIONS] =
      THEIRS ("MatchingTranslations", THEME_ERROR, "a translation that only the default locale has, or has not"),
  [THEME_CHECK_MAX_FILE_SIZE] = THEIRS ("MaxFileSize", THEME_ERROR, "a file that is larger than Shopify takes"),
  [THEME_CHECK_MISSING_ASSET] = THEIRS ("MissingAsset", THEME_ERROR, "an asset that does not exist"),
  [THEME_CHECK_MISSING_TEMPLATE] = THEIRS ("MissingTemplate", THEME_ERROR, "a snippet or section that does not exist"),
  [THEME_CHECK_ORPHANED_SNIPPET] = THEIRS ("OrphanedSnippet", THEME_WARNING, "a snippet that nothing renders"),
  [THEME_CHECK_PAGINATION_SIZE] = THEIRS ("PaginationSize", THEME_WARNING, "pages of fewer than 1 or more than 250"),
  [THEME_CHECK_BLOCKING_SCRIPT] = THEIRS ("ParserBlockingScript", THEME_ERROR, "a script that the page waits for"),
  [THEME_CHECK_REMOTE_ASSET] =
      THEIRS ("RemoteAsset", THEME_WARNING, "what is fetched from elsewhere than Shopify's CDN"),
  [THEME_CHECK_REQUIRED_OBJECT] = THEIRS ("RequiredLayoutThemeObject",
                                          THEME_ERROR,
                                          "a layout without `content_for_header` or `content_for_layout`"),
  [THEME_CHECK_SCHEMA_ONCE] = THEIRS ("SchemaOncePerFile", THEME_ERROR, "a second `schema` in a file"),
  [THEME_CHECK_SCHEMA_PLACE] = THEIRS ("SchemaSectionOrBlockOnly", THEME_ERROR, "`schema` outside sections and blocks"),
  [THEME_CHECK_STATIC_TAGS] = THEIRS ("StaticStylesheetAndJavascriptTags",
                                      THEME_ERROR,
                                      "Liquid in `stylesheet` or `javascript`, where it does nothing"),
  [THEME_CHECK_STYLESHEET_ONCE] = THEIRS ("StylesheetOncePerFile", THEME_ERROR, "a second `stylesheet` in a file"),
  [THEME_CHECK_STYLESHEET_PLACE] =
      THEIRS ("StylesheetTagInWrongFile", THEME_ERROR, "`stylesheet` outside sections, blocks and snippets"),
  [THEME_CHECK_TRANSLATION_KEY] =
      THEIRS ("TranslationKeyExists", THEME_ERROR, "a translation that the default locale does not have"),
  [THEME_CHECK_UNIQUE_SETTING_ID] = THEIRS ("UniqueSettingId", THEME_ERROR, "a setting's id that is there twice"),
  [THEME_CHECK_UNKNOWN_FILTER] = THEIRS ("UnknownFilter", THEME_ERROR, "a filter that does not exist"),
  [THEME_CHECK_UNUSED_ASSIGN] = THEIRS ("UnusedAssign", THEME_WARNING, "a variable that is never read"),
  [THEME_CHECK_SCHEMA] = THEIRS ("ValidSchema", THEME_ERROR, "a schema that is not as Shopify takes it"),
  [THEME_CHECK_SCHEMA_NAME] = THEIRS ("ValidSchemaName", THEME_ERROR, "a schema's name of more than 25 characters"),
  [THEME_CHECK_SCHEMA_TRANSLATIONS] = THEIRS ("ValidSchemaTranslations",
                                              THEME_ERROR,
                                              "`t:` and a key that the default locale's schema file does not have"),
  [THEME_CHECK_SETTINGS_KEY] =
      THEIRS ("ValidSettingsKey", THEME_ERROR, "a preset's or default's setting that the schema does not have"),
  [THEME_CHECK_VARIABLE_NAME] = THEIRS ("VariableName", THEME_WARNING, "a variable that is not written in snake_case"),
  [THEME_CHECK_BLOCK_ORDER] =
      OURS ("BlockOrder", THEME_ERROR, "`block_order` names a block that the section does not have, or leaves one out"),
  [THEME_CHECK_DEFAULT_LOCALE] = OURS ("DefaultLocale", THEME_ERROR, "there is no default locale, or more than one"),
  [THEME_CHECK_ENCODING] = OURS ("Encoding", THEME_ERROR, "a file that is not UTF-8"),
  [THEME_CHECK_JSON_DUPLICATE] = OURS ("JSONDuplicateKey", THEME_WARNING, "a key that is there twice"),
  [THEME_CHECK_JSON_COMMA] =
      OURS ("JSONTrailingComma", THEME_ERROR, "a comma after the last member, or a line comment"),
  [THEME_CHECK_JSON_SETTING] =
      OURS ("JSONUnknownSetting", THEME_WARNING, "a template sets what the section's schema does not have"),
  [THEME_CHECK_LAYOUT] = OURS ("MissingLayout", THEME_ERROR, "a layout that does not exist"),
  [THEME_CHECK_MISSING_FILE] = OURS ("MissingFile", THEME_ERROR, "a file without which Shopify takes no theme"),
  [THEME_CHECK_ORDER] =
      OURS ("SectionOrder", THEME_ERROR, "`order` names a section that does not exist, or leaves one out"),
  [THEME_CHECK_SECTION_GROUP] = OURS ("MissingSectionGroup", THEME_ERROR, "a section group that does not exist"),
  [THEME_CHECK_SETTINGS_DATA] =
      OURS ("SettingsData", THEME_WARNING, "a setting's value, or a preset, that `settings_schema.json` does not have"),
  [THEME_CHECK_SIZE_BUDGET] = OURS ("SizeBudget", THEME_WARNING, "scripts or styles above the operator's budget"),
  [THEME_CHECK_UNUSED_TRANSLATION] =
      OURS ("UnusedTranslation", THEME_WARNING, "a translation of the default locale that nothing asks for"),
};

const ThemeCheckInfo *
theme_check_info (ThemeCheck check)
{
  g_return_val_if_fail (check < THEME_N_CHECKS, &infos[0]);

  return &infos[check];
}

const char *
theme_severity_name (ThemeSeverity severity)
{
  return severity == THEME_ERROR ? "error" : "warning";
}
