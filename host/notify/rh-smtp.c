/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-smtp.h"

#include "rh-http-call.h"

#include <curl/curl.h>
#include <royal/error.h>
#include <string.h>
#include <sys/socket.h>

#define THREADS 8 /* as many as a host sends at a time: none waits for another */
#define CONNECT_MS 10000L

/* What the thread has; all else is in the handle. */
typedef struct {
  CURL *handle;
  struct curl_slist *to;
  char *server;
  char *message;
  gsize length;
  gsize told;
  GCancellable *cancellable;
  gboolean plain;
  gboolean allow_private;
  gboolean denied; /* an address was not connected to */
  gboolean refused;
  char fault[CURL_ERROR_SIZE];
} Mail;

void
rh_smtp_place_free (RhSmtpPlace *self)
{
  if (self == NULL)
    return;
  g_free (self->server);
  g_free (self->from);
  g_strfreev (self->to);
  g_free (self->user);
  g_free (self->password);
  g_free (self->ca);
  g_free (self);
}

static void
mail_free (gpointer data)
{
  Mail *self = data;

  curl_easy_cleanup (self->handle);
  curl_slist_free_all (self->to);
  g_clear_object (&self->cancellable);
  g_free (self->server);
  g_free (self->message);
  g_free (self);
}

/* --- In the thread ------------------------------------------------------------------------------------------------ */

/* What is about to be connected to is looked at, not what was resolved some time before. */
static curl_socket_t
open_socket (void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
  Mail *self = data;
  g_autoptr (GSocketAddress) found = g_socket_address_new_from_native (&address->addr, address->addrlen);
  GInetAddress *inet =
      G_IS_INET_SOCKET_ADDRESS (found) ? g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (found)) : NULL;

  if (inet == NULL || (self->plain && !g_inet_address_get_is_loopback (inet)) ||
      (!self->allow_private && rh_http_address_is_private (inet)))
    {
      self->denied = TRUE;
      return CURL_SOCKET_BAD;
    }
  return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t
read_message (char *buffer, size_t size, size_t n, void *data)
{
  Mail *self = data;
  gsize part = MIN (size * n, self->length - self->told);

  memcpy (buffer, self->message + self->told, part);
  self->told += part;
  return part;
}

static int
on_progress (void *data, curl_off_t dl_total, curl_off_t dl_now, curl_off_t ul_total, curl_off_t ul_now)
{
  Mail *self = data;

  return g_cancellable_is_cancelled (self->cancellable) ? 1 : 0;
}

static void
fail (GTask *task, CURLcode code)
{
  Mail *self = g_task_get_task_data (task);
  const char *reason = self->fault[0] != '\0' ? self->fault : curl_easy_strerror (code);
  long said = 0;

  (void)curl_easy_getinfo (self->handle, CURLINFO_RESPONSE_CODE, &said);
  if (g_task_return_error_if_cancelled (task))
    return;
  /* 55x: it wants neither this sender, nor these receivers, nor this message (RFC 5321, 4.2.1). */
  self->refused = said >= 550 && said <= 559;
  if (self->denied && code == CURLE_COULDNT_CONNECT)
    g_task_return_new_error (
        task, ROYAL_ERROR, ROYAL_ERROR_DENIED,
        self->plain ? "%s: without TLS mail goes to loopback alone" : "%s: its address is a private one", self->server);
  else if (code == CURLE_USE_SSL_FAILED)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_DENIED, "%s: it does not turn to TLS, and nothing was sent",
                             self->server);
  else if (code == CURLE_OPERATION_TIMEDOUT)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "%s: %s", self->server, reason);
  else if (said >= 400)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s answered %ld: %s", self->server, said,
                             reason);
  else
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s: %s", self->server, reason);
}

static void
send_mail (gpointer data, gpointer nothing)
{
  g_autoptr (GTask) task = data;
  Mail *self = g_task_get_task_data (task);
  CURLcode code = curl_easy_perform (self->handle);

  if (code == CURLE_OK)
    g_task_return_boolean (task, TRUE);
  else
    fail (task, code);
}

/* --- In the main loop --------------------------------------------------------------------------------------------- */

/* Mail has threads of its own: a server that is slow holds up no one else. */
static GThreadPool *
threads (void)
{
  static GThreadPool *pool;

  if (pool == NULL)
    {
      (void)curl_global_init (CURL_GLOBAL_DEFAULT);
      pool = g_thread_pool_new (send_mail, NULL, THREADS, FALSE, NULL);
    }
  return pool;
}

static void
set_connection (Mail *self, const RhSmtpPlace *place)
{
  g_autofree char *url =
      g_strdup_printf ("%s://%s:%u", place->tls == RH_SMTP_IMPLICIT ? "smtps" : "smtp", place->server, place->port);

  curl_easy_setopt (self->handle, CURLOPT_URL, url);
  curl_easy_setopt (self->handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt (self->handle, CURLOPT_PROXY, "");
  curl_easy_setopt (self->handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (self->handle, CURLOPT_TIMEOUT_MS, (long)place->timeout_ms);
  curl_easy_setopt (self->handle, CURLOPT_CONNECTTIMEOUT_MS, MIN (CONNECT_MS, (long)place->timeout_ms));
  curl_easy_setopt (self->handle, CURLOPT_USE_SSL,
                    (long)(place->tls == RH_SMTP_NONE ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  curl_easy_setopt (self->handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  if (place->ca != NULL)
    {
      curl_easy_setopt (self->handle, CURLOPT_CAINFO, place->ca);
      curl_easy_setopt (self->handle, CURLOPT_CAPATH, NULL);
    }
  curl_easy_setopt (self->handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt (self->handle, CURLOPT_OPENSOCKETDATA, self);
}

static void
set_message (Mail *self, const RhSmtpPlace *place)
{
  g_autofree char *from = g_strdup_printf ("<%s>", place->from);

  for (guint i = 0; place->to[i] != NULL; i++)
    {
      g_autofree char *to = g_strdup_printf ("<%s>", place->to[i]);

      self->to = curl_slist_append (self->to, to);
    }
  curl_easy_setopt (self->handle, CURLOPT_MAIL_FROM, from);
  curl_easy_setopt (self->handle, CURLOPT_MAIL_RCPT, self->to);
  curl_easy_setopt (self->handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt (self->handle, CURLOPT_READFUNCTION, read_message);
  curl_easy_setopt (self->handle, CURLOPT_READDATA, self);
  curl_easy_setopt (self->handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt (self->handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt (self->handle, CURLOPT_XFERINFODATA, self);
  curl_easy_setopt (self->handle, CURLOPT_ERRORBUFFER, self->fault);
}

static void
set_login (Mail *self, const RhSmtpPlace *place, RhSecret *password)
{
  g_autofree char *text = password != NULL ? g_strchomp (g_strdup (rh_secret_bytes (password))) : NULL;

  if (place->user == NULL || text == NULL)
    return;
  curl_easy_setopt (self->handle, CURLOPT_USERNAME, place->user);
  curl_easy_setopt (self->handle, CURLOPT_PASSWORD, text);
  explicit_bzero (text, strlen (text));
}

void
rh_smtp_send_async (const RhSmtpPlace *place,
                    RhSecret *password,
                    char *message,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  GThreadPool *pool = threads ();
  Mail *self = g_new0 (Mail, 1);

  g_task_set_source_tag (task, rh_smtp_send_async);
  self->handle = curl_easy_init ();
  g_assert (self->handle != NULL);
  self->server = g_strdup (place->server);
  self->message = message;
  self->length = strlen (message);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->plain = place->tls == RH_SMTP_NONE;
  self->allow_private = place->allow_private;
  g_task_set_task_data (task, self, mail_free);
  set_connection (self, place);
  set_message (self, place);
  set_login (self, place, password);
  (void)g_thread_pool_push (pool, task, NULL);
}

gboolean
rh_smtp_send_finish (GAsyncResult *result, gboolean *ret_refused, GError **error)
{
  const Mail *self;

  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  self = g_task_get_task_data (G_TASK (result));
  if (ret_refused != NULL)
    *ret_refused = self->refused;
  return g_task_propagate_boolean (G_TASK (result), error);
}
