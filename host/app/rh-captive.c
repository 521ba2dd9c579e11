/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-captive.h"

#include <sys/wait.h>

typedef struct {
  RhCaptiveEnded ended;
  gpointer data;
} Captive;

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Captive *captive = data;
  GSubprocess *process = G_SUBPROCESS (source);
  int status = 1;

  if (g_subprocess_wait_finish (process, result, NULL))
    status = g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process)
                                                  : 128 + g_subprocess_get_term_sig (process);
  captive->ended (status, captive->data);
}

gboolean
rh_captive_run (const char *command, const char *socket, RhCaptiveEnded ended, gpointer data, GError **error)
{
  g_return_val_if_fail (command != NULL && socket != NULL && ended != NULL, FALSE);

  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_INHERIT);
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *pid = g_strdup_printf ("%d", (int)getpid ());
  Captive *captive;

  g_subprocess_launcher_setenv (launcher, "ROYAL_SOCKET", socket, TRUE);
  g_subprocess_launcher_setenv (launcher, "ROYAL_PID", pid, TRUE);
  process = g_subprocess_launcher_spawn (launcher, error, "/bin/sh", "-c", command, NULL);
  if (process == NULL)
    return FALSE;
  captive = g_new0 (Captive, 1);
  captive->ended = ended;
  captive->data = data;
  g_subprocess_wait_async (process, NULL, on_ended, captive);
  return TRUE;
}
