/* SPDX-License-Identifier: Apache-2.0 */
#include "elf-maker.h"
#include "rh-registry.h"
#include "royal-json.h"
#include "royal-seal.h"

#include <glib/gstdio.h>
#include <royal/error.h>
#include <unistd.h>

/* What the host makes of signatures when it loads. Whether one holds is looked at in test-seal.c. */

typedef struct {
  char *root;
  char *manifest;
  char *plugin;
  char *seal;
  char *key;
  char *public_key;
  char id[ROYAL_SEAL_ID_SIZE];
} Fixture;

static GBytes *
module_of (const char *description)
{
  g_autofree char *text = g_strdup_printf ("{\"id\":\"a\",\"name\":\"A\",\"version\":\"1.0.0\",\"description\":\"%s\","
                                           "\"abi\":1,\"tasks\":{\"one\":{\"description\":\"One.\"}}}",
                                           description);

  return g_byte_array_free_to_bytes (elf_maker_new (text));
}

static void
put (const char *path, const char *data, gssize length)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, data, length, &error);
  g_assert_no_error (error);
}

static void
put_plugin (Fixture *f, const char *description)
{
  g_autoptr (GBytes) module = module_of (description);

  put (f->plugin, g_bytes_get_data (module, NULL), (gssize)g_bytes_get_size (module));
}

static void
sign (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) module = module_of ("D.");
  g_autoptr (JsonNode) seal = royal_seal_sign (module, f->plugin, f->key, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = royal_json_to_string (seal);
  put (f->seal, text, -1);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->root = g_dir_make_tmp ("royal-keys-XXXXXX", &error);
  g_assert_no_error (error);
  f->manifest = g_build_filename (f->root, "a.json", NULL);
  f->plugin = g_build_filename (f->root, "a.so", NULL);
  f->seal = g_strconcat (f->plugin, ROYAL_SEAL_SUFFIX, NULL);
  f->key = g_build_filename (f->root, "k", NULL);
  put (f->manifest, "{\"agent\":\"a\",\"module\":\"a.so\"}", -1);
  put_plugin (f, "D.");
  f->public_key = royal_seal_make_key (f->key, &error);
  g_assert_no_error (error);
  royal_seal_key_id (f->public_key, f->id);
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_DIR) ? g_dir_open (path, 0, NULL) : NULL;
  const char *name;

  if (dir != NULL)
    (void)g_chmod (path, 0700);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_all (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_all (f->root);
  g_free (f->root);
  g_free (f->manifest);
  g_free (f->plugin);
  g_free (f->seal);
  g_free (f->key);
  g_free (f->public_key);
}

/* @trust: (nullable): the key is known, and trusted or not any more. */
static RhRegistry *
load (Fixture *f, RhSignatures signatures, const char *installed, const char *trust)
{
  g_autofree char *modules = g_build_filename (f->root, "modules", NULL);
  g_autoptr (RhRegistry) registry = rh_registry_new (f->root, f->root, modules);
  g_autoptr (GError) error = NULL;

  rh_registry_set_keys (registry, rh_keys_new (signatures, installed));
  if (trust != NULL)
    {
      g_autofree char *text =
          g_strdup_printf ("[{\"name\":\"ann\",\"public_key\":\"%s\",\"trusted\":%s}]", f->public_key, trust);
      g_autoptr (JsonNode) keys = royal_json_parse (text, -1, "keys", &error);

      rh_keys_take (rh_registry_keys (registry), json_node_get_array (keys));
    }
  g_assert_true (rh_registry_load (registry, &error));
  return g_steal_pointer (&registry);
}

/* @state: of the agent, which serves; NULL: it does not, and the line that says so has @detail. */
static void
expect (RhRegistry *registry, const char *state, const char *detail)
{
  RhAgent *agent = rh_registry_find (registry, "a");
  GPtrArray *refused = rh_registry_refused (registry);
  const char *told = refused->len > 0 ? refused->pdata[0] : "";

  g_assert_cmpuint (refused->len, ==, state == NULL);
  if (state != NULL)
    {
      g_assert_nonnull (agent);
      g_assert_cmpstr (royal_json_string (rh_agent_signature (agent), "state", ""), ==, state);
      told = royal_json_string (rh_agent_signature (agent), "detail", "");
    }
  else
    g_assert_null (agent);
  if (strstr (told, detail) == NULL)
    g_error ("expected `%s` in: %s", detail, told);
}

static void
expect_each (Fixture *f, const char *trust, const char *required, const char *warned, const char *detail)
{
  g_autoptr (RhRegistry) require = load (f, RH_SIGNATURES_REQUIRE, "", trust);
  g_autoptr (RhRegistry) off = load (f, RH_SIGNATURES_OFF, "", trust);
  g_autoptr (RhRegistry) warn = NULL;

  expect (require, required, detail);
  expect (off, "unchecked", "");
  warn = load (f, RH_SIGNATURES_WARN, "", trust);
  expect (warn, warned, detail);
}

static void
test_trusted (Fixture *f, gconstpointer data)
{
  sign (f);
  expect_each (f, "true", "trusted", "trusted", "");
}

static void
test_unsigned (Fixture *f, gconstpointer data)
{
  expect_each (f, "true", NULL, "unsigned", "a.so.sig, found none");
}

static void
test_unknown (Fixture *f, gconstpointer data)
{
  sign (f);
  expect_each (f, NULL, NULL, "unknown", f->id);
}

static void
test_distrusted (Fixture *f, gconstpointer data)
{
  g_autofree char *detail = g_strdup_printf ("%s (ann), which is trusted no more", f->id);

  sign (f);
  expect_each (f, "false", NULL, NULL, detail);
}

static void
test_altered (Fixture *f, gconstpointer data)
{
  sign (f);
  put_plugin (f, "E.");
  expect_each (f, "true", NULL, NULL, "a.so.sig: /manifest: expected");
}

/* A host keeps what it has loaded; the next load leaves out what is trusted no more, and nothing else. */
static void
test_reload (Fixture *f, gconstpointer data)
{
  g_autofree char *text =
      g_strdup_printf ("[{\"name\":\"ann\",\"public_key\":\"%s\",\"trusted\":false}]", f->public_key);
  g_autoptr (JsonNode) keys = royal_json_parse (text, -1, "keys", NULL);
  g_autoptr (RhRegistry) registry = NULL;

  sign (f);
  registry = load (f, RH_SIGNATURES_REQUIRE, "", "true");
  rh_keys_take (rh_registry_keys (registry), json_node_get_array (keys));
  g_assert_nonnull (rh_registry_find (registry, "a"));
  g_assert_true (rh_registry_load (registry, NULL));
  expect (registry, NULL, "trusted no more");
  g_assert_cmpuint (rh_registry_generation (registry), ==, 2);
}

/* What root alone could write in the folder of the host's own plugins. */
static void
test_installed (Fixture *f, gconstpointer data)
{
  gboolean root = geteuid () == 0;
  g_autoptr (RhRegistry) registry = NULL;
  g_autoptr (RhRegistry) open = NULL;

  g_assert_cmpint (g_chmod (f->plugin, 0644), ==, 0);
  registry = load (f, RH_SIGNATURES_REQUIRE, f->root, NULL);
  expect (registry, root ? "installed" : NULL, "");
  g_assert_cmpint (g_chmod (f->plugin, 0664), ==, 0);
  open = load (f, RH_SIGNATURES_REQUIRE, f->root, NULL);
  expect (open, NULL, "found none");
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*func) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/keys/trusted", test_trusted },       { "/keys/unsigned", test_unsigned }, { "/keys/unknown", test_unknown },
    { "/keys/distrusted", test_distrusted }, { "/keys/altered", test_altered },   { "/keys/reload", test_reload },
    { "/keys/installed", test_installed },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
