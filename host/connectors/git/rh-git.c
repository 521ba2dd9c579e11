/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-git.h"

#include "rh-connector-task.h"
#include "rh-git-files.h"
#include "rh-git-resources.h"
#include "rh-git-tree.h"
#include "rh-git-work.h"
#include "royal-json.h"

#include <glib/gstdio.h>
#include <royal/error.h>
#include <string.h>

#define PUSH "git.branch.push"
#define DEADLINE_MS 300000
#define THREADS_MAX 4

struct _RhGit {
  GObject parent_instance;
  RhSecrets *secrets;
  GHashTable *places; /* name -> RhGitPlace */
  GHashTable *locks;  /* name -> GMutex: one thread at a time in a cache */
  GThreadPool *pool;
  GPtrArray *names; /* of the secrets that it needs */
  char *folder;
};

static void rh_git_connector_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RhGit,
                               rh_git,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, rh_git_connector_init))

static const RhAction actions[] = {
  { PUSH, "Push a commit to a branch", "/royal/schema/action-git-branch-push.schema.json", .reversible = TRUE },
  { NULL },
};

static const RhResource resources[] = {
  { "git.branch", "Where a branch of a repository is", FALSE },
  { "git.files", "The files of a commit", TRUE },
  { NULL },
};

/* What a thread does; (nullable) (transfer full): with an error, or without one when an effect is absent. */
typedef struct _Operation Operation;
typedef gpointer (*Work) (Operation *self, GError **error);

struct _Operation {
  RhEffect effect;   /* its members are the caller's */
  JsonObject *asked; /* (nullable): its parameters, kept: a reader may go away */
  RhGitAccess access;
  char *folder;
  const char *branch;
  const char *base; /* (nullable) */
  GMutex *lock;
  const char *wanted[3]; /* names of secrets */
  RhSecret **places[3];
  guint next;
  Work work;
  GDestroyNotify free_result;
};

static void
operation_free (gpointer data)
{
  Operation *self = data;

  g_clear_pointer (&self->access.token, rh_secret_unref);
  g_clear_pointer (&self->access.ssh_key, rh_secret_unref);
  g_clear_pointer (&self->access.signing_key, rh_secret_unref);
  g_clear_object (&self->access.cancellable);
  g_clear_pointer (&self->asked, json_object_unref);
  g_free (self->folder);
  g_free (self);
}

static const char *
rh_git_name (RhConnector *connector)
{
  return "git";
}

static const RhAction *
rh_git_actions (RhConnector *connector)
{
  return actions;
}

static const RhResource *
rh_git_resources (RhConnector *connector)
{
  return resources;
}

static const char *const *
rh_git_secrets (RhConnector *connector)
{
  return (const char *const *)RH_GIT (connector)->names->pdata;
}

static char *
rh_git_lane (RhConnector *connector, const char *action, const char *target, RhLaneLimits *limits)
{
  const RhGitPlace *place = g_hash_table_lookup (RH_GIT (connector)->places, target);

  if (place == NULL)
    return NULL;
  limits->in_flight = 1; /* of a repository: its branches wait for one cache */
  limits->deadline_ms = DEADLINE_MS;
  return g_strdup (place->url);
}

static const RhGitPlace *
find_place (RhGit *self, const char *target, GError **error)
{
  const RhGitPlace *place = g_hash_table_lookup (self->places, target);

  if (place == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                 "/target: expected a repository of connectors/git.json, found %s", target);
  return place;
}

static gboolean
rh_git_validate (RhConnector *connector, const char *action, const char *target, JsonObject *parameters, GError **error)
{
  return find_place (RH_GIT (connector), target, error) != NULL && rh_git_files_check (parameters, error);
}

/* --- In a thread -------------------------------------------------------------------------------------------------- */

static RhGitView *
look (Operation *self, GError **error)
{
  return rh_git_look (&self->access, self->branch, self->base, error);
}

static JsonNode *
state_of (const RhGitView *view)
{
  g_autoptr (JsonObject) state = json_object_new ();

  royal_json_set_text (state, "head", view->head);
  royal_json_set_text (state, "base", view->base);
  return json_node_init_object (json_node_alloc (), state);
}

/* (nullable): where the branch was when it was decided. */
static const char *
head_before (const Operation *self)
{
  JsonNode *before = self->effect.before;

  return before != NULL && JSON_NODE_HOLDS_OBJECT (before)
             ? royal_json_string (json_node_get_object (before), "head", NULL)
             : NULL;
}

static gboolean
is_as_before (const Operation *self, const RhGitView *view, GError **error)
{
  g_autoptr (JsonNode) now = state_of (view);

  if (self->effect.before == NULL || json_node_equal (now, self->effect.before))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "%s: the branch %s is not where it was observed",
               self->access.place->name, self->branch);
  return FALSE;
}

static JsonNode *
facts_of (const Operation *self, const RhGitView *view)
{
  JsonArray *files = royal_json_array (self->effect.parameters, "files");
  guint n = files != NULL ? json_array_get_length (files) : 0;
  g_autoptr (JsonObject) facts = json_object_new ();
  gint64 bytes = 0;
  gint64 deleted = 0;

  for (guint i = 0; i < n; i++)
    {
      const char *content = royal_json_string (json_array_get_object_element (files, i), "content", NULL);

      bytes += content != NULL ? (gint64)strlen (content) : 0;
      deleted += content == NULL;
    }
  json_object_set_string_member (facts, "repository", self->access.place->name);
  json_object_set_string_member (facts, "branch", self->branch);
  royal_json_set_text (facts, "head", view->head);
  json_object_set_boolean_member (facts, "exists", view->head != NULL);
  /* Of an empty repository the first branch becomes the default one. */
  json_object_set_boolean_member (facts, "default_branch",
                                  view->default_branch == NULL || strcmp (view->default_branch, self->branch) == 0);
  json_object_set_boolean_member (facts, "signed",
                                  self->access.place->signing_key != NULL || self->access.place->agent_key != NULL);
  json_object_set_int_member (facts, "files", n);
  json_object_set_int_member (facts, "deleted", deleted);
  json_object_set_int_member (facts, "bytes", bytes);
  return json_node_init_object (json_node_alloc (), facts);
}

static void
add_change (JsonArray *changes, const char *label, const char *before, const char *after)
{
  JsonObject *change = json_object_new ();

  json_object_set_string_member (change, "label", label);
  royal_json_set_text (change, "before", before);
  royal_json_set_text (change, "after", after);
  json_array_add_object_element (changes, change);
}

#define SHOWN_MAX 50

static JsonNode *
preview_of (const Operation *self, const RhGitView *view)
{
  JsonArray *files = royal_json_array (self->effect.parameters, "files");
  g_autoptr (JsonObject) preview = json_object_new ();
  JsonArray *changes = json_array_new ();
  guint n = files != NULL ? json_array_get_length (files) : 0;
  g_autofree char *summary = NULL;

  if (self->effect.receipt != NULL)
    {
      const char *to = royal_json_string (self->effect.receipt, "before", NULL);

      summary = g_strdup_printf (to != NULL ? "Put the branch %s of %s back" : "Delete the branch %s of %s",
                                 self->branch, self->access.place->name);
      add_change (changes, self->branch, view->head, to);
    }
  else
    {
      summary = g_strdup_printf ("Commit %u files to the branch %s of %s", n, self->branch, self->access.place->name);
      for (guint i = 0; i < MIN (n, SHOWN_MAX); i++)
        {
          JsonObject *file = json_array_get_object_element (files, i);

          add_change (changes, royal_json_string (file, "path", ""), NULL,
                      json_object_has_member (file, "content") ? "written" : "deleted");
        }
    }
  json_object_set_string_member (preview, "summary", summary);
  json_object_set_array_member (preview, "changes", changes);
  return json_node_init_object (json_node_alloc (), preview);
}

static gpointer
work_assess (Operation *self, GError **error)
{
  g_autoptr (RhGitView) view = look (self, error);
  RhAssessment *assessment;

  if (view == NULL)
    return NULL;
  assessment = g_new0 (RhAssessment, 1);
  assessment->before = state_of (view);
  assessment->facts = facts_of (self, view);
  assessment->preview = preview_of (self, view);
  return assessment;
}

static JsonNode *
make_receipt (const Operation *self, const char *commit, const char *before)
{
  g_autoptr (JsonObject) receipt = json_object_new ();

  json_object_set_string_member (receipt, "repository", self->access.place->name);
  json_object_set_string_member (receipt, "branch", self->branch);
  royal_json_set_text (receipt, "commit", commit);
  royal_json_set_text (receipt, "before", before);
  return json_node_init_object (json_node_alloc (), receipt);
}

/* What has the key in its message was pushed by an earlier attempt. */
static gpointer
find (Operation *self, const RhGitView *view, GError **error)
{
  const char *before = head_before (self);
  g_autofree char *found = rh_git_find (&self->access, view, self->branch, before, self->effect.key, error);

  return found != NULL && found[0] != '\0' ? make_receipt (self, found, before) : NULL;
}

static gpointer
work_verify (Operation *self, GError **error)
{
  g_autoptr (RhGitView) view = look (self, error);

  return view != NULL ? find (self, view, error) : NULL;
}

static gpointer
work_apply (Operation *self, GError **error)
{
  g_autoptr (RhGitView) view = look (self, error);
  g_autofree char *commit = NULL;
  g_autoptr (GError) fault = NULL;
  gpointer receipt = view != NULL ? find (self, view, &fault) : NULL;

  if (receipt != NULL || view == NULL)
    return receipt;
  if (fault != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&fault));
      return NULL;
    }
  if (!is_as_before (self, view, error))
    return NULL;
  commit = rh_git_push (&self->access, view, self->effect.parameters, self->effect.key, error);
  return commit != NULL ? make_receipt (self, commit, view->head) : NULL;
}

/* Where a branch is tells whether it was put back: the lease lets nothing else come in between. */
static gpointer
undone (const Operation *self, const RhGitView *view)
{
  const char *to = royal_json_string (self->effect.receipt, "before", NULL);

  return g_strcmp0 (view->head, to) == 0
             ? make_receipt (self, to, royal_json_string (self->effect.receipt, "commit", NULL))
             : NULL;
}

static gpointer
work_verify_undo (Operation *self, GError **error)
{
  g_autoptr (RhGitView) view = look (self, error);
  gpointer receipt = view != NULL ? undone (self, view) : NULL;

  if (view != NULL && receipt == NULL &&
      g_strcmp0 (view->head, royal_json_string (self->effect.receipt, "commit", NULL)) != 0)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED,
                 "%s: the branch %s went on: whether it was put back before cannot be told", self->access.place->name,
                 self->branch);
  return receipt;
}

static gpointer
work_undo (Operation *self, GError **error)
{
  const char *commit = royal_json_string (self->effect.receipt, "commit", "");
  const char *to = royal_json_string (self->effect.receipt, "before", NULL);
  g_autoptr (RhGitView) view = look (self, error);
  gpointer receipt = view != NULL ? undone (self, view) : NULL;

  if (view == NULL || receipt != NULL)
    return receipt;
  if (g_strcmp0 (view->head, commit) != 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "%s: the branch %s went on since",
                   self->access.place->name, self->branch);
      return NULL;
    }
  if (!is_as_before (self, view, error) || !rh_git_put_back (&self->access, self->branch, commit, to, error))
    return NULL;
  return make_receipt (self, to, commit);
}

static gpointer
work_branch (Operation *self, GError **error)
{
  g_autoptr (RhGitView) view = look (self, error);
  JsonObject *branch;
  JsonNode *node;

  if (view == NULL)
    return NULL;
  branch = json_object_new ();
  json_object_set_string_member (branch, "repository", self->access.place->name);
  royal_json_set_text (branch, "branch", *self->branch != '\0' ? self->branch : view->default_branch);
  royal_json_set_text (branch, "head", *self->branch != '\0' ? view->head : view->base);
  royal_json_set_text (branch, "default_branch", view->default_branch);
  node = json_node_init_object (json_node_alloc (), branch);
  json_object_unref (branch);
  return node;
}

static gpointer
work_files (Operation *self, GError **error)
{
  int fd = rh_git_tree_read (&self->access, royal_json_string (self->asked, "commit", ""),
                             royal_json_string (self->asked, "under", ""),
                             royal_json_string (self->asked, "encoding", NULL) != NULL, error);
  int *result = fd >= 0 ? g_new (int, 1) : NULL;

  if (result != NULL)
    *result = fd;
  return result;
}

static void
free_files (gpointer data)
{
  int *fd = data;

  if (*fd >= 0)
    (void)g_close (*fd, NULL);
  g_free (fd);
}

/* In a thread of the connector's own pool: libgit2 1.5 waits for a server that hangs as long as TCP does, and GLib's
 * pool, in which names are resolved and files read, must not wait with it. */
static void
run (gpointer data, gpointer pool)
{
  g_autoptr (GTask) task = data;
  Operation *self = g_task_get_task_data (task);
  GError *error = NULL;
  gpointer result;

  g_mutex_lock (self->lock);
  result = self->work (self, &error);
  g_mutex_unlock (self->lock);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, result, result != NULL ? self->free_result : NULL);
}

/* --- Secrets, then the thread ------------------------------------------------------------------------------------- */

static void ask_secret (GTask *task);

static void
on_secret (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Operation *self = g_task_get_task_data (task);
  GError *error = NULL;

  *self->places[self->next] = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self->next++;
  ask_secret (task);
}

static void
ask_secret (GTask *task)
{
  Operation *self = g_task_get_task_data (task);
  RhGit *git = g_task_get_source_object (task);

  while (self->next < G_N_ELEMENTS (self->wanted) && self->wanted[self->next] == NULL)
    self->next++;
  if (self->next == G_N_ELEMENTS (self->wanted))
    g_thread_pool_push (git->pool, g_object_ref (task), NULL);
  else
    rh_secrets_lookup_async (git->secrets, self->effect.workspace, self->wanted[self->next], NULL, on_secret,
                             g_object_ref (task));
}

static void
begin (RhConnector *connector,
       const RhEffect *effect,
       Work work,
       GDestroyNotify free_result,
       GCancellable *cancellable,
       GAsyncReadyCallback callback,
       gpointer data)
{
  RhGit *git = RH_GIT (connector);
  g_autoptr (GTask) task = g_task_new (git, NULL, callback, data);
  GError *error = NULL;
  const RhGitPlace *place = find_place (git, effect->target, &error);
  Operation *self;

  g_task_set_source_tag (task, begin);
  if (place == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self = g_new0 (Operation, 1);
  self->effect = *effect;
  self->asked = effect->parameters != NULL ? json_object_ref (effect->parameters) : NULL;
  self->effect.parameters = self->asked;
  self->folder = g_build_filename (git->folder, place->name, NULL);
  self->access = (RhGitAccess){ .place = place, .folder = self->folder };
  self->access.cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->branch = royal_json_string (effect->receipt != NULL ? effect->receipt : effect->parameters, "branch", "");
  self->base = effect->receipt == NULL ? royal_json_string (effect->parameters, "base", NULL) : NULL;
  self->lock = g_hash_table_lookup (git->locks, place->name);
  self->work = work;
  self->free_result = free_result;
  self->wanted[0] = place->token;
  self->wanted[1] = place->ssh_key;
  self->wanted[2] = place->signing_key;
  self->places[0] = &self->access.token;
  self->places[1] = &self->access.ssh_key;
  self->places[2] = &self->access.signing_key;
  g_task_set_task_data (task, self, operation_free);
  ask_secret (task);
}

/* --- The interface ------------------------------------------------------------------------------------------------ */

static void
rh_git_assess_async (RhConnector *connector,
                     const RhEffect *effect,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  begin (connector, effect, work_assess, (GDestroyNotify)rh_assessment_free, cancellable, callback, data);
}

static void
rh_git_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  begin (connector, effect, work_apply, (GDestroyNotify)json_node_unref, effect->cancellable, callback, data);
}

static void
rh_git_undo_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  begin (connector, effect, work_undo, (GDestroyNotify)json_node_unref, effect->cancellable, callback, data);
}

static void
rh_git_verify_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  begin (connector, effect, effect->receipt != NULL ? work_verify_undo : work_verify, (GDestroyNotify)json_node_unref,
         effect->cancellable, callback, data);
}

static RhVerify
rh_git_verify_finish (RhConnector *connector, GAsyncResult *result, JsonNode **ret_receipt, GError **error)
{
  return rh_connector_task_verify (connector, result, RH_VERIFY_ABSENT, ret_receipt, error);
}

/* --- Reads -------------------------------------------------------------------------------------------------------- */

static const struct {
  const char *name;
  const char *members; /* those that it takes, each between spaces */
  Work work;
  GDestroyNotify free_result;
} reads[] = {
  { "git.branch", " repository branch ", work_branch, (GDestroyNotify)json_node_unref },
  { "git.files", " repository commit under encoding ", work_files, free_files },
};

static gboolean
check_read (const char *resource, const char *members, JsonObject *parameters, GError **error)
{
  g_autoptr (GList) names = parameters != NULL ? json_object_get_members (parameters) : NULL;

  for (GList *l = names; l != NULL; l = l->next)
    {
      g_autofree char *name = g_strconcat (" ", l->data, " ", NULL);

      if (strstr (members, name) == NULL || royal_json_string (parameters, l->data, NULL) == NULL)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: /%s: expected texts, of%s", resource,
                       (char *)l->data, members);
          return FALSE;
        }
    }
  if (strcmp (royal_json_string (parameters, "encoding", "base64"), "base64") != 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: /encoding: expected base64, of what is no text",
                   resource);
      return FALSE;
    }
  if (royal_json_string (parameters, "repository", NULL) != NULL)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: /repository: expected a repository of connectors/git.json",
               resource);
  return FALSE;
}

static void
rh_git_get_async (RhConnector *connector,
                  gint64 workspace,
                  const char *resource,
                  JsonObject *parameters,
                  GCancellable *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer data)
{
  const guint i = g_str_equal (resource, reads[0].name) ? 0 : 1;
  RhEffect effect = { .workspace = workspace, .action = resource, .parameters = parameters };
  GError *error = NULL;

  if (!check_read (resource, reads[i].members, parameters, &error))
    {
      g_task_report_error (connector, callback, data, begin, error);
      return;
    }
  effect.target = royal_json_string (parameters, "repository", "");
  begin (connector, &effect, reads[i].work, reads[i].free_result, cancellable, callback, data);
}

static int
rh_git_read_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  int *found = g_task_propagate_pointer (G_TASK (result), error);
  int fd = found != NULL ? *found : -1;

  g_free (found);
  return fd;
}

static void
rh_git_finalize (GObject *object)
{
  RhGit *self = RH_GIT (object);

  g_thread_pool_free (self->pool, FALSE, FALSE); /* an operation holds the connector: none is left */
  g_clear_object (&self->secrets);
  g_hash_table_unref (self->places);
  g_hash_table_unref (self->locks);
  g_ptr_array_unref (self->names);
  g_free (self->folder);
  G_OBJECT_CLASS (rh_git_parent_class)->finalize (object);
}

static void
rh_git_class_init (RhGitClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_git_finalize;
  (void)rh_git_resources_get_resource (); /* or the linker would leave the schemas out of a program */
}

static void
rh_git_init (RhGit *self)
{
  self->names = g_ptr_array_new ();
  self->pool = g_thread_pool_new (run, NULL, THREADS_MAX, FALSE, NULL);
  self->locks = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
}

static void
rh_git_connector_init (RhConnectorInterface *iface)
{
  iface->name = rh_git_name;
  iface->actions = rh_git_actions;
  iface->secrets = rh_git_secrets;
  iface->lane = rh_git_lane;
  iface->validate = rh_git_validate;
  iface->assess_async = rh_git_assess_async;
  iface->assess_finish = rh_connector_task_assessment;
  iface->apply_async = rh_git_apply_async;
  iface->apply_finish = rh_connector_task_node;
  iface->verify_async = rh_git_verify_async;
  iface->verify_finish = rh_git_verify_finish;
  iface->undo_async = rh_git_undo_async;
  iface->undo_finish = rh_connector_task_node;
  iface->resources = rh_git_resources;
  iface->get_async = rh_git_get_async;
  iface->get_finish = rh_connector_task_node;
  iface->read_async = rh_git_get_async;
  iface->read_finish = rh_git_read_finish;
}

static void
add_name (RhGit *self, char *name)
{
  if (name != NULL)
    g_ptr_array_add (self->names, name);
}

RhGit *
rh_git_new (const char *file, const char *folder, RhSecrets *secrets, GError **error)
{
  g_autofree char *ca = NULL;
  GHashTable *places;
  GHashTableIter iter;
  gpointer value;
  RhGit *self;

  g_return_val_if_fail (file != NULL && folder != NULL, NULL);

  places = rh_git_places_load (file, &ca, error);
  if (places == NULL || !rh_git_start (ca, error))
    {
      g_clear_pointer (&places, g_hash_table_unref);
      return NULL;
    }
  self = g_object_new (RH_TYPE_GIT, NULL);
  self->places = places;
  self->folder = g_strdup (folder);
  self->secrets = secrets != NULL ? g_object_ref (secrets) : NULL;
  g_hash_table_iter_init (&iter, places);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      RhGitPlace *place = value;

      add_name (self, place->token);
      add_name (self, place->ssh_key);
      add_name (self, place->signing_key);
      g_hash_table_insert (self->locks, place->name, g_new0 (GMutex, 1));
    }
  g_ptr_array_add (self->names, NULL);
  return self;
}
