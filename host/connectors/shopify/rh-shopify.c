/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify.h"

#include "rh-connector-operation.h"
#include "rh-connector-store.h"
#include "rh-connector-task.h"
#include "rh-log.h"
#include "rh-shopify-action.h"
#include "rh-shopify-client.h"
#include "rh-shopify-puller.h"
#include "rh-shopify-reads.h"
#include "rh-shopify-renewer.h"
#include "rh-shopify-resources.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define SCHEMAS "/royal/schema/action-shopify-"
#define IN_FLIGHT 4
#define LOOKS_MAX 7 /* within about 25 s */
#define LOOK_MS 100u
#define COST 25 /* points: of an observation and a change */

struct _RhShopify {
  GObject parent_instance;
  RhStore *store; /* (nullable) */
  RhSecrets *secrets;
  RhShopifyPuller *puller;       /* (nullable) */
  RhShopifyInstaller *installer; /* (nullable) */
  RhShopifyRenewer *renewer;     /* (nullable) */
  gint64 workspace;              /* whose mirror it is, once it was started */
  GHashTable *places;            /* name -> RhShopifyPlace */
  GPtrArray *names;              /* of the secrets that it needs */
};

static void rh_shopify_connector_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RhShopify,
                               rh_shopify,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, rh_shopify_connector_init))

static const RhAction actions[] = {
  { "shopify.collection.set", "Put a product into a collection, or take it out", SCHEMAS "collection-set.schema.json",
    .reversible = TRUE },
  { "shopify.inventory.set", "Set what is in stock", SCHEMAS "inventory-set.schema.json", .reversible = TRUE },
  { "shopify.metafield.set", "Set a metafield", SCHEMAS "metafield-set.schema.json", .reversible = TRUE },
  { "shopify.price.update", "Change a price", SCHEMAS "price-update.schema.json", .reversible = TRUE },
  { "shopify.product.archive", "Archive a product", SCHEMAS "product-archive.schema.json", .reversible = TRUE },
  { "shopify.product.create", "Make a product, as a draft", SCHEMAS "product-create.schema.json", .reversible = TRUE },
  { "shopify.product.publish", "Put a product on sale", SCHEMAS "product-publish.schema.json", .reversible = TRUE },
  { "shopify.product.update", "Change a product", SCHEMAS "product-update.schema.json", .reversible = TRUE },
  { "shopify.theme.duplicate", "Copy a theme", SCHEMAS "theme-duplicate.schema.json", .reversible = TRUE },
  { "shopify.theme.files", "Change files of a theme that is not live", SCHEMAS "theme-files.schema.json",
    .reversible = TRUE },
  { "shopify.theme.publish", "Publish a theme", SCHEMAS "theme-publish.schema.json", .reversible = TRUE },
  { "shopify.webhook.subscribe", "Have Shopify tell of a topic", SCHEMAS "webhook-subscribe.schema.json",
    .reversible = TRUE },
  { NULL },
};

/* What the peer compares for itself is not observed. */
typedef struct {
  RhOperation base;
  RhShopifyPlace *place;
  const RhShopifyAction *action;
  char *id;
  JsonNode *data;  /* (nullable): what was observed */
  JsonNode *known; /* (nullable): facts of the host's own catalog */
  guint step;      /* of its changes, the next one */
  guint done;      /* how many there were */
  guint looks;     /* how often what is not seen yet was looked for */
} Operation;

static const char *
rh_shopify_name (RhConnector *connector)
{
  return "shopify";
}

static const RhAction *
rh_shopify_actions (RhConnector *connector)
{
  return actions;
}

static const char *const *
rh_shopify_secrets (RhConnector *connector)
{
  return (const char *const *)RH_SHOPIFY (connector)->names->pdata;
}

/* (nullable) (transfer none): the shop of SHOP/…; @ret_rest points into @target. */
static RhShopifyPlace *
find_place (RhShopify *self, const char *target, const char **ret_rest, GError **error)
{
  const char *slash = strchr (target, '/');
  g_autofree char *name = slash != NULL ? g_strndup (target, (gsize)(slash - target)) : NULL;
  RhShopifyPlace *place = name != NULL ? g_hash_table_lookup (self->places, name) : NULL;

  if (place == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                 "/target: expected SHOP/NUMBER with a shop of connectors/shopify.json, found %s", target);
  *ret_rest = slash != NULL ? slash + 1 : target;
  return place;
}

/* (nullable) (transfer full): the id of a target. */
static char *
make_id (const RhShopifyAction *action, const char *rest, JsonObject *parameters)
{
  gsize digits = strspn (rest, "0123456789");

  if (action->id_of != NULL)
    return action->id_of (rest, parameters);
  if (digits == 0 || digits > 19 || rest[0] == '0' || rest[digits] != '\0')
    return NULL;
  return g_strdup_printf ("gid://shopify/%s/%s", action->kind, rest);
}

/* (nullable) (transfer full): the id, with the place of the shop. */
static char *
resolve (RhShopify *self,
         const RhShopifyAction *action,
         const char *target,
         JsonObject *parameters,
         RhShopifyPlace **ret_place,
         GError **error)
{
  const char *rest;
  RhShopifyPlace *place = find_place (self, target, &rest, error);
  char *id = place != NULL ? make_id (action, rest, parameters) : NULL;

  if (place != NULL && id == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/target: expected %s/%s, found %s", place->name,
                 action->what != NULL ? action->what : "NUMBER", target);
  *ret_place = place;
  return id;
}

static char *
rh_shopify_lane (RhConnector *connector, const char *action, const char *target, RhLaneLimits *limits)
{
  const char *rest;
  const RhShopifyPlace *place = find_place (RH_SHOPIFY (connector), target, &rest, NULL);

  if (place == NULL)
    return NULL;
  limits->in_flight = IN_FLIGHT;
  limits->rate = place->bucket.rate;
  limits->burst = place->bucket.burst;
  limits->cost = COST;
  limits->deadline_ms = 3 * place->endpoint->timeout_ms + place->settle_ms;
  return g_strdup (place->endpoint->origin);
}

static gboolean
rh_shopify_validate (RhConnector *connector,
                     const char *action,
                     const char *target,
                     JsonObject *parameters,
                     GError **error)
{
  const RhShopifyAction *found = rh_shopify_action_find (action);
  RhShopifyPlace *place;
  g_autofree char *id = NULL;

  g_return_val_if_fail (found != NULL, FALSE);

  id = resolve (RH_SHOPIFY (connector), found, target, parameters, &place, error);
  return id != NULL;
}

/* --- Results ------------------------------------------------------------------------------------------------------ */

static JsonObject *
state_of (const RhOperation *base)
{
  return base->state != NULL ? json_node_get_object (base->state) : NULL;
}

/* What the host knows itself, beside what the shop says. */
static void
put_known (JsonNode *known, JsonObject *facts)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (known == NULL || !JSON_NODE_HOLDS_OBJECT (known))
    return;
  json_object_iter_init (&iter, json_node_get_object (known));
  while (json_object_iter_next (&iter, &name, &value))
    json_object_set_member (facts, name, json_node_copy (value));
}

static void
put_facts (const RhOperation *base, JsonObject *facts)
{
  const Operation *self = (const Operation *)base;

  json_object_set_string_member (facts, "shop", self->place->shop);
  json_object_set_boolean_member (facts, "can_undo", self->action->inverse != NULL);
  if (self->action->facts != NULL)
    self->action->facts (self->place, json_node_get_object (self->data), base->wanted, facts);
  put_known (self->known, facts);
}

/* `before` is what undo restores. */
static JsonNode *
make_receipt (const RhOperation *base)
{
  const Operation *self = (const Operation *)base;
  JsonObject *receipt = json_object_new ();
  JsonNode *before = base->effect.before != NULL ? base->effect.before : base->state;

  json_object_set_string_member (receipt, "shop", self->place->shop);
  json_object_set_string_member (receipt, "id", self->id);
  if (before != NULL)
    json_object_set_member (receipt, "before", json_node_copy (before));
  return royal_json_take_object (receipt);
}

static gboolean
is_done (const RhOperation *base)
{
  return ((const Operation *)base)->action->is_done (base->wanted, state_of (base));
}

/* --- Doing -------------------------------------------------------------------------------------------------------- */

static void
note_throttle (const Operation *self, const RhThrottle *throttle)
{
  if (throttle->has_left)
    rh_effect_left (&self->base.effect, throttle->left);
  if (throttle->retry_after_ms > 0)
    rh_effect_retry_after (&self->base.effect, throttle->retry_after_ms);
}

static void next_change (GTask *task);
static void observe (GTask *task, GCancellable *cancellable);

static gboolean
on_waited (gpointer data)
{
  GTask *task = data;

  observe (task, ((const RhOperation *)g_task_get_task_data (task))->effect.cancellable);
  return G_SOURCE_REMOVE;
}

static void
observe_in_ms (GTask *task, guint ms)
{
  g_timeout_add_full (G_PRIORITY_DEFAULT, ms, on_waited, g_object_ref (task), g_object_unref);
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Operation *self = g_task_get_task_data (task);
  RhThrottle throttle = { 0 };
  GError *error = NULL;
  g_autoptr (JsonNode) answer = rh_shopify_call_finish (result, &throttle, &error);

  note_throttle (self, &throttle);
  if (answer == NULL && self->done > 0)
    error->code = ROYAL_ERROR_PROTOCOL; /* a part of it was done */
  if (answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self->done++;
  next_change (task);
}

/* The next of the operations that has something to do. */
static void
next_change (GTask *task)
{
  RhShopify *shopify = g_task_get_source_object (task);
  Operation *self = g_task_get_task_data (task);
  const RhEffect *effect = &self->base.effect;
  JsonNode *from = self->base.state != NULL ? self->base.state : effect->before;
  const RhShopifyChange *changes =
      effect->receipt != NULL && self->action->undo[0].operation != NULL ? self->action->undo : self->action->changes;
  g_autoptr (JsonObject) variables = NULL;
  RhShopifyRequest request = { .workspace = effect->workspace };

  while (variables == NULL && self->step < G_N_ELEMENTS (self->action->changes) &&
         changes[self->step].operation != NULL)
    {
      const RhShopifyChange *change = &changes[self->step++];

      variables = change->variables (self->id, self->base.wanted, json_node_get_object (from), effect->key);
      request.operation = change->operation;
      request.root = change->root;
    }
  request.variables = variables;
  if (variables != NULL)
    rh_shopify_call_async (self->place, shopify->secrets, &request, effect->cancellable, on_changed,
                           g_object_ref (task));
  else if (self->action->confirms)
    observe (task, effect->cancellable);
  else
    rh_operation_return (task);
}

static void
clear (RhOperation *base)
{
  Operation *self = (Operation *)base;

  g_free (self->id);
  g_clear_pointer (&self->data, json_node_unref);
  g_clear_pointer (&self->known, json_node_unref);
}

static gboolean
refuses (const RhOperation *base, GError **error)
{
  const Operation *self = (const Operation *)base;

  return self->action->refuses != NULL &&
         self->action->refuses (base->kind, json_node_get_object (self->data), base->wanted, error);
}

static const RhOperationClass operation_class = { .size = sizeof (Operation),
                                                  .is_done = is_done,
                                                  .facts = put_facts,
                                                  .receipt = make_receipt,
                                                  .refuses = refuses,
                                                  .change = next_change,
                                                  .clear = clear };

/* Whether the token may do what the action does, as far as Shopify says so. */
static gboolean
has_scope (const Operation *self, GError **error)
{
  JsonObject *app = royal_json_object (json_node_get_object (self->data), "currentAppInstallation");
  JsonArray *scopes = royal_json_array (app, "accessScopes");
  const char *wanted = self->action->scope;

  if (scopes == NULL || wanted == NULL || self->base.kind == RH_OPERATION_VERIFY)
    return TRUE;
  for (guint i = 0; i < json_array_get_length (scopes); i++)
    if (strcmp (royal_json_string (json_array_get_object_element (scopes, i), "handle", ""), wanted) == 0)
      return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED, "%s: the token lacks the access scope %s, which %s needs",
               self->place->name, wanted, self->action->name);
  return FALSE;
}

/* After a change: whether it is seen by now. */
static void
confirm (GTask *task, JsonNode *state)
{
  Operation *self = g_task_get_task_data (task);

  if (state != NULL && self->action->is_done (self->base.wanted, json_node_get_object (state)))
    rh_operation_return (task);
  else if (self->looks++ < LOOKS_MAX)
    observe_in_ms (task, LOOK_MS << self->looks);
  else
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "%s: Shopify took it, and does not show it",
                             self->base.effect.target);
}

static gboolean
must_settle (const Operation *self, JsonNode *state)
{
  return self->base.kind == RH_OPERATION_VERIFY && self->action->settles && self->looks == 0 &&
         !self->action->is_done (self->base.wanted, json_node_get_object (state));
}

static const RhStatement margins = { "shopify.margins", "select catalog_margins ($1, $2::jsonb) as result", 2, FALSE };

static void
on_margins (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Operation *self = g_task_get_task_data (task);
  JsonNode *state = g_steal_pointer (&self->base.state);
  GError *error = NULL;

  self->known = rh_connector_task_node (RH_CONNECTOR (source), result, &error);
  if (self->known != NULL)
    rh_operation_decide (task, state);
  else
    {
      json_node_unref (state);
      g_task_return_error (task, error);
    }
}

/* What is left of what is to be sold the shop does not know. */
static gboolean
needs_margins (RhShopify *shopify, const Operation *self)
{
  return self->base.kind == RH_OPERATION_ASSESS && self->base.effect.receipt == NULL && self->action->offers != NULL &&
         shopify->store != NULL;
}

static void
ask_margins (GTask *task, JsonNode *state)
{
  RhShopify *shopify = g_task_get_source_object (task);
  Operation *self = g_task_get_task_data (task);
  JsonObject *data = json_node_get_object (self->data);
  JsonArray *offers = self->action->offers (data, self->base.wanted);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  g_autofree char *text = NULL;
  GTask *asked;

  json_node_take_array (node, offers != NULL ? offers : json_array_new ());
  text = royal_json_to_string (node);
  g_clear_pointer (&self->base.state, json_node_unref);
  self->base.state = state;
  asked = g_task_new (shopify, NULL, on_margins, g_object_ref (task));
  g_task_set_source_tag (asked, ask_margins);
  rh_connector_store_call (
      asked, shopify->store, &margins, self->base.effect.workspace,
      (const char *const[]){ royal_json_string (royal_json_object (data, "shop"), "currencyCode", ""), text });
}

static void
take_observed (GTask *task, JsonNode *data)
{
  Operation *self = g_task_get_task_data (task);
  g_autoptr (JsonNode) state = NULL;
  GError *error = NULL;

  g_clear_pointer (&self->data, json_node_unref);
  self->data = data;
  state = self->action->state (json_node_get_object (self->data), self->base.wanted);
  if (!has_scope (self, &error))
    g_task_return_error (task, error);
  else if (self->done > 0)
    confirm (task, state);
  else if (state == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "%s: there is no %s", self->base.effect.target,
                             self->id);
  else if (must_settle (self, state))
    {
      self->looks++;
      observe_in_ms (task, self->place->settle_ms);
    }
  else if (needs_margins (g_task_get_source_object (task), self))
    ask_margins (task, g_steal_pointer (&state));
  else
    rh_operation_decide (task, g_steal_pointer (&state));
}

static void
on_observed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Operation *self = g_task_get_task_data (task);
  RhThrottle throttle = { 0 };
  GError *error = NULL;
  JsonNode *answer = rh_shopify_call_finish (result, &throttle, &error);

  note_throttle (self, &throttle);
  if (answer == NULL && self->done > 0)
    error->code = ROYAL_ERROR_PROTOCOL; /* it was changed, and is not seen */
  if (answer == NULL)
    g_task_return_error (task, error);
  else
    take_observed (task, answer);
}

static void
observe (GTask *task, GCancellable *cancellable)
{
  RhShopify *shopify = g_task_get_source_object (task);
  const Operation *self = g_task_get_task_data (task);
  g_autoptr (JsonObject) variables = json_object_new ();
  RhShopifyRequest request = { .workspace = self->base.effect.workspace,
                               .operation = self->action->observe,
                               .variables = variables,
                               .cost = self->action->cost };

  json_object_set_string_member (variables, "id", self->id);
  if (self->action->observed_of != NULL)
    self->action->observed_of (self->base.wanted, variables);
  rh_shopify_call_async (self->place, shopify->secrets, &request, cancellable, on_observed, g_object_ref (task));
}

/* (nullable) (transfer full) */
static JsonObject *
wanted_of (const RhShopifyAction *action, const RhEffect *effect, const char *id)
{
  JsonObject *before = effect->receipt != NULL ? royal_json_object (effect->receipt, "before") : NULL;

  if (effect->receipt == NULL)
    return action->asked != NULL ? action->asked (id, effect->parameters) : json_object_ref (effect->parameters);
  return action->inverse != NULL && before != NULL ? action->inverse (before) : NULL;
}

/* (nullable): NULL when the callback was told what is wrong. */
static GTask *
operation_new (RhConnector *connector,
               const RhEffect *effect,
               RhOperationKind kind,
               GAsyncReadyCallback callback,
               gpointer data)
{
  GError *error = NULL;
  RhShopifyPlace *place = NULL;
  const RhShopifyAction *action = rh_shopify_action_find (effect->action);
  g_autofree char *id =
      action != NULL ? resolve (RH_SHOPIFY (connector), action, effect->target, effect->parameters, &place, &error)
                     : NULL;
  JsonObject *wanted = id != NULL ? wanted_of (action, effect, id) : NULL;
  Operation *self;

  if (wanted == NULL)
    {
      if (error == NULL)
        error =
            g_error_new (ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected an action that can be undone", effect->action);
      g_task_report_error (connector, callback, data, operation_new, error);
      return NULL;
    }
  self = rh_operation_new (&operation_class, effect, kind, g_strconcat ("of ", effect->target, NULL), wanted);
  self->place = place;
  self->action = action;
  self->id = g_steal_pointer (&id);
  return rh_operation_task (connector, self, callback, data);
}

/* --- The interface ------------------------------------------------------------------------------------------------ */

static void
rh_shopify_assess_async (RhConnector *connector,
                         const RhEffect *effect,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  g_autoptr (GTask) task = operation_new (connector, effect, RH_OPERATION_ASSESS, callback, data);

  if (task != NULL)
    observe (task, cancellable);
}

/* With the state that was approved where the peer compares for itself. */
static void
begin (RhConnector *connector,
       const RhEffect *effect,
       RhOperationKind kind,
       GAsyncReadyCallback callback,
       gpointer data)
{
  g_autoptr (GTask) task = operation_new (connector, effect, kind, callback, data);
  const Operation *self = task != NULL ? g_task_get_task_data (task) : NULL;

  if (self == NULL)
    return;
  if (!self->action->is_keyed || effect->before == NULL)
    observe (task, effect->cancellable);
  else if (kind == RH_OPERATION_VERIFY)
    g_task_return_pointer (task, NULL, NULL);
  else
    next_change (task);
}

static void
rh_shopify_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  begin (connector, effect, RH_OPERATION_APPLY, callback, data);
}

static void
rh_shopify_undo_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  begin (connector, effect, RH_OPERATION_UNDO, callback, data);
}

static void
rh_shopify_verify_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  begin (connector, effect, RH_OPERATION_VERIFY, callback, data);
}

/* Never absent: an attempt may be on its way. But each action is harmless when it comes twice: what is set is set, or
 * Shopify does one key once. */
static RhVerify
rh_shopify_verify_finish (RhConnector *connector, GAsyncResult *result, JsonNode **ret_receipt, GError **error)
{
  return rh_connector_task_verify (connector, result, RH_VERIFY_AGAIN, ret_receipt, error);
}

static const RhResource *
rh_shopify_connector_resources (RhConnector *connector)
{
  return rh_shopify_resources;
}

static void
rh_shopify_connector_read_async (RhConnector *connector,
                                 gint64 workspace,
                                 const char *resource,
                                 JsonObject *parameters,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer data)
{
  rh_shopify_read_async (G_OBJECT (connector), RH_SHOPIFY (connector)->store, workspace, resource, parameters,
                         cancellable, callback, data);
}

static int
rh_shopify_connector_read_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  return rh_shopify_read_finish (G_OBJECT (connector), result, error);
}

static void
rh_shopify_finalize (GObject *object)
{
  RhShopify *self = RH_SHOPIFY (object);

  rh_shopify_stop (self);
  g_clear_object (&self->store);
  g_clear_object (&self->secrets);
  g_clear_object (&self->installer);
  g_hash_table_unref (self->places);
  g_ptr_array_unref (self->names);
  G_OBJECT_CLASS (rh_shopify_parent_class)->finalize (object);
}

static void
rh_shopify_class_init (RhShopifyClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_shopify_finalize;
  (void)rh_shopify_resources_get_resource (); /* or the linker would leave the schemas out of a program */
}

static void
rh_shopify_init (RhShopify *self)
{
  self->names = g_ptr_array_new ();
}

static void
rh_shopify_connector_init (RhConnectorInterface *iface)
{
  iface->name = rh_shopify_name;
  iface->actions = rh_shopify_actions;
  iface->resources = rh_shopify_connector_resources;
  iface->secrets = rh_shopify_secrets;
  iface->lane = rh_shopify_lane;
  iface->validate = rh_shopify_validate;
  iface->assess_async = rh_shopify_assess_async;
  iface->assess_finish = rh_connector_task_assessment;
  iface->apply_async = rh_shopify_apply_async;
  iface->apply_finish = rh_connector_task_node;
  iface->verify_async = rh_shopify_verify_async;
  iface->verify_finish = rh_shopify_verify_finish;
  iface->undo_async = rh_shopify_undo_async;
  iface->undo_finish = rh_connector_task_node;
  iface->read_async = rh_shopify_connector_read_async;
  iface->read_finish = rh_shopify_connector_read_finish;
}

/* The secrets without which a shop is of no use: its token, or what gets one. */
static void
add_names (RhShopify *self, RhShopifyPlace *place)
{
  if (place->app == NULL)
    g_ptr_array_add (self->names, place->token);
  else
    {
      g_ptr_array_add (self->names, place->app->id);
      g_ptr_array_add (self->names, place->app->secret);
    }
}

RhShopify *
rh_shopify_new (const char *file, RhStore *store, RhSecrets *secrets, GError **error)
{
  GHashTable *places;
  GHashTableIter iter;
  gpointer value;
  RhShopify *self;

  g_return_val_if_fail (file != NULL, NULL);

  places = rh_shopify_places_load (file, error);
  if (places == NULL)
    return NULL;
  self = g_object_new (RH_TYPE_SHOPIFY, NULL);
  self->places = places;
  self->store = store != NULL ? g_object_ref (store) : NULL;
  self->secrets = secrets != NULL ? g_object_ref (secrets) : NULL;
  g_hash_table_iter_init (&iter, places);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    add_names (self, value);
  g_ptr_array_add (self->names, NULL);
  return self;
}

void
rh_shopify_start (RhShopify *self, gint64 workspace, const char *holder)
{
  g_return_if_fail (RH_IS_SHOPIFY (self) && self->store != NULL && self->puller == NULL);

  self->workspace = workspace;
  self->puller = rh_shopify_puller_new (self->store, self->secrets, self->places, workspace, holder);
  if (self->secrets == NULL)
    return;
  self->installer = rh_shopify_installer_new (self->store, self->secrets, self->places, workspace);
  self->renewer = rh_shopify_renewer_new (self->store, self->secrets, self->places, workspace, holder);
}

RhShopifyInstaller *
rh_shopify_installer (RhShopify *self)
{
  g_return_val_if_fail (RH_IS_SHOPIFY (self), NULL);

  return self->installer;
}

static const RhStatement told = { "shopify.told", "select shopify_told ($1, $2, $3::bigint)", 3, TRUE };

static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    rh_log (RH_LOG_WARNING, "shopify.untold", "what Shopify told of was not noted", "error", error->message, NULL);
}

void
rh_shopify_told (RhShopify *self, JsonObject *happened)
{
  const char *topic = royal_json_string (happened, "event", "");
  JsonObject *body = royal_json_object (happened, "body");
  gboolean is_stock = g_str_has_prefix (topic, "inventory_levels/");
  gint64 number = royal_json_int (body, is_stock ? "inventory_item_id" : "id", 0);
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, number);

  g_return_if_fail (RH_IS_SHOPIFY (self));

  if (self->puller != NULL && number > 0)
    rh_store_call_async (self->store, &told, self->workspace,
                         (const char *const[]){ royal_json_string (happened, "source", ""), topic, text }, NULL,
                         on_told, NULL);
}

void
rh_shopify_stop (RhShopify *self)
{
  g_return_if_fail (RH_IS_SHOPIFY (self));

  g_clear_pointer (&self->puller, rh_shopify_puller_stop);
  g_clear_pointer (&self->renewer, rh_shopify_renewer_stop);
}
