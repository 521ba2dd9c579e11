/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-rows.h"

#include <libpq-fe.h>

G_BEGIN_DECLS

/* (transfer full) of @result, which holds texts. */
RhRows *rh_rows_new (PGresult *result) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
