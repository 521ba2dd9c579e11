/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Where a value comes from: what the host observed, what the agent says, what would be done. */
typedef enum { RH_SOURCE_FACTS, RH_SOURCE_CLAIMS, RH_SOURCE_PARAMETERS, RH_N_SOURCES } RhSource;

/* A value as it might have been; NULL: missing. */
typedef struct {
  RhSource source;
  const char *name;
  JsonNode *value;
} RhChange;

/**
 * RhView:
 * @objects: (nullable)
 * @at_s: seconds since the epoch; 0 = not known
 * @changes: what is different from @objects
 *
 * What conditions see.
 */
typedef struct {
  JsonObject *objects[RH_N_SOURCES];
  gint64 at_s;
  const RhChange *changes;
  guint n_changes;
} RhView;

const char *rh_source_name (RhSource source);
/* "facts.x": its source, and where its name begins; FALSE when it is none. */
gboolean rh_source_parse (const char *path, RhSource *ret_source, const char **ret_name);

/* (nullable) (transfer none): JSON's null is missing too. */
JsonNode *rh_view_get (const RhView *self, RhSource source, const char *name);

G_END_DECLS
