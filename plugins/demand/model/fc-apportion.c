/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-apportion.h"

#include <math.h>

typedef struct {
  double remainder;
  gsize index;
} Part;

static int
compare_parts (gconstpointer a, gconstpointer b)
{
  const Part *first = a, *second = b;

  if (first->remainder != second->remainder)
    return first->remainder > second->remainder ? -1 : 1;
  return first->index < second->index ? -1 : first->index > second->index;
}

static double
weight_of (const double *weights, gsize index, double scale)
{
  double weight = weights[index];

  return isfinite (weight) && weight > 0 ? weight / scale : 0;
}

gboolean
fc_apportion (const double *weights, gsize n, gint64 total, gint64 *ret_units)
{
  g_autofree Part *parts = NULL;
  double scale = 0, sum = 0;
  gint64 left = total;

  g_return_val_if_fail (weights != NULL && ret_units != NULL, FALSE);

  if (n == 0 || total < 0 || total > FC_UNITS_MAX)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    scale = MAX (scale, isfinite (weights[i]) ? weights[i] : 0);
  for (gsize i = 0; scale > 0 && i < n; i++)
    sum += weight_of (weights, i, scale);
  parts = g_new (Part, n);
  for (gsize i = 0; i < n; i++)
    {
      double share = scale > 0 ? weight_of (weights, i, scale) / sum : 1.0 / (double)n;
      double exact = share * (double)total;

      /* A share that is a whole number but for the last bits is one. */
      ret_units[i] = (gint64)floor (exact + 1e-9);
      parts[i] = (Part){ MAX (exact - (double)ret_units[i], 0), i };
      left -= ret_units[i];
    }
  qsort (parts, n, sizeof *parts, compare_parts);
  for (gsize i = 0; left > 0; i = (i + 1) % n, left--)
    ret_units[parts[i].index]++;
  for (gsize i = n; left<0; i = i> 1 ? i - 1 : n)
    if (ret_units[parts[i - 1].index] > 0)
      {
        ret_units[parts[i - 1].index]--;
        left++;
      }
  return TRUE;
}
