/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-condition.h"

G_BEGIN_DECLS

typedef enum { RH_CONDITION_ALL, RH_CONDITION_ANY, RH_CONDITION_NOT, RH_CONDITION_LEAF } RhConditionKind;

/* A node of the tree: a group of parts, or one comparison. */
struct _RhCondition {
  RhConditionKind kind;
  GPtrArray *parts; /* of a group; one for NOT */
  char *path;       /* of a leaf: facts.x, claims.x */
  RhLeaf leaf;      /* name points into path */
};

const char *rh_operator_name (RhOperator comparison);
/* -1: there is none of that name. */
int rh_operator_from_name (const char *name);

G_END_DECLS
