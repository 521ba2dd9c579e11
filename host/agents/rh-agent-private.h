/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-agent.h"

G_BEGIN_DECLS

/**
 * rh_agent_new:
 * @granted: the operator's manifest, valid, defaults filled in
 * @config: the configuration, valid, defaults filled in
 * @module: path of the private copy
 *
 * For rh-loader.c. All (transfer none); the documents must not be changed afterwards.
 */
RhAgent *rh_agent_new (RoyalManifest  *manifest,
                       JsonNode       *granted,
                       JsonNode       *config,
                       const char     *module,
                       const char     *sha256) G_GNUC_WARN_UNUSED_RESULT;

/* For rh-loader.c: (transfer none) */
void rh_agent_set_signature (RhAgent *self, JsonObject *signature);

/* For rh-loader.c: (transfer full) (element-type RhTrigger) */
void rh_agent_set_triggers (RhAgent *self, GPtrArray *triggers);

G_END_DECLS
