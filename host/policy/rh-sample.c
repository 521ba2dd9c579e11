/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-sample.h"

#include "rh-policy-schema.h"
#include "royal-json.h"

struct _RhSample {
  JsonObject *document;
  RhPolicySubject *subjects;
  guint n;
  GPtrArray *envelopes; /* (nullable) */
  GPtrArray *facts;     /* JsonObject: those of items, beside those of the whole */
};

void
rh_sample_free (RhSample *self)
{
  if (self == NULL)
    return;
  json_object_unref (self->document);
  g_ptr_array_unref (self->facts);
  g_clear_pointer (&self->envelopes, g_ptr_array_unref);
  g_free (self->subjects);
  g_free (self);
}

/* (transfer none): the item's own go before those of the whole. */
static JsonObject *
facts_of (RhSample *self, JsonObject *item)
{
  JsonObject *const sources[] = { royal_json_object (self->document, "facts"), royal_json_object (item, "facts") };
  JsonObject *facts = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      if (sources[i] == NULL)
        continue;
      json_object_iter_init (&iter, sources[i]);
      while (json_object_iter_next (&iter, &name, &value))
        json_object_set_member (facts, name, json_node_ref (value));
    }
  g_ptr_array_add (self->facts, facts);
  return facts;
}

static RhSample *
sample_new (JsonObject *document, gint64 at_s)
{
  RhSample *self = g_new0 (RhSample, 1);
  JsonArray *items = royal_json_array (document, "items");
  guint n = items != NULL ? json_array_get_length (items) : 0;

  self->document = json_object_ref (document);
  self->facts = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
  self->n = MAX (n, 1);
  self->subjects = g_new0 (RhPolicySubject, self->n);
  for (guint i = 0; i < self->n; i++)
    {
      JsonObject *item = n > 0 ? json_array_get_object_element (items, i) : document;

      self->subjects[i] =
          (RhPolicySubject){ .workspace = royal_json_string (document, "workspace", "default"),
                             .cluster = royal_json_string (document, "cluster", ""),
                             .agent = royal_json_string (document, "agent", ""),
                             .action = royal_json_string (document, "action", ""),
                             .target = royal_json_string (item, "target", ""),
                             .facts = n > 0 ? facts_of (self, item) : royal_json_object (document, "facts"),
                             .claims = royal_json_object (document, "claims"),
                             .parameters = royal_json_object (item, "parameters"),
                             .at_s = at_s,
                             .always_asks = royal_json_boolean (document, "always_asks", FALSE) };
    }
  return self;
}

RhSample *
rh_sample_new (JsonNode *document, gint64 at_s, const char *what, GError **error)
{
  const char *text;

  g_return_val_if_fail (document != NULL && what != NULL, NULL);

  if (!rh_policy_schema_check (RH_SAMPLE_SCHEMA, document, what, error))
    return NULL;
  text = royal_json_string (json_node_get_object (document), "at", NULL);
  if (text != NULL)
    {
      g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, NULL);

      if (time == NULL)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "%s: /at: expected a time such as 2026-11-27T00:00:00Z, found %s", what, text);
          return NULL;
        }
      at_s = g_date_time_to_unix (time);
    }
  return sample_new (json_node_get_object (document), at_s);
}

RhSample *
rh_sample_new_recorded (JsonObject *document)
{
  g_return_val_if_fail (document != NULL, NULL);

  return sample_new (document, royal_json_int (document, "at_s", 0));
}

void
rh_sample_set_envelopes (RhSample *self, GPtrArray *envelopes)
{
  g_return_if_fail (self != NULL && envelopes != NULL);

  g_ptr_array_ref (envelopes);
  g_clear_pointer (&self->envelopes, g_ptr_array_unref);
  self->envelopes = envelopes;
  for (guint i = 0; i < self->n; i++)
    self->subjects[i].envelopes = envelopes;
}

const RhPolicySubject *
rh_sample_subjects (const RhSample *self, guint *ret_n)
{
  g_return_val_if_fail (self != NULL && ret_n != NULL, NULL);

  *ret_n = self->n;
  return self->subjects;
}

static void
take (JsonObject *object, const char *name, JsonNode **node)
{
  if (*node != NULL)
    json_object_set_member (object, name, g_steal_pointer (node));
}

JsonNode *
rh_sample_decide (const RhSample *self, RhPolicy *policy)
{
  g_autoptr (RhVerdict) verdict = NULL;
  JsonObject *object = json_object_new ();
  JsonArray *rules = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  g_return_val_if_fail (self != NULL && policy != NULL, node);

  verdict = self->n > 1 ? rh_policy_decide_items (policy, self->subjects, self->n)
                        : rh_policy_decide (policy, self->subjects);
  for (guint i = 0; verdict->rules[i] != NULL; i++)
    json_array_add_string_element (rules, verdict->rules[i]);
  json_object_set_string_member (object, "decision", rh_decision_name (verdict->decision));
  json_object_set_string_member (object, "risk", rh_risk_name (verdict->risk));
  json_object_set_array_member (object, "rules", rules);
  json_object_set_string_member (object, "reason", verdict->reason);
  json_object_set_int_member (object, "deadline_s", verdict->deadline_s);
  take (object, "asks", &verdict->asks);
  take (object, "limits", &verdict->limits);
  if (verdict->explanation == NULL)
    verdict->explanation = rh_policy_explain (policy, self->subjects);
  take (object, "explanation", &verdict->explanation);
  if (verdict->envelope != NULL)
    json_object_set_string_member (object, "envelope", verdict->envelope);
  json_object_set_string_member (object, "policy_version", rh_policy_version (policy));
  return node;
}
