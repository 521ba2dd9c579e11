/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-link.h"

#include <poll.h>
#include <sched.h>
#include <string.h>

#define AWAKE_US 100
/* How long an answer may wait for others. */
#define UNSENT_US 500
#define UNSENT_BYTES (32 * 1024)
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

gboolean
royal_link_flush (RoyalLink *self, GError **error)
{
  gboolean sent;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->unsent == NULL || self->unsent->len == 0)
    return TRUE;
  sent = royal_frame_send_packet (self->fd, self->unsent, error);
  g_byte_array_set_size (self->unsent, 0);
  return sent;
}

static gboolean
may_wait (RoyalLink *self, gint64 now_us)
{
  return !g_queue_is_empty (&self->runs) && self->unsent->len < UNSENT_BYTES && now_us - self->begun_us < UNSENT_US &&
         now_us - self->unsent_since_us < UNSENT_US;
}

gboolean
royal_link_answer (RoyalLink *self, guint64 id, const char *text, GError **error)
{
  gsize length;
  gint64 now_us;

  g_return_val_if_fail (self != NULL && text != NULL, FALSE);

  length = strlen (text);
  if (length > ROYAL_FRAME_MAX - UNSENT_BYTES - ROYAL_FRAME_HEADER)
    return royal_link_flush (self, error) &&
           royal_frame_send_pieces (self->fd, ROYAL_FRAME_DONE, id, text, length, error);
  if (self->unsent == NULL)
    self->unsent = g_byte_array_new ();
  now_us = g_get_monotonic_time ();
  if (self->unsent->len == 0)
    self->unsent_since_us = now_us;
  royal_frame_append (self->unsent, ROYAL_FRAME_DONE, id, text, length);
  return may_wait (self, now_us) || royal_link_flush (self, error);
}

RoyalFrame *
royal_link_next (RoyalLink *self, GError **error)
{
  RoyalFrame *frame;

  g_return_val_if_fail (self != NULL, NULL);

  if (g_queue_is_empty (&self->runs) &&
      (!royal_link_flush (self, error) || !royal_frame_receive_all (self->fd, &self->runs, error)))
    return NULL;
  frame = g_queue_pop_head (&self->runs);
  self->begun_us = g_get_monotonic_time ();
  return frame;
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
  while (TRUE)
    {
      GQueue frames = G_QUEUE_INIT;
      RoyalFrame *frame;

      if (!royal_frame_receive_all (self->fd, &frames, error))
        {
          g_queue_clear_full (&frames, (GDestroyNotify)royal_frame_free);
          return NULL;
        }
      frame = g_queue_peek_head (&frames);
      if (frame->type != ROYAL_FRAME_RUN)
        return g_queue_pop_head (&frames);
      while ((frame = g_queue_pop_head (&frames)) != NULL)
        g_queue_push_tail (&self->runs, frame);
    }
}
