/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-module.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TASKS_MAX 256

/* The table and the task of the first ABI: no plugin is shorter. */
#define TABLE_SIZE_MIN (G_STRUCT_OFFSET (RoyalAgentTable, n_tasks) + sizeof (guint64))
#define TASK_SIZE_MIN (G_STRUCT_OFFSET (RoyalTask, func) + sizeof (RoyalTaskFunc))

struct _RoyalModule {
  guint abi;
  GArray *tasks; /* of RoyalTask */
};

static gboolean invalid (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
invalid (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "module: %s", message);
  return FALSE;
}

static gboolean
check_hash (int fd, gsize size, const char *sha256, GError **error)
{
  g_autofree char *found = NULL;
  void *map = mmap (NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

  if (map == MAP_FAILED)
    return invalid (error, "cannot be read: %s", g_strerror (errno));
  found = g_compute_checksum_for_data (G_CHECKSUM_SHA256, map, size);
  munmap (map, size);
  if (g_ascii_strcasecmp (found, sha256) == 0)
    return TRUE;
  return invalid (error, "expected the SHA-256 %.64s, found %s", sha256, found);
}

gboolean
royal_module_verify (const char *path, const char *sha256, GError **error)
{
  struct stat st;
  gboolean verified;
  int fd;

  g_return_val_if_fail (path != NULL, FALSE);

  fd = open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return invalid (error, "%s: %s", path, errno == ELOOP ? "is a symbolic link" : g_strerror (errno));
  if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode) || st.st_size == 0)
    verified = invalid (error, "%s: expected a plain file that is not empty", path);
  else
    verified = sha256 == NULL || check_hash (fd, (gsize)st.st_size, sha256, error);
  close (fd);
  return verified;
}

static gboolean
check_table (const RoyalAgentTable *table, GError **error)
{
  if (table->magic != ROYAL_AGENT_MAGIC)
    return invalid (error, "its %s is not a table of ROYAL_AGENT()", ROYAL_AGENT_SYMBOL);
  if (table->abi > ROYAL_ABI)
    return invalid (error,
                    "it was built for ABI %u and this Royal offers ABI %u: Royal is too old; update it, or build the "
                    "plugin with an SDK of ABI %u",
                    table->abi, ROYAL_ABI, ROYAL_ABI);
  if (table->abi < ROYAL_ABI)
    return invalid (error,
                    "it was built for ABI %u and this Royal offers ABI %u: the plugin is too old; build it again with "
                    "an SDK of ABI %u",
                    table->abi, ROYAL_ABI, ROYAL_ABI);
  if (table->size < TABLE_SIZE_MIN || table->task_size < TASK_SIZE_MIN)
    return invalid (error, "its table is damaged: expected at least %zu and %zu bytes, found %u and %u",
                    (gsize)TABLE_SIZE_MIN, (gsize)TASK_SIZE_MIN, table->size, table->task_size);
  return TRUE;
}

static gboolean
add_task (RoyalModule *self, const void *bytes, gsize size, GError **error)
{
  RoyalTask task = { 0 };

  memcpy (&task, bytes, MIN (size, sizeof task));
  if (task.name == NULL || *task.name == '\0' || task.func == NULL)
    return invalid (error, "task %u has no name or no function", self->tasks->len);
  if (royal_module_find (self, task.name) != NULL)
    return invalid (error, "task \"%s\" is there twice", task.name);
  g_array_append_val (self->tasks, task);
  return TRUE;
}

RoyalModule *
royal_module_new (const RoyalAgentTable *table, GError **error)
{
  g_autoptr (RoyalModule) self = NULL;
  RoyalAgentTable mine = { 0 };

  g_return_val_if_fail (table != NULL, NULL);

  if (!check_table (table, error))
    return NULL;
  memcpy (&mine, table, MIN (table->size, sizeof mine));
  if (mine.tasks == NULL || mine.n_tasks < 1 || mine.n_tasks > TASKS_MAX)
    {
      invalid (error, "expected 1 to %d tasks, found %" G_GUINT64_FORMAT, TASKS_MAX, mine.n_tasks);
      return NULL;
    }
  self = g_new0 (RoyalModule, 1);
  self->abi = mine.abi;
  self->tasks = g_array_new (FALSE, TRUE, sizeof (RoyalTask));
  for (guint64 i = 0; i < mine.n_tasks; i++)
    {
      if (!add_task (self, (const guint8 *)mine.tasks + i * mine.task_size, mine.task_size, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

RoyalModule *
royal_module_load (const char *path, GError **error)
{
  void *handle, *table;

  g_return_val_if_fail (path != NULL, NULL);

  handle = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL)
    {
      invalid (error, "%s", dlerror ());
      return NULL;
    }
  table = dlsym (handle, ROYAL_AGENT_SYMBOL);
  if (table == NULL)
    {
      invalid (error, "it exports no %s: it was not built with ROYAL_AGENT()", ROYAL_AGENT_SYMBOL);
      return NULL;
    }
  return royal_module_new (table, error);
}

void
royal_module_free (RoyalModule *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->tasks);
  g_free (self);
}

guint
royal_module_abi (const RoyalModule *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->abi;
}

guint
royal_module_n_tasks (const RoyalModule *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->tasks->len;
}

const RoyalTask *
royal_module_task (const RoyalModule *self, guint index)
{
  g_return_val_if_fail (self != NULL && index < self->tasks->len, NULL);

  return &g_array_index (self->tasks, RoyalTask, index);
}

const RoyalTask *
royal_module_find (const RoyalModule *self, const char *name)
{
  g_return_val_if_fail (self != NULL && name != NULL, NULL);

  for (guint i = 0; i < self->tasks->len; i++)
    {
      const RoyalTask *task = &g_array_index (self->tasks, RoyalTask, i);

      if (g_str_equal (task->name, name))
        return task;
    }
  return NULL;
}
