/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-workers.h"

G_BEGIN_DECLS

/* What the kernel of this machine enforces on workers, asked of `royal-worker --probe` once, in a process of its own.
 * Where a layer is missing and the operator has not left it out on purpose, no plugin runs. */
typedef struct _RhSandbox RhSandbox;

RhSandbox *rh_sandbox_new (const RhWorkersConfig *config) G_GNUC_WARN_UNUSED_RESULT;
void rh_sandbox_free (RhSandbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhSandbox, rh_sandbox_free)

/* Asks; @callback follows once, unless @self is freed before. */
typedef void (*RhSandboxCallback) (RhSandbox *self, gpointer data);
void rh_sandbox_probe (RhSandbox *self, RhSandboxCallback callback, gpointer data);

gboolean rh_sandbox_is_known (RhSandbox *self);

/* (nullable): why no plugin is run here; NULL = they are. */
const char *rh_sandbox_refusal (RhSandbox *self);

/* (transfer full): { "known", "refused", "without": [layers], "facts": {…} } */
JsonNode *rh_sandbox_json (RhSandbox *self) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_sandbox_judge:
 * @facts: what the probe printed
 * @without: RoyalSandboxLayers that the operator leaves out
 *
 * Returns: (transfer full) (nullable): what is missing, as a sentence; NULL when nothing is.
 */
char *rh_sandbox_judge (JsonObject *facts, guint without) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
