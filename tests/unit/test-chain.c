/* SPDX-License-Identifier: Apache-2.0 */
#include <rh-chain.h>
#include <string.h>

#define N 4

typedef struct {
  char *record;
  char *hash;
} Record;

static void
make_chain (Record *records)
{
  g_autofree char *before = g_strnfill (64, '0');

  for (guint i = 0; i < N; i++)
    {
      records[i].record = g_strdup_printf ("{\"n\":%u,\"prev\":\"%s\"}", i, before);
      records[i].hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, records[i].record, -1);
      g_free (before);
      before = g_strdup (records[i].hash);
    }
}

static void
clear_chain (Record *records)
{
  for (guint i = 0; i < N; i++)
    {
      g_free (records[i].record);
      g_free (records[i].hash);
    }
}

static gboolean
add_all (RhChain *chain, Record *records)
{
  gboolean holds = TRUE;

  rh_chain_begin (chain);
  for (guint i = 0; i < N; i++)
    holds = rh_chain_add (chain, i + 1, records[i].record, records[i].hash) && holds;
  return holds;
}

static void
test_holds (void)
{
  Record records[N];
  RhChain chain;

  make_chain (records);
  g_assert_true (add_all (&chain, records));
  g_assert_true (rh_chain_end (&chain, N, records[N - 1].hash));
  g_assert_cmpint (chain.broken, ==, 0);
  clear_chain (records);
}

static void
test_changed (void)
{
  Record records[N];
  RhChain chain;

  make_chain (records);
  records[1].record[5] = '7';
  g_assert_false (add_all (&chain, records));
  g_assert_cmpint (chain.broken, ==, 2);

  /* Rewritten with its own hash, it no longer leads to the next. */
  g_free (records[1].hash);
  records[1].hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, records[1].record, -1);
  g_assert_false (add_all (&chain, records));
  g_assert_cmpint (chain.broken, ==, 3);
  clear_chain (records);
}

static void
test_missing (void)
{
  Record records[N];
  RhChain chain;

  make_chain (records);
  rh_chain_begin (&chain);
  g_assert_true (rh_chain_add (&chain, 1, records[0].record, records[0].hash));
  g_assert_false (rh_chain_add (&chain, 3, records[2].record, records[2].hash));
  g_assert_cmpint (chain.broken, ==, 2);

  rh_chain_begin (&chain);
  g_assert_true (rh_chain_add (&chain, 1, records[0].record, records[0].hash));
  g_assert_false (rh_chain_end (&chain, 2, records[1].hash));
  g_assert_cmpint (chain.broken, ==, 2);

  rh_chain_begin (&chain);
  g_assert_true (rh_chain_add (&chain, 1, records[0].record, records[0].hash));
  g_assert_false (rh_chain_end (&chain, 1, records[1].hash));
  clear_chain (records);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chain/holds", test_holds);
  g_test_add_func ("/chain/changed", test_changed);
  g_test_add_func ("/chain/missing", test_missing);
  return g_test_run ();
}
