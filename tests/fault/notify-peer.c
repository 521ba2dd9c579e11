/* SPDX-License-Identifier: Apache-2.0 */

/* notify-peer: one who is notified, in a process of its own, a fake; prints its ports of HTTP and SMTP. */

#include "notify-peer.h"

#include <stdio.h>

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  NotifyPeer *peer = notify_peer_new ();

  printf ("%u %u\n", notify_peer_http_port (peer), notify_peer_smtp (peer, NULL, FALSE, NULL));
  fflush (stdout);
  g_main_loop_run (loop);
  notify_peer_free (peer);
  return 0;
}
