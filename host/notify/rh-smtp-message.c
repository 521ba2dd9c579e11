/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-smtp-message.h"

#include <string.h>

#define LINE_MAX_BASE64 76 /* RFC 2045, 6.8 */
/* An encoded word has at most 75 characters, its line 76 (RFC 2047, 2): 52 of base64, and what stands around them. */
#define WORD_BYTES 39u
#define PLAIN_MAX 60

static gboolean
is_visible (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return FALSE;
  return *text != '\0';
}

gboolean
rh_smtp_is_address (const char *text)
{
  const char *at;

  g_return_val_if_fail (text != NULL, FALSE);

  at = strchr (text, '@');
  return is_visible (text) && strpbrk (text, "<>()[]\\,;:\"") == NULL && at != NULL && at != text && at[1] != '\0' &&
         strchr (at + 1, '@') == NULL && strlen (text) <= 254;
}

/* Adds @text in encoded words, each of whole characters, on lines of their own. */
static void
append_words (GString *out, const char *text)
{
  while (*text != '\0')
    {
      const char *end = text;
      g_autofree char *word = NULL;

      while (*end != '\0' && (gsize)(g_utf8_next_char (end) - text) <= WORD_BYTES)
        end = g_utf8_next_char (end);
      word = g_base64_encode ((const guchar *)text, (gsize)(end - text));
      g_string_append_printf (out, "=?UTF-8?B?%s?=", word);
      text = end;
      if (*text != '\0')
        g_string_append (out, "\r\n ");
    }
}

/* Adds @text as the rest of a header's line. */
static void
append_text (GString *out, const char *text)
{
  gboolean plain = strlen (text) <= PLAIN_MAX && strstr (text, "=?") == NULL;

  for (const char *p = text; plain && *p != '\0'; p++)
    plain = g_ascii_isprint (*p);
  if (plain)
    g_string_append (out, text);
  else
    append_words (out, text);
}

/* As RFC 5322, 3.3 has it, in no one's language. */
static void
append_date (GString *out, gint64 made_s)
{
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr (GDateTime) made = g_date_time_new_from_unix_utc (made_s);

  g_string_append_printf (out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n",
                          days[g_date_time_get_day_of_week (made) - 1], g_date_time_get_day_of_month (made),
                          months[g_date_time_get_month (made) - 1], g_date_time_get_year (made),
                          g_date_time_get_hour (made), g_date_time_get_minute (made), g_date_time_get_second (made));
}

/* In base64 no line is long, none begins with a dot, and none is a header. */
static void
append_body (GString *out, const char *text)
{
  g_autofree char *body = g_base64_encode ((const guchar *)text, strlen (text));

  for (const char *p = body; *p != '\0';)
    {
      gsize n = MIN (strlen (p), LINE_MAX_BASE64);

      g_string_append_len (out, p, (gssize)n);
      g_string_append (out, "\r\n");
      p += n;
    }
}

char *
rh_smtp_message (const char *from,
                 const char *const *to,
                 const char *id,
                 gint64 made_s,
                 const char *subject,
                 const char *text)
{
  GString *out;

  g_return_val_if_fail (from != NULL && to != NULL && id != NULL && subject != NULL && text != NULL, NULL);

  if (!rh_smtp_is_address (from) || to[0] == NULL || !is_visible (id) || strpbrk (id, "<>@") != NULL)
    return NULL;
  for (guint i = 0; to[i] != NULL; i++)
    if (!rh_smtp_is_address (to[i]))
      return NULL;
  out = g_string_new (NULL);
  append_date (out, made_s);
  g_string_append_printf (out, "From: <%s>\r\n", from);
  for (guint i = 0; to[i] != NULL; i++)
    g_string_append_printf (out, "%s<%s>%s\r\n", i == 0 ? "To: " : " ", to[i], to[i + 1] != NULL ? "," : "");
  g_string_append (out, "Subject: ");
  append_text (out, subject);
  /* A second copy of the same message has the same id; mailboxes show it once. Nobody's absence answers it (RFC 3834).
   */
  g_string_append_printf (out,
                          "\r\nMessage-ID: <%s%s>\r\nX-Royal-Notification: %s\r\nAuto-Submitted: auto-generated\r\n",
                          id, strchr (from, '@'), id);
  g_string_append (out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: base64\r\n\r\n");
  append_body (out, text);
  return g_string_free (out, FALSE);
}
