/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

/* The shops' themes, and what their checks found. */

static const RhStatement themes = { "web.themes", "select theme_list () as answer", 0, FALSE };
static const RhStatement checks = { "web.theme_checks", "select theme_checks ($1) as answer", 1, FALSE };

static void
on_answer (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "answer");
}

void
rh_api_themes (RhRequest *request)
{
  rh_request_call (request, &themes, NULL, on_answer);
}

void
rh_api_theme_checks (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request) };

  rh_request_call (request, &checks, params, on_answer);
}
