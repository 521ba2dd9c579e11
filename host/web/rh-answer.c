/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-request-private.h"

#include "rh-log.h"
#include "rh-reads.h"
#include "rh-routes.h"
#include "royal-json.h"

#include <royal/error.h>

#define RETRY_AFTER_S "2"
/* How long a client that was refused while it still sends may take to see why. */
#define LINGER_S 2
#define LINGER_BYTES ((gsize)4 * 1024 * 1024)

/* An answer to a client that is still sending: libsoup would read all of it first. */
typedef struct {
  GIOStream *stream;
  RhConnection *connection;
  char *text;
  gsize length;
  gsize skipped;
} Parting;

static void
parting_end (Parting *self)
{
  rh_connection_abort (self->connection);
  (void)g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_object_unref (self->stream);
  g_object_unref (self->connection);
  g_free (self->text);
  g_free (self);
}

static void
on_skipped (GObject *source, GAsyncResult *result, gpointer data)
{
  Parting *self = data;
  gssize n = g_input_stream_skip_finish (G_INPUT_STREAM (source), result, NULL);

  self->skipped += (gsize)MAX (n, 0);
  if (n <= 0 || self->skipped > LINGER_BYTES)
    parting_end (self);
  else
    g_input_stream_skip_async (G_INPUT_STREAM (source), 65536, G_PRIORITY_DEFAULT, NULL, on_skipped, self);
}

static void
on_parting_written (GObject *source, GAsyncResult *result, gpointer data)
{
  Parting *self = data;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL))
    {
      parting_end (self);
      return;
    }
  /* Closed with bytes unread, the answer would be lost in a reset. */
  (void)g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->connection)), FALSE, TRUE, NULL);
  g_input_stream_skip_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), 65536, G_PRIORITY_DEFAULT,
                             NULL, on_skipped, self);
}

static void
append_header (const char *name, const char *value, gpointer data)
{
  g_string_append_printf (data, "%s: %s\r\n", name, value);
}

static gboolean
part (gpointer data)
{
  RhRequest *request = data;
  SoupServerMessage *message = request->message;
  SoupMessageHeaders *headers;
  g_autoptr (GString) text = NULL;
  g_autoptr (GBytes) body = NULL;
  Parting *self;

  if (message == NULL)
    return G_SOURCE_REMOVE;
  headers = soup_server_message_get_response_headers (message);
  body = soup_message_body_flatten (soup_server_message_get_response_body (message));
  soup_message_headers_replace (headers, "Connection", "close");
  soup_message_headers_set_content_length (headers, (goffset)g_bytes_get_size (body));
  text = g_string_new (NULL);
  g_string_printf (text, "HTTP/1.1 %u %s\r\n", request->status, soup_status_get_phrase (request->status));
  soup_message_headers_foreach (headers, append_header, text);
  g_string_append (text, "\r\n");
  g_string_append_len (text, g_bytes_get_data (body, NULL), (gssize)g_bytes_get_size (body));

  self = g_new0 (Parting, 1);
  self->connection = g_object_ref (request->connection);
  self->length = text->len;
  self->text = g_string_free (g_steal_pointer (&text), FALSE);
  self->stream = soup_server_message_steal_connection (message);
  rh_request_detach (request);
  rh_connection_set_deadline (self->connection, LINGER_S);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)), self->text,
                                   self->length, G_PRIORITY_DEFAULT, NULL, on_parting_written, self);
  return G_SOURCE_REMOVE;
}

static void
set_common_headers (RhRequest *self)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);

  soup_message_headers_replace (headers, "X-Request-Id", self->id);
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  if (self->client.is_secure)
    soup_message_headers_replace (headers, "Strict-Transport-Security", "max-age=31536000");
}

static gboolean
begin_answer (RhRequest *self, guint status)
{
  if (self->answered)
    {
      rh_bug ("a request is answered twice");
      return FALSE;
    }
  self->answered = TRUE;
  self->status = status;
  return self->message != NULL;
}

/* Who does not take the answer is not waited for. */
static void
await_client (RhRequest *self)
{
  rh_connection_await (self->connection);
  if (soup_server_message_get_response_body (self->message)->length > 0 &&
      soup_server_message_get_method (self->message) != SOUP_METHOD_HEAD)
    rh_connection_hold_headers (self->connection);
}

/* The body is in place: it goes out now, or as soon as nothing more is read. */
static void
send_answer (RhRequest *self)
{
  if (!self->reading)
    {
      if (self->message != NULL)
        await_client (self);
      rh_request_resume (self);
      return;
    }
  /* Not from within libsoup's reading. */
  rh_request_pause (self);
  g_idle_add_full (G_PRIORITY_DEFAULT, part, rh_request_ref (self), (GDestroyNotify)rh_request_unref);
}

void
rh_request_reply_text (RhRequest *self, guint status, const char *type, char *text)
{
  g_return_if_fail (self != NULL && type != NULL && text != NULL);

  if (!begin_answer (self, status))
    {
      g_free (text);
      return;
    }
  set_common_headers (self);
  soup_server_message_set_status (self->message, status, NULL);
  if (*text != '\0')
    soup_server_message_set_response (self->message, type, SOUP_MEMORY_TAKE, text, strlen (text));
  else
    g_free (text);
  send_answer (self);
}

void
rh_request_reply_bytes (RhRequest *self, guint status, const char *type, GBytes *bytes, const char *cache)
{
  SoupMessageHeaders *headers;

  g_return_if_fail (self != NULL && type != NULL && cache != NULL);

  if (!begin_answer (self, status))
    return;
  set_common_headers (self);
  headers = soup_server_message_get_response_headers (self->message);
  soup_message_headers_replace (headers, "Cache-Control", cache);
  soup_server_message_set_status (self->message, status, NULL);
  if (bytes != NULL)
    {
      soup_message_headers_set_content_type (headers, type, NULL);
      soup_message_body_append_bytes (soup_server_message_get_response_body (self->message), bytes);
    }
  send_answer (self);
}

void
rh_request_reply (RhRequest *self, guint status, JsonNode *body)
{
  g_autoptr (JsonNode) owned = body;
  gboolean problem = status >= 400;

  g_return_if_fail (self != NULL && body != NULL);

  rh_request_reply_text (self, status, problem ? "application/problem+json" : "application/json",
                         royal_json_to_string (owned));
}

void
rh_request_set_header (RhRequest *self, const char *name, const char *value)
{
  if (self->message != NULL)
    soup_message_headers_replace (soup_server_message_get_response_headers (self->message), name, value);
}

static void
refuse_later (RhRequest *self, RhProblem problem, const char *pointer, const char *detail, const char *retry_after)
{
  if (problem == RH_PROBLEM_UNAVAILABLE || problem == RH_PROBLEM_LIMIT)
    rh_request_set_header (self, "Retry-After", retry_after);
  if (problem == RH_PROBLEM_UNAUTHENTICATED)
    rh_request_set_header (self, "WWW-Authenticate", "Bearer realm=\"royal\"");
  rh_request_reply (self, rh_problem_status (problem), rh_problem_document (problem, detail, pointer, self->id));
}

static void
refuse (RhRequest *self, RhProblem problem, const char *pointer, const char *detail)
{
  refuse_later (self, problem, pointer, detail, RETRY_AFTER_S);
}

void
rh_request_refuse_until (RhRequest *self, const char *seconds, const char *format, ...)
{
  g_autofree char *detail = NULL;
  va_list args;

  g_return_if_fail (self != NULL && seconds != NULL && format != NULL);

  va_start (args, format);
  detail = g_strdup_vprintf (format, args);
  va_end (args);
  refuse_later (self, RH_PROBLEM_LIMIT, NULL, detail, seconds);
}

void
rh_request_refuse (RhRequest *self, RhProblem problem, const char *pointer, const char *format, ...)
{
  g_autofree char *detail = NULL;
  va_list args;

  g_return_if_fail (self != NULL && format != NULL);

  va_start (args, format);
  detail = g_strdup_vprintf (format, args);
  va_end (args);
  refuse (self, problem, pointer, detail);
}

void
rh_request_fail (RhRequest *self, const GError *error)
{
  RhProblem problem;

  g_return_if_fail (self != NULL && error != NULL);

  problem = rh_problem_of_error (error);
  if (problem == RH_PROBLEM_FAILED)
    rh_log (RH_LOG_ERROR, "web.failed", error->message, "request", self->id, NULL);
  refuse (self, problem, NULL, problem == RH_PROBLEM_FAILED ? NULL : error->message);
}

static void
on_page_written (SoupServerMessage *message, gpointer data)
{
  RhRequest *self = data;

  if (self->message != NULL && self->more != NULL)
    self->more (self, self->more_data);
}

void
rh_request_stream (RhRequest *self, const char *type, RhRequestMore more, gpointer data, GDestroyNotify free_data)
{
  SoupMessageHeaders *headers;

  g_return_if_fail (self != NULL && type != NULL && more != NULL);

  self->more = more;
  self->more_data = data;
  self->more_free = free_data;
  if (!begin_answer (self, SOUP_STATUS_OK))
    return;
  set_common_headers (self);
  headers = soup_server_message_get_response_headers (self->message);
  soup_message_headers_set_content_type (headers, type, NULL);
  soup_message_headers_set_encoding (headers, SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (soup_server_message_get_response_body (self->message), FALSE);
  soup_server_message_set_status (self->message, SOUP_STATUS_OK, NULL);
  g_signal_connect (self->message, "wrote-chunk", G_CALLBACK (on_page_written), self);
}

void
rh_request_stream_page (RhRequest *self, char *text)
{
  SoupMessageBody *body;

  g_return_if_fail (self != NULL && self->answered);

  if (self->message == NULL)
    {
      g_free (text);
      return;
    }
  body = soup_server_message_get_response_body (self->message);
  if (text == NULL)
    {
      self->more = NULL;
      soup_message_body_complete (body);
    }
  else
    soup_message_body_append (body, SOUP_MEMORY_TAKE, text, strlen (text));
  rh_connection_await (self->connection);
  self->paused = FALSE;
  soup_server_message_unpause (self->message);
}

gpointer
rh_request_stream_data (RhRequest *self)
{
  return self->more_data;
}

typedef struct {
  RhRequest *request;
  RhRequestRows then;
} Call;

static void
on_shared_rows (RhRows *rows, const GError *error, gpointer data)
{
  g_autofree Call *call = data;
  g_autoptr (RhRequest) request = call->request;

  if (rows == NULL)
    rh_request_fail (request, error);
  else
    call->then (request, rows);
}

static void
on_rows (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  on_shared_rows (rows, error, data);
}

void
rh_request_call (RhRequest *self, const RhStatement *statement, const char *const *params, RhRequestRows then)
{
  Call *call;

  g_return_if_fail (self != NULL && statement != NULL && then != NULL);

  call = g_new (Call, 1);
  *call = (Call){ .request = rh_request_ref (self), .then = then };
  if (statement->writes == RH_READS && g_strcmp0 (self->route->method, SOUP_METHOD_GET) == 0)
    rh_reads_call (self->context->store, statement, self->caller.workspace, params, on_shared_rows, call);
  else
    rh_store_call_async (self->context->store, statement, self->caller.workspace, params, NULL, on_rows, call);
}

void
rh_request_reply_row (RhRequest *self, guint status, RhRows *rows, const char *column)
{
  g_return_if_fail (self != NULL && rows != NULL && column != NULL);

  if (rh_rows_n (rows) == 0 || rh_rows_is_null (rows, 0, column))
    rh_request_refuse (self, RH_PROBLEM_NOT_FOUND, NULL, "there is no such thing in this workspace");
  else
    rh_request_reply_text (self, status, "application/json", g_strdup (rh_rows_string (rows, 0, column)));
}
