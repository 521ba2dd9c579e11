/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-schema.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What the gate knows of the outside: host code that validates, assesses, applies, verifies and undoes actions against
 * one system, and answers reads. Connectors know neither gate nor jobs nor web. All operations are asynchronous; only
 * gate/rh-executor.c calls apply and undo. */
#define RH_TYPE_CONNECTOR (rh_connector_get_type ())
G_DECLARE_INTERFACE (RhConnector, rh_connector, RH, CONNECTOR, GObject)

/**
 * RhAction:
 * @name: such as `markdown.apply`
 * @schema: resource path of the JSON Schema of its parameters
 * @reversible: undo exists
 * @tolerance: how far numbers in what was observed may move between an approval and its execution, as a share of what they
 *   were, so that the approval still stands; 0 = not at all
 * @always_asks: it changes what is allowed: never decided below approve, whatever the rules say
 */
typedef struct {
  const char *name;
  const char *title;
  const char *schema;
  double tolerance;
  gboolean reversible;
  gboolean always_asks;
} RhAction;

/* A read capability. @table: answered by read (a table), else by get (a document). */
typedef struct {
  const char *name;
  const char *title;
  gboolean table;
} RhResource;

/**
 * RhAssessment:
 * @before: the observed state that apply will demand to find again
 * @facts: what the host observed and computed: an object of scalars
 * @preview: what people are shown: { "summary": text, "changes": [{ "label", "before", "after" }] }
 */
typedef struct {
  JsonNode *before;
  JsonNode *facts;
  JsonNode *preview;
} RhAssessment;

void rh_assessment_free (RhAssessment *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhAssessment, rh_assessment_free)

/* What a connector learned of its peer's limits; see rh_effect_retry_after(). */
typedef struct {
  guint retry_after_ms;
  double left;
  gboolean has_left;
} RhThrottle;

/**
 * RhEffect:
 * @key: the idempotency key, the same for every attempt of the same effect
 * @before: the state that was observed when it was decided: the precondition
 * @receipt: for undo: the receipt of the effect that is to be undone; else NULL
 * @cancellable: (nullable): cancelled when the executor gives the attempt up, because it took too long
 * @throttle: (nullable): for rh_effect_retry_after() and rh_effect_left()
 *
 * One write, as the executor hands it over. All (transfer none), valid until the operation finishes.
 */
typedef struct {
  gint64 workspace;
  const char *action;
  const char *target;
  const char *key;
  JsonObject *parameters;
  JsonNode *before;
  JsonObject *receipt;
  GCancellable *cancellable;
  RhThrottle *throttle;
} RhEffect;

/* The peer said when to come back (`Retry-After`): nothing more is sent to the effect's lane before. Call it before the
 * operation returns its error, %ROYAL_ERROR_LIMIT or %ROYAL_ERROR_UNAVAILABLE. */
void rh_effect_retry_after (const RhEffect *effect, guint ms);

/* The peer counts in tokens and said how many are left now: the lane's bucket is set to that. */
void rh_effect_left (const RhEffect *effect, double tokens);

/**
 * RhBreakerLimits:
 * @window_ms: the time over which calls and failures are counted; 0 = no breaker
 * @calls_min: below so many calls in the window it does not open
 * @failure_rate: the share of failures from which on it opens
 * @open_ms: how long the first time, half of which is chance; doubled each time in a row, up to @open_max_ms
 */
typedef struct {
  guint window_ms;
  guint calls_min;
  double failure_rate;
  guint open_ms;
  guint open_max_ms;
} RhBreakerLimits;

/**
 * RhLaneLimits:
 * @in_flight: operations at a time
 * @deadline_ms: how long one attempt may take; then it is given up and verified
 * @rate: tokens a second, 0 = no limit; @burst: tokens at most; @cost: of one operation
 *
 * What one origin is asked to bear, and how long it is waited for.
 */
typedef struct {
  guint in_flight;
  guint deadline_ms;
  double rate;
  double burst;
  double cost;
  RhBreakerLimits breaker;
} RhLaneLimits;

/* What a connector without lanes gets: 128 at a time, 60 s, no rate, a breaker that opens when half of ten calls or
 * more within 30 s failed, for 5 s to 60 s. */
extern const RhLaneLimits rh_lane_limits_default;

typedef enum {
  RH_VERIFY_UNKNOWN, /* it cannot be told */
  RH_VERIFY_ABSENT,  /* it did not happen: safe to apply */
  RH_VERIFY_APPLIED, /* it happened: the receipt is given */
  RH_VERIFY_AGAIN,   /* it cannot be told, but the same key is done once, however often it comes: it may be sent again */
} RhVerify;

struct _RhConnectorInterface {
  GTypeInterface parent;

  /* Static tables, ended by an entry without a name. */
  const char *(*name) (RhConnector *self);
  const RhAction *(*actions) (RhConnector *self);
  const RhResource *(*resources) (RhConnector *self);

  /* Checks beyond the schema that need no I/O. */
  gboolean (
      *validate) (RhConnector *self, const char *action, const char *target, JsonObject *parameters, GError **error);

  /* (nullable): which lane effects of @action on @target take: those of one lane share a breaker, a rate and a bound.
   * Changes in @limits, which are the default ones, what is different. Returns: (transfer full) (nullable): the origin,
   * such as `https://erp.example`; NULL: the connector is one lane. */
  char *(*lane) (RhConnector *self, const char *action, const char *target, RhLaneLimits *limits);

  /* Observes the world now. For an inverse, @effect->receipt is set. */
  void (*assess_async) (RhConnector *self,
                        const RhEffect *effect,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data);
  RhAssessment *(*assess_finish) (RhConnector *self, GAsyncResult *result, GError **error);

  /* (nullable): whether an approval that was given when the target was @was still stands when it is @is: the connector's own word,
   * in place of RhAction.tolerance. */
  gboolean (*tolerates) (RhConnector *self, const char *action, const char *target, JsonNode *was, JsonNode *is);

  /* Does it: returns the receipt (transfer full). %ROYAL_ERROR_CONFLICT when the world is no longer @before;
   * %ROYAL_ERROR_UNAVAILABLE and %ROYAL_ERROR_LIMIT when it may be sent again as it is; %ROYAL_ERROR_TIMEOUT,
   * %ROYAL_ERROR_PROTOCOL and errors of other domains when it cannot be told whether it happened: it is verified then;
   * any other when it did not happen and never will. Applying the same key twice does it once. docs/connectors.md has
   * the whole contract. */
  void (*apply_async) (RhConnector *self, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data);
  JsonNode *(*apply_finish) (RhConnector *self, GAsyncResult *result, GError **error);

  /* Did it happen? Sets @ret_receipt (transfer full) when applied. Absent means that it did not and will not: not while
   * an earlier attempt may still be on its way. */
  void (*verify_async) (RhConnector *self, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data);
  RhVerify (*verify_finish) (RhConnector *self, GAsyncResult *result, JsonNode **ret_receipt, GError **error);

  /* The inverse, from the receipt. Same errors and the same idempotency as apply. */
  void (*undo_async) (RhConnector *self, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data);
  JsonNode *(*undo_finish) (RhConnector *self, GAsyncResult *result, GError **error);

  /* Reads. get: a document (transfer full). read: a sealed memfd that the caller closes, or -1. */
  void (*get_async) (RhConnector *self,
                     gint64 workspace,
                     const char *resource,
                     JsonObject *parameters,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer data);
  JsonNode *(*get_finish) (RhConnector *self, GAsyncResult *result, GError **error);
  void (*read_async) (RhConnector *self,
                      gint64 workspace,
                      const char *resource,
                      JsonObject *parameters,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data);
  int (*read_finish) (RhConnector *self, GAsyncResult *result, GError **error);

  /* May be NULL. Whose `x-royal-class` says what is personal in { "parameters", "before", "facts", "preview", "receipt" } of an
   * action on a target, beside what the schema of the parameters says; it is not used to check them. (transfer none)
   * (nullable): NULL = nothing. */
  RoyalSchema *(*classes) (RhConnector *self, const char *action, const char *target);

  /* May be NULL. The names of the secrets without which it cannot work: a host that lacks one does not start. */
  const char *const *(*secrets) (RhConnector *self);
};

/* The connectors of a host, by the action or resource they answer for. */
#define RH_TYPE_CONNECTORS (rh_connectors_get_type ())
G_DECLARE_FINAL_TYPE (RhConnectors, rh_connectors, RH, CONNECTORS, GObject)

RhConnectors *rh_connectors_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* Takes a reference. Two connectors for one action or resource are a bug. */
void rh_connectors_add (RhConnectors *self, RhConnector *connector);
/* (nullable) (transfer none) */
RhConnector *rh_connectors_for_action (RhConnectors *self, const char *action, const RhAction **ret_action);
RhConnector *rh_connectors_for_resource (RhConnectors *self, const char *resource, const RhResource **ret_resource);
/* (transfer container) (element-type RhConnector): in the order in which they were added. */
GPtrArray *rh_connectors_list (RhConnectors *self) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer container): every action's name, sorted, for error messages and listings. */
GPtrArray *rh_connectors_actions (RhConnectors *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
