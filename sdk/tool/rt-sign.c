/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-commands.h"

#include "royal-elf.h"
#include "royal-json.h"
#include "royal-seal.h"

#include <royal/error.h>
#include <stdio.h>

static void
print_key (const char *public_key)
{
  char id[ROYAL_SEAL_ID_SIZE];

  royal_seal_key_id (public_key, id);
  printf ("key %s\npublic %s\n", id, public_key);
}

int
rt_keygen (int argc, char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_autoptr (GError) error = NULL;
  int status;

  if (!rt_options (
          &argc, &argv, entries, "FILE",
          "Makes a key that signs plugins (Ed25519): FILE, which its owner alone may read, and FILE.pub, which is "
          "for those\nwho trust it. Neither is written over.",
          NULL, 1, 1, &status))
    return status;

  g_autofree char *public_key = royal_seal_make_key (argv[1], &error);
  if (public_key == NULL)
    return rt_fail (g_steal_pointer (&error));
  print_key (public_key);
  return RT_OK;
}

int
rt_sign (int argc, char **argv)
{
  g_autofree char *key = NULL;
  g_autoptr (GError) error = NULL;
  int status;
  const GOptionEntry entries[] = {
    { "key", 'k', 0, G_OPTION_ARG_FILENAME, &key, "The key of royal-agent keygen", "FILE" },
    { NULL },
  };

  if (!rt_options (&argc, &argv, entries, "--key FILE PLUGIN",
                   "Signs a plugin's manifest and module. The signature is PLUGIN.sig; an older one is replaced.", NULL,
                   1, 1, &status))
    return status;
  if (key == NULL)
    {
      g_printerr ("%s: expected --key FILE\nTry `%s --help`.\n", g_get_prgname (), g_get_prgname ());
      return RT_USAGE;
    }

  g_autofree char *path = g_strconcat (argv[1], ROYAL_SEAL_SUFFIX, NULL);
  g_autoptr (GBytes) bytes = royal_elf_read (argv[1], &error);
  g_autoptr (JsonNode) seal = bytes != NULL ? royal_seal_sign (bytes, argv[1], key, &error) : NULL;
  if (seal == NULL)
    return rt_fail (g_steal_pointer (&error));
  g_autofree char *text = royal_json_to_string (seal);
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  if (!g_file_set_contents (path, line, -1, &error))
    return rt_fail (g_steal_pointer (&error));
  printf ("%s\n", path);
  print_key (royal_json_string (json_node_get_object (seal), "public_key", ""));
  return RT_OK;
}
