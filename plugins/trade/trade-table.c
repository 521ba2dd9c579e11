/* SPDX-License-Identifier: Apache-2.0 */
#include "trade-table.h"

#include <math.h>
#include <string.h>

RoyalTable *
trade_table_read (RoyalRun *run,
                  const char *resource,
                  JsonObject *parameters,
                  const TradeColumn *columns,
                  guint n,
                  gint *ret_places,
                  GError **error)
{
  g_autoptr (RoyalTable) table = royal_run_read (run, resource, parameters, error);

  if (table == NULL)
    return NULL;
  for (guint i = 0; i < n; i++)
    {
      ret_places[i] = royal_table_find (table, columns[i].name);
      if (ret_places[i] < 0 ? !columns[i].required
                            : royal_table_column_type (table, (guint)ret_places[i]) == columns[i].type)
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   ret_places[i] < 0 ? "%s: expected a column %s" : "%s: column %s: expected another type", resource,
                   columns[i].name);
      return NULL;
    }
  return g_steal_pointer (&table);
}

char *
trade_table_text (const RoyalTable *table, gint column, guint64 row)
{
  gsize length = 0;
  const char *text = column >= 0 ? royal_table_string (table, (guint)column, row, &length) : NULL;

  return text != NULL ? g_strndup (text, length) : g_strdup ("");
}

double
trade_table_figure (const RoyalTable *table, gint column, guint64 row)
{
  if (column < 0 || royal_table_is_null (table, (guint)column, row))
    return NAN;
  if (royal_table_column_type (table, (guint)column) == ROYAL_COLUMN_INT64)
    return (double)royal_table_int64 (table, (guint)column)[row];
  return royal_table_double (table, (guint)column)[row];
}

gboolean
trade_table_is (const RoyalTable *table, gint column, guint64 row, const char *text)
{
  gsize length = 0;
  const char *cell = column >= 0 ? royal_table_string (table, (guint)column, row, &length) : NULL;

  return cell != NULL && length == strlen (text) && memcmp (cell, text, length) == 0;
}

gboolean
trade_cents (const char *text, gint64 *ret_cents)
{
  gsize whole = strspn (text, "0123456789");
  gsize decimals = text[whole] == '.' ? strspn (text + whole + 1, "0123456789") : 0;

  if (whole < 1 || whole > 9 || decimals > 2 || (text[whole] == '.' && decimals == 0) ||
      text[whole + (text[whole] == '.' ? 1 + decimals : 0)] != '\0')
    return FALSE;
  *ret_cents = g_ascii_strtoll (text, NULL, 10) * 100;
  if (decimals > 0)
    *ret_cents += g_ascii_strtoll (text + whole + 1, NULL, 10) * (decimals == 1 ? 10 : 1);
  return TRUE;
}

gboolean
trade_input_cents (JsonObject *input, const char *name, gint64 *ret_cents, GError **error)
{
  const char *text = json_object_get_string_member_with_default (input, name, "");

  if (trade_cents (text, ret_cents))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/%s: expected an amount such as 89.90, found `%.40s`", name,
               text);
  return FALSE;
}

double
trade_rounded (double value)
{
  return round (value * 1e4) / 1e4;
}

int
trade_percent (double share)
{
  return (int)lround (CLAMP (share, -100, 100) * 100);
}

JsonNode *
trade_node (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

JsonArray *
trade_texts (const GPtrArray *texts)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < texts->len; i++)
    json_array_add_string_element (array, texts->pdata[i]);
  return array;
}
