/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-usage.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
  int signal;
  const char *meaning;
} meanings[] = {
  { SIGSEGV, "an access to memory that is not mapped" },
  { SIGBUS, "an access to memory beyond what backs it" },
  { SIGABRT, "it aborted: a failed assertion or a corrupt heap" },
  { SIGTRAP, "a fatal message of GLib, such as a failed assertion" },
  { SIGFPE, "an arithmetic error" },
  { SIGILL, "an instruction that the processor does not know" },
  { SIGSYS, "a system call that the sandbox forbids" },
  { SIGXCPU, "its CPU time was used up" },
  { SIGXFSZ, "a write that the sandbox forbids" },
};

gint64
rh_usage_cpu_us (GPid pid)
{
  struct timespec used;
  clockid_t clock;

  g_return_val_if_fail (pid > 0, -1);

  if (clock_getcpuclockid (pid, &clock) != 0 || clock_gettime (clock, &used) != 0)
    return -1;
  return (gint64)used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}

guint
rh_usage_rss_kb (GPid pid)
{
  char path[64];
  g_autofree char *text = NULL;
  const char *space;

  g_return_val_if_fail (pid > 0, 0);

  g_snprintf (path, sizeof path, "/proc/%d/statm", pid);
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  space = strchr (text, ' ');
  return space == NULL ? 0 : (guint)(g_ascii_strtoull (space + 1, NULL, 10) * (guint64)sysconf (_SC_PAGESIZE) / 1024);
}

char *
rh_usage_signal_text (int signal)
{
  const char *name = sigabbrev_np (signal);

  for (guint i = 0; i < G_N_ELEMENTS (meanings); i++)
    if (meanings[i].signal == signal)
      return g_strdup_printf ("SIG%s: %s", name, meanings[i].meaning);
  return name != NULL ? g_strdup_printf ("SIG%s", name) : g_strdup_printf ("signal %d", signal);
}

guint
rh_usage_backoff_ms (guint n, guint base_ms, guint ceiling_ms)
{
  guint64 wait_ms = MIN ((guint64)base_ms << MIN (MAX (n, 1) - 1, 30), ceiling_ms);

  return (guint)(wait_ms / 2 + (guint64)g_random_double_range (0, (double)wait_ms / 2 + 1));
}
