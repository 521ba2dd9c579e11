/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A supplier's scorecard, and what follows from it. Shares and scores are from 0 to 1. */

/* What is scored, the worst of it 0 and the best 1. */
typedef enum {
  VETTING_RELIABILITY,   /* orders that came at all */
  VETTING_PUNCTUALITY,   /* orders that came in time */
  VETTING_QUALITY,       /* what buyers say of it */
  VETTING_COMMUNICATION, /* messages that were answered */
  VETTING_SHIPPING,      /* how long it takes */
  VETTING_N_PARTS
} VettingPart;
const char *vetting_part_name (VettingPart part);

typedef enum { VETTING_PASS, VETTING_ASK, VETTING_FAIL } VettingVerdict;
const char *vetting_verdict_name (VettingVerdict verdict);

/**
 * VettingRecord:
 * @orders: how many were placed
 * @late: of them that came late
 * @failed: of them that never came, or came wrong
 * @shipping_days: that it takes, in the mean
 * @rating: mean of the reviews, 1 to 5
 * @reviews: how many there are
 * @messages: that it was sent
 * @answered: of them that it answered
 *
 * What is NAN is not known.
 */
typedef struct {
  double orders;
  double late;
  double failed;
  double shipping_days;
  double rating;
  double reviews;
  double messages;
  double answered;
} VettingRecord;

/* What is to be expected of a supplier of whom nothing is known. */
typedef struct {
  double late;     /* share of orders */
  double failed;   /* share of orders */
  double rating;   /* 1 to 5 */
  double answered; /* share of messages */
} VettingPrior;

/**
 * VettingRules:
 * @weights: how much each part counts; their sum is above 0
 * @prior: observations of the prior that are added to each supplier's own, above 0
 * @max_failed: share of failed orders above which a supplier fails
 * @max_late: share of late orders above which it fails
 * @min_rating: rating below which it fails
 * @min_orders: fewer orders than these make a supplier a new one
 * @pass_at: least score of one that passes
 * @fail_below: least score of one that does not fail
 */
typedef struct {
  double weights[VETTING_N_PARTS];
  double prior;
  double max_failed;
  double max_late;
  double min_rating;
  double min_orders;
  double pass_at;
  double fail_below;
} VettingRules;

/**
 * VettingCard:
 * @known: whether there is an observation of the part
 * @values: what was observed, drawn towards the prior: shares, a rating, days
 * @parts: their scores; 0.5 for what is not known
 * @score: mean of the parts by their weights
 */
typedef struct {
  gboolean known[VETTING_N_PARTS];
  double values[VETTING_N_PARTS];
  double parts[VETTING_N_PARTS];
  double score;
  VettingVerdict verdict;
} VettingCard;

/**
 * vetting_prior:
 * @records: (array length=n): all suppliers
 *
 * The pooled shares and mean rating of all suppliers: the mean of the distribution from which one supplier's is taken
 * to come (empirical Bayes: Casella, "An introduction to empirical Bayes data analysis", 1985). Where nobody has
 * observations: 10 % late, 2 % failed, a rating of 4 and 90 % answered.
 */
VettingPrior vetting_prior (const VettingRecord *records, guint n);

/**
 * vetting_score:
 *
 * Scores a supplier. Each share is the posterior mean of a beta distribution whose prior has the mean @prior and the
 * weight of rules->prior observations, (x + k m) / (n + k); the rating is shrunk alike. So three good orders do not
 * make a supplier perfect, and one late order does not fail it.
 *
 * It fails when its share of failed or late orders or its rating is beyond the rules' bounds, or its score below
 * fail_below; it passes when it has min_orders, the score is at least pass_at, and orders' failures and delays are
 * known; else a person is asked.
 */
VettingCard vetting_score (const VettingRecord *record, const VettingPrior *prior, const VettingRules *rules);

/* Returns: (transfer full) (element-type utf8): sentences, of what may go wrong; those for which it fails come first.
 */
GPtrArray *vetting_risks (const VettingRecord *record, const VettingCard *card, const VettingRules *rules);

/* Returns: (transfer full): a sentence that gives the score and each part of it, what counts most first. */
char *vetting_explain (const VettingRecord *record, const VettingCard *card, const VettingRules *rules);

G_END_DECLS
