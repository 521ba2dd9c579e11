/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-policy-diff.h"

#include "rh-policy-private.h"
#include "royal-json.h"

#include <string.h>

/* An entry of either policy, as it stands in the document. */
typedef struct {
  const char *name;
  RhRuleKind kind;
  char *meaning; /* canonical, without what decides nothing */
  char *sentence;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_free (self->meaning);
  g_free (self->sentence);
  g_free (self);
}

/* (transfer full) */
static char *
meaning_of (JsonObject *entry)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *copy = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_node_take_object (node, copy);
  json_object_iter_init (&iter, entry);
  while (json_object_iter_next (&iter, &name, &value))
    if (strcmp (name, "description") != 0)
      json_object_set_member (copy, name, json_node_ref (value));
  return royal_json_canonical (node);
}

/* (transfer full): by name; names are those of @policy. */
static GHashTable *
entries_of (RhPolicy *policy)
{
  GHashTable *entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  JsonObject *document = json_node_get_object (policy->document);
  guint next[RH_N_RULE_KINDS] = { 0 };

  for (guint i = 0; i < policy->rules->len; i++)
    {
      const RhRule *rule = policy->rules->pdata[i];
      JsonArray *list = royal_json_array (document, rh_rule_kind_member (rule->kind));
      Entry *entry = g_new0 (Entry, 1);

      entry->name = rule->name;
      entry->kind = rule->kind;
      entry->meaning = meaning_of (json_array_get_object_element (list, next[rule->kind]++));
      entry->sentence = rh_rule_sentence (rule);
      g_hash_table_insert (entries, rule->name, entry);
    }
  return entries;
}

static void
add (JsonArray *list, const Entry *from, const Entry *to)
{
  const Entry *either = to != NULL ? to : from;
  JsonObject *object = json_object_new ();

  g_assert (either != NULL);
  json_object_set_string_member (object, "name", either->name);
  json_object_set_string_member (object, "kind", rh_rule_kind_member (either->kind));
  json_object_set_string_member (object, "change", from == NULL ? "added" : (to == NULL ? "removed" : "changed"));
  if (from != NULL)
    json_object_set_string_member (object, "from", from->sentence);
  if (to != NULL)
    json_object_set_string_member (object, "to", to->sentence);
  json_array_add_object_element (list, object);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

JsonArray *
rh_policy_diff (RhPolicy *from, RhPolicy *to)
{
  g_autoptr (GHashTable) before = NULL;
  g_autoptr (GHashTable) after = NULL;
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GList) sorted = NULL;
  JsonArray *list = json_array_new ();
  GHashTableIter iter;
  gpointer name;

  g_return_val_if_fail (from != NULL && to != NULL, list);

  before = entries_of (from);
  after = entries_of (to);
  g_hash_table_iter_init (&iter, before);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_hash_table_add (names, name);
  g_hash_table_iter_init (&iter, after);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_hash_table_add (names, name);
  sorted = g_list_sort (g_hash_table_get_keys (names), compare);
  for (GList *at = sorted; at != NULL; at = at->next)
    {
      const Entry *was = g_hash_table_lookup (before, at->data);
      const Entry *is = g_hash_table_lookup (after, at->data);

      if (was == NULL || is == NULL || was->kind != is->kind || strcmp (was->meaning, is->meaning) != 0)
        add (list, was, is);
    }
  return list;
}
