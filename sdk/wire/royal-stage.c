/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-stage.h"

#include <glib/gstdio.h>
#include <royal/error.h>
#include <unistd.h>

struct _RoyalStage {
  char *folder; /* NULL: the module lies where it lay */
  char *path;
};

static gboolean
copy_module (RoyalStage *self, const char *module, GError **error)
{
  g_autofree char *bytes = NULL;
  g_autofree char *name = g_path_get_basename (module);
  gsize length;

  if (!g_file_get_contents (module, &bytes, &length, NULL))
    {
      self->path = g_strdup (module); /* the worker says what is wrong with it */
      return TRUE;
    }
  self->folder = g_dir_make_tmp ("royal-module-XXXXXX", error);
  if (self->folder == NULL)
    return FALSE;
  self->path = g_build_filename (self->folder, name, NULL);
  return g_file_set_contents_full (self->path, bytes, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0644, error) &&
         g_chmod (self->folder, 0755) == 0;
}

RoyalStage *
royal_stage_new (const char *module, GError **error)
{
  g_autoptr (RoyalStage) self = NULL;
  g_autoptr (GError) fault = NULL;

  g_return_val_if_fail (module != NULL, NULL);

  self = g_new0 (RoyalStage, 1);
  if (geteuid () != 0)
    self->path = g_strdup (module);
  else if (!copy_module (self, module, &fault))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot copy the module for the worker's user: %s",
                   fault != NULL ? fault->message : module);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
royal_stage_free (RoyalStage *self)
{
  if (self == NULL)
    return;
  if (self->folder != NULL && self->path != NULL)
    g_unlink (self->path);
  if (self->folder != NULL)
    g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->path);
  g_free (self);
}

const char *
royal_stage_path (const RoyalStage *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->path;
}
