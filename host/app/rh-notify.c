/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void
rh_notify (const char *state)
{
  const char *path = g_getenv ("NOTIFY_SOCKET");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  gsize length;
  int fd;

  g_return_if_fail (state != NULL);
  if (path == NULL || (*path != '/' && *path != '@') || strlen (path) >= sizeof address.sun_path)
    return;
  length = strlen (path);
  memcpy (address.sun_path, path, length);
  if (*path == '@')
    address.sun_path[0] = '\0';
  fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  (void)sendto (fd, state, strlen (state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                (socklen_t)(offsetof (struct sockaddr_un, sun_path) + length));
  close (fd);
}

static gboolean
on_watchdog (gpointer data)
{
  rh_notify ("WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

void
rh_notify_watchdog (void)
{
  const char *text = g_getenv ("WATCHDOG_USEC");
  guint64 usec;

  if (text != NULL && g_ascii_string_to_unsigned (text, 10, 2000, G_MAXUINT, &usec, NULL))
    g_timeout_add ((guint)(usec / 2000), on_watchdog, NULL);
}
