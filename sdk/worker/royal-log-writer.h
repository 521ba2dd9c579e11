/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * royal_log_writer_install:
 *
 * Has GLib's messages written to standard error and nothing else: its own writer asks whether that is the journal,
 * which is a call that the sandbox forbids. A message that tells of no memory left ends the process with
 * ROYAL_SIGNAL_MEMORY, so that the host can say so.
 */
void royal_log_writer_install (void);

G_END_DECLS
