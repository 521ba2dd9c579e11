/* SPDX-License-Identifier: Apache-2.0 */
#include "liquid-scan.h"

#include <string.h>

typedef struct {
  const char *text;
  gsize length;
  GArray *nodes;
  GArray *problems;
} Scanner;

static void
problem_clear (gpointer data)
{
  g_free (((LiquidProblem *)data)->message);
}

GArray *
liquid_problems_new (void)
{
  GArray *problems = g_array_new (FALSE, FALSE, sizeof (LiquidProblem));

  g_array_set_clear_func (problems, problem_clear);
  return problems;
}

void
liquid_note (GArray *problems, gsize offset, char *message)
{
  LiquidProblem problem = { offset, message };

  g_array_append_val (problems, problem);
}

static gboolean
is_raw (const char *name)
{
  static const char *const raw[] = { "comment", "doc", "javascript", "raw", "schema", "stylesheet" };

  for (guint i = 0; i < G_N_ELEMENTS (raw); i++)
    if (strcmp (name, raw[i]) == 0)
      return TRUE;
  return FALSE;
}

/* Where @what is at @from or after and before @end, or @end. */
static gsize
find (const Scanner *self, gsize from, gsize end, const char *what)
{
  const char *at = from < end ? g_strstr_len (self->text + from, (gssize)(end - from), what) : NULL;

  return at != NULL ? (gsize)(at - self->text) : end;
}

static gsize
skip_blanks (const Scanner *self, gsize at, gsize end)
{
  while (at < end && g_ascii_isspace (self->text[at]))
    at++;
  return at;
}

/* Takes name and markup of a tag apart, which lie between @at and @end. */
static void
read_name (const Scanner *self, LiquidNode *node, gsize at, gsize end)
{
  gsize start = at = skip_blanks (self, at, end);

  if (at < end && self->text[at] == '#')
    at++;
  else
    while (at < end && (g_ascii_isalnum (self->text[at]) || self->text[at] == '_'))
      at++;
  node->name_start = start;
  memcpy (node->name, self->text + start, MIN (at - start, LIQUID_NAME_MAX - 1));
  while (end > at && g_ascii_isspace (self->text[end - 1]))
    end--;
  node->markup_start = skip_blanks (self, at, end);
  node->markup_end = end;
}

/* The next tag from @from on: its name, which ends at @ret_after, and where it begins; FALSE when there is none. */
static gboolean
find_tag (const Scanner *self, gsize from, gsize *ret_start, gsize *ret_name, gsize *ret_after)
{
  gsize start = find (self, from, self->length, "{%");
  gsize at = start + 2;

  if (start == self->length)
    return FALSE;
  at += at < self->length && self->text[at] == '-';
  at = skip_blanks (self, at, self->length);
  *ret_start = start;
  *ret_name = at;
  while (at < self->length && (g_ascii_isalnum (self->text[at]) || self->text[at] == '_'))
    at++;
  *ret_after = at;
  return TRUE;
}

/* The body of a raw tag. Comments nest, the others do not. */
static void
read_body (const Scanner *self, LiquidNode *node)
{
  g_autofree char *closing = g_strconcat ("end", node->name, NULL);
  gboolean nests = strcmp (node->name, "comment") == 0;
  gsize from = node->end;
  guint depth = 1;
  gsize start, name, after;

  node->kind = LIQUID_RAW;
  node->body_start = node->end;
  node->body_end = node->close = self->length;
  while (find_tag (self, from, &start, &name, &after))
    {
      const char *word = self->text + name;

      from = after;
      if (nests && after - name == strlen ("comment") && memcmp (word, "comment", after - name) == 0)
        depth++;
      if (after - name != strlen (closing) || memcmp (word, closing, after - name) != 0 || --depth > 0)
        continue;
      node->body_end = start;
      node->close = MIN (find (self, after, self->length, "%}") + 2, self->length);
      return;
    }
  liquid_note (self->problems, node->start,
               g_strdup_printf ("`%s` is not closed; expected {%% end%s %%}", node->name, node->name));
}

/* The lines of {% liquid %}, each a tag; what lies between `comment` and `endcomment` is passed over. */
static void
read_lines (const Scanner *self, gsize at, gsize end)
{
  gboolean in_comment = FALSE;

  while (at < end)
    {
      gsize line_end = find (self, at, end, "\n");
      LiquidNode node = { .kind = LIQUID_TAG, .in_liquid = TRUE };

      read_name (self, &node, at, line_end);
      node.start = node.name_start;
      node.end = node.close = node.markup_end;
      if (strcmp (node.name, "endcomment") == 0)
        in_comment = FALSE;
      else if (strcmp (node.name, "comment") == 0)
        in_comment = TRUE;
      else if (!in_comment && node.start < node.end)
        g_array_append_val (self->nodes, node);
      at = line_end + 1;
    }
}

static gsize
read_tag (const Scanner *self, gsize start)
{
  LiquidNode node = { .kind = LIQUID_TAG, .start = start };
  gsize inner = start + 2;
  gsize end = find (self, start + 2, self->length, "%}");

  if (end == self->length)
    {
      liquid_note (self->problems, start, g_strdup ("a tag is not closed; expected %}"));
      return self->length;
    }
  node.end = node.close = end + 2;
  inner += inner < end && self->text[inner] == '-';
  end -= end > inner && self->text[end - 1] == '-';
  read_name (self, &node, inner, end);
  if (is_raw (node.name))
    read_body (self, &node);
  g_array_append_val (self->nodes, node);
  if (strcmp (node.name, "liquid") == 0)
    read_lines (self, node.markup_start, node.markup_end);
  return node.close;
}

static gsize
read_output (const Scanner *self, gsize start)
{
  LiquidNode node = { .kind = LIQUID_OUTPUT, .start = start };
  gsize end = find (self, start + 2, self->length, "}}");

  if (end == self->length)
    {
      liquid_note (self->problems, start, g_strdup ("an output is not closed; expected }}"));
      return self->length;
    }
  node.end = node.close = end + 2;
  node.markup_start = start + 2;
  node.markup_start += node.markup_start < end && self->text[node.markup_start] == '-';
  node.markup_end = end;
  node.markup_end -= node.markup_end > node.markup_start && self->text[end - 1] == '-';
  node.name_start = node.markup_start;
  g_array_append_val (self->nodes, node);
  return node.close;
}

GArray *
liquid_scan (const char *text, gsize length, GArray *problems)
{
  Scanner self = { text, length, NULL, problems };
  gsize at = 0;

  g_return_val_if_fail (text != NULL && problems != NULL, NULL);

  self.nodes = g_array_new (FALSE, TRUE, sizeof (LiquidNode));
  while (at < length)
    {
      const char *brace = memchr (text + at, '{', length - at);

      if (brace == NULL)
        break;
      at = (gsize)(brace - text);
      if (at + 1 < length && text[at + 1] == '%')
        at = read_tag (&self, at);
      else if (at + 1 < length && text[at + 1] == '{')
        at = read_output (&self, at);
      else
        at++;
    }
  return self.nodes;
}
