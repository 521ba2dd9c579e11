/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-flips.h"

#include "rh-value.h"
#include "royal-json.h"

#include <string.h>

/* How many comparisons may fail in a rule that nearly matched, and how many such rules are told. */
#define MISSES_MAX 2
#define NEAR_MAX 20

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (royal_json_string (*(JsonObject *const *)a, "name", ""),
                 royal_json_string (*(JsonObject *const *)b, "name", ""));
}

/* Takes the objects; sorted, so that it does not show in which order the rules stand. */
static JsonArray *
sorted (GPtrArray *objects, guint max)
{
  JsonArray *list = json_array_new ();

  g_ptr_array_sort (objects, compare_names);
  for (guint i = 0; i < objects->len && i < max; i++)
    json_array_add_object_element (list, json_object_ref (objects->pdata[i]));
  return list;
}

/* --- Rules that had a say ----------------------------------------------------------------------------------------- */

typedef struct {
  const RhView *view;
  JsonObject *facts;
} Seen;

static void
note (Seen *self, RhSource source, const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s.%s", rh_source_name (source), name);
  JsonNode *value = rh_view_get (self->view, source, name);

  json_object_set_member (self->facts, path, value != NULL ? json_node_copy (value) : json_node_new (JSON_NODE_NULL));
}

static void
note_leaf (const RhLeaf *leaf, gboolean negated, gpointer data)
{
  note (data, leaf->source, leaf->name);
}

/* (transfer full): what the rule looks at, as it found it. */
static JsonObject *
seen_by (const RhRule *rule, const RhView *view)
{
  Seen seen = { view, json_object_new () };
  RhSource source;
  const char *name;
  double max;

  if (rule->when != NULL)
    rh_condition_each (rule->when, note_leaf, &seen);
  for (guint i = 0; rule->budgets != NULL && i < rule->budgets->len; i++)
    if (rh_budget_source (rule->budgets->pdata[i], &source, &name, &max))
      note (&seen, source, name);
  return seen.facts;
}

static JsonObject *
hit_json (const RhHit *hit, const RhView *view, const char *fault)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", hit->rule->name);
  json_object_set_string_member (object, "decision", rh_decision_name (hit->decides));
  json_object_set_string_member (object, "truth", rh_truth_name (hit->truth));
  json_object_set_object_member (object, "facts", seen_by (hit->rule, view));
  if (fault != NULL)
    json_object_set_string_member (object, "fault", fault);
  if (hit->window != NULL)
    json_object_set_string_member (object, "window", rh_window_text (hit->window));
  if (hit->budget != NULL)
    json_object_set_string_member (object, "limit", rh_budget_text (hit->budget));
  return object;
}

/* --- Rules that nearly had one ------------------------------------------------------------------------------------ */

typedef struct {
  const RhView *view;
  JsonArray *misses;
} Missed;

static void
miss_leaf (const RhLeaf *leaf, gboolean negated, gpointer data)
{
  Missed *self = data;
  JsonNode *value = rh_view_get (self->view, leaf->source, leaf->name);
  g_autoptr (GString) text = NULL;
  g_autofree char *shown = NULL;

  if (rh_leaf_test (leaf, self->view, FALSE, NULL) == (negated ? RH_TRUTH_NO : RH_TRUTH_YES))
    return;
  shown = rh_value_text (value);
  text = g_string_new (NULL);
  g_string_append_printf (text, "%s.%s is %s, not ", rh_source_name (leaf->source), leaf->name, shown);
  rh_leaf_describe (leaf, negated, text);
  json_array_add_string_element (self->misses, text->str);
}

static void
miss_globs (const RhRule *rule, const RhPolicySubject *subject, JsonArray *misses)
{
  const char *const values[RH_N_MATCHES] = { subject->workspace, subject->cluster, subject->agent, subject->action,
                                             subject->target };

  for (guint m = 0; m < RH_N_MATCHES; m++)
    if (!rh_globs_match (rule->match[m], values[m]))
      {
        g_autofree char *wanted = rh_globs_text (rule->match[m]);
        g_autofree char *text = g_strdup_printf ("%s is %s, not %s", rh_match_name ((RhMatch)m),
                                                 values[m] != NULL ? values[m] : "not known", wanted);

        json_array_add_string_element (misses, text);
      }
}

/* (transfer full) (nullable) */
static JsonObject *
near_json (const RhRule *rule, const RhPolicySubject *subject, const RhView *view)
{
  guint globs = rh_rule_misses (rule, subject);
  g_autoptr (JsonArray) misses = NULL;
  Missed missed;
  JsonObject *object;

  if (globs > 1 || !rh_globs_match (rule->match[RH_MATCH_ACTION], subject->action) ||
      (globs == 1 && rule->when != NULL && rh_condition_test_view (rule->when, view, FALSE, NULL) != RH_TRUTH_YES))
    return NULL;
  misses = json_array_new ();
  missed = (Missed){ view, misses };
  if (globs == 1)
    miss_globs (rule, subject, misses);
  else if (rule->when != NULL)
    rh_condition_each (rule->when, miss_leaf, &missed);
  if (json_array_get_length (misses) == 0 || json_array_get_length (misses) > MISSES_MAX)
    return NULL;
  object = json_object_new ();
  json_object_set_string_member (object, "name", rule->name);
  json_object_set_string_member (object, "decision", rh_decision_name (rule->decision));
  json_object_set_array_member (object, "misses", g_steal_pointer (&misses));
  return object;
}

/* --- Both --------------------------------------------------------------------------------------------------------- */

static void
add_rules (RhPolicy *self, const RhPolicySubject *subject, const RhView *view, JsonObject *object)
{
  g_autoptr (GPtrArray) hits = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
  g_autoptr (GPtrArray) near = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);

  for (guint i = 0; i < self->rules->len; i++)
    {
      const RhRule *rule = self->rules->pdata[i];
      g_autofree char *fault = NULL;
      JsonObject *missed;
      RhHit hit;

      if (rh_rule_matches (rule, subject) && rh_rule_try (rule, view, &hit, &fault) && !hit.silent)
        {
          g_ptr_array_add (hits, hit_json (&hit, view, fault));
          continue;
        }
      missed = near_json (rule, subject, view);
      if (missed != NULL)
        g_ptr_array_add (near, missed);
    }
  json_object_set_array_member (object, "rules", sorted (hits, G_MAXUINT));
  json_object_set_array_member (object, "near", sorted (near, NEAR_MAX));
}

JsonNode *
rh_policy_explain (RhPolicy *self, const RhPolicySubject *subject)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *sentence = NULL;
  JsonArray *flips;
  RhMatched matched;
  RhDecision now;
  RhView view;

  json_node_take_object (node, object);
  g_return_val_if_fail (self != NULL && subject != NULL, node);

  view = rh_view_of (subject);
  matched = rh_policy_match (self, subject, g_newa (const RhRule *, self->rules->len + 1));
  now = rh_matched_decide (&matched, &view);
  flips = rh_flips_find (&matched, &view, now);
  sentence = rh_flips_sentence (flips, now);
  json_object_set_string_member (object, "decision", rh_decision_name (now));
  add_rules (self, subject, &view, object);
  json_object_set_array_member (object, "flips", flips);
  json_object_set_string_member (object, "flip", sentence);
  return node;
}
