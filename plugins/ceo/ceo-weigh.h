/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether a product is worth selling, by what people aim at. Amounts are in the workspace's currency, shares from 0 to
 * 1; what is NAN is not known. */

typedef enum { CEO_MARGIN, CEO_DEMAND, CEO_SUPPLIER, CEO_REVENUE, CEO_N_PARTS } CeoPart;
const char *ceo_part_name (CeoPart part);

typedef enum { CEO_APPROVE, CEO_ASK, CEO_REJECT } CeoDecision;
const char *ceo_decision_name (CeoDecision decision);

/* What was found of the supplier. */
typedef enum { CEO_SUPPLIER_PASS, CEO_SUPPLIER_ASK, CEO_SUPPLIER_FAIL } CeoVerdict;

/**
 * CeoCase:
 * @price: what it is to be sold at, above 0
 * @cost: what one costs, with shipping
 * @demand: share of the catalog that sells less
 * @sold: units that are sold elsewhere
 * @supplier: score of the supplier
 * @verdict: what follows from that
 * @goal_margin: the margin that people aim at
 * @goal_revenue: the revenue that people aim at
 * @alert: (nullable): what is wrong with how it goes
 */
typedef struct {
  double price;
  double cost;
  double demand;
  double sold;
  double supplier;
  CeoVerdict verdict;
  double goal_margin;
  double goal_revenue;
  const char *alert;
} CeoCase;

/**
 * CeoRules:
 * @weights: how much each part counts; their sum is above 0
 * @min_margin: least margin where no goal is set
 * @approve_at: least score that is decided without a person
 * @reject_below: least score that is not rejected
 * @first_order: units of a first order
 * @max_stake: most that a first order may cost without a person
 */
typedef struct {
  double weights[CEO_N_PARTS];
  double min_margin;
  double approve_at;
  double reject_below;
  double first_order;
  double max_stake;
} CeoRules;

/**
 * CeoWeighed:
 * @margin: share of the price above the cost
 * @target: the least margin: the goal, or min_margin
 * @stake: what a first order costs
 * @parts: scores; 0.5 for what is not known
 * @confidence: share of the weights that is known
 */
typedef struct {
  double margin;
  double target;
  double stake;
  gboolean known[CEO_N_PARTS];
  double parts[CEO_N_PARTS];
  double score;
  double confidence;
  CeoDecision decision;
} CeoWeighed;

/**
 * ceo_weigh:
 *
 * Rejected is what leaves less than the target's margin, has a supplier that failed, or scores below reject_below. A
 * person is asked unless the risk is low: no alert stands, people set a goal for the margin, the supplier passed, the demand is known, a
 * first order costs at most max_stake, and the score is at least approve_at.
 *
 * Parts: the margin from 0 at none over 0.5 at the target to 1 at twice that (or all of the price); the demand and the
 * supplier's score as they are; the revenue 1 - exp (-20 price × sold / goal): the twentieth part of the goal is 0.63.
 */
CeoWeighed ceo_weigh (const CeoCase *product, const CeoRules *rules);

/* Returns: (transfer full) (element-type utf8): sentences, why it is not approved, the gravest first; none when it is.
 */
GPtrArray *ceo_reasons (const CeoCase *product, const CeoWeighed *weighed, const CeoRules *rules);

/* Returns: (transfer full): a sentence that gives the score and its parts. */
char *ceo_explain (const CeoCase *product, const CeoWeighed *weighed);

G_END_DECLS
