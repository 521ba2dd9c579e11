/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "bench-host.h"

G_BEGIN_DECLS

/* A royald that listens on a TCP port of loopback, on the test's cluster, with one agent whose jobs do nothing. */
typedef struct {
  BenchHost *host;
  guint port;
  char *owner;  /* conninfo of the database's owner */
  char *viewer; /* tokens */
  char *operator;
} HttpHost;

/* @manifest: (nullable): more members of the operator's manifest, such as `"triggers":{…}`. Files in the folder "secrets" of the test's
 * folder, when there is one, are its secrets. */
HttpHost *http_host_start (const char *manifest) G_GNUC_WARN_UNUSED_RESULT;
void http_host_stop (HttpHost *self);

/* Sends SIGTERM to the calling process when its parent ends: a child's set-up. */
void http_host_end_with_parent (gpointer data);

G_END_DECLS
