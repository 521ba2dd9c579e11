/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-condition.h"
#include "rh-verdict.h"

G_BEGIN_DECLS

/* Whose sum it is. */
typedef enum { RH_PER_AGENT, RH_PER_ACTION, RH_PER_TARGET, RH_PER_WORKSPACE, RH_N_PERS } RhPer;

/**
 * RhBudget:
 *
 * A limit that accumulates: { "sum": "facts.x" | "parameters.x" | "count", "per", "window_s" | "window" + "time_zone",
 * "max", "then" }. It knows what one proposal adds; what was there before is the database's. Amounts count by their
 * size, so that a rise does not make room for a cut. Pure and immutable.
 */
typedef struct _RhBudget RhBudget;

/* @document has the shape of the schema; @otherwise: its name where it has none; @pointer: where it stands. NULL with
 * %ROYAL_ERROR_INVALID. */
RhBudget *rh_budget_new (JsonObject *document,
                         const char *otherwise,
                         const char *what,
                         const char *pointer,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_budget_free (RhBudget *self);

const char *rh_budget_name (const RhBudget *self);
RhDecision rh_budget_decision (const RhBudget *self);
RhRisk rh_budget_risk (const RhBudget *self);
/* "spend above 500 per agent and day (Europe/Berlin)" */
const char *rh_budget_text (const RhBudget *self);
/* FALSE when it counts; else what it sums. */
gboolean rh_budget_source (const RhBudget *self, RhSource *ret_source, const char **ret_name, double *ret_max);

/**
 * rh_budget_test:
 *
 * Returns: whether one proposal exceeds it by itself; unknown when what it sums is missing.
 */
RhTruth rh_budget_test (const RhBudget *self, const RhView *view, double *ret_amount, char **ret_error)
    G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): as in RhVerdict.limits; @owners: the names by RhPer. */
JsonObject *
rh_budget_entry (const RhBudget *self, const char *const *owners, double amount, gint64 at_s) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
