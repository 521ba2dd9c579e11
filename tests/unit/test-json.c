/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-json.h"

#include <math.h>
#include <royal/error.h>
#include <string.h>

static JsonNode *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (text, -1, "test", &error);

  g_assert_no_error (error);
  g_assert_nonnull (node);
  return node;
}

static void
test_refuses (void)
{
  static const struct {
    const char *text;
    const char *message;
  } table[] = {
    { "", "expected a value" },
    { "  ", "test: line 1, column 3: expected a value" },
    { "[1,\n 2,]", "test: line 2, column 4: expected a value" },
    { "{\"a\":1,}", "expected a member name" },
    { "{a:1}", "expected a member name" },
    { "{'a':1}", "expected a member name" },
    { "{\"a\" 1}", "expected ':'" },
    { "{\"a\":1 \"b\":2}", "expected ',' or '}'" },
    { "[1 2]", "expected ',' or ']'" },
    { "[1", "expected ',' or ']'" },
    { "{", "expected a member name" },
    { "1 2", "nothing after" },
    { "{} x", "nothing after" },
    { "// c\n1", "expected a value" },
    { "/* c */1", "expected a value" },
    { "nul", "expected a value" },
    { "True", "expected a value" },
    { "NaN", "expected a value" },
    { "Infinity", "expected a value" },
    { "-Infinity", "expected a digit" },
    { "+1", "expected a value" },
    { "01", "nothing after" },
    { "-", "expected a digit" },
    { ".5", "expected a value" },
    { "1.", "expected a digit" },
    { "1e", "expected a digit" },
    { "1e+", "expected a digit" },
    { "0x10", "nothing after" },
    { "1e309", "out of range" },
    { "-1e999", "out of range" },
    { "{\"a\":1,\"b\":2,\"a\":3}", "test: line 1, column 14: duplicate member \"a\"" },
    { "{\"a\":1,\"\\u0061\":3}", "duplicate member" },
    { "[{\"x\":{\"y\":1,\"y\":1}}]", "duplicate member" },
    { "\"\xff\"", "invalid UTF-8" },
    { "\"\xc0\xaf\"", "invalid UTF-8" },
    { "\"\xed\xa0\x80\"", "invalid UTF-8" },
    { "\"\xf4\x90\x80\x80\"", "invalid UTF-8" },
    { "\"\xe2\x82\"", "invalid UTF-8" },
    { "\"\\ud800\"", "high surrogate" },
    { "\"\\ud800\\u0041\"", "high surrogate" },
    { "\"\\ud800x\"", "high surrogate" },
    { "\"\\udc00\"", "low surrogate" },
    { "\"\\u0000\"", "NUL" },
    { "\"\\u12\"", "four hexadecimal" },
    { "\"\\x41\"", "unknown escape" },
    { "\"a", "end of the string" },
    { "\"a\\", "unknown escape" },
    { "\"a\nb\"", "control character 0x0a" },
    { "\xef\xbb\xbf{}", "expected a value" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = royal_json_parse (table[i].text, -1, "test", &error);

      g_assert_null (node);
      g_assert_true (royal_error_is_invalid (error));
      if (strstr (error->message, table[i].message) == NULL)
        g_error ("%s: %s does not say %s", table[i].text, error->message, table[i].message);
    }
}

static void
test_refuses_nul (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = royal_json_parse ("{}\0", 3, "test", &error);

  g_assert_null (node);
  g_assert_true (royal_error_is_invalid (error));
  g_assert_nonnull (strstr (error->message, "NUL"));
}

static void
test_depth (void)
{
  for (int depth = ROYAL_JSON_DEPTH_MAX; depth <= ROYAL_JSON_DEPTH_MAX + 1; depth++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (JsonNode) node = NULL;
      g_autoptr (GError) error = NULL;

      for (int i = 0; i < depth; i++)
        g_string_append (text, i % 2 ? "{\"a\":" : "[");
      g_string_append (text, "1");
      for (int i = depth; i-- > 0;)
        g_string_append_c (text, i % 2 ? '}' : ']');
      node = royal_json_parse (text->str, (gssize)text->len, "test", &error);
      g_assert_cmpint (node != NULL, ==, depth == ROYAL_JSON_DEPTH_MAX);
      if (node == NULL)
        g_assert_nonnull (strstr (error->message, "deeper than 32"));
    }

  /* A million brackets must not cost a stack. */
  g_autofree char *deep = g_strnfill (1000000, '[');
  g_assert_null (royal_json_parse (deep, 1000000, "test", NULL));
}

static void
test_limits (void)
{
  g_autoptr (GString) text = g_string_new ("[0");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < ROYAL_JSON_VALUES_MAX; i++)
    g_string_append (text, ",0");
  g_string_append_c (text, ']');
  g_assert_null (royal_json_parse (text->str, -1, "test", &error));
  g_assert_nonnull (strstr (error->message, "more than 500000 values"));
  g_clear_error (&error);

  g_string_assign (text, "{");
  for (guint i = 0; i <= ROYAL_JSON_MEMBERS_MAX; i++)
    g_string_append_printf (text, "%s\"%u\":0", i > 0 ? "," : "", i);
  g_string_append_c (text, '}');
  g_assert_null (royal_json_parse (text->str, -1, "test", &error));
  g_assert_nonnull (strstr (error->message, "members in an object"));
}

/* Names that all hash alike make every look into an object a walk through it: GLib's hash has no seed. */
static void
append_crowd (GString *text, guint members)
{
  g_string_append_c (text, '{');
  for (guint i = 0; i < members; i++)
    {
      g_string_append (text, i > 0 ? ",\"" : "\"");
      for (guint bit = 0; bit < 12; bit++)
        g_string_append (text, (i >> bit & 1) != 0 ? "Ez" : "FY");
      g_string_append (text, "\":0");
    }
  g_string_append_c (text, '}');
}

static void
test_crowd (void)
{
  g_autoptr (GString) text = g_string_new ("[");
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;

  append_crowd (text, ROYAL_JSON_MEMBERS_MAX);
  g_string_append_c (text, ']');
  node = royal_json_parse (text->str, -1, "test", &error);
  g_assert_no_error (error);
  g_assert_nonnull (node);

  g_string_assign (text, "[");
  for (guint i = 0; i < 100; i++)
    {
      if (i > 0)
        g_string_append_c (text, ',');
      append_crowd (text, ROYAL_JSON_MEMBERS_MAX);
    }
  g_string_append_c (text, ']');
  /* Without the limit it takes fifteen seconds, in which the host does nothing else. */
  g_assert_null (royal_json_parse (text->str, -1, "test", &error));
  g_assert_nonnull (strstr (error->message, "too many members in all its objects"));
}

static void
test_types (void)
{
  g_autoptr (JsonNode) node = parse ("{\"i\":9223372036854775807,\"n\":-9223372036854775808,"
                                     "\"o\":9223372036854775808,\"d\":1.0,\"e\":1e2,\"s\":\"\\u00e9\\ud83d\\ude00\\/\","
                                     "\"t\":true,\"z\":null,\"a\":[],\"m\":{}}");
  JsonObject *object = json_node_get_object (node);

  g_assert_cmpint (royal_json_int (object, "i", 0), ==, G_MAXINT64);
  g_assert_cmpint (royal_json_int (object, "n", 0), ==, G_MININT64);
  g_assert_cmpint (royal_json_int (object, "o", -7), ==, -7);
  g_assert_cmpfloat (royal_json_double (object, "o", 0), ==, 9223372036854775808.0);
  g_assert_cmpint (royal_json_int (object, "d", -7), ==, -7);
  g_assert_cmpfloat (royal_json_double (object, "d", 0), ==, 1.0);
  g_assert_cmpfloat (royal_json_double (object, "e", 0), ==, 100.0);
  g_assert_cmpstr (royal_json_string (object, "s", NULL), ==, "é😀/");
  g_assert_true (royal_json_boolean (object, "t", FALSE));
  g_assert_nonnull (royal_json_array (object, "a"));
  g_assert_nonnull (royal_json_object (object, "m"));

  /* Another type, absent, no object: the default, and no warning. */
  static const char *const members[] = { "i", "d", "s", "t", "z", "a", "m", "absent" };
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      const char *m = members[i];

      g_assert_cmpstr (royal_json_string (object, m, "x"), ==, *m == 's' ? "é😀/" : "x");
      g_assert_cmpint (royal_json_boolean (object, m, FALSE), ==, *m == 't');
      g_assert_cmpint (royal_json_array (object, m) != NULL, ==, *m == 'a' && m[1] == '\0');
      g_assert_cmpint (royal_json_object (object, m) != NULL, ==, *m == 'm');
      g_assert_cmpint (royal_json_int (NULL, m, 5), ==, 5);
    }
}

static void
test_round_trip (void)
{
  static const char *const texts[] = {
    "null",
    "true",
    "false",
    "0",
    "-1",
    "0.1",
    "1.0",
    "-0.0",
    "1e+300",
    "123456789012345.6",
    "5e-324",
    "\"\"",
    "[]",
    "{}",
    "{\"b\":1,\"a\":[1.5,{\"x\":null}],\"\\u0001\":\"\\\"\\\\\\n\\u001f€\"}",
    "1e+21",
    "100000000000000000000.0",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (JsonNode) node = parse (texts[i]);
      g_autofree char *text = royal_json_to_string (node);
      g_autoptr (JsonNode) again = parse (text);

      g_assert_cmpstr (text, ==, texts[i]);
      g_assert_true (json_node_equal (node, again));
    }
}

/* RFC 8785, appendix B. */
static void
test_canonical_numbers (void)
{
  static const struct {
    guint64 bits;
    const char *text;
  } table[] = {
    { 0x0000000000000000, "0" },
    { 0x8000000000000000, "0" },
    { 0x0000000000000001, "5e-324" },
    { 0x8000000000000001, "-5e-324" },
    { 0x7fefffffffffffff, "1.7976931348623157e+308" },
    { 0xffefffffffffffff, "-1.7976931348623157e+308" },
    { 0x4340000000000000, "9007199254740992" },
    { 0xc340000000000000, "-9007199254740992" },
    { 0x4430000000000000, "295147905179352830000" },
    { 0x7fffffffffffffff, "null" },
    { 0x7ff0000000000000, "null" },
    { 0x44b52d02c7e14af5, "9.999999999999997e+22" },
    { 0x44b52d02c7e14af6, "1e+23" },
    { 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
    { 0x444b1ae4d6e2ef4e, "999999999999999700000" },
    { 0x444b1ae4d6e2ef4f, "999999999999999900000" },
    { 0x444b1ae4d6e2ef50, "1e+21" },
    { 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
    { 0x3eb0c6f7a0b5ed8d, "0.000001" },
    { 0x41b3de4355555553, "333333333.3333332" },
    { 0x41b3de4355555554, "333333333.33333325" },
    { 0x41b3de4355555555, "333333333.3333333" },
    { 0x41b3de4355555556, "333333333.3333334" },
    { 0x41b3de4355555557, "333333333.33333343" },
    { 0xbecbf647612f3696, "-0.0000033333333333333333" },
    { 0x43143ff3c1cb0959, "1424953923781206.2" },
    /* Powers of two where the nearest 16 digits do not read back and the next ones do. */
    { 0x0060000000000000, "7.120236347223045e-307" },
    { 0x3fb999999999999a, "0.1" },
    { 0x4024000000000000, "10" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) node = json_node_alloc ();
      g_autofree char *text = NULL;
      double value;

      memcpy (&value, &table[i].bits, sizeof value);
      json_node_init_double (node, value);
      text = royal_json_canonical (node);
      g_assert_cmpstr (text, ==, table[i].text);
    }
}

static void
test_numbers_read_back (void)
{
  for (guint i = 0; i < 20000; i++)
    {
      guint64 bits = (guint64)g_test_rand_int () << 32 | (guint32)g_test_rand_int ();
      g_autoptr (JsonNode) node = json_node_alloc (), again = NULL;
      g_autofree char *text = NULL;
      double value;

      memcpy (&value, &bits, sizeof value);
      if (!isfinite (value))
        continue;
      json_node_init_double (node, value);
      text = royal_json_to_string (node);
      again = parse (text);
      g_assert_true (json_node_get_value_type (again) == G_TYPE_DOUBLE);
      g_assert_cmpfloat (json_node_get_double (again), ==, value);
    }
}

static void
test_canonical (void)
{
  static const struct {
    const char *text;
    const char *canonical;
  } table[] = {
    /* RFC 8785, 3.2.2 to 3.2.4. */
    { "{\"numbers\":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"
      "\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\"literals\":[null,true,false]}",
      "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
      "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}" },
    { "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\","
      "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
      "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
      "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"ö\":\"Latin Small Letter O With "
      "Diaeresis\","
      "\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}" },
    { "{\"b\":{\"z\":1,\"y\":2},\"a\":[3,1]}", "{\"a\":[3,1],\"b\":{\"y\":2,\"z\":1}}" },
    { "[1.0, 1, 1e0, -0]", "[1,1,1,0]" },
    { "9007199254740993", "9007199254740993" },
    { "{\"aa\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"aa\":1}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) node = parse (table[i].text);
      g_autofree char *text = royal_json_canonical (node);

      g_assert_cmpstr (text, ==, table[i].canonical);
    }
}

static void
test_digest (void)
{
  g_autoptr (JsonNode) node = parse ("{ \"b\" : 1.0, \"a\" : [ ] }");
  g_autoptr (JsonNode) same = parse ("{\"a\":[],\"b\":1}");
  g_autofree char *digest = royal_json_digest (node);
  g_autofree char *again = royal_json_digest (same);
  g_autofree char *expected = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "{\"a\":[],\"b\":1}", -1);

  g_assert_cmpstr (digest, ==, expected);
  g_assert_cmpstr (again, ==, expected);
}

static void
assert_check_refuses (JsonNode *node, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (royal_json_check (node, "result", &error));
  g_assert_true (royal_error_is_invalid (error));
  g_assert_nonnull (strstr (error->message, message));
}

static void
test_check (void)
{
  g_autoptr (JsonNode) good = parse ("{\"a\":[1,2.5,\"x\",null,true]}");
  g_autoptr (JsonNode) number = json_node_init_double (json_node_alloc (), NAN);
  g_autoptr (JsonNode) string = json_node_init_string (json_node_alloc (), "\xff");
  g_autoptr (JsonNode) nested = json_node_init_null (json_node_alloc ());
  g_autoptr (GError) error = NULL;

  g_assert_true (royal_json_check (good, "result", &error));
  g_assert_no_error (error);
  assert_check_refuses (number, "result: a number is not finite");
  assert_check_refuses (string, "UTF-8");
  for (int i = 0; i <= ROYAL_JSON_DEPTH_MAX; i++)
    {
      JsonArray *array = json_array_new ();

      g_assert_true (royal_json_check (nested, "result", NULL));
      json_array_add_element (array, g_steal_pointer (&nested));
      nested = json_node_init_array (json_node_alloc (), array);
      json_array_unref (array);
    }
  assert_check_refuses (nested, "nested too deep");
}

/* A copy says the same, also when the original is changed. */
static void
test_copy (void)
{
  static const char text[] = "{\"a\":[1,2.0,-0.0,null,true,\"x\",{\"b\":{}}],\"n\":1,\"d\":1e300,\"\":[]}";
  g_autoptr (JsonNode) node = parse (text);
  g_autoptr (JsonNode) copy = royal_json_copy (node);
  g_autofree char *before = royal_json_to_string (node);
  g_autofree char *after = NULL, *expected = NULL;
  JsonArray *list = json_object_get_array_member (json_node_get_object (node), "a");

  expected = royal_json_to_string (copy);
  g_assert_cmpstr (expected, ==, before);
  json_node_set_int (json_array_get_element (list, 0), 7);
  json_node_set_string (json_array_get_element (list, 5), "y");
  json_object_set_int_member (json_array_get_object_element (list, 6), "c", 1);
  json_object_set_int_member (json_node_get_object (node), "n", 2);
  after = royal_json_to_string (copy);
  g_assert_cmpstr (after, ==, before);
}

static void
test_strings (void)
{
  static const char *const none[] = { NULL };
  static const char *const texts[] = { "a", "\"", NULL };
  g_autoptr (JsonArray) empty = royal_json_strings (none);
  g_autoptr (JsonArray) array = royal_json_strings (texts);
  g_autofree char *nothing = royal_json_array_to_string (empty);
  g_autofree char *text = royal_json_array_to_string (array);

  g_assert_cmpstr (nothing, ==, "[]");
  g_assert_cmpstr (text, ==, "[\"a\",\"\\\"\"]");
}

/* What PostgreSQL makes of a number it was given, where json-glib's parser reads -1 or the like; and no bound. */
static void
test_read (void)
{
  static const struct {
    const char *text;
    const char *canonical;
  } table[] = {
    { "123456789012345678901234567890", "1.2345678901234568e+29" },
    { "100000000000000000000", "100000000000000000000" },
    { "18446744073709551615", "18446744073709552000" },
    { "9223372036854775808", "9223372036854776000" },
    { "-9223372036854775809", "-9223372036854776000" },
    { "9223372036854775807", "9223372036854775807" },
    { "-9223372036854775808", "-9223372036854775808" },
  };
  g_autoptr (GString) deep = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) read = royal_json_read (table[i].text, "test", &error);
      g_autofree char *canonical = NULL;

      g_assert_no_error (error);
      canonical = royal_json_canonical (read);
      g_assert_cmpstr (canonical, ==, table[i].canonical);
    }
  for (guint i = 0; i < 2 * ROYAL_JSON_DEPTH_MAX; i++)
    g_string_append_c (deep, '[');
  for (guint i = 0; i < 2 * ROYAL_JSON_DEPTH_MAX; i++)
    g_string_append_c (deep, ']');
  node = royal_json_read (deep->str, "test", &error);
  g_assert_no_error (error);
  g_assert_null (royal_json_parse (deep->str, -1, "test", NULL));
  g_assert_null (royal_json_read ("[1,]", "test", &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/refuses", test_refuses);
  g_test_add_func ("/json/refuses-nul", test_refuses_nul);
  g_test_add_func ("/json/depth", test_depth);
  g_test_add_func ("/json/limits", test_limits);
  g_test_add_func ("/json/crowd", test_crowd);
  g_test_add_func ("/json/types", test_types);
  g_test_add_func ("/json/round-trip", test_round_trip);
  g_test_add_func ("/json/canonical-numbers", test_canonical_numbers);
  g_test_add_func ("/json/numbers-read-back", test_numbers_read_back);
  g_test_add_func ("/json/canonical", test_canonical);
  g_test_add_func ("/json/digest", test_digest);
  g_test_add_func ("/json/check", test_check);
  g_test_add_func ("/json/copy", test_copy);
  g_test_add_func ("/json/strings", test_strings);
  g_test_add_func ("/json/read", test_read);
  return g_test_run ();
}
