/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* (transfer full): JSON with ' for ". */
JsonObject *shopify_object (const char *format, ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
