/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-signature.h"

#include <string.h>

/* The first two as senders publish them, the third as another computes it. */
static const struct {
  const char *secret;
  gboolean secret_is_base64;
  const char *content;
  const char *timestamp;
  const char *id;
  const char *body;
  const char *prefix;
  gboolean base64;
  const char *header;
} vectors[] = {
  { "It's a Secret to Everybody", FALSE, "{body}", NULL, NULL, "Hello, World!", "sha256=", FALSE,
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" },
  { "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", TRUE, "{id}.{timestamp}.{body}", "1614265330", "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "{\"test\": 2432232314}", "v1,", TRUE, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" },
  { "8f742231b10e8888abcd99yyyzzz85a5", FALSE, "v0:{timestamp}:{body}", "1531420618", NULL,
    "token=x&text=", "v0=", FALSE, "v0=4f4881d4dae5f8e43a0b23a38214d70484869fe4dc419a0ac58fda558b4dd5b0" },
};

static RhSecret *
secret_of (guint i)
{
  g_autofree guchar *bytes = NULL;
  gsize length = strlen (vectors[i].secret);

  if (!vectors[i].secret_is_base64)
    return rh_secret_new (vectors[i].secret, length);
  bytes = g_base64_decode (vectors[i].secret, &length);
  return rh_secret_new (bytes, length);
}

static void
test_vectors (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (GBytes) body = g_bytes_new_static (vectors[i].body, strlen (vectors[i].body));
      g_autoptr (RhSecret) secret = secret_of (i);
      RhSigned text = { vectors[i].content, vectors[i].timestamp, vectors[i].id, body };
      guint8 mac[RH_SIGNATURE_BYTES];

      rh_signature_make (&text, secret, mac);
      g_assert_true (rh_signature_matches (vectors[i].header, vectors[i].prefix, vectors[i].base64, mac));
      mac[31] ^= 1;
      g_assert_false (rh_signature_matches (vectors[i].header, vectors[i].prefix, vectors[i].base64, mac));
    }
}

static void
test_headers (void)
{
  static const char good[] = "2a0000000000000000000000000000000000000000000000000000000000002b";
  static const struct {
    const char *header;
    const char *prefix;
    gboolean matches;
  } cases[] = {
    { "2a0000000000000000000000000000000000000000000000000000000000002b", "", TRUE },
    { "2A0000000000000000000000000000000000000000000000000000000000002B", "", TRUE },
    { "x= x=2a0000000000000000000000000000000000000000000000000000000000002b", "x=", TRUE },
    { "2a0000000000000000000000000000000000000000000000000000000000002b", "x=", FALSE },
    { "x=2a0000000000000000000000000000000000000000000000000000000000002b", "", FALSE },
    { "2a0000000000000000000000000000000000000000000000000000000000002b00", "", FALSE },
    { "2a0000000000000000000000000000000000000000000000000000000000002", "", FALSE },
    { "2a0000000000000000000000000000000000000000000000000000000000002c", "", FALSE },
    { "a b c d e f g h 2a0000000000000000000000000000000000000000000000000000000000002b", "", FALSE },
    { "", "", FALSE },
    { NULL, "", FALSE },
  };
  guint8 mac[RH_SIGNATURE_BYTES] = { 0x2a };

  mac[31] = 0x2b;
  g_assert_true (rh_signature_matches (good, "", FALSE, mac));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (rh_signature_matches (cases[i].header, cases[i].prefix, FALSE, mac), ==, cases[i].matches);
  /* What cannot be read is not the signature that is all zero. */
  memset (mac, 0, sizeof mac);
  g_assert_false (rh_signature_matches ("", "", FALSE, mac));
  g_assert_false (rh_signature_matches ("zz", "", FALSE, mac));
  /* Nor is one that is shorter, by what would be zero. */
  g_assert_false (
      rh_signature_matches ("00000000000000000000000000000000000000000000000000000000000000", "", FALSE, mac));
}

/* A part is not looked into. */
static void
test_parts (void)
{
  static const char inner[] = "{id}\0x";
  g_autoptr (GBytes) body = g_bytes_new_static (inner, 6);
  g_autoptr (GBytes) same = g_bytes_new_static ("<{id}\0x>{timestamp}", 19);
  g_autofree char *key = rh_signature_key (&(RhSigned){ "<{body}>{id}", NULL, "{timestamp}", body });
  g_autofree char *flat = rh_signature_key (&(RhSigned){ "{body}", NULL, NULL, same });

  g_assert_cmpstr (key, ==, flat);
  g_assert_cmpuint (strlen (key), ==, 40);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signature/vectors", test_vectors);
  g_test_add_func ("/signature/headers", test_headers);
  g_test_add_func ("/signature/parts", test_parts);
  return g_test_run ();
}
