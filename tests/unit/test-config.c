/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-config.h"

#include <glib/gstdio.h>
#include <royal/error.h>
#include <stdio.h>

static RhConfig *
load (const char *file_text, char **argv, GError **error)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "royal-test-config-XXXXXX", NULL);
  int fd = g_mkstemp (path);
  RhConfig *config = rh_config_new ();
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  int argc = (int)g_strv_length (argv);
  gboolean loaded;

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, file_text, -1, NULL));
  g_option_context_add_group (context, rh_config_option_group (config));
  g_assert_true (g_option_context_parse (context, &argc, &argv, NULL));
  loaded = rh_config_load (config, path, error);
  remove (path);
  if (loaded)
    return config;
  rh_config_free (config);
  return NULL;
}

static void
test_precedence (void)
{
  char *plain[] = { (char *)"royald", NULL };
  char *option[] = { (char *)"royald", (char *)"--workspace=from-option", NULL };
  const char *file = "[host]\nworkspace = from-file\nstop-timeout=7\n";
  g_autoptr (RhConfig) by_file = load (file, plain, NULL);

  g_assert_cmpstr (rh_config_string (by_file, RH_SETTING_WORKSPACE), ==, "from-file");
  g_assert_cmpstr (rh_config_origin (by_file, RH_SETTING_WORKSPACE), ==, "file");
  g_assert_cmpuint (rh_config_uint (by_file, RH_SETTING_STOP_TIMEOUT), ==, 7);
  g_assert_cmpstr (rh_config_origin (by_file, RH_SETTING_CONNECTIONS), ==, "default");

  g_setenv ("ROYAL_WORKSPACE", "from-environment", TRUE);
  g_autoptr (RhConfig) by_environment = load (file, plain, NULL);
  g_assert_cmpstr (rh_config_string (by_environment, RH_SETTING_WORKSPACE), ==, "from-environment");
  g_autoptr (RhConfig) by_option = load (file, option, NULL);
  g_assert_cmpstr (rh_config_string (by_option, RH_SETTING_WORKSPACE), ==, "from-option");
  g_assert_cmpstr (rh_config_origin (by_option, RH_SETTING_WORKSPACE), ==, "option");
  g_unsetenv ("ROYAL_WORKSPACE");
}

static void
test_faults_all_at_once (void)
{
  char *argv[] = { (char *)"royald", (char *)"--connections=0", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (RhConfig) config =
      load ("[host]\nworkspace=Not Good\nstop-timeout=soon\ncolour=red\n[log]\nlevel=loud\n", argv, &error);

  g_assert_null (config);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  for (guint i = 0; i < 5; i++)
    {
      static const char *const faults[] = {
        "[host] colour: no such setting", "connections (from option): expected a number from 1 to 64, found `0`",
        "workspace (from file): expected lower-case letters, digits and dashes, found `Not Good`",
        "stop-timeout (from file): expected a number from 0 to 600, found `soon`",
        "log-level (from file): expected debug, info, notice, warning or error, found `loud`"
      };

      if (g_strstr_len (error->message, -1, faults[i]) == NULL)
        g_error ("missing: %s\nin: %s", faults[i], error->message);
    }
}

static void
test_secrets_are_masked (void)
{
  char *argv[] = { (char *)"royald", (char *)"--database-url=postgresql://u:s3cret@h/db?password=0ther", NULL };
  g_autoptr (RhConfig) config = load ("", argv, NULL);
  g_autofree char *text = rh_config_describe (config);

  g_assert_null (g_strstr_len (text, -1, "s3cret"));
  g_assert_null (g_strstr_len (text, -1, "0ther"));
  g_assert_nonnull (g_strstr_len (text, -1, "postgresql://u:***@h/db"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/precedence", test_precedence);
  g_test_add_func ("/config/faults-all-at-once", test_faults_all_at_once);
  g_test_add_func ("/config/secrets-are-masked", test_secrets_are_masked);
  return g_test_run ();
}
