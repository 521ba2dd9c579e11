/* SPDX-License-Identifier: Apache-2.0 */
#include "http-peer.h"

#include "bench.h"
#include "http-host.h"

#include <signal.h>

gboolean
http_peer_start (HttpPeer *self, const char *const *argv)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GDataInputStream) lines = NULL;
  g_autofree char *line = NULL;

  g_subprocess_launcher_set_child_setup (launcher, http_host_end_with_parent, NULL, NULL);
  self->process = g_subprocess_launcher_spawnv (launcher, argv, NULL);
  if (self->process == NULL)
    return FALSE;
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (lines), FALSE);
  line = g_data_input_stream_read_line_utf8 (lines, NULL, NULL, NULL);
  self->port = line != NULL ? (guint)g_ascii_strtoull (line, NULL, 10) : 0;
  if (self->port == 0)
    return FALSE;
  self->pid = (int)g_ascii_strtoll (g_subprocess_get_identifier (self->process), NULL, 10);
  return TRUE;
}

void
http_peer_start_plain (HttpPeer *self, const char *file)
{
  g_autofree char *server = bench_build_path ("tests/bench/plain-server");

  if (!http_peer_start (self, (const char *const[]){ server, file, NULL }))
    g_error ("%s did not start", server);
}

void
http_peer_stop (HttpPeer *self)
{
  if (self->process == NULL)
    return;
  g_subprocess_send_signal (self->process, SIGTERM);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
}
