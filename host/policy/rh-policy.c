/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-policy-private.h"

#include "rh-policy-schema.h"
#include "royal-json.h"

#include <string.h>

/* --- Reading ------------------------------------------------------------------------------------------------------ */

static void
clear (gpointer data)
{
  RhPolicy *self = data;

  g_clear_pointer (&self->rules, g_ptr_array_unref);
  g_clear_pointer (&self->document, json_node_unref);
  g_free (self->version);
}

void
rh_policy_free (RhPolicy *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, clear);
}

RhPolicy *
rh_policy_ref (RhPolicy *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

/* Accounts are kept by the names of limits, so one name is one account. */
static gboolean
add_budgets (const RhRule *rule, GHashTable *names, const char *what, const char *pointer, GError **error)
{
  for (guint i = 0; rule->budgets != NULL && i < rule->budgets->len; i++)
    {
      const char *name = rh_budget_name (rule->budgets->pdata[i]);

      if (strcmp (name, rule->name) == 0 && rule->budgets->len == 1)
        continue;
      if (!g_hash_table_add (names, (gpointer)name))
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "%s: %s/limits/%u/name: expected a name of its own, `%s` is taken", what, pointer, i, name);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
add_rules (RhPolicy *self, RhRuleKind kind, GHashTable *names, const char *what, GError **error)
{
  JsonArray *list = royal_json_array (json_node_get_object (self->document), rh_rule_kind_member (kind));

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      g_autofree char *pointer = g_strdup_printf ("/%s/%u", rh_rule_kind_member (kind), i);
      RhRule *rule = rh_rule_new (kind, json_array_get_object_element (list, i), what, pointer, error);

      if (rule == NULL)
        return FALSE;
      g_ptr_array_add (self->rules, rule);
      if (!g_hash_table_add (names, rule->name))
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "%s: %s/name: expected a name of its own, `%s` is taken", what, pointer, rule->name);
          return FALSE;
        }
      if (!add_budgets (rule, names, what, pointer, error))
        return FALSE;
    }
  return TRUE;
}

RhPolicy *
rh_policy_new (JsonNode *document, const char *what, GError **error)
{
  g_autoptr (RhPolicy) self = NULL;
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  g_return_val_if_fail (document != NULL && what != NULL, NULL);

  if (!rh_policy_schema_check (RH_POLICY_SCHEMA, document, what, error))
    return NULL;
  self = g_atomic_rc_box_new0 (RhPolicy);
  self->rules = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_rule_free);
  self->document = json_node_copy (document);
  self->version = royal_json_digest (document);
  for (RhRuleKind kind = RH_RULE; kind < RH_N_RULE_KINDS; kind++)
    if (!add_rules (self, kind, names, what, error))
      return NULL;
  return g_steal_pointer (&self);
}

const char *
rh_policy_version (RhPolicy *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->version;
}

JsonNode *
rh_policy_document (RhPolicy *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->document;
}

JsonArray *
rh_policy_sentences (RhPolicy *self)
{
  static const char *const kinds[RH_N_RULE_KINDS] = { "rule", "limit", "quiet hours", "freeze" };
  JsonArray *sentences = json_array_new ();

  g_return_val_if_fail (self != NULL, sentences);

  for (guint i = 0; i < self->rules->len; i++)
    {
      const RhRule *rule = self->rules->pdata[i];
      g_autofree char *text = rh_rule_sentence (rule);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "name", rule->name);
      json_object_set_string_member (object, "kind", kinds[rule->kind]);
      json_object_set_string_member (object, "text", text);
      json_array_add_object_element (sentences, object);
    }
  return sentences;
}
