/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-budget.h"

#include "rh-value.h"
#include "rh-zone.h"
#include "royal-json.h"

#include <math.h>
#include <royal/error.h>
#include <string.h>

static const char *const per_names[RH_N_PERS] = { "agent", "action", "target", "workspace" };

struct _RhBudget {
  char *name;
  gboolean counts; /* proposals; else it sums: */
  RhSource source;
  char *path;
  const char *value; /* points into path */
  RhPer per;
  gint64 window_s; /* 0 = of the calendar: */
  RhSpan span;
  GTimeZone *zone;
  double max;
  RhDecision then;
  RhRisk risk;
  char *text;
};

void
rh_budget_free (RhBudget *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->zone, g_time_zone_unref);
  g_free (self->name);
  g_free (self->path);
  g_free (self->text);
  g_free (self);
}

static gboolean
refuse (const char *what, const char *pointer, const char *expected, GError **error)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s: expected %s", what, pointer, expected);
  return FALSE;
}

static gboolean
init_window (RhBudget *self, JsonObject *document, const char *what, const char *pointer, GError **error)
{
  g_autofree char *place = g_strconcat (pointer, "/time_zone", NULL);
  const char *span = royal_json_string (document, "window", NULL);
  const char *zone = royal_json_string (document, "time_zone", NULL);

  self->window_s = royal_json_int (document, "window_s", 0);
  if ((span != NULL) == (self->window_s != 0))
    return refuse (what, pointer, "either window_s, or window and time_zone", error);
  if ((span != NULL) != (zone != NULL))
    return refuse (what, pointer, "a time_zone beside window, and only there", error);
  for (guint i = 0; i < RH_N_SPANS; i++)
    if (g_strcmp0 (span, rh_span_name ((RhSpan)i)) == 0)
      self->span = (RhSpan)i;
  if (zone != NULL)
    self->zone = rh_zone_new (zone, what, place, error);
  return zone == NULL || self->zone != NULL;
}

static void
init_text (RhBudget *self)
{
  g_autofree char *window = self->window_s != 0 ? g_strdup_printf ("within %" G_GINT64_FORMAT " s", self->window_s)
                                                : g_strdup_printf ("a %s (%s)", rh_span_name (self->span),
                                                                   g_time_zone_get_identifier (self->zone));

  self->text = g_strdup_printf ("more than %.15g %s per %s %s", self->max, self->counts ? "proposals" : self->path,
                                per_names[self->per], window);
}

RhBudget *
rh_budget_new (JsonObject *document, const char *otherwise, const char *what, const char *pointer, GError **error)
{
  const char *sum;
  RhBudget *self;

  g_return_val_if_fail (document != NULL && otherwise != NULL && what != NULL && pointer != NULL, NULL);

  sum = royal_json_string (document, "sum", "count");
  self = g_new0 (RhBudget, 1);
  self->name = g_strdup (royal_json_string (document, "name", otherwise));
  self->counts = strcmp (sum, "count") == 0;
  self->path = g_strdup (sum);
  self->max = royal_json_double (document, "max", 0);
  self->then = rh_decision_from_name (royal_json_string (document, "then", "approve"));
  self->risk = rh_risk_from_name (royal_json_string (document, "risk", "high"));
  for (guint i = 0; i < RH_N_PERS; i++)
    if (strcmp (royal_json_string (document, "per", ""), per_names[i]) == 0)
      self->per = (RhPer)i;
  if (!init_window (self, document, what, pointer, error) ||
      (!self->counts && !rh_source_parse (self->path, &self->source, &self->value) &&
       !refuse (what, pointer, "sum to be count, facts.NAME or parameters.NAME", error)))
    {
      rh_budget_free (self);
      return NULL;
    }
  init_text (self);
  return self;
}

const char *
rh_budget_name (const RhBudget *self)
{
  return self->name;
}

RhDecision
rh_budget_decision (const RhBudget *self)
{
  return self->then;
}

RhRisk
rh_budget_risk (const RhBudget *self)
{
  return self->risk;
}

const char *
rh_budget_text (const RhBudget *self)
{
  return self->text;
}

gboolean
rh_budget_source (const RhBudget *self, RhSource *ret_source, const char **ret_name, double *ret_max)
{
  if (self->counts)
    return FALSE;
  *ret_source = self->source;
  *ret_name = self->value;
  *ret_max = self->max;
  return TRUE;
}

RhTruth
rh_budget_test (const RhBudget *self, const RhView *view, double *ret_amount, char **ret_error)
{
  JsonNode *value;

  *ret_amount = 1;
  if (!self->counts)
    {
      value = rh_view_get (view, self->source, self->value);
      if (value == NULL)
        return RH_TRUTH_UNKNOWN;
      if (rh_value_type (value) != RH_VALUE_NUMBER)
        {
          if (ret_error != NULL && *ret_error == NULL)
            *ret_error = g_strdup_printf ("%s: expected a number, found %s", self->path,
                                          rh_value_type_name (rh_value_type (value)));
          return RH_TRUTH_ERROR;
        }
      *ret_amount = fabs (json_node_get_double (value));
    }
  return *ret_amount > self->max ? RH_TRUTH_YES : RH_TRUTH_NO;
}

/* The database counts from its own clock, which may be a little ahead: a second more. */
static gint64
window_s (const RhBudget *self, gint64 at_s, gint64 *ret_since_s)
{
  *ret_since_s = 0;
  if (self->window_s != 0)
    return self->window_s;
  if (at_s <= 0)
    return rh_span_longest_s (self->span);
  *ret_since_s = rh_zone_span_start_s (self->zone, self->span, at_s);
  return at_s - *ret_since_s + 1;
}

JsonObject *
rh_budget_entry (const RhBudget *self, const char *const *owners, double amount, gint64 at_s)
{
  JsonObject *entry = json_object_new ();
  const char *owner = owners[self->per] != NULL ? owners[self->per] : "";
  g_autofree char *key = g_strdup_printf ("%s:%s", per_names[self->per], owner);
  gint64 since_s;

  json_object_set_string_member (entry, "name", self->name);
  json_object_set_string_member (entry, "key", key);
  json_object_set_double_member (entry, "amount", amount);
  json_object_set_double_member (entry, "max", self->max);
  json_object_set_int_member (entry, "window_s", window_s (self, at_s, &since_s));
  json_object_set_string_member (entry, "decision", rh_decision_name (self->then));
  json_object_set_string_member (entry, "risk", rh_risk_name (self->risk));
  if (since_s != 0)
    {
      g_autoptr (GDateTime) since = g_date_time_new_from_unix_utc (since_s);
      g_autofree char *text = g_date_time_format (since, "%Y-%m-%dT%H:%M:%SZ");

      json_object_set_string_member (entry, "since", text);
    }
  return entry;
}
