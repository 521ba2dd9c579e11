/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector-operation.h"
#include "rh-shopify-place.h"

G_BEGIN_DECLS

/**
 * RhShopifyChange:
 * @operation: (nullable): its name in graphql/; @root: the field of its answer
 * @variables: (transfer full) (nullable): its variables; NULL: there is nothing to be done by it
 */
typedef struct {
  const char *operation;
  const char *root;
  JsonObject *(*variables) (const char *id, JsonObject *wanted, JsonObject *state, const char *key);
} RhShopifyChange;

/**
 * RhShopifyAction:
 * @kind: (nullable): the target is SHOP/NUMBER, of `gid://shopify/KIND/NUMBER`
 * @id_of: in its place: (transfer full) (nullable): what the target has after `SHOP/` comes to; NULL: it is not @what it is to be
 * @scope: (nullable): the access scope that the token needs for it
 * @asked: (nullable) (transfer full): what the parameters come to, where they do not say it themselves
 * @observe: the operation that shows the state which the action changes; its variable `id` is the target
 * @cost: points that Shopify wants to be there for it; 0: as for one thing
 * @observed_of: (nullable): its other variables, put into @variables
 * @state: (transfer full): what of the data is that state, an object; NULL: there is no such thing
 * @facts: (nullable): what else the host knows from it, put into @facts; @data is what was observed
 * @offers: (nullable) (transfer full) (nullable): what is to be sold, each { sku, price }; what is left of it the host's own
 * catalog says. NULL: it is not known
 * @is_done: whether the state is what is @wanted
 * @refuses: (nullable): TRUE with @error, which says why it may not be, or not yet; also of an assessment
 * @changes: the operations that make it so, in order; @undo those of an inverse, where they are others
 * @inverse: (transfer full): what is wanted that it be what it was
 * @is_keyed: the peer does one key once and compares for itself: what was sent before is sent as it was, and not
 * observed
 * @settles: what is sent twice might be done twice: that it is not there is believed after a while only
 * @confirms: Shopify does it after it answered: it is done when it is seen
 *
 * One action, as its operations. @id is the target's whole id, @wanted the parameters, of an inverse those that
 * @inverse made.
 */
typedef struct {
  const char *name;
  const char *kind;
  char *(*id_of) (const char *rest, JsonObject *parameters);
  const char *what;
  const char *scope;
  JsonObject *(*asked) (const char *id, JsonObject *parameters);
  const char *observe;
  double cost;
  void (*observed_of) (JsonObject *wanted, JsonObject *variables);
  JsonNode *(*state) (JsonObject *data, JsonObject *wanted);
  void (*facts) (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts);
  JsonArray *(*offers) (JsonObject *data, JsonObject *wanted);
  gboolean (*is_done) (JsonObject *wanted, JsonObject *state);
  gboolean (*refuses) (RhOperationKind kind, JsonObject *data, JsonObject *wanted, GError **error);
  RhShopifyChange changes[2];
  RhShopifyChange undo[2];
  JsonObject *(*inverse) (JsonObject *before);
  gboolean is_keyed;
  gboolean settles;
  gboolean confirms;
} RhShopifyAction;

/* (nullable) (transfer none) */
const RhShopifyAction *rh_shopify_action_find (const char *name);

/* --- For its parts ------------------------------------------------------------------------------------------------- */

extern const RhShopifyAction rh_shopify_collection_set;
extern const RhShopifyAction rh_shopify_metafield_set;
extern const RhShopifyAction rh_shopify_product_archive;
extern const RhShopifyAction rh_shopify_product_create;
extern const RhShopifyAction rh_shopify_product_publish;
extern const RhShopifyAction rh_shopify_product_update;
extern const RhShopifyAction rh_shopify_theme_duplicate;
extern const RhShopifyAction rh_shopify_theme_files;
extern const RhShopifyAction rh_shopify_theme_publish;
extern const RhShopifyAction rh_shopify_webhook_subscribe;

/* Copies @member of @from, which may be NULL or lack it, as @name of @to. */
void rh_shopify_copy (JsonObject *from, const char *member, JsonObject *to, const char *name);
/* (nullable) (transfer none): the only object of a list. */
JsonObject *rh_shopify_only (JsonArray *list);
/* (transfer full): { @member: @text } */
JsonObject *rh_shopify_one (const char *member, const char *text);
/* An inverse: what was observed is what is wanted again. */
JsonObject *rh_shopify_as_it_was (JsonObject *before);

G_END_DECLS
