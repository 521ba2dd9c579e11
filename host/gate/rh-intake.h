/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-executor.h"
#include "rh-record.h"

G_BEGIN_DECLS

/* The gate's way into the database. What is decided while a call is under way, in one workspace, is the next call: one
 * transaction, which also starts what the executor has room for. */
#define RH_TYPE_INTAKE (rh_intake_get_type ())
G_DECLARE_FINAL_TYPE (RhIntake, rh_intake, RH, INTAKE, GObject)

RhIntake *rh_intake_new (RhStore *store, const char *host_id, RhExecutor *executor) G_GNUC_WARN_UNUSED_RESULT;

/* @record is (transfer full). */
void rh_intake_submit_async (RhIntake *self, RhRecord *record, GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): the outcome of proposal_submit() in SQL. */
JsonNode *rh_intake_submit_finish (RhIntake *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
