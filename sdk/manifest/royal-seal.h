/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What a developer signs of a plugin, Ed25519 (RFC 8032): the seal MODULE.sig beside the module, a JSON object
 * { "type": "royal.plugin/1", "agent", "version", "manifest": the SHA-256 of the manifest's section, "module": that of
 * the file, "public_key", "signature" }, all in lower-case hexadecimal digits. Signed is the canonical form (RFC 8785)
 * of all but "signature". */
#define ROYAL_SEAL_SUFFIX ".sig"

/* A public key's id for people: 16 hexadecimal digits and a NUL. */
#define ROYAL_SEAL_ID_SIZE 17

/**
 * royal_seal_key_id:
 * @public_key: 64 hexadecimal digits
 * @id: the first 16 hexadecimal digits of the SHA-256 of the key's bytes; "" when @public_key is none
 */
void royal_seal_key_id (const char *public_key, char id[ROYAL_SEAL_ID_SIZE]);

/**
 * royal_seal_make_key:
 * @path: a file that is not there yet; its seed is written to it as 64 hexadecimal digits, with mode 0600
 *
 * Returns: (transfer full): the public key, which is also written to `@path.pub`; NULL with %ROYAL_ERROR_CONFLICT when
 *   one of the files is there, %ROYAL_ERROR_FAILED when it cannot be written.
 */
char *royal_seal_make_key (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_seal_sign:
 * @module: the bytes of a plugin
 * @what: names it in messages
 * @key: the file of royal_seal_make_key()
 *
 * Returns: (transfer full): the seal; NULL with %ROYAL_ERROR_INVALID when @module is no plugin or @key no key,
 *   %ROYAL_ERROR_DENIED when others may read @key, %ROYAL_ERROR_NOT_FOUND or %ROYAL_ERROR_FAILED.
 */
JsonNode *royal_seal_sign (GBytes *module, const char *what, const char *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_seal_verify:
 * @module: the bytes of a plugin
 * @what: the file that they were read from; its seal is looked for beside it
 *
 * Whether to trust the key is the caller's to say.
 *
 * Returns: (transfer full): the public key that signed it; NULL with %ROYAL_ERROR_NOT_FOUND when there is no seal,
 *   %ROYAL_ERROR_INVALID when it is none, %ROYAL_ERROR_DENIED when it does not hold. The message names the file.
 */
char *royal_seal_verify (GBytes *module, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
