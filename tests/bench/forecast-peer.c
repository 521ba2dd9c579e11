/* SPDX-License-Identifier: Apache-2.0 */
#include "forecast-peer.h"

#include "bench.h"
#include "forecast-data.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

#define UNKNOWN                                                                                                        \
  ",\"arima_ratio_r\":null,\"arima_aicc_ok_pct\":null,\"arima_loglik_ok_pct\":null,\"prophet_ratio_r\":null,"          \
  "\"prophet_obj_ok_pct\":null"

/* Says its versions, which the cache depends on, or fails with the reason. */
static const char *const versions =
    "for (p in c('forecast', 'prophet')) if (!requireNamespace(p, quietly = TRUE)) stop('R has no package ', p); "
    "cat(R.version.string, as.character(packageVersion('forecast')), as.character(packageVersion('prophet')))";

/* What a program prints, "" when that goes to the file @path; NULL, with its complaints told, when it failed. (transfer
 * full) */
static char *
run (const char *const *argv, const char *path)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDERR_PIPE | (path != NULL ? G_SUBPROCESS_FLAGS_NONE : G_SUBPROCESS_FLAGS_STDOUT_PIPE));
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) child = NULL;
  g_autofree char *output = NULL, *complaint = NULL;

  g_subprocess_launcher_setenv (launcher, "TZ", "UTC", FALSE); /* R would ask systemd */
  /* One thread of BLAS: CPU seconds are compared. */
  g_subprocess_launcher_setenv (launcher, "OPENBLAS_NUM_THREADS", "1", TRUE);
  if (path != NULL)
    g_subprocess_launcher_set_stdout_file_path (launcher, path);
  child = g_subprocess_launcher_spawnv (launcher, argv, &error);
  if (child == NULL || !g_subprocess_communicate_utf8 (child, NULL, NULL, &output, &complaint, &error))
    {
      g_printerr ("bench-forecast: %s\n", error->message);
      return NULL;
    }
  if (!g_subprocess_get_successful (child))
    {
      g_printerr ("%s", complaint);
      return NULL;
    }
  return output != NULL ? g_steal_pointer (&output) : g_strdup ("");
}

typedef struct {
  guint rank;
  const BenchSeries *series;
} Drawn;

static int
compare_ranks (gconstpointer a, gconstpointer b)
{
  const Drawn *first = a, *second = b;

  return first->rank != second->rank ? (first->rank < second->rank ? -1 : 1)
                                     : strcmp (first->series->id, second->series->id);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const Drawn *first = a, *second = b;

  return strcmp (first->series->id, second->series->id);
}

static gboolean
is_whole (const BenchSeries *series)
{
  for (gsize i = 0; i < series->n; i++)
    if (isnan (series->y[i]))
      return FALSE;
  return TRUE;
}

/* (element-type Drawn): those of the lowest random ranks, in the order of their ids. */
static GArray *
draw (GPtrArray *all, gsize sample, guint seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  GArray *drawn = g_array_new (FALSE, FALSE, sizeof (Drawn));

  for (guint i = 0; i < all->len; i++)
    {
      Drawn one = { g_rand_int (random), g_ptr_array_index (all, i) };

      if (is_whole (one.series))
        g_array_append_val (drawn, one);
    }
  g_array_sort (drawn, compare_ranks);
  g_array_set_size (drawn, (guint)MIN (sample, drawn->len));
  g_array_sort (drawn, compare_ids);
  return drawn;
}

/* The sample as the scripts read it: series_id,t,value and series_id,start. */
static void
write_sample (GArray *drawn, GString *series, GString *starts)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_assign (series, "series_id,t,value\n");
  g_string_assign (starts, "series_id,start\n");
  for (guint i = 0; i < drawn->len; i++)
    {
      const BenchSeries *one = g_array_index (drawn, Drawn, i).series;
      g_autoptr (GDateTime) start = g_date_time_new_from_unix_utc (one->start_day * 86400);
      g_autofree char *date = g_date_time_format (start, "%Y-%m-%d");

      g_string_append_printf (starts, "%s,%s\n", one->id, date);
      for (gsize t = 0; t < one->n; t++)
        g_string_append_printf (series, "%s,%" G_GSIZE_FORMAT ",%s\n", one->id, t + 1,
                                g_ascii_dtostr (number, sizeof number, one->y[t]));
    }
}

static void
save (const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents (path, text, -1, &error))
    g_error ("%s", error->message);
}

/* Where what R says of this sample is or will be. (transfer full) */
static char *
cache_dir (const char *told, const char *series, const char *starts)
{
  static const char *const scripts[] = { "arima.R", "prophet.R" };
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *below = NULL;

  g_checksum_update (sum, (const guchar *)told, -1);
  g_checksum_update (sum, (const guchar *)series, -1);
  g_checksum_update (sum, (const guchar *)starts, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      g_autofree char *path = g_build_filename (ROYAL_SRCDIR, "tests", "peers", scripts[i], NULL);
      g_autofree char *text = NULL;
      g_autoptr (GError) error = NULL;

      if (!g_file_get_contents (path, &text, NULL, &error))
        g_error ("%s", error->message);
      g_checksum_update (sum, (const guchar *)text, -1);
    }
  below = g_strdup_printf ("forecast-r/%.16s", g_checksum_get_string (sum));
  return bench_build_path (below);
}

/* Has R fit the sample, unless it did. */
static gboolean
fit_in_r (const char *dir, const char *series, const char *starts)
{
  g_autofree char *done = g_build_filename (dir, "done", NULL);
  g_autofree char *rows = g_build_filename (dir, "series.csv", NULL);
  g_autofree char *found = g_build_filename (dir, "arima-r.csv", NULL);
  const char *const arima[] = { "Rscript", ROYAL_SRCDIR "/tests/peers/arima.R", rows, NULL };
  const char *const prophet[] = { "Rscript", ROYAL_SRCDIR "/tests/peers/prophet.R", dir, NULL };
  g_autofree char *first = NULL, *second = NULL;

  if (g_file_test (done, G_FILE_TEST_EXISTS))
    {
      g_print ("what R found, and the time it took, is from an earlier run: %s\n", dir);
      return TRUE;
    }
  if (g_mkdir_with_parents (dir, 0755) != 0)
    g_error ("%s cannot be made", dir);
  save (dir, "series.csv", series);
  save (dir, "starts.csv", starts);
  first = run (arima, found);
  second = first != NULL ? run (prophet, NULL) : NULL;
  if (second != NULL)
    save (dir, "done", "");
  return second != NULL;
}

/* Prints what tests/peers/@name finds, and takes the members of its last line, an object. */
static gboolean
compare (const char *name, const char *first, const char *second, GString *members)
{
  g_autofree char *below = g_strconcat ("tests/peers/", name, NULL);
  g_autofree char *program = bench_build_path (below);
  const char *const argv[] = { program, first, second, NULL };
  g_autofree char *output = run (argv, NULL);
  char *object = output != NULL ? strrchr (output, '{') : NULL;
  char *end = object != NULL ? strchr (object, '}') : NULL;

  if (end == NULL)
    return FALSE;
  *object = *end = '\0';
  g_print ("%s: %s", name, output);
  g_string_append_printf (members, ",%s", object + 1);
  return TRUE;
}

/* What R says of itself; NULL, with the reason told, when it cannot be the peer. (transfer full) */
static char *
ask_r (void)
{
  g_autofree char *program = g_find_program_in_path ("Rscript");
  const char *const argv[] = { "Rscript", "-e", versions, NULL };
  char *told = NULL;

  if (program == NULL)
    g_printerr ("the peers in R are absent: there is no Rscript\n");
  else if ((told = run (argv, NULL)) == NULL)
    g_printerr ("the peers in R are absent: r-cran-forecast and r-cran-prophet are needed\n");
  return told;
}

char *
forecast_peer_members (GPtrArray *all, gsize sample, guint seed)
{
  g_autofree char *told = sample > 0 ? ask_r () : NULL;
  g_autoptr (GArray) drawn = NULL;
  g_autoptr (GString) series = g_string_new (NULL), starts = g_string_new (NULL), members = g_string_new (NULL);
  g_autofree char *dir = NULL, *rows = NULL, *found = NULL;

  if (told == NULL)
    return g_strdup (UNKNOWN);
  drawn = draw (all, sample, seed);
  if (drawn->len == 0)
    {
      g_printerr ("the peers in R are left out: no series is without missing weeks\n");
      return g_strdup (UNKNOWN);
    }
  write_sample (drawn, series, starts);
  dir = cache_dir (told, series->str, starts->str);
  rows = g_build_filename (dir, "series.csv", NULL);
  found = g_build_filename (dir, "arima-r.csv", NULL);
  g_print ("\n%s beside ours: %u series without missing weeks, drawn with the seed %u\n", told, drawn->len, seed);
  if (!fit_in_r (dir, series->str, starts->str) || !compare ("arima-peer", rows, found, members) ||
      !compare ("prophet-peer", dir, NULL, members))
    {
      g_printerr ("the peers in R failed\n");
      return g_strdup (UNKNOWN);
    }
  return g_string_free (g_steal_pointer (&members), FALSE);
}
