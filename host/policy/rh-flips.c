/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-flips.h"

#include "rh-value.h"
#include "royal-json.h"

#include <math.h>
#include <string.h>

/* What a search may cost: rules that are tried, and pairs of facts; and the values of a list that are. */
#define TRIES_MAX 200000
#define PAIRS_MAX 5000
#define LIST_MAX 20
/* Beyond it doubles leave whole numbers out. */
#define WHOLE_MAX 9007199254740992.0

/* One value that might have been. */
typedef struct {
  RhChange change;
  gint64 at_s;     /* not 0: the time instead */
  double distance; /* from what it is */
  char *text;      /* "below 20" */
} Candidate;

typedef struct {
  const Candidate *parts[2];
  guint n; /* 0 = there is none */
  double distance;
} Flip;

typedef struct {
  const RhMatched *matched;
  const RhView *view;
  RhDecision now;
  GPtrArray *candidates; /* Candidate, the nearest first */
  guint tries;
  Flip best[RH_N_DECISIONS];
} Search;

static void
candidate_free (gpointer data)
{
  Candidate *self = data;

  g_clear_pointer (&self->change.value, json_node_unref);
  g_free (self->text);
  g_free (self);
}

/* --- Candidates --------------------------------------------------------------------------------------------------- */

static double
distance_between (JsonNode *from, JsonNode *to)
{
  double a, b;

  if (rh_value_type (from) != RH_VALUE_NUMBER || rh_value_type (to) != RH_VALUE_NUMBER)
    return 1;
  a = json_node_get_double (from);
  b = json_node_get_double (to);
  return fabs (a - b) / MAX (MAX (fabs (a), fabs (b)), 1e-9);
}

/* Takes @value; NULL: missing. */
static void
offer (Search *self, RhSource source, const char *name, JsonNode *value, char *text)
{
  JsonNode *current = rh_view_get (self->view, source, name);
  Candidate *candidate;

  if ((value == NULL && current == NULL) || (value != NULL && current != NULL && rh_value_equal (value, current)))
    {
      g_clear_pointer (&value, json_node_unref);
      g_free (text);
      return;
    }
  candidate = g_new0 (Candidate, 1);
  candidate->change = (RhChange){ source, name, value };
  candidate->distance = distance_between (current, value);
  candidate->text = text;
  g_ptr_array_add (self->candidates, candidate);
}

/* Just below, at and just above a boundary: by one where everything is whole. */
static void
offer_number (Search *self, RhSource source, const char *name, JsonNode *boundary)
{
  JsonNode *current = rh_view_get (self->view, source, name);
  g_autofree char *text = rh_value_text (boundary);
  double number = json_node_get_double (boundary);
  gint64 at =
      rh_value_is_whole (boundary) ? json_node_get_int (boundary) : (gint64)CLAMP (number, -WHOLE_MAX, WHOLE_MAX);
  gboolean whole =
      (rh_value_is_whole (boundary) || (double)at == number) && (current == NULL || rh_value_is_whole (current));

  for (int side = -1; side <= 1; side++)
    {
      static const char *const words[] = { "below ", "", "above " };
      JsonNode *value;

      if (whole && ((side < 0 && at == G_MININT64) || (side > 0 && at == G_MAXINT64)))
        continue;
      if (whole)
        value = rh_value_new_whole (at + side);
      else
        value = rh_value_new_number (side == 0 ? number : nextafter (number, side * (double)INFINITY));
      offer (self, source, name, value, g_strconcat (words[side + 1], text, NULL));
    }
}

static void
offer_value (Search *self, RhSource source, const char *name, JsonNode *value)
{
  g_autofree char *text = rh_value_text (value);

  switch (rh_value_type (value))
    {
    case RH_VALUE_NUMBER:
      offer_number (self, source, name, value);
      break;
    case RH_VALUE_STRING:
      offer (self, source, name, json_node_copy (value), g_strdup (text));
      /* No policy names a control character, as people cannot type it. */
      offer (self, source, name, json_node_init_string (json_node_alloc (), "\001"), g_strdup ("something else"));
      break;
    case RH_VALUE_BOOLEAN:
      for (int i = 0; i < 2; i++)
        offer (self, source, name, json_node_init_boolean (json_node_alloc (), i == 1),
               g_strdup (i ? "true" : "false"));
      break;
    case RH_VALUE_OTHER:
    default:
      break;
    }
}

static void
offer_leaf (const RhLeaf *leaf, gboolean negated, gpointer data)
{
  Search *self = data;
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (leaf->operand) ? json_node_get_array (leaf->operand) : NULL;

  if (leaf->comparison == RH_OPERATOR_EXISTS)
    {
      offer (self, leaf->source, leaf->name, NULL, g_strdup ("missing"));
      if (rh_view_get (self->view, leaf->source, leaf->name) == NULL)
        offer (self, leaf->source, leaf->name, json_node_init_boolean (json_node_alloc (), TRUE), g_strdup ("known"));
    }
  else if (list != NULL)
    for (guint i = 0; i < json_array_get_length (list) && i < LIST_MAX; i++)
      offer_value (self, leaf->source, leaf->name, json_array_get_element (list, i));
  else
    offer_value (self, leaf->source, leaf->name, leaf->operand);
}

static void
offer_budget (Search *self, const RhBudget *budget)
{
  RhSource source;
  const char *name;
  double max;

  if (rh_budget_source (budget, &source, &name, &max))
    {
      g_autoptr (JsonNode) boundary = rh_value_new_number (max);

      offer_number (self, source, name, boundary);
    }
}

static void
offer_window (Search *self, const RhWindow *window)
{
  gint64 end_s = self->view->at_s > 0 ? rh_window_end_s (window, self->view->at_s) : 0;
  Candidate *candidate;

  if (end_s <= self->view->at_s)
    return;
  candidate = g_new0 (Candidate, 1);
  candidate->at_s = end_s;
  candidate->distance = (double)(end_s - self->view->at_s) / (double)end_s;
  candidate->text = rh_window_instant_text (window, end_s);
  g_ptr_array_add (self->candidates, candidate);
}

/* In an order that does not depend on that of the rules. */
static int
compare_candidates (gconstpointer a, gconstpointer b)
{
  const Candidate *x = *(const Candidate *const *)a, *y = *(const Candidate *const *)b;
  int order;

  if (x->distance != y->distance)
    return x->distance < y->distance ? -1 : 1;
  if (x->at_s != y->at_s)
    return x->at_s < y->at_s ? -1 : 1;
  if (x->change.source != y->change.source)
    return (int)x->change.source - (int)y->change.source;
  order = g_strcmp0 (x->change.name, y->change.name);
  return order != 0 ? order : strcmp (x->text, y->text);
}

/* In their order, each once. */
static void
gather (Search *self)
{
  g_autoptr (GPtrArray) twins = g_ptr_array_new_with_free_func (candidate_free);
  GPtrArray *kept;

  for (guint i = 0; i < self->matched->n; i++)
    {
      const RhRule *rule = self->matched->rules[i];

      if (rule->when != NULL)
        rh_condition_each (rule->when, offer_leaf, self);
      for (guint b = 0; rule->budgets != NULL && b < rule->budgets->len; b++)
        offer_budget (self, rule->budgets->pdata[b]);
      for (guint w = 0; rule->windows != NULL && w < rule->windows->len; w++)
        offer_window (self, rule->windows->pdata[w]);
    }
  g_ptr_array_sort (self->candidates, compare_candidates);
  kept = self->candidates;
  self->candidates = g_ptr_array_new_with_free_func (candidate_free);
  for (guint i = 0; i < kept->len; i++)
    if (i == 0 || compare_candidates (&kept->pdata[i - 1], &kept->pdata[i]) != 0)
      g_ptr_array_add (self->candidates, kept->pdata[i]);
    else
      g_ptr_array_add (twins, kept->pdata[i]);
  g_ptr_array_set_free_func (kept, NULL);
  g_ptr_array_unref (kept);
}

/* --- The search --------------------------------------------------------------------------------------------------- */

static void
try (Search *self, const Candidate *one, const Candidate *two)
{
  RhChange changes[2];
  RhView view = *self->view;
  const Candidate *const parts[] = { one, two };
  Flip flip = { .parts = { one, two }, .n = two != NULL ? 2 : 1 };
  RhDecision decision;

  self->tries += self->matched->n;
  view.changes = changes;
  for (guint i = 0; i < flip.n; i++)
    {
      if (parts[i]->at_s != 0)
        view.at_s = parts[i]->at_s;
      else
        changes[view.n_changes++] = parts[i]->change;
      flip.distance += parts[i]->distance;
    }
  decision = rh_matched_decide (self->matched, &view);
  if (decision != self->now && (self->best[decision].n == 0 || flip.distance < self->best[decision].distance))
    self->best[decision] = flip;
}

/* Whether nothing yet leads to something that is more permissive, or to something that is more restrictive. */
static gboolean
is_missing (const Search *self, gboolean permissive)
{
  RhDecision from = permissive ? RH_DECISION_AUTO : self->now + 1;
  RhDecision to = permissive ? self->now : RH_N_DECISIONS;

  for (RhDecision d = from; d < to; d++)
    if (self->best[d].n != 0)
      return FALSE;
  return from < to;
}

static gboolean
same_place (const Candidate *a, const Candidate *b)
{
  if (a->at_s != 0 || b->at_s != 0)
    return a->at_s != 0 && b->at_s != 0;
  return a->change.source == b->change.source && strcmp (a->change.name, b->change.name) == 0;
}

static void
search (Search *self)
{
  guint n = self->candidates->len;
  guint left = PAIRS_MAX;
  gboolean permissive, restrictive;
  Flip single[RH_N_DECISIONS];

  for (guint i = 0; i < n && self->tries < TRIES_MAX; i++)
    try (self, self->candidates->pdata[i], NULL);
  permissive = is_missing (self, TRUE);
  restrictive = is_missing (self, FALSE);
  if (!permissive && !restrictive)
    return;
  memcpy (single, self->best, sizeof single);
  for (guint j = 1; j < n; j++)
    for (guint i = 0; i < j && left > 0 && self->tries < TRIES_MAX; i++)
      if (!same_place (self->candidates->pdata[i], self->candidates->pdata[j]))
        {
          try (self, self->candidates->pdata[i], self->candidates->pdata[j]);
          left--;
        }
  /* Two facts count only where one does not do it. */
  for (RhDecision d = RH_DECISION_AUTO; d < RH_N_DECISIONS; d++)
    if (single[d].n != 0 || (d < self->now ? !permissive : !restrictive))
      self->best[d] = single[d];
}

/* --- Text --------------------------------------------------------------------------------------------------------- */

static const char *
consequence (RhDecision now, RhDecision to)
{
  switch (to)
    {
    case RH_DECISION_AUTO:
      return "would pass by itself";
    case RH_DECISION_NOTIFY:
      return now < RH_DECISION_NOTIFY ? "would be told to people" : "would need no person";
    case RH_DECISION_APPROVE:
      return now < RH_DECISION_APPROVE ? "would need a person" : "would be asked instead of denied";
    case RH_DECISION_DENY:
    default:
      return "would be denied";
    }
}

static JsonObject *
change_json (const Search *self, const Candidate *part, GString *text)
{
  JsonObject *object = json_object_new ();
  JsonNode *current;
  g_autofree char *path = NULL;
  g_autofree char *from = NULL;

  if (part->at_s != 0)
    {
      json_object_set_string_member (object, "path", "at");
      json_object_set_int_member (object, "from", self->view->at_s);
      json_object_set_int_member (object, "to", part->at_s);
      g_string_append_printf (text, "at %s", part->text);
      return object;
    }
  current = rh_view_get (self->view, part->change.source, part->change.name);
  path = g_strdup_printf ("%s.%s", rh_source_name (part->change.source), part->change.name);
  from = rh_value_text (current);
  json_object_set_string_member (object, "path", path);
  if (current != NULL)
    json_object_set_member (object, "from", json_node_copy (current));
  if (part->change.value != NULL)
    json_object_set_member (object, "to", json_node_copy (part->change.value));
  g_string_append_printf (text, "%s%s %s → %s", part->change.source == RH_SOURCE_CLAIMS ? "the claimed " : "",
                          part->change.name, from, part->text);
  return object;
}

static JsonObject *
flip_json (const Search *self, RhDecision to)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const Flip *flip = &self->best[to];
  JsonObject *object = json_object_new ();
  JsonArray *changes = json_array_new ();

  for (guint i = 0; i < flip->n; i++)
    {
      if (i > 0)
        g_string_append (text, " and ");
      json_array_add_object_element (changes, change_json (self, flip->parts[i], text));
    }
  g_string_append_printf (text, " %s", consequence (self->now, to));
  json_object_set_string_member (object, "to", rh_decision_name (to));
  json_object_set_array_member (object, "changes", changes);
  json_object_set_string_member (object, "text", text->str);
  return object;
}

JsonArray *
rh_flips_find (const RhMatched *matched, const RhView *view, RhDecision now)
{
  Search self = {
    .matched = matched, .view = view, .now = now, .candidates = g_ptr_array_new_with_free_func (candidate_free)
  };
  JsonArray *flips = json_array_new ();

  gather (&self);
  search (&self);
  for (RhDecision d = RH_DECISION_AUTO; d < RH_N_DECISIONS; d++)
    if (self.best[d].n != 0)
      json_array_add_object_element (flips, flip_json (&self, d));
  g_ptr_array_unref (self.candidates);
  return flips;
}

char *
rh_flips_sentence (JsonArray *flips, RhDecision now)
{
  const char *looser = NULL, *stricter = NULL;

  for (guint i = 0; i < json_array_get_length (flips); i++)
    {
      JsonObject *flip = json_array_get_object_element (flips, i);
      RhDecision to = rh_decision_from_name (royal_json_string (flip, "to", ""));

      if (to < now)
        looser = royal_json_string (flip, "text", "");
      else if (stricter == NULL)
        stricter = royal_json_string (flip, "text", "");
    }
  return g_strconcat (looser != NULL ? looser : "", looser != NULL && stricter != NULL ? "; " : "",
                      stricter != NULL ? stricter : "", NULL);
}
