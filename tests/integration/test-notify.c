/* SPDX-License-Identifier: Apache-2.0 */

/* Notifications, from events in a database to a peer on loopback that says that it is a fake: each is sent until it is
 * confirmed, with one id, and nothing that an event brings is more than text. */

#include "notify-peer.h"
#include "royal-test.h"

#include <json-glib/json-glib.h>
#include <rh-approval-link.h>
#include <rh-notice.h>
#include <rh-notifier.h>
#include <rh-secrets.h>
#include <rh-store.h>
#include <string.h>

#define PROPOSAL "0198c0de-0000-7000-8000-000000000001"
#define HERE " where workspace_id = royal_workspace ()"

typedef struct {
  NotifyPeer *peer;
  char *dir;
  char *file;
  RhStore *store;
  RhSecrets *secrets;
  RhNotifier *notifier;
  gint64 workspace;
} World;

static char *
value (const char *sql)
{
  g_autofree char *owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");

  return royal_test_sql_value (owner, sql);
}

/* In the world's workspace. */
static char *
value_here (World *self, const char *sql)
{
  g_autofree char *text = g_strdup_printf ("set royal.workspace = '%" G_GINT64_FORMAT "'; %s", self->workspace, sql);

  return value (text);
}

static void
check_here (World *self, const char *sql, const char *expected)
{
  g_autofree char *found = value_here (self, sql);

  g_assert_cmpstr (found, ==, expected);
}

static gboolean
is_available (gpointer data)
{
  return rh_store_is_available (((World *)data)->store);
}

static void
write_file (const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static World *
world_new (void)
{
  static guint n;
  World *self = g_new0 (World, 1);
  g_autofree char *host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autofree char *sql = g_strdup_printf ("select workspace_id from workspace_open ('notify-%u', true)", ++n);
  g_autofree char *id = value (sql);
  g_autoptr (GError) error = NULL;
  RhSecretsConfig config;

  self->workspace = g_ascii_strtoll (id, NULL, 10);
  self->peer = notify_peer_new ();
  self->dir = g_dir_make_tmp ("royal-notify-XXXXXX", NULL);
  self->file = g_build_filename (self->dir, "notifications.json", NULL);
  self->store = rh_store_new (host, NULL, 2);
  royal_test_wait_until (is_available, self, 10000);
  write_file (self->dir, "key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
  write_file (self->dir, "place", "/services/T0/B0/hidden\n");
  write_file (self->dir, "password", "opensesame\n");
  config = (RhSecretsConfig){ .folder = self->dir };
  self->secrets = rh_secrets_new (NULL, &config, self->workspace, &error);
  g_assert_no_error (error);
  return self;
}

static void
stop (World *self)
{
  rh_notifier_stop (g_steal_pointer (&self->notifier));
  royal_test_spin (50);
}

static void
world_free (World *self)
{
  g_autofree char *remove = g_strdup_printf ("rm -rf '%s'", self->dir);
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;

  stop (self);
  rh_store_close_async (self->store, 1000, royal_test_result, &result);
  done = royal_test_wait (&result);
  g_assert_true (rh_store_close_finish (self->store, done, NULL));
  g_object_unref (self->store);
  g_object_unref (self->secrets);
  royal_test_spin (20);
  notify_peer_free (self->peer);
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
  g_free (self->dir);
  g_free (self->file);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

static gboolean
is_ready (gpointer data)
{
  g_autofree char *n = value_here (data, "select count (*) from notice_receivers" HERE);

  return !g_str_equal (n, "0");
}

/* @more: of the file, before its receivers; @receivers: what stands in it, with ' for ". */
static void
start_with (World *self, const char *more, const char *receivers)
{
  g_autofree char *text = g_strdup_printf ("{'link':'https://royal.example.com/',%s'receivers':{%s}}", more, receivers);
  g_autoptr (GHashTable) table = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (self->file, g_strdelimit (text, "'", '"'), -1, NULL));
  table = rh_receivers_load (self->file, &error);
  g_assert_no_error (error);
  self->notifier = rh_notifier_new (self->store, self->secrets, table, self->workspace, "host-a");
  royal_test_wait_until (is_ready, self, 10000);
}

static void
start (World *self, const char *receivers)
{
  start_with (self, "", receivers);
}

/* A webhook of the peer. */
static void
start_webhook (World *self, const char *more, const char *rest)
{
  g_autofree char *text = g_strdup_printf ("'ops':{'webhook':{'origin':'http://127.0.0.1:%u','insecure':true%s}%s}",
                                           notify_peer_http_port (self->peer), more, rest);

  start (self, text);
}

static void
happen (World *self, const char *kind, const char *subject, const char *data)
{
  g_autofree char *json = g_strdelimit (g_strdup (data), "`", '"');
  g_autofree char *sql = g_strdup_printf ("insert into outbox (workspace_id, kind, subject, actor, data)"
                                          " values (royal_workspace (), '%s', '%s', 'anna', E'%s');"
                                          " select moved from journal_move (1000)",
                                          kind, subject, json);
  g_autofree char *moved = value_here (self, sql);
}

static void
propose (World *self)
{
  happen (self, "approval.required", PROPOSAL,
          "{`action`:`shopify.price.update`,`target`:`main/1 <!channel> & co`,`agent`:`pricing`,`risk`:`low`,"
          "`parameters`:{`price`:`1.00`},`reason`:`because`}");
}

typedef struct {
  World *world;
  const char *sql;
  const char *expected;
  guint n;
} Wait;

static gboolean
is_so (gpointer data)
{
  const Wait *wait = data;
  g_autofree char *found = value_here (wait->world, wait->sql);

  return g_str_equal (found, wait->expected);
}

static void
wait_for (World *self, const char *sql, const char *expected)
{
  Wait wait = { self, sql, expected, 0 };

  royal_test_wait_until (is_so, &wait, 30000);
}

static gboolean
has_called (gpointer data)
{
  const Wait *wait = data;

  return notify_peer_calls (wait->world->peer)->len >= wait->n;
}

static void
wait_calls (World *self, guint n)
{
  Wait wait = { .world = self, .n = n };

  royal_test_wait_until (has_called, &wait, 30000);
}

static const NotifyCall *
call (World *self, guint n)
{
  g_assert_cmpuint (notify_peer_calls (self->peer)->len, >, n);
  return notify_peer_calls (self->peer)->pdata[n];
}

#define PRIVATE ",'private':true"

/* As the receiver of Standard Webhooks does it, with nothing of the host's. */
static char *
expected_signature (const NotifyCall *call)
{
  gsize key_length;
  g_autofree guchar *key = g_base64_decode ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &key_length);
  g_autofree char *signed_text = g_strdup_printf ("%s.%s.%s", call->id, call->timestamp, call->body);
  g_autoptr (GHmac) mac = g_hmac_new (G_CHECKSUM_SHA256, key, key_length);
  guint8 digest[32];
  gsize length = sizeof digest;
  g_autofree char *encoded = NULL;

  g_hmac_update (mac, (const guchar *)signed_text, -1);
  g_hmac_get_digest (mac, digest, &length);
  encoded = g_base64_encode (digest, length);
  return g_strconcat ("v1,", encoded, NULL);
}

static void
test_webhook (void)
{
  g_autoptr (World) self = world_new ();
  g_autofree char *signature = NULL;
  g_autoptr (JsonNode) body = NULL;
  JsonObject *root, *event;

  propose (self); /* before anybody wants to know */
  start_webhook (self, PRIVATE ",'signing':'key','path':'/hook'", "");
  propose (self);
  happen (self, "effect.executed", PROPOSAL, "{}");
  wait_calls (self, 1);
  wait_for (self, "select state from notices" HERE, "sent");
  g_assert_cmpstr (call (self, 0)->path, ==, "/hook");
  signature = expected_signature (call (self, 0));
  g_assert_cmpstr (call (self, 0)->signature, ==, signature);
  check_here (self, "select id from notices" HERE, call (self, 0)->id);
  body = json_from_string (call (self, 0)->body, NULL);
  root = json_node_get_object (body);
  g_assert_cmpstr (json_object_get_string_member (root, "type"), ==, "approval.required");
  g_assert_cmpstr (json_object_get_string_member (root, "text"), ==,
                   "*A proposal waits for an answer*\n• shopify.price.update on main/1 &lt;!channel&gt; &amp; co,"
                   " by pricing, risk low <https://royal.example.com/#/approvals/" PROPOSAL "|Open>");
  event = json_array_get_object_element (
      json_object_get_array_member (json_object_get_object_member (root, "data"), "events"), 0);
  g_assert_cmpstr (json_object_get_string_member (event, "target"), ==, "main/1 <!channel> & co");
  g_assert_false (json_object_has_member (event, "parameters"));
  g_assert_false (json_object_has_member (event, "reason"));
  royal_test_spin (500);
  g_assert_cmpuint (notify_peer_calls (self->peer)->len, ==, 1);
  check_here (self, "select sent || ' ' || failed || ' ' || dead from notice_receivers" HERE, "1 0 0");
}

static void
test_kinds (void)
{
  static const struct {
    const char *kind;
    const char *data;
    const char *text;
  } told[] = {
    { "approval.escalated", "{`action`:`a.b`,`target`:`t`}",
      "A proposal still waits, and its deadline is near.\n\n- a.b on t\n" },
    { "control.stopped", "{`reason`:`private words`}", "Everything has been stopped.\n\n- by anna\n" },
    { "breaker.opened", "{`reason`:`x`}", "An agent's breaker has opened.\n\n- pricing\n" },
    { "job.failed", "{`agent`:`pricing`,`task`:`go`,`state`:`dead`,`error`:{`code`:`timeout`,`message`:`m`}}",
      "A job has failed for good.\n\n- go, by pricing, dead, error timeout\n" },
    { "job.failed", "{`agent`:`pricing`,`task`:`go`,`state`:`quarantined`}",
      "A job has failed for good.\n\n- go, by pricing, quarantined\n" },
    { "workflow.failed", "{`workflow`:`product_launch`,`error`:{`code`:`failed`,`message`:`private words`}}",
      "A workflow has failed.\n\n- product_launch, error failed\n" },
    { "retail.variance",
      "{`code`:`SS25`,`week`:4,`reason`:`after week 4, 3200 units are sold where 2550 were expected`}",
      "A season's sales are off its forecast.\n\n- SS25, after week 4, 3200 units are sold where 2550 were "
      "expected\n" },
  };
  g_autoptr (World) self = world_new ();

  start_webhook (self, PRIVATE, ",'topics':['deadlines','stops','agents','jobs','workflows','seasons']");
  propose (self);
  happen (self, "job.retry", "x", "{`state`:`queued`}");
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    {
      g_autofree char *text = NULL;
      g_autoptr (RhNotice) notice = g_new0 (RhNotice, 1);
      g_autoptr (JsonNode) body = NULL;

      happen (self, told[i].kind, "pricing", told[i].data);
      wait_calls (self, i + 1);
      body = json_from_string (call (self, i)->body, NULL);
      notice->kind = g_strdup (json_object_get_string_member (json_node_get_object (body), "type"));
      notice->n = 1;
      notice->events = json_array_ref (
          json_object_get_array_member (json_object_get_object_member (json_node_get_object (body), "data"), "events"));
      text = rh_notice_text (notice, NULL);
      g_assert_cmpstr (text, ==, told[i].text);
      g_assert_null (strstr (call (self, i)->body, "private words"));
    }
  royal_test_spin (400);
  g_assert_cmpuint (notify_peer_calls (self->peer)->len, ==, G_N_ELEMENTS (told));
}

static void
test_again (void)
{
  g_autoptr (World) self = world_new ();

  notify_peer_plan (self->peer, "503 drop 302");
  start_webhook (self, PRIVATE ",'signing':'key'", "");
  propose (self);
  wait_calls (self, 4);
  wait_for (self, "select state from notices" HERE, "sent");
  for (guint i = 1; i < 4; i++)
    {
      g_autofree char *signature = expected_signature (call (self, i));

      g_assert_cmpstr (call (self, i)->id, ==, call (self, 0)->id);
      g_assert_cmpstr (call (self, i)->path, ==, "/"); /* and not /elsewhere */
      g_assert_cmpstr (call (self, i)->signature, ==, signature);
    }
  check_here (self, "select attempt from notices" HERE, "4");
  check_here (self, "select failed || ' ' || coalesce (last_error, '') from notice_receivers" HERE, "3 ");
}

static void
test_dead (void)
{
  g_autoptr (World) self = world_new ();

  notify_peer_plan (self->peer, "410");
  start_webhook (self, PRIVATE, "");
  propose (self);
  wait_for (self, "select state || ' ' || attempt || ' ' || error from notices" HERE, "dead 1 ops answered 410");
  wait_for (self,
            "select moved from journal_move (1000) union all select count (*) from events" HERE
            " and kind = 'notification.dead' order by 1 desc limit 1",
            "1");
  check_here (self, "select notice_list ()#>>'{items,0,notifications,0,state}'", "dead");
  check_here (self, "select value from metrics_sample () where metric = 'notices' and label = 'dead'", "1");

  notify_peer_plan (self->peer, "500");
  propose (self);
  wait_for (self, "select attempt || ' ' || state from notices" HERE " and state <> 'dead'", "1 waiting");
  g_free (value_here (self, "update notices set due_at = now (), deadline_at = now ()" HERE
                            " and state = 'waiting' returning 1"));
  wait_for (self, "select string_agg (state || ' ' || error, ', ' order by made_at) from notices" HERE,
            "dead ops answered 410, dead ops answered 500");
  g_assert_cmpuint (notify_peer_calls (self->peer)->len, ==, 2);
}

static void
test_private (void)
{
  g_autoptr (World) self = world_new ();

  start_webhook (self, "", "");
  propose (self);
  wait_for (self, "select error from notices" HERE, "ops: its address is a private one");
  g_assert_cmpuint (notify_peer_calls (self->peer)->len, ==, 0);
}

static void
test_hidden_path (void)
{
  g_autoptr (World) self = world_new ();

  notify_peer_plan (self->peer, "500");
  start_webhook (self, PRIVATE ",'path_secret':'place','format':'slack'", "");
  propose (self);
  wait_calls (self, 2);
  wait_for (self, "select state from notices" HERE, "sent");
  g_assert_cmpstr (call (self, 0)->path, ==, "/services/T0/B0/hidden");
  g_assert_true (g_str_has_prefix (call (self, 0)->body, "{\"text\":\"*A proposal"));
  g_assert_null (strstr (call (self, 0)->body, "\"type\""));
  check_here (self, "select count (*) from notices n where n::text like '%hidden%'", "0");
  check_here (self, "select count (*) from notice_receivers n where n::text like '%hidden%'", "0");
}

static void
test_together (void)
{
  g_autoptr (World) self = world_new ();
  g_autoptr (JsonNode) body = NULL;
  JsonObject *data;

  start_webhook (self, PRIVATE, "");
  g_free (value_here (self,
                      "insert into outbox (workspace_id, kind, subject, actor, data) select royal_workspace (),"
                      " case i when 12 then 'control.stopped' else 'approval.required' end, 'p' || i, 'anna', '{}'"
                      " from generate_series (1, 12) i; select moved from journal_move (1000)"));
  wait_calls (self, 2);
  wait_for (self, "select count (*) from notices" HERE " and state = 'sent'", "2");
  for (guint i = 0; i < 2; i++)
    if (strstr (call (self, i)->body, "\"approval.required\",\"timestamp\"") != NULL)
      body = json_from_string (call (self, i)->body, NULL);
  data = json_object_get_object_member (json_node_get_object (body), "data");
  g_assert_cmpint (json_object_get_int_member (data, "n"), ==, 11);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (data, "events")), ==, 10);
  g_assert_nonnull (strstr (call (self, 0)->body, "text"));
}

/* What happens while no host runs is told by the next one, and once. */
static void
test_resumed (void)
{
  g_autoptr (World) self = world_new ();

  start_webhook (self, PRIVATE, "");
  propose (self);
  wait_calls (self, 1);
  wait_for (self, "select state from notices" HERE, "sent");
  stop (self);
  propose (self);
  /* One of this host, which had it when it ended, and one of a host that is no more. */
  g_free (value_here (
      self, "insert into notices (workspace_id, receiver, kind, events, state, holder, attempt, due_at, deadline_at)"
            " select royal_workspace (), 'ops', 'control.stopped', '[{}]', 'sending', h, 1,"
            " case h when 'host-a' then now () + interval '1 hour' else now () end, now () + interval '1 hour'"
            " from unnest (array['host-a', 'host-b']) h returning 1"));
  start_webhook (self, PRIVATE, "");
  wait_for (self, "select count (*) from notices" HERE " and state = 'sent'", "4");
  royal_test_spin (300);
  g_assert_cmpuint (notify_peer_calls (self->peer)->len, ==, 4);
  check_here (self, "select string_agg (attempt::text, ',' order by attempt) from notices" HERE, "1,1,2,2");
}

static void
test_of_receiver (void)
{
  g_autoptr (World) self = world_new ();

  start_webhook (self, PRIVATE, "");
  check_here (self, "select notice_test ('ops', 'anna')->>'state'", "waiting");
  wait_calls (self, 1);
  g_assert_nonnull (strstr (call (self, 0)->body, "A test: notifications reach you"));
  wait_for (self, "select state from notices" HERE, "sent");
  stop (self);
  start (self, "");
}

/* --- Mail --------------------------------------------------------------------------------------------------------- */

static void
start_mail (World *self, guint port, const char *rest)
{
  g_autofree char *text = g_strdup_printf (
      "'ops':{'email':{'server':'127.0.0.1','port':%u,'from':'royal@shop.example','to':['anna@shop.example',"
      "'bob@shop.example'],'timeout_ms':5000%s}}",
      port, rest);

  start (self, text);
}

static void
test_mail (void)
{
  g_autoptr (World) self = world_new ();
  const NotifyMail *mail;
  const char *body;
  g_autofree char *joined = NULL;
  g_autofree guchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  gsize length;

  start_mail (self, notify_peer_smtp (self->peer, NULL, FALSE, NULL), PRIVATE ",'tls':'none'");
  happen (self, "approval.required", PROPOSAL,
          "{`action`:`a.b`,`target`:`x\\\\r\\\\nBcc: all@evil.example\\\\r\\\\n.\\\\r\\\\nQUIT é`}");
  wait_for (self, "select state from notices" HERE, "sent");
  g_assert_cmpuint (notify_peer_n_mails (self->peer), ==, 1);
  mail = notify_peer_mail (self->peer, 0);
  g_assert_cmpstr (mail->from, ==, "royal@shop.example");
  g_assert_cmpuint (mail->to->len, ==, 2);
  g_assert_cmpstr (mail->to->pdata[1], ==, "bob@shop.example");
  g_assert_null (strstr (mail->data, "Bcc"));
  g_assert_nonnull (strstr (mail->data, "\r\nSubject: Royal: A proposal waits for an answer\r\n"));
  body = strstr (mail->data, "\r\n\r\n") + 4;
  lines = g_strsplit (body, "\r\n", -1);
  joined = g_strjoinv ("", lines);
  text = g_base64_decode (joined, &length);
  text = g_realloc (text, length + 1);
  text[length] = '\0';
  g_assert_cmpstr ((char *)text, ==,
                   "A proposal waits for an answer.\n\n- a.b on x  Bcc: all@evil.example  .  QUIT é\n"
                   "  https://royal.example.com/#/approvals/" PROPOSAL "\n");
}

/* A server that offers no TLS is sent nothing, and so is one that is not where it may be. */
static void
test_mail_refused (void)
{
  static const struct {
    const char *rest;
    const char *error;
  } cases[] = {
    { PRIVATE ",'user':'anna','password':'password'", "127.0.0.1: it does not turn to TLS, and nothing was sent" },
    { ",'tls':'none'", "127.0.0.1: without TLS mail goes to loopback alone" },
    { "", "127.0.0.1: its address is a private one" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (World) self = world_new ();

      start_mail (self, notify_peer_smtp (self->peer, NULL, FALSE, NULL), cases[i].rest);
      propose (self);
      wait_for (self, "select error from notices" HERE, cases[i].error);
      g_assert_cmpuint (notify_peer_n_mails (self->peer), ==, 0);
      g_assert_cmpuint (notify_peer_n_sessions (self->peer) > 0, ==, i == 0);
    }
}

static void
test_mail_unwanted (void)
{
  g_autoptr (World) self = world_new ();

  start_mail (self, notify_peer_smtp (self->peer, NULL, FALSE, "bob@shop.example"), PRIVATE ",'tls':'none'");
  propose (self);
  wait_for (self, "select state || ' ' || attempt from notices" HERE, "dead 1");
  g_assert_cmpuint (notify_peer_n_mails (self->peer), ==, 0);
}

/* (transfer full) (nullable): of 127.0.0.1, in a file of the world's; NULL without openssl. */
static GTlsCertificate *
make_certificate (World *self)
{
  g_autofree char *command = g_strdup_printf (
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
      " -addext subjectAltName=IP:127.0.0.1 -keyout %s/tls.key -out %s/tls.crt",
      self->dir, self->dir);
  g_autofree char *certificate = g_build_filename (self->dir, "tls.crt", NULL);
  g_autofree char *key = g_build_filename (self->dir, "tls.key", NULL);
  g_autofree char *ignored = NULL;

  if (!g_spawn_command_line_sync (command, NULL, &ignored, NULL, NULL))
    return NULL;
  return g_tls_certificate_new_from_files (certificate, key, NULL);
}

static void
check_tls (gconstpointer data)
{
  gboolean implicit = GPOINTER_TO_INT (data);
  g_autoptr (World) self = world_new ();
  g_autoptr (GTlsCertificate) certificate = make_certificate (self);
  g_autofree char *rest = NULL;
  guint port;

  if (certificate == NULL)
    {
      g_test_skip ("openssl is not there to make a certificate");
      return;
    }
  port = notify_peer_smtp (self->peer, certificate, implicit, NULL);
  rest = g_strdup_printf (PRIVATE ",'tls':'%s','user':'anna','password':'password','ca':'%s/tls.crt'",
                          implicit ? "implicit" : "starttls", self->dir);
  start_mail (self, port, rest);
  propose (self);
  wait_for (self, "select state from notices" HERE, "sent");
  g_assert_true (notify_peer_mail (self->peer, 0)->tls);
  g_assert_cmpstr (notify_peer_mail (self->peer, 0)->login, ==, "|anna|opensesame");

  /* One that nobody vouches for hears nothing. */
  stop (self);
  g_free (value_here (self, "delete from notices" HERE " returning 1"));
  g_free (rest);
  rest =
      g_strdup_printf (PRIVATE ",'tls':'%s','user':'anna','password':'password'", implicit ? "implicit" : "starttls");
  start_mail (self, port, rest);
  propose (self);
  wait_for (self, "select state || ' ' || (error like '%certificate%') from notices" HERE, "waiting true");
  g_assert_cmpuint (notify_peer_n_mails (self->peer), ==, 1);
}

/* --- Links -------------------------------------------------------------------------------------------------------- */

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DEADLINE "2099-01-02T03:04:05.678Z"
#define KEY "0123456789abcdef0123456789abcdef"

static RhSecret *
find_secret (World *self, const char *name)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  RhSecret *secret;

  rh_secrets_lookup_async (self->secrets, self->workspace, name, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  secret = rh_secrets_lookup_finish (self->secrets, done, &error);
  g_assert_no_error (error);
  return secret;
}

/* (transfer full): the link of the text of a webhook's @body. */
static char *
link_in (const char *body)
{
  static const char before[] = "https://royal.example.com/#/approvals/" PROPOSAL "?link=";
  const char *start = strstr (body, before);

  g_assert_nonnull (start);
  start += strlen (before);
  return g_strndup (start, strcspn (start, "|\"\n"));
}

static void
check_altered (World *self, RhSecret *key, const char *link)
{
  RhApprovalLink said;

  for (gsize i = 0; link[i] != '\0'; i++)
    {
      g_autofree char *altered = g_strdup (link);
      g_autoptr (GError) error = NULL;

      altered[i] = altered[i] == '1' ? '2' : '1';
      g_assert_false (rh_approval_link_open (key, self->workspace, PROPOSAL, altered, &said, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED);
      g_clear_error (&error);
      altered[i] = '\0';
      g_assert_false (rh_approval_link_open (key, self->workspace, PROPOSAL, altered, &said, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED);
    }
}

static void
propose_by (World *self, const char *deadline)
{
  g_autofree char *data = g_strdup_printf ("{`action`:`a.b`,`target`:`t`,`digest`:`" DIGEST "`%s}", deadline);

  happen (self, "approval.required", PROPOSAL, data);
}

/* What is sent links to the proposal by what nobody else can make, for this proposal, this revision, this workspace. */
static void
test_signed (void)
{
  g_autoptr (World) self = world_new ();
  g_autofree char *receivers =
      g_strdup_printf ("'ops':{'webhook':{'origin':'http://127.0.0.1:%u','insecure':true" PRIVATE "}}",
                       notify_peer_http_port (self->peer));
  g_autofree char *link = NULL;
  g_autoptr (RhSecret) key = NULL;
  g_autoptr (RhSecret) other = NULL;
  g_autoptr (GError) error = NULL;
  RhApprovalLink said;

  write_file (self->dir, "links", KEY "\n");
  write_file (self->dir, "others", "f" KEY "\n");
  start_with (self, "'link_key':'links',", receivers);
  propose_by (self, ",`expires_at`:`" DEADLINE "`");
  wait_calls (self, 1);
  g_assert_null (strstr (call (self, 0)->body, "\"digest\""));
  link = link_in (call (self, 0)->body);
  key = find_secret (self, "links");
  other = find_secret (self, "others");
  g_assert_true (rh_approval_link_open (key, self->workspace, PROPOSAL, link, &said, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (said.notice, ==, call (self, 0)->id);
  g_assert_cmpstr (said.digest, ==, DIGEST);
  g_assert_cmpint (said.expires_s, ==, 4071006245);
  check_altered (self, key, link);
  g_assert_false (rh_approval_link_open (other, self->workspace, PROPOSAL, link, &said, NULL));
  g_assert_false (rh_approval_link_open (key, self->workspace + 1, PROPOSAL, link, &said, NULL));
  g_assert_false (
      rh_approval_link_open (key, self->workspace, "0198c0de-0000-7000-8000-000000000002", link, &said, NULL));
  /* What has no deadline, or is of an older host, is linked to as it is without a key. */
  propose_by (self, "");
  wait_calls (self, 2);
  g_assert_nonnull (strstr (call (self, 1)->body, "/#/approvals/" PROPOSAL "|"));
}

/* Nothing is sent that is signed by less than a key. */
static void
test_signed_badly (void)
{
  g_autoptr (World) self = world_new ();
  g_autofree char *receivers =
      g_strdup_printf ("'ops':{'webhook':{'origin':'http://127.0.0.1:%u','insecure':true" PRIVATE "}}",
                       notify_peer_http_port (self->peer));

  write_file (self->dir, "links", "tooshort\n");
  start_with (self, "'link_key':'links',", receivers);
  propose_by (self, ",`expires_at`:`" DEADLINE "`");
  wait_for (self, "select state || ' ' || error from notices" HERE,
            "waiting the key that links are signed with: expected 32 bytes or more");
  g_assert_cmpuint (notify_peer_calls (self->peer)->len, ==, 0);
}

/* --- The file ----------------------------------------------------------------------------------------------------- */

static void
test_file (void)
{
  static const struct {
    const char *receivers;
    const char *error;
  } cases[] = {
    { "'a':{}", "/receivers/a: expected one of webhook and email" },
    { "'a':{'webhook':{'origin':'http://x.example'}}", "/receivers/a/webhook/origin: expected https://HOST[:PORT]" },
    { "'a':{'webhook':{'origin':'https://x.example','path':'/a b'}}",
      "/receivers/a/webhook/path: expected an escaped path" },
    { "'a':{'webhook':{'origin':'https://x.example','path':'/a','path_secret':'p'}}", "expected without path_secret" },
    { "'a':{'email':{'server':'m.example','from':'a@b.example','to':['c@d.example\\n']}}", "/receivers/a/email" },
    { "'a':{'email':{'server':'m.example','from':'a@b.example','to':['c@d.example'],'user':'x'}}",
      "/receivers/a/email: expected user and password, or neither" },
    { "'a':{'email':{'server':'m.example','from':'a@b.example','to':['c@d.example'],'tls':'none','user':'x','password':"
      "'p'}}",
      "/receivers/a/email: a password goes over TLS alone" },
    { "'a':{'topics':['all'],'webhook':{'origin':'https://x.example'}}", "/receivers/a/topics/0" },
  };
  g_autofree char *file = g_build_filename (royal_test_dir (), "notifications.json", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("{'receivers':{%s}}", cases[i].receivers);
      g_autoptr (GError) error = NULL;

      g_assert_true (g_file_set_contents (file, g_strdelimit (text, "'", '"'), -1, NULL));
      g_assert_null (rh_receivers_load (file, &error));
      g_assert_nonnull (error);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].error));
      g_assert_true (g_str_has_prefix (error->message, file));
    }
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  royal_test_migrate ();
  g_test_add_func ("/notify/file", test_file);
  g_test_add_func ("/notify/webhook", test_webhook);
  g_test_add_func ("/notify/kinds", test_kinds);
  g_test_add_func ("/notify/again", test_again);
  g_test_add_func ("/notify/dead", test_dead);
  g_test_add_func ("/notify/private", test_private);
  g_test_add_func ("/notify/hidden-path", test_hidden_path);
  g_test_add_func ("/notify/together", test_together);
  g_test_add_func ("/notify/resumed", test_resumed);
  g_test_add_func ("/notify/test", test_of_receiver);
  g_test_add_func ("/notify/signed", test_signed);
  g_test_add_func ("/notify/signed-badly", test_signed_badly);
  g_test_add_func ("/notify/mail", test_mail);
  g_test_add_func ("/notify/mail-refused", test_mail_refused);
  g_test_add_func ("/notify/mail-unwanted", test_mail_unwanted);
  g_test_add_data_func ("/notify/mail-starttls", GINT_TO_POINTER (FALSE), check_tls);
  g_test_add_data_func ("/notify/mail-implicit", GINT_TO_POINTER (TRUE), check_tls);
  return royal_test_run ();
}
