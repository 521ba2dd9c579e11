/* SPDX-License-Identifier: Apache-2.0 */
/* prophet-peer DIR [additive] — the Prophet-like model beside R's prophet, on the same series.
 *
 * Reads DIR/series.csv, starts.csv (weekly-series.R) and prophet-r.csv, prophet-r-params.csv (prophet.R). Prints how
 * often our objective is at least Stan's less 10^-3, the worst differences, the mean CPU time of a fit and R's over
 * ours, and by how much our objective at Stan's parameters differs from R's; at the end the figures of `bench forecast`
 * as an object of JSON. */
#include "fc-prophet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TOLERANCE 1e-3
#define REPEATS 5u

/* What R found on one series, and the series. */
typedef struct {
  GArray *y; /* double; weeks that are missing are NAN */
  gint64 start_day;
  double cpu_s;
  double objective;
  double k;
  double m;
  double sigma;
  GArray *delta;
  GArray *beta;
} Peer;

typedef struct {
  guint series;
  guint fine;
  guint better;
  guint constant;
  double ours_s;
  double theirs_s;
  double worst;   /* of ours less theirs */
  double formula; /* largest difference of the objectives at Stan's parameters */
  guint64 iterations;
} Tally;

static void
peer_free (gpointer data)
{
  Peer *self = data;

  g_array_unref (self->y);
  g_array_unref (self->delta);
  g_array_unref (self->beta);
  g_free (self);
}

static Peer *
peer_of (GHashTable *peers, GPtrArray *order, const char *id)
{
  Peer *peer = g_hash_table_lookup (peers, id);

  if (peer == NULL)
    {
      char *name = g_strdup (id);

      peer = g_new0 (Peer, 1);
      peer->y = g_array_new (FALSE, FALSE, sizeof (double));
      peer->delta = g_array_new (FALSE, FALSE, sizeof (double));
      peer->beta = g_array_new (FALSE, FALSE, sizeof (double));
      g_hash_table_insert (peers, name, peer);
      g_ptr_array_add (order, name);
    }
  return peer;
}

static void
take_series (Peer *peer, char **cell)
{
  double value = g_ascii_strtod (cell[2], NULL);
  gsize t = (gsize)g_ascii_strtoull (cell[1], NULL, 10);
  double missing = NAN;

  while (peer->y->len + 1 < t)
    g_array_append_val (peer->y, missing);
  g_array_append_val (peer->y, value);
}

static void
take_start (Peer *peer, char **cell)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (cell[1], utc);
  g_autofree char *midnight = g_strconcat (cell[1], "T00:00:00Z", NULL);

  if (date == NULL)
    date = g_date_time_new_from_iso8601 (midnight, utc);
  peer->start_day = date != NULL ? g_date_time_to_unix (date) / 86400 : 0;
}

static void
take_fit (Peer *peer, char **cell)
{
  peer->cpu_s = g_ascii_strtod (cell[2], NULL);
  peer->objective = g_ascii_strtod (cell[3], NULL);
}

static void
take_parameter (Peer *peer, char **cell)
{
  double value = g_ascii_strtod (cell[2], NULL);

  if (g_str_has_prefix (cell[1], "delta."))
    g_array_append_val (peer->delta, value);
  else if (g_str_has_prefix (cell[1], "beta."))
    g_array_append_val (peer->beta, value);
  else if (g_str_equal (cell[1], "k"))
    peer->k = value;
  else if (g_str_equal (cell[1], "m"))
    peer->m = value;
  else
    peer->sigma = value;
}

static gboolean
read_table (const char *dir,
            const char *name,
            guint columns,
            GHashTable *peers,
            GPtrArray *order,
            void (*take) (Peer *peer, char **cell))
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return FALSE;
    }
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    {
      g_auto (GStrv) cell = g_strsplit (lines[i], ",", -1);

      if (lines[i][0] == '\0')
        continue;
      if (g_strv_length (cell) < columns)
        {
          g_printerr ("%s:%u: expected %u columns\n", path, i + 1, columns);
          return FALSE;
        }
      take (peer_of (peers, order, cell[0]), cell);
    }
  return TRUE;
}

static double
cpu_s (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void
compare (Tally *tally, const char *id, const Peer *peer, const FcProphetOptions *options)
{
  FcSeries series = { (const double *)(gpointer)peer->y->data, peer->y->len, peer->start_day };
  g_autoptr (FcProphet) fit = NULL;
  g_autoptr (GError) error = NULL;
  double begin = cpu_s ();
  double difference;
  double formula;

  for (guint i = 0; i < REPEATS; i++)
    {
      g_clear_pointer (&fit, fc_prophet_free);
      g_clear_error (&error);
      fit = fc_prophet_fit (&series, options, &error);
    }
  tally->series++;
  tally->ours_s += (cpu_s () - begin) / REPEATS;
  tally->theirs_s += peer->cpu_s;
  if (fit == NULL || peer->delta->len != fc_prophet_get_n_changes (fit) ||
      peer->beta->len != MAX (fc_prophet_get_n_columns (fit), 1)) /* R has a column of zeros where there is none */
    {
      printf ("%s: %s\n", id, error != NULL ? error->message : "R's model has other columns");
      return;
    }
  if (!(peer->sigma > 0))
    {
      tally->constant++;
      tally->fine++;
      return;
    }
  formula = fc_prophet_objective_at (fit, peer->k, peer->m, (const double *)(gpointer)peer->delta->data,
                                     (const double *)(gpointer)peer->beta->data, peer->sigma);
  difference = fc_prophet_objective (fit) - peer->objective;
  tally->iterations += fc_prophet_get_iterations (fit);
  tally->formula = MAX (tally->formula, fabs (formula - peer->objective));
  tally->worst = MIN (tally->worst, difference);
  tally->fine += difference >= -TOLERANCE;
  tally->better += difference > TOLERANCE;
  if (difference < -TOLERANCE)
    printf ("%s: %.6f, Stan's %.6f\n", id, fc_prophet_objective (fit), peer->objective);
}

int
main (int argc, char **argv)
{
  g_autoptr (GHashTable) peers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, peer_free);
  g_autoptr (GPtrArray) order = g_ptr_array_new ();
  FcProphetOptions options = FC_PROPHET_DEFAULTS;
  Tally tally = { .worst = G_MAXDOUBLE };

  if (argc < 2 || argc > 3)
    {
      g_printerr ("usage: prophet-peer DIR [additive]\n");
      return 2;
    }
  options.additive = argc == 3;
  if (!read_table (argv[1], "series.csv", 3, peers, order, take_series) ||
      !read_table (argv[1], "starts.csv", 2, peers, order, take_start) ||
      !read_table (argv[1], "prophet-r.csv", 4, peers, order, take_fit) ||
      !read_table (argv[1], "prophet-r-params.csv", 3, peers, order, take_parameter))
    return 1;

  for (guint i = 0; i < order->len; i++)
    compare (&tally, order->pdata[i], g_hash_table_lookup (peers, order->pdata[i]), &options);
  printf ("series %u, constant %u, objective ok %u (%.2f %%), better %u, worst %.2e, at Stan's point %.1e\n",
          tally.series, tally.constant, tally.fine, 100.0 * tally.fine / tally.series, tally.better, tally.worst,
          tally.formula);
  printf ("ours %.3f ms, R %.3f ms, ratio %.1f, steps %.1f\n", 1e3 * tally.ours_s / tally.series,
          1e3 * tally.theirs_s / tally.series, tally.theirs_s / tally.ours_s, (double)tally.iterations / tally.series);
  printf ("{\"prophet_ratio_r\":%.2f,\"prophet_obj_ok_pct\":%.2f}\n", tally.theirs_s / tally.ours_s,
          100.0 * tally.fine / tally.series);
  return 0;
}
