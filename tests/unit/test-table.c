/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-memfd.h"
#include "royal-table-builder.h"
#include "royal-table-layout.h"

#include <fcntl.h>
#include <royal/error.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const RoyalColumn columns[] = {
  { "sku", ROYAL_COLUMN_STRING },
  { "week", ROYAL_COLUMN_INT64 },
  { "sales", ROYAL_COLUMN_DOUBLE },
};

static int
build (guint rows)
{
  g_autoptr (RoyalTableBuilder) builder = royal_table_builder_new (columns, G_N_ELEMENTS (columns));
  g_autoptr (GError) error = NULL;
  int fd;

  for (guint i = 0; i < rows; i++)
    {
      g_autofree char *sku = g_strdup_printf ("sku-%u", i);

      if (i % 7 == 3)
        royal_table_builder_null (builder, 0);
      else
        royal_table_builder_string (builder, 0, sku, strlen (sku));
      royal_table_builder_int64 (builder, 1, (gint64)i - 5);
      if (i % 100 == 99)
        royal_table_builder_null (builder, 2);
      else
        royal_table_builder_double (builder, 2, i / 4.0);
    }
  fd = royal_table_builder_seal (builder, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
check_rows (const RoyalTable *table, guint rows)
{
  const gint64 *weeks = royal_table_int64 (table, 1);
  const double *sales = royal_table_double (table, 2);

  for (guint i = 0; i < rows; i++)
    {
      g_autofree char *sku = g_strdup_printf ("sku-%u", i);
      gsize length = 0;
      const char *bytes = royal_table_string (table, 0, i, &length);

      g_assert_cmpint (royal_table_is_null (table, 0, i), ==, i % 7 == 3);
      if (i % 7 == 3)
        g_assert_null (bytes);
      else
        g_assert_cmpmem (bytes, length, sku, strlen (sku));
      g_assert_cmpint (weeks[i], ==, (gint64)i - 5);
      g_assert_false (royal_table_is_null (table, 1, i));
      g_assert_cmpint (royal_table_is_null (table, 2, i), ==, i % 100 == 99);
      g_assert_cmpfloat (sales[i], ==, i % 100 == 99 ? 0.0 : i / 4.0);
    }
}

static void
test_round_trip (void)
{
  static const guint counts[] = { 0, 1, 8, 9, 1000, 100000 };

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      int fd = build (counts[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (RoyalTable) table = royal_table_open (fd, &error);

      g_assert_no_error (error);
      close (fd);
      g_assert_cmpuint (royal_table_n_rows (table), ==, counts[i]);
      g_assert_cmpuint (royal_table_n_columns (table), ==, 3);
      g_assert_cmpstr (royal_table_column_name (table, 0), ==, "sku");
      g_assert_cmpint (royal_table_column_type (table, 2), ==, ROYAL_COLUMN_DOUBLE);
      g_assert_cmpint (royal_table_find (table, "sales"), ==, 2);
      g_assert_cmpint (royal_table_find (table, "nothing"), ==, -1);
      g_assert_null (royal_table_int64 (table, 0));
      g_assert_null (royal_table_double (table, 1));
      check_rows (table, counts[i]);
    }
}

static void
test_builder_is_empty_after (void)
{
  g_autoptr (RoyalTableBuilder) builder = royal_table_builder_new (columns + 1, 1);

  for (guint round = 0; round < 3; round++)
    {
      g_autoptr (RoyalTable) table = NULL;
      int fd;

      for (guint i = 0; i <= round; i++)
        royal_table_builder_int64 (builder, 0, round);
      fd = royal_table_builder_seal (builder, NULL);
      table = royal_table_open (fd, NULL);
      close (fd);
      g_assert_cmpuint (royal_table_n_rows (table), ==, round + 1);
      g_assert_cmpint (royal_table_int64 (table, 0)[round], ==, round);
    }
}

static void
test_uneven (void)
{
  g_autoptr (RoyalTableBuilder) builder = royal_table_builder_new (columns, G_N_ELEMENTS (columns));
  g_autoptr (GError) error = NULL;

  royal_table_builder_int64 (builder, 1, 1);
  g_assert_cmpint (royal_table_builder_seal (builder, &error), ==, -1);
  g_assert_true (royal_error_is_invalid (error));
}

static void
test_sealed (void)
{
  int fd = build (10);

  g_assert_cmpint (ftruncate (fd, 0), ==, -1);
  g_assert_cmpint (pwrite (fd, "x", 1, 0), ==, -1);
  /* cppcheck-suppress leakReturnValNotUsed */
  g_assert_true (mmap (NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  close (fd);
}

/* A sealed memfd of these bytes. */
static int
seal_bytes (const guint8 *bytes, gsize length)
{
  int fd = royal_memfd_new ("test", NULL);

  g_assert_cmpint (write (fd, bytes, length), ==, (gssize)length);
  g_assert_true (royal_memfd_seal (fd, NULL));
  return fd;
}

static guint8 *
copy_table (guint rows, gsize *length)
{
  int fd = build (rows);
  off_t size = lseek (fd, 0, SEEK_END);
  guint8 *bytes = g_malloc ((gsize)size);

  g_assert_cmpint (pread (fd, bytes, (gsize)size, 0), ==, size);
  close (fd);
  *length = (gsize)size;
  return bytes;
}

/* Opens, and when that is granted reads every cell: nothing may crash. */
static gboolean
read_all (const guint8 *bytes, gsize length)
{
  int fd = seal_bytes (bytes, length);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalTable) table = royal_table_open (fd, &error);
  guint sum = 0;

  close (fd);
  if (table == NULL)
    {
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL);
      return FALSE;
    }
  for (guint column = 0; column < royal_table_n_columns (table); column++)
    {
      for (guint64 row = 0; row < royal_table_n_rows (table); row++)
        {
          gsize n = 0;
          const char *text = royal_table_string (table, column, row, &n);
          const gint64 *ints = royal_table_int64 (table, column);
          const double *doubles = royal_table_double (table, column);

          for (gsize i = 0; text != NULL && i < n; i++)
            sum += (guint)text[i];
          sum += ints != NULL ? (guint)ints[row] : doubles != NULL ? doubles[row] > 0 : 0;
          sum += (guint)royal_table_is_null (table, column, row);
        }
    }
  g_assert_cmpuint (sum, !=, 1);
  return TRUE;
}

static void
test_refuses (void)
{
  /* Each a write of eight bytes that must not pass. */
  static const struct {
    gsize offset;
    guint64 value;
  } table[] = {
    { 0, 0x300000000 },         /* magic 0, three columns */
    { 0, 0x00000314c4254 },     /* no columns */
    { 8, 1000000000 },          /* rows */
    { 8, G_MAXUINT64 },         /* rows */
    { 8, G_MAXUINT64 / 8 + 2 }, /* rows, times eight too small */
    { 16, 1 },                  /* size */
    { 24, 1 },                  /* zero */
    { 32, 0x300000000 },        /* type 0 */
    { 32, 0x300000004 },        /* type 4 */
    { 32, 0x000000003 },        /* no name */
    { 32, 0xffffffff00000003 }, /* long name */
    { 40, G_MAXUINT64 },        /* name */
    { 48, G_MAXUINT64 - 63 },   /* values */
    { 48, 4096 + 8 },           /* values, unaligned */
    { 56, G_MAXUINT64 - 63 },   /* nulls */
    { 56, 33 },                 /* nulls, unaligned */
    { 64, G_MAXUINT64 - 63 },   /* bytes */
    { 72, G_MAXUINT64 },        /* their length */
    { 72, 0 },                  /* their length, shorter than the offsets say */
    { 80, 1 },                  /* zero */
    { 88, 1 },                  /* zero */
    { 96 + 32, 4096 },          /* bytes of an int64 column */
  };
  gsize length;
  g_autofree guint8 *bytes = copy_table (20, &length);
  guint64 values;

  g_assert_true (read_all (bytes, length));
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      guint64 kept;

      memcpy (&kept, bytes + table[i].offset, 8);
      memcpy (bytes + table[i].offset, &table[i].value, 8);
      if (read_all (bytes, length))
        g_error ("line %u passes", i);
      memcpy (bytes + table[i].offset, &kept, 8);
    }
  /* String offsets that do not start at zero, and that fall. */
  memcpy (&values, bytes + 48, 8);
  bytes[values] = 1;
  g_assert_false (read_all (bytes, length));
  bytes[values] = 0;
  bytes[values + 8] = 100;
  g_assert_false (read_all (bytes, length));
}

static void
test_random_flips (void)
{
  gsize length;
  g_autofree guint8 *bytes = copy_table (20, &length);

  for (guint i = 0; i < 3000; i++)
    {
      gsize head = g_test_rand_int_range (0, 4) > 0 ? 240 : length;
      gsize at = (gsize)g_test_rand_int_range (0, (gint32)head);
      guint8 kept = bytes[at];

      bytes[at] ^= (guint8)(1 << g_test_rand_int_range (0, 8));
      read_all (bytes, length);
      bytes[at] = kept;
    }
  for (gsize cut = 0; cut < length; cut += 1 + cut / 16)
    {
      if (cut > 0)
        g_assert_false (read_all (bytes, cut));
    }
}

static void
test_unsealed (void)
{
  gsize length;
  g_autofree guint8 *bytes = copy_table (20, &length);
  static const int partial[] = { 0, F_SEAL_SHRINK, F_SEAL_SHRINK | F_SEAL_WRITE,
                                 F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

  for (guint i = 0; i < G_N_ELEMENTS (partial); i++)
    {
      int fd = royal_memfd_new ("test", NULL);
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (write (fd, bytes, length), ==, (gssize)length);
      g_assert_cmpint (fcntl (fd, F_ADD_SEALS, partial[i]), ==, 0);
      g_assert_null (royal_table_open (fd, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL);
      close (fd);
    }
  g_assert_null (royal_table_open (STDIN_FILENO, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/table/round-trip", test_round_trip);
  g_test_add_func ("/table/builder-is-empty-after", test_builder_is_empty_after);
  g_test_add_func ("/table/uneven", test_uneven);
  g_test_add_func ("/table/sealed", test_sealed);
  g_test_add_func ("/table/refuses", test_refuses);
  g_test_add_func ("/table/random-flips", test_random_flips);
  g_test_add_func ("/table/unsealed", test_unsealed);
  return g_test_run ();
}
