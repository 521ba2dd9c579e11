/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What the gate knows of the outside: host code that validates, assesses, applies, verifies and undoes actions against one
 * system, and answers reads. Connectors know neither gate nor jobs nor web. All operations are asynchronous; only
 * gate/rh-executor.c calls apply and undo. */
#define RH_TYPE_CONNECTOR (rh_connector_get_type ())
G_DECLARE_INTERFACE (RhConnector, rh_connector, RH, CONNECTOR, GObject)

/**
 * RhAction:
 * @name: such as `markdown.apply`
 * @schema: resource path of the JSON Schema of its parameters
 * @reversible: undo exists
 */
typedef struct {
  const char *name;
  const char *title;
  const char *schema;
  gboolean reversible;
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

/**
 * RhEffect:
 * @key: the idempotency key, the same for every attempt of the same effect
 * @before: the state that was observed when it was decided: the precondition
 * @receipt: for undo: the receipt of the effect that is to be undone; else NULL
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
} RhEffect;

typedef enum {
  RH_VERIFY_UNKNOWN, /* it cannot be told */
  RH_VERIFY_ABSENT,  /* it did not happen: safe to apply */
  RH_VERIFY_APPLIED, /* it happened: the receipt is given */
} RhVerify;

struct _RhConnectorInterface {
  GTypeInterface parent;

  /* Static tables, ended by an entry without a name. */
  const char *(*name) (RhConnector *self);
  const RhAction *(*actions) (RhConnector *self);
  const RhResource *(*resources) (RhConnector *self);

  /* Checks beyond the schema that need no I/O. */
  gboolean (*validate) (RhConnector *self, const char *action, const char *target, JsonObject *parameters,
                        GError **error);

  /* Observes the world now. For an inverse, @effect->receipt is set. */
  void (*assess_async) (RhConnector *self, const RhEffect *effect, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);
  RhAssessment *(*assess_finish) (RhConnector *self, GAsyncResult *result, GError **error);

  /* Does it: returns the receipt (transfer full). %ROYAL_ERROR_CONFLICT when the world is no longer @before;
   * %ROYAL_ERROR_UNAVAILABLE when it may be tried again. Applying the same key twice does it once. */
  void (*apply_async) (RhConnector *self, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data);
  JsonNode *(*apply_finish) (RhConnector *self, GAsyncResult *result, GError **error);

  /* Did it happen? Sets @ret_receipt (transfer full) when applied. */
  void (*verify_async) (RhConnector *self, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data);
  RhVerify (*verify_finish) (RhConnector *self, GAsyncResult *result, JsonNode **ret_receipt, GError **error);

  /* The inverse, from the receipt. Same errors and the same idempotency as apply. */
  void (*undo_async) (RhConnector *self, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data);
  JsonNode *(*undo_finish) (RhConnector *self, GAsyncResult *result, GError **error);

  /* Reads. get: a document (transfer full). read: a sealed memfd that the caller closes, or -1. */
  void (*get_async) (RhConnector *self, gint64 workspace, const char *resource, JsonObject *parameters,
                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
  JsonNode *(*get_finish) (RhConnector *self, GAsyncResult *result, GError **error);
  void (*read_async) (RhConnector *self, gint64 workspace, const char *resource, JsonObject *parameters,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
  int (*read_finish) (RhConnector *self, GAsyncResult *result, GError **error);

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
