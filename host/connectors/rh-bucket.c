/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-bucket.h"

#include <math.h>
#include <string.h>

#define WAIT_MAX_MS (24 * 3600 * 1000)

void
rh_bucket_init (RhBucket *self, double rate, double burst, gint64 now_us)
{
  g_return_if_fail (self != NULL && rate >= 0);

  memset (self, 0, sizeof *self);
  self->rate = rate;
  self->burst = MAX (burst, 1);
  self->level = self->burst;
  self->at_us = now_us;
}

static void
fill (RhBucket *self, gint64 now_us)
{
  self->level = MIN (self->burst, self->level + self->rate * (double)MAX (now_us - self->at_us, 0) / 1e6);
  self->at_us = MAX (self->at_us, now_us);
}

guint
rh_bucket_wait_ms (RhBucket *self, double cost, gint64 now_us)
{
  gint64 closed_ms, empty_ms = 0;
  double wanted;

  g_return_val_if_fail (self != NULL, 0);

  closed_ms = self->closed_until_us > now_us ? (self->closed_until_us - now_us + 999) / 1000 : 0;
  if (self->rate > 0)
    {
      fill (self, now_us);
      wanted = MIN (cost, self->burst);
      if (self->level < wanted)
        empty_ms = (gint64)MIN (ceil ((wanted - self->level) * 1000 / self->rate), WAIT_MAX_MS);
    }
  return (guint)MIN (MAX (closed_ms, empty_ms), WAIT_MAX_MS);
}

gboolean
rh_bucket_take (RhBucket *self, double cost, gint64 now_us)
{
  if (rh_bucket_wait_ms (self, cost, now_us) > 0)
    return FALSE;
  if (self->rate > 0)
    self->level -= cost;
  return TRUE;
}

void
rh_bucket_close (RhBucket *self, guint ms, gint64 now_us)
{
  g_return_if_fail (self != NULL);

  self->closed_until_us = MAX (self->closed_until_us, now_us + (gint64)MIN (ms, WAIT_MAX_MS) * 1000);
}

void
rh_bucket_set_level (RhBucket *self, double level, gint64 now_us)
{
  g_return_if_fail (self != NULL);

  self->level = CLAMP (level, -self->burst, self->burst);
  self->at_us = now_us;
}
