/* SPDX-License-Identifier: Apache-2.0 */
#include "web-host.h"

#include "royal-json.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#define UNSET 0xffff

/* A client of the feed: it connects, notes every id in order, and knows how it ended. */
typedef struct {
  WebHost *host;
  SoupWebsocketConnection *socket;
  char *path; /* NULL = that of all events */
  char *topics;
  char *state;  /* of the workflow that it is told of, when it connected */
  gint64 after; /* -1 = begin now */
  gint64 hello;
  gint64 target;
  GArray *ids;
  guint close_code;
  gboolean connecting;
} Client;

static void
on_message (SoupWebsocketConnection *socket, int type, GBytes *message, gpointer data)
{
  Client *self = data;
  gsize length;
  const char *text = g_bytes_get_data (message, &length);
  g_autoptr (JsonNode) node = royal_json_parse (text, (gssize)length, "message", NULL);
  JsonObject *told = json_node_get_object (node);
  JsonArray *events;

  if (strcmp (royal_json_string (told, "type", ""), "hello") == 0)
    {
      g_free (self->state);
      self->hello = royal_json_int (told, "last", -1);
      self->state = g_strdup (royal_json_string (royal_json_object (told, "run"), "state", NULL));
      g_assert_true ((self->state != NULL) == (self->path != NULL));
      return;
    }
  g_assert_cmpint (self->hello, >=, 0);
  g_assert_cmpstr (royal_json_string (told, "type", ""), ==, "events");
  events = royal_json_array (told, "events");
  g_assert_cmpuint (json_array_get_length (events), >, 0);
  for (guint i = 0; i < json_array_get_length (events); i++)
    {
      JsonObject *event = json_array_get_object_element (events, i);
      gint64 id = royal_json_int (event, "id", -1);

      if (self->path != NULL)
        g_assert_cmpstr (royal_json_string (royal_json_object (event, "data"), "of", NULL), ==, "a");
      /* The order is that of ids: nothing comes twice. */
      g_assert_cmpint (id, >, self->after);
      self->after = id;
      g_array_append_val (self->ids, id);
    }
}

static void
on_closed (SoupWebsocketConnection *socket, gpointer data)
{
  Client *self = data;

  self->close_code = soup_websocket_connection_get_close_code (socket);
  g_signal_handlers_disconnect_by_data (socket, self);
  g_clear_object (&self->socket);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  Client *self = data;
  g_autoptr (GError) error = NULL;

  self->socket = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);
  g_assert_no_error (error);
  self->connecting = FALSE;
  g_signal_connect (self->socket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->socket, "closed", G_CALLBACK (on_closed), self);
}

static void
client_connect (Client *self, const char *token)
{
  g_autofree char *origin =
      token == NULL ? g_strdup ("http://localhost") : g_strdup_printf ("http://127.0.0.1:%u", self->host->port);
  g_autoptr (GString) uri = g_string_new (origin);
  g_autoptr (SoupMessage) message = NULL;
  g_autofree char *offered = token != NULL ? g_strconcat ("royal.token.", token, NULL) : NULL;
  char *protocols[] = { (char *)"royal.v1", offered, NULL };

  g_string_append_printf (uri, "/api/v1%s?", self->path != NULL ? self->path : "/events");
  if (self->topics != NULL)
    g_string_append_printf (uri, "topics=%s&", self->topics);
  if (self->after >= 0)
    g_string_append_printf (uri, "after=%" G_GINT64_FORMAT, self->after);
  message = soup_message_new ("GET", uri->str);
  self->connecting = TRUE;
  self->close_code = UNSET;
  soup_session_websocket_connect_async (token == NULL ? self->host->unix_session : self->host->tcp_session, message,
                                        NULL, protocols, G_PRIORITY_DEFAULT, NULL, on_connected, self);
}

static Client *
client_new_at (WebHost *host, const char *token, const char *path, gint64 after, const char *topics)
{
  Client *self = g_new0 (Client, 1);

  self->host = host;
  self->path = g_strdup (path);
  self->after = after;
  self->hello = -1;
  self->topics = g_strdup (topics);
  self->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  client_connect (self, token);
  return self;
}

static Client *
client_new (WebHost *host, const char *token, gint64 after, const char *topics)
{
  return client_new_at (host, token, NULL, after, topics);
}

static gboolean
is_settled (gpointer data)
{
  return !((Client *)data)->connecting;
}

static void
client_free (Client *self)
{
  royal_test_wait_until (is_settled, self, 5000);
  if (self->socket != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->socket, self);
      soup_websocket_connection_close (self->socket, 1000, NULL);
      g_object_unref (self->socket);
    }
  g_array_unref (self->ids);
  g_free (self->path);
  g_free (self->state);
  g_free (self->topics);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)

static gboolean
has_hello (gpointer data)
{
  return ((Client *)data)->hello >= 0;
}

static gboolean
is_closed (gpointer data)
{
  return ((Client *)data)->close_code != UNSET;
}

static gint64
newest (WebHost *host)
{
  g_autofree char *text = royal_test_sql_value (host->owner, "select last_event from journal");

  return g_ascii_strtoll (text, NULL, 10);
}

static gboolean
has_target (gpointer data)
{
  return ((Client *)data)->after >= ((Client *)data)->target;
}

static void
wait_for_newest (Client *self)
{
  g_autofree char *text = royal_test_sql_value (
      self->host->owner, "select max (id) from events join workspaces w using (workspace_id) where w.name = 'default'");

  self->target = g_ascii_strtoll (text, NULL, 10);
  royal_test_wait_until (has_target, self, 20000);
}

static void
test_live (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *viewer = web_token (host, "viewer");
  gint64 before = newest (host);
  g_autoptr (Client) live = client_new (host, NULL, -1, NULL);
  g_autoptr (Client) token = client_new (host, viewer, -1, "effect,nothing.");
  g_autoptr (Client) past = NULL;

  royal_test_wait_until (has_hello, live, 3000);
  royal_test_wait_until (has_hello, token, 3000);
  g_assert_cmpint (live->hello, ==, before);
  web_events (host, 500, 10);
  wait_for_newest (live);
  royal_test_spin (50);
  g_assert_cmpuint (live->ids->len, ==, 500);
  g_assert_cmpuint (token->ids->len, ==, 250);
  past = client_new (host, NULL, before, NULL);
  wait_for_newest (past);
  g_assert_cmpuint (past->ids->len, ==, 500);
}

static void
test_refusals (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (Client) beyond = client_new (host, NULL, newest (host) + 1000000, NULL);
  g_autoptr (WebAnswer) topics = web_expect (host, 422, NULL, "GET", "/api/v1/events?topics=%27", NULL);
  g_autoptr (WebAnswer) page = web_expect (host, 200, NULL, "GET", "/api/v1/events?limit=2&after=0&topics=job", NULL);

  royal_test_wait_until (is_closed, beyond, 3000);
  g_assert_cmpuint (beyond->close_code, ==, 4400);
  g_assert_nonnull (strstr (page->text, "\"items\""));
  g_assert_cmpuint (topics->status, ==, 422);
}

/* A revoked token loses its feed too, at once. */
static void
test_revoked (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *viewer = web_token (host, "viewer");
  g_autoptr (Client) client = client_new (host, viewer, -1, NULL);
  const char *tell =
      "with t as (update tokens set revoked_at = now () where role = 'viewer' returning uid, workspace_id),"
      " j as (update journal set last_event = last_event + (select count (*) from t)"
      "  returning last_event - (select count (*) from t) as base)"
      " insert into told_events (workspace_id, id, at, kind, subject, data)"
      " select t.workspace_id, j.base + row_number () over (), now (), 'token.revoked', t.uid::text, '{}'"
      " from j, t; select pg_notify ('royal_events', '')";

  royal_test_wait_until (has_hello, client, 3000);
  royal_test_sql (host->owner, tell);
  royal_test_wait_until (is_closed, client, 3000);
  g_assert_cmpuint (client->close_code, ==, 4401);
}

/* Without a word, as a network does it. */
static void
client_cut (Client *self)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (self->socket);

  g_signal_handlers_disconnect_by_data (self->socket, self);
  (void)g_io_stream_close (stream, NULL, NULL);
  g_clear_object (&self->socket);
}

/* Cut again and again while events come, a client that resumes has every one, once. */
static void
test_resume (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  gint64 first = newest (host);
  g_autoptr (Client) client = client_new (host, NULL, first, NULL);
  guint cuts = 0;

  for (guint round = 0; round < 60; round++)
    {
      web_events (host, (guint)g_test_rand_int_range (1, 120), 200);
      royal_test_spin ((guint)g_test_rand_int_range (0, 15));
      if (client->socket != NULL && g_test_rand_bit ())
        {
          client_cut (client);
          cuts++;
        }
      if (client->socket == NULL && !client->connecting)
        client_connect (client, NULL);
    }
  if (client->socket == NULL && !client->connecting)
    client_connect (client, NULL);
  wait_for_newest (client);
  g_assert_cmpuint (cuts, >, 5);
  g_assert_cmpint (client->ids->len, ==, newest (host) - first);
  for (guint i = 0; i < client->ids->len; i++)
    g_assert_cmpint (g_array_index (client->ids, gint64, i), ==, first + 1 + i);
}

static glong
resident_kb (void)
{
  g_autofree char *text = NULL;
  const char *resident;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  resident = strchr (text, ' ');
  g_assert_nonnull (resident);
  return (glong)g_ascii_strtoll (resident, NULL, 10) * 4;
}

static gboolean
has_one_client (gpointer data)
{
  g_autoptr (WebAnswer) answer = web_expect (data, 200, NULL, "GET", "/metrics", NULL);

  return strstr (answer->text, "\nroyal_feed_clients 1\n") != NULL;
}

static void
move_journal (WebHost *host)
{
  royal_test_sql (host->owner, "select journal_move (1000)");
}

/* A client of @path that takes nothing is dropped, costs little until then, and hinders no other; one that is sent
 * nothing is not dropped. */
static void
be_slow (WebHost *host, const char *path, void (*tell) (WebHost *host, guint n, guint bytes))
{
  g_autofree char *viewer = web_token (host, "viewer");
  /* That a token was used for the first time is told, too. */
  g_autoptr (WebAnswer) used = web_expect (host, 200, viewer, "GET", "/api/v1/status", NULL);
  gint64 first = (move_journal (host), newest (host));
  g_autofree char *request =
      g_strdup_printf ("GET /api/v1%s?after=%" G_GINT64_FORMAT " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n",
                       path, first, viewer);
  g_autoptr (Client) idle = client_new (host, NULL, -1, "nothing");
  g_autoptr (GSocket) deaf = web_socket (host);
  Client *quick = client_new (host, NULL, first, NULL);
  gint64 since_us = g_get_monotonic_time ();
  glong before_kb, most_kb = 0;

  g_assert_nonnull (used);
  royal_test_wait_until (has_hello, idle, 3000);
  g_assert_cmpint (g_socket_send (deaf, request, strlen (request), NULL, NULL), ==, strlen (request));
  royal_test_wait_until (has_hello, quick, 3000);
  tell (host, 2000, 4000);
  wait_for_newest (quick);
  before_kb = resident_kb ();
  for (guint i = 0; i < 4; i++)
    {
      tell (host, 2000, 4000);
      wait_for_newest (quick);
      most_kb = MAX (most_kb, resident_kb ());
    }
  g_assert_cmpuint (quick->ids->len, ==, 10000);
  g_test_message ("32 MB of events: resident %ld kB, then at most %ld kB", before_kb, most_kb);
  g_assert_cmpint (most_kb - before_kb, <, 16 * 1024);
  client_free (quick);
  royal_test_wait_until (has_one_client, host, 20000);
  g_assert_cmpuint (idle->close_code, ==, UNSET);
  g_test_message ("dropped after %.1f s", (double)(g_get_monotonic_time () - since_us) / G_USEC_PER_SEC);
}

static void
test_slow (void)
{
  g_autoptr (WebHost) host = web_host_new ();

  be_slow (host, "/events", web_events);
}

/* --- one workflow ------------------------------------------------------------------------------------------------- */

#define STREAM(id) g_strdup_printf ("/workflows/%s/stream", id)

/* The runs `a` and `b`, and `other` of another workspace, each with two jobs of its steps and a proposal of them. */
static void
make_runs (WebHost *host)
{
  royal_test_sql (
      host->owner,
      "drop table if exists story; create table story (name text, ws bigint, uid uuid, run bigint, jobs uuid[], "
      "proposal uuid);"
      "do $$ declare n text; w bigint; r workflow_runs; s bigint; js uuid[]; p uuid; begin"
      " foreach n in array array['a', 'b', 'other'] loop"
      "  select workspace_id into w from workspaces where name = case n when 'other' then n else 'default' end;"
      "  perform set_config ('royal.workspace', w::text, true);"
      "  insert into workflow_runs (workspace_id, workflow, hash, state, created_by, since_event)"
      "   values (w, n, repeat ('a', 64), 'running', 'test', workflow_last_event ()) returning * into r;"
      "  insert into workflow_steps (workspace_id, run, path, kind, state) values (w, r.id, 'one', 'task', 'running')"
      "   returning id into s;"
      "  select array_agg (j.uid) into js from job_add (w, (select jsonb_agg (jsonb_build_object ('agent', 'x', "
      "'task', 'y',"
      "   'context', jsonb_build_object ('step', s))) from generate_series (1, 2)), 'test') j;"
      "  insert into proposals (workspace_id, state, action, target, agent, agent_version, agent_sha256, cluster,"
      "   parameters, words, claims, before, facts, preview, risk, decision, rules, reason, policy_version, digest,"
      "   created_by, expires_at, context) values (w, 'pending', 'markdown.apply', 's1', 'x', '1', '', 'finance', '{}',"
      "   '{}', '{}', '{}', '{}', '{}', 'high', 'approve', '{r}', 'because', 'v', repeat ('a', 64), 'x',"
      "   now () + interval '1 hour', jsonb_build_object ('step', s)) returning uid into p;"
      "  insert into story values (n, w, r.uid, r.id, js, p);"
      " end loop; end $$;"
      "delete from outbox; select journal_move (1)");
}

static char *
run_id (WebHost *host, const char *name)
{
  g_autofree char *sql = g_strdup_printf ("select uid from story where name = '%s'", name);

  return royal_test_sql_value (host->owner, sql);
}

/* @n events of all that there are, each of which says whose it is. */
static void
tell_story (WebHost *host, guint n, guint bytes)
{
  g_autofree char *sql = g_strdup_printf (
      "insert into outbox (workspace_id, kind, subject, actor, audited, data)"
      " select s.ws, k.kind, case k.subject when 'run' then s.uid::text when 'job' then s.jobs[1]::text when 'text' "
      "then 'x'"
      "  when 'proposal' then s.proposal::text end, 'test', i %% 5 = 0,"
      "  jsonb_build_object ('fill', repeat ('x', %u), 'of', case when k.own then s.name end)"
      "  || case k.data when 'job' then jsonb_build_object ('job', s.jobs[1]) when 'jobs' then"
      "   jsonb_build_object ('n', 2, 'jobs', s.jobs) when 'more' then jsonb_build_object ('n', 3, 'jobs', s.jobs)"
      "   when 'mixed' then jsonb_build_object ('n', 2, 'jobs', (select array_agg (m.jobs[1]) from story m where m.ws "
      "= s.ws))"
      "   else '{}' end"
      " from generate_series (1, %u) i"
      " join lateral (select *, row_number () over () as place from (values"
      "  ('workflow.step.started', 'run', null, true), ('job.retry', 'job', null, true), ('agent.progress', null, "
      "'job', true),"
      "  ('jobs.started', null, 'jobs', true), ('jobs.completed', null, 'more', false), ('jobs.started', null, "
      "'mixed', false),"
      "  ('approval.required', 'proposal', null, true), ('effect.executed', 'proposal', null, true), ('job.created', "
      "'text', null,"
      "  false), ('workflow.loaded', 'text', null, false), ('agent.loaded', 'text', null, false), ('policy.changed', "
      "'run', null,"
      "  false)) v (kind, subject, data, own)) k on k.place = 1 + i %% 12"
      " join lateral (select *, row_number () over (order by name) as place from story) s on s.place = 1 + i / 12 %% 3;"
      " select journal_move (1000) from generate_series (0, %u / 1000)",
      bytes, n, n);

  royal_test_sql (host->owner, sql);
}

/* @n events of the run `a`. */
static void
tell_long_story (WebHost *host, guint n, guint bytes)
{
  g_autofree char *sql = g_strdup_printf ("insert into outbox (workspace_id, kind, subject, actor, audited, data)"
                                          " select s.ws, 'job.retry', s.jobs[1]::text, 'test', false,"
                                          "  jsonb_build_object ('fill', repeat ('x', %u), 'of', 'a')"
                                          " from generate_series (1, %u) i, story s where s.name = 'a';"
                                          " select journal_move (1000) from generate_series (0, %u / 1000)",
                                          bytes, n, n);

  royal_test_sql (host->owner, sql);
}

/* The run `a` ends; what it tells of that stays in the outbox. */
static void
end_run (WebHost *host)
{
  royal_test_sql (host->owner, "update workflow_runs r set state = 'completed' from story s"
                               " where s.name = 'a' and r.workspace_id = s.ws and r.id = s.run;"
                               "insert into outbox (workspace_id, kind, subject, actor, data)"
                               " select ws, 'workflow.completed', uid::text, 'test', '{\"of\":\"a\"}' from story"
                               " where name = 'a'");
}

/* It has what is of the run `a` from after @first on, and nothing else. */
static void
check_story (Client *self, gint64 first)
{
  g_autofree char *sql = g_strdup_printf ("select string_agg (id::text, ' ' order by id) from events"
                                          " where data->>'of' = 'a' and id > %" G_GINT64_FORMAT,
                                          first);
  g_autofree char *wanted = royal_test_sql_value (self->host->owner, sql);
  g_autoptr (GString) found = g_string_new (NULL);

  for (guint i = 0; i < self->ids->len; i++)
    g_string_append_printf (found, "%s%" G_GINT64_FORMAT, i > 0 ? " " : "", g_array_index (self->ids, gint64, i));
  g_assert_cmpstr (found->str, ==, wanted);
}

static void
wait_for_end (Client *self)
{
  royal_test_wait_until (is_closed, self, 20000);
  g_assert_cmpuint (self->close_code, ==, SOUP_WEBSOCKET_CLOSE_NORMAL);
}

static void
test_workflow (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *viewer = web_token (host, "viewer");
  g_autofree char *id = (make_runs (host), run_id (host, "a"));
  g_autofree char *path = STREAM (id);
  g_autofree char *capitals = g_ascii_strup (id, -1);
  g_autofree char *same = STREAM (capitals);
  gint64 first = newest (host);
  g_autoptr (Client) all = client_new (host, NULL, -1, NULL);
  g_autoptr (Client) live = NULL;
  g_autoptr (Client) late = NULL;
  g_autoptr (Client) over = NULL;
  g_autoptr (Client) past = NULL;

  royal_test_wait_until (has_hello, all, 3000);
  live = client_new_at (host, viewer, path, -1, NULL);
  royal_test_wait_until (has_hello, live, 3000);
  g_assert_cmpint (live->hello, ==, first);
  g_assert_cmpstr (live->state, ==, "running");
  tell_story (host, 600, 10);
  wait_for_newest (all);
  end_run (host);
  /* By its row it is over, and the end is not told yet. */
  late = client_new_at (host, NULL, path, newest (host), NULL);
  royal_test_wait_until (has_hello, late, 3000);
  g_assert_cmpstr (late->state, ==, "completed");
  royal_test_spin (100);
  g_assert_cmpuint (late->close_code, ==, UNSET);
  move_journal (host);
  wait_for_end (live);
  wait_for_end (late);
  check_story (live, first);
  g_assert_cmpuint (live->ids->len, >, 100);
  g_assert_cmpuint (late->ids->len, ==, 1);
  tell_story (host, 24, 10);
  /* What was told of it before is told again to who asks; then, and else at once, that is all. */
  past = client_new_at (host, NULL, same, 0, NULL);
  wait_for_end (past);
  g_assert_cmpuint (past->ids->len, ==, live->ids->len);
  over = client_new_at (host, NULL, path, -1, NULL);
  wait_for_end (over);
  g_assert_cmpstr (over->state, ==, "completed");
  g_assert_cmpuint (over->ids->len, ==, 0);
}

/* Cut again and again, beside one that is told of everything and comes and goes, too. */
static void
test_workflow_resume (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *id = (make_runs (host), run_id (host, "a"));
  g_autofree char *path = STREAM (id);
  gint64 first = newest (host);
  g_autoptr (Client) client = client_new_at (host, NULL, path, first, NULL);
  g_autoptr (Client) all = client_new (host, NULL, first, NULL);
  Client *clients[] = { client, all };
  guint cuts = 0;

  for (guint round = 0; round < 60; round++)
    {
      tell_story (host, (guint)g_test_rand_int_range (1, 300), 200);
      royal_test_spin ((guint)g_test_rand_int_range (0, 15));
      for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
        {
          if (clients[i]->socket != NULL && g_test_rand_bit ())
            {
              client_cut (clients[i]);
              cuts++;
            }
          if (clients[i]->socket == NULL && !clients[i]->connecting)
            client_connect (clients[i], NULL);
        }
    }
  end_run (host);
  move_journal (host);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    if (clients[i]->socket == NULL && !clients[i]->connecting)
      client_connect (clients[i], NULL);
  wait_for_end (client);
  wait_for_newest (all);
  g_assert_cmpuint (cuts, >, 10);
  check_story (client, first);
}

static gboolean
waits_for_lock (gpointer data)
{
  g_autofree char *n =
      royal_test_sql_value (((WebHost *)data)->owner, "select count (*) from pg_locks where not granted");

  return strcmp (n, "0") != 0;
}

static void
keep (PGconn *connection, const char *sql)
{
  PGresult *result = PQexec (connection, sql);

  g_assert_cmpstr (PQresultErrorMessage (result), ==, "");
  PQclear (result);
}

/* It comes while a page is under way that was asked for when nobody wanted to know of which workflow events are. */
static void
test_workflow_between (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *id = (make_runs (host), run_id (host, "a"));
  g_autofree char *path = STREAM (id);
  gint64 first = newest (host);
  PGconn *owner = PQconnectdb (host->owner);
  g_autoptr (Client) all = client_new (host, NULL, -1, NULL);
  g_autoptr (Client) live = NULL;

  royal_test_wait_until (has_hello, all, 3000);
  keep (owner, "begin; lock table told_events in access exclusive mode");
  royal_test_sql (host->owner, "select pg_notify ('royal_events', '')");
  royal_test_wait_until (waits_for_lock, host, 3000);
  live = client_new_at (host, NULL, path, -1, NULL);
  royal_test_wait_until (has_hello, live, 3000);
  keep (owner, "insert into outbox (workspace_id, kind, subject, actor, audited, data)"
               " select ws, 'job.retry', jobs[1]::text, 'test', false, '{\"of\":\"a\"}' from story where name = 'a';"
               " select journal_move (1000); commit");
  PQfinish (owner);
  wait_for_newest (all);
  end_run (host);
  move_journal (host);
  wait_for_end (live);
  check_story (live, first);
  g_assert_cmpuint (live->ids->len, ==, 2);
}

static WebAnswer *
shake_hands (WebHost *host, const char *token, const char *id, const char *query)
{
  g_autofree char *path = g_strdup_printf ("/api/v1/workflows/%s/stream%s", id, query);
  const char *const headers[] = { "Upgrade",
                                  "websocket",
                                  "Connection",
                                  "Upgrade",
                                  "Sec-WebSocket-Version",
                                  "13",
                                  "Sec-WebSocket-Key",
                                  "dGhlIHNhbXBsZSBub25jZQ==",
                                  NULL };

  return web_call (host, token, "GET", path, NULL, headers);
}

static void
test_workflow_refusals (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *viewer = web_token (host, "viewer");
  g_autofree char *id = (make_runs (host), run_id (host, "a"));
  g_autofree char *others = run_id (host, "other");
  g_autofree char *path = STREAM (id);
  g_autofree char *plain = g_strconcat ("/api/v1", path, NULL);
  const struct {
    const char *token;
    const char *id;
    const char *query;
    guint status;
  } tries[] = {
    { viewer, "00000000-0000-7000-8000-000000000000", "", 404 },
    { viewer, "nothing", "", 404 },
    { viewer, others, "", 404 },
    { "", id, "", 401 },
    { viewer, id, "?after=x", 422 },
    { viewer, id, "?topics=job", 422 },
  };
  g_autoptr (Client) beyond = client_new_at (host, NULL, path, newest (host) + 1000000, NULL);
  g_autoptr (WebAnswer) unupgraded = web_expect (host, 426, viewer, "GET", plain, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (tries); i++)
    {
      g_autoptr (WebAnswer) answer = shake_hands (host, tries[i].token, tries[i].id, tries[i].query);

      g_assert_cmpuint (answer->status, ==, tries[i].status);
      g_assert_cmpstr (answer->type, ==, "application/problem+json");
    }
  royal_test_wait_until (is_closed, beyond, 3000);
  g_assert_cmpuint (beyond->close_code, ==, 4400);
  g_assert_nonnull (strstr (unupgraded->text, "urn:royal:problem:upgrade"));
}

static void
test_workflow_slow (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *id = (make_runs (host), run_id (host, "a"));
  g_autofree char *path = STREAM (id);

  be_slow (host, path, tell_long_story);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/feed/live", test_live);
  g_test_add_func ("/feed/refusals", test_refusals);
  g_test_add_func ("/feed/revoked", test_revoked);
  g_test_add_func ("/feed/resume", test_resume);
  g_test_add_func ("/feed/slow", test_slow);
  g_test_add_func ("/feed/workflow", test_workflow);
  g_test_add_func ("/feed/workflow-resume", test_workflow_resume);
  g_test_add_func ("/feed/workflow-between", test_workflow_between);
  g_test_add_func ("/feed/workflow-refusals", test_workflow_refusals);
  g_test_add_func ("/feed/workflow-slow", test_workflow_slow);
  return royal_test_run ();
}
