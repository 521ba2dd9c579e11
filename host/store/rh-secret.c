/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-secret.h"

#include <sodium.h>
#include <string.h>

#define NAME_MAX_LENGTH 63

struct _RhSecret {
  gatomicrefcount references;
  gsize length;
  char *bytes; /* of libsodium: guarded, locked, not dumped, wiped when freed */
};

RhSecret *
rh_secret_new (gconstpointer bytes, gsize length)
{
  RhSecret *self;

  g_return_val_if_fail (bytes != NULL || length == 0, NULL);

  if (sodium_init () < 0)
    g_error ("libsodium cannot be used");
  self = g_new0 (RhSecret, 1);
  g_atomic_ref_count_init (&self->references);
  self->length = length;
  self->bytes = sodium_malloc (length + 1);
  if (self->bytes == NULL)
    g_error ("no memory for a secret");
  if (length > 0)
    memcpy (self->bytes, bytes, length);
  self->bytes[length] = '\0';
  sodium_mprotect_readonly (self->bytes);
  return self;
}

RhSecret *
rh_secret_ref (RhSecret *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
rh_secret_unref (RhSecret *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  sodium_free (self->bytes);
  g_free (self);
}

const char *
rh_secret_bytes (const RhSecret *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->bytes;
}

gsize
rh_secret_length (const RhSecret *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->length;
}

gboolean
rh_secret_is_name (const char *name)
{
  gsize length = name != NULL ? strlen (name) : 0;

  /* systemd's credential of that name holds the keys to all others. */
  return length > 0 && length <= NAME_MAX_LENGTH && g_ascii_islower (*name) && strcmp (name, "secrets-key") != 0 &&
         strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}
