/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-reveal.h"
#include "rh-routes.h"

#include "royal-json.h"

/* Dead letters: jobs that ended without success and wait for a person. */

#define JOBS_MAX 10000

static const RhStatement dead_list = { "web.dead", "select cursor, job from dead_list ($1, $2::bigint, $3::int)", 3,
                                       FALSE };
static const RhStatement dead_retry = { "job.dead-retry", "select dead_retry ($1::uuid[], $2, $3) as n", 3, TRUE };
static const RhStatement dead_discard = { "job.dead-discard", "select dead_discard ($1::uuid[], $2, $3) as n", 3,
                                          TRUE };

/* Who sees what is personal in an input. */
#define SEES (RH_ROLE_OPERATOR | RH_ROLE_ADMIN)

static void
on_list (RhRequest *request, RhRows *rows)
{
  rh_list_reveal (request, rows, "job", "cursor", rh_list_limit (request), SEES);
}

void
rh_api_dead (RhRequest *request)
{
  g_autofree char *batch = NULL;
  const char *params[3] = { rh_request_query (request, "agent"), rh_request_query (request, "cursor"), NULL };
  gint64 limit, before;

  if (!rh_request_number (request, "limit", 1, RH_LIST_MAX, RH_LIST_DEFAULT, &limit) ||
      !rh_request_number (request, "cursor", 1, G_MAXINT64, 0, &before))
    return;
  params[2] = batch = g_strdup_printf ("%" G_GINT64_FORMAT, limit);
  rh_request_call (request, &dead_list, params, on_list);
}

static void
on_many (RhRequest *request, RhRows *rows)
{
  g_autoptr (JsonObject) answer = json_object_new ();

  rh_gate_kick (rh_request_context (request)->gate);
  json_object_set_int_member (answer, "n", rh_rows_int64 (rows, 0, "n"));
  rh_request_reply (request, SOUP_STATUS_OK, json_node_init_object (json_node_alloc (), answer));
}

/* (transfer full): the ids as an SQL array; NULL when one is none, and the request is answered. */
static char *
ids_sql (RhRequest *request, JsonArray *jobs)
{
  g_autoptr (GString) text = g_string_new ("{");
  guint n = json_array_get_length (jobs);

  for (guint i = 0; i < n; i++)
    {
      JsonNode *node = json_array_get_element (jobs, i);
      const char *id = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
                           ? json_node_get_string (node)
                           : "";

      if (n > JOBS_MAX || !g_uuid_string_is_valid (id))
        {
          rh_request_refuse (request, RH_PROBLEM_INVALID, "/jobs", "expected at most %d ids of jobs", JOBS_MAX);
          return NULL;
        }
      g_string_append_printf (text, "%s%s", i > 0 ? "," : "", id);
    }
  return g_string_free (g_string_append_c (g_steal_pointer (&text), '}'), FALSE);
}

/* Those that are named, or all of an agent, or with `all` simply all. */
static void
run_many (RhRequest *request, const RhStatement *statement)
{
  JsonObject *body = rh_request_body (request);
  JsonArray *jobs = royal_json_array (body, "jobs");
  const char *agent = royal_json_string (body, "agent", NULL);
  g_autofree char *ids = NULL;
  const char *params[3] = { NULL, agent, rh_request_caller (request)->name };

  if ((jobs != NULL) + (agent != NULL) + royal_json_boolean (body, "all", FALSE) != 1)
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "expected one of jobs, agent and all");
      return;
    }
  if (jobs != NULL)
    {
      params[0] = ids = ids_sql (request, jobs);
      if (ids == NULL)
        return;
    }
  rh_request_call (request, statement, params, on_many);
}

void
rh_api_dead_retry (RhRequest *request)
{
  run_many (request, &dead_retry);
}

void
rh_api_dead_discard (RhRequest *request)
{
  run_many (request, &dead_discard);
}

static void
on_edited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *job = rh_jobs_edit_finish (RH_JOBS (source), result, &error);

  if (job == NULL)
    rh_request_fail (request, error);
  else
    rh_reveal (request, SOUP_STATUS_CREATED, SEES, job);
}

void
rh_api_dead_edit (RhRequest *request)
{
  JsonObject *input = royal_json_object (rh_request_body (request), "input");

  if (input == NULL)
    rh_request_refuse (request, RH_PROBLEM_INVALID, "/input", "expected an object");
  else
    rh_jobs_edit_async (rh_request_context (request)->jobs, rh_request_actor (request), rh_request_parameter (request),
                        input, on_edited, rh_request_ref (request));
}
