/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-turn-place.h"

static int
compare_order (gconstpointer a, gconstpointer b)
{
  const RhTurnRow *x = *(RhTurnRow *const *)a, *y = *(RhTurnRow *const *)b;

  return (x->order < y->order) - (x->order > y->order);
}

/* (transfer container) (element-type RhTurnRow): what was completed and can be taken back, the last first. */
static GPtrArray *
list_completed (RhTurn *self)
{
  GPtrArray *list = g_ptr_array_new ();

  /* What ended in one turn is told apart by its place: the sort is stable over the reversed list. */
  for (guint i = self->order->len; i > 0; i--)
    {
      RhTurnRow *row = self->order->pdata[i - 1];

      if (*row->path != '~' && row->state == RH_ROW_COMPLETED && row->step->compensate != NULL)
        g_ptr_array_add (list, row);
    }
  g_ptr_array_sort (list, compare_order);
  return list;
}

gboolean
rh_turn_has_compensations (RhTurn *self)
{
  g_autoptr (GPtrArray) list = list_completed (self);

  return list->len > 0;
}

static RhTurnRow *
begin (RhTurn *self, RhTurnRow *of, const char *path)
{
  g_autoptr (GPtrArray) places = rh_turn_places (self, of->path);
  const RhTurnPlace *place = places->pdata[places->len - 1];
  RhTurnRow *row = rh_turn_begin (self, path, of->step->compensate);
  JsonObject *data = json_object_new ();

  json_object_set_string_member (data, "step", row->path);
  json_object_set_string_member (data, "kind", rh_step_kind_name (row->step->kind));
  rh_turn_tell (self, "workflow.step.started", data, FALSE);
  rh_turn_kind (row->step->kind)->begin (self, row, &place->scope);
  return row;
}

/* One after the other; one that fails does not keep those before it from being taken back. */
gboolean
rh_turn_compensate (RhTurn *self)
{
  g_autoptr (GPtrArray) list = list_completed (self);

  for (guint i = 0; i < list->len; i++)
    {
      RhTurnRow *of = list->pdata[i];
      g_autofree char *path = g_strconcat ("~", of->path, NULL);
      RhTurnRow *row = g_hash_table_lookup (self->rows, path);

      if (row == NULL)
        row = begin (self, of, path);
      if (rh_turn_row_is_active (row))
        return FALSE;
    }
  return TRUE;
}
