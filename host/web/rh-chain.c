/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-chain.h"

#include "royal-json.h"

#include <string.h>

void
rh_chain_begin (RhChain *self)
{
  g_return_if_fail (self != NULL);

  *self = (RhChain){ 0 };
  memset (self->hash, '0', sizeof self->hash - 1);
}

static gboolean
fail (RhChain *self, gint64 seq, const char *why)
{
  if (self->why == NULL)
    {
      self->broken = seq;
      self->why = why;
    }
  return FALSE;
}

gboolean
rh_chain_add (RhChain *self, gint64 seq, const char *record, const char *hash)
{
  g_autofree char *computed = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  g_return_val_if_fail (self != NULL && record != NULL && hash != NULL, FALSE);

  if (self->why != NULL)
    return FALSE;
  if (seq != self->seq + 1)
    return fail (self, self->seq + 1, "the record is missing");
  computed = g_compute_checksum_for_string (G_CHECKSUM_SHA256, record, -1);
  if (strcmp (computed, hash) != 0)
    return fail (self, seq, "the record is not what was hashed");
  node = royal_json_parse (record, -1, "record", NULL);
  object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  if (strcmp (royal_json_string (object, "prev", ""), self->hash) != 0)
    return fail (self, seq, "the record does not follow the one before it");
  self->seq = seq;
  g_strlcpy (self->hash, hash, sizeof self->hash);
  return TRUE;
}

gboolean
rh_chain_end (RhChain *self, gint64 seq, const char *hash)
{
  g_return_val_if_fail (self != NULL && hash != NULL, FALSE);

  if (self->why != NULL)
    return FALSE;
  if (seq > self->seq)
    return fail (self, self->seq + 1, "records are missing at the end");
  if (seq == self->seq && strcmp (hash, self->hash) != 0)
    return fail (self, seq, "the chain ends elsewhere");
  return TRUE;
}
