/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-launch.h"

#include <errno.h>
#include <fcntl.h>
#include <royal/error.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static gboolean
set_errno_error (GError **error, int code, const char *what)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "cannot start a worker: %s: %s", what, g_strerror (code));
  return FALSE;
}

static void
add_descriptors (posix_spawn_file_actions_t *actions, int channel)
{
  gboolean keep_stderr = g_strcmp0 (g_getenv ("ROYAL_WORKER_STDERR"), "1") == 0;

  posix_spawn_file_actions_adddup2 (actions, channel, ROYAL_CHANNEL_FD);
  posix_spawn_file_actions_addopen (actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2 (actions, STDIN_FILENO, STDOUT_FILENO);
  if (!keep_stderr)
    posix_spawn_file_actions_adddup2 (actions, STDIN_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np (actions, ROYAL_CHANNEL_FD + 1);
}

static void
set_attributes (posix_spawnattr_t *attributes)
{
  sigset_t none, all;

  sigemptyset (&none);
  sigfillset (&all);
  posix_spawnattr_setsigmask (attributes, &none);
  posix_spawnattr_setsigdefault (attributes, &all);
  posix_spawnattr_setpgroup (attributes, 0);
  /* Not a session of its own: the kernel's autogroups would give it the weight of all the rest, nice or not. */
  posix_spawnattr_setflags (attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static gboolean
spawn (const char *worker, int channel, pid_t *ret_pid, GError **error)
{
  char *argv[] = { (char *)"royal-worker", NULL };
  char *envp[] = { NULL };
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int code;

  posix_spawn_file_actions_init (&actions);
  posix_spawnattr_init (&attributes);
  add_descriptors (&actions, channel);
  set_attributes (&attributes);
  code = posix_spawn (ret_pid, worker, &actions, &attributes, argv, envp);
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attributes);
  return code == 0 || set_errno_error (error, code, worker);
}

/* A pair whose worker's end stays clear of the descriptors that the worker's own are put on. */
static gboolean
make_pair (int pair[2], GError **error)
{
  int moved;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return set_errno_error (error, errno, "socketpair");
  moved = fcntl (pair[1], F_DUPFD_CLOEXEC, ROYAL_CHANNEL_FD + 1);
  close (pair[1]);
  pair[1] = moved;
  if (moved >= 0 && fcntl (pair[0], F_SETFL, O_NONBLOCK) == 0)
    return TRUE;
  set_errno_error (error, errno, "fcntl");
  close (pair[0]);
  if (moved >= 0)
    close (moved);
  return FALSE;
}

GPid
royal_launch_spawn (const RoyalLaunch *launch, int *ret_fd, GError **error)
{
  int pair[2];
  pid_t pid = -1;
  gboolean started;

  g_return_val_if_fail (launch != NULL && launch->worker != NULL, -1);
  g_return_val_if_fail (ret_fd != NULL, -1);

  if (!make_pair (pair, error))
    return -1;
  started = spawn (launch->worker, pair[1], &pid, error);
  close (pair[1]);
  if (!started)
    {
      close (pair[0]);
      return -1;
    }
  *ret_fd = pair[0];
  return pid;
}

JsonObject *
royal_launch_init (const RoyalLaunch *launch, const char *module)
{
  JsonObject *init = json_object_new (), *limits = json_object_new (), *sandbox = json_object_new ();

  json_object_set_string_member (init, "module", module);
  if (launch->sha256 != NULL)
    json_object_set_string_member (init, "sha256", launch->sha256);
  if (launch->agent != NULL)
    json_object_set_string_member (init, "agent", launch->agent);
  json_object_set_int_member (limits, "memory_mb", launch->memory_mb);
  json_object_set_int_member (limits, "cpu_s", launch->cpu_s);
  json_object_set_object_member (init, "limits", limits);
  json_object_set_int_member (sandbox, "without", launch->without);
  json_object_set_int_member (sandbox, "user_id", launch->user_id);
  json_object_set_object_member (init, "sandbox", sandbox);
  json_object_set_int_member (init, "keep_off_cpu", launch->keep_off_cpu);
  return init;
}

/* What a signal most often means for a sandboxed worker. */
static const struct {
  int signal;
  RoyalError code;
  const char *meaning;
} meanings[] = {
  { SIGSYS, ROYAL_ERROR_FAILED, "was ended by the sandbox for a system call that it does not allow" },
  { ROYAL_SIGNAL_MEMORY, ROYAL_ERROR_LIMIT, "ran out of memory" },
  { SIGXCPU, ROYAL_ERROR_LIMIT, "used up its CPU time" },
  { SIGKILL, ROYAL_ERROR_LIMIT, "was killed by the system, probably for its memory or CPU time" },
  { SIGXFSZ, ROYAL_ERROR_LIMIT, "tried to grow a file" },
};

GError *
royal_launch_describe_end (const siginfo_t *info)
{
  if (info->si_code == CLD_EXITED && info->si_status == 0)
    return NULL;
  if (info->si_code == CLD_EXITED)
    return g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED, "worker exited with status %d", info->si_status);
  for (guint i = 0; i < G_N_ELEMENTS (meanings); i++)
    {
      if (meanings[i].signal == info->si_status)
        return g_error_new (ROYAL_ERROR, (gint)meanings[i].code, "worker %s (signal %d)", meanings[i].meaning,
                            info->si_status);
    }
  return g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED, "worker crashed with signal %d (%s)", info->si_status,
                      g_strsignal (info->si_status));
}
