/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"

G_BEGIN_DECLS

/* What a connector whose peer can be asked for the state that an action changes is made of: what is there is observed first, and
 * what is done about it is decided by that alone. */

typedef enum { RH_OPERATION_ASSESS, RH_OPERATION_APPLY, RH_OPERATION_VERIFY, RH_OPERATION_UNDO } RhOperationKind;

typedef struct _RhOperationClass RhOperationClass;

/**
 * RhOperation:
 * @effect: its members are the caller's
 * @subject: what of, for people: `of main/4711`
 * @wanted: what is to be: the parameters, or what they come to; of an inverse what was
 * @state: (nullable): what was observed
 *
 * One of the five operations on one effect, while it is under way. A connector's own type begins with it.
 */
typedef struct {
  const RhOperationClass *klass;
  RhEffect effect;
  RhOperationKind kind;
  char *subject;
  JsonObject *wanted;
  JsonNode *state;
} RhOperation;

/**
 * RhOperationClass:
 * @size: of the connector's own type
 * @is_done: whether @state is what is wanted
 * @refuses: (nullable): TRUE with @error: it may not be assessed, or changed, whatever was approved
 * @facts: puts what rules decide on into @facts
 * @receipt: (transfer full): of what is so now
 * @change: makes it so, and returns the task
 * @clear: (nullable): what the connector's own members hold
 */
struct _RhOperationClass {
  gsize size;
  gboolean (*is_done) (const RhOperation *self);
  gboolean (*refuses) (const RhOperation *self, GError **error);
  void (*facts) (const RhOperation *self, JsonObject *facts);
  JsonNode *(*receipt) (const RhOperation *self);
  void (*change) (GTask *task);
  void (*clear) (RhOperation *self);
};

/* (transfer full): @subject and @wanted are (transfer full). The members of the connector's own are zero. */
gpointer rh_operation_new (const RhOperationClass *klass, const RhEffect *effect, RhOperationKind kind, char *subject,
                           JsonObject *wanted) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): a task whose data is @operation (transfer full), to be ended by rh_operation_decide(), or with an error. Its ends are
 * those of rh-connector-task.h. */
GTask *rh_operation_task (RhConnector *connector, gpointer operation, GAsyncReadyCallback callback, gpointer data)
    G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_operation_decide:
 * @state: (transfer full): what is there
 *
 * An assessment is made of it. What is so already is not done again: an attempt of before, or somebody else, did it. Verify returns NULL
 * when it is not so. What is not as it was observed is refused with %ROYAL_ERROR_CONFLICT; else it is changed.
 */
void rh_operation_decide (GTask *task, JsonNode *state);

/* Ends the task with a receipt. */
void rh_operation_return (GTask *task);

G_END_DECLS
