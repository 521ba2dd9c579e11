/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-policy.h"

G_BEGIN_DECLS

/**
 * RhSample:
 *
 * Something to decide, as a document of the shape of docs/schema/policy-sample.schema.json: { "agent", "action",
 * "target"?, "cluster"?, "workspace"?, "facts"?, "claims"?, "parameters"?, "at"?, "always_asks"?, "items"? }. Each of
 * several items has its own target, parameters and facts, beside those of the whole.
 */
typedef struct _RhSample RhSample;

/**
 * rh_sample_new:
 * @document: (transfer none)
 * @at_s: when, where the document does not say
 *
 * Returns: (transfer full): NULL with %ROYAL_ERROR_INVALID, naming @what and the JSON pointer.
 */
RhSample *rh_sample_new (JsonNode *document, gint64 at_s, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of a document that is known to have the shape, with its time in seconds as "at_s". */
RhSample *rh_sample_new_recorded (JsonObject *document) G_GNUC_WARN_UNUSED_RESULT;
void rh_sample_free (RhSample *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhSample, rh_sample_free)

/* Decides it as if these had been granted; takes a reference. */
void rh_sample_set_envelopes (RhSample *self, GPtrArray *envelopes);

/* (transfer none): one for each item; one without items. */
const RhPolicySubject *rh_sample_subjects (const RhSample *self, guint *ret_n);

/* (transfer full): what @policy says of it: { "decision", "risk", "rules", "reason", "deadline_s", "asks", "limits",
 * "explanation", "envelope"?, "policy_version" }. */
JsonNode *rh_sample_decide (const RhSample *self, RhPolicy *policy) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
