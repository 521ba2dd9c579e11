/* SPDX-License-Identifier: Apache-2.0 */
#include "http-host.h"

#include "bench.h"
#include "rh-auth.h"
#include "royal-test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>

/* (transfer full) */
static char *
make_token (const char *owner, const char *role)
{
  g_autofree char *token = rh_token_make ();
  g_autofree char *hash = rh_token_hash (token);
  g_autofree char *sql = g_strdup_printf (
      "select workspace_open ('default', true);"
      "select set_config ('royal.workspace', (select workspace_id::text from workspaces where name = 'default'), true),"
      " token_create ('bench-%s', '%s', '%s', 86400, 'bench')",
      role, role, hash);

  royal_test_sql (owner, sql);
  return g_steal_pointer (&token);
}

static guint
free_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();

  return g_socket_listener_add_any_inet_port (listener, NULL, NULL);
}

/* (transfer full): a folder with the agent's manifest. */
static char *
make_manifests (const char *more)
{
  g_autofree char *manifest =
      g_strdup_printf ("{\"agent\":\"bench\",\"module\":\"bench-agent.so\",\"limits\":{\"workers\":1}%s%s}",
                       more != NULL ? "," : "", more != NULL ? more : "");
  g_autofree char *folder = g_build_filename (royal_test_dir (), "manifests", NULL);
  g_autofree char *path = g_build_filename (folder, "bench.json", NULL);

  if (g_mkdir (folder, 0700) != 0 || !g_file_set_contents (path, manifest, -1, NULL))
    g_error ("%s cannot be written", path);
  return g_steal_pointer (&folder);
}

static void
start (HttpHost *self, const char *manifest)
{
  g_autofree char *plugins_path = bench_build_path ("tests/bench");
  g_autofree char *plugins = g_strconcat ("plugins=", plugins_path, NULL);
  g_autofree char *folder = make_manifests (manifest);
  g_autofree char *manifests = g_strconcat ("manifests=", folder, NULL);
  g_autofree char *url = g_strconcat ("database-url=", self->owner, NULL);
  g_autofree char *listen = g_strdup_printf ("listen=127.0.0.1:%u", self->port);
  g_autofree char *secrets_path = g_build_filename (royal_test_dir (), "secrets", NULL);
  g_autofree char *secrets = g_strconcat ("secrets-dir=", secrets_path, NULL);
  gboolean has_secrets = g_file_test (secrets_path, G_FILE_TEST_IS_DIR);
  const char *options[] = { plugins, manifests, "policy=" ROYAL_SRCDIR "/manifests/policy.json",
                            url,     listen,    has_secrets ? secrets : NULL,
                            NULL };

  self->host = bench_host_start ("host", options);
  bench_host_wait_ready (self->host);
}

HttpHost *
http_host_start (const char *manifest)
{
  HttpHost *self = g_new0 (HttpHost, 1);

  self->owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  self->port = free_port ();
  royal_test_migrate ();
  self->viewer = make_token (self->owner, "viewer");
  self->operator= make_token (self->owner, "operator");
  start (self, manifest);
  return self;
}

void
http_host_stop (HttpHost *self)
{
  bench_host_stop (self->host);
  g_free (self->owner);
  g_free (self->viewer);
  g_free (self->operator);
  g_free (self);
}

void
http_host_end_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}
