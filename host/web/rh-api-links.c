/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-approval-link.h"
#include "rh-reveal.h"
#include "rh-routes.h"

#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

/* Links to proposals that notifications bring (rh-approval-link.h). To open one tells what it is for and changes
 * nothing; it is used up by an answer that names it. Whoever asks has logged in: a link gives nothing that the caller
 * has not. */

static const RhStatement check = { "web.approval-link",
                                   "select approval_link_check ($1::uuid, $2::uuid, $3, $4::bigint) as link", 4,
                                   FALSE };

typedef void (*LinkFunc) (RhRequest *request, const RhApprovalLink *link);

typedef struct {
  RhRequest *request;
  LinkFunc then;
} Opening;

static const char *
text_of (RhRequest *request)
{
  return royal_json_string (rh_request_body (request), "link", "");
}

static void
on_key (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Opening *self = data;
  g_autoptr (RhRequest) request = self->request;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhSecret) key = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);
  RhApprovalLink link;

  if (g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND))
    rh_request_refuse (request, RH_PROBLEM_DENIED, NULL, "the key that links are signed with is not here");
  else if (key != NULL && rh_approval_link_open (key, rh_request_workspace (request), rh_request_parameter (request),
                                                 text_of (request), &link, &error))
    self->then (request, &link);
  else
    rh_request_fail (request, error);
}

/* @then is called when the link of the body was made here for the path's proposal; else the request was refused. */
static void
open_link (RhRequest *request, LinkFunc then)
{
  const RhServerContext *context = rh_request_context (request);
  Opening *self;

  if (!g_uuid_string_is_valid (rh_request_parameter (request)))
    {
      rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no proposal %s", rh_request_parameter (request));
      return;
    }
  if (context->link_key == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_CONFLICT, NULL,
                         "links are not signed here: notifications.json names no link_key");
      return;
    }
  self = g_new (Opening, 1);
  *self = (Opening){ .request = rh_request_ref (request), .then = then };
  rh_secrets_lookup_async (context->secrets, rh_request_workspace (request), context->link_key, NULL, on_key, self);
}

static void
on_checked (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "link");
}

static void
check_link (RhRequest *request, const RhApprovalLink *link)
{
  g_autofree char *expires = g_strdup_printf ("%" G_GINT64_FORMAT, link->expires_s);

  rh_request_call (request, &check,
                   (const char *const[]){ rh_request_parameter (request), link->notice, link->digest, expires },
                   on_checked);
}

void
rh_api_approval_link (RhRequest *request)
{
  open_link (request, check_link);
}

static void
approve (RhRequest *request, const RhApprovalLink *link)
{
  JsonObject *body = rh_request_body (request);

  rh_gate_answer_linked_async (rh_request_context (request)->gate, rh_request_actor (request),
                               rh_request_parameter (request), link, "approve", royal_json_string (body, "digest", ""),
                               royal_json_array (body, "exclude"), royal_json_string (body, "note", NULL),
                               rh_reveal_answered, rh_request_ref (request));
}

static void
reject (RhRequest *request, const RhApprovalLink *link)
{
  rh_gate_answer_linked_async (rh_request_context (request)->gate, rh_request_actor (request),
                               rh_request_parameter (request), link, "reject", NULL, NULL,
                               royal_json_string (rh_request_body (request), "reason", ""), rh_reveal_answered,
                               rh_request_ref (request));
}

gboolean
rh_api_answer_linked (RhRequest *request, gboolean approves)
{
  if (!json_object_has_member (rh_request_body (request), "link"))
    return FALSE;
  open_link (request, approves ? approve : reject);
  return TRUE;
}
