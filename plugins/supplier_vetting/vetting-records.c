/* SPDX-License-Identifier: Apache-2.0 */
#include "vetting-records.h"

#include <math.h>
#include <string.h>
#include <trade-table.h>

#define RECORDS "suppliers.records"

enum { SUPPLIER, ORDERS, LATE, FAILED, DAYS, RATING, REVIEWS, MESSAGES, ANSWERED, N_COLUMNS };

static const TradeColumn columns[N_COLUMNS] = {
  [SUPPLIER] = { "supplier", ROYAL_COLUMN_STRING, TRUE },   [ORDERS] = { "orders", ROYAL_COLUMN_INT64, TRUE },
  [LATE] = { "late", ROYAL_COLUMN_INT64, FALSE },           [FAILED] = { "failed", ROYAL_COLUMN_INT64, FALSE },
  [DAYS] = { "shipping_days", ROYAL_COLUMN_DOUBLE, FALSE }, [RATING] = { "rating", ROYAL_COLUMN_DOUBLE, FALSE },
  [REVIEWS] = { "reviews", ROYAL_COLUMN_INT64, FALSE },     [MESSAGES] = { "messages", ROYAL_COLUMN_INT64, FALSE },
  [ANSWERED] = { "answered", ROYAL_COLUMN_INT64, FALSE },
};

void
vetting_records_free (VettingRecords *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_free (self->records);
  g_free (self);
}

static VettingRecord
read_row (const RoyalTable *table, const gint *places, guint64 row)
{
  return (VettingRecord){
    .orders = trade_table_figure (table, places[ORDERS], row),
    .late = trade_table_figure (table, places[LATE], row),
    .failed = trade_table_figure (table, places[FAILED], row),
    .shipping_days = trade_table_figure (table, places[DAYS], row),
    .rating = trade_table_figure (table, places[RATING], row),
    .reviews = trade_table_figure (table, places[REVIEWS], row),
    .messages = trade_table_figure (table, places[MESSAGES], row),
    .answered = trade_table_figure (table, places[ANSWERED], row),
  };
}

/* What is counted is not more than what it is counted of; a rating is one. NAN is neither. */
static gboolean
check_row (const VettingRecord *record, guint64 row, GError **error)
{
  const struct {
    guint column;
    double value;
    double least;
    double most;
  } bounds[] = {
    { ORDERS, record->orders, 0, INFINITY },
    { LATE, record->late, 0, record->orders },
    { FAILED, record->failed, 0, record->orders },
    { DAYS, record->shipping_days, 0, INFINITY },
    { RATING, record->rating, 1, 5 },
    { REVIEWS, record->reviews, 0, INFINITY },
    { MESSAGES, record->messages, 0, INFINITY },
    { ANSWERED, record->answered, 0, record->messages },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    if (bounds[i].value < bounds[i].least || bounds[i].value > bounds[i].most)
      {
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                     "%s: row %" G_GUINT64_FORMAT ", column %s: expected %g to %g, found %g", RECORDS, row + 1,
                     columns[bounds[i].column].name, bounds[i].least, bounds[i].most, bounds[i].value);
        return FALSE;
      }
  return TRUE;
}

VettingRecords *
vetting_records_read (RoyalRun *run, GError **error)
{
  gint places[N_COLUMNS];
  g_autoptr (RoyalTable) table = trade_table_read (run, RECORDS, NULL, columns, N_COLUMNS, places, error);
  g_autoptr (VettingRecords) self = NULL;

  if (table == NULL)
    return NULL;
  self = g_new0 (VettingRecords, 1);
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->records = g_new (VettingRecord, royal_table_n_rows (table) + 1);
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      self->records[self->n] = read_row (table, places, row);
      g_ptr_array_add (self->names, trade_table_text (table, places[SUPPLIER], row));
      if (!check_row (&self->records[self->n++], row, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

VettingRecord
vetting_records_find (const VettingRecords *self, const char *supplier)
{
  for (guint i = 0; i < self->n; i++)
    if (strcmp (self->names->pdata[i], supplier) == 0)
      return self->records[i];
  return (VettingRecord){ NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
}
