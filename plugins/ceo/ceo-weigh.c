/* SPDX-License-Identifier: Apache-2.0 */
#include "ceo-weigh.h"

#include <math.h>

#define REVENUE_STEEP 20.0

const char *
ceo_part_name (CeoPart part)
{
  static const char *const names[CEO_N_PARTS] = { "margin", "demand", "supplier", "revenue" };

  return names[part];
}

const char *
ceo_decision_name (CeoDecision decision)
{
  static const char *const names[] = { "approve", "ask", "reject" };

  return names[decision];
}

static gboolean
has_goal (const CeoCase *product)
{
  return !isnan (product->goal_margin);
}

static void
set_part (CeoWeighed *weighed, CeoPart part, double value)
{
  weighed->known[part] = !isnan (value);
  weighed->parts[part] = weighed->known[part] ? CLAMP (value, 0, 1) : 0.5;
}

/* Amounts are whole cents, so a share that is on the target is not to be below it by a rounding. */
static gboolean
is_below (const CeoWeighed *weighed)
{
  return weighed->margin < weighed->target - 1e-9;
}

static double
margin_part (double margin, double target)
{
  double full = MIN (2 * target, 1);

  if (margin < target)
    return target > 0 ? 0.5 * margin / target : 0;
  return full > target ? 0.5 + 0.5 * (margin - target) / (full - target) : 1;
}

static gboolean
is_low_risk (const CeoCase *product, const CeoWeighed *weighed, const CeoRules *rules)
{
  return product->alert == NULL && has_goal (product) && product->verdict == CEO_SUPPLIER_PASS &&
         weighed->known[CEO_DEMAND] && weighed->stake <= rules->max_stake && weighed->score >= rules->approve_at;
}

CeoWeighed
ceo_weigh (const CeoCase *product, const CeoRules *rules)
{
  CeoWeighed weighed = { .margin = (product->price - product->cost) / product->price,
                         .target = has_goal (product) ? product->goal_margin : rules->min_margin,
                         .stake = product->cost * rules->first_order };
  double sum = 0;

  set_part (&weighed, CEO_MARGIN, margin_part (weighed.margin, weighed.target));
  set_part (&weighed, CEO_DEMAND, product->demand);
  set_part (&weighed, CEO_SUPPLIER, product->supplier);
  set_part (&weighed, CEO_REVENUE, 1 - exp (-REVENUE_STEEP * product->price * product->sold / product->goal_revenue));
  for (guint i = 0; i < CEO_N_PARTS; i++)
    {
      weighed.score += rules->weights[i] * weighed.parts[i];
      weighed.confidence += weighed.known[i] ? rules->weights[i] : 0;
      sum += rules->weights[i];
    }
  weighed.score /= sum;
  weighed.confidence /= sum;
  if (is_below (&weighed) || product->verdict == CEO_SUPPLIER_FAIL || weighed.score < rules->reject_below)
    weighed.decision = CEO_REJECT;
  else
    weighed.decision = is_low_risk (product, &weighed, rules) ? CEO_APPROVE : CEO_ASK;
  return weighed;
}

static void
add_rejections (GPtrArray *reasons, const CeoCase *product, const CeoWeighed *weighed, const CeoRules *rules)
{
  if (is_below (weighed))
    g_ptr_array_add (reasons, g_strdup_printf ("Its margin, %.1f %%, is below %s, %.1f %%.", weighed->margin * 100,
                                               has_goal (product) ? "the goal" : "the least", weighed->target * 100));
  if (product->verdict == CEO_SUPPLIER_FAIL)
    g_ptr_array_add (reasons, g_strdup ("Its supplier failed the vetting."));
  if (weighed->score < rules->reject_below)
    g_ptr_array_add (reasons, g_strdup_printf ("Its score, %.2f, is below %.2f.", weighed->score, rules->reject_below));
}

GPtrArray *
ceo_reasons (const CeoCase *product, const CeoWeighed *weighed, const CeoRules *rules)
{
  GPtrArray *reasons = g_ptr_array_new_with_free_func (g_free);

  add_rejections (reasons, product, weighed, rules);
  if (product->verdict == CEO_SUPPLIER_ASK)
    g_ptr_array_add (reasons, g_strdup ("Its supplier is not proven."));
  if (product->alert != NULL)
    g_ptr_array_add (reasons, g_strdup_printf ("An alert stands: %s", product->alert));
  if (!has_goal (product))
    g_ptr_array_add (reasons, g_strdup ("Nobody has set a goal for the margin."));
  if (!weighed->known[CEO_DEMAND])
    g_ptr_array_add (reasons, g_strdup ("Its demand is not known."));
  if (weighed->stake > rules->max_stake)
    g_ptr_array_add (reasons, g_strdup_printf ("A first order of %.0f costs %.2f, more than %.2f.", rules->first_order,
                                               weighed->stake, rules->max_stake));
  if (weighed->score < rules->approve_at && weighed->score >= rules->reject_below)
    g_ptr_array_add (reasons, g_strdup_printf ("Its score, %.2f, is below %.2f, from which a person is not asked.",
                                               weighed->score, rules->approve_at));
  return reasons;
}

/* (transfer full): a part, and what it rests on. */
static char *
say_part (const CeoCase *product, const CeoWeighed *weighed, CeoPart part)
{
  switch (part)
    {
    case CEO_MARGIN:
      return g_strdup_printf ("%.1f %% of the price is left, where %.1f %% is %s", weighed->margin * 100,
                              weighed->target * 100, has_goal (product) ? "the goal" : "the least");
    case CEO_DEMAND:
      return g_strdup_printf ("it sells more than %.0f %% of the catalog", product->demand * 100);
    case CEO_SUPPLIER:
      return g_strdup_printf ("its supplier scores %.2f", product->supplier);
    case CEO_REVENUE:
    default:
      return g_strdup_printf ("what is sold of it elsewhere is %.1f %% of the revenue aimed at",
                              product->price * product->sold / product->goal_revenue * 100);
    }
}

char *
ceo_explain (const CeoCase *product, const CeoWeighed *weighed)
{
  GString *words = g_string_new (NULL);

  g_string_append_printf (words, "Score %.2f", weighed->score);
  for (guint i = 0; i < CEO_N_PARTS; i++)
    {
      const char *name = ceo_part_name ((CeoPart)i);
      g_autofree char *said =
          weighed->known[i] ? say_part (product, weighed, (CeoPart)i) : g_strdup_printf ("its %s is not known", name);

      g_string_append_printf (words, "%s%s (%s %.2f)", i == 0 ? ": " : "; ", said, name, weighed->parts[i]);
    }
  g_string_append_c (words, '.');
  return g_string_free (words, FALSE);
}
