/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-json.h"
#include "royal-schema.h"
#include "royal-suggest.h"

#include <royal/error.h>
#include <string.h>

typedef struct {
  const char *name;
  const char *schema; /* ' stands for " */
  const char *document;
  const char *error; /* NULL: holds */
} Case;

static const Case cases[] = {
  { "true", "true", "{'a':1}", NULL },
  { "false", "false", "3", "expected nothing here, found 3" },
  { "type", "{'type':'string'}", "'a'", NULL },
  { "type-not", "{'type':'string'}", "3", "expected a string, found 3" },
  { "type-object", "{'type':'integer'}", "{}", "expected an integer, found an object" },
  { "type-array", "{'type':['string','null']}", "null", NULL },
  { "type-array-not", "{'type':['string','null','array']}", "true", "expected null, a string or an array, found true" },
  { "integer-with-fraction", "{'type':'integer'}", "1.5", "expected an integer, found 1.5" },
  { "integer-as-double", "{'type':'integer'}", "2.0", NULL },
  { "number-takes-integer", "{'type':'number'}", "2", NULL },
  { "boolean-is-no-number", "{'type':'number'}", "true", "expected a number, found true" },
  { "enum", "{'enum':['a',1,null]}", "1.0", NULL },
  { "enum-not", "{'enum':['low','high']}", "'lo'", "expected one of \"low\" or \"high\", found \"lo\"" },
  { "enum-deep", "{'enum':[{'a':[1,{'b':2}]}]}", "{'a':[1,{'b':2}]}", NULL },
  { "enum-deep-not", "{'enum':[{'a':[1,2]}]}", "{'a':[1,3]}", "expected an object, found an object" },
  { "const", "{'const':1}", "2", "expected 1, found 2" },
  { "const-type", "{'const':1}", "'1'", "expected 1, found \"1\"" },
  { "const-null", "{'const':null}", "null", NULL },
  { "required", "{'required':['a','b']}", "{'a':1}", "expected a member `b`, found none" },
  { "required-other-type", "{'required':['a']}", "3", NULL },
  { "properties", "{'properties':{'a':{'type':'string'}}}", "{'a':3}", "/a: expected a string, found 3" },
  { "properties-order", "{'properties':{'a':{'type':'string'},'b':{'type':'string'}}}", "{'b':1,'a':2}",
    "/b: expected a string, found 1" },
  { "unknown", "{'properties':{'colour':true},'additionalProperties':false}", "{'color':1}",
    "unknown member `color`; did you mean `colour`?" },
  { "unknown-far", "{'properties':{'colour':true},'additionalProperties':false}", "{'price':1}",
    "unknown member `price`" },
  { "unknown-none", "{'additionalProperties':false}", "{'x':1}", "unknown member `x`" },
  { "unknown-deep", "{'properties':{'a':{'items':{'additionalProperties':false}}}}", "{'a':[{},{'x':1}]}",
    "/a/1: unknown member `x`" },
  { "additional", "{'additionalProperties':{'type':'number'}}", "{'x':'y'}", "/x: expected a number, found \"y\"" },
  { "pattern-properties", "{'patternProperties':{'^x':{'type':'number'}},'additionalProperties':false}", "{'x1':2}",
    NULL },
  { "pattern-properties-not", "{'patternProperties':{'^x':{'type':'number'}}}", "{'x1':'a'}",
    "/x1: expected a number, found \"a\"" },
  { "property-names", "{'propertyNames':{'maxLength':2}}", "{'abc':1}",
    "expected a member name that is at most 2 characters, found 3" },
  { "min-properties", "{'minProperties':1}", "{}", "expected at least 1 member, found 0" },
  { "max-properties", "{'maxProperties':1}", "{'a':1,'b':2}", "expected at most 1 member, found 2" },
  { "pointer-escapes", "{'additionalProperties':{'type':'number'}}", "{'a/b~c':'y'}",
    "/a~1b~0c: expected a number, found \"y\"" },
  { "items", "{'items':{'type':'number'}}", "[1,'2']", "/1: expected a number, found \"2\"" },
  { "min-items", "{'minItems':2}", "[1]", "expected at least 2 items, found 1" },
  { "max-items", "{'maxItems':0}", "[1]", "expected at most 0 items, found 1" },
  { "unique", "{'uniqueItems':true}", "[1,2,{'a':1,'b':2}]", NULL },
  { "unique-not", "{'uniqueItems':true}", "[{'a':1,'b':2},{'b':2,'a':1}]",
    "/1: expected items that differ, found an object again" },
  { "unique-number", "{'uniqueItems':true}", "[1,1.0]", "/1: expected items that differ, found 1.0 again" },
  { "minimum", "{'minimum':0}", "0", NULL },
  { "minimum-not", "{'minimum':0.5}", "0.25", "expected at least 0.5, found 0.25" },
  { "maximum-not", "{'maximum':10}", "11", "expected at most 10, found 11" },
  { "exclusive-minimum", "{'exclusiveMinimum':0}", "0", "expected more than 0, found 0" },
  { "exclusive-maximum", "{'exclusiveMaximum':1}", "1", "expected less than 1, found 1" },
  { "multiple", "{'multipleOf':0.1}", "0.3", NULL },
  { "multiple-not", "{'multipleOf':5}", "12", "expected a multiple of 5, found 12" },
  { "bound-other-type", "{'minimum':5}", "'a'", NULL },
  { "min-length-characters", "{'minLength':2}", "'äö'", NULL },
  { "min-length-not", "{'minLength':1}", "''", "expected at least 1 character, found 0" },
  { "max-length-not", "{'maxLength':1}", "'äö'", "expected at most 1 character, found 2" },
  { "pattern", "{'pattern':'^a+$'}", "'aaa'", NULL },
  { "pattern-not", "{'pattern':'^a+$'}", "'ab'", "expected text that matches ^a+$, found \"ab\"" },
  { "pattern-newline", "{'pattern':'^a$'}", "'a\\n'", "expected text that matches ^a$, found \"a\\n\"" },
  { "pattern-unanchored", "{'pattern':'b'}", "'abc'", NULL },
  { "date", "{'format':'date'}", "'2024-02-29'", NULL },
  { "date-not", "{'format':'date'}", "'2023-02-29'", "expected a date such as 2026-01-31, found \"2023-02-29\"" },
  { "date-time", "{'format':'date-time'}", "'2024-02-29T23:59:60.5+02:00'", NULL },
  { "date-time-not", "{'format':'date-time'}", "'2024-02-29 23:59'",
    "expected a date and time such as 2026-01-31T10:00:00Z, found \"2024-02-29 23:59\"" },
  { "uuid", "{'format':'uuid'}", "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'", NULL },
  { "uuid-not", "{'format':'uuid'}", "'6ba7b810'", "expected a UUID, found \"6ba7b810\"" },
  { "all-of", "{'allOf':[{'type':'number'},{'minimum':3}]}", "2", "expected at least 3, found 2" },
  { "any-of", "{'anyOf':[{'type':'string'},{'type':'number'}]}", "3", NULL },
  { "any-of-not", "{'anyOf':[{'type':'string'},{'type':'number'}]}", "null",
    "expected a string or a number, found null" },
  { "any-of-deepest",
    "{'anyOf':[{'type':'string'},{'properties':{'a':{'properties':{'b':{'type':'null'}}}},'type':'object'}]}",
    "{'a':{'b':1}}", "/a/b: expected null, found 1" },
  { "one-of", "{'oneOf':[{'minimum':5},{'maximum':1}]}", "7", NULL },
  { "one-of-both", "{'oneOf':[{'type':'number'},{'minimum':1}]}", "7",
    "expected a value for exactly one of the schemas under oneOf, found 7" },
  { "one-of-none", "{'oneOf':[{'type':'string'},{'type':'null'}]}", "7", "expected a string or null, found 7" },
  { "not", "{'not':{'type':'string'}}", "3", NULL },
  { "not-not", "{'not':{'type':'string'}}", "'a'",
    "expected a value that the schema under `not` rules out, found \"a\"" },
  { "ref", "{'$defs':{'n':{'type':'number'}},'properties':{'a':{'$ref':'#/$defs/n'}}}", "{'a':'b'}",
    "/a: expected a number, found \"b\"" },
  { "ref-escaped", "{'$defs':{'a/b':{'type':'number'}},'$ref':'#/$defs/a~1b'}", "'b'",
    "expected a number, found \"b\"" },
  { "ref-recursive", "{'properties':{'next':{'$ref':'#'}},'additionalProperties':false}", "{'next':{'next':{'nxt':1}}}",
    "/next/next: unknown member `nxt`; did you mean `next`?" },
  { "ref-and-more", "{'$defs':{'n':{'type':'number'}},'$ref':'#/$defs/n','minimum':4}", "3",
    "expected at least 4, found 3" },
  { "long-text", "{'type':'number'}", "'0123456789012345678901234567890123456789012345678901234567890123456789'",
    "expected a number, found \"01234567890123456789012345678901234567890123456789012345678…\"" },
  { "annotations", "{'$schema':'x','$id':'y','title':'t','description':'d','examples':[1],'deprecated':true}", "1",
    NULL },
};

static const Case malformed[] = {
  { "not-a-schema", "3", NULL, "expected a schema (an object, true or false), found 3" },
  { "unknown-keyword", "{'patern':'a'}", NULL, "unknown schema keyword `patern`; did you mean `pattern`?" },
  { "unknown-keyword-deep", "{'properties':{'a':{'if':true}}}", NULL, "/properties/a: unknown schema keyword `if`" },
  { "class-unknown", "{'x-royal-class':'private'}", NULL,
    "/x-royal-class: expected \"personal\" or \"secret\", found \"private\"" },
  { "subject-text", "{'x-royal-subject':'yes'}", NULL, "/x-royal-subject: expected true or false, found \"yes\"" },
  { "type-unknown", "{'type':'text'}", NULL,
    "/type: expected the name of a type, or an array of such names, found \"text\"" },
  { "enum-empty", "{'enum':[]}", NULL, "/enum: expected an array of at least one value, found an array" },
  { "minimum-text", "{'minimum':'1'}", NULL, "/minimum: expected a number, found \"1\"" },
  { "length-negative", "{'minLength':-1}", NULL, "/minLength: expected a whole number from 0, found -1" },
  { "multiple-zero", "{'multipleOf':0}", NULL, "/multipleOf: expected a number more than 0, found 0" },
  { "pattern-broken", "{'pattern':'('}", NULL, "/pattern: expected a regular expression, found (" },
  { "pattern-verb", "{'pattern':'(*LIMIT_MATCH=9)a'}", NULL,
    "/pattern: expected a pattern of at most 1024 bytes without (*, found a different one" },
  { "format-unknown", "{'format':'email'}", NULL,
    "/format: expected \"date\", \"date-time\" or \"uuid\", found \"email\"" },
  { "ref-remote", "{'$ref':'https://example.com/a'}", NULL,
    "/$ref: expected a reference into this document, such as \"#/$defs/name\", found \"https://example.com/a\"" },
  { "ref-nowhere", "{'$ref':'#/$defs/a'}", NULL,
    "/$ref: expected a reference to something that exists, found \"#/$defs/a\"" },
  { "ref-circle", "{'$defs':{'a':{'$ref':'#/$defs/b'},'b':{'allOf':[{'$ref':'#/$defs/a'}]}}}", NULL, "*a circle*" },
  { "required-number", "{'required':[1]}", NULL, "/required: expected an array of names, found an array" },
  { "unused-definition", "{'$defs':{'a':{'typ':'string'}}}", NULL,
    "/$defs/a: unknown schema keyword `typ`; did you mean `type`?" },
};

static JsonNode *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) quoted = g_string_new (text);

  g_string_replace (quoted, "'", "\"", 0);
  JsonNode *node = royal_json_parse (quoted->str, -1, "text", &error);
  g_assert_no_error (error);
  return node;
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) json = parse (c->schema);
  g_autoptr (JsonNode) document = parse (c->document);
  g_autoptr (RoyalSchema) schema = royal_schema_new (json, "schema", &error);
  g_assert_no_error (error);

  gboolean ok = royal_schema_validate (schema, document, "doc", &error);
  if (c->error == NULL)
    {
      g_assert_no_error (error);
      g_assert_true (ok);
      return;
    }
  g_autofree char *expected = g_strconcat ("doc: ", c->error, NULL);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_assert_false (ok);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
test_malformed (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) json = parse (c->schema);
  g_autoptr (RoyalSchema) schema = royal_schema_new (json, "schema", &error);

  g_assert_null (schema);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  if (c->error[0] == '*')
    {
      g_assert_true (g_pattern_match_simple (c->error, error->message));
      return;
    }
  g_autofree char *expected = g_strconcat ("schema: ", c->error, NULL);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
test_at (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) json = parse ("{'properties':{'a':{'type':'string'}}}");
  g_autoptr (JsonNode) broken = parse ("{'properties':{'a':{'typ':'string'}}}");
  g_autoptr (JsonNode) document = parse ("{'a':1}");
  g_autoptr (RoyalSchema) schema = royal_schema_new (json, "s", &error);

  g_assert_no_error (error);
  g_assert_false (royal_schema_validate_at (schema, document, "m.json", "/config", &error));
  g_assert_cmpstr (error->message, ==, "m.json: /config/a: expected a string, found 1");
  g_clear_error (&error);
  g_assert_null (royal_schema_new_at (broken, "m.json", "/config", &error));
  g_assert_cmpstr (error->message, ==,
                   "m.json: /config/properties/a: unknown schema keyword `typ`; did you mean `type`?");
}

static void
test_defaults (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) json =
      parse ("{'$defs':{'l':{'properties':{'n':{'default':5}}}},'properties':{"
             "'a':{'default':'x'},'b':{'default':'y'},'l':{'$ref':'#/$defs/l','default':{}},"
             "'r':{'items':{'properties':{'q':{'default':[1]}}}},'none':{}},'allOf':[{'properties':{'z':"
             "{'default':null}}}],'additionalProperties':{'properties':{'w':{'default':1}}}}");
  g_autoptr (JsonNode) document = parse ("{'b':'own','r':[{},{'q':2}],'other':{}}");
  g_autoptr (JsonNode) expected = parse ("{'b':'own','r':[{'q':[1]},{'q':2}],'other':{'w':1},'a':'x','l':{'n':5},"
                                         "'z':null}");
  g_autoptr (RoyalSchema) schema = royal_schema_new (json, "s", &error);

  g_assert_no_error (error);
  royal_schema_fill_defaults (schema, document);
  g_autofree char *got = royal_json_canonical (document);
  g_autofree char *want = royal_json_canonical (expected);
  g_assert_cmpstr (got, ==, want);

  /* What was filled in is a copy: the schema's own default stays as it was. */
  json_object_set_int_member (json_object_get_object_member (json_node_get_object (document), "l"), "n", 9);
  g_autoptr (JsonNode) other = parse ("{}");
  royal_schema_fill_defaults (schema, other);
  g_assert_cmpint (json_object_get_int_member (json_object_get_object_member (json_node_get_object (other), "l"), "n"),
                   ==, 5);
}

/* Schemas made to cost time or memory come to an end soon. */
static void
test_hostile (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new ("{'$defs':{");
  g_autoptr (JsonNode) document = parse ("{}");

  for (int i = 0; i < 40; i++)
    g_string_append_printf (text, "'d%d':{'anyOf':[{'$ref':'#/$defs/d%d'},{'$ref':'#/$defs/d%d'}]},", i, i + 1, i + 1);
  g_string_append (text, "'d40':false},'$ref':'#/$defs/d0'}");
  g_autoptr (JsonNode) wide = parse (text->str);
  g_assert_null (royal_schema_new (wide, "s", &error));
  g_clear_error (&error);

  g_string_assign (text, "{'$defs':{");
  for (int i = 0; i < 30; i++)
    g_string_append_printf (text, "'d%d':{'anyOf':[{'$ref':'#/$defs/d%d'},{'$ref':'#/$defs/d%d'}]},", i, i + 1, i + 1);
  g_string_append (text, "'d30':false},'$ref':'#/$defs/d0'}");
  g_autoptr (JsonNode) deep = parse (text->str);
  g_autoptr (RoyalSchema) slow = royal_schema_new (deep, "s", &error);
  g_assert_no_error (error);
  g_assert_false (royal_schema_validate (slow, document, "d", &error));
  g_assert_true (g_str_has_suffix (error->message, "the schema branches too much"));
  g_clear_error (&error);

  g_autoptr (JsonNode) endless = parse ("{'properties':{'a':{'$ref':'#','default':{}},'b':{'$ref':'#','default':{}}}}");
  g_autoptr (RoyalSchema) filling = royal_schema_new (endless, "s", &error);
  g_assert_no_error (error);
  royal_schema_fill_defaults (filling, document);

  g_autoptr (JsonNode) costly = parse ("{'pattern':'^(a+)+$'}");
  g_autoptr (JsonNode) bait = parse ("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'");
  g_autoptr (RoyalSchema) pattern = royal_schema_new (costly, "s", &error);
  g_assert_no_error (error);
  g_assert_false (royal_schema_validate (pattern, bait, "d", NULL));
}

static void
test_suggest (void)
{
  const char *const words[] = { "action", "limits", "reads", "writes", NULL };

  g_assert_cmpstr (royal_suggest ("actoin", words), ==, "action");
  g_assert_cmpstr (royal_suggest ("limit", words), ==, "limits");
  g_assert_cmpstr (royal_suggest ("write", words), ==, "writes");
  g_assert_cmpstr (royal_suggest ("rads", words), ==, "reads");
  g_assert_null (royal_suggest ("x", words));
  g_assert_null (royal_suggest ("", words));
  g_assert_null (royal_suggest ("completely", words));
}

/* Texts that all hash alike in GLib's tables, which have no seed. */
static void
test_unique_crowd (void)
{
  g_autoptr (GString) text = g_string_new ("[");
  g_autoptr (JsonNode) schema_node = royal_json_parse ("{\"uniqueItems\":true}", -1, "schema", NULL);
  g_autoptr (RoyalSchema) schema = royal_schema_new (schema_node, "schema", NULL);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start;

  for (guint i = 0; i < 1u << 15; i++)
    {
      g_string_append (text, i > 0 ? ",\"" : "\"");
      for (guint bit = 0; bit < 15; bit++)
        g_string_append (text, (i >> bit & 1) != 0 ? "Ez" : "FY");
      g_string_append_c (text, '"');
    }
  g_string_append_c (text, ']');
  node = royal_json_parse (text->str, -1, "document", &error);
  g_assert_no_error (error);
  start = g_get_monotonic_time ();
  g_assert_true (royal_schema_validate (schema, node, "document", &error));
  g_assert_cmpint (g_get_monotonic_time () - start, <, 3 * G_USEC_PER_SEC);
}

/* Patterns of a hostile schema, over a text as harmless as a season's code: each takes PCRE as long as it may. */
static void
test_slow_patterns (void)
{
  g_autoptr (GString) text = g_string_new ("{\"allOf\":[");
  g_autoptr (JsonNode) schema_node = NULL;
  g_autoptr (RoyalSchema) schema = NULL;
  g_autoptr (JsonNode) node = royal_json_parse ("\"0190b5a2-7c1e-7000-8000-000000000001\"", -1, "document", NULL);
  g_autoptr (GError) error = NULL;
  gint64 start;

  for (guint i = 0; i < 4500; i++)
    g_string_append_printf (text, "%s{\"not\":{\"pattern\":\"(.+.+)+[!?]\"}}", i > 0 ? "," : "");
  g_string_append (text, "]}");
  schema_node = royal_json_parse (text->str, -1, "schema", &error);
  schema = royal_schema_new (schema_node, "schema", &error);
  g_assert_no_error (error);
  start = g_get_monotonic_time ();
  g_assert_false (royal_schema_validate (schema, node, "document", &error));
  g_assert_nonnull (strstr (error->message, "takes too long"));
  g_assert_cmpint (g_get_monotonic_time () - start, <, 3 * G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/schema/validate/", cases[i].name, NULL);
      g_test_add_data_func (path, &cases[i], test_case);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      g_autofree char *path = g_strconcat ("/schema/malformed/", malformed[i].name, NULL);
      g_test_add_data_func (path, &malformed[i], test_malformed);
    }
  g_test_add_func ("/schema/at", test_at);
  g_test_add_func ("/schema/defaults", test_defaults);
  g_test_add_func ("/schema/hostile", test_hostile);
  g_test_add_func ("/schema/suggest", test_suggest);
  g_test_add_func ("/schema/unique-crowd", test_unique_crowd);
  g_test_add_func ("/schema/slow-patterns", test_slow_patterns);
  return g_test_run ();
}
