/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-secrets.h"

#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-secret-keys.h"
#include "rh-secret-sources.h"
#include "royal-json.h"

#include <string.h>

#define BATCH 100
#define BATCH_TEXT "100"

static const RhStatement secret_get = { "secret.get", "select * from secret_get ($1)", 1, FALSE };
static const RhStatement secret_put = { "secret.put", "select secret_put ($1, $2, decode ($3, 'hex'), $4) as secret", 4,
                                        TRUE };
static const RhStatement secret_stale = { "secret.stale", "select * from secret_stale ($1, $2, $3::int)", 3, FALSE };
static const RhStatement secret_rewrap = { "secret.rewrap", "select secret_rewrap ($1, $2::jsonb) as n", 2, TRUE };
static const RhStatement secret_rotated = { "secret.rotated", "select secret_rotated ($1, $2::int, $3)", 3, TRUE };

struct _RhSecrets {
  GObject parent_instance;
  RhStore *store; /* (nullable) */
  RhSecretSources *sources;
  RhSecretKeys *keys; /* (nullable) */
  char *key_file;
  gint64 own_workspace;
};

G_DEFINE_FINAL_TYPE (RhSecrets, rh_secrets, G_TYPE_OBJECT)

static void
rh_secrets_finalize (GObject *object)
{
  RhSecrets *self = RH_SECRETS (object);

  g_clear_object (&self->store);
  rh_secret_sources_free (self->sources);
  rh_secret_keys_free (self->keys);
  g_free (self->key_file);
  G_OBJECT_CLASS (rh_secrets_parent_class)->finalize (object);
}

static void
rh_secrets_class_init (RhSecretsClass *class)
{
  G_OBJECT_CLASS (class)->finalize = rh_secrets_finalize;
}

static void
rh_secrets_init (RhSecrets *self)
{
}

/* (transfer full) (nullable): the keys, wherever they are; NULL without @error when there are none. */
static RhSecretKeys *
find_keys (RhSecrets *self, GError **error)
{
  RhSecret *text = rh_secret_sources_key (self->sources);
  g_autofree char *credential = rh_secret_sources_credential (self->sources, "secrets-key");

  if (self->key_file != NULL)
    return rh_secret_keys_read (self->key_file, error);
  if (text != NULL)
    return rh_secret_keys_parse (rh_secret_bytes (text), "ROYAL_SECRETS_KEY", error);
  return credential != NULL ? rh_secret_keys_read (credential, error) : NULL;
}

gboolean
rh_secrets_reload (RhSecrets *self, GError **error)
{
  g_return_val_if_fail (RH_IS_SECRETS (self), FALSE);

  GError *fault = NULL;
  RhSecretKeys *keys = find_keys (self, &fault);

  if (fault != NULL)
    {
      g_propagate_prefixed_error (error, fault, "secrets-key-file: ");
      return FALSE;
    }
  rh_secret_keys_free (self->keys);
  self->keys = keys;
  return TRUE;
}

RhSecrets *
rh_secrets_new (RhStore *store, const RhSecretsConfig *config, gint64 own_workspace, GError **error)
{
  g_autoptr (RhSecrets) self = NULL;

  g_return_val_if_fail (store == NULL || RH_IS_STORE (store), NULL);
  g_return_val_if_fail (config != NULL, NULL);

  self = g_object_new (RH_TYPE_SECRETS, NULL);
  self->store = store != NULL ? g_object_ref (store) : NULL;
  self->own_workspace = own_workspace;
  self->key_file = config->key_file != NULL && *config->key_file != '\0' ? g_strdup (config->key_file) : NULL;
  self->sources = rh_secret_sources_new (config->folder);
  return rh_secrets_reload (self, error) ? g_steal_pointer (&self) : NULL;
}

/* --- looking one up ----------------------------------------------------------------------------------------------- */

typedef struct {
  gint64 workspace;
  char *name;
} Lookup;

static void
lookup_free (gpointer data)
{
  Lookup *self = data;

  g_free (self->name);
  g_free (self);
}

static void
return_found (GTask *task, RhSecret *secret, const char *source)
{
  rh_metric_add (RH_METRIC_SECRETS, source, 1);
  g_task_return_pointer (task, secret, (GDestroyNotify)rh_secret_unref);
}

static void
return_fault (GTask *task, GError *error)
{
  gboolean missing = g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);

  rh_metric_add (RH_METRIC_SECRETS, missing ? "none" : "error", 1);
  g_task_return_error (task, error);
}

static void
return_missing (GTask *task, RhSecrets *self, const Lookup *lookup)
{
  g_autofree char *places = rh_secret_sources_places (self->sources, lookup->name);

  return_fault (task, g_error_new (ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "secret `%s` is not found: neither in %s%s",
                                   lookup->name, places, self->store != NULL ? ", nor in the database" : ""));
}

static void
on_row (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhSecrets *self = g_task_get_source_object (task);
  const Lookup *lookup = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  RhSecret *secret = NULL;

  if (rows != NULL && rh_rows_n (rows) == 0)
    {
      return_missing (task, self, lookup);
      return;
    }
  if (rows != NULL && self->keys == NULL)
    error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED,
                         "secret `%s` is in the database, and this host has no key to it "
                         "(see secrets-key-file)",
                         lookup->name);
  else if (rows != NULL)
    /* "\x…" */
    secret = rh_secret_keys_open (self->keys, lookup->workspace, lookup->name, rh_rows_string (rows, 0, "key_id"),
                                  rh_rows_string (rows, 0, "sealed") + 2, &error);
  if (secret == NULL)
    return_fault (task, error);
  else
    return_found (task, secret, "store");
}

void
rh_secrets_lookup_async (RhSecrets *self,
                         gint64 workspace,
                         const char *name,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  g_autoptr (GTask) task = NULL;
  RhSecret *secret = NULL;
  const char *source = NULL;
  GError *error = NULL;
  Lookup *lookup;

  g_return_if_fail (RH_IS_SECRETS (self) && name != NULL);

  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, rh_secrets_lookup_async);
  lookup = g_new0 (Lookup, 1);
  lookup->workspace = workspace;
  lookup->name = g_strdup (name);
  g_task_set_task_data (task, lookup, lookup_free);
  if (!rh_secret_is_name (name))
    {
      return_fault (
          task, g_error_new (ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected the name of a secret (a-z, 0-9, _ and -)"));
      return;
    }
  if (workspace == self->own_workspace)
    secret = rh_secret_sources_find (self->sources, name, &source, &error);
  if (error != NULL)
    return_fault (task, error);
  else if (secret != NULL)
    return_found (task, secret, source);
  else if (self->store == NULL)
    return_missing (task, self, lookup);
  else
    rh_store_call_async (self->store, &secret_get, workspace, (const char *const[]){ name }, cancellable, on_row,
                         g_steal_pointer (&task));
}

RhSecret *
rh_secrets_lookup_finish (RhSecrets *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- all of some -------------------------------------------------------------------------------------------------- */

typedef struct {
  gint64 workspace;
  GStrv names;
  guint next;
  GString *faults;
} Requirement;

static void
requirement_free (gpointer data)
{
  Requirement *self = data;

  g_strfreev (self->names);
  g_string_free (self->faults, TRUE);
  g_free (self);
}

static void require_next (GTask *task);

static void
on_required (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Requirement *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhSecret) secret = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);

  if (secret == NULL)
    g_string_append_printf (self->faults, "%s%s", self->faults->len > 0 ? "\n" : "", error->message);
  require_next (task);
}

static void
require_next (GTask *task)
{
  Requirement *self = g_task_get_task_data (task);

  if (self->names[self->next] != NULL)
    {
      rh_secrets_lookup_async (g_task_get_source_object (task), self->workspace, self->names[self->next++], NULL,
                               on_required, task);
      return;
    }
  if (self->faults->len == 0)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "%s", self->faults->str);
  g_object_unref (task);
}

void
rh_secrets_require_async (RhSecrets *self,
                          gint64 workspace,
                          const char *const *names,
                          GAsyncReadyCallback callback,
                          gpointer data)
{
  GTask *task;
  Requirement *requirement;

  g_return_if_fail (RH_IS_SECRETS (self) && names != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_secrets_require_async);
  requirement = g_new0 (Requirement, 1);
  requirement->workspace = workspace;
  requirement->names = g_strdupv ((char **)names);
  requirement->faults = g_string_new (NULL);
  g_task_set_task_data (task, requirement, requirement_free);
  require_next (task);
}

gboolean
rh_secrets_require_finish (RhSecrets *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- setting one -------------------------------------------------------------------------------------------------- */

static void
on_put (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, rh_rows_json (rows, 0, "secret"), (GDestroyNotify)json_node_unref);
}

static gboolean
can_seal (RhSecrets *self, GTask *task)
{
  if (self->keys != NULL && self->store != NULL)
    return TRUE;
  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                           "this host has no key to seal secrets with (see secrets-key-file)");
  return FALSE;
}

void
rh_secrets_set_async (RhSecrets *self,
                      gint64 workspace,
                      const char *name,
                      RhSecret *secret,
                      const char *actor,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *sealed = NULL;

  g_return_if_fail (RH_IS_SECRETS (self) && name != NULL && secret != NULL && actor != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_secrets_set_async);
  if (!rh_secret_is_name (name))
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                               "expected the name of a secret: a-z, 0-9, _ and -, beginning with a letter, at most 63");
      return;
    }
  if (rh_secret_length (secret) == 0 || rh_secret_length (secret) > RH_SECRET_MAX)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                               "a secret is to be of 1 to %" G_GSIZE_FORMAT " bytes", RH_SECRET_MAX);
      return;
    }
  if (!can_seal (self, task))
    return;
  sealed = rh_secret_keys_seal (self->keys, workspace, name, secret);
  rh_store_call_async (self->store, &secret_put, workspace,
                       (const char *const[]){ name, rh_secret_keys_current (self->keys), sealed, actor }, NULL, on_put,
                       g_steal_pointer (&task));
}

JsonNode *
rh_secrets_set_finish (RhSecrets *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- what is kept as a secret is ---------------------------------------------------------------------------------- */

static gboolean
has_keys (RhSecrets *self, GError **error)
{
  if (self->keys != NULL)
    return TRUE;
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                       "this host has no key to seal personal data with (see secrets-key-file)");
  return FALSE;
}

char *
rh_secrets_seal (RhSecrets *self,
                 gint64 workspace,
                 const char *name,
                 RhSecret *secret,
                 char **ret_key_id,
                 GError **error)
{
  g_return_val_if_fail (RH_IS_SECRETS (self) && name != NULL && secret != NULL && ret_key_id != NULL, NULL);

  if (!has_keys (self, error))
    return NULL;
  *ret_key_id = g_strdup (rh_secret_keys_current (self->keys));
  return rh_secret_keys_seal (self->keys, workspace, name, secret);
}

RhSecret *
rh_secrets_open (RhSecrets *self,
                 gint64 workspace,
                 const char *name,
                 const char *key_id,
                 const char *sealed,
                 GError **error)
{
  g_return_val_if_fail (RH_IS_SECRETS (self) && name != NULL && key_id != NULL && sealed != NULL, NULL);

  return has_keys (self, error) ? rh_secret_keys_open (self->keys, workspace, name, key_id, sealed, error) : NULL;
}

gboolean
rh_secrets_can_set (RhSecrets *self, gint64 workspace, const char *name, GError **error)
{
  g_autoptr (RhSecret) found = NULL;
  const char *source = NULL;

  g_return_val_if_fail (RH_IS_SECRETS (self) && name != NULL, FALSE);

  if (self->keys == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                   "the secret %s: expected a key to seal it with (see secrets-key-file), this host has none", name);
      return FALSE;
    }
  if (workspace != self->own_workspace)
    return TRUE;
  found = rh_secret_sources_find (self->sources, name, &source, NULL);
  if (found != NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                 "the secret %s: expected it in the database alone, its %s holds one, which comes first", name, source);
  return found == NULL;
}

/* --- another key -------------------------------------------------------------------------------------------------- */

typedef struct {
  gint64 workspace;
  char *actor;
  char *key;   /* the one that is to seal all */
  char *after; /* the name up to which it is done */
  gint64 n;
} Rotation;

static void
rotation_free (gpointer data)
{
  Rotation *self = data;

  g_free (self->actor);
  g_free (self->key);
  g_free (self->after);
  g_free (self);
}

static void rotate_next (GTask *task);

static void
on_rotated (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Rotation *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  JsonObject *object;
  JsonNode *node;

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  object = json_object_new ();
  node = json_node_new (JSON_NODE_OBJECT);
  json_object_set_string_member (object, "key", self->key);
  json_object_set_int_member (object, "secrets", self->n);
  json_node_take_object (node, object);
  g_task_return_pointer (task, node, (GDestroyNotify)json_node_unref);
}

static void
on_rewrapped (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Rotation *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  self->n += rh_rows_int64 (rows, 0, "n");
  rotate_next (task);
}

/* { name, before, sealed }; NULL when it does not open. */
static JsonObject *
rewrap (RhSecrets *secrets, const Rotation *self, RhRows *rows, guint row, GError **error)
{
  const char *name = rh_rows_string (rows, row, "name");
  const char *before = rh_rows_string (rows, row, "sealed") + 2;
  g_autoptr (RhSecret) secret =
      rh_secret_keys_open (secrets->keys, self->workspace, name, rh_rows_string (rows, row, "key_id"), before, error);
  g_autofree char *sealed = NULL;
  JsonObject *object;

  if (secret == NULL)
    return NULL;
  sealed = rh_secret_keys_seal (secrets->keys, self->workspace, name, secret);
  object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "before", before);
  json_object_set_string_member (object, "sealed", sealed);
  return object;
}

/* (transfer full): the batch for secret_rewrap(). */
static char *
rewrap_all (RhSecrets *secrets, Rotation *self, RhRows *rows, GError **error)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  json_node_take_array (node, array);
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      JsonObject *one = rewrap (secrets, self, rows, i, error);

      if (one == NULL)
        return NULL;
      json_array_add_object_element (array, one);
    }
  g_free (self->after);
  self->after = g_strdup (rh_rows_string (rows, rh_rows_n (rows) - 1, "name"));
  return royal_json_to_string (node);
}

static void
on_stale (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhSecrets *secrets = g_task_get_source_object (task);
  Rotation *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autofree char *text = NULL;
  g_autofree char *n = NULL;

  /* Another host may have set one meanwhile, with the key that it had: it is not done before a look at all finds none.
   */
  if (rows != NULL && rh_rows_n (rows) == 0 && *self->after != '\0')
    {
      *self->after = '\0';
      rotate_next (g_steal_pointer (&task));
      return;
    }
  if (rows != NULL && rh_rows_n (rows) == 0)
    {
      n = g_strdup_printf ("%" G_GINT64_FORMAT, self->n);
      rh_store_call_async (secrets->store, &secret_rotated, self->workspace,
                           (const char *const[]){ self->key, n, self->actor }, NULL, on_rotated,
                           g_steal_pointer (&task));
      return;
    }
  /* A reload may have put another key first meanwhile. */
  if (rows != NULL && (secrets->keys == NULL || strcmp (rh_secret_keys_current (secrets->keys), self->key) != 0))
    g_set_error_literal (&error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                         "the host's keys were changed meanwhile: begin again");
  else if (rows != NULL)
    text = rewrap_all (secrets, self, rows, &error);
  if (text == NULL)
    g_task_return_error (task, error);
  else
    rh_store_call_async (secrets->store, &secret_rewrap, self->workspace, (const char *const[]){ self->key, text },
                         NULL, on_rewrapped, g_steal_pointer (&task));
}

static void
rotate_next (GTask *task)
{
  RhSecrets *secrets = g_task_get_source_object (task);
  const Rotation *self = g_task_get_task_data (task);

  rh_store_call_async (secrets->store, &secret_stale, self->workspace,
                       (const char *const[]){ self->key, self->after, BATCH_TEXT }, NULL, on_stale, task);
}

void
rh_secrets_rotate_async (RhSecrets *self,
                         gint64 workspace,
                         const char *actor,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  g_autoptr (GTask) task = NULL;
  Rotation *rotation;

  g_return_if_fail (RH_IS_SECRETS (self) && actor != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_secrets_rotate_async);
  if (!can_seal (self, task))
    return;
  rotation = g_new0 (Rotation, 1);
  rotation->workspace = workspace;
  rotation->actor = g_strdup (actor);
  rotation->key = g_strdup (rh_secret_keys_current (self->keys));
  rotation->after = g_strdup ("");
  g_task_set_task_data (task, rotation, rotation_free);
  rotate_next (g_steal_pointer (&task));
}

JsonNode *
rh_secrets_rotate_finish (RhSecrets *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

JsonArray *
rh_secrets_list_local (RhSecrets *self, gint64 workspace)
{
  g_return_val_if_fail (RH_IS_SECRETS (self), NULL);

  return workspace == self->own_workspace ? rh_secret_sources_list (self->sources) : json_array_new ();
}

void
rh_secrets_take_environment (void)
{
  rh_secret_sources_take_environment ();
}
