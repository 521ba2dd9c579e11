/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-grants.h"

#include "royal-json.h"

#include <string.h>

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* The sorted members of what @names holds. */
static GPtrArray *
sorted_texts (JsonArray *names)
{
  GPtrArray *texts = g_ptr_array_new ();

  for (guint i = 0; names != NULL && i < json_array_get_length (names); i++)
    g_ptr_array_add (texts, (gpointer)json_array_get_string_element (names, i));
  g_ptr_array_sort (texts, compare_texts);
  return texts;
}

static JsonObject *
find_write (JsonObject *grants, const char *action)
{
  JsonArray *writes = royal_json_array (grants, "writes");

  for (guint i = 0; writes != NULL && i < json_array_get_length (writes); i++)
    {
      JsonObject *write = json_array_get_object_element (writes, i);

      if (g_strcmp0 (royal_json_string (write, "action", NULL), action) == 0)
        return write;
    }
  return NULL;
}

static gboolean
holds_text (JsonArray *names, const char *name)
{
  for (guint i = 0; names != NULL && i < json_array_get_length (names); i++)
    if (g_strcmp0 (json_array_get_string_element (names, i), name) == 0)
      return TRUE;
  return FALSE;
}

/* Adds the bounds of @limits to @into, each where it is tighter. */
static void
tighten (JsonObject *into, JsonObject *limits)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *bound;

  if (limits == NULL)
    return;
  json_object_iter_init (&iter, limits);
  while (json_object_iter_next (&iter, &name, &bound))
    {
      JsonObject *given = json_node_get_object (bound);
      JsonObject *known = royal_json_object (into, name);

      if (known == NULL)
        {
          known = json_object_new ();
          json_object_set_object_member (into, name, known);
        }
      if (json_object_has_member (given, "max"))
        json_object_set_double_member (
            known, "max", MIN (royal_json_double (given, "max", 0), royal_json_double (known, "max", G_MAXDOUBLE)));
      if (json_object_has_member (given, "min"))
        json_object_set_double_member (
            known, "min", MAX (royal_json_double (given, "min", 0), royal_json_double (known, "min", -G_MAXDOUBLE)));
    }
}

static JsonObject *
both_writes (JsonObject *a, JsonObject *b)
{
  JsonObject *write = json_object_new ();
  JsonObject *limits = json_object_new ();

  tighten (limits, royal_json_object (a, "limits"));
  tighten (limits, royal_json_object (b, "limits"));
  json_object_set_string_member (write, "action", royal_json_string (a, "action", ""));
  json_object_set_object_member (write, "limits", limits);
  json_object_set_boolean_member (write, "once",
                                  royal_json_boolean (a, "once", FALSE) || royal_json_boolean (b, "once", FALSE));
  return write;
}

JsonObject *
rh_grants_both (JsonObject *a, JsonObject *b)
{
  JsonObject *both = json_object_new ();
  JsonArray *reads = json_array_new ();
  JsonArray *writes = json_array_new ();
  JsonArray *all = royal_json_array (a, "writes");
  g_autoptr (JsonArray) actions = json_array_new ();
  g_autoptr (GPtrArray) names = sorted_texts (royal_json_array (a, "reads"));
  g_autoptr (GPtrArray) sorted = NULL;

  for (guint i = 0; i < names->len; i++)
    if (holds_text (royal_json_array (b, "reads"), names->pdata[i]))
      json_array_add_string_element (reads, names->pdata[i]);
  for (guint i = 0; all != NULL && i < json_array_get_length (all); i++)
    json_array_add_string_element (actions, royal_json_string (json_array_get_object_element (all, i), "action", ""));
  sorted = sorted_texts (actions);
  for (guint i = 0; i < sorted->len; i++)
    {
      JsonObject *other = find_write (b, sorted->pdata[i]);

      if (other != NULL)
        json_array_add_object_element (writes, both_writes (find_write (a, sorted->pdata[i]), other));
    }
  json_object_set_array_member (both, "reads", reads);
  json_object_set_array_member (both, "writes", writes);
  return both;
}

JsonObject *
rh_grants_normal (JsonObject *grants)
{
  return rh_grants_both (grants, grants);
}

char *
rh_grants_text (JsonObject *grants)
{
  g_autoptr (JsonObject) normal = rh_grants_normal (grants);
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), normal);

  return royal_json_to_string (node);
}

gboolean
rh_grants_equal (JsonObject *a, JsonObject *b)
{
  g_autofree char *one = rh_grants_text (a);
  g_autofree char *other = rh_grants_text (b);

  return strcmp (one, other) == 0;
}
