/* SPDX-License-Identifier: Apache-2.0 */
#include "random-policy.h"
#include "royal-json.h"

#include <string.h>

/* What must hold of any policy over any subject. g_test_init() prints the seed; --seed repeats a run. */

#define ROUNDS 500

typedef struct {
  RandomPolicy rules;
  RandomSubject about;
  RhPolicy *policy;
  RhVerdict *verdict;
  gboolean granted; /* it is not denied for want of a rule */
} Case;

static void
case_init (Case *self, gboolean sound)
{
  random_policy_init (&self->rules, (guint)g_test_rand_int_range (1, 7));
  random_subject_init (&self->about, sound);
  self->policy = random_policy_load (&self->rules, self->rules.n);
  self->verdict = rh_policy_decide (self->policy, &self->about.subject);
  self->granted = strstr (self->verdict->reason, "no rule matches") == NULL;
}

static void
case_clear (Case *self)
{
  rh_verdict_free (self->verdict);
  rh_policy_free (self->policy);
  random_subject_clear (&self->about);
  random_policy_clear (&self->rules);
}

/* What to look at when a property does not hold. */
static void
fail (const Case *self, const char *what, const RhVerdict *other)
{
  g_autofree char *policy = royal_json_to_string (rh_policy_document (self->policy));
  g_autoptr (JsonNode) facts = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  json_node_set_object (facts, self->about.facts);
  text = royal_json_to_string (facts);
  g_error ("%s: %s (%s) against %s (%s)\npolicy %s\nfacts %s at %" G_GINT64_FORMAT " on %s", what,
           rh_decision_name (self->verdict->decision), self->verdict->reason, rh_decision_name (other->decision),
           other->reason, policy, text, self->about.subject.at_s, self->about.subject.target);
}

static char *
canonical (JsonNode *node)
{
  return node != NULL ? royal_json_canonical (node) : g_strdup ("-");
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* As a set. */
static char *
limits_text (JsonNode *limits)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  JsonArray *list = limits != NULL ? json_node_get_array (limits) : NULL;

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    g_ptr_array_add (texts, royal_json_canonical (json_array_get_element (list, i)));
  g_ptr_array_sort (texts, compare_texts);
  g_ptr_array_add (texts, NULL);
  return g_strjoinv ("\n", (char **)texts->pdata);
}

static JsonObject *
asks_of (const RhVerdict *verdict)
{
  return verdict->asks != NULL ? json_node_get_object (verdict->asks) : NULL;
}

static gboolean
has_role (JsonObject *asks, const char *role)
{
  JsonArray *roles = royal_json_array (asks, "roles");

  for (guint i = 0; roles != NULL && i < json_array_get_length (roles); i++)
    if (strcmp (json_array_get_string_element (roles, i), role) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
asks_less (const RhVerdict *before, const RhVerdict *after)
{
  JsonObject *a = asks_of (before), *b = asks_of (after);
  JsonArray *roles = royal_json_array (b, "roles");

  if (royal_json_int (b, "quorum", 0) < royal_json_int (a, "quorum", 0) ||
      royal_json_boolean (b, "four_eyes", FALSE) < royal_json_boolean (a, "four_eyes", FALSE))
    return TRUE;
  if (before->deadline_s != 0 && (after->deadline_s == 0 || after->deadline_s > before->deadline_s))
    return TRUE;
  if (strcmp (royal_json_string (b, "at_deadline", ""), "approve") == 0 &&
      strcmp (royal_json_string (a, "at_deadline", ""), "approve") != 0)
    return TRUE;
  /* Nobody may answer now who could not before, but for administrators where nobody is left. */
  for (guint i = 0; roles != NULL && i < json_array_get_length (roles); i++)
    if (!has_role (a, json_array_get_string_element (roles, i)) && json_array_get_length (roles) > 1 &&
        royal_json_array (a, "roles") != NULL)
      return TRUE;
  return FALSE;
}

/* --- One more rule ------------------------------------------------------------------------------------------------ */

static void
test_more_rules (void)
{
  for (guint round = 0; round < ROUNDS; round++)
    {
      Case self;
      g_autoptr (RhPolicy) more = NULL;
      g_autoptr (RhVerdict) verdict = NULL;

      case_init (&self, round % 4 != 0);
      random_policy_add (&self.rules);
      more = random_policy_load (&self.rules, self.rules.n);
      verdict = rh_policy_decide (more, &self.about.subject);
      if (self.granted && verdict->decision < self.verdict->decision)
        fail (&self, "a rule more let more pass", verdict);
      if (self.granted && verdict->risk < self.verdict->risk)
        fail (&self, "a rule more made less of a risk", verdict);
      if (self.verdict->decision == RH_DECISION_APPROVE && verdict->decision == RH_DECISION_APPROVE &&
          asks_less (self.verdict, verdict))
        fail (&self, "a rule more asked for less", verdict);
      case_clear (&self);
    }
}

/* A rule that restricts lets nothing pass by itself. */
static void
test_restrictions (void)
{
  for (guint round = 0; round < ROUNDS; round++)
    {
      Case self;
      gboolean rules = FALSE;

      case_init (&self, TRUE);
      for (guint i = 0; i < self.rules.n; i++)
        rules |= self.rules.kinds[i] == RH_RULE;
      if (!rules && self.verdict->decision != RH_DECISION_DENY)
        fail (&self, "restrictions alone let pass", self.verdict);
      case_clear (&self);
    }
}

/* --- Another order ------------------------------------------------------------------------------------------------ */

static void
test_order (void)
{
  for (guint round = 0; round < ROUNDS; round++)
    {
      Case self;
      g_autoptr (RhPolicy) turned = NULL;
      g_autoptr (RhVerdict) verdict = NULL;
      g_autofree char *a = NULL;
      g_autofree char *b = NULL;

      case_init (&self, round % 4 != 0);
      random_policy_shuffle (&self.rules);
      turned = random_policy_load (&self.rules, self.rules.n);
      verdict = rh_policy_decide (turned, &self.about.subject);
      if (verdict->decision != self.verdict->decision || verdict->risk != self.verdict->risk ||
          verdict->floor != self.verdict->floor || verdict->deadline_s != self.verdict->deadline_s ||
          g_strv_length (verdict->rules) != g_strv_length (self.verdict->rules))
        fail (&self, "the order mattered", verdict);
      a = canonical (self.verdict->asks), b = canonical (verdict->asks);
      g_assert_cmpstr (a, ==, b);
      g_free (a), g_free (b);
      a = limits_text (self.verdict->limits), b = limits_text (verdict->limits);
      g_assert_cmpstr (a, ==, b);
      g_free (a), g_free (b);
      a = canonical (self.verdict->explanation), b = canonical (verdict->explanation);
      g_assert_cmpstr (a, ==, b);
      case_clear (&self);
    }
}

/* --- Knowing less ------------------------------------------------------------------------------------------------- */

static void
forget_some (RandomSubject *about)
{
  JsonObject *const objects[] = { about->facts, about->claims, about->parameters };

  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      g_autoptr (GList) names = json_object_get_members (objects[i]);

      for (GList *at = names; at != NULL; at = at->next)
        if (g_test_rand_int_range (0, 3) == 0)
          {
            g_autofree char *name = g_strdup (at->data);

            json_object_remove_member (objects[i], name);
          }
    }
  if (g_test_rand_int_range (0, 4) == 0)
    about->subject.at_s = 0;
}

/* Where no rule was met, one that asks may be met for want of a fact; nothing passes by itself. */
static void
test_fewer_facts (void)
{
  for (guint round = 0; round < ROUNDS; round++)
    {
      Case self;
      g_autoptr (RhVerdict) verdict = NULL;

      case_init (&self, TRUE);
      forget_some (&self.about);
      verdict = rh_policy_decide (self.policy, &self.about.subject);
      if (verdict->decision < (self.granted ? self.verdict->decision : RH_DECISION_APPROVE))
        fail (&self, "knowing less let more pass", verdict);
      case_clear (&self);
    }
}

/* --- What would have been otherwise ------------------------------------------------------------------------------- */

/* Makes one change of an explanation. */
static void
apply_change (RandomSubject *about, JsonObject *change)
{
  const char *path = royal_json_string (change, "path", "");
  const char *name;
  RhSource source;
  JsonObject *object;

  if (strcmp (path, "at") == 0)
    {
      about->subject.at_s = royal_json_int (change, "to", 0);
      return;
    }
  g_assert_true (rh_source_parse (path, &source, &name));
  object = source == RH_SOURCE_FACTS ? about->facts : (source == RH_SOURCE_CLAIMS ? about->claims : about->parameters);
  if (json_object_has_member (change, "to"))
    json_object_set_member (object, name, json_object_dup_member (change, "to"));
  else
    json_object_remove_member (object, name);
}

static void
undo_change (RandomSubject *about, JsonObject *change, gint64 at_s)
{
  g_autoptr (JsonObject) back = json_object_new ();

  about->subject.at_s = at_s;
  if (strcmp (royal_json_string (change, "path", ""), "at") == 0)
    return;
  json_object_set_string_member (back, "path", royal_json_string (change, "path", ""));
  if (json_object_has_member (change, "from"))
    json_object_set_member (back, "to", json_object_dup_member (change, "from"));
  apply_change (about, back);
}

static guint
check_flip (Case *self, JsonObject *flip)
{
  JsonArray *changes = royal_json_array (flip, "changes");
  gint64 at_s = self->about.subject.at_s;
  g_autoptr (RhVerdict) verdict = NULL;

  for (guint i = 0; i < json_array_get_length (changes); i++)
    apply_change (&self->about, json_array_get_object_element (changes, i));
  verdict = rh_policy_decide (self->policy, &self->about.subject);
  if (strcmp (rh_decision_name (verdict->decision), royal_json_string (flip, "to", "")) != 0)
    fail (self, royal_json_string (flip, "text", ""), verdict);
  g_assert_cmpint (verdict->decision, !=, self->verdict->decision);
  for (guint i = 0; i < json_array_get_length (changes); i++)
    undo_change (&self->about, json_array_get_object_element (changes, i), at_s);
  return 1;
}

static void
test_flips (void)
{
  guint flips = 0;

  for (guint round = 0; round < ROUNDS; round++)
    {
      Case self;
      g_autoptr (JsonNode) explanation = NULL;
      JsonArray *list;

      case_init (&self, round % 4 != 0);
      explanation = rh_policy_explain (self.policy, &self.about.subject);
      g_assert_cmpstr (royal_json_string (json_node_get_object (explanation), "decision", ""), ==,
                       rh_decision_name (self.verdict->decision));
      list = royal_json_array (json_node_get_object (explanation), "flips");
      for (guint i = 0; i < json_array_get_length (list); i++)
        flips += check_flip (&self, json_array_get_object_element (list, i));
      case_clear (&self);
    }
  g_test_message ("%u flips were true", flips);
  g_assert_cmpuint (flips, >, ROUNDS / 4);
}

/* --- Several at once ---------------------------------------------------------------------------------------------- */

static void
check_items (Case *self)
{
  RandomSubject items[4];
  RhPolicySubject subjects[4];
  g_autoptr (RhVerdict) all = NULL;
  guint n = (guint)g_test_rand_int_range (1, 5);

  for (guint i = 0; i < n; i++)
    {
      random_subject_init (&items[i], TRUE);
      subjects[i] = items[i].subject;
    }
  all = rh_policy_decide_items (self->policy, subjects, n);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (RhVerdict) one = rh_policy_decide (self->policy, &subjects[i]);

      if (all->decision < one->decision || all->risk < one->risk || all->floor < one->floor)
        fail (self, "a batch passed with an item that does not", all);
      if (one->decision == RH_DECISION_APPROVE && all->decision == RH_DECISION_APPROVE && asks_less (one, all))
        fail (self, "a batch asked for less than its item", all);
      if (n == 1)
        {
          g_autofree char *a = limits_text (one->limits);
          g_autofree char *b = limits_text (all->limits);

          g_assert_cmpint (all->decision, ==, one->decision);
          g_assert_cmpstr (a, ==, b);
        }
      random_subject_clear (&items[i]);
    }
}

static void
test_items (void)
{
  for (guint round = 0; round < ROUNDS / 2; round++)
    {
      Case self;

      case_init (&self, TRUE);
      check_items (&self);
      case_clear (&self);
    }
}

/* --- What a person grants beyond ---------------------------------------------------------------------------------- */

static RhEnvelope *
envelope_of (const char *bounds)
{
  g_autofree char *text = g_strdup_printf ("{\"id\":\"e\",\"match\":{\"agent\":\"pricing\",\"action\":\"price.*\"},"
                                           "\"until\":\"2027-01-01T00:00:00Z\"%s}",
                                           bounds);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "envelope", &error);
  RhEnvelope *envelope = rh_envelope_new (node, "envelope", &error);

  g_assert_no_error (error);
  return envelope;
}

static void
test_envelopes (void)
{
  g_autoptr (GPtrArray) envelopes = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_envelope_free);
  guint relaxed = 0;

  g_ptr_array_add (envelopes, envelope_of (""));
  for (guint round = 0; round < ROUNDS; round++)
    {
      Case self;
      g_autoptr (RhVerdict) verdict = NULL;

      case_init (&self, TRUE);
      self.about.subject.always_asks = round % 8 == 0;
      rh_verdict_free (self.verdict);
      self.verdict = rh_policy_decide (self.policy, &self.about.subject);
      g_assert_cmpint (rh_policy_decision (self.policy, &self.about.subject), ==, self.verdict->decision);
      self.about.subject.envelopes = envelopes;
      verdict = rh_policy_decide (self.policy, &self.about.subject);
      if (verdict->decision < self.verdict->floor ||
          (self.about.subject.always_asks && verdict->decision < RH_DECISION_APPROVE))
        fail (&self, "an envelope went below the floor", verdict);
      if (verdict->decision < self.verdict->decision &&
          (self.verdict->decision != RH_DECISION_APPROVE || verdict->decision != RH_DECISION_NOTIFY ||
           self.about.subject.at_s == 0))
        fail (&self, "an envelope let pass what nobody was to be asked", verdict);
      relaxed += verdict->decision < self.verdict->decision;
      case_clear (&self);
    }
  g_assert_cmpuint (relaxed, >, ROUNDS / 50);
}

/* --- The short way ------------------------------------------------------------------------------------------------ */

static void
test_decision (void)
{
  for (guint round = 0; round < ROUNDS; round++)
    {
      Case self;

      case_init (&self, round % 2 == 0);
      g_assert_cmpint (rh_policy_decision (self.policy, &self.about.subject), ==, self.verdict->decision);
      case_clear (&self);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy-properties/more-rules", test_more_rules);
  g_test_add_func ("/policy-properties/restrictions", test_restrictions);
  g_test_add_func ("/policy-properties/order", test_order);
  g_test_add_func ("/policy-properties/fewer-facts", test_fewer_facts);
  g_test_add_func ("/policy-properties/flips", test_flips);
  g_test_add_func ("/policy-properties/items", test_items);
  g_test_add_func ("/policy-properties/envelopes", test_envelopes);
  g_test_add_func ("/policy-properties/decision", test_decision);
  return g_test_run ();
}
