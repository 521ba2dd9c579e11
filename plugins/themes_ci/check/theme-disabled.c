/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-disabled.h"

#include <string.h>

#define RANGES_MAX 1000 /* of a file */

typedef struct {
  const ThemeFile *file;
  const GArray *nodes;
  GArray *ranges;
} Reader;

static guint
check_named (const char *name)
{
  guint i = 0;

  while (i < THEME_N_CHECKS && strcmp (theme_check_info ((ThemeCheck)i)->name, name) != 0)
    i++;
  return i;
}

static void
hide (Reader *self, guint check, gsize from, gsize to)
{
  ThemeHidden range = { check, from, to };

  if (self->ranges->len < RANGES_MAX)
    g_array_append_val (self->ranges, range);
}

/* Ends the last range of @check; all that are open, when there is none and @check is all. */
static void
show (Reader *self, guint check, gsize at)
{
  for (guint i = self->ranges->len; i > 0; i--)
    if (g_array_index (self->ranges, ThemeHidden, i - 1).check == check)
      {
        g_array_index (self->ranges, ThemeHidden, i - 1).to = at;
        return;
      }
  for (guint i = 0; check == THEME_N_CHECKS && i < self->ranges->len; i++)
    {
      ThemeHidden *range = &g_array_index (self->ranges, ThemeHidden, i);

      range->to = MIN (range->to, at);
    }
}

/* The tag, output or element that comes after the node @at, without what is in it. */
static void
hide_next (Reader *self, guint check, guint at)
{
  const LiquidNode *node = &g_array_index (self->nodes, LiquidNode, at);
  const LiquidNode *next = at + 1 < self->nodes->len ? &g_array_index (self->nodes, LiquidNode, at + 1) : NULL;
  const char *text = self->file->text;
  gsize from = node->close;
  gsize to;

  if (node->in_liquid)
    {
      if (next != NULL && next->in_liquid)
        hide (self, check, next->start, next->end);
      return;
    }
  while (from < self->file->length && g_ascii_isspace (text[from]))
    from++;
  if (next != NULL && next->start == from)
    {
      hide (self, check, from, next->end);
      return;
    }
  /* An element's Liquid is a part of it. */
  for (to = from; to < self->file->length && text[to] != '>'; to++)
    for (; at + 1 < self->nodes->len && g_array_index (self->nodes, LiquidNode, at + 1).start <= to; at++)
      to = MAX (to, g_array_index (self->nodes, LiquidNode, at + 1).close);
  hide (self, check, from, to + 1);
}

static void
obey_one (Reader *self, guint at, guint check, char what)
{
  const LiquidNode *node = &g_array_index (self->nodes, LiquidNode, at);

  if (what == 'n')
    hide_next (self, check, at);
  else if (what == 'd')
    hide (self, check, node->close, G_MAXSIZE);
  else
    show (self, check, node->start);
}

/* @checks: their names, or nothing for all of them. A name that is none of ours does nothing. */
static void
obey (Reader *self, guint at, const char *checks, char what)
{
  g_auto (GStrv) names = g_strsplit (checks, ",", RANGES_MAX);

  if (*checks == '\0')
    obey_one (self, at, THEME_N_CHECKS, what);
  for (guint i = 0; names[i] != NULL; i++)
    {
      guint check = check_named (g_strstrip (names[i]));

      if (check < THEME_N_CHECKS)
        obey_one (self, at, check, what);
    }
}

GArray *
theme_disabled_read (const ThemeFile *file, const GArray *nodes)
{
  static const struct {
    const char *words;
    char what;
  } commands[] = {
    { "theme-check-disable-next-line", 'n' },
    { "theme-check-disable", 'd' },
    { "theme-check-enable", 'e' },
  };
  Reader self = { file, nodes, g_array_new (FALSE, FALSE, sizeof (ThemeHidden)) };

  for (guint i = 0; i < nodes->len; i++)
    {
      const LiquidNode *node = &g_array_index (nodes, LiquidNode, i);
      gboolean is_comment = node->kind == LIQUID_RAW && strcmp (node->name, "comment") == 0;
      gsize start = is_comment ? node->body_start : node->markup_start;
      gsize end = is_comment ? node->body_end : node->markup_end;
      g_autofree char *text = NULL;

      if (!is_comment && (node->kind != LIQUID_TAG || strcmp (node->name, "#") != 0))
        continue;
      text = g_strstrip (g_strndup (file->text + start, MIN (end - start, 4096)));
      for (guint j = 0; j < G_N_ELEMENTS (commands); j++)
        if (g_str_has_prefix (text, commands[j].words))
          {
            text[strcspn (text, "\n")] = '\0';
            obey (&self, i, g_strstrip (text + strlen (commands[j].words)), commands[j].what);
            break;
          }
    }
  return self.ranges;
}
