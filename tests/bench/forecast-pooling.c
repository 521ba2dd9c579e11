/* SPDX-License-Identifier: Apache-2.0 */
#include "forecast-pooling.h"

#include "forecast-data.h"

#include <fc-factors.h>
#include <fc-method.h>
#include <fc-pool.h>
#include <math.h>
#include <string.h>

#define HORIZON 13
#define ORIGINS 2
#define WEEKS_MIN 130
#define STORES_MIN 20
#define RANK 3
#define METHOD "ensemble_best"

typedef enum { BOTTOM_UP, FIXED, SHARE_52, SHARE_13, SVD, SVD_SCALED, BOTTOM_UP_SCALED, N_WAYS } Way;

static const char *const ways[N_WAYS] = {
  [BOTTOM_UP] = "each store by itself",
  [FIXED] = "top-down, 70/30 factors",
  [SHARE_52] = "top-down, share of 52 weeks",
  [SHARE_13] = "top-down, share of 13 weeks",
  [SVD] = "SVD of rank 3, each store",
  [SVD_SCALED] = "the same, scaled to the category",
  [BOTTOM_UP_SCALED] = "each store, scaled to the category",
};

/* Over all groups: weekly and 13-week absolute errors, and what was sold. */
typedef struct {
  double weekly[N_WAYS];
  double total[N_WAYS];
  double sold;
  gsize groups;
  gsize series;
} Result;

/* The stores of one category, all with the same weeks. */
typedef struct {
  const BenchSeries *const *series;
  gsize stores;
  gsize n; /* weeks that are known */
  const FcStore *facts;
  double *forecast[N_WAYS]; /* stores × HORIZON */
} Group;

static double
known (const Group *group, gsize store, gsize week)
{
  double y = group->series[store]->y[week];

  return isnan (y) ? 0 : y;
}

static void
forecast_into (const double *y, gsize n, gint64 start_day, double *ret_mean)
{
  g_autoptr (FcForecast) forecast =
      fc_method_forecast (fc_method_find (METHOD), &(FcSeries){ y, n, start_day }, NULL, HORIZON, NULL, NULL);

  if (forecast != NULL)
    memcpy (ret_mean, forecast->mean, HORIZON * sizeof (double));
}

static void
forecast_stores (Group *group)
{
  for (gsize i = 0; i < group->stores; i++)
    forecast_into (group->series[i]->y, group->n, group->series[i]->start_day,
                   group->forecast[BOTTOM_UP] + i * HORIZON);
}

static void
forecast_total (const Group *group, double *ret_total)
{
  g_autofree double *sum = g_new0 (double, group->n);

  for (gsize i = 0; i < group->stores; i++)
    for (gsize t = 0; t < group->n; t++)
      sum[t] += known (group, i, t);
  forecast_into (sum, group->n, group->series[0]->start_day, ret_total);
}

static void
shares_of (const Group *group, gsize weeks, double *ret_share)
{
  double all = 0;

  for (gsize i = 0; i < group->stores; i++)
    {
      ret_share[i] = 0;
      for (gsize t = group->n - weeks; t < group->n; t++)
        ret_share[i] += MAX (known (group, i, t), 0);
      all += ret_share[i];
    }
  for (gsize i = 0; i < group->stores; i++)
    ret_share[i] = all > 0 ? ret_share[i] / all : 1.0 / (double)group->stores;
}

static void
fixed_shares (const Group *group, const double *sales, double *ret_share)
{
  g_autofree FcStore *stores = g_memdup2 (group->facts, group->stores * sizeof (FcStore));
  g_autoptr (FcFactors) factors = NULL;

  for (gsize i = 0; i < group->stores; i++)
    stores[i].sales = sales[i];
  factors = fc_factors_new (stores, group->stores, FC_FACTORS_SEED);
  for (gsize i = 0; i < group->stores; i++)
    ret_share[i] = factors->share[factors->kmeans->cluster[i]] * factors->factor[i];
}

static void
split (const double *total, const double *share, gsize stores, double *ret_forecast)
{
  for (gsize i = 0; i < stores; i++)
    for (gsize t = 0; t < HORIZON; t++)
      ret_forecast[i * HORIZON + t] = share[i] * total[t];
}

static void
forecast_denoised (Group *group)
{
  gsize n = group->n;
  g_autofree double *x = g_new (double, group->stores *n), *size = g_new0 (double, group->stores);

  for (gsize i = 0; i < group->stores; i++)
    {
      for (gsize t = 0; t < n; t++)
        size[i] += fabs (known (group, i, t)) / (double)n;
      size[i] = size[i] > 0 ? size[i] : 1;
      for (gsize t = 0; t < n; t++)
        x[i * n + t] = known (group, i, t) / size[i];
    }
  fc_pool_denoise (x, group->stores, n, RANK);
  for (gsize i = 0; i < group->stores; i++)
    {
      double *forecast = group->forecast[SVD] + i * HORIZON;

      forecast_into (x + i * n, n, group->series[i]->start_day, forecast);
      for (gsize t = 0; t < HORIZON; t++)
        forecast[t] = MAX (forecast[t] * size[i], 0);
    }
}

static void
forecast_all (Group *group)
{
  g_autofree double *year = g_new (double, group->stores), *quarter = g_new (double, group->stores);
  g_autofree double *fixed = g_new (double, group->stores);
  double total[HORIZON] = { 0 };
  gsize size = group->stores * HORIZON * sizeof (double);

  shares_of (group, 52, year);
  shares_of (group, 13, quarter);
  fixed_shares (group, year, fixed);
  forecast_total (group, total);
  split (total, year, group->stores, group->forecast[SHARE_52]);
  split (total, quarter, group->stores, group->forecast[SHARE_13]);
  split (total, fixed, group->stores, group->forecast[FIXED]);
  forecast_stores (group);
  forecast_denoised (group);
  memcpy (group->forecast[SVD_SCALED], group->forecast[SVD], size);
  memcpy (group->forecast[BOTTOM_UP_SCALED], group->forecast[BOTTOM_UP], size);
  fc_pool_scale (group->forecast[SVD_SCALED], group->stores, HORIZON, total, year);
  fc_pool_scale (group->forecast[BOTTOM_UP_SCALED], group->stores, HORIZON, total, year);
}

static void
score (const Group *group, Result *result)
{
  for (gsize i = 0; i < group->stores; i++)
    {
      double sold = 0;

      for (gsize t = 0; t < HORIZON; t++)
        sold += known (group, i, group->n + t);
      result->sold += sold;
      for (guint way = 0; way < N_WAYS; way++)
        {
          double sum = 0;

          for (gsize t = 0; t < HORIZON; t++)
            {
              double forecast = group->forecast[way][i * HORIZON + t];

              sum += forecast;
              result->weekly[way] += fabs (forecast - known (group, i, group->n + t));
            }
          result->total[way] += fabs (sum - sold);
        }
    }
  result->groups++;
  result->series += group->stores;
}

static void
compare_group (const BenchSeries *const *series, const FcStore *facts, gsize stores, Result *result)
{
  for (gsize origin = 1; origin <= ORIGINS; origin++)
    {
      Group group = { series, stores, series[0]->n - origin * HORIZON, facts, { NULL } };

      for (guint way = 0; way < N_WAYS; way++)
        group.forecast[way] = g_new0 (double, stores *HORIZON);
      forecast_all (&group);
      score (&group, result);
      for (guint way = 0; way < N_WAYS; way++)
        g_free (group.forecast[way]);
    }
}

/* (element-type GPtrArray): by set and category, the series that have the weeks of the longest. */
static GHashTable *
group_series (GPtrArray *all, GHashTable *facts)
{
  GHashTable *groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);

  for (guint i = 0; i < all->len; i++)
    {
      BenchSeries *series = g_ptr_array_index (all, i);
      g_auto (GStrv) parts = g_strsplit (series->id, "/", 3);
      g_autofree char *key = g_strconcat (parts[0], "/", parts[2], NULL);
      g_autofree char *store = g_strconcat (parts[0], "/", parts[1], NULL);
      GPtrArray *group = g_hash_table_lookup (groups, key);
      gsize weeks = g_str_equal (parts[0], "breakfast") ? 143 : 130;

      if (series->total || series->n != weeks || !g_hash_table_contains (facts, store))
        continue;
      if (group == NULL)
        g_hash_table_insert (groups, g_steal_pointer (&key), group = g_ptr_array_new ());
      g_ptr_array_add (group, series);
    }
  return groups;
}

static void
print_result (const char *set, const Result *result)
{
  g_print ("\n%s: %" G_GSIZE_FORMAT " categories and origins, %" G_GSIZE_FORMAT " stores in all, %d weeks\n", set,
           result->groups, result->series, HORIZON);
  g_print ("%-38s %16s %16s\n", "way", "weekly error %", "13-week error %");
  for (guint way = 0; way < N_WAYS; way++)
    g_print ("%-38s %16.2f %16.2f\n", ways[way], 100 * result->weekly[way] / result->sold,
             100 * result->total[way] / result->sold);
}

void
forecast_pooling (const char *dir)
{
  static const char *const sets[] = { "breakfast", "walmart" };
  g_autoptr (GPtrArray) all = forecast_data_stores (dir, G_MAXUINT16, WEEKS_MIN);
  g_autoptr (GHashTable) facts = forecast_data_facts (dir);
  g_autoptr (GHashTable) groups = group_series (all, facts);
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (groups), (GCompareFunc)strcmp);
  Result results[G_N_ELEMENTS (sets)] = { { { 0 }, { 0 }, 0, 0, 0 } };

  for (GList *key = keys; key != NULL; key = key->next)
    {
      GPtrArray *group = g_hash_table_lookup (groups, key->data);
      g_autofree FcStore *stores = g_new0 (FcStore, group->len);

      if (group->len < STORES_MIN)
        continue;
      for (guint i = 0; i < group->len; i++)
        {
          const BenchSeries *series = g_ptr_array_index (group, i);
          g_autofree char *store = g_strndup (series->id, (gsize)(strrchr (series->id, '/') - series->id));

          stores[i] = *(const FcStore *)g_hash_table_lookup (facts, store);
        }
      compare_group ((const BenchSeries *const *)group->pdata, stores, group->len,
                     &results[g_str_has_prefix (key->data, sets[1])]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (sets); i++)
    print_result (sets[i], &results[i]);
  g_print ("\n{\"bench\":\"forecast\",\"pooling\":true}\n");
}
