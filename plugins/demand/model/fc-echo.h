/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FC_ECHO_YEAR_WEEKS 52

/**
 * FcEcho:
 * @share: in [0, 0.9]: how much of what stood out in a week comes back a year later; 0 where nothing says so
 * @n: weeks
 * @standing: by how much each week stood out of the weeks around it
 *
 * Waves are smooth, and holidays are not: what one week has beside the waves returns in part.
 */
typedef struct {
  double share;
  gsize n;
  double *standing;
} FcEcho;

/**
 * fc_echo_new:
 * @x: @n finite weeks without their season, logarithms where it multiplies
 *
 * A week stands out by its distance to the median of itself and the six weeks on each side. The share is the slope of these
 * distances on those of 52 weeks before, without a constant. It is drawn towards zero as if 20 more weeks had said zero, and
 * where it is less than one standard error above zero, by that ratio too. A history of less than 78 weeks has none.
 */
FcEcho *fc_echo_new (const double *x, gsize n) G_GNUC_WARN_UNUSED_RESULT;
void fc_echo_free (FcEcho *self);

/* What comes back in a week, counted from the first and perhaps after the end. The first year's weeks, before which nothing is
 * known, have what comes back of them a year later: their part of the waves would else be uneven. */
double fc_echo_at (const FcEcho *self, gsize week);

/* The median of a week and the six on each side. */
double fc_echo_around (const double *x, gsize n, gsize week);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcEcho, fc_echo_free)

G_END_DECLS
