/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-link.h"

#include <poll.h>
#include <sched.h>

#define AWAKE_US 100
#define MISSED_MAX 10 /* 1,024 calls asleep */

/* TRUE when there is something to take. */
static gboolean
wait_awake (int fd)
{
  struct pollfd ready = { .fd = fd, .events = POLLIN };
  gint64 until = g_get_monotonic_time () + AWAKE_US;

  do
    {
      if (poll (&ready, 1, 0) != 0)
        return TRUE;
      sched_yield ();
  } while (g_get_monotonic_time () < until);
  return FALSE;
}

RoyalFrame *
royal_link_receive (RoyalLink *self, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (self->asleep > 0)
    self->asleep--;
  else if (self->own_cpu)
    {
      self->missed = wait_awake (self->fd) ? 0 : MIN (self->missed + 1, MISSED_MAX);
      self->asleep = self->missed > 0 ? 1u << self->missed : 0;
    }
  return royal_frame_receive (self->fd, error);
}
