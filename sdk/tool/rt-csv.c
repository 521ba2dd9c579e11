/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-csv.h"

#include "royal-json.h"
#include "royal-table-builder.h"

#include <errno.h>
#include <royal/error.h>
#include <string.h>

typedef struct {
  const char *what;
  GArray *columns;  /* of RoyalColumn */
  GPtrArray *names; /* owns the columns' names */
  RoyalTableBuilder *builder;
} Maker;

static void
maker_clear (Maker *self)
{
  g_clear_pointer (&self->columns, g_array_unref);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_clear_pointer (&self->builder, royal_table_builder_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Maker, maker_clear)

static gboolean fail (const Maker *self, guint line, GError **error, const char *format, ...) G_GNUC_PRINTF (4, 5);

/* Always FALSE, to be returned. */
static gboolean
fail (const Maker *self, guint line, GError **error, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: row %u: %s", self->what, line, text);
  return FALSE;
}

static void
maker_init (Maker *self, const char *what)
{
  self->what = what;
  self->columns = g_array_new (FALSE, FALSE, sizeof (RoyalColumn));
  self->names = g_ptr_array_new_with_free_func (g_free);
}

static gboolean
add_column (Maker *self, const char *text, GError **error)
{
  static const struct {
    const char *name;
    RoyalColumnType type;
  } types[] = {
    { "int64", ROYAL_COLUMN_INT64 },
    { "double", ROYAL_COLUMN_DOUBLE },
    { "string", ROYAL_COLUMN_STRING },
  };
  const char *colon = strrchr (text, ':');

  for (gsize i = 0; colon != NULL && colon > text && i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (colon + 1, types[i].name))
      {
        RoyalColumn column = { .type = types[i].type };
        g_ptr_array_add (self->names, g_strndup (text, (gsize)(colon - text)));
        column.name = g_ptr_array_index (self->names, self->names->len - 1);
        g_array_append_val (self->columns, column);
        return TRUE;
      }
  return fail (self, 0, error, "expected a column such as week:int64, units:double or store:string, found \"%s\"",
               text);
}

static gboolean
add_text (Maker *self, guint line, guint column, const char *text, gboolean quoted, GError **error)
{
  const RoyalColumn *c = &g_array_index (self->columns, RoyalColumn, column);
  char *end = NULL;
  gint64 integer;

  if (text[0] == '\0' && !quoted)
    {
      royal_table_builder_null (self->builder, column);
      return TRUE;
    }
  switch (c->type)
    {
    case ROYAL_COLUMN_INT64:
      if (!g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &integer, NULL))
        return fail (self, line, error, "column %s: expected an integer, found \"%s\"", c->name, text);
      royal_table_builder_int64 (self->builder, column, integer);
      return TRUE;
      case ROYAL_COLUMN_DOUBLE: {
        double number = g_ascii_strtod (text, &end);
        if (end == text || *end != '\0')
          return fail (self, line, error, "column %s: expected a number, found \"%s\"", c->name, text);
        royal_table_builder_double (self->builder, column, number);
        return TRUE;
      }
    default:
      royal_table_builder_string (self->builder, column, text, strlen (text));
      return TRUE;
    }
}

typedef struct {
  char *text; /* NULL: its quotes are not closed */
  gboolean quoted;
} Cell;

static void
cell_clear (gpointer data)
{
  g_free (((Cell *)data)->text);
}

/* The quoted text at *@at, behind its opening quote; moves behind the closing one. */
static char *
take_quoted (const char **at)
{
  GString *text = g_string_new (NULL);

  for (; **at != '\0'; (*at)++)
    {
      if (**at == '"' && (*at)[1] != '"')
        break;
      if (**at == '"')
        (*at)++;
      g_string_append_c (text, **at);
    }
  gboolean closed = **at == '"';
  *at += closed;
  return g_string_free (text, !closed);
}

/* Takes @text. */
static void
add_cell (GArray *cells, char *text, gboolean quoted)
{
  const Cell cell = { text, quoted };

  g_array_append_val (cells, cell);
}

/* One row at *@at; moves to the next. @ret_ended: the row ended where its line does. */
static GArray *
take_row (const char **at, gboolean *ret_ended)
{
  GArray *cells = g_array_new (FALSE, TRUE, sizeof (Cell));

  g_array_set_clear_func (cells, cell_clear);
  for (;; (*at)++)
    {
      gsize length = strcspn (*at, ",\r\n");

      if (**at == '"')
        {
          (*at)++;
          add_cell (cells, take_quoted (at), TRUE);
        }
      else
        {
          add_cell (cells, g_strndup (*at, length), FALSE);
          *at += length;
        }
      if (**at != ',')
        break;
    }
  *ret_ended = **at == '\0' || **at == '\r' || **at == '\n';
  *at += **at == '\r';
  *at += **at == '\n';
  return cells;
}

static gboolean
read_header (Maker *self, GArray *cells, GError **error)
{
  for (guint i = 0; i < cells->len; i++)
    {
      const char *text = g_array_index (cells, Cell, i).text;
      if (!add_column (self, text != NULL ? text : "", error))
        return FALSE;
    }
  self->builder = royal_table_builder_new ((const RoyalColumn *)(void *)self->columns->data, self->columns->len);
  return TRUE;
}

static gboolean
read_row (Maker *self, guint line, GArray *cells, GError **error)
{
  if (cells->len != self->columns->len)
    return fail (self, line, error, "expected %u cells, found %u", self->columns->len, cells->len);
  for (guint i = 0; i < cells->len; i++)
    {
      const Cell *cell = &g_array_index (cells, Cell, i);
      if (cell->text == NULL)
        return fail (self, line, error, "expected a closing quote");
      if (!add_text (self, line, i, cell->text, cell->quoted, error))
        return FALSE;
    }
  return TRUE;
}

int
rt_csv_to_table (const char *text, const char *what, GError **error)
{
  g_return_val_if_fail (text != NULL, -1);
  g_return_val_if_fail (what != NULL, -1);

  g_auto (Maker) maker = { NULL };
  const char *at = text;

  maker_init (&maker, what);
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected UTF-8", what);
      return -1;
    }
  for (guint line = 0; line == 0 || *at != '\0'; line++)
    {
      gboolean ended = FALSE;
      g_autoptr (GArray) cells = take_row (&at, &ended);

      if (!(line == 0 ? read_header (&maker, cells, error) : read_row (&maker, line, cells, error)))
        return -1;
      if (!ended)
        {
          fail (&maker, line, error, "expected a comma or the end of the line after a closing quote");
          return -1;
        }
    }
  return royal_table_builder_seal (maker.builder, error);
}

static gboolean
add_node (Maker *self, guint row, guint column, JsonNode *node, GError **error)
{
  const RoyalColumn *c = &g_array_index (self->columns, RoyalColumn, column);
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_NONE;

  if (JSON_NODE_HOLDS_NULL (node))
    royal_table_builder_null (self->builder, column);
  else if (c->type == ROYAL_COLUMN_INT64 && type == G_TYPE_INT64)
    royal_table_builder_int64 (self->builder, column, json_node_get_int (node));
  else if (c->type == ROYAL_COLUMN_DOUBLE && (type == G_TYPE_INT64 || type == G_TYPE_DOUBLE))
    royal_table_builder_double (self->builder, column, json_node_get_double (node));
  else if (c->type == ROYAL_COLUMN_STRING && type == G_TYPE_STRING)
    royal_table_builder_string (self->builder, column, json_node_get_string (node),
                                strlen (json_node_get_string (node)));
  else
    {
      g_autofree char *found = royal_json_to_string (node);
      return fail (self, row, error, "column %s: expected a value of its type or null, found %s", c->name, found);
    }
  return TRUE;
}

static gboolean
read_json (Maker *self, JsonArray *columns, JsonArray *rows, GError **error)
{
  for (guint i = 0; i < json_array_get_length (columns); i++)
    {
      JsonNode *column = json_array_get_element (columns, i);
      const char *text = JSON_NODE_HOLDS_VALUE (column) ? json_node_get_string (column) : NULL;
      if (!add_column (self, text != NULL ? text : "", error))
        return FALSE;
    }
  self->builder = royal_table_builder_new ((const RoyalColumn *)(void *)self->columns->data, self->columns->len);
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonNode *node = json_array_get_element (rows, i);
      JsonArray *row = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
      if (row == NULL || json_array_get_length (row) != self->columns->len)
        return fail (self, i + 1, error, "expected an array of %u cells", self->columns->len);
      for (guint j = 0; j < self->columns->len; j++)
        if (!add_node (self, i + 1, j, json_array_get_element (row, j), error))
          return FALSE;
    }
  return TRUE;
}

int
rt_csv_from_json (JsonNode *node, const char *what, GError **error)
{
  g_return_val_if_fail (node != NULL, -1);
  g_return_val_if_fail (what != NULL, -1);

  g_auto (Maker) maker = { NULL };
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonArray *columns = royal_json_array (object, "columns");
  JsonArray *rows = royal_json_array (object, "rows");

  maker_init (&maker, what);
  if (columns == NULL || rows == NULL || json_array_get_length (columns) == 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: expected a table { \"columns\": [\"name:type\"], \"rows\": [[…]] }", what);
      return -1;
    }
  return read_json (&maker, columns, rows, error) ? royal_table_builder_seal (maker.builder, error) : -1;
}
