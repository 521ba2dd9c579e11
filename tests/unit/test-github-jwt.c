/* SPDX-License-Identifier: Apache-2.0 */

/* What a GitHub App says who it is with. `test-github-jwt KEY-FILE ISSUER SECONDS` prints one, for judges of other
 * make. */

#include <gio/gio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <rh-github-jwt.h>
#include <royal-json.h>
#include <royal/error.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1700000000

/* (transfer full): @key in PEM, of PKCS #1 or, with @cipher (nullable), PKCS #8. */
static RhSecret *
to_pem (EVP_PKEY *key, gboolean traditional, const EVP_CIPHER *cipher)
{
  BIO *bio = BIO_new (BIO_s_mem ());
  char *bytes;
  long length;
  RhSecret *secret;

  if (traditional)
    g_assert_cmpint (PEM_write_bio_PrivateKey_traditional (bio, key, NULL, NULL, 0, NULL, NULL), ==, 1);
  else
    g_assert_cmpint (PEM_write_bio_PKCS8PrivateKey (bio, key, cipher, cipher != NULL ? "pass" : NULL,
                                                    cipher != NULL ? 4 : 0, NULL, NULL),
                     ==, 1);
  length = BIO_get_mem_data (bio, &bytes);
  secret = rh_secret_new (bytes, (gsize)length);
  BIO_free (bio);
  return secret;
}

static guint8 *
decode (const char *text, gsize *ret_length)
{
  g_autofree char *padded = g_strconcat (text, "===", NULL);

  g_assert_null (strpbrk (text, "+/="));
  padded[(strlen (text) + 3) / 4 * 4] = '\0';
  g_strdelimit (padded, "-", '+');
  g_strdelimit (padded, "_", '/');
  return g_base64_decode (padded, ret_length);
}

static void
expect_part (const char *text, const char *expected)
{
  gsize length;
  g_autofree guint8 *bytes = decode (text, &length);
  g_autofree char *found = g_strndup ((const char *)bytes, length);

  g_assert_cmpstr (found, ==, expected);
}

static void
test_signs (void)
{
  EVP_PKEY *key = EVP_RSA_gen (2048);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (RhSecret) pem = to_pem (key, i == 0, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (RhSecret) token = rh_github_jwt_new (pem, "Iv23abc", NOW, &error);
      g_auto (GStrv) parts = NULL;
      g_autofree guint8 *signature = NULL;
      g_autofree char *text = NULL;
      EVP_MD_CTX *context = EVP_MD_CTX_new ();
      gsize length;

      g_assert_no_error (error);
      parts = g_strsplit (rh_secret_bytes (token), ".", -1);
      g_assert_cmpuint (g_strv_length (parts), ==, 3);
      expect_part (parts[0], "{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
      expect_part (parts[1], "{\"iat\":1699999940,\"exp\":1700000480,\"iss\":\"Iv23abc\"}");
      signature = decode (parts[2], &length);
      text = g_strconcat (parts[0], ".", parts[1], NULL);
      g_assert_cmpint (EVP_DigestVerifyInit (context, NULL, EVP_sha256 (), NULL, key), ==, 1);
      g_assert_cmpint (EVP_DigestVerify (context, signature, length, (const guint8 *)text, strlen (text)), ==, 1);
      EVP_MD_CTX_free (context);
    }
  EVP_PKEY_free (key);
}

static void
refuses (RhSecret *secret, const char *part)
{
  g_autoptr (RhSecret) key = secret;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhSecret) token = rh_github_jwt_new (key, "1", NOW, &error);

  g_assert_null (token);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, part));
  g_assert_null (strstr (error->message, "BEGIN"));
}

static void
test_refuses (void)
{
  EVP_PKEY *small = EVP_RSA_gen (1024), *other = EVP_EC_gen ("P-256"), *good = EVP_RSA_gen (2048);

  refuses (rh_secret_new ("nothing", 7), "in PEM");
  refuses (rh_secret_new ("", 0), "in PEM");
  refuses (to_pem (small, FALSE, NULL), "at least 2048 bits, found 1024");
  refuses (to_pem (other, FALSE, NULL), "another kind");
  refuses (to_pem (good, FALSE, EVP_aes_128_cbc ()), "without a passphrase");
  EVP_PKEY_free (small);
  EVP_PKEY_free (other);
  EVP_PKEY_free (good);
}

/* Prints a token made with the key of a file. */
static int
print (const char *file, const char *issuer, const char *now)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhSecret) key = NULL;
  g_autoptr (RhSecret) token = NULL;
  gsize length;

  if (g_file_get_contents (file, &text, &length, &error))
    {
      key = rh_secret_new (text, length);
      token = rh_github_jwt_new (key, issuer, g_ascii_strtoll (now, NULL, 10), &error);
    }
  if (token == NULL)
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }
  g_print ("%s\n", rh_secret_bytes (token));
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  if (argc == 4 && argv[1][0] != '-')
    return print (argv[1], argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/github-jwt/signs", test_signs);
  g_test_add_func ("/github-jwt/refuses", test_refuses);
  return g_test_run ();
}
