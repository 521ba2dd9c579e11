/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-installer.h"

#include "rh-log.h"
#include "rh-shopify-grant.h"
#include "rh-shopify-query.h"
#include "royal-json.h"

#include <royal/error.h>
#include <sodium.h>
#include <string.h>

#define NONCE_BYTES 32u
#define NONCE_TEXT (sodium_base64_ENCODED_LEN (NONCE_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING))
#define HASH_TEXT (2 * crypto_hash_sha256_BYTES + 1)
#define LIFE_S G_STRINGIFY (RH_SHOPIFY_INSTALL_S)
#define CALLBACK "/callback" /* at the end of each callback; the link stands beside it */
#define LINK "/begin?state="

static const RhStatement begin_install = { "shopify.install_begin",
                                           "select shopify_install_begin ($1, $2, $3::jsonb, $4::int, $5) as answer", 5,
                                           TRUE };
static const RhStatement open_install = { "shopify.install_open", "select shopify_install_open ($1, $2) as shop", 2,
                                          TRUE };
static const RhStatement take_install = { "shopify.install_take",
                                          "select shopify_install_take ($1, $2, $3) as begun_by", 3, TRUE };
static const RhStatement end_install = { "shopify.install_end", "select shopify_install_end ($1, $2::jsonb, $3)", 3,
                                         TRUE };
static const RhStatement install_done = {
  "shopify.install_done",
  "select shopify_install_end ($1, $2::jsonb, null), shopify_token_kept ($3, $4::bigint, $5::bigint)", 5, TRUE
};

struct _RhShopifyInstaller {
  GObject parent_instance;
  RhStore *store;
  RhSecrets *secrets;
  GHashTable *places;
  gint64 workspace;
};

G_DEFINE_FINAL_TYPE (RhShopifyInstaller, rh_shopify_installer, G_TYPE_OBJECT)

static void
rh_shopify_installer_finalize (GObject *object)
{
  RhShopifyInstaller *self = RH_SHOPIFY_INSTALLER (object);

  g_clear_object (&self->store);
  g_clear_object (&self->secrets);
  g_clear_pointer (&self->places, g_hash_table_unref);
  G_OBJECT_CLASS (rh_shopify_installer_parent_class)->finalize (object);
}

static void
rh_shopify_installer_class_init (RhShopifyInstallerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_shopify_installer_finalize;
}

static void
rh_shopify_installer_init (RhShopifyInstaller *self)
{
}

RhShopifyInstaller *
rh_shopify_installer_new (RhStore *store, RhSecrets *secrets, GHashTable *places, gint64 workspace)
{
  RhShopifyInstaller *self;

  g_return_val_if_fail (RH_IS_STORE (store) && RH_IS_SECRETS (secrets) && places != NULL, NULL);

  self = g_object_new (RH_TYPE_SHOPIFY_INSTALLER, NULL);
  self->store = g_object_ref (store);
  self->secrets = g_object_ref (secrets);
  self->places = g_hash_table_ref (places);
  self->workspace = workspace;
  return self;
}

/* One step after the other, of one install. */
typedef struct {
  RhShopifyPlace *place;
  char *state;  /* as the browser carries it */
  char *digest; /* of it, as the database has it */
  char *browser;
  char *actor;
  RhShopifyQuery *query;
  RhSecret *secret;
  RhShopifyGrant grant;
  GError *fault; /* (nullable): what it ends with */
} Install;

static void
wipe (char *text)
{
  if (text != NULL)
    sodium_memzero (text, strlen (text));
  g_free (text);
}

static void
install_free (gpointer data)
{
  Install *self = data;

  wipe (self->state);
  wipe (self->browser);
  g_free (self->digest);
  g_free (self->actor);
  rh_shopify_query_free (self->query);
  g_clear_pointer (&self->secret, rh_secret_unref);
  rh_shopify_grant_clear (&self->grant);
  g_clear_error (&self->fault);
  g_free (self);
}

static GTask *
task_new (RhShopifyInstaller *self, gpointer tag, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, g_new0 (Install, 1), install_free);
  return task;
}

/* (transfer full): a text that nobody can guess. */
static char *
make_nonce (void)
{
  guint8 bytes[NONCE_BYTES];
  char *text = g_malloc (NONCE_TEXT);

  randombytes_buf (bytes, sizeof bytes);
  sodium_bin2base64 (text, NONCE_TEXT, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  sodium_memzero (bytes, sizeof bytes);
  return text;
}

/* (transfer full): what the database has of a nonce, or of what is said to be one. */
static char *
digest_of (const char *nonce)
{
  guint8 hash[crypto_hash_sha256_BYTES];
  char *text = g_malloc (HASH_TEXT);

  crypto_hash_sha256 (hash, (const guint8 *)nonce, strlen (nonce));
  sodium_bin2hex (text, HASH_TEXT, hash, sizeof hash);
  return text;
}

/* --- An administrator begins -------------------------------------------------------------------------------------- */

static void
on_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Install *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  const char *callback = self->place->app->callback;
  g_autofree char *link = NULL;
  JsonNode *answer;

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  link = g_strdup_printf ("%.*s" LINK "%s", (int)(strlen (callback) - strlen (CALLBACK)), callback, self->state);
  answer = rh_rows_json (rows, 0, "answer");
  json_object_set_string_member (json_node_get_object (answer), "url", link);
  sodium_memzero (link, strlen (link));
  g_task_return_pointer (task, answer, (GDestroyNotify)json_node_unref);
}

/* (nullable): the place of a shop that can be installed. */
static RhShopifyPlace *
find_place (RhShopifyInstaller *self, gint64 workspace, const char *shop, GError **error)
{
  RhShopifyPlace *place = workspace == self->workspace ? g_hash_table_lookup (self->places, shop) : NULL;

  if (place == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "no shop is `%s`", shop);
  else if (place->app == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                 "expected /shops/%s/app in connectors/shopify.json, it has none: its token is set by "
                 "`royalctl secret set %s`",
                 shop, place->token);
  else if (rh_secrets_can_set (self->secrets, workspace, place->token, error) &&
           (place->app->refresh == NULL || rh_secrets_can_set (self->secrets, workspace, place->app->refresh, error)))
    return place;
  return NULL;
}

void
rh_shopify_installer_begin_async (RhShopifyInstaller *self,
                                  gint64 workspace,
                                  const char *shop,
                                  const char *actor,
                                  GAsyncReadyCallback callback,
                                  gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (JsonArray) scopes = NULL;
  g_autofree char *text = NULL;
  GError *error = NULL;
  Install *install;

  g_return_if_fail (RH_IS_SHOPIFY_INSTALLER (self) && shop != NULL && actor != NULL);

  task = task_new (self, rh_shopify_installer_begin_async, callback, data);
  install = g_task_get_task_data (task);
  install->place = find_place (self, workspace, shop, &error);
  if (install->place == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  install->state = make_nonce ();
  install->digest = digest_of (install->state);
  scopes = royal_json_strings ((const char *const *)install->place->app->scopes);
  text = royal_json_array_to_string (scopes);
  rh_store_call_async (self->store, &begin_install, self->workspace,
                       (const char *const[]){ shop, install->digest, text, LIFE_S, actor }, NULL, on_begun,
                       g_steal_pointer (&task));
}

JsonNode *
rh_shopify_installer_begin_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- A browser opens the link ------------------------------------------------------------------------------------- */

static void
on_client_id (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Install *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhSecret) id = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);
  g_autofree char *path = NULL;

  if (id == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  path = rh_shopify_grant_path (self->place->app, id, self->state);
  g_task_return_pointer (task, g_strconcat (self->place->app->endpoint->origin, path, NULL), g_free);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhShopifyInstaller *installer = g_task_get_source_object (task);
  Install *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows != NULL)
    self->place = find_place (installer, installer->workspace, rh_rows_string (rows, 0, "shop"), &error);
  if (self->place == NULL)
    g_task_return_error (task, error);
  else
    rh_secrets_lookup_async (installer->secrets, installer->workspace, self->place->app->id, NULL, on_client_id,
                             g_steal_pointer (&task));
}

void
rh_shopify_installer_open_async (RhShopifyInstaller *self,
                                 const char *state,
                                 GAsyncReadyCallback callback,
                                 gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *browser = NULL;
  Install *install;

  g_return_if_fail (RH_IS_SHOPIFY_INSTALLER (self) && state != NULL);

  task = task_new (self, rh_shopify_installer_open_async, callback, data);
  install = g_task_get_task_data (task);
  install->state = g_strdup (state);
  install->digest = digest_of (state);
  install->browser = make_nonce ();
  browser = digest_of (install->browser);
  rh_store_call_async (self->store, &open_install, self->workspace, (const char *const[]){ install->digest, browser },
                       NULL, on_opened, g_steal_pointer (&task));
}

char *
rh_shopify_installer_open_finish (GAsyncResult *result, char **ret_browser, GError **error)
{
  char *url;

  g_return_val_if_fail (G_IS_TASK (result) && ret_browser != NULL, NULL);

  url = g_task_propagate_pointer (G_TASK (result), error);
  if (url != NULL)
    *ret_browser = g_steal_pointer (&((Install *)g_task_get_task_data (G_TASK (result)))->browser);
  return url;
}

/* --- It comes back ------------------------------------------------------------------------------------------------ */

static JsonNode *
describe (const Install *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "shop", self->place->name);
  json_object_set_string_member (object, "domain", self->place->shop);
  json_object_set_array_member (object, "scopes", json_array_ref (self->grant.scopes));
  return royal_json_take_object (object);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Install *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  /* The token is kept, or it is not: that is what is told, whether its end was noted or not. */
  if (rows == NULL)
    rh_log (RH_LOG_WARNING, "shopify.install.unnoted", "the end of an install was not noted", "shop", self->place->name,
            "error", error->message, NULL);
  g_clear_error (&error);
  if (self->fault != NULL)
    g_task_return_error (task, g_steal_pointer (&self->fault));
  else
    g_task_return_pointer (task, describe (self), (GDestroyNotify)json_node_unref);
}

/* (transfer full) (nullable): NULL for 0 */
static char *
seconds (gint64 n)
{
  return n > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, n) : NULL;
}

/* Notes the end, with the fault that there was; takes @task. */
static void
note_end (GTask *task)
{
  RhShopifyInstaller *installer = g_task_get_source_object (task);
  Install *self = g_task_get_task_data (task);
  g_autofree char *granted = self->grant.scopes != NULL ? royal_json_array_to_string (self->grant.scopes) : NULL;
  g_autofree char *ends = seconds (self->grant.ends_s);
  g_autofree char *refresh_ends = seconds (self->grant.refresh_ends_s);

  if (self->fault != NULL)
    rh_store_call_async (installer->store, &end_install, installer->workspace,
                         (const char *const[]){ self->digest, granted, self->fault->message }, NULL, on_ended, task);
  else
    rh_store_call_async (installer->store, &install_done, installer->workspace,
                         (const char *const[]){ self->digest, granted, self->place->name, ends, refresh_ends }, NULL,
                         on_ended, task);
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Install *self = g_task_get_task_data (task);
  g_autoptr (JsonNode) told = rh_secrets_set_finish (RH_SECRETS (source), result, &self->fault);

  if (told == NULL)
    g_prefix_error (&self->fault, "%s: ", self->place->name);
  note_end (task);
}

static void
keep_token (GTask *task)
{
  RhShopifyInstaller *installer = g_task_get_source_object (task);
  Install *self = g_task_get_task_data (task);

  rh_secrets_set_async (installer->secrets, installer->workspace, self->place->token, self->grant.token, self->actor,
                        on_kept, task);
}

static void
on_refresh_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Install *self = g_task_get_task_data (task);
  g_autoptr (JsonNode) told = rh_secrets_set_finish (RH_SECRETS (source), result, &self->fault);

  if (told != NULL)
    {
      keep_token (task);
      return;
    }
  g_prefix_error (&self->fault, "%s: ", self->place->name);
  note_end (task);
}

static void
on_exchanged (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  RhShopifyInstaller *installer = g_task_get_source_object (task);
  Install *self = g_task_get_task_data (task);
  const RhShopifyApp *app = self->place->app;
  g_autoptr (RhHttpAnswer) answer = rh_http_call_finish (result, NULL, &self->fault);
  gboolean good = answer != NULL && rh_shopify_grant_take (app, answer, "take the code", &self->grant, &self->fault) &&
                  rh_shopify_grant_covers (&self->grant, app, &self->fault);

  if (answer != NULL && !good)
    g_prefix_error (&self->fault, "%s: ", self->place->name);
  if (!good)
    note_end (task);
  else if (self->grant.refresh != NULL)
    rh_secrets_set_async (installer->secrets, installer->workspace, app->refresh, self->grant.refresh, self->actor,
                          on_refresh_kept, task);
  else
    keep_token (task);
}

static void
on_id (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  RhShopifyInstaller *installer = g_task_get_source_object (task);
  Install *self = g_task_get_task_data (task);
  g_autoptr (RhSecret) id = rh_secrets_lookup_finish (RH_SECRETS (source), result, &self->fault);
  g_autoptr (JsonNode) body = NULL;

  if (id == NULL)
    {
      note_end (task);
      return;
    }
  body = rh_shopify_grant_request (self->place->app, id, self->secret, rh_shopify_query_get (self->query, "code"));
  rh_http_call_async (
      self->place->app->endpoint, installer->secrets,
      &(RhHttpRequest){
          .workspace = installer->workspace, .method = "POST", .path = RH_SHOPIFY_GRANT_PATH, .body = body },
      NULL, on_exchanged, task);
}

static void
on_taken (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhShopifyInstaller *installer = g_task_get_source_object (task);
  Install *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self->actor = g_strdup (rh_rows_string (rows, 0, "begun_by"));
  rh_secrets_lookup_async (installer->secrets, installer->workspace, self->place->app->id, NULL, on_id,
                           g_steal_pointer (&task));
}

/* Nothing is asked of the database before the query is known to be Shopify's. */
static void
on_secret (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhShopifyInstaller *installer = g_task_get_source_object (task);
  Install *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autofree char *browser = self->browser != NULL ? digest_of (self->browser) : NULL;

  self->secret = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);
  if (self->secret == NULL)
    g_task_return_error (task, error);
  else if (!rh_shopify_query_is_signed (self->query, self->secret))
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_DENIED,
                             "the query's hmac: expected the HMAC-SHA256 of all the others by the app's secret");
  else if (!rh_shopify_query_is_fresh (self->query, g_get_real_time () / G_USEC_PER_SEC))
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_DENIED,
                             "the query's timestamp: expected one within 90 s of this host's clock");
  else
    rh_store_call_async (installer->store, &take_install, installer->workspace,
                         (const char *const[]){ self->digest, browser, self->place->name }, NULL, on_taken,
                         g_steal_pointer (&task));
}

/* (nullable): the place of a shop's domain. */
static RhShopifyPlace *
place_of_domain (RhShopifyInstaller *self, const char *domain)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->places);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((RhShopifyPlace *)value)->app != NULL && strcmp (((RhShopifyPlace *)value)->shop, domain) == 0)
      return value;
  return NULL;
}

void
rh_shopify_installer_end_async (RhShopifyInstaller *self,
                                const char *query,
                                const char *browser,
                                GAsyncReadyCallback callback,
                                gpointer data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  Install *install;

  g_return_if_fail (RH_IS_SHOPIFY_INSTALLER (self) && query != NULL);

  task = task_new (self, rh_shopify_installer_end_async, callback, data);
  install = g_task_get_task_data (task);
  install->query = rh_shopify_query_parse (query, &error);
  if (install->query == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  install->place = place_of_domain (self, rh_shopify_query_get (install->query, "shop"));
  if (install->place == NULL)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_DENIED,
                               "the query's shop: expected one of connectors/shopify.json that has an app");
      return;
    }
  install->browser = g_strdup (browser);
  install->digest = digest_of (rh_shopify_query_get (install->query, "state"));
  rh_secrets_lookup_async (self->secrets, self->workspace, install->place->app->secret, NULL, on_secret,
                           g_steal_pointer (&task));
}

JsonNode *
rh_shopify_installer_end_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
