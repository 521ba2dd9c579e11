/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-cluster.h"

#include "rh-cluster-files.h"
#include "rh-log.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <royal/error.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#define POLL_READY_MS 10
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 5000
#define KILL_AFTER_MS 3000

typedef enum { STOPPED, PREPARING, STARTING, RUNNING, RESTING, STOPPING } State;

struct _RhCluster {
  GObject parent_instance;

  RhClusterFiles *files;
  State state;
  GPid pid;
  guint watch_id; /* of the child; lives as long as it */
  guint timer_id; /* the readiness poll, the backoff or the next signal, by state */
  guint backoff_ms;
  guint n_signals; /* of a stop */
  GTask *start;    /* whoever waits for readiness; NULL for a restart of our own */
  GTask *stop;
};

G_DEFINE_FINAL_TYPE (RhCluster, rh_cluster, G_TYPE_OBJECT)

static guint exited_signal;

static void prepare (RhCluster *self);

static void
clear_timer (RhCluster *self)
{
  if (self->timer_id != 0)
    g_source_remove (self->timer_id);
  self->timer_id = 0;
}

static void
rh_cluster_dispose (GObject *object)
{
  RhCluster *self = RH_CLUSTER (object);

  clear_timer (self);
  g_clear_handle_id (&self->watch_id, g_source_remove);
  if (self->pid != 0)
    kill (self->pid, SIGQUIT);
  self->pid = 0;
  g_clear_pointer (&self->files, rh_cluster_files_free);
  G_OBJECT_CLASS (rh_cluster_parent_class)->dispose (object);
}

static void
rh_cluster_class_init (RhClusterClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rh_cluster_dispose;
  exited_signal =
      g_signal_new ("exited", RH_TYPE_CLUSTER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
}

static void
rh_cluster_init (RhCluster *self)
{
}

RhCluster *
rh_cluster_new (const char *data_dir)
{
  RhCluster *self;

  g_return_val_if_fail (data_dir != NULL, NULL);

  self = g_object_new (RH_TYPE_CLUSTER, NULL);
  self->files = rh_cluster_files_new (data_dir);
  return self;
}

static gboolean
rest_is_over (gpointer data)
{
  RhCluster *self = data;

  self->timer_id = 0;
  prepare (self);
  return G_SOURCE_REMOVE;
}

/* A first start reports its failure; a restart is tried again for as long as the host lives. */
static void
fail_start (RhCluster *self, GError *error)
{
  clear_timer (self);
  if (self->start != NULL)
    {
      g_autoptr (GTask) start = g_steal_pointer (&self->start);

      self->state = STOPPED;
      rh_cluster_files_release (self->files);
      g_task_return_error (start, error);
      return;
    }
  rh_log (RH_LOG_ERROR, "cluster.restart", "the database does not start again yet", "error", error->message, NULL);
  g_error_free (error);
  self->state = RESTING;
  self->timer_id = g_timeout_add (self->backoff_ms, rest_is_over, self);
  self->backoff_ms = MIN (self->backoff_ms * 2, BACKOFF_MAX_MS);
}

static void
finish_stop (RhCluster *self)
{
  g_autoptr (GTask) stop = g_steal_pointer (&self->stop);

  clear_timer (self);
  self->state = STOPPED;
  rh_cluster_files_release (self->files);
  if (self->start != NULL)
    {
      g_autoptr (GTask) start = g_steal_pointer (&self->start);

      g_task_return_new_error (start, ROYAL_ERROR, ROYAL_ERROR_CANCELLED, "the database was stopped while it started");
    }
  g_task_return_boolean (stop, TRUE);
}

static void
child_exited (GPid pid, gint wait_status, gpointer data)
{
  g_autoptr (RhCluster) self = g_object_ref (data);
  State was = self->state;

  g_assert (pid == self->pid);

  self->watch_id = 0;
  self->pid = 0;
  clear_timer (self);
  if (was == STOPPING)
    {
      finish_stop (self);
      return;
    }
  if (was == STARTING)
    {
      g_autofree char *words = rh_cluster_files_last_words (self->files);

      fail_start (self,
                  g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE,
                               "the database ended while it started (see %s/log): %s", self->files->folder, words));
      return;
    }
  rh_log (RH_LOG_ERROR, "cluster.exited", "the database ended unexpectedly and is started again", NULL);
  self->state = RESTING;
  self->backoff_ms = BACKOFF_FIRST_MS;
  self->timer_id = g_timeout_add (self->backoff_ms, rest_is_over, self);
  g_signal_emit (self, exited_signal, 0, wait_status);
}

static void
become_ready (RhCluster *self)
{
  clear_timer (self);
  self->state = RUNNING;
  self->backoff_ms = BACKOFF_FIRST_MS;
  rh_log (RH_LOG_INFO, "cluster.ready", "the embedded database accepts connections", NULL);
  if (self->start != NULL)
    {
      g_autoptr (GTask) start = g_steal_pointer (&self->start);

      g_task_return_boolean (start, TRUE);
    }
}

static gboolean
poll_ready (gpointer data)
{
  RhCluster *self = data;

  if (!rh_cluster_files_is_ready (self->files, self->pid))
    return G_SOURCE_CONTINUE;
  self->timer_id = 0;
  become_ready (self);
  return G_SOURCE_REMOVE;
}

/* Between fork and exec: only async-signal-safe calls. A session of its own keeps a terminal's Ctrl-C from ending the
 * database before the host; should the host be killed, the kernel tells the postmaster to drop everything. */
static void
in_child (gpointer data)
{
  const GPid *host = data;

  setsid ();
  prctl (PR_SET_PDEATHSIG, SIGQUIT);
  if (getppid () != *host)
    _exit (1);
}

static GStrv
postmaster_arguments (RhCluster *self)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autofree char *program = g_build_filename (self->files->bindir, "postgres", NULL);
  g_autofree char *sockets = g_strdup_printf ("unix_socket_directories=\"%s\"", self->files->socket_dir);

  g_strv_builder_add_many (argv, program, "-D", self->files->data, "-c", sockets, "-c", "unix_socket_permissions=0700",
                           "-c", "listen_addresses=", "-c", "port=5432", NULL);
  return g_strv_builder_end (argv);
}

static gboolean
spawn (RhCluster *self, GError **error)
{
  g_auto (GStrv) argv = postmaster_arguments (self);
  g_auto (GStrv) environment = rh_cluster_files_environ ();
  g_autofree char *log_path = rh_cluster_files_start_log (self->files);
  int log = open (log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  GPid host = getpid ();
  gboolean ok;

  ok = g_spawn_async_with_fds (self->files->folder, argv, environment, G_SPAWN_DO_NOT_REAP_CHILD, in_child, &host,
                               &self->pid, null, log, log, error);
  if (log >= 0)
    close (log);
  if (null >= 0)
    close (null);
  if (ok)
    self->watch_id = g_child_watch_add (self->pid, child_exited, self);
  return ok;
}

static void
prepare_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (rh_cluster_files_prepare (data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
prepared (GObject *object, GAsyncResult *result, gpointer data)
{
  RhCluster *self = RH_CLUSTER (object);
  GError *error = NULL;
  gboolean ok = g_task_propagate_boolean (G_TASK (result), &error);

  if (self->stop != NULL)
    {
      g_clear_error (&error);
      finish_stop (self);
      return;
    }
  if (!ok || !spawn (self, &error))
    {
      fail_start (self, error);
      return;
    }
  self->state = STARTING;
  self->timer_id = g_timeout_add (POLL_READY_MS, poll_ready, self);
}

static void
prepare (RhCluster *self)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, prepared, NULL);

  self->state = PREPARING;
  g_task_set_source_tag (task, prepare);
  g_task_set_task_data (task, self->files, NULL);
  g_task_run_in_thread (task, prepare_thread);
}

void
rh_cluster_start_async (RhCluster *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (RH_IS_CLUSTER (self));

  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, rh_cluster_start_async);
  if (self->state != STOPPED)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "the database was started before");
      return;
    }
  self->start = g_steal_pointer (&task);
  self->backoff_ms = BACKOFF_FIRST_MS;
  prepare (self);
}

gboolean
rh_cluster_start_finish (RhCluster *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
append_quoted (GString *out, const char *text)
{
  g_string_append_c (out, '\'');
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '\'' || *p == '\\')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *p);
    }
  g_string_append_c (out, '\'');
}

char *
rh_cluster_conninfo (RhCluster *self, const char *role)
{
  GString *out;

  g_return_val_if_fail (RH_IS_CLUSTER (self) && role != NULL, NULL);
  g_return_val_if_fail (self->files->socket_dir != NULL, NULL);

  out = g_string_new ("host=");
  append_quoted (out, self->files->socket_dir);
  g_string_append (out, " port=5432 dbname=royal user=");
  append_quoted (out, role);
  return g_string_free (out, FALSE);
}

GPid
rh_cluster_pid (RhCluster *self)
{
  g_return_val_if_fail (RH_IS_CLUSTER (self), 0);

  return self->pid;
}

/* Fast, then immediate, then without asking. */
static gboolean
signal_harder (gpointer data)
{
  RhCluster *self = data;

  kill (self->pid, self->n_signals++ == 0 ? SIGQUIT : SIGKILL);
  self->timer_id = g_timeout_add (KILL_AFTER_MS, signal_harder, self);
  return G_SOURCE_REMOVE;
}

void
rh_cluster_stop_async (RhCluster *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (RH_IS_CLUSTER (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_cluster_stop_async);
  if (self->stop != NULL)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "the database is being stopped");
      return;
    }
  if (self->state == STOPPED)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  self->stop = g_steal_pointer (&task);
  clear_timer (self);
  if (self->state == RESTING)
    finish_stop (self);
  if (self->pid == 0) /* PREPARING stops when its thread is done */
    return;
  self->state = STOPPING;
  self->n_signals = 0;
  kill (self->pid, SIGINT);
  self->timer_id = g_timeout_add (timeout_ms, signal_harder, self);
}

gboolean
rh_cluster_stop_finish (RhCluster *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
