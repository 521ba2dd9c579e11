/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-verdicts.h"

#include "royal-json.h"

#include <string.h>

static JsonObject *
object_of (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static gboolean
holds (JsonArray *list, const char *name)
{
  for (guint i = 0; i < json_array_get_length (list); i++)
    if (g_strcmp0 (json_array_get_string_element (list, i), name) == 0)
      return TRUE;
  return FALSE;
}

/* A node of its own: what a verdict holds may be the policy's. */
static JsonNode *
deep_copy (JsonNode *node)
{
  g_autofree char *text = royal_json_to_string (node);
  JsonNode *copy = royal_json_parse (text, -1, "verdict", NULL);

  g_assert (copy != NULL);
  return copy;
}

/* The roles that both take; when that is nobody, an admin. */
static JsonArray *
join_roles (JsonArray *a, JsonArray *b)
{
  JsonArray *both = json_array_new ();

  for (guint i = 0; i < json_array_get_length (a); i++)
    if (holds (b, json_array_get_string_element (a, i)))
      json_array_add_string_element (both, json_array_get_string_element (a, i));
  if (json_array_get_length (both) == 0)
    json_array_add_string_element (both, "admin");
  return both;
}

static JsonArray *
join_names (JsonArray *a, JsonArray *b)
{
  JsonArray *const lists[] = { a, b };
  JsonArray *all = json_array_new ();

  for (guint n = 0; n < G_N_ELEMENTS (lists); n++)
    for (guint i = 0; lists[n] != NULL && i < json_array_get_length (lists[n]); i++)
      if (!holds (all, json_array_get_string_element (lists[n], i)))
        json_array_add_string_element (all, json_array_get_string_element (lists[n], i));
  return all;
}

static gboolean
both_equal (JsonObject *a, JsonObject *b, const char *member)
{
  JsonNode *left = a != NULL ? json_object_get_member (a, member) : NULL;
  JsonNode *right = b != NULL ? json_object_get_member (b, member) : NULL;

  return left != NULL && right != NULL && json_node_equal (left, right);
}

JsonNode *
rh_asks_join (JsonNode *a, JsonNode *b)
{
  JsonObject *left = object_of (a), *right = object_of (b);
  JsonArray *left_roles = royal_json_array (left, "roles"), *right_roles = royal_json_array (right, "roles");
  JsonArray *names;
  JsonObject *both;
  JsonNode *node;

  if (left == NULL && right == NULL)
    return NULL;
  /* Whoever says nothing takes the defaults: silence is no approval there, and nothing widens. */
  node = json_node_new (JSON_NODE_OBJECT);
  both = json_object_new ();
  if (left_roles != NULL && right_roles != NULL)
    json_object_set_array_member (both, "roles", join_roles (left_roles, right_roles));
  else if (left_roles != NULL || right_roles != NULL)
    json_object_set_member (both, "roles", json_object_dup_member (left_roles != NULL ? left : right, "roles"));
  json_object_set_int_member (both, "quorum",
                              MAX (royal_json_int (left, "quorum", 1), royal_json_int (right, "quorum", 1)));
  json_object_set_boolean_member (both, "four_eyes",
                                  royal_json_boolean (left, "four_eyes", FALSE) ||
                                      royal_json_boolean (right, "four_eyes", FALSE));
  for (guint i = 0; i < 2; i++)
    if (both_equal (left, right, i == 0 ? "at_deadline" : "escalate"))
      json_object_set_member (both, i == 0 ? "at_deadline" : "escalate",
                              json_object_dup_member (left, i == 0 ? "at_deadline" : "escalate"));
  names = join_names (royal_json_array (left, "notify"), royal_json_array (right, "notify"));
  json_object_set_array_member (both, "notify", names);
  json_node_take_object (node, both);
  return node;
}

/* --- Verdicts ----------------------------------------------------------------------------------------------------- */

/* Adds what an item reserves to what the others do: one entry for a limit and its window's owner. */
static void
add_limits (JsonArray *all, GHashTable *known, JsonNode *limits)
{
  JsonArray *list = limits != NULL && JSON_NODE_HOLDS_ARRAY (limits) ? json_node_get_array (limits) : NULL;

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *limit = json_array_get_object_element (list, i);
      char *key = g_strconcat (royal_json_string (limit, "name", ""), "\n", royal_json_string (limit, "key", ""), NULL);
      JsonObject *seen = g_hash_table_lookup (known, key);

      if (seen != NULL)
        {
          json_object_set_double_member (
              seen, "amount", royal_json_double (seen, "amount", 0) + royal_json_double (limit, "amount", 0));
          g_free (key);
          continue;
        }
      json_array_add_element (all, deep_copy (json_array_get_element (list, i)));
      g_hash_table_insert (known, key, json_array_get_object_element (all, json_array_get_length (all) - 1));
    }
}

static JsonNode *
join_limits (GPtrArray *verdicts)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, json_array_new ());
  for (guint i = 0; i < verdicts->len; i++)
    add_limits (json_node_get_array (node), known, ((RhVerdict *)verdicts->pdata[i])->limits);
  return json_array_get_length (json_node_get_array (node)) > 0 ? g_steal_pointer (&node) : NULL;
}

static char **
join_rules (GPtrArray *verdicts)
{
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GStrvBuilder) rules = g_strv_builder_new ();

  for (guint i = 0; i < verdicts->len; i++)
    for (char **rule = ((RhVerdict *)verdicts->pdata[i])->rules; *rule != NULL; rule++)
      if (g_hash_table_add (known, *rule))
        g_strv_builder_add (rules, *rule);
  return g_strv_builder_end (rules);
}

/* The explanation of the item that decided, which it names. */
static JsonNode *
explain (const RhVerdict *verdict, guint number)
{
  JsonNode *node;

  if (object_of (verdict->explanation) == NULL)
    return NULL;
  node = deep_copy (verdict->explanation);
  json_object_set_int_member (json_node_get_object (node), "item", number);
  return node;
}

RhVerdict *
rh_verdicts_join (GPtrArray *verdicts, GPtrArray *items)
{
  const RhItem *item;
  RhVerdict *all;
  guint first = 0, n = 0;

  g_return_val_if_fail (verdicts != NULL && verdicts->len > 0, NULL);
  g_return_val_if_fail (items != NULL && items->len == verdicts->len, NULL);

  all = g_new0 (RhVerdict, 1);
  for (guint i = 0; i < verdicts->len; i++)
    {
      const RhVerdict *one = verdicts->pdata[i];

      if (i == 0 || one->decision > all->decision)
        first = i;
      all->decision = i == 0 ? one->decision : MAX (all->decision, one->decision);
      all->risk = i == 0 ? one->risk : MAX (all->risk, one->risk);
      if (one->deadline_s != 0)
        all->deadline_s = all->deadline_s == 0 ? one->deadline_s : MIN (all->deadline_s, one->deadline_s);
    }
  /* Items that pass by themselves ask nothing of anybody, and do not soften what the others ask. */
  for (guint i = first; i < verdicts->len; i++)
    {
      const RhVerdict *one = verdicts->pdata[i];
      JsonNode *joined;

      if (one->decision != all->decision)
        continue;
      n++;
      joined =
          i == first ? (one->asks != NULL ? json_node_copy (one->asks) : NULL) : rh_asks_join (all->asks, one->asks);
      g_clear_pointer (&all->asks, json_node_unref);
      all->asks = joined;
    }
  all->rules = join_rules (verdicts);
  item = items->pdata[first];
  all->reason = g_strdup_printf ("item %u%s: %s", item->number, n > 1 ? " and others" : "",
                                 ((RhVerdict *)verdicts->pdata[first])->reason);
  all->limits = join_limits (verdicts);
  all->explanation = explain (verdicts->pdata[first], item->number);
  return all;
}
