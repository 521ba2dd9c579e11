/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-http-endpoint.h"
#include "rh-secrets.h"

G_BEGIN_DECLS

/* One installation of a GitHub App, and its token: asked for when it is wanted, kept until shortly before it ends. */
typedef struct _RhGithubApp RhGithubApp;

/**
 * rh_github_app_new:
 * @issuer: the App's client id or its number
 * @key: the name of the secret that holds its private key
 * @endpoint: (transfer full): where the REST interface is, with no secret of its own
 */
RhGithubApp *rh_github_app_new (const char *issuer, gint64 installation, const char *key, RhHttpEndpoint *endpoint)
    G_GNUC_WARN_UNUSED_RESULT;
RhGithubApp *rh_github_app_ref (RhGithubApp *self);
void rh_github_app_unref (RhGithubApp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhGithubApp, rh_github_app_unref)

/* Who ask at the same time share one request, which no one of them can cancel. Errors: those of rh_http_call_finish(),
 * %ROYAL_ERROR_DENIED (GitHub does not know the key, or the installation), %ROYAL_ERROR_LIMIT, %ROYAL_ERROR_INVALID (it is no
 * key). */
void rh_github_app_token_async (RhGithubApp *self, RhSecrets *secrets, gint64 workspace, GAsyncReadyCallback callback,
                                gpointer data);
/* (transfer full). @ret_retry_after_ms (optional): with an error, when GitHub said to come back, else 0. */
RhSecret *rh_github_app_token_finish (GAsyncResult *result, guint *ret_retry_after_ms, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* GitHub did not take @token: the next one is a new one. */
void rh_github_app_forget (RhGithubApp *self, RhSecret *token);

G_END_DECLS
