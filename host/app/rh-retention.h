/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-config.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* Removes what has ended and nobody needs any more, after the times that the operator sets ([retention] in royal.conf(5)): a
 * small batch of each table at a time, one host at a time. */
#define RH_TYPE_RETENTION (rh_retention_get_type ())
G_DECLARE_FINAL_TYPE (RhRetention, rh_retention, RH, RETENTION, GObject)

RhRetention *rh_retention_new (RhStore *store, RhConfig *config) G_GNUC_WARN_UNUSED_RESULT;

/* From now on; the first look is soon. */
void rh_retention_start (RhRetention *self);
void rh_retention_stop (RhRetention *self);

G_END_DECLS
