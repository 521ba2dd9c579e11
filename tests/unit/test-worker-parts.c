/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-cgroups.h"
#include "rh-retry.h"
#include "rh-sandbox.h"
#include "rh-usage.h"
#include "rh-words.h"
#include "royal-channel.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void
test_backoff (void)
{
  for (guint i = 0; i < 1000; i++)
    {
      g_assert_cmpuint (rh_usage_backoff_ms (1, 100, 10000), >=, 50);
      g_assert_cmpuint (rh_usage_backoff_ms (1, 100, 10000), <=, 100);
      g_assert_cmpuint (rh_usage_backoff_ms (4, 100, 10000), >=, 400);
      g_assert_cmpuint (rh_usage_backoff_ms (4, 100, 10000), <=, 800);
      g_assert_cmpuint (rh_usage_backoff_ms (G_MAXUINT, 100, 10000), >=, 5000);
      g_assert_cmpuint (rh_usage_backoff_ms (G_MAXUINT, 100, 10000), <=, 10000);
    }
}

static void
test_signals (void)
{
  static const struct {
    int signal;
    const char *text;
  } cases[] = {
    { SIGSYS, "SIGSYS: a system call that the sandbox forbids" },
    { SIGSEGV, "SIGSEGV: an access to memory that is not mapped" },
    { SIGHUP, "SIGHUP" },
    { 999, "signal 999" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = rh_usage_signal_text (cases[i].signal);
      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_usage (void)
{
  gint64 before_us = rh_usage_cpu_us (getpid ());
  /* By the process's own clock: on a busy machine 50 ms may pass with next to none for this process. */
  clock_t end = clock () + CLOCKS_PER_SEC / 20;

  g_assert_cmpint (before_us, >=, 0);
  while (clock () < end)
    ;
  g_assert_cmpint (rh_usage_cpu_us (getpid ()) - before_us, >=, 10000);
  g_assert_cmpuint (rh_usage_rss_kb (getpid ()), >, 1000);
  g_assert_cmpuint (rh_usage_rss_kb (G_MAXINT), ==, 0);
}

static void
test_clean (void)
{
  static const struct {
    const char *text;
    gsize max;
    const char *clean;
  } cases[] = {
    { "plain", 100, "plain" },
    { "a\nb\tc\x1b[31m\x7f", 100, "a b c [31m " },
    { "\xe2\x80\xae"
      "evil",
      100, " evil" },
    { "\xe2\x80\xa8line", 100, " line" },
    { "bad \xff byte", 100, "bad \xef\xbf\xbd byte" },
    { "ααα", 4, "αα…" },
    { "ααα", 5, "αα…" },
    { "ααα", 6, "ααα" },
    { "", 0, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *clean = rh_words_clean (cases[i].text, cases[i].max);
      g_assert_cmpstr (clean, ==, cases[i].clean);
    }
}

static void
test_retry (void)
{
  static const struct {
    RoyalError code;
    gboolean retry;
  } cases[] = {
    { ROYAL_ERROR_FAILED, TRUE },       { ROYAL_ERROR_INVALID, FALSE },   { ROYAL_ERROR_NOT_FOUND, FALSE },
    { ROYAL_ERROR_NOT_GRANTED, FALSE }, { ROYAL_ERROR_DENIED, FALSE },    { ROYAL_ERROR_CONFLICT, TRUE },
    { ROYAL_ERROR_UNAVAILABLE, TRUE },  { ROYAL_ERROR_CANCELLED, FALSE }, { ROYAL_ERROR_TIMEOUT, TRUE },
    { ROYAL_ERROR_LIMIT, TRUE },        { ROYAL_ERROR_PROTOCOL, TRUE },
  };
  g_autoptr (GError) foreign = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "a \"quoted\" word");
  g_autofree char *text = rh_retry_error_text (foreign);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = g_error_new (ROYAL_ERROR, (gint)cases[i].code, "x");
      g_assert_cmpint (rh_retry_may (error), ==, cases[i].retry);
    }
  g_assert_true (rh_retry_may (foreign));
  g_assert_cmpstr (text, ==, "{\"code\":\"failed\",\"message\":\"a \\\"quoted\\\" word\"}");
}

static void
test_judge (void)
{
  static const struct {
    int landlock;
    gboolean seccomp;
    guint without;
    const char *missing;
  } cases[] = {
    { 7, TRUE, 0, NULL },
    { 0, TRUE, 0, "lacks Landlock:" },
    { 7, FALSE, 0, "lacks seccomp:" },
    { 0, FALSE, 0, "lacks Landlock and seccomp:" },
    { 0, TRUE, ROYAL_SANDBOX_LANDLOCK, NULL },
    { 0, FALSE, ROYAL_SANDBOX_LANDLOCK, "lacks seccomp:" },
    { 0, FALSE, ROYAL_SANDBOX_LANDLOCK | ROYAL_SANDBOX_SECCOMP, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonObject) facts = json_object_new ();
      g_autofree char *refusal = NULL;

      json_object_set_int_member (facts, "landlock_abi", cases[i].landlock);
      json_object_set_boolean_member (facts, "seccomp", cases[i].seccomp);
      refusal = rh_sandbox_judge (facts, cases[i].without);
      if (cases[i].missing == NULL)
        g_assert_null (refusal);
      else
        g_assert_nonnull (strstr (refusal, cases[i].missing));
    }
}

static void
test_enforced (void)
{
  g_autoptr (JsonObject) facts = json_object_new ();
  JsonObject *enforced = json_object_new ();
  g_autofree char *good = NULL;
  g_autofree char *bad = NULL;
  g_autofree char *left_out = NULL;
  g_autofree char *nothing = NULL;

  json_object_set_int_member (facts, "landlock_abi", 7);
  json_object_set_boolean_member (facts, "seccomp", TRUE);
  json_object_set_object_member (facts, "enforced", enforced);
  good = rh_sandbox_judge (facts, 0);
  g_assert_null (good);
  json_object_set_string_member (enforced, "error", "cannot drop");
  bad = rh_sandbox_judge (facts, 0);
  g_assert_cmpstr (bad, ==, "the sandbox cannot be applied here, so no plugin is run: cannot drop");
  left_out = rh_sandbox_judge (facts, ROYAL_SANDBOX_LANDLOCK);
  g_assert_null (left_out);
  json_object_set_null_member (facts, "enforced");
  nothing = rh_sandbox_judge (facts, 0);
  g_assert_cmpstr (nothing, ==, "the sandbox cannot be applied here, so no plugin is run: the trial was killed");
}

static void
put (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
expect_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *is = NULL;

  g_assert_true (g_file_get_contents (path, &is, NULL, NULL));
  g_assert_cmpstr (is, ==, text);
  g_assert_cmpint (g_remove (path), ==, 0);
}

/* Over a plain folder: what is written where. */
static void
test_cgroups (void)
{
  g_autofree char *folder = g_dir_make_tmp ("royal-cgroups-XXXXXX", NULL);
  g_autofree char *host = g_build_filename (folder, "host", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhCgroups) cgroups = rh_cgroups_new_at (folder, &error);
  g_autofree char *group = NULL;

  g_assert_null (cgroups);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE);
  put (folder, "cgroup.controllers", "cpu memory pids\n");
  put (folder, "cgroup.procs", "");
  cgroups = rh_cgroups_new_at (folder, NULL);
  g_assert_nonnull (cgroups);
  expect_file (folder, "cgroup.subtree_control", "+memory");
  group = rh_cgroups_add (cgroups, 1234, 256);
  g_assert_nonnull (group);
  expect_file (group, "memory.max", "268435456");
  expect_file (group, "memory.swap.max", "0");
  expect_file (group, "cgroup.procs", "1234");
  g_assert_false (rh_cgroups_hit_ceiling (group));
  put (group, "memory.events", "low 0\nmax 7\noom 1\noom_kill 0\n");
  g_assert_false (rh_cgroups_hit_ceiling (group));
  put (group, "memory.events", "low 0\nmax 7\noom 1\noom_kill 1\n");
  g_assert_true (rh_cgroups_hit_ceiling (group));
  expect_file (group, "memory.events", "low 0\nmax 7\noom 1\noom_kill 1\n");
  rh_cgroups_remove (group);
  g_assert_false (g_file_test (group, G_FILE_TEST_EXISTS));
  expect_file (folder, "cgroup.controllers", "cpu memory pids\n");
  expect_file (folder, "cgroup.procs", "");
  g_assert_cmpint (g_rmdir (host), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/worker-parts/backoff", test_backoff);
  g_test_add_func ("/worker-parts/signals", test_signals);
  g_test_add_func ("/worker-parts/usage", test_usage);
  g_test_add_func ("/worker-parts/clean", test_clean);
  g_test_add_func ("/worker-parts/retry", test_retry);
  g_test_add_func ("/worker-parts/judge", test_judge);
  g_test_add_func ("/worker-parts/enforced", test_enforced);
  g_test_add_func ("/worker-parts/cgroups", test_cgroups);
  return g_test_run ();
}
