/* SPDX-License-Identifier: Apache-2.0 */
#include "pricing-catalog.h"

#include <math.h>
#include <stdlib.h>

#define WEEK 7

void
pricing_catalog_free (PricingCatalog *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->variants, g_ptr_array_unref);
  g_clear_pointer (&self->titles, g_ptr_array_unref);
  g_free (self->items);
  g_free (self->elasticities);
  g_free (self);
}

/* Columns of one table, by the place in which they are asked for. */
typedef struct {
  const char *name;
  RoyalColumnType type;
  gboolean required;
} Wanted;

#define COLUMNS_MAX 5

static gboolean
find_columns (const RoyalTable *table,
              const char *resource,
              const Wanted *wanted,
              guint n,
              gint *ret_columns,
              GError **error)
{
  for (guint i = 0; i < n; i++)
    {
      gint column = royal_table_find (table, wanted[i].name);

      if (column >= 0 && royal_table_column_type (table, (guint)column) != wanted[i].type)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: column %s: expected another type", resource,
                       wanted[i].name);
          return FALSE;
        }
      if (column < 0 && wanted[i].required)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected a column %s", resource, wanted[i].name);
          return FALSE;
        }
      ret_columns[i] = column;
    }
  return TRUE;
}

/* Returns: (transfer full) (nullable): the cell's text. */
static char *
text_at (const RoyalTable *table, gint column, guint64 row)
{
  gsize length = 0;
  const char *text = column >= 0 ? royal_table_string (table, (guint)column, row, &length) : NULL;

  return text != NULL ? g_strndup (text, length) : NULL;
}

/* An amount; @otherwise when the cell is empty or not there. */
static gboolean
amount_at (const RoyalTable *table,
           const char *resource,
           gint column,
           guint64 row,
           gint64 otherwise,
           gint64 *ret_cents,
           GError **error)
{
  g_autofree char *text = text_at (table, column, row);

  *ret_cents = otherwise;
  if (text == NULL || *text == '\0' || pricing_cents (text, ret_cents))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
               "%s: row %" G_GUINT64_FORMAT ", column %s: expected an amount such as 89.90, found `%.40s`", resource,
               row + 1, royal_table_column_name (table, (guint)column), text);
  return FALSE;
}

static gboolean
read_variants (RoyalRun *run, PricingCatalog *self, GHashTable *numbers, GError **error)
{
  static const char resource[] = "shopify.variants";
  static const Wanted wanted[] = {
    { "variant", ROYAL_COLUMN_STRING, TRUE },     { "price", ROYAL_COLUMN_STRING, TRUE },
    { "cost", ROYAL_COLUMN_STRING, TRUE },        { "title", ROYAL_COLUMN_STRING, FALSE },
    { "compare_at", ROYAL_COLUMN_STRING, FALSE },
  };
  g_autoptr (RoyalTable) table = royal_run_read (run, resource, NULL, error);
  gint columns[COLUMNS_MAX];

  if (table == NULL || !find_columns (table, resource, wanted, G_N_ELEMENTS (wanted), columns, error))
    return FALSE;
  self->items = g_new0 (PricingItem, royal_table_n_rows (table) + 1);
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      g_autofree char *variant = text_at (table, columns[0], row);
      char *title = text_at (table, columns[3], row);
      PricingItem *item = &self->items[self->n];

      g_ptr_array_add (self->titles, title != NULL ? title : g_strdup (""));
      if (variant == NULL || *variant == '\0' || g_hash_table_contains (numbers, variant))
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "%s: row %" G_GUINT64_FORMAT ": expected the identifier of another variant", resource, row + 1);
          return FALSE;
        }
      if (!amount_at (table, resource, columns[1], row, 0, &item->price, error) ||
          !amount_at (table, resource, columns[2], row, -1, &item->cost, error) ||
          !amount_at (table, resource, columns[4], row, 0, &item->ceiling, error))
        return FALSE;
      g_ptr_array_add (self->variants, g_steal_pointer (&variant));
      g_hash_table_insert (numbers, self->variants->pdata[self->n], GUINT_TO_POINTER (self->n));
      self->n++;
    }
  return TRUE;
}

/* The variant of a row; FALSE when the catalog does not have it. */
static gboolean
number_at (const RoyalTable *table, gint column, guint64 row, GHashTable *numbers, guint *ret_number)
{
  g_autofree char *variant = text_at (table, column, row);
  gpointer number;

  if (variant == NULL || !g_hash_table_lookup_extended (numbers, variant, NULL, &number))
    return FALSE;
  *ret_number = GPOINTER_TO_UINT (number);
  return TRUE;
}

static void
set_units (PricingCatalog *self, const GArray *sales, guint recent)
{
  for (guint i = 0; i < sales->len; i++)
    self->last = MAX (self->last, g_array_index (sales, PricingSale, i).period);
  for (guint i = 0; i < sales->len; i++)
    {
      const PricingSale *sale = &g_array_index (sales, PricingSale, i);

      if (sale->period > self->last - (gint64)recent * WEEK)
        self->items[sale->product].units += sale->units / recent;
    }
}

static gboolean
read_sales (RoyalRun *run, PricingCatalog *self, GHashTable *numbers, guint recent, GError **error)
{
  static const char resource[] = "shopify.sales";
  static const Wanted wanted[] = {
    { "variant", ROYAL_COLUMN_STRING, TRUE },
    { "week", ROYAL_COLUMN_INT64, TRUE },
    { "units", ROYAL_COLUMN_INT64, TRUE },
    { "price", ROYAL_COLUMN_DOUBLE, TRUE },
  };
  g_autoptr (RoyalTable) table = royal_run_read (run, resource, NULL, error);
  g_autoptr (GArray) sales = g_array_new (FALSE, FALSE, sizeof (PricingSale));
  gint columns[COLUMNS_MAX];
  const gint64 *weeks;
  const gint64 *units;
  const double *prices;

  if (table == NULL || !find_columns (table, resource, wanted, G_N_ELEMENTS (wanted), columns, error))
    return FALSE;
  weeks = royal_table_int64 (table, (guint)columns[1]);
  units = royal_table_int64 (table, (guint)columns[2]);
  prices = royal_table_double (table, (guint)columns[3]);
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      PricingSale sale = { 0, weeks[row], (double)units[row], prices[row] };

      if (units[row] > 0 && ABS (weeks[row]) < G_MAXINT && number_at (table, columns[0], row, numbers, &sale.product))
        g_array_append_val (sales, sale);
    }
  set_units (self, sales, recent);
  self->elasticities = g_new (PricingElasticity, self->n + 1);
  pricing_elasticities ((const PricingSale *)(gconstpointer)sales->data, sales->len, self->n, self->elasticities,
                        &self->pool);
  for (guint i = 0; i < self->n; i++)
    {
      self->items[i].elasticity = self->elasticities[i].value;
      self->items[i].elasticity_sd = self->elasticities[i].sd;
    }
  return TRUE;
}

static int
compare_cents (const void *a, const void *b)
{
  gint64 x = *(const gint64 *)a;
  gint64 y = *(const gint64 *)b;

  return (x > y) - (x < y);
}

/* The median of what others ask; of an even number the lower one. */
static gint64
median (GArray *prices)
{
  g_array_sort (prices, compare_cents);
  return g_array_index (prices, gint64, (prices->len - 1) / 2);
}

static gboolean
add_offers (const RoyalTable *table, GHashTable *numbers, GArray **offers, GError **error)
{
  static const char resource[] = "market.prices";
  static const Wanted wanted[] = { { "variant", ROYAL_COLUMN_STRING, TRUE }, { "price", ROYAL_COLUMN_STRING, TRUE } };
  gint columns[COLUMNS_MAX];

  if (!find_columns (table, resource, wanted, G_N_ELEMENTS (wanted), columns, error))
    return FALSE;
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      gint64 cents;
      guint number;

      if (!amount_at (table, resource, columns[1], row, 0, &cents, error))
        return FALSE;
      if (cents <= 0 || !number_at (table, columns[0], row, numbers, &number))
        continue;
      if (offers[number] == NULL)
        offers[number] = g_array_new (FALSE, FALSE, sizeof (gint64));
      g_array_append_val (offers[number], cents);
    }
  return TRUE;
}

static gboolean
read_market (RoyalRun *run, PricingCatalog *self, GHashTable *numbers, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (RoyalTable) table = royal_run_read (run, "market.prices", NULL, &local);
  g_autofree GArray **offers = g_new0 (GArray *, self->n + 1);
  gboolean is_read;

  if (table == NULL)
    {
      /* Nobody watches the market: prices go by the sales alone. */
      if (royal_error_is_not_granted (local) || royal_error_is_not_found (local) || royal_error_is_unavailable (local))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  is_read = add_offers (table, numbers, offers, error);
  for (guint i = 0; i < self->n; i++)
    if (offers[i] != NULL)
      {
        self->items[i].competitor = median (offers[i]);
        g_array_unref (offers[i]);
      }
  return is_read;
}

PricingCatalog *
pricing_catalog_read (RoyalRun *run, guint recent, GError **error)
{
  g_autoptr (PricingCatalog) self = g_new0 (PricingCatalog, 1);
  g_autoptr (GHashTable) numbers = g_hash_table_new (g_str_hash, g_str_equal);

  g_return_val_if_fail (recent > 0, NULL);

  self->variants = g_ptr_array_new_with_free_func (g_free);
  self->titles = g_ptr_array_new_with_free_func (g_free);
  if (!read_variants (run, self, numbers, error))
    return NULL;
  royal_run_progress (run, 0.2, "reading what was sold");
  if (!read_sales (run, self, numbers, recent, error) || !read_market (run, self, numbers, error))
    return NULL;
  return g_steal_pointer (&self);
}
