/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-context.h"
#include "theme-disabled.h"
#include "theme-filters.h"

#include <string.h>

#define DEPTH_MAX 10
#define PAGE_MAX 250

/* One file under check. */
typedef struct {
  ThemeContext *context;
  const ThemeFile *file;
  LiquidMarkup *markup;
  GHashTable *assigned;     /* of char *: gsize *, where the variable was assigned last */
  GHashTable *read;         /* of char * */
  const ThemeJson *locales; /* of the section's own schema, in the default locale */
  GPtrArray *open;          /* of const LiquidNode: the blocks that are open */
  guint schemas;
  guint javascripts;
  guint stylesheets;
} Pass;

static void
report (Pass *self, ThemeCheck check, gsize at, const char *message)
{
  theme_report_add (self->context->report, check, self->file, at, "%s", message);
}

static gboolean
is (const char *text, gsize length, const char *word)
{
  return strlen (word) == length && memcmp (text, word, length) == 0;
}

static gboolean
has_filter (const LiquidMarkup *markup, const char *name)
{
  for (guint i = 0; i < markup->filters->len; i++)
    {
      const LiquidFilter *filter = &g_array_index (markup->filters, LiquidFilter, i);

      if (is (filter->name, filter->length, name))
        return TRUE;
    }
  return FALSE;
}

static void
check_asset (Pass *self)
{
  const LiquidExpr *subject = &self->markup->subject;
  const LiquidFilter *first;
  const ThemeFiles *files = self->context->files;
  const char *name = subject->text;
  gsize n = subject->length;

  if (self->markup->filters->len == 0 || subject->kind != LIQUID_STRING)
    return;
  first = &g_array_index (self->markup->filters, LiquidFilter, 0);
  if (!is (first->name, first->length, "asset_url") || theme_files_named (files, "assets/", name, n, "") != NULL ||
      theme_files_named (files, "assets/", name, n, ".liquid") != NULL)
    return;
  if (n > 9 && memcmp (name + n - 9, ".scss.css", 9) == 0 &&
      theme_files_named (files, "assets/", name, n - 4, ".liquid") != NULL)
    return;
  theme_report_add (self->context->report, THEME_CHECK_MISSING_ASSET, self->file, subject->start,
                    "'assets/%.*s' does not exist", (int)n, name);
}

static void
check_translation (Pass *self)
{
  const LiquidExpr *subject = &self->markup->subject;
  ThemeContext *context = self->context;

  if (subject->kind != LIQUID_STRING || context->locale == NULL ||
      (!has_filter (self->markup, "t") && !has_filter (self->markup, "translate")))
    return;
  if ((subject->length > 8 && memcmp (subject->text, "shopify.", 8) == 0) ||
      theme_json_at (context->locale, subject->text, subject->length) != NULL ||
      theme_json_at (self->locales, subject->text, subject->length) != NULL)
    return;
  theme_report_add (context->report, THEME_CHECK_TRANSLATION_KEY, self->file, subject->start,
                    "'%.*s' does not have a matching entry in '%s'", (int)subject->length, subject->text,
                    context->locale_file->path);
}

static void
check_filters (Pass *self)
{
  for (guint i = 0; i < self->markup->filters->len; i++)
    {
      const LiquidFilter *filter = &g_array_index (self->markup->filters, LiquidFilter, i);
      const char *instead = NULL;

      if (!theme_filter_is_known (filter->name, filter->length))
        theme_report_add (self->context->report, THEME_CHECK_UNKNOWN_FILTER, self->file, filter->start,
                          "Unknown filter '%.*s' used", (int)filter->length, filter->name);
      else if (theme_filter_is_deprecated (filter->name, filter->length, &instead))
        theme_report_add (self->context->report, THEME_CHECK_DEPRECATED_FILTER, self->file, filter->start,
                          "Deprecated filter '%.*s'; expected %s", (int)filter->length, filter->name,
                          instead != NULL ? instead : "another way");
      if (is (filter->name, filter->length, "script_tag"))
        report (self, THEME_CHECK_BLOCKING_SCRIPT, filter->start,
                "script_tag makes the page wait; expected a <script> with async or defer");
      if (is (filter->name, filter->length, "link_to") && filter->first.kind == LIQUID_STRING)
        {
          const char *route = theme_route_of (filter->first.text, filter->first.length, TRUE);

          if (route != NULL)
            theme_report_add (self->context->report, THEME_CHECK_HARDCODED_ROUTES, self->file, filter->first.start + 1,
                              "expected routes.%s instead of a path", route);
        }
    }
}

static void
check_rendered (Pass *self, const LiquidNode *node)
{
  const LiquidExpr *subject = &self->markup->subject;
  ThemeContext *context = self->context;
  const char *folder = strcmp (node->name, "section") == 0 ? "sections/" : "snippets/";

  if (subject->kind != LIQUID_STRING)
    {
      context->renders_any = TRUE;
      return;
    }
  g_hash_table_add (context->rendered, g_strdup_printf ("%s%.*s.liquid", folder, (int)subject->length, subject->text));
  if (theme_files_named (context->files, folder, subject->text, subject->length, ".liquid") == NULL)
    theme_report_add (context->report, THEME_CHECK_MISSING_TEMPLATE, self->file, subject->start,
                      "'%s%.*s.liquid' does not exist", folder, (int)subject->length, subject->text);
}

static void
check_arguments (Pass *self)
{
  GArray *names = self->markup->names;

  for (guint i = 1; i < names->len; i++)
    {
      const LiquidName *name = &g_array_index (names, LiquidName, i);

      for (guint j = 0; j < i; j++)
        {
          const LiquidName *other = &g_array_index (names, LiquidName, j);

          if (other->length == name->length && memcmp (other->name, name->name, name->length) == 0)
            {
              theme_report_add (self->context->report, THEME_CHECK_DUPLICATE_ARGUMENTS, self->file, name->start,
                                "Duplicate argument '%.*s'; expected each once", (int)name->length, name->name);
              break;
            }
        }
    }
}

static void
check_render (Pass *self, const LiquidNode *node)
{
  check_rendered (self, node);
  if (strcmp (node->name, "include") == 0)
    report (self, THEME_CHECK_DEPRECATED_TAG, node->name_start, "Use the 'render' tag instead of 'include'");
  if (strcmp (node->name, "render") == 0)
    check_arguments (self);
}

static void
check_sections (Pass *self, const LiquidNode *node)
{
  const LiquidExpr *subject = &self->markup->subject;

  if (subject->kind == LIQUID_STRING &&
      theme_files_named (self->context->files, "sections/", subject->text, subject->length, ".json") == NULL)
    theme_report_add (self->context->report, THEME_CHECK_SECTION_GROUP, self->file, subject->start,
                      "the section group 'sections/%.*s.json' does not exist", (int)subject->length, subject->text);
}

static void
check_layout (Pass *self, const LiquidNode *node)
{
  const LiquidExpr *subject = &self->markup->subject;

  if (subject->kind == LIQUID_STRING &&
      theme_files_named (self->context->files, "layout/", subject->text, subject->length, ".liquid") == NULL)
    theme_report_add (self->context->report, THEME_CHECK_LAYOUT, self->file, subject->start,
                      "the layout 'layout/%.*s.liquid' does not exist", (int)subject->length, subject->text);
}

static void
check_paginate (Pass *self, const LiquidNode *node)
{
  const LiquidExpr *size = &self->markup->subject;
  g_autofree char *text = NULL;
  double n;

  if (size->kind != LIQUID_NUMBER)
    return;
  text = g_strndup (size->text, size->length);
  n = g_ascii_strtod (text, NULL);
  if (n < 1 || n > PAGE_MAX)
    theme_report_add (self->context->report, THEME_CHECK_PAGINATION_SIZE, self->file, size->start,
                      "expected a page of 1 to %d, found %s", PAGE_MAX, text);
}

static gboolean
is_snake (const LiquidName *name)
{
  for (gsize i = 0; i < name->length; i++)
    if (!g_ascii_islower (name->name[i]) && !g_ascii_isdigit (name->name[i]) && name->name[i] != '_')
      return FALSE;
  return TRUE;
}

static void
check_assign (Pass *self, const LiquidNode *node)
{
  const LiquidName *target = &self->markup->target;
  gsize *at = g_new (gsize, 1);

  *at = node->start;
  g_hash_table_insert (self->assigned, g_strndup (target->name, target->length), at);
  if (!is_snake (target))
    theme_report_add (self->context->report, THEME_CHECK_VARIABLE_NAME, self->file, target->start,
                      "The variable '%.*s' uses wrong naming format; expected snake_case", (int)target->length,
                      target->name);
}

/* content_for_header may be put out as it is, and nothing else. */
static void
check_header (Pass *self, const LiquidNode *node)
{
  const LiquidExpr *subject = &self->markup->subject;
  gboolean is_output = node->kind == LIQUID_OUTPUT;
  gboolean in_capture = FALSE;

  if (subject->kind != LIQUID_LOOKUP || !is (subject->text, subject->length, "content_for_header"))
    return;
  for (guint i = 0; i < self->open->len; i++)
    in_capture |= strcmp (((const LiquidNode *)self->open->pdata[i])->name, "capture") == 0;
  if (is_output ? in_capture || self->markup->filters->len > 0
                : strcmp (node->name, "assign") == 0 || strcmp (node->name, "echo") == 0)
    report (self, THEME_CHECK_CONTENT_FOR_HEADER, node->start, "Do not rely on the content of `content_for_header`");
}

static void
check_markup (Pass *self, const LiquidNode *node)
{
  static const struct {
    const char *name;
    void (*check) (Pass *, const LiquidNode *);
  } checks[] = {
    { "assign", check_assign },    { "capture", check_assign },    { "include", check_render },
    { "layout", check_layout },    { "paginate", check_paginate }, { "render", check_render },
    { "section", check_rendered }, { "sections", check_sections },
  };
  LiquidMarkup *markup = self->markup;

  liquid_markup_read (markup, self->file->text, node);
  for (guint i = 0; i < markup->lookups->len; i++)
    {
      const LiquidName *name = &g_array_index (markup->lookups, LiquidName, i);

      g_hash_table_add (self->read, g_strndup (name->name, name->length));
    }
  if (markup->error != NULL)
    {
      if (node->kind == LIQUID_OUTPUT)
        theme_report_add (self->context->report, THEME_CHECK_LIQUID_SYNTAX, self->file, markup->error_at,
                          "Syntax error in an output: %s", markup->error);
      else
        theme_report_add (self->context->report, THEME_CHECK_LIQUID_SYNTAX, self->file, markup->error_at,
                          "Syntax error in '%s': %s", node->name, markup->error);
      return;
    }
  check_filters (self);
  check_asset (self);
  check_translation (self);
  check_header (self, node);
  for (guint i = 0; node->kind == LIQUID_TAG && i < G_N_ELEMENTS (checks); i++)
    if (strcmp (node->name, checks[i].name) == 0)
      checks[i].check (self, node);
}

static guint
nesting (const Pass *self)
{
  static const char *const counted[] = { "if", "unless", "for", "case", "tablerow" };
  guint n = 0;

  for (guint i = 0; i < self->open->len; i++)
    for (guint j = 0; j < G_N_ELEMENTS (counted); j++)
      n += strcmp (((const LiquidNode *)self->open->pdata[i])->name, counted[j]) == 0;
  return n;
}

static void
open_block (Pass *self, const LiquidNode *node)
{
  guint before = nesting (self);
  guint after;

  if (self->open->len >= 200)
    return; /* Nothing that is meant. */
  g_ptr_array_add (self->open, (gpointer)node);
  after = nesting (self);
  if (after > before && after > DEPTH_MAX)
    theme_report_add (self->context->report, THEME_CHECK_NESTING, self->file, node->start,
                      "nested %u levels deep; expected at most %d", after, DEPTH_MAX);
}

static void
not_closed (Pass *self, const LiquidNode *node)
{
  theme_report_add (self->context->report, THEME_CHECK_HTML_SYNTAX, self->file, node->start,
                    "'%s' is not closed; expected {%% end%s %%}", node->name, node->name);
}

static void
close_block (Pass *self, const LiquidNode *node)
{
  const char *name = node->name + strlen ("end");
  guint at = self->open->len;

  while (at > 0 && strcmp (((const LiquidNode *)self->open->pdata[at - 1])->name, name) != 0)
    at--;
  if (at == 0)
    {
      theme_report_add (self->context->report, THEME_CHECK_HTML_SYNTAX, self->file, node->start,
                        "'%s' closes no block; expected {%% %s … %%} before it", node->name, name);
      return;
    }
  for (guint i = at; i < self->open->len; i++)
    not_closed (self, self->open->pdata[i]);
  g_ptr_array_set_size (self->open, (gint)at - 1);
}

/* Branches belong to the block that is open. */
static void
check_branch (Pass *self, const LiquidNode *node)
{
  static const struct {
    const char *branch;
    const char *const blocks[6];
  } branches[] = {
    { "else", { "if", "unless", "case", "for", "tablerow" } },
    { "elsif", { "if", "unless" } },
    { "when", { "case" } },
  };
  const char *open = self->open->len > 0 ? ((const LiquidNode *)self->open->pdata[self->open->len - 1])->name : "";

  for (guint i = 0; i < G_N_ELEMENTS (branches); i++)
    if (strcmp (node->name, branches[i].branch) == 0)
      for (guint j = 0; branches[i].blocks[j] != NULL; j++)
        if (strcmp (open, branches[i].blocks[j]) == 0)
          return;
  theme_report_add (self->context->report, THEME_CHECK_LIQUID_SYNTAX, self->file, node->start,
                    "Unknown tag '%s' here; expected it within a block that has one", node->name);
}

static void
check_tag (Pass *self, const LiquidNode *node)
{
  switch (liquid_tag_kind (node->name))
    {
    case LIQUID_TAG_UNKNOWN:
      theme_report_add (self->context->report, THEME_CHECK_LIQUID_SYNTAX, self->file, node->start, "Unknown tag '%s'",
                        node->name);
      return;
    case LIQUID_TAG_END:
      close_block (self, node);
      return;
    case LIQUID_TAG_BRANCH:
      check_branch (self, node);
      break;
    case LIQUID_TAG_BLOCK:
      open_block (self, node);
      break;
    default:
      break;
    }
  check_markup (self, node);
}

static void
check_raw_place (Pass *self, const LiquidNode *node, guint *n, ThemeCheck once, ThemeCheck place, gboolean in_snippets)
{
  ThemeDir dir = self->file->dir;

  if (++*n > 1)
    theme_report_add (self->context->report, once, self->file, node->start, "'%s' can only appear once per file",
                      node->name);
  if (dir != THEME_DIR_SECTIONS && dir != THEME_DIR_BLOCKS && (!in_snippets || dir != THEME_DIR_SNIPPETS))
    theme_report_add (self->context->report, place, self->file, node->start, "'%s' is only valid in sections, blocks%s",
                      node->name, in_snippets ? " and snippets" : "");
}

static void
check_static (Pass *self, const LiquidNode *node)
{
  g_autoptr (GArray) problems = liquid_problems_new ();
  g_autoptr (GArray) inner =
      liquid_scan (self->file->text + node->body_start, node->body_end - node->body_start, problems);

  for (guint i = 0; i < inner->len; i++)
    theme_report_add (self->context->report, THEME_CHECK_STATIC_TAGS, self->file,
                      node->body_start + g_array_index (inner, LiquidNode, i).start,
                      "Liquid in '%s' does nothing; expected what is static", node->name);
}

static void
check_raw (Pass *self, const LiquidNode *node)
{
  if (strcmp (node->name, "schema") == 0)
    {
      g_autoptr (ThemeJson) schema = NULL;

      check_raw_place (self, node, &self->schemas, THEME_CHECK_SCHEMA_ONCE, THEME_CHECK_SCHEMA_PLACE, FALSE);
      schema = theme_context_json (self->context, self->file, node->body_start, node->body_end);
      if (schema != NULL && (self->file->dir == THEME_DIR_SECTIONS || self->file->dir == THEME_DIR_BLOCKS))
        theme_check_schema (self->context, self->file, schema, node->start);
    }
  else if (strcmp (node->name, "javascript") == 0 || strcmp (node->name, "stylesheet") == 0)
    {
      gboolean is_script = node->name[0] == 'j';

      check_raw_place (self, node, is_script ? &self->javascripts : &self->stylesheets,
                       is_script ? THEME_CHECK_JAVASCRIPT_ONCE : THEME_CHECK_STYLESHEET_ONCE,
                       is_script ? THEME_CHECK_JAVASCRIPT_PLACE : THEME_CHECK_STYLESHEET_PLACE, TRUE);
      check_static (self, node);
    }
}

static void
check_unused (Pass *self)
{
  GHashTableIter iter;
  gpointer name;
  gpointer at;

  g_hash_table_iter_init (&iter, self->assigned);
  while (g_hash_table_iter_next (&iter, &name, &at))
    if (*(const char *)name != '_' && !g_hash_table_contains (self->read, name))
      theme_report_add (self->context->report, THEME_CHECK_UNUSED_ASSIGN, self->file, *(gsize *)at,
                        "The variable '%s' is assigned but not used", (const char *)name);
}

static void
check_required (Pass *self)
{
  static const char *const required[] = { "content_for_header", "content_for_layout" };

  for (guint i = 0; self->file->dir == THEME_DIR_LAYOUT && i < G_N_ELEMENTS (required); i++)
    if (!g_hash_table_contains (self->read, required[i]))
      theme_report_add (self->context->report, THEME_CHECK_REQUIRED_OBJECT, self->file, 0,
                        "The required object '{{ %s }}' is missing", required[i]);
}

static void
walk (Pass *self, const GArray *nodes)
{
  gsize liquid_end = 0;
  guint liquid_open = 0;

  for (guint i = 0; i < nodes->len; i++)
    {
      const LiquidNode *node = &g_array_index (nodes, LiquidNode, i);

      /* What the lines of {% liquid %} open, they close. */
      for (; !node->in_liquid && liquid_end > 0; liquid_end = 0)
        while (self->open->len > liquid_open)
          not_closed (self, g_ptr_array_steal_index (self->open, self->open->len - 1));
      if (node->kind == LIQUID_OUTPUT)
        check_markup (self, node);
      else if (node->kind == LIQUID_RAW)
        check_raw (self, node);
      else
        check_tag (self, node);
      if (node->kind == LIQUID_TAG && strcmp (node->name, "liquid") == 0)
        {
          liquid_end = node->end;
          liquid_open = self->open->len;
        }
    }
  while (self->open->len > 0)
    not_closed (self, g_ptr_array_steal_index (self->open, self->open->len - 1));
}

void
theme_check_liquid (ThemeContext *context, const ThemeFile *file)
{
  g_autoptr (GArray) problems = liquid_problems_new ();
  g_autoptr (GArray) nodes = liquid_scan (file->text, file->length, problems);
  g_autoptr (LiquidMarkup) markup = liquid_markup_new ();
  g_autoptr (GHashTable) assigned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GHashTable) read = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) open = g_ptr_array_new ();
  g_autoptr (GArray) hidden = theme_disabled_read (file, nodes);
  const ThemeSchema *schema = g_hash_table_lookup (context->schemas, file->path);
  Pass pass = { .context = context, .file = file, .markup = markup, .assigned = assigned, .read = read, .open = open };

  if (schema != NULL && context->locale_file != NULL)
    {
      /* locales/en.default.json: en */
      const char *name = strchr (context->locale_file->path, '/') + 1;
      g_autofree char *language = g_strndup (name, strcspn (name, "."));

      pass.locales = theme_json_get (theme_json_get (schema->json, "locales"), language);
    }
  theme_report_hide (context->report, hidden);
  for (guint i = 0; i < problems->len; i++)
    report (&pass, THEME_CHECK_HTML_SYNTAX, g_array_index (problems, LiquidProblem, i).offset,
            g_array_index (problems, LiquidProblem, i).message);
  walk (&pass, nodes);
  check_unused (&pass);
  check_required (&pass);
  theme_check_html (context, file, nodes);
  theme_report_hide (context->report, NULL);
}
