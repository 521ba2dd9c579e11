/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-routes.h"

#include "royal-json.h"

static const RhStatement list = { "web.delegations", "select delegation from delegation_list ()", 0, FALSE };
static const RhStatement add = { "web.delegation-add",
                                 "select delegation_add ($1, $2::int, $3, $4, $5, $6) as delegation", 6, TRUE };
static const RhStatement take_back = { "web.delegation-revoke",
                                       "select delegation_revoke ($1::uuid, $2, $3) as delegation", 3, TRUE };

static void
on_list (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "delegation", NULL, 0);
}

void
rh_api_delegations (RhRequest *request)
{
  rh_request_call (request, &list, NULL, on_list);
}

static void
on_made (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  rh_request_reply_row (request, SOUP_STATUS_CREATED, rows, "delegation");
}

void
rh_api_delegation_create (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  const RhActor *actor = rh_request_actor (request);
  g_autofree char *seconds = g_strdup_printf ("%" G_GINT64_FORMAT, royal_json_int (body, "for_s", 0));
  const char *params[] = { royal_json_string (body, "to", ""),
                           seconds,
                           royal_json_string (body, "note", NULL),
                           actor->name,
                           actor->via,
                           actor->role };

  rh_request_call (request, &add, params, on_made);
}

static void
on_revoked (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "delegation");
}

void
rh_api_delegation_revoke (RhRequest *request)
{
  const RhActor *actor = rh_request_actor (request);
  const char *params[] = { rh_request_parameter (request), actor->name, actor->role };

  if (g_uuid_string_is_valid (rh_request_parameter (request)))
    rh_request_call (request, &take_back, params, on_revoked);
  else
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no delegation %s", rh_request_parameter (request));
}
