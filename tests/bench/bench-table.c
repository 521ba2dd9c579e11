/* SPDX-License-Identifier: Apache-2.0 */

/* A million rows of four columns from PostgreSQL into a sandboxed plugin that sums them, against psql's \copy of the
 * same query to /dev/null, and against the same rows as JSON, made by the database and parsed. They take turns. */

#include "bench-worker.h"
#include "bench.h"
#include "rh-store.h"
#include "royal-test.h"

#include <libpq-fe.h>
#include <string.h>
#include <unistd.h>

#define ROWS 1000000
#define ROUNDS 5

static const struct RhTableColumn columns[] = { { "store", ROYAL_COLUMN_STRING },
                                                { "week", ROYAL_COLUMN_INT64 },
                                                { "units", ROYAL_COLUMN_INT64 },
                                                { "revenue", ROYAL_COLUMN_DOUBLE } };
static const RhTableQuery query = {
  "bench.rows", "copy (select store, week, units, revenue from bench_rows) to stdout (format binary)", columns,
  G_N_ELEMENTS (columns)
};

typedef struct {
  RhStore *store;
  RoyalChannel *channel;
  guint64 id;
} Reader;

static void
on_table (GObject *source, GAsyncResult *result, gpointer data)
{
  Reader *reader = data;
  g_autoptr (GError) error = NULL;
  int fd = rh_store_read_table_finish (RH_STORE (source), result, &error);

  if (fd < 0)
    g_error ("the table was not read: %s", error->message);
  royal_channel_reply_table (reader->channel, reader->id, fd);
  close (fd);
}

static void
answer (RoyalChannel *channel, guint64 id, const char *method, gpointer data)
{
  Reader *reader = data;

  reader->channel = channel;
  reader->id = id;
  rh_store_read_table_async (reader->store, &query, RH_NO_WORKSPACE, NULL, NULL, on_table, reader);
}

static double
measure_table (BenchWorker *worker)
{
  double start = bench_now_us ();
  g_autoptr (JsonNode) result = bench_worker_run (worker, "read", NULL);

  if (json_object_get_int_member (json_node_get_object (result), "rows") != ROWS)
    g_error ("rows are missing");
  return (bench_now_us () - start) / 1000;
}

static double
measure_copy (const char *conninfo)
{
  const char *argv[] = { "psql",
                         "-X",
                         "-q",
                         "-d",
                         conninfo,
                         "-c",
                         "\\copy (select store, week, units, revenue from bench_rows) to /dev/null",
                         NULL };
  double start = bench_now_us ();
  int status;

  if (!g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL) ||
      status != 0)
    g_error ("psql failed");
  return (bench_now_us () - start) / 1000;
}

static double
measure_json (const char *conninfo)
{
  double start = bench_now_us (), revenue = 0;
  PGconn *connection = PQconnectdb (conninfo);
  PGresult *rows =
      PQexec (connection, "select json_agg (r) from (select store, week, units, revenue from bench_rows) r");
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  JsonArray *array;

  if (PQresultStatus (rows) != PGRES_TUPLES_OK ||
      !json_parser_load_from_data (parser, PQgetvalue (rows, 0, 0), PQgetlength (rows, 0, 0), NULL))
    g_error ("no JSON: %s", PQerrorMessage (connection));
  array = json_node_get_array (json_parser_get_root (parser));
  for (guint i = 0; i < json_array_get_length (array); i++)
    revenue += json_object_get_double_member (json_array_get_object_element (array, i), "revenue");
  if (json_array_get_length (array) != ROWS || revenue <= 0)
    g_error ("rows are missing");
  PQclear (rows);
  PQfinish (connection);
  return (bench_now_us () - start) / 1000;
}

static gboolean
is_available (gpointer data)
{
  return rh_store_is_available (data);
}

static void
bench_table (void)
{
  double table[ROUNDS], copy[ROUNDS], json[ROUNDS];
  g_autofree char *conninfo = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  g_autoptr (RhStore) store = rh_store_new (conninfo, NULL, 1);
  Reader reader = { store, NULL, 0 };
  BenchWorker *worker = bench_worker_new (bench_n_cpus () > 1 ? 0 : -1, answer, &reader);
  double ms;

  royal_test_sql (conninfo,
                  "create table bench_rows as select 'store-' || i % 5000 as store, (i / 5000)::bigint as week,"
                  " (i % 97)::bigint as units, (i % 97) * 19.99::float8 as revenue"
                  " from generate_series (0, 999999) i");
  royal_test_sql (conninfo, "vacuum analyze bench_rows");
  royal_test_wait_until (is_available, store, 10000);
  measure_table (worker);
  for (guint i = 0; i < ROUNDS; i++)
    {
      table[i] = measure_table (worker);
      copy[i] = measure_copy (conninfo);
      json[i] = measure_json (conninfo);
    }
  bench_worker_free (worker);
  ms = bench_median (table, ROUNDS);
  g_print ("%-28s %8.0f ms\n%-28s %8.0f ms\n%-28s %8.0f ms\n", "into a sandboxed plugin", ms,
           "psql \\copy to /dev/null", bench_median (copy, ROUNDS), "as JSON, parsed", bench_median (json, ROUNDS));
  g_print ("{\"bench\":\"table\",\"rows\":%d,\"ms\":%.0f,\"ratio_copy\":%.2f,\"ratio_json\":%.2f}\n", ROWS, ms,
           ms / bench_median (copy, ROUNDS), bench_median (json, ROUNDS) / ms);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  bench_table ();
  return royal_test_finish ();
}
