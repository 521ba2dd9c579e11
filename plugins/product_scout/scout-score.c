/* SPDX-License-Identifier: Apache-2.0 */
#include "scout-score.h"

#include "scout-titles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN_FULL 0.6
#define RIVALS_HALF 3.0 /* other suppliers that halve the score */
#define RATING_NONE 3.0
#define RATING_FULL 5.0
#define DAYS_NONE 30.0
#define DAYS_FULL 3.0
#define UNKNOWN 0.5

/* A catalog that is looked at. */
typedef struct {
  const ScoutProduct *products;
  const ScoutRules *rules;
  guint n;
  guint *order;  /* of the products, independent of how they came */
  guint *groups; /* beside @order */
  guint *listings;
  guint *suppliers;
  double *sold; /* all that are known, sorted */
  guint n_sold;
  double rating; /* the catalog's mean; NAN without reviews */
} Look;

static void
look_clear (Look *look)
{
  g_clear_pointer (&look->order, g_free);
  g_clear_pointer (&look->groups, g_free);
  g_clear_pointer (&look->listings, g_free);
  g_clear_pointer (&look->suppliers, g_free);
  g_clear_pointer (&look->sold, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Look, look_clear)

const char *
scout_part_name (ScoutPart part)
{
  static const char *const names[] = {
    [SCOUT_MARGIN] = "margin", [SCOUT_COMPETITION] = "competition", [SCOUT_DEMAND] = "demand",
    [SCOUT_TREND] = "trend",   [SCOUT_QUALITY] = "quality",         [SCOUT_SHIPPING] = "shipping",
  };

  g_return_val_if_fail ((guint)part < G_N_ELEMENTS (names), "");
  return names[part];
}

void
scout_report_free (ScoutReport *self)
{
  if (self == NULL)
    return;
  g_free (self->finds);
  g_free (self);
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;

  return (x > y) - (x < y);
}

static int
compare_amounts (gint64 x, gint64 y)
{
  return (x > y) - (x < y);
}

/* NAN last. */
static int
compare_figures (double x, double y)
{
  if (isnan (x) || isnan (y))
    return (isnan (x) ? 1 : 0) - (isnan (y) ? 1 : 0);
  return (x > y) - (x < y);
}

/* By id, then by all else that is known. */
static int
compare_products (const ScoutProduct *x, const ScoutProduct *y)
{
  int by[] = {
    strcmp (x->id, y->id),
    strcmp (x->title, y->title),
    strcmp (x->supplier, y->supplier),
    compare_amounts (x->price, y->price),
    compare_amounts (x->cost, y->cost),
    compare_amounts (x->shipping, y->shipping),
    compare_figures (x->days, y->days),
    compare_figures (x->rating, y->rating),
    compare_amounts (x->reviews, y->reviews),
    compare_figures (x->sold, y->sold),
    compare_figures (x->trend.slope, y->trend.slope),
    compare_figures (x->trend.acceleration, y->trend.acceleration),
  };

  for (guint i = 0; i < G_N_ELEMENTS (by); i++)
    if (by[i] != 0)
      return by[i];
  return 0;
}

static int
compare_places (const void *a, const void *b, gpointer data)
{
  const ScoutProduct *products = data;

  return compare_products (&products[*(const guint *)a], &products[*(const guint *)b]);
}

/* The product at a place of the order. */
static const ScoutProduct *
at (const Look *look, guint place)
{
  return &look->products[look->order[place]];
}

/* Listings with one id stand beside each other: they and all that is like any of them are one group. */
static void
join_ids (Look *look)
{
  g_autofree guint *parent = g_new (guint, look->n + 1);

  for (guint i = 0; i < look->n; i++)
    parent[i] = i;
  for (guint i = 1; i < look->n; i++)
    if (g_str_equal (at (look, i)->id, at (look, i - 1)->id))
      {
        guint x = look->groups[i], y = look->groups[i - 1];

        while (parent[x] != x)
          x = parent[x];
        while (parent[y] != y)
          y = parent[y];
        parent[MAX (x, y)] = MIN (x, y);
      }
  for (guint i = 0; i < look->n; i++)
    {
      guint root = look->groups[i];

      while (parent[root] != root)
        root = parent[root];
      look->groups[i] = root;
    }
}

static void
make_groups (Look *look)
{
  g_autofree const char **titles = g_new (const char *, look->n + 1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  look->order = g_new (guint, look->n + 1);
  look->groups = g_new (guint, look->n + 1);
  look->listings = g_new0 (guint, look->n + 1);
  look->suppliers = g_new0 (guint, look->n + 1);
  for (guint i = 0; i < look->n; i++)
    look->order[i] = i;
  g_qsort_with_data (look->order, (gint)look->n, sizeof *look->order, compare_places, (gpointer)look->products);
  for (guint i = 0; i < look->n; i++)
    titles[i] = at (look, i)->title;
  scout_titles_group (titles, look->n, look->rules->similarity, look->groups);
  join_ids (look);
  for (guint i = 0; i < look->n; i++)
    {
      look->listings[look->groups[i]]++;
      look->suppliers[look->groups[i]] +=
          g_hash_table_add (seen, g_strdup_printf ("%u %s", look->groups[i], at (look, i)->supplier));
    }
}

/* What the catalog as a whole sells, and how it is rated. */
static void
set_common (Look *look)
{
  double sum = 0;
  guint rated = 0;

  look->sold = g_new (double, look->n + 1);
  for (guint i = 0; i < look->n; i++)
    {
      const ScoutProduct *product = at (look, i);

      if (isfinite (product->sold))
        look->sold[look->n_sold++] = product->sold;
      if (isfinite (product->rating) && product->reviews > 0)
        {
          sum += product->rating;
          rated++;
        }
    }
  qsort (look->sold, look->n_sold, sizeof *look->sold, compare_doubles);
  look->rating = rated > 0 ? sum / rated : NAN;
}

/* How many of the sorted figures are below @value, or not above it. */
static guint
count_below (const double *sorted, guint n, double value, gboolean or_equal)
{
  guint low = 0;
  guint high = n;

  while (low < high)
    {
      guint middle = (low + high) / 2;

      if (or_equal ? sorted[middle] <= value : sorted[middle] < value)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static void
set_part (ScoutFind *find, ScoutPart part, gboolean known, double value)
{
  find->known[part] = known;
  find->parts[part] = known ? CLAMP (value, 0, 1) : UNKNOWN;
}

static void
set_shipping (const ScoutProduct *product, ScoutFind *find)
{
  double left = 1 - (double)MAX (product->shipping, 0) / (double)product->price;
  double soon = (DAYS_NONE - product->days) / (DAYS_NONE - DAYS_FULL);
  gboolean has_days = isfinite (product->days);

  if (product->shipping < 0)
    set_part (find, SCOUT_SHIPPING, has_days, soon);
  else
    set_part (find, SCOUT_SHIPPING, TRUE, has_days ? (CLAMP (left, 0, 1) + CLAMP (soon, 0, 1)) / 2 : left);
}

static void
set_quality (const Look *look, const ScoutProduct *product, ScoutFind *find)
{
  double own = isfinite (product->rating) ? product->reviews : 0;
  double prior = look->rules->prior_reviews;

  find->rating = (prior * look->rating + own * (own > 0 ? product->rating : 0)) / (prior + own);
  set_part (find, SCOUT_QUALITY, own > 0, (find->rating - RATING_NONE) / (RATING_FULL - RATING_NONE));
}

static void
set_parts (const Look *look, guint place, ScoutFind *find)
{
  const ScoutProduct *product = at (look, place);
  gboolean has_sold = isfinite (product->sold);
  double rivals;
  double less = 0;

  find->listings = look->listings[look->groups[place]];
  find->suppliers = look->suppliers[look->groups[place]];
  rivals = find->suppliers - 1;
  if (has_sold)
    less = (count_below (look->sold, look->n_sold, product->sold, FALSE) +
            count_below (look->sold, look->n_sold, product->sold, TRUE)) /
           2.0 / look->n_sold;
  set_part (find, SCOUT_MARGIN, TRUE, find->margin / MARGIN_FULL);
  set_part (find, SCOUT_COMPETITION, TRUE, 1 / (1 + rivals / RIVALS_HALF));
  set_part (find, SCOUT_DEMAND, has_sold, less);
  set_part (find, SCOUT_TREND, product->trend.weeks > 0,
            (1 + tanh (20 * product->trend.slope + 10 * product->trend.acceleration)) / 2);
  set_quality (look, product, find);
  set_shipping (product, find);
}

static void
set_score (const ScoutRules *rules, ScoutFind *find)
{
  double sum = 0;
  double weights = 0;

  for (guint i = 0; i < SCOUT_N_PARTS; i++)
    {
      sum += rules->weights[i] * find->parts[i];
      weights += rules->weights[i];
    }
  find->score = weights > 0 ? sum / weights : 0;
}

/* Whether it counts; its margin is then set. */
static gboolean
counts (const ScoutProduct *product, const ScoutRules *rules, ScoutFind *find)
{
  if (product->price <= 0 || product->cost < 0)
    return FALSE;
  find->margin = (double)(product->price - product->cost - MAX (product->shipping, 0)) / (double)product->price;
  return find->margin >= rules->min_margin;
}

/* Places are in the order of the ids, so of equal scores the first place wins. */
static int
compare_finds (const void *a, const void *b)
{
  const ScoutFind *x = a;
  const ScoutFind *y = b;

  if (x->score > y->score || x->score < y->score)
    return x->score > y->score ? -1 : 1;
  return (x->product > y->product) - (x->product < y->product);
}

/* One find for each group, @product still a place in the order. */
static void
find_best (const Look *look, ScoutReport *report)
{
  g_autofree guint *best = g_new0 (guint, look->n + 1); /* of the group: 1 + its place among the finds */

  for (guint i = 0; i < look->n; i++)
    {
      guint group = look->groups[i];
      ScoutFind find = { .product = i };

      report->groups += group == i;
      report->duplicates += group != i;
      if (!counts (at (look, i), look->rules, &find))
        {
          report->left_out++;
          continue;
        }
      set_parts (look, i, &find);
      set_score (look->rules, &find);
      if (best[group] == 0)
        best[group] = ++report->n;
      else if (compare_finds (&find, &report->finds[best[group] - 1]) >= 0)
        continue;
      report->finds[best[group] - 1] = find;
    }
}

ScoutReport *
scout_rank (const ScoutProduct *products, guint n, const ScoutRules *rules)
{
  g_auto (Look) look = { products, rules, n, NULL, NULL, NULL, NULL, NULL, 0, NAN };
  ScoutReport *report;

  g_return_val_if_fail (n == 0 || products != NULL, NULL);
  g_return_val_if_fail (rules != NULL && rules->prior_reviews > 0, NULL);

  report = g_new0 (ScoutReport, 1);
  report->finds = g_new (ScoutFind, n + 1);
  make_groups (&look);
  set_common (&look);
  find_best (&look, report);
  qsort (report->finds, report->n, sizeof *report->finds, compare_finds);
  for (guint i = 0; i < report->n; i++)
    report->finds[i].product = look.order[report->finds[i].product];
  return report;
}

static char *
tell_part (const ScoutProduct *product, const ScoutFind *find, ScoutPart part)
{
  if (!find->known[part])
    return g_strdup_printf ("its %s is not known", scout_part_name (part));
  switch (part)
    {
    case SCOUT_MARGIN:
      return g_strdup_printf ("%.0f %% of the price is left above cost and shipping", 100 * find->margin);
    case SCOUT_COMPETITION:
      return find->suppliers > 1 ? g_strdup_printf ("%u suppliers offer it", find->suppliers)
                                 : g_strdup ("nobody else offers it");
    case SCOUT_DEMAND:
      return g_strdup_printf ("it sells more than %.0f %% of the catalog", 100 * find->parts[part]);
    case SCOUT_TREND:
      return g_strdup_printf ("its demand changes by %+.1f %% a week, over %u weeks", 100 * product->trend.slope,
                              product->trend.weeks);
    case SCOUT_QUALITY:
      return g_strdup_printf ("it is rated %.2f in %u reviews, %.2f with the catalog's mean", product->rating,
                              product->reviews, find->rating);
    case SCOUT_SHIPPING:
    case SCOUT_N_PARTS:
    default:
      return isfinite (product->days) ? g_strdup_printf ("it takes %.0f days to come", product->days)
                                      : g_strdup_printf ("shipping takes %.0f %% of the price",
                                                         100.0 * (double)product->shipping / (double)product->price);
    }
}

char *
scout_explain (const ScoutProduct *product, const ScoutFind *find, const ScoutRules *rules)
{
  GString *words = g_string_new (NULL);
  gboolean told[SCOUT_N_PARTS] = { FALSE };

  g_return_val_if_fail (product != NULL && find != NULL && rules != NULL, NULL);

  g_string_printf (words, "Score %.2f:", find->score);
  for (guint i = 0; i < SCOUT_N_PARTS; i++)
    {
      g_autofree char *text = NULL;
      guint next = SCOUT_N_PARTS;

      for (guint k = 0; k < SCOUT_N_PARTS; k++)
        if (!told[k] &&
            (next == SCOUT_N_PARTS || rules->weights[k] * find->parts[k] > rules->weights[next] * find->parts[next]))
          next = k;
      told[next] = TRUE;
      text = tell_part (product, find, (ScoutPart)next);
      g_string_append_printf (words, "%s %s (%s %.2f)", i > 0 ? ";" : "", text, scout_part_name ((ScoutPart)next),
                              find->parts[next]);
    }
  g_string_append_c (words, '.');
  return g_string_free (words, FALSE);
}
