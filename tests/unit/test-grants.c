/* SPDX-License-Identifier: Apache-2.0 */
#include <rh-grants.h>
#include <royal-json.h>

/* What two grants both allow: never more than either. */

static JsonNode *
parse (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (quoted, -1, "test", &error);

  g_assert_no_error (error);
  return node;
}

static void
test_both (void)
{
  static const char *const table[][3] = {
    { "{}", "{'reads':['a']}", "{}" },
    { "{'reads':['b','a']}", "{'reads':['a','b','c']}", "{'reads':['a','b']}" },
    { "{'writes':[{'action':'x'}]}", "{'writes':[{'action':'y'}]}", "{}" },
    { "{'writes':[{'action':'x','limits':{'n':{'max':5}}}]}",
      "{'writes':[{'action':'x','limits':{'n':{'max':3,'min':1}}}]}",
      "{'writes':[{'action':'x','limits':{'n':{'max':3,'min':1}}}]}" },
    { "{'writes':[{'action':'x','limits':{'n':{'min':5}}}]}", "{'writes':[{'action':'x','limits':{'m':{'max':3}}}]}",
      "{'writes':[{'action':'x','limits':{'m':{'max':3},'n':{'min':5}}}]}" },
    { "{'writes':[{'action':'x','once':true}]}", "{'writes':[{'action':'x'}]}",
      "{'writes':[{'action':'x','once':true}]}" },
    { "{'writes':[{'action':'x','limits':{'n':{'max':-2}}}]}",
      "{'writes':[{'action':'x','limits':{'n':{'max':-1,'min':-9}}}]}",
      "{'writes':[{'action':'x','limits':{'n':{'max':-2,'min':-9}}}]}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) a = parse (table[i][0]);
      g_autoptr (JsonNode) b = parse (table[i][1]);
      g_autoptr (JsonNode) wanted = parse (table[i][2]);
      g_autoptr (JsonObject) ab = rh_grants_both (json_node_get_object (a), json_node_get_object (b));
      g_autoptr (JsonObject) ba = rh_grants_both (json_node_get_object (b), json_node_get_object (a));
      g_autoptr (JsonObject) twice = rh_grants_both (ab, json_node_get_object (a));

      g_assert_true (rh_grants_equal (ab, json_node_get_object (wanted)));
      g_assert_true (rh_grants_equal (ba, ab));
      g_assert_true (rh_grants_equal (twice, ab));
    }
}

/* What differs only in its form is the same; what differs otherwise is not. */
static void
test_equal (void)
{
  g_autoptr (JsonNode) a = parse ("{'reads':['b','a'],'writes':[{'action':'x','limits':{'n':{'max':5}}}]}");
  g_autoptr (JsonNode) same =
      parse ("{'writes':[{'limits':{'n':{'max':5.0}},'action':'x','once':false}],'reads':['a','b']}");
  g_autoptr (JsonNode) other = parse ("{'reads':['b','a'],'writes':[{'action':'x','limits':{'n':{'max':6}}}]}");

  g_assert_true (rh_grants_equal (json_node_get_object (a), json_node_get_object (same)));
  g_assert_false (rh_grants_equal (json_node_get_object (a), json_node_get_object (other)));
  g_assert_false (rh_grants_equal (json_node_get_object (a), NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/grants/both", test_both);
  g_test_add_func ("/grants/equal", test_equal);
  return g_test_run ();
}
