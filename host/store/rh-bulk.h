/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"

G_BEGIN_DECLS

/* Bulk reads on at most two connections of their own, made when they are first needed and kept. */
typedef struct _RhBulk RhBulk;

RhBulk *rh_bulk_new (const char *conninfo, const char *role) G_GNUC_WARN_UNUSED_RESULT;
void rh_bulk_free (RhBulk *self);

/* Answers @task with a memfd. */
void rh_bulk_read (RhBulk *self, GTask *task, const RhTableQuery *query, gint64 workspace, const char *const *args);

gboolean rh_bulk_is_idle (RhBulk *self);

G_END_DECLS
