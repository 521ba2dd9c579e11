/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-claims.h"

#include <string.h>

#define CLAIM_MAX 512
#define HELD_MAX 4096
#define EMPTY_MS 100 /* between claims that found nothing but what may not be sent */

struct _RhClaims {
  RhLeases *leases;
  RhLanes *lanes;
  gulong claimed_id;
  gboolean running;
  gboolean again;
  gboolean skipped; /* the last claim left out what may not be sent now */
  gboolean empty;   /* it found nothing */
  gboolean backlog; /* approved proposals wait for room: those that come now queue behind them */
  guint reserved;   /* room for effects that a submission under way may start */
  guint timer_id;
};

static void
on_claimed (RhLeases *leases, guint n, gboolean more, gpointer data)
{
  RhClaims *self = data;

  self->empty = n == 0;
  self->backlog = more;
  if (more)
    self->again = TRUE;
}

RhClaims *
rh_claims_new (RhLeases *leases, RhLanes *lanes)
{
  RhClaims *self;

  g_return_val_if_fail (RH_IS_LEASES (leases) && lanes != NULL, NULL);

  self = g_new0 (RhClaims, 1);
  self->leases = leases;
  self->lanes = lanes;
  self->claimed_id = g_signal_connect (leases, "claimed", G_CALLBACK (on_claimed), self);
  return self;
}

void
rh_claims_free (RhClaims *self)
{
  if (self == NULL)
    return;
  rh_claims_stop (self);
  g_signal_handler_disconnect (self->leases, self->claimed_id);
  g_free (self);
}

void
rh_claims_start (RhClaims *self)
{
  self->running = TRUE;
  self->again = TRUE;
}

void
rh_claims_stop (RhClaims *self)
{
  self->running = FALSE;
  self->again = FALSE;
  g_clear_handle_id (&self->timer_id, g_source_remove);
}

static guint
n_held (RhClaims *self)
{
  return g_hash_table_size (rh_leases_works (self->leases));
}

static gboolean
on_timer (gpointer data)
{
  RhClaims *self = data;

  self->timer_id = 0;
  self->empty = FALSE;
  rh_claims_kick (self);
  return G_SOURCE_REMOVE;
}

void
rh_claims_kick (RhClaims *self)
{
  g_autofree char *skip = NULL;
  guint room;

  g_return_if_fail (self != NULL);

  self->again = TRUE;
  if (!self->running || self->timer_id != 0 || !rh_leases_may_claim (self->leases) || n_held (self) >= HELD_MAX)
    return;
  room = rh_lanes_room (self->lanes, CLAIM_MAX, &skip);
  room -= MIN (room, self->reserved);
  if (room == 0)
    return;
  self->skipped = strcmp (skip, "[]") != 0;
  if (self->skipped && self->empty)
    {
      self->timer_id = g_timeout_add (EMPTY_MS, on_timer, self);
      return;
    }
  self->again = FALSE;
  rh_leases_claim (self->leases, room, skip);
}

void
rh_claims_go_on (RhClaims *self)
{
  g_return_if_fail (self != NULL);

  if (self->again)
    rh_claims_kick (self);
}

void
rh_claims_room_made (RhClaims *self)
{
  g_return_if_fail (self != NULL);

  if (self->skipped && self->running)
    self->again = TRUE;
}

guint
rh_claims_reserve (RhClaims *self, guint wanted)
{
  guint room;

  g_return_val_if_fail (self != NULL, 0);

  if (!self->running || !rh_leases_has_own (self->leases) || self->backlog || n_held (self) >= HELD_MAX)
    return 0;
  room = rh_lanes_room (self->lanes, CLAIM_MAX, NULL);
  room = MIN (room - MIN (room, self->reserved), wanted);
  self->reserved += room;
  return room;
}

void
rh_claims_release (RhClaims *self, guint reserved)
{
  g_return_if_fail (self != NULL && reserved <= self->reserved);

  self->reserved -= reserved;
}

gboolean
rh_claims_has_reserved (RhClaims *self)
{
  return self->reserved > 0;
}
