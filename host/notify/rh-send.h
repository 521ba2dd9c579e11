/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-notice.h"
#include "rh-receiver.h"
#include "rh-secrets.h"

G_BEGIN_DECLS

/* One attempt to send @notice to @receiver, by what that is. Both outlive it. A webhook carries webhook-id,
 * webhook-timestamp and, when there is a secret for it, webhook-signature, as Standard Webhooks 1.0 has them. */
void rh_send_async (const RhReceiver *receiver,
                    RhSecrets *secrets,
                    gint64 workspace,
                    RhNotice *notice,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer data);

/* @ret_after_ms (optional) tells, with an error, how long to wait at least before the next attempt; -1: there is to be
 * none, since the receiver wants no more. No error holds a secret. */
gboolean rh_send_finish (GAsyncResult *result, gint64 *ret_after_ms, GError **error);

G_END_DECLS
