/* SPDX-License-Identifier: Apache-2.0 */

/* Shops' tokens by Shopify's authorization code grant: a real server, a browser, and a fake of Shopify's side. */

#include "shopify-oauth.h"
#include "web-host.h"

#include <royal-json.h>
#include <string.h>

#define HOST "http://127.0.0.1:1" /* as browsers have it; where it listens is known later */
#define CALLBACK HOST "/oauth/shopify/callback"
#define DOMAIN SHOPIFY_OAUTH_SHOP
#define ADMIN "/api/v1/shopify/shops/"

#define FILE_TEXT                                                                                                      \
  "{'shops':{"                                                                                                         \
  "'main':{'shop':'" DOMAIN "','token':'shop-token','origin':'http://127.0.0.1:%u','insecure':true,'private':true,"    \
  "'timeout_ms':2000,'app':{'id':'app-id','secret':'app-secret','callback':'" CALLBACK "',"                            \
  "'scopes':['read_products','write_products','read_inventory']}},"                                                    \
  "'second':{'shop':'second.myshopify.com','token':'second-token','origin':'http://127.0.0.1:%u','insecure':true,"     \
  "'private':true,'app':{'id':'app-id','secret':'app-secret','callback':'" CALLBACK "',"                               \
  "'scopes':['read_products']}},"                                                                                      \
  "'public':{'shop':'public.myshopify.com','token':'public-token','origin':'http://127.0.0.1:%u','insecure':true,"     \
  "'private':true,'timeout_ms':2000,'app':{'id':'app-id','secret':'app-secret','callback':'" CALLBACK "',"             \
  "'refresh':'public-refresh','scopes':['read_products']}},"                                                           \
  "'plain':{'shop':'plain.myshopify.com','token':'plain-token'}}}"

typedef struct {
  ShopifyOauth *oauth;
  WebHost *host;
} World;

static void
set_secret (World *self, const char *name, const char *value)
{
  g_autoptr (RhSecret) secret = rh_secret_new (value, strlen (value));
  g_autofree char *workspace =
      royal_test_sql_value (self->host->owner, "select workspace_id from workspaces where name = 'default'");
  g_autoptr (JsonNode) told = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  rh_secrets_set_async (self->host->secrets, g_ascii_strtoll (workspace, NULL, 10), name, secret, "test",
                        royal_test_result, &result);
  done = royal_test_wait (&result);
  told = rh_secrets_set_finish (self->host->secrets, done, &error);
  g_assert_no_error (error);
}

/* (transfer full): "" for none */
static char *
secret (World *self, const char *name)
{
  g_autofree char *workspace =
      royal_test_sql_value (self->host->owner, "select workspace_id from workspaces where name = 'default'");
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (RhSecret) found = NULL;

  rh_secrets_lookup_async (self->host->secrets, g_ascii_strtoll (workspace, NULL, 10), name, NULL, royal_test_result,
                           &result);
  done = royal_test_wait (&result);
  found = rh_secrets_lookup_finish (self->host->secrets, done, NULL);
  return g_strdup (found != NULL ? rh_secret_bytes (found) : "");
}

static gboolean
knows_shops (gpointer data)
{
  g_autofree char *n = royal_test_sql_value (((World *)data)->host->owner, "select count(*) from shopify_shops");

  return strcmp (n, "4") == 0;
}

static World *
world_new (void)
{
  World *self = g_new0 (World, 1);
  g_autofree char *file = g_build_filename (royal_test_dir (), "shopify.json", NULL);
  g_autofree char *text = NULL;
  guint port;

  self->oauth = shopify_oauth_new ();
  port = shopify_oauth_port (self->oauth);
  text = g_strdup_printf (FILE_TEXT, port, port, port);
  g_assert_true (g_file_set_contents (file, g_strdelimit (text, "'", '"'), -1, NULL));
  self->host = web_host_new_shops (file);
  royal_test_sql (self->host->owner, "delete from shopify_installs; delete from secrets; delete from shopify_tokens");
  set_secret (self, "app-id", SHOPIFY_OAUTH_ID);
  set_secret (self, "app-secret", SHOPIFY_OAUTH_SECRET);
  royal_test_wait_until (knows_shops, self, 15000);
  return self;
}

static void
world_free (World *self)
{
  web_host_free (self->host);
  shopify_oauth_free (self->oauth);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

/* --- A browser ---------------------------------------------------------------------------------------------------- */

typedef struct {
  guint status;
  char *location;
  char *cookie; /* as it was set */
  char *text;
} Page;

static void
page_free (Page *self)
{
  g_free (self->location);
  g_free (self->cookie);
  g_free (self->text);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Page, page_free)

/* @cookie: (nullable): as it was set */
static Page *
browse (World *self, const char *method, const char *url, const char *cookie)
{
  Page *page = g_new0 (Page, 1);
  g_autofree char *uri = NULL;
  g_autofree char *sent = cookie != NULL ? g_strndup (cookie, strcspn (cookie, ";")) : NULL;
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  SoupMessageHeaders *got;

  g_assert_true (g_str_has_prefix (url, HOST "/"));
  uri = g_strdup_printf ("http://127.0.0.1:%u%s", self->host->port, url + strlen (HOST));
  message = soup_message_new (method, uri);
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  if (sent != NULL)
    soup_message_headers_replace (soup_message_get_request_headers (message), "Cookie", sent);
  soup_session_send_and_read_async (self->host->tcp_session, message, G_PRIORITY_DEFAULT, NULL, royal_test_result,
                                    &result);
  done = royal_test_wait (&result);
  bytes = soup_session_send_and_read_finish (self->host->tcp_session, done, NULL);
  g_assert_nonnull (bytes);
  got = soup_message_get_response_headers (message);
  g_assert_cmpstr (soup_message_headers_get_one (got, "Cache-Control"), ==, "no-store");
  g_assert_cmpstr (soup_message_headers_get_one (got, "Referrer-Policy"), ==, "no-referrer");
  page->status = soup_message_get_status (message);
  page->location = g_strdup (soup_message_headers_get_one (got, "Location"));
  page->cookie = g_strdup (soup_message_headers_get_list (got, "Set-Cookie"));
  page->text = g_strndup (g_bytes_get_size (bytes) > 0 ? g_bytes_get_data (bytes, NULL) : "", g_bytes_get_size (bytes));
  return page;
}

static Page *
come_back (World *self, const char *query, const char *cookie)
{
  g_autofree char *url = g_strconcat (CALLBACK "?", query, NULL);

  return browse (self, "GET", url, cookie);
}

static void
expect (Page *taken, guint status, const char *words)
{
  g_autoptr (Page) page = taken;

  if (page->status != status || strstr (page->text, words) == NULL)
    g_error ("expected %u: %s, found %u: %s", status, words, page->status, page->text);
}

/* (transfer full): the link of an install that an administrator begins. */
static char *
begin (World *self, const char *shop)
{
  g_autofree char *path = g_strconcat (ADMIN, shop, "/install", NULL);
  g_autoptr (WebAnswer) answer = web_expect (self->host, 201, NULL, "POST", path, NULL);

  return g_strdup (royal_json_string (json_node_get_object (answer->json), "url", ""));
}

/* (transfer full): the query with which Shopify sends back who opens a link of an install of @shop, and the cookie. */
static char *
go (World *self, const char *shop, const char *domain, char **ret_cookie)
{
  g_autofree char *link = begin (self, shop);
  g_autoptr (Page) page = browse (self, "GET", link, NULL);

  g_assert_cmpuint (page->status, ==, 302);
  *ret_cookie = g_steal_pointer (&page->cookie);
  return shopify_oauth_grant (self->oauth, page->location, CALLBACK, domain);
}

static void
expect_nothing (World *self)
{
  g_autofree char *token = secret (self, "shop-token");

  g_assert_cmpstr (token, ==, "");
}

/* What a query holds of a name. */
static char *
value_of (const char *query, const char *name)
{
  g_autoptr (GHashTable) values = g_uri_parse_params (query, -1, "&", G_URI_PARAMS_NONE, NULL);

  return g_strdup (g_hash_table_lookup (values, name));
}

/* --- Tests -------------------------------------------------------------------------------------------------------- */

static void
test_install (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *cookie = NULL;
  g_autofree char *query = go (world, "main", DOMAIN, &cookie);
  g_autofree char *token = NULL;
  g_autofree char *row = NULL;

  g_assert_true (g_str_has_prefix (cookie, "royal_install="));
  g_assert_nonnull (strstr (cookie, "; HttpOnly; SameSite=Lax; Path=/oauth/shopify; Max-Age=600"));
  expect (come_back (world, query, cookie), 200, "The app is installed in " DOMAIN);
  token = secret (world, "shop-token");
  g_assert_cmpstr (token, ==, SHOPIFY_OAUTH_TOKEN);
  g_assert_cmpuint (shopify_oauth_tokens (world->oauth), ==, 1);
  row = royal_test_sql_value (
      world->host->owner,
      "select concat_ws (' ', shop, begun_by ~ '^unix:', array_to_string (granted, ','), used_at is not null,"
      " ended_at is not null, coalesce (error, '-')) from shopify_installs");
  g_assert_cmpstr (row, ==, "main t read_products,write_products,read_inventory t t -");
}

/* Nothing that opens anything is in the database as it is, or told. */
static void
test_canaries (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *cookie = NULL;
  g_autofree char *query = go (world, "main", DOMAIN, &cookie);
  g_autofree char *state = value_of (query, "state");
  g_autofree char *code = value_of (query, "code");
  g_autofree char *all = NULL;
  g_auto (GStrv) browser = g_strsplit_set (cookie, "=;", 3);
  const char *const canaries[] = { SHOPIFY_OAUTH_TOKEN, SHOPIFY_OAUTH_SECRET, state, code, browser[1] };

  shopify_oauth_fault (world->oauth, "denied");
  expect (come_back (world, query, cookie), 403,
          "main: expected Shopify to take the code, it answered 400: invalid_request");
  g_free (cookie);
  g_free (query);
  query = go (world, "main", DOMAIN, &cookie);
  expect (come_back (world, query, cookie), 200, DOMAIN);
  all = royal_test_sql_value (world->host->owner, "select (select string_agg (i::text, '') from shopify_installs i)"
                                                  " || (select string_agg (o::text, '') from outbox o)"
                                                  " || (select coalesce (string_agg (a::text, ''), '') from audit a)");
  g_assert_nonnull (strstr (all, "shopify.install.done"));
  g_assert_nonnull (strstr (all, "shopify.install.failed"));
  for (guint i = 0; i < G_N_ELEMENTS (canaries); i++)
    {
      g_assert_cmpuint (strlen (canaries[i]), >, 8);
      g_assert_null (strstr (all, canaries[i]));
    }
}

/* (transfer full): a query with that state, signed @age_s ago. */
static char *
signed_with (const char *state, gint64 age_s)
{
  g_autofree char *text = g_strdup_printf ("code=c0de&shop=" DOMAIN "&state=%s&timestamp=%" G_GINT64_FORMAT, state,
                                           g_get_real_time () / G_USEC_PER_SEC - age_s);

  return shopify_oauth_sign (text);
}

static void
test_states (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *mine = NULL;
  g_autofree char *other = NULL;
  g_autofree char *query = go (world, "main", DOMAIN, &mine);
  g_autofree char *others = go (world, "main", DOMAIN, &other);
  g_autofree char *wrong = signed_with ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0);
  g_autofree char *old = signed_with ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 100);
  g_autofree char *missing = shopify_oauth_sign ("code=c0de&shop=" DOMAIN "&timestamp=1");

  expect (come_back (world, wrong, mine), 403, "state: no install that was begun here has it");
  expect (come_back (world, old, mine), 403, "timestamp: expected one within 90 s of this host's clock");
  expect (come_back (world, missing, mine), 422, "state: expected");
  expect (come_back (world, query, NULL), 403, "state: expected the browser in which the install was begun");
  expect (come_back (world, query, other), 403, "state: expected the browser");
  expect (come_back (world, others, mine), 403, "state: expected the browser");
  expect (come_back (world, query, "royal_install="), 403, "state: expected the browser");
  g_assert_cmpuint (shopify_oauth_asked (world->oauth), ==, 0);
  expect_nothing (world);
  /* None of that was of any harm to who began it. */
  expect (come_back (world, query, mine), 200, DOMAIN);
  expect (come_back (world, query, mine), 403, "state: it was used already");
  expect (come_back (world, others, other), 200, DOMAIN);
  g_assert_cmpuint (shopify_oauth_asked (world->oauth), ==, 2);
}

/* A link opens once, in time, and not for who looks ahead. */
static void
test_links (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *link = begin (world, "main");
  g_autofree char *late = begin (world, "main");
  g_autofree char *unopened = begin (world, "main");
  g_autofree char *cookie = NULL;
  g_autofree char *query = NULL;
  g_autofree char *stolen = NULL;

  expect (browse (world, "HEAD", link, NULL), 405, "");
  expect (browse (world, "GET", HOST "/oauth/shopify/begin?state=AAAA", NULL), 403, "state: no install");
  expect (browse (world, "GET", HOST "/oauth/shopify/begin", NULL), 401, "state: expected one");
  expect (browse (world, "GET", link, NULL), 302, "");
  expect (browse (world, "GET", link, NULL), 403, "the link was opened already");
  royal_test_sql (world->host->owner, "update shopify_installs set ends_at = now () - interval '1 second'"
                                      " where browser is null");
  expect (browse (world, "GET", late, NULL), 403, "its time was over at");
  /* A state that nobody opened is nobody's. */
  royal_test_sql (world->host->owner, "update shopify_installs set ends_at = now () + interval '60 seconds'");
  stolen = signed_with (strchr (unopened, '=') + 1, 0);
  expect (come_back (world, stolen, NULL), 403, "state: expected the browser");
  query = go (world, "main", DOMAIN, &cookie);
  royal_test_sql (world->host->owner, "update shopify_installs set ends_at = now () - interval '1 second'");
  expect (come_back (world, query, cookie), 403, "its time was over at");
  g_assert_cmpuint (shopify_oauth_asked (world->oauth), ==, 0);
  expect_nothing (world);
}

static void
test_altered (void)
{
  static const char *const changes[][2] = {
    { "code=c0de0", "code=c0de1" },
    { "hmac=", "hmac=0" },
    { "&host=", "&hosu=" },
    { "timestamp=1", "timestamp=2" },
    { "code=", "aa=b&code=" },
    { "shop=acme", "shop=second" },
    { "shop=acme", "shop=evil.example%2Facme" },
    { ".myshopify.com&", ".myshopify.com.evil.example&" },
    { "&hmac=", "&hmac2=" },
    { "code=", "code=1&code=" },
  };
  g_autoptr (World) world = world_new ();
  g_autofree char *cookie = NULL;
  g_autofree char *query = go (world, "main", DOMAIN, &cookie);
  g_autofree char *odd = NULL;
  g_autofree char *more = NULL;
  g_autofree char *added = NULL;
  g_autofree char *signed_anew = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autoptr (GString) text = g_string_new (query);
      g_autoptr (Page) page = NULL;

      g_assert_cmpuint (g_string_replace (text, changes[i][0], changes[i][1], 1), ==, 1);
      page = come_back (world, text->str, cookie);
      if (page->status != 403 && page->status != 422)
        g_error ("%s: found %u: %s", text->str, page->status, page->text);
    }
  odd = shopify_oauth_sign ("code=c0de&shop=nobody.myshopify.com&state=AAAA&timestamp=1");
  expect (come_back (world, odd, cookie), 403, "shop: expected one of connectors/shopify.json");
  expect (browse (world, "GET", CALLBACK, cookie), 401, "hmac: expected one");
  g_assert_cmpuint (shopify_oauth_asked (world->oauth), ==, 0);
  expect_nothing (world);
  /* What Shopify adds, it signs. */
  more = g_strndup (query, (gsize)(strstr (query, "&hmac=") - query));
  added = g_strconcat (more, "&zone=eu", NULL);
  signed_anew = shopify_oauth_sign (added);
  expect (come_back (world, signed_anew, cookie), 200, DOMAIN);
}

/* A state leads to its own shop alone. */
static void
test_shops (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *cookie = NULL;
  g_autofree char *query = go (world, "second", DOMAIN, &cookie);
  g_autofree char *token = NULL;
  g_autoptr (WebAnswer) plain = NULL;
  g_autoptr (WebAnswer) unknown = NULL;

  expect (come_back (world, query, cookie), 403, "state: it is of the shop second, found main");
  g_free (cookie);
  g_free (query);
  query = go (world, "second", "second.myshopify.com", &cookie);
  expect (come_back (world, query, cookie), 200, "second.myshopify.com");
  token = secret (world, "second-token");
  g_assert_cmpstr (token, ==, SHOPIFY_OAUTH_TOKEN);
  expect_nothing (world);
  plain = web_expect (world->host, 409, NULL, "POST", ADMIN "plain/install", NULL);
  g_assert_nonnull (strstr (plain->text, "royalctl secret set plain-token"));
  unknown = web_expect (world->host, 404, NULL, "POST", ADMIN "nothing/install", NULL);
  g_assert_nonnull (strstr (unknown->text, "no shop is `nothing`"));
}

static void
test_scopes (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *cookie = NULL;
  g_autofree char *query = NULL;
  g_autofree char *token = NULL;

  shopify_oauth_scopes (world->oauth, "read_products,read_themes");
  query = go (world, "main", DOMAIN, &cookie);
  expect (come_back (world, query, cookie), 403,
          "main: expected also the access scope write_products, read_inventory to be granted");
  expect_nothing (world);
  g_clear_pointer (&cookie, g_free);
  g_clear_pointer (&query, g_free);
  /* Who may write may read, and Shopify does not say so. */
  shopify_oauth_scopes (world->oauth, "write_products,read_inventory");
  query = go (world, "main", DOMAIN, &cookie);
  expect (come_back (world, query, cookie), 200, DOMAIN);
  token = secret (world, "shop-token");
  g_assert_cmpstr (token, ==, SHOPIFY_OAUTH_TOKEN);
}

static void
test_faults (void)
{
  static const struct {
    const char *kind;
    guint status;
    const char *words;
  } faults[] = {
    { "500", 503, "main: expected Shopify to take the code, it answered 500" },
    { "denied", 403, "it answered 400: invalid_request" },
    { "empty", 403, "expected a token in Shopify's answer" },
    { "expiring", 403, "expected an offline token that does not end" },
    { "lost", 503, "main: " },
  };
  g_autoptr (World) world = world_new ();

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *cookie = NULL;
      g_autofree char *query = go (world, "main", DOMAIN, &cookie);

      shopify_oauth_fault (world->oauth, faults[i].kind);
      expect (come_back (world, query, cookie), faults[i].status, faults[i].words);
      expect (come_back (world, query, cookie), 403, "state: it was used already");
      expect_nothing (world);
    }
}

/* --- Tokens that end ---------------------------------------------------------------------------------------------- */

#define PUBLIC "public.myshopify.com"
#define ROW                                                                                                            \
  "select concat_ws (' ', ends_at between now () + interval '59 min' and now () + interval '60 min',"                  \
  " renew_at between now () + interval '49 min' and now () + interval '50 min',"                                       \
  " refresh_ends_at between now () + interval '89 days' and now () + interval '90 days', coalesce (holder, '-'),"      \
  " coalesce (error, '-')) from shopify_tokens where shop = 'public'"

static void
install_public (World *self)
{
  g_autofree char *cookie = NULL;
  g_autofree char *query = go (self, "public", PUBLIC, &cookie);

  expect (come_back (self, query, cookie), 200, "The app is installed in " PUBLIC);
}

static void
expect_pair (World *self, const char *token, const char *refresh)
{
  g_autofree char *kept = secret (self, "public-token");
  g_autofree char *renews = secret (self, "public-refresh");

  g_assert_cmpstr (kept, ==, token);
  g_assert_cmpstr (renews, ==, refresh);
}

static void
make_due (World *self)
{
  royal_test_sql (self->host->owner, "update shopify_tokens set renew_at = now (); notify royal_shopify");
}

static gboolean
is_noted (gpointer data)
{
  g_autofree char *n =
      royal_test_sql_value (((World *)data)->host->owner, "select count (*) from shopify_tokens where renew_at > now ()"
                                                          " and holder is null");

  return strcmp (n, "1") == 0;
}

static void
expect_row (World *self, const char *wanted)
{
  g_autofree char *row = NULL;

  royal_test_wait_until (is_noted, self, 15000);
  row = royal_test_sql_value (self->host->owner, ROW);
  g_assert_cmpstr (row, ==, wanted);
}

/* It is renewed before it ends, by what came with it, and again by what came then; nothing of it is told. */
static void
test_renewed (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *granted = NULL;
  g_autofree char *all = NULL;

  install_public (world);
  expect_pair (world, SHOPIFY_OAUTH_TOKEN, "shprt_refresh1");
  expect_row (world, "t t t - -");
  shopify_oauth_scopes (world->oauth, "write_products");
  make_due (world);
  expect_row (world, "t t t - -");
  expect_pair (world, "shpat_renewed1", "shprt_refresh2");
  royal_test_sql (world->host->owner, "update shopify_tokens set ends_at = now ()");
  make_due (world);
  expect_row (world, "t t t - -");
  expect_pair (world, "shpat_renewed2", "shprt_refresh3");
  g_assert_cmpuint (shopify_oauth_renewals (world->oauth), ==, 2);
  granted = royal_test_sql_value (world->host->owner,
                                  "select concat_ws (' ', array_to_string (granted, ','), (select count (*) from outbox"
                                  " where kind = 'shopify.token.renewed')) from shopify_shops where shop = 'public'");
  g_assert_cmpstr (granted, ==, "write_products 1");
  all = royal_test_sql_value (world->host->owner, "select (select string_agg (t::text, '') from shopify_tokens t)"
                                                  " || (select string_agg (o::text, '') from outbox o)"
                                                  " || (select coalesce (string_agg (a::text, ''), '') from audit a)");
  g_assert_null (strstr (all, "shprt_"));
  g_assert_null (strstr (all, "shpat_"));
}

/* Whatever goes wrong, what there was is kept, and does when it is tried again. */
static void
test_not_renewed (void)
{
  static const struct {
    const char *kind;
    const char *row;
  } faults[] = {
    { "500", "t f t - expected Shopify to renew the token, it answered 500" },
    { "denied", "t f t - expected Shopify to renew the token, it answered 400: invalid_grant" },
    { "empty", "t f t - expected a token in Shopify's answer, there is none" },
    { "lost", NULL },
  };
  g_autoptr (World) world = world_new ();
  g_autofree char *told = NULL;

  install_public (world);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      shopify_oauth_fault (world->oauth, faults[i].kind);
      make_due (world);
      if (faults[i].row != NULL)
        expect_row (world, faults[i].row);
      else
        royal_test_wait_until (is_noted, world, 15000);
      expect_pair (world, SHOPIFY_OAUTH_TOKEN, "shprt_refresh1");
    }
  told = royal_test_sql_value (world->host->owner, "select count (*) from outbox where kind = 'shopify.token.failed'");
  g_assert_cmpstr (told, ==, "4");
  make_due (world);
  expect_row (world, "t t t - -");
  /* Two were renewed of which nothing came back. */
  g_assert_cmpuint (shopify_oauth_renewals (world->oauth), ==, 3);
  expect_pair (world, "shpat_renewed3", "shprt_refresh4");
}

static void
expect_claims (World *self, const char *holder, const char *wanted)
{
  g_autofree char *sql = g_strdup_printf (
      "select count (t.shop) from set_config ('royal.workspace', (select workspace_id::text from workspaces"
      " where name = 'default'), false) c, shopify_token_claim ('%s' || left (c, 0), 120) t",
      holder);
  g_autofree char *n = royal_test_sql_value (self->host->owner, sql);

  g_assert_cmpstr (n, ==, wanted);
}

/* What a host renews no other does, until its time is over; itself it goes on with it, when it was started anew. */
static void
test_claimed (void)
{
  g_autoptr (World) world = world_new ();

  install_public (world);
  expect_claims (world, "first", "0"); /* it is not due */
  royal_test_sql (world->host->owner, "update shopify_tokens set renew_at = now (), holder = 'first',"
                                      " held_until = now () + interval '1 hour'");
  expect_claims (world, "second", "0");
  expect_claims (world, "first", "1");
  g_assert_cmpuint (shopify_oauth_renewals (world->oauth), ==, 0);
  royal_test_sql (world->host->owner, "update shopify_tokens set held_until = now ()");
  expect_claims (world, "second", "1");
}

/* A crash after what renews it was kept, and before the token was. */
static void
test_half_renewed (void)
{
  g_autoptr (World) world = world_new ();

  install_public (world);
  make_due (world);
  expect_row (world, "t t t - -");
  set_secret (world, "public-token", SHOPIFY_OAUTH_TOKEN);
  make_due (world);
  expect_row (world, "t t t - -");
  expect_pair (world, "shpat_renewed2", "shprt_refresh3");
}

/* An app that asks for a token that ends takes no other. */
static void
test_lasting (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *cookie = NULL;
  g_autofree char *query = go (world, "public", PUBLIC, &cookie);

  shopify_oauth_fault (world->oauth, "lasting");
  expect (come_back (world, query, cookie), 403, "public: expected an offline token that ends and what renews it");
  expect_pair (world, "", "");
  install_public (world);
  expect_row (world, "t t t - -");
}

/* One shop cannot be kept busy by those who begin and do not end. */
static void
test_bound (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (WebAnswer) full = NULL;
  g_autofree char *second = NULL;

  for (guint i = 0; i < 20; i++)
    g_free (begin (world, "main"));
  full = web_expect (world->host, 429, NULL, "POST", ADMIN "main/install", NULL);
  g_assert_nonnull (strstr (full->text, "20 installs are under way already"));
  second = begin (world, "second");
  g_assert_true (g_str_has_prefix (second, HOST "/oauth/shopify/begin?state="));
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/shopify-install/install", test_install);
  g_test_add_func ("/shopify-install/canaries", test_canaries);
  g_test_add_func ("/shopify-install/states", test_states);
  g_test_add_func ("/shopify-install/links", test_links);
  g_test_add_func ("/shopify-install/altered", test_altered);
  g_test_add_func ("/shopify-install/shops", test_shops);
  g_test_add_func ("/shopify-install/scopes", test_scopes);
  g_test_add_func ("/shopify-install/faults", test_faults);
  g_test_add_func ("/shopify-install/bound", test_bound);
  g_test_add_func ("/shopify-install/renewed", test_renewed);
  g_test_add_func ("/shopify-install/not-renewed", test_not_renewed);
  g_test_add_func ("/shopify-install/claimed", test_claimed);
  g_test_add_func ("/shopify-install/half-renewed", test_half_renewed);
  g_test_add_func ("/shopify-install/lasting", test_lasting);
  return royal_test_run ();
}
