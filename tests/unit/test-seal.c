/* SPDX-License-Identifier: Apache-2.0 */
#include "elf-maker.h"
#include "royal-json.h"
#include "royal-seal.h"

#include <glib/gstdio.h>
#include <royal/error.h>
#include <sys/stat.h>

typedef struct {
  char *root;
  char *key;
  char *plugin;
  char *seal;
  char *public_key;
  GBytes *module;
} Fixture;

static GBytes *
module_of (const char *id, const char *description)
{
  g_autofree char *text = g_strdup_printf ("{\"id\":\"%s\",\"name\":\"A\",\"version\":\"1.0.0\",\"description\":\"%s\","
                                           "\"abi\":1,\"tasks\":{\"one\":{\"description\":\"One.\"}}}",
                                           id, description);

  return g_byte_array_free_to_bytes (elf_maker_new (text));
}

static void
sign (Fixture *f, GBytes *module, const char *key)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) seal = royal_seal_sign (module, f->plugin, key, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = royal_json_to_string (seal);
  g_assert_true (g_file_set_contents (f->seal, text, -1, &error));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->root = g_dir_make_tmp ("royal-seal-XXXXXX", &error);
  g_assert_no_error (error);
  f->key = g_build_filename (f->root, "k", NULL);
  f->plugin = g_build_filename (f->root, "a.so", NULL);
  f->seal = g_strconcat (f->plugin, ROYAL_SEAL_SUFFIX, NULL);
  f->module = module_of ("a", "D.");
  f->public_key = royal_seal_make_key (f->key, &error);
  g_assert_no_error (error);
  sign (f, f->module, f->key);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *public_path = g_strconcat (f->key, ".pub", NULL);

  g_remove (f->key);
  g_remove (public_path);
  g_remove (f->seal);
  g_assert_cmpint (g_rmdir (f->root), ==, 0);
  g_free (f->root);
  g_free (f->key);
  g_free (f->plugin);
  g_free (f->seal);
  g_free (f->public_key);
  g_bytes_unref (f->module);
}

static void
expect (Fixture *f, GBytes *module, int code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *key = royal_seal_verify (module, f->plugin, &error);

  g_assert_null (key);
  g_assert_error (error, ROYAL_ERROR, code);
  g_assert_true (g_str_has_prefix (error->message, f->seal));
  g_assert_nonnull (strstr (error->message, text));
}

static void
test_good (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *key = royal_seal_verify (f->module, f->plugin, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (key, ==, f->public_key);
}

/* The last byte is a symbol's: the manifest is what it was. */
static void
test_altered_module (Fixture *f, gconstpointer data)
{
  gsize length;
  g_autofree char *copy = g_memdup2 (g_bytes_get_data (f->module, &length), g_bytes_get_size (f->module));

  copy[length - 1] ^= 1;
  g_autoptr (GBytes) module = g_bytes_new (copy, length);
  expect (f, module, ROYAL_ERROR_DENIED, "/module: expected");
}

static void
test_altered_manifest (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) module = module_of ("a", "E.");

  expect (f, module, ROYAL_ERROR_DENIED, "/manifest: expected");
}

static void
test_swapped (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) other = module_of ("b", "D.");

  sign (f, other, f->key);
  expect (f, f->module, ROYAL_ERROR_DENIED, "/agent: expected");
}

/* A member of the seal is replaced: each is bound by the signature, or by the module. */
static void
test_forged (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *member, *value, *text;
    int code;
  } table[] = {
    { "type", "royal.plugin/2", "\"type\"", ROYAL_ERROR_INVALID },
    { "version", "2.0.0", "/version: expected", ROYAL_ERROR_DENIED },
    { "module", "", "/module: expected", ROYAL_ERROR_DENIED },
    { "public_key", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "key 21fe31dfa154a261",
      ROYAL_ERROR_DENIED },
    { "public_key", "00", "of 64", ROYAL_ERROR_INVALID },
    { "signature", "ff", "of 128", ROYAL_ERROR_INVALID },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) seal = royal_seal_sign (f->module, f->plugin, f->key, NULL);

      json_object_set_string_member (json_node_get_object (seal), table[i].member, table[i].value);
      g_autofree char *text = royal_json_to_string (seal);
      g_assert_true (g_file_set_contents (f->seal, text, -1, NULL));
      expect (f, f->module, table[i].code, table[i].text);
    }
}

static void
test_none (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (g_remove (f->seal), ==, 0);
  expect (f, f->module, ROYAL_ERROR_NOT_FOUND, "");
  g_assert_true (g_file_set_contents (f->seal, "", 0, NULL));
  expect (f, f->module, ROYAL_ERROR_INVALID, "expected a signature of 1 to");
}

static void
test_keys (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  struct stat info;

  g_assert_cmpint (stat (f->key, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
  g_assert_null (royal_seal_make_key (f->key, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_clear_error (&error);
  g_assert_cmpint (g_chmod (f->key, 0644), ==, 0);
  g_assert_null (royal_seal_sign (f->module, f->plugin, f->key, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*func) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/seal/good", test_good },
    { "/seal/altered-module", test_altered_module },
    { "/seal/altered-manifest", test_altered_manifest },
    { "/seal/swapped", test_swapped },
    { "/seal/forged", test_forged },
    { "/seal/none", test_none },
    { "/seal/keys", test_keys },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
