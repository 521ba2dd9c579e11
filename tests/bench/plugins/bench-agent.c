/* SPDX-License-Identifier: Apache-2.0 */

#include <royal/agent.h>
#include <stdlib.h>
#include <time.h>

static double
now_us (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

static JsonNode *
take_object (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

static JsonNode *
calls (RoyalRun *run, JsonObject *input, GError **error)
{
  gint64 n = json_object_get_int_member_with_default (input, "n", 10000);
  g_autofree double *us = g_new (double, n);
  JsonObject *result = json_object_new ();

  for (gint64 i = 0; i < n; i++)
    {
      double start = now_us ();

      if (!royal_run_check (run, error))
        {
          json_object_unref (result);
          return NULL;
        }
      us[i] = now_us () - start;
    }
  qsort (us, (size_t)n, sizeof *us, compare);
  json_object_set_double_member (result, "p50_us", us[n / 2]);
  json_object_set_double_member (result, "p99_us", us[(gsize)((double)n * 0.99)]);
  return take_object (result);
}

static JsonNode *
read_rows (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (RoyalTable) table = royal_run_read (run, "bench.rows", NULL, error);
  JsonObject *result;
  const gint64 *units;
  const double *price;
  gint64 total = 0;
  double revenue = 0;

  if (table == NULL)
    return NULL;
  units = royal_table_int64 (table, 2);
  price = royal_table_double (table, 3);
  for (guint64 i = 0; i < royal_table_n_rows (table); i++)
    {
      total += units[i];
      revenue += price[i];
    }
  result = json_object_new ();
  json_object_set_int_member (result, "rows", (gint64)royal_table_n_rows (table));
  json_object_set_int_member (result, "units", total);
  json_object_set_double_member (result, "revenue", revenue);
  return take_object (result);
}

static JsonNode *
propose (RoyalRun *run, JsonObject *input, GError **error)
{
  gint64 n = json_object_get_int_member_with_default (input, "n", 100);

  for (gint64 i = 0; i < n; i++)
    {
      g_autoptr (RoyalProposal) proposal = royal_proposal_new ("bench.null");
      g_autoptr (JsonNode) outcome = NULL;

      royal_proposal_set_target (proposal, "nothing");
      royal_proposal_set_title (proposal, "Do nothing");
      royal_proposal_set_int (proposal, "n", i);
      outcome = royal_run_propose (run, proposal, error);
      if (outcome == NULL)
        return NULL;
    }
  return json_node_new (JSON_NODE_NULL);
}

static JsonNode *
spin (RoyalRun *run, JsonObject *input, GError **error)
{
  double until = now_us () + json_object_get_double_member_with_default (input, "seconds", 1.0) * 1e6;
  volatile guint64 turns = 0;

  while (now_us () < until)
    for (guint i = 0; i < 1000000; i++)
      turns++;
  return json_node_new (JSON_NODE_NULL);
}

static JsonNode *
noop (RoyalRun *run, JsonObject *input, GError **error)
{
  return json_node_new (JSON_NODE_NULL);
}

static JsonNode *
now (RoyalRun *run, JsonObject *input, GError **error)
{
  return json_node_init_double (json_node_alloc (), now_us ());
}

ROYAL_AGENT (ROYAL_TASK ("calls", calls),
             ROYAL_TASK ("noop", noop),
             ROYAL_TASK ("now", now),
             ROYAL_TASK ("read", read_rows),
             ROYAL_TASK ("propose", propose),
             ROYAL_TASK ("spin", spin))
