/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-turn.h"

G_BEGIN_DECLS

/* A scope of a step that is known by its path, such as `stores[3].weeks[0].order`. */
typedef struct {
  RhScope scope;
  char *prefix;
} RhTurnPlace;

/* (transfer full) (element-type RhTurnPlace): the scopes in which the step at @path stands, from the outermost. */
GPtrArray *rh_turn_places (RhTurn *self, const char *path) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
