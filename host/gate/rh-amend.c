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

static void
modify_inputs (GTask *task, JsonObject *original)
{
  RhGate *self = g_task_get_source_object (task);
  const Amend *amend = g_task_get_task_data (task);
  JsonObject *job = royal_json_object (original, "made_by");
  JsonObject *inputs = royal_json_object (amend->change, "inputs");
  g_autoptr (JsonNode) merged = NULL;
  g_autoptr (JsonNode) given = NULL;
  g_autofree char *merged_text = NULL;
  g_autofree char *given_text = NULL;
  GError *error = NULL;

  if (job == NULL)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                               "proposal %s was not made by a job, so there are no inputs to change", amend->proposal);
      return;
    }
  merged = merge_inputs (royal_json_object (job, "input"), inputs);
  if (!check_input (self, job, merged, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  given = node_of (inputs);
  merged_text = royal_json_to_string (merged);
  given_text = royal_json_to_string (given);
  rh_store_call_async (rh_gate_store (self), &rerun, amend->actor.workspace,
                       (const char *const[]){ amend->proposal, amend->digest, merged_text, given_text,
                                              amend->actor.name, amend->actor.via, amend->note, amend->actor.role },
                       NULL, on_amended, g_object_ref (task));
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
