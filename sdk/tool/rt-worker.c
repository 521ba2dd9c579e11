/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-worker.h"

#include <gio/gio.h>
#include <royal/error.h>

static gboolean
is_program (const char *path)
{
  return g_file_test (path, G_FILE_TEST_IS_EXECUTABLE) && !g_file_test (path, G_FILE_TEST_IS_DIR);
}

char *
rt_worker_find (GError **error)
{
  const char *named = g_getenv ("ROYAL_WORKER");
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = self != NULL ? g_path_get_dirname (self) : g_strdup (ROYAL_BINDIR);
  const char *const places[][2] = {
    { here, "../worker/royal-worker" }, /* a build folder: sdk/tool, sdk/worker */
    { here, ROYAL_WORKER_FROM_BINDIR }, /* installed */
    { ROYAL_LIBEXECDIR, "royal-worker" },
  };

  if (named != NULL && named[0] != '\0')
    {
      if (is_program (named))
        return g_canonicalize_filename (named, NULL);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "ROYAL_WORKER: expected a program, found %s", named);
      return NULL;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = g_canonicalize_filename (places[i][1], places[i][0]);
      if (is_program (path))
        return g_steal_pointer (&path);
    }
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND,
               "royal-worker was found neither beside %s nor in " ROYAL_LIBEXECDIR "; set ROYAL_WORKER to its path",
               here);
  return NULL;
}
