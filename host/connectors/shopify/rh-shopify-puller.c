/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-puller.h"

#include "rh-log.h"
#include "royal-json.h"

#define CHANNEL "royal_shopify"
#define LOOK_S 10
#define PULLS_MAX 4u
#define LEASE_S "120"
#define AGAIN_S "30" /* after what may pass */

static const RhStatement set_shops = { "shopify.shops",
                                       "select shopify_shops_set ($1::jsonb), shopify_pull_release ($2)", 2, TRUE };
static const RhStatement claim = {
  "shopify.claim", "select shop, part, cursor, after, bulk, since from shopify_pull_claim ($1, $2::int)", 2,
  RH_WRITES_ROWS
};
static const RhStatement end = { "shopify.end", "select shopify_pull_end ($1, $2, $3, $4, $5::int)", 5, TRUE };

struct _RhShopifyPuller {
  RhStore *store;
  RhSecrets *secrets;
  GHashTable *places;
  gint64 workspace;
  char *holder;
  GCancellable *cancellable;
  guint timer;
  guint running;
  gboolean ready; /* the database knows the shops */
  gboolean asking;
  gboolean again; /* it was told of something while it asked */
};

static void
puller_free (gpointer data)
{
  RhShopifyPuller *self = data;

  g_clear_object (&self->store);
  g_clear_object (&self->secrets);
  g_clear_object (&self->cancellable);
  g_hash_table_unref (self->places);
  g_free (self->holder);
}

static RhShopifyPuller *
ref (RhShopifyPuller *self)
{
  return g_rc_box_acquire (self);
}

static void
unref (RhShopifyPuller *self)
{
  g_rc_box_release_full (self, puller_free);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhShopifyPuller, unref)

static void look (RhShopifyPuller *self);

/* --- One pull ----------------------------------------------------------------------------------------------------- */

typedef struct {
  RhShopifyPuller *puller;
  RhShopifyPull *pull;
} Running;

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhShopifyPuller) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  /* It is another's now, or will be when its time has run out. */
  if (rows == NULL)
    rh_log (RH_LOG_DEBUG, "shopify.pull.lost", "the end of a pull was not taken", "error", error->message, NULL);
  self->running--;
  look (self);
}

/* Whether it may pass. */
static gboolean
is_passing (const GError *error)
{
  return royal_error_is_unavailable (error) || royal_error_is_timeout (error) ||
         g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT) ||
         g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL);
}

static void
on_pulled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Running *running = data;
  g_autoptr (RhShopifyPuller) self = running->puller;
  RhShopifyPull *pull = running->pull;
  g_autoptr (GError) error = NULL;
  gboolean done = rh_shopify_pull_finish (result, &error);

  if (!done && !g_cancellable_is_cancelled (self->cancellable))
    rh_log (RH_LOG_WARNING, "shopify.pull.failed", "a shop could not be pulled", "shop", pull->place->name, "part",
            pull->part, "error", error->message, NULL);
  if (!done && (g_cancellable_is_cancelled (self->cancellable) || royal_error_is_conflict (error)))
    {
      self->running--;
      look (self);
    }
  else
    rh_store_call_async (self->store, &end, self->workspace,
                         (const char *const[]){ pull->place->name, pull->part, self->holder,
                                                done ? NULL : error->message,
                                                !done && is_passing (error) ? AGAIN_S : NULL },
                         NULL, on_ended, ref (self));
  rh_shopify_pull_free (pull);
}

static void
start (RhShopifyPuller *self, RhRows *rows)
{
  RhShopifyPlace *place = g_hash_table_lookup (self->places, rh_rows_string (rows, 0, "shop"));
  Running *running;
  RhShopifyPull *pull;

  if (place == NULL) /* another host knows it */
    return;
  pull = g_new0 (RhShopifyPull, 1);
  pull->store = g_object_ref (self->store);
  pull->secrets = self->secrets != NULL ? g_object_ref (self->secrets) : NULL;
  pull->cancellable = g_object_ref (self->cancellable);
  pull->place = place;
  pull->workspace = self->workspace;
  pull->holder = g_strdup (self->holder);
  pull->part = g_strdup (rh_rows_string (rows, 0, "part"));
  pull->cursor = g_strdup (rh_rows_string (rows, 0, "cursor"));
  pull->bulk = g_strdup (rh_rows_string (rows, 0, "bulk"));
  pull->since = g_strdup (rh_rows_string (rows, 0, "since"));
  pull->after = rh_rows_int64 (rows, 0, "after");
  running = g_new0 (Running, 1);
  running->puller = ref (self);
  running->pull = pull;
  self->running++;
  rh_shopify_pull_async (pull, on_pulled, running);
}

/* --- What is due -------------------------------------------------------------------------------------------------- */

static void
on_claimed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhShopifyPuller) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->asking = FALSE;
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (rows == NULL)
    rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "shopify.pull.unasked",
            "what is to be pulled could not be found", "error", error->message, NULL);
  else if (rh_rows_n (rows) > 0)
    start (self, rows);
  if ((rows != NULL && rh_rows_n (rows) > 0) || self->again)
    look (self);
}

static void
look (RhShopifyPuller *self)
{
  if (!self->ready || g_hash_table_size (self->places) == 0 || self->running >= PULLS_MAX ||
      g_cancellable_is_cancelled (self->cancellable))
    return;
  self->again = self->asking;
  if (self->asking)
    return;
  self->asking = TRUE;
  rh_store_call_async (self->store, &claim, self->workspace, (const char *const[]){ self->holder, LEASE_S }, NULL,
                       on_claimed, ref (self));
}

static void
on_shops (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhShopifyPuller) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->asking = FALSE;
  if (rows == NULL)
    {
      rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "shopify.shops.failed",
              "the shops could not be told to the database", "error", error->message, NULL);
      return;
    }
  self->ready = TRUE;
  look (self);
}

/* (transfer full): JSON for `shopify_shops_set`. */
static char *
describe (GHashTable *places)
{
  g_autoptr (JsonArray) shops = json_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, places);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const RhShopifyPlace *place = value;
      JsonObject *shop = json_object_new ();

      json_object_set_string_member (shop, "shop", place->name);
      json_object_set_string_member (shop, "domain", place->shop);
      json_object_set_int_member (shop, "every_s", place->every_s);
      json_object_set_array_member (shop, "parts", royal_json_strings ((const char *const *)place->parts));
      if (place->app != NULL)
        json_object_set_array_member (shop, "scopes", royal_json_strings ((const char *const *)place->app->scopes));
      json_array_add_object_element (shops, shop);
    }
  return rh_shopify_pull_text (shops);
}

static void
tell_shops (RhShopifyPuller *self)
{
  g_autofree char *shops = describe (self->places);

  self->asking = TRUE;
  rh_store_call_async (self->store, &set_shops, self->workspace, (const char *const[]){ shops, self->holder }, NULL,
                       on_shops, ref (self));
}

static gboolean
on_timer (gpointer data)
{
  RhShopifyPuller *self = data;

  if (!self->ready && !self->asking)
    tell_shops (self);
  else
    look (self);
  return G_SOURCE_CONTINUE;
}

static void
on_notify (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  look (data);
}

RhShopifyPuller *
rh_shopify_puller_new (RhStore *store, RhSecrets *secrets, GHashTable *places, gint64 workspace, const char *holder)
{
  RhShopifyPuller *self;

  g_return_val_if_fail (RH_IS_STORE (store) && places != NULL && holder != NULL, NULL);

  self = g_rc_box_new0 (RhShopifyPuller);
  self->store = g_object_ref (store);
  self->secrets = secrets != NULL ? g_object_ref (secrets) : NULL;
  self->places = g_hash_table_ref (places);
  self->workspace = workspace;
  self->holder = g_strdup (holder);
  self->cancellable = g_cancellable_new ();
  rh_store_listen (store, CHANNEL, on_notify, self);
  self->timer = g_timeout_add_seconds (LOOK_S, on_timer, self);
  tell_shops (self);
  return self;
}

void
rh_shopify_puller_stop (RhShopifyPuller *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  rh_store_unlisten (self->store, self);
  g_cancellable_cancel (self->cancellable);
  unref (self);
}
