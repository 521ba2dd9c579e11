/* SPDX-License-Identifier: Apache-2.0 */

/* Code that runs when the module is loaded, before any task: -DCONSTRUCTOR_NETWORK opens a socket, else a file is
 * read. */

#include "attack.h"

#include <sys/socket.h>

static const char *how = "did not run";
static gboolean escaped;

__attribute__ ((constructor)) static void
attack_at_load (void)
{
#ifdef CONSTRUCTOR_NETWORK
  long got = socket (AF_INET, SOCK_STREAM, 0);
#else
  long got = open ("/etc/passwd", O_RDONLY);
#endif

  escaped = got >= 0;
  how = got < 0 ? g_strerror (errno) : "the call succeeded";
}

ATTACK (tell)
{
  return attack_result (escaped, how);
}

ROYAL_AGENT (ROYAL_TASK ("tell", tell))
