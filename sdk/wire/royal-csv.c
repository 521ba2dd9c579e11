/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-csv.h"

#include <royal/error.h>
#include <string.h>

struct _RoyalCsv {
  GBytes *text;
  char *what;
  const char *at;
  const char *end;
  const char *line_start; /* of the line that `at` is on */
  guint line;             /* of `at` */
  guint row_line;         /* of the row that was read last */
  GString *row;           /* its cells, each ended by a NUL */
  GArray *cells;          /* gsize: where each begins in `row` */
  const RoyalCsvColumn *columns;
  guint n_columns;
  gint *places;   /* by column: its place in a row, -1 = not in the file */
  guint n_places; /* cells that each row has */
};

typedef enum { CELL_MORE, CELL_LAST, CELL_BROKEN } Cell;

void
royal_csv_free (RoyalCsv *self)
{
  if (self == NULL)
    return;
  g_bytes_unref (self->text);
  g_free (self->what);
  g_string_free (self->row, TRUE);
  g_array_unref (self->cells);
  g_free (self->places);
  g_free (self);
}

/* Refuses the place that the reader has come to, and all that follows. */
static Cell
broken (RoyalCsv *self, const char *message, GError **error)
{
  glong character = g_utf8_pointer_to_offset (self->line_start, self->at) + 1;

  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u, character %ld: %s", self->what, self->line,
               character, message);
  self->at = self->end;
  return CELL_BROKEN;
}

static void
new_line (RoyalCsv *self)
{
  self->line++;
  self->line_start = self->at;
}

/* What follows a cell: a comma, the end of a line, the end of the text. */
static Cell
end_cell (RoyalCsv *self, GError **error)
{
  g_string_append_c (self->row, '\0');
  if (self->at == self->end)
    return CELL_LAST;
  if (*self->at == ',')
    {
      self->at++;
      return CELL_MORE;
    }
  if (*self->at == '\r' && self->at + 1 < self->end && self->at[1] == '\n')
    self->at++;
  if (*self->at == '\r')
    return broken (self, "a carriage return without a line feed", error);
  if (*self->at != '\n')
    return broken (self, "expected a comma or the end of the line after the closing quote", error);
  self->at++;
  new_line (self);
  return CELL_LAST;
}

static Cell
read_plain (RoyalCsv *self, GError **error)
{
  const char *start = self->at;

  while (self->at < self->end && strchr (",\r\n\"", *self->at) == NULL)
    self->at++;
  if (self->at < self->end && *self->at == '"')
    return broken (self, "a quote inside of a cell that does not begin with one", error);
  g_string_append_len (self->row, start, self->at - start);
  if (self->row->len > ROYAL_CSV_ROW_MAX)
    return broken (self, "the row is longer than 64 KiB", error);
  return end_cell (self, error);
}

static Cell
read_quoted (RoyalCsv *self, GError **error)
{
  guint first = self->line;

  for (self->at++;;)
    {
      char c;

      if (self->at == self->end)
        {
          g_autofree char *message = g_strdup_printf ("the quote that opens on line %u is not closed", first);
          return broken (self, message, error);
        }
      if (self->row->len > ROYAL_CSV_ROW_MAX)
        return broken (self, "the row is longer than 64 KiB", error);
      c = *self->at++;
      if (c == '"' && (self->at == self->end || *self->at != '"'))
        return end_cell (self, error);
      if (c == '"')
        self->at++;
      else if (c == '\n')
        new_line (self);
      else if (c == '\r' && (self->at == self->end || *self->at != '\n'))
        {
          self->at--;
          return broken (self, "a carriage return without a line feed", error);
        }
      g_string_append_c (self->row, c);
    }
}

static gboolean
read_row (RoyalCsv *self, GError **error)
{
  Cell cell;

  g_string_truncate (self->row, 0);
  g_array_set_size (self->cells, 0);
  self->row_line = self->line;
  do
    {
      gsize begin = self->row->len;

      g_array_append_val (self->cells, begin);
      cell = self->at < self->end && *self->at == '"' ? read_quoted (self, error) : read_plain (self, error);
  } while (cell == CELL_MORE);
  return cell != CELL_BROKEN;
}

static const char *
cell_at (const RoyalCsv *self, guint place)
{
  return self->row->str + g_array_index (self->cells, gsize, place);
}

static gint
find_column (const RoyalCsv *self, const char *name)
{
  for (guint i = 0; i < self->n_columns; i++)
    if (strcmp (self->columns[i].name, name) == 0)
      return (gint)i;
  return -1;
}

static gboolean
check_required (RoyalCsv *self, GError **error)
{
  for (guint i = 0; i < self->n_columns; i++)
    if (self->columns[i].required && self->places[i] < 0)
      {
        gboolean semicolons = self->n_places == 1 && strchr (cell_at (self, 0), ';') != NULL;

        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u: the column `%s` is missing%s", self->what,
                     self->row_line, self->columns[i].name,
                     semicolons ? "; cells are separated by commas, not by semicolons" : "");
        return FALSE;
      }
  return TRUE;
}

static gboolean
read_header (RoyalCsv *self, RoyalCsvOthers others, GError **error)
{
  if (self->at == self->end)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: the file is empty", self->what);
      return FALSE;
    }
  if (!read_row (self, error))
    return FALSE;
  self->n_places = self->cells->len;
  for (guint i = 0; i < self->n_places; i++)
    {
      gint column = find_column (self, cell_at (self, i));

      if (column >= 0 && self->places[column] >= 0)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u: the column `%s` stands twice", self->what,
                       self->row_line, self->columns[column].name);
          return FALSE;
        }
      if (column >= 0)
        self->places[column] = (gint)i;
    }
  if (!check_required (self, error))
    return FALSE;
  for (guint i = 0; i < self->n_places && others == ROYAL_CSV_REFUSE_OTHERS; i++)
    if (find_column (self, cell_at (self, i)) < 0)
      {
        g_autofree char *name = g_strndup (cell_at (self, i), 40);
        g_autofree char *shown = g_utf8_make_valid (name, -1);

        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u: no column is named `%s`", self->what,
                     self->row_line, shown);
        return FALSE;
      }
  return TRUE;
}

/* UTF-8 without NUL throughout; steps over a byte order mark. */
static gboolean
check_encoding (RoyalCsv *self, GError **error)
{
  const char *bad;

  if (self->at == self->end)
    return TRUE;
  if (self->end - self->at >= 2 && (memcmp (self->at, "\xff\xfe", 2) == 0 || memcmp (self->at, "\xfe\xff", 2) == 0))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected UTF-8, found UTF-16", self->what);
      return FALSE;
    }
  if (self->end - self->at >= 3 && memcmp (self->at, "\xef\xbb\xbf", 3) == 0)
    self->at += 3;
  self->line_start = self->at;
  if (g_utf8_validate_len (self->at, self->end - self->at, &bad))
    return TRUE;

  for (const char *c = self->at; c < bad; c++)
    if (*c == '\n')
      {
        self->line++;
        self->line_start = c + 1;
      }
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u, character %ld: expected UTF-8, found byte 0x%02x",
               self->what, self->line, g_utf8_pointer_to_offset (self->line_start, bad) + 1, (guchar)*bad);
  return FALSE;
}

RoyalCsv *
royal_csv_new (GBytes *text,
               const char *what,
               const RoyalCsvColumn *columns,
               guint n_columns,
               RoyalCsvOthers others,
               GError **error)
{
  g_autoptr (RoyalCsv) self = NULL;
  gsize length;

  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (what != NULL, NULL);
  g_return_val_if_fail (columns != NULL && n_columns > 0, NULL);

  self = g_new0 (RoyalCsv, 1);
  self->text = g_bytes_ref (text);
  self->what = g_strdup (what);
  self->at = g_bytes_get_data (text, &length);
  self->end = self->at == NULL ? NULL : self->at + length;
  self->line_start = self->at;
  self->line = 1;
  self->row = g_string_new (NULL);
  self->cells = g_array_new (FALSE, FALSE, sizeof (gsize));
  self->columns = columns;
  self->n_columns = n_columns;
  self->places = g_new (gint, n_columns);
  for (guint i = 0; i < n_columns; i++)
    self->places[i] = -1;

  if (!check_encoding (self, error) || !read_header (self, others, error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
royal_csv_next (RoyalCsv *self, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (self->at == self->end || !read_row (self, error))
    return FALSE;
  if (self->cells->len == self->n_places && (self->n_places > 1 || *cell_at (self, 0) != '\0'))
    return TRUE;

  if (self->cells->len == 1 && *cell_at (self, 0) == '\0')
    {
      /* Empty lines end a file, but do not stand in it. */
      const char *rest = self->at;
      while (rest < self->end && (*rest == '\n' || *rest == '\r'))
        rest++;
      if (rest == self->end)
        {
          self->at = self->end;
          return FALSE;
        }
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u: is empty", self->what, self->row_line);
      return FALSE;
    }
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u: expected %u cells, found %u", self->what,
               self->row_line, self->n_places, self->cells->len);
  return FALSE;
}

guint
royal_csv_line (const RoyalCsv *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->row_line;
}

const char *
royal_csv_cell (const RoyalCsv *self, guint column)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (column < self->n_columns, NULL);

  return self->places[column] < 0 ? NULL : cell_at (self, (guint)self->places[column]);
}
