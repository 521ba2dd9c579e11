/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-seal.h"

#include "royal-elf.h"
#include "royal-json.h"
#include "royal-manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <royal/error.h>
#include <royal/version.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TYPE "royal.plugin/1"
#define SEED_HEX (2 * crypto_sign_SEEDBYTES)
#define SEAL_SIZE_MAX 4096u

static gboolean
refuse (GError **error, int code, const char *path, const char *text)
{
  g_set_error (error, ROYAL_ERROR, code, "%s: %s", path, text);
  return FALSE;
}

static gboolean
start (GError **error)
{
  return sodium_init () >= 0 || refuse (error, ROYAL_ERROR_FAILED, "libsodium", "cannot be used");
}

/* Exactly @size bytes of hexadecimal digits. */
static gboolean
read_hex (const char *text, guchar *bytes, gsize size)
{
  gsize length = 0;

  return text != NULL && strlen (text) == 2 * size &&
         sodium_hex2bin (bytes, size, text, 2 * size, NULL, &length, NULL) == 0 && length == size;
}

void
royal_seal_key_id (const char *public_key, char id[ROYAL_SEAL_ID_SIZE])
{
  guchar bytes[crypto_sign_PUBLICKEYBYTES];
  g_autofree char *digest = NULL;

  id[0] = '\0';
  if (!read_hex (public_key, bytes, sizeof bytes))
    return;
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, bytes, sizeof bytes);
  g_strlcpy (id, digest, ROYAL_SEAL_ID_SIZE);
}

/* A new file of one line. */
static gboolean
write_line (const char *path, const char *text, int mode, GError **error)
{
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  gsize length = strlen (line);
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

  if (fd < 0)
    return refuse (error, errno == EEXIST ? ROYAL_ERROR_CONFLICT : ROYAL_ERROR_FAILED, path,
                   errno == EEXIST ? "is there already: a key is never written over" : g_strerror (errno));
  gboolean ok = write (fd, line, length) == (gssize)length && fsync (fd) == 0;
  int saved = errno;

  close (fd);
  sodium_memzero (line, length);
  if (ok)
    return TRUE;
  unlink (path);
  return refuse (error, ROYAL_ERROR_FAILED, path, g_strerror (saved));
}

char *
royal_seal_make_key (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  guchar seed[crypto_sign_SEEDBYTES], public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
  char seed_hex[SEED_HEX + 1], public_hex[2 * crypto_sign_PUBLICKEYBYTES + 1];
  g_autofree char *public_path = g_strconcat (path, ".pub", NULL);

  if (!start (error))
    return NULL;
  randombytes_buf (seed, sizeof seed);
  crypto_sign_seed_keypair (public_key, secret_key, seed);
  sodium_bin2hex (seed_hex, sizeof seed_hex, seed, sizeof seed);
  sodium_bin2hex (public_hex, sizeof public_hex, public_key, sizeof public_key);
  gboolean ok = write_line (path, seed_hex, 0600, error);
  if (ok && !write_line (public_path, public_hex, 0644, error))
    {
      unlink (path);
      ok = FALSE;
    }
  sodium_memzero (seed, sizeof seed);
  sodium_memzero (seed_hex, sizeof seed_hex);
  sodium_memzero (secret_key, sizeof secret_key);
  return ok ? g_strdup (public_hex) : NULL;
}

static gboolean
read_seed (const char *path, guchar seed[crypto_sign_SEEDBYTES], GError **error)
{
  char text[SEED_HEX + 2] = "";
  struct stat info;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return refuse (error, errno == ENOENT ? ROYAL_ERROR_NOT_FOUND : ROYAL_ERROR_FAILED, path, g_strerror (errno));
  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode) || (info.st_mode & 077) != 0)
    {
      close (fd);
      return refuse (error, ROYAL_ERROR_DENIED, path, "expected a key that its owner alone may read: chmod 600");
    }
  gssize n = read (fd, text, sizeof text - 1);
  close (fd);
  if (n == SEED_HEX + 1 && text[SEED_HEX] == '\n')
    text[SEED_HEX] = '\0';
  gboolean ok = read_hex (text, seed, crypto_sign_SEEDBYTES);
  sodium_memzero (text, sizeof text);
  return ok || refuse (error, ROYAL_ERROR_INVALID, path, "expected a key of 64 hexadecimal digits");
}

/* (transfer full): all of a seal but who signed it and the signature. */
static JsonNode *
describe (GBytes *module, const char *what, GError **error)
{
  g_autoptr (RoyalElf) elf = royal_elf_new (module, what, error);
  g_autoptr (RoyalManifest) manifest = elf != NULL ? royal_manifest_read_bytes (module, what, error) : NULL;

  if (manifest == NULL)
    return NULL;

  gsize length;
  const char *section = royal_elf_section (elf, ROYAL_MANIFEST_SECTION, &length);
  g_autofree char *manifest_digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)section, length);
  g_autofree char *module_digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, module);
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (object, "type", TYPE);
  json_object_set_string_member (object, "agent", royal_manifest_id (manifest));
  json_object_set_string_member (object, "version", royal_manifest_version (manifest));
  json_object_set_string_member (object, "manifest", manifest_digest);
  json_object_set_string_member (object, "module", module_digest);
  json_node_take_object (node, object);
  return node;
}

JsonNode *
royal_seal_sign (GBytes *module, const char *what, const char *key, GError **error)
{
  g_return_val_if_fail (module != NULL && what != NULL && key != NULL, NULL);

  guchar seed[crypto_sign_SEEDBYTES], public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
  guchar signature[crypto_sign_BYTES];
  char hex[2 * crypto_sign_BYTES + 1];
  g_autoptr (JsonNode) seal = NULL;

  if (!start (error) || (seal = describe (module, what, error)) == NULL || !read_seed (key, seed, error))
    return NULL;
  crypto_sign_seed_keypair (public_key, secret_key, seed);
  sodium_memzero (seed, sizeof seed);
  sodium_bin2hex (hex, sizeof hex, public_key, sizeof public_key);
  json_object_set_string_member (json_node_get_object (seal), "public_key", hex);
  g_autofree char *text = royal_json_canonical (seal);
  crypto_sign_detached (signature, NULL, (const guchar *)text, strlen (text), secret_key);
  sodium_memzero (secret_key, sizeof secret_key);
  sodium_bin2hex (hex, sizeof hex, signature, sizeof signature);
  json_object_set_string_member (json_node_get_object (seal), "signature", hex);
  return g_steal_pointer (&seal);
}

static JsonNode *
read_seal (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = royal_elf_read (path, error);

  if (bytes == NULL)
    return NULL;

  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  if (length == 0 || length > SEAL_SIZE_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: expected a signature of 1 to %u bytes, found %" G_GSIZE_FORMAT, path, SEAL_SIZE_MAX, length);
      return NULL;
    }
  g_autoptr (JsonNode) node = royal_json_parse (data, (gssize)length, path, error);
  if (node == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (node) ||
      g_strcmp0 (royal_json_string (json_node_get_object (node), "type", NULL), TYPE) != 0)
    {
      (void)refuse (error, ROYAL_ERROR_INVALID, path, "expected an object whose \"type\" is \"" TYPE "\"");
      return NULL;
    }
  return g_steal_pointer (&node);
}

/* What the seal says has to be what the module is: the first that differs is named. */
static gboolean
compare (JsonObject *seal, JsonObject *module, const char *path, const char *what, GError **error)
{
  static const char *const names[] = { "agent", "version", "manifest", "module" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *found = royal_json_string (seal, names[i], "");
      const char *wanted = royal_json_string (module, names[i], "");

      if (strcmp (found, wanted) == 0)
        continue;
      g_set_error (
          error, ROYAL_ERROR, ROYAL_ERROR_DENIED,
          "%s: /%s: expected that of %s, which is %s, found %s: it was signed for another plugin, or the plugin "
          "was altered",
          path, names[i], what, wanted, found);
      return FALSE;
    }
  return TRUE;
}

char *
royal_seal_verify (GBytes *module, const char *what, GError **error)
{
  g_return_val_if_fail (module != NULL && what != NULL, NULL);

  guchar public_key[crypto_sign_PUBLICKEYBYTES], signature[crypto_sign_BYTES];
  g_autofree char *path = g_strconcat (what, ROYAL_SEAL_SUFFIX, NULL);
  g_autoptr (JsonNode) seal = NULL;
  g_autoptr (JsonNode) wanted = NULL;

  if (!start (error) || (seal = read_seal (path, error)) == NULL || (wanted = describe (module, what, error)) == NULL)
    return NULL;

  const char *key = royal_json_string (json_node_get_object (seal), "public_key", NULL);
  if (!read_hex (key, public_key, sizeof public_key) ||
      !read_hex (royal_json_string (json_node_get_object (seal), "signature", NULL), signature, sizeof signature))
    {
      (void)refuse (error, ROYAL_ERROR_INVALID, path,
                    "expected \"public_key\" of 64 and \"signature\" of 128 hexadecimal digits");
      return NULL;
    }
  if (!compare (json_node_get_object (seal), json_node_get_object (wanted), path, what, error))
    return NULL;
  json_object_set_string_member (json_node_get_object (wanted), "public_key", key);
  g_autofree char *text = royal_json_canonical (wanted);
  if (crypto_sign_verify_detached (signature, (const guchar *)text, strlen (text), public_key) != 0)
    {
      char id[ROYAL_SEAL_ID_SIZE];

      royal_seal_key_id (key, id);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED, "%s: /signature: expected that of the key %s, found another",
                   path, id);
      return NULL;
    }
  return g_ascii_strdown (key, -1);
}
