/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What past sales say of how each product answers to its price, and what all of them together say of each. */

/* What a product sold in a period, a week for instance. */
typedef struct {
  guint product; /* 0, 1, … */
  gint64 period; /* first day, as days since 1970-01-01 */
  double units;  /* above 0: a period without sales has no logarithm, and does not count */
  double price;  /* what a unit cost, above 0; better the median of the orders than revenue by units, which falls when
                  * someone buys a lot */
} PricingSale;

/**
 * PricingElasticity:
 * @value: percent of units for a percent of price, its own estimate drawn to the mean of all; NAN when nothing is known
 * @sd: how unsure it is, as a standard deviation
 * @low: lower bound of its 95 % interval
 * @high: upper bound
 * @own: what its own sales say by themselves; NAN when they are too few or its price hardly moves
 * @own_sd: the standard error of that
 * @periods: of its own, that it rests on
 */
typedef struct {
  double value;
  double sd;
  double low;
  double high;
  double own;
  double own_sd;
  guint periods;
} PricingElasticity;

/**
 * PricingPool:
 * @mean: of the products' elasticities; NAN with fewer than PRICING_POOL_MIN products
 * @mean_sd: its standard error
 * @spread: the standard deviation of the true elasticities about it
 * @products: whose own sales tell something
 */
typedef struct {
  double mean;
  double mean_sd;
  double spread;
  guint products;
} PricingPool;

#define PRICING_PERIODS_MIN 20u
#define PRICING_POOL_MIN 5u

/**
 * pricing_elasticities:
 * @sales: (array length=n): in any order; a row with a price or units that are not above 0 and finite does not count
 * @ret_elasticities: (array length=n_products): written whole
 * @ret_pool: (out) (optional): what they were drawn to
 *
 * For each product log units are regressed on log price by ordinary least squares, with a level, a linear trend and the
 * market (how much more than usual all other products sold in that period) as controls. The standard error is the larger
 * of the usual one and that of Newey and West (1987), for periods that follow each other err alike, and is widened for the
 * degrees of freedom. Then each is drawn to the mean of all by how unsure it is (empirical Bayes: Efron and Morris, 1975),
 * the spread of the true values estimated as Paule and Mandel (1982) do. A product that says nothing by itself gets the
 * mean and all of the spread. Fewer than PRICING_POOL_MIN products draw on nothing: each stands for itself.
 *
 * The order of the rows has no influence.
 */
void pricing_elasticities (const PricingSale *sales,
                           gsize              n,
                           guint              n_products,
                           PricingElasticity *ret_elasticities,
                           PricingPool       *ret_pool);

G_END_DECLS
