/* SPDX-License-Identifier: Apache-2.0 */
#include "liquid-markup.h"

#include <string.h>

/* The tags, what they are, and the shape of what stands in them:
 *   v  an expression with filters      e  an expression       c  a condition      s  a string
 *   a  NAME = v      n  a name or string   f  NAME in e, then arguments   r  a snippet, then arguments
 *   p  e by e, then arguments     l  expressions, with commas or `or` between   y  those of cycle   x  anything   -
 * nothing */
static const struct {
  const char *name;
  LiquidTagKind kind;
  char shape;
} tags[] = {
  { "#", LIQUID_TAG_PLAIN, 'x' },           { "assign", LIQUID_TAG_PLAIN, 'a' },
  { "break", LIQUID_TAG_PLAIN, '-' },       { "capture", LIQUID_TAG_BLOCK, 'n' },
  { "case", LIQUID_TAG_BLOCK, 'e' },        { "comment", LIQUID_TAG_PLAIN, 'x' },
  { "content_for", LIQUID_TAG_PLAIN, 'r' }, { "continue", LIQUID_TAG_PLAIN, '-' },
  { "cycle", LIQUID_TAG_PLAIN, 'y' },       { "decrement", LIQUID_TAG_PLAIN, 'n' },
  { "doc", LIQUID_TAG_PLAIN, 'x' },         { "echo", LIQUID_TAG_PLAIN, 'v' },
  { "else", LIQUID_TAG_BRANCH, '-' },       { "elsif", LIQUID_TAG_BRANCH, 'c' },
  { "for", LIQUID_TAG_BLOCK, 'f' },         { "form", LIQUID_TAG_BLOCK, 'r' },
  { "if", LIQUID_TAG_BLOCK, 'c' },          { "ifchanged", LIQUID_TAG_BLOCK, '-' },
  { "include", LIQUID_TAG_PLAIN, 'r' },     { "increment", LIQUID_TAG_PLAIN, 'n' },
  { "javascript", LIQUID_TAG_PLAIN, 'x' },  { "layout", LIQUID_TAG_PLAIN, 'e' },
  { "liquid", LIQUID_TAG_PLAIN, 'x' },      { "paginate", LIQUID_TAG_BLOCK, 'p' },
  { "raw", LIQUID_TAG_PLAIN, 'x' },         { "render", LIQUID_TAG_PLAIN, 'r' },
  { "schema", LIQUID_TAG_PLAIN, 'x' },      { "section", LIQUID_TAG_PLAIN, 's' },
  { "sections", LIQUID_TAG_PLAIN, 's' },    { "style", LIQUID_TAG_BLOCK, 'x' },
  { "stylesheet", LIQUID_TAG_PLAIN, 'x' },  { "tablerow", LIQUID_TAG_BLOCK, 'f' },
  { "unless", LIQUID_TAG_BLOCK, 'c' },      { "when", LIQUID_TAG_BRANCH, 'l' },
};

typedef struct {
  const char *text;
  gsize at;
  gsize end;
  guint depth;
  LiquidMarkup *out;
} Reader;

LiquidMarkup *
liquid_markup_new (void)
{
  LiquidMarkup *self = g_new0 (LiquidMarkup, 1);

  self->filters = g_array_new (FALSE, TRUE, sizeof (LiquidFilter));
  self->lookups = g_array_new (FALSE, TRUE, sizeof (LiquidName));
  self->names = g_array_new (FALSE, TRUE, sizeof (LiquidName));
  return self;
}

void
liquid_markup_free (LiquidMarkup *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->filters);
  g_array_unref (self->lookups);
  g_array_unref (self->names);
  g_free (self->error);
  g_free (self);
}

static char
shape_of (const char *name, LiquidTagKind *ret_kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    if (strcmp (tags[i].name, name) == 0)
      {
        *ret_kind = tags[i].kind;
        return tags[i].shape;
      }
  *ret_kind = LIQUID_TAG_UNKNOWN;
  return 'x';
}

LiquidTagKind
liquid_tag_kind (const char *name)
{
  LiquidTagKind kind;

  shape_of (g_str_has_prefix (name, "end") ? name + 3 : name, &kind);
  if (g_str_has_prefix (name, "end"))
    return kind == LIQUID_TAG_BLOCK ? LIQUID_TAG_END : LIQUID_TAG_UNKNOWN;
  return kind;
}

static void
skip (Reader *self)
{
  while (self->at < self->end && g_ascii_isspace (self->text[self->at]))
    self->at++;
}

static gboolean
expected (Reader *self, const char *what)
{
  const char *here = self->text + self->at;

  if (self->out->error != NULL)
    return FALSE;
  self->out->error_at = self->at;
  self->out->error = self->at >= self->end ? g_strdup_printf ("expected %s, found the end of the tag", what)
                                           : g_strdup_printf ("expected %s, found `%.*s`", what,
                                                              (int)(g_utf8_next_char (here) - here), here);
  return FALSE;
}

/* Passes over @what, when it comes next. */
static gboolean
take (Reader *self, const char *what)
{
  gsize n = strlen (what);

  skip (self);
  if (self->end - self->at < n || memcmp (self->text + self->at, what, n) != 0)
    return FALSE;
  self->at += n;
  return TRUE;
}

static gboolean
is_name_byte (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '-' || (c & 0x80) != 0;
}

/* A name, or FALSE and nothing is passed over. */
static gboolean
take_name (Reader *self, LiquidName *ret_name)
{
  gsize start;

  skip (self);
  start = self->at;
  if (start >= self->end || !(g_ascii_isalpha (self->text[start]) || self->text[start] == '_'))
    return FALSE;
  while (self->at < self->end && is_name_byte (self->text[self->at]))
    self->at++;
  self->at += self->at < self->end && self->text[self->at] == '?';
  *ret_name = (LiquidName){ self->text + start, self->at - start, start };
  return TRUE;
}

/* That word, and no longer one. */
static gboolean
take_word (Reader *self, const char *word)
{
  gsize before = self->at;
  LiquidName name;

  if (take_name (self, &name) && name.length == strlen (word) && memcmp (name.name, word, name.length) == 0)
    return TRUE;
  self->at = before;
  return FALSE;
}

static gboolean read_expr (Reader *self, LiquidExpr *ret_expr);

static gboolean
read_string (Reader *self, LiquidExpr *expr)
{
  char quote = self->text[self->at];
  const char *from = self->text + self->at + 1;
  const char *close = memchr (from, quote, self->end - self->at - 1);

  if (close == NULL)
    {
      self->at = self->end;
      return expected (self, quote == '"' ? "the closing quote `\"`" : "the closing quote `'`");
    }
  expr->kind = LIQUID_STRING;
  expr->text = from;
  expr->length = (gsize)(close - from);
  self->at = (gsize)(close - self->text) + 1;
  return TRUE;
}

static void
read_number (Reader *self, LiquidExpr *expr)
{
  gsize start = self->at;

  self->at += self->text[self->at] == '-';
  while (self->at < self->end &&
         (g_ascii_isdigit (self->text[self->at]) ||
          (self->text[self->at] == '.' && self->at + 1 < self->end && g_ascii_isdigit (self->text[self->at + 1]))))
    self->at++;
  expr->kind = LIQUID_NUMBER;
  expr->text = self->text + start;
  expr->length = self->at - start;
}

static gboolean
read_range (Reader *self, LiquidExpr *expr)
{
  LiquidExpr inner;

  self->at++;
  expr->kind = LIQUID_RANGE;
  if (!read_expr (self, &inner))
    return FALSE;
  if (!take (self, ".."))
    return expected (self, "`..` of a range; Liquid has no parentheses in conditions");
  if (!read_expr (self, &inner))
    return FALSE;
  return take (self, ")") || expected (self, "`)`");
}

/* What follows a variable's name: .name and [expression]. */
static gboolean
read_path (Reader *self)
{
  LiquidExpr inner;
  LiquidName name;

  for (;;)
    {
      gsize before = self->at;

      if (take (self, "["))
        {
          if (!read_expr (self, &inner))
            return FALSE;
          if (!take (self, "]"))
            return expected (self, "`]`");
        }
      else if (take (self, ".") && !take (self, "."))
        {
          if (!take_name (self, &name))
            return expected (self, "a name after the point");
        }
      else
        {
          self->at = before;
          return TRUE;
        }
    }
}

static gboolean
is_literal (const LiquidName *name)
{
  static const char *const literals[] = { "true", "false", "nil", "null", "blank", "empty" };

  for (guint i = 0; i < G_N_ELEMENTS (literals); i++)
    if (strlen (literals[i]) == name->length && memcmp (literals[i], name->name, name->length) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
read_lookup (Reader *self, LiquidExpr *expr)
{
  LiquidName name = { 0 };

  if (self->text[self->at] != '[' && !take_name (self, &name))
    return expected (self, "an expression");
  expr->kind = LIQUID_LOOKUP;
  expr->text = name.name;
  expr->length = name.length;
  if (name.length > 0 && is_literal (&name))
    expr->kind = LIQUID_LITERAL;
  else if (name.length > 0)
    g_array_append_val (self->out->lookups, name);
  return read_path (self);
}

static gboolean
read_expr (Reader *self, LiquidExpr *ret_expr)
{
  gboolean is_read = TRUE;
  char c;

  skip (self);
  *ret_expr = (LiquidExpr){ .start = self->at };
  if (self->at >= self->end)
    return expected (self, "an expression");
  if (self->depth == 32)
    return expected (self, "at most 32 expressions within each other");
  self->depth++;
  c = self->text[self->at];
  if (c == '"' || c == '\'')
    is_read = read_string (self, ret_expr);
  else if (g_ascii_isdigit (c) || (c == '-' && self->at + 1 < self->end && g_ascii_isdigit (self->text[self->at + 1])))
    read_number (self, ret_expr);
  else if (c == '(')
    is_read = read_range (self, ret_expr);
  else
    is_read = read_lookup (self, ret_expr);
  self->depth--;
  return is_read;
}

/* NAME: and an expression. FALSE without an error, and nothing passed over, when there is no name and colon. */
static gboolean
read_named (Reader *self, gboolean is_tag)
{
  gsize before = self->at;
  LiquidExpr value;
  LiquidName name;

  if (!take_name (self, &name))
    return FALSE;
  while (is_tag && self->at < self->end && self->text[self->at] == '.')
    {
      LiquidName part;

      self->at++;
      if (!take_name (self, &part))
        break;
      name.length = self->at - name.start;
    }
  if (!take (self, ":"))
    {
      self->at = before;
      return FALSE;
    }
  if (is_tag)
    g_array_append_val (self->out->names, name);
  return read_expr (self, &value);
}

/* A filter's arguments. Shopify takes none after the colon, and a comma after the last. */
static gboolean
read_arguments (Reader *self, LiquidFilter *filter)
{
  do
    {
      LiquidExpr value;

      skip (self);
      if (self->at >= self->end || self->text[self->at] == '|')
        return TRUE;
      if (read_named (self, FALSE))
        continue;
      if (self->out->error != NULL || !read_expr (self, &value))
        return FALSE;
      if (filter->first.kind == LIQUID_NONE)
        filter->first = value;
  } while (take (self, ","));
  return TRUE;
}

static gboolean
read_variable (Reader *self)
{
  if (!read_expr (self, &self->out->subject))
    return FALSE;
  while (take (self, "|"))
    {
      LiquidFilter filter = { 0 };
      LiquidName name;

      if (!take_name (self, &name))
        return expected (self, "a filter's name after `|`");
      filter.name = name.name;
      filter.length = name.length;
      filter.start = name.start;
      if (take (self, ":") && !read_arguments (self, &filter))
        return FALSE;
      g_array_append_val (self->out->filters, filter);
    }
  return TRUE;
}

static gboolean
take_comparison (Reader *self)
{
  static const char *const operators[] = { "==", "!=", "<>", "<=", ">=", "<", ">" };

  for (guint i = 0; i < G_N_ELEMENTS (operators); i++)
    if (take (self, operators[i]))
      return TRUE;
  return take_word (self, "contains");
}

static gboolean
read_condition (Reader *self)
{
  LiquidExpr expr;

  do
    {
      if (!read_expr (self, &expr))
        return FALSE;
      if (take_comparison (self) && !read_expr (self, &expr))
        return FALSE;
  } while (take_word (self, "and") || take_word (self, "or"));
  return TRUE;
}

static gboolean
read_list (Reader *self)
{
  LiquidExpr expr;

  do
    if (!read_expr (self, &expr))
      return FALSE;
  while (take (self, ",") || take_word (self, "or"));
  return TRUE;
}

/* A tag's arguments, named or not, with commas between. */
static gboolean
read_tag_arguments (Reader *self)
{
  for (;;)
    {
      LiquidExpr expr;

      take (self, ",");
      skip (self);
      if (self->at >= self->end)
        return TRUE;
      if (read_named (self, TRUE))
        continue;
      if (self->out->error != NULL || !read_expr (self, &expr))
        return FALSE;
    }
}

static gboolean
read_assign (Reader *self)
{
  if (!take_name (self, &self->out->target))
    return expected (self, "a variable's name");
  if (!read_path (self))
    return FALSE;
  if (!take (self, "="))
    return expected (self, "`=`");
  return read_variable (self);
}

static gboolean
read_target (Reader *self)
{
  LiquidExpr expr;

  if (take_name (self, &self->out->target))
    return TRUE;
  skip (self);
  if (self->at >= self->end || strchr ("'\"", self->text[self->at]) == NULL || !read_string (self, &expr))
    return expected (self, "a variable's name");
  self->out->target = (LiquidName){ expr.text, expr.length, (gsize)(expr.text - self->text) };
  return TRUE;
}

static gboolean
read_for (Reader *self)
{
  if (!take_name (self, &self->out->target))
    return expected (self, "a variable's name");
  if (!take_word (self, "in"))
    return expected (self, "`in`");
  if (!read_expr (self, &self->out->subject))
    return FALSE;
  take_word (self, "reversed");
  return read_tag_arguments (self);
}

static gboolean
read_render (Reader *self)
{
  LiquidExpr expr;
  LiquidName alias;

  if (!read_expr (self, &self->out->subject))
    return FALSE;
  if (take_word (self, "for") || take_word (self, "with"))
    {
      if (!read_expr (self, &expr))
        return FALSE;
      if (take_word (self, "as"))
        {
          if (!take_name (self, &alias))
            return expected (self, "a name after `as`");
          g_array_append_val (self->out->names, alias);
        }
    }
  return read_tag_arguments (self);
}

static gboolean
read_paginate (Reader *self)
{
  LiquidExpr expr;

  if (!read_expr (self, &expr))
    return FALSE;
  if (!take_word (self, "by"))
    return expected (self, "`by` and the size of a page");
  return read_expr (self, &self->out->subject) && read_tag_arguments (self);
}

static gboolean
read_cycle (Reader *self)
{
  LiquidExpr expr;

  if (!read_expr (self, &expr))
    return FALSE;
  if (take (self, ":") && !read_expr (self, &expr))
    return FALSE;
  while (take (self, ","))
    {
      skip (self);
      if (self->at < self->end && !read_expr (self, &expr))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_subject (Reader *self)
{
  return read_expr (self, &self->out->subject);
}

static gboolean
read_text (Reader *self)
{
  if (!read_expr (self, &self->out->subject))
    return FALSE;
  if (self->out->subject.kind != LIQUID_STRING)
    {
      self->at = self->out->subject.start;
      return expected (self, "a name in quotes");
    }
  return read_tag_arguments (self);
}

static gboolean
read_nothing (Reader *self)
{
  return TRUE;
}

void
liquid_markup_read (LiquidMarkup *self, const char *text, const LiquidNode *node)
{
  static const struct {
    char shape;
    gboolean (*read) (Reader *);
  } shapes[] = {
    { 'v', read_variable }, { 'e', read_subject }, { 'c', read_condition }, { 's', read_text },
    { 'a', read_assign },   { 'n', read_target },  { 'f', read_for },       { 'r', read_render },
    { 'p', read_paginate }, { 'l', read_list },    { 'y', read_cycle },     { '-', read_nothing },
  };
  Reader reader = { text, node->markup_start, node->markup_end, 0, self };
  LiquidTagKind kind;
  char shape = node->kind == LIQUID_OUTPUT ? 'v' : shape_of (node->name, &kind);

  g_clear_pointer (&self->error, g_free);
  g_array_set_size (self->filters, 0);
  g_array_set_size (self->lookups, 0);
  g_array_set_size (self->names, 0);
  self->target = (LiquidName){ 0 };
  self->subject = (LiquidExpr){ 0 };
  skip (&reader);
  if (reader.at >= reader.end && node->kind == LIQUID_OUTPUT)
    return; /* Shopify puts out nothing. */
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    if (shapes[i].shape == shape && shapes[i].read (&reader))
      {
        skip (&reader);
        if (reader.at < reader.end)
          expected (&reader, "the end of the tag");
      }
}
