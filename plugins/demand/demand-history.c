/* SPDX-License-Identifier: Apache-2.0 */
#include "demand-history.h"

#include "demand-refuse.h"

#include <math.h>
#include <string.h>

#define DAYS 7
#define WEEKS_MAX 5200    /* a hundred years */
#define DAY_MIN (-700000) /* what a calendar can tell */

/* The rows that count. */
typedef struct {
  RoyalTable *table;
  const gint64 *week;
  const gint64 *units;
  guint store_column;
  guint units_column;
  guint64 n;
  gint64 start, end;  /* days: of the season, of what is looked at */
  gint64 first, last; /* days, before the season; none: last < first */
  gint64 last_sold;   /* day, of the season; none: before start */
} Rows;

/* When a store sells, and how much a week. */
typedef struct {
  gsize first, last;
  double sum;
  gsize n;
} Store;

/* What is known of the weeks, by their place in the series. */
typedef struct {
  double *known;      /* what the stores with a row sell on the whole */
  double *expected;   /* and those that are between their first row and their last */
  gsize *n_known;     /* stores with a row */
  gsize *n_expected;  /* and those */
  GHashTable *places; /* of a store, by its code */
  GArray *stores;     /* of Store */
  guint *place;       /* of a row's store */
} Weeks;

static void
weeks_clear (Weeks *self)
{
  g_clear_pointer (&self->known, g_free);
  g_clear_pointer (&self->expected, g_free);
  g_clear_pointer (&self->n_known, g_free);
  g_clear_pointer (&self->n_expected, g_free);
  g_clear_pointer (&self->place, g_free);
  g_clear_pointer (&self->places, g_hash_table_unref);
  g_clear_pointer (&self->stores, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Weeks, weeks_clear)

static gboolean
counts (const Rows *rows, guint64 i)
{
  return rows->week[i] < rows->end && !royal_table_is_null (rows->table, rows->units_column, i);
}

static gboolean
find_rows (Rows *rows, GError **error)
{
  gint store = royal_table_find (rows->table, "store"), week = royal_table_find (rows->table, "week"),
       units = royal_table_find (rows->table, "units");

  rows->week = week >= 0 ? royal_table_int64 (rows->table, (guint)week) : NULL;
  rows->units = units >= 0 ? royal_table_int64 (rows->table, (guint)units) : NULL;
  rows->n = royal_table_n_rows (rows->table);
  if (store < 0 || royal_table_column_type (rows->table, (guint)store) != ROYAL_COLUMN_STRING || rows->week == NULL ||
      rows->units == NULL)
    return demand_refuse (error, "retail.history: expected the columns store, of string, week and units, of int64");
  rows->store_column = (guint)store;
  rows->units_column = (guint)units;
  rows->first = G_MAXINT64;
  rows->last = G_MININT64;
  rows->last_sold = G_MININT64;
  for (guint64 i = 0; i < rows->n; i++)
    if (counts (rows, i) && rows->week[i] >= rows->start)
      rows->last_sold = MAX (rows->last_sold, rows->week[i]);
    else if (counts (rows, i))
      {
        rows->first = MIN (rows->first, rows->week[i]);
        rows->last = MAX (rows->last, rows->week[i]);
      }
  if (rows->first > rows->last && rows->last_sold < rows->start)
    return demand_refuse (error, "retail.history: the category has no sales before the weeks to forecast");
  if (rows->first <= rows->last && (rows->first < DAY_MIN || rows->start - rows->first > DAYS * WEEKS_MAX))
    return demand_refuse (error, "retail.history: the weeks span more than %d weeks", WEEKS_MAX);
  return TRUE;
}

/* Where the weeks before the season end, and where in them the season begins. */
static void
measure (const Rows *rows, DemandHistory *self)
{
  gint64 ahead = 1;

  self->series.start_day = rows->start;
  if (rows->first <= rows->last)
    {
      self->series.start_day = rows->first;
      self->n_before = (gsize)((rows->last - rows->first) / DAYS) + 1;
      ahead = MAX ((rows->start - rows->last + DAYS / 2) / DAYS, 1);
    }
  self->lead = (gsize)ahead - 1;
  self->n_sold = rows->last_sold >= rows->start ? (rows->last_sold - rows->start) / DAYS + 1 : 0;
  self->series.n = self->n_before + (self->n_sold > 0 ? self->lead + (gsize)self->n_sold : 0);
}

static gboolean
find_week (const Rows *rows, const DemandHistory *self, guint64 row, gsize *ret_week, GError **error)
{
  gboolean of_season = rows->week[row] >= rows->start;
  gint64 from = of_season ? rows->start : rows->first;
  gint64 days = rows->week[row] - from;

  if (days % DAYS != 0)
    return demand_refuse (error,
                          "retail.history: row %" G_GUINT64_FORMAT ": the week of day %" G_GINT64_FORMAT
                          " is not a whole number of weeks after the first, day %" G_GINT64_FORMAT,
                          row + 1, rows->week[row], from);
  *ret_week = (gsize)(days / DAYS) + (of_season ? self->n_before + self->lead : 0);
  return TRUE;
}

/* Its place; rows of one store mostly follow each other. */
static guint
find_store (const Rows *rows, Weeks *weeks, guint64 row, guint before)
{
  gsize length = 0, length_before = 0;
  const char *code = royal_table_string (rows->table, rows->store_column, row, &length);
  const char *code_before =
      row > 0 ? royal_table_string (rows->table, rows->store_column, row - 1, &length_before) : NULL;
  g_autofree char *key = NULL;
  gpointer place;

  if (row > 0 && code != NULL && code_before != NULL && before < weeks->stores->len && length == length_before &&
      memcmp (code, code_before, length) == 0)
    return before;
  key = code != NULL ? g_strndup (code, length) : g_strdup ("");
  if (g_hash_table_lookup_extended (weeks->places, key, NULL, &place))
    return GPOINTER_TO_UINT (place);
  g_hash_table_insert (weeks->places, g_steal_pointer (&key), GUINT_TO_POINTER (weeks->stores->len));
  g_array_set_size (weeks->stores, weeks->stores->len + 1);
  g_array_index (weeks->stores, Store, weeks->stores->len - 1).first = G_MAXSIZE;
  return weeks->stores->len - 1;
}

static gboolean
add_rows (const Rows *rows, DemandHistory *self, Weeks *weeks, double *y, GError **error)
{
  guint place = G_MAXUINT;

  g_assert (rows->week != NULL && rows->units != NULL);
  for (guint64 i = 0; i < rows->n; i++)
    {
      Store *store;
      gsize week = 0;

      place = find_store (rows, weeks, i, place);
      weeks->place[i] = place;
      if (!counts (rows, i))
        continue;
      if (!find_week (rows, self, i, &week, error))
        return FALSE;
      g_assert (week < self->series.n);
      store = &g_array_index (weeks->stores, Store, place);
      store->first = MIN (store->first, week);
      store->last = MAX (store->last, week);
      store->sum += (double)rows->units[i];
      store->n++;
      weeks->n_known[week]++;
      y[week] = (isnan (y[week]) ? 0 : y[week]) + (double)rows->units[i];
      if (rows->week[i] >= rows->start)
        self->sold += rows->units[i];
    }
  return TRUE;
}

static double
usual (const Store *store)
{
  return store->n > 0 ? store->sum / (double)store->n : 0;
}

static void
add_expected (const Rows *rows, const DemandHistory *self, Weeks *weeks)
{
  g_assert (rows->week != NULL);
  for (guint i = 0; i < weeks->stores->len; i++)
    {
      const Store *store = &g_array_index (weeks->stores, Store, i);

      for (gsize week = store->first; store->n > 0 && week <= store->last; week++)
        {
          weeks->expected[week] += usual (store);
          weeks->n_expected[week]++;
        }
    }
  for (guint64 i = 0; i < rows->n; i++)
    {
      gsize week = 0;

      if (counts (rows, i) && find_week (rows, self, i, &week, NULL))
        weeks->known[week] += usual (&g_array_index (weeks->stores, Store, weeks->place[i]));
    }
}

/* A week that is not known of a store is not one in which it sold nothing. */
static void
complete (DemandHistory *self, const Weeks *weeks, double *y)
{
  for (gsize i = 0; i < self->series.n; i++)
    {
      if (weeks->n_known[i] == 0 || weeks->n_known[i] >= weeks->n_expected[i])
        continue;
      if (2 * weeks->known[i] < weeks->expected[i])
        y[i] = NAN;
      else if (weeks->known[i] > 0)
        {
          y[i] *= weeks->expected[i] / weeks->known[i];
          self->n_partial++;
        }
    }
}

DemandHistory *
demand_history_read (RoyalTable *table, gint64 start_day, gint64 end_day, GError **error)
{
  g_autoptr (DemandHistory) self = g_new0 (DemandHistory, 1);
  g_auto (Weeks) weeks = { 0 };
  Rows rows = { .table = table, .start = start_day, .end = end_day };
  double *y;

  if (!find_rows (&rows, error))
    return NULL;
  measure (&rows, self);
  self->series.y = y = g_new (double, self->series.n);
  for (gsize i = 0; i < self->series.n; i++)
    y[i] = NAN;
  weeks.known = g_new0 (double, self->series.n);
  weeks.expected = g_new0 (double, self->series.n);
  weeks.n_known = g_new0 (gsize, self->series.n);
  weeks.n_expected = g_new0 (gsize, self->series.n);
  weeks.places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  weeks.stores = g_array_new (FALSE, TRUE, sizeof (Store));
  weeks.place = g_new0 (guint, rows.n + 1);
  if (!add_rows (&rows, self, &weeks, y, error))
    return NULL;
  add_expected (&rows, self, &weeks);
  complete (self, &weeks, y);
  return g_steal_pointer (&self);
}

void
demand_history_free (DemandHistory *self)
{
  if (self == NULL)
    return;
  g_free ((gpointer)self->series.y);
  g_free (self);
}
