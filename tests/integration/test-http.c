/* SPDX-License-Identifier: Apache-2.0 */

/* The http connector against a real server on loopback. */

#include "connector-conformance.h"
#include "peer-server.h"
#include "royal-test.h"

#include <glib/gstdio.h>
#include <rh-http-call.h>
#include <rh-http.h>
#include <royal-json.h>
#include <string.h>

typedef struct {
  PeerServer *peer;
  RhSecrets *secrets;
  RhHttp *http;
  RhConnectorInterface *iface;
  char *dir;
  guint port;
} World;

static void
write_file (const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* @members of one endpoint beside its origin, with ' for ". */
static World *
world_new (const char *members)
{
  World *self = g_new0 (World, 1);
  g_autofree char *text = NULL;
  g_autofree char *file = NULL;
  g_autoptr (GError) error = NULL;
  RhSecretsConfig secrets;

  self->peer = peer_server_new (1);
  self->port = peer_server_listen (self->peer, 0, NULL, &error);
  g_assert_no_error (error);
  self->dir = g_dir_make_tmp ("royal-http-XXXXXX", &error);
  g_assert_no_error (error);
  write_file (self->dir, "peer-token", "s3cr3t\n");
  text = g_strdup_printf ("{'endpoints':{'peer':{'origin':'http://127.0.0.1:%u','insecure':true,'timeout_ms':1000,"
                          "'max_answer_bytes':65536%s}}}",
                          self->port, members);
  write_file (self->dir, "http.json", g_strdelimit (text, "'", '"'));
  file = g_build_filename (self->dir, "http.json", NULL);
  secrets = (RhSecretsConfig){ .folder = self->dir };
  self->secrets = rh_secrets_new (NULL, &secrets, RH_NO_WORKSPACE, &error);
  g_assert_no_error (error);
  self->http = rh_http_new (file, self->secrets, &error);
  g_assert_no_error (error);
  self->iface = RH_CONNECTOR_GET_IFACE (self->http);
  return self;
}

static void
world_free (World *self)
{
  g_autofree char *file = g_build_filename (self->dir, "http.json", NULL);
  g_autofree char *token = g_build_filename (self->dir, "peer-token", NULL);

  g_object_unref (self->http);
  g_object_unref (self->secrets);
  royal_test_spin (20);
  peer_server_free (self->peer);
  g_unlink (file);
  g_unlink (token);
  g_rmdir (self->dir);
  g_free (self->dir);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

static JsonNode *
json (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (quoted, -1, "test", &error);

  g_assert_no_error (error);
  return node;
}

#define OPEN ",'private':true"
#define ONCE OPEN ",'idempotent':true"

typedef enum { APPLY, UNDO } Kind;

/* Applies or undoes, waiting. @before and @receipt as in RhEffect. */
static JsonNode *
run (World *self,
     Kind kind,
     const char *parameters,
     const char *key,
     JsonNode *before,
     JsonObject *receipt,
     RhThrottle *throttle,
     GError **error)
{
  g_autoptr (JsonNode) node = json (parameters);
  RhConnector *connector = RH_CONNECTOR (self->http);
  RhEffect effect = { .action = "http.request",
                      .target = "peer",
                      .key = key,
                      .parameters = json_node_get_object (node),
                      .before = before,
                      .receipt = receipt,
                      .throttle = throttle };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  (kind == UNDO ? self->iface->undo_async : self->iface->apply_async) (connector, &effect, royal_test_result, &result);
  done = royal_test_wait (&result);
  return kind == UNDO ? self->iface->undo_finish (connector, done, error)
                      : self->iface->apply_finish (connector, done, error);
}

static JsonNode *
apply (World *self, const char *parameters, const char *key, GError **error)
{
  return run (self, APPLY, parameters, key, NULL, NULL, NULL, error);
}

static RhVerify
verify (World *self, const char *parameters, const char *key, JsonNode **ret_receipt, GError **error)
{
  g_autoptr (JsonNode) node = json (parameters);
  RhConnector *connector = RH_CONNECTOR (self->http);
  RhEffect effect = {
    .action = "http.request", .target = "peer", .key = key, .parameters = json_node_get_object (node)
  };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  self->iface->verify_async (connector, &effect, royal_test_result, &result);
  done = royal_test_wait (&result);
  return self->iface->verify_finish (connector, done, ret_receipt, error);
}

static RhAssessment *
assess (World *self, const char *parameters, GError **error)
{
  g_autoptr (JsonNode) node = json (parameters);
  RhConnector *connector = RH_CONNECTOR (self->http);
  RhEffect effect = { .action = "http.request", .target = "peer", .parameters = json_node_get_object (node) };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  self->iface->assess_async (connector, &effect, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  return self->iface->assess_finish (connector, done, error);
}

#define POST_A "{'method':'POST','path':'/once/a','body':{'n':1}}"

static void
test_applies (void)
{
  g_autoptr (World) world = world_new (ONCE ",'headers':{'X-Client':'royal'},"
                                            "'secrets':{'Authorization':{'name':'peer-token','prefix':'Bearer '}}");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) receipt = apply (world, POST_A, "k1", &error);
  g_autoptr (JsonNode) echo = NULL;
  JsonObject *seen;

  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (json_node_get_object (receipt), "status", 0), ==, 200);
  g_assert_cmpint (royal_json_int (royal_json_object (json_node_get_object (receipt), "answer"), "id", 0), ==, 1);
  g_assert_cmpuint (peer_server_count (world->peer, "k1"), ==, 1);

  echo = apply (world, "{'method':'POST','path':'/echo'}", "key/7", &error);
  g_assert_no_error (error);
  seen = royal_json_object (json_node_get_object (echo), "answer");
  g_assert_cmpstr (royal_json_string (seen, "idempotency-key", ""), ==, "key/7");
  g_assert_cmpstr (royal_json_string (seen, "authorization", ""), ==, "Bearer ***");
  g_assert_cmpstr (royal_json_string (seen, "x-client", ""), ==, "royal");
}

static void
test_validates (void)
{
  static const struct {
    const char *parameters;
    const char *wrong; /* NULL: nothing */
  } table[] = {
    { POST_A, NULL },
    { "{'method':'POST','path':'/once/a?x=1%20'}", NULL },
    { "{'method':'PATCH','path':'/once/a'}", "does not take PATCH" },
    { "{'method':'POST','path':'/other'}", "does not take /other" },
    { "{'method':'POST','path':'/twice/1/note?x=1'}", NULL },
    { "{'method':'POST','path':'/twice/1/refund?x=/note'}", "does not take /twice/1/refund" },
    { "{'method':'POST','path':'once/a'}", "/path: expected" },
    { "{'method':'POST','path':'//evil.example/once/a'}", "/path: expected" },
    { "{'method':'POST','path':'/once/../other'}", "/path: expected" },
    { "{'method':'POST','path':'/once/%2e%2e/other'}", "/path: expected" },
    { "{'method':'POST','path':'/once/a b'}", "/path: expected" },
    { "{'method':'POST','path':'/once/a#b'}", "/path: expected" },
    { "{'method':'POST','path':'/once/a\\r\\nX: y'}", "/path: expected" },
    { "{'method':'POST','path':'/once/@evil'}", NULL },
    { "{'method':'POST','path':'/once/a','body':'01234567890123456789'}", "20 bytes at most" },
    { "{'method':'POST','path':'/once/a','undo':{'method':'DELETE','path':'/once/{answer.id}'}}", NULL },
    { "{'method':'POST','path':'/once/a','undo':{'method':'DELETE','path':'/x/{answer.id}'}}", "/undo: /path" },
  };
  g_autoptr (World) world =
      world_new (OPEN ",'methods':['POST','DELETE'],'paths':['/once/*','/twice/*/note'],'max_body_bytes':20");

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) node = json (table[i].parameters);
      g_autoptr (GError) error = NULL;
      gboolean good = world->iface->validate (RH_CONNECTOR (world->http), "http.request", "peer",
                                              json_node_get_object (node), &error);

      if (good != (table[i].wrong == NULL) || (!good && strstr (error->message, table[i].wrong) == NULL))
        g_error ("%s: %s", table[i].parameters, good ? "taken" : error->message);
    }
  {
    g_autoptr (JsonNode) node = json (POST_A);
    g_autoptr (GError) error = NULL;

    g_assert_false (world->iface->validate (RH_CONNECTOR (world->http), "http.request", "other",
                                            json_node_get_object (node), &error));
    g_assert_nonnull (strstr (error->message, "expected an endpoint (peer), found other"));
  }
}

/* What each way to fail means: to a peer that does a key once, and to another. */
static void
test_faults (void)
{
  static const struct {
    const char *kind;
    int once;
    int plain;
  } table[] = {
    { "busy", ROYAL_ERROR_LIMIT, ROYAL_ERROR_LIMIT },
    { "unavailable", ROYAL_ERROR_UNAVAILABLE, ROYAL_ERROR_PROTOCOL },
    { "error", ROYAL_ERROR_UNAVAILABLE, ROYAL_ERROR_PROTOCOL },
    { "cut", ROYAL_ERROR_UNAVAILABLE, ROYAL_ERROR_PROTOCOL },
    { "before", ROYAL_ERROR_UNAVAILABLE, ROYAL_ERROR_PROTOCOL },
    { "late", ROYAL_ERROR_UNAVAILABLE, ROYAL_ERROR_PROTOCOL },
  };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (table); i++)
    {
      gboolean once = i % 2 == 0;
      g_autoptr (World) world = world_new (once ? ONCE : OPEN ",'verify':'/done/{key}','settle_ms':400");
      RhThrottle throttle = { 0 };
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) receipt = NULL;

      peer_server_plan (world->peer, table[i / 2].kind);
      receipt = run (world, APPLY, POST_A, "k", NULL, NULL, &throttle, &error);
      g_assert_null (receipt);
      if (!g_error_matches (error, ROYAL_ERROR, once ? table[i / 2].once : table[i / 2].plain))
        g_error ("%s %s: %s", table[i / 2].kind, once ? "once" : "plain", error->message);
      g_assert_cmpuint (throttle.retry_after_ms, ==, strcmp (table[i / 2].kind, "busy") == 0 ? 1000 : 0);
      g_clear_error (&error);
      if (once)
        {
          /* Sent again it is done once. */
          receipt = apply (world, POST_A, "k", &error);
          g_assert_no_error (error);
          royal_test_spin (400);
        }
      else
        {
          gboolean done = strcmp (table[i / 2].kind, "late") == 0 || strcmp (table[i / 2].kind, "cut") == 0 ||
                          strcmp (table[i / 2].kind, "error") == 0;

          /* What is asked after it must have settled is the truth, be it late. */
          g_assert_cmpint (verify (world, POST_A, "k", &receipt, &error), ==,
                           done ? RH_VERIFY_APPLIED : RH_VERIFY_ABSENT);
          g_assert_no_error (error);
          g_assert_cmpuint (peer_server_count (world->peer, "k"), ==, done ? 1 : 0);
          continue;
        }
      g_assert_cmpuint (peer_server_count (world->peer, "k"), ==, 1);
    }
}

static void
test_verifies (void)
{
  g_autoptr (World) blind = world_new (OPEN);
  g_autoptr (World) once = world_new (ONCE);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) receipt = NULL;

  g_assert_cmpint (verify (blind, POST_A, "k", &receipt, &error), ==, RH_VERIFY_UNKNOWN);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_cmpint (verify (once, POST_A, "k", &receipt, &error), ==, RH_VERIFY_AGAIN);
  g_assert_no_error (error);
}

static void
test_slow (void)
{
  g_autoptr (World) world = world_new (ONCE);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) receipt = NULL;

  receipt = apply (world, "{'method':'PUT','path':'/faults','body':{'late_ms':3000}}", "f", &error);
  g_assert_no_error (error);
  g_clear_pointer (&receipt, json_node_unref);
  peer_server_plan (world->peer, "slow");
  receipt = apply (world, POST_A, "k", &error);
  g_assert_null (receipt);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "no answer within 1000 ms"));
  royal_test_spin (2500); /* the peer's own timer */
}

/* Nowhere but to the origin, and not to a private address unless that is said. */
static void
test_stays (void)
{
  g_autoptr (World) closed = world_new (",'idempotent':true");
  g_autoptr (World) open = world_new (ONCE);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) receipt = apply (closed, POST_A, "k", &error);

  g_assert_null (receipt);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_cmpuint (peer_server_requests (closed->peer), ==, 0);
  receipt = apply (open, "{'method':'POST','path':'/redirect'}", "k", &error);
  g_assert_null (receipt);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_cmpuint (peer_server_requests (open->peer), ==, 0);
  receipt = apply (open, "{'method':'POST','path':'/large'}", "k", &error);
  g_assert_no_error (error);
  g_assert_false (json_object_has_member (json_node_get_object (receipt), "answer"));
}

static void
test_undo (void)
{
  g_autoptr (World) world = world_new (ONCE);
  g_autoptr (GError) error = NULL;
  const char *post = "{'method':'POST','path':'/once/a','undo':{'method':'DELETE','path':'/once/{answer.id}'}}";
  g_autoptr (JsonNode) receipt = apply (world, post, "k", &error);
  g_autoptr (JsonNode) undone = NULL;
  g_autoptr (JsonNode) plain = NULL;
  JsonObject *undo;

  g_assert_no_error (error);
  undo = royal_json_object (json_node_get_object (receipt), "undo");
  g_assert_cmpstr (royal_json_string (undo, "path", ""), ==, "/once/1");
  undone = run (world, UNDO, post, "k-undo", NULL, json_node_get_object (receipt), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (peer_server_count (world->peer, "k-undo"), ==, 1);

  plain = apply (world, POST_A, "k2", &error);
  g_assert_no_error (error);
  g_assert_null (run (world, UNDO, POST_A, "k2-undo", NULL, json_node_get_object (plain), NULL, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
}

/* The state that was observed is demanded. */
static void
test_observes (void)
{
  g_autoptr (World) world = world_new (ONCE ",'verify':'/done/{key}','observe':'/thing/a'");
  const char *put = "{'method':'PUT','path':'/once/a','body':{'n':2,'m':'x'}}";
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) first = assess (world, put, &error);
  g_autoptr (RhAssessment) second = NULL;
  g_autoptr (JsonNode) receipt = NULL;
  JsonArray *changes;

  g_assert_no_error (error);
  g_assert_false (royal_json_boolean (json_node_get_object (first->facts), "exists", TRUE));
  receipt = run (world, APPLY, put, "k1", first->before, NULL, NULL, &error);
  g_assert_no_error (error);
  g_clear_pointer (&receipt, json_node_unref);
  receipt = run (world, APPLY, put, "k2", first->before, NULL, NULL, &error);
  g_assert_null (receipt);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_clear_error (&error);
  second = assess (world, "{'method':'PUT','path':'/once/a','body':{'n':3,'m':'x'}}", &error);
  g_assert_no_error (error);
  g_assert_true (royal_json_boolean (json_node_get_object (second->facts), "exists", FALSE));
  changes = royal_json_array (json_node_get_object (second->preview), "changes");
  g_assert_cmpuint (json_array_get_length (changes), ==, 1);
  g_assert_cmpstr (royal_json_string (json_array_get_object_element (changes, 0), "before", ""), ==, "2");
  g_assert_cmpstr (royal_json_string (json_array_get_object_element (changes, 0), "after", ""), ==, "3");
}

static void
test_file (void)
{
  static const struct {
    const char *text;
    const char *wrong;
  } table[] = {
    { "{'endpoints':{'a':{'origin':'http://a.example'}}}", "/origin: expected https://HOST" },
    { "{'endpoints':{'a':{'origin':'https://a.example/path'}}}", "/origin: expected" },
    { "{'endpoints':{'a':{'origin':'https://me@a.example'}}}", "/origin: expected" },
    { "{'endpoints':{'a':{'origin':'https://a.example','verify':'/done'}}}", "/verify: expected a path with {key}" },
    { "{'endpoints':{'a':{'origin':'https://a.example','observe':'/x'}}}", "without verify" },
    { "{'endpoints':{'a':{'origin':'https://a.example','ca':'/nowhere.pem'}}}", "/nowhere.pem cannot be read" },
    { "{'endpoints':{'A':{'origin':'https://a.example'}}}", "/endpoints" },
    { "{'endpoints':{'a':{'origin':'https://a.example','other':1}}}", "other" },
  };
  g_autofree char *dir = g_dir_make_tmp ("royal-http-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (dir, "http.json", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *text = g_strdelimit (g_strdup (table[i].text), "'", '"');
      g_autoptr (GError) error = NULL;
      g_autoptr (RhHttp) http = NULL;

      write_file (dir, "http.json", text);
      http = rh_http_new (file, NULL, &error);
      if (http != NULL || strstr (error->message, table[i].wrong) == NULL)
        g_error ("%s: %s", table[i].text, http != NULL ? "taken" : error->message);
    }
  g_unlink (file);
  g_rmdir (dir);
}

static guint
count_at_peer (const char *key, gpointer data)
{
  return peer_server_count (data, key);
}

static void
test_conforms (void)
{
  static const char *const endpoints[] = { ONCE, ONCE ",'verify':'/done/{key}','observe':'/thing/a'" };

  for (guint i = 0; i < G_N_ELEMENTS (endpoints); i++)
    {
      g_autoptr (World) world = world_new (endpoints[i]);
      const Conformance conformance = {
        .connector = RH_CONNECTOR (world->http),
        .action = "http.request",
        .target = "peer",
        .parameters = { "{'method':'PUT','path':'/once/a','body':1,'undo':{'method':'DELETE','path':'/once/a'}}",
                        "{'method':'PUT','path':'/once/a','body':2}" },
        .invalid = "{'method':'PUT','path':'a'}",
        .prefix = "c",
        .observes = i == 1,
        .count = count_at_peer,
        .data = world->peer,
      };

      connector_conformance (&conformance);
    }
}

static void
test_addresses (void)
{
  static const struct {
    const char *address;
    gboolean private;
  } table[] = {
    { "8.8.8.8", FALSE },
    { "127.0.0.1", TRUE },
    { "10.1.2.3", TRUE },
    { "172.16.0.1", TRUE },
    { "172.32.0.1", FALSE },
    { "192.168.0.1", TRUE },
    { "169.254.169.254", TRUE },
    { "100.64.0.1", TRUE },
    { "100.128.0.1", FALSE },
    { "0.0.0.0", TRUE },
    { "224.0.0.1", TRUE },
    { "198.18.0.1", TRUE },
    { "::1", TRUE },
    { "::", TRUE },
    { "fe80::1", TRUE },
    { "fd00::1", TRUE },
    { "2606:4700::1111", FALSE },
    { "::ffff:10.0.0.1", TRUE },
    { "::ffff:8.8.8.8", FALSE },
    { "ff02::1", TRUE },
    { "64:ff9b::10.0.0.1", TRUE },
    { "64:ff9b:1::1", TRUE },
    { "2002:a00:1::1", TRUE },
    { "2002:808:808::1", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GInetAddress) address = g_inet_address_new_from_string (table[i].address);

      if (rh_http_address_is_private (address) != table[i].private)
        g_error ("%s", table[i].address);
    }
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/http/applies", test_applies);
  g_test_add_func ("/http/validates", test_validates);
  g_test_add_func ("/http/faults", test_faults);
  g_test_add_func ("/http/verifies", test_verifies);
  g_test_add_func ("/http/slow", test_slow);
  g_test_add_func ("/http/stays", test_stays);
  g_test_add_func ("/http/undo", test_undo);
  g_test_add_func ("/http/observes", test_observes);
  g_test_add_func ("/http/file", test_file);
  g_test_add_func ("/http/conforms", test_conforms);
  g_test_add_func ("/http/addresses", test_addresses);
  return royal_test_run ();
}
