/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-modules.h"

#include "royal-elf.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <royal/error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_NAME "agent.so"
#define UNFINISHED ".new-"

static gboolean
fail_errno (GError **error, const char *doing, const char *path)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s %s: %s", doing, path, g_strerror (errno));
  return FALSE;
}

static gboolean
write_all (int fd, GBytes *bytes)
{
  gsize length, done = 0;
  const char *data = g_bytes_get_data (bytes, &length);

  while (done < length)
    {
      gssize n = write (fd, data + done, length - done);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      done += (gsize)n;
    }
  return TRUE;
}

static gboolean
write_copy (const char *path, GBytes *bytes, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    return fail_errno (error, "cannot make", path);
  /* The worker reads it as another user. The host's umask has no say. */
  gboolean ok = write_all (fd, bytes) && fchmod (fd, 0444) == 0 && fsync (fd) == 0;
  int saved = errno;
  close (fd);
  errno = saved;
  return ok || fail_errno (error, "cannot write", path);
}

/* A folder with one copy in it, or what is left of one. */
static void
remove_copy (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, COPY_NAME, NULL);

  /* Its own owner, unless root, must be allowed to write first. */
  (void)g_chmod (folder, 0700);
  (void)g_unlink (path);
  (void)g_rmdir (folder);
}

static gboolean
holds (const char *path, GBytes *bytes)
{
  g_autoptr (GBytes) there = royal_elf_read (path, NULL);

  return there != NULL && g_bytes_equal (there, bytes);
}

static gboolean
move_in (const char *unfinished, const char *folder, const char *path, GBytes *bytes, GError **error)
{
  if (g_rename (unfinished, folder) == 0)
    return TRUE;
  if ((errno != EEXIST && errno != ENOTEMPTY) || holds (path, bytes))
    return errno == EEXIST || errno == ENOTEMPTY || fail_errno (error, "cannot make", folder);
  remove_copy (folder);
  return g_rename (unfinished, folder) == 0 || fail_errno (error, "cannot make", folder);
}

static gboolean
make_copy (const char *parent, const char *folder, const char *path, GBytes *bytes, GError **error)
{
  g_autofree char *unfinished = g_build_filename (parent, UNFINISHED "XXXXXX", NULL);

  if (g_mkdtemp (unfinished) == NULL)
    return fail_errno (error, "cannot make", unfinished);

  g_autofree char *copy = g_build_filename (unfinished, COPY_NAME, NULL);
  gboolean ok = write_copy (copy, bytes, error);
  if (ok && g_chmod (unfinished, 0555) != 0)
    ok = fail_errno (error, "cannot protect", unfinished);
  ok = ok && move_in (unfinished, folder, path, bytes, error);
  if (g_file_test (unfinished, G_FILE_TEST_EXISTS))
    remove_copy (unfinished);
  return ok;
}

char *
rh_modules_keep (const char *folder, GBytes *bytes, const char *sha256, GError **error)
{
  g_return_val_if_fail (folder != NULL, NULL);
  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (sha256 != NULL && strlen (sha256) == 64, NULL);

  g_autofree char *own = g_build_filename (folder, sha256, NULL);
  g_autofree char *path = g_build_filename (own, COPY_NAME, NULL);

  if (holds (path, bytes))
    return g_steal_pointer (&path);
  if (g_mkdir_with_parents (folder, 0755) != 0)
    {
      fail_errno (error, "cannot make", folder);
      return NULL;
    }
  return make_copy (folder, own, path, bytes, error) ? g_steal_pointer (&path) : NULL;
}

static gboolean
is_hash (const char *name)
{
  return strlen (name) == 64 && strspn (name, "0123456789abcdef") == 64;
}

void
rh_modules_prune (const char *folder, GHashTable *wanted)
{
  g_return_if_fail (folder != NULL);
  g_return_if_fail (wanted != NULL);

  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      gboolean ours = g_str_has_prefix (name, UNFINISHED) || is_hash (name);
      if (!ours || g_hash_table_contains (wanted, name))
        continue;
      g_autofree char *path = g_build_filename (folder, name, NULL);
      remove_copy (path);
    }
}
