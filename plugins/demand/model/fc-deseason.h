/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-series.h"

G_BEGIN_DECLS

#define FC_DESEASON_PAIRS 13
#define FC_DESEASON_PERIOD 52.1775 /* weeks in a year */
#define FC_DESEASON_WEEKS_MIN 78   /* fewer do not tell a season from a trend */
/**
 * FcDeseason:
 * @pairs: Fourier pairs of the best model, 0: not seasonal
 * @rho: of its errors, 1: the differences are regressed
 * @log: the season multiplies; else it adds, because the series has weeks at or below zero
 * @coefficients: sine and cosine of each pair, on log y or y, averaged over all models
 *
 * A yearly season as a sum of waves.
 */
typedef struct {
  gsize pairs;
  double rho;
  gboolean log;
  double coefficients[2 * FC_DESEASON_PAIRS];
} FcDeseason;

/**
 * fc_deseason_fit:
 * @series: without missing weeks
 *
 * On log y, for each ρ of a fixed list, the quasi-differences (Cochrane & Orcutt 1949) are regressed on [1, t, Fourier
 * pairs]; one Cholesky factor of all columns gives the squares of every smaller model. The coefficients are the mean over all
 * ρ and numbers of pairs, each with its Akaike weight exp (−AICc / 2) (Burnham & Anderson 2002) and drawn towards zero by
 * 1 / F, as James & Stein (1961) do: waves that two or three years only suggest are believed in part, those that stand out
 * nearly whole. A short series has none.
 */
void fc_deseason_fit (const FcSeries *series, FcDeseason *ret_season);

/* What a week, counted from the series' first and perhaps after its end, is multiplied with (@log) or has added. */
double fc_deseason_at (const FcDeseason *self, gsize week);

/* The weeks without their season, as many as the series has. (transfer full) */
double *fc_deseason_remove (const FcDeseason *self, const FcSeries *series) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
