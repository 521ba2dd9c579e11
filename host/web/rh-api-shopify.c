/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include "royal-json.h"

/* The shops whose things are mirrored. */

static const RhStatement shops = { "web.shops", "select shopify_shop_list () as answer", 0, FALSE };
static const RhStatement pull = { "web.shop_pull",
                                  "select shopify_pull_ask ($1, case when $2::jsonb is not null then"
                                  " array (select jsonb_array_elements_text ($2::jsonb)) end, $3) as answer",
                                  3, TRUE };

static void
on_shops (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "answer");
}

void
rh_api_shops (RhRequest *request)
{
  rh_request_call (request, &shops, NULL, on_shops);
}

static void
on_pull (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_ACCEPTED, rows, "answer");
}

void
rh_api_shop_pull (RhRequest *request)
{
  JsonNode *parts = json_object_get_member (rh_request_body (request), "parts");
  g_autofree char *text = parts != NULL ? royal_json_to_string (parts) : NULL;
  const char *params[] = { rh_request_parameter (request), text, rh_request_caller (request)->name };

  rh_request_call (request, &pull, params, on_pull);
}
