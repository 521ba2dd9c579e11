/* SPDX-License-Identifier: Apache-2.0 */
#include "http-wrk.h"

#include <string.h>

char *
http_output_of (const char *const *argv)
{
  g_autofree char *output = NULL;
  int status;

  if (!g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, &status, NULL) ||
      status != 0)
    return NULL;
  return g_steal_pointer (&output);
}

static double
after (const char *text, const char *label)
{
  const char *found = strstr (text, label);

  return found != NULL ? g_ascii_strtod (found + strlen (label), NULL) : 0;
}

static double
number_before (const char *text, const char *label)
{
  const char *found = strstr (text, label), *start = found;

  if (found == NULL)
    g_error ("wrk printed no%s", label);
  while (start > text && g_ascii_isdigit (start[-1]))
    start--;
  return g_ascii_strtod (start, NULL);
}

/* A time as wrk prints it: 870.00us, 1.23ms, 1.02s. */
static double
time_ms (const char *text, const char *label)
{
  const char *found = strstr (text, label);
  char *unit;
  double value;

  if (found == NULL)
    g_error ("wrk printed no %s", label);
  value = g_ascii_strtod (found + strlen (label), &unit);
  return g_str_has_prefix (unit, "us") ? value / 1000 : g_str_has_prefix (unit, "ms") ? value : value * 1000;
}

HttpWrk
http_wrk_run (const char *const *argv)
{
  g_autofree char *output = http_output_of (argv);

  if (output == NULL)
    g_error ("wrk failed");
  /* "  17442 requests in 4.10s, 385.93MB read" */
  return (HttpWrk){ .n = number_before (output, " requests in "),
                    .per_s = after (output, "Requests/sec:"),
                    .p99_ms = time_ms (output, "99%"),
                    .bad = after (output, "Non-2xx or 3xx responses:") };
}
