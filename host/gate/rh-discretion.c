/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-discretion.h"

#include "royal-json.h"

static const char *const observed[] = { "before", "facts", "preview" };

static JsonNode *
node_of (JsonObject *object)
{
  return json_node_init_object (json_node_alloc (), object);
}

/* Where @name of an observation stands. */
static JsonNode **
place_of (RhAssessment *assessment, guint i)
{
  JsonNode **const places[] = { &assessment->before, &assessment->facts, &assessment->preview };

  return places[i];
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

/* The array that each item's approved state is in, since that may be sealed as a whole. */
typedef struct {
  RhProposal *proposal;
  JsonNode *approved;
} Opening;

static void
opening_free (gpointer data)
{
  Opening *self = data;

  json_node_unref (self->approved);
  g_free (self);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Opening *self = g_task_get_task_data (task);
  JsonArray *approved = json_node_get_array (self->approved);
  GError *error = NULL;

  if (!rh_vault_open_finish (RH_VAULT (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < self->proposal->items->len; i++)
    {
      RhItem *item = self->proposal->items->pdata[i];

      if (item->approved == NULL)
        continue;
      json_node_unref (item->approved);
      item->approved = json_array_dup_element (approved, i);
    }
  g_task_return_boolean (task, TRUE);
}

void
rh_discretion_open_async (RhVault *vault, RhProposal *proposal, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GPtrArray) documents = g_ptr_array_new_with_free_func ((GDestroyNotify)json_node_unref);
  JsonArray *approved = json_array_new ();
  Opening *self = g_new0 (Opening, 1);

  g_return_if_fail (proposal != NULL);

  task = g_task_new (NULL, NULL, callback, data);
  g_task_set_source_tag (task, rh_discretion_open_async);
  self->proposal = proposal;
  self->approved = json_node_init_array (json_node_alloc (), approved);
  json_array_unref (approved);
  g_task_set_task_data (task, self, opening_free);
  if (vault == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  for (guint i = 0; i < proposal->items->len; i++)
    {
      RhItem *item = proposal->items->pdata[i];

      g_ptr_array_add (documents, node_of (item->parameters));
      if (item->receipt != NULL)
        g_ptr_array_add (documents, node_of (item->receipt));
      json_array_add_element (approved, item->approved != NULL ? royal_json_copy (item->approved)
                                                               : json_node_new (JSON_NODE_NULL));
    }
  g_ptr_array_add (documents, json_node_ref (self->approved));
  rh_vault_open_async (vault, proposal->workspace, documents, RH_VAULT_CONNECTOR, NULL, on_opened,
                       g_steal_pointer (&task));
}

gboolean
rh_discretion_open_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- What is personal --------------------------------------------------------------------------------------------- */

/* (transfer full): { "parameters", "receipt"? } */
static JsonNode *
given (const RhItem *item)
{
  g_autoptr (JsonObject) document = json_object_new ();

  json_object_set_object_member (document, "parameters", json_object_ref (item->parameters));
  if (item->receipt != NULL)
    json_object_set_object_member (document, "receipt", json_object_ref (item->receipt));
  return node_of (document);
}

static gboolean
refuse_target (const RhPersonal *personal, const char *target, GError **error)
{
  if (!rh_personal_is_in (personal, target))
    return FALSE;
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "proposal: /target: expected nothing personal: a target is told everywhere, and this one holds "
                       "what a personal parameter does");
  return TRUE;
}

static gboolean
refuse_targets (const RhProposal *proposal, const RhPersonal *personal, GError **error)
{
  if (refuse_target (personal, proposal->target, error))
    return TRUE;
  for (guint i = 0; i < proposal->items->len; i++)
    if (refuse_target (personal, ((RhItem *)proposal->items->pdata[i])->target, error))
      return TRUE;
  return FALSE;
}

RhPersonal *
rh_discretion_known (RhProposal *proposal, RhConnector *connector, const RhAction *action, GError **error)
{
  g_autoptr (RhPersonal) personal = rh_personal_new (action->name);
  JsonObject *const written[] = { proposal->words, proposal->claims };

  for (guint i = 0; i < proposal->items->len; i++)
    {
      const RhItem *item = proposal->items->pdata[i];
      g_autoptr (JsonNode) document = given (item);

      rh_personal_next (personal, NULL);
      if (!rh_classes_add (personal, connector, action, item->target, document, FALSE, error))
        return NULL;
    }
  if (refuse_targets (proposal, personal, error))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (written); i++)
    {
      g_autoptr (JsonNode) node = node_of (written[i]);

      rh_personal_mask_node (personal, node);
    }
  return g_steal_pointer (&personal);
}

/* --- Sealing ------------------------------------------------------------------------------------------------------ */

typedef struct {
  RhProposal *proposal;
  RhPersonal *personal;
  GPtrArray *documents; /* JsonNode: of each item { "parameters", "before", "facts", "preview" } */
} Sealing;

static void
sealing_free (gpointer data)
{
  Sealing *self = data;

  rh_personal_free (self->personal);
  g_ptr_array_unref (self->documents);
  g_free (self);
}

static gboolean
add_item (Sealing *self, RhConnector *connector, const RhAction *action, const RhItem *item, GError **error)
{
  JsonNode *document = given (item);
  JsonObject *object = json_node_get_object (document);

  /* What it undoes is sealed already where it is kept. */
  json_object_remove_member (object, "receipt");
  for (guint i = 0; i < G_N_ELEMENTS (observed); i++)
    json_object_set_member (object, observed[i], royal_json_copy (*place_of (item->assessment, i)));
  g_ptr_array_add (self->documents, document);
  rh_personal_next (self->personal, NULL);
  return rh_classes_add (self->personal, connector, action, item->target, document, TRUE, error);
}

/* What a person wants instead is recorded with the answer. */
static gboolean
add_change (Sealing *self, RhConnector *connector, const RhAction *action, GError **error)
{
  RhProposal *proposal = self->proposal;
  g_autoptr (JsonNode) node = node_of (proposal->modified);
  g_autoptr (JsonNode) copy = royal_json_copy (node);
  JsonObject *change;
  JsonArray *items;

  json_object_unref (proposal->modified);
  proposal->modified = json_object_ref (json_node_get_object (copy));
  change = royal_json_object (proposal->modified, "change");
  items = royal_json_array (change, "items");
  for (guint i = 0; i < (items != NULL ? json_array_get_length (items) : 1); i++)
    {
      g_autoptr (JsonNode) one = items != NULL ? json_node_ref (json_array_get_element (items, i)) : node_of (change);

      rh_personal_next (self->personal, NULL);
      if (!rh_classes_add (self->personal, connector, action, proposal->target, one, TRUE, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
collect (Sealing *self, RhConnector *connector, const RhAction *action, GError **error)
{
  for (guint i = 0; i < self->proposal->items->len; i++)
    if (!add_item (self, connector, action, self->proposal->items->pdata[i], error))
      return FALSE;
  return self->proposal->modified == NULL || royal_json_object (self->proposal->modified, "change") == NULL ||
         add_change (self, connector, action, error);
}

static void
on_sealed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Sealing *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!rh_vault_seal_finish (RH_VAULT (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  /* The parameters are the item's own object; what was observed is put back. */
  for (guint i = 0; i < self->documents->len; i++)
    for (guint n = 0; n < G_N_ELEMENTS (observed); n++)
      {
        RhAssessment *assessment = ((RhItem *)self->proposal->items->pdata[i])->assessment;

        json_node_unref (*place_of (assessment, n));
        *place_of (assessment, n) =
            json_object_dup_member (json_node_get_object (self->documents->pdata[i]), observed[n]);
      }
  g_task_return_boolean (task, TRUE);
}

void
rh_discretion_seal_async (RhVault *vault,
                          RhProposal *proposal,
                          RhConnector *connector,
                          const RhAction *action,
                          GAsyncReadyCallback callback,
                          gpointer data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  Sealing *self = g_new0 (Sealing, 1);

  g_return_if_fail (proposal != NULL && connector != NULL && action != NULL);

  task = g_task_new (NULL, NULL, callback, data);
  g_task_set_source_tag (task, rh_discretion_seal_async);
  self->proposal = proposal;
  self->personal = rh_personal_new (action->name);
  self->documents = g_ptr_array_new_with_free_func ((GDestroyNotify)json_node_unref);
  g_task_set_task_data (task, self, sealing_free);
  if (!collect (self, connector, action, &error))
    g_task_return_error (task, error);
  else if (rh_personal_is_empty (self->personal))
    g_task_return_boolean (task, TRUE);
  else if (vault == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                             "%s takes personal data, which nothing here can seal", action->name);
  else
    rh_vault_seal_async (vault, proposal->workspace, self->personal, on_sealed, g_steal_pointer (&task));
}

gboolean
rh_discretion_seal_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
