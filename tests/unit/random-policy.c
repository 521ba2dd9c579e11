/* SPDX-License-Identifier: Apache-2.0 */
#include "random-policy.h"

#include "royal-json.h"

#include <string.h>

static gint32
below (gint32 n)
{
  return g_test_rand_int_range (0, n);
}

static const char *
one_of (const char *const *words)
{
  return words[below ((gint32)g_strv_length ((char **)words))];
}

#define ONE_OF(...) one_of ((const char *const[]){ __VA_ARGS__, NULL })

/* --- Rules, as JSON with ' for " ---------------------------------------------------------------------------------- */

static char *
random_leaf (void)
{
  static const char *const numeric[] = { "gt", "gte", "lt", "lte", "eq", "ne", NULL };
  const char *source = below (5) == 0 ? "claims" : "facts";

  switch (below (10))
    {
    case 0:
      return g_strdup_printf ("{'%s.s':{'%s':'%s'}}", source, ONE_OF ("eq", "ne"), ONE_OF ("a", "b"));
    case 1:
      return g_strdup_printf ("{'%s.s':{'in':['a','%s']}}", source, ONE_OF ("b", "c"));
    case 2:
      return g_strdup_printf ("{'%s.b':{'eq':%s}}", source, ONE_OF ("true", "false"));
    case 3:
      return g_strdup_printf ("{'%s.f%d':{'exists':%s}}", source, below (4), ONE_OF ("true", "false"));
    case 4:
      return g_strdup_printf ("{'%s.f%d':{'between':[%d,%d]}}", source, below (4), below (3), 2 + below (3));
    case 5:
      return g_strdup_printf ("{'%s.f%d':{'%s':%d.5}}", source, below (4), one_of (numeric), below (4));
    default:
      return g_strdup_printf ("{'%s.f%d':{'%s':%d}}", source, below (4), one_of (numeric), below (5));
    }
}

static char *
random_condition (guint depth)
{
  int kind = depth == 0 ? 3 : below (4);
  g_autofree char *a = kind < 3 ? random_condition (depth - 1) : NULL;
  g_autofree char *b = kind < 2 ? random_condition (depth - 1) : NULL;

  if (kind < 2)
    return g_strdup_printf ("{'%s':[%s,%s]}", kind == 0 ? "all" : "any", a, b);
  if (kind == 2)
    return g_strdup_printf ("{'not':%s}", a);
  return random_leaf ();
}

static char *
random_match (void)
{
  GString *text = g_string_new ("{");

  g_string_append_printf (text, "'action':%s",
                          ONE_OF ("'*'", "'price.*'", "['other','price.set']", "'p*.?et'", "'no'"));
  if (below (4) == 0)
    g_string_append_printf (text, ",'agent':'%s'", ONE_OF ("pri*", "other"));
  if (below (4) == 0)
    g_string_append_printf (text, ",'target':'%s'", ONE_OF ("de-*", "*-1", "fr-*"));
  return g_string_free (g_string_append_c (text, '}'), FALSE);
}

static char *
random_limit (void)
{
  return g_strdup_printf ("'sum':'%s','per':'%s',%s,'max':%d,'then':'%s'",
                          ONE_OF ("count", "facts.f0", "facts.f1", "parameters.p"),
                          ONE_OF ("agent", "action", "target", "workspace"),
                          ONE_OF ("'window_s':3600", "'window':'day','time_zone':'Europe/Berlin'",
                                  "'window':'month','time_zone':'America/New_York'"),
                          below (4), ONE_OF ("approve", "deny"));
}

static char *
random_hours (void)
{
  return g_strdup_printf ("'time_zone':'UTC','from':'%s','to':'%s','decision':'%s'%s",
                          ONE_OF ("00:00", "09:00", "12:30", "22:00"), ONE_OF ("06:00", "13:00", "22:00", "24:00"),
                          ONE_OF ("notify", "approve", "deny"),
                          ONE_OF ("", ",'days':['fri']", ",'days':['mon','tue']"));
}

static char *
random_freeze (void)
{
  return g_strdup_printf ("'from':'%s','to':'%s','decision':'%s'", ONE_OF ("2026-11-19", "2026-11-20T13:00:00"),
                          ONE_OF ("2026-11-20T18:00:00Z", "2026-12-01"), ONE_OF ("notify", "approve", "deny"));
}

static char *
random_part (RhRuleKind kind)
{
  if (kind == RH_RULE_LIMIT)
    return random_limit ();
  return kind == RH_RULE_QUIET_HOURS ? random_hours () : random_freeze ();
}

static void
append_asks (GString *text)
{
  if (below (3) == 0)
    g_string_append_printf (text, ",'approvers':{%s%s}",
                            ONE_OF ("'roles':['approver']", "'roles':['admin','operator']", "'quorum':2", "'quorum':3"),
                            ONE_OF ("", ",'four_eyes':true"));
  if (below (3) == 0)
    g_string_append_printf (text, ",'notify':['%s','%s']", ONE_OF ("a", "b"), ONE_OF ("c", "d"));
}

static void
append_rule (GString *text)
{
  const char *decision = ONE_OF ("auto", "notify", "approve", "deny");

  g_string_append_printf (text, ",'risk':'%s','decision':'%s'", ONE_OF ("low", "medium", "high"), decision);
  if (below (3) == 0)
    g_string_append_printf (text, ",'deadline_s':%d%s", 60 + below (600),
                            strcmp (decision, "approve") == 0 ? ONE_OF ("", ",'at_deadline':'approve'") : "");
  if (below (5) == 0)
    g_string_append_printf (text, ",'escalate':[{'after_s':%d}]", 10 + below (3));
  for (RhRuleKind kind = RH_RULE_LIMIT; kind < RH_N_RULE_KINDS; kind++)
    if (below (5) == 0)
      {
        g_autofree char *part = random_part (kind);

        g_string_append_printf (text, ",'%s':[{%s}]", rh_rule_kind_member (kind), part);
        if (kind == RH_RULE_FREEZE)
          g_string_insert_len (text, (gssize)text->len - 2, ",'time_zone':'UTC'", -1);
      }
}

JsonNode *
random_rule (RhRuleKind kind, guint number)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *match = random_match ();
  g_autofree char *when = random_condition (2);
  g_autoptr (GError) error = NULL;
  JsonNode *node;

  g_string_append_printf (text, "{'name':'r%u','match':%s", number, match);
  if (below (3) != 0)
    g_string_append_printf (text, ",'when':%s", when);
  append_asks (text);
  if (kind == RH_RULE)
    append_rule (text);
  else
    {
      g_autofree char *part = random_part (kind);

      g_string_append_printf (text, ",%s%s", part, kind == RH_RULE_FREEZE ? ",'time_zone':'UTC'" : "");
    }
  g_string_append_c (text, '}');
  g_strdelimit (text->str, "'", '"');
  node = royal_json_parse (text->str, -1, "random", &error);
  g_assert_no_error (error);
  return node;
}

/* --- Policies ----------------------------------------------------------------------------------------------------- */

static RhPolicy *
load (const RandomPolicy *self, guint n, GError **error)
{
  g_autoptr (JsonNode) document = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_node_take_object (document, object);
  for (RhRuleKind kind = RH_RULE; kind < RH_N_RULE_KINDS; kind++)
    {
      JsonArray *list = json_array_new ();

      for (guint i = 0; i < n; i++)
        if (self->kinds[i] == kind)
          json_array_add_element (list, json_node_ref (self->rules[i]));
      json_object_set_array_member (object, rh_rule_kind_member (kind), list);
    }
  return rh_policy_new (document, "random", error);
}

/* A rule that claims alone would satisfy is refused: then another one. */
void
random_policy_add (RandomPolicy *self)
{
  guint i = self->n++;

  g_assert_cmpuint (self->n, <=, G_N_ELEMENTS (self->rules));
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      RhRule *rule;

      self->kinds[i] = below (3) == 0 ? (RhRuleKind)below (RH_N_RULE_KINDS) : RH_RULE;
      self->rules[i] = random_rule (self->kinds[i], i);
      rule = rh_rule_new (self->kinds[i], json_node_get_object (self->rules[i]), "random", "", &error);
      rh_rule_free (rule);
      if (rule != NULL)
        return;
      if (strstr (error->message, "claims alone") == NULL)
        g_error ("%s", error->message);
      json_node_unref (self->rules[i]);
    }
}

void
random_policy_init (RandomPolicy *self, guint n)
{
  memset (self, 0, sizeof *self);
  for (guint i = 0; i < n; i++)
    random_policy_add (self);
}

void
random_policy_shuffle (RandomPolicy *self)
{
  for (guint i = self->n; i > 1; i--)
    {
      guint j = (guint)below ((gint32)i);
      JsonNode *rule = self->rules[i - 1];
      RhRuleKind kind = self->kinds[i - 1];

      self->rules[i - 1] = self->rules[j];
      self->kinds[i - 1] = self->kinds[j];
      self->rules[j] = rule;
      self->kinds[j] = kind;
    }
}

void
random_policy_clear (RandomPolicy *self)
{
  for (guint i = 0; i < self->n; i++)
    json_node_unref (self->rules[i]);
}

RhPolicy *
random_policy_load (const RandomPolicy *self, guint n)
{
  g_autoptr (GError) error = NULL;
  RhPolicy *policy = load (self, n, &error);

  g_assert_no_error (error);
  return policy;
}

/* --- Subjects ----------------------------------------------------------------------------------------------------- */

static JsonObject *
random_values (gboolean sound)
{
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%u", i);

      if (!sound && below (10) == 0)
        json_object_set_string_member (object, name, "six");
      else if (below (5) != 0)
        {
          if (below (3) == 0)
            json_object_set_double_member (object, name, below (10) / 2.0);
          else
            json_object_set_int_member (object, name, below (5));
        }
    }
  if (below (5) != 0)
    json_object_set_string_member (object, "s", ONE_OF ("a", "b", "c"));
  if (below (5) != 0)
    json_object_set_boolean_member (object, "b", below (2) == 0);
  return object;
}

void
random_subject_init (RandomSubject *self, gboolean sound)
{
  self->facts = random_values (sound);
  self->claims = random_values (sound);
  self->parameters = json_object_new ();
  if (below (4) != 0)
    json_object_set_int_member (self->parameters, "p", below (5));
  self->subject = (RhPolicySubject){ .workspace = "demo",
                                     .cluster = "product",
                                     .agent = "pricing",
                                     .action = "price.set",
                                     .target = ONE_OF ("de-1", "de-2", "fr-1"),
                                     .facts = self->facts,
                                     .claims = self->claims,
                                     .parameters = self->parameters,
                                     .at_s = below (20) == 0 ? 0 : RANDOM_AT_S + below (86400) };
}

void
random_subject_clear (RandomSubject *self)
{
  json_object_unref (self->facts);
  json_object_unref (self->claims);
  json_object_unref (self->parameters);
}
