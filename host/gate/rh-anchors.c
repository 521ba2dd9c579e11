/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-anchors.h"

#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

typedef struct {
  char *path;
  const RhSigner *signer;
  char *workspace;
} Read;

static void
read_free (gpointer data)
{
  Read *self = data;

  g_free (self->path);
  g_free (self->workspace);
  g_free (self);
}

gboolean
rh_anchor_read (const RhSigner *signer,
                const char *workspace,
                const char *statement,
                const char *signature,
                RhAnchor *ret_anchor,
                GError **error)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  g_return_val_if_fail (signer != NULL && statement != NULL && signature != NULL && ret_anchor != NULL, FALSE);

  node = royal_json_parse (statement, -1, "checkpoint", error);
  if (node == NULL)
    return FALSE;
  object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  if (strcmp (royal_json_string (object, "key", ""), rh_signer_id (signer)) != 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "the checkpoint is signed by another key");
      return FALSE;
    }
  if (!rh_signer_verify (signer, statement, signature))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "the checkpoint's signature does not hold");
      return FALSE;
    }
  if (strcmp (royal_json_string (object, "type", ""), "royal-checkpoint-1") != 0 ||
      strcmp (royal_json_string (object, "workspace", ""), workspace) != 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "the checkpoint is another workspace's");
      return FALSE;
    }
  ret_anchor->seq = royal_json_int (object, "seq", 0);
  g_strlcpy (ret_anchor->hash, royal_json_string (object, "hash", ""), sizeof ret_anchor->hash);
  return TRUE;
}

static gboolean
read_line (const Read *self, const char *line, guint number, GArray *anchors, GError **error)
{
  g_autoptr (JsonNode) node = royal_json_parse (line, -1, "line", NULL);
  g_autoptr (GError) own = NULL;
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *statement = royal_json_string (object, "statement", NULL);
  const char *signature = royal_json_string (object, "signature", NULL);
  RhAnchor anchor;

  if (statement == NULL || signature == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u is no checkpoint", self->path, number);
      return FALSE;
    }
  if (rh_anchor_read (self->signer, self->workspace, statement, signature, &anchor, &own))
    g_array_append_val (anchors, anchor);
  else if (!g_error_matches (own, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u: %s", self->path, number, own->message);
      return FALSE;
    }
  return TRUE;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const RhAnchor *p = a, *q = b;

  return (p->seq > q->seq) - (p->seq < q->seq);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Read *self = data;
  g_autoptr (GFile) file = g_file_new_for_path (self->path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, &error);
  g_autoptr (GDataInputStream) lines = NULL;
  g_autoptr (GArray) anchors = g_array_new (FALSE, FALSE, sizeof (RhAnchor));
  guint number = 0;
  char *line;

  if (stream == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_clear_error (&error);
  if (stream != NULL)
    {
      lines = g_data_input_stream_new (G_INPUT_STREAM (stream));
      while ((line = g_data_input_stream_read_line (lines, NULL, NULL, &error)) != NULL)
        {
          g_autofree char *owned = line;

          if (!read_line (self, owned, ++number, anchors, &error))
            break;
        }
    }
  if (error != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_array_sort (anchors, compare);
  g_task_return_pointer (task, g_steal_pointer (&anchors), (GDestroyNotify)g_array_unref);
}

void
rh_anchors_read_async (const char *path,
                       const RhSigner *signer,
                       const char *workspace,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = NULL;
  Read *self;

  g_return_if_fail (path != NULL && signer != NULL && workspace != NULL);

  task = g_task_new (NULL, NULL, callback, data);
  g_task_set_source_tag (task, rh_anchors_read_async);
  self = g_new0 (Read, 1);
  self->path = g_strdup (path);
  self->signer = signer;
  self->workspace = g_strdup (workspace);
  g_task_set_task_data (task, self, read_free);
  g_task_run_in_thread (task, read_in_thread);
}

GArray *
rh_anchors_read_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
