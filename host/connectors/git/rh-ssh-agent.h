/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * rh_ssh_agent_sign:
 * @socket: (nullable): where the agent listens: SSH_AUTH_SOCK
 * @key: a public key as it stands in a .pub file: of Ed25519, ECDSA or RSA
 *
 * Asks an agent (draft-miller-ssh-agent) to sign as `ssh-keygen -Y sign` does. Blocks, twenty seconds at most: a person may have
 * to confirm it.
 *
 * Returns: (transfer full): the armoured signature. NULL with %ROYAL_ERROR_INVALID (@key), %ROYAL_ERROR_UNAVAILABLE (there is no
 *   agent, or it does not answer) or %ROYAL_ERROR_DENIED (it does not have the key, or nobody confirmed).
 */
char *rh_ssh_agent_sign (const char *socket, const char *key, const char *purpose, gconstpointer data, gsize length,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
