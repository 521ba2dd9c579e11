/* SPDX-License-Identifier: Apache-2.0 */
#include "gate-host.h"
#include "royal-test.h"

#include <rh-audit.h>
#include <royal-json.h>
#include <string.h>

#define RECORDS 12

static gint64 ws;
static RhCheckpoints *checkpoints; /* NULL before there are any */

static gboolean
outbox_empty (gpointer data)
{
  static guint calls;
  g_autofree char *left = NULL;

  if (calls++ % 10 != 0)
    return FALSE;
  left = gate_sql_value ("select count(*) from outbox");
  return strcmp (left, "0") == 0;
}

/* A chain of some length, and one of another workspace beside it. */
static GateHost *
started (void)
{
  GateHost *host;
  g_autofree char *rows = NULL;
  char *ids[RECORDS / 3] = { NULL };

  ws = gate_workspace ("demo");
  host = gate_host_new ("one");
  rows = gate_sql_value ("select count(*) from audit where workspace_id = %" G_GINT64_FORMAT, ws);
  if (strcmp (rows, "0") == 0)
    {
      /* Before the executor runs: what it starts has a record of its own then. */
      for (guint i = 0; i < RECORDS / 3; i++)
        {
          g_autofree char *target = g_strdup_printf ("t%u", i);

          ids[i] = gate_set (host, ws, target, 1 + (int)i, "");
        }
      g_free (gate_set (host, gate_workspace ("other"), "t", 500, ""));
    }
  rh_gate_start (host->gate);
  for (guint i = 0; i < RECORDS / 3; i++)
    if (ids[i] != NULL)
      gate_wait (ws, ids[i], "executed");
  for (guint i = 0; i < RECORDS / 3; i++)
    g_free (ids[i]);
  royal_test_wait_until (outbox_empty, NULL, 5000);
  return host;
}

static JsonObject *
verify (GateHost *host, const RhAuditAnchor *anchor)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) report = NULL;

  rh_audit_verify_async (host->store, ws, checkpoints, anchor, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  report = rh_audit_verify_finish (done, &error);
  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (report));
}

static void
test_holds (void)
{
  GateHost *host = started ();
  g_autofree char *hash =
      gate_sql_value ("select hash from audit where seq = 5 and workspace_id = %" G_GINT64_FORMAT, ws);
  RhAuditAnchor anchor = { 5, hash };
  g_autoptr (JsonObject) report = verify (host, NULL);
  g_autoptr (JsonObject) anchored = verify (host, &anchor);

  g_assert_true (royal_json_boolean (report, "ok", FALSE));
  g_assert_cmpint (royal_json_int (report, "rows", 0), ==, RECORDS);
  g_assert_cmpint (royal_json_int (report, "pending", -1), ==, 0);
  g_assert_cmpint (royal_json_int (royal_json_object (report, "head"), "seq", 0), ==, RECORDS);
  g_assert_true (royal_json_boolean (anchored, "ok", FALSE));
  gate_host_end (host, FALSE);
}

/* What was written and is not chained yet is counted, and is no fault. */
static void
test_pending (void)
{
  GateHost *host = started ();
  g_autoptr (JsonObject) report = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) stopped = NULL;

  rh_gate_stop_async (host->gate, 5000, royal_test_result, &result);
  stopped = royal_test_wait (&result);
  g_assert_true (rh_gate_stop_finish (host->gate, stopped, NULL));
  gate_sql ("insert into outbox (workspace_id, kind) values (%" G_GINT64_FORMAT ", 'test.x')", ws);
  report = verify (host, NULL);
  g_assert_true (royal_json_boolean (report, "ok", FALSE));
  g_assert_cmpint (royal_json_int (report, "pending", -1), ==, 1);
  gate_sql ("delete from outbox");
  gate_host_end (host, FALSE);
}

/* Every way of changing what was written, by someone who can switch the triggers off. */
static void
test_tampering (void)
{
#define OURS " workspace_id = (select workspace_id from workspaces where name = 'demo') "
#define REHASH "hash = encode (sha256 (convert_to (record, 'UTF8')), 'hex')"
  static const struct {
    const char *sql;
    gint64 seq;
    const char *reason;
    gboolean needs_anchor;
  } table[] = {
    { "update audit set record = replace (record, 'fake.set', 'fake.sat') where seq = 4 and" OURS, 4,
      "not what was hashed", 0 },
    { "update audit set record = replace (record, 'fake.set', 'fake.sat') where seq = 4 and" OURS
      "; update audit set " REHASH " where seq = 4 and" OURS,
      5, "does not follow", 0 },
    { "update audit set hash = repeat ('0', 64) where seq = 4 and" OURS, 4, "not what was hashed", 0 },
    { "update audit set actor = 'mallory' where seq = 4 and" OURS, 4, "a column differs", 0 },
    { "update audit set kind = 'x.y' where seq = 1 and" OURS, 1, "a column differs", 0 },
    { "update audit set subject = null where seq = 1 and" OURS, 1, "a column differs", 0 },
    { "update audit set at = at + interval '1 microsecond' where seq = 2 and" OURS, 2, "a column differs", 0 },
    { "delete from audit where seq = 7 and" OURS, 7, "is missing", 0 },
    { "delete from audit where seq = 1 and" OURS, 1, "is missing", 0 },
    { "delete from audit where seq = 7 and" OURS "; update audit set seq = seq - 1 where seq = 8 and" OURS, 7,
      "does not follow", 0 },
    { "delete from audit where" OURS, 1, "missing at the end", 0 },
    { "delete from audit where seq >= 11 and" OURS, 11, "missing at the end", 0 },
    { "delete from audit where seq >= 11 and" OURS
      "; update audit_heads h set seq = 10, hash = a.hash from audit a where"
      " a.seq = 10 and a.workspace_id = h.workspace_id and h." OURS,
      11, "the anchor is beyond it", 1 },
    { "update audit set seq = 100 where seq = 5 and" OURS "; update audit set seq = 5 where seq = 6 and" OURS
      "; update audit set seq = 6 where seq = 100 and" OURS,
      5, "does not follow", 0 },
    { "update audit set seq = 100 + seq where seq >= 6 and" OURS
      "; update audit set seq = seq - 99 where seq > 100 and" OURS
      "; insert into audit select workspace_id, 6, at, kind, subject, actor, record, hash, event from audit where seq "
      "= 5 "
      "and" OURS,
      6, "does not follow", 0 },
    { "insert into audit select workspace_id, 13, at, kind, subject, actor, replace (record, '\"seq\":12', "
      "'\"seq\":13'),"
      " hash, event from audit where seq = 12 and" OURS "; update audit set " REHASH " where seq = 13 and" OURS,
      13, "does not follow", 0 },
    { "update audit_heads set hash = repeat ('1', 64) where" OURS, 12, "the head is another record", 0 },
    { "update audit_heads set seq = 11 where" OURS, 12, "beyond the head", 0 },
    { "delete from audit where" OURS
      "; insert into audit select (select workspace_id from workspaces where name = 'demo'),"
      " seq, at, kind, subject, actor, record, hash, event from audit; update audit_heads h set seq = o.seq, hash = "
      "o.hash "
      "from"
      " audit_heads o where o.workspace_id <> h.workspace_id and h." OURS,
      1, "another workspace's", 1 },
  };
  GateHost *host = started ();
  g_autofree char *hash = gate_sql_value ("select hash from audit_heads where" OURS);
  RhAuditAnchor anchor = { RECORDS, hash };
  g_autoptr (JsonObject) mended = NULL;

  gate_sql ("create table kept_audit as table audit; create table kept_heads as table audit_heads;"
            "alter table audit disable trigger user");
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonObject) report = NULL;
      JsonObject *fault;

      gate_sql ("%s", table[i].sql);
      report = verify (host, table[i].needs_anchor ? &anchor : NULL);
      fault = royal_json_object (report, "fault");
      if (fault == NULL || royal_json_boolean (report, "ok", TRUE))
        g_error ("not found: %s", table[i].sql);
      if (royal_json_int (fault, "seq", 0) != table[i].seq ||
          strstr (royal_json_string (fault, "reason", ""), table[i].reason) == NULL)
        g_error ("%s: %s at %" G_GINT64_FORMAT, table[i].sql, royal_json_string (fault, "reason", ""),
                 royal_json_int (fault, "seq", 0));
      gate_sql ("delete from audit; insert into audit select * from kept_audit;"
                "delete from audit_heads; insert into audit_heads select * from kept_heads");
    }
  gate_sql ("alter table audit enable trigger user; drop table kept_audit, kept_heads");
  mended = verify (host, &anchor);
  g_assert_true (royal_json_boolean (mended, "ok", FALSE));
  gate_host_end (host, FALSE);
}

/* Nobody changes it by the ways that the database leaves open: neither the host nor the owner. */
static void
test_append_only (void)
{
  static const RhStatement statements[] = {
    { "t.update", "update audit set actor = 'x'", 0, FALSE },
    { "t.delete", "delete from audit", 0, FALSE },
    { "t.truncate", "truncate audit", 0, FALSE },
    { "t.insert",
      "insert into audit (workspace_id, seq, at, kind, record, hash) values"
      " (royal_workspace (), 1000, now (), 'x', '{}', repeat ('0', 64))",
      0, FALSE },
    { "t.head", "update audit_heads set seq = 1", 0, FALSE },
    { "t.disable", "alter table audit disable trigger user", 0, FALSE },
    { "t.event", "delete from events", 0, FALSE },
    { "t.outbox", "delete from outbox", 0, FALSE },
    { "t.outbox2", "update outbox set actor = 'x'", 0, FALSE },
    { "t.proposal", "delete from proposals", 0, FALSE },
    { "t.approval", "update approvals set actor = 'x'", 0, FALSE },
    { "t.journal", "update journal set last_event = 0", 0, FALSE },
  };
  static const char *const owners[] = { "update audit set actor = 'x'", "delete from audit", "truncate audit" };
  GateHost *host = started ();

  for (guint i = 0; i < G_N_ELEMENTS (statements); i++)
    {
      GAsyncResult *result = NULL;
      g_autoptr (GAsyncResult) done = NULL;
      g_autoptr (RhRows) rows = NULL;
      g_autoptr (GError) error = NULL;

      rh_store_call_async (host->store, &statements[i], ws, NULL, NULL, royal_test_result, &result);
      done = royal_test_wait (&result);
      rows = rh_store_call_finish (host->store, done, &error);
      if (rows != NULL)
        g_error ("allowed: %s", statements[i].sql);
    }
  for (guint i = 0; i < G_N_ELEMENTS (owners); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "do $$ begin begin %s; exception when sqlstate 'RY403' then return; end; raise exception 'allowed'; end $$",
          owners[i]);

      gate_sql ("%s", text);
    }
  gate_host_end (host, FALSE);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/audit/holds", test_holds);
  g_test_add_func ("/audit/pending", test_pending);
  g_test_add_func ("/audit/tampering", test_tampering);
  g_test_add_func ("/audit/append-only", test_append_only);
  return royal_test_run ();
}
