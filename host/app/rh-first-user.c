/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-first-user.h"

#include "rh-log.h"
#include "rh-password.h"

#include <sodium.h>
#include <string.h>

static const RhStatement user_any = { "user.any", "select user_any () as found", 0, FALSE };
static const RhStatement user_first = { "user.first", "select user_first ($1, $2) as made", 2, TRUE };

typedef struct {
  RhStore *store;
  RhGate *gate;
  gint64 workspace;
  char *password; /* NULL until there is one */
} Ensure;

static void
ensure_free (Ensure *self)
{
  g_object_unref (self->store);
  g_object_unref (self->gate);
  if (self->password != NULL)
    sodium_memzero (self->password, strlen (self->password));
  g_free (self->password);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ensure, ensure_free)

static void
warn (const GError *error)
{
  rh_log (RH_LOG_WARNING, "app.first-user", "the first user could not be made", "error", error->message, NULL);
}

static void
on_made (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Ensure) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autofree char *text = NULL;

  if (rows == NULL)
    {
      warn (error);
      return;
    }
  /* Another host may have been first. */
  if (!rh_rows_boolean (rows, 0, "made"))
    return;
  text = g_strdup_printf ("the first user is " RH_FIRST_USER ", with the one-time password %s", self->password);
  rh_log (RH_LOG_NOTICE, "app.first-user", text, NULL);
  sodium_memzero (text, strlen (text));
  rh_gate_kick (self->gate);
}

static void
on_hashed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Ensure) self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *hash = rh_password_hash_finish (result, &error);
  RhStore *store = self->store;
  gint64 workspace = self->workspace;

  if (hash == NULL)
    warn (error);
  else
    rh_store_call_async (store, &user_first, workspace, (const char *const[]){ RH_FIRST_USER, hash }, NULL, on_made,
                         g_steal_pointer (&self));
}

static void
on_any (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Ensure) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  const char *password;

  if (rows == NULL)
    warn (error);
  else if (!rh_rows_boolean (rows, 0, "found"))
    {
      password = self->password = rh_password_make ();
      rh_password_hash_async (password, on_hashed, g_steal_pointer (&self));
    }
}

void
rh_first_user_ensure (RhStore *store, RhGate *gate, gint64 workspace)
{
  Ensure *self;

  g_return_if_fail (RH_IS_STORE (store) && RH_IS_GATE (gate));

  self = g_new (Ensure, 1);
  *self = (Ensure){ .store = g_object_ref (store), .gate = g_object_ref (gate), .workspace = workspace };
  rh_store_call_async (store, &user_any, RH_NO_WORKSPACE, NULL, NULL, on_any, self);
}
