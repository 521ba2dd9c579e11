/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* A request to the REST interface. */
typedef struct {
  const char *method;
  char *path;
  JsonNode *body; /* (nullable) */
} RhGithubRequest;

void rh_github_request_clear (RhGithubRequest *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RhGithubRequest, rh_github_request_clear)

/**
 * RhGithubAction:
 * @observe: the path that shows the state which the action changes, (transfer full); @receipt (nullable): for its inverse
 * @state: what of the answer is that state, (transfer full); @answer (nullable): it is not there
 * @is_done: whether the state is what the parameters ask for
 * @request: what makes it so
 * @undo: (nullable): what makes it as it was; the state is that of the receipt's `before` then
 *
 * One action, as its requests; @repository is `OWNER/NAME`.
 */
typedef struct {
  const char *name;
  char *(*observe) (const char *repository, JsonObject *parameters, JsonObject *receipt);
  JsonNode *(*state) (JsonObject *parameters, JsonNode *answer);
  gboolean (*is_done) (JsonObject *parameters, JsonObject *state);
  void (*request) (const char *repository, JsonObject *parameters, JsonObject *state, RhGithubRequest *out);
  void (*undo) (const char *repository, JsonObject *receipt, RhGithubRequest *out);
} RhGithubAction;

/* (nullable) (transfer none) */
const RhGithubAction *rh_github_action_find (const char *name);

G_END_DECLS
