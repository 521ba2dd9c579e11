/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-rule.h"

G_BEGIN_DECLS

/**
 * RhEnvelope:
 *
 * What a person has granted an agent beyond the policy, for a while:
 * { "id", "match": { "agent", "action", "target"?, "cluster"?, "workspace"? }, "when"?: bounds, "from"?, "until",
 * "max"? }, of the shape of docs/schema/envelope.schema.json. Within its bounds what would be asked is done and told.
 * It never reaches what is denied, what windows and limits demand, or an action that always asks; something missing, or
 * a fault, is outside of the bounds, and so is a time that is not known. Pure and immutable: whether it was revoked is
 * its keeper's to know.
 */
typedef struct _RhEnvelope RhEnvelope;

/* NULL with %ROYAL_ERROR_INVALID, naming @what and the JSON pointer. */
RhEnvelope *rh_envelope_new (JsonNode *document, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_envelope_free (RhEnvelope *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhEnvelope, rh_envelope_free)

const char *rh_envelope_id (const RhEnvelope *self);
gboolean rh_envelope_covers (const RhEnvelope *self, const RhPolicySubject *subject);

/**
 * rh_envelopes_apply:
 * @envelopes: (nullable) (element-type RhEnvelope)
 *
 * The first envelope, by its id, that covers all of @subjects lets pass what @verdict would ask a person for: the
 * decision becomes notify, RhVerdict.envelope its id, and its `max`, where it has one, an entry of the limits to be
 * reserved (name and key `envelope:ID`, amount 1), beyond which it is asked again.
 *
 * Returns: whether one did.
 */
gboolean rh_envelopes_apply (GPtrArray *envelopes, const RhPolicySubject *subjects, guint n, RhVerdict *verdict);

G_END_DECLS
