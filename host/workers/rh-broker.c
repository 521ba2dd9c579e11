/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-broker.h"

#include "rh-metrics.h"
#include "rh-recording.h"
#include "royal-json.h"

#include <string.h>
#include <unistd.h>

/* What one run may cost the host. */
#define CALLS_MAX 1000000
#define PROPOSALS_MAX 1000
#define STATE_KEY_MAX 128
#define STATE_VALUE_MAX 65536
#define NAME_MAX_BYTES 200

struct _RhBroker {
  RhStore *store;
  RhConnectors *connectors;
  RhGate *gate;
};

/* One call on its way. */
typedef struct {
  RhBroker *broker;
  RhRun *run;
  guint64 id;
  RhBrokerAnswer answer;
  GObject *worker;
} Call;

typedef void (*Method) (Call *call, JsonObject *params);

static const RhStatement state_get = {
  "state.get",
  "select value, version from state_get ($1, $2)",
  2,
  FALSE,
};
static const RhStatement state_put = {
  "state.put",
  "select state_put ($1, $2, $3::jsonb, $4::bigint) as version",
  4,
  TRUE,
};

static const RhStatement simulation_read = {
  "simulation.read",
  "select simulation_read ($1::uuid, $2) as recording",
  2,
  FALSE,
};

RhBroker *
rh_broker_new (RhStore *store, RhConnectors *connectors, RhGate *gate)
{
  RhBroker *self = g_new0 (RhBroker, 1);

  self->store = store != NULL ? g_object_ref (store) : NULL;
  self->connectors = connectors != NULL ? g_object_ref (connectors) : NULL;
  self->gate = gate != NULL ? g_object_ref (gate) : NULL;
  return self;
}

void
rh_broker_free (RhBroker *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->store);
  g_clear_object (&self->connectors);
  g_clear_object (&self->gate);
  g_free (self);
}

/* Takes @call. */
static void
answer (Call *call, JsonNode *result, int table_fd, const GError *error)
{
  call->answer (call->worker, call->run, call->id, result, table_fd, error);
  if (table_fd >= 0)
    close (table_fd);
  rh_run_unref (call->run);
  g_object_unref (call->worker);
  g_free (call);
}

/* Takes @call and @result or @error. */
static void
answer_taking (Call *call, JsonNode *result, GError *error)
{
  g_assert ((result != NULL) != (error != NULL));

  answer (call, result, -1, error);
  g_clear_pointer (&result, json_node_unref);
  g_clear_error (&error);
}

static void G_GNUC_PRINTF (3, 4) refuse (Call *call, RoyalError code, const char *format, ...)
{
  va_list args;
  GError *error;

  va_start (args, format);
  error = g_error_new_valist (ROYAL_ERROR, (gint)code, format, args);
  va_end (args);
  answer_taking (call, NULL, error);
}

static void
call_check (Call *call, JsonObject *params)
{
  g_autoptr (JsonNode) yes = json_node_new (JSON_NODE_NULL);

  answer (call, yes, -1, NULL);
}

/* A capability's name as a plugin sent it; NULL = refused, and @call is gone. */
static const char *
capability_of (Call *call, JsonObject *params, const char *member)
{
  const char *name = royal_json_string (params, member, NULL);

  if (name != NULL && *name != '\0' && strlen (name) <= NAME_MAX_BYTES)
    return name;
  refuse (call, ROYAL_ERROR_INVALID, "/%s: expected a string of 1 to %d bytes", member, NAME_MAX_BYTES);
  return NULL;
}

static void
refuse_grant (Call *call, const char *name, const char *const *asked)
{
  const char *agent = rh_agent_id (call->run->agent);

  refuse (call, ROYAL_ERROR_NOT_GRANTED, "agent `%s` asked for `%s`, which %s", agent, name,
          g_strv_contains (asked, name) ? "the operator has not granted" : "its manifest does not ask for");
}

/* The connector that answers a granted resource; NULL = refused, and @call is gone. */
static RhConnector *
find_resource (Call *call, const char *resource, gboolean table)
{
  RhConnector *connector;
  const RhResource *known = NULL;

  if (!rh_agent_may_read (call->run->agent, resource))
    {
      refuse_grant (call, resource, royal_manifest_reads (rh_agent_manifest (call->run->agent)));
      return NULL;
    }
  connector = rh_connectors_for_resource (call->broker->connectors, resource, &known);
  if (connector == NULL)
    {
      refuse (call, ROYAL_ERROR_UNAVAILABLE, "no connector of this host answers `%s`", resource);
      return NULL;
    }
  if (!!known->table != table)
    {
      refuse (call, ROYAL_ERROR_INVALID, "`%s` is a %s: ask for it with royal_run_%s()", resource,
              known->table ? "table" : "document", known->table ? "read" : "get");
      return NULL;
    }
  return connector;
}

static JsonObject *
parameters_of (JsonObject *params)
{
  JsonObject *parameters = royal_json_object (params, "params");

  return parameters != NULL ? json_object_ref (parameters) : json_object_new ();
}

static void
on_got (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  JsonNode *document = RH_CONNECTOR_GET_IFACE (source)->get_finish (RH_CONNECTOR (source), result, &error);

  answer_taking (data, document, error);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  int fd = RH_CONNECTOR_GET_IFACE (source)->read_finish (RH_CONNECTOR (source), result, &error);

  answer (data, NULL, fd, error);
}

/* A read on its way, while it is found out whether there is a recording. */
typedef struct {
  Call *call;
  RhConnector *connector;
  char *resource;
  JsonObject *parameters;
  gboolean table;
} Read;

/* Takes @self: looks at the world. */
static void
look (Read *self)
{
  Call *call = self->call;
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (self->connector);

  if (self->table)
    iface->read_async (self->connector, call->run->workspace, self->resource, self->parameters,
                       rh_run_calls (call->run), on_read, call);
  else
    iface->get_async (self->connector, call->run->workspace, self->resource, self->parameters, rh_run_calls (call->run),
                      on_got, call);
  g_object_unref (self->connector);
  json_object_unref (self->parameters);
  g_free (self->resource);
  g_free (self);
}

static void
on_recording (GObject *source, GAsyncResult *result, gpointer data)
{
  Read *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autoptr (JsonNode) recording = rows != NULL && rh_rows_n (rows) > 0 ? rh_rows_json (rows, 0, "recording") : NULL;
  int fd = -1;

  if (rows != NULL && recording == NULL)
    {
      look (self);
      return;
    }
  if (recording != NULL)
    error = rh_recording_error (recording);
  if (error == NULL && self->table)
    fd = rh_recording_table (recording, &error);
  if (error != NULL)
    g_prefix_error (&error, "the recording of `%s`: ", self->resource);
  answer (self->call, error == NULL && !self->table ? recording : NULL, fd, error);
  g_object_unref (self->connector);
  json_object_unref (self->parameters);
  g_free (self->resource);
  g_free (self);
}

static void
read_resource (Call *call, JsonObject *params, gboolean table)
{
  const char *resource = capability_of (call, params, "resource");
  RhConnector *connector = resource != NULL ? find_resource (call, resource, table) : NULL;
  const char *simulation;
  Read *self;

  if (connector == NULL)
    return; /* it was refused, and the call is gone */
  simulation = rh_run_simulation (call->run);
  self = g_new0 (Read, 1);
  self->call = call;
  self->connector = g_object_ref (connector);
  self->resource = g_strdup (resource);
  self->parameters = parameters_of (params);
  self->table = table;
  if (simulation != NULL)
    rh_store_call_async (call->broker->store, &simulation_read, call->run->workspace,
                         (const char *const[]){ simulation, resource }, NULL, on_recording, self);
  else
    look (self);
}

static void
call_get (Call *call, JsonObject *params)
{
  read_resource (call, params, FALSE);
}

static void
call_read (Call *call, JsonObject *params)
{
  read_resource (call, params, TRUE);
}

static void
on_submitted (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  JsonNode *outcome = rh_gate_submit_finish (RH_GATE (source), result, &error);

  answer_taking (data, outcome, error);
}

static void
call_propose (Call *call, JsonObject *params)
{
  RhRun *run = call->run;
  RhAgent *agent = run->agent;
  const char *action = capability_of (call, params, "action");
  g_autofree char *key = NULL;
  JsonObject *grant = action != NULL ? rh_agent_may_write (agent, action) : NULL;
  RhSubmission submission = {
    .workspace = run->workspace,
    .workspace_name = run->workspace_name,
    .agent = rh_agent_id (agent),
    .agent_version = rh_agent_version (agent),
    .agent_sha256 = rh_agent_sha256 (agent),
    .cluster = rh_agent_cluster (agent),
    .run = run->id,
    .job = run->job,
    .context = run->context,
    .grant = grant,
    .proposal = params,
  };

  if (action == NULL)
    return;
  if (grant == NULL)
    refuse_grant (call, action, royal_manifest_writes (rh_agent_manifest (agent)));
  else if (run->n_proposals++ >= PROPOSALS_MAX)
    refuse (call, ROYAL_ERROR_LIMIT, "a run makes at most %d proposals", PROPOSALS_MAX);
  else
    {
      key = rh_run_proposal_key (run, action, royal_json_string (params, "target", ""));
      submission.key = key;
      /* Not cancelled with the run: once it is on its way its outcome must be known. */
      rh_gate_submit_async (call->broker->gate, &submission, NULL, on_submitted, call);
    }
}

static const char *
state_key (Call *call, JsonObject *params)
{
  const char *key = royal_json_string (params, "key", NULL);

  if (key != NULL && *key != '\0' && strlen (key) <= STATE_KEY_MAX)
    return key;
  refuse (call, ROYAL_ERROR_INVALID, "/key: expected a string of 1 to %d bytes", STATE_KEY_MAX);
  return NULL;
}

static void
on_state (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  JsonObject *state;
  JsonNode *value = NULL;
  gint64 version = 0;

  if (rows == NULL)
    {
      answer_taking (data, NULL, error);
      return;
    }
  if (rh_rows_n (rows) > 0)
    {
      value = rh_rows_json (rows, 0, "value");
      version = rh_rows_int64 (rows, 0, "version");
    }
  state = json_object_new ();
  json_object_set_member (state, "value", value != NULL ? value : json_node_new (JSON_NODE_NULL));
  json_object_set_int_member (state, "version", version);
  answer_taking (data, json_node_init_object (json_node_alloc (), state), NULL);
  json_object_unref (state);
}

/* What a simulation puts is its own: nothing is stored, and the run reads it back. */
static void
put_simulated (Call *call, const char *key, JsonNode *value, gint64 version)
{
  GHashTable *state = call->run->state;
  JsonObject *kept = json_object_new ();
  JsonObject *told = json_object_new ();

  if (state == NULL)
    state = call->run->state = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_node_unref);
  json_object_set_member (kept, "value", json_node_copy (value));
  json_object_set_int_member (kept, "version", version + 1);
  g_hash_table_replace (state, g_strdup (key), json_node_init_object (json_node_alloc (), kept));
  json_object_set_int_member (told, "version", version + 1);
  answer_taking (call, json_node_init_object (json_node_alloc (), told), NULL);
  json_object_unref (kept);
  json_object_unref (told);
}

static void
call_state_get (Call *call, JsonObject *params)
{
  const char *key = state_key (call, params);
  const char *arguments[] = { rh_agent_id (call->run->agent), key };
  JsonNode *kept = key != NULL && call->run->state != NULL ? g_hash_table_lookup (call->run->state, key) : NULL;

  if (kept != NULL)
    answer_taking (call, json_node_copy (kept), NULL);
  else if (key != NULL)
    rh_store_call_async (call->broker->store, &state_get, call->run->workspace, arguments, rh_run_calls (call->run),
                         on_state, call);
}

static void
on_state_put (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  JsonObject *state;

  if (rows == NULL)
    {
      answer_taking (data, NULL, error);
      return;
    }
  state = json_object_new ();
  json_object_set_int_member (state, "version", rh_rows_int64 (rows, 0, "version"));
  answer_taking (data, json_node_init_object (json_node_alloc (), state), NULL);
  json_object_unref (state);
}

static void
call_state_put (Call *call, JsonObject *params)
{
  const char *key = state_key (call, params);
  JsonNode *value = key != NULL ? json_object_get_member (params, "value") : NULL;
  gint64 version = royal_json_int (params, "version", -1);
  g_autofree char *text = value != NULL ? royal_json_to_string (value) : NULL;
  char number[24];
  const char *arguments[] = { rh_agent_id (call->run->agent), key, text, number };

  if (key == NULL)
    return;
  if (text == NULL)
    {
      refuse (call, ROYAL_ERROR_INVALID, "/value: expected a value");
      return;
    }
  if (version < 0)
    {
      refuse (call, ROYAL_ERROR_INVALID, "/version: expected the version that was read, 0 for a new key");
      return;
    }
  if (strlen (text) > STATE_VALUE_MAX)
    {
      refuse (call, ROYAL_ERROR_LIMIT, "the value of state `%s` is %zu bytes of JSON, at most %d are kept", key,
              strlen (text), STATE_VALUE_MAX);
      return;
    }
  if (rh_run_simulation (call->run) != NULL)
    {
      put_simulated (call, key, value, version);
      return;
    }
  g_snprintf (number, sizeof number, "%" G_GINT64_FORMAT, version);
  /* Like a proposal: a write that is on its way is waited for. */
  rh_store_call_async (call->broker->store, &state_put, call->run->workspace, arguments, NULL, on_state_put, call);
}

static const struct {
  const char *name;
  Method method;
} methods[] = {
  { "check", call_check },         { "get", call_get },
  { "read", call_read },           { "propose", call_propose },
  { "state.get", call_state_get }, { "state.put", call_state_put },
};

void
rh_broker_call (RhBroker *self,
                RhRun *run,
                guint64 id,
                const char *method,
                JsonObject *params,
                RhBrokerAnswer answer_func,
                gpointer worker)
{
  Call *call;

  g_return_if_fail (self != NULL && run != NULL && method != NULL && params != NULL && answer_func != NULL);

  call = g_new0 (Call, 1);
  call->broker = self;
  call->run = rh_run_ref (run);
  call->id = id;
  call->answer = answer_func;
  call->worker = g_object_ref (worker);
  if (run->n_calls++ >= CALLS_MAX)
    {
      refuse (call, ROYAL_ERROR_LIMIT, "a run makes at most %d calls", CALLS_MAX);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    if (strcmp (methods[i].name, method) == 0)
      {
        rh_metric_add (RH_METRIC_CALLS, method, 1);
        methods[i].method (call, params);
        return;
      }
  rh_metric_add (RH_METRIC_CALLS, "unknown", 1);
  refuse (call, ROYAL_ERROR_INVALID, "this host knows no method of that name");
}
