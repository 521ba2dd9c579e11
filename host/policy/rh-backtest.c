/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-backtest.h"

#include "rh-sample.h"
#include "royal-json.h"

/* What one limit has taken in, oldest first. */
typedef struct {
  GQueue amounts;
  double sum;
} Account;

typedef struct {
  gint64 at_s;
  double amount;
} Amount;

struct _RhBacktest {
  RhPolicy *policy;
  GHashTable *accounts;
  guint64 n;
  guint64 changes[RH_N_DECISIONS][RH_N_DECISIONS];
};

static void
account_free (gpointer data)
{
  Account *self = data;

  g_queue_clear_full (&self->amounts, g_free);
  g_free (self);
}

RhBacktest *
rh_backtest_new (RhPolicy *policy)
{
  RhBacktest *self;

  g_return_val_if_fail (policy != NULL, NULL);

  self = g_new0 (RhBacktest, 1);
  self->policy = rh_policy_ref (policy);
  self->accounts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, account_free);
  return self;
}

void
rh_backtest_free (RhBacktest *self)
{
  if (self == NULL)
    return;
  rh_policy_free (self->policy);
  g_hash_table_unref (self->accounts);
  g_free (self);
}

static Account *
account_of (RhBacktest *self, JsonObject *entry, gint64 at_s)
{
  char *name = g_strjoin ("\n", royal_json_string (entry, "name", ""), royal_json_string (entry, "key", ""), NULL);
  Account *account = g_hash_table_lookup (self->accounts, name);
  gint64 from_s = at_s - royal_json_int (entry, "window_s", 0);
  Amount *first;

  if (account != NULL)
    g_free (name);
  else
    {
      account = g_new0 (Account, 1);
      g_queue_init (&account->amounts);
      g_hash_table_insert (self->accounts, name, account);
    }
  while ((first = g_queue_peek_head (&account->amounts)) != NULL && first->at_s <= from_s)
    {
      account->sum -= first->amount;
      g_free (g_queue_pop_head (&account->amounts));
    }
  return account;
}

/* Whether what waits for a person was let go again: then it takes nothing from a limit. */
static gboolean
is_released (JsonObject *record)
{
  static const char *const states[] = { "denied", "rejected", "expired", "superseded", "stale", "failed", NULL };

  return g_strv_contains (states, royal_json_string (record, "state", ""));
}

/* What limits say, over what was replayed before; what passes is added to them. */
static void
reserve (RhBacktest *self, JsonObject *record, RhVerdict *verdict)
{
  JsonArray *limits = verdict->limits != NULL ? json_node_get_array (verdict->limits) : NULL;
  gint64 at_s = royal_json_int (record, "at_s", 0);
  guint n = limits != NULL ? json_array_get_length (limits) : 0;

  for (guint i = 0; i < n; i++)
    {
      JsonObject *entry = json_array_get_object_element (limits, i);
      Account *account = account_of (self, entry, at_s);
      RhDecision then = rh_decision_from_name (royal_json_string (entry, "decision", ""));

      if (account->sum + royal_json_double (entry, "amount", 0) <= royal_json_double (entry, "max", 0) ||
          then <= verdict->decision)
        continue;
      verdict->decision = then;
      g_free (verdict->reason);
      verdict->reason =
          g_strdup_printf ("limit %s %s: %.15g of %.15g were taken", royal_json_string (entry, "name", ""),
                           rh_decision_phrase (then), account->sum, royal_json_double (entry, "max", 0));
    }
  if (verdict->decision == RH_DECISION_DENY || (verdict->decision == RH_DECISION_APPROVE && is_released (record)))
    return;
  for (guint i = 0; i < n; i++)
    {
      JsonObject *entry = json_array_get_object_element (limits, i);
      Account *account = account_of (self, entry, at_s);
      Amount *amount = g_new0 (Amount, 1);

      *amount = (Amount){ at_s, royal_json_double (entry, "amount", 0) };
      account->sum += amount->amount;
      g_queue_push_tail (&account->amounts, amount);
    }
}

static JsonNode *
difference (JsonObject *record, RhDecision from, const RhVerdict *verdict)
{
  static const char *const copied[][2] = {
    { "id", "proposal" }, { "agent", "agent" }, { "action", "action" }, { "target", "target" }, { "reason", "was" }
  };
  g_autoptr (GDateTime) at = g_date_time_new_from_unix_utc (royal_json_int (record, "at_s", 0));
  g_autofree char *time = at != NULL ? g_date_time_format (at, "%Y-%m-%dT%H:%M:%SZ") : g_strdup ("");
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *rules = json_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (copied); i++)
    json_object_set_string_member (object, copied[i][1], royal_json_string (record, copied[i][0], ""));
  for (guint i = 0; verdict->rules[i] != NULL; i++)
    json_array_add_string_element (rules, verdict->rules[i]);
  json_object_set_string_member (object, "at", time);
  json_object_set_string_member (object, "from", rh_decision_name (from));
  json_object_set_string_member (object, "to", rh_decision_name (verdict->decision));
  json_object_set_string_member (object, "reason", verdict->reason);
  json_object_set_array_member (object, "rules", rules);
  return json_node_init_object (json_node_alloc (), object);
}

JsonNode *
rh_backtest_add (RhBacktest *self, JsonObject *record)
{
  g_autoptr (RhSample) sample = NULL;
  g_autoptr (RhVerdict) verdict = NULL;
  const RhPolicySubject *subjects;
  RhDecision from;
  guint n;

  g_return_val_if_fail (self != NULL && record != NULL, NULL);

  sample = rh_sample_new_recorded (record);
  subjects = rh_sample_subjects (sample, &n);
  verdict = rh_policy_judge (self->policy, subjects, n);
  reserve (self, record, verdict);
  from = rh_decision_from_name (royal_json_string (record, "decision", ""));
  self->n++;
  self->changes[from][verdict->decision]++;
  return from != verdict->decision ? difference (record, from, verdict) : NULL;
}

JsonNode *
rh_backtest_summary (RhBacktest *self)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *changes = json_array_new ();
  guint64 differ = 0;

  for (guint from = 0; from < RH_N_DECISIONS; from++)
    for (guint to = 0; to < RH_N_DECISIONS; to++)
      if (from != to && self->changes[from][to] > 0)
        {
          JsonObject *change = json_object_new ();

          json_object_set_string_member (change, "from", rh_decision_name ((RhDecision)from));
          json_object_set_string_member (change, "to", rh_decision_name ((RhDecision)to));
          json_object_set_int_member (change, "n", (gint64)self->changes[from][to]);
          json_array_add_object_element (changes, change);
          differ += self->changes[from][to];
        }
  json_object_set_int_member (object, "proposals", (gint64)self->n);
  json_object_set_int_member (object, "differ", (gint64)differ);
  json_object_set_array_member (object, "changes", changes);
  json_object_set_string_member (object, "policy_version", rh_policy_version (self->policy));
  return json_node_init_object (json_node_alloc (), object);
}
