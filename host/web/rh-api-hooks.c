/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-hooks.h"
#include "rh-routes.h"

#include "royal-json.h"

#include <royal/error.h>

static const char *
header (gpointer data, const char *name)
{
  return rh_request_header (data, name);
}

/* (transfer full) (nullable): what was started; NULL when the request was answered. */
static GStrv
take_started (RhRequest *request, GObject *source, GAsyncResult *result, gboolean *ret_fresh)
{
  g_autoptr (GError) error = NULL;
  GStrv started = rh_hooks_deliver_finish (RH_TRIGGERS (source), result, ret_fresh, &error);

  if (started == NULL && g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_DENIED))
    rh_request_refuse (request, RH_PROBLEM_UNAUTHENTICATED, NULL, "%s", error->message);
  else if (started == NULL)
    rh_request_fail (request, error);
  return started;
}

static void
reply (RhRequest *request, JsonObject *object, gboolean fresh)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_boolean_member (object, "known", !fresh);
  json_node_take_object (node, object);
  rh_request_reply (request, SOUP_STATUS_ACCEPTED, node);
}

static void
on_delivered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  gboolean fresh = FALSE;
  g_auto (GStrv) started = take_started (request, source, result, &fresh);
  JsonObject *object;

  if (started == NULL)
    return;
  object = json_object_new ();
  json_object_set_string_member (object, "id", started[0] != NULL ? started[0] : "");
  reply (request, object, fresh);
}

static void
on_delivered_by_service (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  gboolean fresh = FALSE;
  g_auto (GStrv) started = take_started (request, source, result, &fresh);
  JsonObject *object;

  if (started == NULL)
    return;
  object = json_object_new ();
  json_object_set_array_member (object, "started", royal_json_strings ((const char *const *)started));
  reply (request, object, fresh || started[0] == NULL);
}

/* @body: (transfer none): outlives the delivery's copy */
static RhDelivery
delivery_of (RhRequest *request, GBytes *body)
{
  const char *type = rh_request_header (request, "Content-Type");

  return (RhDelivery){
    .header = header,
    .data = request,
    .body = body,
    .type = type != NULL && g_utf8_validate (type, -1, NULL) ? type : NULL,
    .peer = rh_request_peer (request),
    .trace = rh_request_actor (request)->trace,
  };
}

void
rh_api_hook (RhRequest *request)
{
  g_autoptr (GBytes) body = rh_request_take_bytes (request);
  RhDelivery delivery = delivery_of (request, body);

  delivery.workspace = rh_request_parameter (request);
  delivery.name = rh_request_parameter_at (request, 1);
  rh_hooks_deliver_async (rh_request_context (request)->triggers, &delivery, on_delivered, rh_request_ref (request));
}

static void
deliver_by_service (RhRequest *request, const char *service)
{
  g_autoptr (GBytes) body = rh_request_take_bytes (request);
  RhDelivery delivery = delivery_of (request, body);

  delivery.service = service;
  rh_hooks_deliver_async (rh_request_context (request)->triggers, &delivery, on_delivered_by_service,
                          rh_request_ref (request));
}

void
rh_api_webhook_github (RhRequest *request)
{
  deliver_by_service (request, "github");
}

void
rh_api_webhook_shopify (RhRequest *request)
{
  deliver_by_service (request, "shopify");
}
