/* SPDX-License-Identifier: Apache-2.0 */
#include "github-fake.h"

#include "github-shapes.h"

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>
#include <royal-json.h>
#include <string.h>

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define ROOT "/repos/acme/shop"

struct _GithubFake {
  SoupServer *server;
  guint port;
  guint changes;
  guint fail_status;
  char *fail_header;
  char *fail_value;
  gboolean exhausted;
  guint reads;
  guint unchanged;
  guint tokens;
  guint withdrawn; /* those up to that number */
  int left_s;
  char *jwt;
  GPtrArray *pulls;     /* of JsonObject: their numbers are from 1 on */
  JsonObject *release;  /* (nullable): id 7 */
  JsonArray *labels;    /* of { "name" } */
  GHashTable *statuses; /* of a commit -> JsonArray */
};

/* What GitHub tags, it tags weakly. */
static gboolean
is_unchanged (SoupServerMessage *message, const char *text)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  g_autofree char *tag = g_strdup_printf ("W/\"%s\"", hash);
  const char *known = soup_message_headers_get_one (soup_server_message_get_request_headers (message), "If-None-Match");

  soup_message_headers_replace (soup_server_message_get_response_headers (message), "ETag", tag);
  return g_strcmp0 (known, tag) == 0;
}

static void
answer_node (SoupServerMessage *message, guint status, JsonNode *node)
{
  char *text = royal_json_to_string (node);

  if (status == 200 && strcmp (soup_server_message_get_method (message), "GET") == 0 && is_unchanged (message, text))
    {
      g_free (text);
      json_node_unref (node);
      soup_server_message_set_status (message, 304, NULL);
      return;
    }

  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_TAKE, text, strlen (text));
  json_node_unref (node);
}

static void
answer_object (SoupServerMessage *message, guint status, JsonObject *object)
{
  answer_node (message, status, json_node_init_object (json_node_alloc (), object));
}

static void
answer_array (SoupServerMessage *message, JsonArray *array)
{
  answer_node (message, 200, json_node_init_array (json_node_alloc (), array));
}

static void
refuse (SoupServerMessage *message, guint status, const char *text)
{
  g_autoptr (JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "message", text);
  json_object_set_string_member (object, "documentation_url", "https://docs.github.com/rest");
  answer_object (message, status, object);
}

static void
copy_all (JsonObject *from, JsonObject *to)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init (&iter, from);
  while (json_object_iter_next (&iter, &name, &value))
    json_object_set_member (to, name, json_node_copy (value));
}

/* Who says to be the App is not checked here: tests/github-spec does. */
static void
give_token (GithubFake *self, SoupServerMessage *message, const char *authorization)
{
  g_autoptr (JsonObject) answer = json_object_new ();
  JsonObject *permissions = json_object_new ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) until = g_date_time_add_seconds (now, self->left_s);
  g_autofree char *expires = g_date_time_format (until, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char *token = g_strdup_printf ("ghs_%u", self->tokens + 1);

  g_free (self->jwt);
  self->jwt = g_strdup (authorization + strlen ("Bearer "));
  if (g_str_has_prefix (self->jwt, "ghs_"))
    {
      refuse (message, 401, "A JSON web token could not be decoded");
      return;
    }
  self->tokens++;
  json_object_set_string_member (permissions, "contents", "write");
  json_object_set_string_member (permissions, "metadata", "read");
  json_object_set_string_member (answer, "token", token);
  json_object_set_string_member (answer, "expires_at", expires);
  json_object_set_object_member (answer, "permissions", permissions);
  json_object_set_string_member (answer, "repository_selection", "selected");
  answer_object (message, 201, answer);
}

static gboolean
is_good_token (GithubFake *self, const char *authorization)
{
  guint64 number;

  if (g_strcmp0 (authorization, "Bearer good-token") == 0)
    return TRUE;
  return authorization != NULL && g_str_has_prefix (authorization, "Bearer ghs_") &&
         g_ascii_string_to_unsigned (authorization + strlen ("Bearer ghs_"), 10, 0, self->tokens, &number, NULL) &&
         number > self->withdrawn;
}

static gboolean
is_open (JsonObject *pull)
{
  return strcmp (royal_json_string (pull, "state", ""), "open") == 0;
}

/* Between branches as a query names them: `acme:HEAD` and `BASE`. (nullable) */
static JsonObject *
find_open (GithubFake *self, const char *head, const char *base)
{
  for (guint i = 0; i < self->pulls->len; i++)
    {
      JsonObject *pull = self->pulls->pdata[i];
      const char *of = royal_json_string (royal_json_object (pull, "head"), "label", NULL);

      if (of == NULL)
        of = royal_json_string (royal_json_object (pull, "head"), "ref", "");
      if (is_open (pull) &&
          (head == NULL || g_str_equal (strchr (head, ':') != NULL ? strchr (head, ':') + 1 : head,
                                        strchr (of, ':') != NULL ? strchr (of, ':') + 1 : of)) &&
          (base == NULL || g_str_equal (base, royal_json_string (royal_json_object (pull, "base"), "ref", ""))))
        return pull;
    }
  return NULL;
}

/* (nullable) */
static JsonObject *
find_pull (GithubFake *self, guint number)
{
  return number >= 1 && number <= self->pulls->len ? self->pulls->pdata[number - 1] : NULL;
}

static void
open_pull (GithubFake *self, SoupServerMessage *message, JsonObject *body)
{
  g_autoptr (JsonNode) head = json_object_dup_member (body, "head");
  g_autoptr (JsonNode) base = json_object_dup_member (body, "base");
  JsonObject *pull;

  if (find_open (self, json_node_get_string (head), json_node_get_string (base)) != NULL)
    {
      refuse (message, 422, "Validation Failed");
      return;
    }
  pull = github_shape_pull (self->pulls->len + 1, json_node_get_string (head), json_node_get_string (base), SHA);
  g_ptr_array_add (self->pulls, pull);
  json_object_remove_member (body, "head");
  json_object_remove_member (body, "base");
  copy_all (body, pull);
  answer_object (message, 201, pull);
}

static void
list_pulls (GithubFake *self, SoupServerMessage *message, GHashTable *query)
{
  const char *head = query != NULL ? g_hash_table_lookup (query, "head") : NULL;
  const char *base = query != NULL ? g_hash_table_lookup (query, "base") : NULL;
  g_autoptr (JsonArray) all = json_array_new ();
  JsonObject *found = find_open (self, head, base);

  if (found != NULL)
    json_array_add_object_element (all, json_object_ref (found));
  answer_array (message, all);
}

static void
merge (JsonObject *pull, SoupServerMessage *message, JsonObject *body)
{
  g_autoptr (JsonObject) answer = json_object_new ();

  if (strcmp (royal_json_string (body, "sha", ""), SHA) != 0)
    {
      refuse (message, 409, "Head branch was modified. Review and try the merge again.");
      return;
    }
  json_object_set_boolean_member (pull, "merged", TRUE);
  json_object_set_string_member (pull, "state", "closed");
  json_object_set_string_member (answer, "sha", SHA);
  json_object_set_boolean_member (answer, "merged", TRUE);
  json_object_set_string_member (answer, "message", "Pull Request successfully merged");
  answer_object (message, 200, answer);
}

static void
set_labels (GithubFake *self, SoupServerMessage *message, JsonObject *body)
{
  JsonArray *names = royal_json_array (body, "labels");

  if (names == NULL || json_array_get_length (names) == 0)
    {
      refuse (message, 422, "Invalid request. No subschema in \"oneOf\" matched.");
      return;
    }
  json_array_unref (self->labels);
  self->labels = json_array_new ();
  for (guint i = 0; i < json_array_get_length (names); i++)
    json_array_add_object_element (self->labels, github_shape_label (json_array_get_string_element (names, i)));
  answer_array (message, self->labels);
}

static JsonArray *
statuses_of (GithubFake *self, const char *sha)
{
  JsonArray *statuses = g_hash_table_lookup (self->statuses, sha);

  if (statuses == NULL)
    {
      statuses = json_array_new ();
      g_hash_table_insert (self->statuses, g_strdup (sha), statuses);
    }
  return statuses;
}

static void
get_status (GithubFake *self, SoupServerMessage *message, const char *sha)
{
  g_autoptr (JsonObject) answer = github_shape_combined (sha, statuses_of (self, sha));

  answer_object (message, 200, answer);
}

static void
set_status (GithubFake *self, SoupServerMessage *message, const char *sha, JsonObject *body)
{
  g_autoptr (JsonObject) status =
      github_shape_status (royal_json_string (body, "state", ""), royal_json_string (body, "context", "default"));

  copy_all (body, status);
  json_array_add_object_element (statuses_of (self, sha), json_object_ref (status));
  answer_object (message, 201, status);
}

static void
make_release (GithubFake *self, SoupServerMessage *message, JsonObject *body)
{
  if (self->release != NULL)
    {
      refuse (message, 422, "Validation Failed");
      return;
    }
  self->release = github_shape_release (7, royal_json_string (body, "tag_name", ""));
  copy_all (body, self->release);
  answer_object (message, 201, self->release);
}

/* PATH is BEFORE, 40 hexadecimal digits and AFTER: these digits (transfer full) (nullable). */
static char *
sha_in (const char *path, const char *before, const char *after)
{
  gsize at = strlen (before);

  if (!g_str_has_prefix (path, before) || strlen (path) < at + 40 || strcmp (path + at + 40, after) != 0 ||
      strspn (path + at, "0123456789abcdef") < 40)
    return NULL;
  return g_strndup (path + at, 40);
}

/* Of one pull request, with what comes after its number. FALSE: it is not there. */
static gboolean
route_pull (GithubFake *self, SoupServerMessage *message, const char *what, JsonObject *body)
{
  const char *method = soup_server_message_get_method (message);
  const char *place = strstr (what, " /pulls/");
  char *rest = NULL;
  guint number = place != NULL ? (guint)g_ascii_strtoull (place + strlen (" /pulls/"), &rest, 10) : 0;
  JsonObject *pull = find_pull (self, number);

  if (pull == NULL)
    return FALSE;
  if (strcmp (method, "GET") == 0 && *rest == '\0')
    answer_object (message, 200, pull);
  else if (strcmp (method, "PATCH") == 0 && *rest == '\0')
    {
      copy_all (body, pull);
      answer_object (message, 200, pull);
    }
  else if (strcmp (method, "PUT") == 0 && strcmp (rest, "/merge") == 0)
    merge (pull, message, body);
  else
    return FALSE;
  return TRUE;
}

static void
route (GithubFake *self, SoupServerMessage *message, const char *what, GHashTable *query, JsonObject *body)
{
  g_autofree char *asked = sha_in (what, "GET /commits/", "/status");
  g_autofree char *set = sha_in (what, "POST /statuses/", "");

  if (strcmp (what, "GET /pulls") == 0)
    list_pulls (self, message, query);
  else if (strcmp (what, "POST /pulls") == 0)
    open_pull (self, message, body);
  else if (route_pull (self, message, what, body))
    return;
  else if (strcmp (what, "GET /issues/1/labels") == 0)
    answer_array (message, self->labels);
  else if (strcmp (what, "PUT /issues/1/labels") == 0)
    set_labels (self, message, body);
  else if (strcmp (what, "DELETE /issues/1/labels") == 0)
    {
      json_array_unref (self->labels);
      self->labels = json_array_new ();
      soup_server_message_set_status (message, 204, NULL);
    }
  else if (asked != NULL)
    get_status (self, message, asked);
  else if (set != NULL)
    set_status (self, message, set, body);
  else if (strcmp (what, "GET /releases/tags/v1") == 0 && self->release != NULL)
    answer_object (message, 200, self->release);
  else if (strcmp (what, "POST /releases") == 0)
    make_release (self, message, body);
  else if (strcmp (what, "DELETE /releases/7") == 0 && self->release != NULL)
    {
      g_clear_pointer (&self->release, json_object_unref);
      soup_server_message_set_status (message, 204, NULL);
    }
  else
    refuse (message, 404, "Not Found");
}

/* Where it listens, and where it is asked when somebody stands between who judges both. */
static guint
port_of (const char *name)
{
  return (guint)g_ascii_strtoull (g_getenv (name) != NULL ? g_getenv (name) : "0", NULL, 10);
}

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  GithubFake *self = data;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  SoupMessageBody *sent = soup_server_message_get_request_body (message);
  const char *method = soup_server_message_get_method (message);
  const char *authorization = soup_message_headers_get_one (headers, "Authorization");
  g_autoptr (JsonNode) node =
      sent->length > 0 ? royal_json_parse (sent->data, (gssize)sent->length, "body", NULL) : NULL;
  g_autofree char *what = NULL;

  if (port_of ("ROYAL_GITHUB_FAKE_PORT") != 0) /* who stands between keeps no connection to a fake that ends */
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
  if (self->exhausted)
    {
      g_autofree char *reset = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC + 100);

      soup_message_headers_replace (soup_server_message_get_response_headers (message), "X-RateLimit-Remaining", "0");
      soup_message_headers_replace (soup_server_message_get_response_headers (message), "X-RateLimit-Reset", reset);
    }
  self->changes += strcmp (method, "GET") != 0 && !g_str_has_prefix (path, "/app/");
  if (self->fail_status != 0)
    {
      if (self->fail_header != NULL)
        soup_message_headers_replace (soup_server_message_get_response_headers (message), self->fail_header,
                                      self->fail_value);
      soup_message_headers_replace (soup_server_message_get_response_headers (message), "X-RateLimit-Remaining",
                                    g_strcmp0 (self->fail_header, "X-RateLimit-Reset") == 0 ? "0" : "10");
      refuse (message, self->fail_status,
              g_strcmp0 (self->fail_header, "X-Secondary") == 0 ? "You have exceeded a secondary rate limit."
                                                                : "told to fail");
      self->fail_status = 0;
    }
  else if (strcmp (path, "/app/installations/42/access_tokens") == 0 && strcmp (method, "POST") == 0 &&
           g_str_has_prefix (authorization, "Bearer "))
    give_token (self, message, authorization);
  else if (!is_good_token (self, authorization))
    refuse (message, 401, "Bad credentials");
  else if (soup_message_headers_get_one (headers, "User-Agent") == NULL)
    refuse (message, 403, "Request forbidden by administrative rules.");
  else if (!g_str_has_prefix (path, ROOT "/"))
    refuse (message, 404, "Not Found");
  else
    {
      what = g_strdup_printf ("%s %s", method, path + strlen (ROOT));
      route (self, message, what, query, node != NULL ? json_node_get_object (node) : NULL);
      self->unchanged += soup_server_message_get_status (message) == 304;
      self->reads += soup_server_message_get_status (message) == 200 && strcmp (method, "GET") == 0;
    }
}

/* --- For who asks ------------------------------------------------------------------------------------------------- */

/* GET /fake: { pulls, statuses: { sha: [state and words] } }; PUT /fake/merged/N: somebody merges it. */
static void
on_fake (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  GithubFake *self = data;
  JsonObject *pull = find_pull (self, (guint)g_ascii_strtoull (path + strlen (path) - 1, NULL, 10));
  g_autoptr (JsonObject) shown = json_object_new ();
  JsonObject *statuses = json_object_new ();
  JsonArray *pulls = json_array_new ();
  GHashTableIter iter;
  gpointer sha, of;

  if (pull != NULL)
    {
      json_object_set_boolean_member (pull, "merged", TRUE);
      json_object_set_string_member (pull, "state", "closed");
    }
  for (guint i = 0; i < self->pulls->len; i++)
    json_array_add_object_element (pulls, json_object_ref (self->pulls->pdata[i]));
  g_hash_table_iter_init (&iter, self->statuses);
  while (g_hash_table_iter_next (&iter, &sha, &of))
    json_object_set_array_member (statuses, sha, json_array_ref (of));
  json_object_set_array_member (shown, "pulls", pulls);
  json_object_set_object_member (shown, "statuses", statuses);
  answer_object (message, 201, shown); /* nothing that is tagged */
}

GithubFake *
github_fake_new (void)
{
  GithubFake *self = g_new0 (GithubFake, 1);
  GSList *uris;

  self->server = soup_server_new (NULL, NULL);
  self->left_s = 3600;
  self->labels = json_array_new ();
  self->pulls = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
  self->statuses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_array_unref);
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  soup_server_add_handler (self->server, "/fake", on_fake, self, NULL);
  g_assert_true (
      soup_server_listen_local (self->server, port_of ("ROYAL_GITHUB_FAKE_PORT"), SOUP_SERVER_LISTEN_IPV4_ONLY, NULL));
  uris = soup_server_get_uris (self->server);
  self->port = (guint)g_uri_get_port (uris->data);
  g_slist_free_full (uris, (GDestroyNotify)g_uri_unref);
  return self;
}

void
github_fake_free (GithubFake *self)
{
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_clear_pointer (&self->release, json_object_unref);
  g_ptr_array_unref (self->pulls);
  json_array_unref (self->labels);
  g_hash_table_unref (self->statuses);
  g_free (self->fail_header);
  g_free (self->fail_value);
  g_free (self->jwt);
  g_free (self);
}

guint
github_fake_port (GithubFake *self)
{
  guint before = port_of ("ROYAL_GITHUB_PORT");

  return before != 0 ? before : self->port;
}

void
github_fake_exhaust (GithubFake *self, gboolean exhausted)
{
  self->exhausted = exhausted;
}

guint
github_fake_changes (GithubFake *self)
{
  return self->changes;
}

void
github_fake_fail (GithubFake *self, guint status, const char *header, const char *value)
{
  g_free (self->fail_header);
  g_free (self->fail_value);
  self->fail_status = status;
  self->fail_header = g_strdup (header);
  self->fail_value = g_strdup (value);
}

guint
github_fake_reads (GithubFake *self)
{
  return self->reads;
}

guint
github_fake_unchanged (GithubFake *self)
{
  return self->unchanged;
}

guint
github_fake_tokens (GithubFake *self)
{
  return self->tokens;
}

const char *
github_fake_jwt (GithubFake *self)
{
  return self->jwt;
}

void
github_fake_set_left (GithubFake *self, int left_s)
{
  self->left_s = left_s;
}

void
github_fake_withdraw (GithubFake *self)
{
  self->withdrawn = self->tokens;
}
