/* SPDX-License-Identifier: Apache-2.0 */

/* The time from starting royald to its being ready, on a cluster that is there already: told by the host itself as a
 * service manager hears it (READY=1). */

#include "bench.h"
#include "royal-test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 9

static int
open_notify_socket (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct timeval patience = { .tv_sec = 60 };
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_unlink (path);
  if (fd < 0 || bind (fd, (struct sockaddr *)&address, sizeof address) != 0 ||
      setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
    g_error ("no notify socket at %s", path);
  return fd;
}

static void
wait_for (int fd, const char *state)
{
  char buffer[256];
  ssize_t n;

  do
    {
      n = recv (fd, buffer, sizeof buffer - 1, 0);
      if (n < 0)
        g_error ("the host did not say %s", state);
      buffer[n] = '\0';
  } while (strstr (buffer, state) == NULL);
}

static char *
option (const char *name, const char *value)
{
  return g_strdup_printf ("--%s=%s", name, value);
}

static GPid
start_host (const char *notify)
{
  g_autofree char *program = bench_build_path ("host/royald");
  g_autofree char *worker = bench_build_path ("sdk/worker/royal-worker");
  g_autofree char *plugins = bench_build_path ("plugins");
  g_autofree char *manifests = g_build_filename (ROYAL_SRCDIR, "manifests", NULL);
  g_autofree char *data = g_build_filename (royal_test_dir (), "data", NULL);
  g_autofree char *socket = g_build_filename (royal_test_dir (), "royald.sock", NULL);
  char *argv[] = { program,
                   option ("data-dir", data),
                   option ("socket", socket),
                   option ("manifests", manifests),
                   option ("plugins", plugins),
                   option ("worker", worker),
                   option ("log-level", "warning"),
                   NULL };
  g_autoptr (GError) error = NULL;
  GPid pid;

  g_setenv ("NOTIFY_SOCKET", notify, TRUE);
  if (!g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error))
    g_error ("%s", error->message);
  for (guint i = 1; argv[i] != NULL; i++)
    g_free (argv[i]);
  return pid;
}

static double
measure_start (const char *path, int notify)
{
  double start = bench_now_us (), ms;
  GPid pid = start_host (path);
  int status;

  wait_for (notify, "READY=1");
  ms = (bench_now_us () - start) / 1000;
  kill (pid, SIGTERM);
  if (waitpid (pid, &status, 0) != pid || !WIFEXITED (status) || WEXITSTATUS (status) != 0)
    g_error ("the host did not stop cleanly");
  return ms;
}

int
main (int argc, char **argv)
{
  double ready[ROUNDS], first;
  g_autofree char *path = NULL;
  int notify;

  royal_test_init (&argc, &argv);
  path = g_build_filename (royal_test_dir (), "notify", NULL);
  notify = open_notify_socket (path);
  first = measure_start (path, notify);
  for (guint i = 0; i < ROUNDS; i++)
    ready[i] = measure_start (path, notify);
  close (notify);
  g_print ("%-36s %8.0f ms\n%-36s %8.0f ms (median of %d)\n", "first start: the cluster is made", first,
           "start on an existing cluster", bench_median (ready, ROUNDS), ROUNDS);
  g_print ("{\"bench\":\"start\",\"ready_ms\":%.0f,\"first_ms\":%.0f}\n", bench_median (ready, ROUNDS), first);
  return royal_test_finish ();
}
