/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-cron.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef enum {
  RH_TRIGGER_SCHEDULE,
  RH_TRIGGER_WEBHOOK,
  RH_TRIGGER_EVENT,
  RH_TRIGGER_DATABASE,
  RH_TRIGGER_FILE,
  RH_TRIGGER_EMAIL,
  RH_N_TRIGGER_KINDS,
} RhTriggerKind;

/* What starts a task, or a workflow, by itself: a declaration, out of a manifest or out of the database. Immutable. */
typedef struct _RhTrigger RhTrigger;

/**
 * rh_trigger_new:
 * @source: whose document declares it: an agent's id, or `workflow.` and a workflow's name
 * @name: its name there; in its workspace it is `<source>.<name>`
 * @target: what it starts: { "agent", "task" } or { "workflow" }
 * @definition: valid by the schema (docs/schema/operator.schema.json, trigger), defaults filled in; what it starts and whether it is
 *   enabled are not read
 * @version: (nullable): as the database has it; NULL = made from what is declared
 *
 * Checks what a schema cannot. NULL with %ROYAL_ERROR_INVALID and a message that begins with a JSON pointer into
 * @definition, such as `/schedule/cron: expected …`.
 */
RhTrigger *rh_trigger_new (const char *source, const char *name, JsonObject *target, JsonObject *definition,
                           const char *version, GError **error) G_GNUC_WARN_UNUSED_RESULT;
RhTrigger *rh_trigger_ref (RhTrigger *self);
void rh_trigger_unref (RhTrigger *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhTrigger, rh_trigger_unref)

const char *rh_trigger_name (const RhTrigger *self); /* of its workspace */
const char *rh_trigger_source (const RhTrigger *self);
RhTriggerKind rh_trigger_kind (const RhTrigger *self);
const char *rh_trigger_kind_name (RhTriggerKind kind);
JsonObject *rh_trigger_target (const RhTrigger *self);
JsonObject *rh_trigger_definition (const RhTrigger *self);
/* What stands under its kind: cron, zone, … */
JsonObject *rh_trigger_options (const RhTrigger *self);
/* Changes with whatever is declared. */
const char *rh_trigger_version (const RhTrigger *self);
/* Of a schedule. */
const RhCron *rh_trigger_cron (const RhTrigger *self);
GTimeZone *rh_trigger_zone (const RhTrigger *self);

/* (transfer full): the input for what happened: the declared one, with each { "$": POINTER } replaced. */
JsonNode *rh_trigger_input (const RhTrigger *self, JsonNode *happened) G_GNUC_WARN_UNUSED_RESULT;
/* TRUE when the input does not depend on what happened. */
gboolean rh_trigger_input_is_fixed (const RhTrigger *self);

G_END_DECLS
