/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-gate.h"

G_BEGIN_DECLS

/* What brings a proposal before the gate once more because time has passed: one that went stale is assessed anew, and an effect
 * whose end has come is undone. The database says which are due, and to which host. */
typedef struct _RhAgain RhAgain;

RhAgain *rh_again_new (RhGate *gate) G_GNUC_WARN_UNUSED_RESULT;
void rh_again_free (RhAgain *self);

/* Something may be due. */
void rh_again_kick (RhAgain *self);

G_END_DECLS
