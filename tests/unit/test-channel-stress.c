/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-channel.h"

#include "royal-json.h"

#include <royal/error.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Many runs and many workers: the host's end must not grow by them. */

#define RUNS 10000
#define STARTS 200

/* A sanitizer keeps freed memory for a while. */
#if defined(__SANITIZE_ADDRESS__)
#define GROWTH_KB 65536
#else
#define GROWTH_KB 2048
#endif

static const char *worker_path, *echo_path;

typedef struct {
  RoyalChannel *channel;
  JsonObject *request;
  guint left;
  gboolean closed;
} Stress;

static void
next_run (Stress *self)
{
  if (self->left == 0)
    {
      royal_channel_shutdown (self->channel);
      return;
    }
  self->left--;
  g_assert_true (royal_channel_run (self->channel, self->request, NULL));
}

static void
on_ready (RoyalChannel *channel, JsonObject *facts, gpointer data)
{
  next_run (data);
}

static void
on_call (RoyalChannel *channel, guint64 id, const char *method, JsonObject *params, gpointer data)
{
  royal_channel_reply (channel, id, NULL);
}

static void
on_log (RoyalChannel *channel, const char *message, gpointer data)
{
}

static void
on_progress (RoyalChannel *channel, double fraction, const char *message, gpointer data)
{
}

static void
on_done (RoyalChannel *channel, JsonNode *result, const GError *error, gpointer data)
{
  g_assert_no_error (error);
  next_run (data);
}

static void
on_closed (RoyalChannel *channel, const GError *error, int signal, gpointer data)
{
  g_assert_no_error (error);
  ((Stress *)data)->closed = TRUE;
}

static const RoyalChannelEvents events = { on_ready, on_call, on_log, on_progress, on_done, on_closed };

static void
work (guint runs)
{
  const RoyalLaunch with = {
    .worker = worker_path, .module = echo_path, .keep_off_cpu = -1, .messages_per_s = 10000000
  };
  g_autoptr (JsonNode) request = royal_json_parse ("{\"task\":\"checks\",\"input\":{\"n\":1}}", -1, "run", NULL);
  Stress self = { .request = json_node_get_object (request), .left = runs };
  g_autoptr (GError) error = NULL;

  self.channel = royal_channel_launch (&with, &events, &self, &error);
  g_assert_no_error (error);
  while (!self.closed)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (self.channel);
}

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static guint64
resident_kb (void)
{
  g_autofree char *text = NULL;
  const char *resident;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  resident = strchr (text, ' ');
  g_assert_nonnull (resident);
  return g_ascii_strtoull (resident, NULL, 10) * (guint64)sysconf (_SC_PAGESIZE) / 1024;
}

static void
assert_no_growth (guint starts, guint runs)
{
  guint fds, threads;
  guint64 resident;
  gint64 start;

  work (100);
  fds = count_entries ("/proc/self/fd");
  threads = count_entries ("/proc/self/task");
  resident = resident_kb ();
  start = g_get_monotonic_time ();
  for (guint i = 0; i < starts; i++)
    work (runs);
  g_test_message ("%u starts of %u runs: %.1f ms, resident %+d KiB", starts, runs,
                  (double)(g_get_monotonic_time () - start) / 1000, (int)(resident_kb () - resident));
  g_assert_cmpuint (count_entries ("/proc/self/fd"), ==, fds);
  g_assert_cmpuint (count_entries ("/proc/self/task"), ==, threads);
  g_assert_cmpuint (resident_kb (), <=, resident + GROWTH_KB);
}

static void
test_runs (void)
{
  assert_no_growth (1, RUNS);
}

static void
test_starts (void)
{
  assert_no_growth (STARTS, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 3);
  worker_path = g_canonicalize_filename (argv[1], NULL);
  echo_path = g_canonicalize_filename (argv[2], NULL);
  g_test_add_func ("/channel-stress/runs", test_runs);
  g_test_add_func ("/channel-stress/starts", test_starts);
  return g_test_run ();
}
