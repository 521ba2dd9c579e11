/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-breaker.h"

#include <string.h>

#define NEVER (G_MININT64 / 2) /* the number of a stretch of time that counts nothing */

void
rh_breaker_init (RhBreaker *self, const RhBreakerLimits *limits)
{
  g_return_if_fail (self != NULL && limits != NULL);

  memset (self, 0, sizeof *self);
  self->limits = *limits;
  for (guint i = 0; i < RH_BREAKER_SLOTS; i++)
    self->slots[i].number = NEVER;
}

RhBreakerState
rh_breaker_state (RhBreaker *self, gint64 now_us)
{
  g_return_val_if_fail (self != NULL, RH_BREAKER_OPEN);

  if (self->state == RH_BREAKER_OPEN && now_us >= self->open_until_us)
    {
      self->state = RH_BREAKER_HALF_OPEN;
      self->probing = FALSE;
    }
  return self->state;
}

gboolean
rh_breaker_admit (RhBreaker *self, gint64 now_us)
{
  switch (rh_breaker_state (self, now_us))
    {
    case RH_BREAKER_CLOSED:
      return TRUE;
    case RH_BREAKER_HALF_OPEN:
      if (self->probing)
        return FALSE;
      self->probing = TRUE;
      return TRUE;
    case RH_BREAKER_OPEN:
    default:
      return FALSE;
    }
}

guint
rh_breaker_wait_ms (RhBreaker *self, gint64 now_us)
{
  if (rh_breaker_state (self, now_us) != RH_BREAKER_OPEN)
    return 0;
  return (guint)((self->open_until_us - now_us + 999) / 1000);
}

/* Half of the time is chance, so that hosts which lost the same peer do not come back to it together. */
static void
open_up (RhBreaker *self, gint64 now_us)
{
  guint64 whole = (guint64)self->limits.open_ms << MIN (self->opened, 16);
  guint most = (guint)MIN (whole, MAX (self->limits.open_max_ms, self->limits.open_ms));

  self->opened++;
  self->state = RH_BREAKER_OPEN;
  self->probing = FALSE;
  self->open_until_us =
      now_us + (gint64)1000 * (most / 2 + (guint)g_random_int_range (0, (gint32)MIN (most / 2, G_MAXINT32 - 1) + 1));
}

static void
close_again (RhBreaker *self)
{
  self->state = RH_BREAKER_CLOSED;
  self->opened = 0;
  self->probing = FALSE;
  for (guint i = 0; i < RH_BREAKER_SLOTS; i++)
    self->slots[i].number = NEVER;
}

/* Whether too many of the last while failed. */
static gboolean
is_failing (RhBreaker *self, gint64 number)
{
  guint calls = 0, failures = 0;

  for (guint i = 0; i < RH_BREAKER_SLOTS; i++)
    if (self->slots[i].number > number - RH_BREAKER_SLOTS)
      {
        calls += self->slots[i].calls;
        failures += self->slots[i].failures;
      }
  return calls >= MAX (self->limits.calls_min, 1) && failures >= self->limits.failure_rate * calls && failures > 0;
}

void
rh_breaker_note (RhBreaker *self, gboolean failed, gint64 now_us)
{
  gint64 number;
  guint i;

  g_return_if_fail (self != NULL);

  if (self->limits.window_ms == 0)
    return;
  switch (rh_breaker_state (self, now_us))
    {
    case RH_BREAKER_HALF_OPEN:
      if (failed)
        open_up (self, now_us);
      else
        close_again (self);
      return;
    case RH_BREAKER_OPEN:
      return; /* it was on its way when the others failed */
    case RH_BREAKER_CLOSED:
    default:
      break;
    }
  number = now_us / MAX ((gint64)self->limits.window_ms * 1000 / RH_BREAKER_SLOTS, 1);
  i = (guint)(number % RH_BREAKER_SLOTS);
  if (self->slots[i].number != number)
    {
      self->slots[i].number = number;
      self->slots[i].calls = self->slots[i].failures = 0;
    }
  self->slots[i].calls++;
  self->slots[i].failures += failed ? 1 : 0;
  if (failed && is_failing (self, number))
    open_up (self, now_us);
}

void
rh_breaker_forget (RhBreaker *self)
{
  g_return_if_fail (self != NULL);

  self->probing = FALSE;
}

const char *
rh_breaker_state_name (RhBreakerState state)
{
  static const char *const names[] = { "closed", "open", "half-open" };

  return (guint)state < G_N_ELEMENTS (names) ? names[state] : "open";
}
