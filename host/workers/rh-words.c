/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-words.h"

#include <string.h>

char *
rh_words_clean (const char *text, gsize length_max)
{
  g_autofree char *valid = NULL;
  GString *out;

  g_return_val_if_fail (text != NULL, NULL);

  valid = g_utf8_make_valid (text, -1);
  out = g_string_sized_new (MIN (strlen (valid), length_max) + 4);
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (out->len + (gsize)(g_utf8_next_char (p) - p) > length_max)
        {
          g_string_append (out, "…");
          break;
        }
      /* Formatting characters can reverse what a person reads. */
      g_string_append_unichar (out, g_unichar_iscntrl (c) || g_unichar_type (c) == G_UNICODE_FORMAT ||
                                            g_unichar_type (c) == G_UNICODE_LINE_SEPARATOR ||
                                            g_unichar_type (c) == G_UNICODE_PARAGRAPH_SEPARATOR
                                        ? ' '
                                        : c);
    }
  return g_string_free (out, FALSE);
}
