/* SPDX-License-Identifier: Apache-2.0 */
#include "forecast-data.h"

#include <gio/gio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 16
#define MISSING_MAX 0.1 /* share of the weeks */
#define DAYS 7
#define EPOCH_JULIAN 719163

static void die (const char *format, ...) G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN;

/* What is wrong with a file that someone gave is told, not dumped. */
static void
die (const char *format, ...)
{
  va_list arguments;
  g_autofree char *message = NULL;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_printerr ("bench-forecast: %s\n", message);
  exit (2);
}

static void
series_free (gpointer data)
{
  BenchSeries *series = data;

  g_free (series->id);
  g_free (series->y);
  g_free (series);
}

/* Lines of a file, plain or gzip. */
static GDataInputStream *
open_lines (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) stream = G_INPUT_STREAM (g_file_read (file, NULL, &error));
  GDataInputStream *lines;

  if (stream == NULL)
    die ("%s", error->message);
  if (g_str_has_suffix (path, ".gz"))
    {
      g_autoptr (GConverter) gzip = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
      GInputStream *plain = g_converter_input_stream_new (stream, gzip);

      g_object_unref (stream);
      stream = plain;
    }
  lines = g_data_input_stream_new (stream);
  g_data_input_stream_set_newline_type (lines, G_DATA_STREAM_NEWLINE_TYPE_ANY);
  return lines;
}

/* Cuts @line at its commas, in place; returns the number of cells. */
static gsize
split_line (char *line, char **cells)
{
  gsize n = 0;

  for (char *at = line; n < COLUMNS_MAX; at++)
    {
      gboolean quoted = *at == '"';
      char *end;

      at += quoted ? 1 : 0;
      cells[n++] = at;
      end = strchr (at, quoted ? '"' : ',');
      if (end != NULL && quoted)
        {
          *end = '\0';
          end = strchr (end + 1, ',');
        }
      if (end == NULL)
        break;
      *end = '\0';
      at = end;
    }
  return n;
}

typedef void (*RowFunc) (char **cells, gpointer user_data);

/* Every row below the heading, of at least @columns cells. */
static void
read_rows (const char *path, gsize columns, RowFunc func, gpointer user_data)
{
  g_autoptr (GDataInputStream) lines = open_lines (path);
  g_autoptr (GError) error = NULL;
  char *cells[COLUMNS_MAX], *line;

  for (gsize number = 1; (line = g_data_input_stream_read_line (lines, NULL, NULL, &error)) != NULL; number++)
    {
      if (number > 1 && *line != '\0')
        {
          if (split_line (line, cells) < columns)
            die ("%s:%" G_GSIZE_FORMAT ": %" G_GSIZE_FORMAT " columns were expected", path, number, columns);
          func (cells, user_data);
        }
      g_free (line);
    }
  if (error != NULL)
    die ("%s: %s", path, error->message);
}

/* Weeks that are known of one series, in any order. */
typedef struct {
  char *id;
  gboolean total;
  GHashTable *weeks; /* of gint64 → double */
  gint64 first, last;
  gint64 phase; /* from a week's number, in days of the epoch's weeks, to its first day */
} Known;

typedef struct {
  GHashTable *known; /* of id → Known, which the array owns */
  GPtrArray *order;
} Collection;

static void
known_free (gpointer data)
{
  Known *known = data;

  g_free (known->id);
  g_hash_table_unref (known->weeks);
  g_free (known);
}

static void
collection_init (Collection *self)
{
  self->known = g_hash_table_new (g_str_hash, g_str_equal);
  self->order = g_ptr_array_new_with_free_func (known_free);
}

static void
collection_clear (Collection *self)
{
  g_hash_table_unref (self->known);
  g_ptr_array_unref (self->order);
}

/* Returns the series, which @self owns. */
static Known *
collection_add (Collection *self, const char *id, gboolean total, gint64 week, double value)
{
  Known *known = g_hash_table_lookup (self->known, id);
  double *there;

  if (known == NULL)
    {
      known = g_new0 (Known, 1);
      *known = (Known){ .id = g_strdup (id),
                        .total = total,
                        .weeks = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free),
                        .first = week,
                        .last = week };
      g_hash_table_insert (self->known, known->id, known);
      g_ptr_array_add (self->order, known);
    }
  known->first = MIN (known->first, week);
  known->last = MAX (known->last, week);
  there = g_hash_table_lookup (known->weeks, &week);
  if (there != NULL)
    *there += value;
  else
    g_hash_table_insert (known->weeks, g_memdup2 (&week, sizeof week), g_memdup2 (&value, sizeof value));
  return known;
}

static BenchSeries *
to_series (const Known *known)
{
  BenchSeries *series = g_new0 (BenchSeries, 1);

  *series = (BenchSeries){ .id = g_strdup (known->id),
                           .total = known->total,
                           .start_day = known->first * DAYS + known->phase };
  series->n = (gsize)(known->last - known->first) + 1;
  series->y = g_new (double, series->n);
  for (gsize i = 0; i < series->n; i++)
    {
      gint64 week = known->first + (gint64)i;
      double *value = g_hash_table_lookup (known->weeks, &week);

      series->y[i] = value != NULL ? *value : NAN;
    }
  return series;
}

static void
add_long_row (char **cells, gpointer user_data)
{
  char *end;
  gint64 t = g_ascii_strtoll (cells[1], &end, 10);

  if (end == cells[1] || ABS (t) > 100000)
    die ("series %s: the week '%s' is not a number", cells[0], cells[1]);
  collection_add (user_data, cells[0], FALSE, t,
                  *cells[2] == '\0' || g_str_equal (cells[2], "NA") ? NAN : g_ascii_strtod (cells[2], NULL));
}

GPtrArray *
forecast_data_read (const char *path)
{
  GPtrArray *all = g_ptr_array_new_with_free_func (series_free);
  Collection collection;

  collection_init (&collection);
  read_rows (path, 3, add_long_row, &collection);
  for (guint i = 0; i < collection.order->len; i++)
    {
      BenchSeries *series = to_series (g_ptr_array_index (collection.order, i));

      series->start_day = 0;
      g_ptr_array_add (all, series);
    }
  collection_clear (&collection);
  return all;
}

static guint
part_of_date (const char *text)
{
  guint64 number;

  return g_ascii_string_to_unsigned (text, 10, 1, 9999, &number, NULL) ? (guint)number : 0;
}

/* Days since the epoch. */
static gint64
day_of (const char *date)
{
  g_auto (GStrv) parts = g_strsplit (date, "-", 3);
  gboolean whole = g_strv_length (parts) == 3;
  GDateYear year = whole ? (GDateYear)part_of_date (parts[0]) : 0;
  guint month = whole ? part_of_date (parts[1]) : 0, day = whole ? part_of_date (parts[2]) : 0;
  GDate read;

  if (month > 12 || day > 31 || !g_date_valid_dmy ((GDateDay)day, (GDateMonth)month, year))
    die ("'%s' is not a date", date);
  g_date_clear (&read, 1);
  g_date_set_dmy (&read, (GDateDay)day, (GDateMonth)month, year);
  return (gint64)g_date_get_julian (&read) - EPOCH_JULIAN;
}

typedef struct {
  Collection collection;
  GHashTable *category; /* of product → category */
} Stores;

static void
add_both (Stores *self, const char *set, const char *store, const char *category, const char *date, double value)
{
  g_autofree char *one = g_strconcat (set, "/", store, "/", category, NULL);
  g_autofree char *all = g_strconcat (set, "/all/", category, NULL);
  gint64 last_day = day_of (date);

  collection_add (&self->collection, one, FALSE, last_day / DAYS, value)->phase = last_day % DAYS - DAYS + 1;
  collection_add (&self->collection, all, TRUE, last_day / DAYS, value)->phase = last_day % DAYS - DAYS + 1;
}

static void
add_product (char **cells, gpointer user_data)
{
  Stores *self = user_data;

  g_hash_table_insert (self->category, g_strdup (cells[0]), g_strdup (cells[3]));
}

static void
add_transaction (char **cells, gpointer user_data)
{
  Stores *self = user_data;
  const char *category = g_hash_table_lookup (self->category, cells[2]);

  if (category != NULL)
    add_both (self, "breakfast", cells[1], category, cells[0], g_ascii_strtod (cells[3], NULL));
}

static void
add_sales (char **cells, gpointer user_data)
{
  add_both (user_data, "walmart", cells[0], cells[1], cells[2], g_ascii_strtod (cells[3], NULL));
}

static void
read_file (const char *dir, const char *name, gsize columns, RowFunc func, Stores *stores)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  read_rows (path, columns, func, stores);
}

static gboolean
is_long_enough (const Known *known, gsize weeks_min)
{
  gsize weeks = (gsize)(known->last - known->first) + 1, there = g_hash_table_size (known->weeks);

  return weeks >= weeks_min && (double)there >= (1 - MISSING_MAX) * (double)weeks;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const Known *const *first = a, *const *second = b;

  return strcmp ((*first)->id, (*second)->id);
}

GPtrArray *
forecast_data_stores (const char *dir, gsize sample, gsize weeks_min)
{
  Stores stores = { .category = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };
  GPtrArray *all = g_ptr_array_new_with_free_func (series_free);
  g_autoptr (GPtrArray) single = g_ptr_array_new ();

  collection_init (&stores.collection);
  read_file (dir, "breakfast/product.csv.gz", 4, add_product, &stores);
  read_file (dir, "breakfast/transaction.csv.gz", 4, add_transaction, &stores);
  read_file (dir, "walmart/train.csv.gz", 4, add_sales, &stores);
  g_ptr_array_sort (stores.collection.order, compare_ids);
  for (guint i = 0; i < stores.collection.order->len; i++)
    {
      Known *known = g_ptr_array_index (stores.collection.order, i);

      if (!is_long_enough (known, weeks_min))
        continue;
      if (known->total)
        g_ptr_array_add (all, to_series (known));
      else
        g_ptr_array_add (single, known);
    }
  sample = MIN (sample, single->len);
  for (gsize i = 0; i < sample; i++)
    g_ptr_array_add (all, to_series (g_ptr_array_index (single, i * single->len / sample)));
  collection_clear (&stores.collection);
  g_hash_table_unref (stores.category);
  return all;
}

static const struct {
  const char *segment;
  double fashion;
} segments[] = {
  { "VALUE", 1 },
  { "MAINSTREAM", 2 },
  { "MAINSTREAM_UPSCALE", 2.5 },
  { "UPSCALE", 3 },
};

static void
add_breakfast_facts (char **cells, gpointer user_data)
{
  FcStore facts = { .size = g_ascii_strtod (cells[7], NULL) };

  for (gsize i = 0; i < G_N_ELEMENTS (segments); i++)
    if (g_str_equal (cells[5], segments[i].segment))
      facts.fashion = segments[i].fashion;
  g_hash_table_insert (user_data, g_strconcat ("breakfast/", cells[0], NULL), g_memdup2 (&facts, sizeof facts));
}

static void
add_walmart_facts (char **cells, gpointer user_data)
{
  FcStore facts = { .size = g_ascii_strtod (cells[2], NULL), .location = fc_factors_code ("tier", cells[1]) };

  g_hash_table_insert (user_data, g_strconcat ("walmart/", cells[0], NULL), g_memdup2 (&facts, sizeof facts));
}

GHashTable *
forecast_data_facts (const char *dir)
{
  GHashTable *facts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *breakfast = g_build_filename (dir, "breakfast/store.csv.gz", NULL);
  g_autofree char *walmart = g_build_filename (dir, "walmart/stores.csv.gz", NULL);

  read_rows (breakfast, 9, add_breakfast_facts, facts);
  read_rows (walmart, 3, add_walmart_facts, facts);
  return facts;
}
