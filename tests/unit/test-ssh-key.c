/* SPDX-License-Identifier: Apache-2.0 */

/* Signatures that ssh-keygen itself judges, with keys that it made. */

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <rh-ssh-agent.h>
#include <rh-ssh-key.h>
#include <royal/error.h>
#include <string.h>

/* Runs a shell line in @dir; @ret_text (transfer full) (optional): what it wrote. */
static gboolean
run (const char *dir, const char *line)
{
  const char *argv[] = { "sh", "-c", line, NULL };
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (dir, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  return g_spawn_check_wait_status (status, NULL);
}

static char *
read_file (const char *dir, const char *name, gsize *ret_length)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, ret_length, NULL));
  return text;
}

#define CHECK "ssh-keygen -Y verify -n %s -f allowed -I bot -s data.sig < data > /dev/null 2>&1"

static void
test_signs (void)
{
  static const char data[] = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nchange\n";
  g_autofree char *dir = g_dir_make_tmp ("royal-ssh-XXXXXX", NULL);
  g_autofree char *remove = g_strdup_printf ("rm -rf '%s'", dir);
  g_autofree char *good = g_strdup_printf (CHECK, "git");
  g_autofree char *other = g_strdup_printf (CHECK, "file");
  g_autofree char *path = g_build_filename (dir, "data", NULL);
  g_autofree char *file = g_build_filename (dir, "data.sig", NULL);
  g_autoptr (RhSshKey) key = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *signature = NULL;
  gsize length;

  if (!run (dir, "ssh-keygen -q -t ed25519 -N '' -C '' -f key && { printf 'bot '; cat key.pub; } > allowed"))
    {
      g_test_skip ("there is no ssh-keygen");
      run (NULL, remove);
      return;
    }
  text = read_file (dir, "key", &length);
  key = rh_ssh_key_new (text, length, &error);
  g_assert_no_error (error);
  signature = rh_ssh_key_sign (key, "git", data, strlen (data));
  g_assert_true (g_file_set_contents (file, signature, -1, NULL));
  g_assert_true (g_file_set_contents (path, data, -1, NULL));
  g_assert_true (run (dir, good));
  g_assert_false (run (dir, other));
  g_assert_true (g_file_set_contents (path, "altered", -1, NULL));
  g_assert_false (run (dir, good));
  run (NULL, remove);
}

static void
test_refuses (void)
{
  static const struct {
    const char *make;
    const char *wanted;
  } table[] = {
    { "ssh-keygen -q -t ed25519 -N secret -f key", "expected a key without a passphrase" },
    { "ssh-keygen -q -t ecdsa -N '' -f key", "expected a key of the type ssh-ed25519" },
    { "echo nothing > key", "expected a private key of OpenSSH" },
    { "ssh-keygen -q -t ed25519 -N '' -f k && { head -1 k; echo b3BlbnNzaC1rZXktdjEA; tail -1 k; } > key",
      "expected a whole private key of OpenSSH" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *dir = g_dir_make_tmp ("royal-ssh-XXXXXX", NULL);
      g_autofree char *remove = g_strdup_printf ("rm -rf '%s'", dir);
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;
      gsize length;

      if (run (dir, table[i].make))
        {
          text = read_file (dir, "key", &length);
          g_assert_null (rh_ssh_key_new (text, length, &error));
          g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
          g_assert_cmpstr (error->message, ==, table[i].wanted);
        }
      else
        g_test_skip ("there is no ssh-keygen");
      run (NULL, remove);
    }
}

/* --- An agent ----------------------------------------------------------------------------------------------------- */

#define AGENT_CHECK "ssh-keygen -Y verify -n git -f allowed -I bot -s data.sig < data > /dev/null 2>&1"

/* Keys of every kind, in OpenSSH's own agent, are judged by ssh-keygen. */
static void
test_agent (void)
{
  static const char *const types[] = { "ed25519", "ecdsa", "rsa" };
  static const char data[] = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nchange\n";

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *dir = g_dir_make_tmp ("royal-agent-XXXXXX", NULL);
      g_autofree char *socket = g_build_filename (dir, "agent", NULL);
      g_autofree char *path = g_build_filename (dir, "data", NULL);
      g_autofree char *file = g_build_filename (dir, "data.sig", NULL);
      g_autofree char *remove = g_strdup_printf ("rm -rf '%s'", dir);
      g_autofree char *make = g_strdup_printf (
          "ssh-keygen -q -t %s -N '' -C '' -f key && ssh-keygen -q -t %s -N '' -f other && { printf 'bot "
          "'; cat key.pub; } > allowed && ssh-agent -a \"$PWD/agent\" > env && SSH_AUTH_SOCK=agent ssh-add -q key",
          types[i], types[i]);
      g_autoptr (GError) error = NULL;
      g_autofree char *key = NULL;
      g_autofree char *other = NULL;
      g_autofree char *signature = NULL;
      gsize length;

      if (!run (dir, make))
        {
          g_test_skip ("there is no ssh-agent");
          run (NULL, remove);
          return;
        }
      key = read_file (dir, "key.pub", &length);
      other = read_file (dir, "other.pub", &length);
      signature = rh_ssh_agent_sign (socket, key, "git", data, strlen (data), &error);
      g_assert_no_error (error);
      g_assert_true (g_file_set_contents (file, signature, -1, NULL));
      g_assert_true (g_file_set_contents (path, data, -1, NULL));
      g_assert_true (run (dir, AGENT_CHECK));
      g_assert_true (g_file_set_contents (path, "altered", -1, NULL));
      g_assert_false (run (dir, AGENT_CHECK));
      g_assert_null (rh_ssh_agent_sign (socket, other, "git", data, strlen (data), &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED);
      g_clear_error (&error);
      g_assert_true (run (dir, ". ./env > /dev/null && kill $SSH_AGENT_PID"));
      run (dir, "for i in $(seq 100); do [ -S agent ] || break; sleep 0.05; done");
      g_assert_null (rh_ssh_agent_sign (socket, key, "git", data, strlen (data), &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE);
      run (NULL, remove);
    }
}

static void
test_agent_refuses (void)
{
  static const char *const keys[] = { "", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 AAAAB3NzaC1yc2EAAAA=" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (rh_ssh_agent_sign ("nowhere", keys[i], "git", "x", 1, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ssh-key/agent", test_agent);
  g_test_add_func ("/ssh-key/agent-refuses", test_agent_refuses);
  g_test_add_func ("/ssh-key/signs", test_signs);
  g_test_add_func ("/ssh-key/refuses", test_refuses);
  return g_test_run ();
}
