/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-charter.h"

#include "rh-grants.h"
#include "rh-log.h"
#include "royal-json.h"

#define CHANNEL "royal_policy"
#define DEADLINE_S (7 * 24 * 60 * 60)

static const RhStatement load_standing = { "charter.load", "select * from standing_load ()", 0, FALSE };
static const RhStatement adopt_policy = { "policy.adopt", "select policy_adopt ($1, $2::jsonb, $3) as version", 3,
                                          TRUE };
static const RhStatement adopt_grants = { "grants.adopt", "select grants_adopt ($1, $2::jsonb, $3::int, $4) as done", 4,
                                          TRUE };
static const RhStatement narrow_breaker = { "breaker.narrow", "select breaker_narrow ($1, $2::jsonb) as more", 2,
                                            TRUE };
static const RhStatement should_ask = { "charter.should_ask", "select control_should_ask ($1, $2, $3) as n", 3, FALSE };
static const RhStatement note_asked = { "charter.asked", "select control_asked ($1, $2, $3, $4::int, $5::uuid)", 5,
                                        TRUE };

/* What an agent was granted the last time. */
typedef struct {
  JsonObject *grants;
  guint serial;
} Grant;

struct _RhCharter {
  GObject parent;

  RhStore *store;
  RhGate *gate;
  RhRegistry *registry;
  gint64 workspace;
  char *workspace_name;
  char *version;      /* (nullable): of the policy in force */
  GHashTable *grants; /* agent -> Grant */
  gboolean loading;
  gboolean again;
};

G_DEFINE_FINAL_TYPE (RhCharter, rh_charter, G_TYPE_OBJECT)

/* A change that a file asks for. */
typedef struct {
  RhCharter *charter;
  const char *action;
  char *target;
  JsonNode *parameters;
  char *digest;
  char *title;
  int n;
} Ask;

static void
grant_free (gpointer data)
{
  Grant *self = data;

  json_object_unref (self->grants);
  g_free (self);
}

static void
ask_free (Ask *self)
{
  g_object_unref (self->charter);
  g_free (self->target);
  json_node_unref (self->parameters);
  g_free (self->digest);
  g_free (self->title);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ask, ask_free)

static void
rh_charter_finalize (GObject *object)
{
  RhCharter *self = RH_CHARTER (object);

  rh_store_unlisten (self->store, self);
  g_hash_table_unref (self->grants);
  g_free (self->version);
  g_free (self->workspace_name);
  g_object_unref (self->registry);
  g_object_unref (self->gate);
  g_object_unref (self->store);
  G_OBJECT_CLASS (rh_charter_parent_class)->finalize (object);
}

static void
rh_charter_class_init (RhCharterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_charter_finalize;
}

static void
rh_charter_init (RhCharter *self)
{
  self->grants = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, grant_free);
}

RhCharter *
rh_charter_new (RhStore *store, RhGate *gate, RhRegistry *registry, gint64 workspace, const char *name)
{
  RhCharter *self;

  g_return_val_if_fail (RH_IS_STORE (store) && RH_IS_GATE (gate) && RH_IS_REGISTRY (registry) && name != NULL, NULL);

  self = g_object_new (RH_TYPE_CHARTER, NULL);
  self->store = g_object_ref (store);
  self->gate = g_object_ref (gate);
  self->registry = g_object_ref (registry);
  self->workspace = workspace;
  self->workspace_name = g_strdup (name);
  return self;
}

/* --- What is in force --------------------------------------------------------------------------------------------- */

/* An agent holds what both its file and the last grant allow; one that was never granted anything holds nothing yet. */
static void
apply_grants (RhCharter *self)
{
  g_autoptr (GPtrArray) agents = rh_registry_list (self->registry);
  g_autoptr (JsonObject) nothing = rh_grants_normal (NULL);

  for (guint i = 0; i < agents->len; i++)
    {
      const Grant *grant = g_hash_table_lookup (self->grants, rh_agent_id (agents->pdata[i]));

      rh_agent_set_standing (agents->pdata[i], grant != NULL ? grant->grants : nothing,
                             grant != NULL ? grant->serial : 0);
    }
}

static void
take_grant (RhCharter *self, const char *agent, JsonObject *grants, guint serial)
{
  Grant *grant = g_new0 (Grant, 1);

  grant->grants = rh_grants_normal (grants);
  grant->serial = serial;
  g_hash_table_replace (self->grants, g_strdup (agent), grant);
}

static void
take_grants (RhCharter *self, JsonNode *node)
{
  JsonObjectIter iter;
  const char *agent;
  JsonNode *entry;

  g_hash_table_remove_all (self->grants);
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &agent, &entry))
    take_grant (self, agent, royal_json_object (json_node_get_object (entry), "grants"),
                (guint)royal_json_int (json_node_get_object (entry), "serial", 1));
  apply_grants (self);
}

/* What this host cannot read denies: the database may hold what a newer host has put there. */
static RhPolicy *
read_policy (RhRows *rows, guint row)
{
  g_autoptr (JsonNode) document = rh_rows_is_null (rows, row, "policy") ? NULL : rh_rows_json (rows, row, "policy");
  g_autoptr (GError) error = NULL;
  RhPolicy *policy = document != NULL ? rh_policy_new (document, "the policy in force", &error) : NULL;

  if (error != NULL)
    rh_log (RH_LOG_ERROR, "charter.policy", "the policy in force cannot be read: everything is denied", "workspace",
            rh_rows_string (rows, row, "workspace"), "error", error->message, NULL);
  return policy;
}

static GPtrArray *
read_envelopes (RhRows *rows, guint row)
{
  GPtrArray *envelopes = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_envelope_free);
  g_autoptr (JsonNode) list = rh_rows_json (rows, row, "envelopes");
  JsonArray *documents = json_node_get_array (list);

  for (guint i = 0; i < json_array_get_length (documents); i++)
    {
      g_autoptr (GError) error = NULL;
      RhEnvelope *envelope = rh_envelope_new (json_array_get_element (documents, i), "an envelope in force", &error);

      if (envelope != NULL)
        g_ptr_array_add (envelopes, envelope);
      else
        rh_log (RH_LOG_ERROR, "charter.envelope", "an envelope cannot be read and lets nothing pass", "error",
                error->message, NULL);
    }
  return envelopes;
}

static void
take_rows (RhCharter *self, RhRows *rows)
{
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      gint64 workspace = rh_rows_int64 (rows, i, "workspace_id");

      if (workspace == self->workspace)
        {
          g_autoptr (JsonNode) grants = rh_rows_json (rows, i, "grants");
          g_autoptr (JsonNode) keys = rh_rows_json (rows, i, "keys");

          g_free (self->version);
          self->version = g_strdup (rh_rows_string (rows, i, "version"));
          rh_keys_take (rh_registry_keys (self->registry), json_node_get_array (keys));
          take_grants (self, grants);
        }
      rh_gate_set_standing (self->gate, workspace, read_policy (rows, i), read_envelopes (rows, i));
    }
  rh_log (RH_LOG_INFO, "charter.adopted", "what is in force was adopted", "policy", self->version, NULL);
}

static void load (RhCharter *self, GTask *task);

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhCharter *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->loading = FALSE;
  if (rows != NULL)
    take_rows (self, rows);
  if (self->again)
    load (self, NULL);
  if (rows != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* @task is (nullable) (transfer full). One at a time: what was told of meanwhile is looked at after. */
static void
load (RhCharter *self, GTask *task)
{
  self->again = self->loading;
  if (self->loading)
    {
      g_assert (task == NULL);
      return;
    }
  self->loading = TRUE;
  rh_store_call_async (self->store, &load_standing, RH_NO_WORKSPACE, NULL, NULL, on_loaded,
                       task != NULL ? task : g_task_new (self, NULL, NULL, NULL));
}

static void
on_changed (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  load (data, NULL);
}

void
rh_charter_start_async (RhCharter *self, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;

  g_return_if_fail (RH_IS_CHARTER (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_charter_start_async);
  load (self, task);
  rh_store_listen (self->store, CHANNEL, on_changed, self);
}

gboolean
rh_charter_start_finish (RhCharter *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- What the files say ------------------------------------------------------------------------------------------- */

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhCharter) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    rh_log (RH_LOG_WARNING, "charter.note", "what was adopted could not be recorded", "error", error->message, NULL);
  /* Another host may have been first. */
  load (self, NULL);
  rh_gate_kick (self->gate);
}

static void
on_submitted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Ask) ask = data;
  RhCharter *self = ask->charter;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = rh_gate_submit_finish (RH_GATE (source), result, &error);
  const char *proposal = outcome != NULL ? royal_json_string (json_node_get_object (outcome), "proposal", "") : NULL;
  g_autofree char *n = g_strdup_printf ("%d", ask->n);

  if (proposal == NULL)
    {
      rh_log (RH_LOG_WARNING, "charter.ask", "a change that a file asks for could not be proposed", "action",
              ask->action, "target", ask->target, "error", error->message, NULL);
      return;
    }
  rh_log (RH_LOG_NOTICE, "charter.asked", "a file asks for more than is in force: a person decides", "action",
          ask->action, "target", ask->target, "proposal", proposal, NULL);
  rh_store_call_async (self->store, &note_asked, self->workspace,
                       (const char *const[]){ ask->action, ask->target, ask->digest, n, proposal }, NULL, on_done,
                       g_object_ref (self));
}

static void
submit (Ask *ask)
{
  RhCharter *self = ask->charter;
  g_autofree char *unique = g_strdup_printf ("%s\n%s\n%s\n%d", ask->action, ask->target, ask->digest, ask->n);
  g_autofree char *key = g_compute_checksum_for_string (G_CHECKSUM_SHA256, unique, -1);
  g_autoptr (JsonObject) proposal = json_object_new ();
  RhSubmission submission = { .workspace = self->workspace,
                              .workspace_name = self->workspace_name,
                              .agent = "host",
                              .cluster = "platform",
                              .key = key,
                              .proposal = proposal };

  json_object_set_string_member (proposal, "action", ask->action);
  json_object_set_string_member (proposal, "target", ask->target);
  json_object_set_member (proposal, "parameters", json_node_ref (ask->parameters));
  json_object_set_string_member (proposal, "title", ask->title);
  json_object_set_int_member (proposal, "deadline_s", DEADLINE_S);
  rh_gate_submit_async (self->gate, &submission, NULL, on_submitted, ask);
}

static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Ask) ask = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    rh_log (RH_LOG_WARNING, "charter.ask", "a change that a file asks for could not be proposed", "action", ask->action,
            "target", ask->target, "error", error->message, NULL);
  else if (rh_rows_is_null (rows, 0, "n"))
    rh_log (RH_LOG_NOTICE, "charter.differs",
            "a file asks for more than is in force: that was proposed, and waits or was refused", "action", ask->action,
            "target", ask->target, NULL);
  else
    {
      ask->n = (int)rh_rows_int64 (rows, 0, "n");
      submit (g_steal_pointer (&ask));
    }
}

/* @parameters is (transfer full). */
static Ask *
ask_new (RhCharter *self, const char *action, const char *target, JsonNode *parameters, char *title)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->charter = g_object_ref (self);
  ask->action = action;
  ask->target = g_strdup (target);
  ask->parameters = parameters;
  ask->digest = royal_json_digest (parameters);
  ask->title = title;
  return ask;
}

/* @ask is (transfer full). */
static void
propose (Ask *ask)
{
  RhCharter *self = ask->charter;

  rh_store_call_async (self->store, &should_ask, self->workspace,
                       (const char *const[]){ ask->action, ask->target, ask->digest }, NULL, on_told, ask);
}

/* What is less is in force: more is asked for from there. */
static void
on_narrowed (GObject *source, GAsyncResult *result, gpointer data)
{
  Ask *ask = data;

  on_done (source, result, g_object_ref (ask->charter));
  propose (ask);
}

static JsonNode *
one_member (const char *name, JsonNode *value)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_member (object, name, value);
  json_node_take_object (node, object);
  return node;
}

static void
compare_policy (RhCharter *self, RhPolicy *policy)
{
  const char *version = rh_policy_version (policy);
  g_autofree char *text = NULL;

  if (self->version == NULL)
    {
      text = royal_json_to_string (rh_policy_document (policy));
      self->version = g_strdup (version);
      rh_gate_set_standing (self->gate, self->workspace, rh_policy_ref (policy),
                            g_ptr_array_new_with_free_func ((GDestroyNotify)rh_envelope_free));
      rh_store_call_async (self->store, &adopt_policy, self->workspace, (const char *const[]){ version, text, "host" },
                           NULL, on_done, g_object_ref (self));
    }
  else if (g_strcmp0 (self->version, version) != 0)
    propose (ask_new (self, "policy.change", "policy",
                      one_member ("document", json_node_ref (rh_policy_document (policy))),
                      g_strdup ("The policy's file differs from the policy in force")));
}

/* @then is (nullable) (transfer full): what is asked for after. */
static void
adopt (RhCharter *self, const char *agent, JsonObject *grants, guint serial, Ask *then)
{
  g_autofree char *text = rh_grants_text (grants);
  g_autofree char *number = g_strdup_printf ("%u", serial);
  const char *const params[] = { agent, text, number, "host" };

  take_grant (self, agent, grants, MAX (serial, 1));
  rh_store_call_async (self->store, &adopt_grants, self->workspace, params, NULL, then != NULL ? on_narrowed : on_done,
                       then != NULL ? (gpointer)then : g_object_ref (self));
}

static void
compare_agent (RhCharter *self, RhAgent *agent)
{
  const char *id = rh_agent_id (agent);
  JsonObject *wanted = royal_json_object (rh_agent_operator_manifest (agent), "grants");
  const Grant *grant = g_hash_table_lookup (self->grants, id);
  g_autoptr (JsonObject) both = NULL;
  g_autoptr (JsonObject) normal = rh_grants_normal (wanted);
  Ask *more = NULL;

  if (grant == NULL)
    {
      adopt (self, id, wanted, 0, NULL);
      return;
    }
  both = rh_grants_both (wanted, grant->grants);
  if (!rh_grants_equal (both, wanted))
    more = ask_new (self, "grant.change", id, one_member ("grants", json_node_init_object (json_node_alloc (), normal)),
                    g_strdup_printf ("The manifest of %s asks for more than it was granted", id));
  if (!rh_grants_equal (both, grant->grants))
    adopt (self, id, both, grant->serial, more);
  else if (more != NULL)
    propose (more);
}

static void
on_breaker (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Ask) ask = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    rh_log (RH_LOG_WARNING, "charter.breaker", "a breaker could not be set", "agent", ask->target, "error",
            error->message, NULL);
  else if (rh_rows_boolean (rows, 0, "more"))
    propose (g_steal_pointer (&ask));
}

/* The database takes what is stricter; for the rest a person is asked. */
static void
compare_breaker (RhCharter *self, RhAgent *agent)
{
  const char *id = rh_agent_id (agent);
  JsonObject *wanted = royal_json_object (rh_agent_operator_manifest (agent), "breaker");
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), wanted);
  g_autofree char *text = royal_json_to_string (node);

  rh_store_call_async (self->store, &narrow_breaker, self->workspace, (const char *const[]){ id, text }, NULL,
                       on_breaker,
                       ask_new (self, "breaker.change", id, one_member ("breaker", json_node_ref (node)),
                                g_strdup_printf ("The manifest of %s lets it do more wrong than was allowed", id)));
}

void
rh_charter_compare (RhCharter *self, RhPolicy *policy)
{
  g_autoptr (GPtrArray) agents = NULL;

  g_return_if_fail (RH_IS_CHARTER (self) && policy != NULL);

  compare_policy (self, policy);
  agents = rh_registry_list (self->registry);
  for (guint i = 0; i < agents->len; i++)
    {
      compare_agent (self, agents->pdata[i]);
      compare_breaker (self, agents->pdata[i]);
    }
  apply_grants (self);
}
