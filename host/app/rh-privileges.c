/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-privileges.h"

#include <royal/error.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct passwd *
find_user (const char *user, GError **error)
{
  static const char *const usual[] = { "royal", "nobody", NULL };
  const struct passwd *found = NULL;

  if (user != NULL && *user != '\0')
    found = getpwnam (user);
  else
    for (guint i = 0; usual[i] != NULL && found == NULL; i++)
      found = getpwnam (usual[i]);
  if (found == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "no user is named `%s`: the host does not run as root",
                 user != NULL && *user != '\0' ? user : "royal");
  else if (found->pw_uid == 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "user `%s` is root: the host does not run as root", user);
      return NULL;
    }
  return found;
}

static gboolean
hand_over (const char *path, const struct passwd *user, GError **error)
{
  struct stat status;
  int fd;
  gboolean done;

  if (g_mkdir_with_parents (path, 0711) != 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot make %s: %s", path, g_strerror (errno));
      return FALSE;
    }
  fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  done = fd >= 0 && fstat (fd, &status) == 0 && (status.st_uid != 0 || fchown (fd, user->pw_uid, user->pw_gid) == 0);
  if (!done)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot hand %s over to %s: %s", path, user->pw_name,
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return done;
}

gboolean
rh_privileges_drop (const char *name, const char *const *own, GError **error)
{
  const struct passwd *user;

  if (geteuid () != 0)
    return TRUE;
  user = find_user (name, error);
  if (user == NULL)
    return FALSE;
  for (guint i = 0; own[i] != NULL; i++)
    if (!hand_over (own[i], user, error))
      return FALSE;
  if (initgroups (user->pw_name, user->pw_gid) != 0 || setresgid (user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
      setresuid (user->pw_uid, user->pw_uid, user->pw_uid) != 0 || setuid (0) == 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot become user `%s`: %s", user->pw_name,
                   g_strerror (errno));
      return FALSE;
    }
  /* Core dumps and /proc of the host stay closed to others of this user all the same. */
  prctl (PR_SET_DUMPABLE, 0);
  g_setenv ("HOME", user->pw_dir, TRUE);
  g_setenv ("USER", user->pw_name, TRUE);
  return TRUE;
}
