/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* How proposals of one agent under one rule went. */
typedef struct _RhTrack RhTrack;

typedef enum { RH_OUTCOME_OPEN, RH_OUTCOME_GOOD, RH_OUTCOME_BAD } RhOutcome;

/* Good: it was let happen and it held. Bad: people said no, it failed, or it was undone. */
RhOutcome rh_outcome_of (JsonObject *record);

RhTrack *rh_track_new (const char *rule, const char *agent) G_GNUC_WARN_UNUSED_RESULT;
void rh_track_free (RhTrack *self);
void rh_track_add (RhTrack *self, JsonObject *record);
/* (transfer full): as in rh_suggest_finish(). */
JsonObject *rh_track_json (RhTrack *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
