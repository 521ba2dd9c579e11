/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"

G_BEGIN_DECLS

/* What a connector whose operations are GTasks of its own puts into its interface as the ends of them. */

/* Of a task that returns an assessment. */
RhAssessment *rh_connector_task_assessment (RhConnector *connector, GAsyncResult *result, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* Of a task that returns a node: a receipt, or a document. */
JsonNode *
rh_connector_task_node (RhConnector *connector, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Of a task that returns an assessment as a document with the members `before`, `facts` and `preview`. */
RhAssessment *rh_connector_task_document (RhConnector *connector, GAsyncResult *result, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_connector_task_verify:
 * @otherwise: what it means that the task returned NULL without an error
 *
 * Of a task that returns the receipt of what it found.
 *
 * Returns: %RH_VERIFY_APPLIED with @ret_receipt, @otherwise, or %RH_VERIFY_UNKNOWN with @error.
 */
RhVerify rh_connector_task_verify (RhConnector  *connector,
                                   GAsyncResult *result,
                                   RhVerify      otherwise,
                                   JsonNode    **ret_receipt,
                                   GError      **error);

G_END_DECLS
