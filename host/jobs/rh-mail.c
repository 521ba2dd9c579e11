/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-mail.h"

#include <string.h>

#define DEPTH_MAX 4
#define PARTS_MAX 64
#define HEADER_MAX 8192
#define BOUNDARY_MAX 200
#define CHARSET_MAX 40

/* A stretch of the message. */
typedef struct {
  const char *at;
  gsize length;
} Span;

typedef struct {
  char *text; /* (nullable): the first plain text */
  guint parts;
} Found;

static const struct {
  const char *header;
  const char *member;
} headers[] = {
  { "from", "from" },
  { "to", "to" },
  { "cc", "cc" },
  { "reply-to", "reply_to" },
  { "subject", "subject" },
  { "date", "date" },
  { "message-id", "message_id" },
  { "in-reply-to", "in_reply_to" },
};

/* --- text --------------------------------------------------------------------------------------------------------- */

/* (transfer full): UTF-8 that can be shown: other control characters become spaces. */
static char *
clean (const char *bytes, gsize length, gboolean lines)
{
  g_autofree char *copy = g_malloc (length + 1);
  g_autofree char *valid = NULL;
  GString *text;

  for (gsize i = 0; i < length; i++)
    copy[i] = bytes[i] != '\0' ? bytes[i] : ' ';
  copy[length] = '\0';
  valid = g_utf8_make_valid (copy, (gssize)length);
  text = g_string_sized_new (strlen (valid));
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (lines && c == '\r' && p[1] == '\n')
        continue;
      if ((c < 0x20 && !(lines && (c == '\n' || c == '\t'))) || (c >= 0x7f && c < 0xa0))
        c = ' ';
      g_string_append_unichar (text, c);
    }
  return g_string_free (text, FALSE);
}

/* (transfer full): @bytes, which are said to be in @charset, as clean UTF-8. */
static char *
convert (const char *bytes, gsize length, const char *charset, gboolean lines)
{
  g_autofree char *converted = NULL;
  gsize written = 0;

  if (charset != NULL && strlen (charset) <= CHARSET_MAX && g_ascii_strcasecmp (charset, "utf-8") != 0 &&
      strspn (charset, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen (charset))
    converted = g_convert_with_fallback (bytes, (gssize)length, "UTF-8", charset, "?", NULL, &written, NULL);
  return converted != NULL ? clean (converted, written, lines) : clean (bytes, length, lines);
}

/* Quoted-printable; in a header's word `_` is a space and lines do not end. */
static GByteArray *
decode_quoted (const char *bytes, gsize length, gboolean word)
{
  GByteArray *out = g_byte_array_sized_new ((guint)length);

  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = (guint8)bytes[i];

      if (byte == '=' && i + 2 < length && g_ascii_isxdigit (bytes[i + 1]) && g_ascii_isxdigit (bytes[i + 2]))
        {
          byte = (guint8)(g_ascii_xdigit_value (bytes[i + 1]) * 16 + g_ascii_xdigit_value (bytes[i + 2]));
          i += 2;
        }
      else if (byte == '=' && !word && i + 1 < length && (bytes[i + 1] == '\n' || bytes[i + 1] == '\r'))
        {
          i += bytes[i + 1] == '\r' && i + 2 < length && bytes[i + 2] == '\n' ? 2 : 1;
          continue;
        }
      else if (byte == '_' && word)
        byte = ' ';
      g_byte_array_append (out, &byte, 1);
    }
  return out;
}

static GByteArray *
decode_base64 (const char *bytes, gsize length)
{
  GByteArray *out = g_byte_array_new ();
  int state = 0;
  guint save = 0;

  g_byte_array_set_size (out, (guint)(length / 4 * 3 + 3));
  g_byte_array_set_size (out, (guint)g_base64_decode_step (bytes, length, out->data, &state, &save));
  return out;
}

/* --- headers ------------------------------------------------------------------------------------------------------ */

/* Appends the word =?charset?B|Q?text?= at @at; returns what is behind it, NULL when it is none. */
static const char *
append_word (GString *out, const char *at)
{
  g_auto (GStrv) parts = g_strsplit (at + 2, "?", 4);
  g_autoptr (GByteArray) bytes = NULL;
  g_autofree char *text = NULL;

  if (g_strv_length (parts) != 4 || *parts[3] != '=' || strlen (parts[1]) != 1 || strpbrk (parts[2], " \t") != NULL)
    return NULL;
  switch (*parts[1])
    {
    case 'b':
    case 'B':
      bytes = decode_base64 (parts[2], strlen (parts[2]));
      break;
    case 'q':
    case 'Q':
      bytes = decode_quoted (parts[2], strlen (parts[2]), TRUE);
      break;
    default:
      return NULL;
    }
  text = convert ((const char *)bytes->data, bytes->len, parts[0], FALSE);
  g_string_append (out, text);
  return at + 2 + strlen (parts[0]) + 1 + 1 + 1 + strlen (parts[2]) + 2;
}

/* (transfer full): the header with its encoded words decoded; blanks between two of these are none. */
static char *
decode_words (const char *value)
{
  g_autoptr (GString) out = g_string_new (NULL);
  gboolean after_word = FALSE;

  for (const char *p = value; *p != '\0';)
    {
      gsize blanks = strspn (p, " \t");
      const char *next = NULL;

      if (g_str_has_prefix (p + blanks, "=?"))
        {
          gsize before = out->len;

          if (!after_word)
            g_string_append_len (out, p, (gssize)blanks);
          next = append_word (out, p + blanks);
          if (next == NULL)
            g_string_truncate (out, before);
        }
      after_word = next != NULL;
      if (next != NULL)
        {
          p = next;
          continue;
        }
      g_string_append_len (out, p, (gssize)MAX (blanks, 1));
      p += MAX (blanks, 1);
    }
  return clean (out->str, out->len, FALSE);
}

/* The end of the line at @at, and in @ret_next where the next begins. */
static const char *
end_of_line (const char *at, const char *end, const char **ret_next)
{
  const char *newline = memchr (at, '\n', (gsize)(end - at));
  const char *stop = newline != NULL ? newline : end;

  *ret_next = newline != NULL ? newline + 1 : end;
  return stop > at && stop[-1] == '\r' ? stop - 1 : stop;
}

/* (transfer full) (nullable): the first header of that name, unfolded. */
static char *
header_of (Span head, const char *name)
{
  const char *end = head.at + head.length;
  gsize length = strlen (name);
  g_autoptr (GString) value = NULL;
  const char *next;

  for (const char *line = head.at; line < end; line = next)
    {
      const char *stop = end_of_line (line, end, &next);
      gboolean folded = line < stop && (*line == ' ' || *line == '\t');

      if (value != NULL && !folded)
        break;
      if (value != NULL)
        g_string_append_len (value, line, MIN (stop - line, HEADER_MAX));
      else if (!folded && (gsize)(stop - line) > length && line[length] == ':' &&
               g_ascii_strncasecmp (line, name, length) == 0)
        value = g_string_new_len (line + length + 1, MIN (stop - line - (gssize)length - 1, HEADER_MAX));
      if (value != NULL && value->len > HEADER_MAX)
        break;
    }
  if (value == NULL)
    return NULL;
  for (gsize i = 0; i < value->len; i++)
    if (value->str[i] == '\0')
      value->str[i] = ' ';
  return g_strstrip (g_strndup (value->str, value->len));
}

/* (transfer full) (nullable): `boundary` of `multipart/mixed; boundary="x"`. */
static char *
parameter_of (const char *value, const char *name)
{
  const char *p = strchr (value, ';');
  gsize length = strlen (name);

  for (; p != NULL; p = strchr (p, ';'))
    {
      p += 1 + strspn (p + 1, " \t");
      if (g_ascii_strncasecmp (p, name, length) != 0 || p[length] != '=')
        continue;
      p += length + 1;
      return *p == '"' ? g_strndup (p + 1, strcspn (p + 1, "\"")) : g_strndup (p, strcspn (p, "; \t"));
    }
  return NULL;
}

/* --- parts -------------------------------------------------------------------------------------------------------- */

/* What is before the first empty line, and what is behind it. */
static void
split (Span all, Span *ret_head, Span *ret_body)
{
  const char *end = all.at + all.length;
  const char *next;

  for (const char *line = all.at; line < end; line = next)
    if (end_of_line (line, end, &next) == line)
      {
        *ret_head = (Span){ all.at, (gsize)(line - all.at) };
        *ret_body = (Span){ next, (gsize)(end - next) };
        return;
      }
  *ret_head = all;
  *ret_body = (Span){ end, 0 };
}

static char *
decode_text (Span head, Span body, const char *type)
{
  g_autofree char *encoding = header_of (head, "content-transfer-encoding");
  g_autofree char *charset = parameter_of (type, "charset");
  g_autoptr (GByteArray) decoded = NULL;

  if (encoding != NULL && g_ascii_strcasecmp (encoding, "base64") == 0)
    decoded = decode_base64 (body.at, body.length);
  else if (encoding != NULL && g_ascii_strcasecmp (encoding, "quoted-printable") == 0)
    decoded = decode_quoted (body.at, body.length, FALSE);
  if (decoded != NULL)
    return convert ((const char *)decoded->data, decoded->len, charset, TRUE);
  return convert (body.at, body.length, charset, TRUE);
}

static void look_at (Span all, guint depth, Found *found);

/* The whole line: one boundary may begin with another. */
static gboolean
is_boundary (const char *line, const char *stop, const char *mark, gsize length, gboolean *ret_last)
{
  if ((gsize)(stop - line) < length || memcmp (line, mark, length) != 0)
    return FALSE;
  line += length;
  *ret_last = stop - line >= 2 && memcmp (line, "--", 2) == 0;
  if (*ret_last)
    line += 2;
  while (line < stop && (*line == ' ' || *line == '\t'))
    line++;
  return line == stop;
}

/* Looks at what stands between the boundaries. */
static void
look_between (Span body, const char *boundary, guint depth, Found *found)
{
  g_autofree char *mark = g_strconcat ("--", boundary, NULL);
  gsize length = strlen (mark);
  const char *end = body.at + body.length;
  const char *start = NULL;
  const char *next;
  gboolean is_last;

  for (const char *line = body.at; line < end && found->parts < PARTS_MAX; line = next)
    {
      const char *stop = end_of_line (line, end, &next);

      if (!is_boundary (line, stop, mark, length, &is_last))
        continue;
      if (start != NULL)
        look_at ((Span){ start, (gsize)(line - start) }, depth + 1, found);
      start = next;
      if (is_last)
        return;
    }
  /* The message was cut off. */
  if (start != NULL && start < end && found->parts < PARTS_MAX)
    look_at ((Span){ start, (gsize)(end - start) }, depth + 1, found);
}

static void
look_at (Span all, guint depth, Found *found)
{
  Span head, body;
  g_autofree char *type = NULL;
  g_autofree char *boundary = NULL;

  split (all, &head, &body);
  type = header_of (head, "content-type");
  if (type == NULL)
    type = g_strdup ("text/plain");
  boundary = parameter_of (type, "boundary");
  if (g_ascii_strncasecmp (type, "multipart/", strlen ("multipart/")) == 0 && boundary != NULL && *boundary != '\0' &&
      strlen (boundary) <= BOUNDARY_MAX && depth < DEPTH_MAX)
    {
      look_between (body, boundary, depth, found);
      return;
    }
  if (found->text == NULL && g_ascii_strncasecmp (type, "text/plain", strlen ("text/plain")) == 0)
    found->text = decode_text (head, body, type);
  else
    found->parts++;
}

JsonNode *
rh_mail_parse (const char *bytes, gsize length)
{
  JsonNode *node;
  JsonObject *object;
  Span head, body;
  Found found = { NULL, 0 };

  g_return_val_if_fail (bytes != NULL, NULL);

  node = json_node_new (JSON_NODE_OBJECT);
  object = json_object_new ();
  json_node_take_object (node, object);
  split ((Span){ bytes, length }, &head, &body);
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autofree char *value = header_of (head, headers[i].header);
      g_autofree char *text = value != NULL ? decode_words (value) : NULL;

      if (text != NULL)
        json_object_set_string_member (object, headers[i].member, text);
    }
  look_at ((Span){ bytes, length }, 0, &found);
  json_object_set_string_member (object, "text", found.text != NULL ? found.text : "");
  json_object_set_int_member (object, "parts", found.parts);
  g_free (found.text);
  return node;
}
