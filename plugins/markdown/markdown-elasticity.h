/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a category's own history says of how its sales answer to its price. */

/* A store's week. */
typedef struct {
  guint store;  /* 0, 1, … */
  gint64 week;  /* first day, as days since 1970-01-01 */
  double units; /* not negative */
  double price; /* above 0; NAN when it is not known: then the row does not count */
} MarkdownSale;

/**
 * MarkdownElasticity:
 * @value: percent of units for a percent of price, negative
 * @low: lower bound of its 95 % interval
 * @high: upper bound, below 0
 * @weeks: that it rests on
 */
typedef struct {
  double value;
  double low;
  double high;
  guint weeks;
} MarkdownElasticity;

/* Two years, so that a price can be told from the season. */
#define MARKDOWN_WEEKS_MIN 104u

/**
 * markdown_elasticity:
 * @sales: (array length=n): in any order, a store and week once; no store at or above @n_stores
 *
 * Regresses log units on log price over the category's weeks (ordinary least squares), with a linear trend and three yearly
 * harmonics as controls. Prices are an index with fixed weights, each store's price against its own mean, so that a change
 * of the stores that sell is none of the price. The interval is by the covariance of Newey and West (1987), because weeks
 * that follow each other err alike.
 *
 * Returns: (transfer full) (nullable): why nothing can be told: too few weeks, a price that hardly moves by itself, an
 *   estimate that does not differ from none; NULL when @ret_elasticity is set.
 */
char *markdown_elasticity (const MarkdownSale *sales, gsize n, guint n_stores, MarkdownElasticity *ret_elasticity);

/* The rise of sales, in basis points, that @elasticity makes of a markdown in basis points below 10,000. */
guint markdown_measured_lift (double elasticity, guint markdown);

/* The markdown, in basis points and not rounded, that raises sales by @lift (1 = doubles them). */
guint markdown_measured_markdown (double elasticity, double lift);

G_END_DECLS
