/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser accepts, both writers must give back: read again, it is the same document. */
#include "fuzz.h"
#include "royal-json.h"

static JsonNode *
read_back (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (text, -1, "what was written", &error);

  if (node == NULL)
    g_error ("%s: %s", error->message, text);
  return node;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  g_autoptr (JsonNode) node = royal_json_parse ((const char *)data, (gssize)length, "input", NULL);
  g_autoptr (JsonNode) plain = NULL;
  g_autoptr (JsonNode) sorted = NULL;
  g_autofree char *text = NULL;
  g_autofree char *canonical = NULL;
  g_autofree char *plain_canonical = NULL;
  g_autofree char *sorted_canonical = NULL;

  if (node == NULL)
    return 0;
  text = royal_json_to_string (node);
  canonical = royal_json_canonical (node);
  plain = read_back (text);
  sorted = read_back (canonical);
  plain_canonical = royal_json_canonical (plain);
  sorted_canonical = royal_json_canonical (sorted);
  g_assert_cmpstr (plain_canonical, ==, canonical);
  g_assert_cmpstr (sorted_canonical, ==, canonical);
  return 0;
}
