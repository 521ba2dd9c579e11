/* SPDX-License-Identifier: Apache-2.0 */
#include "markdown-tasks.h"

#include <math.h>

/* Numbers the stores in the order in which they come. */
static guint
number_of (GHashTable *numbers, const char *store, gsize length)
{
  char *key = g_strndup (store, length);
  gpointer number;

  if (g_hash_table_lookup_extended (numbers, key, NULL, &number))
    {
      g_free (key);
      return GPOINTER_TO_UINT (number);
    }
  number = GUINT_TO_POINTER (g_hash_table_size (numbers));
  g_hash_table_insert (numbers, key, number);
  return GPOINTER_TO_UINT (number);
}

static char *
estimate (RoyalTable *table, MarkdownElasticity *ret_elasticity)
{
  g_autoptr (GHashTable) numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree MarkdownSale *sales = g_new (MarkdownSale, royal_table_n_rows (table) + 1);
  gint store = royal_table_find (table, "store");
  gint week = royal_table_find (table, "week");
  gint units = royal_table_find (table, "units");
  gint price = royal_table_find (table, "price");
  const gint64 *weeks = week >= 0 ? royal_table_int64 (table, (guint)week) : NULL;
  const gint64 *sold = units >= 0 ? royal_table_int64 (table, (guint)units) : NULL;
  const double *prices = price >= 0 ? royal_table_double (table, (guint)price) : NULL;
  gsize n = 0;

  if (store < 0 || weeks == NULL || sold == NULL || prices == NULL)
    return g_strdup ("the history has no prices");
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      gsize length = 0;
      const char *name = royal_table_string (table, (guint)store, row, &length);

      if (name != NULL && !royal_table_is_null (table, (guint)units, row) &&
          !royal_table_is_null (table, (guint)price, row))
        sales[n++] = (MarkdownSale){ number_of (numbers, name, length), weeks[row], (double)sold[row], prices[row] };
    }
  return markdown_elasticity (sales, n, g_hash_table_size (numbers), ret_elasticity);
}

gboolean
markdown_measure (RoyalRun *run,
                  JsonObject *parameters,
                  MarkdownElasticity *ret_elasticity,
                  char **ret_reason,
                  GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (RoyalTable) table = royal_run_read (run, "retail.history", parameters, &local);

  if (table != NULL)
    {
      *ret_reason = estimate (table, ret_elasticity);
      return *ret_reason == NULL;
    }
  /* The markdown does not depend on it: a host that has no history, or cannot read it now, gets one that is not
   * measured. */
  if (royal_error_is_not_granted (local) || royal_error_is_not_found (local) || royal_error_is_unavailable (local))
    *ret_reason = g_strdup ("there is no history to read");
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}
