/* SPDX-License-Identifier: Apache-2.0 */
#include "connector-conformance.h"
#include "retail-fixture.h"

#include <rh-sync.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ONE A "aaaaaaaaaaaaaaaaaaaaaaaa"
#define TWO B "bbbbbbbbbbbbbbbbbbbbbbbb"
#define RUN(after) "'task':'export','figures':{'products':3},'proposals':[],'unread':[],'more':0,'after':" #after
#define TITLE(digest)                                                                                                  \
  "{'handle':'lamp','field':'title','digest':'" digest "','base':null,'shop':'\\\"a\\\"','repository':'\\\"b\\\"'}"

static void
use_sync (void)
{
  g_clear_object (&retail_connector);
  retail_connector = RH_CONNECTOR (rh_sync_new (retail_store));
}

/* Of a text with ' for ". */
static JsonNode *
json (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');

  return retail_json (quoted);
}

static RhAssessment *
look (const char *parameters, GError **error)
{
  g_autoptr (JsonNode) node = json (parameters);
  const RhEffect effect = { .workspace = retail_workspace,
                            .action = "sync.record",
                            .target = "shop/main",
                            .key = "k",
                            .parameters = retail_object (node) };

  return retail_assess (&effect, error);
}

static void
record (const char *key, const char *parameters)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) found = look (parameters, &error);
  g_autoptr (JsonNode) node = json (parameters);
  g_autoptr (JsonNode) receipt = NULL;
  RhEffect effect = { .workspace = retail_workspace,
                      .action = "sync.record",
                      .target = "shop/main",
                      .key = key,
                      .parameters = retail_object (node) };

  g_assert_no_error (error);
  effect.before = found->before;
  receipt = retail_act (&effect, FALSE, &error);
  g_assert_no_error (error);
}

static char *
in_workspace (const char *sql)
{
  g_autofree char *whole = g_strdup_printf ("select set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false); %s",
                                            retail_workspace, sql);

  return retail_value (whole);
}

static void
assert_is (const char *sql, const char *wanted)
{
  g_autofree char *found = in_workspace (sql);

  g_assert_cmpstr (found, ==, wanted);
}

/* What is held is at what it was the same at last. */
static void
test_revisions (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) late = NULL;

  use_sync ();
  record ("r0", "{" RUN (0) ",'conflicts':[]}");
  assert_is ("select coalesce (sync_state ('shop/main', 0)->>'commit', 'none')", "none");
  record ("r1", "{" RUN (0) ",'commit':'" A "','held':['new'],'conflicts':[]}");
  record ("r2", "{" RUN (1) ",'commit':'" B "','held':['lamp','new'],'conflicts':[]}");
  assert_is ("select sync_state ('shop/main', 1) - 'answers'",
             "{\"at\": \"" A "\", \"held\": {\"new\": null, \"lamp\": \"" A "\"}, \"commit\": \"" B
             "\", \"revision\": 2}");
  assert_is ("select count (*) from sync_run_list (null, null, 9)", "3");
  late = look ("{" RUN (1) ",'conflicts':[]}", &error);
  g_assert_null (late);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_assert_cmpstr (error->message, ==, "the last revision of shop/main is 2, expected 1");
  /* Another workspace has none of it. */
  retail_new_workspace ();
  assert_is ("select sync_state ('shop/main', 1)->>'revision'", "0");
}

/* An answer is for the values that were seen, and stays until they change or the conflict is gone. */
static void
test_conflicts (void)
{
  use_sync ();
  record ("c1", "{" RUN (0) ",'conflicts':[" TITLE (ONE) "]}");
  assert_is ("select count (*) from sync_conflict_list ('{open}', null, 9)", "1");
  assert_is ("select sync_conflict_answer (uid::text, digest, 'shop', 'test')->>'state' from sync_conflicts" NEWEST,
             "answered");
  record ("c2", "{" RUN (0) ",'conflicts':[" TITLE (ONE) "]}");
  assert_is ("select sync_state ('shop/main', 0) #>> '{answers,0,take}'", "shop");
  record ("c3", "{" RUN (0) ",'conflicts':[" TITLE (TWO) "]}");
  assert_is ("select sync_state ('shop/main', 0)->>'answers'", "[]");
  assert_is ("select string_agg (state, ' ' order by id) from sync_conflicts" NEWEST, "gone open");
  /* Not all were told: what was not told is not gone. */
  record ("c4",
          "{'task':'export','figures':{'products':3},'proposals':[],'unread':[],'more':1,'after':0,'conflicts':[]}");
  assert_is ("select string_agg (state, ' ' order by id) from sync_conflicts" NEWEST, "gone open");
  record ("c5", "{" RUN (0) ",'conflicts':[]}");
  assert_is ("select string_agg (state, ' ' order by id) from sync_conflicts" NEWEST, "gone gone");
}

static void
test_conforms (void)
{
  Conformance conformance = {
    .workspace = retail_workspace,
    .action = "sync.record",
    .target = "shop/main",
    .parameters = { "{" RUN (0) ",'commit':'" A "','held':[],'conflicts':[]}", "{" RUN (1) ",'conflicts':[]}" },
    .invalid = "{" RUN (0) ",'commit':'" A "','conflicts':[]}",
    .prefix = "conforms-",
  };

  use_sync ();
  conformance.connector = retail_connector;
  connector_conformance (&conformance);
}

static const RetailCase cases[] = {
  { "/sync/revisions", test_revisions },
  { "/sync/conflicts", test_conflicts },
  { "/sync/conforms", test_conforms },
};

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  royal_test_migrate ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].path, &cases[i], retail_run);
  return royal_test_run ();
}
