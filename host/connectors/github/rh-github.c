/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-github.h"

#include "rh-connector-operation.h"
#include "rh-connector-task.h"
#include "rh-github-client.h"
#include "rh-github-resources.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define SCHEMAS "/royal/schema/action-github-"

struct _RhGithub {
  GObject parent_instance;
  RhGithubClient *client;
  GHashTable *places; /* name -> RhGithubPlace */
  GPtrArray *names;   /* of the secrets that it needs */
};

static void rh_github_connector_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RhGithub,
                               rh_github,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, rh_github_connector_init))

static const RhAction actions[] = {
  { "github.pull_request.open", "Open a pull request", SCHEMAS "pull-request-open.schema.json", .reversible = TRUE },
  { "github.pull_request.update", "Change a pull request", SCHEMAS "pull-request-update.schema.json",
    .reversible = TRUE },
  { "github.pull_request.label", "Label a pull request", SCHEMAS "pull-request-label.schema.json", .reversible = TRUE },
  { "github.pull_request.merge", "Merge a pull request", SCHEMAS "pull-request-merge.schema.json" },
  { "github.status.set", "Set the status of a commit", SCHEMAS "status-set.schema.json" },
  { "github.release.create", "Publish a release", SCHEMAS "release-create.schema.json", .reversible = TRUE },
  { NULL },
};

typedef struct {
  RhOperation base;
  const RhGithubPlace *place;
  const RhGithubAction *action;
} Operation;

static const char *
rh_github_name (RhConnector *connector)
{
  return "github";
}

static const RhAction *
rh_github_actions (RhConnector *connector)
{
  return actions;
}

static const char *const *
rh_github_secrets (RhConnector *connector)
{
  return (const char *const *)RH_GITHUB (connector)->names->pdata;
}

/* GitHub asks that requests which change something come one after the other. */
static char *
rh_github_lane (RhConnector *connector, const char *action, const char *target, RhLaneLimits *limits)
{
  const RhGithubPlace *place = g_hash_table_lookup (RH_GITHUB (connector)->places, target);

  if (place == NULL)
    return NULL;
  limits->in_flight = 1;
  limits->rate = 1;
  limits->burst = 20;
  limits->deadline_ms = 3 * place->endpoint->timeout_ms;
  return g_strdup_printf ("%s as %s", place->endpoint->origin, place->account);
}

static const RhGithubPlace *
find_place (RhGithub *self, const char *target, GError **error)
{
  const RhGithubPlace *place = g_hash_table_lookup (self->places, target);

  if (place == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                 "/target: expected a repository of connectors/github.json, found %s", target);
  return place;
}

static gboolean
rh_github_validate (RhConnector *connector,
                    const char *action,
                    const char *target,
                    JsonObject *parameters,
                    GError **error)
{
  if (find_place (RH_GITHUB (connector), target, error) == NULL)
    return FALSE;
  if (json_object_has_member (parameters, "head") &&
      g_strcmp0 (royal_json_string (parameters, "head", NULL), royal_json_string (parameters, "base", NULL)) == 0)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/head: expected another branch than base");
  else if (strcmp (action, "github.pull_request.update") == 0 && json_object_get_size (parameters) < 2)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, ": expected one of title, body and state");
  else
    return TRUE;
  return FALSE;
}

/* --- What an answer means ----------------------------------------------------------------------------------------- */

static RoyalError
meaning_of (const RhHttpAnswer *answer, gboolean is_read)
{
  switch (answer->status)
    {
    case 401:
      return ROYAL_ERROR_DENIED;
    case 403: /* both limits are told like this, and with when to come back */
      return answer->retry_after_ms > 0 ? ROYAL_ERROR_LIMIT : ROYAL_ERROR_DENIED;
    case 404:
    case 410:
      return ROYAL_ERROR_NOT_FOUND;
    case 409:
      return ROYAL_ERROR_CONFLICT;
    case 429:
      return ROYAL_ERROR_LIMIT;
    default:
      if (answer->status >= 500)
        return is_read ? ROYAL_ERROR_UNAVAILABLE : ROYAL_ERROR_PROTOCOL;
      return ROYAL_ERROR_FAILED;
    }
}

/* (transfer full): what GitHub says is wrong, with the first of what it lists. */
static char *
words_of (const RhHttpAnswer *answer)
{
  JsonObject *body =
      answer->json != NULL && JSON_NODE_HOLDS_OBJECT (answer->json) ? json_node_get_object (answer->json) : NULL;
  JsonArray *errors = body != NULL ? royal_json_array (body, "errors") : NULL;
  JsonNode *first = errors != NULL && json_array_get_length (errors) > 0 ? json_array_get_element (errors, 0) : NULL;
  const char *more = first != NULL && JSON_NODE_HOLDS_OBJECT (first)
                         ? royal_json_string (json_node_get_object (first), "message", NULL)
                         : NULL;
  const char *message = body != NULL ? royal_json_string (body, "message", "") : "";

  return g_strdup_printf ("%.300s%s%.300s", message, more != NULL ? ": " : "", more != NULL ? more : "");
}

static void
fail (GTask *task, const RhHttpAnswer *answer, gboolean is_read)
{
  const Operation *self = g_task_get_task_data (task);
  g_autofree char *words = words_of (answer);
  RoyalError code = meaning_of (answer, is_read);

  g_task_return_new_error (task, ROYAL_ERROR, (int)code, "%s: GitHub answered %u: %s", self->place->name,
                           answer->status, words);
}

/* --- Results ------------------------------------------------------------------------------------------------------ */

static JsonObject *
state_of (const Operation *self)
{
  return json_node_get_object (self->base.state);
}

static void
put_facts (const RhOperation *base, JsonObject *facts)
{
  const Operation *self = (const Operation *)base;
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_set_string_member (facts, "repository", self->place->repository);
  json_object_set_boolean_member (facts, "can_undo", self->action->undo != NULL);
  json_object_iter_init (&iter, state_of (self));
  while (json_object_iter_next (&iter, &name, &value))
    if (JSON_NODE_HOLDS_VALUE (value) && strcmp (name, "body") != 0)
      json_object_set_member (facts, name, json_node_copy (value));
}

/* Of the state as it is afterwards. `before` is what undo restores. */
static JsonNode *
make_receipt (const RhOperation *base)
{
  const Operation *self = (const Operation *)base;
  JsonObject *receipt = json_object_new ();
  JsonObject *from = json_object_has_member (state_of (self), "number") ? state_of (self) : base->effect.parameters;

  json_object_set_string_member (receipt, "repository", self->place->repository);
  if (json_object_has_member (from, "number"))
    json_object_set_member (receipt, "number", json_object_dup_member (from, "number"));
  if (base->effect.before != NULL)
    json_object_set_member (receipt, "before", json_node_copy (base->effect.before));
  return royal_json_take_object (receipt);
}

static gboolean
is_done (const RhOperation *base)
{
  const Operation *self = (const Operation *)base;
  JsonNode *before = base->effect.receipt != NULL ? json_object_get_member (base->effect.receipt, "before") : NULL;

  if (base->effect.receipt != NULL)
    return before != NULL && json_node_equal (before, base->state);
  return self->action->is_done (base->effect.parameters, state_of (self));
}

/* --- Doing -------------------------------------------------------------------------------------------------------- */

static void
call (GTask *task,
      const char *method,
      const char *path,
      JsonNode *body,
      GCancellable *cancellable,
      GAsyncReadyCallback callback)
{
  RhGithub *self = g_task_get_source_object (task);
  const Operation *operation = g_task_get_task_data (task);
  RhGithubRequest request = { .method = method, .path = (char *)path, .body = body };

  rh_github_client_send_async (self->client, operation->place, operation->base.effect.workspace, &request, cancellable,
                               callback, g_object_ref (task));
}

/* (nullable) (transfer full): the answer; what GitHub said of its limits is told, also beside an answer that is good.
 */
static RhHttpAnswer *
take_answer (const Operation *self, GAsyncResult *result, gboolean *ret_sent, GError **error)
{
  guint retry_after_ms = 0;
  RhHttpAnswer *answer = rh_github_client_send_finish (result, ret_sent, &retry_after_ms, error);

  if (retry_after_ms > 0)
    rh_effect_retry_after (&self->base.effect, retry_after_ms);
  return answer;
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Operation *self = g_task_get_task_data (task);
  gboolean sent = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhHttpAnswer) answer = take_answer (self, result, &sent, &error);

  if (answer == NULL && sent)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "%s", error->message);
  else if (answer == NULL && royal_error_is_timeout (error))
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "%s", error->message);
  else if (answer == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (answer->status < 200 || answer->status >= 300)
    fail (task, answer, FALSE);
  else
    {
      json_node_unref (self->base.state);
      self->base.state = self->action->state (self->base.effect.parameters, answer->json);
      rh_operation_return (task);
    }
}

static void
change (GTask *task)
{
  const Operation *self = g_task_get_task_data (task);
  g_auto (RhGithubRequest) request = { 0 };

  if (self->base.kind == RH_OPERATION_UNDO)
    self->action->undo (self->place->repository, self->base.effect.receipt, &request);
  else
    self->action->request (self->place->repository, self->base.effect.parameters, state_of (self), &request);
  call (task, request.method, request.path, request.body, self->base.effect.cancellable, on_changed);
}

/* A release that is not there is a state; any other that is not there is a wrong number. */
static gboolean
may_be_absent (const Operation *self)
{
  return strcmp (self->action->name, "github.release.create") == 0;
}

static void
on_observed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Operation *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (RhHttpAnswer) answer = take_answer (self, result, NULL, &error);
  gboolean is_absent = answer != NULL && answer->status == 404 && may_be_absent (self);

  if (answer == NULL && royal_error_is_timeout (error))
    error->code = ROYAL_ERROR_UNAVAILABLE; /* nothing was changed */
  if (answer == NULL)
    g_task_return_error (task, error);
  else if (!is_absent && answer->status != 200)
    fail (task, answer, TRUE);
  else
    rh_operation_decide (task, self->action->state (self->base.effect.parameters, is_absent ? NULL : answer->json));
}

static const RhOperationClass operation_class = { .size = sizeof (Operation),
                                                  .is_done = is_done,
                                                  .facts = put_facts,
                                                  .receipt = make_receipt,
                                                  .change = change };

/* (transfer full): what is to be, of an inverse what was. */
static JsonObject *
wanted_of (const RhEffect *effect)
{
  JsonObject *before = effect->receipt != NULL ? royal_json_object (effect->receipt, "before") : effect->parameters;

  return before != NULL ? json_object_ref (before) : json_object_new ();
}

static void
begin (RhConnector *connector,
       const RhEffect *effect,
       RhOperationKind kind,
       GCancellable *cancellable,
       GAsyncReadyCallback callback,
       gpointer data)
{
  GError *error = NULL;
  const RhGithubPlace *place = find_place (RH_GITHUB (connector), effect->target, &error);
  const RhGithubAction *action = rh_github_action_find (effect->action);
  g_autoptr (GTask) task = NULL;
  g_autofree char *path = NULL;
  Operation *self;

  if (place == NULL || action == NULL || (kind == RH_OPERATION_UNDO && action->undo == NULL))
    {
      if (error == NULL)
        error =
            g_error_new (ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected an action that can be undone", effect->action);
      g_task_report_error (connector, callback, data, begin, error);
      return;
    }
  self = rh_operation_new (&operation_class, effect, kind, g_strconcat ("in ", place->repository, NULL),
                           wanted_of (effect));
  self->place = place;
  self->action = action;
  task = rh_operation_task (connector, self, callback, data);
  path = action->observe (place->repository, effect->parameters, effect->receipt);
  call (task, "GET", path, NULL, cancellable, on_observed);
}

/* --- The interface ------------------------------------------------------------------------------------------------ */

static void
rh_github_assess_async (RhConnector *connector,
                        const RhEffect *effect,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  begin (connector, effect, RH_OPERATION_ASSESS, cancellable, callback, data);
}

static void
rh_github_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  begin (connector, effect, RH_OPERATION_APPLY, effect->cancellable, callback, data);
}

static void
rh_github_undo_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  begin (connector, effect, RH_OPERATION_UNDO, effect->cancellable, callback, data);
}

static void
rh_github_verify_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  begin (connector, effect, RH_OPERATION_VERIFY, effect->cancellable, callback, data);
}

/* Never absent: an attempt may be on its way. But each action is harmless when it comes twice: GitHub refuses a second
 * pull request or release of the same name, and all others set what is set. */
static RhVerify
rh_github_verify_finish (RhConnector *connector, GAsyncResult *result, JsonNode **ret_receipt, GError **error)
{
  return rh_connector_task_verify (connector, result, RH_VERIFY_AGAIN, ret_receipt, error);
}

static void
rh_github_finalize (GObject *object)
{
  RhGithub *self = RH_GITHUB (object);

  g_clear_pointer (&self->client, rh_github_client_free);
  g_hash_table_unref (self->places);
  g_ptr_array_unref (self->names);
  G_OBJECT_CLASS (rh_github_parent_class)->finalize (object);
}

static void
rh_github_class_init (RhGithubClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_github_finalize;
  (void)rh_github_resources_get_resource (); /* or the linker would leave the schemas out of a program */
}

static void
rh_github_init (RhGithub *self)
{
  self->names = g_ptr_array_new ();
}

static void
rh_github_connector_init (RhConnectorInterface *iface)
{
  iface->name = rh_github_name;
  iface->actions = rh_github_actions;
  iface->secrets = rh_github_secrets;
  iface->lane = rh_github_lane;
  iface->validate = rh_github_validate;
  iface->assess_async = rh_github_assess_async;
  iface->assess_finish = rh_connector_task_assessment;
  iface->apply_async = rh_github_apply_async;
  iface->apply_finish = rh_connector_task_node;
  iface->verify_async = rh_github_verify_async;
  iface->verify_finish = rh_github_verify_finish;
  iface->undo_async = rh_github_undo_async;
  iface->undo_finish = rh_connector_task_node;
}

RhGithub *
rh_github_new (const char *file, RhSecrets *secrets, GError **error)
{
  GHashTable *places;
  GHashTableIter iter;
  gpointer value;
  RhGithub *self;

  g_return_val_if_fail (file != NULL, NULL);

  places = rh_github_places_load (file, error);
  if (places == NULL)
    return NULL;
  self = g_object_new (RH_TYPE_GITHUB, NULL);
  self->places = places;
  self->client = rh_github_client_new (secrets);
  g_hash_table_iter_init (&iter, places);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (self->names, ((RhGithubPlace *)value)->secret);
  g_ptr_array_add (self->names, NULL);
  return self;
}
