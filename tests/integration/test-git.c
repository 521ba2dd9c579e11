/* SPDX-License-Identifier: Apache-2.0 */

/* The git connector against git itself: over https with a password, and over ssh. */

#include "connector-conformance.h"
#include "royal-test.h"

#include <glib/gstdio.h>
#include <rh-git-work.h>
#include <rh-git.h>
#include <royal-json.h>
#include <royal-table-builder.h>
#include <royal/error.h>
#include <string.h>

typedef struct {
  char *dir;
  GSubprocess *server;
  RhSecrets *secrets;
  RhGit *git;
  RhConnectorInterface *iface;
  guint port;
  guint ssh_port;
} World;

static guint
free_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();

  return g_socket_listener_add_any_inet_port (listener, NULL, NULL);
}

static char *
shell (World *self, const char *line)
{
  const char *argv[] = { "sh", "-c", line, NULL };
  char *out = NULL;
  int status;

  g_assert_true (
      g_spawn_sync (self->dir, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status, NULL));
  if (!g_spawn_check_wait_status (status, NULL))
    g_error ("%s: status %d, %s", line, status, out);
  return g_strchomp (out);
}

static void
expect (World *self, const char *line, const char *wanted)
{
  g_autofree char *out = shell (self, line);

  g_assert_cmpstr (out, ==, wanted);
}

/* FALSE, and the test skipped, when a server is not installed. */
static gboolean
start_server (World *self)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "git-server.sh", NULL);
  g_autofree char *port = NULL;
  g_autofree char *ssh_port = NULL;
  g_autoptr (GDataInputStream) lines = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;

  self->port = free_port ();
  self->ssh_port = free_port ();
  port = g_strdup_printf ("%u", self->port);
  ssh_port = g_strdup_printf ("%u", self->ssh_port);
  self->server = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, script,
                                   self->dir, port, ssh_port, NULL);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->server));
  line = g_data_input_stream_read_line (lines, NULL, NULL, NULL);
  if (g_strcmp0 (line, "ready") == 0)
    return TRUE;
  g_test_skip (line != NULL ? line : "the server ended");
  return FALSE;
}

static const char repositories[] =
    "{'ca':'%s/ca.pem','repositories':{"
    "'shop':{'url':'https://localhost:%u/shop.git','token':'good','signing_key':'signing','email':'bot@example.com'},"
    "'agent':{'url':'https://localhost:%u/shop.git','token':'good','agent_key':'%s','email':'bot@example.com'},"
    "'bad':{'url':'https://localhost:%u/shop.git','token':'bad'},"
    "'none':{'url':'https://localhost:%u/none.git','token':'good'},"
    "'ssh':{'url':'ssh://127.0.0.1:%u%s/repos/shop.git','ssh_key':'client','user':'%s','host_key':'%s'},"
    "'stranger':{'url':'ssh://127.0.0.1:%u%s/repos/shop.git','ssh_key':'client','user':'%s','host_key':'%s'},"
    "'away':{'url':'https://localhost:1/shop.git','token':'good'}}}";

#define WRONG_KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void
write_config (World *self)
{
  g_autofree char *key =
      shell (self, "mkdir secrets && printf 'good-token\\n' > secrets/good && echo bad-token > secrets/bad && "
                   "cp client signing secrets/ && cat host_key");
  g_autofree char *public = shell (self, "cat signing.pub");
  const char *user = g_get_user_name ();
  g_autofree char *text =
      g_strdup_printf (repositories, self->dir, self->port, self->port, public, self->port, self->port, self->ssh_port,
                       self->dir, user, key, self->ssh_port, self->dir, user, WRONG_KEY);
  g_autofree char *file = g_build_filename (self->dir, "git.json", NULL);
  g_autofree char *folder = g_build_filename (self->dir, "cache", NULL);
  g_autofree char *secrets = g_build_filename (self->dir, "secrets", NULL);
  RhSecretsConfig config = { .folder = secrets };
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (file, g_strdelimit (text, "'", '"'), -1, NULL));
  self->secrets = rh_secrets_new (NULL, &config, RH_NO_WORKSPACE, &error);
  g_assert_no_error (error);
  self->git = rh_git_new (file, folder, self->secrets, &error);
  g_assert_no_error (error);
  self->iface = RH_CONNECTOR_GET_IFACE (self->git);
}

/* NULL: skipped. */
static World *
world_new (void)
{
  World *self = g_new0 (World, 1);

  self->dir = g_dir_make_tmp ("royal-git-XXXXXX", NULL);
  if (start_server (self))
    write_config (self);
  return self;
}

static void
world_free (World *self)
{
  g_autofree char *remove = g_strdup_printf ("rm -rf '%s'", self->dir);

  (void)g_output_stream_close (g_subprocess_get_stdin_pipe (self->server), NULL, NULL);
  g_assert_true (g_subprocess_wait (self->server, NULL, NULL));
  g_object_unref (self->server);
  g_clear_object (&self->git);
  g_clear_object (&self->secrets);
  g_free (shell (self, remove));
  g_free (self->dir);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

/* Assesses and applies, waiting; @before (nullable): in place of what is assessed. */
static JsonNode *
push (World *self, const char *target, const char *parameters, const char *key, JsonNode *before, GError **error)
{
  g_autofree char *text = g_strdelimit (g_strdup (parameters), "'", '"');
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "parameters", NULL);
  RhConnector *connector = RH_CONNECTOR (self->git);
  RhEffect effect = { .action = "git.branch.push",
                      .target = target,
                      .key = key,
                      .parameters = json_node_get_object (node),
                      .before = before };
  g_autoptr (RhAssessment) assessment = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  if (before == NULL)
    {
      g_autoptr (GAsyncResult) assessed = NULL;

      self->iface->assess_async (connector, &effect, NULL, royal_test_result, &result);
      assessed = royal_test_wait (&result);
      assessment = self->iface->assess_finish (connector, assessed, error);
      if (assessment == NULL)
        return NULL;
      effect.before = assessment->before;
      result = NULL;
    }
  self->iface->apply_async (connector, &effect, royal_test_result, &result);
  done = royal_test_wait (&result);
  return self->iface->apply_finish (connector, done, error);
}

#define ONE "{'branch':'sync','message':'one','files':[{'path':'a/b.txt','content':'one\\n'}]}"
#define TWO "{'branch':'sync','message':'two','files':[{'path':'a/c.txt','content':'two\\n'}]}"
#define OUTSIDE "{'branch':'sync','message':'x','files':[{'path':'../x','content':''}]}"

static void
test_conforms (gconstpointer target)
{
  g_autoptr (World) world = world_new ();
  Conformance of = { .action = "git.branch.push",
                     .target = target,
                     .parameters = { ONE, TWO },
                     .invalid = OUTSIDE,
                     .prefix = "c-",
                     .observes = TRUE };

  if (world->git == NULL)
    return;
  of.connector = RH_CONNECTOR (world->git);
  connector_conformance (&of);
  expect (world, "git -C repos/shop.git branch --format '%(refname:short)'", "main");
}

static void
test_commits (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) one = NULL;
  g_autoptr (JsonNode) same = NULL;
  g_autoptr (JsonNode) two = NULL;

  if (world->git == NULL)
    return;
  one = push (world, "shop", ONE, "k1", NULL, &error);
  g_assert_no_error (error);
  expect (world, "git -C repos/shop.git show sync:a/b.txt", "one");
  expect (world, "git -C repos/shop.git log -1 --format='%an <%ae> %s %(trailers:key=Royal-Key)' sync",
          "Royal <bot@example.com> one Royal-Key: k1");
  expect (world,
          "{ printf 'bot@example.com '; cat signing.pub; } > allowed; "
          "git -C repos/shop.git -c gpg.ssh.allowedSignersFile=$PWD/allowed verify-commit sync 2>&1 | cut -d' ' -f1-5",
          "Good \"git\" signature for bot@example.com");
  /* It goes where the operator says, whatever a configuration puts in its place. */
  g_free (shell (world, "for d in cache/*; do git --git-dir=$d config url.https://localhost:1/.insteadOf "
                        "https://localhost:; done"));
  /* What changes nothing is no commit. */
  same = push (world, "shop", ONE, "k2", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (json_node_get_object (same), "commit", ""), ==,
                   royal_json_string (json_node_get_object (one), "commit", "?"));
  two = push (world, "shop",
              "{'branch':'sync','message':'m','files':[{'path':'a/b.txt','delete':true},{'path':'z','content':'z'}]}",
              "k3", NULL, &error);
  g_assert_no_error (error);
  expect (world, "git -C repos/shop.git ls-tree -r --name-only sync", "z");
  expect (world, "git -C repos/shop.git rev-list --count sync", "3");
}

static void
test_refuses (void)
{
  static const struct {
    const char *target;
    const char *parameters;
    RoyalError code;
    const char *part;
  } table[] = {
    { "bad", ONE, ROYAL_ERROR_DENIED, "bad: the server does not accept the credential" },
    { "none", ONE, ROYAL_ERROR_NOT_FOUND, "none: there is no such repository" },
    { "stranger", ONE, ROYAL_ERROR_DENIED, "stranger: the server is not who it should be: another host key" },
    { "away", ONE, ROYAL_ERROR_UNAVAILABLE, "away: " },
    { "shop", "{'branch':'closed','message':'m','files':[{'path':'a','content':'a'}]}", ROYAL_ERROR_FAILED,
      "no branch may be called closed" },
  };
  g_autoptr (World) world = world_new ();
  g_autoptr (JsonNode) before = NULL;
  g_autoptr (JsonNode) late = NULL;
  g_autoptr (GError) moved = NULL;

  if (world->git == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) receipt = push (world, table[i].target, table[i].parameters, "k", NULL, &error);

      g_assert_null (receipt);
      g_test_message ("%s", error->message);
      g_assert_error (error, ROYAL_ERROR, (gint)table[i].code);
      g_assert_nonnull (strstr (error->message, table[i].part));
      g_assert_null (strstr (error->message, "token"));
    }
  before =
      royal_json_parse ("{\"head\":\"1111111111111111111111111111111111111111\",\"base\":null}", -1, "before", NULL);
  late = push (world, "shop", ONE, "late", before, &moved);
  g_assert_error (moved, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  expect (world, "git -C repos/shop.git branch --format '%(refname:short)'", "main");
  /* Nothing of a secret is in what is left behind. */
  expect (world, "! grep -rlE 'good-token|bad-token|PRIVATE KEY' cache", "");
}

/* The branch moved after it was looked at: the conversation that pushes finds out. */
static void
test_leases (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *url = g_strdup_printf ("file://%s/repos/shop.git", world->dir);
  g_autofree char *folder = g_build_filename (world->dir, "other", NULL);
  RhGitPlace place = { .name = (char *)"here", .url = url, .author = (char *)"a", .email = (char *)"a@a" };
  RhGitAccess access = { .place = &place, .folder = folder };
  g_autoptr (JsonNode) one = royal_json_parse (
      "{\"branch\":\"main\",\"message\":\"m\",\"files\":[{\"path\":\"a\",\"content\":\"a\"}]}", -1, "one", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhGitView) view = NULL;
  g_autofree char *pushed = NULL;
  g_autofree char *moved = NULL;
  g_autofree char *after = NULL;

  if (world->git == NULL)
    return;
  view = rh_git_look (&access, "main", NULL, &error);
  g_assert_no_error (error);
  moved = shell (world, "git -C seed -c user.name=x -c user.email=x@x commit -q --allow-empty -m second && "
                        "git -C seed push -q ../repos/shop.git main && git -C seed rev-parse main");
  pushed = rh_git_push (&access, view, json_node_get_object (one), "k", &error);
  g_assert_null (pushed);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  after = shell (world, "git -C repos/shop.git rev-parse main");
  g_assert_cmpstr (after, ==, moved);
}

/* The agent has the key, and the host has not. */
static void
test_agent (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) one = NULL;
  g_autoptr (JsonNode) two = NULL;
  g_autofree char *socket = NULL;

  if (world->git == NULL)
    return;
  socket = g_build_filename (world->dir, "agent", NULL);
  g_free (shell (world,
                 "ssh-agent -a \"$PWD/agent\" > env && SSH_AUTH_SOCK=agent ssh-add -q signing && rm secrets/signing"));
  g_setenv ("SSH_AUTH_SOCK", socket, TRUE);
  one = push (world, "agent", ONE, "k1", NULL, &error);
  g_assert_no_error (error);
  expect (world,
          "{ printf 'bot@example.com '; cat signing.pub; } > allowed; "
          "git -C repos/shop.git -c gpg.ssh.allowedSignersFile=$PWD/allowed verify-commit sync 2>&1 | cut -d' ' -f1-5",
          "Good \"git\" signature for bot@example.com");
  /* Without it nothing is pushed that is not signed. */
  g_free (shell (world, ". ./env > env.log && kill $SSH_AGENT_PID; git -C repos/shop.git branch -D sync; rm -f agent"));
  two = push (world, "agent", ONE, "k2", NULL, &error);
  g_assert_null (two);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "/agent_key: the agent at "));
  expect (world, "git -C repos/shop.git branch --list sync", "");
  g_unsetenv ("SSH_AUTH_SOCK");
}

/* Asks git.branch or git.files and waits. */
static GAsyncResult *
ask (World *self, const char *resource, const char *parameters)
{
  g_autofree char *text = g_strdelimit (g_strdup (parameters), "'", '"');
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "parameters", NULL);
  GAsyncResult *result = NULL;

  (g_str_equal (resource, "git.files") ? self->iface->read_async : self->iface->get_async) (
      RH_CONNECTOR (self->git), 0, resource, json_node_get_object (node), NULL, royal_test_result, &result);
  g_clear_pointer (&node, json_node_unref); /* what is asked for is kept */
  return royal_test_wait (&result);
}

static RoyalTable *
files_of (World *self, const char *parameters, GError **error)
{
  g_autoptr (GAsyncResult) done = ask (self, "git.files", parameters);
  int fd = self->iface->read_finish (RH_CONNECTOR (self->git), done, error);
  RoyalTable *table = fd >= 0 ? royal_table_open (fd, error) : NULL;

  if (fd >= 0)
    (void)g_close (fd, NULL);
  return table;
}

static JsonNode *
get_finish (World *self, GAsyncResult *done, GError **error)
{
  return self->iface->get_finish (RH_CONNECTOR (self->git), done, error);
}

static char *
cell (const RoyalTable *table, guint column, guint row)
{
  gsize length = 0;
  const char *text = royal_table_string (table, column, row, &length);

  return text != NULL ? g_strndup (text, length) : NULL;
}

static void
test_reads (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) one = NULL;
  g_autoptr (JsonNode) branch = NULL;
  g_autoptr (JsonNode) whole = NULL;
  g_autoptr (GAsyncResult) asked = NULL;
  g_autoptr (GAsyncResult) again = NULL;
  g_autoptr (RoyalTable) table = NULL;
  g_autoptr (RoyalTable) none = NULL;
  g_autofree char *path = NULL;
  g_autofree char *content = NULL;
  g_autofree char *binary = NULL;
  g_autofree char *parameters = NULL;
  g_autofree char *outside = NULL;
  g_autofree char *encoded = NULL;
  g_autofree char *text = NULL;
  g_autofree char *base64 = NULL;
  g_autoptr (RoyalTable) with_binary = NULL;
  const char *head;

  if (world->git == NULL)
    return;
  one = push (world, "shop", ONE, "k1", NULL, &error);
  g_assert_no_error (error);
  g_free (shell (world, "git clone -q -b sync repos/shop.git work && cd work && printf 'a\\000b' > a/bin && "
                        "ln -s b.txt a/link && git add . && git -c user.name=x -c user.email=x@y commit -qm bin && "
                        "git push -q origin sync"));
  asked = ask (world, "git.branch", "{'repository':'shop','branch':'sync'}");
  branch = get_finish (world, asked, &error);
  g_assert_no_error (error);
  head = royal_json_string (json_node_get_object (branch), "head", "");
  g_assert_cmpstr (royal_json_string (json_node_get_object (branch), "default_branch", ""), ==, "main");
  again = ask (world, "git.branch", "{'repository':'shop'}");
  whole = get_finish (world, again, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (json_node_get_object (whole), "branch", ""), ==, "main");
  g_assert_cmpstr (royal_json_string (json_node_get_object (whole), "head", head), !=, head);

  parameters = g_strdup_printf ("{'repository':'shop','commit':'%s','under':'a'}", head);
  table = files_of (world, parameters, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (royal_table_n_rows (table), ==, 2); /* a link is no file */
  path = cell (table, 0, 0);
  content = cell (table, 2, 0);
  binary = cell (table, 2, 1);
  g_assert_cmpstr (path, ==, "a/b.txt");
  g_assert_cmpstr (content, ==, "one\n");
  g_assert_null (binary);
  g_assert_cmpuint (royal_table_n_columns (table), ==, 3);
  encoded = g_strdup_printf ("{'repository':'shop','commit':'%s','under':'a','encoding':'base64'}", head);
  with_binary = files_of (world, encoded, &error);
  g_assert_no_error (error);
  text = cell (with_binary, 3, 0);
  base64 = cell (with_binary, 3, 1);
  g_assert_null (text); /* it has a content */
  g_assert_cmpstr (base64, ==, "YQBi");
  outside = g_strdup_printf ("{'repository':'shop','commit':'%s','under':'nowhere'}", head);
  none = files_of (world, outside, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (royal_table_n_rows (none), ==, 0);
}

static void
test_reads_refuse (void)
{
  static const struct {
    const char *parameters;
    RoyalError code;
    const char *part;
  } table[] = {
    { "{'repository':'shop','commit':'1111111111111111111111111111111111111111'}", ROYAL_ERROR_NOT_FOUND,
      "shop: no branch has the commit 1111111111111111111111111111111111111111" },
    { "{'repository':'shop','commit':'main'}", ROYAL_ERROR_INVALID, "/commit: expected 40 hexadecimal digits" },
    { "{'repository':'other','commit':'main'}", ROYAL_ERROR_INVALID, "connectors/git.json, found other" },
    { "{'commit':'main'}", ROYAL_ERROR_INVALID, "git.files: /repository: expected a repository" },
    { "{'repository':'shop','branch':'main'}", ROYAL_ERROR_INVALID, "git.files: /branch: expected texts, of" },
    { "{'repository':'shop','commit':7}", ROYAL_ERROR_INVALID, "git.files: /commit: expected texts, of" },
    { "{'repository':'shop','commit':'main','encoding':'hex'}", ROYAL_ERROR_INVALID,
      "git.files: /encoding: expected base64" },
    { "{'repository':'bad','commit':'1111111111111111111111111111111111111111'}", ROYAL_ERROR_DENIED, "credential" },
  };
  g_autoptr (World) world = world_new ();

  if (world->git == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (files_of (world, table[i].parameters, &error));
      g_assert_error (error, ROYAL_ERROR, (gint)table[i].code);
      g_assert_nonnull (strstr (error->message, table[i].part));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/git/conforms/https", "shop", test_conforms);
  g_test_add_data_func ("/git/conforms/ssh", "ssh", test_conforms);
  g_test_add_func ("/git/commits", test_commits);
  g_test_add_func ("/git/reads", test_reads);
  g_test_add_func ("/git/reads/refuse", test_reads_refuse);
  g_test_add_func ("/git/agent", test_agent);
  g_test_add_func ("/git/refuses", test_refuses);
  g_test_add_func ("/git/leases", test_leases);
  return g_test_run ();
}
