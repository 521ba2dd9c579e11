/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-context.h"
#include "theme-filters.h"

#include <string.h>

#define ATTRIBUTES_MAX 128
#define OPEN_MAX 512

typedef struct {
  const char *name;
  gsize name_length;
  gsize start;
  gsize value; /* offset of what is between the quotes */
  gsize value_length;
  gboolean has_value;
} Attribute;

/* An element that is open, or a Liquid block (@node). */
typedef struct {
  const LiquidNode *node;
  const char *name;
  gsize length;
  gsize start;
} Open;

typedef struct {
  ThemeContext *context;
  const ThemeFile *file;
  const GArray *nodes;
  guint next; /* the node at @at or after */
  gsize at;
  Attribute attributes[ATTRIBUTES_MAX];
  guint n;
  GArray *open;
} Html;

static void
report (Html *self, ThemeCheck check, gsize at, const char *message)
{
  theme_report_add (self->context->report, check, self->file, at, "%s", message);
}

static char
byte (const Html *self)
{
  return self->at < self->file->length ? self->file->text[self->at] : '\0';
}

static gboolean
same (const char *a, gsize n, const char *b, gsize m)
{
  return n == m && g_ascii_strncasecmp (a, b, n) == 0;
}

static gboolean
is_one_of (const char *name, gsize length, const char *const *list)
{
  for (; *list != NULL; list++)
    if (same (name, length, *list, strlen (*list)))
      return TRUE;
  return FALSE;
}

/* The Liquid that begins here, passed over; NULL when there is none. */
static const LiquidNode *
take_node (Html *self)
{
  while (self->next < self->nodes->len)
    {
      const LiquidNode *node = &g_array_index (self->nodes, LiquidNode, self->next);

      if (node->start > self->at)
        return NULL;
      self->next++;
      if (node->start < self->at || node->in_liquid)
        continue;
      self->at = node->close;
      return node;
    }
  return NULL;
}

/* Up to @end, or the file's; what Liquid holds does not count. */
static gboolean
skip_to (Html *self, const char *end)
{
  gsize n = strlen (end);

  while (self->at < self->file->length)
    {
      if (byte (self) == '{' && take_node (self) != NULL)
        continue;
      if (self->file->length - self->at >= n && g_ascii_strncasecmp (self->file->text + self->at, end, n) == 0)
        return TRUE;
      self->at++;
    }
  return FALSE;
}

static void
read_value (Html *self, Attribute *attribute)
{
  char quote = byte (self);
  gboolean is_quoted = quote == '"' || quote == '\'';

  self->at += is_quoted;
  attribute->value = self->at;
  while (self->at < self->file->length)
    {
      char c = byte (self);

      if (c == '{' && take_node (self) != NULL)
        continue;
      if (is_quoted ? c == quote : g_ascii_isspace (c) || c == '>')
        break;
      self->at++;
    }
  attribute->value_length = self->at - attribute->value;
  attribute->has_value = TRUE;
  self->at += is_quoted && self->at < self->file->length;
}

/* Attributes up to `>`. Those in a Liquid block are there only sometimes, and do not count. FALSE at the file's end. */
static gboolean
read_attributes (Html *self, gboolean *ret_closed)
{
  gint depth = 0;

  self->n = 0;
  *ret_closed = FALSE;
  while (self->at < self->file->length)
    {
      char c = byte (self);
      const LiquidNode *node = c == '{' ? take_node (self) : NULL;
      Attribute attribute = { 0 };

      if (node != NULL)
        {
          LiquidTagKind kind = node->kind == LIQUID_TAG ? liquid_tag_kind (node->name) : LIQUID_TAG_PLAIN;

          depth += (kind == LIQUID_TAG_BLOCK) - (kind == LIQUID_TAG_END);
          continue;
        }
      if (c == '>')
        {
          self->at++;
          return TRUE;
        }
      *ret_closed = c == '/';
      if (g_ascii_isspace (c) || c == '/')
        {
          self->at++;
          continue;
        }
      attribute.start = self->at;
      attribute.name = self->file->text + self->at;
      for (self->at++; self->at < self->file->length && strchr (" \t\r\n=>/{", byte (self)) == NULL; self->at++)
        ;
      attribute.name_length = self->at - attribute.start;
      if (byte (self) == '=')
        {
          self->at++;
          read_value (self, &attribute);
        }
      if (depth <= 0 && self->n < ATTRIBUTES_MAX)
        self->attributes[self->n++] = attribute;
    }
  return FALSE;
}

static const Attribute *
attribute (const Html *self, const char *name)
{
  for (guint i = 0; i < self->n; i++)
    if (same (self->attributes[i].name, self->attributes[i].name_length, name, strlen (name)))
      return &self->attributes[i];
  return NULL;
}

/* One with a value. */
static const Attribute *
valued (const Html *self, const char *name)
{
  const Attribute *found = attribute (self, name);

  return found != NULL && found->has_value ? found : NULL;
}

static gboolean
value_is (const Html *self, const char *name, const char *value)
{
  const Attribute *found = valued (self, name);

  return found != NULL && found->value_length == strlen (value) &&
         memcmp (self->file->text + found->value, value, found->value_length) == 0;
}

static gboolean
value_has (const Html *self, const Attribute *found, const char *part)
{
  return found != NULL && g_strstr_len (self->file->text + found->value, (gssize)found->value_length, part) != NULL;
}

static gboolean
value_begins (const Html *self, const Attribute *found, const char *with)
{
  gsize n = strlen (with);

  return found->value_length >= n && g_ascii_strncasecmp (self->file->text + found->value, with, n) == 0;
}

static void
check_img (Html *self, gsize start)
{
  gboolean width = valued (self, "width") != NULL;
  gboolean height = valued (self, "height") != NULL;

  if (!width || !height)
    theme_report_add (self->context->report, THEME_CHECK_IMG_SIZE, self->file, start,
                      "Missing %s on img tag; the page moves when it has come",
                      width    ? "height"
                      : height ? "width"
                               : "width and height");
}

static void
check_script (Html *self, gsize start)
{
  if (valued (self, "src") == NULL || attribute (self, "async") != NULL || attribute (self, "defer") != NULL ||
      value_is (self, "type", "module") || value_is (self, "type", "importmap"))
    return;
  report (self, THEME_CHECK_BLOCKING_SCRIPT, start, "the page waits for this script; expected `defer` or `async`");
}

static void
check_link (Html *self, gsize start)
{
  if (value_is (self, "rel", "preload") &&
      !(value_is (self, "as", "image") && value_is (self, "fetchpriority", "high")))
    report (self, THEME_CHECK_ASSET_PRELOAD, start,
            value_is (self, "as", "style")   ? "expected the argument preload of the filter stylesheet_tag"
            : value_is (self, "as", "image") ? "expected the argument preload of the filter image_tag"
                                             : "expected the filter preload_tag");
  if (value_has (self, valued (self, "rel"), "preconnect") &&
      value_has (self, valued (self, "href"), "cdn.shopify.com"))
    report (self, THEME_CHECK_CDN_PRECONNECT, start,
            "Shopify connects to cdn.shopify.com by itself; expected no such link");
}

/* What an address's Liquid says: 1 it is a file of Shopify's, 0 it does not say, -1 nobody can know. */
static gint
liquid_address (const Html *self, const Attribute *url)
{
  static const char *const filters[] = {
    "img_url",           "asset_url",          "image_url", "file_url",
    "shopify_asset_url", "external_video_url", "font_url",  "canonical_url",
  };
  const char *text = self->file->text + url->value;
  gsize inner = 2 + (url->value_length > 2 && text[2] == '-');

  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    if (g_strstr_len (text, (gssize)url->value_length, filters[i]) != NULL)
      return 1;
  if (!value_begins (self, url, "{{"))
    return 0;
  while (inner < url->value_length && g_ascii_isspace (text[inner]))
    inner++;
  return inner < url->value_length && (g_ascii_isalpha (text[inner]) || text[inner] == '_') ? -1 : 0;
}

static void
check_remote (Html *self, const char *name, gsize length)
{
  static const char *const elements[] = { "img", "link", "source", "script", NULL };
  const Attribute *url = NULL;

  if (!is_one_of (name, length, elements))
    return;
  for (guint i = 0; i < self->n && url == NULL; i++)
    if (self->attributes[i].has_value && (same (self->attributes[i].name, self->attributes[i].name_length, "src", 3) ||
                                          same (self->attributes[i].name, self->attributes[i].name_length, "href", 4)))
      url = &self->attributes[i];
  if (url == NULL || value_begins (self, url, "#") || value_begins (self, url, "data:") ||
      value_begins (self, url, "/cdn/") || value_begins (self, url, "https://cdn.shopify.com") ||
      value_begins (self, url, "https://fonts.shopifycdn.com") || liquid_address (self, url) != 0)
    return;
  report (self, THEME_CHECK_REMOTE_ASSET, url->start, "expected an address that a filter such as asset_url gives");
}

static void
check_routes (Html *self)
{
  static const char *const names[] = { "action", "href" };

  for (guint i = 0; i < self->n; i++)
    for (guint j = 0; j < G_N_ELEMENTS (names); j++)
      {
        const Attribute *found = &self->attributes[i];
        const char *route;

        if (!found->has_value || !same (found->name, found->name_length, names[j], strlen (names[j])))
          continue;
        route = theme_route_of (self->file->text + found->value, found->value_length, TRUE);
        if (route == NULL)
          continue;
        theme_report_add (self->context->report, THEME_CHECK_HARDCODED_ROUTES, self->file, found->value,
                          "expected {{ routes.%s }} instead of a path", route);
        return;
      }
}

/* The place of the innermost block among what is open, from 1; 0 outside any. */
static guint
boundary (const Html *self)
{
  guint at = self->open->len;

  while (at > 0 && g_array_index (self->open, Open, at - 1).node == NULL)
    at--;
  return at;
}

static gboolean
is_conditional (const LiquidNode *node)
{
  static const char *const names[] = { "if", "unless", "case", NULL };

  return is_one_of (node->name, strlen (node->name), names);
}

/* A block's branch ends: what it opened and did not close, another branch may close, if it is one of several. */
static void
end_branch (Html *self, guint from)
{
  gboolean one_of_several = from > 0 && is_conditional (g_array_index (self->open, Open, from - 1).node);

  for (guint i = from; i < self->open->len && !one_of_several; i++)
    {
      const Open *element = &g_array_index (self->open, Open, i);

      theme_report_add (self->context->report, THEME_CHECK_HTML_SYNTAX, self->file, element->start,
                        "<%.*s> is not closed; expected </%.*s>", (int)element->length, element->name,
                        (int)element->length, element->name);
    }
  g_array_set_size (self->open, from);
}

static void
pass_node (Html *self, const LiquidNode *node)
{
  LiquidTagKind kind = node->kind == LIQUID_TAG ? liquid_tag_kind (node->name) : LIQUID_TAG_PLAIN;
  guint at = boundary (self);

  if (kind == LIQUID_TAG_BLOCK && strcmp (node->name, "style") == 0)
    {
      const LiquidNode *inner;

      /* Styles are no HTML. */
      while (self->at < self->file->length)
        if (byte (self) != '{' || (inner = take_node (self)) == NULL)
          self->at++;
        else if (inner->kind == LIQUID_TAG && strcmp (inner->name, "endstyle") == 0)
          return;
    }
  else if (kind == LIQUID_TAG_BLOCK && self->open->len < OPEN_MAX)
    {
      Open block = { .node = node };

      g_array_append_val (self->open, block);
    }
  else if (kind == LIQUID_TAG_BRANCH && at > 0)
    end_branch (self, at);
  else if (kind == LIQUID_TAG_END && at > 0)
    {
      end_branch (self, at);
      g_array_set_size (self->open, at - 1);
    }
}

static void
close_element (Html *self, const char *name, gsize length, gsize start)
{
  guint from = boundary (self);
  guint at = self->open->len;

  while (at > from)
    {
      const Open *element = &g_array_index (self->open, Open, at - 1);

      if (same (element->name, element->length, name, length))
        break;
      at--;
    }
  if (at > from)
    {
      if (at < self->open->len)
        {
          const Open *last = &g_array_index (self->open, Open, self->open->len - 1);

          theme_report_add (self->context->report, THEME_CHECK_HTML_SYNTAX, self->file, start,
                            "</%.*s> before <%.*s> was closed; expected </%.*s>", (int)length, name, (int)last->length,
                            last->name, (int)last->length, last->name);
        }
      g_array_set_size (self->open, at - 1);
    }
  else if (from == 0 || !is_conditional (g_array_index (self->open, Open, from - 1).node))
    theme_report_add (self->context->report, THEME_CHECK_HTML_SYNTAX, self->file, start,
                      "</%.*s> closes nothing; expected <%.*s> before it", (int)length, name, (int)length, name);
}

static void
read_element (Html *self, gsize start, const char *name, gsize length)
{
  static const char *const voids[] = { "area", "base", "br",    "col",    "embed", "hr",  "img", "input",
                                       "link", "meta", "param", "source", "track", "wbr", NULL };
  static const char *const raw[] = { "script", "style", "svg", NULL };
  gboolean is_closed;

  if (!read_attributes (self, &is_closed))
    {
      theme_report_add (self->context->report, THEME_CHECK_HTML_SYNTAX, self->file, start,
                        "<%.*s is not closed; expected >", (int)length, name);
      return;
    }
  if (same (name, length, "img", 3))
    check_img (self, start);
  if (same (name, length, "script", 6))
    check_script (self, start);
  if (same (name, length, "link", 4))
    check_link (self, start);
  check_remote (self, name, length);
  if (is_closed || is_one_of (name, length, voids))
    return;
  if (is_one_of (name, length, raw))
    {
      g_autofree char *end = g_strdup_printf ("</%.*s", (int)length, name);

      if (skip_to (self, end) && skip_to (self, ">"))
        self->at++;
      else
        theme_report_add (self->context->report, THEME_CHECK_HTML_SYNTAX, self->file, start,
                          "<%.*s> is not closed; expected %s>", (int)length, name, end);
      return;
    }
  check_routes (self);
  if (self->open->len < OPEN_MAX)
    {
      Open element = { .name = name, .length = length, .start = start };

      g_array_append_val (self->open, element);
    }
}

static void
read_angle (Html *self)
{
  const char *text = self->file->text;
  gsize start = self->at;
  gboolean is_end;
  gsize name;

  self->at++;
  if (self->file->length - self->at >= 3 && memcmp (text + self->at, "!--", 3) == 0)
    {
      if (skip_to (self, "-->"))
        self->at += 3;
      return;
    }
  is_end = byte (self) == '/';
  self->at += is_end;
  name = self->at;
  if (!g_ascii_isalpha (byte (self)))
    return;
  while (g_ascii_isalnum (byte (self)) || byte (self) == '-' || byte (self) == ':')
    self->at++;
  if (byte (self) == '{')
    {
      /* <{{ tag }}> and <h{{ level }}>: which element it is, nobody can say. */
      skip_to (self, ">");
      return;
    }
  if (!is_end)
    {
      read_element (self, start, text + name, self->at - name);
      return;
    }
  if (skip_to (self, ">"))
    close_element (self, text + name, (gsize)(strcspn (text + name, " \t\r\n>")), start);
}

void
theme_check_html (ThemeContext *context, const ThemeFile *file, const GArray *nodes)
{
  g_autoptr (GArray) open = g_array_new (FALSE, TRUE, sizeof (Open));
  g_autofree Html *self = g_new0 (Html, 1);

  g_return_if_fail (context != NULL && file != NULL && nodes != NULL);

  self->context = context;
  self->file = file;
  self->nodes = nodes;
  self->open = open;
  while (self->at < file->length)
    {
      const LiquidNode *node = byte (self) == '{' ? take_node (self) : NULL;

      if (node != NULL)
        pass_node (self, node);
      else if (byte (self) == '<')
        read_angle (self);
      else
        self->at++;
    }
  end_branch (self, boundary (self));
}
