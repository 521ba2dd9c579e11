/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

/* Who is told outside of what waits for a person, and how that went. */

static const RhStatement list = { "web.notifications", "select notice_list () as answer", 0, FALSE };
static const RhStatement test = { "web.notification_test", "select notice_test ($1, $2) as answer", 2, TRUE };

static void
on_list (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "answer");
}

void
rh_api_notifications (RhRequest *request)
{
  rh_request_call (request, &list, NULL, on_list);
}

static void
on_test (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_ACCEPTED, rows, "answer");
}

void
rh_api_notification_test (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request), rh_request_caller (request)->name };

  rh_request_call (request, &test, params, on_test);
}
