/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What a run reads when there is no host: documents and tables from a folder or from a scenario, and a state that
 * lives as long as this object. */
typedef struct _RtFixtures RtFixtures;

/**
 * rt_fixtures_new:
 * @folder: (nullable): holds `<resource>.json` for documents and `<resource>.csv` for tables; in a file's name
 *   '/' and ':' of a resource become '_'. `state.json` there is the state to begin with.
 * @inlined: (nullable) (transfer none): resource → document, or table as rt_csv_from_json() takes it; goes first
 * @state: (nullable) (transfer none): key → value: the state to begin with; goes before the folder's
 */
RtFixtures *rt_fixtures_new (const char  *folder,
                             JsonObject  *inlined,
                             JsonObject  *state,
                             GError     **error) G_GNUC_WARN_UNUSED_RESULT;
void rt_fixtures_free (RtFixtures *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtFixtures, rt_fixtures_free)

/* (transfer full); NULL with %ROYAL_ERROR_NOT_FOUND, which says which file was missing. */
JsonNode *rt_fixtures_get (RtFixtures *self, const char *resource, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A sealed memfd that the caller closes, or -1. */
int rt_fixtures_read (RtFixtures *self, const char *resource, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* As the calls `state.get` and `state.put` answer, see docs/wire.md. */
JsonNode *rt_fixtures_state_get (RtFixtures *self, JsonObject *params, GError **error) G_GNUC_WARN_UNUSED_RESULT;
JsonNode *rt_fixtures_state_put (RtFixtures *self, JsonObject *params, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): key → value. */
JsonNode *rt_fixtures_state (RtFixtures *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
