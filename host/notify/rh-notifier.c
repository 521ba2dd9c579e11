/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-notifier.h"

#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-send.h"

#include <string.h>

#define EVENTS_CHANNEL "royal_events"
#define NOTICES_CHANNEL "royal_notices"
#define LOOK_S 2
/* What comes within it is looked at together, however much happens. */
#define PAUSE_MS 200
#define BATCH "500"
#define SENDING_MAX 8u
#define LEASE_S "150" /* longer than any attempt takes: see timeout_ms in the schema */

static const RhStatement set_receivers = { "notice.receivers", "select notice_receivers_set ($1::jsonb, $2)", 2, TRUE };
static const RhStatement make = { "notice.make", "select n from notice_make ($1::int) n where n > 0", 1,
                                  RH_WRITES_ROWS };
static const RhStatement claim = { "notice.claim",
                                   "select id, receiver, kind, n, events, attempt, made_s"
                                   " from notice_claim ($1, $2::int, $3::text[])",
                                   3, RH_WRITES_ROWS };
static const RhStatement end = { "notice.end", "select notice_end ($1::uuid, $2, $3::int, $4, $5::bigint) as state", 5,
                                 RH_WRITES };

struct _RhNotifier {
  RhStore *store;
  RhSecrets *secrets;
  GHashTable *receivers;
  gint64 workspace;
  char *holder;
  char *names; /* of the receivers, as PostgreSQL writes an array */
  GCancellable *cancellable;
  guint timer;
  guint pause;
  guint sending;
  gboolean ready; /* the database knows the receivers */
  gboolean making;
  gboolean claiming;
  gboolean again; /* there may be more than what is being claimed */
};

static void
notifier_free (gpointer data)
{
  RhNotifier *self = data;

  g_clear_object (&self->store);
  g_clear_object (&self->secrets);
  g_clear_object (&self->cancellable);
  g_hash_table_unref (self->receivers);
  g_free (self->holder);
  g_free (self->names);
}

static RhNotifier *
ref (RhNotifier *self)
{
  return g_rc_box_acquire (self);
}

static void
unref (RhNotifier *self)
{
  g_rc_box_release_full (self, notifier_free);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhNotifier, unref)

static void look (RhNotifier *self);

static void
log_fault (const char *event, const char *what, const GError *error)
{
  rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, event, what, "error", error->message, NULL);
}

/* --- One attempt -------------------------------------------------------------------------------------------------- */

typedef struct {
  RhNotifier *notifier;
  RhNotice *notice;
} Sending;

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhNotifier) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  /* It is another's now, or comes again when its time has run out, with the same id. */
  if (rows == NULL)
    rh_log (RH_LOG_WARNING, "notice.lost", "the end of a notification was not taken", "error", error->message, NULL);
  self->sending--;
  look (self);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Sending *sending = data;
  g_autoptr (RhNotifier) self = sending->notifier;
  g_autoptr (RhNotice) notice = sending->notice;
  g_autoptr (GError) error = NULL;
  gint64 after_ms = 0;
  gboolean sent = rh_send_finish (result, &after_ms, &error);
  g_autofree char *attempt = g_strdup_printf ("%" G_GINT64_FORMAT, notice->attempt);
  g_autofree char *after = after_ms >= 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, after_ms) : NULL;

  if (!sent && g_cancellable_is_cancelled (self->cancellable))
    {
      self->sending--;
      return;
    }
  rh_metric_add (RH_METRIC_NOTICES_SENT, sent ? "sent" : "failed", 1);
  if (!sent)
    rh_log (RH_LOG_WARNING, "notice.failed", "a notification could not be sent", "receiver", notice->receiver,
            "notification", notice->id, "attempt", attempt, "error", error->message, NULL);
  rh_store_call_async (self->store, &end, self->workspace,
                       (const char *const[]){ notice->id, self->holder, attempt, sent ? NULL : error->message, after },
                       NULL, on_ended, ref (self));
}

/* (transfer full) (nullable) */
static RhNotice *
notice_of (RhRows *rows)
{
  g_autoptr (JsonNode) events = rh_rows_json (rows, 0, "events");
  RhNotice *notice;

  if (events == NULL || !JSON_NODE_HOLDS_ARRAY (events))
    return NULL;
  notice = g_new0 (RhNotice, 1);
  notice->id = g_strdup (rh_rows_string (rows, 0, "id"));
  notice->receiver = g_strdup (rh_rows_string (rows, 0, "receiver"));
  notice->kind = g_strdup (rh_rows_string (rows, 0, "kind"));
  notice->n = rh_rows_int64 (rows, 0, "n");
  notice->attempt = rh_rows_int64 (rows, 0, "attempt");
  notice->made_s = rh_rows_int64 (rows, 0, "made_s");
  notice->events = json_node_dup_array (events);
  return notice;
}

static void
start (RhNotifier *self, RhRows *rows)
{
  const RhReceiver *receiver = g_hash_table_lookup (self->receivers, rh_rows_string (rows, 0, "receiver"));
  RhNotice *notice = receiver != NULL ? notice_of (rows) : NULL;
  Sending *sending;

  if (notice == NULL)
    return;
  sending = g_new0 (Sending, 1);
  sending->notifier = ref (self);
  sending->notice = notice;
  self->sending++;
  rh_send_async (receiver, self->secrets, self->workspace, notice, self->cancellable, on_sent, sending);
}

/* --- What is due -------------------------------------------------------------------------------------------------- */

static void
on_claimed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhNotifier) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->claiming = FALSE;
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (rows == NULL)
    log_fault ("notice.unclaimed", "what is to be sent could not be found", error);
  else if (rh_rows_n (rows) > 0)
    start (self, rows);
  if ((rows != NULL && rh_rows_n (rows) > 0) || self->again)
    look (self);
}

static void
look (RhNotifier *self)
{
  if (!self->ready || self->sending >= SENDING_MAX || g_cancellable_is_cancelled (self->cancellable))
    return;
  self->again = self->claiming;
  if (self->claiming)
    return;
  self->claiming = TRUE;
  rh_store_call_async (self->store, &claim, self->workspace,
                       (const char *const[]){ self->holder, LEASE_S, self->names }, NULL, on_claimed, ref (self));
}

/* --- What happened ------------------------------------------------------------------------------------------------ */

static void
on_made (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhNotifier) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->making = FALSE;
  if (rows == NULL)
    log_fault ("notice.unmade", "notifications could not be made", error);
  look (self);
}

static void
read_events (RhNotifier *self)
{
  if (!self->ready || self->making || g_cancellable_is_cancelled (self->cancellable))
    return;
  self->making = TRUE;
  rh_store_call_async (self->store, &make, self->workspace, (const char *const[]){ BATCH }, NULL, on_made, ref (self));
}

static void
on_receivers (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhNotifier) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->making = FALSE;
  if (rows == NULL)
    {
      log_fault ("notice.receivers", "the receivers could not be told to the database", error);
      return;
    }
  if (g_hash_table_size (self->receivers) == 0)
    {
      g_clear_handle_id (&self->timer, g_source_remove);
      return;
    }
  self->ready = TRUE;
  read_events (self);
}

static void
tell_receivers (RhNotifier *self)
{
  g_autofree char *receivers = rh_receivers_describe (self->receivers);

  self->making = TRUE;
  rh_store_call_async (self->store, &set_receivers, self->workspace, (const char *const[]){ receivers, self->holder },
                       NULL, on_receivers, ref (self));
}

static gboolean
on_timer (gpointer data)
{
  RhNotifier *self = data;

  if (!self->ready && !self->making)
    tell_receivers (self);
  else
    read_events (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_pause (gpointer data)
{
  RhNotifier *self = data;

  self->pause = 0;
  read_events (self);
  return G_SOURCE_REMOVE;
}

static void
on_notify (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  RhNotifier *self = data;

  if (!self->ready)
    return;
  if (strcmp (channel, NOTICES_CHANNEL) == 0)
    look (self);
  else if (self->pause == 0)
    self->pause = g_timeout_add (PAUSE_MS, on_pause, self);
}

/* (transfer full): nothing in a name needs to be escaped. */
static char *
names_of (GHashTable *receivers)
{
  GString *names = g_string_new ("{");
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, receivers);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_string_append_printf (names, "%s%s", names->len > 1 ? "," : "", (const char *)name);
  g_string_append_c (names, '}');
  return g_string_free (names, FALSE);
}

RhNotifier *
rh_notifier_new (RhStore *store, RhSecrets *secrets, GHashTable *receivers, gint64 workspace, const char *holder)
{
  RhNotifier *self;

  g_return_val_if_fail (RH_IS_STORE (store) && RH_IS_SECRETS (secrets) && receivers != NULL && holder != NULL, NULL);

  self = g_rc_box_new0 (RhNotifier);
  self->store = g_object_ref (store);
  self->secrets = g_object_ref (secrets);
  self->receivers = g_hash_table_ref (receivers);
  self->workspace = workspace;
  self->holder = g_strdup (holder);
  self->names = names_of (receivers);
  self->cancellable = g_cancellable_new ();
  if (g_hash_table_size (receivers) > 0)
    {
      rh_store_listen (store, EVENTS_CHANNEL, on_notify, self);
      rh_store_listen (store, NOTICES_CHANNEL, on_notify, self);
    }
  self->timer = g_timeout_add_seconds (LOOK_S, on_timer, self);
  tell_receivers (self);
  return self;
}

void
rh_notifier_stop (RhNotifier *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->pause, g_source_remove);
  rh_store_unlisten (self->store, self);
  g_cancellable_cancel (self->cancellable);
  unref (self);
}
