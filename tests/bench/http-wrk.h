/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* wrk, and what it prints. */
typedef struct {
  double n; /* requests that were answered */
  double per_s;
  double p99_ms;
  double bad; /* answers that were no 2xx or 3xx */
} HttpWrk;

/* What a program prints; NULL when it fails. (transfer full) (nullable) */
char *http_output_of (const char *const *argv) G_GNUC_WARN_UNUSED_RESULT;

/* Runs wrk, for which @argv asks with --latency. */
HttpWrk http_wrk_run (const char *const *argv);

G_END_DECLS
