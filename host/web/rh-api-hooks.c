/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-hooks.h"
#include "rh-routes.h"

#include <royal/error.h>

static const char *
header (gpointer data, const char *name)
{
  return rh_request_header (data, name);
}

static void
on_delivered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  gboolean fresh = FALSE;
  g_autofree char *started = rh_hooks_deliver_finish (RH_TRIGGERS (source), result, &fresh, &error);
  JsonObject *object;
  JsonNode *node;

  if (started == NULL && g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_DENIED))
    {
      rh_request_refuse (request, RH_PROBLEM_UNAUTHENTICATED, NULL, "%s", error->message);
      return;
    }
  if (started == NULL)
    {
      rh_request_fail (request, error);
      return;
    }
  object = json_object_new ();
  node = json_node_new (JSON_NODE_OBJECT);
  json_object_set_string_member (object, "id", started);
  json_object_set_boolean_member (object, "known", !fresh);
  json_node_take_object (node, object);
  rh_request_reply (request, SOUP_STATUS_ACCEPTED, node);
}

void
rh_api_hook (RhRequest *request)
{
  const RhServerContext *context = rh_request_context (request);
  g_autoptr (GBytes) body = rh_request_take_bytes (request);
  const char *type = rh_request_header (request, "Content-Type");
  RhDelivery delivery = {
    .workspace = rh_request_parameter (request),
    .name = rh_request_parameter_at (request, 1),
    .header = header,
    .data = request,
    .body = body,
    .type = type != NULL && g_utf8_validate (type, -1, NULL) ? type : NULL,
    .peer = rh_request_peer (request),
    .trace = rh_request_actor (request)->trace,
  };

  rh_hooks_deliver_async (context->triggers, &delivery, on_delivered, rh_request_ref (request));
}
