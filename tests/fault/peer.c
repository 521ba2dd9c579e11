/* SPDX-License-Identifier: Apache-2.0 */

/* peer SEED: the other side of the fault suite, in a process of its own; prints its port. */

#include "peer-server.h"

#include <stdio.h>

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  PeerServer *peer = peer_server_new (argc > 1 ? (guint32)g_ascii_strtoull (argv[1], NULL, 10) : 1);
  guint port = peer_server_listen (peer, 0, NULL, &error);

  if (port == 0)
    {
      fprintf (stderr, "peer: %s\n", error->message);
      return 1;
    }
  printf ("%u\n", port);
  fflush (stdout);
  g_main_loop_run (loop);
  peer_server_free (peer);
  return 0;
}
