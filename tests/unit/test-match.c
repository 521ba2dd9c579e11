/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-json.h"
#include "royal-match.h"

typedef struct {
  const char *expected; /* ' stands for " */
  const char *found;
  const char *difference; /* NULL: matches */
} Case;

static const Case cases[] = {
  { "{}", "{'a':1}", NULL },
  { "{'a':1}", "{'b':2,'a':1.0}", NULL },
  { "{'a':1}", "{'b':2}", "/a: expected 1, found nothing" },
  { "{'a':{'b':[1,{'c':2}]}}", "{'a':{'b':[1,{'c':3}]}}", "/a/b/1/c: expected 2, found 3" },
  { "[1]", "[1,2]", "expected 1 items, found 2" },
  { "[]", "[]", NULL },
  { "0.1", "0.10000000000000001", NULL },
  { "0.1", "0.1001", "expected 0.1, found 0.1001" },
  { "'a'", "'a'", NULL },
  { "'a'", "1", "expected \"a\", found 1" },
  { "'~mark *'", "'mark down'", NULL },
  { "'~mark ?'", "'mark down'", "expected \"~mark ?\", found \"mark down\"" },
  { "null", "null", NULL },
  { "null", "false", "expected null, found false" },
  { "true", "false", "expected true, found false" },
  { "{}", "[]", "expected {}, found []" },
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
test_match (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonNode) expected = parse (cases[i].expected);
      g_autoptr (JsonNode) found = parse (cases[i].found);
      g_autofree char *difference = royal_match (expected, found);

      g_assert_cmpstr (difference, ==, cases[i].difference);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool/match", test_match);
  return g_test_run ();
}
