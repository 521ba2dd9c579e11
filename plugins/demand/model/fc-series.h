/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * FcSeries:
 * @y: weekly values, of which NAN is a missing one
 * @n: how many
 * @start_day: days since 1970-01-01 of the first week
 *
 * A weekly series that someone else owns.
 */
typedef struct {
  const double *y;
  gsize n;
  gint64 start_day;
} FcSeries;

G_END_DECLS
