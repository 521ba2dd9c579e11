/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-metrics.h"
#include "royal-json.h"
#include "royal-test.h"
#include "trigger-fixture.h"

#include <glib/gstdio.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
test_tick (TriggerFixture *f, gconstpointer data)
{
  trigger_fixture_declare (
      f, "'t':{'task':'echo','priority':'high','input':{'at':{'$':'/at'}},'schedule':{'cron':'* * * * *',"
         "'zone':'Europe/Paris'}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select next_at = date_trunc ('minute', now ()) + interval '1 minute' from triggers", "t");
  trigger_fixture_expect ("select count(*) from jobs", "0");
  shift ("t", "0");
  trigger_fixture_wait_for ("select count(*) from jobs", "1");
  royal_test_spin (300);
  trigger_fixture_expect ("select count(*) from jobs", "1");
  trigger_fixture_expect ("select created_by || ' ' || task || ' ' || priority || ' ' || (context->>'by') from jobs",
                          "trigger:good.t echo 2 good.t");
  trigger_fixture_expect (
      "select (j.input->>'at')::timestamptz = f.key::timestamptz and f.started = j.uid::text from jobs j, "
      "trigger_firings f",
      "t");
  trigger_fixture_expect ("select fired || ' ' || missed || ' ' || (next_at > now ()) from triggers", "1 0 true");
}

/* Five hours of ticks, two hosts that are told of them at the same moment, one job each; and again, as if the schedule
 * had been put back. */
static void
test_once (TriggerFixture *f, gconstpointer data)
{
  trigger_fixture_declare (f, "'t':{'task':'echo','schedule':{'cron':'* * * * *','missed':'all','most':1000}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select next_at is not null from triggers", "t");
  for (guint i = 0; i < 5; i++)
    {
      shift ("t", "299 minutes");
      trigger_fixture_wait_for ("select next_at > now () from triggers", "t");
      royal_test_spin (50);
      trigger_fixture_expect (
          "select count(*) between 300 and 301 and count(*) = count(distinct idempotency_key) from jobs", "t");
    }
  trigger_fixture_expect ("select fired = (select count(*) from jobs) and missed = 0 from triggers", "t");
  /* The first time alone: what was put back was known. */
  g_assert_cmpfloat (rh_metric_above (RH_METRIC_SCHEDULE_SECONDS, 60), >=, 1);
}

/* Ticks are counted: none is to fall due meanwhile. */
static void
wait_for_a_long_minute (void)
{
  while ((g_get_real_time () / G_USEC_PER_SEC) % 60 > 45)
    royal_test_spin (100);
}

static void
test_missed (TriggerFixture *f, gconstpointer data)
{
  wait_for_a_long_minute ();
  trigger_fixture_declare (f, "'skip':{'task':'echo','schedule':{'cron':'* * * * *','missed':'skip'}},"
                              "'once':{'task':'echo','schedule':{'cron':'*/10 * * * *','missed':'once'}},"
                              "'all':{'task':'echo','schedule':{'cron':'* * * * *','missed':'all','most':5}}");
  rh_triggers_start (f->a);
  trigger_fixture_wait_for ("select count(*) from triggers where next_at is not null", "3");
  host_fixture_sql ("update triggers set next_at = date_trunc ('hour', now ()) - interval '2 hours'; notify "
                    "royal_triggers");
  trigger_fixture_wait_for ("select count(*) from triggers where next_at > now ()", "3");
  /* Two, within a second of the full minute. */
  trigger_fixture_expect ("select count(*) between 1 and 2 from jobs where context->>'by' = 'good.skip'", "t");
  trigger_fixture_expect ("select count(*) from jobs where context->>'by' = 'good.once'", "1");
  trigger_fixture_expect ("select count(*) from jobs where context->>'by' = 'good.all'", "5");
  /* Whichever minute of the hour it is. */
  trigger_fixture_expect ("select missed between 118 and 180 from triggers where name = 'good.skip'", "t");
  trigger_fixture_expect ("select missed between 115 and 176 from triggers where name = 'good.all'", "t");
  trigger_fixture_expect ("select count(distinct key) from trigger_firings where trigger = 'good.all'", "5");
  trigger_fixture_expect ("select count(*) from outbox where kind = 'trigger.missed'", "3");
}

static void
test_jitter (TriggerFixture *f, gconstpointer data)
{
  trigger_fixture_declare (f, "'t':{'task':'echo','schedule':{'cron':'* * * * *','jitter_s':3600}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select next_at is not null from triggers", "t");
  shift ("t", "0");
  trigger_fixture_wait_for ("select count(*) from jobs", "1");
  trigger_fixture_expect (
      "select run_at between f.key::timestamptz and f.key::timestamptz + interval '1 hour' and run_at <> "
      "f.key::timestamptz from jobs, trigger_firings f",
      "t");
}

static void
test_pause (TriggerFixture *f, gconstpointer data)
{
  trigger_fixture_declare (f, "'t':{'task':'echo','schedule':{'cron':'* * * * *'}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select next_at is not null from triggers", "t");
  trigger_fixture_call (f, "trigger_pause ('good.t', true, 'someone')");
  shift ("t", "5 minutes");
  royal_test_spin (300);
  trigger_fixture_expect ("select count(*) from jobs", "0");
  trigger_fixture_expect ("select paused_by from triggers", "someone");
  trigger_fixture_call (f, "trigger_pause ('good.t', false, 'someone')");
  trigger_fixture_wait_for ("select next_at > now () from triggers", "t");
  /* Nothing was missed: it was not to run. */
  trigger_fixture_expect ("select missed || ' ' || (select count(*) from jobs) from triggers", "0 0");
  trigger_fixture_expect ("select string_agg (kind, ' ' order by id) from outbox where kind ~ 'trigger'",
                          "trigger.paused trigger.resumed");
}

static void
test_reload (TriggerFixture *f, gconstpointer data)
{
  trigger_fixture_declare (
      f, "'t':{'task':'echo','schedule':{'cron':'@yearly'}},'u':{'task':'echo','schedule':{'cron':'@yearly'}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select count(*) from triggers where next_at is not null", "2");
  host_fixture_sql ("update triggers set next_at = '2000-01-01', fired = 7, paused_at = now ()");
  /* Another input: the times stand. Other times: they are new. */
  trigger_fixture_declare (
      f, "'t':{'task':'echo','input':{'a':1},'schedule':{'cron':'@yearly'}},'u':{'task':'echo','schedule':{'cron':"
         "'@monthly'}}");
  trigger_fixture_wait_for ("select next_at is null from triggers where name = 'good.u'", "t");
  trigger_fixture_expect ("select next_at = '2000-01-01' and fired = 7 from triggers where name = 'good.t'", "t");
  trigger_fixture_declare (f, "'t':{'task':'echo','schedule':{'cron':'@yearly'}}");
  trigger_fixture_wait_for ("select string_agg (name, ' ') from triggers", "good.t");
  /* The agent goes. */
  host_fixture_enable (&f->host, "good", NULL, NULL);
  host_fixture_load (&f->host);
  trigger_fixture_wait_for ("select count(*) from triggers", "0");
}

static void
test_fail (TriggerFixture *f, gconstpointer data)
{
  trigger_fixture_declare (f,
                           "'t':{'task':'ask','input':{'resource':{'$':'/no/such'}},'schedule':{'cron':'* * * * *'}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select next_at is not null from triggers", "t");
  shift ("t", "0");
  trigger_fixture_wait_for ("select failed > 0 from triggers", "t");
  trigger_fixture_expect ("select error from triggers", "input: expected a member `resource`, found none");
  trigger_fixture_wait_for ("select next_at > now () from triggers", "t");
  trigger_fixture_expect ("select count(*) from jobs", "0");
  trigger_fixture_expect ("select count(*) from outbox where kind = 'trigger.failed'", "1");
}

static void
test_workflow (TriggerFixture *f, gconstpointer data)
{
  trigger_fixture_declare (f, "'t':{'workflow':'w','input':{'at':{'$':'/at'}},'schedule':{'cron':'* * * * *'}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select next_at is not null from triggers", "t");
  shift ("t", "0");
  trigger_fixture_wait_for ("select error from triggers", "no workflow is named w");
  trigger_fixture_wait_for ("select next_at > now () from triggers", "t");
  trigger_fixture_call (
      f, "workflow_loaded "
         "('[{\"name\":\"w\",\"hash\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
         "\"document\":{\"name\":\"w\",\"steps\":[]}}]', 'test')");
  host_fixture_sql ("truncate trigger_firings");
  shift ("t", "0");
  trigger_fixture_wait_for ("select count(*) from workflow_runs", "1");
  trigger_fixture_expect (
      "select workflow || ' ' || (context->>'by') || ' ' || (input ? 'at')::text from workflow_runs", "w good.t true");
  trigger_fixture_expect ("select t.started = r.uid::text and t.error is null from triggers t, workflow_runs r", "t");
  host_fixture_sql ("truncate workflow_runs cascade");
}

/* A queue that is full is not the end of a tick. */
static void
test_full (TriggerFixture *f, gconstpointer data)
{
  trigger_fixture_declare (f, "'t':{'task':'echo','schedule':{'cron':'* * * * *'}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select next_at is not null from triggers", "t");
  host_fixture_sql ("create function full_queue () returns trigger language plpgsql as $$ begin raise exception 'full' "
                    "using errcode = 'RY429'; end $$; create trigger full_queue before insert on jobs for each row "
                    "execute function full_queue ()");
  shift ("t", "0");
  royal_test_spin (300);
  trigger_fixture_expect ("select next_at <= now () and fired = 0 from triggers", "t");
  host_fixture_sql ("drop trigger full_queue on jobs; drop function full_queue ()");
  trigger_fixture_wait_for ("select fired || ' ' || (next_at > now ()) from triggers", "1 true");
}

/* --- events ------------------------------------------------------------------------------------------------------- */

/* As the journal puts them there; @n of them, from the given id on. */
static void
tell (TriggerFixture *f, guint n, const char *kind, const char *event)
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
test_event (TriggerFixture *f, gconstpointer data)
{
  tell (f, 3, "effect.executed", "{\"agent\":\"pricing\"}");
  trigger_fixture_declare (
      f, "'t':{'task':'echo','input':{'subject':{'$':'/subject'}},'event':{'kinds':['effect.','job.'],"
         "'match':{'agent':'pricing'}}},"
         "'own':{'task':'echo','event':{'kinds':['job.']}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select count(*) from triggers where cursor is not null", "2");
  royal_test_spin (100);
  /* What was before it was declared is not its business. */
  trigger_fixture_expect ("select count(*) from jobs", "0");
  tell (f, 1, "effect.executed", "{\"agent\":\"other\"}");
  tell (f, 1, "effects", "{\"agent\":\"pricing\"}");
  tell (f, 250, "effect.executed", "{\"agent\":\"pricing\"}");
  trigger_fixture_wait_for ("select count(*) from jobs where context->>'by' = 'good.t'", "250");
  trigger_fixture_expect ("select count(distinct input->>'subject') from jobs", "250");
  /* Its own agent's jobs do not start it again; another's do. */
  tell (f, 1, "job.completed", "{\"agent\":\"good\"}");
  tell (f, 1, "job.completed", "{\"agent\":\"pricing\"}");
  trigger_fixture_wait_for ("select count(*) from jobs where context->>'by' = 'good.own'", "1");
  trigger_fixture_wait_for ("select count(*) from jobs where context->>'by' = 'good.t'", "251");
  royal_test_spin (200);
  trigger_fixture_expect ("select count(*) from jobs", "252");
}

/* What a simulation does starts nothing real. */
static void
test_event_simulated (TriggerFixture *f, gconstpointer data)
{
  g_autofree char *job = NULL;
  g_autofree char *run = NULL;
  g_autofree char *told = NULL;

  trigger_fixture_declare (f, "'t':{'task':'echo','event':{'kinds':['job.','jobs.','agent.','workflow.']}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select count(*) from triggers where cursor is not null", "1");
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
  trigger_fixture_wait_for ("select count(*) from jobs where context->>'by' = 'good.t'", "1");
  royal_test_spin (200);
  trigger_fixture_expect ("select count(*) from jobs where context->>'by' = 'good.t'", "1");
}

/* What comes again after it was forgotten starts something again. */
static void
test_forgotten (TriggerFixture *f, gconstpointer data)
{
  static const char fire[] =
      "select set_config ('royal.workspace', (select workspace_id::text from workspaces where name = 'test'), false);"
      "select started from trigger_fire ('good.h', (select version from triggers where name = 'good.h'), 'key',"
      " '{\"agent\":\"good\",\"task\":\"echo\"}', null, 60, null)";

  trigger_fixture_declare (f, "'h':{'task':'echo','webhook':{'secrets':['new'],'header':'x-signature'}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select count(*) from triggers", "1");
  host_fixture_sql (fire);
  host_fixture_sql (fire);
  trigger_fixture_expect ("select count(*) from jobs", "1");
  host_fixture_sql (
      "update trigger_firings set at = now () - interval '40 days';"
      "select set_config ('royal.workspace', (select workspace_id::text from workspaces where name = 'test'),"
      " false); select trigger_sync ('{}', '[]')");
  trigger_fixture_expect ("select count(*) from trigger_firings", "0");
  host_fixture_sql (fire);
  trigger_fixture_expect ("select count(*) from jobs", "2");
}

static void
test_event_rate (TriggerFixture *f, gconstpointer data)
{
  trigger_fixture_declare (f, "'t':{'task':'echo','event':{'kinds':['effect.'],'per_minute':5}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select count(*) from triggers where cursor is not null", "1");
  tell (f, 8, "effect.executed", "{}");
  trigger_fixture_wait_for ("select count(*) from jobs", "5");
  royal_test_spin (200);
  trigger_fixture_expect ("select count(*) from jobs", "5");
  /* What is beyond waits. */
  host_fixture_sql ("update trigger_firings set at = now () - interval '2 minutes'; notify royal_events");
  trigger_fixture_wait_for ("select count(*) from jobs", "8");
}

/* --- files and messages ------------------------------------------------------------------------------------------- */

static char *
make_folder (TriggerFixture *f, const char *name)
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
test_file (TriggerFixture *f, gconstpointer data)
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
  trigger_fixture_declare (f, declared);
  trigger_fixture_start_both (f);
  /* What was there when it began, once for two hosts. */
  trigger_fixture_wait_for ("select string_agg (input->>'name' || '=' || (input->>'text'), ' ' order by id) from jobs",
                            "before.csv=a,b");
  /* Not while it is being written. */
  for (guint i = 0; i < 4; i++)
    {
      put_file (folder, "new.csv", i < 3 ? "part" : "whole");
      royal_test_spin (80);
    }
  trigger_fixture_wait_for ("select input->>'text' from jobs where input->>'name' = 'new.csv'", "whole");
  put_file (folder, "long.csv", beyond);
  trigger_fixture_wait_for ("select error like '%long.csv: expected at most 100 bytes, found 101' from triggers", "t");
  put_file (folder, "before.csv", "c,d");
  trigger_fixture_wait_for ("select count(*) from jobs where input->>'name' = 'before.csv'", "2");
  royal_test_spin (400);
  trigger_fixture_expect ("select count(*) from jobs", "3");
  /* Begun again, it knows what it has seen. */
  rh_triggers_stop (f->a);
  rh_triggers_stop (f->b);
  rh_triggers_start (f->a);
  royal_test_spin (600);
  trigger_fixture_expect ("select count(*) from jobs", "3");
}

static void
test_mail (TriggerFixture *f, gconstpointer data)
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
  trigger_fixture_declare (f, declared);
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select input::text from jobs",
                            "{\"from\": \"A <a@example.org>\", \"text\": \"hello\\n\", \"subject\": \"Preis €\"}");
  for (guint i = 0; i < 100 && !g_file_test (moved, G_FILE_TEST_EXISTS); i++)
    royal_test_spin (20);
  g_assert_true (g_file_test (moved, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  put_file (fresh, "2.host", "Subject: two\n\nx");
  put_file (fresh, "3.host", "Subject: three\n\nx");
  trigger_fixture_wait_for ("select count(*) from jobs", "3");
  royal_test_spin (300);
  trigger_fixture_expect ("select count(*) from jobs", "3");
}

/* --- notifications ------------------------------------------------------------------------------------------------ */

static void
test_database (TriggerFixture *f, gconstpointer data)
{
  trigger_fixture_declare (
      f, "'t':{'task':'echo','input':{'sku':{'$':'/body/sku'},'missed':{'$':'/missed'}},'database':{'channel':"
         "'royal_on_stock'}}");
  trigger_fixture_start_both (f);
  trigger_fixture_wait_for ("select count(*) from triggers where owner is not null", "1");
  royal_test_spin (200);
  host_fixture_sql ("notify royal_on_stock, '{\"sku\":1}'");
  host_fixture_sql ("notify royal_on_stock, '{\"sku\":1}'");
  host_fixture_sql ("notify royal_on_other, '{\"sku\":1}'");
  trigger_fixture_wait_for ("select count(*) from jobs", "2");
  royal_test_spin (200);
  trigger_fixture_expect ("select count(*) from jobs where input->>'sku' = '1' and input->>'missed' = 'false'", "2");
  /* Its host is gone: the other takes over, at once when it said so. */
  rh_triggers_stop (f->a);
  rh_triggers_stop (f->b);
  royal_test_spin (100);
  trigger_fixture_expect ("select owner is null from triggers", "t");
  rh_triggers_start (f->b);
  trigger_fixture_wait_for ("select owner from triggers", "host-b");
  royal_test_spin (100);
  host_fixture_sql ("notify royal_on_stock, 'no json'");
  trigger_fixture_wait_for ("select count(*) from jobs", "3");
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (TriggerFixture *f, gconstpointer data);
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
    { "/triggers/file", test_file },
    { "/triggers/mail", test_mail },
    { "/triggers/database", test_database },
  };

  royal_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, TriggerFixture, NULL, trigger_fixture_set_up, tests[i].test, trigger_fixture_tear_down);
  return royal_test_run ();
}
