/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-kmeans.h"

#include <math.h>
#include <string.h>

typedef struct {
  double *x; /* standardised */
  gsize n, d, k;
  double *centres;
  double *nearest; /* squared distance of each point to its centre */
  guint *cluster;
  gsize *count;
  GRand *rand;
} Work;

static double
distance (const double *a, const double *b, gsize d)
{
  double sum = 0;

  for (gsize i = 0; i < d; i++)
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

static double *
standardise (const double *features, gsize n, gsize d)
{
  double *x = g_new0 (double, n *d);

  for (gsize j = 0; j < d; j++)
    {
      double mean = 0, variance = 0, largest = 0;

      for (gsize i = 0; i < n; i++)
        mean += features[i * d + j] / (double)n;
      for (gsize i = 0; i < n; i++)
        {
          x[i * d + j] = features[i * d + j] - mean;
          variance += x[i * d + j] * x[i * d + j] / (double)n;
          largest = MAX (largest, fabs (features[i * d + j]));
        }
      for (gsize i = 0; i < n; i++)
        x[i * d + j] = sqrt (variance) > 1e-12 * largest ? x[i * d + j] / sqrt (variance) : 0;
    }
  return x;
}

static gsize
count_distinct (const Work *work)
{
  gsize distinct = 0;

  for (gsize i = 0; i < work->n && distinct < work->k; i++)
    {
      gsize k = 0;

      while (k < i && distance (work->x + i * work->d, work->x + k * work->d, work->d) > 0)
        k++;
      distinct += k == i;
    }
  return distinct;
}

static gsize
pick_far (Work *work)
{
  double sum = 0, at;
  gsize last = 0;

  for (gsize i = 0; i < work->n; i++)
    sum += work->nearest[i];
  at = g_rand_double (work->rand) * sum;
  for (gsize i = 0; i < work->n; i++)
    if (work->nearest[i] > 0)
      {
        last = i;
        at -= work->nearest[i];
        if (at < 0)
          break;
      }
  return last;
}

static void
place_centres (Work *work)
{
  gsize at = (gsize)g_rand_int_range (work->rand, 0, (gint32)work->n);

  for (gsize c = 0; c < work->k; c++)
    {
      double *centre = work->centres + c * work->d;

      memcpy (centre, work->x + at * work->d, work->d * sizeof *centre);
      for (gsize i = 0; i < work->n; i++)
        {
          double away = distance (work->x + i * work->d, centre, work->d);

          work->nearest[i] = c == 0 ? away : MIN (work->nearest[i], away);
        }
      at = pick_far (work);
    }
}

/* Each point to its nearest centre; TRUE when one moved. */
static gboolean
assign (Work *work, double *ret_inertia)
{
  gboolean moved = FALSE;

  *ret_inertia = 0;
  memset (work->count, 0, work->k * sizeof *work->count);
  for (gsize i = 0; i < work->n; i++)
    {
      guint best = 0;

      work->nearest[i] = G_MAXDOUBLE;
      for (guint c = 0; c < work->k; c++)
        {
          double away = distance (work->x + i * work->d, work->centres + c * work->d, work->d);

          if (away < work->nearest[i])
            {
              work->nearest[i] = away;
              best = c;
            }
        }
      moved = moved || work->cluster[i] != best;
      work->cluster[i] = best;
      work->count[best]++;
      *ret_inertia += work->nearest[i];
    }
  return moved;
}

/* An empty cluster takes the point that is furthest from its own centre. */
static void
fill_empty (Work *work)
{
  for (guint c = 0; c < work->k; c++)
    {
      gsize furthest = 0;

      if (work->count[c] > 0)
        continue;
      for (gsize i = 1; i < work->n; i++)
        if (work->nearest[i] > work->nearest[furthest])
          furthest = i;
      work->count[work->cluster[furthest]]--;
      work->cluster[furthest] = c;
      work->count[c] = 1;
      work->nearest[furthest] = 0;
    }
}

static void
move_centres (Work *work)
{
  memset (work->centres, 0, work->k * work->d * sizeof *work->centres);
  for (gsize i = 0; i < work->n; i++)
    for (gsize j = 0; j < work->d; j++)
      {
        guint c = work->cluster[i];

        work->centres[c * work->d + j] += work->x[i * work->d + j] / (double)work->count[c];
      }
}

static double
run_once (Work *work)
{
  double inertia;

  memset (work->cluster, 0xff, work->n * sizeof *work->cluster);
  place_centres (work);
  for (guint round = 0; round < FC_KMEANS_ROUNDS && assign (work, &inertia); round++)
    {
      fill_empty (work);
      move_centres (work);
    }
  assign (work, &inertia);
  return inertia;
}

/* (b − a) / max (a, b): b the mean distance to the nearest other cluster, a to the others of its own. */
static double
silhouette_of (const Work *work, const FcKmeans *best, gsize point, double *sums, gsize *counts)
{
  guint own = best->cluster[point];
  double a, b = G_MAXDOUBLE;

  memset (sums, 0, best->k * sizeof *sums);
  memset (counts, 0, best->k * sizeof *counts);
  for (gsize i = 0; i < work->n; i++)
    {
      guint c = best->cluster[i];

      counts[c]++;
      sums[c] += sqrt (distance (work->x + i * work->d, work->x + point * work->d, work->d));
    }
  if (counts[own] < 2)
    return 0;
  a = sums[own] / (double)(counts[own] - 1);
  for (guint c = 0; c < best->k; c++)
    if (c != own && counts[c] > 0)
      b = MIN (b, sums[c] / (double)counts[c]);
  return MAX (a, b) > 0 ? (b - a) / MAX (a, b) : 0;
}

static double
silhouette (const Work *work, const FcKmeans *best)
{
  g_autofree double *sums = g_new (double, best->k);
  g_autofree gsize *counts = g_new (gsize, best->k);
  double sum = 0;

  for (gsize i = 0; best->k > 1 && i < work->n; i++)
    sum += silhouette_of (work, best, i, sums, counts);
  return sum / (double)work->n;
}

FcKmeans *
fc_kmeans_new (const double *features, gsize n, gsize d, gsize k, guint32 seed)
{
  g_autofree double *x = NULL, *centres = NULL, *nearest = NULL;
  g_autofree guint *cluster = NULL;
  g_autofree gsize *count = NULL;
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  FcKmeans *best;
  Work work;

  g_return_val_if_fail (features != NULL && n > 0 && n <= G_MAXINT32 && d > 0 && k > 0, NULL);

  x = standardise (features, n, d);
  work = (Work){ .x = x, .n = n, .d = d, .k = k, .rand = rand };
  work.k = count_distinct (&work);
  work.centres = centres = g_new (double, work.k *d);
  work.nearest = nearest = g_new (double, n);
  work.cluster = cluster = g_new (guint, n);
  work.count = count = g_new (gsize, work.k);
  best = g_new0 (FcKmeans, 1);
  *best = (FcKmeans){ work.k, n, g_new (guint, n), G_MAXDOUBLE, 0 };
  for (guint start = 0; start < FC_KMEANS_STARTS; start++)
    {
      double inertia = run_once (&work);

      if (inertia < best->inertia)
        {
          best->inertia = inertia;
          memcpy (best->cluster, cluster, n * sizeof *cluster);
        }
    }
  best->silhouette = silhouette (&work, best);
  return best;
}

void
fc_kmeans_free (FcKmeans *self)
{
  if (self == NULL)
    return;
  g_free (self->cluster);
  g_free (self);
}
