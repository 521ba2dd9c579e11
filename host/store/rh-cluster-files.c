/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-cluster-files.h"

#include "rh-leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <royal/error.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define OLDEST_MAJOR 15
#define PACKAGE "postgresql-15"
#define SOCKET_NAME "/.s.PGSQL.5432"

/* Rewritten at each start; operator.conf and ALTER SYSTEM come after it. */
static const char configuration[] =
    "# Written by the host at each start. Settings of your own belong in operator.conf.\n"
    "max_connections = 60\n"
    "shared_buffers = 128MB\n"
    "work_mem = 8MB\n"
    "maintenance_work_mem = 64MB\n"
    "max_wal_size = 1GB\n"
    "dynamic_shared_memory_type = posix\n"
    "jit = off\n"
    "autovacuum_naptime = 20s\n"
    "timezone = 'UTC'\n"
    "log_timezone = 'UTC'\n"
    "lc_messages = 'C'\n"
    "logging_collector = on\n"
    "log_directory = '../log'\n"
    "log_filename = 'postgresql-%a.log'\n"
    "log_truncate_on_rotation = on\n"
    "log_rotation_age = 1d\n"
    "log_rotation_size = 0\n"
    "log_line_prefix = '%m [%p] %q%u '\n"
    "include = 'operator.conf'\n";

static const char authentication[] = "local all all peer map=royal\n";

/* One statement a line, as the single-user server reads them. */
static const char bootstrap[] = "create role royal_owner login nosuperuser nocreaterole nobypassrls\n"
                                "create role royal_host login nosuperuser nocreatedb nocreaterole nobypassrls\n"
                                "grant royal_host to royal_owner\n"
                                "create database royal owner royal_owner\n";

RhClusterFiles *
rh_cluster_files_new (const char *data_dir)
{
  RhClusterFiles *self = g_new0 (RhClusterFiles, 1);
  g_autofree char *canonical = g_canonicalize_filename (data_dir, NULL);

  self->folder = g_build_filename (canonical, "postgres", NULL);
  self->data = g_build_filename (self->folder, "data", NULL);
  self->lock_fd = -1;
  return self;
}

void
rh_cluster_files_free (RhClusterFiles *self)
{
  if (self == NULL)
    return;
  rh_cluster_files_release (self);
  g_free (self->folder);
  g_free (self->data);
  g_free (self->socket_dir);
  g_free (self->bindir);
  g_free (self);
}

GStrv
rh_cluster_files_environ (void)
{
  g_auto (GStrv) names = g_listenv ();
  GStrv result = g_get_environ ();

  for (guint i = 0; names[i] != NULL; i++)
    if (g_str_has_prefix (names[i], "PG"))
      result = g_environ_unsetenv (result, names[i]);
  return g_environ_setenv (result, "LC_ALL", "C", TRUE);
}

static gboolean
fail_errno (const char *what, const char *path, GError **error)
{
  int saved = errno;

  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot %s %s: %s", what, path, g_strerror (saved));
  return FALSE;
}

static gboolean
take_lock (RhClusterFiles *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->folder, "lock", NULL);
  int fd;

  if (self->lock_fd >= 0)
    return TRUE;
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail_errno ("open", path, error);
  if (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      close (fd);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "another host runs the database in %s", self->folder);
      return FALSE;
    }
  self->lock_fd = fd;
  return TRUE;
}

/* The major version that a cluster in @data needs; 0 when there is no cluster. */
static guint
cluster_major (const char *data)
{
  g_autofree char *path = g_build_filename (data, "PG_VERSION", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? (guint)g_ascii_strtoull (text, NULL, 10) : 0;
}

static gboolean
has_programs (const char *bindir)
{
  g_autofree char *postgres = g_build_filename (bindir, "postgres", NULL);
  g_autofree char *initdb = g_build_filename (bindir, "initdb", NULL);

  return g_file_test (postgres, G_FILE_TEST_IS_EXECUTABLE) && g_file_test (initdb, G_FILE_TEST_IS_EXECUTABLE);
}

/* Debian keeps one folder per major version: the cluster's own, or the newest for a new cluster. */
static char *
find_debian_bindir (guint major)
{
  static const char root[] = "/usr/lib/postgresql";
  g_autoptr (GDir) dir = g_dir_open (root, 0, NULL);
  g_autofree char *best = NULL;
  const char *name;
  guint64 best_major = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      guint64 found = g_ascii_strtoull (name, NULL, 10);
      g_autofree char *bindir = g_build_filename (root, name, "bin", NULL);

      if (found < OLDEST_MAJOR || found <= best_major || (major != 0 && found != major) || !has_programs (bindir))
        continue;
      best_major = found;
      g_free (best);
      best = g_steal_pointer (&bindir);
    }
  return g_steal_pointer (&best);
}

static char *
find_other_bindir (void)
{
  const char *argv[] = { "pg_config", "--bindir", NULL };
  g_autofree char *out = NULL;
  g_autofree char *postgres = NULL;

  if (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out, NULL,
                    NULL, NULL) &&
      has_programs (g_strstrip (out)))
    return g_steal_pointer (&out);
  postgres = g_find_program_in_path ("postgres");
  return postgres != NULL ? g_path_get_dirname (postgres) : NULL;
}

static gboolean
find_programs (RhClusterFiles *self, GError **error)
{
  const char *configured = g_getenv ("ROYAL_PG_BINDIR");
  guint major = cluster_major (self->data);

  g_clear_pointer (&self->bindir, g_free);
  if (configured != NULL)
    self->bindir = g_strdup (configured);
  else if ((self->bindir = find_debian_bindir (major)) == NULL)
    self->bindir = find_other_bindir ();
  if (self->bindir != NULL && has_programs (self->bindir))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED,
               "no PostgreSQL server programs%s%s: install the Debian package " PACKAGE
               ", set ROYAL_PG_BINDIR, or give a database URL",
               configured != NULL ? " in " : "", configured != NULL ? configured : "");
  return FALSE;
}

/* Runs one of PostgreSQL's programs; its output becomes the error's text. */
static gboolean
run (RhClusterFiles *self, const char *const *arguments, const char *input, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autofree char *program = g_build_filename (self->bindir, arguments[0], NULL);
  g_auto (GStrv) environment = rh_cluster_files_environ ();
  g_auto (GStrv) all = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *output = NULL;

  g_strv_builder_add (argv, program);
  g_strv_builder_addv (argv, (const char **)arguments + 1);
  all = g_strv_builder_end (argv);
  g_subprocess_launcher_set_environ (launcher, environment);
  g_subprocess_launcher_set_cwd (launcher, self->folder);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *)all, error);
  if (process == NULL || !g_subprocess_communicate_utf8 (process, input, NULL, &output, NULL, error))
    {
      g_prefix_error (error, "%s: ", arguments[0]);
      return FALSE;
    }
  if (g_subprocess_get_successful (process))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s failed: %s", arguments[0], g_strstrip (output));
  return FALSE;
}

static gboolean
remove_tree (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileEnumerator) children = NULL;
  GFile *child;

  if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    {
      children = g_file_enumerate_children (file, "standard::name", G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, error);
      if (children == NULL)
        return FALSE;
      while (g_file_enumerator_iterate (children, NULL, &child, NULL, error) && child != NULL)
        if (!remove_tree (g_file_peek_path (child), error))
          return FALSE;
    }
  return g_remove (path) == 0 || errno == ENOENT || fail_errno ("remove", path, error);
}

static gboolean
sync_folder (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return ok || fail_errno ("sync", path, error);
}

/* The cluster appears under its name when it is complete, roles and database included: a host that is killed
 * before that starts anew. */
static gboolean
make_cluster (RhClusterFiles *self, GError **error)
{
  g_autofree char *fresh = g_strconcat (self->data, ".new", NULL);
  const char *initdb[] = {
    "initdb",        "--pgdata",         fresh, "--username=royal_admin", "--encoding=UTF8", "--locale=C.UTF-8",
    "--auth=reject", "--data-checksums", NULL
  };
  const char *single[] = { "postgres", "--single", "-D", fresh, "-c", "exit_on_error=true", "postgres", NULL };

  if (!remove_tree (fresh, error) || !run (self, initdb, NULL, error) || !run (self, single, bootstrap, error))
    return FALSE;
  if (g_rename (fresh, self->data) != 0)
    return fail_errno ("rename", fresh, error);
  return sync_folder (self->folder, error);
}

static gboolean
write_if_changed (const char *folder, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *old = NULL;

  if (g_file_get_contents (path, &old, NULL, NULL) && strcmp (old, text) == 0)
    return TRUE;
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

static gboolean
touch (const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    return fail_errno ("make", path, error);
  close (fd);
  return TRUE;
}

static gboolean
write_configuration (RhClusterFiles *self, GError **error)
{
  g_autoptr (GString) users = g_string_new (NULL);

  for (guint i = 0; i < 3; i++)
    g_string_append_printf (users, "royal \"%s\" %s\n", g_get_user_name (),
                            (const char *[]){ "royal_admin", "royal_owner", "royal_host" }[i]);
  return touch (self->data, "operator.conf", error) &&
         write_if_changed (self->data, "postgresql.conf", configuration, error) &&
         write_if_changed (self->data, "pg_hba.conf", authentication, error) &&
         write_if_changed (self->data, "pg_ident.conf", users->str, error);
}

/* A folder that is not there is made; one that is there must be this user's alone: others can write to /tmp. */
static gboolean
make_private_folder (const char *path, GError **error)
{
  struct stat st;

  if (g_mkdir_with_parents (path, 0700) != 0)
    return fail_errno ("make", path, error);
  if (lstat (path, &st) != 0)
    return fail_errno ("look at", path, error);
  if (S_ISDIR (st.st_mode) && st.st_uid == geteuid () && (st.st_mode & 077) == 0)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s must be a folder of user %s with mode 0700", path,
               g_get_user_name ());
  return FALSE;
}

static gboolean
fits_socket (const char *folder)
{
  return strlen (folder) + strlen (SOCKET_NAME) < sizeof ((struct sockaddr_un *)NULL)->sun_path;
}

static gboolean
choose_socket_dir (RhClusterFiles *self, GError **error)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, self->folder, -1);

  digest[16] = '\0';
  if (self->socket_dir == NULL)
    {
      g_autofree char *path = g_build_filename (self->folder, "run", NULL);
      g_autofree char *name = g_strdup_printf ("royal-%u-%s", geteuid (), digest);

      if (!fits_socket (path) && runtime != NULL && g_path_is_absolute (runtime))
        {
          g_free (path);
          path = g_build_filename (runtime, name, NULL);
        }
      if (!fits_socket (path))
        {
          g_free (path);
          path = g_build_filename ("/tmp", name, NULL);
        }
      self->socket_dir = g_steal_pointer (&path);
    }
  return make_private_folder (self->socket_dir, error);
}

static gboolean
refuse_root (GError **error)
{
  if (geteuid () != 0)
    return TRUE;
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "the embedded database does not run as root: start the host as an unprivileged user");
  return FALSE;
}

/* No process is left, so whatever lock of the socket is there is stale, though its pid may live in another program. */
static void
remove_stale_socket (RhClusterFiles *self)
{
  g_autofree char *socket = g_strconcat (self->socket_dir, SOCKET_NAME, NULL);
  g_autofree char *lock = g_strconcat (socket, ".lock", NULL);

  g_unlink (socket);
  g_unlink (lock);
}

gboolean
rh_cluster_files_prepare (RhClusterFiles *self, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (!refuse_root (error) || !make_private_folder (self->folder, error) || !take_lock (self, error) ||
      !find_programs (self, error))
    return FALSE;
  if (cluster_major (self->data) == 0 && !make_cluster (self, error))
    {
      g_prefix_error (error, "cannot make a database in %s: ", self->folder);
      return FALSE;
    }
  if (!choose_socket_dir (self, error) || !rh_leftovers_end (self->data, error))
    return FALSE;
  remove_stale_socket (self);
  return write_configuration (self, error);
}

/* The postmaster tells its state in the eighth line of its lock file, as pg_ctl reads it. */
gboolean
rh_cluster_files_is_ready (RhClusterFiles *self, GPid pid)
{
  g_autofree char *path = g_build_filename (self->data, "postmaster.pid", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  lines = g_strsplit (text, "\n", 9);
  return g_strv_length (lines) >= 8 && g_ascii_strtoll (lines[0], NULL, 10) == pid &&
         g_str_has_prefix (lines[7], "ready");
}

char *
rh_cluster_files_start_log (RhClusterFiles *self)
{
  return g_build_filename (self->folder, "start.log", NULL);
}

char *
rh_cluster_files_last_words (RhClusterFiles *self)
{
  g_autofree char *path = rh_cluster_files_start_log (self);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup ("");
  g_strdelimit (g_strstrip (text), "\n\t", ' ');
  return text;
}

void
rh_cluster_files_release (RhClusterFiles *self)
{
  if (self->socket_dir != NULL && !g_str_has_prefix (self->socket_dir, self->folder))
    g_rmdir (self->socket_dir);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  self->lock_fd = -1;
}
