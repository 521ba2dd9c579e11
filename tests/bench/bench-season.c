/* SPDX-License-Identifier: Apache-2.0 */

/* season_plan from end to end through a real host: the forecast by the demand agent in its sandbox, recorded; the order
 * by the inventory agent, approved by whoever royalctl acts for, and applied. First the reference season of 50 stores
 * and one category, from its files; then 200 categories of 5,000 stores at once, whose history is put into the database
 * beforehand and is not part of the time. Prints how far it is. The memory is what the host and its workers have
 * resident together, looked at four times a second; the database server's is not counted.
 *
 * ROYAL_BENCH_STORES and ROYAL_BENCH_CATEGORIES make the large run smaller. */

#include "bench-host.h"
#include "bench.h"
#include "royal-test.h"

#include <glib/gstdio.h>
#include <string.h>

#define WEEKS_BEFORE 104
#define WEEKS "12"
#define START "2025-03-01"
#define LOOK_US 20000
#define SAMPLE_US 250000
#define TELL_US 10000000
#define LIMIT "100000000" /* units: food sells more than the shipped limit of 100,000 */

typedef struct {
  BenchHost *host;
  char *owner;
  char *socket;
  double host_kb, workers_kb, together_kb; /* the most so far */
  double sampled_us, told_us;
} Bench;

/* How far the seasons are. */
typedef struct {
  guint recorded;
  guint ordered;
  guint failed;
} Stage;

static guint
setting (const char *variable, guint otherwise)
{
  const char *given = g_getenv (variable);

  return given != NULL ? (guint)g_ascii_strtoull (given, NULL, 10) : otherwise;
}

/* --- The host ----------------------------------------------------------------------------------------------------- */

/* A manifest or policy as it is shipped, with a higher limit. */
static void
copy_raised (const char *folder, const char *name)
{
  g_autofree char *from = g_build_filename (ROYAL_SRCDIR, "manifests", name, NULL);
  g_autofree char *to = g_build_filename (folder, name, NULL);
  g_autoptr (GString) text = NULL;
  g_autofree char *shipped = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_file_get_contents (from, &shipped, NULL, &error))
    g_error ("%s", error->message);
  text = g_string_new (shipped);
  g_string_replace (text, "100000", LIMIT, 0);
  if (!g_file_set_contents (to, text->str, -1, &error))
    g_error ("%s", error->message);
}

/* (transfer full) */
static char *
make_manifests (void)
{
  static const char *const files[] = { "demand.json",
                                       "inventory.json",
                                       "markdown.json",
                                       "policy.json",
                                       "workflows/season_plan.json",
                                       "workflows/season_week.json",
                                       "workflows/markdown_checkpoint.json" };
  g_autofree char *folder = g_build_filename (royal_test_dir (), "manifests", NULL);
  g_autofree char *workflows = g_build_filename (folder, "workflows", NULL);

  if (g_mkdir_with_parents (workflows, 0700) != 0)
    g_error ("%s cannot be made", workflows);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    copy_raised (folder, files[i]);
  return g_steal_pointer (&folder);
}

static void
start (Bench *self)
{
  g_autofree char *plugins_path = bench_build_path ("plugins");
  g_autofree char *plugins = g_strconcat ("plugins=", plugins_path, NULL);
  g_autofree char *folder = make_manifests ();
  g_autofree char *manifests = g_strconcat ("manifests=", folder, NULL);
  g_autofree char *url = NULL;
  const char *options[] = { plugins, manifests, NULL, NULL };

  self->owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  self->socket = g_build_filename (royal_test_dir (), "host.sock", NULL);
  royal_test_migrate ();
  royal_test_sql (self->owner, "select workspace_open ('default', true)");
  url = g_strconcat ("database-url=", self->owner, NULL);
  options[2] = url;
  self->host = bench_host_start ("host", options);
  bench_host_wait_ready (self->host);
}

/* Runs a program that must succeed. */
static void
run (const char *const *argv)
{
  g_autofree char *output = NULL, *errors = NULL;
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (!g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors, &status, &error))
    g_error ("%s", error->message);
  if (status != 0)
    g_error ("%s %s %s: %s%s", argv[0], argv[1], argv[2], output, errors);
}

/* royalctl with up to twenty words after its socket, NULL-terminated. */
static void G_GNUC_NULL_TERMINATED
ctl (Bench *self, const char *word, ...)
{
  g_autofree char *program = bench_build_path ("host/ctl/royalctl");
  const char *argv[24] = { program, "--socket", self->socket };
  guint n = 3;
  va_list words;

  va_start (words, word);
  for (; word != NULL && n < G_N_ELEMENTS (argv) - 1; word = va_arg (words, const char *))
    argv[n++] = word;
  va_end (words);
  run (argv);
}

/* --- What is planned ---------------------------------------------------------------------------------------------- */

static void
load_reference (Bench *self)
{
  g_autofree char *folder = g_build_filename (royal_test_dir (), "files", NULL);
  g_autofree char *stores = g_build_filename (folder, "stores.csv", NULL);
  g_autofree char *history = g_build_filename (folder, "history.csv", NULL);
  const char *const argv[] = { ROYAL_SRCDIR "/tools/make-season-fixture", folder, "", NULL };

  if (g_mkdir (folder, 0700) != 0)
    g_error ("%s cannot be made", folder);
  run (argv);
  ctl (self, "season", "load", "--stores", stores, NULL);
  ctl (self, "season", "upload", history, "--history", NULL);
}

/* Stores of the three kinds that the reference season has. */
static void
put_stores (Bench *self, guint n)
{
  g_autofree char *sql = g_strdup_printf (
      "insert into retail_stores (workspace_id, code, name, size_sqft, tier, median_income, format, region, "
      "fashion_tier)"
      " select w.workspace_id, 'L' || lpad (i::text, 5, '0'), 'Store ' || i, 6000 + (i %% 3) * 3000 + i * 37 %% 2900,"
      " (array['C','B','A'])[1 + i %% 3], 43000 + (i %% 3) * 24000 + i * 53 %% 11000,"
      " (array['OUTLET','SHOPPING_CENTER','MALL'])[1 + i %% 3],"
      " (array['NORTHEAST','SOUTHEAST','MIDWEST','WEST'])[1 + i %% 4],"
      " (array['VALUE','MAINSTREAM','PREMIUM'])[1 + i %% 3]"
      " from workspaces w, generate_series (1, %u) i where w.name = 'default'",
      n);

  royal_test_sql (self->owner, sql);
}

/* Two years of a category in all of these stores: a yearly season whose peak is its own, growth, noise. */
static void
put_history (Bench *self, guint category)
{
  g_autofree char *sql = g_strdup_printf (
      "with c as (insert into retail_categories (workspace_id, code, name)"
      " select workspace_id, 'L%03u', 'Category %u' from workspaces where name = 'default' returning *)"
      " insert into retail_history (workspace_id, category, store, week, units)"
      " select c.workspace_id, c.id, t.id, date '" START "' - 7 * (%d - k),"
      " floor ((2 + t.id %% 5) * (1 + 0.4 * sin (k * 2 * pi () / 52.18 + %u)) * (1 + k * 0.001) * (0.5 + random ()) "
      "+ random ())"
      " from c, retail_stores t, generate_series (0, %d - 1) k"
      " where t.workspace_id = c.workspace_id and t.code like 'L%%' order by t.id, k",
      category, category, WEEKS_BEFORE, category, WEEKS_BEFORE);

  royal_test_sql (self->owner, sql);
}

static void
put_large (Bench *self, guint stores, guint categories)
{
  double begin = bench_now_us ();

  put_stores (self, stores);
  for (guint i = 1; i <= categories; i++)
    {
      put_history (self, i);
      if (bench_now_us () - self->told_us < TELL_US)
        continue;
      self->told_us = bench_now_us ();
      g_print ("history of %u of %u categories\n", i, categories);
    }
  royal_test_sql (self->owner, "vacuum analyze retail_history");
  g_print ("history of %u rows, in %.0f s\n", stores * categories * WEEKS_BEFORE, (bench_now_us () - begin) / 1e6);
}

/* --- Until all of it is ordered ----------------------------------------------------------------------------------- */

static void
sample (Bench *self)
{
  double host_kb, workers_kb;

  if (bench_now_us () - self->sampled_us < SAMPLE_US)
    return;
  self->sampled_us = bench_now_us ();
  host_kb = bench_host_rss_kb (self->host);
  workers_kb = bench_host_children_rss_kb (self->host);
  self->host_kb = MAX (self->host_kb, host_kb);
  self->workers_kb = MAX (self->workers_kb, workers_kb);
  self->together_kb = MAX (self->together_kb, host_kb + workers_kb);
}

/* Of the seasons whose code begins with @prefix. */
static Stage
look (Bench *self, const char *prefix)
{
  g_autofree char *sql = g_strdup_printf (
      "select concat_ws (' ', count (*) filter (where e.action = 'forecast.record'),"
      " count (*) filter (where e.action = 'manufacturing.order'),"
      " (select count (*) from workflow_runs where workflow = 'season_plan' and state not in ('running', 'waiting')))"
      " from retail_effects e join retail_seasons s on s.workspace_id = e.workspace_id and s.id = e.season"
      " where s.code like '%s%%' and e.receipt is not null",
      prefix);
  g_autofree char *found = royal_test_sql_value (self->owner, sql);
  g_auto (GStrv) counts = g_strsplit (found, " ", 3);

  return (Stage){ (guint)g_ascii_strtoull (counts[0], NULL, 10), (guint)g_ascii_strtoull (counts[1], NULL, 10),
                  (guint)g_ascii_strtoull (counts[2], NULL, 10) };
}

/* The person that is asked says yes. */
static void
approve (Bench *self)
{
  g_autofree char *found =
      royal_test_sql_value (self->owner, "select string_agg (uid::text, ' ') from proposals"
                                         " where state = 'pending' and action = 'manufacturing.order'");
  g_auto (GStrv) ids = g_strsplit (found, " ", -1);

  for (guint i = 0; ids[i] != NULL && *ids[i] != '\0'; i++)
    {
      ctl (self, "approvals", "approve", ids[i], "--yes", NULL);
      sample (self);
    }
}

static void
fail (Bench *self)
{
  g_autofree char *why = royal_test_sql_value (
      self->owner, "select state || ' ' || coalesce (error::text, result::text, '') from workflow_runs"
                   " where workflow = 'season_plan' and state not in ('running', 'waiting') limit 1");

  g_error ("a plan ended: %s", why);
}

/* @n seasons, whose codes begin with @prefix, are planned to the end. Returns: seconds */
static double
plan (Bench *self, const char *prefix, guint n)
{
  double begin = bench_now_us ();
  Stage stage = { 0 };

  for (guint i = 1; i <= n; i++)
    {
      g_autofree char *code = g_strdup_printf ("%s-S%03u", prefix, i);
      g_autofree char *category = n > 1 ? g_strdup_printf ("L%03u", i) : g_strdup ("dresses");

      ctl (self, "season", "plan", code, "--category", category, "--name", code, "--start", START, "--weeks", WEEKS,
           "--list-price", "89.90", "--unit-cost", "31.00", NULL);
      sample (self);
    }
  while (stage.ordered < n)
    {
      approve (self);
      sample (self);
      stage = look (self, prefix);
      if (stage.failed > 0)
        fail (self);
      if (bench_now_us () - self->told_us >= TELL_US)
        {
          self->told_us = bench_now_us ();
          g_print ("%4.0f s: %u of %u forecast, %u ordered; host %.0f MB, workers %.0f MB at most\n",
                   (self->told_us - begin) / 1e6, stage.recorded, n, stage.ordered, self->host_kb / 1024,
                   self->workers_kb / 1024);
        }
      g_usleep (LOOK_US);
    }
  return (bench_now_us () - begin) / 1e6;
}

int
main (int argc, char **argv)
{
  guint stores = setting ("ROYAL_BENCH_STORES", 5000), categories = setting ("ROYAL_BENCH_CATEGORIES", 200);
  Bench bench = { 0 };
  double small_s, large_s;

  royal_test_init (&argc, &argv);
  setvbuf (stdout, NULL, _IOLBF, 0);
  start (&bench);
  load_reference (&bench);
  small_s = plan (&bench, "SMALL", 1);
  g_print ("50 stores, 1 category: %.2f s\n", small_s);
  put_large (&bench, stores, categories);
  bench.host_kb = bench.workers_kb = bench.together_kb = 0;
  large_s = plan (&bench, "LARGE", categories);
  g_print ("%u stores, %u categories: %.1f s, at most %.0f MB in the host, %.0f MB in workers\n", stores, categories,
           large_s, bench.host_kb / 1024, bench.workers_kb / 1024);
  g_print ("{\"bench\":\"season\",\"stores\":%u,\"categories\":%u,\"small_s\":%.2f,\"large_s\":%.1f,"
           "\"large_peak_mb\":%.0f,\"host_peak_mb\":%.0f}\n",
           stores, categories, small_s, large_s, bench.together_kb / 1024, bench.host_kb / 1024);
  bench_host_stop (bench.host);
  g_free (bench.owner);
  g_free (bench.socket);
  return royal_test_finish ();
}
