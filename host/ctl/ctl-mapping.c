/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl-mapping.h"

#include "ctl-source.h"
#include "royal-json.h"
#include "royal-schema.h"

#include <math.h>
#include <royal/error.h>
#include <string.h>

#define SCHEMA "/royal/ctl/season-mapping.schema.json"
#define UNIX_EPOCH 719163u /* 1970-01-01 as a Julian day of GDate */
#define TWO_YEARS 104

struct _CtlMapping {
  JsonNode *document;
  JsonObject *sources;
  char *folder;
};

static const char *const store_columns[] = { "store_id",         "name",   "size_sqft", "tier",
                                             "median_income",    "format", "region",    "fashion_tier",
                                             "avg_weekly_sales", NULL };
static const char *const history_columns[] = {
  "store_id", "category_id", "week_start_date", "units_sold", "price", NULL
};

void
ctl_mapping_free (CtlMapping *self)
{
  if (self == NULL)
    return;
  json_node_unref (self->document);
  g_free (self->folder);
  g_free (self);
}

static RoyalSchema *
mapping_schema (void)
{
  static RoyalSchema *schema;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (schema != NULL)
    return schema;
  bytes = g_resources_lookup_data (SCHEMA, 0, NULL);
  node = royal_json_parse (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), SCHEMA, NULL);
  schema = royal_schema_new (node, SCHEMA, NULL);
  g_assert (schema != NULL);
  return schema;
}

CtlMapping *
ctl_mapping_new (const char *path, const char *folder, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) document = NULL;
  CtlMapping *self;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  document = royal_json_parse (text, (gssize)length, path, error);
  if (document == NULL || !royal_schema_validate (mapping_schema (), document, path, error))
    return NULL;
  self = g_new0 (CtlMapping, 1);
  self->document = g_steal_pointer (&document);
  self->sources = royal_json_object (json_node_get_object (self->document), "sources");
  self->folder = g_strdup (folder);
  return self;
}

static JsonObject *
part_of (const CtlMapping *self, const char *name)
{
  return royal_json_object (json_node_get_object (self->document), name);
}

gboolean
ctl_mapping_keeps_gaps (const CtlMapping *self)
{
  return g_str_equal (royal_json_string (part_of (self, "history"), "gaps", "refuse"), "keep");
}

gboolean
ctl_parse_day (const char *text, gint64 *ret_day)
{
  gint64 year, month, day;
  GDate date;

  if (strlen (text) < 10 || text[4] != '-' || text[7] != '-' || strspn (text, "0123456789-") < 10)
    return FALSE;
  year = g_ascii_strtoll (text, NULL, 10);
  month = g_ascii_strtoll (text + 5, NULL, 10);
  day = g_ascii_strtoll (text + 8, NULL, 10);
  if (year < 1 || month < 1 || day < 1 || !g_date_valid_dmy ((GDateDay)day, (GDateMonth)month, (GDateYear)year))
    return FALSE;
  g_date_clear (&date, 1);
  g_date_set_dmy (&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
  *ret_day = (gint64)g_date_get_julian (&date) - UNIX_EPOCH;
  return TRUE;
}

static void
append_day (GString *out, gint64 day)
{
  GDate date;

  g_date_clear (&date, 1);
  g_date_set_julian (&date, (guint32)(day + UNIX_EPOCH));
  g_string_append_printf (out, "%04u-%02u-%02u", (guint)g_date_get_year (&date), (guint)g_date_get_month (&date),
                          (guint)g_date_get_day (&date));
}

/* What the columns and conditions of a part look at: source, column, source, column, … */
static GPtrArray *
looked_at (JsonObject *part)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  JsonObject *columns = royal_json_object (part, "columns");
  JsonArray *where = royal_json_array (part, "where");
  g_autoptr (GList) fields = json_object_get_values (columns);
  guint n = where != NULL ? json_array_get_length (where) : 0;

  for (guint i = 0; i < n; i++)
    fields = g_list_prepend (fields, json_array_get_element (where, i));
  for (GList *at = fields; at != NULL; at = at->next)
    {
      JsonObject *field = json_node_get_object (at->data);

      if (!json_object_has_member (field, "column"))
        continue;
      g_ptr_array_add (list, g_strdup (royal_json_string (field, "source", NULL)));
      g_ptr_array_add (list, g_strdup (royal_json_string (field, "column", "")));
    }
  return list;
}

static CtlSource *
open_part (CtlMapping *self, JsonObject *part, GError **error)
{
  g_autoptr (GPtrArray) columns = looked_at (part);

  return ctl_source_new (self->sources, royal_json_string (part, "from", ""), royal_json_array (part, "joins"), columns,
                         self->folder, error);
}

/* "BAG SNACKS" → bag-snacks */
static char *
code_of (const char *text)
{
  GString *out = g_string_new (NULL);

  for (; *text != '\0' && out->len < 60; text++)
    if (g_ascii_isalnum (*text))
      g_string_append_c (out, g_ascii_tolower (*text));
    else if (out->len > 0 && out->str[out->len - 1] != '-')
      g_string_append_c (out, '-');
  if (out->len > 0 && out->str[out->len - 1] == '-')
    g_string_truncate (out, out->len - 1);
  return g_string_free (out, FALSE);
}

static gboolean
fail (CtlSource *source, JsonObject *part, const char *column, const char *expected, const char *found, GError **error)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u, column %s: expected %s, found `%.40s`",
               royal_json_string (part, "from", ""), ctl_source_line (source), column, expected, found);
  return FALSE;
}

/* A number of the row; FALSE with @error set, or with *@ret_missing where there is none. */
static gboolean
number_of (CtlSource *source,
           JsonObject *part,
           JsonObject *field,
           double *ret_number,
           gboolean *ret_missing,
           GError **error)
{
  const char *column = royal_json_string (field, "column", "");
  const char *text = ctl_source_cell (source, royal_json_string (field, "source", NULL), column);
  char *end;

  *ret_missing = text == NULL;
  if (text == NULL)
    return TRUE;
  *ret_number = g_ascii_strtod (text, &end);
  if (*end != '\0' || end == text || !isfinite (*ret_number) || fabs (*ret_number) > 1e12)
    return fail (source, part, column, "a number", text, error);
  *ret_number *= royal_json_double (field, "scale", 1);
  return TRUE;
}

/* (transfer full) (nullable): the text that a field stands for; NULL where it is missing. */
static char *
text_of (CtlSource *source, JsonObject *field)
{
  const char *text = royal_json_string (field, "constant", NULL);
  JsonObject *map = royal_json_object (field, "map");
  const char *prefix = royal_json_string (field, "prefix", "");
  g_autofree char *code = NULL;

  if (text != NULL)
    return g_strdup (text);
  text = ctl_source_cell (source, royal_json_string (field, "source", NULL), royal_json_string (field, "column", ""));
  if (text == NULL)
    return NULL;
  if (map != NULL)
    text = royal_json_string (map, text, royal_json_string (field, "otherwise", NULL));
  if (text == NULL)
    return NULL;
  code = royal_json_boolean (field, "code", FALSE) ? code_of (text) : g_strdup (text);
  return g_strconcat (prefix, code, NULL);
}

/* Whether the row is wanted at all; FALSE with @error set where a number is none. */
static gboolean
is_wanted (CtlSource *source, JsonObject *part, gboolean *ret_wanted, GError **error)
{
  JsonArray *where = royal_json_array (part, "where");

  *ret_wanted = TRUE;
  for (guint i = 0; where != NULL && i < json_array_get_length (where) && *ret_wanted; i++)
    {
      JsonObject *condition = json_array_get_object_element (where, i);
      const char *text = ctl_source_cell (source, royal_json_string (condition, "source", NULL),
                                          royal_json_string (condition, "column", ""));
      double number = 0;
      gboolean missing;

      if (json_object_has_member (condition, "above"))
        {
          if (!number_of (source, part, condition, &number, &missing, error))
            return FALSE;
          *ret_wanted = !missing && number > royal_json_double (condition, "above", 0);
        }
      else
        *ret_wanted = g_strcmp0 (text, royal_json_string (condition, "equals", NULL)) == 0;
    }
  return TRUE;
}

static void
append_cell (GString *out, const char *text)
{
  if (text == NULL)
    return;
  if (strpbrk (text, ",\"\r\n") == NULL)
    {
      g_string_append (out, text);
      return;
    }
  g_string_append_c (out, '"');
  for (; *text != '\0'; text++)
    g_string_append_printf (out, *text == '"' ? "\"\"" : "%c", *text);
  g_string_append_c (out, '"');
}

/* A store's cell: whole numbers are rounded, all else is text. */
static gboolean
append_store_cell (CtlSource *source, JsonObject *part, const char *name, GString *out, GError **error)
{
  JsonObject *field = royal_json_object (royal_json_object (part, "columns"), name);
  g_autofree char *text = NULL;
  gboolean missing;
  double number;

  if (royal_json_boolean (field, "round", FALSE))
    {
      if (!number_of (source, part, field, &number, &missing, error))
        return FALSE;
      if (!missing)
        g_string_append_printf (out, "%.0f", round (number));
      return TRUE;
    }
  text = text_of (source, field);
  append_cell (out, text);
  return TRUE;
}

static guint
append_header (JsonObject *part, const char *const *columns, GString *out)
{
  guint n = 0;

  for (guint i = 0; columns[i] != NULL; i++)
    if (json_object_has_member (royal_json_object (part, "columns"), columns[i]))
      g_string_append_printf (out, "%s%s", n++ > 0 ? "," : "", columns[i]);
  g_string_append_c (out, '\n');
  return n;
}

GBytes *
ctl_mapping_stores (CtlMapping *self, GError **error)
{
  JsonObject *part = part_of (self, "stores");
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (CtlSource) source = NULL;
  g_autoptr (GError) fault = NULL;

  if (part == NULL)
    return NULL;
  source = open_part (self, part, error);
  if (source == NULL)
    return NULL;
  append_header (part, store_columns, out);
  while (ctl_source_next (source, &fault))
    {
      char *id = text_of (source, royal_json_object (royal_json_object (part, "columns"), "store_id"));
      guint n = 0;

      /* A file of sales names its stores often. */
      if (id == NULL || !g_hash_table_add (seen, id))
        continue;
      for (guint i = 0; store_columns[i] != NULL; i++)
        if (json_object_has_member (royal_json_object (part, "columns"), store_columns[i]))
          {
            g_string_append (out, n++ > 0 ? "," : "");
            if (!append_store_cell (source, part, store_columns[i], out, error))
              return NULL;
          }
      g_string_append_c (out, '\n');
    }
  if (fault == NULL)
    return g_string_free_to_bytes (g_steal_pointer (&out));
  g_propagate_error (error, g_steal_pointer (&fault));
  return NULL;
}

/* What a store sold of a category in a week. */
typedef struct {
  char *store;
  char *category;
  gint64 week; /* its first day */
  double units;
  double worth; /* of the units whose price is known */
  double priced;
} Cell;

static void
cell_free (gpointer data)
{
  Cell *cell = data;

  g_free (cell->store);
  g_free (cell->category);
  g_free (cell);
}

static guint
cell_hash (gconstpointer data)
{
  const Cell *cell = data;

  return g_str_hash (cell->store) * 31 + g_str_hash (cell->category) * 17 + (guint)cell->week;
}

static gboolean
cell_equal (gconstpointer a, gconstpointer b)
{
  const Cell *left = a, *right = b;

  return left->week == right->week && strcmp (left->store, right->store) == 0 &&
         strcmp (left->category, right->category) == 0;
}

static gint
cell_compare (gconstpointer a, gconstpointer b)
{
  const Cell *left = *(Cell *const *)a, *right = *(Cell *const *)b;
  gint order = strcmp (left->category, right->category);

  if (order == 0)
    order = strcmp (left->store, right->store);
  return order != 0 ? order : (left->week > right->week) - (left->week < right->week);
}

/* The first day of the week that the row's day is of: it begins the week, ends it, or is any of it. */
static gboolean
week_of (CtlSource *source, JsonObject *part, JsonObject *field, gint64 *ret_week, GError **error)
{
  static const char *const days[] = {
    "thursday", "friday", "saturday", "sunday", "monday", "tuesday", "wednesday", NULL
  };
  const char *column = royal_json_string (field, "column", "");
  const char *text = ctl_source_cell (source, royal_json_string (field, "source", NULL), column);
  const char *is = royal_json_string (field, "is", "start");
  gint64 begins = 0;
  gint64 day;

  if (text == NULL || !ctl_parse_day (text, &day))
    return fail (source, part, column, "a day, YYYY-MM-DD", text != NULL ? text : "", error);
  if (g_str_equal (is, "end"))
    day -= 6;
  if (g_str_equal (is, "day"))
    {
      /* 1970-01-01 was a Thursday. */
      while (!g_str_equal (days[begins], royal_json_string (field, "begins", "monday")))
        begins++;
      day -= ((day - begins) % 7 + 7) % 7;
    }
  *ret_week = day;
  return TRUE;
}

/* The cell of that store, category and week, made when there is none. */
static Cell *
cell_of (GHashTable *cells, const Cell *wanted)
{
  Cell *cell = g_hash_table_lookup (cells, wanted);

  if (cell != NULL)
    return cell;
  cell = g_new (Cell, 1);
  *cell = (Cell){ .store = g_strdup (wanted->store), .category = g_strdup (wanted->category), .week = wanted->week };
  g_hash_table_add (cells, cell);
  return cell;
}

/* Adds the row to what its store, category and week have. */
static gboolean
add_row (CtlSource *source, JsonObject *part, GHashTable *cells, GError **error)
{
  JsonObject *columns = royal_json_object (part, "columns");
  g_autofree char *store = text_of (source, royal_json_object (columns, "store_id"));
  g_autofree char *category = text_of (source, royal_json_object (columns, "category_id"));
  Cell wanted = { .store = store, .category = category };
  Cell *cell;
  double units = 0, price = 0;
  gboolean missing, priceless = TRUE;

  if (store == NULL || category == NULL)
    return TRUE;
  if (!week_of (source, part, royal_json_object (columns, "week_start_date"), &wanted.week, error) ||
      !number_of (source, part, royal_json_object (columns, "units_sold"), &units, &missing, error))
    return FALSE;
  if (missing)
    return TRUE;
  if (json_object_has_member (columns, "price") &&
      !number_of (source, part, royal_json_object (columns, "price"), &price, &priceless, error))
    return FALSE;
  cell = cell_of (cells, &wanted);
  cell->units += units;
  if (!priceless && price > 0 && units > 0)
    {
      cell->worth += price * units;
      cell->priced += units;
    }
  return TRUE;
}

/* (transfer full): every cell, by category, store and week. */
static GPtrArray *
read_cells (CtlMapping *self, GHashTable *cells, GError **error)
{
  JsonObject *part = part_of (self, "history");
  g_autoptr (CtlSource) source = open_part (self, part, error);
  g_autoptr (GError) fault = NULL;
  GPtrArray *list;
  GHashTableIter iter;
  gpointer cell;
  gboolean wanted;

  if (source == NULL)
    return NULL;
  while (ctl_source_next (source, &fault))
    if (!is_wanted (source, part, &wanted, error) || (wanted && !add_row (source, part, cells, error)))
      return NULL;
  if (fault != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&fault));
      return NULL;
    }
  list = g_ptr_array_new ();
  g_hash_table_iter_init (&iter, cells);
  while (g_hash_table_iter_next (&iter, &cell, NULL))
    g_ptr_array_add (list, cell);
  g_ptr_array_sort (list, cell_compare);
  return list;
}

/* Whole units, as the mapping wants what is below 0. FALSE: the cell is left out, or @error is set. */
static gboolean
whole_units (JsonObject *part, const Cell *cell, gint64 *ret_units, GError **error)
{
  const char *negative = royal_json_string (part, "negative", "refuse");
  double units = cell->units;

  if (royal_json_boolean (royal_json_object (royal_json_object (part, "columns"), "units_sold"), "round", FALSE))
    units = round (units);
  if (units < 0 && g_str_equal (negative, "skip"))
    return FALSE;
  if (units < 0 && g_str_equal (negative, "zero"))
    units = 0;
  if (units < 0 || units != round (units))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "store %s, category %s: expected whole units from 0, found %g", cell->store, cell->category, units);
      return FALSE;
    }
  *ret_units = (gint64)units;
  return TRUE;
}

static gboolean
append_history_row (JsonObject *part, const Cell *cell, GString *out, GError **error)
{
  GError *fault = NULL;
  gint64 units;

  if (!whole_units (part, cell, &units, &fault))
    {
      if (fault == NULL)
        return TRUE;
      g_propagate_error (error, fault);
      return FALSE;
    }
  g_string_append_printf (out, "%s,%s,", cell->store, cell->category);
  append_day (out, cell->week);
  g_string_append_printf (out, ",%" G_GINT64_FORMAT, units);
  if (json_object_has_member (royal_json_object (part, "columns"), "price"))
    {
      g_string_append_c (out, ',');
      if (cell->priced > 0 && cell->worth / cell->priced >= 0.005)
        g_string_append_printf (out, "%.2f", cell->worth / cell->priced);
    }
  g_string_append_c (out, '\n');
  return TRUE;
}

/* The weeks that a category spans within the bounds; @list is sorted by category, @from is its first cell. */
static guint
span_of (GPtrArray *list, guint from, gint64 first, gint64 last, guint *ret_end)
{
  const char *category = ((Cell *)list->pdata[from])->category;
  gint64 least = G_MAXINT64, most = G_MININT64;
  guint i;

  for (i = from; i < list->len && strcmp (((Cell *)list->pdata[i])->category, category) == 0; i++)
    {
      gint64 week = ((Cell *)list->pdata[i])->week;

      if (week < first || week > last)
        continue;
      least = MIN (least, week);
      most = MAX (most, week);
    }
  *ret_end = i;
  return most < least ? 0 : (guint)((most - least) / 7 + 1);
}

GBytes *
ctl_mapping_history (CtlMapping *self,
                     gint64 first,
                     gint64 last,
                     const char *category,
                     guint *ret_skipped,
                     GError **error)
{
  JsonObject *part = part_of (self, "history");
  g_autoptr (GHashTable) cells = g_hash_table_new_full (cell_hash, cell_equal, cell_free, NULL);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GPtrArray) list = read_cells (self, cells, error);
  guint end;

  if (list == NULL)
    return NULL;
  *ret_skipped = 0;
  append_header (part, history_columns, out);
  for (guint at = 0; at < list->len; at = end)
    {
      guint weeks = span_of (list, at, first, last, &end);

      if (category != NULL && strcmp (((Cell *)list->pdata[at])->category, category) != 0)
        continue;
      if (weeks < TWO_YEARS && g_str_equal (royal_json_string (part, "short", "refuse"), "skip"))
        {
          (*ret_skipped)++;
          continue;
        }
      for (guint i = at; i < end; i++)
        {
          const Cell *cell = list->pdata[i];

          if (cell->week >= first && cell->week <= last && !append_history_row (part, cell, out, error))
            return NULL;
        }
    }
  return g_string_free_to_bytes (g_steal_pointer (&out));
}

GBytes *
ctl_mapping_actuals (CtlMapping *self,
                     const char *category,
                     gint64 start,
                     guint weeks,
                     GHashTable *stores,
                     GError **error)
{
  JsonObject *part = part_of (self, "history");
  g_autoptr (GHashTable) cells = g_hash_table_new_full (cell_hash, cell_equal, cell_free, NULL);
  g_autoptr (GPtrArray) list = read_cells (self, cells, error);
  g_autoptr (GString) out = g_string_new ("store_id,week_number,units_sold\n");
  GHashTableIter iter;
  gpointer store;

  if (list == NULL)
    return NULL;
  g_hash_table_iter_init (&iter, stores);
  while (g_hash_table_iter_next (&iter, &store, NULL))
    for (guint week = 1; week <= weeks; week++)
      {
        const Cell wanted = { .store = store, .category = (char *)category, .week = start + (week - 1) * 7 };
        const Cell *cell = g_hash_table_lookup (cells, &wanted);
        g_autoptr (GError) fault = NULL;
        gint64 units = 0;

        if (cell != NULL && !whole_units (part, cell, &units, &fault) && fault != NULL)
          {
            g_propagate_error (error, g_steal_pointer (&fault));
            return NULL;
          }
        g_string_append_printf (out, "%s,%u,%" G_GINT64_FORMAT "\n", (char *)store, week, units);
      }
  return g_string_free_to_bytes (g_steal_pointer (&out));
}
