/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-recording.h"

#include "royal-json.h"
#include "royal-table-builder.h"

#include <string.h>

#define COLUMNS_MAX 100

GError *
rh_recording_error (JsonNode *recording)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (recording) ? json_node_get_object (recording) : NULL;
  JsonObject *error = royal_json_object (object, "error");

  if (error == NULL || json_object_get_size (object) != 1)
    return NULL;
  return g_error_new_literal (ROYAL_ERROR,
                              (gint)royal_error_code_from_name (royal_json_string (error, "code", "failed")),
                              royal_json_string (error, "message", "as the scenario has it"));
}

static gboolean
read_columns (JsonArray *names, RoyalColumn *columns, GPtrArray *owned, GError **error)
{
  static const struct {
    const char *name;
    RoyalColumnType type;
  } types[] = { { "int64", ROYAL_COLUMN_INT64 }, { "double", ROYAL_COLUMN_DOUBLE }, { "string", ROYAL_COLUMN_STRING } };

  for (guint i = 0; i < json_array_get_length (names); i++)
    {
      JsonNode *node = json_array_get_element (names, i);
      const char *text = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
      const char *colon = text != NULL ? strrchr (text, ':') : NULL;
      gboolean known = FALSE;

      for (guint k = 0; colon != NULL && k < G_N_ELEMENTS (types); k++)
        if (strcmp (types[k].name, colon + 1) == 0)
          {
            columns[i].type = types[k].type;
            known = TRUE;
          }
      if (!known)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "/columns/%u: expected NAME:TYPE with a type of int64, double, string", i);
          return FALSE;
        }
      g_ptr_array_add (owned, g_strndup (text, (gsize)(colon - text)));
      columns[i].name = owned->pdata[i];
    }
  return TRUE;
}

static gboolean
append (RoyalTableBuilder *builder, const RoyalColumn *columns, guint column, JsonNode *cell)
{
  GType type = JSON_NODE_HOLDS_VALUE (cell) ? json_node_get_value_type (cell) : G_TYPE_INVALID;
  gboolean number = type == G_TYPE_INT64 || type == G_TYPE_DOUBLE;

  if (JSON_NODE_HOLDS_NULL (cell))
    royal_table_builder_null (builder, column);
  else if (columns[column].type == ROYAL_COLUMN_INT64 && type == G_TYPE_INT64)
    royal_table_builder_int64 (builder, column, json_node_get_int (cell));
  else if (columns[column].type == ROYAL_COLUMN_DOUBLE && number)
    royal_table_builder_double (builder, column, json_node_get_double (cell));
  else if (columns[column].type == ROYAL_COLUMN_STRING && type == G_TYPE_STRING)
    royal_table_builder_string (builder, column, json_node_get_string (cell), strlen (json_node_get_string (cell)));
  else
    return FALSE;
  return TRUE;
}

static gboolean
append_rows (RoyalTableBuilder *builder, const RoyalColumn *columns, guint n, JsonArray *rows, GError **error)
{
  for (guint r = 0; r < json_array_get_length (rows); r++)
    {
      JsonNode *node = json_array_get_element (rows, r);
      JsonArray *row = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
      gboolean fits = row != NULL && json_array_get_length (row) == n;

      for (guint c = 0; fits && c < n; c++)
        fits = append (builder, columns, c, json_array_get_element (row, c));
      if (fits)
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/rows/%u: expected %u cells of the columns' types", r, n);
      return FALSE;
    }
  return TRUE;
}

int
rh_recording_table (JsonNode *recording, GError **error)
{
  JsonObject *object;
  JsonArray *names, *rows;
  g_autofree RoyalColumn *columns = g_new0 (RoyalColumn, COLUMNS_MAX);
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (RoyalTableBuilder) builder = NULL;
  guint n;

  g_return_val_if_fail (recording != NULL, -1);

  object = JSON_NODE_HOLDS_OBJECT (recording) ? json_node_get_object (recording) : NULL;
  names = royal_json_array (object, "columns");
  rows = royal_json_array (object, "rows");
  n = names != NULL ? json_array_get_length (names) : 0;
  if (rows == NULL || n == 0 || n > COLUMNS_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected a table: { \"columns\": […], \"rows\": […] }");
      return -1;
    }
  if (!read_columns (names, columns, owned, error))
    return -1;
  builder = royal_table_builder_new (columns, n);
  return append_rows (builder, columns, n, rows, error) ? royal_table_builder_seal (builder, error) : -1;
}
