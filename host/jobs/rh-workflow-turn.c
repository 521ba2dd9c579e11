/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-turn.h"

#include "royal-json.h"

#include <string.h>

static RhWorkflowStep *
step_of_path (RhTurn *self, const char *path)
{
  const char *last = strrchr (path, '.');
  const char *id = last != NULL ? last + 1 : *path == '~' ? path + 1 : path;
  RhWorkflowStep *step = rh_workflow_find (self->workflow, id);

  return step != NULL && *path == '~' ? step->compensate : step;
}

static void
read_rows (RhTurn *self)
{
  JsonArray *steps = royal_json_array (self->run, "steps");

  self->rows = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)rh_turn_row_free);
  self->by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->order = g_ptr_array_new ();
  for (guint i = 0; steps != NULL && i < json_array_get_length (steps); i++)
    {
      JsonObject *object = json_array_get_object_element (steps, i);
      RhWorkflowStep *step = step_of_path (self, royal_json_string (object, "path", ""));
      RhTurnRow *row = step != NULL ? rh_turn_row_read (object, step) : NULL;

      if (row == NULL)
        continue;
      self->size += row->size;
      g_hash_table_replace (self->rows, row->path, row);
      g_hash_table_insert (self->by_id, &row->id, row);
      g_ptr_array_add (self->order, row);
    }
}

static void
clear_turn (RhTurn *self)
{
  g_ptr_array_unref (self->order);
  g_hash_table_unref (self->by_id);
  g_hash_table_unref (self->rows);
}

/* --- how it ends -------------------------------------------------------------------------------------------------- */

/* (transfer full): the error of the run: that of the step which failed, with its name. */
static JsonNode *
run_error (RhTurn *self)
{
  g_autoptr (JsonObject) error = json_object_new ();
  JsonObject *of =
      self->failed != NULL && self->failed->error != NULL ? json_node_get_object (self->failed->error) : NULL;

  json_object_set_string_member (error, "code", royal_json_string (of, "code", "failed"));
  json_object_set_string_member (error, "message", royal_json_string (of, "message", "it failed"));
  if (self->failed != NULL)
    json_object_set_string_member (error, "step", royal_json_string (of, "step", self->failed->path));
  return json_node_init_object (json_node_alloc (), error);
}

typedef struct {
  const char *state;
  JsonNode *result; /* (nullable) */
  JsonNode *error;  /* (nullable) */
} Outcome;

/* Something failed, or a person wants it to end: what was done is taken back first, where that is declared. */
static Outcome
end_badly (RhTurn *self, const char *state, JsonNode *error, gboolean compensate)
{
  Outcome outcome = { state, NULL, error };

  rh_turn_cancel_within (self, NULL, "");
  if (compensate && rh_turn_has_compensations (self))
    {
      rh_turn_tell (self, "workflow.compensating", NULL, TRUE);
      if (!rh_turn_compensate (self))
        outcome.state = "compensating";
    }
  return outcome;
}

static Outcome
end_well (RhTurn *self)
{
  static const RhScope outermost = { NULL, "", NULL, 0 };
  JsonNode *wanted = rh_workflow_result (self->workflow);
  Outcome outcome = { "completed", NULL, NULL };
  g_autoptr (GError) error = NULL;

  if (self->end != NULL)
    outcome.result = self->end->result != NULL ? json_node_ref (self->end->result) : NULL;
  else if (wanted != NULL)
    outcome.result = rh_turn_fill (self, &outermost, wanted, &error);
  else
    outcome.result = rh_turn_last_result (self, rh_workflow_steps (self->workflow), &outermost);
  if (error != NULL)
    return end_badly (self, "failed", rh_turn_error_of (error), TRUE);
  rh_turn_cancel_within (self, NULL, "");
  return outcome;
}

static gboolean
only_waits (RhTurn *self)
{
  gboolean waits = FALSE;

  for (guint i = 0; i < self->order->len; i++)
    {
      const RhTurnRow *row = self->order->pdata[i];

      if (row->state == RH_ROW_WAITING)
        waits = TRUE;
      else if (row->state == RH_ROW_RUNNING && !rh_workflow_step_is_group (row->step))
        return FALSE;
    }
  return waits;
}

/* It is taken back as far as it can be: the error says how much could not. */
static Outcome
end_compensation (RhTurn *self)
{
  JsonNode *error = json_object_get_member (self->run, "error");
  Outcome outcome = { "cancelled", NULL, NULL };
  gint64 n = 0;

  if (error != NULL && JSON_NODE_HOLDS_OBJECT (error))
    {
      outcome.state = "failed";
      outcome.error = json_node_copy (error);
    }
  for (guint i = 0; i < self->order->len; i++)
    {
      const RhTurnRow *row = self->order->pdata[i];

      n += *row->path == '~' && row->state == RH_ROW_FAILED;
    }
  if (n > 0 && outcome.error == NULL)
    outcome.error = rh_turn_error ("failed", "not everything could be taken back");
  if (n > 0)
    json_object_set_int_member (json_node_get_object (outcome.error), "not_compensated", n);
  return outcome;
}

static Outcome
go_on (RhTurn *self)
{
  static const RhScope outermost = { NULL, "", NULL, 0 };
  JsonObject *stop = royal_json_object (self->run, "stop");
  JsonNode *error = json_object_get_member (self->run, "error");
  Outcome outcome = { "running", NULL, NULL };

  if (strcmp (royal_json_string (self->run, "state", ""), "compensating") == 0)
    {
      if (rh_turn_compensate (self))
        return end_compensation (self);
      outcome.error = error != NULL && !JSON_NODE_HOLDS_NULL (error) ? json_node_ref (error) : NULL;
      outcome.state = "compensating";
      return outcome;
    }
  if (stop != NULL)
    return end_badly (self, "cancelled", NULL, royal_json_boolean (stop, "compensate", FALSE));
  switch (rh_turn_walk (self, rh_workflow_steps (self->workflow), &outermost))
    {
    case RH_TURN_FAILED:
      return end_badly (self, "failed", run_error (self), TRUE);
    case RH_TURN_DONE:
      return end_well (self);
    case RH_TURN_BUSY:
    default:
      if (self->over)
        return self->end->state == RH_ROW_FAILED ? end_badly (self, "failed", run_error (self), TRUE) : end_well (self);
      outcome.state = only_waits (self) ? "waiting" : "running";
      return outcome;
    }
}

/* --- what is committed -------------------------------------------------------------------------------------------- */

static gint64
next_due (RhTurn *self)
{
  gint64 due = 0;

  for (guint i = 0; i < self->order->len; i++)
    {
      const RhTurnRow *row = self->order->pdata[i];

      if (rh_turn_row_is_active (row) && row->due_us > 0 && (due == 0 || row->due_us < due))
        due = row->due_us;
    }
  return due;
}

static void
tell_outcome (RhTurn *self, const Outcome *outcome)
{
  g_autofree char *kind = g_strconcat ("workflow.", outcome->state, NULL);
  JsonObject *data;

  if (strcmp (outcome->state, "completed") != 0 && strcmp (outcome->state, "failed") != 0 &&
      strcmp (outcome->state, "cancelled") != 0)
    return;
  data = json_object_new ();
  if (outcome->error != NULL)
    json_object_set_member (data, "error", json_node_ref (outcome->error));
  rh_turn_tell (self, kind, data, TRUE);
}

static JsonNode *
write_turn (RhTurn *self, Outcome *outcome)
{
  g_autoptr (JsonObject) turn = json_object_new ();
  JsonArray *steps = json_array_new ();
  JsonObject *stop = royal_json_object (self->run, "stop");

  json_object_set_int_member (turn, "ws", royal_json_int (self->run, "ws", 0));
  json_object_set_int_member (turn, "id", royal_json_int (self->run, "id", 0));
  json_object_set_int_member (turn, "version", royal_json_int (self->run, "version", 0));
  json_object_set_string_member (turn, "state", outcome->state);
  if (outcome->result != NULL)
    json_object_set_member (turn, "result", outcome->result);
  if (outcome->error != NULL)
    json_object_set_member (turn, "error", outcome->error);
  if (next_due (self) > 0)
    json_object_set_int_member (turn, "due_us", next_due (self));
  for (guint i = 0; i < self->order->len; i++)
    if (((RhTurnRow *)self->order->pdata[i])->changed)
      json_array_add_object_element (steps, rh_turn_row_write (self->order->pdata[i]));
  json_object_set_array_member (turn, "steps", steps);
  json_object_set_array_member (turn, "consumed", self->consumed);
  json_object_set_array_member (turn, "cancel_jobs", self->cancel_jobs);
  json_object_set_array_member (turn, "cancel_runs", self->cancel_runs);
  json_object_set_boolean_member (turn, "compensate_runs",
                                  stop == NULL || royal_json_boolean (stop, "compensate", FALSE));
  json_object_set_array_member (turn, "events", self->events);
  return json_node_init_object (json_node_alloc (), turn);
}

JsonNode *
rh_workflow_turn (RhWorkflow *workflow, JsonObject *snapshot, const RhTurnHost *host)
{
  RhTurn self = { .workflow = workflow, .run = snapshot, .host = host };
  Outcome outcome;
  JsonNode *turn;

  g_return_val_if_fail (workflow != NULL && snapshot != NULL && host != NULL, NULL);

  self.assume = royal_json_object (snapshot, "simulate");
  self.now_us = royal_json_int (snapshot, "now_us", 0);
  self.consumed = json_array_new ();
  self.events = json_array_new ();
  self.cancel_jobs = json_array_new ();
  self.cancel_runs = json_array_new ();
  read_rows (&self);
  rh_turn_take_inbox (&self);
  outcome = go_on (&self);
  tell_outcome (&self, &outcome);
  turn = write_turn (&self, &outcome);
  clear_turn (&self);
  return turn;
}
