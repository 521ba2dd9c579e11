/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"

G_BEGIN_DECLS

const char *rh_store_get_conninfo (RhStore *self);
const char *rh_store_get_role (RhStore *self);

/* Answers @task when the store is closed or away. */
gboolean rh_store_refuse (RhStore *self, GTask *task) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
