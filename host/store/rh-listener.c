/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-listener.h"

#include "rh-link.h"
#include "rh-log.h"
#include "rh-pg.h"

#include <glib-unix.h>
#include <string.h>

typedef struct {
  char *channel;
  RhStoreNotify callback; /* (nullable): nobody listens any more */
  gpointer data;
  gboolean is_sent; /* LISTEN was sent on this connection */
} Subscription;

struct _RhListener {
  RhStore *store; /* its owner */
  RhLink *link;
  PGconn *connection;
  GSource *source;
  Subscription *sending;    /* its LISTEN is being answered */
  gboolean has_channel;     /* and its channel has been set */
  GPtrArray *subscriptions; /* Subscription */
};

static void
subscription_free (gpointer data)
{
  Subscription *self = data;

  g_free (self->channel);
  g_free (self);
}

static void
close_connection (RhListener *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->connection, PQfinish);
  self->sending = NULL;
  for (guint i = 0; i < self->subscriptions->len; i++)
    ((Subscription *)g_ptr_array_index (self->subscriptions, i))->is_sent = FALSE;
}

static void
lose (RhListener *self)
{
  g_autoptr (GError) error = rh_pg_error_lost (self->connection);

  rh_log (RH_LOG_WARNING, "store.lost", "the listening connection to the database ended", "error", error->message,
          NULL);
  close_connection (self);
  rh_link_connect (self->link);
}

/* LISTEN takes no parameters: its channel comes as a setting, and the server quotes it. */
static const char set_channel[] = "select set_config ('royal.channel', $1, false)";
static const char listen_sql[] = "do $$ begin execute format ('listen %I', current_setting ('royal.channel')); end $$";

/* One LISTEN at a time. */
static void
send_next (RhListener *self)
{
  for (guint i = 0; self->connection != NULL && self->sending == NULL && i < self->subscriptions->len; i++)
    {
      Subscription *subscription = g_ptr_array_index (self->subscriptions, i);
      const char *params[] = { subscription->channel };

      if (subscription->is_sent)
        continue;
      subscription->is_sent = TRUE;
      self->sending = subscription;
      self->has_channel = FALSE;
      if (!PQsendQueryParams (self->connection, set_channel, 1, NULL, params, NULL, NULL, 0))
        lose (self);
    }
}

/* A statement has been answered. */
static void
go_on (RhListener *self)
{
  const Subscription *sent = self->sending;

  if (!self->has_channel)
    {
      self->has_channel = TRUE;
      if (!PQsendQuery (self->connection, listen_sql))
        lose (self);
      return;
    }
  self->sending = NULL;
  /* From now on nothing is missed, but something may have been before. */
  if (sent->callback != NULL)
    sent->callback (self->store, sent->channel, NULL, sent->data);
  send_next (self);
}

static void
take_notifications (RhListener *self)
{
  PGnotify *notify;

  while (self->connection != NULL && (notify = PQnotifies (self->connection)) != NULL)
    {
      for (guint i = 0; i < self->subscriptions->len; i++)
        {
          const Subscription *subscription = g_ptr_array_index (self->subscriptions, i);

          if (subscription->callback != NULL && strcmp (subscription->channel, notify->relname) == 0)
            subscription->callback (self->store, notify->relname, notify->extra, subscription->data);
        }
      PQfreemem (notify);
    }
}

static gboolean
readable (int fd, GIOCondition condition, gpointer data)
{
  RhListener *self = data;
  g_autoptr (RhStore) keep = g_object_ref (self->store);
  PGresult *result;

  if (!PQconsumeInput (self->connection))
    {
      lose (self);
      return G_SOURCE_REMOVE;
    }
  while (self->sending != NULL && !PQisBusy (self->connection))
    {
      result = PQgetResult (self->connection);
      if (result == NULL)
        {
          go_on (self);
          continue;
        }
      if (PQresultStatus (result) == PGRES_FATAL_ERROR)
        rh_log (RH_LOG_ERROR, "store.listen", "cannot listen", "error", PQresultErrorMessage (result), NULL);
      PQclear (result);
    }
  take_notifications (self);
  if (self->connection != NULL)
    PQflush (self->connection);
  return G_SOURCE_CONTINUE;
}

static void
link_up (PGconn *connection, gpointer data)
{
  RhListener *self = data;

  self->connection = connection;
  self->source = g_unix_fd_source_new (PQsocket (connection), G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (readable), self, NULL);
  g_source_attach (self->source, NULL);
  send_next (self);
}

RhListener *
rh_listener_new (const char *conninfo, const char *role, RhStore *store)
{
  RhListener *self = g_new0 (RhListener, 1);

  self->store = store;
  self->subscriptions = g_ptr_array_new_with_free_func (subscription_free);
  self->link = rh_link_new (conninfo, role, link_up, self);
  rh_link_connect (self->link);
  return self;
}

void
rh_listener_free (RhListener *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->link, rh_link_free);
  close_connection (self);
  g_ptr_array_unref (self->subscriptions);
  g_free (self);
}

void
rh_listener_add (RhListener *self, const char *channel, RhStoreNotify callback, gpointer data)
{
  Subscription *subscription = g_new0 (Subscription, 1);

  subscription->channel = g_strdup (channel);
  subscription->callback = callback;
  subscription->data = data;
  g_ptr_array_add (self->subscriptions, subscription);
  send_next (self);
}

void
rh_listener_remove (RhListener *self, gpointer data)
{
  for (guint i = 0; i < self->subscriptions->len; i++)
    {
      Subscription *subscription = g_ptr_array_index (self->subscriptions, i);

      /* It stays where it is: this may be called by a callback, and its LISTEN may be under way. */
      if (subscription->data == data)
        subscription->callback = NULL;
    }
}
