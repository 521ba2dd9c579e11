/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-manifest.h"

G_BEGIN_DECLS

/* A plugin under the developer's hands: its bytes, its manifest, and a copy that a sandboxed worker, which may be
 * another user's process, can read. */
typedef struct {
  char *path;
  GBytes *bytes;
  char *sha256;
  RoyalManifest *manifest;
  char *folder; /* of the copy, removed with it */
  char *copy;
} RtPlugin;

RtPlugin *rt_plugin_load (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rt_plugin_free (RtPlugin *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtPlugin, rt_plugin_free)

/**
 * rt_plugin_config:
 * @given: (nullable) (transfer none): what the operator would write; @what names it in messages
 *
 * Returns: (transfer full): the configuration that a run sees, defaults filled in, checked.
 */
JsonNode *rt_plugin_config (RtPlugin    *self,
                            JsonNode    *given,
                            const char  *what,
                            GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks that @task exists and takes @input. */
gboolean rt_plugin_check_input (RtPlugin    *self,
                                const char  *task,
                                JsonNode    *input,
                                const char  *what,
                                GError     **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
