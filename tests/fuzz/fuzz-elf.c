/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's file, read without loading it: every section and symbol that is handed out lies within the file. */
#include "fuzz.h"
#include "royal-elf.h"

#include <royal/version.h>
#include <string.h>

static void
touch_names (const char *const *names)
{
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_assert_cmpuint (strlen (names[i]), <=, 1024);
      g_assert_true (i == 0 || strcmp (names[i - 1], names[i]) <= 0);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, length);
  g_autoptr (RoyalElf) elf = royal_elf_new (bytes, "input", NULL);
  gsize size = 0;

  if (elf == NULL)
    return 0;
  const char *manifest = royal_elf_section (elf, ROYAL_MANIFEST_SECTION, &size);
  if (manifest != NULL)
    {
      g_assert_true ((const guint8 *)manifest >= data && size <= length);
      g_assert_true ((const guint8 *)manifest + size <= data + length);
    }
  touch_names (royal_elf_imports (elf));
  touch_names (royal_elf_exports (elf));
  return 0;
}
