/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-github-action.h"
#include "rh-github-place.h"
#include "rh-http-call.h"

G_BEGIN_DECLS

/* Sends requests as who a place says, and remembers what was read: an answer that is still the same (304) is not sent again,
 * and GitHub does not count the question. */
typedef struct _RhGithubClient RhGithubClient;

/* @secrets: (nullable): to check only */
RhGithubClient *rh_github_client_new (RhSecrets *secrets) G_GNUC_WARN_UNUSED_RESULT;
void rh_github_client_free (RhGithubClient *self);

/* One request; it outlives neither @self nor @place. An installation's token that GitHub does not take any more is replaced
 * once. */
void rh_github_client_send_async (RhGithubClient *self, const RhGithubPlace *place, gint64 workspace,
                                  const RhGithubRequest *request, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);

/* As rh_http_call_finish(). @ret_retry_after_ms (optional): when GitHub said to come back, with an error or an answer. */
RhHttpAnswer *rh_github_client_send_finish (GAsyncResult *result, gboolean *ret_sent, guint *ret_retry_after_ms,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
