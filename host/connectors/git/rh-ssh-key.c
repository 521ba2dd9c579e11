/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-ssh-key.h"

#include "rh-ssh-signature.h"

#include <royal/error.h>
#include <sodium.h>
#include <string.h>

#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define END "-----END OPENSSH PRIVATE KEY-----"
#define MAGIC "openssh-key-v1"
#define TYPE "ssh-ed25519"

struct _RhSshKey {
  guint8 secret[crypto_sign_SECRETKEYBYTES];
  guint8 public[crypto_sign_PUBLICKEYBYTES];
};

/* What is left to be read of a key. */
typedef struct {
  const guint8 *at;
  gsize left;
} Reader;

static gboolean
read_u32 (Reader *self, guint32 *ret_value)
{
  guint32 value;

  if (self->left < sizeof value)
    return FALSE;
  memcpy (&value, self->at, sizeof value);
  self->at += sizeof value;
  self->left -= sizeof value;
  *ret_value = GUINT32_FROM_BE (value);
  return TRUE;
}

static gboolean
read_string (Reader *self, Reader *ret_value)
{
  guint32 length;

  if (!read_u32 (self, &length) || length > self->left)
    return FALSE;
  *ret_value = (Reader){ self->at, length };
  self->at += length;
  self->left -= length;
  return TRUE;
}

static gboolean
is_text (const Reader *self, const char *text)
{
  return self->left == strlen (text) && memcmp (self->at, text, self->left) == 0;
}

/* The part of a key that a passphrase would hide: two equal numbers, the type, the public and the secret half. */
static gboolean
read_private (RhSshKey *self, Reader hidden)
{
  guint32 one;
  guint32 two;
  Reader type;
  Reader public;
  Reader secret;

  if (!read_u32 (&hidden, &one) || !read_u32 (&hidden, &two) || one != two || !read_string (&hidden, &type) ||
      !is_text (&type, TYPE) || !read_string (&hidden, &public) || public.left != sizeof self->public ||
      !read_string (&hidden, &secret) || secret.left != sizeof self->secret)
    return FALSE;
  memcpy (self->secret, secret.at, secret.left);
  memcpy (self->public, public.at, public.left);
  return TRUE;
}

/* NULL, or what was expected. */
static const char *
read_key (RhSshKey *self, Reader bytes)
{
  Reader cipher;
  Reader derivation;
  Reader options;
  Reader public;
  Reader hidden;
  guint32 n;

  if (bytes.left < sizeof MAGIC || memcmp (bytes.at, MAGIC, sizeof MAGIC) != 0)
    return "a private key of OpenSSH";
  bytes.at += sizeof MAGIC;
  bytes.left -= sizeof MAGIC;
  if (!read_string (&bytes, &cipher) || !read_string (&bytes, &derivation) || !read_string (&bytes, &options) ||
      !read_u32 (&bytes, &n) || n != 1 || !read_string (&bytes, &public) || !read_string (&bytes, &hidden))
    return "a whole private key of OpenSSH";
  if (!is_text (&cipher, "none"))
    return "a key without a passphrase";
  return read_private (self, hidden) ? NULL : "a key of the type " TYPE;
}

/* (nullable): the length of what stands between the two lines, and where. */
static const char *
find_armour (const char *text, gsize length, gsize *ret_length)
{
  const char *begin = g_strstr_len (text, (gssize)length, BEGIN);
  const char *end = begin != NULL ? g_strstr_len (begin, (gssize)(length - (gsize)(begin - text)), END) : NULL;

  if (end == NULL)
    return NULL;
  begin += strlen (BEGIN);
  *ret_length = (gsize)(end - begin);
  return begin;
}

RhSshKey *
rh_ssh_key_new (const char *text, gsize length, GError **error)
{
  g_autoptr (RhSshKey) self = NULL;
  const char *wanted = "a private key of OpenSSH";
  const char *armour;
  guint8 *bytes;
  gsize size = 0;

  g_return_val_if_fail (text != NULL, NULL);

  self = g_new0 (RhSshKey, 1);
  armour = find_armour (text, length, &size);
  if (armour != NULL)
    {
      gsize found = 0;

      bytes = g_malloc (size + 1);
      if (sodium_base642bin (bytes, size, armour, size, "\r\n ", &found, NULL, sodium_base64_VARIANT_ORIGINAL) == 0)
        wanted = read_key (self, (Reader){ bytes, found });
      sodium_memzero (bytes, size);
      g_free (bytes);
    }
  if (wanted == NULL)
    return g_steal_pointer (&self);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected %s", wanted);
  return NULL;
}

void
rh_ssh_key_free (RhSshKey *self)
{
  if (self == NULL)
    return;
  sodium_memzero (self, sizeof *self);
  g_free (self);
}

char *
rh_ssh_key_sign (const RhSshKey *self, const char *purpose, gconstpointer data, gsize length)
{
  g_autoptr (GByteArray) text = NULL;
  g_autoptr (GByteArray) public = g_byte_array_new ();
  g_autoptr (GByteArray) signature = g_byte_array_new ();
  guint8 bytes[crypto_sign_BYTES];

  g_return_val_if_fail (self != NULL && purpose != NULL && data != NULL, NULL);

  text = rh_ssh_signed (purpose, data, length);
  crypto_sign_detached (bytes, NULL, text->data, text->len, self->secret);
  rh_ssh_put (public, TYPE, strlen (TYPE));
  rh_ssh_put (public, self->public, sizeof self->public);
  rh_ssh_put (signature, TYPE, strlen (TYPE));
  rh_ssh_put (signature, bytes, sizeof bytes);
  return rh_ssh_armour (public->data, public->len, purpose, signature->data, signature->len);
}
