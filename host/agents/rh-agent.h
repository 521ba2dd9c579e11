/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-trigger.h"
#include "royal-manifest.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* An enabled agent: the developer's manifest (what it asks for) under the operator's (what it is granted).
 * A reload makes new ones; all but what holds of its grants is immutable. */
#define RH_TYPE_AGENT (rh_agent_get_type ())
G_DECLARE_FINAL_TYPE (RhAgent, rh_agent, RH, AGENT, GObject)

typedef struct {
  guint memory_mb;
  guint cpu_s;   /* CPU seconds of one run */
  guint wall_s;  /* wall-clock seconds of one run */
  guint workers; /* processes at most */
  guint warm;    /* processes kept ready */
} RhAgentLimits;

typedef struct {
  guint attempts;
  guint backoff_ms;
  guint backoff_max_ms;
} RhAgentRetry;

const char *rh_agent_id (RhAgent *self);
const char *rh_agent_version (RhAgent *self);
const char *rh_agent_cluster (RhAgent *self);
const char *rh_agent_module (RhAgent *self); /* the private copy, in a folder named by its hash */
const char *rh_agent_sha256 (RhAgent *self); /* hexadecimal */
JsonObject *rh_agent_signature (RhAgent *self); /* as of rh_keys_check() */
RoyalManifest *rh_agent_manifest (RhAgent *self);
JsonObject *rh_agent_operator_manifest (RhAgent *self);
JsonObject *rh_agent_config (RhAgent *self);
const RhAgentLimits *rh_agent_limits (RhAgent *self);
const RhAgentRetry *rh_agent_retry (RhAgent *self);

/* (nullable): the limits that hold for its jobs on all hosts together, as job_admit() in SQL takes them; NULL = none. */
const char *rh_agent_job_limits (RhAgent *self);

/* (transfer none) (element-type RhTrigger): those that are enabled. */
GPtrArray *rh_agent_triggers (RhAgent *self);

/* Whether people and scripts may ask for its tasks. */
gboolean rh_agent_is_manual (RhAgent *self);

/* (transfer none): what it may do, in the form of rh_grants_normal(): what its operator's manifest says, or less while
 * a person has not approved that. */
JsonObject *rh_agent_grants (RhAgent *self);

/**
 * rh_agent_set_standing:
 * @standing: what it was granted the last time, by the database
 * @serial: how often that was widened
 *
 * From now on it may do what both its operator's manifest and @standing allow.
 */
void rh_agent_set_standing (RhAgent *self, JsonObject *standing, guint serial);

gboolean rh_agent_has_task (RhAgent *self, const char *task);
gboolean rh_agent_may_read (RhAgent *self, const char *resource);

/**
 * rh_agent_may_write:
 *
 * Returns: (nullable) (transfer none): the grant { "action": …, "limits": {…} } for @action; NULL = not granted.
 */
JsonObject *rh_agent_may_write (RhAgent *self, const char *action);

/* TRUE when there is a schema that a task's input must meet. */
gboolean rh_agent_has_input_schema (RhAgent *self, const char *task);

/* (transfer none) (nullable): that schema, where it says that something in the input is personal. */
RoyalSchema *rh_agent_input_classes (RhAgent *self, const char *task);

/* Checks a task's input against the developer's schema. */
gboolean
rh_agent_check_input (RhAgent *self, const char *task, JsonNode *input, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
