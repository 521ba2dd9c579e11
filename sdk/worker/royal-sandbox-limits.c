/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-sandbox.h"

#include "royal-json.h"

#include <errno.h>
#include <sys/resource.h>

/* Threads of one worker; where it shares the count with its siblings, of all of them. */
#define NPROC_OWN 128u
#define NPROC_SHARED 8192u
#define STACK_BYTES (8u * 1024 * 1024)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static gboolean
limit (int resource, const char *name, rlim_t soft, rlim_t hard, GError **error)
{
  struct rlimit now, wanted = { soft, hard };

  if (getrlimit ((__rlimit_resource_t)resource, &now) < 0)
    return royal_sandbox_fail (error, "limits", name, errno);
  /* Never above what the host itself may: it could not be set, and it is not ours to give. */
  wanted.rlim_max = MIN (wanted.rlim_max, now.rlim_max);
  wanted.rlim_cur = MIN (wanted.rlim_cur, wanted.rlim_max);
  if (setrlimit ((__rlimit_resource_t)resource, &wanted) < 0)
    return royal_sandbox_fail (error, "limits", name, errno);
  return TRUE;
}

gboolean
royal_sandbox_limits (const RoyalSandboxPlan *plan, JsonObject *facts, GError **error)
{
  rlim_t memory = (rlim_t)(plan->memory_mb != 0 ? plan->memory_mb : ROYAL_SANDBOX_MEMORY_MB) * 1024 * 1024;
  guint nofile = plan->nofile != 0 ? plan->nofile : ROYAL_SANDBOX_NOFILE;
  gboolean own = royal_json_boolean (facts, "own_user_namespace", FALSE);
  const struct {
    int resource;
    const char *name;
    rlim_t soft;
    rlim_t hard;
  } limits[] = {
    /* A sanitized build reserves terabytes of address space that it does not use. */
    { RLIMIT_AS, "address space", SANITIZED ? RLIM_INFINITY : memory, SANITIZED ? RLIM_INFINITY : memory },
    /* SIGXCPU, which can be caught, then SIGKILL, which cannot. */
    { RLIMIT_CPU, "CPU time", plan->cpu_s != 0 ? plan->cpu_s : RLIM_INFINITY,
      plan->cpu_s != 0 ? plan->cpu_s + 1 : RLIM_INFINITY },
    { RLIMIT_FSIZE, "file size", 0, 0 },
    { RLIMIT_NPROC, "threads", own ? NPROC_OWN : NPROC_SHARED, own ? NPROC_OWN : NPROC_SHARED },
    { RLIMIT_CORE, "core", 0, 0 },
    { RLIMIT_NOFILE, "descriptors", nofile, nofile },
    { RLIMIT_STACK, "stack", STACK_BYTES, STACK_BYTES },
    { RLIMIT_MEMLOCK, "locked memory", 0, 0 },
    { RLIMIT_MSGQUEUE, "message queues", 0, 0 },
    { RLIMIT_RTPRIO, "realtime priority", 0, 0 },
    { RLIMIT_NICE, "nice", 0, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      if (!limit (limits[i].resource, limits[i].name, limits[i].soft, limits[i].hard, error))
        return FALSE;
    }
  json_object_set_int_member (facts, "memory_mb", (gint64)(memory / 1024 / 1024));
  json_object_set_int_member (facts, "cpu_s", plan->cpu_s);
  json_object_set_int_member (facts, "descriptors", nofile);
  json_object_set_int_member (facts, "threads", own ? NPROC_OWN : NPROC_SHARED);
  return TRUE;
}
