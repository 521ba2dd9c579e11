/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-signer.h"

#include <errno.h>
#include <fcntl.h>
#include <royal/error.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEED_HEX (2 * crypto_sign_SEEDBYTES)

struct _RhSigner {
  guchar public_key[crypto_sign_PUBLICKEYBYTES];
  guchar *secret_key; /* in memory that is not swapped */
  char id[17];
  char public_hex[2 * crypto_sign_PUBLICKEYBYTES + 1];
};

void
rh_signer_free (RhSigner *self)
{
  if (self == NULL)
    return;
  sodium_free (self->secret_key);
  g_free (self);
}

static gboolean
fail (GError **error, const char *what, const char *path)
{
  int saved = errno;

  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "audit key: cannot %s %s: %s", what, path, g_strerror (saved));
  return FALSE;
}

static gboolean
write_all (int fd, const char *text, gsize length)
{
  while (length > 0)
    {
      gssize n = write (fd, text, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      text += n;
      length -= (gsize)n;
    }
  return TRUE;
}

/* Nothing is there when it fails, or is there in part: the name comes last. */
static gboolean
make_file (const char *path, GError **error)
{
  g_autofree char *fresh = g_strdup_printf ("%s.%d", path, (int)getpid ());
  guchar seed[crypto_sign_SEEDBYTES];
  char text[SEED_HEX + 2];
  gboolean ok;
  int fd = open (fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    return fail (error, "make", fresh);
  randombytes_buf (seed, sizeof seed);
  sodium_bin2hex (text, SEED_HEX + 1, seed, sizeof seed);
  text[SEED_HEX] = '\n';
  ok = write_all (fd, text, SEED_HEX + 1) && fsync (fd) == 0;
  close (fd);
  sodium_memzero (seed, sizeof seed);
  sodium_memzero (text, sizeof text);
  /* Whoever was first stays. */
  ok = ok && (link (fresh, path) == 0 || errno == EEXIST);
  if (!ok)
    (void)fail (error, "make", path);
  unlink (fresh);
  return ok;
}

static gboolean
read_seed (const char *path, guchar seed[crypto_sign_SEEDBYTES], GError **error)
{
  char text[SEED_HEX + 2] = "";
  struct stat info;
  gssize n;
  gsize length = 0;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return fail (error, "read", path);
  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode) || (info.st_mode & 077) != 0)
    {
      close (fd);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED,
                   "audit key: %s: expected a file that its owner alone may read", path);
      return FALSE;
    }
  n = read (fd, text, SEED_HEX + 1);
  close (fd);
  if (n < SEED_HEX || (n > SEED_HEX && text[SEED_HEX] != '\n') ||
      sodium_hex2bin (seed, crypto_sign_SEEDBYTES, text, SEED_HEX, NULL, &length, NULL) != 0 ||
      length != crypto_sign_SEEDBYTES)
    {
      sodium_memzero (text, sizeof text);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "audit key: %s: expected %d hexadecimal digits", path,
                   (int)SEED_HEX);
      return FALSE;
    }
  sodium_memzero (text, sizeof text);
  return TRUE;
}

RhSigner *
rh_signer_open (const char *path, GError **error)
{
  guchar seed[crypto_sign_SEEDBYTES];
  g_autofree char *digest = NULL;
  RhSigner *self;

  g_return_val_if_fail (path != NULL, NULL);

  if (sodium_init () < 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "audit key: libsodium cannot be used");
      return NULL;
    }
  if (!g_file_test (path, G_FILE_TEST_EXISTS) && !make_file (path, error))
    return NULL;
  if (!read_seed (path, seed, error))
    return NULL;
  self = g_new0 (RhSigner, 1);
  self->secret_key = sodium_malloc (crypto_sign_SECRETKEYBYTES);
  crypto_sign_seed_keypair (self->public_key, self->secret_key, seed);
  sodium_memzero (seed, sizeof seed);
  sodium_bin2hex (self->public_hex, sizeof self->public_hex, self->public_key, sizeof self->public_key);
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, self->public_key, sizeof self->public_key);
  g_strlcpy (self->id, digest, sizeof self->id);
  return self;
}

const char *
rh_signer_id (const RhSigner *self)
{
  return self->id;
}

const char *
rh_signer_public (const RhSigner *self)
{
  return self->public_hex;
}

char *
rh_signer_sign (const RhSigner *self, const char *text)
{
  guchar signature[crypto_sign_BYTES];
  char *hex = g_malloc (2 * crypto_sign_BYTES + 1);

  g_return_val_if_fail (self != NULL && text != NULL, NULL);

  crypto_sign_detached (signature, NULL, (const guchar *)text, strlen (text), self->secret_key);
  return sodium_bin2hex (hex, 2 * crypto_sign_BYTES + 1, signature, sizeof signature);
}

gboolean
rh_signer_verify (const RhSigner *self, const char *text, const char *signature)
{
  guchar bytes[crypto_sign_BYTES];
  gsize length = 0;

  g_return_val_if_fail (self != NULL && text != NULL && signature != NULL, FALSE);

  return strlen (signature) == 2 * crypto_sign_BYTES &&
         sodium_hex2bin (bytes, sizeof bytes, signature, strlen (signature), NULL, &length, NULL) == 0 &&
         length == sizeof bytes &&
         crypto_sign_verify_detached (bytes, (const guchar *)text, strlen (text), self->public_key) == 0;
}
