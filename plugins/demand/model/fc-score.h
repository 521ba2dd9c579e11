/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-forecast.h"
#include "fc-series.h"

G_BEGIN_DECLS

/**
 * FcScore:
 * @mape: mean of |error| / |actual| over the weeks that are not zero, a share (0.1: 10 %); NAN without one
 * @smape: mean of 2 |error| / (|actual| + |forecast|), a share (Makridakis 1993)
 * @mase: mean |error| over the mean |step from one week to the next| of the history (Hyndman & Koehler 2006); NAN when
 *   the history never moves
 * @mase52: the same over the steps of a year; NAN with a year of history or less
 * @total: |error| of the sum of all weeks over the actual sum; NAN when that is zero
 */
typedef struct {
  double mape;
  double smape;
  double mase;
  double mase52;
  double total;
} FcScore;

/* Scores the forecast of the weeks @actual, as many as @forecast has, that come after @history. Missing weeks (NAN) of
 * either do not count. */
FcScore fc_score (const FcSeries *history, const double *actual, const FcForecast *forecast);

/**
 * FcScoreSum:
 *
 * Adds up scores; a NAN is left out of its own mean. Start with { 0 }.
 */
typedef struct {
  FcScore sum;
  FcScore count;
} FcScoreSum;

void fc_score_sum_add (FcScoreSum *self, const FcScore *score);
FcScore fc_score_sum_mean (const FcScoreSum *self);

/* The overall weighted average of the M4 competition: the mean of the ratios of smape and mase to those of Naive. */
double fc_score_owa (const FcScore *score, const FcScore *naive);

G_END_DECLS
