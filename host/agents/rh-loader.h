/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-agent.h"
#include "rh-keys.h"

G_BEGIN_DECLS

typedef struct {
  const char *const *plugin_path; /* folders, NULL-terminated */
  const char *module_dir;
  RhKeys *keys;       /* that may sign */
  GPtrArray *faults;  /* (element-type utf8): every fault is added, a line each */
  GPtrArray *refused; /* (element-type utf8): a line is added for each agent that is left out for its signature */
} RhLoader;

/**
 * rh_loader_load:
 * @path: an operator's manifest
 *
 * Reads, checks and copies all that one manifest needs.
 *
 * Returns: (transfer full) (nullable): the agent; NULL when it is not enabled, or with faults added, or with
 *   a line added to those that are refused: that keeps one agent from running, and no other.
 */
RhAgent *rh_loader_load (const RhLoader *self, const char *path) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
