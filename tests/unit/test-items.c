/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-item.h"
#include "rh-merkle.h"
#include "rh-proposal.h"
#include "rh-record.h"
#include "rh-tolerance.h"
#include "royal-json.h"

#include <math.h>
#include <string.h>

static JsonNode *
json (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (quoted, -1, "test", &error);

  g_assert_no_error (error);
  return node;
}

/* The vectors of the reference implementation of RFC 6962. */
static void
test_vectors (void)
{
  static const struct {
    const char *leaf;
    gsize length;
    const char *root;
  } table[] = {
    { "", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
    { "\0", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
    { "\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
    { "\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
    { "\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
    { "@ABC", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
    { "PQRSTUVW", 8, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
    { "`abcdefghijklmno", 16, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
  };
  RhMerkle leaves[G_N_ELEMENTS (table)];
  RhMerkle none = rh_merkle_root (NULL, 0);
  g_autofree char *empty = rh_merkle_hex (&none);

  g_assert_cmpstr (empty, ==, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      RhMerkle root;
      g_autofree char *hex = NULL;

      leaves[i] = rh_merkle_leaf (table[i].leaf, table[i].length);
      root = rh_merkle_root (leaves, i + 1);
      hex = rh_merkle_hex (&root);
      g_assert_cmpstr (hex, ==, table[i].root);
    }
}

/* Each leaf of each size has a proof; no other leaf, place, size or root has that one. */
static void
test_proofs (void)
{
  RhMerkle leaves[40];

  for (guint i = 0; i < G_N_ELEMENTS (leaves); i++)
    leaves[i] = rh_merkle_leaf ((const char *)&i, sizeof i);
  for (gsize n = 1; n <= G_N_ELEMENTS (leaves); n++)
    {
      RhMerkle root = rh_merkle_root (leaves, n);

      for (gsize i = 0; i < n; i++)
        {
          g_autoptr (GArray) path = rh_merkle_proof (leaves, n, i);
          RhMerkle *hashes = (RhMerkle *)(void *)path->data;

          g_assert_true (rh_merkle_verify (&leaves[i], i, n, hashes, path->len, &root));
          g_assert_false (rh_merkle_verify (&leaves[(i + 1) % 40], i, n, hashes, path->len, &root));
          g_assert_false (rh_merkle_verify (&leaves[i], n, n, hashes, path->len, &root));
          if (n > 1)
            {
              g_assert_false (rh_merkle_verify (&leaves[i], (i + 1) % n, n, hashes, path->len, &root));
              g_assert_false (rh_merkle_verify (&leaves[i], i, n, hashes, path->len - 1, &root));
              hashes[g_random_int_range (0, (gint)path->len)].bytes[7] ^= 1;
              g_assert_false (rh_merkle_verify (&leaves[i], i, n, hashes, path->len, &root));
            }
        }
    }
}

static const char row[] =
    "{'action':'a.b','target':'t','parameters':{'value':1},'before':{'value':0},'facts':{'to':1,'inverse':false},"
    "'policy_version':'p','expires_at':'2026-01-01T00:00:00.000000Z','kind':'apply','undoes':null,'agent':'setter',"
    "'agent_version':'1.0.0','agent_sha256':'00','n_items':2,'root':'r','revert_after_s':60,'decision':'approve'}";

static char *
digest_with (const char *member, const char *value)
{
  g_autoptr (JsonNode) node = json (row);
  g_autoptr (JsonNode) wrapped = NULL;

  if (member != NULL)
    {
      g_autofree char *text = g_strdup_printf ("[%s]", value);

      wrapped = json (text);
      json_object_set_member (json_node_get_object (node), member,
                              json_array_dup_element (json_node_get_array (wrapped), 0));
    }
  return rh_proposal_digest (json_node_get_object (node));
}

/* Whatever an approval must bind to changes the digest; what it need not, does not. */
static void
test_digest (void)
{
  static const char *const covered[][2] = {
    { "action", "'a.c'" },
    { "target", "'u'" },
    { "parameters", "{'value':2}" },
    { "parameters", "{'value':1,'more':null}" },
    { "before", "{'value':1}" },
    { "before", "null" },
    { "facts", "{'to':1,'inverse':true}" },
    { "policy_version", "'q'" },
    { "expires_at", "'2026-01-01T00:00:00.000001Z'" },
    { "kind", "'undo'" },
    { "undoes", "'x'" },
    { "agent", "'other'" },
    { "agent_version", "'1.0.1'" },
    { "agent_sha256", "'01'" },
    { "n_items", "3" },
    { "root", "'s'" },
    { "revert_after_s", "61" },
  };
  g_autofree char *first = digest_with (NULL, NULL);
  g_autofree char *same = digest_with ("decision", "'auto'");
  /* When it was executed the time follows from what was approved. */
  g_autofree char *executed = digest_with ("reverts_at", "'2026-01-01T00:00:00.000000Z'");
  g_autofree char *number = digest_with ("parameters", "{'value':1.0}");

  g_assert_cmpuint (strlen (first), ==, 64);
  g_assert_cmpstr (first, ==, same);
  g_assert_cmpstr (first, ==, executed);
  g_assert_cmpstr (first, ==, number);
  for (guint i = 0; i < G_N_ELEMENTS (covered); i++)
    {
      g_autofree char *other = digest_with (covered[i][0], covered[i][1]);

      if (g_str_equal (first, other))
        g_error ("the digest does not cover %s", covered[i][0]);
    }
}

static RhItem *
item (guint number, const char *facts)
{
  g_autoptr (JsonObject) parameters = json_object_new ();
  RhItem *self = rh_item_new (number, "t", parameters);

  self->assessment = g_new0 (RhAssessment, 1);
  self->assessment->before = json_node_new (JSON_NODE_NULL);
  self->assessment->facts = json (facts);
  self->assessment->preview = json ("{'summary':'s','changes':[]}");
  return self;
}

/* An assessed and decided proposal, which holds what is hard to write. */
static RhProposal *
decided (void)
{
  static const char said[] =
      "{'action':'a.b','target':'Größe \\\\ 42','parameters':{'b':15.0,'a':[1,null]},'title':'T',"
      "'claims':{'gain':0.1}}";
  static const char *const rules[] = { "first", "second", NULL };
  g_autoptr (JsonNode) node = json (said);
  g_autoptr (JsonNode) context = json ("{'trace':'00-1'}");
  const RhSubmission submission = { .workspace = 7,
                                    .agent = "setter",
                                    .agent_version = "1.0.0",
                                    .agent_sha256 = "00",
                                    .run = "r",
                                    .context = json_node_get_object (context),
                                    .proposal = json_node_get_object (node) };
  g_autoptr (GError) error = NULL;
  RhProposal *self = rh_proposal_new (&submission, &error);

  g_assert_no_error (error);
  self->policy_version = g_strdup ("p");
  self->assessment = g_new0 (RhAssessment, 1);
  self->assessment->before = json ("{'b':2.0,'a':'\u2028'}");
  self->assessment->facts = json ("{'to':1e21,'inverse':false}");
  self->verdict = g_new0 (RhVerdict, 1);
  self->verdict->rules = g_strdupv ((char **)rules);
  self->verdict->reason = g_strdup ("\"because\"");
  self->verdict->deadline_s = 60;
  return self;
}

/* What of @object the audit tells, by a way of its own. */
static char *
told_of (JsonObject *object)
{
  static const char *const members[] = { "action", "agent",      "agent_sha256",   "agent_version", "before",
                                         "claims", "decision",   "digest",         "expires_at",    "facts",
                                         "kind",   "parameters", "policy_version", "reason",        "risk",
                                         "rules",  "run" };
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *told = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    json_object_set_member (told, members[i],
                            json_object_has_member (object, members[i]) ? json_object_dup_member (object, members[i])
                                                                        : json_node_new (JSON_NODE_NULL));
  json_node_take_object (node, told);
  return royal_json_canonical (node);
}

/* The row, its digest and what is told of it say the same. */
static void
assert_record (const RhRecord *record)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) parsed = royal_json_parse (record->row, -1, "row", &error);
  g_autofree char *digest = NULL;
  g_autofree char *told = NULL;
  g_autofree char *ended = g_strconcat (record->told, "}", NULL);

  g_assert_no_error (error);
  digest = rh_proposal_digest (json_node_get_object (parsed));
  g_assert_cmpstr (royal_json_string (json_node_get_object (parsed), "digest", NULL), ==, digest);
  told = told_of (json_node_get_object (parsed));
  g_assert_cmpstr (ended, ==, told);
}

static void
test_record (void)
{
  const gint64 now_us = G_GINT64_CONSTANT (1767225600000000);
  g_autoptr (RhProposal) proposal = decided ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRecord) record = rh_record_new (proposal, now_us, &error);
  g_autoptr (RhRecord) ending = NULL;
  g_autoptr (RhRecord) batch = NULL;

  g_assert_no_error (error);
  assert_record (record);
  g_assert_nonnull (strstr (record->row, "\"parameters\":{\"b\":15.0,\"a\":[1,null]}"));
  g_assert_nonnull (strstr (record->row, "\"expires_at\":\"2026-01-01T00:01:00.000000Z\""));
  g_assert_nonnull (strstr (record->row, "\"preview\":null"));
  g_assert_null (strstr (record->row, "\"undoes\""));

  proposal->revert_after_s = 3600;
  ending = rh_record_new (proposal, now_us, &error);
  assert_record (ending);
  proposal->revert_after_s = 0;
  proposal->reverts_at_us = now_us + G_USEC_PER_SEC;
  proposal->batch = TRUE;
  g_ptr_array_set_size (proposal->items, 0);
  g_ptr_array_add (proposal->items, item (1, "{'n':3}"));
  g_ptr_array_add (proposal->items, item (2, "{'n':4.0}"));
  batch = rh_record_new (proposal, now_us, &error);
  assert_record (batch);
  g_assert_nonnull (strstr (batch->row, "\"n_items\":2"));
}

/* What a connector says of the world is not written as it comes. */
static void
test_record_refuses (void)
{
  g_autoptr (RhProposal) proposal = decided ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRecord) record = NULL;

  json_object_set_double_member (json_node_get_object (proposal->assessment->facts), "to", NAN);
  record = rh_record_new (proposal, 1, &error);
  g_assert_null (record);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
}

static void
test_totals (void)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_item_free);
  g_autoptr (JsonObject) totals = NULL;
  g_autoptr (JsonNode) found = NULL;
  g_autoptr (JsonNode) wanted = json ("{'n_sum':6,'n_min':-1,'n_max':4,'x_sum':4.5,'x_min':1,'x_max':2.0,'items':3}");

  g_ptr_array_add (items, item (1, "{'n':3,'x':1,'some':1,'text':'a','flag':true,'mixed':1}"));
  g_ptr_array_add (items, item (2, "{'n':-1,'x':1.5,'some':1,'text':'b','flag':true,'mixed':'1'}"));
  g_ptr_array_add (items, item (3, "{'n':4,'x':2.0,'text':'c','flag':true,'mixed':1}"));
  totals = rh_items_totals (items);
  found = json_node_init_object (json_node_alloc (), totals);
  {
    g_autofree char *a = royal_json_canonical (found);
    g_autofree char *b = royal_json_canonical (wanted);

    g_assert_cmpstr (a, ==, b);
  }
}

/* What an agent names beside the host's own words cannot pass for them. */
static void
test_targets (void)
{
  static const char *const good[] = { "sku-7", "Über größe 42", "a b" };
  static const char *const bad[] = { "a\nb", "a\tb", "a\x1b[2J", "a\u202eb", "a\u2066b", "\u200b" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (rh_item_check_target (good[i], "/target", NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (rh_item_check_target (bad[i], "/target", &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
    }
}

static void
test_tolerance (void)
{
  static const struct {
    double share;
    const char *was, *is;
    gboolean holds;
  } table[] = {
    { 0, "{'a':1,'b':[1,'x',null]}", "{'b':[1,'x',null],'a':1}", TRUE },
    { 0, "{'a':1}", "{'a':2}", FALSE },
    { 0.1, "{'a':100}", "{'a':110}", TRUE },
    { 0.1, "{'a':100}", "{'a':111}", FALSE },
    { 0.1, "{'a':-100}", "{'a':-90.5}", TRUE },
    { 0.1, "{'a':0}", "{'a':0.001}", FALSE },
    { 0.1, "{'a':[100,{'b':1}]}", "{'a':[101,{'b':1.05}]}", TRUE },
    { 0.1, "{'a':[100]}", "{'a':[100,1]}", FALSE },
    { 0.1, "{'a':100}", "{'a':100,'b':1}", FALSE },
    { 0.1, "{'a':100}", "{'b':100}", FALSE },
    { 0.1, "{'a':'x'}", "{'a':'y'}", FALSE },
    { 0.1, "{'a':'1'}", "{'a':1}", FALSE },
    { 0.1, "{'a':true}", "{'a':false}", FALSE },
    { 0.1, "null", "{}", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) was = json (table[i].was), is = json (table[i].is);

      g_assert_cmpint (rh_tolerance_holds (table[i].share, was, is), ==, table[i].holds);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/items/vectors", test_vectors);
  g_test_add_func ("/items/proofs", test_proofs);
  g_test_add_func ("/items/digest", test_digest);
  g_test_add_func ("/items/record", test_record);
  g_test_add_func ("/items/record/refuses", test_record_refuses);
  g_test_add_func ("/items/totals", test_totals);
  g_test_add_func ("/items/targets", test_targets);
  g_test_add_func ("/items/tolerance", test_tolerance);
  return g_test_run ();
}
