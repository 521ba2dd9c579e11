/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-password.h"

#include <royal/error.h>
#include <sodium.h>
#include <string.h>

#define THREADS_MAX 2
#define WAITING_MAX 64
#define MADE_LENGTH 24

/* Of no password: to take as long for a user that there is not. Its parameters are those of crypto_pwhash_str(). */
#define NOBODY "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

typedef struct {
  char *password;
  char *hash; /* NULL to make one */
  gboolean nobody;
} Work;

static void
work_free (Work *self)
{
  sodium_memzero (self->password, strlen (self->password));
  g_free (self->password);
  g_free (self->hash);
  g_free (self);
}

static void
make (GTask *task, const Work *work)
{
  char hash[crypto_pwhash_STRBYTES];

  if (crypto_pwhash_str (hash, work->password, strlen (work->password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                         crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "no memory to hash a password");
  else
    g_task_return_pointer (task, g_strdup (hash), g_free);
}

static void
work_in_thread (gpointer data, gpointer pool_data)
{
  g_autoptr (GTask) task = data;
  const Work *work = g_task_get_task_data (task);
  gboolean right;

  if (work->hash == NULL)
    {
      make (task, work);
      return;
    }
  right = crypto_pwhash_str_verify (work->hash, work->password, strlen (work->password)) == 0;
  g_task_return_boolean (task, right && !work->nobody);
}

static void
start (gpointer tag, Work *work, GAsyncReadyCallback callback, gpointer data)
{
  static GThreadPool *pool;
  GTask *task = g_task_new (NULL, NULL, callback, data);

  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, work, (GDestroyNotify)work_free);
  if (pool == NULL)
    pool = g_thread_pool_new (work_in_thread, NULL, THREADS_MAX, FALSE, NULL);
  if (g_thread_pool_unprocessed (pool) < WAITING_MAX)
    {
      g_thread_pool_push (pool, task, NULL);
      return;
    }
  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "too many log in at the moment; try again soon");
  g_object_unref (task);
}

void
rh_password_hash_async (const char *password, GAsyncReadyCallback callback, gpointer data)
{
  Work *work;

  g_return_if_fail (password != NULL);

  work = g_new0 (Work, 1);
  work->password = g_strdup (password);
  start (rh_password_hash_async, work, callback, data);
}

char *
rh_password_hash_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, rh_password_hash_async), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rh_password_check_async (const char *hash, const char *password, GAsyncReadyCallback callback, gpointer data)
{
  Work *work;

  g_return_if_fail (password != NULL);

  work = g_new0 (Work, 1);
  *work = (Work){ .password = g_strdup (password),
                  .hash = g_strdup (hash != NULL ? hash : NOBODY),
                  .nobody = hash == NULL };
  start (rh_password_check_async, work, callback, data);
}

gboolean
rh_password_check_finish (GAsyncResult *result, gboolean *ret_right, GError **error)
{
  g_autoptr (GError) failure = NULL;
  gboolean right;

  g_return_val_if_fail (g_async_result_is_tagged (result, rh_password_check_async) && ret_right != NULL, FALSE);

  right = g_task_propagate_boolean (G_TASK (result), &failure);
  if (failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  *ret_right = right;
  return TRUE;
}

char *
rh_password_make (void)
{
  /* Without those that look like others. */
  static const char letters[] = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  char text[MADE_LENGTH + 1] = { 0 };

  for (guint i = 0; i < MADE_LENGTH; i++)
    text[i] = letters[randombytes_uniform (sizeof letters - 1)];
  return g_strdup (text);
}
