/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-item.h"

#include "rh-merkle.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define PREVIEW_MAX 20

RhItem *
rh_item_new (guint number, const char *target, JsonObject *parameters)
{
  RhItem *self;

  g_return_val_if_fail (target != NULL && parameters != NULL, NULL);

  self = g_new0 (RhItem, 1);
  self->number = number;
  self->target = g_strdup (target);
  self->parameters = json_object_ref (parameters);
  return self;
}

void
rh_item_free (RhItem *self)
{
  if (self == NULL)
    return;
  g_free (self->target);
  json_object_unref (self->parameters);
  g_clear_pointer (&self->receipt, json_object_unref);
  g_clear_pointer (&self->approved, json_node_unref);
  rh_assessment_free (self->assessment);
  g_free (self);
}

gboolean
rh_item_check_target (const char *target, const char *pointer, GError **error)
{
  g_return_val_if_fail (target != NULL && pointer != NULL, FALSE);

  for (const char *at = target; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      /* Embeddings, overrides and isolates of the bidirectional algorithm. */
      if (g_unichar_isprint (c) && !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069))
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "proposal: %s: expected printable text, found U+%04X",
                   pointer, (guint)c);
      return FALSE;
    }
  return TRUE;
}

JsonObject *
rh_item_row (const RhItem *self)
{
  JsonObject *row = json_object_new ();
  const struct {
    const char *name;
    JsonNode *node;
  } members[] = { { "before", self->assessment->before },
                  { "facts", self->assessment->facts },
                  { "preview", self->assessment->preview } };

  json_object_set_int_member (row, "item", self->number);
  json_object_set_string_member (row, "target", self->target);
  json_object_set_object_member (row, "parameters", json_object_ref (self->parameters));
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    json_object_set_member (row, members[i].name,
                            members[i].node != NULL ? json_node_copy (members[i].node)
                                                    : json_node_new (JSON_NODE_NULL));
  return row;
}

static RhMerkle
leaf_of (JsonObject *row)
{
  static const char *const members[] = { "item", "target", "parameters", "before", "facts" };
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *leaf = json_object_new ();
  g_autofree char *text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      JsonNode *member = json_object_get_member (row, members[i]);

      json_object_set_member (leaf, members[i],
                              member != NULL ? json_node_copy (member) : json_node_new (JSON_NODE_NULL));
    }
  json_node_take_object (node, leaf);
  text = royal_json_canonical (node);
  return rh_merkle_leaf (text, strlen (text));
}

char *
rh_items_root (JsonArray *rows)
{
  g_autoptr (GArray) leaves = NULL;
  RhMerkle root;

  g_return_val_if_fail (rows != NULL, NULL);

  leaves = g_array_new (FALSE, FALSE, sizeof (RhMerkle));
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      RhMerkle leaf = leaf_of (json_array_get_object_element (rows, i));

      g_array_append_val (leaves, leaf);
    }
  root = rh_merkle_root ((const RhMerkle *)(void *)leaves->data, leaves->len);
  return rh_merkle_hex (&root);
}

/* --- Totals ------------------------------------------------------------------------------------------------------- */

static gboolean
is_number (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) &&
         (json_node_get_value_type (node) == G_TYPE_INT64 || json_node_get_value_type (node) == G_TYPE_DOUBLE);
}

static JsonObject *
facts_of (const RhItem *item)
{
  return json_node_get_object (item->assessment->facts);
}

/* Whole numbers stay whole: for as long as the sum fits. */
typedef struct {
  gboolean whole;
  gint64 sum_int;
  double sum, min, max;
} Total;

static void
total_add (Total *self, JsonNode *node)
{
  double value = json_node_get_double (node);

  self->whole = self->whole && json_node_get_value_type (node) == G_TYPE_INT64 &&
                !__builtin_add_overflow (self->sum_int, json_node_get_int (node), &self->sum_int);
  self->sum += value;
  self->min = MIN (self->min, value);
  self->max = MAX (self->max, value);
}

static void
put_number (JsonObject *totals, const char *name, const char *what, gboolean whole, gint64 whole_value, double value)
{
  g_autofree char *full = g_strconcat (name, what, NULL);

  if (whole)
    json_object_set_int_member (totals, full, whole_value);
  else
    json_object_set_double_member (totals, full, value);
}

static void
put_total (JsonObject *totals, GPtrArray *items, const char *name)
{
  Total total = { .whole = TRUE, .min = G_MAXDOUBLE, .max = -G_MAXDOUBLE };
  gboolean whole_ends;

  for (guint i = 0; i < items->len; i++)
    {
      JsonNode *node = json_object_get_member (facts_of (items->pdata[i]), name);

      if (!is_number (node))
        return;
      total_add (&total, node);
    }
  whole_ends = total.whole && total.min > -9e15 && total.max < 9e15;
  put_number (totals, name, "_sum", total.whole, total.sum_int, total.sum);
  put_number (totals, name, "_min", whole_ends, (gint64)total.min, total.min);
  put_number (totals, name, "_max", whole_ends, (gint64)total.max, total.max);
}

JsonObject *
rh_items_totals (GPtrArray *items)
{
  JsonObject *totals = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  g_return_val_if_fail (items != NULL && items->len > 0, totals);

  json_object_iter_init_ordered (&iter, facts_of (items->pdata[0]));
  while (json_object_iter_next_ordered (&iter, &name, &value))
    if (is_number (value))
      put_total (totals, items, name);
  json_object_set_int_member (totals, "items", items->len);
  return totals;
}

JsonNode *
rh_items_preview (GPtrArray *items, const char *title)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *preview = json_object_new ();
  JsonArray *changes = json_array_new ();
  g_autofree char *summary = g_strdup_printf ("%s: %u items", title, items->len);

  for (guint i = 0; i < MIN (items->len, PREVIEW_MAX); i++)
    {
      const RhItem *item = items->pdata[i];
      JsonObject *shown = json_node_get_object (item->assessment->preview);
      JsonArray *list = royal_json_array (shown, "changes");
      JsonObject *first =
          list != NULL && json_array_get_length (list) == 1 ? json_array_get_object_element (list, 0) : NULL;
      JsonObject *change = json_object_new ();

      json_object_set_string_member (change, "label", item->target);
      if (first != NULL && json_object_has_member (first, "before") && json_object_has_member (first, "after"))
        {
          json_object_set_member (change, "before", json_object_dup_member (first, "before"));
          json_object_set_member (change, "after", json_object_dup_member (first, "after"));
        }
      else
        json_object_set_string_member (change, "after", royal_json_string (shown, "summary", ""));
      json_array_add_object_element (changes, change);
    }
  json_object_set_string_member (preview, "summary", summary);
  json_object_set_array_member (preview, "changes", changes);
  json_node_take_object (node, preview);
  return node;
}
