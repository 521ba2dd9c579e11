/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RH_MERKLE_SIZE 32

/**
 * RhMerkle:
 *
 * A SHA-256 in a Merkle tree as RFC 6962 has it: a leaf is the hash of 0x00 and what it holds, a node the hash of 0x01,
 * its left and its right. A tree of n leaves splits at the greatest power of two below n. So a leaf is never taken for
 * a node, and two lists of leaves share a root only when they are the same list.
 */
typedef struct {
  guint8 bytes[RH_MERKLE_SIZE];
} RhMerkle;

RhMerkle rh_merkle_leaf (const char *data, gsize length) G_GNUC_WARN_UNUSED_RESULT;

/* The root over @n leaves; of none, the hash of nothing. */
RhMerkle rh_merkle_root (const RhMerkle *leaves, gsize n) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_merkle_proof:
 * @index: from 0, below @n
 *
 * Returns: (transfer full) (element-type RhMerkle): the hashes that lead from the leaf to the root, from the leaf on.
 */
GArray *rh_merkle_proof (const RhMerkle *leaves, gsize n, gsize index) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @leaf is the leaf @index of the @n leaves under @root. */
gboolean
rh_merkle_verify (const RhMerkle *leaf, gsize index, gsize n, const RhMerkle *path, gsize n_path, const RhMerkle *root)
    G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): 64 lower-case hexadecimal digits. */
char *rh_merkle_hex (const RhMerkle *hash) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
