/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-http-call.h"

#include "royal-json.h"

#include <string.h>

#define CHUNK 65536
#define RETRY_AFTER_MAX_S 86400
#define MASK "***"
#define MASK_MIN 4 /* what is shorter is no secret, and is in every answer */

typedef struct {
  const RhHttpEndpoint *endpoint;
  RhSecrets *secrets;
  gint64 workspace;
  SoupMessage *message;
  GCancellable *cancellable; /* of the exchange: the caller's, the timeout's or a refusal */
  GCancellable *outer;
  gulong outer_id;
  guint timeout_id;
  guint next_secret;
  GPtrArray *told; /* RhSecret that went along */
  GInputStream *stream;
  GByteArray *body;
  gboolean safe;
  gboolean streamed;
  gboolean sent;
  gboolean refused; /* the address is private */
  gboolean late;
} Call;

void
rh_http_answer_free (RhHttpAnswer *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->json, json_node_unref);
  g_clear_object (&self->stream);
  g_free (self->sha256);
  g_free (self->tag);
  g_free (self->validator);
  g_free (self->deprecated);
  g_free (self);
}

static void
settle (Call *self)
{
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  if (self->outer_id != 0)
    g_cancellable_disconnect (self->outer, self->outer_id);
  self->outer_id = 0;
}

static void
call_free (gpointer data)
{
  Call *self = data;

  settle (self);
  g_signal_handlers_disconnect_by_data (self->message, self);
  g_object_unref (self->message);
  g_clear_object (&self->secrets);
  g_ptr_array_unref (self->told);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->outer);
  g_clear_object (&self->stream);
  g_clear_pointer (&self->body, g_byte_array_unref);
  g_free (self);
}

static gboolean
is_private_v4 (const guint8 *b)
{
  return b[0] == 0 || b[0] == 10 || b[0] == 127 || b[0] >= 224 || (b[0] == 100 && (b[1] & 0xc0) == 64) ||
         (b[0] == 169 && b[1] == 254) || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
         (b[0] == 192 && b[1] == 0 && b[2] == 0) || (b[0] == 198 && (b[1] & 0xfe) == 18);
}

gboolean
rh_http_address_is_private (GInetAddress *address)
{
  static const guint8 mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
  static const guint8 nat64[12] = { 0, 0x64, 0xff, 0x9b };
  static const guint8 local64[6] = { 0, 0x64, 0xff, 0x9b, 0, 1 };
  static const guint8 zero[12];
  const guint8 *b;

  g_return_val_if_fail (G_IS_INET_ADDRESS (address), TRUE);

  b = g_inet_address_to_bytes (address);
  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4)
    return is_private_v4 (b);
  if (memcmp (b, mapped, 12) == 0 || memcmp (b, nat64, 12) == 0)
    return is_private_v4 (b + 12);
  if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
    return is_private_v4 (b + 2);
  return memcmp (b, local64, sizeof local64) == 0 || memcmp (b, zero, 12) == 0 || (b[0] & 0xfe) == 0xfc ||
         b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0x80) != 0);
}

/* What is about to be connected to is looked at, not what was resolved some time before. */
static void
on_network (SoupMessage *message, GSocketClientEvent event, GIOStream *connection, gpointer data)
{
  Call *self = data;
  g_autoptr (GSocketAddress) address = NULL;

  if (event != G_SOCKET_CLIENT_CONNECTING || self->endpoint->allow_private)
    return;
  if (G_IS_SOCKET_CONNECTION (connection))
    address = g_socket_connection_get_remote_address (G_SOCKET_CONNECTION (connection), NULL);
  if (address != NULL && G_IS_INET_SOCKET_ADDRESS (address) &&
      !rh_http_address_is_private (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address))))
    return;
  self->refused = TRUE;
  g_cancellable_cancel (self->cancellable);
}

static void
on_wrote (SoupMessage *message, gpointer data)
{
  ((Call *)data)->sent = TRUE;
}

static void
on_outer_cancelled (GCancellable *outer, gpointer data)
{
  g_cancellable_cancel (data);
}

static gboolean
on_timeout (gpointer data)
{
  Call *self = data;

  self->timeout_id = 0;
  self->late = TRUE;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/* Takes @error (transfer full): whose it is not is of no interest, what it means is. */
static void
fail (GTask *task, GError *error)
{
  Call *self = g_task_get_task_data (task);
  g_autoptr (GError) fault = error;

  settle (self);
  if (self->refused)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_DENIED, "%s: its address is a private one",
                             self->endpoint->name);
  else if (self->late)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "%s: no answer within %u ms", self->endpoint->name,
                             self->endpoint->timeout_ms);
  else if (fault->domain == ROYAL_ERROR)
    g_task_return_error (task, g_steal_pointer (&fault));
  else
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s: %s", self->endpoint->name,
                             fault->message);
}

/* Seconds or a date; 0 = nothing that can be read. */
static guint
retry_after_ms (const char *text)
{
  g_autoptr (GDateTime) now = NULL;
  g_autoptr (GDateTime) then = NULL;
  gint64 seconds;
  char *end;

  if (text == NULL)
    return 0;
  seconds = g_ascii_strtoll (text, &end, 10);
  if (end == text || *end != '\0')
    {
      then = soup_date_time_new_from_http_string (text);
      if (then == NULL)
        return 0;
      now = g_date_time_new_now_utc ();
      seconds = g_date_time_difference (then, now) / G_USEC_PER_SEC + 1;
    }
  return (guint)CLAMP (seconds, 0, RETRY_AFTER_MAX_S) * 1000;
}

/* When the budget of requests that an answer says is used up begins anew, by the headers that many interfaces send. */
static guint
reset_ms (SoupMessageHeaders *headers)
{
  const char *left = soup_message_headers_get_one (headers, "X-RateLimit-Remaining");
  const char *reset = soup_message_headers_get_one (headers, "X-RateLimit-Reset");
  gint64 then = 0;

  if (left == NULL || strcmp (left, "0") != 0 || reset == NULL ||
      !g_ascii_string_to_signed (reset, 10, 0, G_MAXINT32 * (gint64)64, &then, NULL))
    return 0;
  return (guint)CLAMP (then - g_get_real_time () / G_USEC_PER_SEC + 1, 1, RETRY_AFTER_MAX_S) * 1000;
}

/* (transfer full): the answer without what a peer that says again what it was told has put there: answers are kept. */
static GString *
masked (const Call *self)
{
  GString *text = g_string_new_len ((const char *)self->body->data, (gssize)self->body->len);

  for (guint i = 0; i < self->told->len; i++)
    {
      g_autofree char *value = g_strchomp (g_strdup (rh_secret_bytes (self->told->pdata[i])));

      if (strlen (value) >= MASK_MIN)
        g_string_replace (text, value, MASK, 0);
      memset (value, 0, strlen (value));
    }
  return text;
}

/* (transfer full) (nullable): of RFC 9745, or the one that Shopify sends. */
static char *
deprecation (SoupMessageHeaders *headers)
{
  const char *reason = soup_message_headers_get_one (headers, "X-Shopify-API-Deprecated-Reason");

  return g_strdup (reason != NULL ? reason : soup_message_headers_get_one (headers, "Deprecation"));
}

static void
answer (GTask *task)
{
  Call *self = g_task_get_task_data (task);
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  RhHttpAnswer *result = g_new0 (RhHttpAnswer, 1);
  const char *tag = soup_message_headers_get_one (headers, "ETag");

  settle (self);
  result->status = soup_message_get_status (self->message);
  if (self->body == NULL)
    {
      result->stream = g_steal_pointer (&self->stream);
      g_task_return_pointer (task, result, (GDestroyNotify)rh_http_answer_free);
      return;
    }
  result->length = self->body->len;
  result->sha256 = g_compute_checksum_for_data (G_CHECKSUM_SHA256, self->body->data, self->body->len);
  result->tag = tag != NULL && tag[0] == '"' ? g_strdup (tag) : NULL;
  result->validator = g_strdup (tag);
  result->deprecated = deprecation (headers);
  result->retry_after_ms = retry_after_ms (soup_message_headers_get_one (headers, "Retry-After"));
  result->exhausted_ms = reset_ms (headers);
  if (result->retry_after_ms == 0 && (result->status == 403 || result->status == 429))
    result->retry_after_ms = result->exhausted_ms;
  if (self->body->len > 0)
    {
      g_autoptr (GString) text = masked (self);

      result->json = royal_json_parse (text->str, (gssize)text->len, "answer", NULL);
    }
  g_task_return_pointer (task, result, (GDestroyNotify)rh_http_answer_free);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  if (bytes == NULL)
    fail (task, error);
  else if (g_bytes_get_size (bytes) == 0)
    answer (task);
  else
    {
      g_byte_array_append (self->body, g_bytes_get_data (bytes, NULL), (guint)g_bytes_get_size (bytes));
      if (self->body->len > self->endpoint->max_answer && !self->safe)
        {
          /* What was done was done, whatever is said about it at such length. */
          g_byte_array_set_size (self->body, 0);
          answer (task);
        }
      else if (self->body->len > self->endpoint->max_answer)
        fail (task, g_error_new (ROYAL_ERROR, ROYAL_ERROR_LIMIT, "%s: the answer is longer than %" G_GSIZE_FORMAT,
                                 self->endpoint->name, self->endpoint->max_answer));
      else
        g_input_stream_read_bytes_async (self->stream, CHUNK, G_PRIORITY_DEFAULT, self->cancellable, on_read,
                                         g_object_ref (task));
    }
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  if (self->stream == NULL)
    {
      fail (task, error);
      return;
    }
  if (self->streamed && soup_message_get_status (self->message) == SOUP_STATUS_OK)
    {
      answer (task);
      return;
    }
  self->body = g_byte_array_new ();
  g_input_stream_read_bytes_async (self->stream, CHUNK, G_PRIORITY_DEFAULT, self->cancellable, on_read,
                                   g_object_ref (task));
}

static void ask_secret (GTask *task);

/* Sends @secret (transfer full) along. */
static void
tell_secret (Call *self, const char *header, const char *prefix, RhSecret *secret)
{
  char *value = g_strconcat (prefix, rh_secret_bytes (secret), NULL);

  g_ptr_array_add (self->told, secret);
  soup_message_headers_replace (soup_message_get_request_headers (self->message), header, g_strchomp (value));
  memset (value, 0, strlen (value));
  g_free (value);
}

static void
on_secret (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *self = g_task_get_task_data (task);
  const RhHttpSecret *wanted = self->endpoint->secrets->pdata[self->next_secret];
  GError *error = NULL;
  RhSecret *secret = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);

  if (secret == NULL)
    {
      fail (task, error);
      return;
    }
  tell_secret (self, wanted->header, wanted->prefix, secret);
  self->next_secret++;
  ask_secret (task);
}

static void
ask_secret (GTask *task)
{
  Call *self = g_task_get_task_data (task);
  const RhHttpSecret *wanted;

  if (self->next_secret >= self->endpoint->secrets->len)
    {
      soup_session_send_async (self->endpoint->session, self->message, G_PRIORITY_DEFAULT, self->cancellable, on_sent,
                               g_object_ref (task));
      return;
    }
  wanted = self->endpoint->secrets->pdata[self->next_secret];
  rh_secrets_lookup_async (self->secrets, self->workspace, wanted->secret, self->cancellable, on_secret,
                           g_object_ref (task));
}

static gboolean
is_safe (const RhHttpRequest *request)
{
  return request->safe || strcmp (request->method, "GET") == 0;
}

/* (nullable) (transfer full) */
static SoupMessage *
make_message (const RhHttpEndpoint *endpoint, const RhHttpRequest *request)
{
  g_autofree char *text = g_strconcat (endpoint->origin, request->path, NULL);
  g_autoptr (GUri) uri = g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);
  g_autoptr (SoupMessage) message = uri != NULL ? soup_message_new_from_uri (request->method, uri) : NULL;
  SoupMessageHeaders *headers;

  if (message == NULL)
    return NULL;
  headers = soup_message_get_request_headers (message);
  /* A connection that was kept open may have been closed meanwhile: what is not known to be harmless is not sent there.
   * libsoup itself keeps POST from it but for what is said to be idempotent. */
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_DO_NOT_USE_AUTH_CACHE |
                                       (endpoint->idempotent || is_safe (request) ? 0 : SOUP_MESSAGE_NEW_CONNECTION) |
                                       (request->safe ? SOUP_MESSAGE_IDEMPOTENT : 0));
  for (guint i = 0; i + 1 < endpoint->headers->len; i += 2)
    soup_message_headers_replace (headers, endpoint->headers->pdata[i], endpoint->headers->pdata[i + 1]);
  soup_message_headers_replace (headers, "Accept", "application/json");
  for (guint i = 0; request->headers != NULL && request->headers[i] != NULL; i += 2)
    soup_message_headers_replace (headers, request->headers[i], request->headers[i + 1]);
  if (request->key != NULL)
    soup_message_headers_replace (headers, endpoint->key_header, request->key);
  if (request->match != NULL)
    soup_message_headers_replace (headers, "If-Match", request->match);
  if (request->none_match != NULL)
    soup_message_headers_replace (headers, "If-None-Match", request->none_match);
  if (request->body != NULL)
    {
      char *body = royal_json_to_string (request->body);
      g_autoptr (GBytes) bytes = g_bytes_new_take (body, strlen (body));

      soup_message_set_request_body_from_bytes (message, "application/json", bytes);
    }
  return g_steal_pointer (&message);
}

void
rh_http_call_async (const RhHttpEndpoint *endpoint,
                    RhSecrets *secrets,
                    const RhHttpRequest *request,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  Call *self;
  SoupMessage *message;

  g_return_if_fail (endpoint != NULL && request != NULL);

  g_task_set_source_tag (task, rh_http_call_async);
  message = make_message (endpoint, request);
  if (message == NULL)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s is no path", endpoint->name,
                               request->path);
      return;
    }
  self = g_new0 (Call, 1);
  self->endpoint = endpoint;
  self->secrets = secrets != NULL ? g_object_ref (secrets) : NULL;
  self->workspace = request->workspace;
  self->message = message;
  self->safe = is_safe (request);
  self->streamed = request->streamed;
  self->told = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_secret_unref);
  self->cancellable = g_cancellable_new ();
  g_task_set_task_data (task, self, call_free);
  g_signal_connect (message, "network-event", G_CALLBACK (on_network), self);
  g_signal_connect (message, "wrote-headers", G_CALLBACK (on_wrote), self);
  if (cancellable != NULL)
    {
      self->outer = g_object_ref (cancellable);
      self->outer_id = g_cancellable_connect (cancellable, G_CALLBACK (on_outer_cancelled),
                                              g_object_ref (self->cancellable), g_object_unref);
    }
  if (request->bearer != NULL)
    tell_secret (self, "Authorization", "Bearer ", rh_secret_ref (request->bearer));
  self->timeout_id = g_timeout_add (endpoint->timeout_ms, on_timeout, self);
  ask_secret (task);
}

RhHttpAnswer *
rh_http_call_finish (GAsyncResult *result, gboolean *ret_sent, GError **error)
{
  const Call *self;

  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  self = g_task_get_task_data (G_TASK (result));
  if (ret_sent != NULL)
    *ret_sent = self != NULL && self->sent;
  return g_task_propagate_pointer (G_TASK (result), error);
}
