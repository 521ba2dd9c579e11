/* SPDX-License-Identifier: Apache-2.0 */
#include "scout-catalog.h"

#include <math.h>
#include <string.h>

#define FEED "catalog.feed"
#define SIGNALS "catalog.signals"

enum { ID, TITLE, SUPPLIER, PRICE, COST, SHIPPING, DAYS, RATING, REVIEWS, SOLD, N_COLUMNS };

static const struct {
  const char *name;
  RoyalColumnType type;
  gboolean required;
} feed[N_COLUMNS] = {
  [ID] = { "product", ROYAL_COLUMN_STRING, TRUE },          [TITLE] = { "title", ROYAL_COLUMN_STRING, TRUE },
  [SUPPLIER] = { "supplier", ROYAL_COLUMN_STRING, TRUE },   [PRICE] = { "price", ROYAL_COLUMN_STRING, TRUE },
  [COST] = { "cost", ROYAL_COLUMN_STRING, TRUE },           [SHIPPING] = { "shipping", ROYAL_COLUMN_STRING, FALSE },
  [DAYS] = { "shipping_days", ROYAL_COLUMN_DOUBLE, FALSE }, [RATING] = { "rating", ROYAL_COLUMN_DOUBLE, FALSE },
  [REVIEWS] = { "reviews", ROYAL_COLUMN_INT64, FALSE },     [SOLD] = { "sold", ROYAL_COLUMN_DOUBLE, FALSE },
};

void
scout_catalog_free (ScoutCatalog *self)
{
  if (self == NULL)
    return;
  g_free (self->products);
  g_clear_pointer (&self->texts, g_string_chunk_free);
  g_free (self);
}

static gboolean
find_columns (const RoyalTable *table, gint *columns, GError **error)
{
  for (guint i = 0; i < N_COLUMNS; i++)
    {
      columns[i] = royal_table_find (table, feed[i].name);
      if (columns[i] < 0 ? feed[i].required : royal_table_column_type (table, (guint)columns[i]) != feed[i].type)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       columns[i] < 0 ? "%s: expected a column %s" : "%s: column %s: expected another type", FEED,
                       feed[i].name);
          return FALSE;
        }
    }
  return TRUE;
}

/* A cell's text, "" for one that is empty. */
static const char *
text_at (ScoutCatalog *self, const RoyalTable *table, gint column, guint64 row)
{
  gsize length = 0;
  const char *text = column >= 0 ? royal_table_string (table, (guint)column, row, &length) : NULL;

  return text != NULL ? g_string_chunk_insert_len (self->texts, text, (gssize)length) : "";
}

static double
figure_at (const RoyalTable *table, gint column, guint64 row)
{
  return column < 0 || royal_table_is_null (table, (guint)column, row) ? NAN
                                                                       : royal_table_double (table, (guint)column)[row];
}

/* `89.90` as cents; @otherwise for an empty text. */
static gboolean
cents_of (const char *text, gint64 otherwise, gint64 *ret_cents)
{
  gsize whole = strspn (text, "0123456789");
  gsize decimals = text[whole] == '.' ? strspn (text + whole + 1, "0123456789") : 0;

  *ret_cents = otherwise;
  if (*text == '\0')
    return TRUE;
  if (whole < 1 || whole > 9 || decimals > 2 || (text[whole] == '.' && decimals == 0) ||
      text[whole + (text[whole] == '.' ? 1 + decimals : 0)] != '\0')
    return FALSE;
  *ret_cents = g_ascii_strtoll (text, NULL, 10) * 100;
  if (decimals > 0)
    *ret_cents += g_ascii_strtoll (text + whole + 1, NULL, 10) * (decimals == 1 ? 10 : 1);
  return TRUE;
}

static gboolean
read_amounts (ScoutCatalog *self,
              const RoyalTable *table,
              const gint *columns,
              guint64 row,
              ScoutProduct *product,
              GError **error)
{
  const struct {
    guint column;
    gint64 otherwise;
    gint64 *cents;
  } amounts[] = { { PRICE, 0, &product->price }, { COST, -1, &product->cost }, { SHIPPING, -1, &product->shipping } };

  for (guint i = 0; i < G_N_ELEMENTS (amounts); i++)
    {
      const char *text = text_at (self, table, columns[amounts[i].column], row);

      if (cents_of (text, amounts[i].otherwise, amounts[i].cents))
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: row %" G_GUINT64_FORMAT ", column %s: expected an amount such as 89.90, found `%.40s`", FEED,
                   row + 1, feed[amounts[i].column].name, text);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_row (ScoutCatalog *self, const RoyalTable *table, const gint *columns, guint64 row, GError **error)
{
  ScoutProduct *product = &self->products[self->n];
  const gint64 *reviews = columns[REVIEWS] >= 0 ? royal_table_int64 (table, (guint)columns[REVIEWS]) : NULL;

  *product = (ScoutProduct){
    .id = text_at (self, table, columns[ID], row),
    .title = text_at (self, table, columns[TITLE], row),
    .supplier = text_at (self, table, columns[SUPPLIER], row),
    .days = figure_at (table, columns[DAYS], row),
    .rating = figure_at (table, columns[RATING], row),
    .reviews = reviews != NULL ? (guint)CLAMP (reviews[row], 0, G_MAXINT) : 0,
    .sold = figure_at (table, columns[SOLD], row),
  };
  if (*product->id == '\0')
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: row %" G_GUINT64_FORMAT ": expected the identifier of a product", FEED, row + 1);
      return FALSE;
    }
  if (isfinite (product->rating) && (product->rating < 1 || product->rating > 5))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: row %" G_GUINT64_FORMAT ", column rating: expected 1 to 5, found %g", FEED, row + 1,
                   product->rating);
      return FALSE;
    }
  self->n++;
  return read_amounts (self, table, columns, row, product, error);
}

static void
set_trends (ScoutCatalog *self, const RoyalTable *table, const gint64 *weeks, const double *values, guint column)
{
  g_autoptr (GHashTable) by_product =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_array_unref);

  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      const char *id = text_at (self, table, (gint)column, row);
      GArray *signals = g_hash_table_lookup (by_product, id);
      ScoutSignal signal = { weeks[row], values[row] };

      if (signals == NULL)
        {
          signals = g_array_new (FALSE, FALSE, sizeof (ScoutSignal));
          g_hash_table_insert (by_product, (gpointer)id, signals);
        }
      g_array_append_val (signals, signal);
    }
  for (guint i = 0; i < self->n; i++)
    {
      const GArray *signals = g_hash_table_lookup (by_product, self->products[i].id);

      if (signals != NULL)
        self->products[i].trend = scout_trend ((const ScoutSignal *)(gconstpointer)signals->data, signals->len);
    }
}

static gboolean
read_signals (RoyalRun *run, ScoutCatalog *self, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (RoyalTable) table = royal_run_read (run, SIGNALS, NULL, &local);
  gint product = table != NULL ? royal_table_find (table, "product") : -1;
  gint week = table != NULL ? royal_table_find (table, "week") : -1;
  gint value = table != NULL ? royal_table_find (table, "value") : -1;
  const gint64 *weeks = week >= 0 ? royal_table_int64 (table, (guint)week) : NULL;
  const double *values = value >= 0 ? royal_table_double (table, (guint)value) : NULL;

  if (table == NULL)
    {
      /* Nobody follows the demand: its trend is then not known. */
      if (royal_error_is_not_granted (local) || royal_error_is_not_found (local) || royal_error_is_unavailable (local))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (product < 0 || royal_table_column_type (table, (guint)product) != ROYAL_COLUMN_STRING || weeks == NULL ||
      values == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: expected the columns product (string), week (int64), value (double)", SIGNALS);
      return FALSE;
    }
  set_trends (self, table, weeks, values, (guint)product);
  return TRUE;
}

ScoutCatalog *
scout_catalog_read (RoyalRun *run, GError **error)
{
  g_autoptr (ScoutCatalog) self = g_new0 (ScoutCatalog, 1);
  g_autoptr (RoyalTable) table = royal_run_read (run, FEED, NULL, error);
  gint columns[N_COLUMNS];

  if (table == NULL || !find_columns (table, columns, error))
    return NULL;
  self->texts = g_string_chunk_new (65536);
  self->products = g_new (ScoutProduct, royal_table_n_rows (table) + 1);
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    if (!read_row (self, table, columns, row, error))
      return NULL;
  royal_run_progress (run, 0.3, "reading how demand went");
  if (!read_signals (run, self, error))
    return NULL;
  return g_steal_pointer (&self);
}
