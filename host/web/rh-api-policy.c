/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include "rh-backtest.h"
#include "rh-sample.h"
#include "rh-suggest.h"
#include "royal-json.h"

#include <string.h>

/* The policy in force, and what it or another one says of a sample or of what was recorded. */

/* Records at a time: between two of them the host does other things. */
#define PAGE 100

/* Of a time before which nothing was: proposals are looked at by their ids, which begin with the time. */
static const RhStatement recorded = {
  "web.policy.recorded",
  "select p.uid, jsonb_build_object ('id', p.uid, 'at_s', extract (epoch from p.created_at)::bigint,"
  " 'workspace', w.name, 'cluster', p.cluster, 'agent', p.agent, 'action', p.action, 'target', p.target,"
  " 'parameters', p.parameters, 'facts', p.facts, 'claims', p.claims, 'state', p.state, 'decision', p.decision,"
  " 'reason', p.reason, 'rules', to_jsonb (p.rules), 'decided_by', p.decided_by,"
  " 'waited_s', extract (epoch from p.decided_at - p.created_at)::bigint,"
  " 'receipt', (select e.receipt from effects e where e.workspace_id = p.workspace_id and e.proposal = p.id limit 1),"
  " 'superseded_by', case when p.state = 'superseded' then (select s.parameters from proposals s"
  "   where s.workspace_id = p.workspace_id and s.supersedes = p.id order by s.id limit 1) end,"
  " 'items', case when p.n_items > 0 then (select jsonb_agg (jsonb_build_object ('target', i.target,"
  "   'parameters', i.parameters, 'facts', i.facts) order by i.item) from proposal_items i"
  "   where i.workspace_id = p.workspace_id and i.proposal = p.id) end) as record"
  " from proposals p join workspaces w on w.workspace_id = p.workspace_id"
  " where p.workspace_id = royal_workspace () and p.uid > $1::uuid and p.uid < $2::uuid order by p.uid limit $3::int",
  3, FALSE
};

/* "policy: /rules/0: expected …" → /policy/rules/0: where in the body it is, by the member @what. */
static void
refuse_placed (RhRequest *request, const char *what, const GError *error)
{
  g_autofree char *start = g_strconcat (what, ": /", NULL);
  const char *at = g_str_has_prefix (error->message, start) ? error->message + strlen (start) - 1 : NULL;
  const char *end = at != NULL ? strstr (at, ": ") : NULL;
  g_autofree char *pointer =
      g_strdup_printf ("/%s%.*s", what, end != NULL ? (int)(end - at) : 0, end != NULL ? at : "");

  rh_request_refuse (request, RH_PROBLEM_INVALID, pointer, "%s", error->message);
}

/* (nullable): the policy of a body's member, or the one in force; what is wrong was answered. */
static RhPolicy *
policy_of (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  RhPolicy *in_force = rh_gate_policy (rh_request_context (request)->gate, rh_request_workspace (request));
  g_autoptr (GError) error = NULL;
  RhPolicy *policy;

  if (body != NULL && json_object_has_member (body, "policy"))
    {
      policy = rh_policy_new (json_object_get_member (body, "policy"), "policy", &error);
      if (policy == NULL)
        refuse_placed (request, "policy", error);
      return policy;
    }
  if (in_force == NULL)
    rh_request_refuse (request, RH_PROBLEM_UNAVAILABLE, NULL, "no policy is in force");
  return in_force != NULL ? rh_policy_ref (in_force) : NULL;
}

void
rh_api_policy (RhRequest *request)
{
  g_autoptr (RhPolicy) policy = policy_of (request);
  g_autoptr (JsonObject) object = NULL;

  if (policy == NULL)
    return;
  object = json_object_new ();
  json_object_set_string_member (object, "version", rh_policy_version (policy));
  json_object_set_member (object, "document", json_node_ref (rh_policy_document (policy)));
  json_object_set_array_member (object, "sentences", rh_policy_sentences (policy));
  rh_request_reply (request, SOUP_STATUS_OK, json_node_init_object (json_node_alloc (), object));
}

void
rh_api_policy_test (RhRequest *request)
{
  g_autoptr (RhPolicy) policy = policy_of (request);
  g_autoptr (RhSample) sample = NULL;
  g_autoptr (GError) error = NULL;

  if (policy == NULL)
    return;
  sample = rh_sample_new (json_object_get_member (rh_request_body (request), "sample"),
                          g_get_real_time () / G_USEC_PER_SEC, "sample", &error);
  if (sample == NULL)
    refuse_placed (request, "sample", error);
  else
    rh_request_reply (request, SOUP_STATUS_OK, rh_sample_decide (sample, policy));
}

/* --- Why it was decided so ---------------------------------------------------------------------------------------- */

static const RhStatement explained = {
  "web.policy.explained",
  "select jsonb_build_object ('at_s', extract (epoch from p.created_at)::bigint, 'workspace', w.name,"
  " 'cluster', p.cluster, 'agent', p.agent, 'action', p.action, 'target', p.target, 'parameters', p.parameters,"
  " 'facts', p.facts, 'claims', p.claims, 'items', case when p.n_items > 0 then (select jsonb_agg (jsonb_build_object ("
  "   'target', i.target, 'parameters', i.parameters, 'facts', i.facts) order by i.item) from proposal_items i"
  "   where i.workspace_id = p.workspace_id and i.proposal = p.id) end) as record,"
  " jsonb_build_object ('decision', p.decision, 'risk', p.risk, 'rules', to_jsonb (p.rules), 'reason', p.reason,"
  "   'asks', p.asks, 'limits', p.limits) as recorded, coalesce (d.document, 'null') as document"
  " from proposals p join workspaces w on w.workspace_id = p.workspace_id"
  " left join policies d on d.workspace_id = p.workspace_id and d.version = p.policy_version"
  " where p.workspace_id = royal_workspace () and p.uid = $1::uuid",
  1, FALSE
};

/* Decided once more, by the policy of that time over the facts of that time. */
static void
on_explained (RhRequest *request, RhRows *rows)
{
  g_autoptr (JsonNode) record = rh_rows_n (rows) > 0 ? rh_rows_json (rows, 0, "record") : NULL;
  g_autoptr (JsonNode) document = record != NULL ? rh_rows_json (rows, 0, "document") : NULL;
  g_autoptr (RhPolicy) policy = NULL;
  g_autoptr (RhSample) sample = NULL;
  JsonNode *answer;

  if (record == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no proposal %s", rh_request_parameter (request));
      return;
    }
  policy = JSON_NODE_HOLDS_OBJECT (document) ? rh_policy_new (document, "policy", NULL) : NULL;
  if (policy == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_CONFLICT, NULL, "the policy that decided it is not known any more");
      return;
    }
  sample = rh_sample_new_recorded (json_node_get_object (record));
  answer = rh_sample_decide (sample, policy);
  json_object_set_member (json_node_get_object (answer), "recorded", rh_rows_json (rows, 0, "recorded"));
  rh_request_reply (request, SOUP_STATUS_OK, answer);
}

void
rh_api_policy_explain (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request) };

  if (g_uuid_string_is_valid (params[0]))
    rh_request_call (request, &explained, params, on_explained);
  else
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no proposal %s", params[0]);
}

/* --- Over what was recorded --------------------------------------------------------------------------------------- */

typedef struct {
  RhBacktest *backtest; /* NULL: it is for suggestions */
  RhSuggest *suggest;
  char *after;
  char *until;
  gboolean ended;
} Replay;

static void
replay_free (gpointer data)
{
  Replay *self = data;

  rh_backtest_free (self->backtest);
  rh_suggest_free (self->suggest);
  g_free (self->after);
  g_free (self->until);
  g_free (self);
}

/* (transfer full): the least id of that time. */
static char *
id_of_time (gint64 at_s)
{
  guint64 ms = (guint64)MAX (at_s, 0) * 1000;

  return g_strdup_printf ("%08x-%04x-0000-0000-000000000000", (guint)(ms >> 16), (guint)(ms & 0xffff));
}

/* FALSE when it was refused. */
static gboolean
read_times (RhRequest *request, const char *since, const char *until, Replay *replay)
{
  g_autoptr (GDateTime) from = since != NULL ? g_date_time_new_from_iso8601 (since, NULL) : NULL;
  g_autoptr (GDateTime) to = until != NULL ? g_date_time_new_from_iso8601 (until, NULL) : NULL;

  if ((since != NULL && from == NULL) || (until != NULL && to == NULL))
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, from == NULL ? "/since" : "/until",
                         "expected a time such as 2026-11-27T00:00:00Z");
      return FALSE;
    }
  replay->after = id_of_time (from != NULL ? g_date_time_to_unix (from) : 0);
  replay->until =
      to != NULL ? id_of_time (g_date_time_to_unix (to)) : g_strdup ("ffffffff-ffff-ffff-ffff-ffffffffffff");
  return TRUE;
}

/* Takes a page in; the lines that it makes are added to @text. */
static void
replay_rows (Replay *self, RhRows *rows, GString *text)
{
  guint n = rh_rows_n (rows);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (JsonNode) record = rh_rows_json (rows, i, "record");
      g_autoptr (JsonNode) line = NULL;

      if (self->suggest != NULL)
        rh_suggest_add (self->suggest, json_node_get_object (record));
      else
        line = rh_backtest_add (self->backtest, json_node_get_object (record));
      if (line != NULL)
        {
          g_autofree char *json = royal_json_to_string (line);

          g_string_append (g_string_append (text, json), "\n");
        }
    }
  if (n > 0)
    {
      g_free (self->after);
      self->after = g_strdup (rh_rows_string (rows, n - 1, "uid"));
    }
  self->ended = n < PAGE;
}

static void
next_page (RhRequest *request, Replay *self, GAsyncReadyCallback then)
{
  const char *params[] = { self->after, self->until, G_STRINGIFY (PAGE) };

  rh_store_call_async (rh_request_context (request)->store, &recorded, rh_request_workspace (request), params, NULL,
                       then, rh_request_ref (request));
}

static void backtest_page (RhRequest *request, gpointer data);

static void
on_backtest_page (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  Replay *self = rh_request_stream_data (request);
  GString *text;

  if (rows == NULL)
    {
      /* Some of it was sent: only the connection's end can tell that this is not all. */
      rh_connection_abort (rh_request_connection (request));
      rh_request_resume (request);
      return;
    }
  text = g_string_new (NULL);
  replay_rows (self, rows, text);
  if (self->ended)
    {
      g_autoptr (JsonNode) summary = rh_backtest_summary (self->backtest);
      g_autofree char *json = royal_json_to_string (summary);

      g_string_append_printf (text, "{\"summary\":%s}\n", json);
    }
  if (text->len > 0)
    {
      rh_request_stream_page (request, g_string_free (text, FALSE));
      return;
    }
  g_string_free (text, TRUE);
  next_page (request, self, on_backtest_page);
}

static void
backtest_page (RhRequest *request, gpointer data)
{
  Replay *self = data;

  if (self->ended)
    {
      rh_request_stream_page (request, NULL);
      return;
    }
  rh_request_pause (request);
  next_page (request, self, on_backtest_page);
}

void
rh_api_policy_backtest (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  g_autoptr (RhPolicy) policy = policy_of (request);
  Replay *replay;

  if (policy == NULL)
    return;
  replay = g_new0 (Replay, 1);
  if (!read_times (request, royal_json_string (body, "since", NULL), royal_json_string (body, "until", NULL), replay))
    {
      replay_free (replay);
      return;
    }
  replay->backtest = rh_backtest_new (policy);
  rh_request_stream (request, "application/jsonl", backtest_page, replay, replay_free);
  backtest_page (request, replay);
}

/* --- Suggestions -------------------------------------------------------------------------------------------------- */

typedef struct {
  RhRequest *request;
  Replay *replay;
} Suggestion;

static void on_suggest_page (GObject *source, GAsyncResult *result, gpointer data);

static void
suggest_page (Suggestion *self)
{
  const char *params[] = { self->replay->after, self->replay->until, G_STRINGIFY (PAGE) };

  rh_store_call_async (rh_request_context (self->request)->store, &recorded, rh_request_workspace (self->request),
                       params, NULL, on_suggest_page, self);
}

static void
suggestion_free (Suggestion *self)
{
  rh_request_unref (self->request);
  replay_free (self->replay);
  g_free (self);
}

static void
on_suggest_page (GObject *source, GAsyncResult *result, gpointer data)
{
  Suggestion *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    rh_request_fail (self->request, error);
  else
    replay_rows (self->replay, rows, NULL);
  if (rows != NULL && !self->replay->ended && !rh_request_is_over (self->request))
    {
      suggest_page (self);
      return;
    }
  if (rows != NULL && self->replay->ended)
    rh_request_reply (self->request, SOUP_STATUS_OK, rh_suggest_finish (self->replay->suggest));
  suggestion_free (self);
}

void
rh_api_policy_suggest (RhRequest *request)
{
  g_autoptr (RhPolicy) policy = policy_of (request);
  Suggestion *suggestion;

  if (policy == NULL)
    return;
  suggestion = g_new0 (Suggestion, 1);
  suggestion->request = rh_request_ref (request);
  suggestion->replay = g_new0 (Replay, 1);
  if (!read_times (request, rh_request_query (request, "since"), rh_request_query (request, "until"),
                   suggestion->replay))
    {
      suggestion_free (suggestion);
      return;
    }
  suggestion->replay->suggest = rh_suggest_new (policy);
  suggest_page (suggestion);
}
