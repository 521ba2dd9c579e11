/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scout-trend.h"

G_BEGIN_DECLS

/* Which products of a catalog are worth selling, and why. */

/**
 * ScoutProduct:
 * @id: of the listing
 * @title: as the catalog has it
 * @supplier: who offers it; "" when that is not known
 * @price: what it would be sold at, in cents; at most 0 when it is not known
 * @cost: what the supplier asks, in cents; negative when it is not known
 * @shipping: what its way costs, in cents; negative when it is not known
 * @days: how long that takes; NAN when it is not known
 * @rating: mean of its reviews, 1 to 5; NAN without any
 * @reviews: how many
 * @sold: units, or any figure that is the larger the more is sold; NAN when it is not known
 * @trend: where it is going
 */
typedef struct {
  const char *id;
  const char *title;
  const char *supplier;
  gint64 price;
  gint64 cost;
  gint64 shipping;
  double days;
  double rating;
  guint reviews;
  double sold;
  ScoutTrend trend;
} ScoutProduct;

typedef enum {
  SCOUT_MARGIN,
  SCOUT_COMPETITION,
  SCOUT_DEMAND,
  SCOUT_TREND,
  SCOUT_QUALITY,
  SCOUT_SHIPPING,
  SCOUT_N_PARTS,
} ScoutPart;

const char *scout_part_name (ScoutPart part);

/**
 * ScoutRules:
 * @weights: of the parts, not negative, their sum above 0
 * @min_margin: least share of the price that is left above cost and shipping, for a product to count
 * @similarity: see scout_titles_group()
 * @prior_reviews: how many reviews of the catalog's mean rating are added to each product's own, above 0
 */
typedef struct {
  double weights[SCOUT_N_PARTS];
  double min_margin;
  guint similarity;
  double prior_reviews;
} ScoutRules;

/**
 * ScoutFind:
 * @product: its place in the catalog: the best offer of its group
 * @listings: of the group, its own among them
 * @suppliers: that offer it
 * @margin: share of the price that is left above cost and shipping
 * @rating: drawn to the catalog's mean
 * @parts: 0 to 1 each, the higher the better; 0.5 where nothing is known
 * @known: whether it is
 * @score: their mean by weight, 0 to 1
 */
typedef struct {
  guint product;
  guint listings;
  guint suppliers;
  double margin;
  double rating;
  double parts[SCOUT_N_PARTS];
  gboolean known[SCOUT_N_PARTS];
  double score;
} ScoutFind;

/**
 * ScoutReport:
 * @finds: (array length=n): one for each group with a product that counts, the best first; of equal ones the lesser id
 * @groups: different products
 * @duplicates: listings beside the first one of each group
 * @left_out: listings that do not count: their price, cost or margin
 */
typedef struct {
  ScoutFind *finds;
  guint n;
  guint groups;
  guint duplicates;
  guint left_out;
} ScoutReport;

void scout_report_free (ScoutReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ScoutReport, scout_report_free)

/**
 * scout_rank:
 * @products: (array length=n): in any order; listings with the same id, or titles that are similar enough, are one product
 *
 * - margin: as a share of the price, 60 % is full;
 * - competition: 1 / (1 + other suppliers / 3);
 * - demand: the share of the catalog that sells less, those that sell the same by half;
 * - trend: (1 + tanh (20 slope + 10 acceleration)) / 2, so that 5 % more each week is 0.88;
 * - quality: the rating with @prior_reviews of the catalog's mean added, from 3 (none) to 5 (full);
 * - shipping: what it leaves of the price, and, where they are known, days from 30 (none) to 3 (full), by half.
 *
 * The report does not depend on the order of the products; what it says of listings that are alike in all that is known
 * holds for either.
 *
 * Returns: (transfer full): all that count.
 */
ScoutReport *scout_rank (const ScoutProduct *products, guint n, const ScoutRules *rules) G_GNUC_WARN_UNUSED_RESULT;

/**
 * scout_explain:
 *
 * Returns: (transfer full): why a find stands where it does, in a sentence or two, what weighs most first.
 */
char *scout_explain (const ScoutProduct *product, const ScoutFind *find, const ScoutRules *rules);

G_END_DECLS
