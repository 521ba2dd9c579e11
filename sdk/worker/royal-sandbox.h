/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-channel.h"

G_BEGIN_DECLS

/* What a worker gives up before it loads a plugin. Described, with the reason for every piece, in
 * docs/sandbox.md. One file for each layer; a layer that is asked for and cannot be had is an error. */
typedef struct {
  const char *module;         /* its folder stays readable */
  RoyalSandboxLayers without; /* layers that are left out */
  guint user_id;              /* to drop to when root; 0 = nobody */
  guint memory_mb;            /* 0 = the default */
  guint cpu_s;                /* 0 = no limit */
  guint nofile;               /* 0 = the default */
} RoyalSandboxPlan;

#define ROYAL_SANDBOX_MEMORY_MB 1024u
#define ROYAL_SANDBOX_NOFILE 32u
#define ROYAL_SANDBOX_NOBODY 65534u

/* Applies every layer of @plan to the process, for good, and adds to @facts what is in force. */
gboolean royal_sandbox_apply (const RoyalSandboxPlan  *plan,
                              JsonObject              *facts,
                              GError                 **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): what this kernel offers, for `royal-worker --probe`. */
JsonObject *royal_sandbox_probe (void) G_GNUC_WARN_UNUSED_RESULT;

/* The layers, in the order in which they are applied. */
gboolean royal_sandbox_identity (const RoyalSandboxPlan *plan, JsonObject *facts, GError **error);
gboolean royal_sandbox_limits (const RoyalSandboxPlan *plan, JsonObject *facts, GError **error);
gboolean royal_sandbox_landlock (const RoyalSandboxPlan *plan, JsonObject *facts, GError **error);
gboolean royal_sandbox_seccomp (const RoyalSandboxPlan *plan, JsonObject *facts, GError **error);

/* The kernel's Landlock ABI, 0 when it has none. */
int royal_sandbox_landlock_abi (void);

/* FALSE with %ROYAL_ERROR_UNAVAILABLE: `sandbox: @layer: @what: errno`. */
gboolean royal_sandbox_fail (GError **error, const char *layer, const char *what, int code);

G_END_DECLS
