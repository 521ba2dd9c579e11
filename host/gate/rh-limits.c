/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-limits.h"

#include "royal-json.h"

#include <math.h>

/* NAN for what is not a number. */
static double
number_of (JsonNode *node)
{
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) ||
      (json_node_get_value_type (node) != G_TYPE_INT64 && json_node_get_value_type (node) != G_TYPE_DOUBLE))
    return NAN;
  return json_node_get_double (node);
}

static char *
check_value (const char *name, JsonNode *node, JsonObject *limit)
{
  static const struct {
    const char *bound;
    int sign;
    const char *phrase;
  } bounds[] = { { "max", 1, "at most" }, { "min", -1, "at least" } };
  double value = number_of (node);

  if (isnan (value))
    return g_strdup_printf ("the grant limits %s, which is no number here", name);
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      JsonNode *bound = json_object_get_member (limit, bounds[i].bound);
      double allowed = number_of (bound);

      if (bound != NULL && (isnan (allowed) || bounds[i].sign * value > bounds[i].sign * allowed))
        return g_strdup_printf ("the grant allows %s %s %.15g, this is %.15g", name, bounds[i].phrase, allowed, value);
    }
  return NULL;
}

char *
rh_limits_exceeded (JsonObject *grant, JsonObject *parameters, JsonObject *facts)
{
  JsonObject *const places[] = { parameters, facts };
  JsonObject *limits = royal_json_object (grant, "limits");
  JsonObjectIter iter;
  const char *name;
  JsonNode *limit;

  if (limits == NULL)
    return NULL;
  json_object_iter_init_ordered (&iter, limits);
  while (json_object_iter_next_ordered (&iter, &name, &limit))
    {
      guint found = 0;

      if (!JSON_NODE_HOLDS_OBJECT (limit))
        return g_strdup_printf ("the grant's limit on %s is malformed", name);
      for (guint i = 0; i < G_N_ELEMENTS (places); i++)
        if (places[i] != NULL && json_object_has_member (places[i], name))
          {
            char *fault = check_value (name, json_object_get_member (places[i], name), json_node_get_object (limit));

            if (fault != NULL)
              return fault;
            found++;
          }
      if (found == 0)
        return g_strdup_printf ("the grant limits %s, which is neither a parameter nor a fact here", name);
    }
  return NULL;
}

void
rh_limits_once (JsonObject *grant, const char *agent, RhVerdict *verdict)
{
  static const int ten_years_s = 10 * 366 * 24 * 60 * 60;
  JsonObject *entry;
  g_autofree char *key = NULL;

  g_return_if_fail (agent != NULL && verdict != NULL);

  if (!royal_json_boolean (grant, "once", FALSE) || verdict->decision == RH_DECISION_DENY)
    return;
  key = g_strdup_printf ("%s/%s/%" G_GINT64_FORMAT, agent, royal_json_string (grant, "action", ""),
                         royal_json_int (grant, "serial", 0));
  if (verdict->limits == NULL)
    {
      verdict->limits = json_node_new (JSON_NODE_ARRAY);
      json_node_take_array (verdict->limits, json_array_new ());
    }
  entry = json_object_new ();
  json_object_set_string_member (entry, "name", "one-shot-grant");
  json_object_set_string_member (entry, "key", key);
  json_object_set_int_member (entry, "amount", 1);
  json_object_set_int_member (entry, "max", 1);
  json_object_set_int_member (entry, "window_s", ten_years_s);
  json_object_set_string_member (entry, "decision", rh_decision_name (RH_DECISION_DENY));
  json_object_set_string_member (entry, "risk", rh_risk_name (RH_RISK_HIGH));
  json_array_add_object_element (json_node_get_array (verdict->limits), entry);
}
