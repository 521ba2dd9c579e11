/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* A connector whose world is the host's own database, so that an effect and its receipt are one transaction: each
 * operation is one statement, which yields one row with one jsonb named `result`. What is particular to one is the
 * tables of its class. */
#define RH_TYPE_CONNECTOR_STORE (rh_connector_store_get_type ())
G_DECLARE_DERIVABLE_TYPE (RhConnectorStore, rh_connector_store, RH, CONNECTOR_STORE, GObject)

/**
 * RhStoreEffects:
 * @assess: ([action,] target, parameters); yields { before, facts, preview }
 * @apply: ([action,] key, target, parameters, before); yields the receipt
 * @verify: (key); yields { applied: boolean, receipt? }
 * @assess_undo: (receipt); as assess. NULL when none of the actions is reversible, and so is
 * @revert: (key, receipt, before); yields the receipt
 *
 * How actions are done. Parameters are canonical JSON: 0.15 is `0.15`, which is exact as a numeric where the double is
 * not.
 */
typedef struct {
  RhStatement assess;
  RhStatement apply;
  RhStatement verify;
  RhStatement assess_undo;
  RhStatement revert;
} RhStoreEffects;

/* How a resource is read: by a statement, which yields the document, or as a table. */
typedef struct {
  const RhStatement *statement;
  const RhTableQuery *query;
} RhStoreRead;

/**
 * RhConnectorStoreClass:
 * @name, @actions, @resources: as of the interface
 * @effects: how its actions are done
 * @per_action: its statements take the action's name
 * @reads: how its resources are read, in their order
 * @validate: as of the interface
 * @bind: (nullable): the parameters of a read, checked: the statement's, or the query's names and values as of
 *   rh_store_read_table_async(). Returns: (transfer full): NULL with @error set. Without it reads take no parameters.
 */
struct _RhConnectorStoreClass {
  GObjectClass parent_class;

  const char *name;
  const RhAction *actions;
  const RhResource *resources;
  const RhStoreEffects *effects;
  gboolean per_action;
  const RhStoreRead *reads;
  gboolean (
      *validate) (RhConnector *self, const char *action, const char *target, JsonObject *parameters, GError **error);
  GStrv (*bind) (const RhResource *resource, JsonObject *parameters, GError **error);
};

/* One of that type, over @store, to which it takes a reference. */
gpointer rh_connector_store_new (GType type, RhStore *store) G_GNUC_WARN_UNUSED_RESULT;

/* For any connector: calls @statement, which yields one row with one jsonb named `result`, with which @task (transfer full), of that
 * connector, ends, as a node: rh_connector_task_node(). */
void rh_connector_store_call (GTask             *task,
                              RhStore           *store,
                              const RhStatement *statement,
                              gint64             workspace,
                              const char *const *params);

G_END_DECLS
