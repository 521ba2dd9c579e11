/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Ways to forecast the stores of a category, compared on the retail sets under @dir: prints a table and its line. */
void forecast_pooling (const char *dir);

G_END_DECLS
