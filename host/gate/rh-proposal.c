/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-proposal.h"

#include "rh-schemas.h"
#include "royal-json.h"

#include <string.h>

#define DEADLINE_DEFAULT_S (24 * 60 * 60)
#define DEADLINE_MAX_S (7 * 24 * 60 * 60)

static const char *const word_names[] = { "title", "description",  "reasoning", "sources",
                                          "risks", "alternatives", "priority" };

void
rh_proposal_free (RhProposal *self)
{
  if (self == NULL)
    return;
  g_free (self->workspace_name);
  g_free (self->agent);
  g_free (self->agent_version);
  g_free (self->agent_sha256);
  g_free (self->cluster);
  g_free (self->run);
  g_free (self->key);
  g_free (self->job);
  g_free (self->created_by);
  g_free (self->undoes);
  g_free (self->action);
  g_free (self->target);
  g_free (self->policy_version);
  g_clear_pointer (&self->parameters, json_object_unref);
  g_clear_pointer (&self->words, json_object_unref);
  g_clear_pointer (&self->claims, json_object_unref);
  g_clear_pointer (&self->receipt, json_object_unref);
  g_clear_pointer (&self->grant, json_object_unref);
  g_clear_pointer (&self->context, json_object_unref);
  rh_assessment_free (self->assessment);
  rh_verdict_free (self->verdict);
  g_free (self);
}

static JsonNode *
node_of (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, object);
  return node;
}

/* A copy, so that nothing that the caller still holds can change what was checked. */
static JsonObject *
copy_object (JsonObject *object)
{
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;
  JsonNode *copy;

  if (object == NULL)
    return json_object_new ();
  node = node_of (object);
  text = royal_json_to_string (node);
  copy = royal_json_parse (text, -1, "copy", NULL);
  g_assert (copy != NULL);
  object = json_object_ref (json_node_get_object (copy));
  json_node_unref (copy);
  return object;
}

static JsonObject *
pick (JsonObject *object, const char *const *names, guint n)
{
  JsonObject *picked = json_object_new ();

  for (guint i = 0; i < n; i++)
    if (json_object_has_member (object, names[i]))
      json_object_set_member (picked, names[i], json_object_dup_member (object, names[i]));
  return picked;
}

RhProposal *
rh_proposal_new (const RhSubmission *submission, GError **error)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (JsonObject) said = NULL;
  RhProposal *self;

  g_return_val_if_fail (submission != NULL && submission->proposal != NULL, NULL);
  g_return_val_if_fail (submission->agent != NULL && submission->workspace != RH_NO_WORKSPACE, NULL);

  node = node_of (submission->proposal);
  if (!royal_json_check (node, "proposal", error) || !rh_schemas_check (RH_SCHEMA_PROPOSAL, node, "proposal", error))
    return NULL;

  said = copy_object (submission->proposal);
  self = g_new0 (RhProposal, 1);
  self->workspace = submission->workspace;
  self->workspace_name = g_strdup (submission->workspace_name);
  self->agent = g_strdup (submission->agent);
  self->agent_version = g_strdup (submission->agent_version != NULL ? submission->agent_version : "");
  self->agent_sha256 = g_strdup (submission->agent_sha256 != NULL ? submission->agent_sha256 : "");
  self->cluster = g_strdup (submission->cluster != NULL ? submission->cluster : "");
  self->run = g_strdup (submission->run);
  self->key = g_strdup (submission->key);
  self->job = g_strdup (submission->job);
  self->context = submission->context != NULL ? copy_object (submission->context) : NULL;
  self->created_by = g_strdup (submission->agent);
  self->grant = submission->grant != NULL ? copy_object (submission->grant) : NULL;
  self->action = g_strdup (royal_json_string (said, "action", ""));
  self->target = g_strdup (royal_json_string (said, "target", ""));
  self->parameters = json_object_ref (royal_json_object (said, "parameters"));
  self->words = pick (said, word_names, G_N_ELEMENTS (word_names));
  self->claims = copy_object (royal_json_object (said, "claims"));
  self->deadline_s = (guint64)royal_json_int (said, "deadline_s", 0);
  return self;
}

RhProposal *
rh_proposal_new_inverse (JsonObject *original, const RhActor *actor, const char *reason, GError **error)
{
  JsonObject *effect, *receipt, *words;
  const char *state, *kind;
  g_autofree char *title = NULL;
  RhProposal *self;

  g_return_val_if_fail (original != NULL && actor != NULL, NULL);

  effect = royal_json_object (original, "effect");
  receipt = royal_json_object (effect, "receipt");
  state = royal_json_string (original, "state", "");
  kind = royal_json_string (original, "kind", "");
  if (strcmp (state, "executed") != 0 || strcmp (kind, "apply") != 0 || receipt == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                   "proposal %s is %s (%s), only an executed change can be undone",
                   royal_json_string (original, "id", ""), state, kind);
      return NULL;
    }

  words = royal_json_object (original, "words");
  title = g_strdup_printf ("Undo: %s", royal_json_string (words, "title", royal_json_string (original, "action", "")));
  self = g_new0 (RhProposal, 1);
  self->workspace = actor->workspace;
  self->workspace_name = g_strdup (royal_json_string (original, "workspace", ""));
  self->agent = g_strdup (royal_json_string (original, "agent", ""));
  self->agent_version = g_strdup (royal_json_string (original, "agent_version", ""));
  self->agent_sha256 = g_strdup (royal_json_string (original, "agent_sha256", ""));
  self->cluster = g_strdup (royal_json_string (original, "cluster", ""));
  self->created_by = g_strdup (actor->name);
  self->undoes = g_strdup (royal_json_string (original, "id", ""));
  self->action = g_strdup (royal_json_string (original, "action", ""));
  self->target = g_strdup (royal_json_string (original, "target", ""));
  self->parameters = copy_object (royal_json_object (original, "parameters"));
  self->receipt = copy_object (receipt);
  self->claims = json_object_new ();
  self->words = json_object_new ();
  json_object_set_string_member (self->words, "title", title);
  if (reason != NULL)
    json_object_set_string_member (self->words, "reasoning", reason);
  return self;
}

static void
put_string (JsonObject *object, const char *name, const char *value)
{
  if (value != NULL)
    json_object_set_string_member (object, name, value);
  else
    json_object_set_null_member (object, name);
}

static void
put_node (JsonObject *object, const char *name, JsonNode *node)
{
  json_object_set_member (object, name, node != NULL ? json_node_copy (node) : json_node_new (JSON_NODE_NULL));
}

char *
rh_proposal_digest (JsonObject *row)
{
  static const char *const members[] = { "action",         "target",     "parameters", "before", "facts",
                                         "policy_version", "expires_at", "kind",       "undoes" };
  static const char *const agent_members[][2] = { { "agent", "id" },
                                                  { "agent_version", "version" },
                                                  { "agent_sha256", "sha256" } };
  g_autoptr (JsonObject) signed_part = json_object_new ();
  g_autoptr (JsonNode) node = NULL;
  JsonObject *agent = json_object_new ();

  g_return_val_if_fail (row != NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    put_node (signed_part, members[i], json_object_get_member (row, members[i]));
  for (guint i = 0; i < G_N_ELEMENTS (agent_members); i++)
    put_node (agent, agent_members[i][1], json_object_get_member (row, agent_members[i][0]));
  json_object_set_object_member (signed_part, "agent", agent);
  node = node_of (signed_part);
  return royal_json_digest (node);
}

/* When an unanswered one expires: the rule's word, then the agent's within bounds, then the default. Written as
 * iso_time() in SQL writes it, so that whoever reads the proposal can make the digest again. */
static char *
expires_at (const RhProposal *self)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) then = NULL;
  guint64 wait_s = DEADLINE_DEFAULT_S;

  if (self->verdict->deadline_s != 0)
    wait_s = self->verdict->deadline_s;
  else if (self->deadline_s != 0)
    wait_s = MIN (self->deadline_s, DEADLINE_MAX_S);
  then = g_date_time_add_seconds (now, (double)wait_s);
  return g_date_time_format (then, "%Y-%m-%dT%H:%M:%S.%fZ");
}

/* What else the verdict says, where it does. */
static void
put_verdict (JsonObject *row, const RhVerdict *verdict)
{
  const struct {
    const char *name;
    JsonNode *node;
  } members[] = { { "asks", verdict->asks }, { "limits", verdict->limits }, { "explanation", verdict->explanation } };

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (members[i].node != NULL)
      put_node (row, members[i].name, members[i].node);
}

JsonNode *
rh_proposal_row (RhProposal *self)
{
  g_autoptr (JsonObject) row = json_object_new ();
  g_autofree char *expires = NULL;
  g_autofree char *digest = NULL;
  JsonArray *rules;

  g_return_val_if_fail (self != NULL && self->assessment != NULL && self->verdict != NULL, NULL);

  rules = json_array_new ();
  expires = expires_at (self);
  for (guint i = 0; self->verdict->rules[i] != NULL; i++)
    json_array_add_string_element (rules, self->verdict->rules[i]);
  json_object_set_string_member (row, "kind", self->undoes != NULL ? "undo" : "apply");
  put_string (row, "undoes", self->undoes);
  put_string (row, "action", self->action);
  put_string (row, "target", self->target);
  put_string (row, "agent", self->agent);
  put_string (row, "agent_version", self->agent_version);
  put_string (row, "agent_sha256", self->agent_sha256);
  put_string (row, "cluster", self->cluster);
  put_string (row, "run", self->run);
  put_string (row, "key", self->key);
  put_string (row, "job", self->job);
  if (self->context != NULL)
    json_object_set_object_member (row, "context", json_object_ref (self->context));
  put_verdict (row, self->verdict);
  put_string (row, "created_by", self->created_by);
  json_object_set_object_member (row, "parameters", json_object_ref (self->parameters));
  json_object_set_object_member (row, "words", json_object_ref (self->words));
  json_object_set_object_member (row, "claims", json_object_ref (self->claims));
  put_node (row, "before", self->assessment->before);
  put_node (row, "facts", self->assessment->facts);
  put_node (row, "preview", self->assessment->preview);
  put_string (row, "risk", rh_risk_name (self->verdict->risk));
  put_string (row, "decision", rh_decision_name (self->verdict->decision));
  json_object_set_array_member (row, "rules", rules);
  put_string (row, "reason", self->verdict->reason);
  put_string (row, "policy_version", self->policy_version);
  put_string (row, "priority", royal_json_string (self->words, "priority", "normal"));
  put_string (row, "expires_at", expires);
  digest = rh_proposal_digest (row);
  put_string (row, "digest", digest);
  return node_of (row);
}
