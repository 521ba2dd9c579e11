/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-feed.h"

#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-reads.h"
#include "royal-json.h"

#include <string.h>

#define CHANNEL "royal_events"
#define PAGE 200
#define CLIENTS_MAX 1536
/* A message holds events until it is so long. */
#define MESSAGE_MAX (32 * 1024)
/* From one page to the next, for each client of the first: what comes in between goes together, and all else has its
 * turn. */
#define PAUSE_US 50
/* What may wait for one client, and one event more. */
#define PENDING_MAX ((guint64)256 * 1024)
/* A client that takes nothing for so long is dropped; then the kernel's and libsoup's buffers go too. */
#define SLOW_S 10
#define SLOW_GRACE_S 3
#define HEARTBEAT_S 15
/* A token may have expired, or been revoked while the feed lagged. */
#define RECHECK_S 60

static const RhStatement events_after = { "feed.events",
                                          "select id, event, event->>'kind' as kind, event->>'subject' as subject"
                                          " from events_after ($1::bigint, $2::text[], $3::int)",
                                          3, FALSE };
static const RhStatement events_of_workflows = {
  "feed.events-of-workflows",
  "select id, event, workflow, event->>'kind' as kind, event->>'subject' as subject"
  " from events_of_workflows ($1::bigint, $2::text[], $3::int)",
  3, FALSE
};
static const RhStatement events_last = { "feed.last", "select events_last () as id", 0, FALSE };
static const RhStatement workflow_look = { "feed.workflow", "select id, first, run, over from workflow_look ($1::uuid)",
                                           1, FALSE };
static const RhStatement token_holds = { "feed.token", "select credential_holds ($1::uuid) as holds", 1, FALSE };

struct _RhFeed {
  RhStore *store;      /* not owned; NULL once closed */
  GHashTable *readers; /* workspace → Reader */
  guint n_clients;
  guint tick; /* while there are clients */
};

/* One workspace: how far it was read, and who listens. */
typedef struct {
  gint64 workspace;
  RhFeed *feed; /* not owned: NULL once closed */
  gint64 last;  /* -1 until it is known */
  gboolean reading;
  gboolean with_workflows; /* the page that is read says which they are of */
  gboolean again;
  guint pause; /* until the next page may be read; 0 = now */
  gboolean failed;
  GPtrArray *clients; /* Client, owned */
} Reader;

typedef struct {
  Reader *reader; /* NULL once it was dropped */
  SoupWebsocketConnection *socket;
  RhConnection *connection;
  RhFeedWish *wish;
  char *token;
  gint64 last; /* -1: begin now; else the last event that it has been given */
  gint64 end;  /* its workflow is over, and by this event that has been told; -1 = not yet */
  gboolean greeted;
  gboolean reading; /* a page of its own is on its way */
  guint64 pending;  /* bytes given to libsoup that the kernel has not taken */
  guint64 written;  /* the connection's count when pending was last reckoned */
  gint64 moved_us;  /* when the kernel last took something, or nothing was pending */
  guint ticks;
} Client;

/* What a client is sent: the events of a part of a page. */
typedef struct {
  char *text; /* NULL when it wants none of them */
  gsize length;
  gint64 last;   /* the last event of the part */
  gboolean ends; /* with it the workflow that the client is told of is over */
} Message;

static void reader_read (Reader *self);
static void client_pull (Client *self);

/* --- messages ----------------------------------------------------------------------------------------------------- */

static void
message_free (gpointer data)
{
  Message *self = data;

  g_free (self->text);
  g_free (self);
}

/* Takes @events, which may hold none. */
static Message *
message_new (GString *events, gint64 last, gboolean ends)
{
  Message *self = g_new0 (Message, 1);

  self->last = last;
  self->ends = ends;
  if (events->len > 0)
    g_string_append (events, "]}");
  self->length = events->len;
  self->text = g_string_free (events, events->len == 0);
  return self;
}

/* (transfer full) (element-type Message): the events of @rows after @after that are wanted, in order. */
static GPtrArray *
messages_of (RhRows *rows, const RhFeedWish *wish, gint64 after)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (message_free);
  GString *events = g_string_new (NULL);
  gboolean ends = FALSE;

  for (guint i = 0; i < rh_rows_n (rows) && !ends; i++)
    {
      gint64 id = rh_rows_int64 (rows, i, "id");

      if (id <= after)
        continue;
      after = id;
      if (!rh_feed_wish_has (wish, rows, i))
        continue;
      ends = rh_feed_wish_ends_with (wish, rows, i);
      g_string_append (events, events->len == 0 ? "{\"type\":\"events\",\"events\":[" : ",");
      g_string_append (events, rh_rows_string (rows, i, "event"));
      if (events->len >= MESSAGE_MAX && !ends)
        {
          g_ptr_array_add (messages, message_new (events, id, FALSE));
          events = g_string_new (NULL);
        }
    }
  g_ptr_array_add (messages, message_new (events, after, ends));
  return messages;
}

/* --- one client --------------------------------------------------------------------------------------------------- */

static void
client_clear (gpointer data)
{
  Client *self = data;

  g_clear_object (&self->socket);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->wish, rh_feed_wish_free);
  g_free (self->token);
}

static void
client_unref (Client *self)
{
  g_rc_box_release_full (self, client_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_unref)

/* No more events for it: libsoup finishes the connection by itself. */
static void
client_drop (Client *self)
{
  Reader *reader = g_steal_pointer (&self->reader);

  if (reader == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->socket, self);
  g_signal_handlers_disconnect_by_data (self->connection, self);
  if (reader->feed != NULL)
    rh_metric_set (RH_METRIC_FEED_CLIENTS, NULL, --reader->feed->n_clients);
  g_ptr_array_remove_fast (reader->clients, self);
}

/* Says why, and lets libsoup finish: it must live until then. A peer that does not read would keep what is queued for
 * it in memory, so there is an end to that. */
static void
part (SoupWebsocketConnection *socket, RhConnection *connection, gushort code, const char *why)
{
  rh_connection_set_deadline (connection, SLOW_GRACE_S);
  if (soup_websocket_connection_get_state (socket) != SOUP_WEBSOCKET_STATE_OPEN)
    return;
  g_signal_connect (g_object_ref (socket), "closed", G_CALLBACK (g_object_unref), NULL);
  soup_websocket_connection_close (socket, code, why);
}

static void
client_close (Client *self, gushort code, const char *why)
{
  g_autoptr (Client) held G_GNUC_UNUSED = g_rc_box_acquire (self);

  if (self->reader == NULL)
    return;
  rh_log (RH_LOG_DEBUG, "feed.closed", why, "peer", rh_connection_peer (self->connection), NULL);
  client_drop (self);
  part (self->socket, self->connection, code, why);
}

static void
reckon (Client *self)
{
  guint64 written = rh_connection_written (self->connection);
  guint64 taken = written - self->written;

  self->written = written;
  /* Heartbeats and closing frames are counted by the kernel's side only. */
  self->pending -= MIN (self->pending, taken);
  if (taken > 0 || self->pending == 0)
    self->moved_us = g_get_monotonic_time ();
}

/* Between the peer's going and libsoup's word of it there may be turns of the loop. */
static gboolean
is_open (Client *self)
{
  return self->reader != NULL && soup_websocket_connection_get_state (self->socket) == SOUP_WEBSOCKET_STATE_OPEN;
}

static void
client_send (Client *self, const char *text, gsize length)
{
  gsize header = length < 126 ? 2 : length < 65536 ? 4 : 10;

  reckon (self);
  /* libsoup may write before it returns. */
  self->pending += length + header;
  soup_websocket_connection_send_text (self->socket, text);
}

/* Whether it has been told all there is to tell of its workflow; then it is closed. Not to be asked while libsoup
 * writes. */
static gboolean
client_is_done (Client *self)
{
  if (self->end < 0 || self->last < self->end)
    return FALSE;
  client_close (self, SOUP_WEBSOCKET_CLOSE_NORMAL, "the workflow is over");
  return TRUE;
}

/* FALSE when not all of them had room: what is left will be read again. */
static gboolean
client_deliver (Client *self, GPtrArray *messages)
{
  for (guint i = 0; i < messages->len; i++)
    {
      const Message *message = messages->pdata[i];

      if (!is_open (self) || self->pending >= PENDING_MAX)
        return FALSE;
      if (message->text != NULL)
        client_send (self, message->text, message->length);
      self->last = MAX (self->last, message->last);
      if (message->ends)
        self->end = self->last;
    }
  return !client_is_done (self);
}

/* The same, of what it wants of @rows. */
static gboolean
client_take (Client *self, RhRows *rows)
{
  g_autoptr (GPtrArray) messages = messages_of (rows, self->wish, self->last);

  return client_deliver (self, messages);
}

typedef struct {
  Client *client;
  gint64 through; /* what the reader had seen when the page was asked for */
} Page;

static void
on_own_page (RhRows *rows, const GError *error, gpointer data)
{
  g_autofree Page *page = data;
  g_autoptr (Client) self = page->client;

  self->reading = FALSE;
  if (self->reader == NULL)
    return;
  if (rows == NULL)
    {
      client_close (self, RH_FEED_CLOSE_UNAVAILABLE, "the host's database is away");
      return;
    }
  /* A page that is not full ends where the reader stood, whatever the topics left out. */
  if (client_take (self, rows) && rh_rows_n (rows) < PAGE)
    self->last = MAX (self->last, page->through);
  if (!client_is_done (self))
    client_pull (self);
}

static gboolean
client_watches (const Client *self)
{
  return rh_feed_wish_workflow (self->wish) != NULL;
}

/* Reads on for a client that is behind, when it has room. */
static void
client_pull (Client *self)
{
  g_autofree char *after = NULL;
  g_autofree char *kinds = NULL;
  const char *params[] = { NULL, NULL, G_STRINGIFY (PAGE) };
  Page *page;

  if (!is_open (self) || self->reading || !self->greeted || self->reader->last <= self->last ||
      self->pending >= PENDING_MAX)
    return;
  after = g_strdup_printf ("%" G_GINT64_FORMAT, self->last);
  kinds = rh_feed_wish_kinds (self->wish);
  params[0] = after;
  params[1] = kinds;
  page = g_new (Page, 1);
  *page = (Page){ .client = g_rc_box_acquire (self), .through = self->reader->last };
  self->reading = TRUE;
  /* Those who lag together read together, or they would never be done. */
  rh_reads_call (self->reader->feed->store, client_watches (self) ? &events_of_workflows : &events_after,
                 self->reader->workspace, params, on_own_page, page);
}

static void
on_wrote (RhConnection *connection, gpointer data)
{
  Client *self = data;

  reckon (self);
  if (self->pending < PENDING_MAX)
    client_pull (self);
}

static void
on_socket_closed (SoupWebsocketConnection *socket, gpointer data)
{
  client_drop (data);
}

static void
on_socket_message (SoupWebsocketConnection *socket, int type, GBytes *message, gpointer data)
{
  client_close (data, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "the feed takes no messages");
}

static void
on_token_checked (RhRows *rows, const GError *error, gpointer data)
{
  g_autoptr (Client) self = data;

  if (rows != NULL && !rh_rows_boolean (rows, 0, "holds"))
    client_close (self, RH_FEED_CLOSE_REVOKED, "the token or the session is expired or revoked");
}

/* Once a second. */
static void
client_tick (Client *self)
{
  const char *params[] = { self->token };

  reckon (self);
  if (self->pending > 0 && g_get_monotonic_time () - self->moved_us > SLOW_S * G_USEC_PER_SEC)
    client_close (self, RH_FEED_CLOSE_SLOW, "the client does not read; resume with after=");
  else if (self->token != NULL && ++self->ticks % RECHECK_S == 0)
    rh_reads_call (self->reader->feed->store, &token_holds, self->reader->workspace, params, on_token_checked,
                   g_rc_box_acquire (self));
}

/* --- one workspace ------------------------------------------------------------------------------------------------ */

static void
reader_clear (gpointer data)
{
  Reader *self = data;

  g_clear_handle_id (&self->pause, g_source_remove);
  g_ptr_array_unref (self->clients);
}

static void
reader_unref (Reader *self)
{
  g_rc_box_release_full (self, reader_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reader, reader_unref)

/* (transfer full): those of now, whatever becomes of them while they are gone through. */
static GPtrArray *
clients_of (Reader *self)
{
  GPtrArray *clients = g_ptr_array_new_full (self->clients->len, (GDestroyNotify)client_unref);

  for (guint i = 0; i < self->clients->len; i++)
    g_ptr_array_add (clients, g_rc_box_acquire (self->clients->pdata[i]));
  return clients;
}

static void
fan_out (Reader *self, RhRows *rows, gint64 before)
{
  g_autoptr (GPtrArray) clients = clients_of (self);
  g_autoptr (GPtrArray) all = NULL; /* the page as who wants all of it is sent it; made once */

  for (guint i = 0; i < clients->len; i++)
    {
      Client *client = clients->pdata[i];

      if (!client->greeted || client->reading)
        continue;
      /* Who stands where the page begins gets it as it is; who lags, or asks what it does not say, reads for himself.
       */
      if (client->last < before || client->pending >= PENDING_MAX || (client_watches (client) && !self->with_workflows))
        client_pull (client);
      else if (!rh_feed_wish_is_all (client->wish) || client->last != before)
        (void)client_take (client, rows);
      else
        {
          if (all == NULL)
            all = messages_of (rows, client->wish, before);
          (void)client_deliver (client, all);
        }
    }
}

static void
reader_tick (Reader *self)
{
  g_autoptr (GPtrArray) clients = clients_of (self);

  if (self->failed && clients->len > 0)
    reader_read (self);
  for (guint i = 0; i < clients->len; i++)
    if (((Client *)clients->pdata[i])->reader != NULL)
      client_tick (clients->pdata[i]);
}

static void
end_revoked (Reader *self, const char *token)
{
  for (guint i = self->clients->len; i > 0; i--)
    {
      Client *client = i <= self->clients->len ? self->clients->pdata[i - 1] : NULL;

      if (client != NULL && g_strcmp0 (client->token, token) == 0)
        client_close (client, RH_FEED_CLOSE_REVOKED, "the token or the session is revoked");
    }
}

static gboolean
on_pause_over (gpointer data)
{
  Reader *self = data;

  self->pause = 0;
  if (self->again)
    reader_read (self);
  return G_SOURCE_REMOVE;
}

static void
reader_pause (Reader *self)
{
  guint ms = self->clients->len * PAUSE_US / 1000;

  if (ms > 0 && self->pause == 0)
    self->pause = g_timeout_add (ms, on_pause_over, self);
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Reader) self = data;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);
  gint64 before = self->last;
  guint n = rows != NULL ? rh_rows_n (rows) : 0;
  static const char *const ends[] = { "token.revoked", "session.revoked", NULL };

  self->reading = FALSE;
  self->failed = rows == NULL;
  if (self->feed == NULL)
    return;
  if (n > 0)
    {
      self->last = MAX (self->last, rh_rows_int64 (rows, n - 1, "id"));
      fan_out (self, rows, before);
      reader_pause (self);
    }
  for (guint i = 0; i < n; i++)
    if (g_strv_contains (ends, rh_rows_string (rows, i, "kind")))
      end_revoked (self, rh_rows_string (rows, i, "subject"));
  if (n == PAGE || (rows != NULL && self->again))
    reader_read (self);
}

static gboolean
is_watched (Reader *self)
{
  for (guint i = 0; i < self->clients->len; i++)
    if (client_watches (self->clients->pdata[i]))
      return TRUE;
  return FALSE;
}

static void
reader_read (Reader *self)
{
  g_autofree char *after = NULL;
  const char *params[] = { NULL, NULL, G_STRINGIFY (PAGE) };

  self->again = self->reading || self->pause != 0;
  if (self->again || self->last < 0)
    return;
  self->reading = TRUE;
  self->with_workflows = is_watched (self);
  after = g_strdup_printf ("%" G_GINT64_FORMAT, self->last);
  params[0] = after;
  rh_store_call_async (self->feed->store, self->with_workflows ? &events_of_workflows : &events_after, self->workspace,
                       params, NULL, on_page, g_rc_box_acquire (self));
}

static Reader *
reader_of (RhFeed *feed, gint64 workspace)
{
  Reader *self = g_hash_table_lookup (feed->readers, &workspace);

  if (self != NULL)
    return self;
  self = g_rc_box_new0 (Reader);
  self->workspace = workspace;
  self->feed = feed;
  self->last = -1;
  self->clients = g_ptr_array_new_with_free_func ((GDestroyNotify)client_unref);
  g_hash_table_insert (feed->readers, &self->workspace, self);
  return self;
}

/* --- the feed ----------------------------------------------------------------------------------------------------- */

static gboolean
on_tick (gpointer data)
{
  RhFeed *self = data;
  GHashTableIter iter;
  gpointer reader;

  g_hash_table_iter_init (&iter, self->readers);
  while (g_hash_table_iter_next (&iter, NULL, &reader))
    reader_tick (reader);
  if (self->n_clients > 0)
    return G_SOURCE_CONTINUE;
  self->tick = 0;
  return G_SOURCE_REMOVE;
}

static void
on_notify (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  RhFeed *self = data;
  GHashTableIter iter;
  gpointer reader;

  if (self->store == NULL)
    return;
  g_hash_table_iter_init (&iter, self->readers);
  while (g_hash_table_iter_next (&iter, NULL, &reader))
    if (((Reader *)reader)->clients->len > 0)
      reader_read (reader);
}

static void
feed_clear (gpointer data)
{
  RhFeed *self = data;

  g_hash_table_unref (self->readers);
}

void
rh_feed_unref (RhFeed *self)
{
  if (self != NULL)
    g_rc_box_release_full (self, feed_clear);
}

static void
on_store_gone (gpointer data, GObject *store)
{
  rh_feed_unref (data);
}

RhFeed *
rh_feed_new (RhStore *store)
{
  RhFeed *self;

  g_return_val_if_fail (RH_IS_STORE (store), NULL);

  self = g_rc_box_new0 (RhFeed);
  self->store = store;
  self->readers = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify)reader_unref);
  /* The store notifies for as long as it lives. */
  g_object_weak_ref (G_OBJECT (store), on_store_gone, g_rc_box_acquire (self));
  rh_store_listen (store, CHANNEL, on_notify, self);
  return self;
}

void
rh_feed_close (RhFeed *self)
{
  GHashTableIter iter;
  gpointer value;

  g_return_if_fail (self != NULL);

  g_hash_table_iter_init (&iter, self->readers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Reader *reader = value;

      while (reader->clients->len > 0)
        client_close (reader->clients->pdata[0], RH_FEED_CLOSE_GOING_AWAY, "the host stops");
      reader->feed = NULL;
    }
  g_clear_handle_id (&self->tick, g_source_remove);
  g_hash_table_remove_all (self->readers);
  self->store = NULL;
}

guint
rh_feed_n_clients (RhFeed *self)
{
  return self->n_clients;
}

/* @rows: where the feed stands, and how the workflow does that it is told of. */
static void
greet (Client *self, RhRows *rows)
{
  Reader *reader = self->reader;
  gint64 newest = rh_rows_int64 (rows, 0, "id");
  const char *run = client_watches (self) ? rh_rows_string (rows, 0, "run") : NULL;
  g_autofree char *hello = NULL;

  if (self->last > newest)
    {
      client_close (self, RH_FEED_CLOSE_INVALID, "`after` is beyond the last event");
      return;
    }
  /* While nobody listened nothing was read. */
  if (reader->last < 0 || reader->clients->len == 1)
    reader->last = MAX (reader->last, newest);
  if (self->last < 0)
    self->last = newest;
  /* Before it began there is nothing of it. */
  if (run != NULL)
    self->last = MAX (self->last, rh_rows_int64 (rows, 0, "first"));
  if (run != NULL && rh_rows_boolean (rows, 0, "over"))
    self->end = newest;
  if (!is_open (self))
    return;
  self->greeted = TRUE;
  hello = g_strdup_printf ("{\"type\":\"hello\",\"last\":%" G_GINT64_FORMAT "%s%s}", self->last,
                           run != NULL ? ",\"run\":" : "", run != NULL ? run : "");
  client_send (self, hello, strlen (hello));
  if (!client_is_done (self))
    client_pull (self);
  reader_read (reader);
}

static void
on_newest (RhRows *rows, const GError *error, gpointer data)
{
  g_autoptr (Client) self = data;

  if (self->reader == NULL)
    return;
  if (rows == NULL)
    client_close (self, RH_FEED_CLOSE_UNAVAILABLE, "the host's database is away");
  else
    greet (self, rows);
}

void
rh_feed_add (RhFeed *self,
             const RhCaller *caller,
             SoupWebsocketConnection *socket,
             RhConnection *connection,
             gint64 after,
             RhFeedWish *wish)
{
  const char *params[] = { rh_feed_wish_workflow (wish) };
  Client *client;

  g_return_if_fail (self != NULL && caller != NULL && SOUP_IS_WEBSOCKET_CONNECTION (socket));

  client = g_rc_box_new0 (Client);
  client->socket = g_object_ref (socket);
  client->connection = g_object_ref (connection);
  client->wish = wish;
  client->token = g_strdup (caller->token);
  client->last = after;
  client->end = -1;
  client->written = rh_connection_written (connection);
  client->moved_us = g_get_monotonic_time ();
  if (self->store == NULL || self->n_clients >= CLIENTS_MAX)
    {
      part (socket, connection, RH_FEED_CLOSE_UNAVAILABLE, "no room for another client");
      client_unref (client);
      return;
    }
  client->reader = reader_of (self, caller->workspace);
  g_ptr_array_add (client->reader->clients, client);
  rh_metric_set (RH_METRIC_FEED_CLIENTS, NULL, ++self->n_clients);
  soup_websocket_connection_set_keepalive_interval (socket, HEARTBEAT_S);
  g_signal_connect (socket, "closed", G_CALLBACK (on_socket_closed), client);
  g_signal_connect (socket, "message", G_CALLBACK (on_socket_message), client);
  g_signal_connect (connection, "wrote", G_CALLBACK (on_wrote), client);
  if (self->tick == 0)
    self->tick = g_timeout_add_seconds (1, on_tick, self);
  rh_reads_call (self->store, client_watches (client) ? &workflow_look : &events_last, caller->workspace,
                 client_watches (client) ? params : NULL, on_newest, g_rc_box_acquire (client));
}
