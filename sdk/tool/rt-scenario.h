/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rt-plugin.h"

G_BEGIN_DECLS

/* A scenario file, see docs/schema/scenario.schema.json. */
typedef struct {
  char *path;
  JsonNode *document; /* valid, defaults filled in */
} RtScenario;

RtScenario *rt_scenario_load (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rt_scenario_free (RtScenario *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtScenario, rt_scenario_free)

const char *rt_scenario_name (RtScenario *self);

/* (transfer full) (nullable): the path of the plugin that the file names. */
char *rt_scenario_plugin (RtScenario *self) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rt_scenario_run:
 *
 * Returns: TRUE when all is as expected; FALSE with @error saying what was not.
 */
gboolean rt_scenario_run (RtScenario *self, RtPlugin *plugin, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
