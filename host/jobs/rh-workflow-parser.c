/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-workflow-parser.h"

#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define STEPS_MAX 1000

typedef struct {
  const char *what;
  RhWorkflowParts *parts;
} Parser;

/* What can be looked at from a place. */
typedef struct {
  Parser *parser;
  GHashTable *steps; /* ids of steps that come before it */
  gboolean in_map;
  gboolean event;
} View;

static GPtrArray *parse_steps (View *view,
                               JsonArray *array,
                               const char *pointer,
                               RhWorkflowStep *parent,
                               gboolean *ret_ends,
                               GError **error);

void
rh_workflow_parts_clear (RhWorkflowParts *self)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->by_id, g_hash_table_unref);
  g_clear_pointer (&self->all, g_ptr_array_unref);
  g_clear_pointer (&self->steps, g_ptr_array_unref);
}

static gboolean G_GNUC_PRINTF (4, 5) refuse (Parser *self, GError **error, const char *pointer, const char *format, ...)
{
  g_autofree char *expected = NULL;
  va_list args;

  va_start (args, format);
  expected = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s: expected %s", self->what, pointer, expected);
  return FALSE;
}

/* --- references --------------------------------------------------------------------------------------------------- */

static gboolean
check_step_reference (View *view, GStrv parts, const char *reference, const char *pointer, GError **error)
{
  static const char *const members[] = { "result", "error", "state", NULL };

  if (parts[1] == NULL || parts[2] == NULL || !g_strv_contains (members, parts[2]))
    return refuse (view->parser, error, pointer, "$.steps.ID.result, .error or .state, found \"%s\"", reference);
  if (g_hash_table_contains (view->steps, parts[1]))
    return TRUE;
  return refuse (view->parser, error, pointer, "a step that has ended before this one begins, found \"%s\"", parts[1]);
}

static gboolean
check_reference (const char *reference, const char *pointer, gpointer data, GError **error)
{
  static const char *const run_members[] = { "id", "workflow", "started_at", "started_by", NULL };
  View *view = data;
  gboolean optional;
  g_auto (GStrv) parts = rh_reference_parse (reference, &optional);

  if (parts == NULL)
    return refuse (view->parser, error, pointer, "a reference such as $.input.season, found \"%s\"", reference);
  if (strcmp (parts[0], "steps") == 0)
    return check_step_reference (view, parts, reference, pointer, error);
  if (strcmp (parts[0], "input") == 0 || (view->event && strcmp (parts[0], "event") == 0))
    return TRUE;
  if (view->in_map && (strcmp (parts[0], "item") == 0 || (strcmp (parts[0], "index") == 0 && parts[1] == NULL)))
    return TRUE;
  if (strcmp (parts[0], "run") == 0 && parts[1] != NULL && g_strv_contains (run_members, parts[1]) && parts[2] == NULL)
    return TRUE;
  return refuse (view->parser, error, pointer, "$.input, $.steps, $.run.id%s%s, found \"%s\"",
                 view->in_map ? ", $.item, $.index" : "", view->event ? ", $.event" : "", reference);
}

/* A member with references, if it is there. */
static gboolean
check_member (View *view, JsonObject *body, const char *name, const char *pointer, GError **error)
{
  JsonNode *node = json_object_get_member (body, name);
  g_autofree char *place = g_strconcat (pointer, "/", name, NULL);

  return node == NULL || rh_reference_visit (node, place, check_reference, view, error);
}

/* (transfer full): the condition in @member; NULL with @error set. */
static RhWorkflowCondition *
parse_condition (View *view, JsonObject *object, const char *member, const char *pointer, GError **error)
{
  g_autofree char *place = g_strconcat (pointer, "/", member, NULL);
  g_autoptr (RhWorkflowCondition) condition =
      rh_workflow_condition_new (json_object_get_member (object, member), view->parser->what, place, error);
  GPtrArray *references = condition != NULL ? rh_workflow_condition_references (condition) : NULL;

  for (guint i = 0; references != NULL && i < references->len; i++)
    if (!check_reference (references->pdata[i], place, view, error))
      return NULL;
  return g_steal_pointer (&condition);
}

/* --- what steps do ------------------------------------------------------------------------------------------------ */

typedef gboolean (
    *BodyParser) (View *view, RhWorkflowStep *step, const char *pointer, gboolean *ret_ends, GError **error);

/* A list below a step, seen from there: what it adds to the view stays in the list's own. */
static gboolean
parse_list (View *view,
            RhWorkflowStep *step,
            JsonArray *array,
            const char *pointer,
            const char *name,
            RhWorkflowCondition *when,
            GHashTable *ret_known,
            gboolean *ret_ends,
            GError **error)
{
  View inner = { view->parser, g_hash_table_new (g_str_hash, g_str_equal), view->in_map || step->kind == RH_STEP_MAP,
                 FALSE };
  g_autoptr (GHashTable) known = inner.steps;
  g_autoptr (GPtrArray) steps = NULL;
  RhStepCase *made = rh_step_case_new (name, when, NULL);
  GHashTableIter iter;
  gpointer id;

  g_ptr_array_add (step->cases, made);
  g_hash_table_iter_init (&iter, view->steps);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_hash_table_add (known, id);
  made->steps = parse_steps (&inner, array, pointer, step, ret_ends, error);
  if (made->steps == NULL)
    return FALSE;
  g_hash_table_iter_init (&iter, known);
  while (ret_known != NULL && g_hash_table_iter_next (&iter, &id, NULL))
    g_hash_table_add (ret_known, id);
  return TRUE;
}

static void
learn (View *view, GHashTable *known)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, known);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_hash_table_add (view->steps, id);
}

static gboolean
parse_task (View *view, RhWorkflowStep *step, const char *pointer, gboolean *ret_ends, GError **error)
{
  const char *input = royal_json_string (step->body, "input", NULL);
  g_autofree char *place = g_strconcat (pointer, "/input", NULL);

  if (input != NULL && !rh_reference_is (input))
    return refuse (view->parser, error, place, "an object or a reference to one");
  return check_member (view, step->body, "input", pointer, error);
}

static gboolean
parse_approval (View *view, RhWorkflowStep *step, const char *pointer, gboolean *ret_ends, GError **error)
{
  JsonArray *of = royal_json_array (step->body, "of");

  for (guint i = 0; i < json_array_get_length (of); i++)
    {
      const char *id = json_array_get_string_element (of, i);
      RhWorkflowStep *made = g_hash_table_lookup (view->parser->parts->by_id, id);

      if (!g_hash_table_contains (view->steps, id) || made == NULL ||
          (made->kind != RH_STEP_TASK && !rh_workflow_step_is_group (made)))
        {
          g_autofree char *place = g_strdup_printf ("%s/of/%u", pointer, i);

          return refuse (view->parser, error, place,
                         "a task, parallel, map or branch that ends before this step, found \"%s\"", id);
        }
    }
  return TRUE;
}

static gboolean
parse_decide (View *view, RhWorkflowStep *step, const char *pointer, gboolean *ret_ends, GError **error)
{
  JsonArray *cases = royal_json_array (step->body, "cases");
  JsonObject *ask = royal_json_object (step->body, "ask");
  g_autofree char *ask_pointer = g_strconcat (pointer, "/ask", NULL);

  for (guint i = 0; cases != NULL && i < json_array_get_length (cases); i++)
    {
      JsonObject *object = json_array_get_object_element (cases, i);
      g_autofree char *place = g_strdup_printf ("%s/cases/%u", pointer, i);
      RhWorkflowCondition *when = parse_condition (view, object, "when", place, error);

      if (when == NULL)
        return FALSE;
      g_ptr_array_add (step->cases, rh_step_case_new (royal_json_string (object, "choice", ""), when, NULL));
    }
  if (ask == NULL && !json_object_has_member (step->body, "otherwise"))
    return refuse (view->parser, error, pointer, "ask or otherwise: no case might hold");
  return ask == NULL || check_member (view, ask, "question", ask_pointer, error);
}

static gboolean
parse_parallel (View *view, RhWorkflowStep *step, const char *pointer, gboolean *ret_ends, GError **error)
{
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  JsonObjectIter iter;
  const char *name;
  JsonNode *list;

  json_object_iter_init_ordered (&iter, step->body);
  while (json_object_iter_next_ordered (&iter, &name, &list))
    {
      g_autofree char *place = g_strconcat (pointer, "/", name, NULL);
      gboolean ends = FALSE;

      if (!parse_list (view, step, json_node_get_array (list), place, name, NULL, known, &ends, error))
        return FALSE;
      *ret_ends = *ret_ends || ends;
    }
  learn (view, known);
  return TRUE;
}

static gboolean
parse_map (View *view, RhWorkflowStep *step, const char *pointer, gboolean *ret_ends, GError **error)
{
  JsonNode *over = json_object_get_member (step->body, "over");
  g_autofree char *place = g_strconcat (pointer, "/over", NULL);
  g_autofree char *below = g_strconcat (pointer, "/steps", NULL);
  const char *text = JSON_NODE_HOLDS_VALUE (over) ? json_node_get_string (over) : NULL;
  gboolean ends = FALSE;

  if (!JSON_NODE_HOLDS_ARRAY (over) && (text == NULL || !rh_reference_is (text)))
    return refuse (view->parser, error, place, "an array or a reference to one");
  /* What is in it has no one result outside of it, and an end in it need not be reached. */
  return check_member (view, step->body, "over", pointer, error) &&
         parse_list (view, step, royal_json_array (step->body, "steps"), below, "", NULL, NULL, &ends, error);
}

static gboolean
parse_event (View *view, RhWorkflowStep *step, const char *pointer, GError **error)
{
  JsonObject *event = royal_json_object (step->body, "event");
  g_autofree char *place = g_strconcat (pointer, "/event", NULL);
  View inner = { view->parser, view->steps, view->in_map, TRUE };
  RhWorkflowCondition *where;

  if (event == NULL)
    return TRUE;
  if (!check_member (view, event, "subject", place, error))
    return FALSE;
  if (!json_object_has_member (event, "where"))
    return TRUE;
  where = parse_condition (&inner, event, "where", place, error);
  if (where == NULL)
    return FALSE;
  g_ptr_array_add (step->cases, rh_step_case_new ("", where, NULL));
  return TRUE;
}

static gboolean
parse_wait (View *view, RhWorkflowStep *step, const char *pointer, gboolean *ret_ends, GError **error)
{
  static const char *const members[] = { "for_s", "until", "approval" };
  const char *until = royal_json_string (step->body, "until", NULL);
  const char *for_s = royal_json_string (step->body, "for_s", NULL);
  const char *approval = royal_json_string (step->body, "approval", NULL);
  g_autofree char *place = g_strconcat (pointer,
                                        until != NULL   ? "/until"
                                        : for_s != NULL ? "/for_s"
                                                        : "/approval",
                                        NULL);
  g_autoptr (GDateTime) time = until != NULL ? g_date_time_new_from_iso8601 (until, NULL) : NULL;

  if (until != NULL && time == NULL && !rh_reference_is (until))
    return refuse (view->parser, error, place, "a time with its zone, such as 2026-01-31T06:00:00Z, or a reference");
  if ((for_s != NULL && !rh_reference_is (for_s)) || (approval != NULL && !rh_reference_is (approval)))
    return refuse (view->parser, error, place, "a %sreference", for_s != NULL ? "number or a " : "");
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (!check_member (view, step->body, members[i], pointer, error))
      return FALSE;
  return parse_event (view, step, pointer, error);
}

static gboolean
parse_branch (View *view, RhWorkflowStep *step, const char *pointer, gboolean *ret_ends, GError **error)
{
  JsonArray *cases = royal_json_array (step->body, "cases");
  JsonArray *otherwise = royal_json_array (step->body, "otherwise");
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *last = g_strconcat (pointer, "/otherwise", NULL);
  gboolean all_end = otherwise != NULL;
  gboolean ends = FALSE;

  for (guint i = 0; i < json_array_get_length (cases); i++)
    {
      JsonObject *object = json_array_get_object_element (cases, i);
      g_autofree char *place = g_strdup_printf ("%s/cases/%u", pointer, i);
      g_autofree char *below = g_strconcat (place, "/steps", NULL);
      RhWorkflowCondition *when = parse_condition (view, object, "when", place, error);

      if (when == NULL ||
          !parse_list (view, step, royal_json_array (object, "steps"), below, "", when, known, &ends, error))
        return FALSE;
      all_end = all_end && ends;
    }
  if (otherwise != NULL && !parse_list (view, step, otherwise, last, "", NULL, known, &ends, error))
    return FALSE;
  learn (view, known);
  *ret_ends = all_end && ends;
  return TRUE;
}

static gboolean
parse_end (View *view, RhWorkflowStep *step, const char *pointer, gboolean *ret_ends, GError **error)
{
  *ret_ends = TRUE;
  return check_member (view, step->body, "message", pointer, error) &&
         check_member (view, step->body, "result", pointer, error);
}

static const BodyParser body_parsers[RH_STEP_N] = {
  [RH_STEP_TASK] = parse_task,         [RH_STEP_APPROVAL] = parse_approval, [RH_STEP_DECIDE] = parse_decide,
  [RH_STEP_PARALLEL] = parse_parallel, [RH_STEP_MAP] = parse_map,           [RH_STEP_WAIT] = parse_wait,
  [RH_STEP_BRANCH] = parse_branch,     [RH_STEP_CALL] = parse_task,         [RH_STEP_END] = parse_end,
};

/* --- steps -------------------------------------------------------------------------------------------------------- */

/* What the step does; RH_STEP_N when it is not one thing. */
static RhStepKind
kind_of (JsonObject *object)
{
  RhStepKind kind = RH_STEP_N;

  for (guint i = 0; i < RH_STEP_N; i++)
    if (json_object_has_member (object, rh_step_kind_name (i)))
      {
        if (kind != RH_STEP_N)
          return RH_STEP_N;
        kind = i;
      }
  return kind;
}

/* A task or call that takes @step back, which it may look at. */
static gboolean
parse_compensate (View *view, RhWorkflowStep *step, JsonObject *object, const char *pointer, GError **error)
{
  JsonObject *compensate = royal_json_object (object, "compensate");
  g_autofree char *place = g_strconcat (pointer, "/compensate", NULL);
  g_autofree char *body_place = NULL;
  RhStepKind kind;
  gboolean ends;

  if (compensate == NULL)
    return TRUE;
  kind = kind_of (compensate);
  g_assert (kind == RH_STEP_TASK || kind == RH_STEP_CALL);
  body_place = g_strconcat (place, "/", rh_step_kind_name (kind), NULL);
  step->compensate = rh_workflow_step_new (step->id, kind, royal_json_object (compensate, rh_step_kind_name (kind)),
                                           place, step->parent);
  g_ptr_array_add (view->parser->parts->all, step->compensate);
  return body_parsers[kind](view, step->compensate, body_place, &ends, error);
}

static RhWorkflowStep *
parse_step (View *view,
            JsonObject *object,
            const char *pointer,
            RhWorkflowStep *parent,
            gboolean *ret_ends,
            GError **error)
{
  RhWorkflowParts *parts = view->parser->parts;
  const char *id = royal_json_string (object, "id", "");
  RhStepKind kind = kind_of (object);
  g_autoptr (RhWorkflowStep) step = NULL;
  g_autofree char *id_place = g_strconcat (pointer, "/id", NULL);
  g_autofree char *place = NULL;

  if (kind == RH_STEP_N)
    refuse (view->parser, error, pointer, "one of task, approval, decide, parallel, map, wait, branch, call, end");
  else if (g_hash_table_contains (parts->by_id, id))
    refuse (view->parser, error, id_place, "an id that no other step has, found \"%s\"", id);
  else if (parts->all->len >= STEPS_MAX)
    refuse (view->parser, error, pointer, "at most %d steps", STEPS_MAX);
  else
    step = rh_workflow_step_new (id, kind, royal_json_object (object, rh_step_kind_name (kind)), pointer, parent);
  if (step == NULL)
    return NULL;
  place = g_strconcat (pointer, "/", rh_step_kind_name (kind), NULL);
  step->timeout_s = royal_json_int (object, "timeout_s", 0);
  step->tolerant = strcmp (royal_json_string (object, "on_failure", "fail"), "continue") == 0;
  if (json_object_has_member (object, "when"))
    {
      step->when = parse_condition (view, object, "when", pointer, error);
      if (step->when == NULL)
        return NULL;
    }
  if (!body_parsers[kind](view, step, place, ret_ends, error))
    return NULL;
  if (step->when != NULL)
    *ret_ends = FALSE;
  g_hash_table_insert (parts->by_id, step->id, step);
  g_hash_table_add (view->steps, step->id);
  g_ptr_array_add (parts->all, step);
  return parse_compensate (view, step, object, pointer, error) ? g_steal_pointer (&step) : NULL;
}

static GPtrArray *
parse_steps (View *view,
             JsonArray *array,
             const char *pointer,
             RhWorkflowStep *parent,
             gboolean *ret_ends,
             GError **error)
{
  g_autoptr (GPtrArray) steps = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_workflow_step_free);

  *ret_ends = FALSE;
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      g_autofree char *place = g_strdup_printf ("%s/%u", pointer, i);
      gboolean ends = FALSE;
      RhWorkflowStep *step;

      if (*ret_ends)
        {
          refuse (view->parser, error, place, "nothing: the run has ended before this step");
          return NULL;
        }
      step = parse_step (view, json_array_get_object_element (array, i), place, parent, &ends, error);
      if (step == NULL)
        return NULL;
      g_ptr_array_add (steps, step);
      *ret_ends = ends;
    }
  return g_steal_pointer (&steps);
}

gboolean
rh_workflow_parse (JsonObject *document, const char *what, RhWorkflowParts *ret_parts, GError **error)
{
  Parser parser = { what, ret_parts };
  View view = { &parser, NULL, FALSE, FALSE };
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  gboolean ends;

  g_return_val_if_fail (document != NULL && what != NULL && ret_parts != NULL, FALSE);

  view.steps = known;
  ret_parts->all = g_ptr_array_new ();
  ret_parts->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  ret_parts->steps = parse_steps (&view, royal_json_array (document, "steps"), "/steps", NULL, &ends, error);
  return ret_parts->steps != NULL && check_member (&view, document, "result", "", error);
}
