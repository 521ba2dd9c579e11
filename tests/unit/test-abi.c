/* SPDX-License-Identifier: Apache-2.0 */
/* Built with headers in which RoyalAgentTable and RoyalTask have a member more, as a later Royal may have them, and
 * with the worker's own loader: it loads a plugin that was built against the first headers. */
#include "royal-module.h"

G_STATIC_ASSERT (sizeof (RoyalAgentTable) == 40 + sizeof (gpointer) - sizeof (guint64));
G_STATIC_ASSERT (sizeof (RoyalTask) == 2 * sizeof (gpointer) + sizeof (gpointer));

static void
test_grown (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalModule) module = royal_module_load (ABI_PLUGIN, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (royal_module_abi (module), ==, 1);
  g_assert_cmpuint (royal_module_n_tasks (module), ==, 2);
  g_assert_cmpstr (royal_module_task (module, 0)->name, ==, "tour");
  g_assert_cmpstr (royal_module_task (module, 1)->name, ==, "refuse");
  for (guint i = 0; i < 2; i++)
    {
      g_assert_nonnull (royal_module_task (module, i)->func);
      g_assert_null (royal_module_task (module, i)->grown);
    }
}

/* The other way round: a plugin of a later Royal, whose table and tasks are longer than ours. */
static void
test_longer (void)
{
  struct {
    RoyalTask task;
    gpointer later;
  } tasks[2] = { 0 };
  struct {
    RoyalAgentTable table;
    guint64 later[4];
  } longer = { 0 };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      tasks[i].task.name = i == 0 ? "a" : "b";
      tasks[i].task.func = (RoyalTaskFunc)(void *)test_longer;
      tasks[i].later = &tasks;
    }
  longer.table = (RoyalAgentTable){
    .magic = ROYAL_AGENT_MAGIC,
    .abi = ROYAL_ABI,
    .size = sizeof longer,
    .task_size = sizeof tasks[0],
    .tasks = &tasks[0].task,
    .n_tasks = 2,
  };
  g_autoptr (RoyalModule) module = royal_module_new (&longer.table, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (royal_module_n_tasks (module), ==, 2);
  g_assert_cmpstr (royal_module_task (module, 1)->name, ==, "b");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/abi/grown", test_grown);
  g_test_add_func ("/abi/longer", test_longer);
  return g_test_run ();
}
