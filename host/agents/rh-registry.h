/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-agent.h"
#include "rh-keys.h"

G_BEGIN_DECLS

/* The enabled agents: a set that is loaded whole or not at all. */
#define RH_TYPE_REGISTRY (rh_registry_get_type ())
G_DECLARE_FINAL_TYPE (RhRegistry, rh_registry, RH, REGISTRY, GObject)

/**
 * rh_registry_new:
 * @manifest_dir: the operator's manifests: every *.json directly in it but policy.json
 * @plugin_path: folders searched for a relative `module`, separated by ':'
 * @module_dir: where private copies of modules are kept, `<sha256>/agent.so`; made if need be
 */
RhRegistry *
rh_registry_new (const char *manifest_dir, const char *plugin_path, const char *module_dir) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): looked at by the next load. Without: no signature is looked at. */
void rh_registry_set_keys (RhRegistry *self, RhKeys *keys);

/* (transfer none): to be given what is trusted. */
RhKeys *rh_registry_keys (RhRegistry *self);

/* (transfer none) (element-type utf8): a line for each agent that the last read left out, because its signature is not
 * good enough (rh-keys.h). */
GPtrArray *rh_registry_refused (RhRegistry *self);

/**
 * rh_registry_load:
 *
 * Reads and checks all manifests and modules. On success the new set serves from now on and the signal "changed"
 * is emitted; on failure the old set goes on serving, and @error holds every fault, one a line, each as
 * `file: /json/pointer: expected …`. A grant of something that the developer's manifest does not ask for is
 * a fault; so are an unknown task, a hash that does not fit, an ABI this host does not speak, two agents of
 * one id.
 */
gboolean rh_registry_load (RhRegistry *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The two halves of rh_registry_load(): (transfer full) the sorted set, which serves when it is taken (transfer full).
 */
GPtrArray *rh_registry_read (RhRegistry *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_registry_take (RhRegistry *self, GPtrArray *agents);

/* (nullable) (transfer none) */
RhAgent *rh_registry_find (RhRegistry *self, const char *id);

/* (transfer container) (element-type RhAgent): sorted by id. */
GPtrArray *rh_registry_list (RhRegistry *self) G_GNUC_WARN_UNUSED_RESULT;

/* Rises by one with each successful load; 0 before the first. */
guint rh_registry_generation (RhRegistry *self);

G_END_DECLS
