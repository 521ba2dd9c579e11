/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <linux/capability.h>
#include <pwd.h>
#include <rh-migrations.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAIT_S 60

static char *dir;
static RhCluster *shared_cluster;

const char *__asan_default_options (void);

/* Asked for by the address sanitizer, if there is one. tools/lsan.supp names functions of libraries, and without frame
 * pointers only the slow unwinder sees them. */
const char *
__asan_default_options (void)
{
  return "fast_unwind_on_malloc=0";
}

/* A checkout under /root is closed to nobody. The one thing that is kept of root is that files can be read, by this
 * program and by those that it starts. */
static void
keep_reading (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[2] = { 0 };
  guint capability = prctl (PR_CAPBSET_READ, CAP_DAC_READ_SEARCH) == 1 ? CAP_DAC_READ_SEARCH : CAP_DAC_OVERRIDE;

  data[0].permitted = data[0].effective = data[0].inheritable = 1u << capability;
  if (syscall (SYS_capset, &header, data) != 0 || prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0)
    g_error ("cannot keep the right to read the checkout: %s", g_strerror (errno));
}

static void
become_nobody (char **argv)
{
  const struct passwd *nobody = getpwnam ("nobody");
  int program = open ("/proc/self/exe", O_RDONLY);

  if (nobody == NULL || program < 0 || prctl (PR_SET_KEEPCAPS, 1) != 0 || setgroups (0, NULL) != 0 ||
      setgid (nobody->pw_gid) != 0 || setuid (nobody->pw_uid) != 0)
    g_error ("cannot become nobody: %s", g_strerror (errno));
  keep_reading ();
  g_unsetenv ("XDG_RUNTIME_DIR");
  g_setenv ("HOME", "/nonexistent", TRUE);
  fexecve (program, argv, environ);
  g_error ("cannot run the test as nobody: %s", g_strerror (errno));
}

void
royal_test_init (int *argc, char ***argv)
{
  if (geteuid () == 0)
    become_nobody (*argv);
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE); /* nobody has no home for them */
  g_test_init (argc, argv, NULL);
}

static void
remove_tree (const char *path)
{
  const char *opening[] = { "chmod", "-R", "u+rwX", "--", path, NULL }; /* a host's module folders are read-only */
  const char *argv[] = { "rm", "-rf", "--", path, NULL };

  g_spawn_sync (NULL, (char **)opening, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

int
royal_test_finish (void)
{
  if (shared_cluster != NULL)
    royal_test_stop_cluster (shared_cluster);
  g_clear_object (&shared_cluster);
  if (dir != NULL)
    remove_tree (dir);
  g_clear_pointer (&dir, g_free);
  return 0;
}

int
royal_test_run (void)
{
  int status = g_test_run ();

  royal_test_finish ();
  return status;
}

const char *
royal_test_dir (void)
{
  g_autoptr (GError) error = NULL;

  if (dir == NULL)
    dir = g_dir_make_tmp ("royal-test-XXXXXX", &error);
  g_assert_no_error (error);
  return dir;
}

RhCluster *
royal_test_cluster (void)
{
  if (shared_cluster == NULL)
    {
      shared_cluster = rh_cluster_new (royal_test_dir ());
      royal_test_start_cluster (shared_cluster);
    }
  return shared_cluster;
}

void
royal_test_migrate (void)
{
  g_autofree char *owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;

  rh_migrations_run_async (owner, FALSE, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  if (!rh_migrations_run_finish (done, NULL, &error))
    g_error ("%s", error->message);
}

void
royal_test_result (GObject *source, GAsyncResult *result, gpointer data)
{
  GAsyncResult **ret_result = data;

  g_assert_null (*ret_result);
  *ret_result = g_object_ref (result);
}

static gboolean
is_set (gpointer data)
{
  return *(GAsyncResult **)data != NULL;
}

GAsyncResult *
royal_test_wait (GAsyncResult **result)
{
  royal_test_wait_until (is_set, result, WAIT_S * 1000);
  return g_steal_pointer (result);
}

static gboolean
mark (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
wake (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
royal_test_wait_until (RoyalTestCondition condition, gpointer data, guint timeout_ms)
{
  gint64 deadline_us = g_get_monotonic_time () + timeout_ms * G_GINT64_CONSTANT (1000);
  guint id = g_timeout_add (10, wake, NULL);

  while (!condition (data))
    {
      if (g_get_monotonic_time () > deadline_us)
        g_error ("what was waited for did not happen within %u ms", timeout_ms);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (id);
}

void
royal_test_spin (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, mark, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

void
royal_test_start_cluster (RhCluster *cluster)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;

  rh_cluster_start_async (cluster, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  if (!rh_cluster_start_finish (cluster, done, &error))
    g_error ("%s", error->message);
}

void
royal_test_stop_cluster (RhCluster *cluster)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;

  rh_cluster_stop_async (cluster, 5000, royal_test_result, &result);
  done = royal_test_wait (&result);
  if (!rh_cluster_stop_finish (cluster, done, &error))
    g_error ("%s", error->message);
}

static PGresult *
run_sql (PGconn *connection, const char *sql)
{
  PGresult *result = PQexec (connection, sql);

  if (PQresultStatus (result) != PGRES_COMMAND_OK && PQresultStatus (result) != PGRES_TUPLES_OK)
    g_error ("%s: %s", sql, PQerrorMessage (connection));
  return result;
}

void
royal_test_sql (const char *conninfo, const char *sql)
{
  PGconn *connection = PQconnectdb (conninfo);

  PQclear (run_sql (connection, sql));
  PQfinish (connection);
}

char *
royal_test_sql_value (const char *conninfo, const char *sql)
{
  PGconn *connection = PQconnectdb (conninfo);
  PGresult *result = run_sql (connection, sql);
  char *value = g_strdup (PQntuples (result) > 0 ? PQgetvalue (result, 0, 0) : "");

  PQclear (result);
  PQfinish (connection);
  return value;
}
