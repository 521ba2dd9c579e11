/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-pg.h"

#include "rh-log.h"

#include <glib-unix.h>
#include <netdb.h>
#include <royal/error.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_TIMEOUT_MS 10000

typedef struct {
  GHashTable *parameters; /* keyword -> value */
  PGconn *connection;
  GSource *source; /* waits for the socket */
  GSource *timeout;
} Connect;

/* By prefix, the first that fits. All else is failed. */
static const struct {
  const char *prefix;
  RoyalError code;
} sqlstates[] = {
  { "RY400", ROYAL_ERROR_INVALID },  { "RY403", ROYAL_ERROR_DENIED },    { "RY404", ROYAL_ERROR_NOT_FOUND },
  { "RY409", ROYAL_ERROR_CONFLICT }, { "RY429", ROYAL_ERROR_LIMIT },     { "RY503", ROYAL_ERROR_UNAVAILABLE },
  { "57014", ROYAL_ERROR_TIMEOUT },  { "57P", ROYAL_ERROR_UNAVAILABLE }, { "08", ROYAL_ERROR_UNAVAILABLE },
  { "40", ROYAL_ERROR_UNAVAILABLE }, /* rolled back for others' sake: it can be tried again */
};

GError *
rh_pg_error (const PGresult *result)
{
  const char *state = PQresultErrorField (result, PG_DIAG_SQLSTATE);
  const char *primary = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);
  const char *detail = PQresultErrorField (result, PG_DIAG_MESSAGE_DETAIL);
  RoyalError code = ROYAL_ERROR_FAILED;

  /* libpq reports a broken connection without a state. */
  if (state == NULL)
    return g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the connection to the database was lost");
  for (guint i = 0; i < G_N_ELEMENTS (sqlstates); i++)
    if (g_str_has_prefix (state, sqlstates[i].prefix))
      {
        code = sqlstates[i].code;
        break;
      }
  return g_error_new (ROYAL_ERROR, code, "%s%s%s", primary != NULL ? primary : state, detail != NULL ? ": " : "",
                      detail != NULL ? detail : "");
}

static GError *
error_of_connection (PGconn *connection, const char *what)
{
  g_autofree char *message = g_strdup (connection != NULL ? PQerrorMessage (connection) : "no memory");

  g_strdelimit (g_strstrip (message), "\n\t", ' ');
  return g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s%s%s", what, *message != '\0' ? ": " : "", message);
}

GError *
rh_pg_error_lost (PGconn *connection)
{
  return error_of_connection (connection, "the connection to the database was lost");
}

/* libpq would print to standard error. */
void
rh_pg_take_notice (void *data, const char *message)
{
  g_autofree char *text = g_strchomp (g_strdup (message));

  rh_log (RH_LOG_DEBUG, "store.notice", text, NULL);
}

GError *
rh_pg_error_unreachable (PGconn *connection)
{
  return error_of_connection (connection, "cannot connect to the database");
}

static gpointer
cancel_thread (gpointer data)
{
  PGcancel *cancel = data;
  char why[256];

  /* The statement may have ended meanwhile; there is nobody to tell. */
  PQcancel (cancel, why, sizeof why);
  PQfreeCancel (cancel);
  return NULL;
}

void
rh_pg_abandon (PGconn *connection)
{
  PGcancel *cancel = NULL;

  if (connection == NULL)
    return;
  if (PQstatus (connection) == CONNECTION_OK && PQtransactionStatus (connection) == PQTRANS_ACTIVE)
    cancel = PQgetCancel (connection);
  if (cancel != NULL)
    g_thread_unref (g_thread_new ("pg-cancel", cancel_thread, cancel));
  PQfinish (connection);
}

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
connect_free (gpointer data)
{
  Connect *self = data;

  clear_source (&self->source);
  clear_source (&self->timeout);
  g_clear_pointer (&self->connection, PQfinish);
  g_hash_table_unref (self->parameters);
  g_free (self);
}

static void
set_default (GHashTable *parameters, const char *keyword, const char *value)
{
  if (!g_hash_table_contains (parameters, keyword))
    g_hash_table_insert (parameters, g_strdup (keyword), g_strdup (value));
}

static void
add_role (GHashTable *parameters, const char *role)
{
  const char *options = g_hash_table_lookup (parameters, "options");
  GString *out = g_string_new (options);

  g_string_append (out, options != NULL ? " -c role=" : "-c role=");
  for (const char *p = role; *p != '\0'; p++)
    {
      if (*p == ' ' || *p == '\\')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *p);
    }
  g_hash_table_insert (parameters, g_strdup ("options"), g_string_free (out, FALSE));
}

static GHashTable *
parse_conninfo (const char *conninfo, const char *role, GError **error)
{
  g_autoptr (GHashTable) parameters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  char *message = NULL;
  PQconninfoOption *options = PQconninfoParse (conninfo, &message);

  if (options == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "the database's connection string: %s",
                   message != NULL ? g_strstrip (message) : "no memory");
      PQfreemem (message);
      return NULL;
    }
  for (PQconninfoOption *o = options; o->keyword != NULL; o++)
    if (o->val != NULL)
      g_hash_table_insert (parameters, g_strdup (o->keyword), g_strdup (o->val));
  PQconninfoFree (options);

  if (role != NULL)
    add_role (parameters, role);
  g_hash_table_insert (parameters, g_strdup ("client_encoding"), g_strdup ("UTF8"));
  set_default (parameters, "fallback_application_name", "royald");
  /* Looking for Kerberos tickets can block. */
  set_default (parameters, "gssencmode", "disable");
  set_default (parameters, "keepalives_idle", "10");
  set_default (parameters, "keepalives_interval", "5");
  set_default (parameters, "keepalives_count", "3");
  set_default (parameters, "tcp_user_timeout", "30000");
  if (g_getenv ("PGHOST") != NULL && !g_hash_table_contains (parameters, "hostaddr"))
    set_default (parameters, "host", g_getenv ("PGHOST"));
  return g_steal_pointer (&parameters);
}

static gboolean
is_name (const char *host)
{
  return *host != '\0' && *host != '/' && *host != '@' && !g_hostname_is_ip_address (host);
}

static gboolean
needs_resolving (GHashTable *parameters)
{
  const char *host = g_hash_table_lookup (parameters, "host");
  g_auto (GStrv) hosts = NULL;

  if (host == NULL || g_hash_table_contains (parameters, "hostaddr"))
    return FALSE;
  hosts = g_strsplit (host, ",", -1);
  for (guint i = 0; hosts[i] != NULL; i++)
    if (is_name (hosts[i]))
      return TRUE;
  return FALSE;
}

typedef struct {
  GString *hosts;
  GString *addresses;
  GString *ports;
  guint n;
} Targets;

static void
add_target (Targets *targets, const char *host, const char *address, const char *port)
{
  /* An empty first item would not separate the list, so the count tells. */
  if (targets->n++ > 0)
    {
      g_string_append_c (targets->hosts, ',');
      g_string_append_c (targets->addresses, ',');
      g_string_append_c (targets->ports, ',');
    }
  g_string_append (targets->hosts, host);
  g_string_append (targets->addresses, address);
  g_string_append (targets->ports, port);
}

static void
add_name (Targets *targets, const char *host, const char *port)
{
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
  struct addrinfo *found = NULL;
  char address[NI_MAXHOST];

  if (getaddrinfo (host, NULL, &hints, &found) != 0)
    return;
  for (struct addrinfo *a = found; a != NULL; a = a->ai_next)
    if (getnameinfo (a->ai_addr, a->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST) == 0)
      add_target (targets, host, address, port);
  freeaddrinfo (found);
}

/* Every host becomes the list of its addresses; a name without an address drops out. */
static gboolean
resolve (GHashTable *parameters)
{
  const char *port = g_hash_table_lookup (parameters, "port");
  g_auto (GStrv) hosts = g_strsplit (g_hash_table_lookup (parameters, "host"), ",", -1);
  g_auto (GStrv) ports = g_strsplit (port != NULL ? port : "", ",", -1);
  guint n_ports = g_strv_length (ports);
  Targets targets = { g_string_new (NULL), g_string_new (NULL), g_string_new (NULL), 0 };

  for (guint i = 0; hosts[i] != NULL; i++)
    {
      const char *its_port = n_ports > 1 && i < n_ports ? ports[i] : n_ports == 1 ? ports[0] : "";

      if (is_name (hosts[i]))
        add_name (&targets, hosts[i], its_port);
      else
        add_target (&targets, hosts[i], "", its_port);
    }
  g_hash_table_insert (parameters, g_strdup ("host"), g_string_free (targets.hosts, FALSE));
  g_hash_table_insert (parameters, g_strdup ("hostaddr"), g_string_free (targets.addresses, FALSE));
  g_hash_table_insert (parameters, g_strdup ("port"), g_string_free (targets.ports, FALSE));
  return targets.n > 0;
}

static void
end_connect (GTask *task, GError *error)
{
  Connect *self = g_task_get_task_data (task);

  clear_source (&self->source);
  clear_source (&self->timeout);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&self->connection), (GDestroyNotify)PQfinish);
  g_object_unref (task);
}

static gboolean
connect_timed_out (gpointer data)
{
  end_connect (data, g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the database did not accept a connection"));
  return G_SOURCE_REMOVE;
}

static gboolean connect_step (int fd, GIOCondition condition, gpointer data);

/* libpq may go on with another socket at each step, so each waits with a source of its own. */
static void
wait_for_socket (GTask *task, GIOCondition condition)
{
  Connect *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  clear_source (&self->source);
  self->source = g_unix_fd_source_new (PQsocket (self->connection), condition);
  if (cancellable != NULL)
    {
      g_autoptr (GSource) child = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (child);
      g_source_add_child_source (self->source, child);
    }
  g_task_attach_source (task, self->source, G_SOURCE_FUNC (connect_step));
}

static gboolean
connect_step (int fd, GIOCondition condition, gpointer data)
{
  GTask *task = data;
  Connect *self = g_task_get_task_data (task);

  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      end_connect (task, g_error_new (ROYAL_ERROR, ROYAL_ERROR_CANCELLED, "cancelled"));
      return G_SOURCE_REMOVE;
    }
  switch (PQconnectPoll (self->connection))
    {
    case PGRES_POLLING_READING:
      wait_for_socket (task, G_IO_IN);
      break;
    case PGRES_POLLING_WRITING:
      wait_for_socket (task, G_IO_OUT);
      break;
    case PGRES_POLLING_OK:
      if (PQsetnonblocking (self->connection, 1) == 0)
        {
          end_connect (task, NULL);
          break;
        }
      G_GNUC_FALLTHROUGH;
    default:
      end_connect (task, rh_pg_error_unreachable (self->connection));
      break;
    }
  return G_SOURCE_REMOVE;
}

static void
begin_connect (GTask *task)
{
  Connect *self = g_task_get_task_data (task);
  guint n = g_hash_table_size (self->parameters);
  g_autofree const char **keywords = (const char **)g_hash_table_get_keys_as_array (self->parameters, NULL);
  g_autofree const char **values = g_new0 (const char *, n + 1);

  for (guint i = 0; i < n; i++)
    values[i] = g_hash_table_lookup (self->parameters, keywords[i]);
  self->connection = PQconnectStartParams (keywords, values, 0);
  if (self->connection == NULL || PQstatus (self->connection) == CONNECTION_BAD)
    {
      end_connect (task, rh_pg_error_unreachable (self->connection));
      return;
    }
  PQsetNoticeProcessor (self->connection, rh_pg_take_notice, NULL);
  self->timeout = g_timeout_source_new (CONNECT_TIMEOUT_MS);
  g_task_attach_source (task, self->timeout, connect_timed_out);
  wait_for_socket (task, G_IO_OUT);
}

static void
resolved (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;

  if (!g_task_propagate_boolean (G_TASK (result), NULL))
    end_connect (task, g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the database's host has no address"));
  else
    begin_connect (task);
}

/* Not of GTask's pool: a slow name server must not take threads from others. */
static gpointer
resolve_thread (gpointer data)
{
  g_autoptr (GTask) task = data;

  g_task_return_boolean (task, resolve (g_task_get_task_data (task)));
  return NULL;
}

void
rh_pg_connect_async (const char *conninfo,
                     const char *role,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  GTask *task;
  Connect *self;
  GHashTable *parameters;
  GError *error = NULL;

  g_return_if_fail (conninfo != NULL);

  task = g_task_new (NULL, cancellable, callback, data);
  g_task_set_source_tag (task, rh_pg_connect_async);
  parameters = parse_conninfo (conninfo, role, &error);
  if (parameters == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  self = g_new0 (Connect, 1);
  self->parameters = parameters;
  g_task_set_task_data (task, self, connect_free);
  if (needs_resolving (parameters))
    {
      GTask *names = g_task_new (NULL, NULL, resolved, task);

      g_task_set_task_data (names, g_hash_table_ref (parameters), (GDestroyNotify)g_hash_table_unref);
      g_thread_unref (g_thread_new ("pg-resolve", resolve_thread, names));
    }
  else
    begin_connect (task);
}

PGconn *
rh_pg_connect_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
