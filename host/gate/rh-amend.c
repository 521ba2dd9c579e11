/* SPDX-License-Identifier: Apache-2.0 */
/* Undo and modify: people's requests that bring another proposal before the gate. */
#include "rh-gate-private.h"

#include "royal-json.h"

static const RhStatement get = { "gate.get", "select proposal_get ($1::uuid) as proposal", 1, FALSE };
static const RhStatement whole = { "gate.whole", "select proposal_whole ($1::uuid) as proposal", 1, FALSE };
static const RhStatement amendable = { "gate.amendable", "select proposal_amendable ($1::uuid, $2, $3, $4) as proposal",
                                       4, FALSE };
static const RhStatement rerun = { "gate.rerun",
                                   "select proposal_rerun ($1::uuid, $2, $3::jsonb, $4::jsonb, $5, $6, $7, $8)"
                                   " as proposal",
                                   8, TRUE };

typedef struct {
  RhActor actor;
  char *proposal;
  char *digest;
  char *note; /* or the reason */
  JsonObject *change;
  JsonNode *input; /* of the job that is to run again, and what is changed of it: in the open, then sealed */
  JsonNode *given;
  JsonObject *job;
  RhPersonal *personal; /* (nullable): what of them is */
} Amend;

static void
amend_free (gpointer data)
{
  Amend *self = data;

  g_free ((char *)self->actor.name);
  g_free ((char *)self->actor.via);
  g_free ((char *)self->actor.role);
  g_free (self->proposal);
  g_free (self->digest);
  g_free (self->note);
  g_clear_pointer (&self->change, json_object_unref);
  g_clear_pointer (&self->input, json_node_unref);
  g_clear_pointer (&self->given, json_node_unref);
  g_clear_pointer (&self->job, json_object_unref);
  rh_personal_free (self->personal);
  g_free (self);
}

static GTask *
amend_task (RhGate *self,
            const RhActor *actor,
            const char *proposal,
            const char *note,
            gpointer tag,
            GAsyncReadyCallback callback,
            gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  Amend *amend = g_new0 (Amend, 1);

  g_task_set_source_tag (task, tag);
  amend->actor = (RhActor){ .workspace = actor->workspace,
                            .name = g_strdup (actor->name),
                            .via = g_strdup (actor->via),
                            .role = g_strdup (actor->role) };
  amend->proposal = g_strdup (proposal);
  amend->note = g_strdup (note);
  g_task_set_task_data (task, amend, amend_free);
  if (g_uuid_string_is_valid (proposal))
    return task;
  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "no proposal is named %.64s", proposal);
  g_object_unref (task);
  return NULL;
}

static JsonNode *
proposal_of (GObject *source, GAsyncResult *result, GError **error)
{
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, error);

  return rows != NULL ? rh_rows_json (rows, 0, "proposal") : NULL;
}

static void
on_amended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *proposal = proposal_of (source, result, &error);

  if (proposal == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  rh_gate_tell (g_task_get_source_object (task), proposal);
  g_task_return_pointer (task, proposal, (GDestroyNotify)json_node_unref);
}

/* What came of it is read as it stands now. */
static void
on_decided (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Amend *amend = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) outcome = rh_case_run_finish (result, &error);
  const char *id;

  if (outcome == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  id = royal_json_string (json_node_get_object (outcome), "proposal", "");
  rh_store_call_async (rh_gate_store (g_task_get_source_object (task)), &get, amend->actor.workspace,
                       (const char *const[]){ id }, NULL, on_amended, g_object_ref (task));
}

/* Takes @proposal (nullable) or @error. */
static void
bring (GTask *task, RhProposal *proposal, GError *error)
{
  if (proposal == NULL)
    g_task_return_error (task, error);
  else
    rh_case_run_async (rh_gate_court (g_task_get_source_object (task)), proposal, NULL, on_decided,
                       g_object_ref (task));
}

/* --- Undo --------------------------------------------------------------------------------------------------------- */

static void
on_original (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Amend *amend = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) original = proposal_of (source, result, &error);
  RhProposal *inverse = NULL;

  if (original != NULL)
    inverse = rh_proposal_new_inverse (json_node_get_object (original), &amend->actor, amend->note, &error);
  bring (task, inverse, error);
}

void
rh_gate_undo_async (RhGate *self,
                    const RhActor *actor,
                    const char *proposal,
                    const char *reason,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  GTask *task;

  g_return_if_fail (RH_IS_GATE (self) && actor != NULL && proposal != NULL);

  task = amend_task (self, actor, proposal, reason, rh_gate_undo_async, callback, data);
  if (task != NULL)
    rh_store_call_async (rh_gate_store (self), &whole, actor->workspace, (const char *const[]){ proposal }, NULL,
                         on_original, task);
}

/* --- Modify ------------------------------------------------------------------------------------------------------- */

static JsonNode *
node_of (JsonObject *object)
{
  return json_node_init_object (json_node_alloc (), object);
}

/* What proposal_submit() records as an answer, and checks as one. */
static JsonObject *
modification (const Amend *amend)
{
  JsonObject *self = json_object_new ();
  const struct {
    const char *name, *value;
  } members[] = { { "actor", amend->actor.name },
                  { "via", amend->actor.via },
                  { "role", amend->actor.role },
                  { "digest", amend->digest },
                  { "note", amend->note } };

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (members[i].value != NULL)
      json_object_set_string_member (self, members[i].name, members[i].value);
  json_object_set_object_member (self, "change", json_object_ref (amend->change));
  return self;
}

static void
modify_parameters (GTask *task, JsonObject *original)
{
  RhGate *self = g_task_get_source_object (task);
  const Amend *amend = g_task_get_task_data (task);
  g_autoptr (JsonObject) grant = NULL;
  RhProposal *revision = NULL;
  GError *error = NULL;

  if (rh_gate_grant_of (self, original, &grant, &error))
    revision = rh_proposal_new_revision (original, amend->actor.workspace, &amend->actor, amend->change, grant, &error);
  if (revision != NULL)
    revision->modified = modification (amend);
  bring (task, revision, error);
}

/* The job's input with what the person gave instead. */
static JsonNode *
merge_inputs (JsonObject *input, JsonObject *inputs)
{
  g_autoptr (JsonObject) merged = json_object_new ();
  JsonObject *const sources[] = { input, inputs };
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      if (sources[i] == NULL)
        continue;
      json_object_iter_init_ordered (&iter, sources[i]);
      while (json_object_iter_next_ordered (&iter, &name, &value))
        json_object_set_member (merged, name, json_node_copy (value));
    }
  return node_of (merged);
}

/* Whether the agent's task takes @input, where the agent is known. */
static gboolean
check_input (RhGate *self, JsonObject *job, JsonNode *input, GError **error)
{
  RhRegistry *registry = rh_gate_registry (self);
  RhAgent *agent = registry != NULL ? rh_registry_find (registry, royal_json_string (job, "agent", "")) : NULL;
  const char *task = royal_json_string (job, "task", "");

  if (registry == NULL)
    return TRUE;
  if (agent != NULL && rh_agent_has_task (agent, task))
    return rh_agent_check_input (agent, task, input, error);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "agent %s and its task %s are not enabled any more",
               royal_json_string (job, "agent", ""), task);
  return FALSE;
}

/* Nothing personal is in the open. */
static void
run_again (GTask *task)
{
  const Amend *amend = g_task_get_task_data (task);
  g_autofree char *merged = royal_json_to_string (amend->input);
  g_autofree char *given = royal_json_to_string (amend->given);

  rh_store_call_async (rh_gate_store (g_task_get_source_object (task)), &rerun, amend->actor.workspace,
                       (const char *const[]){ amend->proposal, amend->digest, merged, given, amend->actor.name,
                                              amend->actor.via, amend->note, amend->actor.role },
                       NULL, on_amended, g_object_ref (task));
}

static void
on_inputs_sealed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (rh_vault_seal_finish (RH_VAULT (source), result, &error))
    run_again (task);
  else
    g_task_return_error (task, error);
}

/* What is personal in the inputs becomes known. */
static gboolean
take_inputs (RhGate *self, Amend *amend, GError **error)
{
  RhRegistry *registry = rh_gate_registry (self);
  const char *id = royal_json_string (amend->job, "agent", ""), *task = royal_json_string (amend->job, "task", "");
  RhAgent *agent = registry != NULL ? rh_registry_find (registry, id) : NULL;
  RoyalSchema *schema = agent != NULL ? rh_agent_input_classes (agent, task) : NULL;
  g_autofree char *scope = g_strconcat (id, ".", task, NULL);

  amend->personal = rh_personal_new (scope);
  return schema == NULL || (rh_personal_add (amend->personal, schema, amend->input, error) &&
                            rh_personal_add (amend->personal, schema, amend->given, error));
}

static void
merge_and_run (GTask *task)
{
  RhGate *self = g_task_get_source_object (task);
  RhVault *vault = rh_gate_vault (self);
  Amend *amend = g_task_get_task_data (task);
  JsonNode *merged = merge_inputs (json_node_get_object (amend->input), json_node_get_object (amend->given));
  GError *error = NULL;

  json_node_unref (amend->input);
  amend->input = merged;
  if (!check_input (self, amend->job, merged, &error) || !take_inputs (self, amend, &error))
    g_task_return_error (task, error);
  else if (rh_personal_is_empty (amend->personal))
    run_again (task);
  else if (vault == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                             "the inputs have personal data, which nothing here can seal");
  else
    rh_vault_seal_async (vault, amend->actor.workspace, amend->personal, on_inputs_sealed, g_object_ref (task));
}

static void
on_input_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (rh_vault_open_finish (RH_VAULT (source), result, &error))
    merge_and_run (task);
  else
    g_task_return_error (task, error);
}

static JsonNode *
copy_of (JsonObject *object)
{
  g_autoptr (JsonObject) none = json_object_new ();
  g_autoptr (JsonNode) node = node_of (object != NULL ? object : none);

  return royal_json_copy (node);
}

static void
modify_inputs (GTask *task, JsonObject *original)
{
  RhVault *vault = rh_gate_vault (g_task_get_source_object (task));
  Amend *amend = g_task_get_task_data (task);
  JsonObject *job = royal_json_object (original, "made_by");
  g_autoptr (GPtrArray) documents = g_ptr_array_new ();

  if (job == NULL)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                               "proposal %s was not made by a job, so there are no inputs to change", amend->proposal);
      return;
    }
  amend->job = json_object_ref (job);
  amend->input = copy_of (royal_json_object (job, "input"));
  amend->given = copy_of (royal_json_object (amend->change, "inputs"));
  if (rh_personal_has_token (amend->given))
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/inputs: expected values, found a sealed one");
      return;
    }
  g_ptr_array_add (documents, amend->input);
  if (vault != NULL)
    rh_vault_open_async (vault, amend->actor.workspace, documents, RH_VAULT_WORKER, NULL, on_input_opened,
                         g_object_ref (task));
  else
    merge_and_run (task);
}

static void
on_amendable (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Amend *amend = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) original = proposal_of (source, result, &error);

  if (original == NULL)
    g_task_return_error (task, error);
  else if (royal_json_object (amend->change, "inputs") != NULL)
    modify_inputs (task, json_node_get_object (original));
  else
    modify_parameters (task, json_node_get_object (original));
}

void
rh_gate_modify_async (RhGate *self,
                      const RhActor *actor,
                      const char *proposal,
                      const char *digest,
                      JsonObject *change,
                      const char *note,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  Amend *amend;
  GTask *task;

  g_return_if_fail (RH_IS_GATE (self) && actor != NULL && proposal != NULL && digest != NULL && change != NULL);

  task = amend_task (self, actor, proposal, note, rh_gate_modify_async, callback, data);
  if (task == NULL)
    return;
  if (json_object_get_size (change) != 1 ||
      (royal_json_object (change, "parameters") == NULL && royal_json_object (change, "inputs") == NULL &&
       royal_json_array (change, "items") == NULL))
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                               "a modification is of one of `parameters`, `items` and `inputs`");
      g_object_unref (task);
      return;
    }
  amend = g_task_get_task_data (task);
  amend->digest = g_strdup (digest);
  amend->change = json_object_ref (change);
  rh_store_call_async (rh_gate_store (self), &amendable, actor->workspace,
                       (const char *const[]){ proposal, digest, actor->name, actor->role }, NULL, on_amendable, task);
}
