/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-signer.h"
#include "rh-store.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Signs the ends of the audit chains from time to time, into the database and into a file outside of it: what makes a tail that
 * was cut off show, even when whoever cut it mended all the rest. */
#define RH_TYPE_CHECKPOINTS (rh_checkpoints_get_type ())
G_DECLARE_FINAL_TYPE (RhCheckpoints, rh_checkpoints, RH, CHECKPOINTS, GObject)

/**
 * rh_checkpoints_new:
 * @signer: (transfer full)
 * @path: (nullable): the file that JSON lines { "statement", "signature" } are appended to; in a folder, checkpoints.jsonl
 * @interval_s: how old the last checkpoint of a chain that has grown may become
 */
RhCheckpoints *rh_checkpoints_new (RhStore    *store,
                                   RhSigner   *signer,
                                   const char *path,
                                   guint       interval_s) G_GNUC_WARN_UNUSED_RESULT;

void rh_checkpoints_start (RhCheckpoints *self);
void rh_checkpoints_stop (RhCheckpoints *self);

/* Signs what has grown since it was signed last, now. */
void rh_checkpoints_kick (RhCheckpoints *self);

/* (transfer none) */
const RhSigner *rh_checkpoints_signer (RhCheckpoints *self);

/* (transfer none) (nullable): the file. */
const char *rh_checkpoints_path (RhCheckpoints *self);

/* (transfer full): canonical JSON of @members, with this key's id and @type, and its @ret_signature. */
char *rh_checkpoints_sign (RhCheckpoints  *self,
                           const char     *type,
                           JsonObject     *members,
                           char          **ret_signature) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
