/* SPDX-License-Identifier: Apache-2.0 */
#include <json-glib/json-glib.h>
#include <royal/error.h>
#include <string.h>
#include <sync-product.h>
#include <sync-text.h>

#define TRIALS 5000

static const char document[] =
    "{\"handle\":\"lamp\",\"title\":\"Lamp "
    "\\u00e9\\n\\\"x\\\"\",\"status\":\"ACTIVE\",\"vendor\":\"\",\"product_type\":null,"
    "\"tags\":[\"b\",\"a/c\"],\"description_html\":\"<p>one\\ntwo</p>\",\"seo\":{\"title\":\"t\",\"description\":\"\"},"
    "\"options\":[{\"name\":\"Size\",\"values\":[\"S\",\"M\"]}],"
    "\"variants\":[{\"sku\":\"L-2\",\"title\":\"M\",\"price\":\"9.90\",\"compare_at_price\":null,\"inventory_item\":"
    "\"4\"},"
    "{\"sku\":\"\",\"title\":\"S\",\"price\":\"8.90\"}],\"images\":[{\"url\":\"u\",\"alt\":\"\"}],"
    "\"metafields\":[{\"namespace\":\"custom\",\"key\":\"fit\",\"type\":\"single_line\",\"value\":\"x\"}],"
    "\"collections\":[\"home\"]}";

static const char printed[] =
    "{\n"
    "  \"collections\": [\n    \"home\"\n  ],\n"
    "  \"images\": [\n    {\n      \"alt\": \"\",\n      \"url\": \"u\"\n    }\n  ],\n"
    "  \"metafields\": {\n    \"custom.fit\": {\n      \"type\": \"single_line\",\n"
    "      \"value\": \"x\"\n    }\n  },\n"
    "  \"options\": [\n    {\n      \"name\": \"Size\",\n      \"values\": [\n        \"S\",\n"
    "        \"M\"\n      ]\n    }\n  ],\n"
    "  \"seo\": {\n    \"title\": \"t\"\n  },\n"
    "  \"status\": \"ACTIVE\",\n"
    "  \"tags\": [\n    \"a/c\",\n    \"b\"\n  ],\n"
    "  \"title\": \"Lamp é\\n\\\"x\\\"\",\n"
    "  \"variants\": {\n    \"L-2\": {\n      \"price\": \"9.90\",\n      \"sku\": \"L-2\",\n"
    "      \"title\": \"M\"\n    },\n"
    "    \"S\": {\n      \"price\": \"8.90\",\n      \"title\": \"S\"\n    }\n  }\n}\n";

static SyncFields *
read_document (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = sync_text_read (text, strlen (text), &error);
  SyncFields *fields;

  g_assert_no_error (error);
  fields = sync_product_from_document (json_node_get_object (node), &error);
  g_assert_no_error (error);
  return fields;
}

static void
test_print (void)
{
  g_autoptr (SyncFields) fields = read_document (document);
  g_autofree char *json = sync_product_json (fields);
  g_autofree char *html = sync_product_html (fields);
  g_autoptr (GError) error = NULL;
  g_autoptr (SyncFields) back = sync_product_from_files (json, strlen (json), html, strlen (html), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (json, ==, printed);
  g_assert_cmpstr (html, ==, "<p>one\ntwo</p>\n");
  g_assert_cmpstr (sync_fields_get (fields, "tags/a~1c"), ==, "true");
  g_assert_true (sync_fields_equal (fields, back));
}

/* Letters that are anything: quotes, controls, slashes, tildes, those beyond the first plane. */
static char *
random_text (void)
{
  static const char *const letters[] = { "a", "\"", "\\", "/", "~", "\n", "\x01", "\x7f", "é", "😀", " ", "{" };
  GString *text = g_string_new ("x");

  for (gint i = g_test_rand_int_range (0, 8); i > 0; i--)
    g_string_append (text, letters[g_test_rand_int_range (0, G_N_ELEMENTS (letters))]);
  return g_string_free (text, FALSE);
}

static JsonNode *
random_document (void)
{
  static const char *const texts[] = { "title", "vendor", "description_html", "status", NULL };
  JsonNode *node = json_node_init (json_node_alloc (), JSON_NODE_OBJECT);
  JsonObject *product = json_object_new ();
  JsonArray *tags = json_array_new ();
  JsonArray *variants = json_array_new ();

  for (guint i = 0; texts[i] != NULL; i++)
    {
      g_autofree char *text = random_text ();

      json_object_set_string_member (product, texts[i], text);
    }
  for (gint i = g_test_rand_int_range (0, 4); i > 0; i--)
    {
      JsonObject *variant = json_object_new ();
      g_autofree char *tag = random_text ();
      g_autofree char *sku = random_text ();

      json_array_add_string_element (tags, tag);
      json_object_set_string_member (variant, "sku", g_test_rand_bit () ? sku : "");
      json_object_set_string_member (variant, "title", tag);
      json_object_set_double_member (variant, "weight", g_test_rand_double () * 1e6);
      json_array_add_object_element (variants, variant);
    }
  json_object_set_array_member (product, "tags", tags);
  json_object_set_array_member (product, "variants", variants);
  json_node_take_object (node, product);
  return node;
}

/* What is written is read as the same fields, and written again as the same bytes. */
static void
test_round_trip (void)
{
  for (guint i = 0; i < TRIALS; i++)
    {
      g_autoptr (JsonNode) node = random_document ();
      g_autoptr (GError) error = NULL;
      g_autoptr (SyncFields) fields = sync_product_from_document (json_node_get_object (node), &error);
      g_autofree char *json = NULL;
      g_autofree char *html = NULL;
      g_autofree char *again = NULL;
      g_autoptr (SyncFields) back = NULL;

      g_assert_no_error (error);
      json = sync_product_json (fields);
      html = sync_product_html (fields);
      back = sync_product_from_files (json, strlen (json), html, strlen (html), &error);
      g_assert_no_error (error);
      g_assert_true (sync_fields_equal (fields, back));
      again = sync_product_json (back);
      g_assert_cmpstr (json, ==, again);
    }
}

static const struct {
  const char *text;
  const char *message;
} hostile[] = {
  { "", "line 1, column 1: expected a value of JSON" },
  { "{\"title\":\"x\"", "line 1, column 13: expected a comma or a closing brace" },
  { "{\n  \"title\": \"x\",\n  \"title\": \"y\"\n}", "line 3, column 3: expected each member once" },
  { "{\"title\":\"é\",}", "line 1, column 14: expected the name of a member" },
  { "{\"title\":\"\\ud800\"}", "line 1, column 11: expected an escape of JSON" },
  { "{\"title\":\"\\u0000\"}", "line 1, column 11: expected an escape of JSON" },
  { "{\"title\":\"a\tb\"}", "line 1, column 12: expected no control character in a text" },
  { "{\"title\":\"x\"} x", "line 1, column 15: expected nothing more" },
  { "{\"title\":01}", "line 1, column 10: expected a value of JSON" },
  { "{\"title\":1e999}", "line 1, column 10: expected a number that a double holds" },
  { "{\"title\":\"x\",\"images\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "line 1, column 46: expected fewer values within each other" },
  { "[]", "/: expected an object" },
  { "{}", "/title: expected a text that is not empty" },
  { "{\"title\":7}", "/title: expected a text" },
  { "{\"titel\":\"x\"}", "/titel: expected no such member" },
  { "{\"title\":\"x\",\"description_html\":\"y\"}", "/description_html: expected no such member" },
  { "{\"title\":\"x\",\"tags\":[\"a\",1]}", "/tags/1: expected a text" },
  { "{\"title\":\"x\",\"tags\":\"a\"}", "/tags: expected an array of texts" },
  { "{\"title\":\"x\",\"variants\":{\"A/1\":[]}}", "/variants/A~11: expected an object" },
  { "{\"title\":\"x\",\"variants\":{\"A\":{\"a\\\"b\":1}}}",
    "/variants/A/a\"b: expected a name of letters, digits, `_`, `.` and `-`" },
  { "{\"title\":\"x\",\"seo\":{\"title\":{}}}", "/seo/title: expected a text" },
};

static void
test_hostile (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (sync_product_from_files (hostile[i].text, strlen (hostile[i].text), NULL, 0, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, hostile[i].message);
    }
}

/* Whatever is cut off or replaced is refused or read: nothing is looked at beyond its end. */
static void
test_altered (void)
{
  for (guint i = 0; i < TRIALS; i++)
    {
      gsize n = (gsize)g_test_rand_int_range (0, (gint32)strlen (printed));
      g_autofree char *text = g_memdup2 (printed, n + 1); /* as long as it is, so that a sanitizer sees more */
      g_autoptr (GError) error = NULL;
      g_autoptr (SyncFields) fields = NULL;

      if (n > 0)
        text[g_test_rand_int_range (0, (gint32)n)] = (char)g_test_rand_int_range (0, 256);
      fields = sync_product_from_files (text, n, NULL, 0, &error);
      g_assert_true ((fields == NULL) == (error != NULL));
    }
}

static void
test_handles (void)
{
  static const char *const wrong[] = { "",     ".",     "..",    ".git", "a/b",  "a\\b",
                                       "a\nb", "git~1", "GIT~1", "a:b",  "\xff", NULL };

  for (guint i = 0; wrong[i] != NULL; i++)
    g_assert_false (sync_handle_check (wrong[i]));
  g_assert_false (sync_handle_check (NULL));
  g_assert_true (sync_handle_check ("a-lamp-2"));
  g_assert_true (sync_handle_check ("ランプ"));
}

static void
test_variant_keys (void)
{
  const char *skus[] = { "A", "B", "B", "", NULL, "C" };
  const char *titles[] = { "S", "M", "L", "L", NULL, "M" };
  g_auto (GStrv) keys = sync_variant_keys (skus, titles, 6);
  g_autofree char *all = g_strjoinv (",", keys);

  g_assert_cmpstr (all, ==, "A,M,L,L #2,variant,C");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sync-product/print", test_print);
  g_test_add_func ("/sync-product/round-trip", test_round_trip);
  g_test_add_func ("/sync-product/hostile", test_hostile);
  g_test_add_func ("/sync-product/altered", test_altered);
  g_test_add_func ("/sync-product/handles", test_handles);
  g_test_add_func ("/sync-product/variant-keys", test_variant_keys);
  return g_test_run ();
}
