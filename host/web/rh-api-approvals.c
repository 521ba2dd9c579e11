/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-reveal.h"
#include "rh-routes.h"

#include "royal-json.h"

#include <string.h>

static const RhStatement proposal_list = {
  "web.approvals", "select cursor, proposal from proposal_list ($1::text[], $2::bigint, $3::int)", 3, FALSE
};
static const RhStatement proposal_items = {
  "web.approval-items", "select cursor, item from proposal_items_page ($1::uuid, $2::bigint, $3::int)", 3, FALSE
};
static const RhStatement proposal_revisions = { "web.approval-revisions",
                                                "select proposal_revisions ($1::uuid) as revisions", 1, FALSE };
static const RhStatement proposal_get = { "web.approval", "select proposal_get ($1::uuid) as proposal", 1, FALSE };

static const char *const states[] = { "denied",   "pending", "approved",   "executing", "executed", "failed", "undone",
                                      "rejected", "expired", "superseded", "stale",     "unknown",  NULL };

static gboolean
check_id (RhRequest *request)
{
  if (g_uuid_string_is_valid (rh_request_parameter (request)))
    return TRUE;
  rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no proposal %s", rh_request_parameter (request));
  return FALSE;
}

static void
on_list (RhRequest *request, RhRows *rows)
{
  rh_list_reveal (request, rows, "proposal", "cursor", rh_list_limit (request), 0);
}

void
rh_api_approvals (RhRequest *request)
{
  rh_list_run (request, &proposal_list, states, on_list);
}

/* Whether it is to be shown as it is kept, which is what the digest covers. */
static gboolean
wants_sealed (RhRequest *request)
{
  return g_strcmp0 (rh_request_query (request, "sealed"), "true") == 0;
}

static gboolean
check_sealed (RhRequest *request)
{
  const char *sealed = rh_request_query (request, "sealed");

  if (sealed == NULL || strcmp (sealed, "true") == 0 || strcmp (sealed, "false") == 0)
    return TRUE;
  rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "sealed: expected true or false");
  return FALSE;
}

static void
on_proposal (RhRequest *request, RhRows *rows)
{
  if (wants_sealed (request))
    rh_request_reply_row (request, SOUP_STATUS_OK, rows, "proposal");
  else
    rh_reveal_row (request, SOUP_STATUS_OK, RH_REVEAL_PROPOSALS_TO, rows, "proposal");
}

void
rh_api_approval (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request) };

  if (check_id (request) && check_sealed (request))
    rh_request_call (request, &proposal_get, params, on_proposal);
}

static void
on_items (RhRequest *request, RhRows *rows)
{
  if (wants_sealed (request))
    rh_list_reply (request, rows, "item", "cursor", rh_list_limit (request));
  else
    rh_list_reveal (request, rows, "item", "cursor", rh_list_limit (request), RH_REVEAL_PROPOSALS_TO);
}

void
rh_api_approval_items (RhRequest *request)
{
  g_autofree char *batch = NULL;
  gint64 limit, after;

  if (!check_id (request) || !check_sealed (request) ||
      !rh_request_number (request, "limit", 1, RH_LIST_MAX, RH_LIST_DEFAULT, &limit) ||
      !rh_request_number (request, "cursor", 1, G_MAXINT64, 0, &after))
    return;
  batch = g_strdup_printf ("%" G_GINT64_FORMAT, limit);
  rh_request_call (request, &proposal_items,
                   (const char *const[]){ rh_request_parameter (request), rh_request_query (request, "cursor"), batch },
                   on_items);
}

static void
on_revisions (RhRequest *request, RhRows *rows)
{
  rh_reveal_row (request, SOUP_STATUS_OK, RH_REVEAL_PROPOSALS_TO, rows, "revisions");
}

void
rh_api_approval_revisions (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request) };

  if (check_id (request))
    rh_request_call (request, &proposal_revisions, params, on_revisions);
}

void
rh_api_approve (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);

  if (rh_api_answer_linked (request, TRUE))
    return;
  if (check_id (request))
    rh_gate_approve_except_async (rh_request_context (request)->gate, rh_request_actor (request),
                                  rh_request_parameter (request), royal_json_string (body, "digest", ""),
                                  royal_json_array (body, "exclude"), royal_json_string (body, "note", NULL),
                                  rh_reveal_answered, rh_request_ref (request));
}

void
rh_api_reject (RhRequest *request)
{
  if (rh_api_answer_linked (request, FALSE))
    return;
  if (check_id (request))
    rh_gate_reject_async (rh_request_context (request)->gate, rh_request_actor (request),
                          rh_request_parameter (request), royal_json_string (rh_request_body (request), "reason", ""),
                          rh_reveal_answered, rh_request_ref (request));
}

void
rh_api_undo (RhRequest *request)
{
  if (check_id (request))
    rh_gate_undo_async (rh_request_context (request)->gate, rh_request_actor (request), rh_request_parameter (request),
                        royal_json_string (rh_request_body (request), "reason", ""), rh_reveal_answered,
                        rh_request_ref (request));
}

/* The member that says what is wanted instead, by itself. */
static JsonObject *
change_of (JsonObject *body)
{
  static const char *const kinds[] = { "parameters", "items", "inputs" };
  JsonObject *change = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (json_object_has_member (body, kinds[i]))
      json_object_set_member (change, kinds[i], json_object_dup_member (body, kinds[i]));
  return change;
}

void
rh_api_modify (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  g_autoptr (JsonObject) change = change_of (body);

  if (check_id (request))
    rh_gate_modify_async (rh_request_context (request)->gate, rh_request_actor (request),
                          rh_request_parameter (request), royal_json_string (body, "digest", ""), change,
                          royal_json_string (body, "note", NULL), rh_reveal_answered, rh_request_ref (request));
}

void
rh_api_keep (RhRequest *request)
{
  if (check_id (request))
    rh_gate_keep_async (rh_request_context (request)->gate, rh_request_actor (request), rh_request_parameter (request),
                        royal_json_string (rh_request_body (request), "reason", NULL), rh_reveal_answered,
                        rh_request_ref (request));
}
