/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-shopify-place.h"

G_BEGIN_DECLS

/**
 * RhShopifyAction:
 * @kind: what the number of a target is the number of, as it stands in `gid://shopify/KIND/NUMBER`
 * @asked: (nullable) (transfer full): what the parameters come to, where they do not say it themselves
 * @observe: the operation that shows the state which the action changes; its variable `id` is the target
 * @observed_of: (nullable): its other variables, put into @variables
 * @state: (transfer full): what of the data is that state, an object; NULL: there is no such thing
 * @facts: (nullable): what else the host knows from it, put into @facts; @data is what was observed
 * @is_done: whether the state is what is @wanted
 * @change: the operation that makes it so; @root: the field of its answer
 * @variables: (transfer full): its variables
 * @inverse: (transfer full): what is wanted that it be what it was
 * @is_keyed: the peer does one key once and compares for itself: what was sent before is sent as it was, and not
 * observed
 *
 * One action, as its operations. @id is the target's whole id, @wanted the parameters, of an inverse those that
 * @inverse made.
 */
typedef struct {
  const char *name;
  const char *kind;
  JsonObject *(*asked) (const char *id, JsonObject *parameters);
  const char *observe;
  void (*observed_of) (JsonObject *wanted, JsonObject *variables);
  JsonNode *(*state) (JsonObject *data, JsonObject *wanted);
  void (*facts) (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts);
  gboolean (*is_done) (JsonObject *wanted, JsonObject *state);
  const char *change;
  const char *root;
  JsonObject *(*variables) (const char *id, JsonObject *wanted, JsonObject *state, const char *key);
  JsonObject *(*inverse) (JsonObject *before);
  gboolean is_keyed;
} RhShopifyAction;

/* (nullable) (transfer none) */
const RhShopifyAction *rh_shopify_action_find (const char *name);

G_END_DECLS
