/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-module.h"

#include <string.h>

static JsonNode *
task (RoyalRun *run, JsonObject *input, GError **error)
{
  return NULL;
}

static JsonNode *
other (RoyalRun *run, JsonObject *input, GError **error)
{
  return NULL;
}

/* A task of a later SDK: longer than ours. */
typedef struct {
  RoyalTask task;
  const char *more;
} LongTask;

typedef struct {
  RoyalAgentTable table;
  guint64 more[4];
} LongTable;

static const RoyalTask tasks[] = { { "one", task }, { "two", other } };

static RoyalAgentTable
good_table (void)
{
  return (RoyalAgentTable){ ROYAL_AGENT_MAGIC, ROYAL_ABI, sizeof (RoyalAgentTable), sizeof (RoyalTask), tasks, 2 };
}

static void
test_good (void)
{
  RoyalAgentTable table = good_table ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalModule) module = royal_module_new (&table, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (royal_module_abi (module), ==, ROYAL_ABI);
  g_assert_cmpuint (royal_module_n_tasks (module), ==, 2);
  g_assert_true (royal_module_find (module, "two")->func == other);
  g_assert_null (royal_module_find (module, "three"));
}

static void
test_longer (void)
{
  static const LongTask long_tasks[] = { { { "one", task }, "x" }, { { "two", other }, "y" } };
  LongTable table = { .table = { ROYAL_AGENT_MAGIC, ROYAL_ABI, sizeof (LongTable), sizeof (LongTask),
                                 (const RoyalTask *)long_tasks, 2 } };
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalModule) module = royal_module_new (&table.table, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (royal_module_task (module, 1)->name, ==, "two");
  g_assert_true (royal_module_task (module, 1)->func == other);
}

static void
assert_refused (const RoyalAgentTable *table, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (royal_module_new (table, &error));
  g_assert_true (royal_error_is_invalid (error));
  if (strstr (error->message, message) == NULL)
    g_error ("%s does not say %s", error->message, message);
}

static void
test_refused (void)
{
  static const RoyalTask twice[] = { { "one", task }, { "one", other } };
  static const RoyalTask empty[] = { { "one", NULL } };
  RoyalAgentTable table = good_table ();

  table.magic = 1;
  assert_refused (&table, "not a table of ROYAL_AGENT");
  table = good_table ();
  table.abi = ROYAL_ABI + 1;
  assert_refused (&table, "Royal is too old");
  table.abi = ROYAL_ABI - 1;
  assert_refused (&table, "the plugin is too old");
  table = good_table ();
  table.size = 8;
  assert_refused (&table, "damaged");
  table = good_table ();
  table.task_size = 8;
  assert_refused (&table, "damaged");
  table = good_table ();
  table.n_tasks = 0;
  assert_refused (&table, "1 to 256 tasks");
  table.n_tasks = 257;
  assert_refused (&table, "1 to 256 tasks");
  table = good_table ();
  table.tasks = twice;
  assert_refused (&table, "there twice");
  table.tasks = empty;
  table.n_tasks = 1;
  assert_refused (&table, "no name or no function");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/module/good", test_good);
  g_test_add_func ("/module/longer", test_longer);
  g_test_add_func ("/module/refused", test_refused);
  return g_test_run ();
}
