/* SPDX-License-Identifier: Apache-2.0 */
#include "scout-titles.h"

#include <stdlib.h>
#include <string.h>

#define ONE 10000u

/* A word, in how many titles it is, and its place when the rarest come first. */
typedef struct {
  char *text;
  guint titles;
  guint rank;
} Word;

/* A title's words, each once. */
typedef struct {
  guint n;
  gpointer *words; /* Word, then their ranks, ascending */
} Words;

typedef struct {
  guint n;
  Words *titles;
  GHashTable *all; /* text → Word */
  guint *parent;   /* union-find: the root of a group is its least index */
} Grouping;

static void
word_free (gpointer data)
{
  Word *word = data;

  g_free (word->text);
  g_free (word);
}

static void
grouping_clear (Grouping *self)
{
  for (guint i = 0; i < self->n && self->titles != NULL; i++)
    g_free (self->titles[i].words);
  g_clear_pointer (&self->titles, g_free);
  g_clear_pointer (&self->all, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Grouping, grouping_clear)

/* Without case, accents and signs: words with a space between. */
static char *
plain (const char *title)
{
  g_autofree char *valid = g_utf8_make_valid (title, -1);
  g_autofree char *apart = g_utf8_normalize (valid, -1, G_NORMALIZE_ALL);
  g_autofree char *folded = g_utf8_casefold (apart, -1);
  GString *words = g_string_new (NULL);

  for (const char *at = folded; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (g_unichar_isalnum (c))
        g_string_append_unichar (words, c);
      else if (!g_unichar_ismark (c))
        g_string_append_c (words, ' ');
    }
  return g_string_free (words, FALSE);
}

static void
add_title (Grouping *self, guint index, const char *title)
{
  g_autofree char *text = plain (title);
  g_auto (GStrv) parts = g_strsplit (text, " ", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  Words *words = &self->titles[index];
  guint n = g_strv_length (parts);

  words->words = g_new (gpointer, n + 1);
  for (guint i = 0; i < n; i++)
    {
      Word *word;

      if (*parts[i] == '\0')
        continue;
      word = g_hash_table_lookup (self->all, parts[i]);
      if (word == NULL)
        {
          word = g_new0 (Word, 1);
          word->text = g_strdup (parts[i]);
          g_hash_table_insert (self->all, word->text, word);
        }
      if (!g_hash_table_add (seen, word))
        continue;
      word->titles++;
      words->words[words->n++] = word;
    }
}

static int
compare_words (const void *a, const void *b)
{
  const Word *x = *(const Word *const *)a;
  const Word *y = *(const Word *const *)b;

  if (x->titles != y->titles)
    return x->titles < y->titles ? -1 : 1;
  return strcmp (x->text, y->text);
}

static int
compare_ranks (const void *a, const void *b)
{
  guint x = GPOINTER_TO_UINT (*(const gpointer *)a);
  guint y = GPOINTER_TO_UINT (*(const gpointer *)b);

  return (x > y) - (x < y);
}

/* Words become numbers, the rarest first. */
static void
set_ranks (Grouping *self)
{
  g_autofree gpointer *all = g_new (gpointer, g_hash_table_size (self->all) + 1);
  GHashTableIter iter;
  gpointer word;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->all);
  while (g_hash_table_iter_next (&iter, NULL, &word))
    all[n++] = word;
  qsort (all, n, sizeof *all, compare_words);
  for (guint i = 0; i < n; i++)
    ((Word *)all[i])->rank = i;
  for (guint i = 0; i < self->n; i++)
    {
      Words *words = &self->titles[i];

      for (guint k = 0; k < words->n; k++)
        words->words[k] = GUINT_TO_POINTER (((Word *)words->words[k])->rank);
      qsort (words->words, words->n, sizeof *words->words, compare_ranks);
    }
}

static guint
root_of (const Grouping *self, guint index)
{
  while (self->parent[index] != index)
    {
      self->parent[index] = self->parent[self->parent[index]];
      index = self->parent[index];
    }
  return index;
}

static void
join (Grouping *self, guint a, guint b)
{
  guint x = root_of (self, a);
  guint y = root_of (self, b);

  self->parent[MAX (x, y)] = MIN (x, y);
}

static gboolean
are_similar (const Words *a, const Words *b, guint similarity)
{
  guint common = 0;

  for (guint i = 0, k = 0; i < a->n && k < b->n;)
    {
      guint x = GPOINTER_TO_UINT (a->words[i]);
      guint y = GPOINTER_TO_UINT (b->words[k]);

      common += x == y;
      i += x <= y;
      k += y <= x;
    }
  return (guint64)common * (ONE + similarity) >= (guint64)similarity * (a->n + b->n);
}

static int
compare_sizes (const void *a, const void *b, gpointer data)
{
  const Grouping *self = data;
  guint x = *(const guint *)a;
  guint y = *(const guint *)b;

  if (self->titles[x].n != self->titles[y].n)
    return self->titles[x].n < self->titles[y].n ? -1 : 1;
  return (x > y) - (x < y);
}

static guint
hash_words (gconstpointer key)
{
  const Words *words = key;
  guint hash = words->n;

  for (guint i = 0; i < words->n; i++)
    hash = hash * 31 + GPOINTER_TO_UINT (words->words[i]);
  return hash;
}

static gboolean
equal_words (gconstpointer a, gconstpointer b)
{
  const Words *x = a;
  const Words *y = b;

  return x->n == y->n && memcmp (x->words, y->words, x->n * sizeof *x->words) == 0;
}

/* Joins one title with those before it. Similar sets share a word among the rarest of each: of a set of n words, the
 * first n - ceil (similarity × n) + 1. */
static void
join_similar (Grouping *self, guint index, guint similarity, GPtrArray *by_word, guint *stamp)
{
  const Words *words = &self->titles[index];
  guint prefix = words->n - (guint)(((guint64)words->n * similarity + ONE - 1) / ONE) + 1;

  for (guint i = 0; i < prefix; i++)
    {
      guint rank = GPOINTER_TO_UINT (words->words[i]);
      GArray *others = by_word->pdata[rank];

      for (guint k = 0; others != NULL && k < others->len; k++)
        {
          guint other = g_array_index (others, guint, k);

          if (stamp[other] == index + 1)
            continue;
          stamp[other] = index + 1;
          if ((guint64)self->titles[other].n * ONE >= (guint64)words->n * similarity &&
              root_of (self, other) != root_of (self, index) && are_similar (words, &self->titles[other], similarity))
            join (self, other, index);
        }
      if (others == NULL)
        by_word->pdata[rank] = others = g_array_new (FALSE, FALSE, sizeof (guint));
      g_array_append_val (others, index);
    }
}

/* A word that starts nobody's set has no list. */
static void
list_free (gpointer data)
{
  if (data != NULL)
    g_array_unref (data);
}

static void
join_all (Grouping *self, guint similarity)
{
  g_autofree guint *order = g_new (guint, self->n + 1);
  g_autofree guint *stamp = g_new0 (guint, self->n + 1);
  g_autoptr (GHashTable) sets = g_hash_table_new (hash_words, equal_words);
  g_autoptr (GPtrArray) by_word = g_ptr_array_new_with_free_func (list_free);

  g_ptr_array_set_size (by_word, (gint)g_hash_table_size (self->all));
  for (guint i = 0; i < self->n; i++)
    order[i] = i;
  g_qsort_with_data (order, (gint)self->n, sizeof *order, compare_sizes, self);
  for (guint i = 0; i < self->n; i++)
    {
      Words *words = &self->titles[order[i]];
      Words *same = words->n > 0 ? g_hash_table_lookup (sets, words) : NULL;

      if (same != NULL)
        join (self, (guint)(same - self->titles), order[i]);
      else if (words->n > 0)
        {
          g_hash_table_add (sets, words);
          join_similar (self, order[i], similarity, by_word, stamp);
        }
    }
}

void
scout_titles_group (const char *const *titles, guint n, guint similarity, guint *ret_groups)
{
  g_auto (Grouping) self = { 0 };

  g_return_if_fail (n == 0 || (titles != NULL && ret_groups != NULL));
  g_return_if_fail (similarity >= 1 && similarity <= ONE);

  self.n = n;
  self.titles = g_new0 (Words, n + 1);
  self.all = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, word_free);
  self.parent = ret_groups;
  for (guint i = 0; i < n; i++)
    {
      ret_groups[i] = i;
      add_title (&self, i, titles[i]);
    }
  set_ranks (&self);
  join_all (&self, similarity);
  for (guint i = 0; i < n; i++)
    ret_groups[i] = root_of (&self, i);
}
