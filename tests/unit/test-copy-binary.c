/* SPDX-License-Identifier: Apache-2.0 */
#include <rh-copy-binary.h>
#include <string.h>
#include <unistd.h>

static const struct RhTableColumn columns[] = {
  { "id", ROYAL_COLUMN_INT64 },
  { "price", ROYAL_COLUMN_DOUBLE },
  { "name", ROYAL_COLUMN_STRING },
};
static const RhTableQuery query = { "test.items", "", columns, G_N_ELEMENTS (columns) };

#define HEADER "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
#define ID "\0\0\0\10\0\0\0\0\0\0\0\7"
#define PRICE "\0\0\0\10\100\11\41\373\124\104\55\30" /* pi */
#define NAME "\0\0\0\3abc"
#define NULL_FIELD "\377\377\377\377"
#define ROW "\0\3" ID PRICE NAME
#define NULLS "\0\3" NULL_FIELD NULL_FIELD NULL_FIELD
#define TRAILER "\377\377"
#define BYTES(text) text, sizeof (text) - 1

typedef struct {
  RoyalTableBuilder *builder;
  RhCopyBinary *parser;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  RoyalColumn its[G_N_ELEMENTS (columns)];

  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    its[i] = (RoyalColumn){ columns[i].name, columns[i].type };
  fixture->builder = royal_table_builder_new (its, G_N_ELEMENTS (columns));
  fixture->parser = rh_copy_binary_new (&query, fixture->builder);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  rh_copy_binary_free (fixture->parser);
  royal_table_builder_free (fixture->builder);
}

static void
assert_table (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalTable) table = NULL;
  gsize length;
  int fd;

  g_assert_true (rh_copy_binary_end (fixture->parser, &error));
  fd = royal_table_builder_seal (fixture->builder, &error);
  g_assert_no_error (error);
  table = royal_table_open (fd, &error);
  close (fd);
  g_assert_no_error (error);
  g_assert_cmpuint (royal_table_n_rows (table), ==, 3);
  g_assert_cmpint (royal_table_int64 (table, 0)[2], ==, 7);
  g_assert_cmpfloat (royal_table_double (table, 1)[0], ==, G_PI);
  g_assert_cmpint (strncmp (royal_table_string (table, 2, 2, &length), "abc", 3), ==, 0);
  g_assert_cmpuint (length, ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_true (royal_table_is_null (table, i, 1) && !royal_table_is_null (table, i, 0));
}

static void
test_whole (Fixture *fixture, gconstpointer data)
{
  g_assert_true (rh_copy_binary_feed (fixture->parser, (const guint8 *)BYTES (HEADER ROW NULLS ROW TRAILER), NULL));
  assert_table (fixture);
}

static void
test_byte_by_byte (Fixture *fixture, gconstpointer data)
{
  static const char bytes[] = HEADER ROW NULLS ROW TRAILER;

  for (gsize i = 0; i < sizeof bytes - 1; i++)
    g_assert_true (rh_copy_binary_feed (fixture->parser, (const guint8 *)bytes + i, 1, NULL));
  assert_table (fixture);
}

typedef struct {
  const char *name;
  const char *bytes;
  gsize length;
  const char *message;
} Hostile;

static const Hostile hostile[] = {
  { "magic", BYTES ("PGCOPX\n\377\r\n\0\0\0\0\0\0\0\0\0"), "row 1: the data is not in PostgreSQL's binary format" },
  { "flags", BYTES ("PGCOPY\n\377\r\n\0\0\1\0\0\0\0\0\0"),
    "row 1: the binary format has features that are not known here" },
  { "extension", BYTES ("PGCOPY\n\377\r\n\0\0\0\0\0\377\377\377\377"),
    "row 1: the binary format has features that are not known here" },
  { "few-columns", BYTES (HEADER "\0\2" ID PRICE), "row 1: 2 columns, expected 3" },
  { "negative-columns", BYTES (HEADER "\377\376" ID PRICE), "row 1: 65534 columns, expected 3" },
  { "short-int", BYTES (HEADER ROW "\0\3\0\0\0\4\0\0\0\1"), "row 2: column \"id\" has 4 bytes, expected 8" },
  { "negative-length", BYTES (HEADER "\0\3" ID "\377\377\377\376"),
    "row 1: column \"price\" has 4294967294 bytes, expected 8" },
  { "huge-text", BYTES (HEADER "\0\3" ID PRICE "\177\377\377\377"),
    "row 1: column \"name\" has 2147483647 bytes, expected at most 67108864" },
  { "after-the-end", BYTES (HEADER ROW TRAILER ROW), "row 2: data follows its own end" },
  { "cut-row", BYTES (HEADER "\0\3" ID PRICE "\0\0\0\3ab"), "row 1: the data ended too early" },
  { "no-trailer", BYTES (HEADER ROW), "row 2: the data ended too early" },
  { "nothing", BYTES (""), "row 1: the data ended too early" },
};

static void
test_hostile (Fixture *fixture, gconstpointer data)
{
  const Hostile *one = data;
  g_autoptr (GError) error = NULL;
  /* Exactly as long, so that a sanitizer sees a read past the end. */
  g_autofree guint8 *bytes = g_memdup2 (one->bytes, one->length);
  g_autofree char *message = g_strdup_printf ("test.items, %s", one->message);

  g_assert_false (rh_copy_binary_feed (fixture->parser, bytes, one->length, &error) &&
                  rh_copy_binary_end (fixture->parser, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, message);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/copy-binary/whole", Fixture, NULL, set_up, test_whole, tear_down);
  g_test_add ("/copy-binary/byte-by-byte", Fixture, NULL, set_up, test_byte_by_byte, tear_down);
  for (guint i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      g_autofree char *path = g_strconcat ("/copy-binary/hostile/", hostile[i].name, NULL);

      g_test_add (path, Fixture, &hostile[i], set_up, test_hostile, tear_down);
    }
  return g_test_run ();
}
