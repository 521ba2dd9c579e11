/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-merkle.h"

#include <string.h>

#define LEAF 0x00
#define NODE 0x01

static RhMerkle
hash (guint8 prefix, const void *a, gsize a_length, const void *b, gsize b_length)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = RH_MERKLE_SIZE;
  RhMerkle out;

  g_checksum_update (checksum, &prefix, 1);
  g_checksum_update (checksum, a, (gssize)a_length);
  if (b_length > 0)
    g_checksum_update (checksum, b, (gssize)b_length);
  g_checksum_get_digest (checksum, out.bytes, &length);
  g_assert (length == RH_MERKLE_SIZE);
  return out;
}

static RhMerkle
node (const RhMerkle *left, const RhMerkle *right)
{
  return hash (NODE, left->bytes, RH_MERKLE_SIZE, right->bytes, RH_MERKLE_SIZE);
}

/* The greatest power of two below @n, which is at least 2. */
static gsize
split (gsize n)
{
  gsize k = 1;

  while (k * 2 < n)
    k *= 2;
  return k;
}

RhMerkle
rh_merkle_leaf (const char *data, gsize length)
{
  return hash (LEAF, data, length, NULL, 0);
}

RhMerkle
rh_merkle_root (const RhMerkle *leaves, gsize n)
{
  RhMerkle left, right;
  gsize k;

  if (n == 0)
    {
      g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
      gsize length = RH_MERKLE_SIZE;

      g_checksum_get_digest (checksum, left.bytes, &length);
      return left;
    }
  if (n == 1)
    return leaves[0];
  k = split (n);
  left = rh_merkle_root (leaves, k);
  right = rh_merkle_root (leaves + k, n - k);
  return node (&left, &right);
}

static void
add_path (GArray *path, const RhMerkle *leaves, gsize n, gsize index)
{
  RhMerkle other;
  gsize k;

  if (n == 1)
    return;
  k = split (n);
  if (index < k)
    {
      add_path (path, leaves, k, index);
      other = rh_merkle_root (leaves + k, n - k);
    }
  else
    {
      add_path (path, leaves + k, n - k, index - k);
      other = rh_merkle_root (leaves, k);
    }
  g_array_append_val (path, other);
}

GArray *
rh_merkle_proof (const RhMerkle *leaves, gsize n, gsize index)
{
  GArray *path = g_array_new (FALSE, FALSE, sizeof (RhMerkle));

  g_return_val_if_fail (leaves != NULL && index < n, path);

  add_path (path, leaves, n, index);
  return path;
}

/* RFC 9162, 2.1.3.2. */
gboolean
rh_merkle_verify (const RhMerkle *leaf, gsize index, gsize n, const RhMerkle *path, gsize n_path, const RhMerkle *root)
{
  RhMerkle found;
  gsize last = n - 1;

  g_return_val_if_fail (leaf != NULL && root != NULL, FALSE);

  if (index >= n)
    return FALSE;
  found = *leaf;
  for (gsize i = 0; i < n_path; i++)
    {
      if (last == 0)
        return FALSE;
      if ((index & 1) != 0 || index == last)
        {
          found = node (&path[i], &found);
          while ((index & 1) == 0 && index != 0)
            {
              index >>= 1;
              last >>= 1;
            }
        }
      else
        found = node (&found, &path[i]);
      index >>= 1;
      last >>= 1;
    }
  return last == 0 && memcmp (found.bytes, root->bytes, RH_MERKLE_SIZE) == 0;
}

char *
rh_merkle_hex (const RhMerkle *hash)
{
  GString *text = g_string_sized_new (2 * RH_MERKLE_SIZE + 1);

  g_return_val_if_fail (hash != NULL, NULL);

  for (guint i = 0; i < RH_MERKLE_SIZE; i++)
    g_string_append_printf (text, "%02x", hash->bytes[i]);
  return g_string_free (text, FALSE);
}
