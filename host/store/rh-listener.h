/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"

G_BEGIN_DECLS

/* The connection that listens. */
typedef struct _RhListener RhListener;

RhListener *rh_listener_new (const char *conninfo, const char *role, RhStore *store) G_GNUC_WARN_UNUSED_RESULT;
void rh_listener_free (RhListener *self);
void rh_listener_add (RhListener *self, const char *channel, RhStoreNotify callback, gpointer data);
/* Forgets the callbacks of @data. */
void rh_listener_remove (RhListener *self, gpointer data);

G_END_DECLS
