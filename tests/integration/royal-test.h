/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>
#include <rh-cluster.h>

G_BEGIN_DECLS

/* What integration tests share: an unprivileged process, a folder of its own, a private database, waiting.
 *
 *   int main (int argc, char **argv)
 *   {
 *     royal_test_init (&argc, &argv);
 *     g_test_add_func (…);
 *     return royal_test_run ();
 *   }
 */

/* g_test_init(); as root, first runs the program again as nobody: initdb refuses root. */
void royal_test_init (int *argc, char ***argv);

/* g_test_run(), then stops the database and removes the folder. */
int royal_test_run (void) G_GNUC_WARN_UNUSED_RESULT;

/* The end of royal_test_run() alone, for programs that run no tests (benchmarks). Returns: 0 */
int royal_test_finish (void);

/* (transfer none): a folder of this test program, 0700; removed at its end. */
const char *royal_test_dir (void);

/* (transfer none): a private cluster in royal_test_dir(), started by the first call, without the product's schema. */
RhCluster *royal_test_cluster (void);

/* Applies the product's migrations to royal_test_cluster(), once. */
void royal_test_migrate (void);

/* A GAsyncReadyCallback that hands the result to royal_test_wait(): @data is a GAsyncResult ** that holds NULL. */
void royal_test_result (GObject *source, GAsyncResult *result, gpointer data);

/* Turns the main loop until *@result is there. Returns: (transfer full) */
GAsyncResult *royal_test_wait (GAsyncResult **result) G_GNUC_WARN_UNUSED_RESULT;

/* Turns the main loop until @condition holds; fails the test after @timeout_ms. */
typedef gboolean (*RoyalTestCondition) (gpointer data);
void royal_test_wait_until (RoyalTestCondition condition, gpointer data, guint timeout_ms);

/* Turns the main loop for @ms. */
void royal_test_spin (guint ms);

/* Starts and stops @cluster, waiting; a failure fails the test. */
void royal_test_start_cluster (RhCluster *cluster);
void royal_test_stop_cluster (RhCluster *cluster);

/* Runs @sql (one or many statements) over a connection of its own, blocking; a failure fails the test. */
void royal_test_sql (const char *conninfo, const char *sql);

/* (transfer full): the first cell of what @sql returns, "" for an SQL null. */
char *royal_test_sql_value (const char *conninfo, const char *sql) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
