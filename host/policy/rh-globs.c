/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-globs.h"

#include <string.h>

typedef enum { EVERYTHING, EXACT, PREFIX, GENERAL } Kind;

typedef struct {
  Kind kind;
  char *text;
  gsize length; /* of what comes before the star of a prefix */
} Glob;

struct _RhGlobs {
  guint n;
  Glob globs[];
};

static void
glob_init (Glob *self, const char *text)
{
  gsize plain = strcspn (text, "*?");

  self->text = g_strdup (text);
  self->length = plain;
  if (text[plain] == '\0')
    self->kind = EXACT;
  else if (strcmp (text + plain, "*") == 0)
    self->kind = plain == 0 ? EVERYTHING : PREFIX;
  else
    self->kind = GENERAL;
}

RhGlobs *
rh_globs_new (JsonNode *document)
{
  JsonArray *list;
  guint n;
  RhGlobs *self;

  g_return_val_if_fail (document != NULL, NULL);

  list = JSON_NODE_HOLDS_ARRAY (document) ? json_node_get_array (document) : NULL;
  n = list != NULL ? json_array_get_length (list) : 1;
  self = g_malloc0 (sizeof *self + n * sizeof (Glob));
  self->n = n;
  for (guint i = 0; i < n; i++)
    glob_init (&self->globs[i],
               list != NULL ? json_array_get_string_element (list, i) : json_node_get_string (document));
  return self;
}

void
rh_globs_free (RhGlobs *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n; i++)
    g_free (self->globs[i].text);
  g_free (self);
}

/* Never beyond the end, however the text is broken. */
static const char *
next_character (const char *at)
{
  at++;
  while (((guchar)*at & 0xC0) == 0x80)
    at++;
  return at;
}

/* What the last star took grows by a character wherever the rest does not fit; an earlier star never has to change. */
static gboolean
match_general (const char *glob, const char *text)
{
  const char *star = NULL;
  const char *taken = NULL;

  while (*text != '\0')
    {
      if (*glob == '*')
        {
          star = ++glob;
          taken = text;
        }
      else if (*glob == '?')
        {
          glob++;
          text = next_character (text);
        }
      else if (*glob == *text)
        {
          glob++;
          text++;
        }
      else if (star != NULL)
        {
          glob = star;
          taken = next_character (taken);
          text = taken;
        }
      else
        return FALSE;
    }
  while (*glob == '*')
    glob++;
  return *glob == '\0';
}

static gboolean
glob_match (const Glob *self, const char *text)
{
  switch (self->kind)
    {
    case EVERYTHING:
      return TRUE;
    case EXACT:
      return strcmp (self->text, text) == 0;
    case PREFIX:
      return strncmp (self->text, text, self->length) == 0;
    case GENERAL:
    default:
      return match_general (self->text, text);
    }
}

gboolean
rh_globs_match (const RhGlobs *self, const char *text)
{
  if (self == NULL)
    return TRUE;
  for (guint i = 0; i < self->n; i++)
    if (glob_match (&self->globs[i], text != NULL ? text : ""))
      return TRUE;
  return FALSE;
}

char *
rh_globs_text (const RhGlobs *self)
{
  GString *text = g_string_new (NULL);

  g_return_val_if_fail (self != NULL, NULL);

  for (guint i = 0; i < self->n; i++)
    g_string_append_printf (text, "%s%s", i == 0 ? "" : (i + 1 == self->n ? " or " : ", "), self->globs[i].text);
  return g_string_free (text, FALSE);
}
