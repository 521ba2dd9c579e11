/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"

G_BEGIN_DECLS

/* A connector for benchmarks alone: the action `bench.null` does nothing, at once. */
#define NULL_TYPE_CONNECTOR (null_connector_get_type ())
G_DECLARE_FINAL_TYPE (NullConnector, null_connector, NULL, CONNECTOR, GObject)

RhConnector *null_connector_new (void) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
