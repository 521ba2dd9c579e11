/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Checks an audit chain, record by record, in order: every hash is that of its record, every record names the hash before
 * it, and none is missing. It needs nothing but the records: an exported file can be checked anywhere. */
typedef struct {
  gint64 seq;      /* of the last record, 0 before the first */
  char hash[65];   /* of the last record */
  gint64 broken;   /* the first record that does not hold, 0 = none */
  const char *why; /* (nullable) static text */
} RhChain;

void rh_chain_begin (RhChain *self);
/* FALSE from the first record on that does not hold. */
gboolean rh_chain_add (RhChain *self, gint64 seq, const char *record, const char *hash);
/* Whether it ends where the database says. */
gboolean rh_chain_end (RhChain *self, gint64 seq, const char *hash);

G_END_DECLS
