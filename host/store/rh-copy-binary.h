/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"

#include <royal-table-builder.h>

G_BEGIN_DECLS

/* Reads PostgreSQL's binary COPY format into a table. Trusts nothing that it is fed. */
typedef struct _RhCopyBinary RhCopyBinary;

/* @builder: stays the caller's, has the columns of @query */
RhCopyBinary *rh_copy_binary_new (const RhTableQuery *query, RoyalTableBuilder *builder) G_GNUC_WARN_UNUSED_RESULT;
void rh_copy_binary_free (RhCopyBinary *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhCopyBinary, rh_copy_binary_free)

/* Bytes may come cut anywhere. After an error the builder is useless. */
gboolean rh_copy_binary_feed (RhCopyBinary *self,
                              const guint8 *bytes,
                              gsize         length,
                              GError      **error) G_GNUC_WARN_UNUSED_RESULT;

/* FALSE with @error set when the data ended too early. */
gboolean rh_copy_binary_end (RhCopyBinary *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
