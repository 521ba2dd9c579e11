/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-lane.h"
#include "rh-proposal.h"
#include "rh-rows.h"
#include "rh-trace.h"
#include "rh-vault.h"

G_BEGIN_DECLS

/* Which effect: of which proposal, and which item of it; 0 of a proposal that is not a batch. */
typedef struct {
  gint64 effect;
  gint64 item;
} RhWorkId;

guint rh_work_id_hash (gconstpointer id);
gboolean rh_work_id_equal (gconstpointer a, gconstpointer b);

/**
 * RhWork:
 * @effect: what connectors are handed; its members belong to the work
 * @lane: (nullable): the way that it takes; the executor's
 * @lease_until_us: monotonic time until which this host may act
 * @asked_us: monotonic time at which the call was sent that said that it may be applied; 0 = none did
 * @give_up_us: monotonic time from which on it is not tried again
 * @lost: another host has it
 * @clean: it may be applied as it is: nothing was sent, or that cannot do harm
 * @verifying: what is under way, or was, is a question
 * @probe: what is under way tells whether its origin is back: a failure does not count against the work
 * @serial: counts its operations, so that the answer to one that was given up is known for what it is
 * @tries, @verifies: attempts at applying, at verifying, that failed
 * @timer_id: the next attempt; 0 when one is under way or none is due
 * @deadline_id: of what is under way
 * @personal: (nullable): what of it is; set when it was opened
 * @outcome: (nullable): how it ended, with @receipt or @error; only the database does not know yet
 *
 * An effect that this host holds. Counted with g_rc_box.
 */
typedef struct {
  RhWorkId id;
  char *proposal;
  gboolean undo;
  guint attempt;
  RhEffect effect;
  RhThrottle throttle;
  RhConnector *connector;
  RhLane *lane;
  gint64 lease_until_us;
  gint64 asked_us;
  gint64 give_up_us;
  gboolean lost;
  gboolean clean;
  gboolean verifying;
  gboolean probe;
  guint serial;
  guint tries;
  guint verifies;
  guint timer_id;
  guint deadline_id;
  char *fault; /* of the last attempt */
  RhPersonal *personal;
  const char *outcome;
  JsonNode *receipt;
  char *error;
  RhSpan *span; /* NULL when nothing records it */
} RhWork;

/* An effect that was started so long ago is not tried again. */
#define RH_WORK_PATIENCE_S (6 * 3600)

/* From a row of effect_work in SQL. @connectors may know nobody for the action: then @connector is NULL. */
RhWork *rh_work_new (RhRows *rows, guint row, RhConnectors *connectors) G_GNUC_WARN_UNUSED_RESULT;
/* From a row of proposal_submit() in SQL, which started it: effect @id, whose key is the proposal's @uid. */
RhWork *rh_work_new_started (gint64 id, const char *uid, const RhProposal *proposal, RhConnectors *connectors)
    G_GNUC_WARN_UNUSED_RESULT;
RhWork *rh_work_ref (RhWork *self);
void rh_work_unref (RhWork *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhWork, rh_work_unref)

/* Whether its connector may not have it yet: what is personal in it is sealed, or has to be known before. */
gboolean rh_work_is_sealed (const RhWork *self);
/* Opens it. @vault may be NULL. %ROYAL_ERROR_NOT_FOUND when something was erased, %ROYAL_ERROR_UNAVAILABLE when it can
 * be tried again. */
void rh_work_open_async (RhWork *self, RhVault *vault, GAsyncReadyCallback callback, gpointer data);
gboolean rh_work_open_finish (GAsyncResult *result, GError **error);

/* Seals what is personal in a receipt of one that was opened. Returns: (transfer full): what is to be kept of it. */
void rh_work_seal_async (RhWork *self, RhVault *vault, JsonNode *receipt, GAsyncReadyCallback callback, gpointer data);
JsonNode *rh_work_seal_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether what the database said of it is recent, and no stop or pause was heard of since it was asked, the last of
 * them at
 * @halted_us: what it answers to a call that is sent after that is true of it. */
gboolean rh_work_may_begin (const RhWork *self, gint64 halted_us);

/* Sets how it ended. @receipt is (transfer full) (nullable). */
void rh_work_end (RhWork *self, const char *outcome, JsonNode *receipt, const char *error);

/* (transfer full): what effect_finish() in SQL takes of the ended ones among them. */
char *rh_work_entries (GPtrArray *works) G_GNUC_WARN_UNUSED_RESULT;

/* A random wait before attempt @n, from 0 on: exponential with full jitter. */
guint rh_work_backoff_ms (guint n);

typedef enum { RH_REACTION_STALE, RH_REACTION_FAILED, RH_REACTION_RETRY, RH_REACTION_VERIFY } RhReaction;

/* What the error of an attempt means. The connector's own word is taken for what did not happen; anything that is not
 * of Royal's domain says nothing about it. */
RhReaction rh_work_reaction (const GError *error);

/* What an error, or none, says of the origin. */
RhLaneOutcome rh_work_lane_outcome (const GError *error);

/* Whether it tells what to do next. */
gboolean rh_work_is_answer (RhVerify answer);

/* Whether the question that failed with @error may be asked again. */
gboolean rh_work_can_ask_again (const GError *error);

/* (transfer full): [{ "ws", "effect", "item", "clean" }] of @works, as effect_park() and its like in SQL take them. */
char *rh_work_list (GPtrArray *works) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
