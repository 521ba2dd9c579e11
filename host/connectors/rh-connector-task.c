/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-connector-task.h"

RhAssessment *
rh_connector_task_assessment (RhConnector *connector, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, connector), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

JsonNode *
rh_connector_task_node (RhConnector *connector, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, connector), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

RhAssessment *
rh_connector_task_document (RhConnector *connector, GAsyncResult *result, GError **error)
{
  g_autoptr (JsonNode) node = rh_connector_task_node (connector, result, error);
  RhAssessment *assessment;
  JsonObject *object;

  if (node == NULL)
    return NULL;
  object = json_node_get_object (node);
  assessment = g_new0 (RhAssessment, 1);
  assessment->before = json_object_dup_member (object, "before");
  assessment->facts = json_object_dup_member (object, "facts");
  assessment->preview = json_object_dup_member (object, "preview");
  return assessment;
}

RhVerify
rh_connector_task_verify (RhConnector *connector,
                          GAsyncResult *result,
                          RhVerify otherwise,
                          JsonNode **ret_receipt,
                          GError **error)
{
  g_autoptr (GError) fault = NULL;
  g_autoptr (JsonNode) receipt = NULL;

  g_return_val_if_fail (g_task_is_valid (result, connector), RH_VERIFY_UNKNOWN);

  receipt = g_task_propagate_pointer (G_TASK (result), &fault);
  if (fault != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&fault));
      return RH_VERIFY_UNKNOWN;
    }
  if (receipt == NULL)
    return otherwise;
  if (ret_receipt != NULL)
    *ret_receipt = g_steal_pointer (&receipt);
  return RH_VERIFY_APPLIED;
}
