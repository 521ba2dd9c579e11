/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-schema.h"

G_BEGIN_DECLS

/* The developer's manifest: what an agent is and what it asks for. Schema: docs/schema/manifest.schema.json. */
typedef struct _RoyalManifest RoyalManifest;

RoyalManifest *royal_manifest_ref (RoyalManifest *self);
void royal_manifest_unref (RoyalManifest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalManifest, royal_manifest_unref)

/**
 * royal_manifest_read_module:
 * @path: a plugin (.so)
 *
 * Reads the manifest out of the module's ELF section without loading any code, and validates it.
 *
 * Returns: (transfer full): the manifest; NULL with %ROYAL_ERROR_INVALID: `file: /json/pointer: expected …`.
 */
RoyalManifest *royal_manifest_read_module (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same from the bytes of a module; @what names it in messages. */
RoyalManifest *royal_manifest_read_bytes (GBytes      *module,
                                          const char  *what,
                                          GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same from a JSON file. */
RoyalManifest *royal_manifest_read_file (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same from memory; @what names the source in messages. */
RoyalManifest *royal_manifest_parse (const char  *data,
                                     gsize        length,
                                     const char  *what,
                                     GError     **error) G_GNUC_WARN_UNUSED_RESULT;

const char *royal_manifest_id (RoyalManifest *self);
const char *royal_manifest_name (RoyalManifest *self);
const char *royal_manifest_version (RoyalManifest *self);
const char *royal_manifest_description (RoyalManifest *self);
const char *royal_manifest_cluster (RoyalManifest *self); /* "" when the developer leaves it to the operator */
guint royal_manifest_abi (RoyalManifest *self);

/* NULL-terminated, (transfer none). */
const char *const *royal_manifest_tasks (RoyalManifest *self);
const char *const *royal_manifest_reads (RoyalManifest *self);
const char *const *royal_manifest_writes (RoyalManifest *self);

/* (nullable) (transfer none): the JSON Schema of a task's input; of the configuration. */
JsonObject *royal_manifest_task_input (RoyalManifest *self, const char *task);
JsonObject *royal_manifest_config_schema (RoyalManifest *self);

/* (transfer none): the schema of the manifest itself. */
RoyalSchema *royal_manifest_schema (void);

/* (transfer none): the whole document, defaults filled in. */
JsonObject *royal_manifest_json (RoyalManifest *self);

G_END_DECLS
