/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-cgroups.h"

#include "rh-log.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <royal/error.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Processes that may appear while the others are moved. */
#define MOVE_ROUNDS 8

struct _RhCgroups {
  char *folder;
  guint next;
};

/* In one write, as the kernel wants it. */
static gboolean
put (const char *folder, const char *file, const char *text)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  gboolean ok = fd >= 0 && write (fd, text, strlen (text)) == (gssize)strlen (text);
  int saved = errno;

  if (fd >= 0)
    close (fd);
  errno = saved;
  return ok;
}

static char *
get (const char *folder, const char *file)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

/* A group with processes may not hand controllers on to its children: all go into one of them. */
static gboolean
move_processes (const char *from, const char *to)
{
  for (guint round = 0; round < MOVE_ROUNDS; round++)
    {
      g_autofree char *text = get (from, "cgroup.procs");
      g_auto (GStrv) pids = g_strsplit (text != NULL ? text : "", "\n", -1);

      if (text == NULL || *text == '\0')
        return text != NULL;
      for (guint i = 0; pids[i] != NULL && *pids[i] != '\0'; i++)
        if (!put (to, "cgroup.procs", pids[i]) && errno != ESRCH)
          return FALSE;
    }
  return FALSE;
}

RhCgroups *
rh_cgroups_new_at (const char *folder, GError **error)
{
  g_autofree char *host = NULL;
  g_autofree char *controllers = NULL;
  RhCgroups *self;

  g_return_val_if_fail (folder != NULL, NULL);

  host = g_build_filename (folder, "host", NULL);
  controllers = get (folder, "cgroup.controllers");
  if (controllers == NULL || strstr (controllers, "memory") == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s has no memory controller", folder);
      return NULL;
    }
  if ((mkdir (host, 0755) < 0 && errno != EEXIST) || !move_processes (folder, host) ||
      !put (folder, "cgroup.subtree_control", "+memory"))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s cannot be divided: %s", folder, g_strerror (errno));
      return NULL;
    }
  self = g_new0 (RhCgroups, 1);
  self->folder = g_strdup (folder);
  return self;
}

/* (nullable) (transfer full): where the version 2 hierarchy is mounted. */
static char *
find_mount (void)
{
  g_autofree char *text = get ("/proc/self", "mountinfo");
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    if (strstr (lines[i], " - cgroup2 ") != NULL)
      {
        g_auto (GStrv) fields = g_strsplit (lines[i], " ", 6);
        return g_strv_length (fields) == 6 ? g_strdup (fields[4]) : NULL;
      }
  return NULL;
}

/* The mark that a service manager leaves on what it hands over. Writable alone is not enough: root may write
 * everywhere, and moving a login session's processes about is not for a host to do. */
static gboolean
is_delegated (const char *folder)
{
  char mark[2] = { 0 };

  return (getxattr (folder, "user.delegate", mark, 1) == 1 || getxattr (folder, "trusted.delegate", mark, 1) == 1) &&
         mark[0] == '1';
}

RhCgroups *
rh_cgroups_new (void)
{
  g_autofree char *mount = find_mount ();
  g_autofree char *membership = get ("/proc/self", "cgroup");
  char *own = membership != NULL ? strstr (membership, "0::/") : NULL;
  g_autofree char *folder = NULL;
  g_autoptr (GError) error = NULL;
  RhCgroups *self;

  if (mount == NULL || own == NULL)
    return NULL;
  *strchrnul (own, '\n') = '\0';
  folder = g_build_filename (mount, own + strlen ("0::"), NULL);
  /* A host that came back within the same service begins in the child. */
  if (g_str_has_suffix (folder, "/host"))
    *strrchr (folder, '/') = '\0';
  if (!is_delegated (folder))
    return NULL;
  self = rh_cgroups_new_at (folder, &error);
  if (self == NULL)
    rh_log (RH_LOG_NOTICE, "worker.no-cgroup", "workers have no control groups of their own", "error", error->message,
            NULL);
  return self;
}

void
rh_cgroups_free (RhCgroups *self)
{
  if (self == NULL)
    return;
  g_free (self->folder);
  g_free (self);
}

char *
rh_cgroups_add (RhCgroups *self, GPid pid, guint memory_mb)
{
  g_autofree char *name = NULL;
  g_autofree char *group = NULL;
  g_autofree char *ceiling = NULL;
  g_autofree char *process = NULL;

  g_return_val_if_fail (self != NULL && pid > 0 && memory_mb > 0, NULL);

  name = g_strdup_printf ("worker-%d-%u", pid, self->next++);
  group = g_build_filename (self->folder, name, NULL);
  ceiling = g_strdup_printf ("%" G_GUINT64_FORMAT, (guint64)memory_mb << 20);
  process = g_strdup_printf ("%d", pid);
  if (mkdir (group, 0755) < 0)
    return NULL;
  /* The swap's file is missing where there is no swap. */
  put (group, "memory.swap.max", "0");
  if (put (group, "memory.max", ceiling) && put (group, "cgroup.procs", process))
    return g_steal_pointer (&group);
  rmdir (group);
  return NULL;
}

gboolean
rh_cgroups_hit_ceiling (const char *group)
{
  g_autofree char *events = NULL;
  const char *count;

  g_return_val_if_fail (group != NULL, FALSE);

  events = get (group, "memory.events");
  count = events != NULL ? strstr (events, "oom_kill ") : NULL;
  return count != NULL && g_ascii_strtoull (count + strlen ("oom_kill "), NULL, 10) > 0;
}

void
rh_cgroups_remove (const char *group)
{
  g_return_if_fail (group != NULL);

  if (rmdir (group) < 0)
    rh_log (RH_LOG_DEBUG, "worker.cgroup-left", "a worker's control group could not be removed", "group", group, NULL);
}
