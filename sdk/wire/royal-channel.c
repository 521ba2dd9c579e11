/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-channel.h"

#include "royal-frame-reader.h"
#include "royal-json.h"
#include "royal-launch.h"
#include "royal-said.h"
#include "royal-stage.h"

#include <errno.h>
#include <math.h>
#include <royal/error.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TIMEOUT_US (10 * G_USEC_PER_SEC)
#define END_GRACE_US (200 * 1000)
#define THROTTLE_US (5 * 1000)
#define RATE_DEFAULT 20000
#define BATCH_MAX 64
/* What a message may cost the host's loop for nothing; beyond it each microsecond weighs as much as what the worker may
 * send in eight, so that in the long run it takes an eighth of the loop at most. One message is not held against it for
 * longer than a while. */
#define COST_FREE_US 20
#define COST_FACTOR 8
#define COST_MAX_US (2 * G_USEC_PER_SEC)
#define METHOD_MAX 64

#define REPLY_NULL "{\"result\":null}"
#define REPLY_CANCELLED "{\"error\":{\"code\":\"cancelled\",\"message\":\"the run was cancelled\"}}"

typedef enum {
  STATE_STARTING,
  STATE_IDLE,
  STATE_RUNNING,
  STATE_ENDING, /* the channel is closed, the process not reaped */
  STATE_CLOSED,
} State;

struct _RoyalChannel {
  GObject parent_instance;

  const RoyalChannelEvents *events; /* NULL: detached */
  gpointer data;

  GSource *source; /* holds a reference on the channel */
  gpointer tag;
  int fd;
  GPid pid;
  int pidfd;
  RoyalStage *stage; /* until the module is loaded */
  RoyalFrameReader *reader;

  State state;
  guint64 run;                              /* in hand, or the last that was */
  guint64 last;                             /* handed over */
  guint ahead[ROYAL_CHANNEL_AHEAD_MAX + 1]; /* bytes of the runs that are not answered, by their number */
  guint ahead_bytes;                        /* of those behind the run in hand */
  GByteArray *unsent;                       /* runs, as one packet */
  guint64 last_call;
  guint64 open_call; /* 0: none */
  gboolean cancelled;
  gboolean shutdown;
  gboolean throttled;
  GError *reason; /* why we ended it */

  double rate;
  double tokens;
  gint64 refilled;
};

G_DEFINE_FINAL_TYPE (RoyalChannel, royal_channel, G_TYPE_OBJECT)

typedef struct {
  GSource source;
  RoyalChannel *channel;
} ChannelSource;

static void
royal_channel_finalize (GObject *object)
{
  RoyalChannel *self = ROYAL_CHANNEL (object);

  g_assert (self->state == STATE_CLOSED || self->source == NULL);
  g_clear_pointer (&self->reader, royal_frame_reader_free);
  g_clear_pointer (&self->stage, royal_stage_free);
  g_clear_error (&self->reason);
  g_clear_pointer (&self->unsent, g_byte_array_unref);
  G_OBJECT_CLASS (royal_channel_parent_class)->finalize (object);
}

static void
royal_channel_class_init (RoyalChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = royal_channel_finalize;
}

static void
royal_channel_init (RoyalChannel *self)
{
  self->fd = self->pidfd = -1;
  self->reader = royal_frame_reader_new ();
}

/* The end of the process. */

static void
close_socket (RoyalChannel *self)
{
  if (self->fd < 0)
    return;
  g_source_remove_unix_fd (self->source, self->tag);
  close (self->fd);
  self->fd = -1;
  self->open_call = 0;
}

/* Its whole session's group; the number stays ours until it is reaped. */
static void
kill_group (RoyalChannel *self)
{
  if (kill (-self->pid, SIGKILL) < 0)
    kill (self->pid, SIGKILL);
}

/* From here on nothing is read; what follows is the reaping. */
static void
start_ending (RoyalChannel *self, gint64 ready_time)
{
  if (self->state >= STATE_ENDING)
    return;
  if (self->state == STATE_RUNNING && self->reason == NULL)
    self->shutdown = FALSE; /* an exit in the middle of a run is never in order */
  self->state = STATE_ENDING;
  close_socket (self);
  self->pidfd = (int)syscall (SYS_pidfd_open, self->pid, 0);
  if (self->pidfd >= 0)
    g_source_add_unix_fd (self->source, self->pidfd, G_IO_IN);
  g_source_set_ready_time (self->source, ready_time);
}

static void
end (RoyalChannel *self, const GError *reason)
{
  if (self->state == STATE_CLOSED)
    return;
  if (self->reason == NULL && reason != NULL)
    self->reason = g_error_copy (reason);
  kill_group (self);
  start_ending (self, 0);
}

static void
finish (RoyalChannel *self, const siginfo_t *info)
{
  g_autoptr (GError) error = g_steal_pointer (&self->reason);
  int signal = info->si_code == CLD_EXITED ? 0 : info->si_status;
  const RoyalChannelEvents *events = g_steal_pointer (&self->events);

  if (error == NULL)
    error = royal_launch_describe_end (info);
  if (error == NULL && !self->shutdown)
    error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED, "worker exited without being asked to");
  self->state = STATE_CLOSED;
  close (self->pidfd);
  self->pidfd = -1;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  if (events != NULL)
    events->closed (self, error, signal, self->data);
}

static void
reap (RoyalChannel *self)
{
  siginfo_t info = { 0 };

  if (g_source_get_ready_time (self->source) > 0 &&
      g_source_get_time (self->source) >= g_source_get_ready_time (self->source) && self->reason == NULL)
    {
      self->reason = g_error_new (ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "worker closed its channel and lived on");
      kill_group (self);
    }
  if (waitid (P_PID, (id_t)self->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0)
    {
      /* Without a pidfd there is nothing that wakes us. */
      g_source_set_ready_time (self->source, self->pidfd < 0        ? g_source_get_time (self->source) + 10000
                                             : self->reason != NULL ? -1
                                                                    : g_source_get_ready_time (self->source));
      return;
    }
  /* What it may have left in its group; the group's number is ours until the next line. */
  kill_group (self);
  if (waitid (P_PID, (id_t)self->pid, &info, WEXITED | WNOHANG) < 0)
    {
      g_debug ("worker %d was reaped by another: %s", self->pid, g_strerror (errno));
      info.si_code = CLD_EXITED;
    }
  finish (self, &info);
}

/* Sending. */

static void
end_unless_dead (RoyalChannel *self, const GError *error)
{
  g_autoptr (GError) reason = NULL;

  /* It is dead: what it has sent, and the end of the channel, are still to be read. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return;
  /* A worker that keeps to the protocol has at most three of our messages, and short runs, before it: they fit the
   * socket. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    reason = g_error_new (ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "worker does not read its channel");
  else
    reason = g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot write to the worker: %s", error->message);
  end (self, reason);
}

static void
send_text (RoyalChannel *self, RoyalFrameType type, guint64 id, const char *text, int table_fd)
{
  g_autoptr (GError) error = NULL;

  if (self->fd >= 0 &&
      !royal_frame_send_text (self->fd, type, id, text, text != NULL ? strlen (text) : 0, table_fd, &error))
    end_unless_dead (self, error);
}

static char *
object_to_text (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);

  return royal_json_to_string (node);
}

static void
reply_text (RoyalChannel *self, guint64 id, const char *text, int table_fd)
{
  if (id == 0 || id != self->open_call)
    return;
  self->open_call = 0;
  send_text (self, ROYAL_FRAME_REPLY, id, text, table_fd);
}

/* What the worker says. Each handler returns FALSE with @error set for what breaks the protocol. */

static gboolean
refuse (GError **error, const char *message)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "worker broke the protocol: %s", message);
  return FALSE;
}

static gboolean
on_ready (RoyalChannel *self, RoyalFrame *frame, GError **error)
{
  if (self->state != STATE_STARTING)
    return refuse (error, "READY twice");
  if (frame->id != 0)
    return refuse (error, "READY with an id");
  self->state = STATE_IDLE;
  g_clear_pointer (&self->stage, royal_stage_free);
  g_source_set_ready_time (self->source, -1);
  if (self->events != NULL)
    self->events->ready (self, frame->body, self->data);
  return TRUE;
}

static gboolean
on_failed (RoyalChannel *self, RoyalFrame *frame, GError **error)
{
  g_autoptr (GError) reason = royal_said_error (frame->body);

  if (self->state != STATE_STARTING)
    return refuse (error, "FAILED after READY");
  if (reason == NULL)
    return refuse (error, "FAILED without code and message");
  end (self, reason);
  return TRUE;
}

static guint *
bytes_of (RoyalChannel *self, guint64 run)
{
  return &self->ahead[run % G_N_ELEMENTS (self->ahead)];
}

/* The run in hand has ended. */
static void
next_run (RoyalChannel *self)
{
  self->cancelled = FALSE;
  if (self->run == self->last)
    {
      self->state = STATE_IDLE;
      return;
    }
  self->run++;
  self->ahead_bytes -= *bytes_of (self, self->run);
}

static gboolean
on_done (RoyalChannel *self, RoyalFrame *frame, GError **error)
{
  JsonNode *result = json_object_get_member (frame->body, "result");
  JsonObject *object = royal_json_object (frame->body, "error");
  g_autoptr (GError) failure = object != NULL ? royal_said_error (object) : NULL;

  if (self->state != STATE_RUNNING || frame->id != self->run)
    return refuse (error, "DONE for a run that is not in hand");
  if (self->open_call != 0)
    return refuse (error, "DONE while a call is open");
  if ((result != NULL) == (failure != NULL) || json_object_get_size (frame->body) != 1)
    return refuse (error, "DONE with neither a result nor an error, or with both");
  next_run (self);
  royal_channel_flush (self);
  if (self->events != NULL)
    self->events->done (self, result, failure, self->data);
  return TRUE;
}

static gboolean
on_call (RoyalChannel *self, RoyalFrame *frame, GError **error)
{
  const char *method = royal_json_string (frame->body, "method", NULL);
  JsonObject *params = royal_json_object (frame->body, "params");

  if (self->state != STATE_RUNNING)
    return refuse (error, "CALL outside of a run");
  if (self->open_call != 0)
    return refuse (error, "CALL while another is open");
  if (frame->id != self->last_call + 1)
    return refuse (error, "CALL with an id that is not the next");
  if (method == NULL || *method == '\0' || strlen (method) > METHOD_MAX || params == NULL)
    return refuse (error, "CALL without a method and params");
  self->last_call = self->open_call = frame->id;
  if (self->cancelled)
    reply_text (self, frame->id, REPLY_CANCELLED, -1);
  else if (self->events != NULL)
    self->events->call (self, frame->id, method, params, self->data);
  return TRUE;
}

static gboolean
on_log (RoyalChannel *self, RoyalFrame *frame, GError **error)
{
  const char *message = royal_said_message (frame->body, NULL);

  if (self->state != STATE_RUNNING || frame->id != self->run)
    return refuse (error, "LOG for a run that is not in hand");
  if (message == NULL)
    return refuse (error, "LOG without a message of at most 8 KiB");
  if (self->events != NULL)
    self->events->log (self, message, self->data);
  return TRUE;
}

static gboolean
on_progress (RoyalChannel *self, RoyalFrame *frame, GError **error)
{
  const char *message = royal_said_message (frame->body, "");
  double fraction = royal_json_double (frame->body, "fraction", NAN);

  if (self->state != STATE_RUNNING || frame->id != self->run)
    return refuse (error, "PROGRESS for a run that is not in hand");
  if (message == NULL || !(fraction >= 0 && fraction <= 1))
    return refuse (error, "PROGRESS without a fraction of 0 to 1 and a message of at most 8 KiB");
  if (self->events != NULL)
    self->events->progress (self, fraction, message, self->data);
  return TRUE;
}

typedef gboolean (*Handler) (RoyalChannel *self, RoyalFrame *frame, GError **error);

/* What a worker may say; all else is the host's to say. */
static const Handler handlers[ROYAL_FRAME_SHUTDOWN + 1] = {
  [ROYAL_FRAME_READY] = on_ready, [ROYAL_FRAME_FAILED] = on_failed, [ROYAL_FRAME_DONE] = on_done,
  [ROYAL_FRAME_CALL] = on_call,   [ROYAL_FRAME_LOG] = on_log,       [ROYAL_FRAME_PROGRESS] = on_progress,
};

static gboolean
handle (RoyalChannel *self, RoyalFrame *frame, GError **error)
{
  g_assert (frame->type < G_N_ELEMENTS (handlers));

  if (handlers[frame->type] == NULL)
    return refuse (error, "a message that only the host sends");
  if (frame->body == NULL)
    return refuse (error, "a message without a body");
  if (self->state == STATE_STARTING && frame->type != ROYAL_FRAME_READY && frame->type != ROYAL_FRAME_FAILED)
    return refuse (error, "a message before READY");
  return handlers[frame->type](self, frame, error);
}

/* Receiving. */

static void
refill (RoyalChannel *self, gint64 now)
{
  self->tokens = MIN (self->rate, self->tokens + (double)(now - self->refilled) * self->rate / G_USEC_PER_SEC);
  self->refilled = now;
}

/* Bytes and messages do not tell what it takes to read them: the clock does. */
static void
charge (RoyalChannel *self, gint64 spent_us)
{
  gint64 cost_us = MIN ((spent_us - COST_FREE_US) * COST_FACTOR, COST_MAX_US);

  if (cost_us > 0)
    self->tokens -= (double)cost_us * self->rate / G_USEC_PER_SEC;
}

static void
throttle (RoyalChannel *self, gboolean throttled, gint64 now)
{
  double wait = throttled ? -self->tokens * G_USEC_PER_SEC / self->rate : 0;

  if (self->throttled == throttled && !throttled)
    return;
  self->throttled = throttled;
  g_source_modify_unix_fd (self->source, self->tag, throttled ? 0 : G_IO_IN);
  g_source_set_ready_time (self->source, throttled ? now + (gint64)wait + THROTTLE_US : -1);
}

/* Takes one packet. TRUE when there may be another that need not wait for the next round. */
static gboolean
receive (RoyalChannel *self, gboolean hung_up)
{
  g_autoptr (RoyalFrame) frame = NULL;
  g_autoptr (GError) error = NULL;
  RoyalFrameType type;
  gsize bytes = 0, weight;

  if (!royal_frame_reader_take (self->reader, self->fd, &frame, &bytes, &error))
    {
      gboolean empty = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED) || (empty && hung_up))
        start_ending (self, g_get_monotonic_time () + END_GRACE_US);
      else if (!empty)
        end (self, error);
      return FALSE;
    }
  type = frame != NULL ? frame->type : ROYAL_FRAME_CALL;
  /* There are no more answers than runs that the host handed over. */
  weight = (type != ROYAL_FRAME_DONE) + bytes / 1024;
  self->tokens -= (double)weight;
  if (frame == NULL)
    return TRUE;
  if (!handle (self, frame, &error))
    end (self, error);
  /* Behind a run that ended the next may have ended too. */
  return type == ROYAL_FRAME_LOG || type == ROYAL_FRAME_PROGRESS ||
         (type == ROYAL_FRAME_DONE && self->state == STATE_RUNNING);
}

static void
on_socket (RoyalChannel *self)
{
  gint64 now = g_source_get_time (self->source);
  gboolean hung_up = (g_source_query_unix_fd (self->source, self->tag) & (G_IO_HUP | G_IO_ERR)) != 0;
  gint64 deadline = g_source_get_ready_time (self->source);

  if (self->state == STATE_STARTING && deadline >= 0 && now >= deadline)
    {
      g_autoptr (GError) error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "worker did not start within 10 s");

      end (self, error);
      return;
    }
  refill (self, now);
  /* What a dead worker left is bounded by the socket: it is read out. */
  for (guint i = 0;
       (i < BATCH_MAX || hung_up || royal_frame_reader_has_more (self->reader)) && (self->tokens > 0 || hung_up); i++)
    {
      gint64 start = g_get_monotonic_time ();
      gboolean more = receive (self, hung_up);

      charge (self, g_get_monotonic_time () - start);
      if (!more && !hung_up && !royal_frame_reader_has_more (self->reader))
        break;
      if (self->fd < 0)
        return;
    }
  if (self->fd >= 0 && self->state != STATE_STARTING)
    throttle (self, self->tokens <= 0, now);
}

static gboolean
channel_source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  g_autoptr (RoyalChannel) self = g_object_ref (((ChannelSource *)source)->channel);

  if (self->fd >= 0)
    on_socket (self);
  else if (self->state == STATE_ENDING)
    reap (self);
  return G_SOURCE_CONTINUE;
}

static void
channel_source_finalize (GSource *source)
{
  g_clear_object (&((ChannelSource *)source)->channel);
}

static GSourceFuncs channel_source_funcs = {
  .dispatch = channel_source_dispatch,
  .finalize = channel_source_finalize,
};

static void
attach (RoyalChannel *self)
{
  self->source = g_source_new (&channel_source_funcs, sizeof (ChannelSource));
  g_source_set_static_name (self->source, "royal-channel");
  /* Or else GLib takes the descriptor out of its set around every dispatch and wakes itself twice for it, which costs
   * more than the message. Every handler has done its own work before it calls out. */
  g_source_set_can_recurse (self->source, TRUE);
  ((ChannelSource *)self->source)->channel = g_object_ref (self);
  self->tag = g_source_add_unix_fd (self->source, self->fd, G_IO_IN);
  g_source_set_ready_time (self->source, g_get_monotonic_time () + START_TIMEOUT_US);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

/* The public interface. */

RoyalChannel *
royal_channel_launch (const RoyalLaunch *launch, const RoyalChannelEvents *events, gpointer data, GError **error)
{
  g_autoptr (RoyalChannel) self = NULL;
  g_autoptr (JsonObject) init = NULL;
  g_autofree char *text = NULL;

  g_return_val_if_fail (launch != NULL && launch->worker != NULL && launch->module != NULL, NULL);
  g_return_val_if_fail (events != NULL, NULL);

  self = g_object_new (ROYAL_TYPE_CHANNEL, NULL);
  self->events = events;
  self->data = data;
  self->rate = launch->messages_per_s != 0 ? launch->messages_per_s : RATE_DEFAULT;
  self->tokens = self->rate;
  self->refilled = g_get_monotonic_time ();
  self->stage = royal_stage_new (launch->module, error);
  self->pid = self->stage != NULL ? royal_launch_spawn (launch, &self->fd, error) : -1;
  if (self->pid < 0)
    return NULL;
  attach (self);
  init = royal_launch_init (launch, royal_stage_path (self->stage));
  text = object_to_text (init);
  send_text (self, ROYAL_FRAME_INIT, 0, text, -1);
  return g_steal_pointer (&self);
}

gboolean
royal_channel_run (RoyalChannel *self, JsonObject *request, GError **error)
{
  g_autofree char *text = NULL;

  g_return_val_if_fail (ROYAL_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (request != NULL, FALSE);

  if (self->state != STATE_IDLE || self->shutdown)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the worker is not idle");
      return FALSE;
    }
  text = object_to_text (request);
  if (!royal_channel_run_text (self, text, strlen (text), NULL, error))
    return FALSE;
  royal_channel_flush (self);
  return TRUE;
}

/* Whether a run of @length bytes fits behind those that the worker has. */
static gboolean
has_room (RoyalChannel *self, gsize length)
{
  return self->state == STATE_IDLE ||
         (self->last - self->run < ROYAL_CHANNEL_AHEAD_MAX && length <= ROYAL_CHANNEL_AHEAD_BYTES - self->ahead_bytes);
}

/* A run that is too long to stand with others in a packet goes alone. */
static void
queue_run (RoyalChannel *self, const char *text, gsize length)
{
  if (self->unsent == NULL)
    self->unsent = g_byte_array_new ();
  if (self->unsent->len + ROYAL_FRAME_HEADER + length > ROYAL_FRAME_MAX)
    royal_channel_flush (self);
  if (length > ROYAL_FRAME_INLINE_MAX)
    send_text (self, ROYAL_FRAME_RUN, self->last, text, -1);
  else
    royal_frame_append (self->unsent, ROYAL_FRAME_RUN, self->last, text, length);
}

gboolean
royal_channel_run_text (RoyalChannel *self, const char *text, gsize length, gboolean *ret_full, GError **error)
{
  g_return_val_if_fail (ROYAL_IS_CHANNEL (self) && text != NULL, FALSE);

  if (ret_full != NULL)
    *ret_full = FALSE;
  if ((self->state != STATE_IDLE && self->state != STATE_RUNNING) || self->shutdown)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the worker takes no runs");
      return FALSE;
    }
  if (length > ROYAL_FRAME_BODY_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "the run's input is longer than 16 MiB");
      return FALSE;
    }
  if (!has_room (self, length))
    {
      if (ret_full != NULL)
        *ret_full = TRUE;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the worker has no room for another run");
      return FALSE;
    }
  self->last++;
  *bytes_of (self, self->last) = (guint)length;
  if (self->state == STATE_RUNNING)
    self->ahead_bytes += (guint)length;
  else
    self->run = self->last;
  self->state = STATE_RUNNING;
  queue_run (self, text, length);
  return TRUE;
}

void
royal_channel_flush (RoyalChannel *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (ROYAL_IS_CHANNEL (self));

  if (self->unsent == NULL || self->unsent->len == 0)
    return;
  /* Those that a slow worker has no room for go when it has answered others. */
  if (self->fd >= 0 && !royal_frame_send_packet (self->fd, self->unsent, &error))
    {
      if (self->last != self->run && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return;
      end_unless_dead (self, error);
    }
  g_byte_array_set_size (self->unsent, 0);
}

void
royal_channel_reply (RoyalChannel *self, guint64 id, JsonNode *result)
{
  g_autofree char *json = NULL;
  g_autofree char *text = NULL;

  g_return_if_fail (ROYAL_IS_CHANNEL (self));

  if (result == NULL || JSON_NODE_HOLDS_NULL (result))
    {
      reply_text (self, id, REPLY_NULL, -1);
      return;
    }
  json = royal_json_to_string (result);
  text = g_strconcat ("{\"result\":", json, "}", NULL);
  if (strlen (text) > ROYAL_FRAME_BODY_MAX)
    {
      g_autoptr (GError) error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_LIMIT, "the result is longer than 16 MiB");

      royal_channel_reply_error (self, id, error);
      return;
    }
  reply_text (self, id, text, -1);
}

void
royal_channel_reply_table (RoyalChannel *self, guint64 id, int table_fd)
{
  g_return_if_fail (ROYAL_IS_CHANNEL (self));
  g_return_if_fail (table_fd >= 0);

  reply_text (self, id, NULL, table_fd);
}

void
royal_channel_reply_error (RoyalChannel *self, guint64 id, const GError *error)
{
  g_autoptr (JsonObject) body = json_object_new ();
  JsonObject *object = json_object_new ();
  g_autofree char *message = NULL;
  g_autofree char *text = NULL;

  g_return_if_fail (ROYAL_IS_CHANNEL (self));
  g_return_if_fail (error != NULL);

  message = g_utf8_make_valid (error->message, -1);
  json_object_set_string_member (
      object, "code", royal_error_code_name (error->domain == ROYAL_ERROR ? error->code : ROYAL_ERROR_FAILED));
  json_object_set_string_member (object, "message", message);
  json_object_set_object_member (body, "error", object);
  text = object_to_text (body);
  reply_text (self, id, text, -1);
}

void
royal_channel_cancel (RoyalChannel *self)
{
  g_return_if_fail (ROYAL_IS_CHANNEL (self));

  if (self->state != STATE_RUNNING || self->cancelled)
    return;
  self->cancelled = TRUE;
  send_text (self, ROYAL_FRAME_CANCEL, self->run, "{}", -1);
  reply_text (self, self->open_call, REPLY_CANCELLED, -1);
}

void
royal_channel_shutdown (RoyalChannel *self)
{
  g_return_if_fail (ROYAL_IS_CHANNEL (self));

  if (self->shutdown)
    return;
  self->shutdown = TRUE;
  send_text (self, ROYAL_FRAME_SHUTDOWN, 0, "{}", -1);
}

void
royal_channel_kill (RoyalChannel *self, const GError *reason)
{
  g_return_if_fail (ROYAL_IS_CHANNEL (self));

  end (self, reason);
}

GPid
royal_channel_pid (RoyalChannel *self)
{
  g_return_val_if_fail (ROYAL_IS_CHANNEL (self), -1);

  return self->pid;
}

gboolean
royal_channel_is_ready (RoyalChannel *self)
{
  g_return_val_if_fail (ROYAL_IS_CHANNEL (self), FALSE);

  return self->state == STATE_IDLE || self->state == STATE_RUNNING;
}

gboolean
royal_channel_is_busy (RoyalChannel *self)
{
  g_return_val_if_fail (ROYAL_IS_CHANNEL (self), FALSE);

  return self->state == STATE_RUNNING;
}

void
royal_channel_detach (RoyalChannel *self)
{
  g_return_if_fail (ROYAL_IS_CHANNEL (self));

  self->events = NULL;
  end (self, NULL);
}
