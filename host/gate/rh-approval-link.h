/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secret.h"

G_BEGIN_DECLS

#define RH_APPROVAL_LINK_KEY_MIN 32

/**
 * RhApprovalLink:
 * @notice: the notification that it was sent with, a UUID: with the proposal it names the link
 * @digest: what was proposed, as it was when the link was made
 * @expires_s: the proposal's deadline, in seconds since 1970
 *
 * A link to one proposal, for one answer. It lets nobody in: who follows it logs in and has the role, or is refused.
 */
typedef struct {
  char notice[37];
  char digest[65];
  gint64 expires_s;
} RhApprovalLink;

/**
 * rh_approval_link_make:
 * @key: %RH_APPROVAL_LINK_KEY_MIN bytes or more
 * @proposal: its id
 *
 * Returns: (transfer full): `NOTICE.DIGEST.EXPIRES.MAC`, of which nothing is to be escaped in a URL. MAC is the HMAC-SHA256 (RFC
 *   2104) of all of it with the workspace and the proposal, in base64url. NULL with %ROYAL_ERROR_INVALID when the key is short.
 */
char *rh_approval_link_make (RhSecret *key,
                             gint64 workspace,
                             const char *proposal,
                             const RhApprovalLink *link,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_approval_link_open:
 * @text: what a client says that it is
 * @ret_link: what it says, which is true
 *
 * Returns: whether @text was made with @key for this proposal; else %ROYAL_ERROR_DENIED.
 */
gboolean rh_approval_link_open (RhSecret *key,
                                gint64 workspace,
                                const char *proposal,
                                const char *text,
                                RhApprovalLink *ret_link,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
