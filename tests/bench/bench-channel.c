/* SPDX-License-Identifier: Apache-2.0 */

/* A null call of a sandboxed plugin to the host, against a raw SOCK_SEQPACKET ping-pong of the same size and the same
 * placement on cores, and against a GDBus peer-to-peer call. The three take turns, several rounds; medians are
 * compared. */

#include "bench-worker.h"
#include "bench.h"
#include "royal-test.h"

#include <gio/gio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 7
#define CALLS 6000

/* What `check` costs on the wire: its header and body, and those of the answer. */
#define QUESTION_BYTES (ROYAL_FRAME_HEADER + sizeof "{\"method\":\"check\",\"params\":{}}" - 1)
#define ANSWER_BYTES (ROYAL_FRAME_HEADER + sizeof "{\"result\":null}" - 1)

typedef struct {
  const char *name;
  int host_cpu;
  int worker_cpu;
} Placement;

typedef struct {
  double p50, p99;
} Times;

static void
pin_if_asked (int cpu)
{
  if (cpu >= 0)
    bench_pin (cpu);
}

static Times
times_of (double *us, gsize n)
{
  return (Times){ bench_quantile (us, n, 0.5), bench_quantile (us, n, 0.99) };
}

static void
raw_answers (int fd)
{
  char buffer[256];

  while (read (fd, buffer, sizeof buffer) > 0)
    if (write (fd, buffer, ANSWER_BYTES) < 0)
      break;
  _exit (0);
}

static Times
measure_raw (const Placement *place)
{
  g_autofree double *us = g_new (double, CALLS);
  char buffer[256] = "";
  int pair[2];
  pid_t child;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
    g_error ("no socketpair");
  child = fork ();
  if (child == 0)
    {
      close (pair[0]);
      pin_if_asked (place->host_cpu);
      raw_answers (pair[1]);
    }
  close (pair[1]);
  pin_if_asked (place->worker_cpu);
  for (gsize i = 0; i < CALLS; i++)
    {
      double start = bench_now_us ();

      if (write (pair[0], buffer, QUESTION_BYTES) < 0 || read (pair[0], buffer, sizeof buffer) <= 0)
        g_error ("the ping-pong broke");
      us[i] = bench_now_us () - start;
    }
  close (pair[0]);
  waitpid (child, NULL, 0);
  bench_unpin ();
  return times_of (us, CALLS);
}

/* GDBus, peer to peer: no bus daemon. */

static GDBusConnection *
dbus_connection (int fd, gboolean server)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  g_autofree char *guid = server ? g_dbus_generate_guid () : NULL;
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_sync (
      G_IO_STREAM (stream), guid,
      server ? G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER | G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_ALLOW_ANONYMOUS |
                   G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING
             : G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
      NULL, NULL, &error);

  if (connection == NULL)
    g_error ("no D-Bus connection: %s", error->message);
  return connection;
}

static void
dbus_call (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *method,
           GVariant *parameters,
           GDBusMethodInvocation *invocation,
           gpointer data)
{
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
dbus_answers (int fd)
{
  static const char xml[] = "<node><interface name='x.P'><method name='Check'><arg type='s' direction='in'/></method>"
                            "</interface></node>";
  static const GDBusInterfaceVTable vtable = { dbus_call, NULL, NULL, { NULL } };
  GDBusConnection *connection = dbus_connection (fd, TRUE);
  GDBusNodeInfo *node = g_dbus_node_info_new_for_xml (xml, NULL);

  g_dbus_connection_register_object (connection, "/p", node->interfaces[0], &vtable, NULL, NULL, NULL);
  g_dbus_connection_set_exit_on_close (connection, TRUE);
  g_dbus_connection_start_message_processing (connection);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  _exit (0);
}

/* Runs in a process of its own, so that no GDBus thread stays in this one. */
static void
dbus_asks (const Placement *place, int result_fd)
{
  g_autofree double *us = g_new (double, CALLS / 4);
  GDBusConnection *connection;
  Times times;
  int pair[2];
  pid_t child;

  if (socketpair (AF_UNIX, SOCK_STREAM, 0, pair) != 0)
    g_error ("no socketpair");
  child = fork ();
  if (child == 0)
    {
      close (pair[0]);
      pin_if_asked (place->host_cpu);
      dbus_answers (pair[1]);
    }
  close (pair[1]);
  pin_if_asked (place->worker_cpu);
  connection = dbus_connection (pair[0], FALSE);
  for (gsize i = 0; i < CALLS / 4; i++)
    {
      double start = bench_now_us ();
      g_autoptr (GVariant) reply =
          g_dbus_connection_call_sync (connection, NULL, "/p", "x.P", "Check", g_variant_new ("(s)", "{}"), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

      if (reply == NULL)
        g_error ("the D-Bus call failed");
      us[i] = bench_now_us () - start;
    }
  times = times_of (us, CALLS / 4);
  if (write (result_fd, &times, sizeof times) != sizeof times)
    _exit (1);
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  _exit (0);
}

static Times
measure_gdbus (const Placement *place)
{
  Times times = { 0 };
  int result[2];
  pid_t child;

  if (pipe (result) != 0)
    g_error ("no pipe");
  child = fork ();
  if (child == 0)
    dbus_asks (place, result[1]);
  close (result[1]);
  if (read (result[0], &times, sizeof times) != sizeof times)
    g_error ("GDBus was not measured");
  close (result[0]);
  waitpid (child, NULL, 0);
  return times;
}

static Times
measure_sdk (BenchWorker *worker, const Placement *place)
{
  g_autoptr (JsonObject) input = json_object_new ();
  g_autoptr (JsonNode) result = NULL;
  JsonObject *object;

  pin_if_asked (place->host_cpu);
  json_object_set_int_member (input, "n", CALLS);
  result = bench_worker_run (worker, "calls", input);
  bench_unpin ();
  object = json_node_get_object (result);
  return (Times){ json_object_get_double_member (object, "p50_us"), json_object_get_double_member (object, "p99_us") };
}

typedef struct {
  double sdk, sdk_p99, raw, gdbus;
} Summary;

static Summary
measure (const Placement *place)
{
  double sdk[ROUNDS], sdk_p99[ROUNDS], raw[ROUNDS], gdbus[ROUNDS];
  BenchWorker *worker;

  worker = bench_worker_new (place->worker_cpu == place->host_cpu ? -1 : place->host_cpu, NULL, NULL);
  bench_worker_pin (worker, place->worker_cpu);
  for (guint i = 0; i < ROUNDS; i++)
    {
      Times times = measure_sdk (worker, place);

      sdk[i] = times.p50;
      sdk_p99[i] = times.p99;
      raw[i] = measure_raw (place).p50;
      gdbus[i] = measure_gdbus (place).p50;
    }
  bench_worker_free (worker);
  Summary s = { bench_median (sdk, ROUNDS), bench_median (sdk_p99, ROUNDS), bench_median (raw, ROUNDS),
                bench_median (gdbus, ROUNDS) };
  g_print ("%-12s %10.1f %10.1f %10.1f %10.1f %10.2f %10.2f\n", place->name, s.sdk, s.sdk_p99, s.raw, s.gdbus,
           s.sdk / s.raw, s.gdbus / s.sdk);
  return s;
}

int
main (void)
{
  const Placement across = { "two cores", 0, 1 }, same = { "one core", 0, 0 };
  Summary one, chosen;

  g_print ("%-12s %10s %10s %10s %10s %10s %10s\n", "placement", "p50 us", "p99 us", "raw us", "gdbus us", "ratio_raw",
           "ratio_gdbus");
  one = measure (&same);
  chosen = bench_n_cpus () > 1 ? measure (&across) : one;
  g_print ("{\"bench\":\"channel\",\"p50_us\":%.1f,\"p99_us\":%.1f,\"ratio_raw\":%.2f,\"ratio_gdbus\":%.2f,"
           "\"one_core\":{\"p50_us\":%.1f,\"ratio_raw\":%.2f,\"ratio_gdbus\":%.2f}}\n",
           chosen.sdk, chosen.sdk_p99, chosen.sdk / chosen.raw, chosen.gdbus / chosen.sdk, one.sdk, one.sdk / one.raw,
           one.gdbus / one.sdk);
  return royal_test_finish ();
}
