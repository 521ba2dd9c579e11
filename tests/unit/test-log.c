/* SPDX-License-Identifier: Apache-2.0 */
#include <rh-log.h>

static void
in_child (void)
{
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

static void
test_json (void)
{
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, 0);
      g_test_trap_assert_passed ();
      g_test_trap_assert_stderr ("{\"time\":\"20*Z\",\"level\":\"info\",\"id\":\"gate.decided\","
                                 "\"message\":\"line\\none\",\"q\":\"a\\\"b\\\\c\\u0001\",\"kept\":\"\"}\n");
      return;
    }
  rh_log_init (RH_LOG_INFO, TRUE);
  rh_log (RH_LOG_DEBUG, "x.dropped", "below the level", NULL);
  rh_log (RH_LOG_INFO, "gate.decided", "line\none", "q", "a\"b\\c\001", "absent", NULL, "kept", "", NULL);
}

static void
test_text (void)
{
  if (g_test_subprocess ())
    {
      rh_log_init (RH_LOG_DEBUG, FALSE);
      rh_log (RH_LOG_WARNING, "store.lost", "bad \033[31m day", "n", "1", "why", "no such file", NULL);
      return;
    }
  in_child ();
  g_test_trap_assert_stderr ("*warning store.lost: bad  [31m day n=1 why=\"no such file\"\n");
}

/* The control characters of eight bits, which some terminals obey. */
static void
test_c1 (void)
{
  if (g_test_subprocess ())
    {
      rh_log_init (RH_LOG_DEBUG, FALSE);
      rh_log (RH_LOG_WARNING, "x", "bad \302\23331m day", "who", "a\302\2350;b", "city", "Z\303\274rich", NULL);
      return;
    }
  in_child ();
  g_test_trap_assert_stderr ("*warning x: bad  31m day who=\"a\\u009d0;b\" city=Z\303\274rich\n");
}

static void
test_masks_personal_data (void)
{
  if (g_test_subprocess ())
    {
      rh_log_init (RH_LOG_DEBUG, FALSE);
      rh_log (RH_LOG_INFO, "x", "to ann.b+c@shop.example.com, o@x.io and @home or a@b", "by", "joe@shop.example", NULL);
      return;
    }
  in_child ();
  g_test_trap_assert_stderr ("*to a***@shop.example.com, o***@x.io and @home or a@b by=j***@shop.example\n");
}

static void
test_repeats_are_held_back (void)
{
  if (g_test_subprocess ())
    {
      rh_log_init (RH_LOG_DEBUG, FALSE);
      for (guint i = 0; i < 1000; i++)
        rh_log (RH_LOG_INFO, "same", "again", "n", "1", NULL);
      rh_log (RH_LOG_INFO, "same", "again", "n", "2", NULL);
      return;
    }
  in_child ();
  g_test_trap_assert_stderr ("*same: again n=1\n*same: again n=2\n");
  g_test_trap_assert_stderr_unmatched ("*n=1*n=1*");
}

static void
test_takes_over_glib (void)
{
  if (g_test_subprocess ())
    {
      rh_log_init (RH_LOG_INFO, TRUE);
      g_log ("some-library", G_LOG_LEVEL_INFO, "spoke");
      return;
    }
  in_child ();
  g_test_trap_assert_stderr (
      "*\"level\":\"info\",\"id\":\"glib\",\"message\":\"spoke\",\"domain\":\"some-library\"}\n");
}

static void
test_bug_fails_a_test (void)
{
  if (g_test_subprocess ())
    {
      rh_bug ("cannot happen");
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*error   bug: cannot happen place=*test-log.c:*");
}

static void
test_level_names (void)
{
  RhLogLevel level = RH_LOG_ERROR;

  g_assert_true (rh_log_level_from_name ("notice", &level));
  g_assert_cmpint (level, ==, RH_LOG_NOTICE);
  g_assert_false (rh_log_level_from_name ("loud", &level));
  g_assert_cmpint (level, ==, RH_LOG_NOTICE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log/json", test_json);
  g_test_add_func ("/log/text", test_text);
  g_test_add_func ("/log/c1", test_c1);
  g_test_add_func ("/log/personal-data", test_masks_personal_data);
  g_test_add_func ("/log/repeats", test_repeats_are_held_back);
  g_test_add_func ("/log/glib", test_takes_over_glib);
  g_test_add_func ("/log/bug", test_bug_fails_a_test);
  g_test_add_func ("/log/level-names", test_level_names);
  return g_test_run ();
}
