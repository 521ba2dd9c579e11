/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-sandbox.h"

#include <royal/error.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

gboolean
royal_sandbox_fail (GError **error, const char *layer, const char *what, int code)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "sandbox: %s: %s: %s", layer, what, g_strerror (code));
  return FALSE;
}

static const struct {
  RoyalSandboxLayers layer; /* 0: cannot be left out */
  gboolean (*apply) (const RoyalSandboxPlan *plan, JsonObject *facts, GError **error);
} layers[] = {
  { 0, royal_sandbox_identity },
  { ROYAL_SANDBOX_RLIMITS, royal_sandbox_limits },
  { ROYAL_SANDBOX_LANDLOCK, royal_sandbox_landlock },
  { ROYAL_SANDBOX_SECCOMP, royal_sandbox_seccomp },
};

gboolean
royal_sandbox_apply (const RoyalSandboxPlan *plan, JsonObject *facts, GError **error)
{
  g_return_val_if_fail (plan != NULL && plan->module != NULL, FALSE);
  g_return_val_if_fail (facts != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (layers); i++)
    {
      if (layers[i].layer & plan->without)
        continue;
      if (!layers[i].apply (plan, facts, error))
        return FALSE;
    }
  return TRUE;
}
