/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <libpq-fe.h>
#include <math.h>
#include <rh-audit.h>
#include <rh-export.h>
#include <royal-json.h>
#include <royal/error.h>
#include <string.h>
#include <sys/wait.h>

/* What proves the audit: canonical JSON made by the database, checkpoints, exports that are verified with no database,
 * segments. Whatever is done to it is found, and named. */

#define RECORDS 9
#define OURS " workspace_id = (select workspace_id from workspaces where name = 'demo')"

static RhStore *store;
static RhCheckpoints *checkpoints;
static char *owner;
static char *file; /* of checkpoints, outside of the database */
static gint64 ws;

static char *
value (const char *sql)
{
  return royal_test_sql_value (owner, sql);
}

static gint64
number (const char *sql)
{
  g_autofree char *text = value (sql);

  return g_ascii_strtoll (text, NULL, 10);
}

static gboolean
is_available (gpointer data)
{
  return rh_store_is_available (data);
}

static guint
lines_of_file (void)
{
  g_autofree char *text = NULL;
  guint n = 0;

  if (!g_file_get_contents (file, &text, NULL, NULL))
    return 0;
  for (const char *p = text; *p != '\0'; p++)
    n += *p == '\n';
  return n;
}

static gboolean
has_lines (gpointer data)
{
  return lines_of_file () >= GPOINTER_TO_UINT (data);
}

/* Tells of @n things, and chains them. */
static void
tell (guint n)
{
  g_autofree char *sql = g_strdup_printf (
      "insert into outbox (workspace_id, kind, subject, actor, data)"
      " select w.workspace_id, 'test.told', case when i %% 2 = 0 then 's\"' || i end, 'tester',"
      " jsonb_build_object ('n', i / 3.0, 'text', 'Grüße \\ \"' || i, 'list', jsonb_build_array (null, true, 1e21, "
      "-0.5))"
      " from workspaces w, generate_series (1, %u) i where w.name = 'demo'; select journal_move (1000)",
      n);

  royal_test_sql (owner, sql);
}

static void
sign (void)
{
  guint n = lines_of_file ();

  rh_checkpoints_kick (checkpoints);
  royal_test_wait_until (has_lines, GUINT_TO_POINTER (n + 1), 5000);
}

static void
set_up (void)
{
  g_autofree char *key = g_build_filename (royal_test_dir (), "audit.key", NULL);
  g_autofree char *host = NULL;
  g_autoptr (GError) error = NULL;
  RhSigner *signer;

  royal_test_migrate ();
  owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  ws = number ("select workspace_id from workspace_open ('demo', true)");
  file = g_build_filename (royal_test_dir (), "checkpoints.jsonl", NULL);
  store = rh_store_new (host, NULL, 2);
  royal_test_wait_until (is_available, store, 10000);
  signer = rh_signer_open (key, &error);
  g_assert_no_error (error);
  checkpoints = rh_checkpoints_new (store, signer, royal_test_dir (), 3600);
  tell (4);
  sign ();
  tell (RECORDS - 4);
  sign ();
}

static JsonObject *
verify (void)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) report = NULL;

  rh_audit_verify_async (store, ws, checkpoints, NULL, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  report = rh_audit_verify_finish (done, &error);
  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (report));
}

/* Fails unless the first fault is at @seq and says @reason, or there is none for 0. */
static void
expect (const char *what, gint64 seq, const char *reason)
{
  g_autoptr (JsonObject) report = verify ();
  JsonObject *fault = royal_json_object (report, "fault");

  if (royal_json_int (fault, "seq", 0) != seq || strstr (royal_json_string (fault, "reason", ""), reason) == NULL ||
      royal_json_boolean (report, "ok", FALSE) != (seq == 0))
    g_error ("%s: at %" G_GINT64_FORMAT ": %s", what, royal_json_int (fault, "seq", 0),
             royal_json_string (fault, "reason", "-"));
}

/* --- The key ------------------------------------------------------------------------------------------------------ */

static void
test_key (void)
{
  g_autofree char *path = g_build_filename (royal_test_dir (), "other.key", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhSigner) first = rh_signer_open (path, &error);
  g_autoptr (RhSigner) again = rh_signer_open (path, &error);
  g_autofree char *signature = NULL;
  GStatBuf info;

  g_assert_no_error (error);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  g_assert_cmpstr (rh_signer_public (first), ==, rh_signer_public (again));
  signature = rh_signer_sign (first, "text");
  g_assert_true (rh_signer_verify (again, "text", signature));
  g_assert_false (rh_signer_verify (again, "texts", signature));
  g_assert_false (rh_signer_verify (again, "text", signature + 1));
  g_assert_false (rh_signer_verify (rh_checkpoints_signer (checkpoints), "text", signature));

  g_assert_cmpint (g_chmod (path, 0640), ==, 0);
  g_assert_null (rh_signer_open (path, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (path, "0123", -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  g_assert_null (rh_signer_open (path, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
}

/* --- Canonical JSON ----------------------------------------------------------------------------------------------- */

static const char *const numbers[] = { "0",
                                       "-1",
                                       "9007199254740993",
                                       "-9223372036854775808",
                                       "9223372036854775807",
                                       "1e21",
                                       "1e20",
                                       "123456789012345678901",
                                       "0.1",
                                       "1.50",
                                       "-0.000001",
                                       "1e-7",
                                       "5e-324",
                                       "1.7976931348623157e308",
                                       "4.35",
                                       "0.30000000000000004",
                                       "100.0",
                                       "1e300",
                                       "333333333.33333329",
                                       "2e-3" };
static const char *const names[] = { "",        "a", "b",   "aa",  "A", "_", "\\u00e9", "\\ud83d\\ude00",
                                     "\\ufb33", "1", "\\r", "\\\"" };

static void
put_random (GRand *rand, GString *out, guint depth)
{
  guint what = (guint)g_rand_int_range (rand, 0, depth < 4 ? 6 : 4);
  guint n = (guint)g_rand_int_range (rand, 0, 6);

  if (what == 0)
    g_string_append (out, g_rand_boolean (rand) ? "true" : "null");
  else if (what == 1)
    g_string_append (out, numbers[g_rand_int_range (rand, 0, G_N_ELEMENTS (numbers))]);
  else if (what == 2)
    g_string_append_printf (out, "%.17g",
                            g_rand_double_range (rand, -1, 1) * pow (10, g_rand_int_range (rand, -25, 25)));
  else if (what == 3)
    g_string_append_printf (out, "\"%s\\u001f\\n%s/\"", names[g_rand_int_range (rand, 0, G_N_ELEMENTS (names))],
                            names[g_rand_int_range (rand, 0, G_N_ELEMENTS (names))]);
  else
    {
      guint from = (guint)g_rand_int_range (rand, 0, G_N_ELEMENTS (names));

      g_string_append_c (out, what == 4 ? '[' : '{');
      for (guint i = 0; i < n; i++)
        {
          g_string_append (out, i > 0 ? "," : "");
          if (what == 5)
            g_string_append_printf (out, "\"%s\":", names[(from + 5 * i) % G_N_ELEMENTS (names)]);
          put_random (rand, out, depth + 1);
        }
      g_string_append_c (out, what == 4 ? ']' : '}');
    }
}

/* The database makes the same of a value as whoever verifies it. */
static void
test_canonical (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20261120);
  PGconn *connection = PQconnectdb (owner);

  for (guint i = 0; i < 1500; i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (JsonNode) node = NULL;
      g_autofree char *expected = NULL;
      g_autoptr (GError) error = NULL;
      PGresult *result;

      if (i < G_N_ELEMENTS (numbers))
        g_string_append (text, numbers[i]);
      else
        put_random (rand, text, 0);
      result = PQexecParams (connection, "select royal_canonical ($1::jsonb), $1::jsonb::text", 1, NULL,
                             (const char *const[]){ text->str }, NULL, NULL, 0);
      if (PQresultStatus (result) != PGRES_TUPLES_OK)
        g_error ("%s: %s", text->str, PQresultErrorMessage (result));
      /* As the database has it: a whole number has lost its exponent there. */
      node = royal_json_parse (PQgetvalue (result, 0, 1), -1, "value", &error);
      g_assert_no_error (error);
      expected = royal_json_canonical (node);
      g_assert_cmpstr (PQgetvalue (result, 0, 0), ==, expected);
      PQclear (result);
    }
  PQfinish (connection);
}

/* --- The chain in the database ------------------------------------------------------------------------------------ */

static void
keep (void)
{
  royal_test_sql (owner, "create table kept_audit as table audit; create table kept_heads as table audit_heads;"
                         "create table kept_points as table audit_checkpoints; alter table audit disable trigger user");
}

static void
restore (void)
{
  royal_test_sql (owner, "delete from audit; insert into audit select * from kept_audit;"
                         "delete from audit_heads; insert into audit_heads select * from kept_heads;"
                         "delete from audit_checkpoints; insert into audit_checkpoints select * from kept_points");
}

static void
let_go (void)
{
  restore ();
  royal_test_sql (owner, "alter table audit enable trigger user; drop table kept_audit, kept_heads, kept_points");
}

static void tamper (gint64 seq, const char *reason, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
tamper (gint64 seq, const char *reason, const char *format, ...)
{
  g_autofree char *sql = NULL;
  va_list args;

  va_start (args, format);
  sql = g_strdup_vprintf (format, args);
  va_end (args);
  royal_test_sql (owner, sql);
  expect (sql, seq, reason);
  restore ();
}

/* Every row, altered in any column, taken out, put in twice, or swapped with the next. */
static void
test_every_change (void)
{
  static const char *const changes[] = {
    "at = at - interval '1 s'",
    "kind = kind || 'x'",
    "subject = coalesce (subject, '') || 'x'",
    "actor = null",
    "hash = md5 (hash) || md5 (hash)",
    "record = replace (record, 'tester', 'master')",
    "record = record || ' '",
    ("record = replace (record, 'tester', 'master'), actor = 'master',"
     " hash = encode (sha256 (convert_to (replace (record, 'tester', 'master'), 'UTF8')), 'hex')"),
  };

  expect ("as it is", 0, "");
  keep ();
  for (int seq = 1; seq <= RECORDS; seq++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
        {
          /* What was made to fit with itself shows in the next one, or in the head and the checkpoint. */
          gboolean fits = i == G_N_ELEMENTS (changes) - 1 && seq < RECORDS && seq != 4;

          tamper (fits ? seq + 1 : seq, "", "update audit set %s where seq = %d and" OURS, changes[i], seq);
        }
      tamper (seq, "missing", "delete from audit where seq = %d and" OURS, seq);
      tamper (seq, "missing", "update audit set seq = seq + 1000 where seq = %d and" OURS, seq);
      tamper (seq + 1, "does not follow",
              "update audit set seq = seq + 1000 where seq >= %d and" OURS
              "; update audit set seq = seq - 999 where seq > 1000 and" OURS
              "; insert into audit select workspace_id, %d, at, kind, subject, actor, record, hash, event from audit"
              " where seq = %d and" OURS,
              seq, seq, seq + 1);
      if (seq < RECORDS)
        tamper (seq, "does not follow",
                "update audit set seq = -1 where seq = %d and" OURS
                "; update audit set seq = %d where seq = %d and" OURS
                "; update audit set seq = %d where seq = -1 and" OURS,
                seq, seq, seq + 1, seq + 1);
      tamper (seq, "missing at the end", "delete from audit where seq >= %d and" OURS, seq);
      /* By whoever mends the head and forgets the checkpoints too: the file is not his. */
      tamper (seq, "the anchor is beyond it",
              "delete from audit where seq >= %d and" OURS "; delete from audit_checkpoints; update audit_heads h set "
              "seq = %d, hash = coalesce ((select hash from audit a"
              " where a.workspace_id = h.workspace_id and a.seq = %d), repeat ('0', 64)) where" OURS,
              seq, seq - 1, seq - 1);
    }
  let_go ();
  expect ("mended", 0, "");
}

/* Who makes the whole chain anew, with all that is in the database, does not make what was signed. */
static void
test_remade (void)
{
  keep ();
  royal_test_sql (
      owner,
      "delete from audit_checkpoints; delete from audit; update audit_heads set seq = 0, hash = repeat ('0', 64);"
      "insert into outbox (workspace_id, kind, actor, data) select w.workspace_id, 'test.told', 'mallory', '{}'"
      " from workspaces w, generate_series (1, 20) where w.name = 'demo'; select journal_move (100)");
  expect ("made anew", 4, "the anchor names");
  restore ();
  tamper (4, "signature does not hold",
          "update audit_checkpoints set signature = md5 ('a') || md5 ('b') || md5 ('c') || md5 ('d')"
          " where seq = 4");
  tamper (4, "another record",
          "update audit_checkpoints set seq = 3 where seq = 4; update audit_checkpoints set seq = 4 where"
          " seq = " G_STRINGIFY (RECORDS) "; update audit_checkpoints set seq = 9 where seq = 3");
  let_go ();
}

/* --- Exports ------------------------------------------------------------------------------------------------------ */

static char *export(gint64 after, gint64 segment, GError **error)
{
  g_autoptr (RhExport) self = rh_export_new (store, ws, checkpoints, after, segment);
  g_autoptr (GString) text = g_string_new (NULL);

  for (;;)
    {
      GAsyncResult *result = NULL;
      g_autoptr (GAsyncResult) done = NULL;
      g_autofree char *lines = NULL;
      g_autoptr (GError) own = NULL;

      rh_export_next_async (self, royal_test_result, &result);
      done = royal_test_wait (&result);
      lines = rh_export_next_finish (self, done, &own);
      if (own != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&own));
          return NULL;
        }
      if (lines == NULL)
        return g_string_free (g_steal_pointer (&text), FALSE);
      g_string_append (text, lines);
    }
}

/* What the program says of @text: its exit status, and its first line. */
static int
run_verifier (const char *text, gboolean with_checkpoints, char **ret_said)
{
  g_autofree char *path = g_build_filename (royal_test_dir (), "export.jsonl", NULL);
  const char *public_key = rh_signer_public (rh_checkpoints_signer (checkpoints));
  const char *plain[] = { g_getenv ("ROYAL_AUDIT_VERIFY"), "--key", public_key, path, NULL };
  const char *more[] = { plain[0], "--key", public_key, "--workspace", "demo", "--checkpoints", file, path, NULL };
  g_autofree char *out = NULL, *err = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_spawn_sync (NULL, (char **)(with_checkpoints ? more : plain), NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err,
                &status, &error);
  g_assert_no_error (error);
  if (ret_said != NULL)
    *ret_said = g_strdup (*err != '\0' ? err : out);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

static char *
join (GPtrArray *lines)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf (text, "%s\n", (const char *)lines->pdata[i]);
  return g_string_free (text, FALSE);
}

static void
expect_broken (const char *what, GPtrArray *lines, guint i)
{
  g_autofree char *text = join (lines);
  g_autofree char *said = NULL;

  if (run_verifier (text, FALSE, &said) != 1 || strstr (said, "does not hold") == NULL)
    g_error ("line %u %s is not found: %s", i + 1, what, said);
}

static void
test_export (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = export(0, 0, &error);
  g_autofree char *said = NULL, *cut = NULL;
  g_auto (GStrv) all = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (all) - 1;

  g_assert_no_error (error);
  g_assert_cmpint (run_verifier (text, TRUE, &said), ==, 0);
  g_assert_nonnull (strstr (said, "records 1 to " G_STRINGIFY (RECORDS)));
  g_assert_nonnull (strstr (said, "2 checkpoints"));

  /* The first line is the key, which is given otherwise; a checkpoint that is left out says nothing. */
  for (guint i = 1; i < n; i++)
    {
      gboolean is_signed = g_str_has_prefix (all[i], "{\"sign") || g_str_has_prefix (all[i], "{\"state");
      g_autoptr (GPtrArray) lines = g_ptr_array_new ();
      g_autofree char *altered = g_strdup (all[i]);

      for (guint j = 0; j < n; j++)
        g_ptr_array_add (lines, all[j]);
      lines->pdata[i] = altered;
      for (char *p = altered + strlen (altered) / 3; *p != '\0'; p++)
        if (g_ascii_isalnum (*p))
          {
            *p = *p == '7' ? '8' : '7';
            break;
          }
      expect_broken ("altered", lines, i);
      lines->pdata[i] = all[i];
      if (i + 1 < n && !is_signed)
        {
          lines->pdata[i] = all[i + 1];
          lines->pdata[i + 1] = all[i];
          expect_broken ("swapped", lines, i);
          lines->pdata[i] = all[i];
          lines->pdata[i + 1] = all[i + 1];
        }
      g_ptr_array_insert (lines, (int)i, all[i]);
      if (!is_signed)
        expect_broken ("doubled", lines, i);
      g_ptr_array_remove_index (lines, i);
      g_ptr_array_remove_index (lines, i);
      if (!is_signed)
        expect_broken ("removed", lines, i);
    }

  /* Cut at a record, with an end made to fit: only what is known from outside tells. */
  cut = g_strdup (text);
  *strstr (cut, "{\"at\"") = '\0';
  {
    g_autofree char *none = g_strconcat (cut, "{\"end\":0}\n", NULL);

    g_assert_cmpint (run_verifier (none, FALSE, NULL), ==, 0);
    g_assert_cmpint (run_verifier (none, TRUE, NULL), ==, 1);
  }
}

/* --- Segments ----------------------------------------------------------------------------------------------------- */

static void
seal (gint64 upto)
{
  g_autofree char *sql =
      g_strdup_printf ("set royal.workspace = '%" G_GINT64_FORMAT "'; select jsonb_build_object ('workspace',"
                       " workspace, 'segment', segment, 'first', first, 'last', last, 'prev', prev, 'hash', hash,"
                       " 'at', at) from audit_next_segment (%" G_GINT64_FORMAT ")",
                       ws, upto);
  g_autofree char *row = value (sql);
  g_autoptr (JsonNode) node = royal_json_parse (row, -1, "segment", NULL);
  JsonObject *members = json_node_get_object (node);
  g_autofree char *signature = NULL;
  g_autofree char *statement = rh_checkpoints_sign (checkpoints, "royal-segment-1", members, &signature);
  g_autofree char *call = g_strdup_printf (
      "set royal.workspace = '%" G_GINT64_FORMAT "'; select audit_seal (%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
      ", %" G_GINT64_FORMAT ", '%s', '%s', '%s', '%s', 'tester'); select journal_move (10)",
      ws, royal_json_int (members, "segment", 0), royal_json_int (members, "first", 0),
      royal_json_int (members, "last", 0), royal_json_string (members, "prev", ""),
      royal_json_string (members, "hash", ""), statement, signature);

  royal_test_sql (owner, call);
}

static void
drop (gint64 segment)
{
  g_autofree char *call =
      g_strdup_printf ("set royal.workspace = '%" G_GINT64_FORMAT "'; select audit_drop (%" G_GINT64_FORMAT
                       ", repeat ('a', 64), 'tester'); select journal_move (10)",
                       ws, segment);

  royal_test_sql (owner, call);
}

static void
test_segments (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *first = NULL, *whole = NULL, *said = NULL;

  seal (4);
  seal (7);
  expect ("sealed", 0, "");
  first = export(0, 1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (run_verifier (first, FALSE, &said), ==, 0);
  g_assert_nonnull (strstr (said, "records 1 to 4"));

  drop (1);
  g_assert_cmpint (number ("select min (seq) from audit where" OURS), ==, 5);
  expect ("dropped", 0, "");
  whole = export(0, 0, &error);
  g_assert_no_error (error);
  g_clear_pointer (&said, g_free);
  if (run_verifier (whole, TRUE, &said) != 0)
    g_error ("%s", said);
  g_assert_null (export(0, 1, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_clear_error (&error);
  g_assert_null (export(0, 9, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);

  /* No record goes by itself, and none with a segment that is not signed, or does not fit. */
  royal_test_sql (owner, "do $$ begin begin delete from audit; exception when sqlstate 'RY403' then return; end;"
                         " raise exception 'allowed'; end $$");
  royal_test_sql (owner, "create table kept_segments as table audit_segments");
  keep ();
  royal_test_sql (owner, "update audit_segments set signature = repeat ('0', 128) where segment = 1");
  expect ("forged segment", 1, "not signed");
  royal_test_sql (owner, "delete from audit_segments; insert into audit_segments select * from kept_segments;"
                         "update audit_segments set last = 5 where segment = 1; delete from audit where seq = 5");
  expect ("a record more", 1, "does not fit");
  royal_test_sql (owner, "delete from audit_segments; insert into audit_segments select * from kept_segments");
  restore ();
  royal_test_sql (owner, "delete from audit_segments where segment = 1");
  expect ("no segment", 1, "missing");
  royal_test_sql (owner, "delete from audit_segments; insert into audit_segments select * from kept_segments;"
                         "drop table kept_segments");
  let_go ();
  expect ("mended", 0, "");
}

/* A walk reads all of a chain: few at a time. */
static void
test_walks (void)
{
  GAsyncResult *results[3] = { NULL };
  guint refused = 0;

  for (guint i = 0; i < 3; i++)
    rh_audit_verify_async (store, ws, checkpoints, NULL, NULL, royal_test_result, &results[i]);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GAsyncResult) done = royal_test_wait (&results[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) report = rh_audit_verify_finish (done, &error);

      refused += g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT);
      g_assert_true (report != NULL || error != NULL);
    }
  g_assert_cmpuint (refused, ==, 1);
  expect ("afterwards", 0, "");
}

int
main (int argc, char **argv)
{
  int status;

  royal_test_init (&argc, &argv);
  set_up ();
  g_test_add_func ("/audit-proof/key", test_key);
  g_test_add_func ("/audit-proof/canonical", test_canonical);
  g_test_add_func ("/audit-proof/every-change", test_every_change);
  g_test_add_func ("/audit-proof/remade", test_remade);
  g_test_add_func ("/audit-proof/export", test_export);
  g_test_add_func ("/audit-proof/segments", test_segments);
  g_test_add_func ("/audit-proof/walks", test_walks);
  status = royal_test_run ();
  g_clear_object (&checkpoints);
  g_clear_object (&store);
  g_free (owner);
  g_free (file);
  return status;
}
