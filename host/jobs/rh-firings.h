/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-triggers.h"

G_BEGIN_DECLS

/* Firings on their way into the database. What comes while a call is under way goes together in the next one: a trigger's row
 * is locked for the time of a transaction, so that one for each would be as many waits for the disk. */
typedef struct _RhFirings RhFirings;

RhFirings *rh_firings_new (RhStore *store, gint64 workspace) G_GNUC_WARN_UNUSED_RESULT;
/* When nothing is on its way: each task has a reference to whom it was made for, which has this. */
void rh_firings_free (RhFirings *self);

/**
 * rh_firings_put:
 * @task: (transfer full): returns a JsonObject { "started", "fresh" } or an error
 * @firing: copied; its @happened and @owned are not looked at
 * @request: (transfer none): what it starts, as rh_triggers_request() makes it
 */
void rh_firings_put (RhFirings *self, GTask *task, const RhFiring *firing, JsonNode *request);

G_END_DECLS
