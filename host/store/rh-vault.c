/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-vault.h"

#include "royal-json.h"

#include <sodium.h>
#include <string.h>

#define KEY_BYTES crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define ID_BYTES 16
#define ID_PREFIX "royal personal key id:"
#define SEAL_PREFIX "royal.personal.1"

/* The first byte of what is sealed says its class; the value follows, as canonical JSON. */
#define PERSONAL_BYTE 'p'
#define SECRET_BYTE 's'

static const RhStatement take = { "privacy.take", "select * from privacy_take ($1::jsonb, $2)", 2, TRUE };
static const RhStatement find = { "privacy.find", "select * from privacy_find (string_to_array ($1, ','))", 1, FALSE };

struct _RhVault {
  GObject parent_instance;

  RhStore *store;
  RhSecrets *secrets;
};

G_DEFINE_FINAL_TYPE (RhVault, rh_vault, G_TYPE_OBJECT)

static void
rh_vault_finalize (GObject *object)
{
  RhVault *self = RH_VAULT (object);

  g_clear_object (&self->store);
  g_clear_object (&self->secrets);
  G_OBJECT_CLASS (rh_vault_parent_class)->finalize (object);
}

static void
rh_vault_class_init (RhVaultClass *class)
{
  G_OBJECT_CLASS (class)->finalize = rh_vault_finalize;
}

static void
rh_vault_init (RhVault *self)
{
}

RhVault *
rh_vault_new (RhStore *store, RhSecrets *secrets)
{
  RhVault *self;

  g_return_val_if_fail (RH_IS_STORE (store) && RH_IS_SECRETS (secrets), NULL);

  if (sodium_init () < 0)
    g_error ("libsodium cannot be used");
  self = g_object_new (RH_TYPE_VAULT, NULL);
  self->store = g_object_ref (store);
  self->secrets = g_object_ref (secrets);
  return self;
}

/* --- Keys --------------------------------------------------------------------------------------------------------- */

typedef struct {
  char id[2 * ID_BYTES + 1];
  RhSecret *secret;
} Key;

static void
key_free (gpointer data)
{
  Key *self = data;

  rh_secret_unref (self->secret);
  g_free (self);
}

/* (transfer full): takes @secret. */
static Key *
key_new (RhSecret *secret)
{
  Key *self = g_new0 (Key, 1);
  guint8 hash[ID_BYTES];
  crypto_generichash_state state;

  crypto_generichash_init (&state, NULL, 0, sizeof hash);
  crypto_generichash_update (&state, (const guint8 *)ID_PREFIX, strlen (ID_PREFIX));
  crypto_generichash_update (&state, (const guint8 *)rh_secret_bytes (secret), rh_secret_length (secret));
  crypto_generichash_final (&state, hash, sizeof hash);
  sodium_memzero (&state, sizeof state);
  sodium_bin2hex (self->id, sizeof self->id, hash, sizeof hash);
  self->secret = secret;
  return self;
}

static Key *
key_generate (void)
{
  guint8 bytes[KEY_BYTES];
  RhSecret *secret;

  randombytes_buf (bytes, sizeof bytes);
  secret = rh_secret_new (bytes, sizeof bytes);
  sodium_memzero (bytes, sizeof bytes);
  return key_new (secret);
}

static char *
key_name (const char *id)
{
  return g_strconcat ("privacy:", id, NULL);
}

/* (transfer full) (nullable): the key of a row of privacy_take() or privacy_find(). */
static Key *
key_of (RhVault *self, gint64 workspace, RhRows *rows, guint row, GError **error)
{
  const char *id = rh_rows_string (rows, row, "id");
  g_autofree char *name = key_name (id);
  RhSecret *secret = rh_secrets_open (self->secrets, workspace, name, rh_rows_string (rows, row, "key_id"),
                                      rh_rows_string (rows, row, "sealed") + 2, error);
  Key *key = secret != NULL ? key_new (secret) : NULL;

  if (key == NULL || strcmp (key->id, id) == 0)
    return key;
  key_free (key);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "the key %s of personal data is not the one that it says", id);
  return NULL;
}

/* (transfer full) (nullable): @column → Key */
static GHashTable *
keys_of (RhVault *self, gint64 workspace, RhRows *rows, const char *column, GError **error)
{
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, key_free);

  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      Key *key = key_of (self, workspace, rows, i, error);

      if (key == NULL)
        return NULL;
      g_hash_table_insert (keys, g_strdup (rh_rows_string (rows, i, column)), key);
    }
  return g_steal_pointer (&keys);
}

static char *
bound_text (gint64 workspace, const char *id)
{
  return g_strdup_printf (SEAL_PREFIX "\n%" G_GINT64_FORMAT "\n%s", workspace, id);
}

/* --- Sealing ------------------------------------------------------------------------------------------------------ */

typedef struct {
  gint64 workspace;
  RhPersonal *personal;
  GHashTable *keys; /* subject → Key */
} Sealing;

static void
sealing_free (gpointer data)
{
  Sealing *self = data;

  g_clear_pointer (&self->keys, g_hash_table_unref);
  g_free (self);
}

static JsonNode *
token_new (const char *id, const guint8 *sealed, gsize length)
{
  g_autofree char *text = g_base64_encode (sealed, length);
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (object, "sealed", id);
  json_object_set_string_member (object, "value", text);
  json_node_take_object (node, object);
  return node;
}

static JsonNode *
seal_value (JsonNode *value, const char *subject, RoyalClass class, gpointer data)
{
  const Sealing *self = data;
  const Key *key = g_hash_table_lookup (self->keys, subject);
  g_autofree char *canonical = royal_json_canonical (value);
  g_autofree char *plain =
      g_strdup_printf ("%c%s", class == ROYAL_CLASS_SECRET ? SECRET_BYTE : PERSONAL_BYTE, canonical);
  g_autofree guint8 *sealed = NULL;
  g_autofree char *bound = NULL;
  gsize length = strlen (plain);

  g_assert (key != NULL); /* privacy_take() answers for every subject */
  bound = bound_text (self->workspace, key->id);
  sealed = g_malloc (NONCE_BYTES + length + TAG_BYTES);
  randombytes_buf (sealed, NONCE_BYTES);
  crypto_aead_xchacha20poly1305_ietf_encrypt (sealed + NONCE_BYTES, NULL, (const guint8 *)plain, length,
                                              (const guint8 *)bound, strlen (bound), NULL, sealed,
                                              (const guint8 *)rh_secret_bytes (key->secret));
  sodium_memzero (canonical, length - 1);
  sodium_memzero (plain, length);
  return token_new (key->id, sealed, NONCE_BYTES + length + TAG_BYTES);
}

static void
on_taken (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhVault *self = g_task_get_source_object (task);
  Sealing *sealing = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows != NULL)
    sealing->keys = keys_of (self, sealing->workspace, rows, "subject", &error);
  if (sealing->keys != NULL &&
      g_hash_table_size (sealing->keys) < g_hash_table_size (rh_personal_subjects (sealing->personal)))
    g_set_error (&error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "a key of personal data was erased meanwhile: try again");
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  rh_personal_replace (sealing->personal, seal_value, sealing);
  g_task_return_boolean (task, TRUE);
}

/* (transfer full) (nullable): a key for each subject, for privacy_take(): all are sealed by @ret_key_id. */
static char *
offers (RhVault *self, const Sealing *sealing, char **ret_key_id, GError **error)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();
  GHashTableIter iter;
  gpointer subject;

  json_node_take_array (node, array);
  g_hash_table_iter_init (&iter, rh_personal_subjects (sealing->personal));
  while (g_hash_table_iter_next (&iter, &subject, NULL))
    {
      Key *key = key_generate ();
      g_autofree char *name = key_name (key->id);
      g_autofree char *sealed = NULL;
      JsonObject *offer;

      g_clear_pointer (ret_key_id, g_free);
      sealed = rh_secrets_seal (self->secrets, sealing->workspace, name, key->secret, ret_key_id, error);
      if (sealed != NULL)
        {
          offer = json_object_new ();
          json_object_set_string_member (offer, "subject", subject);
          json_object_set_string_member (offer, "id", key->id);
          json_object_set_string_member (offer, "sealed", sealed);
          json_array_add_object_element (array, offer);
        }
      key_free (key);
      if (sealed == NULL)
        return NULL;
    }
  return royal_json_to_string (node);
}

void
rh_vault_seal_async (RhVault *self, gint64 workspace, RhPersonal *personal, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *text = NULL;
  g_autofree char *key_id = NULL;
  GError *error = NULL;
  Sealing *sealing;

  g_return_if_fail (RH_IS_VAULT (self) && personal != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_vault_seal_async);
  sealing = g_new0 (Sealing, 1);
  sealing->workspace = workspace;
  sealing->personal = personal;
  g_task_set_task_data (task, sealing, sealing_free);
  if (rh_personal_is_empty (personal))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  text = offers (self, sealing, &key_id, &error);
  if (text == NULL)
    g_task_return_error (task, error);
  else
    rh_store_call_async (self->store, &take, workspace, (const char *const[]){ text, key_id }, NULL, on_taken,
                         g_steal_pointer (&task));
}

gboolean
rh_vault_seal_finish (RhVault *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

typedef struct {
  gint64 workspace;
  GPtrArray *documents;
  RhVaultReader reader;
  GHashTable *keys; /* id → Key */
  GError *error;    /* the first */
} Opening;

static void
opening_free (gpointer data)
{
  Opening *self = data;

  g_ptr_array_unref (self->documents);
  g_clear_pointer (&self->keys, g_hash_table_unref);
  g_clear_error (&self->error);
  g_free (self);
}

/* (transfer full) (nullable): what was sealed, its class before it. */
static char *
open_bytes (const Opening *self, const Key *key, const guint8 *sealed, gsize length)
{
  g_autofree char *bound = bound_text (self->workspace, key->id);
  gsize plain_length = length >= NONCE_BYTES + TAG_BYTES ? length - NONCE_BYTES - TAG_BYTES : 0;
  char *plain = g_malloc0 (plain_length + 1);

  if (plain_length > 1 &&
      crypto_aead_xchacha20poly1305_ietf_decrypt ((guint8 *)plain, NULL, NULL, sealed + NONCE_BYTES,
                                                  length - NONCE_BYTES, (const guint8 *)bound, strlen (bound), sealed,
                                                  (const guint8 *)rh_secret_bytes (key->secret)) == 0)
    return plain;
  g_free (plain);
  return NULL;
}

static JsonNode *
open_value (JsonNode *token, const char *id, RoyalClass class, gpointer data)
{
  Opening *self = data;
  const Key *key = g_hash_table_lookup (self->keys, id);
  g_autofree guint8 *sealed = NULL;
  g_autofree char *plain = NULL;
  JsonNode *value = NULL;
  gsize length = 0;

  if (key != NULL)
    sealed = g_base64_decode (royal_json_string (json_node_get_object (token), "value", ""), &length);
  if (sealed != NULL)
    plain = open_bytes (self, key, sealed, length);
  if (plain != NULL && self->reader == RH_VAULT_PERSON && plain[0] != PERSONAL_BYTE)
    return NULL;
  if (plain != NULL)
    {
      value = royal_json_parse (plain + 1, -1, "a sealed field", NULL);
      sodium_memzero (plain, strlen (plain));
    }
  if (value == NULL && self->error == NULL && self->reader != RH_VAULT_PERSON)
    self->error = key == NULL ? g_error_new (ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND,
                                             "the personal data in it was erased (its key %s is no more)", id)
                              : g_error_new (ROYAL_ERROR, ROYAL_ERROR_INVALID,
                                             "a field that is sealed with key %s was altered or moved", id);
  return value;
}

static void
on_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Opening *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows != NULL)
    self->keys = keys_of (g_task_get_source_object (task), self->workspace, rows, "id", &error);
  for (guint i = 0; self->keys != NULL && i < self->documents->len; i++)
    rh_personal_replace_tokens (self->documents->pdata[i], open_value, self);
  if (error != NULL)
    g_task_return_error (task, error);
  else if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_boolean (task, TRUE);
}

static JsonNode *
note_id (JsonNode *token, const char *id, RoyalClass class, gpointer data)
{
  g_hash_table_add (data, g_strdup (id));
  return NULL;
}

void
rh_vault_open_async (RhVault *self,
                     gint64 workspace,
                     GPtrArray *documents,
                     RhVaultReader reader,
                     const char *only,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree gpointer *names = NULL;
  g_autofree char *list = NULL;
  Opening *opening;

  g_return_if_fail (RH_IS_VAULT (self) && documents != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_vault_open_async);
  opening = g_new0 (Opening, 1);
  opening->workspace = workspace;
  opening->documents = g_ptr_array_ref (documents);
  opening->reader = reader;
  g_task_set_task_data (task, opening, opening_free);
  for (guint i = 0; i < documents->len; i++)
    rh_personal_replace_tokens (documents->pdata[i], note_id, ids);
  if (g_hash_table_size (ids) == 0)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  names = g_hash_table_get_keys_as_array (ids, NULL);
  list = only != NULL ? g_strdup (only) : g_strjoinv (",", (char **)names);
  rh_store_call_async (self->store, &find, workspace, (const char *const[]){ list }, NULL, on_found,
                       g_steal_pointer (&task));
}

gboolean
rh_vault_open_finish (RhVault *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static JsonNode *
mask_token (JsonNode *token, const char *id, RoyalClass class, gpointer data)
{
  return json_node_init_string (json_node_alloc (), RH_PERSONAL_MASK);
}

void
rh_vault_mask (JsonNode *node)
{
  g_return_if_fail (node != NULL);

  rh_personal_replace_tokens (node, mask_token, NULL);
}

JsonNode *
rh_vault_disarm (JsonNode *node)
{
  JsonNode *copy;

  g_return_val_if_fail (node != NULL, NULL);

  if (!rh_personal_has_token (node))
    return node;
  copy = rh_personal_is_token (node) ? mask_token (node, NULL, ROYAL_CLASS_NONE, NULL) : royal_json_copy (node);
  rh_vault_mask (copy);
  json_node_unref (node);
  return copy;
}
