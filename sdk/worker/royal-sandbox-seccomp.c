/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LAYER "seccomp"

#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#endif

/* docs/sandbox.md says of each group why it is here. What is in no table ends the process. */

static const int allowed[] = {
  /* memory */
  SCMP_SYS (munmap),
  SCMP_SYS (mremap),
  SCMP_SYS (madvise),
  SCMP_SYS (brk),
  SCMP_SYS (mbind),
  SCMP_SYS (get_mempolicy),
  /* threads */
  SCMP_SYS (futex),
  SCMP_SYS (set_robust_list),
  SCMP_SYS (rseq),
  SCMP_SYS (gettid),
  SCMP_SYS (getpid),
  SCMP_SYS (getppid),
  SCMP_SYS (exit),
  SCMP_SYS (exit_group),
  SCMP_SYS (restart_syscall),
  SCMP_SYS (sched_yield),
  SCMP_SYS (sched_getaffinity),
  SCMP_SYS (sched_getscheduler),
  SCMP_SYS (sched_getparam),
  SCMP_SYS (sched_get_priority_max),
  SCMP_SYS (sched_get_priority_min),
  SCMP_SYS (getpriority),
  SCMP_SYS (getcpu),
  /* its own signals */
  SCMP_SYS (rt_sigaction),
  SCMP_SYS (rt_sigprocmask),
  SCMP_SYS (rt_sigreturn),
  SCMP_SYS (sigaltstack),
  /* time */
  SCMP_SYS (clock_gettime),
  SCMP_SYS (clock_getres),
  SCMP_SYS (clock_nanosleep),
  SCMP_SYS (nanosleep),
  SCMP_SYS (gettimeofday),
  SCMP_SYS (time),
  SCMP_SYS (times),
  SCMP_SYS (getrusage),
  /* open descriptors */
  SCMP_SYS (read),
  SCMP_SYS (readv),
  SCMP_SYS (pread64),
  SCMP_SYS (preadv),
  SCMP_SYS (lseek),
  SCMP_SYS (write),
  SCMP_SYS (writev),
  SCMP_SYS (close),
  SCMP_SYS (fstat),
  SCMP_SYS (newfstatat),
  SCMP_SYS (getdents64),
  SCMP_SYS (fadvise64),
  SCMP_SYS (poll),
  SCMP_SYS (ppoll),
  SCMP_SYS (select),
  SCMP_SYS (pselect6),
  SCMP_SYS (eventfd2),
  /* the loader and the system's libraries */
  SCMP_SYS (stat),
  SCMP_SYS (lstat),
  SCMP_SYS (getcwd),
  SCMP_SYS (statfs),
  SCMP_SYS (fstatfs),
  SCMP_SYS (uname),
  SCMP_SYS (sysinfo),
  SCMP_SYS (getrandom),
  SCMP_SYS (getuid),
  SCMP_SYS (geteuid),
  SCMP_SYS (getgid),
  SCMP_SYS (getegid),
  SCMP_SYS (getgroups),
};

/* Refused in a way that the C library and others can live with. */
static const struct {
  int syscall;
  int code;
} refused[] = {
  /* Its flags lie in memory, where no filter can see them; the C library then takes clone. */
  { SCMP_SYS (clone3), ENOSYS },
  { SCMP_SYS (openat2), ENOSYS },
  { SCMP_SYS (statx), ENOSYS },
  { SCMP_SYS (faccessat2), ENOSYS },
  { SCMP_SYS (membarrier), ENOSYS },
  { SCMP_SYS (futex_waitv), ENOSYS },
  { SCMP_SYS (sched_getattr), ENOSYS },
  { SCMP_SYS (access), EACCES },
  { SCMP_SYS (faccessat), EACCES },
  { SCMP_SYS (readlink), EACCES },
  { SCMP_SYS (readlinkat), EACCES },
  { SCMP_SYS (ioctl), ENOTTY },
  /* The core that is kept free of workers stays free. */
  { SCMP_SYS (sched_setaffinity), EPERM },
  { SCMP_SYS (sched_setscheduler), EPERM },
  { SCMP_SYS (sched_setparam), EPERM },
  { SCMP_SYS (sched_setattr), EPERM },
  { SCMP_SYS (setpriority), EPERM },
  { SCMP_SYS (set_mempolicy), EPERM },
  { SCMP_SYS (mlock), EPERM },
  { SCMP_SYS (munlock), EPERM },
};

/* What a thread has, and what no thread has. */
#define CLONE_WANTED (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define CLONE_UNWANTED                                                                                                 \
  (CLONE_PTRACE | CLONE_VFORK | CLONE_PARENT | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |           \
   CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_IO | CLONE_PIDFD | CLONE_UNTRACED)

#define OPEN_UNWANTED (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_TMPFILE | O_PATH | O_ASYNC)

typedef struct {
  int syscall;
  guint32 action;
  guint n;
  struct scmp_arg_cmp args[2];
} Rule;

static gboolean
add_simple (scmp_filter_ctx filter, GError **error)
{
  int code;

  for (guint i = 0; i < G_N_ELEMENTS (allowed); i++)
    {
      code = seccomp_rule_add (filter, SCMP_ACT_ALLOW, allowed[i], 0);
      if (code < 0 && code != -EDOM)
        return royal_sandbox_fail (error, LAYER, "allow", -code);
    }
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      code = seccomp_rule_add (filter, SCMP_ACT_ERRNO ((guint16)refused[i].code), refused[i].syscall, 0);
      if (code < 0 && code != -EDOM)
        return royal_sandbox_fail (error, LAYER, "refuse", -code);
    }
  return TRUE;
}

static gboolean
add_checked (scmp_filter_ctx filter, GError **error)
{
  const guint64 tmpfile = O_TMPFILE & ~O_DIRECTORY, unwanted = (OPEN_UNWANTED & ~(guint64)O_DIRECTORY) | tmpfile;
  const Rule rules[] = {
    /* Reading only. Landlock says what. */
    { SCMP_SYS (openat), SCMP_ACT_ALLOW, 1, { SCMP_A2 (SCMP_CMP_MASKED_EQ, unwanted, O_RDONLY) } },
    { SCMP_SYS (open), SCMP_ACT_ALLOW, 1, { SCMP_A1 (SCMP_CMP_MASKED_EQ, unwanted, O_RDONLY) } },
    /* Threads only. */
    { SCMP_SYS (clone),
      SCMP_ACT_ALLOW,
      1,
      { SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_WANTED | CLONE_UNWANTED, CLONE_WANTED) } },
    /* Executable memory comes from files that the loader may read, never from what was written. */
    { SCMP_SYS (mmap), SCMP_ACT_ALLOW, 1, { SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) } },
    { SCMP_SYS (mmap),
      SCMP_ACT_ALLOW,
      2,
      { SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC),
        SCMP_A3 (SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0) } },
    { SCMP_SYS (mprotect), SCMP_ACT_ALLOW, 1, { SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) } },
    /* The channel, and nothing else that is a socket. */
    { SCMP_SYS (sendmsg), SCMP_ACT_ALLOW, 1, { SCMP_A0 (SCMP_CMP_EQ, ROYAL_CHANNEL_FD) } },
    { SCMP_SYS (recvmsg), SCMP_ACT_ALLOW, 1, { SCMP_A0 (SCMP_CMP_EQ, ROYAL_CHANNEL_FD) } },
    { SCMP_SYS (fcntl), SCMP_ACT_ALLOW, 1, { SCMP_A1 (SCMP_CMP_EQ, F_GETFD) } },
    { SCMP_SYS (fcntl), SCMP_ACT_ALLOW, 1, { SCMP_A1 (SCMP_CMP_EQ, F_SETFD) } },
    { SCMP_SYS (fcntl), SCMP_ACT_ALLOW, 1, { SCMP_A1 (SCMP_CMP_EQ, F_GETFL) } },
    { SCMP_SYS (fcntl), SCMP_ACT_ALLOW, 1, { SCMP_A1 (SCMP_CMP_EQ, F_GET_SEALS) } },
    /* abort() and raise(). */
    { SCMP_SYS (tgkill), SCMP_ACT_ALLOW, 1, { SCMP_A0 (SCMP_CMP_EQ, (guint64)getpid ()) } },
    { SCMP_SYS (prctl), SCMP_ACT_ALLOW, 1, { SCMP_A0 (SCMP_CMP_EQ, PR_SET_NAME) } },
    { SCMP_SYS (prctl), SCMP_ACT_ERRNO (EPERM), 1, { SCMP_A0 (SCMP_CMP_NE, PR_SET_NAME) } },
    /* Limits are read, not set. */
    { SCMP_SYS (prlimit64), SCMP_ACT_ALLOW, 2, { SCMP_A0 (SCMP_CMP_EQ, 0), SCMP_A2 (SCMP_CMP_EQ, 0) } },
    { SCMP_SYS (prlimit64), SCMP_ACT_ERRNO (EPERM), 1, { SCMP_A2 (SCMP_CMP_NE, 0) } },
    { SCMP_SYS (getrlimit), SCMP_ACT_ALLOW, 0, { { 0 } } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      int code = seccomp_rule_add_array (filter, rules[i].action, rules[i].syscall, rules[i].n, rules[i].args);

      if (code < 0 && code != -EDOM)
        return royal_sandbox_fail (error, LAYER, "check", -code);
    }
  return TRUE;
}

static gboolean
configure (scmp_filter_ctx filter, GError **error)
{
  /* A binary tree, not a list: a hot call costs five comparisons instead of fifty. */
  static const struct {
    enum scmp_filter_attr attribute;
    guint32 value;
  } attributes[] = {
    { SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS },
    { SCMP_FLTATR_CTL_OPTIMIZE, 2 },
    { SCMP_FLTATR_CTL_TSYNC, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (attributes); i++)
    {
      int code = seccomp_attr_set (filter, attributes[i].attribute, attributes[i].value);

      if (code < 0)
        return royal_sandbox_fail (error, LAYER, "configure", -code);
    }
  return TRUE;
}

gboolean
royal_sandbox_seccomp (const RoyalSandboxPlan *plan, JsonObject *facts, GError **error)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_KILL_PROCESS);
  gboolean done;
  int code;

  if (filter == NULL)
    return royal_sandbox_fail (error, LAYER, "init", ENOMEM);
  done = configure (filter, error) && add_simple (filter, error) && add_checked (filter, error);
  if (done && (code = seccomp_load (filter)) < 0)
    done = royal_sandbox_fail (error, LAYER, "load", -code);
  seccomp_release (filter);
  if (done)
    json_object_set_boolean_member (facts, "seccomp", TRUE);
  return done;
}
