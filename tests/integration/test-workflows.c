/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"
#include "workflow-fixture.h"

/* The engine over a real database: each kind of step, what fails and is taken back, races. */

#define ECHO "'task':{'agent':'good','task':'echo'"

static void
test_sequence (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;

  workflow_load (f, engine,
                 "{'name':'sequence','steps':["
                 "{'id':'a'," ECHO ",'input':{'n':'$.input.n','text':'$$.x','none':'$.input.none?'}}},"
                 "{'id':'never','when':{'$.steps.a.result.total':{'gt':100}}," ECHO "}},"
                 "{'id':'unknown','when':{'$.steps.a.result.nothing':{'gt':0}}," ECHO "}},"
                 "{'id':'b','when':{'$.steps.a.result.total':{'gte':8}},"
                 "'task':{'agent':'good','task':'echo','priority':'high','input':{'total':'$.steps.a.result.total',"
                 "'second':'$.steps.a.result.list.1','all':'$.steps.a.result','was':'$.steps.never.state'}}}],"
                 "'result':{'total':'$.steps.a.result.total','last':'$.steps.b.result'}}");
  run = workflow_run (f, engine, "sequence", "{'n':3.5}");
  workflow_wait_step (run, "a", "s.state", "running");
  workflow_expect_step (run, "a", "(select input from jobs j where j.uid = s.job)",
                        "{\"n\": 3.5, \"none\": null, \"text\": \"$.x\"}");
  workflow_expect_step (run, "a", "(select context->>'step' = s.id::text from jobs j where j.uid = s.job)", "true");
  workflow_end_job (run, "a", "completed", "{'total':8,'list':['x','y']}");
  workflow_wait_step (run, "b", "s.state", "running");
  workflow_expect_step (run, "b", "(select input from jobs j where j.uid = s.job)",
                        "{\"all\": {\"list\": [\"x\", \"y\"], \"total\": 8}, \"was\": \"skipped\", \"total\": 8, "
                        "\"second\": \"y\"}");
  workflow_expect (run, "r.state", "running");
  workflow_end_job (run, "b", "completed", "true");
  workflow_wait (run, "r.state", "completed");
  workflow_expect (run, "r.result", "{\"last\": true, \"total\": 8}");
  workflow_expect_story (run, "a completed, never skipped, unknown skipped, b completed");
  workflow_engine_stop (engine);
}

static void
test_parallel (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;
  g_autofree char *failing = NULL;

  workflow_load (f, engine,
                 "{'name':'parallel','steps':[{'id':'both','parallel':{"
                 "'left':[{'id':'l1'," ECHO "}},{'id':'l2'," ECHO "}}],'right':[{'id':'r1'," ECHO "}}]}},"
                 "{'id':'after'," ECHO ",'input':{'l':'$.steps.both.result.left','r':'$.steps.r1.result'}}}]}");
  run = workflow_run (f, engine, "parallel", "{}");
  workflow_wait_step (run, "r1", "s.job is not null", "true");
  workflow_expect_story (run, "both running, l1 running, r1 running");
  workflow_end_job (run, "r1", "completed", "1");
  workflow_end_job (run, "l1", "completed", "2");
  workflow_end_job (run, "l2", "completed", "3");
  workflow_wait_step (run, "after", "(select input from jobs j where j.uid = s.job)", "{\"l\": 3, \"r\": 1}");
  workflow_end_job (run, "after", "completed", "4");
  workflow_wait (run, "r.result", "4");

  failing = workflow_run (f, engine, "parallel", "{}");
  workflow_end_job (failing, "l1", "dead", "{'code':'failed','message':'no luck'}");
  workflow_wait (failing, "r.state", "failed");
  workflow_expect (failing, "r.error", "{\"code\": \"failed\", \"step\": \"l1\", \"message\": \"no luck\"}");
  workflow_expect_story (failing, "both failed, l1 failed, r1 cancelled");
  workflow_expect_step (failing, "r1", "(select state from jobs j where j.uid = s.job)", "cancelled");
  workflow_engine_stop (engine);
}

static void
test_map (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;
  g_autofree char *empty = NULL;
  g_autofree char *many = NULL;

  workflow_load (f, engine,
                 "{'name':'map','steps':[{'id':'each','map':{'over':'$.input.list','at_once':2,'max_items':3,'steps':["
                 "{'id':'first'," ECHO ",'input':{'item':'$.item.name','index':'$.index'}}},"
                 "{'id':'second'," ECHO ",'input':{'of':'$.steps.first.result'}}}]}}]}");
  run = workflow_run (f, engine, "map", "{'list':[{'name':'a'},{'name':'b'},{'name':'c'}]}");
  workflow_wait_step (run, "each[1].first", "(select input from jobs j where j.uid = s.job)",
                      "{\"item\": \"b\", \"index\": 1}");
  workflow_expect_story (run, "each running, each[0].first running, each[1].first running");
  workflow_end_job (run, "each[1].first", "completed", "10");
  workflow_wait_step (run, "each[1].second", "(select input from jobs j where j.uid = s.job)", "{\"of\": 10}");
  workflow_end_job (run, "each[1].second", "completed", "11");
  workflow_end_job (run, "each[2].first", "completed", "20");
  workflow_end_job (run, "each[2].second", "completed", "21");
  workflow_end_job (run, "each[0].first", "completed", "0");
  workflow_end_job (run, "each[0].second", "completed", "1");
  workflow_wait (run, "r.result", "[1, 11, 21]");

  empty = workflow_run (f, engine, "map", "{'list':[]}");
  workflow_wait (empty, "r.result", "[]");
  many = workflow_run (f, engine, "map", "{'list':[1,2,3,4]}");
  workflow_wait (many, "r.error->>'message'", "over: expected at most 3 items, found 4");
  workflow_engine_stop (engine);
}

static void
test_branch (HostFixture *f, gconstpointer data)
{
  static const struct {
    const char *input;
    const char *result;
    const char *story;
  } runs[] = {
    { "{'n':1}", "\"small\"", "choose completed, low completed, way completed, little completed" },
    { "{'n':50}", "\"middle\"", "choose completed, low skipped, way completed, mid completed" },
    { "{}", "\"none\"", "choose completed, low skipped, way completed, rest completed" },
  };
  RhWorkflows *engine = workflow_engine (f);

  workflow_load (
      f, engine,
      "{'name':'branch','steps':["
      "{'id':'choose','decide':{'cases':[{'when':{'$.input.n':{'lt':10}},'choice':'low'}],'otherwise':'other'}},"
      "{'id':'low','when':{'$.steps.choose.result.choice':{'eq':'low'}},'wait':{'for_s':0}},"
      "{'id':'way','branch':{'cases':[{'when':{'$.input.n':{'lt':10}},'steps':[{'id':'little','wait':{'for_s':0}}]},"
      "{'when':{'$.input.n':{'between':[10,100]}},'steps':[{'id':'mid','wait':{'for_s':0}}]}],"
      "'otherwise':[{'id':'rest','wait':{'for_s':0}}]}},"
      "{'id':'s','when':{'$.steps.little.state':{'exists':true}},'end':{'state':'completed','result':'small'}},"
      "{'id':'m','when':{'$.steps.mid.state':{'exists':true}},'end':{'state':'completed','result':'middle'}},"
      "{'id':'n','end':{'state':'completed','result':'none'}}]}");
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      g_autofree char *run = workflow_run (f, engine, "branch", runs[i].input);
      g_autofree char *story = NULL;

      workflow_wait (run, "r.result", runs[i].result);
      story = workflow_story (run);
      g_assert_true (g_str_has_prefix (story, runs[i].story));
    }
  workflow_engine_stop (engine);
}

static void
test_call (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;
  g_autofree char *failing = NULL;
  g_autofree char *child = NULL;

  workflow_load (f, engine,
                 "{'name':'inner','input':{'type':'object','required':['n']},'steps':[{'id':'work'," ECHO
                 ",'input':{'n':'$.input.n'}}}],'result':{'made':'$.steps.work.result'}}");
  workflow_load (f, engine,
                 "{'name':'outer','steps':[{'id':'sub','call':{'workflow':'inner','input':{'n':'$.input.n'}}},"
                 "{'id':'then','end':{'state':'completed','result':'$.steps.sub.result.made'}}]}");
  run = workflow_run (f, engine, "outer", "{'n':7}");
  workflow_wait_step (run, "sub", "s.child is not null", "true");
  child = host_fixture_value ("select uid from workflow_runs order by id desc limit 1");
  workflow_end_job (child, "work", "completed", "49");
  workflow_wait (run, "r.result", "49");
  workflow_expect (child, "r.depth", "1");

  failing = workflow_run (f, engine, "outer", "{'n':7}");
  workflow_wait_step (failing, "sub", "s.child is not null", "true");
  g_free (child);
  child = host_fixture_value ("select uid from workflow_runs order by id desc limit 1");
  workflow_end_job (child, "work", "dead", "{'code':'failed','message':'inside'}");
  workflow_wait (failing, "r.error", "{\"code\": \"failed\", \"step\": \"work\", \"message\": \"inside\"}");
  workflow_engine_stop (engine);
}

static void
test_wait (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *timed = NULL;
  g_autofree char *told = NULL;
  g_autofree char *late = NULL;
  g_autofree char *sql = NULL;

  workflow_load (f, engine,
                 "{'name':'timed','steps':[{'id':'nap','wait':{'for_s':1}},"
                 "{'id':'past','wait':{'until':'2020-01-01T00:00:00Z'}}]}");
  workflow_load (f, engine,
                 "{'name':'told','steps':[{'id':'news','timeout_s':60,'wait':{'event':{'kind':'test.news',"
                 "'subject':'$.input.of','where':{'$.event.data.size':{'gt':5}}}}}]}");
  workflow_load (f, engine,
                 "{'name':'late','steps':[{'id':'news','timeout_s':1,'wait':{'event':{'kind':'test.none'}}}]}");
  timed = workflow_run (f, engine, "timed", "{}");
  late = workflow_run (f, engine, "late", "{}");
  workflow_wait (timed, "r.state", "waiting");
  told = workflow_run (f, engine, "told", "{'of':'x'}");
  workflow_wait (told, "r.state", "waiting");
  workflow_expect_step (told, "news", "s.waits_for->'event'->>'subject'", "x");
  sql = g_strdup_printf ("insert into told_events (workspace_id, id, at, kind, subject, data)"
                         " select %" G_GINT64_FORMAT
                         ", (select last_event from journal) + n, now (), k, s, jsonb_build_object ('size', z)"
                         " from (values (1, 'test.other', 'x', 9), (2, 'test.news', 'y', 9), (3, 'test.news', 'x', 1), "
                         "(4, 'test.news', 'x', 6))"
                         " as v (n, k, s, z); update journal set last_event = last_event + 4; notify royal_events",
                         f->workspace);
  host_fixture_sql (sql);
  workflow_wait (told, "r.state", "completed");
  workflow_expect (told, "r.result->'data'->>'size'", "6");
  workflow_wait (timed, "r.state", "completed");
  workflow_wait (late, "r.error->>'code'", "timeout");
  workflow_expect (told, "(select count (*) from workflow_waits)", "0");
  workflow_engine_stop (engine);
}

static void
test_decide (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;
  g_autofree char *late = NULL;
  g_autofree char *sql = NULL;

  workflow_load (f, engine,
                 "{'name':'decide','steps':[{'id':'ask','timeout_s':60,'decide':{'ask':{'question':'Go on?',"
                 "'options':['yes','no']},'otherwise':'no'}}]}");
  workflow_load (f, engine,
                 "{'name':'hurry','steps':[{'id':'ask','timeout_s':1,'decide':{'ask':{'question':'Go on?',"
                 "'options':['yes','no']},'otherwise':'no'}}]}");
  run = workflow_run (f, engine, "decide", "{}");
  late = workflow_run (f, engine, "hurry", "{}");
  workflow_wait (run, "r.state", "waiting");
  workflow_expect_step (run, "ask", "s.waits_for->>'question'", "Go on?");
  sql = g_strdup_printf ("select set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false);"
                         "select workflow_choose ('%s', 'ask', 'yes', null, 'ann', 'approver')",
                         f->workspace, run);
  host_fixture_sql (sql);
  workflow_wait (run, "r.result", "{\"by\": \"ann\", \"note\": null, \"choice\": \"yes\"}");
  workflow_wait (late, "r.result", "{\"by\": \"deadline\", \"choice\": \"no\"}");
  workflow_engine_stop (engine);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (HostFixture *f, gconstpointer data);
  } tests[] = {
    { "/workflows/sequence", test_sequence }, { "/workflows/parallel", test_parallel },
    { "/workflows/map", test_map },           { "/workflows/branch", test_branch },
    { "/workflows/call", test_call },         { "/workflows/wait", test_wait },
    { "/workflows/decide", test_decide },
  };

  royal_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, HostFixture, NULL, host_fixture_set_up, tests[i].test, host_fixture_tear_down);
  return royal_test_run ();
}
