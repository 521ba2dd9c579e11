/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for libFuzzer: feeds a target its corpus, the prefixes of every input, and every input with a byte changed.
 */
#include "fuzz.h"

#include <string.h>

/* Longer inputs are cut and changed at this many places only. */
#define PLACES_MAX 512

/* A copy of exactly this size, so that a sanitizer sees one byte too many. */
static void
feed (const guint8 *data, gsize length)
{
  g_autofree guint8 *copy = g_malloc (MAX (length, 1));

  memcpy (copy, data, length);
  LLVMFuzzerTestOneInput (copy, length);
}

static void
feed_variants (guint8 *data, gsize length)
{
  static const guint8 flips[] = { 0x01, 0x20, 0x80, 0xff };
  gsize step = length / PLACES_MAX + 1;

  feed (data, length);
  for (gsize i = 0; i < length; i += step)
    {
      feed (data, i);
      for (guint f = 0; f < G_N_ELEMENTS (flips); f++)
        {
          data[i] ^= flips[f];
          feed (data, length);
          data[i] ^= flips[f];
        }
    }
}

static void
test_input (gconstpointer path)
{
  g_autofree char *data = NULL;
  gsize length;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &data, &length, &error);
  g_assert_no_error (error);
  feed_variants ((guint8 *)data, length);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = NULL;
  const char *name;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  dir = g_dir_open (argv[1], 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *test = g_strdup_printf ("/fuzz/%s", name);
      g_test_add_data_func_full (test, g_build_filename (argv[1], name, NULL), test_input, g_free);
    }
  return g_test_run ();
}
