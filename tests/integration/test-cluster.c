/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <royal/error.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char *
folder (const char *name)
{
  return g_build_filename (royal_test_dir (), name, NULL);
}

static void
assert_answers (RhCluster *cluster)
{
  g_autofree char *conninfo = rh_cluster_conninfo (cluster, "royal_host");
  g_autofree char *who = royal_test_sql_value (
      conninfo,
      "select format('%s %s %s %s', current_user, rolsuper, rolbypassrls, current_setting('listen_addresses')) "
      "from pg_roles where rolname = current_user");

  g_assert_cmpstr (who, ==, "royal_host f f ");
}

static void
test_first_start_and_restart (void)
{
  g_autofree char *dir = folder ("plain");
  g_autoptr (RhCluster) cluster = rh_cluster_new (dir);
  g_autofree char *owner = NULL;
  g_autofree char *kept = NULL;
  gint64 start_us;

  royal_test_start_cluster (cluster);
  assert_answers (cluster);
  owner = rh_cluster_conninfo (cluster, "royal_owner");
  royal_test_sql (owner, "create table kept (x int); insert into kept values (42)");
  royal_test_stop_cluster (cluster);
  g_assert_cmpint (rh_cluster_pid (cluster), ==, 0);

  start_us = g_get_monotonic_time ();
  royal_test_start_cluster (cluster);
  g_test_message ("ready after %.0f ms", (g_get_monotonic_time () - start_us) / 1e3);
  kept = royal_test_sql_value (owner, "select x from kept");
  g_assert_cmpstr (kept, ==, "42");
  royal_test_stop_cluster (cluster);
}

static void
test_interrupted_first_start (void)
{
  g_autofree char *dir = folder ("interrupted");
  g_autofree char *half = g_build_filename (dir, "postgres", "data.new", "base", NULL);
  g_autoptr (RhCluster) cluster = rh_cluster_new (dir);

  g_assert_cmpint (g_mkdir_with_parents (half, 0700), ==, 0);
  royal_test_start_cluster (cluster);
  assert_answers (cluster);
  royal_test_stop_cluster (cluster);
}

static void
on_exited (RhCluster *cluster, int wait_status, gpointer data)
{
  *(int *)data = wait_status;
}

static gboolean
runs_again (gpointer data)
{
  g_autofree char *pid_path = g_build_filename (data, "postgres", "data", "postmaster.pid", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (pid_path, &text, NULL, NULL) && strstr (text, "\nready") != NULL;
}

static gboolean
has_exited (gpointer data)
{
  return *(int *)data != 0;
}

static void
test_killed_postmaster (void)
{
  g_autofree char *dir = folder ("plain");
  g_autoptr (RhCluster) cluster = rh_cluster_new (dir);
  g_autofree char *pid_path = g_build_filename (dir, "postgres", "data", "postmaster.pid", NULL);
  int wait_status = 0;

  g_signal_connect (cluster, "exited", G_CALLBACK (on_exited), &wait_status);
  royal_test_start_cluster (cluster);
  kill (rh_cluster_pid (cluster), SIGKILL);
  g_unlink (pid_path); /* so that only the new postmaster's file says ready */
  royal_test_wait_until (has_exited, &wait_status, 10000);
  g_assert_true (WIFSIGNALED (wait_status) && WTERMSIG (wait_status) == SIGKILL);
  royal_test_wait_until (runs_again, dir, 10000);
  royal_test_spin (50);
  assert_answers (cluster);
  royal_test_stop_cluster (cluster);
}

static void
host_that_is_killed (const char *dir, gboolean orphan)
{
  g_autoptr (RhCluster) cluster = rh_cluster_new (dir);
  g_autofree char *pid = NULL;
  g_autofree char *pid_path = g_build_filename (dir, "pid", NULL);

  royal_test_start_cluster (cluster);
  pid = g_strdup_printf ("%d", rh_cluster_pid (cluster));
  g_file_set_contents (pid_path, pid, -1, NULL);
  /* A stopped postmaster cannot obey its parent's death: the next host finds it. */
  if (orphan)
    kill (rh_cluster_pid (cluster), SIGSTOP);
  kill (getpid (), SIGKILL);
}

static void
kill_a_host (const char *dir, gboolean orphan)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *argv[] = { self, orphan ? "--orphan" : "--killed", dir, NULL };
  int wait_status = 0;

  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL, 0, NULL, NULL, NULL, NULL, &wait_status, NULL));
  g_assert_true (WIFSIGNALED (wait_status));
}

static GPid
read_pid (const char *dir)
{
  g_autofree char *path = g_build_filename (dir, "pid", NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return (GPid)g_ascii_strtoll (text, NULL, 10);
}

static gboolean
is_gone (gpointer data)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/exe", *(GPid *)data);
  g_autofree char *exe = g_file_read_link (path, NULL);

  return exe == NULL;
}

static void
test_dies_with_the_host (void)
{
  g_autofree char *dir = folder ("plain");
  GPid pid;

  kill_a_host (dir, FALSE);
  pid = read_pid (dir);
  royal_test_wait_until (is_gone, &pid, 5000);
}

static void
test_leftover_postmaster (void)
{
  g_autofree char *dir = folder ("plain");
  g_autoptr (RhCluster) cluster = rh_cluster_new (dir);
  GPid left;

  kill_a_host (dir, TRUE);
  left = read_pid (dir);
  g_assert_false (is_gone (&left));
  royal_test_start_cluster (cluster);
  g_assert_true (is_gone (&left));
  g_assert_cmpint (rh_cluster_pid (cluster), !=, left);
  assert_answers (cluster);
  royal_test_stop_cluster (cluster);
}

/* The lock file's pid belongs to some other process by now. */
static void
test_recycled_pid (void)
{
  g_autofree char *dir = folder ("plain");
  g_autofree char *path = g_build_filename (dir, "postgres", "data", "postmaster.pid", NULL);
  g_autofree char *text = g_strdup_printf ("%d\n%s\n1\n5432\n\n\n\n", getpid (), dir);
  g_autoptr (RhCluster) cluster = rh_cluster_new (dir);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  royal_test_start_cluster (cluster);
  assert_answers (cluster);
  royal_test_stop_cluster (cluster);
}

static void
test_second_host (void)
{
  g_autofree char *dir = folder ("plain");
  g_autoptr (RhCluster) first = rh_cluster_new (dir);
  g_autoptr (RhCluster) second = rh_cluster_new (dir);
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;

  royal_test_start_cluster (first);
  rh_cluster_start_async (second, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  g_assert_false (rh_cluster_start_finish (second, done, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  assert_answers (first);
  royal_test_stop_cluster (first);
}

/* A Unix socket's path has at most 107 bytes. */
static void
test_long_and_strange_folder (void)
{
  g_autofree char *dir = folder ("a folder, 'quoted' \"twice\" with a name that is much longer than a socket's path "
                                 "can ever be on this system");
  g_autoptr (RhCluster) cluster = rh_cluster_new (dir);

  royal_test_start_cluster (cluster);
  assert_answers (cluster);
  royal_test_stop_cluster (cluster);
}

static void
test_no_programs (void)
{
  g_autofree char *dir = folder ("none");
  g_autoptr (RhCluster) cluster = rh_cluster_new (dir);
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("ROYAL_PG_BINDIR", royal_test_dir (), TRUE);
  rh_cluster_start_async (cluster, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  g_unsetenv ("ROYAL_PG_BINDIR");
  g_assert_false (rh_cluster_start_finish (cluster, done, &error));
  g_assert_nonnull (strstr (error->message, "postgresql-15"));
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  if (argc == 3)
    host_that_is_killed (argv[2], strcmp (argv[1], "--orphan") == 0);
  g_test_add_func ("/cluster/first-start-and-restart", test_first_start_and_restart);
  g_test_add_func ("/cluster/interrupted-first-start", test_interrupted_first_start);
  g_test_add_func ("/cluster/killed-postmaster", test_killed_postmaster);
  g_test_add_func ("/cluster/dies-with-the-host", test_dies_with_the_host);
  g_test_add_func ("/cluster/leftover-postmaster", test_leftover_postmaster);
  g_test_add_func ("/cluster/recycled-pid", test_recycled_pid);
  g_test_add_func ("/cluster/second-host", test_second_host);
  g_test_add_func ("/cluster/long-and-strange-folder", test_long_and_strange_folder);
  g_test_add_func ("/cluster/no-programs", test_no_programs);
  return royal_test_run ();
}
