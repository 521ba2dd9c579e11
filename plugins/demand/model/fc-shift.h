/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FC_SHIFT_WEEKS_MIN 13 /* at the new level, and at the old one, before it counts as one */

/**
 * FcShift:
 * @week: the first one at the new level; 0 where there is no shift
 * @factor: the new level, in times the old one; 1 where there is no shift
 */
typedef struct {
  gsize week;
  double factor;
} FcShift;

/**
 * fc_shift_find:
 * @y: (array length=n): weeks without gaps
 *
 * A series that moves to another level from one week to the next, and stays there: each week is compared with the same one of
 * the year before, so that a season is none. By a shift these ratios are other for a year, from one week to the next, and then as
 * before; growth moves them slowly, and a year that was better than those around it moves them back below. Told are shifts by a
 * third or more.
 *
 * Returns: no shift in a series that wanders (fc_reverts()), where a week is zero or below, or where there are fewer than 78 weeks
 */
FcShift fc_shift_find (const double *y, gsize n);

G_END_DECLS
