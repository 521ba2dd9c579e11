/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-turn.h"

#include "royal-json.h"

#include <string.h>

/* Steps that wait: for people, for time, for events. */

static void
begin_nothing (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
}

static JsonNode *
simulated_result (void)
{
  g_autoptr (JsonObject) result = json_object_new ();

  json_object_set_boolean_member (result, "simulated", TRUE);
  return json_node_init_object (json_node_alloc (), result);
}

/* --- proposals ---------------------------------------------------------------------------------------------------- */

typedef enum { PROPOSAL_OPEN, PROPOSAL_EXECUTED, PROPOSAL_NOT_EXECUTED, PROPOSAL_REPLACED } ProposalEnd;

/* Whether the row's step was told that nothing follows this stale proposal. */
static gboolean
is_given_up (const RhTurnRow *row, const char *id)
{
  JsonArray *list = row->data != NULL && JSON_NODE_HOLDS_OBJECT (row->data)
                        ? royal_json_array (json_node_get_object (row->data), "stale")
                        : NULL;

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    if (strcmp (json_array_get_string_element (list, i), id) == 0)
      return TRUE;
  return FALSE;
}

static ProposalEnd
end_of (JsonObject *proposal, const RhTurnRow *row)
{
  static const char *const open[] = { "pending", "approved", "executing", "unknown", NULL };
  const char *state = royal_json_string (proposal, "state", "");

  if (royal_json_boolean (proposal, "followed", FALSE))
    return PROPOSAL_REPLACED;
  if (g_strv_contains (open, state) || royal_json_boolean (proposal, "revising", FALSE))
    return PROPOSAL_OPEN;
  if (strcmp (state, "stale") == 0 && !is_given_up (row, royal_json_string (proposal, "id", "")))
    return PROPOSAL_OPEN;
  return strcmp (state, "executed") == 0 ? PROPOSAL_EXECUTED : PROPOSAL_NOT_EXECUTED;
}

/* What has become of a step's proposals. */
typedef struct {
  guint executed;
  guint refused;
  JsonArray *open;
  JsonArray *ended;
} Proposals;

static void
count_proposal (Proposals *self, JsonObject *proposal, const RhTurnRow *row)
{
  ProposalEnd end = end_of (proposal, row);
  JsonObject *told;

  if (end == PROPOSAL_REPLACED)
    return;
  if (end == PROPOSAL_OPEN)
    {
      json_array_add_string_element (self->open, royal_json_string (proposal, "id", ""));
      return;
    }
  self->executed += end == PROPOSAL_EXECUTED;
  self->refused += end == PROPOSAL_NOT_EXECUTED;
  told = json_object_new ();
  json_object_set_string_member (told, "id", royal_json_string (proposal, "id", ""));
  json_object_set_string_member (told, "state", royal_json_string (proposal, "state", ""));
  json_array_add_object_element (self->ended, told);
}

/* Whether the row is of the step @id, or in it, as it is seen from @scope. */
static gboolean
is_of (RhTurn *turn, const RhTurnRow *row, const char *id, const RhScope *scope)
{
  const RhWorkflowStep *step = rh_workflow_find (turn->workflow, id);

  if (step == NULL || *row->path == '~' || !rh_workflow_step_is_within (row->step, step))
    return FALSE;
  for (; scope != NULL; scope = scope->outer)
    {
      g_autofree char *path = g_strconcat (scope->prefix, id, NULL);

      if (g_hash_table_contains (turn->rows, path))
        return g_str_has_prefix (row->path, scope->prefix);
    }
  return FALSE;
}

static void
count_proposals (RhTurn *turn, JsonArray *of, const RhScope *scope, Proposals *counts)
{
  JsonArray *proposals = royal_json_array (turn->run, "proposals");

  for (guint i = 0; proposals != NULL && i < json_array_get_length (proposals); i++)
    {
      JsonObject *proposal = json_array_get_object_element (proposals, i);
      gint64 id = royal_json_int (proposal, "step", 0);
      const RhTurnRow *row = g_hash_table_lookup (turn->by_id, &id);

      for (guint k = 0; row != NULL && k < json_array_get_length (of); k++)
        if (is_of (turn, row, json_array_get_string_element (of, k), scope))
          {
            count_proposal (counts, proposal, row);
            break;
          }
    }
}

/* --- approval ----------------------------------------------------------------------------------------------------- */

/* Says what it waits for, when that has changed. */
static void
wait_for_proposals (RhTurn *turn, RhTurnRow *row, JsonArray *open)
{
  JsonObject *what = json_object_new ();
  g_autoptr (JsonNode) node = NULL;

  json_object_set_string_member (what, "kind", "approval");
  json_object_set_array_member (what, "proposals", json_array_ref (open));
  node = json_node_init_object (json_node_alloc (), what);
  if (row->waits_for == NULL || !json_node_equal (node, row->waits_for))
    rh_turn_wait (turn, row, json_object_ref (what));
  json_object_unref (what);
}

static void
end_approval (RhTurn *turn, RhTurnRow *row, Proposals *counts)
{
  const char *need = royal_json_string (row->step->body, "need", "all");
  gboolean enough =
      strcmp (need, "none") == 0 || counts->refused == 0 || (strcmp (need, "any") == 0 && counts->executed > 0);
  JsonObject *result = json_object_new ();

  json_object_set_int_member (result, "executed", counts->executed);
  json_object_set_int_member (result, "not_executed", counts->refused);
  json_object_set_array_member (result, "proposals", json_array_ref (counts->ended));
  if (enough)
    rh_turn_complete (turn, row, json_node_init_object (json_node_alloc (), result));
  else
    {
      rh_turn_row_set (row, &row->result, json_node_init_object (json_node_alloc (), result));
      rh_turn_fail (turn, row,
                    rh_turn_error ("denied", "%u of %u proposals were not executed", counts->refused,
                                   counts->refused + counts->executed));
    }
  json_object_unref (result);
}

static void
go_on_approval (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  g_autoptr (JsonArray) open = json_array_new ();
  g_autoptr (JsonArray) ended = json_array_new ();
  Proposals counts = { .open = open, .ended = ended };
  const char *assumed = royal_json_string (royal_json_object (turn->assume, "choices"), row->step->id, "approve");

  count_proposals (turn, royal_json_array (row->step->body, "of"), scope, &counts);
  if (strcmp (assumed, "reject") == 0)
    rh_turn_fail (turn, row, rh_turn_error ("denied", "rejected, as the scenario has it"));
  else if (json_array_get_length (open) > 0)
    wait_for_proposals (turn, row, open);
  else
    end_approval (turn, row, &counts);
}

const RhTurnKind rh_turn_approval = { .begin = begin_nothing, .go_on = go_on_approval };

/* --- decide ------------------------------------------------------------------------------------------------------- */

static void
choose (RhTurn *turn, RhTurnRow *row, const char *choice, const char *by)
{
  JsonObject *result = json_object_new ();

  json_object_set_string_member (result, "choice", choice);
  json_object_set_string_member (result, "by", by);
  rh_turn_complete (turn, row, json_node_init_object (json_node_alloc (), result));
  json_object_unref (result);
}

static void
ask (RhTurn *turn, RhTurnRow *row, JsonObject *question, const RhScope *scope)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) text = rh_turn_fill (turn, scope, json_object_get_member (question, "question"), &error);
  JsonObject *what;

  if (text == NULL)
    {
      rh_turn_fail (turn, row, rh_turn_error_of (error));
      return;
    }
  what = json_object_new ();
  json_object_set_string_member (what, "kind", "choice");
  json_object_set_member (what, "question", g_steal_pointer (&text));
  json_object_set_member (what, "options", json_object_dup_member (question, "options"));
  if (json_object_has_member (question, "roles"))
    json_object_set_member (what, "roles", json_object_dup_member (question, "roles"));
  else
    {
      JsonArray *roles = json_array_new ();

      json_array_add_string_element (roles, "approver");
      json_object_set_array_member (what, "roles", roles);
    }
  rh_turn_wait (turn, row, what);
}

static void
begin_decide (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  const char *otherwise = royal_json_string (row->step->body, "otherwise", NULL);
  JsonObject *question = royal_json_object (row->step->body, "ask");
  const char *assumed = royal_json_string (royal_json_object (turn->assume, "choices"), row->step->id, otherwise);
  RhTurnView view = { turn, scope, NULL };

  for (guint i = 0; i < row->step->cases->len; i++)
    {
      const RhStepCase *of = row->step->cases->pdata[i];
      g_autofree char *fault = NULL;
      RhTruth truth = rh_workflow_condition_test (of->when, rh_turn_lookup, &view, &fault);

      if (truth == RH_TRUTH_ERROR)
        {
          rh_turn_fail (turn, row, rh_turn_error ("invalid", "cases/%u: when: %s", i, fault));
          return;
        }
      if (truth == RH_TRUTH_YES)
        {
          choose (turn, row, of->name, "workflow");
          return;
        }
    }
  if (question == NULL)
    choose (turn, row, otherwise, "workflow");
  else if (turn->assume == NULL)
    ask (turn, row, question, scope);
  else
    choose (turn, row,
            assumed != NULL ? assumed : json_array_get_string_element (royal_json_array (question, "options"), 0),
            "scenario");
}

static void
decide_late (RhTurn *turn, RhTurnRow *row)
{
  const char *otherwise = royal_json_string (row->step->body, "otherwise", NULL);

  if (otherwise != NULL)
    choose (turn, row, otherwise, "deadline");
  else
    rh_turn_fail (turn, row, rh_turn_error ("timeout", "nobody chose in time"));
}

const RhTurnKind rh_turn_decide = { .begin = begin_decide, .late = decide_late };

/* --- wait --------------------------------------------------------------------------------------------------------- */

/* When a wait for a time is over; 0 with @error set. */
static gint64
end_of_wait (RhTurn *turn, JsonObject *body, const RhScope *scope, GError **error)
{
  JsonNode *for_s = json_object_get_member (body, "for_s");
  g_autoptr (JsonNode) value =
      rh_turn_fill (turn, scope, for_s != NULL ? for_s : json_object_get_member (body, "until"), error);
  g_autoptr (GDateTime) time = NULL;
  double seconds;

  if (value == NULL)
    return 0;
  if (for_s != NULL)
    {
      seconds = JSON_NODE_HOLDS_VALUE (value) && json_node_get_value_type (value) != G_TYPE_STRING
                    ? json_node_get_double (value)
                    : -1;
      if (seconds >= 0 && seconds <= 31622400)
        return turn->now_us + (gint64)(seconds * G_USEC_PER_SEC) + 1;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "for_s: expected 0 to 31622400 seconds");
      return 0;
    }
  if (JSON_NODE_HOLDS_VALUE (value) && json_node_get_string (value) != NULL)
    time = g_date_time_new_from_iso8601 (json_node_get_string (value), NULL);
  if (time != NULL)
    return MAX (g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time), 1);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "until: expected a time with its zone");
  return 0;
}

static void
wait_for_time (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  g_autoptr (GError) error = NULL;
  JsonObject *what;

  row->due_us = end_of_wait (turn, row->step->body, scope, &error);
  if (row->due_us == 0)
    {
      rh_turn_fail (turn, row, rh_turn_error_of (error));
      return;
    }
  if (row->due_us <= turn->now_us)
    {
      rh_turn_complete (turn, row, NULL);
      return;
    }
  what = json_object_new ();
  json_object_set_string_member (what, "kind", "time");
  rh_turn_wait (turn, row, what);
}

static void
wait_for_event (RhTurn *turn, RhTurnRow *row, JsonObject *event, const RhScope *scope)
{
  JsonNode *subject = json_object_get_member (event, "subject");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) filled = subject != NULL ? rh_turn_fill (turn, scope, subject, &error) : NULL;
  JsonObject *what, *wait;

  if (subject != NULL && (filled == NULL || !JSON_NODE_HOLDS_VALUE (filled) || json_node_get_string (filled) == NULL))
    {
      rh_turn_fail (turn, row,
                    error != NULL ? rh_turn_error_of (error)
                                  : rh_turn_error ("invalid", "event/subject: expected a text"));
      return;
    }
  wait = json_object_new ();
  json_object_set_string_member (wait, "kind", royal_json_string (event, "kind", ""));
  json_object_set_string_member (wait, "since", royal_json_string (event, "since", "now"));
  if (filled != NULL)
    json_object_set_string_member (wait, "subject", json_node_get_string (filled));
  rh_turn_row_set (row, &row->event, json_node_init_object (json_node_alloc (), wait));
  what = json_object_new ();
  json_object_set_string_member (what, "kind", "event");
  json_object_set_object_member (what, "event", wait);
  rh_turn_wait (turn, row, what);
}

/* Which proposal is waited for is kept in data. */
static void
wait_for_proposal (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) id = rh_turn_fill (turn, scope, json_object_get_member (row->step->body, "approval"), &error);

  if (id != NULL && JSON_NODE_HOLDS_NULL (id))
    rh_turn_complete (turn, row, NULL);
  else if (id == NULL || !JSON_NODE_HOLDS_VALUE (id) || json_node_get_string (id) == NULL)
    rh_turn_fail (turn, row,
                  error != NULL ? rh_turn_error_of (error)
                                : rh_turn_error ("invalid", "approval: expected a proposal's id"));
  else
    rh_turn_row_set (row, &row->data, g_steal_pointer (&id));
}

static void
begin_wait (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  JsonObject *event = royal_json_object (row->step->body, "event");
  JsonObject *assumed = royal_json_object (royal_json_object (turn->assume, "events"), row->step->id);

  if (turn->assume != NULL)
    rh_turn_complete (turn, row,
                      assumed != NULL ? json_node_init_object (json_node_alloc (), assumed) : simulated_result ());
  else if (event != NULL)
    wait_for_event (turn, row, event, scope);
  else if (json_object_has_member (row->step->body, "approval"))
    wait_for_proposal (turn, row, scope);
  else
    wait_for_time (turn, row, scope);
}

/* (nullable): the proposal @id, or what has replaced it in the end. */
static JsonObject *
find_proposal (RhTurn *turn, const char *id)
{
  JsonArray *proposals = royal_json_array (turn->run, "proposals");
  JsonObject *found = NULL;

  /* In the order in which they were made: what replaces one comes after it. */
  for (guint i = 0; proposals != NULL && i < json_array_get_length (proposals); i++)
    {
      JsonObject *proposal = json_array_get_object_element (proposals, i);
      const char *of =
          found != NULL ? royal_json_string (proposal, "supersedes", "") : royal_json_string (proposal, "id", "");

      if (strcmp (of, found != NULL ? royal_json_string (found, "id", "") : id) == 0)
        found = proposal;
    }
  return found;
}

static void
go_on_wait (RhTurn *turn, RhTurnRow *row, const RhScope *scope)
{
  JsonObject *proposal;
  const RhTurnRow *maker;
  g_autoptr (JsonArray) open = NULL;
  gint64 step;

  if (!json_object_has_member (row->step->body, "approval"))
    return;
  proposal = find_proposal (turn, json_node_get_string (row->data));
  step = royal_json_int (proposal, "step", 0);
  maker = g_hash_table_lookup (turn->by_id, &step);
  if (proposal == NULL || maker == NULL)
    {
      rh_turn_fail (turn, row, rh_turn_error ("not-found", "approval: the run has made no such proposal"));
      return;
    }
  open = json_array_new ();
  json_array_add_string_element (open, royal_json_string (proposal, "id", ""));
  if (end_of (proposal, maker) == PROPOSAL_OPEN)
    wait_for_proposals (turn, row, open);
  else
    {
      JsonObject *result = json_object_new ();

      json_object_set_string_member (result, "proposal", royal_json_string (proposal, "id", ""));
      json_object_set_string_member (result, "state", royal_json_string (proposal, "state", ""));
      rh_turn_complete (turn, row, json_node_init_object (json_node_alloc (), result));
      json_object_unref (result);
    }
}

static void
wait_late (RhTurn *turn, RhTurnRow *row)
{
  JsonObject *body = row->step->body;

  if (json_object_has_member (body, "for_s") || json_object_has_member (body, "until"))
    rh_turn_complete (turn, row, NULL);
  else
    rh_turn_fail (turn, row,
                  rh_turn_error ("timeout", "it did not happen within %" G_GINT64_FORMAT " s", row->step->timeout_s));
}

const RhTurnKind rh_turn_pause = { .begin = begin_wait, .go_on = go_on_wait, .late = wait_late };
