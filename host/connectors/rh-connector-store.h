/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* What a connector whose world is the host's own database is made of: each operation is one statement. */

/* Calls @statement, which yields one row with one jsonb named `result`: the end of the task for @tag returns it as a node. */
void rh_connector_store_call (RhConnector         *connector,
                              RhStore             *store,
                              const RhStatement   *statement,
                              gint64               workspace,
                              const char *const   *params,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             data,
                              gpointer             tag);

/* Reads a table; @args as of rh_store_read_table_async(). */
void rh_connector_store_read (RhConnector         *connector,
                              RhStore             *store,
                              const RhTableQuery  *query,
                              gint64               workspace,
                              const char *const   *args,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             data,
                              gpointer             tag);

/* The interface's read_finish after rh_connector_store_read(). */
int rh_connector_store_read_finish (RhConnector *connector, GAsyncResult *result, GError **error);

/* The interface's verify_finish of a statement that yields { "applied": boolean, "receipt"? }. */
RhVerify
rh_connector_store_verify (RhConnector *connector, GAsyncResult *result, JsonNode **ret_receipt, GError **error);

/* The interface's lane: when the host's database is away nothing else goes on either, so no breaker. */
char *rh_connector_store_lane (RhConnector *connector, const char *action, const char *target, RhLaneLimits *limits);

/* (transfer full): canonical: 0.15 is `0.15`, which is exact as a numeric where the double is not. */
char *rh_connector_store_text (JsonObject *object);

G_END_DECLS
