/* SPDX-License-Identifier: Apache-2.0 */

/* The github connector against a peer on loopback that keeps state. */

#include "connector-conformance.h"
#include "github-fake.h"
#include "royal-test.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <rh-github.h>
#include <royal-json.h>
#include <royal/error.h>
#include <string.h>

typedef struct {
  GithubFake *fake;
  char *dir;
  RhSecrets *secrets;
  RhGithub *github;
  RhConnectorInterface *iface;
} World;

static void
write_file (const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
write_key (const char *dir, const char *name)
{
  EVP_PKEY *key = EVP_RSA_gen (2048);
  BIO *bio = BIO_new (BIO_s_mem ());
  g_autofree char *text = NULL;
  char *bytes;
  long length;

  g_assert_cmpint (PEM_write_bio_PrivateKey (bio, key, NULL, NULL, 0, NULL, NULL), ==, 1);
  length = BIO_get_mem_data (bio, &bytes);
  text = g_strndup (bytes, (gsize)length);
  write_file (dir, name, text);
  BIO_free (bio);
  EVP_PKEY_free (key);
}

#define APP_PLACE                                                                                                      \
  "{'repository':'acme/shop','app':{'id':'7','installation':42,'key':'%s'},'origin':'http://"                          \
  "127.0.0.1:%u','insecure':true,'private':true,'timeout_ms':2000}"
#define PLACE                                                                                                          \
  "{'repository':'acme/%s','token':'%s','origin':'http://"                                                             \
  "127.0.0.1:%u','insecure':true,'private':true,'timeout_ms':2000}"

static World *
world_new (void)
{
  World *self = g_new0 (World, 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *file = NULL;
  RhSecretsConfig config;
  guint port;

  self->fake = github_fake_new ();
  self->dir = g_dir_make_tmp ("royal-github-XXXXXX", NULL);
  port = github_fake_port (self->fake);
  text = g_strdup_printf ("{'repositories':{'shop':" PLACE ",'other':" PLACE ",'bad':" PLACE ",'app':" APP_PLACE
                          ",'app-too':" APP_PLACE ",'app-bad':" APP_PLACE "}}",
                          "shop", "good", port, "other", "good", port, "shop", "bad", port, "app-key", port, "app-key",
                          port, "bad", port);
  write_key (self->dir, "app-key");
  write_file (self->dir, "good", "good-token\n");
  write_file (self->dir, "bad", "bad-token\n");
  write_file (self->dir, "github.json", g_strdelimit (text, "'", '"'));
  file = g_build_filename (self->dir, "github.json", NULL);
  config = (RhSecretsConfig){ .folder = self->dir };
  self->secrets = rh_secrets_new (NULL, &config, RH_NO_WORKSPACE, &error);
  g_assert_no_error (error);
  self->github = rh_github_new (file, self->secrets, &error);
  g_assert_no_error (error);
  self->iface = RH_CONNECTOR_GET_IFACE (self->github);
  return self;
}

static void
world_free (World *self)
{
  g_autofree char *remove = g_strdup_printf ("rm -rf '%s'", self->dir);

  g_object_unref (self->github);
  g_object_unref (self->secrets);
  royal_test_spin (20);
  github_fake_free (self->fake);
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
  g_free (self->dir);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

static JsonNode *
apply (World *self,
       const char *target,
       const char *action,
       const char *parameters,
       RhThrottle *throttle,
       GError **error)
{
  g_autofree char *text = g_strdelimit (g_strdup (parameters), "'", '"');
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "parameters", NULL);
  RhEffect effect = {
    .action = action, .target = target, .key = "k", .parameters = json_node_get_object (node), .throttle = throttle
  };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  self->iface->apply_async (RH_CONNECTOR (self->github), &effect, royal_test_result, &result);
  done = royal_test_wait (&result);
  return self->iface->apply_finish (RH_CONNECTOR (self->github), done, error);
}

#define OPEN_A "{'head':'sync','base':'main','title':'Sync'}"
#define OPEN_B "{'head':'sync','base':'main','title':'Other'}"
#define SHA "0123456789abcdef0123456789abcdef01234567"

static const struct {
  const char *action;
  const char *parameters[2];
  const char *invalid;
  gboolean observes;
} conforming[] = {
  { "github.pull_request.open", { OPEN_A, OPEN_B }, "{'head':'main','base':'main','title':'x'}", FALSE },
  { "github.pull_request.update",
    { "{'number':1,'title':'A'}", "{'number':1,'title':'B','body':'b'}" },
    "{'number':1}",
    TRUE },
  { "github.pull_request.label", { "{'number':1,'labels':['b','a']}", "{'number':1,'labels':['c']}" }, NULL, TRUE },
  { "github.status.set",
    { "{'sha':'" SHA "','state':'success','context':'ci'}", "{'sha':'" SHA "','state':'failure','context':'ci'}" },
    NULL,
    TRUE },
  { "github.release.create", { "{'tag_name':'v1'}", "{'tag_name':'v1','name':'x'}" }, NULL, FALSE },
  { "github.pull_request.merge", { "{'number':1}", "{'number':1,'method':'squash'}" }, NULL, FALSE },
};

static void
test_conforms (void)
{
  g_autoptr (World) world = world_new ();

  for (guint i = 0; i < G_N_ELEMENTS (conforming); i++)
    {
      Conformance of = { .connector = RH_CONNECTOR (world->github),
                         .action = conforming[i].action,
                         .target = "shop",
                         .parameters = { conforming[i].parameters[0], conforming[i].parameters[1] },
                         .invalid = conforming[i].invalid,
                         .prefix = "c-",
                         .observes = conforming[i].observes };

      g_test_message ("%s", of.action);
      connector_conformance (&of);
      if (i == 0)
        json_node_unref (apply (world, "shop", of.action, OPEN_A, NULL, NULL)); /* for those that follow */
    }
}

/* One that is open for the same branches is found, and not opened again. */
static void
test_finds (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) one = apply (world, "shop", "github.pull_request.open", OPEN_A, NULL, &error);
  g_autoptr (JsonNode) two = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (json_node_get_object (one), "number", 0), ==, 1);
  g_assert_cmpuint (github_fake_changes (world->fake), ==, 1);
  two = apply (world, "shop", "github.pull_request.open", OPEN_B, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (json_node_get_object (two), "number", 0), ==, 1);
  g_assert_cmpuint (github_fake_changes (world->fake), ==, 1);
}

static void
test_fails (void)
{
  g_autofree char *soon = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC + 100);
  const struct {
    const char *target;
    guint status;
    const char *header;
    const char *value;
    RoyalError code;
    const char *part;
    guint wait_min_ms;
  } table[] = {
    { "bad", 0, NULL, NULL, ROYAL_ERROR_DENIED, "bad: GitHub answered 401: Bad credentials", 0 },
    { "other", 0, NULL, NULL, ROYAL_ERROR_NOT_FOUND, "other: GitHub answered 404: Not Found", 0 },
    { "shop", 403, NULL, NULL, ROYAL_ERROR_DENIED, "403", 0 },
    { "shop", 403, "X-RateLimit-Reset", soon, ROYAL_ERROR_LIMIT, "403", 90000 },
    { "shop", 403, "Retry-After", "7", ROYAL_ERROR_LIMIT, "403", 7000 },
    { "shop", 429, "Retry-After", "7", ROYAL_ERROR_LIMIT, "429", 7000 },
    { "shop", 403, "X-Secondary", "1", ROYAL_ERROR_LIMIT, "403: You have exceeded a secondary", 60000 },
    { "shop", 429, NULL, NULL, ROYAL_ERROR_LIMIT, "429", 60000 },
    { "shop", 502, NULL, NULL, ROYAL_ERROR_UNAVAILABLE, "502", 0 },
  };
  g_autoptr (World) world = world_new ();

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) receipt = NULL;
      RhThrottle throttle = { 0 };

      if (table[i].status != 0)
        github_fake_fail (world->fake, table[i].status, table[i].header, table[i].value);
      receipt = apply (world, table[i].target, "github.pull_request.open", OPEN_A, &throttle, &error);
      g_assert_null (receipt);
      g_assert_error (error, ROYAL_ERROR, (gint)table[i].code);
      g_assert_nonnull (strstr (error->message, table[i].part));
      g_assert_cmpuint (throttle.retry_after_ms, >=, table[i].wait_min_ms);
    }
  g_assert_cmpuint (github_fake_changes (world->fake), ==, 0);
}

/* A repository needs a token or an App. */
static void
test_accounts (void)
{
  static const struct {
    const char *account;
    const char *part;
  } table[] = {
    { "", "/repositories/shop: expected one of token and app, found none" },
    { ",'token':'t','app':{'id':'7','installation':42,'key':'k'}",
      "/repositories/shop: expected one of token and app, found both" },
    { ",'app':{'id':'7','installation':0,'key':'k'}", "/repositories/shop/app/installation: expected" },
    { ",'app':{'id':'7','key':'k'}", "/repositories/shop/app: expected a member `installation`" },
  };
  g_autofree char *dir = g_dir_make_tmp ("royal-github-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (dir, "github.json", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *text =
          g_strdup_printf ("{'repositories':{'shop':{'repository':'acme/shop'%s}}}", table[i].account);
      g_autoptr (GError) error = NULL;
      g_autoptr (RhGithub) github = NULL;

      write_file (dir, "github.json", g_strdelimit (text, "'", '"'));
      github = rh_github_new (file, NULL, &error);
      g_assert_null (github);
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, table[i].part));
    }
  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

/* --- as an App ---------------------------------------------------------------------------------------------------- */

static void
label (World *world, const char *target, const char *labels, RhThrottle *throttle)
{
  g_autofree char *parameters = g_strdup_printf ("{'number':1,'labels':[%s]}", labels);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) receipt = apply (world, target, "github.pull_request.label", parameters, throttle, &error);

  g_assert_no_error (error);
}

/* One token does for all until shortly before its end, for both repositories of the installation; one that is withdrawn
 * is replaced at once. */
static void
test_app (void)
{
  g_autoptr (World) world = world_new ();
  g_auto (GStrv) parts = NULL;

  label (world, "app", "'a'", NULL);
  label (world, "app", "'b'", NULL);
  label (world, "app-too", "'c'", NULL);
  g_assert_cmpuint (github_fake_tokens (world->fake), ==, 1);
  parts = g_strsplit (github_fake_jwt (world->fake), ".", -1);
  g_assert_cmpuint (g_strv_length (parts), ==, 3);
  github_fake_withdraw (world->fake);
  label (world, "app", "'d'", NULL);
  g_assert_cmpuint (github_fake_tokens (world->fake), ==, 2);
  g_assert_cmpuint (github_fake_changes (world->fake), ==, 4);
  /* As good as ended when it is given: each operation asks anew, and goes on with what it was given. */
  github_fake_withdraw (world->fake);
  github_fake_set_left (world->fake, 200);
  label (world, "app", "'e'", NULL);
  label (world, "app", "'f'", NULL);
  g_assert_cmpuint (github_fake_tokens (world->fake), >=, 4);
}

/* Many at the same time share one request for a token. */
static void
test_app_together (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (JsonNode) node = royal_json_parse ("{\"number\":1,\"labels\":[\"x\"]}", -1, "parameters", NULL);
  RhEffect effect = {
    .action = "github.pull_request.label", .target = "app", .key = "k", .parameters = json_node_get_object (node)
  };
  GAsyncResult *results[5] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    world->iface->assess_async (RH_CONNECTOR (world->github), &effect, NULL, royal_test_result, &results[i]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (GAsyncResult) done = royal_test_wait (&results[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (RhAssessment) assessment = world->iface->assess_finish (RH_CONNECTOR (world->github), done, &error);

      g_assert_no_error (error);
    }
  g_assert_cmpuint (github_fake_tokens (world->fake), ==, 1);
}

static void
test_app_fails (void)
{
  static const struct {
    const char *target;
    guint status;
    const char *header;
    const char *value;
    RoyalError code;
    const char *part;
    guint wait_min_ms;
  } table[] = {
    { "app-bad", 0, NULL, NULL, ROYAL_ERROR_INVALID, "the secret bad: expected an RSA private key in PEM", 0 },
    { "app", 401, NULL, NULL, ROYAL_ERROR_DENIED, "App 7, installation 42: GitHub answered 401", 0 },
    { "app", 404, NULL, NULL, ROYAL_ERROR_DENIED, "App 7, installation 42: GitHub answered 404", 0 },
    { "app", 502, NULL, NULL, ROYAL_ERROR_UNAVAILABLE, "502", 0 },
    { "app", 403, "Retry-After", "7", ROYAL_ERROR_LIMIT, "403", 7000 },
  };
  g_autoptr (World) world = world_new ();

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) receipt = NULL;
      RhThrottle throttle = { 0 };

      if (table[i].status != 0)
        github_fake_fail (world->fake, table[i].status, table[i].header, table[i].value);
      receipt = apply (world, table[i].target, "github.pull_request.open", OPEN_A, &throttle, &error);
      g_assert_null (receipt);
      g_assert_error (error, ROYAL_ERROR, (gint)table[i].code);
      g_assert_nonnull (strstr (error->message, table[i].part));
      g_assert_null (strstr (error->message, "ghs_"));
      g_assert_cmpuint (throttle.retry_after_ms, >=, table[i].wait_min_ms);
    }
  /* None of this stays. */
  label (world, "app", "'a'", NULL);
}

/* What is as it was read is not sent again, and is what it was. */
static void
test_unchanged (void)
{
  g_autoptr (World) world = world_new ();
  guint reads;

  label (world, "shop", "'a'", NULL);
  label (world, "shop", "'a'", NULL);
  reads = github_fake_reads (world->fake);
  g_assert_cmpuint (github_fake_unchanged (world->fake), ==, 0);
  for (guint i = 0; i < 3; i++)
    label (world, "shop", "'a'", NULL);
  g_assert_cmpuint (github_fake_reads (world->fake), ==, reads);
  g_assert_cmpuint (github_fake_unchanged (world->fake), ==, 3);
  g_assert_cmpuint (github_fake_changes (world->fake), ==, 1);
  /* Another account has read nothing. */
  label (world, "app", "'a'", NULL);
  g_assert_cmpuint (github_fake_reads (world->fake), ==, reads + 1);
  label (world, "app", "'b'", NULL);
  label (world, "shop", "'b'", NULL);
  g_assert_cmpuint (github_fake_changes (world->fake), ==, 2);
}

/* The last request that GitHub takes for a time: it was good, and the next waits. */
static void
test_exhausted (void)
{
  g_autoptr (World) world = world_new ();
  RhThrottle throttle = { 0 };

  label (world, "shop", "'a'", &throttle);
  g_assert_cmpuint (throttle.retry_after_ms, ==, 0);
  github_fake_exhaust (world->fake, TRUE);
  label (world, "shop", "'b'", &throttle);
  g_assert_cmpuint (throttle.retry_after_ms, >, 90000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/github/conforms", test_conforms);
  g_test_add_func ("/github/finds", test_finds);
  g_test_add_func ("/github/fails", test_fails);
  g_test_add_func ("/github/accounts", test_accounts);
  g_test_add_func ("/github/app", test_app);
  g_test_add_func ("/github/app-together", test_app_together);
  g_test_add_func ("/github/app-fails", test_app_fails);
  g_test_add_func ("/github/unchanged", test_unchanged);
  g_test_add_func ("/github/exhausted", test_exhausted);
  return g_test_run ();
}
