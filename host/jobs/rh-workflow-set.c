/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-workflow-set.h"

#include "royal-json.h"

#include <string.h>

struct _RhWorkflowSet {
  GHashTable *by_name; /* name → RhWorkflow */
};

RhWorkflowSet *
rh_workflow_set_new (void)
{
  RhWorkflowSet *self = g_new0 (RhWorkflowSet, 1);

  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)rh_workflow_unref);
  return self;
}

void
rh_workflow_set_free (RhWorkflowSet *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_name);
  g_free (self);
}

void
rh_workflow_set_add (RhWorkflowSet *self, RhWorkflow *workflow)
{
  g_return_if_fail (self != NULL && workflow != NULL);

  g_hash_table_replace (self->by_name, (char *)rh_workflow_name (workflow), rh_workflow_ref (workflow));
}

RhWorkflow *
rh_workflow_set_find (RhWorkflowSet *self, const char *name)
{
  g_return_val_if_fail (self != NULL && name != NULL, NULL);

  return g_hash_table_lookup (self->by_name, name);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (rh_workflow_name (*(RhWorkflow *const *)a), rh_workflow_name (*(RhWorkflow *const *)b));
}

GPtrArray *
rh_workflow_set_list (RhWorkflowSet *self)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer workflow;

  g_return_val_if_fail (self != NULL, list);

  g_hash_table_iter_init (&iter, self->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &workflow))
    g_ptr_array_add (list, workflow);
  g_ptr_array_sort (list, compare_names);
  return list;
}

/* Follows the calls of @at; @path is the way here. FALSE when one of them leads to @root. */
static gboolean
follow (RhWorkflowSet *self, RhWorkflow *root, RhWorkflow *at, GHashTable *seen, GString *path)
{
  GPtrArray *steps = rh_workflow_all_steps (at);

  for (guint i = 0; i < steps->len; i++)
    {
      const RhWorkflowStep *step = steps->pdata[i];
      const char *name = step->kind == RH_STEP_CALL ? royal_json_string (step->body, "workflow", "") : NULL;
      gsize length = path->len;
      RhWorkflow *next;

      if (name == NULL)
        continue;
      g_string_append_printf (path, " → %s", name);
      if (strcmp (name, rh_workflow_name (root)) == 0)
        return FALSE;
      next = rh_workflow_set_find (self, name);
      if (next != NULL && g_hash_table_add (seen, (char *)rh_workflow_name (next)) &&
          !follow (self, root, next, seen, path))
        return FALSE;
      g_string_truncate (path, length);
    }
  return TRUE;
}

gboolean
rh_workflow_set_check_calls (RhWorkflowSet *self, RhWorkflow *workflow, const char *what, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GString) path = g_string_new (NULL);
  GPtrArray *steps;

  g_return_val_if_fail (self != NULL && workflow != NULL && what != NULL, FALSE);

  steps = rh_workflow_all_steps (workflow);
  for (guint i = 0; i < steps->len; i++)
    {
      const RhWorkflowStep *step = steps->pdata[i];
      const char *name = step->kind == RH_STEP_CALL ? royal_json_string (step->body, "workflow", "") : NULL;

      if (name == NULL || strcmp (name, rh_workflow_name (workflow)) == 0 || rh_workflow_set_find (self, name) != NULL)
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s/call/workflow: expected a workflow, found \"%s\"",
                   what, step->pointer, name);
      return FALSE;
    }
  g_string_append (path, rh_workflow_name (workflow));
  if (follow (self, workflow, workflow, seen, path))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: /steps: expected calls that end, found %s", what,
               path->str);
  return FALSE;
}

static RhWorkflow *
load_file (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) document = NULL;
  g_autoptr (GError) fault = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, &fault))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s", path, fault->message);
      return NULL;
    }
  document = royal_json_parse (text, (gssize)length, path, error);
  return document != NULL ? rh_workflow_new (document, path, error) : NULL;
}

static void
add_fault (GString *faults, GError *fault)
{
  g_string_append_printf (faults, "%s%s", faults->len > 0 ? "\n" : "", fault->message);
  g_error_free (fault);
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* (transfer full): the names of the definitions in @dir, in their order; empty when it is not there. */
static GPtrArray *
list_files (const char *dir)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) folder = g_dir_open (dir, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    if (g_str_has_suffix (name, ".json") && *name != '.')
      g_ptr_array_add (paths, g_build_filename (dir, name, NULL));
  g_ptr_array_sort (paths, compare_paths);
  return paths;
}

RhWorkflowSet *
rh_workflow_set_load (const char *dir, GError **error)
{
  g_autoptr (RhWorkflowSet) self = rh_workflow_set_new ();
  g_autoptr (GString) faults = g_string_new (NULL);
  g_autoptr (GPtrArray) paths = NULL;
  g_autoptr (GHashTable) files = g_hash_table_new (NULL, NULL); /* RhWorkflow → its path */

  g_return_val_if_fail (dir != NULL, NULL);

  paths = list_files (dir);
  for (guint i = 0; i < paths->len; i++)
    {
      GError *fault = NULL;
      g_autoptr (RhWorkflow) workflow = load_file (paths->pdata[i], &fault);
      RhWorkflow *other = workflow != NULL ? rh_workflow_set_find (self, rh_workflow_name (workflow)) : NULL;

      if (other != NULL)
        g_set_error (&fault, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: /name: expected a name that %s does not have",
                     (char *)paths->pdata[i], (char *)g_hash_table_lookup (files, other));
      if (fault != NULL)
        {
          add_fault (faults, fault);
          continue;
        }
      rh_workflow_set_add (self, workflow);
      g_hash_table_insert (files, workflow, paths->pdata[i]);
    }
  g_autoptr (GPtrArray) list = rh_workflow_set_list (self);
  for (guint i = 0; i < list->len; i++)
    {
      GError *fault = NULL;

      if (!rh_workflow_set_check_calls (self, list->pdata[i], g_hash_table_lookup (files, list->pdata[i]), &fault))
        add_fault (faults, fault);
    }
  if (faults->len == 0)
    return g_steal_pointer (&self);
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, faults->str);
  return NULL;
}
