/* SPDX-License-Identifier: Apache-2.0 */

#include "attack.h"

#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static pid_t
host_pid (JsonObject *input)
{
  return (pid_t)json_object_get_int_member_with_default (input, "host", getppid ());
}

ATTACK (exec)
{
  char *argv[] = { (char *)"/bin/true", NULL };

  return attack_verdict (execv ("/bin/true", argv));
}

ATTACK (shell)
{
  return attack_verdict (system ("true") == 0 ? 0 : -1); /* NOLINT(cert-env33-c): the attack */
}

/* A program written into memory and run from there. */
ATTACK (exec_memory)
{
  char *argv[] = { (char *)"x", NULL };
  int fd = (int)syscall (SYS_memfd_create, "x", 0);

  if (fd < 0 || write (fd, "#!/bin/true\n", 12) != 12)
    return attack_verdict (-1);
  return attack_verdict (fexecve (fd, argv, argv + 1));
}

ATTACK (fork_bomb)
{
  for (int i = 0; i < 1000; i++)
    if (fork () < 0)
      return attack_verdict (-1);
  return attack_result (TRUE, "forked");
}

ATTACK (vfork_once)
{
  return attack_verdict (syscall (SYS_vfork));
}

ATTACK (clone_process)
{
  return attack_verdict (syscall (SYS_clone, SIGCHLD, NULL, NULL, NULL, 0));
}

ATTACK (clone3_process)
{
  guint64 arguments[11] = { 0 };

  arguments[4] = SIGCHLD;
  return attack_verdict (syscall (SYS_clone3, arguments, sizeof arguments));
}

ATTACK (unshare_user)
{
  return attack_verdict (unshare (CLONE_NEWUSER));
}

ATTACK (join_namespace)
{
  return attack_verdict (syscall (SYS_setns, 0, 0));
}

ATTACK (trace_host)
{
  return attack_verdict (ptrace (PTRACE_ATTACH, host_pid (input), NULL, NULL));
}

ATTACK (read_host_vm)
{
  char byte;
  struct iovec here = { &byte, 1 }, there = { (void *)&attack_input, 1 };

  return attack_verdict (process_vm_readv (host_pid (input), &here, 1, &there, 1, 0));
}

ATTACK (open_pidfd)
{
  return attack_verdict (syscall (SYS_pidfd_open, host_pid (input), 0));
}

ATTACK (kill_host)
{
  return attack_verdict (kill (host_pid (input), SIGKILL));
}

ATTACK (kill_all)
{
  return attack_verdict (kill (-1, SIGKILL));
}

ATTACK (tgkill_host)
{
  return attack_verdict (syscall (SYS_tgkill, host_pid (input), host_pid (input), SIGKILL));
}

ATTACK (queue_signal)
{
  siginfo_t info = { .si_code = SI_QUEUE };

  return attack_verdict (syscall (SYS_rt_sigqueueinfo, host_pid (input), SIGUSR1, &info));
}

ATTACK (bpf)
{
  union bpf_attr attributes = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

  return attack_verdict (syscall (SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

ATTACK (userfaultfd)
{
  return attack_verdict (syscall (SYS_userfaultfd, 0));
}

ATTACK (perf)
{
  struct perf_event_attr attributes = { .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes };

  return attack_verdict (syscall (SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

ATTACK (keyring)
{
  return attack_verdict (syscall (SYS_keyctl, 0, -1, 1));
}

ATTACK (load_module)
{
  return attack_verdict (syscall (SYS_init_module, NULL, 0, ""));
}

ATTACK (become_root)
{
  return attack_verdict (setuid (0));
}

ATTACK (take_back_cpu)
{
  cpu_set_t cpus;

  memset (&cpus, 0xff, sizeof cpus);
  return attack_verdict (sched_setaffinity (0, sizeof cpus, &cpus));
}

ATTACK (raise_limit)
{
  struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

  return attack_verdict (setrlimit (RLIMIT_AS, &limit));
}

ATTACK (be_debugged)
{
  return attack_verdict (prctl (PR_SET_DUMPABLE, 1));
}

ATTACK (old_abi)
{
  long result = -1;

#ifdef __x86_64__
  /* getpid by the 32-bit entry: a filter that looks at one architecture only would let it pass. */
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
#endif
  return attack_verdict (result);
}

ROYAL_AGENT (ROYAL_TASK ("exec", exec),
             ROYAL_TASK ("shell", shell),
             ROYAL_TASK ("exec_memory", exec_memory),
             ROYAL_TASK ("fork_bomb", fork_bomb),
             ROYAL_TASK ("vfork_once", vfork_once),
             ROYAL_TASK ("clone_process", clone_process),
             ROYAL_TASK ("clone3_process", clone3_process),
             ROYAL_TASK ("unshare_user", unshare_user),
             ROYAL_TASK ("join_namespace", join_namespace),
             ROYAL_TASK ("trace_host", trace_host),
             ROYAL_TASK ("read_host_vm", read_host_vm),
             ROYAL_TASK ("open_pidfd", open_pidfd),
             ROYAL_TASK ("kill_host", kill_host),
             ROYAL_TASK ("kill_all", kill_all),
             ROYAL_TASK ("tgkill_host", tgkill_host),
             ROYAL_TASK ("queue_signal", queue_signal),
             ROYAL_TASK ("bpf", bpf),
             ROYAL_TASK ("userfaultfd", userfaultfd),
             ROYAL_TASK ("perf", perf),
             ROYAL_TASK ("keyring", keyring),
             ROYAL_TASK ("load_module", load_module),
             ROYAL_TASK ("become_root", become_root),
             ROYAL_TASK ("take_back_cpu", take_back_cpu),
             ROYAL_TASK ("raise_limit", raise_limit),
             ROYAL_TASK ("be_debugged", be_debugged),
             ROYAL_TASK ("old_abi", old_abi))
