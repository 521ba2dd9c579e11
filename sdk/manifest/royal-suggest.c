/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-suggest.h"

#include <string.h>

#define WORD_MAX 64u

/* Edits (insert, delete, replace, swap of neighbours) from @a to @b, in bytes. */
static guint
distance (const char *a, gsize a_len, const char *b, gsize b_len)
{
  guint rows[3][WORD_MAX + 1];
  guint *before = rows[0], *last = rows[1], *now = rows[2];

  for (guint j = 0; j <= b_len; j++)
    last[j] = j;
  for (guint i = 1; i <= a_len; i++)
    {
      now[0] = i;
      for (guint j = 1; j <= b_len; j++)
        {
          guint cost = a[i - 1] == b[j - 1] ? 0 : 1;

          now[j] = MIN (MIN (now[j - 1], last[j]) + 1, last[j - 1] + cost);
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            now[j] = MIN (now[j], before[j - 2] + 1);
        }
      guint *spare = before;
      before = last;
      last = now;
      now = spare;
    }
  return last[b_len];
}

const char *
royal_suggest (const char *word, const char *const *known)
{
  g_return_val_if_fail (word != NULL, NULL);
  g_return_val_if_fail (known != NULL, NULL);

  const char *best = NULL;
  gsize length = strlen (word);
  guint limit = length < 3 ? 1 : length < 6 ? 2 : 3;

  if (length == 0 || length > WORD_MAX)
    return NULL;
  for (; *known != NULL; known++)
    {
      gsize known_length = strlen (*known);
      if (known_length > WORD_MAX)
        continue;
      guint d = distance (word, length, *known, known_length);
      /* A word of which nothing remains is no slip. */
      if (d <= limit && d < MIN (length, known_length))
        {
          best = *known;
          limit = d == 0 ? 0 : d - 1;
        }
    }
  return best;
}
