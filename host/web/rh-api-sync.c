/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-routes.h"

#include "royal-json.h"

/* How the syncs of shops with repositories went, what both sides have had alike, and what is asked of people. */

static const RhStatement runs = { "web.sync_runs",
                                  "select cursor, item from sync_run_list ($1::text, $2::bigint, $3::int)", 3, FALSE };
static const RhStatement revisions = { "web.sync_revisions",
                                       "select cursor, item from sync_revision_list ($1::text, $2::bigint, $3::int)", 3,
                                       FALSE };
static const RhStatement conflicts = { "web.sync_conflicts",
                                       "select cursor, item from sync_conflict_list ($1::text[], $2::bigint, $3::int)",
                                       3, FALSE };
static const RhStatement conflict = { "web.sync_conflict", "select sync_conflict_get ($1) as answer", 1, FALSE };
static const RhStatement answer_conflict = { "web.sync_answer",
                                             "select sync_conflict_answer ($1, $2, $3, $4) as answer", 4, TRUE };

static const char *const none[] = { NULL };
static const char *const states[] = { "open", "answered", "gone", NULL };

static void
on_list (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "item", "cursor", rh_list_limit (request));
}

void
rh_api_sync_runs (RhRequest *request)
{
  rh_list_run (request, &runs, none, on_list);
}

void
rh_api_sync_revisions (RhRequest *request)
{
  rh_list_run (request, &revisions, none, on_list);
}

void
rh_api_sync_conflicts (RhRequest *request)
{
  rh_list_run (request, &conflicts, states, on_list);
}

static void
on_conflict (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "answer");
}

void
rh_api_sync_conflict (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request) };

  rh_request_call (request, &conflict, params, on_conflict);
}

void
rh_api_sync_answer (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  const char *params[] = { rh_request_parameter (request), royal_json_string (body, "digest", ""),
                           royal_json_string (body, "take", ""), rh_request_caller (request)->name };

  rh_request_call (request, &answer_conflict, params, on_conflict);
}
