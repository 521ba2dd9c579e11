/* SPDX-License-Identifier: Apache-2.0 */

/* The kernel's less travelled doors: other entries, other objects, other ways to reach a process or a file. */

#include "attack.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

/* The worker's parent is the host. */
#define HOST getppid ()

ATTACK (x32_entry)
{
  /* getpid by the x32 entry, which has numbers of its own over the same architecture. */
  return attack_verdict (syscall (0x40000000 + SYS_getpid));
}

ATTACK (timer_to_host)
{
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL | SIGEV_THREAD_ID, .sigev_signo = SIGKILL };
  timer_t timer;

  ((int *)&event)[4] = HOST;
  return attack_verdict (syscall (SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
}

ATTACK (own_signals)
{
  return attack_verdict (fcntl (3, F_SETOWN, HOST));
}

ATTACK (choose_signal)
{
  return attack_verdict (fcntl (3, F_SETSIG, SIGKILL));
}

ATTACK (signal_on_data)
{
  return attack_verdict (fcntl (3, F_SETFL, O_ASYNC));
}

ATTACK (watch_folder)
{
  int fd = open ("/usr/lib", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  return attack_verdict (fd < 0 ? fd : fcntl (fd, F_NOTIFY, DN_CREATE));
}

ATTACK (inotify)
{
  return attack_verdict (syscall (SYS_inotify_init1, 0));
}

ATTACK (fanotify)
{
  return attack_verdict (syscall (SYS_fanotify_init, 0, 0));
}

ATTACK (type_for_terminal)
{
  return attack_verdict (ioctl (0, TIOCSTI, "x"));
}

ATTACK (file_handle)
{
  struct {
    struct file_handle head;
    char bytes[128];
  } handle = { .head = { .handle_bytes = 128 } };
  int mount;

  return attack_verdict (name_to_handle_at (AT_FDCWD, "/etc/passwd", &handle.head, &mount, 0));
}

ATTACK (open_handle)
{
  struct file_handle handle = { 0 };

  return attack_verdict (open_by_handle_at (3, &handle, O_RDONLY));
}

ATTACK (path_only)
{
  return attack_verdict (open ("/etc/shadow", O_PATH | O_CLOEXEC));
}

ATTACK (path_of_process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d", HOST);

  return attack_verdict (open (path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

ATTACK (shared_memory)
{
  return attack_verdict (syscall (SYS_shmget, IPC_PRIVATE, 4096, 0600));
}

ATTACK (semaphores)
{
  return attack_verdict (syscall (SYS_semget, IPC_PRIVATE, 1, 0600));
}

ATTACK (message_queue)
{
  return attack_verdict (syscall (SYS_msgget, IPC_PRIVATE, 0600));
}

ATTACK (posix_queue)
{
  return attack_verdict (syscall (SYS_mq_open, "royal", O_RDWR | O_CREAT, 0600, NULL));
}

ATTACK (splice_in)
{
  return attack_verdict (syscall (SYS_splice, 0, NULL, 3, NULL, 1, 0));
}

ATTACK (vmsplice_in)
{
  struct iovec part = { (void *)"x", 1 };

  return attack_verdict (syscall (SYS_vmsplice, 3, &part, 1, 0));
}

ATTACK (send_file)
{
  return attack_verdict (syscall (SYS_sendfile, 3, 0, NULL, 1));
}

ATTACK (pipe_pair)
{
  int fds[2];

  return attack_verdict (syscall (SYS_pipe2, fds, 0));
}

ATTACK (copy_descriptor)
{
  return attack_verdict (dup (3));
}

ATTACK (old_personality)
{
  return attack_verdict (personality (READ_IMPLIES_EXEC));
}

ATTACK (limit_host)
{
  struct rlimit limit = { 0, 0 };

  return attack_verdict (prlimit (HOST, RLIMIT_NOFILE, &limit, NULL));
}

ATTACK (read_host_limit)
{
  struct rlimit limit;

  return attack_verdict (prlimit (HOST, RLIMIT_NOFILE, NULL, &limit));
}

ATTACK (write_code)
{
  void *page = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return attack_verdict (page == MAP_FAILED ? -1 : mprotect (page, 4096, PROT_READ | PROT_EXEC));
}

ATTACK (map_code)
{
  void *page = mmap (NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return attack_verdict (page == MAP_FAILED ? -1 : 0);
}

ATTACK (key_of_memory)
{
  return attack_verdict (syscall (SYS_pkey_mprotect, NULL, 0, PROT_EXEC, -1));
}

ATTACK (slow_host)
{
  return attack_verdict (setpriority (PRIO_PROCESS, (id_t)HOST, 19));
}

ATTACK (move_host)
{
  unsigned long cpus = 1;

  return attack_verdict (syscall (SYS_sched_setaffinity, HOST, sizeof cpus, &cpus));
}

ATTACK (compare_host)
{
  return attack_verdict (syscall (SYS_kcmp, HOST, getpid (), 0, 0, 0));
}

ATTACK (robust_list_of_host)
{
  void *head;
  size_t length;

  return attack_verdict (syscall (SYS_get_robust_list, HOST, &head, &length));
}

ATTACK (second_filter)
{
  return attack_verdict (syscall (SYS_seccomp, 1, 0, NULL));
}

ROYAL_AGENT (ROYAL_TASK ("x32_entry", x32_entry),
             ROYAL_TASK ("timer_to_host", timer_to_host),
             ROYAL_TASK ("own_signals", own_signals),
             ROYAL_TASK ("choose_signal", choose_signal),
             ROYAL_TASK ("signal_on_data", signal_on_data),
             ROYAL_TASK ("watch_folder", watch_folder),
             ROYAL_TASK ("inotify", inotify),
             ROYAL_TASK ("fanotify", fanotify),
             ROYAL_TASK ("type_for_terminal", type_for_terminal),
             ROYAL_TASK ("file_handle", file_handle),
             ROYAL_TASK ("open_handle", open_handle),
             ROYAL_TASK ("path_only", path_only),
             ROYAL_TASK ("path_of_process", path_of_process),
             ROYAL_TASK ("shared_memory", shared_memory),
             ROYAL_TASK ("semaphores", semaphores),
             ROYAL_TASK ("message_queue", message_queue),
             ROYAL_TASK ("posix_queue", posix_queue),
             ROYAL_TASK ("splice_in", splice_in),
             ROYAL_TASK ("vmsplice_in", vmsplice_in),
             ROYAL_TASK ("send_file", send_file),
             ROYAL_TASK ("pipe_pair", pipe_pair),
             ROYAL_TASK ("copy_descriptor", copy_descriptor),
             ROYAL_TASK ("old_personality", old_personality),
             ROYAL_TASK ("limit_host", limit_host),
             ROYAL_TASK ("read_host_limit", read_host_limit),
             ROYAL_TASK ("write_code", write_code),
             ROYAL_TASK ("map_code", map_code),
             ROYAL_TASK ("key_of_memory", key_of_memory),
             ROYAL_TASK ("slow_host", slow_host),
             ROYAL_TASK ("move_host", move_host),
             ROYAL_TASK ("compare_host", compare_host),
             ROYAL_TASK ("robust_list_of_host", robust_list_of_host),
             ROYAL_TASK ("second_filter", second_filter))
