/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-log-writer.h"

#include "royal-launch.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* How g_malloc() and its like begin what they say last. */
#define NO_MEMORY "failed to allocate "

/* There may be no memory left: nothing here takes any. */
static void
put (const char *text, gssize length)
{
  gsize left = length < 0 ? strlen (text) : (gsize)length;

  if (write (STDERR_FILENO, text, left) < 0)
    return;
}

static GLogWriterOutput
write_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      const char *text = fields[i].value;
      gssize length = fields[i].length;

      if (strcmp (fields[i].key, "MESSAGE") != 0)
        continue;
      put (text, length);
      put ("\n", 1);
      if ((level & G_LOG_LEVEL_ERROR) != 0 && g_strstr_len (text, length, NO_MEMORY) != NULL)
        raise (ROYAL_SIGNAL_MEMORY);
    }
  return G_LOG_WRITER_HANDLED;
}

void
royal_log_writer_install (void)
{
  g_log_set_writer_func (write_message, NULL, NULL);
}
