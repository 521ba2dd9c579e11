/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-secrets.h"

G_BEGIN_DECLS

/* Whether each connector's secrets are there: one that lacks any would fail at its first effect instead. The error names each
 * that is missing, with the connector that needs it, one a line. */
void rh_needs_check_async (RhConnectors *connectors, RhSecrets *secrets, gint64 workspace,
                           GAsyncReadyCallback callback, gpointer data);
gboolean rh_needs_check_finish (GAsyncResult *result, GError **error);

G_END_DECLS
