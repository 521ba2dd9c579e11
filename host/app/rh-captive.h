/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Captive mode: once the host is ready a command runs beside it, with ROYAL_SOCKET in its environment; when the command
 * ends, so does the host, with the command's exit status. */
typedef void (*RhCaptiveEnded) (int exit_status, gpointer data);

/* Runs @command by /bin/sh. FALSE when it cannot be started. @ended is called once, in the main context. */
gboolean rh_captive_run (const char      *command,
                         const char      *socket,
                         RhCaptiveEnded   ended,
                         gpointer         data,
                         GError         **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
