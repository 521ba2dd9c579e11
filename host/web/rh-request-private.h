/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-request.h"
#include "rh-spool.h"
#include "rh-trace.h"

G_BEGIN_DECLS

/* What rh-request.c (what came in) and rh-answer.c (what goes out) share. */
struct _RhRequest {
  RhServerContext *context; /* shared */
  SoupServerMessage *message; /* NULL when it is over */
  RhConnection *connection;
  RhClient client;
  GHashTable *query;
  char *id;
  gint64 since_us;
  RhSpan *span; /* NULL when nothing records it */

  const RhRoute *route;
  GStrv parameters;
  RhCaller caller;
  RhActor actor;
  JsonNode *body;
  RhSpool *spool; /* NULL for a body that is kept in memory */

  gboolean paused;
  gboolean reading; /* the body is on its way */
  gboolean answered;
  guint status;

  RhRequestMore more;
  gpointer more_data;
  GDestroyNotify more_free;
};

/* Ends the request: its message may be touched no more. */
void rh_request_detach (RhRequest *self);

G_END_DECLS
