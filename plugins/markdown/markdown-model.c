/* SPDX-License-Identifier: Apache-2.0 */
#include "markdown-model.h"

#include <math.h>
#include <string.h>

/* Products of two such numbers and a few rates need more than 64 bits. */
__extension__ typedef __int128 Wide;

#define UNITS_MAX G_GINT64_CONSTANT (1000000000)

/* To the nearest, a half up; of numbers that are not negative. */
static guint
divide (Wide numerator, Wide denominator)
{
  return (guint)((2 * numerator + denominator) / (2 * denominator));
}

guint
markdown_lift (guint markdown)
{
  return markdown * 3 / 2;
}

gboolean
markdown_plan (gint64 sold, gint64 forecast_total, const MarkdownRates *rates, MarkdownPlan *ret_plan)
{
  MarkdownPlan plan = { MARKDOWN_NO_GAP, 0, 0, 0, 0, FALSE };
  Wide gap; /* in basis points, times forecast_total */
  Wide wanted;
  Wide cap;

  g_return_val_if_fail (rates != NULL && ret_plan != NULL, FALSE);

  if (sold < 0 || sold > UNITS_MAX || forecast_total <= 0 || forecast_total > UNITS_MAX)
    return FALSE;

  gap = (Wide)rates->target * forecast_total - (Wide)sold * MARKDOWN_ONE;
  plan.sell_through = divide ((Wide)sold * MARKDOWN_ONE, forecast_total);
  if (gap > 0)
    {
      wanted = gap * rates->elasticity;
      cap = (Wide)rates->cap * forecast_total * MARKDOWN_ONE;
      plan.gap = divide (gap, forecast_total);
      plan.capped = wanted > cap;
      plan.markdown =
          divide (plan.capped ? cap : wanted, (Wide)forecast_total * MARKDOWN_ONE * MARKDOWN_STEP) * MARKDOWN_STEP;
      if (plan.markdown > rates->cap)
        plan.markdown -= MARKDOWN_STEP;
      plan.lift = markdown_lift (plan.markdown);
      plan.verdict = plan.markdown > 0 ? MARKDOWN_PROPOSE : MARKDOWN_TOO_SMALL;
    }
  *ret_plan = plan;
  return TRUE;
}

gboolean
markdown_points (double value, guint max, guint *ret_points)
{
  double scaled = value * MARKDOWN_ONE;
  double whole = round (scaled);

  g_return_val_if_fail (ret_points != NULL, FALSE);

  if (!isfinite (value) || value < 0 || whole > max || fabs (scaled - whole) > 1e-9)
    return FALSE;
  *ret_points = (guint)whole;
  return TRUE;
}

gboolean
markdown_cents (const char *text, gint64 *ret_cents)
{
  gsize whole = text != NULL ? strspn (text, "0123456789") : 0;
  gsize decimals = whole > 0 && text[whole] == '.' ? strspn (text + whole + 1, "0123456789") : 0;
  gint64 cents;

  g_return_val_if_fail (ret_cents != NULL, FALSE);

  if (whole < 1 || whole > 9 || decimals > 2 || text[whole + (text[whole] == '.' ? 1 + decimals : 0)] != '\0' ||
      (text[whole] == '.' && decimals == 0))
    return FALSE;
  cents = g_ascii_strtoll (text, NULL, 10) * 100;
  if (decimals > 0)
    cents += g_ascii_strtoll (text + whole + 1, NULL, 10) * (decimals == 1 ? 10 : 1);
  *ret_cents = cents;
  return TRUE;
}

MarkdownOutlook
markdown_outlook (const MarkdownSeason *season, guint markdown)
{
  return markdown_outlook_at (season, markdown, markdown_lift (markdown));
}

MarkdownOutlook
markdown_outlook_at (const MarkdownSeason *season, guint markdown, guint lift)
{
  MarkdownOutlook outlook = { 0, 0, 0 };
  Wide expected;

  g_return_val_if_fail (season != NULL && markdown <= MARKDOWN_ONE, outlook);

  if (season->forecast_to_date > 0 && season->units_left > 0)
    {
      expected = (Wide)season->forecast_left * season->sold * (MARKDOWN_ONE + lift) /
                 ((Wide)season->forecast_to_date * MARKDOWN_ONE);
      outlook.units = (gint64)MIN (expected, (Wide)season->units_left);
    }
  outlook.left = season->units_left - outlook.units;
  outlook.revenue = (gint64)((Wide)outlook.units * season->price * (MARKDOWN_ONE - markdown) / MARKDOWN_ONE);
  return outlook;
}

guint
markdown_round (guint markdown, guint cap)
{
  return MIN ((markdown + MARKDOWN_STEP / 2) / MARKDOWN_STEP, cap / MARKDOWN_STEP) * MARKDOWN_STEP;
}

gboolean
markdown_variance (gint64 sold, gint64 forecast, guint threshold, guint *ret_variance, gboolean *ret_above)
{
  gint64 off;

  g_return_val_if_fail (ret_variance != NULL && ret_above != NULL, FALSE);

  if (sold < 0 || sold > UNITS_MAX || forecast <= 0 || forecast > UNITS_MAX)
    return FALSE;
  off = ABS (sold - forecast);
  *ret_above = (Wide)off * MARKDOWN_ONE > (Wide)threshold * forecast;
  *ret_variance = (guint)MIN (((Wide)off * MARKDOWN_ONE * 2 + forecast) / (2 * (Wide)forecast), (Wide)G_MAXUINT);
  return TRUE;
}
