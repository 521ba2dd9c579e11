/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-github-jwt.h"

#include "royal-json.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <royal/error.h>
#include <string.h>

#define BITS_MIN 2048
#define HEADER "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)

/* Nobody is asked for a passphrase. */
static int
refuse_passphrase (char *buffer, int size, int writing, void *data)
{
  return -1;
}

static EVP_PKEY *
read_key (RhSecret *secret, GError **error)
{
  g_autoptr (BIO) bio = BIO_new_mem_buf (rh_secret_bytes (secret), (int)rh_secret_length (secret));
  g_autoptr (EVP_PKEY) key = bio != NULL ? PEM_read_bio_PrivateKey (bio, NULL, refuse_passphrase, NULL) : NULL;

  if (key == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                 "expected an RSA private key in PEM without a passphrase, found something else");
  else if (EVP_PKEY_get_base_id (key) != EVP_PKEY_RSA)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected an RSA private key, found one of another kind");
  else if (EVP_PKEY_get_bits (key) < BITS_MIN)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected an RSA key of at least %d bits, found %d", BITS_MIN,
                 EVP_PKEY_get_bits (key));
  else
    return g_steal_pointer (&key);
  return NULL;
}

/* Base64 for URLs, without padding (RFC 7515, appendix C). */
static char *
encode (gconstpointer bytes, gsize length)
{
  char *text = g_base64_encode (bytes, length);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

static char *
make_claims (const char *issuer, gint64 now_s)
{
  JsonObject *claims = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_int_member (claims, "iat", now_s - RH_GITHUB_JWT_BACK_S);
  json_object_set_int_member (claims, "exp", now_s + RH_GITHUB_JWT_S);
  json_object_set_string_member (claims, "iss", issuer);
  json_node_take_object (node, claims);
  return royal_json_to_string (node);
}

/* (transfer full) (nullable): the signature, as it stands in the token. */
static char *
sign (EVP_PKEY *key, const char *text)
{
  g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
  g_autofree guint8 *signature = NULL;
  gsize length = (gsize)EVP_PKEY_get_size (key);

  signature = g_malloc (length);
  if (context == NULL || EVP_DigestSignInit (context, NULL, EVP_sha256 (), NULL, key) != 1 ||
      EVP_DigestSign (context, signature, &length, (const guint8 *)text, strlen (text)) != 1)
    return NULL;
  return encode (signature, length);
}

RhSecret *
rh_github_jwt_new (RhSecret *key, const char *issuer, gint64 now_s, GError **error)
{
  g_autoptr (EVP_PKEY) pkey = NULL;
  g_autofree char *header = encode (HEADER, strlen (HEADER));
  g_autofree char *claims = NULL;
  g_autofree char *payload = NULL;
  g_autofree char *text = NULL;
  g_autofree char *signature = NULL;
  g_autofree char *token = NULL;

  g_return_val_if_fail (key != NULL && issuer != NULL, NULL);

  pkey = read_key (key, error);
  if (pkey == NULL)
    return NULL;
  claims = make_claims (issuer, now_s);
  payload = encode (claims, strlen (claims));
  text = g_strconcat (header, ".", payload, NULL);
  signature = sign (pkey, text);
  if (signature == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "the key does not sign");
      return NULL;
    }
  token = g_strconcat (text, ".", signature, NULL);
  return rh_secret_new (token, strlen (token));
}
