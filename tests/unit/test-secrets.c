/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-secret-keys.h"
#include "rh-secret-sources.h"
#include "rh-secrets.h"

#include <glib/gstdio.h>
#include <royal/error.h>
#include <string.h>
#include <unistd.h>

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_B "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define CANARY "canary-4f1d9c"

static RhSecretKeys *
keys_of (const char *text)
{
  g_autoptr (GError) error = NULL;
  RhSecretKeys *keys = rh_secret_keys_parse (text, "keys", &error);

  g_assert_no_error (error);
  return keys;
}

static void
test_seal (void)
{
  g_autoptr (RhSecretKeys) a = keys_of (KEY_A "\n");
  g_autoptr (RhSecretKeys) ba = keys_of ("# the new one\n" KEY_B "\n\n" KEY_A);
  g_autoptr (RhSecretKeys) b = keys_of (KEY_B);
  g_autoptr (RhSecret) secret = rh_secret_new (CANARY, strlen (CANARY));
  g_autofree char *sealed = rh_secret_keys_seal (a, 7, "name", secret);
  g_autofree char *again = rh_secret_keys_seal (a, 7, "name", secret);
  const char *id = rh_secret_keys_current (a);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhSecret) found = rh_secret_keys_open (ba, 7, "name", id, sealed, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (rh_secret_bytes (found), ==, CANARY);
  g_assert_cmpstr (sealed, !=, again);
  g_assert_cmpuint (strlen (id), ==, RH_SECRET_KEY_ID_LENGTH);
  g_assert_cmpstr (rh_secret_keys_current (ba), ==, rh_secret_keys_current (b));
  g_assert_null (rh_secret_keys_open (b, 7, "name", id, sealed, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
}

/* It opens nowhere else, and not when any bit of it is another. */
static void
test_bound (void)
{
  g_autoptr (RhSecretKeys) keys = keys_of (KEY_A "\n" KEY_B);
  g_autoptr (RhSecretKeys) b = keys_of (KEY_B);
  g_autoptr (RhSecret) secret = rh_secret_new (CANARY, strlen (CANARY));
  g_autofree char *sealed = rh_secret_keys_seal (keys, 7, "name", secret);
  const char *id = rh_secret_keys_current (keys);

  g_assert_null (rh_secret_keys_open (keys, 8, "name", id, sealed, NULL));
  g_assert_null (rh_secret_keys_open (keys, 7, "names", id, sealed, NULL));
  g_assert_null (rh_secret_keys_open (keys, 7, "name", rh_secret_keys_current (b), sealed, NULL));
  for (gsize i = 0; i < strlen (sealed); i++)
    {
      g_autofree char *other = g_strdup (sealed);
      g_autoptr (GError) error = NULL;

      other[i] = other[i] == '0' ? '1' : '0';
      g_assert_null (rh_secret_keys_open (keys, 7, "name", id, other, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_null (strstr (error->message, CANARY));
    }
  for (gsize i = 0; i < strlen (sealed); i += 2)
    {
      g_autofree char *shorter = g_strndup (sealed, i);

      g_assert_null (rh_secret_keys_open (keys, 7, "name", id, shorter, NULL));
    }
}

static void
test_bad_keys (void)
{
  static const struct {
    const char *text;
    const char *message;
  } bad[] = {
    { "", "keys: expected at least one key" },
    { "# nothing\n", "keys: expected at least one key" },
    { KEY_A "\nAAECAw==\n", "keys: line 2: expected a key, 32 bytes in base64" },
    { KEY_A "AAAA\n", "keys: line 1: expected a key, 32 bytes in base64" },
    { "hunter2", "keys: line 1: expected a key, 32 bytes in base64" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (rh_secret_keys_parse (bad[i].text, "keys", &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, bad[i].message);
    }
}

static char *
put (const char *folder, const char *name, const char *text, int mode)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
  return path;
}

static void
test_key_file (void)
{
  g_autofree char *folder = g_dir_make_tmp ("royal-secrets-XXXXXX", NULL);
  g_autofree char *path = put (folder, "keys", KEY_A "\n", 0600);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhSecretKeys) keys = rh_secret_keys_read (path, &error);

  g_assert_no_error (error);
  g_assert_nonnull (keys);
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
  g_assert_null (rh_secret_keys_read (path, &error));
  g_assert_nonnull (strstr (error->message, "expected a file that is not everybody's (mode 0600)"));
  g_clear_error (&error);
  g_assert_null (rh_secret_keys_read (folder, &error));
  g_assert_nonnull (strstr (error->message, "expected a regular file"));
  g_remove (path);
  g_rmdir (folder);
}

static void
expect_secret (RhSecretSources *sources, const char *name, const char *value, const char *source)
{
  const char *from = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhSecret) secret = rh_secret_sources_find (sources, name, &from, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (secret != NULL ? rh_secret_bytes (secret) : NULL, ==, value);
  if (value != NULL)
    g_assert_cmpstr (from, ==, source);
}

/* The environment before the credentials before the folder; and nothing of it stays in the environment. */
static void
test_sources (void)
{
  g_autofree char *folder = g_dir_make_tmp ("royal-secrets-XXXXXX", NULL);
  g_autofree char *credentials = g_build_filename (folder, "credentials", NULL);
  g_autofree char *b = NULL;
  g_autofree char *c = NULL;
  g_autofree char *a = NULL;
  g_autofree char *long_one = NULL;
  g_autofree char *x = g_strnfill (RH_SECRET_MAX + 1, 'x');
  g_autoptr (JsonArray) list = NULL;
  RhSecretSources *sources;
  const char *from;
  char *value;

  g_assert_cmpint (g_mkdir (credentials, 0700), ==, 0);
  g_setenv ("CREDENTIALS_DIRECTORY", credentials, TRUE);
  g_setenv ("ROYAL_SECRET_FROM_ENV", CANARY, TRUE);
  g_setenv ("ROYAL_SECRETS_KEY", KEY_A, TRUE);
  value = (char *)g_getenv ("ROYAL_SECRET_FROM_ENV");
  rh_secret_sources_take_environment ();
  g_assert_null (g_getenv ("ROYAL_SECRET_FROM_ENV"));
  g_assert_null (g_getenv ("ROYAL_SECRETS_KEY"));
  g_assert_nonnull (g_getenv ("CREDENTIALS_DIRECTORY"));
  /* The bytes themselves are gone, which /proc would show. */
  g_assert_cmpstr (value, ==, "");

  a = put (credentials, "from-env", "not this\n", 0600);
  b = put (credentials, "b", "one\n", 0600);
  c = put (folder, "c", "two\n\n", 0600);
  long_one = put (folder, "d", x, 0600);
  sources = rh_secret_sources_new (folder);
  expect_secret (sources, "from-env", CANARY, "environment");
  expect_secret (sources, "b", "one", "file");
  expect_secret (sources, "c", "two\n", "file");
  expect_secret (sources, "e", NULL, NULL);
  g_assert_null (rh_secret_sources_find (sources, "d", &from, NULL));
  g_assert_nonnull (rh_secret_sources_key (sources));
  list = rh_secret_sources_list (sources);
  g_assert_cmpuint (json_array_get_length (list), ==, 5);
  rh_secret_sources_free (sources);
  g_remove (a), g_remove (b), g_remove (c), g_remove (long_one);
  g_rmdir (credentials), g_rmdir (folder);
}

static void
test_names (void)
{
  static const char *const bad[] = { "", "a/b", "..", "A", "1a", "a b", "secrets-key", "a.b", "\xc3\xa4" };
  g_autofree char *too_long = g_strnfill (64, 'a');

  g_assert_true (rh_secret_is_name ("a-b_3"));
  g_assert_false (rh_secret_is_name (NULL));
  g_assert_false (rh_secret_is_name (too_long));
  g_assert_true (rh_secret_is_name (too_long + 1));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (rh_secret_is_name (bad[i]));
}

/* What is put into the database is of no use where it is not looked for, and cannot be put there without a key. */
static void
test_can_set (void)
{
  g_autofree char *dir = g_dir_make_tmp ("royal-secrets-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (dir, "from-file", NULL);
  g_autofree char *key_file = g_build_filename (dir, "KEYS", NULL);
  g_autoptr (RhSecrets) without = rh_secrets_new (NULL, &(RhSecretsConfig){ .folder = dir }, 7, NULL);
  g_autoptr (RhSecrets) with = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (file, CANARY, -1, NULL));
  g_assert_true (g_file_set_contents_full (key_file, KEY_A "\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  with = rh_secrets_new (NULL, &(RhSecretsConfig){ .folder = dir, .key_file = key_file }, 7, &error);
  g_assert_no_error (error);
  g_assert_true (rh_secrets_can_set (with, 7, "another", &error));
  g_assert_no_error (error);
  g_assert_true (rh_secrets_can_set (with, 8, "from-file", &error)); /* files are of the host's own workspace */
  g_assert_false (rh_secrets_can_set (with, 7, "from-file", &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_assert_nonnull (strstr (error->message, "its file holds one"));
  g_assert_null (strstr (error->message, CANARY));
  g_clear_error (&error);
  g_assert_false (rh_secrets_can_set (without, 7, "another", &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (g_unlink (key_file), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/secrets/can-set", test_can_set); /* before another one takes a key from the environment */
  g_test_add_func ("/secrets/seal", test_seal);
  g_test_add_func ("/secrets/bound", test_bound);
  g_test_add_func ("/secrets/bad-keys", test_bad_keys);
  g_test_add_func ("/secrets/key-file", test_key_file);
  g_test_add_func ("/secrets/sources", test_sources);
  g_test_add_func ("/secrets/names", test_names);
  return g_test_run ();
}
