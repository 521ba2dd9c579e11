/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-github-client.h"

#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define REMEMBERED_MAX 512
#define REMEMBERED_BYTES_MAX (8 * 1024 * 1024)
/* Without a word of when to come back, GitHub asks to wait at least a minute. */
#define SECONDARY_MS 60000

/* What was read. */
typedef struct {
  char *key;
  char *validator;
  JsonNode *json;
  gsize length;
} Read;

struct _RhGithubClient {
  RhSecrets *secrets;
  GHashTable *reads; /* key → link of order */
  GQueue order;      /* Read, the oldest first */
  gsize bytes;
};

typedef struct {
  RhGithubClient *client;
  const RhGithubPlace *place;
  gint64 workspace;
  const char *method;
  char *path;
  JsonNode *body;
  GCancellable *cancellable;
  RhSecret *token; /* (nullable): of an installation */
  JsonNode *known; /* (nullable): what was read before, with the validator that is asked with */
  gboolean again;
  gboolean sent;
  guint retry_after_ms;
} Sending;

static void
sending_free (gpointer data)
{
  Sending *self = data;

  g_free (self->path);
  g_clear_pointer (&self->body, json_node_unref);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->token, rh_secret_unref);
  g_clear_pointer (&self->known, json_node_unref);
  g_free (self);
}

/* --- What was read ------------------------------------------------------------------------------------------------ */

static void
read_free (gpointer data)
{
  Read *self = data;

  g_free (self->key);
  g_free (self->validator);
  json_node_unref (self->json);
  g_free (self);
}

/* Whoever may not read it any more gets no 304: what is there is told to nobody else. */
static char *
key_of (const Sending *self)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT " %s %s", self->workspace, self->place->name, self->path);
}

static void
forget (RhGithubClient *self, GList *link)
{
  Read *old = link->data;

  self->bytes -= old->length;
  g_hash_table_remove (self->reads, old->key);
  g_queue_delete_link (&self->order, link);
  read_free (old);
}

static void
remember (const Sending *sending, const RhHttpAnswer *answer)
{
  RhGithubClient *self = sending->client;
  g_autofree char *key = key_of (sending);
  GList *old = g_hash_table_lookup (self->reads, key);
  Read *new;

  if (old != NULL)
    forget (self, old);
  if (answer->validator == NULL || answer->json == NULL || answer->length > REMEMBERED_BYTES_MAX / 8)
    return;
  new = g_new0 (Read, 1);
  new->key = g_steal_pointer (&key);
  new->validator = g_strdup (answer->validator);
  new->json = json_node_copy (answer->json);
  new->length = answer->length;
  self->bytes += new->length;
  g_queue_push_tail (&self->order, new);
  g_hash_table_insert (self->reads, new->key, self->order.tail);
  while (self->order.length > REMEMBERED_MAX || self->bytes > REMEMBERED_BYTES_MAX)
    forget (self, self->order.head);
}

static const Read *
find_read (const Sending *self)
{
  g_autofree char *key = key_of (self);
  GList *link = strcmp (self->method, "GET") == 0 ? g_hash_table_lookup (self->client->reads, key) : NULL;

  return link != NULL ? link->data : NULL;
}

/* --- Sending ------------------------------------------------------------------------------------------------------ */

static void authorize (GTask *task);

/* The secondary limits are told in words, and not always with when to come back. */
static guint
secondary_ms (const RhHttpAnswer *answer)
{
  JsonObject *body =
      answer->json != NULL && JSON_NODE_HOLDS_OBJECT (answer->json) ? json_node_get_object (answer->json) : NULL;
  const char *message = body != NULL ? royal_json_string (body, "message", "") : "";

  if (answer->status != 403 && answer->status != 429)
    return 0;
  return answer->status == 429 || strstr (message, "secondary rate limit") != NULL || strstr (message, "abuse") != NULL
             ? SECONDARY_MS
             : 0;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Sending *self = g_task_get_task_data (task);
  gboolean sent = FALSE;
  GError *error = NULL;
  g_autoptr (RhHttpAnswer) answer = rh_http_call_finish (result, &sent, &error);

  self->sent |= sent;
  if (answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (answer->status == 401 && self->token != NULL && !self->again)
    {
      /* Nothing was done: it was withdrawn before its time. */
      self->again = TRUE;
      rh_github_app_forget (self->place->app, self->token);
      g_clear_pointer (&self->token, rh_secret_unref);
      authorize (task);
      return;
    }
  if (answer->status == 304 && self->known != NULL)
    {
      answer->status = 200;
      g_clear_pointer (&answer->json, json_node_unref);
      answer->json = json_node_copy (self->known);
    }
  else if (answer->status == 200 && strcmp (self->method, "GET") == 0)
    remember (self, answer);
  if (answer->retry_after_ms == 0)
    answer->retry_after_ms = secondary_ms (answer);
  self->retry_after_ms = MAX (answer->retry_after_ms, answer->exhausted_ms);
  g_task_return_pointer (task, g_steal_pointer (&answer), (GDestroyNotify)rh_http_answer_free);
}

static void
send (GTask *task)
{
  Sending *self = g_task_get_task_data (task);
  const Read *read = find_read (self);
  RhHttpRequest request = { .workspace = self->workspace,
                            .method = self->method,
                            .path = self->path,
                            .body = self->body,
                            .bearer = self->token,
                            .none_match = read != NULL ? read->validator : NULL };

  g_clear_pointer (&self->known, json_node_unref);
  self->known = read != NULL ? json_node_ref (read->json) : NULL;
  rh_http_call_async (self->place->endpoint, self->client->secrets, &request, self->cancellable, on_answer,
                      g_object_ref (task));
}

static void
on_token (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Sending *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->token = rh_github_app_token_finish (result, &self->retry_after_ms, &error);
  if (self->token == NULL)
    g_task_return_error (task, error);
  else
    send (task);
}

static void
authorize (GTask *task)
{
  const Sending *self = g_task_get_task_data (task);

  if (self->place->app != NULL)
    rh_github_app_token_async (self->place->app, self->client->secrets, self->workspace, on_token, g_object_ref (task));
  else
    send (task);
}

void
rh_github_client_send_async (RhGithubClient *self,
                             const RhGithubPlace *place,
                             gint64 workspace,
                             const RhGithubRequest *request,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  Sending *sending;

  g_return_if_fail (self != NULL && place != NULL && request != NULL && request->path != NULL);

  g_task_set_source_tag (task, rh_github_client_send_async);
  sending = g_new0 (Sending, 1);
  sending->client = self;
  sending->place = place;
  sending->workspace = workspace;
  sending->method = request->method;
  sending->path = g_strdup (request->path);
  sending->body = request->body != NULL ? json_node_copy (request->body) : NULL;
  sending->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  g_task_set_task_data (task, sending, sending_free);
  authorize (task);
}

RhHttpAnswer *
rh_github_client_send_finish (GAsyncResult *result, gboolean *ret_sent, guint *ret_retry_after_ms, GError **error)
{
  const Sending *self;

  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  self = g_task_get_task_data (G_TASK (result));
  if (ret_sent != NULL)
    *ret_sent = self->sent;
  if (ret_retry_after_ms != NULL)
    *ret_retry_after_ms = self->retry_after_ms;
  return g_task_propagate_pointer (G_TASK (result), error);
}

RhGithubClient *
rh_github_client_new (RhSecrets *secrets)
{
  RhGithubClient *self = g_new0 (RhGithubClient, 1);

  self->secrets = secrets != NULL ? g_object_ref (secrets) : NULL;
  self->reads = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&self->order);
  return self;
}

void
rh_github_client_free (RhGithubClient *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->secrets);
  g_hash_table_unref (self->reads);
  g_queue_clear_full (&self->order, read_free);
  g_free (self);
}
