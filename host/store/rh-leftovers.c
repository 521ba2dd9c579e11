/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-leftovers.h"

#include "rh-log.h"

#include <glib/gstdio.h>
#include <royal/error.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define POLL_US (10 * 1000)

/* A postmaster changes to its data folder and its children inherit that, so the working directory together with
 * the program's name tells a process of this cluster from one that merely has a recycled pid. */
static gboolean
works_in (const char *pid, const char *data)
{
  g_autofree char *cwd_link = g_strdup_printf ("/proc/%s/cwd", pid);
  g_autofree char *exe_link = g_strdup_printf ("/proc/%s/exe", pid);
  g_autofree char *cwd = g_file_read_link (cwd_link, NULL);
  g_autofree char *exe = g_file_read_link (exe_link, NULL);
  g_autofree char *name = NULL;

  if (cwd == NULL || exe == NULL || strcmp (cwd, data) != 0)
    return FALSE;
  /* An upgraded package leaves "postgres (deleted)". */
  name = g_path_get_basename (exe);
  return g_str_has_prefix (name, "postgres");
}

static GArray *
find (const char *data)
{
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  GArray *pids = g_array_new (FALSE, FALSE, sizeof (GPid));
  const char *name;

  while (proc != NULL && (name = g_dir_read_name (proc)) != NULL)
    if (g_ascii_isdigit (name[0]) && works_in (name, data))
      {
        GPid pid = (GPid)g_ascii_strtoll (name, NULL, 10);

        g_array_append_val (pids, pid);
      }
  return pids;
}

static GPid
postmaster (const char *data)
{
  g_autofree char *path = g_build_filename (data, "postmaster.pid", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? (GPid)g_ascii_strtoll (text, NULL, 10) : 0;
}

/* TRUE when no process is left within @wait_ms. */
static gboolean
end_with (const char *data, int sig, guint wait_ms)
{
  gint64 deadline_us = g_get_monotonic_time () + wait_ms * G_GINT64_CONSTANT (1000);
  GPid first = postmaster (data);
  gboolean signalled = FALSE;

  for (;;)
    {
      g_autoptr (GArray) pids = find (data);
      gboolean has_postmaster = FALSE;

      if (pids->len == 0)
        return TRUE;
      for (guint i = 0; i < pids->len; i++)
        has_postmaster |= g_array_index (pids, GPid, i) == first;
      /* A postmaster ends its children in order; only orphans are told one by one. */
      for (guint i = 0; i < pids->len && !signalled; i++)
        if (!has_postmaster || sig == SIGKILL || g_array_index (pids, GPid, i) == first)
          {
            kill (g_array_index (pids, GPid, i), sig);
            kill (g_array_index (pids, GPid, i), SIGCONT); /* a stopped one obeys too */
          }
      signalled = TRUE;
      if (g_get_monotonic_time () > deadline_us)
        return FALSE;
      g_usleep (POLL_US);
    }
}

/* PostgreSQL refuses to start on a lock file whose pid lives, whatever process that is now. */
static void
remove_foreign_lock (const char *data)
{
  g_autofree char *path = g_build_filename (data, "postmaster.pid", NULL);
  GPid pid = postmaster (data);

  if (pid > 0 && kill (pid, 0) == 0)
    g_unlink (path);
}

gboolean
rh_leftovers_end (const char *data, GError **error)
{
  static const struct {
    int sig;
    guint wait_ms;
  } steps[] = { { SIGINT, 3000 }, { SIGQUIT, 2000 }, { SIGKILL, 2000 } };
  g_autoptr (GArray) pids = NULL;

  g_return_val_if_fail (data != NULL, FALSE);

  pids = find (data);
  if (pids->len > 0)
    rh_log (RH_LOG_WARNING, "cluster.leftover", "ending a database server that a killed host left running", "folder",
            data, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (end_with (data, steps[i].sig, steps[i].wait_ms))
      {
        remove_foreign_lock (data);
        return TRUE;
      }
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "a database server left running in %s does not end", data);
  return FALSE;
}
