/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Ends every postgres process that works in the folder @data: what a killed host left running. Blocks. */
gboolean rh_leftovers_end (const char *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
