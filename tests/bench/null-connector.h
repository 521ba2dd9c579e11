/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <rh-connector.h>

G_BEGIN_DECLS

/* A connector to nothing, for the benchmark of the gate: `null.write` succeeds at once. */
#define NULL_TYPE_CONNECTOR (null_connector_get_type ())
G_DECLARE_FINAL_TYPE (NullConnector, null_connector, NULL, CONNECTOR, GObject)

G_END_DECLS
