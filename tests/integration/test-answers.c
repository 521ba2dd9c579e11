/* SPDX-License-Identifier: Apache-2.0 */
#include "gate-people.h"

#include <royal-json.h>
#include <string.h>
#include <time.h>

/* This host's time of day is wrong by more than any deadline: what the gate says of time must not follow from it. */
gint64
g_get_real_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return ((gint64)now.tv_sec - 40 * 86400) * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void
test_quorum (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = gate_set (host, people_ws, "quorum", 300, "");

  people_ask (id, "{'quorum':2}");
  assert_approves (host, "ann", "approver", id, "pending");
  assert_refuses (host, "ann", "approver", id, ROYAL_ERROR_CONFLICT, "ann has approved");
  assert_value ("1", "select count(*) from approvals a join proposals p on p.id = a.proposal where p.uid = '%s'", id);
  assert_approves (host, "bob", "approver", id, "approved");
  assert_refuses (host, "carl", "approver", id, ROYAL_ERROR_CONFLICT, "not pending");
  gate_wait (people_ws, id, "executed");
  gate_host_end (host, FALSE);
}

/* Two hosts answer at once: the last one that was asked for decides, once; nobody counts twice. */
static void
test_quorum_race (void)
{
  GateHost *first = people_host ("first");
  GateHost *second = gate_host_new ("second");

  for (guint round = 0; round < 10; round++)
    {
      g_autofree char *target = g_strdup_printf ("race%u", round);
      g_autofree char *id = gate_set (first, people_ws, target, 300, "");
      g_autofree char *digest = people_digest (id);
      const char *names[] = { "ann", "bob", "ann", "bob" };
      GAsyncResult *results[4] = { NULL };
      guint approved = 0, taken = 0;

      people_ask (id, "{'quorum':2}");
      for (guint i = 0; i < 4; i++)
        {
          RhActor actor = { .workspace = people_ws, .name = names[i], .via = "unix:1", .role = "approver" };

          rh_gate_approve_async ((i & 1) != 0 ? first->gate : second->gate, &actor, id, digest, NULL, royal_test_result,
                                 &results[i]);
        }
      for (guint i = 0; i < 4; i++)
        {
          g_autoptr (JsonObject) answer = people_finish ((i & 1) != 0 ? first : second, &results[i], NULL);

          taken += answer != NULL;
          approved += g_strcmp0 (royal_json_string (answer, "state", ""), "approved") == 0;
        }
      g_assert_cmpuint (taken, ==, 2);
      g_assert_cmpuint (approved, ==, 1);
      gate_wait (people_ws, id, "executed");
      assert_value ("1", "select count(*) from fake.effects where key = '%s'", id);
    }
  gate_host_end (first, FALSE);
  gate_host_end (second, FALSE);
}

static void
test_roles (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = gate_set (host, people_ws, "roles", 300, "");
  g_autofree char *other = gate_set (host, people_ws, "roles", 301, "");

  assert_refuses (host, "vic", "viewer", id, ROYAL_ERROR_DENIED, "vic is viewer");
  assert_refuses (host, "odd", NULL, id, ROYAL_ERROR_DENIED, "odd is nothing");
  people_ask (id, "{'roles':['operator']}");
  assert_refuses (host, "ann", "approver", id, ROYAL_ERROR_DENIED, "answered by one of: admin, operator");
  assert_approves (host, "oli", "operator", id, "approved");
  people_ask (other, "{'roles':['operator']}");
  assert_approves (host, "root", "admin", other, "approved");
  gate_host_end (host, FALSE);
}

static void
test_four_eyes (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = gate_set (host, people_ws, "eyes", 300, "");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) revision = people_modify (host, "ann", id, "{'parameters':{'value':250}}", &error);
  g_autoptr (JsonObject) again = NULL;
  const char *second, *third;

  g_assert_no_error (error);
  second = royal_json_string (revision, "id", "");
  people_ask (second, "{'four_eyes':true}");
  assert_refuses (host, "ann", "approver", second, ROYAL_ERROR_DENIED, "takes four eyes");
  /* Nor by way of a later revision, which somebody else made. */
  again = people_modify (host, "bob", second, "{'parameters':{'value':240}}", &error);
  g_assert_no_error (error);
  third = royal_json_string (again, "id", "");
  people_ask (third, "{'four_eyes':true}");
  assert_refuses (host, "bob", "approver", third, ROYAL_ERROR_DENIED, "takes four eyes");
  assert_refuses (host, "ann", "admin", third, ROYAL_ERROR_DENIED, "takes four eyes");
  assert_refuses (host, "setter", "approver", third, ROYAL_ERROR_DENIED, "takes four eyes");
  /* Who stands in for somebody that had no hand in it may. */
  gate_sql (IN_WORKSPACE "select delegation_add ('dave', 3600, 'away', 'dora', 'unix:1', 'approver')", people_ws);
  assert_approves (host, "dave", "viewer", third, "approved");
  gate_sql ("delete from delegations");
  gate_host_end (host, FALSE);
}

static void
test_delegation (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = gate_set (host, people_ws, "deleg", 300, "");
  g_autofree char *other = gate_set (host, people_ws, "deleg", 301, "");
  g_autofree char *made = gate_sql_value (
      IN_WORKSPACE "select delegation_add ('vic', 3600, 'away', 'ann', 'unix:1', 'approver')->>'id'", people_ws);

  people_ask (id, "{'quorum':2}");
  assert_approves (host, "vic", "viewer", id, "pending");
  assert_value ("ann", "select on_behalf from approvals where actor = 'vic'");
  /* Both are one of the two. */
  assert_refuses (host, "ann", "approver", id, ROYAL_ERROR_CONFLICT, "ann has approved");
  assert_refuses (host, "vic", "approver", id, ROYAL_ERROR_CONFLICT, "vic has approved");
  gate_sql (IN_WORKSPACE "select delegation_revoke ('%s', 'ann', 'approver')", people_ws, made);
  assert_refuses (host, "vic", "viewer", other, ROYAL_ERROR_DENIED, "vic is viewer");
  gate_sql ("update delegations set revoked_at = null, ends_at = now ()");
  assert_refuses (host, "vic", "viewer", other, ROYAL_ERROR_DENIED, "vic is viewer");
  /* Who may not approve cannot have it done. */
  gate_sql ("update delegations set ends_at = now () + interval '1 hour', role = 'viewer' where false;"
            "update delegations set ends_at = now () + interval '1 hour', delegator = 'setter'");
  people_ask (other, "{'four_eyes':true}");
  assert_refuses (host, "vic", "viewer", other, ROYAL_ERROR_DENIED, "vic is viewer");
  gate_host_end (host, FALSE);
  assert_value ("ann", "select data->>'on_behalf' from events where subject = '%s' and kind = 'approval.given'", id);
}

static void
test_escalation (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = gate_set (host, people_ws, "escal", 300, "");

  people_ask (id, "{'roles':['admin'],'escalate':[{'after_s':1,'roles':['operator'],'notify':['ops']},{'after_s':900,"
                  "'roles':['approver']}]}");
  assert_refuses (host, "oli", "operator", id, ROYAL_ERROR_DENIED, "one of: admin;");
  royal_test_spin (1100);
  gate_sql ("select proposal_expire ()");
  gate_sql ("select proposal_expire ()");
  assert_refuses (host, "ann", "approver", id, ROYAL_ERROR_DENIED, "one of: admin, operator");
  assert_approves (host, "oli", "operator", id, "approved");
  gate_host_end (host, FALSE);
  assert_value ("1 [\"ops\"]",
                "select count(*) || ' ' || max (data->>'notify') from events where subject = '%s'"
                " and kind = 'approval.escalated'",
                id);
}

/* Silence is an approval where the rule says so, and nowhere else. */
static void
test_silence (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *taken = gate_set (host, people_ws, "silence1", 300, "");
  g_autofree char *expired = gate_set (host, people_ws, "silence2", 300, "");

  people_ask (taken, "{'at_deadline':'approve'}");
  people_ask (expired, "{'at_deadline':'expire'}");
  gate_sql ("update proposals set expires_at = now () where uid in ('%s', '%s')", taken, expired);
  assert_refuses (host, "ann", "approver", taken, ROYAL_ERROR_CONFLICT, "expired at");
  gate_sql ("select proposal_expire ()");
  gate_wait (people_ws, taken, "executed");
  gate_wait (people_ws, expired, "expired");
  assert_value ("deadline", "select decided_by from proposals where uid = '%s'", taken);
  gate_host_end (host, FALSE);
}

/* Silence is no answer to what a person wants otherwise, nor does it bring back what one has left out. */
static void
test_silence_spoken (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *batch =
      people_submit (host, "{'action':'fake.set','items':[{'target':'quiet1','parameters':{'value':300}},"
                           "{'target':'quiet2','parameters':{'value':300}}],'title':'Two'}");
  g_autofree char *revised = gate_set (host, people_ws, "quiet3", 300, "");
  g_autoptr (JsonObject) given = NULL;
  g_autoptr (GError) error = NULL;

  people_ask (batch, "{'at_deadline':'approve','quorum':2}");
  people_ask (revised, "{'at_deadline':'approve'}");
  given = people_approve (host, "ann", "approver", batch, "[2]", &error);
  g_assert_no_error (error);
  gate_sql ("with j as (insert into jobs (workspace_id, agent, task, created_by, run_at) values (%" G_GINT64_FORMAT
            ", 'setter', 'none', 'ann', now () + interval '1 hour') returning uid)"
            " insert into approvals (workspace_id, proposal, answer, actor, via, data)"
            " select p.workspace_id, p.id, 'modify', 'ann', 'unix:1', jsonb_build_object ('job', j.uid)"
            " from proposals p, j where p.uid = '%s'",
            people_ws, revised);
  gate_sql ("update proposals set expires_at = now () where uid in ('%s', '%s')", batch, revised);
  gate_sql ("select proposal_expire ()");
  gate_wait (people_ws, batch, "executed");
  gate_wait (people_ws, revised, "expired");
  assert_value ("quiet1", "select string_agg (target, ' ') from fake.world where target like 'quiet%%'");
  gate_host_end (host, FALSE);
}

/* What was let pass by silence when it was proposed asks a person, once the agent has lost its autonomy or another
 * policy is in force. */
static void
test_silence_tightened (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *broken = gate_set (host, people_ws, "tight1", 300, "");
  g_autofree char *old = gate_set (host, people_ws, "tight2", 300, "");

  people_ask (broken, "{'at_deadline':'approve'}");
  people_ask (old, "{'at_deadline':'approve'}");
  gate_sql ("insert into breakers (workspace_id, agent) select workspace_id, agent from proposals where uid = '%s'"
            " on conflict do nothing; update breakers set opened_at = now (), reason = 'a test'",
            broken);
  gate_sql ("update proposals set expires_at = now () where uid = '%s'; select proposal_expire ()", broken);
  gate_wait (people_ws, broken, "expired");
  gate_sql ("update breakers set opened_at = null");

  gate_sql ("insert into policies (workspace_id, version, document, in_force) values (%" G_GINT64_FORMAT
            ", repeat ('a', 64), '{}', true)",
            people_ws);
  gate_sql ("update proposals set expires_at = now () where uid = '%s'; select proposal_expire ()", old);
  gate_wait (people_ws, old, "expired");
  gate_sql ("update policies set in_force = false");
  gate_host_end (host, FALSE);
}

/* The deadline is the database's, whatever this host takes the time to be. */
static void
test_clock (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = gate_set (host, people_ws, "clock", 300, "");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = NULL;
  gint64 us = g_get_real_time ();

  assert_value ("t", "select %" G_GINT64_FORMAT " < extract (epoch from now () - interval '39 days') * 1000000", us);
  assert_value ("t",
                "select abs (extract (epoch from expires_at - now () - interval '1 day')) < 5 from proposals"
                " where uid = '%s'",
                id);
  outcome = gate_submit (host, people_ws, "hasty", "{'action':'fake.set','target':'hasty','parameters':{'value':5}}",
                         NULL, &error);
  g_assert_no_error (error);
  gate_wait (people_ws, royal_json_string (json_node_get_object (outcome), "proposal", ""), "expired");
  gate_host_end (host, FALSE);
}

typedef enum { APPROVE, REJECT, MODIFY, KEEP, UNDO, SETTLE, N_ANSWERS } Answer;

/* As an administrator of @workspace would; waits. */
static void
answer_from (GateHost *host, gint64 workspace, Answer answer, const char *id, GError **error)
{
  RhActor actor = { .workspace = workspace, .name = "eve", .via = "unix:1", .role = "admin" };
  g_autofree char *digest = people_digest (id);
  g_autoptr (JsonNode) change = gate_json ("{'parameters':{'value':1}}");
  g_autoptr (JsonObject) done = NULL;
  GAsyncResult *result = NULL;

  switch (answer)
    {
    case APPROVE:
      rh_gate_approve_async (host->gate, &actor, id, digest, NULL, royal_test_result, &result);
      break;
    case REJECT:
      rh_gate_reject_async (host->gate, &actor, id, "no", royal_test_result, &result);
      break;
    case MODIFY:
      rh_gate_modify_async (host->gate, &actor, id, digest, json_node_get_object (change), NULL, royal_test_result,
                            &result);
      break;
    case KEEP:
      rh_gate_keep_async (host->gate, &actor, id, "stays", royal_test_result, &result);
      break;
    case UNDO:
      rh_gate_undo_async (host->gate, &actor, id, "back", royal_test_result, &result);
      break;
    default:
      rh_gate_settle_async (host->gate, &actor, id, 0, "absent", NULL, NULL, royal_test_result, &result);
    }
  done = people_finish (host, &result, error);
  g_assert_null (done);
}

/* Whatever may be said to a proposal, an administrator of another workspace says it to nothing. */
static void
test_elsewhere (void)
{
  GateHost *host = people_host ("one");
  gint64 elsewhere = gate_workspace ("elsewhere");
  g_autofree char *pending = gate_set (host, people_ws, "elsewhere1", 300, "");
  g_autofree char *executed = gate_set (host, people_ws, "elsewhere2", 300, "");
  const char *const ids[] = { pending, executed };
  g_autofree char *before = NULL;

  assert_approves (host, "ann", "approver", executed, "approved");
  gate_wait (people_ws, executed, "executed");
  before = gate_sql_value ("select string_agg (p::text, ' ' order by p.id) from proposals p where uid in ('%s', '%s')",
                           pending, executed);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    for (Answer answer = APPROVE; answer < N_ANSWERS; answer++)
      {
        g_autoptr (GError) error = NULL;

        answer_from (host, elsewhere, answer, ids[i], &error);
        g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
      }
  assert_value (before, "select string_agg (p::text, ' ' order by p.id) from proposals p where uid in ('%s', '%s')",
                pending, executed);
  assert_value ("0", "select count(*) from approvals where actor = 'eve'");
  gate_host_end (host, FALSE);
}

/* --- Links -------------------------------------------------------------------------------------------------------- */

/* A notification of the receiver `ops`, by which proposals were told; its id is (transfer full). */
static char *
make_notice (void)
{
  gate_sql ("insert into notice_receivers (workspace_id, name, kind, address, topics, deadline_s, per_minute, cursor)"
            " values (%" G_GINT64_FORMAT ", 'ops', 'webhook', 'https://x.example', '{approvals}', 60, 30, 0)"
            " on conflict do nothing",
            people_ws);
  return gate_sql_value ("insert into notices (workspace_id, receiver, kind, events, deadline_at)"
                         " values (%" G_GINT64_FORMAT ", 'ops', 'approval.required', '[]', now ()) returning id",
                         people_ws);
}

static RhApprovalLink
link_to (const char *id, const char *notice)
{
  g_autofree char *digest = people_digest (id);
  g_autofree char *expires =
      gate_sql_value ("select extract (epoch from date_trunc ('second', expires_at))::bigint from proposals"
                      " where uid = '%s'",
                      id);
  RhApprovalLink link = { .expires_s = g_ascii_strtoll (expires, NULL, 10) };

  g_strlcpy (link.notice, notice, sizeof link.notice);
  g_strlcpy (link.digest, digest, sizeof link.digest);
  return link;
}

/* (transfer full) (nullable): as @who, with @role, says @said to @id by @link. */
static JsonObject *
answer_by (GateHost *host,
           const char *who,
           const char *role,
           const char *id,
           const RhApprovalLink *link,
           const char *said,
           GError **error)
{
  RhActor actor = { .workspace = people_ws, .name = who, .via = "unix:1", .role = role };
  g_autofree char *digest = people_digest (id);
  GAsyncResult *result = NULL;

  rh_gate_answer_linked_async (host->gate, &actor, id, link, said, digest, NULL, "because", royal_test_result, &result);
  return people_finish (host, &result, error);
}

static void
assert_link_refuses (GateHost *host,
                     const char *role,
                     const char *id,
                     const RhApprovalLink *link,
                     int code,
                     const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (answer_by (host, "ann", role, id, link, "approve", &error));
  assert_says (&error, code, text);
}

/* Once, by who may, and what was refused has used nothing up. */
static void
test_link (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = gate_set (host, people_ws, "link1", 300, "");
  g_autofree char *other = gate_set (host, people_ws, "link2", 300, "");
  g_autofree char *notice = make_notice ();
  RhApprovalLink link = link_to (id, notice), second = link_to (other, notice);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) given = NULL;
  g_autoptr (JsonObject) rejected = NULL;

  people_ask (id, "{'quorum':2}");
  assert_link_refuses (host, "viewer", id, &link, ROYAL_ERROR_DENIED, "ann is viewer");
  given = answer_by (host, "ann", "approver", id, &link, "approve", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (given, "state", ""), ==, "pending");
  /* Nor may somebody else use it, to whom the proposal is still open. */
  g_assert_null (answer_by (host, "bob", "approver", id, &link, "approve", &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "the link was used: ann has answered approve with it at");
  assert_approves (host, "bob", "approver", id, "approved");
  gate_wait (people_ws, id, "executed");
  /* A notification tells of several: each has its own. */
  rejected = answer_by (host, "ann", "approver", other, &second, "reject", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (rejected, "state", ""), ==, "rejected");
  gate_host_end (host, FALSE);
  assert_value ("ann approve ops",
                "select actor || ' ' || (data->>'answer') || ' ' || (data->>'receiver') from events"
                " where kind = 'approval.linked' and subject = '%s'",
                id);
}

/* What is not so any more is told, and nothing is done. */
static void
test_link_over (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = gate_set (host, people_ws, "link3", 300, "");
  g_autofree char *notice = make_notice ();
  const RhApprovalLink link = link_to (id, notice);
  RhApprovalLink wrong = link;

  wrong.digest[0] = wrong.digest[0] == 'a' ? 'b' : 'a';
  assert_link_refuses (host, "approver", id, &wrong, ROYAL_ERROR_CONFLICT, "for something else than proposal");
  wrong = link;
  wrong.expires_s = 1;
  assert_link_refuses (host, "approver", id, &wrong, ROYAL_ERROR_CONFLICT, "the link has expired");
  wrong = link;
  wrong.notice[0] = wrong.notice[0] == 'a' ? 'b' : 'a';
  assert_link_refuses (host, "approver", id, &wrong, ROYAL_ERROR_CONFLICT, "the link is withdrawn");
  assert_value ("pending 0",
                "select state || ' ' || (select count (*) from approvals a where a.proposal = p.id)"
                " from proposals p where uid = '%s'",
                id);
  assert_approves (host, "bob", "approver", id, "approved");
  assert_link_refuses (host, "approver", id, &link, ROYAL_ERROR_CONFLICT, "the link is for nothing any more");
  gate_wait (people_ws, id, "executed");
  assert_value ("0", "select count (*) from approval_links l join proposals p on p.id = l.proposal where p.uid = '%s'",
                id);
  gate_host_end (host, FALSE);
}

/* Two who follow it at once: one of them has used it. */
static void
test_link_race (void)
{
  GateHost *first = people_host ("first");
  GateHost *second = gate_host_new ("second");
  g_autofree char *notice = make_notice ();

  for (guint round = 0; round < 10; round++)
    {
      g_autofree char *target = g_strdup_printf ("link-race%u", round);
      g_autofree char *id = gate_set (first, people_ws, target, 300, "");
      g_autofree char *digest = people_digest (id);
      const RhApprovalLink link = link_to (id, notice);
      GAsyncResult *results[2] = { NULL };
      guint taken = 0;

      people_ask (id, "{'quorum':2}");
      for (guint i = 0; i < 2; i++)
        {
          RhActor actor = {
            .workspace = people_ws, .name = i > 0 ? "ann" : "bob", .via = "unix:1", .role = "approver"
          };

          rh_gate_answer_linked_async (i > 0 ? first->gate : second->gate, &actor, id, &link, "approve", digest, NULL,
                                       NULL, royal_test_result, &results[i]);
        }
      for (guint i = 0; i < 2; i++)
        {
          g_autoptr (JsonObject) answer = people_finish (i > 0 ? first : second, &results[i], NULL);

          taken += answer != NULL;
        }
      g_assert_cmpuint (taken, ==, 1);
      assert_value ("pending 1",
                    "select state || ' ' || (select count (*) from approvals a where a.proposal = p.id)"
                    " from proposals p where uid = '%s'",
                    id);
    }
  gate_host_end (first, FALSE);
  gate_host_end (second, FALSE);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/answers/quorum", test_quorum);
  g_test_add_func ("/answers/quorum-race", test_quorum_race);
  g_test_add_func ("/answers/roles", test_roles);
  g_test_add_func ("/answers/four-eyes", test_four_eyes);
  g_test_add_func ("/answers/delegation", test_delegation);
  g_test_add_func ("/answers/escalation", test_escalation);
  g_test_add_func ("/answers/silence", test_silence);
  g_test_add_func ("/answers/silence-spoken", test_silence_spoken);
  g_test_add_func ("/answers/silence-tightened", test_silence_tightened);
  g_test_add_func ("/answers/clock", test_clock);
  g_test_add_func ("/answers/elsewhere", test_elsewhere);
  g_test_add_func ("/answers/link", test_link);
  g_test_add_func ("/answers/link-over", test_link_over);
  g_test_add_func ("/answers/link-race", test_link_race);
  return royal_test_run ();
}
