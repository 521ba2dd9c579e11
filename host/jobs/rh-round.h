/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-hand.h"
#include "rh-put.h"

G_BEGIN_DECLS

/* One call of job_turn(): the results that it reports, the jobs that it puts in and the room that it fills. */
typedef struct _RhRound RhRound;

RhRound *rh_round_new (const char *host_id, guint lease_s) G_GNUC_WARN_UNUSED_RESULT;
void rh_round_free (RhRound *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhRound, rh_round_free)

/* Moves completed hands out of @completed (element-type RhHand), at most @most and no more than one call should carry.
 */
void rh_round_take_results (RhRound *self, GPtrArray *completed, guint most);

/* (transfer none) (element-type RhHand): those that it took. */
GPtrArray *rh_round_hands (RhRound *self);

/* Moves requests out of @puts (element-type RhPut): of one asker, at most @most and no more than one call should carry. They are
 * to be ended by who called. */
void rh_round_take_puts (RhRound *self, GQueue *puts, guint most);

/* (transfer none) (element-type RhPut): those that it took and that are not ended. */
GPtrArray *rh_round_puts (RhRound *self);

/**
 * rh_round_add_room:
 * @n: jobs of @agent that may be leased
 * @after: the workspace after which turns go on
 * @limits: (nullable): as rh_agent_job_limits()
 */
void rh_round_add_room (RhRound *self, const char *agent, guint n, gint64 after, const char *limits);

/* Room of all agents together. */
guint rh_round_room (RhRound *self);

/* TRUE when there is nothing to call for. */
gboolean rh_round_is_empty (RhRound *self);

/* rh_store_call_finish() has the rows. */
void rh_round_send (RhRound *self, RhStore *store, GAsyncReadyCallback callback, gpointer data);

/* Answers what was put in with the jobs that @rows tell of. */
void rh_round_end_puts (RhRound *self, RhRows *rows);

/* (transfer full): for each of rh_round_hands() whether @rows say that it was not held any more. */
gboolean *rh_round_refused (RhRound *self, RhRows *rows) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
