/* SPDX-License-Identifier: Apache-2.0 */
#include "host-fixture.h"
#include "rh-hooks.h"
#include "royal-json.h"
#include "royal-test.h"

#include <glib/gstdio.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 10000

/* Hosts that look at the same database, and a queue that nobody empties. */
typedef struct {
  HostFixture host;
  RhTriggers *a;
  RhTriggers *b;
  RhSecrets *secrets;
  char *folder; /* of secrets, a file each */
} Fixture;

static void
put_secret (Fixture *f, const char *name, const char *value)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, value, -1, &error);
  g_assert_no_error (error);
}

static RhSecrets *
make_secrets (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  RhSecrets *secrets;

  f->folder = g_build_filename (f->host.root, "secrets", NULL);
  g_assert_cmpint (g_mkdir (f->folder, 0700), ==, 0);
  secrets = rh_secrets_new (f->host.store, &(RhSecretsConfig){ .folder = f->folder }, f->host.workspace, &error);
  g_assert_no_error (error);
  return secrets;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  host_fixture_set_up (&f->host, data);
  host_fixture_sql ("truncate triggers, trigger_firings, told_events");
  f->secrets = make_secrets (f);
  f->a = rh_triggers_new (f->host.store, f->host.registry, f->secrets, f->host.workspace, "test", "host-a");
  f->b = rh_triggers_new (f->host.store, f->host.registry, f->secrets, f->host.workspace, "test", "host-b");
}

static gboolean
is_gone (gpointer data)
{
  return *(gpointer *)data == NULL;
}

/* It ends when what is under way has been answered. */
static void
drop (RhTriggers *triggers)
{
  gpointer weak = triggers;

  g_object_add_weak_pointer (G_OBJECT (triggers), &weak);
  g_object_unref (triggers);
  royal_test_wait_until (is_gone, &weak, WAIT_MS);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  rh_triggers_stop (f->a);
  rh_triggers_stop (f->b);
  drop (f->a);
  drop (f->b);
  g_assert_finalize_object (f->secrets);
  g_free (f->folder);
  host_fixture_tear_down (&f->host, data);
}

/* Declares triggers of the agent `good`. */
static void
declare (Fixture *f, const char *triggers)
{
  g_autofree char *rest = g_strdup_printf ("'triggers':{%s}", triggers);

  host_fixture_enable (&f->host, "good", "good", rest);
  host_fixture_load (&f->host);
}

static void
start_both (Fixture *f)
{
  rh_triggers_start (f->a);
  rh_triggers_start (f->b);
}

typedef struct {
  const char *sql;
  const char *value;
} Is;

static gboolean
is_so (gpointer data)
{
  const Is *is = data;
  g_autofree char *value = host_fixture_value (is->sql);

  return strcmp (value, is->value) == 0;
}

static void
wait_for (const char *sql, const char *value)
{
  royal_test_wait_until (is_so, &(Is){ sql, value }, WAIT_MS);
}

static void
expect (const char *sql, const char *value)
{
  g_autofree char *found = host_fixture_value (sql);

  if (strcmp (found, value) != 0)
    g_error ("%s: expected %s, found %s", sql, value, found);
}

/* Time goes by: the schedule's next time is so long ago. */
static void
shift (const char *name, const char *interval)
{
  g_autofree char *sql =
      g_strdup_printf ("update triggers set next_at = date_trunc ('minute', now ()) - interval '%s' where name = "
                       "'good.%s'; notify royal_triggers",
                       interval, name);

  host_fixture_sql (sql);
}

static void
test_tick (Fixture *f, gconstpointer data)
{
  declare (f, "'t':{'task':'echo','priority':'high','input':{'at':{'$':'/at'}},'schedule':{'cron':'* * * * *',"
              "'zone':'Europe/Paris'}}");
  start_both (f);
  wait_for ("select next_at = date_trunc ('minute', now ()) + interval '1 minute' from triggers", "t");
  expect ("select count(*) from jobs", "0");
  shift ("t", "0");
  wait_for ("select count(*) from jobs", "1");
  royal_test_spin (300);
  expect ("select count(*) from jobs", "1");
  expect ("select created_by || ' ' || task || ' ' || priority || ' ' || (context->>'by') from jobs",
          "trigger:good.t echo 2 good.t");
  expect ("select (j.input->>'at')::timestamptz = f.key::timestamptz and f.started = j.uid::text from jobs j, "
          "trigger_firings f",
          "t");
  expect ("select fired || ' ' || missed || ' ' || (next_at > now ()) from triggers", "1 0 true");
}

/* Five hours of ticks, two hosts that are told of them at the same moment, one job each; and again, as if the schedule
 * had been put back. */
static void
test_once (Fixture *f, gconstpointer data)
{
  declare (f, "'t':{'task':'echo','schedule':{'cron':'* * * * *','missed':'all','most':1000}}");
  start_both (f);
  wait_for ("select next_at is not null from triggers", "t");
  for (guint i = 0; i < 5; i++)
    {
      shift ("t", "299 minutes");
      wait_for ("select next_at > now () from triggers", "t");
      royal_test_spin (50);
      expect ("select count(*) between 300 and 301 and count(*) = count(distinct idempotency_key) from jobs", "t");
    }
  expect ("select fired = (select count(*) from jobs) and missed = 0 from triggers", "t");
}

static void
test_missed (Fixture *f, gconstpointer data)
{
  declare (f, "'skip':{'task':'echo','schedule':{'cron':'* * * * *','missed':'skip'}},"
              "'once':{'task':'echo','schedule':{'cron':'*/10 * * * *','missed':'once'}},"
              "'all':{'task':'echo','schedule':{'cron':'* * * * *','missed':'all','most':5}}");
  rh_triggers_start (f->a);
  wait_for ("select count(*) from triggers where next_at is not null", "3");
  host_fixture_sql ("update triggers set next_at = date_trunc ('hour', now ()) - interval '2 hours'; notify "
                    "royal_triggers");
  wait_for ("select count(*) from triggers where next_at > now ()", "3");
  /* Two, within a second of the full minute. */
  expect ("select count(*) between 1 and 2 from jobs where context->>'by' = 'good.skip'", "t");
  expect ("select count(*) from jobs where context->>'by' = 'good.once'", "1");
  expect ("select count(*) from jobs where context->>'by' = 'good.all'", "5");
  /* Whichever minute of the hour it is. */
  expect ("select missed between 118 and 180 from triggers where name = 'good.skip'", "t");
  expect ("select missed between 115 and 176 from triggers where name = 'good.all'", "t");
  expect ("select count(distinct key) from trigger_firings where trigger = 'good.all'", "5");
  expect ("select count(*) from outbox where kind = 'trigger.missed'", "3");
}

static void
test_jitter (Fixture *f, gconstpointer data)
{
  declare (f, "'t':{'task':'echo','schedule':{'cron':'* * * * *','jitter_s':3600}}");
  start_both (f);
  wait_for ("select next_at is not null from triggers", "t");
  shift ("t", "0");
  wait_for ("select count(*) from jobs", "1");
  expect ("select run_at between f.key::timestamptz and f.key::timestamptz + interval '1 hour' and run_at <> "
          "f.key::timestamptz from jobs, trigger_firings f",
          "t");
}

static void
call (Fixture *f, const char *sql)
{
  g_autofree char *text = g_strdup_printf ("do $$ begin perform set_config ('royal.workspace', '%" G_GINT64_FORMAT
                                           "', true); perform %s; end $$",
                                           f->host.workspace, sql);

  host_fixture_sql (text);
}

static void
test_pause (Fixture *f, gconstpointer data)
{
  declare (f, "'t':{'task':'echo','schedule':{'cron':'* * * * *'}}");
  start_both (f);
  wait_for ("select next_at is not null from triggers", "t");
  call (f, "trigger_pause ('good.t', true, 'someone')");
  shift ("t", "5 minutes");
  royal_test_spin (300);
  expect ("select count(*) from jobs", "0");
  expect ("select paused_by from triggers", "someone");
  call (f, "trigger_pause ('good.t', false, 'someone')");
  wait_for ("select next_at > now () from triggers", "t");
  /* Nothing was missed: it was not to run. */
  expect ("select missed || ' ' || (select count(*) from jobs) from triggers", "0 0");
  expect ("select string_agg (kind, ' ' order by id) from outbox where kind ~ 'trigger'",
          "trigger.paused trigger.resumed");
}

static void
test_reload (Fixture *f, gconstpointer data)
{
  declare (f, "'t':{'task':'echo','schedule':{'cron':'@yearly'}},'u':{'task':'echo','schedule':{'cron':'@yearly'}}");
  start_both (f);
  wait_for ("select count(*) from triggers where next_at is not null", "2");
  host_fixture_sql ("update triggers set next_at = '2000-01-01', fired = 7, paused_at = now ()");
  /* Another input: the times stand. Other times: they are new. */
  declare (f, "'t':{'task':'echo','input':{'a':1},'schedule':{'cron':'@yearly'}},'u':{'task':'echo','schedule':{'cron':"
              "'@monthly'}}");
  wait_for ("select next_at is null from triggers where name = 'good.u'", "t");
  expect ("select next_at = '2000-01-01' and fired = 7 from triggers where name = 'good.t'", "t");
  declare (f, "'t':{'task':'echo','schedule':{'cron':'@yearly'}}");
  wait_for ("select string_agg (name, ' ') from triggers", "good.t");
  /* The agent goes. */
  host_fixture_enable (&f->host, "good", NULL, NULL);
  host_fixture_load (&f->host);
  wait_for ("select count(*) from triggers", "0");
}

static void
test_fail (Fixture *f, gconstpointer data)
{
  declare (f, "'t':{'task':'ask','input':{'resource':{'$':'/no/such'}},'schedule':{'cron':'* * * * *'}}");
  start_both (f);
  wait_for ("select next_at is not null from triggers", "t");
  shift ("t", "0");
  wait_for ("select failed > 0 from triggers", "t");
  expect ("select error from triggers", "input: expected a member `resource`, found none");
  wait_for ("select next_at > now () from triggers", "t");
  expect ("select count(*) from jobs", "0");
  expect ("select count(*) from outbox where kind = 'trigger.failed'", "1");
}

static void
test_workflow (Fixture *f, gconstpointer data)
{
  declare (f, "'t':{'workflow':'w','input':{'at':{'$':'/at'}},'schedule':{'cron':'* * * * *'}}");
  start_both (f);
  wait_for ("select next_at is not null from triggers", "t");
  shift ("t", "0");
  wait_for ("select error from triggers", "no workflow is named w");
  wait_for ("select next_at > now () from triggers", "t");
  call (f, "workflow_loaded "
           "('[{\"name\":\"w\",\"hash\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
           "\"document\":{\"name\":\"w\",\"steps\":[]}}]', 'test')");
  host_fixture_sql ("truncate trigger_firings");
  shift ("t", "0");
  wait_for ("select count(*) from workflow_runs", "1");
  expect ("select workflow || ' ' || (context->>'by') || ' ' || (input ? 'at')::text from workflow_runs",
          "w good.t true");
  expect ("select t.started = r.uid::text and t.error is null from triggers t, workflow_runs r", "t");
  host_fixture_sql ("truncate workflow_runs cascade");
}

/* A queue that is full is not the end of a tick. */
static void
test_full (Fixture *f, gconstpointer data)
{
  declare (f, "'t':{'task':'echo','schedule':{'cron':'* * * * *'}}");
  start_both (f);
  wait_for ("select next_at is not null from triggers", "t");
  host_fixture_sql ("create function full_queue () returns trigger language plpgsql as $$ begin raise exception 'full' "
                    "using errcode = 'RY429'; end $$; create trigger full_queue before insert on jobs for each row "
                    "execute function full_queue ()");
  shift ("t", "0");
  royal_test_spin (300);
  expect ("select next_at <= now () and fired = 0 from triggers", "t");
  host_fixture_sql ("drop trigger full_queue on jobs; drop function full_queue ()");
  wait_for ("select fired || ' ' || (next_at > now ()) from triggers", "1 true");
}

/* --- events ------------------------------------------------------------------------------------------------------- */

/* As the journal puts them there; @n of them, from the given id on. */
static void
tell (Fixture *f, guint n, const char *kind, const char *event)
{
  g_autofree char *sql =
      g_strdup_printf ("with b as (update journal set last_event = last_event + %u returning last_event - %u as base) "
                       "insert into told_events (workspace_id, id, at, kind, subject, actor, data) "
                       "select %" G_GINT64_FORMAT ", base + i, now (), '%s', 's' || i, 'x', '%s' from b, "
                       "generate_series (1, %u) i; notify royal_events",
                       n, n, f->host.workspace, kind, event, n);

  host_fixture_sql (sql);
}

static void
test_event (Fixture *f, gconstpointer data)
{
  tell (f, 3, "effect.executed", "{\"agent\":\"pricing\"}");
  declare (f, "'t':{'task':'echo','input':{'subject':{'$':'/subject'}},'event':{'kinds':['effect.','job.'],"
              "'match':{'agent':'pricing'}}},"
              "'own':{'task':'echo','event':{'kinds':['job.']}}");
  start_both (f);
  wait_for ("select count(*) from triggers where cursor is not null", "2");
  royal_test_spin (100);
  /* What was before it was declared is not its business. */
  expect ("select count(*) from jobs", "0");
  tell (f, 1, "effect.executed", "{\"agent\":\"other\"}");
  tell (f, 1, "effects", "{\"agent\":\"pricing\"}");
  tell (f, 250, "effect.executed", "{\"agent\":\"pricing\"}");
  wait_for ("select count(*) from jobs where context->>'by' = 'good.t'", "250");
  expect ("select count(distinct input->>'subject') from jobs", "250");
  /* Its own agent's jobs do not start it again; another's do. */
  tell (f, 1, "job.completed", "{\"agent\":\"good\"}");
  tell (f, 1, "job.completed", "{\"agent\":\"pricing\"}");
  wait_for ("select count(*) from jobs where context->>'by' = 'good.own'", "1");
  wait_for ("select count(*) from jobs where context->>'by' = 'good.t'", "251");
  royal_test_spin (200);
  expect ("select count(*) from jobs", "252");
}

/* What a simulation does starts nothing real. */
static void
test_event_simulated (Fixture *f, gconstpointer data)
{
  g_autofree char *job = NULL;
  g_autofree char *run = NULL;
  g_autofree char *told = NULL;

  declare (f, "'t':{'task':'echo','event':{'kinds':['job.','jobs.','agent.','workflow.']}}");
  start_both (f);
  wait_for ("select count(*) from triggers where cursor is not null", "1");
  job = host_fixture_value (
      "insert into jobs (workspace_id, agent, task, created_by, state, context) select workspace_id,"
      " 'pricing', 't', 'x', 'completed', '{\"simulate\":\"s\"}' from workspaces"
      " where name = 'test' returning uid");
  run =
      host_fixture_value ("insert into workflow_runs (workspace_id, workflow, hash, simulate, created_by, state) select"
                          " workspace_id, 'w', 'h', '{\"id\":\"s\"}', 'x', 'completed' from workspaces"
                          " where name = 'test' returning uid");
  told = g_strdup_printf (
      "with b as (update journal set last_event = last_event + 4 returning last_event - 4 as base) insert into "
      "told_events"
      " (workspace_id, id, at, kind, subject, actor, data) select %" G_GINT64_FORMAT
      ", base + e.i, now (), e.kind, e.subject,"
      " 'x', e.data::jsonb from b, (values (1, 'agent.started', 'r', '{\"agent\":\"pricing\",\"job\":\"%s\"}'),"
      " (2, 'jobs.completed', null, '{\"agent\":\"pricing\",\"n\":1,\"jobs\":[\"%s\"]}'),"
      " (3, 'job.completed', '%s', '{\"agent\":\"pricing\"}'), (4, 'workflow.completed', '%s', '{}'))"
      " e (i, kind, subject, data)",
      f->host.workspace, job, job, job, run);
  host_fixture_sql (told);
  tell (f, 1, "job.created", "{\"agent\":\"pricing\"}");
  wait_for ("select count(*) from jobs where context->>'by' = 'good.t'", "1");
  royal_test_spin (200);
  expect ("select count(*) from jobs where context->>'by' = 'good.t'", "1");
}

/* What comes again after it was forgotten starts something again. */
static void
test_forgotten (Fixture *f, gconstpointer data)
{
  static const char fire[] =
      "select set_config ('royal.workspace', (select workspace_id::text from workspaces where name = 'test'), false);"
      "select started from trigger_fire ('good.h', (select version from triggers where name = 'good.h'), 'key',"
      " '{\"agent\":\"good\",\"task\":\"echo\"}', null, 60, null)";

  declare (f, "'h':{'task':'echo','webhook':{'secrets':['new'],'header':'x-signature'}}");
  start_both (f);
  wait_for ("select count(*) from triggers", "1");
  host_fixture_sql (fire);
  host_fixture_sql (fire);
  expect ("select count(*) from jobs", "1");
  host_fixture_sql (
      "update trigger_firings set at = now () - interval '40 days';"
      "select set_config ('royal.workspace', (select workspace_id::text from workspaces where name = 'test'),"
      " false); select trigger_sync ('{}', '[]')");
  expect ("select count(*) from trigger_firings", "0");
  host_fixture_sql (fire);
  expect ("select count(*) from jobs", "2");
}

static void
test_event_rate (Fixture *f, gconstpointer data)
{
  declare (f, "'t':{'task':'echo','event':{'kinds':['effect.'],'per_minute':5}}");
  start_both (f);
  wait_for ("select count(*) from triggers where cursor is not null", "1");
  tell (f, 8, "effect.executed", "{}");
  wait_for ("select count(*) from jobs", "5");
  royal_test_spin (200);
  expect ("select count(*) from jobs", "5");
  /* What is beyond waits. */
  host_fixture_sql ("update trigger_firings set at = now () - interval '2 minutes'; notify royal_events");
  wait_for ("select count(*) from jobs", "8");
}

/* --- webhooks ----------------------------------------------------------------------------------------------------- */

static const char *
header_of (gpointer data, const char *name)
{
  return g_hash_table_lookup (data, name);
}

/* Delivers, and returns what was answered: `id known`, or the error. @headers: name, value, … NULL */
static char *
deliver (Fixture *f, const char *workspace, const char *name, const char *body, const char *const *headers)
{
  g_autoptr (GHashTable) table = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));
  RhDelivery delivery = { workspace,   name,
                          header_of,   table,
                          bytes,       "application/json",
                          "127.0.0.1", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = NULL;
  gboolean fresh = FALSE;

  for (guint i = 0; headers[i] != NULL; i += 2)
    g_hash_table_insert (table, (gpointer)headers[i], (gpointer)headers[i + 1]);
  rh_hooks_deliver_async (f->a, &delivery, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  id = rh_hooks_deliver_finish (f->a, result, &fresh, &error);
  return id != NULL ? g_strdup (fresh ? "accepted" : "known") : g_strdup (error->message);
}

static char *
sign (const char *secret, const char *text)
{
  return g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *)secret, strlen (secret), text, -1);
}

static void
expect_answer (char *answer, const char *expected)
{
  g_autofree char *taken = answer;

  g_assert_cmpstr (taken, ==, expected);
}

#define REFUSED "the delivery is not signed as it has to be"

static void
start_hook (Fixture *f, const char *options)
{
  g_autofree char *declared =
      g_strdup_printf ("'h':{'task':'echo','input':{'sku':{'$':'/body/sku'}},'webhook':{'secrets':['new','old'],"
                       "'header':'X-Sign','prefix':'sha256=',%s}}",
                       options);

  put_secret (f, "new", "first secret\n");
  put_secret (f, "old", "second secret");
  declare (f, declared);
  start_both (f);
  wait_for ("select count(*) from triggers", "1");
  royal_test_spin (100);
}

static void
test_hook (Fixture *f, gconstpointer data)
{
  static const char body[] = "{\"sku\": \"a-1\"}";
  g_autofree char *by_new = sign ("first secret", body);
  g_autofree char *by_old = sign ("second secret", "{}");
  g_autofree char *by_none = sign ("third secret", body);
  g_autofree char *new_header = g_strconcat ("sha256=", by_new, NULL);
  g_autofree char *old_header = g_strconcat ("sha256=", by_old, NULL);
  g_autofree char *bad_header = g_strconcat ("sha256=", by_none, NULL);
  const char *good[] = { "X-Sign", new_header, NULL };
  const char *old[] = { "X-Sign", old_header, NULL };
  const char *bad[] = { "X-Sign", bad_header, NULL };
  const char *none[] = { NULL };

  start_hook (f, "'max_bytes':20");
  expect_answer (deliver (f, "test", "good.h", body, good), "accepted");
  expect ("select input->>'sku' || ' ' || (context->>'by') || ' ' || (context->>'trace') from jobs",
          "a-1 good.h 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  expect_answer (deliver (f, "test", "good.h", body, good), "known");
  expect_answer (deliver (f, "test", "good.h", "{}", old), "accepted");
  /* Whatever is wrong is answered alike. */
  expect_answer (deliver (f, "test", "good.h", body, bad), REFUSED);
  expect_answer (deliver (f, "test", "good.h", body, none), REFUSED);
  expect_answer (deliver (f, "test", "good.h", "{\"sku\":2}", good), REFUSED);
  expect_answer (deliver (f, "test", "good.g", body, good), REFUSED);
  expect_answer (deliver (f, "other", "good.h", body, good), REFUSED);
  expect ("select count(*) from jobs", "2");
  /* After the time for which it is known it is new. */
  host_fixture_sql ("update trigger_firings set at = now () - interval '25 hours'");
  expect_answer (deliver (f, "test", "good.h", body, good), "accepted");
  expect ("select count(*) from jobs", "3");
  /* The old secret is gone. */
  put_secret (f, "old", "another");
  expect_answer (deliver (f, "test", "good.h", "{}", old), REFUSED);
}

static void
test_hook_bounds (Fixture *f, gconstpointer data)
{
  g_autofree char *long_sign = sign ("first secret", "\"0123456789\"");
  g_autofree char *long_header = g_strconcat ("sha256=", long_sign, NULL);
  const char *long_headers[] = { "X-Sign", long_header, NULL };

  start_hook (f, "'max_bytes':10,'per_minute':3");
  expect_answer (deliver (f, "test", "good.h", "\"0123456789\"", long_headers), "expected a body of at most 10 bytes");
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *body = g_strdup_printf ("%u", i);
      g_autofree char *signature = sign ("first secret", body);
      g_autofree char *header = g_strconcat ("sha256=", signature, NULL);
      const char *headers[] = { "X-Sign", header, NULL };

      expect_answer (deliver (f, "test", "good.h", body, headers),
                     i < 3 ? "accepted" : "more deliveries a minute than this webhook takes");
      if (i < 3)
        continue;
      call (f, "trigger_pause ('good.h', true, 'someone')");
      royal_test_spin (200);
      expect_answer (deliver (f, "test", "good.h", body, headers), "the webhook is paused");
    }
}

static void
test_hook_time (Fixture *f, gconstpointer data)
{
  static const struct {
    gint64 ago_s;
    const char *answer;
  } cases[] = { { 0, "accepted" }, { 250, "accepted" }, { -250, "accepted" }, { 400, REFUSED }, { -400, REFUSED } };

  start_hook (f, "'content':'{id}.{timestamp}.{body}','timestamp_header':'X-Time','id_header':'X-Id'");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *time =
          g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC - cases[i].ago_s);
      g_autofree char *text = g_strconcat ("m1.", time, ".{}", NULL);
      g_autofree char *signature = sign ("first secret", text);
      g_autofree char *header = g_strconcat ("sha256=", signature, NULL);
      const char *headers[] = { "X-Sign", header, "X-Time", time, "X-Id", "m1", NULL };
      const char *no_time[] = { "X-Sign", header, "X-Id", "m1", NULL };
      const char *other_id[] = { "X-Sign", header, "X-Time", time, "X-Id", "m2", NULL };

      expect_answer (deliver (f, "test", "good.h", "{}", headers), cases[i].answer);
      expect_answer (deliver (f, "test", "good.h", "{}", no_time), REFUSED);
      expect_answer (deliver (f, "test", "good.h", "{}", other_id), REFUSED);
    }
}

/* --- files and messages ------------------------------------------------------------------------------------------- */

static char *
make_folder (Fixture *f, const char *name)
{
  char *path = g_build_filename (f->host.root, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  return path;
}

static void
put_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  FILE *file = fopen (path, "w");

  g_assert_nonnull (file);
  fputs (text, file);
  fclose (file);
}

static void
test_file (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = make_folder (f, "in");
  g_autofree char *declared = g_strdup_printf (
      "'t':{'task':'echo','input':{'name':{'$':'/name'},'text':{'$':'/text'}},'file':{'folder':'%s','pattern':'*.csv',"
      "'contents':'text','settle_ms':150,'max_bytes':100}}",
      folder);
  g_autofree char *link = g_build_filename (folder, "link.csv", NULL);
  g_autofree char *beyond = g_strnfill (101, 'x');

  put_file (folder, "before.csv", "a,b");
  put_file (folder, "other.txt", "a,b");
  put_file (folder, ".hidden.csv", "a,b");
  g_assert_cmpint (symlink ("/etc/passwd", link), ==, 0);
  declare (f, declared);
  start_both (f);
  /* What was there when it began, once for two hosts. */
  wait_for ("select string_agg (input->>'name' || '=' || (input->>'text'), ' ' order by id) from jobs",
            "before.csv=a,b");
  /* Not while it is being written. */
  for (guint i = 0; i < 4; i++)
    {
      put_file (folder, "new.csv", i < 3 ? "part" : "whole");
      royal_test_spin (80);
    }
  wait_for ("select input->>'text' from jobs where input->>'name' = 'new.csv'", "whole");
  put_file (folder, "long.csv", beyond);
  wait_for ("select error like '%long.csv: expected at most 100 bytes, found 101' from triggers", "t");
  put_file (folder, "before.csv", "c,d");
  wait_for ("select count(*) from jobs where input->>'name' = 'before.csv'", "2");
  royal_test_spin (400);
  expect ("select count(*) from jobs", "3");
  /* Begun again, it knows what it has seen. */
  rh_triggers_stop (f->a);
  rh_triggers_stop (f->b);
  rh_triggers_start (f->a);
  royal_test_spin (600);
  expect ("select count(*) from jobs", "3");
}

static void
test_mail (Fixture *f, gconstpointer data)
{
  g_autofree char *fresh = make_folder (f, "mail/new");
  g_autofree char *read = make_folder (f, "mail/cur");
  g_autofree char *declared = g_strdup_printf (
      "'t':{'task':'echo','input':{'from':{'$':'/from'},'subject':{'$':'/subject'},'text':{'$':'/text'}},"
      "'email':{'maildir':'%s/mail'}}",
      f->host.root);
  g_autofree char *moved = g_build_filename (read, "1.host:2,", NULL);
  g_autofree char *left = g_build_filename (fresh, "1.host", NULL);

  put_file (fresh, "1.host", "From: A <a@example.org>\r\nSubject: =?utf-8?q?Preis_=E2=82=AC?=\r\n\r\nhello\r\n");
  declare (f, declared);
  start_both (f);
  wait_for ("select input::text from jobs",
            "{\"from\": \"A <a@example.org>\", \"text\": \"hello\\n\", \"subject\": \"Preis €\"}");
  for (guint i = 0; i < 100 && !g_file_test (moved, G_FILE_TEST_EXISTS); i++)
    royal_test_spin (20);
  g_assert_true (g_file_test (moved, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  put_file (fresh, "2.host", "Subject: two\n\nx");
  put_file (fresh, "3.host", "Subject: three\n\nx");
  wait_for ("select count(*) from jobs", "3");
  royal_test_spin (300);
  expect ("select count(*) from jobs", "3");
}

/* --- notifications ------------------------------------------------------------------------------------------------ */

static void
test_database (Fixture *f, gconstpointer data)
{
  declare (f, "'t':{'task':'echo','input':{'sku':{'$':'/body/sku'},'missed':{'$':'/missed'}},'database':{'channel':"
              "'royal_on_stock'}}");
  start_both (f);
  wait_for ("select count(*) from triggers where owner is not null", "1");
  royal_test_spin (200);
  host_fixture_sql ("notify royal_on_stock, '{\"sku\":1}'");
  host_fixture_sql ("notify royal_on_stock, '{\"sku\":1}'");
  host_fixture_sql ("notify royal_on_other, '{\"sku\":1}'");
  wait_for ("select count(*) from jobs", "2");
  royal_test_spin (200);
  expect ("select count(*) from jobs where input->>'sku' = '1' and input->>'missed' = 'false'", "2");
  /* Its host is gone: the other takes over, at once when it said so. */
  rh_triggers_stop (f->a);
  rh_triggers_stop (f->b);
  royal_test_spin (100);
  expect ("select owner is null from triggers", "t");
  rh_triggers_start (f->b);
  wait_for ("select owner from triggers", "host-b");
  royal_test_spin (100);
  host_fixture_sql ("notify royal_on_stock, 'no json'");
  wait_for ("select count(*) from jobs", "3");
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/triggers/tick", test_tick },
    { "/triggers/once", test_once },
    { "/triggers/missed", test_missed },
    { "/triggers/jitter", test_jitter },
    { "/triggers/pause", test_pause },
    { "/triggers/reload", test_reload },
    { "/triggers/fail", test_fail },
    { "/triggers/workflow", test_workflow },
    { "/triggers/full", test_full },
    { "/triggers/event", test_event },
    { "/triggers/event-rate", test_event_rate },
    { "/triggers/event-simulated", test_event_simulated },
    { "/triggers/forgotten", test_forgotten },
    { "/triggers/hook", test_hook },
    { "/triggers/hook-bounds", test_hook_bounds },
    { "/triggers/hook-time", test_hook_time },
    { "/triggers/file", test_file },
    { "/triggers/mail", test_mail },
    { "/triggers/database", test_database },
  };

  royal_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return royal_test_run ();
}
