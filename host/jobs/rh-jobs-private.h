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
  GQueue puts;          /* RhPut: what is asked for and not sent */
  RhRound *putting;     /* a call beside the turn, which only puts in */
  gboolean started;
  gboolean taken_back;
  gboolean taking_back;
  gboolean resting; /* there was nothing to lease: whatever comes is notified, or due when the timer says so */
  gboolean turn_again;
  gboolean renewing;
  gboolean renew_again;
  guint singly;      /* so many results go one by one: one of them cannot be read */
  guint puts_singly; /* the same of what is asked for */
  guint put_idle;
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

/* Reports what has ended, puts in what is asked for if nothing has, and leases, unless such a call is under way. */
void rh_jobs_take_turn (RhJobs *self);

/* Soon what is asked for is put in. */
void rh_jobs_put_soon (RhJobs *self);

/* The ends of a call that put in: some is tried again one by one, so that what cannot be taken holds up nothing else. */
void rh_jobs_end_puts (RhJobs *self, RhRound *round, RhRows *rows, const GError *error);

/* There are new rows in the outbox: the journal is woken, soon. */
void rh_jobs_kick (RhJobs *self);

/* Renews all leases, and learns what is cancelled. */
void rh_jobs_renew (RhJobs *self);

G_END_DECLS
