/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-triggers.h"

G_BEGIN_DECLS

/**
 * RhDelivery:
 * @service: (nullable): of this host's workspace: the service that delivers, for all of its triggers
 * @workspace: (nullable): otherwise: its name
 * @name: (nullable): and the trigger's
 * @header: the value of a header, (nullable) (transfer none)
 * @data: passed to it
 * @body: the bytes as they came
 * @type: (nullable): the content's type
 * @peer: whom it came from, for the log
 * @trace: (nullable): a traceparent
 *
 * A POST to a webhook; all of it is copied or referenced.
 */
typedef struct {
  const char *service;
  const char *workspace;
  const char *name;
  const char *(*header) (gpointer data, const char *name);
  gpointer data;
  GBytes *body;
  const char *type;
  const char *peer;
  const char *trace;
} RhDelivery;

/**
 * rh_hooks_deliver_async:
 *
 * Checks who signed it, by the bytes of the body, and starts what the triggers start that it is for: durable when it is
 * answered. The answer to a trigger that is not there is that to a bad signature: %ROYAL_ERROR_DENIED. %ROYAL_ERROR_LIMIT:
 * too many; %ROYAL_ERROR_INVALID: it makes no input; %ROYAL_ERROR_UNAVAILABLE: later. When several triggers are meant, what
 * has to come again is the answer, whatever else was started: it is known then.
 */
void rh_hooks_deliver_async (RhTriggers *triggers, const RhDelivery *delivery, GAsyncReadyCallback callback,
                             gpointer data);
/* (transfer full): the ids of what was started; of a service there may be none, as no trigger wants it. @ret_fresh: FALSE when
 * all of it was known. */
GStrv rh_hooks_deliver_finish (RhTriggers *triggers, GAsyncResult *result, gboolean *ret_fresh, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
