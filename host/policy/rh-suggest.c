/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-suggest.h"

#include "rh-policy-private.h"
#include "rh-sample.h"
#include "rh-track.h"
#include "rh-value.h"
#include "royal-json.h"

#include <math.h>
#include <string.h>

/* The newest that are tried out. */
#define RECORDS_MAX 5000
/* What it takes: so many of them, and so much of a say. */
#define LOOSEN_LEAST 10
#define LOOSEN_RATE 0.95
#define TIGHTEN_LEAST 5
#define TIGHTEN_RATE 0.2
/* No threshold is moved out by more at once. */
#define GROWTH_MAX 1.5

/* A number of the policy that facts are compared with. */
typedef struct {
  char *name; /* of the fact */
  double at;
} Boundary;

struct _RhSuggest {
  RhPolicy *policy;
  GHashTable *tracks; /* "rule\nagent" → RhTrack */
  GQueue records;     /* JsonObject, the oldest first */
  guint64 n;
};

RhSuggest *
rh_suggest_new (RhPolicy *policy)
{
  RhSuggest *self;

  g_return_val_if_fail (policy != NULL, NULL);

  self = g_new0 (RhSuggest, 1);
  self->policy = rh_policy_ref (policy);
  self->tracks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)rh_track_free);
  g_queue_init (&self->records);
  return self;
}

void
rh_suggest_free (RhSuggest *self)
{
  if (self == NULL)
    return;
  rh_policy_free (self->policy);
  g_hash_table_unref (self->tracks);
  g_queue_clear_full (&self->records, (GDestroyNotify)json_object_unref);
  g_free (self);
}

void
rh_suggest_add (RhSuggest *self, JsonObject *record)
{
  JsonArray *rules = royal_json_array (record, "rules");
  const char *agent = royal_json_string (record, "agent", "");

  self->n++;
  for (guint i = 0; rules != NULL && i < json_array_get_length (rules); i++)
    {
      const char *rule = json_array_get_string_element (rules, i);
      g_autofree char *name = g_strjoin ("\n", rule, agent, NULL);
      RhTrack *track = g_hash_table_lookup (self->tracks, name);

      if (track == NULL)
        {
          track = rh_track_new (rule, agent);
          g_hash_table_insert (self->tracks, g_steal_pointer (&name), track);
        }
      rh_track_add (track, record);
    }
  g_queue_push_tail (&self->records, json_object_ref (record));
  if (g_queue_get_length (&self->records) > RECORDS_MAX)
    json_object_unref (g_queue_pop_head (&self->records));
}

/* --- Another number in its place ---------------------------------------------------------------------------------- */

/* (transfer full) */
static JsonNode *
moved (JsonNode *operand, double from, double to)
{
  if (JSON_NODE_HOLDS_ARRAY (operand))
    {
      JsonArray *list = json_node_get_array (operand);
      JsonArray *copy = json_array_new ();
      JsonNode *node = json_node_new (JSON_NODE_ARRAY);

      for (guint i = 0; i < json_array_get_length (list); i++)
        json_array_add_element (copy, moved (json_array_get_element (list, i), from, to));
      json_node_take_array (node, copy);
      return node;
    }
  if (rh_value_type (operand) == RH_VALUE_NUMBER && json_node_get_double (operand) == from)
    return to == floor (to) && fabs (to) < 1e15 ? rh_value_new_whole ((gint64)to) : rh_value_new_number (to);
  return json_node_ref (operand);
}

/* (transfer full): @node of a condition, in which what is compared with @path is moved. */
static JsonNode *
move_in (JsonNode *node, const char *path, const Boundary *from, double to)
{
  JsonNode *copy;

  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *list = json_node_get_array (node);
      JsonArray *parts = json_array_new ();

      copy = json_node_new (JSON_NODE_ARRAY);
      for (guint i = 0; i < json_array_get_length (list); i++)
        json_array_add_element (parts, move_in (json_array_get_element (list, i), path, from, to));
      json_node_take_array (copy, parts);
      return copy;
    }
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObject *object = json_object_new ();
      JsonObjectIter iter;
      const char *name;
      JsonNode *value;

      copy = json_node_new (JSON_NODE_OBJECT);
      json_object_iter_init_ordered (&iter, json_node_get_object (node));
      while (json_object_iter_next_ordered (&iter, &name, &value))
        if (path == NULL)
          json_object_set_member (object, name, moved (value, from->at, to));
        else if (g_str_has_prefix (name, "facts.") || g_str_has_prefix (name, "claims."))
          json_object_set_member (object, name,
                                  strcmp (name, path) == 0 ? move_in (value, NULL, from, to) : json_node_ref (value));
        else
          json_object_set_member (object, name, move_in (value, path, from, to));
      json_node_take_object (copy, object);
      return copy;
    }
  return json_node_ref (node);
}

/* (transfer full): the policy with the boundary moved in the rules of @touched (a bit array over its rules). */
static RhPolicy *
move_boundary (RhPolicy *policy, const gboolean *touched, const Boundary *from, double to)
{
  g_autofree char *path = g_strconcat ("facts.", from->name, NULL);
  g_autofree char *text = royal_json_to_string (policy->document);
  g_autoptr (JsonNode) document = royal_json_parse (text, -1, "policy", NULL);
  JsonArray *rules = royal_json_array (json_node_get_object (document), "rules");

  for (guint i = 0; i < json_array_get_length (rules); i++)
    {
      JsonObject *rule = json_array_get_object_element (rules, i);

      if (touched[i] && json_object_has_member (rule, "when"))
        json_object_set_member (rule, "when", move_in (json_object_get_member (rule, "when"), path, from, to));
    }
  return rh_policy_new (document, "policy", NULL);
}

/* --- Trying it ---------------------------------------------------------------------------------------------------- */

/* What would be otherwise. */
typedef struct {
  guint good; /* of those that change as wanted */
  guint bad;
  guint open;
  guint unwanted; /* changes in the other direction, or to or from deny */
} Effect;

static RhDecision
decide (RhPolicy *policy, JsonObject *record)
{
  g_autoptr (RhSample) sample = rh_sample_new_recorded (record);
  g_autoptr (RhVerdict) verdict = NULL;
  guint n;
  const RhPolicySubject *subjects = rh_sample_subjects (sample, &n);

  if (n == 1)
    return rh_policy_decision (policy, subjects);
  verdict = rh_policy_judge (policy, subjects, n);
  return verdict->decision;
}

static Effect
try (RhPolicy *before, RhPolicy *after, GPtrArray *records, gboolean loosen)
{
  Effect effect = { 0 };

  for (guint i = 0; i < records->len; i++)
    {
      RhDecision was = decide (before, records->pdata[i]);
      RhDecision is = decide (after, records->pdata[i]);
      RhOutcome outcome = rh_outcome_of (records->pdata[i]);

      if (was == is)
        continue;
      if ((loosen ? is > was : is < was) || was == RH_DECISION_DENY || is == RH_DECISION_DENY)
        effect.unwanted++;
      else if ((was < RH_DECISION_APPROVE) == (is < RH_DECISION_APPROVE))
        continue;
      else if (outcome == RH_OUTCOME_GOOD)
        effect.good++;
      else if (outcome == RH_OUTCOME_BAD)
        effect.bad++;
      else
        effect.open++;
    }
  return effect;
}

/* --- Boundaries --------------------------------------------------------------------------------------------------- */

static void
boundary_free (gpointer data)
{
  Boundary *self = data;

  g_free (self->name);
  g_free (self);
}

static void
add_boundary (GPtrArray *boundaries, const char *name, JsonNode *operand)
{
  double at = rh_value_type (operand) == RH_VALUE_NUMBER ? json_node_get_double (operand) : 0;
  Boundary *boundary;

  if (at == 0)
    return;
  for (guint i = 0; i < boundaries->len; i++)
    {
      boundary = boundaries->pdata[i];
      if (boundary->at == at && strcmp (boundary->name, name) == 0)
        return;
    }
  boundary = g_new0 (Boundary, 1);
  *boundary = (Boundary){ g_strdup (name), at };
  g_ptr_array_add (boundaries, boundary);
}

static void
on_leaf (const RhLeaf *leaf, gboolean negated, gpointer data)
{
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (leaf->operand) ? json_node_get_array (leaf->operand) : NULL;

  if (leaf->source != RH_SOURCE_FACTS || leaf->comparison == RH_OPERATOR_IN)
    return;
  if (list == NULL)
    add_boundary (data, leaf->name, leaf->operand);
  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    add_boundary (data, leaf->name, json_array_get_element (list, i));
}

/* Two digits, towards zero: a threshold for people. */
static double
round_in (double value)
{
  double unit = pow (10, floor (log10 (fabs (value))) - 1);

  return trunc (value / unit + (value > 0 ? 1e-9 : -1e-9)) * unit;
}

/* Where it would go: out to what was approved, before what went wrong; or in, before it. 0: nowhere. */
static double
target_of (const Boundary *self, GPtrArray *records, gboolean loosen)
{
  double sign = self->at > 0 ? 1 : -1, edge = fabs (self->at);
  double furthest = 0, nearest_bad = INFINITY, to;

  for (guint i = 0; i < records->len; i++)
    {
      JsonObject *record = records->pdata[i];
      double x = sign * royal_json_double (royal_json_object (record, "facts"), self->name, NAN);
      RhOutcome outcome = rh_outcome_of (record);

      if (isnan (x) || x <= 0 || (loosen ? x < edge : x > edge))
        continue;
      if (outcome == RH_OUTCOME_GOOD)
        furthest = MAX (furthest, x);
      else if (outcome == RH_OUTCOME_BAD)
        nearest_bad = MIN (nearest_bad, x);
    }
  if (loosen)
    to = MIN (MIN (furthest * 1.02, edge * GROWTH_MAX), nearest_bad);
  else
    to = nearest_bad;
  if (!isfinite (to) || to <= 0)
    return 0;
  to = round_in (to);
  return (loosen ? to > edge : to < edge) ? sign * to : 0;
}

/* The records that the boundary may concern, and the rules that speak of them. */
static GPtrArray *
concerned (RhSuggest *self, RhPolicy *policy, const Boundary *boundary, gboolean *touched)
{
  GPtrArray *records = g_ptr_array_new ();
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (boundary_free);

  memset (touched, 0, policy->rules->len * sizeof *touched);
  for (GList *at = self->records.head; at != NULL; at = at->next)
    {
      g_autoptr (RhSample) sample = rh_sample_new_recorded (at->data);
      guint n;
      const RhPolicySubject *subjects = rh_sample_subjects (sample, &n);
      gboolean any = FALSE;

      if (subjects->facts == NULL || !json_object_has_member (subjects->facts, boundary->name))
        continue;
      for (guint i = 0; i < policy->rules->len; i++)
        {
          const RhRule *rule = policy->rules->pdata[i];

          if (rule->kind != RH_RULE || rule->when == NULL || !rh_rule_matches (rule, subjects))
            continue;
          g_ptr_array_set_size (found, 0);
          rh_condition_each (rule->when, on_leaf, found);
          for (guint b = 0; b < found->len; b++)
            if (((Boundary *)found->pdata[b])->at == boundary->at &&
                strcmp (((Boundary *)found->pdata[b])->name, boundary->name) == 0)
              any = touched[i] = TRUE;
        }
      if (any)
        g_ptr_array_add (records, at->data);
    }
  return records;
}

/* --- Suggestions -------------------------------------------------------------------------------------------------- */

static JsonObject *
suggestion_json (RhPolicy *policy,
                 const Boundary *from,
                 double to,
                 const gboolean *touched,
                 const Effect *effect,
                 gboolean loosen)
{
  JsonObject *object = json_object_new ();
  JsonArray *rules = json_array_new ();
  guint n = effect->good + effect->bad;
  g_autofree char *path = g_strconcat ("facts.", from->name, NULL);
  g_autofree char *text =
      loosen ? g_strdup_printf ("%s: %.15g → %.15g: %u that people were asked for would have passed; all of them held",
                                path, from->at, to, n)
             : g_strdup_printf ("%s: %.15g → %.15g: people would have been asked for %u more, of which %u went wrong",
                                path, from->at, to, n, effect->bad);

  for (guint i = 0; i < policy->rules->len; i++)
    if (touched[i])
      json_array_add_string_element (rules, ((const RhRule *)policy->rules->pdata[i])->name);
  json_object_set_string_member (object, "kind", loosen ? "loosen" : "tighten");
  json_object_set_string_member (object, "path", path);
  json_object_set_array_member (object, "rules", rules);
  json_object_set_double_member (object, "from", from->at);
  json_object_set_double_member (object, "to", to);
  json_object_set_int_member (object, "n", n);
  json_object_set_string_member (object, "text", text);
  return object;
}

static gboolean
is_worth_it (const Effect *effect, gboolean loosen)
{
  guint n = effect->good + effect->bad;

  if (effect->unwanted > 0)
    return FALSE;
  if (loosen)
    return effect->bad == 0 && effect->good >= LOOSEN_LEAST && effect->good >= LOOSEN_RATE * (n + effect->open);
  return effect->bad >= TIGHTEN_LEAST && effect->bad >= TIGHTEN_RATE * n;
}

/* Moves *@policy on when there is something to suggest. */
static void
suggest (RhSuggest *self, RhPolicy **policy, const Boundary *boundary, JsonArray *suggestions)
{
  g_autofree gboolean *touched = g_new0 (gboolean, (*policy)->rules->len + 1);
  g_autoptr (GPtrArray) records = concerned (self, *policy, boundary, touched);

  for (int loosen = 0; loosen < 2; loosen++)
    {
      double to = target_of (boundary, records, loosen == 1);
      g_autoptr (RhPolicy) other = to != 0 ? move_boundary (*policy, touched, boundary, to) : NULL;
      Effect effect;

      if (other == NULL)
        continue;
      effect = try (*policy, other, records, loosen == 1);
      if (!is_worth_it (&effect, loosen == 1))
        continue;
      json_array_add_object_element (suggestions,
                                     suggestion_json (*policy, boundary, to, touched, &effect, loosen == 1));
      rh_policy_free (*policy);
      *policy = g_steal_pointer (&other);
      return;
    }
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

static JsonArray *
tracks_json (RhSuggest *self)
{
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (self->tracks), compare_names);
  JsonArray *list = json_array_new ();

  for (GList *at = names; at != NULL; at = at->next)
    json_array_add_object_element (list, rh_track_json (g_hash_table_lookup (self->tracks, at->data)));
  return list;
}

JsonNode *
rh_suggest_finish (RhSuggest *self)
{
  g_autoptr (GPtrArray) boundaries = g_ptr_array_new_with_free_func (boundary_free);
  g_autoptr (RhPolicy) policy = NULL;
  JsonArray *suggestions = json_array_new ();
  g_autoptr (JsonObject) object = json_object_new ();

  g_return_val_if_fail (self != NULL, json_node_init_object (json_node_alloc (), object));

  policy = rh_policy_ref (self->policy);
  for (guint i = 0; i < policy->rules->len; i++)
    {
      const RhRule *rule = policy->rules->pdata[i];

      if (rule->kind == RH_RULE && rule->when != NULL)
        rh_condition_each (rule->when, on_leaf, boundaries);
    }
  for (guint i = 0; i < boundaries->len; i++)
    suggest (self, &policy, boundaries->pdata[i], suggestions);
  json_object_set_string_member (object, "version", rh_policy_version (self->policy));
  json_object_set_int_member (object, "proposals", (gint64)self->n);
  json_object_set_array_member (object, "rules", tracks_json (self));
  json_object_set_member (object, "policy",
                          json_array_get_length (suggestions) > 0 ? json_node_ref (policy->document)
                                                                  : json_node_new (JSON_NODE_NULL));
  json_object_set_array_member (object, "suggestions", suggestions);
  return json_node_init_object (json_node_alloc (), object);
}
