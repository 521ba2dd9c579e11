/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-factors.h"

#define WEIGHT_SALES 0.7

static const struct {
  const char *attribute;
  const char *text;
  double code;
} codes[] = {
  { "tier", "A", 3 },
  { "tier", "B", 2 },
  { "tier", "C", 1 },
  { "fashion_tier", "PREMIUM", 3 },
  { "fashion_tier", "MAINSTREAM", 2 },
  { "fashion_tier", "VALUE", 1 },
  { "format", "MALL", 4 },
  { "format", "STANDALONE", 3 },
  { "format", "SHOPPING_CENTER", 2 },
  { "format", "OUTLET", 1 },
  { "region", "NORTHEAST", 1 },
  { "region", "SOUTHEAST", 2 },
  { "region", "MIDWEST", 3 },
  { "region", "WEST", 4 },
};

static const char *const names[FC_FACTORS_CLUSTERS] = { "fashion_forward", "mainstream", "value_conscious" };

double
fc_factors_code (const char *attribute, const char *text)
{
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_strcmp0 (attribute, codes[i].attribute) == 0 && g_strcmp0 (text, codes[i].text) == 0)
      return codes[i].code;
  return 0;
}

const char *
fc_factors_cluster_name (guint cluster)
{
  g_return_val_if_fail (cluster < FC_FACTORS_CLUSTERS, NULL);

  return names[cluster];
}

/* The sums over one cluster. */
typedef struct {
  double n;
  double sales;
  double size;
  double income;
  double fashion;
} Sums;

static void
add_up (const FcStore *stores, const FcKmeans *kmeans, Sums *sums)
{
  for (gsize i = 0; i < kmeans->n; i++)
    {
      Sums *sum = &sums[kmeans->cluster[i]];

      sum->n += 1;
      sum->sales += stores[i].sales;
      sum->size += stores[i].size;
      sum->income += stores[i].income;
      sum->fashion += stores[i].fashion;
    }
}

static gboolean
is_before (const Sums *a, const Sums *b)
{
  double fashion_a = a->fashion / a->n, fashion_b = b->fashion / b->n;

  return fashion_a != fashion_b ? fashion_a > fashion_b : a->sales / a->n > b->sales / b->n;
}

/* Numbers the clusters in the order of their names. */
static void
order_clusters (FcKmeans *kmeans, const Sums *sums)
{
  guint place[FC_FACTORS_CLUSTERS] = { 0 };

  for (guint c = 0; c < kmeans->k; c++)
    for (guint other = 0; other < kmeans->k; other++)
      if (is_before (&sums[other], &sums[c]) || (other < c && !is_before (&sums[c], &sums[other])))
        place[c]++;
  for (gsize i = 0; i < kmeans->n; i++)
    kmeans->cluster[i] = place[kmeans->cluster[i]];
}

static double
part (double value, double sum, double n)
{
  return sum > 0 ? value / sum : 1 / n;
}

FcFactors *
fc_factors_new (const FcStore *stores, gsize n, guint32 seed)
{
  g_autofree double *features = NULL;
  Sums unordered[FC_FACTORS_CLUSTERS] = { { 0, 0, 0, 0, 0 } }, sums[FC_FACTORS_CLUSTERS] = { { 0, 0, 0, 0, 0 } };
  double all = 0;
  FcFactors *self;

  g_return_val_if_fail (stores != NULL && n > 0, NULL);

  features = g_new (double, n *FC_FACTORS_FEATURES);
  for (gsize i = 0; i < n; i++)
    {
      const FcStore *s = &stores[i];
      double row[FC_FACTORS_FEATURES] = { s->size, s->income, s->location, s->fashion, s->sales, s->format, s->region };

      for (gsize j = 0; j < FC_FACTORS_FEATURES; j++)
        features[i * FC_FACTORS_FEATURES + j] = row[j];
      all += s->sales;
    }
  self = g_new0 (FcFactors, 1);
  self->kmeans = fc_kmeans_new (features, n, FC_FACTORS_FEATURES, FC_FACTORS_CLUSTERS, seed);
  add_up (stores, self->kmeans, unordered);
  order_clusters (self->kmeans, unordered);
  add_up (stores, self->kmeans, sums);
  self->factor = g_new (double, n);
  for (guint c = 0; c < self->kmeans->k; c++)
    self->share[c] = all > 0 ? sums[c].sales / all : sums[c].n / (double)n;
  for (gsize i = 0; i < n; i++)
    {
      const FcStore *s = &stores[i];
      const Sums *sum = &sums[self->kmeans->cluster[i]];

      self->factor[i] =
          WEIGHT_SALES * part (s->sales, sum->sales, sum->n) +
          (1 - WEIGHT_SALES) / 2 * (part (s->size, sum->size, sum->n) + part (s->income, sum->income, sum->n));
    }
  return self;
}

void
fc_factors_free (FcFactors *self)
{
  if (self == NULL)
    return;
  fc_kmeans_free (self->kmeans);
  g_free (self->factor);
  g_free (self);
}
