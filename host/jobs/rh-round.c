/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-round.h"

#include "royal-json.h"

#include <string.h>

/* What one call carries, so that it ends soon and its reports do not crowd out each other. */
#define RESULTS_MAX 1000
#define PUTS_MAX 1000
#define RESULTS_BYTES (4 * 1024 * 1024)

enum { WORKSPACES, LEASES, JOBS, ATTEMPTS, RESULTS, REQUESTS, AGENTS, CAPACITIES, TURNS, N_LISTS };

struct _RhRound {
  const char *host_id;
  char lease_s[12];
  GPtrArray *hands;
  GPtrArray *puts;
  GString *lists[N_LISTS]; /* arrays of SQL, unclosed; of the results and puts, of JSON */
  GString *limits;         /* an object of JSON, unclosed; empty: none */
  guint room;
};

#define JOB_TURN                                                                                                       \
  "select * from job_turn ($1, $2::bigint[], $3::bigint[], $4::bigint[], $5::int[], $6::jsonb, $7::bigint, $8,"        \
  " $9::jsonb, $10::text[], $11::int[], $12::bigint[], $13::jsonb, $14::int)"
#define N_PARAMS 14

/* The same call under the name of what it is for. */
static const RhStatement job_lease = { "job.lease", JOB_TURN, N_PARAMS, RH_WRITES_ROWS };
static const RhStatement job_complete = { "job.complete", JOB_TURN, N_PARAMS, RH_WRITES };
static const RhStatement job_enqueue = { "job.enqueue", JOB_TURN, N_PARAMS, RH_WRITES };

RhRound *
rh_round_new (const char *host_id, guint lease_s)
{
  RhRound *self = g_new0 (RhRound, 1);

  self->host_id = host_id;
  g_snprintf (self->lease_s, sizeof self->lease_s, "%u", lease_s);
  self->hands = g_ptr_array_new ();
  self->puts = g_ptr_array_new ();
  self->limits = g_string_new (NULL);
  for (guint i = 0; i < N_LISTS; i++)
    self->lists[i] = g_string_new (i == RESULTS || i == REQUESTS ? "[" : "{");
  return self;
}

void
rh_round_free (RhRound *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->hands);
  g_ptr_array_unref (self->puts);
  g_string_free (self->limits, TRUE);
  for (guint i = 0; i < N_LISTS; i++)
    g_string_free (self->lists[i], TRUE);
  g_free (self);
}

static void
add_number (GString *list, gint64 number)
{
  char digits[24];
  guint i = sizeof digits;
  guint64 rest = number < 0 ? -(guint64)number : (guint64)number;

  do
    digits[--i] = (char)('0' + rest % 10);
  while ((rest /= 10) > 0);
  if (number < 0)
    digits[--i] = '-';
  if (list->len > 1)
    g_string_append_c (list, ',');
  g_string_append_len (list, digits + i, (gssize)(sizeof digits - i));
}

static void
add_text (GString *list, const char *text)
{
  g_string_append (list, list->len > 1 ? ",\"" : "\"");
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '"' || *p == '\\')
        g_string_append_c (list, '\\');
      g_string_append_c (list, *p);
    }
  g_string_append_c (list, '"');
}

static void
add_result (RhRound *self, RhHand *hand)
{
  const RhHandIds *ids = rh_hand_ids (hand);

  add_number (self->lists[WORKSPACES], ids->workspace);
  add_number (self->lists[LEASES], ids->lease);
  add_number (self->lists[JOBS], ids->job);
  add_number (self->lists[ATTEMPTS], ids->attempt);
  if (self->lists[RESULTS]->len > 1)
    g_string_append_c (self->lists[RESULTS], ',');
  g_string_append (self->lists[RESULTS], rh_hand_result (hand));
  g_ptr_array_add (self->hands, hand);
}

void
rh_round_take_results (RhRound *self, GPtrArray *completed, guint most)
{
  guint n = 0;

  g_return_if_fail (self != NULL && completed != NULL);

  most = MIN (most, RESULTS_MAX);
  while (n < completed->len && n < most && self->lists[RESULTS]->len < RESULTS_BYTES)
    add_result (self, completed->pdata[n++]);
  if (n > 0)
    g_ptr_array_remove_range (completed, 0, n);
}

void
rh_round_take_puts (RhRound *self, GQueue *puts, guint most)
{
  GString *list = self->lists[REQUESTS];

  g_return_if_fail (self != NULL && puts != NULL);

  most = MIN (most, PUTS_MAX);
  while (!g_queue_is_empty (puts) && self->puts->len < most && list->len < RESULTS_BYTES)
    {
      RhPut *put = g_queue_peek_head (puts);

      if (self->puts->len > 0 && !rh_put_is_alike (put, self->puts->pdata[0]))
        break;
      g_string_append (list, self->puts->len > 0 ? "," : "");
      g_string_append (list, put->request);
      g_ptr_array_add (self->puts, g_queue_pop_head (puts));
    }
}

GPtrArray *
rh_round_puts (RhRound *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->puts;
}

GPtrArray *
rh_round_hands (RhRound *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->hands;
}

void
rh_round_add_room (RhRound *self, const char *agent, guint n, gint64 after, const char *limits)
{
  g_return_if_fail (self != NULL && agent != NULL && n > 0);

  add_text (self->lists[AGENTS], agent);
  add_number (self->lists[CAPACITIES], n);
  add_number (self->lists[TURNS], after);
  if (limits != NULL)
    {
      g_string_append_c (self->limits, self->limits->len > 0 ? ',' : '{');
      royal_json_append_string (self->limits, agent);
      g_string_append (g_string_append_c (self->limits, ':'), limits);
    }
  self->room += n;
}

guint
rh_round_room (RhRound *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->room;
}

gboolean
rh_round_is_empty (RhRound *self)
{
  g_return_val_if_fail (self != NULL, TRUE);
  return self->room == 0 && self->hands->len == 0 && self->puts->len == 0;
}

static const RhStatement *
statement (RhRound *self)
{
  if (self->hands->len > 0)
    return &job_complete;
  return self->puts->len > 0 ? &job_enqueue : &job_lease;
}

void
rh_round_send (RhRound *self, RhStore *store, GAsyncReadyCallback callback, gpointer data)
{
  const char *params[N_PARAMS] = { NULL };
  char workspace[24];

  g_return_if_fail (self != NULL && !rh_round_is_empty (self));

  for (guint i = 0; i < N_LISTS; i++)
    g_string_append_c (self->lists[i], *self->lists[i]->str == '[' ? ']' : '}');
  params[0] = self->host_id;
  for (guint i = WORKSPACES; i <= RESULTS; i++)
    params[1 + i] = self->lists[i]->str;
  if (self->puts->len > 0)
    {
      const RhPut *first = self->puts->pdata[0];

      g_snprintf (workspace, sizeof workspace, "%" G_GINT64_FORMAT, first->workspace);
      params[6] = workspace;
      params[7] = first->actor;
      params[8] = self->lists[REQUESTS]->str;
    }
  for (guint i = AGENTS; i <= TURNS; i++)
    params[9 + i - AGENTS] = self->lists[i]->str;
  if (self->limits->len > 0)
    params[N_PARAMS - 2] = g_string_append_c (self->limits, '}')->str;
  params[N_PARAMS - 1] = self->lease_s;
  rh_store_call_async (store, statement (self), RH_NO_WORKSPACE, params, NULL, callback, data);
}

void
rh_round_end_puts (RhRound *self, RhRows *rows)
{
  g_autoptr (JsonNode) node = NULL;
  JsonArray *jobs = NULL;

  g_return_if_fail (self != NULL && rows != NULL);

  for (guint i = 0; node == NULL && i < MIN (rh_rows_n (rows), 2); i++)
    if (!rh_rows_is_null (rows, i, "put"))
      node = rh_rows_json (rows, i, "put");
  if (node != NULL)
    jobs = json_node_get_array (node);
  for (guint i = 0; i < self->puts->len; i++)
    {
      g_autoptr (GError) error = NULL;
      JsonNode *job = jobs != NULL && i < json_array_get_length (jobs) ? json_array_get_element (jobs, i) : NULL;

      if (job == NULL)
        error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED, "the database does not say what became of the job");
      rh_put_end (self->puts->pdata[i], job, error);
    }
  g_ptr_array_set_size (self->puts, 0);
}

gboolean *
rh_round_refused (RhRound *self, RhRows *rows)
{
  gboolean *refused;

  g_return_val_if_fail (self != NULL && rows != NULL, NULL);

  refused = g_new0 (gboolean, self->hands->len + 1);
  if (rh_rows_n (rows) > 0 && !rh_rows_is_null (rows, 0, "refused"))
    {
      g_auto (GStrv) places = g_strsplit_set (rh_rows_string (rows, 0, "refused"), "{,}", -1);

      for (guint i = 0; places[i] != NULL; i++)
        {
          guint64 place = *places[i] != '\0' ? g_ascii_strtoull (places[i], NULL, 10) : G_MAXUINT64;

          if (place < self->hands->len)
            refused[place] = TRUE;
        }
    }
  return refused;
}
