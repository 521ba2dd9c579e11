/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-workers.h"

G_BEGIN_DECLS

/* A job in hand: leased by this host, from the lease to the report that the database has taken. While the database is
 * away the report waits. */
typedef struct _RhHand RhHand;

typedef struct {
  RhStore *store;
  RhWorkers *workers;
  RhGate *gate;         /* (nullable) */
  RhRegistry *registry;
  const char *host_id;
} RhHandContext;

/**
 * RhHandEvents:
 * @ran: the worker is free again
 * @done: it is out of this host's hands; @hand is freed by the receiver
 */
typedef struct {
  void (*ran) (RhHand *hand, gpointer data);
  void (*done) (RhHand *hand, gpointer data);
} RhHandEvents;

/* From row @row of job_lease(). All of @context outlives the hand. */
RhHand *rh_hand_new (const RhHandContext *context,
                     RhRows              *rows,
                     guint                row,
                     const RhHandEvents  *events,
                     gpointer             data) G_GNUC_WARN_UNUSED_RESULT;
void rh_hand_free (RhHand *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhHand, rh_hand_free)

const char *rh_hand_run (RhHand *self);
/* TRUE while its report waits for the database. */
gboolean rh_hand_is_waiting (RhHand *self);

/* Runs it. */
void rh_hand_start (RhHand *self);

/* It is cancelled, by a person. */
void rh_hand_cancel (RhHand *self);

/* Another host has it: the run is stopped, and nothing is reported. */
void rh_hand_lose (RhHand *self);

/* The host stops: a run in hand is stopped, and the job goes back to the queue. */
void rh_hand_return (RhHand *self);

/* The database may be back: a report that waits is sent again. */
void rh_hand_retry (RhHand *self);

G_END_DECLS
