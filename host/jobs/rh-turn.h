/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-turn-row.h"
#include "rh-workflow-turn.h"

G_BEGIN_DECLS

/* How far a list of steps has come. */
typedef enum { RH_TURN_DONE, RH_TURN_BUSY, RH_TURN_FAILED } RhTurnProgress;

/**
 * RhScope:
 * @prefix: of the paths of steps in it: "" or that of a map's item, `map[3].`
 * @item: (nullable)
 *
 * Where steps stand: in the run itself, or in an item of a map.
 */
typedef struct _RhScope RhScope;
struct _RhScope {
  const RhScope *outer;
  const char *prefix;
  JsonNode *item;
  gint64 index;
};

/**
 * RhTurn:
 * @rows: path → RhTurnRow
 * @order: (element-type RhTurnRow): the same, old ones in their order, then those that this turn began
 * @failed: (nullable): the first step whose failure is that of the run
 * @over: an end was reached: nothing begins any more
 *
 * A turn that is being made.
 */
typedef struct {
  RhWorkflow *workflow;
  JsonObject *run;
  JsonObject *assume; /* (nullable): the run is a simulation */
  const RhTurnHost *host;
  gint64 now_us;
  GHashTable *rows;
  GHashTable *by_id;
  GPtrArray *order;
  gsize size;
  JsonArray *consumed;
  JsonArray *events;
  JsonArray *cancel_jobs;
  JsonArray *cancel_runs;
  RhTurnRow *failed;
  RhTurnRow *end;
  gboolean over;
} RhTurn;

/* What a step looks at. */
typedef struct {
  RhTurn *turn;
  const RhScope *scope;
  JsonNode *event; /* (nullable) */
} RhTurnView;

/* An RhReferenceLookup over an RhTurnView. */
JsonNode *rh_turn_lookup (const char *const *parts, guint *ret_used, gpointer view);

/* (transfer full) (nullable): a member of @body with its references filled; NULL with @error set. */
JsonNode *rh_turn_fill (RhTurn *self, const RhScope *scope, JsonNode *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): { "code", "message" } */
JsonNode *rh_turn_error (const char *code, const char *format, ...) G_GNUC_PRINTF (2, 3) G_GNUC_WARN_UNUSED_RESULT;
JsonNode *rh_turn_error_of (const GError *error) G_GNUC_WARN_UNUSED_RESULT;

/* A new row, which is told of. */
RhTurnRow *rh_turn_begin (RhTurn *self, const char *path, const RhWorkflowStep *step);
/* The row ends; its @result or @error is (transfer full) (nullable). */
void rh_turn_complete (RhTurn *self, RhTurnRow *row, JsonNode *result);
void rh_turn_fail (RhTurn *self, RhTurnRow *row, JsonNode *error);
void rh_turn_cancel (RhTurn *self, RhTurnRow *row);
/* The row waits for something that is not a job's: @what is (transfer full). */
void rh_turn_wait (RhTurn *self, RhTurnRow *row, JsonObject *what);
/* What is told of: @data is (transfer full) (nullable). */
void rh_turn_tell (RhTurn *self, const char *kind, JsonObject *data, gboolean audited);

/* Ends what is under way in @step, or in the whole run when it is NULL. */
void rh_turn_cancel_within (RhTurn *self, const RhWorkflowStep *step, const char *prefix);

/* rh-turn-walk.c: goes as far as it can in a list of steps. */
RhTurnProgress rh_turn_walk (RhTurn *self, GPtrArray *steps, const RhScope *scope);
/* (transfer full): the result of the last step of a list that has come to its end. */
JsonNode *rh_turn_last_result (RhTurn *self, GPtrArray *steps, const RhScope *scope) G_GNUC_WARN_UNUSED_RESULT;

/**
 * RhTurnKind:
 * @begin: the step's turn has come; its row is new and running
 * @go_on: (nullable): something may have happened; the row is active
 * @late: (nullable): its time is over; NULL = it fails
 *
 * What a kind of step does. In each the row may end.
 */
typedef struct {
  void (*begin) (RhTurn *turn, RhTurnRow *row, const RhScope *scope);
  void (*go_on) (RhTurn *turn, RhTurnRow *row, const RhScope *scope);
  void (*late) (RhTurn *turn, RhTurnRow *row);
} RhTurnKind;

/* rh-turn-steps.c, rh-turn-waits.c, rh-turn-groups.c */
extern const RhTurnKind rh_turn_task, rh_turn_call, rh_turn_end;
extern const RhTurnKind rh_turn_approval, rh_turn_decide, rh_turn_pause;
extern const RhTurnKind rh_turn_parallel, rh_turn_map, rh_turn_branch;
const RhTurnKind *rh_turn_kind (RhStepKind kind);

/* rh-turn-inbox.c: what the run was told. */
void rh_turn_take_inbox (RhTurn *self);

/* rh-turn-compensate.c: takes back what was completed, the last first. FALSE while that goes on. */
gboolean rh_turn_compensate (RhTurn *self);

/* Whether anything would have to be taken back. */
gboolean rh_turn_has_compensations (RhTurn *self);

G_END_DECLS
