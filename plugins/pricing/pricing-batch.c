/* SPDX-License-Identifier: Apache-2.0 */
#include "pricing-batch.h"

#include <math.h>
#include <stdlib.h>

static int
compare_changes (const void *a, const void *b)
{
  const PricingChange *x = a;
  const PricingChange *y = b;

  if (x->move.raised != y->move.raised)
    return x->move.raised ? -1 : 1;
  if (x->move.gain > y->move.gain || x->move.gain < y->move.gain)
    return x->move.gain > y->move.gain ? -1 : 1;
  return (x->item > y->item) - (x->item < y->item);
}

static void
hold (GPtrArray *held, guint item, char *why)
{
  if (held == NULL)
    {
      g_free (why);
      return;
    }
  g_free (held->pdata[item]);
  held->pdata[item] = why;
}

void
pricing_batch (const PricingItem *items,
               guint n,
               const PricingRules *rules,
               guint max,
               PricingChange **ret_changes,
               guint *ret_n,
               GPtrArray *ret_held)
{
  g_autofree PricingChange *changes = g_new (PricingChange, n + 1);
  guint n_changes = 0;

  g_return_if_fail (n == 0 || items != NULL);
  g_return_if_fail (rules != NULL && max > 0 && ret_changes != NULL && ret_n != NULL);

  if (ret_held != NULL)
    {
      g_ptr_array_set_size (ret_held, 0);
      g_ptr_array_set_size (ret_held, (gint)n);
    }
  for (guint i = 0; i < n; i++)
    {
      char *why = pricing_choose (&items[i], rules, &changes[n_changes].move);

      changes[n_changes].item = i;
      if (why != NULL)
        hold (ret_held, i, why);
      else
        n_changes++;
    }
  qsort (changes, n_changes, sizeof *changes, compare_changes);
  for (guint i = max; i < n_changes; i++)
    hold (ret_held, changes[i].item, g_strdup_printf ("a batch changes at most %u prices", max));
  *ret_n = MIN (n_changes, max);
  *ret_changes = g_steal_pointer (&changes);
}

PricingFacts
pricing_facts (const PricingItem *items, const PricingChange *changes, guint n)
{
  PricingFacts facts = { .items = n, .margin_after_min = n > 0 ? 100 : 0 };

  for (guint i = 0; i < n; i++)
    {
      const PricingItem *item = &items[changes[i].item];
      double price = (double)changes[i].move.price;
      double now = (double)item->price;

      facts.raised += changes[i].move.raised;
      facts.change_pct_max = MAX (facts.change_pct_max, fabs (100 * (price - now) / now));
      facts.margin_after_min = MIN (facts.margin_after_min, 100 * (price - (double)item->cost) / price);
      facts.revenue += item->units * now;
      facts.gain += changes[i].move.gain;
      facts.certainty += changes[i].move.certainty / n;
    }
  return facts;
}
