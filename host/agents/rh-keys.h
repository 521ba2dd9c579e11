/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Which keys may sign plugins, and what becomes of a plugin that none of them has signed. */
typedef struct _RhKeys RhKeys;

typedef enum {
  RH_SIGNATURES_REQUIRE, /* it is left out */
  RH_SIGNATURES_WARN,    /* it runs, and the log says so */
  RH_SIGNATURES_OFF,     /* nothing is looked at */
} RhSignatures;

/* FALSE when @name is none of "require", "warn" and "off". */
gboolean rh_signatures_from_name (const char *name, RhSignatures *signatures);

/**
 * rh_keys_new:
 * @installed: the folder that the host's own plugins are installed to: those that root owns and nobody else may write
 * are trusted as the host itself is, which whoever can write them could replace too
 */
RhKeys *rh_keys_new (RhSignatures signatures, const char *installed) G_GNUC_WARN_UNUSED_RESULT;
void rh_keys_free (RhKeys *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhKeys, rh_keys_free)

/**
 * rh_keys_take:
 * @keys: [{ "name", "public_key": 64 hexadecimal digits, "trusted": false when it was trusted once and is not any more
 * }]
 *
 * From now on these are known, and no others.
 */
void rh_keys_take (RhKeys *self, JsonArray *keys);

/**
 * rh_keys_check:
 * @module: the bytes of a plugin
 * @path: the file that they were read from
 * @ret_signature: (out) (transfer full): { "state": "trusted" | "installed" | "unknown" | "unsigned" | "unchecked" |
 *   "broken" | "distrusted", "key": its id or null, "name": of the key or null, "detail": what is wrong, or null }
 *
 * A signature that does not hold and a key that is trusted no more are refused by "warn" too: somebody altered the one,
 * and a person decided about the other.
 *
 * Returns: FALSE with %ROYAL_ERROR_DENIED when the plugin must not run; the message names the file and the key's id.
 */
gboolean rh_keys_check (RhKeys *self, GBytes *module, const char *path, JsonObject **ret_signature, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
