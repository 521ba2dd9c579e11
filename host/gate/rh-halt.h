/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* How long after a host asked the database whether an effect may start it may begin it on the answer. What has not
 * begun by then is asked about anew: so whoever stops everything knows, of a host that does not answer, when to stop
 * waiting. */
#define RH_HALT_BEGIN_MS 2000

/**
 * RhHalt:
 * @kind: (nullable): "agent" or "action"; NULL stops everything
 * @name: (nullable): which; for an action `*` stands for anything
 *
 * All (transfer none), copied.
 */
typedef struct {
  gint64 workspace;
  const char *kind;
  const char *name;
  const char *reason;
  const char *actor;
} RhHalt;

/**
 * rh_halt_async:
 *
 * Stops or pauses, and finishes only when nothing more begins: the transaction stops what is not started, then every
 * host that holds effects which were started before confirms that it begins none of them, or is past the time in which
 * it could.
 */
void rh_halt_async (RhStore *store, const RhHalt *halt, GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): { "halts", "unconfirmed": [host] }, those that did not answer and whose time is over; NULL
 * with @error set when the database could not be asked: then nothing is known. */
JsonNode *rh_halt_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Tells the database that @host begins nothing on what it was told before a stop or pause. */
void rh_halt_confirm (RhStore *store, const char *workspace, const char *host, const char *halts);

G_END_DECLS
