/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-retail-checks.h"

#include "royal-json.h"

#include <math.h>
#include <royal/error.h>

/* Shares are doubles: a thousand of them sum to 1 to within this. */
#define SHARE_EPSILON 1e-6

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (ROYAL_ERROR, ROYAL_ERROR_INVALID, format, arguments);
  va_end (arguments);
  return FALSE;
}

/* TRUE the first time; @seen keeps the name. */
static gboolean
first_time (GHashTable *seen, const char *name)
{
  return g_hash_table_add (seen, (gpointer)name);
}

/* The sum of [{ store, units }], each store once; -1 with @error set. An absent member sums to 0. */
static gint64
sum_items (JsonObject *parameters, const char *member, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  JsonArray *items = royal_json_array (parameters, member);
  gint64 sum = 0;

  for (guint i = 0; items != NULL && i < json_array_get_length (items); i++)
    {
      JsonObject *item = json_array_get_object_element (items, i);
      gint64 units = royal_json_int (item, "units", 0);

      if (!first_time (seen, royal_json_string (item, "store", "")))
        {
          fail (error, "/%s/%u/store: store %s stands there twice", member, i, royal_json_string (item, "store", ""));
          return -1;
        }
      if (units < 0 || units > G_MAXINT32 || sum > G_MAXINT64 / 2)
        {
          fail (error, "/%s/%u/units: expected whole units", member, i);
          return -1;
        }
      sum += units;
    }
  return sum;
}

gboolean
rh_retail_check_markdown (JsonObject *parameters, GError **error)
{
  double steps = royal_json_double (parameters, "markdown_pct", -1) * 20;
  double whole = round (steps);

  if (whole >= 1 && whole <= 8 && fabs (steps - whole) < 1e-12)
    return TRUE;
  return fail (error, "/markdown_pct: expected a share from 0.05 to 0.4 in steps of 0.05");
}

/* The weeks of one interval, which lies within @outer's and around the curve's; TRUE when they are in order. */
static gboolean
check_interval (JsonObject *interval, JsonObject *narrower, guint weeks, guint place, GError **error)
{
  JsonArray *lower = royal_json_array (interval, "lower");
  JsonArray *upper = royal_json_array (interval, "upper");

  if (lower == NULL || upper == NULL || json_array_get_length (lower) != weeks ||
      json_array_get_length (upper) != weeks)
    return fail (error, "/intervals/%u: expected %u weeks, as many as the curve has", place, weeks);
  if (royal_json_double (interval, "level", 0) <= royal_json_double (narrower, "level", 0))
    return fail (error, "/intervals/%u/level: expected a higher level than the one before", place);
  for (guint i = 0; i < weeks; i++)
    {
      double low = json_array_get_double_element (lower, i);
      double high = json_array_get_double_element (upper, i);

      if (low > high)
        return fail (error, "/intervals/%u/lower/%u: expected at most the upper bound, %g, found %g", place, i, high,
                     low);
      if (narrower != NULL && (low > json_array_get_double_element (royal_json_array (narrower, "lower"), i) ||
                               high < json_array_get_double_element (royal_json_array (narrower, "upper"), i)))
        return fail (error, "/intervals/%u: week %u of the curve does not hold the narrower interval", place, i + 1);
    }
  return TRUE;
}

static gboolean
check_intervals (JsonObject *parameters, guint weeks, GError **error)
{
  JsonArray *intervals = royal_json_array (parameters, "intervals");
  JsonObject *narrower = NULL;

  for (guint i = 0; intervals != NULL && i < json_array_get_length (intervals); i++)
    {
      JsonObject *interval = json_array_get_object_element (intervals, i);
      JsonArray *total = royal_json_array (interval, "total");

      if (!check_interval (interval, narrower, weeks, i, error))
        return FALSE;
      if (total != NULL && json_array_get_double_element (total, 0) > json_array_get_double_element (total, 1))
        return fail (error, "/intervals/%u/total: expected the lower bound before the upper one", i);
      narrower = interval;
    }
  return TRUE;
}

static gboolean
check_cluster (JsonObject *cluster, guint place, GHashTable *stores, GError **error)
{
  JsonArray *list = royal_json_array (cluster, "stores");
  double sum = 0;

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *store = json_array_get_object_element (list, i);

      if (!first_time (stores, royal_json_string (store, "store", "")))
        return fail (error, "/clusters/%u/stores/%u: store %s stands there twice", place, i,
                     royal_json_string (store, "store", ""));
      sum += royal_json_double (store, "factor", 0);
    }
  if (fabs (sum - 1) <= SHARE_EPSILON)
    return TRUE;
  return fail (error, "/clusters/%u/stores: expected factors that sum to 1, found %.6f", place, sum);
}

static gboolean
check_clusters (JsonObject *parameters, GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) stores = g_hash_table_new (g_str_hash, g_str_equal);
  JsonArray *clusters = royal_json_array (parameters, "clusters");
  double sum = 0;

  for (guint i = 0; clusters != NULL && i < json_array_get_length (clusters); i++)
    {
      JsonObject *cluster = json_array_get_object_element (clusters, i);

      if (!first_time (names, royal_json_string (cluster, "name", "")))
        return fail (error, "/clusters/%u/name: the name stands there twice", i);
      if (!check_cluster (cluster, i, stores, error))
        return FALSE;
      sum += royal_json_double (cluster, "share", 0);
    }
  if (fabs (sum - 1) <= SHARE_EPSILON)
    return TRUE;
  return fail (error, "/clusters: expected shares that sum to 1, found %.6f", sum);
}

gboolean
rh_retail_check_forecast (JsonObject *parameters, GError **error)
{
  JsonArray *curve = royal_json_array (parameters, "curve");
  gint64 total = royal_json_int (parameters, "total", 0);
  guint weeks = curve != NULL ? json_array_get_length (curve) : 0;
  gint64 sum = 0;

  for (guint i = 0; i < weeks; i++)
    sum += json_array_get_int_element (curve, i);
  if (total <= 0)
    return fail (error, "/total: expected more than 0 units");
  if (json_object_has_member (parameters, "from_week") ? sum > total : sum != total)
    return fail (error, "/curve: expected a sum of %s%" G_GINT64_FORMAT " units, found %" G_GINT64_FORMAT,
                 json_object_has_member (parameters, "from_week") ? "at most " : "", total, sum);
  return check_intervals (parameters, weeks, error) && check_clusters (parameters, error);
}

gboolean
rh_retail_check_order (JsonObject *parameters, GError **error)
{
  gint64 total = royal_json_int (parameters, "forecast_total", 0);
  gint64 quantity = royal_json_int (parameters, "quantity", 0);
  gint64 initial = royal_json_int (parameters, "initial", -1);
  gint64 holdback = royal_json_int (parameters, "holdback", -1);
  double exact = (double)total * (1 + royal_json_double (parameters, "safety_stock_pct", -1));
  gint64 allocated;

  if (fabs ((double)quantity - exact) > 1)
    return fail (error, "/quantity: expected the forecast and its safety stock, %.1f, found %" G_GINT64_FORMAT, exact,
                 quantity);
  if (initial < 0 || holdback < 0 || initial + holdback != quantity)
    return fail (error, "/holdback: expected %" G_GINT64_FORMAT ", so that with the initial part it is the quantity",
                 quantity - initial);
  allocated = sum_items (parameters, "allocation", error);
  if (allocated < 0)
    return FALSE;
  if (allocated != initial)
    return fail (error, "/allocation: expected a sum of %" G_GINT64_FORMAT " units, found %" G_GINT64_FORMAT, initial,
                 allocated);
  return TRUE;
}

gboolean
rh_retail_check_shipment (JsonObject *parameters, GError **error)
{
  gint64 sum = sum_items (parameters, "items", error);

  if (sum == 0)
    return fail (error, "/items: expected some units");
  return sum > 0;
}

gboolean
rh_retail_check_reallocation (JsonObject *parameters, GError **error)
{
  if (royal_json_int (parameters, "quantity", 0) > 0)
    return TRUE;
  return fail (error, "/quantity: expected more than 0 units");
}
