/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-send.h"

#include "rh-http-call.h"
#include "rh-signature.h"
#include "rh-smtp-message.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define NO_MORE (-1)
#define KEY_PREFIX "whsec_"

typedef struct {
  const RhReceiver *receiver;
  RhNotice *notice;
  RhSecrets *secrets;
  gint64 workspace;
  GCancellable *cancellable;
  char *path;
  RhSecret *key;
  gint64 after_ms;
} Sending;

static void
sending_free (gpointer data)
{
  Sending *self = data;

  if (self->path != NULL)
    explicit_bzero (self->path, strlen (self->path));
  g_free (self->path);
  g_clear_object (&self->secrets);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->key, rh_secret_unref);
  g_free (self);
}

/* --- Webhooks ----------------------------------------------------------------------------------------------------- */

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Sending *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhHttpAnswer) answer = rh_http_call_finish (result, NULL, &error);

  if (answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (answer->status >= 200 && answer->status < 300)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  self->after_ms = answer->status == SOUP_STATUS_GONE ? NO_MORE : (gint64)answer->retry_after_ms;
  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s answered %u", self->receiver->name,
                           answer->status);
}

/* (transfer full): the bytes of a key that is written as Standard Webhooks writes it, or as it is. */
static RhSecret *
key_of (RhSecret *secret)
{
  g_autofree char *text = g_strchomp (g_strdup (rh_secret_bytes (secret)));
  RhSecret *key;

  if (g_str_has_prefix (text, KEY_PREFIX))
    {
      gsize length = 0;
      g_autofree guchar *bytes = g_base64_decode (text + strlen (KEY_PREFIX), &length);

      key = rh_secret_new (bytes, length);
      explicit_bzero (bytes, length);
    }
  else
    key = rh_secret_new (text, strlen (text));
  explicit_bzero (text, strlen (text));
  return key;
}

/* (transfer full): of "ID.TIMESTAMP.BODY" */
static char *
sign (Sending *self, const char *timestamp, JsonNode *body)
{
  char *text = royal_json_to_string (body);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));
  RhSigned what = {
    .content = "{id}.{timestamp}.{body}", .timestamp = timestamp, .id = self->notice->id, .body = bytes
  };
  guint8 mac[RH_SIGNATURE_BYTES];
  g_autofree char *encoded = NULL;

  rh_signature_make (&what, self->key, mac);
  encoded = g_base64_encode (mac, sizeof mac);
  return g_strconcat ("v1,", encoded, NULL);
}

static void
post (GTask *task)
{
  Sending *self = g_task_get_task_data (task);
  const RhReceiver *receiver = self->receiver;
  g_autoptr (JsonNode) body = rh_notice_body (self->notice, receiver->link, receiver->text_alone);
  g_autofree char *timestamp = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC);
  g_autofree char *signature = self->key != NULL ? sign (self, timestamp, body) : NULL;
  const char *headers[] = { "webhook-id", self->notice->id,    "webhook-timestamp",
                            timestamp,    "webhook-signature", signature,
                            NULL };
  RhHttpRequest request = {
    .workspace = self->workspace, .method = "POST", .path = self->path, .body = body, .headers = headers
  };

  if (signature == NULL)
    headers[4] = NULL;
  /* The path may be a secret: what is said of it does not show it. */
  if (!rh_http_endpoint_check (receiver->endpoint, "POST", self->path, NULL))
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: its path is no path that begins with one /",
                               receiver->name);
      return;
    }
  rh_http_call_async (receiver->endpoint, self->secrets, &request, self->cancellable, on_answered, g_object_ref (task));
}

static void
on_key (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Sending *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhSecret) secret = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);

  if (secret == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self->key = key_of (secret);
  post (task);
}

static void
find_key (GTask *task)
{
  Sending *self = g_task_get_task_data (task);

  if (self->receiver->signing != NULL)
    rh_secrets_lookup_async (self->secrets, self->workspace, self->receiver->signing, self->cancellable, on_key,
                             g_object_ref (task));
  else
    post (task);
}

static void
on_path (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Sending *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhSecret) secret = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);

  if (secret == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self->path = g_strchomp (g_strdup (rh_secret_bytes (secret)));
  find_key (task);
}

/* --- Mail --------------------------------------------------------------------------------------------------------- */

static void
on_mailed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Sending *self = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean refused = FALSE;

  if (rh_smtp_send_finish (result, &refused, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  self->after_ms = refused ? NO_MORE : 0;
  g_task_return_error (task, error);
}

static void
mail (GTask *task, RhSecret *password)
{
  Sending *self = g_task_get_task_data (task);
  const RhSmtpPlace *place = self->receiver->smtp;
  const RhNotice *notice = self->notice;
  g_autofree char *title = rh_notice_title (notice);
  g_autofree char *subject = g_strconcat ("Royal: ", title, NULL);
  g_autofree char *text = rh_notice_text (notice, self->receiver->link);
  char *message =
      rh_smtp_message (place->from, (const char *const *)place->to, notice->id, notice->made_s, subject, text);

  if (message != NULL)
    rh_smtp_send_async (place, password, message, self->cancellable, on_mailed, g_object_ref (task));
  else
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: no message can be made for its addresses",
                             self->receiver->name);
}

static void
on_password (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhSecret) secret = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);

  if (secret != NULL)
    mail (task, secret);
  else
    g_task_return_error (task, error);
}

/* --- Both --------------------------------------------------------------------------------------------------------- */

static void
begin (GTask *task)
{
  Sending *self = g_task_get_task_data (task);
  const RhReceiver *receiver = self->receiver;

  if (receiver->smtp != NULL && receiver->smtp->password != NULL)
    rh_secrets_lookup_async (self->secrets, self->workspace, receiver->smtp->password, self->cancellable, on_password,
                             g_object_ref (task));
  else if (receiver->smtp != NULL)
    mail (task, NULL);
  else if (receiver->path_secret != NULL)
    rh_secrets_lookup_async (self->secrets, self->workspace, receiver->path_secret, self->cancellable, on_path,
                             g_object_ref (task));
  else
    {
      self->path = g_strdup (receiver->path);
      find_key (task);
    }
}

static void
on_link_key (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Sending *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhSecret) key = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);

  if (key != NULL && rh_notice_sign (self->notice, key, self->workspace, &error))
    begin (task);
  else
    g_task_return_error (task, error);
}

void
rh_send_async (const RhReceiver *receiver,
               RhSecrets *secrets,
               gint64 workspace,
               RhNotice *notice,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  Sending *self = g_new0 (Sending, 1);

  g_task_set_source_tag (task, rh_send_async);
  self->receiver = receiver;
  self->notice = notice;
  self->secrets = g_object_ref (secrets);
  self->workspace = workspace;
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  g_task_set_task_data (task, self, sending_free);
  if (receiver->link_key != NULL)
    rh_secrets_lookup_async (secrets, workspace, receiver->link_key, cancellable, on_link_key, g_object_ref (task));
  else
    begin (task);
}

gboolean
rh_send_finish (GAsyncResult *result, gint64 *ret_after_ms, GError **error)
{
  const Sending *self;

  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  self = g_task_get_task_data (G_TASK (result));
  if (ret_after_ms != NULL)
    *ret_after_ms = self->after_ms;
  return g_task_propagate_boolean (G_TASK (result), error);
}
