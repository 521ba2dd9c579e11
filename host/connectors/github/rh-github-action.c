/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-github-action.h"

#include "royal-json.h"

#include <string.h>

void
rh_github_request_clear (RhGithubRequest *self)
{
  g_free (self->path);
  g_clear_pointer (&self->body, json_node_unref);
}

static JsonObject *
object_of (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* Copies the members that @from has and that are named in @names, which NULL ends. */
static JsonObject *
pick (JsonObject *from, const char *const *names)
{
  JsonObject *object = json_object_new ();

  for (guint i = 0; names[i] != NULL; i++)
    if (from != NULL && json_object_has_member (from, names[i]))
      json_object_set_member (object, names[i], json_object_dup_member (from, names[i]));
  return object;
}

/* Whether what @wanted has of @names is the same in @state. */
static gboolean
has_all (JsonObject *wanted, JsonObject *state, const char *const *names)
{
  for (guint i = 0; names[i] != NULL; i++)
    if (json_object_has_member (wanted, names[i]) &&
        (state == NULL || !json_object_has_member (state, names[i]) ||
         !json_node_equal (json_object_get_member (wanted, names[i]), json_object_get_member (state, names[i]))))
      return FALSE;
  return TRUE;
}

static char *
numbered (const char *repository, const char *what, JsonObject *from, const char *rest)
{
  return g_strdup_printf ("/repos/%s/%s/%" G_GINT64_FORMAT "%s", repository, what, royal_json_int (from, "number", 0),
                          rest);
}

static char *
escape (const char *text)
{
  return g_uri_escape_string (text, NULL, FALSE);
}

/* --- A pull request is opened ------------------------------------------------------------------------------------- */

static const char *const open_members[] = { "title", "head", "base", "body", "draft", NULL };

static char *
open_observe (const char *repository, JsonObject *parameters, JsonObject *receipt)
{
  g_autofree char *owner = g_strndup (repository, strcspn (repository, "/"));
  g_autofree char *head = escape (royal_json_string (parameters, "head", ""));
  g_autofree char *base = escape (royal_json_string (parameters, "base", ""));

  if (receipt != NULL)
    return numbered (repository, "pulls", receipt, "");
  return g_strdup_printf ("/repos/%s/pulls?state=open&head=%s:%s&base=%s", repository, owner, head, base);
}

/* { "number": @member of what was @found, or null } */
static JsonNode *
number_of (JsonObject *found, const char *member)
{
  JsonObject *state = json_object_new ();

  if (found != NULL)
    json_object_set_int_member (state, "number", royal_json_int (found, member, 0));
  else
    json_object_set_null_member (state, "number");
  return royal_json_take_object (state);
}

/* { "number": of the open one, or null } */
static JsonNode *
open_state (JsonObject *parameters, JsonNode *answer)
{
  JsonObject *pull = object_of (answer);

  if (answer != NULL && JSON_NODE_HOLDS_ARRAY (answer) && json_array_get_length (json_node_get_array (answer)) > 0)
    pull = object_of (json_array_get_element (json_node_get_array (answer), 0));
  return number_of (g_strcmp0 (royal_json_string (pull, "state", NULL), "open") == 0 ? pull : NULL, "number");
}

static gboolean
open_is_done (JsonObject *parameters, JsonObject *state)
{
  return !json_object_get_null_member (state, "number");
}

static void
open_request (const char *repository, JsonObject *parameters, JsonObject *state, RhGithubRequest *out)
{
  out->method = "POST";
  out->path = g_strdup_printf ("/repos/%s/pulls", repository);
  out->body = royal_json_take_object (pick (parameters, open_members));
}

static void
open_undo (const char *repository, JsonObject *receipt, RhGithubRequest *out)
{
  JsonObject *body = json_object_new ();

  json_object_set_string_member (body, "state", "closed");
  out->method = "PATCH";
  out->path = numbered (repository, "pulls", receipt, "");
  out->body = royal_json_take_object (body);
}

/* --- A pull request is changed ------------------------------------------------------------------------------------ */

static const char *const update_members[] = { "title", "body", "state", NULL };

static char *
pull_observe (const char *repository, JsonObject *parameters, JsonObject *receipt)
{
  return numbered (repository, "pulls", receipt != NULL ? receipt : parameters, "");
}

static JsonNode *
update_state (JsonObject *parameters, JsonNode *answer)
{
  JsonObject *state = pick (object_of (answer), update_members);

  if (json_object_has_member (state, "body") && json_object_get_null_member (state, "body"))
    json_object_set_string_member (state, "body", ""); /* no body, and it cannot be set to null */
  return royal_json_take_object (state);
}

static gboolean
update_is_done (JsonObject *parameters, JsonObject *state)
{
  return has_all (parameters, state, update_members);
}

static void
update_request (const char *repository, JsonObject *parameters, JsonObject *state, RhGithubRequest *out)
{
  out->method = "PATCH";
  out->path = numbered (repository, "pulls", parameters, "");
  out->body = royal_json_take_object (pick (parameters, update_members));
}

static void
update_undo (const char *repository, JsonObject *receipt, RhGithubRequest *out)
{
  out->method = "PATCH";
  out->path = numbered (repository, "pulls", receipt, "");
  out->body = royal_json_take_object (pick (royal_json_object (receipt, "before"), update_members));
}

/* --- Labels ------------------------------------------------------------------------------------------------------- */

static char *
label_path (const char *repository, JsonObject *parameters, JsonObject *receipt)
{
  return numbered (repository, "issues", receipt != NULL ? receipt : parameters, "/labels");
}

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* { "labels": their names, sorted } of an array of names or of objects. */
static JsonObject *
labels_of (JsonArray *labels)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  JsonObject *object = json_object_new ();
  JsonArray *sorted = json_array_new ();

  for (guint i = 0; labels != NULL && i < json_array_get_length (labels); i++)
    {
      JsonNode *label = json_array_get_element (labels, i);
      const char *name = JSON_NODE_HOLDS_OBJECT (label) ? royal_json_string (json_node_get_object (label), "name", NULL)
                                                        : json_node_get_string (label);

      if (name != NULL)
        g_ptr_array_add (names, (gpointer)name);
    }
  g_ptr_array_sort (names, compare_text);
  for (guint i = 0; i < names->len; i++)
    json_array_add_string_element (sorted, names->pdata[i]);
  json_object_set_array_member (object, "labels", sorted);
  return object;
}

static JsonNode *
label_state (JsonObject *parameters, JsonNode *answer)
{
  return royal_json_take_object (
      labels_of (answer != NULL && JSON_NODE_HOLDS_ARRAY (answer) ? json_node_get_array (answer) : NULL));
}

static gboolean
label_is_done (JsonObject *parameters, JsonObject *state)
{
  static const char *const members[] = { "labels", NULL };
  g_autoptr (JsonObject) wanted = labels_of (royal_json_array (parameters, "labels"));

  return has_all (wanted, state, members);
}

/* GitHub takes no empty list: all of them are deleted. */
static void
set_labels (char *path, JsonArray *labels, RhGithubRequest *out)
{
  gboolean is_none = labels == NULL || json_array_get_length (labels) == 0;

  out->method = is_none ? "DELETE" : "PUT";
  out->path = path;
  out->body = is_none ? NULL : royal_json_take_object (labels_of (labels));
}

static void
label_request (const char *repository, JsonObject *parameters, JsonObject *state, RhGithubRequest *out)
{
  set_labels (label_path (repository, parameters, NULL), royal_json_array (parameters, "labels"), out);
}

static void
label_undo (const char *repository, JsonObject *receipt, RhGithubRequest *out)
{
  set_labels (label_path (repository, NULL, receipt),
              royal_json_array (royal_json_object (receipt, "before"), "labels"), out);
}

/* --- Merging ------------------------------------------------------------------------------------------------------ */

static JsonNode *
merge_state (JsonObject *parameters, JsonNode *answer)
{
  static const char *const members[] = { "state", "merged", NULL };
  JsonObject *pull = object_of (answer);
  JsonObject *state = pick (pull, members);

  json_object_set_string_member (state, "head", royal_json_string (royal_json_object (pull, "head"), "sha", ""));
  json_object_set_string_member (state, "base", royal_json_string (royal_json_object (pull, "base"), "ref", ""));
  return royal_json_take_object (state);
}

static gboolean
merge_is_done (JsonObject *parameters, JsonObject *state)
{
  return royal_json_boolean (state, "merged", FALSE);
}

/* With the commit that was observed: GitHub refuses another. */
static void
merge_request (const char *repository, JsonObject *parameters, JsonObject *state, RhGithubRequest *out)
{
  JsonObject *body = json_object_new ();

  json_object_set_string_member (body, "sha", royal_json_string (state, "head", ""));
  json_object_set_string_member (body, "merge_method", royal_json_string (parameters, "method", "merge"));
  out->method = "PUT";
  out->path = numbered (repository, "pulls", parameters, "/merge");
  out->body = royal_json_take_object (body);
}

/* --- A status ----------------------------------------------------------------------------------------------------- */

static const char *const status_members[] = { "state", "description", "target_url", "context", NULL };

static char *
status_observe (const char *repository, JsonObject *parameters, JsonObject *receipt)
{
  return g_strdup_printf ("/repos/%s/commits/%s/status?per_page=100", repository,
                          royal_json_string (parameters, "sha", ""));
}

static JsonNode *
status_state (JsonObject *parameters, JsonNode *answer)
{
  JsonArray *all = object_of (answer) != NULL ? royal_json_array (object_of (answer), "statuses") : NULL;
  const char *context = royal_json_string (parameters, "context", "");

  for (guint i = 0; all != NULL && i < json_array_get_length (all); i++)
    {
      JsonObject *status = object_of (json_array_get_element (all, i));

      if (status != NULL && strcmp (royal_json_string (status, "context", ""), context) == 0)
        return royal_json_take_object (pick (status, status_members));
    }
  return royal_json_take_object (json_object_new ());
}

static gboolean
status_is_done (JsonObject *parameters, JsonObject *state)
{
  return has_all (parameters, state, status_members);
}

static void
status_request (const char *repository, JsonObject *parameters, JsonObject *state, RhGithubRequest *out)
{
  out->method = "POST";
  out->path = g_strdup_printf ("/repos/%s/statuses/%s", repository, royal_json_string (parameters, "sha", ""));
  out->body = royal_json_take_object (pick (parameters, status_members));
}

/* --- A release ---------------------------------------------------------------------------------------------------- */

static const char *const release_members[] = { "tag_name", "target_commitish", "name", "body", "prerelease", NULL };

static char *
release_observe (const char *repository, JsonObject *parameters, JsonObject *receipt)
{
  g_autofree char *tag = escape (royal_json_string (parameters, "tag_name", ""));

  return g_strdup_printf ("/repos/%s/releases/tags/%s", repository, tag);
}

/* { "number": its id, or null } */
static JsonNode *
release_state (JsonObject *parameters, JsonNode *answer)
{
  return number_of (object_of (answer), "id");
}

static void
release_request (const char *repository, JsonObject *parameters, JsonObject *state, RhGithubRequest *out)
{
  out->method = "POST";
  out->path = g_strdup_printf ("/repos/%s/releases", repository);
  out->body = royal_json_take_object (pick (parameters, release_members));
}

static void
release_undo (const char *repository, JsonObject *receipt, RhGithubRequest *out)
{
  out->method = "DELETE";
  out->path = numbered (repository, "releases", receipt, "");
}

static const RhGithubAction table[] = {
  { "github.pull_request.open", open_observe, open_state, open_is_done, open_request, open_undo },
  { "github.pull_request.update", pull_observe, update_state, update_is_done, update_request, update_undo },
  { "github.pull_request.label", label_path, label_state, label_is_done, label_request, label_undo },
  { "github.pull_request.merge", pull_observe, merge_state, merge_is_done, merge_request, NULL },
  { "github.status.set", status_observe, status_state, status_is_done, status_request, NULL },
  { "github.release.create", release_observe, release_state, open_is_done, release_request, release_undo },
};

const RhGithubAction *
rh_github_action_find (const char *name)
{
  g_return_val_if_fail (name != NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (strcmp (table[i].name, name) == 0)
      return &table[i];
  return NULL;
}
