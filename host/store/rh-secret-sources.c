/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-secret-sources.h"

#include <errno.h>
#include <fcntl.h>
#include <royal/error.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "ROYAL_SECRET_"
#define KEY_VARIABLE "ROYAL_SECRETS_KEY"
#define LISTED_MAX 1000

extern char **environ;

struct _RhSecretSources {
  char *folders[3]; /* systemd's, the mounted one; NULL-terminated */
};

static GHashTable *taken; /* variable, without the prefix → RhSecret */
static RhSecret *taken_key;

/* The folder of credentials is not secret, and stays. */
static gboolean
take_variable (char *variable)
{
  char *value = strchr (variable, '=');
  gboolean is_key = g_str_has_prefix (variable, KEY_VARIABLE "=");
  RhSecret *secret;

  if (value == NULL || (!is_key && !g_str_has_prefix (variable, PREFIX)))
    return FALSE;
  *value++ = '\0';
  secret = rh_secret_new (value, strlen (value));
  sodium_memzero (value, strlen (value));
  if (is_key)
    {
      g_clear_pointer (&taken_key, rh_secret_unref);
      taken_key = secret;
    }
  else
    g_hash_table_insert (taken, g_strdup (variable + strlen (PREFIX)), secret);
  return TRUE;
}

void
rh_secret_sources_take_environment (void)
{
  guint kept = 0;

  if (taken == NULL)
    taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)rh_secret_unref);
  for (guint i = 0; environ != NULL && environ[i] != NULL; i++)
    if (!take_variable (environ[i]))
      environ[kept++] = environ[i];
  if (environ != NULL)
    environ[kept] = NULL;
}

RhSecretSources *
rh_secret_sources_new (const char *folder)
{
  RhSecretSources *self = g_new0 (RhSecretSources, 1);
  const char *credentials = g_getenv ("CREDENTIALS_DIRECTORY");
  guint n = 0;

  if (credentials != NULL && g_path_is_absolute (credentials))
    self->folders[n++] = g_strdup (credentials);
  if (folder != NULL && *folder != '\0')
    self->folders[n++] = g_strdup (folder);
  return self;
}

void
rh_secret_sources_free (RhSecretSources *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; self->folders[i] != NULL; i++)
    g_free (self->folders[i]);
  g_free (self);
}

/* hook-orders → HOOK_ORDERS */
static char *
variable_of (const char *name)
{
  char *upper = g_ascii_strup (name, -1);

  return g_strdelimit (upper, "-", '_');
}

static RhSecret *
read_secret (int fd, const char *path, GError **error)
{
  char *buffer = sodium_malloc (RH_SECRET_MAX + 2);
  RhSecret *secret = NULL;
  struct stat status;
  gsize length = 0;
  gssize n = 0;

  g_assert (buffer != NULL);
  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: expected a regular file", path);
      sodium_free (buffer);
      return NULL;
    }
  while (length < RH_SECRET_MAX + 2 && (n = read (fd, buffer + length, RH_SECRET_MAX + 2 - length)) > 0)
    length += (gsize)n;
  if (length > 0 && buffer[length - 1] == '\n')
    length--;
  if (n < 0)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: %s", path, g_strerror (errno));
  else if (length == 0 || length > RH_SECRET_MAX)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: expected 1 to %" G_GSIZE_FORMAT " bytes", path,
                 RH_SECRET_MAX);
  else
    secret = rh_secret_new (buffer, length);
  sodium_free (buffer);
  return secret;
}

static RhSecret *
read_file (const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  RhSecret *secret;

  if (fd < 0)
    {
      if (errno != ENOENT && errno != ENOTDIR)
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: %s", path, g_strerror (errno));
      return NULL;
    }
  secret = read_secret (fd, path, error);
  close (fd);
  return secret;
}

RhSecret *
rh_secret_sources_find (RhSecretSources *self, const char *name, const char **ret_source, GError **error)
{
  g_autofree char *variable = NULL;
  RhSecret *secret = NULL;
  GError *fault = NULL;

  g_return_val_if_fail (self != NULL && rh_secret_is_name (name) && ret_source != NULL, NULL);

  if (sodium_init () < 0)
    g_error ("libsodium cannot be used");
  variable = variable_of (name);
  *ret_source = "environment";
  if (taken != NULL)
    secret = g_hash_table_lookup (taken, variable);
  if (secret != NULL)
    return rh_secret_ref (secret);
  *ret_source = "file";
  for (guint i = 0; self->folders[i] != NULL && secret == NULL && fault == NULL; i++)
    secret = read_file (self->folders[i], name, &fault);
  if (fault != NULL)
    g_propagate_error (error, fault);
  return secret;
}

RhSecret *
rh_secret_sources_key (RhSecretSources *self)
{
  return taken_key;
}

char *
rh_secret_sources_credential (RhSecretSources *self, const char *name)
{
  g_autofree char *path = NULL;

  if (self->folders[0] == NULL)
    return NULL;
  path = g_build_filename (self->folders[0], name, NULL);
  return g_file_test (path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&path) : NULL;
}

char *
rh_secret_sources_places (RhSecretSources *self, const char *name)
{
  g_autofree char *variable = variable_of (name);
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "the environment (" PREFIX "%s)", variable);
  for (guint i = 0; self->folders[i] != NULL; i++)
    g_string_append_printf (text, ", nor in %s", self->folders[i]);
  return g_string_free (text, FALSE);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
add_name (JsonArray *array, GHashTable *seen, const char *name, const char *source)
{
  JsonObject *object;

  if (!rh_secret_is_name (name) || json_array_get_length (array) >= LISTED_MAX ||
      !g_hash_table_add (seen, g_strdup (name)))
    return;
  object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "source", source);
  json_array_add_object_element (array, object);
}

static void
add_folder (JsonArray *array, GHashTable *seen, const char *folder)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && names->len < LISTED_MAX && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    add_name (array, seen, names->pdata[i], "file");
}

JsonArray *
rh_secret_sources_list (RhSecretSources *self)
{
  JsonArray *array = json_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GList) variables = taken != NULL ? g_hash_table_get_keys (taken) : NULL;

  g_return_val_if_fail (self != NULL, array);

  variables = g_list_sort (g_steal_pointer (&variables), (GCompareFunc)strcmp);
  for (GList *l = variables; l != NULL; l = l->next)
    {
      /* What it was called; - and _ cannot be told apart there. */
      g_autofree char *name = g_ascii_strdown (l->data, -1);

      add_name (array, seen, name, "environment");
    }
  for (guint i = 0; self->folders[i] != NULL; i++)
    add_folder (array, seen, self->folders[i]);
  return array;
}
