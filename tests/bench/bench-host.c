/* SPDX-License-Identifier: Apache-2.0 */

#include "bench-host.h"

#include "bench.h"
#include "royal-test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct BenchHost {
  char *data;
  GPid pid;
  int notify; /* where it says how it is */
};

static int
open_notify_socket (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct timeval patience = { .tv_sec = 120 };
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_unlink (path);
  if (fd < 0 || bind (fd, (struct sockaddr *)&address, sizeof address) != 0 ||
      setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
    g_error ("no notify socket at %s", path);
  return fd;
}

static GStrv
command_line (const char *name, const char *data, const char *const *options)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *program = bench_build_path ("host/royald");
  g_autofree char *worker = bench_build_path ("sdk/worker/royal-worker");
  g_autofree char *worker_option = g_strconcat ("--worker=", worker, NULL);
  g_autofree char *data_option = g_strconcat ("--data-dir=", data, NULL);
  g_autofree char *socket_option = g_strdup_printf ("--socket=%s/%s.sock", royal_test_dir (), name);

  g_strv_builder_add_many (builder, program, data_option, socket_option, worker_option, "--log-level=warning", NULL);
  for (guint i = 0; options[i] != NULL; i++)
    {
      g_autofree char *option = g_strconcat ("--", options[i], NULL);

      g_strv_builder_add (builder, option);
    }
  return g_strv_builder_end (builder);
}

/* In the child: a benchmark that is killed leaves no host behind. */
static void
end_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

BenchHost *
bench_host_start (const char *name, const char *const *options)
{
  g_autofree char *notify = g_strdup_printf ("%s/%s.notify", royal_test_dir (), name);
  BenchHost *self = g_new0 (BenchHost, 1);
  g_auto (GStrv) argv = NULL;
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "NOTIFY_SOCKET", notify, TRUE);
  g_autoptr (GError) error = NULL;

  self->data = g_build_filename (royal_test_dir (), name, NULL);
  self->notify = open_notify_socket (notify);
  argv = command_line (name, self->data, options);
  if (!g_spawn_async (NULL, argv, environment, G_SPAWN_DO_NOT_REAP_CHILD, end_with_parent, NULL, &self->pid, &error))
    g_error ("%s", error->message);
  return self;
}

void
bench_host_wait_ready (BenchHost *self)
{
  char buffer[256];
  ssize_t n;

  do
    {
      n = recv (self->notify, buffer, sizeof buffer - 1, 0);
      if (n < 0)
        g_error ("the host did not become ready");
      buffer[n] = '\0';
  } while (strstr (buffer, "READY=1") == NULL);
}

/* -1: the process is gone. */
static double
process_rss_kb (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/statm", pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return -1;
  fields = g_strsplit (text, " ", 3);
  return g_ascii_strtod (fields[1], NULL) * (double)sysconf (_SC_PAGESIZE) / 1024;
}

double
bench_host_rss_kb (BenchHost *self)
{
  double kb = process_rss_kb (self->pid);

  if (kb < 0)
    g_error ("the host is gone");
  return kb;
}

/* What the threads of @pid have started, and what that has started. */
static double
children_rss_kb (int pid)
{
  g_autofree char *tasks = g_strdup_printf ("/proc/%d/task", pid);
  g_autoptr (GDir) dir = g_dir_open (tasks, 0, NULL);
  double kb = 0;
  const char *task;

  while (dir != NULL && (task = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s/children", tasks, task);
      g_autofree char *text = NULL;
      g_auto (GStrv) children = NULL;

      if (!g_file_get_contents (path, &text, NULL, NULL))
        continue;
      children = g_strsplit (g_strstrip (text), " ", -1);
      for (guint i = 0; children[i] != NULL && *children[i] != '\0'; i++)
        {
          int child = (int)g_ascii_strtoll (children[i], NULL, 10);

          kb += MAX (process_rss_kb (child), 0) + children_rss_kb (child);
        }
    }
  return kb;
}

double
bench_host_children_rss_kb (BenchHost *self)
{
  return children_rss_kb (self->pid);
}

double
bench_host_cpu_s (BenchHost *self)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/schedstat", self->pid);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    g_error ("the host is gone");
  return g_ascii_strtod (text, NULL) / 1e9;
}

int
bench_host_pid (BenchHost *self)
{
  return self->pid;
}

char *
bench_host_id (BenchHost *self)
{
  g_autofree char *path = g_build_filename (self->data, "host-id", NULL);
  g_autoptr (GError) error = NULL;
  char *id = NULL;

  if (!g_file_get_contents (path, &id, NULL, &error))
    g_error ("%s", error->message);
  return g_strchomp (id);
}

static int
end (BenchHost *self, int signal)
{
  int status;

  if (kill (self->pid, signal) != 0 || waitpid (self->pid, &status, 0) != self->pid)
    g_error ("the host cannot be ended");
  close (self->notify);
  g_free (self->data);
  g_free (self);
  return status;
}

void
bench_host_stop (BenchHost *self)
{
  int status = end (self, SIGTERM);

  if (!WIFEXITED (status) || WEXITSTATUS (status) != 0)
    g_error ("the host did not stop cleanly");
}

void
bench_host_kill (BenchHost *self)
{
  int status = end (self, SIGKILL);

  if (!WIFSIGNALED (status))
    g_error ("the host had ended already");
}
