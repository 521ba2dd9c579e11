/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-secrets.h"

G_BEGIN_DECLS

/* Sends requests to endpoints that the operator has named, and to nothing else: `http.request`. */
#define RH_TYPE_HTTP (rh_http_get_type ())
G_DECLARE_FINAL_TYPE (RhHttp, rh_http, RH, HTTP, GObject)

/**
 * rh_http_new:
 * @file: the endpoints (docs/schema/http-endpoints.schema.json); when it is not there, there are none
 * @secrets: (nullable): whose lookup resolves the names in it; NULL for a host that is only checked
 *
 * Returns: NULL with every fault of the file, one a line.
 */
RhHttp *rh_http_new (const char *file, RhSecrets *secrets, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
