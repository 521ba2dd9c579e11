/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-policy-private.h"

G_BEGIN_DECLS

/**
 * rh_flips_find:
 * @now: what @matched decides over @view
 *
 * The smallest changes that would have led to another decision: of one fact (or claim, or parameter that a limit sums)
 * over the boundaries that the rules mention, or of the time to the end of a window; where that leads nowhere, of two.
 * Each was tried.
 *
 * Returns: (transfer full): [{ "to", "changes": [{ "path", "from", "to" }], "text" }], the most permissive first; a
 * change to "missing" has no "to", one of the time has the path "at".
 */
JsonArray *rh_flips_find (const RhMatched *matched, const RhView *view, RhDecision now) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): the nearest ones in either direction as a sentence; "" when there is none. */
char *rh_flips_sentence (JsonArray *flips, RhDecision now) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
