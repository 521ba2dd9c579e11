/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-channel.h"

G_BEGIN_DECLS

/**
 * royal_launch_spawn:
 * @ret_fd: (out): the host's end of the channel, non-blocking, for close()
 *
 * Starts @launch->worker: descriptors 0 to 2 on /dev/null, the channel on 3, no other; an empty environment; its own
 * process group; default signals. With ROYAL_WORKER_STDERR=1 in the caller's environment it keeps the caller's stderr.
 * Safe in a process with threads, and does not copy its page tables.
 *
 * Returns: the process, for waitid(); -1 with @error set.
 */
GPid royal_launch_spawn (const RoyalLaunch *launch, int *ret_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* @module: where the worker loads it from. Returns: (transfer full): the body of INIT. */
JsonObject *royal_launch_init (const RoyalLaunch *launch, const char *module) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_launch_describe_end:
 * @info: what waitid() said
 *
 * Returns: (transfer full) (nullable): why the worker ended; NULL for exit 0.
 */
GError *royal_launch_describe_end (const siginfo_t *info) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
