/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-workflow-condition.h"

struct _RhWorkflowCondition {
  RhCondition *condition; /* over facts that are named by the references */
  GPtrArray *references;
};

void
rh_workflow_condition_free (RhWorkflowCondition *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->condition, rh_condition_free);
  g_ptr_array_unref (self->references);
  g_free (self);
}

static JsonNode *translate (JsonNode *document, GPtrArray *references);

static JsonNode *
translate_list (JsonArray *list, GPtrArray *references)
{
  g_autoptr (JsonArray) made = json_array_new ();

  for (guint i = 0; i < json_array_get_length (list); i++)
    json_array_add_element (made, translate (json_array_get_element (list, i), references));
  return json_node_init_array (json_node_alloc (), made);
}

/* The same condition as a policy has it; what is not well formed is left for it to refuse. */
static JsonNode *
translate (JsonNode *document, GPtrArray *references)
{
  g_autoptr (JsonObject) made = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  if (JSON_NODE_HOLDS_ARRAY (document))
    return translate_list (json_node_get_array (document), references);
  if (!JSON_NODE_HOLDS_OBJECT (document))
    return json_node_copy (document);
  json_object_iter_init_ordered (&iter, json_node_get_object (document));
  while (json_object_iter_next_ordered (&iter, &name, &member))
    if (rh_reference_is (name))
      {
        g_autofree char *fact = g_strconcat ("facts.", name, NULL);

        g_ptr_array_add (references, g_strdup (name));
        json_object_set_member (made, fact, json_node_copy (member));
      }
    else
      json_object_set_member (made, name, translate (member, references));
  return json_node_init_object (json_node_alloc (), made);
}

RhWorkflowCondition *
rh_workflow_condition_new (JsonNode *document, const char *what, const char *pointer, GError **error)
{
  g_autoptr (RhWorkflowCondition) self = g_new0 (RhWorkflowCondition, 1);
  g_autoptr (JsonNode) translated = NULL;

  g_return_val_if_fail (document != NULL && what != NULL && pointer != NULL, NULL);

  self->references = g_ptr_array_new_with_free_func (g_free);
  translated = translate (document, self->references);
  self->condition = rh_condition_new (translated, what, pointer, error);
  return self->condition != NULL ? g_steal_pointer (&self) : NULL;
}

GPtrArray *
rh_workflow_condition_references (RhWorkflowCondition *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->references;
}

RhTruth
rh_workflow_condition_test (RhWorkflowCondition *self, RhReferenceLookup lookup, gpointer data, char **ret_error)
{
  g_autoptr (JsonObject) facts = json_object_new ();

  g_return_val_if_fail (self != NULL && lookup != NULL, RH_TRUTH_ERROR);

  for (guint i = 0; i < self->references->len; i++)
    {
      JsonNode *value = rh_reference_find (self->references->pdata[i], lookup, data);

      if (value != NULL)
        json_object_set_member (facts, self->references->pdata[i], value);
    }
  return rh_condition_test (self->condition, facts, NULL, FALSE, ret_error);
}
