/* SPDX-License-Identifier: Apache-2.0 */
#include "github-shapes.h"

#define API "https://api.github.com"
#define REPOSITORY API "/repos/acme/shop"
#define TIME "2026-01-31T06:00:00Z"

static const char user_urls[] = "avatar_url events_url followers_url following_url gists_url html_url "
                                "organizations_url received_events_url repos_url "
                                "starred_url subscriptions_url url";
static const char repository_urls[] = "archive_url assignees_url blobs_url branches_url collaborators_url comments_url "
                                      "commits_url compare_url contents_url "
                                      "contributors_url deployments_url downloads_url events_url forks_url "
                                      "git_commits_url git_refs_url git_tags_url hooks_url "
                                      "html_url issue_comment_url issue_events_url issues_url keys_url labels_url "
                                      "languages_url merges_url milestones_url "
                                      "notifications_url pulls_url releases_url stargazers_url statuses_url "
                                      "subscribers_url subscription_url tags_url teams_url "
                                      "trees_url url clone_url git_url ssh_url svn_url";
static const char pull_urls[] = "comments_url commits_url diff_url html_url issue_url patch_url review_comment_url "
                                "review_comments_url statuses_url url";

static void
put_urls (JsonObject *object, const char *names, const char *base)
{
  g_auto (GStrv) all = g_strsplit (names, " ", -1);

  for (guint i = 0; all[i] != NULL; i++)
    {
      g_autofree char *url = g_strdup_printf ("%s/%s", base, all[i]);

      json_object_set_string_member (object, all[i], url);
    }
}

/* Members that are all @value: null, false or 0. */
static void
put_same (JsonObject *object, const char *names, JsonNode *value)
{
  g_auto (GStrv) all = g_strsplit (names, " ", -1);

  for (guint i = 0; all[i] != NULL; i++)
    json_object_set_member (object, all[i], json_node_copy (value));
  json_node_unref (value);
}

static JsonNode *
no (void)
{
  return json_node_init_boolean (json_node_alloc (), FALSE);
}

static JsonNode *
zero (void)
{
  return json_node_init_int (json_node_alloc (), 0);
}

static JsonNode *
null (void)
{
  return json_node_new (JSON_NODE_NULL);
}

static void
put_id (JsonObject *object, gint64 id)
{
  json_object_set_int_member (object, "id", id);
  json_object_set_string_member (object, "node_id", "MDA6");
}

static JsonObject *
make_user (void)
{
  JsonObject *user = json_object_new ();

  put_id (user, 1);
  put_urls (user, user_urls, API "/users/acme");
  json_object_set_string_member (user, "login", "acme");
  json_object_set_string_member (user, "gravatar_id", "");
  json_object_set_string_member (user, "type", "User");
  json_object_set_boolean_member (user, "site_admin", FALSE);
  return user;
}

static JsonObject *
make_repository (void)
{
  JsonObject *repository = json_object_new ();

  put_id (repository, 2);
  put_urls (repository, repository_urls, REPOSITORY);
  put_same (repository, "description homepage language license mirror_url", null ());
  put_same (repository, "fork private has_downloads has_issues has_projects has_wiki has_pages archived disabled",
            no ());
  put_same (repository, "forks forks_count open_issues open_issues_count size stargazers_count watchers watchers_count",
            zero ());
  json_object_set_string_member (repository, "name", "shop");
  json_object_set_string_member (repository, "full_name", "acme/shop");
  json_object_set_string_member (repository, "default_branch", "main");
  json_object_set_string_member (repository, "pushed_at", TIME);
  json_object_set_string_member (repository, "created_at", TIME);
  json_object_set_string_member (repository, "updated_at", TIME);
  json_object_set_object_member (repository, "owner", make_user ());
  return repository;
}

static JsonObject *
make_branch (const char *name, const char *sha)
{
  JsonObject *branch = json_object_new ();
  g_autofree char *label = g_strconcat ("acme:", name, NULL);

  json_object_set_string_member (branch, "label", label);
  json_object_set_string_member (branch, "ref", name);
  json_object_set_string_member (branch, "sha", sha);
  json_object_set_object_member (branch, "repo", make_repository ());
  json_object_set_object_member (branch, "user", make_user ());
  return branch;
}

static JsonObject *
make_links (const char *base)
{
  static const char *const names[] = { "comments", "commits",         "statuses",       "html",
                                       "issue",    "review_comments", "review_comment", "self" };
  JsonObject *links = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      JsonObject *link = json_object_new ();
      g_autofree char *url = g_strdup_printf ("%s/%s", base, names[i]);

      json_object_set_string_member (link, "href", url);
      json_object_set_object_member (links, names[i], link);
    }
  return links;
}

JsonObject *
github_shape_pull (gint64 number, const char *head, const char *base, const char *sha)
{
  JsonObject *pull = json_object_new ();
  g_autofree char *url = g_strdup_printf (REPOSITORY "/pulls/%" G_GINT64_FORMAT, number);

  put_id (pull, 3);
  put_urls (pull, pull_urls, url);
  put_same (pull, "assignee auto_merge body closed_at merged_at merged_by mergeable milestone", null ());
  put_same (pull, "draft locked merged maintainer_can_modify", no ());
  put_same (pull, "additions changed_files comments commits deletions review_comments", zero ());
  json_object_set_object_member (pull, "_links", make_links (url));
  json_object_set_array_member (pull, "labels", json_array_new ());
  json_object_set_object_member (pull, "head", make_branch (head, sha));
  json_object_set_object_member (pull, "base", make_branch (base, sha));
  json_object_set_object_member (pull, "user", make_user ());
  json_object_set_int_member (pull, "number", number);
  json_object_set_string_member (pull, "state", "open");
  json_object_set_string_member (pull, "title", "");
  json_object_set_string_member (pull, "merge_commit_sha", sha);
  json_object_set_string_member (pull, "mergeable_state", "clean");
  json_object_set_string_member (pull, "author_association", "OWNER");
  json_object_set_string_member (pull, "created_at", TIME);
  json_object_set_string_member (pull, "updated_at", TIME);
  return pull;
}

JsonObject *
github_shape_label (const char *name)
{
  JsonObject *label = json_object_new ();

  put_id (label, 4);
  put_urls (label, "url", REPOSITORY "/labels");
  json_object_set_string_member (label, "name", name);
  json_object_set_null_member (label, "description");
  json_object_set_string_member (label, "color", "ededed");
  json_object_set_boolean_member (label, "default", FALSE);
  return label;
}

JsonObject *
github_shape_status (const char *state, const char *context)
{
  JsonObject *status = json_object_new ();

  put_id (status, 5);
  put_urls (status, "url avatar_url", REPOSITORY "/statuses");
  put_same (status, "description target_url", null ());
  json_object_set_string_member (status, "state", state);
  json_object_set_string_member (status, "context", context);
  json_object_set_string_member (status, "created_at", TIME);
  json_object_set_string_member (status, "updated_at", TIME);
  json_object_set_object_member (status, "creator", make_user ());
  return status;
}

JsonObject *
github_shape_combined (const char *sha, JsonArray *statuses)
{
  JsonObject *combined = json_object_new ();

  put_urls (combined, "url commit_url", REPOSITORY "/commits");
  json_object_set_string_member (combined, "sha", sha);
  json_object_set_string_member (combined, "state", "pending");
  json_object_set_int_member (combined, "total_count", json_array_get_length (statuses));
  json_object_set_array_member (combined, "statuses", json_array_ref (statuses));
  json_object_set_object_member (combined, "repository", make_repository ());
  return combined;
}

JsonObject *
github_shape_release (gint64 id, const char *tag)
{
  JsonObject *release = json_object_new ();

  put_id (release, id);
  put_urls (release, "assets_url upload_url html_url url tarball_url zipball_url", REPOSITORY "/releases");
  put_same (release, "draft prerelease", no ());
  json_object_set_string_member (release, "tag_name", tag);
  json_object_set_string_member (release, "name", tag);
  json_object_set_string_member (release, "target_commitish", "main");
  json_object_set_string_member (release, "created_at", TIME);
  json_object_set_string_member (release, "published_at", TIME);
  json_object_set_array_member (release, "assets", json_array_new ());
  json_object_set_object_member (release, "author", make_user ());
  return release;
}
