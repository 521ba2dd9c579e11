/* SPDX-License-Identifier: Apache-2.0 */
#include "notify-peer.h"

#include <libsoup/soup.h>
#include <string.h>

struct _NotifyPeer {
  SoupServer *http;
  GQueue plan; /* char * */
  GPtrArray *calls;
  GSocketService *smtp;
  GTlsCertificate *certificate;
  gboolean implicit;
  char *refuse;
  GMutex lock; /* of what is below */
  GPtrArray *mails;
  guint n_sessions;
};

static void
call_free (gpointer data)
{
  NotifyCall *self = data;

  g_free (self->path);
  g_free (self->id);
  g_free (self->timestamp);
  g_free (self->signature);
  g_free (self->body);
  g_free (self);
}

static void
mail_free (gpointer data)
{
  NotifyMail *self = data;

  g_free (self->from);
  g_ptr_array_unref (self->to);
  g_free (self->data);
  g_free (self->login);
  g_free (self);
}

/* --- HTTP --------------------------------------------------------------------------------------------------------- */

static char *
header (SoupServerMessage *message, const char *name)
{
  const char *value = soup_message_headers_get_one (soup_server_message_get_request_headers (message), name);

  return g_strdup (value != NULL ? value : "");
}

/* Takes a call; returns how it is answered, 0 = not at all. */
static guint
take (NotifyPeer *self, SoupServerMessage *message, const char *path)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  NotifyCall *call = g_new0 (NotifyCall, 1);
  g_autofree char *next = g_queue_pop_head (&self->plan);

  call->path = g_strdup (path);
  call->id = header (message, "webhook-id");
  call->timestamp = header (message, "webhook-timestamp");
  call->signature = header (message, "webhook-signature");
  call->body = g_strndup (body->data, (gsize)body->length);
  call->status = next == NULL ? 200 : (guint)g_ascii_strtoull (next, NULL, 10);
  g_ptr_array_add (self->calls, call);
  return call->status;
}

/* A line for each call: "ID STATUS". */
static char *
told (NotifyPeer *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->calls->len; i++)
    {
      const NotifyCall *call = self->calls->pdata[i];

      g_string_append_printf (text, "%s %u\n", call->id, call->status);
    }
  return g_string_free (text, FALSE);
}

/* A line for each call: what was sent, which is JSON without a line's end. */
static char *
told_bodies (NotifyPeer *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->calls->len; i++)
    g_string_append_printf (text, "%s\n", ((const NotifyCall *)self->calls->pdata[i])->body);
  return g_string_free (text, FALSE);
}

/* A line for each mail: "ID 250". */
static char *
told_mails (NotifyPeer *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < notify_peer_n_mails (self); i++)
    {
      const char *id = strstr (notify_peer_mail (self, i)->data, "X-Royal-Notification: ");

      g_assert (id != NULL);
      id += strlen ("X-Royal-Notification: ");
      g_string_append_printf (text, "%.*s 250\n", (int)strcspn (id, "\r"), id);
    }
  return g_string_free (text, FALSE);
}

/* (transfer full): what a path answers. */
static char *
answer_of (NotifyPeer *self, const char *path)
{
  if (strcmp (path, "/fake/calls") == 0)
    return told (self);
  if (strcmp (path, "/fake/bodies") == 0)
    return told_bodies (self);
  return strcmp (path, "/fake/mails") == 0 ? told_mails (self) : g_strdup ("{\"fake\":true}\n");
}

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  NotifyPeer *self = data;
  guint status = 200;
  char *text;

  if (!g_str_has_prefix (path, "/fake/"))
    status = take (self, message, path);
  if (status == 0)
    {
      g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);

      (void)g_io_stream_close (stream, NULL, NULL);
      return;
    }
  text = answer_of (self, path);
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "X-Fake",
                                "a peer of Royal's tests");
  if (status == 302)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Location", "/elsewhere");
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_TAKE, text, strlen (text));
  soup_server_message_set_status (message, status, NULL);
}

guint
notify_peer_http_port (NotifyPeer *self)
{
  GSList *uris = soup_server_get_uris (self->http);
  guint port = (guint)g_uri_get_port (uris->data);

  g_slist_free_full (uris, (GDestroyNotify)g_uri_unref);
  return port;
}

void
notify_peer_plan (NotifyPeer *self, const char *plan)
{
  g_auto (GStrv) words = g_strsplit (plan, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    g_queue_push_tail (&self->plan, g_strdup (strcmp (words[i], "drop") == 0 ? "0" : words[i]));
}

GPtrArray *
notify_peer_calls (NotifyPeer *self)
{
  return self->calls;
}

/* --- SMTP, a thread for each connection --------------------------------------------------------------------------- */

typedef struct {
  NotifyPeer *peer;
  GIOStream *stream;
  GDataInputStream *in;
  gboolean tls;
  NotifyMail *mail;
} Session;

static void
say (Session *self, const char *text)
{
  g_autofree char *line = g_strconcat (text, "\r\n", NULL);

  (void)g_output_stream_write_all (g_io_stream_get_output_stream (self->stream), line, strlen (line), NULL, NULL, NULL);
}

/* Takes @stream (transfer full). */
static void
speak_on (Session *self, GIOStream *stream)
{
  g_clear_object (&self->in);
  self->stream = stream;
  self->in = g_data_input_stream_new (g_io_stream_get_input_stream (stream));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (self->in), FALSE);
  g_data_input_stream_set_newline_type (self->in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
}

static gboolean
turn_to_tls (Session *self)
{
  g_autoptr (GIOStream) plain = self->stream;
  GIOStream *secure = g_tls_server_connection_new (self->stream, self->peer->certificate, NULL);

  g_assert (secure != NULL);
  speak_on (self, secure);
  self->tls = g_tls_connection_handshake (G_TLS_CONNECTION (secure), NULL, NULL);
  return self->tls;
}

static void
new_mail (Session *self)
{
  g_clear_pointer (&self->mail, mail_free);
  self->mail = g_new0 (NotifyMail, 1);
  self->mail->to = g_ptr_array_new_with_free_func (g_free);
}

/* (transfer full): "<a@b>" and what stands after it, without these. */
static char *
address_of (const char *text)
{
  const char *begin = strchr (text, '<');
  const char *end = begin != NULL ? strchr (begin, '>') : NULL;

  return end != NULL ? g_strndup (begin + 1, (gsize)(end - begin - 1)) : g_strdup (text);
}

static void
take_data (Session *self)
{
  GString *data = g_string_new (NULL);

  say (self, "354 go on");
  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (self->in, NULL, NULL, NULL);

      if (line == NULL || strcmp (line, ".") == 0)
        break;
      g_string_append_printf (data, "%s\r\n", line[0] == '.' ? line + 1 : line);
    }
  self->mail->data = g_string_free (data, FALSE);
  self->mail->tls = self->tls;
  g_mutex_lock (&self->peer->lock);
  g_ptr_array_add (self->peer->mails, g_steal_pointer (&self->mail));
  g_mutex_unlock (&self->peer->lock);
  new_mail (self);
  say (self, "250 taken by a fake");
}

static void
take_login (Session *self, const char *line)
{
  const char *text = strrchr (line, ' ');
  g_autofree char *read = NULL;
  gsize length = 0;
  char *login;

  if (g_ascii_strcasecmp (line, "AUTH PLAIN") == 0)
    {
      say (self, "334 ");
      read = g_data_input_stream_read_line (self->in, NULL, NULL, NULL);
    }
  login = (char *)g_base64_decode (read != NULL ? read : text + 1, &length);
  login = g_realloc (login, length + 1);
  for (gsize i = 0; i < length; i++)
    if (login[i] == '\0')
      login[i] = '|';
  login[length] = '\0';
  g_free (self->mail->login);
  self->mail->login = login;
  say (self, "235 come in");
}

static void
take_receiver (Session *self, const char *line)
{
  g_autofree char *address = address_of (line);

  if (g_strcmp0 (address, self->peer->refuse) == 0)
    say (self, "550 there is no such one");
  else
    {
      g_ptr_array_add (self->mail->to, g_steal_pointer (&address));
      say (self, "250 well");
    }
}

/* Whether there is to be another one. */
static gboolean
obey (Session *self, const char *line)
{
  if (g_ascii_strncasecmp (line, "EHLO", 4) == 0)
    {
      say (self, "250-fake.invalid, a peer of Royal's tests");
      if (self->peer->certificate != NULL && !self->tls)
        say (self, "250-STARTTLS");
      say (self, "250 AUTH PLAIN");
    }
  else if (g_ascii_strcasecmp (line, "STARTTLS") == 0 && self->peer->certificate != NULL)
    {
      say (self, "220 go on");
      return turn_to_tls (self);
    }
  else if (g_ascii_strncasecmp (line, "AUTH PLAIN", 10) == 0)
    take_login (self, line);
  else if (g_ascii_strncasecmp (line, "MAIL FROM:", 10) == 0)
    {
      g_free (self->mail->from);
      self->mail->from = address_of (line);
      say (self, "250 well");
    }
  else if (g_ascii_strncasecmp (line, "RCPT TO:", 8) == 0)
    take_receiver (self, line);
  else if (g_ascii_strcasecmp (line, "DATA") == 0)
    take_data (self);
  else if (g_ascii_strcasecmp (line, "QUIT") == 0)
    {
      say (self, "221 good bye");
      return FALSE;
    }
  else
    say (self, "502 that is not known here");
  return TRUE;
}

static gboolean
on_session (GThreadedSocketService *service, GSocketConnection *connection, GObject *source, gpointer data)
{
  Session self = { .peer = data };
  char *line;

  g_mutex_lock (&self.peer->lock);
  self.peer->n_sessions++;
  g_mutex_unlock (&self.peer->lock);
  new_mail (&self);
  g_socket_set_timeout (g_socket_connection_get_socket (connection), 10);
  speak_on (&self, g_object_ref (G_IO_STREAM (connection)));
  if (!self.peer->implicit || turn_to_tls (&self))
    {
      say (&self, "220 fake.invalid ESMTP, a peer of Royal's tests");
      while ((line = g_data_input_stream_read_line (self.in, NULL, NULL, NULL)) != NULL)
        {
          gboolean more = obey (&self, line);

          g_free (line);
          if (!more)
            break;
        }
    }
  (void)g_io_stream_close (self.stream, NULL, NULL);
  g_clear_object (&self.in);
  g_clear_object (&self.stream);
  mail_free (self.mail);
  return TRUE;
}

guint
notify_peer_smtp (NotifyPeer *self, GTlsCertificate *certificate, gboolean implicit, const char *refuse)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;

  g_assert (self->smtp == NULL);
  self->certificate = certificate != NULL ? g_object_ref (certificate) : NULL;
  self->implicit = implicit;
  self->refuse = g_strdup (refuse);
  self->smtp = g_threaded_socket_service_new (16);
  g_signal_connect (self->smtp, "run", G_CALLBACK (on_session), self);
  g_assert_true (g_socket_listener_add_address (G_SOCKET_LISTENER (self->smtp), address, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_TCP, NULL, &bound, NULL));
  g_socket_service_start (self->smtp);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
}

guint
notify_peer_n_mails (NotifyPeer *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->mails->len;
  g_mutex_unlock (&self->lock);
  return n;
}

const NotifyMail *
notify_peer_mail (NotifyPeer *self, guint n)
{
  const NotifyMail *mail;

  g_mutex_lock (&self->lock);
  mail = self->mails->pdata[n];
  g_mutex_unlock (&self->lock);
  return mail;
}

guint
notify_peer_n_sessions (NotifyPeer *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->n_sessions;
  g_mutex_unlock (&self->lock);
  return n;
}

/* --- Both --------------------------------------------------------------------------------------------------------- */

NotifyPeer *
notify_peer_new (void)
{
  NotifyPeer *self = g_new0 (NotifyPeer, 1);

  g_mutex_init (&self->lock);
  self->calls = g_ptr_array_new_with_free_func (call_free);
  self->mails = g_ptr_array_new_with_free_func (mail_free);
  self->http = soup_server_new ("server-header", "a fake", NULL);
  soup_server_add_handler (self->http, NULL, on_request, self, NULL);
  g_assert_true (soup_server_listen_local (self->http, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, NULL));
  return self;
}

void
notify_peer_free (NotifyPeer *self)
{
  if (self->smtp != NULL)
    {
      g_socket_service_stop (self->smtp);
      g_socket_listener_close (G_SOCKET_LISTENER (self->smtp));
      g_object_unref (self->smtp);
    }
  g_clear_object (&self->certificate);
  g_object_unref (self->http);
  g_queue_clear_full (&self->plan, g_free);
  g_ptr_array_unref (self->calls);
  g_ptr_array_unref (self->mails);
  g_mutex_clear (&self->lock);
  g_free (self->refuse);
  g_free (self);
}
