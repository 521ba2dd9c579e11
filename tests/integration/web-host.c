/* SPDX-License-Identifier: Apache-2.0 */
#include "web-host.h"

#include "rh-auth.h"
#include "rh-cookie.h"
#include "rh-migrations.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
apply_migrations (const char *owner)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  RhMigrationState state;

  rh_migrations_run_async (owner, FALSE, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  g_assert_true (rh_migrations_run_finish (done, &state, &error));
  g_assert_no_error (error);
}

static gboolean
is_available (gpointer store)
{
  return rh_store_is_available (store);
}

static gboolean
reload (gpointer data, GError **error)
{
  WebHost *self = data;

  if (self->reload_fails)
    g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "manifests/a.json: /id: expected a string");
  return !self->reload_fails;
}

static JsonObject *
readiness (gpointer data)
{
  WebHost *self = data;
  JsonObject *checks = json_object_new ();
  JsonObject *database = json_object_new ();

  json_object_set_boolean_member (database, "ok", self->ready);
  json_object_set_object_member (checks, "database", database);
  return checks;
}

static SoupSession *
session_of (const char *path)
{
  g_autoptr (GSocketAddress) address = path != NULL ? g_unix_socket_address_new (path) : NULL;

  return g_object_new (SOUP_TYPE_SESSION, "remote-connectable", address, "max-conns", 32, "max-conns-per-host", 32,
                       "idle-timeout", 0, "proxy-resolver", NULL, NULL);
}

static void
load_shops (WebHost *self, const char *file, gint64 workspace)
{
  g_autoptr (GError) error = NULL;

  if (file == NULL)
    return;
  self->shopify = rh_shopify_new (file, self->store, self->secrets, &error);
  g_assert_no_error (error);
  rh_shopify_start (self->shopify, workspace, "test");
}

WebHost *
web_host_new (void)
{
  return web_host_new_shops (NULL);
}

WebHost *
web_host_new_shops (const char *file)
{
  static gboolean migrated;
  WebHost *self = g_new0 (WebHost, 1);
  g_autofree char *info = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autofree char *modules = g_build_filename (royal_test_dir (), "modules", NULL);
  g_autofree char *manifests = g_build_filename (royal_test_dir (), "manifests", NULL);
  g_autoptr (RhRegistry) registry = rh_registry_new (manifests, "", modules);
  g_autoptr (RhConnectors) connectors = rh_connectors_new ();
  g_autoptr (RhWorkers) workers = NULL;
  g_autoptr (RhJobs) jobs = NULL;
  g_autoptr (RhWorkflows) workflows = NULL;
  g_autoptr (RhTriggers) triggers = NULL;
  g_autoptr (RhSecrets) secrets = NULL;
  g_autofree char *workspace = NULL;
  g_autofree char *keys = NULL;
  g_autoptr (GError) error = NULL;
  RhServerContext context;

  self->owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  if (!migrated)
    apply_migrations (self->owner);
  migrated = TRUE;
  royal_test_sql (self->owner, "select workspace_open ('default', true); select workspace_open ('other', true)");
  self->store = rh_store_new (info, NULL, 4);
  self->gate = rh_gate_new (self->store, connectors, "test");
  workers = rh_workers_new (&(RhWorkersConfig){ 0 }, registry, self->store, connectors, self->gate);
  jobs = rh_jobs_new (self->store, registry, workers, self->gate, "test");
  workflows = rh_workflows_new (self->store, registry, self->gate);
  workspace = royal_test_sql_value (self->owner, "select workspace_id from workspaces where name = 'default'");
  keys = g_build_filename (royal_test_dir (), "web-keys", NULL);
  g_assert_true (g_file_set_contents_full (keys, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", -1,
                                           G_FILE_SET_CONTENTS_NONE, 0600, &error));
  secrets = rh_secrets_new (self->store, &(RhSecretsConfig){ .key_file = keys }, g_ascii_strtoll (workspace, NULL, 10),
                            &error);
  g_assert_no_error (error);
  self->secrets = g_object_ref (secrets);
  load_shops (self, file, g_ascii_strtoll (workspace, NULL, 10));
  triggers = rh_triggers_new (self->store, registry, secrets, g_ascii_strtoll (workspace, NULL, 10), "default", "test");
  self->ready = TRUE;
  context = (RhServerContext){ .store = self->store,
                               .registry = registry,
                               .workers = workers,
                               .jobs = jobs,
                               .workflows = workflows,
                               .triggers = triggers,
                               .secrets = secrets,
                               .gate = self->gate,
                               .installer = self->shopify != NULL ? rh_shopify_installer (self->shopify) : NULL,
                               .reload = reload,
                               .readiness = readiness,
                               .data = self };
  self->server = rh_server_new (&context);
  self->socket = g_build_filename (royal_test_dir (), "royald.sock", NULL);
  g_assert_true (rh_server_listen_unix (self->server, self->socket, &error));
  self->port = rh_server_listen_tcp (self->server, "127.0.0.1", 0, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (self->port, !=, 0);
  self->unix_session = session_of (self->socket);
  self->tcp_session = session_of (NULL);
  royal_test_wait_until (is_available, self->store, 5000);
  return self;
}

void
web_host_free (WebHost *self)
{
  GAsyncResult *stopped = NULL;
  GAsyncResult *closed = NULL;
  g_autoptr (GAsyncResult) stop_result = NULL;
  g_autoptr (GAsyncResult) close_result = NULL;

  soup_session_abort (self->unix_session);
  soup_session_abort (self->tcp_session);
  g_object_unref (self->unix_session);
  g_object_unref (self->tcp_session);
  rh_server_stop_async (self->server, 1000, royal_test_result, &stopped);
  stop_result = royal_test_wait (&stopped);
  g_assert_true (rh_server_stop_finish (self->server, stop_result, NULL));
  g_clear_object (&stop_result);
  g_object_unref (self->server);
  if (self->shopify != NULL)
    rh_shopify_stop (self->shopify);
  rh_store_close_async (self->store, 1000, royal_test_result, &closed);
  close_result = royal_test_wait (&closed);
  g_clear_object (&close_result);
  royal_test_spin (20);
  g_object_unref (self->gate);
  g_clear_object (&self->shopify);
  g_object_unref (self->secrets);
  g_object_unref (self->store);
  g_free (self->socket);
  g_free (self->owner);
  g_free (self);
}

char *
web_token (WebHost *self, const char *role)
{
  g_autofree char *token = rh_token_make ();
  g_autofree char *hash = rh_token_hash (token);
  g_autofree char *sql = g_strdup_printf (
      "insert into tokens (workspace_id, name, role, hash, created_by) select workspace_id, '%s', '%s', '%s', 'test'"
      " from workspaces where name = 'default'",
      role, role, hash);

  royal_test_sql (self->owner, sql);
  return g_steal_pointer (&token);
}

char *
web_session (WebHost *self, const char *workspace, const char *role, gboolean first, char **ret_csrf)
{
  static guint n;
  g_autofree char *secret = rh_session_make ();
  g_autofree char *hash = rh_session_hash (secret);
  g_autofree char *name = g_strdup_printf ("%s-%u", role, ++n);
  g_autofree char *sql =
      g_strdup_printf ("with u as (insert into users (name, password, must_change, created_by)"
                       "   values ('%s', '$argon2id$none', %s, 'test') returning uid),"
                       " m as (insert into memberships (workspace_id, user_uid, roles)"
                       "   select w.workspace_id, u.uid, array['%s'] from workspaces w, u where w.name = '%s')"
                       " insert into sessions (workspace_id, user_uid, hash, peer, expires_at)"
                       "   select w.workspace_id, u.uid, '%s', 'test', now () + interval '1 hour' from workspaces w, u"
                       "   where w.name = '%s'",
                       name, first ? "true" : "false", role, workspace, hash, workspace);

  royal_test_sql (self->owner, sql);
  *ret_csrf = rh_cookie_csrf (secret);
  return g_strconcat ("royal_session=", secret, NULL);
}

char *
web_proposal (WebHost *self)
{
  const char *sql =
      "insert into proposals (workspace_id, state, action, target, agent, agent_version, agent_sha256, cluster,"
      " parameters, words, claims, before, facts, preview, risk, decision, rules, reason, policy_version, digest,"
      " created_by, expires_at)"
      " select workspace_id, 'pending', 'markdown.apply', 's1', 'markdown', '1.0.0', '', 'finance', '{}', '{}', '{}',"
      " '{}', '{}', '{}', 'high', 'approve', '{\"r\"}', 'because', 'v', '" DIGEST_A "', 'markdown',"
      " now () + interval '1 hour' from workspaces where name = 'default' returning uid";

  return royal_test_sql_value (self->owner, sql);
}

void
web_events (WebHost *self, guint n, guint bytes)
{
  g_autofree char *sql = g_strdup_printf (
      "with j as (update journal set last_event = last_event + %u returning last_event - %u as base)"
      " insert into told_events (workspace_id, id, at, kind, subject, data)"
      " select w.workspace_id, j.base + i, now (), case i %% 2 when 0 then 'job.created' else 'effect.executed' end,"
      " i::text, jsonb_build_object ('fill', repeat ('x', %u))"
      " from j, workspaces w, generate_series (1, %u) i where w.name = 'default';"
      " select pg_notify ('royal_events', '')",
      n, n, bytes, n);

  royal_test_sql (self->owner, sql);
}

void
web_answer_free (WebAnswer *self)
{
  if (self == NULL)
    return;
  g_free (self->type);
  g_free (self->id);
  g_free (self->text);
  g_free (self->cookie);
  g_free (self->etag);
  g_clear_pointer (&self->json, json_node_unref);
  g_free (self);
}

WebAnswer *
web_call (WebHost *self,
          const char *token,
          const char *method,
          const char *path,
          const char *body,
          const char *const *headers)
{
  WebAnswer *answer = g_new0 (WebAnswer, 1);
  g_autofree char *uri = token == NULL ? g_strdup_printf ("http://localhost%s", path)
                                       : g_strdup_printf ("http://127.0.0.1:%u%s", self->port, path);
  g_autofree char *bearer = token != NULL ? g_strconcat ("Bearer ", token, NULL) : NULL;
  g_autoptr (SoupMessage) message = soup_message_new (method, uri);
  g_autoptr (GBytes) sent = body != NULL ? g_bytes_new (body, strlen (body)) : NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  SoupMessageHeaders *got;
  SoupSession *session = token == NULL ? self->unix_session : self->tcp_session;

  if (token != NULL && *token != '\0')
    soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization", bearer);
  if (sent != NULL)
    soup_message_set_request_body_from_bytes (message, "application/json", sent);
  for (guint i = 0; headers != NULL && headers[i] != NULL; i += 2)
    soup_message_headers_replace (soup_message_get_request_headers (message), headers[i], headers[i + 1]);
  soup_session_send_and_read_async (session, message, G_PRIORITY_DEFAULT, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  bytes = soup_session_send_and_read_finish (session, done, &error);
  g_assert_no_error (error);
  got = soup_message_get_response_headers (message);
  answer->status = soup_message_get_status (message);
  answer->type = g_strdup (soup_message_headers_get_content_type (got, NULL));
  answer->id = g_strdup (soup_message_headers_get_one (got, "X-Request-Id"));
  if (soup_message_headers_get_list (got, "Set-Cookie") != NULL)
    answer->cookie = g_strdup (soup_message_headers_get_list (got, "Set-Cookie"));
  answer->etag = g_strdup (soup_message_headers_get_one (got, "ETag"));
  answer->nosniff = g_strcmp0 (soup_message_headers_get_one (got, "X-Content-Type-Options"), "nosniff") == 0;
  answer->text = g_bytes_get_size (bytes) > 0 ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes))
                                              : g_strdup ("");
  answer->json = json_from_string (answer->text, NULL);
  return answer;
}

WebAnswer *
web_expect (WebHost *self, guint status, const char *token, const char *method, const char *path, const char *body)
{
  WebAnswer *answer = web_call (self, token, method, path, body, NULL);

  if (answer->status != status)
    g_error ("%s %s: expected %u, found %u: %s", method, path, status, answer->status, answer->text);
  return answer;
}

GSocket *
web_socket (WebHost *self)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", self->port);
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);

  g_socket_connect (socket, address, NULL, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (socket, FALSE);
  return socket;
}

char *
web_raw (WebHost *self, const char *bytes, gsize length, guint ms)
{
  g_autoptr (GSocket) socket = web_socket (self);
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 end_us = g_get_monotonic_time () + (gint64)ms * 1000;
  gsize sent = 0;

  while (g_get_monotonic_time () < end_us)
    {
      char buffer[4096];
      gssize n;

      if (sent < length)
        {
          n = g_socket_send (socket, bytes + sent, length - sent, NULL, NULL);
          sent += (gsize)MAX (n, 0);
        }
      n = g_socket_receive (socket, buffer, sizeof buffer, NULL, NULL);
      if (n == 0)
        break;
      if (n > 0)
        g_string_append_len (text, buffer, n);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_usleep (500);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
