/* SPDX-License-Identifier: Apache-2.0 */
#include "host-fixture.h"
#include "royal-json.h"
#include "royal-test.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 20000
#define MANY 10000
/* The runs of a job, as text. */
#define RUNS "(select string_agg (r->>'state' || ' ' || (r->>'host'), ',') from jsonb_array_elements (runs) r)"

static const RhActor *
actor (HostFixture *f)
{
  static RhActor self;

  self = (RhActor){ f->workspace, "test", "unix:0", "admin" };
  return &self;
}

static JsonNode *
try_enqueue (HostFixture *f, RhJobs *jobs, const char *text, GError **error)
{
  g_autoptr (JsonObject) request = host_fixture_object (text);
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  rh_jobs_enqueue_async (jobs, actor (f), request, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  return rh_jobs_enqueue_finish (jobs, result, error);
}

/* (transfer full): the job's id. */
static char *
enqueue (HostFixture *f, RhJobs *jobs, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) job = try_enqueue (f, jobs, text, &error);

  g_assert_no_error (error);
  return g_strdup (json_object_get_string_member (json_node_get_object (job), "id"));
}

static void
expect_refused (HostFixture *f, RhJobs *jobs, const char *text, RoyalError code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) job = try_enqueue (f, jobs, text, &error);

  g_assert_null (job);
  g_assert_error (error, ROYAL_ERROR, (gint)code);
  if (strstr (error->message, part) == NULL)
    g_error ("expected `%s` in `%s`", part, error->message);
}

/* One column or expression of a job. */
static char *
of_job (const char *job, const char *what)
{
  g_autofree char *sql = g_strconcat ("select ", what,
                                      " from (select o.*, job_state (o) as now, job_runs (o) as runs,"
                                      " (select min (owner) from job_leases l where o.id = any (l.jobs)) as owner"
                                      " from jobs o) j where uid = '",
                                      job, "'", NULL);

  return host_fixture_value (sql);
}

static void
expect_job (const char *job, const char *what, const char *value)
{
  g_autofree char *is = of_job (job, what);

  g_assert_cmpstr (is, ==, value);
}

typedef struct {
  const char *job;
  const char *what;
  const char *value;
} JobIs;

static gboolean
job_is (gpointer data)
{
  JobIs *wanted = data;
  g_autofree char *is = of_job (wanted->job, wanted->what);

  return strcmp (is, wanted->value) == 0;
}

static void
wait_job (const char *job, const char *what, const char *value)
{
  JobIs wanted = { job, what, value };

  royal_test_wait_until (job_is, &wanted, WAIT_MS);
}

static void
cancel (HostFixture *f, RhJobs *jobs, const char *job)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;

  rh_jobs_cancel_async (jobs, actor (f), job, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  node = rh_jobs_cancel_finish (jobs, result, &error);
  g_assert_no_error (error);
}

static void
enable (HostFixture *f, const char *agent, const char *rest)
{
  host_fixture_enable (f, agent, agent, rest);
  host_fixture_load (f);
}

static void
test_complete (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *job = NULL;
  g_autofree char *same = NULL;
  g_autofree char *later = NULL;

  enable (f, "good", NULL);
  job = enqueue (f, jobs, "{'agent':'good','task':'echo','input':{'a':1},'idempotency_key':'k','priority':'high'}");
  wait_job (job, "state", "completed");
  expect_job (job, "result", "{\"a\": 1}");
  expect_job (job, "attempt", "1");
  expect_job (job, RUNS, "completed host-a");
  same = enqueue (f, jobs, "{'agent':'good','task':'echo','input':{'a':1},'idempotency_key':'k'}");
  g_assert_cmpstr (same, ==, job);
  later = enqueue (f, jobs, "{'agent':'good','task':'echo','run_at':'2999-01-01T00:00:00Z'}");
  royal_test_spin (200);
  expect_job (later, "state", "queued");
  host_fixture_stop_jobs (jobs, 1000);
}

/* A result is a document: a plugin does not fill the database with it, nor a list of jobs. */
static void
test_long_results (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *filler = g_strnfill (1024 * 1024, 'x');
  g_autofree char *too_long = g_strdup_printf ("{'agent':'good','task':'echo','input':{'a':'%s'}}", filler);
  g_autofree char *longish = g_strdup_printf ("{'agent':'good','task':'echo','input':{'a':'%.100000s'}}", filler);
  g_autofree char *refused = NULL;
  g_autofree char *kept = NULL;
  g_autofree char *listed = NULL;

  enable (f, "good", NULL);
  refused = enqueue (f, jobs, too_long);
  wait_job (refused, "state", "dead");
  expect_job (refused, "error->>'code'", "limit");
  kept = enqueue (f, jobs, longish);
  wait_job (kept, "state", "completed");
  expect_job (kept, "length (result->>'a')", "100000");
  listed = host_fixture_value (
      "with w as (select set_config ('royal.workspace', (select workspace_id::text from jobs"
      " limit 1), false)) select max (length (job::text)) < 10000 from w, job_list (null, null, 10)");
  g_assert_cmpstr (listed, ==, "t");
  host_fixture_stop_jobs (jobs, 1000);
}

static void
test_refused (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");

  expect_refused (f, jobs, "{'agent':'x','task':'echo'}", ROYAL_ERROR_NOT_FOUND, "enabled: none");
  host_fixture_enable (f, "bad", "bad", NULL);
  enable (f, "good", "'tasks':['echo','ask']");
  expect_refused (f, jobs, "{'agent':'x','task':'echo'}", ROYAL_ERROR_NOT_FOUND,
                  "/agent: no agent `x` is enabled; enabled: bad, good");
  expect_refused (f, jobs, "{'agent':'good','task':'count'}", ROYAL_ERROR_NOT_FOUND,
                  "/task: agent `good` has no task `count`; it has: ");
  expect_refused (f, jobs, "{'agent':'good','task':'ask'}", ROYAL_ERROR_INVALID, "resource");
  expect_refused (f, jobs, "{'agent':'good'}", ROYAL_ERROR_INVALID, "/task: expected");
  expect_refused (f, jobs, "{'agent':'good','task':'echo','input':[]}", ROYAL_ERROR_INVALID,
                  "/input: expected an object");
  expect_refused (f, jobs, "{'agent':'good','task':'echo','priority':'urgent'}", ROYAL_ERROR_INVALID, "/priority: ");
  expect_refused (f, jobs, "{'agent':'good','task':'echo','run_at':'soon'}", ROYAL_ERROR_INVALID, "/run_at: ");
  expect_refused (f, jobs, "{'agent':'good','task':'echo','run_at':'2026-01-01T00:00:00'}", ROYAL_ERROR_INVALID,
                  "/run_at: ");
  expect_refused (f, jobs, "{'agent':'good','task':'echo','idempotency_key':''}", ROYAL_ERROR_INVALID,
                  "/idempotency_key: ");
  expect_refused (f, jobs, "{'agent':'good','task':'echo','attempts':9}", ROYAL_ERROR_INVALID, "no other members");
  host_fixture_stop_jobs (jobs, 1000);
}

static void
test_retry (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *again = NULL;
  g_autofree char *once = NULL;
  g_autofree char *kind = NULL;

  enable (f, "good", "'retry':{'attempts':3,'backoff_ms':50,'backoff_max_ms':100}");
  again = enqueue (f, jobs, "{'agent':'good','task':'fail','input':{'code':'unavailable'}}");
  once = enqueue (f, jobs, "{'agent':'good','task':'fail','input':{'code':'invalid'}}");
  wait_job (again, "state", "dead");
  expect_job (again, "attempt", "3");
  expect_job (again, "error->>'code'", "unavailable");
  expect_job (again, "(select count (*) from jsonb_array_elements (runs) r where r->>'state' = 'failed')", "3");
  wait_job (once, "state", "dead");
  expect_job (once, "attempt", "1");
  expect_job (once, "error->>'message'", "told to fail with invalid");
  host_fixture_stop_jobs (jobs, 1000);
}

static void
test_poison (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *poison = NULL;
  g_autofree char *food = NULL;

  enable (f, "bad", "'retry':{'backoff_ms':10,'attempts':5},'limits':{'workers':2}");
  poison = enqueue (f, jobs, "{'agent':'bad','task':'crash'}");
  food = enqueue (f, jobs, "{'agent':'bad','task':'echo','input':{'b':2}}");
  wait_job (poison, "state", "quarantined");
  expect_job (poison, "crashes", "3");
  expect_job (poison, "(select count (*) from jsonb_array_elements (runs) r where r->>'state' = 'crashed')", "3");
  wait_job (food, "state", "completed");
  g_free (food);
  food = enqueue (f, jobs, "{'agent':'bad','task':'echo'}");
  wait_job (food, "state", "completed");
  host_fixture_stop_jobs (jobs, 1000);
}

static void
test_cancel (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *running = NULL;
  g_autofree char *queued = NULL;
  g_autofree char *deaf = NULL;
  g_autoptr (GError) error = NULL;

  host_fixture_enable (f, "bad", "bad", NULL);
  enable (f, "good", "'limits':{'workers':1}");
  running = enqueue (f, jobs, "{'agent':'good','task':'wait'}");
  deaf = enqueue (f, jobs, "{'agent':'bad','task':'sleep'}");
  wait_job (running, "now", "leased");
  queued = enqueue (f, jobs, "{'agent':'good','task':'echo'}");
  cancel (f, jobs, queued);
  expect_job (queued, "state", "cancelled");
  wait_job (deaf, "now", "leased");
  cancel (f, jobs, deaf);
  cancel (f, jobs, running);
  wait_job (running, "state", "cancelled");
  /* One that does not listen is ended after the grace. */
  wait_job (deaf, "state", "cancelled");
  expect_job (deaf, "runs->0->>'state'", "cancelled");
  expect_job (deaf, "crashes", "0");
  host_fixture_stop_jobs (jobs, 1000);
}

/* Asks seldom: each question is a connection. */
static void
wait_all_done (void)
{
  for (guint i = 0; i < 600; i++)
    {
      g_autofree char *open = host_fixture_value ("select count (*) from jobs where state <> 'completed'");

      if (strcmp (open, "0") == 0)
        return;
      royal_test_spin (250);
    }
  g_error ("the jobs did not all complete");
}

static void
test_reload (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *left = NULL;

  enable (f, "good", "'limits':{'workers':2}");
  for (guint i = 0; i < 20; i++)
    g_free (enqueue (f, jobs, "{'agent':'good','task':'version','input':{'ms':40}}"));
  host_fixture_enable (f, "good", "good2", "'limits':{'workers':2}");
  host_fixture_load (f);
  wait_all_done ();
  left = host_fixture_value ("select string_agg (distinct state || ' ' || attempt, ',') from jobs");
  g_assert_cmpstr (left, ==, "completed 1");
  g_free (left);
  left = host_fixture_value ("select count (distinct result->>'version') from jobs");
  g_assert_cmpstr (left, ==, "2");
  host_fixture_stop_jobs (jobs, 1000);
}

/* Workers are replaced again and again while jobs run, some of them under way: each job is done, by one attempt. */
static void
test_restart (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *slow = NULL;
  g_autofree char *left = NULL;

  enable (f, "good", "'limits':{'workers':2}");
  slow = enqueue (f, jobs, "{'agent':'good','task':'version','input':{'ms':400}}");
  for (guint i = 0; i < 20; i++)
    g_free (enqueue (f, jobs, "{'agent':'good','task':'version','input':{'ms':40}}"));
  wait_job (slow, "now", "leased");
  for (guint i = 0; i < 8; i++)
    {
      GAsyncResult *pending = NULL;
      g_autoptr (GAsyncResult) result = NULL;

      rh_workers_restart_async (f->workers, "good", i % 2 == 0, 0, royal_test_result, &pending);
      result = royal_test_wait (&pending);
      (void)rh_workers_restart_finish (f->workers, result, NULL);
      royal_test_spin (100);
    }
  wait_all_done ();
  left = host_fixture_value ("select string_agg (distinct state || ' ' || attempt, ',') from jobs");
  g_assert_cmpstr (left, ==, "completed 1");
  g_free (left);
  left = host_fixture_value ("select count (*) from runs");
  g_assert_cmpstr (left, ==, "0");
  host_fixture_stop_jobs (jobs, 1000);
}

static void
test_stop (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *slow = NULL;
  g_autofree char *quick = NULL;

  enable (f, "good", "'limits':{'workers':2}");
  slow = enqueue (f, jobs, "{'agent':'good','task':'wait'}");
  quick = enqueue (f, jobs, "{'agent':'good','task':'wait','input':{'ms':300}}");
  wait_job (slow, "now", "leased");
  wait_job (quick, "now", "leased");
  /* The database tells it before this host has read its answer. */
  royal_test_spin (100);
  host_fixture_stop_jobs (jobs, 1500);
  expect_job (quick, "state", "completed");
  expect_job (slow, "state", "queued");
  expect_job (slow, "attempt", "0");
  expect_job (slow, "owner is null", "t");
  expect_job (slow, "runs->0->>'state'", "returned");
}

static void
test_take_over (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = NULL;
  RhJobs *other = NULL;
  g_autofree char *job = NULL;

  jobs = host_fixture_start_jobs (f, "host-a");
  host_fixture_enable (f, "bad", "bad", NULL);
  host_fixture_load (f);
  job = enqueue (f, jobs, "{'agent':'bad','task':'echo','run_at':'2999-01-01T00:00:00Z'}");
  host_fixture_stop_jobs (jobs, 1000);
  /* As a host leaves it that was killed; another takes it once the lease has run out. */
  host_fixture_sql ("update jobs set run_at = now (); update job_later set run_at = now ();"
                    "select count (*) from job_lease ('host-b', '{bad}', '{1}', '{0}', null, 1)");
  expect_job (job, "owner", "host-b");
  other = host_fixture_start_jobs (f, "host-c");
  wait_job (job, "state", "completed");
  expect_job (job, RUNS, "lost host-b,completed host-c");
  host_fixture_stop_jobs (other, 1000);
  /* Its own it takes at once. */
  g_free (job);
  job = host_fixture_value ("select j.uid from workspaces w, job_add (w.workspace_id,"
                            " '[{\"agent\":\"bad\",\"task\":\"echo\"}]', 'test') j where w.name = 'test'");
  host_fixture_sql ("select count (*) from job_lease ('host-d', '{bad}', '{1}', '{0}', null, 3600)");
  expect_job (job, "now", "leased");
  jobs = host_fixture_start_jobs (f, "host-d");
  wait_job (job, "state", "completed");
  host_fixture_stop_jobs (jobs, 1000);
}

static void
test_lost_lease (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *job = NULL;

  enable (f, "good", "'limits':{'workers':1}");
  job = enqueue (f, jobs, "{'agent':'good','task':'wait'}");
  wait_job (job, "now", "leased");
  host_fixture_sql (
      "update job_leases set owner = 'host-z', until = now () + interval '1 hour'; notify royal_jobs, 'cancel'");
  /* The run here ends, its worker is free, and the other host's lease stands. */
  for (guint i = 0; i < 100 && rh_workers_capacity (f->workers, "good") == 0; i++)
    royal_test_spin (50);
  g_assert_cmpuint (rh_workers_capacity (f->workers, "good"), >, 0);
  expect_job (job, "now || ' ' || owner", "leased host-z");
  host_fixture_stop_jobs (jobs, 1000);
}

/* A job comes back to the host that lost it, before its first run has ended there. */
static void
test_lost_and_found (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *job = NULL;
  g_autofree char *next = NULL;

  enable (f, "good", "'limits':{'workers':2}");
  job = enqueue (f, jobs, "{'agent':'good','task':'version','input':{'ms':1500}}");
  wait_job (job, "now", "leased");
  royal_test_spin (300);
  host_fixture_sql (
      "update job_leases set until = now () - interval '1 second'; select job_take_back ('host-z', false)");
  wait_job (job, "state", "completed");
  /* Its first run ends too, and is not taken. */
  royal_test_spin (500);
  expect_job (job, "attempt", "2");
  expect_job (job, RUNS, "lost host-a,completed host-a");
  next = enqueue (f, jobs, "{'agent':'good','task':'echo'}");
  wait_job (next, "state", "completed");
  host_fixture_stop_jobs (jobs, 1000);
}

/* A result is not to blame for what goes wrong with leasing in the same call. */
static void
test_innocent_result (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *job = NULL;
  g_autofree char *next = NULL;

  enable (f, "good", "'limits':{'workers':1}");
  job = enqueue (f, jobs, "{'agent':'good','task':'version','input':{'ms':700}}");
  wait_job (job, "now", "leased");
  host_fixture_sql ("create function no_lease () returns trigger language plpgsql as $$ begin"
                    " raise exception 'no lease now'; end $$;"
                    "create trigger no_lease before insert on job_leases for each row execute function no_lease ()");
  next = enqueue (f, jobs, "{'agent':'good','task':'echo'}");
  wait_job (job, "state", "completed");
  host_fixture_sql ("drop trigger no_lease on job_leases; drop function no_lease ()");
  wait_job (next, "state", "completed");
  host_fixture_stop_jobs (jobs, 1000);
}

static gboolean
is_away (gpointer store)
{
  return !rh_store_is_available (store);
}

static void
test_database_away (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *job = NULL;
  g_autofree char *next = NULL;

  enable (f, "good", "'limits':{'workers':1}");
  job = enqueue (f, jobs, "{'agent':'good','task':'version','input':{'ms':700}}");
  wait_job (job, "now", "leased");
  royal_test_stop_cluster (royal_test_cluster ());
  royal_test_wait_until (is_away, f->store, WAIT_MS);
  /* The run ends while nobody can be told. */
  royal_test_spin (1000);
  royal_test_start_cluster (royal_test_cluster ());
  wait_job (job, "state", "completed");
  expect_job (job, "attempt", "1");
  next = enqueue (f, jobs, "{'agent':'good','task':'echo'}");
  wait_job (next, "state", "completed");
  host_fixture_stop_jobs (jobs, 1000);
}

static guint
count_entries (const char *path)
{
  DIR *dir = opendir (path);
  guint n = 0;

  g_assert_nonnull (dir);
  while (readdir (dir) != NULL)
    n++;
  closedir (dir);
  return n;
}

static guint64
rss_kb (void)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  return g_ascii_strtoull (strchr (text, ' '), NULL, 10) * (guint64)sysconf (_SC_PAGESIZE) / 1024;
}

static void
put_many (guint n)
{
  g_autofree char *sql =
      g_strdup_printf ("select count (*) from workspaces w, lateral (select jsonb_agg ("
                       "'{\"agent\":\"good\",\"task\":\"echo\"}'::jsonb) as requests"
                       " from generate_series (1, %u)) r, job_put (w.workspace_id, r.requests, 'test')"
                       " where w.name = 'test'",
                       n);

  host_fixture_sql (sql);
}

static void
test_many (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  gboolean sanitized = g_strcmp0 (g_getenv ("ROYAL_TEST_SANITIZED"), "1") == 0;
  guint n = sanitized ? MANY / 10 : MANY;
  guint fds, threads;
  guint64 rss, after;
  gint64 begun_us;

  enable (f, "good", "'limits':{'workers':2,'warm':2}");
  put_many (500);
  wait_all_done ();
  fds = count_entries ("/proc/self/fd");
  threads = count_entries ("/proc/self/task");
  rss = rss_kb ();
  begun_us = g_get_monotonic_time ();
  put_many (n);
  wait_all_done ();
  after = rss_kb ();
  g_test_message ("%u runs in %.1f s; resident %" G_GUINT64_FORMAT " KiB before, %" G_GUINT64_FORMAT " KiB after", n,
                  (g_get_monotonic_time () - begun_us) / 1e6, rss, after);
  /* Connections of the waiting itself come and go; a leak of one a run would show as thousands. */
  g_assert_cmpuint (count_entries ("/proc/self/fd"), <=, fds + 4);
  g_assert_cmpuint (count_entries ("/proc/self/task"), <=, threads + 4);
  /* The sanitizer keeps what was freed for a while. */
  if (!sanitized)
    g_assert_cmpuint (after, <, rss + 8 * 1024);
  host_fixture_stop_jobs (jobs, 1000);
}

/* @sql: a list of requests. */
static void
put (const char *sql)
{
  g_autofree char *put = g_strdup_printf ("select count (*) from workspaces w, lateral (%s) r (requests),"
                                          " job_put (w.workspace_id, r.requests, 'test') where w.name = 'test'",
                                          sql);

  host_fixture_sql (put);
}

/* Short runs are handed to a worker ahead of the one in hand: what that one asks for is answered all the same, and when
 * it kills the worker only it is to blame. */
static void
test_ahead (HostFixture *f, gconstpointer data)
{
  RhJobs *jobs = host_fixture_start_jobs (f, "host-a");
  g_autofree char *ends = NULL;
  g_autofree char *counted = NULL;

  host_fixture_enable (f, "good", "good", "'limits':{'workers':1}");
  enable (f, "bad", "'limits':{'workers':1},'retry':{'backoff_ms':1}");
  put ("select jsonb_agg (jsonb_build_object ('agent', 'good', 'task', case when i % 3 = 0 then 'count' else 'echo' "
       "end))"
       " from generate_series (1, 600) i");
  put ("select jsonb_agg (jsonb_build_object ('agent', 'bad', 'task', case i when 400 then 'crash' else 'echo' end,"
       " 'input', jsonb_build_object ('i', i))) from generate_series (1, 900) i");
  for (guint i = 0; i < 600; i++)
    {
      g_autofree char *open = host_fixture_value ("select count (*) from jobs where state = 'queued'");

      if (strcmp (open, "0") == 0)
        break;
      royal_test_spin (100);
    }
  ends = host_fixture_value (
      "select string_agg (e, '; ' order by e) from (select concat_ws (' ', agent, task, state, attempt,"
      " crashes, count (*)) as e from jobs group by agent, task, state, attempt, crashes) x");
  g_assert_cmpstr (ends, ==,
                   "bad crash quarantined 3 3 1; bad echo completed 1 0 899; good count completed 1 0 200; "
                   "good echo completed 1 0 400");
  counted = host_fixture_value ("select count (distinct result->>'count') from jobs where task = 'count'");
  g_assert_cmpstr (counted, ==, "200");
  host_fixture_stop_jobs (jobs, 1000);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (HostFixture *f, gconstpointer data);
  } tests[] = {
    { "/jobs/complete", test_complete },
    { "/jobs/long-results", test_long_results },
    { "/jobs/refused", test_refused },
    { "/jobs/retry", test_retry },
    { "/jobs/poison", test_poison },
    { "/jobs/cancel", test_cancel },
    { "/jobs/reload", test_reload },
    { "/jobs/restart", test_restart },
    { "/jobs/stop", test_stop },
    { "/jobs/take-over", test_take_over },
    { "/jobs/lost-lease", test_lost_lease },
    { "/jobs/lost-and-found", test_lost_and_found },
    { "/jobs/innocent-result", test_innocent_result },
    { "/jobs/database-away", test_database_away },
    { "/jobs/many", test_many },
    { "/jobs/ahead", test_ahead },
  };

  royal_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, HostFixture, NULL, host_fixture_set_up, tests[i].test, host_fixture_tear_down);
  return royal_test_run ();
}
