/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-envelope.h"

#include "rh-policy-schema.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

/* "For ever", where a count needs a window: ten years. */
#define WINDOW_MAX_S (10 * 366 * 86400LL)

struct _RhEnvelope {
  char *id;
  RhRule *rule; /* what it matches, and its bounds */
  gint64 from_s;
  gint64 until_s;
  gint64 max; /* 0 = any number */
};

void
rh_envelope_free (RhEnvelope *self)
{
  if (self == NULL)
    return;
  rh_rule_free (self->rule);
  g_free (self->id);
  g_free (self);
}

static gboolean
read_time (JsonObject *object, const char *member, gint64 *ret_s, const char *what, GError **error)
{
  const char *text = royal_json_string (object, member, NULL);
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, NULL) : NULL;

  if (text != NULL && time == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                 "%s: /%s: expected a time such as 2026-11-27T00:00:00Z, found %s", what, member, text);
  if (time != NULL)
    *ret_s = g_date_time_to_unix (time);
  return text == NULL || time != NULL;
}

/* The bounds are read as those of a rule that notifies, which is what it does: claims alone never suffice. */
static RhRule *
bounds_of (JsonObject *object, const char *what, GError **error)
{
  g_autoptr (JsonObject) rule = json_object_new ();
  static const char *const members[] = { "match", "when" };

  json_object_set_string_member (rule, "name", royal_json_string (object, "id", ""));
  json_object_set_string_member (rule, "risk", "medium");
  json_object_set_string_member (rule, "decision", "notify");
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (json_object_has_member (object, members[i]))
      json_object_set_member (rule, members[i], json_object_dup_member (object, members[i]));
  return rh_rule_new (RH_RULE, rule, what, "", error);
}

RhEnvelope *
rh_envelope_new (JsonNode *document, const char *what, GError **error)
{
  g_autoptr (RhEnvelope) self = NULL;
  JsonObject *object;

  g_return_val_if_fail (document != NULL && what != NULL, NULL);

  if (!rh_policy_schema_check (RH_ENVELOPE_SCHEMA, document, what, error))
    return NULL;
  object = json_node_get_object (document);
  self = g_new0 (RhEnvelope, 1);
  self->id = g_strdup (royal_json_string (object, "id", ""));
  self->max = royal_json_int (object, "max", 0);
  self->rule = bounds_of (object, what, error);
  if (self->rule == NULL || !read_time (object, "from", &self->from_s, what, error) ||
      !read_time (object, "until", &self->until_s, what, error))
    return NULL;
  return g_steal_pointer (&self);
}

const char *
rh_envelope_id (const RhEnvelope *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->id;
}

gboolean
rh_envelope_covers (const RhEnvelope *self, const RhPolicySubject *subject)
{
  RhView view;

  g_return_val_if_fail (self != NULL && subject != NULL, FALSE);

  view = rh_view_of (subject);
  return !subject->always_asks && subject->at_s > 0 && subject->at_s >= self->from_s && subject->at_s < self->until_s &&
         rh_rule_matches (self->rule, subject) &&
         (self->rule->when == NULL || rh_condition_test_view (self->rule->when, &view, TRUE, NULL) == RH_TRUTH_YES);
}

/* Counted like any other limit, so that two hosts cannot spend the last of it twice. */
static void
reserve (const RhEnvelope *self, guint n, gint64 at_s, RhVerdict *verdict)
{
  g_autofree char *name = g_strconcat ("envelope:", self->id, NULL);
  JsonObject *entry;
  JsonArray *list;

  if (self->max == 0)
    return;
  if (verdict->limits == NULL)
    {
      verdict->limits = json_node_new (JSON_NODE_ARRAY);
      json_node_take_array (verdict->limits, json_array_new ());
    }
  list = json_node_get_array (verdict->limits);
  entry = json_object_new ();
  json_object_set_string_member (entry, "name", name);
  json_object_set_string_member (entry, "key", name);
  json_object_set_double_member (entry, "amount", n);
  json_object_set_double_member (entry, "max", (double)self->max);
  json_object_set_int_member (entry, "window_s", self->from_s > 0 ? at_s - self->from_s + 1 : WINDOW_MAX_S);
  json_object_set_string_member (entry, "decision", rh_decision_name (RH_DECISION_APPROVE));
  json_object_set_string_member (entry, "risk", rh_risk_name (verdict->risk));
  json_array_add_object_element (list, entry);
}

static gboolean
covers_all (const RhEnvelope *self, const RhPolicySubject *subjects, guint n)
{
  for (guint i = 0; i < n; i++)
    if (!rh_envelope_covers (self, &subjects[i]))
      return FALSE;
  return self->max == 0 || n <= (guint64)self->max;
}

gboolean
rh_envelopes_apply (GPtrArray *envelopes, const RhPolicySubject *subjects, guint n, RhVerdict *verdict)
{
  const RhEnvelope *chosen = NULL;
  char *reason;

  g_return_val_if_fail (subjects != NULL && n > 0 && verdict != NULL, FALSE);

  if (envelopes == NULL || verdict->decision != RH_DECISION_APPROVE || verdict->floor >= RH_DECISION_APPROVE)
    return FALSE;
  for (guint i = 0; i < envelopes->len; i++)
    {
      const RhEnvelope *envelope = envelopes->pdata[i];

      if ((chosen == NULL || strcmp (envelope->id, chosen->id) < 0) && covers_all (envelope, subjects, n))
        chosen = envelope;
    }
  if (chosen == NULL)
    return FALSE;
  reason = g_strdup_printf ("envelope %s lets it pass and tells people, where %s", chosen->id, verdict->reason);
  g_free (verdict->reason);
  verdict->reason = reason;
  verdict->decision = RH_DECISION_NOTIFY;
  verdict->envelope = g_strdup (chosen->id);
  reserve (chosen, n, subjects[0].at_s, verdict);
  return TRUE;
}
