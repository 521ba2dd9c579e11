/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-crash-point.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct {
  gboolean known;
  gboolean before;
  guint64 at; /* 0 = never */
  guint64 count;
  int log_fd; /* -1 = none */
} plan;

static void
read_environment (void)
{
  const char *at = g_getenv ("ROYAL_CRASH_AT");
  const char *log = g_getenv ("ROYAL_CRASH_LOG");

  if (plan.known)
    return;
  plan.known = TRUE;
  plan.at = at != NULL ? g_ascii_strtoull (at, NULL, 10) : 0;
  plan.before = g_strcmp0 (g_getenv ("ROYAL_CRASH_WHEN"), "before") == 0;
  plan.log_fd = log != NULL ? open (log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
}

static gboolean
count (const char *step)
{
  g_autofree char *line = NULL;

  plan.count++;
  if (plan.log_fd >= 0)
    {
      line = g_strconcat (step, "\n", NULL);
      if (write (plan.log_fd, line, strlen (line)) < 0)
        g_warning ("cannot write the crash log");
    }
  return plan.count == plan.at;
}

gboolean
rh_crash_point_before (const char *step)
{
  g_return_val_if_fail (step != NULL, FALSE);

  read_environment ();
  return plan.before && count (step);
}

void
rh_crash_point_after (const char *step)
{
  g_return_if_fail (step != NULL);

  read_environment ();
  if (!plan.before && count (step))
    rh_crash_point_die ();
}

/* The pid in the first line of @file: a postmaster.pid is such a file. */
static pid_t
victim_of (const char *file)
{
  g_autofree char *text = NULL;
  gint64 pid = 0;

  if (g_file_get_contents (file, &text, NULL, NULL))
    pid = g_ascii_strtoll (text, NULL, 10);
  return pid > 1 && pid <= G_MAXINT ? (pid_t)pid : 0;
}

void
rh_crash_point_die (void)
{
  const char *file = g_getenv ("ROYAL_CRASH_VICTIM");
  pid_t victim = file != NULL ? victim_of (file) : getpid ();

  if (victim == 0)
    g_warning ("no process to end in %s", file);
  else
    while (kill (victim, SIGKILL) == 0 && victim == getpid ())
      continue;
}
