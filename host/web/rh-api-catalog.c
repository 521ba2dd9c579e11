/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-etag.h"
#include "rh-routes.h"

#include "royal-json.h"

/* What could be sold, where it stands between the catalog and the shop, and what people aim at. */

static const RhStatement products = { "web.products", "select product_board () as answer", 0, FALSE };
static const RhStatement opportunities = { "web.opportunities", "select product_opportunities () as answer", 0, FALSE };
static const RhStatement suppliers = { "web.suppliers", "select product_suppliers () as answer", 0, FALSE };
static const RhStatement progress = { "web.goals_progress", "select goal_progress () as answer", 0, FALSE };
static const RhStatement goals = { "web.goals", "select goal_list () as answer", 0, FALSE };
static const RhStatement goals_set = {
  "web.goals_set", "select m.tag, case when m.holds then goal_set ($1, $2) end as answer from goal_match ($3) m", 3,
  TRUE
};

static void
on_answer (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "answer");
}

void
rh_api_products (RhRequest *request)
{
  rh_request_call (request, &products, NULL, on_answer);
}

void
rh_api_suppliers (RhRequest *request)
{
  rh_request_call (request, &suppliers, NULL, on_answer);
}

void
rh_api_goals_progress (RhRequest *request)
{
  rh_request_call (request, &progress, NULL, on_answer);
}

void
rh_api_opportunities (RhRequest *request)
{
  rh_request_call (request, &opportunities, NULL, on_answer);
}

static void
on_goals (RhRequest *request, RhRows *rows)
{
  rh_etag_reply_row (request, rows, "answer");
}

void
rh_api_goals (RhRequest *request)
{
  rh_request_call (request, &goals, NULL, on_goals);
}

static void
on_goals_set (RhRequest *request, RhRows *rows)
{
  if (rh_etag_held (request, rows, "answer"))
    on_answer (request, rows);
}

void
rh_api_goals_set (RhRequest *request)
{
  g_autoptr (JsonNode) goals_named = royal_json_take_object (json_object_ref (rh_request_body (request)));
  g_autofree char *text = royal_json_to_string (goals_named);
  g_autofree char *match = NULL;

  if (rh_etag_read_match (request, &match))
    rh_request_call (request, &goals_set, (const char *const[]){ text, rh_request_caller (request)->name, match },
                     on_goals_set);
}
