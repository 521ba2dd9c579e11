/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-track.h"

#include "rh-value.h"
#include "royal-json.h"

#include <math.h>
#include <string.h>

typedef enum { ASKED, APPROVED, REJECTED, EXPIRED, MODIFIED, EXECUTED, FAILED, UNDONE, N_COUNTS } Count;

static const char *const count_names[N_COUNTS] = { "asked",    "approved", "rejected", "expired",
                                                   "modified", "executed", "failed",   "undone" };

/* What each state says. */
static const struct {
  const char *state;
  RhOutcome outcome;
  Count count;
} states[] = {
  { "approved", RH_OUTCOME_OPEN, APPROVED }, { "executing", RH_OUTCOME_OPEN, APPROVED },
  { "executed", RH_OUTCOME_GOOD, EXECUTED }, { "failed", RH_OUTCOME_BAD, FAILED },
  { "undone", RH_OUTCOME_BAD, UNDONE },      { "rejected", RH_OUTCOME_BAD, REJECTED },
  { "expired", RH_OUTCOME_OPEN, EXPIRED },   { "superseded", RH_OUTCOME_OPEN, MODIFIED },
};

struct _RhTrack {
  char *rule;
  char *agent;
  guint n;
  guint counts[N_COUNTS];
  GArray *waited_s; /* gint64 */
  double distance;
  guint distances;
  double claimed;
  double realised;
};

RhOutcome
rh_outcome_of (JsonObject *record)
{
  const char *state = royal_json_string (record, "state", "");

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (strcmp (states[i].state, state) == 0)
      return states[i].outcome;
  return RH_OUTCOME_OPEN;
}

RhTrack *
rh_track_new (const char *rule, const char *agent)
{
  RhTrack *self = g_new0 (RhTrack, 1);

  self->rule = g_strdup (rule);
  self->agent = g_strdup (agent);
  self->waited_s = g_array_new (FALSE, FALSE, sizeof (gint64));
  return self;
}

void
rh_track_free (RhTrack *self)
{
  if (self == NULL)
    return;
  g_free (self->rule);
  g_free (self->agent);
  g_array_unref (self->waited_s);
  g_free (self);
}

/* How far people moved the numbers, of what they were: 0.1 is a tenth. */
static void
add_distance (RhTrack *self, JsonObject *before, JsonObject *after)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (before == NULL || after == NULL)
    return;
  json_object_iter_init (&iter, before);
  while (json_object_iter_next (&iter, &name, &value))
    {
      JsonNode *other = json_object_get_member (after, name);
      double a, b;

      if (rh_value_type (value) != RH_VALUE_NUMBER || rh_value_type (other) != RH_VALUE_NUMBER)
        continue;
      a = json_node_get_double (value);
      b = json_node_get_double (other);
      if (a != b)
        {
          self->distance += fabs (a - b) / MAX (fabs (a), 1e-9);
          self->distances++;
        }
    }
}

/* What was claimed and what the receipt has of the same name. */
static void
add_claims (RhTrack *self, JsonObject *claims, JsonObject *receipt)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (claims == NULL || receipt == NULL)
    return;
  json_object_iter_init (&iter, claims);
  while (json_object_iter_next (&iter, &name, &value))
    {
      JsonNode *real = json_object_get_member (receipt, name);

      if (rh_value_type (value) != RH_VALUE_NUMBER || rh_value_type (real) != RH_VALUE_NUMBER)
        continue;
      self->claimed += json_node_get_double (value);
      self->realised += json_node_get_double (real);
    }
}

/* Nothing took its place: a cancelled run or a lost grant withdrew it, and no person said anything of it. */
static gboolean
is_withdrawn (JsonObject *record, const char *state)
{
  return strcmp (state, "superseded") == 0 && royal_json_object (record, "superseded_by") == NULL;
}

void
rh_track_add (RhTrack *self, JsonObject *record)
{
  const char *state = royal_json_string (record, "state", "");
  gboolean withdrawn = is_withdrawn (record, state);
  gboolean asked = strcmp (royal_json_string (record, "decision", ""), "approve") == 0;
  gint64 waited_s = royal_json_int (record, "waited_s", -1);

  self->n++;
  self->counts[ASKED] += asked;
  for (guint i = 0; i < G_N_ELEMENTS (states) && !withdrawn; i++)
    if (strcmp (states[i].state, state) == 0)
      {
        self->counts[states[i].count]++;
        if (asked && (states[i].count == EXECUTED || states[i].count == FAILED || states[i].count == UNDONE))
          self->counts[APPROVED]++;
      }
  if (asked && !withdrawn && waited_s >= 0 && strcmp (state, "expired") != 0)
    g_array_append_val (self->waited_s, waited_s);
  add_distance (self, royal_json_object (record, "parameters"), royal_json_object (record, "superseded_by"));
  add_claims (self, royal_json_object (record, "claims"), royal_json_object (record, "receipt"));
}

static int
compare_waits (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

  return (x > y) - (x < y);
}

JsonObject *
rh_track_json (RhTrack *self)
{
  JsonObject *object = json_object_new ();
  guint answered = self->counts[APPROVED] + self->counts[REJECTED];

  json_object_set_string_member (object, "rule", self->rule);
  json_object_set_string_member (object, "agent", self->agent);
  json_object_set_int_member (object, "n", self->n);
  for (guint i = 0; i < N_COUNTS; i++)
    json_object_set_int_member (object, count_names[i], self->counts[i]);
  if (answered > 0)
    json_object_set_double_member (object, "approval_rate", (double)self->counts[APPROVED] / answered);
  g_array_sort (self->waited_s, compare_waits);
  if (self->waited_s->len > 0)
    json_object_set_int_member (object, "median_wait_s",
                                g_array_index (self->waited_s, gint64, self->waited_s->len / 2));
  if (self->distances > 0)
    json_object_set_double_member (object, "modification_distance", self->distance / self->distances);
  json_object_set_double_member (object, "claimed", self->claimed);
  json_object_set_double_member (object, "realised", self->realised);
  return object;
}
