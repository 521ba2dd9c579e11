/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-app.h"
#include "rh-captive.h"
#include "rh-database.h"
#include "rh-host-dir.h"
#include "rh-notify.h"
#include "rh-privileges.h"
#include "rh-secrets.h"

#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct {
  char *config_file;
  char *run;
  gboolean check;
  char *migrate; /* "apply" or "check" */
  gboolean version;
} Options;

typedef struct {
  Options options;
  RhConfig *config;
  RhApp *app;
  GMainLoop *loop;
  char *temporary; /* the data directory of a captive run that was given none */
  gboolean stopping;
  int status;
} Royald;

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  Royald *self = data;

  rh_app_stop_finish (RH_APP (source), result);
  g_main_loop_quit (self->loop);
}

static void
stop (Royald *self, int status)
{
  if (self->stopping)
    return;
  self->stopping = TRUE;
  self->status = status;
  rh_notify ("STOPPING=1");
  rh_log (RH_LOG_NOTICE, "host.stopping", "the host stops", NULL);
  rh_app_stop_async (self->app, on_stopped, self);
}

static gboolean
on_signal (gpointer data)
{
  stop (data, EXIT_SUCCESS);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_reload (gpointer data)
{
  Royald *self = data;
  g_autoptr (GError) error = NULL;

  if (!self->stopping && !rh_app_reload (self->app, &error))
    rh_log (RH_LOG_ERROR, "app.reload", "the reload was refused, the old set goes on serving", "error", error->message,
            NULL);
  return G_SOURCE_CONTINUE;
}

static void
on_captive_ended (int exit_status, gpointer data)
{
  stop (data, exit_status);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer data)
{
  Royald *self = data;
  const char *socket = rh_config_string (self->config, RH_SETTING_SOCKET);
  g_autoptr (GError) error = NULL;

  if (!rh_app_start_finish (RH_APP (source), result, &error))
    {
      rh_log (RH_LOG_ERROR, "host.start", "the host cannot start", "error", error->message, NULL);
      stop (self, EXIT_FAILURE);
      return;
    }
  rh_notify ("READY=1");
  rh_notify_watchdog ();
  rh_log (RH_LOG_NOTICE, "host.ready", "the host serves", "socket", socket, NULL);
  if (self->options.run != NULL && !rh_captive_run (self->options.run, socket, on_captive_ended, self, &error))
    {
      rh_log (RH_LOG_ERROR, "host.captive", "the command cannot be run", "error", error->message, NULL);
      stop (self, EXIT_FAILURE);
    }
}

static void
serve (Royald *self)
{
  self->app = rh_app_new (self->config);
  g_unix_signal_add (SIGTERM, on_signal, self);
  g_unix_signal_add (SIGINT, on_signal, self);
  g_unix_signal_add (SIGHUP, on_reload, self);
  signal (SIGPIPE, SIG_IGN);
  rh_app_start_async (self->app, on_started, self);
  g_main_loop_run (self->loop);
  g_clear_object (&self->app);
}

/* --check and --migrate */

/* Everything that is wrong, at once; as who the host would be, and without making anything. */
static int
check (Royald *self)
{
  g_autoptr (GError) settings_fault = NULL, user_fault = NULL, fault = NULL;
  gboolean loaded = rh_config_load (self->config, self->options.config_file, &settings_fault);
  const char *user = rh_config_string (self->config, RH_SETTING_USER);
  gboolean became = rh_privileges_drop (user, (const char *const[]){ NULL }, &user_fault);
  gboolean holds = rh_app_check (self->config, &fault);
  g_autofree char *settings = rh_config_describe (self->config);

  g_print ("%s", settings);
  if (!loaded)
    g_printerr ("%s\n", settings_fault->message);
  if (!became)
    g_printerr ("user: %s\n", user_fault->message);
  if (!holds)
    g_printerr ("%s\n", fault->message);
  if (!loaded || !became || !holds)
    return EXIT_FAILURE;
  g_print ("everything holds\n");
  return EXIT_SUCCESS;
}

static void
on_migrate_closed (GObject *source, GAsyncResult *result, gpointer data)
{
  rh_database_close_finish (RH_DATABASE (source), result);
  g_main_loop_quit (((Royald *)data)->loop);
}

static void
on_migrated (GObject *source, GAsyncResult *result, gpointer data)
{
  Royald *self = data;
  RhMigrationState state;
  g_autoptr (GError) error = NULL;

  self->status = EXIT_FAILURE;
  if (!rh_database_migrate_finish (RH_DATABASE (source), result, &state, &error))
    g_printerr ("royald: %s\n", error->message);
  else
    {
      g_print ("%u applied, %u pending\n", state.applied, state.pending);
      self->status = state.pending == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
  rh_database_close_async (RH_DATABASE (source), 5000, on_migrate_closed, self);
}

static int
migrate (Royald *self)
{
  const char *data_dir = rh_config_string (self->config, RH_SETTING_DATA_DIR);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhHostDir) dir = rh_host_dir_open (data_dir, &error);
  g_autoptr (RhDatabase) database = NULL;

  if (dir == NULL)
    {
      g_printerr ("royald: %s\n", error->message);
      return EXIT_FAILURE;
    }
  database = rh_database_new (rh_config_string (self->config, RH_SETTING_DATABASE_URL), data_dir, 1);
  rh_database_migrate_async (database, g_str_equal (self->options.migrate, "check"), on_migrated, self);
  g_main_loop_run (self->loop);
  return self->status;
}

/* Options */

static gboolean
parse (Royald *self, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &self->options.config_file, "Configuration file", "FILE" },
    { "check", 0, 0, G_OPTION_ARG_NONE, &self->options.check, "Check settings, manifests and policy, and exit", NULL },
    { "migrate", 0, 0, G_OPTION_ARG_STRING, &self->options.migrate, "Migrate the database and exit: apply, or check",
      "apply|check" },
    { "run", 0, 0, G_OPTION_ARG_STRING, &self->options.run,
      "Run a command beside the host, and stop with it (captive mode)", "CMD" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->options.version, "Print the version", NULL },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- the host of commerce agents");
  GOptionGroup *settings = rh_config_option_group (self->config);

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, settings);
  g_option_context_set_description (
      context, "The settings may also stand in royal.conf or in the environment (ROYAL_DATA_DIR for"
               " --data-dir).\nSee royald(8), royal.conf(5).\n");
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "unexpected argument `%s`", (*argv)[1]);
      return FALSE;
    }
  if (self->options.migrate != NULL &&
      !g_strv_contains ((const char *const[]){ "apply", "check", NULL }, self->options.migrate))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--migrate: expected apply or check, found `%s`",
                   self->options.migrate);
      return FALSE;
    }
  return TRUE;
}

/* A captive host that was given no data directory gets one of its own, for as long as it runs. */
static gboolean
take_temporary_dir (Royald *self, GError **error)
{
  g_autofree char *socket = NULL;

  if (self->options.run == NULL || !g_str_equal (rh_config_origin (self->config, RH_SETTING_DATA_DIR), "default"))
    return TRUE;
  self->temporary = g_dir_make_tmp ("royald-XXXXXX", error);
  if (self->temporary == NULL)
    return FALSE;
  socket = g_build_filename (self->temporary, "royald.sock", NULL);
  g_setenv ("ROYAL_DATA_DIR", self->temporary, TRUE);
  /* Not the environment's socket either: royalctl's callers have that of another host there. */
  if (!g_str_equal (rh_config_origin (self->config, RH_SETTING_SOCKET), "option"))
    g_setenv ("ROYAL_SOCKET", socket, TRUE);
  return rh_config_load (self->config, self->options.config_file, error);
}

static gboolean
prepare (Royald *self, GError **error)
{
  g_autofree char *socket_dir = NULL;
  const char *data_dir;

  if (!rh_config_load (self->config, self->options.config_file, error) || !take_temporary_dir (self, error))
    return FALSE;
  data_dir = rh_config_string (self->config, RH_SETTING_DATA_DIR);
  socket_dir = g_path_get_dirname (rh_config_string (self->config, RH_SETTING_SOCKET));
  if (!rh_privileges_drop (rh_config_string (self->config, RH_SETTING_USER),
                           (const char *const[]){ data_dir, socket_dir, NULL }, error))
    return FALSE;
  if (g_mkdir_with_parents (socket_dir, 0711) != 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot make %s", socket_dir);
      return FALSE;
    }
  return TRUE;
}

static void
start_log (Royald *self)
{
  RhLogLevel level = RH_LOG_INFO;
  const char *format = rh_config_string (self->config, RH_SETTING_LOG_FORMAT);

  rh_log_level_from_name (rh_config_string (self->config, RH_SETTING_LOG_LEVEL), &level);
  rh_log_init (level, g_str_equal (format, "json") || (g_str_equal (format, "auto") && !isatty (STDERR_FILENO)));
}

/* Workers, connections and clients all cost descriptors. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max)
    {
      limit.rlim_cur = limit.rlim_max;
      (void)setrlimit (RLIMIT_NOFILE, &limit);
    }
}

static int
act (Royald *self)
{
  if (self->options.migrate != NULL)
    return migrate (self);
  raise_descriptor_limit ();
  serve (self);
  return self->status;
}

int
main (int argc, char **argv)
{
  Royald self = { 0 };
  g_autoptr (RhConfig) config = rh_config_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  int status = 2;

  rh_secrets_take_environment ();
  setlocale (LC_ALL, "");
  rh_notify_init ();
  self.config = config;
  self.loop = loop;
  if (!parse (&self, &argc, &argv, &error))
    g_printerr ("royald: %s\nTry royald --help.\n", error->message);
  else if (self.options.version)
    {
      g_print ("royald %s\n", ROYAL_VERSION);
      status = EXIT_SUCCESS;
    }
  else if (self.options.check)
    status = check (&self);
  else if (!prepare (&self, &error))
    g_printerr ("royald: %s\n", error->message);
  else
    {
      start_log (&self);
      status = act (&self);
    }
  if (self.temporary != NULL)
    rh_host_dir_remove_tree (self.temporary);
  g_free (self.temporary);
  g_free (self.options.config_file);
  g_free (self.options.run);
  g_free (self.options.migrate);
  return status;
}
