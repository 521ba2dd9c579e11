/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-personal.h"

#include "rh-vault.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

/* ' for ". */
static JsonNode *
json (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (quoted, -1, "test", &error);

  g_assert_no_error (error);
  return node;
}

static RoyalSchema *
schema (const char *text)
{
  g_autoptr (JsonNode) node = json (text);
  g_autoptr (GError) error = NULL;
  RoyalSchema *self = royal_schema_new (node, "schema", &error);

  g_assert_no_error (error);
  return self;
}

/* "class:subject" takes the place of each field. */
static JsonNode *
name_it (JsonNode *value, const char *subject, RoyalClass class, gpointer data)
{
  g_autofree char *text = g_strdup_printf ("<%s %s>", class == ROYAL_CLASS_SECRET ? "s" : "p", subject);

  return json_node_init_string (json_node_alloc (), text);
}

static const struct {
  const char *name;
  const char *schema;
  const char *document;
  const char *wanted;
} cases[] = {
  { "none", "{'properties':{'a':{'type':'string'}}}", "{'a':'value'}", "{'a':'value'}" },
  { "field", "{'properties':{'a':{'x-royal-class':'personal'}}}", "{'a':'value','b':1}",
    "{'a':'<p field:x/a>','b':1}" },
  { "secret", "{'properties':{'a':{'x-royal-class':'secret'}}}", "{'a':true}", "{'a':'<s field:x/a>'}" },
  { "null", "{'properties':{'a':{'x-royal-class':'personal'}}}", "{'a':null}", "{'a':null}" },
  { "whole", "{'properties':{'a':{'x-royal-class':'personal','properties':{'b':{'type':'string'}}}}}",
    "{'a':{'b':'deep'}}", "{'a':'<p field:x/a>'}" },
  { "subject", "{'properties':{'id':{'x-royal-subject':true},'a':{'x-royal-class':'personal'}}}",
    "{'a':'value','id':'c/7'}", "{'a':'<p c/7>','id':'c/7'}" },
  { "subject-personal", "{'properties':{'id':{'x-royal-subject':true,'x-royal-class':'personal'}}}", "{'id':'ann@x'}",
    "{'id':'<p ann@x>'}" },
  { "items", "{'properties':{'a':{'items':{'x-royal-class':'personal'}}}}", "{'a':['first',22222]}",
    "{'a':['<p field:x/a/*>','<p field:x/a/*>']}" },
  { "reference", "{'properties':{'a':{'$ref':'#/$defs/m'}},'$defs':{'m':{'x-royal-class':'personal'}}}", "{'a':'v'}",
    "{'a':'<p field:x/a>'}" },
  { "branches", "{'anyOf':[{'properties':{'a':{'type':'string'}}},{'properties':{'a':{'x-royal-class':'personal'}}}]}",
    "{'a':'v'}", "{'a':'<p field:x/a>'}" },
  { "additional", "{'properties':{'a':true},'additionalProperties':{'x-royal-class':'personal'}}", "{'a':'v','b':'w'}",
    "{'a':'v','b':'<p field:x/b>'}" },
  { "patterns", "{'patternProperties':{'^m':{'x-royal-class':'personal'}}}", "{'mail':'v','tel':'w'}",
    "{'mail':'<p field:x/mail>','tel':'w'}" },
  { "copies", "{'properties':{'a':{'x-royal-class':'personal'}}}",
    "{'a':'value','b':['the value of',{'c':'val'}],'d':'other'}",
    "{'a':'<p field:x/a>','b':['<p field:x/a>',{'c':'val'}],'d':'other'}" },
  { "numbers", "{'properties':{'a':{'x-royal-class':'personal'}}}",
    "{'a':12345,'b':12345,'c':123456,'d':'no 12345','e':[7]}",
    "{'a':'<p field:x/a>','b':'<p field:x/a>','c':123456,'d':'<p field:x/a>','e':[7]}" },
  { "short", "{'properties':{'a':{'x-royal-class':'personal'}}}", "{'a':'abc','b':'abc'}",
    "{'a':'<p field:x/a>','b':'abc'}" },
};

static void
test_replace (gconstpointer data)
{
  const char *name = data;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    if (strcmp (cases[i].name, name) == 0)
      {
        g_autoptr (RoyalSchema) s = schema (cases[i].schema);
        g_autoptr (JsonNode) document = json (cases[i].document);
        g_autoptr (JsonNode) wanted = json (cases[i].wanted);
        g_autoptr (RhPersonal) personal = rh_personal_new ("x");
        g_autofree char *found = NULL, *expected = NULL;

        g_assert_true (rh_personal_add (personal, s, document, NULL));
        rh_personal_replace (personal, name_it, NULL);
        found = royal_json_canonical (document);
        expected = royal_json_canonical (wanted);
        g_assert_cmpstr (found, ==, expected);
        g_assert_cmpint (rh_personal_is_empty (personal), ==, strcmp (name, "none") == 0 || strcmp (name, "null") == 0);
      }
}

static void
test_mask (void)
{
  g_autoptr (RoyalSchema) s =
      schema ("{'properties':{'id':{'x-royal-subject':true},'mail':{'x-royal-class':'personal'},"
              "'longer':{'x-royal-class':'personal'}}}");
  g_autoptr (JsonNode) document = json ("{'id':'c/7','mail':'ann@x','longer':'to ann@x, home'}");
  g_autoptr (JsonNode) text = json ("{'a':['mail to ann@x'],'b':'nobody'}");
  g_autoptr (RhPersonal) personal = rh_personal_new ("x");
  g_autoptr (GError) error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED, "no way to ann@x, home, nor ann@x");
  g_autofree char *found = NULL, *untouched = NULL;

  g_assert_true (rh_personal_know (personal, s, document, NULL));
  g_assert_true (g_hash_table_contains (rh_personal_subjects (personal), "c/7"));
  rh_personal_mask_node (personal, text);
  found = royal_json_canonical (text);
  g_assert_cmpstr (found, ==, "{\"a\":[\"mail to (personal)\"],\"b\":\"nobody\"}");
  rh_personal_mask_error (personal, error);
  g_assert_cmpstr (error->message, ==, "no way (personal), nor (personal)");
  rh_personal_mask_error (NULL, error);
  untouched = rh_personal_mask (personal, "c/7 is told");
  g_assert_cmpstr (untouched, ==, "c/7 is told");
}

static void
test_subject (void)
{
  g_autoptr (RoyalSchema) s = schema ("{'properties':{'id':{'x-royal-subject':true,'x-royal-class':'personal'}}}");
  g_autoptr (RhPersonal) personal = rh_personal_new ("x");
  g_autoptr (JsonNode) taken = json ("{'id':'field:x/a'}");
  g_autoptr (GError) error = NULL;

  g_assert_false (rh_personal_add (personal, s, taken, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
}

static void
test_tokens (void)
{
  static const struct {
    const char *text;
    gboolean is;
  } table[] = {
    { "{'sealed':'0123456789abcdef0123456789abcdef','value':'AA=='}", TRUE },
    { "{'sealed':'0123456789ABCDEF0123456789abcdef','value':'AA=='}", FALSE },
    { "{'sealed':'0123456789abcdef0123456789abcdef'}", FALSE },
    { "{'sealed':'0123456789abcdef0123456789abcdef','value':1}", FALSE },
    { "{'sealed':'0123456789abcdef0123456789abcdef','value':'AA==','more':1}", FALSE },
    { "{'sealed':'0123','value':'AA=='}", FALSE },
    { "[]", FALSE },
  };
  g_autoptr (JsonNode) within = json ("{'a':[{'b':{'sealed':'0123456789abcdef0123456789abcdef','value':'AA=='}}]}");
  g_autofree char *masked = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) node = json (table[i].text);

      g_assert_cmpint (rh_personal_is_token (node), ==, table[i].is);
      g_assert_cmpint (rh_personal_has_token (node), ==, table[i].is);
    }
  g_assert_true (rh_personal_has_token (within));
  rh_vault_mask (within);
  masked = royal_json_canonical (within);
  g_assert_cmpstr (masked, ==, "{\"a\":[{\"b\":\"(personal)\"}]}");
}

static void
test_disarm (void)
{
  static const char *const table[][2] = {
    { "{'a':1}", "{\"a\":1}" },
    { "{'sealed':'0123456789abcdef0123456789abcdef','value':'AA=='}", "\"(personal)\"" },
    { "[{'b':{'sealed':'0123456789abcdef0123456789abcdef','value':'AA=='}}]", "[{\"b\":\"(personal)\"}]" },
    { "null", "null" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) node = rh_vault_disarm (json (table[i][0]));
      g_autofree char *found = royal_json_canonical (node);

      g_assert_cmpstr (found, ==, table[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/personal/replace/", cases[i].name, NULL);

      g_test_add_data_func (path, cases[i].name, test_replace);
    }
  g_test_add_func ("/personal/mask", test_mask);
  g_test_add_func ("/personal/subject", test_subject);
  g_test_add_func ("/personal/tokens", test_tokens);
  g_test_add_func ("/personal/disarm", test_disarm);
  return g_test_run ();
}
