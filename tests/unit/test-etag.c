/* SPDX-License-Identifier: Apache-2.0 */
#include <rh-etag.h>
#include <string.h>

static void
test_of (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);
  g_autofree char *etag = rh_etag_of (bytes);

  g_assert_cmpstr (etag, ==, "\"ba7816bf8f01cfea414140de5dae2223\"");
}

static void
test_parse (void)
{
  static const struct {
    const char *text;
    const char *tags; /* with a space between; NULL: it cannot be read */
  } cases[] = {
    { "*", "*" },
    { " *\t", "*" },
    { "\"a\"", "\"a\"" },
    { "\"\"", "\"\"" },
    { "W/\"a\"", "W/\"a\"" },
    { "\"a\",\"b\"", "\"a\" \"b\"" },
    { "\"a\" ,\t W/\"b\"", "\"a\" W/\"b\"" },
    { ",, \"a\", ,", "\"a\"" },
    { "\"a,b\"", "\"a,b\"" },
    { "\"*\"", "\"*\"" },
    { "\"\\\"", "\"\\\"" },
    { "\"\xc3\xa9\xff\"", "\"\xc3\xa9\xff\"" },
    { "", NULL },
    { " , ", NULL },
    { "a", NULL },
    { "\"a", NULL },
    { "a\"", NULL },
    { "\"a\" \"b\"", NULL },
    { "\"a\"\"b\"", NULL },
    { "\"a\";", NULL },
    { "\"a b\"", NULL },
    { "\"a\x7f\"", NULL },
    { "w/\"a\"", NULL },
    { "W/", NULL },
    { "W/*", NULL },
    { "*, \"a\"", NULL },
    { "\"a\", *", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) tags = rh_etag_parse (cases[i].text);
      g_autofree char *found = tags != NULL ? g_strjoinv (" ", tags) : NULL;

      g_assert_cmpstr (found, ==, cases[i].tags);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/etag/of", test_of);
  g_test_add_func ("/etag/parse", test_parse);
  return g_test_run ();
}
