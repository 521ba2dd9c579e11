/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A server that only answers with bytes, in a process of its own. */
typedef struct {
  GSubprocess *process;
  guint port;
  int pid;
} HttpPeer;

/* Starts what prints its port in its first line; FALSE when it ends instead. */
gboolean http_peer_start (HttpPeer *self, const char *const *argv);
/* Starts plain-server, a bare libsoup server, with what is in @file. */
void http_peer_start_plain (HttpPeer *self, const char *file);
void http_peer_stop (HttpPeer *self);

G_END_DECLS
