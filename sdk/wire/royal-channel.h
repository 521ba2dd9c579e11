/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-frame.h"

#include <signal.h>

G_BEGIN_DECLS

/* How a worker that has no memory left ends itself (royal-log-writer.h): no fault ends a process so by accident. */
#define ROYAL_SIGNAL_MEMORY SIGUSR2

/* The end of a channel that trusts nobody: the host's, and royal-agent's. It owns the worker process, checks
 * the order of messages as docs/wire.md states it, limits their rate, and reports through a vtable in the
 * thread-default main context that it was made in. */
#define ROYAL_TYPE_CHANNEL (royal_channel_get_type ())
G_DECLARE_FINAL_TYPE (RoyalChannel, royal_channel, ROYAL, CHANNEL, GObject)

/**
 * RoyalLaunch:
 * @worker: path of the royal-worker program
 * @module: path of the plugin module, in a folder that holds nothing else that must stay unread
 * @sha256: (nullable): hexadecimal hash the module must have
 * @memory_mb: address space ceiling in MiB, 0 = the default (1,024)
 * @cpu_s: CPU seconds a worker may use over its life, 0 = no limit
 * @keep_off_cpu: a CPU that the worker must not use, -1 = any
 * @user_id: user and group to drop to when the caller is root; 0 = 65534 (nobody)
 * @without: bit set of layers to leave out, for tests and for an operator's explicit override; normally 0
 * @messages_per_s: ceiling of the worker's message rate, 0 = the default (20,000). A message weighs 1, and 1 more for
 *   every KiB of it. A worker that is faster is not read until its time has come: it waits, the host does not.
 */
typedef enum {
  ROYAL_SANDBOX_LANDLOCK = 1 << 0,
  ROYAL_SANDBOX_SECCOMP = 1 << 1,
  ROYAL_SANDBOX_RLIMITS = 1 << 2,
  ROYAL_SANDBOX_ALL = (1 << 3) - 1,
} RoyalSandboxLayers;

typedef struct {
  const char *worker;
  const char *module;
  const char *sha256;
  const char *agent;
  guint memory_mb;
  guint cpu_s;
  int keep_off_cpu;
  guint user_id;
  RoyalSandboxLayers without;
  guint messages_per_s;
} RoyalLaunch;

/**
 * RoyalChannelEvents:
 * @ready: the worker is sandboxed and has loaded the plugin; @facts is the body of READY
 * @call: the plugin called @method; answer with royal_channel_reply() or royal_channel_reply_error(),
 *   now or later, once. @params is never NULL.
 * @done: the run in hand ended: @result (nullable, transfer none) or @error. The next in order is in hand then.
 * @closed: the process has ended and was reaped; @error says why (protocol, crash with its signal, exit,
 *   start failure, memory); NULL after an orderly shutdown. The last event; also ends the run in hand and
 *   gives back those behind it (@done is not called for them). @signal is the terminating signal or 0.
 */
typedef struct {
  void (*ready) (RoyalChannel *channel, JsonObject *facts, gpointer data);
  void (*call) (RoyalChannel *channel, guint64 id, const char *method, JsonObject *params, gpointer data);
  void (*log) (RoyalChannel *channel, const char *message, gpointer data);
  void (*progress) (RoyalChannel *channel, double fraction, const char *message, gpointer data);
  void (*done) (RoyalChannel *channel, JsonNode *result, const GError *error, gpointer data);
  void (*closed) (RoyalChannel *channel, const GError *error, int signal, gpointer data);
} RoyalChannelEvents;

/**
 * royal_channel_launch:
 * @events: (transfer none): static; every member set
 *
 * Starts a worker; @ready or @closed follows. Does not block. The thread that calls this must outlive the worker,
 * which is killed when that thread ends. The channel lives until @closed was called, whoever drops it.
 *
 * Returns: (transfer full): the channel; NULL with @error set when not even a process could be made.
 */
RoyalChannel *royal_channel_launch (const RoyalLaunch *launch,
                                    const RoyalChannelEvents *events,
                                    gpointer data,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts a run on an idle, ready worker. @request is the body of RUN. */
gboolean royal_channel_run (RoyalChannel *self, JsonObject *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs that a worker may have before it beside the one in hand, and what their messages may come to in bytes: they fit
 * its socket together with all else that the host may have to say. */
#define ROYAL_CHANNEL_AHEAD_MAX 255
#define ROYAL_CHANNEL_AHEAD_BYTES (60 * 1024)

/**
 * royal_channel_run_text:
 * @text: the body of RUN, one JSON object
 * @ret_full: (optional): set when there is no room for another run before the worker: the run was not sent
 *
 * Hands a run to a ready worker, which comes to it after those that it was handed before: they are answered in order.
 */
gboolean royal_channel_run_text (RoyalChannel *self, const char *text, gsize length, gboolean *ret_full, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Answers call @id. An id that is no longer open (the worker has died) is ignored. */
void royal_channel_reply (RoyalChannel *self, guint64 id, JsonNode *result);
/* @table_fd stays the caller's. */
void royal_channel_reply_table (RoyalChannel *self, guint64 id, int table_fd);
void royal_channel_reply_error (RoyalChannel *self, guint64 id, const GError *error);

/* Sends the runs that were handed over since the last time, together. Every royal_channel_run_text() is followed by it. */
void royal_channel_flush (RoyalChannel *self);

/* Cancels the run in hand: its open call, and every later one, is answered with `cancelled`. */
void royal_channel_cancel (RoyalChannel *self);

/* Asks the worker to exit when it is idle. */
void royal_channel_shutdown (RoyalChannel *self);

/* Ends the worker at once (SIGKILL). @closed follows, with @reason as its error. */
void royal_channel_kill (RoyalChannel *self, const GError *reason);

GPid royal_channel_pid (RoyalChannel *self);
gboolean royal_channel_is_ready (RoyalChannel *self);
gboolean royal_channel_is_busy (RoyalChannel *self);

/* Drops the events (no more calls of the vtable) and ends the worker if it still lives. */
void royal_channel_detach (RoyalChannel *self);

G_END_DECLS
