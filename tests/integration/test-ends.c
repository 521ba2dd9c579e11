/* SPDX-License-Identifier: Apache-2.0 */
/* Effects that end by themselves: what is undone when its time has come, and what people say to that. */
#include "gate-people.h"

#include <rh-proposal.h>
#include <royal-json.h>
#include <string.h>

static void
test_revert (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = people_submit (
      host, "{'action':'fake.set','target':'revert','parameters':{'value':300},'revert_after_s':1,'title':'For now'}");
  g_autofree char *kept = people_submit (
      host, "{'action':'fake.set','target':'keep','parameters':{'value':301},'revert_after_s':1,'title':'For now'}");
  RhActor actor = { .workspace = people_ws, .name = "ann", .via = "unix:1", .role = "approver" };
  g_autoptr (JsonObject) executed = NULL;
  g_autofree char *digest = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  assert_approves (host, "ann", "approver", id, "approved");
  assert_approves (host, "ann", "approver", kept, "approved");
  gate_wait (people_ws, id, "executed");
  gate_wait (people_ws, kept, "executed");
  rh_gate_keep_async (host->gate, &actor, kept, "it sells", royal_test_result, &result);
  g_clear_pointer (&executed, json_object_unref);
  executed = people_finish (host, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (executed, "kept_by", ""), ==, "ann");
#define AS_PEOPLE "select set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false); "

  /* The time was set when it was executed, and the digest is what it was. */
  g_assert_nonnull (royal_json_string (executed, "reverts_at", NULL));
  digest = rh_proposal_digest (executed);
  g_assert_cmpstr (digest, ==, royal_json_string (executed, "digest", ""));
  rh_gate_keep_async (host->gate, &actor, kept, NULL, royal_test_result, &result);
  g_assert_null (people_finish (host, &result, &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "nothing is to end it");

  /* Nobody is there when the time comes; another host does it. */
  gate_host_end (host, FALSE);
  royal_test_spin (1100);
  assert_value ("300", "select value from fake.world where target = 'revert'");
  host = people_host ("two");
  gate_wait (people_ws, id, "undone");
  assert_value ("0", "select value from fake.world where target = 'revert'");
  /* That is nothing against the agent. */
  assert_value ("0", "select count (*) from breaker_faults where proposal = '%s'", id);
  assert_value ("notify schedule", "select decision || ' ' || created_by from proposals where kind = 'undo'"
                                   " and target = 'revert'");
  royal_test_spin (300);
  assert_value ("301", "select value from fake.world where target = 'keep'");
  assert_value ("1", "select count(*) from proposals where kind = 'undo' and target in ('revert', 'keep')");
  gate_host_end (host, FALSE);
}

/* One item failed: what was executed of the others ends when it was to end. */
static void
test_revert_batch (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id =
      people_submit (host, "{'action':'fake.set','items':[" ITEM (
                               "w1", 5) ",{'target':'w2','parameters':{'value':7,'mode':'failed','times':1000}}],"
                                        "'revert_after_s':1}");

  gate_wait (people_ws, id, "failed");
  assert_value ("5", "select value from fake.world where target = 'w1'");
  gate_wait (people_ws, id, "undone");
  assert_value ("0", "select value from fake.world where target = 'w1'");
  gate_host_end (host, FALSE);
}

/* The host looks for what is to end as if no time had to pass, @times times. */
static void
look_for_ends (const char *id, int times)
{
  for (int i = 0; i < times; i++)
    gate_sql ("update proposals set again_at = now () where uid = '%s'; select count (*) from proposal_again (20)", id);
}

typedef struct {
  const char *id;
  const char *n;
} Inverses;

static gboolean
are_pending (gpointer data)
{
  const Inverses *self = data;
  g_autofree char *n = gate_sql_value ("select case when bool_or (p.state = 'pending') then count (*) else 0 end"
                                       " from proposals p join proposals o on o.id = p.undoes where o.uid = '%s'",
                                       self->id);

  return strcmp (n, self->n) == 0;
}

/* (transfer full): the @n-th inverse, once it waits for a person. */
static char *
wait_for_inverse (const char *id, const char *n)
{
  Inverses inverses = { id, n };

  royal_test_wait_until (are_pending, &inverses, 10000);
  return gate_sql_value ("select p.uid from proposals p join proposals o on o.id = p.undoes where o.uid = '%s'"
                         " order by p.id desc limit 1",
                         id);
}

/* While the agent's breaker is open a person is asked also about what ends. */
static void
set_breaker (gboolean open)
{
  gate_sql ("insert into breakers (workspace_id, agent) values (%" G_GINT64_FORMAT ", 'setter') on conflict do nothing",
            people_ws);
  gate_sql ("update breakers set opened_at = %s where agent = 'setter'", open ? "now (), reason = 'a test'" : "null");
}

/* An end that a person is asked about waits for the answer, however long that takes; unanswered, it is asked again, and
 * a no is a no. */
static void
test_waits (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = people_submit (
      host, "{'action':'fake.set','target':'waits','parameters':{'value':5},'revert_after_s':1000,'title':'For now'}");
  g_autofree char *first = NULL, *second = NULL;
  g_autoptr (JsonObject) rejected = NULL;
  g_autoptr (GError) error = NULL;

  gate_wait (people_ws, id, "executed");
  set_breaker (TRUE);
  gate_sql ("update proposals set reverts_at = now () where uid = '%s'", id);
  first = wait_for_inverse (id, "1");
  look_for_ends (id, 8);
  assert_value ("1", "select again_tries from proposals where uid = '%s'", id);

  gate_sql ("update proposals set expires_at = now () where uid = '%s'; select proposal_expire ()", first);
  gate_sql ("update proposals set again_at = now () where uid = '%s'", id);
  second = wait_for_inverse (id, "2");
  rejected = gate_reject (host, people_ws, second, "it sells", &error);
  g_assert_no_error (error);
  look_for_ends (id, 2);
  assert_value ("9 2",
                "select max (o.again_tries) || ' ' || count (*) from proposals p join proposals o on o.id = p.undoes"
                " where o.uid = '%s'",
                id);
  set_breaker (FALSE);
  gate_host_end (host, FALSE);
}

/* What a person leaves out of an end stays. */
static void
test_partly (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = people_submit (
      host, "{'action':'fake.set','items':[" ITEM ("y1", 5) "," ITEM ("y2", 6) "],'revert_after_s':1000}");
  g_autofree char *inverse = NULL;
  g_autoptr (JsonObject) approved = NULL;
  g_autoptr (GError) error = NULL;

  gate_wait (people_ws, id, "executed");
  set_breaker (TRUE);
  gate_sql ("update proposals set reverts_at = now () where uid = '%s'", id);
  inverse = wait_for_inverse (id, "1");
  approved = people_approve (host, "ann", "approver", inverse, "[2]", &error);
  g_assert_no_error (error);
  gate_wait (people_ws, inverse, "executed");
  look_for_ends (id, 2);
  assert_value ("9 1",
                "select max (o.again_tries) || ' ' || count (*) from proposals p join proposals o on o.id = p.undoes"
                " where o.uid = '%s'",
                id);
  assert_value ("0 6", "select string_agg (value::text, ' ' order by target) from fake.world where target like 'y_'");
  set_breaker (FALSE);
  gate_host_end (host, FALSE);
}

/* Who proposes something that is to end soon does not shorten what the rule waits for a person: silence approves
 * nothing whose time is over. */
static void
test_silence (void)
{
  GateHost *host = people_host ("one");
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) then = g_date_time_add_hours (now, 1);
  g_autofree char *at = g_date_time_format (then, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char *text = g_strdup_printf (
      "{'action':'fake.set','target':'silence','parameters':{'value':300},'reverts_at':'%s','title':'Quick'}", at);
  g_autofree char *id = people_submit (host, text);

  people_ask (id, "{'at_deadline':'approve'}");
  assert_value ("t", "select expires_at = reverts_at from proposals where uid = '%s'", id);
  gate_sql ("update proposals set expires_at = now (), reverts_at = now () where uid = '%s'", id);
  gate_sql ("select proposal_expire ()");
  gate_wait (people_ws, id, "expired");
  assert_value ("0", "select count (*) from effects e join proposals p on p.id = e.proposal where p.uid = '%s'", id);
  gate_host_end (host, FALSE);
}

/* What was approved and held back until its end had come is not begun any more. */
static void
test_too_late (void)
{
  GateHost *host = people_host ("one");
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) then = g_date_time_add_hours (now, 1);
  g_autofree char *at = g_date_time_format (then, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char *text = g_strdup_printf (
      "{'action':'fake.set','target':'too late','parameters':{'value':5},'reverts_at':'%s','title':'Quick'}", at);
  g_autofree char *id = NULL;

  gate_sql (AS_PEOPLE "select control_stop ('test', 'ann')", people_ws);
  id = people_submit (host, text);
  assert_value ("approved", "select state from proposals where uid = '%s'", id);
  gate_sql ("update proposals set reverts_at = now () where uid = '%s'", id);
  gate_sql (AS_PEOPLE "select control_resume ('ann')", people_ws);
  rh_gate_kick (host->gate);
  royal_test_spin (300);
  gate_sql ("select proposal_expire ()");
  gate_wait (people_ws, id, "expired");
  assert_value ("0", "select count (*) from effects e join proposals p on p.id = e.proposal where p.uid = '%s'", id);
  gate_host_end (host, FALSE);
}

/* What a person keeps is not ended by what was on its way when it was kept; what ends already can not be kept. */
static void
test_keep_late (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = people_submit (
      host, "{'action':'fake.set','target':'late','parameters':{'value':5},'revert_after_s':1000,'title':'For now'}");
  RhActor actor = { .workspace = people_ws, .name = "ann", .via = "unix:1", .role = "approver" };
  g_autoptr (JsonObject) inverse = NULL, kept = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  gate_wait (people_ws, id, "executed");
  inverse = gate_undo (host, people_ws, id, &error);
  g_assert_no_error (error);
  rh_gate_keep_async (host->gate, &actor, id, "it sells", royal_test_result, &result);
  g_assert_null (people_finish (host, &result, &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "ends already");
  g_clear_pointer (&kept, json_object_unref);
  kept = gate_reject (host, people_ws, royal_json_string (inverse, "id", ""), "it sells", &error);
  g_assert_no_error (error);
  g_clear_pointer (&kept, json_object_unref);
  rh_gate_keep_async (host->gate, &actor, id, "it sells", royal_test_result, &result);
  kept = people_finish (host, &result, &error);
  g_assert_no_error (error);
  /* As the schedule's submission would find it, and a person's. */
  gate_sql ("do $$ begin"
            "  perform set_config ('royal.workspace', '%" G_GINT64_FORMAT "', true);"
            "  perform proposal_lock_undo ('%s', false);"
            "  begin perform proposal_lock_undo ('%s', true); exception when sqlstate 'RY409' then return; end;"
            "  raise exception 'taken';"
            " end $$",
            people_ws, id, id);
  gate_host_end (host, FALSE);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/ends/revert", test_revert);
  g_test_add_func ("/ends/revert-batch", test_revert_batch);
  g_test_add_func ("/ends/waits", test_waits);
  g_test_add_func ("/ends/partly", test_partly);
  g_test_add_func ("/ends/silence", test_silence);
  g_test_add_func ("/ends/too-late", test_too_late);
  g_test_add_func ("/ends/keep-late", test_keep_late);
  return royal_test_run ();
}
