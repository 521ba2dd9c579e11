/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-renewer.h"

#include "rh-log.h"
#include "rh-shopify-grant.h"
#include "royal-json.h"

#include <royal/error.h>

#define CHANNEL "royal_shopify"
#define LOOK_S 10
#define LEASE_S "120"
#define AGAIN_S "60"         /* after what may pass */
#define AGAIN_LATER_S "900"  /* after what a person has to see to */
#define ACTOR "host:shopify" /* who sets the secrets */

static const RhStatement claim = { "shopify.token_claim", "select shop from shopify_token_claim ($1, $2::int)", 2,
                                   RH_WRITES_ROWS };
static const RhStatement renewed = { "shopify.token_renewed",
                                     "select shopify_token_renewed ($1, $2, $3::bigint, $4::bigint, $5::jsonb)", 5,
                                     TRUE };
static const RhStatement failed = { "shopify.token_failed", "select shopify_token_failed ($1, $2, $3, $4::int)", 4,
                                    TRUE };

struct _RhShopifyRenewer {
  RhStore *store;
  RhSecrets *secrets;
  GHashTable *places;
  gint64 workspace;
  char *holder;
  guint timer;
  gboolean busy;
  gboolean stopped;
};

static void
renewer_free (gpointer data)
{
  RhShopifyRenewer *self = data;

  g_clear_object (&self->store);
  g_clear_object (&self->secrets);
  g_hash_table_unref (self->places);
  g_free (self->holder);
}

static void
unref (RhShopifyRenewer *self)
{
  g_rc_box_release_full (self, renewer_free);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhShopifyRenewer, unref)

static void look (RhShopifyRenewer *self);

/* --- One token, one step after the other -------------------------------------------------------------------------- */

typedef struct {
  RhShopifyRenewer *renewer;
  char *shop;
  const RhShopifyPlace *place;
  RhSecret *id;
  RhSecret *secret;
  RhShopifyGrant grant;
} Renewal;

static void
renewal_free (Renewal *self)
{
  unref (self->renewer);
  g_free (self->shop);
  g_clear_pointer (&self->id, rh_secret_unref);
  g_clear_pointer (&self->secret, rh_secret_unref);
  rh_shopify_grant_clear (&self->grant);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Renewal, renewal_free)

static void
on_noted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Renewal) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  /* It is claimed again when its time has run out. */
  if (rows == NULL)
    rh_log (RH_LOG_WARNING, "shopify.token.unnoted", "the renewal of a shop's token was not noted", "shop", self->shop,
            "error", error->message, NULL);
  self->renewer->busy = FALSE;
  if (rows != NULL)
    look (self->renewer);
}

/* Takes @self and @error. */
static void
fail (Renewal *self, GError *fault)
{
  g_autoptr (GError) error = fault;
  gboolean passes = royal_error_is_unavailable (error) || royal_error_is_timeout (error) ||
                    g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT) ||
                    g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL);

  rh_log (RH_LOG_WARNING, "shopify.token.failed", "a shop's token could not be renewed", "shop", self->shop, "error",
          error->message, NULL);
  rh_store_call_async (
      self->renewer->store, &failed, self->renewer->workspace,
      (const char *const[]){ self->shop, self->renewer->holder, error->message, passes ? AGAIN_S : AGAIN_LATER_S },
      NULL, on_noted, self);
}

static void
on_token_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  Renewal *self = data;
  GError *error = NULL;
  g_autoptr (JsonNode) told = rh_secrets_set_finish (RH_SECRETS (source), result, &error);
  g_autofree char *granted = NULL;
  g_autofree char *ends = g_strdup_printf ("%" G_GINT64_FORMAT, self->grant.ends_s);
  g_autofree char *refresh_ends = g_strdup_printf ("%" G_GINT64_FORMAT, self->grant.refresh_ends_s);

  if (told == NULL)
    {
      fail (self, error);
      return;
    }
  granted = royal_json_array_to_string (self->grant.scopes);
  rh_store_call_async (self->renewer->store, &renewed, self->renewer->workspace,
                       (const char *const[]){ self->shop, self->renewer->holder, ends,
                                              self->grant.refresh_ends_s > 0 ? refresh_ends : NULL, granted },
                       NULL, on_noted, self);
}

static void
on_refresh_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  Renewal *self = data;
  GError *error = NULL;
  g_autoptr (JsonNode) told = rh_secrets_set_finish (RH_SECRETS (source), result, &error);

  if (told == NULL)
    fail (self, error);
  else
    rh_secrets_set_async (RH_SECRETS (source), self->renewer->workspace, self->place->token, self->grant.token, ACTOR,
                          on_token_kept, self);
}

/* What is granted may be less than the file asks for by now: it is taken nevertheless, for the one before it ends. */
static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  Renewal *self = data;
  GError *error = NULL;
  g_autoptr (RhHttpAnswer) answer = rh_http_call_finish (result, NULL, &error);

  if (answer == NULL || !rh_shopify_grant_take (self->place->app, answer, "renew the token", &self->grant, &error))
    fail (self, error);
  else
    rh_secrets_set_async (self->renewer->secrets, self->renewer->workspace, self->place->app->refresh,
                          self->grant.refresh, ACTOR, on_refresh_kept, self);
}

static void
on_refresh (GObject *source, GAsyncResult *result, gpointer data)
{
  Renewal *self = data;
  GError *error = NULL;
  g_autoptr (RhSecret) refresh = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);
  g_autoptr (JsonNode) body = NULL;

  if (refresh == NULL)
    {
      fail (self, error);
      return;
    }
  body = rh_shopify_grant_renewal (self->id, self->secret, refresh);
  rh_http_call_async (
      self->place->app->endpoint, self->renewer->secrets,
      &(RhHttpRequest){
          .workspace = self->renewer->workspace, .method = "POST", .path = RH_SHOPIFY_GRANT_PATH, .body = body },
      NULL, on_answer, self);
}

static void
on_secret (GObject *source, GAsyncResult *result, gpointer data)
{
  Renewal *self = data;
  GError *error = NULL;

  self->secret = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);
  if (self->secret == NULL)
    fail (self, error);
  else
    rh_secrets_lookup_async (RH_SECRETS (source), self->renewer->workspace, self->place->app->refresh, NULL, on_refresh,
                             self);
}

static void
on_id (GObject *source, GAsyncResult *result, gpointer data)
{
  Renewal *self = data;
  GError *error = NULL;

  self->id = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);
  if (self->id == NULL)
    fail (self, error);
  else
    rh_secrets_lookup_async (RH_SECRETS (source), self->renewer->workspace, self->place->app->secret, NULL, on_secret,
                             self);
}

/* Nothing is used up before it is known that what comes of it can be kept. */
static void
renew (RhShopifyRenewer *renewer, const char *shop)
{
  Renewal *self = g_new0 (Renewal, 1);
  GError *error = NULL;
  const RhShopifyApp *app;

  self->renewer = g_rc_box_acquire (renewer);
  self->shop = g_strdup (shop);
  self->place = g_hash_table_lookup (renewer->places, shop);
  app = self->place != NULL ? self->place->app : NULL;
  if (app == NULL || app->refresh == NULL)
    fail (self, g_error_new (ROYAL_ERROR, ROYAL_ERROR_INVALID,
                             "/shops/%s/app/refresh: expected the name of a secret in connectors/shopify.json, found "
                             "none",
                             shop));
  else if (!rh_secrets_can_set (renewer->secrets, renewer->workspace, app->refresh, &error) ||
           !rh_secrets_can_set (renewer->secrets, renewer->workspace, self->place->token, &error))
    fail (self, error);
  else
    rh_secrets_lookup_async (renewer->secrets, renewer->workspace, app->id, NULL, on_id, self);
}

/* --- What is due -------------------------------------------------------------------------------------------------- */

static void
on_claimed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhShopifyRenewer) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    rh_log (royal_error_is_unavailable (error) ? RH_LOG_DEBUG : RH_LOG_ERROR, "shopify.token.unasked",
            "which token is to be renewed could not be found", "error", error->message, NULL);
  self->busy = rows != NULL && rh_rows_n (rows) > 0 && !self->stopped;
  if (self->busy)
    renew (self, rh_rows_string (rows, 0, "shop"));
}

static void
look (RhShopifyRenewer *self)
{
  if (self->busy || self->stopped)
    return;
  self->busy = TRUE;
  rh_store_call_async (self->store, &claim, self->workspace, (const char *const[]){ self->holder, LEASE_S }, NULL,
                       on_claimed, g_rc_box_acquire (self));
}

static gboolean
on_timer (gpointer data)
{
  look (data);
  return G_SOURCE_CONTINUE;
}

static void
on_notify (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  look (data);
}

static gboolean
ends (gpointer name, gpointer value, gpointer data)
{
  const RhShopifyPlace *place = value;

  return place->app != NULL && place->app->refresh != NULL;
}

RhShopifyRenewer *
rh_shopify_renewer_new (RhStore *store, RhSecrets *secrets, GHashTable *places, gint64 workspace, const char *holder)
{
  RhShopifyRenewer *self;

  g_return_val_if_fail (RH_IS_STORE (store) && RH_IS_SECRETS (secrets) && places != NULL && holder != NULL, NULL);

  if (g_hash_table_find (places, ends, NULL) == NULL)
    return NULL;
  self = g_rc_box_new0 (RhShopifyRenewer);
  self->store = g_object_ref (store);
  self->secrets = g_object_ref (secrets);
  self->places = g_hash_table_ref (places);
  self->workspace = workspace;
  self->holder = g_strdup (holder);
  rh_store_listen (store, CHANNEL, on_notify, self);
  self->timer = g_timeout_add_seconds (LOOK_S, on_timer, self);
  look (self);
  return self;
}

void
rh_shopify_renewer_stop (RhShopifyRenewer *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  rh_store_unlisten (self->store, self);
  self->stopped = TRUE;
  unref (self);
}
