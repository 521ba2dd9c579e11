/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The arithmetic of the markdown agent. Shares are in basis points (10,000 = 100 %) and money is in cents, so that
 * every figure is exact: 57.5 % stays 57.5 %. */
#define MARKDOWN_ONE 10000u
#define MARKDOWN_STEP 500u /* markdowns come in steps of 5 % */

/* What the operator decides. */
typedef struct {
  guint target;     /* the sell-through that is wanted */
  guint elasticity; /* MARKDOWN_ONE = one point of markdown for a point of sell-through that is missing */
  guint cap;        /* the deepest markdown */
} MarkdownRates;

typedef enum {
  MARKDOWN_PROPOSE,
  MARKDOWN_NO_GAP,    /* the target is reached */
  MARKDOWN_TOO_SMALL, /* the gap rounds to no markdown */
} MarkdownVerdict;

/**
 * MarkdownPlan:
 * @sell_through: rounded to a basis point, for display
 * @gap: the target less the sell-through, the same way
 * @markdown: a multiple of MARKDOWN_STEP, at most the cap
 * @lift: expected rise of sales: markdown × 1.5
 * @capped: the formula asked for more than the cap
 */
typedef struct {
  MarkdownVerdict verdict;
  guint sell_through;
  guint gap;
  guint markdown;
  guint lift;
  gboolean capped;
} MarkdownPlan;

/**
 * markdown_plan:
 * @sold: units sold so far
 * @forecast_total: units that the season was planned to sell
 *
 * markdown = (target − sold / forecast_total) × elasticity, at most the cap, rounded to the nearest 5 % (a half up, but
 * never above the cap).
 *
 * Returns: FALSE when the figures are out of range: no forecast, a negative number, more than 10^9 units.
 */
gboolean markdown_plan (gint64 sold, gint64 forecast_total, const MarkdownRates *rates, MarkdownPlan *ret_plan);

/* The rise of sales to be expected from a markdown. */
guint markdown_lift (guint markdown);

/* Reads a share that was given as a number. FALSE when it is not finite, negative, above @max or has more than four
 * decimals. */
gboolean markdown_points (double value, guint max, guint *ret_points);

/* Reads an amount such as `89.90` as cents. FALSE when @text is not one, or above 10^9. */
gboolean markdown_cents (const char *text, gint64 *ret_cents);

/**
 * MarkdownSeason:
 * @forecast_left: forecast of the weeks to come
 * @forecast_to_date: forecast of the weeks that were sold
 * @units_left: units still to sell
 * @price: in cents, the list price
 */
typedef struct {
  gint64 sold;
  gint64 forecast_to_date;
  gint64 forecast_left;
  gint64 units_left;
  gint64 price;
} MarkdownSeason;

/**
 * MarkdownOutlook:
 * @units: units that the rest of the season sells
 * @left: units that it leaves
 * @revenue: in cents
 */
typedef struct {
  gint64 units;
  gint64 left;
  gint64 revenue;
} MarkdownOutlook;

/* The rest of the season at @markdown: its forecast, as it came true so far, raised by the lift, bounded by what is
 * there. */
MarkdownOutlook markdown_outlook (const MarkdownSeason *season, guint markdown);

/* The same with a lift of one's own, in basis points. */
MarkdownOutlook markdown_outlook_at (const MarkdownSeason *season, guint markdown, guint lift);

/* A markdown in basis points to the nearest step, a half up, at most the largest step within @cap. */
guint markdown_round (guint markdown, guint cap);

/**
 * markdown_variance:
 * @sold: units sold so far
 * @forecast: what was expected until then
 * @threshold: in basis points
 * @ret_variance: |sold − forecast| / forecast, to the nearest basis point, for display
 * @ret_above: whether it is above the threshold; exact, so that just the threshold is not
 *
 * Returns: FALSE when a figure is out of range.
 */
gboolean
markdown_variance (gint64 sold, gint64 forecast, guint threshold, guint *ret_variance, gboolean *ret_above);

G_END_DECLS
