/* SPDX-License-Identifier: Apache-2.0 */
#include <royal/proposal.h>

#include <math.h>

/* A proposal is the JSON that it will travel as, built member by member. */
struct _RoyalProposal {
  JsonObject *json;
};

static const char *const priority_names[] = {
  [ROYAL_PRIORITY_LOW] = "low",
  [ROYAL_PRIORITY_NORMAL] = "normal",
  [ROYAL_PRIORITY_HIGH] = "high",
  [ROYAL_PRIORITY_CRITICAL] = "critical",
};

RoyalProposal *
royal_proposal_new (const char *action)
{
  RoyalProposal *self;

  g_return_val_if_fail (action != NULL, NULL);

  self = g_new0 (RoyalProposal, 1);
  self->json = json_object_new ();
  json_object_set_string_member (self->json, "action", action);
  json_object_set_object_member (self->json, "parameters", json_object_new ());
  return self;
}

void
royal_proposal_free (RoyalProposal *self)
{
  if (self == NULL)
    return;
  json_object_unref (self->json);
  g_free (self);
}

static void
set_text (RoyalProposal *self, const char *member, const char *text)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (text != NULL);

  json_object_set_string_member (self->json, member, text);
}

void
royal_proposal_set_target (RoyalProposal *self, const char *target)
{
  set_text (self, "target", target);
}

void
royal_proposal_set_title (RoyalProposal *self, const char *title)
{
  set_text (self, "title", title);
}

void
royal_proposal_set_description (RoyalProposal *self, const char *description)
{
  set_text (self, "description", description);
}

void
royal_proposal_set_reasoning (RoyalProposal *self, const char *reasoning)
{
  set_text (self, "reasoning", reasoning);
}

void
royal_proposal_set_number (RoyalProposal *self, const char *name, double value)
{
  royal_proposal_set_node (self, name, json_node_init_double (json_node_alloc (), value));
}

void
royal_proposal_set_int (RoyalProposal *self, const char *name, gint64 value)
{
  royal_proposal_set_node (self, name, json_node_init_int (json_node_alloc (), value));
}

void
royal_proposal_set_string (RoyalProposal *self, const char *name, const char *value)
{
  g_return_if_fail (value != NULL);

  royal_proposal_set_node (self, name, json_node_init_string (json_node_alloc (), value));
}

void
royal_proposal_set_boolean (RoyalProposal *self, const char *name, gboolean value)
{
  royal_proposal_set_node (self, name, json_node_init_boolean (json_node_alloc (), value));
}

void
royal_proposal_set_node (RoyalProposal *self, const char *name, JsonNode *value)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (name != NULL);
  g_return_if_fail (value != NULL);

  json_object_set_member (json_object_get_object_member (self->json, "parameters"), name, value);
}

static JsonArray *
list_of (RoyalProposal *self, const char *member)
{
  if (!json_object_has_member (self->json, member))
    json_object_set_array_member (self->json, member, json_array_new ());
  return json_object_get_array_member (self->json, member);
}

void
royal_proposal_add_item (RoyalProposal *self, const char *target, JsonNode *parameters)
{
  JsonObject *item;

  g_return_if_fail (self != NULL);
  g_return_if_fail (target != NULL);
  g_return_if_fail (parameters != NULL && JSON_NODE_HOLDS_OBJECT (parameters));

  item = json_object_new ();
  json_object_set_string_member (item, "target", target);
  json_object_set_member (item, "parameters", parameters);
  json_array_add_object_element (list_of (self, "items"), item);
}

void
royal_proposal_set_revert (RoyalProposal *self, guint seconds)
{
  g_return_if_fail (self != NULL);

  json_object_set_int_member (self->json, "revert_after_s", seconds);
}

static void
add_text (RoyalProposal *self, const char *member, const char *text)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (text != NULL);

  json_array_add_string_element (list_of (self, member), text);
}

void
royal_proposal_add_source (RoyalProposal *self, const char *source)
{
  add_text (self, "sources", source);
}

void
royal_proposal_add_risk (RoyalProposal *self, const char *risk)
{
  add_text (self, "risks", risk);
}

void
royal_proposal_add_alternative (RoyalProposal *self,
                                const char *description,
                                const char *pros,
                                const char *cons,
                                double impact)
{
  JsonObject *alternative;

  g_return_if_fail (self != NULL);
  g_return_if_fail (description != NULL);

  alternative = json_object_new ();
  json_object_set_string_member (alternative, "description", description);
  if (pros != NULL)
    json_object_set_string_member (alternative, "pros", pros);
  if (cons != NULL)
    json_object_set_string_member (alternative, "cons", cons);
  json_object_set_double_member (alternative, "impact", impact);
  json_array_add_object_element (list_of (self, "alternatives"), alternative);
}

void
royal_proposal_add_claim (RoyalProposal *self, const char *name, double value)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (name != NULL);

  if (!json_object_has_member (self->json, "claims"))
    json_object_set_object_member (self->json, "claims", json_object_new ());
  json_object_set_double_member (json_object_get_object_member (self->json, "claims"), name, value);
}

void
royal_proposal_set_confidence (RoyalProposal *self, double confidence)
{
  g_return_if_fail (confidence >= 0 && confidence <= 1);

  royal_proposal_add_claim (self, "confidence", confidence);
}

void
royal_proposal_set_priority (RoyalProposal *self, RoyalPriority priority)
{
  g_return_if_fail ((guint)priority < G_N_ELEMENTS (priority_names));

  set_text (self, "priority", priority_names[priority]);
}

void
royal_proposal_set_deadline (RoyalProposal *self, guint seconds)
{
  g_return_if_fail (self != NULL);

  json_object_set_int_member (self->json, "deadline_s", seconds);
}

JsonNode *
royal_proposal_to_json (const RoyalProposal *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return json_node_init_object (json_node_alloc (), self->json);
}
