/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-work.h"

#include "rh-halt.h"
#include "rh-log.h"
#include "royal-json.h"

#include <royal/error.h>

#define BACKOFF_MS 200
#define BACKOFF_MAX_MS 15000

static JsonObject *
object_of (RhRows *rows, guint row, const char *column)
{
  g_autoptr (JsonNode) node = rh_rows_json (rows, row, column);

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  return json_object_ref (json_node_get_object (node));
}

static void
find_connector (RhWork *self, RhConnectors *connectors)
{
  RhConnector *connector = rh_connectors_for_action (connectors, self->effect.action, NULL);

  self->connector = connector != NULL ? g_object_ref (connector) : NULL;
}

guint
rh_work_id_hash (gconstpointer id)
{
  const RhWorkId *self = id;
  gint64 mixed = self->effect * 31 + self->item;

  return g_int64_hash (&mixed);
}

gboolean
rh_work_id_equal (gconstpointer a, gconstpointer b)
{
  const RhWorkId *first = a, *second = b;

  return first->effect == second->effect && first->item == second->item;
}

static void
set_patience (RhWork *self, double age_s)
{
  self->effect.throttle = &self->throttle;
  self->give_up_us = g_get_monotonic_time () + (gint64)((RH_WORK_PATIENCE_S - age_s) * G_USEC_PER_SEC);
}

static void
start_span (RhWork *self, const char *parent)
{
  g_autofree char *name = NULL;

  if (parent == NULL)
    return;
  name = g_strdup_printf ("effect %s", self->effect.action);
  self->span = rh_span_start (name, RH_SPAN_CLIENT, parent);
  rh_span_set (self->span, "royal.proposal", self->proposal);
  rh_span_set (self->span, "royal.key", self->effect.key);
}

RhWork *
rh_work_new (RhRows *rows, guint row, RhConnectors *connectors)
{
  RhWork *self = g_rc_box_new0 (RhWork);

  self->id = (RhWorkId){ rh_rows_int64 (rows, row, "effect"), rh_rows_int64 (rows, row, "item") };
  self->attempt = (guint)rh_rows_int64 (rows, row, "attempt");
  self->clean = rh_rows_boolean (rows, row, "clean");
  self->proposal = g_strdup (rh_rows_string (rows, row, "proposal"));
  self->undo = g_strcmp0 (rh_rows_string (rows, row, "kind"), "undo") == 0;
  self->effect = (RhEffect){ .workspace = rh_rows_int64 (rows, row, "workspace_id"),
                             .action = g_strdup (rh_rows_string (rows, row, "action")),
                             .target = g_strdup (rh_rows_string (rows, row, "target")),
                             .key = g_strdup (rh_rows_string (rows, row, "key")),
                             .parameters = object_of (rows, row, "parameters"),
                             .before = rh_rows_json (rows, row, "before"),
                             .receipt = object_of (rows, row, "receipt") };
  find_connector (self, connectors);
  start_span (self, rh_rows_is_null (rows, row, "trace") ? NULL : rh_rows_string (rows, row, "trace"));
  set_patience (self, (double)rh_rows_int64 (rows, row, "age_s"));
  return self;
}

RhWork *
rh_work_new_started (gint64 id, const char *uid, const RhProposal *proposal, RhConnectors *connectors)
{
  JsonNode *before;
  RhWork *self;

  g_return_val_if_fail (uid != NULL && proposal != NULL && proposal->assessment != NULL, NULL);

  before = proposal->assessment->before;
  self = g_rc_box_new0 (RhWork);
  self->id.effect = id;
  self->attempt = 1;
  self->clean = TRUE;
  self->proposal = g_strdup (uid);
  self->effect = (RhEffect){ .workspace = proposal->workspace,
                             .action = g_strdup (proposal->action),
                             .target = g_strdup (proposal->target),
                             .key = g_strdup (uid),
                             .parameters = json_object_ref (proposal->parameters),
                             .before = before != NULL ? json_node_ref (before) : json_node_new (JSON_NODE_NULL) };
  find_connector (self, connectors);
  start_span (self, royal_json_string (proposal->context, "trace", NULL));
  set_patience (self, 0);
  return self;
}

RhWork *
rh_work_ref (RhWork *self)
{
  return g_rc_box_acquire (self);
}

static void
work_clear (gpointer data)
{
  RhWork *self = data;

  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_clear_object (&self->effect.cancellable);
  g_clear_object (&self->connector);
  rh_span_free (self->span);
  rh_personal_free (self->personal);
  g_clear_pointer (&self->effect.parameters, json_object_unref);
  g_clear_pointer (&self->effect.receipt, json_object_unref);
  g_clear_pointer (&self->effect.before, json_node_unref);
  g_clear_pointer (&self->receipt, json_node_unref);
  g_free ((char *)self->effect.action);
  g_free ((char *)self->effect.target);
  g_free ((char *)self->effect.key);
  g_free (self->proposal);
  g_free (self->fault);
  g_free (self->error);
}

void
rh_work_unref (RhWork *self)
{
  g_rc_box_release_full (self, work_clear);
}

gboolean
rh_work_may_begin (const RhWork *self, gint64 halted_us)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->asked_us > halted_us &&
         g_get_monotonic_time () < self->asked_us + RH_HALT_BEGIN_MS * G_GINT64_CONSTANT (1000);
}

/* Whether @receipt can be kept, and can still be read where the audit holds it, some levels down. */
static gboolean
can_keep (JsonNode *receipt)
{
  g_autoptr (JsonNode) nested = json_node_ref (receipt);

  for (guint i = 0; i < 3; i++)
    {
      JsonArray *list = json_array_new ();
      JsonNode *outer = json_node_new (JSON_NODE_ARRAY);

      json_array_add_element (list, g_steal_pointer (&nested));
      json_node_take_array (outer, list);
      nested = outer;
    }
  return JSON_NODE_HOLDS_OBJECT (receipt) && royal_json_check (nested, "receipt", NULL);
}

void
rh_work_end (RhWork *self, const char *outcome, JsonNode *receipt, const char *error)
{
  g_return_if_fail (self != NULL && outcome != NULL && self->outcome == NULL);

  if (receipt != NULL && !can_keep (receipt))
    {
      /* The effect happened: that must be told even when its receipt cannot be kept. */
      rh_bug ("a connector gave a receipt that is no proper object");
      json_node_unref (receipt);
      receipt = json_node_new (JSON_NODE_OBJECT);
      json_node_take_object (receipt, json_object_new ());
    }
  self->outcome = outcome;
  self->receipt = receipt;
  self->error = error != NULL ? g_utf8_make_valid (error, -1) : NULL; /* a peer said it */
  rh_span_set (self->span, "royal.outcome", outcome);
  rh_span_end (g_steal_pointer (&self->span), g_str_equal (outcome, "executed") ? NULL : outcome);
}

char *
rh_work_entries (GPtrArray *works)
{
  g_autoptr (JsonNode) list = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (list, json_array_sized_new (works->len));
  for (guint i = 0; i < works->len; i++)
    {
      const RhWork *work = works->pdata[i];
      JsonObject *entry = json_object_new ();

      json_object_set_int_member (entry, "ws", work->effect.workspace);
      json_object_set_int_member (entry, "effect", work->id.effect);
      json_object_set_int_member (entry, "item", work->id.item);
      json_object_set_string_member (entry, "outcome", work->outcome);
      if (work->receipt != NULL)
        {
          g_autofree char *canonical = royal_json_canonical (work->receipt);

          json_object_set_member (entry, "receipt", json_node_copy (work->receipt));
          json_object_set_string_member (entry, "canonical", canonical);
        }
      if (work->error != NULL)
        json_object_set_string_member (entry, "error", work->error);
      json_array_add_object_element (json_node_get_array (list), entry);
    }
  return royal_json_to_string (list);
}

guint
rh_work_backoff_ms (guint n)
{
  guint64 most = (guint64)BACKOFF_MS << MIN (n, 16);

  return (guint)g_random_int_range (1, (gint32)MIN (most, BACKOFF_MAX_MS) + 1);
}

RhReaction
rh_work_reaction (const GError *error)
{
  g_return_val_if_fail (error != NULL, RH_REACTION_VERIFY);

  if (error->domain != ROYAL_ERROR)
    return RH_REACTION_VERIFY;
  switch ((RoyalError)error->code)
    {
    case ROYAL_ERROR_CONFLICT:
      return RH_REACTION_STALE;
    case ROYAL_ERROR_UNAVAILABLE:
    case ROYAL_ERROR_LIMIT:
      return RH_REACTION_RETRY;
    case ROYAL_ERROR_TIMEOUT:
    case ROYAL_ERROR_CANCELLED:
    case ROYAL_ERROR_PROTOCOL:
      return RH_REACTION_VERIFY;
    case ROYAL_ERROR_FAILED:
    case ROYAL_ERROR_INVALID:
    case ROYAL_ERROR_NOT_FOUND:
    case ROYAL_ERROR_NOT_GRANTED:
    case ROYAL_ERROR_DENIED:
    default:
      return RH_REACTION_FAILED;
    }
}

RhLaneOutcome
rh_work_lane_outcome (const GError *error)
{
  if (error == NULL)
    return RH_LANE_ANSWERED;
  if (error->domain != ROYAL_ERROR)
    return RH_LANE_FAILED;
  switch ((RoyalError)error->code)
    {
    case ROYAL_ERROR_UNAVAILABLE:
    case ROYAL_ERROR_TIMEOUT:
    case ROYAL_ERROR_PROTOCOL:
      return RH_LANE_FAILED;
    default:
      return RH_LANE_ANSWERED;
    }
}

gboolean
rh_work_is_answer (RhVerify answer)
{
  return answer == RH_VERIFY_APPLIED || answer == RH_VERIFY_ABSENT || answer == RH_VERIFY_AGAIN;
}

gboolean
rh_work_can_ask_again (const GError *error)
{
  g_return_val_if_fail (error != NULL, FALSE);

  if (error->domain != ROYAL_ERROR)
    return TRUE;
  switch ((RoyalError)error->code)
    {
    case ROYAL_ERROR_UNAVAILABLE:
    case ROYAL_ERROR_LIMIT:
    case ROYAL_ERROR_TIMEOUT:
    case ROYAL_ERROR_CANCELLED:
    case ROYAL_ERROR_PROTOCOL:
      return TRUE;
    default:
      return FALSE;
    }
}

char *
rh_work_list (GPtrArray *works)
{
  g_autoptr (JsonNode) list = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (list, json_array_sized_new (works->len));
  for (guint i = 0; i < works->len; i++)
    {
      const RhWork *work = works->pdata[i];
      JsonObject *entry = json_object_new ();

      json_object_set_int_member (entry, "ws", work->effect.workspace);
      json_object_set_int_member (entry, "effect", work->id.effect);
      json_object_set_int_member (entry, "item", work->id.item);
      json_object_set_boolean_member (entry, "clean", work->clean);
      json_array_add_object_element (json_node_get_array (list), entry);
    }
  return royal_json_to_string (list);
}
