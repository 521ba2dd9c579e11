/* SPDX-License-Identifier: Apache-2.0 */
/* arima-peer SERIES.csv R.csv — the seasonal ARIMA search beside R's auto.arima, on the same series.
 *
 * SERIES.csv has series_id,t,value, sorted, at least 104 weeks a series; R.csv is what arima.R wrote of it. Prints in
 * how many series our AICc is at least as good (within 0.05) and our log-likelihood at R's coefficients is R's (within
 * 0.01, where d + D ≤ 2), the mean CPU time and R's over ours; a line for each series where one of the two is not so;
 * and at the end the figures of `bench forecast` as an object of JSON. */
#include "fc-auto-arima.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define AHEAD 13u
#define REPEATS 5u
#define AICC_TOLERANCE 0.05
#define LOGLIK_TOLERANCE 0.01

typedef struct {
  guint series;
  guint fine;
  guint alike; /* differences chosen */
  guint compared;
  guint equal;
  double ours_s;
  double theirs_s;
} Tally;

/* What R found. */
typedef struct {
  double cpu_s;
  double aicc;
  double loglik;
  FcArima model;
} Peer;

static double
cpu_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void
take (double *coefficients, guint n, char ***words)
{
  for (guint i = 0; i < n && **words != NULL; i++)
    coefficients[i] = g_ascii_strtod (*(*words)++, NULL);
}

/* A line without its series: cpu_s,order,aicc,loglik,coefs. */
static gboolean
read_peer (const char *line, Peer *peer)
{
  g_auto (GStrv) fields = g_strsplit (line, ",", 0);
  g_auto (GStrv) order = NULL;
  g_auto (GStrv) words = NULL;
  char **word;
  guint o[7] = { 0 };
  FcArima *model = &peer->model;

  if (g_strv_length (fields) != 5 || g_ascii_strtod (fields[0], NULL) < 0)
    return FALSE;
  *peer = (Peer){ .cpu_s = g_ascii_strtod (fields[0], NULL),
                  .aicc = g_ascii_strtod (fields[2], NULL),
                  .loglik = g_ascii_strtod (fields[3], NULL) };
  order = g_strsplit (fields[1], " ", 0);
  for (guint i = 0; i < G_N_ELEMENTS (o) && order[i] != NULL; i++)
    o[i] = (guint)g_ascii_strtoull (order[i], NULL, 10);
  if (MAX (o[0], o[2]) > FC_ARMA_MAX || MAX (o[3], o[5]) > FC_ARIMA_SEASONAL_MAX)
    return FALSE;
  model->order = (FcArimaOrder){ o[0], o[1], o[2], o[3], o[4], o[5], o[6] != 0 };
  model->near = (FcArma){ .p = o[0], .q = o[2] };
  model->seasonal = (FcArma){ .p = o[3], .q = o[5] };
  words = g_strsplit (g_strstrip (fields[4]), " ", 0);
  word = words;
  take (model->near.phi, o[0], &word);
  take (model->near.theta, o[2], &word);
  take (model->seasonal.phi, o[3], &word);
  take (model->seasonal.theta, o[5], &word);
  return TRUE;
}

static void
compare (const char *id, const double *y, gsize n, Peer *peer, Tally *tally)
{
  const FcSeries series = { y, n, 0 };
  const FcArimaOrder *theirs = &peer->model.order;
  g_autoptr (FcArimaData) data = fc_arima_data_new (y, n, NULL, 0, FC_ARIMA_PERIOD, theirs->d, theirs->D, 0);
  g_autoptr (FcArima) model = NULL;
  g_autofree char *name = NULL;
  double start = cpu_now ();
  double difference = INFINITY;
  gboolean fine;

  for (guint i = 0; i < REPEATS; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (FcForecast) forecast = NULL;

      g_clear_pointer (&model, fc_arima_free);
      forecast = fc_auto_arima_forecast (&series, AHEAD, NULL, &model, &error);
      if (forecast == NULL)
        {
          printf ("%s: %s\n", id, error->message);
          break;
        }
    }
  tally->ours_s += (cpu_now () - start) / REPEATS;
  tally->theirs_s += peer->cpu_s;
  tally->series++;
  if (model == NULL)
    return;
  fine = model->aicc <= peer->aicc + AICC_TOLERANCE;
  tally->fine += fine ? 1 : 0;
  tally->alike += model->order.d == theirs->d && model->order.D == theirs->D ? 1 : 0;
  if (data != NULL && fc_arima_evaluate (&peer->model, data))
    difference = peer->model.result.loglik - peer->loglik;
  tally->compared += theirs->d + theirs->D <= 2 ? 1 : 0;
  tally->equal += theirs->d + theirs->D <= 2 && fabs (difference) < LOGLIK_TOLERANCE ? 1 : 0;
  name = fc_arima_describe (model);
  if (!fine || fabs (difference) >= LOGLIK_TOLERANCE)
    {
      g_autofree char *other = fc_arima_describe (&peer->model);

      printf ("%s: %s %.3f, R %s %.3f, log-likelihood %+.4f\n", id, name, model->aicc, other, peer->aicc, difference);
    }
}

static GHashTable *
read_peers (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  GHashTable *peers;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  peers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  lines = g_strsplit (text, "\n", 0);
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    {
      const char *comma = strchr (lines[i], ',');
      Peer peer;

      if (comma != NULL && read_peer (comma + 1, &peer))
        g_hash_table_insert (peers, g_strndup (lines[i], (gsize)(comma - lines[i])), g_memdup2 (&peer, sizeof peer));
    }
  return peers;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) peers = NULL;
  g_autoptr (GArray) y = g_array_new (FALSE, FALSE, sizeof (double));
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  Tally tally = { 0 };

  if (argc != 3 || (peers = read_peers (argv[2], &error)) == NULL ||
      !g_file_get_contents (argv[1], &text, NULL, &error))
    {
      fprintf (stderr, "%s\n", error != NULL ? error->message : "usage: arima-peer SERIES.csv R.csv");
      return 2;
    }
  lines = g_strsplit (text, "\n", 0);
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], ",", 0);
      g_autofree char *next = lines[i + 1] != NULL ? g_strndup (lines[i + 1], strcspn (lines[i + 1], ",")) : NULL;
      double value;
      Peer *peer;

      if (g_strv_length (fields) != 3)
        continue;
      value = g_strcmp0 (fields[2], "NA") == 0 ? (double)NAN : g_ascii_strtod (fields[2], NULL);
      g_array_append_val (y, value);
      if (g_strcmp0 (next, fields[0]) == 0)
        continue;
      peer = g_hash_table_lookup (peers, fields[0]);
      if (peer != NULL)
        compare (fields[0], (const double *)(gconstpointer)y->data, y->len, peer, &tally);
      g_array_set_size (y, 0);
    }
  printf ("series %u, differences alike %u, AICc fine %u, log-likelihood equal %u of %u\n", tally.series, tally.alike,
          tally.fine, tally.equal, tally.compared);
  printf ("ours %.3f ms, R %.1f ms, ratio %.1f\n", 1e3 * tally.ours_s / MAX (tally.series, 1),
          1e3 * tally.theirs_s / MAX (tally.series, 1), tally.theirs_s / tally.ours_s);
  printf ("{\"arima_ratio_r\":%.2f,\"arima_aicc_ok_pct\":%.2f,\"arima_loglik_ok_pct\":%.2f}\n",
          tally.theirs_s / tally.ours_s, 100.0 * tally.fine / MAX (tally.series, 1),
          100.0 * tally.equal / MAX (tally.compared, 1));
  return 0;
}
