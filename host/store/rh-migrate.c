/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-log.h"
#include "rh-migrations-private.h"
#include "rh-pg.h"

#include <royal/error.h>
#include <string.h>

typedef PGconn Connection;
typedef PGresult Result;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Connection, PQfinish)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Result, PQclear)

static const char create_table[] =
    "create table if not exists schema_migrations (version int primary key, name text not null, "
    "checksum text not null, applied_at timestamptz not null default clock_timestamp ())";

/* Of the transaction: it also holds behind a pooler that shares sessions. */
static const char take_lock[] = "select pg_advisory_xact_lock (hashtext ('royal.schema_migrations'))";

static Result *
execute (Connection *connection, const char *sql, const char *const *params, GError **error)
{
  int n = params != NULL ? (int)g_strv_length ((char **)params) : 0;
  /* Only the simple protocol takes a file of many statements. */
  Result *result = n > 0 ? PQexecParams (connection, sql, n, NULL, params, NULL, NULL, 0) : PQexec (connection, sql);
  ExecStatusType status = PQresultStatus (result);

  if (result != NULL && (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK))
    return result;
  g_propagate_error (error,
                     PQstatus (connection) == CONNECTION_OK ? rh_pg_error (result) : rh_pg_error_lost (connection));
  PQclear (result);
  return NULL;
}

static gboolean
run (Connection *connection, const char *sql, GError **error)
{
  g_autoptr (Result) result = execute (connection, sql, NULL, error);

  return result != NULL;
}

static gboolean
is_true (Connection *connection, const char *sql, gboolean *ret_value, GError **error)
{
  g_autoptr (Result) result = execute (connection, sql, NULL, error);

  if (result == NULL)
    return FALSE;
  *ret_value = PQntuples (result) > 0 && strcmp (PQgetvalue (result, 0, 0), "t") == 0;
  return TRUE;
}

static Connection *
open_connection (const char *conninfo, GError **error)
{
  const char *keywords[] = { "connect_timeout", "client_encoding", "fallback_application_name", "dbname", NULL };
  const char *values[] = { "10", "UTF8", "royald", conninfo, NULL };
  g_autoptr (Connection) connection = PQconnectdbParams (keywords, values, 1);

  if (PQstatus (connection) == CONNECTION_OK)
    {
      PQsetNoticeProcessor (connection, rh_pg_take_notice, NULL);
      return g_steal_pointer (&connection);
    }
  g_propagate_error (error, rh_pg_error_unreachable (connection));
  return NULL;
}

/* Roles belong to the server, so two databases' first starts can meet here: whoever comes second finds it made. */
static gboolean
ensure_role (Connection *connection, GError **error)
{
  static const char is_there[] = "select exists (select from pg_roles where rolname = 'royal_host')";
  static const char is_member[] = "select pg_has_role (current_user, 'royal_host', 'member')";
  gboolean found, member = FALSE;
  g_autoptr (GError) why = NULL;

  if (!is_true (connection, is_there, &found, error))
    return FALSE;
  if (!found)
    {
      if (!run (connection, "create role royal_host nologin", &why))
        rh_log (RH_LOG_DEBUG, "migrations.role", "cannot make the role royal_host", "error", why->message, NULL);
      if (!is_true (connection, is_there, &found, error))
        return FALSE;
    }
  if (found && is_true (connection, is_member, &member, NULL) && !member)
    member = run (connection, "grant royal_host to current_user", NULL);
  if (member)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED,
               "%s may not make the role royal_host or become it; run this as a superuser, then start again: "
               "%sgrant royal_host to \"%s\";",
               PQuser (connection), found ? "" : "create role royal_host nologin; ", PQuser (connection));
  return FALSE;
}

/* Compares what is applied with what is known, from the first on. */
static gboolean
compare (Result *applied, GPtrArray *known, RhMigrationState *ret_state, GError **error)
{
  guint n = (guint)PQntuples (applied);

  for (guint i = 0; i < n; i++)
    {
      const char *version = PQgetvalue (applied, (int)i, 0);
      const char *name = PQgetvalue (applied, (int)i, 1);
      const RhMigration *migration = i < known->len ? g_ptr_array_index (known, i) : NULL;

      if (migration == NULL)
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                     "the database has migration %s, which this host does not know: it was made by a newer host", name);
      else if (g_ascii_strtoull (version, NULL, 10) != migration->version)
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "the database has migration %s but not %s before it",
                     name, migration->name);
      else if (strcmp (name, migration->name) != 0 ||
               strcmp (PQgetvalue (applied, (int)i, 2), migration->checksum) != 0)
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "migration %s was changed after it had been applied%s%s",
                     migration->name, strcmp (name, migration->name) != 0 ? " as " : "",
                     strcmp (name, migration->name) != 0 ? name : "");
      else
        continue;
      return FALSE;
    }
  ret_state->applied = n;
  ret_state->pending = known->len - n;
  return TRUE;
}

static gboolean
read_state (Connection *connection, GPtrArray *known, RhMigrationState *ret_state, GError **error)
{
  g_autoptr (Result) applied =
      execute (connection, "select version, name, checksum from schema_migrations order by version", NULL, error);

  return applied != NULL && compare (applied, known, ret_state, error);
}

/* Where in the file a mistake is. */
static guint
line_of_error (const Result *result, const char *sql)
{
  const char *position = PQresultErrorField (result, PG_DIAG_STATEMENT_POSITION);
  glong offset = position != NULL ? strtol (position, NULL, 10) : 0;
  guint line = 1;

  if (offset <= 0 || offset > g_utf8_strlen (sql, -1))
    return 0;
  for (const char *p = sql; p < g_utf8_offset_to_pointer (sql, offset - 1); p++)
    line += *p == '\n';
  return line;
}

static gboolean
execute_file (Connection *connection, const RhMigration *migration, GError **error)
{
  g_autoptr (Result) result = PQexec (connection, migration->sql);
  ExecStatusType status = PQresultStatus (result);
  g_autofree char *line = NULL;
  guint n;

  if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)
    {
      n = line_of_error (result, migration->sql);
      line = n > 0 ? g_strdup_printf (", line %u", n) : g_strdup ("");
      g_propagate_prefixed_error (error, rh_pg_error (result), "migration %s%s: ", migration->name, line);
      return FALSE;
    }
  if (PQtransactionStatus (connection) == PQTRANS_INTRANS)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "migration %s ends the transaction that it runs in",
               migration->name);
  return FALSE;
}

static gboolean
apply (Connection *connection, const RhMigration *migration, GError **error)
{
  g_autofree char *version = g_strdup_printf ("%u", migration->version);
  const char *params[] = { version, migration->name, migration->checksum, NULL };
  g_autoptr (Result) result = NULL;

  if (!execute_file (connection, migration, error))
    return FALSE;
  result = execute (connection, "insert into schema_migrations (version, name, checksum) values ($1, $2, $3)", params,
                    error);
  return result != NULL;
}

/* One transaction: looks under the lock where the database stands and takes it one migration further. */
static gboolean
advance (Connection *connection, GPtrArray *known, RhMigrationState *state, GError **error)
{
  const RhMigration *next;
  gboolean ok = run (connection, "begin", error) && run (connection, take_lock, error) &&
                run (connection, create_table, error) &&
                run (connection, "grant select on schema_migrations to royal_host", error) &&
                read_state (connection, known, state, error);

  next = ok && state->pending > 0 ? g_ptr_array_index (known, state->applied) : NULL;
  ok = ok && (next == NULL || apply (connection, next, error)) && run (connection, "commit", error);
  if (!ok)
    {
      run (connection, "rollback", NULL);
      return FALSE;
    }
  if (next != NULL)
    rh_log (RH_LOG_INFO, "migrations.applied", "migration applied", "migration", next->name, NULL);
  return TRUE;
}

static gboolean
check (Connection *connection, GPtrArray *known, RhMigrationState *ret_state, GError **error)
{
  gboolean found;

  if (!is_true (connection, "select to_regclass ('schema_migrations') is not null", &found, error))
    return FALSE;
  if (found)
    return read_state (connection, known, ret_state, error);
  *ret_state = (RhMigrationState){ 0, known->len };
  return TRUE;
}

static gboolean
check_numbers (GPtrArray *known, GError **error)
{
  for (guint i = 0; i < known->len; i++)
    {
      const RhMigration *migration = g_ptr_array_index (known, i);

      if (migration->version == i + 1)
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "migration %s has a gap before it: expected number %04u",
                   migration->name, i + 1);
      return FALSE;
    }
  return TRUE;
}

gboolean
rh_migrations_run (const char *conninfo,
                   GPtrArray *known,
                   gboolean check_only,
                   GCancellable *cancellable,
                   RhMigrationState *ret_state,
                   GError **error)
{
  g_autoptr (Connection) connection = NULL;
  RhMigrationState state = { 0, 0 };

  g_return_val_if_fail (conninfo != NULL && known != NULL && ret_state != NULL, FALSE);

  if (!check_numbers (known, error) || (connection = open_connection (conninfo, error)) == NULL)
    return FALSE;
  if (check_only)
    {
      if (!check (connection, known, &state, error))
        return FALSE;
    }
  else
    {
      if (!ensure_role (connection, error))
        return FALSE;
      do
        if (g_cancellable_set_error_if_cancelled (cancellable, error) || !advance (connection, known, &state, error))
          return FALSE;
      while (state.pending > 0);
    }
  *ret_state = state;
  return TRUE;
}
