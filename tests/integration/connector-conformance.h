/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <rh-connector.h>

G_BEGIN_DECLS

/**
 * Conformance:
 * @parameters: two sets of parameters of @action on @target, JSON with ' for ", that leave different states behind
 * @invalid: (nullable): parameters that validate must refuse
 * @count: (nullable): how many effects with that key there were
 * @observes: what was applied in between makes an earlier observation stale
 * @prefix: of the keys, so that one world can be used again
 *
 * A connector, and one of its actions, to be held to the contract of docs/connectors.md.
 */
typedef struct {
  RhConnector *connector;
  gint64 workspace;
  const char *action;
  const char *target;
  const char *parameters[2];
  const char *invalid;
  const char *prefix;
  gboolean observes;
  guint (*count) (const char *key, gpointer data);
  gpointer data;
} Conformance;

/* Runs the five operations and fails the test where they are not as agreed. Applied effects are undone again when they can be. */
void connector_conformance (const Conformance *self);

G_END_DECLS
