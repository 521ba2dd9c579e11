/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The one header that a plugin includes.
 *
 *   #define ROYAL_MANIFEST "/absolute/path/manifest.json"     (normally given by the build)
 *   #include <royal/agent.h>
 *
 *   ROYAL_AGENT (ROYAL_TASK ("checkpoint", checkpoint))
 */

#include <gmodule.h>
#include <royal/error.h>
#include <royal/run.h>
#include <royal/version.h>

G_BEGIN_DECLS

/**
 * RoyalTaskFunc:
 * @run: (transfer none): the run
 * @input: (transfer none): the job's input, checked against the manifest
 *
 * Returns: (transfer full): the result, or NULL with @error set.
 */
typedef JsonNode *(*RoyalTaskFunc) (RoyalRun *run, JsonObject *input, GError **error);

typedef struct {
  const char *name;
  RoyalTaskFunc func;
} RoyalTask;

/* The only public struct. Its size is stamped; see the change log in <royal/version.h>. */
typedef struct {
  guint32 magic;
  guint32 abi;
  guint32 size;
  guint32 task_size;
  const RoyalTask *tasks;
  guint64 n_tasks;
} RoyalAgentTable;

#ifdef __cplusplus
#define ROYAL_EXPORT_ extern "C" G_MODULE_EXPORT
#else
#define ROYAL_EXPORT_ G_MODULE_EXPORT
#endif

/* The manifest, embedded as it stands in the file, so that it can be read without loading any code. */
#ifdef ROYAL_MANIFEST
#define ROYAL_EMBED_MANIFEST_                                                                                          \
  __asm__ (".pushsection " ROYAL_MANIFEST_SECTION ",\"\",@progbits\n\t.incbin \"" ROYAL_MANIFEST "\"\n\t.popsection\n");
#else
#define ROYAL_EMBED_MANIFEST_
#endif

#define ROYAL_TASK(name, func)                                                                                         \
  {                                                                                                                    \
    (name), (func)                                                                                                     \
  }

/**
 * ROYAL_AGENT:
 * @...: one ROYAL_TASK() for each task in the manifest
 *
 * Defines the plugin. Identity and version stand in the manifest, once.
 */
#define ROYAL_AGENT(...)                                                                                               \
  ROYAL_EMBED_MANIFEST_                                                                                                \
  static const RoyalTask royal_agent_tasks_[] = { __VA_ARGS__ };                                                       \
  ROYAL_EXPORT_ const RoyalAgentTable royal_agent;                                                                     \
  ROYAL_EXPORT_ const RoyalAgentTable royal_agent = {                                                                  \
    ROYAL_AGENT_MAGIC,         ROYAL_ABI,          sizeof (RoyalAgentTable),                                           \
    sizeof (RoyalTask),        royal_agent_tasks_, G_N_ELEMENTS (royal_agent_tasks_),                                  \
  };

G_END_DECLS
