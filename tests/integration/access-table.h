/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What stands in everything that the other workspace holds, and in no other place. */
#define ACCESS_CANARY "zqother"

/**
 * AccessRow:
 * @operation: a method and a path of docs/openapi.json
 * @roles: who may, by letters: v(iewer) (a)p(prover) o(perator) d(eveloper) a(dmin); "*" for anyone on this
 *   machine, and who has any role from elsewhere, "" for anyone at all, "~" when the handler itself tells who asks
 * @other: which of the other workspace's things stands for the path's first parameter and for the body's `%s`
 * @answer: the status with it, to an administrator of the first workspace; 0 without @other
 * @shows: asked by the other workspace itself, the same is answered by 200 and holds the canary
 * @body: with ' for "
 *
 * Said here once more and not taken from the host's own table, which is what it is held against.
 */
typedef struct {
  const char *operation;
  const char *roles;
  const char *other;
  guint answer;
  gboolean shows;
  const char *body;
} AccessRow;

/* Ended by a row without an operation. */
const AccessRow *access_rows (void);

typedef struct {
  const char *name;
  const char *sql; /* returns its id; ¤ = its workspace's number */
} AccessThing;

/* What the other workspace holds. Ended by one without a name. */
const AccessThing *access_things (void);

G_END_DECLS
