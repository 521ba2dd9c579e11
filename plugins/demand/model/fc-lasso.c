/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-lasso.h"

#include "fc-cholesky.h"

#include <math.h>
#include <string.h>

#define SWEEPS 3u  /* of coordinate descent: more are slower than the exact steps */
#define SLACK 1e-9 /* of the penalty: by how much a zero's gradient may exceed it */
#define TURNS_PER_VARIABLE 20u

/* Where the search stands. The arrays lie in the caller's work. */
typedef struct {
  const FcLasso *problem;
  double *z;
  double *sign;   /* -1, 0 or 1 for each variable */
  double *target; /* what the active variables would be */
  double *factor; /* active × active */
  gsize *active;
  gsize n_active;
} Search;

gsize
fc_lasso_work (gsize n)
{
  return n * n + 3 * n;
}

/* Of the symmetric matrix, of which the upper triangle is there. */
static double
entry (const FcLasso *self, gsize i, gsize j)
{
  return i <= j ? self->h[i * self->stride + j] : self->h[j * self->stride + i];
}

/* b − Hz at j: the downhill force on z_j, without the penalty's. */
static double
force (const FcLasso *self, const double *z, gsize j)
{
  double sum = self->b[j];

  for (gsize i = 0; i < self->n; i++)
    sum -= entry (self, i, j) * z[i];
  return sum;
}

static void
descend (const FcLasso *self, double *z)
{
  for (gsize sweep = 0; sweep < SWEEPS; sweep++)
    for (gsize j = 0; j < self->n; j++)
      {
        double curvature = entry (self, j, j);
        double pull = force (self, z, j) + curvature * z[j];
        double reach = fabs (pull) - self->penalty;

        z[j] = reach > 0 && curvature > 0 ? copysign (reach, pull) / curvature : 0;
      }
}

static void
collect (Search *search)
{
  search->n_active = 0;
  for (gsize j = 0; j < search->problem->n; j++)
    if (search->sign[j] != 0)
      search->active[search->n_active++] = j;
}

/* The minimum over the active variables, if their signs are what they are taken for. */
static gboolean
solve (Search *search)
{
  const FcLasso *problem = search->problem;
  gsize n = search->n_active;

  for (gsize i = 0; i < n; i++)
    {
      gsize row = search->active[i];

      for (gsize j = i; j < n; j++)
        search->factor[i * n + j] = entry (problem, row, search->active[j]);
      search->target[i] = problem->b[row] - problem->penalty * search->sign[row];
    }
  if (!fc_cholesky_factor (search->factor, n, n, n))
    return FALSE;
  fc_cholesky_reduce (search->factor, n, n, n, search->target);
  fc_cholesky_restore (search->factor, n, n, n, search->target);
  return TRUE;
}

/* Goes towards the target, as far as all signs hold. Returns TRUE when it got there; else one variable has become zero
 * and is not active any more. */
static gboolean
advance (Search *search)
{
  double step = 1;
  gsize stop = search->n_active;

  for (gsize i = 0; i < search->n_active; i++)
    {
      gsize j = search->active[i];

      if (search->target[i] * search->sign[j] <= 0)
        {
          double share = search->z[j] / (search->z[j] - search->target[i]);

          if (!(share > 0))
            share = 0;
          if (share < step || stop == search->n_active)
            {
              step = share;
              stop = i;
            }
        }
    }
  for (gsize i = 0; i < search->n_active; i++)
    search->z[search->active[i]] += step * (search->target[i] - search->z[search->active[i]]);
  if (stop == search->n_active)
    return TRUE;
  search->z[search->active[stop]] = 0;
  search->sign[search->active[stop]] = 0;
  collect (search);
  return FALSE;
}

/* Lets go the zero that is pulled hardest, if one is pulled harder than the penalty holds it. */
static gboolean
release (Search *search)
{
  const FcLasso *problem = search->problem;
  double hardest = problem->penalty * (1 + SLACK);
  gsize best = problem->n;
  double sign = 0;

  for (gsize j = 0; j < problem->n; j++)
    if (search->sign[j] == 0)
      {
        double pull = force (problem, search->z, j);

        if (fabs (pull) > hardest)
          {
            hardest = fabs (pull);
            sign = copysign (1, pull);
            best = j;
          }
      }
  if (best == problem->n)
    return FALSE;
  search->sign[best] = sign;
  collect (search);
  return TRUE;
}

gboolean
fc_lasso_minimize (const FcLasso *self, double *z, double *work)
{
  Search search = { .problem = self, .z = z };
  gsize n;

  g_return_val_if_fail (self != NULL && z != NULL && work != NULL, FALSE);

  G_STATIC_ASSERT (sizeof (gsize) <= sizeof (double));
  n = self->n;
  search.sign = work;
  search.target = work + n;
  search.active = (gsize *)(gpointer)(work + 2 * n);
  search.factor = work + 3 * n;

  descend (self, z);
  for (gsize j = 0; j < n; j++)
    search.sign[j] = z[j] > 0 ? 1 : z[j] < 0 ? -1 : 0;
  collect (&search);

  for (gsize turn = 0; turn < TURNS_PER_VARIABLE * (n + 1); turn++)
    {
      if (!solve (&search))
        return FALSE;
      if (advance (&search) && !release (&search))
        return TRUE;
    }
  return FALSE;
}
