/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-workers.h"

G_BEGIN_DECLS

/* A job in hand: leased by this host, from the lease to the report that the database has taken. A result is reported by
 * whoever owns the hand, together with others; all else it reports by itself. While the database is away reports wait.
 */
typedef struct _RhHand RhHand;

typedef struct {
  RhStore *store;
  RhWorkers *workers;
  RhGate *gate; /* (nullable) */
  RhRegistry *registry;
  const char *host_id;
} RhHandContext;

/**
 * RhHandEvents:
 * @ran: the worker is free again
 * @completed: there is a result to be reported
 * @done: it is out of this host's hands; @hand is freed by the receiver
 */
typedef struct {
  void (*ran) (RhHand *hand, gpointer data);
  void (*completed) (RhHand *hand, gpointer data);
  void (*done) (RhHand *hand, gpointer data);
} RhHandEvents;

/* What the database knows it by. */
typedef struct {
  gint64 workspace;
  gint64 lease;
  gint64 job;
  gint64 attempt;
} RhHandIds;

/* From row @row of job_turn(). All of @context outlives the hand. */
RhHand *rh_hand_new (const RhHandContext *context, RhRows *rows, guint row, const RhHandEvents *events, gpointer data)
    G_GNUC_WARN_UNUSED_RESULT;
void rh_hand_free (RhHand *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhHand, rh_hand_free)

const RhHandIds *rh_hand_ids (RhHand *self);
/* The result, as JSON text, of a completed hand. */
const char *rh_hand_result (RhHand *self);
/* TRUE while its report waits for the database. */
gboolean rh_hand_is_waiting (RhHand *self);

/* Runs it. */
void rh_hand_start (RhHand *self);

/* The database has taken the result. */
void rh_hand_accept (RhHand *self);

/* The database does not take the result, because of @error. */
void rh_hand_refuse (RhHand *self, const GError *error);

/* It is cancelled, by a person. */
void rh_hand_cancel (RhHand *self);

/* Another host has it: the run is stopped, and nothing is reported. */
void rh_hand_lose (RhHand *self);

/* The host stops: a run in hand is stopped, and the job goes back to the queue. */
void rh_hand_return (RhHand *self);

/* The database may be back: a report that waits is sent again. */
void rh_hand_retry (RhHand *self);

G_END_DECLS
