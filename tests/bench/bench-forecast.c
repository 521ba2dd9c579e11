/* SPDX-License-Identifier: Apache-2.0 */

/* How well and how fast the demand agent's methods forecast weekly series: the real stores of ../shared/data from a
 * rolling origin, or, with --data DIR, the weeks of DIR/test.csv from those of DIR/train.csv. */

#include "bench.h"
#include "forecast-coverage.h"
#include "forecast-data.h"
#include "forecast-peer.h"
#include "forecast-pooling.h"

#include <fc-deseason.h>
#include <fc-hindcast.h>
#include <fc-method.h>
#include <fc-score.h>

#include <math.h>
#include <string.h>
#include <time.h>

#define HORIZON 13
#define ORIGINS 4
#define ORIGINS_MAX 12
#define STEP 4
#define SAMPLE 200
#define PEER_SAMPLE 160
#define WEEKS_MIN 130
#define METHODS_MAX 16
#define THREADS 2

/* What is added up of one method over some series. */
typedef struct {
  FcScoreSum score;
  double cpu_s;
  gsize runs;
  gsize failed;
  Covered agent;  /* by the intervals that the agent gives, from the method's table and the series' own past */
  Covered pooled; /* by those that the earlier errors of all series make */
} Tally;

/* One series at one origin. */
typedef struct {
  const BenchSeries *series;
  FcSeries known;
  FcSeries scale; /* what errors are scaled by */
  const double *actual;
  gsize h;
  gboolean seasonal;
  Coverable coverable[METHODS_MAX];
  Tally tally[METHODS_MAX];
  char *error;
} Task;

static const FcMethod *methods;
static const FcCalendar *calendar; /* NULL where the weeks have no dates */
static gsize n_methods;

static double
cpu_s (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static FcForecast *
forecast_one (const FcMethod *method, const FcSeries *known, gsize h, FcForecast *const *made, GError **error)
{
  FcForecast *members[METHODS_MAX];
  gsize n = 0;

  for (gsize i = 0; method->members != NULL && method->members[i] != NULL; i++)
    {
      FcForecast *member = made[fc_method_find (method->members[i]) - methods];

      if (member != NULL)
        members[n++] = member;
    }
  /* What the members said is not worked out again. */
  return n > 0 ? method->combine (members, n) : fc_method_forecast (method, known, calendar, h, NULL, error);
}

/* How far each method was off in the weeks after the first @n, which the scored forecast knows too. */
static void
add_ratios (Task *task, gsize n)
{
  FcForecast *made[METHODS_MAX] = { NULL };
  const FcSeries known = { task->known.y, n, task->known.start_day };
  gsize h = MIN (task->h, task->known.n - n);

  for (gsize i = 0; i < n_methods; i++)
    {
      Coverable *of = &task->coverable[i];

      made[i] = forecast_one (&methods[i], &known, h, made, NULL);
      if (made[i] != NULL)
        of->n_ratios += fc_hindcast_ratios (made[i], known.y + n, of->ratios + of->n_ratios);
    }
  for (gsize i = 0; i < n_methods; i++)
    fc_forecast_free (made[i]);
}

static void
look_back (Task *task)
{
  for (gsize i = 0; i < n_methods; i++)
    task->coverable[i].ratios = g_new (double, task->h *FC_HINDCAST_RECENT);
  for (gsize back = 1; back <= FC_HINDCAST_RECENT && task->known.n >= FC_HINDCAST_WEEKS_MIN + back; back++)
    add_ratios (task, task->known.n - back);
}

static void
find_season (Task *task)
{
  FcDeseason season;
  g_autoptr (FcClean) clean = fc_clean_new (&task->known, calendar, NULL);

  if (clean == NULL)
    return;
  fc_deseason_fit (&(FcSeries){ clean->y, clean->n, clean->start_day }, &season);
  task->seasonal = season.pairs > 0;
}

static void
run_task (gpointer data, gpointer user_data)
{
  Task *task = data;
  FcForecast *made[METHODS_MAX] = { NULL };

  (void)user_data;
  find_season (task);
  look_back (task);
  for (gsize i = 0; i < n_methods; i++)
    {
      g_autoptr (GError) error = NULL;
      Tally *tally = &task->tally[i];
      double start = cpu_s ();
      FcScore score;

      made[i] = forecast_one (&methods[i], &task->known, task->h, made, &error);
      tally->cpu_s = cpu_s () - start;
      tally->runs = 1;
      task->coverable[i].forecast = made[i];
      task->coverable[i].actual = task->actual;
      if (made[i] == NULL)
        {
          tally->failed = 1;
          if (task->error == NULL)
            task->error = g_strdup (error->message);
          continue;
        }
      score = fc_score (&task->scale, task->actual, made[i]);
      fc_score_sum_add (&tally->score, &score);
      forecast_cover_one (&task->coverable[i], (double[]){ methods[i].width80, methods[i].width95 }, &tally->agent);
    }
}

static void
task_free (gpointer data)
{
  Task *task = data;

  for (gsize i = 0; i < n_methods; i++)
    {
      fc_forecast_free ((FcForecast *)task->coverable[i].forecast);
      g_free (task->coverable[i].ratios);
    }
  g_free (task->error);
  g_free (task);
}

/* Once all are made: they calibrate each other. */
static void
cover_all (GPtrArray *tasks)
{
  g_autofree Coverable **all = g_new (Coverable *, tasks->len);

  g_print ("\nhalf widths of 80 %% and 95 %%, in standard deviations, by what was known at each origin, the last one "
           "first\n");

  for (gsize i = 0; i < n_methods; i++)
    {
      for (guint t = 0; t < tasks->len; t++)
        all[t] = &((Task *)g_ptr_array_index (tasks, t))->coverable[i];
      forecast_cover (all, tasks->len, (double[]){ methods[i].width80, methods[i].width95 }, methods[i].name);
      for (guint t = 0; t < tasks->len; t++)
        ((Task *)g_ptr_array_index (tasks, t))->tally[i].pooled = all[t]->covered;
    }
}

static void
run_all (GPtrArray *tasks)
{
  GThreadPool *pool = g_thread_pool_new (run_task, NULL, THREADS, TRUE, NULL);
  gsize failed = 0;

  for (guint i = 0; i < tasks->len; i++)
    g_thread_pool_push (pool, g_ptr_array_index (tasks, i), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  cover_all (tasks);
  for (guint i = 0; i < tasks->len; i++)
    {
      const Task *task = g_ptr_array_index (tasks, i);

      if (task->error != NULL && failed++ < 5)
        g_print ("%s: %s\n", task->series->id, task->error);
    }
}

typedef gboolean (*TaskFilter) (const Task *task);

static gboolean
is_any (const Task *task)
{
  (void)task;
  return TRUE;
}

static gboolean
is_total (const Task *task)
{
  return task->series->total;
}

static gboolean
is_seasonal (const Task *task)
{
  return task->seasonal;
}

static void
add_covered (Covered *sum, const Covered *covered)
{
  sum->weeks += covered->weeks;
  for (guint k = 0; k < 2; k++)
    sum->inside[k] += covered->inside[k];
}

/* Returns how many tasks were added up. */
static gsize
add_up (GPtrArray *tasks, TaskFilter filter, Tally *sums)
{
  gsize n = 0;

  memset (sums, 0, METHODS_MAX * sizeof *sums);
  for (guint t = 0; t < tasks->len; t++)
    {
      const Task *task = g_ptr_array_index (tasks, t);

      if (!filter (task))
        continue;
      n++;
      for (gsize i = 0; i < n_methods; i++)
        {
          const Tally *from = &task->tally[i];
          Tally *sum = &sums[i];
          FcScore score = fc_score_sum_mean (&from->score);

          fc_score_sum_add (&sum->score, &score);
          sum->cpu_s += from->cpu_s;
          sum->runs += from->runs;
          sum->failed += from->failed;
          add_covered (&sum->agent, &from->agent);
          add_covered (&sum->pooled, &from->pooled);
        }
    }
  return n;
}

static double
coverage (const Covered *covered, guint level)
{
  return covered->weeks > 0 ? 100.0 * (double)covered->inside[level] / (double)covered->weeks : NAN;
}

static double
mean_ms (const Tally *tally)
{
  return tally->runs > 0 ? 1000 * tally->cpu_s / (double)tally->runs : NAN;
}

static void
print_table (const char *title, GPtrArray *tasks, TaskFilter filter)
{
  Tally sums[METHODS_MAX];
  gsize n = add_up (tasks, filter, sums);
  FcScore naive = fc_score_sum_mean (&sums[0].score);

  g_print ("\n%s: %" G_GSIZE_FORMAT " forecasts\n", title, n);
  g_print ("%-26s %8s %8s %8s %8s %8s %8s %7s %7s %7s %7s %8s %6s\n", "method", "MAPE %", "total %", "sMAPE %", "MASE",
           "MASE52", "OWA", "in 80", "in 95", "agent80", "agent95", "CPU ms", "failed");
  for (gsize i = 0; i < n_methods; i++)
    {
      FcScore score = fc_score_sum_mean (&sums[i].score);

      g_print ("%-26s %8.2f %8.2f %8.3f %8.3f %8.3f %8.4f %7.1f %7.1f %7.1f %7.1f %8.2f %6" G_GSIZE_FORMAT "\n",
               methods[i].name, 100 * score.mape, 100 * score.total, 100 * score.smape, score.mase, score.mase52,
               fc_score_owa (&score, &naive), coverage (&sums[i].pooled, 0), coverage (&sums[i].pooled, 1),
               coverage (&sums[i].agent, 0), coverage (&sums[i].agent, 1), mean_ms (&sums[i]), sums[i].failed);
    }
}

/* A JSON number, or null. */
static void
append_number (GString *json, const char *name, double value, guint decimals)
{
  char format[8], text[G_ASCII_DTOSTR_BUF_SIZE + 32];

  g_snprintf (format, sizeof format, "%%.%uf", MIN (decimals, 9));
  if (isfinite (value))
    g_ascii_formatd (text, sizeof text, format, value);
  g_string_append_printf (json, "%s\"%s\":%s", json->str[json->len - 1] == '{' ? "" : ",", name,
                          isfinite (value) ? text : "null");
}

static void
append_methods (GString *json, const Tally *sums)
{
  FcScore naive = fc_score_sum_mean (&sums[0].score);

  g_string_append (json, ",\"methods\":{");
  for (gsize i = 0; i < n_methods; i++)
    {
      FcScore score = fc_score_sum_mean (&sums[i].score);

      g_string_append_printf (json, "%s\"%s\":{", i > 0 ? "," : "", methods[i].name);
      append_number (json, "smape", 100 * score.smape, 4);
      append_number (json, "mase", score.mase, 4);
      append_number (json, "mase52", score.mase52, 4);
      append_number (json, "owa", fc_score_owa (&score, &naive), 4);
      g_string_append_c (json, '}');
    }
  g_string_append_c (json, '}');
}

/* The MAPE of each category, over its origins; returns how many there are. */
static gsize
category_mapes (GPtrArray *tasks, const FcMethod *method, double *values)
{
  gsize n = 0;

  for (guint first = 0, next; first < tasks->len; first = next)
    {
      const Task *task = g_ptr_array_index (tasks, first);
      FcScoreSum sum = { { 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0 } };
      const Task *other = task;

      for (next = first; next < tasks->len && other->series == task->series; next++)
        {
          FcScore score = fc_score_sum_mean (&other->tally[method - methods].score);

          fc_score_sum_add (&sum, &score);
          if (next + 1 < tasks->len)
            other = g_ptr_array_index (tasks, next + 1);
        }
      if (task->series->total)
        values[n++] = fc_score_sum_mean (&sum).mape;
    }
  return n;
}

/* Of the categories' MAPE the middle one: a category that sells next to nothing in some weeks has a MAPE without
 * meaning, and a mean over all would be its. @ret_below: how many of 100 categories are below 10 %. */
static double
median_mape (GPtrArray *tasks, const char *name, double *ret_below)
{
  g_autofree double *values = g_new0 (double, tasks->len);
  gsize n = category_mapes (tasks, fc_method_find (name), values), below = 0;

  for (gsize i = 0; i < n; i++)
    below += values[i] < 0.1 ? 1 : 0;
  *ret_below = n > 0 ? 100.0 * (double)below / (double)n : NAN;
  return n > 0 ? bench_median (values, n) : NAN;
}

static const Tally *
tally_of (const Tally *sums, const char *name)
{
  const FcMethod *method = fc_method_find (name);

  return method != NULL ? &sums[method - methods] : NULL;
}

static double
ms_of (const Tally *sums, const char *name)
{
  const Tally *tally = tally_of (sums, name);

  return tally != NULL ? mean_ms (tally) : NAN;
}

static void
append_hindcast (GString *json, GPtrArray *tasks)
{
  double below;

  append_number (json, "mape_hindcast", 100 * median_mape (tasks, "ensemble_best", &below), 3);
  append_number (json, "mape_below_10_pct", below, 1);
  append_number (json, "mape_hindcast_default", 100 * median_mape (tasks, "ensemble_prophet_arima", &below), 3);
  append_number (json, "mape_below_10_pct_default", below, 1);
}

/* @peers: members, each after a comma */
static void
print_json (GPtrArray *tasks, gboolean rolling, const char *peers)
{
  g_autoptr (GString) json = g_string_new ("{\"bench\":\"forecast\"");
  Tally sums[METHODS_MAX];

  add_up (tasks, is_any, sums);
  append_number (json, "forecasts", tasks->len, 0);
  append_number (json, "arima_ms", ms_of (sums, "sarima"), 3);
  append_number (json, "prophet_ms", ms_of (sums, "prophet"), 3);
  if (rolling)
    append_hindcast (json, tasks);
  append_number (json, "coverage_80", coverage (&tally_of (sums, "ensemble_best")->pooled, 0), 2);
  append_number (json, "coverage_95", coverage (&tally_of (sums, "ensemble_best")->pooled, 1), 2);
  g_string_append (json, peers);
  append_methods (json, sums);
  g_print ("\n%s}\n", json->str);
}

static Task *
add_task (GPtrArray *tasks, const BenchSeries *series, gsize n)
{
  Task *task = g_new0 (Task, 1);

  task->series = series;
  task->known = (FcSeries){ series->y, n, series->start_day };
  task->scale = task->known;
  g_ptr_array_add (tasks, task);
  return task;
}

static gsize
number_from_env (const char *name, gsize usual)
{
  const char *text = g_getenv (name);
  guint64 number;

  if (text == NULL)
    return usual;
  if (!g_ascii_string_to_unsigned (text, 10, 1, 100000, &number, NULL))
    g_error ("%s is '%s'; a number from 1 to 100000 was expected", name, text);
  return (gsize)number;
}

/* What the options of the peers in R are. */
typedef struct {
  int sample;
  int seed;
} PeerOptions;

/* Every series of the stores may be drawn, not only those that accuracy is measured on. */
static char *
beside_peers (const char *dir, const PeerOptions *options)
{
  g_autoptr (GPtrArray) all = forecast_data_stores (dir, G_MAXSIZE, WEEKS_MIN);

  return forecast_peer_members (all, (gsize)options->sample, (guint)options->seed);
}

static void
bench_stores (const char *dir, gsize origins, const PeerOptions *options)
{
  g_autofree char *peers = NULL;
  g_autoptr (GPtrArray) all = forecast_data_stores (dir, number_from_env ("ROYAL_BENCH_SERIES", SAMPLE), WEEKS_MIN);
  g_autoptr (GPtrArray) tasks = g_ptr_array_new_with_free_func (task_free);

  for (guint i = 0; i < all->len; i++)
    for (gsize origin = origins; origin-- > 0;)
      {
        const BenchSeries *series = g_ptr_array_index (all, i);
        Task *task = add_task (tasks, series, series->n - HORIZON - origin * STEP);

        task->h = HORIZON;
        for (gsize m = 0; m < n_methods; m++)
          task->coverable[m].group = (guint)origin;
        task->actual = task->known.y + task->known.n;
      }
  g_print ("%u series of real stores, %" G_GSIZE_FORMAT " origins, %d weeks ahead\n", all->len, origins, HORIZON);
  run_all (tasks);
  print_table ("all series", tasks, is_any);
  print_table ("seasonal series", tasks, is_seasonal);
  print_table ("category totals", tasks, is_total);
  peers = beside_peers (dir, options);
  print_json (tasks, TRUE, peers);
}

static const BenchSeries *
find_series (GPtrArray *all, const char *id)
{
  for (guint i = 0; i < all->len; i++)
    {
      const BenchSeries *series = g_ptr_array_index (all, i);

      if (g_str_equal (series->id, id))
        return series;
    }
  g_error ("test.csv has no series '%s', which is in train.csv", id);
}

/* Only the last weeks are forecast from; errors are scaled by the whole history, as the competitions do. */
static void
bench_data (const char *dir, gsize last)
{
  g_autofree char *train_path = g_build_filename (dir, "train.csv", NULL);
  g_autofree char *test_path = g_build_filename (dir, "test.csv", NULL);
  g_autoptr (GPtrArray) train = forecast_data_read (train_path), test = forecast_data_read (test_path);
  g_autoptr (GPtrArray) tasks = g_ptr_array_new_with_free_func (task_free);

  for (guint i = 0; i < train->len; i++)
    {
      const BenchSeries *series = g_ptr_array_index (train, i);
      const BenchSeries *after = find_series (test, series->id);
      Task *task = add_task (tasks, series, series->n);
      gsize skipped = last > 0 && series->n > last ? series->n - last : 0;

      task->known = (FcSeries){ series->y + skipped, series->n - skipped, series->start_day + 7 * (gint64)skipped };
      task->h = after->n;
      task->actual = after->y;
    }
  g_print ("%u series of %s\n", train->len, dir);
  run_all (tasks);
  print_table ("all series", tasks, is_any);
  print_table ("seasonal series", tasks, is_seasonal);
  print_json (tasks, FALSE, "");
}

int
main (int argc, char **argv)
{
  g_autofree char *data = NULL, *stores = NULL, *country = g_strdup ("US");
  int last = 0, origins = ORIGINS;
  gboolean pooling = FALSE;
  PeerOptions peers = { PEER_SAMPLE, 1 };
  const GOptionEntry options[] = {
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &data, "train.csv and test.csv: series_id,t,value", "DIR" },
    { "stores", 0, 0, G_OPTION_ARG_FILENAME, &stores, "the retail sets, instead of ../shared/data", "DIR" },
    { "country", 0, 0, G_OPTION_ARG_STRING, &country, "of the stores, for its holidays (US); '' for none", "CODE" },
    { "origins", 0, 0, G_OPTION_ARG_INT, &origins, "forecast the stores from as many, four weeks apart (4)", "N" },
    { "pooling", 0, 0, G_OPTION_ARG_NONE, &pooling, "compare ways to forecast the stores of a category", NULL },
    { "last", 0, 0, G_OPTION_ARG_INT, &last, "forecast from the last N weeks of train.csv only", "N" },
    { "peer-series", 0, 0, G_OPTION_ARG_INT, &peers.sample, "fit as many in R too (160), 0 for none", "N" },
    { "peer-seed", 0, 0, G_OPTION_ARG_INT, &peers.seed, "which are drawn for R (1)", "N" },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc > 1 || last < 0 || peers.sample < 0 ||
      peers.seed < 0 || origins < 1 || origins > ORIGINS_MAX ||
      (*country != '\0' && fc_calendar_find (country) == NULL))
    {
      g_printerr ("bench-forecast: %s\n",
                  error != NULL
                      ? error->message
                      : "--help tells the options; numbers are 0 or more, origins 1 to 12, a country is US, GB or DE");
      return 2;
    }
  if (stores == NULL)
    stores = g_build_filename (ROYAL_SRCDIR, "..", "shared", "data", NULL);
  methods = fc_method_list (&n_methods);
  g_assert (n_methods <= METHODS_MAX);
  if (pooling)
    forecast_pooling (stores);
  else if (data != NULL)
    bench_data (data, (gsize)last);
  else if (g_file_test (stores, G_FILE_TEST_IS_DIR))
    {
      calendar = fc_calendar_find (country);
      bench_stores (stores, (gsize)origins, &peers);
    }
  else
    g_print ("skipped: there is no ../shared/data, and no --data DIR was given\n"
             "{\"bench\":\"forecast\",\"skipped\":true}\n");
  return 0;
}
