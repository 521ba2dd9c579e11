/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-asks.h"

#include "royal-json.h"

#include <string.h>

/* Sorted, as they are written. */
static const char *const role_names[RH_ASKS_N_ROLES] = { "admin", "approver", "developer", "operator" };

#define ROLE_ADMIN 0x1u
#define ROLES_USUAL 0x3u /* who may answer where no rule says which */

void
rh_asks_init (RhAsks *self, JsonObject *rule)
{
  JsonObject *approvers = royal_json_object (rule, "approvers");
  JsonArray *roles = royal_json_array (approvers, "roles");
  JsonArray *escalate = royal_json_array (rule, "escalate");
  JsonArray *notify = royal_json_array (rule, "notify");

  memset (self, 0, sizeof *self);
  self->n = 1;
  for (guint i = 0; roles != NULL && i < json_array_get_length (roles); i++)
    for (guint r = 0; r < RH_ASKS_N_ROLES; r++)
      if (g_strcmp0 (json_array_get_string_element (roles, i), role_names[r]) == 0)
        self->roles |= 1u << r;
  if (self->roles == 0)
    self->roles = ROLES_USUAL;
  self->quorum = (guint)royal_json_int (approvers, "quorum", 0);
  self->four_eyes = royal_json_boolean (approvers, "four_eyes", FALSE);
  self->deadline_s = (guint)royal_json_int (rule, "deadline_s", 0);
  self->expires = strcmp (royal_json_string (rule, "at_deadline", "expire"), "approve") != 0;
  self->escalate = escalate != NULL ? json_array_ref (escalate) : NULL;
  self->notify = notify != NULL ? json_array_ref (notify) : NULL;
}

void
rh_asks_clear (RhAsks *self)
{
  g_clear_pointer (&self->hours, rh_hours_unref);
  g_clear_pointer (&self->escalate, json_array_unref);
  g_clear_pointer (&self->notify, json_array_unref);
}

/* A sorted set by what its elements say, so that it does not matter which came first. */
static JsonArray *
join (JsonArray *a, JsonArray *b, GCompareFunc compare)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  JsonArray *const lists[] = { a, b };
  JsonArray *joined = json_array_new ();

  for (guint l = 0; l < G_N_ELEMENTS (lists); l++)
    for (guint i = 0; lists[l] != NULL && i < json_array_get_length (lists[l]); i++)
      g_ptr_array_add (nodes, json_array_get_element (lists[l], i));
  g_ptr_array_sort (nodes, compare);
  for (guint i = 0; i < nodes->len; i++)
    if (i == 0 || compare (&nodes->pdata[i - 1], &nodes->pdata[i]) != 0)
      json_array_add_element (joined, json_node_ref (nodes->pdata[i]));
  return joined;
}

static int
compare_channels (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (json_node_get_string (*(JsonNode *const *)a), json_node_get_string (*(JsonNode *const *)b));
}

static int
compare_steps (gconstpointer a, gconstpointer b)
{
  JsonNode *const x = *(JsonNode *const *)a, *const y = *(JsonNode *const *)b;
  gint64 before_s = royal_json_int (json_node_get_object (x), "after_s", 0);
  gint64 after_s = royal_json_int (json_node_get_object (y), "after_s", 0);
  g_autofree char *s = NULL;
  g_autofree char *t = NULL;

  if (before_s != after_s)
    return before_s < after_s ? -1 : 1;
  s = royal_json_canonical (x);
  t = royal_json_canonical (y);
  return strcmp (s, t);
}

static void
add (JsonArray **list, JsonArray *more, GCompareFunc compare)
{
  JsonArray *joined;

  if (more == NULL)
    return;
  joined = join (*list, more, compare);
  g_clear_pointer (list, json_array_unref);
  *list = joined;
}

void
rh_asks_combine_notify (RhAsks *self, const RhAsks *other)
{
  add (&self->notify, other->notify, compare_channels);
}

/* (transfer full) (nullable): the steps of @other, in time that passes. */
static JsonArray *
steps_elapsed (const RhAsks *other, gint64 at_s)
{
  JsonArray *steps;

  if (other->hours == NULL || other->escalate == NULL)
    return other->escalate != NULL ? json_array_ref (other->escalate) : NULL;
  steps = json_array_new ();
  for (guint i = 0; i < json_array_get_length (other->escalate); i++)
    {
      g_autofree char *text = royal_json_to_string (json_array_get_element (other->escalate, i));
      JsonNode *own = royal_json_parse (text, -1, "step", NULL);
      gint64 after_s = royal_json_int (json_node_get_object (own), "after_s", 0);

      json_object_set_int_member (json_node_get_object (own), "after_s",
                                  rh_hours_elapsed_s (other->hours, at_s, after_s));
      json_array_add_element (steps, own);
    }
  return steps;
}

void
rh_asks_combine (RhAsks *self, const RhAsks *other, gint64 at_s)
{
  g_autoptr (JsonArray) steps = steps_elapsed (other, at_s);
  guint deadline_s = other->deadline_s;

  if (other->hours != NULL && deadline_s != 0)
    deadline_s = (guint)rh_hours_elapsed_s (other->hours, at_s, deadline_s);
  self->roles = self->n > 0 ? self->roles & other->roles : other->roles;
  if (self->roles == 0)
    self->roles = ROLE_ADMIN;
  self->quorum = MAX (self->quorum, other->quorum);
  self->four_eyes |= other->four_eyes;
  if (deadline_s != 0)
    self->deadline_s = self->deadline_s != 0 ? MIN (self->deadline_s, deadline_s) : deadline_s;
  self->expires |= other->expires;
  self->n += other->n;
  add (&self->escalate, steps, compare_steps);
  rh_asks_combine_notify (self, other);
}

JsonNode *
rh_asks_json (const RhAsks *self)
{
  g_autoptr (JsonObject) object = NULL;
  JsonArray *roles;

  if (self->n == 0 && self->notify == NULL)
    return NULL;
  object = json_object_new ();
  if (self->n > 0)
    {
      roles = json_array_new ();
      for (guint r = 0; r < RH_ASKS_N_ROLES; r++)
        if (self->roles & (1u << r))
          json_array_add_string_element (roles, role_names[r]);
      json_object_set_array_member (object, "roles", roles);
      json_object_set_int_member (object, "quorum", MAX (self->quorum, 1));
      json_object_set_boolean_member (object, "four_eyes", self->four_eyes);
      json_object_set_string_member (object, "at_deadline", self->expires ? "expire" : "approve");
    }
  if (self->escalate != NULL)
    json_object_set_array_member (object, "escalate", json_array_ref (self->escalate));
  if (self->notify != NULL)
    json_object_set_array_member (object, "notify", json_array_ref (self->notify));
  return json_node_init_object (json_node_alloc (), object);
}

/* "90 min" */
static char *
duration_text (guint seconds)
{
  static const struct {
    guint seconds;
    const char *unit;
  } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (seconds % units[i].seconds == 0)
      return g_strdup_printf ("%u %s", seconds / units[i].seconds, units[i].unit);
  return NULL;
}

static void
describe_people (const RhAsks *self, GString *text)
{
  gboolean first = TRUE;

  g_string_append_printf (text, ": %u of ", MAX (self->quorum, 1));
  for (guint r = 0; r < RH_ASKS_N_ROLES; r++)
    if (self->roles & (1u << r))
      {
        g_string_append_printf (text, "%s%s", first ? "" : " or ", role_names[r]);
        first = FALSE;
      }
  if (self->four_eyes)
    g_string_append (text, ", not who submitted or changed it");
}

void
rh_asks_describe (const RhAsks *self, GString *text)
{
  if (self->roles != ROLES_USUAL || self->quorum > 1 || self->four_eyes)
    describe_people (self, text);
  if (self->deadline_s != 0)
    {
      g_autofree char *duration = duration_text (self->deadline_s);

      g_string_append_printf (text, ", within %s, else it %s", duration, self->expires ? "expires" : "is approved");
    }
  else if (!self->expires)
    g_string_append (text, "; at the deadline it is approved");
  for (guint i = 0; self->escalate != NULL && i < json_array_get_length (self->escalate); i++)
    {
      JsonObject *step = json_array_get_object_element (self->escalate, i);
      g_autofree char *duration = duration_text ((guint)royal_json_int (step, "after_s", 0));

      g_string_append_printf (text, "; after %s it is escalated", duration);
    }
  if (self->hours != NULL)
    g_string_append_printf (text, "; of the time from %s", rh_hours_text (self->hours));
  for (guint i = 0; self->notify != NULL && i < json_array_get_length (self->notify); i++)
    g_string_append_printf (text, "%s%s", i == 0 ? "; tells " : ", ", json_array_get_string_element (self->notify, i));
}
