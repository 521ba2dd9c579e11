/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-ssh-agent.h"

#include "rh-ssh-signature.h"

#include <gio/gunixsocketaddress.h>
#include <royal/error.h>
#include <string.h>

#define SIGN_REQUEST 13
#define SIGN_RESPONSE 14
#define RSA_SHA2_512 4 /* of RSA SHA-1 is what an agent would take */
#define TIMEOUT_S 20
#define ANSWER_MAX 65536

/* (transfer full) (nullable): the blob of a public key, when it is one of the type that is written before it. */
static guint8 *
read_public (const char *key, gsize *ret_length)
{
  g_auto (GStrv) words = g_strsplit (key, " ", 3);
  g_autofree guint8 *blob = words[0] != NULL && words[1] != NULL ? g_base64_decode (words[1], ret_length) : NULL;
  guint32 size;

  if (blob == NULL || *ret_length < sizeof size + strlen (words[0]))
    return NULL;
  memcpy (&size, blob, sizeof size);
  if (GUINT32_FROM_BE (size) != strlen (words[0]) || memcmp (blob + sizeof size, words[0], strlen (words[0])) != 0)
    return NULL;
  return g_steal_pointer (&blob);
}

static GByteArray *
make_request (const char *key, const guint8 *public, gsize public_length, const GByteArray *text)
{
  static const guint8 type = SIGN_REQUEST;
  guint32 flags = GUINT32_TO_BE (g_str_has_prefix (key, "ssh-rsa ") ? RSA_SHA2_512 : 0);
  g_autoptr (GByteArray) body = g_byte_array_new ();
  GByteArray *request = g_byte_array_new ();

  g_byte_array_append (body, &type, 1);
  rh_ssh_put (body, public, public_length);
  rh_ssh_put (body, text->data, text->len);
  g_byte_array_append (body, (const guint8 *)&flags, sizeof flags);
  rh_ssh_put (request, body->data, body->len);
  return request;
}

/* (transfer full) (nullable): the message that an agent answers with. */
static guint8 *
ask (const char *path, const GByteArray *request, gsize *ret_length, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketConnection) connection = NULL;
  g_autofree guint8 *answer = NULL;
  GInputStream *in;
  guint32 size = 0;

  g_socket_client_set_timeout (client, TIMEOUT_S);
  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, error);
  if (connection == NULL || !g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                                                        request->data, request->len, NULL, NULL, error))
    return NULL;
  in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  if (!g_input_stream_read_all (in, &size, sizeof size, ret_length, NULL, error))
    return NULL;
  size = GUINT32_FROM_BE (size);
  if (*ret_length < sizeof size || size == 0 || size > ANSWER_MAX)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "it answered with something else");
      return NULL;
    }
  answer = g_malloc (size);
  return g_input_stream_read_all (in, answer, size, ret_length, NULL, error) ? g_steal_pointer (&answer) : NULL;
}

/* (transfer full) (nullable) */
static char *
armour (const char *purpose,
        const guint8 *public,
        gsize public_length,
        const guint8 *answer,
        gsize length,
        GError **error)
{
  guint32 size = 0;

  if (length >= 1 + sizeof size)
    memcpy (&size, answer + 1, sizeof size);
  size = GUINT32_FROM_BE (size);
  if (length >= 1 && answer[0] != SIGN_RESPONSE)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED, "the agent does not sign with that key");
  else if (size == 0 || size != length - 1 - sizeof size)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the agent answered with something else");
  else
    return rh_ssh_armour (public, public_length, purpose, answer + 1 + sizeof size, size);
  return NULL;
}

char *
rh_ssh_agent_sign (const char *socket,
                   const char *key,
                   const char *purpose,
                   gconstpointer data,
                   gsize length,
                   GError **error)
{
  g_autofree guint8 *public = NULL;
  g_autofree guint8 *answer = NULL;
  g_autoptr (GByteArray) text = NULL;
  g_autoptr (GByteArray) request = NULL;
  g_autoptr (GError) fault = NULL;
  gsize public_length = 0, answer_length = 0;

  g_return_val_if_fail (key != NULL && purpose != NULL && data != NULL, NULL);

  public = read_public (key, &public_length);
  if (public == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected a public key as it stands in a .pub file");
      return NULL;
    }
  if (socket == NULL || *socket == '\0')
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "there is no agent: SSH_AUTH_SOCK is not set");
      return NULL;
    }
  text = rh_ssh_signed (purpose, data, length);
  request = make_request (key, public, public_length, text);
  answer = ask (socket, request, &answer_length, &fault);
  if (answer != NULL)
    return armour (purpose, public, public_length, answer, answer_length, error);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the agent at %s: %s", socket, fault->message);
  return NULL;
}
