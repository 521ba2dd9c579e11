/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-signer.h"

G_BEGIN_DECLS

/* A record that is known from outside of the database. */
typedef struct {
  gint64 seq;
  char hash[65];
} RhAnchor;

/* Whether @statement is a checkpoint of @workspace, which @signature signs by @signer's key; then what it names. Another key's
 * is %ROYAL_ERROR_NOT_FOUND, all else %ROYAL_ERROR_INVALID. */
gboolean rh_anchor_read (const RhSigner  *signer,
                         const char      *workspace,
                         const char      *statement,
                         const char      *signature,
                         RhAnchor        *ret_anchor,
                         GError         **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_anchors_read_async:
 * @path: a file of checkpoints; one that is not there holds none
 * @signer: (transfer none): outlives the call
 *
 * Reads, in a thread, the checkpoints of @workspace that @signer has signed; by their order.
 */
void rh_anchors_read_async (const char          *path,
                            const RhSigner      *signer,
                            const char          *workspace,
                            GAsyncReadyCallback  callback,
                            gpointer             data);

/* Returns: (transfer full) (element-type RhAnchor): NULL with @error set when the file cannot be read, or holds a line that its
 *   key did not sign. */
GArray *rh_anchors_read_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
