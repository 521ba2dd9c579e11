/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAYER "identity"

/* Every capability, those that the process has and those that it could ever get again. */
static gboolean
drop_capabilities (GError **error)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

  /* Without CAP_SETPCAP, as an ordinary user, there is nothing in the set that no_new_privs would not withhold. */
  for (int cap = 0; prctl (PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
    {
      if (prctl (PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EPERM)
        return royal_sandbox_fail (error, LAYER, "bounding set", errno);
    }
  if (prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
    return royal_sandbox_fail (error, LAYER, "ambient set", errno);
  if (syscall (SYS_capset, &header, none) < 0)
    return royal_sandbox_fail (error, LAYER, "capset", errno);
  return TRUE;
}

static gboolean
drop_user (const RoyalSandboxPlan *plan, GError **error)
{
  guint id = plan->user_id != 0 ? plan->user_id : ROYAL_SANDBOX_NOBODY;

  if (geteuid () != 0)
    return TRUE;
  if (setgroups (0, NULL) < 0)
    return royal_sandbox_fail (error, LAYER, "setgroups", errno);
  if (setresgid (id, id, id) < 0)
    return royal_sandbox_fail (error, LAYER, "setresgid", errno);
  if (setresuid (id, id, id) < 0)
    return royal_sandbox_fail (error, LAYER, "setresuid", errno);
  return TRUE;
}

/* RLIMIT_NPROC counts by user and user namespace. In a namespace of its own a worker that bombs threads meets
 * its own limit and takes nothing from its siblings. Where the system refuses namespaces to users the limit
 * is shared, see royal_sandbox_limits(). */
static void
own_namespace (JsonObject *facts)
{
  gboolean own = unshare (CLONE_NEWUSER) == 0;

  json_object_set_boolean_member (facts, "own_user_namespace", own);
}

gboolean
royal_sandbox_identity (const RoyalSandboxPlan *plan, JsonObject *facts, GError **error)
{
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return royal_sandbox_fail (error, LAYER, "no_new_privs", errno);
  /* Root gives up the bounding set while it still may. */
  for (int cap = 0; geteuid () == 0 && prctl (PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
    {
      if (prctl (PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
        return royal_sandbox_fail (error, LAYER, "bounding set", errno);
    }
  if (!drop_user (plan, error))
    return FALSE;
  json_object_set_int_member (facts, "user_id", getuid ());
  /* A new namespace comes with every capability within itself: they go at once. */
  own_namespace (facts);
  if (!drop_capabilities (error))
    return FALSE;
  /* No /proc/PID/mem and no ptrace for others of the same user. Both are undone by a change of user: hence here. */
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 && errno != EINVAL)
    return royal_sandbox_fail (error, LAYER, "dumpable", errno);
  if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
    return royal_sandbox_fail (error, LAYER, "death signal", errno);
  json_object_set_boolean_member (facts, "no_new_privs", TRUE);
  json_object_set_boolean_member (facts, "capabilities", FALSE);
  return TRUE;
}
