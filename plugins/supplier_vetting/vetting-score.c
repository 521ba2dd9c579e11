/* SPDX-License-Identifier: Apache-2.0 */
#include "vetting-score.h"

#include <math.h>

#define USUAL_LATE 0.1
#define USUAL_FAILED 0.02
#define USUAL_RATING 4.0
#define USUAL_ANSWERED 0.9

/* Between which values a part goes from 0 to 1. The shares are of what went wrong; the rest of what went well. */
static const struct {
  const char *name;
  double worst;
  double best;
} parts[VETTING_N_PARTS] = {
  [VETTING_RELIABILITY] = { "reliability", 0.1, 0 }, [VETTING_PUNCTUALITY] = { "punctuality", 0.3, 0 },
  [VETTING_QUALITY] = { "quality", 3, 5 },           [VETTING_COMMUNICATION] = { "communication", 0.5, 1 },
  [VETTING_SHIPPING] = { "shipping", 30, 3 },
};

const char *
vetting_part_name (VettingPart part)
{
  return parts[part].name;
}

const char *
vetting_verdict_name (VettingVerdict verdict)
{
  static const char *const names[] = { "pass", "ask", "fail" };

  return names[verdict];
}

/* The share of all that is known of both, or @usual. */
static double
pooled (double part, double whole, double usual)
{
  return whole > 0 ? part / whole : usual;
}

VettingPrior
vetting_prior (const VettingRecord *records, guint n)
{
  double late[2] = { 0, 0 };
  double failed[2] = { 0, 0 };
  double rating[2] = { 0, 0 };
  double answered[2] = { 0, 0 };

  for (guint i = 0; i < n; i++)
    {
      const VettingRecord *r = &records[i];
      const struct {
        double part;
        double whole;
        double *sums;
      } pairs[] = { { r->late, r->orders, late },
                    { r->failed, r->orders, failed },
                    { r->rating * r->reviews, r->reviews, rating },
                    { r->answered, r->messages, answered } };

      for (guint p = 0; p < G_N_ELEMENTS (pairs); p++)
        if (!isnan (pairs[p].part) && !isnan (pairs[p].whole))
          {
            pairs[p].sums[0] += pairs[p].part;
            pairs[p].sums[1] += pairs[p].whole;
          }
    }
  return (VettingPrior){ .late = pooled (late[0], late[1], USUAL_LATE),
                         .failed = pooled (failed[0], failed[1], USUAL_FAILED),
                         .rating = pooled (rating[0], rating[1], USUAL_RATING),
                         .answered = pooled (answered[0], answered[1], USUAL_ANSWERED) };
}

/* @sum of @n observations, drawn towards @mean as by @weight more of them. */
static double
shrunk (double sum, double n, double mean, double weight)
{
  return (sum + weight * mean) / (n + weight);
}

static void
set_part (VettingCard *card, VettingPart part, double sum, double n, double mean, double weight)
{
  card->known[part] = !isnan (sum) && n > 0;
  card->values[part] = card->known[part] ? shrunk (sum, n, mean, weight) : NAN;
  card->parts[part] =
      card->known[part]
          ? CLAMP ((card->values[part] - parts[part].worst) / (parts[part].best - parts[part].worst), 0, 1)
          : 0.5;
}

/* What is beyond a bound, whatever the rest. */
static gboolean
is_beyond (const VettingCard *card, VettingPart part, const VettingRules *rules)
{
  double value = card->values[part];

  if (!card->known[part])
    return FALSE;
  return (part == VETTING_RELIABILITY && value > rules->max_failed) ||
         (part == VETTING_PUNCTUALITY && value > rules->max_late) ||
         (part == VETTING_QUALITY && value < rules->min_rating);
}

static gboolean
is_new (const VettingRecord *record, const VettingRules *rules)
{
  return !(record->orders >= rules->min_orders);
}

static VettingVerdict
judge (const VettingRecord *record, const VettingCard *card, const VettingRules *rules)
{
  for (guint i = 0; i < VETTING_N_PARTS; i++)
    if (is_beyond (card, (VettingPart)i, rules))
      return VETTING_FAIL;
  if (card->score < rules->fail_below)
    return VETTING_FAIL;
  if (is_new (record, rules) || card->score < rules->pass_at || !card->known[VETTING_RELIABILITY] ||
      !card->known[VETTING_PUNCTUALITY])
    return VETTING_ASK;
  return VETTING_PASS;
}

VettingCard
vetting_score (const VettingRecord *record, const VettingPrior *prior, const VettingRules *rules)
{
  VettingCard card = { .score = 0 };
  double sum = 0;

  set_part (&card, VETTING_RELIABILITY, record->failed, record->orders, prior->failed, rules->prior);
  set_part (&card, VETTING_PUNCTUALITY, record->late, record->orders, prior->late, rules->prior);
  set_part (&card, VETTING_QUALITY, record->rating * record->reviews, record->reviews, prior->rating, rules->prior);
  set_part (&card, VETTING_COMMUNICATION, record->answered, record->messages, prior->answered, rules->prior);
  /* Days are a mean already; of how many orders is not known. */
  set_part (&card, VETTING_SHIPPING, record->shipping_days, 1, 0, 0);
  for (guint i = 0; i < VETTING_N_PARTS; i++)
    {
      card.score += rules->weights[i] * card.parts[i];
      sum += rules->weights[i];
    }
  card.score /= sum;
  card.verdict = judge (record, &card, rules);
  return card;
}

/* --- Words -------------------------------------------------------------------------------------------------------- */

/* (transfer full): a part and what it rests on. */
static char *
say_part (const VettingRecord *record, const VettingCard *card, VettingPart part)
{
  double value = card->values[part];
  double percent = value * 100;

  switch (part)
    {
    case VETTING_RELIABILITY:
      return g_strdup_printf ("%.0f of %.0f orders failed, %.1f %% with the prior", record->failed, record->orders,
                              percent);
    case VETTING_PUNCTUALITY:
      return g_strdup_printf ("%.0f of %.0f orders were late, %.1f %% with the prior", record->late, record->orders,
                              percent);
    case VETTING_QUALITY:
      return g_strdup_printf ("it is rated %.2f in %.0f reviews, %.2f with the prior", record->rating, record->reviews,
                              value);
    case VETTING_COMMUNICATION:
      return g_strdup_printf ("%.0f of %.0f messages were answered, %.1f %% with the prior", record->answered,
                              record->messages, percent);
    case VETTING_SHIPPING:
    default:
      return g_strdup_printf ("it takes %.0f days to send", value);
    }
}

GPtrArray *
vetting_risks (const VettingRecord *record, const VettingCard *card, const VettingRules *rules)
{
  static const char *const beyond[VETTING_N_PARTS] = {
    [VETTING_RELIABILITY] = "Too many orders fail",
    [VETTING_PUNCTUALITY] = "Too many orders are late",
    [VETTING_QUALITY] = "It is rated too low",
  };
  GPtrArray *risks = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < VETTING_N_PARTS; i++)
    if (is_beyond (card, (VettingPart)i, rules))
      {
        g_autofree char *said = say_part (record, card, (VettingPart)i);

        g_ptr_array_add (risks, g_strdup_printf ("%s: %s.", beyond[i], said));
      }
  if (card->score < rules->fail_below)
    g_ptr_array_add (risks, g_strdup_printf ("Its score, %.2f, is below %.2f.", card->score, rules->fail_below));
  else if (card->score < rules->pass_at)
    g_ptr_array_add (risks, g_strdup_printf ("Its score, %.2f, is below %.2f, at which a supplier passes.", card->score,
                                             rules->pass_at));
  if (isnan (record->orders))
    g_ptr_array_add (risks, g_strdup ("It is a new supplier: nothing was ordered from it."));
  else if (is_new (record, rules))
    g_ptr_array_add (risks, g_strdup_printf ("It is a new supplier: %.0f orders, fewer than %.0f.", record->orders,
                                             rules->min_orders));
  for (guint i = 0; i < VETTING_N_PARTS; i++)
    if (!card->known[i])
      g_ptr_array_add (risks, g_strdup_printf ("Its %s is not known.", parts[i].name));
  return risks;
}

static int
by_weight (gconstpointer a, gconstpointer b, gpointer data)
{
  const VettingRules *rules = data;
  guint x = *(const guint *)a;
  guint y = *(const guint *)b;

  if (rules->weights[x] != rules->weights[y])
    return rules->weights[x] > rules->weights[y] ? -1 : 1;
  return x < y ? -1 : 1;
}

char *
vetting_explain (const VettingRecord *record, const VettingCard *card, const VettingRules *rules)
{
  GString *words = g_string_new (NULL);
  guint order[VETTING_N_PARTS];

  for (guint i = 0; i < VETTING_N_PARTS; i++)
    order[i] = i;
  g_qsort_with_data (order, VETTING_N_PARTS, sizeof order[0], by_weight, (gpointer)rules);
  g_string_append_printf (words, "Score %.2f", card->score);
  for (guint i = 0; i < VETTING_N_PARTS; i++)
    {
      VettingPart part = (VettingPart)order[i];
      g_autofree char *said =
          card->known[part] ? say_part (record, card, part) : g_strdup_printf ("its %s is not known", parts[part].name);

      g_string_append_printf (words, "%s%s (%s %.2f)", i == 0 ? ": " : "; ", said, parts[part].name, card->parts[part]);
    }
  g_string_append_c (words, '.');
  return g_string_free (words, FALSE);
}
