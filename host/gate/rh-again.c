/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-again.h"

#include "rh-gate-private.h"
#include "rh-log.h"
#include "royal-json.h"

#define SWEEP_MS 5000
#define BATCH "20"

static const RhStatement again = { "gate.again", "select workspace, why, proposal from proposal_again ($1::int)", 1,
                                   RH_WRITES_ROWS };
static const RhStatement failed = { "gate.again_failed", "select proposal_again_failed ($1::uuid, $2, $3::boolean)", 3,
                                    TRUE };

struct _RhAgain {
  RhGate *gate; /* not counted: the gate's own */
  guint timer_id;
  guint soon_id;
  gboolean busy;
  gboolean more;
};

/* One that is before the gate. */
typedef struct {
  RhGate *gate;
  gint64 workspace;
  char *proposal;
  gboolean ends;
} Retrial;

static void
retrial_free (Retrial *self)
{
  g_object_unref (self->gate);
  g_free (self->proposal);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Retrial, retrial_free)

static void
on_failed (GObject *source, GAsyncResult *result, gpointer data)
{
  /* The database counts the attempts, and gives up by itself. */
  rh_rows_free (rh_store_call_finish (RH_STORE (source), result, NULL));
}

/* Whether trying once more can help. */
static gboolean
is_final (const GError *error)
{
  return !royal_error_is_unavailable (error) && !royal_error_is_timeout (error) && !royal_error_is_cancelled (error) &&
         !g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT);
}

static void
give_up (const Retrial *retrial, const char *reason, gboolean final)
{
  rh_log (RH_LOG_WARNING, "gate.again_failed", "a proposal could not be brought before the gate again", "proposal",
          retrial->proposal, "error", reason, NULL);
  rh_store_call_async (rh_gate_store (retrial->gate), &failed, retrial->workspace,
                       (const char *const[]){ retrial->proposal, reason, final ? "true" : "false" }, NULL, on_failed,
                       NULL);
}

static void
on_decided (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Retrial) retrial = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = rh_case_run_finish (result, &error);

  /* A conflict: another host has brought it, or a person. */
  if (outcome == NULL && !royal_error_is_conflict (error))
    give_up (retrial, error->message, is_final (error));
  if (outcome == NULL)
    return;
  if (retrial->ends && g_strcmp0 (royal_json_string (json_node_get_object (outcome), "state", ""), "denied") == 0)
    give_up (retrial, royal_json_string (json_node_get_object (outcome), "reason", ""), TRUE);
  rh_gate_tell (retrial->gate, outcome);
}

/* What takes the place of one that went stale. */
static RhProposal *
anew (RhGate *gate, gint64 workspace, JsonObject *original, GError **error)
{
  g_autoptr (JsonObject) grant = NULL;

  if (!rh_gate_grant_of (gate, original, &grant, error))
    return NULL;
  return rh_proposal_new_revision (original, workspace, NULL, NULL, grant, error);
}

/* What ends an effect: the approval of the effect answers for it. */
static RhProposal *
ending (gint64 workspace, JsonObject *original, GError **error)
{
  RhActor actor = { .workspace = workspace, .name = "schedule" };
  RhProposal *inverse = rh_proposal_new_inverse (original, &actor, "the effect was to last until now", error);

  if (inverse != NULL)
    inverse->covered =
        g_strdup_printf ("the end of the effect was decided with proposal %s", royal_json_string (original, "id", ""));
  return inverse;
}

static void
bring (RhAgain *self, gint64 workspace, const char *why, JsonObject *original)
{
  Retrial *retrial = g_new0 (Retrial, 1);
  g_autoptr (GError) error = NULL;
  RhProposal *proposal;

  retrial->gate = g_object_ref (self->gate);
  retrial->workspace = workspace;
  retrial->proposal = g_strdup (royal_json_string (original, "id", ""));
  retrial->ends = g_strcmp0 (why, "end") == 0;
  proposal = retrial->ends ? ending (workspace, original, &error) : anew (self->gate, workspace, original, &error);
  if (proposal != NULL)
    rh_case_run_async (rh_gate_court (self->gate), proposal, NULL, on_decided, retrial);
  else
    {
      give_up (retrial, error->message, TRUE);
      retrial_free (retrial);
    }
}

static gboolean
on_soon (gpointer data)
{
  RhAgain *self = data;

  self->soon_id = 0;
  rh_again_kick (self);
  return G_SOURCE_REMOVE;
}

static void
on_due (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhGate) gate = data;
  RhAgain *self = rh_gate_again (gate);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (self == NULL)
    return;
  self->busy = FALSE;
  if (rows == NULL && !royal_error_is_unavailable (error))
    rh_log (RH_LOG_ERROR, "gate.again", "what is due could not be asked for", "error", error->message, NULL);
  for (guint i = 0; rows != NULL && i < rh_rows_n (rows); i++)
    {
      g_autoptr (JsonNode) original = rh_rows_json (rows, i, "proposal");

      bring (self, rh_rows_int64 (rows, i, "workspace"), rh_rows_string (rows, i, "why"),
             json_node_get_object (original));
    }
  if (self->soon_id == 0 && (self->more || (rows != NULL && rh_rows_n (rows) > 0)))
    self->soon_id = g_idle_add (on_soon, self);
}

void
rh_again_kick (RhAgain *self)
{
  g_return_if_fail (self != NULL);

  self->more = self->busy;
  if (self->busy || !rh_store_is_available (rh_gate_store (self->gate)))
    return;
  self->busy = TRUE;
  rh_store_call_async (rh_gate_store (self->gate), &again, RH_NO_WORKSPACE, (const char *const[]){ BATCH }, NULL,
                       on_due, g_object_ref (self->gate));
}

static gboolean
on_sweep (gpointer data)
{
  rh_again_kick (data);
  return G_SOURCE_CONTINUE;
}

RhAgain *
rh_again_new (RhGate *gate)
{
  RhAgain *self;

  g_return_val_if_fail (RH_IS_GATE (gate), NULL);

  self = g_new0 (RhAgain, 1);
  self->gate = gate;
  self->timer_id = g_timeout_add (SWEEP_MS, on_sweep, self);
  return self;
}

void
rh_again_free (RhAgain *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_handle_id (&self->soon_id, g_source_remove);
  g_free (self);
}
