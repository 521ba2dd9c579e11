/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char *socket_path;
static guint watchdog_ms;

void
rh_notify_init (void)
{
  const char *usec = g_getenv ("WATCHDOG_USEC");
  guint64 number;

  socket_path = g_strdup (g_getenv ("NOTIFY_SOCKET"));
  if (usec != NULL && g_ascii_string_to_unsigned (usec, 10, 2000, G_MAXUINT, &number, NULL))
    watchdog_ms = (guint)(number / 2000);
  g_unsetenv ("NOTIFY_SOCKET");
  g_unsetenv ("WATCHDOG_USEC");
}

void
rh_notify (const char *state)
{
  const char *path = socket_path;
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
  if (socket_path != NULL && watchdog_ms > 0)
    g_timeout_add (watchdog_ms, on_watchdog, NULL);
}
