/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-jobs.h"
#include "rh-round.h"

G_BEGIN_DECLS

/* What the files of RhJobs share. */

struct _RhJobs {
  GObject parent;
  RhStore *store;
  RhRegistry *registry;
  RhWorkers *workers;
  RhGate *gate;
  char *host_id;
  RhHandContext context;
  GHashTable *hands;    /* RhHand: of one job there may be one whose lease is lost beside the one that has it */
  GHashTable *leases;   /* Lease by the address of its id */
  GHashTable *turns;    /* agent → the workspace that was served last */
  GPtrArray *completed; /* RhHand whose results are to be reported */
  RhRound *turn;        /* the call that is under way */
  gboolean started;
  gboolean taken_back;
  gboolean taking_back;
  gboolean resting; /* there was nothing to lease: whatever comes is notified, or due when the timer says so */
  gboolean turn_again;
  gboolean renewing;
  gboolean renew_again;
  guint singly; /* so many results go one by one: one of them cannot be read */
  guint turn_idle;
  guint next_timer;
  guint sweep;
  guint sweeps;
  guint renew_timer;
  guint kick_timer;
  gulong available;
  gulong capacity;
  GTask *stop;
  guint stop_timer;
};

/* Soon there is a turn: what else happens in this turn of the loop is covered by the same call. */
void rh_jobs_turn_soon (RhJobs *self);

/* Renews all leases, and learns what is cancelled. */
void rh_jobs_renew (RhJobs *self);

G_END_DECLS
