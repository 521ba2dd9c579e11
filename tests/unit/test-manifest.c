/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-manifest.h"

#include <royal/error.h>
#include <string.h>

typedef struct {
  const char *file; /* of tests/fixtures/manifests, without .json */
  const char *error;
} Malformed;

static const Malformed malformed[] = {
  { "no-id", "expected a member `id`, found none" },
  { "id-capital", "/id: expected a lower-case name (a-z, 0-9, _ and -), found \"Hello\"" },
  { "unknown-member", "unknown member `writs`; did you mean `writes`?" },
  { "trigger-member", "unknown member `triggers`" },
  { "version-two-parts", "/version: expected a version such as 1.0.0, found \"1.0\"" },
  { "abi-zero", "/abi: expected at least 1, found 0" },
  { "abi-text", "/abi: expected an integer, found \"1\"" },
  { "no-tasks", "/tasks: expected at least 1 member, found 0" },
  { "tasks-array", "/tasks: expected an object, found an array" },
  { "task-name", "/tasks: expected a member name that is a lower-case name (a-z, 0-9, _ and -), found \"Say hello\"" },
  { "task-no-description", "/tasks/greet: expected a member `description`, found none" },
  { "task-input-type", "/tasks/greet/input: expected a schema with \"type\": \"object\", found one without a type" },
  { "task-input-keyword", "/tasks/greet/input: unknown schema keyword `propertys`; did you mean `properties`?" },
  { "read-undotted", "/reads/0: expected a dotted name such as retail.season, found \"season\"" },
  { "read-twice", "/reads/1: expected items that differ, found \"retail.season\" again" },
  { "write-text", "/writes/0: expected an object, found \"markdown.apply\"" },
  { "write-twice", "/writes/1/action: expected each action once, found \"a.b\" again" },
  { "write-unknown", "/writes/0: unknown member `acton`; did you mean `action`?" },
  { "config-not-object", "/config: expected a schema with \"type\": \"object\", found one for string" },
  { "memory-small", "/resources/memory_mb: expected at least 16, found 1" },
  { "array", "expected an object, found an array" },
  { "not-json", "line 1, column 18: expected a member name in quotes" },
  { "duplicate-member", "line 1, column 18: duplicate member \"id\"" },
};

static char *
fixture (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".json", NULL);

  return g_test_build_filename (G_TEST_DIST, "..", "fixtures", "manifests", file, NULL);
}

static void
test_malformed (gconstpointer data)
{
  const Malformed *m = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = fixture (m->file);
  g_autofree char *prefix = g_strconcat (path, ": ", NULL);
  g_autoptr (RoyalManifest) manifest = royal_manifest_read_file (path, &error);

  g_assert_null (manifest);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_assert_true (g_str_has_prefix (error->message, prefix));
  g_assert_cmpstr (error->message + strlen (prefix), ==, m->error);
}

static void
test_least (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = fixture ("good-least");
  g_autoptr (RoyalManifest) manifest = royal_manifest_read_file (path, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (royal_manifest_id (manifest), ==, "hello");
  g_assert_cmpstr (royal_manifest_name (manifest), ==, "Hello");
  g_assert_cmpstr (royal_manifest_version (manifest), ==, "1.0.0");
  g_assert_cmpstr (royal_manifest_description (manifest), ==, "Greets.");
  g_assert_cmpstr (royal_manifest_cluster (manifest), ==, "");
  g_assert_cmpuint (royal_manifest_abi (manifest), ==, 1);
  g_assert_cmpstr (royal_manifest_tasks (manifest)[0], ==, "greet");
  g_assert_null (royal_manifest_tasks (manifest)[1]);
  g_assert_null (royal_manifest_reads (manifest)[0]);
  g_assert_null (royal_manifest_writes (manifest)[0]);
  g_assert_null (royal_manifest_task_input (manifest, "greet"));
  g_assert_null (royal_manifest_task_input (manifest, "other"));
  g_assert_null (royal_manifest_config_schema (manifest));
}

static void
test_full (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = fixture ("good-full");
  g_autoptr (RoyalManifest) manifest = royal_manifest_read_file (path, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (royal_manifest_cluster (manifest), ==, "product");
  g_assert_cmpstr (royal_manifest_tasks (manifest)[1], ==, "wave");
  g_assert_cmpstr (royal_manifest_reads (manifest)[0], ==, "retail.season");
  g_assert_cmpstr (royal_manifest_reads (manifest)[1], ==, "http.get:https://example.com");
  g_assert_cmpstr (royal_manifest_writes (manifest)[0], ==, "markdown.apply");
  g_assert_nonnull (royal_manifest_task_input (manifest, "greet"));
  g_assert_nonnull (royal_manifest_config_schema (manifest));

  RoyalManifest *same = royal_manifest_ref (manifest);
  royal_manifest_unref (same);
  royal_manifest_unref (NULL);
}

static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (royal_manifest_read_file ("/nonexistent/manifest.json", &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (royal_manifest_read_file ("/dev/zero", &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT);
}

static void
test_large (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strnfill (256 * 1024 + 1, ' ');

  g_assert_null (royal_manifest_parse (text, strlen (text), "m", &error));
  g_assert_cmpstr (error->message, ==, "m: expected at most 262144 bytes, found 262145");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      g_autofree char *path = g_strconcat ("/manifest/malformed/", malformed[i].file, NULL);
      g_test_add_data_func (path, &malformed[i], test_malformed);
    }
  g_test_add_func ("/manifest/least", test_least);
  g_test_add_func ("/manifest/full", test_full);
  g_test_add_func ("/manifest/missing", test_missing);
  g_test_add_func ("/manifest/large", test_large);
  return g_test_run ();
}
