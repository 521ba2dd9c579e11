/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What must hold of an action's parameters beyond their schema, without a look at the season: sums, and each store once.
 * FALSE with %ROYAL_ERROR_INVALID, which names the member. */
gboolean rh_retail_check_markdown (JsonObject *parameters, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean rh_retail_check_forecast (JsonObject *parameters, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean rh_retail_check_order (JsonObject *parameters, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean rh_retail_check_shipment (JsonObject *parameters, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean rh_retail_check_reallocation (JsonObject *parameters, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
