/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-github-app.h"

#include "rh-github-jwt.h"
#include "rh-http-call.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

/* What is left of a token's hour when a new one is asked for: longer than any request takes. */
#define BEFORE_S 300

struct _RhGithubApp {
  gatomicrefcount references;
  char *issuer;
  gint64 installation;
  char *key;
  RhHttpEndpoint *endpoint;
  GHashTable *grants; /* workspace → Grant: each has a key of its own, or none */
};

typedef struct {
  gint64 workspace;
  RhGithubApp *app;
  RhSecret *token; /* (nullable) */
  gint64 until_s;
  GPtrArray *waiting; /* GTask; not empty: a request is under way */
  RhSecrets *secrets; /* of that request */
} Grant;

static void
grant_free (gpointer data)
{
  Grant *self = data;

  g_clear_pointer (&self->token, rh_secret_unref);
  g_ptr_array_unref (self->waiting);
  g_clear_object (&self->secrets);
  g_free (self);
}

static Grant *
grant_of (RhGithubApp *app, gint64 workspace)
{
  Grant *self = g_hash_table_lookup (app->grants, &workspace);

  if (self != NULL)
    return self;
  self = g_new0 (Grant, 1);
  self->workspace = workspace;
  self->app = app;
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  g_hash_table_insert (app->grants, &self->workspace, self);
  return self;
}

RhGithubApp *
rh_github_app_new (const char *issuer, gint64 installation, const char *key, RhHttpEndpoint *endpoint)
{
  RhGithubApp *self;

  g_return_val_if_fail (issuer != NULL && key != NULL && endpoint != NULL, NULL);

  self = g_new0 (RhGithubApp, 1);
  g_atomic_ref_count_init (&self->references);
  self->issuer = g_strdup (issuer);
  self->installation = installation;
  self->key = g_strdup (key);
  self->endpoint = endpoint;
  self->grants = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, grant_free);
  return self;
}

RhGithubApp *
rh_github_app_ref (RhGithubApp *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
rh_github_app_unref (RhGithubApp *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  g_free (self->issuer);
  g_free (self->key);
  rh_http_endpoint_free (self->endpoint);
  g_hash_table_unref (self->grants);
  g_free (self);
}

/* Answers all that wait: with the token, or with @error (transfer full). Drops the request's reference. */
static void
end (Grant *self, GError *error, guint retry_after_ms)
{
  g_autoptr (RhGithubApp) app = self->app;
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);
  g_autoptr (GError) fault = error;

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  g_clear_object (&self->secrets);
  if (fault != NULL)
    g_prefix_error (&fault, "App %s, installation %" G_GINT64_FORMAT ": ", app->issuer, app->installation);
  for (guint i = 0; i < waiting->len; i++)
    {
      GTask *task = waiting->pdata[i];

      g_object_set_data (G_OBJECT (task), "retry-after", GUINT_TO_POINTER (retry_after_ms));
      if (fault != NULL)
        g_task_return_error (task, g_error_copy (fault));
      else
        g_task_return_pointer (task, rh_secret_ref (self->token), (GDestroyNotify)rh_secret_unref);
    }
}

/* (transfer full) (nullable): what is wrong with GitHub's answer. */
static GError *
take_token (Grant *self, const RhHttpAnswer *answer)
{
  JsonObject *body =
      answer->json != NULL && JSON_NODE_HOLDS_OBJECT (answer->json) ? json_node_get_object (answer->json) : NULL;
  const char *token = body != NULL ? royal_json_string (body, "token", NULL) : NULL;
  const char *until = body != NULL ? royal_json_string (body, "expires_at", NULL) : NULL;
  g_autoptr (GDateTime) time = until != NULL ? g_date_time_new_from_iso8601 (until, NULL) : NULL;

  if (answer->status == 201 && token != NULL && *token != '\0' && time != NULL)
    {
      g_clear_pointer (&self->token, rh_secret_unref);
      self->token = rh_secret_new (token, strlen (token));
      self->until_s = g_date_time_to_unix (time);
      return NULL;
    }
  if (answer->status == 201)
    return g_error_new (ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "GitHub's answer holds no token with its end");
  return g_error_new (ROYAL_ERROR,
                      answer->retry_after_ms > 0 || answer->status == 429 ? ROYAL_ERROR_LIMIT
                      : answer->status >= 500                             ? ROYAL_ERROR_UNAVAILABLE
                                                                          : ROYAL_ERROR_DENIED,
                      "GitHub answered %u: %.300s", answer->status,
                      body != NULL ? royal_json_string (body, "message", "") : "");
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  Grant *self = data;
  GError *error = NULL;
  g_autoptr (RhHttpAnswer) answer = rh_http_call_finish (result, NULL, &error);

  if (error != NULL && royal_error_is_timeout (error))
    error->code = ROYAL_ERROR_UNAVAILABLE; /* a token too many does no harm */
  if (answer != NULL)
    error = take_token (self, answer);
  end (self, error, answer != NULL ? answer->retry_after_ms : 0);
}

static void
on_key (GObject *source, GAsyncResult *result, gpointer data)
{
  Grant *self = data;
  GError *error = NULL;
  g_autoptr (RhSecret) key = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);
  g_autoptr (RhSecret) jwt = NULL;
  g_autofree char *path = NULL;

  if (key != NULL)
    {
      jwt = rh_github_jwt_new (key, self->app->issuer, g_get_real_time () / G_USEC_PER_SEC, &error);
      if (jwt == NULL)
        g_prefix_error (&error, "the secret %s: ", self->app->key);
    }
  if (jwt == NULL)
    {
      end (self, error, 0);
      return;
    }
  path = g_strdup_printf ("/app/installations/%" G_GINT64_FORMAT "/access_tokens", self->app->installation);
  rh_http_call_async (self->app->endpoint, self->secrets,
                      &(RhHttpRequest){ .workspace = self->workspace, .method = "POST", .path = path, .bearer = jwt },
                      NULL, on_answer, self);
}

void
rh_github_app_token_async (RhGithubApp *self,
                           RhSecrets *secrets,
                           gint64 workspace,
                           GAsyncReadyCallback callback,
                           gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  Grant *grant;

  g_return_if_fail (self != NULL && RH_IS_SECRETS (secrets));

  g_task_set_source_tag (task, rh_github_app_token_async);
  grant = grant_of (self, workspace);
  if (grant->token != NULL && grant->until_s - BEFORE_S > g_get_real_time () / G_USEC_PER_SEC)
    {
      g_task_return_pointer (task, rh_secret_ref (grant->token), (GDestroyNotify)rh_secret_unref);
      return;
    }
  g_ptr_array_add (grant->waiting, g_steal_pointer (&task));
  if (grant->waiting->len > 1)
    return;
  rh_github_app_ref (self); /* until end() */
  grant->secrets = g_object_ref (secrets);
  rh_secrets_lookup_async (secrets, workspace, self->key, NULL, on_key, grant);
}

RhSecret *
rh_github_app_token_finish (GAsyncResult *result, guint *ret_retry_after_ms, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  if (ret_retry_after_ms != NULL)
    *ret_retry_after_ms = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (result), "retry-after"));
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rh_github_app_forget (RhGithubApp *self, RhSecret *token)
{
  GHashTableIter iter;
  gpointer value;

  g_return_if_fail (self != NULL && token != NULL);

  g_hash_table_iter_init (&iter, self->grants);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Grant *)value)->token == token)
      g_clear_pointer (&((Grant *)value)->token, rh_secret_unref);
}
