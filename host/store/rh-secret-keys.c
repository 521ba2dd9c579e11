/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-secret-keys.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <royal/error.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define FILE_MAX 65536
#define ID_PREFIX "royal secret key id:"
#define SEAL_PREFIX "royal.secret.1"

typedef struct {
  char id[RH_SECRET_KEY_ID_LENGTH + 1];
  RhSecret *key;
} Key;

struct _RhSecretKeys {
  GPtrArray *keys; /* Key; the first seals */
};

static void
key_free (gpointer data)
{
  Key *self = data;

  rh_secret_unref (self->key);
  g_free (self);
}

static void
name_key (Key *self)
{
  guint8 hash[RH_SECRET_KEY_ID_LENGTH / 2 + 8]; /* the least that BLAKE2b makes is 16 bytes */
  crypto_generichash_state state;

  G_STATIC_ASSERT (sizeof hash >= crypto_generichash_BYTES_MIN);
  crypto_generichash_init (&state, NULL, 0, sizeof hash);
  crypto_generichash_update (&state, (const guint8 *)ID_PREFIX, strlen (ID_PREFIX));
  crypto_generichash_update (&state, (const guint8 *)rh_secret_bytes (self->key), KEY_BYTES);
  crypto_generichash_final (&state, hash, sizeof hash);
  sodium_bin2hex (self->id, sizeof self->id, hash, RH_SECRET_KEY_ID_LENGTH / 2);
  sodium_memzero (&state, sizeof state);
}

static gboolean
add_line (RhSecretKeys *self, const char *line, gsize length, guint number, const char *what, GError **error)
{
  guint8 bytes[KEY_BYTES];
  gsize found = 0;
  const char *end = NULL;
  int refused;
  Key *key;

  while (length > 0 && g_ascii_isspace (line[length - 1]))
    length--;
  if (length == 0 || *line == '#')
    return TRUE;
  refused = sodium_base642bin (bytes, sizeof bytes, line, length, NULL, &found, &end, sodium_base64_VARIANT_ORIGINAL);
  if (refused != 0 || found != KEY_BYTES || end != line + length)
    {
      sodium_memzero (bytes, sizeof bytes);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u: expected a key, 32 bytes in base64", what,
                   number);
      return FALSE;
    }
  key = g_new0 (Key, 1);
  key->key = rh_secret_new (bytes, sizeof bytes);
  sodium_memzero (bytes, sizeof bytes);
  name_key (key);
  g_ptr_array_add (self->keys, key);
  return TRUE;
}

RhSecretKeys *
rh_secret_keys_parse (const char *text, const char *what, GError **error)
{
  g_autoptr (RhSecretKeys) self = NULL;
  guint number = 1;

  g_return_val_if_fail (text != NULL && what != NULL, NULL);

  if (sodium_init () < 0)
    g_error ("libsodium cannot be used");
  self = g_new0 (RhSecretKeys, 1);
  self->keys = g_ptr_array_new_with_free_func (key_free);
  for (const char *line = text; *line != '\0'; number++)
    {
      gsize length = strcspn (line, "\n");

      if (!add_line (self, line, length, number, what, error))
        return NULL;
      line += length + (line[length] == '\n');
    }
  if (self->keys->len > 0)
    return g_steal_pointer (&self);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected at least one key", what);
  return NULL;
}

/* What may be read of @fd; FALSE with errno. */
static gboolean
read_all (int fd, char *buffer, gsize size, gsize *ret_length)
{
  *ret_length = 0;
  while (*ret_length < size)
    {
      gssize n = read (fd, buffer + *ret_length, size - *ret_length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      if (n == 0)
        break;
      *ret_length += (gsize)n;
    }
  return TRUE;
}

static RhSecretKeys *
read_keys (int fd, const char *path, GError **error)
{
  char *buffer = sodium_malloc (FILE_MAX + 1);
  RhSecretKeys *self = NULL;
  struct stat status;
  gsize length = 0;

  g_assert (buffer != NULL);
  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected a regular file", path);
  else if ((status.st_mode & S_IRWXO) != 0)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected a file that is not everybody's (mode 0600)",
                 path);
  else if (!read_all (fd, buffer, FILE_MAX, &length))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s", path, g_strerror (errno));
  else
    {
      buffer[length] = '\0';
      self = rh_secret_keys_parse (buffer, path, error);
    }
  sodium_free (buffer);
  return self;
}

RhSecretKeys *
rh_secret_keys_read (const char *path, GError **error)
{
  RhSecretKeys *self;
  int fd;

  g_return_val_if_fail (path != NULL, NULL);

  if (sodium_init () < 0)
    g_error ("libsodium cannot be used");
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "%s: %s", path, g_strerror (errno));
      return NULL;
    }
  self = read_keys (fd, path, error);
  close (fd);
  return self;
}

void
rh_secret_keys_free (RhSecretKeys *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->keys);
  g_free (self);
}

const char *
rh_secret_keys_current (RhSecretKeys *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return ((Key *)self->keys->pdata[0])->id;
}

/* (transfer full): what is bound to the sealed text. */
static char *
bound_text (gint64 workspace, const char *name, const char *key_id)
{
  return g_strdup_printf (SEAL_PREFIX "\n%" G_GINT64_FORMAT "\n%s\n%s", workspace, name, key_id);
}

static const guint8 *
key_bytes (const Key *key)
{
  return (const guint8 *)rh_secret_bytes (key->key);
}

char *
rh_secret_keys_seal (RhSecretKeys *self, gint64 workspace, const char *name, RhSecret *secret)
{
  g_return_val_if_fail (self != NULL && name != NULL && secret != NULL, NULL);

  const Key *key = self->keys->pdata[0];
  g_autofree char *bound = bound_text (workspace, name, key->id);
  gsize length = NONCE_BYTES + rh_secret_length (secret) + TAG_BYTES;
  g_autofree guint8 *sealed = g_malloc (length);
  char *text = g_malloc (2 * length + 1);

  randombytes_buf (sealed, NONCE_BYTES);
  crypto_aead_xchacha20poly1305_ietf_encrypt (sealed + NONCE_BYTES, NULL, (const guint8 *)rh_secret_bytes (secret),
                                              rh_secret_length (secret), (const guint8 *)bound, strlen (bound), NULL,
                                              sealed, key_bytes (key));
  return sodium_bin2hex (text, 2 * length + 1, sealed, length);
}

static const Key *
find_key (RhSecretKeys *self, const char *id)
{
  for (guint i = 0; i < self->keys->len; i++)
    if (strcmp (((const Key *)self->keys->pdata[i])->id, id) == 0)
      return self->keys->pdata[i];
  return NULL;
}

static RhSecret *
open_with (const Key *key, const char *bound, const guint8 *sealed, gsize length)
{
  gsize plain_length = length - NONCE_BYTES - TAG_BYTES;
  guint8 *plain = sodium_malloc (plain_length + 1);
  RhSecret *secret = NULL;

  g_assert (plain != NULL);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt (plain, NULL, NULL, sealed + NONCE_BYTES, length - NONCE_BYTES,
                                                  (const guint8 *)bound, strlen (bound), sealed, key_bytes (key)) == 0)
    secret = rh_secret_new (plain, plain_length);
  sodium_free (plain);
  return secret;
}

RhSecret *
rh_secret_keys_open (RhSecretKeys *self,
                     gint64 workspace,
                     const char *name,
                     const char *key_id,
                     const char *sealed,
                     GError **error)
{
  const Key *key;
  g_autofree char *bound = NULL;
  g_autofree guint8 *bytes = NULL;
  RhSecret *secret = NULL;
  gsize length = 0;

  g_return_val_if_fail (self != NULL && name != NULL && key_id != NULL && sealed != NULL, NULL);

  key = find_key (self, key_id);
  if (key == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND,
                   "secret `%s` is sealed with key %s, which this host has not", name, key_id);
      return NULL;
    }
  bound = bound_text (workspace, name, key_id);
  bytes = g_malloc (strlen (sealed) / 2 + 1);
  if (sodium_hex2bin (bytes, strlen (sealed) / 2 + 1, sealed, strlen (sealed), NULL, &length, NULL) == 0 &&
      length >= NONCE_BYTES + TAG_BYTES)
    secret = open_with (key, bound, bytes, length);
  if (secret == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "secret `%s` cannot be opened: it was altered or moved",
                 name);
  return secret;
}
